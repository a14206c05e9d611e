//! What one computer does, minute by minute.
//!
//! Every minute, in the order of A-19: what arrives, what ends, what comes due, what begins. Flags and loops, nothing
//! clever.

mod arrive;
mod due;
mod ends;
mod starts;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use consign::agent::happening::Happening;
use consign::agent::happening::What;
use consign::agent::memory::Cached;
use consign::agent::memory::Memory;
use consign::agent::memory::Remembered;
use consign::agent::policy::Job;
use consign::agent::policy::Policy;
use consign::agent::policy::Program;
use consign::agent::scenario::Scenario;
use consign::model::guid::Guid;
use consign::model::units::Duration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::calendar;
use super::calendar::DAY;
use super::calendar::Minute;

/// How far ahead a window is looked for that takes a program, and from which length on one is endless.
const AHEAD: Minute = 366 * DAY;
/// How long *unknown* may run before it is killed, and what it is taken for by the rule of the whole window (MW-5, MW-7).
const UNKNOWN: Minute = 12 * 60;
/// How often the whole of a delivery policy is started again, and how often in all a program runs that takes the
/// computer down with it.
const THREE: u32 = 3;

/// What a computer hears from outside.
#[derive(Clone, Debug)]
pub enum News {
    /// Its policy.
    Policy(Arc<Policy>),
    /// The files of a package changed.
    PackageChanged(Guid),
}

/// What a computer does from the first news until right before `to`; `memory` is moved on.
pub fn live(
    news: &[(Timestamp, News)],
    zone: &str,
    memory: &mut Memory,
    scenario: &Scenario,
    to: Timestamp,
) -> Vec<Happening> {
    live_and_mark(news, zone, memory, scenario, to).0
}

