//! What was read → the manifests' words, pure. What a manifest cannot say is a gap with the item's name, and no guess.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::adapter::altiris::schedule;
use crate::adapter::altiris::wire::details::PackageDetails;
use crate::adapter::altiris::wire::details::ProgramDetails;
use crate::adapter::altiris::wire::details::TaskDetails;
use crate::adapter::altiris::wire::value;
use crate::adapter::names::Entry;
use crate::adapter::names::Names;
use crate::adapter::names::ToNames;
use crate::adapter::shown::shown;
use crate::model::altiris::Findings;
use crate::model::collection::Collection;
use crate::model::collection::Query;
use crate::model::folder::Folder;
use crate::model::guid::Guid;
use crate::model::item::Attribute;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::observed::ServerIdentity;
use crate::model::package::AfterRunning;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::package::MaxRunTime;
use crate::model::package::Network;
use crate::model::package::Nothing;
use crate::model::package::Package;
use crate::model::package::PackageServers;
use crate::model::package::PackageServersList;
use crate::model::package::Program;
use crate::model::package::RunOnceFor;
use crate::model::package::RunOnceForBy;
use crate::model::package::RunOnceForUsers;
use crate::model::package::RunWith;
use crate::model::package::RunWithAccount;
use crate::model::package::RunWithBuilt;
use crate::model::package::Source;
use crate::model::package::SourceLocal;
use crate::model::package::SourceNone;
use crate::model::package::SourceUnc;
use crate::model::package::SourceUrl;
use crate::model::package::StartingWindow;
use crate::model::portal::Grant;
use crate::model::portal::PortalRights;
use crate::model::portal::Right;
use crate::model::schedule::Clock;
use crate::model::task::Availability;
use crate::model::task::Download;
use crate::model::task::DownloadMode;
use crate::model::task::DownloadOwn;
use crate::model::task::Priority;
use crate::model::task::Task;
use crate::model::task::WarnUser;
use crate::model::units::Duration;
use crate::model::units::LocalDateTime;

use super::raw::Gap;
use super::raw::Permission;
use super::raw::Raw;
use super::raw::RawCollection;
use super::reports::INSTALL;

/// Gaps of one kind that a message names.
const GAPS_SHOWN: usize = 5;

/// What was read, as a manifest says it.
///
/// # Errors
/// When the folders lie within each other, or items cannot be told apart.
pub fn observed(raw: &Raw, server: ServerIdentity, time: Timestamp, findings: &Findings) -> Result<Observed, String> {
    let names = Names::of(&entries(raw))?;
    let converter = Converter { raw, names: &names, findings, time };
    let mut gaps = raw.gaps.clone();
    let mut items = Vec::new();
    converter.all(&mut items, &mut gaps);
    if let Some(twin) = Names::twins(items.iter().map(|item| &item.item.key)) {
        return Err(format!("two items are called `{}`", shown(&twin.to_string())));
    }
    Ok(Observed { server, state: None, time, coverage: coverage(raw, &names, &gaps), items })
}

fn entries(raw: &Raw) -> Vec<Entry<'_>> {
    let entry = |guid: &Guid, kind, name, folder, package| Entry { guid: *guid, kind, name, folder, package };
    let mut entries = Vec::new();
    entries.extend(raw.folders.iter().map(|(guid, item)| entry(guid, Kind::Folder, &item.name, item.parent, None)));
    entries.extend(raw.packages.iter().map(|(guid, item)| entry(guid, Kind::Package, &item.name, item.folder, None)));
    entries
        .extend(raw.programs.iter().map(|(guid, (of, item))| entry(guid, Kind::Program, &item.name, None, Some(*of))));
    entries.extend(raw.tasks.iter().map(|(guid, item)| entry(guid, Kind::Task, &item.name, item.folder, None)));
    entries.extend(
        raw.collections.iter().map(|(guid, item)| entry(guid, Kind::Collection, &item.name, item.folder, None)),
    );
    entries
}

