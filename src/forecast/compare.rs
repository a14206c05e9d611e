//! Calibration: what was predicted against what the computers reported.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::forecast::FORMAT_VERSION;
use crate::forecast::compile::Compiled;
use crate::forecast::run::Outcome;
use crate::forecast::run::Outcomes;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::History;
use crate::model::guid::Guid;
use crate::model::kind::ItemKey;

/// How many computers are named, a difference.
const SAMPLE: usize = 5;

/// What was predicted against what was observed, computer by computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// When the prediction begins.
    pub from: Timestamp,
    /// When it ends: when the computers were read.
    pub to: Timestamp,
    /// By key; only what has a history, or should have one.
    pub tasks: Vec<Compared>,
    /// Tasks left out because they did not report since `from`: what they did, they did before.
    pub older: u64,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The item.
    pub key: ItemKey,
    /// Who was to end it with success.
    pub predicted_succeeded: u64,
    /// Who did.
    pub observed_succeeded: u64,
    /// Who was to end it without.
    pub predicted_failed: u64,
    /// Who did.
    pub observed_failed: u64,
    /// Who did exactly as predicted, of those of whom either says something.
    pub agree: u64,
    /// Who did something else.
    pub disagree: u64,
    /// Some of these, by name.
    pub sample: Vec<String>,
}

impl Comparison {
    /// Whether every computer did as predicted.
    pub fn is_exact(&self) -> bool {
        self.tasks.iter().all(|task| task.disagree == 0)
    }
}

/// The fleet as it was at `since`, as far as the history tells: a task that reported later is taken to have run nowhere
/// before it. The server keeps the last result of each computer, not when it was before.
pub fn as_of(fleet: &Fleet, since: Timestamp) -> Fleet {
    let mut before = fleet.clone();
    before.history.retain(|_, history| history.newest.is_some_and(|newest| newest < since));
    before
}

/// Compares.
pub fn compare(
    compiled: &Compiled,
    outcomes: &Outcomes,
    fleet: &Fleet,
    about: &Computers,
    (from, to): (Timestamp, Timestamp),
) -> Comparison {
    let (mut tasks, mut older) = (Vec::new(), 0);
    let (no_outcome, no_history) = (Outcome::default(), History::default());
    let keys: BTreeMap<Guid, &ItemKey> = compiled.jobs.iter().map(|job| (job.what.id, &job.key)).collect();
    for (id, key) in keys {
        let history = fleet.history.get(&id);
        if history.and_then(|history| history.newest).is_some_and(|newest| newest < from) {
            older += 1;
            continue;
        }
        let history = history.unwrap_or(&no_history);
        let outcome = outcomes.jobs.get(&id).unwrap_or(&no_outcome);
        let (succeeded, failed) = (&history.succeeded & about, &history.failed & about);
        let said = &(&outcome.succeeded | &outcome.failed) | &(&succeeded | &failed);
        if said.is_empty() {
            continue;
        }
        let wrong = &(&outcome.succeeded ^ &succeeded) | &(&outcome.failed ^ &failed);
        let name = |number: u32| fleet.computers.get(number as usize).map(|computer| computer.name.clone());
        tasks.push(Compared {
            key: key.clone(),
            predicted_succeeded: outcome.succeeded.len(),
            observed_succeeded: succeeded.len(),
            predicted_failed: outcome.failed.len(),
            observed_failed: failed.len(),
            agree: said.len() - wrong.len(),
            disagree: wrong.len(),
            sample: wrong.iter().take(SAMPLE).filter_map(name).collect(),
        });
    }
    tasks.sort_by(|a, b| a.key.cmp(&b.key));
    Comparison { format_version: FORMAT_VERSION.to_owned(), from, to, tasks, older }
}
