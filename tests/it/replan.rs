//! `consign apply PLAN --replan`: no more than what was approved, and no more than what the manifests say now.

use serde_json::Value;
use serde_json::json;

use crate::world::Project;
use crate::world::Server;
use crate::world::assert_plain;

fn collection(name: &str, members: &str) -> String {
    format!("apiVersion: consign/v1\nkind: Collection\nmetadata: {{name: {name}}}\nspec: {{members: [{members}]}}\n")
}

/// A server as its project says, which then asks for another description of `a` and of `b`; its plan in `approved.plan`.
fn approved() -> (Server, Project) {
    let server = Server::start();
    let project =
        Project::of(&server, "", &[("a.yaml", &collection("a", "pc-1")), ("b.yaml", &collection("b", "pc-2"))]);
    project.apply();
    for name in ["a", "b"] {
        project.replace(&format!("delivery/{name}.yaml"), "members:", "description: for tests, members:");
    }
    project.run(&["plan", "--out", "approved.plan"]).exits(0);
    (server, project)
}

fn hash(project: &Project) -> String {
    let plan: Value = serde_json::from_str(&project.read("approved.plan")).unwrap();
    plan["hash"].as_str().unwrap().to_owned()
}

/// Fails unless the approved plan is refused with these words, and nothing was written.
#[track_caller]
fn refused(server: &Server, project: &Project, words: &str) {
    let before = server.writes();
    let ran = project.run(&["apply", "approved.plan", "--replan", "--json-into", "report.json"]).exits(4).one_message();
    assert_plain(&ran);
    let ran = ran.says(words).says("have the new plan reviewed");
    assert_eq!(server.writes(), before, "{}", ran.err);
    assert!(project.read("report.json").contains("\"stale\""), "the report says so, too");
}

#[test]
fn what_has_not_moved_is_applied_as_it_was_approved() {
    let (server, project) = approved();
    let before = server.writes().len();
    project.run(&["apply", "approved.plan", "--replan"]).exits(0).says("it is still plan");
    let written = &server.writes()[before..];
    assert_eq!(written.len(), 2);
    assert!(written.iter().all(|row| row["planHash"] == json!(hash(&project))), "{written:#?}");
    project.is_settled();
    project.run(&["apply", "approved.plan", "--replan"]).exits(0).says("0 to add, 0 to change");
}

#[test]
fn what_is_left_of_an_approved_plan_is_applied() {
    let (server, project) = approved();
    project.run(&["plan", "--target", "collection/a", "--out", "a.plan"]).exits(0);
    project.run(&["apply", "a.plan"]).exits(0);
    let before = server.writes().len();
    project.run(&["apply", "approved.plan", "--replan"]).exits(0).says("lies within plan");
    let written = &server.writes()[before..];
    assert_eq!(written.len(), 1, "{written:#?}");
    assert_ne!(written[0]["planHash"], json!(hash(&project)), "it is the new plan that is applied");
    project.is_settled();
}

#[test]
fn an_approved_plan_that_waited_is_planned_again() {
    let (server, project) = approved();
    let mut plan = consign::plan::file::read(project.read("approved.plan").as_bytes()).unwrap();
    plan.expires = "2020-01-01T00:00:00Z".parse().unwrap();
    plan.hash = consign::plan::file::hash(&plan);
    project.write("approved.plan", &consign::plan::file::write(&plan));
    project.run(&["apply", "approved.plan"]).exits(4);
    project.run(&["apply", "approved.plan", "--replan"]).exits(0).says("lies within plan");
    assert_ne!(server.writes().last().unwrap()["planHash"], json!(hash(&project)), "it is no longer what may be sent");
    project.is_settled();
}

#[test]
fn what_the_manifests_or_the_console_did_since_is_refused() {
    let (server, project) = approved();
    project.write("delivery/c.yaml", &collection("c", "pc-3"));
    refused(&server, &project, "collection/c: to create it was not approved");

    let (server, project) = approved();
    project.replace("delivery/a.yaml", "for tests", "for something else");
    refused(&server, &project, "collection/a: `spec.description` is not what was approved");

    let (server, project) = approved();
    let live = server.items().into_iter().find(|item| item["name"] == "a").unwrap();
    server.change(&live, |body| body["spec"]["description"] = json!("by hand"));
    refused(&server, &project, "collection/a: `spec.description` is not what was approved");
}

#[test]
fn another_database_at_the_same_address_is_another_server() {
    let (server, project) = approved();
    let server = Server::in_place_of(server);
    project.write("token", &server.token);
    refused(&server, &project, "it was approved for another server");
}

#[test]
fn only_a_part_that_was_approved_stays_a_part() {
    let (server, project) = approved();
    project.run(&["plan", "--target", "collection/a", "--out", "approved.plan"]).exits(0);
    let before = server.writes().len();
    project.run(&["apply", "approved.plan", "--replan"]).exits(0).says("it is still plan");
    assert_eq!(server.writes().len(), before + 1, "`b` was not asked for");
}

#[test]
fn what_was_not_to_be_applied_approves_nothing() {
    let (server, project) = approved();
    let before = server.writes();
    let other = "0".repeat(64);
    project.run(&["apply", "approved.plan", "--replan", "--expect-plan-hash", &other]).exits(4).one_message();
    project.run(&["apply", "--replan", "--auto-approve"]).exits(64);
    // A plan that deletes all there is, and is blocked for it.
    let all: Vec<(String, String)> =
        (0..12).map(|n| (format!("x{n}.yaml"), collection(&format!("x{n}"), "pc-1"))).collect();
    for (path, text) in &all {
        project.write(&format!("delivery/{path}"), text);
    }
    project.apply();
    for (path, _) in &all {
        std::fs::remove_file(project.path(&format!("delivery/{path}"))).unwrap();
    }
    project.edit("consign.yaml", |text| format!("{text}    prune: true\n"));
    project.run(&["plan", "--out", "approved.plan"]).exits(3);
    let applied = server.writes();
    assert!(applied.len() > before.len());
    project.run(&["apply", "approved.plan", "--replan"]).exits(3).one_message().says("the plan is blocked");
    assert_eq!(server.writes(), applied);
    project.run(&["apply", "approved.plan", "--replan", "--expect-plan-hash", &hash(&project)]).exits(3);
    // Nor one that was made to say that it is not.
    let mut plan: consign::plan::Plan = serde_json::from_str(&project.read("approved.plan")).unwrap();
    plan.findings.clear();
    plan.applyable = true;
    plan.hash = consign::plan::file::hash(&plan);
    project.write("approved.plan", &consign::plan::file::write(&plan));
    project.run(&["apply", "approved.plan", "--replan"]).exits(3).one_message().says("the plan is blocked");
    assert_eq!(server.writes(), applied);
    // Nor one from before a limit that holds now.
    project.edit("consign.yaml", |text| format!("{text}policy: {{limits: {{PLN-2: 100}}}}\n"));
    project.run(&["plan", "--out", "approved.plan"]).exits(0);
    project.replace("consign.yaml", "PLN-2: 100", "PLN-2: 1");
    project.run(&["apply", "approved.plan", "--replan"]).exits(3).one_message().says("the plan is blocked");
    assert_eq!(server.writes(), applied);
}
