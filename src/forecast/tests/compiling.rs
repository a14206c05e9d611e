use std::sync::Arc;

use serde_json::json;

use crate::forecast::compile::Library;
use crate::forecast::compile::compile;
use crate::forecast::compile::policy_of;
use crate::model::fleet::History;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::reach::Estate;
use crate::reach::Evaluated;
use crate::reach::Placed;
use crate::reach::Reach;

use super::RULES;
use super::World;
use super::id;

#[test]
fn prg_3_an_empty_limit_is_360_minutes_and_unknown_is_unknown() {
    let world = World::of(1)
        .program("zero", json!({ "maxRunTime": "0m" }))
        .task("zero", json!({}))
        .program("own", json!({ "maxRunTime": "20m" }))
        .task("own", json!({}))
        .program("unknown", json!({ "maxRunTime": "unknown" }))
        .task("unknown", json!({}));
    let compiled = world.compiled();
    let limits: Vec<_> =
        compiled.jobs.iter().map(|job| (job.key.name.as_str(), job.what.steps[0].program.max_run_time)).collect();
    let expected =
        vec![("own", Some(Duration::minutes(20))), ("unknown", None), ("zero", Some(Duration::minutes(360)))];
    assert_eq!(limits, expected, "in the order of their keys");
}

#[test]
fn pkg_2_nothing_is_downloaded_without_files_or_when_run_from_the_server() {
    let no_files = crate::model::package::Package::default();
    let world = World::of(1)
        .program("files", json!({}))
        .task("files", json!({}))
        .task("from server", json!({ "package": "files", "download": { "mode": "runFromServer" } }))
        .program("none", json!({}))
        .item(crate::model::kind::ItemKey::new(Kind::Package, "none"), crate::model::item::Spec::Package(no_files))
        .task("none", json!({}));
    let has_files: Vec<_> =
        world.compiled().jobs.iter().map(|job| (job.key.name.clone(), job.what.steps[0].program.has_files)).collect();
    let expected = [("files", true), ("from server", false), ("none", false)];
    assert_eq!(has_files, expected.map(|(name, files)| (name.to_owned(), files)));
}

#[test]
fn rst_4_of_several_settings_the_lowest_countdown_holds_and_one_that_disregards_is_enough() {
    let world = World::of(2)
        .collection("Some", [1])
        .settings("a", json!({ "collections": ["All"], "notifyInAdvance": "10m" }))
        .settings("b", json!({ "collections": ["Some"], "notifyInAdvance": "2m", "disregardPostRunAction": true }))
        .settings("off", json!({ "collections": ["All"], "notifyInAdvance": "0m", "enabled": false }));
    let compiled = world.compiled();
    let settings = |computer| compiled.policy(computer).settings;
    assert_eq!((settings(0).countdown, settings(0).disregard_post_run_action), (Duration::minutes(10), false));
    assert_eq!((settings(1).countdown, settings(1).disregard_post_run_action), (Duration::minutes(2), true));
    assert_eq!(World::of(1).compiled().policy(0).settings.countdown, Duration::seconds(60), "TSK-9");
}

#[test]
fn an_item_that_nobody_knows_the_reach_of_is_told_and_not_taken_for_nobody() {
    let mut world = World::of(1).program("a", json!({})).task("a", json!({ "collections": ["Broken"] }));
    world = world.collection("Broken", []);
    world.fleet.members.clear();
    world.fleet.unknown_members.insert(id(Kind::Collection, "Broken"), "its query ran too long".to_owned());
    let compiled = world.compiled();
    assert!(compiled.jobs.is_empty());
    assert_eq!(compiled.unassessed[0].key.to_string(), "task/a");
    assert_eq!(compiled.unassessed[0].why, "its query ran too long");
}

#[test]
fn a_task_whose_program_is_not_there_is_told() {
    let world = World::of(1).task("a", json!({}));
    assert_eq!(world.compiled().unassessed[0].why, "package `a` is not there");
}

#[test]
fn seq_3_steps_are_numbered_from_one_and_depend_on_earlier_ones() {
    let step = |on: serde_json::Value| json!({ "package": "a", "program": "Install", "dependsOn": on });
    let world = |second| {
        let spec = json!({ "collections": ["All"], "steps": [step(json!([])), step(second)] });
        World::of(1).program("a", json!({})).item(
            crate::model::kind::ItemKey::new(Kind::SequentialTask, "s"),
            crate::model::item::Spec::SequentialTask(serde_json::from_value(spec).unwrap()),
        )
    };
    let good = world(json!([{ "step": 1, "returnCodes": [0, 3010] }])).compiled();
    assert_eq!(good.jobs[0].what.steps[1].depends_on, vec![(0, vec![0, 3010])]);
    for bad in [json!([2]), json!([0]), json!([9])] {
        assert!(world(bad).compiled().unassessed[0].why.contains("SEQ-3"));
    }
}

