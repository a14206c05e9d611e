//! `CollectionManagementService` (altiris-asdk §4.2).

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::inclusions::Listed;
use crate::server::app::asdk::inclusions::Side;
use crate::server::app::asdk::wrong_type;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::asdk::Profile;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::ITEM_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::details::Details;
use crate::server::http::asdk::services::details::of_guid;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::guids;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

const CHANGE: &[Param] = &[guid("collectionItemGuid"), guids("itemGuids")];
const LIST: &[Param] = &[guid("collectionItemGuid"), text("type")];
const ASK: &[Param] = &[guid("collectionItemGuid"), guid("entity"), text("type")];

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Ns,
    name: "CollectionManagementService",
    methods: &[
        Method::new(
            "CreateResourceCollection",
            &[text("name"), text("description"), guid("folderGuid"), truth("autoUpdate")],
            Ty::Record(&ITEM_DETAILS),
            create,
        )
        .or_typed("CreateResourceCollectionX")
        .writes(),
        Method::new(
            "SetCollectionDataSourceToRawSqlQuery",
            &[guid("collectionItemGuid"), text("sqlQuery")],
            Ty::Void,
            set_query,
        )
        .or_typed("SetCollectionDataSourceToRawSqlQueryX")
        .writes(),
        Method::new("AddInclusions", CHANGE, Ty::Void, add_inclusions).or_typed("AddInclusionsX").writes(),
        Method::new("RemoveInclusions", CHANGE, Ty::Void, remove_inclusions).or_typed("RemoveInclusionsX").writes(),
        Method::new("AddExclusions", CHANGE, Ty::Void, add_exclusions).or_typed("AddExclusionsX").writes(),
        Method::new("RemoveExclusions", CHANGE, Ty::Void, remove_exclusions).or_typed("RemoveExclusionsX").writes(),
        Method::new("GetInclusions", LIST, Ty::Records(&ITEM_DETAILS), inclusions).or_typed("GetInclusionsX"),
        Method::new("GetExclusions", LIST, Ty::Records(&ITEM_DETAILS), exclusions).or_typed("GetExclusionsX"),
        Method::new("GetInclusionGuids", LIST, Ty::Guids, inclusion_guids)
            .or_typed("GetInclusionGuidsX")
            .since(Profile::V8_5Ru2),
        Method::new("GetExclusionGuids", LIST, Ty::Guids, exclusion_guids)
            .or_typed("GetExclusionGuidsX")
            .since(Profile::V8_5Ru2),
        Method::new("IsInclusion", ASK, Ty::Bool, is_inclusion).or_typed("IsInclusionX").since(Profile::V8_5Ru2),
        Method::new("IsExclusion", ASK, Ty::Bool, is_exclusion).or_typed("IsExclusionX").since(Profile::V8_5Ru2),
        Method::new("GetCollectionMembership", &[guid("collectionItemGuid")], Ty::Guids, membership)
            .or_typed("GetCollectionMembershipX"),
        Method::new("UpdateCollections", &[guids("collectionItemGuids")], Ty::Void, update)
            .or_typed("UpdateCollectionsX")
            .writes(),
    ],
};

fn create(call: &Call<'_>) -> Result<Value, Fault> {
    let spec = json!({
        "description": call.text_or_null("description").unwrap_or_default(),
        "autoUpdate": call.truth("autoUpdate"),
    });
    let (name, folder) = (call.text("name")?.to_owned(), call.guid("folderGuid")?);
    let body = Body { name, folder: Some(folder), attributes: None, spec };
    let made = call.write(|writer| writer.create(Draft { kind: Kind::Collection, body, package: None }))?;
    Ok(Details::new(call.app).of(&Entry::Item(made))?.into())
}

/// A SELECT; with the quirk a predicate, which is kept as the SELECT that it is of (altiris-asdk §9.5).
fn set_query(call: &Call<'_>) -> Result<Value, Fault> {
    let collection = call.guid("collectionItemGuid")?;
    let text = call.text_or_null("sqlQuery").filter(|text| !text.trim().is_empty());
    let selects = text.is_some_and(|text| {
        let word = text.split_whitespace().next().unwrap_or_default();
        word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with")
    });
    let predicate = call.has(Quirk::CollectionQueryPredicate);
    let text = match text {
        Some(_) if selects == predicate => {
            let wanted = if predicate { "a predicate over resources" } else { "a SELECT statement" };
            return Err(Fault::invalid_parameter(format!("The SQL query is not valid: it is not {wanted}.")));
        }
        Some(text) if predicate => Some(format!("SELECT Guid FROM vComputer WHERE {text}")),
        other => other.map(str::to_owned),
    };
    call.write(|writer| writer.set_query(collection, text.as_deref()))?;
    Ok(Value::Void)
}

fn add_inclusions(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, Side::Included, true)
}

fn remove_inclusions(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, Side::Included, false)
}

fn add_exclusions(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, Side::Excluded, true)
}

fn remove_exclusions(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, Side::Excluded, false)
}

fn change(call: &Call<'_>, side: Side, add: bool) -> Result<Value, Fault> {
    let (collection, given) = (call.guid("collectionItemGuid")?, call.guids("itemGuids")?);
    call.write(|writer| writer.list_members(collection, side, &given, add))?;
    Ok(Value::Void)
}

/// What stands in a list, of the type that was asked for: `collection`, `resource`, or null for both.
fn listed(call: &Call<'_>, side: Side) -> Result<Vec<Guid>, Fault> {
    let Listed { collections, resources } = call.app.listed(call.guid("collectionItemGuid")?, side)?;
    match call.text_or_null("type") {
        None => Ok(collections.into_iter().chain(resources).collect()),
        Some(word) if word.eq_ignore_ascii_case("collection") => Ok(collections),
        Some(word) if word.eq_ignore_ascii_case("resource") => Ok(resources),
        Some(other) => Err(Fault::invalid_parameter(format!("The type is 'collection' or 'resource', not '{other}'."))),
    }
}

fn inclusions(call: &Call<'_>) -> Result<Value, Fault> {
    details(call, Side::Included)
}

fn exclusions(call: &Call<'_>) -> Result<Value, Fault> {
    details(call, Side::Excluded)
}

fn details(call: &Call<'_>, side: Side) -> Result<Value, Fault> {
    let records: Result<Vec<_>, Fault> = listed(call, side)?.into_iter().map(|guid| of_guid(call, guid)).collect();
    Ok(Value::records(records?))
}

fn inclusion_guids(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::guids(listed(call, Side::Included)?))
}

fn exclusion_guids(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::guids(listed(call, Side::Excluded)?))
}

fn is_inclusion(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(listed(call, Side::Included)?.contains(&call.guid("entity")?).into())
}

fn is_exclusion(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(listed(call, Side::Excluded)?.contains(&call.guid("entity")?).into())
}

/// The collection that is asked for, which must be one.
fn collection(call: &Call<'_>, guid: Guid) -> Result<(), Fault> {
    match call.app.entry(guid)?.class() {
        Class::Collection => Ok(()),
        _ => Err(wrong_type(guid, Class::Collection).into()),
    }
}

fn membership(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("collectionItemGuid")?;
    collection(call, guid)?;
    Ok(Value::guids(call.app.computers_in(guid, call.limits)?))
}

/// Who belongs to a collection is always as of now here: what is left is to look whether each of them is one, and to find
/// the members before somebody waits for them.
fn update(call: &Call<'_>) -> Result<Value, Fault> {
    for guid in call.guids_or_null("collectionItemGuids")?.unwrap_or_default() {
        collection(call, guid)?;
    }
    call.app.members(call.limits)?;
    Ok(Value::Void)
}
