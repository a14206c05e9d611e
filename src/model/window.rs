//! Maintenance windows.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::schedule::Schedule;
use crate::model::schedule::WindowClock;
use crate::model::units::Duration;
use crate::model::yes;

/// When programs may start on the computers of some collections (MW-1 … MW-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// Whether it is in force. A computer without any window is never held back (MW-8).
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whom it is for. Order does not matter.
    pub collections: Vec<String>,
    /// When it opens.
    pub schedule: Schedule,
    /// How long it stays open: 5 minutes to 24 hours, whole minutes (MW-9).
    pub duration: Duration,
    /// What may run in it (MW-7).
    #[serde(default)]
    pub applies_to: WindowKind,
    /// Whose clock its schedule is read on (MW-9).
    #[serde(default)]
    pub clock: WindowClock,
}

/// What may run in a window (MW-7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WindowKind {
    /// Everything.
    #[default]
    All,
    /// Software updates.
    Updates,
    /// Task sequences.
    TaskSequences,
}
