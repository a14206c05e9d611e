//! A rename is nothing that computers notice, and hides nothing.

use serde_json::Value;
use serde_json::json;

use super::computers::Lab;
use super::computers::item;
use super::computers::listed;
use super::computers::program;
use super::computers::sequence;
use super::computers::task;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::plan::Plan;

const OLD: &str = "Before";
const NEW: &str = "Beyond";

/// What is renamed, and how it says something else then.
type Edit = fn(&mut Value);

fn window(name: &str, inner: &str) -> Item {
    let spec = json!({"collections": ["All", inner], "schedule": {"daily": "22:00"}, "duration": "8h"});
    item(Kind::MaintenanceWindow, name, spec)
}

/// An estate in which everything is used, one item of it by a name: as the server has it, or as it is wanted.
fn estate(renamed: Kind, name: &str) -> Vec<Item> {
    let called = |kind: Kind, other: &'static str| if kind == renamed { name.to_owned() } else { other.to_owned() };
    let (pack, prog) = (called(Kind::Package, "q"), called(Kind::Program, "First"));
    let (inner, chain) = (called(Kind::Collection, "Inner"), called(Kind::SequentialTask, "s"));
    let step = |program: &str| json!({"package": pack, "program": program});
    let in_package = |mut item: Item| {
        item.key.package = Some(pack.clone());
        item
    };
    let mut chain =
        item(Kind::SequentialTask, &chain, json!({"collections": [inner], "steps": [step(&prog), step("Second")]}));
    chain.folder = Some("Own".to_owned());
    let settings = json!({"collections": ["All", inner], "notifyInAdvance": "10m"});
    let plugin = json!({"collections": [inner]});
    vec![
        item(Kind::Package, &pack, json!({"source": {"unc": r"\\files\q"}})),
        in_package(program(&pack, &prog, json!({}))),
        in_package(program(&pack, "Second", json!({}))),
        listed("All", 0..40),
        listed("Few", 0..3),
        listed(&inner, 0..20),
        item(Kind::Collection, "Outer", json!({"include": [inner], "members": ["PC-25"]})),
        item(
            Kind::Task,
            &called(Kind::Task, "t"),
            json!({"package": pack, "program": prog, "collections": ["Outer"], "run": {"schedule": {"daily": "12:00"}}}),
        ),
        chain,
        window(&called(Kind::MaintenanceWindow, "w"), &inner),
        item(Kind::AgentSettings, &called(Kind::AgentSettings, "a"), settings),
        item(Kind::PatchPlugin, &called(Kind::PatchPlugin, "e"), plugin),
    ]
}

/// The plan of an estate in which one item was called [`OLD`] and is to be called `name`, with an edit of it.
fn plan(kind: Kind, name: &str, edit: Option<Edit>, protect: bool) -> Plan {
    let mut lab = Lab::new(40);
    lab.fleet.computers[3].roles = vec!["site server".to_owned()];
    for live in estate(kind, OLD) {
        let (key, guid) = (live.key.clone(), lab.live(live));
        match (key.kind, key.name.as_str()) {
            (Kind::Collection, "All") => lab.holds(guid, 0..40),
            (Kind::Collection, "Few") => lab.holds(guid, 0..3),
            (Kind::Collection, "Outer") => {
                lab.holds(guid, 0..20);
                lab.fleet.members.get_mut(&guid).unwrap().effective.insert(25);
            }
            (Kind::Collection, _) => lab.holds(guid, 0..20),
            (Kind::SequentialTask, _) => lab.ran(guid, 0..12, 12..15, 15..16),
            (Kind::Task, _) => lab.ran(guid, 0..5, 0..0, 0..0),
            _ => {}
        }
    }
    for mut wanted in estate(kind, name) {
        if wanted.key.kind == kind && wanted.key.name == name {
            wanted.aliases = if name == OLD { Vec::new() } else { vec![OLD.to_owned()] };
            if let Some(edit) = edit {
                wanted = edited(wanted, edit);
            }
        }
        lab.wants(wanted);
    }
    if protect {
        lab.case.policy.protected = vec!["All".to_owned()];
        lab.case.policy.protected_roles = Some(vec!["site server".to_owned()]);
    }
    lab.plan()
}

fn edited(item: Item, edit: Edit) -> Item {
    let mut all = serde_json::to_value(&item.spec).unwrap();
    edit(&mut all);
    let spec: Spec = serde_json::from_value(all).unwrap();
    Item { spec, ..item }
}

const KINDS: [Kind; 8] = [
    Kind::Package,
    Kind::Program,
    Kind::Task,
    Kind::SequentialTask,
    Kind::Collection,
    Kind::MaintenanceWindow,
    Kind::AgentSettings,
    Kind::PatchPlugin,
];

#[test]
fn pln_10_a_rename_alone_has_no_consequence_and_reaches_nobody() {
    for kind in KINDS {
        let plan = plan(kind, NEW, None, true);
        assert!(plan.resource_changes.iter().any(|change| change.guid.is_some() && change.key.kind == kind), "{kind}");
        assert!(plan.resource_changes.iter().all(|change| change.before.is_some() && change.after.is_some()), "{kind}");
        assert_eq!(plan.consequences, [], "{kind}");
        assert!(plan.findings.is_empty() && plan.applyable, "{kind}: {:?}", plan.findings);
        assert_eq!(plan.endpoints.re_run, Some(0), "{kind}");
        assert_eq!(plan.endpoints.newly_targeted, Some(0), "{kind}");
    }
}

