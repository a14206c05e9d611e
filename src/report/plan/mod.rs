//! A plan as text. Its JSON is the plan itself.

pub mod consequences;
pub mod headline;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use serde_json::Value;
use serde_json::json;
use similar::ChangeTag;
use similar::TextDiff;
use unicode_width::UnicodeWidthStr;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::diff::FieldChange;
use crate::diff::PASSWORD_PATH;
use crate::diff::effects;
use crate::diff::effects::Case;
use crate::diff::effects::Effect;
use crate::manifest;
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
use crate::report::wrap::broken;

/// How many items that are made or deleted are named, a kind, before the rest is a count.
const NAMED_PER_KIND: usize = 15;

/// More changes than that which differ by name only are told together.
const TOGETHER_FROM: usize = 3;

/// How many of them are named.
const NAMED_TOGETHER: usize = 3;

/// How many items of what is lost are named at the top.
const LOST_NAMED: usize = 10;

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
    origin(plan, paint, out)?;
    if !plan.is_empty() || plan.is_blocked() {
        writeln!(out, "{}", paint.on(Tone::Strong, visible(&headline::headline(plan))))?;
    }
    crate::report::diff::policy(&plan.policy_changes, paint, out)?;
    lost(plan, options, out)?;
    if !plan.resource_changes.is_empty() {
        legend(plan, out)?;
        changes(plan, options, out)?;
    }
    consequences::list(plan, options, out)?;
    held(plan, paint, out)?;
    findings(plan, paint, out)?;
    coverage(plan, paint, out)?;
    consequences::not_assessed(plan, paint, out)?;
    unmanaged(plan, options, out)?;
    consequences::to_accept(plan, paint, out)?;
    writeln!(out)?;
    if let Some(line) = blocked_line(plan) {
        writeln!(out, "{}", paint.on(Tone::Remove, visible(&line)))?;
    }
    writeln!(out, "{}", paint.on(Tone::Strong, summary_line(plan)))?;
    consequences::endpoints(plan, out)
}

/// What is lost, by name as far as that is a few.
fn lost(plan: &Plan, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let lost = headline::lost(plan);
    if !lost.is_empty() {
        writeln!(out)?;
    }
    for (danger, names) in lost {
        let shown: Vec<_> = names.iter().take(LOST_NAMED).map(|name| visible(name)).collect();
        let rest = names.len() - shown.len();
        let rest = if rest > 0 { format!(" and {} more", consequences::grouped(rest as u64)) } else { String::new() };
        let line = format!("{}: {}{rest}", danger.of_many(names.len()), shown.join(", "));
        wrapped(&line, 0, options, Tone::Remove, out)?;
    }
    Ok(())
}

/// What stands in the way of an apply; `None`: nothing.
fn blocked_line(plan: &Plan) -> Option<String> {
    if !plan.is_blocked() {
        return None;
    }
    let findings = plan.findings.iter().filter(|one| one.severity == Severity::Error).map(|one| one.rule.as_str());
    let over = plan.consequences.iter().filter(|one| one.severity == Severity::Error).map(|one| one.code.as_str());
    let rules: BTreeSet<&str> = findings.chain(over).collect();
    let rules: Vec<&str> = rules.into_iter().collect();
    Some(format!("Blocked by {}: `consign apply` refuses this plan.", rules.join(", ")))
}

/// Which revision it is of, in a line.
fn origin(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Some(origin) = &plan.origin else { return Ok(()) };
    let short = |commit: &str| visible(&commit.chars().take(12).collect::<String>()).into_owned();
    let branch = origin.branch.as_ref().map(|branch| format!(" of {}", visible(branch))).unwrap_or_default();
    let clean = if origin.clean { "" } else { ", with changes that are not committed" };
    let base =
        origin.base.as_ref().map(|base| format!("; judged by {} ({})", visible(&base.revision), short(&base.commit)));
    let line = format!("commit {}{branch}{clean}{}", short(&origin.commit), base.unwrap_or_default());
    writeln!(out, "{}", paint.on(Tone::Dim, line))
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
    let mut groups: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
    for change in &order {
        groups.entry(alike(change, &acting)).or_default().push(change);
    }
    writeln!(out)?;
    for change in order {
        if options.full {
            one_change(change, &acting, options, out)?;
            continue;
        }
        // The first of a group tells it.
        match groups.remove(&alike(change, &acting)) {
            Some(group) if group.len() > TOGETHER_FROM && change.action() != Action::Create => {
                many_changes(&group, &acting, options, out)?;
            }
            Some(group) => {
                for one in group.iter().take(NAMED_PER_KIND) {
                    one_change(one, &acting, options, out)?;
                }
                if group.len() > NAMED_PER_KIND {
                    let (rest, kind) = (group.len() - NAMED_PER_KIND, change.key.kind.short());
                    let sign = sign(change.action());
                    let line = format!("{sign:>5} and {rest} more of kind {kind} (--full names them)");
                    writeln!(out, "{}", options.paint.on(Tone::Dim, line))?;
                }
            }
            None => {}
        }
    }
    Ok(())
}

