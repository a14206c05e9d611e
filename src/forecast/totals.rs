//! Sums over kinds. They are put together in any order: nothing here depends on it.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::scenario::Users;
use crate::forecast::Why;
use crate::model::guid::Guid;

/// What users do, in the order of [`TaskTotals::users`].
pub const USERS: [Users; 3] = [Users::AcceptAtOnce, Users::DeferToTheEnd, Users::Absent];

/// Seconds since the epoch.
pub type Second = i64;

/// The hours of a forecast: full ones on the server's clock as it stands at the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Hours {
    first: Second,
}

impl Hours {
    /// From the hour that holds this instant.
    pub fn new(from: Timestamp, zone: &jiff::tz::TimeZone) -> Self {
        let offset = i64::from(zone.to_offset(from).seconds());
        let local = from.as_second() + offset;
        Self { first: local.div_euclid(3600) * 3600 - offset }
    }

    fn of(self, at: Timestamp) -> u32 {
        u32::try_from((at.as_second() - self.first).div_euclid(3600)).unwrap_or(0)
    }

    /// When an hour begins.
    pub fn begin(self, hour: u32) -> Timestamp {
        Timestamp::from_second(self.first + i64::from(hour) * 3600).unwrap_or(Timestamp::MAX)
    }
}

/// Sums of one task.
#[derive(Clone, Debug, Default)]
pub struct TaskTotals {
    pub started: u64,
    pub runs: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub killed: u64,
    pub done_before: u64,
    /// By hour: starts, successes, failures.
    pub timeline: BTreeMap<u32, [u64; 3]>,
    /// By [`USERS`]: who starts, the earliest and the latest first start.
    pub users: [FirstStarts; 3],
    /// Kinds that never start it, with the reason where the life alone tells it.
    pub never: Vec<(usize, Option<Why>)>,
}

/// First starts.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstStarts {
    pub started: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

impl FirstStarts {
    pub fn add(&mut self, at: Timestamp, computers: u64) {
        self.merge(Self { started: computers, first: Some(at), last: Some(at) });
    }

    fn merge(&mut self, other: Self) {
        self.started += other.started;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
    }
}

/// Sums of everything.
#[derive(Clone, Debug)]
pub struct Totals {
    /// By place in the compiled jobs.
    pub tasks: Vec<TaskTotals>,
    pub restarts: BTreeMap<u32, u64>,
    pub restarts_by_local_hour: [u64; 24],
    pub log_offs: u64,
    /// First assessments that come back (LIC-1): when, and how many.
    pub assessed: BTreeMap<Timestamp, u64>,
    pub downloads: u64,
    pub bytes: u64,
    pub unsized_count: u64,
    /// What changes at an instant: downloads under way and their bytes.
    pub under_way: BTreeMap<Timestamp, (i64, i64)>,
}

impl Totals {
    pub fn new(tasks: usize) -> Self {
        Self {
            tasks: vec![TaskTotals::default(); tasks],
            restarts: BTreeMap::new(),
            restarts_by_local_hour: [0; 24],
            log_offs: 0,
            assessed: BTreeMap::new(),
            downloads: 0,
            bytes: 0,
            unsized_count: 0,
            under_way: BTreeMap::new(),
        }
    }

    pub fn merge(mut self, other: Self) -> Self {
        for (sum, one) in self.tasks.iter_mut().zip(other.tasks) {
            sum.merge(one);
        }
        for (hour, n) in other.restarts {
            *self.restarts.entry(hour).or_default() += n;
        }
        for (sum, n) in self.restarts_by_local_hour.iter_mut().zip(other.restarts_by_local_hour) {
            *sum += n;
        }
        for (at, n) in other.assessed {
            *self.assessed.entry(at).or_default() += n;
        }
        for (at, (n, bytes)) in other.under_way {
            let sum = self.under_way.entry(at).or_default();
            sum.0 += n;
            sum.1 += bytes;
        }
        self.log_offs += other.log_offs;
        self.downloads += other.downloads;
        self.bytes += other.bytes;
        self.unsized_count += other.unsized_count;
        self
    }
}

