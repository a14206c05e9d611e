//! Reading an Altiris server: what it holds, and what is known of its computers.

pub mod convert;
pub mod fleet;
pub mod load;
pub mod methods;
pub mod raw;
pub mod reports;
pub mod tables;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::adapter::AdapterError;
use crate::adapter::FleetRead;
use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::adapter::Reference;
use crate::adapter::altiris::capabilities::Sight;
use crate::adapter::altiris::capabilities::capabilities;
use crate::adapter::altiris::wire::session::Session;
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::altiris::Hidden;
use crate::model::capabilities::Capabilities;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::model::observed::ServerIdentity;
use crate::model::project::Api;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::http::ReadTransport;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;

use methods::Methods;
use methods::partly;
use raw::CollectionShown;
use raw::Raw;
use raw::RawCollection;
use raw::RawFolder;
use raw::digest;

/// Everything that a report may fail to show.
const HIDDEN: [Hidden; 3] = [Hidden::Folders, Hidden::Collections, Hidden::Rights];

/// The place of one of them among the capabilities.
const fn bit(what: Hidden) -> usize {
    1 << what as usize
}

/// A reading connection: it holds no way to write.
///
/// ```compile_fail,E0277
/// fn writes(_: &dyn consign::adapter::WriteAdapter) {}
/// fn drift(reader: &consign::adapter::altiris::read::AltirisReader) {
///     writes(reader);
/// }
/// ```
pub struct AltirisReader {
    session: Arc<Session>,
    settings: AltirisSettings,
    findings: Findings,
    /// What can be held and seen, by what reports do not show: a field that was not read is never unequal (CAP-5).
    capabilities: Vec<Capabilities>,
    /// The one that holds since what was read last.
    seen: AtomicUsize,
    /// What was read last, for questions about it.
    last: Mutex<Option<Arc<Raw>>>,
}

impl AltirisReader {
    /// Reads through this transport, whose address ends in `/Altiris`; nothing is sent yet.
    pub fn new(transport: Arc<dyn ReadTransport>, settings: AltirisSettings, findings: Findings) -> Self {
        Self::over(Arc::new(Session::new(transport)), settings, findings)
    }

