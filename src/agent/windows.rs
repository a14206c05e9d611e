//! Maintenance windows, joined where they touch or overlap (MW-6), worked out only as far as somebody looks.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::policy::FitRule;
use crate::agent::policy::JobKind;
use crate::agent::policy::Policy;
use crate::agent::policy::Window;
use crate::agent::schedule::Clock;
use crate::agent::schedule::earlier;
use crate::agent::schedule::later;
use crate::agent::schedule::next_after;
use crate::agent::schedule::next_on;
use crate::model::schedule::Schedule;
use crate::model::schedule::WindowClock;
use crate::model::units::Duration;
use crate::model::window::WindowKind;

/// How far ahead a window is looked for, and how long a joined window is at the most before it counts as endless.
pub const HORIZON: Duration = Duration::days(366);
/// How far before the first look windows are followed back.
pub const LOOK_BACK: Duration = Duration::days(8);
/// What *unknown* counts as against a whole window (MW-7).
pub const UNKNOWN_WHOLE: Duration = Duration::minutes(720);

/// A joined window: open from `open` until just before `close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Joined {
    /// When it opens.
    pub open: Timestamp,
    /// When it closes; the end of time where it is endless.
    pub close: Timestamp,
}

impl Joined {
    /// How long it is open.
    pub fn length(&self) -> Duration {
        between(self.open, self.close)
    }
}

/// From one instant to a later one, in whole seconds.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::seconds(u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0))
}

/// Where an instant lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Inside of this window.
    Inside(Joined),
    /// Outside; the next one opens then. `None`: none ever does.
    Outside(Option<Timestamp>),
}

/// The joined windows of one kind on one computer. It only goes forward: no question may be earlier than the last.
#[derive(Clone, Debug)]
pub struct Windows {
    sources: Vec<Source>,
    /// Whole ones; the first is the one that is open or opens next.
    joined: VecDeque<Joined>,
    /// The one that still grows.
    growing: Option<Joined>,
}

#[derive(Clone, Debug)]
struct Source {
    schedule: Schedule,
    duration: Duration,
    clock: Clock,
    /// When it opens next, of what was not looked at yet.
    next: Option<Timestamp>,
}

impl Windows {
    /// The windows of these kinds, for looks at `from` and later. What opened more than [`LOOK_BACK`] before is left
    /// out. `None`: there is none of these kinds (MW-8).
    pub fn new(windows: &[Window], kind: WindowKind, zone: &TimeZone, from: Timestamp) -> Option<Self> {
        let sources: Vec<Source> = windows
            .iter()
            .filter(|window| window.kind == kind)
            .map(|window| {
                let clock = match window.clock {
                    WindowClock::Computer => Clock::new(zone.clone()),
                    WindowClock::Utc => Clock::new(TimeZone::UTC), // MW-9
                };
                Source::new(window.schedule.clone(), window.duration, clock, from)
            })
            .collect();
        (!sources.is_empty()).then(|| Self { sources, joined: VecDeque::new(), growing: None })
    }

    /// Times of a day, every day, on a clock; for blockouts.
    pub(crate) fn daily(times: impl Iterator<Item = (Schedule, Duration)>, clock: &Clock, from: Timestamp) -> Self {
        let sources = times.map(|(schedule, duration)| Source::new(schedule, duration, clock.clone(), from)).collect();
        Self { sources, joined: VecDeque::new(), growing: None }
    }

    /// Whether an instant lies inside of a window, and else when the next one opens.
    pub fn at(&mut self, now: Timestamp) -> Place {
        while self.joined.front().is_some_and(|window| window.close <= now) {
            self.joined.pop_front();
        }
        while self.joined.is_empty() && self.extend() {
            if self.joined.front().is_some_and(|window| window.close <= now) {
                self.joined.pop_front();
            }
        }
        match self.joined.front() {
            Some(window) if window.open <= now => Place::Inside(*window),
            next => Place::Outside(next.map(|window| window.open)),
        }
    }

    /// When the next window opens after an instant; the one that is open then does not count.
    pub fn next_open(&mut self, now: Timestamp) -> Option<Timestamp> {
        match self.at(now) {
            Place::Outside(next) => next,
            Place::Inside(_) => self.nth(1).map(|window| window.open),
        }
    }

    /// The first window that opens after `now` and at most [`HORIZON`] later and is at least so long.
    pub fn first_of(&mut self, now: Timestamp, length: Duration) -> Option<Joined> {
        let last = later(now, HORIZON);
        self.at(now);
        let mut n = 0;
        while let Some(window) = self.nth(n).filter(|window| window.open <= last) {
            if window.open > now && window.length() >= length {
                return Some(window);
            }
            n += 1;
        }
        None
    }

