//! What ends, and what follows from it.

use std::collections::BTreeMap;

use consign::agent::happening::What;
use consign::agent::policy::After;
use consign::agent::policy::JobKind;
use consign::agent::scenario::Users;
use consign::model::delivery_policy::OnFailure;
use consign::model::guid::Guid;
use consign::model::package::AfterRunningAction;

use super::Computer;
use super::Downloading;
use super::End;
use super::InCache;
use super::Phase;
use super::Result;
use super::Running;
use super::THREE;
use crate::naive::calendar;
use crate::naive::calendar::Minute;
use crate::naive::calendar::minutes;

/// The deferrals a user is offered, longest first (TSK-8).
const OFFERS: [Minute; 9] = [12 * 60, 8 * 60, 4 * 60, 2 * 60, 60, 30, 15, 10, 5];
/// The shortest of them: what is left of a maximum after the last offer is lost.
const FIVE: Minute = 5;

impl Computer<'_> {
    pub(super) fn downloads_end(&mut self) {
        let (ended, on_their_way) = std::mem::take(&mut self.downloading)
            .into_iter()
            .partition(|(_, downloading)| downloading.ends == self.now);
        self.downloading = on_their_way;
        let ended: BTreeMap<Guid, Downloading> = ended;
        for (package, Downloading { delete_unused_after, .. }) in ended {
            self.cached.insert(package, InCache { last_used: self.now, delete_unused_after });
            self.tell(What::DownloadEnded { package });
        }
    }

    pub(super) fn program_ends(&mut self) {
        if self.running.as_ref().is_none_or(|running| running.ends != self.now) {
            return;
        }
        let Running { job, how, .. } = self.running.take().expect("looked at right above");
        let step = self.jobs[job].step;
        let id = self.form(job).id;
        let program = self.program_to_run(job);
        self.uses(program.package);
        self.jobs[job].phase = Phase::Pending;
        let (code, killed) = match how {
            End::Returns(code) => (Some(code), false),
            End::IsKilled => (None, true), // PRG-3
            End::TakesTheComputerDown => (None, false),
        };
        let is_code_of_success = code.is_some_and(|code| program.success_codes.contains(&code)); // PRG-2
        let success = program.exits_early || is_code_of_success;
        self.tell(What::Ended { job: id, step, code, success, killed });
        let after = self.form(job).steps[step].after;
        if how != End::TakesTheComputerDown {
            self.after_running(job, after, success);
        }
        if killed {
            self.mark("PRG-3 killed");
        }
        if code.is_some() && !is_code_of_success {
            self.mark("PRG-2 a code that is no success");
        }
        if program.exits_early && !is_code_of_success {
            self.mark("PDF-2 a marked program counts as a success");
        }
        let runs_again = how == End::TakesTheComputerDown && !success && self.jobs[job].runs_of_step < THREE;
        if runs_again {
            self.mark("PDF-2 an unmarked one runs again");
        } else if how == End::TakesTheComputerDown && !success {
            self.mark("PDF-2 an unmarked one failed at last");
        }
        if !runs_again {
            self.step_is_over(job, Result { code, success });
        }
        if self.jobs[job].left {
            self.jobs[job].removed = true;
            self.jobs[job].phase = Phase::Idle;
        }
        if how == End::TakesTheComputerDown {
            let of = self.form(job);
            if of.kind == JobKind::Sequence && self.jobs[job].is_under_way {
                self.mark("SEQ-5 an installer restarts in the middle");
            }
            self.restarts(); // PDF-2
        }
    }

    /// A step is over, whose result is known: the next one is to run, or the job is at its end.
    fn step_is_over(&mut self, job: usize, result: Result) {
        let of = self.form(job);
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
                OnFailure::Continue => self.mark("A-16 a failure goes on"),
                OnFailure::Restart => {
                    self.mark("A-16 a failure starts the whole again");
                    if self.jobs[job].starts_again == THREE {
                        self.mark("A-16 a failure that started again too often");
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
        if self.jobs[job].left && self.jobs[job].step < of.steps.len() {
            return; // it was not the last step.
        }
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
        for (needed, codes) in &state.form.steps[state.step].depends_on {
            let Some(result) = state.results[*needed] else { return false };
            let will_do =
                if codes.is_empty() { result.success } else { result.code.is_some_and(|code| codes.contains(&code)) };
            if !codes.is_empty() && will_do != result.success {
                self.mark("SEQ-3 codes decide other than success");
            }
            if !will_do {
                return false;
            }
        }
        true
    }

    /// A job came to its end.
    fn finish(&mut self, job: usize, success: bool) {
        let of = self.form(job);
        let is_marked_task = of.kind == JobKind::Task && of.steps[0].program.exits_early;
        if !is_marked_task {
            self.is_remembered(job, success); // else it was when it started.
        }
        self.comes_to_rest(job, success);
    }

    /// Remembers how a job went, and tells it.
    pub(super) fn is_remembered(&mut self, job: usize, success: bool) {
        let id = self.form(job).id;
        self.remembered.insert(id, success);
        self.tell(What::Finished { job: id, success });
    }

    /// A job is at its end: what changed holds now, and it may be taken off.
    pub(super) fn comes_to_rest(&mut self, job: usize, success: bool) {
        if self.jobs[job].left {
            return;
        }
        if let Some(form) = self.jobs[job].next_form.take() {
            self.jobs[job].form = form;
            self.form_holds(job);
        }
        self.starts_over(job);
        let of = self.form(job);
        if success && of.remove_after_success {
            self.jobs[job].removed = true; // TSK-10
            self.tell(What::Removed { job: of.id });
        }
    }

    fn after_running(&mut self, job: usize, after: After, success: bool) {
        let of = self.form(job);
        let is_policy = of.kind == JobKind::DeliveryPolicy;
        let is_restart = match after.action {
            AfterRunningAction::None => return,
            AfterRunningAction::Restart => true,
            AfterRunningAction::LogOff => false,
        };
        if is_policy && !success {
            self.mark("PRG-6 nothing follows a failure in a policy");
        }
        if !is_policy && !success {
            self.mark("PRG-6 a failure too is followed");
        }
        if (is_policy && !success) || (!is_restart && !self.scenario.is_logged_on()) {
            return; // PRG-6, A-11
        }
        let at = if self.scenario.users == Users::DeferToTheEnd && (is_policy || of.warn.is_some()) {
            let (mut deferral, mut countdown) = (minutes(after.defer_up_to), after.countdown.map(minutes));
            if is_policy && is_restart {
                (deferral, countdown) = self.lowest_of_policies(after);
            }
            let countdown = countdown.unwrap_or(minutes(self.policy().settings.countdown));
            self.now + deferral / FIVE * FIVE + countdown
        } else {
            self.now
        };
        let before = if is_restart { self.restart } else { self.log_off };
        if before.is_some_and(|before| before != at) {
            self.mark("RST-4 of several the earliest");
        }
        let asked_for = if is_restart { &mut self.restart } else { &mut self.log_off };
        *asked_for = Some(asked_for.map_or(at, |before| before.min(at))); // RST-4
        if is_policy && is_restart {
            self.jobs[job].waits_for_restart = true;
        } else if is_policy {
            self.jobs[job].waits_for_log_off = true;
        }
    }

    /// The lowest deferral and the lowest countdown of those that delivery policies name for a restart, and of one's own
    /// (RST-4).
    fn lowest_of_policies(&self, own: After) -> (Minute, Option<Minute>) {
        let mut all = vec![own];
        for job in self.policy().jobs.iter().filter(|job| job.kind == JobKind::DeliveryPolicy) {
            all.extend(job.steps.iter().map(|step| step.after));
        }
        all.retain(|after| after.action == AfterRunningAction::Restart);
        if all.iter().any(|after| after.defer_up_to < own.defer_up_to) {
            self.mark("RST-4 the lowest deferral");
        }
        if let Some(own) = own.countdown
            && all.iter().any(|after| after.countdown.is_some_and(|countdown| countdown < own))
        {
            self.mark("RST-4 the lowest countdown");
        }
        let deferral = all.iter().map(|after| minutes(after.defer_up_to)).min().expect("its own at least");
        (deferral, all.iter().filter_map(|after| after.countdown.map(minutes)).min())
    }

    pub(super) fn restart_ends(&mut self) {
        if self.restarting_until == Some(self.now) {
            self.restarting_until = None;
        }
    }

    pub(super) fn deferrals_end(&mut self) {
        for job in 0..self.jobs.len() {
            match self.jobs[job].phase {
                Phase::PutOff(until) if until == self.now => self.asks(job),
                Phase::CountingDown(until) if until == self.now => self.jobs[job].phase = Phase::Pending,
                _ => {}
            }
        }
    }

    pub(super) fn asks(&mut self, job: usize) {
        self.jobs[job].phase = Phase::Asked;
        self.asked.push(job);
    }

    /// Who was asked accepts, or puts a job off for the longest offer there is, or it counts down (TSK-8).
    pub(super) fn user_answers(&mut self) {
        for job in std::mem::take(&mut self.asked) {
            if self.scenario.users == Users::AcceptAtOnce {
                self.jobs[job].phase = Phase::Pending;
                self.jobs[job].prompted = true;
                continue;
            }
            let left = self.jobs[job].form.warn.map_or(0, minutes) - self.jobs[job].deferred;
            let offer = OFFERS.into_iter().find(|offer| *offer <= left);
            if let Some(offer) = offer {
                if self.jobs[job].deferred > 0 {
                    self.mark("TSK-8 put off again");
                }
                let until = self.now + offer;
                self.jobs[job].deferred += offer;
                self.jobs[job].phase = Phase::PutOff(until);
                let id = self.form(job).id;
                self.tell(What::Deferred { job: id, until: calendar::timestamp_of(until) });
            } else {
                let countdown = minutes(self.policy().settings.countdown);
                if countdown > 0 {
                    self.mark("TSK-9 a countdown");
                }
                let until = Phase::CountingDown(self.now + countdown);
                self.jobs[job].phase = if countdown == 0 { Phase::Pending } else { until };
                self.jobs[job].prompted = true;
            }
        }
    }
}
