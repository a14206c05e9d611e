//! What differs between the manifests of two revisions, with no server in sight.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::diag::Loaded;
use crate::diff::FieldChange;
use crate::diff::PolicyChange;
use crate::diff::account;
use crate::diff::compare;
use crate::diff::effects;
use crate::diff::effects::Effect;
use crate::diff::is_same_step_list;
use crate::diff::normalise;
use crate::diff::pair;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::observed::ServerIdentity;
use crate::model::project::Api;
use crate::model::site::Site;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Reason;

/// The version of the format of [`RevisionDiff`].
pub const FORMAT_VERSION: &str = "1.0";

/// What differs between two revisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevisionDiff {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// The program that made it.
    pub consign_version: String,
    /// The revision that it begins at.
    pub from: Revision,
    /// The revision that it ends at.
    pub to: Revision,
    /// The server whose variables and overlays hold; `None`: no server's in particular.
    pub server: Option<String>,
    /// Whether all manifests of both revisions could be read.
    pub complete: bool,
    /// What the project file says otherwise about what is allowed.
    pub policy_changes: Vec<PolicyChange>,
    /// What the manifests say otherwise, in the order of the items' keys.
    pub changes: Vec<Change>,
    /// Items that could not be compared, for one of their manifests could not be read.
    pub not_compared: Vec<ItemKey>,
    /// How many of what.
    pub summary: Counts,
}

/// A revision of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// What it was asked for by; `None`: what is on disk.
    pub revision: Option<String>,
    /// Its commit; of what is on disk, the one that is checked out.
    pub commit: Option<String>,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Items that only the second revision has.
    pub add: usize,
    /// Items that differ.
    pub change: usize,
    /// Items that differ so that a server gives them a new GUID (SEQ-1).
    pub replace: usize,
    /// Items that only the first revision has.
    pub delete: usize,
}

impl Counts {
    /// Those of some changes.
    pub fn of(changes: &[Change]) -> Self {
        let count = |action| changes.iter().filter(|change| change.action() == action).count();
        Self {
            add: count(Action::Create),
            change: count(Action::Update),
            replace: count(Action::Replace),
            delete: count(Action::Delete),
        }
    }
}

/// What differs between what two revisions declare, in the order of the keys. Where a manifest stands, how it is
/// formatted and in which order it says things makes no difference; folders that only follow from items are left out,
/// and so is what one of the two could not read.
pub fn changes(before: &Loaded, after: &Loaded) -> Vec<Change> {
    let unread = || before.unread.iter().chain(&after.unread);
    let is_unread = |key: &ItemKey| unread().any(|one| one == key || key.package.as_deref() == Some(one.name.as_str()));
    let (mut observed, desired) = (observed(&before.site, &after.site), desired(&before.site, &after.site));
    let declared: Vec<ItemKey> = observed.items.iter().map(|item| item.item.key.clone()).collect();
    let roots = roots([&before.site, &after.site]);
    let pairing = pair(&mut observed, &desired, &roots);
    for item in &mut observed.items {
        normalise(&mut item.item);
    }
    let taken: BTreeSet<usize> = pairing.pairs.values().copied().collect();
    let mut out: Vec<Change> = desired
        .items
        .values()
        .collect::<Vec<_>>()
        .par_iter()
        .filter_map(|item| {
            let written = after.site.get(&item.key).unwrap_or(item);
            match pairing.pairs.get(&item.key) {
                Some(at) => {
                    let key = &declared[*at];
                    let earlier = before.site.get(key)?;
                    changed(earlier, &observed.items[*at].item, item, written)
                }
                None => after.origins.get(&item.key).is_some().then(|| created(written)),
            }
        })
        .filter(|change| !is_unread(&change.key))
        .collect();
    let gone = declared.iter().enumerate().filter(|(at, key)| !taken.contains(at) && before.origins.get(key).is_some());
    let gone = gone.filter(|(_, key)| !is_unread(key));
    out.extend(gone.filter_map(|(_, key)| before.site.get(key).map(deleted)));
    out.sort_by(|a, b| a.key.cmp(&b.key));
    out
}

/// The first revision in the place of a server: each item under its pin where both revisions pin it, else under a GUID
/// that nothing else has.
fn observed(before: &Site, after: &Site) -> Observed {
    let pins: BTreeSet<Guid> = after.items.values().filter_map(|item| item.pin).collect();
    let mut next = 0;
    let items = before.items.values().map(|item| {
        let guid = item.pin.filter(|pin| pins.contains(pin)).unwrap_or_else(|| {
            loop {
                next += 1;
                if !pins.contains(&Guid::of(next)) {
                    break Guid::of(next);
                }
            }
        });
        let mut item = Item { pin: None, ..item.clone() };
        normalise(&mut item);
        ObservedItem { guid, revision: String::new(), password_set: None, password_mark: None, item }
    });
    let items = items.collect();
    let server =
        ServerIdentity { instance: Guid::of(0), name: String::new(), api: Api::Native, version: String::new() };
    Observed { server, state: None, time: Timestamp::UNIX_EPOCH, coverage: BTreeMap::new(), items }
}

