//! Where a server differs from the manifests: what is new, what is known and until when.

pub mod memory;

use std::collections::BTreeMap;

use jiff::civil;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::diff::FieldChange;
use crate::model::guid::Guid;
use crate::model::kind::ItemKey;
use crate::model::project::ApiVersion;
use crate::model::units::Date;
use crate::plan::Action;
use crate::plan::Finding;
use crate::plan::Held;
use crate::plan::Plan;
use crate::plan::Verb;
use crate::rules::Rule;
use crate::rules::drift::DRF_1;
use crate::rules::drift::DRF_2;
use crate::rules::plan::PLN_1;
use crate::rules::plan::PLN_4;
use crate::rules::plan::PLN_5;
use crate::rules::plan::PLN_6;
use crate::rules::plan::PLN_7;
use crate::rules::plan::PLN_11;

/// Drift that the owners of a project know of: a file beside the manifests, so that it is reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baseline {
    /// `consign/v1`.
    pub api_version: ApiVersion,
    /// `DriftBaseline`.
    pub kind: BaselineKind,
    /// What is known.
    #[serde(default)]
    pub known: Vec<Known>,
}

/// `DriftBaseline`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BaselineKind {
    /// The only one there is.
    #[default]
    DriftBaseline,
}

/// One drift that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Known {
    /// The item's address, such as `task/Install 7-Zip`.
    pub item: String,
    /// On which server; absent: on each.
    #[serde(default)]
    pub server: Option<String>,
    /// The fields that may differ; absent: anything, and that it is missing.
    #[serde(default)]
    pub fields: Option<Fields>,
    /// Why.
    pub reason: String,
    /// The last day it holds (DRF-1).
    pub expires: Date,
}

/// Fields that may differ, by path: `spec.run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Fields {
    /// Whatever the server has there.
    Any(Vec<String>),
    /// When the server has these values there, and no others.
    Of(BTreeMap<String, Value>),
}

/// How an item is not as the manifests say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Fields differ, and an apply would mend them.
    Changed,
    /// The server has no such item.
    Missing,
    /// Fields differ, and an apply would leave them.
    Differs,
}

/// One item that is not as the manifests say.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Its address.
    pub address: String,
    /// The item.
    pub key: &'a ItemKey,
    /// Its live GUID; `None` where it is missing, or not known.
    pub guid: Option<Guid>,
    /// How it is not.
    pub state: State,
    /// What differs; `before` is the server's, `after` the manifests'.
    pub fields: &'a [FieldChange],
    /// What holds it back, where an apply would leave it.
    pub held: Option<&'a Held>,
}

/// What is drift in a comparison with a server, in the order of the keys; what is held back last.
pub fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let changed = plan.resource_changes.iter().filter(|change| change.action() != Action::Delete).map(|change| Entry {
        address: change.address.clone(),
        key: &change.key,
        guid: change.guid,
        state: if change.action() == Action::Create { State::Missing } else { State::Changed },
        fields: &change.fields,
        held: None,
    });
    let held = plan.held.iter().filter(|held| held.would != Verb::Delete && held.rule != PLN_1.id).map(|held| Entry {
        address: held.key.to_string(),
        key: &held.key,
        guid: None,
        state: State::Differs,
        fields: &held.fields,
        held: Some(held),
    });
    changed.chain(held).collect()
}

/// Findings that say that an item is not as the manifests say, without a change that would mend it.
static OPEN: [&Rule; 5] = [&PLN_4, &PLN_5, &PLN_6, &PLN_7, &PLN_11];

/// Whether a server differs from the manifests, beyond what is known: something is changed, missing, or not as it should
/// be, or it cannot be told which item is meant. What no manifest declares is told apart and is no drift by itself.
pub fn is_drift(plan: &Plan, verdict: &Verdict) -> bool {
    entries(plan).iter().any(|entry| !verdict.known.contains_key(&entry.address))
        || open(plan, verdict).next().is_some()
}

/// The findings that say so without being known.
pub fn open<'a>(plan: &'a Plan, verdict: &'a Verdict) -> impl Iterator<Item = &'a Finding> {
    plan.findings.iter().filter(|finding| {
        let is_of_a_delete =
            || plan.held.iter().any(|held| held.would == Verb::Delete && held.key.to_string() == finding.subject);
        let is_open = OPEN.iter().any(|rule| rule.id == finding.rule);
        is_open && !is_of_a_delete() && !verdict.known.contains_key(&finding.subject)
    })
}

/// What a baseline says of one server's drift.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is known, by address.
    pub known: BTreeMap<String, Accepted>,
    /// What is wrong with the baseline.
    pub notes: Vec<Note>,
}

/// Why a drift is known, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// Why.
    pub reason: String,
    /// The last day it holds.
    pub expires: Date,
}

/// An entry of a baseline that accepts nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The rule.
    pub rule: &'static str,
    /// The item that the entry names.
    pub item: String,
    /// What is wrong with it.
    pub message: String,
}

/// Judges a server's drift by a baseline, on a day. An item is known when one entry that has not expired covers all of
/// it (DRF-1); entries that cover nothing are told (DRF-2), unless not all could be read.
pub fn judge(plan: &Plan, baseline: &Baseline, today: civil::Date) -> Verdict {
    let mut verdict = Verdict::default();
    let drift = entries(plan);
    let unmanaged: Vec<String> = plan.unmanaged.iter().map(|item| item.key.to_string()).collect();
    for known in &baseline.known {
        if known.server.as_ref().is_some_and(|server| *server != plan.server.name) {
            continue;
        }
        let note = |rule: &'static Rule, message| Note { rule: rule.id, item: known.item.clone(), message };
        match drift.iter().find(|entry| entry.address == known.item && covers(known, entry)) {
            Some(_) if known.expires.civil() < today => {
                let message = format!("its entry expired on {}, and it counts as new", known.expires);
                verdict.notes.push(note(&DRF_1, message));
            }
            Some(entry) => {
                let accepted = Accepted { reason: known.reason.clone(), expires: known.expires };
                verdict.known.insert(entry.address.clone(), accepted);
            }
            None if plan.complete && !unmanaged.contains(&known.item) => {
                verdict.notes.push(note(&DRF_2, "its entry fits no drift that is there".to_owned()));
            }
            None => {}
        }
    }
    verdict
}

fn covers(known: &Known, entry: &Entry<'_>) -> bool {
    let of_fields = |is_known: &dyn Fn(&FieldChange) -> bool| {
        entry.state != State::Missing && !entry.fields.is_empty() && entry.fields.iter().all(is_known)
    };
    match &known.fields {
        None => true,
        Some(Fields::Any(paths)) => of_fields(&|field| paths.contains(&field.path)),
        Some(Fields::Of(values)) => of_fields(&|field| values.get(&field.path) == Some(&field.before)),
    }
}
