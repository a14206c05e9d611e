//! What one computer does, minute by minute.
//!
//! Every minute, in the order of A-19: what ends, what comes due, what starts. Flags and loops, nothing clever.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use consign::agent::happening::Happening;
use consign::agent::happening::What;
use consign::agent::policy::After;
use consign::agent::policy::FitRule;
use consign::agent::policy::Job;
use consign::agent::policy::JobKind;
use consign::agent::policy::NeverFits;
use consign::agent::policy::Policy;
use consign::agent::policy::Program;
use consign::agent::policy::StopRule;
use consign::agent::policy::Window;
use consign::agent::scenario::Scenario;
use consign::agent::scenario::Users;
use consign::model::delivery_policy::OnFailure;
use consign::model::guid::Guid;
use consign::model::package::AfterRunningAction;
use consign::model::package::CanRun;
use consign::model::schedule::Clock;
use consign::model::schedule::Schedule;
use consign::model::task::Run;
use consign::model::window::WindowKind;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::calendar;
use super::calendar::DAY;
use super::calendar::Minute;
use super::calendar::minutes;

/// The deferrals a user is offered, longest first (TSK-8).
const OFFERS: [Minute; 9] = [12 * 60, 8 * 60, 4 * 60, 2 * 60, 60, 30, 15, 10, 5];
/// How long *unknown* may run before it is killed, and what it is taken for by the rule of the whole window (MW-5, MW-7).
const UNKNOWN: Minute = 12 * 60;
/// The shortest deferral: what is left after the last one that was offered is lost.
const FIVE: Minute = 5;
/// How far ahead a window is looked for that takes a program.
const AHEAD: Minute = 366 * DAY;
/// How often the whole of a delivery policy is started again, and how often in all a program runs that takes the
/// computer down with it.
const THREE: u32 = 3;

/// What a computer does from the arrival of its policy at `from` until right before `to`.
pub fn live(
    policy: &Policy,
    zone: &str,
    remembered: &BTreeMap<Guid, bool>,
    cached: &BTreeSet<Guid>,
    scenario: &Scenario,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Happening> {
    let (from, to) = (calendar::minute_of(from), calendar::minute_of(to));
    let mut computer = Computer::new(policy, zone, remembered, cached, scenario, from, to);
    for minute in from..to {
        computer.now = minute;
        computer.something_ends();
        computer.jobs_come_due();
        computer.assessment_comes();
        computer.something_begins();
        while computer.goes_round_again {
            computer.something_ends();
            computer.something_begins();
        }
        computer.packages_age();
    }
    computer.out
}

/// Where a job stands.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// Not due.
    Idle,
    /// A delivery policy that found itself wanting, until its remediation's next time.
    Wanting(Minute),
    /// Due, and waits for its turn; also between two steps.
    Pending,
    /// Put off by the user: until when, and how much more the user may ask for.
    PutOff { until: Minute, left: Minute },
    /// The user can put it off no longer: until the countdown ends.
    CountingDown { until: Minute },
    /// Its program runs.
    Running,
}

/// What became of a step.
#[derive(Clone, Copy)]
struct Result {
    code: Option<i64>,
    success: bool,
}

struct JobState {
    phase: Phase,
    removed: bool,
    alerted: bool,
    due_at: Minute,
    prompted: bool,
    step: usize,
    results: Vec<Option<Result>>,
    runs_of_step: u32,
    starts_again: u32,
    times: BTreeSet<Minute>,
    /// The last of its times; `None`: they go on for ever.
    last_time: Option<Minute>,
    remediation_times: BTreeSet<Minute>,
    available: (Option<Minute>, Option<Minute>),
}

/// The program that runs.
struct Running {
    job: usize,
    ends: Minute,
    how: End,
}

/// How a program ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Returns(i64),
    IsKilled,
    TakesTheComputerDown,
}

/// A restart or a log-off that is to come.
struct Action {
    at: Minute,
    /// The jobs that asked for it.
    asked_by: BTreeSet<usize>,
}

/// The windows that count for something, or that nothing of that sort is there.
struct Windows {
    hold_back: bool,
    joined: Vec<(Minute, Minute)>,
}

