//! One `SoftPkg` of a policy: package, program and task as it tells them.

use jiff::civil::DateTime;

use super::guid;
use super::named;
use super::xml::Element;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::visible;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::package::MaxRunTime;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::package::RunOnceFor;
use crate::model::package::RunOnceForBy;
use crate::model::package::RunOnceForUsers;
use crate::model::package::RunWith;
use crate::model::package::RunWithAccount;
use crate::model::package::RunWithBuilt;
use crate::model::package::StartingWindow;
use crate::model::schedule::Schedule;
use crate::model::task::Availability;
use crate::model::task::Download;
use crate::model::task::DownloadMode;
use crate::model::task::DownloadOwn;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::model::task::Task;
use crate::model::task::WarnUser;
use crate::model::units::Duration;
use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;
use crate::rules::Rule;
use crate::rules::import::IMP_2;
use crate::rules::import::IMP_3;
use crate::rules::import::IMP_4;

/// What a policy delivers.
pub(super) struct Delivered {
    /// Lower case, without braces.
    pub(super) package_guid: String,
    pub(super) package_name: String,
    pub(super) package: Package,
    pub(super) has_files: bool,
    pub(super) package_notes: Vec<(String, String)>,
    /// Without its name.
    pub(super) program: Program,
    /// Pointers below the program.
    pub(super) program_notes: Vec<(String, String)>,
    /// Without its package and program.
    pub(super) task: Task,
    pub(super) task_notes: Vec<(String, String)>,
}

/// Where findings and remarks go while something is read.
pub(super) struct Reading<'a> {
    pub(super) source: SourceId,
    pub(super) findings: &'a mut Diagnostics,
    pub(super) notes: &'a mut Vec<(String, String)>,
    /// The pointer that remarks are below.
    pub(super) at: String,
}

impl Reading<'_> {
    fn place(&self, element: &Element) -> Location {
        Location::Span { source: self.source, start: element.span.0, end: element.span.1 }
    }

    fn warn(&mut self, rule: &'static Rule, element: &Element, pointer: &str, message: String, help: &str) {
        self.notes.push((format!("{}{pointer}", self.at), format!("{message}; {help}")));
        let at = self.place(element);
        self.findings.push(Diagnostic::warning(rule, at, message).help(help));
    }

    /// An attribute's value that is not understood (IMP-3).
    fn bad(&mut self, element: &Element, attribute: &str, pointer: &str, instead: &str) {
        let message = format!("`{attribute}=\"{}\"` is not understood", visible(element.attribute(attribute)));
        self.warn(&IMP_3, element, pointer, message, &format!("the manifest has {instead}"));
    }

    fn flag(&mut self, element: &Element, attribute: &str, otherwise: bool) -> bool {
        match element.attribute(attribute).to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            "" => otherwise,
            _ => {
                self.bad(element, attribute, "", "the default");
                otherwise
            }
        }
    }

    /// A whole number, not negative; nothing where the attribute is not there or says nothing.
    fn number(&mut self, element: &Element, attribute: &str, pointer: &str) -> Option<u64> {
        let text = element.attribute(attribute);
        if text.is_empty() || text == "-1" {
            return None;
        }
        // Ten years in minutes: no duration is longer.
        let number = text.parse::<u64>().ok().filter(|number| *number <= 5_256_000 || !attribute_is_minutes(attribute));
        if number.is_none() {
            self.bad(element, attribute, pointer, "the default");
        }
        number
    }

    fn codes(&mut self, element: &Element, attribute: &str, pointer: &str) -> Vec<i64> {
        let text = element.attribute(attribute);
        let all = codes(text);
        if all.len() != text.split([',', ';', ' ']).filter(|part| !part.is_empty()).count() {
            self.bad(element, attribute, pointer, "those of them that are numbers");
        }
        all
    }

    /// TSK-11. Times in UTC are left out: whose zone the server has the document does not say.
    pub(super) fn availability(&mut self, period: Option<&Element>, out: &mut Availability) {
        let Some(period) = period else { return };
        for (attribute, gmt, is_from) in [("after", "afterGMT", true), ("before", "beforeGMT", false)] {
            let text = period.attribute(attribute);
            if text.is_empty() || text.starts_with("1970-01-01") {
                continue;
            }
            let pointer = if is_from { "/availability/from" } else { "/availability/to" };
            let Some(at) = local(text) else {
                self.bad(period, attribute, pointer, "no bound");
                continue;
            };
            if period.attribute(gmt).eq_ignore_ascii_case("true") {
                let message = format!("`{attribute}=\"{}\"` is a time in UTC", visible(text));
                self.warn(&IMP_4, period, pointer, message, "write it on the server's clock, with `clock: server`");
            } else if is_from {
                out.from = Some(at);
            } else {
                out.to = Some(at);
            }
        }
        if out.from.zip(out.to).is_some_and(|(from, to)| from >= to) {
            self.warn(
                &IMP_3,
                period,
                "/availability",
                "the period ends before it begins".to_owned(),
                "its end was left out",
            );
            out.to = None;
        }
    }

    /// When it runs. What cannot be said does not run by itself.
    pub(super) fn run(&mut self, schedule: Option<&Element>) -> Run {
        let mut triggers = Vec::new();
        if let Some(schedule) = schedule {
            schedule.all("Trigger", &mut triggers);
        }
        let Some(trigger) = triggers.first() else { return Run::Manual };
        let begin = trigger.child("BeginDate").and_then(|begin| local(&begin.text));
        let every = |name: &str| trigger.child(name).map_or("1", |every| every.text.as_str()) == "1";
        let is_repeated = trigger.attribute("Description").to_ascii_lowercase().starts_with("every");
        let run = match (trigger.attribute("Type"), begin) {
            ("-1", _) => Some(Run::AsSoonAsPossible),
            ("0", Some(at)) if !is_repeated => Some(Run::Schedule(Schedule::At(at))),
            ("1", Some(at)) if every("DaysInterval") => {
                let time = at.civil().time();
                let (hour, minute) = (u8::try_from(time.hour()), u8::try_from(time.minute()));
                hour.ok()
                    .zip(minute.ok())
                    .map(|(hour, minute)| Run::Schedule(Schedule::Daily(TimeOfDay { hour, minute })))
            }
            _ => None,
        };
        let run = run.filter(|_| triggers.len() == 1);
        run.unwrap_or_else(|| {
            let says = visible(trigger.attribute("Description")).into_owned();
            let message = format!("the schedule `{says}` is not told in full");
            self.warn(
                &IMP_4,
                trigger,
                "/run",
                message,
                "it runs only when a user starts it; write `run: {schedule: …}`",
            );
            Run::Manual
        })
    }
}

