//! Sends the requests and reads the answers. Nothing is sent again here, except reads of the state.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::adapter::AdapterError;
use crate::adapter::BatchError;
use crate::adapter::Done;
use crate::adapter::Effect;
use crate::adapter::Envelope;
use crate::adapter::FleetRead;
use crate::adapter::Lease;
use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::adapter::Receipt;
use crate::adapter::Reference;
use crate::adapter::Runs;
use crate::adapter::Write;
use crate::adapter::WriteAdapter;
use crate::model::capabilities::Access;
use crate::model::capabilities::Capabilities;
use crate::model::capabilities::Concurrency;
use crate::model::collection::Query;
use crate::model::fleet::Computers;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::Observed;
use crate::model::observed::ServerIdentity;
use crate::model::project::Api;
use crate::planted::Bug;
use crate::planted::planted;
use crate::reach::Known;
use crate::sys::http::Answer;
use crate::sys::http::Ask;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;

use super::convert;
use super::fleet;
use super::lower;
use super::stream::State;
use super::stream::StateReader;
use super::wire;

pub(super) mod errors;

use errors::About;

/// How often the state is read at most before what came of it has to do.
const READ_ATTEMPTS: usize = 3;

/// The largest fleet that is kept, in bytes.
const FLEET_BYTES_MAX: usize = 512 << 20;
/// The largest answer that is not a state, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the API can hold and do.
pub fn capabilities() -> Capabilities {
    Capabilities {
        api: Api::Native,
        kinds: Kind::ALL.into(),
        read_only: BTreeSet::new(),
        fields: BTreeMap::from([((Kind::Program, "runWith.passwordFrom".to_owned()), Access::WriteOnly)]),
        forms: BTreeMap::new(),
        reasons: BTreeMap::new(),
        carried: BTreeMap::new(),
        folders_at_top: true,
        concurrency: Concurrency::Revision,
        batch_max: Some(200),
        leases: true,
        idempotency_keys: true,
        atomic_update: true,
    }
}

/// A reading connection: it holds no way to write, and is taken by nothing that does.
///
/// ```compile_fail,E0277
/// fn writes(_: &dyn consign::adapter::WriteAdapter) {}
/// fn drift(reader: &consign::adapter::native::client::NativeReader) {
///     writes(reader);
/// }
/// ```
pub struct NativeReader {
    transport: Arc<dyn ReadTransport>,
    capabilities: Capabilities,
}

/// A writing connection.
pub struct NativeWriter {
    transport: Arc<dyn Transport>,
    reader: NativeReader,
}

impl NativeReader {
    /// Reads through this transport.
    pub fn new(transport: Arc<dyn ReadTransport>) -> Self {
        Self { transport, capabilities: capabilities() }
    }

    pub(super) fn server(&self) -> &str {
        self.transport.server()
    }

