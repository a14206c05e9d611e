//! Packages and their programs.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::model::guid::Guid;
use crate::model::portal::PortalRights;
use crate::model::units::Duration;
use crate::model::units::string_form;

/// A package: files in one place, and the programs that run them (SWD 6.1 guide, Package Tab and Advanced Tab).
// In a `Site` its `programs` is empty: there each program is an item of its own (PRG-13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Package {
    /// For people only.
    pub description: String,
    /// Who made the software; only the software portal uses it (PKG-1).
    pub publisher: String,
    /// A free label that nothing but a person changes (PKG-1). Quote it: `1.10` without quotes is the number 1.1.
    pub version: String,
    /// The language of the software; a free label.
    pub language: String,
    /// Where the files are (PKG-2).
    pub source: Source,
    /// How long an agent keeps the files after their last use; it keeps them while a task for them is active (PKG-3).
    /// Whole minutes.
    pub delete_unused_after: Duration,
    /// The name the agent shows; empty means the package's own.
    pub agent_display_name: String,
    /// The description the agent shows.
    pub agent_display_description: String,
    /// Whether agents report downloads to the server (PKG-5).
    pub verbose_status_events: bool,
    /// A folder on the client that holds a second copy, refreshed only right before a run (PKG-4). Empty: none.
    pub alternate_download_folder: String,
    /// Which package servers hold it.
    pub package_servers: PackageServers,
    /// Where package servers put it; empty means their default.
    pub package_server_folder: String,
    /// What can be run from it.
    pub programs: Vec<Program>,
}

impl Default for Package {
    fn default() -> Self {
        Self {
            description: String::new(),
            publisher: String::new(),
            version: "1.0".to_owned(), // PKG-1
            language: String::new(),
            source: Source::None(SourceNone { none: Nothing {} }),
            delete_unused_after: Duration::days(7), // 10080 minutes in the vendor's samples (altiris-domain §2)
            agent_display_name: String::new(),
            agent_display_description: String::new(),
            verbose_status_events: true, // altiris-domain §2
            alternate_download_folder: String::new(),
            package_servers: PackageServers::default(),
            package_server_folder: String::new(),
            programs: Vec::new(),
        }
    }
}

/// Where a package's files are (PKG-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Source {
    /// `{none: {}}`: no files; nothing is downloaded.
    None(SourceNone),
    /// `{local: PATH}`: a directory on the server.
    Local(SourceLocal),
    /// `{unc: PATH}`: a share that every agent uses as given.
    Unc(SourceUnc),
    /// `{url: URL, directory: UNC}`: a web address, and the share of the same files for the snapshot.
    Url(SourceUrl),
}

/// No files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceNone {
    /// `{}`.
    pub none: Nothing,
}

/// An empty map, `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A directory on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceLocal {
    /// An absolute path on the server, such as `D:\Packages\7zip`.
    pub local: String,
}

/// A share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceUnc {
    /// `\\server\share`, with a path below it if there is one.
    pub unc: String,
}

/// A web address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceUrl {
    /// Where agents download from.
    pub url: String,
    /// The UNC directory of the same files, from which the server takes its snapshot.
    pub directory: String,
}

/// Which package servers hold a package (altiris-domain §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PackageServers {
    /// `all`, or `automatic`.
    By(PackageServersBy),
    /// `{servers: [NAME, …]}`.
    Servers(PackageServersList),
    /// `{sites: [NAME, …]}`.
    Sites(PackageServersSites),
}

impl Default for PackageServers {
    fn default() -> Self {
        Self::By(PackageServersBy::All)
    }
}

/// Package servers without naming them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PackageServersBy {
    /// Every package server.
    All,
    /// The sites of the computers that the package's tasks reach.
    Automatic,
}

/// Package servers by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackageServersList {
    /// Their names; order does not matter.
    pub servers: Vec<String>,
}

