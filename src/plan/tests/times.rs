//! What follows when something else starts a job, or nothing any more.

use serde_json::Value;
use serde_json::json;

use super::computers::Lab;
use super::computers::item;
use super::computers::listed;
use super::computers::none;
use super::computers::number;
use super::computers::only;
use super::computers::program;
use super::computers::sequence;
use super::computers::task;
use crate::diff::effects::Effect;
use crate::model::fleet::Part;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::project::Limit;
use crate::model::project::ShareLimit;
use crate::model::units::Percent;
use crate::plan::Plan;

/// Thirty computers, of which twenty ran a task and two failed; what it says changes.
fn changed(before: Value, after: Value) -> Plan {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    let guid = lab.live(task("t", &["All"], before));
    lab.ran(guid, 0..18, 18..20, 0..0);
    lab.wants(task("t", &["All"], after));
    lab.plan()
}

#[test]
fn tsk_4_a_schedule_runs_a_task_again_on_who_ran_it() {
    let plan = changed(json!({}), json!({"run": {"schedule": {"daily": "20:00"}}}));
    let told = only(&plan, "TSK-4", "re_run");
    assert_eq!((told.magnitude.value, told.magnitude.of, plan.endpoints.re_run), (Some(20), Some(30), Some(20)));
    assert_eq!((told.parts["succeeded"], told.parts["failed"], told.parts["never_ran"]), (18, 2, 0));
    // By hand nothing would have started it anywhere.
    let plan = changed(json!({"run": "manual"}), json!({"run": {"schedule": {"daily": "20:00"}}}));
    number(&plan, "TSK-5", "re_run", 20);
    number(&plan, "TSK-5", "begin_to_run", 10);
    let plan = changed(json!({"run": "manual"}), json!({}));
    number(&plan, "TSK-4", "begin_to_run", 10);
    assert_eq!(plan.endpoints.re_run, Some(0));
}

#[test]
fn tsk_5_what_nothing_starts_any_more_is_told() {
    let daily = json!({"run": {"schedule": {"daily": "20:00"}}});
    let by_hand = json!({"run": "manual"});
    number(&changed(daily.clone(), by_hand.clone()), "TSK-5", "run_no_longer", 30);
    number(&changed(json!({}), by_hand), "TSK-4", "run_no_longer", 10);
    number(&changed(daily.clone(), json!({})), "TSK-4", "run_no_longer", 20);
    number(&changed(daily, json!({"run": {"schedule": {"daily": "21:00"}}})), "TSK-5", "other_times", 30);
}

#[test]
fn tsk_11_availability_that_is_widened_lets_it_run() {
    let until = |to: &str| json!({"run": {"schedule": {"daily": "20:00"}}, "availability": {"to": to}});
    number(&changed(until("2026-11-30T20:00"), until("2026-12-30T20:00")), "TSK-5", "re_run", 20);
    number(&changed(until("2026-12-30T20:00"), until("2026-11-30T20:00")), "TSK-5", "run_no_longer", 30);
    none(&changed(until("2026-12-29T20:00"), until("2026-12-30T20:00")), "TSK-5");
}

#[test]
fn tsk_4_without_a_history_nobody_knows_who_runs_again() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.live(task("t", &["All"], json!({"run": "manual"})));
    lab.wants(task("t", &["All"], json!({"run": {"schedule": {"daily": "20:00"}}})));
    lab.fleet.gaps.insert(Part::History, "it was not read".to_owned());
    let plan = lab.plan();
    let told = only(&plan, "TSK-5", "re_run");
    assert_eq!((told.magnitude.value, told.magnitude.high, plan.endpoints.re_run), (None, Some(30), None));
}

