//! Plans that speak of computers, and computers that live, from the outside: a server that knows its computers.

use serde_json::Value;
use serde_json::json;

use crate::world::Project;
use crate::world::Server;

const MANIFEST: &str = r#"
apiVersion: consign/v1
kind: Collection
metadata: {name: Pilot, folder: Software Delivery}
spec: {query: {sql: select Guid from vPlace where Floor = 1}}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: All, folder: Software Delivery}
spec: {query: {sql: select Guid from vComputer}}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Desks, folder: Software Delivery}
spec: {query: {sql: select Guid from vPlace where Floor >= 1}}
---
apiVersion: consign/v1
kind: Package
metadata: {name: System, folder: Software Delivery}
spec:
  source: {unc: '\\files\system'}
  programs:
    - {name: Install, commandLine: system.cmd /quiet, maxRunTime: 30m, afterRunning: {action: restart}}
    - {name: Settings, commandLine: settings.cmd /quiet, maxRunTime: 15m}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Install system, folder: Software Delivery}
spec: {package: System, program: Install, collections: [Pilot]}
---
apiVersion: consign/v1
kind: SequentialTask
metadata: {name: Chain, folder: Software Delivery}
spec:
  collections: [Desks]
  steps:
    - {package: System, program: Settings}
    - {package: System, program: Install}
"#;

fn guid(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// Sixty computers, the first of them the delivery server itself, in the cellar; ten are on the first floor.
fn computers() -> Vec<Value> {
    (0..60)
        .flat_map(|n| {
            on_floor(
                n,
                match n {
                    0 => 0,
                    1..=10 => 1,
                    _ => 2,
                },
            )
        })
        .collect()
}

/// A computer, and the floor that it is on now.
fn on_floor(n: usize, floor: u32) -> [Value; 2] {
    let roles = if n == 0 { json!(["delivery server"]) } else { json!([]) };
    let computer = json!({ "type": "computer", "guid": guid(n), "name": format!("PC-{n:02}"), "domain": "CORP",
        "zone": "Europe/Berlin", "lastSeen": jiff::Timestamp::now(), "retired": false, "roles": roles });
    let row = json!({ "type": "inventory", "table": "vPlace", "computer": guid(n), "row": { "Floor": floor } });
    [computer, row]
}

fn ran(task: &Value, numbers: impl Iterator<Item = usize>, success: bool) -> Vec<Value> {
    let at = jiff::Timestamp::now();
    let row = |n| json!({ "type": "execution", "computer": guid(n), "task": task, "at": at, "step": null, "code": 0, "success": success });
    numbers.map(row).collect()
}

fn world() -> (Server, Project) {
    let server = Server::start();
    server.load(&computers());
    let policy = "policy: {limits: {SEQ-1: 20, COL-2: 1000}, protectedRoles: [delivery server]}\n";
    let project = Project::of(&server, policy, &[("all.yaml", MANIFEST)]);
    project.apply();
    (server, project)
}

fn one<'a>(plan: &'a Value, code: &str, kind: &str) -> &'a Value {
    let all = plan["consequences"].as_array().unwrap();
    all.iter()
        .find(|one| one["code"] == code && one["kind"] == kind)
        .unwrap_or_else(|| panic!("no {code} {kind} in {all:#?}"))
}

#[test]
fn pln_10_a_target_that_grows_to_all_is_blocked_and_names_the_delivery_server() {
    let (_server, project) = world();
    project.replace(
        "delivery/all.yaml",
        "program: Install, collections: [Pilot]",
        "program: Install, collections: [All]",
    );
    let plan = project.run(&["plan", "--format", "json"]).exits(3).json();
    let reached = one(&plan, "COL-2", "newly_targeted");
    assert_eq!((&reached["magnitude"]["value"], &reached["subject"]), (&json!(50), &json!("task/Install system")));
    assert_eq!(plan["endpoints"]["newly_targeted"], 50);
    let text = project.run(&["plan"]).exits(3).out;
    assert!(text.contains("PLN-10") && text.contains("PC-00"), "{text}");
    assert!(text.contains("Endpoints: 0 re-run, 50 newly targeted, 0 never fit, 0 licences"), "{text}");
    project.run(&["apply", "--auto-approve"]).exits(3);
}

