//! What differs between two items, field by field.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::diff::effects;
use crate::diff::effects::Effect;
use crate::diff::effects::Entry;
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
    /// What kind of thing it leads to; [`effects::case`] says why.
    pub effect: Effect,
}

impl FieldChange {
    fn note<T: PartialEq + Serialize>(out: &mut Vec<Self>, part: &str, entry: &Entry, before: &T, after: &T) {
        if before != after {
            let value = |of: &T| serde_json::to_value(of).expect("the model prints as JSON: its maps have text keys");
            let (before, after) = (value(before), value(after));
            let effect = entry.case(&before, &after).effect;
            out.push(Self { path: format!("{part}.{}", entry.name), before, after, effect });
        }
    }
}

/// Compares every field of a type, whose name and effects stand in the table. The pattern has no `..`: a new field does
/// not compile until someone decides what a difference in it means. `(skip)` is never compared, `(managed)` only where
/// the manifest gives it.
macro_rules! fields {
    ($out:ident, $observed:ident, $desired:ident, $table:ident, $ty:ident { $($field:ident $(($how:tt))?),* $(,)? }) => {{
        let $ty { $($field),* } = $desired;
        $( fields!(@one $out, &effects::$table.$field, &$observed.$field, $field $(, $how)?); )*
    }};
    (@one $out:ident, $entry:expr, $before:expr, $after:expr) => {
        FieldChange::note($out, "spec", $entry, $before, $after)
    };
    (@one $out:ident, $entry:expr, $before:expr, $after:expr, managed) => {
        if $after.is_some() { FieldChange::note($out, "spec", $entry, $before, $after) }
    };
    (@one $out:ident, $entry:expr, $before:expr, $after:expr, skip) => {{ let _ = ($before, $after); }};
}

/// What differs between an item as the server has it and as the manifests say; empty when no write is called for.
///
/// Both must be [normalised](super::normalise), and the observed one must call what it refers to by the manifests'
/// names. Fields that a manifest leaves unmanaged (`members`, portal rights, attributes) are not compared.
pub fn compare(observed: &Item, desired: &Item) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let out = &mut changes;
    if !observed.key.kind.is_singleton() {
        let metadata = effects::metadata(observed.key.kind);
        FieldChange::note(out, "metadata", &metadata.key, &own_name(observed), &own_name(desired));
        FieldChange::note(out, "metadata", &metadata.folder, &observed.folder, &desired.folder);
        if !desired.attributes.is_empty() {
            FieldChange::note(out, "metadata", &metadata.attributes, &observed.attributes, &desired.attributes);
        }
    }
    match (&observed.spec, &desired.spec) {
        (Spec::Folder(o), Spec::Folder(d)) => {
            fields!(out, o, d, FOLDER, Folder { description, portal (managed) });
        }
        (Spec::Package(o), Spec::Package(d)) => package(out, o, d),
        (Spec::Program(o), Spec::Program(d)) => program(out, o, d),
        (Spec::Task(o), Spec::Task(d)) => task(out, o, d),
        (Spec::SequentialTask(o), Spec::SequentialTask(d)) => sequence(out, o, d),
        (Spec::Collection(o), Spec::Collection(d)) => fields!(out, o, d, COLLECTION, Collection {
            description, query, limited_to, include, exclude,
            members (managed), auto_update,
        }),
        (Spec::MaintenanceWindow(o), Spec::MaintenanceWindow(d)) => fields!(
            out,
            o,
            d,
            WINDOW,
            MaintenanceWindow { description, enabled, collections, schedule, duration, applies_to, clock }
        ),
        (Spec::PortalDefaults(o), Spec::PortalDefaults(d)) => {
            fields!(out, o, d, DEFAULTS, PortalDefaults { grants (managed) });
        }
        (Spec::PortalSettings(o), Spec::PortalSettings(d)) => fields!(
            out,
            o,
            d,
            PORTAL,
            PortalSettings { description, enabled, collections, start_menu_link, agent_menu_link, max_per_request }
        ),
        (Spec::DeliveryPolicy(o), Spec::DeliveryPolicy(d)) => fields!(
            out,
            o,
            d,
            POLICY,
            DeliveryPolicy {
                description,
                enabled,
                collections,
                resources,
                compliance,
                remediation,
                user_can_run,
                user_must_run,
                prompt_user,
                defer_up_to,
                wake_on_lan,
            }
        ),
        (Spec::AgentSettings(o), Spec::AgentSettings(d)) => fields!(
            out,
            o,
            d,
            AGENT,
            AgentSettings {
                description,
                enabled,
                collections,
                configuration_interval,
                notify_in_advance,
                show_popups,
                show_tray_icon,
                disregard_post_run_action,
                multicast,
                minimum_speed_kbps,
                blockouts,
            }
        ),
        (Spec::PatchPlugin(o), Spec::PatchPlugin(d)) => {
            fields!(out, o, d, PATCH, PatchPlugin { description, enabled, collections, scan, install_plugin })
        }
        (Spec::PurgeSettings(o), Spec::PurgeSettings(d)) => fields!(
            out,
            o,
            d,
            PURGE,
            PurgeSettings {
                enabled,
                daily,
                executions,
                package_events,
                status_events,
                sequence_status,
                unused_sequence_entries,
                unused_portal_requests,
            }
        ),
        // Only items of one kind are ever paired; two kinds differ in everything.
        (o, d) => out.push(FieldChange {
            path: "kind".to_owned(),
            before: o.kind().name().into(),
            after: d.kind().name().into(),
            effect: Effect::Identity,
        }),
    }
    changes
}

