//! What holds for any computer.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::agent::schedule::next;
use crate::agent::schedule::zone;
use crate::model::schedule::Clock;
use crate::model::schedule::Weekday;
use crate::model::schedule::Weekly;

const ZONES: [&str; 5] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
/// Six days about a change of daylight saving in Berlin, and in Lord Howe (by half an hour) a week after.
const FROM: &str = "2026-03-26T10:00:00Z";

fn time() -> impl Strategy<Value = Schedule> {
    prop_oneof![
        (0_u8..24, 0_u8..60).prop_map(|(hour, minute)| daily(&format!("{hour:02}:{minute:02}"))),
        (0_u8..24, 20_u8..31).prop_map(|(hour, day)| at(&format!("2026-03-{day:02}T{hour:02}:15"))),
        (0_u8..24, any::<bool>()).prop_map(|(hour, other_week)| Schedule::Weekly(Weekly {
            days: vec![Weekday::Fri, Weekday::Sun],
            time: format!("{hour:02}:00").parse().unwrap(),
            every: 1 + u8::from(other_week),
            from: Some("2026-03-18T00:00".parse().unwrap()),
        })),
    ]
}

prop_compose! {
    fn any_job()(
        kind in prop_oneof![Just(JobKind::Task), Just(JobKind::Sequence), Just(JobKind::DeliveryPolicy)],
        run in prop_oneof![Just(Run::AsSoonAsPossible), time().prop_map(Run::Schedule), Just(Run::Manual)],
        n_steps in 1_usize..4,
        warn in prop::option::of((0_u64..400).prop_map(Duration::minutes)),
        max in prop::option::of((1_u64..200).prop_map(Duration::minutes)),
        restarts in any::<bool>(),
        flags in any::<[bool; 6]>(),
        priority in prop_oneof![Just(Priority::Low), Just(Priority::Normal), Just(Priority::VeryHigh)],
        on_failure in prop_oneof![Just(OnFailure::Abort), Just(OnFailure::Continue), Just(OnFailure::Restart)],
        hours in (0_i64..60, 1_i64..90),
        remediation in prop::option::of(time()),
    ) -> Job {
        let [removes, missed, has_files, marked, immediate, available] = flags;
        let base = if kind == JobKind::Task { task(1) } else { sequence(1, &[1, 2, 3][..n_steps]) };
        let base = if restarts { then(base, AfterRunningAction::Restart, Duration::minutes(45)) } else { base };
        let civil = |hours| {
            let start: jiff::civil::DateTime = "2026-03-26T00:00".parse().unwrap();
            Some((start + jiff::SignedDuration::from_hours(hours)).into())
        };
        let mut job = with_program(base, |program| {
            program.max_run_time = max;
            program.has_files = has_files;
            program.exits_early = marked && restarts;
        });
        if let Some(step) = job.steps.get_mut(1) {
            step.depends_on = vec![(0, Vec::new())];
        }
        for step in &mut job.steps {
            step.on_failure = on_failure;
        }
        let clock = if missed { Clock::Server } else { Clock::Computer };
        Job {
            kind,
            run,
            warn,
            priority,
            remove_after_success: removes,
            run_missed_schedule: missed,
            ignores_windows: immediate && kind == JobKind::DeliveryPolicy,
            remediation: remediation.filter(|_| kind == JobKind::DeliveryPolicy),
            availability: if available {
                Availability { from: civil(hours.0), to: civil(hours.0 + hours.1), clock }
            } else {
                Availability::default()
            },
            ..job
        }
    }
}

