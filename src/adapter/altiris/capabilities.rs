//! What the documented web services can hold and do, kind by kind and field by field, and what of the rest a probe has
//! shown to work on a server.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::altiris::Findings;
use crate::model::altiris::Hidden;
use crate::model::capabilities::Access;
use crate::model::capabilities::Access::Absent;
use crate::model::capabilities::Access::CreateOnly;
use crate::model::capabilities::Access::ReadOnly;
use crate::model::capabilities::Access::Settable;
use crate::model::capabilities::Access::WriteOnly;
use crate::model::capabilities::Capabilities;
use crate::model::capabilities::Concurrency;
use crate::model::capabilities::Forms;
use crate::model::kind::Kind;
use crate::model::project::Api;

/// The speeds that the API has a text for, in KB/s (altiris-asdk §4.8, §4.9).
pub const SPEEDS: [u64; 9] = [1, 2, 5, 10, 50, 100, 256, 512, 1024];

/// How a server's state is read, which decides what of it is seen at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// By reports over its database: descriptions, queries and rights are seen (altiris-asdk §6).
    Reports,
    /// By the methods alone.
    Methods,
}

/// A field, how it is held, and why so where that is not like any other.
type Row = (&'static str, Access, &'static str);

const NO_GETTER: &str = "no method shows it, and no report was allowed or can (altiris-asdk §6, §7)";

/// What every kind has beside its `spec`.
const METADATA: &[Row] = &[
    ("metadata.name", Settable, ""),
    ("metadata.folder", Settable, ""),
    ("metadata.guid", ReadOnly, "the server gives GUIDs"),
    ("metadata.attributes", ReadOnly, "attributes are shown, and no method changes them (altiris-asdk §4.1)"),
];

const FOLDER: &[Row] = &[
    (
        "description",
        ReadOnly,
        "a folder is made of a name and a parent alone, and no method describes it later \
      (altiris-asdk §4.1, §7)",
    ),
    ("portal", ReadOnly, "no method grants a right on an item other than a program (altiris-asdk §4.5)"),
];

const PACKAGE: &[Row] = &[
    ("description", Settable, ""),
    ("publisher", Settable, ""),
    ("version", Settable, ""),
    ("language", Settable, ""),
    ("source", Settable, ""),
    ("deleteUnusedAfter", Settable, ""),
    ("agentDisplayName", Settable, ""),
    ("agentDisplayDescription", Settable, ""),
    ("verboseStatusEvents", Settable, ""),
    ("alternateDownloadFolder", Settable, ""),
    (
        "packageServers",
        Settable,
        "a package is for all package servers or for listed ones; sites have no method \
      (altiris-asdk §4.7)",
    ),
    ("packageServerFolder", WriteOnly, "it is set with the package servers and shown by no method (altiris-asdk §5.2)"),
    ("programs", Settable, ""),
];

const PROGRAM: &[Row] = &[
    ("name", Settable, ""),
    ("guid", ReadOnly, "the server gives GUIDs"),
    ("description", Settable, ""),
    ("commandLine", Settable, ""),
    ("workingDirectory", Settable, ""),
    ("successCodes", Settable, ""),
    ("failureCodes", Settable, ""),
    ("estimatedDiskSpaceKB", Settable, ""),
    ("estimatedRunTime", Settable, ""),
    ("maxRunTime", Settable, "a program has a limit in minutes there, which cannot be unknown (altiris-asdk §5.2)"),
    ("afterRunning", Settable, ""),
    ("startingWindow", Settable, ""),
    ("runWith", Settable, ""),
    ("runWith.passwordFrom", WriteOnly, "no password is ever shown"),
    ("canRun", Settable, ""),
    ("userInputRequired", Settable, ""),
    ("exitsEarly", Absent, "programs have no such mark there (altiris-asdk §5.2)"),
    ("runOnceFor", Settable, "the list of users is shown and cannot be set (altiris-asdk §4.8)"),
    ("network", Settable, ""),
    ("network.minimumSpeedKBps", Settable, "the speed is one of a list (altiris-asdk §4.8)"),
    ("portal", Settable, ""),
    (
        "portal.inherit",
        ReadOnly,
        "to end the inheritance would take the rights of administrators as well \
      (altiris-asdk §4.5)",
    ),
    (
        "portal.grants.right",
        Settable,
        "the permission for it is in no document, and no probe has found it \
      (altiris-asdk §4.8)",
    ),
];

