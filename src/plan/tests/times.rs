//! What follows when something else starts a job, or nothing any more.

use serde_json::Value;
use serde_json::json;

use super::computers::Lab;
use super::computers::none;
use super::computers::number;
use super::computers::only;
use super::computers::task;
use crate::diff::effects::Effect;
use crate::model::kind::Kind;
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
    lab.fleet.gaps.insert(crate::model::fleet::Part::History, "it was not read".to_owned());
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
