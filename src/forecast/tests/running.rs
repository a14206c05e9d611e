use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use crate::agent::scenario::Outcome;
use crate::agent::scenario::Scenario;
use crate::agent::scenario::Users;
use crate::forecast::Forecast;
use crate::forecast::Why;
use crate::forecast::agent;
use crate::forecast::compare::Ends;
use crate::forecast::compare::Then;
use crate::forecast::compare::as_of;
use crate::forecast::compare::compare;
use crate::forecast::difference::Pair;
use crate::forecast::difference::difference;
use crate::forecast::run::Question;
use crate::forecast::run::outcomes;
use crate::model::fleet::Part;
use crate::model::kind::Kind;
use crate::model::units::Duration;
use crate::reach::Known;

use super::START;
use super::World;
use super::at;
use super::id;
use super::task;

/// A schedule at 17:00 on Monday, and one far away.
fn monday() -> serde_json::Value {
    json!({ "schedule": { "at": "2026-11-23T17:00" } })
}

fn why(forecast: &Forecast, name: &str) -> Vec<(Why, u64)> {
    task(forecast, name).never.iter().map(|never| (never.why, never.computers)).collect()
}

#[test]
fn tsk_5_a_schedule_runs_on_each_computers_own_clock() {
    let mut world = World::of(5).program("a", json!({})).task("a", json!({ "run": monday() }));
    world.fleet.computers[4].zone = "America/New_York".to_owned();
    let forecast = world.forecast(2);
    let task = task(&forecast, "a");
    assert_eq!((task.reached, task.started, task.runs, task.succeeded, task.failed), (5, 5, 5, 5, 0));
    let starts: Vec<_> = task.timeline.iter().map(|hour| (hour.at.to_string(), hour.started, hour.succeeded)).collect();
    let expected = [("2026-11-23T16:00:00Z", 4, 4), ("2026-11-23T22:00:00Z", 1, 1)];
    assert_eq!(starts, expected.map(|(at, started, ended)| (at.to_owned(), started, ended)));
    assert_eq!(forecast.computers.kinds, 2);
}

#[test]
fn tsk_4_who_ran_it_does_not_run_it_again() {
    let world = World::of(4).program("a", json!({})).task("a", json!({})).history("a", &[0], &[1]);
    let forecast = world.forecast(1);
    let task = task(&forecast, "a");
    assert_eq!((task.reached, task.started, task.done_before), (4, 2, 2));
    assert!(task.never.is_empty());
}

#[test]
fn mw_4_what_fits_no_window_never_runs() {
    let world = World::of(3)
        .program("a", json!({ "maxRunTime": "2h" }))
        .task("a", json!({}))
        .window("w", json!({ "schedule": { "daily": "17:00" }, "duration": "1h" }));
    let forecast = world.forecast(3);
    assert_eq!(why(&forecast, "a"), [(Why::NeverFits, 3)]);
    let never = &task(&forecast, "a").never[0];
    assert_eq!(
        (never.rule.as_deref(), &never.sample[..]),
        (Some("MW-4"), &["pc-0", "pc-1", "pc-2"].map(String::from)[..])
    );
}

#[test]
fn mw_3_what_waits_for_a_window_beyond_the_end_says_so() {
    let weekly = json!({ "weekly": { "days": ["sat"], "time": "17:00" } });
    let world = World::of(3)
        .program("a", json!({ "maxRunTime": "20m" }))
        .task("a", json!({}))
        .window("w", json!({ "schedule": weekly, "duration": "1h" }));
    assert_eq!(why(&world.forecast(2), "a"), [(Why::Window, 3)]);
    assert!(why(&world.forecast(8), "a").is_empty());
}

#[test]
fn tsk_11_availability_on_the_servers_clock_misses_a_zone() {
    // Monday 16:30 to 18:00 in Berlin; New York's 17:00 is 23:00 there.
    let availability = json!({ "from": "2026-11-23T16:30", "to": "2026-11-23T18:00", "clock": "server" });
    let mut world =
        World::of(3).program("a", json!({})).task("a", json!({ "run": monday(), "availability": availability }));
    world.fleet.computers[1].zone = "America/New_York".to_owned();
    let forecast = world.forecast(3);
    assert_eq!(task(&forecast, "a").started, 2);
    assert_eq!(why(&forecast, "a"), [(Why::Availability, 1)]);
    assert_eq!(task(&forecast, "a").never[0].sample, ["pc-1"]);
}

