//! The wire of a simulated world: the server's router in process, and everything that can go wrong on the way.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::simulation::Disk;
use crate::sys::http::Answer;
use crate::sys::http::Ask;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;
use crate::sys::retry::Rng;

/// How often, in a thousand requests, each thing goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faults {
    lost_request: u64,
    lost_response: u64,
    late: u64,
    twice: u64,
    cut: u64,
    error_before: u64,
    error_after: u64,
    busy: u64,
}

impl Faults {
    pub(super) const NONE: Self =
        Self { lost_request: 0, lost_response: 0, late: 0, twice: 0, cut: 0, error_before: 0, error_after: 0, busy: 0 };

    pub(super) fn random(rng: &mut Rng) -> Self {
        if rng.below(6) == 0 {
            return Self::NONE;
        }
        // Now and then most answers are cut, so that a read does not come whole however often it is tried.
        let torn = if rng.below(5) == 0 { 300 + rng.below(400) } else { 0 };
        let mut each = || if rng.below(2) == 0 { 0 } else { rng.below(120) };
        Self {
            lost_request: each(),
            lost_response: each(),
            late: each(),
            twice: each(),
            cut: torn.max(each()),
            error_before: each(),
            error_after: each(),
            busy: each(),
        }
    }

    pub(super) const fn is_none(&self) -> bool {
        self.lost_request + self.lost_response + self.late + self.twice == 0
            && self.cut + self.error_before + self.error_after + self.busy == 0
    }
}

/// What the server was asked to write, for the judge.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub plan: String,
    pub key: String,
    pub what: String,
    pub journal_knew: bool,
    pub acts_at_once: bool,
}

/// Something that befalls requests of one sort, whatever faults there are besides.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub method: http::Method,
    /// How their paths begin.
    pub path: &'static str,
    /// How many of them are spared before the first is hit.
    pub spared: u32,
    /// How many are hit then.
    pub times: u32,
    pub what: What,
}

/// What befalls a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// It takes so long on its way to the server.
    Slow(Duration),
    /// It never arrives.
    Lost,
    /// It never arrives, and something on the way answers with this status.
    Refused(u16),
    /// Right before it arrives, an administrator gives the lease of its path back.
    LeaseTakenAway,
}

struct State {
    troubles: Vec<Trouble>,
    faults: Faults,
    rng: Rng,
    trace: Vec<u8>,
    asked: Vec<Asked>,
    n_faults: usize,
    /// So many writes from now somebody edits at the console.
    edit_in: Option<u64>,
    edits: u64,
}

/// The wire.
pub(super) struct Wire {
    router: Router,
    token: String,
    admin: String,
    disk: Disk,
    state: Arc<Mutex<State>>,
}

impl Wire {
    pub(super) fn new(router: Router, token: String, admin: String, disk: Disk, seed: u64) -> Self {
        let state = State {
            troubles: Vec::new(),
            faults: Faults::NONE,
            rng: Rng::seeded(seed),
            trace: Vec::new(),
            asked: Vec::new(),
            n_faults: 0,
            edit_in: None,
            edits: 0,
        };
        Self { router, token, admin, disk, state: Arc::new(Mutex::new(state)) }
    }

    pub(super) fn set(&self, faults: Faults) {
        let mut state = self.state.lock().unwrap();
        state.faults = faults;
        state.edit_in = None;
    }

    /// From now on this befalls requests.
    pub(super) fn trouble(&self, troubles: Vec<Trouble>) {
        self.state.lock().unwrap().troubles = troubles;
    }

    /// What befalls a request besides faults.
    fn befalls(&self, request: &Send) -> Option<What> {
        let mut state = self.state.lock().unwrap();
        let is_hit =
            |trouble: &&mut Trouble| trouble.method == request.method && request.path.starts_with(trouble.path);
        let trouble = state.troubles.iter_mut().filter(|trouble| trouble.times > 0).find(is_hit)?;
        if trouble.spared > 0 {
            trouble.spared -= 1;
            return None;
        }
        trouble.times -= 1;
        Some(trouble.what)
    }

    /// The answer to a request in trouble, where it never arrives.
    async fn suffer(&self, request: &Send) -> Option<Result<Answer, TransportError>> {
        match self.befalls(request)? {
            What::Slow(wait) => {
                tokio::time::sleep(wait).await;
                None
            }
            What::Lost => {
                tokio::time::sleep(Duration::from_secs(20)).await;
                Some(Err(TransportError::TimedOut))
            }
            What::Refused(status) => Some(Ok(canned(status))),
            What::LeaseTakenAway => {
                let headers = [("idempotency-key", "console")];
                self.console(http::Method::DELETE, &request.path, &headers, serde_json::Value::Null).await;
                None
            }
        }
    }

    pub(super) fn trace(&self) -> Vec<u8> {
        self.state.lock().unwrap().trace.clone()
    }

    pub(super) fn n_faults(&self) -> usize {
        self.state.lock().unwrap().n_faults
    }

