//! What is held back, and why: nothing is called absent that was not read in full, nothing is deleted that is
//! protected or in use, nothing is written whose needs are missing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::check::is_reserved;
use crate::diff::FieldChange;
use crate::diff::Problem;
use crate::model::item::Attribute;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Complete;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::project::Severity;
use crate::model::site::is_within;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Finding;
use crate::plan::Held;
use crate::plan::Verb;
use crate::plan::capability;
use crate::plan::make::Draft;
use crate::planted::Bug;
use crate::planted::planted;
use crate::rules::Rule;
use crate::rules::package::PKG_8;
use crate::rules::plan::PLN_1;
use crate::rules::plan::PLN_4;
use crate::rules::plan::PLN_5;
use crate::rules::plan::PLN_6;
use crate::rules::plan::PLN_7;
use crate::rules::plan::PLN_11;

impl Draft<'_> {
    fn hold(&mut self, key: &ItemKey, would: Verb, rule: &Rule, because: String) {
        self.held_keys.entry(key.clone()).or_default().insert(rule.id);
        let (rule, fields) = (rule.id.to_owned(), Vec::new());
        self.held.push(Held { key: key.clone(), would, rule, because, fields });
    }

    pub(super) fn block(&mut self, rule: &Rule, subject: String, message: String, help: &str) {
        let (rule, severity, help) = (rule.id.to_owned(), Severity::Error, help.to_owned());
        self.findings.push(Finding { rule, severity, subject, message, help });
    }
}

/// Holds an item back, with what differs.
pub(super) fn held(
    draft: &mut Draft<'_>,
    key: &ItemKey,
    would: Verb,
    rule: &Rule,
    because: String,
    fields: Vec<FieldChange>,
) {
    draft.hold(key, would, rule, because);
    if let Some(held) = draft.held.last_mut() {
        held.fields = fields;
    }
}

/// What pairing could not settle blocks the plan.
pub(super) fn problems(draft: &mut Draft<'_>) {
    for problem in std::mem::take(&mut draft.pairing.problems) {
        let (key, message) = match problem {
            Problem::Ambiguous { key, guids } => {
                let list = guids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                (key, format!("the server has {} items of that kind and name: {list}", guids.len()))
            }
            Problem::PinOfOtherKind { key, guid, found } => {
                (key, format!("its pin {guid} is a {} on the server", found.short()))
            }
            Problem::PinOfNothing { key, guid } => {
                if draft.input.observed.complete(key.kind, None).is_some() {
                    (key, format!("its pin {guid} names nothing on the server"))
                } else {
                    continue; // Not read in full: `may_create` holds it.
                }
            }
            Problem::PinElsewhere { key, guid } => {
                (key, format!("its pin {guid} lies outside of what the project owns there"))
            }
            Problem::ClaimedTwice { key, first, guid } => (key, format!("the item {guid} is `{first}` already")),
        };
        draft.block(&PLN_4, key.to_string(), message.clone(), "write `metadata.guid` with the GUID that is meant");
        draft.hold(&key, Verb::Update, &PLN_4, message);
    }
}

/// Whether the item lies outside what the project owns, or the server cannot hold its kind; says so.
pub(super) fn is_out_of_scope(draft: &mut Draft<'_>, item: &Item) -> bool {
    let owned = &draft.input.config.folders;
    let place = if item.key.kind == Kind::Folder { Some(&item.key.name) } else { item.folder.as_ref() };
    if !draft.input.capabilities.kinds.contains(&item.key.kind) {
        let message = format!("this server's API cannot hold a {}", item.key.kind.short());
        draft.block(&PLN_11, item.key.to_string(), message, "leave it out for this server");
        return true;
    }
    match place {
        Some(folder) if !owned.iter().any(|root| is_within(folder, root)) => {
            let message = format!("folder `{folder}` is not among the folders the project owns");
            let help = "add it to `servers.NAME.folders` in `consign.yaml`, or change `metadata.folder`";
            draft.block(&PLN_7, item.key.to_string(), message, help);
            true
        }
        _ => false,
    }
}

/// An item that its attributes protect blocks the plan that touches it.
pub(super) fn protected(
    draft: &mut Draft<'_>,
    key: &ItemKey,
    would: Verb,
    attribute: Attribute,
    fields: Vec<FieldChange>,
) {
    let word = if attribute == Attribute::NoDelete { "noDelete" } else { "readOnly" };
    let verb = if would == Verb::Delete { "deleted" } else { "changed" };
    let message = format!("it has the attribute `{word}` on the server and cannot be {verb}");
    draft.block(
        &PLN_5,
        key.to_string(),
        message.clone(),
        "declare it in a manifest as it is, or take the attribute away on the server",
    );
    draft.hold(key, would, &PLN_5, message);
    if let Some(held) = draft.held.last_mut() {
        held.fields = fields;
    }
}

