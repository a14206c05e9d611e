//! The classes that the ASDK answers with (altiris-asdk §5.2), read by the names of their fields.
//!
//! They come as objects of a SOAP answer and as rows of a report, whose columns have the same names. What is read of an
//! item is the same either way, so that its digest is.

use jiff::civil::DateTime;
use serde::Serialize;

use crate::adapter::shown::shown;
use crate::model::guid::Guid;

use super::value;
use super::xml::NOT_READ;
use super::xml::Node;

/// Where an object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// A SOAP answer: numbers and truth values are always there.
    Object,
    /// A row of a report: an empty cell has no element.
    Row,
}

/// What is wrong with an object, with the item and the field.
pub type Wrong = String;

struct Fields<'a> {
    node: &'a Node,
    from: From,
    class: &'static str,
}

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> String {
        self.node.child(name).map(|node| node.text.clone()).unwrap_or_default()
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.node.child(name).filter(|node| !node.nil).map(|node| node.text.as_str()).filter(|text| !text.is_empty())
    }

    fn wrong(&self, name: &str, why: &str) -> Wrong {
        let called = self.raw("Name").or_else(|| self.raw("Guid")).unwrap_or("without a name");
        format!("{} `{}`, field `{name}`: {why}", self.class, shown(called))
    }

    fn value<T: Default>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Wrong> {
        match (self.raw(name), self.from) {
            (Some(text), _) => read(text).map_err(|why| self.wrong(name, &why)),
            (None, From::Row) => Ok(T::default()),
            (None, From::Object) => Err(self.wrong(name, "it is missing")),
        }
    }

    fn int(&self, name: &str) -> Result<i64, Wrong> {
        self.value(name, value::int)
    }

    fn truth(&self, name: &str) -> Result<bool, Wrong> {
        self.value(name, value::boolean)
    }

    /// A number or truth value that the wire has as a text.
    fn told<T: Default>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Wrong> {
        match self.raw(name).map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => read(text).map_err(|why| self.wrong(name, &why)),
            None => Ok(T::default()),
        }
    }

    fn guid(&self, name: &str) -> Result<Option<Guid>, Wrong> {
        self.told(name, value::guid)
    }

    /// A list of GUIDs: one text, or an element for each.
    fn guids(&self, name: &str) -> Result<Vec<Guid>, Wrong> {
        let Some(node) = self.node.child(name) else { return Ok(Vec::new()) };
        let parts: Vec<&str> = node.within.iter().map(|part| part.text.trim()).collect();
        let text = if parts.is_empty() { node.text.clone() } else { parts.join(",") };
        value::guids(&text).map_err(|why| self.wrong(name, &why))
    }

    fn moment(&self, name: &str) -> Result<Option<DateTime>, Wrong> {
        self.told(name, value::moment)
    }

    /// The item's own GUID: an object without one is the ASDK's way to say that there is none.
    fn own(&self) -> Result<Option<Guid>, Wrong> {
        self.guid("Guid")
    }
}

/// An item of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemDetails {
    /// Its identity.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// The name of its type, short.
    pub type_name: String,
    /// The name of its type, in full.
    pub long_type_name: String,
    /// The folder that it is in.
    pub folder: Option<Guid>,
    /// The name of that folder.
    pub folder_name: String,
    /// `Normal`, or what it is besides. No digest has it: a table may spell it in another way than a method.
    #[serde(skip)]
    pub attributes: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its schedule.
    pub schedule: String,
    /// The targets that it is applied to, in order of their bits.
    pub targets: Vec<Guid>,
}

