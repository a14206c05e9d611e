//! Each lint: a project in which it speaks, and ones in which it does not.

use crate::check;
use crate::diag::Sources;
use crate::manifest;
use crate::manifest::Overlays;

const PROJECT: &str = "\
apiVersion: consign/v1
kind: Project
manifests: [delivery]
externals:
  Collection: [All computers]
";

/// What is found in some items, each `KIND NAME` with the lines of its `spec`: `RULE NAME line` with the line of its spec,
/// 1 the first; 0 where the field is left out.
fn found(items: &[(&str, &str)]) -> Vec<String> {
    let mut sources = Sources::new();
    let id = sources.add_text("consign.yaml", PROJECT);
    let (project, mut findings) = manifest::read_project(&sources, id);
    let project = project.unwrap();
    let ids: Vec<_> = items
        .iter()
        .map(|(head, spec)| {
            let (kind, name) = head.split_once(' ').unwrap();
            let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
            let text = format!("apiVersion: consign/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}");
            sources.add_text(name, text)
        })
        .collect();
    let (parsed, more) = manifest::parse(&sources, &ids);
    findings.extend(more);
    let (loaded, more) = parsed.into_site(&project, None, &Overlays::default());
    findings.extend(more);
    findings.extend(check::validate(&loaded, &project));
    manifest::locate(&mut findings, &sources);
    let told = findings.iter().map(|finding| {
        assert!(finding.help.is_some(), "{}: no way out", finding.message);
        let id = finding.at.source().unwrap();
        let line = sources.position(id, finding.at.start()).line.saturating_sub(4);
        let fixed = if finding.fix.is_some() { " fix" } else { "" };
        format!("{} {} {line}{fixed}", finding.rule.id, sources.path(id))
    });
    told.collect()
}

#[track_caller]
fn check(items: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(found(items), expected);
}

const TOOL: (&str, &str) =
    ("Package Tool", "source: {unc: '\\\\files\\tool'}\nprograms:\n  - name: Install\n    commandLine: setup.exe /S");
const HARDWARE: (&str, &str) =
    ("Collection Desktops", "query: {sql: \"select Guid from vHardware where Model like 'Mini %'\"}");
const WITHOUT: (&str, &str) = (
    "Collection Desktops",
    "query: {sql: \"select Guid from vComputer where Guid not in (select Guid from vSoftware)\"}",
);
const TASK: &str = "package: Tool\nprogram: Install\ncollections: [Desktops]\n";

fn task(more: &str) -> String {
    format!("{TASK}{more}")
}

fn package(fields: &str, program: &str) -> String {
    let program: String = program.lines().map(|line| format!("\n    {line}")).collect();
    format!("{fields}programs:\n  - name: Install{program}")
}

const FILES: &str = "source: {unc: '\\\\files\\tool'}\n";

#[test]
fn pkg_3_a_task_that_no_computer_leaves_keeps_its_files() {
    let keeps = ["PKG-3 Do 3"];
    check(&[TOOL, HARDWARE, ("Task Do", TASK)], &keeps);
    check(&[TOOL, ("Collection Desktops", "members: [A]"), ("Task Do", TASK)], &keeps);
    let both = ("Collection Desktops", "include: [Others]\nlimitedTo: Others");
    check(&[TOOL, both, ("Collection Others", "members: [A]"), ("Task Do", TASK)], &keeps);
}

#[test]
fn pkg_3_is_quiet_where_a_computer_leaves_or_where_that_is_not_known() {
    check(&[TOOL, WITHOUT, ("Task Do", TASK)], &[]);
    for collection in ["{}", "members: []", "members: [A]\nexclude: [All computers]", "include: [All computers]"] {
        check(&[TOOL, ("Collection Desktops", collection), ("Task Do", TASK)], &[]);
    }
    for more in [
        "removeAfterSuccess: true",
        "run: {schedule: {daily: '12:00'}}",
        "enabled: false",
        "availability: {to: '2027-01-01T00:00'}",
    ] {
        check(&[TOOL, HARDWARE, ("Task Do", &task(more))], &[]);
    }
    let none = package("source: {none: {}}\n", "commandLine: ipconfig.exe /flushdns");
    check(&[("Package Tool", &none), HARDWARE, ("Task Do", TASK)], &[]);
}

