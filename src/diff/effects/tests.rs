use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::Effect;
use super::Entry;
use super::case;
use super::fields;
use super::of;
use crate::diff::is_same_step_list;
use crate::manifest::all_fields;
use crate::model::kind::Kind;
use crate::model::sequence::SequentialTask;

#[track_caller]
fn entry(kind: Kind, path: &str) -> &'static Entry {
    of(kind, path).unwrap_or_else(|| panic!("{kind} {path} has no effect"))
}

/// The effect that leads, and a rule it must name (`""`: none).
#[track_caller]
fn check(kind: Kind, path: &str, effect: Effect, rule: &str) {
    let lead = &entry(kind, path).effects.cases[0];
    assert_eq!(lead.effect, effect, "{kind} {path}");
    assert!(rule.is_empty() || lead.rules.contains(&rule), "{kind} {path}: {:?}", lead.rules);
}

#[track_caller]
fn check_values(kind: Kind, path: &str, before: Value, after: Value, effect: Effect, rule: &str) {
    let case = entry(kind, path).case(&before, &after);
    assert_eq!(case.effect, effect, "{kind} {path}: {before} -> {after}");
    assert!(rule.is_empty() || case.rules.contains(&rule), "{kind} {path}: {:?}", case.rules);
}

#[test]
fn every_property_of_every_schema_has_an_effect() {
    let mut n = 0;
    for kind in Kind::ALL {
        for field in all_fields(kind) {
            let _ = entry(kind, &field.path);
            n += 1;
        }
    }
    assert!(n > 300, "the walk met {n} properties only");
}

#[test]
fn every_effect_is_that_of_a_property() {
    for kind in Kind::ALL {
        let known: BTreeSet<String> = all_fields(kind).into_iter().map(|field| field.path).collect();
        for (path, _) in fields(kind) {
            let has_metadata = kind != Kind::Program || !path.starts_with("metadata.");
            assert!(!has_metadata || known.contains(&path), "{kind} has no {path}");
        }
    }
}

#[test]
fn a_path_that_no_manifest_has_has_no_effect() {
    for path in ["", "spec", "spec.colour", "colour", "metadata.colour", "spec.commandLineX"] {
        assert!(of(Kind::Program, path).is_none(), "{path}");
    }
}

#[test]
fn each_case_is_short_sourced_and_told_apart_by_its_effect() {
    for kind in Kind::ALL {
        for (path, entry) in fields(kind) {
            let cases = entry.effects.cases;
            let effects: BTreeSet<Effect> = cases.iter().map(|case| case.effect).collect();
            assert_eq!(effects.len(), cases.len(), "{kind} {path}");
            for one in cases {
                assert!(one.remark().chars().count() <= 88, "{kind} {path}: {}", one.remark());
                assert!(!one.note.is_empty() && !one.note.ends_with('.') && !one.source.is_empty(), "{kind} {path}");
                assert_eq!(case(kind, &path, one.effect), Some(one), "{kind} {path}");
                for rule in one.rules {
                    let (family, number) = rule.split_once('-').unwrap();
                    assert!(family.chars().all(|letter| letter.is_ascii_uppercase()), "{rule}");
                    assert!(number.parse::<u8>().is_ok(), "{rule}");
                }
            }
        }
    }
}

#[test]
fn an_effect_is_written_as_it_is_called() {
    for effect in Effect::ALL {
        assert_eq!(serde_json::to_value(effect).unwrap(), effect.name());
        assert!(!effect.meaning().is_empty());
    }
    assert_eq!(Effect::ALL.iter().collect::<BTreeSet<_>>().len(), Effect::ALL.len());
}

#[test]
fn seq_1_another_step_list_is_another_identity() {
    check(Kind::SequentialTask, "spec.steps", Effect::Identity, "SEQ-1");
    check(Kind::SequentialTask, "spec.steps.program", Effect::Identity, "SEQ-1");
    let step = |program: &str| json!({"package": "P", "program": program, "dependsOn": []});
    let (a, b) = (step("A"), step("B"));
    for after in [json!([b, a]), json!([a]), json!([a, b, a])] {
        check_values(Kind::SequentialTask, "spec.steps", json!([a, b]), after, Effect::Identity, "SEQ-1");
    }
}

#[test]
fn seq_3_what_a_step_depends_on_is_no_identity() {
    check(Kind::SequentialTask, "spec.steps.dependsOn", Effect::FutureRuns, "SEQ-3");
    let steps = |depends_on: Value| json!([{"package": "P", "program": "A"}, {"package": "P", "program": "B", "dependsOn": depends_on}]);
    let (before, after) = (steps(json!([])), steps(json!([1])));
    check_values(Kind::SequentialTask, "spec.steps", before.clone(), after.clone(), Effect::FutureRuns, "SEQ-3");
    // The plan asks the typed lists, the catalogue their JSON: both say the same.
    let task = |steps: Value| -> SequentialTask {
        serde_json::from_value(json!({"collections": [], "steps": steps})).unwrap()
    };
    assert!(is_same_step_list(&task(before), &task(after)));
}

#[test]
fn tsk_4_seq_2_a_changed_program_reaches_nobody_who_ran_it() {
    check(Kind::Program, "spec.commandLine", Effect::FutureRuns, "TSK-4");
    check(Kind::Program, "spec.commandLine", Effect::FutureRuns, "SEQ-2");
    check(Kind::Package, "spec.programs.commandLine", Effect::FutureRuns, "TSK-4");
    check(Kind::Task, "spec.program", Effect::FutureRuns, "TSK-4");
    check(Kind::Task, "spec.package", Effect::FutureRuns, "TSK-4");
}

