//! What items say, by kind.

use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use serde::Serializer;

use crate::adapter::native::wire::nullable;
use crate::adapter::native::wire::present;
use crate::model::agent_settings::BlockoutKind;
use crate::model::delivery_policy::OnFailure;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::package::StartingWindow;
use crate::model::portal::Right;
use crate::model::schedule::Clock;
use crate::model::schedule::WeekOfMonth;
use crate::model::schedule::Weekday;
use crate::model::schedule::WindowClock;
use crate::model::task::DownloadMode;
use crate::model::task::Priority;
use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;
use crate::model::window::WindowKind;

/// What an item says, by kind. Written without naming the kind, which stands beside it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "one variant a kind")]
pub enum Spec {
    Folder(Folder),
    Package(Package),
    Program(Program),
    Task(Task),
    SequentialTask(SequentialTask),
    Collection(Collection),
    MaintenanceWindow(MaintenanceWindow),
    PortalDefaults(PortalDefaults),
    PortalSettings(PortalSettings),
    DeliveryPolicy(DeliveryPolicy),
    AgentSettings(AgentSettings),
    PatchPlugin(PatchPlugin),
    PurgeSettings(PurgeSettings),
}

impl Spec {
    /// Whether the server has the password of a program's account; `None` where there is no account, or it is not told.
    pub fn password_set(&self) -> Option<bool> {
        match self {
            Self::Program(Program { run_with: RunWith::Account { password_set, .. }, .. }) => *password_set,
            _ => None,
        }
    }

    /// The mark beside the password of a program's account.
    pub fn password_mark(&self) -> Option<&str> {
        match self {
            Self::Program(Program { run_with: RunWith::Account { password_mark, .. }, .. }) => password_mark.as_deref(),
            _ => None,
        }
    }

    /// Reads the spec of an item of this kind.
    ///
    /// # Errors
    /// When a field is missing, or not of its type.
    pub fn read(kind: Kind, json: &str) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            Kind::Folder => Self::Folder(serde_json::from_str(json)?),
            Kind::Package => Self::Package(serde_json::from_str(json)?),
            Kind::Program => Self::Program(serde_json::from_str(json)?),
            Kind::Task => Self::Task(serde_json::from_str(json)?),
            Kind::SequentialTask => Self::SequentialTask(serde_json::from_str(json)?),
            Kind::Collection => Self::Collection(serde_json::from_str(json)?),
            Kind::MaintenanceWindow => Self::MaintenanceWindow(serde_json::from_str(json)?),
            Kind::PortalDefaults => Self::PortalDefaults(serde_json::from_str(json)?),
            Kind::PortalSettings => Self::PortalSettings(serde_json::from_str(json)?),
            Kind::DeliveryPolicy => Self::DeliveryPolicy(serde_json::from_str(json)?),
            Kind::AgentSettings => Self::AgentSettings(serde_json::from_str(json)?),
            Kind::PatchPlugin => Self::PatchPlugin(serde_json::from_str(json)?),
            Kind::PurgeSettings => Self::PurgeSettings(serde_json::from_str(json)?),
        })
    }
}

