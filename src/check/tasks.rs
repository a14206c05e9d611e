//! Tasks: TSK-1, TSK-8, TSK-9.

use super::context::Context;
use crate::diag::Diagnostic;
use crate::diag::called;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::units::Duration;
use crate::rules::manifest::MAN_3;
use crate::rules::task::TSK_1;
use crate::rules::task::TSK_8;
use crate::rules::task::TSK_9;

/// The shortest deferral on the agent's list (TSK-8).
const DEFERRAL_MIN: Duration = Duration::minutes(5);
/// The longest countdown (TSK-9).
const COUNTDOWN_MAX: Duration = Duration::minutes(60);
/// The longest deferral of a managed delivery policy, 55 days (altiris-domain §11).
const POLICY_DEFERRAL_MAX: Duration = Duration::days(55);

pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.items.values() {
        match &item.spec {
            Spec::Task(task) => {
                reserved_name(context, item);
                if let Some(warn) = &task.warn_user {
                    deferral(context, item, warn.defer_up_to);
                }
            }
            Spec::SequentialTask(task) => {
                reserved_name(context, item);
                if let Some(warn) = &task.warn_user {
                    deferral(context, item, warn.defer_up_to);
                }
            }
            Spec::AgentSettings(settings) => countdown(context, item, "notifyInAdvance", settings.notify_in_advance),
            Spec::DeliveryPolicy(policy) => {
                policy_deferral(context, item, "deferUpTo", policy.defer_up_to);
                for (at, resource) in policy.resources.iter().enumerate() {
                    let below = format!("resources/{at}/onSuccess");
                    policy_deferral(context, item, &format!("{below}/deferUpTo"), resource.on_success.defer_up_to);
                    if let Some(time) = resource.on_success.countdown {
                        countdown(context, item, &format!("{below}/countdown"), time);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a task's name is one that the portal keeps for the tasks it makes itself (TSK-1).
pub fn is_reserved(name: &str) -> bool {
    // Case does not matter to the servers that compare it.
    name.to_lowercase().contains("software request")
}

/// The portal's own names (TSK-1).
fn reserved_name(context: &mut Context<'_>, item: &Item) {
    if is_reserved(&item.key.name) {
        let at = context.origins.name(&item.key);
        let message = format!("{} has a name that the portal keeps for its own tasks", called(&item.key));
        let help = "choose a name without `Software Request`, and keep the old one under `metadata.aliases`";
        context.found.push(Diagnostic::error(&TSK_1, at, message).help(help));
    }
}

/// 0, or at least the shortest step, in whole minutes (TSK-8).
fn deferral(context: &mut Context<'_>, item: &Item, most: Duration) {
    let at = "warnUser/deferUpTo";
    context.whole_minutes(&TSK_8, item, at, most);
    if most > Duration::ZERO && most < DEFERRAL_MIN {
        let message = format!("no deferral on offer is as short as `{most}`; the shortest is `{DEFERRAL_MIN}`");
        context.value(&TSK_8, &item.key, at, message, "write at least `5m`, or `0m` for a warning without deferral");
    }
}

/// At most 60 minutes (TSK-9).
fn countdown(context: &mut Context<'_>, item: &Item, pointer: &str, time: Duration) {
    if time > COUNTDOWN_MAX {
        let message = format!("a countdown of `{time}` is longer than agents take");
        let help = "the most is `60m`; `warnUser.deferUpTo` of a task gives people more time";
        context.value(&TSK_9, &item.key, pointer, message, help);
    }
}

fn policy_deferral(context: &mut Context<'_>, item: &Item, pointer: &str, most: Duration) {
    context.whole_minutes(&MAN_3, item, pointer, most);
    if most > POLICY_DEFERRAL_MAX {
        let message = format!("a policy defers at most 55 days, and this is `{most}`");
        context.value(&MAN_3, &item.key, pointer, message, "write `55d` or less");
    }
}
