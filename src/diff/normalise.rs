//! One form for what means the same, so that equal means no write.

use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::package::MaxRunTime;
use crate::model::package::PackageServers;
use crate::model::package::RunOnceFor;
use crate::model::portal::PortalRights;
use crate::model::sequence::Dependency;
use crate::model::sequence::DependencyOnCodes;

/// Brings an item into the one form in which equal items are equal: lists without order are sorted and hold nothing
/// twice, and a run time of 0 is what it stands for (PRG-3).
pub fn normalise(item: &mut Item) {
    if let Some(targets) = item.spec.targets_mut() {
        as_set(targets);
    }
    match &mut item.spec {
        Spec::Package(package) => match &mut package.package_servers {
            PackageServers::Servers(list) => as_set(&mut list.servers),
            PackageServers::Sites(list) => as_set(&mut list.sites),
            PackageServers::By(_) => {}
        },
        Spec::Program(program) => {
            as_set(&mut program.success_codes);
            as_set(&mut program.failure_codes);
            if let Some(limit) = program.max_run_time.limit() {
                program.max_run_time = MaxRunTime::Limit(limit); // PRG-3
            }
            if let RunOnceFor::Users(users) = &mut program.run_once_for {
                as_set(&mut users.users);
            }
            rights(&mut program.portal);
        }
        Spec::SequentialTask(sequence) => {
            for step in &mut sequence.steps {
                for dependency in &mut step.depends_on {
                    if let Dependency::Codes(DependencyOnCodes { step, return_codes }) = dependency {
                        as_set(return_codes);
                        if return_codes.is_empty() {
                            *dependency = Dependency::Step(*step);
                        }
                    }
                }
                step.depends_on.sort_by_key(Dependency::step);
            }
            rights(&mut sequence.portal);
        }
        Spec::Collection(collection) => {
            as_set(&mut collection.include);
            as_set(&mut collection.exclude);
            if let Some(members) = &mut collection.members {
                as_set(members);
            }
        }
        Spec::Folder(folder) => rights(&mut folder.portal),
        Spec::PortalDefaults(defaults) => {
            if let Some(grants) = &mut defaults.grants {
                as_set(grants);
            }
        }
        Spec::Task(_)
        | Spec::MaintenanceWindow(_)
        | Spec::PortalSettings(_)
        | Spec::DeliveryPolicy(_)
        | Spec::AgentSettings(_)
        | Spec::PatchPlugin(_)
        | Spec::PurgeSettings(_) => {}
    }
}

fn rights(portal: &mut Option<PortalRights>) {
    if let Some(portal) = portal {
        as_set(&mut portal.grants);
    }
}

fn as_set<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
}
