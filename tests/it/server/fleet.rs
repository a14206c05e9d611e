//! What the server knows of computers: loading and streaming it, and whom a collection holds.

use std::io::Read;

use axum::body::Body;
use base64::Engine;
use consign::server::Limits;
use consign::server::Store;
use http::Request;
use roaring::RoaringBitmap;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::Answer;
use super::World;
use super::text;

/// The n-th computer's GUID.
pub fn guid(n: u32) -> String {
    format!("00000000-0000-0000-0000-{n:012x}")
}

pub fn computer(n: u32, name: &str) -> Value {
    json!({ "type": "computer", "guid": guid(n), "name": name, "domain": "CORP", "zone": "Europe/Zurich",
        "lastSeen": "2026-11-20T08:00:00Z", "retired": false, "roles": [] })
}

pub fn execution(n: u32, task: &str, at: &str, success: Value) -> Value {
    json!({ "type": "execution", "computer": guid(n), "task": task, "at": at, "step": null, "code": 0, "success": success })
}

pub fn software(n: u32, name: &str, version: &str) -> Value {
    json!({ "type": "inventory", "table": "vSoftware", "computer": guid(n), "row": { "Name": name, "Version": version } })
}

pub fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

impl World {
    pub async fn load_text(&self, body: String) -> Answer {
        let request = Request::post("/v1/fleet")
            .header("authorization", format!("Bearer {}", self.admin))
            .header("content-type", "application/x-ndjson")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    #[track_caller]
    pub fn load(&self, values: &[Value]) -> impl Future<Output = ()> {
        let (body, count) = (lines(values), values.len());
        async move {
            assert_eq!(self.load_text(body).await.ok(200), json!({ "lines": count }));
        }
    }

    /// The lines of the stream between header and end, both of which are held to what they promise.
    pub async fn fleet(&self) -> Vec<Value> {
        let answer = self.get("/v1/fleet").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        let (header, rest) = all.split_first().unwrap();
        let (end, rest) = rest.split_last().unwrap();
        let (header, end): (Value, Value) = (serde_json::from_str(header).unwrap(), serde_json::from_str(end).unwrap());
        assert_eq!((&header["type"], &header["format"], &end["type"]), (&json!("header"), &json!(1), &json!("end")));
        assert_eq!(header["instance"], self.app.instance().to_string());
        assert_eq!(end["count"], rest.len());
        let digest = Sha256::digest(rest.concat().as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(end["digest"], format!("sha256:{hex}"));
        rest.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub async fn mark(&self) -> String {
        let answer = self.get("/v1/fleet").await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        self::text(&header["mark"]).to_owned()
    }

    pub async fn one(&self, kind: &str, key: &str, value: &Value) -> Value {
        let all = self.fleet().await;
        let mut found = all.into_iter().filter(|line| line["type"] == kind && line[key] == *value);
        let one = found.next().unwrap_or_else(|| panic!("no {kind} of {value}"));
        assert!(found.next().is_none());
        one
    }

    /// Whom a collection holds, by number; or why nobody knows.
    pub async fn effective(&self, collection: &Value) -> Result<Vec<u32>, String> {
        let all = self.fleet().await;
        let line = all.iter().find(|line| line["collection"] == collection["guid"]).unwrap();
        match text(&line["type"]) {
            "members" => Ok(set(&line["effective"])),
            "unknownMembers" => Err(text(&line["why"]).to_owned()),
            other => panic!("{other}"),
        }
    }

    pub async fn made(&self, name: &str, spec: Value) -> Value {
        self.make(json!({ "kind": "Collection", "name": name, "spec": spec })).await
    }

    pub async fn task(&self, name: &str, package: &Value, program: &Value, more: Value) -> Value {
        let mut spec = json!({ "package": package["guid"], "program": program["guid"] });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.make(json!({ "kind": "Task", "name": name, "spec": spec })).await
    }
}

/// The numbers of a set.
#[track_caller]
pub fn set(value: &Value) -> Vec<u32> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text(value)).unwrap();
    let mut rest = bytes.as_slice();
    let set = RoaringBitmap::deserialize_from(&mut rest).unwrap();
    assert_eq!(rest.read(&mut [0]).unwrap(), 0, "nothing follows the set");
    set.iter().collect()
}

/// Six computers: 1 to 4 have software, 5 is retired, 6 has no inventory.
pub async fn estate(world: &World) {
    let names = ["ALPHA", "BETA", "GAMMA", "DELTA", "OLD", "BARE"];
    let mut values: Vec<Value> = names.iter().zip(1..).map(|(name, n)| computer(n, name)).collect();
    values[4]["retired"] = true.into();
    for (n, caption) in [(1, "Microsoft Windows 11"), (2, "Microsoft Windows 10"), (3, "Ubuntu 24.04")] {
        let row = json!({ "Caption": caption, "Version": "1" });
        values.push(json!({ "type": "inventory", "table": "vOperatingSystem", "computer": guid(n), "row": row }));
    }
    values.extend([software(1, "Acrobat", "1.0"), software(2, "Acrobat", "2.0"), software(3, "Vim", "9")]);
    values.push(software(1, "Vim", "8"));
    world.load(&values).await;
}

#[tokio::test]
async fn with_no_computers_ever_loaded_every_part_is_a_gap_and_nothing_is_zero() {
    let world = World::new();
    world.collection("C").await;
    let all = world.fleet().await;
    let parts: Vec<_> = all.iter().map(|line| (text(&line["type"]), text(&line["part"]))).collect();
    assert_eq!(parts, ["computers", "members", "history", "packages", "licences"].map(|part| ("gap", part)));
    assert!(all.iter().all(|line| line["why"] == "no computer has been loaded"));
}

#[tokio::test]
async fn computers_stream_by_guid_as_they_were_loaded_and_a_later_line_replaces_them() {
    let world = World::new();
    let mut two = computer(2, "TWO");
    two["roles"] = json!(["site server", "domain controller"]);
    two["lastSeen"] = Value::Null;
    world.load(&[two.clone(), computer(1, "ONE")]).await;
    let mark = world.mark().await;
    let computers =
        async || -> Vec<Value> { world.fleet().await.into_iter().filter(|line| line["type"] == "computer").collect() };
    assert_eq!(computers().await, [computer(1, "ONE"), two]);
    let mut retired = computer(1, "UNO");
    retired["retired"] = true.into();
    world.load(&[retired.clone()]).await;
    assert_eq!(computers().await[0], retired);
    assert_eq!(world.mark().await, mark, "nobody has another number");
    world.load(&[computer(0, "ZERO")]).await;
    assert_ne!(world.mark().await, mark, "everybody has another number");
    let deleted = world.mark().await;
    world.write("DELETE", &format!("/v1/computers/{}", guid(0)), &[], None).await.ok(204);
    assert_ne!(world.mark().await, deleted);
    world.write("DELETE", &format!("/v1/computers/{}", guid(0)), &[], None).await.refused(404, "not_found");
    assert!(world.app.verify_audit().unwrap().is_ok());
}

#[tokio::test]
async fn a_load_is_all_or_nothing_and_names_the_line() {
    let world = World::new();
    let one = computer(1, "ONE");
    for (bad, why) in [
        ("{".to_owned(), "EOF"),
        ("\n".to_owned(), "EOF"),
        (json!({ "type": "thing" }).to_string(), "no line of type `thing`"),
        (json!({ "guid": guid(1) }).to_string(), "missing field `type`"),
        (json!({ "type": "computer", "guid": guid(2), "name": "X" }).to_string(), "missing field `zone`"),
        (json!({ "type": "computer", "guid": guid(2), "name": "", "zone": "UTC" }).to_string(), "name"),
        (json!({ "type": "computer", "guid": "2", "name": "X", "zone": "UTC" }).to_string(), "GUID"),
        (json!({ "type": "plugin", "computer": guid(1), "since": 1 }).to_string(), "unknown field `since`"),
        (format!(r#"{{"type":"plugin","computer":"{0}","computer":"{0}"}}"#, guid(1)), "duplicate field"),
        (json!({ "type": "plugin", "computer": guid(9) }).to_string(), "no computer has the GUID"),
        (execution(9, &guid(1), "2026-01-01T00:00:00Z", json!(true)).to_string(), "no computer has the GUID"),
        (execution(1, &guid(1), "yesterday", json!(true)).to_string(), "parse"),
        (
            json!({ "type": "event", "computer": guid(1), "kind": "Job", "at": "2026-01-01T00:00:00Z" }).to_string(),
            "New Job",
        ),
        (json!({ "type": "licences", "pool": -1 }).to_string(), "-1"),
        (json!({ "type": "snapshot", "package": guid(1), "bytes": 1, "hash": "" }).to_string(), "hash"),
    ] {
        let answer = world.load_text(format!("{one}\n{bad}\n")).await;
        assert_eq!(answer.refused(422, "invalid")["line"], 2, "{bad}");
        let said = answer.json()["error"]["message"].to_string();
        assert!(said.contains(why) && said.contains("line 2"), "{bad}: {said}");
    }
    let row = |row: Value| json!({ "type": "inventory", "table": "vX", "computer": guid(1), "row": row });
    let table = |name: &str| json!({ "type": "inventory", "table": name, "computer": guid(1), "row": { "a": 1 } });
    let long = "x".repeat(65);
    for bad in [
        row(json!({ "Guid": "x" })),
        row(json!({ "a b": 1 })),
        row(json!({ "a": [] })),
        row(json!({ "a": 1, "A": 2 })),
        row(json!([])),
        row(json!({ "": 1 })),
        table("1x"),
        table("x\"y"),
        table(""),
        table(&long),
        table("vComputer"),
        table("Items"),
        table("tokens"),
        table("sqlite_x"),
        table("inventory_1"),
    ] {
        let answer = world.load_text(format!("{one}\n{bad}\n")).await;
        assert_eq!(answer.refused(422, "invalid")["line"], 2, "{bad}");
    }
    assert!(world.fleet().await.iter().all(|line| line["type"] == "gap"), "nothing of it is there");
    world.load(std::slice::from_ref(&one)).await;
    let late = format!("{}\n{{\n", computer(2, "TWO"));
    world.load_text(late).await.refused(422, "invalid");
    assert_eq!(world.fleet().await.iter().filter(|line| line["type"] == "computer").count(), 1);
    let body = json!({});
    world.write("POST", "/v1/fleet", &[], Some(body)).await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn loads_are_bounded() {
    let limits = Limits {
        fleet_bytes: 4000,
        fleet_line_bytes: 300,
        computers: 2,
        inventory_tables: 2,
        inventory_columns: 2,
        ..Limits::default()
    };
    let world = World::over(Store::in_memory().unwrap(), limits);
    assert_eq!(world.load_text("x".repeat(4001)).await.refused(413, "too_large")["bytesMax"], 4000);
    assert_eq!(world.load_text("x".repeat(301)).await.refused(422, "invalid")["line"], 1);
    let (one, two, three) = (computer(1, "A"), computer(2, "B"), computer(3, "C"));
    assert_eq!(world.load_text(lines(&[one.clone(), two.clone(), three])).await.refused(422, "invalid")["line"], 3);
    let row = |table: &str, row: Value| json!({ "type": "inventory", "table": table, "computer": guid(1), "row": row });
    let (a, b, c) = (row("a", json!({ "x": 1 })), row("b", json!({ "x": 1 })), row("c", json!({ "x": 1 })));
    assert_eq!(world.load_text(lines(&[one.clone(), a.clone(), b, c])).await.refused(422, "invalid")["line"], 4);
    let wide = row("a", json!({ "y": 1, "z": 2 }));
    assert_eq!(world.load_text(lines(&[one.clone(), a.clone(), wide])).await.refused(422, "invalid")["line"], 3);
    world.load(&[one, two, a]).await;
}

#[tokio::test]
async fn history_keeps_the_latest_of_each_computer_and_tells_never_heard_from_never_ran() {
    let world = World::new();
    estate(&world).await;
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let task = world.task("T", &p, &a, json!({})).await;
    let line = world.one("history", "task", &task["guid"]).await;
    for part in ["succeeded", "failed", "unknown"] {
        assert_eq!(set(&line[part]), [] as [u32; 0]);
    }
    assert_eq!(line["newest"], Value::Null);
    let (task, gone) = (text(&task["guid"]), guid(77));
    world
        .load(&[
            execution(1, task, "2026-11-01T00:00:00Z", json!(false)),
            execution(1, task, "2026-11-02T00:00:00Z", json!(true)),
            execution(2, task, "2026-11-03T00:00:00Z", json!(false)),
            execution(2, task, "2026-11-01T00:00:00Z", json!(true)),
            execution(3, task, "2026-11-01T00:00:00Z", Value::Null),
            execution(4, &gone, "2026-11-09T00:00:00Z", json!(true)),
        ])
        .await;
    world.load(&[execution(1, task, "2026-10-01T00:00:00Z", json!(false))]).await;
    let line = world.one("history", "task", &json!(task)).await;
    let sets = ["succeeded", "failed", "unknown"].map(|part| set(&line[part]));
    assert_eq!(sets, [vec![0], vec![1], vec![2]]);
    assert_eq!(line["newest"], "2026-11-03T00:00:00Z");
    assert_eq!(set(&world.one("history", "task", &json!(gone)).await["succeeded"]), [3]);
    let rows = world.get(&format!("/v1/executions?task={task}&limit=4")).await.ok(200);
    assert_eq!((rows["executions"].as_array().unwrap().len(), rows["next"].is_u64()), (4, true));
    let rest = world.get(&format!("/v1/executions?task={task}&after={}", rows["next"])).await.ok(200);
    assert_eq!((rest["executions"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));
    let of_two = world.get(&format!("/v1/executions?computer={}", guid(2))).await.ok(200);
    assert_eq!(of_two["executions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_history_that_cannot_be_is_refused_by_line_and_one_that_is_odd_changes_nothing() {
    let world = World::new(); // Its clock stands at 2027-01-15T08:00:00Z.
    let task = guid(50);
    world.load(&[computer(1, "A"), computer(2, "B"), execution(1, &task, "2026-11-01T00:00:00Z", json!(true))]).await;
    let event = |at: &str| json!({ "type": "event", "computer": guid(1), "kind": "New Job", "task": task, "at": at });
    let mut ends = execution(1, &task, "2026-11-02T00:00:00Z", json!(true));
    ends["endedAt"] = "2026-11-01T00:00:00Z".into();
    for (bad, why) in [
        (execution(1, &task, "2027-01-16T08:00:01Z", json!(true)), "`at` is 2027-01-16T08:00:01Z, which is to come"),
        (execution(1, &task, "9999-12-30T00:00:00Z", json!(false)), "it is 2027-01-15T08:00:00Z at the server"),
        (event("2028-01-01T00:00:00Z"), "which is to come"),
        (execution(1, &task, "2026-02-30T00:00:00Z", json!(true)), "day"),
        (execution(1, &task, "99999-01-01T00:00:00Z", json!(true)), "parse"),
        // A line has one time, that of the end: so nothing ends before it starts.
        (ends, "unknown field `endedAt`"),
        (execution(7, &task, "2026-11-02T00:00:00Z", json!(true)), "no computer has the GUID"),
        (execution(1, "no task", "2026-11-02T00:00:00Z", json!(true)), "GUID"),
        (execution(1, &task, "2026-11-02T00:00:00Z", json!("maybe")), "boolean"),
    ] {
        let good = execution(2, &task, "2026-11-03T00:00:00Z", json!(false));
        let answer = world.load_text(lines(&[good, bad.clone()])).await;
        assert_eq!(answer.refused(422, "invalid")["line"], 2, "{bad}");
        let said = answer.json()["error"]["message"].to_string();
        assert!(said.contains("line 2: ") && said.contains(why), "{bad}: {said}");
    }
    let known = async || {
        let line = world.one("history", "task", &json!(task)).await;
        ["succeeded", "failed", "unknown"].map(|part| set(&line[part]))
    };
    assert_eq!(known().await, [vec![0], vec![], vec![]], "nothing of what was refused is there");
    // A clock may be ahead by a day; what comes twice says nothing new; what is of no item is told all the same.
    let twice = execution(2, &task, "2027-01-16T08:00:00Z", json!(false));
    world.load(&[twice.clone(), twice.clone()]).await;
    world.load(&[twice]).await;
    assert_eq!(known().await, [vec![0], vec![1], vec![]]);
    let rows = world.get(&format!("/v1/executions?computer={}", guid(2))).await.ok(200);
    assert_eq!(rows["executions"].as_array().unwrap().len(), 3, "the log is what was said");
}

#[tokio::test]
async fn a_zone_that_the_database_does_not_have_is_told_as_it_was_said() {
    let world = World::new();
    let mut odd = computer(1, "A");
    odd["zone"] = "Mars/Olympus".into();
    world.load(std::slice::from_ref(&odd)).await;
    assert_eq!(world.one("computer", "guid", &json!(guid(1))).await, odd);
    let refused = world.app.set_zone("Mars/Olympus").unwrap_err();
    assert_eq!(refused.to_string(), "there is no time zone of this name", "that of the server itself must be one");
    assert_eq!(world.app.zone().unwrap(), "UTC");
}

#[tokio::test]
async fn a_load_that_is_cut_in_the_middle_names_the_line_and_leaves_nothing() {
    let world = World::new();
    let task = guid(50);
    let text = lines(&[computer(1, "A"), execution(1, &task, "2026-11-01T00:00:00Z", json!(true))]);
    let (first, second) = (text.find('\n').unwrap() + 1, text.len() - 1);
    for at in (first + 1)..second {
        let answer = world.load_text(text[..at].to_owned()).await;
        assert_eq!(answer.refused(422, "invalid")["line"], 2, "{at}");
        let said = answer.json()["error"]["message"].to_string();
        assert!(said.contains("line 2: EOF while parsing"), "{said}");
    }
    assert!(world.fleet().await.iter().all(|line| line["type"] == "gap"));
    let cut = Body::from_stream(futures_util::stream::iter([
        Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(&text.as_bytes()[..first])),
        Err(std::io::Error::other("cut")),
    ]));
    let request = Request::post("/v1/fleet")
        .header("authorization", format!("Bearer {}", world.admin))
        .header("content-type", "application/x-ndjson")
        .body(cut)
        .unwrap();
    world.send(request).await.refused(400, "malformed");
    assert!(world.fleet().await.iter().all(|line| line["type"] == "gap"), "a connection that ends is no end of a file");
    world.load_text(text).await.ok(200);
}

#[tokio::test]
async fn lic_4_licences_of_the_retired_and_the_deleted_come_back_with_the_refresh() {
    let world = World::new();
    estate(&world).await;
    let gap = world.one("gap", "part", &json!("licences")).await;
    assert!(text(&gap["why"]).contains("no licence pool"));
    let licence = |n: u32| json!({ "type": "licence", "computer": guid(n) });
    let pool = json!({ "type": "licences", "pool": 12, "expires": "2027-01-01T00:00:00Z", "maintenanceExpires": null });
    let plugin = json!({ "type": "plugin", "computer": guid(3) });
    world.load(&[pool, licence(1), licence(2), licence(5), plugin]).await;
    let line = world.one("licences", "pool", &json!(12)).await;
    assert_eq!((set(&line["holders"]), set(&line["plugin"])), (vec![0, 1, 4], vec![2]));
    assert_eq!((&line["expires"], &line["maintenanceExpires"]), (&json!("2027-01-01T00:00:00Z"), &Value::Null));
    world.write("DELETE", &format!("/v1/computers/{}", guid(2)), &[], None).await.ok(204);
    let gap = world.one("gap", "part", &json!("licences")).await;
    assert!(text(&gap["why"]).starts_with("1 licences are held by computers that were deleted"));
    let refresh = async || world.write("POST", "/v1/licences/refresh", &[], None).await.ok(200);
    assert_eq!(refresh().await, json!({ "returned": 2 }));
    assert_eq!(refresh().await, json!({ "returned": 0 }));
    assert_eq!(set(&world.one("licences", "pool", &json!(12)).await["holders"]), [0]);
    assert!(world.fleet().await.iter().all(|line| line["type"] != "gap"));
}
