//! The fields by which the older API shows packages, programs and tasks (altiris-asdk §5.2): for its Details classes and for
//! the tables of reports alike.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::program::ProgramEntry;
use crate::server::app::asdk::schedule;
use crate::server::app::asdk::schedule::Wrapper;
use crate::server::app::asdk::targets;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::Assign;
use crate::server::app::spec::package::CanRun;
use crate::server::app::spec::package::Package;
use crate::server::app::spec::package::RunOnceFor;
use crate::server::app::spec::package::RunWith;
use crate::server::app::spec::package::Source;
use crate::server::app::spec::package::StartingWindow;
use crate::server::app::spec::parts::AfterAction;
use crate::server::app::spec::parts::DownloadMode;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::parts::TaskClock;
use crate::server::app::spec::task::Task;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::fleet;

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A text.
    Text(String),
    /// A GUID, or none.
    Guid(Option<Guid>),
    /// GUIDs, or names where no GUID is known.
    List(Vec<String>),
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
}

/// Fields with their values.
pub type Fields = Vec<(&'static str, Shown)>;

fn text(text: &str) -> Shown {
    Shown::Text(text.to_owned())
}

fn whole(number: u64) -> Shown {
    Shown::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Attributes, as the console calls them; `Normal` is none.
pub fn attributes(attributes: &BTreeSet<Attribute>) -> String {
    if attributes.is_empty() {
        return "Normal".to_owned();
    }
    let name = |attribute: &Attribute| match attribute {
        Attribute::NoDelete => "NoDelete",
        Attribute::ReadOnly => "Read Only",
        Attribute::Hidden => "Hidden",
    };
    attributes.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Where a package's files are, as two paths (altiris-asdk §4.7).
pub fn paths_of(source: &Source) -> (&str, &str) {
    match source {
        Source::None {} => ("", ""),
        Source::Local { path } | Source::Unc { path } => (path, ""),
        Source::Url { url, directory } => (url, directory),
    }
}

/// The source that two paths say: the sort of the first says what sort.
///
/// # Errors
/// `invalid` for a directory beside anything but a web address: only that has one (PKG-2).
pub fn source_of(location: &str, directory: &str) -> Result<Source, Refused> {
    let (location, directory) = (location.trim(), directory.trim());
    let lower = location.to_ascii_lowercase();
    if ["http://", "https://", "ftp://"].iter().any(|scheme| lower.starts_with(scheme)) {
        return Ok(Source::Url { url: location.to_owned(), directory: directory.to_owned() });
    }
    if !directory.is_empty() && directory != location {
        let why = "a package directory stands beside a web address, as the share of the same files";
        return Err(Refused::invalid("sPackageDirectory", why).with("rule", "PKG-2"));
    }
    Ok(match location {
        "" => Source::None {},
        share if share.starts_with(r"\\") => Source::Unc { path: share.to_owned() },
        path => Source::Local { path: path.to_owned() },
    })
}

/// The name of a sort of source; the values are in no document, these are those of the catalogue (altiris-asdk §5.2).
const fn sort_of(source: &Source) -> &'static str {
    match source {
        Source::None {} => "Empty",
        Source::Local { .. } => "Local",
        Source::Unc { .. } => "Unc",
        Source::Url { .. } => "Url",
    }
}

/// A package.
///
/// # Errors
/// When the store fails.
pub fn package(sql: &Connection, names_of: &mut Names, item: &Item, spec: &Package) -> Result<Fields, Refused> {
    let (location, directory) = paths_of(&spec.source);
    let servers = match spec.package_servers.assign {
        Assign::Servers => {
            let names = spec.package_servers.names.iter();
            // A name that no computer has stays one.
            let shown =
                names.map(|name| Ok(names_of.guid(sql, name)?.map_or_else(|| name.clone(), |guid| guid.to_string())));
            shown.collect::<Result<_, StoreError>>()?
        }
        Assign::All | Assign::Automatic | Assign::Sites => Vec::new(),
    };
    Ok(vec![
        ("Guid", Shown::Guid(Some(item.guid))),
        ("Name", text(&item.name)),
        ("Description", text(&spec.description)),
        ("Publisher", text(&spec.publisher)),
        ("Version", text(&spec.version)),
        ("Language", text(&spec.language)),
        ("Location", text(location)),
        ("PackageDirectory", text(directory)),
        ("PackageSourceType", text(sort_of(&spec.source))),
        ("PackageType", text("Package")),
        ("ParentFolderGuid", Shown::Guid(item.folder)),
        ("Attributes", text(&attributes(&item.attributes))),
        ("PurgeAfterDurationInMinutes", whole(spec.delete_unused_after_minutes)),
        ("EnableVerboseEvents", Shown::Bool(spec.verbose_status_events)),
        ("AgentDisplayName", text(&spec.agent_display_name)),
        ("AgentDisplayDescription", text(&spec.agent_display_description)),
        ("AlternateDownloadDestinationLocation", text(&spec.alternate_download_folder)),
        ("SelectedPackageServers", Shown::List(servers)),
    ])
}

/// The GUIDs of computers by their names, read when the first is asked for.
#[derive(Debug, Default)]
pub struct Names(Option<HashMap<String, Guid>>);

impl Names {
    /// The GUID of a computer; of several of a name, the last.
    ///
    /// # Errors
    /// When the store fails.
    pub fn guid(&mut self, sql: &Connection, name: &str) -> Result<Option<Guid>, StoreError> {
        if self.0.is_none() {
            let mut found = HashMap::new();
            fleet::each_computer(sql, |row| {
                found.insert(row.name.to_lowercase(), row.guid);
            })?;
            self.0 = Some(found);
        }
        Ok(self.0.as_ref().and_then(|names| names.get(&name.to_lowercase()).copied()))
    }
}

/// Codes, with commas.
pub fn codes(codes: &[i64]) -> String {
    codes.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

/// A user's domain and name.
pub fn parts_of_account(account: &str) -> (&str, &str) {
    account.split_once('\\').unwrap_or(("", account))
}

/// A program. There is no password among its fields.
pub fn program(program: &ProgramEntry) -> Fields {
    let spec = &program.spec;
    let (rights, account) = match &spec.run_with {
        RunWith::System {} => (1, ""),
        RunWith::LoggedOnUser {} => (2, ""),
        RunWith::Account { account, .. } => (3, account.as_str()),
    };
    let (domain, user) = parts_of_account(account);
    let users = match &spec.run_once_for {
        RunOnceFor::Users { users } => users.join(","),
        RunOnceFor::Computer {} | RunOnceFor::EachLoggedOnUser {} => String::new(),
    };
    vec![
        ("Guid", Shown::Guid(Some(program.guid))),
        ("Name", text(&program.name)),
        ("Description", text(&spec.description)),
        ("CommandLine", text(&spec.command_line)),
        ("WorkingDirectory", text(&spec.working_directory)),
        ("EstimatedDiskSpace", whole(spec.estimated_disk_space_kb)),
        ("EstimatedRunTime", whole(spec.estimated_run_time_seconds.div_ceil(60))),
        ("TerminateAfter", Shown::Int(spec.max_run_time_minutes.unwrap_or_default())),
        ("SuccessCodes", text(&codes(&spec.success_codes))),
        ("FailureCodes", text(&codes(&spec.failure_codes))),
        (
            "AfterRunningActionType",
            Shown::Int(match spec.after_running.action {
                AfterAction::None => 1,
                AfterAction::Restart => 2,
                AfterAction::LogOff => 3,
            }),
        ),
        ("DeferTimeforRestartInMinutes", whole(spec.after_running.defer_minutes)),
        ("ForceRunningApplicationToCloseOnRestart", Shown::Bool(spec.after_running.force_close)),
        (
            "StartingWindowOptionType",
            Shown::Int(match spec.starting_window {
                StartingWindow::Normal => 1,
                StartingWindow::Hidden => 2,
                StartingWindow::Minimized => 3,
                StartingWindow::Maximized => 4,
            }),
        ),
        ("RunWithRightsOptionType", Shown::Int(rights)),
        ("UserDomain", text(domain)),
        ("UserName", text(user)),
        (
            "CanRunOptionType",
            Shown::Int(match spec.can_run {
                CanRun::Always => 1,
                CanRun::UserLoggedOn => 2,
                CanRun::NoUserLoggedOn => 3,
            }),
        ),
        ("UserInputRequired", Shown::Bool(spec.user_input_required)),
        ("RunOnceForEachLoggedOnUser", Shown::Bool(matches!(spec.run_once_for, RunOnceFor::EachLoggedOnUser {}))),
        ("RunForSpecifiedUsers", Shown::Bool(matches!(spec.run_once_for, RunOnceFor::Users { .. }))),
        ("UsersToRunList", text(&users)),
        ("RequiresNWConnection", Shown::Bool(spec.network.required)),
        ("MinimumSpeedOptions", whole(spec.network.minimum_speed_kbps)),
    ]
}

/// The words for priorities 1 to 4 (altiris-asdk §4.9).
pub const PRIORITIES: [&str; 4] = ["Low", "Normal", "High", "VeryHigh"];

/// Whether a task is held to run as soon as possible besides its schedule; only what is switched off can be.
pub(super) const ASAP_TOO: &str = r#"{"asapToo":true}"#;

/// Whether a task is to run as soon as possible besides its schedule.
pub(super) fn runs_asap_too(sql: &Connection, task: Guid) -> Result<bool, Refused> {
    Ok(asdk::extras(sql, task)?.is_some_and(|extras| extras == ASAP_TOO))
}

/// A task.
///
/// # Errors
/// When the store fails.
pub fn task(sql: &Connection, item: &Item, spec: &Task) -> Result<Fields, Refused> {
    let targets = targets::of_policy(sql, item)?.iter().map(Guid::to_string).collect();
    let asap = matches!(spec.run, Run::AsSoonAsPossible {}) || runs_asap_too(sql, item.guid)?;
    let xml = match &spec.run {
        run @ Run::Schedule { .. } => {
            schedule::show(run, Wrapper::SoftwareDelivery { independent: spec.independent_execution })
        }
        Run::Manual {} | Run::AsSoonAsPossible {} => None,
    };
    let priority = usize::try_from(spec.priority - 1).ok().and_then(|at| PRIORITIES.get(at)).copied();
    let time = |at: Option<_>| at.map(schedule::show_time).unwrap_or_default();
    let own = spec.download.clone().unwrap_or_default();
    let (from_server, locally) = match (spec.download.is_some(), own.mode) {
        (false, _) => (false, false),
        (true, DownloadMode::RunFromServer) => (true, false),
        (true, DownloadMode::DownloadAndRun) => (false, true),
    };
    let speed = |is: bool| whole(if is { own.minimum_speed_kbps } else { 0 });
    Ok(vec![
        ("Guid", Shown::Guid(Some(item.guid))),
        ("Name", text(&item.name)),
        ("Description", text(&spec.description)),
        ("Enable", Shown::Bool(spec.enabled)),
        ("FolderGuid", Shown::Guid(item.folder)),
        ("Attributes", text(&attributes(&item.attributes))),
        ("PackageGuid", Shown::Guid(Some(spec.package))),
        ("ProgramGuid", Shown::Guid(Some(spec.program))),
        ("ResourceTargets", Shown::List(targets)),
        ("Priority", text(priority.unwrap_or("Normal"))),
        ("RunASAP", Shown::Bool(asap)),
        ("ScheduleXML", Shown::Text(xml.unwrap_or_default())),
        ("ScheduleRetry", Shown::Bool(spec.run_missed_schedule)),
        ("AvailableFrom", Shown::Text(time(spec.availability.from))),
        ("AvaliableTo", Shown::Text(time(spec.availability.to))),
        ("UsesServersTime", Shown::Bool(spec.availability.clock == TaskClock::Server)),
        ("RemoveAfterSuccessfulRun", Shown::Bool(spec.remove_after_success)),
        ("NotifyUserWhenTaskAvailable", Shown::Bool(spec.notify_user)),
        ("WarnUserBeforeRunning", Shown::Bool(spec.warn_user.is_some())),
        ("DeferTime", Shown::Text(spec.warn_user.as_ref().map_or(0, |warn| warn.defer_minutes).to_string())),
        ("UseDefaultAgentSettings", Shown::Bool(spec.download.is_none())),
        ("RunFromServer", Shown::Bool(from_server)),
        ("DownloadAndRunLocally", Shown::Bool(locally)),
        ("DownloadPackageASAP", Shown::Bool(own.as_soon_as_possible)),
        ("MinimumBandwidth", speed(locally)),
        ("MinimumConnectionSpeed", speed(from_server)),
        ("MulticastPackage", Shown::Text(own.multicast.to_string())),
        ("EnableVerboseReporting", Shown::Bool(spec.verbose_status_events)),
    ])
}

impl App {
    /// The fields of a package.
    ///
    /// # Errors
    /// `not_found`; a wrong type for another class.
    pub fn package_fields(&self, guid: Guid) -> Result<Fields, Refused> {
        self.store().read(|sql| {
            let item = entry::find_item(sql, guid, Class::Package)?;
            match &item.spec {
                Spec::Package(spec) => package(sql, &mut Names::default(), &item, spec),
                _ => Err(wrong_type(guid, Class::Package)),
            }
        })
    }

    /// The fields of a task.
    ///
    /// # Errors
    /// `not_found`; a wrong type for another class.
    pub fn task_fields(&self, guid: Guid) -> Result<Fields, Refused> {
        self.store().read(|sql| {
            let item = entry::find_item(sql, guid, Class::Task)?;
            match &item.spec {
                Spec::Task(spec) => task(sql, &item, spec),
                _ => Err(wrong_type(guid, Class::Task)),
            }
        })
    }
}
