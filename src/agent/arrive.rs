//! A policy arrives: jobs are taken up, changed or dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::agent::policy::Job;
use crate::agent::policy::JobKind;
use crate::agent::policy::Policy;
use crate::agent::schedule::Clock;
use crate::agent::schedule::later;
use crate::agent::schedule::next_on;
use crate::agent::state::JobState;
use crate::agent::state::Package;
use crate::agent::state::Phase;
use crate::agent::state::Running;
use crate::agent::state::State;
use crate::agent::state::TimerKind;
use crate::agent::windows::Calendar;
use crate::agent::windows::Windows;
use crate::model::guid::Guid;
use crate::model::package::AfterRunningAction;
use crate::model::schedule::Schedule;
use crate::model::task::Run;
use crate::model::units::Duration;

/// When the first assessment comes back where no scan is named.
const FIRST_SCAN: Duration = Duration::hours(4);

/// Takes a policy in.
pub(super) fn arrive(state: &mut State, policy: Arc<Policy>) {
    if state.told && (Arc::ptr_eq(&policy, &state.policy) || policy == state.policy) {
        return;
    }
    let before = std::mem::replace(&mut state.policy, policy);
    let policy = Arc::clone(&state.policy);
    if !state.told || before.windows != policy.windows {
        state.calendar = Calendar::new(&policy, state.clock.zone(), state.now);
    }
    if !state.told || before.settings.blockouts != policy.settings.blockouts {
        let times =
            policy.settings.blockouts.iter().map(|blockout| (Schedule::Daily(blockout.from), blockout.duration));
        state.blockouts = Windows::daily(times, &state.clock, state.now);
    }
    if !state.told || before.enrolled != policy.enrolled {
        state.scan = match &policy.enrolled {
            Some(_) if state.memory.assessed => None,
            None => None,
            Some(None) => Some(later(state.now, FIRST_SCAN)),
            Some(Some(scan)) => next_on(scan, &state.clock, state.now),
        };
    }
    state.told = true;
    state.lowest = lowest(&policy);
    let due = take_up(state, &policy);
    count(state);
    for slot in due {
        state.becomes_due(slot, state.now);
    }
    state.look_at_downloads = true;
    state.look_at_cache = true;
}

/// The lowest deferral and the lowest countdown of any restart by a delivery policy (RST-4).
fn lowest(policy: &Policy) -> (Option<Duration>, Option<Duration>) {
    let restarts = || {
        let policies = policy.jobs.iter().filter(|job| job.kind == JobKind::DeliveryPolicy);
        policies
            .flat_map(|job| &job.steps)
            .map(|step| &step.after)
            .filter(|after| after.action == AfterRunningAction::Restart)
    };
    (restarts().map(|after| after.defer_up_to).min(), restarts().filter_map(|after| after.countdown).min())
}

/// Makes the list of jobs anew; returns the slots that are due on arrival.
fn take_up(state: &mut State, policy: &Policy) -> Vec<usize> {
    let ran = state.running.map(|running| state.jobs[running.slot].job.id);
    let mut known: BTreeMap<Guid, JobState> =
        std::mem::take(&mut state.jobs).into_iter().filter(|job| !job.removed).map(|job| (job.job.id, job)).collect();
    let server = Clock::named(&policy.server_zone);
    let (mut jobs, mut due) = (Vec::with_capacity(policy.jobs.len()), Vec::new());
    let mut seen = std::collections::BTreeSet::new();
    for told in &policy.jobs {
        if !seen.insert(told.id) {
            continue; // An item is there once.
        }
        let (job, anew) = match known.remove(&told.id) {
            Some(job) => change(job, told),
            None => (JobState::new(Arc::clone(told)), true),
        };
        // Taken off after its success, it stays off (TSK-10).
        if job.phase == Phase::Idle && told.remove_after_success && state.memory.succeeded(told.id) {
            continue;
        }
        let mut job = job;
        job.read_availability(&state.clock, &server);
        if anew && first_due(state, &mut job, told) {
            due.push(jobs.len());
        }
        jobs.push(job);
    }
    // What left the policy is dropped, unless it runs.
    for mut job in known.into_values().filter(|job| job.phase == Phase::Running) {
        job.gone = true;
        job.next_due = None;
        jobs.push(job);
    }
    state.jobs = jobs;
    if let (Some(running), Some(id)) = (state.running, ran) {
        let slot = state.jobs.iter().position(|job| job.job.id == id).expect("a job that runs is never dropped");
        state.running = Some(Running { slot, ..running });
    }
    due
}

