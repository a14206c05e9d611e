//! The tables. A table is a struct with the fields of a model type: a field that has no effect here does not compile.

use serde_json::Value;

use super::Case;
use super::Effect;
use super::Effects;
use super::Entry;
use crate::model::agent_settings::AgentSettings;
use crate::model::agent_settings::Blockout;
use crate::model::collection::Collection;
use crate::model::delivery_policy::DeliveryPolicy;
use crate::model::delivery_policy::PolicyResource;
use crate::model::delivery_policy::ResultAction;
use crate::model::folder::Folder;
use crate::model::item::Acknowledgement;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::model::package::AfterRunning;
use crate::model::package::Network;
use crate::model::package::Package;
use crate::model::package::PackageServersList;
use crate::model::package::PackageServersSites;
use crate::model::package::Program;
use crate::model::package::RunOnceForUsers;
use crate::model::package::RunWithAccount;
use crate::model::package::SourceLocal;
use crate::model::package::SourceNone;
use crate::model::package::SourceUnc;
use crate::model::package::SourceUrl;
use crate::model::patch::PatchPlugin;
use crate::model::portal::Grant;
use crate::model::portal::PortalDefaults;
use crate::model::portal::PortalRights;
use crate::model::portal::PortalSettings;
use crate::model::purge::PurgeSettings;
use crate::model::purge::Retention;
use crate::model::schedule::DateOfMonth;
use crate::model::schedule::Every;
use crate::model::schedule::Monthly;
use crate::model::schedule::WeekdayOfMonth;
use crate::model::schedule::Weekly;
use crate::model::sequence::DependencyOnCodes;
use crate::model::sequence::SequenceStep;
use crate::model::sequence::SequentialTask;
use crate::model::task::Availability;
use crate::model::task::DownloadOwn;
use crate::model::task::Task;
use crate::model::task::WarnUser;
use crate::model::window::MaintenanceWindow;

/// Effects as they are written here: `CLASS "note" ["RULE"] SOURCE`, the leading one first; before them what chooses.
macro_rules! effects {
    (@by $choose:expr; $($effect:ident $note:literal [$($rule:literal),*] $source:expr);+ $(;)?) => {
        effects!(@make Some($choose); $($effect $note [$($rule),*] $source);+)
    };
    (@make $choose:expr; $($effect:ident $note:literal [$($rule:literal),*] $source:expr);+) => {
        Effects {
            cases: &[$(Case { effect: Effect::$effect, note: $note, rules: &[$($rule),*], source: $source }),+],
            choose: $choose,
        }
    };
    ($($effect:ident $note:literal [$($rule:literal),*] $source:expr);+ $(;)?) => {
        effects!(@make None; $($effect $note [$($rule),*] $source);+)
    };
}