    /// Reads in a session that others use as well.
    pub fn over(session: Arc<Session>, settings: AltirisSettings, findings: Findings) -> Self {
        let sight = if settings.reports.is_some() { Sight::Reports } else { Sight::Methods };
        let with = |mask: usize| {
            let more = HIDDEN.iter().filter(|what| mask & bit(**what) != 0);
            let hidden = findings.hidden.iter().chain(more).copied().collect();
            capabilities(&Findings { hidden, ..findings.clone() }, sight)
        };
        let capabilities = (0..1 << HIDDEN.len()).map(with).collect();
        Self { session, settings, findings, capabilities, seen: AtomicUsize::new(0), last: Mutex::default() }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    async fn load(&self) -> Result<Arc<Raw>, AdapterError> {
        let raw = Arc::new(load::load(&self.session, &self.settings, &self.findings).await?);
        self.seen.store(raw.hidden.iter().map(|what| bit(*what)).sum(), Ordering::Release);
        *self.last.lock().await = Some(raw.clone());
        Ok(raw)
    }

    /// What was read last, or is read now.
    async fn known(&self) -> Result<Arc<Raw>, AdapterError> {
        if let Some(raw) = self.last.lock().await.clone() {
            return Ok(raw);
        }
        self.load().await
    }

    /// The revision of one item as the server holds it now, read by itself: the same digest that [`ReadAdapter::observe`]
    /// gives. `None` where there is no such item. For the look right before a write.
    ///
    /// # Errors
    /// As [`ReadAdapter::identity`].
    pub async fn revision(&self, kind: Kind, guid: Guid) -> Result<Option<String>, AdapterError> {
        let methods = Methods::new(&self.session, &self.settings.known);
        let found = match kind {
            Kind::Package => methods.package(guid).await.map(|package| digest(&package)),
            Kind::Program => methods.program(guid).await.map(|program| digest(&program)),
            Kind::Task => methods.task(guid).await.map(|task| digest(&task)),
            Kind::Collection => self.collection(&methods, guid).await.map(|collection| digest(&collection)),
            Kind::Folder => methods
                .item(guid)
                .await
                .map(|item| RawFolder { name: item.name, parent: item.folder, ..RawFolder::default() }.revision()),
            _ => {
                return Err(AdapterError::NotInstalled {
                    server: self.session.server().to_owned(),
                    what: format!("method that shows a {}", kind.short()),
                    why: "the web services have none".to_owned(),
                });
            }
        };
        match found {
            Ok(revision) => Ok(Some(revision)),
            Err(AdapterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A collection as the server holds it now, read by itself.
    ///
    /// # Errors
    /// As [`ReadAdapter::identity`]; [`AdapterError::NotFound`] where there is none.
    pub async fn collection_of(&self, guid: Guid) -> Result<RawCollection, AdapterError> {
        self.collection(&Methods::new(&self.session, &self.settings.known), guid).await
    }

    /// The same without what only a report shows, which takes a look at all collections.
    ///
    /// # Errors
    /// As [`Self::collection_of`].
    pub async fn collection_by_methods(&self, guid: Guid) -> Result<RawCollection, AdapterError> {
        self.links(&Methods::new(&self.session, &self.settings.known), guid).await
    }

    async fn collection(&self, methods: &Methods<'_>, guid: Guid) -> Result<RawCollection, AdapterError> {
        let mut collection = self.links(methods, guid).await?;
        collection.shown = self.shown(guid).await?;
        Ok(collection)
    }

    async fn links(&self, methods: &Methods<'_>, guid: Guid) -> Result<RawCollection, AdapterError> {
        let item = methods.item(guid).await?;
        let mut collection = RawCollection { name: item.name, folder: item.folder, ..RawCollection::default() };
        let included = methods.listed_in(Reading::GetInclusions, guid).await?;
        let excluded = methods.listed_in(Reading::GetExclusions, guid).await?;
        let is_collection = |other: &crate::adapter::altiris::wire::details::ItemDetails| {
            other.type_name == item.type_name && other.long_type_name == item.long_type_name
        };
        for other in included {
            let into = if is_collection(&other) { &mut collection.include } else { &mut collection.members };
            into.insert(other.guid);
        }
        for other in excluded {
            let into = if is_collection(&other) { &mut collection.exclude } else { &mut collection.not_members };
            into.insert(other.guid);
        }
        Ok(collection)
    }

    /// What the report of collections shows of one.
    async fn shown(&self, guid: Guid) -> Result<Option<CollectionShown>, AdapterError> {
        let Some(folder) = self.settings.reports else { return Ok(None) };
        let opened = reports::Reports::open(&self.session, folder, &self.findings).await?;
        let Ok(mut reports) = opened else { return Ok(None) };
        let rows = reports.rows("collections").await?;
        let shown = rows.and_then(|table| tables::collections_shown(&table));
        Ok(shown.ok().and_then(|mut all| all.remove(&guid)).map(|(_, shown)| shown))
    }

    /// The oldest version that has what this server describes (altiris-asdk §4).
    async fn version(&self) -> Result<&'static str, AdapterError> {
        let has = |service, message| self.session.has(service, message);
        self.session.describe(Service::Item).await?;
        Ok(if has(Service::Collection, "GetInclusionGuids").await? {
            "8.5.4249 or later"
        } else if has(Service::Scoping, "InvalidateTargetMembership").await? {
            "8.1 or later"
        } else if has(Service::Item, "ItemExists").await? {
            "8.0 or later"
        } else {
            "before 8.0"
        })
    }
}

#[async_trait]
impl ReadAdapter for AltirisReader {
    /// What can be held and seen; after an observation, by what that one could see.
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities[self.seen.load(Ordering::Acquire)]
    }

    async fn identity(&self) -> Result<ServerIdentity, AdapterError> {
        let address = self.session.server();
        let version = self.version().await?;
        Ok(ServerIdentity {
            instance: instance(address),
            name: place(address).split(['/', ':']).next().unwrap_or_default().to_owned(),
            api: Api::Altiris,
            version: version.to_owned(),
        })
    }

    async fn observe(&self, _known: Option<&str>) -> Result<Observation, AdapterError> {
        let server = self.identity().await?;
        let raw = self.load().await?;
        let time = self.session.clock().unwrap_or_else(|| SystemClock.now());
        let observed = convert::observed(&raw, server, time, &self.findings);
        observed.map(Observation::Fresh).map_err(|why| AdapterError::Malformed {
            server: self.session.server().to_owned(),
            what: "state",
            why,
        })
    }

    async fn fleet(&self) -> FleetRead {
        let Some(folder) = self.settings.reports else {
            return FleetRead::untold(
                "computers are shown by reports alone, and `altiris.reports` in `consign.yaml` names no folder of them",
            );
        };
        let opened = reports::Reports::open(&self.session, folder, &self.findings).await;
        let mut reports = match opened {
            Ok(Ok(reports)) => reports,
            Ok(Err(why)) => return FleetRead::untold(&why),
            Err(error) => return FleetRead::untold(&error.to_string()),
        };
        let raw = match self.known().await {
            Ok(raw) => raw,
            Err(error) => return FleetRead::untold(&error.to_string()),
        };
        let now = self.session.clock().unwrap_or_else(|| SystemClock.now());
        match fleet::read(&mut reports, &raw, instance(self.session.server()), now).await {
            Ok(read) => read,
            Err(error) => FleetRead::untold(&error.to_string()),
        }
    }

    async fn references(&self, guid: Guid) -> Result<Vec<Reference>, AdapterError> {
        let raw = self.known().await?;
        let found = raw.references(guid);
        if found.is_empty() && !raw.has(guid) {
            // It may be of a kind that is not read.
            let methods = Methods::new(&self.session, &self.settings.known);
            partly(methods.item(guid).await)?
                .map_err(|_| AdapterError::NotFound { server: self.session.server().to_owned() })?;
        }
        Ok(found)
    }
}

/// What a server is told apart by, since no method tells its own mark: its host, port and path.
fn instance(address: &str) -> Guid {
    let named = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, place(address).to_ascii_lowercase().as_bytes());
    Guid::of(named.as_u128())
}

/// An address without its scheme.
fn place(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, place)| place).trim_end_matches('/')
}
