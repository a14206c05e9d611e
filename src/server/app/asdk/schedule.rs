//! Schedule XML (altiris-asdk §5.3), both ways.
//!
//! Only the triggers -1 (as soon as possible) and 1 (daily) are documented. The others follow the Windows task scheduler,
//! whose attributes the trigger has: 0 once, 2 weekly, 3 monthly by date, 4 monthly by weekday. What this server cannot hold
//! is refused, never rounded: two triggers, a start that is switched off, an end.

use jiff::civil::Date;
use jiff::civil::DateTime;
use roxmltree::Node;

use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;
use crate::server::app::refused::Refused;
use crate::server::app::spec::parts::MonthDay;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::parts::Schedule;
use crate::server::app::spec::parts::Week;
use crate::server::app::spec::parts::Weekday;

/// The element around the trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// `<Schedule IndependentExecution="…">`, as software delivery has it.
    SoftwareDelivery {
        /// Its attribute.
        independent: bool,
    },
    /// `<schedule>`, as items have it.
    Item,
    /// None: the bare `<Trigger>`, as managed delivery has it.
    Bare,
}

/// What a schedule XML says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When it starts; `None`: never by itself.
    pub run: Option<Run>,
    /// Whether it is independent, where that is said.
    pub independent: Option<bool>,
}

/// The days of a week, at the place of their bit: Sunday is the first.
const DAYS: [Weekday; 7] =
    [Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat];
/// The weeks of a month, at the place of their number less one.
const WEEKS: [Week; 5] = [Week::First, Week::Second, Week::Third, Week::Fourth, Week::Last];
/// Every month.
const ALL_MONTHS: u32 = 0xfff;
/// The bit of the last day of a month.
const LAST_DAY: u32 = 1 << 31;
/// A day long ago: the begin of what has no begin. A Monday.
const LONG_AGO: (i16, i8, i8) = (2000, 1, 3);
const DAY_SECONDS: u64 = 24 * 3600;
const DAY_MINUTES: u64 = 24 * 60;

fn wrong(why: impl Into<String>) -> Refused {
    Refused::invalid("schedule", why)
}

/// A time as the vendor writes it: `2006-01-01 10:10:10`, the time of day optional.
///
/// # Errors
/// `invalid` when it is none.
pub fn read_time(text: &str) -> Result<LocalDateTime, Refused> {
    let text = text.trim();
    let at: Result<DateTime, _> = text.replacen(' ', "T", 1).parse();
    let is_one = at.is_ok() && text.len() >= 10 && text.as_bytes()[4] == b'-';
    let at = at.ok().filter(|at| is_one && at.subsec_nanosecond() == 0);
    at.map(LocalDateTime::from).ok_or_else(|| wrong(format!("`{text}` is no time such as `2026-01-31 17:00:00`")))
}

/// A time as the vendor writes it.
pub fn show_time(at: LocalDateTime) -> String {
    at.civil().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads a schedule XML in any of the wrappers; an empty text and an empty wrapper say that it never starts by itself.
/// `today` is the server's: a begin before it says nothing.
///
/// # Errors
/// `invalid` for what cannot be read or held.
pub fn read(xml: &str, today: Date) -> Result<Said, Refused> {
    if xml.trim().is_empty() {
        return Ok(Said { run: None, independent: None });
    }
    let document =
        roxmltree::Document::parse(xml).map_err(|error| wrong(format!("the XML cannot be read: {error}")))?;
    read_node(document.root_element(), today)
}

/// The same of a node of another document.
///
/// # Errors
/// As [`read`].
pub(super) fn read_node(root: Node<'_, '_>, today: Date) -> Result<Said, Refused> {
    let name = root.tag_name().name();
    if name == "Trigger" {
        return Ok(Said { run: Some(trigger(root, today)?), independent: None });
    }
    if !name.eq_ignore_ascii_case("schedule") {
        return Err(wrong(format!("`{name}` is no schedule")));
    }
    let independent = root.attribute("IndependentExecution").map(truth).transpose()?;
    let mut triggers = root.children().filter(Node::is_element);
    let run = match (triggers.next(), triggers.next()) {
        (None, _) => None,
        (Some(one), None) if one.tag_name().name() == "Trigger" => Some(trigger(one, today)?),
        (Some(other), None) => return Err(wrong(format!("`{}` is no trigger", other.tag_name().name()))),
        (Some(_), Some(_)) => return Err(wrong("a schedule of several triggers cannot be held here")),
    };
    Ok(Said { run, independent })
}

fn truth(text: &str) -> Result<bool, Refused> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(wrong(format!("`{text}` is neither `true` nor `false`"))),
    }
}

