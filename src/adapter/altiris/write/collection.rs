//! Collections (altiris-asdk §4.2): made with their description, then given their query, others and computers.

use std::collections::BTreeSet;

use crate::adapter::AdapterError;
use crate::adapter::ReadAdapter;
use crate::adapter::Receipt;
use crate::adapter::altiris::read::AltirisReader;
use crate::model::collection::Collection;
use crate::model::collection::Query;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::super::read::raw::CollectionShown;
use super::super::read::raw::RawCollection;
use super::super::read::raw::digest;
use super::super::wire::details::From;
use super::super::wire::details::ItemDetails;
use super::import;
use super::work::Work;
use super::work::of_kind;
use super::work::receipt;

/// What of a collection is written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    name: String,
    folder: Option<Guid>,
    description: String,
    query: String,
    include: BTreeSet<Guid>,
    exclude: BTreeSet<Guid>,
    /// `None`: not managed.
    members: Option<BTreeSet<Guid>>,
}

fn spec<'i>(work: &Work<'_>, item: &'i Item) -> Result<&'i Collection, AdapterError> {
    match &item.spec {
        Spec::Collection(collection) => Ok(collection),
        _ => Err(work.refused("kind", "it is no collection")),
    }
}

impl Wanted {
    async fn of(work: &Work<'_>, item: &Item) -> Result<Self, AdapterError> {
        let spec = spec(work, item)?;
        let query = match &spec.query {
            None => String::new(),
            Some(Query::Sql(text)) => text.clone(),
            Some(Query::Wql(_)) => return Err(work.refused("query", "queries are in SQL there (CAP-4)")),
        };
        let named = |names: &[String]| -> Result<BTreeSet<Guid>, AdapterError> {
            names.iter().map(|name| work.guid(&ItemKey::new(Kind::Collection, name.as_str()))).collect()
        };
        let members = match &spec.members {
            None => None,
            Some(names) => {
                let mut members = BTreeSet::new();
                for name in names {
                    members.insert(work.computer(name).await?);
                }
                Some(members)
            }
        };
        Ok(Self {
            name: item.key.name.clone(),
            folder: Some(work.folder(item)?),
            description: spec.description.clone(),
            query,
            include: named(&spec.include)?,
            exclude: named(&spec.exclude)?,
            members,
        })
    }

    /// Every state that a change from `was` to this one passes through.
    fn is_on_the_way(&self, was: &Self, seen: &RawCollection) -> bool {
        let both = |a: &BTreeSet<Guid>, b: &BTreeSet<Guid>, seen: &BTreeSet<Guid>| {
            seen.is_subset(&(a | b)) && seen.is_superset(&(a & b))
        };
        let members = match (&was.members, &self.members) {
            (Some(a), Some(b)) => both(a, b, &seen.members),
            _ => true,
        };
        [&was.name, &self.name].contains(&&seen.name)
            && [was.folder, self.folder].contains(&seen.folder)
            && seen.shown.as_ref().is_none_or(|shown| {
                [&was.query, &self.query].contains(&&shown.query)
                    && [&was.description, &self.description].contains(&&shown.description)
            })
            && both(&was.include, &self.include, &seen.include)
            && both(&was.exclude, &self.exclude, &seen.exclude)
            && members
    }
}

pub async fn create(work: &Work<'_>, reader: &AltirisReader, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item).await?;
    let spec = spec(work, item)?;
    for found in work.named(&want.name, want.folder).await? {
        if !is_collection(work, &found).await? {
            continue;
        }
        let live = reader.collection_of(found.guid).await?;
        // Nothing in it is another's, as far as it is shown.
        let is_ours = live.include.is_subset(&want.include)
            && live.exclude.is_subset(&want.exclude)
            && live.members.is_subset(want.members.as_ref().unwrap_or(&BTreeSet::new()))
            && live.not_members.is_empty()
            && live.shown.as_ref().is_none_or(|shown| {
                shown.description == spec.description
                    && shown.auto_update == spec.auto_update
                    && (shown.query.is_empty() || shown.query == want.query)
            });
        if work.in_doubt() && is_ours {
            return converge(work, reader, found.guid, &live, &want).await;
        }
        return Err(work.there_already(found.guid));
    }
    let params = [
        ("name", Value::from(want.name.as_str())),
        ("description", Value::from(spec.description.as_str())),
        ("folderGuid", want.folder.map_or(Value::Null, Value::from)),
        ("autoUpdate", spec.auto_update.into()),
    ];
    let reply = work.send(Service::Collection, "CreateResourceCollection", &params).await?;
    let guid = reply.object(|node| ItemDetails::read(node, From::Object))?.guid;
    let is_shown = reader.capabilities().is_shown(Kind::Collection, "query");
    let shown = is_shown.then(|| CollectionShown {
        description: spec.description.clone(),
        query: String::new(),
        auto_update: spec.auto_update,
    });
    let live = RawCollection { name: want.name.clone(), folder: want.folder, shown, ..RawCollection::default() };
    converge(work, reader, guid, &live, &want).await
}

