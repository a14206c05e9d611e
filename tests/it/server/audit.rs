//! The audit log.

use consign::server::Limits;
use consign::server::Store;
use consign::server::app::audit::Broken;
use serde_json::json;

use super::World;
use super::ask;
use super::text;

#[tokio::test]
async fn every_write_has_a_row_with_who_when_what_and_which_plan() {
    let world = World::new();
    let fence = world.fence().await;
    let headers = [
        ("if-none-match", "*"),
        ("consign-fence", fence.as_str()),
        ("consign-plan", "sha256:abc"),
        ("idempotency-key", "k1"),
    ];
    let body = json!({ "kind": "Package", "name": "P", "spec": {} });
    let p = world.send(ask("POST", "/v1/items", &world.applier, &headers, Some(body))).await.ok(201);
    let changed = world.put(&p, |body| body["spec"]["publisher"] = "x".into()).await.ok(200);
    world.delete(&changed).await.ok(204);
    world.create(json!({ "kind": "Package", "name": "", "spec": {} })).await.refused(422, "invalid");
    let log = world.get("/v1/audit").await.ok(200);
    let rows = log["entries"].as_array().unwrap();
    let actions: Vec<_> = rows.iter().map(|row| text(&row["action"])).collect();
    assert_eq!(actions, ["token", "token", "token", "lease", "create", "update", "delete"]);
    let made = &rows[4];
    for (field, value) in [
        ("seq", json!(5)),
        ("time", json!(world.app.now().to_string())),
        ("principal", json!("applier")),
        ("role", json!("applier")),
        ("guid", p["guid"].clone()),
        ("kind", json!("Package")),
        ("name", json!("P")),
        ("revisionBefore", json!(null)),
        ("revisionAfter", p["revision"].clone()),
        ("newGuid", json!(null)),
        ("planHash", json!("sha256:abc")),
        ("idempotencyKey", json!("k1")),
        ("fence", json!(fence.parse::<u64>().unwrap())),
        ("previousHash", rows[3]["hash"].clone()),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!((&rows[5]["revisionBefore"], &rows[5]["revisionAfter"]), (&p["revision"], &changed["revision"]));
    let page = world.get("/v1/audit?after=2&limit=2").await.ok(200);
    assert_eq!((page["entries"].as_array().unwrap().len(), &page["next"]), (2, &json!(4)));
    assert_eq!(world.app.verify_audit().unwrap(), Ok(7));
}

#[tokio::test]
async fn tampering_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    for (n, sql, broken) in [
        (0, "UPDATE audit SET entry = replace(entry, '\"P1\"', '\"PX\"') WHERE seq = 5", Broken::Row(5)),
        (1, "DELETE FROM audit WHERE seq = 5", Broken::Missing(5)),
        (2, "DELETE FROM audit WHERE seq > 5", Broken::Missing(6)),
        (3, "DELETE FROM audit", Broken::Missing(1)),
        (4, "UPDATE audit SET hash = '00' WHERE seq = 5", Broken::Row(5)),
        (5, "UPDATE audit SET seq = seq + 100 WHERE seq = 5", Broken::Missing(5)),
        (6, "INSERT INTO audit SELECT 8, entry, hash FROM audit WHERE seq = 7", Broken::Row(8)),
    ] {
        let path = camino::Utf8PathBuf::from_path_buf(dir.path().join(format!("{n}.db"))).unwrap();
        let world = World::over(Store::open(&path).unwrap(), Limits::default());
        for name in ["P0", "P1", "P2", "P3"] {
            world.package(name).await;
        }
        assert_eq!(world.app.verify_audit().unwrap(), Ok(7));
        assert!(rusqlite::Connection::open(&path).unwrap().execute(sql, []).unwrap() > 0);
        assert_eq!(world.app.verify_audit().unwrap(), Err(broken), "{sql}");
    }
}