struct Computer<'a> {
    policy: &'a Policy,
    scenario: &'a Scenario,
    zone: TimeZone,
    from: Minute,
    now: Minute,
    jobs: Vec<JobState>,
    remembered: BTreeMap<Guid, bool>,
    /// Packages that are there, with the minute they were last used in.
    cached: BTreeMap<Guid, Minute>,
    downloading: BTreeMap<Guid, Minute>,
    running: Option<Running>,
    restart: Option<Action>,
    log_off: Option<Action>,
    restarting_until: Option<Minute>,
    /// A program has just taken the computer down with it.
    goes_down: bool,
    /// Something happened in this minute that may let other things happen in it.
    goes_round_again: bool,
    blocked: BTreeSet<Minute>,
    windows_for_all: Windows,
    windows_for_sequences: Windows,
    assessment: Option<Minute>,
    out: Vec<Happening>,
}

impl<'a> Computer<'a> {
    fn new(
        policy: &'a Policy,
        zone: &str,
        remembered: &BTreeMap<Guid, bool>,
        cached: &BTreeSet<Guid>,
        scenario: &'a Scenario,
        from: Minute,
        to: Minute,
    ) -> Self {
        let zone = calendar::zone_of(zone);
        let server_zone = calendar::zone_of(&policy.server_zone);
        // A window that is still open then is longer than 366 days or longer than anything needs.
        let end = to + AHEAD + 4 * DAY;
        let of_kind = |kind| policy.windows.iter().filter(|window| window.kind == kind).collect::<Vec<_>>();
        let (all, sequences) = (of_kind(WindowKind::All), of_kind(WindowKind::TaskSequences));
        let windows_for_all = windows(&all, &zone, from, end);
        // where a computer has one for sequences, only these are; else those of kind *all*.
        let windows_for_sequences =
            if sequences.is_empty() { windows(&all, &zone, from, end) } else { windows(&sequences, &zone, from, end) };
        let assessment = match &policy.enrolled {
            None => None,
            Some(None) => Some(from + 4 * 60),
            Some(Some(scan)) => calendar::times(scan, &zone, from, to).first().copied(),
        };
        Self {
            policy,
            scenario,
            from,
            now: from,
            jobs: policy
                .jobs
                .iter()
                .map(|job| {
                    // nor at first where the memory has it as a success.
                    let removed = job.remove_after_success && remembered.get(&job.id) == Some(&true);
                    JobState { removed, ..job_state(job, &zone, &server_zone, from, to) }
                })
                .collect(),
            remembered: remembered.clone(),
            cached: cached.iter().map(|package| (*package, from)).collect(),
            downloading: BTreeMap::new(),
            running: None,
            restart: None,
            log_off: None,
            restarting_until: None,
            goes_down: false,
            goes_round_again: false,
            blocked: calendar::blocked_minutes(&policy.settings.blockouts, &zone, from, to),
            windows_for_all,
            windows_for_sequences,
            assessment,
            zone,
            out: Vec::new(),
        }
    }

    fn tell(&mut self, what: What) {
        self.out.push(Happening { at: calendar::timestamp_of(self.now), what });
    }

    fn something_ends(&mut self) {
        self.downloads_end();
        self.program_ends();
        self.restart_ends();
        self.deferrals_end();
    }

    fn something_begins(&mut self) {
        self.goes_round_again = false;
        self.computer_restarts();
        self.user_is_logged_off();
        self.downloads_start();
        self.programs_start();
    }

    // What ends.

    fn downloads_end(&mut self) {
        let ended: Vec<Guid> =
            self.downloading.iter().filter(|(_, ends)| **ends == self.now).map(|(package, _)| *package).collect();
        for package in ended {
            self.downloading.remove(&package);
            self.cached.insert(package, self.now);
            self.tell(What::DownloadEnded { package });
        }
    }

