//! Requests of the software portal (PTL-4), and what is purged of them (PUR-3).

use serde_json::Value;
use serde_json::json;

use super::Answer;
use super::World;
use super::ask;
use super::fleet::computer;
use super::fleet::guid;
use super::text;

pub(super) const USER: &str = r"CORP\anna";
pub(super) const DAY: i64 = 86_400;

/// Three computers, two of one name; a package with a program.
pub(super) async fn estate() -> (World, Value, Value) {
    let world = World::new();
    world.load(&[computer(1, "ONE"), computer(2, "TWO"), computer(3, "ONE")]).await;
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    (world, p, a)
}

impl World {
    /// Gives the user a right on a program, and nobody else one.
    pub(super) async fn grant(&self, program: &Value, principal: &str, right: &str) {
        let program = self.fresh(program).await;
        let grants = json!([{ "principal": principal, "right": right }]);
        self.put(&program, |body| body["spec"]["portal"] = json!({ "inherit": false, "grants": grants })).await.ok(200);
    }

    pub(super) async fn request(&self, n: u32, user: &str, package: &Value, program: &Value) -> Answer {
        let body = json!({ "computer": guid(n), "user": user, "package": package["guid"], "program": program["guid"] });
        self.send(ask("POST", "/v1/portal/requests", &self.applier, &[], Some(body))).await
    }

    pub(super) async fn decide(&self, request: &Value, word: &str) -> Answer {
        self.write("POST", &format!("/v1/portal/requests/{}/{word}", request["id"]), &[], None).await
    }

    pub(super) async fn status(&self, request: &Value) -> String {
        let now = self.get(&format!("/v1/portal/requests/{}", request["id"])).await.ok(200);
        text(&now["status"]).to_owned()
    }

    pub(super) async fn item(&self, guid: &Value) -> Option<Value> {
        let answer = self.get(&format!("/v1/items/{}", text(guid))).await;
        (answer.status == 200).then(|| answer.json())
    }

    /// The jobs that a computer is told.
    pub(super) async fn jobs(&self, n: u32) -> Vec<String> {
        let path = format!("/v1/agents/{}/policy", guid(n));
        let body = json!({ "at": "2027-01-15T08:00:00Z" });
        let policy = self.send(ask("POST", &path, &self.applier, &[], Some(body))).await.ok(200);
        policy["assigned"].as_array().unwrap().iter().map(|job| text(&job["name"]).to_owned()).collect()
    }

    pub(super) async fn says(&self, n: u32, job: &Value, success: bool) {
        let path = format!("/v1/agents/{}/report", guid(n));
        let happenings = json!([{ "at": "2027-01-15T08:10:00Z", "type": "finished", "job": job, "success": success }]);
        self.send(ask("POST", &path, &self.applier, &[], Some(json!({ "happenings": happenings })))).await.ok(200);
    }

    pub(super) async fn purge(&self) -> Value {
        self.write("POST", "/v1/purge", &[], None).await.ok(200)
    }

    pub(super) async fn purge_after(&self, field: &str, days: i64) {
        let settings = self.get("/v1/items?kind=PurgeSettings").await.ok(200)["items"][0].clone();
        self.put(&settings, |body| body["spec"][field] = (days * DAY).into()).await.ok(200);
    }
}

