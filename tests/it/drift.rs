//! Drift as a job: what is new and what is known, over one or many servers, and who did it.

use std::fs;

use serde_json::Value;
use serde_json::json;

use crate::world::Fake;
use crate::world::Project;
use crate::world::Server;
use crate::world::assert_plain;

/// Changes a program's command line and removes a task by hand.
fn console(server: &Server) {
    let is_it = |item: &Value| {
        item["kind"] == "Program" && item["spec"]["commandLine"].as_str().is_some_and(|line| line.contains("/i 7z2408"))
    };
    let program = server.items().into_iter().find(is_it).unwrap();
    server.change(&program, |body| body["spec"]["commandLine"] = json!("setup.exe"));
    server.delete(&server.item("Task", "Offer LibreOffice"));
}

fn baseline(project: &Project, entries: &str) {
    project.write("known.yaml", &format!("apiVersion: consign/v1\nkind: DriftBaseline\nknown:\n{entries}"));
}

const PROGRAM: &str = "  - {item: program/7-Zip/Install, reason: tried out by Kim, expires: 2099-12-31, fields: \
                       {spec.commandLine: setup.exe}}\n";
const TASK: &str = "  - {item: task/Offer LibreOffice, reason: the licence ended, expires: 2099-12-31, server: lab}\n";

#[test]
fn drift_says_who_did_it_and_when() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    console(&server);
    let before = server.audit();
    let ran = project.run(&["drift"]).exits(2);
    assert_plain(&ran);
    let row = |action: &str| before.iter().rfind(|row| row["action"] == action).unwrap();
    for action in ["update", "delete"] {
        let row = row(action);
        let (by, role, time) = (&row["principal"], &row["role"], &row["time"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let at = text(time)[..19].replace('T', " ");
        let line = format!("last {action} by {} ({}) at {at} UTC, by no plan", text(by), text(role));
        assert!(ran.out.contains(&line), "no `{line}` in\n{}", ran.out);
    }
    let drift = project.run(&["drift", "--format", "json"]).exits(2).json();
    let found = drift["resource_drift"].as_array().unwrap();
    let missing = found.iter().find(|entry| entry["state"] == "missing").unwrap();
    assert_eq!(missing["last_change"]["action"], "delete");
    assert_eq!(missing["last_change"]["plan"], Value::Null);
    assert_eq!(server.audit(), before, "drift writes nothing");
    // What an apply did has its plan.
    project.apply();
    project.replace("delivery/packages/7-zip.yaml", "/norestart", "/forcerestart");
    let drift = project.run(&["drift", "--format", "json"]).exits(2).json();
    assert!(drift["resource_drift"][0]["last_change"]["plan"].is_string(), "{drift:#}");
}

#[test]
fn what_is_known_is_kept_apart_from_what_is_new() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    console(&server);
    let drift = |code: i32| project.run(&["drift", "--baseline", "known.yaml"]).exits(code);
    baseline(&project, PROGRAM);
    let ran =
        drift(2).says("known until 2099-12-31: tried out by Kim").says("1 changed, 1 missing").says("1 of it known");
    let (new, known) = (ran.out.find("missing  task/").unwrap(), ran.out.find("changed  program/").unwrap());
    assert!(new < known, "what is new stands first\n{}", ran.out);
    baseline(&project, &format!("{PROGRAM}{TASK}"));
    drift(0).says("2 of it known. Nothing is new.");
    let json = project.run(&["drift", "--baseline", "known.yaml", "--format", "json"]).exits(0).json();
    assert!(json["resource_drift"].as_array().unwrap().iter().all(|entry| entry["known"]["expires"] == "2099-12-31"));
    // Another value than the one that was accepted is new.
    let program = server.items().into_iter().find(|item| item["spec"]["commandLine"] == "setup.exe").unwrap();
    server.change(&program, |body| body["spec"]["commandLine"] = json!("format.exe"));
    drift(2).says("DRF-2").says("\"format.exe\"");
    baseline(&project, &format!("{}{TASK}", PROGRAM.replace("{spec.commandLine: setup.exe}", "[spec.commandLine]")));
    drift(0);
    // And so is another field beside it.
    let program = server.items().into_iter().find(|item| item["spec"]["commandLine"] == "format.exe").unwrap();
    server.change(&program, |body| body["spec"]["description"] = json!("and more"));
    drift(2).says("DRF-2").says("\"and more\"");
}

#[test]
fn drf_1_what_was_known_until_yesterday_is_new_today() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    console(&server);
    baseline(&project, &format!("{PROGRAM}{TASK}").replace("2099-12-31", "2020-01-01"));
    let ran =
        project.run(&["drift", "--baseline", "known.yaml"]).exits(2).says("note[DRF-1]: [task/Offer LibreOffice]");
    assert!(ran.out.contains("expired on 2020-01-01"), "{}", ran.out);
}