/// A table: the effects of every field of a model type.
macro_rules! table {
    ($(#[$doc:meta])* $table:ident: $name:ident of $ty:ident {
        $($field:ident $key:literal => $effects:expr),* $(,)?
    } $(without $aside:ident)?) => {
        $(#[$doc])*
        pub(in crate::diff) struct $name {
            $(pub(in crate::diff) $field: Entry),*
        }

        $(#[$doc])*
        pub(in crate::diff) static $table: $name = $name { $($field: Entry { name: $key, effects: $effects }),* };

        impl $name {
            pub(super) fn entries(&'static self) -> Vec<&'static Entry> {
                vec![$(&self.$field),*]
            }
        }

        // No `..`: a field without an effect does not compile.
        const _: fn(&$ty) = |of| {
            let $ty { $($field: _,)* $($aside: _)? } = of;
        };
    };
}

/// Nested types: each field has the effects of the field that holds the type, but for those in [`nested`]. A new field
/// does not compile until someone decides that.
macro_rules! as_what_holds_them {
    ($($ty:ident { $($field:ident),* $(,)? })*) => {
        $(const _: fn(&$ty) = |of| {
            let $ty { $($field: _),* } = of;
        };)*
    };
}

const GUIDE_PACKAGE: &str = "SWD 6.1 guide, Package Tab";
const GUIDE_ADVANCED: &str = "SWD 6.1 guide, Advanced Tab";
const GUIDE_POINT: &str = "SWD 6.1 guide, Distribution Point; Codebases";
const GUIDE_PROGRAM: &str = "SWD 6.1 guide, Programs Tab";
const GUIDE_TASK: &str = "SWD 6.1 guide, Software Delivery Tasks";
const GUIDE_SEQUENCE: &str = "SWD 6.1 guide, Sequential Software Delivery Tasks";
const GUIDE_PORTAL: &str = "SWD 6.1 guide, Software Portal";
const GUIDE_PURGE: &str = "SWD 6.1 guide, Data Purging";
const GUIDE_COLLECTION: &str = "SWD 6.1 guide, Collection Management";
const WINDOWS: &str = "ConfigMgr, Maintenance Windows";
const LICENCES: &str = "Patch Management, licence consumption";
const DEFERRAL: &str = "Software Management Framework, restart deferral";
const PROJECT: &str = "consign: written for the project alone";

// What several kinds have.

const FOR_PEOPLE: Effects = effects!(Display "for people only" [] "altiris-domain §2");
const PAIRS: Effects = effects!(Inert "says which item is meant; the server keeps nothing of it" [] PROJECT);
const OF_THE_PROJECT: Effects = effects!(Inert "the project's own; no server holds it" [] PROJECT);
const RENAME: Effects =
    effects!(Display "a rename keeps the GUID; no run is expected" [] "altiris-domain §13, U24 (inferred)");
const MOVE: Effects =
    effects!(Display "its place in the console; no run is expected" [] "altiris-domain §13, U24 (inferred)");
const SHOWN_BY_AGENT: Effects = effects!(Display "what the agent shows" [] GUIDE_ADVANCED);
const REPORTS: Effects = effects!(PolicyRefresh "what agents report to the server" ["DLV-3"] GUIDE_TASK);
const WAKES: Effects =
    effects!(PolicyRefresh "wakes computers; needs an agent awake in their subnet" ["TSK-6"] GUIDE_TASK);
const NOT_SAID: Effects =
    effects!(PolicyRefresh "sent to agents; the documents do not say what it does" [] "altiris-domain §13, U20");

const SWITCHED: Effects = effects!(@by to_true;
    CancelsPending "off: agents drop it, and what waits is not run" [] "altiris-domain §13, U25 (inferred)";
    ReEvaluate "on: its computers get it, and who never ran it runs it" ["TSK-4"] GUIDE_TASK;
);
const TARGETS: Effects = effects!(
    ReEvaluate "computers get it or lose it; who ran it once does not run it again" ["COL-2", "TSK-4"] GUIDE_TASK;
    CancelsPending "computers that are no longer targeted drop it" ["COL-2"] GUIDE_TASK;
);
const FOR_WHOM: Effects = effects!(ReEvaluate "computers get it or lose it" ["COL-2"] GUIDE_COLLECTION);
const PRIORITY: Effects = effects!(PolicyRefresh "its place in the queue of what waits" ["TSK-2"] GUIDE_TASK);
const RUN: Effects = effects!(@by run;
    ReExecute "a schedule runs it again on those who ran it" ["TSK-4", "TSK-5"] GUIDE_TASK;
    FutureRuns "as soon as possible: only who never ran it" ["TSK-4"] GUIDE_TASK;
    Reschedule "by hand: nothing starts it but a user" [] "altiris-domain §4";
);
const MISSED: Effects = effects!(Reschedule "whether a missed start is made up for" [] "altiris-domain §4");
const NOTIFY_NOW: Effects =
    effects!(PolicyRefresh "all its computers ask for their policy at once" ["TSK-7"] GUIDE_TASK);
const NOTIFY_USER: Effects = effects!(Display "tells the user; never delays a run" ["TSK-8"] GUIDE_TASK);
const WARN: Effects =
    effects!(Reschedule "users put runs, and restarts after them, off so long" ["TSK-8", "PRG-6"] GUIDE_TASK);
const AVAILABLE: Effects =
    effects!(Reschedule "outside it nothing is downloaded and nothing starts" ["TSK-11"] GUIDE_TASK);
const REMOVAL: Effects =
    effects!(FutureRuns "takes it off who succeeded, and after a success to come" ["TSK-10"] GUIDE_TASK);
const DOWNLOAD: Effects = effects!(PolicyRefresh "how downloads to come are made" [] "altiris-domain §4 and §12");

// Packages and programs.

table! {
    /// Packages.
    PACKAGE: PackageEffects of Package {
        description "description" => FOR_PEOPLE,
        publisher "publisher" => effects!(Display "only the software portal shows it" ["PKG-1"] GUIDE_PACKAGE),
        version "version" => effects!(Inert "a free label; nothing acts on it" ["PKG-1"] GUIDE_PACKAGE),
        language "language" => effects!(Inert "a free label; nothing acts on it" [] "altiris-domain §2"),
        source "source" => effects!(
            ReDownload "only after the next distribution point update" ["PKG-6", "PKG-7"] GUIDE_POINT
        ),
        delete_unused_after "deleteUnusedAfter" => effects!(
            PolicyRefresh "when agents delete it; never while a task for it is active" ["PKG-3"] GUIDE_PACKAGE
        ),
        agent_display_name "agentDisplayName" => SHOWN_BY_AGENT,
        agent_display_description "agentDisplayDescription" => SHOWN_BY_AGENT,
        verbose_status_events "verboseStatusEvents" => effects!(
            PolicyRefresh "whether agents report downloads" ["PKG-5"] GUIDE_ADVANCED
        ),
        alternate_download_folder "alternateDownloadFolder" => effects!(
            FutureRuns "the second copy is made right before the next run" ["PKG-4"] GUIDE_ADVANCED
        ),
        package_servers "packageServers" => effects!(
            ServerOnly "package servers fetch it or drop it" ["PKG-7"] "altiris-domain §2; SWD 6.1 guide, Codebases"
        ),
        package_server_folder "packageServerFolder" => effects!(
            ServerOnly "where package servers put it" ["PKG-7"] "altiris-domain §2; SWD 6.1 guide, Advanced Tab"
        ),
        programs "programs" => effects!(
            ServerOnly "items of their own; none runs before a task names it" ["PRG-13", "TSK-3"] GUIDE_PROGRAM
        ),
    }
}

table! {
    /// Programs.
    PROGRAM: ProgramEffects of Program {
        name "name" => RENAME,
        guid "guid" => PAIRS,
        aliases "aliases" => PAIRS,
        description "description" => FOR_PEOPLE,
        command_line "commandLine" => effects!(
            FutureRuns "reaches nobody who ran it once; a schedule's next run has it" ["TSK-4", "SEQ-2"] GUIDE_TASK
        ),
        working_directory "workingDirectory" => effects!(
            FutureRuns "reaches nobody who ran it once; a schedule's next run has it" ["TSK-4", "PRG-10"] GUIDE_PROGRAM
        ),
        success_codes "successCodes" => effects!(
            FutureRuns "judges runs to come; what has run keeps its result" ["PRG-2"] GUIDE_PROGRAM
        ),
        failure_codes "failureCodes" => effects!(
            Inert "what is no success code is a failure anyway" ["PRG-2"] GUIDE_PROGRAM
        ),
        estimated_disk_space_kb "estimatedDiskSpaceKB" => effects!(
            Inert "a note; changes nothing" ["PRG-4"] GUIDE_PROGRAM
        ),
        estimated_run_time "estimatedRunTime" => effects!(Inert "a note; changes nothing" ["PRG-4"] GUIDE_PROGRAM),
        max_run_time "maxRunTime" => effects!(
            Reschedule "which windows take it, and when it is ended" ["MW-1", "MW-4", "PRG-3"] WINDOWS;
            FutureRuns "runs to come are ended at this time" ["PRG-3", "MW-5"] GUIDE_PROGRAM;
        ),
        after_running "afterRunning" => effects!(
            FutureRuns "follows any result of runs to come; delivery policies have their own" ["PRG-6"] GUIDE_PROGRAM
        ),
        starting_window "startingWindow" => effects!(
            FutureRuns "how it opens; only with user input required" ["PRG-7"] GUIDE_PROGRAM
        ),
        run_with "runWith" => effects!(FutureRuns "whose rights runs to come have" ["PRG-8"] GUIDE_PROGRAM),
        can_run "canRun" => effects!(
            Reschedule "who must be logged on before it starts" ["PRG-9"] GUIDE_PROGRAM
        ),
        user_input_required "userInputRequired" => effects!(
            FutureRuns "desktop and user profile of runs to come" ["PRG-7"] GUIDE_PROGRAM
        ),
        exits_early "exitsEarly" => effects!(
            FutureRuns "with it a run to come counts as executed once it started" ["PDF-2"] "SMS, Q175652"
        ),
        run_once_for "runOnceFor" => effects!(FutureRuns "for whom runs to come count" ["PRG-8"] GUIDE_PROGRAM),
        network "network" => effects!(
            Reschedule "it waits while the network is away or slower" ["PRG-12"] GUIDE_PROGRAM
        ),
        portal "portal" => effects!(
            Rights "who may ask for it on the portal" ["PTL-1", "PTL-3", "PRG-13"] GUIDE_PORTAL
        ),
    }
}

// What is delivered.

table! {
    /// Tasks.
    TASK: TaskEffects of Task {
        description "description" => FOR_PEOPLE,
        enabled "enabled" => SWITCHED,
        package "package" => effects!(
            FutureRuns "reaches nobody who ran it once; a schedule's next run has it" ["TSK-4"] GUIDE_TASK;
            ReDownload "computers fetch the package they lack" ["DLV-1"] "SWD 6.1 guide, Package Delivery";
        ),
        program "program" => effects!(FutureRuns "reaches nobody who ran it once; a schedule's next run has it" ["TSK-4"] GUIDE_TASK),
        collections "collections" => TARGETS,
        priority "priority" => PRIORITY,
        run "run" => RUN,
        run_missed_schedule "runMissedSchedule" => MISSED,
        independent_execution "independentExecution" => NOT_SAID,
        user_can_run "userCanRun" => effects!(
            PolicyRefresh "whether users may start it by hand" [] "altiris-domain §4"
        ),
        user_optional "userOptional" => NOT_SAID,
        wake_on_lan "wakeOnLan" => WAKES,
        notify_immediately "notifyImmediately" => NOTIFY_NOW,
        notify_user "notifyUser" => NOTIFY_USER,
        warn_user "warnUser" => WARN,
        availability "availability" => AVAILABLE,
        remove_after_success "removeAfterSuccess" => REMOVAL,
        agent_display_name "agentDisplayName" => SHOWN_BY_AGENT,
        agent_display_description "agentDisplayDescription" => SHOWN_BY_AGENT,
        verbose_status_events "verboseStatusEvents" => REPORTS,
        download "download" => DOWNLOAD,
    }
}

table! {
    /// Sequential tasks.
    SEQUENCE: SequenceEffects of SequentialTask {
        description "description" => FOR_PEOPLE,
        enabled "enabled" => SWITCHED,
        collections "collections" => TARGETS,
        priority "priority" => PRIORITY,
        run "run" => RUN,
        run_missed_schedule "runMissedSchedule" => MISSED,
        wake_on_lan "wakeOnLan" => WAKES,
        notify_immediately "notifyImmediately" => NOTIFY_NOW,
        notify_user "notifyUser" => NOTIFY_USER,
        warn_user "warnUser" => WARN,
        availability "availability" => AVAILABLE,
        remove_after_success "removeAfterSuccess" => REMOVAL,
        agent_display_name "agentDisplayName" => SHOWN_BY_AGENT,
        agent_display_description "agentDisplayDescription" => SHOWN_BY_AGENT,
        verbose_status_events "verboseStatusEvents" => REPORTS,
        download "download" => DOWNLOAD,
        steps "steps" => effects!(@by programs_in_a_row;
            Identity "who ran it runs all of it again" ["SEQ-1"] GUIDE_SEQUENCE;
            FutureRuns "on which results steps of runs to come depend; no new GUID" ["SEQ-3"] GUIDE_SEQUENCE;
        ),
        portal "portal" => effects!(
            Rights "who may ask for the whole on the portal" ["PTL-1", "PTL-3", "SEQ-6"] GUIDE_PORTAL
        ),
    }
}

const DEPENDS_ON: Effects =
    effects!(FutureRuns "on which results steps of runs to come depend; no new GUID" ["SEQ-3"] GUIDE_SEQUENCE);

table! {
    /// Delivery policies.
    POLICY: PolicyEffects of DeliveryPolicy {
        description "description" => FOR_PEOPLE,
        enabled "enabled" => effects!(@by to_true;
            CancelsPending "off: agents drop it, and what waits is not run" [] "altiris-domain §13, U25 (inferred)";
            ReEvaluate "on: its computers check, and install what is missing" [] "altiris-domain §6";
        ),
        collections "collections" => effects!(
            ReEvaluate "computers get it or lose it; who gets it installs what is missing" ["COL-2"]
                "altiris-domain §6";
            CancelsPending "computers that are no longer targeted drop it" ["COL-2"] GUIDE_COLLECTION;
        ),
        resources "resources" => effects!(@by programs_in_a_row;
            ReExecute "computers that do not comply with the new list install it" [] "altiris-domain §6";
            FutureRuns "what follows a result; of several countdowns the lowest wins" ["RST-4", "PRG-6"] DEFERRAL;
        ),
        compliance "compliance" => effects!(Reschedule "when computers check" [] "altiris-domain §6"),
        remediation "remediation" => effects!(
            Reschedule "when what is missing is installed" [] "altiris-domain §6 and §12"
        ),
        user_can_run "userCanRun" => effects!(
            PolicyRefresh "whether users may start it earlier" [] "altiris-domain §6"
        ),
        user_must_run "userMustRun" => effects!(
            Reschedule "with it nothing starts it but a user" [] "altiris-domain §6"
        ),
        prompt_user "promptUser" => effects!(
            PolicyRefresh "whether the user is asked; needs the agent's pop-ups" [] "altiris-domain §6 and §11"
        ),
        defer_up_to "deferUpTo" => effects!(
            Reschedule "how long users may put it off" ["RST-4"] "altiris-domain §11"
        ),
        wake_on_lan "wakeOnLan" => WAKES,
    }
}

const RESULT: Effects = effects!(
    FutureRuns "what follows a result; of several countdowns the lowest wins" ["RST-4", "PRG-6"] DEFERRAL
);
const FAILURE: Effects = effects!(FutureRuns "what follows a failure of runs to come" [] "altiris-domain §6");

// Who is reached, and when.

const MEMBERS: Effects = effects!(ReEvaluate "computers enter and leave" ["COL-2"] GUIDE_COLLECTION);

table! {
    /// Collections.
    COLLECTION: CollectionEffects of Collection {
        description "description" => FOR_PEOPLE,
        query "query" => MEMBERS,
        limited_to "limitedTo" => MEMBERS,
        include "include" => MEMBERS,
        exclude "exclude" => MEMBERS,
        members "members" => MEMBERS,
        auto_update "autoUpdate" => effects!(
            ServerOnly "whether the server works the members out again by itself" ["COL-1"] GUIDE_COLLECTION
        ),
    }
}

table! {
    /// Maintenance windows.
    WINDOW: WindowEffects of MaintenanceWindow {
        description "description" => FOR_PEOPLE,
        enabled "enabled" => effects!(
            Reschedule "a computer without any window is not held back: what waits starts" ["MW-8"] WINDOWS
        ),
        collections "collections" => effects!(
            ReEvaluate "computers get it or lose it; without any, what waits starts" ["COL-2", "MW-8"] WINDOWS;
            Reschedule "programs start when the windows of their computers let them" ["MW-6"] WINDOWS;
        ),
        schedule "schedule" => effects!(Reschedule "when waiting programs may start" ["MW-3", "MW-6"] WINDOWS),
        duration "duration" => effects!(Reschedule "which programs fit, and which never do" ["MW-1", "MW-4"] WINDOWS),
        applies_to "appliesTo" => effects!(Reschedule "what it holds back, and what may run in it" ["MW-7"] WINDOWS),
        clock "clock" => effects!(Reschedule "when it opens on each computer's own clock" ["MW-9"] WINDOWS),
    }
}

table! {
    /// Agent settings.
    AGENT: AgentEffects of AgentSettings {
        description "description" => FOR_PEOPLE,
        enabled "enabled" => effects!(
            PolicyRefresh "its computers follow these settings, or no longer" [] "altiris-domain §12"
        ),
        collections "collections" => FOR_WHOM,
        configuration_interval "configurationInterval" => effects!(
            PolicyRefresh "how late computers learn of a change" [] "altiris-domain §12"
        ),
        notify_in_advance "notifyInAdvance" => effects!(
            PolicyRefresh "the countdown before warned runs and restarts" ["TSK-9", "MW-1"] GUIDE_TASK
        ),
        show_popups "showPopups" => effects!(
            PolicyRefresh "without pop-ups nobody is asked or warned" [] "altiris-domain §11 and §12"
        ),
        show_tray_icon "showTrayIcon" => effects!(Display "what users see of the agent" [] "altiris-domain §12"),
        disregard_post_run_action "disregardPostRunAction" => effects!(
            Reschedule "whether other work waits for a pending restart" ["RST-2", "RST-3"] DEFERRAL
        ),
        multicast "multicast" => DOWNLOAD,
        minimum_speed_kbps "minimumSpeedKBps" => DOWNLOAD,
        blockouts "blockouts" => effects!(Reschedule "when downloads are held back" [] "altiris-domain §12"),
    }
}

table! {
    /// Plug-in policies.
    PATCH: PatchEffects of PatchPlugin {
        description "description" => FOR_PEOPLE,
        enabled "enabled" => effects!(@by to_true;
            PolicyRefresh "off: computers scan no more; licences stay until they are retired" ["LIC-4"] LICENCES;
            ReEvaluate "on: each computer takes a licence with its first result" ["LIC-1", "LIC-5"] LICENCES;
        ),
        collections "collections" => effects!(
            ReEvaluate "computers that are new take a licence each" ["LIC-1", "LIC-5"] LICENCES;
            PolicyRefresh "computers that leave keep theirs until they are retired" ["LIC-4"] LICENCES;
        ),
        scan "scan" => effects!(Reschedule "when computers scan; the first result takes a licence" ["LIC-1"] LICENCES),
        install_plugin "installPlugin" => effects!(
            ReEvaluate "without the plug-in a computer takes no licence" ["LIC-1"] LICENCES
        ),
    }
}

// The portal, folders, and what the server forgets.

table! {
    /// Folders.
    FOLDER: FolderEffects of Folder {
        description "description" => FOR_PEOPLE,
        portal "portal" => effects!(
            Rights "what the sequential tasks in it inherit" ["SEQ-6", "PTL-3"] GUIDE_PORTAL
        ),
    }
}

table! {
    /// The rights of all programs.
    DEFAULTS: DefaultsEffects of PortalDefaults {
        grants "grants" => effects!(Rights "what every program inherits" ["PTL-2", "PTL-3"] GUIDE_PORTAL),
    }
}

table! {
    /// The portal's settings.
    PORTAL: PortalEffects of PortalSettings {
        description "description" => FOR_PEOPLE,
        enabled "enabled" => effects!(
            PolicyRefresh "its computers show the portal so, or no longer" ["PTL-6"] GUIDE_PORTAL
        ),
        collections "collections" => effects!(
            ReEvaluate "computers get it or lose it; they need the delivery agent" ["COL-2", "PTL-6"] GUIDE_PORTAL
        ),
        start_menu_link "startMenuLink" => effects!(Display "what users see of the portal" ["PTL-6"] GUIDE_PORTAL),
        agent_menu_link "agentMenuLink" => effects!(Display "what users see of the portal" ["PTL-6"] GUIDE_PORTAL),
        max_per_request "maxPerRequest" => effects!(
            PolicyRefresh "how many programs one request holds" ["PTL-6"] GUIDE_PORTAL
        ),
    }
}

const FORGETS: Effects = effects!(ServerOnly "what the server forgets of the past" ["PUR-1", "PUR-2"] GUIDE_PURGE);
const UNUSED: Effects = effects!(ServerOnly "when unused items are deleted" ["PUR-3"] GUIDE_PURGE);

table! {
    /// Purging.
    PURGE: PurgeEffects of PurgeSettings {
        enabled "enabled" => FORGETS,
        daily "daily" => effects!(ServerOnly "when the server purges, on its own clock" ["PUR-2"] GUIDE_PURGE),
        executions "executions" => FORGETS,
        package_events "packageEvents" => FORGETS,
        status_events "statusEvents" => FORGETS,
        sequence_status "sequenceStatus" => FORGETS,
        unused_sequence_entries "unusedSequenceEntries" => UNUSED,
        unused_portal_requests "unusedPortalRequests" => UNUSED,
    }
}

// What every manifest has.

const ATTRIBUTES: Effects = effects!(
    ServerOnly "what the console lets people do with the item" [] "SWD 6.1 guide, Properties Manager"
);

table! {
    /// The metadata of most kinds.
    METADATA: MetadataEffects of Item {
        key "name" => RENAME,
        folder "folder" => MOVE,
        labels "labels" => OF_THE_PROJECT,
        pin "guid" => PAIRS,
        aliases "aliases" => PAIRS,
        attributes "attributes" => ATTRIBUTES,
        acknowledge "acknowledge" => OF_THE_PROJECT,
    } without spec
}

/// The metadata of what inherits portal rights from its folder.
static METADATA_WITH_RIGHTS: MetadataEffects = MetadataEffects {
    folder: Entry {
        name: "folder",
        effects: effects!(
            Rights "portal rights come from the folder it is in" ["SEQ-6", "PTL-3"] GUIDE_PORTAL;
            Display "its place in the console; no run is expected" [] "altiris-domain §13, U24 (inferred)";
        ),
    },
    ..METADATA
};

/// The metadata of a kind.
pub(in crate::diff) fn metadata(kind: Kind) -> &'static MetadataEffects {
    if matches!(kind, Kind::SequentialTask | Kind::Folder) { &METADATA_WITH_RIGHTS } else { &METADATA }
}

/// The `spec` of a kind.
pub(super) fn spec(kind: Kind) -> Vec<&'static Entry> {
    match kind {
        Kind::Folder => FOLDER.entries(),
        Kind::Package => PACKAGE.entries(),
        Kind::Program => PROGRAM.entries(),
        Kind::Task => TASK.entries(),
        Kind::SequentialTask => SEQUENCE.entries(),
        Kind::Collection => COLLECTION.entries(),
        Kind::MaintenanceWindow => WINDOW.entries(),
        Kind::PortalDefaults => DEFAULTS.entries(),
        Kind::PortalSettings => PORTAL.entries(),
        Kind::DeliveryPolicy => POLICY.entries(),
        Kind::AgentSettings => AGENT.entries(),
        Kind::PatchPlugin => PATCH.entries(),
        Kind::PurgeSettings => PURGE.entries(),
    }
}

/// Nested fields that have effects of their own: the field of `spec` they stand in, and theirs.
pub(super) fn nested(kind: Kind) -> &'static [(&'static str, Entry)] {
    match kind {
        Kind::Program => {
            const {
                &[(
                    "runWith",
                    Entry {
                        name: "passwordFrom",
                        effects: effects!(
                            FutureRuns "goes along with every write; a new one is seen by its mark only"
                                ["PRG-8"] "altiris-domain §3"
                        ),
                    },
                )]
            }
        }
        Kind::Task => const { &[CLOCK] },
        Kind::SequentialTask => const { &[CLOCK, ("steps", Entry { name: "dependsOn", effects: DEPENDS_ON })] },
        Kind::DeliveryPolicy => {
            const {
                &[
                    ("resources", Entry { name: "onSuccess", effects: RESULT }),
                    ("resources", Entry { name: "onFailure", effects: FAILURE }),
                ]
            }
        }
        _ => &[],
    }
}