    fn program_ends(&mut self) {
        if self.running.as_ref().is_none_or(|running| running.ends != self.now) {
            return;
        }
        let Running { job, how, .. } = self.running.take().expect("looked at right above");
        let step = self.jobs[job].step;
        let id = self.policy.jobs[job].id;
        let program = &self.policy.jobs[job].steps[step].program;
        if let Some(last_used) = self.cached.get_mut(&program.package) {
            *last_used = self.now;
        }
        self.jobs[job].phase = Phase::Pending;
        let (code, killed) = match how {
            End::Returns(code) => (Some(code), false),
            End::IsKilled => (None, true), // PRG-3
            End::TakesTheComputerDown => (None, false),
        };
        let is_code_of_success = code.is_some_and(|code| program.success_codes.contains(&code)); // PRG-2
        let success = program.exits_early || is_code_of_success;
        self.tell(What::Ended { job: id, step, code, success, killed });
        let runs_again = how == End::TakesTheComputerDown && !success && self.jobs[job].runs_of_step < THREE;
        if !runs_again {
            self.step_is_over(job, Result { code, success });
        }
        if how == End::TakesTheComputerDown {
            self.goes_down = true; // PDF-2
        } else {
            self.after_running(job, step, success);
        }
    }

    /// A step is over, whose result is known: the next one is to run, or the job is at its end.
    fn step_is_over(&mut self, job: usize, result: Result) {
        let of = &self.policy.jobs[job];
        let step = self.jobs[job].step;
        self.jobs[job].results[step] = Some(result);
        self.jobs[job].runs_of_step = 0;
        if of.kind == JobKind::Task {
            self.finish(job, result.success);
            return;
        }
        if of.kind == JobKind::DeliveryPolicy && !result.success {
            match of.steps[step].on_failure {
                OnFailure::Abort => {
                    self.finish(job, false);
                    return;
                }
                OnFailure::Continue => {}
                OnFailure::Restart => {
                    if self.jobs[job].starts_again == THREE {
                        self.finish(job, false);
                    } else {
                        self.jobs[job].starts_again += 1;
                        self.jobs[job].step = 0;
                        self.jobs[job].results = vec![None; of.steps.len()];
                    }
                    return;
                }
            }
        }
        self.jobs[job].step += 1;
        while self.jobs[job].step < of.steps.len() && !self.may_step_run(job) {
            let step = self.jobs[job].step;
            self.tell(What::Skipped { job: of.id, step }); // SEQ-3
            self.jobs[job].step += 1;
        }
        if self.jobs[job].step == of.steps.len() {
            let success = self.jobs[job].results.iter().all(|result| result.is_some_and(|result| result.success));
            self.finish(job, success);
        }
    }

    /// Whether the steps that the step to run depends on returned what is asked for (SEQ-3).
    fn may_step_run(&self, job: usize) -> bool {
        let state = &self.jobs[job];
        for (needed, codes) in &self.policy.jobs[job].steps[state.step].depends_on {
            let Some(result) = state.results[*needed] else { return false };
            let will_do =
                if codes.is_empty() { result.success } else { result.code.is_some_and(|code| codes.contains(&code)) };
            if !will_do {
                return false;
            }
        }
        true
    }

    fn finish(&mut self, job: usize, success: bool) {
        let of = &self.policy.jobs[job];
        if !self.is_marked_task(job) {
            self.remembered.insert(of.id, success);
            self.tell(What::Finished { job: of.id, success });
        }
        self.jobs[job].phase = Phase::Idle;
        if success && of.remove_after_success {
            self.jobs[job].removed = true; // TSK-10
            self.tell(What::Removed { job: of.id });
        }
    }

    /// Whether a job is a task that its own program's mark has remembered and told from its start on.
    fn is_marked_task(&self, job: usize) -> bool {
        let of = &self.policy.jobs[job];
        of.kind == JobKind::Task && of.steps[0].program.exits_early
    }

    fn after_running(&mut self, job: usize, step: usize, success: bool) {
        let of = &self.policy.jobs[job];
        let after = of.steps[step].after;
        let is_policy = of.kind == JobKind::DeliveryPolicy;
        if is_policy && !success {
            return; // PRG-6
        }
        let may_put_off = is_policy || of.warn.is_some();
        let at = if self.scenario.users == Users::DeferToTheEnd && may_put_off {
            let (mut deferral, mut countdown) = (minutes(after.defer_up_to), after.countdown.map(minutes));
            if is_policy && after.action == AfterRunningAction::Restart {
                (deferral, countdown) = self.lowest_of_policies();
            }
            let countdown = countdown.unwrap_or(minutes(self.policy.settings.countdown));
            self.now + deferral / FIVE * FIVE + countdown
        } else {
            self.now
        };
        match after.action {
            AfterRunningAction::None => {}
            AfterRunningAction::Restart => ask_for(&mut self.restart, at, job),
            AfterRunningAction::LogOff => {
                if self.scenario.is_logged_on() {
                    ask_for(&mut self.log_off, at, job);
                }
            }
        }
    }

