//! Elements of the document that tasks and sequential tasks share, and the words for single values.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::guid::Guid;
use crate::model::units::LocalDateTime;
use crate::server::app::fleet::xml::Xml;
use crate::server::app::spec::parts::Availability;
use crate::server::app::spec::parts::Download;
use crate::server::app::spec::parts::DownloadMode;
use crate::server::app::spec::parts::MonthDay;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::parts::Schedule;
use crate::server::app::spec::parts::TaskClock;

/// Since when something may run that says nothing of it: always.
const ALWAYS: &str = "1970-01-01 00:00:00";

/// TSK-11. How the vendor writes the end is not known (altiris-domain §13, 19): `before` is ours.
pub(super) fn valid_period(xml: &mut Xml, availability: &Availability, zone: &TimeZone) {
    let is_utc = availability.clock == TaskClock::Server;
    let at = |local: &LocalDateTime| match is_utc.then(|| local.civil().to_zoned(zone.clone())) {
        Some(Ok(zoned)) => zoned.with_time_zone(TimeZone::UTC).datetime(),
        // Only at the end of the calendar: then it is as good as never, on any clock.
        Some(Err(_)) | None => local.civil(),
    };
    let shown = |local: &LocalDateTime| at(local).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let after = availability.from.as_ref().map_or_else(|| ALWAYS.to_owned(), shown);
    let mut attributes = vec![("after", after.as_str()), ("afterGMT", flag(is_utc))];
    let before = availability.to.as_ref().map(shown);
    if let Some(before) = &before {
        attributes.extend([("before", before.as_str()), ("beforeGMT", flag(is_utc))]);
    }
    xml.empty("ValidPeriod", &attributes);
}

pub(super) fn download(xml: &mut Xml, own: Option<&Download>) {
    let unset = "-1".to_owned();
    let (immediate, mode, speed, multicast) = match own {
        None => (true, "Always", unset.clone(), "Default"),
        Some(own) => {
            // `Never` is ours: the guide's example shows the other alone (altiris-domain §13, 20).
            let mode = if own.mode == DownloadMode::RunFromServer { "Never" } else { "Always" };
            (own.as_soon_as_possible, mode, own.minimum_speed_kbps.to_string(), flag(own.multicast))
        }
    };
    let (to_download, to_run) = if mode == "Never" { (unset, speed) } else { (speed, unset) };
    xml.empty(
        "Download",
        &[
            ("useClientDefaults", flag(own.is_none())),
            ("Immediate", flag(immediate)),
            ("MinDownloadSpeed", &to_download),
            ("MinExecutionSpeed", &to_run),
            ("multicast", multicast),
            ("Mode", mode),
        ],
    );
}

/// What starts a run. −1 is the guide's and 1 the vendor's help's; the others are those of the Windows task scheduler,
/// whose attributes these are (altiris-asdk §5.3). A task that users start has none.
pub(super) fn trigger(xml: &mut Xml, run: &Run, made: Timestamp, zone: &TimeZone) {
    let schedule = match run {
        Run::Manual {} => return,
        Run::AsSoonAsPossible {} => {
            return xml.empty("Trigger", &[("Type", "-1"), ("Description", "As soon as possible")]);
        }
        Run::Schedule { schedule } => schedule,
    };
    let day = made.to_zoned(zone.clone()).date();
    let at = |hour: u8, minute: u8| format!("{hour:02}:{minute:02}");
    let begins = |from: Option<&LocalDateTime>, time: &str| match from {
        Some(from) => from.civil().date().strftime("%Y-%m-%d ").to_string() + time + ":00",
        None => day.strftime("%Y-%m-%d ").to_string() + time + ":00",
    };
    let exactly = |local: &LocalDateTime| local.civil().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let (kind, begin, interval, says) = match schedule {
        Schedule::At { at } => ("0", exactly(at), None, format!("At {}", exactly(at))),
        Schedule::Daily { time } => {
            let time = at(time.hour, time.minute);
            ("1", begins(None, &time), Some(("DaysInterval", 1)), format!("At {time} every day"))
        }
        Schedule::Weekly { days, time, every, from } => {
            let time = at(time.hour, time.minute);
            let days: Vec<String> = days.iter().map(|day| format!("{day:?}")).collect();
            let says = format!("At {time} on {} of every {}week", days.join(", "), nth(*every));
            ("2", begins(from.as_ref(), &time), Some(("WeeksInterval", *every)), says)
        }
        Schedule::Monthly { on, offset_days, time, every, from } => {
            let time = at(time.hour, time.minute);
            let (kind, which) = match on {
                MonthDay::Last {} => ("3", "the last day".to_owned()),
                MonthDay::Date { date } => ("3", format!("day {date}")),
                MonthDay::Weekday { week, weekday } => ("4", format!("the {week:?} {weekday:?}")),
            };
            let later = if *offset_days > 0 { format!("{offset_days} days after ") } else { String::new() };
            let says = format!("At {time} on {later}{which} of every {}month", nth(*every));
            (kind, begins(from.as_ref(), &time), Some(("MonthsInterval", *every)), says)
        }
        Schedule::Every { interval_seconds, from } => {
            ("0", exactly(from), None, format!("Every {interval_seconds} seconds from {}", exactly(from)))
        }
    };
    xml.element("Trigger", &[("Type", kind), ("Description", &says)], |xml| {
        xml.text("BeginDate", &[], &begin);
        if let Some((name, every)) = interval {
            xml.text(name, &[], &every.to_string());
        }
    });
}

fn nth(every: u32) -> String {
    if every == 1 { String::new() } else { format!("{every}. ") }
}

/// TSK-2.
pub(super) const fn priority(number: i64) -> &'static str {
    match number {
        1 => "Low",
        3 => "High",
        4 => "Very High",
        _ => "Normal",
    }
}

pub(super) const fn flag(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

pub(super) fn codes(all: &[i64]) -> String {
    all.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

/// A GUID as the vendor writes it in policies.
pub(super) fn braced(guid: Guid) -> String {
    format!("{{{guid}}}").to_uppercase()
}
