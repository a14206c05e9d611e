//! Rows of computers, of what they ran and have, and of patch licences.
//!
//! Computers, tasks and packages go by numbers here: millions of rows of history name them.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::inventory;
use crate::server::store::items::guid_of;
use crate::server::store::items::whole;
use crate::server::store::meta;

/// Counts every change of anything here.
pub const REVISION: &str = "fleet_revision";
/// Counts the changes of computers and inventory, but for when a computer was last seen.
pub const INVENTORY: &str = "fleet_inventory";
/// Counts the changes of when computers were last seen.
pub const SEEN: &str = "fleet_seen";
/// Counts the changes of who there is: the numbers of computers in a stream are good as long as it stands.
pub const MARK: &str = "fleet_mark";
/// The zone of the server.
pub const ZONE: &str = "zone";

/// Counts a change on.
///
/// # Errors
/// When SQLite refuses.
pub fn bump(sql: &Connection, counter: &str) -> Result<(), StoreError> {
    meta::set(sql, counter, &(meta::number(sql, counter)? + 1).to_string())
}

/// A computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputerRow {
    /// Its number in this database.
    pub id: i64,
    /// Its GUID.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// Its zone.
    pub zone: String,
    /// When it was last seen.
    pub last_seen: Option<String>,
    /// Whether it is retired.
    pub retired: bool,
    /// Its roles, as a JSON list of texts.
    pub roles: String,
}

const COMPUTER: &str = "SELECT id, guid, name, domain, zone, last_seen, retired, roles FROM computers";

fn computer_of(row: &Row<'_>) -> Result<ComputerRow, StoreError> {
    Ok(ComputerRow {
        id: row.get(0)?,
        guid: guid_of(row.get_ref(1)?.as_str().map_err(super::items::from_sql)?)?,
        name: row.get(2)?,
        domain: row.get(3)?,
        zone: row.get(4)?,
        last_seen: row.get(5)?,
        retired: row.get(6)?,
        roles: row.get(7)?,
    })
}

/// Calls `each` with every computer, by GUID.
///
/// # Errors
/// When SQLite refuses.
pub fn each_computer(sql: &Connection, mut each: impl FnMut(ComputerRow)) -> Result<(), StoreError> {
    let mut query = sql.prepare_cached(&format!("{COMPUTER} ORDER BY guid"))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        each(computer_of(row)?);
    }
    Ok(())
}

/// The computer with this GUID.
///
/// # Errors
/// When SQLite refuses.
pub fn computer(sql: &Connection, guid: Guid) -> Result<Option<ComputerRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{COMPUTER} WHERE guid = ?1"))?;
    let mut rows = query.query([guid.to_string()])?;
    rows.next()?.map(computer_of).transpose()
}

/// Makes a computer what the row says, found by its GUID; gives its number. `id` of the row is not looked at.
///
/// # Errors
/// When SQLite refuses.
pub fn put_computer(sql: &Connection, row: &ComputerRow, there: Option<i64>) -> Result<i64, StoreError> {
    let ComputerRow { id: _, guid, name, domain, zone, last_seen, retired, roles } = row;
    if let Some(id) = there {
        sql.prepare_cached(
            "UPDATE computers SET name = ?2, domain = ?3, zone = ?4, last_seen = ?5, retired = ?6, roles = ?7 WHERE id = ?1",
        )?
        .execute(params![id, name, domain, zone, last_seen, retired, roles])?;
        return Ok(id);
    }
    sql.prepare_cached(
        "INSERT INTO computers (guid, name, domain, zone, last_seen, retired, roles) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![guid.to_string(), name, domain, zone, last_seen, retired, roles])?;
    Ok(sql.last_insert_rowid())
}

/// Notes when a computer was last seen.
///
/// # Errors
/// When SQLite refuses.
pub fn seen(sql: &Connection, computer: i64, at: &str) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE computers SET last_seen = ?2 WHERE id = ?1")?.execute(params![computer, at])?;
    Ok(())
}

/// Notes that a computer restarted.
///
/// # Errors
/// When SQLite refuses.
pub fn restarted(sql: &Connection, computer: i64) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE computers SET restarts = restarts + 1 WHERE id = ?1")?.execute([computer])?;
    Ok(())
}

