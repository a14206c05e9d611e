//! Simulated computers ask, run and report (DLV-1 … DLV-3).

use serde_json::Value;
use serde_json::json;

use super::Answer;
use super::World;
use super::ask;
use super::fleet::computer;
use super::fleet::guid;
use super::fleet::set;
use super::text;

/// The server's clock stands here.
const NOW: &str = "2027-01-15T08:00:00Z";

impl World {
    /// As the applier, who needs no fence for it.
    async fn policy_of(&self, n: u32, at: &str) -> Value {
        let path = format!("/v1/agents/{}/policy", guid(n));
        self.send(ask("POST", &path, &self.applier, &[], Some(json!({ "at": at })))).await.ok(200)
    }

    async fn told(&self, n: u32) -> Vec<String> {
        let policy = self.policy_of(n, NOW).await;
        policy["assigned"].as_array().unwrap().iter().map(|item| text(&item["name"]).to_owned()).collect()
    }

    async fn report(&self, n: u32, happenings: Value, key: Option<&str>) -> Answer {
        let path = format!("/v1/agents/{}/report", guid(n));
        let headers: Vec<_> = key.iter().map(|key| ("idempotency-key", *key)).collect();
        self.send(ask("POST", &path, &self.applier, &headers, Some(json!({ "happenings": happenings })))).await
    }

    async fn events_of(&self, n: u32) -> Vec<String> {
        let events = self.get(&format!("/v1/events?computer={}", guid(n))).await.ok(200);
        events["events"].as_array().unwrap().iter().map(|event| text(&event["kind"]).to_owned()).collect()
    }

    async fn history(&self, task: &Value) -> [Vec<u32>; 3] {
        let line = self.one("history", "task", &task["guid"]).await;
        ["succeeded", "failed", "unknown"].map(|part| set(&line[part]))
    }
}

/// Two computers; a collection of the first; a package with a program.
async fn estate() -> (World, Value, Value, Value) {
    let world = World::new();
    world.load(&[computer(1, "ONE"), computer(2, "TWO")]).await;
    let c = world.made("C", json!({ "members": ["ONE"] })).await;
    let source = json!({ "type": "unc", "path": r"\\files\p" });
    let p = world.make(json!({ "kind": "Package", "name": "P", "spec": { "source": source } })).await;
    let a = world.program(&p, "A").await;
    (world, c, p, a)
}

fn window(c: &Value) -> Value {
    json!({ "kind": "MaintenanceWindow", "name": "W", "spec": { "collections": [c["guid"]],
        "schedule": { "type": "daily", "time": "17:00" }, "durationMinutes": 60 } })
}