    /// An answer in JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, path: String, what: &'static str) -> Result<T, AdapterError> {
        let answer = self.get(path, Vec::new()).await?;
        let body = body(self.server(), answer, 200, what, About::Read).await?;
        decode(self.server(), &body, what)
    }

    async fn get(&self, path: String, headers: Vec<(&'static str, String)>) -> Result<Answer, AdapterError> {
        self.transport.get(Get { path, headers }).await.map_err(|source| no_answer(self.server(), source))
    }

    async fn who(&self) -> Result<(ServerIdentity, Timestamp), AdapterError> {
        const WHAT: &str = "description of itself";
        let server = self.server();
        let answer = self.get("/v1/server".to_owned(), Vec::new()).await?;
        if answer.status == 404 {
            return Err(malformed(server, WHAT, "there is no `/v1/server`; is this its address?"));
        }
        let body = body(server, answer, 200, WHAT, About::Read).await?;
        let version: wire::ServerVersion = decode(server, &body, WHAT)?;
        if version.api_version != wire::API_VERSION {
            return Err(AdapterError::OtherVersion {
                server: server.to_owned(),
                found: convert::shown(&version.api_version),
                expected: wire::API_VERSION,
            });
        }
        let wire::Server { instance, name, version, time } = decode(server, &body, WHAT)?;
        let time = timestamp(server, &time, WHAT)?;
        Ok((ServerIdentity { instance, name, api: Api::Native, version }, time))
    }

    /// Reads the state once. `Ok(None)`: it has not changed since `known`.
    async fn state(&self, known: Option<&str>) -> Result<Option<Read>, AdapterError> {
        let headers = known.map(|state| ("if-none-match", lower::quoted(state))).into_iter().collect();
        let answer = self.get("/v1/state".to_owned(), headers).await?;
        if answer.status == 304 && known.is_some() {
            return Ok(None);
        }
        if answer.status != 200 {
            return Err(errors::refusal(self.server(), answer, "state", About::Read).await);
        }
        errors::expect_type(self.server(), &answer, "application/x-ndjson", "state")?;
        Ok(Some(drain(answer).await))
    }

    /// A whole state, or what is the most of the tries.
    async fn best_state(&self, known: Option<&str>) -> Result<Option<Read>, AdapterError> {
        let mut best: Option<Read> = None;
        for _ in 0..READ_ATTEMPTS {
            let read = match self.state(known).await {
                Ok(None) => return Ok(None),
                Ok(Some(read)) => read,
                // What an earlier try brought is worth more than the failure of this one, unless that is for good.
                Err(error) if error.is_passing() && best.is_some() => continue,
                Err(error) => return Err(error),
            };
            if read.broken.is_none() {
                return Ok(Some(read));
            }
            if best.as_ref().is_none_or(|best| best.state.len() <= read.state.len()) {
                best = Some(read);
            }
        }
        Ok(best)
    }
}

/// Why a fleet was not read.
enum NoFleet {
    /// For good.
    Told(String),
    /// Another try may go better.
    Passing(String),
}

impl NativeReader {
    /// Reads the computers once.
    async fn fleet_once(&self) -> Result<FleetRead, NoFleet> {
        const WHAT: &str = "fleet";
        let why = |error: AdapterError| {
            let text = chain(&error);
            if error.is_passing() { NoFleet::Passing(text) } else { NoFleet::Told(text) }
        };
        let mut answer = self.get("/v1/fleet".to_owned(), Vec::new()).await.map_err(why)?;
        match answer.status {
            200 => errors::expect_type(self.server(), &answer, "application/x-ndjson", WHAT).map_err(why)?,
            404 => return Err(NoFleet::Told("this server tells nothing of its computers".to_owned())),
            _ => return Err(why(errors::refusal(self.server(), answer, WHAT, About::Read).await)),
        }
        let mut reader = fleet::FleetReader::new();
        let broken = |why: &str| NoFleet::Passing(format!("the fleet did not come in full: {why}"));
        while let Some(piece) = answer.body.next().await {
            let piece = piece.map_err(|error| broken(&error.to_string()))?;
            reader.push(&piece).map_err(|why| broken(&why))?;
        }
        reader.finish().map_err(|why| broken(&why))
    }
}