/// Who restarted and how often: pairs of both, of those who did.
///
/// # Errors
/// When SQLite refuses.
pub fn restarts(sql: &Connection) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut query = sql.prepare_cached("SELECT id, restarts FROM computers WHERE restarts > 0")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| {
        let (computer, times) = row?;
        Ok((computer, u64::try_from(times).map_err(|_| StoreError::Corrupt { what: "number" })?))
    })
    .collect()
}

/// Removes a computer and what is known of it. Its log of executions and events stays, and so does a licence that it
/// holds, until licences are refreshed (LIC-4).
///
/// # Errors
/// When SQLite refuses.
pub fn delete_computer(sql: &Connection, computer: i64) -> Result<(), StoreError> {
    for table in inventory::tables(sql)?.values() {
        inventory::forget(sql, table, computer)?;
    }
    for text in [
        "DELETE FROM told WHERE computer = ?1",
        "DELETE FROM cached WHERE computer = ?1",
        "DELETE FROM plugins WHERE computer = ?1",
        "DELETE FROM latest WHERE computer = ?1",
        "DELETE FROM computers WHERE id = ?1",
    ] {
        sql.prepare_cached(text)?.execute([computer])?;
    }
    Ok(())
}

/// Every computer's GUID and number.
///
/// # Errors
/// When SQLite refuses.
pub fn computer_ids(sql: &Connection) -> Result<Vec<(Guid, i64)>, StoreError> {
    ids(sql, "SELECT guid, id FROM computers")
}

/// Every task's and package's GUID and number.
///
/// # Errors
/// When SQLite refuses.
pub fn subject_ids(sql: &Connection) -> Result<Vec<(Guid, i64)>, StoreError> {
    ids(sql, "SELECT guid, id FROM subjects")
}

fn ids(sql: &Connection, text: &str) -> Result<Vec<(Guid, i64)>, StoreError> {
    let mut query = sql.prepare_cached(text)?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((guid_of(row.get_ref(0)?.as_str().map_err(super::items::from_sql)?)?, row.get(1)?));
    }
    Ok(found)
}

/// The number of a task or package, which it gets here where it has none.
///
/// # Errors
/// When SQLite refuses.
pub fn subject(sql: &Connection, guid: Guid) -> Result<i64, StoreError> {
    let text = guid.to_string();
    let found: Option<i64> = sql
        .prepare_cached("SELECT id FROM subjects WHERE guid = ?1")?
        .query_row([&text], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    sql.prepare_cached("INSERT INTO subjects (guid) VALUES (?1)")?.execute([&text])?;
    Ok(sql.last_insert_rowid())
}

/// What a run of a task was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionRow {
    /// Whether it is progress of a sequential task (PUR-2).
    pub sequence: bool,
    /// The computer's number.
    pub computer: i64,
    /// The task's number.
    pub task: i64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The step, 0 the first; `None`: the task as a whole.
    pub step: Option<i64>,
    /// What it returned.
    pub code: Option<i64>,
    /// Whether that is a success; `None`: it was never heard.
    pub success: Option<bool>,
}

