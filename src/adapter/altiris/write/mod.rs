//! Writing to an Altiris server. Nothing there is one transaction, and there are no revisions, no leases and no keys: so
//! every write reads the item right before it, sends only what differs, switches a task off around more than one call, and
//! reads back what came of it (altiris-asdk §0, §7).
//!
//! A write that broke off goes on where it stopped: each item passes through states that are known, and what is found in
//! one of them is completed; what is found in any other state is somebody else's and is refused.

mod collection;
mod folder;
mod import;
mod package;
mod program;
mod target;
mod task;
#[cfg(test)]
mod tests;
mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

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
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::capabilities::Capabilities;
use crate::model::collection::Query;
use crate::model::fleet::Computers;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::model::observed::ServerIdentity;
use crate::reach::Known;
use crate::sys::http::Transport;
use crate::sys::http::asdk::Service;

use super::read::AltirisReader;
use super::read::methods::Methods;
use super::wire::session::WriteSession;
use target::Targets;
use work::Work;

/// A writing connection.
pub struct AltirisWriter {
    session: WriteSession,
    reader: AltirisReader,
    settings: AltirisSettings,
    findings: Findings,
    targets: Targets,
    /// How many calls that write were sent.
    calls: AtomicU64,
}

impl AltirisWriter {
    /// Reads and writes through this transport, whose address ends in `/Altiris`; nothing is sent yet.
    pub fn new(transport: Arc<dyn Transport>, settings: AltirisSettings, findings: Findings) -> Self {
        let session = WriteSession::new(transport);
        let reader = AltirisReader::over(session.shared(), settings.clone(), findings.clone());
        Self { session, reader, settings, findings, targets: Targets::default(), calls: AtomicU64::new(0) }
    }

    async fn perform(&self, work: &Work<'_>, effect: Effect<'_>) -> Result<Receipt, AdapterError> {
        match effect {
            Effect::Create { state } => self.create(work, state).await,
            Effect::Update { guid, revision, state } => self.update(work, guid, revision, state).await,
            Effect::Delete { guid, revision } => {
                // What an earlier attempt deleted is gone, as it is to be.
                if !(work.in_doubt() && self.is_gone(work, guid).await?) {
                    self.delete(work, guid, revision).await?;
                }
                Ok(Receipt { guid, revision: String::new(), replayed: false })
            }
        }
    }

    async fn create(&self, work: &Work<'_>, item: &Item) -> Result<Receipt, AdapterError> {
        match item.key.kind {
            Kind::Folder => folder::create(work, item).await,
            Kind::Package => package::create(work, item).await,
            Kind::Program => program::create(work, item).await,
            Kind::Task => task::create(work, item).await,
            Kind::Collection => collection::create(work, &self.reader, item).await,
            kind => Err(self.not_written(work, kind)),
        }
    }

    async fn update(&self, work: &Work<'_>, guid: Guid, revision: &str, item: &Item) -> Result<Receipt, AdapterError> {
        match item.key.kind {
            Kind::Folder => folder::update(work, guid, revision, item).await,
            Kind::Package => package::update(work, guid, revision, item).await,
            Kind::Program => program::update(work, guid, revision, item).await,
            Kind::Task => task::update(work, guid, revision, item).await,
            Kind::Collection => collection::update(work, &self.reader, guid, revision, item).await,
            kind => Err(self.not_written(work, kind)),
        }
    }

    async fn delete(&self, work: &Work<'_>, guid: Guid, revision: &str) -> Result<(), AdapterError> {
        let kind = work.key.kind;
        match kind {
            // A task is switched off before it goes.
            Kind::Task => task::delete(work, guid, revision).await?,
            Kind::Folder | Kind::Package | Kind::Program | Kind::Collection => {
                let found = self.reader.revision(kind, guid).await?;
                let Some(found) = found else {
                    return Err(AdapterError::NotFound { server: self.session.reading().server().to_owned() });
                };
                if found != revision {
                    return Err(work.stale());
                }
                if kind == Kind::Collection {
                    target::delete(work, guid).await?;
                }
            }
            kind => return Err(self.not_written(work, kind)),
        }
        work.send(Service::Item, "DeleteItem", &[("itemGuid", guid.into())]).await?;
        // A void answer says nothing of what became of it.
        if !self.is_gone(work, guid).await? {
            return Err(work.refused("in_use", "the server answered, and it is still there: something refers to it"));
        }
        Ok(())
    }

    /// Whether there is no such item: what refers to it, and a read that is refused, say nothing of that.
    async fn is_gone(&self, work: &Work<'_>, guid: Guid) -> Result<bool, AdapterError> {
        match work.methods.item(guid).await {
            Ok(_) => Ok(false),
            Err(AdapterError::NotFound { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn not_written(&self, work: &Work<'_>, kind: Kind) -> AdapterError {
        let why = self.capabilities().why_kind(kind);
        work.refused("kind", &format!("the web services cannot write a {} (CAP-1): {why}", kind.short()))
    }
}

#[async_trait]
impl ReadAdapter for AltirisWriter {
    fn capabilities(&self) -> &Capabilities {
        self.reader.capabilities()
    }

    async fn identity(&self) -> Result<ServerIdentity, AdapterError> {
        self.reader.identity().await
    }

    async fn observe(&self, known: Option<&str>) -> Result<Observation, AdapterError> {
        self.reader.observe(known).await
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
impl WriteAdapter for AltirisWriter {
    fn calls(&self) -> Option<u64> {
        Some(self.calls.load(Ordering::Relaxed))
    }

    async fn acquire(&self, _holder: &str, _ttl: Duration, _key: &str) -> Result<Lease, AdapterError> {
        // There is none to be had; `Capabilities::leases` says so.
        Ok(Lease { id: String::new(), fence: 0 })
    }

    async fn renew(&self, _lease: &Lease, _ttl: Duration) -> Result<(), AdapterError> {
        Ok(())
    }

    async fn release(&self, _lease: &Lease) -> Result<(), AdapterError> {
        Ok(())
    }

    async fn write(&self, envelope: &Envelope<'_>, write: &Write<'_>) -> Result<Receipt, AdapterError> {
        let work = Work {
            session: &self.session,
            methods: Methods::new(self.session.reading(), &self.settings.known),
            known: &self.settings.known,
            findings: &self.findings,
            targets: &self.targets,
            envelope,
            key: write.key,
            before: write.before,
            sent: AtomicU32::new(0),
            calls: &self.calls,
        };
        self.perform(&work, write.effect).await.map_err(|error| work.broke_off(error))
    }

    async fn write_batch(&self, _envelope: &Envelope<'_>, writes: &[Write<'_>]) -> Result<Vec<Receipt>, BatchError> {
        // Nobody asks for it: `Capabilities::batch_max` says that there are none.
        let error = AdapterError::Refused {
            server: self.session.reading().server().to_owned(),
            item: format!("{} items", writes.len()),
            code: "no_batches".to_owned(),
            message: "the web services make no two changes together or not at all".to_owned(),
        };
        Err(BatchError { index: None, error })
    }
}
