//! What must still hold when a plan is applied.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::diff::Pairing;
use crate::model::guid::Guid;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::ObservedItem;
use crate::plan::Change;
use crate::plan::Named;
use crate::plan::Precondition;
use crate::plan::hold;
use crate::plan::make::Input;

/// What the names in the changes stand for, as far as it is there.
pub(super) fn directory(input: &Input<'_>, pairing: &Pairing<'_>, changes: &[Change]) -> Vec<Named> {
    let mut live: BTreeMap<&ItemKey, usize> = BTreeMap::new();
    if changes.is_empty() {
        return Vec::new();
    }
    let paired: BTreeSet<usize> = pairing.pairs.values().copied().collect();
    for (at, item) in input.observed.items.iter().enumerate() {
        // A declared item is only what it is paired with.
        if !paired.contains(&at) && !input.site.items.contains_key(&item.item.key) {
            live.insert(&item.item.key, at);
        }
    }
    live.extend(pairing.pairs.iter().map(|(key, at)| (*key, *at)));
    let mut needed: BTreeSet<ItemKey> = BTreeSet::new();
    for change in changes {
        for state in [&change.before, &change.after].into_iter().flatten() {
            needed.extend(hold::needs(state));
        }
    }
    needed
        .into_iter()
        .filter_map(|key| {
            let guid = input.observed.items[*live.get(&key)?].guid;
            Some(Named { key, guid })
        })
        .collect()
}

/// What must still hold when the plan is applied: each changed item as it was, each needed one there, and each
/// collection that a change reaches computers by as it was, with all that it is made of.
pub(super) fn preconditions(
    input: &Input<'_>,
    changes: &[Change],
    revisions: &BTreeMap<ItemKey, String>,
    directory: &[Named],
) -> Vec<Precondition> {
    let mut out: BTreeMap<ItemKey, Precondition> = BTreeMap::new();
    for named in directory {
        let (key, guid) = (named.key.clone(), Some(named.guid));
        out.insert(key.clone(), Precondition { key, guid, revision: None });
    }
    let needed: Vec<Guid> =
        directory.iter().filter(|named| named.key.kind == Kind::Collection).map(|named| named.guid).collect();
    let names: HashMap<Guid, &ItemKey> = directory.iter().map(|named| (named.guid, &named.key)).collect();
    let changed: BTreeSet<Guid> = changes.iter().filter_map(|change| change.guid).collect();
    for live in made_of(input, needed).into_iter().filter(|live| !changed.contains(&live.guid)) {
        let key = names.get(&live.guid).copied().unwrap_or(&live.item.key).clone();
        let (guid, revision) = (Some(live.guid), Some(live.revision.clone()));
        out.insert(key.clone(), Precondition { key, guid, revision });
    }
    for change in changes {
        let (key, guid) = (change.key.clone(), change.guid);
        let revision = revisions.get(&key).cloned();
        out.insert(key.clone(), Precondition { key, guid, revision });
    }
    out.into_values().collect()
}

/// These live collections, and all that they include, exclude or are limited to.
fn made_of<'a>(input: &'a Input<'_>, mut open: Vec<Guid>) -> Vec<&'a ObservedItem> {
    if open.is_empty() {
        return Vec::new();
    }
    let collections = || input.observed.items.iter().filter(|live| live.item.key.kind == Kind::Collection);
    let by_guid: HashMap<Guid, &ObservedItem> = collections().map(|live| (live.guid, live)).collect();
    let by_name: HashMap<&str, Guid> = collections().map(|live| (live.item.key.name.as_str(), live.guid)).collect();
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    while let Some(guid) = open.pop() {
        let Some(live) = by_guid.get(&guid).filter(|_| seen.insert(guid)) else { continue };
        out.push(*live);
        if let Spec::Collection(collection) = &live.item.spec {
            let parts = collection.include.iter().chain(&collection.exclude).chain(&collection.limited_to);
            open.extend(parts.filter_map(|name| by_name.get(name.as_str())));
        }
    }
    out
}
