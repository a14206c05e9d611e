//! A policy arrives.

use std::collections::BTreeSet;
use std::sync::Arc;

use consign::agent::policy::Job;
use consign::agent::policy::Policy;
use consign::agent::policy::Window;
use consign::model::guid::Guid;
use consign::model::schedule::Clock;
use consign::model::schedule::Schedule;
use consign::model::schedule::WindowClock;
use consign::model::task::Run;
use consign::model::window::WindowKind;

use super::AHEAD;
use super::Computer;
use super::JobState;
use super::Phase;
use super::Windows;
use crate::naive::calendar;
use crate::naive::calendar::DAY;
use crate::naive::calendar::Minute;
use crate::naive::calendar::minutes;

impl Computer<'_> {
    pub(super) fn policy_arrives(&mut self, policy: &Arc<Policy>) {
        let before = self.policy.replace(Arc::clone(policy));
        if before.as_ref() == Some(policy) {
            self.mark("A-1 the same policy again");
            return;
        }
        let before = before.as_deref();
        if before.is_none_or(|before| before.windows != policy.windows) {
            if policy.windows.is_empty() && before.is_some() {
                self.mark("MW-8 the last window is taken away");
            }
            self.windows_become_known(&policy.windows);
        }
        if before.is_none_or(|before| before.settings.blockouts != policy.settings.blockouts) {
            self.blocked = calendar::blocked_minutes(&policy.settings.blockouts, &self.zone, self.now, self.to);
        }
        if before.is_none_or(|before| before.enrolled != policy.enrolled) {
            if self.assessed && policy.enrolled.is_some() {
                self.mark("LIC-1 enrolled, and assessed already");
            }
            self.assessment = match &policy.enrolled {
                None => None,
                Some(None) => Some(self.now + 4 * 60),
                Some(Some(scan)) => calendar::times(scan, &self.zone, self.now, self.to).first().copied(),
            };
        }
        self.jobs_arrive(policy);
    }

    fn windows_become_known(&mut self, windows: &[Window]) {
        let of_kind = |kind| windows.iter().filter(|window| window.kind == kind).collect::<Vec<_>>();
        let (all, sequences) = (of_kind(WindowKind::All), of_kind(WindowKind::TaskSequences));
        self.windows_for_all = self.windows(&all);
        // where a computer has one for sequences, only these are; else those of kind *all*.
        self.windows_for_sequences = self.windows(if sequences.is_empty() { &all } else { &sequences });
    }

    fn windows(&self, of: &[&Window]) -> Windows {
        // A window that is still open at the end is longer than 366 days, or longer than anything needs.
        let mut joined = calendar::joined(of, &self.zone, self.now - 8 * DAY, self.to + AHEAD + 4 * DAY);
        if joined.iter().any(|(opens, closes)| of.iter().all(|window| minutes(window.duration) < closes - opens)) {
            self.mark("MW-6 windows are joined");
        }
        if of.iter().any(|window| window.clock == WindowClock::Utc) {
            self.mark("MW-9 a window in UTC");
        }
        for (opens, closes) in &mut joined {
            if *closes - *opens > AHEAD {
                self.mark("A-7 an endless window");
                *closes = Minute::MAX / 2; // Endless.
            }
        }
        Windows { hold_back: !of.is_empty(), joined }
    }

    fn jobs_arrive(&mut self, policy: &Policy) {
        let runs: Option<Guid> = self.running.as_ref().map(|running| self.jobs[running.job].form.id);
        let mut known = std::mem::take(&mut self.jobs);
        known.retain(|job| !job.removed);
        let mut due = Vec::new();
        for told in &policy.jobs {
            if known.iter().any(|job| job.left && job.form.id == told.id) {
                self.mark("A-1 comes back while its program runs");
            }
            let (job, counts_anew) = match known.iter().position(|job| job.form.id == told.id) {
                Some(place) => changed(known.remove(place), told),
                None => (new(told), true),
            };
            if counts_anew && job.phase == Phase::Pending {
                self.mark("A-1 other times while pending");
            }
            if counts_anew && job.next_form.as_ref().is_some_and(|form| form.run != job.form.run) {
                self.mark("A-1 other times while under way");
            }
            if job.next_form.as_ref().is_some_and(|form| *form != job.form) {
                self.mark("A-1 another form while under way");
            }
            let is_done = job.phase == Phase::Idle && self.remembered.get(&told.id) == Some(&true);
            if told.remove_after_success && is_done {
                self.mark("A-14 neither taken up nor kept");
                continue;
            }
            self.jobs.push(job);
            let job = self.jobs.len() - 1;
            self.form_holds(job);
            if counts_anew {
                self.times_count_from_now(job, &told.run);
                if self.is_due_on_arrival(job, told) {
                    due.push(job);
                }
            }
        }
        if known.iter().any(|job| matches!(job.phase, Phase::PutOff(_) | Phase::CountingDown(_))) {
            self.mark("A-1 leaves while put off");
        }
        if known.iter().any(|job| job.is_under_way && job.phase != Phase::Running) {
            self.mark("A-1 leaves between two steps");
        }
        if known.iter().any(|job| job.phase == Phase::Running) {
            self.mark("A-1 leaves while its program runs");
        }
        for mut job in known.into_iter().filter(|job| job.phase == Phase::Running) {
            job.left = true;
            self.jobs.push(job);
        }
        if let Some(running) = &mut self.running {
            running.job = self.jobs.iter().position(|job| Some(job.form.id) == runs).expect("what runs stays");
        }
        for job in due {
            self.has_a_time(job);
        }
    }

    /// What hangs on the form of a job and on the clocks of the policy.
    pub(super) fn form_holds(&mut self, job: usize) {
        let of = self.form(job);
        let clock = match of.availability.clock {
            Clock::Computer => self.zone.clone(),
            Clock::Server => calendar::zone_of(&self.policy().server_zone), // TSK-11
        };
        let resolve = |local: consign::model::units::LocalDateTime| calendar::resolve(local.civil(), &clock);
        self.jobs[job].available = (of.availability.from.map(resolve), of.availability.to.map(resolve));
        for step in of.steps.iter().filter(|step| step.program.has_files) {
            if let Some(in_cache) = self.cached.get_mut(&step.program.package) {
                in_cache.delete_unused_after = Some(step.program.delete_unused_after);
            }
        }
        self.jobs[job].remediation_times = match &of.remediation {
            // Beyond the end as well: what waits for a time to come keeps its packages.
            Some(schedule) => calendar::times(schedule, &self.zone, self.now, self.to + AHEAD),
            None => BTreeSet::new(),
        };
    }

    fn times_count_from_now(&mut self, job: usize, run: &Run) {
        let (times, last_time) = match run {
            Run::Schedule(schedule) => (
                calendar::times(schedule, &self.zone, self.now, self.to), // TSK-5
                calendar::last_time(schedule, &self.zone),
            ),
            Run::Manual | Run::AsSoonAsPossible => (BTreeSet::new(), None),
        };
        self.mark_changes_of_clocks(run, &times);
        self.jobs[job].times = times;
        self.jobs[job].last_time = last_time;
    }

    /// Whether some time of a schedule is one that was skipped, or that comes twice.
    fn mark_changes_of_clocks(&self, run: &Run, times: &BTreeSet<Minute>) {
        let time_of_day = match run {
            Run::Schedule(Schedule::Daily(time)) => *time,
            Run::Schedule(Schedule::Weekly(weekly)) => weekly.time,
            Run::Schedule(Schedule::Monthly(monthly)) => monthly.time,
            Run::Schedule(Schedule::At(_) | Schedule::Every(_)) | Run::Manual | Run::AsSoonAsPossible => return,
        };
        for at in times {
            let local = self.zone.to_datetime(calendar::timestamp_of(*at));
            let is_moved = (local.hour(), local.minute())
                != (time_of_day.hour.try_into().expect("small"), time_of_day.minute.try_into().expect("small"));
            if is_moved {
                self.mark("A-20 a local time that is skipped");
            } else if self.zone.to_ambiguous_timestamp(local).is_ambiguous() {
                self.mark("A-20 a local time that comes twice");
            }
        }
    }

    fn is_due_on_arrival(&self, job: usize, told: &Job) -> bool {
        let is_remembered = self.remembered.contains_key(&told.id);
        match &told.run {
            Run::Manual => false,
            Run::AsSoonAsPossible => {
                if is_remembered {
                    self.mark("TSK-4 as soon as possible, once, ever");
                }
                !is_remembered
            }
            Run::Schedule(Schedule::At(once)) => {
                let at = calendar::resolve(once.civil(), &self.zone);
                let is_missed = at < self.now && self.is_available(job, at);
                let is_made_up_for = is_missed && told.run_missed_schedule && !is_remembered;
                if is_made_up_for {
                    self.mark("A-5 a missed start is made up for");
                }
                is_made_up_for
            }
            Run::Schedule(_) => false,
        }
    }
}

/// A job that was there already; and whether its times count as if it were new.
fn changed(mut job: JobState, told: &Arc<Job>) -> (JobState, bool) {
    let latest = job.next_form.as_ref().unwrap_or(&job.form);
    let counts_anew = job.left || latest.run != told.run;
    job.left = false;
    if job.is_under_way {
        job.next_form = Some(Arc::clone(told));
    } else {
        job.form = Arc::clone(told);
        job.results = vec![None; told.steps.len()];
    }
    (job, counts_anew)
}

fn new(told: &Arc<Job>) -> JobState {
    JobState {
        form: Arc::clone(told),
        next_form: None,
        phase: Phase::Idle,
        is_under_way: false,
        removed: false,
        left: false,
        alerted: false,
        due_at: 0,
        prompted: false,
        deferred: 0,
        step: 0,
        results: vec![None; told.steps.len()],
        runs_of_step: 0,
        starts_again: 0,
        waits_for_restart: false,
        waits_for_log_off: false,
        times: BTreeSet::new(),
        last_time: None,
        remediation_times: BTreeSet::new(),
        available: (None, None),
    }
}
