//! When something happens, on which clock: by looking at days and minutes.
//!
//! Minutes are counted from the epoch; a duration is elapsed time. Local times are resolved as `jiff`'s *compatible*
//! has it: a skipped one comes later by the length of the gap, a repeated one happens once, the first time.

use std::collections::BTreeSet;

use consign::agent::policy::Window;
use consign::model::agent_settings::Blockout;
use consign::model::schedule::MonthDay;
use consign::model::schedule::Schedule;
use consign::model::schedule::WeekOfMonth;
use consign::model::schedule::Weekday;
use consign::model::schedule::WindowClock;
use consign::model::units::Duration;
use consign::model::units::TimeOfDay;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Minutes since the epoch.
pub type Minute = i64;

pub const DAY: Minute = 24 * 60;

pub fn minute_of(at: Timestamp) -> Minute {
    assert_eq!(at.as_second().rem_euclid(60), 0, "{at} is not a whole minute");
    at.as_second().div_euclid(60)
}

pub fn timestamp_of(minute: Minute) -> Timestamp {
    Timestamp::from_second(minute * 60).expect("a minute of our time")
}

pub fn zone_of(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone that the bundled database has")
}

/// The length in minutes.
pub fn minutes(duration: Duration) -> Minute {
    let minutes = duration.whole_minutes().expect("estates have whole minutes only");
    Minute::try_from(minutes).expect("a length that fits")
}

/// The minute that a local time names.
pub fn resolve(local: DateTime, zone: &TimeZone) -> Minute {
    minute_of(zone.to_ambiguous_timestamp(local).compatible().expect("a local time of our time"))
}

fn monday_of(date: Date) -> Date {
    let days = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(days)).expect("a date of our time")
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from(from.until(to).expect("dates of our time").get_days())
}

fn same_weekday(day: Weekday, date: Date) -> bool {
    let day = match day {
        Weekday::Mon => jiff::civil::Weekday::Monday,
        Weekday::Tue => jiff::civil::Weekday::Tuesday,
        Weekday::Wed => jiff::civil::Weekday::Wednesday,
        Weekday::Thu => jiff::civil::Weekday::Thursday,
        Weekday::Fri => jiff::civil::Weekday::Friday,
        Weekday::Sat => jiff::civil::Weekday::Saturday,
        Weekday::Sun => jiff::civil::Weekday::Sunday,
    };
    date.weekday() == day
}

fn is_day_of_month(on: &MonthDay, date: Date) -> bool {
    match on {
        MonthDay::Last(_) => date == date.last_of_month(),
        MonthDay::Date(on) => date.day() == i8::try_from(on.date).expect("1 to 31"),
        MonthDay::Weekday(on) => {
            let nth = (date.day() - 1) / 7; // 0: the first seven days of the month.
            let is_last = date.day() + 7 > date.days_in_month();
            same_weekday(on.weekday, date)
                && match on.week {
                    WeekOfMonth::First => nth == 0,
                    WeekOfMonth::Second => nth == 1,
                    WeekOfMonth::Third => nth == 2,
                    WeekOfMonth::Fourth => nth == 3,
                    WeekOfMonth::Last => is_last,
                }
        }
    }
}

/// The local time at which a schedule happens on a date, if it does; `Every` has no dates.
fn on_date(schedule: &Schedule, date: Date) -> Option<DateTime> {
    let at = |time: TimeOfDay| {
        date.at(i8::try_from(time.hour).expect("0 to 23"), i8::try_from(time.minute).expect("0 to 59"), 0, 0)
    };
    match schedule {
        Schedule::At(once) => (once.civil().date() == date).then(|| once.civil()),
        Schedule::Daily(time) => Some(at(*time)),
        Schedule::Weekly(weekly) => {
            let local = at(weekly.time);
            let is_week = match weekly.from {
                None => true,
                Some(from) => {
                    let weeks = days_between(monday_of(from.civil().date()), monday_of(date)) / 7;
                    local >= from.civil() && weeks % i64::from(weekly.every) == 0
                }
            };
            (is_week && weekly.days.iter().any(|day| same_weekday(*day, date))).then_some(local)
        }
        Schedule::Monthly(monthly) => {
            let local = at(monthly.time);
            let offset = jiff::Span::new().days(i64::from(monthly.offset_days));
            let day = date.checked_sub(offset).expect("a date of our time");
            let is_month = match monthly.from {
                None => true,
                Some(from) => {
                    let from_date = from.civil().date();
                    let months = (i64::from(day.year()) - i64::from(from_date.year())) * 12 + i64::from(day.month())
                        - i64::from(from_date.month());
                    local >= from.civil() && months.rem_euclid(i64::from(monthly.every)) == 0
                }
            };
            (is_month && is_day_of_month(&monthly.day, day)).then_some(local)
        }
        Schedule::Every(_) => None,
    }
}