/// An error and its causes, each said once.
fn chain(error: &AdapterError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A state, and what is wrong with it.
struct Read {
    state: State,
    broken: Option<Broken>,
}

enum Broken {
    Transport(TransportError),
    Text(String),
}

impl Broken {
    fn why(&self) -> String {
        match self {
            Self::Transport(error) => format!("the state did not come in full: {error}"),
            Self::Text(why) => format!("the state did not come in full: {why}"),
        }
    }
}

async fn drain(mut answer: Answer) -> Read {
    let mut reader = StateReader::new();
    while let Some(piece) = answer.body.next().await {
        match piece {
            Ok(piece) if reader.push(&piece).is_ok() => {}
            Ok(_) => break,
            Err(error) => {
                let state = reader.finish().unwrap_or_else(|incomplete| incomplete.state);
                if planted(Bug::CutReadIsWhole) {
                    return Read { state, broken: None };
                }
                return Read { state, broken: Some(Broken::Transport(error)) };
            }
        }
    }
    match reader.finish() {
        Ok(state) => Read { state, broken: None },
        Err(incomplete) if planted(Bug::CutReadIsWhole) => Read { state: incomplete.state, broken: None },
        Err(incomplete) => Read { state: incomplete.state, broken: Some(Broken::Text(incomplete.why)) },
    }
}

#[async_trait]
impl ReadAdapter for NativeReader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn identity(&self) -> Result<ServerIdentity, AdapterError> {
        Ok(self.who().await?.0)
    }

    async fn observe(&self, known: Option<&str>) -> Result<Observation, AdapterError> {
        let (identity, _) = self.who().await?;
        match self.best_state(known).await? {
            None => Ok(Observation::Unchanged),
            Some(read) => observed(self.server(), identity, read).map(Observation::Fresh),
        }
    }

    async fn fleet_text(&self) -> Result<Vec<u8>, AdapterError> {
        const WHAT: &str = "fleet";
        let answer = self.get("/v1/fleet".to_owned(), Vec::new()).await?;
        if answer.status != 200 {
            return Err(errors::refusal(self.server(), answer, WHAT, About::Read).await);
        }
        errors::expect_type(self.server(), &answer, "application/x-ndjson", WHAT)?;
        collect(answer, FLEET_BYTES_MAX).await.map_err(|source| no_answer(self.server(), source))
    }

    async fn fleet(&self) -> FleetRead {
        let mut why = String::new();
        for _ in 0..READ_ATTEMPTS {
            match self.fleet_once().await {
                Ok(read) => return read,
                Err(NoFleet::Told(told)) => return FleetRead::untold(&told),
                Err(NoFleet::Passing(told)) => why = told,
            }
        }
        FleetRead::untold(&why)
    }

    async fn evaluate(&self, query: &Query, read: &FleetRead) -> Known<Computers> {
        const WHAT: &str = "answer to a query";
        let ask = Ask::evaluate(fleet::question(query));
        let answer = match self.transport.ask(ask).await {
            Ok(answer) => answer,
            Err(source) => return Known::Unknown(chain(&no_answer(self.server(), source))),
        };
        match body(self.server(), answer, 200, WHAT, About::Read).await {
            Ok(body) => fleet::evaluated(&body, read),
            Err(error) => Known::Unknown(chain(&error)),
        }
    }

    async fn references(&self, guid: Guid) -> Result<Vec<Reference>, AdapterError> {
        const WHAT: &str = "list of references";
        let path = format!("/v1/items/{guid}/references");
        let wire::References { refers_to, referred_to_by } = self.json(path, WHAT).await?;
        let reference =
            |outgoing| move |wire::Reference { hint, guid, kind, name }| Reference { outgoing, hint, guid, kind, name };
        Ok(refers_to.into_iter().map(reference(true)).chain(referred_to_by.into_iter().map(reference(false))).collect())
    }

    async fn history(&self, about: &str) -> Result<Option<Vec<Done>>, AdapterError> {
        const WHAT: &str = "audit log";
        let about: String = url::form_urlencoded::byte_serialize(about.as_bytes()).collect();
        let mut out = Vec::new();
        let mut after = 0;
        for _ in 0..HISTORY_PAGES_MAX {
            let path = format!("/v1/audit?about={about}&after={after}");
            let wire::Audit { entries, next } = self.json(path, WHAT).await?;
            out.extend(entries.into_iter().map(done));
            match next {
                None => return Ok(Some(out)),
                Some(next) if next > after => after = next,
                Some(_) => return Err(malformed(self.server(), WHAT, "its next page is an earlier one")),
            }
        }
        Ok(None)
    }

    async fn runs(&self, job: Guid, since: Timestamp) -> Result<Known<Runs>, AdapterError> {
        super::runs::runs(self, job, since).await
    }
}

/// How much of an item's history is read at the most; what has more has no last row that could be told.
const HISTORY_PAGES_MAX: usize = 50;

fn done(row: wire::AuditRow) -> Done {
    let wire::AuditRow { time, principal, role, action, kind, name, plan_hash, origin } = row;
    let commit = origin.map(|origin| origin.commit);
    Done { time, by: principal, role, action, kind, name, plan: plan_hash, commit }
}

