//! Drift, as text and as JSON: what the manifests say first, what the server has second.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::adapter::Done;
use crate::diag::visible;
use crate::diff::FieldChange;
use crate::plan::Action;
use crate::plan::Plan;
use crate::plan::drift::Accepted;
use crate::plan::drift::Entry;
use crate::plan::drift::State;
use crate::plan::drift::Verdict;
use crate::plan::drift::entries;
use crate::plan::drift::is_drift;
use crate::plan::drift::memory::Streak;
use crate::reach::Known;
use crate::report::paint::Tone;
use crate::report::plan;
use crate::report::plan::Options;

/// What is known of a server's drift beside the drift.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What the baseline says of it.
    pub verdict: Verdict,
    /// Who did it last, by address.
    pub history: BTreeMap<String, Done>,
    /// For how many runs in a row it has differed, by address; `None` where no memory is kept.
    pub streaks: Option<BTreeMap<String, Streak>>,
    /// What it did to computers, by address; whatever is not in it was not asked about.
    pub did: BTreeMap<String, Known<Did>>,
}

/// What computers reported of the jobs that a changed item acts by, since it was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Did {
    /// When it was changed, by the server's clock.
    pub since: Timestamp,
    /// When the server was asked.
    pub asked_at: Timestamp,
    /// How many jobs those are.
    pub jobs: u64,
    /// How many computers were given one.
    pub given: u64,
    /// How many ran one.
    pub ran: u64,
    /// How many of these had success.
    pub succeeded: u64,
    /// How many of these failed.
    pub failed: u64,
}

impl Beside {
    /// For how many runs in a row an item has differed.
    pub fn streak(&self, address: &str) -> Option<&Streak> {
        self.streaks.as_ref()?.get(address)
    }
}

/// What there is to say of an item that differs beside how, a sentence each: who did it, for how long it has been so, and
/// what it did to computers.
pub fn remarks(address: &str, beside: &Beside) -> Vec<String> {
    let mut out: Vec<String> = beside.history.get(address).map(who).into_iter().collect();
    out.extend(beside.streak(address).map(since));
    out.extend(beside.did.get(address).map(did));
    out
}

/// `since then 12 computers were given it and 9 ran it: …`
fn did(did: &Known<Did>) -> String {
    let Did { since: _, asked_at, jobs, given, ran, succeeded, failed } = match did {
        Known::Is(did) => did,
        Known::Unknown(why) => return format!("what it did to computers since is not known: {why}"),
    };
    let how = match *jobs {
        0 => return format!("no job uses it, so no computer ran anything by it (confirmed, as of {asked_at})"),
        1 => "1 job".to_owned(),
        n => format!("{n} jobs"),
    };
    let computers = |n: u64| if n == 1 { "1 computer".to_owned() } else { format!("{n} computers") };
    format!(
        "since then {} ran it ({succeeded} with success, {failed} without) and {} were given it, by {how} (confirmed, as \
         far as computers reported until {asked_at})",
        computers(*ran),
        computers(*given),
    )
}

fn did_json(did: &Known<Did>) -> Value {
    match did {
        Known::Is(did) => {
            let mut value = json!({ "basis": "confirmed" });
            if let (Value::Object(value), Ok(Value::Object(more))) = (&mut value, serde_json::to_value(did)) {
                value.extend(more);
            }
            value
        }
        Known::Unknown(why) => json!({ "basis": "unknown", "why": why }),
    }
}

/// `in 3 runs in a row, since 2026-11-21T10:00:00Z`
fn since(Streak { runs, since, .. }: &Streak) -> String {
    match runs {
        1 => format!("for the first time, at {since}"),
        n => format!("in {n} runs in a row, since {since}"),
    }
}

/// Writes the drift as text, the summary last: first what is new, then what is known, then what is unmanaged.
///
/// # Errors
/// When `out` fails.
pub fn text(plan: &Plan, beside: &Beside, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = options.paint;
    let title = format!("consign drift: {} ({})", visible(&plan.server.name), visible(&plan.server.url));
    writeln!(out, "{}", paint.on(Tone::Strong, title))?;
    let (known, new): (Vec<Entry<'_>>, Vec<Entry<'_>>) =
        entries(plan).into_iter().partition(|entry| beside.verdict.known.contains_key(&entry.address));
    if new.iter().chain(&known).any(|entry| !entry.fields.is_empty()) {
        writeln!(out, "{}", paint.on(Tone::Dim, "What the manifests say -> what the server has."))?;
    }
    if !new.is_empty() || !known.is_empty() || unmanaged(plan).next().is_some() {
        writeln!(out)?;
    }
    for entry in new.iter().chain(&known) {
        one(entry, beside, options, out)?;
    }
    for (address, _) in unmanaged(plan) {
        writeln!(out, "{}", paint.on(Tone::Dim, format!("unmanaged  {}", visible(&address))))?;
    }
    for (kind, _) in plan.coverage.kinds.iter().filter(|(kind, _)| gap(plan, **kind).is_some()) {
        let why = gap(plan, *kind).unwrap_or_default();
        writeln!(out, "not assessed: {} was not read in full: {}", kind.name(), visible(why))?;
    }
    for finding in &plan.findings {
        let (rule, subject) = (visible(&finding.rule), visible(&finding.subject));
        writeln!(out, "note[{rule}]: [{subject}] {}", visible(&finding.message))?;
    }
    for note in &beside.verdict.notes {
        writeln!(out, "note[{}]: [{}] {}", note.rule, visible(&note.item), visible(&note.message))?;
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, summary(plan, &beside.verdict)))
}

