//! Reading by the documented methods alone: lists of items by their type, then each item by itself.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::future::Future;

use futures_util::StreamExt;

use crate::adapter::AdapterError;
use crate::adapter::shown::shown;
use crate::model::altiris::KnownItems;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::super::wire::details::From;
use super::super::wire::details::ItemDetails;
use super::super::wire::details::PackageDetails;
use super::super::wire::details::ProgramDetails;
use super::super::wire::details::TaskDetails;
use super::super::wire::session::Session;
use super::super::wire::value;
use super::super::wire::xml;
use super::super::wire::xml::Node;
use super::raw::RawFolder;
use super::raw::Target;

/// How many requests are under way at once.
pub const AT_ONCE: usize = 8;
/// Types of folders that are listed; a server has a handful.
const FOLDER_TYPES_MAX: usize = 16;

/// The kinds whose types are learnt from known items.
const KNOWN: [Kind; 5] = [Kind::Package, Kind::Task, Kind::Collection, Kind::Folder, Kind::SequentialTask];

/// The setting that names the known item of a kind.
fn setting(kind: Kind) -> String {
    let name = match kind {
        Kind::SequentialTask => "sequentialTask",
        other => other.short(),
    };
    format!("altiris.known.{name}")
}

/// Reads by methods.
pub struct Methods<'a> {
    session: &'a Session,
    /// What types are learnt from.
    pub known: &'a KnownItems,
}

/// A list of items.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The name of their type that the server took; empty where they were not listed by type.
    pub of: String,
    /// The items.
    pub items: Vec<ItemDetails>,
}

/// Why nothing is learnt from a known item.
pub enum Unknown {
    /// It could not be read, or is not named.
    Unread(String),
    /// It is of another kind.
    Wrong(String),
}

/// A list, or why there is none.
pub type Listed = Result<List, String>;

/// Items that were read one by one.
pub struct Each<T> {
    /// What was read, with the entry of the list.
    pub found: Vec<(ItemDetails, T)>,
    /// What could not be read, and why.
    pub missed: Vec<(ItemDetails, String)>,
}

/// Sends a request that only reads again while that may help, with the session's waits in between.
///
/// # Errors
/// Those of the last attempt.
pub async fn again<T, F, R>(session: &Session, mut call: F) -> Result<T, AdapterError>
where
    F: FnMut() -> R,
    R: Future<Output = Result<T, AdapterError>>,
{
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match call().await {
            Ok(found) => {
                session.succeeded();
                return Ok(found);
            }
            Err(error) => error,
        };
        // A fault of an unknown sort may be a lock that somebody else held; twice the same is an answer.
        let may_help = error.is_passing() || (attempt == 1 && matches!(error, AdapterError::Failed { .. }));
        match if may_help { session.pause(attempt, &error) } else { None } {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
    }
}