fn child<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let found = node.children().find(|child| child.tag_name().name() == name)?;
    Some(found.text().unwrap_or_default().trim())
}

fn number(text: &str, what: &str) -> Result<u32, Refused> {
    text.parse().map_err(|_| wrong(format!("`{text}` is no number ({what})")))
}

fn child_or(node: Node<'_, '_>, name: &str, default: u32) -> Result<u32, Refused> {
    child(node, name).map_or(Ok(default), |text| number(text, name))
}

fn attribute_or(node: Node<'_, '_>, name: &str, default: u32) -> Result<u32, Refused> {
    node.attribute(name).filter(|text| !text.is_empty()).map_or(Ok(default), |text| number(text, name))
}

/// What may stand in a trigger.
const ATTRIBUTES: &[&str] =
    &["Type", "Duration", "Interval", "IntervalSeconds", "KillAtEnd", "Disabled", "Description"];
const CHILDREN: &[&str] =
    &["BeginDate", "DaysInterval", "WeeksInterval", "DaysOfTheWeek", "Days", "Months", "WhichWeek", "OffsetDays"];

fn trigger(node: Node<'_, '_>, today: Date) -> Result<Run, Refused> {
    for attribute in node.attributes() {
        if !ATTRIBUTES.contains(&attribute.name()) {
            return Err(wrong(format!("the attribute `{}` of a trigger is not known", attribute.name())));
        }
    }
    for part in node.children().filter(Node::is_element) {
        if !CHILDREN.contains(&part.tag_name().name()) {
            return Err(wrong(format!("the element `{}` of a trigger cannot be held", part.tag_name().name())));
        }
    }
    for (name, why) in [("Disabled", "a trigger that is switched off"), ("KillAtEnd", "an end of the run")] {
        if node.attribute(name).map(truth).transpose()? == Some(true) {
            return Err(wrong(format!("{why} cannot be held here")));
        }
    }
    let kind = node.attribute("Type").ok_or_else(|| wrong("a trigger needs a `Type`"))?.trim();
    if kind == "-1" {
        return Ok(Run::AsSoonAsPossible {});
    }
    let begin = child(node, "BeginDate").ok_or_else(|| wrong("a trigger needs a `BeginDate`"))?;
    let begin = read_time(begin)?;
    if kind != "0" && begin.civil().second() != 0 {
        return Err(wrong("a time of day is held in hours and minutes, without seconds"));
    }
    let repeats = (attribute_or(node, "Interval", 0)?, attribute_or(node, "Duration", 0)?);
    if kind != "1" && repeats != (0, 0) {
        return Err(wrong("a repetition within the day cannot be held here"));
    }
    let schedule = match kind {
        "0" => Schedule::At { at: begin },
        "1" => daily(node, begin, repeats, today)?,
        "2" => weekly(node, begin, today)?,
        "3" | "4" => monthly(node, kind == "4", begin, today)?,
        "6" | "7" => return Err(wrong("a start at start-up or at log-on cannot be held here")),
        other => return Err(wrong(format!("there is no trigger of type `{other}`"))),
    };
    Ok(Run::Schedule { schedule })
}

fn time_of(at: LocalDateTime) -> TimeOfDay {
    let part = |value: i8| value.unsigned_abs();
    TimeOfDay { hour: part(at.civil().hour()), minute: part(at.civil().minute()) }
}

/// A begin, where it matters.
fn from_of(begin: LocalDateTime, every: u32, today: Date) -> Option<LocalDateTime> {
    (every > 1 || begin.civil().date() > today).then_some(begin)
}

