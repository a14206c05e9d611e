//! Packages and programs.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::server::app::spec::Wrong;
use crate::server::app::spec::parts::AfterAction;
use crate::server::app::spec::parts::Portal;

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Package {
    /// For people.
    pub description: String,
    /// Who made the software (PKG-1).
    pub publisher: String,
    /// A free label (PKG-1).
    pub version: String,
    /// The language of the software.
    pub language: String,
    /// Where its files are (PKG-2).
    pub source: Source,
    /// When an agent deletes it after its last use, in minutes (PKG-3).
    pub delete_unused_after_minutes: u64,
    /// What the agent calls it; empty: its name.
    pub agent_display_name: String,
    /// How the agent describes it.
    pub agent_display_description: String,
    /// Whether agents report downloads (PKG-5).
    pub verbose_status_events: bool,
    /// A folder on the computer for a second copy (PKG-4).
    pub alternate_download_folder: String,
    /// Which package servers hold it.
    pub package_servers: PackageServers,
    /// Where they put it.
    pub package_server_folder: String,
}

impl Default for Package {
    fn default() -> Self {
        Self {
            description: String::new(),
            publisher: String::new(),
            version: "1.0".to_owned(), // PKG-1
            language: String::new(),
            source: Source::default(),
            delete_unused_after_minutes: 10_080, // A week, in the vendor's samples (altiris-domain §2).
            agent_display_name: String::new(),
            agent_display_description: String::new(),
            verbose_status_events: true,
            alternate_download_folder: String::new(),
            package_servers: PackageServers::default(),
            package_server_folder: String::new(),
        }
    }
}

impl Package {
    /// PKG-2: each sort of source has what it needs.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        let fault = match &self.source {
            Source::None {} => return Ok(()),
            Source::Local { path } if path.trim().is_empty() => "a local source needs a path",
            Source::Unc { path } if !is_unc(path) => r"a share is `\\server\share`",
            Source::Url { url, .. } if url.trim().is_empty() => "a web source needs an address",
            Source::Url { directory, .. } if !is_unc(directory) => {
                "a web source needs the share of the same files, for the snapshot"
            }
            Source::Local { .. } | Source::Unc { .. } | Source::Url { .. } => return Ok(()),
        };
        Err(Wrong::rule("source", "PKG-2", fault))
    }
}

fn is_unc(path: &str) -> bool {
    path.strip_prefix(r"\\").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('\\'))
}

/// Where a package's files are (PKG-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Source {
    /// Nowhere.
    None {},
    /// In a directory of the server.
    Local {
        /// The directory.
        path: String,
    },
    /// On a share.
    Unc {
        /// The share, with a path below it.
        path: String,
    },
    /// At a web address.
    Url {
        /// The address.
        url: String,
        /// The share of the same files.
        #[serde(default)]
        directory: String,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::None {}
    }
}

/// Which package servers hold a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PackageServers {
    /// How they are chosen.
    pub assign: Assign,
    /// Their names, or those of their sites.
    pub names: Vec<String>,
}

/// How package servers are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Assign {
    /// Every one.
    #[default]
    All,
    /// Those near the computers that need it.
    Automatic,
    /// By name.
    Servers,
    /// By site.
    Sites,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Program {
    /// For people.
    pub description: String,
    /// What is run.
    pub command_line: String,
    /// Where it runs (PRG-10).
    pub working_directory: String,
    /// Codes that mean success (PRG-2).
    pub success_codes: Vec<i64>,
    /// Codes that mean failure (PRG-2).
    pub failure_codes: Vec<i64>,
    /// A note (PRG-4).
    #[serde(rename = "estimatedDiskSpaceKB")]
    pub estimated_disk_space_kb: u64,
    /// A note (PRG-4).
    pub estimated_run_time_seconds: u64,
    /// When it is ended, in minutes; 0 is stored as 360 (PRG-3), null: unknown (MW-2).
    pub max_run_time_minutes: Option<i64>,
    /// What follows (PRG-6).
    pub after_running: AfterRunning,
    /// How its window opens (PRG-7).
    pub starting_window: StartingWindow,
    /// Whose rights it has (PRG-8).
    pub run_with: RunWith,
    /// Whether someone must be logged on (PRG-9).
    pub can_run: CanRun,
    /// Whether it is shown.
    pub user_input_required: bool,
    /// Whether it shuts the computer down before it can report (PDF-2).
    pub exits_early: bool,
    /// For whom it runs once (PRG-8).
    pub run_once_for: RunOnceFor,
    /// Whether it waits for a network (PRG-12).
    pub network: Network,
    /// Who may ask for it (PRG-13, PTL-1).
    pub portal: Portal,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            description: String::new(),
            command_line: String::new(),
            working_directory: String::new(),
            success_codes: vec![0],
            failure_codes: Vec::new(),
            estimated_disk_space_kb: 0,
            estimated_run_time_seconds: 0,
            max_run_time_minutes: Some(MAX_RUN_TIME_MINUTES),
            after_running: AfterRunning::default(),
            starting_window: StartingWindow::default(),
            run_with: RunWith::default(),
            can_run: CanRun::default(),
            user_input_required: false,
            exits_early: false,
            run_once_for: RunOnceFor::default(),
            network: Network::default(),
            portal: Portal::default(),
        }
    }
}

