//! What stops a finished draft.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::diag::did_you_mean;
use crate::diff;
use crate::diff::lacks_password;
use crate::manifest::Written;
use crate::model::fleet::Computers as Set;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::project::Limit;
use crate::model::project::Policy;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Finding;
use crate::plan::consequences::Actor;
use crate::plan::consequences::World;
use crate::plan::consequences::names;
use crate::plan::consequences::newly_reached;
use crate::plan::hold;
use crate::plan::make::Draft;
use crate::reach::Estate;
use crate::reach::Known;
use crate::rules::Rule;
use crate::rules::collection::COL_1;
use crate::rules::plan::PLN_2;
use crate::rules::plan::PLN_3;
use crate::rules::plan::PLN_8;
use crate::rules::plan::PLN_9;
use crate::rules::plan::PLN_10;
use crate::rules::plan::PLN_13;

/// The share of owned items that a plan may delete, and from how many owned items on that holds (PLN-2).
const DELETE_SHARE: (u8, u64) = (30, 10);

/// Adds what stops or qualifies the plan.
pub(super) fn apply(draft: &mut Draft<'_>) {
    let count = |action| draft.changes.iter().filter(|change| change.action() == action).count() as u64;
    let (deleted, changed) = (count(Action::Delete), count(Action::Update) + count(Action::Replace));
    let owned = (draft.pairing.pairs.len() + draft.pairing.unmanaged.len()) as u64;
    let declared = draft.input.site.items.values().filter(|item| item.key.kind != Kind::Folder).count();
    if declared == 0 && deleted > 0 {
        let message = format!("the project declares nothing, and {deleted} items would be deleted");
        draft.block(&PLN_9, "project".to_owned(), message, "is this the right directory and branch?");
    }
    let limits = &draft.input.policy.limits;
    let limit = limits.get(PLN_2.id).cloned().unwrap_or_else(|| default_share(DELETE_SHARE));
    over(draft, &PLN_2, &limit, "deleted", deleted, owned);
    if let Some(limit) = draft.input.policy.limits.get(PLN_3.id).cloned() {
        over(draft, &PLN_3, &limit, "changed", changed, owned);
    }
    renames(draft);
    passwords(draft);
}

/// Says which programs are to run as an account whose password nobody gives (PLN-13).
fn passwords(draft: &mut Draft<'_>) {
    let input = draft.input;
    let written = input.written.map(|(sources, origins)| Written::new(sources, origins));
    for change in &draft.changes {
        let Some(after) = &change.after else { continue };
        let live = draft.pairing.pairs.get(&change.key).map(|at| &input.observed.items[*at]);
        let Some(account) = lacks_password(live, after).filter(|account| account.password_from.is_none()) else {
            continue;
        };
        let place = written.as_ref().and_then(|written| written.place(&change.key, "runWith/account"));
        let place = place.map(|at| format!(" ({at})")).unwrap_or_default();
        let name = &account.account;
        let message = match live.and_then(|live| diff::account(&live.item)) {
            Some(was) if live.is_some_and(|live| live.password_set != Some(false)) => format!(
                "it is to run as `{name}`, and its manifest gives no `passwordFrom`{place}: the server does not keep \
                 the password of `{}` for another account, so there is none",
                was.account
            ),
            _ => format!("it is to run as `{name}`, and neither its manifest{place} nor the server has a password"),
        };
        draft.findings.push(Finding {
            rule: PLN_13.id.to_owned(),
            severity: Severity::Warning,
            subject: change.address.clone(),
            message,
            help: "write `passwordFrom: {env: NAME}` or `{file: PATH}` beside the account".to_owned(),
        });
    }
    unseen(draft);
}

/// Says of which programs it is not known whether their password changed, although there is a key that it could be seen
/// with: what was not compared is never taken for equal (PLN-13).
fn unseen(draft: &mut Draft<'_>) {
    let input = draft.input;
    for (key, at) in &draft.pairing.pairs {
        let live = &input.observed.items[*at];
        let Some(item) = input.site.items.get(key) else { continue };
        let Some(account) = diff::account(item).filter(|account| account.password_from.is_some()) else { continue };
        let diff::Expected::Unknown(why) = input.marks.of(account) else { continue };
        if lacks_password(Some(live), item).is_none() {
            draft.findings.push(Finding {
                rule: PLN_13.id.to_owned(),
                severity: Severity::Warning,
                subject: key.to_string(),
                message: format!("whether the password of `{}` is still the same is not known: {why}", account.account),
                help: "nothing is sent for it; a run that can read the password compares it".to_owned(),
            });
        }
    }
}

