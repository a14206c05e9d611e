//! When a schedule has its times, on a clock without a zone and in one.

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Weekday as Day;
use jiff::tz::TimeZone;

use crate::model::schedule::MonthDay;
use crate::model::schedule::Monthly;
use crate::model::schedule::Schedule;
use crate::model::schedule::WeekOfMonth;
use crate::model::schedule::Weekday;
use crate::model::schedule::Weekly;
use crate::model::units::TimeOfDay;

/// Months that are looked through for a monthly time: a 31st of every twelfth month is there or never.
const MONTHS: u32 = 60;

/// The first time of a schedule at or after a moment, both on the same clock.
pub(super) fn next(schedule: &Schedule, after: DateTime) -> Option<DateTime> {
    match schedule {
        Schedule::At(at) => Some(at.civil()).filter(|at| *at >= after),
        Schedule::Daily(time) => {
            let today = on(after.date(), *time);
            if today >= after { Some(today) } else { Some(on(after.date().tomorrow().ok()?, *time)) }
        }
        Schedule::Weekly(weekly) => next_weekly(weekly, after),
        Schedule::Monthly(monthly) => next_monthly(monthly, after),
        Schedule::Every(every) => {
            let (from, step) = (every.from.civil(), i64::try_from(every.interval.as_seconds()).ok()?);
            if after <= from || step == 0 {
                return (after <= from).then_some(from);
            }
            let behind = after.duration_since(from).as_secs();
            // The civil distance counts every day as 24 hours, as the interval does.
            let steps = behind.checked_add(step - 1)? / step;
            from.checked_add(jiff::SignedDuration::from_secs(steps.checked_mul(step)?)).ok()
        }
    }
}

/// The instant at which a clock in a zone shows a time; where it shows it twice the first, where never the next.
pub(super) fn instant(at: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(at).compatible().ok()
}

/// A zone by name; one that the database does not know is read as UTC.
pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The times of a schedule in a zone from an instant on, before another.
pub(super) fn times<'s>(
    schedule: &'s Schedule,
    zone: &'s TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = Timestamp> + 's {
    // Clocks differ from themselves by hours at most: a day before is early enough.
    let start = zone.to_datetime(from).saturating_sub(1.day());
    let mut cursor = Some(start);
    std::iter::from_fn(move || {
        let found = next(schedule, cursor?)?;
        cursor = found.checked_add(1.second()).ok();
        instant(found, zone)
    })
    .skip_while(move |at| *at < from)
    .take_while(move |at| *at < to)
}

const fn on(date: Date, time: TimeOfDay) -> DateTime {
    date.at(time.hour as i8, time.minute as i8, 0, 0)
}

const fn day(weekday: Weekday) -> Day {
    match weekday {
        Weekday::Mon => Day::Monday,
        Weekday::Tue => Day::Tuesday,
        Weekday::Wed => Day::Wednesday,
        Weekday::Thu => Day::Thursday,
        Weekday::Fri => Day::Friday,
        Weekday::Sat => Day::Saturday,
        Weekday::Sun => Day::Sunday,
    }
}

/// Which week a day belongs to, counted from some Monday.
fn week(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 5);
    i64::from((date - epoch).get_days()).div_euclid(7)
}

fn next_weekly(weekly: &Weekly, after: DateTime) -> Option<DateTime> {
    let from = weekly.from.map(|from| from.civil());
    let after = from.map_or(after, |from| from.max(after));
    let every = i64::from(weekly.every.max(1));
    let anchor = from.map_or(0, |from| week(from.date()));
    let mut date = after.date();
    for _ in 0..=7 * every + 7 {
        let is_day = weekly.days.iter().any(|one| day(*one) == date.weekday());
        let at = on(date, weekly.time);
        if is_day && (week(date) - anchor).rem_euclid(every) == 0 && at >= after {
            return Some(at);
        }
        date = date.tomorrow().ok()?;
    }
    None
}

fn next_monthly(monthly: &Monthly, after: DateTime) -> Option<DateTime> {
    let from = monthly.from.map(|from| from.civil());
    let after = from.map_or(after, |from| from.max(after));
    let index = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
    let anchor = from.map_or(0, |from| index(from.date()));
    let every = i64::from(monthly.every.max(1));
    // Days added may reach into the month after.
    let mut first = after.date().first_of_month().checked_sub(1.month()).ok()?;
    for _ in 0..MONTHS * u32::from(monthly.every.max(1)) {
        if (index(first) - anchor).rem_euclid(every) == 0
            && let Some(date) = day_of(&monthly.day, first)
            && let Ok(date) = date.checked_add(i64::from(monthly.offset_days).days())
        {
            let at = on(date, monthly.time);
            if at >= after {
                return Some(at);
            }
        }
        first = first.checked_add(1.month()).ok()?;
    }
    None
}

fn day_of(which: &MonthDay, first: Date) -> Option<Date> {
    match which {
        MonthDay::Last(_) => Some(first.last_of_month()),
        MonthDay::Date(date) => Date::new(first.year(), first.month(), i8::try_from(date.date).ok()?).ok(),
        MonthDay::Weekday(place) => {
            let nth = match place.week {
                WeekOfMonth::First => 1,
                WeekOfMonth::Second => 2,
                WeekOfMonth::Third => 3,
                WeekOfMonth::Fourth => 4,
                WeekOfMonth::Last => -1,
            };
            first.nth_weekday_of_month(nth, day(place.weekday)).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;
    use serde_json::Value;
    use serde_json::json;

    use super::next;
    use super::times;

    #[track_caller]
    fn check(schedule: Value, after: &str, expected: Option<&str>) {
        let schedule = serde_json::from_value(schedule).unwrap();
        let found = next(&schedule, after.parse().unwrap());
        assert_eq!(found, expected.map(|at| at.parse::<DateTime>().unwrap()));
    }

    #[test]
    fn tsk_5_the_next_time_of_each_kind_of_schedule() {
        check(json!({"at": "2026-12-01T08:00"}), "2026-12-01T08:00:00", Some("2026-12-01T08:00:00"));
        check(json!({"at": "2026-12-01T08:00"}), "2026-12-01T08:00:01", None);
        check(json!({"daily": "17:00"}), "2026-12-01T17:00:01", Some("2026-12-02T17:00:00"));
        let second =
            json!({"monthly": {"day": {"week": "second", "weekday": "tue"}, "offsetDays": 3, "time": "20:00"}});
        check(second, "2026-12-01T00:00:00", Some("2026-12-11T20:00:00"));
        let last = json!({"monthly": {"day": {"date": 31}, "time": "20:00"}});
        check(last, "2026-04-01T00:00:00", Some("2026-05-31T20:00:00"));
        let other = json!({"weekly": {"days": ["mon"], "time": "08:00", "every": 2, "from": "2026-11-30T00:00"}});
        check(other, "2026-12-01T00:00:00", Some("2026-12-14T08:00:00"));
        let every = json!({"every": {"interval": "4h", "from": "2026-12-01T00:00"}});
        check(every, "2026-12-01T05:00:00", Some("2026-12-01T08:00:00"));
    }

    #[test]
    fn a_time_that_the_clock_skips_is_taken_an_hour_later() {
        let schedule = serde_json::from_value(json!({"daily": "02:30"})).unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let (from, to) = ("2026-03-28T12:00:00Z".parse().unwrap(), "2026-03-30T12:00:00Z".parse().unwrap());
        let found: Vec<String> = times(&schedule, &zone, from, to).map(|at| at.to_string()).collect();
        assert_eq!(found, ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
    }
}