    /// The lowest deferral and the lowest countdown that delivery policies name for a restart (RST-4).
    fn lowest_of_policies(&self) -> (Minute, Option<Minute>) {
        let policies = self.policy.jobs.iter().filter(|job| job.kind == JobKind::DeliveryPolicy);
        let steps = policies.flat_map(|job| &job.steps);
        let restarts: Vec<After> =
            steps.map(|step| step.after).filter(|after| after.action == AfterRunningAction::Restart).collect();
        let deferral = restarts.iter().map(|after| minutes(after.defer_up_to)).min().unwrap_or(0);
        (deferral, restarts.iter().filter_map(|after| after.countdown.map(minutes)).min())
    }

    fn restart_ends(&mut self) {
        if self.restarting_until == Some(self.now) {
            self.restarting_until = None;
        }
    }

    fn deferrals_end(&mut self) {
        for job in 0..self.jobs.len() {
            match self.jobs[job].phase {
                Phase::PutOff { until, left } if until == self.now => self.put_off(job, left),
                Phase::CountingDown { until } if until == self.now => self.jobs[job].phase = Phase::Pending,
                _ => {}
            }
        }
    }

    /// The user puts a job off for the longest offer there is, or it counts down (TSK-8).
    fn put_off(&mut self, job: usize, left: Minute) {
        for offer in OFFERS {
            if offer <= left {
                let until = self.now + offer;
                self.jobs[job].phase = Phase::PutOff { until, left: left - offer };
                self.tell(What::Deferred { job: self.policy.jobs[job].id, until: calendar::timestamp_of(until) });
                return;
            }
        }
        let countdown = minutes(self.policy.settings.countdown);
        self.jobs[job].phase =
            if countdown == 0 { Phase::Pending } else { Phase::CountingDown { until: self.now + countdown } };
        self.goes_round_again = true;
    }

    // What comes due.

    fn jobs_come_due(&mut self) {
        for job in 0..self.jobs.len() {
            if self.jobs[job].removed {
                continue;
            }
            if self.has_time_now(job) && self.jobs[job].phase == Phase::Idle && !self.complies(job) {
                if self.policy.jobs[job].remediation.is_none() {
                    self.is_due(job);
                } else if let Some(next) = self.jobs[job].remediation_times.range(self.now..).next() {
                    self.jobs[job].phase = Phase::Wanting(*next);
                }
            }
            if self.jobs[job].phase == Phase::Wanting(self.now) {
                self.jobs[job].phase = Phase::Idle;
                if self.is_available(job, self.now) {
                    self.is_due(job);
                }
            }
        }
    }

    /// Whether one of a job's times is now.
    fn has_time_now(&self, job: usize) -> bool {
        let of = &self.policy.jobs[job];
        let arrives = self.now == self.from;
        match &of.run {
            Run::Manual => false,
            Run::AsSoonAsPossible => arrives && !self.remembered.contains_key(&of.id), // TSK-4, A-16
            Run::Schedule(schedule) => {
                let is_now = self.jobs[job].times.contains(&self.now) && self.is_available(job, self.now);
                let is_missed = match schedule {
                    Schedule::At(once) if arrives => {
                        let at = calendar::resolve(once.civil(), &self.zone);
                        at < self.from && self.is_available(job, at)
                    }
                    _ => false,
                };
                let is_made_up_for = of.run_missed_schedule && !self.remembered.contains_key(&of.id);
                is_now || (is_missed && is_made_up_for)
            }
        }
    }

    /// Whether a job is a delivery policy that has nothing left to do.
    fn complies(&self, job: usize) -> bool {
        let of = &self.policy.jobs[job];
        of.kind == JobKind::DeliveryPolicy && self.remembered.get(&of.id) == Some(&true)
    }

    fn is_due(&mut self, job: usize) {
        let steps = self.policy.jobs[job].steps.len();
        let state = &mut self.jobs[job];
        state.phase = Phase::Pending;
        state.due_at = self.now;
        state.prompted = false;
        state.step = 0;
        state.results = vec![None; steps];
        state.runs_of_step = 0;
        state.starts_again = 0;
    }