fn default_share((share, floor): (u8, u64)) -> Limit {
    Limit::Share(crate::model::project::ShareLimit { share: crate::model::units::Percent(share), floor })
}

/// Blocks when `n` of `of` items is more than the limit.
fn over(draft: &mut Draft<'_>, rule: &Rule, limit: &Limit, verb: &str, n: u64, of: u64) {
    let message = match limit {
        Limit::Count(most) if n > *most => format!("{n} items would be {verb}; the limit is {most}"),
        Limit::Share(limit) if of >= limit.floor && n * 100 > of * u64::from(limit.share.0) => {
            // One decimal, rounded down, without a float: 9 of 20 is 45.0.
            let tenths = n * 1000 / of.max(1);
            format!("too many would be {verb}: {}.{}% is over {} ({n}/{of})", tenths / 10, tenths % 10, limit.share)
        }
        _ => return,
    };
    let help = format!("look again, or set `policy.limits.{}` in `consign.yaml`", rule.id);
    draft.block(rule, "plan".to_owned(), message, &help);
}

/// How many computers a finding names.
const NAMED: usize = 5;

/// Computers of protected collections and roles that a change newly reaches, by whatever path (PLN-10).
pub(super) fn protected(policy: &Policy, world: &World<'_>) -> Vec<Finding> {
    let ways = protected_by_name(policy, world);
    if !world.has_fleet {
        let found = ways.into_iter();
        return found.map(|(address, name)| blocks(&address, newly_reaches(&name))).collect();
    }
    let mut out = Vec::new();
    let roles = policy.protected_roles.as_ref();
    let with_role = |is_one: &dyn Fn(&str) -> bool| -> Set {
        let computers = world.fleet.computers.iter().enumerate();
        let found = computers.filter(|(_, one)| !one.retired && one.roles.iter().any(|role| is_one(role)));
        found.map(|(n, _)| u32::try_from(n).expect("a fleet has fewer than 2^32 computers")).collect()
    };
    let guarded = with_role(&|role| roles.into_iter().flatten().any(|one| one.eq_ignore_ascii_case(role)));
    let named = if roles.is_none() { with_role(&|_| true) } else { Set::new() };
    for (actor, newly) in newly_reached(world) {
        let address = actor.key.to_string();
        match &newly {
            Known::Unknown(_) => {
                let found = by_name(world, actor, &ways, &policy.protected);
                out.extend(found.into_iter().map(|message| blocks(&address, message)));
            }
            Known::Is(newly) => {
                for name in &policy.protected {
                    // Who is in it now is protected, and who would be.
                    let mut members = Set::new();
                    let mut unknown = false;
                    for known in [world.was.members(name), world.is.members(name)] {
                        match known {
                            Known::Is(set) => members |= set,
                            Known::Unknown(_) => unknown = true,
                        }
                    }
                    let hit = newly & &members;
                    if !hit.is_empty() {
                        let computers = names(world, &hit, NAMED);
                        let message = format!("it would newly reach {computers} of the protected collection `{name}`");
                        out.push(blocks(&address, message));
                    } else if unknown {
                        let found = by_name(world, actor, &ways, std::slice::from_ref(name));
                        out.extend(found.into_iter().map(|message| blocks(&address, message)));
                    }
                }
                let hit = newly & &guarded;
                if !hit.is_empty() {
                    let (computers, roles) = (names(world, &hit, NAMED), roles_of(world, &hit));
                    out.push(blocks(
                        &address,
                        format!("it would newly reach {computers} ({roles}), protected by role"),
                    ));
                }
                let hit = newly & &named;
                if !hit.is_empty() {
                    let (computers, roles) = (names(world, &hit, NAMED), roles_of(world, &hit));
                    out.push(Finding {
                        rule: PLN_10.id.to_owned(),
                        severity: Severity::Warning,
                        subject: address.clone(),
                        message: format!("it would newly reach {computers} ({roles})"),
                        help: "list such roles under `policy.protectedRoles` in `consign.yaml`, or write `[]` there"
                            .to_owned(),
                    });
                }
            }
        }
    }
    out
}

