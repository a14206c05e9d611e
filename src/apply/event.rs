//! What an apply tells while it runs.

use serde::Serialize;

use crate::plan::step::StepAction;

/// One thing that happened. Takes nothing back, and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The steps begin.
    ApplyStart {
        /// How many there are.
        steps: usize,
    },
    /// A step was made.
    ApplyProgress {
        /// Its number.
        step: u32,
        /// What it does.
        action: StepAction,
        /// The item.
        item: String,
    },
    /// A request is sent again.
    Retry {
        /// The first step in it.
        step: u32,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// Why.
        because: String,
    },
    /// A step failed.
    ApplyErrored {
        /// Its number.
        step: u32,
        /// The item.
        item: String,
        /// Why.
        because: String,
    },
    /// Waiting for somebody else's apply.
    Waiting {
        /// Whose.
        holder: String,
    },
    /// The steps are over.
    ApplyComplete {
        /// How many were made.
        applied: usize,
        /// How many failed.
        failed: usize,
        /// How many were not begun.
        not_attempted: usize,
    },
}

/// Where events go.
pub trait Listen: Send + Sync {
    /// Takes one.
    fn hear(&self, event: &Event);
}

/// Nobody listens.
pub struct Silent;

impl Listen for Silent {
    fn hear(&self, _event: &Event) {}
}