prop_compose! {
    fn any_world()(
        jobs in prop::collection::vec(any_job(), 0..6),
        windows in prop::collection::vec((time(), 5_u64..600, 0_u8..3, any::<bool>()), 0..3),
        zone in prop::sample::select(&ZONES[..]),
        users in prop_oneof![Just(Users::AcceptAtOnce), Just(Users::DeferToTheEnd), Just(Users::Absent)],
        plays in prop::collection::vec((1_u64..300, prop_oneof![Just(0_i64), Just(1)], any::<bool>()), 3),
        flags in any::<[bool; 4]>(),
        takes in (0_u64..30, 0_u64..30),
    ) -> World {
        let renumbered = jobs.into_iter().enumerate().map(|(n, job)| Job { id: Guid::of(100 + n as u128), ..job });
        let mut world = world(renumbered);
        for (n, (minutes, code, exits)) in plays.into_iter().enumerate() {
            let n = n as u128 + 1;
            world = if exits && flags[3] { world.exits(n, minutes) } else { world.plays(n, minutes, code) };
        }
        world.policy.windows = windows.into_iter().map(|(schedule, minutes, kind, utc)| Window {
            kind: [WindowKind::All, WindowKind::TaskSequences, WindowKind::Updates][usize::from(kind)],
            clock: if utc { WindowClock::Utc } else { WindowClock::Computer },
            ..window(schedule, Duration::minutes(minutes))
        }).collect();
        world.policy.rules.fit = if flags[0] { FitRule::Whole } else { FitRule::Remaining };
        world.policy.rules.never_fits = if flags[1] { NeverFits::Alert } else { NeverFits::Fails };
        world.policy.settings.disregard_post_run_action = flags[2];
        world.policy.server_zone = "America/New_York".to_owned();
        world.scenario.users = users;
        world.scenario.download = Duration::minutes(takes.0);
        world.scenario.restart = Duration::minutes(takes.1);
        (world.zone, world.from, world.to) = (zone, FROM, "2026-04-08T00:00:00Z");
        world
    }
}

