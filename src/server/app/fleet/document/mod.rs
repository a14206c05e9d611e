//! The policy of a computer as the document that the vendor's agent reads (DLV-2).
//!
//! It says what [`App::policy`] tells, in the shape of the guide's example: the GUID of a policy is that of its task, the
//! ID of a package that of the package. It holds what the 6.1 agent has a class for: tasks, and sequential tasks with a
//! policy for each step. Of what the documents leave open the words are ours, and so marked.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::fleet::policy::assigned_to;
use crate::server::app::fleet::policy::computer;
use crate::server::app::fleet::policy::snapshot;
use crate::server::app::fleet::xml::Xml;
use crate::server::app::item::Item;
use crate::server::app::refused::Refused;
use crate::server::app::sequence::step_name;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::CanRun;
use crate::server::app::spec::package::Package;
use crate::server::app::spec::package::Program;
use crate::server::app::spec::package::RunOnceFor;
use crate::server::app::spec::package::RunWith;
use crate::server::app::spec::package::Source;
use crate::server::app::spec::package::StartingWindow;
use crate::server::app::spec::parts::AfterAction;
use crate::server::app::spec::parts::Availability;
use crate::server::app::spec::parts::Download;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::parts::WarnUser;
use crate::server::app::spec::task::SequentialTask;
use crate::server::app::spec::task::Task;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::items;

mod parts;

use crate::server::app::fleet::document::parts::braced;
use crate::server::app::fleet::document::parts::codes;
use crate::server::app::fleet::document::parts::download;
use crate::server::app::fleet::document::parts::flag;
use crate::server::app::fleet::document::parts::priority;
use crate::server::app::fleet::document::parts::trigger;
use crate::server::app::fleet::document::parts::valid_period;

/// The version of the server that wrote the guide's example.
const VERSION: &str = "6.0.6074.0";

impl App {
    /// The client policy document of a computer. Nothing is noted: who asks so was not seen, and was told nothing.
    ///
    /// # Errors
    /// `not_found`.
    pub fn policy_document(&self, guid: Guid, limits: &Limits) -> Result<String, Refused> {
        let assignments = self.assignments()?;
        let members = self.members(limits)?;
        let zone = self.time_zone()?;
        self.store().read(|sql| {
            let row = computer(sql, guid)?;
            let book = Book { sql, zone };
            let mut jobs = Vec::new();
            for one in assigned_to(sql, &row, &assignments, &members)? {
                // What went since the assignments were read is no job any more.
                if let Some(json) = items::json(sql, one.guid)? {
                    let item = Item::stored(&json)?;
                    let deliveries = book.deliveries(&item)?;
                    jobs.push((item, deliveries));
                }
            }
            let mut xml = Xml::new();
            xml.element("response", &[("nsVersion", VERSION)], |xml| {
                xml.element("resources", &[], |xml| xml.empty("resource", &[("guid", &braced(guid))]));
                xml.element("policies", &[], |xml| {
                    let mut written = BTreeSet::new();
                    for (item, deliveries) in &jobs {
                        if let Spec::SequentialTask(task) = &item.spec {
                            sequence(xml, item, task, deliveries, &book.zone);
                        }
                        for delivery in deliveries {
                            // A step that two sequential tasks share is one policy (SEQ-8).
                            if written.insert(delivery.how.guid) {
                                delivery.write(xml, &book.zone);
                            }
                        }
                    }
                });
            });
            Ok(xml.finish())
        })
    }
}

/// Where packages and programs are looked up.
struct Book<'a> {
    sql: &'a Connection,
    zone: TimeZone,
}