/// How much of each kind was read.
fn coverage(raw: &Raw, names: &Names, gaps: &[Gap]) -> BTreeMap<Kind, Coverage> {
    let of = |kind: Kind| {
        if let Some(why) = raw.unreadable.get(&kind) {
            return Coverage::Unreadable { why: why.clone() };
        }
        let own: Vec<&Gap> = gaps.iter().filter(|gap| gap.kind == kind).collect();
        if own.is_empty() {
            return Coverage::Observed;
        }
        let mut why: Vec<&str> = own.iter().take(GAPS_SHOWN).map(|gap| gap.why.as_str()).collect();
        let more = own.len().saturating_sub(GAPS_SHOWN);
        let more = format!("and {more} more");
        if own.len() > GAPS_SHOWN {
            why.push(&more);
        }
        let paths: Option<BTreeSet<String>> = own.iter().map(|gap| place(raw, names, gap.folder?)).collect();
        Coverage::Partial { why: why.join("; "), folders: paths.unwrap_or_default().into_iter().collect() }
    };
    Kind::ALL.into_iter().map(|kind| (kind, of(kind))).collect()
}

/// The path of a folder; `None` where it or one above it was not read, for then it may lie anywhere.
fn place(raw: &Raw, names: &Names, folder: Guid) -> Option<String> {
    let mut above = Some(folder);
    while let Some(guid) = above {
        // `Names` has followed the same way to its end.
        above = raw.folders.get(&guid)?.parent;
    }
    Some(names.folder(folder))
}

struct Converter<'a> {
    raw: &'a Raw,
    names: &'a Names,
    findings: &'a Findings,
    /// The server's clock.
    time: Timestamp,
}

