//! Rows of patch licences: the pool, who holds one, and who has the plug-in.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::server::store::StoreError;
use crate::server::store::items::whole;

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
