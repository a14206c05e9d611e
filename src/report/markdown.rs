//! The view as Markdown: the comment on a pull request, the summary of a step.
//!
//! What a reviewer decides on stands first and outside of every fold: the sentence with the largest consequence, what is
//! lost, the table, what to write to accept it. Every piece is whole in itself, so that leaving pieces out leaves no
//! fence and no fold open.

use std::collections::BTreeSet;

use sha2::Digest;
use sha2::Sha256;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::diff::PolicyChange;
use crate::report::budget::Budget;
use crate::report::budget::Host;
use crate::report::budget::Limit;
use crate::report::escape::capped;
use crate::report::escape::code;
use crate::report::escape::fence;
use crate::report::escape::html;
use crate::report::escape::prose;
use crate::report::plan::consequences::grouped;
use crate::report::plan::headline::Danger;
use crate::report::plan::lines;
use crate::report::plan::one_line;
use crate::report::view::ChangeView;
use crate::report::view::FieldView;
use crate::report::view::Group;
use crate::report::view::Level;
use crate::report::view::View;

/// The most characters that the list of what is lost takes at the top.
const LOST_MAX: usize = 1_000;
/// The most characters of a line of a difference.
const LINE_MAX: usize = 500;
/// The most bytes of both sides of a field that is shown whole, before and after; a longer one is told by what differs.
const SIDES_MAX: usize = 160;
/// The most lines of a difference of one field.
const FIELD_LINES: usize = 40;

/// Which side of a drift is which.
const DRIFT_SIDES: &str = "In what follows, `-` is what the manifests say and `+` what the server has.\n\n";

/// The Markdown that a host takes.
pub fn text(view: &View<'_>, host: Host) -> String {
    within(view, host.limit())
}

/// The line by which a tool finds its own comment again: it names command, server and directory and is never shown.
pub fn marker(view: &View<'_>) -> String {
    let server = view.server.as_deref().map(|name| format!(" server={}", plain(name))).unwrap_or_default();
    let directory = view.directory.as_deref().filter(|name| !name.is_empty()).unwrap_or(".");
    format!("<!-- consign:{}{server} dir={} -->", plain(&view.command), plain(directory))
}

