//! Managed delivery policies: RST-3.

use super::super::context::Context;
use super::audience::is_part_of;
use super::uses::policy_repeats;
use crate::diag::called;
use crate::model::delivery_policy::DeliveryPolicy;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::AfterRunningAction;
use crate::rules::restart::RST_3;

/// What goes on during a restart that is pending can fail, and is tried again only by a policy that repeats (RST-3).
pub(super) fn check(context: &mut Context<'_>) {
    let policies: Vec<(&Item, &DeliveryPolicy)> = context
        .site
        .of_kind(Kind::DeliveryPolicy)
        .filter_map(|item| match &item.spec {
            Spec::DeliveryPolicy(policy) if policy.enabled => Some((item, policy)),
            _ => None,
        })
        .collect();
    for item in context.site.of_kind(Kind::AgentSettings) {
        let Spec::AgentSettings(settings) = &item.spec else { continue };
        if !settings.enabled || !settings.disregard_post_run_action {
            continue;
        }
        let is_there = |policy: &DeliveryPolicy| meet(context, &policy.collections, &settings.collections);
        let reached: Vec<&(&Item, &DeliveryPolicy)> = policies.iter().filter(|(_, policy)| is_there(policy)).collect();
        let restarting = reached.iter().find(|(_, policy)| {
            policy.resources.iter().any(|one| one.on_success.action == AfterRunningAction::Restart)
        });
        let Some((first, _)) = restarting else { continue };
        let mut found = Vec::new();
        for (policy_item, _) in reached.iter().filter(|(_, policy)| !policy_repeats(policy)) {
            let message = format!(
                "what fails while a restart of {} is pending is not tried again: this policy does not repeat",
                called(&first.key)
            );
            let help = "give it a schedule that repeats, such as `compliance: {daily: '12:00'}`";
            let finding = context.lint(&RST_3, &policy_item.key, "compliance", message, help);
            let there = context.origins.value(&item.key, "disregardPostRunAction");
            found.push(finding.also(there, "work goes on during such a restart"));
        }
        found.into_iter().for_each(|finding| context.found.push(finding));
    }
}

/// Whether some computer is surely in both, where there is any.
fn meet(context: &Context<'_>, one: &[String], other: &[String]) -> bool {
    one.iter().any(|a| other.iter().any(|b| is_part_of(context, a, b) || is_part_of(context, b, a)))
}
