//! The questions that reading answers (the contract's first probe list, altiris-asdk §9).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::adapter::AdapterError;
use crate::adapter::altiris::read::reports;
use crate::adapter::altiris::wire::details::From;
use crate::adapter::altiris::wire::details::ItemDetails;
use crate::adapter::altiris::wire::session::Session;
use crate::adapter::altiris::wire::xml;
use crate::adapter::altiris::wire::xml::Node;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;

use super::Probed;
use super::Start;
use super::Told;
use super::redact;
use super::transcript::Log;

/// A GUID that no server has, to see how it says so.
const NOBODY: Guid = Guid::of(0x0c04_5160_0000_4000_8000_0000_0000_0404);

/// The folder of legacy packages for Windows (altiris-domain §1).
const PACKAGES_FOLDER: Guid = Guid::of(0x7303_2b0a_2047_42db_82bb_34ff_2491_0911);

/// Methods that came with a version (altiris-asdk §4, *since*), the newest first.
const SINCE: [(Service, &str, &str); 6] = [
    (Service::Task, "CreateClientJob", "8.5 RU3 or newer"),
    (Service::Collection, "GetInclusionGuids", "8.5 RU2"),
    (Service::Resource, "PushPolicy", "8.5 RU1"),
    (Service::Scoping, "InvalidateTargetMembership", "8.1"),
    (Service::Item, "ItemExists", "8.0"),
    (Service::Item, "GetItemByGuid", "7.1 or older"),
];

/// Asks a server everything that reading answers.
///
/// # Errors
/// When it gives no answer at all, or does not know the caller. Whatever else goes wrong is what was found at that point.
pub async fn probe(session: &Session, log: &Log, start: &Start) -> Result<Probed, AdapterError> {
    let mut asks = Asks { session, log, start, probed: Probed::default(), items: BTreeMap::new() };
    asks.services().await?;
    asks.version().await?;
    asks.faults().await;
    asks.types().await;
    asks.by_type().await;
    asks.folders().await;
    asks.packages().await;
    asks.tasks().await;
    asks.exports().await;
    asks.reports().await;
    Ok(asks.probed)
}

struct Asks<'a> {
    session: &'a Session,
    log: &'a Log,
    start: &'a Start,
    probed: Probed,
    /// The known items that could be read.
    items: BTreeMap<Kind, ItemDetails>,
}

/// What a failed question says.
fn open(error: &AdapterError) -> Told {
    Told::Open(words(error))
}

