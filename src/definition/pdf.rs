//! Package definition files, version 2.0; what both versions share (PDF-1).

use std::collections::BTreeMap;

use super::Document;
use super::Draft;
use super::Parsed;
use super::ini::Entry;
use super::ini::Ini;
use super::ini::Section;
use super::ini::list;
use super::named;
use super::pdf1;
use super::program;
use super::reading::Reading;
use super::source;
use crate::diag::Location;
use crate::diag::Sources;
use crate::diag::visible;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::package::MaxRunTime;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::package::RunOnceFor;
use crate::model::package::RunOnceForBy;
use crate::model::package::RunWith;
use crate::model::package::RunWithBuilt;
use crate::model::package::StartingWindow;
use crate::model::units::Duration;
use crate::rules::definition::PDF_1;
use crate::rules::definition::PDF_2;
use crate::rules::import::IMP_2;
use crate::rules::import::IMP_3;
use crate::rules::import::IMP_4;
use crate::rules::import::IMP_6;
use crate::rules::import::IMP_8;

/// What the console puts in where no run time is said; the documents disagree (120 or unknown).
const RUN_TIME_MINUTES: u64 = 120;

/// Reads one definition file.
pub(super) fn read(document: &Document, sources: &Sources) -> Parsed {
    let mut reading = Reading::new(document.id, sources);
    let ini = Ini::read(&document.text, document.id, &mut reading.findings);
    let whole = Location::File(document.id);
    let (head, package) = (ini.section("PDF"), ini.section("Package Definition"));
    let (Some(head), Some(package)) = (head, package) else {
        if !document.is_named && head.is_none() && package.is_none() {
            let why = "it has neither a section `[PDF]` nor `[Package Definition]`";
            return Parsed { other: Some(why), ..Parsed::default() };
        }
        let missing = if head.is_none() { "[PDF]" } else { "[Package Definition]" };
        reading.error(&IMP_2, &whole, format!("there is no section `{missing}`"), "is this a package definition file?");
        return Parsed { findings: reading.findings, ..Parsed::default() };
    };
    let draft = match major(&mut reading, head) {
        Some(1) => pdf1::draft(&mut reading, &ini, package, document.unc.as_deref()),
        Some(_) => draft(&mut reading, &ini, package, document.unc.as_deref()),
        None => None,
    };
    let Reading { findings, notes, .. } = reading;
    // What is not whole is not imported.
    let drafts = draft.filter(|_| !findings.has_errors()).map(|draft| Draft { notes, ..draft });
    Parsed { drafts: drafts.into_iter().collect(), findings, ..Parsed::default() }
}

/// Which version of the format a file has, 1 or 2; nothing, and a finding, where that is not known (IMP-6).
fn major(reading: &mut Reading, head: &Section) -> Option<u32> {
    let Some(entry) = head.said("Version") else {
        let at = head.entry("Version").map_or(&head.at, |entry| &entry.at);
        let message = "`Version` in `[PDF]` says nothing".to_owned();
        reading.error(&IMP_2, at, message, "write `Version=2.0`, or 1.0 where the programs stand in `SetupVariations`");
        return None;
    };
    let shown = visible(&entry.value).into_owned();
    let (major, minor) = entry.value.split_once('.').unwrap_or((&entry.value, "0"));
    let (Ok(major), Ok(minor)) = (major.parse::<u32>(), minor.parse::<u32>()) else {
        let message = format!("`{shown}` is no version of the format");
        reading.error(&IMP_6, &entry.at, message, "write it as `2.0`, or `1.0`");
        return None;
    };
    if !(1..=2).contains(&major) {
        let message = format!("a definition of version {shown}, and this program knows versions 1.0 and 2.0");
        reading.error(&IMP_6, &entry.at, message, "it was not read: the same words may mean something else there");
        return None;
    }
    if minor > 0 {
        let message = format!("a definition of version {shown}, which is newer than {major}.0");
        let help = format!("it was read as version {major}.0; look at what {shown} added, for nobody here knows that");
        reading.warn(&IMP_6, &entry.at, message, &help);
    }
    Some(major)
}

