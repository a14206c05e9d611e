//! What comes due, and what packages are kept for.

use consign::agent::happening::What;
use consign::agent::policy::JobKind;
use consign::agent::policy::Program;
use consign::model::guid::Guid;
use consign::model::task::Run;

use super::Computer;
use super::Phase;
use crate::naive::calendar::minutes;

impl Computer<'_> {
    pub(super) fn jobs_come_due(&mut self) {
        for job in 0..self.jobs.len() {
            if self.jobs[job].removed {
                continue;
            }
            if self.jobs[job].times.contains(&self.now) {
                if self.is_available(job, self.now) {
                    self.has_a_time(job);
                } else {
                    self.mark("TSK-11 a time outside availability");
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

    /// One of a job's times is there, or it is due on arrival.
    pub(super) fn has_a_time(&mut self, job: usize) {
        if self.jobs[job].phase != Phase::Idle || self.jobs[job].left {
            self.mark("A-5 a time that adds nothing");
            return;
        }
        if self.complies(job) {
            self.mark("A-16 a policy complies");
            return;
        }
        let of = self.form(job);
        if of.kind == JobKind::DeliveryPolicy && self.remembered.contains_key(&of.id) {
            self.mark("RST-3 a policy that failed is due again");
        }
        if self.jobs[job].form.remediation.is_none() {
            self.is_due(job);
        } else if let Some(next) = self.jobs[job].remediation_times.range(self.now..).next() {
            self.jobs[job].phase = Phase::Wanting(*next);
            self.mark("A-16 remediation has times of its own");
        }
    }

    fn is_due(&mut self, job: usize) {
        let now = self.now;
        if self.remembered.contains_key(&self.form(job).id) {
            self.mark("TSK-4 a schedule runs it again");
        }
        self.starts_over(job);
        self.jobs[job].phase = Phase::Pending;
        self.jobs[job].due_at = now;
    }

    /// Nothing of a job is done, or under way.
    pub(super) fn starts_over(&mut self, job: usize) {
        let state = &mut self.jobs[job];
        state.phase = Phase::Idle;
        state.is_under_way = false;
        state.prompted = false;
        state.deferred = 0;
        state.step = 0;
        state.results = vec![None; state.form.steps.len()];
        state.waits_for_restart = false;
        state.waits_for_log_off = false;
        state.runs_of_step = 0;
        state.starts_again = 0;
    }

    pub(super) fn assessment_comes(&mut self) {
        if self.assessment == Some(self.now) && !self.assessed {
            self.assessed = true;
            self.tell(What::Assessed); // LIC-1
        }
    }

    pub(super) fn packages_age(&mut self) {
        let mut deleted: Vec<Guid> = Vec::new();
        for (package, in_cache) in &self.cached {
            let Some(unused_for) = in_cache.delete_unused_after else { continue };
            if self.now - in_cache.last_used < minutes(unused_for) {
                continue;
            }
            if self.is_kept(*package) {
                self.mark("PKG-3 an active job keeps an old package");
            } else {
                deleted.push(*package);
            }
        }
        for package in deleted {
            self.cached.remove(&package);
            self.tell(What::PackageDeleted { package });
        }
    }

    /// Whether an active job has a step of a package.
    fn is_kept(&self, package: Guid) -> bool {
        let uses = |program: &Program| program.has_files && program.package == package;
        let has_it = |job: &usize| self.jobs[*job].form.steps.iter().any(|step| uses(&step.program));
        (0..self.jobs.len()).filter(has_it).any(|job| self.is_active(job))
    }

    /// Whether a job keeps its packages.
    fn is_active(&self, job: usize) -> bool {
        if self.jobs[job].removed {
            return false;
        }
        if self.jobs[job].phase != Phase::Idle {
            return true;
        }
        match &self.jobs[job].form.run {
            Run::Manual | Run::AsSoonAsPossible => true,
            Run::Schedule(_) => self.has_a_time_to_come(job),
        }
    }
}
