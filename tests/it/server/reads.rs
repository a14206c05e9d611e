//! Reading: the whole state, single items, references.

use consign::server::Limits;
use consign::server::Store;
use consign::server::store::StoreError;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::Answer;
use super::World;
use super::ask;
use super::text;

/// The lines of a state, held to what its end says.
#[track_caller]
fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let whole = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(whole.ends_with('\n'));
    let raw: Vec<&str> = whole.split_inclusive('\n').collect();
    let all: Vec<Value> = raw.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (header, end) = (&all[0], &all[all.len() - 1]);
    assert_eq!((text(&header["type"]), text(&end["type"])), ("header", "end"));
    assert_eq!(answer.header("etag"), Some(format!("\"{}\"", text(&header["state"])).as_str()));
    let items = &raw[1..raw.len() - 1];
    assert_eq!(end["count"], items.len());
    let digest = Sha256::digest(items.concat().as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text(&end["digest"]), format!("sha256:{hex}"));
    all[1..all.len() - 1].to_vec()
}

#[tokio::test]
async fn a_state_ends_with_its_count_and_digest_and_is_in_order() {
    let world = World::new();
    for n in 0..300 {
        let description = "long enough that the state has several pieces ".repeat(10);
        let spec = json!({ "description": description });
        world.make(json!({ "kind": "Package", "name": format!("P{n}"), "spec": spec })).await;
    }
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    world.make(json!({ "kind": "SequentialTask", "name": "S", "spec": { "steps": [step] } })).await;
    let shown = lines(&world.get("/v1/state").await);
    let all = lines(&world.get("/v1/state?internal=true").await);
    assert_eq!((shown.len(), all.len()), (4 + 300 + 3, 4 + 300 + 4));
    for items in [&shown, &all] {
        let keys: Vec<_> = items.iter().map(|item| (text(&item["kind"]), text(&item["guid"]))).collect();
        assert!(keys.is_sorted());
    }
    let mut one = all.iter().find(|item| item["guid"] == a["guid"]).unwrap().clone();
    assert_eq!(one.as_object_mut().unwrap().shift_remove("type"), Some("item".into()));
    assert_eq!(one, world.fresh(&a).await, "a line is the item as it is answered alone");
    assert_eq!(lines(&world.get("/v1/export").await), all);
    world.get("/v1/state?internal=maybe").await.refused(400, "malformed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_from_a_file_is_one_moment_and_writers_do_not_wait_for_its_reader() {
    let dir = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::from_path_buf(dir.path().join("consign.db")).unwrap();
    let world = World::over(Store::open(&path).unwrap(), Limits::default());
    let spec = json!({ "description": "x".repeat(20_000) });
    for batch in 0..10 {
        let operations: Vec<_> = (0..20)
            .map(|n| json!({ "op": "create", "body": { "kind": "Package", "name": format!("{batch}-{n}"), "spec": spec } }))
            .collect();
        world.write("POST", "/v1/batch", &[], Some(json!({ "operations": operations }))).await.ok(200);
    }
    // Its number and its items are of one moment too.
    let snapshot = world.app.snapshot().unwrap().unwrap();
    world.package("after the snapshot").await;
    let mut pieces = Vec::new();
    let streamed = world.app.stream(&snapshot, false, |piece| {
        pieces.extend(piece);
        Ok::<_, StoreError>(())
    });
    streamed.unwrap();
    let pieces = String::from_utf8(pieces).unwrap();
    assert_eq!(pieces.lines().count(), 204 + 2);
    assert!(pieces.lines().next().unwrap().contains(&format!("\"state\":\"{}\"", snapshot.state)));
    assert_eq!(world.app.state().unwrap(), snapshot.state + 1);
    drop(snapshot);

    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let response = world.router.clone().oneshot(ask("GET", "/v1/state", &world.reader, &[], None)).await.unwrap();
    let (parts, mut body) = response.into_parts();
    let mut bytes = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();
    // 4 MB do not fit into what waits for the reader, so the rest is read after this write; and does not show it.
    world.package("written meanwhile").await;
    bytes.extend(body.collect().await.unwrap().to_bytes());
    let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body: bytes.into() };
    assert_eq!(lines(&answer).len(), 205);
    assert_eq!(lines(&world.get("/v1/state").await).len(), 206);
}

