//! What all computers together do over a span of time: who gets what ([`compile`]), which of them cannot be told apart
//! ([`classes`]), one life a kind, multiplied ([`run`]).
//!
//! Knows no server and no real time. Same in, same out: what runs beside each other (rayon) is put together by sums,
//! whose order does not matter, or in the order of the kinds.

pub mod classes;
pub mod compare;
pub mod compile;
pub mod difference;

pub mod explain;
mod never;
pub mod partition;
pub mod run;
#[cfg(test)]
mod tests;
mod totals;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Serialize;

use crate::agent::happening::Happening;
use crate::agent::memory::Memory;
use crate::agent::policy::Policy;
use crate::agent::scenario::Scenario;
use crate::agent::scenario::Users;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::kind::ItemKey;

/// The version of the forecast's format. A minor step adds properties that readers ignore; a major one breaks.
pub const FORMAT_VERSION: &str = "1.0";

/// What one computer lives through: what it was told, where it is, what it remembers, what is taken for granted.
#[derive(Clone, Copy, Debug)]
pub struct Life<'a> {
    /// What it was told.
    pub policy: &'a Arc<Policy>,
    /// Its zone.
    pub zone: &'a TimeZone,
    /// What it remembers at `from`.
    pub memory: &'a Memory,
    /// What nobody can know beforehand.
    pub scenario: &'a Arc<Scenario>,
    /// The first instant.
    pub from: Timestamp,
    /// The end; nothing at it or after it counts.
    pub to: Timestamp,
}

/// Lives a life: the agent engine, or a stand-in for it. What it tells is in the order of time.
pub type Engine<'e> = &'e (dyn Fn(&Life<'_>) -> Vec<Happening> + Sync);

/// The agent engine: what [`Engine`] is outside of tests.
pub fn agent(life: &Life<'_>) -> Vec<Happening> {
    let mut memory = life.memory.clone();
    crate::agent::live::live(life.policy, life.zone.clone(), &mut memory, life.scenario, life.from, life.to)
}

/// A forecast. Numbers are computers unless something else is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// When it begins: the server's clock when the computers were read.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// The server's zone, an IANA name; hours of day are told on this clock unless said otherwise.
    pub server_zone: String,
    /// What was taken for granted.
    pub scenario: Scenario,
    /// Whom it is about.
    pub computers: Population,
    /// By task, sequential task and delivery policy that reaches somebody, by key.
    pub tasks: Vec<TaskForecast>,
    /// Restarts by hour; only hours with any.
    pub restarts: Vec<Hour>,
    /// Restarts by the hour of day on the restarting computer's own clock, 24 numbers.
    pub restarts_by_local_hour: Vec<u64>,
    /// Users who are logged off, times.
    pub log_offs: u64,
    /// Patch licences; `None` where nothing is known of them.
    pub licences: Option<LicenceForecast>,
    /// Downloads.
    pub downloads: Downloads,
    /// What could not be assessed, and why. Numbers here say nothing of it.
    pub unassessed: Vec<Unassessed>,
    /// What is in the numbers, and rests on more than is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<Unassessed>,
    /// What is not known of the computers, and why. Who ran what: nobody is then taken to have run anything, so numbers
    /// are the most that they can be.
    pub gaps: BTreeMap<Part, String>,
}

/// Whom a forecast is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    /// All that are known.
    pub known: u64,
    /// Those that live in the forecast.
    pub simulated: u64,
    /// Those that are retired: they do nothing (LIC-4).
    pub retired: u64,
    /// Those that were not seen for `not_seen_days`: nobody knows whether they are still there, and they are left out.
    pub not_seen: u64,
    /// Of these, those that were never seen.
    pub never_seen: u64,
    /// How many days without a sign make a computer one of these.
    pub not_seen_days: u32,
    /// How many kinds of computers were told apart.
    pub kinds: u64,
    /// Zones that the database does not know, with their computers: they are read as UTC.
    pub unknown_zones: BTreeMap<String, u64>,
}

/// What becomes of one task, sequential task or delivery policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskForecast {
    /// Its GUID; of one that is yet to be made, a stand-in.
    pub id: Guid,
    /// Its key.
    pub key: ItemKey,
    /// Whom it reaches, of those who live in the forecast.
    pub reached: u64,
    /// Who starts it at least once.
    pub started: u64,
    /// How often it starts, on all of them.
    pub runs: u64,
    /// How often it ends with success.
    pub succeeded: u64,
    /// How often it ends without.
    pub failed: u64,
    /// How often a program of it is killed at its limit (PRG-3, MW-5).
    pub killed: u64,
    /// Who has run it before and does not start it again (TSK-4; a delivery policy that complies).
    pub done_before: u64,
    /// By hour; only hours in which something happens.
    pub timeline: Vec<Bucket>,
    /// The first starts, by what users do: the earliest and the latest.
    pub users: Vec<ByUsers>,
    /// Who never starts it in this time, and why.
    pub never: Vec<Never>,
}

