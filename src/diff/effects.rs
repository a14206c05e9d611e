//! What a difference in a field leads to: one [`Entry`] a manifest field, told by the plan beside the difference and by
//! `consign explain KIND.FIELD`.
//!
//! The tables (`tables.rs`) are structs with the fields of the model types, so that a field without an effect does not
//! compile; a test finds an effect for every property of every schema. An effect says what kind of thing happens and
//! by which rule. How many computers it happens to is not told here.

mod tables;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

pub(super) use tables::*;

use crate::model::kind::Kind;

/// What kind of thing a difference in a field leads to. A closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing and nobody acts on it.
    Inert,
    /// People see it; nothing acts on it.
    Display,
    /// The server or its package servers act on it; no computer does.
    ServerOnly,
    /// Who may ask for something on the software portal.
    Rights,
    /// Computers follow it from their next policy request on; nothing runs or stops for it.
    PolicyRefresh,
    /// Runs that are to come are different ones; nobody runs anything again for it.
    FutureRuns,
    /// When, or whether by now, something may start.
    Reschedule,
    /// Who is reached is worked out again, with all that starts and ends for those who enter and leave.
    ReEvaluate,
    /// Files are downloaded again.
    ReDownload,
    /// Computers that already ran it run it again.
    ReExecute,
    /// What waits on computers is taken off them.
    CancelsPending,
    /// It becomes another item, which nobody has run yet.
    Identity,
}

impl Effect {
    /// Every effect, the mildest first.
    pub const ALL: [Self; 12] = [
        Self::Inert,
        Self::Display,
        Self::ServerOnly,
        Self::Rights,
        Self::PolicyRefresh,
        Self::FutureRuns,
        Self::Reschedule,
        Self::ReEvaluate,
        Self::ReDownload,
        Self::ReExecute,
        Self::CancelsPending,
        Self::Identity,
    ];

    /// The effect as a plan's JSON writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inert => "inert",
            Self::Display => "display",
            Self::ServerOnly => "server_only",
            Self::Rights => "rights",
            Self::PolicyRefresh => "policy_refresh",
            Self::FutureRuns => "future_runs",
            Self::Reschedule => "reschedule",
            Self::ReEvaluate => "re_evaluate",
            Self::ReDownload => "re_download",
            Self::ReExecute => "re_execute",
            Self::CancelsPending => "cancels_pending",
            Self::Identity => "identity",
        }
    }

    /// What it means, in a line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Inert => "nothing and nobody acts on it",
            Self::Display => "people see it; nothing acts on it",
            Self::ServerOnly => "the server or its package servers act on it; no computer does",
            Self::Rights => "who may ask for something on the software portal changes",
            Self::PolicyRefresh => {
                "computers follow it from their next policy request on; nothing runs or stops for it"
            }
            Self::FutureRuns => "runs that are to come are different ones; nobody runs anything again for it",
            Self::Reschedule => "when something may start changes",
            Self::ReEvaluate => "who is reached is worked out again, with all that this starts and ends",
            Self::ReDownload => "files are downloaded again",
            Self::ReExecute => "computers that already ran it run it again",
            Self::CancelsPending => "what waits on computers is taken off them",
            Self::Identity => "it becomes another item, which nobody has run yet",
        }
    }
}

/// One effect of a field, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The class.
    pub effect: Effect,
    /// What happens, in a few words, lower case, no full stop.
    pub note: &'static str,
    /// The rules it follows from; empty where only the source says it.
    pub rules: &'static [&'static str],
    /// The document and section it comes from.
    pub source: &'static str,
}

impl Case {
    /// The note with its rules, as it stands beside a difference: `reaches nobody who ran it once (TSK-4)`.
    pub fn remark(&self) -> String {
        if self.rules.is_empty() { self.note.to_owned() } else { format!("{} ({})", self.note, self.rules.join(", ")) }
    }
}

/// Which of a field's effects a difference has, by what stands before and after it; a place in [`Effects::cases`].
type Choose = fn(&Value, &Value) -> usize;

/// The effects of a field.
#[derive(Clone, Copy, Debug)]
pub struct Effects {
    /// At least one; the first leads. Each class is there once.
    pub cases: &'static [Case],
    /// Tells which one a difference has. Absent: always the first.
    choose: Option<Choose>,
}

/// A field and its effects.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The field as a manifest writes it, without what it stands in.
    pub name: &'static str,
    /// What a difference in it leads to.
    pub effects: Effects,
}

impl Entry {
    /// The case of a difference between these two values.
    pub fn case(&self, before: &Value, after: &Value) -> &'static Case {
        let cases = self.effects.cases;
        self.effects.choose.and_then(|choose| cases.get(choose(before, after))).unwrap_or(&cases[0])
    }
}

/// The fields of a kind with their effects: first `metadata`, then `spec`, by path and in the order of the manifest.
/// Fields of nested types are there only where their effects are others than those of the field they stand in.
pub fn fields(kind: Kind) -> Vec<(String, &'static Entry)> {
    let metadata = tables::metadata(kind).entries();
    let mut found: Vec<(String, &'static Entry)> =
        metadata.into_iter().map(|entry| (format!("metadata.{}", entry.name), entry)).collect();
    for entry in tables::spec(kind) {
        let path = format!("spec.{}", entry.name);
        let nested = tables::nested(kind).iter().filter(|(within, _)| *within == entry.name);
        let nested: Vec<_> = nested.map(|(_, inner)| (format!("{path}.{}", inner.name), inner)).collect();
        found.push((path, entry));
        found.extend(nested);
    }
    found
}

/// The effects of a field by its path (`spec.run.schedule`): its own, or those of the nearest field it stands in.
/// `None` for a path that no manifest of this kind has at its first two steps.
pub fn of(kind: Kind, path: &str) -> Option<&'static Entry> {
    // A program inside its package's manifest is an item of its own (PRG-13).
    if let Some(rest) = path.strip_prefix("spec.programs.").filter(|_| kind == Kind::Package) {
        return of(Kind::Program, &format!("spec.{rest}"));
    }
    let covers = |field: &str| path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let found = fields(kind).into_iter().filter(|(field, _)| covers(field));
    found.max_by_key(|(field, _)| field.len()).map(|(_, entry)| entry)
}

/// Why a field has an effect, for a difference that a plan tells.
pub fn case(kind: Kind, path: &str, effect: Effect) -> Option<&'static Case> {
    of(kind, path)?.effects.cases.iter().find(|case| case.effect == effect)
}

#[cfg(test)]
mod tests;
