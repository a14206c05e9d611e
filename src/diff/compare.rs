//! What differs between two items, field by field.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::model::agent_settings::AgentSettings;
use crate::model::collection::Collection;
use crate::model::delivery_policy::DeliveryPolicy;
use crate::model::folder::Folder;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::package::RunWith;
use crate::model::patch::PatchPlugin;
use crate::model::portal::PortalDefaults;
use crate::model::portal::PortalSettings;
use crate::model::purge::PurgeSettings;
use crate::model::sequence::SequentialTask;
use crate::model::task::Task;
use crate::model::window::MaintenanceWindow;

/// One field on its way from what the server has to what the manifests say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// The field as a manifest writes it, with dots: `spec.commandLine`, `metadata.folder`.
    pub path: String,
    /// What the server has.
    pub before: Value,
    /// What the manifests say.
    pub after: Value,
}

impl FieldChange {
    fn note<T: PartialEq + Serialize>(out: &mut Vec<Self>, path: &str, before: &T, after: &T) {
        if before != after {
            let value = |of: &T| serde_json::to_value(of).expect("the model prints as JSON: its maps have text keys");
            out.push(Self { path: path.to_owned(), before: value(before), after: value(after) });
        }
    }
}

/// Compares every field of a type. The pattern has no `..`: a new field does not compile until someone decides what a
/// difference in it means. `(skip)` is never compared, `(managed)` only where the manifest gives it.
macro_rules! fields {
    ($out:ident, $observed:ident, $desired:ident, $ty:ident { $($field:ident $name:literal $(($how:tt))?),* $(,)? }) => {{
        let $ty { $($field),* } = $desired;
        $( fields!(@one $out, &$observed.$field, $field, $name $(, $how)?); )*
    }};
    (@one $out:ident, $before:expr, $after:expr, $name:literal) => {
        FieldChange::note($out, concat!("spec.", $name), $before, $after)
    };
    (@one $out:ident, $before:expr, $after:expr, $name:literal, managed) => {
        if $after.is_some() { FieldChange::note($out, concat!("spec.", $name), $before, $after) }
    };
    (@one $out:ident, $before:expr, $after:expr, $name:literal, skip) => {{ let _ = ($before, $after); }};
}

/// What differs between an item as the server has it and as the manifests say; empty when no write is called for.
///
/// Both must be [normalised](super::normalise), and the observed one must call what it refers to by the manifests'
/// names. Fields that a manifest leaves unmanaged (`members`, portal rights, attributes) are not compared.
pub fn compare(observed: &Item, desired: &Item) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let out = &mut changes;
    if !observed.key.kind.is_singleton() {
        FieldChange::note(out, "metadata.name", &own_name(observed), &own_name(desired));
        FieldChange::note(out, "metadata.folder", &observed.folder, &desired.folder);
        if !desired.attributes.is_empty() {
            FieldChange::note(out, "metadata.attributes", &observed.attributes, &desired.attributes);
        }
    }
    match (&observed.spec, &desired.spec) {
        (Spec::Folder(o), Spec::Folder(d)) => {
            fields!(out, o, d, Folder { description "description", portal "portal" (managed) });
        }
        (Spec::Package(o), Spec::Package(d)) => package(out, o, d),
        (Spec::Program(o), Spec::Program(d)) => program(out, o, d),
        (Spec::Task(o), Spec::Task(d)) => task(out, o, d),
        (Spec::SequentialTask(o), Spec::SequentialTask(d)) => sequence(out, o, d),
        (Spec::Collection(o), Spec::Collection(d)) => fields!(out, o, d, Collection {
            description "description", query "query", limited_to "limitedTo", include "include", exclude "exclude",
            members "members" (managed), auto_update "autoUpdate",
        }),
        (Spec::MaintenanceWindow(o), Spec::MaintenanceWindow(d)) => fields!(out, o, d, MaintenanceWindow {
            description "description", enabled "enabled", collections "collections", schedule "schedule",
            duration "duration", applies_to "appliesTo", clock "clock",
        }),
        (Spec::PortalDefaults(o), Spec::PortalDefaults(d)) => {
            fields!(out, o, d, PortalDefaults { grants "grants" (managed) });
        }
        (Spec::PortalSettings(o), Spec::PortalSettings(d)) => fields!(out, o, d, PortalSettings {
            description "description", enabled "enabled", collections "collections",
            start_menu_link "startMenuLink", agent_menu_link "agentMenuLink", max_per_request "maxPerRequest",
        }),
        (Spec::DeliveryPolicy(o), Spec::DeliveryPolicy(d)) => fields!(out, o, d, DeliveryPolicy {
            description "description", enabled "enabled", collections "collections", resources "resources",
            compliance "compliance", remediation "remediation", user_can_run "userCanRun",
            user_must_run "userMustRun", prompt_user "promptUser", defer_up_to "deferUpTo", wake_on_lan "wakeOnLan",
        }),
        (Spec::AgentSettings(o), Spec::AgentSettings(d)) => fields!(out, o, d, AgentSettings {
            description "description", enabled "enabled", collections "collections",
            configuration_interval "configurationInterval", notify_in_advance "notifyInAdvance",
            show_popups "showPopups", show_tray_icon "showTrayIcon",
            disregard_post_run_action "disregardPostRunAction", multicast "multicast",
            minimum_speed_kbps "minimumSpeedKBps", blockouts "blockouts",
        }),
        (Spec::PatchPlugin(o), Spec::PatchPlugin(d)) => fields!(out, o, d, PatchPlugin {
            description "description", enabled "enabled", collections "collections", scan "scan",
            install_plugin "installPlugin",
        }),
        (Spec::PurgeSettings(o), Spec::PurgeSettings(d)) => fields!(out, o, d, PurgeSettings {
            enabled "enabled", daily "daily", executions "executions", package_events "packageEvents",
            status_events "statusEvents", sequence_status "sequenceStatus",
            unused_sequence_entries "unusedSequenceEntries", unused_portal_requests "unusedPortalRequests",
        }),
        // Only items of one kind are ever paired; two kinds differ in everything.
        (o, d) => FieldChange::note(out, "kind", &o.kind(), &d.kind()),
    }
    changes
}