impl Book<'_> {
    fn item(&self, guid: Guid) -> Result<Item, StoreError> {
        Item::stored(&items::json(self.sql, guid)?.ok_or(StoreError::Corrupt { what: "reference" })?)
    }

    /// What is delivered for a job: of a task its program, of a sequential task that of each step.
    fn deliveries(&self, job: &Item) -> Result<Vec<Delivery>, StoreError> {
        match &job.spec {
            Spec::Task(task) => {
                let files = self.files(task.package, task.program)?;
                Ok(vec![Delivery { how: How::of_task(job, task), files }])
            }
            Spec::SequentialTask(task) => {
                let one = |step: &crate::server::app::spec::task::Step| {
                    let files = self.files(step.package, step.program)?;
                    let guid = step.task.ok_or(StoreError::Corrupt { what: "step" })?;
                    Ok(Delivery { how: How::of_step(guid, &files, job, task), files })
                };
                task.steps.iter().map(one).collect()
            }
            _ => Ok(Vec::new()),
        }
    }

    fn files(&self, package: Guid, program: Guid) -> Result<Files, StoreError> {
        let (package, program) = (self.item(package)?, self.item(program)?);
        let snapshot = snapshot(self.sql, package.guid)?;
        // What makes an agent download again: the last change at the distribution point (PKG-6).
        let changed_ms = snapshot.as_ref().map_or(package.created_at.as_millisecond(), |snapshot| snapshot.changed_ms);
        let bytes = snapshot.map_or(0, |snapshot| snapshot.bytes);
        match (package.spec, program.spec) {
            (Spec::Package(spec), Spec::Program(run)) => Ok(Files {
                guid: package.guid,
                name: package.name,
                package: spec,
                program_name: program.name,
                program: *run,
                bytes,
                changed_seconds: changed_ms.div_euclid(1000),
            }),
            _ => Err(StoreError::Corrupt { what: "reference" }),
        }
    }
}

/// A package and the program of it that runs.
struct Files {
    guid: Guid,
    name: String,
    package: Package,
    program_name: String,
    program: Program,
    bytes: u64,
    changed_seconds: i64,
}

/// How a program is delivered: what the task says.
struct How {
    /// Of the task.
    guid: Guid,
    /// Of the task.
    name: String,
    title: String,
    description: String,
    priority: i64,
    verbose: bool,
    availability: Availability,
    user_can_run: bool,
    run_missed: bool,
    remove_after_success: bool,
    user_optional: bool,
    notify_user: bool,
    warn_user: Option<WarnUser>,
    download: Option<Download>,
    independent: bool,
    /// `None`: something else starts it.
    run: Option<Run>,
    made: Timestamp,
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

impl How {
    fn of_task(item: &Item, task: &Task) -> Self {
        Self {
            guid: item.guid,
            name: item.name.clone(),
            title: or(&task.agent_display_name, &item.name),
            description: or(&task.agent_display_description, &task.description),
            priority: task.priority,
            verbose: task.verbose_status_events,
            availability: task.availability.clone(),
            user_can_run: task.user_can_run,
            run_missed: task.run_missed_schedule,
            remove_after_success: task.remove_after_success,
            user_optional: task.user_optional,
            notify_user: task.notify_user,
            warn_user: task.warn_user.clone(),
            download: task.download.clone(),
            independent: task.independent_execution,
            run: Some(task.run.clone()),
            made: item.created_at,
        }
    }

