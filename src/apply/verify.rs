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

/// Where a task says whether it is on.
const ENABLED: &str = "spec.enabled";

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

    /// Whether a step's effect is there, and what of one that is there in part is not. `before`: the item as it was to
    /// be before the step.
    pub(super) fn outcome(
        &self,
        plan: &Plan,
        change: usize,
        action: StepAction,
        (guid, before): (Option<Guid>, Option<&Item>),
    ) -> (Outcome, Vec<String>) {
        let change = &plan.resource_changes[change];
        let live = guid.and_then(|guid| self.by_guid.get(&guid)).or_else(|| {
            // A replaced item has another GUID now, and a new one never had one here.
            let after = change.after.as_ref().map(place);
            let by_name = after.and_then(|place| self.by_key.get(&place)).and_then(|guid| self.by_guid.get(guid));
            if matches!(action, StepAction::Create | StepAction::Replace) { by_name } else { None }
        });
        let state = state_after(change, action);
        let left = match (live, &state) {
            (None, None) => Vec::new(),
            (None, Some(_)) if action == StepAction::Replace && change.guid.is_some_and(|old| !self.has(old)) => {
                vec!["the old one is gone, and the new one is not there".to_owned()]
            }
            (None, Some(_)) => return (Outcome::NotApplied, Vec::new()),
            (Some(live), _) if before.is_some_and(|before| self.is_still(plan, live, before)) => {
                let same = state.as_ref().is_some_and(|state| self.differences(live, state).is_empty());
                return (if same { Outcome::Applied } else { Outcome::NotApplied }, Vec::new());
            }
            (Some(live), Some(state)) => {
                let stays_off = live.item.spec.enabled() == Some(false) && state.spec.enabled() == Some(true);
                let mut differs = self.differences(live, state);
                differs.retain(|field| !(stays_off && field.path == ENABLED));
                let differs = differs.into_iter();
                let differs =
                    differs.map(|field| format!("`{}` is not as it was to be", capability::name_of(&field.path)));
                differs.chain(stays_off.then(|| "it stays switched off".to_owned())).collect()
            }
            (Some(live), None) => {
                let was_on = before.is_some_and(|before| before.spec.enabled() == Some(true));
                let is_off = live.item.spec.enabled() == Some(false);
                let off = (was_on && is_off).then(|| "it stays switched off".to_owned());
                std::iter::once("it is still there".to_owned()).chain(off).collect()
            }
        };
        (if left.is_empty() { Outcome::Applied } else { Outcome::Partly }, left)
    }

    /// Whether an item is as it was to be before a step: nothing was begun of it.
    fn is_still(&self, plan: &Plan, live: &ObservedItem, before: &Item) -> bool {
        let mut before = before.clone();
        let renamed: HashMap<ItemKey, ItemKey> = plan
            .resource_changes
            .iter()
            .filter_map(|change| Some((change.before.as_ref()?.key.clone(), change.key.clone())))
            .filter(|(old, new)| old != new)
            .collect();
        rename_references(&mut before, &renamed);
        let now = |kind: Kind, name: &str| renamed.get(&ItemKey::new(kind, name)).map(|key| key.name.clone());
        if let Some(name) = before.folder.as_deref().and_then(|folder| now(Kind::Folder, folder)) {
            before.folder = Some(name);
        }
        if let Some(name) = before.key.package.as_deref().and_then(|package| now(Kind::Package, package)) {
            before.key.package = Some(name);
        }
        normalise(&mut before);
        capability::stored(self.capabilities, before.key.kind, compare(&live.item, &before)).is_empty()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;
    use serde_json::json;

    use super::ReadBack;
    use crate::adapter::native::client::capabilities;
    use crate::agent::policy::Rules;
    use crate::apply::Outcome;
    use crate::diff::Marks;
    use crate::model::capabilities::Access;
    use crate::model::guid::Guid;
    use crate::model::item::Item;
    use crate::model::item::Spec;
    use crate::model::kind::ItemKey;
    use crate::model::kind::Kind;
    use crate::model::observed::Coverage;
    use crate::model::observed::Observed;
    use crate::model::observed::ObservedItem;
    use crate::model::observed::ServerIdentity;
    use crate::model::project::Api;
    use crate::model::project::Policy;
    use crate::model::project::ServerConfig;
    use crate::model::site::Site;
    use crate::plan::Plan;
    use crate::plan::consequences::Computers;
    use crate::plan::make::Input;
    use crate::plan::make::make;
    use crate::plan::step::StepAction;
    use crate::plan::step::state_after;
    use crate::reach::Evaluated;

    fn item(key: ItemKey, spec: Value) -> Item {
        let spec: Spec = serde_json::from_value(json!({ key.kind.name(): spec })).unwrap();
        let is_program = key.kind == Kind::Program;
        let mut item = Item::new(key, spec);
        item.folder = (!is_program && item.key.kind != Kind::Folder).then(|| "Own".to_owned());
        item
    }

    fn task(more: Value) -> Item {
        let mut spec = json!({"package": "p", "program": "Install", "collections": ["c"]});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item(ItemKey::new(Kind::Task, "t"), spec)
    }

    fn live(task: Option<(u128, Item)>) -> Observed {
        let things = [
            (1, item(ItemKey::new(Kind::Folder, "Own"), json!({}))),
            (2, item(ItemKey::new(Kind::Package, "p"), json!({}))),
            (3, item(ItemKey::program("p", "Install"), json!({"name": "Install", "commandLine": "a.exe"}))),
            (4, item(ItemKey::new(Kind::Collection, "c"), json!({}))),
        ];
        let seen = |(bits, item): (u128, Item)| ObservedItem {
            guid: Guid::of(bits),
            revision: bits.to_string(),
            password_set: None,
            password_mark: None,
            item,
        };
        let api = Api::Native;
        let server = ServerIdentity { instance: Guid::of(7), name: "s".to_owned(), api, version: "1".to_owned() };
        Observed {
            server,
            state: None,
            time: "2026-12-01T12:00:00Z".parse().unwrap(),
            coverage: Kind::ALL.map(|kind| (kind, Coverage::Observed)).into(),
            items: things.into_iter().chain(task).map(seen).collect(),
        }
    }

    /// A plan from a live task to another one, over an API that gives a priority only while a task is made.
    fn planned(was: Option<Item>, is: Option<Item>) -> Plan {
        let mut site = Site::default();
        for thing in live(is.map(|is| (5, is))).items {
            site.insert(thing.item);
        }
        let mut can = capabilities();
        can.fields.insert((Kind::Task, "priority".to_owned()), Access::CreateOnly);
        let config = ServerConfig {
            api: Api::Native,
            url: "http://127.0.0.1:1".to_owned(),
            token_from: None,
            auth: None,
            password_key_from: None,
            ca_file: None,
            legacy_tls: false,
            proxy: Default::default(),
            altiris: None,
            folders: vec!["Own".to_owned()],
            prune: true,
            variables: BTreeMap::new(),
            overlays: Vec::new(),
        };
        let mut input = Input {
            observed: live(was.map(|was| (5, was))),
            site,
            server: "lab",
            config: &config,
            policy: &Policy::default(),
            capabilities: &can,
            targets: &[],
            excludes: &[],
            written: None,
            marks: &Marks::default(),
            now: "2026-12-01T12:00:00Z".parse().unwrap(),
            version: "0",
        };
        let (fleet, evaluated, rules) = (None, &Evaluated::new(), Rules::of(Api::Native));
        let plan = make(&mut input, Computers { fleet, evaluated, rules });
        assert_eq!(plan.resource_changes.len(), 1, "{plan:#?}");
        plan
    }

    /// What is said of one step of which nothing is known, where this is read back.
    fn outcome(plan: &Plan, action: StepAction, seen: Option<(u128, Item)>) -> (Outcome, Vec<String>) {
        let (marks, can, change) = (Marks::default(), capabilities(), &plan.resource_changes[0]);
        let at = plan.steps.iter().position(|step| step.action == action).unwrap();
        let before = match at.checked_sub(1) {
            Some(earlier) => state_after(change, plan.steps[earlier].action).map(|state| state.into_owned()),
            None => change.before.clone(),
        };
        let read_back = ReadBack::new(plan, live(seen), &BTreeMap::new(), &marks, &can);
        read_back.outcome(plan, 0, action, (change.guid, before.as_ref()))
    }

    #[test]
    fn what_is_neither_as_it_was_nor_as_it_was_to_be_was_made_in_part() {
        let (was, is) = (task(json!({})), task(json!({"description": "d", "notifyUser": true})));
        let plan = planned(Some(was.clone()), Some(is.clone()));
        let update = |seen: Item| outcome(&plan, StepAction::Update, Some((5, seen)));
        assert_eq!(update(is), (Outcome::Applied, Vec::new()));
        assert_eq!(update(was), (Outcome::NotApplied, Vec::new()));
        let (told, left) = update(task(json!({"description": "d", "enabled": false})));
        assert_eq!(told, Outcome::Partly);
        assert_eq!(left, ["`notifyUser` is not as it was to be", "it stays switched off"]);
    }

    #[test]
    fn a_replace_that_broke_off_between_its_two_halves_says_that_the_old_one_is_gone() {
        let was = task(json!({}));
        let plan = planned(Some(was.clone()), Some(task(json!({"priority": "high"}))));
        let replace = |seen| outcome(&plan, StepAction::Replace, seen);
        let mut off = was;
        off.spec.set_enabled(false);
        assert_eq!(replace(Some((5, off))), (Outcome::NotApplied, Vec::new()));
        assert_eq!(
            replace(None),
            (Outcome::Partly, vec!["the old one is gone, and the new one is not there".to_owned()])
        );
        let made = state_after(&plan.resource_changes[0], StepAction::Replace).unwrap().into_owned();
        assert_eq!(replace(Some((6, made))), (Outcome::Applied, Vec::new()));
    }

    #[test]
    fn what_was_made_without_all_of_its_fields_was_made_in_part() {
        let plan = planned(None, Some(task(json!({"notifyUser": true}))));
        let mut made = task(json!({"enabled": false, "collections": []}));
        assert_eq!(outcome(&plan, StepAction::Create, None), (Outcome::NotApplied, Vec::new()));
        let (told, left) = outcome(&plan, StepAction::Create, Some((6, made.clone())));
        assert_eq!((told, left.len()), (Outcome::Partly, 1), "{left:?}");
        let Spec::Task(spec) = &mut made.spec else { unreachable!() };
        spec.notify_user = true;
        assert_eq!(outcome(&plan, StepAction::Create, Some((6, made))).0, Outcome::Applied);
    }

    #[test]
    fn a_delete_that_was_refused_left_all_as_it_was() {
        let was = task(json!({}));
        let plan = planned(Some(was.clone()), None);
        let mut off = was;
        off.spec.set_enabled(false);
        let delete = |seen| outcome(&plan, StepAction::Delete, seen);
        assert_eq!(delete(Some((5, off))), (Outcome::NotApplied, Vec::new()));
        assert_eq!(delete(None), (Outcome::Applied, Vec::new()));
    }
}
