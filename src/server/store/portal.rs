//! Rows of requests of the software portal (PTL-4), and of the incidents that gather those that wait (PTL-5).

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::items::guid_of;
use crate::server::store::items::whole;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its number; a later request has a higher one.
    pub id: u64,
    /// The computer that it was made at.
    pub computer: Guid,
    /// Who made it.
    pub user: String,
    /// What was asked for: a program, or a sequential task.
    pub item: Guid,
    /// The package of a program.
    pub package: Option<Guid>,
    /// How far it is: the vendor's word.
    pub status: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// When its status last changed, in milliseconds since 1970.
    pub changed_ms: i64,
    /// What was made for it.
    pub made: Option<Made>,
    /// The incident that it joined, if it had to wait.
    pub incident: Option<u64>,
}

/// What was made for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The hidden folder of what is its alone.
    pub folder: Guid,
    /// The hidden task.
    pub task: Guid,
    /// The collection of one computer.
    pub collection: Guid,
}

const REQUEST: &str =
    "SELECT id, computer, user, item, package, status, created_ms, changed_ms, folder, task, collection, incident
     FROM portal_requests";

fn read(row: &Row<'_>) -> Result<RequestRow, StoreError> {
    let guid = |column: usize| guid_of(&row.get::<_, String>(column)?);
    let maybe = |column: usize| -> Result<Option<Guid>, StoreError> {
        row.get::<_, Option<String>>(column)?.map(|text| guid_of(&text)).transpose()
    };
    let made = match (maybe(8)?, maybe(9)?, maybe(10)?) {
        (Some(folder), Some(task), Some(collection)) => Some(Made { folder, task, collection }),
        _ => None,
    };
    Ok(RequestRow {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        computer: guid(1)?,
        user: row.get(2)?,
        item: guid(3)?,
        package: maybe(4)?,
        status: row.get(5)?,
        created_ms: row.get(6)?,
        changed_ms: row.get(7)?,
        made,
        incident: row.get::<_, Option<i64>>(11)?.map(i64::unsigned_abs),
    })
}

/// Adds a request and gives its number; `id` and `made` of the row are not looked at.
///
/// # Errors
/// When SQLite refuses.
pub fn add(sql: &Connection, row: &RequestRow) -> Result<u64, StoreError> {
    sql.prepare_cached(
        "INSERT INTO portal_requests (computer, user, item, package, status, created_ms, changed_ms, incident)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        row.computer.to_string(),
        row.user,
        row.item.to_string(),
        row.package.map(|guid| guid.to_string()),
        row.status,
        row.created_ms,
        row.changed_ms,
        row.incident.map(whole).transpose()?,
    ])?;
    Ok(sql.last_insert_rowid().unsigned_abs())
}

/// The request of this number.
///
/// # Errors
/// When SQLite refuses.
pub fn find(sql: &Connection, id: u64) -> Result<Option<RequestRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{REQUEST} WHERE id = ?1"))?;
    let mut rows = query.query([whole(id)?])?;
    rows.next()?.map(read).transpose()
}

/// Which requests to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Those of this computer.
    pub computer: Option<Guid>,
    /// Those of this status.
    pub status: Option<&'a str>,
    /// Those with a higher number.
    pub after: u64,
    /// At most so many.
    pub limit: u64,
}

/// The requests that pass a filter, by number.
///
/// # Errors
/// When SQLite refuses.
pub fn list(sql: &Connection, filter: Filter<'_>) -> Result<Vec<RequestRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!(
        "{REQUEST} WHERE id > ?1 AND (?2 IS NULL OR computer = ?2) AND (?3 IS NULL OR status = ?3) ORDER BY id LIMIT ?4"
    ))?;
    let computer = filter.computer.map(|guid| guid.to_string());
    let rows = query.query(params![whole(filter.after)?, computer, filter.status, whole(filter.limit)?])?;
    all(rows)
}

/// The requests of one of these statuses that have had it since a moment at least, by number, at most so many.
///
/// # Errors
/// When SQLite refuses.
pub fn since(sql: &Connection, statuses: &[&str], upto_ms: i64, most: u64) -> Result<Vec<RequestRow>, StoreError> {
    let mut found = Vec::new();
    for status in statuses {
        let text = format!("{REQUEST} WHERE status = ?1 AND changed_ms <= ?2 ORDER BY id LIMIT ?3");
        let mut query = sql.prepare_cached(&text)?;
        found.extend(all(query.query(params![status, upto_ms, i64::try_from(most).unwrap_or(i64::MAX)])?)?);
    }
    found.sort_unstable_by_key(|row| row.id);
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(found)
}

fn all(mut rows: rusqlite::Rows<'_>) -> Result<Vec<RequestRow>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The request that a task was made for.
///
/// # Errors
/// When SQLite refuses.
pub fn of_task(sql: &Connection, task: Guid) -> Result<Option<RequestRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{REQUEST} WHERE task = ?1"))?;
    let mut rows = query.query([task.to_string()])?;
    rows.next()?.map(read).transpose()
}

