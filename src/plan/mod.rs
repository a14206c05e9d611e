//! A plan: the whole way from what a server holds to what the manifests say, decided before anything is done.
//!
//! Made from values alone, saved, compared, rendered, checked, refused. Nothing is left to decide while it is applied.

pub mod again;
mod approval;
pub mod approved;
pub mod bounds;
pub mod capability;
pub mod checker;
pub mod consequences;
pub mod drift;
pub mod estate;
pub mod file;
mod guard;
mod hold;
pub mod make;
mod order;
pub mod origin;
pub mod portal;
mod preconditions;
pub mod revisions;
pub mod rights;
mod select;
pub mod step;
#[cfg(test)]
mod tests;

pub use select::is_match;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::diff::FieldChange;
use crate::diff::PolicyChange;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::ServerIdentity;
use crate::model::project::Severity;
use crate::plan::origin::Origin;
use crate::plan::step::Step;

/// The version of the plan's format. A minor step adds properties that readers ignore; a major one breaks, and older
/// readers refuse it.
pub const FORMAT_VERSION: &str = "1.0";

/// A plan. Immutable once made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// The program that made it.
    pub consign_version: String,
    /// When it was made.
    pub timestamp: Timestamp,
    /// After this it is refused.
    pub expires: Timestamp,
    /// The server it is for, and for no other.
    pub server: PlannedServer,
    /// Whether `apply` would take it: nothing blocks it, all was read, and there is something to do.
    pub applyable: bool,
    /// Whether all was read that it needed.
    pub complete: bool,
    /// Whether making it failed; a plan that was made has `false`.
    pub errored: bool,
    /// What it was made against.
    pub prior_state: PriorState,
    /// The revision of the manifests, where they are in a Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What a proposal changes in the policy; it was judged by the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_changes: Vec<PolicyChange>,
    /// What would change, in the order of the items' keys.
    pub resource_changes: Vec<Change>,
    /// What would be done but is held back, and why.
    pub held: Vec<Held>,
    /// Live items in the owned folders that no manifest declares and that stay.
    pub unmanaged: Vec<Unmanaged>,
    /// What the computers would do.
    pub consequences: Vec<Consequence>,
    /// How many computers do what.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// What stops or qualifies it, by rule.
    pub findings: Vec<Finding>,
    /// What must still hold when it is applied.
    pub preconditions: Vec<Precondition>,
    /// How large each consequence may have become when it is applied.
    pub bounds: Vec<Bound>,
    /// How much was read.
    pub coverage: CoverageReport,
    /// What the names in the changes stand for on the server, as far as it was there.
    pub directory: Vec<Named>,
    /// The items that were asked for, when not all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// The changes as steps, in the order they are done.
    pub steps: Vec<Step>,
    /// How many of what.
    pub summary: Summary,
    /// Names this plan: a digest over everything else in it.
    pub hash: String,
}

/// The server a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedServer {
    /// Its name in `consign.yaml`.
    pub name: String,
    /// Its address there.
    pub url: String,
    /// What it said it is.
    pub identity: ServerIdentity,
}

/// What a plan was made against: marks and digests, no content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorState {
    /// The server's mark of its state, where it has one.
    pub state: Option<String>,
    /// How many items were read.
    pub items: usize,
}

/// One item's way from what the server has to what the manifests say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The item in one line, such as `task/Install 7-Zip`.
    pub address: String,
    /// The item, as the manifests call it.
    pub key: ItemKey,
    /// What happens to it, so that a search for `delete` finds every loss: a replace is `["delete","create"]`.
    pub actions: Vec<Verb>,
    /// Why; a closed set of words.
    pub action_reason: Reason,
    /// The fields for whose sake it is replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replace_paths: Vec<String>,
    /// Its live GUID; `None` for what is yet to be made.
    pub guid: Option<Guid>,
    /// What differs, field by field; empty for creates and deletes.
    pub fields: Vec<FieldChange>,
    /// The item as the server has it, by the manifests' names.
    pub before: Option<Item>,
    /// The item as it is to be, whole.
    pub after: Option<Item>,
    /// What only the server will know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_unknown: Vec<String>,
    /// Fields of `after` whose value is kept out of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_sensitive: Vec<String>,
}

/// A part of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It is made.
    Create,
    /// It is changed and keeps its GUID.
    Update,
    /// It is deleted, or its GUID is.
    Delete,
}