fn daily(
    node: Node<'_, '_>,
    begin: LocalDateTime,
    (interval, duration): (u32, u32),
    today: Date,
) -> Result<Schedule, Refused> {
    let days = child_or(node, "DaysInterval", 1)?;
    if let Some(seconds) = node.attribute("IntervalSeconds") {
        return Ok(Schedule::Every { interval_seconds: u64::from(number(seconds, "IntervalSeconds")?), from: begin });
    }
    if (interval, duration) != (0, 0) {
        let interval = u64::from(interval);
        let all_day =
            days == 1 && u64::from(duration) == DAY_MINUTES && interval > 0 && DAY_MINUTES.is_multiple_of(interval);
        if !all_day {
            return Err(wrong(
                "a repetition is held only where it fills the day: `Duration` 1440, a part of it as `Interval`",
            ));
        }
        return Ok(Schedule::Every { interval_seconds: interval * 60, from: begin });
    }
    match days {
        0 => Err(wrong("`DaysInterval` is at least 1")),
        1 if begin.civil().date() <= today => Ok(Schedule::Daily { time: time_of(begin) }),
        days => Ok(Schedule::Every { interval_seconds: u64::from(days) * DAY_SECONDS, from: begin }),
    }
}

fn days_of(mask: u32) -> Result<Vec<Weekday>, Refused> {
    if mask == 0 || mask > 0x7f {
        return Err(wrong("`DaysOfTheWeek` is a mask of 1 (Sunday) to 64 (Saturday), with at least one day"));
    }
    // Monday first, as everywhere else on this server.
    let order = [1, 2, 3, 4, 5, 6, 0];
    Ok(order.into_iter().filter(|bit| mask & (1 << bit) != 0).map(|bit| DAYS[bit]).collect())
}

fn weekly(node: Node<'_, '_>, begin: LocalDateTime, today: Date) -> Result<Schedule, Refused> {
    let every = child_or(node, "WeeksInterval", 1)?;
    let days = days_of(child_or(node, "DaysOfTheWeek", 0)?)?;
    if every == 0 {
        return Err(wrong("`WeeksInterval` is at least 1"));
    }
    Ok(Schedule::Weekly { days, time: time_of(begin), every, from: from_of(begin, every, today) })
}

fn monthly(node: Node<'_, '_>, by_weekday: bool, begin: LocalDateTime, today: Date) -> Result<Schedule, Refused> {
    let on = if by_weekday {
        let week = child_or(node, "WhichWeek", 0)?;
        let week = usize::try_from(week).ok().and_then(|week| WEEKS.get(week.wrapping_sub(1)));
        let week = *week.ok_or_else(|| wrong("`WhichWeek` is 1 to 5, 5 the last"))?;
        let days = days_of(child_or(node, "DaysOfTheWeek", 0)?)?;
        let [weekday] = days[..] else { return Err(wrong("several weekdays of a month cannot be held here")) };
        MonthDay::Weekday { week, weekday }
    } else {
        let days = child_or(node, "Days", 0)?;
        match days {
            LAST_DAY => MonthDay::Last {},
            days if days.count_ones() == 1 => MonthDay::Date { date: days.trailing_zeros() + 1 },
            _ => return Err(wrong("`Days` is a mask with the bit of one day; several days cannot be held here")),
        }
    };
    let months = child_or(node, "Months", ALL_MONTHS)?;
    let every = every_of(months, begin)?;
    Ok(Schedule::Monthly {
        on,
        offset_days: child_or(node, "OffsetDays", 0)?,
        time: time_of(begin),
        every,
        from: from_of(begin, every, today),
    })
}

/// Every how many months a mask of months stands for, from the month of the begin.
fn every_of(months: u32, begin: LocalDateTime) -> Result<u32, Refused> {
    let first = u32::from(begin.civil().month().unsigned_abs()) - 1;
    let every = [1, 2, 3, 4, 6, 12].into_iter().find(|every| mask_of(first, *every) == months);
    every.ok_or_else(|| wrong("`Months` is a mask of months at even distances, that of `BeginDate` among them"))
}

fn mask_of(first: u32, every: u32) -> u32 {
    (0..12).filter(|month| ((month + 12 - first) % 12).is_multiple_of(every)).fold(0, |mask, month| mask | 1 << month)
}