/// A name with nothing in it that could end a comment; two names never become one.
fn plain(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || "._/".contains(c);
    if name.chars().all(keep) && name.len() <= 80 {
        return name.to_owned();
    }
    let kept: String = name.chars().map(|c| if keep(c) { c } else { '_' }).take(60).collect();
    let digest: String = Sha256::digest(name.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{kept}.{digest}")
}

/// The Markdown within a limit of at least 2,000.
pub fn within(view: &View<'_>, limit: Limit) -> String {
    cut(view, limit).0
}

/// How many items that are deleted, uninstalled or replaced the Markdown within a limit does not name, for want of room.
pub fn unnamed(view: &View<'_>, limit: Limit) -> usize {
    cut(view, limit).1
}

/// The Markdown, and how much of what is lost it does not name.
fn cut(view: &View<'_>, limit: Limit) -> (String, usize) {
    let mut budget = Budget::new(limit);
    let head = format!("{}\n### {} — {}\n\n", marker(view), title(view), prose(&capped(&view.headline, 400)));
    let end = end(view, &budget);
    budget.take(&end);
    budget.take(&head);
    if view.changes.iter().any(|change| change.danger.is_some()) {
        budget.take(&warning(view.changes.len()));
    }
    let mut out = policy(view, &mut budget);
    let mut named_above = BTreeSet::new();
    out.push_str(&lost(view, &mut budget, &mut named_above));
    out.push_str(&table(view, &mut budget));
    out.push_str(&accept(view, &mut budget));
    if view.command == "drift" && !view.changes.is_empty() && budget.take(DRIFT_SIDES) {
        out.push_str(DRIFT_SIDES);
    }
    let folds = folds(view, &mut budget);
    let lines: BTreeSet<&str> = folds.lines().collect();
    let is_unnamed = |change: &&ChangeView| {
        let is_above = named_above.contains(change.address.as_str());
        change.danger.is_some() && !is_above && !lines.contains(named(change).as_str())
    };
    let unnamed = view.changes.iter().filter(is_unnamed).count();
    let warning = if unnamed > 0 { warning(unnamed) } else { String::new() };
    (format!("{head}{warning}{out}{folds}{end}"), unnamed)
}

/// What is said where there was not room to name everything that is lost.
fn warning(n: usize) -> String {
    format!(
        "**❗ {} of what is lost have no room here and are not named: read the whole report (`--html-into`) first.**\n\n",
        grouped(n as u64)
    )
}

fn title(view: &View<'_>) -> String {
    match &view.server {
        Some(server) => format!("consign {}: {}", prose(&view.command), code(&capped(server, 80))),
        None => format!("consign {}", prose(&view.command)),
    }
}

/// What changes in the policy, before all else; what allows more first.
fn policy(view: &View<'_>, budget: &mut Budget) -> String {
    if view.policy_changes.is_empty() {
        return String::new();
    }
    let mut out = "**The policy changes:**\n\n".to_owned();
    let mut room = budget.share(15);
    room.take(&out);
    let mut all: Vec<&PolicyChange> = view.policy_changes.iter().collect();
    all.sort_by_key(|change| !change.loosens);
    let mut shown = 0;
    for change in &all {
        let side = |value| code(&capped(&one_line(value), 200));
        let more = if change.loosens { " — ⚠ **allows more**" } else { "" };
        let path = code(&capped(&change.path, 200));
        let line = format!("- {path}: {} → {}{more}\n", side(&change.before), side(&change.after));
        if !room.take(&line) {
            break;
        }
        out.push_str(&line);
        shown += 1;
    }
    if shown < all.len() {
        let looser = all[shown..].iter().filter(|change| change.loosens).count();
        let n = grouped((all.len() - shown) as u64);
        out.push_str(&format!("- and {n} more, {} of which allow more\n", grouped(looser as u64)));
    }
    out.push('\n');
    budget.take(&out);
    out
}

/// What is lost, by name, as far as there is room at the top; the folds below name the rest. Adds whom it names.
fn lost<'v>(view: &'v View<'_>, budget: &mut Budget, named: &mut BTreeSet<&'v str>) -> String {
    let mut out = String::new();
    let mut room = Budget::new(Limit::Characters(LOST_MAX.min(budget.left() / 2)));
    for danger in Danger::ALL {
        let names: Vec<&str> = view
            .changes
            .iter()
            .filter(|change| change.danger == Some(danger))
            .map(|change| change.address.as_str())
            .collect();
        if names.is_empty() {
            continue;
        }
        let mut line = format!("**{} {}:**", capital(danger.word()), grouped(names.len() as u64));
        room.take(&line);
        let mut shown = 0;
        for name in &names {
            let name = format!("{} {}", if shown > 0 { "," } else { "" }, code(&capped(name, 120)));
            if !room.take(&name) {
                break;
            }
            line.push_str(&name);
            shown += 1;
        }
        if shown < names.len() {
            line.push_str(&format!(" and {} more", grouped((names.len() - shown) as u64)));
        }
        line.push_str("\n\n");
        if budget.take(&line) {
            out.push_str(&line);
            named.extend(&names[..shown]);
        }
    }
    out
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

const fn mark(level: Level) -> &'static str {
    match level {
        Level::Error => "❌",
        Level::Warning => "⚠",
        Level::Note => "✅",
    }
}