/// The name that a package needs.
pub(super) fn package_name(reading: &mut Reading, section: &Section, key: &str) -> Option<String> {
    let name = reading.name(section, key, "/metadata/name");
    if name.is_none() {
        let at = section.entry(key).map_or(&section.at, |entry| &entry.at);
        let message = format!("the package has no name: `{key}` says nothing");
        reading.error(&IMP_2, at, message, "fill it in; this may be a template that nobody filled in");
    }
    name
}

/// The sections that a list names (PDF-1), each with its place among the programs. `ending` is what their names end in.
pub(super) fn variations<'a>(
    reading: &mut Reading,
    ini: &'a Ini,
    package: &Section,
    key: &str,
    ending: &str,
) -> Vec<&'a Section> {
    let Some(entry) = package.said(key) else {
        let message = format!("`{key}` names no section, so there is no program");
        reading.error(&IMP_2, &package.at, message, "name the sections of the programs, with commas between them");
        return Vec::new();
    };
    let mut out: Vec<&Section> = Vec::new();
    for name in list(&entry.value) {
        // Some writers leave the ending of version 1.0 out.
        let section = ini.section(&format!("{name}{ending}")).or_else(|| ini.section(name));
        match section {
            Some(section) if out.iter().any(|other| std::ptr::eq(*other, section)) => {
                let message = format!("`{key}` names `{}` twice", visible(name));
                reading.warn(&PDF_1, &entry.at, message, "once is enough");
            }
            Some(section) => out.push(section),
            None => {
                let message = format!("`{key}` names `{}`, and there is no section `[{0}{ending}]`", visible(name));
                reading.error(&PDF_1, &entry.at, message, "add the section, or take the name out of the list");
            }
        }
    }
    out
}

/// The command line that a program needs.
pub(super) fn command_line(reading: &mut Reading, section: &Section) -> String {
    let said = section.said("CommandLine");
    if said.is_none() {
        let at = section.entry("CommandLine").map_or(&section.at, |entry| &entry.at);
        let message = format!("the program in `[{}]` has no command line", visible(&section.name));
        reading.error(&IMP_2, at, message, "fill in `CommandLine`; this may be a template that nobody filled in");
    }
    said.map(|entry| entry.value.clone()).unwrap_or_default()
}

/// Everything that nobody asked for: a comment and a warning each (IMP-4). `programs` are the sections of programs.
pub(super) fn leftovers(reading: &mut Reading, ini: &Ini, programs: &[&Section]) {
    for section in &ini.sections {
        let program = programs.iter().position(|other| std::ptr::eq(*other, section));
        let pointer = program.map_or("/spec".to_owned(), |at| format!("/spec/programs/{at}"));
        if !section.is_used.get() && section.entries.iter().any(|entry| entry.key.eq_ignore_ascii_case("CommandLine")) {
            let message = format!("`[{}]` looks like a program, and no list names it", visible(&section.name));
            reading.warn(&PDF_1, &section.at, message, "it was left out; name it to have it imported");
            continue;
        }
        for entry in section.entries.iter().filter(|entry| !entry.is_used.get() && !entry.value.is_empty()) {
            reading.misplaced(section, entry, &pointer, why(section, entry));
        }
    }
}

/// What becomes of a key that has no place.
fn why(section: &Section, entry: &Entry) -> &'static str {
    match entry.key.to_ascii_lowercase().as_str() {
        "icon" => "icons stay in the console",
        "supportedclients" | "supportedplatforms" => "let a collection hold the right platforms only",
        key if key.contains("minversion") || key.contains("maxversion") => {
            "let a collection hold the right versions only"
        }
        "miffilename" | "mifname" | "mifversion" | "mifpublisher" => "status files are not matched here",
        "driveletterconnection" | "specifydrive" | "reconnectdriveatlogon" => "programs run without drive letters",
        "additionalprogramrequirements" => "it is a note for people",
        "disabled" => "a program that nobody's task names does not run",
        "removeprogram" | "uninstallkey" => "make a program of its own that removes the software",
        _ if section.name.eq_ignore_ascii_case("DetectionMethod") => "detection is for a collection's query",
        _ if section.name.eq_ignore_ascii_case("Dependencies") => "make a sequential task that runs both in order",
        _ => "it means nothing to a delivery server",
    }
}