    fn assessment_comes(&mut self) {
        if self.assessment == Some(self.now) {
            self.tell(What::Assessed); // LIC-1
        }
    }

    fn packages_age(&mut self) {
        let mut deleted = BTreeSet::new();
        for (package, last_used) in &self.cached {
            let users = || {
                let jobs = self.policy.jobs.iter().enumerate();
                jobs.flat_map(|(job, of)| of.steps.iter().map(move |step| (job, &step.program)))
                    .filter(|(_, program)| program.package == *package)
            };
            let is_old = users().any(|(_, program)| self.now - last_used >= minutes(program.delete_unused_after));
            let is_needed = is_old && users().any(|(job, _)| self.is_active(job));
            if is_old && !is_needed {
                deleted.insert(*package); // PKG-3
            }
        }
        for package in deleted {
            self.cached.remove(&package);
            self.tell(What::PackageDeleted { package });
        }
    }

    /// Whether a job keeps its packages.
    fn is_active(&self, job: usize) -> bool {
        if self.jobs[job].removed {
            return false;
        }
        match &self.policy.jobs[job].run {
            Run::Manual | Run::AsSoonAsPossible => true,
            Run::Schedule(_) => self.jobs[job].phase != Phase::Idle || self.has_a_time_to_come(job),
        }
    }

    fn has_a_time_to_come(&self, job: usize) -> bool {
        self.jobs[job].last_time.is_none_or(|last| last > self.now)
    }

