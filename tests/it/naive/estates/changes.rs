//! Other policies that come later, and packages that change.

use std::sync::Arc;

use consign::agent::policy::Job;
use consign::agent::policy::JobKind;
use consign::agent::policy::Policy;
use consign::model::task::Priority;
use jiff::Timestamp;

use super::Maker;
use crate::naive::calendar;
use crate::naive::model::News;

impl Maker {
    /// The first policy, and now and then others, and packages that change.
    pub(super) fn news(&mut self, policy: Policy) -> Vec<(Timestamp, News)> {
        let mut all = vec![(self.from, News::Policy(Arc::new(policy.clone())))];
        if self.dice.often(4) {
            return all;
        }
        let mut times: Vec<Timestamp> = (0..self.dice.of(2..9)).map(|_| self.time_of_news()).collect();
        for place in 0..times.len() {
            if self.dice.often(5) {
                // Soon after another, so that what left comes back while it still runs.
                let soon = i64::try_from(self.dice.of(1..25)).expect("small");
                times.push(calendar::timestamp_of(calendar::minute_of(times[place]) + soon));
            }
        }
        times.sort_unstable();
        let (mut policy, mut gone) = (policy, Vec::new());
        let last = calendar::minute_of(self.from) + i64::try_from(self.days * 1440).expect("small");
        for at in times {
            if self.dice.often(2) {
                all.push((at, News::PackageChanged(self.dice.one_of(&self.packages)[0].package)));
                continue;
            }
            if !policy.jobs.is_empty() && self.dice.often(4) {
                // A job leaves for a few minutes only.
                let mut without = policy.clone();
                let place = self.dice.of(0..u64::try_from(policy.jobs.len()).expect("small"));
                without.jobs.remove(usize::try_from(place).expect("small"));
                all.push((at, News::Policy(Arc::new(without))));
                let back = calendar::minute_of(at) + i64::try_from(self.dice.of(1..15)).expect("small");
                all.push((calendar::timestamp_of(back), News::Policy(Arc::new(policy.clone()))));
                continue;
            }
            for _ in 0..self.dice.of(1..4) {
                self.change(&mut policy, &mut gone);
            }
            all.push((at, News::Policy(Arc::new(policy.clone()))));
        }
        all.sort_by_key(|(at, _)| *at);
        all.retain(|(at, _)| calendar::minute_of(*at) < last);
        all
    }

    /// Often soon after the arrival, when much is under way; now and then at once.
    fn time_of_news(&mut self) -> Timestamp {
        let after = match self.dice.of(0..10) {
            0 => 0,
            1..=4 => self.dice.of(0..120),
            5..=7 => self.dice.of(0..25) * 60 + self.dice.of(0..4) * 5,
            _ => self.dice.of(0..self.days * 1440),
        };
        calendar::timestamp_of(calendar::minute_of(self.from) + i64::try_from(after).expect("small"))
    }

    /// One thing of a policy changes, or nothing does.
    fn change(&mut self, policy: &mut Policy, gone: &mut Vec<Arc<Job>>) {
        let n_jobs = u64::try_from(policy.jobs.len()).expect("small");
        let place = |at: u64| usize::try_from(at).expect("small");
        match self.dice.of(0..20) {
            0 => {}
            1..=4 if n_jobs > 0 => gone.push(policy.jobs.remove(place(self.dice.of(0..n_jobs)))),
            5..=9 if !gone.is_empty() => {
                let job = gone.remove(place(self.dice.of(0..u64::try_from(gone.len()).expect("small"))));
                policy.jobs.insert(place(self.dice.of(0..n_jobs + 1)), job);
            }
            10 => {
                let job = self.job(n_jobs + u64::try_from(gone.len()).expect("small"));
                policy.jobs.push(Arc::new(job));
            }
            11 => policy.windows = self.windows(),
            12 => policy.settings = self.settings(),
            13 => policy.enrolled = self.enrolled(),
            14 => policy.jobs.reverse(),
            _ if n_jobs > 0 => {
                let at = place(self.dice.of(0..n_jobs));
                let job = Arc::make_mut(&mut policy.jobs[at]);
                self.change_job(job);
            }
            _ => {}
        }
    }

    /// One thing of a job changes; its kind never does.
    fn change_job(&mut self, job: &mut Job) {
        let is_policy = job.kind == JobKind::DeliveryPolicy;
        match self.dice.of(0..9) {
            0..=2 => job.run = self.run(),
            3 => job.priority = *self.dice.one_of(&[Priority::Low, Priority::Normal, Priority::VeryHigh]),
            4 => job.warn = self.warn(),
            5 if is_policy => job.remediation = self.dice.often(5).then(|| self.schedule()),
            5 => job.availability = self.availability(),
            6 if is_policy => job.ignores_windows = !job.ignores_windows,
            6 => job.remove_after_success = !job.remove_after_success,
            7 => job.run_missed_schedule = !job.run_missed_schedule,
            _ => job.steps = self.steps(job.kind),
        }
    }
}
