//! What GitLab takes: a Code Quality report, and the three numbers of its plan widget.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::diag::visible;
use crate::report::sarif::fingerprint;
use crate::report::sarif::lines;
use crate::report::view::Level;
use crate::report::view::View;
use crate::report::view::findings::in_repository;

/// The file that every project has. What stands in no file is shown there: GitLab drops what has no place.
const PROJECT_FILE: &str = "consign.yaml";

/// The Code Quality report. A fingerprint has no line in it, or an item that moves would be a new one.
pub fn code_quality(view: &View<'_>) -> Value {
    let mut seen = BTreeMap::new();
    let entries = view.entries();
    let nowhere = in_repository(PROJECT_FILE, view.directory.as_deref());
    let list = entries.iter().map(|entry| {
        let subject = if entry.subject.is_empty() { String::new() } else { format!("{}: ", entry.subject) };
        let text = lines(&format!("{subject}{}", entry.message), &entry.details);
        let file = entry.place.map_or(nowhere.as_str(), |place| place.file.as_str());
        json!({
            "description": text,
            "check_name": if entry.rule.is_empty() { "failure" } else { &entry.rule },
            "fingerprint": fingerprint(entry, &mut seen),
            "severity": match entry.level { Level::Error => "critical", Level::Warning => "minor", Level::Note => "info" },
            "location": {
                "path": visible(file.trim_start_matches("./")),
                "lines": { "begin": entry.place.and_then(|place| place.line).unwrap_or(1) },
            },
        })
    });
    Value::Array(list.collect())
}

/// The report of the plan widget. A replace is a delete and a create.
pub fn plan(view: &View<'_>) -> Value {
    let of = |name: &str| view.counts.get(name).copied().unwrap_or(0);
    json!({ "create": of("add") + of("replace"), "update": of("change"), "delete": of("delete") + of("replace") })
}