    fn nth(&mut self, n: usize) -> Option<Joined> {
        while self.joined.len() <= n {
            if !self.extend() {
                return None;
            }
        }
        self.joined.get(n).copied()
    }

    /// Joins on until one more window is whole; `false`: there are no more.
    fn extend(&mut self) -> bool {
        loop {
            let next = self.sources.iter().enumerate().filter_map(|(n, source)| Some((source.next?, n))).min();
            let Some((open, n)) = next else {
                return self.growing.take().map(|whole| self.joined.push_back(whole)).is_some();
            };
            if let Some(growing) = self.growing.filter(|growing| open > growing.close) {
                self.growing = None;
                self.joined.push_back(growing);
                return true;
            }
            let source = &mut self.sources[n];
            source.next = next_after(&source.schedule, &source.clock, open);
            let close = later(open, source.duration);
            let grown = self
                .growing
                .map_or(Joined { open, close }, |growing| Joined { close: growing.close.max(close), ..growing });
            if grown.length() > HORIZON {
                // It counts as endless, and nothing can follow it.
                self.sources.iter_mut().for_each(|source| source.next = None);
                self.growing = Some(Joined { close: Timestamp::MAX, ..grown });
            } else {
                self.growing = Some(grown);
            }
        }
    }
}

impl Source {
    fn new(schedule: Schedule, duration: Duration, clock: Clock, from: Timestamp) -> Self {
        let next = next_on(&schedule, &clock, earlier(from, LOOK_BACK));
        Self { schedule, duration, clock, next }
    }
}

/// The kind of window that holds a kind of job back; `None`: nothing does (MW-7, MW-8).
pub fn kind_for(windows: &[Window], job: JobKind) -> Option<WindowKind> {
    let any = |kind| windows.iter().any(|window| window.kind == kind).then_some(kind);
    match job {
        JobKind::Sequence => any(WindowKind::TaskSequences).or_else(|| any(WindowKind::All)),
        JobKind::Task | JobKind::DeliveryPolicy => any(WindowKind::All),
    }
}

/// Whether a window that is open takes a program now (MW-1, MW-2, MW-7). `countdown` is what a job that warns asks for,
/// else zero; `max_run_time` is `None` where it is unknown.
pub fn takes(
    rule: FitRule,
    window: Joined,
    now: Timestamp,
    countdown: Duration,
    max_run_time: Option<Duration>,
) -> bool {
    let room = match rule {
        FitRule::Remaining => between(now, window.close), // MW-1
        FitRule::Whole => window.length(),                // MW-7
    };
    room >= needed(rule, countdown, max_run_time)
}

/// How long a joined window must be so that it takes a program from its start (MW-1, MW-4, MW-7).
pub fn needed(rule: FitRule, countdown: Duration, max_run_time: Option<Duration>) -> Duration {
    match rule {
        FitRule::Remaining => {
            // Unknown counts as 0 (MW-2).
            let max = max_run_time.unwrap_or(Duration::ZERO);
            Duration::seconds(countdown.as_seconds().saturating_add(max.as_seconds()))
        }
        FitRule::Whole => max_run_time.unwrap_or(UNKNOWN_WHOLE), // MW-7
    }
}

/// The length of the longest joined window that a kind of job meets in the 366 days from an instant: one that is open
/// then counts whole. `None`: nothing holds such a job back (MW-8). Zero: no window ever opens.
pub fn longest(windows: &[Window], job: JobKind, zone: &TimeZone, from: Timestamp) -> Option<Duration> {
    let mut joined = Windows::new(windows, kind_for(windows, job)?, zone, from)?;
    let last = later(from, HORIZON);
    let mut longest = Duration::ZERO;
    joined.at(from);
    let mut n = 0;
    while let Some(window) = joined.nth(n).filter(|window| window.open <= last) {
        longest = longest.max(window.length());
        n += 1;
    }
    Some(longest)
}

/// The windows of one computer, by what they hold back.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    general: Option<Windows>,
    sequences: Option<Windows>,
}

impl Calendar {
    pub(crate) fn new(policy: &Policy, zone: &TimeZone, from: Timestamp) -> Self {
        Self {
            general: Windows::new(&policy.windows, WindowKind::All, zone, from),
            sequences: Windows::new(&policy.windows, WindowKind::TaskSequences, zone, from),
        }
    }

    /// The windows that hold a kind of job back; `None`: it may always start (MW-8).
    pub(crate) fn of(&mut self, job: JobKind) -> Option<&mut Windows> {
        match job {
            JobKind::Sequence => self.sequences.as_mut().or(self.general.as_mut()),
            JobKind::Task | JobKind::DeliveryPolicy => self.general.as_mut(),
        }
    }

    /// The windows that hold restarts back (MW-8).
    pub(crate) fn general(&mut self) -> Option<&mut Windows> {
        self.general.as_mut()
    }
}