/// The second revision, with the pins that say who is who.
fn desired(before: &Site, after: &Site) -> Site {
    let pins: BTreeSet<Guid> = before.items.values().filter_map(|item| item.pin).collect();
    let items = after.items.iter().map(|(key, item)| {
        let mut item = item.clone();
        item.pin = item.pin.filter(|pin| pins.contains(pin));
        normalise(&mut item);
        (key.clone(), item)
    });
    Site { items: items.collect() }
}

/// The folders at the top: below them lies everything.
fn roots(sites: [&Site; 2]) -> Vec<String> {
    let folders = sites.into_iter().flat_map(|site| site.items.values()).filter_map(|item| item.folder.as_deref());
    let tops: BTreeSet<&str> = folders.map(|folder| folder.split('/').next().unwrap_or(folder)).collect();
    tops.into_iter().map(str::to_owned).collect()
}

/// The change of an item that both have; `None` when nothing differs. `observed` calls what it refers to by the later
/// names, `written` is what the second revision says to the letter.
fn changed(earlier: &Item, observed: &Item, desired: &Item, written: &Item) -> Option<Change> {
    let kind = desired.key.kind;
    let mut fields = compare(observed, desired);
    // What was managed and is left out now is released: the comparison for a server, which would leave it alone, does
    // not speak of it.
    for released in compare(desired, observed) {
        if !fields.iter().any(|field| field.path == released.path) {
            fields.push(field(kind, released.path, released.after, released.before));
        }
    }
    let password_from = |item: &Item| json!(account(item).and_then(|account| account.password_from.as_ref()));
    let (before, after) = (password_from(earlier), password_from(written));
    if before != after {
        // A server is not compared in this: it is never seen there. Two revisions are.
        let path = "spec.runWith.passwordFrom".to_owned();
        fields.push(FieldChange { path, before, after, effect: Effect::FutureRuns });
    }
    let mut own = |name: &str, before: Value, after: Value| {
        if before != after {
            fields.push(field(kind, format!("metadata.{name}"), before, after));
        }
    };
    own("guid", json!(earlier.pin), json!(written.pin));
    own("aliases", json!(earlier.aliases), json!(written.aliases));
    own("labels", json!(earlier.labels), json!(written.labels));
    own("acknowledge", json!(earlier.acknowledge), json!(written.acknowledge));
    if fields.is_empty() {
        return None;
    }
    let is_new_identity = match (&observed.spec, &desired.spec) {
        (Spec::SequentialTask(before), Spec::SequentialTask(after)) => !is_same_step_list(before, after), // SEQ-1
        _ => false,
    };
    let (action, reason) = if is_new_identity {
        (Action::Replace, Reason::ReplaceBecauseIdentityRegenerates)
    } else if fields.iter().all(|field| field.path == "metadata.name") {
        (Action::Update, Reason::UpdateBecauseRenamed)
    } else {
        (Action::Update, Reason::UpdateBecauseFieldsDiffer)
    };
    let mut change = change(written, action, reason);
    change.fields = fields;
    change.before = Some(earlier.clone());
    change.after = Some(written.clone());
    if is_new_identity {
        change.replace_paths = vec!["spec.steps".to_owned()];
    }
    Some(change)
}

fn field(kind: crate::model::kind::Kind, path: String, before: Value, after: Value) -> FieldChange {
    let effect = effects::of(kind, &path).map_or(Effect::Inert, |entry| entry.case(&before, &after).effect);
    FieldChange { path, before, after, effect }
}

fn created(item: &Item) -> Change {
    let mut change = change(item, Action::Create, Reason::CreateBecauseNotFound);
    change.after = Some(item.clone());
    change
}

fn deleted(item: &Item) -> Change {
    let mut change = change(item, Action::Delete, Reason::DeleteBecauseNoManifest);
    change.before = Some(item.clone());
    change
}

fn change(item: &Item, action: Action, reason: Reason) -> Change {
    Change {
        address: item.key.to_string(),
        key: item.key.clone(),
        actions: action.verbs(),
        action_reason: reason,
        replace_paths: Vec::new(),
        guid: None,
        fields: Vec::new(),
        before: None,
        after: None,
        after_unknown: Vec::new(),
        after_sensitive: Vec::new(),
    }
}