/// Two programs of one name: servers tell them apart without case (IMP-8).
pub(super) fn unique_names(reading: &mut Reading, programs: &mut [Program], sections: &[&Section]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (at, program) in programs.iter_mut().enumerate() {
        let n = seen.entry(program.name.to_lowercase()).or_insert(0);
        *n += 1;
        if *n > 1 {
            let message = format!("two programs are called `{}`", visible(&program.name));
            program.name = format!("{} ({n})", program.name);
            let help = format!("this one became `{}`", visible(&program.name));
            if let Some(section) = sections.get(at) {
                reading.warn(&IMP_8, &section.at, message, &help);
            }
        }
    }
}

fn draft(reading: &mut Reading, ini: &Ini, section: &Section, unc: Option<&str>) -> Option<Draft> {
    let name = package_name(reading, section, "Name");
    let no_files = reading.flag(section, "ContainsNoFiles", "/spec/source", "the default, False").unwrap_or(false);
    let mut package = Package {
        description: section.text("Comment"),
        publisher: section.text("Publisher"),
        language: section.text("Language"),
        source: source(unc, !no_files, &mut reading.notes),
        ..Package::default()
    };
    match section.said("Version") {
        Some(version) => package.version.clone_from(&version.value),
        None => reading.note("/spec/version", "assumed: Version is not said, and 1.0 is the default (PKG-1)"),
    }
    for key in ["Publisher", "Language"] {
        if section.said(key).is_none() {
            let at = section.entry(key).map_or(&section.at, |entry| &entry.at);
            reading.warn(&IMP_2, at, format!("`{key}` says nothing"), "the format asks for it; only people read it");
        }
    }
    let sections = variations(reading, ini, section, "Programs", "");
    let mut programs: Vec<Program> = sections
        .iter()
        .enumerate()
        .map(|(at, section)| one(reading, section, &format!("/spec/programs/{at}")))
        .collect();
    dependencies(reading, &sections, &programs);
    unique_names(reading, &mut programs, &sections);
    leftovers(reading, ini, &sections);
    Some(Draft::package(reading.source, &name?, package, programs))
}

/// One program.
fn one(reading: &mut Reading, section: &Section, at: &str) -> Program {
    let said = reading.name(section, "Name", &format!("{at}/name"));
    let name = said.unwrap_or_else(|| {
        let message = format!("the program in `[{}]` has no `Name`", visible(&section.name));
        reading.warn(&IMP_2, &section.at, message, "it is called as its section is");
        named(&section.name).unwrap_or_else(|| "Program".to_owned())
    });
    let mut out = program(name, command_line(reading, section));
    out.description = section.text("Comment");
    out.working_directory = section.text("StartIn");
    run(reading, section, at, &mut out);
    after_running(reading, section, at, &mut out);
    estimates(reading, section, at, &mut out);
    who(reading, section, at, &mut out);
    if let Some(entry) = section.said("UseInstallAccount") {
        let note = format!(
            "{}:{}: UseInstallAccount={} is no longer used by any server",
            reading.file,
            entry.line,
            visible(&entry.value)
        );
        reading.note(format!("{at}/runWith"), note);
    }
    for key in ["DriveLetterConnection", "ReconnectDriveAtLogon", "Disabled", "RemoveProgram"] {
        // At its default it says nothing.
        if section
            .entries
            .iter()
            .any(|entry| entry.key.eq_ignore_ascii_case(key) && entry.value.eq_ignore_ascii_case("false"))
        {
            section.entry(key);
        }
    }
    if let Some(entry) = section
        .entries
        .iter()
        .find(|entry| entry.key.eq_ignore_ascii_case("RemoveProgram") && entry.value.eq_ignore_ascii_case("true"))
        && !section
            .entries
            .iter()
            .any(|entry| entry.key.eq_ignore_ascii_case("UninstallKey") && !entry.value.is_empty())
    {
        reading.warn(&IMP_3, &entry.at, "`RemoveProgram` without `UninstallKey`".to_owned(), "it does nothing so");
    }
    out
}

