//! Reports for pipelines when a command fails: whoever reads them finds what happened, and never an old report.

use serde_json::Value;

use crate::world::Project;
use crate::world::Server;

/// Runs a command twice over: with its report into a file, and on standard output.
#[track_caller]
fn fails(project: &Project, arguments: &[&str], code: i32, name: &str) -> Value {
    project.write("report.json", "an old one");
    let into = [arguments, &["--json-into", "report.json"]].concat();
    let ran = project.run(&into).exits(code);
    let stored: Value = serde_json::from_str(&project.read("report.json"))
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", project.read("report.json"), ran.err));
    let shown = project.run(&[arguments, &["--format", "json"]].concat()).exits(code).json();
    for report in [&stored, &shown] {
        assert_eq!(report["errored"], true, "{report}");
        assert_eq!(report["exit"]["code"], code, "{report}");
        assert_eq!(report["exit"]["name"], name, "{report}");
        assert!(report["format_version"].is_string() && !report["message"].as_str().unwrap().is_empty(), "{report}");
    }
    stored
}

#[test]
fn a_server_that_is_down_is_reported() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    drop(server);
    for command in [&["plan"][..], &["drift"], &["apply", "--auto-approve"]] {
        let report = fails(&project, command, 1, "error");
        assert!(report["message"].as_str().unwrap().contains("gave no answer"), "{report}");
        assert!(report["help"].as_str().unwrap().contains("is it running"), "{report}");
    }
    project.write("delivery/broken.yaml", "kind: [");
    for command in [&["plan"][..], &["drift"], &["apply", "--auto-approve"]] {
        fails(&project, command, 65, "bad_data");
    }
}

#[test]
fn a_stale_a_locked_and_a_blocked_apply_are_reported() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    server.folder("Software Delivery");
    fails(&project, &["apply", "the.plan"], 4, "stale");
    fails(&project, &["apply", "the.plan", "--expect-plan-hash", "other"], 4, "stale");
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    server.take_lease(60);
    let locked = fails(&project, &["apply", "the.plan"], 6, "locked");
    assert!(locked["message"].as_str().unwrap().contains("another apply"), "{locked}");

    let mut plan = consign::plan::file::read(project.read("the.plan").as_bytes()).unwrap();
    plan.applyable = false;
    plan.complete = false;
    plan.hash = consign::plan::file::hash(&plan);
    project.write("part.plan", &consign::plan::file::write(&plan));
    fails(&project, &["apply", "part.plan"], 7, "incomplete");
    plan.complete = true;
    plan.findings.push(consign::plan::Finding {
        rule: "PLN-4".to_owned(),
        severity: consign::model::project::Severity::Error,
        subject: "task/A".to_owned(),
        message: "two are called so".to_owned(),
        help: "say which".to_owned(),
    });
    plan.hash = consign::plan::file::hash(&plan);
    project.write("blocked.plan", &consign::plan::file::write(&plan));
    fails(&project, &["apply", "blocked.plan"], 3, "blocked");
}
