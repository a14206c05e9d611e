//! Tasks: PKG-3, PRG-9, TSK-6, TSK-12.

use super::super::context::Context;
use super::audience::Audience;
use super::uses::run_repeats;
use crate::diag::visible;
use crate::model::delivery_policy::Remediation;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::CanRun;
use crate::model::package::Source;
use crate::model::schedule::Schedule;
use crate::model::schedule::Weekday;
use crate::model::task::Run;
use crate::model::task::Task;
use crate::model::units::Duration;
use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;
use crate::rules::package::PKG_3;
use crate::rules::program::PRG_9;
use crate::rules::task::TSK_6;
use crate::rules::task::TSK_12;

pub(super) fn check(context: &mut Context<'_>) {
    let mut audience = Audience::default();
    for item in context.site.items.values() {
        match &item.spec {
            Spec::Task(task) if task.enabled => {
                // An upgrade that stays in its collection is told as such alone.
                if !upgrade(context, item, task, &mut audience) {
                    stays(context, item, task, &mut audience);
                }
                unseen(context, item, task);
                let schedule = if let Run::Schedule(schedule) = &task.run { Some(schedule) } else { None };
                wake(context, item, task.wake_on_lan, task.run == Run::Manual, schedule);
            }
            Spec::SequentialTask(task) if task.enabled => {
                let schedule = if let Run::Schedule(schedule) = &task.run { Some(schedule) } else { None };
                wake(context, item, task.wake_on_lan, false, schedule);
            }
            Spec::DeliveryPolicy(policy) if policy.enabled => {
                let schedule = match &policy.remediation {
                    Remediation::Schedule(schedule) => Some(schedule),
                    Remediation::Immediately => policy.compliance.as_ref(),
                    Remediation::MaintenanceWindow => None,
                };
                wake(context, item, policy.wake_on_lan, policy.user_must_run, schedule);
            }
            _ => {}
        }
    }
}

/// A task that no computer ever leaves keeps its package from ageing out (PKG-3).
fn stays<'a>(context: &mut Context<'a>, item: &Item, task: &'a Task, audience: &mut Audience<'a>) {
    let ends = task.remove_after_success || task.availability.to.is_some();
    if task.run != Run::AsSoonAsPossible || ends {
        return;
    }
    let Some(Spec::Package(package)) =
        context.site.get(&ItemKey::new(Kind::Package, &task.package)).map(|item| &item.spec)
    else {
        return;
    };
    if matches!(package.source, Source::None(_)) || package.delete_unused_after == Duration::ZERO {
        return;
    }
    let Some(at) = task.collections.iter().position(|name| audience.keeps(context, name)) else { return };
    let message = format!(
        "no computer leaves `{}` once this has run, so the task stays active there and the files of `{}` are never deleted",
        visible(&task.collections[at]),
        visible(&task.package)
    );
    let help =
        "target a collection that a computer leaves once the software is there, or set `removeAfterSuccess: true`";
    let finding = context.lint(&PKG_3, &item.key, &format!("collections/{at}"), message, help);
    context.found.push(finding);
}

/// A program that runs with nobody logged on has nobody to warn, and nobody to start it (PRG-9).
fn unseen(context: &mut Context<'_>, item: &Item, task: &Task) {
    let key = ItemKey::program(&task.package, &task.program);
    let Some(Spec::Program(program)) = context.site.get(&key).map(|item| &item.spec) else { return };
    if program.can_run != CanRun::NoUserLoggedOn {
        return;
    }
    let there = context.origins.value(&key, "canRun");
    let told = if task.run == Run::Manual {
        Some((
            "run",
            "it waits for a user to start it, and runs only when no user is logged on",
            "give it a schedule, or `run: asSoonAsPossible`",
        ))
    } else if task.warn_user.is_some() {
        Some((
            "warnUser",
            "it runs only when no user is logged on, so there is nobody to warn",
            "remove `warnUser`, or change `canRun` of the program",
        ))
    } else {
        None
    };
    if let Some((field, message, help)) = told {
        let finding = context.lint(&PRG_9, &item.key, field, message, help).also(there, "runs with nobody logged on");
        context.found.push(finding);
    }
}

