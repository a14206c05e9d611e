//! What a server forgets, and when.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::units::Duration;
use crate::model::units::TimeOfDay;
use crate::model::yes;

/// Purging of events and of unused items (PUR-1 … PUR-3). A server has exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PurgeSettings {
    /// Whether anything is purged.
    pub enabled: bool,
    /// When, every day, on the server's clock (PUR-2).
    pub daily: TimeOfDay,
    /// Executions (`AeX SWD Execution`).
    pub executions: Retention,
    /// Package events (`AeX SWD Package`).
    pub package_events: Retention,
    /// Status events (`AeX SWD Status`); *New Job* rows stay (PUR-2).
    pub status_events: Retention,
    /// Progress of sequential tasks (`Inv_Synch_Status`).
    pub sequence_status: Retention,
    /// Entries of deleted sequential tasks (SEQ-7, PUR-3) go after this.
    pub unused_sequence_entries: Option<Duration>,
    /// Ended portal requests, with their tasks and collections (PUR-3), go after this.
    pub unused_portal_requests: Option<Duration>,
}

impl Default for PurgeSettings {
    fn default() -> Self {
        Self {
            enabled: yes(),
            daily: TimeOfDay { hour: 2, minute: 0 }, // PUR-2
            executions: Retention::default(),
            package_events: Retention::default(),
            status_events: Retention::default(),
            sequence_status: Retention::default(),
            unused_sequence_entries: None,
            unused_portal_requests: None,
        }
    }
}

/// What stays of one class of events: first what is older goes, then, of the rest, what is beyond the rows (PUR-1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// How long rows stay. Absent: for ever.
    pub older_than: Option<Duration>,
    /// How many rows stay. Absent: any number.
    pub maximum_rows: Option<u64>,
}