fn observed(server: &str, identity: ServerIdentity, read: Read) -> Result<Observed, AdapterError> {
    const WHAT: &str = "state";
    let Read { state, broken } = read;
    let Some(header) = &state.header else {
        return Err(match broken {
            Some(Broken::Transport(source)) => no_answer(server, source),
            Some(Broken::Text(why)) => malformed(server, WHAT, &why),
            None => malformed(server, WHAT, "it has no header"),
        });
    };
    if header.instance != identity.instance {
        return Err(malformed(server, WHAT, "it is of another instance than the server says it is"));
    }
    let time = timestamp(server, &header.time, WHAT)?;
    let found = convert::items(&state.lines(), broken.is_some()).map_err(|why| malformed(server, WHAT, &why))?;
    let gap = match broken {
        Some(broken) => Some(broken.why()),
        // What is not known may refer to what is, and lie in any folder.
        None if !found.unknown.is_empty() => {
            Some(format!("the server holds kinds that this program does not know: {}", found.unknown.join(", ")))
        }
        None => None,
    };
    let coverage = match &gap {
        None => Coverage::Observed,
        Some(why) => Coverage::Partial { why: why.clone(), folders: Vec::new() },
    };
    Ok(Observed {
        server: identity,
        // Only a state that was read in full may stand for itself.
        state: if gap.is_none() { Some(header.state.clone()) } else { None },
        time,
        coverage: Kind::ALL.into_iter().map(|kind| (kind, coverage.clone())).collect(),
        items: found.items,
    })
}

impl NativeWriter {
    /// Reads and writes through this transport.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        let reading: Arc<dyn ReadTransport> = transport.clone();
        Self { transport, reader: NativeReader::new(reading) }
    }

    pub(super) fn server(&self) -> &str {
        self.transport.server()
    }

    pub(super) async fn get(&self, request: Get) -> Result<Answer, AdapterError> {
        self.transport.get(request).await.map_err(|source| no_answer(self.server(), source))
    }

    pub(super) async fn send(&self, request: Send) -> Result<Answer, AdapterError> {
        self.transport.send(request).await.map_err(|source| no_answer(self.server(), source))
    }
}

#[async_trait]
impl ReadAdapter for NativeWriter {
    fn capabilities(&self) -> &Capabilities {
        self.reader.capabilities()
    }

    async fn identity(&self) -> Result<ServerIdentity, AdapterError> {
        self.reader.identity().await
    }

    async fn observe(&self, known: Option<&str>) -> Result<Observation, AdapterError> {
        self.reader.observe(known).await
    }

    async fn fleet_text(&self) -> Result<Vec<u8>, AdapterError> {
        self.reader.fleet_text().await
    }

    async fn fleet(&self) -> FleetRead {
        self.reader.fleet().await
    }

    async fn evaluate(&self, query: &Query, read: &FleetRead) -> Known<Computers> {
        self.reader.evaluate(query, read).await
    }

    async fn references(&self, guid: Guid) -> Result<Vec<Reference>, AdapterError> {
        self.reader.references(guid).await
    }

    async fn history(&self, about: &str) -> Result<Option<Vec<Done>>, AdapterError> {
        self.reader.history(about).await
    }

    async fn runs(&self, job: Guid, since: Timestamp) -> Result<Known<Runs>, AdapterError> {
        self.reader.runs(job, since).await
    }
}

