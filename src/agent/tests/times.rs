//! Schedules and windows on a clock, over changes of daylight saving in both directions.

use super::*;
use crate::agent::schedule::next;
use crate::agent::schedule::zone;
use crate::agent::windows::longest;
use crate::model::schedule::DateOfMonth;
use crate::model::schedule::Every;
use crate::model::schedule::LastDay;
use crate::model::schedule::MonthDay;
use crate::model::schedule::Monthly;
use crate::model::schedule::WeekOfMonth;
use crate::model::schedule::Weekday;
use crate::model::schedule::WeekdayOfMonth;
use crate::model::schedule::Weekly;

/// The first times from an instant on, local with their offset.
fn times(schedule: &Schedule, name: &str, from: &str, n: usize) -> Vec<String> {
    let zone = zone(name);
    let mut at = instant(from);
    let mut out = Vec::new();
    while out.len() < n
        && let Some(found) = next(schedule, &zone, at)
    {
        out.push(found.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %z").to_string());
        at = found + jiff::SignedDuration::from_secs(1);
    }
    out
}

#[test]
fn tsk_5_a_skipped_local_time_moves_on_by_the_gap() {
    // Berlin skips 02:00 to 03:00 on 29 March 2026.
    assert_eq!(
        times(&daily("02:30"), "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
        ["2026-03-28 02:30 +0100", "2026-03-29 03:30 +0200", "2026-03-30 02:30 +0200"]
    );
    assert_eq!(times(&at("2026-03-29T02:30"), "Europe/Berlin", "2026-01-01T00:00:00Z", 2), ["2026-03-29 03:30 +0200"]);
}

#[test]
fn tsk_5_of_a_local_time_that_comes_twice_the_first_counts_once() {
    // Berlin has 02:00 to 03:00 twice on 25 October 2026.
    assert_eq!(
        times(&daily("02:30"), "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"]
    );
}

#[test]
fn tsk_5_a_task_runs_by_the_computers_own_clock_over_both_changes() {
    let runs = |from, to| {
        let world = world([on(task(1), daily("08:00"))]).change(|world| {
            world.zone = "America/New_York";
            (world.from, world.to) = (from, to);
        });
        let starts = world.happenings().into_iter().filter(|happening| matches!(happening.what, What::Started { .. }));
        starts.map(|happening| happening.at.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(runs("2026-03-07T00:00:00Z", "2026-03-09T00:00:00Z"), ["2026-03-07T13:00:00Z", "2026-03-08T12:00:00Z"]);
    assert_eq!(runs("2026-10-31T00:00:00Z", "2026-11-02T00:00:00Z"), ["2026-10-31T12:00:00Z", "2026-11-01T13:00:00Z"]);
}

#[test]
fn tsk_5_a_clock_that_is_set_back_makes_nothing_run_twice() {
    let policy = Arc::new(world([on(task(1), daily("08:00"))]).policy);
    let mut computer = Computer::new(TimeZone::UTC, Memory::default(), Arc::new(Scenario::default()));
    let starts = |lived: Vec<Happening>| lived.iter().filter(|one| matches!(one.what, What::Started { .. })).count();
    computer.policy(instant("2026-06-01T00:00:00Z"), Arc::clone(&policy));
    assert_eq!(starts(computer.run_until(instant("2026-06-02T12:00:00Z"))), 2);
    computer.policy(instant("2026-06-01T07:00:00Z"), Arc::clone(&policy));
    assert_eq!(starts(computer.run_until(instant("2026-06-02T12:00:00Z"))), 0);
    assert_eq!(starts(computer.run_until(instant("2026-06-03T12:00:00Z"))), 1);
}

#[test]
fn tsk_5_a_day_that_a_zone_skips_has_its_times_on_the_next_one() {
    // Apia went from 29 to 31 December 2011.
    assert_eq!(
        times(&daily("10:00"), "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
        ["2011-12-29 10:00 -1000", "2011-12-31 10:00 +1400", "2012-01-01 10:00 +1400"]
    );
}

#[test]
fn weeks_are_counted_from_the_monday_of_the_first() {
    let weekly = |every, from: Option<&str>| {
        Schedule::Weekly(Weekly {
            days: vec![Weekday::Sun, Weekday::Tue],
            time: "09:00".parse().unwrap(),
            every,
            from: from.map(|from| from.parse().unwrap()),
        })
    };
    assert_eq!(
        times(&weekly(1, None), "UTC", "2026-06-01T00:00:00Z", 3),
        ["2026-06-02 09:00 +0000", "2026-06-07 09:00 +0000", "2026-06-09 09:00 +0000"]
    );
    // From a Wednesday: its own week's Tuesday is before it, its Sunday counts, the next week is left out.
    assert_eq!(
        times(&weekly(2, Some("2026-06-03T00:00")), "UTC", "2026-01-01T00:00:00Z", 4),
        ["2026-06-07 09:00 +0000", "2026-06-16 09:00 +0000", "2026-06-21 09:00 +0000", "2026-06-30 09:00 +0000"]
    );
    assert_eq!(
        times(&weekly(52, Some("2026-06-03T00:00")), "UTC", "2040-01-01T00:00:00Z", 1),
        ["2040-05-15 09:00 +0000"] // 14 times 52 weeks after the first one.
    );
}

#[test]
fn months_have_dates_last_days_and_weekdays_with_an_offset() {
    let monthly = |on, offset_days, every, from: Option<&str>| {
        Schedule::Monthly(Monthly {
            day: on,
            offset_days,
            time: "22:00".parse().unwrap(),
            every,
            from: from.map(|from| from.parse().unwrap()),
        })
    };
    let date = |date| MonthDay::Date(DateOfMonth { date });
    let weekday = |week, weekday| MonthDay::Weekday(WeekdayOfMonth { week, weekday });
    let days = |schedule: &Schedule, from: &str, n| {
        times(schedule, "UTC", from, n).iter().map(|line| line[..10].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(days(&monthly(date(31), 0, 1, None), "2026-04-01T00:00:00Z", 2), ["2026-05-31", "2026-07-31"]);
    assert_eq!(
        days(&monthly(MonthDay::Last(LastDay::Last), 0, 1, None), "2026-02-01T00:00:00Z", 2),
        ["2026-02-28", "2026-03-31"]
    );
    let patch_day = weekday(WeekOfMonth::Second, Weekday::Tue);
    assert_eq!(days(&monthly(patch_day.clone(), 3, 1, None), "2026-06-01T00:00:00Z", 2), ["2026-06-12", "2026-07-17"]);
    // Far enough after its day that it comes in the next month.
    assert_eq!(days(&monthly(patch_day, 27, 1, None), "2026-06-01T00:00:00Z", 2), ["2026-06-08", "2026-07-06"]);
    let last = |day| monthly(weekday(WeekOfMonth::Last, day), 0, 1, None);
    assert_eq!(days(&last(Weekday::Mon), "2026-06-01T00:00:00Z", 2), ["2026-06-29", "2026-07-27"]);
    assert_eq!(days(&last(Weekday::Fri), "2026-06-01T00:00:00Z", 1), ["2026-06-26"]);
    let quarterly = monthly(date(1), 0, 3, Some("2026-02-15T00:00"));
    assert_eq!(days(&quarterly, "2020-01-01T00:00:00Z", 2), ["2026-05-01", "2026-08-01"]);
    let leap = monthly(date(29), 0, 12, Some("2024-02-01T00:00"));
    assert_eq!(days(&leap, "2096-03-01T00:00:00Z", 1), ["2104-02-29"]);
    assert_eq!(days(&monthly(date(31), 0, 12, Some("2024-02-01T00:00")), "2026-01-01T00:00:00Z", 1), [""; 0]);
}

#[test]
fn a_fixed_distance_is_elapsed_time() {
    let every = Schedule::Every(Every { interval: Duration::hours(12), from: "2026-03-28T08:00".parse().unwrap() });
    assert_eq!(
        times(&every, "Europe/Berlin", "2026-03-28T20:00:00Z", 2),
        ["2026-03-29 09:00 +0200", "2026-03-29 21:00 +0200"]
    );
    assert_eq!(times(&every, "Europe/Berlin", "2020-01-01T00:00:00Z", 1), ["2026-03-28 08:00 +0100"]);
    let never = Schedule::Every(Every { interval: Duration::ZERO, from: "2026-03-28T08:00".parse().unwrap() });
    assert_eq!(times(&never, "UTC", "2026-03-28T08:00:00Z", 3), ["2026-03-28 08:00 +0000"]);
}

#[test]
fn mw_9_a_window_in_utc_moves_against_local_time() {
    let starts = |clock, from, to| {
        let night = Window { clock, ..window(daily("01:00"), Duration::hours(1)) };
        let world = world([on(task(1), daily("00:00"))]).windows([night]).change(|world| {
            world.zone = "Europe/Berlin";
            (world.from, world.to) = (from, to);
        });
        let starts = world.happenings().into_iter().filter(|happening| matches!(happening.what, What::Started { .. }));
        starts
            .map(|happening| happening.at.to_zoned(world.zone()).strftime("%m-%d %H:%M").to_string())
            .collect::<Vec<_>>()
    };
    let (from, to) = ("2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(starts(WindowClock::Computer, from, to), ["03-28 01:00", "03-29 01:00", "03-30 01:00"]);
    assert_eq!(starts(WindowClock::Utc, from, to), ["03-28 02:00", "03-29 03:00", "03-30 03:00"]);
}

#[test]
fn mw_9_a_window_lasts_its_elapsed_time_over_a_change() {
    let night = [window(daily("01:00"), Duration::hours(4))];
    let berlin = zone("Europe/Berlin");
    let mut windows =
        crate::agent::windows::Windows::new(&night, WindowKind::All, &berlin, instant("2026-03-28T12:00:00Z")).unwrap();
    let crate::agent::windows::Place::Inside(open) = windows.at(instant("2026-03-29T00:30:00Z")) else {
        panic!("it is open");
    };
    assert_eq!(open.length(), Duration::hours(4));
    assert_eq!(open.close, instant("2026-03-29T04:00:00Z")); // 06:00 local.
}

#[test]
fn mw_6_the_longest_joined_window_is_known() {
    let from = instant("2026-06-01T12:00:00Z");
    let utc = TimeZone::UTC;
    let longest_of = |windows: &[Window]| longest(windows, JobKind::Task, &utc, from);
    assert_eq!(longest_of(&[]), None);
    let hour = window(daily("17:00"), Duration::hours(1));
    assert_eq!(longest_of(std::slice::from_ref(&hour)), Some(Duration::hours(1)));
    let rare = window(at("2027-05-30T18:00"), Duration::hours(5));
    assert_eq!(longest_of(&[hour.clone(), rare]), Some(Duration::hours(6)));
    let too_far = window(at("2027-07-30T18:00"), Duration::hours(5));
    assert_eq!(longest_of(&[hour.clone(), too_far]), Some(Duration::hours(1)));
    let over = window(at("2026-05-30T18:00"), Duration::hours(5));
    assert_eq!(longest_of(&[over]), Some(Duration::ZERO));
    // Windows that follow on each other for ever are longer than any program.
    assert!(longest_of(&[window(daily("17:00"), Duration::hours(24))]) > Some(Duration::days(3650)));
    assert_eq!(longest(&[hour], JobKind::Sequence, &utc, from), Some(Duration::hours(1)));
}

#[test]
fn a_window_that_opened_yesterday_is_open_today() {
    world([task(1)]).windows([window(daily("22:00"), Duration::hours(16))]).starts(&["01 12:00 1"]);
}

#[test]
fn a_zone_that_nobody_knows_is_utc() {
    world([on(task(1), daily("13:00"))])
        .change(|world| {
            world.zone = "Middle/Earth";
            world.to = "2026-06-02T00:00:00Z";
        })
        .starts(&["01 13:00 1"]);
}