#[test]
fn pkg_4_a_second_copy_is_filled_and_refreshed() {
    let empty =
        package("source: {none: {}}\nalternateDownloadFolder: 'C:\\Tools\\Tool'\n", "commandLine: ipconfig.exe");
    check(&[("Package Tool", &empty)], &["PKG-4 Tool 2 fix"]);
    let tool = package(&format!("{FILES}alternateDownloadFolder: 'C:\\Tools\\Tool'\n"), "commandLine: a.exe");
    check(&[("Package Tool", &tool), WITHOUT, ("Task Do", TASK)], &["PKG-4 Tool 2"]);
    let other = package("source: {none: {}}\n", "commandLine: 'C:\\Tools\\Tool\\run.exe'");
    check(&[("Package Other", &other), ("Package Tool", &tool)], &["PKG-4 Other 4"]);
}

#[test]
fn pkg_4_is_quiet_where_something_repeats_and_nobody_else_works_there() {
    let tool = package(&format!("{FILES}alternateDownloadFolder: 'C:\\Tools\\Tool'\n"), "commandLine: a.exe");
    let daily = task("run: {schedule: {daily: '12:00'}}");
    check(&[("Package Tool", &tool), WITHOUT, ("Task Do", &daily)], &[]);
    check(&[("Package Tool", &tool)], &[]);
    let other = package("source: {none: {}}\n", "commandLine: 'C:\\Tools\\Toolbox\\run.exe'");
    check(&[("Package Other", &other), ("Package Tool", &tool)], &[]);
    check(&[TOOL, WITHOUT, ("Task Do", TASK)], &[]);
}

#[test]
fn pkg_5_downloads_that_the_server_never_hears_of() {
    let silent = package(&format!("{FILES}verboseStatusEvents: false\n"), "commandLine: a.exe");
    check(&[("Package Tool", &silent), WITHOUT, ("Task Do", TASK)], &["PKG-5 Tool 2"]);
}

#[test]
fn pkg_5_is_quiet_where_nothing_is_downloaded() {
    let silent = package(&format!("{FILES}verboseStatusEvents: false\n"), "commandLine: a.exe");
    check(&[("Package Tool", &silent)], &[]);
    check(&[("Package Tool", &silent), WITHOUT, ("Task Do", &task("enabled: false"))], &[]);
    let none = package("source: {none: {}}\nverboseStatusEvents: false\n", "commandLine: ipconfig.exe");
    check(&[("Package Tool", &none), WITHOUT, ("Task Do", TASK)], &[]);
}

#[test]
fn prg_2_failure_codes_are_needless() {
    check(&[("Package Tool", &package(FILES, "commandLine: a.exe\nfailureCodes: [1603]"))], &["PRG-2 Tool 5 fix"]);
}

#[test]
fn prg_2_is_quiet_without_failure_codes() {
    check(&[("Package Tool", &package(FILES, "commandLine: a.exe\nfailureCodes: []"))], &[]);
    check(&[("Package Tool", &package(FILES, "commandLine: a.exe\nsuccessCodes: [0, 1603]"))], &[]);
}

#[test]
fn prg_11_is_quiet_where_the_installer_is_for_everyone() {
    let line = |more: &str| format!("commandLine: msiexec.exe /i a.msi /qn /norestart{more}\nsuccessCodes: [0, 3010]");
    for more in ["", " ALLUSERS=1"] {
        check(&[("Package Tool", &package(FILES, &line(more)))], &[]);
    }
}

#[test]
fn prg_7_a_window_that_nobody_sees() {
    check(&[("Package Tool", &package(FILES, "commandLine: a.exe\nstartingWindow: hidden"))], &["PRG-7 Tool 5 fix"]);
}

#[test]
fn prg_7_is_quiet_where_input_is_required() {
    let hidden = package(FILES, "commandLine: a.exe\nstartingWindow: hidden\nuserInputRequired: true");
    check(&[("Package Tool", &hidden)], &[]);
    check(&[("Package Tool", &package(FILES, "commandLine: a.exe\nstartingWindow: normal"))], &[]);
}