/// Package servers by site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackageServersSites {
    /// The sites' names; order does not matter.
    pub sites: Vec<String>,
}

/// A program: a command line and how it runs (SWD 6.1 guide, Programs Tab). An item of its own, linked to its
/// package (PRG-13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Program {
    /// Its name within the package.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Pins the program to the item with this GUID.
    #[serde(default)]
    pub guid: Option<Guid>,
    /// What it was called before, so that a rename keeps its GUID.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// What is run, against the working directory. It must need no person (PRG-1) and must not restart the computer
    /// itself (PRG-5).
    #[schemars(length(min = 1))]
    pub command_line: String,
    /// A sub-folder of the package, or for a package without files a folder on the client (PRG-10).
    #[serde(default)]
    pub working_directory: String,
    /// Return codes that mean success; every other one is a failure (PRG-2). Order does not matter.
    #[serde(default = "zero_succeeds")]
    pub success_codes: Vec<i64>,
    /// Needless: what is no success code is a failure (PRG-2).
    #[serde(default)]
    pub failure_codes: Vec<i64>,
    /// A note that changes nothing (PRG-4), in KB.
    #[serde(default, rename = "estimatedDiskSpaceKB")]
    pub estimated_disk_space_kb: u64,
    /// A note that changes nothing (PRG-4).
    #[serde(default)]
    pub estimated_run_time: Duration,
    /// When the agent ends the program and its children, in whole minutes; `0m` means 360 minutes (PRG-3).
    /// `unknown` where the server knows that (MW-2).
    #[serde(default)]
    pub max_run_time: MaxRunTime,
    /// What the agent does afterwards, whatever the return code (PRG-6).
    #[serde(default)]
    pub after_running: AfterRunning,
    /// How its window opens; counts only when user input is required (PRG-7).
    #[serde(default)]
    pub starting_window: StartingWindow,
    /// Whose rights it runs with (PRG-8).
    #[serde(default)]
    pub run_with: RunWith,
    /// Whether someone must be logged on (PRG-9).
    #[serde(default)]
    pub can_run: CanRun,
    /// Shows it on the user's desktop, and gives it a fuller user profile (PRG-7).
    #[serde(default)]
    pub user_input_required: bool,
    /// Whether it shuts the computer down before it can report (PDF-2). With the mark its task counts as executed once
    /// it has started; without, it stays pending and may run again.
    #[serde(default)]
    pub exits_early: bool,
    /// For whom it runs once; only with the rights of the logged-on user (PRG-8).
    #[serde(default)]
    pub run_once_for: RunOnceFor,
    /// Whether it waits for a network (PRG-12).
    #[serde(default)]
    pub network: Network,
    /// Who may ask for it on the software portal (PTL-1). Absent: not managed here.
    #[serde(default)]
    pub portal: Option<PortalRights>,
}

fn zero_succeeds() -> Vec<i64> {
    vec![0]
}

/// How long a program may run before the agent ends it.
///
/// Absent and `0m` both mean 360 minutes (PRG-3; SWD 6.1 guide, Programs Tab).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxRunTime {
    /// A limit, in whole minutes.
    Limit(Duration),
    /// Unknown: counts as 0 against a maintenance window (MW-2), and as 12 hours before it is stopped (MW-5).
    Unknown,
}

impl MaxRunTime {
    /// What empty or 0 stands for (PRG-3).
    pub const DEFAULT: Duration = Duration::minutes(360);

    /// The limit that holds: 0 read as [`Self::DEFAULT`] (PRG-3). `None` where it is unknown.
    pub const fn limit(self) -> Option<Duration> {
        match self {
            Self::Limit(limit) if limit.as_seconds() == 0 => Some(Self::DEFAULT),
            Self::Limit(limit) => Some(limit),
            Self::Unknown => None,
        }
    }
}

impl Default for MaxRunTime {
    fn default() -> Self {
        Self::Limit(Self::DEFAULT)
    }
}

