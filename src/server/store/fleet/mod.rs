//! Rows of computers and of what they were told; in the files beside, of what they ran and have, and of patch licences.
//!
//! Computers, tasks and packages go by numbers here: millions of rows of history name them.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::inventory;
use crate::server::store::items;
use crate::server::store::items::guid_of;
use crate::server::store::items::whole;
use crate::server::store::meta;

mod history;
mod licences;
mod log;
mod old;
mod packages;

pub use crate::server::store::fleet::history::*;
pub use crate::server::store::fleet::licences::*;
pub use crate::server::store::fleet::log::*;
pub use crate::server::store::fleet::old::*;
pub use crate::server::store::fleet::packages::*;

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
        guid: guid_of(row.get_ref(1)?.as_str().map_err(items::from_sql)?)?,
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
        found.push((guid_of(row.get_ref(0)?.as_str().map_err(items::from_sql)?)?, row.get(1)?));
    }
    Ok(found)
}

/// The number of a task or package, which it gets here where it has none.
///
/// # Errors
/// When SQLite refuses.
pub fn subject(sql: &Connection, guid: Guid) -> Result<i64, StoreError> {
    if let Some(id) = known_subject(sql, guid)? {
        return Ok(id);
    }
    sql.prepare_cached("INSERT INTO subjects (guid) VALUES (?1)")?.execute([guid.to_string()])?;
    Ok(sql.last_insert_rowid())
}

/// The number of a task or package, if it has one.
///
/// # Errors
/// When SQLite refuses.
pub fn known_subject(sql: &Connection, guid: Guid) -> Result<Option<i64>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT id FROM subjects WHERE guid = ?1")?
        .query_row([guid.to_string()], |row| row.get(0))
        .optional()?)
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
