//! Schedules as the web services write them (altiris-asdk §5.3), pure.
//!
//! The documents show one form, the daily one; a single start is made by a method of its own. Every other form is told as
//! what it is: not readable by what is known.

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::adapter::shown::shown;
use crate::model::schedule::Schedule;
use crate::model::task::Run;
use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;

use super::wire::value;
use super::wire::xml;
use super::wire::xml::Node;

/// How far the clocks of the world lie behind UTC at the most, in hours.
const BEHIND_UTC_HOURS: i64 = 12;

/// When a task runs, by its two fields, at this time of the server's clock.
///
/// # Errors
/// Why a manifest cannot say it.
pub fn run(asap: bool, schedule: &str, now: Timestamp) -> Result<Run, String> {
    let triggers = triggers(schedule)?;
    let mut own = None;
    let mut at_once = asap;
    for trigger in &triggers {
        match read(trigger, now)? {
            None => at_once = true,
            Some(schedule) if own.is_none() => own = Some(schedule),
            Some(_) => return Err("it has more than one schedule".to_owned()),
        }
    }
    match (at_once, own) {
        (true, Some(_)) => Err("it runs as soon as possible and by a schedule as well".to_owned()),
        (true, None) => Ok(Run::AsSoonAsPossible),
        (false, Some(schedule)) => Ok(Run::Schedule(schedule)),
        (false, None) => Ok(Run::Manual),
    }
}

/// The triggers of a schedule, in whatever wrapper.
fn triggers(schedule: &str) -> Result<Vec<Node>, String> {
    if schedule.trim().is_empty() {
        return Ok(Vec::new());
    }
    let root = xml::text(schedule).map_err(|why| format!("its schedule cannot be read: {why}"))?;
    Ok(root.all().into_iter().filter(|node| node.name.eq_ignore_ascii_case("Trigger")).cloned().collect())
}

/// One trigger; `None`: as soon as possible.
fn read(trigger: &Node, now: Timestamp) -> Result<Option<Schedule>, String> {
    let of = attribute(trigger, "Type").unwrap_or_default();
    let truth = |name: &str| match attribute(trigger, name) {
        None => Ok(false),
        Some(text) if text.trim().is_empty() => Ok(false),
        Some(text) => value::boolean(text),
    };
    if truth("Disabled")? {
        return Err("its schedule is switched off by itself".to_owned());
    }
    if of == "-1" {
        return Ok(None);
    }
    for name in ["Duration", "Interval"] {
        let text = attribute(trigger, name).unwrap_or_default().trim();
        if !text.is_empty() && text != "0" {
            return Err(format!("its schedule repeats within a day (`{name}` is `{}`)", shown(text)));
        }
    }
    let child = |name: &str| {
        let found = trigger.within.iter().find(|node| node.name.eq_ignore_ascii_case(name));
        found.map(|node| node.text.trim()).filter(|text| !text.is_empty())
    };
    if child("EndDate").is_some() {
        return Err("its schedule has an end".to_owned());
    }
    let begin = child("BeginDate").ok_or("its schedule has no start")?;
    let begin = value::moment(begin)?.ok_or("its schedule has no start")?;
    match of {
        "0" => Ok(Some(Schedule::At(LocalDateTime::from(begin)))),
        "1" => match child("DaysInterval").unwrap_or("1") {
            "1" if !has_begun(begin, now) => Err(format!(
                "its schedule begins on {}, and a daily one in a manifest runs from today on",
                begin.date()
            )),
            "1" => Ok(Some(Schedule::Daily(time(begin)?))),
            days => Err(format!("its schedule is for every {} days", shown(days))),
        },
        other => Err(format!("its schedule is of type `{}`, which the documents do not describe", shown(other))),
    }
}

/// Whether a daily schedule runs every day from now on: it has begun, or begins within a day, in every zone that its
/// moment may be of.
fn has_begun(begin: DateTime, now: Timestamp) -> bool {
    let latest = now.to_zoned(TimeZone::UTC).datetime().checked_add((24 - BEHIND_UTC_HOURS).hours());
    latest.is_ok_and(|latest| begin <= latest)
}

fn time(begin: DateTime) -> Result<TimeOfDay, String> {
    if begin.second() != 0 {
        return Err("its schedule starts within a minute".to_owned());
    }
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    Ok(TimeOfDay { hour: part(begin.hour()), minute: part(begin.minute()) })
}

fn attribute<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use crate::model::schedule::Schedule;
    use crate::model::task::Run;

    fn run(asap: bool, schedule: &str) -> Result<Run, String> {
        super::run(asap, schedule, "2026-01-02T00:00:00Z".parse().unwrap())
    }

    const DAILY: &str = "<Schedule IndependentExecution='true'><Trigger Type=\"1\" Duration=\"0\" Interval=\"0\" \
        KillAtEnd=\"false\" Disabled=\"false\" Description=\"x\"><BeginDate>2026-01-02 03:04:00</BeginDate>\
        <DaysInterval>1</DaysInterval></Trigger></Schedule>";

    #[test]
    fn what_the_documents_show_is_read() {
        assert_eq!(run(true, "").unwrap(), Run::AsSoonAsPossible);
        assert_eq!(run(false, " ").unwrap(), Run::Manual);
        assert_eq!(run(false, "<Trigger Type='-1'/>").unwrap(), Run::AsSoonAsPossible);
        assert_eq!(run(false, DAILY).unwrap(), Run::Schedule(Schedule::Daily("03:04".parse().unwrap())));
        let once = "<?xml version=\"1.0\" encoding=\"utf-16\"?><schedule><Trigger Type='0'><BeginDate>2026-01-02 03:04:05\
            </BeginDate></Trigger></schedule>";
        assert_eq!(run(false, once).unwrap(), Run::Schedule(Schedule::At("2026-01-02T03:04:05".parse().unwrap())));
    }

    #[test]
    fn what_a_manifest_cannot_say_is_no_guess() {
        for (text, why) in [
            (DAILY.replace("Interval=\"0\"", "Interval=\"60\""), "repeats"),
            (DAILY.replace("<DaysInterval>1", "<DaysInterval>3"), "every 3 days"),
            (DAILY.replace("Type=\"1\"", "Type=\"2\""), "type `2`"),
            (DAILY.replace("Disabled=\"false\"", "Disabled=\"true\""), "switched off"),
            (DAILY.replace("03:04:00", "03:04:05"), "within a minute"),
            (DAILY.replace("BeginDate", "Begins"), "no start"),
            (
                DAILY.replace("</Trigger>", "</Trigger><Trigger Type='0'><BeginDate>2026-01-02</BeginDate></Trigger>"),
                "more than one",
            ),
            (DAILY.replace("2026-01-02", "2040-01-01"), "begins on 2040-01-01"),
            (DAILY.replace("2026-01-02", "2026-01-03"), "begins on 2026-01-03"),
            ("<Trigger".to_owned(), "cannot be read"),
        ] {
            let error = run(false, &text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(run(true, DAILY).unwrap_err().contains("as well"));
    }
}
