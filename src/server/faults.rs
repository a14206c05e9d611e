//! Faults on purpose: what networks, proxies and servers do to a client, on demand and by seed. The tests' tool.
//!
//! Calls of the Altiris ASDK fare ill in ways of their own: `asdkMethod` says which call is meant, over whatever binding,
//! and `asdk` what becomes of it.
//!
//! A file of rules says which requests fare ill, and how. The same seed and the same requests in the same order give
//! the same faults. It wraps the router, in process as on a socket.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::Service;
use tower::ServiceExt;

use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::inject::Injected;
use crate::server::http::asdk::inject::What;
use crate::server::http::error;

/// How much longer a body claims to be than it is, for a fault that lies.
const LIE_BYTES: usize = 64;

/// What a caller without read on the server's product hears (altiris-asdk §2).
const NO_LICENCE: &str = "Unable to check for license. Error: 'The current user does not have required permission 'read' to load item 'd0e33520-c160-11d2-8612-00104b74a9df''";

/// Why a file of faults was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// It is not a file of faults.
    #[error("cannot read the faults")]
    Read(#[from] serde_yaml::Error),
    /// A rule says what cannot be.
    #[error("fault rule {rule}: {why}")]
    Rule {
        /// Its number, 1 the first.
        rule: usize,
        /// What is wrong.
        why: &'static str,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    #[serde(default)]
    seed: u64,
    rules: Vec<RawRule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawRule {
    method: Option<String>,
    path: Option<String>,
    /// The message of the ASDK, such as `RunReport`.
    asdk_method: Option<String>,
    #[serde(default = "certain")]
    probability: f64,
    #[serde(default)]
    after: u64,
    times: Option<u64>,
    fault: RawFault,
}

const fn certain() -> f64 {
    1.0
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct RawFault {
    latency_ms: Option<u64>,
    status: Option<u16>,
    retry_after_seconds: Option<u64>,
    when: Option<When>,
    cut: Option<usize>,
    drop: Option<Dropping>,
    short_page: Option<usize>,
    lie: Option<Lie>,
    asdk: Option<RawAsdk>,
}

/// What becomes of a call of the ASDK (altiris-asdk §8.4).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct RawAsdk {
    /// It ends with an exception of this type.
    exception: Option<String>,
    /// What that says.
    message: Option<String>,
    /// Its table ends after so many rows.
    rows: Option<usize>,
    /// What is answered in its place.
    answer: Option<AsdkAnswer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum AsdkAnswer {
    False,
    PlainText,
    LoginPage,
    Licence,
    SessionLost,
}

impl RawAsdk {
    fn read(&self) -> Result<What, &'static str> {
        let exception = match self.exception.as_deref() {
            Some(name) => Some(Exception::from_name(name).ok_or("the ASDK has no exception of this name")?),
            None if self.message.is_some() => return Err("`message` goes with `exception`"),
            None => None,
        };
        let message = || self.message.clone().unwrap_or_else(|| "a fault that was asked for".to_owned());
        match (exception, self.rows, self.answer) {
            (Some(exception), None, None) => Ok(What::Exception(exception, message())),
            (None, Some(rows), None) => Ok(What::RowLimit(rows)),
            (None, None, Some(answer)) => Ok(match answer {
                AsdkAnswer::False => What::False,
                AsdkAnswer::PlainText => What::PlainText,
                AsdkAnswer::LoginPage => What::LoginPage,
                AsdkAnswer::Licence => What::Exception(Exception::InvalidLicense, NO_LICENCE.to_owned()),
                AsdkAnswer::SessionLost => What::SessionLost,
            }),
            _ => Err("`asdk` is one of `exception`, `rows` and `answer`"),
        }
    }
}

/// Whether the server does what it was asked before it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum When {
    Before,
    After,
}

/// What is lost on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Dropping {
    Request,
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Lie {
    ContentLength,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Latency(Duration),
    Status { status: StatusCode, retry_after_seconds: Option<u64>, when: When },
    Cut(usize),
    Drop(Dropping),
    ShortPage(usize),
    Lie,
    Asdk(Injected),
}

impl RawFault {
    fn read(&self) -> Result<Fault, &'static str> {
        if self.status.is_none() && self.retry_after_seconds.is_some() {
            return Err("`retryAfterSeconds` goes with `status`");
        }
        if self.status.is_none() && self.asdk.is_none() && self.when.is_some() {
            return Err("`when` goes with `status` and `asdk`");
        }
        let asdk = self.asdk.as_ref().map(RawAsdk::read).transpose()?;
        let status = match self.status.map(StatusCode::from_u16) {
            Some(Ok(status)) if status.is_client_error() || status.is_server_error() => Some(status),
            Some(_) => return Err("a status is 400 to 599"),
            None => None,
        };
        let (retry_after_seconds, when) = (self.retry_after_seconds, self.when.unwrap_or(When::Before));
        let named = [
            self.latency_ms.map(|ms| Fault::Latency(Duration::from_millis(ms))),
            status.map(|status| Fault::Status { status, retry_after_seconds, when }),
            self.cut.map(Fault::Cut),
            self.drop.map(Fault::Drop),
            self.short_page.map(Fault::ShortPage),
            self.lie.map(|Lie::ContentLength| Fault::Lie),
            asdk.map(|what| Fault::Asdk(Injected { after: when == When::After, what })),
        ];
        let mut named = named.into_iter().flatten();
        match (named.next(), named.next()) {
            (Some(fault), None) => Ok(fault),
            _ => Err("a fault is one of `latencyMs`, `status`, `cut`, `drop`, `shortPage`, `lie` and `asdk`"),
        }
    }
}