/// What changes have in common that are told together: for new items their kind, for others all but their name.
fn alike(change: &Change, acting: &Acting<'_>) -> String {
    let kind = change.key.kind.short();
    match change.action() {
        Action::Create => format!("+ {kind}"),
        action => {
            let fields = serde_json::to_string(&change.fields).expect("fields print as JSON: their keys are text");
            format!("{action:?} {kind} {:?} {} {fields}", change.action_reason, acting.has(change))
        }
    }
}

/// Changes that differ by name only: a line with their number and the first names, and once what differs.
fn many_changes(group: &[&Change], acting: &Acting<'_>, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let (first, paint) = (group[0], options.paint);
    let action = first.action();
    let mark = if acting.has(first) { "!" } else { " " };
    let names: Vec<_> = group.iter().take(NAMED_TOGETHER).map(|change| visible(&change.address)).collect();
    let (n, kind) = (consequences::grouped(group.len() as u64), first.key.kind.short());
    let head = format!("{:>5}{mark} {n} of kind {kind}, all the same: {}", sign(action), names.join(", "));
    writeln!(out, "{}{}", paint.on(tone(action), head), paint.on(Tone::Dim, ", … (--full names them)"))?;
    details(first, options, out)
}

fn one_change(change: &Change, acting: &Acting<'_>, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let (action, paint) = (change.action(), options.paint);
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
    details(change, options, out)
}

/// Why, and what differs.
fn details(change: &Change, options: Options, out: &mut dyn Write) -> io::Result<()> {
    if matches!(change.action(), Action::Replace | Action::Delete) {
        let why = format!("(because {})", change.action_reason.words());
        wrapped(&why, INDENT, options, Tone::Plain, out)?;
    }
    for field in &change.fields {
        let remark = remark(change.key.kind, field, change.replace_paths.contains(&field.path));
        self::field(field, &remark, options, out)?;
    }
    Ok(())
}