/// The rows of the verdict: what blocks first, then the consequences by number, then what else was found.
fn rows(view: &View<'_>) -> Vec<(Level, String)> {
    let row = |level: Level, cells: [String; 5]| {
        let [rule, what, number, basis, policy] = cells;
        (level, format!("| {} | {rule} | {what} | {number} | {basis} | {policy} |\n", mark(level)))
    };
    let mut rows: Vec<(Level, String)> = Vec::new();
    for one in &view.findings {
        let subject = if one.subject.is_empty() { String::new() } else { format!("{}: ", code(&one.subject)) };
        let place = one.place.as_ref().map(|place| match place.line {
            Some(line) => format!("{}:{line}", place.file),
            None => place.file.clone(),
        });
        let place = place.map(|place| format!(" ({})", code(&place))).unwrap_or_default();
        let help = one.help.as_deref().map(|help| prose(&capped(help, 300))).unwrap_or_default();
        let policy = if one.level == Level::Error { "blocks" } else { "ok" };
        let what = format!("{subject}{}{place}", prose(&capped(&one.message, 400)));
        rows.push(row(one.level, [rule(&one.rule), what, String::new(), help, policy.to_owned()]));
    }
    for one in &view.consequences {
        let level = if one.level < Level::Error && one.policy == "ok" { Level::Note } else { one.level };
        let why = one.details.first().map(|line| format!(": {}", prose(&capped(line, 300)))).unwrap_or_default();
        let number = prose(&one.number);
        let what = format!("{}{why}", code(&one.subject));
        rows.push(row(level, [rule(&one.rule), what, number, prose(&one.basis), prose(&capped(&one.policy, 200))]));
    }
    rows.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    rows
}

fn rule(rule: &str) -> String {
    if rule.is_empty() { String::new() } else { code(rule) }
}

fn table(view: &View<'_>, budget: &mut Budget) -> String {
    let rows = rows(view);
    let summary: String = view.summary.iter().map(|line| format!("{}\n\n", prose(line))).collect();
    budget.take(&summary);
    if rows.is_empty() {
        return summary;
    }
    let mut out =
        "| | code | consequence | number | basis | policy |\n|-|------|-------------|-------:|-------|--------|\n"
            .to_owned();
    let mut room = budget.share(45);
    room.take(&out);
    let mut shown = 0;
    for (_, row) in &rows {
        if !room.take(row) {
            break;
        }
        out.push_str(row);
        shown += 1;
    }
    if shown < rows.len() {
        let errors = rows[shown..].iter().filter(|(level, _)| *level == Level::Error).count();
        let n = rows.len() - shown;
        out.push_str(&format!(
            "| | | and {} more, {} of which block | | | |\n",
            grouped(n as u64),
            grouped(errors as u64)
        ));
    }
    out.push('\n');
    budget.take(&out);
    out + &summary
}

/// What to write to accept what blocks, outside of every fold.
fn accept(view: &View<'_>, budget: &mut Budget) -> String {
    if view.to_accept.is_empty() {
        return String::new();
    }
    let mut out = "#### To accept\n\n".to_owned();
    let mut room = budget.share(40);
    room.take(&out);
    let mut shown = 0;
    for one in &view.to_accept {
        let place = match &one.item {
            Some(item) => format!("In the manifest of {}", code(item)),
            None => "In `consign.yaml`".to_owned(),
        };
        let body: Vec<String> = one.yaml.lines().map(|line| visible_at_start(line).into_owned()).collect();
        let fence = fence(&body);
        let rules: Vec<String> = one.rules.iter().map(|rule| code(rule)).collect();
        let piece = format!("{place} ({}):\n\n{fence}yaml\n{}\n{fence}\n\n", rules.join(", "), body.join("\n"));
        if !room.take(&piece) {
            break;
        }
        out.push_str(&piece);
        shown += 1;
    }
    if shown < view.to_accept.len() {
        let n = grouped((view.to_accept.len() - shown) as u64);
        out.push_str(&format!("{n} more: `consign show PLAN` writes them all.\n\n"));
    }
    budget.take(&out);
    out
}

/// What is folded: changes that differ by name only, in one fold; those that are alone in a fold by kind.
struct Fold {
    summary: String,
    /// Lines that stand before the items.
    head: Vec<String>,
    /// Items, each one or more lines.
    items: Vec<String>,
}

