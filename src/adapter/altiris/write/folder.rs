//! Console folders: made of a name and a parent, renamed and moved (altiris-asdk §4.1).

use crate::adapter::AdapterError;
use crate::adapter::Receipt;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::super::wire::details::From;
use super::super::wire::details::ItemDetails;
use super::work::Work;
use super::work::receipt;

/// What of a folder is written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    name: String,
    parent: Guid,
}

impl Wanted {
    fn of(work: &Work<'_>, item: &Item) -> Result<Self, AdapterError> {
        let path = &item.key.name;
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        Ok(Self { name, parent: work.folder(item)? })
    }
}

pub async fn create(work: &Work<'_>, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item)?;
    for found in work.named(&want.name, Some(want.parent)).await? {
        if is_folder(work, &found).await? {
            // A folder is a name and a place: one that an earlier attempt made is whole.
            return if work.in_doubt() { Ok(made(&found)) } else { Err(work.there_already(found.guid)) };
        }
    }
    let params = [("folderName", Value::from(want.name.as_str())), ("parentFolderGuid", want.parent.into())];
    let reply = work.send(Service::Item, "CreateFolder", &params).await?;
    let guid = reply.object(|node| ItemDetails::read(node, From::Object))?.guid;
    read_back(work, guid).await
}

pub async fn update(work: &Work<'_>, guid: Guid, revision: &str, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item)?;
    let live = work.methods.item(guid).await?;
    if made(&live).revision != revision {
        let was = work.before.map(|before| Wanted::of(work, before)).transpose()?;
        let between = was.is_some_and(|was| {
            [&was.name, &want.name].contains(&&live.name)
                && [Some(was.parent), Some(want.parent)].contains(&live.folder)
        });
        if !(work.in_doubt() && between) {
            return Err(work.stale());
        }
    }
    place(work, &live, &want.name, want.parent).await?;
    read_back(work, guid).await
}

/// Renames and moves an item of any kind, as far as that is called for.
pub async fn place(work: &Work<'_>, live: &ItemDetails, name: &str, folder: Guid) -> Result<(), AdapterError> {
    if live.name != name {
        let params = [("itemGuid", live.guid.into()), ("newName", Value::from(name))];
        work.send(Service::Item, "RenameItem", &params).await?;
    }
    if live.folder != Some(folder) {
        let params = [("itemGuid", live.guid.into()), ("destinationFolderGuid", folder.into())];
        work.send(Service::Item, "MoveItem", &params).await?;
    }
    Ok(())
}

async fn read_back(work: &Work<'_>, guid: Guid) -> Result<Receipt, AdapterError> {
    Ok(made(&work.methods.item(guid).await?))
}

/// As the reader digests a folder: by its name and place.
fn made(item: &ItemDetails) -> Receipt {
    receipt(item.guid, &(&item.name, &item.folder))
}

/// Whether an item is of the type of a folder: that of the folder it lies in, or of the one that is known.
async fn is_folder(work: &Work<'_>, item: &ItemDetails) -> Result<bool, AdapterError> {
    for other in item.folder.into_iter().chain(work.known.of(Kind::Folder)) {
        if let Some(other) = super::work::of_kind(work.methods.item(other).await)?
            && other.of() == item.of()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
