use serde_json::Value;
use serde_json::json;

use crate::adapter::AdapterError;
use crate::adapter::names::bare;
use crate::adapter::native::convert;
use crate::adapter::native::convert::Context;
use crate::adapter::native::samples;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::MaxRunTime;
use crate::model::units::Duration;

fn read(lines: &[String]) -> Result<convert::Items, String> {
    let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    convert::items(&lines, false)
}

/// The first sample of a kind, as the server shows it.
fn sample(kind: Kind) -> Value {
    let site = samples::site(1);
    let (guid, item) = site.iter().find(|(_, item)| item.key.kind == kind).unwrap();
    samples::shown(*guid, item, &samples::directory(&site))
}

#[test]
fn every_kind_comes_back_as_it_went() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..300 {
        let site = samples::site(seed);
        let found = read(&samples::lines(&site)).unwrap();
        assert_eq!(found.items.len(), site.len());
        for (found, (guid, item)) in found.items.iter().zip(&site) {
            assert_eq!(&found.item, item, "seed {seed}");
            assert_eq!(found.guid, *guid);
            assert_eq!(found.revision, format!("r{guid}"));
            kinds.insert(item.key.kind);
        }
    }
    assert_eq!(kinds, Kind::ALL.into());
}

#[test]
fn the_order_of_lines_does_not_matter_for_names() {
    let mut lines = samples::lines(&samples::site(5));
    let sorted = |lines: &[String]| {
        let mut items: Vec<_> = read(lines).unwrap().items;
        items.sort_by_key(|item| item.guid);
        items
    };
    let before = sorted(&lines);
    lines.reverse();
    assert_eq!(before, sorted(&lines));
}

fn folder(n: u128, name: &str, above: Option<u128>) -> String {
    let portal = json!({"inherit": true, "grants": []});
    json!({"type": "item", "kind": "Folder", "guid": samples::guid(n), "name": name,
        "folder": above.map(samples::guid), "attributes": [], "revision": "1",
        "spec": {"description": "", "portal": portal}})
    .to_string()
}

#[test]
fn twins_are_told_apart_by_their_guid_wherever_they_are_named() {
    let site = samples::site(1);
    // A second package of the same name, with a program, and a task of it.
    let mut more = samples::site(2);
    for (at, (guid, _)) in more.iter_mut().enumerate() {
        *guid = samples::guid(at as u128 + 101);
    }
    let mut lines = samples::lines(&site);
    let more_lines = samples::lines(&more);
    for ((_, item), line) in more.iter().zip(&more_lines) {
        let package = item.key == ItemKey::new(Kind::Package, "P1");
        let program = item.key == ItemKey::program("P1", "Install");
        let collection = item.key == ItemKey::new(Kind::Collection, "C1");
        if package || program || collection {
            // References of theirs lead into the first site.
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["folder"] = Value::Null;
            if collection {
                line["spec"]["limitedTo"] = Value::Null;
                line["spec"]["include"] = json!([samples::guid(11), samples::guid(111)]);
                line["spec"]["exclude"] = json!([]);
            }
            lines.push(line.to_string());
        }
    }
    let found = read(&lines).unwrap().items;
    let keys: Vec<String> = found.iter().map(|item| item.item.key.to_string()).collect();
    let (one, two) = (samples::guid(5), samples::guid(105));
    for key in [
        format!("package/P1 {{{one}}}"),
        format!("package/P1 {{{two}}}"),
        "package/P2".to_owned(),
        format!("program/P1 {{{one}}}/Install"),
        format!("program/P1 {{{two}}}/Install"),
        format!("program/P1 {{{one}}}/Remove"),
        "task/P1".to_owned(),
    ] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
    let Spec::Collection(last) = &found.last().unwrap().item.spec else { panic!() };
    assert_eq!(last.include, [11, 111].map(|n| format!("C1 {{{}}}", samples::guid(n))));
}

#[test]
fn folders_are_their_path_and_only_twins_of_one_folder_need_a_guid() {
    let lines = [
        folder(1, "A", None),
        folder(2, "A", None),
        folder(3, "B", Some(1)),
        folder(4, "B", Some(2)),
        folder(5, "x/y", None),
        folder(6, "Lost", Some(99)),
        folder(7, "Z", None),
    ];
    let found = read(&lines).unwrap().items;
    let names: Vec<&str> = found.iter().map(|item| item.item.key.name.as_str()).collect();
    let [one, two, five, lost] = [1, 2, 5, 99].map(samples::guid);
    assert_eq!(
        names,
        [
            format!("A {{{one}}}"),
            format!("A {{{two}}}"),
            format!("A {{{one}}}/B"),
            format!("A {{{two}}}/B"),
            format!("x/y {{{five}}}"),
            format!("{{{lost}}}/Lost"),
            "Z".to_owned(),
        ]
    );
    assert_eq!(found[3].item.folder, Some(format!("A {{{two}}}")));
    assert_eq!(found[0].item.folder, None);
}

