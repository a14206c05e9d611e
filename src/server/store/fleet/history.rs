//! Rows of what computers ran: executions, status events, and how each task went last.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::server::store::StoreError;

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