impl ItemDetails {
    /// Reads one; `None` where the object is empty.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(node: &Node, from: From) -> Result<Option<Self>, Wrong> {
        let fields = Fields { node, from, class: "item" };
        let Some(guid) = fields.own()? else { return Ok(None) };
        Ok(Some(Self {
            guid,
            name: fields.text("Name"),
            type_name: fields.text("TypeName"),
            long_type_name: fields.text("LongTypeName"),
            folder: fields.guid("ParentFolderGuid")?,
            folder_name: fields.text("ParentFolderName"),
            attributes: fields.text("Attributes"),
            enabled: fields.told("Enabled", value::boolean)?,
            schedule: fields.text("ScheduleXml"),
            targets: fields.guids("AppliedToResourceTargets")?,
        }))
    }

    /// The type's name to ask for its like by: the full one where there is one.
    pub fn of(&self) -> &str {
        if self.long_type_name.is_empty() { &self.type_name } else { &self.long_type_name }
    }
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageDetails {
    /// Its identity.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// For people only.
    pub description: String,
    /// Who made the software.
    pub publisher: String,
    /// A free label.
    pub version: String,
    /// A free label.
    pub language: String,
    /// Where the files are.
    pub location: String,
    /// The share of a package with a web address.
    pub directory: String,
    /// How to read the two.
    pub source_type: String,
    /// What sort of package it is; the documents do not say which there are.
    pub package_type: String,
    /// The folder that it is in.
    pub folder: Option<Guid>,
    /// `Normal`, or what it is besides. No digest has it: a table may spell it in another way than a method.
    #[serde(skip)]
    pub attributes: String,
    /// How long an agent keeps the files after their last use, in minutes.
    pub purge_minutes: i64,
    /// Whether agents report downloads.
    pub verbose: bool,
    /// The name that the agent shows.
    pub display_name: String,
    /// The description that the agent shows.
    pub display_description: String,
    /// A folder on the client for a second copy.
    pub alternate: String,
    /// The package servers that were selected.
    pub servers: String,
}

impl PackageDetails {
    /// The columns of a report that it is read from.
    pub const COLUMNS: [&str; 18] = [
        "Guid",
        "Name",
        "Description",
        "Publisher",
        "Version",
        "Language",
        "Location",
        "PackageDirectory",
        "PackageSourceType",
        "PackageType",
        "ParentFolderGuid",
        "Attributes",
        "PurgeAfterDurationInMinutes",
        "EnableVerboseEvents",
        "AgentDisplayName",
        "AgentDisplayDescription",
        "AlternateDownloadDestinationLocation",
        "SelectedPackageServers",
    ];

    /// Reads one; `None` where the object is empty.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(node: &Node, from: From) -> Result<Option<Self>, Wrong> {
        let fields = Fields { node, from, class: "package" };
        let Some(guid) = fields.own()? else { return Ok(None) };
        Ok(Some(Self {
            guid,
            name: fields.text("Name"),
            description: fields.text("Description"),
            publisher: fields.text("Publisher"),
            version: fields.text("Version"),
            language: fields.text("Language"),
            location: fields.text("Location"),
            directory: fields.text("PackageDirectory"),
            source_type: fields.text("PackageSourceType"),
            package_type: fields.text("PackageType"),
            folder: fields.guid("ParentFolderGuid")?,
            attributes: fields.text("Attributes"),
            purge_minutes: fields.int("PurgeAfterDurationInMinutes")?,
            verbose: fields.truth("EnableVerboseEvents")?,
            display_name: fields.text("AgentDisplayName"),
            display_description: fields.text("AgentDisplayDescription"),
            alternate: fields.text("AlternateDownloadDestinationLocation"),
            servers: fields.text("SelectedPackageServers"),
        }))
    }
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProgramDetails {
    /// Its identity.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// For people only.
    pub description: String,
    /// What is run.
    pub command_line: String,
    /// Where it is run.
    pub working_directory: String,
    /// A note, in KB.
    pub disk_kb: i64,
    /// A note, in minutes.
    pub run_minutes: i64,
    /// When the agent ends it, in minutes.
    pub terminate_minutes: i64,
    /// Return codes that mean success.
    pub success_codes: String,
    /// Return codes that mean failure.
    pub failure_codes: String,
    /// 1 nothing, 2 restart, 3 log off.
    pub after: i64,
    /// How long a user may put that off, in minutes.
    pub defer_minutes: i64,
    /// Whether applications are closed by force.
    pub force: bool,
    /// 1 normal, 2 hidden, 3 minimized, 4 maximized.
    pub window: i64,
    /// 1 system, 2 logged-on user, 3 an account.
    pub rights: i64,
    /// The account's domain.
    pub user_domain: String,
    /// The account's name.
    pub user_name: String,
    /// Whether an answer showed that a password is stored. It is never read; no digest has it, for reports never show it.
    #[serde(skip)]
    pub password_seen: bool,
    /// 1 always, 2 only when a user is logged on, 3 only when none is.
    pub can_run: i64,
    /// Whether it shows itself.
    pub user_input: bool,
    /// Whether it runs once for each user who logs on.
    pub each_user: bool,
    /// Whether it runs for the users that are named.
    pub named_users: bool,
    /// Which.
    pub users: String,
    /// Whether it waits for a network.
    pub network: bool,
    /// The slowest that will do, in KB/s.
    pub speed: i64,
}

