//! What happens to a computer, and what it does about it.
//!
//! At each instant first all that happened is told ([`Event`]), in the order of A-19, then [`Event::Wake`]: only then
//! does the computer begin anything. It asks to be woken with [`Effect::WakeAt`].

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;

use crate::agent::arrive::arrive;
use crate::agent::end::end_program;
use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::policy::Policy;
use crate::agent::schedule::later;
use crate::agent::schedule::next_after;
use crate::agent::schedule::next_on;
use crate::agent::start::begin;
use crate::agent::state::Phase;
use crate::agent::state::State;
use crate::agent::state::Timer;
use crate::agent::state::TimerKind;
use crate::agent::state::Wait;
use crate::agent::state::offers;
use crate::model::guid::Guid;
use crate::model::task::Run;
use crate::model::units::Duration;

/// Something that happens to a computer.
#[derive(Clone, Debug)]
pub enum Event {
    /// It is told its policy. The same one again changes nothing.
    PolicyArrived(Arc<Policy>),
    /// A download ended.
    Downloaded(Guid),
    /// The files of a package changed and its distribution point was updated: what is cached is stale (PKG-6).
    PackageChanged(Guid),
    /// The program that runs ended by itself.
    Exited {
        /// What it returned; `None`: it never lived to report.
        code: Option<i64>,
        /// Whether the computer goes down with it (PDF-2).
        exits_system: bool,
    },
    /// The user answered.
    Answered {
        /// What was asked.
        question: Question,
        /// What the user said.
        answer: Answer,
    },
    /// The computer is up again.
    RestartDone,
    /// All that happened at this instant was told.
    Wake,
}

/// What a user is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether a job may start (TSK-8).
    Start(Guid),
    /// Whether the computer may restart.
    Restart,
    /// Whether the user may be logged off.
    LogOff,
}

/// What a user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Now.
    Accept,
    /// So much later; one of the offers.
    Defer(Duration),
    /// Nothing: the countdown runs.
    Wait,
}

/// What a computer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Something to tell.
    Report(Happening),
    /// It begins to download a package.
    StartDownload(Guid),
    /// It starts a program.
    StartProgram {
        /// The job's place, for [`State::program`]; it holds until the next policy arrives.
        slot: usize,
        /// The step, 0 the first.
        step: usize,
    },
    /// It kills the program that runs.
    KillProgram,
    /// It asks the user, who is logged on.
    Ask {
        /// What.
        question: Question,
        /// The deferrals on offer, the longest last; none: only the countdown is left.
        offers: &'static [Duration],
    },
    /// It restarts.
    Restart,
    /// It wants to be woken then; `None`: only something from outside can wake it. Always the last effect of a wake.
    WakeAt(Option<Timestamp>),
}

/// Moves a computer on. `now` never goes back: an earlier one counts as the last.
pub fn step(state: &mut State, now: Timestamp, event: Event, out: &mut Vec<Effect>) {
    state.now = state.now.max(now);
    match event {
        Event::PolicyArrived(policy) => arrive(state, policy),
        Event::Downloaded(package) => state.downloaded(package, out),
        Event::PackageChanged(package) => state.changed(package),
        Event::Exited { code, exits_system } => end_program(state, code, exits_system, false, out),
        Event::Answered { question, answer } => state.answered(question, answer, out),
        Event::RestartDone => state.restarting = false,
        Event::Wake => wake(state, out),
    }
}

fn wake(state: &mut State, out: &mut Vec<Effect>) {
    let (now, before) = (state.now, out.len());
    if state.running.is_some_and(|running| running.limit.is_some_and(|limit| limit <= now)) {
        out.push(Effect::KillProgram);
        end_program(state, None, false, true, out);
    }
    state.ask_again(out);
    while let Some(timer) = state.timers.peek().map(|timer| timer.0).filter(|timer| timer.at <= now) {
        state.timers.pop();
        if state.stands(&timer) {
            state.fire(timer, out);
        }
    }
    if state.scan.is_some_and(|scan| scan <= now) {
        state.scan = None;
        state.memory.assessed = true;
        state.report(What::Assessed, out); // LIC-1
    }
    if out[before..].iter().any(|effect| matches!(effect, Effect::Ask { .. })) {
        out.push(Effect::WakeAt(Some(now))); // who answers at once does so before anything begins.
        return;
    }
    begin(state, out);
    let wake_at = state.next_wake();
    out.push(Effect::WakeAt(wake_at));
}