/// Why something could not be read, where the rest may be; an error that concerns everything stays one.
///
/// # Errors
/// When there is no point in reading on: no answer, or the credentials are not taken (any more).
pub fn partly<T>(result: Result<T, AdapterError>) -> Result<Result<T, String>, AdapterError> {
    match result {
        Ok(found) => Ok(Ok(found)),
        Err(
            error @ (AdapterError::Forbidden { .. }
            | AdapterError::NotFound { .. }
            | AdapterError::NotInstalled { .. }
            | AdapterError::Unlicensed { .. }
            | AdapterError::WrongKind { .. }
            | AdapterError::Failed { .. }
            | AdapterError::Refused { .. }
            | AdapterError::Malformed { .. }),
        ) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

impl<'a> Methods<'a> {
    /// Reads in this session.
    pub const fn new(session: &'a Session, known: &'a KnownItems) -> Self {
        Self { session, known }
    }

    /// Whether these services are there; else why not.
    ///
    /// # Errors
    /// When it makes no sense to read on.
    pub async fn services(&self, wanted: &[Service]) -> Result<Result<(), String>, AdapterError> {
        for service in wanted {
            let described = again(self.session, || async { self.session.describe(*service).await }).await;
            if let Err(why) = partly(described)? {
                return Ok(Err(why));
            }
        }
        Ok(Ok(()))
    }

    /// An item of any kind.
    ///
    /// # Errors
    /// As [`Session::ask`]; [`AdapterError::NotFound`] where there is none.
    pub async fn item(&self, guid: Guid) -> Result<ItemDetails, AdapterError> {
        let reply = again(self.session, || async {
            self.session.ask(Reading::GetItemByGuid, &[("itemGuid", guid.into())]).await
        });
        self.same(guid, reply.await?.object(|node| ItemDetails::read(node, From::Object))?, |item| item.guid)
    }

    /// A package.
    ///
    /// # Errors
    /// As [`Self::item`].
    pub async fn package(&self, guid: Guid) -> Result<PackageDetails, AdapterError> {
        let params = [("sPackageGuid", guid.into())];
        let reply = again(self.session, || async { self.session.ask(Reading::GetPackageExByGuid, &params).await });
        self.same(guid, reply.await?.object(|node| PackageDetails::read(node, From::Object))?, |found| found.guid)
    }

    /// A program.
    ///
    /// # Errors
    /// As [`Self::item`].
    pub async fn program(&self, guid: Guid) -> Result<ProgramDetails, AdapterError> {
        let params = [("sProgramGuid", guid.into())];
        let reply = again(self.session, || async { self.session.ask(Reading::GetProgramExByGuid, &params).await });
        self.same(guid, reply.await?.object(|node| ProgramDetails::read(node, From::Object))?, |found| found.guid)
    }

    /// A task.
    ///
    /// # Errors
    /// As [`Self::item`].
    pub async fn task(&self, guid: Guid) -> Result<TaskDetails, AdapterError> {
        // The vendor's name of the parameter is not among what the documents agree on; the WSDL tells it.
        let name = self.task_parameter().await?;
        let params = [(name, guid.into())];
        let reply =
            again(self.session, || async { self.session.ask(Reading::GetAdvertisementExByGuid, &params).await });
        self.same(guid, reply.await?.object(|node| TaskDetails::read(node, From::Object))?, |found| found.guid)
    }

    async fn task_parameter(&self) -> Result<&'static str, AdapterError> {
        const NAMES: [&str; 2] = ["sAdvertisementExGuid", "guid"];
        let reading = Reading::GetAdvertisementExByGuid;
        let description = self.session.describe(reading.service()).await?;
        let declared = description.messages.get(reading.message()).map(Vec::as_slice).unwrap_or_default();
        let known = |name: &&&str| declared.iter().any(|parameter| parameter.name == ***name);
        Ok(NAMES.iter().find(known).copied().unwrap_or(NAMES[0]))
    }

    /// An answer about another item than was asked for is none.
    fn same<T>(&self, asked: Guid, found: T, of: impl Fn(&T) -> Guid) -> Result<T, AdapterError> {
        if of(&found) == asked {
            return Ok(found);
        }
        let why = format!("it is about {}, not about {asked}", of(&found));
        Err(AdapterError::Malformed { server: self.session.server().to_owned(), what: "SOAP answer", why })
    }

    /// The programs of a package.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub async fn programs(&self, package: Guid) -> Result<Vec<ProgramDetails>, AdapterError> {
        let params = [("sPackageGuid", package.into())];
        let reply =
            again(self.session, || async { self.session.ask(Reading::GetProgramsFromPackage, &params).await }).await?;
        self.objects(reply.within(), |node| ProgramDetails::read(node, From::Object))
    }

    /// What a collection includes, or excludes.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub async fn listed_in(&self, reading: Reading, collection: Guid) -> Result<Vec<ItemDetails>, AdapterError> {
        let params = [("collectionItemGuid", collection.into()), ("type", Value::Null)];
        let reply = again(self.session, || async { self.session.ask(reading, &params).await }).await?;
        self.objects(reply.within(), |node| ItemDetails::read(node, From::Object))
    }

    fn objects<T>(
        &self,
        nodes: &[Node],
        read: impl Fn(&Node) -> Result<Option<T>, String>,
    ) -> Result<Vec<T>, AdapterError> {
        let wrong = |why| AdapterError::Malformed { server: self.session.server().to_owned(), what: "list", why };
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            let found = read(node).map_err(wrong)?;
            out.push(found.ok_or_else(|| wrong("an item in it has no GUID".to_owned()))?);
        }
        Ok(out)
    }

    /// All items of a type, by its name.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub async fn of_type(&self, name: &str) -> Result<Vec<ItemDetails>, AdapterError> {
        let params = [("typeName", Value::from(name))];
        let reply = again(self.session, || async { self.session.ask(Reading::GetItemsByType, &params).await }).await?;
        self.objects(reply.within(), |node| ItemDetails::read(node, From::Object))
    }

    /// All items like this one. Whether a server wants the long or the short name of a type is not agreed on (altiris-asdk
    /// §9, point 1): a list that lacks the item itself is not the list of its type.
    ///
    /// # Errors
    /// When it makes no sense to read on.
    pub async fn like(&self, item: &ItemDetails) -> Result<Listed, AdapterError> {
        let mut names = vec![item.long_type_name.as_str(), item.type_name.as_str()];
        names.retain(|name| !name.is_empty());
        names.dedup();
        let mut why = "it has no type".to_owned();
        for name in names {
            match partly(self.of_type(name).await)? {
                Ok(items) if items.iter().any(|found| found.guid == item.guid) => {
                    return Ok(Ok(List { of: name.to_owned(), items }));
                }
                Ok(_) => why = format!("the list of type `{}` lacks `{}`", shown(name), shown(&item.name)),
                Err(refused) => why = refused,
            }
        }
        Ok(Err(why))
    }

    /// All items of a kind, from the one that is known.
    ///
    /// # Errors
    /// As [`Self::like`].
    pub async fn of_kind(&self, kind: Kind) -> Result<Listed, AdapterError> {
        match self.known_item(kind).await? {
            Ok(item) => self.like(&item).await,
            Err(Unknown::Unread(why) | Unknown::Wrong(why)) => Ok(Err(why)),
        }
    }

    /// The known item of a kind, once nothing speaks against it being of that kind; else why it is none. Items of another
    /// kind would stand for all of this one, and all of this one for absent.
    ///
    /// # Errors
    /// As [`Self::like`].
    pub async fn known_item(&self, kind: Kind) -> Result<Result<ItemDetails, Unknown>, AdapterError> {
        let Some(known) = self.known.of(kind) else {
            return Ok(Err(Unknown::Unread(format!(
                "`altiris.known` in `consign.yaml` names no {}, from which the type's name would be learnt, and no report \
                 shows it",
                kind.short()
            ))));
        };
        let item = match partly(self.item(known).await)? {
            Ok(item) => item,
            Err(why) => {
                let why = format!("the {} {known} that is known could not be read: {why}", kind.short());
                return Ok(Err(Unknown::Unread(why)));
            }
        };
        if !self.known.is_named(kind) {
            return Ok(Ok(item)); // Every server has it.
        }
        let setting = setting(kind);
        if let Err(why) = self.own_getter(kind, known).await? {
            return Ok(Err(Unknown::Wrong(format!("`{setting}` ({known}) is no {}: {why}", kind.short()))));
        }
        if matches!(kind, Kind::Package | Kind::Task) {
            return Ok(Ok(item)); // Its own getter took it for one.
        }
        for other in KNOWN.into_iter().filter(|other| *other != kind) {
            let Some(guid) = self.known.of(other) else { continue };
            let is_alike = guid == known
                || partly(self.item(guid).await)?.is_ok_and(|found| !item.of().is_empty() && found.of() == item.of());
            if is_alike && self.own_getter(other, guid).await?.is_ok() {
                return Ok(Err(Unknown::Wrong(format!(
                    "`{setting}` ({known}) is no {}: it is of the same type `{}` as the {} that is known",
                    kind.short(),
                    shown(item.of()),
                    other.short()
                ))));
            }
        }
        Ok(Ok(item))
    }

    /// Whether the getter of a kind takes an item for one; kinds without one take every item.
    async fn own_getter(&self, kind: Kind, guid: Guid) -> Result<Result<(), String>, AdapterError> {
        Ok(match kind {
            Kind::Package => partly(self.package(guid).await)?.map(drop),
            Kind::Task => partly(self.task(guid).await)?.map(drop),
            Kind::Collection => partly(self.listed_in(Reading::GetInclusions, guid).await)?.map(drop),
            _ => Ok(()),
        })
    }

    /// Reads each item of a list by itself. What is listed and not there when it is read is looked for again, once.
    ///
    /// # Errors
    /// As [`Self::like`].
    pub async fn each<T, F, R>(&self, list: List, read: F) -> Result<Each<T>, AdapterError>
    where
        F: Fn(Guid) -> R,
        R: Future<Output = Result<T, AdapterError>>,
    {
        let mut each = Each { found: Vec::new(), missed: Vec::new() };
        let gone = self.pass(list.items, &read, &mut each).await?;
        if gone.is_empty() {
            return Ok(each);
        }
        // Either it was deleted in between, and a new list lacks it too, or the server contradicts itself.
        let now = match list.of.as_str() {
            "" => gone.clone(),
            name => partly(self.of_type(name).await)?.unwrap_or_else(|_| gone.clone()),
        };
        let seen: BTreeSet<Guid> =
            each.found.iter().map(|(item, _)| item.guid).chain(each.missed.iter().map(|(item, _)| item.guid)).collect();
        let left: BTreeSet<Guid> = gone.iter().map(|item| item.guid).collect();
        let fresh = now.into_iter().filter(|item| !seen.contains(&item.guid));
        let again = self.pass(fresh.collect(), &read, &mut each).await?;
        for item in again {
            let why = if left.contains(&item.guid) { "is listed and was not there twice" } else { "was not there" };
            each.missed.push((item, why.to_owned()));
        }
        Ok(each)
    }

    /// Reads each once; what is not there is given back.
    async fn pass<T, F, R>(
        &self,
        list: Vec<ItemDetails>,
        read: &F,
        each: &mut Each<T>,
    ) -> Result<Vec<ItemDetails>, AdapterError>
    where
        F: Fn(Guid) -> R,
        R: Future<Output = Result<T, AdapterError>>,
    {
        let futures: Vec<R> = list.iter().map(|item| read(item.guid)).collect();
        let mut results = std::pin::pin!(futures_util::stream::iter(futures).buffered(AT_ONCE));
        let mut gone = Vec::new();
        for item in list {
            // One refusal of the credentials ends it all: thousands would lock the account.
            let Some(result) = results.next().await else { break };
            if matches!(result, Err(AdapterError::NotFound { .. })) {
                gone.push(item);
                continue;
            }
            match partly(result)? {
                Ok(found) => each.found.push((item, found)),
                Err(why) => each.missed.push((item, why)),
            }
        }
        Ok(gone)
    }

    /// The folders that these are in, and all above them, and all others of their types, and those like the known one.
    ///
    /// Returns the folders, and those that could not be read, each with the reason.
    ///
    /// # Errors
    /// As [`Self::like`].
    pub async fn folders(
        &self,
        wanted: BTreeSet<Guid>,
        known: Option<Guid>,
    ) -> Result<(BTreeMap<Guid, RawFolder>, BTreeMap<Guid, String>), AdapterError> {
        let mut found = BTreeMap::new();
        let mut unread = BTreeMap::new();
        let mut types = BTreeSet::new();
        let mut open: Vec<Guid> = known.into_iter().chain(wanted.iter().copied()).collect();
        while let Some(guid) = open.pop() {
            if found.contains_key(&guid) || unread.contains_key(&guid) {
                continue;
            }
            let item = match partly(self.item(guid).await)? {
                Ok(item) => item,
                Err(why) => {
                    // The folder that every server has may be missing; one that something is in may not.
                    if wanted.contains(&guid) || self.known.folder == Some(guid) {
                        unread.insert(guid, why);
                    }
                    continue;
                }
            };
            open.extend(item.folder);
            if types.len() < FOLDER_TYPES_MAX && types.insert(item.of().to_owned()) {
                match self.like(&item).await? {
                    Ok(list) => {
                        for other in list.items {
                            open.extend(other.folder);
                            found.insert(other.guid, folder(other));
                        }
                    }
                    Err(why) => drop(unread.insert(guid, why)),
                }
            }
            found.insert(guid, folder(item));
            open.retain(|guid| !found.contains_key(guid));
        }
        Ok((found, unread))
    }

    /// The names of resource targets: those of the type of this one.
    ///
    /// # Errors
    /// As [`Self::like`].
    pub async fn target_names(&self, one: Guid) -> Result<BTreeMap<Guid, String>, AdapterError> {
        let listed = match partly(self.item(one).await)? {
            Ok(item) => self.like(&item).await?,
            Err(why) => Err(why),
        };
        Ok(listed.unwrap_or_default().items.into_iter().map(|item| (item.guid, item.name)).collect())
    }

    /// What a resource target is: its name, and the collection that it is nothing else than.
    ///
    /// # Errors
    /// As [`Self::item`].
    pub async fn target(&self, guid: Guid) -> Result<Target, AdapterError> {
        self.target_called(guid, None).await
    }

    /// The same, of a target whose name is known already.
    ///
    /// # Errors
    /// As [`Self::item`].
    pub async fn target_called(&self, guid: Guid, name: Option<&str>) -> Result<Target, AdapterError> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => self.item(guid).await?.name,
        };
        let params = [("itemGuid", guid.into())];
        let reply = again(self.session, || async { self.session.ask(Reading::ExportItemXmlString, &params).await });
        let export = partly(reply.await)?.ok().and_then(|reply| reply.text().map(str::to_owned)).unwrap_or_default();
        Ok(Target { name, collection: only_collection(&export), uses: collections_in(&export) })
    }
}

