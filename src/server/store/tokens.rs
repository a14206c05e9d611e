//! Rows of tokens: a digest, never the token.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::server::store::StoreError;

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its ID.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its role's name.
    pub role: String,
    /// When it was made.
    pub created_at: String,
}

/// Adds a token.
///
/// # Errors
/// When SQLite refuses.
pub fn insert(sql: &Connection, token: &TokenRow, digest: &[u8]) -> Result<(), StoreError> {
    sql.prepare_cached("INSERT INTO tokens (id, name, role, digest, created_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![token.id, token.name, token.role, digest, token.created_at])?;
    Ok(())
}

/// The token with this digest. The lookup compares digests: how long it takes says nothing of the token itself.
///
/// # Errors
/// When SQLite refuses.
pub fn by_digest(sql: &Connection, digest: &[u8]) -> Result<Option<TokenRow>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT id, name, role, created_at FROM tokens WHERE digest = ?1")?
        .query_row([digest], read)
        .optional()?)
}

/// Every token, by name.
///
/// # Errors
/// When SQLite refuses.
pub fn list(sql: &Connection) -> Result<Vec<TokenRow>, StoreError> {
    let mut query = sql.prepare_cached("SELECT id, name, role, created_at FROM tokens ORDER BY name")?;
    let rows = query.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes a token.
///
/// # Errors
/// When SQLite refuses.
pub fn delete(sql: &Connection, id: &str) -> Result<(), StoreError> {
    sql.prepare_cached("DELETE FROM tokens WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow { id: row.get(0)?, name: row.get(1)?, role: row.get(2)?, created_at: row.get(3)? })
}
