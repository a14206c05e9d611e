//! Rows of what the older API knows beside the items: objects of its own, targets of policies, nodes nobody understands.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::items::SecretRow;
use crate::server::store::items::guid_of;
use crate::server::store::items::whole;

/// An object as its row holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// Its GUID.
    pub guid: Guid,
    /// The name of its class.
    pub class: String,
    /// Its name.
    pub name: String,
    /// Its folder, an item.
    pub folder: Option<Guid>,
    /// The sequence number of its last change.
    pub revision: u64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub modified_at: String,
    /// What it says.
    pub json: String,
}

const OBJECT: &str = "SELECT guid, class, name, folder, revision, created_at, modified_at, json FROM asdk_objects";

fn object_of(row: &Row<'_>) -> Result<ObjectRow, StoreError> {
    Ok(ObjectRow {
        guid: guid_of(&row.get::<_, String>(0)?)?,
        class: row.get(1)?,
        name: row.get(2)?,
        folder: row.get::<_, Option<String>>(3)?.map(|text| guid_of(&text)).transpose()?,
        revision: row.get::<_, i64>(4)?.unsigned_abs(),
        created_at: row.get(5)?,
        modified_at: row.get(6)?,
        json: row.get(7)?,
    })
}

/// Makes an object what the row says, found by its GUID. A password that is there stays.
///
/// # Errors
/// When its folder is not there, or SQLite refuses.
pub fn put(sql: &Connection, row: &ObjectRow) -> Result<(), StoreError> {
    let ObjectRow { guid, class, name, folder, revision, created_at, modified_at, json } = row;
    sql.prepare_cached(
        "INSERT INTO asdk_objects (guid, class, name, folder, revision, created_at, modified_at, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (guid) DO UPDATE SET class = ?2, name = ?3, folder = ?4, revision = ?5, modified_at = ?7, json = ?8",
    )?
    .execute(params![
        guid.to_string(),
        class,
        name,
        folder.map(|folder| folder.to_string()),
        whole(*revision)?,
        created_at,
        modified_at,
        json
    ])?;
    Ok(())
}

/// Removes an object and what is kept beside it.
///
/// # Errors
/// When SQLite refuses.
pub fn delete(sql: &Connection, guid: Guid) -> Result<(), StoreError> {
    let guid = guid.to_string();
    sql.prepare_cached("DELETE FROM asdk_objects WHERE guid = ?1")?.execute([&guid])?;
    sql.prepare_cached("DELETE FROM asdk_targets WHERE target = ?1")?.execute([&guid])?;
    Ok(())
}

/// The object with this GUID.
///
/// # Errors
/// When SQLite refuses.
pub fn object(sql: &Connection, guid: Guid) -> Result<Option<ObjectRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{OBJECT} WHERE guid = ?1"))?;
    let mut rows = query.query([guid.to_string()])?;
    rows.next()?.map(object_of).transpose()
}

/// Which objects to list; absent: no matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Those of this class.
    pub class: Option<&'a str>,
    /// Those of this name.
    pub name: Option<&'a str>,
    /// Those in this folder.
    pub folder: Option<Guid>,
}

/// The objects that pass a filter, by class and GUID.
///
/// # Errors
/// When SQLite refuses.
pub fn objects(sql: &Connection, filter: Filter<'_>) -> Result<Vec<ObjectRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!(
        "{OBJECT} WHERE (?1 IS NULL OR class = ?1) AND (?2 IS NULL OR name = ?2) AND (?3 IS NULL OR folder = ?3)
         ORDER BY class, guid"
    ))?;
    let mut rows = query.query(params![filter.class, filter.name, filter.folder.map(|guid| guid.to_string())])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(object_of(row)?);
    }
    Ok(found)
}

/// The objects of some classes that name an item, by class and GUID.
///
/// # Errors
/// When SQLite refuses.
pub fn naming(sql: &Connection, item: Guid, classes: &[&str]) -> Result<Vec<ObjectRow>, StoreError> {
    let mut query = sql.prepare_cached(&format!("{OBJECT} WHERE class = ?1 AND instr(json, ?2) > 0 ORDER BY guid"))?;
    let mut found = Vec::new();
    for class in classes {
        let mut rows = query.query(params![class, item.to_string()])?;
        while let Some(row) = rows.next()? {
            found.push(object_of(row)?);
        }
    }
    Ok(found)
}