    pub(super) fn n_writes(&self) -> usize {
        self.state.lock().unwrap().asked.len()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Something that lies outside of what the project owns.
    pub(super) async fn foreign(&self) {
        let folder = serde_json::json!({"kind": "Folder", "name": "Foreign", "folder": null, "spec": {}});
        let made = self.console(http::Method::POST, "/v1/items", &[("if-none-match", "*")], folder).await;
        let folder = made["guid"].clone();
        let package = serde_json::json!({"kind": "Package", "name": "alpha", "folder": folder, "spec": {}});
        let made = self.console(http::Method::POST, "/v1/items", &[("if-none-match", "*")], package).await;
        let program = serde_json::json!({
            "kind": "Program", "name": "Install", "package": made["guid"], "spec": {"commandLine": "theirs.exe"},
        });
        self.console(http::Method::POST, "/v1/items", &[("if-none-match", "*")], program).await;
    }

    /// Loads computers.
    pub(super) async fn load(&self, lines: String) {
        let request = http::Request::post("/v1/fleet")
            .header("authorization", format!("Bearer {}", self.admin))
            .header("content-type", "application/x-ndjson")
            .body(Body::from(lines))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.expect("infallible");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("the router's bodies do not fail").to_bytes();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    }

    /// Somebody edits one of the packages at the console.
    pub(super) async fn edit_now(&self, rng: &mut Rng) {
        let name = ["alpha", "beta", "gamma"][rng.below(3) as usize];
        edit(&self.router, &self.admin, &self.state, name).await;
    }

    /// The same, right before the n-th write from now.
    pub(super) fn edit_later(&self, n: u64) {
        self.state.lock().unwrap().edit_in = Some(n);
    }

    async fn console(
        &self,
        method: http::Method,
        path: &str,
        headers: &[(&str, &str)],
        body: serde_json::Value,
    ) -> serde_json::Value {
        console(&self.router, &self.admin, method, path, headers, body).await
    }

    async fn pass(&self, request: Send) -> Result<Answer, TransportError> {
        let fault = self.decide(&request);
        let wait = self.state.lock().unwrap().rng.below(500);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if let Some(answer) = self.suffer(&request).await {
            return answer;
        }
        match fault {
            Fault::LostRequest => {
                tokio::time::sleep(Duration::from_secs(20)).await;
                Err(TransportError::TimedOut)
            }
            Fault::ErrorBefore => Ok(canned(503)),
            Fault::Busy => Ok(canned(429)),
            Fault::Late => {
                let after = Duration::from_secs(21 + self.state.lock().unwrap().rng.below(200));
                let deliver = self.deliver(request);
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    deliver.await
                });
                tokio::time::sleep(Duration::from_secs(20)).await;
                Err(TransportError::TimedOut)
            }
            Fault::None | Fault::LostResponse | Fault::ErrorAfter | Fault::Twice | Fault::Cut => {
                if matches!(fault, Fault::Twice) {
                    let second = self.deliver(request.clone());
                    let after = Duration::from_millis(self.state.lock().unwrap().rng.below(3000));
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        second.await
                    });
                }
                // The server goes on with a request whose client is gone.
                let (status, headers, body) = tokio::spawn(self.deliver(request)).await.expect("no panic in a handler");
                match fault {
                    Fault::LostResponse => {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        Err(TransportError::Cut("reset".to_owned()))
                    }
                    Fault::ErrorAfter => Ok(canned(500)),
                    Fault::Cut => {
                        let half = self.state.lock().unwrap().rng.below(body.len() as u64 + 1) as usize;
                        let parts = vec![Ok(body.slice(..half)), Err(TransportError::Cut("reset".to_owned()))];
                        Ok(Answer { status, headers, body: futures_util::stream::iter(parts).boxed() })
                    }
                    _ => Ok(Answer { status, headers, body: futures_util::stream::iter(vec![Ok(body)]).boxed() }),
                }
            }
        }
    }

    fn decide(&self, request: &Send) -> Fault {
        let mut state = self.state.lock().unwrap();
        let faults = state.faults;
        let mut dice = state.rng.below(1000);
        let mut chosen = Fault::None;
        for (share, fault) in [
            (faults.lost_request, Fault::LostRequest),
            (faults.lost_response, Fault::LostResponse),
            (faults.late, Fault::Late),
            (faults.twice, Fault::Twice),
            (faults.cut, Fault::Cut),
            (faults.error_before, Fault::ErrorBefore),
            (faults.error_after, Fault::ErrorAfter),
            (faults.busy, Fault::Busy),
        ] {
            if dice < share {
                chosen = fault;
                break;
            }
            dice -= share;
        }
        if !matches!(chosen, Fault::None) {
            state.n_faults += 1;
        }
        let line = format!("{} {} {chosen:?}\n", request.method, request.path);
        state.trace.extend_from_slice(line.as_bytes());
        chosen
    }

    /// Brings a request to the server, and its whole answer back.
    fn deliver(
        &self,
        request: Send,
    ) -> impl Future<Output = (u16, http::HeaderMap, Bytes)> + std::marker::Send + 'static {
        let (router, token, admin) = (self.router.clone(), self.token.clone(), self.admin.clone());
        let (state, disk) = (self.state.clone(), self.disk.clone());
        async move {
            let due = note(&state, &disk, &request);
            if let Some(name) = due {
                edit(&router, &admin, &state, name).await;
            }
            let mut builder = http::Request::builder().method(request.method.clone()).uri(&request.path);
            builder = builder.header("authorization", format!("Bearer {token}"));
            for (name, value) in &request.headers {
                builder = builder.header(*name, value);
            }
            let answer = router.oneshot(builder.body(Body::from(request.body)).unwrap()).await.expect("infallible");
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.expect("the router's bodies do not fail").to_bytes();
            let line = format!("{} {} -> {}\n", request.method, request.path, parts.status.as_u16());
            state.lock().unwrap().trace.extend_from_slice(line.as_bytes());
            (parts.status.as_u16(), parts.headers, body)
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    LostRequest,
    LostResponse,
    Late,
    Twice,
    Cut,
    ErrorBefore,
    ErrorAfter,
    Busy,
}