    /// The entry of a step looks like that of a task (SEQ-4); the sequence starts it.
    fn of_step(guid: Guid, files: &Files, item: &Item, task: &SequentialTask) -> Self {
        let name = step_name(&files.program_name);
        Self {
            guid,
            title: or(&task.agent_display_name, &name),
            name,
            description: or(&task.agent_display_description, &task.description),
            priority: task.priority,
            verbose: task.verbose_status_events,
            availability: task.availability.clone(),
            user_can_run: false,
            run_missed: task.run_missed_schedule,
            remove_after_success: task.remove_after_success,
            user_optional: false,
            notify_user: task.notify_user,
            warn_user: task.warn_user.clone(),
            download: task.download.clone(),
            independent: false,
            run: None,
            made: item.created_at,
        }
    }
}

/// One program for one computer.
struct Delivery {
    how: How,
    files: Files,
}

impl Delivery {
    fn write(&self, xml: &mut Xml, zone: &TimeZone) {
        let Self { how, files } = self;
        policy(xml, how.guid, &how.name, "Altiris.SWD", |xml| {
            let package = &files.package;
            let attributes = [
                ("Name", files.name.as_str()),
                ("displayName", &package.agent_display_name),
                ("Id", &braced(files.guid)),
                ("Version", &package.version),
                ("InternalVersion", &files.changed_seconds.to_string()),
                ("Originator", "NS"),
                ("Destination", &package.alternate_download_folder), // PKG-4
                ("CleanupAfter", &package.delete_unused_after_minutes.to_string()),
                ("Priority", priority(how.priority)),
                ("StatusEventsEnabled", flag(package.verbose_status_events)),
            ];
            xml.element("SoftPkgs", &[], |xml| {
                xml.element("SoftPkg", &attributes, |xml| {
                    xml.cdata("PackageDescription", &package.description);
                    xml.text("JobID", &[("StatusEventsEnabled", flag(how.verbose))], &braced(how.guid));
                    xml.text("Title", &[], &how.title);
                    xml.cdata("Abstract", &how.description);
                    valid_period(xml, &how.availability, zone);
                    self.execution(xml);
                    xml.empty("Recovery", &[("snapshot", "False")]);
                    download(xml, how.download.as_ref());
                    self.implementation(xml);
                    self.after(xml);
                    xml.empty("Platforms", &[("allowAnyPlatform", "true")]);
                    self.once_for(xml);
                    xml.element("Schedule", &[("IndependentExecution", flag(how.independent))], |xml| {
                        if let Some(run) = &how.run {
                            trigger(xml, run, how.made, zone);
                        }
                    });
                });
            });
        });
    }

    fn execution(&self, xml: &mut Xml) {
        let Self { how, files: Files { program, .. } } = self;
        // `User` and the last of these are the guide's; the words beside them are ours (altiris-domain §13, 19).
        let (context, account) = match &program.run_with {
            RunWith::System {} => ("System", ""),
            RunWith::LoggedOnUser {} => ("User", ""),
            RunWith::Account { account, .. } => ("SpecificUser", account.as_str()),
        };
        let (domain, name) = account.split_once('\\').unwrap_or(("", account));
        let when = match program.can_run {
            CanRun::Always => "Whether or not a user is logged on",
            CanRun::NoUserLoggedOn => "Only when no user is logged on",
            CanRun::UserLoggedOn => "Only when a user is logged on",
        };
        let window = match program.starting_window {
            StartingWindow::Normal => "Normal",
            StartingWindow::Hidden => "Hidden",
            StartingWindow::Minimized => "Minimized",
            StartingWindow::Maximized => "Maximized",
        };
        let speed = if program.network.required { program.network.minimum_speed_kbps } else { 0 };
        xml.empty(
            "ExecutionEnvironment",
            &[
                ("ExecutionContext", context),
                ("LogonName", name),
                ("LogonDomain", domain),
                // The server keeps no password that it could tell.
                ("LogonPassword", ""),
                ("Interactive", flag(program.user_input_required)),
                ("AllowUserExecution", flag(how.user_can_run)),
                ("CanRunWhen", when),
                ("StartWindow", window),
                ("ScheduleRetry", flag(how.run_missed)),
                ("MinConnectionSpeed", &speed.to_string()),
                ("RemoveAfterRun", flag(how.remove_after_success)),
                ("UserOptional", flag(how.user_optional)),
                ("NotifyUserArrival", flag(how.notify_user)),
                ("SuccessCodes", &codes(&program.success_codes)),
                ("FailureCodes", &codes(&program.failure_codes)),
            ],
        );
    }

