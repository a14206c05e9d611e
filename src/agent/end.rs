//! A program ends: what it means for its job (A-10 … ).

use jiff::Timestamp;

use crate::agent::arrive::link;
use crate::agent::arrive::wind_up;
use crate::agent::happening::What;
use crate::agent::memory::Remembered;
use crate::agent::policy::JobKind;
use crate::agent::schedule::Clock;
use crate::agent::schedule::later;
use crate::agent::state::Awaited;
use crate::agent::state::OFFERS;
use crate::agent::state::Phase;
use crate::agent::state::Ran;
use crate::agent::state::State;
use crate::agent::state::Wait;
use crate::agent::state::offers;
use crate::agent::step::Effect;
use crate::agent::step::Question;
use crate::model::delivery_policy::OnFailure;
use crate::model::package::AfterRunningAction;
use crate::model::units::Duration;

/// Runs of a program that shuts the computer down unmarked, before it counts as a failure.
const EXITS_MAX: u8 = 3;
/// How often a delivery policy starts again.
const AGAIN_MAX: u8 = 3;

/// The program that runs has ended.
pub(super) fn end_program(
    state: &mut State,
    code: Option<i64>,
    exits_system: bool,
    killed: bool,
    out: &mut Vec<Effect>,
) {
    let Some(running) = state.running.take() else { return };
    let slot = running.slot;
    let job = &state.jobs[slot];
    let (id, step) = (job.job.id, job.step);
    let program = &job.job.steps[step].program;
    let marked = program.exits_early;
    // Only the success codes decide (PRG-2); a marked program counted as executed when it started (PDF-2).
    let success = marked || code.is_some_and(|code| program.success_codes.contains(&code));
    if let Some(place) = job.step_package[step] {
        state.touch(place);
    }
    state.report(What::Ended { job: id, step, code, success, killed }, out);
    if exits_system && !marked && !state.counts_as_failure(slot) {
        state.again(slot);
    } else {
        if !exits_system {
            state.after_running(slot, success, out);
        }
        state.jobs[slot].results.push(Some(Ran { code, success }));
        state.go_on(slot, success, out);
    }
    if exits_system {
        state.restart_now(out);
    }
}

impl State {
    /// A program of a package ran: it is in use (PKG-3).
    pub(super) fn touch(&mut self, place: usize) {
        let package = &mut self.packages[place];
        if package.last_used.is_some() {
            package.last_used = Some(self.now);
            self.look_at_cache |= package.users == 0;
        }
    }

    /// Whether the program shut the computer down once too often.
    fn counts_as_failure(&mut self, slot: usize) -> bool {
        let job = &mut self.jobs[slot];
        job.exits += 1;
        job.exits >= EXITS_MAX
    }

    /// Puts a job back in the queue: for the same step once more, or for its next one.
    fn again(&mut self, slot: usize) {
        let job = &mut self.jobs[slot];
        if job.gone {
            return self.drop_gone(slot);
        }
        job.phase = Phase::Pending;
        job.hope = None;
        self.queue(slot);
    }

    /// What left the policy while it ran ends with its program.
    fn drop_gone(&mut self, slot: usize) {
        let job = &mut self.jobs[slot];
        job.clear_run();
        job.phase = Phase::Idle;
        job.removed = true;
        self.count_use(slot);
    }

    /// What follows the end of a step, for its job.
    fn go_on(&mut self, slot: usize, success: bool, out: &mut Vec<Effect>) {
        let job = &mut self.jobs[slot];
        job.exits = 0;
        match job.job.kind {
            JobKind::Task if job.job.steps[job.step].program.exits_early => self.wrap_up(slot, true, out), // PDF-2
            JobKind::Task => self.finish(slot, success, out),
            JobKind::Sequence => self.next_step(slot, out),
            JobKind::DeliveryPolicy => match job.job.steps[job.step].on_failure {
                OnFailure::Abort if !success => self.finish(slot, false, out),
                OnFailure::Restart if !success && job.again >= AGAIN_MAX => self.finish(slot, false, out),
                OnFailure::Restart if !success => {
                    job.again += 1;
                    job.step = 0;
                    job.results.clear();
                    self.again(slot);
                }
                OnFailure::Abort | OnFailure::Continue | OnFailure::Restart => self.next_step(slot, out),
            },
        }
    }

    /// Goes to the next step that may run; the progress is saved (SEQ-3, SEQ-5).
    fn next_step(&mut self, slot: usize, out: &mut Vec<Effect>) {
        loop {
            let job = &mut self.jobs[slot];
            job.step += 1;
            let Some(step) = job.job.steps.get(job.step) else {
                let success = job.results.iter().all(|ran| ran.is_some_and(|ran| ran.success));
                return self.finish(slot, success, out);
            };
            let may_run = step.depends_on.iter().all(|(needed, codes)| {
                // A step that was skipped did not run (SEQ-3).
                job.results.get(*needed).copied().flatten().is_some_and(|ran| {
                    if codes.is_empty() { ran.success } else { ran.code.is_some_and(|code| codes.contains(&code)) }
                })
            });
            if may_run {
                return self.again(slot);
            }
            if job.gone {
                return self.drop_gone(slot);
            }
            job.results.push(None);
            let what = What::Skipped { job: job.job.id, step: job.step };
            self.report(what, out);
        }
    }

