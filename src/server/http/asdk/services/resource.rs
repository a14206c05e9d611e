//! `ResourceManagementService` and the reading methods of `NSWebService/ResourceModel` (altiris-asdk §4.4). Resources are the
//! computers; data classes are the tables of their inventory.
//!
//! Not here: `PushAltirisAgentToComputers`, whose parameters the contract does not know, and of ResourceModel whatever has a
//! record type that the contract does not know.

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::resources::COMPUTER;
use crate::server::app::asdk::resources::COMPUTER_LONG;
use crate::server::app::asdk::resources::COMPUTER_TYPE;
use crate::server::app::asdk::resources::Computer;
use crate::server::app::asdk::resources::DataClass;
use crate::server::asdk::Profile;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::DATA_CLASS_DATA;
use crate::server::http::asdk::classes::DATA_CLASS_FIELD_DATA;
use crate::server::http::asdk::classes::DATA_CLASS_ROW_DATA;
use crate::server::http::asdk::classes::ITEM_DETAILS;
use crate::server::http::asdk::classes::PUSH_STATUS;
use crate::server::http::asdk::classes::RESOURCE_DATA;
use crate::server::http::asdk::classes::RESOURCE_DATA_INFO;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::details::is_like;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::guid_array;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Column;
use crate::server::http::asdk::value::ColumnType;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Table;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// No resource.
const NONE: Guid = Guid::of(0);

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Ns,
    name: "ResourceManagementService",
    methods: &[
        Method::new("GetResourceByName", &[text("name"), text("resourceType")], Ty::Guid, by_name),
        Method::new("GetComputerByNameAndDomain", &[text("name"), text("domain")], Ty::Guid, by_name_and_domain),
        // The server knows no users.
        Method::new("GetUserByUserIdAndDomain", &[text("userId"), text("domain")], Ty::Guid, |_| Ok(NONE.into())),
        Method::new("GetResourceByContext", &[text("parameters")], Ty::Guids, by_context),
        Method::new("GetDataClassData", &[text("dataClass"), guid("resourceGuid")], Ty::Table, data_class_data)
            .or_typed("GetDataClassDataX"),
        Method::new(
            "CreateResourceAssociation",
            &[guid("typeGuid"), guid("parentGuid"), guid("childGuid")],
            Ty::Void,
            inventory_only,
        )
        .or_typed("CreateResourceAssociationX")
        .writes(),
        Method::new("MergeResource", &[guid("fromGuid"), guid("toGuid")], Ty::Record(&ITEM_DETAILS), inventory_only)
            .or_typed("MergeResourceX")
            .writes(),
        PUSH,
        Method::new("SetAssetState", &[guid("assetGuid"), text("state")], Ty::Void, inventory_only)
            .since(Profile::V8_5Ru2)
            .writes(),
        Method::new("SetAssetOwner", &[guid("assetGuid"), guid("ownerGuid")], Ty::Void, inventory_only)
            .since(Profile::V8_5Ru2)
            .writes(),
    ],
};

/// The plain name takes a `guid` here, the one with the number a text (altiris-asdk §2).
const PUSH: Method = {
    let method = Method::new("PushPolicy2", &[guid("policy")], Ty::Records(&PUSH_STATUS), push).or_typed("PushPolicy");
    method.since(Profile::V8_5).writes()
};

const TYPE: &[Param] = &[guid("resourceTypeGUID")];
const RESOURCES: &[Param] = &[guid_array("resourceGUIDs")];
const ASSOCIATED: &[Param] = &[guid("resourceTypeGUID"), guid("resourceGUID"), guid("associationTypeGUID")];
const SEVERAL: Ty = Ty::Records(&RESOURCE_DATA);
const ROWS: Ty = Ty::Records(&DATA_CLASS_ROW_DATA);

/// What is outside of the ASDK, and richer.
pub static MODEL: Service = Service {
    area: Area::NsWebService,
    name: "ResourceModel",
    methods: &[
        Method::new("GetResourcesOfType", TYPE, Ty::Records(&RESOURCE_DATA_INFO), of_type).typed_alone(),
        Method::new(
            "GetResources",
            &[guid_array("resourceGUIDs"), guid_array("dataClassTypesToFetchGUIDs")],
            SEVERAL,
            resources,
        ),
        Method::new("GetResourcesWithFullData", RESOURCES, SEVERAL, resources_with_data),
        Method::new(
            "GetResource",
            &[guid("resourceGUID"), guid_array("dataClassTypesToFetchGUIDs")],
            Ty::Record(&RESOURCE_DATA),
            resource,
        )
        .typed_alone(),
        Method::new("GetResourceWithAllData", &[guid("resourceGUID")], Ty::Record(&RESOURCE_DATA), resource_with_data)
            .typed_alone(),
        Method::new("GetDataClassRows", &[guid("resourceGUID"), guid("dataClass")], ROWS, data_class_rows)
            .or_typed("GetDataClassRows2")
            .since(Profile::V8_5Ru2),
        Method::new("GetDataClassesForResourceType", TYPE, Ty::Guids, data_classes).typed_alone(),
        Method::new("GetAssociatedChildResources", ASSOCIATED, Ty::Guids, associated).typed_alone(),
        Method::new("GetAssociatedParentResources", ASSOCIATED, Ty::Guids, associated).typed_alone(),
        Method::new(
            "GetResourcesFromResourceGroup",
            &[guid("resourceGroupGUID"), truth("includeChildGroups")],
            Ty::Guids,
            of_group,
        )
        .typed_alone(),
    ],
};

