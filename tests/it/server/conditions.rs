//! Conditional writes, idempotency keys, leases and fences, batches.

use consign::server::Limits;
use consign::server::Store;
use serde_json::Value;
use serde_json::json;

use super::World;
use super::ask;
use super::text;

fn package(name: &str) -> Value {
    json!({ "kind": "Package", "name": name, "spec": {} })
}

fn update(name: &str, publisher: &str) -> Value {
    json!({ "name": name, "folder": null, "spec": { "publisher": publisher } })
}

#[tokio::test]
async fn a_write_without_its_precondition_is_428() {
    let world = World::new();
    let item = world.package("7-Zip").await;
    let path = format!("/v1/items/{}", text(&item["guid"]));
    for (method, path, body) in [
        ("POST", "/v1/items", Some(package("Other"))),
        ("PUT", path.as_str(), Some(update("7-Zip", "x"))),
        ("DELETE", path.as_str(), None),
    ] {
        world.write(method, path, &[], body.clone()).await.refused(428, "precondition_required");
        if method != "POST" {
            let any = world.write(method, path, &[("if-match", "*")], body.clone()).await;
            any.refused(428, "precondition_required");
            for bad in ["1", "\"x\"", "W/\"1\"", "\"1\", \"2\"", "\"\""] {
                world.write(method, path, &[("if-match", bad)], body.clone()).await.refused(400, "malformed");
            }
        }
    }
    assert_eq!(world.app.effects().unwrap().len(), 1);
}

#[tokio::test]
async fn a_write_to_what_moved_is_412_with_the_revision_there_is() {
    let world = World::new();
    let before = world.package("7-Zip").await;
    let after = world.put(&before, |body| body["spec"]["publisher"] = "Igor Pavlov".into()).await;
    assert_eq!(after.header("etag"), Some(format!("\"{}\"", text(&after.json()["revision"])).as_str()));
    let after = after.ok(200);
    assert_ne!(before["revision"], after["revision"]);
    assert_eq!(before["guid"], after["guid"]);
    for answer in [world.put(&before, |_| {}).await, world.delete(&before).await] {
        assert_eq!(answer.refused(412, "revision_moved")["revision"], after["revision"]);
    }
    let there = world.create(package("7-Zip")).await.refused(412, "revision_moved");
    assert_eq!(there["guid"], after["guid"]);
    assert_eq!(world.fresh(&before).await, after);
}

#[tokio::test]
async fn a_revision_never_comes_again() {
    let world = World::new();
    let first = world.package("7-Zip").await;
    world.delete(&first).await.ok(204);
    let second = world.package("7-Zip").await;
    assert_ne!(first["revision"], second["revision"]);
    assert_ne!(first["guid"], second["guid"]);
}

#[tokio::test]
async fn what_is_so_already_is_not_written() {
    let world = World::new();
    let item = world.package("7-Zip").await;
    let state = world.app.state().unwrap();
    world.clock.advance_seconds(5);
    let again = world.put(&item, |_| {}).await.ok(200);
    assert_eq!(again, item);
    assert_eq!(world.app.state().unwrap(), state);
    let rows = world.app.audit(0, 100).unwrap();
    let last = serde_json::to_value(rows.last().unwrap()).unwrap();
    assert_eq!((text(&last["action"]), &last["revisionAfter"]), ("unchanged", &item["revision"]));
}

