//! `consign forecast` and `consign computer`, from the outside, over a server and a file of computers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roaring::RoaringBitmap;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::world::Project;
use crate::world::Server;

const MANIFEST: &str = r#"
apiVersion: consign/v1
kind: Collection
metadata: {name: Desktops, folder: Software Delivery}
spec: {members: [pc-0, pc-1, pc-2]}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Servers, folder: Software Delivery}
spec: {members: [pc-3]}
---
apiVersion: consign/v1
kind: Package
metadata: {name: Tool, folder: Software Delivery}
spec:
  source: {unc: '\\files\tool'}
  programs:
    - {name: Install, commandLine: install.cmd /quiet, maxRunTime: 30m, afterRunning: {action: restart}}
    - {name: Long, commandLine: long.cmd /quiet, maxRunTime: 3h}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Nightly, folder: Software Delivery}
spec: {package: Tool, program: Install, collections: [Desktops], run: {schedule: {daily: "17:10"}}}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Too long, folder: Software Delivery}
spec: {package: Tool, program: Long, collections: [Desktops]}
---
apiVersion: consign/v1
kind: MaintenanceWindow
metadata: {name: Evening, folder: Software Delivery}
spec: {collections: [Desktops], schedule: {daily: "17:00"}, duration: 1h}
"#;

fn set(numbers: &[u32]) -> String {
    let mut bytes = Vec::new();
    numbers.iter().copied().collect::<RoaringBitmap>().serialize_into(&mut bytes).unwrap();
    STANDARD.encode(bytes)
}

/// What a server would tell of four computers in its collections; `more` are further lines.
fn fleet(server: &Server, more: &[Value]) -> String {
    let instance = server.get("/v1/server")["instance"].clone();
    let header = json!({"type": "header", "format": 1, "instance": instance, "mark": "1",
        "time": "2026-11-22T11:00:00Z", "serverZone": "Europe/Berlin"});
    let computer = |n: u32| {
        json!({"type": "computer", "guid": format!("00000000-0000-4000-8000-00000000000{n}"), "name": format!("pc-{n}"),
            "domain": "", "zone": if n == 2 { "America/New_York" } else { "Europe/Berlin" },
            "lastSeen": "2026-11-22T10:00:00Z", "retired": false, "roles": []})
    };
    let members = |name: &str, numbers: &[u32]| {
        let collection = server.item("Collection", name)["guid"].clone();
        json!({"type": "members", "collection": collection, "effective": set(numbers), "query": null})
    };
    let mut lines: Vec<Value> = (0..4).map(computer).collect();
    lines.extend([members("Desktops", &[0, 1, 2]), members("Servers", &[3])]);
    lines.extend(more.iter().cloned());
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let digest: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let end = json!({"type": "end", "count": lines.len(), "digest": format!("sha256:{digest}")});
    format!("{header}\n{body}{end}\n")
}

fn world() -> (Server, Project) {
    let server = Server::start();
    let project = Project::of(&server, "", &[("all.yaml", MANIFEST)]);
    project.apply();
    project.write("fleet.ndjson", &fleet(&server, &[]));
    (server, project)
}

fn task<'a>(forecast: &'a Value, name: &str) -> &'a Value {
    let tasks = forecast["tasks"].as_array().unwrap();
    tasks.iter().find(|task| task["key"]["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {forecast:#}"))
}

