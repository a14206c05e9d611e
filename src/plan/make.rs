//! Makes a plan. Values in, a value out: no server, no clock, no randomness.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::diag::Origins;
use crate::diag::Sources;
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
use crate::manifest::Written;
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
use crate::model::observed::Coverage;
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
use crate::plan::Plan;
use crate::plan::PlannedServer;
use crate::plan::PriorState;
use crate::plan::Reason;
use crate::plan::Selection;
use crate::plan::Summary;
use crate::plan::Unmanaged;
use crate::plan::approval;
use crate::plan::bounds;
use crate::plan::capability;
use crate::plan::consequences;
use crate::plan::consequences::Computers;
use crate::plan::consequences::World;
use crate::plan::estate;
use crate::plan::file;
use crate::plan::guard;
use crate::plan::hold;
use crate::plan::order;
use crate::plan::preconditions::directory;
use crate::plan::preconditions::preconditions;
use crate::plan::select::select;
use crate::plan::select::unmatched;
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
    /// The manifests as they are written, for places in them and edits of them, where it was them that were read.
    pub written: Option<(&'a Sources, &'a Origins)>,
    /// What marks the passwords of programs should have on the server.
    pub marks: &'a Marks,
    /// The time now.
    pub now: Timestamp,
    /// The version of the program.
    pub version: &'a str,
}

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
    // What the API does not have is not there over it, and no gap (CAP-1).
    not_held(&mut input.observed, input.capabilities);
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

/// Says of the kinds that an API does not have that they are not there over it.
pub fn not_held(observed: &mut Observed, capabilities: &Capabilities) {
    for kind in Kind::ALL.into_iter().filter(|kind| !capabilities.kinds.contains(kind)) {
        let why = capabilities.why_kind(kind).to_owned();
        observed.coverage.insert(kind, Coverage::NotHeld { why });
    }
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
                let fields = capability::seen(input.capabilities, item.key.kind, fields);
                if fields.is_empty() {
                    continue;
                }
                if live.item.attributes.contains(&Attribute::ReadOnly) {
                    hold::protected(draft, &item.key, crate::plan::Verb::Update, Attribute::ReadOnly, fields);
                    continue;
                }
                let Some(fields) = capability::allowed(draft, item, fields).filter(|fields| !fields.is_empty()) else {
                    continue;
                };
                draft.revisions.insert(item.key.clone(), live.revision.clone());
                let change = changed(draft.input.capabilities, live.guid, &live.item, item, fields);
                capability::made_anew(draft, item, &change.replace_paths);
                capability::also_set(draft, &change);
                draft.changes.push(change);
            }
            None if hold::may_create(draft, item) && capability::may_create(draft, item) => {
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
        let is_anew = capability::is_made_anew(item.key.kind);
        let regenerates = Reason::ReplaceBecauseIdentityRegenerates;
        (Action::Replace, if is_anew { Reason::ReplaceBecauseCreateOnly } else { regenerates })
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
            let kind = item.key.kind;
            capability::is_made_anew(kind)
                && capabilities.access(kind, capability::name_of(&field.path)) == Access::CreateOnly
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
    let declared: BTreeSet<Kind> = input.site.items.keys().map(|key| key.kind).collect();
    let bounds = bounds::of(&consequences);
    let complete = input.capabilities.written().all(|kind| input.observed.gap(kind).is_none());
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
        coverage: CoverageReport {
            kinds: input.observed.coverage.clone(),
            unmodelled: Vec::new(),
            unseen: capability::unseen(input.capabilities, &declared),
            computers,
        },
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
    let written = input.written.map(|(sources, origins)| Written::new(sources, origins));
    let mut world = World::new(changes, &live, &planned, computers, &empty, input.observed.time);
    world.written = written.as_ref();
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

/// The live collections that no change is about; none where there is no collection to order.
fn staying<'a>(input: &'a Input<'_>, changes: &[Change]) -> impl Iterator<Item = &'a Item> {
    let updated = |change: &&Change| change.key.kind == Kind::Collection && change.action() == Action::Update;
    let is_needed = changes.iter().filter(updated).nth(1).is_some();
    let changed: BTreeSet<Guid> = changes.iter().filter_map(|change| change.guid).collect();
    let live = if is_needed { &input.observed.items[..] } else { &[] };
    let collections = live.iter().filter(|live| live.item.key.kind == Kind::Collection);
    collections.filter(move |live| !changed.contains(&live.guid)).map(|live| &live.item)
}
