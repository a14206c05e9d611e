//! Who runs a program.

use std::collections::BTreeMap;

use crate::model::delivery_policy::DeliveryPolicy;
use crate::model::delivery_policy::Remediation;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::schedule::Schedule;
use crate::model::site::Site;
use crate::model::task::Run;

/// What is switched on and runs programs, by package and program.
pub(super) struct Uses<'a>(BTreeMap<(&'a str, &'a str), Vec<&'a Item>>);

impl<'a> Uses<'a> {
    pub(super) fn of(site: &'a Site) -> Self {
        let mut uses: BTreeMap<(&str, &str), Vec<&Item>> = BTreeMap::new();
        for item in site.items.values() {
            let mut add = |package: &'a str, program: &'a str| {
                let items = uses.entry((package, program)).or_default();
                if items.last().is_none_or(|last| last.key != item.key) {
                    items.push(item);
                }
            };
            match &item.spec {
                Spec::Task(task) if task.enabled => add(&task.package, &task.program),
                Spec::SequentialTask(task) if task.enabled => {
                    task.steps.iter().for_each(|step| add(&step.package, &step.program));
                }
                Spec::DeliveryPolicy(policy) if policy.enabled => {
                    policy.resources.iter().for_each(|one| add(&one.package, &one.program));
                }
                _ => {}
            }
        }
        Self(uses)
    }

    /// What runs one program.
    pub(super) fn of_program(&self, package: &'a str, program: &'a str) -> &[&'a Item] {
        self.0.get(&(package, program)).map_or(&[], Vec::as_slice)
    }

    /// What runs any program of a package.
    pub(super) fn of_package(&self, package: &'a str) -> impl Iterator<Item = &'a Item> + '_ {
        let from = (package, "");
        let own = self.0.range(from..).take_while(move |((of, _), _)| *of == package);
        own.flat_map(|(_, items)| items.iter().copied())
    }
}

/// Whether something starts again and again by itself.
pub(super) fn repeats(item: &Item) -> bool {
    match &item.spec {
        Spec::Task(task) => run_repeats(&task.run),
        Spec::SequentialTask(task) => run_repeats(&task.run),
        Spec::DeliveryPolicy(policy) => policy_repeats(policy),
        _ => false,
    }
}

pub(super) fn policy_repeats(policy: &DeliveryPolicy) -> bool {
    policy.compliance.as_ref().is_some_and(schedule_repeats)
        || matches!(&policy.remediation, Remediation::Schedule(schedule) if schedule_repeats(schedule))
}

pub(super) const fn run_repeats(run: &Run) -> bool {
    matches!(run, Run::Schedule(schedule) if schedule_repeats(schedule))
}

const fn schedule_repeats(schedule: &Schedule) -> bool {
    !matches!(schedule, Schedule::At(_))
}
