//! Makes a plan. Values in, a value out: no server, no clock, no randomness.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::diff::FieldChange;
use crate::diff::Marks;
use crate::diff::PASSWORD_PATH;
use crate::diff::Pairing;
use crate::diff::account;
use crate::diff::compare;
use crate::diff::is_same_step_list;
use crate::diff::normalise;
use crate::diff::pair;
use crate::diff::password;
use crate::diff::with_unmanaged;
use crate::model::capabilities::Access;
use crate::model::capabilities::Capabilities;
use crate::model::collection::Query;
use crate::model::fleet::Fleet;
use crate::model::guid::Guid;
use crate::model::item::Attribute;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::project::Policy;
use crate::model::project::ServerConfig;
use crate::model::site::Site;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::ComputersCoverage;
use crate::plan::Consequence;
use crate::plan::CoverageReport;
use crate::plan::Endpoints;
use crate::plan::FORMAT_VERSION;
use crate::plan::Finding;
use crate::plan::Held;
use crate::plan::Named;
use crate::plan::Plan;
use crate::plan::PlannedServer;
use crate::plan::Precondition;
use crate::plan::PriorState;
use crate::plan::Reason;
use crate::plan::Selection;
use crate::plan::Summary;
use crate::plan::Unmanaged;
use crate::plan::approval;
use crate::plan::bounds;
use crate::plan::consequences;
use crate::plan::consequences::Computers;
use crate::plan::consequences::World;
use crate::plan::estate;
use crate::plan::file;
use crate::plan::guard;
use crate::plan::hold;
use crate::plan::order;
use crate::reach::Evaluated;
use crate::reach::Reach;

/// How long a plan may wait for its apply: a day.
const EXPIRY_SECONDS: i64 = 86_400;

/// What a plan is made from.
pub struct Input<'a> {
    /// What the server holds.
    pub observed: Observed,
    /// What the manifests say.
    pub site: Site,
    /// The server's name in `consign.yaml`.
    pub server: &'a str,
    /// What `consign.yaml` says of it.
    pub config: &'a ServerConfig,
    /// What no change may exceed or touch.
    pub policy: &'a Policy,
    /// What the server's API can hold.
    pub capabilities: &'a Capabilities,
    /// Only these items, and what they need; empty: all. Addresses, `*` for any run of characters.
    pub targets: &'a [String],
    /// Not these items.
    pub excludes: &'a [String],
    /// Where a value of a declared item stands, as `FILE:LINE:COLUMN`: the item, and the pointer below its `spec`.
    pub places: &'a Places<'a>,
    /// What marks the passwords of programs should have on the server.
    pub marks: &'a Marks,
    /// The time now.
    pub now: Timestamp,
    /// The version of the program.
    pub version: &'a str,
}

/// Where values stand. Asked for findings only.
pub type Places<'a> = dyn Fn(&ItemKey, &str) -> Option<String> + Sync + 'a;

/// What is being put together.
pub(super) struct Draft<'a> {
    pub input: &'a Input<'a>,
    /// How many changes were not asked for.
    pub left_out: usize,
    pub pairing: Pairing<'a>,
    pub changes: Vec<Change>,
    pub held: Vec<Held>,
    /// What is held, and the IDs of the rules for whose sake.
    pub held_keys: HashMap<ItemKey, BTreeSet<&'static str>>,
    pub unmanaged: Vec<Unmanaged>,
    pub findings: Vec<Finding>,
    /// Revisions of the live items that the changes are about.
    pub revisions: BTreeMap<ItemKey, String>,
}

/// Makes a plan from what is known of the computers. What it is made from is afterwards in the form in which it was
/// compared, and of no further use.
pub fn make(input: &mut Input<'_>, computers: Computers<'_>) -> Plan {
    draft(input).finish(computers)
}

/// A plan that says which items would change, and not yet what the computers would do: where nothing changes, nobody
/// needs to be asked for them.
pub struct Drafted<'a>(Draft<'a>);

