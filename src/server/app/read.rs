//! Reading items and their references.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::item::Item;
use crate::server::app::items::find;
use crate::server::app::items::missing;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::items::Named;
use crate::server::store::meta;
use crate::server::store::refs;
use crate::server::store::refs::End;
use crate::server::store::refs::Filter;
use crate::server::store::refs::From;

/// The most references that are listed of one item, to each side.
const ENDS_MAX: u64 = 100_000;

/// Who an item is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Who {
    /// Its GUID.
    pub guid: Guid,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// A folder, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FolderName {
    /// Its GUID.
    pub guid: Guid,
    /// Its name.
    pub name: String,
}

/// A reference, seen from one end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OtherEnd {
    /// What the relation is.
    pub hint: String,
    /// How close it is.
    #[serde(rename = "type")]
    pub close: String,
    /// The item at the other end.
    #[serde(flatten)]
    pub item: Who,
}

/// An item, its folder, and what it is tied to (COL-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ties {
    /// The item.
    pub item: Who,
    /// Its folder.
    pub folder: Option<FolderName>,
    /// What it refers to.
    pub refers_to: Vec<OtherEnd>,
    /// What refers to it.
    pub referred_to_by: Vec<OtherEnd>,
}

/// A row of references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceRow {
    /// Its number.
    pub id: u64,
    /// The item that refers.
    pub parent: Guid,
    /// The item that is referred to.
    pub child: Guid,
    /// What the relation is.
    pub hint: String,
    /// How close it is.
    #[serde(rename = "type")]
    pub close: String,
    /// When the row appeared.
    pub created_at: String,
    /// When it last changed.
    pub modified_at: String,
}

impl App {
    /// The item with this GUID.
    ///
    /// # Errors
    /// `not_found`, with the GUID that took its place, if one did (SEQ-1).
    pub fn item(&self, guid: Guid) -> Result<Item, Refused> {
        self.store().read(|sql| find(sql, guid))
    }

    /// The items of a kind, or of a name, or both, each as JSON, by kind and GUID.
    ///
    /// # Errors
    /// When the store fails.
    pub fn items(&self, kind: Option<Kind>, name: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.store().read(|sql| items::find(sql, kind.map(Kind::name), name))
    }

    /// Every item, hidden ones too, by kind and GUID.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all_items(&self) -> Result<Vec<Item>, StoreError> {
        self.store().read(|sql| {
            let mut found = Vec::new();
            items::each(sql, true, |json| {
                found.push(Item::stored(json)?);
                Ok::<_, StoreError>(())
            })?;
            Ok(found)
        })
    }

    /// The number of the last change.
    ///
    /// # Errors
    /// When the store fails.
    pub fn state(&self) -> Result<u64, StoreError> {
        self.store().read(|sql| meta::number(sql, "sequence"))
    }

    /// What the server is called.
    ///
    /// # Errors
    /// When the store fails.
    pub fn name(&self) -> Result<String, StoreError> {
        Ok(self.store().read(|sql| meta::get(sql, "name"))?.unwrap_or_default())
    }

    /// An item, its folder, and what it is tied to (COL-3).
    ///
    /// # Errors
    /// `not_found`.
    pub fn ties(&self, guid: Guid) -> Result<Ties, Refused> {
        self.store().read(|sql| {
            let Some(item) = items::named(sql, guid)? else { return Err(missing(sql, guid)?) };
            let folder = match item.folder {
                Some(folder) => items::named(sql, folder)?.map(|at| FolderName { guid: at.guid, name: at.name }),
                None => None,
            };
            let side = |from| -> Result<Vec<OtherEnd>, Refused> {
                refs::ends(sql, guid, from, ENDS_MAX)?.into_iter().map(|end| Ok(other_end(end)?)).collect()
            };
            let (refers_to, referred_to_by) = (side(From::Parent)?, side(From::Child)?);
            Ok(Ties { item: who(item)?, folder, refers_to, referred_to_by })
        })
    }

    /// Rows of references that pass a filter, by number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn references(&self, filter: Filter<'_>) -> Result<Vec<ReferenceRow>, StoreError> {
        let rows = self.store().read(|sql| refs::list(sql, filter))?;
        let shown = |row: refs::RefRow| ReferenceRow {
            id: row.id,
            parent: row.parent,
            child: row.child,
            hint: row.hint,
            close: row.kind,
            created_at: row.created_at,
            modified_at: row.modified_at,
        };
        Ok(rows.into_iter().map(shown).collect())
    }
}

fn who(item: Named) -> Result<Who, StoreError> {
    Ok(Who { guid: item.guid, kind: Kind::stored(&item.kind)?, name: item.name })
}

fn other_end(end: End) -> Result<OtherEnd, StoreError> {
    Ok(OtherEnd { hint: end.hint, close: end.kind, item: who(end.item)? })
}