#[test]
fn prg_9_input_that_nobody_can_give() {
    check(&[("Package Tool", &package(FILES, "commandLine: a.exe\nuserInputRequired: true"))], &["PRG-9 Tool 5"]);
    let nobody = package(FILES, "commandLine: a.exe\ncanRun: noUserLoggedOn");
    for (more, told) in [("warnUser: {deferUpTo: 1h}", "PRG-9 Do 4"), ("run: manual", "PRG-9 Do 4")] {
        check(&[("Package Tool", &nobody), WITHOUT, ("Task Do", &task(more))], &[told]);
    }
}

#[test]
fn prg_9_is_quiet_where_somebody_is_there_or_need_not_be() {
    for fields in ["canRun: userLoggedOn\nuserInputRequired: true", "userInputRequired: true\nstartingWindow: hidden"] {
        let tool = package(FILES, &format!("commandLine: a.exe\n{fields}"));
        check(&[("Package Tool", &tool), WITHOUT, ("Task Do", &task("warnUser: {deferUpTo: 1h}"))], &[]);
    }
    let nobody = package(FILES, "commandLine: a.exe\ncanRun: noUserLoggedOn");
    check(&[("Package Tool", &nobody), WITHOUT, ("Task Do", TASK)], &[]);
}

#[test]
fn tsk_6_nobody_is_awake_at_night_to_wake_others() {
    for run in [
        "{daily: '02:30'}",
        "{weekly: {days: [sat, sun], time: '12:00'}}",
        "{at: '2026-12-01T22:00'}",
        "{every: {interval: 14d, from: '2026-12-06T04:00'}}",
        "{monthly: {day: last, time: '18:00'}}",
    ] {
        let night = task(&format!("run: {{schedule: {run}}}\nwakeOnLan: true"));
        check(&[TOOL, WITHOUT, ("Task Do", &night)], &["TSK-6 Do 5"]);
    }
    check(&[TOOL, WITHOUT, ("Task Do", &task("run: manual\nwakeOnLan: true"))], &["TSK-6 Do 5 fix"]);
    let policy = "collections: [Desktops]\nwakeOnLan: true\nresources:\n  - {package: Tool, program: Install}\n\
                  compliance: {daily: '03:00'}";
    check(&[TOOL, WITHOUT, ("DeliveryPolicy Do", policy)], &["TSK-6 Do 2"]);
}

#[test]
fn tsk_6_is_quiet_by_day_and_where_nobody_is_woken() {
    for more in [
        "run: {schedule: {daily: '12:30'}}\nwakeOnLan: true",
        "run: {schedule: {every: {interval: 4h, from: '2026-12-06T04:00'}}}\nwakeOnLan: true",
        "wakeOnLan: true",
        "run: {schedule: {daily: '02:30'}}",
        "run: {schedule: {daily: '02:30'}}\nwakeOnLan: true\nenabled: false",
    ] {
        check(&[TOOL, WITHOUT, ("Task Do", &task(more))], &[]);
    }
}

#[test]
fn tsk_12_an_upgrade_of_an_agent_repeats_for_those_who_lack_it() {
    check(&[TOOL, WITHOUT, ("Task Upgrade Agent", TASK)], &["TSK-12 Upgrade Agent 0"]);
    let daily = task("run: {schedule: {daily: '12:00'}}");
    check(&[TOOL, HARDWARE, ("Task Upgrade Agent", &daily)], &["TSK-12 Upgrade Agent 3"]);
}

#[test]
fn tsk_12_is_quiet_where_it_repeats_for_a_collection_that_empties_itself() {
    let daily = task("run: {schedule: {daily: '12:00'}}");
    check(&[TOOL, WITHOUT, ("Task Upgrade Agent", &daily)], &[]);
    check(&[TOOL, WITHOUT, ("Task Upgrade Agent", &task("enabled: false"))], &[]);
    check(&[TOOL, WITHOUT, ("Task Upgrade Firefox", TASK)], &[]);
}

#[test]
fn seq_5_a_step_that_restarts_the_computer_by_itself() {
    let sequence = "collections: [Desktops]\nsteps:\n  - {package: Tool, program: Install}";
    let marked = package(FILES, "commandLine: a.exe\nexitsEarly: true");
    check(&[("Package Tool", &marked), WITHOUT, ("SequentialTask All", sequence)], &["SEQ-5 All 3"]);
    let forced = package(FILES, "commandLine: shutdown.exe /r /t 0");
    let told = found(&[("Package Tool", &forced), WITHOUT, ("SequentialTask All", sequence)]);
    assert!(told.contains(&"SEQ-5 All 3".to_owned()), "{told:?}");
}