/// Notes what was made for a request.
///
/// # Errors
/// When SQLite refuses.
pub fn set_made(sql: &Connection, id: u64, made: Made) -> Result<(), StoreError> {
    let Made { folder, task, collection } = made;
    sql.prepare_cached("UPDATE portal_requests SET folder = ?2, task = ?3, collection = ?4 WHERE id = ?1")?
        .execute(params![whole(id)?, folder.to_string(), task.to_string(), collection.to_string()])?;
    Ok(())
}

/// Notes how far a request is, and since when.
///
/// # Errors
/// When SQLite refuses.
pub fn set_status(sql: &Connection, id: u64, status: &str, at_ms: i64) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE portal_requests SET status = ?2, changed_ms = ?3 WHERE id = ?1")?.execute(params![
        whole(id)?,
        status,
        at_ms
    ])?;
    Ok(())
}

/// Lets requests and incidents follow an item that got another GUID (SEQ-1): what was asked for, and what was made.
///
/// # Errors
/// When SQLite refuses.
pub fn follow(sql: &Connection, before: Guid, after: Guid) -> Result<(), StoreError> {
    let (before, after) = (before.to_string(), after.to_string());
    for text in [
        "UPDATE portal_requests SET item = ?2 WHERE item = ?1",
        "UPDATE portal_requests SET task = ?2 WHERE task = ?1",
        "UPDATE portal_incidents SET item = ?2 WHERE item = ?1",
    ] {
        sql.prepare_cached(text)?.execute([&before, &after])?;
    }
    Ok(())
}

/// Removes a request, and its incident where it was the last one of it.
///
/// # Errors
/// When SQLite refuses.
pub fn remove(sql: &Connection, row: &RequestRow) -> Result<(), StoreError> {
    sql.prepare_cached("DELETE FROM portal_requests WHERE id = ?1")?.execute([whole(row.id)?])?;
    if let Some(incident) = row.incident {
        sql.prepare_cached(
            "DELETE FROM portal_incidents WHERE id = ?1 AND id NOT IN (SELECT incident FROM portal_requests WHERE incident = ?1)",
        )?
        .execute([whole(incident)?])?;
    }
    Ok(())
}

/// An incident: requests for one item that are decided together (PTL-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its number; a later incident has a higher one.
    pub id: u64,
    /// What its requests ask for: a program, or a sequential task.
    pub item: Guid,
    /// The package of a program.
    pub package: Option<Guid>,
    /// When its first request was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// Since when no request joins it any more, in milliseconds since 1970.
    pub opened_ms: Option<i64>,
}

const INCIDENT: &str = "SELECT id, item, package, created_ms, opened_ms FROM portal_incidents";

fn read_incident(row: &Row<'_>) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        item: guid_of(&row.get::<_, String>(1)?)?,
        package: row.get::<_, Option<String>>(2)?.map(|text| guid_of(&text)).transpose()?,
        created_ms: row.get(3)?,
        opened_ms: row.get(4)?,
    })
}

/// The number of the incident that a request for an item joins now; it is made where there is none.
///
/// # Errors
/// When SQLite refuses.
pub fn join(sql: &Connection, item: Guid, package: Option<Guid>, now_ms: i64) -> Result<u64, StoreError> {
    let mut query = sql.prepare_cached(&format!("{INCIDENT} WHERE item = ?1 AND opened_ms IS NULL"))?;
    let mut rows = query.query([item.to_string()])?;
    if let Some(row) = rows.next()? {
        return Ok(read_incident(row)?.id);
    }
    sql.prepare_cached("INSERT INTO portal_incidents (item, package, created_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![item.to_string(), package.map(|guid| guid.to_string()), now_ms])?;
    Ok(sql.last_insert_rowid().unsigned_abs())
}

/// The incident of this number.
///
/// # Errors
/// When SQLite refuses.
pub fn incident(sql: &Connection, id: u64) -> Result<Option<IncidentRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{INCIDENT} WHERE id = ?1"))?;
    let mut rows = query.query([whole(id)?])?;
    rows.next()?.map(read_incident).transpose()
}

/// So many incidents with a higher number, by number.
///
/// # Errors
/// When SQLite refuses.
pub fn incidents(sql: &Connection, after: u64, limit: u64) -> Result<Vec<IncidentRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{INCIDENT} WHERE id > ?1 ORDER BY id LIMIT ?2"))?;
    let mut rows = query.query(params![whole(after)?, whole(limit)?])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_incident(row)?);
    }
    Ok(found)
}

/// The requests of an incident, by number.
///
/// # Errors
/// When SQLite refuses.
pub fn of_incident(sql: &Connection, incident: u64) -> Result<Vec<RequestRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{REQUEST} WHERE incident = ?1 ORDER BY id"))?;
    all(query.query([whole(incident)?])?)
}

/// Notes that an incident was opened, unless that is noted.
///
/// # Errors
/// When SQLite refuses.
pub fn open_incident(sql: &Connection, id: u64, at_ms: i64) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE portal_incidents SET opened_ms = ?2 WHERE id = ?1 AND opened_ms IS NULL")?
        .execute(params![whole(id)?, at_ms])?;
    Ok(())
}