/// As [`live`]; and which rules decided something.
pub fn live_and_mark(
    news: &[(Timestamp, News)],
    zone: &str,
    memory: &mut Memory,
    scenario: &Scenario,
    to: Timestamp,
) -> (Vec<Happening>, BTreeSet<&'static str>) {
    let (from, to) = (calendar::minute_of(news.first().expect("a policy").0), calendar::minute_of(to));
    let mut computer = Computer::new(zone, memory, scenario, from, to);
    let arrivals: Vec<(Minute, &News)> = news.iter().map(|(at, news)| (calendar::minute_of(*at), news)).collect();
    for minute in from..to {
        computer.now = minute;
        for (_, news) in arrivals.iter().filter(|(at, _)| *at == minute) {
            computer.hears(news);
        }
        computer.something_ends();
        computer.jobs_come_due();
        computer.assessment_comes();
        computer.user_answers();
        computer.something_begins();
        while computer.goes_round_again {
            computer.something_ends();
            computer.user_answers();
            computer.something_begins();
        }
    }
    *memory = computer.memory();
    (computer.out, computer.marks.into_inner())
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Not due.
    Idle,
    /// A delivery policy that found itself wanting, until its remediation's next time.
    Wanting(Minute),
    /// Due, and waits for its turn; also between two steps.
    Pending,
    /// The user is asked.
    Asked,
    /// Put off by the user until then.
    PutOff(Minute),
    /// The user can put it off no longer: until the countdown ends.
    CountingDown(Minute),
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
    /// As it holds now.
    form: Arc<Job>,
    /// As it will hold when what is under way has ended.
    next_form: Option<Arc<Job>>,
    phase: Phase,
    /// From the first start to the end of the job.
    is_under_way: bool,
    /// Not on the computer any longer.
    removed: bool,
    /// The policy does not have it any longer, but its program runs.
    left: bool,
    alerted: bool,
    due_at: Minute,
    prompted: bool,
    /// How much of the maximum the user has used up.
    deferred: Minute,
    step: usize,
    results: Vec<Option<Result>>,
    runs_of_step: u32,
    starts_again: u32,
    /// Its later resources wait for a restart, or a log-off, that an earlier one asked for (RST-1).
    waits_for_restart: bool,
    waits_for_log_off: bool,
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

/// The windows that count for something, or that nothing of that sort is there.
#[derive(Default)]
struct Windows {
    hold_back: bool,
    joined: Vec<(Minute, Minute)>,
}

/// A package that is there.
struct InCache {
    last_used: Minute,
    delete_unused_after: Option<Duration>,
}

/// A package that is on its way.
struct Downloading {
    ends: Minute,
    delete_unused_after: Option<Duration>,
}

struct Computer<'a> {
    /// What it was told last.
    policy: Option<Arc<Policy>>,
    scenario: &'a Scenario,
    zone: TimeZone,
    now: Minute,
    /// The end of its life.
    to: Minute,
    jobs: Vec<JobState>,
    remembered: BTreeMap<Guid, bool>,
    cached: BTreeMap<Guid, InCache>,
    /// Packages that are on their way.
    downloading: BTreeMap<Guid, Downloading>,
    /// Who asks the user for a start just now, in the order of asking.
    asked: Vec<usize>,
    running: Option<Running>,
    /// When a restart is to come that was asked for.
    restart: Option<Minute>,
    log_off: Option<Minute>,
    restarting_until: Option<Minute>,
    /// Something happened in this minute that may let other things happen in it.
    goes_round_again: bool,
    blocked: BTreeSet<Minute>,
    windows_for_all: Windows,
    windows_for_sequences: Windows,
    assessed: bool,
    assessment: Option<Minute>,
    out: Vec<Happening>,
    /// Which rules decided something.
    marks: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Computer<'a> {
    fn new(zone: &str, memory: &Memory, scenario: &'a Scenario, from: Minute, to: Minute) -> Self {
        let in_cache = |cached: &Cached| InCache {
            last_used: calendar::minute_of(cached.last_used),
            delete_unused_after: cached.delete_unused_after,
        };
        Self {
            policy: None,
            scenario,
            zone: calendar::zone_of(zone),
            now: from,
            to,
            jobs: Vec::new(),
            remembered: memory.ran.iter().map(|(job, ran)| (*job, *ran == Remembered::Succeeded)).collect(),
            cached: memory.cached.iter().map(|(package, cached)| (*package, in_cache(cached))).collect(),
            downloading: BTreeMap::new(),
            asked: Vec::new(),
            running: None,
            restart: None,
            log_off: None,
            restarting_until: None,
            goes_round_again: false,
            blocked: BTreeSet::new(),
            windows_for_all: Windows::default(),
            windows_for_sequences: Windows::default(),
            assessed: memory.assessed,
            assessment: None,
            out: Vec::new(),
            marks: RefCell::default(),
        }
    }

    fn memory(&self) -> Memory {
        let cached = |in_cache: &InCache| Cached {
            last_used: calendar::timestamp_of(in_cache.last_used),
            delete_unused_after: in_cache.delete_unused_after,
        };
        Memory {
            ran: self.remembered.iter().map(|(job, success)| (*job, Remembered::of(*success))).collect(),
            cached: self.cached.iter().map(|(package, in_cache)| (*package, cached(in_cache))).collect(),
            assessed: self.assessed,
        }
    }

    fn tell(&mut self, what: What) {
        self.out.push(Happening { at: calendar::timestamp_of(self.now), what });
    }

    /// A rule decides something.
    fn mark(&self, rule: &'static str) {
        self.marks.borrow_mut().insert(rule);
    }

    fn hears(&mut self, news: &News) {
        match news {
            News::Policy(policy) => self.policy_arrives(policy),
            News::PackageChanged(package) => {
                if self.cached.remove(package).is_some() {
                    self.mark("PKG-6 a package that is there changes");
                }
                if self.downloading.contains_key(package) {
                    self.mark("PKG-6 a package on its way changes");
                }
            }
        }
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
        self.packages_age();
        self.user_answers(); // Of what this asked.
    }

    fn policy(&self) -> &Policy {
        self.policy.as_ref().expect("a policy comes first")
    }

    fn form(&self, job: usize) -> Arc<Job> {
        Arc::clone(&self.jobs[job].form)
    }

    fn program_to_run(&self, job: usize) -> Arc<Program> {
        let job = &self.jobs[job];
        Arc::clone(&job.form.steps[job.step].program)
    }

    /// A package is used.
    fn uses(&mut self, package: Guid) {
        if let Some(in_cache) = self.cached.get_mut(&package) {
            in_cache.last_used = self.now;
        }
    }

    /// Whether a job is available at a minute.
    fn is_available(&self, job: usize, at: Minute) -> bool {
        let (from, to) = self.jobs[job].available;
        from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to)
    }

    /// Whether a job is a delivery policy that has nothing left to do.
    fn complies(&self, job: usize) -> bool {
        let of = &self.jobs[job].form;
        of.kind == consign::agent::policy::JobKind::DeliveryPolicy && self.remembered.get(&of.id) == Some(&true)
    }

    fn has_a_time_to_come(&self, job: usize) -> bool {
        self.jobs[job].last_time.is_none_or(|last| last > self.now)
    }
}
