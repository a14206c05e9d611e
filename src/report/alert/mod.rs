//! What is told of drift outside of reports: a value with a version, which each receiver is sent in its own form.
//!
//! Whatever came from a server or a manifest is a text here and stays one: the forms for people give it no way to be
//! markup, a link or a mention.

pub mod slack;
pub mod teams;

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::diag::visible;
use crate::model::guid::Guid;
use crate::plan::Plan;
use crate::plan::drift::State;
use crate::plan::drift::entries;
use crate::plan::drift::open;
use crate::report::drift;
use crate::report::drift::Beside;
use crate::report::escape::capped;
use crate::report::plan::sides;

/// The version of the form. Minor versions add, and readers ignore what they do not know; a major version breaks, and
/// readers refuse it.
pub const FORMAT_VERSION: &str = "1.0";

/// The most items that one alert tells; the rest is counted.
const ITEMS_MAX: usize = 100;
/// The most fields of an item; the rest is counted.
const FIELDS_MAX: usize = 20;
/// The most characters of a value.
const VALUE_MAX: usize = 300;
/// The most characters of a name or an explanation.
const TEXT_MAX: usize = 1_000;

/// What a webhook is sent: that a server has come to differ from its manifests, or does no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alert {
    /// `1.0`.
    pub format_version: String,
    /// Names what is told: the same when it is sent again. It is the header `webhook-id` as well.
    pub id: String,
    /// What is told.
    pub event: Event,
    /// The program that tells it.
    pub consign_version: String,
    /// When the server was compared, by the clock of who compared it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub timestamp: Timestamp,
    /// The server.
    pub server: AlertServer,
    /// Whether all of the server could be read.
    pub complete: bool,
    /// It in a sentence.
    pub summary: String,
    /// What differs and is not known; what is told for the first time stands first.
    pub items: Vec<AlertItem>,
    /// How many more there are than are listed.
    pub items_left_out: u64,
    /// Where the run of the pipeline is looked at, where one is known.
    pub run_url: Option<String>,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Items differ that this receiver was not told of, or not so.
    Drift,
    /// Nothing differs any more of what was told.
    Ended,
}

/// Which server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertServer {
    /// Its name in `consign.yaml`.
    pub name: String,
    /// Its identity.
    pub instance: Guid,
}

/// An item that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertItem {
    /// Its address: `task/Install 7-Zip`.
    pub address: String,
    /// How: `changed`, `missing`, `differs` (an apply would leave it), or `unclear` (it cannot be told which is meant).
    pub state: String,
    /// Whether it is told for the first time, or has another value than the one that was told; true where no memory is
    /// kept.
    pub is_new: bool,
    /// In how many runs in a row it has differed; null where no memory is kept.
    pub runs: Option<u32>,
    /// Since when; null where no memory is kept.
    #[schemars(with = "Option<String>")]
    pub since: Option<Timestamp>,
    /// Why it is held back or unclear.
    pub because: Option<String>,
    /// What differs.
    pub fields: Vec<AlertField>,
    /// How many more fields there are than are listed.
    pub fields_left_out: u64,
    /// Who changed it last, and what came of it: a sentence each, with what is not known said.
    pub remarks: Vec<String>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertField {
    /// Which: `spec.commandLine`.
    pub path: String,
    /// What the manifests say, in a line; a long value is cut.
    pub declared: String,
    /// What the server has, in a line; a long value is cut.
    pub live: String,
}

/// What an alert is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The comparison.
    pub plan: &'a Plan,
    /// What is known beside it.
    pub beside: &'a Beside,
    /// When it was made.
    pub now: Timestamp,
    /// Where the pipeline's run is looked at.
    pub run_url: Option<&'a str>,
}

impl Alert {
    /// That items have come to differ; `fresh` are those that were not told before, `None` where nobody remembers.
    pub fn of_drift(facts: Facts<'_>, fresh: Option<&BTreeSet<String>>) -> Self {
        let mut items = items(facts, fresh);
        items.sort_by_key(|item| !item.is_new);
        let n = items.len();
        let differ = if n == 1 { "item differs" } else { "items differ" };
        let mut summary = format!("{n} {differ} from the manifests");
        if fresh.is_some() {
            let n_new = items.iter().filter(|item| item.is_new).count();
            summary.push_str(&format!(", {n_new} of them told for the first time"));
        }
        let left_out = n.saturating_sub(ITEMS_MAX);
        items.truncate(ITEMS_MAX);
        Self { items, items_left_out: left_out as u64, ..Self::of(facts, Event::Drift, summary) }
    }

