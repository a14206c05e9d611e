//! A rename keeps an item what it is: by itself it makes no computer do anything, and it hides nothing of what else
//! changes.

use serde_json::json;

use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::plan::Plan;
use crate::plan::tests::computers::Lab;
use crate::plan::tests::computers::item;
use crate::plan::tests::computers::package;
use crate::plan::tests::computers::program;

/// A site in which each kind that reaches computers refers to the next.
fn lab() -> Lab {
    let mut lab = Lab::new(40);
    lab.fleet.computers[7].roles = vec!["domain controller".to_owned()];
    lab.case.policy.protected_roles = Some(vec!["domain controller".to_owned()]);
    lab.both(package("q"));
    lab.both(program("q", "Remove", json!({})));
    lab.collection("All", 0..40);
    lab.collection("Some", 0..10);
    let task = lab.both(item(
        Kind::Task,
        "Daily",
        json!({"package": "p", "program": "Install", "collections": ["All"], "run": {"schedule": {"daily": "17:00"}}}),
    ));
    lab.ran(task, 0..5, 5..6, 6..7);
    let sequence = lab.both(item(
        Kind::SequentialTask,
        "Chain",
        json!({"collections": ["All"], "steps": [{"package": "p", "program": "Install"}, {"package": "q", "program": "Remove"}]}),
    ));
    lab.ran(sequence, 0..30, 30..32, 32..33);
    lab.both(item(
        Kind::MaintenanceWindow,
        "Evening",
        json!({"collections": ["Some"], "schedule": {"daily": "17:00"}, "duration": "2h"}),
    ));
    lab.both(item(Kind::AgentSettings, "Settings", json!({"collections": ["All"]})));
    lab
}

fn key(kind: Kind, name: &str) -> ItemKey {
    ItemKey::new(kind, name)
}

/// Gives an item another name, and what refers to it.
fn rename(lab: &mut Lab, from: &ItemKey, to: &str) {
    let items = std::mem::take(&mut lab.case.site.items);
    for (_, mut item) in items {
        let of_it = item.key.package.as_deref() == Some(from.name.as_str()) && from.kind == Kind::Package;
        if of_it {
            item.key.package = Some(to.to_owned());
        }
        if item.key == *from {
            item.aliases = vec![from.name.clone()];
            item.key.name = to.to_owned();
        }
        item.spec.visit_references(&mut |slot| {
            if slot.kind == from.kind && *slot.name == from.name && slot.package.is_none() {
                *slot.name = to.to_owned();
            }
        });
        lab.case.site.insert(item);
    }
}

fn change(lab: &mut Lab, key: &ItemKey, change: impl FnOnce(&mut Item)) {
    change_in(lab.case.site.items.get_mut(key).expect("it is declared"), change);
}

fn change_in(item: &mut Item, change: impl FnOnce(&mut Item)) {
    change(item);
}

/// What computers do, without what it is called.
fn told(plan: &Plan) -> Vec<(String, String, Option<u64>)> {
    let mut told: Vec<_> =
        plan.consequences.iter().map(|one| (one.code.clone(), one.kind.clone(), one.magnitude.value)).collect();
    told.sort();
    told
}

#[test]
fn pln_10_a_pure_rename_has_no_consequence_whatever_is_renamed() {
    for from in [
        key(Kind::Collection, "All"),
        key(Kind::Collection, "Some"),
        key(Kind::Task, "Daily"),
        key(Kind::SequentialTask, "Chain"),
        key(Kind::MaintenanceWindow, "Evening"),
        key(Kind::AgentSettings, "Settings"),
        key(Kind::Package, "p"),
    ] {
        let mut lab = lab();
        rename(&mut lab, &from, "Another");
        let plan = lab.plan();
        assert!(plan.resource_changes.iter().any(|change| change.key.name == "Another"), "{from}: {plan:#?}");
        assert_eq!(told(&plan), [], "{from}");
        assert!(plan.findings.is_empty() && plan.applyable, "{from}: {:?}", plan.findings);
    }
}

#[test]
fn seq_1_a_rename_hides_nothing_of_what_else_changes() {
    let reorder = |item: &mut Item| {
        let Spec::SequentialTask(spec) = &mut item.spec else { unreachable!("it is one") };
        spec.steps.reverse();
    };
    let narrow = |item: &mut Item| {
        let Spec::Task(spec) = &mut item.spec else { unreachable!("it is one") };
        spec.collections = vec!["Some".to_owned()];
    };
    type Change<'a> = &'a dyn Fn(&mut Item);
    let cases: [(ItemKey, Change<'_>); 2] =
        [(key(Kind::SequentialTask, "Chain"), &reorder), (key(Kind::Task, "Daily"), &narrow)];
    for (from, edit) in cases {
        let mut plain = lab();
        change(&mut plain, &from, edit);
        let plain = plain.plan();
        assert!(!told(&plain).is_empty(), "{from}");
        let mut renamed = lab();
        change(&mut renamed, &from, edit);
        rename(&mut renamed, &from, "Another");
        let renamed = renamed.plan();
        assert_eq!(told(&renamed), told(&plain), "{from}");
        assert_eq!(renamed.endpoints, plain.endpoints, "{from}");
    }
    // A collection that is renamed and takes in fewer is not a new one.
    let shrink = |lab: &mut Lab| {
        let all = key(Kind::Collection, "All");
        change(lab, &all, |item| {
            let Spec::Collection(spec) = &mut item.spec else { unreachable!("it is one") };
            spec.members = Some((0..20).map(|n| format!("PC-{n}")).collect());
        });
    };
    let mut plain = lab();
    shrink(&mut plain);
    let plain = plain.plan();
    assert!(!told(&plain).is_empty());
    let mut renamed = lab();
    shrink(&mut renamed);
    rename(&mut renamed, &key(Kind::Collection, "All"), "Everybody");
    assert_eq!(told(&renamed.plan()), told(&plain));
}
