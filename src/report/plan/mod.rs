//! A plan as text. Its JSON is the plan itself.

pub mod consequences;

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde_json::Value;
use similar::ChangeTag;
use similar::TextDiff;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::diff::FieldChange;
use crate::diff::effects;
use crate::diff::effects::Case;
use crate::diff::effects::Effect;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::plan::Summary;
use crate::plan::Verb;
use crate::report::paint::Paint;
use crate::report::paint::Tone;
use crate::report::plan::consequences::Acting;
pub use crate::report::plan::consequences::age;
pub use crate::report::plan::consequences::count;
pub use crate::report::plan::consequences::endpoints_line;

/// How many items that are made or deleted are named, a kind, before the rest is a count.
const NAMED_PER_KIND: usize = 15;

/// How far a remark beside a difference may reach.
const COLUMNS: usize = 100;

/// Where a field begins.
const INDENT: usize = 9;

/// What is free before a remark.
const REMARK_GAP: usize = 3;

/// How a plan is shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// In colour.
    pub paint: Paint,
    /// Every item and every unmanaged one by name.
    pub full: bool,
    /// How many columns there are; 0: not known, so the usual number.
    pub columns: usize,
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
    consequences::list(plan, options.full, paint, out)?;
    held(plan, paint, out)?;
    findings(plan, paint, out)?;
    coverage(plan, paint, out)?;
    consequences::not_assessed(plan, paint, out)?;
    unmanaged(plan, options, out)?;
    consequences::to_accept(plan, paint, out)?;
    writeln!(out)?;
    writeln!(out, "{}", paint.on(Tone::Strong, summary_line(plan)))?;
    consequences::endpoints(plan, out)
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
    let acting = Acting::of(plan);
    if plan.resource_changes.iter().any(|change| acting.has(change)) {
        writeln!(out, "  {:>3}  computers will act", "!")?;
    }
    Ok(())
}

fn changes(plan: &Plan, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let acting = Acting::of(plan);
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
        one_change(change, &acting, options.paint, out)?;
    }
    Ok(())
}

fn one_change(change: &Change, acting: &Acting<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let action = change.action();
    let mark = if acting.has(change) { "!" } else { " " };
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
        let remark = remark(change.key.kind, field, change.replace_paths.contains(&field.path));
        self::field(field, &remark, paint, out)?;
    }
    Ok(())
}

/// What a difference leads to, as it stands beside it.
pub fn remark(kind: Kind, field: &FieldChange, forces: bool) -> String {
    let why = effects::case(kind, &field.path, field.effect).map(Case::remark);
    match (forces, why) {
        (true, Some(why)) if field.effect == Effect::Identity => format!("# forces new identity; {why}"),
        (true, _) => "# forces new identity".to_owned(),
        (false, why) => format!("# {}", why.as_deref().unwrap_or(field.effect.meaning())),
    }
}

/// One field: before and after in a line where that is short, else a difference by lines. The remark stands beside it
/// where the line has room for it, else below.
fn field(field: &FieldChange, remark: &str, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (one_line(&field.before), one_line(&field.after));
    let path = visible_at_start(&field.path);
    let length = before.chars().count() + after.chars().count();
    let is_short = length <= 100 && !before.contains('\n') && !after.contains('\n');
    let mut used = INDENT + path.chars().count() + ":".len();
    write!(out, "{:INDENT$}{path}:", "")?;
    if is_short {
        used += length + "  -> ".len();
        let (before, after) = (paint.on(Tone::Remove, visible(&before)), paint.on(Tone::Add, visible(&after)));
        write!(out, " {before} -> {after}")?;
    }
    if used + REMARK_GAP + remark.chars().count() <= COLUMNS {
        writeln!(out, "{:REMARK_GAP$}{}", "", paint.on(Tone::Dim, remark))?;
    } else {
        writeln!(out, "\n{:INDENT$}  {}", "", paint.on(Tone::Dim, remark))?;
    }
    if is_short {
        return Ok(());
    }
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
pub fn lines(value: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::field;
    use super::remark;
    use crate::diff::FieldChange;
    use crate::diff::effects;
    use crate::model::kind::Kind;
    use crate::report::paint::Paint;

    #[track_caller]
    fn check(kind: Kind, path: &str, before: Value, after: Value, forces: bool, expected: &str) {
        let effect = effects::of(kind, path).unwrap().case(&before, &after).effect;
        let change = FieldChange { path: path.to_owned(), before, after, effect };
        let mut out = Vec::new();
        field(&change, &remark(kind, &change, forces), Paint { color: false }, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_remark_stands_beside_a_short_difference() {
        check(
            Kind::Program,
            "spec.estimatedRunTime",
            json!("2m"),
            json!("3m"),
            false,
            "         spec.estimatedRunTime: \"2m\" -> \"3m\"   # a note; changes nothing (PRG-4)\n",
        );
    }

    #[test]
    fn a_remark_that_would_pass_column_100_stands_below() {
        check(
            Kind::Program,
            "spec.commandLine",
            json!("setup.exe /S"),
            json!("setup.exe /S /NORESTART"),
            false,
            "         spec.commandLine: \"setup.exe /S\" -> \"setup.exe /S /NORESTART\"\n           \
             # reaches no computer that already ran it (TSK-4, SEQ-2)\n",
        );
    }

    #[test]
    fn seq_1_a_step_list_says_that_it_forces_a_new_identity() {
        let step = |program: &str| json!({"package": "A package of some length", "program": program, "dependsOn": []});
        let (a, b) = (step("Install it for every user"), step("Remove"));
        check(
            Kind::SequentialTask,
            "spec.steps",
            json!([a]),
            json!([a, b]),
            true,
            "         spec.steps:   # forces new identity; who ran it runs all of it again (SEQ-1)\n             \
             {\"package\":\"A package of some length\",\"program\":\"Install it for every user\",\"dependsOn\":[]}\n           \
             + {\"package\":\"A package of some length\",\"program\":\"Remove\",\"dependsOn\":[]}\n",
        );
    }
}
