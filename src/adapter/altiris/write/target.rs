//! Resource targets: a task of a newer server is for targets, and a target of ours is the computers of one collection
//! (altiris-asdk §4.3).

use std::collections::BTreeMap;

use tokio::sync::Mutex;

use crate::adapter::AdapterError;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::work::Work;

/// The targets that are known, for as long as a connection lives. None is ever changed: there is no method for it.
#[derive(Default)]
pub struct Targets {
    /// By collection: the target that holds its computers and nothing else. Held while one is looked for or made, so that
    /// two tasks of one collection share it.
    made: Mutex<BTreeMap<Guid, Guid>>,
    /// By target: the collection that it is nothing else than.
    of: Mutex<BTreeMap<Guid, Option<Guid>>>,
}

/// The name of the target of a collection. The collection's own name may change, its GUID may not.
pub fn name(collection: Guid) -> String {
    format!("Computers of collection {collection} (consign)")
}

/// What a task is given to be for a collection: the collection itself where a probe has shown that it is taken, else its
/// target, which is made where there is none.
pub async fn of_collection(work: &Work<'_>, collection: Guid) -> Result<Guid, AdapterError> {
    if work.findings.collections_as_targets {
        return Ok(collection);
    }
    let mut made = work.targets.made.lock().await;
    if let Some(target) = made.get(&collection) {
        return Ok(*target);
    }
    let name = name(collection);
    for found in work.named(&name, None).await? {
        if work.methods.target(found.guid).await?.collection == Some(collection) {
            made.insert(collection, found.guid);
            return Ok(found.guid);
        }
    }
    let params = [("configXml", definition(&name, collection))];
    let target = work.send(Service::Scoping, "CreateResourceTarget", &params).await?.guid()?;
    made.insert(collection, target);
    Ok(target)
}

/// The collection whose computers a task's target holds; `None` of a target that is something else.
pub async fn collection_of(work: &Work<'_>, target: Guid) -> Result<Option<Guid>, AdapterError> {
    let directory = &work.envelope.directory;
    if directory.iter().any(|(key, guid)| key.kind == Kind::Collection && *guid == target) {
        return Ok(Some(target));
    }
    let mut of = work.targets.of.lock().await;
    if let Some(collection) = of.get(&target) {
        return Ok(*collection);
    }
    let collection = work.methods.target(target).await?.collection;
    of.insert(target, collection);
    Ok(collection)
}

/// Deletes the target of a collection that is to go: a server keeps what is referred to.
pub async fn delete(work: &Work<'_>, collection: Guid) -> Result<(), AdapterError> {
    for found in work.named(&name(collection), None).await? {
        if work.methods.target(found.guid).await?.collection == Some(collection) {
            work.send(Service::Item, "DeleteItem", &[("itemGuid", found.guid.into())]).await?;
        }
    }
    work.targets.made.lock().await.remove(&collection);
    Ok(())
}

fn definition(name: &str, collection: Guid) -> Value {
    // A GUID and a name of our own hold nothing that XML would have to escape.
    Value::from(format!(
        "<resourceTarget><name>{name}</name><targetFilters><targetFilter><type>Resource Collection</type>\
         <resourceCollectionGuid>{collection}</resourceCollectionGuid><operation>Intersect</operation></targetFilter>\
         </targetFilters></resourceTarget>"
    ))
}
