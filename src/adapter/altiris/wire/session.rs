//! Calls and their answers: a session reads each service's WSDL once, at its first call, and sends nothing again.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::adapter::AdapterError;
use crate::adapter::shown::shown;
use crate::model::guid::Guid;
use crate::sys::environment;
use crate::sys::http::Answer;
use crate::sys::http::Ask;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::asdk;
use crate::sys::http::asdk::Param;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;
use crate::sys::retry::Retry;
use crate::sys::retry::Rng;

use super::fault::Fault;
use super::table::Table;
use super::table::TableReader;
use super::value;
use super::wsdl;
use super::wsdl::Description;
use super::xml;
use super::xml::Answered;
use super::xml::Node;
use super::xml::Pieces;

/// The largest answer that is taken, in bytes after decompression.
pub const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The largest WSDL or fault, in bytes.
const SMALL_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How often a request that only reads is sent at most before what came of it has to do.
const ATTEMPTS_MAX: u32 = 3;

/// A service that was described, or why there is none.
type Described = Result<Arc<Description>, String>;

/// A session that can only read.
pub struct Session {
    transport: Arc<dyn ReadTransport>,
    services: [OnceCell<Described>; Service::ALL.len()],
    clock: Mutex<Option<Timestamp>>,
    /// What repeats of requests that only read may cost, over the whole session.
    retry: Mutex<(Retry, Rng)>,
}

/// A session that can write as well.
pub struct WriteSession {
    transport: Arc<dyn Transport>,
    session: Arc<Session>,
}

/// What a call answered.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    server: String,
    message: &'static str,
    node: Option<Node>,
}

impl Session {
    /// Reads through this transport; nothing is sent yet.
    pub fn new(transport: Arc<dyn ReadTransport>) -> Self {
        let retry = Mutex::new((Retry::new(ATTEMPTS_MAX), Rng::seeded(environment::unique() as u64)));
        Self { transport, services: std::array::from_fn(|_| OnceCell::new()), clock: Mutex::default(), retry }
    }

    /// How long to wait before a request is sent again whose attempt of this number (from 1) ended so; `None`: it is not.
    pub fn pause(&self, attempt: u32, error: &AdapterError) -> Option<Duration> {
        let asked = match error {
            AdapterError::Busy { retry_after, .. } => *retry_after,
            _ => None,
        };
        let (retry, rng) = &mut *self.retry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        retry.delay(attempt, asked, rng)
    }

    /// A request was answered.
    pub fn succeeded(&self) {
        self.retry.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0.succeeded();
    }

    /// The server's address, for messages.
    pub fn server(&self) -> &str {
        self.transport.server()
    }

