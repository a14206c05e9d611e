//! Agent behaviour that changes delivery.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::units::Duration;
use crate::model::units::TimeOfDay;
use crate::model::yes;

/// Settings of the agents of some collections (altiris-domain §12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentSettings {
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// Whether they are in force.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whom they are for. Order does not matter.
    pub collections: Vec<String>,
    /// How often an agent asks for its configuration. The documents give no default; one hour is ours.
    #[serde(default = "one_hour")]
    pub configuration_interval: Duration,
    /// The countdown before a warned run and before a restart: the console's *notify in advance*; 60 seconds unless
    /// said otherwise, at most 60 minutes (TSK-9).
    #[serde(default = "sixty_seconds")]
    pub notify_in_advance: Duration,
    /// Whether pop-ups are shown; prompts need them.
    #[serde(default = "yes")]
    pub show_popups: bool,
    /// Whether the icon in the tray is shown.
    #[serde(default = "yes")]
    pub show_tray_icon: bool,
    /// The agent value `DisregardPostRunAction`: other work goes on while a restart is pending (RST-2).
    #[serde(default)]
    pub disregard_post_run_action: bool,
    /// Whether downloads are shared with the neighbours.
    #[serde(default)]
    pub multicast: bool,
    /// The slowest connection on which packages are downloaded, in KB/s; 0 means any.
    #[serde(default, rename = "minimumSpeedKBps")]
    pub minimum_speed_kbps: u32,
    /// Times without traffic.
    #[serde(default)]
    pub blockouts: Vec<Blockout>,
}

/// A time of day without traffic (altiris-domain §12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Blockout {
    /// When it begins, on the computer's clock.
    pub from: TimeOfDay,
    /// How long it lasts.
    pub duration: Duration,
    /// What it holds back.
    #[serde(default)]
    pub blocks: BlockoutKind,
    /// Afterwards each agent waits a random time up to this.
    #[serde(default)]
    pub spread: Duration,
}

/// What a blockout holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BlockoutKind {
    /// Everything.
    #[default]
    Total,
    /// Downloads only.
    Downloads,
}

const fn one_hour() -> Duration {
    Duration::hours(1)
}

const fn sixty_seconds() -> Duration {
    Duration::seconds(60) // TSK-9
}