wire! {
    Portal { inherit: bool, grants: Vec<Grant>, }
    Grant { principal: String, right: Right, }
    Folder { description: String, portal: Portal, }
    Package {
        description: String,
        publisher: String,
        version: String,
        language: String,
        source: Source,
        delete_unused_after_minutes: u32,
        agent_display_name: String,
        agent_display_description: String,
        verbose_status_events: bool,
        alternate_download_folder: String,
        package_servers: PackageServers,
        package_server_folder: String,
    }
    PackageServers { assign: Assign, names: Vec<String>, }
    Program {
        description: String,
        command_line: String,
        working_directory: String,
        success_codes: Vec<i64>,
        failure_codes: Vec<i64>,
        #[serde(rename = "estimatedDiskSpaceKB")]
        estimated_disk_space_kb: u64,
        estimated_run_time_seconds: u64,
        #[serde(deserialize_with = "nullable")]
        max_run_time_minutes: Option<u32>,
        after_running: AfterRunning,
        starting_window: StartingWindow,
        run_with: RunWith,
        can_run: CanRun,
        user_input_required: bool,
        exits_early: bool,
        run_once_for: RunOnceFor,
        network: Network,
        portal: Portal,
    }
    AfterRunning { action: AfterRunningAction, defer_minutes: u32, force_close: bool, }
    Network {
        required: bool,
        #[serde(rename = "minimumSpeedKBps")]
        minimum_speed_kbps: u32,
    }
    Task {
        description: String,
        enabled: bool,
        package: Guid,
        program: Guid,
        collections: Vec<Guid>,
        priority: PriorityNumber,
        run: Run,
        run_missed_schedule: bool,
        independent_execution: bool,
        user_can_run: bool,
        user_optional: bool,
        wake_on_lan: bool,
        notify_immediately: bool,
        notify_user: bool,
        #[serde(deserialize_with = "nullable")]
        warn_user: Option<WarnUser>,
        availability: Availability,
        remove_after_success: bool,
        agent_display_name: String,
        agent_display_description: String,
        verbose_status_events: bool,
        #[serde(deserialize_with = "nullable")]
        download: Option<Download>,
    }
    WarnUser { defer_minutes: u32, }
    Availability {
        #[serde(deserialize_with = "nullable")]
        from: Option<LocalDateTime>,
        #[serde(deserialize_with = "nullable")]
        to: Option<LocalDateTime>,
        clock: Clock,
    }
    Download {
        mode: DownloadMode,
        #[serde(rename = "minimumSpeedKBps")]
        minimum_speed_kbps: u32,
        as_soon_as_possible: bool,
        multicast: bool,
    }
    SequentialTask {
        description: String,
        enabled: bool,
        collections: Vec<Guid>,
        priority: PriorityNumber,
        run: Run,
        run_missed_schedule: bool,
        wake_on_lan: bool,
        notify_immediately: bool,
        notify_user: bool,
        #[serde(deserialize_with = "nullable")]
        warn_user: Option<WarnUser>,
        availability: Availability,
        remove_after_success: bool,
        agent_display_name: String,
        agent_display_description: String,
        verbose_status_events: bool,
        #[serde(deserialize_with = "nullable")]
        download: Option<Download>,
        steps: Vec<Step>,
        portal: Portal,
    }
    Step { package: Guid, program: Guid, depends_on: Vec<Dependency>, }
    Dependency { step: u32, return_codes: Vec<i64>, }
    Collection {
        description: String,
        #[serde(deserialize_with = "nullable")]
        query: Option<Query>,
        #[serde(deserialize_with = "nullable")]
        limited_to: Option<Guid>,
        include: Vec<Guid>,
        exclude: Vec<Guid>,
        members: Vec<String>,
        auto_update: bool,
    }
    Query { language: Language, text: String, }
    MaintenanceWindow {
        description: String,
        enabled: bool,
        collections: Vec<Guid>,
        schedule: Schedule,
        duration_minutes: u32,
        applies_to: WindowKind,
        clock: WindowClock,
    }
    PortalDefaults {
        /// Left out of a request, the server takes its default.
        #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
        grants: Option<Vec<Grant>>,
    }
    PurgeSettings {
        enabled: bool,
        daily: TimeOfDay,
        executions: Retention,
        package_events: Retention,
        status_events: Retention,
        sequence_status: Retention,
        #[serde(deserialize_with = "nullable")]
        unused_sequence_entries_seconds: Option<u64>,
        #[serde(deserialize_with = "nullable")]
        unused_portal_requests_seconds: Option<u64>,
    }
    Retention {
        #[serde(deserialize_with = "nullable")]
        older_than_seconds: Option<u64>,
        #[serde(deserialize_with = "nullable")]
        maximum_rows: Option<u64>,
    }
    PortalSettings {
        description: String,
        enabled: bool,
        collections: Vec<Guid>,
        start_menu_link: bool,
        agent_menu_link: bool,
        max_per_request: u32,
    }
    DeliveryPolicy {
        description: String,
        enabled: bool,
        collections: Vec<Guid>,
        resources: Vec<Resource>,
        #[serde(deserialize_with = "nullable")]
        compliance: Option<Schedule>,
        remediation: Remediation,
        user_can_run: bool,
        user_must_run: bool,
        prompt_user: bool,
        defer_minutes: u32,
        wake_on_lan: bool,
    }
    Resource { package: Guid, program: Guid, on_success: OnSuccess, on_failure: OnFailure, }
    OnSuccess {
        action: AfterRunningAction,
        defer_minutes: u32,
        #[serde(deserialize_with = "nullable")]
        countdown_seconds: Option<u64>,
        force_close: bool,
    }
    AgentSettings {
        description: String,
        enabled: bool,
        collections: Vec<Guid>,
        configuration_interval_seconds: u64,
        notify_in_advance_seconds: u64,
        show_popups: bool,
        show_tray_icon: bool,
        disregard_post_run_action: bool,
        multicast: bool,
        #[serde(rename = "minimumSpeedKBps")]
        minimum_speed_kbps: u32,
        blockouts: Vec<Blockout>,
    }
    Blockout { from: TimeOfDay, duration_seconds: u64, blocks: BlockoutKind, spread_seconds: u64, }
    PatchPlugin {
        description: String,
        enabled: bool,
        collections: Vec<Guid>,
        #[serde(deserialize_with = "nullable")]
        scan: Option<Schedule>,
        install_plugin: bool,
    }
}

