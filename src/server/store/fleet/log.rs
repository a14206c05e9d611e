//! The logs of executions and status events, as they are listed.

use rusqlite::Connection;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::items::guid_of;
use crate::server::store::items::whole;

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
