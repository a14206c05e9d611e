//! What a plan must still find, tied to what it changes: no write goes over what nobody looked at, and none leaves what
//! the project owns.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::guid::Guid;
use crate::model::item::Attribute;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::project::ServerConfig;
use crate::model::site::is_within;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::plan::Precondition;
use crate::plan::Reason;
use crate::plan::checker::Unsound;

/// Checks that each change has the precondition of its item, and that no other is there but for what the changes need.
pub(super) fn check(plan: &Plan) -> Result<(), Unsound> {
    let preconditions = by_key(plan.preconditions.iter().map(|one| (&one.key, one)))?;
    let changes = by_key(plan.resource_changes.iter().map(|change| (&change.key, change)))?;
    let directory = by_key(plan.directory.iter().map(|named| (&named.key, named.guid)))?;
    let mut guids: BTreeSet<Guid> = BTreeSet::new();
    for change in &plan.resource_changes {
        if change.guid.is_some_and(|guid| !guids.insert(guid)) {
            return Err(Unsound::Twice(change.address.clone()));
        }
        let known = preconditions.get(&change.key).is_some_and(|one| is_of(one, change));
        let is_named_so = directory.get(&change.key).is_none_or(|guid| Some(*guid) == change.guid);
        if !known || !is_named_so {
            return Err(Unsound::Untied(change.address.clone()));
        }
        protected(change)?;
        if matches!(plan.coverage.kinds.get(&change.key.kind), Some(Coverage::NotHeld { .. })) {
            return Err(Unsound::Protected(change.address.clone()));
        }
    }
    for (key, guid) in &directory {
        if preconditions.get(key).is_none_or(|one| one.guid != Some(*guid)) {
            return Err(Unsound::Untied(key.to_string()));
        }
    }
    for (key, one) in &preconditions {
        // What is no change is there: what they refer to by its name, and what that is made of as it was.
        let is_there = one.guid.is_some() && (directory.contains_key(key) || one.revision.is_some());
        if !changes.contains_key(key) && !is_there {
            return Err(Unsound::Stray(key.to_string()));
        }
    }
    let is_read =
        |kind: &Kind| matches!(plan.coverage.kinds.get(kind), Some(Coverage::Observed | Coverage::NotHeld { .. }));
    if plan.complete && !Kind::ALL.iter().all(is_read) {
        return Err(Unsound::Complete);
    }
    Ok(())
}

/// Whether it says of the item of a change what was seen when the change was made: that it is there, in one revision,
/// or that it is not.
fn is_of(one: &Precondition, change: &Change) -> bool {
    let is_there = change.action() != Action::Create;
    let has_revision = one.revision.as_ref().is_some_and(|revision| !revision.is_empty());
    one.guid == change.guid && one.guid.is_some() == is_there && has_revision == is_there
}

/// PLN-5, and that only what nobody declares is deleted.
fn protected(change: &Change) -> Result<(), Unsound> {
    let has = |attribute| change.before.as_ref().is_some_and(|before| before.attributes.contains(&attribute));
    let may = match change.action() {
        Action::Create => true,
        Action::Update | Action::Replace => !has(Attribute::ReadOnly),
        Action::Delete => {
            let for_its_reason = change.action_reason == Reason::DeleteBecauseNoManifest;
            for_its_reason && !change.key.kind.is_singleton() && !has(Attribute::ReadOnly) && !has(Attribute::NoDelete)
        }
    };
    if may { Ok(()) } else { Err(Unsound::Protected(change.address.clone())) }
}

fn by_key<'a, T>(all: impl Iterator<Item = (&'a ItemKey, T)>) -> Result<BTreeMap<&'a ItemKey, T>, Unsound> {
    let mut out = BTreeMap::new();
    for (key, value) in all {
        if out.insert(key, value).is_some() {
            return Err(Unsound::Twice(key.to_string()));
        }
    }
    Ok(out)
}

/// Checks a plan against what a project owns on its server today: it deletes only where the project prunes, and writes
/// and deletes inside of the owned folders alone (PLN-7).
///
/// A program lies where its package does. A package that the plan does not change is known by its GUID only; then it is
/// the precondition on it that holds the program there.
///
/// # Errors
/// The first change that is not the project's to make.
pub fn within(plan: &Plan, config: &ServerConfig) -> Result<(), Unsound> {
    let packages: BTreeMap<&str, &Change> = plan
        .resource_changes
        .iter()
        .filter(|change| change.key.kind == Kind::Package)
        .map(|change| (change.key.name.as_str(), change))
        .collect();
    for change in &plan.resource_changes {
        if change.action() == Action::Delete && !config.prune {
            return Err(Unsound::NoPrune(change.address.clone()));
        }
        let package = change.key.package.as_deref().and_then(|package| packages.get(package).copied());
        let of = package.unwrap_or(change);
        for state in [&of.before, &of.after].into_iter().flatten() {
            if !is_owned(state, &config.folders, change.action()) {
                return Err(Unsound::Elsewhere(change.address.clone()));
            }
        }
    }
    Ok(())
}

/// Whether an item lies where the project may write. An owned folder itself is its ground, and is not deleted.
fn is_owned(item: &Item, owned: &[String], action: Action) -> bool {
    let place = match item.key.kind {
        Kind::Folder if action == Action::Delete && owned.contains(&item.key.name) => return false,
        Kind::Folder => &item.key.name,
        Kind::Program => return true,
        kind if kind.is_singleton() => return true,
        _ => match &item.folder {
            Some(folder) => folder,
            None => return false,
        },
    };
    owned.iter().any(|root| is_within(place, root))
}