#[test]
fn prg_12_a_program_waits_while_the_network_is_away_or_slower() {
    let world = World::of(2)
        .program("any", json!({ "network": { "required": true } }))
        .program("fast", json!({ "network": { "required": true, "minimumSpeedKBps": 100 } }))
        .program("none", json!({ "network": { "required": false, "minimumSpeedKBps": 100 } }))
        .task("any", json!({}))
        .task("fast", json!({}))
        .task("none", json!({}));
    for (network_kbps, started) in
        [(None, [2, 2, 2]), (Some(100), [2, 2, 2]), (Some(99), [2, 0, 2]), (Some(0), [0, 0, 2])]
    {
        let forecast = world.forecast_with(1, &Scenario { network_kbps, ..Scenario::default() });
        assert_eq!(["any", "fast", "none"].map(|name| task(&forecast, name).started), started, "{network_kbps:?}");
        if network_kbps == Some(99) {
            assert_eq!(why(&forecast, "fast"), [(Why::Network, 2)]);
        }
    }
}

#[test]
fn prg_8_a_program_with_the_user_s_rights_waits_for_a_user() {
    let as_user = json!({ "runWith": "loggedOnUser", "runOnceFor": { "users": [r"CORP\Maria"] } });
    let world = World::of(2).program("a", as_user).task("a", json!({}));
    assert_eq!(task(&world.forecast(1), "a").started, 2);
    let forecast = world.forecast_with(1, &Scenario { users: Users::Absent, ..Scenario::default() });
    assert_eq!(why(&forecast, "a"), [(Why::Presence, 2)]);
}

#[test]
fn prg_9_a_program_that_wants_somebody_logged_on_waits_for_them() {
    let world = World::of(2).program("a", json!({ "canRun": "userLoggedOn" })).task("a", json!({}));
    assert_eq!(task(&world.forecast(1), "a").started, 2);
    let absent = Scenario { users: Users::Absent, ..Scenario::default() };
    let forecast = world.forecast_with(1, &absent);
    assert_eq!(why(&forecast, "a"), [(Why::Presence, 2)]);
    let started: Vec<u64> = task(&forecast, "a").users.iter().map(|users| users.started).collect();
    assert_eq!(started, [2, 2, 0], "accept, defer, absent");
}

#[test]
fn what_is_not_due_and_what_a_user_starts_are_told_apart() {
    let world = World::of(2)
        .program("a", json!({}))
        .task("a", json!({ "run": { "schedule": { "at": "2027-03-01T17:00" } } }))
        .program("b", json!({}))
        .task("b", json!({ "run": "manual" }));
    let forecast = world.forecast(1);
    assert_eq!((why(&forecast, "a"), why(&forecast, "b")), (vec![(Why::NotDue, 2)], vec![(Why::Manual, 2)]));
}

/// A restart that waits for a window of its own blocks what comes after it.
fn blocked(disregards: bool) -> World {
    let later = json!({ "run": { "schedule": { "at": "2026-11-22T13:00" } } });
    World::of(2)
        .program("a", json!({ "afterRunning": { "action": "restart", "deferUpTo": "240h" } }))
        .task("a", json!({ "warnUser": { "deferUpTo": "0m" } }))
        .program("b", json!({}))
        .task("b", later)
        .settings("s", json!({ "collections": ["All"], "disregardPostRunAction": disregards }))
}

#[test]
fn rst_2_a_pending_restart_blocks_the_rest_unless_it_is_disregarded() {
    let defer = Scenario { users: Users::DeferToTheEnd, ..Scenario::default() };
    assert_eq!(why(&blocked(false).forecast_with(1, &defer), "b"), [(Why::PendingRestart, 2)]);
    assert!(why(&blocked(true).forecast_with(1, &defer), "b").is_empty());
}

#[test]
fn prg_6_restarts_are_counted_by_hour_and_by_the_computers_own_hour() {
    let restart = json!({ "afterRunning": { "action": "restart" } });
    let mut world = World::of(4).program("a", restart).task("a", json!({ "run": monday() }));
    world.fleet.computers[3].zone = "Asia/Tokyo".to_owned();
    let forecast = world.forecast(2);
    assert_eq!(forecast.restarts.iter().map(|hour| hour.count).sum::<u64>(), 4);
    assert_eq!(forecast.restarts.len(), 2);
    assert_eq!(forecast.restarts_by_local_hour[17], 4);
}