/// Whether a type, by name or GUID, is that of computers, the only one that has resources here.
fn is_computers(named: &str) -> bool {
    let bare = named.trim();
    bare.eq_ignore_ascii_case(COMPUTER)
        || bare.eq_ignore_ascii_case(COMPUTER_LONG)
        || bare.parse::<Guid>().is_ok_and(|guid| guid == COMPUTER_TYPE)
}

fn one(found: Option<Computer>) -> Value {
    found.map_or(NONE, |computer| computer.guid).into()
}

/// The empty GUID where there is none.
fn by_name(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, kind) = (call.text("name")?, call.text("resourceType")?);
    if !is_computers(kind) {
        return Ok(NONE.into());
    }
    Ok(one(call.app.computers()?.into_iter().find(|computer| computer.name.eq_ignore_ascii_case(name))))
}

fn by_name_and_domain(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, domain) = (call.text("name")?, call.text("domain")?);
    let is =
        |computer: &Computer| computer.name.eq_ignore_ascii_case(name) && computer.domain.eq_ignore_ascii_case(domain);
    Ok(one(call.app.computers()?.into_iter().find(is)))
}

/// Masks with commas, such as `type:computer, %`; with `strict:true` a mask is a whole name.
fn by_context(call: &Call<'_>) -> Result<Value, Fault> {
    let (mut computers, mut strict, mut masks) = (true, false, Vec::new());
    for part in call.text("parameters")?.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once(':').map(|(key, value)| (key.trim().to_lowercase(), value.trim())) {
            Some((key, kind)) if key == "type" => computers = is_computers(kind),
            Some((key, value)) if key == "strict" => strict = value.eq_ignore_ascii_case("true"),
            Some(_) => return Err(Fault::invalid_parameter(format!("The context parameter '{part}' is not known."))),
            None => masks.push(part),
        }
    }
    let fits = |computer: &Computer, mask: &&str| match strict {
        true => computer.name.eq_ignore_ascii_case(mask),
        false => is_like(&computer.name, mask),
    };
    let all = if computers { call.app.computers()? } else { Vec::new() };
    let found = all.into_iter().filter(|computer| masks.iter().any(|mask| fits(computer, mask)));
    Ok(Value::guids(found.map(|computer| computer.guid)))
}

/// One data class of a resource, by name or GUID.
fn data_class(call: &Call<'_>, named: &str, resource: Guid) -> Result<DataClass, Fault> {
    let wanted = named.trim().parse::<Guid>();
    let is = |one: &DataClass| match &wanted {
        Ok(guid) => one.guid == *guid,
        Err(_) => one.name.eq_ignore_ascii_case(named.trim()),
    };
    let missing = || Fault::does_not_exist(format!("There is no data class '{named}'."));
    call.app.inventory_of(resource)?.into_iter().find(is).ok_or_else(missing)
}

fn data_class_data(call: &Call<'_>) -> Result<Value, Fault> {
    let class = data_class(call, call.text("dataClass")?, call.guid("resourceGuid")?)?;
    let columns = class.columns.into_iter().map(|name| Column::new(name, ColumnType::Text)).collect();
    Ok(Table { columns, rows: class.rows }.into())
}

/// What the server knows of computers comes from them and from its fleet, not from callers of this API.
fn inventory_only(_: &Call<'_>) -> Result<Value, Fault> {
    Err(Fault::new(Exception::NotImplemented, "What this server knows of resources cannot be changed over the ASDK."))
}

/// Agents of this server ask by themselves: none of them is connected to be told.
fn push(call: &Call<'_>) -> Result<Value, Fault> {
    let policy = call.guid("policy")?;
    let entry = call.app.entry(policy)?;
    if !entry.class().is_policy() {
        return Err(Fault::invalid_type("The item is not a policy."));
    }
    let status = if entry.is_enabled() { "NotConnected" } else { "EmptyPolicy" };
    let mut agents = std::collections::BTreeSet::new();
    for target in call.app.targets_of(policy)? {
        agents.extend(call.app.computers_in(call.app.collection_of_target(target)?, call.limits)?);
    }
    let told = |agent: Guid| Record::new(&PUSH_STATUS).with("Agent", agent).with("Status", status);
    Ok(Value::records(agents.into_iter().map(told)))
}

