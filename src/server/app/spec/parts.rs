//! What several kinds say in the same way: schedules, runs, warnings, portal rights.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;

/// The portal rights on an item (PTL-1, PTL-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Portal {
    /// Whether the rights of the parent hold too.
    pub inherit: bool,
    /// Its own rights.
    pub grants: Vec<Grant>,
}

impl Default for Portal {
    fn default() -> Self {
        Self { inherit: true, grants: Vec::new() }
    }
}

/// One right of one principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// A user, a group, or the name of a role.
    pub principal: String,
    /// What it may do.
    pub right: Right,
}

/// A right on the portal: there are these two (PTL-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Right {
    /// *Install software*: already approved.
    Install,
    /// *Install on approval*.
    InstallOnApproval,
}

/// When something starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Schedule {
    /// Once.
    At {
        /// When.
        at: LocalDateTime,
    },
    /// Every day.
    Daily {
        /// At this time.
        time: TimeOfDay,
    },
    /// On days of the week.
    Weekly {
        /// The days; at least one.
        days: Vec<Weekday>,
        /// At this time.
        time: TimeOfDay,
        /// Every n-th week.
        #[serde(default = "one")]
        every: u32,
        /// Counted from here.
        #[serde(default)]
        from: Option<LocalDateTime>,
    },
    /// On a day of the month.
    Monthly {
        /// Which day.
        on: MonthDay,
        /// Days after it.
        #[serde(default)]
        offset_days: u32,
        /// At this time.
        time: TimeOfDay,
        /// Every n-th month.
        #[serde(default = "one")]
        every: u32,
        /// Counted from here.
        #[serde(default)]
        from: Option<LocalDateTime>,
    },
    /// At a fixed distance.
    Every {
        /// How far apart two starts are, in seconds; at least 1.
        interval_seconds: u64,
        /// The first start.
        from: LocalDateTime,
    },
}

impl Schedule {
    /// What is wrong with it that its type does not say.
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Weekly { days, .. } if days.is_empty() => Some("a weekly schedule needs a day"),
            Self::Weekly { every: 0, .. } | Self::Monthly { every: 0, .. } => Some("`every` is at least 1"),
            Self::Monthly { on: MonthDay::Date { date: 0 | 32.. }, .. } => Some("a date is 1 to 31"),
            Self::Monthly { offset_days: 28.., .. } => Some("`offsetDays` is at most 27"),
            Self::Every { interval_seconds: 0, .. } => Some("`intervalSeconds` is at least 1"),
            _ => None,
        }
    }
}

const fn one() -> u32 {
    1
}

/// A day of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum MonthDay {
    /// The last one.
    Last {},
    /// By its number, 1 to 31.
    Date {
        /// The number.
        date: u32,
    },
    /// By its place among the weekdays.
    Weekday {
        /// The place.
        week: Week,
        /// The weekday.
        weekday: Weekday,
    },
}

/// A place in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Week {
    First,
    Second,
    Third,
    Fourth,
    Last,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// When a task runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Run {
    /// When a user starts it.
    Manual {},
    /// Once, as soon as a computer has it (TSK-4).
    AsSoonAsPossible {},
    /// By a schedule (TSK-5).
    Schedule {
        /// The schedule.
        schedule: Schedule,
    },
}

impl Default for Run {
    fn default() -> Self {
        Self::AsSoonAsPossible {}
    }
}

/// A warning before a run (TSK-8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WarnUser {
    /// How long the user may put it off, in minutes.
    pub defer_minutes: u64,
}

/// When a task may be downloaded and run (TSK-11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Availability {
    /// The first moment.
    pub from: Option<LocalDateTime>,
    /// The last moment.
    pub to: Option<LocalDateTime>,
    /// Whose clock these are read on.
    pub clock: TaskClock,
}

/// Whose clock a task's availability is read on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TaskClock {
    /// The computer's.
    #[default]
    Computer,
    /// The server's.
    Server,
}

/// Download settings of a task's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Download {
    /// Where the program runs from.
    pub mode: DownloadMode,
    /// The slowest connection that will do, in KB/s; 0 means any.
    #[serde(rename = "minimumSpeedKBps")]
    pub minimum_speed_kbps: u64,
    /// Whether it downloads at once.
    pub as_soon_as_possible: bool,
    /// Whether it shares the download.
    pub multicast: bool,
}

/// Where a program runs from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DownloadMode {
    /// From the computer.
    #[default]
    DownloadAndRun,
    /// From the server.
    RunFromServer,
}

/// What happens to a computer after a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AfterAction {
    /// Nothing.
    #[default]
    None,
    /// It restarts.
    Restart,
    /// The user is logged off.
    LogOff,
}
