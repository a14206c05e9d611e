//! Schedules and time spans: MAN-15.

use std::collections::BTreeSet;

use super::context::Context;
use crate::model::delivery_policy::Remediation;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::schedule::MonthDay;
use crate::model::schedule::Schedule;
use crate::model::task::Availability;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::rules::manifest::MAN_15;

pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.items.values() {
        match &item.spec {
            Spec::Task(spec) => {
                run(context, item, &spec.run);
                availability(context, item, &spec.availability);
            }
            Spec::SequentialTask(spec) => {
                run(context, item, &spec.run);
                availability(context, item, &spec.availability);
                if spec.run == Run::Manual {
                    let message = "nobody can start a sequential task by hand, so this one never runs";
                    let help =
                        "give it a schedule, or `run: asSoonAsPossible`; to keep it from running, `enabled: false`";
                    context.value(&MAN_15, &item.key, "run", message, help);
                }
            }
            Spec::MaintenanceWindow(spec) => schedule(context, item, "schedule", &spec.schedule),
            Spec::DeliveryPolicy(spec) => {
                if let Some(compliance) = &spec.compliance {
                    schedule(context, item, "compliance", compliance);
                }
                if let Remediation::Schedule(times) = &spec.remediation {
                    schedule(context, item, "remediation/schedule", times);
                }
            }
            Spec::PatchPlugin(spec) => {
                if let Some(scan) = &spec.scan {
                    schedule(context, item, "scan", scan);
                }
            }
            Spec::AgentSettings(spec) => {
                for (at, blockout) in spec.blockouts.iter().enumerate() {
                    let length = blockout.duration;
                    if length == Duration::ZERO || length > Duration::hours(24) {
                        let message = format!("a blockout lasts up to 24 hours, and this one `{length}`");
                        let pointer = format!("blockouts/{at}/duration");
                        context.value(&MAN_15, &item.key, &pointer, message, "write a duration from `1m` to `24h`");
                    }
                }
            }
            _ => {}
        }
    }
}

fn run(context: &mut Context<'_>, item: &Item, run: &Run) {
    if let Run::Schedule(times) = run {
        schedule(context, item, "run/schedule", times);
    }
}

fn schedule(context: &mut Context<'_>, item: &Item, at: &str, times: &Schedule) {
    match times {
        Schedule::At(_) | Schedule::Daily(_) => {}
        Schedule::Weekly(weekly) => {
            needs_from(context, item, &format!("{at}/weekly/every"), "week", weekly.every, weekly.from.is_some());
            let mut seen = BTreeSet::new();
            for (index, day) in weekly.days.iter().enumerate() {
                if !seen.insert(*day) {
                    let pointer = format!("{at}/weekly/days/{index}");
                    context.value(&MAN_15, &item.key, &pointer, "this day is listed twice", "remove one of the two");
                }
            }
        }
        Schedule::Monthly(monthly) => {
            needs_from(context, item, &format!("{at}/monthly/every"), "month", monthly.every, monthly.from.is_some());
            if let MonthDay::Date(day) = monthly.day
                && u32::from(day.date) + u32::from(monthly.offset_days) > 31
            {
                let message =
                    format!("day {} and {} days more is past the end of every month", day.date, monthly.offset_days);
                let help = "name the day itself and leave `offsetDays` out";
                context.value(&MAN_15, &item.key, &format!("{at}/monthly/offsetDays"), message, help);
            }
        }
        Schedule::Every(every) => {
            if every.interval < Duration::minutes(1) || every.interval.whole_minutes().is_none() {
                let message = format!("an interval is whole minutes, at least one, and this is `{}`", every.interval);
                let pointer = format!("{at}/every/interval");
                context.value(&MAN_15, &item.key, &pointer, message, "write such as `4h`");
            }
        }
    }
}

fn needs_from(context: &mut Context<'_>, item: &Item, pointer: &str, unit: &str, every: u8, has_from: bool) {
    if every > 1 && !has_from {
        let message =
            format!("nobody can say which {unit} is meant: every {every} {unit}s counts from `from`, which is missing");
        let help = format!("add `from`, the first {unit} it counts from, such as `from: 2026-12-01T00:00`");
        context.value(&MAN_15, &item.key, pointer, message, help);
    }
}

/// A time span ends after it begins.
fn availability(context: &mut Context<'_>, item: &Item, span: &Availability) {
    if let (Some(from), Some(to)) = (span.from, span.to)
        && from >= to
    {
        let message = format!("it ends at `{to}`, before it begins at `{from}`, so the task never runs");
        context.value(&MAN_15, &item.key, "availability/to", message, "exchange the two, or correct one");
    }
}
