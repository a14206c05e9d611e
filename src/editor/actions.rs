//! What mends a finding.

use serde_json::Value;

use super::Change;
use super::Names;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::nearest;
use crate::diag::visible;
use crate::manifest;
use crate::manifest::Named;
use crate::manifest::Role;
use crate::model::project::Severity;
use crate::rules::Act;

/// Something to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it does, as an order.
    pub title: String,
    /// What it changes.
    pub changes: Vec<Change>,
    /// Whether it is the finding's own fix, and nothing else can have been meant.
    pub is_certain: bool,
}

/// What can be done about a finding, the likeliest first. Its places must have been looked up.
pub fn actions(sources: &Sources, names: &Names, finding: &Diagnostic) -> Vec<Action> {
    let mut all: Vec<Action> = fix(finding).into_iter().collect();
    let Location::Span { source, start, .. } = finding.at else { return all };
    if all.is_empty() {
        all.extend(meant(names, source, start));
    }
    all.extend(allowed(sources, source, start, finding));
    all
}

/// A file with what mends itself in it, as one pass of `validate --fix` would write it; `None` where nothing does.
pub fn mended(sources: &Sources, source: SourceId, findings: &Diagnostics) -> Option<String> {
    let here: Diagnostics = findings.iter().filter(|one| one.at.source() == Some(source)).cloned().collect();
    let mended = manifest::repair(&here, sources).into_iter().find(|file| file.source == source)?;
    (mended.text != sources.text(source)).then_some(mended.text)
}

/// The one change that makes a text of another: from the first character that differs to the last.
pub fn difference(source: SourceId, old: &str, new: &str) -> Change {
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
    let head: usize = same.sum();
    let (rest, new) = (&old[head..], &new[head..]);
    let same = rest.chars().rev().zip(new.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
    let tail: usize = same.sum();
    Change { source, at: head..old.len() - tail, new_text: new[..new.len() - tail].to_owned() }
}

fn fix(finding: &Diagnostic) -> Option<Action> {
    let fix = finding.fix.as_ref()?;
    let changes: Option<Vec<Change>> = fix
        .edits
        .iter()
        .map(|edit| match edit.location {
            Location::Span { source, start, end } => {
                Some(Change { source, at: start..end, new_text: edit.new_text.clone() })
            }
            _ => None,
        })
        .collect();
    let changes = changes.filter(|changes| !changes.is_empty())?;
    Some(Action { title: visible(&fix.message).into_owned(), changes, is_certain: !fix.is_guess })
}

/// The name that is there and was likely meant by one that leads nowhere.
fn meant(names: &Names, source: SourceId, start: usize) -> Option<Action> {
    let spot = names.spots(source).iter().find(|spot| spot.at.start == start && spot.role == Role::Used)?;
    if !names.definitions(&spot.named).is_empty() || spot.is_computed {
        return None;
    }
    let near = match &spot.named {
        Named::Item(key) => {
            let known = names.known(key.kind, key.package.as_deref());
            nearest(&key.name, known.iter().map(|key| key.name.as_str())).map(str::to_owned)
        }
        Named::Secret(name) => {
            let is_declared = |named: &&Named| !names.definitions(named).is_empty();
            let known = names.all(|named| match named {
                Named::Secret(name) => Some(named).filter(is_declared).map(|_| name.as_str()),
                _ => None,
            });
            nearest(name, known).map(str::to_owned)
        }
        _ => None,
    }?;
    let new_text = manifest::flow(&Value::from(near.as_str()));
    let change = Change { source, at: spot.at.clone(), new_text };
    Some(Action { title: format!("write `{}`", visible(&near)), changes: vec![change], is_certain: false })
}

/// A comment that says why a lint is as it should be: at the end of the line that it points at, or right above.
fn allowed(sources: &Sources, source: SourceId, start: usize, finding: &Diagnostic) -> Option<Action> {
    if finding.severity != Severity::Warning || finding.firm || !finding.rule.acts.contains(&Act::Lint) {
        return None;
    }
    let text = sources.text(source);
    let mut line_start = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let mut line_end = end_of_line(text, start);
    // Within a text of several lines there are no comments: it is said where the text begins.
    if let Some(above) = block_above(text, line_start) {
        line_start = above;
        line_end = end_of_line(text, above);
    }
    let line = &text[line_start..line_end];
    let comment = format!("# consign: allow {} because SAY WHY", finding.rule.id);
    let closes = |c: char| c.is_ascii_alphanumeric() || matches!(c, ']' | '}' | ':' | '.' | ')');
    let change = if !line.contains(['#', '\'', '"']) && line.trim_end().ends_with(closes) {
        let at = line_start + line.trim_end().len();
        Change { source, at: at..at, new_text: format!(" {comment}") }
    } else {
        let bare = line.trim_start_matches('\u{feff}');
        let at = line_end - bare.len();
        let indent = &bare[..bare.len() - bare.trim_start().len()];
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Change { source, at: at..at, new_text: format!("{indent}{comment}{end}") }
    };
    let title = format!("allow {} here, and say why", finding.rule.id);
    Some(Action { title, changes: vec![change], is_certain: false })
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..].find(['\r', '\n']).map_or(text.len(), |at| from + at)
}

/// The begin of the line above, where that opens a text of several lines.
fn block_above(text: &str, line_start: usize) -> Option<usize> {
    let above = text[..line_start].trim_end_matches(['\r', '\n']);
    let begin = above.rfind('\n').map_or(0, |at| at + 1);
    let line = above[begin..].split(" #").next().unwrap_or_default().trim_end();
    let mark = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    (mark.ends_with(": |") || mark.ends_with(": >") || mark.ends_with("- |") || mark.ends_with("- >")).then_some(begin)
}