/// For how many unknown members a near name is looked for: each is compared with those of all computers.
const NEAR_MAX: usize = 20;

/// Newly listed members that no computer is called, where the computers are known (COL-1).
pub(super) fn unknown_members(world: &World<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut called: Option<HashSet<String>> = None;
    for change in world.changes.iter().filter(|_| world.has_fleet) {
        let Some(Spec::Collection(after)) = change.after.as_ref().map(|item| &item.spec) else { continue };
        let before = match change.before.as_ref().map(|item| &item.spec) {
            Some(Spec::Collection(before)) => before.members.as_ref(),
            _ => None,
        };
        let was: HashSet<&String> = before.into_iter().flatten().collect();
        for name in after.members.iter().flatten().filter(|name| !was.contains(name)) {
            let computers = &world.fleet.computers;
            let called = called.get_or_insert_with(|| computers.iter().map(|one| one.name.to_lowercase()).collect());
            if called.contains(&name.to_lowercase()) {
                continue;
            }
            let names = computers.iter().map(|one| one.name.as_str());
            let near = if out.len() < NEAR_MAX { did_you_mean(name, names) } else { None };
            out.push(Finding {
                rule: COL_1.id.to_owned(),
                severity: Severity::Warning,
                subject: change.address.clone(),
                message: format!("no computer is called `{name}`"),
                help: near
                    .unwrap_or_else(|| "look whether it is misspelt, or is yet to report to the server".to_owned()),
            });
        }
    }
    out
}

fn newly_reaches(name: &str) -> String {
    format!("it would newly reach the protected collection `{name}`")
}

fn blocks(address: &str, message: String) -> Finding {
    Finding {
        rule: PLN_10.id.to_owned(),
        severity: Severity::Error,
        subject: address.to_owned(),
        message,
        help: "choose another target; what is protected is changed in `consign.yaml`".to_owned(),
    }
}

/// The roles among some computers.
fn roles_of(world: &World<'_>, set: &Set) -> String {
    let roles: BTreeSet<&str> = set
        .iter()
        .filter_map(|n| world.fleet.computers.get(n as usize))
        .flat_map(|one| one.roles.iter().map(String::as_str))
        .collect();
    roles.into_iter().collect::<Vec<_>>().join(", ")
}

/// The same by the names of collections, where the computers are not known: a protected one is a new target or newly
/// part of what is one, or a collection that the item reaches computers by no longer keeps it out.
fn by_name(
    world: &World<'_>,
    actor: &Actor<'_>,
    ways: &BTreeSet<(String, String)>,
    protected: &[String],
) -> BTreeSet<String> {
    let parts = |estate: &Estate<'_>, spec: Option<&Spec>| {
        let mut open: Vec<String> = spec.and_then(Spec::targets).cloned().unwrap_or_default();
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(placed) = estate.get(&ItemKey::new(Kind::Collection, name.as_str()))
                && let Spec::Collection(collection) = &placed.item.spec
                && !seen.contains(&name)
            {
                open.extend(collection.include.iter().cloned());
            }
            seen.insert(name);
        }
        seen
    };
    let (was, is) = (parts(world.live, actor.old_spec()), parts(world.planned, actor.spec()));
    let causes = world.causes(actor);
    let is_let_in = |name: &String| causes.iter().any(|cause| ways.contains(&(cause.clone(), name.clone())));
    protected
        .iter()
        .filter(|name| is.contains(*name) && !was.contains(*name) || is_let_in(name))
        .map(|name| newly_reaches(name))
        .collect()
}