impl Converter<'_> {
    fn all(&self, items: &mut Vec<ObservedItem>, gaps: &mut Vec<Gap>) {
        for (guid, folder) in &self.raw.folders {
            let above = folder.parent.unwrap_or(Guid::PROGRAMS_FOLDER);
            let spec = Folder { description: folder.description.clone(), portal: self.rights(*guid, above) };
            items.extend(self.item(*guid, folder.parent, &folder.attributes, Spec::Folder(spec)));
        }
        for (guid, package) in &self.raw.packages {
            match self.package(package) {
                Ok(spec) => items.extend(self.item(*guid, package.folder, &package.attributes, Spec::Package(spec))),
                Err(why) => gaps.push(gap(Kind::Package, package.folder, &package.name, &why)),
            }
        }
        for (guid, (package, program)) in &self.raw.programs {
            let place = self.raw.packages.get(package).and_then(|package| package.folder);
            match self.program(*guid, program) {
                Ok(spec) => {
                    let is_account = matches!(spec.run_with, RunWith::Account(_));
                    let password_set = (is_account && program.password_seen).then_some(true);
                    let item = self.item(*guid, None, "", Spec::Program(spec));
                    items.extend(item.map(|item| ObservedItem { password_set, ..item }));
                }
                Err(why) => gaps.push(gap(Kind::Program, place, &program.name, &why)),
            }
        }
        for (guid, task) in &self.raw.tasks {
            match self.task(task) {
                Ok(spec) => items.extend(self.item(*guid, task.folder, &task.attributes, Spec::Task(spec))),
                Err(why) => gaps.push(gap(Kind::Task, task.folder, &task.name, &why)),
            }
        }
        for (guid, collection) in &self.raw.collections {
            match self.collection(collection) {
                Ok(spec) => {
                    let spec = Spec::Collection(spec);
                    items.extend(self.item(*guid, collection.folder, &collection.attributes, spec));
                }
                Err(why) => gaps.push(gap(Kind::Collection, collection.folder, &collection.name, &why)),
            }
        }
    }

    fn item(&self, guid: Guid, folder: Option<Guid>, attributes: &str, spec: Spec) -> Option<ObservedItem> {
        let mut item = Item::new(self.names.key(guid)?, spec);
        if let Spec::Program(program) = &mut item.spec {
            program.name.clone_from(&item.key.name);
        }
        item.folder = folder.map(|folder| self.names.folder(folder));
        item.attributes = self::attributes(attributes);
        let revision = self.raw.revision(guid)?;
        Some(ObservedItem { guid, revision, password_set: None, password_mark: None, item })
    }

    fn package(&self, read: &PackageDetails) -> Result<Package, String> {
        let PackageDetails {
            guid: _,
            name: _,
            description,
            publisher,
            version,
            language,
            location,
            directory,
            source_type,
            package_type: _,
            folder: _,
            attributes: _,
            purge_minutes,
            verbose,
            display_name,
            display_description,
            alternate,
            servers,
        } = read;
        Ok(Package {
            description: description.clone(),
            publisher: publisher.clone(),
            version: version.clone(),
            language: language.clone(),
            source: source(source_type, location, directory)?,
            delete_unused_after: minutes("PurgeAfterDurationInMinutes", *purge_minutes)?,
            agent_display_name: display_name.clone(),
            agent_display_description: display_description.clone(),
            verbose_status_events: *verbose,
            alternate_download_folder: alternate.clone(),
            package_servers: self.servers(servers)?,
            package_server_folder: String::new(),
            programs: Vec::new(), // PRG-13
        })
    }

    fn servers(&self, text: &str) -> Result<PackageServers, String> {
        if text.trim().is_empty() {
            return Ok(PackageServers::default());
        }
        let name = |guid: Guid| {
            let name = self.raw.computers.get(&guid).cloned();
            name.ok_or_else(|| format!("the name of its package server {guid} could not be read"))
        };
        let servers: BTreeSet<String> = match value::guids(text) {
            Ok(guids) => guids.into_iter().map(name).collect::<Result<_, _>>()?,
            Err(_) => text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
        };
        Ok(PackageServers::Servers(PackageServersList { servers: servers.into_iter().collect() }))
    }

    fn computer(&self, guid: Guid) -> String {
        self.raw.computers.get(&guid).cloned().unwrap_or_else(|| format!("{{{guid}}}"))
    }

    fn program(&self, guid: Guid, read: &ProgramDetails) -> Result<Program, String> {
        let limit = minutes("TerminateAfter", read.terminate_minutes)?;
        let max_run_time = if limit == Duration::ZERO { MaxRunTime::default() } else { MaxRunTime::Limit(limit) }; // PRG-3
        Ok(Program {
            name: read.name.clone(),
            guid: None,
            aliases: Vec::new(),
            description: read.description.clone(),
            command_line: read.command_line.clone(),
            working_directory: read.working_directory.clone(),
            success_codes: codes("SuccessCodes", &read.success_codes)?,
            failure_codes: codes("FailureCodes", &read.failure_codes)?,
            estimated_disk_space_kb: number("EstimatedDiskSpace", read.disk_kb)?,
            estimated_run_time: minutes("EstimatedRunTime", read.run_minutes)?,
            max_run_time,
            after_running: AfterRunning {
                action: of(
                    "AfterRunningActionType",
                    read.after,
                    &[AfterRunningAction::None, AfterRunningAction::Restart, AfterRunningAction::LogOff],
                )?,
                defer_up_to: minutes("DeferTimeforRestartInMinutes", read.defer_minutes)?,
                force_close: read.force,
            },
            starting_window: of(
                "StartingWindowOptionType",
                read.window,
                &[StartingWindow::Normal, StartingWindow::Hidden, StartingWindow::Minimized, StartingWindow::Maximized],
            )?,
            run_with: match read.rights {
                3 => RunWith::Account(RunWithAccount { account: account(read)?, password_from: None }),
                rights => RunWith::Built(of(
                    "RunWithRightsOptionType",
                    rights,
                    &[RunWithBuilt::System, RunWithBuilt::LoggedOnUser],
                )?),
            },
            can_run: of(
                "CanRunOptionType",
                read.can_run,
                &[CanRun::Always, CanRun::UserLoggedOn, CanRun::NoUserLoggedOn],
            )?,
            user_input_required: read.user_input,
            exits_early: false,
            run_once_for: run_once_for(read)?,
            network: Network { required: read.network, minimum_speed_kbps: speed("MinimumSpeedOptions", read.speed)? },
            portal: self.rights(guid, Guid::PROGRAMS_FOLDER),
        })
    }

    /// The rights on the portal, where they are shown. Whether those from above hold is shown by them alone.
    fn rights(&self, guid: Guid, above: Guid) -> Option<PortalRights> {
        let all = self.raw.rights.as_ref()?;
        let none = BTreeSet::new();
        let of = |guid: Guid| all.get(&guid).unwrap_or(&none);
        let right = |row: &Permission| {
            let is_approval = self.findings.approval_permission == Some(row.permission);
            (row.permission == INSTALL)
                .then_some(Right::Install)
                .or_else(|| is_approval.then_some(Right::InstallOnApproval))
        };
        let grant = |row: &Permission| Some(Grant { principal: row.trustee.clone(), right: right(row)? });
        let grants: BTreeSet<Grant> = of(guid).iter().filter(|row| !row.inherited).filter_map(grant).collect();
        let has_inherited = of(guid).iter().any(|row| row.inherited);
        let inherit = has_inherited || of(above).is_empty();
        Some(PortalRights { inherit, grants: grants.into_iter().collect() })
    }

    fn task(&self, read: &TaskDetails) -> Result<Task, String> {
        let package = read.package.ok_or("it names no package")?;
        let program = read.program.ok_or("it names no program")?;
        let deferral = minutes("DeferTime", read.defer_minutes)?;
        Ok(Task {
            description: read.description.clone(),
            enabled: read.enabled,
            package: self.names.package(package),
            program: self.names.program(package, program),
            collections: self.collections(&read.targets)?,
            priority: priority(&read.priority)?,
            run: schedule::run(read.asap, &read.schedule, self.time)?,
            run_missed_schedule: read.retry,
            independent_execution: true, // not shown; the manifests' default
            user_can_run: false,
            user_optional: false,
            wake_on_lan: false,
            notify_immediately: false,
            notify_user: read.notify,
            warn_user: read.warn.then_some(WarnUser { defer_up_to: deferral }),
            availability: Availability {
                from: read.from.map(LocalDateTime::from),
                to: read.to.map(LocalDateTime::from),
                clock: if read.server_time { Clock::Server } else { Clock::Computer },
            },
            remove_after_success: read.remove,
            agent_display_name: String::new(),
            agent_display_description: String::new(),
            verbose_status_events: read.verbose,
            download: download(read)?,
        })
    }

    /// Whom a task is for. What is no collection has a name that no manifest takes for one.
    ///
    /// # Errors
    /// Where it may be a collection that was not read: nobody can tell then whether it is the one that a manifest means.
    fn collections(&self, targets: &[Guid]) -> Result<Vec<String>, String> {
        let raw = self.raw;
        let is_lacking =
            raw.unreadable.contains_key(&Kind::Collection) || raw.gaps.iter().any(|gap| gap.kind == Kind::Collection);
        let name = |guid: &Guid| {
            let target = raw.targets.get(guid);
            let collection = match target {
                Some(target) => target.collection,
                None => Some(*guid),
            };
            match collection {
                Some(of) if raw.collections.contains_key(&of) => Ok(self.names.collection(of)),
                Some(of) if is_lacking => Err(format!("it is for {of}, which may be a collection that was not read")),
                _ => Ok(match target {
                    Some(target) => format!("target {} {{{guid}}}", target.name),
                    None => format!("target {{{guid}}}"),
                }),
            }
        };
        let names: BTreeSet<String> = targets.iter().map(name).collect::<Result<_, String>>()?;
        Ok(names.into_iter().collect())
    }

    fn collection(&self, read: &RawCollection) -> Result<Collection, String> {
        if !read.not_members.is_empty() {
            return Err(format!("it excludes {} computers by name, which no manifest says", read.not_members.len()));
        }
        let named = |guids: &BTreeSet<Guid>| {
            let names: BTreeSet<String> = guids.iter().map(|guid| self.names.collection(*guid)).collect();
            names.into_iter().collect()
        };
        let members: BTreeSet<String> = read.members.iter().map(|guid| self.computer(*guid)).collect();
        let defaults = Collection::default();
        let (description, query, auto_update) = match &read.shown {
            Some(shown) => (shown.description.clone(), shown.query.clone(), shown.auto_update),
            None => (defaults.description, String::new(), defaults.auto_update),
        };
        Ok(Collection {
            description,
            query: (!query.trim().is_empty()).then_some(Query::Sql(query)),
            limited_to: None,
            include: named(&read.include),
            exclude: named(&read.exclude),
            members: Some(members.into_iter().collect()),
            auto_update,
        })
    }
}

