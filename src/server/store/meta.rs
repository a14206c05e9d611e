//! Facts about the database itself.

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use crate::server::store::StoreError;

/// The value under `key`.
///
/// # Errors
/// When SQLite refuses.
pub fn get(sql: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(sql.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()?)
}

/// Puts a value under `key`.
///
/// # Errors
/// When SQLite refuses.
pub fn set(sql: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    sql.prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
        .execute([key, value])?;
    Ok(())
}

/// The number under `key`; 0 where there is none.
///
/// # Errors
/// When it is no number, or SQLite refuses.
pub fn number(sql: &Connection, key: &str) -> Result<u64, StoreError> {
    get(sql, key)?.map_or(Ok(0), |text| text.parse().map_err(|_| StoreError::Corrupt { what: "number" }))
}
