//! Drift, as text and as JSON: what the manifests say first, what the server has second.

use std::io;
use std::io::Write;

use serde_json::Value;
use serde_json::json;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::plan::Action;
use crate::plan::Held;
use crate::plan::Plan;
use crate::plan::Verb;
use crate::report::paint::Paint;
use crate::report::paint::Tone;
use crate::report::plan::sides;
use crate::rules::Rule;
use crate::rules::plan::PLN_1;
use crate::rules::plan::PLN_4;
use crate::rules::plan::PLN_5;
use crate::rules::plan::PLN_6;
use crate::rules::plan::PLN_7;
use crate::rules::plan::PLN_11;

/// Whether a server differs from the manifests: something is changed, missing, or not as it should be, or it cannot be
/// told which item is meant. What no manifest declares is told apart and is no drift by itself.
pub fn is_drift(plan: &Plan) -> bool {
    plan.resource_changes.iter().any(|change| change.action() != Action::Delete)
        || held(plan).next().is_some()
        || plan.findings.iter().any(|finding| {
            let is_of_a_delete =
                || plan.held.iter().any(|held| held.would == Verb::Delete && held.key.to_string() == finding.subject);
            OPEN.iter().any(|rule| rule.id == finding.rule) && !is_of_a_delete()
        })
}

/// Findings that say that an item is not as the manifests say, without a change that would mend it.
static OPEN: [&Rule; 5] = [&PLN_4, &PLN_5, &PLN_6, &PLN_7, &PLN_11];

/// Items that differ and that an apply would not touch.
pub fn held(plan: &Plan) -> impl Iterator<Item = &Held> {
    plan.held.iter().filter(|held| held.would != Verb::Delete && held.rule != PLN_1.id)
}

/// Writes the drift as text, the summary last.
///
/// # Errors
/// When `out` fails.
pub fn text(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("consign drift: {} ({})", visible(&plan.server.name), visible(&plan.server.url));
    writeln!(out, "{}\n", paint.on(Tone::Strong, title))?;
    for change in &plan.resource_changes {
        let address = visible(&change.address);
        match change.action() {
            Action::Create => writeln!(out, "{}", paint.on(Tone::Remove, format!("  missing  {address}")))?,
            Action::Delete => {}
            Action::Update | Action::Replace => {
                writeln!(out, "{}", paint.on(Tone::Change, format!("  changed  {address}")))?;
                for field in &change.fields {
                    let (live, declared) = sides(field);
                    let path = visible_at_start(&field.path);
                    writeln!(out, "             {path}: {} -> {}", visible(&declared), visible(&live))?;
                }
            }
        }
    }
    for held in held(plan) {
        let address = held.key.to_string();
        writeln!(out, "{}", paint.on(Tone::Change, format!("  differs  {}", visible(&address))))?;
        for field in &held.fields {
            let (live, declared) = sides(field);
            writeln!(out, "             {}: {} -> {}", visible(&field.path), visible(&declared), visible(&live))?;
        }
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
    writeln!(out, "\n{}", paint.on(Tone::Strong, summary(plan)))
}

/// `Drift: 2 changed, 1 missing; 3 unmanaged.`
pub fn summary(plan: &Plan) -> String {
    let (changed, missing) = (plan.summary.change + plan.summary.replace + held(plan).count(), plan.summary.add);
    let unmanaged = unmanaged(plan).count();
    let end = match (is_drift(plan), plan.complete) {
        (true, _) => "",
        (false, true) => " The server is as the manifests say.",
        (false, false) => " Not all could be read, so this does not mean that there is no drift.",
    };
    format!("Drift: {changed} changed, {missing} missing; {unmanaged} unmanaged.{end}")
}

/// Why a kind was not read in full; `None`: it was.
pub fn gap(plan: &Plan, kind: crate::model::kind::Kind) -> Option<&str> {
    use crate::model::observed::Coverage;
    match plan.coverage.kinds.get(&kind)? {
        Coverage::Observed => None,
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

/// The drift as JSON. `before` is what the manifests say, `after` what the server has.
pub fn json(plan: &Plan, code: u8, name: &str) -> Value {
    let drift: Vec<Value> = plan
        .resource_changes
        .iter()
        .filter(|change| change.action() != Action::Delete)
        .map(|change| {
            let fields: Vec<Value> = change
                .fields
                .iter()
                .map(|field| json!({ "path": field.path, "before": field.after, "after": field.before }))
                .collect();
            let state = if change.action() == Action::Create { "missing" } else { "changed" };
            json!({ "address": change.address, "key": change.key, "guid": change.guid, "state": state, "fields": fields })
        })
        .collect();
    let stuck: Vec<Value> = held(plan)
        .map(|held| {
            let fields: Vec<Value> = held
                .fields
                .iter()
                .map(|field| json!({ "path": field.path, "before": field.after, "after": field.before }))
                .collect();
            let (address, because) = (held.key.to_string(), &held.because);
            json!({ "address": address, "key": held.key, "state": "differs", "rule": held.rule, "because": because, "fields": fields })
        })
        .collect();
    let unmanaged: Vec<Value> =
        unmanaged(plan).map(|(address, guid)| json!({ "address": address, "guid": guid })).collect();
    json!({
        "format_version": "1.0",
        "consign_version": plan.consign_version,
        "timestamp": plan.timestamp,
        "server": plan.server,
        "complete": plan.complete,
        "resource_drift": drift.into_iter().chain(stuck).collect::<Vec<Value>>(),
        "unmanaged": unmanaged,
        "coverage": plan.coverage,
        "findings": plan.findings,
        "exit": { "code": code, "name": name },
    })
}