#[tokio::test]
async fn ptl_4_a_right_to_install_makes_a_hidden_task_for_the_one_computer_at_once() {
    let (world, p, a) = estate().await;
    world.grant(&a, r"corp\Anna", "install").await;
    let request = world.request(1, USER, &p, &a).await.ok(201);
    assert_eq!((text(&request["status"]), text(&request["user"])), ("Approved", USER));
    let task = world.item(&request["task"]).await.unwrap();
    assert_eq!(task["name"], "Software Request : A");
    assert_eq!(task["attributes"], json!(["hidden"]));
    assert_eq!(task["spec"]["run"], json!({ "type": "asSoonAsPossible" }));
    assert_eq!(
        (&task["spec"]["package"], &task["spec"]["program"], &task["spec"]["collections"]),
        (&p["guid"], &a["guid"], &json!([request["collection"]]))
    );
    let collection = world.item(&request["collection"]).await.unwrap();
    assert_eq!(collection["name"], "SWRCollection_ONE");
    assert_eq!(collection["attributes"], json!(["hidden"]));
    assert_eq!(world.effective(&collection).await.unwrap(), [0]);
    assert_eq!(world.jobs(1).await, ["Software Request : A"]);
    assert!(world.jobs(2).await.is_empty());
    assert!(world.jobs(3).await.is_empty(), "it has the same name, and did not ask");
    // Another request of the computer is another task, for the same collection.
    let again = world.request(1, USER, &p, &a).await.ok(201);
    assert_ne!(again["task"], request["task"]);
    assert_eq!(again["collection"], request["collection"]);
    assert_eq!(world.jobs(1).await, ["Software Request : A"; 2]);
    // A namesake has a collection of its own.
    let namesake = world.request(3, USER, &p, &a).await.ok(201);
    assert_ne!(namesake["collection"], request["collection"]);
    assert_eq!(world.jobs(3).await, ["Software Request : A"]);
    assert_eq!(world.jobs(1).await.len(), 2);
    let listed = world.get("/v1/portal/requests?status=Approved&limit=2").await.ok(200);
    assert_eq!(listed["requests"], json!([request, again]));
    let rest = world.get(&format!("/v1/portal/requests?after={}", listed["next"])).await.ok(200);
    assert_eq!((&rest["requests"], &rest["next"]), (&json!([namesake]), &Value::Null));
    let of_three = world.get(&format!("/v1/portal/requests?computer={}", guid(3))).await.ok(200);
    assert_eq!(of_three["requests"], json!([namesake]));
    world.get("/v1/portal/requests?status=Whatever").await.refused(400, "malformed");
}

#[tokio::test]
async fn ptl_4_rights_are_those_that_hold_with_inheritance_and_through_groups() {
    let (world, p, a) = estate().await;
    let refused = world.request(1, USER, &p, &a).await.refused(403, "forbidden");
    assert_eq!(refused["rule"], "PTL-1");
    // PTL-2: the programs folder lets these three.
    let inherited = world.request(1, "Altiris Administrators", &p, &a).await.ok(201);
    assert_eq!(inherited["status"], "Approved");
    let body = json!({ "computer": guid(1), "user": USER, "groups": ["altiris administrators"],
        "package": p["guid"], "program": a["guid"] });
    let through = world.send(ask("POST", "/v1/portal/requests", &world.applier, &[], Some(body))).await.ok(201);
    assert_eq!((text(&through["user"]), text(&through["status"])), (USER, "Approved"));
    // Its own grant adds to what is inherited; with inheritance broken it is alone.
    let grants = json!([{ "principal": "Altiris Administrators", "right": "installOnApproval" }]);
    let program = world.fresh(&a).await;
    let program = world.put(&program, |body| body["spec"]["portal"]["grants"] = grants).await.ok(200);
    let both = world.request(1, "Altiris Administrators", &p, &a).await.ok(201);
    assert_eq!(both["status"], "Approved", "of both rights, install holds");
    world.put(&program, |body| body["spec"]["portal"]["inherit"] = false.into()).await.ok(200);
    let waits = world.request(1, "Altiris Administrators", &p, &a).await.ok(201);
    assert_eq!(waits["status"], "AwaitingApproval");
    world.request(1, "NS Application Identity", &p, &a).await.refused(403, "forbidden");
}

#[tokio::test]
async fn ptl_4_install_on_approval_waits_until_somebody_decides() {
    let (world, p, a) = estate().await;
    world.grant(&a, USER, "installOnApproval").await;
    let (first, second) = (world.request(1, USER, &p, &a).await.ok(201), world.request(2, USER, &p, &a).await.ok(201));
    assert_eq!((&first["status"], &first["task"]), (&json!("AwaitingApproval"), &Value::Null));
    assert!(world.jobs(1).await.is_empty());
    let path = format!("/v1/portal/requests/{}/approve", first["id"]);
    world.send(ask("POST", &path, &world.applier, &[], None)).await.refused(403, "forbidden");
    let approved = world.decide(&first, "approve").await.ok(200);
    assert_eq!(approved["status"], "Approved");
    assert_eq!(world.jobs(1).await, ["Software Request : A"]);
    let rejected = world.decide(&second, "reject").await.ok(200);
    assert_eq!((&rejected["status"], &rejected["task"]), (&json!("Rejected"), &Value::Null));
    assert!(world.jobs(2).await.is_empty());
    for (request, word) in [(&first, "approve"), (&first, "reject"), (&second, "approve")] {
        assert_eq!(world.decide(request, word).await.refused(422, "invalid")["field"], "status");
    }
    world.write("POST", "/v1/portal/requests/99/approve", &[], None).await.refused(404, "not_found");
    world.get("/v1/portal/requests/99").await.refused(404, "not_found");
}