fn folder(item: ItemDetails) -> RawFolder {
    RawFolder { name: item.name, parent: item.folder, description: String::new(), attributes: item.attributes }
}

/// The one collection whose computers an exported target holds (altiris-domain §9); `None` for any other target.
fn only_collection(export: &str) -> Option<Guid> {
    let root = xml::text(export).ok()?;
    let filters: Vec<&Node> =
        root.all().into_iter().filter(|node| node.name.eq_ignore_ascii_case("targetFilter")).collect();
    let [filter] = filters.as_slice() else { return None };
    let value = |wanted: &str| {
        let of = |node: &&Node| node.name.eq_ignore_ascii_case(wanted);
        let attribute = filter.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let within = filter.all().into_iter().find(of).map(|node| node.text.as_str());
        within.or(attribute.map(|(_, value)| value.as_str())).map(str::trim)
    };
    if !is_intersect(value("operation")?) {
        return None;
    }
    let collections: Vec<&Node> =
        filter.all().into_iter().filter(|node| node.name.eq_ignore_ascii_case("resourceCollectionGuid")).collect();
    if collections.len() > 1 {
        return None;
    }
    value::guid(value("resourceCollectionGuid")?).ok()?
}

/// Every collection that the filters of an exported target name.
fn collections_in(export: &str) -> BTreeSet<Guid> {
    const NAME: &str = "resourceCollectionGuid";
    let Ok(root) = xml::text(export) else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for node in root.all() {
        let attributes = node.attributes.iter().filter(|(name, _)| name.eq_ignore_ascii_case(NAME));
        let text = node.name.eq_ignore_ascii_case(NAME).then_some(&node.text);
        let texts = attributes.map(|(_, value)| value).chain(text);
        found.extend(texts.filter_map(|text| value::guid(text.trim()).ok().flatten()));
    }
    found
}