fn attribute_is_minutes(attribute: &str) -> bool {
    !attribute.eq_ignore_ascii_case("EstimatedSize")
}

/// A list of whole numbers; what is none is left out.
pub(super) fn codes(text: &str) -> Vec<i64> {
    text.split([',', ';', ' ']).filter_map(|part| part.trim().parse().ok()).collect()
}

/// `2006-10-13 00:00:00`
fn local(text: &str) -> Option<LocalDateTime> {
    DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim())
        .ok()
        .or_else(|| text.trim().parse().ok())
        .map(LocalDateTime::from)
}

/// What one `SoftPkg` says; nothing where it names no package or runs nothing.
pub(super) fn read(source: SourceId, soft: &Element, findings: &mut Diagnostics) -> Option<Delivered> {
    let at = Location::Span { source, start: soft.span.0, end: soft.span.1 };
    let nothing = Element {
        name: String::new(),
        attributes: Vec::new(),
        text: String::new(),
        children: Vec::new(),
        span: soft.span,
    };
    let child = |name: &str| soft.child(name).unwrap_or(&nothing);
    let text = |name: &str| soft.child(name).map(|child| child.text.clone()).unwrap_or_default();
    let (environment, implementation) = (child("ExecutionEnvironment"), child("Implementation"));
    let line = implementation.child("CommandLine").map(|line| line.text.clone()).unwrap_or_default();
    let (id, name) = (guid(soft.attribute("Id")), named(soft.attribute("Name")));
    let (Some(package_name), false) = (name, line.is_empty()) else {
        let missing = if line.is_empty() { "`<CommandLine>`" } else { "a name" };
        let message = format!("the package `{}` has no {missing}", visible(soft.attribute("Name")));
        findings.push(Diagnostic::error(&IMP_2, at, message).help("was the document copied whole?"));
        return None;
    };
    let (mut package_notes, mut program_notes, mut task_notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut reading = Reading { source, findings, notes: &mut package_notes, at: "/spec".to_owned() };
    let mut package = Package {
        description: text("PackageDescription"),
        agent_display_name: soft.attribute("displayName").to_owned(),
        alternate_download_folder: soft.attribute("Destination").to_owned(), // PKG-4
        language: implementation.attribute("Language").to_owned(),
        verbose_status_events: reading.flag(soft, "StatusEventsEnabled", true),
        ..Package::default()
    };
    if !soft.attribute("Version").is_empty() {
        soft.attribute("Version").clone_into(&mut package.version);
    }
    if let Some(minutes) = reading.number(soft, "CleanupAfter", "/deleteUnusedAfter") {
        package.delete_unused_after = Duration::minutes(minutes);
    }
    let has_files = !reading.flag(implementation, "NoSourceFiles", false);
    let mut reading = Reading { source, findings: reading.findings, notes: &mut program_notes, at: String::new() };
    let mut out = super::super::program("Program".to_owned(), line);
    program(&mut reading, environment, implementation, &mut out);
    after_running(&mut reading, child("AfterExecution"), &mut out);
    run_once_for(&mut reading, implementation, child("RunOnceForSpecifiedUsers"), &mut out);
    let mut reading = Reading { source, findings: reading.findings, notes: &mut task_notes, at: "/spec".to_owned() };
    let minimal = serde_json::json!({ "package": package_name, "program": "Program" });
    let mut task: Task = serde_json::from_value(minimal).expect("all else of a task has a default");
    reading.availability(soft.child("ValidPeriod"), &mut task.availability);
    task.run = reading.run(soft.child("Schedule"));
    task_fields(&mut reading, soft, environment, implementation, &mut task);
    let title = text("Title");
    task.agent_display_name = title;
    task.description = text("Abstract");
    Some(Delivered {
        package_guid: id,
        package_name,
        package,
        has_files,
        package_notes,
        program: out,
        program_notes,
        task,
        task_notes,
    })
}

fn program(reading: &mut Reading<'_>, environment: &Element, implementation: &Element, out: &mut Program) {
    let account = (environment.attribute("LogonDomain"), environment.attribute("LogonName"));
    out.run_with = match environment.attribute("ExecutionContext").to_ascii_lowercase().as_str() {
        "" | "system" => RunWith::Built(RunWithBuilt::System),
        "user" => RunWith::Built(RunWithBuilt::LoggedOnUser),
        "specificuser" | "specifieduser" if !account.0.is_empty() && !account.1.is_empty() => {
            let note = "no password: say with `passwordFrom` where it comes from";
            reading.notes.push(("/runWith".to_owned(), note.to_owned()));
            RunWith::Account(RunWithAccount { account: format!("{}\\{}", account.0, account.1), password_from: None })
        }
        _ => {
            reading.bad(environment, "ExecutionContext", "/runWith", "the default, system");
            RunWith::Built(RunWithBuilt::System)
        }
    };
    if !environment.attribute("LogonPassword").is_empty() {
        let message = "the policy holds a password".to_owned();
        reading.warn(&IMP_4, environment, "/runWith", message, "it was not copied; secrets stand in no manifest");
    }
    let when = environment.attribute("CanRunWhen").to_ascii_lowercase();
    out.can_run = match when.as_str() {
        "" => CanRun::Always,
        text if text.contains("no user") => CanRun::NoUserLoggedOn,
        text if text.starts_with("whether or not") || text == "always" => CanRun::Always,
        text if text.contains("when a user") => CanRun::UserLoggedOn,
        _ => {
            reading.bad(environment, "CanRunWhen", "/canRun", "the default, always");
            CanRun::Always
        }
    };
    if out.run_with == RunWith::Built(RunWithBuilt::LoggedOnUser) && out.can_run != CanRun::UserLoggedOn {
        reading.bad(environment, "CanRunWhen", "/canRun", "userLoggedOn, which these rights need (PRG-9)");
        out.can_run = CanRun::UserLoggedOn;
    }
    out.starting_window = match environment.attribute("StartWindow").to_ascii_lowercase().as_str() {
        "" | "normal" => StartingWindow::Normal,
        "hidden" => StartingWindow::Hidden,
        "minimized" => StartingWindow::Minimized,
        "maximized" => StartingWindow::Maximized,
        _ => {
            reading.bad(environment, "StartWindow", "/startingWindow", "the default, normal");
            StartingWindow::Normal
        }
    };
    out.user_input_required = reading.flag(environment, "Interactive", false) && out.can_run != CanRun::NoUserLoggedOn;
    if !environment.attribute("SuccessCodes").is_empty() {
        let found = reading.codes(environment, "SuccessCodes", "/successCodes");
        if !found.is_empty() {
            out.success_codes = found;
        }
    }
    out.failure_codes = reading.codes(environment, "FailureCodes", "/failureCodes");
    out.failure_codes.retain(|code| !out.success_codes.contains(code));
    if let Some(speed) = reading.number(environment, "MinConnectionSpeed", "/network").filter(|speed| *speed > 0) {
        out.network.required = true;
        out.network.minimum_speed_kbps = u32::try_from(speed).unwrap_or(u32::MAX);
    }
    implementation.attribute("WorkingDirectory").clone_into(&mut out.working_directory);
    out.estimated_disk_space_kb = reading.number(implementation, "EstimatedSize", "/estimatedDiskSpaceKB").unwrap_or(0);
    let minutes = reading.number(implementation, "EstimatedDuration", "/estimatedRunTime").unwrap_or(0);
    out.estimated_run_time = Duration::minutes(minutes);
    // 0 means 360 minutes (PRG-3).
    if let Some(minutes) = reading.number(implementation, "KillAfter", "/maxRunTime").filter(|minutes| *minutes > 0) {
        out.max_run_time = MaxRunTime::Limit(Duration::minutes(minutes));
    }
}

fn after_running(reading: &mut Reading<'_>, after: &Element, out: &mut Program) {
    let action = after.attribute("action").to_ascii_lowercase();
    out.after_running.action = match action.as_str() {
        "" | "no action" | "none" => return,
        text if text.contains("restart") => AfterRunningAction::Restart,
        text if text.contains("log") && text.contains("off") => AfterRunningAction::LogOff,
        _ => return reading.bad(after, "action", "/afterRunning", "the default, nothing"),
    };
    out.after_running.force_close = reading.flag(after, "force", false);
    let minutes = reading.number(after, "maxtime", "/afterRunning").unwrap_or(0);
    out.after_running.defer_up_to = Duration::minutes(minutes);
}

/// PRG-8.
fn run_once_for(reading: &mut Reading<'_>, implementation: &Element, users: &Element, out: &mut Program) {
    let wanted = if reading.flag(users, "enabled", false) {
        let list: Vec<String> =
            users.attribute("runOnlyForTheseUser").split([',', ';']).map(|user| user.trim().to_owned()).collect();
        let is_account =
            |user: &String| user.split_once('\\').is_some_and(|(domain, name)| !domain.is_empty() && !name.is_empty());
        if !list.iter().all(is_account) {
            return reading.bad(users, "runOnlyForTheseUser", "/runOnceFor", "the default, once a computer");
        }
        RunOnceFor::Users(RunOnceForUsers { users: list })
    } else if reading.flag(implementation, "RunOnceForEachLoggedOnUser", false) {
        RunOnceFor::By(RunOnceForBy::EachLoggedOnUser)
    } else {
        return;
    };
    if out.run_with == RunWith::Built(RunWithBuilt::LoggedOnUser) {
        out.run_once_for = wanted;
    } else {
        let message = "it runs once for users, and not with their rights".to_owned();
        reading.warn(
            &IMP_3,
            implementation,
            "/runOnceFor",
            message,
            "the two exclude each other (PRG-8); it runs once a computer",
        );
    }
}

fn task_fields(
    reading: &mut Reading<'_>,
    soft: &Element,
    environment: &Element,
    implementation: &Element,
    out: &mut Task,
) {
    out.priority = match soft.attribute("Priority").to_ascii_lowercase().replace(' ', "").as_str() {
        "" | "normal" | "2" => Priority::Normal,
        "low" | "1" => Priority::Low,
        "high" | "3" => Priority::High,
        "veryhigh" | "4" => Priority::VeryHigh,
        _ => {
            reading.bad(soft, "Priority", "/priority", "the default, normal");
            Priority::Normal
        }
    };
    if let Some(job) = soft.child("JobID") {
        out.verbose_status_events = reading.flag(job, "StatusEventsEnabled", true);
    }
    out.user_can_run = reading.flag(environment, "AllowUserExecution", false);
    out.run_missed_schedule = reading.flag(environment, "ScheduleRetry", true);
    out.remove_after_success = reading.flag(environment, "RemoveAfterRun", false);
    out.user_optional = reading.flag(environment, "UserOptional", false);
    out.notify_user = reading.flag(environment, "NotifyUserArrival", false);
    if let Some(schedule) = soft.child("Schedule") {
        out.independent_execution = reading.flag(schedule, "IndependentExecution", true);
    }
    if reading.flag(implementation, "NotifyBeforeExecution", false) {
        let minutes = reading.number(implementation, "notifyBeforeRunMaxDefer", "/warnUser").unwrap_or(0);
        // The shortest deferral on offer is 5 minutes (TSK-8).
        out.warn_user =
            Some(WarnUser { defer_up_to: Duration::minutes(if minutes == 0 { 0 } else { minutes.max(5) }) });
    }
    let Some(download) = soft.child("Download") else { return };
    if reading.flag(download, "useClientDefaults", true) {
        return;
    }
    let runs_there = download.attribute("Mode").eq_ignore_ascii_case("Never");
    let attribute = if runs_there { "MinExecutionSpeed" } else { "MinDownloadSpeed" };
    let speed = reading.number(download, attribute, "/download").unwrap_or(0);
    out.download = Download::Own(DownloadOwn {
        mode: if runs_there { DownloadMode::RunFromServer } else { DownloadMode::DownloadAndRun },
        minimum_speed_kbps: u32::try_from(speed).unwrap_or(u32::MAX),
        as_soon_as_possible: reading.flag(download, "Immediate", false),
        multicast: download.attribute("multicast").eq_ignore_ascii_case("true"),
    });
}
