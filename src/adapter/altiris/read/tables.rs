//! What the rows of reports say, pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::adapter::altiris::wire::table::Table;
use crate::adapter::altiris::wire::value;
use crate::adapter::altiris::wire::xml::Node;
use crate::model::guid::Guid;

use super::methods::is_intersect;
use super::raw::CollectionShown;
use super::raw::Permission;
use super::raw::Raw;
use super::raw::RawFolder;
use super::raw::Target;
use super::reports::guid_in;
use super::reports::text_in;

/// The hint of a computer that a collection lists. Assumed: no document has it.
pub const LISTED: &str = "collectionincludesresource";
/// The hint of a collection that one excludes. Assumed: no document has it.
pub const EXCLUDED: &str = "collectionexcludescollection";

/// Rights by item. Half of them would read as others taken away: a row that cannot be read spoils all.
///
/// # Errors
/// When a row cannot be read.
pub fn rights(table: &Table) -> Result<BTreeMap<Guid, BTreeSet<Permission>>, String> {
    let mut rights: BTreeMap<Guid, BTreeSet<Permission>> = BTreeMap::new();
    for row in &table.rows {
        let item = guid_in(row, "ItemGuid")?.ok_or("a right is on no item")?;
        let permission = guid_in(row, "PermissionGuid")?.ok_or("a right is none")?;
        let inherited = value::boolean(&text_in(row, "Inherited"))?;
        let permission = Permission { trustee: text_in(row, "TrusteeName"), permission, inherited };
        rights.entry(item).or_default().insert(permission);
    }
    Ok(rights)
}

fn own(row: &Node) -> Result<Guid, String> {
    guid_in(row, "Guid")?.ok_or_else(|| "a row has no GUID".to_owned())
}

/// What the report of collections shows of each: its name, and the rest.
///
/// # Errors
/// When a row cannot be read.
pub fn collections_shown(table: &Table) -> Result<BTreeMap<Guid, (String, CollectionShown)>, String> {
    let mut found = BTreeMap::new();
    for row in &table.rows {
        let auto_update = text_in(row, "AutoUpdate");
        let auto_update = !auto_update.is_empty() && value::boolean(&auto_update)?;
        let (description, query) = (text_in(row, "Description"), text_in(row, "SqlQuery"));
        found.insert(own(row)?, (text_in(row, "Name"), CollectionShown { description, query, auto_update }));
    }
    Ok(found)
}

/// Folder and attributes of each item.
///
/// # Errors
/// When a row cannot be read.
pub fn places(table: &Table) -> Result<BTreeMap<Guid, (Option<Guid>, String)>, String> {
    let mut found = BTreeMap::new();
    for row in &table.rows {
        found.insert(own(row)?, (guid_in(row, "ParentFolderGuid")?, text_in(row, "Attributes")));
    }
    Ok(found)
}

/// The folders by GUID.
///
/// # Errors
/// When a row cannot be read.
pub fn folders_shown(table: &Table) -> Result<BTreeMap<Guid, RawFolder>, String> {
    let mut found = BTreeMap::new();
    for row in &table.rows {
        let folder = RawFolder {
            name: text_in(row, "Name"),
            parent: guid_in(row, "ParentFolderGuid")?,
            description: text_in(row, "Description"),
            attributes: text_in(row, "Attributes"),
        };
        found.insert(own(row)?, folder);
    }
    Ok(found)
}

/// The targets by GUID: each is a collection where it is one filter that takes that collection and nothing else.
///
/// # Errors
/// When a row cannot be read.
pub fn targets_shown(filters: &Table, collections: &Table, names: &Table) -> Result<BTreeMap<Guid, Target>, String> {
    let mut of_filter: BTreeMap<Guid, Vec<Guid>> = BTreeMap::new();
    for row in &collections.rows {
        if let (Some(filter), Some(collection)) = (guid_in(row, "TargetFilterGuid")?, guid_in(row, "CollectionGuid")?) {
            of_filter.entry(filter).or_default().push(collection);
        }
    }
    let mut of_target: BTreeMap<Guid, Vec<Option<Guid>>> = BTreeMap::new();
    let mut uses: BTreeMap<Guid, BTreeSet<Guid>> = BTreeMap::new();
    for row in &filters.rows {
        let Some(target) = guid_in(row, "ResourceTargetGuid")? else { continue };
        uses.entry(target).or_default().extend(of_filter.get(&own(row)?).into_iter().flatten());
        let only = match of_filter.get(&own(row)?).map(Vec::as_slice) {
            Some([collection]) if is_intersect(text_in(row, "Operation").trim()) => Some(*collection),
            _ => None,
        };
        of_target.entry(target).or_default().push(only);
    }
    let mut found = BTreeMap::new();
    for row in &names.rows {
        let guid = own(row)?;
        let collection = match of_target.get(&guid).map(Vec::as_slice) {
            Some([only]) => *only,
            _ => None,
        };
        let uses = uses.remove(&guid).unwrap_or_default();
        found.insert(guid, Target { name: text_in(row, "Name"), collection, uses });
    }
    Ok(found)
}

/// Collections by the words for relations of theirs that nobody described.
pub type Undescribed = BTreeMap<String, BTreeSet<Guid>>;

impl Raw {
    /// Takes in what collections refer to, and gives back what they refer to in a way that nobody described, and the hints
    /// that there are.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub fn links(&mut self, table: &Table) -> Result<(Undescribed, BTreeSet<String>), String> {
        let mut rows = Vec::with_capacity(table.rows.len());
        for row in &table.rows {
            let (parent, child) = (guid_in(row, "ParentItemGuid")?, guid_in(row, "ChildItemGuid")?);
            let (Some(parent), Some(child)) = (parent, child) else { continue };
            rows.push((parent, child, text_in(row, "Hint").trim().to_ascii_lowercase()));
        }
        let hints = rows.iter().map(|(_, _, hint)| hint.clone()).collect();
        let mut undescribed = Undescribed::new();
        for (parent, child, hint) in rows {
            let Some(collection) = self.collections.get_mut(&parent) else { continue };
            let into = match hint.as_str() {
                "collectionincludescollection" => &mut collection.include,
                EXCLUDED => &mut collection.exclude,
                LISTED => &mut collection.members,
                "collectionexcludesresource" => &mut collection.not_members,
                _ => {
                    undescribed.entry(hint).or_default().insert(parent);
                    continue;
                }
            };
            into.insert(child);
        }
        Ok((undescribed, hints))
    }

    /// Forgets what these refer to.
    pub fn unlink(&mut self, collections: &BTreeSet<Guid>) {
        for guid in collections {
            if let Some(collection) = self.collections.get_mut(guid) {
                collection.include.clear();
                collection.exclude.clear();
                collection.members.clear();
                collection.not_members.clear();
            }
        }
    }
}