    fn implementation(&self, xml: &mut Xml) {
        let Self { how, files: Files { package, program, bytes, .. } } = self;
        let defer = how.warn_user.as_ref().map_or(0, |warn| warn.defer_minutes);
        // Unknown (MW-2) is said as nothing: 0 would mean 360 minutes (PRG-3).
        let kill_after = program.max_run_time_minutes.map_or(String::new(), |minutes| minutes.to_string());
        let attributes = [
            ("PackageSize", &*bytes.to_string()),
            // Notes (PRG-4).
            ("EstimatedSize", &program.estimated_disk_space_kb.to_string()),
            ("EstimatedDuration", &program.estimated_run_time_seconds.div_ceil(60).to_string()),
            ("KillAfter", &kill_after),
            ("WorkingDirectory", &program.working_directory),
            ("Language", &package.language),
            ("NoSourceFiles", flag(package.source == Source::None {})),
            ("NotifyBeforeExecution", flag(how.warn_user.is_some())),
            ("notifyBeforeRunMaxDefer", &defer.to_string()),
            ("RunOnceForEachLoggedOnUser", flag(program.run_once_for == RunOnceFor::EachLoggedOnUser {})),
        ];
        xml.element("Implementation", &attributes, |xml| xml.cdata("CommandLine", &program.command_line));
    }

    fn after(&self, xml: &mut Xml) {
        let after = &self.files.program.after_running;
        let action = match after.action {
            AfterAction::None => "No Action",
            // As the console has them; the guide's example shows the first alone (altiris-domain §13, 19).
            AfterAction::Restart => "Restart Computer",
            AfterAction::LogOff => "Log Off User",
        };
        let most = after.defer_minutes.to_string();
        xml.empty("AfterExecution", &[("action", action), ("force", flag(after.force_close)), ("maxtime", &most)]);
    }

    fn once_for(&self, xml: &mut Xml) {
        let users = match &self.files.program.run_once_for {
            RunOnceFor::Users { users } => Some(users.join(",")),
            RunOnceFor::Computer {} | RunOnceFor::EachLoggedOnUser {} => None,
        };
        let these = users.as_deref().unwrap_or_default();
        let attributes = [("enabled", flag(users.is_some())), ("runOnlyForTheseUser", these)];
        xml.empty("RunOnceForSpecifiedUsers", &attributes);
    }
}

/// The policy of a sequential task: its steps by the GUIDs of their own policies (SEQ-4), and what each depends on
/// (SEQ-3).
fn sequence(xml: &mut Xml, item: &Item, task: &SequentialTask, steps: &[Delivery], zone: &TimeZone) {
    let name = format!("Synchronization Task for Sequential Software Delivery Task : {}", item.name);
    policy(xml, item.guid, &name, "Altiris.Synch", |xml| {
        for (at, (step, delivery)) in task.steps.iter().zip(steps).enumerate() {
            let guid = braced(delivery.how.guid);
            let priority = (at + 1).to_string();
            let attributes = [("guid", guid.as_str()), ("priority", &priority), ("ExeName", "")];
            if step.depends_on.is_empty() {
                xml.empty("Task", &attributes);
                continue;
            }
            xml.element("Task", &attributes, |xml| {
                for on in &step.depends_on {
                    let earlier = usize::try_from(on.step).ok().and_then(|step| steps.get(step.checked_sub(1)?));
                    let Some(earlier) = earlier else { continue };
                    let any = &earlier.files.program.success_codes;
                    let will_do = if on.return_codes.is_empty() { any } else { &on.return_codes };
                    let guid = braced(earlier.how.guid);
                    xml.empty("Dependency", &[("guid", &guid), ("returncodes", &codes(will_do))]);
                }
            });
        }
        xml.empty("TaskCreatedForSWPortal", &[("ReportFinalStatusToServer", "False")]);
        valid_period(xml, &task.availability, zone);
        xml.element("Schedule", &[("ScheduleRetry", flag(task.run_missed_schedule))], |xml| {
            xml.element("Schedule", &[], |xml| trigger(xml, &task.run, item.created_at, zone));
        });
    });
}

fn policy(xml: &mut Xml, guid: Guid, name: &str, class: &str, within: impl FnOnce(&mut Xml)) {
    let guid = braced(guid);
    xml.element("Policy", &[("guid", &guid), ("name", name), ("version", VERSION)], |xml| {
        xml.element("ClientPolicy", &[("agentClsid", class)], within);
    });
}
