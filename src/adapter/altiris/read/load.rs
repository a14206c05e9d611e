//! Reads everything: each kind by a report where there is one that is whole, else by methods.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::adapter::AdapterError;
use crate::adapter::altiris::half_made;
use crate::adapter::altiris::wire::details::From;
use crate::adapter::altiris::wire::details::ItemDetails;
use crate::adapter::altiris::wire::details::PackageDetails;
use crate::adapter::altiris::wire::details::ProgramDetails;
use crate::adapter::altiris::wire::details::TaskDetails;
use crate::adapter::altiris::wire::session::Session;
use crate::adapter::altiris::wire::table::Table;
use crate::adapter::altiris::wire::value;
use crate::adapter::shown::shown;
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::altiris::Hidden;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;

use super::methods::List;
use super::methods::Methods;
use super::methods::Unknown;
use super::methods::partly;
use super::raw::Raw;
use super::raw::RawCollection;
use super::reports::Reports;
use super::reports::guid_in;
use super::reports::text_in;
use super::tables;
use super::tables::Undescribed;

/// Kinds that the web services show nothing of, each with the reason; those of the kinds that they show in part are said
/// where they are read.
const NEVER: [Kind; 7] = [
    Kind::MaintenanceWindow,
    Kind::PortalDefaults,
    Kind::PortalSettings,
    Kind::DeliveryPolicy,
    Kind::AgentSettings,
    Kind::PatchPlugin,
    Kind::PurgeSettings,
];

/// Relations that nobody described and that are looked into; a server has few.
const HINTS_LOOKED_INTO: usize = 4;
/// Collections that are looked into for each of them.
const LOOKED_INTO: usize = 3;
/// How many collections are read in both ways at most where no row shows that a hint is used.
const COMPARED: usize = 4;

/// How many tasks that a report shows and the list of their type lacks are read one by one.
const UNLISTED_MAX: usize = 8;

struct Loader<'a> {
    findings: &'a Findings,
    /// Why no report can be read, where they were asked for.
    no_reports: Option<String>,
    methods: Methods<'a>,
    reports: Option<Reports<'a>>,
    raw: Raw,
}

/// Reads everything there is.
///
/// # Errors
/// When the server gives no answer, or does not take the credentials (any more).
pub async fn load(session: &Session, settings: &AltirisSettings, findings: &Findings) -> Result<Raw, AdapterError> {
    let (reports, no_reports) = match settings.reports {
        None => (None, None),
        Some(folder) => match Reports::open(session, folder, findings).await? {
            Ok(reports) => (Some(reports), None),
            Err(why) => (None, Some(why)),
        },
    };
    let methods = Methods::new(session, &settings.known);
    let mut loader = Loader { findings, no_reports, methods, reports, raw: Raw::default() };
    for kind in NEVER {
        loader.raw.unreadable.insert(kind, "the web services do not show it".to_owned());
    }
    loader.packages().await?;
    loader.tasks().await?;
    loader.collections().await?;
    loader.sequences().await?;
    loader.folders().await?;
    loader.targets().await?;
    loader.package_servers().await?;
    loader.rights().await?;
    Ok(loader.raw)
}

/// What a table holds, by GUID.
fn objects<T>(
    table: &Table,
    read: impl Fn(&crate::adapter::altiris::wire::xml::Node) -> Result<Option<T>, String>,
) -> Result<Vec<T>, String> {
    let object = |row| read(row)?.ok_or_else(|| "a row has no GUID".to_owned());
    table.rows.iter().map(object).collect()
}