tagged! {
    Schedule {
        At { at: LocalDateTime },
        Daily { time: TimeOfDay },
        Weekly {
            days: Vec<Weekday>,
            time: TimeOfDay,
            every: u8,
            #[serde(deserialize_with = "nullable")]
            from: Option<LocalDateTime>,
        },
        Monthly {
            on: MonthDay,
            offset_days: u8,
            time: TimeOfDay,
            every: u8,
            #[serde(deserialize_with = "nullable")]
            from: Option<LocalDateTime>,
        },
        Every { interval_seconds: u64, from: LocalDateTime },
    }
    MonthDay {
        Last,
        Date { date: u8 },
        Weekday { week: WeekOfMonth, weekday: Weekday },
    }
    Run {
        Manual,
        AsSoonAsPossible,
        Schedule { schedule: Schedule },
    }
    Source {
        None,
        Local { path: String },
        Unc { path: String },
        Url { url: String, directory: String },
    }
    RunWith {
        System,
        LoggedOnUser,
        Account {
            account: String,
            /// Write only; absent: the server keeps the one it has.
            #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
            password: Option<Password>,
            /// Read only: whether the server has one.
            #[serde(default, skip_serializing)]
            password_set: Option<bool>,
            /// An opaque mark that is kept beside the password; it counts only where that is sent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            password_mark: Option<String>,
        },
    }
    RunOnceFor {
        Computer,
        EachLoggedOnUser,
        Users { users: Vec<String> },
    }
    Remediation {
        Immediately,
        MaintenanceWindow,
        Schedule { schedule: Schedule },
    }
}

/// How package servers are chosen.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum Assign {
    All,
    Automatic,
    Servers,
    Sites,
}

/// The language of a query.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum Language {
    Sql,
    Wql,
}

/// A priority as its number, 1 to 4 (TSK-2).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u8")]
pub struct PriorityNumber(pub Priority);

impl From<PriorityNumber> for u8 {
    fn from(value: PriorityNumber) -> Self {
        value.0.number()
    }
}

impl TryFrom<u64> for PriorityNumber {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        Ok(Self(match number {
            1 => Priority::Low,
            2 => Priority::Normal,
            3 => Priority::High,
            4 => Priority::VeryHigh,
            other => return Err(format!("{other} is not a priority, which is 1 to 4")),
        }))
    }
}

/// A password on its way to the server. `Debug` does not show it.
#[derive(Debug)]
pub struct Password(pub SecretString);

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}
