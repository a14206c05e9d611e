//! What a server would hold after a plan, from what it holds now.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::diff::base_name;
use crate::diff::normalise;
use crate::diff::rename_references;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::plan::consequences;
use crate::reach::Estate;

/// What a server holds, with some items said otherwise: by place among the observed, what stands instead. What stands
/// instead goes before anything else of its name.
pub(super) fn instead<'a>(observed: &'a Observed, instead: &'a [Option<Item>]) -> Estate<'a> {
    let both = || observed.items.iter().zip(instead);
    let as_they_are = both().filter(|(_, other)| other.is_none()).map(|(live, _)| (live.guid, &live.item));
    let others = both().filter_map(|(live, other)| Some((live.guid, other.as_ref()?)));
    Estate::of_items(as_they_are.chain(others))
}

/// Which steps of a plan an earlier run of it made, by their numbers.
pub type Done = BTreeSet<u32>;

/// A stored plan, or what is left of it, over what a server holds by now.
///
/// Its changes are taken as they stand: whether the items that they are about have moved is what preconditions tell.
/// Items are called as the plan calls them, in keys and references.
pub struct Laid<'p> {
    observed: Observed,
    befores: Vec<Option<Item>>,
    changes: Cow<'p, [Change]>,
}

impl<'p> Laid<'p> {
    /// Lays it. Changes of which every step was made are among what is there; one of which only some were is taken as
    /// if none had been.
    pub fn new(plan: &'p Plan, mut observed: Observed, done: &Done) -> Self {
        in_the_words_of(plan, &mut observed);
        let changes = left(plan, done);
        // What was made of an item that is not made whole does nothing yet, and comes with the rest of it. It may be
        // there although the answer that says so was lost; one of somebody else's is what preconditions tell.
        let known: BTreeSet<Guid> = plan.directory.iter().map(|named| named.guid).collect();
        let made: HashMap<&ItemKey, &Item> = (changes.iter())
            .filter(|change| change.action() == Action::Create)
            .filter_map(|change| Some((&change.key, change.after.as_ref()?)))
            .collect();
        let is_half = |live: &ObservedItem| {
            let key = ItemKey { name: base_name(live).to_owned(), ..live.item.key.clone() };
            let after = made.get(&key).filter(|after| after.folder == live.item.folder);
            after.is_some() && !known.contains(&live.guid)
        };
        if !made.is_empty() {
            observed.items.retain(|live| !is_half(live));
        }
        let befores = befores(&changes, &observed);
        Self { observed, befores, changes }
    }

    /// The changes that are left.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What there is.
    pub fn live(&self) -> Estate<'_> {
        instead(&self.observed, &self.befores)
    }

    /// What there would be.
    pub fn planned(&self) -> Estate<'_> {
        self.live().after(consequences::fates(&self.changes))
    }
}

/// The changes of which not every step was made.
fn left<'p>(plan: &'p Plan, done: &Done) -> Cow<'p, [Change]> {
    if done.is_empty() {
        return Cow::Borrowed(&plan.resource_changes);
    }
    let open: BTreeSet<usize> =
        plan.steps.iter().filter(|step| !done.contains(&step.id)).map(|step| step.change).collect();
    let changes = plan.resource_changes.iter().enumerate();
    Cow::Owned(changes.filter(|(at, _)| open.contains(at)).map(|(_, change)| change.clone()).collect())
}

/// By place among the observed: what is changed is taken as the plan has it, so that the changes fit.
fn befores(changes: &[Change], observed: &Observed) -> Vec<Option<Item>> {
    let changed: HashMap<Guid, &Change> = changes.iter().filter_map(|change| Some((change.guid?, change))).collect();
    let before = |live: &ObservedItem| {
        let change = changed.get(&live.guid)?;
        change.before.clone().map(|item| Item { key: change.key.clone(), ..item })
    };
    observed.items.iter().map(before).collect()
}

/// Calls items as the plan does, in keys and references.
fn in_the_words_of(plan: &Plan, observed: &mut Observed) {
    let named = plan.directory.iter().map(|named| (named.guid, &named.key));
    let changed = plan.resource_changes.iter().filter_map(|change| Some((change.guid?, &change.key)));
    let words: HashMap<Guid, &ItemKey> = named.chain(changed).collect();
    let mut renames: HashMap<ItemKey, ItemKey> = HashMap::new();
    for live in &mut observed.items {
        if let Some(key) = words.get(&live.guid)
            && live.item.key != **key
        {
            renames.insert(live.item.key.clone(), (*key).clone());
            live.item.key = (*key).clone();
        }
    }
    for live in &mut observed.items {
        if !renames.is_empty() {
            rename_references(&mut live.item, &renames);
            // A program is called after its package.
            let package = live.item.key.package.as_ref();
            let package = package.and_then(|name| renames.get(&ItemKey::new(Kind::Package, name)));
            if let Some(after) = package {
                live.item.key.package = Some(after.name.clone());
            }
        }
        normalise(&mut live.item);
    }
}
