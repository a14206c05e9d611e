//! Incidents of the portal (PTL-5), and requests for sequential tasks (SEQ-6).

use consign::server::Limits;
use consign::server::Store;
use serde_json::Value;
use serde_json::json;

use super::Answer;
use super::World;
use super::ask;
use super::fleet::computer;
use super::fleet::guid;
use super::portal::DAY;
use super::portal::USER;
use super::portal::estate;
use super::text;

impl World {
    /// As the administrator.
    async fn incident(&self, number: &Value, word: &str, body: Option<Value>) -> Answer {
        self.write("POST", &format!("/v1/portal/incidents/{number}/{word}"), &[], body).await
    }

    async fn open(&self, number: &Value) -> Value {
        self.incident(number, "open", None).await.ok(200)
    }

    async fn tick(&self, number: &Value, requests: &[&Value]) -> Answer {
        let numbers: Vec<_> = requests.iter().map(|request| request["id"].clone()).collect();
        self.incident(number, "decide", Some(json!({ "approve": numbers }))).await
    }

    async fn request_sequence(&self, n: u32, sequence: &Value) -> Answer {
        let body = json!({ "computer": guid(n), "user": USER, "sequence": sequence["guid"] });
        self.send(ask("POST", "/v1/portal/requests", &self.applier, &[], Some(body))).await
    }

    /// A sequential task of two steps, the second after the first, that the user may ask for in a way.
    async fn bundle(&self, package: &Value, program: &Value, right: &str) -> Value {
        let step = json!({ "package": package["guid"], "program": program["guid"] });
        let mut second = step.clone();
        second["dependsOn"] = json!([{ "step": 1, "returnCodes": [0, 3010] }]);
        let grants = json!([{ "principal": USER, "right": right }]);
        let spec = json!({ "steps": [step, second], "priority": 4, "portal": { "inherit": false, "grants": grants } });
        self.make(json!({ "kind": "SequentialTask", "name": "Office", "spec": spec })).await
    }
}

#[tokio::test]
async fn ptl_5_requests_join_one_incident_a_program_until_its_approval_is_opened() {
    let (world, p, a) = estate().await;
    let b = world.program(&p, "B").await;
    for program in [&a, &b] {
        world.grant(program, USER, "installOnApproval").await;
    }
    let first = world.request(1, USER, &p, &a).await.ok(201);
    let second = world.request(2, USER, &p, &a).await.ok(201);
    let of_b = world.request(1, USER, &p, &b).await.ok(201);
    assert_eq!((&first["incident"], &second["incident"]), (&json!(1), &json!(1)));
    assert_eq!(of_b["incident"], 2, "another program has another incident");
    let listed = world.get("/v1/portal/incidents?limit=1").await.ok(200);
    assert_eq!((listed["incidents"].as_array().unwrap().len(), &listed["next"]), (1, &json!(1)));
    let shown = &listed["incidents"][0];
    assert_eq!((&shown["package"], &shown["program"], &shown["sequence"]), (&p["guid"], &a["guid"], &Value::Null));
    assert_eq!((&shown["requests"], &shown["openedAt"]), (&json!([first, second]), &Value::Null));
    let rest = world.get("/v1/portal/incidents?after=1").await.ok(200);
    assert_eq!(rest["incidents"][0], world.get("/v1/portal/incidents/2").await.ok(200));
    // Opening it closes it to later requests; opening it again changes nothing.
    world.clock.advance_seconds(60);
    let opened = world.open(&json!(1)).await;
    assert_eq!(opened["openedAt"], world.app.now().to_string());
    world.clock.advance_seconds(60);
    assert_eq!(world.open(&json!(1)).await, opened);
    let late = world.request(3, USER, &p, &a).await.ok(201);
    assert_eq!(late["incident"], 3);
    assert_eq!(world.request(1, USER, &p, &b).await.ok(201)["incident"], 2);
    // Who is not ticked is rejected.
    let decided = world.tick(&json!(1), &[&second]).await.ok(200);
    let statuses: Vec<_> = decided["requests"].as_array().unwrap().iter().map(|one| text(&one["status"])).collect();
    assert_eq!(statuses, ["Rejected", "Approved"]);
    assert!(world.jobs(1).await.is_empty());
    assert_eq!(world.jobs(2).await, ["Software Request : A"]);
    assert_eq!(world.status(&late).await, "AwaitingApproval", "it is of the next incident");
    let log = world.get("/v1/audit").await.ok(200);
    let said: Vec<_> = log["entries"].as_array().unwrap().iter().filter(|row| row["action"] == "portal").collect();
    let said: Vec<_> = said.iter().map(|row| text(&row["name"])).collect();
    assert_eq!(said.iter().filter(|name| **name == "portal incident 1: opened").count(), 1);
    assert_eq!(said[said.len() - 2..], ["portal request 1: Rejected", "portal request 2: Approved"]);
}