/// The items in a folder, as JSON, by kind and GUID; the hidden step tasks lie in none.
///
/// # Errors
/// When SQLite refuses.
pub fn items_in(sql: &Connection, folder: Guid) -> Result<Vec<String>, StoreError> {
    let mut query = sql.prepare_cached("SELECT json FROM items WHERE folder = ?1 ORDER BY kind, guid")?;
    let rows = query.query_map([folder.to_string()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The programs of a package, as JSON, by name.
///
/// # Errors
/// When SQLite refuses.
pub fn programs_of(sql: &Connection, package: Guid) -> Result<Vec<String>, StoreError> {
    let mut query = sql.prepare_cached("SELECT json FROM items WHERE package = ?1 ORDER BY name, guid")?;
    let rows = query.query_map([package.to_string()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is kept of an object's password.
///
/// # Errors
/// When SQLite refuses.
pub fn secret(sql: &Connection, guid: Guid) -> Result<Option<SecretRow>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT salt, digest FROM asdk_objects WHERE guid = ?1 AND salt IS NOT NULL")?
        .query_row([guid.to_string()], |row| Ok(SecretRow { salt: row.get(0)?, digest: row.get(1)? }))
        .optional()?)
}

/// Keeps the salt and digest of an object's password, or with `None` forgets it.
///
/// # Errors
/// When SQLite refuses.
pub fn set_secret(sql: &Connection, guid: Guid, secret: Option<(&[u8], &[u8])>) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE asdk_objects SET salt = ?2, digest = ?3 WHERE guid = ?1")?.execute(params![
        guid.to_string(),
        secret.map(|(salt, _)| salt),
        secret.map(|(_, digest)| digest)
    ])?;
    Ok(())
}

/// The targets that a policy was given, in order.
///
/// # Errors
/// When SQLite refuses.
pub fn targets(sql: &Connection, policy: Guid) -> Result<Vec<Guid>, StoreError> {
    let mut query = sql.prepare_cached("SELECT target FROM asdk_targets WHERE policy = ?1 ORDER BY position")?;
    guids(query.query([policy.to_string()])?)
}

/// The policies that a target was given to.
///
/// # Errors
/// When SQLite refuses.
pub fn policies_of(sql: &Connection, target: Guid) -> Result<Vec<Guid>, StoreError> {
    let mut query = sql.prepare_cached("SELECT DISTINCT policy FROM asdk_targets WHERE target = ?1 ORDER BY policy")?;
    guids(query.query([target.to_string()])?)
}

fn guids(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Guid>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(guid_of(&row.get::<_, String>(0)?)?);
    }
    Ok(found)
}

/// Gives a policy these targets in place of those that it had.
///
/// # Errors
/// When the policy is not there, or SQLite refuses.
pub fn set_targets(sql: &Connection, policy: Guid, targets: &[Guid]) -> Result<(), StoreError> {
    let policy = policy.to_string();
    sql.prepare_cached("DELETE FROM asdk_targets WHERE policy = ?1")?.execute([&policy])?;
    for (position, target) in targets.iter().enumerate() {
        sql.prepare_cached("INSERT INTO asdk_targets (policy, position, target) VALUES (?1, ?2, ?3)")?
            .execute(params![policy, whole(position as u64)?, target.to_string()])?;
    }
    Ok(())
}

/// The nodes of an item that nobody understands, as `(path, xml)`, in the order in which they stood.
///
/// # Errors
/// When SQLite refuses.
pub fn opaque(sql: &Connection, guid: Guid) -> Result<Vec<(String, String)>, StoreError> {
    let mut query = sql.prepare_cached("SELECT path, xml FROM asdk_opaque WHERE guid = ?1 ORDER BY path, position")?;
    let rows = query.query_map([guid.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Keeps these nodes of an item in place of those that were kept.
///
/// # Errors
/// When SQLite refuses.
pub fn set_opaque(sql: &Connection, guid: Guid, nodes: &[(String, String)]) -> Result<(), StoreError> {
    let guid = guid.to_string();
    sql.prepare_cached("DELETE FROM asdk_opaque WHERE guid = ?1")?.execute([&guid])?;
    for (position, (path, xml)) in nodes.iter().enumerate() {
        sql.prepare_cached("INSERT INTO asdk_opaque (guid, path, position, xml) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![guid, path, whole(position as u64)?, xml])?;
    }
    Ok(())
}

/// What is said of an item beyond what it says itself.
///
/// # Errors
/// When SQLite refuses.
pub fn extras(sql: &Connection, guid: Guid) -> Result<Option<String>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT json FROM asdk_extras WHERE guid = ?1")?
        .query_row([guid.to_string()], |row| row.get(0))
        .optional()?)
}

/// Says that of an item; `None`: nothing more.
///
/// # Errors
/// When SQLite refuses.
pub fn set_extras(sql: &Connection, guid: Guid, json: Option<&str>) -> Result<(), StoreError> {
    match json {
        Some(json) => sql
            .prepare_cached("INSERT OR REPLACE INTO asdk_extras (guid, json) VALUES (?1, ?2)")?
            .execute(params![guid.to_string(), json])?,
        None => sql.prepare_cached("DELETE FROM asdk_extras WHERE guid = ?1")?.execute([guid.to_string()])?,
    };
    Ok(())
}

/// Moves what is kept beside an item to the GUID that it has now (SEQ-1).
///
/// # Errors
/// When SQLite refuses.
pub fn follow(sql: &Connection, before: Guid, after: Guid) -> Result<(), StoreError> {
    let pair = [before.to_string(), after.to_string()];
    sql.prepare_cached("UPDATE asdk_opaque SET guid = ?2 WHERE guid = ?1")?.execute([&pair[0], &pair[1]])?;
    sql.prepare_cached("UPDATE asdk_extras SET guid = ?2 WHERE guid = ?1")?.execute([&pair[0], &pair[1]])?;
    Ok(())
}

/// Forgets what is kept beside an item that is gone.
///
/// # Errors
/// When SQLite refuses.
pub fn forget(sql: &Connection, guid: Guid) -> Result<(), StoreError> {
    let guid = guid.to_string();
    sql.prepare_cached("DELETE FROM asdk_opaque WHERE guid = ?1")?.execute([&guid])?;
    sql.prepare_cached("DELETE FROM asdk_extras WHERE guid = ?1")?.execute([&guid])?;
    Ok(())
}
