//! What was sent and answered, without names: to be read by people, attached to an issue, and played again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;
use serde::Deserialize;
use serde::Serialize;

use crate::sys::http::Answer;
use crate::sys::http::Ask;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;

use super::redact::Redactor;

/// The largest body that a transcript holds, in bytes; of a larger one only its size is noted.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// What a replayed server is called.
pub const REPLAYED: &str = "transcript";

/// A request and what came of it; a line of the transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// The path below the server's address, without names.
    pub path: String,
    /// The SOAP action, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The body that was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sent: String,
    /// The HTTP status; absent where no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers that tell how the server is made: content type, its own name, the schemes it authenticates by, its clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The answer's body; absent where it was too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How many bytes it had.
    pub bytes: usize,
    /// Why no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The lines of a transcript as they come.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Lines>>);

struct Lines {
    redactor: Redactor,
    exchanges: Vec<Exchange>,
}

impl Log {
    /// An empty one; see [`Redactor::new`].
    pub fn new(salt: u128) -> Self {
        Self(Arc::new(Mutex::new(Lines { redactor: Redactor::new(salt), exchanges: Vec::new() })))
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was sent and answered so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lines().exchanges.clone()
    }

    /// The last of it.
    pub fn last(&self) -> Option<Exchange> {
        self.lines().exchanges.last().cloned()
    }

    /// Another GUID in the place of this one, as the transcript has it.
    pub fn guid(&self, guid: crate::model::guid::Guid) -> crate::model::guid::Guid {
        self.lines().redactor.guid(guid)
    }

    fn take(&self, path: &str, action: Option<String>, sent: &[u8], came: &Result<Whole, TransportError>) {
        let mut lines = self.lines();
        let redactor = &mut lines.redactor;
        let mut exchange = Exchange { path: path.to_owned(), action, ..Exchange::default() };
        if !sent.is_empty() {
            exchange.sent = redactor.body(&String::from_utf8_lossy(sent));
        }
        match came {
            Ok(whole) => {
                exchange.status = Some(whole.status);
                exchange.headers = told(&whole.headers);
                exchange.bytes = whole.body.len();
                exchange.body =
                    (whole.body.len() <= BODY_BYTES_MAX).then(|| redactor.body(&String::from_utf8_lossy(&whole.body)));
            }
            Err(error) => exchange.failure = Some(failure(error).to_owned()),
        }
        lines.exchanges.push(exchange);
    }
}

/// A failure in words without names.
const fn failure(error: &TransportError) -> &'static str {
    match error {
        TransportError::Connect(_) => "no connection",
        TransportError::Certificate(_) => "the certificate is not trusted",
        TransportError::TimedOut => "no answer in time",
        TransportError::Cut(_) => "the connection was cut",
        TransportError::TooLarge(_) => "the answer was too large",
        _ => "it could not be sent",
    }
}

/// An answer with its whole body.
struct Whole {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Whole {
    async fn of(answer: Answer) -> Result<Self, TransportError> {
        let Answer { status, headers, mut body } = answer;
        let mut whole = Vec::new();
        while let Some(piece) = body.next().await {
            whole.extend_from_slice(&piece?);
        }
        Ok(Self { status, headers, body: Bytes::from(whole) })
    }

    fn answer(self) -> Answer {
        let body = stream::once(async move { Ok(self.body) }).boxed();
        Answer { status: self.status, headers: self.headers, body }
    }
}

/// The headers that a transcript keeps.
fn told(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for name in [header::CONTENT_TYPE, header::SERVER, HeaderName::from_static("x-aspnet-version"), header::DATE] {
        if let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) {
            out.push((name.to_string(), value.to_owned()));
        }
    }
    // Of a challenge its scheme alone: what follows may be a realm, or a part of a ticket.
    for value in headers.get_all(header::WWW_AUTHENTICATE) {
        let scheme = value.to_str().ok().and_then(|value| value.split(' ').next()).unwrap_or_default();
        out.push((header::WWW_AUTHENTICATE.to_string(), scheme.to_owned()));
    }
    out
}

/// A connection whose traffic goes into a log.
pub struct Recorder<T> {
    inner: T,
    log: Log,
}

impl<T> Recorder<T> {
    /// Passes everything on to `inner`, and notes it.
    pub const fn new(inner: T, log: Log) -> Self {
        Self { inner, log }
    }

    async fn noted(
        &self,
        path: &str,
        (action, sent): (Option<String>, &[u8]),
        came: Result<Answer, TransportError>,
    ) -> Result<Answer, TransportError> {
        let came = match came {
            Ok(answer) => Whole::of(answer).await,
            Err(error) => Err(error),
        };
        self.log.take(path, action, sent, &came);
        came.map(Whole::answer)
    }
}

fn action(headers: &[(&'static str, String)]) -> Option<String> {
    headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("soapaction")).map(|(_, value)| value.clone())
}

#[async_trait]
impl<T: ReadTransport> ReadTransport for Recorder<T> {
    fn server(&self) -> &str {
        self.inner.server()
    }

    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        let path = request.path.clone();
        let came = self.inner.get(request).await;
        self.noted(&path, (None, &[]), came).await
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        let (path, action, sent) = (ask.path(), action(ask.headers()), ask.body());
        let came = self.inner.ask(ask).await;
        self.noted(path, (action, &sent), came).await
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        let (path, action, sent) = (request.path.clone(), action(&request.headers), request.body.clone());
        let came = self.inner.send(request).await;
        self.noted(&path, (action, &sent), came).await
    }
}

/// A server that answers as a transcript says: to each request what was answered to it, or else what was answered to the
/// next one of its path and action.
pub struct Replay {
    left: Mutex<VecDeque<Exchange>>,
}

impl Replay {
    /// Of these.
    pub fn new(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        Self { left: Mutex::new(exchanges.into_iter().collect()) }
    }

    fn next(&self, path: &str, action: Option<&str>, sent: &[u8]) -> Result<Answer, TransportError> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of = |one: &Exchange| one.path == path && one.action.as_deref() == action;
        let same = left.iter().position(|one| is_of(one) && one.sent.as_bytes() == sent);
        let Some(at) = same.or_else(|| left.iter().position(is_of)) else {
            return Err(TransportError::Unsendable("the transcript has no answer to this".to_owned()));
        };
        let one = left.remove(at).expect("it was found at this place");
        let Some(status) = one.status else {
            return Err(TransportError::Cut(one.failure.unwrap_or_else(|| "no answer came".to_owned())));
        };
        let Some(body) = one.body else {
            return Err(TransportError::TooLarge(BODY_BYTES_MAX as u64));
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &one.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
                headers.append(name, value);
            }
        }
        Ok(Whole { status, headers, body: Bytes::from(body) }.answer())
    }
}

#[async_trait]
impl ReadTransport for Replay {
    fn server(&self) -> &str {
        REPLAYED
    }

    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        self.next(&request.path, None, &[])
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        self.next(ask.path(), action(ask.headers()).as_deref(), &ask.body())
    }
}

#[async_trait]
impl Transport for Replay {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        self.next(&request.path, action(&request.headers).as_deref(), &request.body)
    }
}