#[tokio::test]
async fn ptl_4_a_request_moves_on_by_what_its_computer_reports() {
    let (world, p, a) = estate().await;
    world.grant(&a, USER, "install").await;
    let (good, bad) = (world.request(1, USER, &p, &a).await.ok(201), world.request(2, USER, &p, &a).await.ok(201));
    world.says(2, &good["task"], true).await;
    assert_eq!(world.status(&good).await, "Approved", "another computer says nothing of it");
    world.says(1, &good["task"], true).await;
    world.says(2, &bad["task"], false).await;
    assert_eq!(
        (world.status(&good).await, world.status(&bad).await),
        ("ExecutionSuccess".into(), "ExecutionFailed".into())
    );
    world.says(2, &bad["task"], true).await;
    assert_eq!(world.status(&bad).await, "ExecutionSuccess", "the last word counts");
}

#[tokio::test]
async fn ptl_4_what_cannot_be_done_is_refused_or_fails() {
    let (world, p, a) = estate().await;
    let b = world.program(&world.package("Q").await, "B").await;
    world.grant(&a, USER, "installOnApproval").await;
    world.grant(&b, USER, "install").await;
    assert_eq!(world.request(9, USER, &p, &a).await.refused(409, "unknown_reference")["field"], "computer");
    assert_eq!(world.request(1, USER, &a, &a).await.refused(409, "unknown_reference")["field"], "package");
    assert_eq!(world.request(1, USER, &p, &p).await.refused(409, "unknown_reference")["field"], "program");
    assert_eq!(world.request(1, USER, &p, &b).await.refused(422, "invalid")["rule"], "TSK-3");
    assert_eq!(world.request(1, "", &p, &a).await.refused(422, "invalid")["field"], "user");
    let mut retired = computer(3, "ONE");
    retired["retired"] = true.into();
    world.load(&[retired]).await;
    assert_eq!(world.request(3, USER, &p, &a).await.refused(422, "invalid")["field"], "computer");
    // What is needed goes while a request waits, or after it was approved.
    let (waits, open) = (world.request(1, USER, &p, &a).await.ok(201), world.request(2, USER, &p, &a).await.ok(201));
    let open = world.decide(&open, "approve").await.ok(200);
    let task = world.item(&open["task"]).await.unwrap();
    world.delete(&task).await.ok(204);
    assert_eq!(world.status(&open).await, "RequestProcessingFailed");
    world.delete(&world.fresh(&a).await).await.ok(204);
    let failed = world.decide(&waits, "approve").await.ok(200);
    assert_eq!((&failed["status"], &failed["task"]), (&json!("RequestProcessingFailed"), &Value::Null));
    let q = world.get("/v1/items?kind=Package&name=Q").await.ok(200)["items"][0].clone();
    let gone = world.request(2, USER, &q, &b).await.ok(201);
    world.write("DELETE", &format!("/v1/computers/{}", guid(2)), &[], None).await.ok(204);
    assert_eq!(world.status(&gone).await, "RequestProcessingFailed");
}