fn in_pieces(world: &World, cuts: &[i64], retell: bool) -> Vec<Happening> {
    let mut computer = world.computer();
    let policy = Arc::new(world.policy.clone());
    computer.policy(instant(FROM), Arc::clone(&policy));
    let mut out = Vec::new();
    let mut cuts = cuts.to_vec();
    cuts.sort_unstable();
    for cut in cuts {
        let to = instant(FROM) + jiff::SignedDuration::from_mins(cut);
        out.extend(computer.run_until(to));
        if retell {
            computer.policy(to, Arc::new(world.policy.clone()));
        }
    }
    out.extend(computer.run_until(instant(world.to)));
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_longer_forecast_starts_with_the_shorter_one(world in any_world(), hours in 1_i64..300) {
        let long = world.happenings();
        let to = instant(FROM) + jiff::SignedDuration::from_hours(hours);
        let text = to.to_string();
        let mut memory = world.memory.clone();
        let (policy, scenario) = (Arc::new(world.policy.clone()), Arc::new(world.scenario.clone()));
        let short = crate::agent::live::live(&policy, world.zone(), &mut memory, &scenario, instant(FROM), to);
        let before: Vec<Happening> = long.into_iter().filter(|happening| happening.at < to).collect();
        prop_assert_eq!(short, before, "{}", text);
    }

    #[test]
    fn the_same_in_the_same_out_also_in_pieces_and_told_again(
        world in any_world(),
        cuts in prop::collection::vec(0_i64..15_000, 0..5),
    ) {
        let whole = world.happenings();
        prop_assert_eq!(&whole, &world.happenings());
        prop_assert_eq!(&whole, &in_pieces(&world, &cuts, false));
        prop_assert_eq!(&whole, &in_pieces(&world, &cuts, true));
    }

    #[test]
    fn one_program_runs_at_a_time_and_happenings_are_in_order(world in any_world()) {
        let happenings = world.happenings();
        prop_assert!(happenings.is_sorted_by_key(|happening| happening.at));
        let mut running = None;
        for Happening { what, .. } in &happenings {
            match what {
                What::Started { job, step } => {
                    prop_assert_eq!(running, None);
                    running = Some((*job, *step));
                }
                What::Ended { job, step, .. } => prop_assert_eq!(running.take(), Some((*job, *step))),
                What::Restarted | What::LoggedOff => prop_assert_eq!(running, None),
                _ => {}
            }
        }
    }

    #[test]
    fn no_program_starts_outside_of_a_window_that_holds_it_back(world in any_world()) {
        use crate::agent::windows::Place;
        use crate::agent::windows::Windows;
        use crate::agent::windows::kind_for;
        for Happening { at, what } in world.happenings() {
            let What::Started { job, .. } = what else { continue };
            let job = world.policy.jobs.iter().find(|told| told.id == job).expect("it was told");
            let Some(kind) = kind_for(&world.policy.windows, job.kind).filter(|_| !job.ignores_windows) else { continue };
            let windows = Windows::new(&world.policy.windows, kind, &world.zone(), instant(FROM));
            prop_assert!(matches!(windows.expect("there is one").at(at), Place::Inside(_)), "{at}");
        }
    }

    #[test]
    fn tsk_4_as_soon_as_possible_finishes_once_at_the_most(world in any_world()) {
        let happenings = world.happenings();
        for job in world.policy.jobs.iter().filter(|job| job.run == Run::AsSoonAsPossible) {
            let finished = |happening: &&Happening| matches!(happening.what, What::Finished { job: id, .. } if id == job.id);
            prop_assert!(happenings.iter().filter(finished).count() <= 1);
        }
    }

    #[test]
    fn tsk_5_the_next_time_is_the_first_that_the_clock_shows(
        schedule in time(),
        name in prop::sample::select(&ZONES[..]),
        minutes in 0_i64..40_000,
        year in 2025_i16..2028,
    ) {
        let zone = zone(name);
        let from = jiff::civil::date(year, 3, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp()
            + jiff::SignedDuration::from_mins(minutes);
        // Every day of two months by itself, by the calendar of the library.
        let local = |date: jiff::civil::Date, time: crate::model::units::TimeOfDay| {
            let civil = date.at(i8::try_from(time.hour).unwrap(), i8::try_from(time.minute).unwrap(), 0, 0);
            zone.to_ambiguous_timestamp(civil).compatible().unwrap()
        };
        let first = from.to_zoned(zone.clone()).date().yesterday().unwrap();
        let days = first.series(jiff::ToSpan::days(1)).take(60);
        let expected = match &schedule {
            Schedule::Daily(time) => days.map(|day| local(day, *time)).find(|at| *at >= from),
            Schedule::Weekly(weekly) => {
                let begin = jiff::civil::date(2026, 3, 18);
                let monday = jiff::civil::date(2026, 3, 16);
                let from = from.max(begin.to_zoned(zone.clone()).unwrap().timestamp());
                let days = first.max(begin).series(jiff::ToSpan::days(1)).take(60);
                days.filter(|day| {
                    let weeks = (*day - monday).get_days() / 7;
                    let on = [jiff::civil::Weekday::Friday, jiff::civil::Weekday::Sunday].contains(&day.weekday());
                    on && *day >= begin && weeks % i32::from(weekly.every) == 0
                })
                .map(|day| local(day, weekly.time))
                .find(|at| *at >= from)
            }
            Schedule::At(at) => Some(zone.to_ambiguous_timestamp(at.civil()).compatible().unwrap()).filter(|at| *at >= from),
            Schedule::Monthly(_) | Schedule::Every(_) => None,
        };
        prop_assert_eq!(next(&schedule, &zone, from), expected);
    }
}

#[test]
fn the_worlds_of_these_properties_show_all_that_a_computer_does() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..400 {
        let world = any_world().new_tree(&mut runner).expect("worlds can be made").current();
        for line in lines(&world.happenings(), &world.zone()) {
            *seen.entry(line.split(' ').nth(2).expect("a word").to_owned()).or_insert(0_u32) += 1;
        }
    }
    let words =
        ["download", "downloaded", "start", "end", "skip", "done", "FAILED", "never", "removed", "deferred", "restart"];
    for word in words {
        assert!(seen.get(word).is_some_and(|n| *n >= 10), "too few of `{word}`: {seen:?}");
    }
}
