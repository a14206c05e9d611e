//! The journal: what an apply meant to send, on disk before it is sent, and what came of it.
//!
//! It is evidence. Nothing needs it to converge: a run after a crash reads the server and plans again. It says for
//! sure what the last run may have done, and lets the same plan file go on where it stopped.

use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// What is applied, and to what.
    Begin {
        /// The version of the form.
        journal: u32,
        /// The plan's hash.
        plan: String,
        /// The server's instance.
        instance: Guid,
        /// When, by the clock of the machine.
        time: jiff::Timestamp,
    },
    /// The run, by the name that its request for the lease carries: a run that died can be asked for its lease.
    Lease {
        /// Its name.
        run: String,
        /// Who asked: the server takes a request again only when it is the same in every byte.
        holder: String,
    },
    /// These steps are about to be sent, as one request under one key.
    Intent {
        /// Their numbers.
        steps: Vec<u32>,
        /// The idempotency key.
        key: String,
    },
    /// The server made them.
    Done {
        /// Their numbers.
        steps: Vec<u32>,
        /// What became of each: GUID and revision.
        made: Vec<Made>,
    },
    /// The server did not make them, or nobody knows.
    Failed {
        /// Their numbers.
        steps: Vec<u32>,
        /// Whether they had an effect is not known.
        unknown: bool,
        /// Why.
        because: String,
    },
    /// The run is over.
    End {
        /// Whether every step was made.
        whole: bool,
    },
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Its GUID.
    pub guid: Guid,
    /// Its revision; empty after a delete.
    pub revision: String,
}

/// Why a journal could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot write journal `{path}`: {because}")]
pub struct JournalError {
    /// Its path.
    pub path: String,
    /// What the system said.
    pub because: String,
}

/// A journal being kept.
pub trait Journal: Send {
    /// Adds entries. They are on disk, for good, when this returns.
    ///
    /// # Errors
    /// When they are not.
    fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError>;
}

/// What an earlier run of the same plan left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Steps that were made, and what became of each item.
    pub done: std::collections::BTreeMap<u32, Made>,
    /// Steps that were sent and of which nothing is known.
    pub unknown: std::collections::BTreeSet<u32>,
    /// Whether it ended with every step made.
    pub whole: bool,
    /// The steps that were sent together, and their key: they are sent so again.
    pub together: Vec<(Vec<u32>, String)>,
}

/// The number of the first line (1 the first) whose form is not known, where reading a journal ends: a later version
/// wrote it, or it was changed. A torn last line is none.
pub fn unknown_line(text: &str) -> Option<usize> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().position(|line| serde_json::from_str::<Entry>(line).is_err()).map(|at| at + 1)
}

/// Reads the journals of earlier runs of a plan, oldest first. A torn last line is passed over: what it was to say was
/// never acted on.
pub fn earlier(plan: &str, journals: &[String]) -> Earlier {
    let mut out = Earlier::default();
    for text in journals {
        let entries: Vec<Entry> = text.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
        if !entries.iter().any(|entry| matches!(entry, Entry::Begin { plan: of, .. } if of == plan)) {
            continue;
        }
        for entry in entries {
            match entry {
                Entry::Begin { .. } | Entry::Lease { .. } => {}
                Entry::Intent { steps, key } => {
                    out.unknown.extend(steps.iter().filter(|step| !out.done.contains_key(step)));
                    out.together.push((steps, key));
                }
                Entry::Done { steps, made } => {
                    for (step, made) in steps.into_iter().zip(made) {
                        out.unknown.remove(&step);
                        out.done.insert(step, made);
                    }
                }
                Entry::Failed { steps, unknown, .. } => {
                    if !unknown {
                        for step in steps {
                            out.unknown.remove(&step);
                        }
                    }
                }
                Entry::End { whole } => out.whole |= whole,
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_unknown_form_is_named_and_a_torn_last_one_is_not() {
        let end = "{\"type\":\"end\",\"whole\":true}\n";
        assert_eq!(unknown_line(end), None);
        assert_eq!(unknown_line(&format!("{end}{{\"type\":\"en")), None);
        assert_eq!(unknown_line(&format!("{end}{{\"type\":\"later\"}}\n{end}")), Some(2));
        assert_eq!(unknown_line(""), None);
    }
}
