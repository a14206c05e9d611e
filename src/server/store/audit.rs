//! Rows of the audit log: kept as text, byte for byte what their hash was taken over.

use rusqlite::Connection;
use rusqlite::params;

use crate::server::store::StoreError;
use crate::server::store::items::from_sql;
use crate::server::store::items::whole;

/// Adds a row.
///
/// # Errors
/// When a row of that number is there, or SQLite refuses.
pub fn append(sql: &Connection, seq: u64, entry: &str, hash: &str) -> Result<(), StoreError> {
    sql.prepare_cached("INSERT INTO audit (seq, entry, hash) VALUES (?1, ?2, ?3)")?.execute(params![
        whole(seq)?,
        entry,
        hash
    ])?;
    Ok(())
}

/// Calls `each` with number, text and hash of the rows after `after` that are about an item of this GUID, which it has or
/// had, or of this name, in order, at most `limit`.
///
/// # Errors
/// What `each` returns, which ends it; and what SQLite refuses.
pub fn each_about<E: From<StoreError>>(
    sql: &Connection,
    after: u64,
    limit: u64,
    about: &str,
    mut each: impl FnMut(u64, &str, &str) -> Result<(), E>,
) -> Result<(), E> {
    const QUERY: &str = "SELECT seq, entry, hash FROM audit WHERE seq > ?1 AND ?3 IN (json_extract(entry, '$.guid'), \
                         json_extract(entry, '$.newGuid'), json_extract(entry, '$.name')) ORDER BY seq LIMIT ?2";
    let mut query = sql.prepare_cached(QUERY).map_err(StoreError::Sql)?;
    let mut rows = query.query(params![whole(after)?, whole(limit)?, about]).map_err(StoreError::Sql)?;
    while let Some(row) = rows.next().map_err(StoreError::Sql)? {
        let seq: i64 = row.get(0).map_err(StoreError::Sql)?;
        let entry = row.get_ref(1).map_err(StoreError::Sql)?.as_str().map_err(from_sql)?;
        let hash = row.get_ref(2).map_err(StoreError::Sql)?.as_str().map_err(from_sql)?;
        each(seq.unsigned_abs(), entry, hash)?;
    }
    Ok(())
}

/// Calls `each` with number, text and hash of the rows after `after`, in order, at most `limit`.
///
/// # Errors
/// What `each` returns, which ends it; and what SQLite refuses.
pub fn each<E: From<StoreError>>(
    sql: &Connection,
    after: u64,
    limit: u64,
    mut each: impl FnMut(u64, &str, &str) -> Result<(), E>,
) -> Result<(), E> {
    let mut query = sql
        .prepare_cached("SELECT seq, entry, hash FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")
        .map_err(StoreError::Sql)?;
    let mut rows = query.query(params![whole(after)?, whole(limit)?]).map_err(StoreError::Sql)?;
    while let Some(row) = rows.next().map_err(StoreError::Sql)? {
        let seq: i64 = row.get(0).map_err(StoreError::Sql)?;
        let entry = row.get_ref(1).map_err(StoreError::Sql)?.as_str().map_err(from_sql)?;
        let hash = row.get_ref(2).map_err(StoreError::Sql)?.as_str().map_err(from_sql)?;
        each(seq.unsigned_abs(), entry, hash)?;
    }
    Ok(())
}