    /// Whether a job is available at a minute.
    fn is_available(&self, job: usize, at: Minute) -> bool {
        let (from, to) = self.jobs[job].available;
        from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to)
    }

    // What starts.

    fn computer_restarts(&mut self) {
        if self.running.is_some() || self.restarting_until.is_some() {
            return;
        }
        let windows = &self.windows_for_all;
        let is_open = !windows.hold_back || windows.at(self.now).is_some(); // MW-8
        let is_asked_for = self.restart.as_ref().is_some_and(|restart| restart.at <= self.now);
        if self.goes_down || (is_asked_for && is_open) {
            self.restarts();
        }
    }

    /// The computer restarts now, which settles all that waits for it (RST-4).
    fn restarts(&mut self) {
        self.restart = None;
        self.log_off = None;
        self.goes_down = false;
        self.restarting_until = Some(self.now + minutes(self.scenario.restart));
        self.goes_round_again = true;
        self.tell(What::Restarted);
    }

    fn user_is_logged_off(&mut self) {
        let Some(log_off) = &self.log_off else { return };
        if log_off.at <= self.now && self.running.is_none() && self.restarting_until.is_none() {
            self.log_off = None;
            self.goes_round_again = true;
            self.tell(What::LoggedOff);
        }
    }

    fn downloads_start(&mut self) {
        if self.blocked.contains(&self.now) {
            return;
        }
        let mut wanted = BTreeMap::new();
        for (job, of) in self.policy.jobs.iter().enumerate() {
            if self.is_still_to_run(job) && self.is_available(job, self.now) {
                for step in of.steps.iter().filter(|step| step.program.has_files) {
                    wanted.insert(step.program.package, self.scenario.download(&step.program.package_name));
                }
            }
        }
        for (package, takes) in wanted {
            if !self.cached.contains_key(&package) && !self.downloading.contains_key(&package) {
                self.downloading.insert(package, self.now + minutes(takes));
                self.goes_round_again = true;
                self.tell(What::DownloadStarted { package });
            }
        }
    }

    /// Whether something of a job is still to run, so that it wants its packages.
    fn is_still_to_run(&self, job: usize) -> bool {
        if self.jobs[job].removed {
            return false;
        }
        if self.jobs[job].phase != Phase::Idle {
            return true;
        }
        match &self.policy.jobs[job].run {
            Run::Manual => true,
            Run::AsSoonAsPossible => false,
            Run::Schedule(_) => self.has_a_time_to_come(job) && !self.complies(job),
        }
    }

    fn programs_start(&mut self) {
        if self.running.is_some() || self.restarting_until.is_some() {
            return;
        }
        let mut queue: Vec<usize> =
            (0..self.jobs.len()).filter(|job| self.jobs[*job].phase == Phase::Pending).collect();
        queue.sort_by_key(|job| {
            let priority = self.policy.jobs[*job].priority.number();
            (std::cmp::Reverse(priority), self.jobs[*job].due_at, *job) // TSK-2, MW-6
        });
        for job in queue {
            if !self.could_start_but_for_windows(job) {
                continue;
            }
            if !self.is_taken_now(job) {
                self.is_held_back(job);
                continue;
            }
            if self.asks_to_wait(job) {
                self.goes_round_again = true;
            } else {
                self.start(job);
            }
            return; // those behind it are not looked at.
        }
    }

    fn program_to_run(&self, job: usize) -> &'a Program {
        &self.policy.jobs[job].steps[self.jobs[job].step].program
    }

    fn could_start_but_for_windows(&self, job: usize) -> bool {
        let of = &self.policy.jobs[job];
        for action in [&self.restart, &self.log_off].into_iter().flatten() {
            let is_own = of.kind == JobKind::DeliveryPolicy && action.asked_by.contains(&job); // RST-1
            if is_own || !self.policy.settings.disregard_post_run_action {
                return false; // RST-2
            }
        }
        let is_there = |program: &Program| !program.has_files || self.cached.contains_key(&program.package);
        let somebody_or_nobody = match self.program_to_run(job).can_run {
            CanRun::Always => true,
            CanRun::UserLoggedOn => self.scenario.is_logged_on(),
            CanRun::NoUserLoggedOn => !self.scenario.is_logged_on(), // PRG-9
        };
        self.is_available(job, self.now) && of.steps.iter().all(|step| is_there(&step.program)) && somebody_or_nobody
    }

    fn windows_of(&self, job: usize) -> &Windows {
        match self.policy.jobs[job].kind {
            JobKind::Sequence => &self.windows_for_sequences, // MW-7
            JobKind::Task | JobKind::DeliveryPolicy => &self.windows_for_all,
        }
    }

    /// What a window must have for a job: `(countdown, maximum run time)` by the rule of the server (MW-1, MW-2, MW-7).
    fn needs_of_window(&self, job: usize) -> (Minute, Minute) {
        let maximum = self.program_to_run(job).max_run_time.map(minutes);
        match self.policy.rules.fit {
            FitRule::Remaining => {
                let warns = self.policy.jobs[job].warn.is_some();
                (if warns { minutes(self.policy.settings.countdown) } else { 0 }, maximum.unwrap_or(0))
            }
            FitRule::Whole => (0, maximum.unwrap_or(UNKNOWN)),
        }
    }

    /// Whether a window takes a job now, or none is needed.
    fn is_taken_now(&self, job: usize) -> bool {
        let windows = self.windows_of(job);
        if self.policy.jobs[job].ignores_windows || !windows.hold_back {
            return true; // MW-8
        }
        let Some((opened, closes)) = windows.at(self.now) else { return false };
        let (countdown, maximum) = self.needs_of_window(job);
        match self.policy.rules.fit {
            FitRule::Remaining => closes - self.now - countdown >= maximum,
            FitRule::Whole => closes - opened >= maximum,
        }
    }

    /// A job that could start but for its window: does any ever take it?
    fn is_held_back(&mut self, job: usize) {
        let windows = self.windows_of(job);
        if windows.at(self.now).is_none() {
            return;
        }
        let (countdown, maximum) = self.needs_of_window(job);
        if self.jobs[job].alerted && self.policy.rules.never_fits == NeverFits::Alert {
            return; // Told once.
        }
        let is_later = |opens: Minute| opens > self.now && opens <= self.now + AHEAD;
        let mut later = windows.joined.iter().filter(|(opens, _)| is_later(*opens));
        if later.any(|(opens, closes)| closes - opens >= maximum + countdown) {
            return;
        }
        let id = self.policy.jobs[job].id;
        match self.policy.rules.never_fits {
            NeverFits::Fails => {
                self.tell(What::NeverFits { job: id });
                self.remembered.insert(id, false);
                self.tell(What::Finished { job: id, success: false });
                self.jobs[job].phase = Phase::Idle;
            }
            NeverFits::Alert => {
                if !self.jobs[job].alerted {
                    self.jobs[job].alerted = true;
                    self.tell(What::NeverFits { job: id });
                }
            }
        }
    }

    /// Asks the user once per due time; true: the user puts it off.
    fn asks_to_wait(&mut self, job: usize) -> bool {
        let Some(maximum) = self.policy.jobs[job].warn else { return false };
        if self.jobs[job].prompted || self.scenario.users == Users::Absent {
            return false;
        }
        self.jobs[job].prompted = true;
        if self.scenario.users == Users::AcceptAtOnce {
            return false;
        }
        self.put_off(job, minutes(maximum));
        true
    }

    fn start(&mut self, job: usize) {
        let of = &self.policy.jobs[job];
        let (takes, how) = self.run_of(self.program_to_run(job));
        self.tell(What::Started { job: of.id, step: self.jobs[job].step });
        self.running = Some(Running { job, ends: self.now + takes, how });
        self.jobs[job].phase = Phase::Running;
        self.jobs[job].runs_of_step += 1;
        let package = self.program_to_run(job).package;
        if let Some(last_used) = self.cached.get_mut(&package) {
            *last_used = self.now;
        }
        if self.is_marked_task(job) {
            self.remembered.insert(of.id, true); // PDF-2
            self.tell(What::Finished { job: of.id, success: true });
        }
    }

    /// How long a program runs, and how it ends.
    fn run_of(&self, program: &Program) -> (Minute, End) {
        let outcome = self.scenario.outcome(&program.package_name, &program.name);
        let run_time = minutes(outcome.run_time).max(1);
        let limit = program.max_run_time.map_or(UNKNOWN, minutes);
        let is_killed_at_all = match self.policy.rules.stop {
            StopRule::Always => true,
            StopRule::AdministrativeAndUnattended => program.administrative && !program.interactive, // MW-5
        };
        if is_killed_at_all && run_time > limit {
            return (limit, End::IsKilled);
        }
        if outcome.exits_system {
            return (run_time, End::TakesTheComputerDown);
        }
        let code = outcome.code.or(program.success_codes.first().copied()).unwrap_or(0);
        (run_time, End::Returns(code))
    }
}

