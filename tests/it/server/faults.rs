//! Faults on purpose, over the real router in process.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use consign::server::Faults;
use consign::server::Faulty;
use futures_util::StreamExt;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

use super::World;
use super::ask;
use super::text;

fn faulty(world: &World, rules: &str) -> Faulty {
    Faulty::new(world.router.clone(), Some(Arc::new(Faults::read(rules).unwrap())))
}

fn create(world: &World, key: &str) -> Request<Body> {
    let headers = [("if-none-match", "*"), ("idempotency-key", key)];
    ask("POST", "/v1/items", &world.admin, &headers, Some(json!({ "kind": "Package", "name": "P", "spec": {} })))
}

/// What comes of a body: its bytes, and whether it ended as it should.
async fn read(body: Body) -> (Vec<u8>, bool) {
    let mut pieces = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

fn effects(world: &World) -> usize {
    world.app.effects().unwrap().len()
}

#[tokio::test]
async fn a_status_before_has_no_effect_and_after_has_one_and_the_key_heals_both() {
    for (when, effect) in [("before", 0), ("after", 1)] {
        let world = World::new();
        let rules =
            format!("rules: [{{method: POST, times: 1, fault: {{status: 503, retryAfterSeconds: 7, when: {when}}}}}]");
        let server = faulty(&world, &rules);
        let answer = server.clone().oneshot(create(&world, "k")).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "7"));
        let body: Value = serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(body["error"]["code"], "unavailable");
        assert_eq!(effects(&world), effect, "{when}");
        let again = server.oneshot(create(&world, "k")).await.unwrap();
        assert_eq!(again.status().as_u16(), 201);
        assert_eq!(again.headers().contains_key("idempotency-replayed"), effect == 1);
        assert_eq!(effects(&world), 1);
    }
}

#[tokio::test]
async fn a_request_or_its_response_is_lost() {
    for (what, effect) in [("request", 0), ("response", 1)] {
        let world = World::new();
        let server = faulty(&world, &format!("rules: [{{fault: {{drop: {what}}}}}]"));
        assert!(server.oneshot(create(&world, "k")).await.is_err());
        assert_eq!(effects(&world), effect, "{what}");
    }
}

#[tokio::test]
async fn a_body_is_cut_after_so_many_bytes() {
    let world = World::new();
    let whole = world.get("/v1/state").await.body;
    for bytes in [0, 1, 100, whole.len() - 1, whole.len()] {
        let server = faulty(&world, &format!("rules: [{{fault: {{cut: {bytes}}}}}]"));
        let headers = [("accept-encoding", "gzip")];
        let answer = server.oneshot(ask("GET", "/v1/state", &world.reader, &headers, None)).await.unwrap();
        let (got, ended) = read(answer.into_body()).await;
        assert!(!ended);
        let header = whole.iter().position(|byte| *byte == b'\n').unwrap();
        assert_eq!(got.len(), bytes);
        assert_eq!(got[header.min(bytes)..], whole[header.min(bytes)..bytes], "the header has the time in it");
    }
}

#[tokio::test]
async fn a_short_page_lacks_lines_and_its_end_still_counts_them() {
    let world = World::new();
    let server = faulty(&world, "rules: [{path: /v1/state, fault: {shortPage: 2}}]");
    let answer = server.oneshot(ask("GET", "/v1/state", &world.reader, &[], None)).await.unwrap();
    let (got, ended) = read(answer.into_body()).await;
    assert!(ended);
    let lines: Vec<Value> =
        got.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
    assert_eq!(lines.len(), 1 + 2 + 1);
    let end = lines.last().unwrap();
    assert_eq!((text(&end["type"]), &end["count"]), ("end", &json!(4)));
}

#[tokio::test]
async fn a_lie_claims_more_bytes_than_there_are() {
    let world = World::new();
    let server = faulty(&world, "rules: [{fault: {lie: contentLength}}]");
    let answer = server.oneshot(ask("GET", "/v1/server", &world.reader, &[], None)).await.unwrap();
    let claimed: usize = answer.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let (got, _) = read(answer.into_body()).await;
    assert!(claimed > got.len());
}

#[tokio::test(start_paused = true)]
async fn latency_delays_and_nothing_more() {
    let world = World::new();
    let server = faulty(&world, "rules: [{fault: {latencyMs: 90000}}]");
    let before = tokio::time::Instant::now();
    let answer = server.oneshot(create(&world, "k")).await.unwrap();
    assert_eq!((answer.status().as_u16(), before.elapsed().as_secs()), (201, 90));
}

#[tokio::test]
async fn without_faults_the_router_is_itself() {
    let world = World::new();
    let server = Faulty::new(world.router.clone(), None);
    let answer = server.oneshot(ask("GET", "/v1/health", "", &[], None)).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, Bytes::from_static(b"{\"status\":\"ok\"}"));
}
