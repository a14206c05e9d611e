//! One view of whatever a command has to say, from which every format is made: a plan, a drift, findings, the outcome of
//! an apply, a command that came to nothing.
//!
//! A view drops nothing: what stands in none of [`View::entries`] reaches no pipeline. Texts in it are as they were
//! written; each renderer escapes for where it writes (reliability 3.6).

mod applied;
mod diff;
mod drift;
mod failure;
pub mod findings;
mod plan;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::apply::Report;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diff::PolicyChange;
use crate::forecast::Forecast;
use crate::model::kind::ItemKey;
use crate::plan::Plan;
use crate::plan::revisions::RevisionDiff;
use crate::report::drift::Beside;
use crate::report::plan::consequences::Acceptance;
use crate::report::plan::headline::Danger;
use crate::report::plan::side;
use crate::rules::plan::PLN_15;

/// The version of the view. Minor: something was added; major: something means something else.
pub const FORMAT_VERSION: &str = "1.0";

/// What a view is made of; text and JSON tell it in its own form.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A plan.
    Plan(&'a Plan),
    /// A plan, read as how the server differs from the manifests, and what is known of that.
    Drift(&'a Plan, &'a Beside),
    /// Several servers, each by its name with a view of its own.
    Servers(&'a [(String, View<'a>)]),
    /// What two revisions of the manifests differ in.
    Diff(&'a RevisionDiff),
    /// Findings in manifests; their places must have been looked up.
    Findings(&'a Diagnostics, &'a Sources),
    /// What an apply did.
    Applied(&'a Report, &'a Plan),
    /// A command that came to nothing: what went wrong, and how to mend it.
    Failed(&'a str, Option<&'a str>),
}

/// What a command has to say.
#[derive(Clone, Debug, Serialize)]
pub struct View<'a> {
    /// [`FORMAT_VERSION`].
    pub format_version: &'static str,
    /// The program that made it.
    pub consign_version: String,
    /// `plan`, `drift`, `diff`, `validate`, `apply`, or the command that failed.
    pub command: String,
    /// The server it is about, by its name in `consign.yaml`.
    pub server: Option<String>,
    /// The server's address.
    pub url: Option<String>,
    /// The project's directory, below the root of its repository.
    pub directory: Option<String>,
    /// When it was made.
    pub made_at: Option<Timestamp>,
    /// After this the plan is refused.
    pub expires: Option<Timestamp>,
    /// The plan's hash.
    pub hash: Option<String>,
    /// The commit it was made from.
    pub revision: Option<Revision>,
    /// What to run to make it so.
    pub apply: Option<String>,
    /// How the command ends.
    pub exit: Ended,
    /// What matters most, in a sentence; names stand in backticks.
    pub headline: String,
    /// The same without names: `Plan: 3 to add, …`, and what computers do.
    pub summary: Vec<String>,
    /// Numbers for pipelines, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// What the project file is to say otherwise about what is allowed; a report tells it first.
    pub policy_changes: Vec<PolicyChange>,
    /// What changes, differs, was done or was not; in the order of the items.
    pub changes: Vec<ChangeView>,
    /// Places in [`Self::changes`]: those that cannot be told apart but by name, together; what is lost comes first.
    pub groups: Vec<Group>,
    /// What computers would do: what blocks first, then by number.
    pub consequences: Vec<ConsequenceView>,
    /// What is wrong, or stops it.
    pub findings: Vec<FindingView>,
    /// What to write to accept what blocks.
    pub to_accept: Vec<Acceptance>,
    /// What was not assessed.
    pub not_assessed: Vec<String>,
    /// Remarks, such as what would be deleted with `prune`.
    pub notes: Vec<String>,
    /// Which of the items refer to which.
    pub references: Vec<Edge>,
    /// What computers will do and when, where it was worked out.
    pub forecast: Option<Timeline>,
    /// What it was made of.
    #[serde(skip)]
    pub origin: Origin<'a>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Its hash.
    pub commit: String,
    /// The branch, where it is on one.
    pub branch: Option<String>,
    /// Whether files differed from it.
    pub dirty: bool,
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// Its name.
    pub name: &'static str,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// To know.
    Note,
    /// To look at.
    Warning,
    /// It stops something.
    Error,
}

