//! What a computer begins at an instant: restarts, downloads, programs; and what it clears away.

use crate::agent::happening::What;
use crate::agent::policy::FitRule;
use crate::agent::policy::JobKind;
use crate::agent::policy::NeverFits;
use crate::agent::policy::Program;
use crate::agent::policy::StopRule;
use crate::agent::schedule::later;
use crate::agent::state::Hold;
use crate::agent::state::Phase;
use crate::agent::state::Running;
use crate::agent::state::State;
use crate::agent::step::Effect;
use crate::agent::windows::Place;
use crate::agent::windows::needed;
use crate::agent::windows::takes;
use crate::model::package::CanRun;
use crate::model::units::Duration;

/// When a program of unknown run time is stopped (MW-5).
const UNKNOWN_STOPPED: Duration = Duration::hours(12);

/// Begins whatever may begin now.
pub(super) fn begin(state: &mut State, out: &mut Vec<Effect>) {
    if state.restart.is_some() || state.log_off.is_some() {
        state.go_down(out);
    }
    if state.look_at_downloads {
        state.download(out);
    }
    if !state.pending.is_empty() {
        state.start_next(out);
    }
    if state.look_at_cache || state.deletion_at.is_some_and(|at| at <= state.now) {
        state.clear_cache(out);
    }
}

impl State {
    /// Restarts, or logs off, where that is pending and nothing keeps it. It goes before a start.
    fn go_down(&mut self, out: &mut Vec<Effect>) {
        let now = self.now;
        if self.running.is_some() || self.restarting || self.is_asking() {
            return;
        }
        if self.restart.is_some_and(|wait| wait.deadline <= now) && self.may_restart() {
            return self.restart_now(out);
        }
        if self.log_off.is_some_and(|wait| wait.deadline <= now) {
            self.log_off_now(out);
        }
    }

    /// A computer with general windows restarts inside of one only (MW-8).
    fn may_restart(&mut self) -> bool {
        self.is_open(JobKind::Task)
    }

    fn is_asking(&self) -> bool {
        self.asked > 0 || [self.restart, self.log_off].into_iter().flatten().any(|wait| wait.asked)
    }

    /// Begins the downloads of what available jobs want, unless a blockout holds them.
    fn download(&mut self, out: &mut Vec<Effect>) {
        self.look_at_downloads = false;
        self.downloads_at = None;
        let mut wanted: Vec<usize> = Vec::new();
        for job in self.jobs.iter().filter(|job| job.missing > 0 && job.is_available(self.now)) {
            if job.wants_packages(&self.memory) {
                let lacks = |place: &&usize| self.packages[**place].last_used.is_none();
                wanted.extend(job.packages.iter().filter(lacks).filter(|place| !self.packages[**place].downloading));
            }
        }
        if wanted.is_empty() {
            return;
        }
        if let Place::Inside(blockout) = self.blockouts.at(self.now) {
            self.look_at_downloads = true;
            self.downloads_at = Some(blockout.close);
            return;
        }
        wanted.sort_unstable_by_key(|place| self.packages[*place].id);
        wanted.dedup();
        for place in wanted {
            self.packages[place].downloading = true;
            let package = self.packages[place].id;
            self.report(What::DownloadStarted { package }, out);
            out.push(Effect::StartDownload(package));
        }
    }

    /// Starts the first pending job that can start.
    fn start_next(&mut self, out: &mut Vec<Effect>) {
        if self.running.is_some() || self.restarting || self.is_asking() || self.is_blocked() {
            return;
        }
        if !self.any_ignores_windows && !self.is_open(JobKind::Task) && !self.is_open(JobKind::Sequence) {
            return; // Many wait at night for few to start: they need no look each.
        }
        let mut n = 0;
        while let Some(slot) = self.pending.get(n).copied() {
            match self.hold(slot) {
                None => {
                    self.pending.remove(n);
                    return self.start_or_ask(slot, out);
                }
                Some(Hold::DoesNotFit) if self.never_fits(slot) => {
                    if !self.tell_never_fits(slot, out) {
                        n += 1;
                    }
                }
                Some(_) => n += 1, // Skipped; the next in order is tried (MW-3).
            }
        }
    }

    /// Whether no window keeps a kind of job waiting just now.
    fn is_open(&mut self, kind: JobKind) -> bool {
        let now = self.now;
        self.calendar.of(kind).is_none_or(|windows| matches!(windows.at(now), Place::Inside(_)))
    }

    /// Whether a pending restart or log-off keeps everything else waiting (RST-2).
    fn is_blocked(&self) -> bool {
        (self.restart.is_some() || self.log_off.is_some()) && !self.policy.settings.disregard_post_run_action
    }