    /// That all that was told has ended.
    pub fn of_end(facts: Facts<'_>) -> Self {
        let known = facts.beside.verdict.known.len();
        let summary = match known {
            0 => "the server is as the manifests say again".to_owned(),
            _ => format!("nothing differs any more but what is known ({known})"),
        };
        Self::of(facts, Event::Ended, summary)
    }

    fn of(facts: Facts<'_>, event: Event, summary: String) -> Self {
        let Facts { plan, now, run_url, .. } = facts;
        let server = AlertServer { name: plan.server.name.clone(), instance: plan.server.identity.instance };
        let mut digest = Sha256::new();
        for part in [server.instance.to_string(), format!("{event:?}"), now.to_string()] {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        let id = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self {
            format_version: FORMAT_VERSION.to_owned(),
            id,
            event,
            consign_version: plan.consign_version.clone(),
            timestamp: now,
            server,
            complete: plan.complete,
            summary,
            items: Vec::new(),
            items_left_out: 0,
            run_url: run_url.map(|url| visible(&capped(url, TEXT_MAX)).into_owned()),
        }
    }

    /// It as JSON, for programs.
    pub fn json(&self) -> Value {
        serde_json::to_value(self).expect("an alert holds texts and numbers only")
    }

    /// `consign drift: lab: 2 items differ …`
    fn title(&self) -> String {
        let what = match self.event {
            Event::Drift => "drift",
            Event::Ended => "drift has ended",
        };
        format!("consign: {what} on {}", visible(&capped(&self.server.name, 80)))
    }
}

fn items(facts: Facts<'_>, fresh: Option<&BTreeSet<String>>) -> Vec<AlertItem> {
    let Facts { plan, beside, .. } = facts;
    let entries = entries(plan);
    let new = entries.iter().filter(|entry| !beside.verdict.known.contains_key(&entry.address));
    let differing = new.map(|entry| AlertItem {
        state: match entry.state {
            State::Changed => "changed",
            State::Missing => "missing",
            State::Differs => "differs",
        }
        .to_owned(),
        because: entry.held.map(|held| short(&held.because, TEXT_MAX)),
        fields: entry.fields.iter().take(FIELDS_MAX).map(field).collect(),
        fields_left_out: entry.fields.len().saturating_sub(FIELDS_MAX) as u64,
        ..item(&entry.address, beside, fresh)
    });
    let unclear = open(plan, &beside.verdict)
        .filter(|finding| entries.iter().all(|entry| entry.address != finding.subject))
        .map(|finding| AlertItem {
            because: Some(short(&format!("{}: {}", finding.rule, finding.message), TEXT_MAX)),
            ..item(&finding.subject, beside, fresh)
        });
    differing.chain(unclear).collect()
}

fn item(address: &str, beside: &Beside, fresh: Option<&BTreeSet<String>>) -> AlertItem {
    let streak = beside.streak(address);
    AlertItem {
        address: short(address, TEXT_MAX),
        state: "unclear".to_owned(),
        is_new: fresh.is_none_or(|fresh| fresh.contains(address)),
        runs: streak.map(|streak| streak.runs),
        since: streak.map(|streak| streak.since),
        because: None,
        fields: Vec::new(),
        fields_left_out: 0,
        remarks: drift::remarks(address, beside).iter().map(|text| short(text, TEXT_MAX)).collect(),
    }
}

fn field(field: &crate::diff::FieldChange) -> AlertField {
    let (live, declared) = sides(field);
    AlertField {
        path: short(&field.path, VALUE_MAX),
        declared: short(&declared, VALUE_MAX),
        live: short(&live, VALUE_MAX),
    }
}

fn short(text: &str, max: usize) -> String {
    capped(text, max).into_owned()
}

/// An item in lines, for people: what it is, what differs, who did it.
fn lines(item: &AlertItem) -> Vec<String> {
    let told = if item.is_new { "" } else { " (told before)" };
    let mut out = vec![format!("{} {}{told}", item.state, item.address)];
    out.extend(item.because.clone());
    for AlertField { path, declared, live } in &item.fields {
        out.push(format!("{path}: {declared} -> {live}"));
    }
    if item.fields_left_out > 0 {
        out.push(format!("and {} fields more", item.fields_left_out));
    }
    out.extend(item.remarks.iter().cloned());
    // Each is a line of its own, whatever was in a name.
    out.iter().map(|line| visible(line).into_owned()).collect()
}

/// The last line: what is not listed, and what could not be read.
fn rest(alert: &Alert, left_out: u64) -> Vec<String> {
    let mut out = Vec::new();
    if left_out > 0 {
        out.push(format!("and {left_out} items more; the report of the run names them"));
    }
    if !alert.complete {
        out.push("not all of the server could be read, so there may be more".to_owned());
    }
    out
}