fn gap(kind: Kind, folder: Option<Guid>, name: &str, why: &str) -> Gap {
    Gap { kind, folder, why: format!("{} `{}` cannot be told in a manifest: {why}", kind.short(), shown(name)) }
}

/// The attributes of an item that a manifest knows, whatever their spelling.
fn attributes(text: &str) -> BTreeSet<Attribute> {
    let mut found = BTreeSet::new();
    for word in text.split([',', ';', '|']) {
        let word: String = word.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        match word.to_ascii_lowercase().as_str() {
            "readonly" => drop(found.insert(Attribute::ReadOnly)),
            "hidden" => drop(found.insert(Attribute::Hidden)),
            "nodelete" => drop(found.insert(Attribute::NoDelete)),
            _ => {}
        }
    }
    found
}

fn source(of: &str, location: &str, directory: &str) -> Result<Source, String> {
    let (location, directory) = (location.to_owned(), directory.to_owned());
    match of.trim().to_ascii_lowercase().as_str() {
        "empty" | "" if location.trim().is_empty() => Ok(Source::None(SourceNone { none: Nothing {} })),
        "unc" => Ok(Source::Unc(SourceUnc { unc: location })),
        "local" => Ok(Source::Local(SourceLocal { local: location })),
        "url" => Ok(Source::Url(SourceUrl { url: location, directory })),
        _ => Err(format!("its source is of type `{}`, which is not known", shown(of))),
    }
}