/// The XML of when something starts; `None` for what never does by itself.
pub fn show(run: &Run, wrapper: Wrapper) -> Option<String> {
    let trigger = match run {
        Run::Manual {} => return None,
        Run::AsSoonAsPossible {} => r#"<Trigger Type="-1" Description="As soon as possible"/>"#.to_owned(),
        Run::Schedule { schedule } => show_trigger(schedule),
    };
    Some(match wrapper {
        Wrapper::SoftwareDelivery { independent } => {
            format!(r#"<Schedule IndependentExecution="{independent}">{trigger}</Schedule>"#)
        }
        Wrapper::Item => format!("<schedule>{trigger}</schedule>"),
        Wrapper::Bare => trigger,
    })
}

fn show_trigger(schedule: &Schedule) -> String {
    let long_ago = |time: &TimeOfDay| {
        let (year, month, day) = LONG_AGO;
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:00", time.hour, time.minute)
    };
    let begin = |from: &Option<LocalDateTime>, time: &TimeOfDay| match from {
        Some(from) => format!("{} {:02}:{:02}:00", from.civil().date(), time.hour, time.minute),
        None => long_ago(time),
    };
    let build = |kind: u8, attributes: &str, begin: String, rest: String| {
        format!(r#"<Trigger Type="{kind}"{attributes}><BeginDate>{begin}</BeginDate>{rest}</Trigger>"#)
    };
    match schedule {
        Schedule::At { at } => build(0, "", show_time(*at), String::new()),
        Schedule::Daily { time } => build(1, "", long_ago(time), "<DaysInterval>1</DaysInterval>".to_owned()),
        Schedule::Every { interval_seconds, from } if interval_seconds.is_multiple_of(DAY_SECONDS) => {
            let days = interval_seconds / DAY_SECONDS;
            build(1, "", show_time(*from), format!("<DaysInterval>{days}</DaysInterval>"))
        }
        Schedule::Every { interval_seconds, from }
            if DAY_SECONDS.is_multiple_of(*interval_seconds) && interval_seconds.is_multiple_of(60) =>
        {
            let attributes = format!(r#" Duration="{DAY_MINUTES}" Interval="{}""#, interval_seconds / 60);
            build(1, &attributes, show_time(*from), "<DaysInterval>1</DaysInterval>".to_owned())
        }
        Schedule::Every { interval_seconds, from } => {
            let attributes = format!(r#" IntervalSeconds="{interval_seconds}""#);
            build(1, &attributes, show_time(*from), String::new())
        }
        Schedule::Weekly { days, time, every, from } => {
            let mask = days.iter().fold(0, |mask, day| mask | bit_of(*day));
            let rest = format!("<WeeksInterval>{every}</WeeksInterval><DaysOfTheWeek>{mask}</DaysOfTheWeek>");
            build(2, "", begin(from, time), rest)
        }
        Schedule::Monthly { on, offset_days, time, every, from } => {
            let first = from.map_or(0, |from| u32::from(from.civil().month().unsigned_abs()) - 1);
            let mut rest = String::new();
            let kind = match on {
                MonthDay::Last {} => {
                    rest += &format!("<Days>{LAST_DAY}</Days>");
                    3
                }
                MonthDay::Date { date } => {
                    rest += &format!("<Days>{}</Days>", 1_u32 << (date.clamp(&1, &31) - 1));
                    3
                }
                MonthDay::Weekday { week, weekday } => {
                    let place = WEEKS.iter().position(|one| one == week).map_or(5, |place| place + 1);
                    let day = bit_of(*weekday);
                    rest += &format!("<WhichWeek>{place}</WhichWeek><DaysOfTheWeek>{day}</DaysOfTheWeek>");
                    4
                }
            };
            rest += &format!("<Months>{}</Months>", mask_of(first, *every));
            if *offset_days > 0 {
                rest += &format!("<OffsetDays>{offset_days}</OffsetDays>");
            }
            build(kind, "", begin(from, time), rest)
        }
    }
}

fn bit_of(day: Weekday) -> u32 {
    DAYS.iter().position(|one| *one == day).map_or(0, |place| 1 << place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        Date::constant(2026, 11, 21)
    }

    #[track_caller]
    fn reads(xml: &str) -> Run {
        read(xml, today()).unwrap().run.unwrap()
    }

    #[track_caller]
    fn says(schedule: &str) -> Schedule {
        serde_json::from_str(schedule).unwrap()
    }

    #[test]
    fn every_schedule_that_can_be_written_reads_back_the_same() {
        for schedule in [
            r#"{"type":"at","at":"2027-01-31T17:30"}"#,
            r#"{"type":"daily","time":"04:05"}"#,
            r#"{"type":"weekly","days":["mon","sun"],"time":"17:00","every":1,"from":null}"#,
            r#"{"type":"weekly","days":["tue"],"time":"17:00","every":3,"from":"2026-01-06T17:00"}"#,
            r#"{"type":"monthly","on":{"type":"last"},"offsetDays":0,"time":"01:00","every":1,"from":null}"#,
            r#"{"type":"monthly","on":{"type":"date","date":31},"offsetDays":0,"time":"01:00","every":3,"from":"2026-02-01T01:00"}"#,
            r#"{"type":"monthly","on":{"type":"weekday","week":"second","weekday":"tue"},"offsetDays":2,"time":"01:00","every":1,"from":null}"#,
            r#"{"type":"every","intervalSeconds":3600,"from":"2026-01-01T00:00"}"#,
            r#"{"type":"every","intervalSeconds":172800,"from":"2026-01-01T00:00"}"#,
            r#"{"type":"every","intervalSeconds":4000,"from":"2026-01-01T00:00"}"#,
        ] {
            let schedule = says(schedule);
            let run = Run::Schedule { schedule };
            for wrapper in [Wrapper::Item, Wrapper::Bare, Wrapper::SoftwareDelivery { independent: false }] {
                let xml = show(&run, wrapper).unwrap();
                assert_eq!(reads(&xml), run, "{xml}");
            }
        }
        assert_eq!(show(&Run::Manual {}, Wrapper::Bare), None);
        assert_eq!(reads(&show(&Run::AsSoonAsPossible {}, Wrapper::Bare).unwrap()), Run::AsSoonAsPossible {});
    }

    #[test]
    fn the_documented_forms_are_understood() {
        let xml = "<Schedule IndependentExecution='true'><Trigger Type='1' Duration='0' Interval='0' KillAtEnd='False' \
                   Disabled='false' Description='At 3:30'><BeginDate>2006-01-01 03:30:00</BeginDate>\
                   <DaysInterval>1</DaysInterval></Trigger></Schedule>";
        let said = read(xml, today()).unwrap();
        assert_eq!(said.independent, Some(true));
        assert_eq!(said.run, Some(Run::Schedule { schedule: says(r#"{"type":"daily","time":"03:30"}"#) }));
        assert_eq!(read("", today()).unwrap().run, None);
        assert_eq!(read("<schedule/>", today()).unwrap().run, None);
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        let trigger = |kind: &str, attributes: &str, rest: &str| {
            format!("<Trigger Type='{kind}' {attributes}><BeginDate>2026-01-01 10:00:00</BeginDate>{rest}</Trigger>")
        };
        for bad in [
            "nonsense".to_owned(),
            "<Hour/>".to_owned(),
            "<Trigger/>".to_owned(),
            "<Trigger Type='0'/>".to_owned(),
            "<Trigger Type='0'><BeginDate>tomorrow</BeginDate></Trigger>".to_owned(),
            "<Trigger Type='1'><BeginDate>2026-01-01 10:00:30</BeginDate></Trigger>".to_owned(),
            "<schedule><Trigger Type='-1'/><Trigger Type='-1'/></schedule>".to_owned(),
            trigger("5", "", ""),
            trigger("6", "", ""),
            trigger("1", "Disabled='true'", ""),
            trigger("1", "KillAtEnd='true'", ""),
            trigger("1", "Duration='60' Interval='7'", ""),
            trigger("1", "", "<DaysInterval>0</DaysInterval>"),
            trigger("1", "", "<EndDate>2027-01-01</EndDate>"),
            trigger("1", "Jitter='1'", ""),
            trigger("2", "", ""),
            trigger("2", "", "<DaysOfTheWeek>128</DaysOfTheWeek>"),
            trigger("3", "", "<Days>3</Days>"),
            trigger("4", "", "<WhichWeek>6</WhichWeek><DaysOfTheWeek>2</DaysOfTheWeek>"),
            trigger("3", "", "<Days>1</Days><Months>5</Months>"),
        ] {
            assert!(read(&bad, today()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_begin_that_is_still_to_come_is_kept() {
        let daily = "<Trigger Type='1'><BeginDate>2026-12-24 10:00:00</BeginDate></Trigger>";
        let wanted = r#"{"type":"every","intervalSeconds":86400,"from":"2026-12-24T10:00"}"#;
        assert_eq!(reads(daily), Run::Schedule { schedule: says(wanted) });
    }
}
