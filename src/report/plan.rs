//! A plan as text. Its JSON is the plan itself.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde_json::Value;
use similar::ChangeTag;
use similar::TextDiff;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::diff::FieldChange;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Consequence;
use crate::plan::Plan;
use crate::plan::Summary;
use crate::plan::Verb;
use crate::report::paint::Paint;
use crate::report::paint::Tone;

/// How many items that are made or deleted are named, a kind, before the rest is a count.
const NAMED_PER_KIND: usize = 15;

/// How a plan is shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// In colour.
    pub paint: Paint,
    /// Every item and every unmanaged one by name.
    pub full: bool,
}

/// Writes a plan as text, the summary last.
///
/// # Errors
/// When `out` fails.
pub fn text(plan: &Plan, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = options.paint;
    let title = format!("consign plan: {} ({})", visible(&plan.server.name), visible(&plan.server.url));
    writeln!(out, "{}", paint.on(Tone::Strong, title))?;
    if !plan.resource_changes.is_empty() {
        legend(plan, out)?;
        changes(plan, options, out)?;
    }
    consequences(plan, paint, out)?;
    held(plan, paint, out)?;
    findings(plan, paint, out)?;
    coverage(plan, paint, out)?;
    unmanaged(plan, options, out)?;
    writeln!(out)?;
    writeln!(out, "{}", paint.on(Tone::Strong, summary_line(plan)))?;
    endpoints(plan, out)
}

/// The sign of an action.
pub const fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "-/+",
        Action::Delete => "-",
    }
}

const fn tone(action: Action) -> Tone {
    match action {
        Action::Create => Tone::Add,
        Action::Update => Tone::Change,
        Action::Replace | Action::Delete => Tone::Remove,
    }
}

/// Whether computers will act because of a change.
fn endpoints_act(change: &Change) -> bool {
    let acts = |item: &crate::model::item::Item| {
        item.spec.enabled() == Some(true) && item.spec.targets().is_some_and(|targets| !targets.is_empty())
    };
    change.key.kind.is_active() && (change.after.as_ref().is_some_and(acts) || change.before.as_ref().is_some_and(acts))
}

fn legend(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nActions are indicated with the following symbols:")?;
    for (action, word) in [
        (Action::Create, "create"),
        (Action::Update, "update in place"),
        (Action::Delete, "delete"),
        (Action::Replace, "replace (the server gives it a new GUID)"),
    ] {
        if plan.resource_changes.iter().any(|change| change.action() == action) {
            writeln!(out, "  {:>3}  {word}", sign(action))?;
        }
    }
    if plan.resource_changes.iter().any(endpoints_act) {
        writeln!(out, "  {:>3}  computers will act", "!")?;
    }
    Ok(())
}

fn changes(plan: &Plan, options: Options, out: &mut dyn Write) -> io::Result<()> {
    // What is lost stands first, then what is changed, then what is new.
    let mut order: Vec<&Change> = plan.resource_changes.iter().collect();
    order.sort_by_key(|change| match change.action() {
        Action::Delete => 0,
        Action::Replace => 1,
        Action::Update => 2,
        Action::Create => 3,
    });
    let mut named: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    let mut total: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    for change in &order {
        *total.entry((sign(change.action()), change.key.kind)).or_default() += 1;
    }
    writeln!(out)?;
    for change in order {
        let group = (sign(change.action()), change.key.kind);
        let n = named.entry(group).or_default();
        *n += 1;
        let is_listed_only = change.action() == Action::Create;
        if !options.full && is_listed_only && *n > NAMED_PER_KIND {
            if *n == total[&group] {
                let rest = total[&group] - NAMED_PER_KIND;
                let line = format!("{:>5} and {rest} more of kind {} (--full names them)", group.0, group.1.short());
                writeln!(out, "{}", options.paint.on(Tone::Dim, line))?;
            }
            continue;
        }
        one_change(change, options.paint, out)?;
    }
    Ok(())
}

fn one_change(change: &Change, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let action = change.action();
    let mark = if endpoints_act(change) { "!" } else { " " };
    let line = format!("{:>5}{mark} {}", sign(action), visible(&change.address));
    write!(out, "{}", paint.on(tone(action), line))?;
    if let Some(after) = &change.after
        && change.action() == Action::Create
        && let Some(folder) = &after.folder
        && change.key.kind != Kind::Folder
    {
        write!(out, "{}", paint.on(Tone::Dim, format!("  in {}", visible(folder))))?;
    }
    writeln!(out)?;
    if matches!(action, Action::Replace | Action::Delete) {
        writeln!(out, "         (because {})", change.action_reason.words())?;
    }
    for field in &change.fields {
        self::field(field, change.replace_paths.contains(&field.path), paint, out)?;
    }
    Ok(())
}

/// One field: before and after in a line where that is short, else a difference by lines.
fn field(field: &FieldChange, forces: bool, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let note = if forces { "   # forces new identity" } else { "" };
    let (before, after) = (one_line(&field.before), one_line(&field.after));
    let path = visible_at_start(&field.path);
    if before.chars().count() + after.chars().count() <= 100 && !before.contains('\n') && !after.contains('\n') {
        let (before, after) = (paint.on(Tone::Remove, visible(&before)), paint.on(Tone::Add, visible(&after)));
        return writeln!(out, "         {path}: {before} -> {after}{note}");
    }
    writeln!(out, "         {path}:{note}")?;
    let (before, after) = (lines(&field.before), lines(&field.after));
    let diff = TextDiff::from_lines(&before, &after);
    for group in diff.grouped_ops(2) {
        for op in group {
            for change in diff.iter_changes(&op) {
                let (sign, tone) = match change.tag() {
                    ChangeTag::Delete => ("-", Tone::Remove),
                    ChangeTag::Insert => ("+", Tone::Add),
                    ChangeTag::Equal => (" ", Tone::Dim),
                };
                let text = change.value();
                let line = format!("{sign} {}", visible_at_start(text.strip_suffix('\n').unwrap_or(text)));
                writeln!(out, "           {}", paint.on(tone, line))?;
            }
        }
    }
    Ok(())
}

