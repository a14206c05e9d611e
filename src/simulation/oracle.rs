//! Judges a simulated world from what the server itself wrote down, never from what the client says of itself.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::apply::Outcome;
use crate::apply::Report;
use crate::apply::journal::Entry;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::plan::Action;
use crate::plan::Plan;
use crate::server::App;
use crate::server::app::audit::Action as Did;
use crate::server::app::audit::Row;
use crate::server::app::kind::Kind as ServerKind;
use crate::simulation::Disk;
use crate::simulation::wire::Wire;

/// What must hold and did not. I1 to I6 are those of the reliability plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// I1, I6: left alone over a sound wire, a run does not end with an empty plan.
    DoesNotConverge(String),
    /// I2: a name is there twice.
    Twice(String),
    /// I2: one write went out under several keys.
    KeyChanged(String),
    /// I3: something outside of the owned folders changed.
    Foreign,
    /// I4: a write that no plan made.
    NoPlan(String),
    /// I4: a write over what nobody had looked at.
    Overwrote(String),
    /// I4, I5: a write under a lease that was gone.
    OldFence(u64),
    /// I5: what computers act on was made switched on, or with targets.
    ActsEarly(String),
    /// A write went out before its intent was on disk.
    BeforeJournal(String),
    /// What follows a failed step was begun.
    WentOn(u32),
    /// The report says what is not so.
    Untrue(String),
    /// A read that was not whole was taken for whole.
    NotWhole(String),
    /// A plan deletes although not all was read.
    DeleteOnPartialRead(String),
    /// A lease is left where nothing went wrong.
    LeaseLeft,
    /// The server's audit does not verify.
    Audit,
}

/// What is known of a world.
#[derive(Default)]
pub(super) struct Judge {
    plans: BTreeMap<String, Plan>,
    /// Reports, each with the newest lease when it was given: what comes later under a newer one is another run's.
    reports: Vec<(String, u64, Report)>,
    foreign: Vec<String>,
    found: Vec<Violation>,
}

impl Judge {
    pub(super) fn foreign_is(&mut self, app: &App) {
        self.foreign = foreign(app);
    }

    pub(super) fn planned(&mut self, plan: &Plan) {
        let delete = plan.resource_changes.iter().find(|change| change.action() == Action::Delete);
        if let (Some(delete), false) = (delete, plan.complete) {
            self.found.push(Violation::DeleteOnPartialRead(delete.address.clone()));
        }
        if let Err(unsound) = crate::plan::checker::check(plan) {
            self.found.push(Violation::Untrue(format!("the checker refuses the plan: {unsound}")));
        }
        self.plans.insert(plan.hash.clone(), plan.clone());
    }

    pub(super) fn observed(&mut self, app: &App, observed: &Observed) {
        let whole = Kind::ALL.into_iter().all(|kind| observed.gap(kind).is_none());
        let there = app.all_items().unwrap().into_iter().filter(|item| item.kind != ServerKind::StepTask).count();
        if whole && there != observed.items.len() {
            self.found.push(Violation::NotWhole(format!("{} of {there}", observed.items.len())));
        }
    }

    pub(super) fn reported(&mut self, app: &App, plan: &Plan, report: Report) {
        let newest = app.audit(0, 1_000_000).unwrap().iter().filter_map(|row| row.entry.did.fence).max();
        self.reports.push((plan.hash.clone(), newest.unwrap_or_default(), report));
    }

    pub(super) fn quiet_run_left_lease(&mut self, left: bool) {
        if left {
            self.found.push(Violation::LeaseLeft);
        }
    }

    pub(super) fn last_plan(&mut self, plan: Option<&Plan>, lease_left: bool) {
        match plan {
            None => self.found.push(Violation::DoesNotConverge("no plan could be made".to_owned())),
            Some(plan) if !plan.is_empty() || plan.is_blocked() => {
                let what: Vec<&str> = plan.resource_changes.iter().map(|change| change.address.as_str()).collect();
                let why: Vec<&str> = plan.findings.iter().map(|finding| finding.message.as_str()).collect();
                // A package that a foreign item uses cannot go; nothing in these worlds is of that sort.
                self.found.push(Violation::DoesNotConverge(format!("{what:?} {why:?}")));
            }
            Some(_) if lease_left => self.found.push(Violation::LeaseLeft),
            Some(_) => {}
        }
    }

    pub(super) fn verdict(&mut self, app: &App, disk: &Disk, wire: &Wire) -> Vec<Violation> {
        let mut found = std::mem::take(&mut self.found);
        let rows = app.audit(0, 1_000_000).unwrap();
        if !matches!(app.verify_audit(), Ok(Ok(_))) {
            found.push(Violation::Audit);
        }
        if foreign(app) != self.foreign {
            found.push(Violation::Foreign);
        }
        twice(app, &mut found);
        keys(wire, &mut found);
        self.effects(&rows, &mut found);
        journals(disk, &mut found);
        let made = steps_made(&rows, disk);
        self.truth(&made, &mut found);
        found
    }

