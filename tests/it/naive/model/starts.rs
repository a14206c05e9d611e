//! What starts, and what it waits for.

use std::collections::BTreeMap;

use consign::agent::happening::What;
use consign::agent::policy::FitRule;
use consign::agent::policy::JobKind;
use consign::agent::policy::NeverFits;
use consign::agent::policy::Program;
use consign::agent::policy::StopRule;
use consign::model::package::CanRun;
use consign::model::task::Run;

use super::AHEAD;
use super::Computer;
use super::Downloading;
use super::End;
use super::Phase;
use super::Running;
use super::UNKNOWN;
use super::Windows;
use crate::naive::calendar::Minute;
use crate::naive::calendar::minutes;

impl Computer<'_> {
    pub(super) fn computer_restarts(&mut self) {
        if self.running.is_some() || self.restarting_until.is_some() {
            return;
        }
        let windows = &self.windows_for_all;
        let is_open = !windows.hold_back || windows.at(self.now).is_some(); // MW-8
        if self.restart.is_some_and(|at| at <= self.now) {
            if is_open {
                if self.jobs.iter().any(|job| job.is_under_way && job.form.kind == JobKind::Sequence) {
                    self.mark("SEQ-5 a restart in the middle");
                }
                self.restarts();
            } else {
                self.mark("MW-8 a restart waits for a window");
            }
        }
    }

    /// The computer restarts now, which settles all that waits for it (RST-4).
    pub(super) fn restarts(&mut self) {
        self.restart = None;
        self.log_off = None;
        for job in &mut self.jobs {
            job.waits_for_restart = false;
            job.waits_for_log_off = false;
        }
        self.restarting_until = Some(self.now + minutes(self.scenario.restart));
        self.goes_round_again = true;
        self.tell(What::Restarted);
    }

    pub(super) fn user_is_logged_off(&mut self) {
        let is_asked_for = self.log_off.is_some_and(|at| at <= self.now);
        if is_asked_for && self.running.is_none() && self.restarting_until.is_none() {
            self.log_off = None;
            for job in &mut self.jobs {
                job.waits_for_log_off = false;
            }
            self.goes_round_again = true;
            self.tell(What::LoggedOff);
        }
    }

    pub(super) fn downloads_start(&mut self) {
        let mut wanted = BTreeMap::new();
        for job in 0..self.jobs.len() {
            if self.is_still_to_run(job) && self.is_available(job, self.now) {
                for step in self.jobs[job].form.steps.iter().filter(|step| step.program.has_files) {
                    let program = &step.program;
                    let package = program.package;
                    if !self.cached.contains_key(&package) && !self.downloading.contains_key(&package) {
                        let ends = self.now + minutes(self.scenario.download(&program.package_name));
                        let delete_unused_after = Some(program.delete_unused_after);
                        wanted.insert(package, Downloading { ends, delete_unused_after });
                    }
                }
            }
        }
        if self.blocked.contains(&self.now) {
            if !wanted.is_empty() {
                self.mark("A-18 a blockout holds downloads");
            }
            return;
        }
        for (package, downloading) in wanted {
            self.downloading.insert(package, downloading);
            self.goes_round_again = true;
            self.tell(What::DownloadStarted { package });
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
        match &self.jobs[job].form.run {
            Run::Manual => true,
            Run::AsSoonAsPossible => false,
            Run::Schedule(_) => self.has_a_time_to_come(job) && !self.complies(job),
        }
    }

    pub(super) fn programs_start(&mut self) {
        if self.running.is_some() || self.restarting_until.is_some() {
            return;
        }
        let mut queue: Vec<usize> =
            (0..self.jobs.len()).filter(|job| self.jobs[*job].phase == Phase::Pending).collect();
        queue.sort_by_key(|job| {
            let priority = self.jobs[*job].form.priority.number();
            (std::cmp::Reverse(priority), self.jobs[*job].due_at, *job) // TSK-2, MW-6
        });
        let earliest_due = queue.iter().map(|job| self.jobs[*job].due_at).min();
        let mut is_one_skipped = false;
        for job in queue {
            if !self.could_start_but_for_windows(job) {
                continue;
            }
            if !self.is_taken_now(job) {
                is_one_skipped |= self.windows_of(job).at(self.now).is_some();
                self.is_held_back(job);
                continue;
            }
            if is_one_skipped {
                self.mark("MW-3 one is skipped, the next is tried");
            }
            if earliest_due < Some(self.jobs[job].due_at) && !is_one_skipped {
                self.mark("TSK-2 by priority, not by due time");
            }
            if self.prompts(job) {
                self.asks(job);
                self.goes_round_again = true;
            } else {
                self.start(job);
            }
            return; // those behind it are not looked at.
        }
    }

    fn could_start_but_for_windows(&self, job: usize) -> bool {
        let state = &self.jobs[job];
        if state.waits_for_restart || state.waits_for_log_off {
            self.mark("RST-1 later resources wait");
            return false;
        }
        let something_is_pending = self.restart.is_some() || self.log_off.is_some();
        if something_is_pending && !self.policy().settings.disregard_post_run_action {
            self.mark("RST-2 a pending restart blocks");
            return false;
        }
        if something_is_pending {
            self.mark("RST-2 a pending restart is disregarded");
        }
        let is_there = |program: &Program| !program.has_files || self.cached.contains_key(&program.package);
        let somebody_or_nobody = match self.program_to_run(job).can_run {
            CanRun::Always => true,
            CanRun::UserLoggedOn => self.scenario.is_logged_on(),
            CanRun::NoUserLoggedOn => !self.scenario.is_logged_on(), // PRG-9
        };
        if !somebody_or_nobody {
            self.mark("PRG-9 held for who is logged on");
        }
        if !self.is_available(job, self.now) {
            self.mark("TSK-11 pending outside availability");
        }
        let all_there = state.form.steps.iter().all(|step| is_there(&step.program));
        self.is_available(job, self.now) && all_there && somebody_or_nobody
    }

    fn windows_of(&self, job: usize) -> &Windows {
        match self.jobs[job].form.kind {
            JobKind::Sequence => &self.windows_for_sequences, // MW-7
            JobKind::Task | JobKind::DeliveryPolicy => &self.windows_for_all,
        }
    }

    /// What a window must have for a job: `(countdown, maximum run time)` by the rule of the server (MW-1, MW-2, MW-7).
    fn needs_of_window(&self, job: usize) -> (Minute, Minute) {
        let maximum = self.program_to_run(job).max_run_time.map(minutes);
        match self.policy().rules.fit {
            FitRule::Remaining => {
                let warns = self.jobs[job].form.warn.is_some();
                (if warns { minutes(self.policy().settings.countdown) } else { 0 }, maximum.unwrap_or(0))
            }
            FitRule::Whole => (0, maximum.unwrap_or(UNKNOWN)),
        }
    }

    /// Whether a window takes a job now, or none is needed.
    fn is_taken_now(&self, job: usize) -> bool {
        let windows = self.windows_of(job);
        if self.jobs[job].form.ignores_windows || !windows.hold_back {
            if self.jobs[job].form.ignores_windows && windows.hold_back {
                self.mark("A-16 a policy ignores windows");
            } else if self.policy().windows.is_empty() {
                self.mark("MW-8 without any window nothing is held back");
            } else {
                self.mark("MW-7 windows of other kinds hold nothing back");
            }
            return true;
        }
        let Some((opened, closes)) = windows.at(self.now) else {
            self.mark("MW-8 held back outside of windows");
            return false;
        };
        let (countdown, maximum) = self.needs_of_window(job);
        let left = closes - self.now;
        let takes = match self.policy().rules.fit {
            FitRule::Remaining => left - countdown >= maximum,
            FitRule::Whole => closes - opened >= maximum,
        };
        match (self.policy().rules.fit, self.program_to_run(job).max_run_time.is_some()) {
            (FitRule::Remaining, true) if !takes && left >= maximum => self.mark("MW-1 the countdown counts"),
            (FitRule::Remaining, true) if !takes => self.mark("MW-1 what is left is too short"),
            (FitRule::Remaining, false) if takes => self.mark("MW-2 unknown starts"),
            (FitRule::Remaining, false) => self.mark("MW-2 unknown minds the countdown"),
            (FitRule::Whole, true) if takes && left < maximum => self.mark("MW-7 the whole window counts"),
            (FitRule::Whole, false) if !takes => self.mark("MW-7 unknown is 720 minutes"),
            _ => {}
        }
        let is_sequence = self.jobs[job].form.kind == JobKind::Sequence;
        if is_sequence && takes && self.windows_for_all.at(self.now).is_none() {
            self.mark("MW-7 a sequence in a window of its own kind");
        }
        takes
    }

    /// A job that could start but for its window: does a later one ever take it?
    fn is_held_back(&mut self, job: usize) {
        let fails = self.policy().rules.never_fits == NeverFits::Fails;
        if self.jobs[job].alerted && !fails {
            return; // Told once.
        }
        let windows = self.windows_of(job);
        if windows.at(self.now).is_none() {
            return;
        }
        let (countdown, maximum) = self.needs_of_window(job);
        let is_later = |opens: Minute| opens > self.now && opens <= self.now + AHEAD;
        let mut later = windows.joined.iter().filter(|(opens, _)| is_later(*opens));
        if later.any(|(opens, closes)| closes - opens >= maximum + countdown) {
            self.mark("MW-4 a later window is a hope");
            return;
        }
        let id = self.form(job).id;
        self.mark(if fails { "MW-4 never fits, fails" } else { "MW-4 never fits, alerts" });
        self.tell(What::NeverFits { job: id });
        if fails {
            self.is_remembered(job, false);
            self.comes_to_rest(job, false);
        } else {
            self.jobs[job].alerted = true;
        }
    }

    /// Whether the user is asked first, which happens once per due time.
    fn prompts(&self, job: usize) -> bool {
        self.jobs[job].form.warn.is_some() && !self.jobs[job].prompted && self.scenario.is_logged_on()
    }

    fn start(&mut self, job: usize) {
        let of = self.form(job);
        let program = self.program_to_run(job);
        let (takes, how) = self.run_of(&program);
        if self.jobs.iter().enumerate().any(|(other, state)| other != job && state.is_under_way) {
            self.mark("SEQ-4 another job between two steps");
        }
        if !program.has_files {
            self.mark("PKG-2 nothing to download");
        }
        if how != End::IsKilled && takes > program.max_run_time.map_or(UNKNOWN, minutes) {
            self.mark("MW-5 over its limit, and not killed");
        }
        self.tell(What::Started { job: of.id, step: self.jobs[job].step });
        self.running = Some(Running { job, ends: self.now + takes, how });
        self.jobs[job].phase = Phase::Running;
        self.jobs[job].is_under_way = true;
        self.jobs[job].runs_of_step += 1;
        self.uses(program.package);
        if of.kind == JobKind::Task && program.exits_early {
            self.is_remembered(job, true); // PDF-2
        }
    }

    /// How long a program runs, and how it ends.
    fn run_of(&self, program: &Program) -> (Minute, End) {
        let outcome = self.scenario.outcome(&program.package_name, &program.name);
        let run_time = minutes(outcome.run_time).max(1);
        let limit = program.max_run_time.map_or(UNKNOWN, minutes);
        let is_killed_at_all = match self.policy().rules.stop {
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
        let opened = self.joined.partition_point(|(opens, _)| *opens <= minute);
        self.joined[..opened].last().copied().filter(|(_, closes)| minute < *closes)
    }
}