/// A value as a manifest would write it in a line.
pub fn one_line(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// A value as lines: a text as it is, a command line by its arguments, a list by its entries.
fn lines(value: &Value) -> String {
    let mut text = match value {
        Value::String(text) if text.contains('\n') => text.clone(),
        Value::String(text) => text.split_inclusive(' ').map(|word| format!("{}\n", word.trim_end())).collect(),
        Value::Array(list) => list.iter().map(|entry| format!("{}\n", one_line(entry))).collect(),
        Value::Null => String::new(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn consequences(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if plan.consequences.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, "Consequences:"))?;
    for consequence in &plan.consequences {
        let tone = if consequence.severity == Severity::Error { Tone::Remove } else { Tone::Warn };
        let head = paint.on(tone, format!("  ! {}", visible(&consequence.code)));
        writeln!(out, "{head} {}: {}", visible(&consequence.subject), magnitude(consequence))?;
        writeln!(out, "      {}", visible_at_start(&consequence.mechanism))?;
        match &consequence.acknowledged {
            Some(reason) => writeln!(out, "      acknowledged: {}", visible(reason))?,
            None if consequence.severity == Severity::Error => acknowledge(consequence, out)?,
            None => {}
        }
    }
    Ok(())
}

fn magnitude(consequence: &Consequence) -> String {
    let verb = match consequence.kind.as_str() {
        "re_run" => "run it again",
        "hidden_entries_left" => "left behind",
        other => other,
    };
    let (unit, verb) = (visible(&consequence.magnitude.unit), visible(verb));
    match consequence.magnitude.value {
        Some(value) => format!("{value} {unit} {verb}"),
        None => format!("an unknown number of {unit} {verb} (could not be assessed)"),
    }
}

/// What to write into the manifest to accept a consequence.
fn acknowledge(consequence: &Consequence, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "      over the limit: the number is not known. To accept that, add to its manifest:")?;
    writeln!(out, "        metadata:")?;
    let rule = visible(&consequence.code);
    writeln!(out, "          acknowledge: [{{rule: {rule}, expires: YYYY-MM-DD, reason: …}}]")
}

fn held(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if plan.held.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, "Held back:"))?;
    for held in &plan.held {
        let verb = match held.would {
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Delete => "delete",
        };
        let key = held.key.to_string();
        let head = paint.on(Tone::Warn, format!("  {} {}", visible_at_start(&held.rule), visible(&key)));
        writeln!(out, "{head}: would {verb}; {}", visible(&held.because))?;
    }
    Ok(())
}

fn findings(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if plan.findings.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    for finding in &plan.findings {
        let (word, tone) = match finding.severity {
            Severity::Error => ("blocked", Tone::Remove),
            Severity::Warning => ("warning", Tone::Warn),
            Severity::Off => continue,
        };
        let head = paint.on(tone, format!("{word}[{}]", visible(&finding.rule)));
        writeln!(out, "{head}: [{}] {}", visible(&finding.subject), visible(&finding.message))?;
        writeln!(out, "  help: {}", visible(&finding.help))?;
    }
    Ok(())
}

fn coverage(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for (kind, coverage) in &plan.coverage.kinds {
        let (word, why) = match coverage {
            Coverage::Observed => continue,
            Coverage::Partial { why, .. } => ("was read in part", why),
            Coverage::Unreadable { why } => ("could not be read", why),
        };
        let line = format!("Not assessed: {} {word}: {}", kind.name(), visible(why));
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    Ok(())
}

fn unmanaged(plan: &Plan, options: Options, out: &mut dyn Write) -> io::Result<()> {
    if options.full && !plan.unmanaged.is_empty() {
        writeln!(out, "\nOn the server, in the project's folders, and in no manifest:")?;
        for item in &plan.unmanaged {
            writeln!(out, "      {}", visible(&item.key.to_string()))?;
        }
    }
    if plan.summary.delete == 0 && !plan.unmanaged.is_empty() {
        let n = plan.unmanaged.len();
        writeln!(out, "\nNo item will be deleted; {n} that no manifest declares would be with `prune: true`.")?;
    }
    if let Some(selection) = &plan.selection {
        writeln!(
            out,
            "\nOnly a part was asked for: {} changes are left out, and nothing is deleted.",
            selection.left_out
        )?;
    }
    Ok(())
}

/// `Plan: 3 to add, 2 to change, 1 to replace, 0 to delete.`
pub fn summary_line(plan: &Plan) -> String {
    let Summary { add, change, replace, delete, held, .. } = &plan.summary;
    let held = if *held > 0 { format!(" {held} held back.") } else { String::new() };
    let left_out = plan.selection.as_ref().map_or(0, |selection| selection.left_out);
    let nothing = if plan.is_empty() && plan.held.is_empty() && plan.complete && !plan.is_blocked() && left_out == 0 {
        " The server is as the manifests say."
    } else {
        ""
    };
    format!("Plan: {add} to add, {change} to change, {replace} to replace, {delete} to delete.{held}{nothing}")
}

/// What the computers do, which this plan cannot count.
fn endpoints(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let n = plan.resource_changes.iter().filter(|change| endpoints_act(change)).count();
    if n == 0 {
        return Ok(());
    }
    writeln!(out, "Endpoints: {n} changes reach computers; how many computers is not known (no fleet data was read).")
}