/// The same by the names of collections alone (PLN-10): the changes, each with a protected collection that it newly
/// reaches or lets in.
fn protected_by_name(policy: &Policy, world: &World<'_>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    if policy.protected.is_empty() {
        return found;
    }
    let before = Ways::of(world.live.items().map(|placed| placed.item));
    let after = Ways::of(world.planned.items().map(|placed| placed.item));
    for change in world.changes {
        let Some(item) = &change.after else { continue };
        let reached = before.reached(change.before.as_ref());
        let whole_before = change.before.as_ref().map(kept_out).unwrap_or_default();
        let whole_after = kept_out(item);
        for name in &policy.protected {
            let newly = after.reached(Some(item)).contains(name) && !reached.contains(name);
            let let_in = whole_before.contains(name) && !whole_after.contains(name);
            if newly || let_in {
                found.insert((change.address.clone(), name.clone()));
            }
        }
        // A limit that was taken away lets in whoever it kept out, and nobody can say who that is.
        if lost_its_limit(change.before.as_ref(), item) {
            found.extend(policy.protected.iter().map(|name| (change.address.clone(), name.clone())));
        }
    }
    found
}

/// How collections include each other.
struct Ways<'a> {
    includes: HashMap<&'a str, &'a [String]>,
}

impl<'a> Ways<'a> {
    fn of(items: impl Iterator<Item = &'a Item>) -> Self {
        let includes = items.filter_map(|item| match &item.spec {
            Spec::Collection(collection) => Some((item.key.name.as_str(), collection.include.as_slice())),
            _ => None,
        });
        Self { includes: includes.collect() }
    }

    /// The collections whose computers an item reaches or takes in, through others too; none while it is switched off.
    fn reached(&self, item: Option<&Item>) -> BTreeSet<String> {
        let Some(item) = item else { return BTreeSet::new() };
        let mut open: Vec<String> = match &item.spec {
            Spec::Collection(collection) => collection.include.clone(),
            // A window holds work back: giving one to a protected set starts nothing.
            Spec::MaintenanceWindow(_) => Vec::new(),
            spec if spec.enabled() == Some(false) => Vec::new(),
            spec => spec.targets().cloned().unwrap_or_default(),
        };
        let mut out = BTreeSet::new();
        while let Some(name) = open.pop() {
            if out.insert(name.clone()) {
                open.extend(self.includes.get(name.as_str()).copied().unwrap_or_default().iter().cloned());
            }
        }
        out
    }
}

/// The collections whose computers a collection keeps out.
fn kept_out(item: &Item) -> BTreeSet<String> {
    match &item.spec {
        Spec::Collection(collection) => collection.exclude.iter().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

/// Whether a collection was limited to another one and is not any more.
fn lost_its_limit(before: Option<&Item>, after: &Item) -> bool {
    match (before.map(|item| &item.spec), &after.spec) {
        (Some(Spec::Collection(before)), Spec::Collection(after)) => {
            before.limited_to.is_some() && after.limited_to.is_none()
        }
        _ => false,
    }
}

/// Points out a delete beside a create of the same content (PLN-8).
fn renames(draft: &mut Draft<'_>) {
    // By the kind and a digest of the content: of many on both sides, each is looked at once.
    let mut gone: HashMap<(Kind, String), &ItemKey> = HashMap::new();
    for change in draft.changes.iter().filter(|change| change.action() == Action::Delete) {
        if let Some(print) = change.before.as_ref().and_then(print) {
            gone.entry((change.key.kind, print)).or_insert(&change.key);
        }
    }
    if gone.is_empty() {
        return;
    }
    let mut found = Vec::new();
    for change in draft.changes.iter().filter(|change| change.action() == Action::Create) {
        let Some(print) = change.after.as_ref().and_then(print) else { continue };
        if let Some(key) = gone.get(&(change.key.kind, print)) {
            found.push((change.address.clone(), key.name.clone()));
        }
    }
    for (subject, name) in found {
        draft.findings.push(Finding {
            rule: PLN_8.id.to_owned(),
            severity: Severity::Warning,
            subject,
            message: format!("it has the content of `{name}`, which would be deleted"),
            help: format!("if it is the same item, write `metadata.aliases: [{name}]`"),
        });
    }
}

/// What an item says, as far as its manifest manages it, in a form that is the same for the same content. `None` for a
/// folder: empty kinds are no evidence.
fn print(item: &Item) -> Option<String> {
    let mut spec = hold::content(item);
    match &mut spec {
        Spec::Folder(_) => return None,
        Spec::Program(program) => program.portal = None,
        Spec::SequentialTask(sequence) => sequence.portal = None,
        Spec::Collection(collection) => collection.members = None,
        _ => {}
    }
    Some(serde_json::to_string(&spec).expect("the model prints as JSON: its maps have text keys"))
}