#[test]
fn as_deep_as_the_server_lets_folders_lie_is_read() {
    let chain = |n: u128| (1..=n).map(|at| folder(at, &format!("F{at}"), (at > 1).then(|| at - 1))).collect::<Vec<_>>();
    let found = read(&chain(65)).unwrap().items;
    assert!(found[64].item.key.name.ends_with("F64/F65"), "{}", found[64].item.key.name);
    assert!(read(&chain(66)).unwrap_err().contains("more than 64"));
}

#[test]
fn folders_within_themselves_are_refused() {
    let why = read(&[folder(1, "A", Some(2)), folder(2, "B", Some(1))]).unwrap_err();
    assert!(why.contains("within itself"), "{why}");
}

#[test]
fn what_is_referred_to_and_not_there_is_its_guid() {
    let mut task = sample(Kind::Task);
    task["folder"] = Value::Null;
    let found = read(&[task.to_string()]).unwrap().items;
    let Spec::Task(spec) = &found[0].item.spec else { panic!() };
    assert_eq!(spec.package, format!("{{{}}}", task["spec"]["package"].as_str().unwrap()));
    assert_eq!(spec.program, format!("{{{}}}", task["spec"]["program"].as_str().unwrap()));
}

#[test]
fn a_program_of_another_package_is_not_called_by_its_name() {
    let site = samples::site(1);
    let mut lines = samples::lines(&site);
    let at = site.iter().position(|(_, item)| item.key.kind == Kind::Task).unwrap();
    let mut task: Value = serde_json::from_str(&lines[at]).unwrap();
    task["spec"]["package"] = json!(samples::guid(6)); // P2
    task["spec"]["program"] = json!(samples::guid(8)); // Remove, of P1
    lines[at] = task.to_string();
    let Spec::Task(spec) = &read(&lines).unwrap().items[at].item.spec else { panic!() };
    assert_eq!((spec.package.as_str(), spec.program.as_str()), ("P2", &*format!("{{{}}}", samples::guid(8))));
}

#[test]
fn hidden_kinds_are_passed_over_and_unknown_ones_are_named() {
    let item = |kind: &str, n: u128| {
        json!({"type": "item", "kind": kind, "guid": samples::guid(n), "name": "x", "folder": null,
            "attributes": [], "revision": "1", "spec": {"any": [1, {"thing": null}]}})
        .to_string()
    };
    let found = read(&[item("StepTask", 1), item("Gadget", 2), item("Gadget", 3), item("Blob", 4)]).unwrap();
    assert!(found.items.is_empty());
    assert_eq!(found.unknown, ["Blob", "Gadget"]);
}

#[test]
fn what_does_not_follow_the_contract_is_named_with_item_and_field() {
    let program = || sample(Kind::Program);
    let task = || sample(Kind::Task);
    let with = |mut item: Value, pointer: &str, value: Value| {
        *item.pointer_mut(pointer).unwrap() = value;
        item
    };
    let without = |mut item: Value, field: &str| {
        item["spec"].as_object_mut().unwrap().remove(field).unwrap();
        item
    };
    for (item, parts) in [
        (
            with(program(), "/spec/startingWindow", json!("sideways")),
            ["program `Install`", "startingWindow", "sideways"],
        ),
        (with(program(), "/spec/afterRunning/action", json!("explode")), ["program", "afterRunning.action", "explode"]),
        (with(program(), "/spec/runWith", json!({"type": "root"})), ["program", "`runWith", "root"]),
        (with(task(), "/spec/priority", json!(5)), ["task `P1`", "`priority`", "5 is not a priority"]),
        (
            with(task(), "/spec/run", json!({"type": "schedule", "schedule": {"type": "yearly"}})),
            ["task", "`run", "yearly"],
        ),
        (with(task(), "/spec/package", json!("no guid")), ["task", "`package`", "no guid"]),
        (with(task(), "/spec/enabled", json!("yes")), ["task", "`enabled`", "bool"]),
        (with(task(), "/attributes", json!(["sticky"])), ["an item", "attributes", "sticky"]),
        (without(task(), "download"), ["task", "missing field", "download"]),
        (without(task(), "warnUser"), ["task", "missing field", "warnUser"]),
        (without(program(), "portal"), ["program", "missing field", "portal"]),
        (without(program(), "maxRunTimeMinutes"), ["program", "missing field", "maxRunTimeMinutes"]),
        (with(program(), "/package", Value::Null), ["program", "names its package", ""]),
        (with(program(), "/spec/maxRunTimeMinutes", json!(u64::MAX)), ["program", "maxRunTimeMinutes", "u32"]),
    ] {
        let why = read(&[item.to_string()]).err().unwrap_or_else(|| panic!("taken: {item}"));
        for part in parts {
            assert!(why.contains(part), "`{part}` in: {why}");
        }
        assert!(!why.contains(" column "), "{why}");
    }
    assert!(read(&["{\"type\":\"item\",".to_owned()]).is_err());
    assert!(convert::items(&[b"\xff\xfe"], false).is_err());
}

