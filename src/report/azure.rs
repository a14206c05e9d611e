//! What the agent of Azure DevOps takes: issues, variables and a summary, as commands on standard output.

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::report::escape::azure_data;
use crate::report::escape::azure_property;
use crate::report::github::plain;
use crate::report::view::Entry;
use crate::report::view::Level;
use crate::report::view::View;

/// The lines for the log: an issue for each error and warning, plain lines for the rest, variables of the names
/// `consign_…` for later steps and jobs, and the summary where a file of it is given by its whole path.
pub fn log(view: &View<'_>, summary: Option<&str>) -> String {
    let mut out = String::new();
    for entry in view.entries() {
        if entry.level > Level::Note {
            out.push_str(&issue(&entry));
        } else {
            out.push_str(&plain(&entry));
        }
    }
    for (name, n) in &view.counts {
        out.push_str(&variable(name, &n.to_string()));
    }
    out.push_str(&variable("exit_code", &view.exit.code.to_string()));
    out.push_str(&variable("headline", &visible(&view.headline)));
    out.push_str(&variable("plan_digest", view.hash.as_deref().unwrap_or_default()));
    if let Some(path) = summary {
        out.push_str(&format!("##vso[task.uploadsummary]{}\n", azure_data(path)));
    }
    for line in std::iter::once(&view.headline).chain(&view.summary) {
        out.push_str(&format!("{}\n", visible_at_start(line)));
    }
    out
}

fn issue(entry: &Entry<'_>) -> String {
    let mut properties = vec![format!("type={}", entry.level.word())];
    if let Some(place) = entry.place {
        properties.push(format!("sourcepath={}", azure_property(&place.file)));
        let numbers = [("linenumber", place.line), ("columnnumber", place.column)];
        properties.extend(numbers.into_iter().filter_map(|(name, n)| Some(format!("{name}={}", n?))));
    }
    properties.push(format!("code={}", azure_property(&entry.rule)));
    let subject = if entry.subject.is_empty() { String::new() } else { format!("{}: ", entry.subject) };
    let mut text = vec![format!("{subject}{}", entry.message)];
    text.extend(entry.details.iter().cloned());
    // An issue is one line.
    format!("##vso[task.logissue {};]{}\n", properties.join(";"), azure_data(&text.join(" · ")))
}

fn variable(name: &str, value: &str) -> String {
    format!("##vso[task.setvariable variable=consign_{name};isOutput=true]{}\n", azure_data(value))
}