impl ProgramDetails {
    /// The columns of a report that it is read from.
    pub const COLUMNS: [&str; 24] = [
        "Guid",
        "Name",
        "Description",
        "CommandLine",
        "WorkingDirectory",
        "EstimatedDiskSpace",
        "EstimatedRunTime",
        "TerminateAfter",
        "SuccessCodes",
        "FailureCodes",
        "AfterRunningActionType",
        "DeferTimeforRestartInMinutes",
        "ForceRunningApplicationToCloseOnRestart",
        "StartingWindowOptionType",
        "RunWithRightsOptionType",
        "UserDomain",
        "UserName",
        "CanRunOptionType",
        "UserInputRequired",
        "RunOnceForEachLoggedOnUser",
        "RunForSpecifiedUsers",
        "UsersToRunList",
        "RequiresNWConnection",
        "MinimumSpeedOptions",
    ];

    /// Reads one; `None` where the object is empty.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(node: &Node, from: From) -> Result<Option<Self>, Wrong> {
        let fields = Fields { node, from, class: "program" };
        let Some(guid) = fields.own()? else { return Ok(None) };
        Ok(Some(Self {
            guid,
            name: fields.text("Name"),
            description: fields.text("Description"),
            command_line: fields.text("CommandLine"),
            working_directory: fields.text("WorkingDirectory"),
            disk_kb: fields.int("EstimatedDiskSpace")?,
            run_minutes: fields.int("EstimatedRunTime")?,
            terminate_minutes: fields.int("TerminateAfter")?,
            success_codes: fields.text("SuccessCodes"),
            failure_codes: fields.text("FailureCodes"),
            after: fields.int("AfterRunningActionType")?,
            defer_minutes: fields.int("DeferTimeforRestartInMinutes")?,
            force: fields.truth("ForceRunningApplicationToCloseOnRestart")?,
            window: fields.int("StartingWindowOptionType")?,
            rights: fields.int("RunWithRightsOptionType")?,
            user_domain: fields.text("UserDomain"),
            user_name: fields.text("UserName"),
            password_seen: fields.raw("UserPassword") == Some(NOT_READ),
            can_run: fields.int("CanRunOptionType")?,
            user_input: fields.truth("UserInputRequired")?,
            each_user: fields.truth("RunOnceForEachLoggedOnUser")?,
            named_users: fields.truth("RunForSpecifiedUsers")?,
            users: fields.text("UsersToRunList"),
            network: fields.truth("RequiresNWConnection")?,
            speed: fields.int("MinimumSpeedOptions")?,
        }))
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskDetails {
    /// Its identity.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// For people only.
    pub description: String,
    /// Whether computers get it.
    pub enabled: bool,
    /// The folder that it is in.
    pub folder: Option<Guid>,
    /// `Normal`, or what it is besides. No digest has it: a table may spell it in another way than a method.
    #[serde(skip)]
    pub attributes: String,
    /// What it delivers.
    pub package: Option<Guid>,
    /// What it runs.
    pub program: Option<Guid>,
    /// Whom it is for, in order of their bits: targets, or collections in their place.
    pub targets: Vec<Guid>,
    /// `Low`, `Normal`, `High`, `VeryHigh`.
    pub priority: String,
    /// Whether it runs as soon as a computer has it.
    pub asap: bool,
    /// When else it runs.
    pub schedule: String,
    /// Whether a missed start is made up for.
    pub retry: bool,
    /// When it begins to be available.
    pub from: Option<DateTime>,
    /// When it ends.
    pub to: Option<DateTime>,
    /// Whether these two are read on the server's clock.
    pub server_time: bool,
    /// Whether success takes it off a computer.
    pub remove: bool,
    /// Whether the user is told of it.
    pub notify: bool,
    /// Whether the user is warned before a run.
    pub warn: bool,
    /// How long the user may put it off, in minutes.
    pub defer_minutes: i64,
    /// Whether the agent's own settings of downloads hold.
    pub agent_defaults: bool,
    /// Whether it runs from the server.
    pub from_server: bool,
    /// Whether it is downloaded first.
    pub locally: bool,
    /// Whether it is downloaded at once.
    pub download_asap: bool,
    /// The slowest connection for a download, in KB/s.
    pub bandwidth: i64,
    /// The slowest connection for running from the server, in KB/s.
    pub speed: i64,
    /// Whether downloads are shared with the neighbours.
    pub multicast: bool,
    /// Whether agents report its status events.
    pub verbose: bool,
}

impl TaskDetails {
    /// The columns of a report that it is read from. Whom a task is for is no column; see [`Self::targets`].
    pub const COLUMNS: [&str; 27] = [
        "Guid",
        "Name",
        "Description",
        "Enable",
        "FolderGuid",
        "Attributes",
        "PackageGuid",
        "ProgramGuid",
        "Priority",
        "RunASAP",
        "ScheduleXML",
        "ScheduleRetry",
        "AvailableFrom",
        "AvaliableTo",
        "UsesServersTime",
        "RemoveAfterSuccessfulRun",
        "NotifyUserWhenTaskAvailable",
        "WarnUserBeforeRunning",
        "DeferTime",
        "UseDefaultAgentSettings",
        "RunFromServer",
        "DownloadAndRunLocally",
        "DownloadPackageASAP",
        "MinimumBandwidth",
        "MinimumConnectionSpeed",
        "MulticastPackage",
        "EnableVerboseReporting",
    ];

