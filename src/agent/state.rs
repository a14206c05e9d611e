//! What a computer is in the middle of.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::memory::Cached;
use crate::agent::memory::Memory;
use crate::agent::policy::FitRule;
use crate::agent::policy::Job;
use crate::agent::policy::JobKind;
use crate::agent::policy::NeverFits;
use crate::agent::policy::Policy;
use crate::agent::policy::Program;
use crate::agent::policy::Rules;
use crate::agent::policy::Settings;
use crate::agent::policy::StopRule;
use crate::agent::schedule::Clock;
use crate::agent::schedule::later;
use crate::agent::windows::Calendar;
use crate::agent::windows::Windows;
use crate::model::guid::Guid;
use crate::model::schedule::Clock as ClockName;
use crate::model::task::Run;
use crate::model::units::Duration;

/// The deferrals that a user is offered, a fixed list (TSK-8).
pub const OFFERS: [Duration; 9] = [
    Duration::minutes(5),
    Duration::minutes(10),
    Duration::minutes(15),
    Duration::minutes(30),
    Duration::hours(1),
    Duration::hours(2),
    Duration::hours(4),
    Duration::hours(8),
    Duration::hours(12),
];

/// What may be offered when so much of the maximum is left (TSK-8), the longest last.
pub fn offers(left: Duration) -> &'static [Duration] {
    &OFFERS[..OFFERS.partition_point(|offer| *offer <= left)]
}

/// One computer: what it was told, what it remembers, what it is in the middle of. [`step`](super::step::step) moves it.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) policy: Arc<Policy>,
    /// Whether any policy arrived yet.
    pub(super) told: bool,
    /// What it remembers of its jobs; the cache is in `packages`.
    pub(super) memory: Memory,
    pub(super) clock: Clock,
    pub(super) logged_on: bool,
    /// How fast the network is, in KB/s; `None`: fast enough for all (PRG-12).
    pub(super) network_kbps: Option<u32>,
    pub(super) now: Timestamp,
    pub(super) jobs: Vec<JobState>,
    pub(super) packages: Vec<Package>,
    /// Jobs that are pending, in the order in which they are tried.
    pub(super) pending: Vec<usize>,
    /// Whether any job here needs no window.
    pub(super) any_ignores_windows: bool,
    pub(super) timers: BinaryHeap<Reverse<Timer>>,
    pub(super) running: Option<Running>,
    pub(super) restarting: bool,
    pub(super) restart: Option<Wait>,
    pub(super) log_off: Option<Wait>,
    /// Jobs whose user was asked and did not answer yet.
    pub(super) asked: usize,
    pub(super) calendar: Calendar,
    pub(super) blockouts: Windows,
    /// When its first assessment comes back.
    pub(super) scan: Option<Timestamp>,
    /// The lowest deferral and the lowest countdown of any restart by a delivery policy here (RST-4).
    pub(super) lowest: (Option<Duration>, Option<Duration>),
    /// Whether a download may have to begin.
    pub(super) look_at_downloads: bool,
    /// When the blockout ends that holds downloads from starting.
    pub(super) downloads_at: Option<Timestamp>,
    /// Whether it must be worked out again when a package goes.
    pub(super) look_at_cache: bool,
    /// When the next package goes (PKG-3).
    pub(super) deletion_at: Option<Timestamp>,
}

/// A job on a computer. Its place in the list is its slot.
#[derive(Clone, Debug)]
pub(super) struct JobState {
    pub(super) job: Arc<Job>,
    /// A changed form, which holds from the end of the present run on.
    pub(super) next_form: Option<Arc<Job>>,
    /// It left the policy while it ran.
    pub(super) gone: bool,
    /// It is on the computer no more.
    pub(super) removed: bool,
    /// From, to.
    pub(super) available: (Timestamp, Timestamp),
    /// Its packages with files, each once.
    pub(super) packages: Vec<usize>,
    /// By step, the package with files that it uses.
    pub(super) step_package: Vec<Option<usize>>,
    /// How many of its packages are not in the cache.
    pub(super) missing: usize,
    /// Whether it counts among its packages' users.
    pub(super) active: bool,
    pub(super) next_due: Option<Timestamp>,
    pub(super) phase: Phase,
    /// When it came due.
    pub(super) due: Timestamp,
    /// Whether the user was asked for this due time.
    pub(super) prompted: bool,
    /// How long the user put it off so far.
    pub(super) deferred: Duration,
    /// The step that is to run or runs.
    pub(super) step: usize,
    /// What became of the steps before.
    pub(super) results: Vec<Option<Ran>>,
    /// Runs of this step that ended with the system.
    pub(super) exits: u8,
    /// How often a delivery policy started again.
    pub(super) again: u8,
    /// What has to come before its next step (RST-1).
    pub(super) waits_for: Option<Awaited>,
    /// Whether the alert was told.
    pub(super) alerted: bool,
    /// A window that will take its step opens then.
    pub(super) hope: Option<Timestamp>,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is to be done.
    Idle,
    /// It does not comply, and its remediation comes then.
    Awaits(Timestamp),
    /// Due.
    Pending,
    /// Its user was asked.
    Asked,
    /// Put off until then; `last`: the countdown runs.
    PutOff { until: Timestamp, last: bool },
    /// A program of it runs.
    Running,
}

