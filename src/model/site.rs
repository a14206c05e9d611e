//! A whole site: everything that a project declares.

use std::collections::BTreeMap;

use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// Everything a project declares for one server, by key.
///
/// Invariants: an item's key equals its place in the map; programs are items of their own and no package holds any
/// (PRG-13); each folder that items name below an owned one is there, declared or implied; names are what the
/// manifests say after variables and overlays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// The items.
    pub items: BTreeMap<ItemKey, Item>,
}

impl Site {
    /// The item with this key.
    pub fn get(&self, key: &ItemKey) -> Option<&Item> {
        self.items.get(key)
    }

    /// The items of one kind, by package and name.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Item> {
        // Keys order by kind first, and a kind's first key has no package and no name.
        let first = ItemKey { kind, package: None, name: String::new() };
        self.items.range(first..).map(|(_, item)| item).take_while(move |item| item.key.kind == kind)
    }

    /// Puts an item in its place.
    pub fn insert(&mut self, item: Item) -> Option<Item> {
        self.items.insert(item.key.clone(), item)
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// Whether `path` is `folder` or lies below it. Paths are compared part by part, exactly.
pub fn is_within(path: &str, folder: &str) -> bool {
    path == folder || (path.len() > folder.len() && path.starts_with(folder) && path.as_bytes()[folder.len()] == b'/')
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_folder_is_within_itself_and_what_is_above_but_not_beside() {
        assert!(is_within("A", "A"));
        assert!(is_within("A/B", "A"));
        assert!(!is_within("AB", "A"));
        assert!(!is_within("A", "A/B"));
    }
}
