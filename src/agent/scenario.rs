//! What nobody can know beforehand, stated: what users do, how long programs run and what they return.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::model::units::Duration;

/// What is taken for granted in a forecast. Durations are whole minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scenario {
    /// What users do.
    pub users: Users,
    /// By `PACKAGE/PROGRAM`: what a run of it does; the rest as [`Outcome::default`].
    pub programs: BTreeMap<String, Outcome>,
    /// By package: how long its download takes; the rest as `download`.
    pub downloads: BTreeMap<String, Duration>,
    /// How long a download takes that is not named.
    pub download: Duration,
    /// How long a restart takes.
    pub restart: Duration,
    /// How fast the computers' network is when a program asks for one, in KB/s; 0: it is away. Absent: fast enough for all
    /// (PRG-12). How long downloads take is said apart.
    #[serde(rename = "networkKBps")]
    pub network_kbps: Option<u32>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            users: Users::AcceptAtOnce,
            programs: BTreeMap::new(),
            downloads: BTreeMap::new(),
            download: Duration::minutes(5),
            restart: Duration::minutes(5),
            network_kbps: None,
        }
    }
}

/// What users do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Users {
    /// Logged on, and accept every prompt at once: the earliest.
    #[default]
    AcceptAtOnce,
    /// Logged on, and put everything off as long as they are let: the latest.
    DeferToTheEnd,
    /// Nobody is logged on.
    Absent,
}

/// What a run of a program does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Outcome {
    /// How long it runs if it is not killed; at least a minute.
    pub run_time: Duration,
    /// What it returns; `None`: the first of its success codes, or 0 where it has none.
    pub code: Option<i64>,
    /// Whether it shuts the computer down itself (PDF-2).
    pub exits_system: bool,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { run_time: Duration::minutes(10), code: None, exits_system: false }
    }
}

impl Scenario {
    /// Whether somebody is logged on.
    pub const fn is_logged_on(&self) -> bool {
        !matches!(self.users, Users::Absent)
    }

    /// What a run of a program does.
    pub fn outcome(&self, package: &str, program: &str) -> Outcome {
        self.programs.get(&format!("{package}/{program}")).cloned().unwrap_or_default()
    }

    /// How long a download takes.
    pub fn download(&self, package: &str) -> Duration {
        self.downloads.get(package).copied().unwrap_or(self.download)
    }
}