#[test]
fn col_2_a_changed_query_is_asked_before_it_is_stored() {
    let (server, project) = world();
    project.replace("delivery/all.yaml", "Floor = 1", "Floor < 2 and Floor > 0");
    let before = server.writes().len();
    let plan = project.run(&["plan", "--format", "json"]).json();
    assert_eq!(plan["endpoints"]["newly_targeted"], 0, "the same ten: {plan:#}");
    project.replace("delivery/all.yaml", "Floor < 2 and Floor > 0", "Floor = 2");
    let plan = project.run(&["plan", "--format", "json"]).json();
    assert_eq!(plan["endpoints"]["newly_targeted"], 49);
    project.replace("delivery/all.yaml", "Floor = 2", "Flor = 2");
    let plan = project.run(&["plan", "--format", "json"]).json();
    assert_eq!(
        plan["endpoints"]["newly_targeted"],
        Value::Null,
        "a query that fails finds nobody knows whom, not nobody"
    );
    assert!(one(&plan, "COL-2", "newly_targeted")["mechanism"].as_str().unwrap().contains("Flor"), "{plan:#}");
    assert_eq!(server.writes().len(), before, "asking stores nothing");
}

/// A sequence that fifteen computers ran, and manifests that have its steps in another order; and the GUID of the sequence.
fn world_that_reorders() -> (Server, Project, Value) {
    let (server, project) = world();
    let chain = server.item("SequentialTask", "Chain")["guid"].clone();
    server.load(&ran(&chain, 1..16, true));
    project.edit("delivery/all.yaml", |text| {
        text.replace(
            "    - {package: System, program: Settings}\n    - {package: System, program: Install}\n",
            "    - {package: System, program: Install}\n    - {package: System, program: Settings}\n",
        )
    });
    (server, project, chain)
}

/// Three more run it, where the plan was approved for fifteen: it is not applied.
fn is_refused_for_eighteen(server: &Server, project: &Project, chain: &Value) {
    server.load(&ran(chain, 16..19, false));
    let before = server.writes().len();
    let refused = project.run(&["apply", "approved.plan"]).exits(4).one_message();
    assert!(refused.err.contains("15") && refused.err.contains("18"), "{}", refused.err);
    assert_eq!(server.writes().len(), before, "nothing was written");
}

#[test]
fn seq_1_what_was_approved_binds_the_apply() {
    let (server, project, chain) = world_that_reorders();
    project.run(&["plan", "--out", "approved.plan"]).exits(0).says("Endpoints: 15 re-run");
    is_refused_for_eighteen(&server, &project, &chain);
    project.run(&["plan", "--out", "approved.plan"]).exits(0).says("Endpoints: 18 re-run");
    server.load(&ran(&chain, 19..31, true));
    // Over the limit: blocked, whole, with what to paste.
    let blocked = project.run(&["plan"]).exits(3);
    assert!(blocked.out.contains("{rule: SEQ-1, upTo: 30,"), "{}", blocked.out);
    project.replace(
        "delivery/all.yaml",
        "metadata: {name: Chain, folder: Software Delivery}",
        "metadata:\n  name: Chain\n  folder: Software Delivery\n  acknowledge:\n    - {rule: SEQ-1, upTo: 29, expires: 2099-01-01, reason: agreed}",
    );
    project.run(&["plan"]).exits(3).says("up to 29 is acknowledged, and 30 is 1 more");
    project.replace("delivery/all.yaml", "upTo: 29", "upTo: 30");
    project.run(&["plan", "--out", "approved.plan"]).exits(0);
    project.run(&["apply", "approved.plan"]).exits(0);
    project.is_settled();
}

#[test]
fn pln_10_what_is_protected_is_looked_at_again_when_a_stored_plan_is_applied() {
    let (server, project) = world();
    project.replace(
        "delivery/all.yaml",
        "program: Install, collections: [Pilot]",
        "program: Install, collections: [Desks]",
    );
    project.run(&["plan", "--out", "approved.plan"]).exits(0).says("49 newly targeted");
    // Meanwhile the delivery server moves up, and another computer down: as many as before, and not the same.
    server.load(&[on_floor(0, 2), on_floor(20, 0)].concat());
    let before = server.writes().len();
    let refused = project.run(&["apply", "approved.plan"]).exits(4).one_message();
    assert!(refused.err.contains("PC-00") && refused.err.contains("PLN-10"), "{}", refused.err);
    assert_eq!(server.writes().len(), before, "nothing was written");
}

