//! Answers that are given again when their request comes again.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::server::store::StoreError;

/// An answer, and the digest of the request it was given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// The digest of the request.
    pub request: Vec<u8>,
    /// The status.
    pub status: u16,
    /// The entity tag.
    pub etag: Option<String>,
    /// The body.
    pub body: String,
}

/// The answer that was given under a key of a token.
///
/// # Errors
/// When SQLite refuses.
pub fn find(sql: &Connection, token: &str, key: &str) -> Result<Option<KeptRow>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT request, status, etag, body FROM idempotency WHERE token = ?1 AND key = ?2")?
        .query_row([token, key], |row| {
            Ok(KeptRow { request: row.get(0)?, status: row.get(1)?, etag: row.get(2)?, body: row.get(3)? })
        })
        .optional()?)
}

/// Keeps an answer.
///
/// # Errors
/// When SQLite refuses.
pub fn keep(sql: &Connection, token: &str, key: &str, row: &KeptRow, now_ms: i64) -> Result<(), StoreError> {
    sql.prepare_cached(
        "INSERT INTO idempotency (token, key, request, status, etag, body, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![token, key, row.request, row.status, row.etag, row.body, now_ms])?;
    Ok(())
}

/// Forgets the answers given before a moment.
///
/// # Errors
/// When SQLite refuses.
pub fn forget(sql: &Connection, before_ms: i64) -> Result<(), StoreError> {
    sql.prepare_cached("DELETE FROM idempotency WHERE created_ms < ?1")?.execute([before_ms])?;
    Ok(())
}
