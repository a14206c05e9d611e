//! Runs a plan's steps through an adapter, in order. It decides nothing, prints nothing and never plans again.
//!
//! Guarantees: nothing is sent before the lease is ours, every precondition holds and the journal has the intent on
//! disk; a write carries the same idempotency key in every attempt and every run of the same plan; after the first
//! step that fails no other is begun; what the report calls applied was read back.

pub mod event;
pub mod journal;
mod lease;
mod run;
mod send;
mod verify;

pub use lease::LEASE_TTL;
pub use run::Applier;
pub use run::Options;

use serde::Serialize;

use crate::diff::FieldChange;
use crate::model::kind::ItemKey;
use crate::plan::step::StepAction;

/// What an apply did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub format_version: &'static str,
    /// The plan.
    pub plan: String,
    /// Steps that the server made and that were read back, in order.
    pub applied: Vec<StepReport>,
    /// The steps that failed, and what is known of their effect.
    pub failed: Vec<Failed>,
    /// Steps that were not begun.
    pub not_attempted: Vec<StepReport>,
    /// Fields that the server took and did not store.
    pub not_stored: Vec<NotStored>,
    /// How many requests to write were sent, with repeats.
    pub writes_sent: u64,
    /// Why it ended before its end, if it did.
    pub stopped: Option<Stop>,
    /// Whether steps were made that could not be read back: what the server stored was not compared.
    pub unverified: bool,
    /// What else a reader should know, such as a lease that could not be given back.
    pub notes: Vec<String>,
}

/// One step, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// Its number.
    pub step: u32,
    /// What it does.
    pub action: StepAction,
    /// The item.
    pub item: String,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// Which one.
    #[serde(flatten)]
    pub step: StepReport,
    /// Whether it had an effect all the same.
    pub outcome: Outcome,
    /// Why, in words.
    pub because: String,
    /// Of what was made in part: what is not as it was to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

/// Whether a step had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It had.
    Applied,
    /// It had not.
    NotApplied,
    /// It had a part of it: the item is neither as it was nor as it was to be.
    Partly,
    /// Nobody knows: the server could not be asked again, or may be at it still.
    Unknown,
}

impl Failed {
    /// The outcome in half a sentence, whose subject is the step.
    pub fn outcome_in_words(&self) -> String {
        match self.outcome {
            Outcome::Applied => "was made all the same (it was read back)".to_owned(),
            Outcome::NotApplied => "was not made".to_owned(),
            Outcome::Partly => format!("was made in part: {}", self.left.join("; ")),
            Outcome::Unknown => "may have been made: the server could not be asked, or is at it still".to_owned(),
        }
    }
}

/// Fields that a server took and did not store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotStored {
    /// The item.
    pub item: ItemKey,
    /// `before` is what the server has, `after` what was sent.
    pub fields: Vec<FieldChange>,
}

/// Why an apply ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "stop")]
pub enum Stop {
    /// It was asked to.
    Interrupted,
    /// A step failed.
    StepFailed,
    /// The lease was lost.
    LeaseLost,
}

impl Report {
    /// Whether every step was made, and was found so when it was read back.
    pub fn is_whole(&self) -> bool {
        self.is_made() && !self.unverified
    }

    /// Whether every step was made, as far as was seen.
    pub fn is_made(&self) -> bool {
        self.failed.is_empty() && self.not_attempted.is_empty() && self.not_stored.is_empty() && self.stopped.is_none()
    }
}

/// Why an apply did not begin. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The plan is for another server.
    #[error("the plan is for server {planned}, and this is {found}")]
    OtherServer {
        /// The instance in the plan.
        planned: String,
        /// The instance that answered.
        found: String,
    },
    /// It is too old.
    #[error("the plan expired at {0}")]
    Expired(jiff::Timestamp),
    /// Something blocks it.
    #[error("the plan is blocked")]
    Blocked,
    /// Not all could be read when it was made.
    #[error("the plan was made without reading all it needs")]
    Incomplete,
    /// What it was made against has moved.
    #[error("the server changed since the plan was made: {}", .0.join("; "))]
    Stale(Vec<String>),
    /// Now not all can be read.
    #[error("not all that the plan needs can be read: {0}")]
    Unreadable(String),
    /// Another apply is under way.
    #[error("another apply is under way: {holder} since {since}; it ends by itself at {expires} unless it is renewed")]
    Locked {
        /// Who.
        holder: String,
        /// Since when.
        since: String,
        /// Until when.
        expires: String,
    },
    /// The server cannot be used.
    #[error(transparent)]
    Server(#[from] crate::adapter::AdapterError),
    /// Somebody ended it before the first write.
    #[error("it was interrupted before anything was written")]
    Interrupted,
    /// The journal cannot be kept, so nothing was sent.
    #[error("the journal cannot be written, so nothing was sent")]
    Journal(#[source] journal::JournalError),
}