impl State {
    pub(super) fn report(&self, what: What, out: &mut Vec<Effect>) {
        out.push(Effect::Report(Happening { at: self.now, what }));
    }

    fn fire(&mut self, timer: Timer, out: &mut Vec<Effect>) {
        let slot = timer.slot;
        match timer.kind {
            TimerKind::PutOffEnds => self.put_off_ends(slot, out),
            TimerKind::Due => self.time_comes(slot, timer.at),
            TimerKind::Remediation => {
                self.jobs[slot].phase = Phase::Idle;
                if self.jobs[slot].is_available(timer.at) {
                    self.make_pending(slot, timer.at);
                }
                self.count_use(slot);
            }
            TimerKind::Available => self.look_at_downloads = true, // TSK-11
        }
    }

    /// A time of a job's schedule is there (TSK-5).
    fn time_comes(&mut self, slot: usize, at: Timestamp) {
        let job = &mut self.jobs[slot];
        if let Run::Schedule(schedule) = &job.next_form.as_ref().unwrap_or(&job.job).run {
            job.next_due = next_after(schedule, &self.clock, self.now);
        }
        if let Some(next) = job.next_due {
            self.set_timer(next, TimerKind::Due, slot);
        }
        // A time outside of the availability is lost (TSK-11).
        if self.jobs[slot].is_available(at) {
            self.becomes_due(slot, at);
        }
        self.count_use(slot);
    }

    /// A job is to run, or to be checked for compliance.
    pub(super) fn becomes_due(&mut self, slot: usize, at: Timestamp) {
        let job = &mut self.jobs[slot];
        if job.phase != Phase::Idle || job.removed || job.complies(&self.memory) {
            return;
        }
        let Some(remediation) = &job.job.remediation else {
            return self.make_pending(slot, at);
        };
        if let Some(then) = next_on(remediation, &self.clock, at) {
            job.phase = Phase::Awaits(then);
            self.set_timer(then, TimerKind::Remediation, slot);
            self.count_use(slot);
        }
    }

    fn make_pending(&mut self, slot: usize, at: Timestamp) {
        let job = &mut self.jobs[slot];
        job.clear_run();
        job.phase = Phase::Pending;
        job.due = at;
        self.queue(slot);
        self.count_use(slot);
    }

    fn put_off_ends(&mut self, slot: usize, out: &mut Vec<Effect>) {
        let job = &mut self.jobs[slot];
        let last = matches!(job.phase, Phase::PutOff { last: true, .. });
        let left = job.job.warn.unwrap_or_default().as_seconds().saturating_sub(job.deferred.as_seconds());
        let offers = offers(Duration::seconds(left));
        if last {
            job.phase = Phase::Pending;
            job.prompted = true;
            self.queue(slot);
        } else if offers.is_empty() {
            self.count_down(slot);
        } else {
            self.ask_start(slot, out);
        }
    }

    /// Asks whether a job may start (TSK-8).
    pub(super) fn ask_start(&mut self, slot: usize, out: &mut Vec<Effect>) {
        let job = &mut self.jobs[slot];
        let left = job.job.warn.unwrap_or_default().as_seconds().saturating_sub(job.deferred.as_seconds());
        job.phase = Phase::Asked;
        self.asked += 1;
        out.push(Effect::Ask { question: Question::Start(job.job.id), offers: offers(Duration::seconds(left)) });
    }

    /// Lets the countdown before a start run (TSK-9).
    fn count_down(&mut self, slot: usize) {
        let until = later(self.now, self.policy.settings.countdown);
        self.jobs[slot].phase = Phase::PutOff { until, last: true };
        self.set_timer(until, TimerKind::PutOffEnds, slot);
    }

    fn answered(&mut self, question: Question, answer: Answer, out: &mut Vec<Effect>) {
        match question {
            Question::Start(id) => {
                let asked = |job: &super::state::JobState| job.phase == Phase::Asked && job.job.id == id;
                if let Some(slot) = self.jobs.iter().position(asked) {
                    self.asked -= 1;
                    self.start_answered(slot, answer, out);
                }
            }
            Question::Restart => Self::wait_answered(&mut self.restart, self.now, answer),
            Question::LogOff => Self::wait_answered(&mut self.log_off, self.now, answer),
        }
    }