const CLOCK: (&str, Entry) = (
    "availability",
    Entry {
        name: "clock",
        effects: effects!(
            Reschedule "governs availability, never the schedule: the two can miss each other" ["TSK-11"] GUIDE_TASK
        ),
    },
);

as_what_holds_them! {
    SourceNone { none }
    SourceLocal { local }
    SourceUnc { unc }
    SourceUrl { url, directory }
    PackageServersList { servers }
    PackageServersSites { sites }
    AfterRunning { action, defer_up_to, force_close }
    RunWithAccount { account, password_from }
    RunOnceForUsers { users }
    Network { required, minimum_speed_kbps }
    PortalRights { inherit, grants }
    Grant { principal, right }
    WarnUser { defer_up_to }
    Availability { from, to, clock }
    DownloadOwn { mode, minimum_speed_kbps, as_soon_as_possible, multicast }
    SequenceStep { package, program, depends_on }
    DependencyOnCodes { step, return_codes }
    PolicyResource { package, program, on_success, on_failure }
    ResultAction { action, defer_up_to, countdown, force_close }
    Weekly { days, time, every, from }
    Monthly { day, offset_days, time, every, from }
    Every { interval, from }
    DateOfMonth { date }
    WeekdayOfMonth { week, weekday }
    Blockout { from, duration, blocks, spread }
    Retention { older_than, maximum_rows }
    Acknowledgement { rule, up_to, expires, reason }
}

/// 1 when it is switched on, else 0.
fn to_true(_: &Value, after: &Value) -> usize {
    usize::from(after == &Value::Bool(true))
}

/// 0 for a schedule, 1 for as soon as possible, 2 for a user.
fn run(_: &Value, after: &Value) -> usize {
    match after.as_str() {
        None => 0,
        Some("manual") => 2,
        Some(_) => 1,
    }
}

/// 0 when other programs run or in another order, 1 when only what is said of them differs.
fn programs_in_a_row(before: &Value, after: &Value) -> usize {
    let programs = |list: &Value| -> Vec<(Value, Value)> {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|one| (one["package"].clone(), one["program"].clone())).collect()
    };
    usize::from(programs(before) == programs(after))
}