/// The dates from one day before a minute to one day after another, in a zone.
fn dates_around(first: Minute, last: Minute, zone: &TimeZone) -> Vec<Date> {
    let mut date = zone.to_datetime(timestamp_of(first)).date().yesterday().expect("a date of our time");
    let end = zone.to_datetime(timestamp_of(last)).date().tomorrow().expect("a date of our time");
    let mut dates = Vec::new();
    while date <= end {
        dates.push(date);
        date = date.tomorrow().expect("a date of our time");
    }
    dates
}

/// Whether a schedule has a time at exactly this minute.
pub fn occurs_at(schedule: &Schedule, zone: &TimeZone, minute: Minute) -> bool {
    if let Schedule::Every(every) = schedule {
        let since = minute - resolve(every.from.civil(), zone);
        return since >= 0 && since % minutes(every.interval) == 0;
    }
    dates_around(minute, minute, zone)
        .into_iter()
        .filter_map(|date| on_date(schedule, date))
        .any(|local| resolve(local, zone) == minute)
}

/// The minutes of `first..last` at which a schedule has a time: [`occurs_at`], a day at a time.
pub fn times(schedule: &Schedule, zone: &TimeZone, first: Minute, last: Minute) -> BTreeSet<Minute> {
    let all: Vec<Minute> = if let Schedule::Every(every) = schedule {
        let mut all = Vec::new();
        let mut at = resolve(every.from.civil(), zone);
        while at < last {
            all.push(at);
            at += minutes(every.interval);
        }
        all
    } else {
        dates_around(first, last, zone)
            .into_iter()
            .filter_map(|date| on_date(schedule, date))
            .map(|local| resolve(local, zone))
            .collect()
    };
    all.into_iter().filter(|at| (first..last).contains(at)).collect()
}

/// The last time of a schedule; `None`: all but `At` go on for ever.
pub fn last_time(schedule: &Schedule, zone: &TimeZone) -> Option<Minute> {
    match schedule {
        Schedule::At(once) => Some(resolve(once.civil(), zone)),
        _ => None,
    }
}

/// The stretches for which some of these windows is open, of all that open in `first..last`, each from its first minute
/// to the one after its last: windows that touch or overlap are one (MW-6).
pub fn joined(windows: &[&Window], zone: &TimeZone, first: Minute, last: Minute) -> Vec<(Minute, Minute)> {
    let mut single = Vec::new();
    for window in windows {
        let clock = match window.clock {
            WindowClock::Computer => zone.clone(),
            WindowClock::Utc => TimeZone::UTC, // MW-9
        };
        let starts = times(&window.schedule, &clock, first, last);
        single.extend(starts.into_iter().map(|start| (start, start + minutes(window.duration))));
    }
    single.sort_unstable();
    let mut out: Vec<(Minute, Minute)> = Vec::new();
    for (opens, closes) in single {
        match out.last_mut() {
            Some(last) if opens <= last.1 => last.1 = last.1.max(closes),
            _ => out.push((opens, closes)),
        }
    }
    out
}