fn of_type(call: &Call<'_>) -> Result<Value, Fault> {
    if call.guid("resourceTypeGUID")? != COMPUTER_TYPE {
        return Ok(Value::List(Vec::new()));
    }
    let info = |computer: Computer| {
        Record::new(&RESOURCE_DATA_INFO)
            .with("ResourceGUID", computer.guid)
            .with("Name", computer.name)
            .with("ResourceTypeGUID", COMPUTER_TYPE)
    };
    Ok(Value::records(call.app.computers()?.into_iter().map(info)))
}

/// A resource with those of its data classes that pass.
fn with_data(call: &Call<'_>, guid: Guid, wanted: impl Fn(Guid) -> bool) -> Result<Record, Fault> {
    let missing = || Fault::does_not_exist(format!("There is no resource {guid}."));
    let computer = call.app.computer(guid)?.ok_or_else(missing)?;
    let classes = call.app.inventory_of(guid)?.into_iter().filter(|class| wanted(class.guid) && !class.rows.is_empty());
    let classes = classes.map(|class| {
        Record::new(&DATA_CLASS_DATA)
            .with("DataClassGUID", class.guid)
            .with("DataRows", Value::records(rows_of(&class)))
    });
    Ok(Record::new(&RESOURCE_DATA)
        .with("ResourceGUID", guid)
        .with("Name", computer.name)
        .with("ResourceTypeGUID", COMPUTER_TYPE)
        .with("DataClasses", Value::records(classes)))
}

fn rows_of(class: &DataClass) -> Vec<Record> {
    let row = |cells: &Vec<Option<String>>| {
        let fields = class.columns.iter().zip(cells).map(|(name, cell)| {
            Record::new(&DATA_CLASS_FIELD_DATA).with("FieldName", name.as_str()).with("Value", cell.clone())
        });
        Record::new(&DATA_CLASS_ROW_DATA).with("DataElements", Value::records(fields))
    };
    class.rows.iter().map(row).collect()
}

fn several(call: &Call<'_>, wanted: impl Fn(Guid) -> bool + Copy) -> Result<Value, Fault> {
    let found: Result<Vec<_>, Fault> =
        call.guids("resourceGUIDs")?.into_iter().map(|guid| with_data(call, guid, wanted)).collect();
    Ok(Value::records(found?))
}

fn resources(call: &Call<'_>) -> Result<Value, Fault> {
    let wanted = call.guids_or_null("dataClassTypesToFetchGUIDs")?.unwrap_or_default();
    several(call, |class| wanted.contains(&class))
}

fn resources_with_data(call: &Call<'_>) -> Result<Value, Fault> {
    several(call, |_| true)
}

fn resource(call: &Call<'_>) -> Result<Value, Fault> {
    let wanted = call.guids_or_null("dataClassTypesToFetchGUIDs")?.unwrap_or_default();
    Ok(with_data(call, call.guid("resourceGUID")?, |class| wanted.contains(&class))?.into())
}

fn resource_with_data(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(with_data(call, call.guid("resourceGUID")?, |_| true)?.into())
}

fn data_class_rows(call: &Call<'_>) -> Result<Value, Fault> {
    let named = match call.text_or_null("dataClass") {
        Some(text) => text.to_owned(),
        None => call.guid("dataClass")?.to_string(),
    };
    Ok(Value::records(rows_of(&data_class(call, &named, call.guid("resourceGUID")?)?)))
}

fn data_classes(call: &Call<'_>) -> Result<Value, Fault> {
    if call.guid("resourceTypeGUID")? != COMPUTER_TYPE {
        return Ok(Value::List(Vec::new()));
    }
    Ok(Value::guids(call.app.data_classes()?.into_iter().map(|(guid, _)| guid)))
}

/// Computers of this server are tied to no other resources.
fn associated(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("resourceGUID")?;
    match call.app.computer(guid)? {
        Some(_) => Ok(Value::List(Vec::new())),
        None => Err(Fault::does_not_exist(format!("There is no resource {guid}."))),
    }
}

/// The resources of a group: of a collection or of a target.
fn of_group(call: &Call<'_>) -> Result<Value, Fault> {
    let group = call.guid("resourceGroupGUID")?;
    let collection = match call.app.entry(group)?.class() {
        Class::Collection => group,
        Class::ResourceTarget => call.app.collection_of_target(group)?,
        _ => return Err(Fault::invalid_type("The item is not a resource group.")),
    };
    Ok(Value::guids(call.app.computers_in(collection, call.limits)?))
}