#[test]
fn seq_5_is_quiet_where_the_agent_restarts() {
    let sequence = "collections: [Desktops]\nsteps:\n  - {package: Tool, program: Install}";
    let after = package(FILES, "commandLine: setup.exe /S\nafterRunning: {action: restart}");
    check(&[("Package Tool", &after), WITHOUT, ("SequentialTask All", sequence)], &[]);
}

#[test]
fn seq_9_two_versions_of_the_synchronization_agent() {
    let agent = |version: &str| package(&format!("version: '{version}'\n{FILES}"), "commandLine: setup.exe /S");
    let brings = |package: &str, more: &str| format!("package: {package}\nprogram: Install\n{more}");
    let (one, two) = (agent("6.1.1025"), agent("6.1.1028"));
    let packages = [("Package Task Synch Agent SP1", &*one), ("Package Task Synchronization Agent SP2", &*two)];
    let (a, b) = (brings("Task Synch Agent SP1", ""), brings("Task Synchronization Agent SP2", ""));
    check(&[packages[0], packages[1], ("Task A", &a), ("Task B", &b)], &["SEQ-9 B 1"]);
    // One version, or one of them switched off.
    check(&[packages[0], ("Task A", &a), ("Task B", &a)], &[]);
    let off = brings("Task Synchronization Agent SP2", "enabled: false");
    check(&[packages[0], packages[1], ("Task A", &a), ("Task B", &off)], &[]);
}

#[test]
fn seq_9_is_quiet_about_packages_of_other_names() {
    let a = package(&format!("version: '1'\n{FILES}"), "commandLine: setup.exe /S");
    let b = package(&format!("version: '2'\n{FILES}"), "commandLine: setup.exe /S");
    let items = [
        ("Package Agent One", &*a),
        ("Package Agent Two", &*b),
        ("Task A", "package: Agent One\nprogram: Install"),
        ("Task B", "package: Agent Two\nprogram: Install"),
    ];
    check(&items, &[]);
}

#[test]
fn ptl_6_a_portal_that_nobody_finds() {
    let hidden = "collections: [Desktops]\nstartMenuLink: false\nagentMenuLink: false";
    check(&[WITHOUT, ("PortalSettings Portal", hidden)], &["PTL-6 Portal 3"]);
    let without = ("Collection Without agent", "members: [A]");
    check(&[without, ("PortalSettings Portal", "collections: [Without agent]")], &["PTL-6 Portal 1"]);
}

#[test]
fn ptl_6_is_quiet_where_there_is_a_link() {
    check(&[WITHOUT, ("PortalSettings Portal", "collections: [Desktops]\nstartMenuLink: false")], &[]);
    let off = "enabled: false\ncollections: [Desktops]\nstartMenuLink: false\nagentMenuLink: false";
    check(&[WITHOUT, ("PortalSettings Portal", off)], &[]);
}

const DISREGARD: (&str, &str) = ("AgentSettings Settings", "collections: [Desktops]\ndisregardPostRunAction: true");
const RESTARTING: &str =
    "collections: [Desktops]\nresources:\n  - {package: Tool, program: Install, onSuccess: {action: restart}}";

#[test]
fn rst_3_a_policy_that_does_not_repeat_beside_a_pending_restart() {
    check(&[TOOL, WITHOUT, DISREGARD, ("DeliveryPolicy Base", RESTARTING)], &["RST-3 Base 0"]);
    let other =
        "collections: [Part]\nresources:\n  - {package: Tool, program: Install}\ncompliance: {at: '2026-12-01T12:00'}";
    let daily = format!("{RESTARTING}\ncompliance: {{daily: '12:00'}}");
    let part = ("Collection Part", "limitedTo: Desktops\nmembers: [A]");
    let items = [TOOL, WITHOUT, part, DISREGARD, ("DeliveryPolicy Base", &*daily), ("DeliveryPolicy Other", other)];
    check(&items, &["RST-3 Other 4"]);
}