impl Drafted<'_> {
    /// Whether nothing would change.
    pub const fn is_empty(&self) -> bool {
        self.0.changes.is_empty()
    }

    /// The queries of collections that no server has stored yet: whom they find is to be asked.
    pub fn questions(&self, fleet: &Fleet) -> Vec<Query> {
        let renamed = in_the_words_of(&self.0);
        let live = estate::instead(&self.0.input.observed, &renamed);
        let planned = live.after(consequences::fates(&self.0.changes));
        Reach::new(&planned, &live, fleet, &Evaluated::new()).unanswered()
    }

    /// The whole plan.
    pub fn finish(self, computers: Computers<'_>) -> Plan {
        finish(self.0, computers)
    }
}

/// Finds out which items would change. As [`make`] leaves what it is made from.
pub fn draft<'a>(input: &'a mut Input<'_>) -> Drafted<'a> {
    for item in &mut input.observed.items {
        normalise(&mut item.item);
    }
    for item in input.site.items.values_mut() {
        normalise(item);
    }
    let pairing = pair(&mut input.observed, &input.site, &input.config.folders);
    // Where references were renamed, lists without order may need sorting again.
    if pairing.renamed {
        for item in &mut input.observed.items {
            normalise(&mut item.item);
        }
    }
    let input = &*input;
    let mut draft = Draft {
        input,
        left_out: 0,
        pairing,
        changes: Vec::new(),
        held: Vec::new(),
        held_keys: HashMap::new(),
        unmanaged: Vec::new(),
        findings: Vec::new(),
        revisions: BTreeMap::new(),
    };
    hold::problems(&mut draft);
    desired(&mut draft);
    undeclared(&mut draft);
    draft.left_out = select(&mut draft);
    hold::references(&mut draft);
    hold::in_use(&mut draft);
    draft.changes.sort_by(|a, b| a.key.cmp(&b.key));
    draft.held.sort_by(|a, b| a.key.cmp(&b.key));
    Drafted(draft)
}

/// Creates, updates and replaces.
fn desired(draft: &mut Draft<'_>) {
    let input = draft.input;
    // Both are in the order of the keys.
    let mut pairs = draft.pairing.pairs.iter().peekable();
    let paired: Vec<(&Item, Option<usize>)> = input
        .site
        .items
        .values()
        .map(|item| (item, pairs.next_if(|(key, _)| ***key == item.key).map(|(_, at)| *at)))
        .collect();
    let differences: Vec<Vec<FieldChange>> = paired
        .par_iter()
        .map(|(item, live)| {
            live.map(|at| differences(&input.observed.items[at], item, input.marks)).unwrap_or_default()
        })
        .collect();
    for ((item, live), fields) in paired.into_iter().zip(differences) {
        if hold::is_out_of_scope(draft, item) {
            continue;
        }
        match live {
            Some(at) => {
                let live = &input.observed.items[at];
                if fields.is_empty() {
                    continue;
                }
                if live.item.attributes.contains(&Attribute::ReadOnly) {
                    hold::protected(draft, &item.key, crate::plan::Verb::Update, Attribute::ReadOnly, fields);
                    continue;
                }
                draft.revisions.insert(item.key.clone(), live.revision.clone());
                let change = changed(draft.input.capabilities, live.guid, &live.item, item, fields);
                draft.changes.push(change);
            }
            None if hold::may_create(draft, item) => {
                let mut after = item.clone();
                after.pin = None;
                draft.changes.push(created(after));
            }
            None => {}
        }
    }
}

/// What differs, the password among it: whether there is one, and which, is not in the item.
fn differences(live: &ObservedItem, item: &Item, marks: &Marks) -> Vec<FieldChange> {
    let mut fields = compare(&live.item, item);
    fields.extend(password(live, item, marks));
    fields
}

fn changed(
    capabilities: &Capabilities,
    guid: crate::model::guid::Guid,
    live: &Item,
    item: &Item,
    fields: Vec<FieldChange>,
) -> Change {
    let replace_paths = replace_paths(capabilities, live, item, &fields);
    let (action, reason) = if !replace_paths.is_empty() {
        (Action::Replace, Reason::ReplaceBecauseIdentityRegenerates)
    } else if fields.iter().all(|field| field.path == "metadata.name") {
        (Action::Update, Reason::UpdateBecauseRenamed)
    } else {
        (Action::Update, Reason::UpdateBecauseFieldsDiffer)
    };
    let after = with_unmanaged(item, live);
    Change {
        address: item.key.to_string(),
        key: item.key.clone(),
        actions: action.verbs(),
        action_reason: reason,
        after_unknown: if replace_paths.is_empty() { Vec::new() } else { vec!["guid".to_owned()] },
        replace_paths,
        guid: Some(guid),
        fields,
        before: Some(live.clone()),
        after_sensitive: sensitive(&after),
        after: Some(after),
    }
}

