//! What the computers would do, as text: the list, what to paste to accept it, the line with the numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use jiff::Timestamp;

use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::project::Severity;
use crate::plan::Basis;
use crate::plan::Change;
use crate::plan::Consequence;
use crate::plan::Endpoints;
use crate::plan::Fix;
use crate::plan::Plan;
use crate::report::paint::Paint;
use crate::report::paint::Tone;
use crate::report::plan::Options;
use crate::report::plan::wrapped;

/// How many consequences of one rule and kind are told, with and without a number, before the rest is a count.
const TOLD: (usize, usize) = (15, 3);

/// How long an acknowledgement that is proposed holds, in days.
const ACCEPTED_DAYS: i64 = 30;

/// The addresses of the changes because of which computers act.
pub struct Acting<'p> {
    counted: BTreeSet<&'p str>,
    is_fleet_known: bool,
}

impl<'p> Acting<'p> {
    /// Of a plan.
    pub fn of(plan: &'p Plan) -> Self {
        let acting = plan.consequences.iter().filter(|one| one.magnitude.unit == "computers" && acts(&one.kind));
        let counted = acting.flat_map(|one| one.because.iter().map(String::as_str)).collect();
        Self { counted, is_fleet_known: plan.coverage.computers.read_at.is_some() }
    }

    /// Whether computers act because of a change; where nobody knows the computers, whether they could.
    pub fn has(&self, change: &Change) -> bool {
        self.counted.contains(change.address.as_str()) || (!self.is_fleet_known && could_act(change))
    }
}

/// Whether a kind of consequence is something that computers do, and not something that they do not.
pub fn acts(kind: &str) -> bool {
    !matches!(kind, "keeps_what_it_has" | "not_reached" | "left_behind" | "licence_not_returned" | "never_available")
}

fn could_act(change: &Change) -> bool {
    let acts = |item: &crate::model::item::Item| {
        item.spec.enabled() == Some(true) && item.spec.targets().is_some_and(|targets| !targets.is_empty())
    };
    change.key.kind.is_active() && (change.after.as_ref().is_some_and(acts) || change.before.as_ref().is_some_and(acts))
}

/// The list: what blocks first, then by number, the largest first.
pub(super) fn list(plan: &Plan, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let Options { paint, full, .. } = options;
    if plan.consequences.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, "Consequences:"))?;
    let mut told: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    let mut left: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    for one in in_order(plan) {
        let group = (one.code.as_str(), one.kind.as_str(), one.magnitude.value.is_some());
        let n = told.entry(group).or_default();
        *n += 1;
        let most = if group.2 { TOLD.0 } else { TOLD.1 };
        if !full && *n > most && one.severity != Severity::Error {
            *left.entry(group).or_default() += 1;
            continue;
        }
        consequence(plan, one, options, out)?;
    }
    for ((code, kind, is_known), n) in left {
        let number = if is_known { "" } else { ", numbers unknown" };
        let (code, words) = (visible_at_start(code), words(kind));
        let line = format!("    {code} and {n} more: {}{number} (--full names them)", visible(&words));
        writeln!(out, "{}", paint.on(Tone::Dim, line))?;
    }
    Ok(())
}

/// The consequences: what blocks first, then what matters most, the largest first.
pub fn in_order(plan: &Plan) -> Vec<&Consequence> {
    let mut order: Vec<&Consequence> = plan.consequences.iter().collect();
    order.sort_by_key(|one| {
        let rank = rank(&one.kind);
        (std::cmp::Reverse(one.severity), rank, std::cmp::Reverse(one.magnitude.value), &one.code)
    });
    order
}

/// What matters most stands first.
fn rank(kind: &str) -> u8 {
    match kind {
        "re_run" | "newly_targeted" | "never_fit" | "licences_taken" | "without_a_licence" => 0,
        "held_back_no_more" | "restart" | "log_off" | "start_passed" => 1,
        _ => 2,
    }
}

fn consequence(plan: &Plan, one: &Consequence, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = options.paint;
    let tone = if one.severity == Severity::Error { Tone::Remove } else { Tone::Warn };
    let mark = if acts(&one.kind) && one.magnitude.unit == "computers" { "!" } else { " " };
    let head = paint.on(tone, format!("  {mark} {}", visible_at_start(&one.code)));
    let number = format!("{}{}", magnitude(one), parts(one));
    let number = visible(&number);
    writeln!(
        out,
        "{head} {}: {number}  {}",
        visible(&one.subject),
        paint.on(Tone::Dim, format!("[{}]", basis(plan, one)))
    )?;
    for (tone, line) in told_of(one, tone) {
        wrapped(&line, 6, options, tone, out)?;
    }
    Ok(())
}

