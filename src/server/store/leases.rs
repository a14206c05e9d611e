//! Rows of leases. The row of the highest fence is the current one, unless it was released or has run out.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::items::guid_of;

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Its number; a later lease has a higher one.
    pub fence: u64,
    /// Its GUID.
    pub guid: Guid,
    /// Who holds it, in their own words.
    pub holder: String,
    /// The ID of the token that took it.
    pub token: String,
    /// When it was taken.
    pub since: String,
    /// When it runs out, in milliseconds since 1970 on the server's clock.
    pub expires_ms: i64,
    /// Whether it was given back.
    pub released: bool,
}

/// The last lease that was taken, whatever became of it.
///
/// # Errors
/// When SQLite refuses.
pub fn last(sql: &Connection) -> Result<Option<LeaseRow>, StoreError> {
    let row = sql
        .prepare_cached(
            "SELECT fence, guid, holder, token, since, expires_ms, released FROM leases ORDER BY fence DESC LIMIT 1",
        )?
        .query_row([], |row| {
            Ok((
                row.get::<_, String>(1)?,
                LeaseRow {
                    fence: row.get::<_, i64>(0)?.unsigned_abs(),
                    guid: Guid::of(0),
                    holder: row.get(2)?,
                    token: row.get(3)?,
                    since: row.get(4)?,
                    expires_ms: row.get(5)?,
                    released: row.get(6)?,
                },
            ))
        })
        .optional()?;
    row.map(|(guid, lease)| Ok(LeaseRow { guid: guid_of(&guid)?, ..lease })).transpose()
}

/// Adds a lease and gives its fence, higher than every one before.
///
/// # Errors
/// When SQLite refuses.
pub fn take(
    sql: &Connection,
    guid: Guid,
    holder: &str,
    token: &str,
    since: &str,
    expires_ms: i64,
) -> Result<u64, StoreError> {
    sql.prepare_cached("INSERT INTO leases (guid, holder, token, since, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![guid.to_string(), holder, token, since, expires_ms])?;
    Ok(sql.last_insert_rowid().unsigned_abs())
}

/// Moves the end of a lease.
///
/// # Errors
/// When SQLite refuses.
pub fn renew(sql: &Connection, guid: Guid, expires_ms: i64) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE leases SET expires_ms = ?2 WHERE guid = ?1")?
        .execute(params![guid.to_string(), expires_ms])?;
    Ok(())
}

/// Gives a lease back.
///
/// # Errors
/// When SQLite refuses.
pub fn release(sql: &Connection, guid: Guid) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE leases SET released = 1 WHERE guid = ?1")?.execute([guid.to_string()])?;
    Ok(())
}