#[tokio::test]
async fn what_the_caller_has_is_304() {
    let world = World::new();
    let p = world.package("P").await;
    let item = format!("/v1/items/{}", text(&p["guid"]));
    for path in ["/v1/state", "/v1/state?internal=true", "/v1/export", item.as_str()] {
        let first = world.get(path).await;
        let tag = first.header("etag").unwrap().to_owned();
        let weak = format!("\"0\", W/{tag}");
        for has in [tag.as_str(), weak.as_str(), "*"] {
            let again = world.send(ask("GET", path, &world.reader, &[("if-none-match", has)], None)).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {has}");
            assert_eq!(again.header("etag"), Some(tag.as_str()));
        }
        let other = world.send(ask("GET", path, &world.reader, &[("if-none-match", "\"0\"")], None)).await;
        assert_eq!(other.status, 200);
    }
    let before = world.get("/v1/state").await;
    world.put(&p, |body| body["spec"]["publisher"] = "x".into()).await.ok(200);
    let has = [("if-none-match", before.header("etag").unwrap())];
    assert_eq!(world.send(ask("GET", "/v1/state", &world.reader, &has, None)).await.status, 200);
}

#[tokio::test]
async fn a_state_is_compressed_for_those_who_ask() {
    let world = World::new();
    for n in 0..50 {
        world.package(&format!("P{n}")).await;
    }
    let plain = world.get("/v1/state").await;
    let headers = [("accept-encoding", "gzip")];
    let packed = world.send(ask("GET", "/v1/state", &world.reader, &headers, None)).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() * 4 < plain.body.len());
    assert_eq!(packed.header("etag"), plain.header("etag"));
}

#[tokio::test]
async fn col_3_items_are_found_by_name_or_guid_with_what_they_are_tied_to() {
    let world = World::new();
    let p = world.package("7-Zip & more").await;
    let a = world.program(&p, "Install").await;
    let c = world.collection("C").await;
    let spec = json!({ "package": p["guid"], "program": a["guid"], "collections": [c["guid"], c["guid"]] });
    let t = world.make(json!({ "kind": "Task", "name": "Install", "spec": spec })).await;
    let found = async |query: &str| world.get(&format!("/v1/items?{query}")).await.ok(200)["items"].clone();
    assert_eq!(found("kind=Package&name=7-Zip%20%26%20more").await, json!([p]));
    assert_eq!(found("name=Install").await, json!([a, t]));
    assert_eq!(found("name=install").await, json!([]));
    assert_eq!(found("kind=Task").await, json!([t]));
    for bad in ["/v1/items", "/v1/items?kind=Nothing", "/v1/items?name=a&name=b", "/v1/items?nam=a"] {
        world.get(bad).await.refused(400, "malformed");
    }
    for bad in ["/v1/items/00000000-0000-0000-0000-000000000001", "/v1/items/x", "/v1/items/x/rights"] {
        world.get(bad).await.refused(404, "not_found");
    }
    let ties = world.get(&format!("/v1/items/{}/references", text(&t["guid"]))).await.ok(200);
    assert_eq!(ties["item"], json!({ "guid": t["guid"], "kind": "Task", "name": "Install" }));
    assert_eq!((&ties["folder"], &ties["referredToBy"]), (&Value::Null, &json!([])));
    let to: Vec<_> = ties["refersTo"].as_array().unwrap().iter().map(|end| text(&end["hint"])).collect();
    let hints = ["policyappliestocollection", "swdadvertisement uses swdpackage", "swdadvertisement uses swdprogram"];
    assert_eq!(to, hints);
    assert_eq!(ties["refersTo"][1]["guid"], p["guid"]);
}

#[tokio::test]
async fn references_are_listed_page_by_page() {
    let world = World::new();
    let f = world.make(json!({ "kind": "Folder", "name": "F", "spec": {} })).await;
    for n in 0..7 {
        world.make(json!({ "kind": "Package", "name": format!("{n}"), "folder": f["guid"], "spec": {} })).await;
    }
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let path = format!("/v1/references?parent={}&hint=folderchilditem&limit=3&after={after}", text(&f["guid"]));
        let page = world.get(&path).await.ok(200);
        seen.extend(page["references"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()));
        let Some(next) = page["next"].as_u64() else { break };
        after = next;
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|a, b| a < b));
    for bad in ["limit=0", "limit=10001", "limit=x", "after=-1", "parent=x"] {
        world.get(&format!("/v1/references?{bad}")).await.refused(400, "malformed");
    }
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let world = World::new();
    assert_eq!(world.send(ask("GET", "/v1/health", "", &[], None)).await.ok(200), json!({ "status": "ok" }));
    let facts = world.get("/v1/server").await.ok(200);
    assert_eq!((text(&facts["apiVersion"]), &facts["state"]), ("1", &json!("4")));
    assert_eq!(text(&facts["instance"]), world.app.instance().to_string());
    assert_eq!(text(&facts["time"]), world.app.now().to_string());
}
