//! What a reader is told first of a plan: the sentence with the largest consequence, and what is lost.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::report::plan::consequences;
use crate::report::plan::consequences::acts;

/// The sentence that a reviewer reads first: what computers will do, else what is lost, else how much changes.
pub fn headline(plan: &Plan) -> String {
    let in_order = consequences::in_order(plan);
    let of_computers = || in_order.iter().filter(|one| acts(&one.kind) && one.magnitude.unit == "computers");
    // A number first; one that is not known only where it stops the plan.
    let acts = of_computers().find(|one| one.magnitude.value.is_some_and(|n| n > 0));
    let acts =
        acts.or_else(|| of_computers().find(|one| one.magnitude.value.is_none() && one.severity == Severity::Error));
    let unknown = match acts.is_none() && of_computers().any(|one| one.magnitude.value.is_none()) {
        true => "; how many computers act is not known",
        false => "",
    };
    let name = |address: &str| format!("`{}`", address.split_once('/').map_or(address, |(_, name)| name));
    let blocked = if plan.is_blocked() { "; blocked" } else { "" };
    if let Some(one) = acts {
        let n = one.magnitude.value.map_or_else(|| "an unknown number of".to_owned(), consequences::grouped);
        let computers = if one.magnitude.value == Some(1) { "computer" } else { "computers" };
        let name = name(&one.subject);
        let does = match consequences::words(&one.kind).as_str() {
            verb @ ("re-run" | "enter" | "leave") => format!("will {verb} {name}"),
            "are logged off" => format!("will be logged off for {name}"),
            "never run it" => format!("will never run {name}"),
            "download it" => format!("will download {name}"),
            verb @ ("restart" | "take a licence") => format!("will {verb} for {name}"),
            "newly targeted" => format!("will newly get {name}"),
            "begin to run it" => format!("will begin to run {name}"),
            "run it at other times" => format!("will run {name} at other times"),
            "no longer run it by themselves" => format!("will no longer run {name} by themselves"),
            "come under it" => format!("will come under {name}"),
            "have it available otherwise" => format!("will have {name} available otherwise"),
            "have a shorter countdown" => format!("will have a shorter countdown by {name}"),
            "have it open at other times" => format!("will have {name} open at other times"),
            "run what changed" => format!("will run what changed of {name}"),
            "wait for a longer window" => format!("will wait for a longer window for {name}"),
            what => format!("{what}: {name}"),
        };
        return format!("{n} {computers} {does} ⬆{blocked}");
    }
    let lost = lost(plan);
    if let [(danger, names)] = &lost.iter().collect::<Vec<_>>()[..]
        && let [one] = names[..]
    {
        return format!("{} {}{unknown}{blocked}", danger.word(), name(one));
    }
    if !lost.is_empty() {
        let told = lost.iter().map(|(danger, names)| danger.of_many(names.len()));
        return format!("{}{unknown}{blocked}", told.collect::<Vec<String>>().join(", "));
    }
    if !plan.complete {
        return "not everything could be read".to_owned();
    }
    match (plan.resource_changes.len(), plan.is_blocked()) {
        (0, true) => "blocked".to_owned(),
        (0, false) if plan.held.is_empty() => "no changes; the server is as the manifests say".to_owned(),
        (0, false) => format!("no changes; {} held back", plan.held.len()),
        (1, _) => format!("1 item changes{unknown}{blocked}"),
        (n, _) => format!("{} items change{unknown}{blocked}", consequences::grouped(n as u64)),
    }
}

/// The addresses of what is lost, the worst first.
pub fn lost(plan: &Plan) -> BTreeMap<Danger, Vec<&str>> {
    let removers = removers(&plan.resource_changes);
    let mut out: BTreeMap<Danger, Vec<&str>> = BTreeMap::new();
    for change in &plan.resource_changes {
        if let Some(danger) = Danger::of(change, &removers) {
            out.entry(danger).or_default().push(&change.address);
        }
    }
    out
}

/// What is lost by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Danger {
    /// The item is deleted.
    Deletes,
    /// Computers take software off.
    Uninstalls,
    /// It gets a new GUID, and everyone runs it again (SEQ-1).
    Replaces,
}

impl Danger {
    /// What happens, in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deletes => "deletes",
            Self::Uninstalls => "uninstalls",
            Self::Replaces => "replaces",
        }
    }
    /// What happens to, or by, so many items.
    pub fn of_many(self, n: usize) -> String {
        let (items, s) = if n == 1 { ("item", "s") } else { ("items", "") };
        let n = consequences::grouped(n as u64);
        match self {
            Self::Deletes => format!("{n} {items} will be deleted"),
            Self::Uninstalls => format!("{n} {items} uninstall{s} software"),
            Self::Replaces => format!("{n} {items} will be replaced"),
        }
    }

    /// What is lost by this change; `removers` are the programs of [`removers`].
    pub fn of(change: &Change, removers: &BTreeSet<ItemKey>) -> Option<Self> {
        match change.action() {
            Action::Delete => Some(Self::Deletes),
            Action::Replace => Some(Self::Replaces),
            Action::Create | Action::Update => uninstalls(change, removers).then_some(Self::Uninstalls),
        }
    }

    /// Every one, the worst first.
    pub const ALL: [Self; 3] = [Self::Deletes, Self::Uninstalls, Self::Replaces];
}

/// The programs among changes that take software off. A program that is made by them counts where something that they
/// leave switched on refers to it: nothing else can know it yet. One that is there may be run by what does not change.
pub fn removers(changes: &[Change]) -> BTreeSet<ItemKey> {
    let used: BTreeSet<ItemKey> = changes.iter().filter_map(acting).flat_map(references).collect();
    let programs = changes.iter().filter(|change| change.after.as_ref().is_some_and(removes));
    let programs = programs.filter(|change| change.action() != Action::Create || used.contains(&change.key));
    programs.map(|change| change.key.clone()).collect()
}

/// The item after a change, unless it is switched off then.
fn acting(change: &Change) -> Option<&Item> {
    change.after.as_ref().filter(|item| item.spec.enabled() != Some(false))
}

/// What an item refers to.
fn references(item: &Item) -> impl Iterator<Item = ItemKey> + use<> {
    item.spec.references().into_iter().map(|(_, key)| key)
}

/// Whether an item is a program whose command line takes software off.
fn removes(item: &Item) -> bool {
    let Spec::Program(program) = &item.spec else { return false };
    let line = program.command_line.to_lowercase();
    let has = |word: &str| line.contains(word);
    let flag = |flag: &str| line.split_whitespace().any(|word| word == flag || word.starts_with(&format!("{flag}{{")));
    has("uninst")
        || has("unins0")
        || has("remove-appx")
        || has("/remove-package")
        || (has("msiexec") && (flag("/x") || flag("-x")))
        || flag("/remove")
        || flag("--remove")
}

/// Whether a change makes computers take software off: a program that does, or what runs one. A program that the plan
/// does not touch is known by its name alone.
fn uninstalls(change: &Change, removers: &BTreeSet<ItemKey>) -> bool {
    if removers.contains(&change.key) {
        return true;
    }
    // What is switched off runs nothing.
    acting(change).into_iter().flat_map(references).any(|key| {
        let name = key.name.to_lowercase();
        key.package.is_some()
            && (removers.contains(&key) || ["uninstall", "remove", "deinstall"].iter().any(|word| name.contains(word)))
    })
}