impl Level {
    /// The level in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A line in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, relative to the root of its repository, with `/` between the parts.
    pub file: String,
    /// The line, from 1; `None`: the file as a whole.
    pub line: Option<usize>,
    /// The column, from 1, in characters.
    pub column: Option<usize>,
    /// The last line.
    pub end_line: Option<usize>,
    /// The column after the last character.
    pub end_column: Option<usize>,
}

/// An item and what becomes of it.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeView {
    /// The item in one line: `task/Install 7-Zip`.
    pub address: String,
    /// Its kind, short: `task`.
    pub kind: &'static str,
    /// What happens, in a word: `create`, `missing`, `failed`.
    pub action: &'static str,
    /// The same as a sign.
    pub sign: &'static str,
    /// How bad that is.
    pub level: Level,
    /// What is lost by it.
    pub danger: Option<Danger>,
    /// Whether computers act because of it.
    pub acts: bool,
    /// Why, in words.
    pub reason: Option<String>,
    /// What else there is to say of it: who did it, and since when that is known.
    pub remarks: Vec<String>,
    /// What differs.
    pub fields: Vec<FieldView>,
    /// Where it is written.
    pub place: Option<Place>,
}

/// One field before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldView {
    /// The field: `spec.commandLine`.
    pub path: String,
    /// What it was.
    pub before: Value,
    /// What it is to be.
    pub after: Value,
    /// What that leads to, in a word.
    pub effect: &'static str,
    /// What that leads to, in words.
    pub remark: String,
}

impl FieldView {
    /// Both sides, each in a line; a password is never shown.
    pub fn sides(&self) -> (String, String) {
        (side(&self.path, &self.before), side(&self.path, &self.after))
    }
}

/// Changes that cannot be told apart but by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Places in [`View::changes`]; never empty.
    pub members: Vec<usize>,
}

/// What computers would do.
#[derive(Clone, Debug, Serialize)]
pub struct ConsequenceView {
    /// The rule.
    pub rule: String,
    /// Whether it stops the plan.
    pub level: Level,
    /// The item.
    pub subject: String,
    /// What happens, in words: `re-run`.
    pub what: String,
    /// The number with what it counts.
    pub number: String,
    /// The number; `None`: not known.
    pub value: Option<u64>,
    /// Where the number comes from, and its age.
    pub basis: String,
    /// What the policy says of it.
    pub policy: String,
    /// Whether computers do something.
    pub acts: bool,
    /// The changes that it follows from, by address.
    pub because: Vec<String>,
    /// How it comes about, with causes, samples, limits and safer ways, a line each.
    pub details: Vec<String>,
    /// Where its item is written.
    pub place: Option<Place>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingView {
    /// The rule; empty for what no rule is about.
    pub rule: String,
    /// How bad.
    pub level: Level,
    /// What it is about; may be empty.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// Other places that belong to it, and edits that would mend it.
    pub related: Vec<(Option<Place>, String)>,
}

/// One item refers to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The address of the item that refers.
    pub from: String,
    /// The address of what it refers to.
    pub to: String,
}

/// What computers will do and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// When it begins.
    pub from: Option<Timestamp>,
    /// When it ends.
    pub to: Option<Timestamp>,
    /// The zone whose clock is told, an IANA name.
    pub zone: String,
    /// A row a task, and one for restarts.
    pub rows: Vec<TimelineRow>,
    /// When maintenance windows are open.
    pub windows: Vec<Open>,
}

/// What happens hour by hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineRow {
    /// The task, or `restarts`.
    pub name: String,
    /// How many, by hour.
    pub hours: Vec<(Timestamp, u64)>,
    /// What else is to be said of it.
    pub remark: String,
}

/// A maintenance window that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Open {
    /// The window.
    pub name: String,
    /// When it opens.
    pub from: Timestamp,
    /// When it closes.
    pub to: Timestamp,
}