/// Adds an execution.
///
/// # Errors
/// When SQLite refuses.
pub fn add_execution(sql: &Connection, row: &ExecutionRow) -> Result<(), StoreError> {
    let ExecutionRow { sequence, computer, task, at_ms, step, code, success } = row;
    sql.prepare_cached(
        "INSERT INTO executions (class, computer, task, at_ms, step, code, success) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![i64::from(*sequence), computer, task, at_ms, step, code, success])?;
    Ok(())
}

/// Notes how a task as a whole went on a computer, unless something later is noted.
///
/// # Errors
/// When SQLite refuses.
pub fn note_result(
    sql: &Connection,
    task: i64,
    computer: i64,
    at_ms: i64,
    success: Option<bool>,
) -> Result<(), StoreError> {
    sql.prepare_cached(
        "INSERT INTO latest (task, computer, at_ms, success) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (task, computer) DO UPDATE SET at_ms = ?3, success = ?4 WHERE at_ms <= ?3",
    )?
    .execute(params![task, computer, at_ms, success])?;
    Ok(())
}

/// Notes that a task is on its way on a computer of which nothing else is known.
///
/// # Errors
/// When SQLite refuses.
pub fn note_start(sql: &Connection, task: i64, computer: i64, at_ms: i64) -> Result<(), StoreError> {
    sql.prepare_cached("INSERT OR IGNORE INTO latest (task, computer, at_ms, success) VALUES (?1, ?2, ?3, NULL)")?
        .execute(params![task, computer, at_ms])?;
    Ok(())
}

/// Notes that the one program of a task ended, so that the result that follows is known to be of that execution.
///
/// # Errors
/// When SQLite refuses.
pub fn note_end(sql: &Connection, task: i64, computer: i64, at_ms: i64) -> Result<(), StoreError> {
    note_start(sql, task, computer, at_ms)?;
    sql.prepare_cached("UPDATE latest SET ended_ms = ?3 WHERE task = ?1 AND computer = ?2")?
        .execute(params![task, computer, at_ms])?;
    Ok(())
}

/// When the one program of a task last ended on a computer.
///
/// # Errors
/// When SQLite refuses.
pub fn last_end(sql: &Connection, task: i64, computer: i64) -> Result<Option<i64>, StoreError> {
    let found: Option<Option<i64>> = sql
        .prepare_cached("SELECT ended_ms FROM latest WHERE task = ?1 AND computer = ?2")?
        .query_row([task, computer], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// What is known of a task on a computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The task's number.
    pub task: i64,
    /// The computer's number.
    pub computer: i64,
    /// When the last report of it was.
    pub at_ms: Option<i64>,
    /// Whether the last run was a success; `None`: it did not say.
    pub success: Option<bool>,
}

/// Calls `each` with what is known of every task on every computer; first what was only told, then what was reported.
///
/// # Errors
/// When SQLite refuses.
pub fn each_known(sql: &Connection, mut each: impl FnMut(Known)) -> Result<(), StoreError> {
    let mut query =
        sql.prepare_cached("SELECT subject, computer, NULL, NULL FROM told WHERE kind <> 'Package' ORDER BY subject")?;
    let mut reported = sql.prepare_cached("SELECT task, computer, at_ms, success FROM latest")?;
    for query in [&mut query, &mut reported] {
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            each(Known { task: row.get(0)?, computer: row.get(1)?, at_ms: row.get(2)?, success: row.get(3)? });
        }
    }
    Ok(())
}

/// Adds a status event (DLV-3); `of_package`: whether it is of the package class (PUR-2).
///
/// # Errors
/// When SQLite refuses.
pub fn add_event(
    sql: &Connection,
    computer: i64,
    kind: &str,
    of_package: bool,
    task: Option<i64>,
    package: Option<i64>,
    at_ms: i64,
) -> Result<(), StoreError> {
    sql.prepare_cached(
        "INSERT INTO events (class, computer, kind, task, package, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![if of_package { 2 } else { 3 }, computer, kind, task, package, at_ms])?;
    Ok(())
}

/// A class of rows that is purged by itself (PUR-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Executions.
    Executions,
    /// Progress of sequential tasks.
    Sequences,
    /// Package events.
    Packages,
    /// Status events; what is named stays.
    Status {
        /// The kind of event that stays.
        but: &'static str,
    },
}

/// Removes rows of a class that are not younger than a moment; then, of the rest, all but the newest (PUR-1). Gives how
/// many went.
///
/// # Errors
/// When SQLite refuses.
pub fn purge(sql: &Connection, class: Class, upto_ms: Option<i64>, most: Option<u64>) -> Result<u64, StoreError> {
    let (table, number, but) = match class {
        Class::Executions => ("executions", 0, ""),
        Class::Sequences => ("executions", 1, ""),
        Class::Packages => ("events", 2, ""),
        Class::Status { but } => ("events", 3, but),
    };
    let these = match class {
        Class::Status { .. } => "class = ?1 AND kind <> ?2",
        _ => "class = ?1 AND ?2 IS NOT NULL",
    };
    let mut removed = 0;
    if let Some(upto) = upto_ms {
        let text = format!("DELETE FROM {table} WHERE {these} AND at_ms <= ?3");
        removed += sql.prepare_cached(&text)?.execute(params![number, but, upto])?;
    }
    if let Some(most) = most {
        let text = format!(
            "DELETE FROM {table} WHERE {these} AND id IN
             (SELECT id FROM {table} WHERE {these} ORDER BY at_ms DESC, id DESC LIMIT -1 OFFSET ?3)"
        );
        removed += sql.prepare_cached(&text)?.execute(params![number, but, i64::try_from(most).unwrap_or(i64::MAX)])?;
    }
    Ok(removed as u64)
}

/// What a computer was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldRow {
    /// The number of the task or package.
    pub subject: i64,
    /// Its kind's name.
    pub kind: String,
    /// Its revision then.
    pub revision: u64,
}