#[test]
fn two_items_of_one_guid_are_refused() {
    let lines = [folder(1, "A", None), folder(1, "B", None)];
    assert!(read(&lines).unwrap_err().contains("same GUID"));
}

#[test]
fn a_texts_length_in_messages_has_a_limit() {
    let mut task = sample(Kind::Task);
    task["spec"]["run"] = json!({"type": "x".repeat(100_000)});
    let why = read(&[task.to_string()]).unwrap_err();
    assert!(why.len() < 2000, "{}", why.len());
}

#[test]
fn prg_3_zero_means_360_and_a_password_never_comes_back() {
    let mut program = sample(Kind::Program);
    program["spec"]["maxRunTimeMinutes"] = json!(0);
    program["spec"]["runWith"] =
        json!({"type": "account", "account": "CORP\\svc", "passwordSet": true, "password": "hunter2"});
    let found = read(&[program.to_string()]).unwrap().items;
    assert!(!format!("{found:?}").contains("hunter2"));
    assert_eq!(found[0].password_set, Some(true));
    let Spec::Program(spec) = &found[0].item.spec else { panic!() };
    assert_eq!(spec.max_run_time, MaxRunTime::default());
}

fn body_of(item: &Item, own: Option<u128>) -> Result<Value, AdapterError> {
    let directory = samples::directory(&samples::site(1));
    samples::with_envelope(&directory, |envelope| {
        let context = Context::new("s", &item.key, envelope);
        convert::body(item, own.map(samples::guid), &context).map(|body| serde_json::to_value(body).unwrap())
    })
}

#[test]
fn prg_3_zero_is_sent_as_360() {
    let mut item = samples::site(1).remove(6).1;
    let Spec::Program(spec) = &mut item.spec else { panic!() };
    spec.max_run_time = MaxRunTime::Limit(Duration::ZERO);
    assert_eq!(body_of(&item, None).unwrap()["spec"]["maxRunTimeMinutes"], 360);
}

#[test]
fn a_name_that_stands_for_nothing_is_refused() {
    for (at, (_, item)) in samples::site(1).into_iter().enumerate() {
        let mut item = item;
        let Some(targets) = item.spec.targets_mut() else { continue };
        targets.push("Nowhere".to_owned());
        match body_of(&item, None) {
            Err(AdapterError::Unresolved { item: who, target, .. }) => {
                assert_eq!((who, *target), (item.key, ItemKey::new(Kind::Collection, "Nowhere")));
            }
            other => panic!("{at}: {other:?}"),
        }
    }
}

#[test]
fn what_a_manifest_does_not_manage_is_sent_as_the_servers_default() {
    let site = samples::site(1);
    let body = |kind: Kind, change: &dyn Fn(&mut Spec)| {
        let (_, item) = site.iter().find(|(_, item)| item.key.kind == kind).unwrap();
        let mut item = item.clone();
        change(&mut item.spec);
        body_of(&item, None).unwrap()["spec"].clone()
    };
    let folder = body(Kind::Folder, &|spec| {
        if let Spec::Folder(spec) = spec {
            spec.portal = None;
        }
    });
    assert_eq!(folder["portal"], json!({"inherit": true, "grants": []}));
    let collection = body(Kind::Collection, &|spec| {
        if let Spec::Collection(spec) = spec {
            spec.members = None;
        }
    });
    assert_eq!(collection["members"], json!([]));
    let defaults = body(Kind::PortalDefaults, &|spec| {
        if let Spec::PortalDefaults(spec) = spec {
            spec.grants = None;
        }
    });
    assert_eq!(defaults, json!({}));
}

#[test]
fn an_update_of_a_twin_keeps_its_name() {
    let site = samples::site(1);
    let (_, mut item) = site.into_iter().find(|(_, item)| item.key.kind == Kind::Package).unwrap();
    item.key.name = format!("P1 {{{}}}", samples::guid(5));
    assert_eq!(body_of(&item, Some(5)).unwrap()["name"], "P1");
    assert_eq!(bare("P1 {x}", samples::guid(5)), "P1 {x}");
}