/// Writes a sentence from a column on, broken between words where the terminal ends; 0 columns: never. Later lines stand
/// two columns further in.
pub(super) fn wrapped(text: &str, indent: usize, options: Options, tone: Tone, out: &mut dyn Write) -> io::Result<()> {
    let Options { paint, columns, .. } = options;
    let shown = visible_at_start(text);
    for (at, line) in broken(&shown, indent, indent + 2, columns).iter().enumerate() {
        let indent = if at == 0 { indent } else { indent + 2 };
        writeln!(out, "{:indent$}{}", "", paint.on(tone, visible_at_start(line)))?;
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
///
/// # Errors
/// When `out` fails.
pub fn field(field: &FieldChange, remark: &str, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = options.paint;
    let columns = if options.columns == 0 { COLUMNS } else { options.columns };
    let (before, after) = sides(field);
    let path = visible_at_start(&field.path);
    let length = visible(&before).width() + visible(&after).width();
    let is_short = length <= 100 && !before.contains('\n') && !after.contains('\n');
    let mut used = INDENT + path.width() + ":".len();
    write!(out, "{:INDENT$}{path}:", "")?;
    if is_short {
        used += length + "  -> ".len();
        let (before, after) = (paint.on(Tone::Remove, visible(&before)), paint.on(Tone::Add, visible(&after)));
        write!(out, " {before} -> {after}")?;
    }
    if remark.is_empty() {
        writeln!(out)?;
    } else if used + REMARK_GAP + remark.width() <= columns {
        writeln!(out, "{:REMARK_GAP$}{}", "", paint.on(Tone::Dim, remark))?;
    } else {
        writeln!(out)?;
        wrapped(remark, INDENT + 2, options, Tone::Dim, out)?;
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
        other => manifest::flow(other),
    }
}

/// Both sides of a difference, each in a line. A password is never shown, only whether there is one and where it comes
/// from.
pub fn sides(field: &FieldChange) -> (String, String) {
    (side(&field.path, &field.before), side(&field.path, &field.after))
}

/// One side of a difference in a line, as [`sides`] has it.
pub fn side(path: &str, value: &Value) -> String {
    if path != PASSWORD_PATH {
        return one_line(value);
    }
    match (value, value.as_object().and_then(|map| map.iter().next())) {
        (Value::Null, _) => "no password".to_owned(),
        // What the server has is told in words.
        (Value::String(words), _) => words.clone(),
        (_, Some((kind, at))) => format!("from {kind} {}", one_line(at)),
        (_, None) => format!("from {}", one_line(value)),
    }
}

/// A value as lines: a text as it is, a command line by its arguments, a list by its entries, a map by its keys.
pub fn lines(value: &Value) -> String {
    let mut text = match value {
        Value::String(text) if text.contains('\n') => text.clone(),
        Value::String(text) => text.split_inclusive(' ').map(|word| format!("{}\n", word.trim_end())).collect(),
        Value::Array(list) => list.iter().map(|entry| format!("{}\n", manifest::flow(entry))).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| entry(&manifest::flow(&json!(key)), value)).collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// One key of a map and its value; a text of several lines stands below.
fn entry(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) if text.contains('\n') => {
            let below: String = text.lines().map(|line| format!("  {line}\n")).collect();
            format!("{key}: |\n{below}")
        }
        other => format!("{key}: {}\n", manifest::flow(other)),
    }
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
            Coverage::Observed | Coverage::NotHeld { .. } => continue,
            Coverage::Partial { why, .. } => ("was read in part", why),
            Coverage::Unreadable { why } => ("could not be read", why),
        };
        let line = format!("Not assessed: {} {word}: {}", kind.name(), visible(why));
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    for what in &plan.coverage.unmodelled {
        writeln!(out, "{}", paint.on(Tone::Warn, format!("Not assessed: {} is not modelled", visible(what))))?;
    }
    for what in not_shown(plan) {
        writeln!(out, "Not assessed: {}", visible(&what))?;
    }
    Ok(())
}

/// What the server's API does not show: kinds in a line, and fields in a line for each kind.
pub fn not_shown(plan: &Plan) -> Vec<String> {
    let is_held = |coverage: &Coverage| !matches!(coverage, Coverage::NotHeld { .. });
    let kinds = plan.coverage.kinds.iter().filter(|(_, coverage)| !is_held(coverage));
    let kinds: Vec<&str> = kinds.map(|(kind, _)| kind.name()).collect();
    let kinds = (!kinds.is_empty()).then(|| format!("the server's API has no {} (CAP-1)", kinds.join(", ")));
    let fields = plan.coverage.unseen.iter().map(|(kind, names)| {
        let names = names.join(", ");
        format!("{}: the server's API does not show {names}, so these are not compared (CAP-5)", kind.name())
    });
    kinds.into_iter().chain(fields).collect()
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

    use super::Options;
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
        let options = Options { paint: Paint { color: false }, full: false, columns: 0 };
        field(&change, &remark(kind, &change, forces), options, &mut out).unwrap();
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
             # reaches nobody who ran it once; a schedule's next run has it (TSK-4, SEQ-2)\n",
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
             {package: A package of some length, program: Install it for every user, dependsOn: []}\n           \
             + {package: A package of some length, program: Remove, dependsOn: []}\n",
        );
    }

    #[test]
    fn a_map_that_is_long_is_compared_by_its_keys() {
        let source = |version: u32| json!({"url": "https://files.example/office/", "directory": format!("\\\\cache\\{version}\\a-name-that-is-long")});
        check(
            Kind::Package,
            "spec.source",
            source(1),
            source(2),
            false,
            "         spec.source:   # only after the next distribution point update (PKG-6, PKG-7)\n             \
             url: https://files.example/office/\n           \
             - directory: '\\\\cache\\1\\a-name-that-is-long'\n           \
             + directory: '\\\\cache\\2\\a-name-that-is-long'\n",
        );
        let query = |end: &str| json!({"sql": format!("select Guid from vComputer\nwhere Name like 'PC%' and Domain = 'OFFICE'\n  and {end}")});
        let text = super::lines(&query("1 = 1"));
        assert_eq!(
            text,
            "sql: |\n  select Guid from vComputer\n  where Name like 'PC%' and Domain = 'OFFICE'\n    and 1 = 1\n"
        );
    }
}