impl Loader<'_> {
    async fn rows(&mut self, name: &'static str) -> Result<Result<Table, String>, AdapterError> {
        match &mut self.reports {
            Some(reports) => reports.rows(name).await,
            None => Ok(Err("no reports are set up".to_owned())),
        }
    }

    /// A gap for what reports were to show and did not; a probe that found that they cannot makes it none.
    fn unseen(&mut self, what: Hidden, kind: Kind, which: &str) {
        self.raw.hidden.insert(what);
        let is_asked = self.reports.is_some() || self.no_reports.is_some();
        if !is_asked || self.findings.hidden.contains(&what) {
            return;
        }
        let why = match &self.no_reports {
            Some(why) => format!(": {why}"),
            None => String::new(),
        };
        let help = "`consign probe --with-reports` makes the reports that can be made, and finds out what they show";
        self.raw.gap(kind, None, format!("no report shows {which}{why}; {help}"));
    }

    async fn packages(&mut self) -> Result<(), AdapterError> {
        let packages = self.rows("packages").await?;
        let programs = self.rows("programs").await?;
        let read = packages.and_then(|table| objects(&table, |row| PackageDetails::read(row, From::Row)));
        let programs = programs.and_then(|table| {
            objects(&table, |row| {
                let package = guid_in(row, "PackageGuid")?;
                Ok(ProgramDetails::read(row, From::Row)?.map(|program| (package, program)))
            })
        });
        let (packages, programs) = match (read, programs) {
            (Ok(packages), Ok(programs)) => (packages, programs),
            _ => return self.packages_by_methods().await,
        };
        self.raw.packages = packages.into_iter().map(|package| (package.guid, package)).collect();
        for (package, program) in programs {
            // One that belongs to no package can be run by nobody, and no manifest can say it.
            if let Some(package) = package.filter(|_| !half_made::is(&program.name)) {
                self.raw.programs.insert(program.guid, (package, program));
            }
        }
        Ok(())
    }

    async fn packages_by_methods(&mut self) -> Result<(), AdapterError> {
        let services = self.methods.services(&[Service::Package, Service::Program]).await?;
        let list = match services {
            Ok(()) => self.methods.of_kind(Kind::Package).await?,
            Err(why) => Err(why),
        };
        let list = match list {
            Ok(list) => list,
            Err(why) => {
                self.raw.unreadable.insert(Kind::Package, why.clone());
                self.raw.unreadable.insert(Kind::Program, why);
                return Ok(());
            }
        };
        let methods = &self.methods;
        let read = |guid| async move {
            let package = methods.package(guid).await?;
            let programs = partly(methods.programs(guid).await)?;
            Ok((package, programs))
        };
        let each = methods.each(list, read).await?;
        for (item, (mut package, programs)) in each.found {
            // The list and the object are of one item: what both show is the same, whatever the order of the two reads.
            package.folder = package.folder.or(item.folder);
            match programs {
                Ok(programs) => {
                    let programs = programs.into_iter().filter(|program| !half_made::is(&program.name));
                    let of = programs.map(|program| (program.guid, (package.guid, program)));
                    self.raw.programs.extend(of);
                }
                Err(why) => {
                    let why = format!("the programs of package `{}`: {why}", shown(&package.name));
                    self.raw.gap(Kind::Program, package.folder, why);
                }
            }
            self.raw.packages.insert(package.guid, package);
        }
        for (item, why) in each.missed {
            let why = format!("package `{}`: {why}", shown(&item.name));
            self.raw.gap(Kind::Program, item.folder, why.clone());
            self.raw.gap(Kind::Package, item.folder, why);
        }
        Ok(())
    }

    async fn tasks(&mut self) -> Result<(), AdapterError> {
        let read = self.rows("tasks").await?;
        let read = read.and_then(|table| objects(&table, |row| TaskDetails::read(row, From::Row)));
        let Ok(mut tasks) = read else { return self.tasks_by_methods().await };
        // Whom a task is for is no column; a list of its type shows it.
        let list = match tasks.first().map(|task| task.guid) {
            None => return Ok(()),
            Some(first) => match partly(self.methods.item(first).await)? {
                Ok(item) => self.methods.like(&item).await?,
                Err(why) => Err(why),
            },
        };
        let Ok(list) = list else { return self.tasks_by_methods().await };
        let targets: BTreeMap<Guid, Vec<Guid>> = list.items.into_iter().map(|item| (item.guid, item.targets)).collect();
        let mut unlisted = Vec::new();
        for task in &mut tasks {
            match targets.get(&task.guid) {
                Some(targets) => task.targets = targets.clone(),
                None => unlisted.push(task.guid),
            }
        }
        tasks.retain(|task| targets.contains_key(&task.guid));
        self.raw.tasks = tasks.into_iter().map(|task| (task.guid, task)).collect();
        // A handful is looked at one by one; more of them is a list that cannot be right.
        let too_many = unlisted.split_off(unlisted.len().min(UNLISTED_MAX));
        if !too_many.is_empty() {
            let why = format!("a report shows {} tasks that the list of their type lacks", too_many.len());
            self.raw.gap(Kind::Task, None, why);
        }
        for guid in unlisted {
            match partly(self.methods.task(guid).await)? {
                Ok(task) => drop(self.raw.tasks.insert(guid, task)),
                Err(why) => self.raw.gap(Kind::Task, None, format!("task {guid}: {why}")),
            }
        }
        Ok(())
    }

    async fn tasks_by_methods(&mut self) -> Result<(), AdapterError> {
        let services = self.methods.services(&[Service::Advertisement]).await?;
        let list = match services {
            Ok(()) => self.methods.of_kind(Kind::Task).await?,
            Err(why) => Err(why),
        };
        let list = match list {
            Ok(list) => list,
            Err(why) => {
                self.raw.unreadable.insert(Kind::Task, why);
                return Ok(());
            }
        };
        let methods = &self.methods;
        let each = methods.each(list, |guid| methods.task(guid)).await?;
        for (item, task) in each.found {
            let task = with_targets(task, &item);
            self.raw.tasks.insert(task.guid, task);
        }
        for (item, why) in each.missed {
            self.raw.gap(Kind::Task, item.folder, format!("task `{}`: {why}", shown(&item.name)));
        }
        Ok(())
    }

    async fn collections(&mut self) -> Result<(), AdapterError> {
        let shown = self.rows("collections").await?.and_then(|table| tables::collections_shown(&table));
        let places = self.rows("collection-folders").await?.and_then(|table| tables::places(&table));
        let (Ok(shown), Ok(places)) = (shown, places) else { return self.collections_by_methods().await };
        for (guid, (name, shown)) in shown {
            let Some((folder, attributes)) = places.get(&guid).cloned() else {
                self.raw.gap(Kind::Collection, None, format!("collection `{name}`: its folder is not shown"));
                continue;
            };
            let collection = RawCollection { name, folder, attributes, shown: Some(shown), ..RawCollection::default() };
            self.raw.collections.insert(guid, collection);
        }
        let open = match self.rows("collection-links").await?.and_then(|table| self.raw.links(&table)) {
            Ok((undescribed, hints)) if self.hints_hold(&hints).await? => self.differing(undescribed).await?,
            _ => self.raw.collections.keys().copied().collect(),
        };
        self.raw.unlink(&open);
        self.members(open).await?;
        if let Ok(table) = self.rows("listed-computers").await? {
            for row in &table.rows {
                if let Ok(Some(guid)) = guid_in(row, "Guid") {
                    self.raw.computers.insert(guid, text_in(row, "Name"));
                }
            }
        }
        Ok(())
    }

    /// Whether what collections list and exclude stands in the table of references under the hints that are looked for:
    /// the documents name only the one of included collections (altiris-domain §1). A row shows that it does; where there
    /// is none, the methods of some collections must show nothing more than the rows do.
    async fn hints_hold(&self, hints: &BTreeSet<String>) -> Result<bool, AdapterError> {
        let of = |collection: &RawCollection, reading| match reading {
            Reading::GetInclusions => &collection.include | &collection.members,
            _ => &collection.exclude | &collection.not_members,
        };
        // What has a query may list nothing by name; what has none has to.
        let mut asked: Vec<(&Guid, &RawCollection)> = self.raw.collections.iter().collect();
        asked.sort_by_key(|(_, collection)| collection.shown.as_ref().is_some_and(|shown| !shown.query.is_empty()));
        for (hint, reading) in [(tables::LISTED, Reading::GetInclusions), (tables::EXCLUDED, Reading::GetExclusions)] {
            if hints.contains(hint) {
                continue;
            }
            for (guid, collection) in asked.iter().take(COMPARED) {
                let Ok(found) = partly(self.methods.listed_in(reading, **guid).await)? else { return Ok(false) };
                if found.iter().map(|item| item.guid).collect::<BTreeSet<Guid>>() != of(collection, reading) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    async fn collections_by_methods(&mut self) -> Result<(), AdapterError> {
        self.raw.hidden.insert(Hidden::Collections);
        let list = match self.methods.of_kind(Kind::Collection).await? {
            Ok(list) => list,
            Err(why) => {
                self.raw.unreadable.insert(Kind::Collection, why);
                return Ok(());
            }
        };
        let guids = list.items.iter().map(|item| item.guid).collect();
        for item in list.items {
            let ItemDetails { guid, name, folder, attributes, .. } = item;
            let collection = RawCollection { name, folder, attributes, ..RawCollection::default() };
            self.raw.collections.insert(guid, collection);
        }
        self.unseen(Hidden::Collections, Kind::Collection, "queries and descriptions of collections");
        self.members(guids).await
    }

    /// The collections whose relations nobody described say something of who belongs to them: found out by looking at a
    /// few of each sort by methods.
    async fn differing(&self, undescribed: Undescribed) -> Result<BTreeSet<Guid>, AdapterError> {
        let mut open = BTreeSet::new();
        for (nth, (_, collections)) in undescribed.into_iter().enumerate() {
            let mut differs = nth >= HINTS_LOOKED_INTO;
            for guid in collections.iter().take(LOOKED_INTO) {
                differs = differs || !self.is_as_read(*guid).await?;
            }
            if differs {
                open.extend(collections);
            }
        }
        Ok(open)
    }

    /// Whether a collection includes and excludes by methods what it does by what was read of it.
    async fn is_as_read(&self, guid: Guid) -> Result<bool, AdapterError> {
        let Some(collection) = self.raw.collections.get(&guid) else { return Ok(false) };
        let included = partly(self.methods.listed_in(Reading::GetInclusions, guid).await)?;
        let excluded = partly(self.methods.listed_in(Reading::GetExclusions, guid).await)?;
        let (Ok(included), Ok(excluded)) = (included, excluded) else { return Ok(false) };
        let guids = |items: Vec<ItemDetails>| items.into_iter().map(|item| item.guid).collect::<BTreeSet<_>>();
        let is_in = collection.include.union(&collection.members).copied().collect::<BTreeSet<_>>();
        let is_out = collection.exclude.union(&collection.not_members).copied().collect::<BTreeSet<_>>();
        Ok(guids(included) == is_in && guids(excluded) == is_out)
    }

    /// Reads what these collections include and exclude, one by one.
    async fn members(&mut self, collections: BTreeSet<Guid>) -> Result<(), AdapterError> {
        let methods = &self.methods;
        let read = |guid| async move {
            let included = methods.listed_in(Reading::GetInclusions, guid).await?;
            let excluded = methods.listed_in(Reading::GetExclusions, guid).await?;
            Ok((included, excluded))
        };
        let item = |guid: &Guid| {
            let found = self.raw.collections.get(guid);
            let (name, folder) = found.map(|found| (found.name.clone(), found.folder)).unwrap_or_default();
            bare_item(*guid, name, folder)
        };
        let items: Vec<ItemDetails> = collections.iter().map(item).collect();
        let each = methods.each(List { of: String::new(), items }, read).await?;
        let known: BTreeSet<Guid> = self.raw.collections.keys().copied().collect();
        for (item, (included, excluded)) in each.found {
            let Some(collection) = self.raw.collections.get_mut(&item.guid) else { continue };
            for list in
                [&mut collection.include, &mut collection.exclude, &mut collection.members, &mut collection.not_members]
            {
                list.clear();
            }
            for other in included {
                if known.contains(&other.guid) {
                    collection.include.insert(other.guid);
                } else {
                    collection.members.insert(other.guid);
                    self.raw.computers.insert(other.guid, other.name);
                }
            }
            for other in excluded {
                let into =
                    if known.contains(&other.guid) { &mut collection.exclude } else { &mut collection.not_members };
                into.insert(other.guid);
            }
        }
        for (item, why) in each.missed {
            self.raw.collections.remove(&item.guid);
            self.raw.gap(Kind::Collection, item.folder, format!("collection `{}`: {why}", shown(&item.name)));
        }
        Ok(())
    }

    /// Sequential tasks: that there are any is all that is shown (altiris-domain §5).
    async fn sequences(&mut self) -> Result<(), AdapterError> {
        let names: Result<BTreeSet<String>, String> = match self.methods.of_kind(Kind::SequentialTask).await? {
            Ok(list) => Ok(list.items.into_iter().map(|item| item.name).collect()),
            Err(why) => match self.rows("sequence-steps").await? {
                Ok(table) => Ok(table.rows.iter().map(|row| text_in(row, "ParentItemGuid")).collect()),
                Err(_) => Err(why),
            },
        };
        let why = match names {
            Ok(names) if names.is_empty() => return Ok(()),
            Ok(names) => format!(
                "there are {} of them, and no method shows their steps and the order of those (altiris-domain §5)",
                names.len()
            ),
            Err(why) => why,
        };
        self.raw.unreadable.insert(Kind::SequentialTask, why);
        Ok(())
    }

    async fn folders(&mut self) -> Result<(), AdapterError> {
        let raw = &self.raw;
        let wanted: BTreeSet<Guid> = (raw.packages.values().map(|item| item.folder))
            .chain(raw.tasks.values().map(|item| item.folder))
            .chain(raw.collections.values().map(|item| item.folder))
            .chain(raw.gaps.iter().map(|gap| gap.folder))
            .flatten()
            .collect();
        let read = self.rows("folders").await?.and_then(|table| tables::folders_shown(&table));
        if let Ok(folders) = read
            && wanted.iter().all(|guid| folders.contains_key(guid))
        {
            self.raw.folders = folders;
            return Ok(());
        }
        self.unseen(Hidden::Folders, Kind::Folder, "the descriptions of folders");
        // A wrong one would take other items for folders; one that cannot be read is told where it is missing.
        let known = match self.methods.known_item(Kind::Folder).await? {
            Err(Unknown::Wrong(why)) => {
                self.raw.unreadable.insert(Kind::Folder, why);
                None
            }
            _ => self.methods.known.of(Kind::Folder),
        };
        let (folders, unread) = self.methods.folders(wanted, known).await?;
        self.raw.folders = folders;
        for (guid, why) in unread {
            // What else is in it, nobody knows.
            for kind in [Kind::Folder, Kind::Package, Kind::Program, Kind::Task, Kind::Collection] {
                self.raw.gap(kind, Some(guid), format!("folder {guid}: {why}"));
            }
        }
        Ok(())
    }

    async fn targets(&mut self) -> Result<(), AdapterError> {
        let wanted: BTreeSet<Guid> = self.raw.tasks.values().flat_map(|task| &task.targets).copied().collect();
        let wanted: BTreeSet<Guid> =
            wanted.into_iter().filter(|guid| !self.raw.collections.contains_key(guid)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let filters = self.rows("target-filters").await?;
        let collections = self.rows("target-collections").await?;
        let names = self.rows("target-names").await?;
        if let (Ok(filters), Ok(collections), Ok(names)) = (filters, collections, names)
            && let Ok(targets) = tables::targets_shown(&filters, &collections, &names)
        {
            self.raw.targets = targets;
        }
        let items: Vec<ItemDetails> = wanted
            .into_iter()
            .filter(|guid| !self.raw.targets.contains_key(guid))
            .map(|guid| bare_item(guid, String::new(), None))
            .collect();
        let methods = &self.methods;
        let names = match items.first() {
            Some(one) => &methods.target_names(one.guid).await?,
            None => return Ok(()),
        };
        let read = |guid| methods.target_called(guid, names.get(&guid).map(String::as_str));
        let each = methods.each(List { of: String::new(), items }, read).await?;
        for (item, target) in each.found {
            self.raw.targets.insert(item.guid, target);
        }
        // One that cannot be read is a target nobody can tell as a collection, under its GUID.
        Ok(())
    }

    /// The names of the package servers that packages are for.
    async fn package_servers(&mut self) -> Result<(), AdapterError> {
        let lists = self.raw.packages.values().filter_map(|package| value::guids(&package.servers).ok());
        let servers: BTreeSet<Guid> = lists.flatten().collect();
        if servers.is_empty() {
            return Ok(());
        }
        // One report names all computers; without it each is asked for.
        if let Ok(table) = self.rows("computers").await? {
            for row in &table.rows {
                if let Ok(Some(guid)) = guid_in(row, "Guid")
                    && servers.contains(&guid)
                {
                    self.raw.computers.insert(guid, text_in(row, "Name"));
                }
            }
        }
        let unnamed = servers.into_iter().filter(|guid| !self.raw.computers.contains_key(guid));
        let items = unnamed.map(|guid| bare_item(guid, String::new(), None)).collect();
        let methods = &self.methods;
        let each = methods.each(List { of: String::new(), items }, |guid| methods.item(guid)).await?;
        // One that cannot be read has no name, which its packages say.
        self.raw.computers.extend(each.found.into_iter().map(|(item, found)| (item.guid, found.name)));
        Ok(())
    }

    async fn rights(&mut self) -> Result<(), AdapterError> {
        match self.rows("permissions").await?.and_then(|table| tables::rights(&table)) {
            Ok(rights) => self.raw.rights = Some(rights),
            Err(_) => {
                for kind in [Kind::Folder, Kind::Program] {
                    self.unseen(Hidden::Rights, kind, "rights on items");
                }
            }
        }
        Ok(())
    }
}

/// A task whose object does not say whom it is for is for whom the list says.
fn with_targets(mut task: TaskDetails, item: &ItemDetails) -> TaskDetails {
    if task.targets.is_empty() {
        task.targets.clone_from(&item.targets);
    }
    task.folder = task.folder.or(item.folder);
    task
}

fn bare_item(guid: Guid, name: String, folder: Option<Guid>) -> ItemDetails {
    ItemDetails {
        guid,
        name,
        type_name: String::new(),
        long_type_name: String::new(),
        folder,
        folder_name: String::new(),
        attributes: String::new(),
        enabled: false,
        schedule: String::new(),
        targets: Vec::new(),
    }
}