#[tokio::test]
async fn ptl_5_nobody_is_rejected_unseen_and_nobody_decided_twice() {
    let (world, p, a) = estate().await;
    world.grant(&a, USER, "installOnApproval").await;
    let first = world.request(1, USER, &p, &a).await.ok(201);
    let number = first["incident"].clone();
    let refused = world.tick(&number, &[&first]).await;
    let details = refused.refused(422, "invalid");
    assert_eq!((text(&details["rule"]), text(&details["field"])), ("PTL-5", "incident"));
    assert!(String::from_utf8_lossy(&refused.body).contains("open it first"));
    world.open(&number).await;
    let other = world.request(2, USER, &p, &a).await.ok(201);
    let details = world.tick(&number, &[&first, &other]).await.refused(422, "invalid");
    assert_eq!((text(&details["field"]), &details["request"]), ("approve", &other["id"]));
    assert_eq!(world.status(&first).await, "AwaitingApproval", "nothing of it was done");
    world.tick(&number, &[]).await.ok(200);
    assert_eq!(world.status(&first).await, "Rejected", "no name was ticked");
    assert_eq!(world.tick(&number, &[]).await.refused(422, "invalid")["rule"], "PTL-5");
    // Who decides on a request alone has opened its incident too.
    world.decide(&other, "approve").await.ok(200);
    let third = world.request(3, USER, &p, &a).await.ok(201);
    assert_ne!(third["incident"], other["incident"]);
    for (method, path) in [("GET", "/v1/portal/incidents/99"), ("POST", "/v1/portal/incidents/99/open")] {
        world.write(method, path, &[], None).await.refused(404, "not_found");
    }
    world.tick(&json!(99), &[]).await.refused(404, "not_found");
    world.incident(&third["incident"], "decide", Some(json!({}))).await.refused(422, "invalid");
}

#[tokio::test]
async fn ptl_5_an_incident_goes_with_the_last_of_its_requests() {
    let (world, p, a) = estate().await;
    world.grant(&a, USER, "installOnApproval").await;
    world.purge_after("unusedPortalRequestsSeconds", 1).await;
    let (first, second) = (world.request(1, USER, &p, &a).await.ok(201), world.request(2, USER, &p, &a).await.ok(201));
    world.open(&json!(1)).await;
    world.decide(&first, "reject").await.ok(200);
    world.clock.advance_seconds(2 * DAY);
    assert_eq!(world.purge().await["portalRequests"], 1);
    assert_eq!(world.get("/v1/portal/incidents/1").await.ok(200)["requests"], json!([second]));
    world.decide(&second, "reject").await.ok(200);
    world.clock.advance_seconds(2 * DAY);
    assert_eq!(world.purge().await["portalRequests"], 1);
    world.get("/v1/portal/incidents/1").await.refused(404, "not_found");
    assert_eq!(world.request(1, USER, &p, &a).await.ok(201)["incident"], 2, "numbers are not given twice");
}