#[test]
fn tsk_4_every_field_of_a_task_that_runs_again_brings_a_number() {
    let fields = crate::diff::effects::fields(Kind::Task);
    let again =
        |entry: &crate::diff::effects::Entry| entry.effects.cases.iter().any(|case| case.effect == Effect::ReExecute);
    let found: Vec<String> = fields.into_iter().filter(|(_, entry)| again(entry)).map(|(path, _)| path).collect();
    assert!(!found.is_empty());
    for path in found {
        let after = match path.as_str() {
            "spec.run" => json!({"run": {"schedule": {"daily": "20:00"}}}),
            other => panic!("{other} runs things again: change it here, too"),
        };
        let plan = changed(json!({}), after);
        assert!(plan.endpoints.re_run > Some(0), "{path}: {:#?}", plan.consequences);
    }
}

fn window(name: &str, applies_to: &str, duration: &str) -> Item {
    let spec = json!({"collections": ["All"], "schedule": {"daily": "22:00"}, "duration": duration,
        "appliesTo": applies_to});
    item(Kind::MaintenanceWindow, name, spec)
}

/// Thirty computers with a task and a sequence that twenty ran, and these windows.
fn windowed(windows: &[(&str, &str)]) -> Lab {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    for job in [task("t", &["All"], json!({})), sequence("s", &["All"], &["Install"])] {
        let guid = lab.both(job);
        lab.ran(guid, 0..20, 0..0, 0..0);
    }
    for (name, kind) in windows {
        lab.both(window(name, kind, "2h"));
    }
    lab
}

#[test]
fn mw_8_a_window_for_updates_holds_nothing_back() {
    let mut lab = windowed(&[("general", "all"), ("patches", "updates")]);
    lab.case.site.items.remove(&ItemKey::new(Kind::MaintenanceWindow, "general"));
    let plan = lab.plan();
    let told = only(&plan, "MW-8", "held_back_no_more");
    assert_eq!((&*told.subject, told.magnitude.value), ("window/general", Some(30)));
    assert_eq!((told.parts["computers_with_waiting_work"], told.parts["waiting_runs"]), (10, 20));
    // The other one going lets nothing loose.
    let mut lab = windowed(&[("general", "all"), ("patches", "updates")]);
    lab.case.site.items.remove(&ItemKey::new(Kind::MaintenanceWindow, "patches"));
    none(&lab.plan(), "MW-8");
}

#[test]
fn mw_8_a_window_that_is_for_something_else_from_now_on_lets_go() {
    let mut lab = windowed(&[("general", "all")]);
    lab.wants(window("general", "updates", "2h"));
    let plan = lab.plan();
    let told = only(&plan, "MW-8", "held_back_no_more");
    assert_eq!((told.magnitude.value, told.parts["waiting_runs"]), (Some(30), 20));
    assert_eq!(
        lab.case.with(&told.fixes[0]).items[&ItemKey::new(Kind::MaintenanceWindow, "general")],
        window("general", "all", "2h")
    );
    // Sequences are still held back, tasks and restarts not.
    let mut lab = windowed(&[("general", "all")]);
    lab.wants(window("general", "taskSequences", "2h"));
    assert_eq!(only(&lab.plan(), "MW-8", "held_back_no_more").parts["waiting_runs"], 10);
    // And only sequences were.
    let mut lab = windowed(&[("general", "taskSequences")]);
    lab.wants(window("general", "updates", "2h"));
    let plan = lab.plan();
    let told = only(&plan, "MW-8", "held_back_no_more");
    assert!(told.parts["waiting_runs"] == 10 && told.mechanism.contains("task sequences"), "{told:#?}");
}

#[test]
fn mw_8_two_windows_that_go_together_count_a_computer_once() {
    let mut lab = windowed(&[("one", "all"), ("two", "all")]);
    lab.case.site.items.retain(|key, _| key.kind != Kind::MaintenanceWindow);
    let plan = lab.plan();
    let told: Vec<_> = plan.consequences.iter().filter(|one| one.code == "MW-8").collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(
        (told[0].magnitude.value, &told[0].because[..]),
        (Some(30), &["window/one".into(), "window/two".into()][..])
    );
}