impl std::fmt::Display for MaxRunTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Limit(limit) => limit.fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl std::str::FromStr for MaxRunTime {
    type Err = crate::model::units::NotADuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "unknown" { Ok(Self::Unknown) } else { text.parse().map(Self::Limit) }
    }
}

string_form!(MaxRunTime, "MaxRunTime", "^([0-9]+[smhd]|unknown)$", "A duration in whole minutes, or `unknown`.");

/// What the agent does after a program has run (PRG-6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AfterRunning {
    /// `none`, `restart` or `logOff`.
    pub action: AfterRunningAction,
    /// How long a user may put it off; works together with the task's `warnUser` (PRG-6). Whole minutes.
    pub defer_up_to: Duration,
    /// Whether open applications are closed by force (altiris-domain §3).
    pub force_close: bool,
}

/// What happens to the computer after a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AfterRunningAction {
    /// Nothing.
    #[default]
    None,
    /// The computer restarts.
    Restart,
    /// The user is logged off.
    LogOff,
}

/// How a program's window opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StartingWindow {
    /// As the program likes.
    #[default]
    Normal,
    /// Not shown.
    Hidden,
    /// In the task bar.
    Minimized,
    /// Over the whole screen.
    Maximized,
}

/// Whose rights a program runs with (PRG-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RunWith {
    /// `system` or `loggedOnUser`.
    Built(RunWithBuilt),
    /// `{account: DOMAIN\NAME, passwordFrom: …}`.
    Account(RunWithAccount),
}

impl Default for RunWith {
    fn default() -> Self {
        Self::Built(RunWithBuilt::System)
    }
}

/// Rights that need no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunWithBuilt {
    /// The computer's system account.
    System,
    /// The user who is logged on.
    LoggedOnUser,
}

/// A named account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunWithAccount {
    /// `DOMAIN\NAME`.
    pub account: String,
    /// Where its password comes from when it is sent: when the server has none, when the account becomes another one,
    /// and with every other change of the program (PLN-13). No server gives a password out, so one that was changed
    /// behind its reference is seen only where the server of the project has `passwordKeyFrom`. Absent: the server keeps
    /// the one it has, for that account only.
    #[serde(default)]
    pub password_from: Option<SecretRef>,
}

/// Where a secret comes from. The secret itself never stands in a manifest, a plan or a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretRef {
    /// An environment variable, by name.
    Env(String),
    /// A file whose whole content, less a final line end, is the secret.
    File(String),
    /// A secret that `consign.yaml` declares under `secrets`, by name. So a manifest names no command.
    Secret(String),
}

/// Whether a user must be logged on for a program to run (PRG-9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CanRun {
    /// Whether or not one is.
    #[default]
    Always,
    /// Only when one is.
    UserLoggedOn,
    /// Only when none is; such a program is never visible.
    NoUserLoggedOn,
}

/// For whom a program runs once (PRG-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RunOnceFor {
    /// `computer` or `eachLoggedOnUser`.
    By(RunOnceForBy),
    /// `{users: [DOMAIN\NAME, …]}`.
    Users(RunOnceForUsers),
}

impl Default for RunOnceFor {
    fn default() -> Self {
        Self::By(RunOnceForBy::Computer)
    }
}

/// For whom, without naming them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunOnceForBy {
    /// Once for the computer.
    Computer,
    /// Once for each user who logs on.
    EachLoggedOnUser,
}

/// For whom, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunOnceForUsers {
    /// Users or groups, `DOMAIN\NAME`; order does not matter.
    #[schemars(length(min = 1))]
    pub users: Vec<String>,
}

/// What network a program waits for (PRG-12).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Network {
    /// Whether it waits for one at all.
    pub required: bool,
    /// The slowest that will do, in KB/s; 0 means any.
    #[serde(rename = "minimumSpeedKBps")]
    pub minimum_speed_kbps: u32,
}