    /// A job came to its end (TSK-4).
    pub(super) fn finish(&mut self, slot: usize, success: bool, out: &mut Vec<Effect>) {
        self.remember(slot, success, out);
        self.wrap_up(slot, success, out);
    }

    /// Remembers how a job ended.
    pub(super) fn remember(&mut self, slot: usize, success: bool, out: &mut Vec<Effect>) {
        let id = self.jobs[slot].job.id;
        self.memory.ran.insert(id, Remembered::of(success));
        self.report(What::Finished { job: id, success }, out);
    }

    fn wrap_up(&mut self, slot: usize, success: bool, out: &mut Vec<Effect>) {
        let job = &mut self.jobs[slot];
        job.clear_run();
        job.phase = Phase::Idle;
        if job.gone {
            return self.drop_gone(slot);
        }
        if let Some(form) = job.next_form.take() {
            job.job = form;
            job.read_availability(&self.clock, &Clock::named(&self.policy.server_zone));
            self.relink(slot);
        }
        let job = &mut self.jobs[slot];
        if success && job.job.remove_after_success {
            job.removed = true; // TSK-10
            job.next_due = None;
            let what = What::Removed { job: job.job.id };
            self.report(what, out);
        }
        self.count_use(slot);
    }

    /// A changed form of a job holds now.
    fn relink(&mut self, slot: usize) {
        if std::mem::take(&mut self.jobs[slot].active) {
            for place in &self.jobs[slot].packages {
                self.packages[*place].users -= 1;
            }
        }
        link(self, slot);
        wind_up(self, slot);
        self.look_at_cache = true;
        self.look_at_downloads = true;
    }

    /// Restart and log-off follow any result of a task or a step, in delivery policies only a success (PRG-6).
    fn after_running(&mut self, slot: usize, success: bool, out: &mut Vec<Effect>) {
        let job = &self.jobs[slot];
        let after = job.job.steps[job.step].after;
        let in_policy = job.job.kind == JobKind::DeliveryPolicy;
        let question = match after.action {
            AfterRunningAction::None => return,
            AfterRunningAction::Restart => Question::Restart,
            AfterRunningAction::LogOff if !self.logged_on => return,
            AfterRunningAction::LogOff => Question::LogOff,
        };
        if in_policy && !success {
            return;
        }
        let may_put_off = self.logged_on && (in_policy || job.job.warn.is_some());
        let (mut most, mut countdown) = (after.defer_up_to, after.countdown);
        if in_policy && question == Question::Restart {
            // The lowest of all delivery policies on the computer (RST-4).
            most = self.lowest.0.map_or(most, |lowest| lowest.min(most));
            countdown = countdown.into_iter().chain(self.lowest.1).min();
        }
        if in_policy {
            let awaited = if question == Question::Restart { Awaited::Restart } else { Awaited::LogOff };
            self.jobs[slot].waits_for = Some(awaited); // RST-1
        }
        let countdown = countdown.unwrap_or(self.policy.settings.countdown); // TSK-9
        let wait = if may_put_off { put_off(self.now, most, countdown) } else { at_once(self.now) };
        self.pend(wait, question, out);
    }

    /// A restart or log-off is pending; of several the earliest moment holds (RST-4).
    fn pend(&mut self, wait: Wait, question: Question, out: &mut Vec<Effect>) {
        let now = self.now;
        let pending = if question == Question::Restart { &mut self.restart } else { &mut self.log_off };
        let earliest = match *pending {
            Some(before) if before.deadline <= wait.deadline => Wait { asked: before.asked | wait.asked, ..before },
            _ => wait,
        };
        *pending = Some(earliest);
        if wait.asked {
            let left = super::windows::between(now, earliest.off_until);
            out.push(Effect::Ask { question, offers: offers(left) });
        }
    }

    /// The computer goes down: whatever restart or log-off was pending is settled (RST-4).
    pub(super) fn restart_now(&mut self, out: &mut Vec<Effect>) {
        self.restart = None;
        self.log_off = None;
        self.restarting = true;
        self.jobs.iter_mut().for_each(|job| job.waits_for = None);
        self.report(What::Restarted, out);
        out.push(Effect::Restart);
    }

    /// The user is logged off.
    pub(super) fn log_off_now(&mut self, out: &mut Vec<Effect>) {
        self.log_off = None;
        self.jobs.iter_mut().filter(|job| job.waits_for == Some(Awaited::LogOff)).for_each(|job| job.waits_for = None);
        self.report(What::LoggedOff, out);
    }
}

const fn at_once(now: Timestamp) -> Wait {
    Wait { deadline: now, off_until: now, ask_at: None, asked: false }
}

/// What the user may put off in all: the offers reach the maximum down to the shortest of them (TSK-8).
fn put_off(now: Timestamp, most: Duration, countdown: Duration) -> Wait {
    let unit = OFFERS[0].as_seconds();
    let off_until = later(now, Duration::seconds(most.as_seconds() / unit * unit));
    Wait { deadline: later(off_until, countdown), off_until, ask_at: None, asked: true }
}