/// The fields for whose sake an item cannot keep its identity.
fn replace_paths(capabilities: &Capabilities, live: &Item, item: &Item, fields: &[FieldChange]) -> Vec<String> {
    let mut paths: Vec<String> = fields
        .iter()
        .filter(|field| {
            let name = field.path.strip_prefix("spec.").unwrap_or(&field.path);
            capabilities.access(item.key.kind, name) == Access::CreateOnly
        })
        .map(|field| field.path.clone())
        .collect();
    if let (Spec::SequentialTask(live), Spec::SequentialTask(desired)) = (&live.spec, &item.spec)
        && !is_same_step_list(live, desired)
    {
        paths.push("spec.steps".to_owned()); // SEQ-1
    }
    paths
}

fn created(after: Item) -> Change {
    Change {
        address: after.key.to_string(),
        key: after.key.clone(),
        actions: Action::Create.verbs(),
        action_reason: Reason::CreateBecauseNotFound,
        replace_paths: Vec::new(),
        guid: None,
        fields: Vec::new(),
        before: None,
        after_unknown: vec!["guid".to_owned()],
        after_sensitive: sensitive(&after),
        after: Some(after),
    }
}

/// Fields whose value is kept out of plans: only the reference to it is there.
fn sensitive(item: &Item) -> Vec<String> {
    let given = account(item).is_some_and(|account| account.password_from.is_some());
    if given { vec![PASSWORD_PATH.to_owned()] } else { Vec::new() }
}

/// What no manifest declares: left alone, or deleted where the project prunes.
fn undeclared(draft: &mut Draft<'_>) {
    let input = draft.input;
    for at in draft.pairing.unmanaged.clone() {
        let live = &input.observed.items[at];
        let key = &live.item.key;
        if !hold::is_told_apart(draft, live) || !hold::may_delete(draft, live) {
            let folder = live.item.folder.clone();
            draft.unmanaged.push(Unmanaged { key: key.clone(), guid: live.guid, folder });
            continue;
        }
        draft.revisions.insert(key.clone(), live.revision.clone());
        draft.changes.push(Change {
            address: key.to_string(),
            key: key.clone(),
            actions: Action::Delete.verbs(),
            action_reason: Reason::DeleteBecauseNoManifest,
            replace_paths: Vec::new(),
            guid: Some(live.guid),
            fields: Vec::new(),
            before: Some(live.item.clone()),
            after: None,
            after_unknown: Vec::new(),
            after_sensitive: Vec::new(),
        });
    }
}

/// Leaves out what was not asked for; returns how many changes that were.
fn select(draft: &mut Draft<'_>) -> usize {
    if draft.input.targets.is_empty() && draft.input.excludes.is_empty() {
        return 0;
    }
    let (targets, excludes) = (Globs::of(draft.input.targets), Globs::of(draft.input.excludes));
    let asked = |address: &str| (targets.is_empty() || targets.match_one(address)) && !excludes.match_one(address);
    let mut wanted: BTreeSet<ItemKey> =
        draft.changes.iter().filter(|change| asked(&change.address)).map(|change| change.key.clone()).collect();
    // What is asked for brings along what it needs and the server lacks.
    let changes: HashMap<&ItemKey, &Change> = draft.changes.iter().map(|change| (&change.key, change)).collect();
    let mut open: Vec<ItemKey> = wanted.iter().cloned().collect();
    while let Some(key) = open.pop() {
        let Some(after) = changes.get(&key).and_then(|change| change.after.as_ref()) else { continue };
        for need in hold::needs(after) {
            let is_new = changes.get(&need).is_some_and(|change| change.action() == Action::Create);
            if is_new && !excludes.match_one(&need.to_string()) && wanted.insert(need.clone()) {
                open.push(need);
            }
        }
    }
    let before = draft.changes.len();
    // A part of a plan never prunes: what it leaves out may be what still needs an item.
    draft.changes.retain(|change| change.action() != Action::Delete && wanted.contains(&change.key));
    // Neither does what stands in the way of the rest stand in the way of this part; what it needs and lacks is told
    // by `hold::references`.
    let declared = &draft.input.site.items;
    let out: BTreeSet<String> =
        declared.keys().filter(|key| !wanted.contains(key)).map(ItemKey::to_string).filter(|a| !asked(a)).collect();
    draft.held.retain(|held| !out.contains(&held.key.to_string()));
    draft.findings.retain(|finding| !out.contains(&finding.subject));
    before - draft.changes.len()
}