#[test]
fn drf_2_an_entry_that_fits_nothing_is_told_and_one_of_another_server_is_not() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    baseline(&project, &format!("{PROGRAM}{TASK}").replace("server: lab", "server: other"));
    let ran = project.run(&["drift", "--baseline", "known.yaml"]).exits(0).says("note[DRF-2]: [program/7-Zip/Install]");
    assert!(!ran.out.contains("LibreOffice"), "{}", ran.out);
    for bad in [
        "  - {item: task/x, expires: 2099-12-31}\n",
        "  - {item: task/x, reason: ' ', expires: 2099-12-31}\n",
        "  - {item: task/x, reason: x}\n",
        "  - {item: task/x, reason: x, expires: never}\n",
        "  - {item: task/x, reason: x, expires: 2099-12-31, until: 1}\n",
    ] {
        baseline(&project, bad);
        project.run(&["drift", "--baseline", "known.yaml"]).exits(65).says("is no baseline").one_message();
    }
    project.run(&["drift", "--baseline", "nothing.yaml"]).exits(64).one_message();
}

#[test]
fn many_servers_are_looked_at_in_one_run_and_one_that_fails_hides_no_other() {
    let (one, two) = (Server::start(), Server::start());
    let project = Project::of_example("tour", &one);
    project.apply();
    project.write("token2", &two.token);
    let text = project.read("consign.yaml");
    let at = text.find("  lab:").unwrap();
    let lab: String = text[at..]
        .lines()
        .take_while(|line| line.starts_with("  lab:") || line.starts_with("    "))
        .fold(String::new(), |mut all, line| {
            all.push_str(line);
            all.push('\n');
            all
        });
    let other = |name: &str, url: &str, token: &str| {
        lab.replace("  lab:", &format!("  {name}:"))
            .replace(&one.url, url)
            .replace("{file: token}", &format!("{{file: {token}}}"))
    };
    let more = format!("{lab}{}{}", other("zoo", &two.url, "token2"), other("gone", "http://127.0.0.1:9", "token"));
    project.write("consign.yaml", &text.replace(&lab, &more));
    project.run(&["apply", "--auto-approve", "--server", "zoo"]).exits(0);
    project
        .run(&["drift", "--server", "lab", "--server", "zoo"])
        .exits(0)
        .says("consign drift: lab")
        .says("consign drift: zoo");
    console(&two);
    let both = ["drift", "--server", "zoo", "--server", "lab", "--format", "json"];
    let json = project.run(&both).exits(2).json();
    let names: Vec<&str> =
        json["servers"].as_array().unwrap().iter().filter_map(|one| one["server"]["name"].as_str()).collect();
    assert_eq!(names, ["zoo", "lab"]);
    assert_eq!(json["servers"][0]["exit"]["code"], 2);
    assert_eq!(json["servers"][1]["exit"]["code"], 0);
    for format in ["text", "json", "markdown", "html", "sarif", "junit", "github", "gitlab", "azure"] {
        let told = project.run(&["drift", "--format", format]).exits(1).out;
        let who = if format == "json" { "\"last_change\"" } else { "by no plan" };
        for what in ["zoo", "gone", "program/7-Zip/Install", "task/Offer LibreOffice", who] {
            assert!(told.contains(what), "{format} does not tell `{what}`\n{told}");
        }
        if !matches!(format, "text" | "json") {
            assert!(
                told.replace("%3A", ":").contains("zoo: task/Offer LibreOffice"),
                "{format} says which server\n{told}"
            );
        }
    }
    let ran = project.run(&["drift", "--prometheus-into", "drift.prom"]).exits(1);
    assert!(ran.err.contains("server `gone` could not be compared"), "{}", ran.err);
    assert!(
        ran.out.contains("consign drift: lab") && ran.out.contains("missing  task/Offer LibreOffice"),
        "{}",
        ran.out
    );
    let figures = project.read("drift.prom");
    for line in [
        "consign_drift_up{server=\"gone\"} 0",
        "consign_drift_up{server=\"lab\"} 1",
        "consign_drift_complete{server=\"zoo\"} 1",
        "consign_drift_items{server=\"lab\",state=\"changed\",known=\"false\"} 0",
        "consign_drift_items{server=\"zoo\",state=\"changed\",known=\"false\"} 1",
        "consign_drift_items{server=\"zoo\",state=\"missing\",known=\"false\"} 1",
        "consign_unmanaged_items{server=\"lab\"} 0",
    ] {
        assert!(figures.lines().any(|one| one == line), "no `{line}` in\n{figures}");
    }
    assert!(!figures.contains("consign_drift_items{server=\"gone\""), "{figures}");
    project.run(&["drift", "--server", "gone", "--prometheus-into", "drift.prom"]).exits(1);
    assert!(fs::read_to_string(project.path("drift.prom")).unwrap().contains("consign_drift_up{server=\"gone\"} 0"));
}

fn guid(n: u32) -> String {
    format!("00000000-0000-0000-0000-{n:012x}")
}

