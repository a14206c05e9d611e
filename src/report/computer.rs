//! One computer's days to come, as text. Its JSON is the look ahead itself.

use std::io;
use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::diag::visible;
use crate::forecast::explain::ComputerForecast;
use crate::forecast::explain::Gets;
use crate::forecast::explain::RunAhead;
use crate::forecast::explain::Within;
use crate::model::schedule::MonthDay;
use crate::model::schedule::Schedule;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::report::forecast::minute;
use crate::report::paint::Paint;
use crate::report::paint::Tone;

/// How many runs of one item are told.
const RUNS: usize = 5;

/// Writes the look ahead; what comes before `since` is left out.
///
/// # Errors
/// When `out` fails.
pub fn text(it: &ComputerForecast, since: Timestamp, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let zone = crate::forecast::classes::time_zone(&it.zone);
    let head = format!("consign computer: {} ({})", visible(&it.name), it.guid);
    writeln!(out, "{}", paint.on(Tone::Strong, head))?;
    let utc = if it.zone_is_known { "" } else { ", which the database does not know: read as UTC" };
    let (from, to) = (minute(since, &zone), minute(it.to, &zone));
    writeln!(out, "Times are on its own clock ({}{utc}): {from} to {to}", visible(&it.zone))?;
    about(it, &zone, paint, out)?;
    let (run, rest): (Vec<&Gets>, Vec<&Gets>) = it.gets.iter().partition(|one| !one.runs.is_empty());
    writeln!(out, "\n{}", paint.on(Tone::Strong, "What it runs, in this order:"))?;
    if run.is_empty() {
        writeln!(out, "  nothing in this time")?;
    }
    for (place, one) in run.iter().enumerate() {
        self::run(place + 1, one, since, &zone, out)?;
    }
    if !rest.is_empty() {
        writeln!(out, "\n{}", paint.on(Tone::Strong, "What it has and does not run:"))?;
    }
    for one in rest {
        let key = one.key.to_string();
        let why = match one.never {
            Some(why) => {
                let rule = why.rule().map(|rule| format!(" ({rule})")).unwrap_or_default();
                format!("{}{rule}", why.words())
            }
            None => "ran before, and once is all (TSK-4)".to_owned(),
        };
        writeln!(out, "  {}: {why}", visible(&key))?;
    }
    if !it.excluded.is_empty() {
        writeln!(out, "\n{}", paint.on(Tone::Strong, "What it does not get:"))?;
    }
    for one in &it.excluded {
        let rule = one.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
        writeln!(out, "  {}: {}{rule}", visible(&one.key.to_string()), visible(&one.because))?;
    }
    for one in &it.unassessed {
        let line = format!("Not assessed: {}: {}", visible(&one.key.to_string()), visible(&one.why));
        writeln!(out, "{}", paint.on(Tone::Warn, line))?;
    }
    Ok(())
}

fn about(it: &ComputerForecast, zone: &TimeZone, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if it.retired {
        writeln!(out, "{}", paint.on(Tone::Warn, "It is retired: it does nothing and holds no licence (LIC-4)."))?;
    }
    match it.last_seen {
        Some(at) => writeln!(out, "Last seen: {}", minute(at, zone))?,
        None => writeln!(out, "{}", paint.on(Tone::Warn, "It was never seen: nobody knows whether it is there."))?,
    }
    for (part, why) in &it.gaps {
        writeln!(out, "{}", paint.on(Tone::Warn, format!("Not known: {part:?}: {}", visible(why)).to_lowercase()))?;
    }
    let names: Vec<String> = it.collections.iter().map(|name| visible(name).into_owned()).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    writeln!(out, "Collections: {names}")?;
    if it.windows.is_empty() {
        writeln!(out, "Maintenance windows: none; nothing is held back (MW-8)")?;
    }
    for window in &it.windows {
        let opens = window.opens.map_or_else(|| "never again".to_owned(), |at| minute(at, zone));
        writeln!(out, "Maintenance window `{}`: opens {opens} for {}", visible(&window.name), window.duration)?;
    }
    let disregards = if it.disregards_pending_restart {
        "a pending restart blocks nothing"
    } else {
        "a pending restart blocks the rest"
    };
    writeln!(out, "Countdown: {} (TSK-9); {disregards} (RST-2)", it.countdown)?;
    match it.holds_licence {
        Some(true) => writeln!(out, "Patch licence: held"),
        Some(false) => writeln!(out, "Patch licence: none"),
        None => writeln!(out, "Patch licence: not known"),
    }
}

fn run(place: usize, one: &Gets, since: Timestamp, zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    let key = one.key.to_string();
    let priority = match one.priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::VeryHigh => "very high",
    };
    writeln!(out, "  {place}. {}: {priority} priority, {}", visible(&key), due(&one.run))?;
    let later: Vec<&RunAhead> = one.runs.iter().filter(|run| run.to.is_none_or(|to| to >= since)).collect();
    if later.len() < one.runs.len() {
        writeln!(out, "       {} runs before that", one.runs.len() - later.len())?;
    }
    for run in later.iter().take(RUNS) {
        let end = match (run.to, run.success) {
            (Some(to), Some(true)) => format!("{}, success", minute(to, zone)),
            (Some(to), _) => format!("{}, failure", minute(to, zone)),
            (None, _) => "later".to_owned(),
        };
        writeln!(out, "       {} to {end}; {}", minute(run.from, zone), within(&run.within))?;
    }
    if later.len() > RUNS {
        writeln!(out, "       and {} more runs", later.len() - RUNS)?;
    }
    Ok(())
}

fn within(within: &Within) -> String {
    match within {
        Within::Windows(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{}`", visible(name))).collect();
            format!("in window {}", names.join(" and "))
        }
        Within::NoWindow => "no window holds it back (MW-8)".to_owned(),
        Within::Ignores => "it ignores windows".to_owned(),
    }
}

/// When something is due, in words.
fn due(run: &Run) -> String {
    match run {
        Run::Manual => "when a user starts it".to_owned(),
        Run::AsSoonAsPossible => "as soon as possible".to_owned(),
        Run::Schedule(schedule) => self::schedule(schedule),
    }
}

fn schedule(schedule: &Schedule) -> String {
    match schedule {
        Schedule::At(at) => format!("at {at}"),
        Schedule::Daily(time) => format!("daily at {time}"),
        Schedule::Weekly(weekly) => {
            let days: Vec<String> = weekly.days.iter().map(|day| format!("{day:?}")).collect();
            let every = if weekly.every > 1 { format!(", every {} weeks", weekly.every) } else { String::new() };
            format!("on {} at {}{every}", days.join(", "), weekly.time)
        }
        Schedule::Monthly(monthly) => {
            let day = match &monthly.day {
                MonthDay::Last(_) => "on the last day".to_owned(),
                MonthDay::Date(date) => format!("on day {}", date.date),
                MonthDay::Weekday(day) => format!("on the {:?} {:?}", day.week, day.weekday).to_lowercase(),
            };
            let offset = match monthly.offset_days {
                0 => String::new(),
                n => format!(" and {n} days"),
            };
            let every =
                if monthly.every > 1 { format!("every {} months", monthly.every) } else { "every month".into() };
            format!("{day}{offset} of {every} at {}", monthly.time)
        }
        Schedule::Every(every) => format!("every {} from {}", every.interval, every.from),
    }
}