/// Whether an item that was not found may be called absent.
pub(super) fn may_create(draft: &mut Draft<'_>, item: &Item) -> bool {
    if draft.held_keys.contains_key(&item.key) {
        return false;
    }
    if absent(&draft.input.observed, item).is_some() || planted(Bug::DeleteOnPartialRead) {
        return true;
    }
    let why = draft.input.observed.gap(item.key.kind).unwrap_or("part of it is missing").to_owned();
    draft.hold(&item.key, Verb::Create, &PLN_1, format!("it may be there: {why}"));
    false
}

/// The proof that an item which was not found is not there.
fn absent(observed: &Observed, item: &Item) -> Option<Complete> {
    // A program or a pinned item may lie anywhere.
    let folder = if item.pin.is_some() { None } else { item.folder.as_deref() };
    observed.complete(item.key.kind, folder)
}

/// Whether an undeclared item that would be deleted is called otherwise than every declared one. A manifest whose pin
/// or alias means another item may have its name; then the plan would speak of two by one name.
pub(super) fn is_told_apart(draft: &mut Draft<'_>, live: &ObservedItem) -> bool {
    let key = &live.item.key;
    if !draft.input.config.prune || !draft.input.site.items.contains_key(key) {
        return true;
    }
    let message = format!("the item {} has this name on the server, and the manifest means another one", live.guid);
    let help = "rename or delete the one on the server, or declare it under a name of its own with its GUID";
    draft.block(&PLN_4, key.to_string(), message.clone(), help);
    draft.hold(key, Verb::Delete, &PLN_4, message);
    false
}

/// Whether an undeclared item is to be deleted.
pub(super) fn may_delete(draft: &mut Draft<'_>, live: &ObservedItem) -> bool {
    if !draft.input.config.prune || !capability::may_delete(draft, &live.item) {
        return false;
    }
    // What the portal made is in no manifest, and goes when the server purges it (TSK-1).
    if live.item.key.kind == Kind::Task && is_reserved(&live.item.key.name) {
        return false;
    }
    let observed = &draft.input.observed;
    // What a delete would leave dangling may be of any kind: all of them must be known.
    let gap = Kind::ALL.into_iter().find_map(|kind| match observed.complete(kind, None) {
        Some(_) => None,
        None => Some(format!("{} could not be read in full: {}", kind.name(), observed.gap(kind).unwrap_or_default())),
    });
    if let Some(why) = gap
        && !planted(Bug::DeleteOnPartialRead)
    {
        draft.hold(&live.item.key, Verb::Delete, &PLN_1, why);
        return false;
    }
    // What no manifest can say is undeclared for that, and for no wish of anybody's.
    if let Some(name) = unsayable_target(observed, live) {
        let why = format!("it is for `{name}`, which no manifest can say: that none declares it means nothing");
        draft.hold(&live.item.key, Verb::Delete, &PLN_1, why);
        return false;
    }
    for attribute in [Attribute::NoDelete, Attribute::ReadOnly] {
        if live.item.attributes.contains(&attribute) {
            protected(draft, &live.item.key, Verb::Delete, attribute, Vec::new());
            return false;
        }
    }
    true
}

/// What an item is for that is no collection: a reader gives such a thing a name that ends in its GUID.
fn unsayable_target<'o>(observed: &Observed, live: &'o ObservedItem) -> Option<&'o str> {
    let is_collection = |name: &str| {
        observed.items.iter().any(|other| other.item.key.kind == Kind::Collection && other.item.key.name == name)
    };
    let names = live.item.spec.targets().into_iter().flatten();
    names.map(String::as_str).find(|name| name.ends_with('}') && !is_collection(name))
}

/// Everything an item needs on the server: what it refers to, its folder, and for a program its package.
pub(super) fn needs(item: &Item) -> Vec<ItemKey> {
    let mut out: Vec<ItemKey> = item.spec.references().into_iter().map(|(_, key)| key).collect();
    out.extend(item.folder.iter().map(|folder| ItemKey::new(Kind::Folder, folder.as_str())));
    out.extend(item.key.package.iter().map(|package| ItemKey::new(Kind::Package, package.as_str())));
    out
}