fn run(reading: &mut Reading, section: &Section, at: &str, out: &mut Program) {
    let Some(entry) = section.said("Run") else { return };
    out.starting_window = match entry.value.to_ascii_lowercase().as_str() {
        "normal" => StartingWindow::Normal,
        "minimized" => StartingWindow::Minimized,
        "maximized" => StartingWindow::Maximized,
        "hidden" => StartingWindow::Hidden,
        _ => return reading.bad_value(entry, &format!("{at}/startingWindow"), "the default, normal"),
    };
}

fn after_running(reading: &mut Reading, section: &Section, at: &str, out: &mut Program) {
    let Some(entry) = section.said("AfterRunning") else { return };
    match entry.value.to_ascii_lowercase().as_str() {
        "smsrestart" => out.after_running.action = AfterRunningAction::Restart,
        "smslogoff" => out.after_running.action = AfterRunningAction::LogOff,
        "programrestart" => {
            // Nearest to what it says (PDF-2): the program itself restarts the computer, and may not live to report.
            out.exits_early = true;
            let note =
                "assumed: AfterRunning=ProgramRestart says that the program restarts the computer itself (PDF-2)";
            reading.note(format!("{at}/exitsEarly"), note);
            reading.warn(
                &PDF_2,
                &entry.at,
                "the program restarts the computer itself".to_owned(),
                "it was marked `exitsEarly`; better keep it from that, and let the agent restart (PRG-5)",
            );
        }
        _ => reading.bad_value(entry, &format!("{at}/afterRunning"), "the default, nothing"),
    }
}

fn estimates(reading: &mut Reading, section: &Section, at: &str, out: &mut Program) {
    let is_unknown =
        |entry: &Entry| entry.value.eq_ignore_ascii_case("unknown") || entry.value.eq_ignore_ascii_case("uknown");
    if let Some(entry) = section.said("EstimatedDiskSpace").filter(|entry| !is_unknown(entry)) {
        match kilobytes(&entry.value) {
            Some(kb) => out.estimated_disk_space_kb = kb,
            None => reading.bad_value(entry, &format!("{at}/estimatedDiskSpaceKB"), "the default, unknown"),
        }
    }
    let limit = format!("{at}/maxRunTime");
    let minutes = |n: u64| MaxRunTime::Limit(Duration::minutes(n));
    match section.said("EstimatedRunTime") {
        None => {
            out.max_run_time = minutes(RUN_TIME_MINUTES);
            reading.note(limit, "assumed: EstimatedRunTime is not said; 120 minutes, as the console takes it");
        }
        Some(entry) if is_unknown(entry) => {
            let note = format!(
                "{}:{}: EstimatedRunTime=Unknown; maxRunTime is left at the agent's own limit, 6h (PRG-3)",
                reading.file, entry.line
            );
            reading.note(limit, note);
        }
        Some(entry) => match entry.value.parse::<u64>().ok().filter(|n| (1..=1_000_000).contains(n)) {
            Some(n) => {
                out.estimated_run_time = Duration::minutes(n);
                out.max_run_time = minutes(n);
                reading.note(limit, "assumed: servers of today take EstimatedRunTime for the longest time it may run");
            }
            None => {
                out.max_run_time = minutes(RUN_TIME_MINUTES);
                reading.bad_value(entry, &limit, "120 minutes");
            }
        },
    }
}