/// A computer is woken by an agent in its subnet that is awake (TSK-6).
fn wake(context: &mut Context<'_>, item: &Item, is_asked: bool, is_manual: bool, schedule: Option<&Schedule>) {
    if !is_asked {
        return;
    }
    let at = context.origins.value(&item.key, "wakeOnLan");
    if is_manual {
        let message = "only a user starts this, at a computer that is awake";
        let finding = context.lint(&TSK_6, &item.key, "wakeOnLan", message, "remove `wakeOnLan`");
        context.found.push(finding.fix_default("remove `wakeOnLan`", at, false));
    } else if schedule.is_some_and(is_out_of_hours) {
        let message = "it starts out of hours, and only an agent that is awake in the same subnet can wake a computer";
        let help = "see to one computer in each subnet that is always on, and say so: `# consign: allow TSK-6 because …`; \
                    or start it by day";
        let finding = context.lint(&TSK_6, &item.key, "wakeOnLan", message, help);
        context.found.push(finding);
    }
}

/// Whether a schedule starts when few people are at work: at night, or at weekends only.
fn is_out_of_hours(schedule: &Schedule) -> bool {
    let is_night = |time: TimeOfDay| time.hour < 7 || time.hour >= 18;
    let clock = |at: LocalDateTime| TimeOfDay { hour: at.civil().hour().unsigned_abs(), minute: 0 };
    match schedule {
        Schedule::At(at) => is_night(clock(*at)),
        Schedule::Daily(time) => is_night(*time),
        Schedule::Weekly(weekly) => {
            is_night(weekly.time) || weekly.days.iter().all(|day| matches!(day, Weekday::Sat | Weekday::Sun))
        }
        Schedule::Monthly(monthly) => is_night(monthly.time),
        Schedule::Every(every) => every.interval >= Duration::days(1) && is_night(clock(every.from)),
    }
}

/// A standing upgrade of an agent repeats, and its collection empties itself (TSK-12). Returns whether it spoke.
fn upgrade<'a>(context: &mut Context<'a>, item: &Item, task: &'a Task, audience: &mut Audience<'a>) -> bool {
    if !is_upgrade(&item.key.name) && !is_upgrade(&task.program) {
        return false;
    }
    if task.run == Run::AsSoonAsPossible || matches!(task.run, Run::Schedule(Schedule::At(_))) {
        let message = "an upgrade of an agent that runs once never runs again for a later version";
        let help = "give it a schedule that repeats, such as `run: {schedule: {daily: '12:00'}}`, and a collection that \
                    computers leave once they have the version";
        let finding = context.lint(&TSK_12, &item.key, "run", message, help);
        context.found.push(finding);
        return true;
    }
    let at = if run_repeats(&task.run) {
        task.collections.iter().position(|name| audience.keeps(context, name))
    } else {
        None
    };
    let Some(at) = at else { return false };
    let message = format!(
        "no computer leaves `{}` once it has the new version, so it is upgraded again each time",
        visible(&task.collections[at])
    );
    let help = "target a collection that asks for computers without this version, which a computer then leaves";
    let finding = context.lint(&TSK_12, &item.key, &format!("collections/{at}"), message, help);
    context.found.push(finding);
    true
}

/// Whether a name says that an agent is brought to a later version.
fn is_upgrade(name: &str) -> bool {
    let lower = name.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '-');
    let (mut agent, mut upgrade) = (false, false);
    words.by_ref().for_each(|word| {
        agent |= matches!(word, "agent" | "agents" | "subagent" | "plug-in" | "plugin");
        upgrade |= matches!(word, "upgrade" | "upgrades" | "update" | "updates");
    });
    agent && upgrade
}

#[cfg(test)]
mod tests {
    use super::is_upgrade;

    #[test]
    fn tsk_12_an_upgrade_of_an_agent_is_known_by_its_name() {
        for yes in ["Upgrade Altiris Agent", "Task Synchronization Agent Upgrade", "Update the inventory plug-in"] {
            assert!(is_upgrade(yes), "{yes}");
        }
        for no in ["Upgrade Firefox", "Install agent", "Agentur update", "Altiris Agent"] {
            assert!(!is_upgrade(no), "{no}");
        }
    }
}
