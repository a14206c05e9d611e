//! Rows of packages: what the distribution point has of them, and who has them in the cache.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::server::store::StoreError;
use crate::server::store::items::whole;

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