/// An error with its causes.
fn words(error: &AdapterError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

impl Asks<'_> {
    async fn services(&mut self) -> Result<(), AdapterError> {
        let about = ("services", "which services are there, in which namespace, and do they take forms", "asdk §2, §3");
        let mut facts = Vec::new();
        for service in Service::ALL {
            facts.push(match self.session.describe(service).await {
                Ok(found) => format!(
                    "{}: namespace {}, {} methods, SOAP{}{}",
                    service.name(),
                    found.namespace,
                    found.messages.len(),
                    if found.form_post { ", POST forms" } else { "" },
                    if found.form_get { ", GET" } else { "" },
                ),
                Err(AdapterError::NotInstalled { why, .. }) => format!("{}: not there ({why})", service.name()),
                Err(error @ (AdapterError::Denied { .. } | AdapterError::NoAnswer { .. })) => return Err(error),
                Err(error) => format!("{}: {error}", service.name()),
            });
        }
        self.probed.note(about, Told::Found(facts));
        Ok(())
    }

    async fn version(&mut self) -> Result<(), AdapterError> {
        let about = ("version", "how old is the server, by the methods that it has", "asdk §4");
        for (service, message, version) in SINCE {
            if self.session.has(service, message).await? {
                self.probed.note(about, Told::Found(vec![format!("{version} (it has `{message}`)")]));
                return Ok(());
            }
        }
        self.probed.note(about, Told::Open("it has none of the methods that versions are told by".to_owned()));
        Ok(())
    }

    /// How a fault is built: where the exception's type stands in its detail.
    async fn faults(&mut self) {
        let about =
            ("faults", "how is an item told that is not there, and where does a fault name its exception", "asdk §2");
        let result = self.session.ask(Reading::GetItemByGuid, &[("itemGuid", NOBODY.to_string().into())]).await;
        let mut facts = vec![match &result {
            Ok(reply) if reply.node().is_none_or(|node| node.within.is_empty()) => {
                "an item that is not there is an empty answer".to_owned()
            }
            Ok(_) => "an item that is not there is an item all the same".to_owned(),
            Err(AdapterError::NotFound { .. }) => "an item that is not there is ASDKDoesNotExistException".to_owned(),
            Err(error) => format!("an item that is not there is: {error}"),
        }];
        if let Some(body) = self.log.last().and_then(|last| last.body) {
            let path = xml::document(body.as_bytes()).ok().and_then(|root| path_to(&root, "exceptionType"));
            facts.push(match path {
                Some(path) => format!("the exception's type stands in {path}"),
                None => "no exception's type stands in it".to_owned(),
            });
        }
        self.probed.note(about, Told::Found(facts));
    }

    async fn item(&self, guid: Guid) -> Result<ItemDetails, AdapterError> {
        let reply = self.session.ask(Reading::GetItemByGuid, &[("itemGuid", guid.to_string().into())]).await?;
        reply.object(|node| ItemDetails::read(node, From::Object))
    }

    async fn types(&mut self) {
        let about =
            ("types", "what are the types of packages, programs, tasks and the other kinds called", "domain §13");
        if self.start.known.is_empty() {
            let why = "no item is known: name one of each kind under `servers.NAME.altiris.known`";
            self.probed.note(about, Told::NotAsked(why.to_owned()));
            return;
        }
        let mut facts = Vec::new();
        for (kind, guid) in &self.start.known {
            facts.push(match self.item(*guid).await {
                Ok(item) => {
                    let told = format!("{}: `{}`, in full `{}`", kind.name(), item.type_name, item.long_type_name);
                    self.items.insert(*kind, item);
                    told
                }
                Err(error) => format!("{}: {error}", kind.name()),
            });
        }
        self.probed.note(about, Told::Found(facts));
    }

    async fn of_type(&self, name: &str) -> Result<Vec<Guid>, AdapterError> {
        let mut found = Vec::new();
        let mut sink = |node: Node| {
            found.extend(ItemDetails::read(&node, From::Object)?.map(|item| item.guid));
            Ok(())
        };
        self.session.records(Reading::GetItemsByType, &[("typeName", name.into())], &mut sink).await?;
        Ok(found)
    }

    async fn by_type(&mut self) {
        let about = ("by-type", "does `GetItemsByType` take the short or the full name of a type", "asdk §9, point 1");
        if self.items.is_empty() {
            self.probed.note(about, Told::NotAsked("no known item could be read".to_owned()));
            return;
        }
        let mut facts = Vec::new();
        for (kind, item) in &self.items {
            for (which, name) in [("short", &item.type_name), ("full", &item.long_type_name)] {
                if name.is_empty() {
                    continue;
                }
                let told = match self.of_type(name).await {
                    Ok(found) if found.contains(&item.guid) => format!("taken, {} items", found.len()),
                    Ok(found) => format!("not taken: {} items, and not the known one", found.len()),
                    Err(error) => format!("not taken: {error}"),
                };
                facts.push(format!("{}, {which} name: {told}", kind.name()));
            }
        }
        self.probed.note(about, Told::Found(facts));
    }

    async fn in_folder(&self, folder: Guid) -> Result<Vec<ItemDetails>, AdapterError> {
        let reply = self.session.ask(Reading::GetItemsInFolder, &[("folderGuid", folder.to_string().into())]).await?;
        let items = reply.within().iter().filter_map(|node| ItemDetails::read(node, From::Object).ok().flatten());
        Ok(items.collect())
    }

    /// The folder above the folder of a known item has the item in its list only if lists go all the way down.
    async fn folders(&mut self) {
        let about = ("folders", "does `GetItemsInFolder` list what lies in folders below", "asdk §4.1");
        let homes = self.items.values().filter_map(|item| Some((item.guid, item.folder?)));
        let mut answer = Told::NotAsked("no known item lies in a folder".to_owned());
        for (item, home) in homes.collect::<Vec<_>>() {
            let above = match self.item(home).await {
                Ok(ItemDetails { folder: Some(above), .. }) => above,
                Ok(_) => continue,
                Err(error) => {
                    answer = open(&error);
                    continue;
                }
            };
            answer = match (self.in_folder(home).await, self.in_folder(above).await) {
                (Ok(near), _) if !near.iter().any(|one| one.guid == item) => {
                    Told::Open("the item is not even listed in its own folder".to_owned())
                }
                (Ok(_), Ok(far)) if far.iter().any(|one| one.guid == item) => {
                    Told::Found(vec!["all the way down".to_owned()])
                }
                (Ok(_), Ok(_)) => Told::Found(vec!["only what lies in the folder itself".to_owned()]),
                (Err(error), _) | (_, Err(error)) => open(&error),
            };
            break;
        }
        self.probed.note(about, answer);
    }

    async fn packages(&mut self) {
        let about = ("packages", "what do packages say of their source, and how are GUIDs spelt", "asdk §5.2, §4.7");
        let guid = match self.start.known.get(&Kind::Package) {
            Some(guid) => Some(*guid),
            None => self.in_folder(PACKAGES_FOLDER).await.ok().and_then(|found| found.first().map(|item| item.guid)),
        };
        let Some(guid) = guid else {
            self.probed.note(about, Told::NotAsked("no package is known".to_owned()));
            return;
        };
        let result = self.session.ask(Reading::GetPackageExByGuid, &[("sPackageGuid", guid.to_string().into())]).await;
        let answer = match result {
            Ok(reply) => {
                let mut facts =
                    fields(reply.within(), &["PackageSourceType", "PackageType", "Guid", "ParentFolderGuid"]);
                let programs = self
                    .session
                    .ask(Reading::GetProgramsFromPackage, &[("sPackageGuid", guid.to_string().into())])
                    .await;
                facts.push(match programs {
                    Ok(programs) => {
                        let password = programs.within().iter().any(|node| node.child("UserPassword").is_some());
                        format!(
                            "{} programs{}",
                            programs.within().len(),
                            if password { ", with passwords" } else { "" }
                        )
                    }
                    Err(error) => format!("its programs: {error}"),
                });
                Told::Found(facts)
            }
            Err(error) => open(&error),
        };
        self.probed.note(about, answer);
    }

    async fn tasks(&mut self) {
        let about = ("targets", "do tasks name resource targets or collections", "asdk §9, point 2");
        let Some(guid) = self.start.known.get(&Kind::Task) else {
            self.probed.note(about, Told::NotAsked("no task is known".to_owned()));
            return;
        };
        let params = [("sAdvertisementExGuid", guid.to_string().into())];
        let targets = match self.session.ask(Reading::GetAdvertisementExByGuid, &params).await {
            Ok(reply) => reply.node().and_then(|node| node.child("ResourceTargets")).map(|node| node.text.clone()),
            Err(error) => {
                self.probed.note(about, open(&error));
                return;
            }
        };
        let targets: Vec<Guid> =
            targets.unwrap_or_default().split(',').filter_map(|text| text.trim().parse().ok()).collect();
        let mut names = BTreeSet::new();
        for target in targets {
            names.insert(match self.item(target).await {
                Ok(item) => {
                    let known = self.items.get(&Kind::Collection);
                    self.probed.findings.collections_as_targets |=
                        known.is_some_and(|collection| collection.type_name == item.type_name);
                    format!("a `{}`", item.type_name)
                }
                Err(error) => format!("something that cannot be read: {error}"),
            });
        }
        let answer = match names.is_empty() {
            true => Told::Open("the known task is for nobody".to_owned()),
            false => Told::Found(names.into_iter().collect()),
        };
        self.probed.note(about, answer);
    }

    async fn exports(&mut self) {
        let about = ("exports", "what does an exported item look like, and does it name what it holds once", "asdk §7");
        let mut facts = Vec::new();
        for (kind, item) in &self.items {
            let params = [("itemGuid", item.guid.to_string().into())];
            facts.push(match self.session.ask(Reading::ExportItemXmlString, &params).await {
                Ok(reply) => format!("{}: {}", kind.name(), shape(reply.text().unwrap_or_default(), item)),
                Err(error) => format!("{}: {error}", kind.name()),
            });
        }
        let answer = match facts.is_empty() {
            true => Told::NotAsked("no known item could be read".to_owned()),
            false => Told::Found(facts),
        };
        self.probed.note(about, answer);
    }

    /// Runs the reports of our own in the folder, and looks at the columns of each. Nobody else's is run: it may be large.
    async fn reports(&mut self) {
        let about = ("reports", "may reports in SQL be run, and what do they see", "asdk §4.6, §6");
        let Some(folder) = self.start.reports else {
            let why = "no folder of reports is named under `servers.NAME.altiris.reports`";
            self.probed.note(about, Told::NotAsked(why.to_owned()));
            return;
        };
        let reports = match self.in_folder(folder).await {
            Ok(found) => found,
            Err(error) => {
                let why = format!("the folder {folder}, which `altiris.reports` names: {}", words(&error));
                self.probed.note(about, Told::Open(why));
                return;
            }
        };
        let (ours, others): (Vec<ItemDetails>, Vec<ItemDetails>) =
            reports.into_iter().partition(|item| redact::is_report(&item.name));
        let mut facts =
            vec![format!("{} reports of ours lie in the folder, and {} other items", ours.len(), others.len())];
        let mut permissions: Option<BTreeSet<Guid>> = None;
        for report in ours {
            let params = [("reportItemGuid", report.guid.to_string().into())];
            let table = match self.session.table(Reading::RunReport, &params).await {
                Ok(table) => table,
                Err(error) => {
                    facts.push(format!("a report cannot be run: {error}"));
                    continue;
                }
            };
            let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
            facts.push(format!("columns {}", columns.join(", ")));
            if table.columns.contains("TABLE_NAME") && table.columns.contains("COLUMN_NAME") {
                facts.extend(tables(&table.rows));
                self.probed.findings.hidden = reports::hidden(&table);
                self.probed.asked.hidden = true;
            }
            if table.columns.contains("PermissionGuid") {
                permissions.get_or_insert_default().extend(guids_of(&table.rows, "PermissionGuid"));
            }
        }
        self.probed.note(about, Told::Found(facts));
        self.permissions(permissions);
    }

    /// *Install On Approval* is in no document: a permission that programs have and that is none of the known ones may be
    /// it. Which one is for a person to say, who sees its name at the console.
    fn permissions(&mut self, found: Option<BTreeSet<Guid>>) {
        let about = ("permissions", "what is the GUID of *Install On Approval*", "asdk §4.8");
        let Some(found) = found else {
            let why = "no report in the folder lists permissions";
            self.probed.note(about, Told::NotAsked(why.to_owned()));
            return;
        };
        let unknown: Vec<Guid> = found.into_iter().filter(|guid| !KNOWN_PERMISSIONS.contains(&guid.bits())).collect();
        let answer = match unknown[..] {
            [] => Told::Open("programs have only permissions that are known".to_owned()),
            _ => {
                let list: Vec<String> = unknown.iter().map(Guid::to_string).collect();
                Told::Open(format!(
                    "programs have {} that no document names; whoever knows which of them it is writes it as \
                     `approvalPermission` into the findings",
                    list.join(", ")
                ))
            }
        };
        self.probed.note(about, answer);
    }
}