#[test]
fn rst_3_is_quiet_where_policies_repeat_or_no_restart_is_disregarded() {
    let daily = format!("{RESTARTING}\ncompliance: {{daily: '12:00'}}");
    check(&[TOOL, WITHOUT, DISREGARD, ("DeliveryPolicy Base", &daily)], &[]);
    let calm = "collections: [Desktops]\nresources:\n  - {package: Tool, program: Install}";
    check(&[TOOL, WITHOUT, DISREGARD, ("DeliveryPolicy Base", calm)], &[]);
    let waits = ("AgentSettings Settings", "collections: [Desktops]");
    check(&[TOOL, WITHOUT, waits, ("DeliveryPolicy Base", RESTARTING)], &[]);
    let elsewhere = ("Collection Elsewhere", "members: [A]");
    let settings = ("AgentSettings Settings", "collections: [Elsewhere]\ndisregardPostRunAction: true");
    check(&[TOOL, WITHOUT, elsewhere, settings, ("DeliveryPolicy Base", RESTARTING)], &[]);
}

const WINDOW: &str = "collections: [Desktops]\nschedule: {daily: '02:00'}\nduration: 2h\n";

#[test]
fn mw_2_an_unknown_run_time_in_a_project_with_windows() {
    let unknown = package(FILES, "commandLine: a.exe\nmaxRunTime: unknown");
    check(
        &[("Package Tool", &unknown), WITHOUT, ("MaintenanceWindow Night", WINDOW), ("Task Do", TASK)],
        &["MW-2 Tool 5"],
    );
}

#[test]
fn mw_2_is_quiet_without_windows_and_where_nothing_runs_it() {
    let unknown = package(FILES, "commandLine: a.exe\nmaxRunTime: unknown");
    check(&[("Package Tool", &unknown), WITHOUT, ("Task Do", TASK)], &[]);
    check(&[("Package Tool", &unknown), WITHOUT, ("MaintenanceWindow Night", WINDOW)], &[]);
    check(&[TOOL, WITHOUT, ("MaintenanceWindow Night", WINDOW), ("Task Do", TASK)], &[]);
}

#[test]
fn mw_9_a_window_in_utc_drifts() {
    check(&[WITHOUT, ("MaintenanceWindow Night", &format!("{WINDOW}clock: utc"))], &["MW-9 Night 4"]);
}

#[test]
fn mw_9_is_quiet_by_local_time_once_and_all_day() {
    check(&[WITHOUT, ("MaintenanceWindow Night", WINDOW)], &[]);
    for window in [
        "collections: [Desktops]\nschedule: {at: '2026-12-01T02:00'}\nduration: 2h\nclock: utc",
        "collections: [Desktops]\nschedule: {daily: '00:00'}\nduration: 24h\nclock: utc",
        "enabled: false\ncollections: [Desktops]\nschedule: {daily: '00:00'}\nduration: 2h\nclock: utc",
    ] {
        check(&[WITHOUT, ("MaintenanceWindow Night", window)], &[]);
    }
}

#[test]
fn pdf_2_a_program_that_shuts_the_computer_down_says_so() {
    let told = found(&[("Package Tool", &package(FILES, "commandLine: shutdown.exe /r /t 0"))]);
    assert!(told.contains(&"PDF-2 Tool 4".to_owned()), "{told:?}");
    let both = package(FILES, "commandLine: a.exe\nexitsEarly: true\nafterRunning: {action: restart}");
    check(&[("Package Tool", &both)], &["PDF-2 Tool 6"]);
}

#[test]
fn pdf_2_is_quiet_where_it_is_said_or_nothing_shuts_down() {
    for line in [
        "msiexec.exe /i a.msi /qn /forcerestart",
        "setup.exe /quiet REBOOT=Force",
        "'setup.exe /s /v\"/qb REBOOT=Force\"'",
        "a.exe /quiet /forcerestart",
    ] {
        let told = found(&[("Package Tool", &package(FILES, &format!("commandLine: {line}")))]);
        assert!(told.iter().any(|one| one.starts_with("PRG-5 ")), "{line}: {told:?}");
        assert!(!told.iter().any(|one| one.starts_with("PDF-2")), "{line}: {told:?}");
    }
    let told = found(&[("Package Tool", &package(FILES, "commandLine: shutdown.exe /r /t 0\nexitsEarly: true"))]);
    assert!(!told.iter().any(|one| one.starts_with("PDF-2")), "{told:?}");
    check(&[("Package Tool", &package(FILES, "commandLine: b.exe\nexitsEarly: true"))], &[]);
    check(&[TOOL], &[]);
}