/// The minutes of `first..last` in which a blockout holds downloads back.
pub fn blocked_minutes(blockouts: &[Blockout], zone: &TimeZone, first: Minute, last: Minute) -> BTreeSet<Minute> {
    let mut out = BTreeSet::new();
    for blockout in blockouts {
        let daily = Schedule::Daily(blockout.from);
        for start in times(&daily, zone, first - 2 * DAY, last) {
            out.extend(start..start + minutes(blockout.duration));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use consign::model::schedule::Monthly;
    use consign::model::schedule::WeekdayOfMonth;
    use consign::model::schedule::Weekly;
    use consign::model::task::Run;
    use consign::model::units::LocalDateTime;
    use consign::model::window::WindowKind;

    use super::super::estates;
    use super::*;

    fn local(text: &str) -> LocalDateTime {
        text.parse().unwrap()
    }

    fn instants(schedule: &Schedule, zone: &str, from: &str, to: &str) -> Vec<String> {
        let minute = |text: &str| minute_of(text.parse().unwrap());
        let times = times(schedule, &zone_of(zone), minute(from), minute(to));
        times.into_iter().map(|at| timestamp_of(at).to_string()).collect()
    }

    #[test]
    fn a_skipped_time_comes_later_and_a_repeated_one_once_the_first_time() {
        let daily = Schedule::Daily("02:30".parse().unwrap());
        assert_eq!(
            instants(&daily, "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z"),
            ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"],
        );
        assert_eq!(
            instants(&daily, "Europe/Berlin", "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z"),
            ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        );
        let half = Schedule::Daily("02:15".parse().unwrap()); // Lord Howe's clocks move by half an hour.
        assert_eq!(
            instants(&half, "Australia/Lord_Howe", "2026-10-02T00:00:00Z", "2026-10-05T00:00:00Z"),
            ["2026-10-02T15:45:00Z", "2026-10-03T15:45:00Z", "2026-10-04T15:15:00Z"],
        );
    }

    #[test]
    fn weeks_and_months_are_counted_from_a_date() {
        let weekly = Schedule::Weekly(Weekly {
            days: vec![Weekday::Mon, Weekday::Sun],
            time: "08:00".parse().unwrap(),
            every: 2,
            from: Some(local("2026-12-02T00:00")),
        });
        assert_eq!(
            instants(&weekly, "UTC", "2026-11-20T00:00:00Z", "2026-12-31T00:00:00Z"),
            ["2026-12-06T08:00:00Z", "2026-12-14T08:00:00Z", "2026-12-20T08:00:00Z", "2026-12-28T08:00:00Z"],
        );
        let monthly = Schedule::Monthly(Monthly {
            day: MonthDay::Weekday(WeekdayOfMonth { week: WeekOfMonth::Last, weekday: Weekday::Sat }),
            offset_days: 1,
            time: "08:00".parse().unwrap(),
            every: 3,
            from: Some(local("2026-01-01T00:00")),
        });
        assert_eq!(
            instants(&monthly, "UTC", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"),
            ["2026-02-01T08:00:00Z", "2026-04-26T08:00:00Z", "2026-07-26T08:00:00Z", "2026-11-01T08:00:00Z"],
        );
    }

    #[test]
    fn mw_6_windows_that_touch_are_one() {
        let window = |from: &str, hours| Window {
            name: "w".to_owned(),
            schedule: Schedule::Daily(from.parse().unwrap()),
            duration: Duration::hours(hours),
            kind: WindowKind::All,
            clock: WindowClock::Utc,
        };
        let (a, b, c) = (window("01:00", 2), window("03:00", 1), window("05:00", 1));
        let first = minute_of("2026-12-01T00:00:00Z".parse().unwrap());
        assert_eq!(
            joined(&[&a, &b, &c], &zone_of("UTC"), first, first + DAY),
            [(first + 60, first + 240), (first + 300, first + 360)]
        );
    }

    #[test]
    fn days_and_minutes_give_the_same_times() {
        for seed in 0..60 {
            let estate = estates::random(seed);
            let (zone, first) = (zone_of(&estate.zone), minute_of(estate.from));
            for job in estate.policies().flat_map(|policy| &policy.jobs) {
                let Run::Schedule(schedule) = &job.run else { continue };
                let by_day = times(schedule, &zone, first, first + 2 * DAY);
                let by_minute: BTreeSet<Minute> =
                    (first..first + 2 * DAY).filter(|minute| occurs_at(schedule, &zone, *minute)).collect();
                assert_eq!(by_day, by_minute, "seed {seed}: {schedule:?}");
            }
        }
    }
}
