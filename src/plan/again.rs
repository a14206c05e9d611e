//! The consequences of a stored plan, worked out again over what a server holds now.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::diff::normalise;
use crate::model::collection::Query;
use crate::model::fleet::Fleet;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::project::Policy;
use crate::plan::Change;
use crate::plan::Consequence;
use crate::plan::Finding;
use crate::plan::Plan;
use crate::plan::consequences;
use crate::plan::consequences::Computers;
use crate::plan::consequences::World;
use crate::plan::consequences::no_fleet;
use crate::plan::estate;
use crate::plan::guard;
use crate::reach::Evaluated;
use crate::reach::Reach;

/// What a stored plan leads to by what was read now, and whom of the protected it would newly reach (PLN-10): findings
/// that block are errors. `observed` is afterwards in the plan's words.
///
/// Its changes are taken as they stand: whether the items that they are about have moved is what preconditions tell.
pub fn judged(
    plan: &Plan,
    observed: &mut Observed,
    computers: Computers<'_>,
    now: Timestamp,
    policy: &Policy,
) -> (Vec<Consequence>, Vec<Finding>) {
    in_the_words_of(plan, observed);
    let befores = befores(plan, observed);
    let live = estate::instead(observed, &befores);
    let planned = live.after(consequences::fates(&plan.resource_changes));
    let empty = no_fleet();
    let world = World::new(&plan.resource_changes, &live, &planned, computers, &empty, now);
    (consequences::of(&world).0, guard::protected(policy, &world))
}

/// The queries of collections that no server has stored yet: whom they find is to be asked. `observed` is afterwards in
/// the plan's words.
pub fn questions(plan: &Plan, observed: &mut Observed, fleet: &Fleet) -> Vec<Query> {
    in_the_words_of(plan, observed);
    let befores = befores(plan, observed);
    let live = estate::instead(observed, &befores);
    let planned = live.after(consequences::fates(&plan.resource_changes));
    Reach::new(&planned, &live, fleet, &Evaluated::new()).unanswered()
}

/// By place among the observed: what is changed is taken as the plan has it, so that the changes fit.
fn befores(plan: &Plan, observed: &Observed) -> Vec<Option<Item>> {
    let changed: HashMap<Guid, &Change> =
        plan.resource_changes.iter().filter_map(|change| Some((change.guid?, change))).collect();
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
    let mut renames: BTreeMap<ItemKey, ItemKey> = BTreeMap::new();
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
            live.item.spec.visit_references(&mut |slot| {
                let key =
                    ItemKey { kind: slot.kind, package: slot.package.map(str::to_owned), name: slot.name.clone() };
                if let Some(renamed) = renames.get(&key) {
                    slot.name.clone_from(&renamed.name);
                }
            });
        }
        normalise(&mut live.item);
    }
}
