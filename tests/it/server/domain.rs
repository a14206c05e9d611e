//! The rules of the domain that the server keeps by itself.

use serde_json::Value;
use serde_json::json;

use super::World;
use super::text;

const PROGRAMS_FOLDER: &str = "1fc86e41-b94f-4769-9457-1cf90a47bc6a";

pub async fn sequence(world: &World, steps: &[(&Value, &Value)]) -> Value {
    let steps: Vec<_> = steps.iter().map(|(a, b)| json!({ "package": a["guid"], "program": b["guid"] })).collect();
    world.make(json!({ "kind": "SequentialTask", "name": "New desktop", "spec": { "steps": steps } })).await
}

pub async fn rows(world: &World, query: &str) -> Vec<Value> {
    let all = world.get(&format!("/v1/references?{query}")).await.ok(200);
    assert_eq!(all["next"], Value::Null);
    all["references"].as_array().unwrap().clone()
}

pub fn users(details: &Value) -> Vec<(String, String)> {
    let one = |user: &Value| (text(&user["name"]).to_owned(), text(&user["hint"]).to_owned());
    details["users"].as_array().unwrap().iter().map(one).collect()
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