    /// Reads one; `None` where the object is empty.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(node: &Node, from: From) -> Result<Option<Self>, Wrong> {
        let fields = Fields { node, from, class: "task" };
        let Some(guid) = fields.own()? else { return Ok(None) };
        Ok(Some(Self {
            guid,
            name: fields.text("Name"),
            description: fields.text("Description"),
            enabled: fields.truth("Enable")?,
            folder: fields.guid("FolderGuid")?,
            attributes: fields.text("Attributes"),
            package: fields.guid("PackageGuid")?,
            program: fields.guid("ProgramGuid")?,
            targets: fields.guids("ResourceTargets")?,
            priority: fields.text("Priority"),
            asap: fields.truth("RunASAP")?,
            schedule: fields.text("ScheduleXML"),
            retry: fields.truth("ScheduleRetry")?,
            from: fields.moment("AvailableFrom")?,
            to: fields.moment("AvaliableTo")?,
            server_time: fields.truth("UsesServersTime")?,
            remove: fields.truth("RemoveAfterSuccessfulRun")?,
            notify: fields.truth("NotifyUserWhenTaskAvailable")?,
            warn: fields.truth("WarnUserBeforeRunning")?,
            defer_minutes: fields.told("DeferTime", value::int)?,
            agent_defaults: fields.truth("UseDefaultAgentSettings")?,
            from_server: fields.truth("RunFromServer")?,
            locally: fields.truth("DownloadAndRunLocally")?,
            download_asap: fields.truth("DownloadPackageASAP")?,
            bandwidth: fields.int("MinimumBandwidth")?,
            speed: fields.int("MinimumConnectionSpeed")?,
            multicast: fields.told("MulticastPackage", value::boolean)?,
            verbose: fields.truth("EnableVerboseReporting")?,
        }))
    }
}