/// What happens to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed and keeps its GUID.
    Update,
    /// It gets a new GUID, and everyone runs it again (SEQ-1).
    Replace,
    /// It is deleted.
    Delete,
}

impl Action {
    /// The action as a plan writes it.
    pub fn verbs(self) -> Vec<Verb> {
        match self {
            Self::Create => vec![Verb::Create],
            Self::Update => vec![Verb::Update],
            Self::Replace => vec![Verb::Delete, Verb::Create],
            Self::Delete => vec![Verb::Delete],
        }
    }
}

impl Change {
    /// What happens to the item.
    pub fn action(&self) -> Action {
        match self.actions[..] {
            [Verb::Create] => Action::Create,
            [Verb::Update] => Action::Update,
            [Verb::Delete] => Action::Delete,
            _ => Action::Replace,
        }
    }
}

/// Why something happens; for people and for searching, nothing is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The server has no such item.
    CreateBecauseNotFound,
    /// Fields differ.
    UpdateBecauseFieldsDiffer,
    /// Its name differs (an alias or a pin says it is the same item).
    UpdateBecauseRenamed,
    /// The change makes the server give it a new identity (SEQ-1).
    ReplaceBecauseIdentityRegenerates,
    /// The change is of a field that the API takes only while the item is made (CAP-3).
    ReplaceBecauseCreateOnly,
    /// No manifest declares it, and the project prunes.
    DeleteBecauseNoManifest,
}

impl Reason {
    /// Whether it tells more than what is shown beside it: what is new has no other reason, and what differs is named.
    pub const fn says_more(self) -> bool {
        !matches!(self, Self::CreateBecauseNotFound | Self::UpdateBecauseFieldsDiffer)
    }

    /// The reason in words, to stand after "because".
    pub const fn words(self) -> &'static str {
        match self {
            Self::CreateBecauseNotFound => "the server has no such item",
            Self::UpdateBecauseFieldsDiffer => "fields differ",
            Self::UpdateBecauseRenamed => "it was called otherwise",
            Self::ReplaceBecauseIdentityRegenerates => {
                "its step list changed; the server gives it a new GUID, and every computer that ran it runs all of it \
                 again (SEQ-1)"
            }
            Self::ReplaceBecauseCreateOnly => {
                "the server's API takes a changed field only while the item is made: the old one is deleted, and every \
                 computer that the new one reaches runs it, whoever ran the old one too (CAP-3)"
            }
            Self::DeleteBecauseNoManifest => "no manifest declares it, and `prune` is on",
        }
    }
}

/// Something that would be done but is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The item.
    pub key: ItemKey,
    /// What would happen to it.
    pub would: Verb,
    /// The rule that holds it.
    pub rule: String,
    /// Why, in words.
    pub because: String,
    /// What differs, field by field, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// A live item in the owned folders that no manifest declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmanaged {
    /// What the server calls it.
    pub key: ItemKey,
    /// Its GUID.
    pub guid: Guid,
    /// Its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// What the computers will do because of a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consequence {
    /// The rule it follows from.
    pub code: String,
    /// Where the manual tells of the rule, below the root of `consign`'s own repository.
    #[serde(default)]
    pub doc_url: String,
    /// Whether it stops the plan.
    pub severity: Severity,
    /// The item it is about.
    pub subject: String,
    /// What happens, in a word: `re_run`, `hidden_entries_left`.
    pub kind: String,
    /// How much of it.
    pub magnitude: Magnitude,
    /// What the number is made of, such as `succeeded` and `failed`; parts need not add up to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, u64>,
    /// Where the number comes from.
    pub basis: Basis,
    /// When what it was worked out from was read; `None`: nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Timestamp>,
    /// How it comes about.
    pub mechanism: String,
    /// Some of what is counted, by name: computers, or rights that come and go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sample: Vec<String>,
    /// Whether there are more than the sample names.
    #[serde(default)]
    pub sample_truncated: bool,
    /// The addresses of the changes it follows from.
    pub because: Vec<String>,
    /// Safer ways to the same end, each with what it would lead to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
    /// What was accepted for it in the manifest, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<String>,
    /// The most that was accepted with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_up_to: Option<u64>,
    /// Which limit it passes, if any, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// Why an acknowledgement of it does not hold, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsed: Option<String>,
}