#[test]
fn drift_says_what_the_change_did_to_computers_since() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    let seven_zip = |item: &Value| {
        item["kind"] == "Program" && item["spec"]["commandLine"].as_str().is_some_and(|line| line.contains("/i 7z2408"))
    };
    let program = server.items().into_iter().find(seven_zip).unwrap()["guid"].clone();
    let is_step =
        |item: &Value| item["spec"]["steps"].as_array().is_some_and(|all| all.iter().any(|s| s["program"] == program));
    let items = server.items();
    let tasks: Vec<&Value> =
        items.iter().filter(|one| one["kind"] == "Task" && one["spec"]["program"] == program).collect();
    let n_jobs = tasks.len() + items.iter().filter(|one| is_step(one)).count();
    assert!(n_jobs > tasks.len(), "a sequential task runs it as well");
    let task = tasks[0]["guid"].as_str().unwrap();
    let computer = |n: u32| {
        json!({ "type": "computer", "guid": guid(n), "name": format!("PC-{n}"), "domain": "CORP",
        "zone": "UTC", "lastSeen": "2026-11-20T08:00:00Z", "retired": false, "roles": [] })
    };
    let ran = |n: u32, at: &str, success: Value| {
        json!({ "type": "execution", "computer": guid(n), "task": task, "at": at,
        "step": null, "code": 0, "success": success })
    };
    let early = "2020-01-01T00:00:00Z";
    let mut lines: Vec<Value> = (1..=6).map(computer).collect();
    lines.extend((1..=6).map(|n| ran(n, early, json!(true))));
    server.load(&lines);
    console(&server);
    // Nobody said anything since: that is a number, with how far it goes.
    let at = project.run(&["drift"]).exits(2);
    let none = "since then 0 computers ran it (0 with success, 0 without) and 0 computers were given it, by ";
    assert!(at.out.contains(none) && at.out.contains("(confirmed, as far as computers reported until "), "{}", at.out);
    // Of what is gone nothing is told, and that is no number.
    assert!(at.out.contains("what it did to computers since is not known: "), "{}", at.out);
    // Times after the change, and one twice; what was before does not count.
    let late = |seconds: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string();
    server.load(&[
        ran(1, &late(5), json!(false)),
        ran(1, &late(6), json!(true)),
        ran(2, &late(5), json!(false)),
        ran(3, &late(5), json!(null)),
        ran(4, early, json!(false)),
    ]);
    let json = project.run(&["drift", "--format", "json"]).exits(2).json();
    let of = |address: &str| {
        let all = json["resource_drift"].as_array().unwrap();
        all.iter().find(|one| one["address"] == address).unwrap()["did"].clone()
    };
    let did = of("program/7-Zip/Install");
    assert_eq!(did["basis"], "confirmed");
    assert_eq!((&did["ran"], &did["succeeded"], &did["failed"]), (&json!(3), &json!(1), &json!(1)), "{did:#}");
    assert_eq!((&did["given"], &did["jobs"]), (&json!(0), &json!(n_jobs)), "{did:#}");
    assert!(did["since"].is_string() && did["asked_at"].is_string());
    let gone = of("task/Offer LibreOffice");
    assert_eq!(gone["basis"], "unknown");
    assert!(gone["why"].is_string() && gone.get("ran").is_none(), "{gone:#}");
    for format in ["text", "markdown", "html", "sarif", "junit", "github", "gitlab", "azure"] {
        let told = project.run(&["drift", "--format", format]).exits(2).out;
        for what in ["3 computers ran it (1 with success, 1 without)", "what it did to computers since is not known"] {
            assert!(told.contains(what), "{format} does not tell `{what}`\n{told}");
        }
    }
    // A log that cannot be read makes it unknown, never 0.
    let server = server.restart_with_faults("rules: [{method: get, path: /v1/executions, fault: {status: 503}}]");
    project.edit("consign.yaml", |text| {
        let old = text.lines().find(|line| line.trim_start().starts_with("url:")).unwrap().to_owned();
        text.replace(&old, &format!("    url: {}", server.url))
    });
    let json = project.run(&["drift", "--format", "json"]).exits(2).json();
    let all = json["resource_drift"].as_array().unwrap();
    assert!(all.iter().all(|one| one["did"]["basis"] == "unknown"), "{json:#}");
}

#[test]
fn a_drift_connection_cannot_write() {
    // With a token that may only read, and with everything seen that is asked.
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    console(&server);
    let body = json!({ "name": "nightly", "role": "reader" });
    let token = server.ask("POST", "/v1/tokens", &[], Some(&body)).is(201).json()["token"].as_str().unwrap().to_owned();
    let before = (server.items(), server.audit());
    let proxy = Fake::before(&server);
    project.edit("consign.yaml", |text| text.replace(&server.url, &proxy.url));
    project.write("token", &token);
    for arguments in [&["drift"][..], &["drift", "--memory", "m.json", "--prometheus-into", "p", "--html-into", "h"]] {
        project.run(arguments).exits(2).says("program/7-Zip/Install");
    }
    let seen = proxy.seen();
    assert!(seen.len() > 5, "{seen:?}");
    let reads = |line: &String| line.starts_with("GET ") || line.starts_with("POST /v1/evaluate ");
    assert!(seen.iter().all(reads), "{seen:?}");
    assert_eq!((server.items(), server.audit()), before);
    // The token is one of a reader: what would write is refused.
    project.run(&["apply", "--auto-approve"]).exits(1).says("the token's role allows less than this needs");
    assert_eq!(server.items(), before.0);
}