/// What is known beside a plan, a drift or findings.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The program.
    pub consign_version: String,
    /// How the command ends.
    pub exit: (u8, &'static str),
    /// The commit.
    pub revision: Option<Revision>,
    /// The project's directory below the root of its repository.
    pub directory: Option<String>,
    /// The file that the plan is stored in.
    pub plan_file: Option<String>,
    /// Where each item is written.
    pub places: BTreeMap<ItemKey, Place>,
}

impl About {
    const fn ended(&self) -> Ended {
        Ended { code: self.exit.0, name: self.exit.1 }
    }

    fn place(&self, address: &str) -> Option<Place> {
        let key = ItemKey::parse(address)?;
        let package = || key.package.as_ref().map(|name| ItemKey::new(crate::model::kind::Kind::Package, name));
        self.places.get(&key).or_else(|| self.places.get(&package()?)).cloned()
    }
}

/// What a line of a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// [`View::policy_changes`]
    Policy,
    /// [`View::findings`]
    Finding,
    /// [`View::consequences`]
    Consequence,
    /// [`View::changes`]
    Change,
    /// [`View::not_assessed`]
    NotAssessed,
    /// [`View::notes`]
    Note,
}

/// One thing that a view says, in the form that lists take.
#[derive(Clone, Debug)]
pub struct Entry<'v> {
    /// What it is.
    pub sort: Sort,
    /// The rule, or what stands for one: `change/delete`.
    pub rule: String,
    /// How bad.
    pub level: Level,
    /// What it is about; may be empty.
    pub subject: &'v str,
    /// What there is to say, in a line.
    pub message: String,
    /// What else, a line each.
    pub details: Vec<String>,
    /// Where.
    pub place: Option<&'v Place>,
}

impl<'a> View<'a> {
    /// A view with nothing in it.
    fn new(command: &str, about: &About, origin: Origin<'a>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            consign_version: about.consign_version.clone(),
            command: command.to_owned(),
            server: None,
            url: None,
            directory: about.directory.clone(),
            made_at: None,
            expires: None,
            hash: None,
            revision: about.revision.clone(),
            apply: None,
            exit: about.ended(),
            headline: String::new(),
            summary: Vec::new(),
            counts: BTreeMap::new(),
            policy_changes: Vec::new(),
            changes: Vec::new(),
            groups: Vec::new(),
            consequences: Vec::new(),
            findings: Vec::new(),
            to_accept: Vec::new(),
            not_assessed: Vec::new(),
            notes: Vec::new(),
            references: Vec::new(),
            forecast: None,
            origin,
        }
    }

    /// `plan of prod`, or just the command.
    pub fn title(&self) -> String {
        match &self.server {
            Some(server) => format!("consign {}: {server}", self.command),
            None => format!("consign {}", self.command),
        }
    }

    /// Adds what computers will do and when.
    #[must_use]
    pub fn with_forecast(mut self, forecast: &Forecast, windows: Vec<Open>) -> Self {
        let mut rows: Vec<TimelineRow> = forecast
            .tasks
            .iter()
            .map(|task| TimelineRow {
                name: task.key.to_string(),
                hours: task.timeline.iter().filter(|one| one.started > 0).map(|one| (one.at, one.started)).collect(),
                remark: format!("{} of {} start it, {} fail", task.started, task.reached, task.failed),
            })
            .collect();
        let restarts: Vec<(Timestamp, u64)> = forecast.restarts.iter().map(|one| (one.at, one.count)).collect();
        let n: u64 = restarts.iter().map(|(_, count)| count).sum();
        rows.push(TimelineRow { name: "restarts".to_owned(), hours: restarts, remark: format!("{n} restarts") });
        self.forecast = Some(Timeline {
            from: Some(forecast.from),
            to: Some(forecast.to),
            zone: forecast.server_zone.clone(),
            rows,
            windows,
        });
        self
    }

    /// The worst that it says.
    pub fn level(&self) -> Option<Level> {
        self.entries().iter().map(|entry| entry.level).max()
    }

    /// Everything that it says, the worst first, and of what is as bad the policy; each once.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let mut out: Vec<Entry<'_>> = self.policy_changes.iter().map(policy).collect();
        out.extend(self.findings.iter().map(finding));
        out.extend(self.consequences.iter().map(consequence));
        out.extend(self.changes.iter().map(change));
        let line = |sort, rule: &str, text: &'_ str| Entry {
            sort,
            rule: rule.to_owned(),
            level: if sort == Sort::NotAssessed { Level::Warning } else { Level::Note },
            subject: "",
            message: text.to_owned(),
            details: Vec::new(),
            place: None,
        };
        out.extend(self.not_assessed.iter().map(|text| line(Sort::NotAssessed, "not-assessed", text)));
        out.extend(self.notes.iter().map(|text| line(Sort::Note, "note", text)));
        out.sort_by_key(|entry| (std::cmp::Reverse(entry.level), entry.sort));
        out
    }

    /// Puts changes that cannot be told apart but by name together: what is lost first, then the larger.
    fn group(&mut self) {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, change) in self.changes.iter().enumerate() {
            // The fields as JSON: values have an order there.
            let fields = serde_json::to_string(&change.fields).expect("fields print as JSON: their keys are text");
            let is_new = change.action == "create";
            let reason = if is_new { None } else { change.reason.as_deref() };
            let key = format!(
                "{:?} {:?} {} {} {} {reason:?} {:?} {fields}",
                change.danger.is_none(),
                change.danger,
                change.action,
                change.kind,
                change.acts,
                change.remarks
            );
            groups.entry(key).or_default().push(at);
        }
        let mut groups: Vec<Group> = groups.into_values().map(|members| Group { members }).collect();
        groups.sort_by_key(|group| {
            let first = &self.changes[group.members[0]];
            (
                first.danger.is_none(),
                first.danger,
                std::cmp::Reverse(first.level),
                std::cmp::Reverse(group.members.len()),
            )
        });
        self.groups = groups;
    }
}