#[async_trait]
impl WriteAdapter for NativeWriter {
    async fn acquire(&self, holder: &str, ttl: Duration, key: &str) -> Result<Lease, AdapterError> {
        const WHAT: &str = "lease";
        let answer = self.send(lower::acquire(holder, ttl, key)).await?;
        let body = body(self.server(), answer, 201, WHAT, About::Lease).await?;
        let wire::Lease { lease, fence } = decode(self.server(), &body, WHAT)?;
        Ok(Lease { id: lease.to_string(), fence })
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<(), AdapterError> {
        const WHAT: &str = "lease";
        let answer = self.send(lower::renew(lease, ttl)).await?;
        if answer.status == 404 {
            return Err(AdapterError::Fenced { server: self.server().to_owned() });
        }
        let body = body(self.server(), answer, 200, WHAT, About::Lease).await?;
        let renewed: wire::Lease = decode(self.server(), &body, WHAT)?;
        if renewed.fence != lease.fence {
            return Err(AdapterError::Fenced { server: self.server().to_owned() });
        }
        Ok(())
    }

    async fn release(&self, lease: &Lease) -> Result<(), AdapterError> {
        let answer = self.send(lower::release(lease)).await?;
        match answer.status {
            204 | 404 => Ok(()),
            _ => Err(errors::refusal(self.server(), answer, "answer to the end of a lease", About::Lease).await),
        }
    }

    async fn write(&self, envelope: &Envelope<'_>, write: &Write<'_>) -> Result<Receipt, AdapterError> {
        const WHAT: &str = "answer to a write";
        let request = lower::write(self.server(), envelope, write)?;
        let answer = self.send(request).await?;
        let replayed = is_replayed(&answer);
        let (status, before) = match write.effect {
            Effect::Create { .. } => (201, None),
            Effect::Update { guid, .. } => (200, Some(guid)),
            Effect::Delete { guid, .. } => (204, Some(guid)),
        };
        if let (Effect::Delete { .. }, 204, Some(guid)) = (write.effect, answer.status, before) {
            return Ok(Receipt { guid, revision: String::new(), replayed });
        }
        let body = body(self.server(), answer, status, WHAT, About::Item(write.key)).await?;
        let wire::Written { guid, revision } = decode(self.server(), &body, WHAT)?;
        Ok(Receipt { guid, revision, replayed })
    }

    async fn write_batch(&self, envelope: &Envelope<'_>, writes: &[Write<'_>]) -> Result<Vec<Receipt>, BatchError> {
        const WHAT: &str = "answer to a batch";
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let whole = |error| BatchError { index: None, error };
        let request = lower::batch(self.server(), envelope, writes)
            .map_err(|(index, error)| BatchError { index: Some(index), error })?;
        let answer = self.send(request).await.map_err(whole)?;
        if answer.status != 200 {
            return Err(errors::batch_refusal(self.server(), answer, WHAT, writes).await);
        }
        let replayed = is_replayed(&answer);
        let body = body(self.server(), answer, 200, WHAT, About::Read).await.map_err(whole)?;
        let wire::Results { results } = decode(self.server(), &body, WHAT).map_err(whole)?;
        receipts(writes, results, replayed).map_err(|why| whole(malformed(self.server(), WHAT, why)))
    }
}

fn receipts(
    writes: &[Write<'_>],
    results: Vec<wire::BatchResult>,
    replayed: bool,
) -> Result<Vec<Receipt>, &'static str> {
    if results.len() != writes.len() {
        return Err("it has another number of results than the batch has writes");
    }
    let receipt = |(write, result): (&Write<'_>, wire::BatchResult)| match (write.effect, result.status, result.item) {
        (Effect::Create { .. }, 201, Some(item)) | (Effect::Update { .. }, 200, Some(item)) => {
            Ok(Receipt { guid: item.guid, revision: item.revision, replayed })
        }
        (Effect::Delete { guid, .. }, 204, _) => Ok(Receipt { guid, revision: String::new(), replayed }),
        _ => Err("a result does not fit its write"),
    };
    writes.iter().zip(results).map(receipt).collect()
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value.as_bytes() == b"true")
}

/// The JSON body of an answer with this status; every other answer is an error.
pub(super) async fn body(
    server: &str,
    answer: Answer,
    status: u16,
    what: &'static str,
    about: About<'_>,
) -> Result<Vec<u8>, AdapterError> {
    if answer.status != status {
        return Err(errors::refusal(server, answer, what, about).await);
    }
    errors::expect_type(server, &answer, "application/json", what)?;
    collect(answer, ANSWER_BYTES_MAX).await.map_err(|source| no_answer(server, source))
}

async fn collect(mut answer: Answer, max: usize) -> Result<Vec<u8>, TransportError> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.body.next().await {
        let piece = piece?;
        if bytes.len() + piece.len() > max {
            return Err(TransportError::TooLarge(max as u64));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(server: &str, body: &[u8], what: &'static str) -> Result<T, AdapterError> {
    serde_json::from_slice(body).map_err(|error| malformed(server, what, &convert::shown(&error.to_string())))
}

fn timestamp(server: &str, text: &str, what: &'static str) -> Result<Timestamp, AdapterError> {
    text.parse().map_err(|_| malformed(server, what, &format!("`{}` is not a time", convert::shown(text))))
}

fn no_answer(server: &str, source: TransportError) -> AdapterError {
    AdapterError::NoAnswer { server: server.to_owned(), source }
}

pub(super) fn malformed(server: &str, what: &'static str, why: &str) -> AdapterError {
    AdapterError::Malformed { server: server.to_owned(), what, why: why.to_owned() }
}
