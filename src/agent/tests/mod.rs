//! What one computer does, told in lines: day of June 2026 and time, what, job or package, step.

mod documents;
mod properties;
mod rules;
mod times;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::live::Computer;
use crate::agent::memory::Memory;
use crate::agent::policy::After;
use crate::agent::policy::FitRule;
use crate::agent::policy::Job;
use crate::agent::policy::JobKind;
use crate::agent::policy::NeverFits;
use crate::agent::policy::Policy;
use crate::agent::policy::Program;
use crate::agent::policy::Rules;
use crate::agent::policy::Settings;
use crate::agent::policy::Step;
use crate::agent::policy::StopRule;
use crate::agent::policy::Window;
use crate::agent::scenario::Outcome;
use crate::agent::scenario::Scenario;
use crate::agent::scenario::Users;
use crate::model::delivery_policy::OnFailure;
use crate::model::guid::Guid;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::schedule::Schedule;
use crate::model::schedule::WindowClock;
use crate::model::task::Availability;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::model::window::WindowKind;

/// A task of this number: package and GUID have it too, no files, as soon as possible, runs 10 minutes, at most 60.
pub(super) fn task(n: u128) -> Job {
    Job {
        id: Guid::of(n),
        name: format!("Job {n}"),
        kind: JobKind::Task,
        priority: Priority::Normal,
        run: Run::AsSoonAsPossible,
        run_missed_schedule: false,
        availability: Availability::default(),
        warn: None,
        remove_after_success: false,
        ignores_windows: false,
        remediation: None,
        steps: vec![step(n)],
    }
}

/// A sequence of this number over the packages of these.
pub(super) fn sequence(n: u128, packages: &[u128]) -> Job {
    Job { kind: JobKind::Sequence, steps: packages.iter().copied().map(step).collect(), ..task(n) }
}

/// A delivery policy of this number over the packages of these, that needs no window.
pub(super) fn delivery(n: u128, packages: &[u128]) -> Job {
    Job { kind: JobKind::DeliveryPolicy, ignores_windows: true, ..sequence(n, packages) }
}

pub(super) fn step(n: u128) -> Step {
    Step {
        program: Arc::new(program(n)),
        depends_on: Vec::new(),
        after: After::default(),
        on_failure: OnFailure::Abort,
    }
}

pub(super) fn program(n: u128) -> Program {
    Program {
        package: Guid::of(n),
        package_name: format!("p{n}"),
        name: "run".to_owned(),
        has_files: false,
        delete_unused_after: Duration::days(7),
        success_codes: vec![0],
        max_run_time: Some(Duration::minutes(60)),
        can_run: CanRun::Always,
        administrative: true,
        interactive: false,
        exits_early: false,
        network_kbps_min: None,
    }
}

/// Changes the program of a job's only or first step.
pub(super) fn with_program(mut job: Job, change: impl Fn(&mut Program)) -> Job {
    for step in &mut job.steps {
        let mut program = (*step.program).clone();
        change(&mut program);
        step.program = Arc::new(program);
    }
    job
}

/// Has every step of a job followed by something.
pub(super) fn then(mut job: Job, action: AfterRunningAction, defer_up_to: Duration) -> Job {
    for step in &mut job.steps {
        step.after = After { action, defer_up_to, countdown: None };
    }
    job
}

pub(super) fn on(mut job: Job, schedule: Schedule) -> Job {
    job.run = Run::Schedule(schedule);
    job
}

pub(super) fn daily(time: &str) -> Schedule {
    Schedule::Daily(time.parse().unwrap())
}

pub(super) fn at(time: &str) -> Schedule {
    Schedule::At(time.parse().unwrap())
}

pub(super) fn window(schedule: Schedule, duration: Duration) -> Window {
    Window { name: "Night".to_owned(), schedule, duration, kind: WindowKind::All, clock: WindowClock::Computer }
}

/// A world of one computer in UTC, from 1 June 2026, a Monday, at noon.
#[derive(Debug)]
pub(super) struct World {
    pub policy: Policy,
    pub scenario: Scenario,
    pub memory: Memory,
    pub zone: &'static str,
    pub from: &'static str,
    pub to: &'static str,
}

