//! What GitHub's runner takes: annotations on standard output, a step's summary, a step's outputs.

use sha2::Digest;
use sha2::Sha256;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::report::budget::GITHUB_ANNOTATIONS_PER_STEP;
use crate::report::budget::Host;
use crate::report::escape::LONG;
use crate::report::escape::capped;
use crate::report::escape::github_data;
use crate::report::escape::github_property;
use crate::report::markdown;
use crate::report::view::Entry;
use crate::report::view::Level;
use crate::report::view::View;

/// The lines for the log: an annotation for each error and warning as far as the runner shows them (the worst first, one
/// a line of a file), everything else as plain lines in a group that is folded.
pub fn log(view: &View<'_>) -> String {
    let entries = view.entries();
    let mut annotations = String::new();
    let mut rest = String::new();
    let mut shown = [0_usize; 3];
    let mut at_line = std::collections::BTreeSet::new();
    for entry in &entries {
        let n = &mut shown[entry.level as usize];
        let is_first_of_line = entry.place.is_none_or(|place| at_line.insert((&place.file, place.line)));
        if entry.level > Level::Note && is_first_of_line && *n < GITHUB_ANNOTATIONS_PER_STEP {
            *n += 1;
            annotations.push_str(&annotation(entry));
        } else {
            rest.push_str(&plain(entry));
        }
    }
    let mut out = annotations;
    if !rest.is_empty() {
        out.push_str(&format!("::group::{}\n{rest}::endgroup::\n", github_data(&["The rest".to_owned()])));
    }
    for line in std::iter::once(&view.headline).chain(&view.summary) {
        out.push_str(&format!("{}\n", visible_at_start(line)));
    }
    out
}

fn annotation(entry: &Entry<'_>) -> String {
    let command = entry.level.word();
    let mut properties = Vec::new();
    if let Some(place) = entry.place {
        properties.push(format!("file={}", github_property(&place.file)));
        let columns = if place.line == place.end_line { [place.column, place.end_column] } else { [None, None] };
        let numbers =
            [("line", place.line), ("endLine", place.end_line), ("col", columns[0]), ("endColumn", columns[1])];
        properties.extend(numbers.into_iter().filter_map(|(name, n)| Some(format!("{name}={}", n?))));
    }
    let title = [entry.rule.as_str(), entry.subject].join(" ");
    properties.push(format!("title={}", github_property(&capped(title.trim(), 250))));
    let mut lines = vec![entry.message.clone()];
    lines.extend(entry.details.iter().cloned());
    format!("::{command} {}::{}\n", properties.join(","), github_data(&lines))
}

/// One line that is no command, whatever stands in it.
pub(super) fn plain(entry: &Entry<'_>) -> String {
    let place = match entry.place {
        Some(place) => match place.line {
            Some(line) => format!("{}:{line}: ", visible(&place.file)),
            None => format!("{}: ", visible(&place.file)),
        },
        None => String::new(),
    };
    let (rule, subject) = (visible(&entry.rule), visible(entry.subject));
    let message = capped(&entry.message, LONG);
    let mut out = format!("{}[{rule}] {place}{subject}: {}\n", entry.level.word(), visible(&message));
    for line in &entry.details {
        out.push_str(&format!("    {}\n", visible_at_start(&capped(line, LONG))));
    }
    out
}

/// The summary of the step, as Markdown that fits.
pub fn summary(view: &View<'_>) -> String {
    markdown::text(view, Host::GitHubSummary)
}

/// The step's outputs, as its file takes them. The mark that ends a value is a digest of it, so no value can hold it.
pub fn outputs(view: &View<'_>) -> String {
    let mut values: Vec<(String, String)> =
        view.counts.iter().map(|(name, n)| (name.replace('_', "-"), n.to_string())).collect();
    values.push(("exit-code".to_owned(), view.exit.code.to_string()));
    values.push(("exit-name".to_owned(), view.exit.name.to_owned()));
    values.push(("headline".to_owned(), visible(&view.headline).into_owned()));
    values.push(("plan-digest".to_owned(), view.hash.clone().unwrap_or_default()));
    let mut out = String::new();
    for (name, value) in values {
        let digest = Sha256::digest(value.as_bytes());
        let mark: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        out.push_str(&format!("{name}<<consign_{mark}\n{value}\nconsign_{mark}\n"));
    }
    out
}