pub async fn update(
    work: &Work<'_>,
    reader: &AltirisReader,
    guid: Guid,
    revision: &str,
    item: &Item,
) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item).await?;
    let live = reader.collection_of(guid).await?;
    if digest(&live) != revision {
        let was = match work.before {
            Some(before) => Some(Wanted::of(work, before).await?),
            None => None,
        };
        if !(work.in_doubt() && was.is_some_and(|was| want.is_on_the_way(&was, &live))) {
            return Err(work.stale());
        }
    }
    converge(work, reader, guid, &live, &want).await
}

/// Makes a collection what it is to be. In no moment does it take a computer in that it takes in neither before nor
/// afterwards: what narrows it goes first, what widens it last.
async fn converge(
    work: &Work<'_>,
    reader: &AltirisReader,
    guid: Guid,
    live: &RawCollection,
    want: &Wanted,
) -> Result<Receipt, AdapterError> {
    let members = want.members.as_ref().unwrap_or(&live.members);
    let (is, wanted) = (&live.include | &live.members, &want.include | members);
    change(work, guid, "AddExclusions", &want.exclude - &live.exclude).await?;
    change(work, guid, "RemoveInclusions", &is - &wanted).await?;
    // Where it is not shown, one that is declared is sent with every write (CAP-5), and none is only not known: it is
    // left as it is.
    let is_due = live.shown.as_ref().map_or(!want.query.is_empty(), |shown| shown.query != want.query);
    if is_due {
        let query = if want.query.is_empty() { Value::Null } else { Value::from(want.query.as_str()) };
        let params = [("collectionItemGuid", guid.into()), ("sqlQuery", query)];
        work.send(Service::Collection, "SetCollectionDataSourceToRawSqlQuery", &params).await?;
    }
    // Only where a probe has shown that it works is a plan made that asks for it (CAP-3).
    if let Some(shown) = live.shown.as_ref().filter(|shown| shown.description != want.description)
        && work.findings.importable.contains(&Kind::Collection)
    {
        import::change(work, guid, "description", (&shown.description, &want.description)).await?;
    }
    if live.name != want.name {
        let params = [("itemGuid", guid.into()), ("newName", Value::from(want.name.as_str()))];
        work.send(Service::Item, "RenameItem", &params).await?;
    }
    if live.folder != want.folder
        && let Some(folder) = want.folder
    {
        let params = [("itemGuid", guid.into()), ("destinationFolderGuid", folder.into())];
        work.send(Service::Item, "MoveItem", &params).await?;
    }
    change(work, guid, "AddInclusions", &wanted - &is).await?;
    change(work, guid, "RemoveExclusions", &live.exclude - &want.exclude).await?;
    // What only a report shows is as it was sent, until all is read back: a look at it is one at every collection.
    let mut stored = reader.collection_by_methods(guid).await?;
    let is_imported = work.findings.importable.contains(&Kind::Collection);
    stored.shown = live.shown.clone().map(|shown| CollectionShown {
        query: want.query.clone(),
        description: if is_imported { want.description.clone() } else { shown.description.clone() },
        ..shown
    });
    Ok(receipt(guid, &stored))
}

async fn change(
    work: &Work<'_>,
    collection: Guid,
    message: &'static str,
    guids: BTreeSet<Guid>,
) -> Result<(), AdapterError> {
    if guids.is_empty() {
        return Ok(());
    }
    let params = [("collectionItemGuid", collection.into()), ("itemGuids", Value::list(guids))];
    work.send(Service::Collection, message, &params).await.map(drop)
}

/// Whether an item is of the type of the collection that is known.
async fn is_collection(work: &Work<'_>, item: &ItemDetails) -> Result<bool, AdapterError> {
    let Some(known) = work.known.of(Kind::Collection) else { return Ok(false) };
    Ok(of_kind(work.methods.item(known).await)?.is_some_and(|known| known.of() == item.of()))
}
