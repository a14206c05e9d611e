//! What only a server can tell: the points that the documents leave open (altiris-asdk §9), asked one by one.
//!
//! A probe reads; what it has to write for, it does in a folder that it makes below one that it was given, and removes. What
//! it found is data ([`Findings`]), and what was sent and answered is a transcript without names, which can be replayed.

mod asks;
pub mod redact;
mod scratch;
pub mod transcript;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::model::altiris::Findings;
use crate::model::guid::Guid;
use crate::model::kind::Kind;

pub use asks::probe;
pub use scratch::try_out;

/// What a probe starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Start {
    /// One known item of each kind that is to be looked at.
    pub known: BTreeMap<Kind, Guid>,
    /// The folder of the adapter's reports.
    pub reports: Option<Guid>,
    /// What is made for trying things out, and where.
    pub scratch: Option<Scratch>,
}

/// A folder of the probe's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scratch {
    /// What it is called; begins with [`SCRATCH_NAME`].
    pub name: String,
    /// The folder that it is made in.
    pub parent: Guid,
}

/// How everything that a probe makes is called at its beginning.
pub const SCRATCH_NAME: &str = "consign probe";

/// What a probe found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probed {
    /// The points, in the order in which they were asked.
    pub points: Vec<Point>,
    /// What of it the adapter goes by.
    pub findings: Findings,
    /// Which of the findings were asked for: the others are as they were.
    #[serde(skip)]
    pub asked: Asked,
    /// What was made and could not be removed again: what it is, its name and its GUID.
    pub left_behind: Vec<String>,
}

/// One open point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// A short name that stays.
    pub id: &'static str,
    /// What was asked.
    pub question: &'static str,
    /// Where the documents leave it open.
    pub source: &'static str,
    /// What came of it.
    pub answer: Told,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Told {
    /// The server told, fact by fact.
    Found(Vec<String>),
    /// It could not be asked, and why.
    NotAsked(String),
    /// It was asked, and there was no answer to go by.
    Open(String),
}

/// Which findings a probe asked for and got an answer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// These kinds were exported, edited and imported.
    pub importable: BTreeSet<Kind>,
    /// A task was given a collection.
    pub collections_as_targets: bool,
    /// The columns of the database were listed.
    pub hidden: bool,
}

impl Probed {
    /// What is known now, over what was known before: what was not asked this time stays, and what a person wrote does.
    pub fn over(&self, before: Findings) -> Findings {
        let Findings { importable, collections_as_targets, approval_permission, hidden } = before;
        let (found, asked) = (&self.findings, &self.asked);
        let kept = importable.into_iter().filter(|kind| !asked.importable.contains(kind));
        Findings {
            importable: kept.chain(found.importable.iter().copied()).collect(),
            collections_as_targets: match asked.collections_as_targets || found.collections_as_targets {
                true => found.collections_as_targets,
                false => collections_as_targets,
            },
            approval_permission,
            hidden: if asked.hidden { found.hidden.clone() } else { hidden },
        }
    }

    fn note(&mut self, (id, question, source): (&'static str, &'static str, &'static str), answer: Told) {
        self.points.push(Point { id, question, source, answer });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_again_stays_as_it_was_known() {
        let before = Findings {
            importable: [Kind::Task, Kind::Package].into(),
            collections_as_targets: true,
            approval_permission: Some(Guid::of(7)),
            hidden: [crate::model::altiris::Hidden::Rights].into(),
        };
        assert_eq!(Probed::default().over(before.clone()), before);
        let asked = Asked { importable: [Kind::Task].into(), collections_as_targets: true, hidden: true };
        let after = Probed { asked, ..Probed::default() }.over(before);
        assert_eq!(after.importable, [Kind::Package].into());
        assert!(!after.collections_as_targets && after.hidden.is_empty());
        assert_eq!(after.approval_permission, Some(Guid::of(7)), "a person wrote it");
    }
}
