//! The rules of the domain that the server keeps by itself.

use serde_json::Value;
use serde_json::json;

use super::World;
use super::text;

const PROGRAMS_FOLDER: &str = "1fc86e41-b94f-4769-9457-1cf90a47bc6a";

async fn sequence(world: &World, steps: &[(&Value, &Value)]) -> Value {
    let steps: Vec<_> = steps.iter().map(|(a, b)| json!({ "package": a["guid"], "program": b["guid"] })).collect();
    world.make(json!({ "kind": "SequentialTask", "name": "New desktop", "spec": { "steps": steps } })).await
}

async fn hidden(world: &World) -> Vec<Value> {
    let all = world.get("/v1/items?kind=StepTask").await.ok(200);
    all["items"].as_array().unwrap().clone()
}

async fn rows(world: &World, query: &str) -> Vec<Value> {
    let all = world.get(&format!("/v1/references?{query}")).await.ok(200);
    assert_eq!(all["next"], Value::Null);
    all["references"].as_array().unwrap().clone()
}

fn users(details: &Value) -> Vec<(String, String)> {
    let one = |user: &Value| (text(&user["name"]).to_owned(), text(&user["hint"]).to_owned());
    details["users"].as_array().unwrap().iter().map(one).collect()
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
        let tasks = |item: &Value| -> Vec<String> {
            item["spec"]["steps"].as_array().unwrap().iter().map(|step| text(&step["task"]).to_owned()).collect()
        };
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

#[tokio::test]
async fn pkg_8_what_is_in_use_is_not_deleted_and_every_user_is_named() {
    let world = World::new();
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let pair = json!({ "package": p["guid"], "program": a["guid"] });
    let task = world.make(json!({ "kind": "Task", "name": "T", "spec": pair })).await;
    let policy = json!({ "kind": "DeliveryPolicy", "name": "D", "spec": { "resources": [pair] } });
    let policy = world.make(policy).await;
    let s = sequence(&world, &[(&p, &a)]).await;
    let details = world.delete(&p).await.refused(409, "in_use");
    assert_eq!(details["rule"], "PKG-8");
    let named: Vec<_> = users(&details);
    let expected = [
        ("D", "manageddelivery uses software resource"),
        ("A", "packagecontainsprogram"),
        ("New desktop", "swdadvertisement uses swdpackage"),
        ("T", "swdadvertisement uses swdpackage"),
    ];
    assert_eq!(named, expected.map(|(name, hint)| (name.to_owned(), hint.to_owned())));
    let mut left = users(&world.delete(&a).await.refused(409, "in_use")).len();
    for user in [&task, &policy, &s] {
        assert_eq!(users(&world.delete(&a).await.refused(409, "in_use")).len(), left);
        world.delete(user).await.ok(204);
        left -= 1;
    }
    world.delete(&a).await.ok(204);
    world.delete(&p).await.ok(204);
}

#[tokio::test]
async fn collections_and_folders_in_use_stay() {
    let world = World::new();
    let (c, d) = (world.collection("C").await, world.collection("D").await);
    let guid = c["guid"].clone();
    let schedule = json!({ "type": "daily", "time": "17:00" });
    for (field, hint) in [
        (json!({ "include": [guid] }), "collectionincludescollection"),
        (json!({ "exclude": [guid] }), "collectionexcludescollection"),
        (json!({ "limitedTo": guid }), "collectionlimitedbycollection"),
    ] {
        let fresh = world.fresh(&d).await;
        world.put(&fresh, |body| body["spec"] = field).await.ok(200);
        assert_eq!(users(&world.delete(&c).await.refused(409, "in_use")), [("D".to_owned(), hint.to_owned())]);
    }
    world.delete(&world.fresh(&d).await).await.ok(204);
    for (kind, spec) in [
        ("MaintenanceWindow", json!({ "schedule": schedule, "durationMinutes": 60, "collections": [guid] })),
        ("PortalSettings", json!({ "collections": [guid] })),
        ("AgentSettings", json!({ "collections": [guid] })),
        ("PatchPlugin", json!({ "collections": [guid] })),
    ] {
        let user = world.make(json!({ "kind": kind, "name": kind, "spec": spec })).await;
        let details = world.delete(&c).await.refused(409, "in_use");
        assert_eq!(users(&details), [(kind.to_owned(), "policyappliestocollection".to_owned())]);
        world.delete(&user).await.ok(204);
    }
    world.delete(&c).await.ok(204);

    let folder = world.make(json!({ "kind": "Folder", "name": "F", "spec": {} })).await;
    let inner = json!({ "kind": "Package", "name": "P", "folder": folder["guid"], "spec": {} });
    let inner = world.make(inner).await;
    let details = world.delete(&folder).await.refused(409, "in_use");
    assert_eq!(users(&details), [("P".to_owned(), "folderchilditem".to_owned())]);
    let moved = world.put(&inner, |body| body["folder"] = Value::Null).await.ok(200);
    assert_eq!(moved["folder"], Value::Null);
    assert!(rows(&world, &format!("child={}", text(&inner["guid"]))).await.is_empty());
    world.delete(&folder).await.ok(204);
}

#[tokio::test]
async fn prg_13_a_program_is_an_item_of_its_own_in_the_hidden_folder() {
    let world = World::new();
    let p = world.package("P").await;
    let before = world.app.state().unwrap();
    let a = world.program(&p, "A").await;
    assert_eq!((text(&a["folder"]), &a["package"]), (PROGRAMS_FOLDER, &p["guid"]));
    assert!(world.app.state().unwrap() > before);
    assert_eq!(world.fresh(&p).await, p, "a program is no change of its package");
    let found = rows(&world, &format!("child={}", text(&a["guid"]))).await;
    let shown: Vec<_> =
        found.iter().map(|row| (text(&row["parent"]), text(&row["hint"]), text(&row["type"]))).collect();
    let package = text(&p["guid"]);
    assert!(shown.contains(&(package, "packagecontainsprogram", "DependentChild")));
    assert!(shown.iter().any(|(parent, hint, _)| (*parent, *hint) == (PROGRAMS_FOLDER, "folderchilditem")));
    for (body, status, code) in [
        (json!({ "kind": "Program", "name": "B", "spec": {} }), 422, "invalid"),
        (json!({ "kind": "Program", "name": "B", "package": a["guid"], "spec": {} }), 409, "unknown_reference"),
        (json!({ "kind": "Program", "name": "A", "package": p["guid"], "spec": {} }), 412, "revision_moved"),
        (json!({ "kind": "Package", "name": "B", "package": p["guid"], "spec": {} }), 422, "invalid"),
        (json!({ "kind": "Package", "name": "B", "folder": PROGRAMS_FOLDER, "spec": {} }), 409, "unknown_reference"),
    ] {
        world.create(body).await.refused(status, code);
    }
    let q = world.package("Q").await;
    world.program(&q, "A").await; // One name in two packages.
}

#[tokio::test]
async fn tsk_3_a_task_runs_a_program_of_its_package() {
    let world = World::new();
    let (p, q) = (world.package("P").await, world.package("Q").await);
    let a = world.program(&p, "A").await;
    let wrong = json!({ "package": q["guid"], "program": a["guid"] });
    for (kind, spec, field) in [
        ("Task", wrong.clone(), "spec/program"),
        ("SequentialTask", json!({ "steps": [wrong] }), "spec/steps/0/program"),
        ("DeliveryPolicy", json!({ "resources": [wrong] }), "spec/resources/0/program"),
    ] {
        let details = world.create(json!({ "kind": kind, "name": "T", "spec": spec })).await.refused(422, "invalid");
        assert_eq!((text(&details["rule"]), text(&details["field"])), ("TSK-3", field));
    }
    let nothing = "00000000-0000-0000-0000-000000000001";
    let spec = json!({ "package": p["guid"], "program": a["guid"], "collections": [nothing] });
    let details = world.create(json!({ "kind": "Task", "name": "T", "spec": spec })).await;
    let details = details.refused(409, "unknown_reference");
    assert_eq!((text(&details["field"]), text(&details["guid"])), ("spec/collections/0", nothing));
}

#[tokio::test]
async fn tsk_2_mw_9_pkg_2_and_ptl_1_are_refused_with_their_rule() {
    let world = World::new();
    let window = json!({ "schedule": { "type": "daily", "time": "17:00" }, "durationMinutes": 4 });
    let grants = json!({ "portal": { "grants": [{ "principal": "a", "right": "modify" }] } });
    let p = world.package("P").await;
    for (kind, package, spec, rule) in [
        ("SequentialTask", None, json!({ "priority": 5 }), "TSK-2"),
        ("MaintenanceWindow", None, window, "MW-9"),
        ("Package", None, json!({ "source": { "type": "url", "url": "https://x" } }), "PKG-2"),
        ("Program", Some(&p["guid"]), grants, "PTL-1"),
        ("Program", Some(&p["guid"]), json!({ "maxRunTimeMinutes": -1 }), "PRG-3"),
    ] {
        let body = json!({ "kind": kind, "name": "x", "package": package, "spec": spec });
        assert_eq!(world.create(body).await.refused(422, "invalid")["rule"], rule);
    }
    let zero = json!({ "kind": "Program", "name": "x", "package": p["guid"], "spec": { "maxRunTimeMinutes": 0 } });
    assert_eq!(world.make(zero).await["spec"]["maxRunTimeMinutes"], 360); // PRG-3
}

#[tokio::test]
async fn ptl_2_programs_inherit_from_the_programs_folder_unless_that_is_broken() {
    let world = World::new();
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let path = format!("/v1/items/{}/rights", text(&a["guid"]));
    let rights = world.get(&path).await.ok(200);
    let names: Vec<_> = rights["rights"].as_array().unwrap().iter().map(|right| text(&right["principal"])).collect();
    assert_eq!(names, ["Altiris Administrators", "NS Application Identity", "Creator"]);
    assert!(rights["rights"].as_array().unwrap().iter().all(|right| {
        (text(&right["origin"]), text(&right["from"]), text(&right["right"]))
            == ("inherited", PROGRAMS_FOLDER, "install")
    }));
    let defaults = world.get(&format!("/v1/items/{PROGRAMS_FOLDER}")).await.ok(200);
    let grants = json!([{ "principal": "CORP\\Helpdesk", "right": "install" }]);
    world.put(&defaults, |body| body["spec"]["grants"] = grants).await.ok(200);
    let own = json!([{ "principal": "CORP\\Staff", "right": "installOnApproval" }]);
    let a = world.put(&a, |body| body["spec"]["portal"]["grants"] = own).await.ok(200);
    let rights = world.get(&path).await.ok(200)["rights"].clone();
    let shown: Vec<_> =
        rights.as_array().unwrap().iter().map(|r| (text(&r["principal"]), text(&r["origin"]))).collect();
    assert_eq!(shown, [("CORP\\Staff", "own"), ("CORP\\Helpdesk", "inherited")]);
    world.put(&a, |body| body["spec"]["portal"]["inherit"] = false.into()).await.ok(200);
    let rights = world.get(&path).await.ok(200);
    assert_eq!((rights["inherit"].clone(), rights["rights"].as_array().unwrap().len()), (json!(false), 1));
    let of_package = world.get(&format!("/v1/items/{}/rights", text(&p["guid"]))).await;
    assert_eq!(of_package.refused(422, "invalid")["rule"], "PTL-1");
}

#[tokio::test]
async fn seq_6_a_sequence_inherits_from_its_folders() {
    let world = World::new();
    let grant = |name: &str| json!({ "grants": [{ "principal": name, "right": "install" }] });
    let top = world.make(json!({ "kind": "Folder", "name": "Top", "spec": { "portal": grant("top") } })).await;
    let spec = json!({ "portal": grant("mid") });
    let mid = world.make(json!({ "kind": "Folder", "name": "Mid", "folder": top["guid"], "spec": spec })).await;
    let s = json!({ "kind": "SequentialTask", "name": "S", "folder": mid["guid"], "spec": { "portal": grant("own") } });
    let s = world.make(s).await;
    let path = format!("/v1/items/{}/rights", text(&s["guid"]));
    let names = async || -> Vec<String> {
        let rights = world.get(&path).await.ok(200);
        rights["rights"].as_array().unwrap().iter().map(|right| text(&right["principal"]).to_owned()).collect()
    };
    assert_eq!(names().await, ["own", "mid", "top"]);
    world.put(&mid, |body| body["spec"]["portal"]["inherit"] = false.into()).await.ok(200);
    assert_eq!(names().await, ["own", "mid"]);
}

#[tokio::test]
async fn col_1_collections_make_no_cycle() {
    let world = World::new();
    let (a, b, c) = (world.collection("A").await, world.collection("B").await, world.collection("C").await);
    world.put(&a, |body| body["spec"]["include"] = json!([b["guid"]])).await.ok(200);
    world.put(&b, |body| body["spec"]["exclude"] = json!([c["guid"]])).await.ok(200);
    for spec in
        [json!({ "limitedTo": a["guid"] }), json!({ "include": [b["guid"]] }), json!({ "exclude": [c["guid"]] })]
    {
        let details = world.put(&c, |body| body["spec"] = spec).await.refused(409, "cycle");
        assert_eq!(details["rule"], "COL-1");
    }
    assert_eq!(world.fresh(&c).await, c);
    // Two ways to the same collection are no cycle.
    let fresh = world.fresh(&a).await;
    world.put(&fresh, |body| body["spec"]["include"] = json!([b["guid"], c["guid"]])).await.ok(200);
    let folder = world.make(json!({ "kind": "Folder", "name": "F", "spec": {} })).await;
    let inner = json!({ "kind": "Folder", "name": "G", "folder": folder["guid"], "spec": {} });
    let inner = world.make(inner).await;
    for parent in [&folder, &inner] {
        world.put(&folder, |body| body["folder"] = parent["guid"].clone()).await.refused(409, "cycle");
    }
}

#[tokio::test]
async fn folders_are_no_deeper_than_readers_follow() {
    let world = World::new();
    let folder = |name: String, parent: &Value| json!({ "kind": "Folder", "name": name, "folder": parent, "spec": {} });
    // 65 levels: the deepest lies within 64 others.
    let mut chain = vec![world.make(folder("f0".to_owned(), &Value::Null)).await];
    for n in 1..=64 {
        let parent = chain[n - 1]["guid"].clone();
        chain.push(world.make(folder(format!("f{n}"), &parent)).await);
    }
    let deepest = chain[64]["guid"].clone();
    let details = world.create(folder("deeper".to_owned(), &deepest)).await.refused(422, "invalid");
    assert_eq!(details["field"], "folder");
    // Nor by moving what has folders below it.
    let top = world.make(folder("top".to_owned(), &Value::Null)).await;
    let inner = world.make(folder("inner".to_owned(), &top["guid"])).await;
    world.put(&top, |body| body["folder"] = deepest.clone()).await.refused(422, "invalid");
    world.put(&top, |body| body["folder"] = chain[63]["guid"].clone()).await.refused(422, "invalid");
    let top = world.put(&top, |body| body["folder"] = chain[62]["guid"].clone()).await.ok(200);
    world.put(&chain[0], |body| body["folder"] = inner["guid"].clone()).await.refused(409, "cycle");
    world.put(&top, |body| body["spec"]["description"] = "x".into()).await.ok(200);
    // A package may lie in the deepest.
    world.make(json!({ "kind": "Package", "name": "p", "folder": deepest, "spec": {} })).await;
}

#[tokio::test]
async fn built_in_and_protected_items_stay_as_they_are() {
    let world = World::new();
    let computers = world.get("/v1/items/eb3a1a12-e1c7-4431-b060-f0333e4e488c").await.ok(200);
    assert_eq!(
        (text(&computers["name"]), &computers["attributes"]),
        ("All Computers", &json!(["noDelete", "readOnly"]))
    );
    world.get("/v1/items/e3a71b08-1612-44a6-9f71-7d359d5475b4").await.ok(200);
    world.get("/v1/items/6ad3cfe0-fe55-4951-95be-897cf7a77b53").await.ok(200);
    world.put(&computers, |body| body["spec"]["description"] = "x".into()).await.refused(409, "protected");
    world.put(&computers, |body| body["attributes"] = json!([])).await.refused(409, "protected");
    world.delete(&computers).await.refused(409, "protected");
    world.put(&computers, |_| {}).await.ok(200);
    let defaults = world.get(&format!("/v1/items/{PROGRAMS_FOLDER}")).await.ok(200);
    world.delete(&defaults).await.refused(409, "protected");
    world.put(&defaults, |body| body["name"] = "x".into()).await.refused(409, "protected");
    let made = json!({ "kind": "PurgeSettings", "name": "x", "spec": {} });
    world.create(made).await.refused(409, "protected");

    let kept = json!({ "kind": "Package", "name": "P", "attributes": ["noDelete", "readOnly"], "spec": {} });
    let kept = world.make(kept).await;
    world.delete(&kept).await.refused(409, "protected");
    world.put(&kept, |body| body["spec"]["publisher"] = "x".into()).await.refused(409, "protected");
    let free = world.put(&kept, |body| body["attributes"] = json!([])).await.ok(200);
    world.delete(&free).await.ok(204);

    // One of the two attributes is enough to keep an item, and each says so.
    for attribute in ["readOnly", "noDelete"] {
        let made = json!({ "kind": "Package", "name": attribute, "attributes": [attribute], "spec": {} });
        let made = world.make(made).await;
        assert_eq!(world.delete(&made).await.refused(409, "protected")["attribute"], attribute);
        let path = format!("/v1/items/{}", text(&made["guid"]));
        assert_eq!(world.get(&path).await.ok(200)["revision"], made["revision"], "it is there as it was");
        let free = world.put(&made, |body| body["attributes"] = json!([])).await.ok(200);
        world.delete(&free).await.ok(204);
    }
}

#[tokio::test]
async fn a_password_is_kept_and_never_answered() {
    let world = World::new();
    let p = world.package("P").await;
    let run_with = |password: Option<&str>| {
        let mut with = json!({ "type": "account", "account": "CORP\\svc" });
        if let Some(password) = password {
            with["password"] = password.into();
        }
        json!({ "runWith": with })
    };
    let body = |spec: Value| json!({ "kind": "Program", "name": "A", "package": p["guid"], "spec": spec });
    let a = world.make(body(run_with(Some("canary-7f3a")))).await;
    assert_eq!(a["spec"]["runWith"], json!({ "type": "account", "account": "CORP\\svc", "passwordSet": true }));
    let again = world.put(&a, |body| body["spec"] = run_with(Some("canary-7f3a"))).await.ok(200);
    let absent = world.put(&a, |body| body["spec"] = run_with(None)).await.ok(200);
    assert_eq!((&again, &absent), (&a, &a), "the same password, and none sent, are no change");
    let changed = world.put(&a, |body| body["spec"] = run_with(Some("canary-other"))).await.ok(200);
    assert_ne!(changed["revision"], a["revision"]);
    let none = world.put(&changed, |body| body["spec"] = json!({})).await.ok(200);
    let back = world.put(&none, |body| body["spec"] = run_with(None)).await.ok(200);
    assert_eq!(back["spec"]["runWith"]["passwordSet"], false);
    let set = world.put(&back, |body| body["spec"] = run_with(Some("canary-third"))).await.ok(200);
    let same = world.put(&set, |body| body["spec"]["runWith"]["account"] = "corp\\SVC".into()).await.ok(200);
    assert_eq!(same["spec"]["runWith"]["passwordSet"], true, "case is no part of an account's name");
    let other = world.put(&same, |body| body["spec"]["runWith"]["account"] = "CORP\\other".into()).await.ok(200);
    assert_eq!(other["spec"]["runWith"]["passwordSet"], false, "another account never gets the password of the first");
    let again = world.put(&other, |body| body["spec"]["runWith"]["account"] = "CORP\\svc".into()).await.ok(200);
    assert_eq!(again["spec"]["runWith"]["passwordSet"], false, "what was forgotten stays so");
    let other = world
        .put(&again, |body| {
            body["spec"]["runWith"]["account"] = "CORP\\other".into();
            body["spec"]["runWith"]["password"] = "canary-third".into();
        })
        .await
        .ok(200);
    assert_eq!(other["spec"]["runWith"]["passwordSet"], true);
    for path in ["/v1/export", "/v1/audit", "/v1/items?kind=Program", "/v1/references"] {
        let body = world.get(path).await.body;
        assert!(!String::from_utf8_lossy(&body).contains("canary"), "{path}");
    }
    let bad = json!({ "runWith": { "type": "account", "account": 7, "password": "canary" } });
    let refused = world.create(body(bad)).await;
    refused.refused(422, "invalid");
    assert!(!String::from_utf8_lossy(&refused.body).contains("canary"));
}

#[tokio::test]
async fn names_are_bounded_and_unique_in_their_place() {
    let world = World::new();
    let named = |name: &str| json!({ "kind": "Package", "name": name, "spec": {} });
    let long = "x".repeat(256);
    for bad in ["", " ", "a\nb", "a\u{0}b", "a\u{1b}[31m", "\u{85}", long.as_str()] {
        let details = world.create(named(bad)).await.refused(422, "invalid");
        assert_eq!(details["field"], "name", "{bad:?}");
    }
    let longest = "é".repeat(255);
    let one = world.make(named(&longest)).await;
    let two = world.make(named("two")).await;
    let details = world.put(&two, |body| body["name"] = longest.as_str().into()).await.refused(422, "invalid");
    assert_eq!(details["guid"], one["guid"]);
    let slash = json!({ "kind": "Folder", "name": "A/B", "spec": {} });
    world.create(slash).await.refused(422, "invalid");
    world.make(json!({ "kind": "Folder", "name": "two", "spec": {} })).await; // Another kind, the same name.
}