#[derive(Debug)]
struct Rule {
    method: Option<String>,
    path: Option<String>,
    asdk_method: Option<String>,
    probability: f64,
    after: u64,
    times: Option<u64>,
    fault: Fault,
}

/// Rules, and how often each has come into question.
#[derive(Debug)]
pub struct Faults {
    rules: Vec<Rule>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    dice: Dice,
    matched: Vec<u64>,
    fired: Vec<u64>,
}

impl Faults {
    /// Reads rules from YAML or JSON.
    ///
    /// # Errors
    /// When the text is none, or a rule says what cannot be.
    pub fn read(text: &str) -> Result<Self, FaultsError> {
        let file: File = serde_yaml::from_str(text)?;
        let mut rules = Vec::new();
        for (at, raw) in file.rules.into_iter().enumerate() {
            let wrong = |why| FaultsError::Rule { rule: at + 1, why };
            if !(0.0..=1.0).contains(&raw.probability) {
                return Err(wrong("a probability is 0 to 1"));
            }
            let fault = raw.fault.read().map_err(wrong)?;
            rules.push(Rule {
                method: raw.method,
                path: raw.path,
                asdk_method: raw.asdk_method,
                probability: raw.probability,
                after: raw.after,
                times: raw.times,
                fault,
            });
        }
        let n = rules.len();
        let seen = Mutex::new(Seen { dice: Dice(file.seed), matched: vec![0; n], fired: vec![0; n] });
        Ok(Self { rules, seen })
    }

    /// What befalls a request: how long it is held up, and then the first fault that strikes.
    fn strike(&self, method: &str, path: &str, called: Option<&str>) -> (Duration, Option<Fault>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delay = Duration::ZERO;
        for (at, rule) in self.rules.iter().enumerate() {
            let this = rule.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_deref().is_none_or(|prefix| path.starts_with(prefix))
                && rule.asdk_method.as_deref().is_none_or(|wanted| called == Some(wanted));
            if !this {
                continue;
            }
            seen.matched[at] += 1;
            let due = seen.matched[at] > rule.after && rule.times.is_none_or(|most| seen.fired[at] < most);
            // The dice are cast for every request in question, so that a rule's limits do not shift what follows.
            if seen.dice.share() >= rule.probability || !due {
                continue;
            }
            seen.fired[at] += 1;
            match &rule.fault {
                Fault::Latency(more) => delay += *more,
                fault => return (delay, Some(fault.clone())),
            }
        }
        (delay, None)
    }
}

/// The message of the ASDK that a request calls: what its `SOAPAction` ends with, or what its path names below a service.
fn asdk_method(request: &Request) -> Option<&str> {
    if let Some(action) = request.headers().get("soapaction") {
        return action.to_str().ok()?.trim_matches('"').rsplit('/').next();
    }
    let (before, name) = request.uri().path().rsplit_once('/')?;
    before.to_ascii_lowercase().ends_with(".asmx").then_some(name)
}

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// A number from 0 up to, but not, 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // 53 bits, as many as a float holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let share = (z >> 11) as f64 / (1_u64 << 53) as f64;
        share
    }
}

