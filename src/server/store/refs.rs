//! Rows of the vendor's ItemReference table (SWD 6.1 guide, Appendix III).

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::items::Named;
use crate::server::store::items::guid_of;
use crate::server::store::items::read_named;
use crate::server::store::items::whole;

/// A folder holds an item.
pub const FOLDER: &str = "folderchilditem";
/// A package holds a program; of type [`DEPENDENT`].
pub const PROGRAM: &str = "packagecontainsprogram";
/// Something is for a collection.
pub const APPLIES: &str = "policyappliestocollection";
/// A collection includes another.
pub const INCLUDES: &str = "collectionincludescollection";
/// A collection excludes another. The guide names no hint for it; this one is ours.
pub const EXCLUDES: &str = "collectionexcludescollection";
/// A collection is limited to another. The guide names no hint for it; this one is ours.
pub const LIMITED: &str = "collectionlimitedbycollection";
/// A task uses a package.
pub const USES_PACKAGE: &str = "swdadvertisement uses swdpackage";
/// A task uses a program.
pub const USES_PROGRAM: &str = "swdadvertisement uses swdprogram";
/// A delivery policy uses a package or program.
pub const USES_RESOURCE: &str = "manageddelivery uses software resource";
/// A sequential task uses a hidden step task.
pub const USES_STEP: &str = "sequentialswditem uses active synchronization item";

/// The type of a program's row (SWD 6.1 guide, Programs Tab).
pub const DEPENDENT: &str = "DependentChild";
/// The type of every other row; the guide names none.
pub const PLAIN: &str = "Reference";

/// The type that goes with a hint.
pub fn type_of(hint: &str) -> &'static str {
    if hint == PROGRAM { DEPENDENT } else { PLAIN }
}

/// One reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefRow {
    /// Its number; a later row has a higher one.
    pub id: u64,
    /// The item that refers.
    pub parent: Guid,
    /// The item that is referred to.
    pub child: Guid,
    /// What the relation is.
    pub hint: String,
    /// How close it is.
    pub kind: String,
    /// When the row appeared.
    pub created_at: String,
    /// When it last changed.
    pub modified_at: String,
}

/// Adds a reference, unless it is there.
///
/// # Errors
/// When one of the two items is not there, or SQLite refuses.
pub fn add(sql: &Connection, parent: Guid, child: Guid, hint: &str, now: &str) -> Result<(), StoreError> {
    sql.prepare_cached(
        "INSERT INTO refs (parent, child, hint, type, created_at, modified_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (parent, hint, child) DO NOTHING",
    )?
    .execute(params![parent.to_string(), child.to_string(), hint, type_of(hint), now])?;
    Ok(())
}

/// Takes a reference away.
///
/// # Errors
/// When SQLite refuses.
pub fn remove(sql: &Connection, parent: Guid, child: Guid, hint: &str) -> Result<(), StoreError> {
    sql.prepare_cached("DELETE FROM refs WHERE parent = ?1 AND hint = ?2 AND child = ?3")?.execute(params![
        parent.to_string(),
        hint,
        child.to_string()
    ])?;
    Ok(())
}

/// Takes away every reference to an item.
///
/// # Errors
/// When SQLite refuses.
pub fn remove_to(sql: &Connection, child: Guid) -> Result<(), StoreError> {
    sql.prepare_cached("DELETE FROM refs WHERE child = ?1")?.execute([child.to_string()])?;
    Ok(())
}

/// Dates the references from and to an item anew, after it got another GUID (SEQ-1).
///
/// # Errors
/// When SQLite refuses.
pub fn touch(sql: &Connection, guid: Guid, now: &str) -> Result<(), StoreError> {
    sql.prepare_cached("UPDATE refs SET modified_at = ?2 WHERE parent = ?1 OR child = ?1")?
        .execute(params![guid.to_string(), now])?;
    Ok(())
}

/// What an item refers to, as `(hint, child)`.
///
/// # Errors
/// When SQLite refuses.
pub fn children(sql: &Connection, parent: Guid) -> Result<Vec<(String, Guid)>, StoreError> {
    let mut query = sql.prepare_cached("SELECT hint, child FROM refs WHERE parent = ?1 ORDER BY hint, child")?;
    let mut rows = query.query([parent.to_string()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get(0)?, guid_of(&row.get::<_, String>(1)?)?));
    }
    Ok(found)
}

/// A reference, seen from one end: the item at the other end, the hint and the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The item at the other end.
    pub item: Named,
    /// What the relation is.
    pub hint: String,
    /// How close it is.
    pub kind: String,
}

/// Which end of a reference to look from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// From the item that refers: what does it refer to?
    Parent,
    /// From the item that is referred to: what refers to it?
    Child,
}

/// The references of an item, seen from one end, by hint, name and GUID; at most `limit`.
///
/// # Errors
/// When SQLite refuses.
pub fn ends(sql: &Connection, guid: Guid, from: From, limit: u64) -> Result<Vec<End>, StoreError> {
    let mut query = sql.prepare_cached(match from {
        From::Parent => {
            "SELECT i.guid, i.kind, i.name, i.folder, i.package, r.hint, r.type FROM refs r JOIN items i ON i.guid = r.child
             WHERE r.parent = ?1 ORDER BY r.hint, i.name, i.guid LIMIT ?2"
        }
        From::Child => {
            "SELECT i.guid, i.kind, i.name, i.folder, i.package, r.hint, r.type FROM refs r JOIN items i ON i.guid = r.parent
             WHERE r.child = ?1 ORDER BY r.hint, i.name, i.guid LIMIT ?2"
        }
    })?;
    let mut rows = query.query(params![guid.to_string(), whole(limit)?])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(End { item: read_named(row)?, hint: row.get(5)?, kind: row.get(6)? });
    }
    Ok(found)
}

/// Which references to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Those of this parent.
    pub parent: Option<Guid>,
    /// Those of this child.
    pub child: Option<Guid>,
    /// Those of this hint.
    pub hint: Option<&'a str>,
    /// Those with a higher number.
    pub after: u64,
    /// At most so many.
    pub limit: u64,
}

/// The references that pass a filter, by number.
///
/// # Errors
/// When SQLite refuses.
pub fn list(sql: &Connection, filter: Filter<'_>) -> Result<Vec<RefRow>, StoreError> {
    let mut query = sql.prepare_cached(
        "SELECT id, parent, child, hint, type, created_at, modified_at FROM refs
         WHERE id > ?1 AND (?2 IS NULL OR parent = ?2) AND (?3 IS NULL OR child = ?3) AND (?4 IS NULL OR hint = ?4)
         ORDER BY id LIMIT ?5",
    )?;
    let mut rows = query.query(params![
        whole(filter.after)?,
        filter.parent.map(|guid| guid.to_string()),
        filter.child.map(|guid| guid.to_string()),
        filter.hint,
        whole(filter.limit)?,
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<RefRow, StoreError> {
    Ok(RefRow {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        parent: guid_of(&row.get::<_, String>(1)?)?,
        child: guid_of(&row.get::<_, String>(2)?)?,
        hint: row.get(3)?,
        kind: row.get(4)?,
        created_at: row.get(5)?,
        modified_at: row.get(6)?,
    })
}
