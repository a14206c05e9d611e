//! Delivery policies that start otherwise, and what runs something else, at other times, or with files nobody tells of.

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
use crate::model::fleet::PackageKnowledge;
use crate::model::fleet::Part;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::plan::Plan;

fn policy(more: &Value) -> Item {
    let mut spec = json!({"collections": ["All"], "resources": [{"package": "p", "program": "Install"}]});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    item(Kind::DeliveryPolicy, "d", spec)
}

/// Thirty computers, of which eighteen comply with a policy and two failed; what it says changes.
fn lab(before: &Value, after: &Value) -> Lab {
    let mut lab = Lab::new(30);
    lab.both(program("p", "Other", json!({})));
    lab.collection("All", 0..30);
    let guid = lab.live(policy(before));
    lab.ran(guid, 0..18, 18..20, 0..0);
    lab.wants(policy(after));
    lab
}

/// What starts, and what no longer does: kind and number.
fn starts(plan: &Plan) -> Vec<(&str, Option<u64>)> {
    let kinds = ["begin_to_run", "re_run", "run_no_longer"];
    let mut out: Vec<_> = (plan.consequences.iter())
        .filter(|one| kinds.contains(&&*one.kind))
        .map(|one| (&*one.kind, one.magnitude.value))
        .collect();
    out.sort_unstable();
    out
}

#[test]
fn tsk_5_a_policy_starts_by_its_checks_by_its_users_or_not_at_all() {
    let once = json!({});
    let daily = json!({"compliance": {"daily": "20:00"}});
    let by_hand = json!({"userMustRun": true});
    let by_hand_daily = json!({"userMustRun": true, "compliance": {"daily": "20:00"}});
    let passed = json!({"compliance": {"at": "2026-11-01T10:00"}});
    let never_mended =
        json!({"compliance": {"daily": "20:00"}, "remediation": {"schedule": {"at": "2026-11-01T10:00"}}});
    let mended_at_night = json!({"compliance": {"daily": "20:00"}, "remediation": {"schedule": {"daily": "02:00"}}});
    let other = json!({"resources": [{"package": "p", "program": "Other"}]});
    let other_daily = json!({"resources": [{"package": "p", "program": "Other"}], "compliance": {"daily": "20:00"}});
    let (begin, again, ends) = (|n| ("begin_to_run", Some(n)), |n| ("re_run", Some(n)), |n| ("run_no_longer", Some(n)));
    for (before, after, expected) in [
        // Once means once, with whatever result; a check goes on until it succeeds.
        (&once, &daily, vec![again(2)]),
        (&daily, &once, vec![ends(2)]),
        (&by_hand, &once, vec![begin(10)]),
        (&by_hand, &daily, vec![begin(10), again(2)]),
        (&daily, &by_hand_daily, vec![ends(12)]),
        (&daily, &passed, vec![ends(12)]),
        (&passed, &daily, vec![begin(10), again(2)]),
        (&daily, &never_mended, vec![ends(12)]),
        (&never_mended, &mended_at_night, vec![begin(10), again(2)]),
        (&daily, &mended_at_night, vec![]),
        // Another list: who complied with the old one need not comply with the new.
        (&daily, &other_daily, vec![again(18)]),
        (&once, &other, vec![again(20)]),
        (&once, &json!({"userMustRun": true, "resources": other["resources"]}), vec![ends(10)]),
    ] {
        assert_eq!(starts(&lab(before, after).plan()), expected, "{before} -> {after}");
    }
    let plan = lab(&daily, &other_daily).plan();
    let told = only(&plan, "TSK-5", "re_run");
    assert_eq!((told.magnitude.low, told.magnitude.high), (Some(0), Some(18)), "who has it all the same does nothing");
    assert!(told.mechanism.contains("installs what it lacks"), "{}", told.mechanism);
}