/// The name without the path: a folder whose parent is called otherwise is itself no other.
fn own_name(item: &Item) -> &str {
    let name = item.key.name.as_str();
    if item.key.kind == Kind::Folder { name.rsplit('/').next().unwrap_or(name) } else { name }
}

fn package(out: &mut Vec<FieldChange>, o: &Package, d: &Package) {
    fields!(out, o, d, Package {
        description "description", publisher "publisher", version "version", language "language", source "source",
        delete_unused_after "deleteUnusedAfter", agent_display_name "agentDisplayName",
        agent_display_description "agentDisplayDescription", verbose_status_events "verboseStatusEvents",
        alternate_download_folder "alternateDownloadFolder", package_servers "packageServers",
        package_server_folder "packageServerFolder",
        programs "programs" (skip), // Items of their own (PRG-13).
    });
}

fn program(out: &mut Vec<FieldChange>, o: &Program, d: &Program) {
    fields!(out, o, d, Program {
        name "name" (skip), // The item's name, compared above.
        guid "guid" (skip), // The item's pin.
        aliases "aliases" (skip), // The item's aliases.
        description "description", command_line "commandLine", working_directory "workingDirectory",
        success_codes "successCodes", failure_codes "failureCodes",
        estimated_disk_space_kb "estimatedDiskSpaceKB", estimated_run_time "estimatedRunTime",
        max_run_time "maxRunTime", after_running "afterRunning", starting_window "startingWindow",
        run_with "runWith" (skip), // Compared below: the password is never seen.
        can_run "canRun", user_input_required "userInputRequired", exits_early "exitsEarly", run_once_for "runOnceFor", network "network",
        portal "portal" (managed),
    });
    let account = |program: &Program| match &program.run_with {
        RunWith::Built(built) => serde_json::to_value(built).expect("a name prints as JSON"),
        RunWith::Account(account) => serde_json::json!({ "account": account.account }),
    };
    FieldChange::note(out, "spec.runWith", &account(o), &account(d));
}

fn task(out: &mut Vec<FieldChange>, o: &Task, d: &Task) {
    fields!(out, o, d, Task {
        description "description", enabled "enabled", package "package", program "program",
        collections "collections", priority "priority", run "run", run_missed_schedule "runMissedSchedule",
        independent_execution "independentExecution", user_can_run "userCanRun", user_optional "userOptional",
        wake_on_lan "wakeOnLan", notify_immediately "notifyImmediately", notify_user "notifyUser",
        warn_user "warnUser", availability "availability", remove_after_success "removeAfterSuccess",
        agent_display_name "agentDisplayName", agent_display_description "agentDisplayDescription",
        verbose_status_events "verboseStatusEvents", download "download",
    });
}

fn sequence(out: &mut Vec<FieldChange>, o: &SequentialTask, d: &SequentialTask) {
    fields!(out, o, d, SequentialTask {
        description "description", enabled "enabled", collections "collections", priority "priority", run "run",
        run_missed_schedule "runMissedSchedule", wake_on_lan "wakeOnLan", notify_immediately "notifyImmediately",
        notify_user "notifyUser", warn_user "warnUser", availability "availability",
        remove_after_success "removeAfterSuccess", agent_display_name "agentDisplayName",
        agent_display_description "agentDisplayDescription", verbose_status_events "verboseStatusEvents",
        download "download", steps "steps", portal "portal" (managed),
    });
}

/// Whether two sequential tasks run the same programs in the same order, so that the one can become the other without
/// a new GUID (SEQ-1). What a step depends on is not part of the list.
pub fn is_same_step_list(a: &SequentialTask, b: &SequentialTask) -> bool {
    a.steps.len() == b.steps.len()
        && a.steps.iter().zip(&b.steps).all(|(a, b)| a.package == b.package && a.program == b.program)
}

/// The desired item with what its manifest leaves unmanaged taken from the server: the whole state to write.
pub fn with_unmanaged(desired: &Item, observed: &Item) -> Item {
    let mut whole = desired.clone();
    if whole.attributes.is_empty() {
        whole.attributes.clone_from(&observed.attributes);
    }
    match (&mut whole.spec, &observed.spec) {
        (Spec::Folder(whole), Spec::Folder(observed)) => fill(&mut whole.portal, &observed.portal),
        (Spec::Program(whole), Spec::Program(observed)) => fill(&mut whole.portal, &observed.portal),
        (Spec::SequentialTask(whole), Spec::SequentialTask(observed)) => fill(&mut whole.portal, &observed.portal),
        (Spec::Collection(whole), Spec::Collection(observed)) => fill(&mut whole.members, &observed.members),
        (Spec::PortalDefaults(whole), Spec::PortalDefaults(observed)) => fill(&mut whole.grants, &observed.grants),
        _ => {}
    }
    whole
}

fn fill<T: Clone>(whole: &mut Option<T>, observed: &Option<T>) {
    if whole.is_none() {
        whole.clone_from(observed);
    }
}