/// How a consequence comes about, with causes, samples, safer ways and limits, a line each; `limits`: how a limit is
/// painted.
fn told_of(one: &Consequence, limits: Tone) -> Vec<(Tone, String)> {
    let mut lines = vec![(Tone::Plain, one.mechanism.clone())];
    if let Some(because) = because(one) {
        lines.push((Tone::Plain, because));
    }
    if !one.sample.is_empty() {
        lines.push((Tone::Dim, sample(one)));
    }
    lines.extend(one.fixes.iter().map(|fix| (Tone::Plain, safer(fix))));
    lines.extend(one.over.iter().map(|over| (limits, format!("over the limit: {over}"))));
    lines.extend(one.lapsed.iter().map(|lapsed| (limits, lapsed.clone())));
    lines.extend(one.acknowledged.iter().map(|reason| (Tone::Plain, format!("acknowledged: {reason}"))));
    lines
}

/// The same without colours.
pub fn details(one: &Consequence) -> Vec<String> {
    told_of(one, Tone::Plain).into_iter().map(|(_, line)| line).collect()
}

/// The other changes that it follows from, the first few by name.
fn because(one: &Consequence) -> Option<String> {
    let others: Vec<&str> = one.because.iter().filter(|address| **address != one.subject).map(String::as_str).collect();
    let rest = others.len().saturating_sub(5);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let shown = others.get(..5).unwrap_or(&others);
    (!shown.is_empty()).then(|| format!("because of {}{rest}", shown.join(", ")))
}

/// Some of those that it is about, or all.
fn sample(one: &Consequence) -> String {
    let list = one.sample.join(", ");
    if one.sample_truncated { format!("such as {list}") } else { list }
}

fn safer(fix: &Fix) -> String {
    let forecast: Vec<String> = fix.forecast.iter().map(|(kind, n)| format!("{} {}", count(*n), words(kind))).collect();
    let places: Vec<String> = fix.edits.iter().map(|edit| format!("{}:{}", edit.file, edit.line)).collect();
    let places = if places.is_empty() { String::new() } else { format!("; at {}", places.join(", ")) };
    format!("safer: {} ({}){places}", fix.message, forecast.join(", "))
}

/// The number with what it counts: `4,812 re-run`.
pub fn magnitude(one: &Consequence) -> String {
    let what = words(&one.kind);
    let number = match (one.magnitude.value, one.magnitude.low, one.magnitude.high) {
        (Some(value), Some(low), _) if low < value => format!("{} to {}", grouped(low), grouped(value)),
        (Some(value), ..) => grouped(value),
        (None, _, Some(high)) => format!("unknown, at most {},", grouped(high)),
        (None, ..) => "unknown".to_owned(),
    };
    let unit = match (one.magnitude.unit.as_str(), one.magnitude.value) {
        ("computers", _) => Cow::Borrowed(""),
        ("entries", Some(1)) => Cow::Borrowed("entry"),
        ("programs", Some(1)) => Cow::Borrowed("program"),
        ("rights", Some(1)) => Cow::Borrowed("right"),
        ("sequential tasks", Some(1)) => Cow::Borrowed("sequential task"),
        (other, _) => visible(other),
    };
    let space = if unit.is_empty() { "" } else { " " };
    let what = match (one.magnitude.value, what.strip_prefix("have ")) {
        (Some(1), Some(rest)) => format!("has {rest}"),
        _ => what,
    };
    format!("{number}{space}{unit} {what}")
}

/// What the number is made of, in brackets after a space, without the parts that are nothing beside others; empty where
/// nothing is known of it.
pub fn parts(one: &Consequence) -> String {
    if one.parts.is_empty() {
        return String::new();
    }
    let all_nothing = one.parts.values().all(|n| *n == 0);
    let list: Vec<String> = one
        .parts
        .iter()
        .filter(|(_, n)| all_nothing || **n > 0)
        .map(|(name, n)| if name == "bytes" { bytes(*n) } else { format!("{} {}", grouped(*n), words(name)) })
        .collect();
    format!(" ({})", list.join(", "))
}

/// Where the number comes from, and how old it is: `confirmed, 2 h old`.
pub fn basis(plan: &Plan, one: &Consequence) -> String {
    let word = match one.basis {
        Basis::Confirmed => "confirmed",
        Basis::Derived => "derived",
        Basis::Estimated => "estimated",
        Basis::Unknown => "unknown",
    };
    match one.observed_at {
        Some(at) => format!("{word}, {}", age(at, plan.timestamp)),
        None => word.to_owned(),
    }
}