    /// Every write of an applier belongs to a plan, goes over what that plan had looked at, and under a lease that grows.
    fn effects(&self, rows: &[Row], found: &mut Vec<Violation>) {
        let mut fence = 0;
        let mut seen: BTreeMap<(String, Guid), String> = BTreeMap::new();
        for row in rows {
            let entry = &row.entry;
            if !matches!(entry.did.action, Did::Create | Did::Update | Did::Replace | Did::Delete) {
                continue;
            }
            let Some(hash) = entry.plan_hash.clone() else { continue };
            let name = entry.did.name.clone().unwrap_or_default();
            let Some(plan) = self.plans.get(&hash) else {
                found.push(Violation::NoPlan(name));
                continue;
            };
            if let Some(now) = entry.did.fence {
                if now < fence {
                    found.push(Violation::OldFence(now));
                }
                fence = now;
            }
            let Some(guid) = entry.did.guid.as_ref().and_then(|guid| guid.parse::<Guid>().ok()) else { continue };
            let before = entry.did.revision_before.as_ref().map(ToString::to_string);
            let known = seen.get(&(hash.clone(), guid)).cloned().or_else(|| {
                let precondition = plan.preconditions.iter().find(|precondition| precondition.guid == Some(guid))?;
                precondition.revision.clone()
            });
            if entry.did.action != Did::Create && before != known {
                found.push(Violation::Overwrote(format!("{name}: {before:?}, the plan knew {known:?}")));
            }
            if let Some(after) = &entry.did.revision_after {
                seen.insert((hash, entry.did.new_guid.unwrap_or(guid)), after.to_string());
            }
        }
    }

    /// What a report calls made was made, and what it calls not made was not, however late.
    fn truth(&self, made: &Made, found: &mut Vec<Violation>) {
        let none = BTreeMap::new();
        for (plan, fence, report) in &self.reports {
            let made = made.get(plan).unwrap_or(&none);
            for step in &report.applied {
                if !made.contains_key(&step.step) {
                    found.push(Violation::Untrue(format!("{} {} was not made", step.action.word(), step.item)));
                }
            }
            for failed in &report.failed {
                let is_made = made.get(&failed.step.step).is_some_and(|under| under <= fence);
                if failed.outcome == Outcome::NotApplied && is_made {
                    found.push(Violation::Untrue(format!("{} was made: {}", failed.step.item, failed.because)));
                }
            }
        }
    }
}

/// By plan and step: the first lease under which the server made it.
type Made = BTreeMap<String, BTreeMap<u32, u64>>;

/// The steps that the server made: its audit has the keys, and the journals say which steps went under them.
fn steps_made(rows: &[Row], disk: &Disk) -> Made {
    let mut under: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for entry in disk.0.lock().unwrap().iter().flatten() {
        if let Entry::Intent { steps, key } = entry {
            under.insert(key.clone(), steps.clone());
        }
    }
    let mut made = Made::new();
    for row in rows {
        if let (Some(plan), Some(key)) = (&row.entry.plan_hash, &row.entry.idempotency_key) {
            for step in under.get(key).into_iter().flatten() {
                let fence = row.entry.did.fence.unwrap_or_default();
                made.entry(plan.clone()).or_default().entry(*step).or_insert(fence);
            }
        }
    }
    made
}

/// The foreign folder and all in it, as the server has it.
fn foreign(app: &App) -> Vec<String> {
    let items = app.all_items().unwrap();
    let folder = items.iter().find(|item| item.name == "Foreign").map(|item| item.guid);
    let is_foreign = |guid, parent: Option<Guid>| Some(guid) == folder || parent.is_some() && parent == folder;
    let lies_there: BTreeSet<Guid> =
        items.iter().filter(|item| is_foreign(item.guid, item.folder)).map(|item| item.guid).collect();
    // A program lies in the hidden programs folder; it is foreign when its package is.
    let is_theirs = |package: Option<Guid>| package.is_some_and(|package| lies_there.contains(&package));
    items
        .iter()
        .filter(|item| lies_there.contains(&item.guid) || is_theirs(item.package))
        .map(|item| format!("{item:?}"))
        .collect()
}

fn twice(app: &App, found: &mut Vec<Violation>) {
    let mut names = BTreeSet::new();
    for item in app.all_items().unwrap().into_iter().filter(|item| item.kind != ServerKind::StepTask) {
        let name = format!("{:?} {:?} {:?} {}", item.kind, item.folder, item.package, item.name);
        if !names.insert(name.clone()) {
            found.push(Violation::Twice(name));
        }
    }
}

/// One write of one plan has one key, in every attempt; its intent was on disk; it makes nothing that acts.
fn keys(wire: &Wire, found: &mut Vec<Violation>) {
    let mut by_write: BTreeMap<(String, String), String> = BTreeMap::new();
    for asked in wire.asked() {
        if !asked.journal_knew {
            found.push(Violation::BeforeJournal(asked.key.clone()));
        }
        if asked.acts_at_once {
            found.push(Violation::ActsEarly(asked.what.clone()));
        }
        let known = by_write.entry((asked.plan.clone(), asked.what.clone())).or_insert_with(|| asked.key.clone());
        if *known != asked.key {
            found.push(Violation::KeyChanged(asked.what));
        }
    }
}

/// After a step that failed no other was begun.
fn journals(disk: &Disk, found: &mut Vec<Violation>) {
    for run in disk.0.lock().unwrap().iter() {
        let mut failed = false;
        for entry in run {
            match entry {
                // A batch that was refused as a whole is taken apart and sent by its steps.
                Entry::Failed { steps, unknown, .. } => failed |= *unknown || steps.len() == 1,
                Entry::Intent { steps, .. } if failed => {
                    found.push(Violation::WentOn(steps[0]));
                    return;
                }
                _ => {}
            }
        }
    }
}
