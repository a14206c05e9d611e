//! Sequential tasks and the hidden tasks of their steps (SEQ-1 … SEQ-8).

use serde_json::Value;
use serde_json::json;

use super::World;
use super::domain::rows;
use super::domain::sequence;
use super::domain::users;
use super::text;

async fn hidden(world: &World) -> Vec<Value> {
    let all = world.get("/v1/items?kind=StepTask").await.ok(200);
    all["items"].as_array().unwrap().clone()
}

/// The hidden tasks of a sequential task, step by step.
fn tasks(item: &Value) -> Vec<String> {
    item["spec"]["steps"].as_array().unwrap().iter().map(|step| text(&step["task"]).to_owned()).collect()
}

#[tokio::test]
async fn seq_1_another_list_of_steps_gives_new_guids() {
    let world = World::new();
    let (p, q) = (world.package("P").await, world.package("Q").await);
    let (a, b) = (world.program(&p, "A").await, world.program(&q, "B").await);
    let folder = world.make(json!({ "kind": "Folder", "name": "F", "spec": {} })).await;
    let target = world.collection("C").await;
    let step = |p: &Value, a: &Value| json!({ "package": p["guid"], "program": a["guid"] });
    let spec = json!({ "steps": [step(&p, &a), step(&q, &b)], "collections": [target["guid"]] });
    let mut at =
        world.make(json!({ "kind": "SequentialTask", "name": "S", "folder": folder["guid"], "spec": spec })).await;
    type Edit = fn(&mut Vec<Value>);
    let edits: [(&str, Edit); 3] = [
        ("reordered", |steps| steps.reverse()),
        ("removed", |steps| drop(steps.pop())),
        ("added", |steps| steps.push(steps[0].clone())),
    ];
    let mut gone = Vec::new();
    for (what, edit) in edits {
        world.clock.advance_seconds(10);
        let after = world.put(&at, |body| edit(body["spec"]["steps"].as_array_mut().unwrap())).await.ok(200);
        assert_ne!(after["guid"], at["guid"], "{what}");
        assert!(tasks(&after).iter().all(|task| !tasks(&at).contains(task)), "{what}");
        gone.push(at["guid"].clone());
        for gone in &gone {
            let details = world.get(&format!("/v1/items/{}", text(gone))).await.refused(404, "not_found");
            assert_eq!(details["replacedBy"], after["guid"], "{what}");
        }
        let last = world.app.effects().unwrap().pop().unwrap();
        let last = serde_json::to_value(last).unwrap();
        assert_eq!((text(&last["action"]), &last["guid"], &last["newGuid"]), ("replace", &at["guid"], &after["guid"]));
        // What refers to it followed: its folder, its collections, its steps.
        let ties = world.get(&format!("/v1/items/{}/references", text(&after["guid"]))).await.ok(200);
        assert_eq!(ties["folder"]["guid"], folder["guid"]);
        assert_eq!(ties["referredToBy"][0]["guid"], folder["guid"]);
        let to: Vec<_> = ties["refersTo"].as_array().unwrap().iter().map(|end| text(&end["guid"])).collect();
        assert_eq!(to.len(), 1 + tasks(&after).len());
        assert!(to.contains(&text(&target["guid"])) && tasks(&after).iter().all(|task| to.contains(&task.as_str())));
        let row = &rows(&world, &format!("parent={}&hint=policyappliestocollection", text(&after["guid"]))).await[0];
        assert_ne!(row["createdAt"], row["modifiedAt"]);
        at = after;
    }
    assert_eq!(world.get("/v1/items?kind=SequentialTask").await.ok(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn seq_2_editing_a_program_or_anything_but_the_list_keeps_the_guid() {
    let world = World::new();
    let p = world.package("P").await;
    let (a, b) = (world.program(&p, "A").await, world.program(&p, "B").await);
    let s = sequence(&world, &[(&p, &a), (&p, &b)]).await;
    world.put(&p, |body| body["spec"]["version"] = "2.0".into()).await.ok(200);
    world.put(&a, |body| body["spec"]["commandLine"] = "other".into()).await.ok(200);
    assert_eq!(world.fresh(&s).await, s);
    let after = world.put(&s, |body| {
        body["name"] = "Renamed".into();
        body["spec"]["steps"][1]["dependsOn"] = json!([{ "step": 1, "returnCodes": [0] }]);
        body["spec"]["steps"][0]["task"] = Value::Null; // Read only: what is sent for it is of no account.
    });
    let after = after.await.ok(200);
    assert_eq!(after["guid"], s["guid"]);
    assert_eq!(after["spec"]["steps"][0]["task"], s["spec"]["steps"][0]["task"]);
    assert_eq!(after["spec"]["steps"][1]["dependsOn"][0]["step"], 1);
    let echoed = world.put(&after, |_| {}).await.ok(200);
    assert_eq!(echoed, after);
}

#[tokio::test]
async fn seq_4_each_step_is_a_hidden_task_of_its_own() {
    let world = World::new();
    let p = world.package("P").await;
    let a = world.program(&p, "Install").await;
    let s = sequence(&world, &[(&p, &a), (&p, &a)]).await;
    let steps = hidden(&world).await;
    assert_eq!(steps.len(), 2);
    for step in &steps {
        assert_eq!(step["name"], "Software Delivery Task for program : Install");
        assert_eq!(step["attributes"], json!(["hidden"]));
        let spec = json!({ "package": p["guid"], "program": a["guid"], "sequence": s["guid"] });
        assert_eq!(step["spec"], spec);
        let ties = world.get(&format!("/v1/items/{}/references", text(&step["guid"]))).await.ok(200);
        let hints: Vec<_> = ties["refersTo"].as_array().unwrap().iter().map(|end| text(&end["hint"])).collect();
        assert_eq!(hints, ["swdadvertisement uses swdpackage", "swdadvertisement uses swdprogram"]);
        assert_eq!(ties["referredToBy"][0]["hint"], "sequentialswditem uses active synchronization item");
        world.delete(step).await.refused(409, "protected");
        world.put(step, |_| {}).await.refused(409, "protected");
    }
    let shown = String::from_utf8(world.get("/v1/state").await.body.to_vec()).unwrap();
    let all = String::from_utf8(world.get("/v1/state?internal=true").await.body.to_vec()).unwrap();
    assert_eq!((shown.matches("StepTask").count(), all.matches("StepTask").count()), (0, 2));
    let renamed = world.put(&a, |body| body["name"] = "Setup".into()).await.ok(200);
    assert_eq!(hidden(&world).await[0]["name"], "Software Delivery Task for program : Setup");
    assert_eq!(hidden(&world).await[0]["guid"], steps[0]["guid"], "{renamed}");
    let made = json!({ "kind": "StepTask", "name": "x", "spec": {} });
    world.create(made).await.refused(409, "protected");
}

#[tokio::test]
async fn seq_7_step_entries_stay_until_they_are_purged_and_hold_nothing() {
    let world = World::new();
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let s = sequence(&world, &[(&p, &a)]).await;
    let used = world.delete(&a).await.refused(409, "in_use");
    assert_eq!(users(&used), [("New desktop".to_owned(), "swdadvertisement uses swdprogram".to_owned())]);
    let s = world.put(&s, |body| {
        let steps = body["spec"]["steps"].as_array_mut().unwrap();
        steps.push(steps[0].clone());
    });
    let s = s.await.ok(200);
    assert_eq!(hidden(&world).await.len(), 3);
    world.delete(&s).await.ok(204);
    let left = hidden(&world).await;
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|step| step["spec"]["sequence"].is_null()));
    // They use nothing any more: package and program can go, and what is exported still loads.
    world.delete(&a).await.ok(204);
    world.delete(&p).await.ok(204);
    let state = world.app.state().unwrap();
    let settings = world.get("/v1/items?kind=PurgeSettings").await.ok(200)["items"][0].clone();
    world.put(&settings, |body| body["spec"]["unusedSequenceEntriesSeconds"] = 0.into()).await.ok(200);
    let state = state.max(world.app.state().unwrap());
    let purged = |removed: u64| json!({ "removed": removed, "portalRequests": 0, "portalTasks": 0, "portalCollections": 0, "executions": 0, "packageEvents": 0, "statusEvents": 0, "sequenceStatus": 0 });
    assert_eq!(world.write("POST", "/v1/purge", &[], None).await.ok(200), purged(3));
    assert!(hidden(&world).await.is_empty());
    assert!(world.app.state().unwrap() > state);
    let state = world.app.state().unwrap();
    assert_eq!(world.write("POST", "/v1/purge", &[], None).await.ok(200), purged(0));
    assert_eq!(world.app.state().unwrap(), state);
}

/// A package with programs A and B; a sequential task of A and B; and one of B, A and A again.
async fn two_sequences(world: &World) -> [Value; 5] {
    let p = world.package("P").await;
    let (a, b) = (world.program(&p, "A").await, world.program(&p, "B").await);
    let first = sequence(world, &[(&p, &a), (&p, &b)]).await;
    let step = |program: &Value| json!({ "package": p["guid"], "program": program["guid"] });
    let spec = json!({ "steps": [step(&b), step(&a), step(&a)] });
    let second = world.make(json!({ "kind": "SequentialTask", "name": "Second", "spec": spec })).await;
    [p, a, b, first, second]
}

#[tokio::test]
async fn seq_8_a_step_that_another_sequence_has_already_is_shared() {
    let world = World::new();
    let [_, a, _, first, second] = two_sequences(&world).await;
    let (of_first, of_second) = (tasks(&first), tasks(&second));
    assert_eq!([&of_second[0], &of_second[1]], [&of_first[1], &of_first[0]], "by program, not by place");
    assert!(!of_first.contains(&of_second[2]), "what runs twice in one sequence has two");
    assert_eq!(hidden(&world).await.len(), 3);
    let links = rows(&world, &format!("child={}&hint={HINT}", of_first[0])).await;
    let mut parents: Vec<_> = links.iter().map(|row| row["parent"].clone()).collect();
    let mut both = vec![first["guid"].clone(), second["guid"].clone()];
    parents.sort_by_key(Value::to_string);
    both.sort_by_key(Value::to_string);
    assert_eq!(parents, both);
    // Whoever would delete the program is told of both.
    let mut named: Vec<_> =
        users(&world.delete(&a).await.refused(409, "in_use")).into_iter().map(|user| user.0).collect();
    named.sort();
    assert_eq!(named, ["New desktop", "Second"]);
    // An export says so too, and what is loaded from it shares as before.
    let export = world.get("/v1/export").await.body;
    let other = World::over(consign::server::Store::in_memory().unwrap(), consign::server::Limits::default());
    other.app.seed(&mut export.as_ref()).unwrap();
    assert_eq!(hidden(&other).await, hidden(&world).await);
    assert_eq!(rows(&other, &format!("child={}&hint={HINT}", of_first[0])).await.len(), 2);
}

/// What links a sequential task to the hidden tasks of its steps, as an address writes it.
const HINT: &str = "sequentialswditem%20uses%20active%20synchronization%20item";

#[tokio::test]
async fn seq_8_a_shared_step_stays_until_the_last_sequence_is_gone() {
    let world = World::new();
    let [_, _, _, first, second] = two_sequences(&world).await;
    let of_first = tasks(&first);
    let owner = async |task: &str| world.get(&format!("/v1/items/{task}")).await.ok(200)["spec"]["sequence"].clone();
    assert_eq!(owner(&of_first[0]).await, first["guid"]);
    world.delete(&first).await.ok(204);
    for task in &of_first {
        assert_eq!(owner(task).await, second["guid"], "the other one has it still");
    }
    world.purge_after("unusedSequenceEntriesSeconds", 0).await;
    assert_eq!(world.purge().await["removed"], 0);
    let shown = world.fresh(&second).await;
    assert_eq!(tasks(&shown), tasks(&second));
    world.delete(&shown).await.ok(204);
    for task in &of_first {
        assert_eq!(owner(task).await, Value::Null); // SEQ-7
    }
    assert_eq!(world.purge().await["removed"], 3);
}

#[tokio::test]
async fn seq_8_another_list_of_steps_shares_with_others_and_leaves_theirs_alone() {
    let world = World::new();
    let [_, _, _, first, second] = two_sequences(&world).await;
    // SEQ-1: it is another task to every computer, and its own entries are others; those of the other sequence are not.
    let again = world.put(&first, |body| body["spec"]["steps"].as_array_mut().unwrap().reverse()).await.ok(200);
    assert_ne!(again["guid"], first["guid"]);
    assert_eq!(world.fresh(&second).await["spec"], second["spec"]);
    assert!(tasks(&again).iter().all(|task| tasks(&second).contains(task)));
    let shortened = world.put(&second, |body| drop(body["spec"]["steps"].as_array_mut().unwrap().pop())).await.ok(200);
    assert_eq!(tasks(&shortened), tasks(&again), "B and A");
    let orphans = hidden(&world).await.into_iter().filter(|step| step["spec"]["sequence"].is_null()).count();
    assert_eq!(orphans, 1, "the second A was its alone");
}