const TASK: &[Row] = &[
    ("description", Settable, ""),
    ("enabled", Settable, ""),
    ("package", Settable, ""),
    ("program", Settable, ""),
    ("collections", Settable, ""),
    ("priority", CreateOnly, "a task is given its priority when it is made (altiris-asdk §4.9)"),
    ("run", Settable, ""),
    ("run.schedule", Settable, "only a single start and a daily one are documented (altiris-asdk §5.3)"),
    ("runMissedSchedule", Settable, ""),
    ("independentExecution", WriteOnly, "it is set with the run options and shown by no method (altiris-asdk §4.9)"),
    ("userCanRun", Absent, "no method has it (altiris-asdk §4.9)"),
    ("userOptional", Absent, "no method has it (altiris-asdk §5.2)"),
    ("wakeOnLan", Absent, "no method has it (altiris-asdk §4.9)"),
    ("notifyImmediately", Absent, "no method has it (altiris-asdk §4.9)"),
    ("notifyUser", Settable, ""),
    ("warnUser", Settable, ""),
    ("availability", Settable, ""),
    ("removeAfterSuccess", Settable, ""),
    ("agentDisplayName", Absent, "no method has it (altiris-asdk §4.9)"),
    ("agentDisplayDescription", Absent, "no method has it (altiris-asdk §4.9)"),
    ("verboseStatusEvents", Settable, ""),
    ("download", Settable, ""),
    (
        "download.minimumSpeedKBps",
        Settable,
        "the speed is one of a list, in which there is none for any speed; 1 is the \
      slowest (altiris-asdk §4.9)",
    ),
];

const COLLECTION: &[Row] = &[
    ("description", CreateOnly, "a collection is given its description when it is made (altiris-asdk §4.2)"),
    ("query", Settable, "queries are in SQL there (altiris-asdk §4.2)"),
    (
        "limitedTo",
        Absent,
        "no method limits a collection to another (altiris-asdk §4.2); write the limit into the \
      query",
    ),
    ("include", Settable, ""),
    ("exclude", Settable, ""),
    ("members", Settable, ""),
    ("autoUpdate", CreateOnly, "a collection is given it when it is made (altiris-asdk §4.2)"),
];

/// What is seen less of where no report is allowed: only what a method shows.
const BY_METHODS: &[(Kind, Row)] = &[
    (Kind::Folder, ("description", Absent, NO_GETTER)),
    (Kind::Folder, ("portal", Absent, NO_GETTER)),
    (Kind::Program, ("portal", Absent, NO_GETTER)),
    (Kind::Collection, ("description", WriteOnly, NO_GETTER)),
    (Kind::Collection, ("query", WriteOnly, NO_GETTER)),
    (Kind::Collection, ("autoUpdate", WriteOnly, NO_GETTER)),
];

/// What a report shows such a field with.
fn shown_with(kind: Kind, field: &str) -> Hidden {
    match kind {
        _ if field == "portal" => Hidden::Rights,
        Kind::Folder => Hidden::Folders,
        _ => Hidden::Collections,
    }
}

/// The kinds that are held, each with its fields.
const KINDS: [(Kind, &[Row]); 5] = [
    (Kind::Folder, FOLDER),
    (Kind::Package, PACKAGE),
    (Kind::Program, PROGRAM),
    (Kind::Task, TASK),
    (Kind::Collection, COLLECTION),
];

/// The kinds that are not held, each with the reason.
const WITHOUT: [(Kind, &str); 8] = [
    (
        Kind::SequentialTask,
        "no method shows or writes a sequential task, and what an export of one holds is not documented (altiris-domain §5, \
         §9; altiris-asdk §7)",
    ),
    (
        Kind::MaintenanceWindow,
        "maintenance windows have no method; a managed policy only says whether it keeps to them (altiris-domain §12)",
    ),
    (
        Kind::PortalDefaults,
        "no method lists or changes the rights on the folder of programs (altiris-asdk §4.5, altiris-domain §7)",
    ),
    (
        Kind::PortalSettings,
        "the portal is set up in the console; no method has its collections and links (altiris-asdk §4.12, §7)",
    ),
    (
        Kind::DeliveryPolicy,
        "managed policies deliver software of the catalogue, not programs of packages (altiris-domain §1, §6)",
    ),
    (Kind::AgentSettings, "none of the agent's settings has a method (altiris-domain §12)"),
    (
        Kind::PatchPlugin,
        "the web services make such policies and show none of them, and no method tells of licences (altiris-asdk \
         §4.15)",
    ),
    (Kind::PurgeSettings, "the settings of the purge have no method (altiris-asdk §7)"),
];

