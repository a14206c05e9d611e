//! Folders, collections, windows, and the settings of portal, agents, patching and purging.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::model::units::TimeOfDay;
use crate::server::app::spec::Wrong;
use crate::server::app::spec::parts::Grant;
use crate::server::app::spec::parts::Portal;
use crate::server::app::spec::parts::Schedule;
use crate::server::app::spec::yes;

/// A console folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Folder {
    /// For people.
    pub description: String,
    /// The rights that sequential tasks in it inherit (SEQ-6).
    pub portal: Portal,
}

/// A collection (COL-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Collection {
    /// For people.
    pub description: String,
    /// The question over inventory.
    pub query: Option<Query>,
    /// Only computers of this one.
    pub limited_to: Option<Guid>,
    /// Collections whose computers belong to it.
    pub include: Vec<Guid>,
    /// Collections whose computers do not.
    pub exclude: Vec<Guid>,
    /// Computers by name.
    pub members: Vec<String>,
    /// Whether it is evaluated when inventory changes.
    pub auto_update: bool,
}

impl Default for Collection {
    fn default() -> Self {
        Self {
            description: String::new(),
            query: None,
            limited_to: None,
            include: Vec::new(),
            exclude: Vec::new(),
            members: Vec::new(),
            auto_update: true,
        }
    }
}

/// A question over inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Query {
    /// In which language.
    pub language: Language,
    /// The question.
    pub text: String,
}

/// The language of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Language {
    Sql,
    Wql,
}

/// A maintenance window (MW-1 … MW-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether it is in force.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whom it is for.
    #[serde(default)]
    pub collections: Vec<Guid>,
    /// When it opens.
    pub schedule: Schedule,
    /// How long it stays open, 5 to 1440 minutes (MW-9).
    #[schemars(range(min = 5, max = 1440))]
    pub duration_minutes: i64,
    /// What may run in it (MW-7).
    #[serde(default)]
    pub applies_to: AppliesTo,
    /// Whose clock it is read on.
    #[serde(default)]
    pub clock: WindowClock,
}

impl MaintenanceWindow {
    /// MW-9: 5 minutes to 24 hours.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        if (5..=1440).contains(&self.duration_minutes) {
            Ok(())
        } else {
            Err(Wrong::rule("durationMinutes", "MW-9", "a window lasts 5 to 1440 minutes"))
        }
    }
}

/// What may run in a window (MW-7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum AppliesTo {
    #[default]
    All,
    Updates,
    TaskSequences,
}

/// Whose clock a window is read on (MW-9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum WindowClock {
    #[default]
    Computer,
    Utc,
}

/// The rights that every program inherits (PTL-2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PortalDefaults {
    /// The rights.
    pub grants: Vec<Grant>,
}

/// How the portal shows itself (PTL-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PortalSettings {
    /// For people.
    pub description: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// Whom it is for.
    pub collections: Vec<Guid>,
    /// A link in the start menu.
    pub start_menu_link: bool,
    /// A link in the agent's menu.
    pub agent_menu_link: bool,
    /// Most programs in one request; at least 1.
    pub max_per_request: u64,
}

impl Default for PortalSettings {
    fn default() -> Self {
        Self {
            description: String::new(),
            enabled: true,
            collections: Vec::new(),
            start_menu_link: true,
            agent_menu_link: true,
            max_per_request: 5,
        }
    }
}

impl PortalSettings {
    /// PTL-6: a request holds at least one program.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        if self.max_per_request == 0 {
            return Err(Wrong::rule("maxPerRequest", "PTL-6", "a request holds at least one program"));
        }
        Ok(())
    }
}

/// How agents behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AgentSettings {
    /// For people.
    pub description: String,
    /// Whether they are in force.
    pub enabled: bool,
    /// Whom they are for.
    pub collections: Vec<Guid>,
    /// How often an agent asks for its configuration, in seconds.
    pub configuration_interval_seconds: u64,
    /// The countdown before a warned run or restart, in seconds (TSK-9).
    pub notify_in_advance_seconds: u64,
    /// Whether pop-ups are shown.
    pub show_popups: bool,
    /// Whether the tray icon is shown.
    pub show_tray_icon: bool,
    /// Whether other work goes on while a restart is pending (RST-2).
    pub disregard_post_run_action: bool,
    /// Whether downloads are shared.
    pub multicast: bool,
    /// The slowest connection for downloads, in KB/s; 0 means any.
    #[serde(rename = "minimumSpeedKBps")]
    pub minimum_speed_kbps: u64,
    /// Times without traffic.
    pub blockouts: Vec<Blockout>,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            description: String::new(),
            enabled: true,
            collections: Vec::new(),
            configuration_interval_seconds: 3600,
            notify_in_advance_seconds: 60, // TSK-9
            show_popups: true,
            show_tray_icon: true,
            disregard_post_run_action: false,
            multicast: false,
            minimum_speed_kbps: 0,
            blockouts: Vec::new(),
        }
    }
}

/// A time without traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Blockout {
    /// When it begins.
    pub from: TimeOfDay,
    /// How long it lasts, in seconds.
    pub duration_seconds: u64,
    /// What it holds back.
    #[serde(default)]
    pub blocks: Blocks,
    /// Afterwards agents wait a random time up to this, in seconds.
    #[serde(default)]
    pub spread_seconds: u64,
}

/// What a blockout holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Blocks {
    #[default]
    Total,
    Downloads,
}

/// Who is enrolled for patching (LIC-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PatchPlugin {
    /// For people.
    pub description: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// Whom it is for.
    pub collections: Vec<Guid>,
    /// When computers are scanned; null: the server's default.
    pub scan: Option<Schedule>,
    /// Whether the plug-in is installed.
    pub install_plugin: bool,
}

impl Default for PatchPlugin {
    fn default() -> Self {
        Self { description: String::new(), enabled: true, collections: Vec::new(), scan: None, install_plugin: true }
    }
}

/// What is forgotten, and when (PUR-1 … PUR-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PurgeSettings {
    /// Whether anything is.
    pub enabled: bool,
    /// When, on the server's clock (PUR-2).
    pub daily: TimeOfDay,
    /// Executions.
    pub executions: Retention,
    /// Package events.
    pub package_events: Retention,
    /// Status events.
    pub status_events: Retention,
    /// Progress of sequential tasks.
    pub sequence_status: Retention,
    /// Step entries without a sequence (SEQ-7), after so many seconds.
    pub unused_sequence_entries_seconds: Option<u64>,
    /// Ended portal requests (PUR-3), after so many seconds.
    pub unused_portal_requests_seconds: Option<u64>,
}

impl Default for PurgeSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            daily: TimeOfDay { hour: 2, minute: 0 }, // PUR-2
            executions: Retention::default(),
            package_events: Retention::default(),
            status_events: Retention::default(),
            sequence_status: Retention::default(),
            unused_sequence_entries_seconds: None,
            unused_portal_requests_seconds: None,
        }
    }
}

/// What stays of one class of events (PUR-1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// What is older goes, in seconds; null: nothing does.
    pub older_than_seconds: Option<u64>,
    /// How many rows stay; null: all.
    pub maximum_rows: Option<u64>,
}