#[test]
fn what_was_refused_and_wrote_nothing_does_not_lift_the_bounds() {
    let (server, project) = world();
    let before = server.url.clone();
    let server = server.restart_with_faults("rules: [{path: /v1/items, times: 9, fault: {status: 422}}]");
    project.edit_if("consign.yaml", |text| text.replace(&before, &server.url));
    project.replace(
        "delivery/all.yaml",
        "{package: System, program: Install, collections: [Pilot]}",
        "{package: System, program: Install, collections: [Pilot], priority: high, enabled: true}",
    );
    project.replace(
        "delivery/all.yaml",
        "metadata: {name: Install system, folder",
        "metadata: {name: Install it, aliases: [Install system], folder",
    );
    project.replace(
        "delivery/all.yaml",
        "{package: System, program: Install, collections: [Pilot],",
        "{package: System, program: Install, collections: [Half],",
    );
    project.edit("delivery/all.yaml", |text| {
        format!("{text}---\napiVersion: consign/v1\nkind: Collection\nmetadata: {{name: Half, folder: Software Delivery}}\nspec: {{query: {{sql: select Guid from vPlace where Floor >= 2}}}}\n")
    });
    project.run(&["plan", "--out", "approved.plan"]).exits(0).says("49 newly targeted");
    let failed = project.run(&["apply", "approved.plan", "--batch", "1"]);
    assert_ne!(failed.code, Some(0), "{failed:?}");
    assert!(failed.out.contains("0 steps made"), "{failed:?}");
    // Ten more come up.
    server.load(&(1..=10).flat_map(|n| on_floor(n, 2)).collect::<Vec<_>>());
    let refused = project.run(&["apply", "approved.plan"]).exits(4).one_message();
    assert!(refused.err.contains("59"), "{}", refused.err);
}

#[test]
fn what_lives_does_what_was_predicted() {
    let (_server, project) = world();
    project.write("scenario.yaml", "users: deferToTheEnd\nprograms:\n  System/Settings: {runTime: 3m, code: 5}\n");
    let more = ["--scenario", "scenario.yaml", "--days", "3"];
    let forecast = ["forecast", "--fleet-into", "before.ndjson", "--format", "json"];
    let forecast = project.run(&[&forecast[..], &more].concat()).exits(0).json();
    let lived = ["agents", "--fleet", "before.ndjson", "--happenings-into", "lived.ndjson", "--format", "json"];
    let lived = project.run(&[&lived[..], &more].concat()).exits(0).json();
    assert_eq!(lived["computers"], 60);
    let restarts: u64 =
        forecast["restarts"].as_array().unwrap().iter().map(|hour| hour["count"].as_u64().unwrap()).sum();
    assert!(restarts > 0);
    assert_eq!(lived["happenings"]["restarts"], restarts);
    let n = project.read("lived.ndjson").lines().filter(|line| line.contains("\"type\":\"restarted\"")).count();
    assert_eq!(n as u64, restarts);
    let compare = ["forecast", "--compare", "--since", "before.ndjson", "--format", "json"];
    let told = project.run(&[&compare[..], &more].concat()).exits(0).json();
    assert_eq!((&told["is_from_kept"], &told["restarts"]["observed"]), (&json!(true), &json!(restarts)));
    for task in told["tasks"].as_array().unwrap() {
        assert_eq!(task["disagree"], 0, "{told:#}");
        let runs = &task["runs"];
        assert_eq!((&runs["disagree"], &runs["observed"]), (&json!(0), &runs["predicted"]), "{told:#}");
        assert_ne!(runs["observed"], 0, "{told:#}");
    }
    assert_eq!(told["tasks"].as_array().unwrap().len(), 2);
    // Who takes other things for granted predicts something else, and is told of whom.
    let compare = ["forecast", "--compare", "--since", "before.ndjson", "--days", "3"];
    let text = project.run(&compare).exits(0).out;
    assert!(text.contains("computers did something else: PC-"), "{text}");
    // What the server forgets cannot be compared run by run (PUR-1), which is said.
    project.write("delivery/purge.yaml", PURGE);
    project.run(&["apply", "--auto-approve"]).exits(0);
    let text = project.run(&[&["forecast", "--compare", "--since", "before.ndjson"][..], &more].concat()).exits(0).out;
    assert!(text.contains("not compared everywhere: the server keeps a limited number of them (PUR-1)."), "{text}");
    assert!(!text.contains(" runs: "), "{text}");
}

const PURGE: &str = "apiVersion: consign/v1\nkind: PurgeSettings\nmetadata: {name: Purge}\n\
                     spec: {executions: {maximumRows: 100000}}\n";