/// What became of a step that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) code: Option<i64>,
    pub(super) success: bool,
}

/// What a delivery policy's next resource waits for (RST-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    Restart,
    LogOff,
}

/// A package on a computer.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub(super) id: Guid,
    /// `None`: not in the cache.
    pub(super) last_used: Option<Timestamp>,
    pub(super) delete_unused_after: Option<Duration>,
    /// A program of it, which knows its name.
    pub(super) program: Option<Arc<Program>>,
    pub(super) downloading: bool,
    /// Active jobs with a step of it.
    pub(super) users: usize,
}

impl Package {
    /// When it goes: unused long enough, and nobody's (PKG-3).
    pub(super) fn goes_at(&self) -> Option<Timestamp> {
        let (used, after) = (self.last_used?, self.delete_unused_after?);
        (self.users == 0).then(|| later(used, after))
    }
}

/// The program that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) slot: usize,
    /// When it is killed (PRG-3, MW-5).
    pub(super) limit: Option<Timestamp>,
}

/// A restart or a log-off that is pending.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// When it comes at the latest.
    pub(super) deadline: Timestamp,
    /// Until when the user may put it off: the deadline less the countdown.
    pub(super) off_until: Timestamp,
    /// When the user is asked again.
    pub(super) ask_at: Option<Timestamp>,
    /// Whether the user was asked and did not answer yet.
    pub(super) asked: bool,
}

/// A moment of a job. The order is that of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) at: Timestamp,
    pub(super) kind: TimerKind,
    pub(super) slot: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerKind {
    PutOffEnds,
    Due,
    Remediation,
    Available,
}

/// Why a job does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// It is not due: nothing asks for a run.
    NotDue,
    /// It is outside its availability (TSK-11).
    Unavailable,
    /// A package of it is not there.
    NotDownloaded,
    /// Somebody is logged on, or nobody is (PRG-9).
    LoggedOn,
    /// The network is away, or slower than it wants (PRG-12).
    Network,
    /// A user was asked, or put it off (TSK-8).
    PutOff,
    /// A program runs.
    Busy,
    /// The computer restarts just now.
    Restarting,
    /// A restart or a log-off is pending (RST-1, RST-2).
    RestartPending,
    /// No window is open (MW-1).
    WindowClosed,
    /// The open window does not take it (MW-3).
    DoesNotFit,
}

impl State {
    /// A computer in a zone that knows nothing but what it remembers.
    pub fn new(zone: TimeZone, memory: Memory, logged_on: bool, network_kbps: Option<u32>) -> Self {
        let policy = Arc::new(Policy {
            jobs: Vec::new(),
            windows: Vec::new(),
            settings: Settings::default(),
            enrolled: None,
            server_zone: String::new(),
            rules: Rules { fit: FitRule::Remaining, never_fits: NeverFits::Fails, stop: StopRule::Always },
        });
        let clock = Clock::new(zone);
        let calendar = Calendar::new(&policy, clock.zone(), Timestamp::MIN);
        let blockouts = Windows::daily(std::iter::empty(), &clock, Timestamp::MIN);
        let mut memory = memory;
        let packages = std::mem::take(&mut memory.cached).into_iter().map(|(id, cached)| Package {
            id,
            last_used: Some(cached.last_used),
            delete_unused_after: cached.delete_unused_after,
            program: None,
            downloading: false,
            users: 0,
        });
        Self {
            policy,
            told: false,
            packages: packages.collect(),
            memory,
            clock,
            logged_on,
            network_kbps,
            now: Timestamp::MIN,
            jobs: Vec::new(),
            pending: Vec::new(),
            any_ignores_windows: false,
            timers: BinaryHeap::new(),
            running: None,
            restarting: false,
            restart: None,
            log_off: None,
            asked: 0,
            calendar,
            blockouts,
            scan: None,
            lowest: (None, None),
            look_at_downloads: false,
            downloads_at: None,
            look_at_cache: true,
            deletion_at: None,
        }
    }

    /// What it remembers now.
    pub fn memory(&self) -> Memory {
        let cached = self.packages.iter().filter_map(|package| {
            let cached = Cached { last_used: package.last_used?, delete_unused_after: package.delete_unused_after };
            Some((package.id, cached))
        });
        let cached: BTreeMap<Guid, Cached> = cached.collect();
        Memory { ran: self.memory.ran.clone(), cached, assessed: self.memory.assessed }
    }

    /// What it was told last.
    pub const fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The program of a step of the job in a slot, as [`Effect::StartProgram`](super::step::Effect) names them.
    pub fn program(&self, slot: usize, step: usize) -> Option<&Arc<Program>> {
        Some(&self.jobs.get(slot)?.job.steps.get(step)?.program)
    }

    /// The name of a package that a job here uses, or used while the package is there.
    pub fn package_name(&self, package: Guid) -> Option<&str> {
        let package = self.packages.iter().find(|known| known.id == package)?;
        package.program.as_ref().map(|program| &*program.package_name)
    }