    /// The server's clock when it last answered, where it told.
    pub fn clock(&self) -> Option<Timestamp> {
        *self.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What a service says of itself.
    ///
    /// # Errors
    /// [`AdapterError::NotInstalled`] where there is no such service; otherwise when it could not be asked.
    pub async fn describe(&self, service: Service) -> Result<Arc<Description>, AdapterError> {
        let at = Service::ALL.iter().position(|known| *known == service).unwrap_or_default();
        let described = self.services[at].get_or_try_init(|| self.read_description(service)).await?;
        match described {
            Ok(description) => Ok(description.clone()),
            Err(why) => Err(self.not_installed(format!("service `{}`", service.name()), why)),
        }
    }

    async fn read_description(&self, service: Service) -> Result<Described, AdapterError> {
        const WHAT: &str = "WSDL";
        let path = format!("{}?WSDL", service.path());
        let answer = self.get(Get { path, headers: Vec::new() }).await?;
        match answer.status {
            200 => {}
            404 => return Ok(Err("there is nothing at its address; is the solution installed?".to_owned())),
            500 => return Ok(Err("it cannot describe itself (HTTP 500); is the solution installed?".to_owned())),
            status => return Err(refusal(self.server(), status, &answer, WHAT)),
        }
        expect_xml(self.server(), &answer, WHAT)?;
        let pieces = self.pieces(answer, SMALL_BYTES_MAX).await?;
        let description = xml::document(Pieces::new(pieces)).and_then(|root| wsdl::read(&root));
        description.map(|found| Ok(Arc::new(found))).map_err(|why| malformed(self.server(), WHAT, why))
    }

    /// Whether a service has a message; `false` where there is no such service.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn has(&self, service: Service, message: &str) -> Result<bool, AdapterError> {
        match self.describe(service).await {
            Ok(description) => Ok(description.has(message)),
            Err(AdapterError::NotInstalled { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads: calls a message and takes its whole result.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub async fn ask(&self, reading: Reading, params: &[Param]) -> Result<Reply, AdapterError> {
        let mut records = Vec::new();
        let mut sink = |record| {
            records.push(record);
            Ok(())
        };
        let node = self.records(reading, params, &mut sink).await?;
        Ok(Reply::of(self.server(), reading.message(), node, records))
    }

    /// Reads rows: calls a message that answers with a table.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub async fn table(&self, reading: Reading, params: &[Param]) -> Result<Table, AdapterError> {
        let mut reader = TableReader::default();
        let mut sink = |record| {
            reader.take(record);
            Ok(())
        };
        self.records(reading, params, &mut sink).await?;
        reader.finish().map_err(|why| malformed(self.server(), "report", why))
    }

    /// Reads: calls a message whose result's records go to `sink` one by one. Returns the result without them.
    ///
    /// # Errors
    /// What the server answered instead, or why there was no answer, or in the words of `sink`.
    pub async fn records(
        &self,
        reading: Reading,
        params: &[Param],
        sink: &mut (dyn FnMut(Node) -> Result<(), String> + std::marker::Send),
    ) -> Result<Option<Node>, AdapterError> {
        let message = reading.message();
        let description = self.fit(reading.service(), message, params).await?;
        let params = ordered(&description, message, params);
        let ask = Ask::asdk(reading, &description.namespace, &params)
            .map_err(|error| unsayable(self.server(), message, &error))?;
        let answer = self.transport.ask(ask).await.map_err(|source| no_answer(self.server(), source))?;
        self.take(message, message, answer, sink).await
    }

    /// The description of a service that has this message with these parameters.
    async fn fit(&self, service: Service, message: &str, params: &[Param]) -> Result<Arc<Description>, AdapterError> {
        let description = self.describe(service).await?;
        let Some(declared) = description.messages.get(message) else {
            let what = format!("method `{message}` in its `{}`", service.name());
            return Err(self.not_installed(what, "its WSDL does not name it, so this version is too old for it"));
        };
        if let Some((name, _)) = params.iter().find(|(name, _)| !declared.iter().any(|known| known.name == *name)) {
            let what = format!("parameter `{name}` of method `{message}` in its `{}`", service.name());
            return Err(self.not_installed(what, "its WSDL does not name it, so this version has another method"));
        }
        let missing = |known: &&wsdl::Parameter| !known.optional && !params.iter().any(|(name, _)| *name == known.name);
        if let Some(known) = declared.iter().find(missing) {
            let what = format!("method `{message}` in its `{}` as this program calls it", service.name());
            return Err(self.not_installed(what, &format!("it also wants `{}`", shown(&known.name))));
        }
        Ok(description)
    }

    fn not_installed(&self, what: String, why: &str) -> AdapterError {
        AdapterError::NotInstalled { server: self.server().to_owned(), what, why: why.to_owned() }
    }

    /// Sends a `GET`.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn get(&self, request: Get) -> Result<Answer, AdapterError> {
        let answer = self.transport.get(request).await.map_err(|source| no_answer(self.server(), source))?;
        self.note_clock(&answer);
        Ok(answer)
    }

    fn note_clock(&self, answer: &Answer) {
        let date = answer.headers.get(http::header::DATE).and_then(|value| value.to_str().ok());
        let at = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|zoned| zoned.timestamp());
        if at.is_some() {
            *self.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
        }
    }

    async fn take(
        &self,
        message: &str,
        about: &str,
        answer: Answer,
        sink: &mut (dyn FnMut(Node) -> Result<(), String> + std::marker::Send),
    ) -> Result<Option<Node>, AdapterError> {
        const WHAT: &str = "SOAP answer";
        self.note_clock(&answer);
        let status = answer.status;
        match status {
            200 => expect_xml(self.server(), &answer, WHAT)?,
            500 if is_xml(&answer) => {}
            500 if content_type(&answer) == "text/plain" => return Err(self.plain_failure(about, answer).await),
            _ => return Err(refusal(self.server(), status, &answer, WHAT)),
        }
        let max = if status == 200 { ANSWER_BYTES_MAX } else { SMALL_BYTES_MAX };
        let pieces = self.pieces(answer, max).await?;
        let answered = xml::answer(Pieces::new(pieces), message, sink);
        match answered.map_err(|why| malformed(self.server(), WHAT, why))? {
            Answered::Fault(node) => Err(Fault::read(&node).error(self.server(), about)),
            Answered::Result(_) if status != 200 => {
                Err(malformed(self.server(), WHAT, format!("it is a result that came with HTTP {status}")))
            }
            Answered::Result(node) => Ok(node),
        }
    }

    /// Text where SOAP was to be: something before the service failed.
    async fn plain_failure(&self, about: &str, answer: Answer) -> AdapterError {
        let text = match self.pieces(answer, SMALL_BYTES_MAX).await {
            Ok(pieces) => pieces.concat(),
            Err(error) => return error,
        };
        let text = String::from_utf8_lossy(&text);
        let message = shown(text.lines().next().unwrap_or_default());
        AdapterError::Failed { server: self.server().to_owned(), what: about.to_owned(), message }
    }

    async fn pieces(&self, mut answer: Answer, max: u64) -> Result<Vec<Bytes>, AdapterError> {
        let (mut pieces, mut bytes) = (Vec::new(), 0_u64);
        while let Some(piece) = answer.body.next().await {
            let piece = piece.map_err(|source| no_answer(self.server(), source))?;
            bytes = bytes.saturating_add(piece.len() as u64);
            if bytes > max {
                let source = crate::sys::http::TransportError::TooLarge(max);
                return Err(no_answer(self.server(), source));
            }
            pieces.push(piece);
        }
        Ok(pieces)
    }
}

impl WriteSession {
    /// Reads and writes through this transport; nothing is sent yet.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        let reading: Arc<dyn ReadTransport> = transport.clone();
        Self { transport, session: Arc::new(Session::new(reading)) }
    }