#[test]
fn tsk_5_a_policy_whose_past_is_not_known_starts_on_an_unknown_number() {
    let daily = json!({"compliance": {"daily": "20:00"}});
    let mut unknown = lab(&json!({}), &daily);
    unknown.fleet.gaps.insert(Part::History, "gone".to_owned());
    assert_eq!(starts(&unknown.plan()), [("begin_to_run", None), ("re_run", None)]);
    // By its users only before: everyone begins whom it reaches, and who that is is not known.
    let mut unknown = lab(&json!({"userMustRun": true}), &daily);
    let all = unknown.case.live.iter().find(|live| live.item.key.name == "All").unwrap().guid;
    unknown.fleet.unknown_members.insert(all, "its query failed".to_owned());
    assert_eq!(starts(&unknown.plan()), [("begin_to_run", None), ("re_run", None)]);
    // Whoever it is, to nobody anything happens where nothing starts otherwise.
    let mut unknown = lab(&daily, &json!({"compliance": {"daily": "21:00"}}));
    unknown.fleet.unknown_members.insert(all, "its query failed".to_owned());
    assert_eq!(starts(&unknown.plan()), []);
}

#[test]
fn tsk_5_what_runs_at_times_runs_what_changed_at_the_next_one() {
    let at_times = json!({"run": {"schedule": {"daily": "20:00"}}});
    let with = |job: Item| {
        let mut lab = Lab::new(30);
        lab.collection("All", 0..30);
        let guid = lab.both(job);
        lab.ran(guid, 0..18, 18..20, 0..0);
        lab.wants(program("p", "Install", json!({"commandLine": "other.exe /S"})));
        lab.plan()
    };
    let mut scheduled = sequence("s", &["All"], &["Install"]);
    if let crate::model::item::Spec::SequentialTask(spec) = &mut scheduled.spec {
        spec.run = serde_json::from_value(at_times["run"].clone()).unwrap();
    }
    let daily = policy(&json!({"compliance": {"daily": "20:00"}}));
    for (job, n, before) in
        [(task("t", &["All"], at_times), 30, 20), (scheduled, 30, 20), (daily, 12, 2), (policy(&json!({})), 10, 0)]
    {
        let plan = with(job);
        let told = only(&plan, "TSK-5", "run_what_changed");
        assert_eq!((told.magnitude.value, told.parts["ran_it_before"]), (Some(n), before), "{}", told.subject);
        assert_eq!(told.because, ["program/p/Install"]);
    }
    // Once, by hand, or at a time that has passed: no next time.
    let passed = json!({"run": {"schedule": {"at": "2026-11-01T10:00"}}, "runMissedSchedule": false});
    for run in [json!({}), json!({"run": "manual"}), passed] {
        none(&with(task("t", &["All"], run)), "TSK-5");
    }
}

/// Thirty computers, ten of them where the clock shows UTC, with a window and a job for it.
fn windowed(before: &Value, after: &Value) -> Plan {
    let mut lab = Lab::new(30);
    for computer in &mut lab.fleet.computers[20..] {
        computer.zone = "Etc/UTC".to_owned();
    }
    lab.collection("All", 0..30);
    let guid = lab.both(task("t", &["All"], json!({})));
    lab.ran(guid, 0..5, 0..0, 0..0);
    let window = |more: &Value| {
        let mut spec = json!({"collections": ["All"], "schedule": {"daily": "22:00"}, "duration": "2h"});
        for (key, value) in more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        item(Kind::MaintenanceWindow, "w", spec)
    };
    lab.live(window(before));
    lab.wants(window(after));
    lab.plan()
}

#[test]
fn mw_9_a_window_that_is_read_on_another_clock_opens_at_other_times() {
    let utc = json!({"clock": "utc"});
    for (before, after, words) in
        [(&json!({}), &utc, "read in UTC"), (&utc, &json!({}), "on each computer's own clock")]
    {
        let plan = windowed(before, after);
        let told = only(&plan, "MW-9", "opens_at_other_times");
        assert_eq!((told.magnitude.value, told.magnitude.of), (Some(20), Some(30)), "in UTC nothing moves");
        assert_eq!((told.parts["with_work_for_it"], &*told.subject), (15, "window/w"));
        assert!(told.mechanism.contains(words), "{}", told.mechanism);
    }
}

#[test]
fn mw_1_a_window_of_another_schedule_opens_at_other_times() {
    let plan = windowed(&json!({}), &json!({"schedule": {"daily": "23:00"}}));
    number(&plan, "MW-1", "opens_at_other_times", 30);
    // Every day, said otherwise.
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly = json!({"schedule": {"weekly": {"days": days, "time": "22:00"}}});
    none(&windowed(&json!({}), &weekly), "MW-1");
    none(&windowed(&json!({}), &json!({"description": "nightly"})), "MW-1");
    // What is off opens for nobody.
    none(&windowed(&json!({"enabled": false}), &json!({"enabled": false, "clock": "utc"})), "MW-9");
}