#[tokio::test]
async fn dlv_1_a_policy_holds_what_is_assigned_with_its_packages_and_programs_in_the_order_it_was_made() {
    let (world, c, p, a) = estate().await;
    let to_c = json!({ "collections": [c["guid"]] });
    let task = world.task("Z first", &p, &a, to_c.clone()).await;
    world.clock.advance_seconds(1);
    world.make(window(&c)).await;
    let q = world.package("Q").await;
    let b = world.program(&q, "B").await;
    world.clock.advance_seconds(1);
    let step = |package: &Value, program: &Value| json!({ "package": package["guid"], "program": program["guid"] });
    let spec = json!({ "collections": [c["guid"]], "steps": [step(&q, &b), step(&p, &a)] });
    world.make(json!({ "kind": "SequentialTask", "name": "A later", "spec": spec })).await;
    for (n, kind) in ["DeliveryPolicy", "AgentSettings", "PatchPlugin", "PortalSettings"].iter().enumerate() {
        world.clock.advance_seconds(1);
        world.make(json!({ "kind": kind, "name": format!("K {n}"), "spec": to_c })).await;
    }
    world.task("Of nobody", &p, &a, json!({})).await;
    world.task("Switched off", &p, &a, json!({ "collections": [c["guid"]], "enabled": false })).await;
    let policy = world.policy_of(1, "2027-01-15T07:59:00Z").await;
    let names: Vec<_> = policy["assigned"].as_array().unwrap().iter().map(|item| text(&item["name"])).collect();
    assert_eq!(
        names,
        ["Z first", "W", "A later", "K 0", "K 1", "K 2"],
        "no settings of the portal, nothing switched off"
    );
    let first = &policy["assigned"][0];
    let shown = world.fresh(&task).await;
    assert_eq!((&first["guid"], &first["kind"], &first["spec"]), (&task["guid"], &json!("Task"), &shown["spec"]));
    let guids = |part: &str| -> Vec<Value> {
        let mut found: Vec<_> = policy[part].as_array().unwrap().iter().map(|one| one["guid"].clone()).collect();
        found.sort_by_key(Value::to_string);
        found
    };
    let sorted = |mut all: Vec<Value>| {
        all.sort_by_key(Value::to_string);
        all
    };
    assert_eq!(guids("packages"), sorted(vec![p["guid"].clone(), q["guid"].clone()]));
    assert_eq!(guids("programs"), sorted(vec![a["guid"].clone(), b["guid"].clone()]));
    assert!(policy["programs"].as_array().unwrap().iter().all(|one| one["package"].is_string()));
    assert_eq!((&policy["serverZone"], &policy["plugin"]), (&json!("UTC"), &json!(false)));
    assert_eq!(policy["computer"]["lastSeen"], "2027-01-15T07:59:00Z");
    assert_eq!(world.one("computer", "guid", &json!(guid(1))).await["lastSeen"], "2027-01-15T07:59:00Z");
    assert!(world.told(2).await.is_empty());
    let unknown = format!("/v1/agents/{}/policy", guid(9));
    world.write("POST", &unknown, &[], Some(json!({ "at": NOW }))).await.refused(404, "not_found");
    let reader = ask("POST", &unknown, &world.reader, &[], Some(json!({ "at": NOW })));
    world.send(reader).await.refused(403, "forbidden");
    let answer = world.send(ask("GET", "/v1/openapi.json", "", &[], None)).await.json();
    let schema = json!({ "$ref": "#/components/schemas/Policy", "components": answer["components"] });
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults: Vec<_> = validator.iter_errors(&policy).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[tokio::test]
async fn a_retired_computer_is_told_of_nothing() {
    let (world, c, p, a) = estate().await;
    world.task("T", &p, &a, json!({ "collections": [c["guid"]] })).await;
    assert_eq!(world.told(1).await, ["T"]);
    let mut retired = computer(1, "ONE");
    retired["retired"] = true.into();
    world.load(&[retired]).await;
    assert!(world.told(1).await.is_empty());
}

#[tokio::test]
async fn dlv_3_what_is_new_changed_or_gone_is_told_once() {
    let (world, c, p, a) = estate().await;
    let t = world.task("T", &p, &a, json!({ "collections": [c["guid"]] })).await;
    world.told(1).await;
    world.told(1).await;
    assert_eq!(world.events_of(1).await, ["New Job", "New Package"]);
    let t = world.put(&t, |body| body["spec"]["priority"] = 3.into()).await.ok(200);
    world.told(1).await;
    assert_eq!(world.events_of(1).await[2..], ["Job Updated"]);
    world.put(&p, |body| body["spec"]["version"] = "2.0".into()).await.ok(200);
    world.told(1).await;
    world.told(1).await;
    assert_eq!(world.events_of(1).await[3..], ["Package Updated"]);
    world.put(&t, |body| body["spec"]["enabled"] = false.into()).await.ok(200);
    world.told(1).await;
    assert_eq!(world.events_of(1).await[4..], ["Job Removed", "Package To Be Removed"]);
    assert!(world.events_of(2).await.is_empty());
}

#[tokio::test]
async fn seq_1_another_list_of_steps_is_another_job_to_every_computer() {
    let (world, c, p, a) = estate().await;
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    let spec = json!({ "collections": [c["guid"]], "steps": [step] });
    let s = world.make(json!({ "kind": "SequentialTask", "name": "S", "spec": spec })).await;
    world.told(1).await;
    let ran = |job: &Value| json!([{ "at": NOW, "type": "finished", "job": job["guid"], "success": true }]);
    world.report(1, ran(&s), None).await.ok(200);
    assert_eq!(world.history(&s).await[0], [0]);
    let again = world.put(&s, |body| body["spec"]["steps"] = json!([step, step])).await.ok(200);
    assert_ne!(again["guid"], s["guid"]);
    assert!(world.history(&again).await.iter().all(Vec::is_empty));
    world.told(1).await;
    assert_eq!(world.events_of(1).await, ["New Job", "New Package", "New Job", "Job Removed"]);
    assert_eq!(world.history(&again).await[2], [0], "it has it now, and did not say how it went");
    assert_eq!(world.history(&s).await[0], [0]);
}

#[tokio::test]
async fn dlv_3_runs_are_recorded_once_whatever_is_repeated() {
    let (world, c, p, a) = estate().await;
    let t = world.task("T", &p, &a, json!({ "collections": [c["guid"]] })).await;
    world.told(1).await;
    assert_eq!(world.history(&t).await, [vec![], vec![], vec![0]]);
    let job = &t["guid"];
    let (start, end) = ("2027-01-15T08:10:00Z", "2027-01-15T08:20:00Z");
    let happenings = json!([
        { "at": NOW, "type": "download_started", "package": p["guid"] },
        { "at": start, "type": "download_ended", "package": p["guid"] },
        { "at": start, "type": "deferred", "job": job, "until": end },
        { "at": start, "type": "started", "job": job, "step": 0 },
        { "at": end, "type": "ended", "job": job, "step": 0, "code": 1603, "success": false, "killed": false },
        { "at": end, "type": "finished", "job": job, "success": false },
        { "at": end, "type": "restarted" },
        { "at": end, "type": "logged_off" },
    ]);
    let first = world.report(1, happenings.clone(), Some("once")).await;
    assert_eq!(first.ok(200), json!({ "happenings": 8, "licence": false }));
    let again = world.report(1, happenings.clone(), Some("once")).await;
    assert_eq!((again.ok(200), again.header("idempotency-replayed")), (first.json(), Some("true")));
    world.report(1, json!([]), Some("once")).await.refused(422, "key_reused");
    let rows = world.get(&format!("/v1/executions?task={}", text(job))).await.ok(200);
    let rows = rows["executions"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1, "the end of a task's one program is its execution: {rows:?}");
    assert_eq!((&rows[0]["at"], &rows[0]["code"], &rows[0]["step"]), (&json!(end), &json!(1603), &Value::Null));
    assert_eq!(world.history(&t).await, [vec![], vec![0], vec![]]);
    assert_eq!(world.events_of(1).await, ["New Job", "New Package", "Download Complete", "Job Activated"]);
    assert_eq!(set(&world.one("package", "package", &p["guid"]).await["cached"]), [0]);
    // A run without an end of its own, such as one that fits no window, is an execution too.
    let failed = json!([{ "at": "2027-01-15T09:00:00Z", "type": "never_fits", "job": job },
        { "at": "2027-01-15T09:00:00Z", "type": "finished", "job": job, "success": true }]);
    world.report(1, failed, None).await.ok(200);
    assert_eq!(world.history(&t).await[0], [0]);
    let rows = world.get("/v1/executions").await.ok(200);
    assert_eq!(rows["executions"].as_array().unwrap().len(), 2);
    let deleted = json!([{ "at": NOW, "type": "package_deleted", "package": p["guid"] }]);
    world.report(1, deleted, None).await.ok(200);
    assert_eq!(set(&world.one("package", "package", &p["guid"]).await["cached"]), [] as [u32; 0]);
    assert_eq!(world.events_of(1).await.last().unwrap(), "Package Removed");
    for bad in
        [json!([{ "at": NOW }]), json!([{ "at": NOW, "type": "exploded" }]), json!([{ "type": "restarted" }]), json!(1)]
    {
        world.report(1, bad, None).await.refused(422, "invalid");
    }
    let many = vec![json!({ "at": NOW, "type": "restarted" }); 10_001];
    assert_eq!(world.report(1, json!(many), None).await.refused(413, "too_large")["happeningsMax"], 10_000);
    world.report(9, json!([]), None).await.refused(404, "not_found");
}

#[tokio::test]
async fn steps_of_a_sequence_are_progress_and_its_end_is_the_execution() {
    let (world, _, p, a) = estate().await;
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    let s = world.make(json!({ "kind": "SequentialTask", "name": "S", "spec": { "steps": [step, step] } })).await;
    let ended = |step: u32, success: bool| json!({ "at": NOW, "type": "ended", "job": s["guid"], "step": step, "code": 0, "success": success, "killed": false });
    let finished = json!({ "at": NOW, "type": "finished", "job": s["guid"], "success": true });
    world.report(2, json!([ended(0, true), ended(1, true), finished]), None).await.ok(200);
    let rows = world.get("/v1/executions").await.ok(200);
    let steps: Vec<_> = rows["executions"].as_array().unwrap().iter().map(|row| row["step"].clone()).collect();
    assert_eq!(steps, [json!(0), json!(1), Value::Null]);
    assert_eq!(world.history(&s).await[0], [1]);
    let settings = world.get("/v1/items/6ad3cfe0-fe55-4951-95be-897cf7a77b53").await.ok(200);
    world.put(&settings, |body| body["spec"]["sequenceStatus"] = json!({ "maximumRows": 0 })).await.ok(200);
    let purged = world.write("POST", "/v1/purge", &[], None).await.ok(200);
    assert_eq!((&purged["sequenceStatus"], &purged["executions"]), (&json!(2), &json!(0)), "PUR-2");
}

#[tokio::test]
async fn tsk_10_a_task_that_left_after_its_success_does_not_come_back() {
    let (world, c, p, a) = estate().await;
    let more = json!({ "collections": [c["guid"]], "removeAfterSuccess": true });
    let t = world.task("T", &p, &a, more).await;
    assert_eq!(world.told(1).await, ["T"]);
    let done = json!([{ "at": NOW, "type": "finished", "job": t["guid"], "success": true },
        { "at": NOW, "type": "removed", "job": t["guid"] }]);
    world.report(1, done, None).await.ok(200);
    assert!(world.told(1).await.is_empty());
    assert_eq!(world.history(&t).await, [vec![0], vec![], vec![]], "it is marked as completed");
    assert_eq!(world.events_of(1).await.iter().filter(|kind| *kind == "Job Removed").count(), 1);
}

#[tokio::test]
async fn pkg_5_without_verbose_status_nothing_of_downloads_is_recorded() {
    let (world, _, p, _) = estate().await;
    let p = world.put(&p, |body| body["spec"]["verboseStatusEvents"] = false.into()).await.ok(200);
    let downloaded = json!([{ "at": NOW, "type": "download_ended", "package": p["guid"] }]);
    world.report(1, downloaded, None).await.ok(200);
    assert!(world.events_of(1).await.is_empty());
    let all = world.fleet().await;
    assert!(all.iter().all(|line| line["package"] != p["guid"]), "who has it is not known, which is not nobody");
}

#[tokio::test]
async fn prg_12_the_network_that_a_program_waits_for_is_told_to_the_computer() {
    let (world, c, p, a) = estate().await;
    let network = json!({ "required": true, "minimumSpeedKBps": 100 });
    world.put(&a, |body| body["spec"]["network"] = network.clone()).await.ok(200);
    world.task("T", &p, &a, json!({ "collections": [c["guid"]] })).await;
    assert_eq!(world.policy_of(1, NOW).await["programs"][0]["spec"]["network"], network);
}

#[tokio::test]
async fn pkg_6_and_pkg_7_places_and_caches_follow_the_distribution_point_and_not_the_item() {
    let (world, _, p, _) = estate().await;
    let path = format!("/v1/agents/{}/packages/{}", guid(1), text(&p["guid"]));
    let files = async || world.send(ask("GET", &path, &world.applier, &[], None)).await.ok(200);
    assert_eq!(files().await, json!({ "codebases": [r"\\files\p"], "snapshot": null }));
    let snapshot = |hash: &str| json!({ "type": "snapshot", "package": p["guid"], "bytes": 1234, "hash": hash });
    let cached = json!({ "type": "cached", "computer": guid(2), "package": p["guid"] });
    world.load(&[snapshot("one"), cached]).await;
    let source = json!({ "type": "url", "url": "https://files/p", "directory": r"\\other\p" });
    world.put(&p, |body| body["spec"]["source"] = source).await.ok(200);
    let before = json!({ "codebases": [r"\\files\p"], "snapshot": { "bytes": 1234, "hash": "one" } });
    assert_eq!(files().await, before, "PKG-7: agents look where the files were at the last update");
    world.load(&[snapshot("one")]).await;
    assert_eq!(files().await["codebases"], json!(["https://files/p", r"\\other\p"]));
    let line = world.one("package", "package", &p["guid"]).await;
    assert_eq!((set(&line["cached"]), &line["bytes"]), (vec![1], &json!(1234)));
    world.load(&[snapshot("two")]).await;
    let line = world.one("package", "package", &p["guid"]).await;
    assert_eq!(set(&line["cached"]), [] as [u32; 0], "PKG-6: other files are downloaded again");
    for wrong in [format!("/v1/agents/{}/packages/{}", guid(1), guid(1)), path.replace(&guid(1), &guid(8))] {
        world.send(ask("GET", &wrong, &world.applier, &[], None)).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn lic_1_the_first_assessment_takes_a_licence_and_lic_2_from_an_empty_pool_nobody_gets_one() {
    let world = World::new();
    world.load(&[computer(1, "A"), computer(2, "B"), computer(3, "C")]).await;
    let assessed = json!([{ "at": NOW, "type": "assessed" }]);
    let assess = async |n: u32| world.report(n, assessed.clone(), None).await.ok(200)["licence"].clone();
    assert_eq!(assess(1).await, false, "no pool is known");
    let pool = |pool: u64, expires: Value| json!({ "type": "licences", "pool": pool, "expires": expires });
    world.load(&[pool(2, Value::Null)]).await;
    let mut retired = computer(3, "C");
    retired["retired"] = true.into();
    world.load(&[retired]).await;
    assert_eq!(assess(3).await, false, "LIC-4: who is retired holds none");
    world.load(&[computer(3, "C")]).await;
    assert_eq!((assess(1).await, assess(1).await), (json!(true), json!(true)), "one, however often");
    assert_eq!((assess(2).await, assess(3).await), (json!(true), json!(false)));
    let line = world.one("licences", "pool", &json!(2)).await;
    assert_eq!((set(&line["holders"]), set(&line["plugin"])), (vec![0, 1], vec![0, 1, 2]));
    assert_eq!(world.policy_of(3, NOW).await["plugin"], true);
    world.load(&[pool(1, Value::Null)]).await;
    assert_eq!((assess(1).await, assess(2).await), (json!(true), json!(true)), "who holds one goes on");
    world.load(&[pool(9, json!(NOW))]).await;
    assert_eq!(assess(3).await, false, "LIC-3: it has expired");
    world.load(&[pool(9, json!("2027-01-15T08:00:01Z"))]).await;
    assert_eq!(assess(3).await, true);
}

#[tokio::test]
async fn the_zone_of_the_server_is_one_of_the_database_and_told_to_everybody() {
    let (world, ..) = estate().await;
    world.app.set_zone("Mars/Olympus").unwrap_err();
    world.app.set_zone("America/New_York").unwrap();
    assert_eq!(world.policy_of(1, NOW).await["serverZone"], "America/New_York");
    let body = world.get("/v1/fleet").await.body;
    assert!(String::from_utf8_lossy(&body).lines().next().unwrap().contains(r#""serverZone":"America/New_York""#));
}