    /// The reading side.
    pub fn reading(&self) -> &Session {
        &self.session
    }

    /// The reading side, for whoever keeps it: what services said of themselves is asked for once for both.
    pub fn shared(&self) -> Arc<Session> {
        self.session.clone()
    }

    /// Calls a message that may write, about an item: one attempt, no retry.
    ///
    /// # Errors
    /// As [`Session::records`]; see [`AdapterError::fate`] for what a failure says about the write.
    pub async fn call(
        &self,
        service: Service,
        message: &'static str,
        params: &[Param],
        about: &str,
    ) -> Result<Reply, AdapterError> {
        let session = &self.session;
        let description = session.fit(service, message, params).await?;
        let params = ordered(&description, message, params);
        let asdk::Call { headers, body } = asdk::call(&description.namespace, message, &params)
            .map_err(|error| unsayable(session.server(), about, &error))?;
        let path = service.path().to_owned();
        let request = Send { method: http::Method::POST, path, headers, body };
        let answer = self.transport.send(request).await.map_err(|source| no_answer(session.server(), source))?;
        let mut records = Vec::new();
        let mut sink = |record| {
            records.push(record);
            Ok(())
        };
        let node = session.take(message, about, answer, &mut sink).await?;
        Ok(Reply::of(session.server(), message, node, records))
    }
}

impl Reply {
    fn of(server: &str, message: &'static str, node: Option<Node>, records: Vec<Node>) -> Self {
        let node = match node {
            Some(node) if records.is_empty() => Some(node),
            Some(mut node) => {
                node.within = records;
                node.text = String::new();
                Some(node)
            }
            None => None,
        };
        Self { server: server.to_owned(), message, node }
    }

    /// The result itself; `None` where it is null, or the message answers nothing.
    pub fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// The records in it: the elements of an array, the fields of an object.
    pub fn within(&self) -> &[Node] {
        self.node.as_ref().map(|node| node.within.as_slice()).unwrap_or_default()
    }

    /// A text; `None` where it is null.
    pub fn text(&self) -> Option<&str> {
        self.node.as_ref().map(|node| node.text.as_str())
    }