#[tokio::test]
async fn seq_6_a_sequential_task_is_asked_for_as_a_whole_with_rights_from_its_folder() {
    let (world, p, a) = estate().await;
    let grants = json!({ "grants": [{ "principal": USER, "right": "install" }] });
    let folder = world.make(json!({ "kind": "Folder", "name": "Bundles", "spec": { "portal": grants } })).await;
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    let spec = json!({ "steps": [step] });
    let body = json!({ "kind": "SequentialTask", "name": "S", "folder": folder["guid"], "spec": spec });
    let inherits = world.make(body).await;
    let request = world.request_sequence(1, &inherits).await.ok(201);
    assert_eq!((text(&request["status"]), &request["incident"]), ("Approved", &Value::Null));
    assert_eq!((&request["sequence"], &request["program"]), (&inherits["guid"], &Value::Null));
    assert_eq!(world.jobs(1).await, ["Software Request : S"]);
    let outside = world.make(json!({ "kind": "SequentialTask", "name": "T", "spec": spec })).await;
    let refused = world.request_sequence(1, &outside).await;
    assert_eq!(refused.refused(403, "forbidden")["rule"], "PTL-1");
    assert!(String::from_utf8_lossy(&refused.body).contains("this sequential task"));
    // PTL-4: a hidden sequential task with its steps, as soon as possible, for the one computer, and all else as it is
    // by default.
    let bundle = world.bundle(&p, &a, "install").await;
    let request = world.request_sequence(2, &bundle).await.ok(201);
    let made = world.item(&request["task"]).await.unwrap();
    assert_eq!((text(&made["kind"]), text(&made["name"])), ("SequentialTask", "Software Request : Office"));
    assert_eq!((&made["attributes"], &made["spec"]["priority"]), (&json!(["hidden"]), &json!(2)));
    assert_eq!(made["spec"]["run"], json!({ "type": "asSoonAsPossible" }));
    assert_eq!(made["spec"]["collections"], json!([request["collection"]]));
    let same = |item: &Value| -> Vec<Value> {
        let steps = item["spec"]["steps"].as_array().unwrap().iter();
        steps.map(|step| json!([step["package"], step["program"], step["dependsOn"]])).collect()
    };
    assert_eq!(same(&made), same(&bundle));
    assert_eq!(world.jobs(2).await, ["Software Request : Office"]);
    assert_eq!(world.jobs(3).await, [""; 0]);
    // Its computer says how the whole went.
    world.says(2, &request["task"], true).await;
    assert_eq!(world.status(&request).await, "ExecutionSuccess");
}

#[tokio::test]
async fn seq_6_a_request_names_a_program_or_a_sequential_task_and_what_it_names_is_there() {
    let (world, p, a) = estate().await;
    let bundle = world.bundle(&p, &a, "install").await;
    for (more, field) in [
        (json!({}), "program"),
        (json!({ "package": p["guid"] }), "program"),
        (json!({ "program": a["guid"] }), "program"),
        (json!({ "package": p["guid"], "program": a["guid"], "sequence": bundle["guid"] }), "program"),
    ] {
        let mut body = json!({ "computer": guid(1), "user": USER });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = world.send(ask("POST", "/v1/portal/requests", &world.applier, &[], Some(body))).await;
        assert_eq!(answer.refused(422, "invalid")["field"], field, "{more}");
    }
    assert_eq!(world.request_sequence(1, &a).await.refused(409, "unknown_reference")["field"], "sequence");
}

#[tokio::test]
async fn seq_6_a_request_follows_a_sequential_task_that_gets_another_guid() {
    let (world, p, a) = estate().await;
    let bundle = world.bundle(&p, &a, "installOnApproval").await;
    let waits = world.request_sequence(1, &bundle).await.ok(201);
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    let after = world.put(&bundle, |body| body["spec"]["steps"] = json!([step])).await.ok(200);
    assert_ne!(after["guid"], bundle["guid"]); // SEQ-1
    assert_eq!(world.request_sequence(2, &after).await.ok(201)["incident"], waits["incident"]);
    let approved = world.decide(&waits, "approve").await.ok(200);
    assert_eq!((&approved["status"], &approved["sequence"]), (&json!("Approved"), &after["guid"]));
    let made = world.item(&approved["task"]).await.unwrap();
    assert_eq!(made["spec"]["steps"].as_array().unwrap().len(), 1, "as it is when it is approved");
    // So does what was made for one, and an open one whose task is deleted comes to nothing.
    let changed = world.put(&made, |body| body["spec"]["steps"] = json!([step, step])).await.ok(200);
    let path = format!("/v1/portal/requests/{}", approved["id"]);
    assert_eq!(world.get(&path).await.ok(200)["task"], changed["guid"]);
    world.delete(&changed).await.ok(204);
    assert_eq!(world.status(&approved).await, "RequestProcessingFailed");
}