#[test]
fn mw_4_a_forecast_tells_what_runs_when_and_what_never_does() {
    let (_server, project) = world();
    let text = project.run(&["forecast", "--days", "3", "--fleet", "fleet.ndjson"]).exits(0).out;
    assert!(text.contains("Computers: 4 of 4, in 3 kinds"), "{text}");
    assert!(text.contains("task/Nightly: 3 of 3 start it, 9 times; 9 succeed"), "{text}");
    assert!(text.contains("never: 3 fits in no maintenance window at all (MW-4): pc-0, pc-1, pc-2"), "{text}");
    assert!(text.contains("Restarts: 9"), "{text}");
    let forecast = project.run(&["forecast", "--days", "3", "--fleet", "fleet.ndjson", "--format", "json"]).json();
    assert_eq!(forecast["format_version"], "1.0");
    let hours: Vec<(&Value, &Value)> = task(&forecast, "Nightly")["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hour| (&hour["at"], &hour["started"]))
        .take(2)
        .collect();
    assert_eq!(hours, [(&json!("2026-11-22T16:00:00Z"), &json!(2)), (&json!("2026-11-22T22:00:00Z"), &json!(1))]);
    assert_eq!(forecast["licences"], Value::Null);
    assert_eq!(forecast["gaps"]["licences"], "the server told nothing of them");
}

#[test]
fn mw_8_a_forecast_over_a_plan_tells_the_difference() {
    let (_server, project) = world();
    project.edit("delivery/all.yaml", |text| {
        text.replace("duration: 1h", "duration: 1h, enabled: false").replace("daily: \"17:10\"", "daily: \"18:10\"")
    });
    project.run(&["plan", "--out", "plan.json"]).exits(0);
    let ask = ["forecast", "--days", "2", "--fleet", "fleet.ndjson", "--plan", "plan.json"];
    let text = project.run(&ask).exits(0).out;
    assert!(text.contains("What the plan makes of it:"), "{text}");
    assert!(text.contains("never, for it fits in no maintenance window at all (MW-4): 3 -> 0"), "{text}");
    let both = project.run(&[&ask[..], &["--format", "json"]].concat()).exits(0).json();
    assert_eq!(task(&both["before"], "Too long")["started"], 0);
    assert_eq!(task(&both["after"], "Too long")["started"], 3);
    let changed: Vec<&Value> =
        both["difference"]["tasks"].as_array().unwrap().iter().map(|t| &t["key"]["name"]).collect();
    assert_eq!(changed, [&json!("Nightly"), &json!("Too long")]);
}

#[test]
fn a_page_shows_runs_restarts_and_windows_over_time() {
    let (_server, project) = world();
    project.replace("delivery/all.yaml", "daily: \"17:10\"", "daily: \"17:20\"");
    project.run(&["plan", "--out", "plan.json"]).exits(0);
    let ask = ["forecast", "--days", "5", "--fleet", "fleet.ndjson", "--plan", "plan.json", "--html-into", "page.html"];
    project.run(&ask).exits(0);
    let page = project.read("page.html");
    assert!(page.contains("<h2>What computers will do and when</h2>"), "no timeline");
    assert!(page.contains("<td class=\"m\">task/Nightly</td><td class=\"n\">15</td>"), "its starts, as a table");
    assert!(page.contains("<td class=\"m\">restarts</td>") && page.matches("class=\"bar\"").count() > 5);
    assert!(page.contains("<title>Sun 2026-11-22 17:00 to Sun 2026-11-22 18:00</title>"), "the window's first opening");
    assert_eq!(page.matches("<rect class=\"win\"").count(), 5);
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("forecast.html"), page).unwrap();
}

#[test]
fn col_2_a_plan_that_renames_a_collection_loses_nobody() {
    let (_server, project) = world();
    project.edit("delivery/all.yaml", |text| {
        text.replace("name: Desktops,", "name: Workplaces, aliases: [Desktops],")
            .replace("[Desktops]}", "[Workplaces]}")
            .replace("[Desktops],", "[Workplaces],")
            .replace("aliases: [Workplaces]", "aliases: [Desktops]")
    });
    project.run(&["plan", "--out", "plan.json"]).exits(0).says("0 to add, 1 to change");
    let ask = ["forecast", "--days", "2", "--fleet", "fleet.ndjson", "--plan", "plan.json"];
    project.run(&ask).exits(0).says("nothing: the computers would do the same");
}

#[test]
fn col_1_one_computer_is_told_what_it_gets_and_why_not_the_rest() {
    let (_server, project) = world();
    let ask = |name: &'static str| project.run(&["computer", name, "--days", "2", "--fleet", "fleet.ndjson"]);
    let text = ask("PC-2").exits(0).out;
    assert!(text.contains("its own clock (America/New_York)"), "{text}");
    assert!(text.contains("1. task/Nightly: normal priority, daily at 17:10"), "{text}");
    assert!(text.contains("2026-11-22 17:10 to 2026-11-22 17:20, success; in window `Evening`"), "{text}");
    assert!(text.contains("task/Too long: fits in no maintenance window at all (MW-4)"), "{text}");
    let text = ask("pc-3").exits(0).out;
    assert!(text.contains("nothing in this time"), "{text}");
    assert!(text.contains("task/Nightly: it is not in `Desktops` (COL-1)"), "{text}");
    ask("pc-9").exits(1).one_message().says("did you mean `pc-");
}