fn folds(view: &View<'_>, budget: &mut Budget) -> String {
    let folds = made(view);
    let mut out = String::new();
    let mut left_out = 0;
    for (at, fold) in folds.iter().enumerate() {
        let still = folds.len() - at;
        // Every fold to come keeps a part, so that one long one does not push all others out; what is lost may.
        let is_lost = fold.summary.starts_with(LOST);
        let mut room = budget.share(if is_lost || still == 1 { 100 } else { (200 / still).clamp(5, 60) });
        match fold.within(&mut room) {
            Some(text) if budget.take(&text) => out.push_str(&text),
            _ => left_out += 1,
        }
    }
    if left_out > 0 {
        let line = format!("{left_out} more groups of changes are in the full report (`--html-into`).\n\n");
        if budget.take(&line) {
            out.push_str(&line);
        }
    }
    out
}

fn made(view: &View<'_>) -> Vec<Fold> {
    let mut out: Vec<Fold> = Vec::new();
    let mut alone: Vec<(String, Vec<&ChangeView>)> = Vec::new();
    for group in &view.groups {
        let first = &view.changes[group.members[0]];
        if group.members.len() > 1 {
            out.push(together(view, group));
            continue;
        }
        let name = format!("{:?} {} {}", first.danger, first.action, first.kind);
        match alone.iter_mut().find(|(other, _)| *other == name) {
            Some((_, list)) => list.push(first),
            None => alone.push((name, vec![first])),
        }
    }
    out.extend(alone.into_iter().map(|(_, list)| apart(&list)));
    // What is lost first, in either form.
    out.sort_by_key(|fold| !fold.summary.starts_with(LOST));
    out
}

/// How the summary of a fold of what is lost begins.
const LOST: &str = "❗ ";

fn headed(first: &ChangeView, n: usize) -> String {
    let lost = if first.danger.is_some() { LOST } else { "" };
    let takes_off = if first.danger == Some(Danger::Uninstalls) { " — uninstalls software" } else { "" };
    let acts = if first.acts { " — computers will act" } else { "" };
    let (n, kind, what) = (grouped(n as u64), html(first.kind), first.action.replace('_', " "));
    format!("{lost}<code>{}</code> {n} × {kind}: {what}{takes_off}{acts}", html(first.sign))
}

fn together(view: &View<'_>, group: &Group) -> Fold {
    let first = &view.changes[group.members[0]];
    let mut head: Vec<String> = Vec::new();
    if first.action != "create" {
        head.extend(first.reason.iter().map(|reason| format!("# {}", visible(&capped(reason, LINE_MAX)))));
    }
    head.extend(first.remarks.iter().map(|remark| format!("# {}", visible(&capped(remark, LINE_MAX)))));
    head.extend(first.fields.iter().flat_map(field));
    let items = group.members.iter().map(|at| named(&view.changes[*at])).collect();
    Fold { summary: headed(first, group.members.len()), head, items }
}

fn apart(list: &[&ChangeView]) -> Fold {
    let items = list.iter().map(|change| {
        let mut lines = vec![named(change)];
        if change.action != "create" {
            lines.extend(change.reason.iter().map(|reason| format!("#   {}", visible(&capped(reason, LINE_MAX)))));
        }
        lines.extend(change.remarks.iter().map(|remark| format!("#   {}", visible(&capped(remark, LINE_MAX)))));
        lines.extend(change.fields.iter().flat_map(field));
        lines.join("\n")
    });
    Fold { summary: headed(list[0], list.len()), head: Vec::new(), items: items.collect() }
}

/// An item as a line of a difference: its sign colours it where hosts do so.
fn named(change: &ChangeView) -> String {
    let address = visible(&capped(&change.address, LINE_MAX)).into_owned();
    match change.sign {
        "+" | "-" => format!("{} {address}", change.sign),
        "=" => format!("  {address}"),
        sign => format!("! {sign} {address}"),
    }
}

fn field(field: &FieldView) -> Vec<String> {
    let line = |sign: &str, text: &str| format!("{sign}     {}", visible(&capped(text, LINE_MAX)));
    let (before, after) = field.sides();
    let head = format!("#   {}   {}", visible(&field.path), visible(&field.remark)).trim_end().to_owned();
    if before.len() + after.len() <= SIDES_MAX && !before.contains('\n') && !after.contains('\n') {
        return vec![head, line("-", &before), line("+", &after)];
    }
    let (before, after) = (lines(&field.before), lines(&field.after));
    let diff = similar::TextDiff::from_lines(&before, &after);
    let mut out = vec![head];
    for change in diff.grouped_ops(1).iter().flatten().flat_map(|op| diff.iter_changes(op)) {
        let sign = match change.tag() {
            similar::ChangeTag::Delete => "-",
            similar::ChangeTag::Insert => "+",
            similar::ChangeTag::Equal => " ",
        };
        if out.len() > FIELD_LINES {
            out.push("#     … more lines".to_owned());
            break;
        }
        out.push(line(sign, change.value().trim_end_matches('\n')));
    }
    out
}

