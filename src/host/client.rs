//! Sends requests to a host's API and reads its answers: retries within one budget, limits on requests, errors in words.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::diag::visible;
use crate::host::HostError;
use crate::sys::clock::Clock;
use crate::sys::http::Answer;
use crate::sys::http::Get;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;
use crate::sys::retry::RETRY_AFTER_MAX;
use crate::sys::retry::Retry;
use crate::sys::retry::Rng;
use crate::sys::secrets;

/// How often a request is sent at the most.
pub const ATTEMPTS_MAX: u32 = 4;
/// What GitHub asks for where it limits requests and does not say for how long.
const LIMIT_WAIT: Duration = Duration::from_secs(60);
/// The most characters of a host's message that are told.
const MESSAGE_MAX: usize = 300;

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Doing it twice is doing it once.
    Always,
    /// Only where the host surely did nothing.
    WhenNotDone,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query below the server's root.
    pub path: String,
    /// What is sent.
    pub body: Option<Value>,
    /// When it may be sent again.
    pub again: Again,
    /// What it is about, for messages: `pull request 7 of a/b`.
    pub what: String,
    /// Headers of this request alone. One for the type of the body stands in place of the usual one.
    pub headers: Vec<(&'static str, String)>,
    /// Whether any body will do in a good answer: what is asked is only whether it was taken.
    pub any_answer: bool,
}

impl Request {
    /// A request that reads.
    pub fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self::write(Method::GET, path, None, what)
    }

    /// A request that writes, and may be repeated.
    pub fn write(method: Method, path: impl Into<String>, body: Option<Value>, what: impl Into<String>) -> Self {
        let (path, what) = (path.into(), what.into());
        Self { method, path, body, again: Again::Always, what, headers: Vec::new(), any_answer: false }
    }

    /// The same, sent again only where the host surely did nothing.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.again = Again::WhenNotDone;
        self
    }
}

/// A good answer.
pub struct Reply {
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `Null` where there is none.
    pub json: Value,
}