/// The tables of a report of columns, each with its columns.
fn tables(rows: &[Node]) -> Vec<String> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        if let (Some(table), Some(column)) = (row.child("TABLE_NAME"), row.child("COLUMN_NAME")) {
            found.entry(&table.text).or_default().insert(&column.text);
        }
    }
    let told = |(table, columns): (&str, BTreeSet<&str>)| {
        format!("table {table}: {}", columns.into_iter().collect::<Vec<_>>().join(", "))
    };
    found.into_iter().map(told).collect()
}

fn guids_of(rows: &[Node], column: &str) -> BTreeSet<Guid> {
    rows.iter().filter_map(|row| row.child(column)?.text.trim().parse().ok()).collect()
}

/// The permissions that documents name (altiris-asdk §4.8).
const KNOWN_PERMISSIONS: [u128; 7] = [
    0x983A_2D22_7A82_4DB0_A707_52C7_D6B1_441E,
    0xAC29_6DF1_EB40_4592_899F_25D5_C07D_45F6,
    0x819D_AE1E_B1A5_4643_81A1_26EF_95FE_B8A8,
    0xECA6_254F_5017_4730_9B3F_5ADD_2308_29B7,
    0x4DDC_04C3_F0A5_4E88_84AA_C44C_8C5E_BCC4,
    0x726B_1C09_7108_450D_AE24_5F8E_9313_5ED6,
    0xA56F_6866_B362_4EFC_BFFA_A29E_7C9D_2F2F,
];