fn number(field: &str, value: i64) -> Result<u64, String> {
    u64::try_from(value).map_err(|_| format!("field `{field}` is {value}"))
}

fn minutes(field: &str, value: i64) -> Result<Duration, String> {
    let minutes = number(field, value)?;
    let most = Duration::MAX.as_seconds() / 60;
    if minutes > most { Err(format!("field `{field}` is {minutes} minutes")) } else { Ok(Duration::minutes(minutes)) }
}

/// A speed in KB/s; the server writes "any" as 0 or below.
fn speed(field: &str, value: i64) -> Result<u32, String> {
    u32::try_from(value.max(0)).map_err(|_| format!("field `{field}` is {value}"))
}

/// One of a list, by its number from 1 up.
fn of<T: Clone>(field: &str, value: i64, all: &[T]) -> Result<T, String> {
    let place = usize::try_from(value).ok().and_then(|value| value.checked_sub(1));
    place.and_then(|place| all.get(place).cloned()).ok_or_else(|| format!("field `{field}` is {value}"))
}

fn codes(field: &str, text: &str) -> Result<Vec<i64>, String> {
    let parts = text.split([',', ';', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let code = |part: &str| part.parse().map_err(|_| format!("field `{field}` holds `{}`", shown(part)));
    parts.map(code).collect()
}

fn account(read: &ProgramDetails) -> Result<String, String> {
    let (domain, name) = (read.user_domain.trim(), read.user_name.trim());
    if name.is_empty() {
        return Err("it runs as an account without a name".to_owned());
    }
    Ok(if domain.is_empty() { name.to_owned() } else { format!("{domain}\\{name}") })
}

fn run_once_for(read: &ProgramDetails) -> Result<RunOnceFor, String> {
    let users = read.users.split([',', ';']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let users: Vec<String> = users.collect();
    match (read.each_user, read.named_users) {
        (false, false) => Ok(RunOnceFor::By(RunOnceForBy::Computer)),
        (true, false) => Ok(RunOnceFor::By(RunOnceForBy::EachLoggedOnUser)),
        (false, true) if !users.is_empty() => Ok(RunOnceFor::Users(RunOnceForUsers { users })),
        (false, true) => Err("it runs for users of whom it names none".to_owned()),
        (true, true) => Err("it runs once for each user and for named users".to_owned()),
    }
}

fn priority(text: &str) -> Result<Priority, String> {
    let word: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match word.to_ascii_lowercase().as_str() {
        "low" => Ok(Priority::Low),
        "normal" => Ok(Priority::Normal),
        "high" => Ok(Priority::High),
        "veryhigh" => Ok(Priority::VeryHigh),
        _ => Err(format!("its priority is `{}`", shown(text))),
    }
}

fn download(read: &TaskDetails) -> Result<Download, String> {
    if read.agent_defaults {
        return Ok(Download::default());
    }
    let (mode, kbps) = match (read.from_server, read.locally) {
        (true, false) => (DownloadMode::RunFromServer, speed("MinimumConnectionSpeed", read.speed)?),
        (false, true) => (DownloadMode::DownloadAndRun, speed("MinimumBandwidth", read.bandwidth)?),
        (true, true) => return Err("it runs from the server and from the computer as well".to_owned()),
        (false, false) => return Err("it runs neither from the server nor from the computer".to_owned()),
    };
    Ok(Download::Own(DownloadOwn {
        mode,
        minimum_speed_kbps: kbps,
        as_soon_as_possible: read.download_asap,
        multicast: read.multicast,
    }))
}