#[test]
fn lic_2_an_enrolment_of_340_with_12_licences_left() {
    let holders: Vec<u32> = (340..400).collect();
    let mut world = World::of(400)
        .collection("New", 0..340)
        .licences(72, &holders)
        .plugin("p", json!({ "collections": ["New"], "scan": { "daily": "09:00" } }));
    let licences = world.forecast(2).licences.unwrap();
    assert_eq!((licences.held, licences.taken, licences.refused), (60, 12, 328));
    assert_eq!(licences.days.len(), 1);
    assert_eq!((licences.days[0].left, licences.days[0].at), (0, at("2026-11-22T23:00:00Z")), "Monday in Berlin");
    let compiled = world.compiled();
    let classes = world.classes();
    let scenario = Arc::new(Scenario::default());
    let (from, to) = (at(START), at("2026-11-24T11:00:00Z"));
    let question =
        Question { compiled: &compiled, classes: &classes, fleet: &world.fleet, scenario: &scenario, from, to };
    let outcomes = outcomes(&question, &agent);
    assert_eq!(outcomes.licensed, (0..12).collect(), "the lower number comes first");
    assert_eq!(outcomes.refused.len(), 328);
    world.fleet.licences.as_mut().unwrap().expires = Some(at("2026-11-23T00:00:00Z"));
    let licences = world.forecast(2).licences.unwrap();
    assert_eq!((licences.taken, licences.refused, licences.expired), (0, 0, 340), "LIC-3");
}

#[test]
fn pkg_6_the_peak_of_downloads_counts_what_is_under_way_at_once() {
    let world = World::of(10)
        .program("a", json!({}))
        .task("a", json!({}))
        .size("a", Some(1000), &[0, 1])
        .program("b", json!({}))
        .task("b", json!({}));
    let downloads = world.forecast(1).downloads;
    assert_eq!((downloads.count, downloads.unsized_count, downloads.bytes), (18, 10, 8000));
    assert_eq!((downloads.peak, downloads.peak_at, downloads.peak_bytes), (18, Some(at(START)), 8000));
}

#[test]
fn gaps_are_told() {
    let mut world = World::of(1).program("a", json!({})).task("a", json!({}));
    world.fleet.gaps.insert(Part::History, "cut".to_owned());
    assert_eq!(world.forecast(1).gaps[&Part::History], "cut");
    assert_eq!(world.forecast(1).licences, None, "not known is not none");
}

#[test]
fn seq_1_a_replaced_item_is_compared_with_the_one_before_it() {
    let before = World::of(3).program("a", json!({})).task("a", json!({})).history("a", &[0, 1, 2], &[]);
    let mut after = before.clone();
    let place = after.observed.items.iter().position(|one| one.item.key.kind == Kind::Task).unwrap();
    after.observed.items[place].guid = crate::model::guid::Guid::of(99);
    let (before, after) = (before.forecast(1), after.forecast(1));
    assert!(difference(&before, &before).is_empty());
    let difference = difference(&before, &after);
    let task = &difference.tasks[0];
    assert!(task.is_replaced);
    assert_eq!((task.started, task.done_before), (Pair { before: 0, after: 3 }, Pair { before: 3, after: 0 }));
    assert_eq!(difference.downloads, Pair { before: 0, after: 3 });
}

