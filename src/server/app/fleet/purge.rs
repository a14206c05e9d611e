//! Forgetting: events (PUR-1, PUR-2), and items that nobody uses any more (PUR-3).

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::audit_of;
use crate::server::app::built_in::PURGE_SETTINGS;
use crate::server::app::fleet::policy::NEW_JOB;
use crate::server::app::item::Item;
use crate::server::app::items::find;
use crate::server::app::kind::Kind;
use crate::server::app::portal::Status;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::writer::Writer;
use crate::server::store::fleet;
use crate::server::store::fleet::Class;
use crate::server::store::items;
use crate::server::store::portal;
use crate::server::store::refs;
use crate::server::store::refs::From;

/// How many rows of each class of events went (PUR-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forgotten {
    /// Executions.
    pub executions: u64,
    /// Package events.
    pub package_events: u64,
    /// Status events; *New Job* stays, because licences are counted by it (PUR-2).
    pub status_events: u64,
    /// Progress of sequential tasks.
    pub sequence_status: u64,
}

/// How many items went that nobody used any more (PUR-3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unused {
    /// Step entries without a sequence (SEQ-7).
    #[serde(rename = "removed")]
    pub step_entries: u64,
    /// Portal requests that had come to an end.
    pub portal_requests: u64,
    /// Their tasks.
    pub portal_tasks: u64,
    /// Their collections of one computer, where no other task is for them.
    pub portal_collections: u64,
}

/// What a purge did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Purged {
    /// How many items.
    #[serde(flatten)]
    pub unused: Unused,
    /// How many rows of events.
    #[serde(flatten)]
    pub events: Forgotten,
}

impl Writer<'_> {
    /// Removes what the settings of purging say: what nobody uses any more (PUR-3) and old events (PUR-1), and gives the
    /// numbers.
    ///
    /// # Errors
    /// When the store fails.
    pub fn purge(&mut self) -> Result<Kept, Refused> {
        let unused = self.purge_unused()?;
        let events = self.purge_events()?;
        Ok(Kept::value(200, &Purged { unused, events }))
    }

    /// PUR-3. What the settings give no time for stays.
    fn purge_unused(&mut self) -> Result<Unused, Refused> {
        let mut unused = Unused::default();
        let Spec::PurgeSettings(settings) = find(self.sql, PURGE_SETTINGS)?.spec else { return Ok(unused) };
        if !settings.enabled {
            return Ok(unused);
        }
        if let Some(seconds) = settings.unused_sequence_entries_seconds {
            unused.step_entries = self.purge_step_entries(self.before(seconds))?;
        }
        if let Some(seconds) = settings.unused_portal_requests_seconds {
            self.purge_requests(self.before(seconds), &mut unused)?;
        }
        if unused.step_entries + unused.portal_tasks + unused.portal_collections > 0 {
            self.next(); // The state is another one now.
        }
        Ok(unused)
    }

    /// So many seconds ago, in milliseconds since 1970.
    fn before(&self, seconds: u64) -> i64 {
        let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        self.now.as_millisecond().saturating_sub(ms)
    }

    /// Step tasks that have belonged to no sequence since a moment at least (SEQ-7).
    fn purge_step_entries(&mut self, upto_ms: i64) -> Result<u64, Refused> {
        let mut removed = 0;
        for json in items::find(self.sql, Some(Kind::StepTask.name()), None)? {
            let item = Item::stored(&json)?;
            let is_unused = matches!(&item.spec, Spec::StepTask(step) if step.sequence.is_none());
            if is_unused && item.modified_at.as_millisecond() <= upto_ms {
                self.purge_item(&item)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Portal requests that came to their end before a moment, with what was made for them and serves nobody else.
    fn purge_requests(&mut self, upto_ms: i64, unused: &mut Unused) -> Result<(), Refused> {
        let ends = Status::ENDS.map(Status::name);
        for row in portal::since(self.sql, &ends, upto_ms)? {
            portal::remove(self.sql, row.id)?;
            let did = Did { name: Some(format!("portal request {}", row.id)), ..Did::of(Action::Purge) };
            self.audit(did)?;
            unused.portal_requests += 1;
            let Some(made) = row.made else { continue };
            unused.portal_tasks += u64::from(self.purge_if_unused(made.task)?);
            unused.portal_collections += u64::from(self.purge_if_unused(made.collection)?);
            self.purge_if_unused(made.folder)?;
        }
        Ok(())
    }

    /// Removes an item if it is there, holds nothing, and nothing is for it. Says whether it did.
    fn purge_if_unused(&mut self, guid: Guid) -> Result<bool, Refused> {
        let Some(json) = items::json(self.sql, guid)? else { return Ok(false) };
        let all = i64::MAX.unsigned_abs();
        let users = refs::ends(self.sql, guid, From::Child, all)?;
        let held = refs::ends(self.sql, guid, From::Parent, all)?;
        if users.iter().any(|end| end.hint != refs::FOLDER) || held.iter().any(|end| end.hint == refs::FOLDER) {
            return Ok(false);
        }
        self.purge_item(&Item::stored(&json)?)?;
        Ok(true)
    }

    fn purge_item(&mut self, item: &Item) -> Result<(), Refused> {
        refs::remove_to(self.sql, item.guid)?;
        items::delete(self.sql, item.guid)?;
        let mut did = audit_of(Action::Purge, item);
        did.revision_before = Some(item.revision);
        Ok(self.audit(did)?)
    }

    /// Removes, of each class of events, first what is older than its retention, then, of the rest, what is more than
    /// its maximum of rows (PUR-1). How the last run of each task went stays known.
    fn purge_events(&mut self) -> Result<Forgotten, Refused> {
        let Spec::PurgeSettings(settings) = find(self.sql, PURGE_SETTINGS)?.spec else {
            return Ok(Forgotten::default());
        };
        if !settings.enabled {
            return Ok(Forgotten::default());
        }
        let mut removed = [0; 4];
        let classes = [
            (Class::Executions, settings.executions),
            (Class::Packages, settings.package_events),
            (Class::Status { but: NEW_JOB }, settings.status_events),
            (Class::Sequences, settings.sequence_status),
        ];
        for (count, (class, kept)) in removed.iter_mut().zip(classes) {
            let upto = kept.older_than_seconds.map(|seconds| self.before(seconds));
            *count = fleet::purge(self.sql, class, upto, kept.maximum_rows)?;
        }
        let [executions, package_events, status_events, sequence_status] = removed;
        let total: u64 = removed.iter().sum();
        if total > 0 {
            fleet::bump(self.sql, fleet::REVISION)?;
            self.audit(Did { name: Some(format!("{total} rows of events")), ..Did::of(Action::Purge) })?;
        }
        Ok(Forgotten { executions, package_events, status_events, sequence_status })
    }
}