/// A change of the policy as an entry: one that allows more is to be looked at.
fn policy(one: &PolicyChange) -> Entry<'_> {
    let (before, after) = (super::plan::one_line(&one.before), super::plan::one_line(&one.after));
    let more = if one.loosens { "; it allows more" } else { "" };
    Entry {
        sort: Sort::Policy,
        rule: PLN_15.id.to_owned(),
        level: if one.loosens { Level::Warning } else { Level::Note },
        subject: &one.path,
        message: format!("the policy changes: {before} -> {after}{more}"),
        details: Vec::new(),
        place: None,
    }
}

/// A finding as an entry.
pub(super) fn finding(one: &FindingView) -> Entry<'_> {
    let mut details: Vec<String> = one.help.iter().map(|help| format!("help: {help}")).collect();
    details.extend(one.related.iter().map(|(place, text)| match place {
        Some(Place { file, line: Some(line), .. }) => format!("{file}:{line}: {text}"),
        Some(Place { file, line: None, .. }) => format!("{file}: {text}"),
        None => text.clone(),
    }));
    let (subject, message) = (one.subject.as_str(), one.message.clone());
    Entry {
        sort: Sort::Finding,
        rule: one.rule.clone(),
        level: one.level,
        subject,
        message,
        details,
        place: one.place.as_ref(),
    }
}

fn consequence(one: &ConsequenceView) -> Entry<'_> {
    Entry {
        sort: Sort::Consequence,
        rule: one.rule.clone(),
        level: one.level,
        subject: &one.subject,
        message: format!("{} [{}]; {}", one.number, one.basis, one.policy),
        details: one.details.clone(),
        place: one.place.as_ref(),
    }
}

fn change(one: &ChangeView) -> Entry<'_> {
    let mut message = one.action.replace('_', " ");
    if one.danger == Some(Danger::Uninstalls) {
        message.push_str(", and what it runs uninstalls software");
    }
    if one.acts {
        message.push_str("; computers will act");
    }
    if let Some(reason) = &one.reason {
        message.push_str(&format!(" ({reason})"));
    }
    let fields = one.fields.iter().map(|field| {
        let (before, after) = field.sides();
        format!("{}: {before} -> {after}   {}", field.path, field.remark).trim_end().to_owned()
    });
    let details = one.remarks.iter().cloned().chain(fields).collect();
    Entry {
        sort: Sort::Change,
        rule: format!("change/{}", one.action),
        level: one.level,
        subject: &one.address,
        message,
        details,
        place: one.place.as_ref(),
    }
}