/// What the API can hold and do, of a server of which this much is known.
pub fn capabilities(findings: &Findings, sight: Sight) -> Capabilities {
    let mut fields: BTreeMap<(Kind, String), Access> = BTreeMap::new();
    let mut reasons: BTreeMap<(Kind, String), String> = BTreeMap::new();
    let mut note = |kind: Kind, (name, access, why): &Row| {
        fields.insert((kind, (*name).to_owned()), *access);
        if !why.is_empty() {
            reasons.insert((kind, (*name).to_owned()), (*why).to_owned());
        }
    };
    for (kind, rows) in KINDS {
        let metadata = if kind == Kind::Program { &[] } else { METADATA };
        metadata.iter().chain(rows).for_each(|row| note(kind, row));
    }
    for (kind, row) in BY_METHODS {
        if sight == Sight::Methods || findings.hidden.contains(&shown_with(*kind, row.0)) {
            note(*kind, row);
        }
    }
    if sight == Sight::Reports && findings.importable.contains(&Kind::Collection) {
        note(Kind::Collection, &("description", Settable, ""));
    }
    for (kind, why) in WITHOUT {
        reasons.insert((kind, String::new()), why.to_owned());
    }
    Capabilities {
        api: Api::Altiris,
        kinds: KINDS.into_iter().map(|(kind, _)| kind).collect(),
        read_only: BTreeSet::new(),
        fields,
        forms: forms(findings),
        reasons,
        carried: carried(sight, findings),
        folders_at_top: false,
        concurrency: Concurrency::ReadAgain,
        batch_max: None,
        leases: false,
        idempotency_keys: false,
        atomic_update: false,
    }
}

/// The fields that are never shown and that a call sets along with others (altiris-asdk §4.2, §4.7, §4.9).
fn carried(sight: Sight, findings: &Findings) -> BTreeMap<(Kind, String), BTreeSet<String>> {
    let mut rows: Vec<(Kind, &str, &[&str])> = vec![
        (Kind::Package, "packageServerFolder", &["packageServers"]),
        (
            Kind::Task,
            "independentExecution",
            &["runMissedSchedule", "notifyUser", "warnUser", "run.schedule.daily", "priority"],
        ),
    ];
    // A query that is declared is sent with every change; that none is declared sends nothing.
    if sight == Sight::Methods || findings.hidden.contains(&Hidden::Collections) {
        rows.push((Kind::Collection, "query", &[]));
    }
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    rows.into_iter().map(|(kind, name, with)| ((kind, name.to_owned()), named(with))).collect()
}