/// The name without the path: a folder whose parent is called otherwise is itself no other.
fn own_name(item: &Item) -> &str {
    let name = item.key.name.as_str();
    if item.key.kind == Kind::Folder { name.rsplit('/').next().unwrap_or(name) } else { name }
}

fn package(out: &mut Vec<FieldChange>, o: &Package, d: &Package) {
    fields!(out, o, d, PACKAGE, Package {
        description, publisher, version, language, source,
        delete_unused_after, agent_display_name,
        agent_display_description, verbose_status_events,
        alternate_download_folder, package_servers,
        package_server_folder,
        programs (skip), // Items of their own (PRG-13).
    });
}

fn program(out: &mut Vec<FieldChange>, o: &Program, d: &Program) {
    fields!(out, o, d, PROGRAM, Program {
        name (skip), // The item's name, compared above.
        guid (skip), // The item's pin.
        aliases (skip), // The item's aliases.
        description, command_line, working_directory,
        success_codes, failure_codes,
        estimated_disk_space_kb, estimated_run_time,
        max_run_time, after_running, starting_window,
        run_with (skip), // Compared below: the password is never seen.
        can_run, user_input_required, exits_early, run_once_for, network,
        portal (managed),
    });
    let account = |program: &Program| match &program.run_with {
        RunWith::Built(built) => serde_json::to_value(built).expect("a name prints as JSON"),
        RunWith::Account(account) => serde_json::json!({ "account": account.account }),
    };
    FieldChange::note(out, "spec", &effects::PROGRAM.run_with, &account(o), &account(d));
}

fn task(out: &mut Vec<FieldChange>, o: &Task, d: &Task) {
    fields!(
        out,
        o,
        d,
        TASK,
        Task {
            description,
            enabled,
            package,
            program,
            collections,
            priority,
            run,
            run_missed_schedule,
            independent_execution,
            user_can_run,
            user_optional,
            wake_on_lan,
            notify_immediately,
            notify_user,
            warn_user,
            availability,
            remove_after_success,
            agent_display_name,
            agent_display_description,
            verbose_status_events,
            download,
        }
    );
}

fn sequence(out: &mut Vec<FieldChange>, o: &SequentialTask, d: &SequentialTask) {
    fields!(out, o, d, SEQUENCE, SequentialTask {
        description, enabled, collections, priority, run,
        run_missed_schedule, wake_on_lan, notify_immediately,
        notify_user, warn_user, availability,
        remove_after_success, agent_display_name,
        agent_display_description, verbose_status_events,
        download, steps, portal (managed),
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