/// The addresses that were asked for, or excluded, and that no item has, declared or live: most likely misspelt.
fn unmatched(input: &Input<'_>) -> Vec<String> {
    let live = input.observed.items.iter().map(|live| &live.item.key);
    let addresses: HashSet<String> = input.site.items.keys().chain(live).map(ItemKey::to_string).collect();
    let globs = input.targets.iter().chain(input.excludes);
    let is_of_none = |glob: &&String| {
        if glob.contains('*') {
            !addresses.iter().any(|address| is_match(glob, address))
        } else {
            !addresses.contains(*glob)
        }
    };
    globs.filter(is_of_none).cloned().collect()
}

/// Addresses that were asked for: whole ones, of which a file may hold very many, and patterns.
struct Globs<'a> {
    whole: HashSet<&'a str>,
    patterns: Vec<&'a str>,
}

impl<'a> Globs<'a> {
    fn of(globs: &'a [String]) -> Self {
        let (patterns, whole): (Vec<&str>, Vec<&str>) =
            globs.iter().map(String::as_str).partition(|glob| glob.contains('*'));
        Self { whole: whole.into_iter().collect(), patterns }
    }

    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.patterns.is_empty()
    }

    fn match_one(&self, address: &str) -> bool {
        self.whole.contains(address) || self.patterns.iter().any(|pattern| is_match(pattern, address))
    }
}

/// Whether an address matches a pattern in which `*` stands for any run of characters.
fn is_match(pattern: &str, address: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = address.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

fn finish(mut draft: Draft<'_>, computers: Computers<'_>) -> Plan {
    let (input, left_out) = (draft.input, draft.left_out);
    let changes = std::mem::take(&mut draft.changes);
    let told = consequences_of(&mut draft, &changes, computers);
    draft.changes = changes;
    guard::apply(&mut draft);
    let (mut consequences, endpoints, computers) = told;
    approval::judge(&draft, &mut consequences);
    let Draft { pairing, changes, held, unmanaged, mut findings, revisions, .. } = draft;
    findings
        .sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| (&a.rule, &a.subject).cmp(&(&b.rule, &b.subject))));
    let count = |action| changes.iter().filter(|change| change.action() == action).count();
    let summary = Summary {
        add: count(Action::Create),
        change: count(Action::Update),
        replace: count(Action::Replace),
        delete: count(Action::Delete),
        unchanged: pairing.pairs.len() - changes.iter().filter(|c| c.after.is_some() && c.guid.is_some()).count(),
        held: held.len(),
        unmanaged: unmanaged.len(),
    };
    let directory = directory(input, &pairing, &changes);
    let bounds = bounds::of(&consequences);
    let complete = Kind::ALL.iter().all(|kind| input.observed.gap(*kind).is_none());
    let mut plan = Plan {
        format_version: FORMAT_VERSION.to_owned(),
        consign_version: input.version.to_owned(),
        timestamp: input.now,
        expires: input.now.saturating_add(jiff::SignedDuration::from_secs(EXPIRY_SECONDS)).unwrap_or(input.now),
        server: PlannedServer {
            name: input.server.to_owned(),
            url: input.config.url.clone(),
            identity: input.observed.server.clone(),
        },
        applyable: false,
        complete,
        errored: false,
        prior_state: PriorState { state: input.observed.state.clone(), items: input.observed.items.len() },
        preconditions: preconditions(input, &changes, &revisions, &directory),
        steps: order::steps(&changes, staying(input, &changes)),
        origin: None,
        policy_changes: Vec::new(),
        resource_changes: changes,
        held,
        unmanaged,
        consequences,
        endpoints,
        findings,
        bounds,
        coverage: CoverageReport { kinds: input.observed.coverage.clone(), unmodelled: Vec::new(), computers },
        directory,
        selection: (!input.targets.is_empty() || !input.excludes.is_empty()).then(|| Selection {
            targets: input.targets.to_vec(),
            excludes: input.excludes.to_vec(),
            left_out,
            unmatched: unmatched(input),
        }),
        summary,
        hash: String::new(),
    };
    plan.applyable = !plan.is_blocked() && !plan.is_empty();
    plan.hash = file::hash(&plan);
    plan
}