/// The fields of which the API takes some values only.
fn forms(findings: &Findings) -> BTreeMap<(Kind, String), Forms> {
    let schedules = Forms::words(["at", "daily"]);
    let mut rights = Forms::words(["install"]);
    if findings.approval_permission.is_some() {
        rights.words.insert("installOnApproval".to_owned());
    }
    let rows = [
        (Kind::Package, "packageServers", Forms::words(["all", "servers"])),
        (Kind::Program, "maxRunTime", Forms::all_but("unknown")),
        (Kind::Program, "runOnceFor", Forms::words(["computer", "eachLoggedOnUser"])),
        // 0 is what a program has that asks for no speed.
        (Kind::Program, "network.minimumSpeedKBps", Forms::numbers(std::iter::once(0).chain(SPEEDS))),
        (Kind::Program, "portal.grants.right", rights),
        (Kind::Task, "run.schedule", schedules),
        (Kind::Task, "download.minimumSpeedKBps", Forms::numbers(SPEEDS)),
        (Kind::Collection, "query", Forms::words(["sql"])),
    ];
    rows.into_iter().map(|(kind, name, forms)| ((kind, name.to_owned()), forms)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Sight;
    use super::capabilities;
    use crate::manifest::all_fields;
    use crate::manifest::fields;
    use crate::model::altiris::Findings;
    use crate::model::altiris::Hidden;
    use crate::model::capabilities::Access;
    use crate::model::guid::Guid;
    use crate::model::kind::Kind;

    /// What no server holds.
    const OWN: [&str; 4] = ["metadata.labels", "metadata.acknowledge", "metadata.aliases", "aliases"];

    fn short(path: &str) -> &str {
        path.strip_prefix("spec.").unwrap_or(path)
    }

    #[test]
    fn every_field_of_a_kind_that_is_held_is_named_and_every_name_is_a_field() {
        for sight in [Sight::Reports, Sight::Methods] {
            let held = capabilities(&Findings::default(), sight);
            for kind in &held.kinds {
                let known: BTreeSet<&str> = held.named(*kind).map(|(name, _)| name).collect();
                for field in fields(*kind) {
                    let name = short(&field.path);
                    let is_own = OWN.contains(&name) && (name != "aliases" || *kind == Kind::Program);
                    assert!(is_own != known.contains(name), "{kind}.{name}");
                }
                let all: BTreeSet<String> =
                    all_fields(*kind).iter().map(|field| short(&field.path).to_owned()).collect();
                for name in
                    known.iter().copied().chain(held.forms.keys().filter(|(of, _)| of == kind).map(|(_, n)| n.as_str()))
                {
                    assert!(all.contains(name), "{kind}.{name} is no field");
                }
            }
        }
    }

    #[test]
    fn what_is_not_like_any_other_says_why() {
        for sight in [Sight::Reports, Sight::Methods] {
            let held = capabilities(&Findings::default(), sight);
            for kind in Kind::ALL {
                let is_whole = held.kinds.contains(&kind) && !held.read_only.contains(&kind);
                assert_eq!(is_whole, held.why_kind(kind).is_empty(), "{kind}");
            }
            for ((kind, name), access) in &held.fields {
                assert!(*access == Access::Settable || !held.why(*kind, name).is_empty(), "{kind}.{name}");
            }
            for (kind, name) in held.forms.keys() {
                assert!(!held.why(*kind, name).is_empty(), "{kind}.{name}");
            }
        }
    }

    #[test]
    fn what_a_probe_has_shown_opens_forms() {
        let known = Findings { approval_permission: Some(Guid::of(1)), ..Findings::default() };
        let has = |findings: &Findings| {
            let held = capabilities(findings, Sight::Reports);
            held.forms[&(Kind::Program, "portal.grants.right".to_owned())].words.contains("installOnApproval")
        };
        assert!(!has(&Findings::default()) && has(&known));
        let known = Findings { importable: [Kind::Collection].into(), ..Findings::default() };
        let nothing = Findings::default();
        let description = |findings, sight| capabilities(findings, sight).access(Kind::Collection, "description");
        assert_eq!(description(&nothing, Sight::Reports), Access::CreateOnly);
        assert_eq!(description(&known, Sight::Reports), Access::Settable);
        assert_eq!(description(&known, Sight::Methods), Access::WriteOnly);
    }

    #[test]
    fn what_no_report_can_show_is_not_seen() {
        let held = |hidden: &[Hidden]| {
            let findings = Findings { hidden: hidden.iter().copied().collect(), ..Findings::default() };
            capabilities(&findings, Sight::Reports)
        };
        assert!(held(&[]).is_shown(Kind::Program, "portal") && held(&[]).is_shown(Kind::Collection, "query"));
        assert!(!held(&[Hidden::Rights]).is_shown(Kind::Program, "portal"));
        assert!(held(&[Hidden::Rights]).is_shown(Kind::Collection, "query"));
        assert_eq!(held(&[Hidden::Collections]).access(Kind::Collection, "query"), Access::WriteOnly);
        assert!(!held(&[Hidden::Folders]).is_shown(Kind::Folder, "description"));
    }

    #[test]
    fn a_field_is_held_as_the_one_above_it() {
        let held = capabilities(&Findings::default(), Sight::Reports);
        assert_eq!(held.access(Kind::Program, "runWith.passwordFrom"), Access::WriteOnly);
        assert_eq!(held.access(Kind::Task, "warnUser.deferUpTo"), Access::Settable);
        assert_eq!(held.access(Kind::Folder, "portal.grants.principal"), Access::ReadOnly);
        assert!(!held.is_shown(Kind::Task, "userCanRun"));
        assert_eq!(held.access(Kind::Task, "priority"), Access::CreateOnly);
    }
}