#[test]
fn mw_8_scheduled_work_that_is_not_due_does_not_wait() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.both(task("t", &["All"], json!({"run": {"schedule": {"daily": "20:00"}}})));
    lab.live(window("general", "all", "2h"));
    let plan = lab.plan();
    let told = only(&plan, "MW-8", "held_back_no_more");
    assert_eq!((told.parts["waiting_runs"], told.parts["with_scheduled_work"]), (0, 30));
    assert!(told.mechanism.contains("at its next time"), "{}", told.mechanism);
}

#[test]
fn mw_4_what_nobody_knows_is_not_none() {
    let unknown = |duration: &str| {
        let mut lab = windowed(&[]);
        let guid = lab.both(item(Kind::Collection, "Q", json!({"query": {"sql": "select"}})));
        lab.fleet.unknown_members.insert(guid, "its query failed".to_owned());
        lab.both(task("q", &["Q"], json!({})));
        lab.live(window("general", "all", "2h"));
        lab.wants(window("general", "all", duration));
        lab.plan()
    };
    let plan = unknown("10m");
    let told = plan.consequences.iter().find(|one| one.code == "MW-4" && one.subject == "task/q").expect("it is told");
    assert_eq!((told.magnitude.value, plan.endpoints.never_fit), (None, None));
    // What fits every window fits whomever it reaches.
    assert_eq!(unknown("3h").endpoints.never_fit, Some(0));
}

#[test]
fn mw_4_work_that_begins_to_be_possible_is_told() {
    let mut lab = windowed(&[("general", "all")]);
    lab.live(program("p", "Long", json!({"maxRunTime": "3h"})));
    lab.wants(program("p", "Long", json!({"maxRunTime": "1h"})));
    let guid = lab.both(task("long", &["All"], json!({"program": "Long"})));
    lab.ran(guid, 0..5, 0..0, 0..0);
    let plan = lab.plan();
    let told = only(&plan, "MW-4", "fits_now");
    assert_eq!((&*told.subject, told.magnitude.value, told.parts["then_run_it"]), ("task/long", Some(30), 25));
    assert_eq!((&told.because[..], plan.endpoints.never_fit), (&["program/p/Long".to_owned()][..], Some(0)));
}

/// A collection that grows from so many to a hundred, or a task that is new.
fn grown(from: u32, is_new: bool) -> Plan {
    let mut lab = Lab::new(100);
    lab.collection("All", 0..100);
    lab.collection("Few", 0..from);
    if !is_new {
        lab.live(task("t", &["Few"], json!({})));
    }
    lab.wants(task("t", &["All"], json!({})));
    lab.case.policy.limits.insert("COL-2".to_owned(), Limit::Share(ShareLimit { share: Percent(30), floor: 10 }));
    lab.plan()
}

#[test]
fn col_2_a_growth_from_few_or_none_to_many_is_over_a_share() {
    for from in [0, 9, 50] {
        let plan = grown(from, false);
        assert!(plan.is_blocked() && only(&plan, "COL-2", "newly_targeted").over.is_some(), "{from}");
    }
    assert!(!grown(80, false).is_blocked(), "20 of 80 are within");
    assert!(!grown(0, true).is_blocked(), "what is created is no growth of anything");
}

#[test]
fn col_2_retired_computers_neither_enter_nor_count() {
    let mut lab = Lab::new(40);
    lab.fleet.computers[..10].iter_mut().for_each(|one| one.retired = true);
    let guid = lab.live(listed("C", 0..20));
    lab.holds(guid, 0..20);
    lab.wants(listed("C", 5..30));
    let plan = lab.plan();
    let told = only(&plan, "COL-2", "enter");
    assert_eq!((told.magnitude.value, told.magnitude.of), (Some(10), Some(10)));
    assert!(plan.consequences.iter().all(|one| one.kind != "leave"), "the five that leave are retired");
}