/// How old something is, in the unit that fits.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    match (now.as_second() - at.as_second()).max(0) {
        seconds if seconds < 120 => "just read".to_owned(),
        seconds if seconds < 2 * 3600 => format!("{} min old", seconds / 60),
        seconds if seconds < 2 * 86_400 => format!("{} h old", seconds / 3600),
        seconds => format!("{} days old", seconds / 86_400),
    }
}

/// A number with a mark at each thousand, or `unknown`.
pub fn count(n: Option<u64>) -> String {
    n.map_or_else(|| "unknown".to_owned(), grouped)
}

/// A number with a mark at each thousand.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut rest = n;
    while rest >= 10_240 && unit + 1 < UNITS.len() {
        rest /= 1024;
        unit += 1;
    }
    format!("{} {}", grouped(rest), UNITS[unit])
}

/// A kind of consequence in words, to stand after a number.
pub fn words(kind: &str) -> String {
    match kind {
        "re_run" => "re-run".to_owned(),
        "begin_to_run" => "begin to run it".to_owned(),
        "run_no_longer" => "no longer run it by themselves".to_owned(),
        "run_what_changed" => "run what changed".to_owned(),
        "opens_at_other_times" => "have it open at other times".to_owned(),
        "available_otherwise" => "have it available otherwise".to_owned(),
        "shorter_countdown" => "have a shorter countdown".to_owned(),
        "other_times" => "run it at other times".to_owned(),
        "takes_a_licence" => "take a licence".to_owned(),
        "comes_under" => "come under it".to_owned(),
        "no_longer_under" => "are no longer under it".to_owned(),
        "start_passed" => "whose start has passed".to_owned(),
        "lacks_the_plugin" => "lack the plug-in".to_owned(),
        "waits_for_a_longer_window" => "wait for a longer window".to_owned(),
        "fits_now" => "had no window for it, and can run it now".to_owned(),
        "enter" => "enter".to_owned(),
        "leave" => "leave".to_owned(),
        "download" => "download it".to_owned(),
        "never_fit" => "never run it".to_owned(),
        "restart" => "restart".to_owned(),
        "log_off" => "are logged off".to_owned(),
        "not_reached" => "already ran it, and do not get the change".to_owned(),
        "keeps_what_it_has" => "keep what they have".to_owned(),
        "notified_at_once" => "notified at once".to_owned(),
        "never_available" => "never run it".to_owned(),
        "hidden_entries_left" => "left behind".to_owned(),
        "held_back_no_more" => "no longer held back".to_owned(),
        "licences_taken" => "take a licence".to_owned(),
        other => visible(&other.replace('_', " ")).into_owned(),
    }
}

/// What to write somewhere to accept what blocks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Acceptance {
    /// The rules it is for.
    pub rules: Vec<String>,
    /// The item in whose manifest it is written; `None`: the project file.
    pub item: Option<String>,
    /// It, as YAML that begins at the top of that document.
    pub yaml: String,
}

/// What to write to accept what blocks, by the item whose manifest takes it: one entry a rule covers the largest.
pub fn acceptances(plan: &Plan) -> Vec<Acceptance> {
    let mut by_item: BTreeMap<String, BTreeMap<&str, Vec<&Consequence>>> = BTreeMap::new();
    let mut homeless: BTreeMap<&str, Vec<&Consequence>> = BTreeMap::new();
    for one in plan.consequences.iter().filter(|one| one.severity == Severity::Error) {
        match home(plan, one) {
            Some(address) => by_item.entry(address).or_default().entry(&one.code).or_default().push(one),
            None => homeless.entry(&one.code).or_default().push(one),
        }
    }
    let expires = plan.timestamp.saturating_add(jiff::SignedDuration::from_hours(24 * ACCEPTED_DAYS));
    let expires = expires.unwrap_or(plan.timestamp).to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut out = Vec::new();
    for (address, rules) in by_item {
        let mut yaml = "metadata:\n  acknowledge:\n".to_owned();
        for (rule, many) in &rules {
            let rule = visible(rule);
            let unknown = many.iter().any(|one| one.magnitude.value.is_none());
            let most =
                many.iter().filter_map(|one| one.magnitude.value.map(|n| n.max(one.magnitude.high.unwrap_or(0))));
            if let Some(most) = most.max() {
                yaml.push_str(&format!("    - {{rule: {rule}, upTo: {most}, expires: {expires}, reason: say why}}\n"));
            }
            if unknown {
                yaml.push_str(&format!("    - {{rule: {rule}, expires: {expires}, reason: say why}}\n"));
            }
        }
        out.push(Acceptance { rules: rules.keys().map(ToString::to_string).collect(), item: Some(address), yaml });
    }
    for (rule, many) in homeless {
        let name = visible_at_start(rule);
        let most = many.iter().map(|one| one.magnitude.value).collect::<Option<Vec<u64>>>();
        let yaml = match most.and_then(|all| all.into_iter().max()) {
            Some(most) => format!("policy:\n  limits:\n    {name}: {most}\n"),
            None => format!("policy:\n  severities:\n    {name}: off   # its number is not known\n"),
        };
        out.push(Acceptance { rules: vec![rule.to_owned()], item: None, yaml });
    }
    out
}