#[test]
fn tsk_4_only_a_schedule_runs_again() {
    let asap = json!("asSoonAsPossible");
    let daily = json!({"schedule": {"daily": "17:00"}});
    for kind in [Kind::Task, Kind::SequentialTask] {
        check_values(kind, "spec.run", asap.clone(), daily.clone(), Effect::ReExecute, "TSK-4");
        check_values(kind, "spec.run", daily.clone(), asap.clone(), Effect::FutureRuns, "TSK-4");
        check_values(kind, "spec.run", asap.clone(), json!("manual"), Effect::Reschedule, "");
    }
}

#[test]
fn pkg_6_pkg_7_new_files_wait_for_the_distribution_point() {
    check(Kind::Package, "spec.source", Effect::ReDownload, "PKG-6");
    check(Kind::Package, "spec.source", Effect::ReDownload, "PKG-7");
    check(Kind::Package, "spec.source.unc", Effect::ReDownload, "PKG-7");
    let note = case(Kind::Package, "spec.source", Effect::ReDownload).unwrap().note;
    assert!(note.contains("distribution point update"), "{note}");
}

#[test]
fn pkg_1_prg_2_prg_4_labels_and_notes_do_nothing() {
    check(Kind::Package, "spec.version", Effect::Inert, "PKG-1");
    check(Kind::Package, "spec.publisher", Effect::Display, "PKG-1");
    check(Kind::Program, "spec.estimatedRunTime", Effect::Inert, "PRG-4");
    check(Kind::Program, "spec.estimatedDiskSpaceKB", Effect::Inert, "PRG-4");
    check(Kind::Program, "spec.failureCodes", Effect::Inert, "PRG-2");
    check(Kind::Task, "metadata.labels", Effect::Inert, "");
}

#[test]
fn col_2_targets_and_members_are_worked_out_again() {
    for kind in [Kind::Task, Kind::SequentialTask, Kind::DeliveryPolicy, Kind::AgentSettings] {
        check(kind, "spec.collections", Effect::ReEvaluate, "COL-2");
    }
    for field in ["query", "limitedTo", "include", "exclude", "members"] {
        check(Kind::Collection, &format!("spec.{field}"), Effect::ReEvaluate, "COL-2");
    }
}

#[test]
fn switching_off_cancels_what_waits_and_switching_on_reaches_computers() {
    for kind in [Kind::Task, Kind::SequentialTask, Kind::DeliveryPolicy] {
        check_values(kind, "spec.enabled", json!(true), json!(false), Effect::CancelsPending, "");
        check_values(kind, "spec.enabled", json!(false), json!(true), Effect::ReEvaluate, "");
    }
}

#[test]
fn mw_1_mw_7_mw_8_mw_9_window_fields_move_starts() {
    check(Kind::MaintenanceWindow, "spec.enabled", Effect::Reschedule, "MW-8");
    check(Kind::MaintenanceWindow, "spec.collections", Effect::ReEvaluate, "MW-8");
    check(Kind::MaintenanceWindow, "spec.schedule.weekly.days", Effect::Reschedule, "MW-6");
    check(Kind::MaintenanceWindow, "spec.duration", Effect::Reschedule, "MW-1");
    check(Kind::MaintenanceWindow, "spec.duration", Effect::Reschedule, "MW-4");
    check(Kind::MaintenanceWindow, "spec.appliesTo", Effect::Reschedule, "MW-7");
    check(Kind::MaintenanceWindow, "spec.clock", Effect::Reschedule, "MW-9");
    check(Kind::Program, "spec.maxRunTime", Effect::Reschedule, "MW-1");
}

#[test]
fn other_fields_have_the_effect_of_their_rule() {
    check(Kind::Program, "spec.afterRunning.action", Effect::FutureRuns, "PRG-6");
    check(Kind::Program, "spec.exitsEarly", Effect::FutureRuns, "PDF-2");
    check(Kind::Program, "spec.network.minimumSpeedKBps", Effect::Reschedule, "PRG-12");
    check(Kind::Program, "spec.portal.grants", Effect::Rights, "PTL-3");
    check(Kind::Program, "metadata.name", Effect::Display, "");
    check(Kind::Task, "spec.priority", Effect::PolicyRefresh, "TSK-2");
    check(Kind::Task, "spec.notifyImmediately", Effect::PolicyRefresh, "TSK-7");
    check(Kind::Task, "spec.notifyUser", Effect::Display, "TSK-8");
    check(Kind::Task, "spec.availability.clock", Effect::Reschedule, "TSK-11");
    check(Kind::Task, "metadata.folder", Effect::Display, "");
    check(Kind::SequentialTask, "metadata.folder", Effect::Rights, "SEQ-6");
    check(Kind::PortalDefaults, "spec.grants", Effect::Rights, "PTL-2");
    check(Kind::AgentSettings, "spec.disregardPostRunAction", Effect::Reschedule, "RST-2");
    check(Kind::AgentSettings, "spec.notifyInAdvance", Effect::PolicyRefresh, "TSK-9");
    check(Kind::DeliveryPolicy, "spec.resources.onSuccess.countdown", Effect::FutureRuns, "RST-4");
    check(Kind::PatchPlugin, "spec.collections", Effect::ReEvaluate, "LIC-5");
    check_values(Kind::PatchPlugin, "spec.enabled", json!(true), json!(false), Effect::PolicyRefresh, "LIC-4");
    check(Kind::PurgeSettings, "spec.executions.maximumRows", Effect::ServerOnly, "PUR-1");
}