/// Thirty computers with a daily task, which twenty ran; it warns or not, and its program restarts.
fn restarting(before: (&Value, bool), after: (&Value, bool)) -> Plan {
    let of = |after_running: &Value| program("p", "Install", json!({"afterRunning": after_running}));
    let job = |warns: bool| {
        let mut spec = json!({"run": {"schedule": {"daily": "20:00"}}});
        if warns {
            spec["warnUser"] = json!({"deferUpTo": "1h"});
        }
        task("t", &["All"], spec)
    };
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    let program = ItemKey::program("p", "Install");
    lab.case.live.iter_mut().filter(|live| live.item.key == program).for_each(|live| live.item = of(before.0));
    lab.wants(of(after.0));
    let guid = lab.live(job(before.1));
    lab.ran(guid, 0..18, 18..20, 0..0);
    lab.wants(job(after.1));
    lab.plan()
}

#[test]
fn prg_6_rst_2_what_runs_at_times_restarts_who_ran_it_before_too() {
    let restart = |defer: &str| json!({"action": "restart", "deferUpTo": defer});
    let nothing = json!({"action": "none"});
    let plan = restarting((&nothing, true), (&restart("2h"), true));
    number(&plan, "PRG-6", "restart", 30);
    number(&plan, "RST-2", "all_else_waits", 30);
    number(&restarting((&restart("2h"), true), (&restart("5m"), true)), "PRG-6", "restart", 30);
    let plan = restarting((&restart("2h"), true), (&restart("2h"), false));
    let told = only(&plan, "PRG-6", "restart");
    assert!(told.magnitude.value == Some(30) && told.mechanism.contains("cannot put it off"), "{told:#?}");
    none(&restarting((&restart("2h"), true), (&restart("2h"), true)), "PRG-6");
}

#[test]
fn tsk_10_who_succeeded_is_done_with_what_removes_itself() {
    let daily = |removes: bool| json!({"run": {"schedule": {"daily": "20:00"}}, "removeAfterSuccess": removes});
    let plan = changed(json!({}), daily(true));
    number(&plan, "TSK-4", "re_run", 2);
    let told = only(&plan, "TSK-4", "re_run");
    assert_eq!((told.parts["succeeded"], told.parts["failed"]), (0, 2));
    number(&changed(daily(false), daily(true)), "TSK-5", "run_no_longer", 18);
    number(&changed(daily(true), daily(false)), "TSK-5", "re_run", 18);
    let later = json!({"run": {"schedule": {"daily": "21:00"}}, "removeAfterSuccess": true});
    number(&changed(daily(true), later), "TSK-5", "other_times", 12);
    // Who comes to have it after a success does not run it.
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.collection("Few", 0..5);
    let guid = lab.live(task("t", &["Few"], daily(true)));
    lab.ran(guid, 0..18, 0..0, 0..0);
    lab.wants(task("t", &["All"], daily(true)));
    assert_eq!(only(&lab.plan(), "COL-2", "newly_targeted").parts["run"], 12);
}

/// What a window of another length, or at other times, does to the task.
fn fitted(lab: &mut Lab, code: &str, kind: &str, after: Item) -> crate::plan::Consequence {
    lab.wants(after);
    let found = lab.plan().consequences.into_iter().find(|one| (&*one.code, &*one.kind) == (code, kind));
    found.unwrap_or_else(|| panic!("no {code} {kind}"))
}

#[test]
fn mw_4_who_ran_it_for_good_misses_no_window() {
    let lab = || windowed(&[("general", "all")]);
    for (code, kind, length) in [("MW-4", "never_fit", "10m"), ("MW-1", "less_room", "1h")] {
        let told = fitted(&mut lab(), code, kind, window("general", "all", length));
        assert_eq!((told.magnitude.value, told.magnitude.of), (Some(10), Some(30)), "{code}");
    }
    let mut lab = windowed(&[("general", "all")]);
    let long = json!({"collections": ["All"], "schedule": {"daily": "08:00"}, "duration": "4h"});
    lab.both(item(Kind::MaintenanceWindow, "long", long));
    let told = fitted(&mut lab, "MW-3", "waits_for_a_longer_window", window("general", "all", "10m"));
    assert_eq!(told.magnitude.value, Some(10));
    // Of whom nobody knows what ran, there is a most.
    let mut lab = windowed(&[("general", "all")]);
    lab.fleet.gaps.insert(Part::History, "it was not read".to_owned());
    let told = fitted(&mut lab, "MW-4", "never_fit", window("general", "all", "10m"));
    assert_eq!((told.magnitude.value, told.magnitude.high), (None, Some(30)));
}