#[tokio::test]
async fn pur_3_ended_portal_requests_go_with_their_tasks_and_collections() {
    let (world, p, a) = estate().await;
    let b = world.program(&p, "B").await;
    world.grant(&a, USER, "install").await;
    world.grant(&b, USER, "installOnApproval").await;
    let ran = world.request(1, USER, &p, &a).await.ok(201);
    let failed = world.request(2, USER, &p, &a).await.ok(201);
    let open = world.request(1, USER, &p, &a).await.ok(201);
    let rejected = world.request(1, USER, &p, &b).await.ok(201);
    let waits = world.request(1, USER, &p, &b).await.ok(201);
    world.jobs(1).await;
    world.says(1, &ran["task"], true).await;
    world.says(2, &failed["task"], false).await;
    world.decide(&rejected, "reject").await.ok(200);
    world.clock.advance_seconds(30 * DAY);
    assert_eq!(world.purge().await["portalRequests"], 0, "without a time nothing goes");
    world.purge_after("unusedPortalRequestsSeconds", 31).await;
    assert_eq!(world.purge().await["portalRequests"], 0, "it is too early");
    world.clock.advance_seconds(DAY);
    let state = world.app.state().unwrap();
    let purged = world.purge().await;
    let counts = ["portalRequests", "portalTasks", "portalCollections", "removed"].map(|name| purged[name].clone());
    assert_eq!(counts, [json!(3), json!(2), json!(1), json!(0)]);
    assert!(world.app.state().unwrap() > state);
    for gone in [&ran["task"], &failed["task"], &failed["collection"]] {
        assert!(world.item(gone).await.is_none());
    }
    // A request that is still open keeps its task, and the collection that it shares.
    assert!(world.item(&open["task"]).await.is_some() && world.item(&open["collection"]).await.is_some());
    let left = world.get("/v1/portal/requests").await.ok(200);
    assert_eq!(left["requests"], json!([open, waits]));
    assert_eq!(world.jobs(1).await, ["Software Request : A"]);
    // The folder of each request went with it: the one of all, and that of the open one are left.
    let folders = world.get("/v1/items?kind=Folder").await.ok(200);
    assert_eq!(folders["items"].as_array().unwrap().len(), 2);
    // Then the last one: its collection is nobody's any more.
    world.says(1, &open["task"], true).await;
    world.clock.advance_seconds(31 * DAY);
    let purged = world.purge().await;
    assert_eq!((&purged["portalTasks"], &purged["portalCollections"]), (&json!(1), &json!(1)));
    assert!(world.item(&open["collection"]).await.is_none());
    assert_eq!(world.purge().await["portalRequests"], 0);
    let next = world.request(1, USER, &p, &a).await.ok(201);
    assert_eq!(world.jobs(1).await, ["Software Request : A"]);
    assert!(next["id"].as_u64() > waits["id"].as_u64(), "numbers are not given twice");
}

#[tokio::test]
async fn pur_3_a_collection_that_somebody_else_uses_stays() {
    let (world, p, a) = estate().await;
    world.grant(&a, USER, "install").await;
    world.purge_after("unusedPortalRequestsSeconds", 0).await;
    let request = world.request(1, USER, &p, &a).await.ok(201);
    world.task("Mine", &p, &a, json!({ "collections": [request["collection"]] })).await;
    world.says(1, &request["task"], true).await;
    let purged = world.purge().await;
    assert_eq!((&purged["portalTasks"], &purged["portalCollections"]), (&json!(1), &json!(0)));
    assert_eq!(world.jobs(1).await, ["Mine"]);
}

#[tokio::test]
async fn pur_3_step_entries_of_deleted_sequential_tasks_go_after_their_time() {
    let (world, p, a) = estate().await;
    let b = world.program(&p, "B").await;
    let sequence = |name: &str, program: &Value| {
        let step = json!({ "package": p["guid"], "program": program["guid"] });
        json!({ "kind": "SequentialTask", "name": name, "spec": { "steps": [step, step] } })
    };
    let gone = world.make(sequence("Gone", &a)).await;
    world.make(sequence("Stays", &b)).await;
    world.delete(&gone).await.ok(204);
    world.clock.advance_seconds(7 * DAY);
    assert_eq!(world.purge().await["removed"], 0, "without a time nothing goes");
    world.purge_after("unusedSequenceEntriesSeconds", 8).await;
    assert_eq!(world.purge().await["removed"], 0, "it is too early");
    world.clock.advance_seconds(DAY);
    let settings = world.get("/v1/items?kind=PurgeSettings").await.ok(200)["items"][0].clone();
    let settings = world.put(&settings, |body| body["spec"]["enabled"] = false.into()).await.ok(200);
    assert_eq!(world.purge().await["removed"], 0, "switched off");
    world.put(&settings, |body| body["spec"]["enabled"] = true.into()).await.ok(200);
    assert_eq!(world.purge().await["removed"], 2);
    let left = world.get("/v1/items?kind=StepTask").await.ok(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 2);
}