/// What becomes of a task when users do this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByUsers {
    /// What they do.
    pub users: Users,
    /// Who starts it.
    pub started: u64,
    /// When the first of them starts it first.
    pub first: Option<Timestamp>,
    /// When the last of them starts it first.
    pub last: Option<Timestamp>,
}

/// An hour of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// When the hour begins.
    pub at: Timestamp,
    /// Starts in it.
    pub started: u64,
    /// Ends with success in it.
    pub succeeded: u64,
    /// Ends without success in it.
    pub failed: u64,
}

/// An hour and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// When the hour begins.
    pub at: Timestamp,
    /// How many.
    pub count: u64,
}

/// Why a task never starts on a computer in this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No window will ever take it (MW-4).
    NeverFits,
    /// It is never available when it is due (TSK-11).
    Availability,
    /// Its programs want somebody, or nobody, to be logged on (PRG-9).
    Presence,
    /// Its programs want a network, and it is away or slower (PRG-12).
    Network,
    /// No window of these days takes it (MW-3).
    Window,
    /// A restart is pending and blocks it (RST-2).
    PendingRestart,
    /// Others go before it, and the time is not enough (TSK-2, MW-6).
    Queue,
    /// Its times lie outside these days.
    NotDue,
    /// A user starts it, or nobody does.
    Manual,
}

impl Why {
    /// The rule it follows from; `None` where it follows from the times asked for alone.
    pub const fn rule(self) -> Option<&'static str> {
        match self {
            Self::NeverFits => Some("MW-4"),
            Self::Availability => Some("TSK-11"),
            Self::Presence => Some("PRG-9"),
            Self::Network => Some("PRG-12"),
            Self::Window => Some("MW-3"),
            Self::PendingRestart => Some("RST-2"),
            Self::Queue => Some("TSK-2"),
            Self::NotDue | Self::Manual => None,
        }
    }

    /// The reason in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NeverFits => "fits in no maintenance window at all",
            Self::Availability => "is not available at any time it is due",
            Self::Presence => "wants somebody, or nobody, to be logged on, and it is the other way round",
            Self::Network => "wants a network, and it is away or slower",
            Self::Window => "waits for a maintenance window that takes it; none does in this time",
            Self::PendingRestart => "waits for a restart that is pending",
            Self::Queue => "waits behind others for the whole time",
            Self::NotDue => "is not due in this time",
            Self::Manual => "starts only when a user starts it",
        }
    }
}

/// Who never starts a task, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Never {
    /// Why.
    pub why: Why,
    /// The rule it follows from, if one.
    pub rule: Option<String>,
    /// How many.
    pub computers: u64,
    /// Some of them, by name.
    pub sample: Vec<String>,
}

/// What becomes of the pool of patch licences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceForecast {
    /// How many there are in all.
    pub pool: u64,
    /// How many are held at the beginning, by whomever.
    pub held: u64,
    /// By day on the server's clock; only days with any.
    pub days: Vec<LicenceDay>,
    /// How many are taken in all (LIC-1).
    pub taken: u64,
    /// Who returns a first assessment and gets none: the pool is empty (LIC-2).
    pub refused: u64,
    /// Who would return one and does not scan any more: the licence has expired (LIC-3).
    pub expired: u64,
}

/// A day of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceDay {
    /// When the day begins.
    pub at: Timestamp,
    /// Taken in it (LIC-1).
    pub taken: u64,
    /// Refused in it (LIC-2).
    pub refused: u64,
    /// Left in the pool at its end.
    pub left: u64,
}

/// Downloads of packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloads {
    /// How many begin.
    pub count: u64,
    /// Their bytes, as far as they are known.
    pub bytes: u64,
    /// How many are of packages whose size nobody knows.
    pub unsized_count: u64,
    /// The most at one moment.
    pub peak: u64,
    /// The first moment of so many.
    pub peak_at: Option<Timestamp>,
    /// The bytes, as far as they are known, of those that are under way at once, at their most.
    pub peak_bytes: u64,
}

/// An item that the forecast leaves out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unassessed {
    /// The item.
    pub key: ItemKey,
    /// Why.
    pub why: String,
}