#[test]
fn a_fleet_that_is_not_known_or_known_in_part_is_never_a_zero() {
    let server = Server::start();
    let project = Project::of(&server, "", &[("all.yaml", MANIFEST)]);
    let plan = project.run(&["plan", "--format", "json"]).json();
    for number in ["re_run", "newly_targeted", "never_fit", "licences"] {
        assert_eq!(plan["endpoints"][number], Value::Null, "{plan:#}");
    }
    assert_eq!(plan["coverage"]["computers"]["gaps"], json!(["the computers: no computer has been loaded"]));
    project.run(&["agents"]).exits(7).one_message().says("there are no computers");
    project.write("odd.ndjson", "{\"type\":\"header\"}\n");
    project.run(&["plan", "--fleet", "odd.ndjson"]).exits(65).one_message().says("odd.ndjson");
    project.run(&["plan", "--fleet", "absent.ndjson"]).exits(64).one_message().says("absent.ndjson");
}

#[test]
fn seq_1_an_attempt_that_wrote_nothing_is_no_leave_to_do_more() {
    let (server, project, chain) = world_that_reorders();
    let plan = project.run(&["plan", "--out", "approved.plan", "--format", "json"]).exits(0).json();
    // An earlier attempt that came as far as to begin, and to fail.
    let begin = json!({ "type": "begin", "journal": 1, "plan": plan["hash"], "instance": plan["server"]["identity"]["instance"], "time": jiff::Timestamp::now() });
    let failed = json!({ "type": "failed", "steps": [1], "unknown": false, "because": "the server was busy" });
    let text = format!("{begin}\n{failed}\n{}\n", json!({ "type": "end", "whole": false }));
    std::fs::create_dir_all(project.path(".consign/journal")).unwrap();
    project.write(".consign/journal/20260101T000000.000000Z-earlier.ndjson", &text);
    is_refused_for_eighteen(&server, &project, &chain);
}

/// Lays the edits of a safer way over the project's files as any editor would: lines and columns from 1, the last first.
fn lay(project: &Project, fix: &Value) {
    let edits = fix["edits"].as_array().unwrap();
    assert!(!edits.is_empty(), "{fix:#}");
    for edit in edits.iter().rev() {
        let number = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap() - 1;
        project.edit(edit["file"].as_str().unwrap(), |text| {
            let at = |line: usize, column: usize| {
                let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
                start + text[start..].chars().take(column).map(char::len_utf8).sum::<usize>()
            };
            let (from, to) = (at(number("line"), number("column")), at(number("end_line"), number("end_column")));
            format!("{}{}{}", &text[..from], edit["new_text"].as_str().unwrap(), &text[to..])
        });
    }
}

#[test]
fn seq_1_a_safer_edit_applies_to_the_file_and_leads_to_what_it_promised() {
    let (server, project) = world();
    let chain = server.item("SequentialTask", "Chain")["guid"].clone();
    server.load(&ran(&chain, 1..16, true));
    let steps = "    - {package: System, program: Settings}\n    - {package: System, program: Install}\n";
    let say = |new: &str| {
        project.edit("delivery/all.yaml", |text| {
            let from = text.find("  steps:").unwrap();
            format!(
                "{}  # In this order.\n  steps: # of each\n{new}",
                &text[..from].trim_end_matches("  # In this order.\n")
            )
        });
    };
    // Another order, with comments of its owner's.
    say(
        "    - {package: System, program: Install} # at the end before\n    # It asks nobody.\n    - package: System\n      program: Settings\n",
    );
    let plan = project.run(&["plan", "--format", "json"]).exits(0).json();
    let told = one(&plan, "SEQ-1", "re_run");
    assert_eq!(told["magnitude"]["value"], 15);
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md")).unwrap();
    assert_eq!(told["doc_url"], "docs/rules.md#seq-1");
    assert!(manual.contains("\n## SEQ-1\n"));
    let fix = &told["fixes"][0];
    assert_eq!(fix["forecast"]["re_run"], 0);
    lay(&project, fix);
    let text = project.read("delivery/all.yaml");
    for comment in ["# In this order.\n", "# of each\n", "# at the end before\n", "# It asks nobody.\n"] {
        assert!(text.contains(comment), "{text}");
    }
    project.run(&["plan", "--expect-no-changes"]).exits(0);
    // One step more: a task of its own, in the same file.
    say(&format!("{steps}    - {{package: System, program: Install}}\n"));
    let plan = project.run(&["plan", "--format", "json"]).exits(0).json();
    let fix = one(&plan, "SEQ-1", "re_run")["fixes"][0].clone();
    assert_eq!((&fix["forecast"]["re_run"], &fix["forecast"]["runs"]), (&json!(0), &json!(59)));
    lay(&project, &fix);
    let plan = project.run(&["plan", "--format", "json"]).exits(0).json();
    assert_eq!((&plan["endpoints"]["re_run"], &plan["summary"]["replace"]), (&json!(0), &json!(0)));
    let reached = one(&plan, "COL-2", "newly_targeted");
    assert_eq!((&reached["subject"], &reached["parts"]["run"]), (&json!("task/Chain: Install"), &json!(59)));
}