type Followed = (Vec<Consequence>, Endpoints, ComputersCoverage);

/// What follows from the changes, and what of it the project's policy forbids.
fn consequences_of(draft: &mut Draft<'_>, changes: &[Change], computers: Computers<'_>) -> Followed {
    let input = draft.input;
    let empty = consequences::no_fleet();
    // Without a change there is nothing to compare.
    let renamed = if changes.is_empty() { Vec::new() } else { in_the_words_of(draft) };
    let live = estate::instead(&input.observed, &renamed);
    let planned = live.after(consequences::fates(changes));
    // The server's clock is the one that its computers' policies go by.
    let world = World::new(changes, &live, &planned, computers, &empty, input.observed.time);
    draft.findings.extend(guard::protected(input.policy, &world));
    draft.findings.extend(guard::unknown_members(&world));
    let (told, endpoints) = consequences::of(&world);
    (told, endpoints, world.coverage())
}

/// By place among the observed: what the manifests call otherwise than the server, by its name in the manifests. What
/// refers to it does so already, and changes are known by that name.
fn in_the_words_of(draft: &Draft<'_>) -> Vec<Option<Item>> {
    let live = &draft.input.observed.items;
    let mut out = vec![None; live.len()];
    for (key, at) in &draft.pairing.pairs {
        // Also what is called alike, so that nothing of the same name elsewhere stands in its place.
        let is_alike = live[*at].item.key == **key;
        if !is_alike || draft.pairing.renamed {
            out[*at] = Some(Item { key: (*key).clone(), ..live[*at].item.clone() });
        }
    }
    out
}

/// What the names in the changes stand for, as far as it is there.
fn directory(input: &Input<'_>, pairing: &Pairing<'_>, changes: &[Change]) -> Vec<Named> {
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

/// The live collections that no change is about; none where there is no collection to order.
fn staying<'a>(input: &'a Input<'_>, changes: &[Change]) -> impl Iterator<Item = &'a Item> {
    let updated = |change: &&Change| change.key.kind == Kind::Collection && change.action() == Action::Update;
    let is_needed = changes.iter().filter(updated).nth(1).is_some();
    let changed: BTreeSet<Guid> = changes.iter().filter_map(|change| change.guid).collect();
    let live = if is_needed { &input.observed.items[..] } else { &[] };
    let collections = live.iter().filter(|live| live.item.key.kind == Kind::Collection);
    collections.filter(move |live| !changed.contains(&live.guid)).map(|live| &live.item)
}

/// What must still hold when the plan is applied: each changed item as it was, each needed one there, and each
/// collection that a change reaches computers by as it was, with all that it is made of.
fn preconditions(
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

#[cfg(test)]
mod tests {
    use super::Globs;
    use super::is_match;

    #[test]
    fn whole_addresses_and_patterns_are_asked_for_together_and_in_time() {
        let mut globs: Vec<String> = (0..50_000).map(|n| format!("package/p{n}")).collect();
        globs.push("task/*".to_owned());
        let globs = Globs::of(&globs);
        assert!((0..50_000).all(|n| globs.match_one(&format!("package/p{n}"))));
        assert!(globs.match_one("task/x") && !globs.match_one("package/p") && !globs.match_one("package/p1/Install"));
        assert!(Globs::of(&[]).is_empty() && !globs.is_empty());
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, address, expected) in [
            ("task/Install 7-Zip", "task/Install 7-Zip", true),
            ("task/Install", "task/Install 7-Zip", false),
            ("task/*", "task/Install 7-Zip", true),
            ("*7-Zip", "package/7-Zip", true),
            ("*/7*p", "package/7-Zip", true),
            ("*/7*p*", "package/7-Zip", true),
            ("package/*x*", "package/7-Zip", false),
            ("*", "anything", true),
        ] {
            assert_eq!(is_match(pattern, address), expected, "{pattern} {address}");
        }
    }
}