#[test]
fn delivery_policies_have_their_own_actions_and_times() {
    let resource = json!({ "package": "a", "program": "Install", "onFailure": "restart",
        "onSuccess": { "action": "restart", "deferUpTo": "2h", "countdown": "5m" } });
    let compiled = |more: serde_json::Value| {
        let mut spec = json!({ "collections": ["All"], "resources": [resource] });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let world = World::of(1).program("a", json!({ "afterRunning": { "action": "logOff" } })).item(
            crate::model::kind::ItemKey::new(Kind::DeliveryPolicy, "p"),
            crate::model::item::Spec::DeliveryPolicy(serde_json::from_value(spec).unwrap()),
        );
        crate::agent::policy::Job::clone(&world.compiled().jobs[0].what)
    };
    let plain = compiled(json!({}));
    assert_eq!((plain.ignores_windows, &plain.run, plain.warn), (true, &Run::AsSoonAsPossible, None));
    assert_eq!(plain.steps[0].after.action, crate::model::package::AfterRunningAction::Restart);
    assert_eq!(plain.steps[0].after.countdown, Some(Duration::minutes(5)));
    let windows = compiled(json!({ "remediation": "maintenanceWindow", "promptUser": true, "deferUpTo": "1h" }));
    assert_eq!((windows.ignores_windows, windows.warn), (false, Some(Duration::hours(1))));
    assert_eq!(compiled(json!({ "userMustRun": true })).run, Run::Manual);
    let scheduled = compiled(json!({ "remediation": { "schedule": { "daily": "17:00" } } }));
    assert!(scheduled.remediation.is_some() && !scheduled.ignores_windows);
}

#[test]
fn a_list_of_assigned_items_compiles_to_the_same_policy_in_any_order() {
    let world = World::of(1)
        .program("a", json!({}))
        .task("a", json!({ "priority": "high" }))
        .program("b", json!({}))
        .task("b", json!({}))
        .window("w", json!({ "schedule": { "daily": "17:00" }, "duration": "1h" }))
        .settings("s", json!({ "collections": ["All"] }))
        .licences(1, &[])
        .plugin("p", json!({ "collections": ["All"], "scan": { "daily": "09:00" } }));
    let whole = world.compiled().policy(0);
    let estate = Estate::of(&world.observed);
    let library = Library::of(estate.items());
    let told = [Kind::Task, Kind::MaintenanceWindow, Kind::AgentSettings, Kind::PatchPlugin];
    let mut assigned: Vec<Placed<'_>> = told.into_iter().flat_map(|kind| estate.of_kind(kind)).collect();
    for _ in 0..2 {
        assigned.reverse();
        let one = policy_of(&assigned, &library, false, "Europe/Berlin", RULES).0;
        assert_eq!(one, whole);
    }
    assert!(Arc::ptr_eq(&world.compiled().jobs[0].what, &world.compiled().jobs[0].what) || whole.jobs.len() == 2);
}

#[test]
fn lic_1_only_those_with_the_plugin_or_given_it_are_enrolled() {
    let mut world =
        World::of(3).licences(5, &[]).plugin("p", json!({ "collections": ["All"], "installPlugin": false }));
    world.fleet.licences.as_mut().unwrap().plugin.insert(1);
    let compiled = world.compiled();
    assert_eq!((0..3).map(|one| compiled.policy(one).enrolled.is_some()).collect::<Vec<_>>(), [false, true, false]);
    world.fleet.licences = None;
    assert!(world.compiled().unassessed[0].why.contains("nobody knows who has the plug-in"));
}

#[test]
fn a_policy_with_another_list_rests_on_who_complied_with_the_old_one_and_says_so() {
    let world = |resources: serde_json::Value| {
        let spec = json!({ "collections": ["All"], "resources": resources });
        let key = ItemKey::new(Kind::DeliveryPolicy, "d");
        World::of(3)
            .program("a", json!({}))
            .program("b", json!({}))
            .item(key, Spec::DeliveryPolicy(serde_json::from_value(spec).unwrap()))
    };
    let (a, b) = (json!([{ "package": "a", "program": "Install" }]), json!([{ "package": "b", "program": "Install" }]));
    let (live, planned) = (world(a.clone()), world(b));
    let unsure = |planned: &World, complied: &[u32]| {
        let mut fleet = live.fleet.clone();
        let succeeded = complied.iter().copied().collect();
        fleet.history.insert(id(Kind::DeliveryPolicy, "d"), History { succeeded, ..History::default() });
        let (was, is) = (Estate::of(&live.observed), Estate::of(&planned.observed));
        let evaluated = Evaluated::new();
        compile(&is, &Reach::new(&is, &was, &fleet, &evaluated), &fleet, RULES).unsure
    };
    let told = unsure(&planned, &[0, 2]);
    assert!(told.len() == 1 && told[0].why.contains("2 computers that comply with the old list"), "{told:?}");
    assert!(unsure(&planned, &[]).is_empty(), "nobody complied");
    assert!(unsure(&world(a), &[0, 2]).is_empty(), "it is the same list");
}
