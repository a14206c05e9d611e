//! What is there, against what is to be there: before the first step, and after the last.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::apply::NotStored;
use crate::apply::Outcome;
use crate::apply::journal::Earlier;
use crate::diff::FieldChange;
use crate::diff::Marks;
use crate::diff::base_name;
use crate::diff::compare;
use crate::diff::normalise;
use crate::diff::password;
use crate::diff::rename_references;
use crate::model::capabilities::Capabilities;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::plan::Change;
use crate::plan::Plan;
use crate::plan::capability;
use crate::plan::step::StepAction;
use crate::plan::step::state_after;

/// What moved since the plan was made; empty when the plan still holds.
pub(super) fn moved(plan: &Plan, observed: &Observed, earlier: &Earlier) -> Vec<String> {
    let by_guid: HashMap<Guid, &ObservedItem> = observed.items.iter().map(|item| (item.guid, item)).collect();
    let mut own: BTreeMap<&ItemKey, Vec<u32>> = BTreeMap::new();
    for step in &plan.steps {
        own.entry(&plan.resource_changes[step.change].key).or_default().push(step.id);
    }
    let changes: HashMap<&ItemKey, &Change> =
        plan.resource_changes.iter().map(|change| (&change.key, change)).collect();
    // Kind, package, name, folder: whatever is called so somewhere.
    let places: HashSet<Place<'_>> = observed
        .items
        .iter()
        .map(|live| {
            let key = &live.item.key;
            (key.kind, key.package.as_deref(), base_name(live), live.item.folder.as_deref())
        })
        .collect();
    let is_there = |key: &ItemKey| {
        let after = changes.get(key).and_then(|change| change.after.as_ref());
        let folder = after.and_then(|after| after.folder.as_deref());
        places.contains(&(key.kind, key.package.as_deref(), key.name.as_str(), folder))
    };
    let mut out = Vec::new();
    for precondition in &plan.preconditions {
        let steps = own.get(&precondition.key).map_or(&[][..], Vec::as_slice);
        // What an earlier run of this very plan sent, and nobody knows of, the server itself will tell apart by key.
        if steps.iter().any(|step| earlier.unknown.contains(step)) {
            continue;
        }
        let last_done = steps.iter().rev().find_map(|step| earlier.done.get(step));
        let (guid, revision) = match last_done {
            Some(made) if made.revision.is_empty() => {
                if by_guid.contains_key(&made.guid) {
                    out.push(format!("`{}` is there again", precondition.key));
                }
                continue;
            }
            Some(made) => (Some(made.guid), Some(made.revision.clone())),
            None => (precondition.guid, precondition.revision.clone()),
        };
        match guid {
            Some(guid) => match by_guid.get(&guid) {
                None => out.push(format!("`{}` is not there any more", precondition.key)),
                Some(live) => {
                    if let Some(revision) = revision
                        && live.revision != revision
                    {
                        out.push(format!(
                            "`{}` was changed (revision {revision} became {})",
                            precondition.key, live.revision
                        ));
                    }
                }
            },
            None => {
                if observed.complete(precondition.key.kind, None).is_none() {
                    out.push(format!("whether `{}` is there could not be read", precondition.key));
                } else if is_there(&precondition.key) {
                    out.push(format!("`{}` is there already", precondition.key));
                }
            }
        }
    }
    out
}

/// A kind, a package, a name and a folder.
type Place<'a> = (Kind, Option<&'a str>, &'a str, Option<&'a str>);

/// What was read back after the steps.
pub(super) struct ReadBack<'a> {
    marks: &'a Marks,
    capabilities: &'a Capabilities,
    by_guid: HashMap<Guid, ObservedItem>,
    by_key: HashMap<(ItemKey, Option<String>), Guid>,
}

impl<'a> ReadBack<'a> {
    /// Calls everything by the plan's names. `made` has the GUIDs of this run.
    pub(super) fn new(
        plan: &Plan,
        mut observed: Observed,
        made: &BTreeMap<usize, Guid>,
        marks: &'a Marks,
        capabilities: &'a Capabilities,
    ) -> Self {
        let mut desired: HashMap<Guid, &ItemKey> =
            plan.directory.iter().map(|named| (named.guid, &named.key)).collect();
        for (at, change) in plan.resource_changes.iter().enumerate() {
            if let Some(guid) = made.get(&at).copied().or(change.guid) {
                desired.insert(guid, &change.key);
            }
        }
        let mut names: HashMap<ItemKey, ItemKey> = HashMap::new();
        let mut folders: HashMap<String, String> = HashMap::new();
        for live in &observed.items {
            if let Some(key) = desired.get(&live.guid)
                && **key != live.item.key
            {
                if key.kind == Kind::Folder {
                    folders.insert(live.item.key.name.clone(), key.name.clone());
                }
                names.insert(live.item.key.clone(), (*key).clone());
            }
        }
        for live in &mut observed.items {
            rename_references(&mut live.item, &names);
            if let Some(folder) = &mut live.item.folder
                && let Some(name) = folders.get(folder)
            {
                folder.clone_from(name);
            }
            if let Some(package) = &mut live.item.key.package
                && let Some(name) = names.get(&ItemKey::new(Kind::Package, package.as_str()))
            {
                package.clone_from(&name.name);
            }
            live.item.key.name = base_name(live).to_owned();
            normalise(&mut live.item);
        }
        let by_key = observed.items.iter().map(|live| (place(&live.item), live.guid)).collect();
        let by_guid = observed.items.into_iter().map(|live| (live.guid, live)).collect();
        Self { marks, capabilities, by_guid, by_key }
    }

    /// Whether an item is there.
    pub(super) fn has(&self, guid: Guid) -> bool {
        self.by_guid.contains_key(&guid)
    }

    /// Whether a step's effect is there.
    pub(super) fn outcome(&self, plan: &Plan, change: usize, action: StepAction, guid: Option<Guid>) -> Outcome {
        let change = &plan.resource_changes[change];
        let live = guid.and_then(|guid| self.by_guid.get(&guid)).or_else(|| {
            // A replaced item has another GUID now, and a new one never had one here.
            let after = change.after.as_ref().map(place);
            let by_name = after.and_then(|place| self.by_key.get(&place)).and_then(|guid| self.by_guid.get(guid));
            if matches!(action, StepAction::Create | StepAction::Replace) { by_name } else { None }
        });
        let there = match (live, state_after(change, action)) {
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
            (Some(live), Some(state)) => self.differences(live, &state).is_empty(),
        };
        if there { Outcome::Applied } else { Outcome::NotApplied }
    }

    /// The fields in which an item is not as it was sent.
    pub(super) fn not_stored(&self, plan: &Plan, change: usize, action: StepAction, guid: Guid) -> Option<NotStored> {
        let change = &plan.resource_changes[change];
        let state = state_after(change, action)?;
        let live = self.by_guid.get(&guid)?;
        let fields = self.differences(live, &state);
        (!fields.is_empty()).then(|| NotStored { item: change.key.clone(), fields })
    }

    /// What differs of what the API takes and shows (CAP-2, CAP-5).
    fn differences(&self, live: &ObservedItem, state: &Item) -> Vec<FieldChange> {
        let mut state = state.clone();
        normalise(&mut state);
        let mut fields = compare(&live.item, &state);
        fields.extend(password(live, &state, self.marks));
        capability::stored(self.capabilities, state.key.kind, fields)
    }
}

/// Where an item is: two of a name may lie in two folders.
fn place(item: &Item) -> (ItemKey, Option<String>) {
    (item.key.clone(), item.folder.clone())
}
