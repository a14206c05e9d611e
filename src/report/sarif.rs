//! SARIF 2.1.0, for code scanning: the structs that are needed of it, and no more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::diag::visible;
use crate::report::budget::SARIF_RESULTS;
use crate::report::escape::LONG;
use crate::report::escape::capped;
use crate::report::view::Entry;
use crate::report::view::Level;
use crate::report::view::Place;
use crate::report::view::View;
use crate::rules;

/// The view as SARIF. Everything in it is a result: what changes, and what was not assessed, as one that asks for
/// nothing. Past what hosts take, what is mildest is left out and counted in a notification.
pub fn json(view: &View<'_>) -> Value {
    let entries = view.entries();
    let shown = &entries[..entries.len().min(SARIF_RESULTS)];
    let ids: BTreeSet<&str> = shown.iter().map(|entry| rule_id(entry)).collect();
    let index: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = shown.iter().map(|entry| result(entry, &index, &mut seen)).collect();
    let summary: Vec<_> = view.summary.iter().map(|line| visible(line)).collect();
    let mut notifications = Vec::new();
    if entries.len() > shown.len() {
        let n = entries.len() - shown.len();
        notifications.push(json!({ "level": "warning", "message": { "text": format!("{n} results are left out") } }));
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "consign",
                "version": view.consign_version,
                "rules": ids.iter().map(|id| rule(id)).collect::<Vec<Value>>(),
            }},
            "automationDetails": { "id": format!("consign/{}/{}/", view.command, slug(view.server.as_deref().unwrap_or("all"))) },
            "invocations": [{
                "executionSuccessful": !matches!(view.exit.name, "error" | "partial" | "incomplete"),
                "exitCode": view.exit.code,
                "exitCodeDescription": view.exit.name,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "properties": { "headline": visible(&view.headline), "summary": summary, "planHash": view.hash,
                "revision": view.revision.as_ref().map(|one| visible(&one.commit).into_owned()) },
            "results": results,
        }],
    })
}

/// Code scanning tells runs apart by this, so it has no character that it splits at.
fn slug(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '_' }).take(80).collect()
}

fn rule_id<'e>(entry: &'e Entry<'_>) -> &'e str {
    if entry.rule.is_empty() { "failure" } else { &entry.rule }
}

fn rule(id: &str) -> Value {
    match rules::find(id) {
        Some(rule) => {
            let text = format!("{} Source: {}. `consign explain {id}` says more.", rule.explain, rule.source);
            let markdown = match rules::example::of(id) {
                Some(example) => format!("{text}\n\n{}", example.markdown()),
                None => text.clone(),
            };
            json!({
            "id": id,
            "shortDescription": { "text": rule.title },
            "fullDescription": { "text": rule.explain },
            "help": { "text": text, "markdown": markdown },
            })
        }
        None => json!({ "id": id, "shortDescription": { "text": format!("{} of consign", id.replace('/', ": ")) } }),
    }
}

fn result(entry: &Entry<'_>, index: &BTreeMap<&str, usize>, seen: &mut BTreeMap<String, usize>) -> Value {
    let id = rule_id(entry);
    let subject = if entry.subject.is_empty() { String::new() } else { format!("{}: ", entry.subject) };
    let text = lines(&format!("{subject}{}", entry.message), &entry.details);
    let mut out = json!({
        "ruleId": id,
        "ruleIndex": index[id],
        "level": match entry.level { Level::Error => "error", Level::Warning => "warning", Level::Note => "note" },
        // In a message of SARIF, braces are placeholders and `[…](…)` is a link.
        "message": { "text": text.replace('{', "{{").replace('}', "}}").replace("](", "] (") },
        "partialFingerprints": { "consign/v1": fingerprint(entry, seen) },
    });
    let logical = (!entry.subject.is_empty())
        .then(|| json!([{ "fullyQualifiedName": visible(&capped(entry.subject, LONG)), "kind": "resource" }]));
    let mut location = serde_json::Map::new();
    if let Some(place) = entry.place {
        location.insert("physicalLocation".to_owned(), physical(place));
    }
    if let Some(logical) = logical {
        location.insert("logicalLocations".to_owned(), logical);
    }
    if !location.is_empty() {
        out["locations"] = json!([location]);
    }
    out
}

fn physical(place: &Place) -> Value {
    let mut out = json!({ "artifactLocation": { "uri": uri(&place.file), "uriBaseId": "%SRCROOT%" } });
    let mut region = serde_json::Map::new();
    let columns = [("startLine", place.line), ("startColumn", place.column)];
    let ends = [("endLine", place.end_line), ("endColumn", place.end_column)];
    for (name, n) in columns.into_iter().chain(ends) {
        if let Some(n) = n {
            region.insert(name.to_owned(), json!(n));
        }
    }
    if !region.is_empty() {
        out["region"] = Value::Object(region);
    }
    out
}

/// A message and what else there is to say, made visible line by line, and cut where it is very long.
pub(super) fn lines(message: &str, details: &[String]) -> String {
    let all = std::iter::once(message).chain(details.iter().map(String::as_str));
    let all: Vec<String> = all.map(|line| visible(&capped(line, LONG)).into_owned()).collect();
    all.join("\n")
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
    path.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Who it is, whatever line it stands in: a result that moves is the same one. The same twice is told apart by number.
pub(super) fn fingerprint(entry: &Entry<'_>, seen: &mut BTreeMap<String, usize>) -> String {
    let file = entry.place.map_or("", |place| place.file.as_str());
    // A change is one by its item; its words may be others tomorrow.
    let text = if entry.subject.is_empty() { entry.message.as_str() } else { "" };
    let mut hash = Sha256::new();
    for part in [entry.rule.as_str(), entry.subject, file, text] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let n = seen.entry(name.clone()).or_default();
    *n += 1;
    if *n == 1 { name } else { format!("{name}-{n}") }
}