/// A job that was there already; also whether its times count anew.
fn change(mut job: JobState, told: &Arc<Job>) -> (JobState, bool) {
    let latest = job.next_form.as_ref().unwrap_or(&job.job);
    let anew = latest.run != told.run || job.gone;
    job.gone = false;
    if job.is_under_way() {
        job.next_form = (job.job != *told).then(|| Arc::clone(told));
    } else if job.job != *told {
        job.job = Arc::clone(told);
    }
    job.hope = None; // Other windows may be there, or none of those it hoped for.
    (job, anew)
}

/// Sets the next time of a job whose times count from now on; returns whether it is due at once.
fn first_due(state: &State, job: &mut JobState, told: &Job) -> bool {
    job.next_due = None;
    let never_ran = !state.memory.ran.contains_key(&told.id);
    match &told.run {
        Run::Manual => false,
        Run::AsSoonAsPossible => never_ran, // TSK-4
        Run::Schedule(schedule) => {
            job.next_due = next_on(schedule, &state.clock, state.now);
            let Schedule::At(at) = schedule else { return false };
            let made_up = job.next_due.is_none() && told.run_missed_schedule && never_ran;
            made_up && job.is_available(state.clock.instant(*at))
        }
    }
}

/// Counts what hangs on the list of jobs: queue, timers, packages and who uses them.
fn count(state: &mut State) {
    state.pending.clear();
    state.timers.clear();
    state.any_ignores_windows = false;
    state.asked = 0;
    state.packages.retain(|package| package.last_used.is_some() || package.downloading);
    for package in &mut state.packages {
        package.users = 0;
    }
    let mut places: BTreeMap<Guid, usize> =
        state.packages.iter().enumerate().map(|(place, package)| (package.id, place)).collect();
    for slot in 0..state.jobs.len() {
        state.jobs[slot].active = false;
        link_with(state, slot, &mut places);
        wind_up(state, slot);
        match state.jobs[slot].phase {
            Phase::Pending => state.queue(slot),
            Phase::Asked => state.asked += 1,
            Phase::Idle | Phase::Awaits(_) | Phase::PutOff { .. } | Phase::Running => {}
        }
    }
}

/// Links a job to its packages.
pub(super) fn link(state: &mut State, slot: usize) {
    let mut places = state.packages.iter().enumerate().map(|(place, package)| (package.id, place)).collect();
    link_with(state, slot, &mut places);
}

fn link_with(state: &mut State, slot: usize, places: &mut BTreeMap<Guid, usize>) {
    let State { jobs, packages, .. } = state;
    let job = &mut jobs[slot];
    job.packages.clear();
    job.step_package.clear();
    for step in &job.job.steps {
        let program = &step.program;
        if !program.has_files {
            job.step_package.push(None); // Nothing is downloaded (PKG-2).
            continue;
        }
        let place = *places.entry(program.package).or_insert_with(|| {
            packages.push(Package {
                id: program.package,
                last_used: None,
                delete_unused_after: None,
                program: None,
                downloading: false,
                users: 0,
            });
            packages.len() - 1
        });
        packages[place].delete_unused_after = Some(program.delete_unused_after);
        packages[place].program = Some(Arc::clone(program));
        job.step_package.push(Some(place));
        if !job.packages.contains(&place) {
            job.packages.push(place);
        }
    }
    state.any_ignores_windows |= job.job.ignores_windows;
    job.missing = job.packages.iter().filter(|place| packages[**place].last_used.is_none()).count();
    state.count_use(slot);
}

/// Sets the timers of a job.
pub(super) fn wind_up(state: &mut State, slot: usize) {
    let job = &state.jobs[slot];
    let (from, next_due, phase) = (job.available.0, job.next_due, job.phase);
    if from > state.now && from != Timestamp::MAX {
        state.set_timer(from, TimerKind::Available, slot);
    }
    if let Some(at) = next_due {
        state.set_timer(at, TimerKind::Due, slot);
    }
    match phase {
        Phase::PutOff { until, .. } => state.set_timer(until, TimerKind::PutOffEnds, slot),
        Phase::Awaits(at) => state.set_timer(at, TimerKind::Remediation, slot),
        Phase::Idle | Phase::Pending | Phase::Asked | Phase::Running => {}
    }
}