/// Takes down what a write asks for; says whom the console edits now, if it does.
fn note(state: &Mutex<State>, disk: &Disk, request: &Send) -> Option<&'static str> {
    if request.method == http::Method::GET || !request.path.starts_with("/v1/items") && request.path != "/v1/batch" {
        return None;
    }
    let header = |name: &str| {
        let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let key = header("idempotency-key");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let operations = match body["operations"].as_array() {
        Some(list) => list.iter().filter(|op| op["op"] == "create").map(|op| op["body"].clone()).collect(),
        None if request.method == http::Method::POST => vec![body],
        None => Vec::new(),
    };
    let active = ["Task", "SequentialTask", "DeliveryPolicy"];
    let acts_at_once = operations.iter().any(|item| {
        let is_active = active.iter().any(|kind| item["kind"] == *kind);
        let has_targets = item["spec"]["collections"].as_array().is_some_and(|list| !list.is_empty());
        is_active && (item["spec"]["enabled"] == true || has_targets)
    });
    let mut state = state.lock().unwrap();
    state.asked.push(Asked {
        plan: header("consign-plan"),
        what: format!("{} {} {}", request.method, request.path, String::from_utf8_lossy(&request.body)),
        journal_knew: disk.knows(&key),
        key,
        acts_at_once,
    });
    match &mut state.edit_in {
        Some(0) => {
            state.edit_in = None;
            let at = state.rng.below(3) as usize;
            Some(["alpha", "beta", "gamma"][at])
        }
        Some(n) => {
            *n -= 1;
            None
        }
        None => None,
    }
}

/// Changes the description of a package in the owned folders, as a person at the console does.
async fn edit(router: &Router, admin: &str, state: &Mutex<State>, name: &str) {
    let path = format!("/v1/items?kind=Package&name={name}");
    let found = console(router, admin, http::Method::GET, &path, &[], serde_json::Value::Null).await;
    let n = {
        let mut state = state.lock().unwrap();
        state.edits += 1;
        state.edits
    };
    let path = "/v1/items?kind=Folder&name=Foreign";
    let foreign = console(router, admin, http::Method::GET, path, &[], serde_json::Value::Null).await;
    let foreign = &foreign["items"][0]["guid"];
    for item in found["items"].as_array().into_iter().flatten().filter(|item| item["folder"] != *foreign) {
        let mut spec = item["spec"].clone();
        spec["description"] = format!("edited {n}").into();
        let body = serde_json::json!({
            "name": item["name"], "folder": item["folder"], "attributes": item["attributes"], "spec": spec,
        });
        let path = format!("/v1/items/{}", item["guid"].as_str().unwrap_or_default());
        let revision = format!("\"{}\"", item["revision"].as_str().unwrap_or_default());
        console(router, admin, http::Method::PUT, &path, &[("if-match", &revision)], body).await;
    }
}

async fn console(
    router: &Router,
    admin: &str,
    method: http::Method,
    path: &str,
    headers: &[(&str, &str)],
    body: serde_json::Value,
) -> serde_json::Value {
    let mut builder =
        http::Request::builder().method(method).uri(path).header("authorization", format!("Bearer {admin}"));
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        builder = builder.header("content-type", "application/json");
        Body::from(body.to_string())
    };
    let answer = router.clone().oneshot(builder.body(body).unwrap()).await.expect("infallible");
    let bytes = answer.into_body().collect().await.expect("the router's bodies do not fail").to_bytes();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn canned(status: u16) -> Answer {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    if status == 429 {
        headers.insert("retry-after", http::HeaderValue::from_static("3"));
    }
    let body = Bytes::from_static(br#"{"error":{"code":"unavailable","message":"a fault"}}"#);
    Answer { status, headers, body: futures_util::stream::iter(vec![Ok(body)]).boxed() }
}

#[async_trait]
impl ReadTransport for Wire {
    fn server(&self) -> &str {
        "http://127.0.0.1:1"
    }

    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        let Get { path, headers } = request;
        self.pass(Send { method: http::Method::GET, path, headers, body: Bytes::new() }).await
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        let (path, headers) = (ask.path().to_owned(), ask.headers().to_vec());
        self.pass(Send { method: http::Method::POST, path, headers, body: ask.body() }).await
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        self.pass(request).await
    }
}
