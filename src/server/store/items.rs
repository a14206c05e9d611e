//! Rows of items, of what replaced them, and of their secrets.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;

/// An item as its row holds it.
#[derive(Debug)]
pub struct ItemRow<'a> {
    /// Its GUID.
    pub guid: Guid,
    /// Its kind's name.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its folder.
    pub folder: Option<Guid>,
    /// The package of a program.
    pub package: Option<Guid>,
    /// The sequence number of its last change.
    pub revision: u64,
    /// The whole item, as answers show it.
    pub json: &'a str,
}

/// Who an item is, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its GUID.
    pub guid: Guid,
    /// Its kind's name.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: Option<Guid>,
    /// The package of a program.
    pub package: Option<Guid>,
}

/// Adds an item.
///
/// # Errors
/// When SQLite refuses.
pub fn insert(sql: &Connection, row: &ItemRow<'_>) -> Result<(), StoreError> {
    sql.prepare_cached(
        "INSERT INTO items (guid, kind, name, folder, package, revision, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        row.guid.to_string(),
        row.kind,
        row.name,
        row.folder.map(|guid| guid.to_string()),
        row.package.map(|guid| guid.to_string()),
        whole(row.revision)?,
        row.json,
    ])?;
    Ok(())
}

/// Changes an item, found by its GUID.
///
/// # Errors
/// When SQLite refuses.
pub fn update(sql: &Connection, row: &ItemRow<'_>) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE items SET name = ?2, folder = ?3, revision = ?4, json = ?5 WHERE guid = ?1")?.execute(
        params![
            row.guid.to_string(),
            row.name,
            row.folder.map(|guid| guid.to_string()),
            whole(row.revision)?,
            row.json,
        ],
    )?;
    Ok(())
}

/// Gives an item another GUID; what refers to it follows, and so does who asks for it by the one before (SEQ-1).
///
/// # Errors
/// When SQLite refuses.
pub fn rename_guid(sql: &Connection, before: Guid, after: Guid) -> Result<(), StoreError> {
    let (before, after) = (before.to_string(), after.to_string());
    sql.prepare_cached("UPDATE items SET guid = ?2 WHERE guid = ?1")?.execute([&before, &after])?;
    sql.prepare_cached("UPDATE replaced SET new = ?2 WHERE new = ?1")?.execute([&before, &after])?;
    sql.prepare_cached("INSERT INTO replaced (old, new) VALUES (?1, ?2)")?.execute([&before, &after])?;
    Ok(())
}

/// How many levels of folders lie below a folder; `most` and one at the most.
///
/// # Errors
/// When SQLite refuses.
pub fn folders_below(sql: &Connection, guid: Guid, most: u64) -> Result<u64, StoreError> {
    let levels: i64 = sql
        .prepare_cached(
            "WITH RECURSIVE below (guid, level) AS (SELECT ?1, 0 UNION SELECT items.guid, level + 1 FROM items \
             JOIN below ON items.folder = below.guid WHERE items.kind = 'Folder' AND level <= ?2) \
             SELECT max(level) FROM below",
        )?
        .query_row(params![guid.to_string(), whole(most)?], |row| row.get(0))?;
    Ok(levels.unsigned_abs())
}

/// Removes an item.
///
/// # Errors
/// When something still refers to it, or SQLite refuses.
pub fn delete(sql: &Connection, guid: Guid) -> Result<(), StoreError> {
    let guid = guid.to_string();
    sql.prepare_cached("DELETE FROM replaced WHERE new = ?1")?.execute([&guid])?;
    sql.prepare_cached("DELETE FROM items WHERE guid = ?1")?.execute([&guid])?;
    Ok(())
}

/// Removes every item, reference and secret: for a seed only.
///
/// # Errors
/// When SQLite refuses.
pub fn clear(sql: &Connection) -> Result<(), StoreError> {
    // Items point at their folders: all at once, and the check at the end.
    sql.pragma_update(None, "defer_foreign_keys", true)?;
    Ok(sql.execute_batch("DELETE FROM refs; DELETE FROM secrets; DELETE FROM replaced; DELETE FROM items;")?)
}

/// Leaves the check of foreign keys to the commit of this transaction: for a seed, whose items come in any order.
///
/// # Errors
/// When SQLite refuses.
pub fn check_at_commit(sql: &Connection) -> Result<(), StoreError> {
    Ok(sql.pragma_update(None, "defer_foreign_keys", true)?)
}

/// The item with this GUID, as JSON.
///
/// # Errors
/// When SQLite refuses.
pub fn json(sql: &Connection, guid: Guid) -> Result<Option<String>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT json FROM items WHERE guid = ?1")?
        .query_row([guid.to_string()], |row| row.get(0))
        .optional()?)
}

/// Who the item with this GUID is.
///
/// # Errors
/// When SQLite refuses.
pub fn named(sql: &Connection, guid: Guid) -> Result<Option<Named>, StoreError> {
    let mut query = sql.prepare_cached("SELECT guid, kind, name, folder, package FROM items WHERE guid = ?1")?;
    let mut rows = query.query([guid.to_string()])?;
    rows.next()?.map(read_named).transpose()
}

