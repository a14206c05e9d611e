//! Settings: PTL-6, MW-9.

use super::super::context::Context;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::portal::PortalSettings;
use crate::model::schedule::Schedule;
use crate::model::schedule::WindowClock;
use crate::model::units::Duration;
use crate::model::window::MaintenanceWindow;
use crate::rules::portal::PTL_6;
use crate::rules::window::MW_9;

pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.items.values() {
        match &item.spec {
            Spec::PortalSettings(settings) if settings.enabled => portal(context, item, settings),
            Spec::MaintenanceWindow(window) if window.enabled => drifts(context, item, window),
            _ => {}
        }
    }
}

/// People find the portal, and it is for computers that can show it (PTL-6).
fn portal(context: &mut Context<'_>, item: &Item, settings: &PortalSettings) {
    if !settings.start_menu_link && !settings.agent_menu_link {
        let message = "there is no link to the portal, neither in the start menu nor in the agent's";
        let help = "set `startMenuLink: true` or `agentMenuLink: true`; to switch the portal off, `enabled: false`";
        let finding = context.lint(&PTL_6, &item.key, "agentMenuLink", message, help);
        context.found.push(finding);
    }
    for (at, name) in settings.collections.iter().enumerate().filter(|(_, name)| lacks_the_agent(name)) {
        let message =
            format!("`{}` seems to be computers without the agent, and the agent shows the portal", visible(name));
        let help = "target computers that have the software delivery agent";
        let finding = context.lint(&PTL_6, &item.key, &format!("collections/{at}"), message, help);
        context.found.push(finding);
    }
}

/// Whether a collection's name says that an agent is missing on its computers.
fn lacks_the_agent(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|word| matches!(*word, "agent" | "agents"))
        && words.iter().any(|word| {
            matches!(
                *word,
                "without"
                    | "missing"
                    | "no"
                    | "not"
                    | "requiring"
                    | "require"
                    | "lacking"
                    | "lack"
                    | "need"
                    | "needing"
            )
        })
}

/// A window in UTC moves by an hour against the people it is for (MW-9).
fn drifts(context: &mut Context<'_>, item: &Item, window: &MaintenanceWindow) {
    let repeats = !matches!(window.schedule, Schedule::At(_));
    let is_always = matches!(window.schedule, Schedule::Daily(_)) && window.duration >= Duration::hours(24);
    if window.clock == WindowClock::Utc && repeats && !is_always {
        let message = "a window in UTC opens an hour earlier or later by local time when daylight saving changes";
        let help = "leave `clock` out for each computer's own clock; where all must open at one moment, write \
                    `# consign: allow MW-9 because …`";
        let finding = context.lint(&MW_9, &item.key, "clock", message, help);
        context.found.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::lacks_the_agent;

    #[test]
    fn ptl_6_a_collection_says_by_its_name_that_the_agent_is_missing() {
        for yes in ["Computers without Software Delivery Agent", "Requiring Agent", "No agent"] {
            assert!(lacks_the_agent(yes), "{yes}");
        }
        for no in ["All desktops", "With agent", "Without 7-Zip", "Agents"] {
            assert!(!lacks_the_agent(no), "{no}");
        }
    }
}
