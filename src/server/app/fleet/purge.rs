//! Forgetting events (PUR-1, PUR-2).

use schemars::JsonSchema;
use serde::Serialize;

use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::built_in::PURGE_SETTINGS;
use crate::server::app::fleet::policy::NEW_JOB;
use crate::server::app::items::find;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::writer::Writer;
use crate::server::store::fleet;
use crate::server::store::fleet::Class;

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

impl Writer<'_> {
    /// Removes, of each class of events, first what is older than its retention, then, of the rest, what is more than
    /// its maximum of rows (PUR-1). How the last run of each task went stays known.
    pub(in crate::server::app) fn purge_events(&mut self) -> Result<Forgotten, Refused> {
        let Spec::PurgeSettings(settings) = find(self.sql, PURGE_SETTINGS)?.spec else {
            return Ok(Forgotten::default());
        };
        if !settings.enabled {
            return Ok(Forgotten::default());
        }
        let now_ms = self.now.as_millisecond();
        let mut removed = [0; 4];
        let classes = [
            (Class::Executions, settings.executions),
            (Class::Packages, settings.package_events),
            (Class::Status { but: NEW_JOB }, settings.status_events),
            (Class::Sequences, settings.sequence_status),
        ];
        for (count, (class, kept)) in removed.iter_mut().zip(classes) {
            let older = kept.older_than_seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
            let upto = older.map(|seconds| now_ms.saturating_sub(seconds.saturating_mul(1000)));
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