/// What a computer was told of, by number.
///
/// # Errors
/// When SQLite refuses.
pub fn told(sql: &Connection, computer: i64) -> Result<Vec<ToldRow>, StoreError> {
    let mut query =
        sql.prepare_cached("SELECT subject, kind, revision FROM told WHERE computer = ?1 ORDER BY subject")?;
    let rows = query.query_map([computer], |row| {
        Ok(ToldRow { subject: row.get(0)?, kind: row.get(1)?, revision: row.get::<_, i64>(2)?.unsigned_abs() })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes that a computer was told of something.
///
/// # Errors
/// When SQLite refuses.
pub fn tell(sql: &Connection, computer: i64, row: &ToldRow) -> Result<(), StoreError> {
    sql.prepare_cached("INSERT OR REPLACE INTO told (computer, subject, kind, revision) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![computer, row.subject, row.kind, whole(row.revision)?])?;
    Ok(())
}

/// Notes that a computer has something no longer.
///
/// # Errors
/// When SQLite refuses.
pub fn untell(sql: &Connection, computer: i64, subject: i64) -> Result<(), StoreError> {
    sql.prepare_cached("DELETE FROM told WHERE computer = ?1 AND subject = ?2")?.execute([computer, subject])?;
    Ok(())
}

/// Whether a computer said last of a task that it ended with success.
///
/// # Errors
/// When SQLite refuses.
pub fn has_succeeded(sql: &Connection, computer: i64, task: Guid) -> Result<bool, StoreError> {
    let mut query = sql.prepare_cached(
        "SELECT l.success FROM latest l JOIN subjects s ON s.id = l.task WHERE s.guid = ?1 AND l.computer = ?2",
    )?;
    let mut rows = query.query(params![task.to_string(), computer])?;
    Ok(match rows.next()? {
        Some(row) => row.get::<_, Option<bool>>(0)? == Some(true),
        None => false,
    })
}

/// Notes that a computer has a package in its cache, or has it no longer.
///
/// # Errors
/// When SQLite refuses.
pub fn set_cached(sql: &Connection, computer: i64, package: i64, is: bool) -> Result<(), StoreError> {
    let text = if is {
        "INSERT OR IGNORE INTO cached (computer, package) VALUES (?1, ?2)"
    } else {
        "DELETE FROM cached WHERE computer = ?1 AND package = ?2"
    };
    sql.prepare_cached(text)?.execute([computer, package])?;
    Ok(())
}

/// Calls `each` with the numbers of package and computer of every cached package, by package.
///
/// # Errors
/// When SQLite refuses.
pub fn each_cached(sql: &Connection, mut each: impl FnMut(i64, i64)) -> Result<(), StoreError> {
    let mut query = sql.prepare_cached("SELECT package, computer FROM cached")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, row.get(1)?);
    }
    Ok(())
}

/// What the distribution point has of a package (PKG-6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// How large its files are.
    pub bytes: u64,
    /// Their digest.
    pub hash: String,
    /// Where agents find them, as a JSON list; `None`: the package was not known then.
    pub codebases: Option<String>,
    /// Since when it has this, in milliseconds since 1970.
    pub changed_ms: i64,
}

/// Keeps what the distribution point has of a package. Where its files are others now, no cache is good any more (PKG-6);
/// where nothing is, it has changed when it had before.
///
/// # Errors
/// When SQLite refuses.
pub fn put_snapshot(sql: &Connection, package: i64, row: &SnapshotRow) -> Result<(), StoreError> {
    let before = snapshot(sql, package)?;
    if before.as_ref().is_some_and(|before| before.hash != row.hash) {
        sql.prepare_cached("DELETE FROM cached WHERE package = ?1")?.execute([package])?;
    }
    let is_same = |before: &SnapshotRow| before.hash == row.hash && before.codebases == row.codebases;
    let changed_ms = before.filter(is_same).map_or(row.changed_ms, |before| before.changed_ms);
    sql.prepare_cached(
        "INSERT OR REPLACE INTO snapshots (package, bytes, hash, codebases, changed_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![package, whole(row.bytes)?, row.hash, row.codebases, changed_ms])?;
    Ok(())
}

/// What the distribution point has of a package.
///
/// # Errors
/// When SQLite refuses.
pub fn snapshot(sql: &Connection, package: i64) -> Result<Option<SnapshotRow>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT bytes, hash, codebases, changed_ms FROM snapshots WHERE package = ?1")?
        .query_row([package], |row| {
            Ok(SnapshotRow {
                bytes: row.get::<_, i64>(0)?.unsigned_abs(),
                hash: row.get(1)?,
                codebases: row.get(2)?,
                changed_ms: row.get(3)?,
            })
        })
        .optional()?)
}