    /// What keeps a job from starting now; `None`: nothing.
    pub(super) fn hold(&mut self, slot: usize) -> Option<Hold> {
        let now = self.now;
        let job = &self.jobs[slot];
        match job.phase {
            Phase::Idle | Phase::Awaits(_) => return Some(Hold::NotDue),
            Phase::Asked | Phase::PutOff { .. } => return Some(Hold::PutOff),
            Phase::Running => return Some(Hold::Busy),
            Phase::Pending => {}
        }
        let step = job.job.steps.get(job.step)?;
        let program = &step.program;
        let held = if !job.is_available(now) {
            Some(Hold::Unavailable) // TSK-11
        } else if job.missing > 0 {
            Some(Hold::NotDownloaded)
        } else if !can_run(program, self.logged_on) {
            Some(Hold::LoggedOn) // PRG-9
        } else if !reaches(program, self.network_kbps) {
            Some(Hold::Network) // PRG-12
        } else if self.running.is_some() {
            Some(Hold::Busy)
        } else if self.restarting {
            Some(Hold::Restarting)
        } else if job.waits_for.is_some() || self.is_blocked() {
            Some(Hold::RestartPending) // RST-1, RST-2
        } else {
            None
        };
        if held.is_some() || job.job.ignores_windows {
            return held;
        }
        // Without any window nothing is held back (MW-8).
        let windows = self.calendar.of(job.job.kind)?;
        let Place::Inside(window) = windows.at(now) else { return Some(Hold::WindowClosed) };
        let countdown = if job.job.warn.is_some() { self.policy.settings.countdown } else { Duration::ZERO };
        let fits = takes(self.policy.rules.fit, window, now, countdown, program.max_run_time);
        (!fits).then_some(Hold::DoesNotFit)
    }

    /// Whether no window of the next 366 days takes a job that this one does not take (MW-4).
    fn never_fits(&mut self, slot: usize) -> bool {
        let now = self.now;
        let job = &mut self.jobs[slot];
        if job.alerted || job.hope.is_some_and(|open| open > now) {
            return false;
        }
        let (rule, countdown) = (self.policy.rules.fit, self.policy.settings.countdown);
        let countdown = if job.job.warn.is_some() && rule == FitRule::Remaining { countdown } else { Duration::ZERO };
        let length = needed(rule, countdown, job.job.steps[job.step].program.max_run_time);
        let window = self.calendar.of(job.job.kind).and_then(|windows| windows.first_of(now, length));
        job.hope = window.map(|window| window.open);
        window.is_none()
    }

    /// Tells that a job never fits; returns whether it left the queue (MW-4).
    fn tell_never_fits(&mut self, slot: usize, out: &mut Vec<Effect>) -> bool {
        self.report(What::NeverFits { job: self.jobs[slot].job.id }, out);
        match self.policy.rules.never_fits {
            NeverFits::Fails => {
                self.unqueue(slot);
                self.finish(slot, false, out);
                true
            }
            NeverFits::Alert => {
                self.jobs[slot].alerted = true;
                false
            }
        }
    }

    /// Starts a job, or asks first where it warns somebody (TSK-8). It is out of the queue.
    fn start_or_ask(&mut self, slot: usize, out: &mut Vec<Effect>) {
        let job = &self.jobs[slot];
        if job.job.warn.is_some() && self.logged_on && !job.prompted {
            return self.ask_start(slot, out);
        }
        let Some(step) = job.job.steps.get(job.step) else {
            return self.finish(slot, true, out); // Nothing to run is nothing that fails.
        };
        let program = &step.program;
        let limit = is_stopped(program, self.policy.rules.stop)
            .then(|| later(self.now, program.max_run_time.unwrap_or(UNKNOWN_STOPPED)));
        let (id, number, place) = (job.job.id, job.step, job.step_package[job.step]);
        let done = program.exits_early && job.job.kind == JobKind::Task;
        if let Some(place) = place {
            self.touch(place);
        }
        self.jobs[slot].phase = Phase::Running;
        // After the first start there is no other prompt for this due time.
        self.jobs[slot].prompted = true;
        self.running = Some(Running { slot, limit });
        self.report(What::Started { job: id, step: number }, out);
        if done {
            self.remember(slot, true, out); // PDF-2
        }
        out.push(Effect::StartProgram { slot, step: number });
    }

    /// Deletes the packages that were unused for long enough (PKG-3).
    fn clear_cache(&mut self, out: &mut Vec<Effect>) {
        let now = self.now;
        self.look_at_cache = false;
        let mut gone: Vec<usize> = Vec::new();
        self.deletion_at = None;
        for (place, package) in self.packages.iter().enumerate() {
            match package.goes_at() {
                Some(at) if at <= now => gone.push(place),
                Some(at) => self.deletion_at = Some(self.deletion_at.map_or(at, |other| other.min(at))),
                None => {}
            }
        }
        gone.sort_unstable_by_key(|place| self.packages[*place].id);
        for place in gone {
            self.packages[place].last_used = None;
            self.jobs.iter_mut().filter(|job| job.packages.contains(&place)).for_each(|job| job.missing += 1);
            self.report(What::PackageDeleted { package: self.packages[place].id }, out);
        }
    }
}

/// Whether the network is there and fast enough for a program (PRG-12).
const fn reaches(program: &Program, network_kbps: Option<u32>) -> bool {
    match (program.network_kbps_min, network_kbps) {
        (Some(least), Some(speed)) => speed > 0 && speed >= least,
        _ => true,
    }
}

/// Whether somebody or nobody is logged on, as a program wants it (PRG-9).
const fn can_run(program: &Program, logged_on: bool) -> bool {
    match program.can_run {
        CanRun::Always => true,
        CanRun::UserLoggedOn => logged_on,
        CanRun::NoUserLoggedOn => !logged_on,
    }
}

/// Whether a program is killed at its limit (PRG-3, MW-5).
const fn is_stopped(program: &Program, rule: StopRule) -> bool {
    match rule {
        StopRule::Always => true,
        StopRule::AdministrativeAndUnattended => program.administrative && !program.interactive,
    }
}