/// One item that is not as the manifests say.
fn one(entry: &Entry<'_>, beside: &Beside, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = options.paint;
    let address = visible(&entry.address);
    let known = beside.verdict.known.get(&entry.address);
    let (word, tone) = match entry.state {
        State::Missing => ("missing", Tone::Remove),
        State::Changed => ("changed", Tone::Change),
        State::Differs => ("differs", Tone::Change),
    };
    let tone = if known.is_some() { Tone::Dim } else { tone };
    writeln!(out, "{}", paint.on(tone, format!("  {word}  {address}")))?;
    for field in entry.fields {
        // A plan goes from the server to the manifests, drift the other way.
        let (before, after) = (field.after.clone(), field.before.clone());
        plan::field(&FieldChange { before, after, ..field.clone() }, "", options, out)?;
    }
    for remark in remarks(&entry.address, beside) {
        writeln!(out, "         {}", paint.on(Tone::Dim, visible(&remark)))?;
    }
    if let Some(accepted) = known {
        writeln!(out, "         {}", paint.on(Tone::Dim, visible(&known_until(accepted))))?;
    }
    Ok(())
}

/// `last update by alice (administrator) at 2026-11-21 10:00:00 UTC, by no plan`
pub fn who(done: &Done) -> String {
    let Done { time, by, role, action, plan, commit, .. } = done;
    let short = |text: &str| text.chars().take(12).collect::<String>();
    // As the server wrote it where that is no time.
    let time =
        time.parse::<Timestamp>().map_or_else(|_| time.clone(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    let how = match (plan, commit) {
        (Some(plan), Some(commit)) => format!("by plan {} of commit {}", short(plan), short(commit)),
        (Some(plan), None) => format!("by plan {}", short(plan)),
        (None, _) => "by no plan".to_owned(),
    };
    format!("last {action} by {by} ({role}) at {time}, {how}")
}

/// `known until 2026-12-31: tried out by Kim`
pub fn known_until(Accepted { reason, expires }: &Accepted) -> String {
    format!("known until {expires}: {reason}")
}

/// `Drift: 2 changed, 1 missing; 3 unmanaged. 1 of it known.`
pub fn summary(plan: &Plan, verdict: &Verdict) -> String {
    let count = |state: State| entries(plan).iter().filter(|entry| entry.state == state).count();
    let (changed, missing) = (count(State::Changed) + count(State::Differs), count(State::Missing));
    let unmanaged = unmanaged(plan).count();
    let known = match verdict.known.len() {
        0 => String::new(),
        n => format!(" {n} of it known."),
    };
    let end = match (is_drift(plan, verdict), plan.complete) {
        (true, _) => "",
        (false, true) if !verdict.known.is_empty() => " Nothing is new.",
        (false, true) => " The server is as the manifests say.",
        (false, false) => " Not all could be read, so this does not mean that there is no drift.",
    };
    format!("Drift: {changed} changed, {missing} missing; {unmanaged} unmanaged.{known}{end}")
}

/// Why a kind was not read in full; `None`: it was.
pub fn gap(plan: &Plan, kind: crate::model::kind::Kind) -> Option<&str> {
    use crate::model::observed::Coverage;
    match plan.coverage.kinds.get(&kind)? {
        Coverage::Observed | Coverage::NotHeld { .. } => None,
        Coverage::Partial { why, .. } | Coverage::Unreadable { why } => Some(why),
    }
}

/// Live items that no manifest declares, whether they would be pruned or not.
pub fn unmanaged(plan: &Plan) -> impl Iterator<Item = (String, crate::model::guid::Guid)> {
    let left = plan.unmanaged.iter().map(|item| (item.key.to_string(), item.guid));
    let pruned = plan
        .resource_changes
        .iter()
        .filter(|change| change.action() == Action::Delete)
        .filter_map(|change| Some((change.address.clone(), change.guid?)));
    left.chain(pruned)
}

/// The drift as JSON. `before` is what the manifests say, `after` what the server has; `known` says why and until when
/// one is, `last_change` who changed the item last, `streak` for how many runs it has differed,
/// `did` what computers did by it since, with its basis: unknown is never a number.
pub fn json(plan: &Plan, beside: &Beside, code: u8, name: &str) -> Value {
    let drift: Vec<Value> = entries(plan).iter().map(|entry| entry_json(entry, beside)).collect();
    let unmanaged: Vec<Value> =
        unmanaged(plan).map(|(address, guid)| json!({ "address": address, "guid": guid })).collect();
    json!({
        "format_version": "1.0",
        "consign_version": plan.consign_version,
        "timestamp": plan.timestamp,
        "server": plan.server,
        "origin": plan.origin,
        "complete": plan.complete,
        "resource_drift": drift,
        "unmanaged": unmanaged,
        "coverage": plan.coverage,
        "findings": plan.findings,
        "baseline_notes": beside.verdict.notes,
        "exit": { "code": code, "name": name },
    })
}

fn entry_json(entry: &Entry<'_>, beside: &Beside) -> Value {
    let fields: Vec<Value> = entry
        .fields
        .iter()
        .map(|field| json!({ "path": field.path, "before": field.after, "after": field.before }))
        .collect();
    let mut value = json!({ "address": entry.address, "key": entry.key, "state": entry.state, "fields": fields });
    match entry.held {
        Some(held) => {
            value["rule"] = json!(held.rule);
            value["because"] = json!(held.because);
        }
        None => value["guid"] = json!(entry.guid),
    }
    if let Some(known) = beside.verdict.known.get(&entry.address) {
        value["known"] = json!(known);
    }
    if let Some(done) = beside.history.get(&entry.address) {
        value["last_change"] = json!(done);
    }
    if let Some(did) = beside.did.get(&entry.address) {
        value["did"] = did_json(did);
    }
    if let Some(Streak { runs, since, .. }) = beside.streak(&entry.address) {
        value["streak"] = json!({ "runs": runs, "since": since });
    }
    value
}