/// The numbers of all packages with a snapshot, and their bytes.
///
/// # Errors
/// When SQLite refuses.
pub fn snapshot_bytes(sql: &Connection) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut query = sql.prepare_cached("SELECT package, bytes FROM snapshots ORDER BY package")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The pool of patch licences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolRow {
    /// How many there are in all.
    pub pool: u64,
    /// When they expire (LIC-3).
    pub expires_ms: Option<i64>,
    /// When their maintenance does (LIC-3).
    pub maintenance_expires_ms: Option<i64>,
}

/// Sets the pool.
///
/// # Errors
/// When SQLite refuses.
pub fn set_pool(sql: &Connection, row: &PoolRow) -> Result<(), StoreError> {
    sql.prepare_cached(
        "INSERT OR REPLACE INTO licence_pool (one, pool, expires_ms, maintenance_expires_ms) VALUES (1, ?1, ?2, ?3)",
    )?
    .execute(params![whole(row.pool)?, row.expires_ms, row.maintenance_expires_ms])?;
    Ok(())
}

/// The pool, if one is known.
///
/// # Errors
/// When SQLite refuses.
pub fn pool(sql: &Connection) -> Result<Option<PoolRow>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT pool, expires_ms, maintenance_expires_ms FROM licence_pool")?
        .query_row([], |row| {
            Ok(PoolRow {
                pool: row.get::<_, i64>(0)?.unsigned_abs(),
                expires_ms: row.get(1)?,
                maintenance_expires_ms: row.get(2)?,
            })
        })
        .optional()?)
}

/// Notes that a computer holds a licence.
///
/// # Errors
/// When SQLite refuses.
pub fn hold_licence(sql: &Connection, computer: i64) -> Result<(), StoreError> {
    sql.prepare_cached("INSERT OR IGNORE INTO licences (computer) VALUES (?1)")?.execute([computer])?;
    Ok(())
}

/// Notes that a computer has the plug-in.
///
/// # Errors
/// When SQLite refuses.
pub fn hold_plugin(sql: &Connection, computer: i64) -> Result<(), StoreError> {
    sql.prepare_cached("INSERT OR IGNORE INTO plugins (computer) VALUES (?1)")?.execute([computer])?;
    Ok(())
}

/// The numbers of the computers that hold a licence, those of deleted ones too.
///
/// # Errors
/// When SQLite refuses.
pub fn licence_holders(sql: &Connection) -> Result<Vec<i64>, StoreError> {
    numbers(sql, "SELECT computer FROM licences")
}

/// The numbers of the computers that have the plug-in.
///
/// # Errors
/// When SQLite refuses.
pub fn plugin_holders(sql: &Connection) -> Result<Vec<i64>, StoreError> {
    numbers(sql, "SELECT computer FROM plugins")
}

