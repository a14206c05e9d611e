//! Software delivery tasks.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::schedule::Clock;
use crate::model::schedule::Schedule;
use crate::model::units::Duration;
use crate::model::units::LocalDateTime;
use crate::model::yes;

/// A task: one program of one package for its collections (TSK-3; SWD 6.1 guide, Software Delivery Tasks).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Task {
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// Whether computers get it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The package it delivers, by name.
    pub package: String,
    /// The program of that package it runs, by name.
    pub program: String,
    /// The collections it is for; empty: nobody. Order does not matter.
    #[serde(default)]
    pub collections: Vec<String>,
    /// Its place in an agent's queue (TSK-2).
    #[serde(default)]
    pub priority: Priority,
    /// When it runs.
    #[serde(default)]
    pub run: Run,
    /// Whether a start that was missed is made up for later.
    #[serde(default = "yes")]
    pub run_missed_schedule: bool,
    /// Sent as the server's own *independent execution* flag; the documents do not say what it does.
    #[serde(default = "yes")]
    pub independent_execution: bool,
    /// Whether the user may start it from the agent as soon as it is there.
    #[serde(default)]
    pub user_can_run: bool,
    /// Sent as the server's own *optional for the user* flag; the documents do not say what it does.
    #[serde(default)]
    pub user_optional: bool,
    /// Wakes computers for it; needs an agent awake in their subnet (TSK-6).
    #[serde(default)]
    pub wake_on_lan: bool,
    /// Tells every computer at once; for fewer than 200 of them (TSK-7).
    #[serde(default)]
    pub notify_immediately: bool,
    /// Tells the user that it is there; never delays it (TSK-8).
    #[serde(default)]
    pub notify_user: bool,
    /// Warns the user before it runs, who may put it off (TSK-8). Absent: no warning.
    #[serde(default)]
    pub warn_user: Option<WarnUser>,
    /// When it may be downloaded and run at all (TSK-11).
    #[serde(default)]
    pub availability: Availability,
    /// Takes it off a computer that ran it with success (TSK-10).
    #[serde(default)]
    pub remove_after_success: bool,
    /// The name the agent shows; empty means the task's own.
    #[serde(default)]
    pub agent_display_name: String,
    /// The description the agent shows.
    #[serde(default)]
    pub agent_display_description: String,
    /// Whether agents report its status events.
    #[serde(default = "yes")]
    pub verbose_status_events: bool,
    /// How its package comes to a computer.
    #[serde(default)]
    pub download: Download,
}

/// A task's place in an agent's queue: by priority, then in order of arrival (TSK-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    /// After all others; 1 in the guide.
    Low,
    /// 2 in the guide.
    #[default]
    Normal,
    /// 3 in the guide.
    High,
    /// Before all others; 4 in the guide.
    VeryHigh,
}

impl Priority {
    /// The guide's number, 1 to 4 (TSK-2).
    pub const fn number(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::Normal => 2,
            Self::High => 3,
            Self::VeryHigh => 4,
        }
    }
}

/// When a task runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Run {
    /// When a user starts it.
    Manual,
    /// As soon as a computer has it; once, ever, on a computer (TSK-4).
    #[default]
    AsSoonAsPossible,
    /// By the computer's own clock and zone (TSK-5).
    Schedule(Schedule),
}

/// A warning before a run (TSK-8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WarnUser {
    /// How long the user may put it off in all; `0m`: not at all. Whole minutes, and no less than the shortest
    /// deferral on offer, 5 minutes (TSK-8).
    pub defer_up_to: Duration,
}

/// When a task may be downloaded and run (TSK-11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Availability {
    /// The first moment. Absent: from now on.
    pub from: Option<LocalDateTime>,
    /// The last moment. Absent: for ever.
    pub to: Option<LocalDateTime>,
    /// Whose clock these are read on; it governs availability only, never the schedule.
    pub clock: Clock,
}

/// How a package comes to a computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Download {
    /// `agentDefaults`: as the agent's settings say.
    Defaults(DownloadDefaults),
    /// Settings of the task's own.
    Own(DownloadOwn),
}

impl Default for Download {
    fn default() -> Self {
        Self::Defaults(DownloadDefaults::AgentDefaults)
    }
}

/// The agent's own settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DownloadDefaults {
    /// As the agent's settings say.
    AgentDefaults,
}

/// Settings that override the agent's (SWD 6.1 guide, Advanced Tab of a task; altiris-domain §4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DownloadOwn {
    /// Downloads first and then runs, or runs from the server.
    pub mode: DownloadMode,
    /// The slowest connection on which it runs from the server or downloads, in KB/s; 0 means any.
    #[serde(rename = "minimumSpeedKBps")]
    pub minimum_speed_kbps: u32,
    /// Downloads at once, without waiting for the start.
    pub as_soon_as_possible: bool,
    /// Shares the download with the neighbours.
    pub multicast: bool,
}

/// Where a program runs from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DownloadMode {
    /// From the computer, after the download.
    #[default]
    DownloadAndRun,
    /// From the server.
    RunFromServer,
}