/// A host's API.
pub struct Client {
    transport: Box<dyn Transport>,
    headers: Vec<(&'static str, String)>,
    clock: Box<dyn Clock>,
    retry: Mutex<(Retry, Rng)>,
}

impl Client {
    /// Speaks through this transport, with these headers in every request.
    pub fn new(
        transport: Box<dyn Transport>,
        headers: Vec<(&'static str, String)>,
        clock: Box<dyn Clock>,
        seed: u64,
    ) -> Self {
        let retry = Mutex::new((Retry::new(ATTEMPTS_MAX), Rng::seeded(seed)));
        Self { transport, headers, clock, retry }
    }

    /// Its address, for messages.
    pub fn server(&self) -> &str {
        self.transport.server()
    }

    /// Sends a request, again where that may help.
    ///
    /// # Errors
    /// See [`HostError`].
    pub async fn call(&self, request: &Request) -> Result<Reply, HostError> {
        let mut attempt = 1;
        loop {
            let error = match self.once(request).await {
                Ok(reply) => {
                    self.retry.lock().unwrap_or_else(PoisonError::into_inner).0.succeeded();
                    return Ok(reply);
                }
                Err(error) => error,
            };
            let may = match request.again {
                Again::Always => error.is_passing(),
                Again::WhenNotDone => error.is_passing() && is_not_done(&error),
            };
            if !may || !self.pause(attempt, &error).await {
                return Err(error);
            }
            attempt += 1;
        }
    }

    /// Waits before another try, as long as the host asks; `false`: it is not worth another.
    pub async fn pause(&self, attempt: u32, error: &HostError) -> bool {
        // To come back sooner than asked makes a limit worse, and to wait longer holds a pipeline up.
        if error.wait().is_some_and(|wait| wait > RETRY_AFTER_MAX) {
            return false;
        }
        let delay = {
            let mut guard = self.retry.lock().unwrap_or_else(PoisonError::into_inner);
            let (retry, rng) = &mut *guard;
            retry.delay(attempt, error.wait(), rng)
        };
        match delay {
            Some(delay) => {
                tokio::time::sleep(delay).await;
                true
            }
            None => false,
        }
    }

    async fn once(&self, request: &Request) -> Result<Reply, HostError> {
        let answer = self.send(request).await.map_err(|source| self.no_answer(source))?;
        let (status, headers) = (answer.status, answer.headers.clone());
        let is_json = content_type(&headers).is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"));
        let body = collect(answer).await.map_err(|source| self.no_answer(source))?;
        let json = is_json.then(|| serde_json::from_slice::<Value>(&body).ok()).flatten();
        match status {
            // Azure DevOps answers a token that it does not know with its page for signing in.
            203 => Err(HostError::Denied { host: self.server().to_owned() }),
            204 => Ok(Reply { headers, json: Value::Null }),
            200..=299 if body.is_empty() || request.any_answer => Ok(Reply { headers, json: Value::Null }),
            200..=299 => match json {
                Some(json) => Ok(Reply { headers, json }),
                None if is_json => Err(self.no_answer(TransportError::Cut("its JSON ends too early".to_owned()))),
                None => Err(HostError::Malformed { why: "it is no JSON: a login page, or a proxy?".to_owned() }),
            },
            status => {
                // Some say it in a plain line.
                let line = || content_type(&headers).is_some_and(|kind| kind == "text/plain");
                let json = json.or_else(|| line().then(|| json!({ "message": String::from_utf8_lossy(&body).trim() })));
                Err(self.refusal(request, status, &headers, json.as_ref()))
            }
        }
    }

    async fn send(&self, request: &Request) -> Result<Answer, TransportError> {
        let mut headers = self.headers.clone();
        headers.extend(request.headers.iter().cloned());
        if request.method == Method::GET {
            return self.transport.get(Get { path: request.path.clone(), headers }).await;
        }
        let body = match &request.body {
            Some(body) => {
                if headers.iter().all(|(name, _)| *name != "content-type") {
                    headers.push(("content-type", "application/json".to_owned()));
                }
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let send = Send { method: request.method.clone(), path: request.path.clone(), headers, body };
        self.transport.send(send).await
    }

    fn no_answer(&self, source: TransportError) -> HostError {
        HostError::NoAnswer { host: self.server().to_owned(), source }
    }

    fn refusal(&self, request: &Request, status: u16, headers: &HeaderMap, json: Option<&Value>) -> HostError {
        let message = json.map(|json| self.message(json)).unwrap_or_default();
        let said = || if message.is_empty() { "it gives no reason".to_owned() } else { message.clone() };
        let lower = message.to_ascii_lowercase();
        let wait = self.wait(headers);
        match status {
            300..=399 => HostError::Malformed {
                why: format!("HTTP {status} leads elsewhere, which is never followed: was the repository renamed?"),
            },
            401 => HostError::Denied { host: self.server().to_owned() },
            403 if is_limited(headers, &lower) => {
                HostError::Busy { status, wait: Some(wait.unwrap_or(LIMIT_WAIT)), is_limit: true }
            }
            403 => HostError::Forbidden { message: said() },
            404 => HostError::NotFound { what: request.what.clone() },
            429 => HostError::Busy { status, wait, is_limit: true },
            500 | 502..=504 => HostError::Busy { status, wait, is_limit: false },
            400 | 413 | 422 if is_too_long(status, &lower) => {
                HostError::TooLong { max: largest_number(&lower), message: said() }
            }
            status => HostError::Refused { status, message: said() },
        }
    }

    /// How long to wait: `Retry-After` in seconds, else until the limit is set back.
    fn wait(&self, headers: &HeaderMap) -> Option<Duration> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        if let Some(seconds) = number("retry-after") {
            return u64::try_from(seconds).ok().map(Duration::from_secs);
        }
        if number("x-ratelimit-remaining")? > 0 {
            return None;
        }
        let reset = number("x-ratelimit-reset")?;
        Some(Duration::from_secs(u64::try_from(reset - self.clock.now().as_second()).unwrap_or(0)))
    }

    /// What a host says of an error, without the token, should it repeat that.
    pub fn message(&self, json: &Value) -> String {
        let mut parts = Vec::new();
        for name in ["message", "error", "error_description", "errors"] {
            texts(&json[name], &mut parts);
        }
        let text = parts.join("; ");
        let cut: String = secrets::without(&text).chars().take(MESSAGE_MAX).collect();
        visible(&cut).into_owned()
    }
}

/// Whether a failed request has surely had no effect.
const fn is_not_done(error: &HostError) -> bool {
    match error {
        HostError::Busy { is_limit, .. } => *is_limit,
        HostError::NoAnswer { source: TransportError::Connect(_), .. } => true,
        _ => false,
    }
}

/// The texts of an error, wherever in it they stand.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) if !out.contains(text) => out.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|one| texts(one, out)),
        Value::Object(map) => match map.get("message") {
            Some(message) => texts(message, out),
            None => map.iter().for_each(|(name, value)| {
                let mut inner = Vec::new();
                texts(value, &mut inner);
                out.extend(inner.into_iter().map(|text| format!("{name} {text}")));
            }),
        },
        _ => {}
    }
}

/// Whether a 403 is a limit on requests: a wait is named, nothing is left, or it says so (GitHub, "Rate limits for the
/// REST API").
fn is_limited(headers: &HeaderMap, message: &str) -> bool {
    headers.contains_key("retry-after")
        || headers.get("x-ratelimit-remaining").is_some_and(|left| left.as_bytes() == b"0")
        || message.contains("rate limit")
        || message.contains("abuse detection")
}

fn is_too_long(status: u16, message: &str) -> bool {
    let says_length = message.contains("length") || message.contains("characters");
    status == 413
        || message.contains("too long")
        || message.contains("too large")
        || (says_length && (message.contains("exceed") || message.contains("maximum")))
}

/// The largest number in a text: the limit that a host names.
fn largest_number(text: &str) -> Option<usize> {
    let digits = text.replace(',', "");
    digits.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).max()
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

async fn collect(mut answer: Answer) -> Result<Vec<u8>, TransportError> {
    let mut out = Vec::new();
    while let Some(piece) = answer.body.next().await {
        out.extend_from_slice(&piece?);
    }
    Ok(out)
}
