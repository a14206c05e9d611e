//! What a server would hold after a plan, from what it holds now.

use std::collections::BTreeMap;

use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::observed::Observed;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::reach::Estate;
use crate::reach::Fate;

/// What a server holds, with some items said otherwise: by place among the observed, what stands instead. What stands
/// instead goes before anything else of its name.
pub(super) fn instead<'a>(observed: &'a Observed, instead: &'a [Option<Item>]) -> Estate<'a> {
    let both = || observed.items.iter().zip(instead);
    let as_they_are = both().filter(|(_, other)| other.is_none()).map(|(live, _)| (live.guid, &live.item));
    let others = both().filter_map(|(live, other)| Some((live.guid, other.as_ref()?)));
    Estate::of_items(as_they_are.chain(others))
}

/// What was read, with the references as they would be called after the plan: an item that it renames takes them along.
pub fn renamed(observed: &Observed, plan: &Plan) -> Observed {
    let live: BTreeMap<Guid, &ItemKey> = observed.items.iter().map(|one| (one.guid, &one.item.key)).collect();
    let renames: BTreeMap<ItemKey, &ItemKey> = plan
        .resource_changes
        .iter()
        .filter_map(|change| {
            let before = *live.get(&change.guid?)?;
            (*before != change.key && change.action() != Action::Delete).then(|| (before.clone(), &change.key))
        })
        .collect();
    let mut out = observed.clone();
    if renames.is_empty() {
        return out;
    }
    for one in &mut out.items {
        one.item.spec.visit_references(&mut |slot| {
            let package = slot.package.map(str::to_owned);
            let key = ItemKey { kind: slot.kind, package, name: slot.name.clone() };
            if let Some(after) = renames.get(&key) {
                slot.name.clone_from(&after.name);
            }
        });
        // A program is called after its package.
        let package = one.item.key.package.as_ref();
        let package = package.and_then(|name| renames.get(&ItemKey::new(crate::model::kind::Kind::Package, name)));
        if let Some(after) = package {
            one.item.key.package = Some(after.name.clone());
        }
    }
    out
}

/// What becomes of the items of what [`renamed`] gave, in the order of the plan.
pub fn fates<'a>(observed: &Observed, plan: &'a Plan) -> Vec<(ItemKey, Fate<'a>)> {
    let live: BTreeMap<Guid, &ItemKey> = observed.items.iter().map(|one| (one.guid, &one.item.key)).collect();
    plan.resource_changes.iter().filter_map(|change| fate(change, &live)).collect()
}

fn fate<'a>(change: &'a Change, live: &BTreeMap<Guid, &ItemKey>) -> Option<(ItemKey, Fate<'a>)> {
    let called = change.guid.and_then(|guid| live.get(&guid)).map_or(&change.key, |key| *key);
    let fate = match (change.action(), &change.after, change.guid) {
        (Action::Delete, _, _) => Fate::Gone,
        (Action::Update, Some(after), Some(guid)) => Fate::Says(guid, after),
        (_, Some(after), _) => Fate::New(after), // A replaced one gets a GUID that nobody knows yet (SEQ-1).
        (_, None, _) => return None,
    };
    Some((called.clone(), fate))
}