#[test]
fn calibration_finds_exactly_who_did_something_else() {
    let fails = Arc::new(Scenario {
        programs: [("b/Install".to_owned(), Outcome { code: Some(1), ..Outcome::default() })].into(),
        ..Scenario::default()
    });
    let mut world = World::of(6)
        .program("a", json!({}))
        .task("a", json!({}))
        .program("b", json!({}))
        .task("b", json!({}))
        .program("old", json!({}))
        .task("old", json!({}));
    let (from, to) = (at(START), at("2026-11-23T11:00:00Z"));
    // What the server tells afterwards: `pc-5` did not run `a`, and `b` went well on `pc-0`.
    world = world.history("a", &[0, 1, 2, 3, 4], &[]).history("b", &[0], &[1, 2, 3, 4, 5]).history("old", &[0], &[]);
    world.fleet.history.get_mut(&id(Kind::Task, "old")).unwrap().newest = Some(at("2026-11-01T00:00:00Z"));
    let mut then = World { fleet: as_of(&world.fleet, from), ..world.clone() };
    then.fleet.read_at = from;
    let (compiled, classes) = (then.compiled(), then.classes());
    let question = Question { compiled: &compiled, classes: &classes, fleet: &then.fleet, scenario: &fails, from, to };
    let outcomes = outcomes(&question, &agent);
    let everybody = (0..6).collect();
    let then = Then { fleet: &as_of(&world.fleet, from), is_kept: false };
    // Of `a` single runs are known: `pc-0` ran it twice, `pc-1` an hour late, `pc-5` not at all; of `b` they are not.
    let run = |hours: i64| (from + jiff::SignedDuration::from_hours(hours), true);
    let mut ends: Ends = (0..5).map(|computer| (computer, vec![run(1)])).collect();
    ends.insert(0, vec![run(1), run(2)]);
    ends.insert(1, vec![run(2)]);
    let ended =
        [(id(Kind::Task, "a"), Known::Is(ends)), (id(Kind::Task, "b"), Known::Unknown("they are gone".to_owned()))];
    let ended = ended.into();
    let comparison = compare(&compiled, &outcomes, then, &world.fleet, &ended, &everybody, (from, to));
    let runs = comparison.tasks[0].runs.as_ref().unwrap();
    assert_eq!((runs.predicted, runs.observed, runs.agree, runs.disagree), (6, 6, 4, 2));
    assert_eq!(runs.sample, ["pc-0", "pc-5"]);
    assert_eq!(
        (&comparison.tasks[1].runs, comparison.tasks[1].runs_unknown.as_deref()),
        (&None, Some("they are gone"))
    );
    let rows: Vec<_> = comparison
        .tasks
        .iter()
        .map(|task| (task.key.name.as_str(), task.agree, task.disagree, task.sample.join(" ")))
        .collect();
    assert_eq!(rows, [("a", 5, 1, "pc-5".to_owned()), ("b", 5, 1, "pc-0".to_owned())]);
    assert_eq!(comparison.older, 1);
    assert!(!comparison.is_exact());
}

#[test]
fn a_forecast_reads_back() {
    let world = World::of(3).program("a", json!({})).task("a", json!({})).licences(1, &[]);
    let forecast = world.forecast(2);
    let text = serde_json::to_string(&forecast).unwrap();
    assert_eq!(serde_json::from_str::<Forecast>(&text).unwrap(), forecast);
}

