//! What two revisions differ in, as text and as JSON.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde_json::Value;
use serde_json::json;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::diff::PolicyChange;
use crate::model::kind::Kind;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::revisions::Counts;
use crate::plan::revisions::Revision;
use crate::plan::revisions::RevisionDiff;
use crate::report::paint::Paint;
use crate::report::paint::Tone;
use crate::report::plan;
use crate::report::plan::Options;

/// How many items of a kind that come or go are named before the rest is a count.
const NAMED_PER_KIND: usize = 15;

/// Writes the difference as text, the summary last.
///
/// # Errors
/// When `out` fails.
pub fn text(diff: &RevisionDiff, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = options.paint;
    let title = format!("consign diff: {} -> {}", visible(&name(&diff.from)), visible(&name(&diff.to)));
    writeln!(out, "{}", paint.on(Tone::Strong, title))?;
    policy(&diff.policy_changes, paint, out)?;
    if !diff.changes.is_empty() {
        legend(diff, out)?;
        changes(&diff.changes, options, out)?;
    }
    if !diff.not_compared.is_empty() {
        writeln!(out)?;
    }
    for key in &diff.not_compared {
        let line = format!("Not compared: {} could not be read in both", visible(&key.to_string()));
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, summary(diff)))
}

/// A revision by its name and its commit, as far as it has them.
pub fn name(revision: &Revision) -> String {
    let commit = revision.commit.as_deref().map(|commit| commit.chars().take(12).collect::<String>());
    match (&revision.revision, commit) {
        (Some(name), Some(commit)) => format!("{name} ({commit})"),
        (Some(name), None) => name.clone(),
        (None, Some(commit)) => format!("what is on disk (over {commit})"),
        (None, None) => "what is on disk".to_owned(),
    }
}

/// What changes in the policy, each in a line; nothing where nothing does.
///
/// # Errors
/// When `out` fails.
pub fn policy(changes: &[PolicyChange], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, "The policy changes:"))?;
    for change in changes {
        let (before, after) = (plan::one_line(&change.before), plan::one_line(&change.after));
        let line = format!("  ~ {}: {} -> {}", visible_at_start(&change.path), visible(&before), visible(&after));
        let tone = if change.loosens { Tone::Remove } else { Tone::Change };
        let remark = if change.loosens { "   # allows more" } else { "" };
        writeln!(out, "{}{remark}", paint.on(tone, line))?;
    }
    Ok(())
}

fn legend(diff: &RevisionDiff, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nDifferences are indicated with the following symbols:")?;
    for (action, word) in [
        (Action::Create, "only the second has it"),
        (Action::Update, "changed"),
        (Action::Delete, "only the first has it"),
        (Action::Replace, "changed so that a server gives it a new GUID"),
    ] {
        if diff.changes.iter().any(|change| change.action() == action) {
            writeln!(out, "  {:>3}  {word}", plan::sign(action))?;
        }
    }
    writeln!(out)
}

fn changes(changes: &[Change], options: Options, out: &mut dyn Write) -> io::Result<()> {
    // What is lost stands first, then what is changed, then what is new.
    let mut order: Vec<&Change> = changes.iter().collect();
    order.sort_by_key(|change| match change.action() {
        Action::Delete => 0,
        Action::Replace => 1,
        Action::Update => 2,
        Action::Create => 3,
    });
    let mut total: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut named: BTreeMap<Kind, usize> = BTreeMap::new();
    for change in order.iter().filter(|change| change.action() == Action::Create) {
        *total.entry(change.key.kind).or_default() += 1;
    }
    for change in order {
        if change.action() == Action::Create && !options.full {
            let n = named.entry(change.key.kind).or_default();
            *n += 1;
            if *n > NAMED_PER_KIND {
                if *n == total[&change.key.kind] {
                    let rest = *n - NAMED_PER_KIND;
                    let line = format!("    + and {rest} more of kind {} (--full names them)", change.key.kind.short());
                    writeln!(out, "{}", options.paint.on(Tone::Dim, line))?;
                }
                continue;
            }
        }
        one(change, options, out)?;
    }
    Ok(())
}

fn one(change: &Change, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let (action, tone) = match change.action() {
        Action::Create => (Action::Create, Tone::Add),
        Action::Update => (Action::Update, Tone::Change),
        other => (other, Tone::Remove),
    };
    let line = format!("{:>5}  {}", plan::sign(action), visible(&change.address));
    writeln!(out, "{}", options.paint.on(tone, line))?;
    for field in &change.fields {
        let remark = plan::remark(change.key.kind, field, change.replace_paths.contains(&field.path));
        plan::field(field, &remark, options, out)?;
    }
    Ok(())
}

/// `Diff: 1 added, 2 changed, …`
pub fn summary(diff: &RevisionDiff) -> String {
    let Counts { add, change, replace, delete } = &diff.summary;
    let end = match (diff.changes.is_empty(), diff.complete) {
        (true, true) if diff.policy_changes.is_empty() => " Both declare the same.",
        (true, true) => " Both declare the same items.",
        (_, false) => " Not all could be read, so there may be more.",
        (false, true) => "",
    };
    format!("Diff: {add} added, {change} changed, {replace} to be replaced, {delete} removed.{end}")
}

/// The difference as JSON: the value itself, and how the command ends.
pub fn json(diff: &RevisionDiff, code: u8, name: &str) -> Value {
    let mut value = json!(diff);
    value["exit"] = json!({ "code": code, "name": name });
    value
}
