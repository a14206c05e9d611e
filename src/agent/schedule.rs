//! When a schedule's next time comes, on a clock.
//!
//! Everything is whole seconds. A local time that is skipped or comes twice is read *compatible*: after a gap it moves
//! on by the gap's length, of two it is the earlier.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

use crate::model::schedule::Every;
use crate::model::schedule::MonthDay;
use crate::model::schedule::Monthly;
use crate::model::schedule::Schedule;
use crate::model::schedule::WeekOfMonth;
use crate::model::schedule::Weekday;
use crate::model::schedule::Weekly;
use crate::model::units::Duration;
use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;

const DAY: i64 = 86_400;
/// No two offsets are further apart: farther than this from a change of offset, local times are plain.
const FARTHEST_OFFSETS: i64 = 2 * 93_600;
/// Months that are tried before a day of the month is taken for one that never comes (`31` in every twelfth February).
const MONTHS_TRIED: u32 = 1_300;

/// A zone that remembers the span without a change of offset that it was last asked about, so that most questions are
/// one subtraction.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    span: Cell<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    /// Seconds since the epoch; the offset holds from here on …
    from: i64,
    /// … until just before here.
    to: i64,
    offset: i64,
}

impl Clock {
    /// A clock in this zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, span: Cell::new(Span { from: 0, to: 0, offset: 0 }) }
    }

    /// A clock in the zone of this IANA name; one that the database does not know is read as UTC.
    pub fn named(name: &str) -> Self {
        Self::new(zone(name))
    }

    /// The zone.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The instant at which the clock shows a date and time; the last one there is where it lies beyond.
    pub fn instant(&self, local: LocalDateTime) -> Timestamp {
        self.second(civil_seconds(local)).map_or(Timestamp::MAX, timestamp)
    }

    /// Local seconds to seconds since the epoch; `None` beyond the end of time.
    fn second(&self, local: i64) -> Option<i64> {
        let span = self.span.get();
        let plain = local - span.offset;
        if plain >= span.from.saturating_add(FARTHEST_OFFSETS) && plain < span.to.saturating_sub(FARTHEST_OFFSETS) {
            return Some(plain);
        }
        let civil = Offset::UTC.to_datetime(Timestamp::from_second(local).ok()?);
        let found = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(found.as_second())
    }

    /// What the clock shows, in local seconds.
    fn local(&self, second: i64) -> i64 {
        let span = self.span.get();
        if second >= span.from && second < span.to {
            return second + span.offset;
        }
        let at = timestamp(second);
        let edge = |transition: Option<jiff::tz::TimeZoneTransition<'_>>, none| {
            transition.map_or(none, |transition| transition.timestamp().as_second())
        };
        let span = Span {
            // `preceding` means strictly before; one that is exactly here begins the span too.
            from: edge(self.zone.preceding(timestamp(second.saturating_add(1))).next(), i64::MIN),
            to: edge(self.zone.following(at).next(), i64::MAX),
            offset: i64::from(self.zone.to_offset(at).seconds()),
        };
        self.span.set(span);
        second + span.offset
    }
}

/// The zone of an IANA name; one that the database does not know is read as UTC.
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The first time of a schedule that is not before an instant, on the clock of a zone (TSK-5). `None`: none comes.
pub fn next(schedule: &Schedule, zone: &TimeZone, at_or_after: Timestamp) -> Option<Timestamp> {
    next_on(schedule, &Clock::new(zone.clone()), at_or_after)
}

/// As [`next`], with a clock that remembers.
pub fn next_on(schedule: &Schedule, clock: &Clock, at_or_after: Timestamp) -> Option<Timestamp> {
    let second = at_or_after.as_second() + i64::from(at_or_after.subsec_nanosecond() > 0);
    match schedule {
        Schedule::At(at) => clock.second(civil_seconds(*at)).filter(|found| *found >= second),
        Schedule::Daily(time) => daily(clock, second, *time),
        Schedule::Weekly(weekly) => next_weekly(clock, second, weekly),
        Schedule::Monthly(monthly) => next_monthly(clock, second, monthly),
        Schedule::Every(every) => next_every(clock, second, every),
    }
    .map(timestamp)
}

/// The first time after an instant.
pub fn next_after(schedule: &Schedule, clock: &Clock, after: Timestamp) -> Option<Timestamp> {
    let second = after.as_second() + i64::from(after.subsec_nanosecond() >= 0);
    next_on(schedule, clock, Timestamp::from_second(second).ok()?)
}

/// So much later; the end of time where that lies beyond.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    i64::try_from(by.as_seconds())
        .ok()
        .and_then(|seconds| at.checked_add(jiff::SignedDuration::from_secs(seconds)).ok())
        .unwrap_or(Timestamp::MAX)
}

/// So much earlier; the beginning of time where that lies beyond.
pub fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    i64::try_from(by.as_seconds())
        .ok()
        .and_then(|seconds| at.checked_sub(jiff::SignedDuration::from_secs(seconds)).ok())
        .unwrap_or(Timestamp::MIN)
}

fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn civil_seconds(local: LocalDateTime) -> i64 {
    Offset::UTC.to_timestamp(local.civil()).map_or(i64::from(i32::MAX) * 1000, Timestamp::as_second)
}

fn of_day(time: TimeOfDay) -> i64 {
    i64::from(time.hour) * 3600 + i64::from(time.minute) * 60
}

/// The day before the one the clock shows: in a zone that skips a whole day, that day's times come on the next one.
fn first_day(clock: &Clock, second: i64) -> i64 {
    clock.local(second).div_euclid(DAY) - 1
}

fn daily(clock: &Clock, second: i64, time: TimeOfDay) -> Option<i64> {
    let first = first_day(clock, second);
    // Times rise with the days, so that the first that is late enough is the next.
    (first..first + 5).find_map(|day| clock.second(day * DAY + of_day(time)).filter(|found| *found >= second))
}

/// Weeks begin on Monday; the epoch was a Thursday.
const fn week_of(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}

const fn bit(day: Weekday) -> u8 {
    1 << match day {
        Weekday::Mon => 0,
        Weekday::Tue => 1,
        Weekday::Wed => 2,
        Weekday::Thu => 3,
        Weekday::Fri => 4,
        Weekday::Sat => 5,
        Weekday::Sun => 6,
    }
}

fn next_weekly(clock: &Clock, second: i64, weekly: &Weekly) -> Option<i64> {
    let days = weekly.days.iter().fold(0_u8, |bits, day| bits | bit(*day));
    if days == 0 {
        return None;
    }
    let from = weekly.from.map(civil_seconds);
    let every = i64::from(weekly.every.max(1));
    let base = week_of(from.map_or(0, |from| from.div_euclid(DAY)));
    let mut day = first_day(clock, second).max(from.map_or(i64::MIN, |from| from.div_euclid(DAY)));
    let last = day + every * 7 + 21;
    while day <= last {
        let out = (week_of(day) - base).rem_euclid(every);
        if out != 0 {
            day = (week_of(day) + every - out) * 7 - 3;
            continue;
        }
        let local = day * DAY + of_day(weekly.time);
        let on_day = days & (1 << (day + 3).rem_euclid(7)) != 0;
        if on_day
            && from.is_none_or(|from| local >= from)
            && let Some(found) = clock.second(local).filter(|found| *found >= second)
        {
            return Some(found);
        }
        day += 1;
    }
    None
}

fn next_monthly(clock: &Clock, second: i64, monthly: &Monthly) -> Option<i64> {
    let from = monthly.from.map(civil_seconds);
    let every = i64::from(monthly.every.max(1));
    let offset = i64::from(monthly.offset_days);
    let first = first_day(clock, second).max(from.map_or(i64::MIN, |from| from.div_euclid(DAY))) - offset;
    let base = from.map_or(0, |from| month_of(from.div_euclid(DAY)));
    let start = month_of(first);
    let mut month = start + (base - start).rem_euclid(every);
    for _ in 0..MONTHS_TRIED {
        if let Some(day) = day_in(month, &monthly.on) {
            let local = (day + offset) * DAY + of_day(monthly.time);
            if from.is_none_or(|from| local >= from)
                && let Some(found) = clock.second(local).filter(|found| *found >= second)
            {
                return Some(found);
            }
        }
        month += every;
    }
    None
}

fn next_every(clock: &Clock, second: i64, every: &Every) -> Option<i64> {
    let from = clock.second(civil_seconds(every.from))?;
    if from >= second {
        return Some(from);
    }
    let interval = i64::try_from(every.interval.as_seconds()).ok().filter(|interval| *interval > 0)?;
    let past = (second - from).rem_euclid(interval);
    if past == 0 { Some(second) } else { second.checked_add(interval - past) }
}

/// The number of the month of a day: months since year 0.
fn month_of(day: i64) -> i64 {
    let date = Offset::UTC.to_datetime(timestamp(day.saturating_mul(DAY))).date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The day in days since the epoch; `None`: that month has none such.
fn day_in(month: i64, on: &MonthDay) -> Option<i64> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let first = civil::Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()?;
    let day = match on {
        MonthDay::Last(_) => first.days_in_month(),
        MonthDay::Date(date) => i8::try_from(date.date).ok().filter(|day| *day <= first.days_in_month())?,
        MonthDay::Weekday(place) => {
            let wanted = i8::try_from(bit(place.weekday).trailing_zeros()).ok()?;
            let earliest = 1 + (wanted - first.weekday().to_monday_zero_offset()).rem_euclid(7);
            match place.week {
                WeekOfMonth::First => earliest,
                WeekOfMonth::Second => earliest + 7,
                WeekOfMonth::Third => earliest + 14,
                WeekOfMonth::Fourth => earliest + 21,
                WeekOfMonth::Last => earliest + if earliest + 28 <= first.days_in_month() { 28 } else { 21 },
            }
        }
    };
    let midnight = Offset::UTC.to_timestamp(first.to_datetime(civil::Time::midnight())).ok()?;
    Some(midnight.as_second().div_euclid(DAY) + i64::from(day) - 1)
}