/// What to write to accept what blocks, whole and ready to paste.
pub(super) fn to_accept(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let acceptances = acceptances(plan);
    if acceptances.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, "To accept:"))?;
    for one in acceptances {
        match &one.item {
            Some(address) => writeln!(out, "  in the manifest of {}:", visible(address))?,
            None => {
                let rules = one.rules.join(", ");
                writeln!(
                    out,
                    "  {} is about items that have no manifest; in `consign.yaml`:",
                    visible_at_start(&rules)
                )?;
            }
        }
        for line in one.yaml.lines() {
            writeln!(out, "    {}", visible(line))?;
        }
    }
    Ok(())
}

/// The item in whose manifest a consequence can be acknowledged: its subject, else what it follows from.
fn home(plan: &Plan, one: &Consequence) -> Option<String> {
    let candidates = std::iter::once(&one.subject).chain(&one.because);
    candidates.filter_map(|address| ItemKey::parse(address)).find_map(|key| {
        let is_kept = plan.resource_changes.iter().any(|change| change.key == key && change.after.is_some());
        // A program is written in its package's manifest.
        let home = key.package.as_ref().map(|package| ItemKey::new(Kind::Package, package.as_str()));
        is_kept.then(|| home.unwrap_or(key).to_string())
    })
}

/// What was not known of the computers, a line each.
pub fn not_assessed_lines(plan: &Plan) -> Vec<String> {
    let computers = &plan.coverage.computers;
    if plan.consequences.is_empty() && !plan.resource_changes.iter().any(could_act) {
        return Vec::new();
    }
    let mut lines: Vec<String> = computers.gaps.clone();
    if let Some(at) = computers.read_at.filter(|at| plan.timestamp.as_second() - at.as_second() >= 86_400) {
        lines.push(format!("what computers did since: what is known of them is {}", age(at, plan.timestamp)));
    }
    if computers.read_at.is_some() && computers.not_seen > 0 {
        let who = computers_in_words(computers.not_seen);
        let are = if computers.not_seen == 1 { "is" } else { "are" };
        lines.push(format!("whether {who} not seen for 30 days {are} still there"));
    }
    if computers.unknown_zone > 0 {
        let who = computers_in_words(computers.unknown_zone);
        lines.push(format!("{who} whose time zone is not known, read as UTC"));
    }
    lines
}

/// The same as text.
pub(super) fn not_assessed(plan: &Plan, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for line in not_assessed_lines(plan) {
        writeln!(out, "{}", paint.on(Tone::Warn, format!("Not assessed: {}", visible(&line))))?;
    }
    Ok(())
}

fn computers_in_words(n: u64) -> String {
    if n == 1 { "1 computer".to_owned() } else { format!("{} computers", grouped(n)) }
}

/// `Endpoints: 4,812 re-run, 37 newly targeted, 0 never fit, 340 licences (headroom 12).`
pub fn endpoints_line(endpoints: &Endpoints) -> String {
    let Endpoints { re_run, newly_targeted, never_fit, licences, headroom } = endpoints;
    format!(
        "Endpoints: {} re-run, {} newly targeted, {} never fit, {} licences (headroom {}).",
        count(*re_run),
        count(*newly_targeted),
        count(*never_fit),
        count(*licences),
        count(*headroom)
    )
}

/// The line, where any change reaches computers or could.
pub(super) fn endpoints(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let acting = Acting::of(plan);
    if !plan.resource_changes.iter().any(|change| acting.has(change)) {
        return Ok(());
    }
    writeln!(out, "{}", endpoints_line(&plan.endpoints))
}