impl TaskTotals {
    fn merge(&mut self, other: Self) {
        self.started += other.started;
        self.runs += other.runs;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.killed += other.killed;
        self.done_before += other.done_before;
        for (hour, counts) in other.timeline {
            let sum = self.timeline.entry(hour).or_default();
            for (sum, n) in sum.iter_mut().zip(counts) {
                *sum += n;
            }
        }
        for (sum, one) in self.users.iter_mut().zip(other.users) {
            sum.merge(one);
        }
        self.never.extend(other.never);
    }
}

/// What sums need to know besides the happenings.
pub struct Frame<'a> {
    pub hours: Hours,
    /// By job: its place in the compiled jobs.
    pub places: &'a HashMap<Guid, usize>,
    /// By package: its size, where it is known.
    pub bytes: &'a HashMap<Guid, u64>,
}

/// What a life tells of each of its jobs.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// By job: its first start.
    pub first: HashMap<Guid, Timestamp>,
    /// Jobs that no window will ever take (MW-4).
    pub never_fits: Vec<Guid>,
}

/// The first starts of a life.
pub fn seen(life: &[Happening]) -> Seen {
    let mut seen = Seen::default();
    for Happening { at, what } in life {
        match what {
            What::Started { job, .. } => {
                seen.first.entry(*job).or_insert(*at);
            }
            What::NeverFits { job } => seen.never_fits.push(*job),
            _ => {}
        }
    }
    seen
}

impl Totals {
    /// Adds the life of so many computers in a zone.
    pub fn live(&mut self, life: &[Happening], computers: u64, zone: &jiff::tz::TimeZone, frame: &Frame<'_>) {
        let mut running: Vec<Guid> = Vec::new();
        let signed = i64::try_from(computers).unwrap_or(i64::MAX);
        for Happening { at, what } in life {
            let hour = frame.hours.of(*at);
            match what {
                // A run is one start, however many steps it has.
                What::Started { job, .. } if !running.contains(job) => {
                    running.push(*job);
                    if let Some(task) = self.task(*job, frame) {
                        task.runs += computers;
                        task.timeline.entry(hour).or_default()[0] += computers;
                    }
                }
                What::Ended { job, killed: true, .. } => {
                    if let Some(task) = self.task(*job, frame) {
                        task.killed += computers;
                    }
                }
                What::Finished { job, success } => {
                    running.retain(|one| one != job);
                    if let Some(task) = self.task(*job, frame) {
                        *if *success { &mut task.succeeded } else { &mut task.failed } += computers;
                        task.timeline.entry(hour).or_default()[if *success { 1 } else { 2 }] += computers;
                    }
                }
                What::Restarted => {
                    *self.restarts.entry(hour).or_default() += computers;
                    let local = zone.to_datetime(*at).hour();
                    self.restarts_by_local_hour[usize::try_from(local).unwrap_or(0)] += computers;
                }
                What::LoggedOff => self.log_offs += computers,
                What::Assessed => *self.assessed.entry(*at).or_default() += computers,
                What::DownloadStarted { package } => {
                    let bytes = frame.bytes.get(package);
                    self.downloads += computers;
                    self.bytes += bytes.unwrap_or(&0) * computers;
                    self.unsized_count += if bytes.is_none() { computers } else { 0 };
                    self.moved(*at, *package, signed, frame);
                }
                What::DownloadEnded { package } => self.moved(*at, *package, -signed, frame),
                What::Started { .. }
                | What::Ended { .. }
                | What::Skipped { .. }
                | What::NeverFits { .. }
                | What::Removed { .. }
                | What::Deferred { .. }
                | What::PackageDeleted { .. } => {}
            }
        }
    }

    fn moved(&mut self, at: Timestamp, package: Guid, computers: i64, frame: &Frame<'_>) {
        let bytes = frame.bytes.get(&package).map_or(0, |bytes| i64::try_from(*bytes).unwrap_or(i64::MAX));
        let sum = self.under_way.entry(at).or_default();
        sum.0 += computers;
        sum.1 = sum.1.saturating_add(bytes.saturating_mul(computers));
    }

    fn task(&mut self, job: Guid, frame: &Frame<'_>) -> Option<&mut TaskTotals> {
        self.tasks.get_mut(*frame.places.get(&job)?)
    }
}