/// Whether a filter takes what is in it and nothing else.
pub fn is_intersect(operation: &str) -> bool {
    operation == "1" || operation.eq_ignore_ascii_case("Intersect")
}

#[cfg(test)]
mod tests {
    use super::only_collection;
    use crate::model::guid::Guid;

    #[test]
    fn a_target_is_a_collection_only_when_it_is_nothing_else() {
        let filter = |operation: &str, guid: &str| {
            format!(
                "<targetFilter guid='{{1}}' type='x'><operation>{operation}</operation><resourceCollectionGuid>{guid}\
                 </resourceCollectionGuid></targetFilter>"
            )
        };
        let target = |filters: &str| {
            format!("<?xml version='1.0' encoding='utf-16'?><item><targetFilters>{filters}</targetFilters></item>")
        };
        let all = Guid::ALL_COMPUTERS.to_string();
        assert_eq!(only_collection(&target(&filter("Intersect", &all))), Some(Guid::ALL_COMPUTERS));
        assert_eq!(only_collection(&target(&filter("1", &format!("{{{all}}}")))), Some(Guid::ALL_COMPUTERS));
        let two = [filter("Intersect", &all), filter("Except", &all)].concat();
        for other in [target(&filter("Except", &all)), target(&two), target(""), "no".to_owned()] {
            assert_eq!(only_collection(&other), None, "{other}");
        }
        let attributes = format!("<item><targetFilter operation='1' resourceCollectionGuid='{all}'/></item>");
        assert_eq!(only_collection(&attributes), Some(Guid::ALL_COMPUTERS));
    }
}