/// Consequences as text, by the old name whatever it is.
fn told(plan: &Plan) -> String {
    let mut consequences = plan.consequences.clone();
    for fix in consequences.iter_mut().flat_map(|one| &mut one.fixes) {
        fix.edits.clear(); // A manifest with `aliases` is a line longer.
    }
    let text = serde_json::to_string_pretty(&(consequences, &plan.endpoints)).unwrap();
    text.replace(NEW, OLD)
}

#[test]
fn seq_1_a_rename_with_an_edit_has_the_consequences_of_the_edit() {
    let swap: Edit = |all| find(all, "steps").as_array_mut().unwrap().reverse();
    let to_all: Edit = |all| *find(all, "collections") = json!(["All"]);
    let to_few: Edit = |all| *find(all, "collections") = json!(["Few"]);
    let fewer: Edit = |all| *find(all, "members") = json!(["PC-1", "PC-30"]);
    let command: Edit = |all| *find(all, "commandLine") = json!("other.exe /S");
    let shorter: Edit = |all| *find(all, "duration") = json!("10m");
    for (kind, edit) in [
        (Kind::SequentialTask, swap),
        (Kind::SequentialTask, to_all),
        (Kind::Task, to_all),
        (Kind::Task, to_few),
        (Kind::PatchPlugin, to_all),
        (Kind::Collection, fewer),
        (Kind::Program, command),
        (Kind::MaintenanceWindow, shorter),
    ] {
        let (edited, both) = (plan(kind, OLD, Some(edit), false), plan(kind, NEW, Some(edit), false));
        assert!(!edited.consequences.is_empty(), "{kind}: an edit without a consequence shows nothing");
        assert_eq!(told(&both), told(&edited), "{kind}");
        assert_eq!(both.endpoints, edited.endpoints, "{kind}");
    }
    let plan = plan(Kind::SequentialTask, NEW, Some(swap), false);
    assert_eq!(plan.endpoints.re_run, Some(16), "SEQ-1");
}

/// The first value of a name, at whatever depth.
fn find<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    fn path(value: &Value, name: &str) -> Option<String> {
        let map = value.as_object()?;
        if map.contains_key(name) {
            return Some(format!("/{name}"));
        }
        map.iter().find_map(|(key, value)| Some(format!("/{key}{}", path(value, name)?)))
    }
    let at = path(value, name).expect("the spec has it");
    value.pointer_mut(&at).expect("it was just found")
}

#[test]
fn pln_10_a_renamed_collection_is_no_new_way_where_no_computer_is_known() {
    let mut lab = Lab::new(0);
    lab.live(listed("Servers", 0..0));
    lab.wants(listed("Servers", 0..0));
    let through = |name: &str| item(Kind::Collection, name, json!({"include": ["Servers"]}));
    lab.live(through(OLD));
    let mut renamed = through(NEW);
    renamed.aliases = vec![OLD.to_owned()];
    lab.wants(renamed);
    lab.live(task("t", &[OLD], json!({})));
    lab.wants(task("t", &[NEW], json!({"run": {"schedule": {"daily": "12:00"}}})));
    lab.live(sequence("s", &[OLD], &["Install"]));
    lab.wants(sequence("s", &[NEW], &["Install"]));
    lab.case.policy.protected = vec!["Servers".to_owned()];
    lab.case.fleet = None;
    let plan = lab.case.plan();
    assert_eq!(plan.findings, []);
    assert!(plan.resource_changes.iter().any(|change| change.key == ItemKey::new(Kind::Task, "t")));
}

#[test]
fn seq_6_a_sequence_that_moves_inherits_from_its_new_folder() {
    let folder = |name: &str, portal: Value| item(Kind::Folder, name, json!({"portal": portal}));
    let rights = |who: &str| json!({"inherit": false, "grants": [{"principal": who, "right": "install"}]});
    let within = |folder: &str| {
        let mut sequence = sequence("s", &[], &["Install"]);
        sequence.folder = Some(folder.to_owned());
        sequence
    };
    let moved = |first: Value, second: Value| {
        let mut lab = Lab::new(1);
        lab.both(folder("Own/First", first));
        lab.both(folder("Own/Second", second));
        lab.live(within("Own/First"));
        lab.wants(within("Own/Second"));
        lab.plan()
    };
    let told = |plan: &Plan| -> Vec<(Option<u64>, Vec<String>)> {
        let rights = plan.consequences.iter().filter(|one| one.code == "PTL-3");
        rights.map(|one| (one.magnitude.value, one.sample.clone())).collect()
    };
    let plan = moved(rights("LAB\\one"), rights("LAB\\two"));
    assert_eq!(told(&plan), [(Some(2), vec!["- LAB\\one: install".to_owned(), "+ LAB\\two: install".to_owned()])]);
    assert_eq!(told(&moved(rights("LAB\\one"), rights("LAB\\one"))), []);
    // What no manifest says of a folder is not known: no number, and not none.
    assert_eq!(told(&moved(rights("LAB\\one"), Value::Null)), [(None, Vec::new())]);

    // The same folder by another name hands down the same.
    let mut lab = Lab::new(1);
    lab.live(folder("Own/First", Value::Null));
    let mut renamed = folder("Own/Beyond", Value::Null);
    renamed.aliases = vec!["Own/First".to_owned()];
    lab.wants(renamed);
    lab.live(within("Own/First"));
    lab.wants(within("Own/Beyond"));
    assert_eq!(told(&lab.plan()), []);
}