impl Windows {
    /// The joined window that is open at a minute.
    fn at(&self, minute: Minute) -> Option<(Minute, Minute)> {
        let mut opened = self.joined.iter().copied().take_while(|(opens, _)| *opens <= minute);
        opened.find(|(_, closes)| minute < *closes)
    }
}

fn windows(of: &[&Window], zone: &TimeZone, from: Minute, end: Minute) -> Windows {
    let mut joined = calendar::joined(of, zone, from - 8 * DAY, end);
    for (opens, closes) in &mut joined {
        if *closes - *opens > AHEAD {
            *closes = Minute::MAX / 2; // Endless.
        }
    }
    Windows { hold_back: !of.is_empty(), joined }
}

fn job_state(job: &Job, zone: &TimeZone, server_zone: &TimeZone, from: Minute, to: Minute) -> JobState {
    let clock = match job.availability.clock {
        Clock::Computer => zone,
        Clock::Server => server_zone, // TSK-11
    };
    let resolve = |local: consign::model::units::LocalDateTime| calendar::resolve(local.civil(), clock);
    JobState {
        phase: Phase::Idle,
        removed: false,
        alerted: false,
        due_at: from,
        prompted: false,
        step: 0,
        results: vec![None; job.steps.len()],
        runs_of_step: 0,
        starts_again: 0,
        times: match &job.run {
            Run::Schedule(schedule) => calendar::times(schedule, zone, from, to), // TSK-5
            Run::Manual | Run::AsSoonAsPossible => BTreeSet::new(),
        },
        last_time: match &job.run {
            Run::Schedule(schedule) => calendar::last_time(schedule, zone),
            Run::Manual | Run::AsSoonAsPossible => None,
        },
        remediation_times: match &job.remediation {
            // Beyond the end as well: what waits for a time to come keeps its packages.
            Some(schedule) => calendar::times(schedule, zone, from, to + AHEAD),
            None => BTreeSet::new(),
        },
        available: (job.availability.from.map(resolve), job.availability.to.map(resolve)),
    }
}

/// A restart or a log-off is asked for: of several the earliest moment holds (RST-4).
fn ask_for(action: &mut Option<Action>, at: Minute, job: usize) {
    match action {
        None => *action = Some(Action { at, asked_by: BTreeSet::from([job]) }),
        Some(action) => {
            action.at = action.at.min(at);
            action.asked_by.insert(job);
        }
    }
}