pub(super) fn world(jobs: impl IntoIterator<Item = Job>) -> World {
    World {
        policy: Policy {
            jobs: jobs.into_iter().map(Arc::new).collect(),
            windows: Vec::new(),
            settings: Settings::default(),
            enrolled: None,
            server_zone: "UTC".to_owned(),
            rules: Rules { fit: FitRule::Remaining, never_fits: NeverFits::Fails, stop: StopRule::Always },
        },
        scenario: Scenario::default(),
        memory: Memory::default(),
        zone: "UTC",
        from: "2026-06-01T12:00:00Z",
        to: "2026-06-15T00:00:00Z",
    }
}

pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl World {
    pub fn windows(mut self, windows: impl IntoIterator<Item = Window>) -> Self {
        self.policy.windows = windows.into_iter().collect();
        self
    }
    pub fn users(mut self, users: Users) -> Self {
        self.scenario.users = users;
        self
    }
    /// How long the program of a package runs and what it returns.
    pub fn plays(mut self, package: u128, minutes: u64, code: i64) -> Self {
        let outcome = Outcome { run_time: Duration::minutes(minutes), code: Some(code), exits_system: false };
        self.scenario.programs.insert(format!("p{package}/run"), outcome);
        self
    }
    /// The program of a package shuts the computer down after so many minutes.
    pub fn exits(mut self, package: u128, minutes: u64) -> Self {
        let outcome = Outcome { run_time: Duration::minutes(minutes), code: None, exits_system: true };
        self.scenario.programs.insert(format!("p{package}/run"), outcome);
        self
    }
    pub fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
    pub fn zone(&self) -> TimeZone {
        crate::agent::schedule::zone(self.zone)
    }
    pub fn computer(&self) -> Computer {
        Computer::new(self.zone(), self.memory.clone(), Arc::new(self.scenario.clone()))
    }
    pub fn happenings(&self) -> Vec<Happening> {
        let mut memory = self.memory.clone();
        let (policy, scenario) = (Arc::new(self.policy.clone()), Arc::new(self.scenario.clone()));
        crate::agent::live::live(&policy, self.zone(), &mut memory, &scenario, instant(self.from), instant(self.to))
    }
    #[track_caller]
    pub fn does(&self, expected: &[&str]) {
        assert_lines(&lines(&self.happenings(), &self.zone()), expected);
    }
    /// As [`Self::does`], of starts alone.
    #[track_caller]
    pub fn starts(&self, expected: &[&str]) {
        let lines = lines(&self.happenings(), &self.zone());
        let starts: Vec<String> =
            lines.iter().filter(|line| line.contains(" start ")).map(|line| line.replace(" start", "")).collect();
        assert_lines(&starts, expected);
    }
}

#[track_caller]
pub(super) fn assert_lines(lines: &[String], expected: &[&str]) {
    assert_eq!(lines.join("\n"), expected.join("\n"));
}

pub(super) fn lines(happenings: &[Happening], zone: &TimeZone) -> Vec<String> {
    let local = |at: Timestamp, form| at.to_zoned(zone.clone()).strftime(form).to_string();
    let line = |happening: &Happening| {
        let seconds = happening.at.as_second().rem_euclid(60) != 0;
        let at = local(happening.at, if seconds { "%d %H:%M:%S" } else { "%d %H:%M" });
        let n = |id: &Guid| id.bits();
        let what = match &happening.what {
            What::DownloadStarted { package } => format!("download {}", n(package)),
            What::DownloadEnded { package } => format!("downloaded {}", n(package)),
            What::Started { job, step: 0 } => format!("start {}", n(job)),
            What::Started { job, step } => format!("start {}.{step}", n(job)),
            What::Ended { job, step, code, success, killed } => {
                let step = if *step == 0 { String::new() } else { format!(".{step}") };
                let code =
                    if *killed { "killed".to_owned() } else { code.map_or("-".to_owned(), |code| code.to_string()) };
                format!("end {}{step} {code}{}", n(job), if *success { "" } else { " failed" })
            }
            What::Skipped { job, step } => format!("skip {}.{step}", n(job)),
            What::Finished { job, success } => format!("{} {}", if *success { "done" } else { "FAILED" }, n(job)),
            What::NeverFits { job } => format!("never fits {}", n(job)),
            What::Removed { job } => format!("removed {}", n(job)),
            What::Deferred { job, until } => format!("deferred {} until {}", n(job), local(*until, "%d %H:%M")),
            What::Restarted => "restart".to_owned(),
            What::LoggedOff => "log off".to_owned(),
            What::PackageDeleted { package } => format!("deleted {}", n(package)),
            What::Assessed => "assessed".to_owned(),
        };
        format!("{at} {what}")
    };
    happenings.iter().map(line).collect()
}