#[test]
fn seq_1_a_run_that_was_cut_short_is_held_to_what_was_approved_for_the_rest() {
    for more in [16..16, 16..19] {
        let (server, project) = world();
        cut_short(&server, &project);
        let chain = server.item("SequentialTask", "Chain")["guid"].clone();
        server.load(&ran(&chain, more.clone(), false));
        if more.is_empty() {
            project.run(&["apply", "approved.plan"]).exits(0);
            assert_ne!(server.item("SequentialTask", "Chain")["guid"], chain);
        } else {
            let refused = project.run(&["apply", "approved.plan"]).exits(4).one_message();
            assert!(refused.err.contains("15") && refused.err.contains("18"), "{}", refused.err);
            assert_eq!(server.item("SequentialTask", "Chain")["guid"], chain, "nothing was written");
        }
    }
}

/// A plan that was approved for fifteen, of which one step was made before the run ended: that of a package.
fn cut_short(server: &Server, project: &Project) {
    let chain = server.item("SequentialTask", "Chain")["guid"].clone();
    server.load(&ran(&chain, 1..16, true));
    project.edit("delivery/all.yaml", |text| {
        text.replace(
            "    - {package: System, program: Settings}\n    - {package: System, program: Install}\n",
            "    - {package: System, program: Install}\n    - {package: System, program: Settings}\n",
        )
        .replace("source: {unc:", "publisher: Us\n  source: {unc:")
    });
    let plan = project.run(&["plan", "--out", "approved.plan", "--format", "json"]).exits(0).json();
    project.run(&["apply", "--auto-approve", "--target", "package/System"]).exits(0);
    let made = server.item("Package", "System");
    let of_package =
        |step: &&Value| plan["resource_changes"][step["change"].as_u64().unwrap() as usize]["key"]["kind"] == "Package";
    let step = plan["steps"].as_array().unwrap().iter().find(of_package).unwrap()["id"].clone();
    let begin = json!({ "type": "begin", "journal": 1, "plan": plan["hash"], "instance": plan["server"]["identity"]["instance"], "time": jiff::Timestamp::now() });
    let done =
        json!({ "type": "done", "steps": [step], "made": [{ "guid": made["guid"], "revision": made["revision"] }] });
    let text = format!("{begin}\n{done}\n{}\n", json!({ "type": "end", "whole": false }));
    project.write(".consign/journal/20260101T000000.000000Z-earlier.ndjson", &text);
}

#[test]
fn seq_6_a_sequential_task_that_was_asked_for_at_the_portal_runs_and_is_nobodys_to_plan() {
    let (server, project) = world();
    project.replace(
        "delivery/all.yaml",
        "spec:\n  collections: [Desks]\n  steps:",
        "spec:\n  collections: [Pilot]\n  portal: {grants: [{principal: 'CORP\\anna', right: install}]}\n  steps:",
    );
    project.edit("consign.yaml", |text| text.replace("    folders:", "    prune: true\n    folders:"));
    project.apply();
    // A computer on the second floor, which the sequence itself does not reach.
    let chain = server.item("SequentialTask", "Chain");
    let body = json!({ "computer": guid(40), "user": r"CORP\anna", "sequence": chain["guid"] });
    let request = server.ask("POST", "/v1/portal/requests", &[], Some(&body)).is(201).json();
    assert_eq!(request["status"], "Approved");
    let forecast = project.run(&["forecast", "--days", "1", "--format", "json"]).exits(0).json();
    let tasks = forecast["tasks"].as_array().unwrap();
    let asked = tasks.iter().find(|task| task["key"]["name"] == "Software Request : Chain").unwrap();
    assert_eq!((&asked["reached"], &asked["succeeded"]), (&json!(1), &json!(1)), "{asked:#}");
    let one = project.run(&["computer", "PC-40", "--days", "1"]).exits(0).out;
    assert!(one.contains("Software Request : Chain"), "{one}");
    project.run(&["plan"]).exits(0).says("0 to delete");
    project.is_settled();
    assert_eq!(server.item("SequentialTask", "Software Request : Chain")["guid"], request["task"]);
}
