//! A forecast as text: what runs when, what never does and why, restarts, licences, downloads. Its JSON is the forecast
//! itself.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::scenario::Scenario;
use crate::agent::scenario::Users;
use crate::diag::visible;
use crate::forecast::Forecast;
use crate::forecast::Hour;
use crate::forecast::TaskForecast;
use crate::forecast::Why;
use crate::forecast::compare::Comparison;
use crate::forecast::compare::Counted;
use crate::forecast::difference::Difference;
use crate::forecast::difference::Pair;
use crate::forecast::difference::TaskDifference;
use crate::model::fleet::Part;
use crate::report::paint::Paint;
use crate::report::paint::Tone;

/// The widest bar.
const BAR: u64 = 30;
/// How many lines a timeline has at the most.
const LINES: usize = 16;
/// A timeline that is no longer than this is told by the hour, else by the day.
const BY_THE_HOUR: i64 = 36 * 3600;

/// Writes a forecast as text, the summary last. `title` says of what it is.
///
/// # Errors
/// When `out` fails.
pub fn text(forecast: &Forecast, title: &str, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let zone = zone(&forecast.server_zone);
    let (from, to) = (minute(forecast.from, &zone), minute(forecast.to, &zone));
    writeln!(out, "{}", paint.on(Tone::Strong, format!("consign forecast: {}, {from} to {to}", visible(title))))?;
    let clock = visible(&forecast.server_zone);
    writeln!(out, "Times are on the server's clock ({clock}); schedules run on each computer's own (TSK-5).")?;
    writeln!(out, "Taken for granted: {}", assumptions(&forecast.scenario))?;
    writeln!(out, "  {ALWAYS}")?;
    population(forecast, paint, out)?;
    gaps(forecast, paint, out)?;
    for task in &forecast.tasks {
        writeln!(out)?;
        self::task(task, &zone, paint, out)?;
    }
    restarts(forecast, &zone, paint, out)?;
    licences(forecast, &zone, paint, out)?;
    downloads(forecast, &zone, paint, out)?;
    writeln!(out, "\n{}", paint.on(Tone::Strong, summary(forecast)))
}

fn zone(name: &str) -> TimeZone {
    crate::forecast::classes::time_zone(name)
}

/// What every forecast takes for granted (A-1, PRG-8, COL-2): it is the most and the soonest that can be.
const ALWAYS: &str = "all computers are on and hear of everything at the first minute; users who are logged on are one to a computer, \
                      and of those that a program names (PRG-8); who is in which collection stays as it is (COL-2); who did not say how a run went has it still before them.";

/// An instant on a clock, to the minute.
pub fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What users do, to stand after "users".
const fn users(users: Users) -> &'static str {
    match users {
        Users::AcceptAtOnce => "accept every prompt at once",
        Users::DeferToTheEnd => "put everything off as long as they are let",
        Users::Absent => "are not logged on",
    }
}

fn assumptions(scenario: &Scenario) -> String {
    let named = match scenario.programs.len() {
        0 => String::new(),
        n => format!(" ({n} programs are said to do otherwise)"),
    };
    let plain = crate::agent::scenario::Outcome::default();
    let network = match scenario.network_kbps {
        None => "the network is there and fast enough".to_owned(),
        Some(0) => "the network is away for programs that want one (PRG-12)".to_owned(),
        Some(speed) => format!("the network does {speed} KB/s for programs that want one (PRG-12)"),
    };
    format!(
        "users {}; programs run {} and succeed{named}; a download takes {}, a restart {}; {network}.",
        users(scenario.users),
        plain.run_time,
        scenario.download,
        scenario.restart
    )
}