    /// The GUIDs of an array.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn guids(&self) -> Result<Vec<Guid>, AdapterError> {
        let mut out = Vec::new();
        for node in self.within() {
            out.extend(value::guid(&node.text).map_err(|why| self.wrong(why))?);
        }
        Ok(out)
    }

    /// A GUID; none and all zeros are not found.
    ///
    /// # Errors
    /// [`AdapterError::NotFound`], or when it is no GUID.
    pub fn guid(&self) -> Result<Guid, AdapterError> {
        let found = value::guid(self.text().unwrap_or_default()).map_err(|why| self.wrong(why))?;
        found.ok_or_else(|| AdapterError::NotFound { server: self.server.clone() })
    }

    /// A truth value.
    ///
    /// # Errors
    /// When it is none.
    pub fn truth(&self) -> Result<bool, AdapterError> {
        value::boolean(self.text().unwrap_or_default()).map_err(|why| self.wrong(why))
    }

    /// Takes `true` for done, and `false` for the failure that it is: the reason stands in the server's log alone, and
    /// part of the work may be done.
    ///
    /// # Errors
    /// [`AdapterError::Failed`], or when it is neither.
    pub fn done(&self, about: &str) -> Result<(), AdapterError> {
        if self.truth()? {
            return Ok(());
        }
        let message = format!("`{}` answered `false`; the reason stands in the server's log", self.message);
        Err(AdapterError::Failed { server: self.server.clone(), what: about.to_owned(), message })
    }

    /// An object of a class; an empty one is not found.
    ///
    /// # Errors
    /// [`AdapterError::NotFound`], or what is wrong with it.
    pub fn object<T>(&self, read: impl Fn(&Node) -> Result<Option<T>, String>) -> Result<T, AdapterError> {
        let found = match &self.node {
            Some(node) => read(node).map_err(|why| self.wrong(why))?,
            None => None,
        };
        found.ok_or_else(|| AdapterError::NotFound { server: self.server.clone() })
    }

    fn wrong(&self, why: String) -> AdapterError {
        malformed(&self.server, "SOAP answer", format!("`{}`: {why}", self.message))
    }
}

/// The parameters in the order in which the service declares them.
fn ordered(description: &Description, message: &str, params: &[Param]) -> Vec<Param> {
    let declared = description.messages.get(message).map(Vec::as_slice).unwrap_or_default();
    let named = |known: &wsdl::Parameter| params.iter().find(|(name, _)| *name == known.name).cloned();
    declared.iter().filter_map(named).collect()
}

fn content_type(answer: &Answer) -> String {
    let value = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

fn is_xml(answer: &Answer) -> bool {
    matches!(content_type(answer).as_str(), "text/xml" | "application/xml")
}

/// Refuses an answer of another content type, such as a login page that comes with 200.
fn expect_xml(server: &str, answer: &Answer, what: &'static str) -> Result<(), AdapterError> {
    if is_xml(answer) {
        return Ok(());
    }
    let found = content_type(answer);
    let found = if found.is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(&found)) };
    let why = format!("its content type is {found}, not `text/xml`: a login page, a proxy, or another server?");
    Err(malformed(server, what, why))
}

/// The error that an answer other than a result or a fault stands for.
fn refusal(server: &str, status: u16, answer: &Answer, what: &'static str) -> AdapterError {
    let retry_after = answer
        .headers
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let owned = server.to_owned();
    match status {
        401 => AdapterError::Denied { server: owned },
        403 => AdapterError::Forbidden { server: owned, message: "the web server refused (HTTP 403)".to_owned() },
        404 => AdapterError::NotInstalled {
            server: owned,
            what: "service at this address".to_owned(),
            why: "HTTP 404, although it described itself before".to_owned(),
        },
        429 | 500 | 502 | 503 | 504 => AdapterError::Busy { server: owned, status, retry_after },
        300..=399 => malformed(server, what, format!("HTTP {status} leads elsewhere, which is never followed")),
        status => malformed(server, what, format!("HTTP {status} is no answer to this")),
    }
}

fn unsayable(server: &str, item: &str, error: &asdk::Unsayable) -> AdapterError {
    AdapterError::Unsayable { server: server.to_owned(), item: item.to_owned(), why: error.to_string() }
}

fn no_answer(server: &str, source: crate::sys::http::TransportError) -> AdapterError {
    AdapterError::NoAnswer { server: server.to_owned(), source }
}

fn malformed(server: &str, what: &'static str, why: impl Into<String>) -> AdapterError {
    AdapterError::Malformed { server: server.to_owned(), what, why: why.into() }
}