/// A drawn computer: its zone, what it ran with which result, what it is in.
type Drawn = (&'static str, Vec<u8>, [bool; 4]);

/// A world with a bit of everything.
fn any_world() -> impl Strategy<Value = World> {
    let zone = prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Nowhere/At-All"]);
    let computer = (zone, prop::collection::vec(0_u8..3, 3), any::<[bool; 4]>());
    let run = prop::sample::select(vec![
        json!("asSoonAsPossible"),
        json!({ "schedule": { "daily": "17:00" } }),
        json!({ "schedule": { "at": "2026-11-24T09:00" } }),
        json!("manual"),
    ]);
    let minutes = prop::sample::select(vec!["10m", "50m", "3h", "unknown"]);
    let task = (run, minutes, any::<[bool; 2]>());
    (prop::collection::vec(computer, 1..7), prop::collection::vec(task, 3), any::<bool>()).prop_map(
        |(computers, tasks, window)| {
            let mut world = World::of(u32::try_from(computers.len()).unwrap());
            let numbers = |of: &dyn Fn(&Drawn) -> bool| -> Vec<u32> {
                (0..).zip(&computers).filter(|(_, one)| of(one)).map(|(n, _)| n).collect()
            };
            for (n, (zone, ..)) in computers.iter().enumerate() {
                world.fleet.computers[n].zone = (*zone).to_owned();
            }
            for (n, (run, minutes, [restarts, warns])) in tasks.iter().enumerate() {
                let (name, collection) = (format!("t{n}"), format!("c{n}"));
                let restart = if *restarts { json!({ "action": "restart" }) } else { json!({}) };
                let warn = if *warns { json!({ "deferUpTo": "5h" }) } else { json!(null) };
                world = world
                    .collection(&collection, numbers(&|one| one.2[n]))
                    .program(&name, json!({ "maxRunTime": minutes, "afterRunning": restart }))
                    .task(&name, json!({ "run": run, "collections": [collection], "warnUser": warn }))
                    .history(&name, &numbers(&|one| one.1[n] == 1), &numbers(&|one| one.1[n] == 2))
                    .size(&name, Some(10), &numbers(&|one| one.1[n] == 2));
            }
            if window {
                let hours = json!({ "collections": ["W"], "schedule": { "daily": "17:00" }, "duration": "1h" });
                world = world.collection("W", numbers(&|one| one.2[3])).window("w", hours);
            }
            world.licences(3, &[0]).plugin("p", json!({ "collections": ["All"] }))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_longer_forecast_starts_with_the_shorter_one(world in any_world(), days in 1_i64..3) {
        let (short, long) = (world.forecast(days), world.forecast(days + 2));
        let end = short.to;
        for (a, b) in short.tasks.iter().zip(&long.tasks) {
            let begin: Vec<_> = b.timeline.iter().filter(|hour| hour.at < end).copied().collect();
            prop_assert_eq!(&a.timeline, &begin, "{}", a.key);
            prop_assert!(a.started <= b.started && a.done_before >= b.done_before);
        }
        let begin: Vec<_> = long.restarts.iter().filter(|hour| hour.at < end).copied().collect();
        prop_assert_eq!(&short.restarts, &begin);
    }

    /// One life a kind, multiplied, is the same as a life a computer; and so is a kind cut into two halves.
    #[test]
    fn splitting_a_kind_into_equal_parts_changes_nothing(world in any_world()) {
        let (compiled, whole) = (world.compiled(), world.classes());
        let mut apart = whole.clone();
        apart.classes = whole
            .classes
            .iter()
            .flat_map(|class| class.members.iter().map(|one| {
                let mut part = class.clone();
                part.members = [one].into_iter().collect();
                part
            }))
            .collect();
        let scenario = Arc::new(Scenario { users: Users::DeferToTheEnd, ..Scenario::default() });
        let (from, to) = (at(START), at("2026-11-25T11:00:00Z"));
        let ask = |classes| Question { compiled: &compiled, classes, fleet: &world.fleet, scenario: &scenario, from, to };
        let one = crate::forecast::run::forecast(&ask(&whole), &agent);
        prop_assert_eq!(&one, &crate::forecast::run::forecast(&ask(&apart), &agent));
        prop_assert_eq!(outcomes(&ask(&whole), &agent), outcomes(&ask(&apart), &agent));
    }

    #[test]
    fn everybody_who_is_reached_starts_or_did_or_is_told_why_not(world in any_world()) {
        let forecast = world.forecast(3);
        for task in &forecast.tasks {
            let never: u64 = task.never.iter().map(|never| never.computers).sum();
            prop_assert_eq!(task.reached, task.started + task.done_before + never, "{}", task.key);
        }
    }

    /// Where no user can make a difference, none is asked: the claim is the engine's to confirm.
    #[test]
    fn what_does_not_depend_on_users_is_the_same_under_all(world in any_world()) {
        for class in world.classes().classes.iter().filter(|class| !crate::forecast::run::depends_on_users(&class.policy)) {
            let live = |users| {
                let scenario = Arc::new(Scenario { users, restart: Duration::minutes(3), ..Scenario::default() });
                let (zone, from, to) = (&class.clock, at(START), at("2026-11-26T11:00:00Z"));
                agent(&crate::forecast::Life { policy: &class.policy, zone, memory: &class.memory, scenario: &scenario, from, to })
            };
            let accepts = live(Users::AcceptAtOnce);
            prop_assert_eq!(&accepts, &live(Users::DeferToTheEnd));
            prop_assert_eq!(&accepts, &live(Users::Absent));
        }
    }
}

#[test]
fn prg_4_estimates_change_neither_a_policy_nor_a_forecast() {
    let world = |program: serde_json::Value| {
        World::of(3)
            .program("a", program)
            .task("a", json!({ "run": monday() }))
            .window("w", json!({ "schedule": { "daily": "17:00" }, "duration": "1h" }))
    };
    let told = |world: &World| format!("{:?}", world.compiled().jobs);
    let without = world(json!({ "maxRunTime": "30m" }));
    let notes = json!({ "maxRunTime": "30m", "estimatedRunTime": "20h", "estimatedDiskSpaceKB": 4_000_000_000_u64 });
    let with = world(notes);
    assert_eq!(told(&with), told(&without));
    assert_eq!(with.forecast(7), without.forecast(7));
    assert_eq!(task(&with.forecast(7), "a").started, 3);
    // What is no note does change both: a run time that fits no window.
    let long = world(json!({ "maxRunTime": "20h" }));
    assert_ne!(told(&long), told(&without));
    assert_ne!(long.forecast(7), without.forecast(7));
}