#[test]
fn tsk_11_an_availability_on_another_clock_is_another_one_in_other_zones() {
    let with = |clock: &str, to: &str| {
        json!({"run": {"schedule": {"daily": "12:00"}},
            "availability": {"from": "2026-12-05T00:00", "to": to, "clock": clock}})
    };
    let changed = |before: Value, after: Value| {
        let mut lab = Lab::new(30);
        for computer in &mut lab.fleet.computers[20..] {
            computer.zone = "Asia/Tokyo".to_owned();
        }
        lab.collection("All", 0..30);
        lab.live(task("t", &["All"], before));
        lab.wants(task("t", &["All"], after));
        lab.plan()
    };
    let plan = changed(with("computer", "2026-12-20T00:00"), with("server", "2026-12-20T00:00"));
    number(&plan, "TSK-11", "available_otherwise", 10);
    let plan = changed(with("computer", "2026-12-20T00:00"), with("computer", "2026-12-21T00:00"));
    number(&plan, "TSK-11", "available_otherwise", 30);
    // A beginning that passed long ago and one that passed yesterday are the same from now on.
    let from = |from: &str| json!({"run": {"schedule": {"daily": "12:00"}}, "availability": {"from": from}});
    none(&changed(from("2026-11-01T00:00"), from("2026-11-20T00:00")), "TSK-11");
}

#[test]
fn pkg_5_what_agents_do_not_report_is_not_known_and_has_a_most() {
    let quiet = |on: bool| {
        let spec = json!({"source": {"unc": r"\\files\p"}, "verboseStatusEvents": on});
        item(Kind::Package, "p", spec)
    };
    let lab = |on: bool| {
        let mut lab = Lab::new(30);
        lab.collection("All", 0..30);
        lab.case.live.iter_mut().filter(|one| one.item.key.kind == Kind::Package).for_each(|one| one.item = quiet(on));
        lab.wants(quiet(true)); // That it is to be reported from now on says nothing of what is there.
        let guid = lab.case.live.iter().find(|one| one.item.key.kind == Kind::Package).unwrap().guid;
        lab.fleet.packages.insert(guid, PackageKnowledge { cached: (0..4).collect(), bytes: Some(1000) });
        lab
    };
    for (on, download, ages_out) in
        [(true, (Some(26), None), (Some(4), None)), (false, (None, Some(30)), (None, Some(30)))]
    {
        let mut new = lab(on);
        new.wants(task("t", &["All"], json!({})));
        let plan = new.plan();
        let told = only(&plan, "PKG-6", "download");
        assert_eq!((told.magnitude.value, told.magnitude.high), download, "{}", told.mechanism);
        assert_eq!((told.mechanism.contains("PKG-5"), told.parts.contains_key("bytes")), (!on, on));
        let mut old = lab(on);
        old.live(task("t", &["All"], json!({})));
        let plan = old.plan();
        let told = only(&plan, "PKG-3", "ages_out");
        assert_eq!((told.magnitude.value, told.magnitude.high), ages_out, "{}", told.mechanism);
        let mut gone = lab(on);
        for key in [ItemKey::new(Kind::Package, "p"), ItemKey::program("p", "Install")] {
            gone.case.site.items.remove(&key);
        }
        gone.case.policy.limits.insert("PLN-2".to_owned(), crate::model::project::Limit::Count(9));
        assert_eq!(only(&gone.plan(), "PKG-8", "left_behind").magnitude.value, ages_out.0);
    }
}

#[test]
fn pkg_3_of_whom_nobody_knows_nothing_ends_where_nothing_moves() {
    // Two jobs for a package; the new one takes nobody away from the other, whoever that reaches.
    let mut lab = Lab::new(30);
    let all = lab.both(listed("All", 0..30));
    lab.fleet.unknown_members.insert(all, "its query failed".to_owned());
    lab.both(task("old", &["All"], json!({})));
    lab.wants(task("new", &["All"], json!({})));
    none(&lab.plan(), "PKG-3");
}
