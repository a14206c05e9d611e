//! The reference server: its real router over its real store, in process; sockets only where sockets are the subject.

mod agents;
mod audit;
mod collections;
mod conditions;
mod document;
mod domain;
mod faults;
mod figures;
mod fleet;
mod incidents;
mod portal;
mod purge;
mod reads;
mod routes;
mod sequences;
mod serve;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use consign::server::App;
use consign::server::Limits;
use consign::server::SeededIds;
use consign::server::Store;
use consign::server::app::role::Role;
use consign::server::router;
use consign::sys::clock::Clock;
use http::HeaderMap;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

/// A clock that moves when told.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000)))
    }
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
    /// Holds a refusal to the shape of all refusals, and gives its details.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["error"]["code"], code, "{body}");
        assert!(body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        body["error"].get("details").cloned().unwrap_or(Value::Null)
    }
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }
}

/// A server in process, and a token of each role.
pub struct World {
    pub app: App,
    pub router: Router,
    pub clock: Arc<HandClock>,
    pub admin: String,
    pub applier: String,
    pub reader: String,
}

impl World {
    pub fn new() -> Self {
        Self::over(Store::in_memory().unwrap(), Limits::default())
    }

    pub fn over(store: Store, limits: Limits) -> Self {
        let clock = HandClock::new();
        let app = App::new(store, clock.clone(), Arc::new(SeededIds::new(1))).unwrap();
        let token = |name: &str, role| app.create_token(name, role).unwrap();
        let (admin, applier) = (token("admin", Role::Administrator), token("applier", Role::Applier));
        let reader = token("reader", Role::Reader);
        Self { router: router(app.clone(), limits), app, clock, admin, applier, reader }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(ask("GET", path, &self.reader, &[], None)).await
    }

    /// As the administrator, who needs no fence.
    pub async fn write(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        self.send(ask(method, path, &self.admin, headers, body)).await
    }

    pub async fn create(&self, body: Value) -> Answer {
        self.write("POST", "/v1/items", &[("if-none-match", "*")], Some(body)).await
    }

    /// Makes an item that must succeed.
    pub async fn make(&self, body: Value) -> Value {
        self.create(body).await.ok(201)
    }

    pub async fn put(&self, item: &Value, change: impl FnOnce(&mut Value)) -> Answer {
        let mut body = json!({ "name": item["name"], "folder": item["folder"], "attributes": item["attributes"],
            "spec": item["spec"] });
        change(&mut body);
        let tag = format!("\"{}\"", text(&item["revision"]));
        self.write("PUT", &format!("/v1/items/{}", text(&item["guid"])), &[("if-match", &tag)], Some(body)).await
    }

    pub async fn delete(&self, item: &Value) -> Answer {
        let tag = format!("\"{}\"", text(&item["revision"]));
        self.write("DELETE", &format!("/v1/items/{}", text(&item["guid"])), &[("if-match", &tag)], None).await
    }

    pub async fn fresh(&self, item: &Value) -> Value {
        self.get(&format!("/v1/items/{}", text(&item["guid"]))).await.ok(200)
    }

    pub async fn package(&self, name: &str) -> Value {
        self.make(json!({ "kind": "Package", "name": name, "spec": {} })).await
    }

    pub async fn program(&self, package: &Value, name: &str) -> Value {
        let spec = json!({ "commandLine": "setup.exe /S" });
        self.make(json!({ "kind": "Program", "name": name, "package": package["guid"], "spec": spec })).await
    }

    pub async fn collection(&self, name: &str) -> Value {
        self.make(json!({ "kind": "Collection", "name": name, "spec": {} })).await
    }

    /// A lease of the applier, as a header.
    pub async fn fence(&self) -> String {
        let body = json!({ "holder": "run 1", "ttlSeconds": 60 });
        let taken = self.send(ask("POST", "/v1/leases", &self.applier, &[], Some(body))).await.ok(201);
        taken["fence"].to_string()
    }
}

/// A request.
pub fn ask(method: &str, path: &str, token: &str, headers: &[(&str, &str)], body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()
}

pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