/// The connection ended without an answer. On a socket it is closed; in process the call fails with this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was closed without an answer")]
pub struct Dropped;

/// A router, with faults before it.
#[derive(Clone, Debug)]
pub struct Faulty {
    router: Router,
    faults: Option<Arc<Faults>>,
}

impl Faulty {
    /// The router, with these faults; `None`: with none.
    pub const fn new(router: Router, faults: Option<Arc<Faults>>) -> Self {
        Self { router, faults }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`Dropped`], when a fault says so.
    pub async fn answer(self, mut request: Request) -> Result<Response, Dropped> {
        let struck = self
            .faults
            .map(|faults| faults.strike(request.method().as_str(), request.uri().path(), asdk_method(&request)));
        let Some((delay, fault)) = struck else { return Ok(pass(self.router, request).await) };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        // What is cut, shortened or lied about is counted in bytes and lines of the answer itself.
        if fault.is_some() {
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        match fault {
            None | Some(Fault::Latency(_)) => Ok(pass(self.router, request).await),
            // What it does to a call only the API itself can say, which answers in the manner of the call.
            Some(Fault::Asdk(injected)) => {
                request.extensions_mut().insert(injected);
                Ok(pass(self.router, request).await)
            }
            Some(Fault::Drop(Dropping::Request)) => Err(Dropped),
            Some(Fault::Drop(Dropping::Response)) => {
                pass(self.router, request).await;
                Err(Dropped)
            }
            Some(Fault::Status { status, retry_after_seconds, when }) => {
                if when == When::After {
                    pass(self.router, request).await;
                }
                Ok(failed(status, retry_after_seconds))
            }
            Some(Fault::Cut(bytes)) => Ok(cut(pass(self.router, request).await, bytes)),
            Some(Fault::ShortPage(lines)) => Ok(shorten(pass(self.router, request).await, lines).await),
            Some(Fault::Lie) => Ok(lie(pass(self.router, request).await).await),
        }
    }
}

impl Service<Request> for Faulty {
    type Response = Response;
    type Error = Dropped;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Dropped>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Dropped>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

async fn pass(router: Router, request: Request) -> Response {
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => {
            let never: Infallible = never;
            match never {}
        }
    }
}

fn failed(status: StatusCode, retry_after_seconds: Option<u64>) -> Response {
    let code = match status {
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => "unavailable",
        _ => "internal",
    };
    let mut response = error(status, code, "a fault that was asked for", &BTreeMap::new());
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Lets so many bytes of the body through, and then ends the connection.
fn cut(response: Response, bytes: usize) -> Response {
    let (parts, body) = response.into_parts();
    let pieces = stream::unfold((body.into_data_stream(), Some(bytes)), |(mut body, left)| async move {
        let broken = || io::Error::new(io::ErrorKind::ConnectionReset, "cut");
        let left = left?;
        match body.next().await {
            Some(Ok(piece)) if piece.len() < left => {
                let rest = left - piece.len();
                Some((Ok(piece), (body, Some(rest))))
            }
            Some(Ok(piece)) if left > 0 => Some((Ok(piece.slice(..left)), (body, Some(0)))),
            Some(Err(error)) => Some((Err(io::Error::other(error)), (body, None))),
            Some(Ok(_)) | None => {
                sent().await;
                Some((Err(broken()), (body, None)))
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// Leaves out the last lines before the end of a stream of lines.
async fn shorten(response: Response, lines: usize) -> Response {
    let (parts, body) = response.into_parts();
    let whole = collect(body).await;
    let all: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let kept = match all.split_last() {
        Some((end, before)) => {
            let mut kept = before[..before.len().saturating_sub(lines).max(1).min(before.len())].concat();
            kept.extend_from_slice(end);
            kept
        }
        None => Vec::new(),
    };
    Response::from_parts(parts, Body::from(kept))
}

/// Claims more bytes than there are.
async fn lie(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = collect(body).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len() + LIE_BYTES));
    // As a stream, so that nobody on the way can put the length right.
    let pieces = stream::unfold(Some(whole), |left| async {
        match left {
            Some(piece) if !piece.is_empty() => Some((Ok::<_, Infallible>(piece), Some(Bytes::new()))),
            Some(_) => {
                sent().await;
                None
            }
            None => None,
        }
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// Gives a connection the time to send what it has, which it would throw away with a body that breaks at once.
async fn sent() {
    tokio::task::yield_now().await;
}

/// The whole of one of our own bodies; where it ends early, what there was.
async fn collect(body: Body) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_thing_and_its_numbers_make_sense() {
        for bad in [
            "rules: [{fault: {}}]",
            "rules: [{fault: {cut: 1, shortPage: 1}}]",
            "rules: [{fault: {status: 200}}]",
            "rules: [{fault: {status: 99}}]",
            "rules: [{fault: {cut: 1, when: after}}]",
            "rules: [{fault: {cut: -1}}]",
            "rules: [{probability: 1.5, fault: {cut: 1}}]",
            "rules: [{probabilty: 1, fault: {cut: 1}}]",
            "rules: [{fault: {drop: both}}]",
            "rules: [{fault: {asdk: {}}}]",
            "rules: [{fault: {asdk: {rows: 1, answer: false}}}]",
            "rules: [{fault: {asdk: {exception: NoSuchException}}}]",
            "rules: [{fault: {asdk: {message: alone}}}]",
            "rules: [{fault: {asdk: {rows: 1}, retryAfterSeconds: 1}}]",
            "seed: 1",
        ] {
            assert!(Faults::read(bad).is_err(), "{bad}");
        }
        let json = r#"{"seed": 1, "rules": [{"fault": {"lie": "contentLength"}}]}"#;
        assert_eq!(Faults::read(json).unwrap().rules[0].fault, Fault::Lie);
    }

    #[test]
    fn a_seed_repeats() {
        let trace = |seed: u64| {
            let text = format!("{{seed: {seed}, rules: [{{probability: 0.5, fault: {{drop: request}}}}]}}");
            let faults = Faults::read(&text).unwrap();
            (0..64).map(|_| faults.strike("GET", "/", None).1.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(trace(1), trace(1));
        assert_ne!(trace(1), trace(2));
        let hits = trace(1).into_iter().filter(|hit| *hit).count();
        assert!((16..48).contains(&hits), "{hits}");
    }

    #[test]
    fn a_call_of_the_asdk_is_known_by_its_action_or_its_path() {
        let post = |path: &str| Request::post(path);
        let soap = post("/Altiris/ASDK.NS/ItemManagementService.asmx")
            .header("SOAPAction", "\"http://Altiris.ASDK.NS.com/GetItemByGuid\"");
        assert_eq!(asdk_method(&soap.body(Body::empty()).unwrap()), Some("GetItemByGuid"));
        let form = post("/altiris/asdk.ns/itemmanagementservice.ASMX/GetItemByGuid").body(Body::empty()).unwrap();
        assert_eq!(asdk_method(&form), Some("GetItemByGuid"));
        assert_eq!(asdk_method(&post("/v1/items").body(Body::empty()).unwrap()), None);
        let text = "rules: [{asdkMethod: RunReport, fault: {asdk: {rows: 10}, when: after}}]";
        let faults = Faults::read(text).unwrap();
        assert_eq!(faults.strike("POST", "/", Some("RunReports")).1, None);
        let expected = Injected { after: true, what: What::RowLimit(10) };
        assert_eq!(faults.strike("POST", "/", Some("RunReport")).1, Some(Fault::Asdk(expected)));
    }

    #[test]
    fn after_and_times_bound_a_rule_and_a_delay_lets_others_strike() {
        let text = "rules:
- {fault: {latencyMs: 5}}
- {method: put, path: /v1/items, after: 1, times: 2, fault: {status: 503}}";
        let faults = Faults::read(text).unwrap();
        let strike = |method, path| {
            let (delay, fault) = faults.strike(method, path, None);
            assert_eq!(delay, Duration::from_millis(5));
            fault.is_some()
        };
        assert!(!strike("GET", "/v1/items/1") && !strike("PUT", "/v1/leases"));
        let hits = [0; 4].map(|_| strike("PUT", "/v1/items/1"));
        assert_eq!(hits, [false, true, true, false]);
    }
}