fn numbers(sql: &Connection, text: &str) -> Result<Vec<i64>, StoreError> {
    let mut query = sql.prepare_cached(text)?;
    let rows = query.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a computer holds a licence, and how many are held in all.
///
/// # Errors
/// When SQLite refuses.
pub fn licences_held(sql: &Connection, computer: i64) -> Result<(bool, u64), StoreError> {
    Ok(sql
        .prepare_cached("SELECT count(*) FILTER (WHERE computer = ?1), count(*) FROM licences")?
        .query_row([computer], |row| Ok((row.get::<_, i64>(0)? > 0, row.get::<_, i64>(1)?.unsigned_abs())))?)
}

/// Whether a computer has the plug-in.
///
/// # Errors
/// When SQLite refuses.
pub fn has_plugin(sql: &Connection, computer: i64) -> Result<bool, StoreError> {
    let mut query = sql.prepare_cached("SELECT 1 FROM plugins WHERE computer = ?1")?;
    Ok(query.exists([computer])?)
}

/// Takes licences back from computers that are retired or gone (LIC-4); gives how many.
///
/// # Errors
/// When SQLite refuses.
pub fn refresh_licences(sql: &Connection) -> Result<u64, StoreError> {
    let returned = sql
        .prepare_cached("DELETE FROM licences WHERE computer NOT IN (SELECT id FROM computers WHERE retired = 0)")?
        .execute([])?;
    Ok(returned as u64)
}

/// A row of a log, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Its number.
    pub id: u64,
    /// The computer.
    pub computer: Guid,
    /// Of an event, its kind.
    pub kind: Option<String>,
    /// The task.
    pub task: Option<Guid>,
    /// The package.
    pub package: Option<Guid>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Of an execution, the step.
    pub step: Option<i64>,
    /// Of an execution, what it returned.
    pub code: Option<i64>,
    /// Of an execution, whether that is a success.
    pub success: Option<bool>,
}

/// Which rows of a log to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogFilter {
    /// Those of this computer.
    pub computer: Option<Guid>,
    /// Those of this task.
    pub task: Option<Guid>,
    /// Those with a higher number.
    pub after: u64,
    /// At most so many.
    pub limit: u64,
}

/// Executions that pass a filter, by number; those of deleted computers are not listed.
///
/// # Errors
/// When SQLite refuses.
pub fn executions(sql: &Connection, filter: LogFilter) -> Result<Vec<LogRow>, StoreError> {
    let columns = "e.id, c.guid, NULL, s.guid, NULL, e.at_ms, e.step, e.code, e.success";
    log(sql, &format!("SELECT {columns} FROM executions e"), filter)
}

/// Status events that pass a filter, by number; those of deleted computers are not listed.
///
/// # Errors
/// When SQLite refuses.
pub fn events(sql: &Connection, filter: LogFilter) -> Result<Vec<LogRow>, StoreError> {
    let columns = "e.id, c.guid, e.kind, s.guid, p.guid, e.at_ms, NULL, NULL, NULL";
    log(sql, &format!("SELECT {columns} FROM events e LEFT JOIN subjects p ON p.id = e.package"), filter)
}

fn log(sql: &Connection, select: &str, filter: LogFilter) -> Result<Vec<LogRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!(
        "{select} CROSS JOIN computers c ON c.id = e.computer LEFT JOIN subjects s ON s.id = e.task
         WHERE e.id > ?1 AND (?2 IS NULL OR c.guid = ?2) AND (?3 IS NULL OR s.guid = ?3) ORDER BY e.id LIMIT ?4"
    ))?;
    let text = |guid: Option<Guid>| guid.map(|guid| guid.to_string());
    let mut rows =
        query.query(params![whole(filter.after)?, text(filter.computer), text(filter.task), whole(filter.limit)?])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let guid = |column: usize| -> Result<Option<Guid>, StoreError> {
            row.get::<_, Option<String>>(column)?.map(|text| guid_of(&text)).transpose()
        };
        found.push(LogRow {
            id: row.get::<_, i64>(0)?.unsigned_abs(),
            computer: guid(1)?.ok_or(StoreError::Corrupt { what: "GUID" })?,
            kind: row.get(2)?,
            task: guid(3)?,
            package: guid(4)?,
            at_ms: row.get(5)?,
            step: row.get(6)?,
            code: row.get(7)?,
            success: row.get(8)?,
        });
    }
    Ok(found)
}