#[tokio::test]
async fn pur_3_a_requested_sequential_task_goes_and_its_entries_after_their_own_time() {
    let (world, p, a) = estate().await;
    let bundle = world.bundle(&p, &a, "install").await;
    let request = world.request_sequence(1, &bundle).await.ok(201);
    world.says(1, &request["task"], true).await;
    world.delete(&bundle).await.ok(204);
    world.purge_after("unusedPortalRequestsSeconds", 1).await;
    world.clock.advance_seconds(DAY);
    let purged = world.purge().await;
    let counts = ["portalRequests", "portalTasks", "portalCollections", "removed"].map(|name| purged[name].clone());
    assert_eq!(counts, [json!(1), json!(1), json!(1), json!(0)]);
    assert!(world.item(&request["task"]).await.is_none());
    world.purge_after("unusedSequenceEntriesSeconds", 1).await;
    world.clock.advance_seconds(DAY);
    world.purge().await;
    assert_eq!(world.get("/v1/items?kind=StepTask").await.ok(200)["items"], json!([]));
}

/// What the second form of a database held of requests.
const SECOND: &str = "
    INSERT INTO portal_requests (id, computer, user, package, program, status, created_ms, changed_ms)
    VALUES (3, '00000000-0000-0000-0000-000000000001', 'CORP\\anna', '00000000-0000-0000-0000-0000000000aa',
            '00000000-0000-0000-0000-0000000000bb', 'AwaitingApproval', 1000, 1000),
           (4, '00000000-0000-0000-0000-000000000001', 'CORP\\anna', '00000000-0000-0000-0000-0000000000aa',
            '00000000-0000-0000-0000-0000000000bb', 'Rejected', 2000, 2000),
           (9, '00000000-0000-0000-0000-000000000001', 'CORP\\anna', '00000000-0000-0000-0000-0000000000aa',
            '00000000-0000-0000-0000-0000000000bb', 'Rejected', 2000, 2000);
    DELETE FROM portal_requests WHERE id = 9;
    PRAGMA user_version = 2;
    PRAGMA application_id = 1129531214;";

#[tokio::test]
async fn ptl_5_a_database_of_the_form_before_keeps_its_requests_and_those_that_wait_get_an_incident() {
    let dir = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::from_path_buf(dir.path().join("consign.db")).unwrap();
    let before = rusqlite::Connection::open(&path).unwrap();
    for step in ["0001", "0002"] {
        let root = env!("CARGO_MANIFEST_DIR");
        let text = std::fs::read_to_string(format!("{root}/src/server/store/migrations/{step}.sql")).unwrap();
        before.execute_batch(&text).unwrap();
    }
    before.execute_batch(SECOND).unwrap();
    drop(before);
    let world = World::over(Store::open(&path).unwrap(), Limits::default());
    let all = world.get("/v1/portal/requests").await.ok(200)["requests"].clone();
    let shown: Vec<_> =
        all.as_array().unwrap().iter().map(|one| (one["id"].clone(), one["incident"].clone())).collect();
    assert_eq!(shown, [(json!(3), json!(1)), (json!(4), Value::Null)]);
    assert_eq!(all[0]["program"], "00000000-0000-0000-0000-0000000000bb");
    assert_eq!(world.get("/v1/portal/incidents/1").await.ok(200)["requests"], json!([all[0]]));
    world.load(&[computer(1, "ONE")]).await;
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    world.grant(&a, USER, "install").await;
    assert_eq!(world.request(1, USER, &p, &a).await.ok(201)["id"], 10, "nine was given once");
}