#[test]
fn tsk_4_the_comparison_finds_who_did_something_else() {
    let (server, project) = world();
    let task = server.item("Task", "Nightly")["guid"].clone();
    let history = json!({"type": "history", "task": task, "succeeded": set(&[0, 2]), "failed": set(&[1]),
        "unknown": set(&[]), "newest": "2026-11-22T10:00:00Z"});
    project.write("fleet.ndjson", &fleet(&server, &[history]));
    let ran = project.run(&["forecast", "--compare", "--days", "2", "--fleet", "fleet.ndjson"]).exits(0);
    let ran = ran.says("1 computers did something else: pc-1").says("success 3 predicted, 2 observed");
    assert!(ran.out.contains("Comparison: 2 as predicted, 1 not."), "{}", ran.out);
    let ask = ["forecast", "--compare", "--from", "2030-01-01T00:00:00Z", "--fleet", "fleet.ndjson"];
    project.run(&ask).exits(64).one_message().says("nothing was reported since 2030-01-01");
    let ask = ["forecast", "--compare", "--from", "2026-11-21T11:00:00Z", "--days", "9", "--fleet", "fleet.ndjson"];
    let text = project.run(&ask).exits(0).err;
    assert!(text.contains("what was to come since then counts as not done"), "{text}");
}

#[test]
fn what_is_not_known_is_never_a_zero() {
    let (server, project) = world();
    // The server may tell nothing of computers, or that there are none; neither is a forecast of nobody.
    let ran = project.run(&["forecast"]);
    assert!(ran.code == Some(7), "{ran:?}");
    ran.one_message().says("nothing is known of the computers");
    let whole = fleet(&server, &[]);
    project.write("fleet.ndjson", &whole[..whole.len() / 2]);
    project.run(&["forecast", "--fleet", "fleet.ndjson"]).exits(65).one_message();
    project.write(
        "fleet.ndjson",
        &whole.replace(server.get("/v1/server")["instance"].as_str().unwrap(), "00000000-0000-4000-8000-0000000000ff"),
    );
    project.run(&["forecast", "--fleet", "fleet.ndjson"]).exits(65).one_message().says("another server");
    project.write("fleet.ndjson", &whole);
    project.write("scenario.yaml", "download: 90s\n");
    let odd = ["forecast", "--fleet", "fleet.ndjson", "--scenario", "scenario.yaml"];
    project.run(&odd).exits(65).one_message().says("whole number of minutes");
    project.write("scenario.yaml", "users: deferToTheEnd\nprograms:\n  Tool/Install: {runTime: 20m, code: 5}\n");
    project.run(&odd).exits(0).says("users put everything off").says("fail");
    project.write("scenario.yaml", "programs:\n  Tool/Instal: {code: 5}\n");
    project.run(&odd).exits(65).one_message().says("did you mean `Tool/Install`?");
}

#[test]
fn ptl_4_a_forecast_tells_of_the_one_computer_that_asked_at_the_portal() {
    let server = Server::start();
    let project = Project::of(&server, "    prune: true\n", &[("all.yaml", MANIFEST)]);
    project.apply();
    let computer = |n: u32| {
        json!({"type": "computer", "guid": format!("00000000-0000-4000-8000-00000000000{n}"), "name": format!("pc-{n}"),
            "domain": "", "zone": "UTC", "lastSeen": null, "retired": false, "roles": []})
    };
    let seen = server.get("/v1/server")["time"].clone();
    let lines: Vec<Value> = (0..4)
        .map(computer)
        .map(|mut line| {
            line["lastSeen"] = seen.clone();
            line
        })
        .collect();
    server.load(&lines);
    let program = server.item("Program", "Install");
    let body = json!({"computer": lines[3]["guid"], "user": "Creator", "package": program["package"],
        "program": program["guid"]});
    let request = server.ask("POST", "/v1/portal/requests", &[], Some(&body)).is(201).json();
    assert_eq!(request["status"], "Approved");
    let forecast = project.run(&["forecast", "--days", "1", "--format", "json"]).json();
    let asked = task(&forecast, "Software Request : Install");
    for field in ["reached", "started", "runs", "succeeded"] {
        assert_eq!(asked[field], 1, "{field}: {asked:#}");
    }
    let of_one = project.run(&["computer", "pc-3", "--days", "1"]).exits(0).out;
    assert!(of_one.contains("Software Request : Install"), "{of_one}");
    let of_other = project.run(&["computer", "pc-0", "--days", "1"]).exits(0).out;
    let not = "task/Software Request : Install: it is not in `SWRCollection_pc-3` (COL-1)";
    assert!(of_other.contains(not), "{of_other}");
    // None of it is the project's: nothing is planned for it, also where what is not declared is removed.
    project.run(&["plan"]).exits(0).says("0 to delete");
    project.is_settled();
    assert_eq!(server.n("Task", "Software Request : Install"), 1);
}