    fn start_answered(&mut self, slot: usize, answer: Answer, out: &mut Vec<Effect>) {
        match answer {
            Answer::Accept => {
                self.jobs[slot].phase = Phase::Pending;
                self.jobs[slot].prompted = true;
                self.queue(slot);
            }
            Answer::Defer(by) => {
                let until = later(self.now, by);
                let job = &mut self.jobs[slot];
                job.deferred = Duration::seconds(job.deferred.as_seconds().saturating_add(by.as_seconds()));
                job.phase = Phase::PutOff { until, last: false };
                let job = job.job.id;
                self.set_timer(until, TimerKind::PutOffEnds, slot);
                self.report(What::Deferred { job, until }, out);
            }
            Answer::Wait => self.count_down(slot),
        }
    }

    fn wait_answered(wait: &mut Option<Wait>, now: Timestamp, answer: Answer) {
        let Some(wait) = wait.as_mut().filter(|wait| wait.asked) else { return };
        wait.asked = false;
        match answer {
            Answer::Accept => wait.deadline = wait.deadline.min(now),
            Answer::Wait => {}
            Answer::Defer(by) => {
                let then = later(now, by);
                // Asked again only where an offer still fits.
                wait.ask_at = (later(then, offers_shortest()) <= wait.off_until).then_some(then);
            }
        }
    }

    /// Asks again about a restart or a log-off that was put off.
    fn ask_again(&mut self, out: &mut Vec<Effect>) {
        let now = self.now;
        for (wait, question) in [(&mut self.restart, Question::Restart), (&mut self.log_off, Question::LogOff)] {
            if let Some(wait) = wait.as_mut().filter(|wait| wait.ask_at.is_some_and(|at| at <= now)) {
                wait.ask_at = None;
                wait.asked = true;
                let left = super::windows::between(now, wait.off_until);
                out.push(Effect::Ask { question, offers: offers(left) });
            }
        }
    }

    fn downloaded(&mut self, id: Guid, out: &mut Vec<Effect>) {
        let Some(place) = self.packages.iter().position(|package| package.id == id && package.downloading) else {
            return;
        };
        let package = &mut self.packages[place];
        package.downloading = false;
        package.last_used = Some(self.now);
        self.look_at_cache = true;
        for job in self.jobs.iter_mut().filter(|job| job.packages.contains(&place)) {
            job.missing -= 1;
        }
        self.report(What::DownloadEnded { package: id }, out);
    }

    /// What is cached of a package is stale, and downloaded again whole by who still wants it (PKG-6).
    fn changed(&mut self, id: Guid) {
        let Some(place) = self.packages.iter().position(|package| package.id == id) else { return };
        if self.packages[place].last_used.take().is_none() {
            return;
        }
        for job in self.jobs.iter_mut().filter(|job| job.packages.contains(&place)) {
            job.missing += 1;
        }
        self.look_at_downloads = true;
        self.look_at_cache = true;
    }

    /// When anything is due by itself.
    fn next_wake(&mut self) -> Option<Timestamp> {
        while let Some(timer) = self.timers.peek().map(|Reverse(timer)| *timer) {
            if self.stands(&timer) {
                break;
            }
            self.timers.pop();
        }
        let mut wake = Soonest(self.timers.peek().map(|timer| timer.0.at));
        wake.or(self.running.and_then(|running| running.limit));
        wake.or(self.scan);
        wake.or(self.downloads_at);
        wake.or(self.deletion_at);
        if self.restart.is_some() || self.log_off.is_some() {
            wake.or(self.restart_wakes());
        }
        if self.running.is_none() && !self.restarting && !self.pending.is_empty() {
            let now = self.now;
            for kind in [super::policy::JobKind::Task, super::policy::JobKind::Sequence] {
                wake.or(self.calendar.of(kind).and_then(|windows| windows.next_open(now)));
            }
        }
        wake.0
    }

    fn restart_wakes(&mut self) -> Option<Timestamp> {
        let now = self.now;
        let mut wake = Soonest(None);
        for wait in [self.restart, self.log_off].into_iter().flatten() {
            wake.or(wait.ask_at);
            wake.or(Some(wait.deadline).filter(|deadline| *deadline > now));
        }
        if self.restart.is_some_and(|wait| wait.deadline <= now) {
            wake.or(self.calendar.general().and_then(|windows| windows.next_open(now)));
        }
        wake.0
    }
}

fn offers_shortest() -> Duration {
    super::state::OFFERS[0]
}

struct Soonest(Option<Timestamp>);

impl Soonest {
    fn or(&mut self, other: Option<Timestamp>) {
        self.0 = match (self.0, other) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }
}
