//! Texts of plan files and servers that would act: on a terminal, or on a build server that reads what is printed.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use crate::world::Fake;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;
use crate::world::http;

/// Begins a line for build servers wherever it stands, clears a screen, names a window, turns text round.
const POISON: &str =
    "::error title=x::forged\r\n::set-env name=x::y\n##vso[task.x]z\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}\u{202e}";

/// Fails when what was printed acts on a terminal, or on a build server.
#[track_caller]
fn assert_inert(ran: &Ran) {
    assert_plain(ran);
    for line in ran.out.lines().chain(ran.err.lines()) {
        let begins = line.trim_start();
        assert!(!begins.starts_with("::") && !begins.starts_with("##"), "{line:?} in\n{}\n{}", ran.out, ran.err);
    }
}

/// A plan with one of everything that a plan can say.
fn a_full_plan(project: &Project, server: &Server) -> Value {
    project.apply();
    project.edit("delivery/sequences/new-desktop.yaml", |text| {
        text.replace(", dependsOn: [1]", "").replace(
            "    - {package: ClamAV, program: Install}\n    - {package: 7-Zip, program: Install}\n",
            "    - {package: 7-Zip, program: Install}\n    - {package: ClamAV, program: Install}\n",
        )
    });
    project.replace(
        "delivery/packages/7-zip.yaml",
        "description: Packs and unpacks",
        "description: \"A first line that is long enough to be shown by lines\\nand a second one, as long as it has to \
         be for a difference\\nand a third\"",
    );
    let folder = server.item("Folder", "Software Delivery")["guid"].clone();
    server.create(&json!({ "kind": "Collection", "name": "Stray", "folder": folder, "spec": {} }));
    project.run(&["plan", "--out", "the.plan"]);
    let mut plan: Value = serde_json::from_str(&project.read("the.plan")).unwrap();
    plan["applyable"] = json!(false);
    for (code, acknowledged, value) in [("X-1", json!("accepted"), json!(7)), ("X-2", Value::Null, Value::Null)] {
        plan["consequences"].as_array_mut().unwrap().push(json!({
            "code": code, "severity": "error", "subject": "a subject", "kind": "a kind",
            "magnitude": { "value": value, "unit": "a unit" }, "basis": "unknown", "mechanism": "a mechanism",
            "because": ["a cause"], "acknowledged": acknowledged,
        }));
    }
    plan["held"].as_array_mut().unwrap().push(json!({
        "key": { "kind": "Task", "name": "Held" }, "would": "create", "rule": "held rule", "because": "held cause",
    }));
    for severity in ["error", "warning"] {
        plan["findings"].as_array_mut().unwrap().push(json!({
            "rule": "a rule", "severity": severity, "subject": "what it is about", "message": "a message",
            "help": "a help",
        }));
    }
    plan["complete"] = json!(false);
    plan["coverage"]["kinds"]["Folder"] = json!({ "coverage": "unreadable", "why": "a gap" });
    plan["coverage"]["kinds"]["Task"] = json!({ "coverage": "partial", "why": "a gap", "folders": ["a folder"] });
    plan["selection"] = json!({ "targets": ["a target"], "excludes": ["an exclude"], "left_out": 3 });
    plan
}

/// The text of the plan with the hash that it has now; `None` when it is none that `show` takes.
fn sealed(plan: &Value) -> Option<String> {
    let mut plan: consign::plan::Plan = serde_json::from_value(plan.clone()).ok()?;
    plan.hash = consign::plan::file::hash(&plan);
    let text = consign::plan::file::write(&plan);
    consign::plan::file::read(text.as_bytes()).ok()?;
    Some(text)
}

fn strings(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(out.insert(text.clone())),
        Value::Array(list) => list.iter().for_each(|value| strings(value, out)),
        Value::Object(map) => map.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

/// Puts poison at both ends of a string wherever it stands, so that names stay the same in all places.
fn poisoned(value: &Value, target: &str) -> Value {
    match value {
        Value::String(text) if text == target => Value::String(format!("{POISON}{text}\n{POISON}")),
        Value::Array(list) => list.iter().map(|value| poisoned(value, target)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), poisoned(value, target))).collect(),
        other => other.clone(),
    }
}

#[test]
fn no_string_of_a_plan_file_acts() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let mut plan = a_full_plan(&project, &server);
    sealed(&plan).expect("it is a plan before it is poisoned");
    let mut all = BTreeSet::new();
    strings(&plan, &mut all);
    let mut taken = BTreeSet::new();
    for text in &all {
        let with = poisoned(&plan, text);
        // What is no free text, such as a GUID or a time, is not taken with it.
        if sealed(&with).is_some() {
            plan = with;
            taken.insert(text.as_str());
        }
    }
    for text in [
        "X-1",
        "X-2",
        "a subject",
        "a kind",
        "a unit",
        "a mechanism",
        "a cause",
        "accepted",
        "Held",
        "held rule",
        "held cause",
        "a rule",
        "what it is about",
        "a message",
        "a help",
        "a gap",
        "a target",
        "lab",
        "Stray",
        "spec.description",
        "package/7-Zip",
        "7-Zip",
    ] {
        assert!(taken.contains(text), "`{text}` was not poisoned");
    }
    project.write("bad.plan", &sealed(&plan).unwrap());
    for arguments in
        [&["show", "bad.plan"][..], &["show", "bad.plan", "--full"], &["show", "bad.plan", "--format", "json"]]
    {
        let ran = project.run(arguments).exits(0).says("forged");
        assert_inert(&ran);
    }
    let ran = project.run(&["show", "bad.plan", "--full"]).says("a mechanism").says("a message").says("held cause");
    assert_inert(&ran.says("a gap").says("a unit"));
    for format in ["html", "junit", "sarif", "gitlab"] {
        assert_inert(&project.run(&["show", "bad.plan", "--format", format]).exits(0).says("forged"));
    }
    let before = server.audit();
    for arguments in [&["apply", "bad.plan"][..], &["apply", "bad.plan", "--server", "::x"]] {
        let ran = project.run(arguments);
        assert_ne!(ran.code, Some(0));
        assert_inert(&ran);
    }
    assert_eq!(server.audit(), before);
}

#[test]
fn no_error_of_a_server_acts() {
    for status in ["403 Forbidden", "409 Conflict", "422 Unprocessable", "400 Bad Request"] {
        let server = Fake::start(move |_| {
            let error = json!({ "error": { "code": POISON, "message": format!("no\n{POISON}"),
                "details": { "needs": POISON, "holder": POISON } } });
            Some(http(status, "application/json", &error.to_string()))
        });
        let project = Project::at(&server.url, "token", "", &[]);
        project.write(
            "delivery/a.yaml",
            "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: A, folder: Software Delivery}\nspec: {}\n",
        );
        for arguments in [
            &["plan"][..],
            &["drift"],
            &["import", "--out", "out"],
            &["refs", "task/A", "--server", "lab"],
            &["apply", "--auto-approve"],
        ] {
            let ran = project.run(arguments).exits(1).one_message();
            assert_inert(&ran);
            assert!(!status.starts_with("403") || ran.err.contains("forged"), "{}", ran.err);
        }
    }
}