impl Fold {
    /// The fold as far as there is room, shortened in the middle; `None` where there is not room for one item.
    fn within(&self, room: &mut Budget) -> Option<String> {
        let all: Vec<String> = self.head.iter().chain(&self.items).cloned().collect();
        let fence = fence(&all);
        let open = format!("<details><summary>{}</summary>\n\n{fence}diff\n", self.summary);
        let close = format!("{fence}\n\n</details>\n\n");
        let cut = "# … 1,000,000 more\n";
        let head: String = self.head.iter().map(|line| format!("{line}\n")).collect();
        if !room.take(&open) || !room.take(&close) || !room.take(cut) || !room.take(&head) {
            return None;
        }
        let total = self.items.len();
        let mut front = 0;
        let mut back = 0;
        let mut first_part = room.share(70);
        while front < total && first_part.take(&self.items[front]) && first_part.take("\n") {
            front += 1;
        }
        let used: String = self.items[..front].iter().map(|item| format!("{item}\n")).collect();
        room.take(&used);
        while front + back < total && room.take(&self.items[total - 1 - back]) && room.take("\n") {
            back += 1;
        }
        if front + back == 0 {
            return None;
        }
        let mut body = used;
        if front + back < total {
            body.push_str(&format!("# … {} more\n", grouped((total - front - back) as u64)));
        }
        self.items[total - back..].iter().for_each(|item| body.push_str(&format!("{item}\n")));
        Some(format!("{open}{head}{body}{close}"))
    }
}

/// What was not assessed, which plan it is, and how to make it so.
fn end(view: &View<'_>, budget: &Budget) -> String {
    let mut out = String::new();
    let mut room = budget.share(12);
    let mut shown = 0;
    for line in &view.not_assessed {
        let line = format!("- {}\n", prose(&capped(line, 300)));
        if !room.take(&line) {
            break;
        }
        out.push_str(&line);
        shown += 1;
    }
    if !view.not_assessed.is_empty() {
        let rest = view.not_assessed.len() - shown;
        let rest = if rest > 0 { format!("- and {rest} more\n") } else { String::new() };
        out = format!("Not assessed:\n\n{out}{rest}\n");
    }
    let mut room = budget.share(8);
    for note in view.notes.iter().map(|note| format!("Note: {}\n\n", prose(&capped(note, 300)))) {
        if room.take(&note) {
            out.push_str(&note);
        }
    }
    let mut facts = Vec::new();
    facts.extend(view.hash.as_ref().map(|hash| format!("plan {}", code(hash))));
    if let Some(revision) = &view.revision {
        let branch = revision.branch.as_ref().map(|branch| format!(" on {}", code(branch))).unwrap_or_default();
        let dirty = if revision.dirty { ", with changes that are not committed" } else { "" };
        facts.push(format!("commit {}{branch}{dirty}", code(&revision.commit)));
    }
    facts.extend(view.made_at.map(|at| format!("made {}", at.strftime("%Y-%m-%d %H:%M UTC"))));
    facts.extend(view.expires.map(|at| format!("expires {}", at.strftime("%Y-%m-%d %H:%M UTC"))));
    facts.push(format!("exit code {} ({})", view.exit.code, prose(view.exit.name)));
    out.push_str(&format!("{}\n", facts.join(" · ")));
    if let Some(command) = &view.apply {
        let command = vec![visible(&capped(command, 1_000)).into_owned()];
        let fence = fence(&command);
        out.push_str(&format!("\n{fence}console\n{}\n{fence}\n", command[0]));
    }
    out
}