/// A safer way to the same end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What to do, in a line.
    pub message: String,
    /// What to replace in the manifests, in the order of the files and of the places in them; all places are those of
    /// the texts that were planned, so that the last is replaced first. Empty where no manifest of the project says
    /// what would have to change.
    pub edits: Vec<Edit>,
    /// What it would lead to instead, by kind of consequence; `None`: not known.
    pub forecast: BTreeMap<String, Option<u64>>,
}

/// A place in a manifest and its new text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The file, below the project's root.
    pub file: String,
    /// The first line that is replaced, from 1.
    pub line: usize,
    /// Where in it, in characters from 1.
    pub column: usize,
    /// The line of the first character that stays.
    pub end_line: usize,
    /// Where in it that stands; the same place as the first where nothing is replaced.
    pub end_column: usize,
    /// What stands there instead.
    pub new_text: String,
}

/// How much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Magnitude {
    /// The number; `None` when it is not known, which is not 0.
    pub value: Option<u64>,
    /// Of what: `computers`, `entries`, `rights`.
    pub unit: String,
    /// At least so many, where the number is not sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<u64>,
    /// At most so many, where the number is not sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<u64>,
    /// Of how many in all; what a limit by share is a share of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Read from the server.
    Confirmed,
    /// Follows from what was read.
    Derived,
    /// A guess with reasons.
    Estimated,
    /// Could not be assessed.
    Unknown,
}

/// Something that stops or qualifies a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// `error` blocks the plan.
    pub severity: Severity,
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// What must still hold when a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precondition {
    /// The item.
    pub key: ItemKey,
    /// Its GUID; `None`: it must not be there.
    pub guid: Option<Guid>,
    /// Its revision; `None` with a GUID: it must be there, as it may be.
    pub revision: Option<String>,
}

/// How large a consequence may have become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The consequence's rule, subject and kind, as [`bounds::name`] writes them.
    pub consequence: String,
    /// The most it may be; `None`: it was not known.
    pub max: Option<u64>,
}

/// How much was read, by kind, and what is not modelled at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageReport {
    /// By kind.
    pub kinds: BTreeMap<Kind, Coverage>,
    /// What this plan says nothing about.
    pub unmodelled: Vec<String>,
    /// By kind: fields that were not compared, because the server's API does not show them (CAP-5).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen: BTreeMap<Kind, Vec<String>>,
    /// What was known of the computers.
    #[serde(default)]
    pub computers: ComputersCoverage,
}

/// What was known of the computers when a plan was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputersCoverage {
    /// When it was read; `None`: nothing was.
    pub read_at: Option<Timestamp>,
    /// How many computers there are that are not retired.
    #[serde(default)]
    pub active: Option<u64>,
    /// How many of them were not seen for 30 days.
    #[serde(default)]
    pub not_seen: u64,
    /// How many have a time zone that the database does not know, and are read as UTC.
    #[serde(default)]
    pub unknown_zone: u64,
    /// What could not be known, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

/// How many computers do what, each counted once; `None`: not known, which is not 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Run something again that they already ran (SEQ-1).
    pub re_run: Option<u64>,
    /// Are newly reached by something that runs (COL-2).
    pub newly_targeted: Option<u64>,
    /// Get something that from now on fits no window (MW-4).
    pub never_fit: Option<u64>,
    /// Take a patch licence (LIC-5).
    pub licences: Option<u64>,
    /// Licences that are free now.
    pub headroom: Option<u64>,
}

/// A name and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The item, as the changes call it.
    pub key: ItemKey,
    /// Its GUID.
    pub guid: Guid,
}

/// The items that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Only these, and what they need; empty: all.
    pub targets: Vec<String>,
    /// Not these.
    pub excludes: Vec<String>,
    /// How many changes were left out for it.
    pub left_out: usize,
    /// Addresses among them that no item has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<String>,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Items that are made.
    pub add: usize,
    /// Items that are changed.
    pub change: usize,
    /// Items that get a new GUID.
    pub replace: usize,
    /// Items that are deleted.
    pub delete: usize,
    /// Items that are as they should be.
    pub unchanged: usize,
    /// Items that are held back.
    pub held: usize,
    /// Live items that no manifest declares and that stay.
    pub unmanaged: usize,
}

impl Plan {
    /// Whether something stops it.
    pub fn is_blocked(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
            || self.consequences.iter().any(|consequence| consequence.severity == Severity::Error)
    }

    /// Whether it would change nothing on the server.
    pub fn is_empty(&self) -> bool {
        self.resource_changes.is_empty()
    }
}