    /// The job whose program runs.
    pub fn running(&self) -> Option<Guid> {
        self.running.map(|running| self.jobs[running.slot].job.id)
    }

    /// What holds each job that is on the computer, in the order of the policy; `None`: it starts now.
    pub fn holds(&mut self) -> Vec<(Guid, Option<Hold>)> {
        let slots: Vec<usize> = (0..self.jobs.len()).filter(|slot| !self.jobs[*slot].removed).collect();
        slots.into_iter().map(|slot| (self.jobs[slot].job.id, self.hold(slot))).collect()
    }

    /// Counts a job among its packages' users, or no more.
    pub(super) fn count_use(&mut self, slot: usize) {
        let job = &mut self.jobs[slot];
        let active = job.is_active();
        if active == job.active {
            return;
        }
        job.active = active;
        for package in &job.packages {
            let package = &mut self.packages[*package];
            if active {
                package.users += 1;
            } else {
                package.users -= 1;
                self.look_at_cache |= package.users == 0;
            }
        }
    }

    /// Puts a pending job in its place.
    pub(super) fn queue(&mut self, slot: usize) {
        let jobs = &self.jobs;
        let key = |slot: usize| (Reverse(jobs[slot].job.priority), jobs[slot].due, slot);
        let at = self.pending.partition_point(|other| key(*other) < key(slot));
        self.pending.insert(at, slot);
    }

    /// Takes a job out of the queue.
    pub(super) fn unqueue(&mut self, slot: usize) {
        if let Some(at) = self.pending.iter().position(|other| *other == slot) {
            self.pending.remove(at);
        }
    }

    pub(super) fn set_timer(&mut self, at: Timestamp, kind: TimerKind, slot: usize) {
        self.timers.push(Reverse(Timer { at, kind, slot }));
    }

    /// Whether a timer still stands.
    pub(super) fn stands(&self, timer: &Timer) -> bool {
        let job = &self.jobs[timer.slot];
        match timer.kind {
            TimerKind::PutOffEnds => matches!(job.phase, Phase::PutOff { until, .. } if until == timer.at),
            TimerKind::Due => job.next_due == Some(timer.at),
            TimerKind::Remediation => job.phase == Phase::Awaits(timer.at),
            TimerKind::Available => job.available.0 == timer.at && !job.removed,
        }
    }
}

impl JobState {
    pub(super) fn new(job: Arc<Job>) -> Self {
        Self {
            job,
            next_form: None,
            gone: false,
            removed: false,
            available: (Timestamp::MIN, Timestamp::MAX),
            packages: Vec::new(),
            step_package: Vec::new(),
            missing: 0,
            active: false,
            next_due: None,
            phase: Phase::Idle,
            due: Timestamp::MIN,
            prompted: false,
            deferred: Duration::ZERO,
            step: 0,
            results: Vec::new(),
            exits: 0,
            again: 0,
            waits_for: None,
            alerted: false,
            hope: None,
        }
    }

    /// Whether its packages stay.
    fn is_active(&self) -> bool {
        let standing = match self.job.run {
            Run::Manual | Run::AsSoonAsPossible => !self.gone,
            Run::Schedule(_) => self.next_due.is_some(),
        };
        !self.removed && (standing || self.phase != Phase::Idle)
    }

    /// Whether it wants its packages: something of it is still to run, or a user may run it.
    pub(super) fn wants_packages(&self, memory: &Memory) -> bool {
        let to_come = match self.job.run {
            Run::Manual => true,
            Run::AsSoonAsPossible | Run::Schedule(_) => self.next_due.is_some() && !self.complies(memory),
        };
        !self.removed && !self.gone && (to_come || self.phase != Phase::Idle)
    }

    /// Whether it is a delivery policy that has nothing to do.
    pub(super) fn complies(&self, memory: &Memory) -> bool {
        self.job.kind == JobKind::DeliveryPolicy && memory.succeeded(self.job.id)
    }

    /// Whether it is between its first start and its end.
    pub(super) fn is_under_way(&self) -> bool {
        self.phase == Phase::Running || !self.results.is_empty() || self.exits > 0 || self.again > 0
    }

    pub(super) fn is_available(&self, at: Timestamp) -> bool {
        self.available.0 <= at && at < self.available.1
    }

    /// Reads the availability on the clock that it names (TSK-11).
    pub(super) fn read_availability(&mut self, computer: &Clock, server: &Clock) {
        let availability = &self.job.availability;
        let clock = match availability.clock {
            ClockName::Computer => computer,
            ClockName::Server => server,
        };
        self.available = (
            availability.from.map_or(Timestamp::MIN, |from| clock.instant(from)),
            availability.to.map_or(Timestamp::MAX, |to| clock.instant(to)),
        );
    }

    /// Forgets the run that ended.
    pub(super) fn clear_run(&mut self) {
        self.prompted = false;
        self.deferred = Duration::ZERO;
        self.step = 0;
        self.results.clear();
        self.exits = 0;
        self.again = 0;
        self.waits_for = None;
        self.hope = None;
    }
}