fn population(forecast: &Forecast, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let it = &forecast.computers;
    writeln!(out, "\nComputers: {} of {}, in {} kinds", it.simulated, it.known, it.kinds)?;
    if it.retired > 0 {
        writeln!(out, "  retired: {} (they do nothing, LIC-4)", it.retired)?;
    }
    if it.not_seen > 0 {
        let never = if it.never_seen > 0 { format!(" ({} of them never)", it.never_seen) } else { String::new() };
        let line = format!("  not seen for {} days: {}{never}; they are left out", it.not_seen_days, it.not_seen);
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    for (zone, n) in &it.unknown_zones {
        let line = format!("  zone `{}` is not in the database: {n} computers there are read as UTC", visible(zone));
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    Ok(())
}

fn gaps(forecast: &Forecast, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for (part, why) in &forecast.gaps {
        let what = match part {
            Part::Computers => "which computers there are",
            Part::Members => "who is in which collection",
            Part::History => "who ran what (so everybody is taken to have run nothing)",
            Part::Packages => "who has which package (so everybody downloads)",
            Part::Licences => "patch licences",
        };
        writeln!(out, "{}", paint.on(Tone::Warn, format!("Not known: {what}: {}", visible(why))))?;
    }
    for item in &forecast.unsure {
        let line = format!("Not certain: {}: {}", visible(&item.key.to_string()), visible(&item.why));
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    for item in &forecast.unassessed {
        let line = format!("Not assessed: {}: {}", visible(&item.key.to_string()), visible(&item.why));
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    Ok(())
}

fn task(task: &TaskForecast, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let TaskForecast { reached, started, runs, succeeded, failed, killed, done_before, .. } = task;
    let name = task.key.to_string();
    let mut line = format!("{started} of {reached} start it");
    if runs != started {
        line.push_str(&format!(", {runs} times"));
    }
    line.push_str(&format!("; {succeeded} succeed"));
    let under_way = runs.saturating_sub(succeeded + failed);
    for (n, word) in [
        (failed, "fail"),
        (killed, "are killed at the limit"),
        (&under_way, "not at their end by then"),
        (done_before, "ran it before"),
    ] {
        if *n > 0 {
            line.push_str(&format!(", {n} {word}"));
        }
    }
    writeln!(out, "{}: {line}", paint.on(Tone::Strong, visible(&name)))?;
    first_starts(task, zone, out)?;
    let hours: Vec<Hour> = task.timeline.iter().map(|one| Hour { at: one.at, count: one.started }).collect();
    timeline(&hours, zone, out)?;
    for never in &task.never {
        let rule = never.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
        let names: Vec<String> = never.sample.iter().map(|name| visible(name).into_owned()).collect();
        let more = if never.computers > never.sample.len() as u64 { ", …" } else { "" };
        let tone = if matches!(never.why, Why::NotDue | Why::Manual) { Tone::Dim } else { Tone::Warn };
        let line = format!("  never: {} {}{rule}: {}{more}", never.computers, never.why.words(), names.join(", "));
        writeln!(out, "{}", paint.on(tone, line))?;
    }
    Ok(())
}

/// The earliest and the latest first start over all that users may do.
fn first_starts(task: &TaskForecast, zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    let earliest = task.users.iter().filter_map(|one| Some((one.first?, one.users))).min();
    let latest = task.users.iter().filter_map(|one| Some((one.last?, std::cmp::Reverse(one.users)))).max();
    let (Some((first, first_users)), Some((last, std::cmp::Reverse(last_users)))) = (earliest, latest) else {
        return Ok(());
    };
    if task.users.iter().all(|one| (one.started, one.first, one.last) == (task.started, Some(first), Some(last))) {
        let (first, last) = (minute(first, zone), minute(last, zone));
        return writeln!(out, "  first starts: {first} to {last}, whatever users do");
    }
    let (first_at, last_at) = (minute(first, zone), minute(last, zone));
    writeln!(
        out,
        "  first starts: {first_at} (when users {}) to {last_at} (when they {})",
        users(first_users),
        users(last_users)
    )?;
    for one in task.users.iter().filter(|one| one.started != task.started) {
        writeln!(out, "  when users {}, {} start it", users(one.users), one.started)?;
    }
    Ok(())
}

/// Numbers by hour or by day, each with a bar.
fn timeline(hours: &[Hour], zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    let hours: Vec<Hour> = hours.iter().filter(|hour| hour.count > 0).copied().collect();
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return Ok(()) };
    let by_hour = last.at.duration_since(first.at).as_secs() < BY_THE_HOUR;
    let mut rows: Vec<(String, u64)> = Vec::new();
    for hour in &hours {
        let label = hour.at.to_zoned(zone.clone());
        let label = label.strftime(if by_hour { "%a %m-%d %H:%M" } else { "%a %m-%d" }).to_string();
        match rows.last_mut().filter(|(before, _)| *before == label) {
            Some((_, count)) => *count += hour.count,
            None => rows.push((label, hour.count)),
        }
    }
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    for (label, count) in rows.iter().take(LINES) {
        writeln!(out, "  {label}  {:<width$} {count}", bar(*count, most), width = BAR as usize)?;
    }
    if rows.len() > LINES {
        let rest: u64 = rows[LINES..].iter().map(|(_, count)| count).sum();
        let unit = if by_hour { "hours" } else { "days" };
        writeln!(out, "  and {rest} on {} more {unit}", rows.len() - LINES)?;
    }
    Ok(())
}

/// A bar; what is there at all shows.
fn bar(count: u64, most: u64) -> String {
    let length = (count.saturating_mul(BAR) / most).max(u64::from(count > 0));
    "#".repeat(usize::try_from(length).unwrap_or(0))
}

fn restarts(forecast: &Forecast, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let total: u64 = forecast.restarts.iter().map(|hour| hour.count).sum();
    if total == 0 {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.on(Tone::Strong, format!("Restarts: {total}")))?;
    timeline(&forecast.restarts, zone, out)?;
    writeln!(out, "  by hour of day on the computers' own clocks:")?;
    let most = forecast.restarts_by_local_hour.iter().copied().max().unwrap_or(1).max(1);
    for (hour, count) in forecast.restarts_by_local_hour.iter().enumerate().filter(|(_, count)| **count > 0) {
        writeln!(out, "    {hour:02}:00  {:<width$} {count}", bar(*count, most), width = BAR as usize)?;
    }
    Ok(())
}

fn licences(forecast: &Forecast, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Some(it) = &forecast.licences else { return Ok(()) };
    if it.taken + it.refused + it.expired == 0 {
        return Ok(());
    }
    let left = it.pool.saturating_sub(it.held);
    let head = format!("Licences: {} taken of {left} left (pool {}, held {})", it.taken, it.pool, it.held);
    writeln!(out, "\n{}", paint.on(Tone::Strong, head))?;
    for day in &it.days {
        let at = day.at.to_zoned(zone.clone()).strftime("%a %m-%d").to_string();
        writeln!(out, "  {at}  {} taken (LIC-1), {} left", day.taken, day.left)?;
    }
    if it.refused > 0 {
        let line = format!("  {} computers get none: the pool is empty (LIC-2)", it.refused);
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    if it.expired > 0 {
        let line = format!("  {} computers scan no more: the licence has expired (LIC-3)", it.expired);
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    Ok(())
}

fn downloads(forecast: &Forecast, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let it = &forecast.downloads;
    let Some(at) = it.peak_at else { return Ok(()) };
    let size = |known: u64| match it.unsized_count {
        0 => bytes(known),
        // No number at all where none is known: 0 would be one.
        n if n == it.count => "of a size that nobody knows".to_owned(),
        n => format!("at least {} ({n} of a size that nobody knows)", bytes(known)),
    };
    let head = format!("Downloads: {}, {}", it.count, size(it.bytes));
    writeln!(out, "\n{}", paint.on(Tone::Strong, head))?;
    writeln!(out, "  peak: {} at once, {}, at {}", it.peak, size(it.peak_bytes), minute(at, zone))
}

/// Bytes in the largest decimal unit that leaves a whole part.
pub fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    match UNITS.into_iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) => format!("{}.{} {unit}", n / size, n % size / (size / 10)),
        None => format!("{n} B"),
    }
}

/// The forecast in a line.
pub fn summary(forecast: &Forecast) -> String {
    let sum = |of: fn(&TaskForecast) -> u64| forecast.tasks.iter().map(of).sum::<u64>();
    let restarts: u64 = forecast.restarts.iter().map(|hour| hour.count).sum();
    let blocked: u64 = forecast
        .tasks
        .iter()
        .flat_map(|task| &task.never)
        .filter(|never| !matches!(never.why, Why::NotDue | Why::Manual))
        .map(|never| never.computers)
        .sum();
    let licences = forecast
        .licences
        .as_ref()
        .map_or_else(|| "licences not known".to_owned(), |licences| format!("{} licences taken", licences.taken));
    format!(
        "Forecast: {} runs, {} failures, {restarts} restarts, {blocked} held back for the whole time, {licences}.",
        sum(|task| task.runs),
        sum(|task| task.failed)
    )
}

/// Writes what differs between two forecasts.
///
/// # Errors
/// When `out` fails.
pub fn difference(difference: &Difference, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", paint.on(Tone::Strong, "What the plan makes of it:"))?;
    if difference.is_empty() {
        return writeln!(out, "  nothing: the computers would do the same");
    }
    for task in &difference.tasks {
        task_difference(task, zone, paint, out)?;
    }
    let numbers = [
        ("restarts", Some(difference.restarts)),
        ("licences taken", difference.licences_taken),
        ("computers without a licence (LIC-2)", difference.licences_refused),
        ("downloads", Some(difference.downloads)),
        ("downloads at once, at most", Some(difference.downloads_peak)),
    ];
    for (what, pair) in numbers {
        if let Some(pair) = pair.filter(|pair| pair.differs()) {
            writeln!(out, "  {what}: {}", arrow(pair))?;
        }
    }
    if difference.bytes.differs() {
        let Pair { before, after } = difference.bytes;
        writeln!(out, "  bytes downloaded: {} -> {}", bytes(before), bytes(after))?;
    }
    let moved: Vec<_> = difference.restarts_by_hour.iter().take(LINES).collect();
    if !moved.is_empty() {
        writeln!(out, "  restarts by hour, where they differ:")?;
    }
    for hour in &moved {
        writeln!(out, "    {}  {}", minute(hour.at, zone), arrow(hour.count))?;
    }
    match difference.restarts_by_hour.len() - moved.len() {
        0 => Ok(()),
        n => writeln!(out, "    and {n} more hours"),
    }
}

fn arrow(pair: Pair) -> String {
    format!("{} -> {}", pair.before, pair.after)
}

fn task_difference(task: &TaskDifference, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let key = task.key.to_string();
    let note = match (&task.called_before, task.is_replaced) {
        (_, true) => " (a new GUID: whoever ran it runs it again, SEQ-1)".to_owned(),
        (Some(before), false) => format!(" (called `{}` before)", visible(&before.to_string())),
        (None, false) => String::new(),
    };
    writeln!(out, "  {}{note}", paint.on(Tone::Change, visible(&key)))?;
    for (what, pair) in [
        ("reached", task.reached),
        ("start it", task.started),
        ("failures", task.failed),
        ("ran it before", task.done_before),
    ] {
        if pair.differs() {
            writeln!(out, "    {what}: {}", arrow(pair))?;
        }
    }
    if task.first_before != task.first_after {
        let told = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| minute(at, zone));
        writeln!(out, "    first start: {} -> {}", told(task.first_before), told(task.first_after))?;
    }
    let is_told = [task.reached, task.started, task.failed, task.done_before].into_iter().any(Pair::differs)
        || task.first_before != task.first_after
        || !task.never.is_empty();
    if !is_told && !task.is_replaced && task.called_before.is_none() {
        writeln!(out, "    as many, at other hours")?;
    }
    for (why, pair) in &task.never {
        let rule = why.rule().map(|rule| format!(" ({rule})")).unwrap_or_default();
        writeln!(out, "    never, for it {}{rule}: {}", why.words(), arrow(*pair))?;
    }
    Ok(())
}

/// One line of something counted, and another with who did something else.
fn counted(
    indent: &str,
    what: &str,
    it: &Counted,
    totals: &mut BTreeMap<&str, u64>,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    *totals.entry("agree").or_default() += it.agree;
    *totals.entry("disagree").or_default() += it.disagree;
    let sign = if it.disagree == 0 { " " } else { "!" };
    let line = format!("{indent}{sign} {what}: {} predicted, {} observed", it.predicted, it.observed);
    writeln!(out, "{}", if it.disagree == 0 { line } else { paint.on(Tone::Warn, line) })?;
    if it.disagree > 0 {
        let names: Vec<String> = it.sample.iter().map(|name| visible(name).into_owned()).collect();
        let more = if it.disagree > it.sample.len() as u64 { ", …" } else { "" };
        writeln!(out, "{indent}    {} computers did something else: {}{more}", it.disagree, names.join(", "))?;
    }
    Ok(())
}

/// Writes what was predicted against what was observed, the summary last.
///
/// # Errors
/// When `out` fails.
pub fn comparison(it: &Comparison, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let (from, to) = (minute(it.from, zone), minute(it.to, zone));
    let head = format!("consign forecast: predicted against observed, {from} to {to} (the server's clock)");
    writeln!(out, "{}", paint.on(Tone::Strong, head))?;
    writeln!(
        out,
        "{}\n",
        if it.is_from_kept {
            "The items as they are now, from the computers as they were then."
        } else {
            "The items as they are now, from computers that ran before what did not report since then."
        }
    )?;
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for task in &it.tasks {
        *totals.entry("agree").or_default() += task.agree;
        *totals.entry("disagree").or_default() += task.disagree;
        let sign = if task.disagree == 0 { " " } else { "!" };
        let succeeded = format!("{} predicted, {} observed", task.predicted_succeeded, task.observed_succeeded);
        let failed = format!("{} predicted, {} observed", task.predicted_failed, task.observed_failed);
        let line = format!("{sign} {}: success {succeeded}; failure {failed}", visible(&task.key.to_string()));
        writeln!(out, "{}", if task.disagree == 0 { line } else { paint.on(Tone::Warn, line) })?;
        if task.disagree > 0 {
            let names: Vec<String> = task.sample.iter().map(|name| visible(name).into_owned()).collect();
            let more = if task.disagree > task.sample.len() as u64 { ", …" } else { "" };
            writeln!(out, "    {} computers did something else: {}{more}", task.disagree, names.join(", "))?;
        }
        if let Some(runs) = task.runs.as_ref().filter(|runs| runs.predicted + runs.observed > 0) {
            counted("    ", "runs", runs, &mut totals, paint, out)?;
        }
    }
    for (what, one) in [("restarts", &it.restarts), ("licences taken", &it.licences)] {
        if let Some(one) = one {
            counted("", what, one, &mut totals, paint, out)?;
        }
    }
    let unknown: BTreeSet<&str> = it.tasks.iter().filter_map(|task| task.runs_unknown.as_deref()).collect();
    for why in unknown {
        writeln!(out, "Single runs are not compared everywhere: {}.", visible(why))?;
    }
    if it.older > 0 {
        writeln!(out, "{} tasks reported nothing since then and are left out.", it.older)?;
    }
    let of = |what| totals.get(what).copied().unwrap_or(0);
    let end = if it.tasks.is_empty() && it.restarts.is_none() {
        "Comparison: the server's history has nothing to compare with.".to_owned()
    } else {
        format!("Comparison: {} as predicted, {} not.", of("agree"), of("disagree"))
    };
    writeln!(out, "\n{}", paint.on(Tone::Strong, end))
}