/// Reads the five columns of a [`Named`], in their order, from the start of a row.
pub(super) fn read_named(row: &rusqlite::Row<'_>) -> Result<Named, StoreError> {
    Ok(Named {
        guid: guid_of(row.get_ref(0)?.as_str().map_err(from_sql)?)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        folder: row.get::<_, Option<String>>(3)?.map(|text| guid_of(&text)).transpose()?,
        package: row.get::<_, Option<String>>(4)?.map(|text| guid_of(&text)).transpose()?,
    })
}

/// The GUID of the item of this kind and name in this folder, or for a program in this package. Hidden step tasks are
/// not looked for.
///
/// # Errors
/// When SQLite refuses.
pub fn at_place(sql: &Connection, kind: &str, container: Option<Guid>, name: &str) -> Result<Option<Guid>, StoreError> {
    let found: Option<String> = sql
        .prepare_cached(
            "SELECT guid FROM items WHERE kind = ?1 AND container = ?2 AND name = ?3 AND kind <> 'StepTask'",
        )?
        .query_row(params![kind, container.map(|guid| guid.to_string()).unwrap_or_default(), name], |row| row.get(0))
        .optional()?;
    found.map(|text| guid_of(&text)).transpose()
}

/// The items of a kind, or of a name, or both, by kind and GUID; hidden step tasks only when asked for by kind.
///
/// # Errors
/// When SQLite refuses.
pub fn find(sql: &Connection, kind: Option<&str>, name: Option<&str>) -> Result<Vec<String>, StoreError> {
    let mut query = sql.prepare_cached(match (kind, name) {
        (Some(_), Some(_)) => "SELECT json FROM items WHERE kind = ?1 AND name = ?2 ORDER BY guid",
        (Some(_), None) => "SELECT json FROM items WHERE kind = ?1 AND ?2 IS NULL ORDER BY guid",
        (None, _) => "SELECT json FROM items WHERE ?1 IS NULL AND name = ?2 AND kind <> 'StepTask' ORDER BY kind, guid",
    })?;
    let rows = query.query_map(params![kind, name], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many items there are.
///
/// # Errors
/// When SQLite refuses.
pub fn count(sql: &Connection) -> Result<u64, StoreError> {
    let n: i64 = sql.query_row("SELECT count(*) FROM items", [], |row| row.get(0))?;
    Ok(n.unsigned_abs())
}

/// Calls `each` with the JSON of every item, by kind name and then GUID; hidden step tasks only with `internal`.
///
/// # Errors
/// What `each` returns, which ends it; and what SQLite refuses.
pub fn each<E: From<StoreError>>(
    sql: &Connection,
    internal: bool,
    mut each: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let text = if internal {
        "SELECT json FROM items ORDER BY kind, guid"
    } else {
        "SELECT json FROM items WHERE kind <> 'StepTask' ORDER BY kind, guid"
    };
    let mut query = sql.prepare_cached(text).map_err(StoreError::Sql)?;
    let mut rows = query.query([]).map_err(StoreError::Sql)?;
    while let Some(row) = rows.next().map_err(StoreError::Sql)? {
        each(row.get_ref(0).map_err(StoreError::Sql)?.as_str().map_err(from_sql)?)?;
    }
    Ok(())
}

/// The GUID that an item has now that was replaced (SEQ-1).
///
/// # Errors
/// When SQLite refuses.
pub fn replaced_by(sql: &Connection, guid: Guid) -> Result<Option<Guid>, StoreError> {
    let found: Option<String> = sql
        .prepare_cached("SELECT new FROM replaced WHERE old = ?1")?
        .query_row([guid.to_string()], |row| row.get(0))
        .optional()?;
    found.map(|text| guid_of(&text)).transpose()
}

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// Random bytes that were digested with it.
    pub salt: Vec<u8>,
    /// The digest.
    pub digest: Vec<u8>,
}

/// What is kept of an item's password.
///
/// # Errors
/// When SQLite refuses.
pub fn secret(sql: &Connection, guid: Guid) -> Result<Option<SecretRow>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT salt, digest FROM secrets WHERE guid = ?1")?
        .query_row([guid.to_string()], |row| Ok(SecretRow { salt: row.get(0)?, digest: row.get(1)? }))
        .optional()?)
}

/// Keeps the salt and digest of an item's password, or with `None` forgets it.
///
/// # Errors
/// When SQLite refuses.
pub fn set_secret(sql: &Connection, guid: Guid, secret: Option<(&[u8], &[u8])>) -> Result<(), StoreError> {
    let guid = guid.to_string();
    match secret {
        Some((salt, digest)) => sql
            .prepare_cached("INSERT OR REPLACE INTO secrets (guid, salt, digest) VALUES (?1, ?2, ?3)")?
            .execute(params![guid, salt, digest])?,
        None => sql.prepare_cached("DELETE FROM secrets WHERE guid = ?1")?.execute([guid])?,
    };
    Ok(())
}

/// A GUID that we wrote.
pub(super) fn guid_of(text: &str) -> Result<Guid, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { what: "GUID" })
}

/// SQLite counts in signed numbers.
pub(super) fn whole(n: u64) -> Result<i64, StoreError> {
    i64::try_from(n).map_err(|_| StoreError::Corrupt { what: "number" })
}

pub(super) fn from_sql(_: rusqlite::types::FromSqlError) -> StoreError {
    StoreError::Corrupt { what: "text" }
}