/// Holds back what needs something that is neither there nor made.
pub(super) fn references(draft: &mut Draft<'_>) {
    if draft.changes.is_empty() {
        return;
    }
    let mut there: BTreeSet<ItemKey> = draft.pairing.pairs.keys().map(|key| (*key).clone()).collect();
    // A declared item is only what it is paired with: another one of its name is somebody else's.
    let others = draft.input.observed.items.iter().map(|live| &live.item.key);
    there.extend(others.filter(|key| !draft.input.site.items.contains_key(key)).cloned());
    for change in draft.changes.iter().filter(|change| change.after.is_some()) {
        there.insert(change.key.clone());
    }
    for change in draft.changes.iter().filter(|change| change.action() == Action::Delete) {
        there.remove(&change.key);
    }
    // By what they need: whose need went is looked at again, and nobody else.
    let mut users: HashMap<ItemKey, Vec<usize>> = HashMap::new();
    for (at, change) in draft.changes.iter().enumerate() {
        for need in change.after.as_ref().map(needs).unwrap_or_default() {
            users.entry(need).or_default().push(at);
        }
    }
    let mut out: BTreeSet<usize> = BTreeSet::new();
    let mut open: BTreeSet<usize> = (0..draft.changes.len()).collect();
    while !open.is_empty() {
        let missing: Vec<(usize, ItemKey)> = std::mem::take(&mut open)
            .into_iter()
            .filter(|at| !out.contains(at))
            .filter_map(|at| {
                let after = draft.changes[at].after.as_ref()?;
                needs(after).into_iter().find(|need| !there.contains(need)).map(|need| (at, need))
            })
            .collect();
        for (at, need) in missing {
            out.insert(at);
            let change = &draft.changes[at];
            let (key, address, would) = (change.key.clone(), change.address.clone(), change.actions[0]);
            if change.action() == Action::Create {
                there.remove(&key);
                open.extend(users.get(&key).into_iter().flatten());
            }
            let because = format!("it needs `{need}`, which is neither on the server nor made by this plan");
            // Where the need itself is held for want of a full read, that is the reason, and no fault of the manifests.
            if !draft.held_keys.get(&need).is_some_and(|rules| rules.contains(PLN_1.id)) {
                let help = "declare what is missing, or take the reference away";
                draft.block(&PLN_6, address, because.clone(), help);
            }
            draft.hold(&key, would, &PLN_6, because);
        }
    }
    drop(take(&mut draft.changes, out.into_iter()));
}

/// Takes the changes at these places, which are in ascending order, out of all.
fn take(changes: &mut Vec<Change>, places: impl Iterator<Item = usize>) -> Vec<Change> {
    let mut places = places.peekable();
    let (mut kept, mut taken) = (Vec::with_capacity(changes.len()), Vec::new());
    for (at, change) in std::mem::take(changes).into_iter().enumerate() {
        if places.next_if_eq(&at).is_some() { taken.push(change) } else { kept.push(change) }
    }
    *changes = kept;
    taken
}

/// Holds back deletes of what something that stays still refers to (PKG-8).
pub(super) fn in_use(draft: &mut Draft<'_>) {
    let mut going: BTreeMap<ItemKey, usize> = draft
        .changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.action() == Action::Delete)
        .map(|(at, change)| (change.key.clone(), at))
        .collect();
    if going.is_empty() {
        return;
    }
    let mut out: BTreeSet<usize> = BTreeSet::new();
    let mut used = users(draft, &going);
    while !used.is_empty() {
        // What is held stays, and so uses what it refers to.
        let mut next: BTreeMap<usize, Vec<ItemKey>> = BTreeMap::new();
        for at in used.keys() {
            going.remove(&draft.changes[*at].key);
        }
        for (at, users) in used {
            out.insert(at);
            let list = users.iter().take(5).map(|user| format!("`{user}`")).collect::<Vec<_>>().join(", ");
            let more = if users.len() > 5 { format!(" and {} more", users.len() - 5) } else { String::new() };
            let because = format!("still used by {list}{more}");
            let help = "take the reference away first, or declare the item";
            let change = &draft.changes[at];
            let (key, address) = (change.key.clone(), change.address.clone());
            for need in change.before.as_ref().map(needs).unwrap_or_default() {
                if let Some(other) = going.get(&need) {
                    next.entry(*other).or_default().push(key.clone());
                }
            }
            let rule = if matches!(key.kind, Kind::Package | Kind::Program) { &PKG_8 } else { &PLN_6 };
            draft.block(rule, address, because.clone(), help);
            draft.hold(&key, Verb::Delete, rule, because);
        }
        used = next;
    }
    drop(take(&mut draft.changes, out.into_iter()));
}

/// By place among the changes: which of the items that would go something that stays still refers to.
fn users(draft: &Draft<'_>, going: &BTreeMap<ItemKey, usize>) -> BTreeMap<usize, Vec<ItemKey>> {
    let after: BTreeMap<&ItemKey, Option<&Item>> =
        draft.changes.iter().map(|change| (&change.key, change.after.as_ref())).collect();
    let desired_name: BTreeMap<usize, &ItemKey> = draft.pairing.pairs.iter().map(|(key, at)| (*at, *key)).collect();
    let mut users: BTreeMap<usize, Vec<ItemKey>> = BTreeMap::new();
    let mut note = |item: &Item| {
        // A package's programs and a folder's content go with their own deletes; they count like any other user.
        for need in needs(item) {
            if let Some(at) = going.get(&need) {
                users.entry(*at).or_default().push(item.key.clone());
            }
        }
    };
    for (at, live) in draft.input.observed.items.iter().enumerate() {
        let key = desired_name.get(&at).copied().unwrap_or(&live.item.key);
        match after.get(key) {
            Some(Some(after)) => note(after),
            Some(None) => {}
            None => note(&live.item),
        }
    }
    for change in draft.changes.iter().filter(|change| change.action() == Action::Create) {
        if let Some(after) = &change.after {
            note(after);
        }
    }
    users
}

/// What an item says, without its name: what is the same under another name is probably a rename (PLN-8).
pub(super) fn content(item: &Item) -> Spec {
    let mut spec = item.spec.clone();
    if let Spec::Program(program) = &mut spec {
        program.name.clear();
    }
    spec
}