#[tokio::test]
async fn a_request_that_comes_again_has_one_effect_and_one_answer_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::from_path_buf(dir.path().join("consign.db")).unwrap();
    let (applier, fence, first) = {
        let world = World::over(Store::open(&path).unwrap(), Limits::default());
        let fence = world.fence().await;
        let headers = [("if-none-match", "*"), ("consign-fence", fence.as_str()), ("idempotency-key", "k1")];
        let first = world.send(ask("POST", "/v1/items", &world.applier, &headers, Some(package("7-Zip")))).await;
        first.ok(201);
        assert_eq!(first.header("idempotency-replayed"), None);
        (world.applier.clone(), fence, first)
    };
    // The same file, another process, much later: the fence is nobody's any more.
    let clock = super::HandClock::new();
    clock.advance_seconds(7 * 24 * 3600 - 10);
    let ids = std::sync::Arc::new(consign::server::SeededIds::new(2));
    let app = consign::server::App::new(Store::open(&path).unwrap(), clock.clone(), ids).unwrap();
    let router = consign::server::router(app.clone(), Limits::default());
    let headers = [("if-none-match", "*"), ("consign-fence", fence.as_str()), ("idempotency-key", "k1")];
    let again = super::send(&router, ask("POST", "/v1/items", &applier, &headers, Some(package("7-Zip")))).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!((again.header("etag"), again.header("idempotency-replayed")), (first.header("etag"), Some("true")));
    assert_eq!(app.effects().unwrap().len(), 1);
    let other = super::send(&router, ask("POST", "/v1/items", &applier, &headers, Some(package("Other")))).await;
    other.refused(422, "key_reused");
    let fresh = [("if-none-match", "*"), ("consign-fence", fence.as_str())];
    let late = super::send(&router, ask("POST", "/v1/items", &applier, &fresh, Some(package("Other")))).await;
    assert_eq!(late.refused(409, "fenced")["fence"], Value::Null);
    assert_eq!(app.effects().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_token_one_method_one_precondition_and_one_body() {
    let world = World::new();
    let item = world.package("7-Zip").await;
    let path = format!("/v1/items/{}", text(&item["guid"]));
    let tag = format!("\"{}\"", text(&item["revision"]));
    let key = ("idempotency-key", "k");
    let first = world.write("PUT", &path, &[("if-match", &tag), key], Some(update("7-Zip", "a"))).await.ok(200);
    let again = world.write("PUT", &path, &[("if-match", &tag), key], Some(update("7-Zip", "a"))).await;
    assert_eq!((again.ok(200), again.header("idempotency-replayed")), (first.clone(), Some("true")));
    let now = format!("\"{}\"", text(&first["revision"]));
    for (method, tag, body) in
        [("PUT", &now, Some(update("7-Zip", "a"))), ("PUT", &tag, Some(update("7-Zip", "b"))), ("DELETE", &tag, None)]
    {
        world.write(method, &path, &[("if-match", tag), key], body).await.refused(422, "key_reused");
    }
    // Another token's key is another key; its request is judged by itself.
    let fence = world.fence().await;
    let headers = [("if-match", tag.as_str()), key, ("consign-fence", fence.as_str())];
    let other = world.send(ask("PUT", &path, &world.applier, &headers, Some(update("7-Zip", "a")))).await;
    other.refused(412, "revision_moved");
}

#[tokio::test]
async fn a_refusal_is_not_kept_under_its_key() {
    let world = World::new();
    let headers = [("if-none-match", "*"), ("idempotency-key", "k")];
    let bad = json!({ "kind": "Package", "name": "7-Zip", "spec": { "source": { "type": "unc", "path": "x" } } });
    world.write("POST", "/v1/items", &headers, Some(bad)).await.refused(422, "invalid");
    world.write("POST", "/v1/items", &headers, Some(package("7-Zip"))).await.ok(201);
    let long = "k".repeat(129);
    for bad in ["", long.as_str()] {
        let headers = [("if-none-match", "*"), ("idempotency-key", bad)];
        world.write("POST", "/v1/items", &headers, Some(package("x"))).await.refused(400, "malformed");
    }
}

#[tokio::test]
async fn an_applier_writes_under_the_current_lease_only() {
    let world = World::new();
    let try_with = async |fence: Option<&str>, name: &str| {
        let mut headers = vec![("if-none-match", "*")];
        headers.extend(fence.map(|fence| ("consign-fence", fence)));
        world.send(ask("POST", "/v1/items", &world.applier, &headers, Some(package(name)))).await
    };
    try_with(None, "a").await.refused(428, "fence_required");
    assert_eq!(try_with(Some("1"), "a").await.refused(409, "fenced")["fence"], Value::Null);
    try_with(Some("-1"), "a").await.refused(400, "malformed");
    let first = world.fence().await;
    try_with(Some(&first), "a").await.ok(201);
    // The lease runs out on the server's clock, to the second.
    world.clock.advance_seconds(59);
    try_with(Some(&first), "b").await.ok(201);
    world.clock.advance_seconds(1);
    assert_eq!(try_with(Some(&first), "c").await.refused(409, "fenced")["fence"], Value::Null);
    let second = world.fence().await;
    assert!(second.parse::<u64>().unwrap() > first.parse::<u64>().unwrap());
    assert_eq!(try_with(Some(&first), "c").await.refused(409, "fenced")["fence"].to_string(), second);
    try_with(Some(&second), "c").await.ok(201);
    // An administrator needs none, but one that is sent must hold.
    world.create(package("d")).await.ok(201);
    let stale = [("if-none-match", "*"), ("consign-fence", first.as_str())];
    world.write("POST", "/v1/items", &stale, Some(package("e"))).await.refused(409, "fenced");
}

#[tokio::test]
async fn a_lease_is_one_and_says_who_holds_it() {
    let world = World::new();
    let take = async |key: &str| {
        let body = json!({ "holder": "run 1", "ttlSeconds": 60 });
        world.send(ask("POST", "/v1/leases", &world.applier, &[("idempotency-key", key)], Some(body))).await
    };
    assert_eq!(world.get("/v1/leases").await.ok(200), json!({ "lease": null }));
    let taken = take("a").await.ok(201);
    assert_eq!(take("a").await.ok(201), taken);
    let held = take("b").await.refused(409, "lease_held");
    assert_eq!((text(&held["holder"]), &held["expiresAt"]), ("run 1", &taken["expiresAt"]));
    assert!(held["since"].is_string());
    let shown = world.get("/v1/leases").await.ok(200);
    assert_eq!((&shown["lease"]["fence"], text(&shown["lease"]["holder"])), (&taken["fence"], "run 1"));

    let path = format!("/v1/leases/{}", text(&taken["lease"]));
    let renew = async |token: &str| world.send(ask("PUT", &path, token, &[], Some(json!({ "ttlSeconds": 600 })))).await;
    world.clock.advance_seconds(30);
    let renewed = renew(&world.applier).await.ok(200);
    assert_eq!((&renewed["fence"], &renewed["lease"]), (&taken["fence"], &taken["lease"]));
    assert_ne!(renewed["expiresAt"], taken["expiresAt"]);
    renew(&world.admin).await.refused(403, "forbidden");
    let stranger = world.app.create_token("other", consign::server::app::role::Role::Applier).unwrap();
    let foreign = world.send(ask("DELETE", &path, &stranger, &[], None)).await;
    assert_eq!(foreign.refused(403, "forbidden")["needs"], "administrator");
    world.write("DELETE", &path, &[], None).await.ok(204);
    renew(&world.applier).await.refused(404, "not_found");
    let next = take("c").await.ok(201);
    assert!(next["fence"].as_u64() > taken["fence"].as_u64());

    // Run out, it comes back, as long as nobody took another.
    let path = format!("/v1/leases/{}", text(&next["lease"]));
    world.clock.advance_seconds(61);
    let body = || Some(json!({ "ttlSeconds": 5 }));
    world.send(ask("PUT", &path, &world.applier, &[], body())).await.ok(200);
    world.clock.advance_seconds(6);
    take("d").await.ok(201);
    world.send(ask("PUT", &path, &world.applier, &[], body())).await.refused(404, "not_found");
    for ttl in [4, 601] {
        let body = json!({ "holder": "x", "ttlSeconds": ttl });
        world.send(ask("POST", "/v1/leases", &world.applier, &[], Some(body))).await.refused(422, "invalid");
    }
}

#[tokio::test]
async fn a_batch_is_done_whole_or_not_at_all() {
    let world = World::new();
    let (keep, gone) = (world.package("keep").await, world.package("gone").await);
    let operations = json!([
        { "op": "create", "body": package("new") },
        { "op": "update", "guid": keep["guid"], "ifMatch": keep["revision"], "body": update("keep", "x") },
        { "op": "delete", "guid": gone["guid"], "ifMatch": format!("\"{}\"", text(&gone["revision"])) },
    ]);
    let before = world.get("/v1/export").await.body;
    let rows = world.app.audit(0, 1000).unwrap().len();
    for (index, operation, status, code) in [
        (3, json!({ "op": "create", "body": package("keep") }), 412, "revision_moved"),
        (3, json!({ "op": "delete", "guid": keep["guid"] }), 428, "precondition_required"),
        (3, json!({ "op": "delete", "guid": gone["guid"], "ifMatch": gone["revision"] }), 404, "not_found"),
        (3, json!({ "op": "move" }), 422, "invalid"),
        (3, json!({ "op": "delete", "guid": keep["guid"], "ifMatch": "1", "x": 1 }), 422, "invalid"),
    ] {
        let mut all = operations.as_array().unwrap().clone();
        all.push(operation);
        let answer = world.write("POST", "/v1/batch", &[], Some(json!({ "operations": all }))).await;
        assert_eq!(answer.refused(status, code)["index"], index);
        assert_eq!(world.get("/v1/export").await.body, before);
        assert_eq!(world.app.audit(0, 1000).unwrap().len(), rows);
    }
    let headers = [("idempotency-key", "b1"), ("consign-plan", "p1")];
    let body = json!({ "operations": operations });
    let done = world.write("POST", "/v1/batch", &headers, Some(body.clone())).await;
    let results = done.ok(200)["results"].clone();
    let statuses: Vec<_> = results.as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 204]);
    assert_eq!(results[1]["item"], world.fresh(&keep).await);
    assert_eq!(world.write("POST", "/v1/batch", &headers, Some(body)).await.body, done.body);
    let rows = world.app.audit(rows as u64, 1000).unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.entry.idempotency_key.as_deref() == Some("b1")));
    assert!(rows.iter().all(|row| row.entry.plan_hash.as_deref() == Some("p1")));
    assert!(
        world.write("POST", "/v1/batch", &[], Some(json!({ "operations": [] }))).await.ok(200)["results"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}