#[test]
fn mw_4_an_edit_that_helps_nobody_is_none() {
    // Each of two programs is as long as the other: one of them shortened leaves the sequence as long.
    let lab = |second: &str| {
        let mut lab = Lab::new(30);
        lab.collection("All", 0..30);
        lab.both(program("p", "Second", json!({"maxRunTime": second})));
        lab.both(sequence("s", &["All"], &["Install", "Second"]));
        lab.live(window("general", "all", "2h"));
        lab
    };
    let edits = |told: &crate::plan::Consequence| told.fixes.iter().map(|fix| fix.message.clone()).collect::<Vec<_>>();
    let told = edits(&fitted(&mut lab("30m"), "MW-4", "never_fit", window("general", "all", "25m")));
    assert!(told.len() == 1 && told[0].starts_with("leave "), "{told:?}");
    let told = edits(&fitted(&mut lab("5m"), "MW-4", "never_fit", window("general", "all", "25m")));
    assert!(told.len() == 2 && told[0].starts_with("let it run for 25 minutes"), "{told:?}");
    // A window that never opens again helps at no length.
    let past = json!({"collections": ["All"], "schedule": {"at": "2026-11-20T22:00"}, "duration": "2h"});
    let past = item(Kind::MaintenanceWindow, "general", past);
    assert!(edits(&fitted(&mut lab("5m"), "MW-4", "never_fit", past)).is_empty());
}

#[test]
fn tsk_4_a_schedule_that_would_not_run_everywhere_is_no_safer_edit() {
    let fixes = |more: Value| {
        let mut lab = Lab::new(30);
        lab.collection("All", 0..30);
        let guid = lab.both(task("t", &["All"], more));
        lab.ran(guid, 0..20, 0..0, 0..0);
        lab.wants(program("p", "Install", json!({"commandLine": "setup.exe /NEW"})));
        let plan = lab.plan();
        only(&plan, "TSK-4", "not_reached").fixes.iter().map(|fix| fix.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(fixes(json!({})).len(), 2);
    for more in [json!({"availability": {"to": "2026-12-03T12:00"}}), json!({"removeAfterSuccess": true})] {
        let fixes = fixes(more);
        assert!(fixes.len() == 1 && fixes[0].contains("a limit of COL-2 looks at them all"), "{fixes:?}");
    }
}

#[test]
fn pln_12_a_start_that_passed_is_made_up_for_by_who_never_ran_it() {
    let at = json!({"run": {"schedule": {"at": "2026-12-01T09:30"}}});
    let plan = changed(json!({}), at);
    let told = only(&plan, "PLN-12", "start_passed");
    assert_eq!((told.magnitude.value, told.parts["made_up_for"]), (Some(30), 10));
    assert!(told.mechanism.contains("who ran it does not"), "{}", told.mechanism);
}

#[test]
fn tsk_9_a_shorter_countdown_is_told_of_those_who_are_warned() {
    let changed = |before: &str, after: &str| {
        let settings = |countdown: &str| {
            item(Kind::AgentSettings, "a", json!({"collections": ["All"], "notifyInAdvance": countdown}))
        };
        let mut lab = Lab::new(30);
        lab.collection("All", 0..30);
        let guid = lab.both(task("t", &["All"], json!({"warnUser": {"deferUpTo": "4h"}})));
        lab.ran(guid, 0..20, 0..0, 0..0);
        lab.live(settings(before));
        lab.wants(settings(after));
        lab.plan()
    };
    number(&changed("5m", "2m"), "TSK-9", "shorter_countdown", 10);
    none(&changed("2m", "5m"), "TSK-9");
}
