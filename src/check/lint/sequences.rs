//! Sequential tasks: SEQ-5, SEQ-9.

use std::collections::BTreeMap;

use super::super::context::Context;
use crate::check::command::restarts_itself;
use crate::diag::called;
use crate::diag::visible;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::rules::sequence::SEQ_5;
use crate::rules::sequence::SEQ_9;

pub(super) fn check(context: &mut Context<'_>) {
    lost_progress(context);
    versions(context);
}

/// A restart by the installer itself loses the progress since the last step that ended (SEQ-5).
fn lost_progress(context: &mut Context<'_>) {
    for item in context.site.of_kind(Kind::SequentialTask) {
        let Spec::SequentialTask(task) = &item.spec else { continue };
        for (at, step) in task.steps.iter().enumerate() {
            let key = ItemKey::program(&step.package, &step.program);
            let Some(Spec::Program(program)) = context.site.get(&key).map(|item| &item.spec) else { continue };
            let field = if program.exits_early {
                "exitsEarly"
            } else if restarts_itself(&program.command_line) {
                "commandLine"
            } else {
                continue;
            };
            let message = format!(
                "step {} restarts the computer by itself: its end is never saved, and it runs again after the restart",
                at + 1
            );
            let help = "take the restart out of the command line and leave it to `afterRunning: {action: restart}`";
            let finding = context.lint(&SEQ_5, &item.key, &format!("steps/{at}/program"), message, help);
            let there = context.origins.value(&key, field);
            context.found.push(finding.also(there, "restarts here"));
        }
    }
}

/// Computers with different versions of the task synchronization agent cannot all match one server (SEQ-9).
fn versions(context: &mut Context<'_>) {
    let mut first: BTreeMap<&str, &ItemKey> = BTreeMap::new();
    for item in context.site.of_kind(Kind::Task) {
        let Spec::Task(task) = &item.spec else { continue };
        let key = ItemKey::new(Kind::Package, &task.package);
        let Some(Spec::Package(package)) = context.site.get(&key).map(|item| &item.spec) else { continue };
        let is_install =
            !task.program.to_lowercase().contains("uninstall") && !task.program.to_lowercase().contains("remove");
        if !task.enabled || !is_install || !is_synchronization_agent(&task.package) {
            continue;
        }
        let version = package.version.as_str();
        if let Some((other, by)) = first.iter().find(|(other, _)| **other != version) {
            let message = format!(
                "it brings version {} of the task synchronization agent, and {} brings {}; one server matches one of them",
                visible(version),
                called(by),
                visible(other)
            );
            let help = "keep the task of the version that belongs to the server, and switch the other off";
            let there = context.origins.value(by, "package");
            let finding = context.lint(&SEQ_9, &item.key, "package", message, help);
            context.found.push(finding.also(there, "the other version"));
        }
        first.entry(version).or_insert(&item.key);
    }
}

fn is_synchronization_agent(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.contains("task synch") && lower.contains("agent")
}