/// Some fields of an object, as they stand; of a GUID only how it is spelt.
fn fields(nodes: &[Node], names: &[&str]) -> Vec<String> {
    let told = |name: &&str| {
        let text = nodes.iter().find(|node| node.name == **name).map(|node| node.text.trim());
        match text {
            None => format!("{name}: not there"),
            Some(text) if text.parse::<Guid>().is_ok() => {
                let braces = if text.starts_with('{') { "with braces" } else { "bare" };
                let case = if text.chars().any(|c| c.is_ascii_uppercase()) { "upper" } else { "lower" };
                format!("{name}: a GUID, {braces}, {case} case")
            }
            Some(text) => format!("{name}: `{text}`"),
        }
    };
    names.iter().map(told).collect()
}

/// Where the first element of a name stands: the names of those above it, from the top.
fn path_to(node: &Node, name: &str) -> Option<String> {
    if node.name == name {
        return Some(node.name.clone());
    }
    node.within.iter().find_map(|inner| Some(format!("{}/{}", node.name, path_to(inner, name)?)))
}

/// An export in a sentence: its root, how large it is, and how often it holds the values that an edit would look for.
fn shape(text: &str, item: &ItemDetails) -> String {
    let root = match xml::document(text.as_bytes()) {
        Ok(root) => root,
        Err(why) => return format!("it is no XML ({why})"),
    };
    let all = root.all();
    let times = |is: &dyn Fn(&str) -> bool| {
        let texts = all.iter().filter(|node| is(node.text.trim())).count();
        texts + all.iter().flat_map(|node| &node.attributes).filter(|(_, value)| is(value)).count()
    };
    let name = times(&|text| text == item.name);
    let guid = times(&|text| text.parse::<Guid>().is_ok_and(|guid| guid == item.guid));
    let folder = times(&|text| item.folder.is_some_and(|folder| text.parse::<Guid>().is_ok_and(|guid| guid == folder)));
    format!(
        "root `{}`, {} elements; its name stands there {name} times, its GUID {guid}, its folder's {folder}",
        root.name,
        all.len()
    )
}