/// The longest mark of a password.
const MARK_BYTES_MAX: usize = 200;

/// What empty and 0 stand for (PRG-3).
const MAX_RUN_TIME_MINUTES: i64 = 360;

impl Program {
    /// PRG-3: 0 means 360 minutes.
    pub(super) fn normalise(&mut self) {
        if self.max_run_time_minutes == Some(0) {
            self.max_run_time_minutes = Some(MAX_RUN_TIME_MINUTES);
        }
    }

    pub(super) fn check(&self) -> Result<(), Wrong> {
        if self.max_run_time_minutes.is_some_and(|minutes| minutes < 0) {
            return Err(Wrong::rule("maxRunTimeMinutes", "PRG-3", "a run time is not negative"));
        }
        if let RunWith::Account { account, .. } = &self.run_with
            && account.trim().is_empty()
        {
            return Err(Wrong::rule("runWith", "PRG-8", "an account needs a name"));
        }
        if let RunWith::Account { password_mark: Some(mark), .. } = &self.run_with
            && mark.len() > MARK_BYTES_MAX
        {
            return Err(Wrong::rule("runWith", "PRG-8", "a password's mark has at most 200 bytes"));
        }
        Ok(())
    }
}

/// What the agent does after a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AfterRunning {
    /// What.
    pub action: AfterAction,
    /// How long the user may put it off, in minutes.
    pub defer_minutes: u64,
    /// Whether applications are closed by force.
    pub force_close: bool,
}

/// How a window opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum StartingWindow {
    #[default]
    Normal,
    Hidden,
    Minimized,
    Maximized,
}

/// Whose rights a program has (PRG-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum RunWith {
    /// The system's.
    System {},
    /// Those of whoever is logged on.
    LoggedOnUser {},
    /// Those of an account.
    Account {
        /// `DOMAIN\NAME`.
        account: String,
        /// Write only: never answered. Absent: the one that is there stays, unless the account is another.
        #[serde(default, skip_serializing)]
        #[schemars(extend("writeOnly" = true))]
        password: Option<Password>,
        /// Read only: whether there is a password.
        #[serde(default)]
        #[schemars(extend("readOnly" = true))]
        password_set: bool,
        /// An opaque mark that whoever sets a password may put beside it, to see later whether it is still that one. The
        /// server keeps it with the password and makes nothing of it; it counts only where a password is sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(length(max = 200))]
        password_mark: Option<String>,
    },
}

impl Default for RunWith {
    fn default() -> Self {
        Self::System {}
    }
}

/// A password on its way in. Has no way out: neither `Serialize` nor `Debug` show it.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// A password that came by another way than a spec.
    pub(in crate::server::app) const fn of(text: String) -> Self {
        Self(text)
    }

    /// The password itself, to be digested.
    pub(in crate::server::app) const fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Whether someone must be logged on (PRG-9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CanRun {
    /// No matter.
    #[default]
    Always,
    /// Yes.
    UserLoggedOn,
    /// Nobody may be.
    NoUserLoggedOn,
}

/// For whom a program runs once (PRG-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum RunOnceFor {
    /// The computer.
    Computer {},
    /// Each user who logs on.
    EachLoggedOnUser {},
    /// These.
    Users {
        /// Users or groups.
        users: Vec<String>,
    },
}

impl Default for RunOnceFor {
    fn default() -> Self {
        Self::Computer {}
    }
}

/// What network a program waits for (PRG-12).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Network {
    /// Whether it waits.
    pub required: bool,
    /// The slowest that will do, in KB/s; 0 means any.
    #[serde(rename = "minimumSpeedKBps")]
    pub minimum_speed_kbps: u64,
}