/// `38MB`, `38 MB`, `512KB`, `2GB`.
fn kilobytes(text: &str) -> Option<u64> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim().to_ascii_uppercase().as_str() {
        "KB" | "K" => 1,
        "MB" | "M" => 1 << 10,
        "GB" | "G" => 1 << 20,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// When it can run, with whose rights, for whom: where these exclude each other, `CanRunWhen` wins.
fn who(reading: &mut Reading, section: &Section, at: &str, out: &mut Program) {
    if let Some(entry) = section.said("CanRunWhen") {
        out.can_run = match entry.value.to_ascii_lowercase().as_str() {
            "userloggedon" => CanRun::UserLoggedOn,
            "nouserloggedon" => CanRun::NoUserLoggedOn,
            "anyuserstatus" => CanRun::Always,
            _ => {
                reading.bad_value(entry, &format!("{at}/canRun"), "the default, userLoggedOn");
                CanRun::UserLoggedOn
            }
        };
    } else {
        out.can_run = CanRun::UserLoggedOn;
    }
    let needs_user = out.can_run == CanRun::UserLoggedOn;
    let input = reading.flag(section, "UserInputRequired", &format!("{at}/userInputRequired"), "the default, true");
    let admin = reading.flag(section, "AdminRightsRequired", &format!("{at}/runWith"), "the default, False");
    let each = section.said("Assignment").is_some_and(|entry| match entry.value.to_ascii_lowercase().as_str() {
        "everyuser" => true,
        "evryuser" => {
            reading.warn(
                &IMP_3,
                &entry.at,
                "`Assignment=EvryUser` is misspelled".to_owned(),
                "it was read as EveryUser",
            );
            true
        }
        "firstuser" => false,
        _ => {
            reading.bad_value(entry, &format!("{at}/runOnceFor"), "the default, once a computer");
            false
        }
    });
    let mut forced = |is_forced: bool, key: &str, now: &str, pointer: &str| {
        if is_forced && let Some(entry) = section.entry(key) {
            let message = format!("`{key}={}` cannot be where no user has to be logged on", visible(&entry.value));
            reading.warn(&IMP_3, &entry.at, message, &format!("servers take it as {now}, and so does the manifest"));
            reading.note(
                format!("{at}/{pointer}"),
                format!("{}:{}: {key}={} gives way to CanRunWhen", reading.file, entry.line, visible(&entry.value)),
            );
        }
    };
    forced(!needs_user && input == Some(true), "UserInputRequired", "False", "userInputRequired");
    forced(!needs_user && admin == Some(false), "AdminRightsRequired", "True", "runWith");
    forced(!needs_user && each, "Assignment", "FirstUser", "runOnceFor");
    let as_system = !needs_user || admin == Some(true);
    forced(needs_user && as_system && each, "Assignment", "FirstUser, for it runs as the system (PRG-8)", "runOnceFor");
    out.user_input_required = needs_user && input.unwrap_or(true);
    out.run_with = RunWith::Built(if as_system { RunWithBuilt::System } else { RunWithBuilt::LoggedOnUser });
    if each && !as_system {
        out.run_once_for = RunOnceFor::By(RunOnceForBy::EachLoggedOnUser);
    }
}

/// `DependentProgram` names a program of this file by its name.
fn dependencies(reading: &mut Reading, sections: &[&Section], programs: &[Program]) {
    let place = |name: &str| programs.iter().position(|program| program.name.eq_ignore_ascii_case(name));
    let needs: Vec<Option<usize>> =
        sections.iter().map(|section| section.said("DependentProgram").and_then(|entry| place(&entry.value))).collect();
    for (at, section) in sections.iter().enumerate() {
        let Some(entry) = section.said("DependentProgram") else { continue };
        let pointer = format!("/spec/programs/{at}");
        let Some(first) = needs[at] else {
            reading.bad_value(entry, &pointer, "no dependency, for there is no program of that name");
            continue;
        };
        let mut next = Some(first);
        // As many steps as there are programs lead out of any chain, or round.
        let is_circle = (0..sections.len()).any(|_| {
            let here = next;
            next = next.and_then(|at| needs[at]);
            here == Some(at)
        });
        if is_circle {
            let message = format!("`{}` depends on itself", visible(&programs[at].name));
            reading.error(&IMP_3, &entry.at, message, "no order runs these programs; break the circle");
        } else {
            let message = format!("`{}` runs another program first", visible(&programs[at].name));
            reading.warn(&IMP_4, &entry.at, message, "a program cannot; make a sequential task of the two");
            let note = format!(
                "{}:{}: DependentProgram={}: make a sequential task that runs it first",
                reading.file,
                entry.line,
                visible(&entry.value)
            );
            reading.note(pointer, note);
        }
    }
}
