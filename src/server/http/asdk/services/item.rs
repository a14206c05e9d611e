//! `ItemManagementService` (altiris-asdk §4.1), the page `NS/ItemAsXml.aspx`, and `NSWebService/ItemModel`.
//!
//! Methods that read or write files of the server are refused: whoever asks is somewhere else, and a server writes no paths
//! that callers name.

use std::collections::BTreeMap;

use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header;

use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::export::Form;
use crate::server::app::asdk::resources::COMPUTER_LONG;
use crate::server::app::asdk::resources::Computer;
use crate::server::app::asdk::wrong_type;
use crate::server::app::built_in::PURGE_SETTINGS;
use crate::server::asdk::Profile;
use crate::server::asdk::Quirk;
use crate::server::http::Server;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::ITEM_DETAILS;
use crate::server::http::asdk::classes::ITEM_INFO;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::page;
use crate::server::http::asdk::services::details::Details;
use crate::server::http::asdk::services::details::class_of;
use crate::server::http::asdk::services::details::is_computers;
use crate::server::http::asdk::services::details::is_like;
use crate::server::http::asdk::services::details::of_computer;
use crate::server::http::asdk::services::details::of_guid;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;
use crate::server::http::blocking;

const DETAILS: Ty = Ty::Record(&ITEM_DETAILS);
const SEVERAL: Ty = Ty::Records(&ITEM_DETAILS);

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Ns,
    name: "ItemManagementService",
    methods: &[
        Method::new("GetItemByGuid", &[guid("itemGuid")], DETAILS, item_by_guid).or_typed("GetItemByGuidX"),
        Method::new("ItemExists", &[guid("itemGuid")], Ty::Bool, item_exists)
            .or_typed("ItemExistsX")
            .since(Profile::V8_0),
        Method::new("GetItemsByName", &[text("itemName")], SEVERAL, items_by_name),
        Method::new("GetItemsByType", &[text("typeName")], SEVERAL, items_by_type),
        Method::new("GetItemsByNameAndType", &[text("name"), text("type")], Ty::Guids, items_by_name_and_type),
        Method::new("GetItemsInFolder", &[guid("folderGuid")], SEVERAL, items_in_folder).or_typed("GetItemsInFolderX"),
        Method::new("CreateFolder", &[text("folderName"), guid("parentFolderGuid")], DETAILS, create_folder)
            .or_typed("CreateFolderX")
            .writes(),
        Method::new("MoveItem", &[guid("itemGuid"), guid("destinationFolderGuid")], Ty::Void, move_item)
            .or_typed("MoveItemX")
            .writes(),
        Method::new("RenameItem", &[guid("itemGuid"), text("newName")], Ty::Void, rename_item)
            .or_typed("RenameItemX")
            .writes(),
        Method::new("CloneItem", &[guid("itemGuid"), text("newItemName")], DETAILS, clone_item)
            .or_typed("CloneItemX")
            .writes(),
        Method::new("DeleteItem", &[guid("itemGuid")], Ty::Void, delete_item).or_typed("DeleteItemX").writes(),
        Method::new("EnablePolicyItem", &[guid("policyItemGuid")], Ty::Void, enable)
            .or_typed("EnablePolicyItemX")
            .writes(),
        Method::new("DisablePolicyItem", &[guid("policyItemGuid")], Ty::Void, disable)
            .or_typed("DisablePolicyItemX")
            .writes(),
        Method::new("SetItemsSchedule", &[guid("itemGuid"), text("scheduleXml")], Ty::Void, set_schedule)
            .or_typed("SetItemsScheduleX")
            .writes(),
        Method::new("ExecuteSchedulableItem", &[guid("itemGuid")], Ty::Void, execute)
            .or_typed("ExecuteSchedulableItemX")
            .writes(),
        Method::new("RunAutomationPolicyTask", &[guid("policyItemGuid")], Ty::Void, run_automation)
            .or_typed("RunAutomationPolicyTaskX")
            .writes(),
        Method::new("ExportItemXmlString", &[guid("itemGuid")], Ty::Text, export).or_typed("ExportItemXmlStringX"),
        Method::new("ExportItemXml", &[guid("itemGuid"), text("outputFile")], Ty::Void, export_to_file)
            .or_typed("ExportItemXmlX")
            .writes(),
        Method::new("ExportItemProfileXmlString", &[guid("itemGuid"), truth("legacyExport")], Ty::Text, export_profile)
            .or_typed("ExportItemProfileXmlStringX")
            .since(Profile::V8_0),
        Method::new("ImportItemXmlString", &[text("xml")], Ty::Void, import).writes(),
        Method::new("ImportItemXmlFile", &[text("sourceFile")], Ty::Void, import_file).writes(),
        Method::new("ImportItemXmlFiles", &[text("sourceDirectory")], Ty::Void, import_file).writes(),
    ],
};

/// What is outside of the ASDK, as far as the contract knows it.
pub static MODEL: Service = Service {
    area: Area::NsWebService,
    name: "ItemModel",
    methods: &[Method::new("GetItemInfo", &[guid("itemGuid")], Ty::Record(&ITEM_INFO), item_info).typed_alone()],
};

fn item_by_guid(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(of_guid(call, call.guid("itemGuid")?)?.into())
}

fn item_exists(call: &Call<'_>) -> Result<Value, Fault> {
    match of_guid(call, call.guid("itemGuid")?) {
        Ok(_) => Ok(true.into()),
        Err(fault) if matches!(fault.exception, Exception::DoesNotExist | Exception::Asdk) => Ok(false.into()),
        Err(fault) => Err(fault),
    }
}

fn items_by_name(call: &Call<'_>) -> Result<Value, Fault> {
    let name = call.text("itemName")?;
    let mut records = Details::new(call.app).all(&call.app.entries_named(name)?)?;
    records.extend(call.app.computers()?.iter().filter(|computer| computer.name == name).map(of_computer));
    Ok(Value::records(records))
}

fn items_by_type(call: &Call<'_>) -> Result<Value, Fault> {
    let name = call.text("typeName")?;
    if is_computers(call, name) {
        return Ok(Value::records(call.app.computers()?.iter().map(of_computer)));
    }
    let class = class_of(call, name).ok_or_else(|| Fault::does_not_exist(format!("There is no type '{name}'.")))?;
    let entries = call.app.entries_of_class(class)?;
    Ok(Value::records(Details::new(call.app).all(&entries)?))
}

/// Null when nothing matches. Without a `%` the type must be the full name.
fn items_by_name_and_type(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, kind) = (call.text_or_null("name"), call.text_or_null("type"));
    if name.is_none() && kind.is_none() {
        return Err(Fault::null("name"));
    }
    let is_of = |class: &Class| kind.is_none_or(|kind| is_like(class.long_name(), kind));
    let mut found = Vec::new();
    for class in Class::ALL.into_iter().filter(is_of) {
        let entries = call.app.entries_of_class(class)?;
        let named = entries.iter().filter(|entry| name.is_none_or(|name| is_like(entry.name(), name)));
        found.extend(named.map(Entry::guid));
    }
    if kind.is_none_or(|kind| is_like(COMPUTER_LONG, kind)) {
        let fits = |computer: &Computer| name.is_none_or(|name| is_like(&computer.name, name));
        found.extend(call.app.computers()?.iter().filter(|computer| fits(computer)).map(|computer| computer.guid));
    }
    Ok(if found.is_empty() { Value::Null } else { Value::guids(found) })
}

fn items_in_folder(call: &Call<'_>) -> Result<Value, Fault> {
    let entries = call.app.entries_in(call.guid("folderGuid")?, call.has(Quirk::FolderItemsRecursive))?;
    Ok(Value::records(Details::new(call.app).all(&entries)?))
}

fn create_folder(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, parent) = (call.text("folderName")?, call.guid("parentFolderGuid")?);
    let made = call.write(|writer| writer.create_folder_entry(name, Some(parent)))?;
    Ok(Details::new(call.app).of(&made)?.into())
}

fn move_item(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, folder) = (call.guid("itemGuid")?, call.guid("destinationFolderGuid")?);
    call.write(|writer| {
        if writer.entry(folder)?.class() != Class::Folder {
            return Err(wrong_type(folder, Class::Folder));
        }
        writer.move_entry(item, folder)
    })?;
    Ok(Value::Void)
}

fn rename_item(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, name) = (call.guid("itemGuid")?, call.text("newName")?);
    call.write(|writer| writer.rename_entry(item, name))?;
    Ok(Value::Void)
}

fn clone_item(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, name) = (call.guid("itemGuid")?, call.text("newItemName")?);
    let made = call.write(|writer| writer.clone_entry(item, name))?;
    Ok(Details::new(call.app).of(&made)?.into())
}

fn delete_item(call: &Call<'_>) -> Result<Value, Fault> {
    let item = call.guid("itemGuid")?;
    call.write(|writer| writer.delete_entry(item))?;
    Ok(Value::Void)
}

fn enable(call: &Call<'_>) -> Result<Value, Fault> {
    switch(call, true)
}

fn disable(call: &Call<'_>) -> Result<Value, Fault> {
    switch(call, false)
}

fn switch(call: &Call<'_>, enabled: bool) -> Result<Value, Fault> {
    let item = call.guid("policyItemGuid")?;
    call.write(|writer| writer.enable_entry(item, enabled))?;
    Ok(Value::Void)
}

fn set_schedule(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, xml, today) = (call.guid("itemGuid")?, call.text_or_null("scheduleXml"), call.app.today()?);
    call.write(|writer| writer.set_schedule(item, xml, today))?;
    Ok(Value::Void)
}

/// A report is run, the settings of purging purge; nothing else here runs by itself on the server.
fn execute(call: &Call<'_>) -> Result<Value, Fault> {
    let item = call.guid("itemGuid")?;
    let entry = call.app.entry(item)?;
    match entry.class() {
        _ if item == PURGE_SETTINGS => {
            call.write(|writer| writer.purge())?;
        }
        Class::Report => {}
        _ => return Err(Fault::invalid_type("The item is not schedulable.")),
    }
    Ok(Value::Void)
}

fn run_automation(call: &Call<'_>) -> Result<Value, Fault> {
    call.app.entry(call.guid("policyItemGuid")?)?;
    Err(Fault::invalid_type("The item is not an automation policy."))
}

fn export(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.export_xml(call.guid("itemGuid")?, Form::Whole)?.into())
}

/// A profile of this server is of one form; the older one, which `legacyExport` asks for, is the same.
fn export_profile(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.export_xml(call.guid("itemGuid")?, Form::Profile)?.into())
}

fn import(call: &Call<'_>) -> Result<Value, Fault> {
    let (xml, keeps) = (call.text("xml")?, call.has(Quirk::ImportKeepsSequenceGuid));
    call.write(|writer| writer.import_xml(xml, keeps))?;
    Ok(Value::Void)
}

fn export_to_file(call: &Call<'_>) -> Result<Value, Fault> {
    call.app.entry(call.guid("itemGuid")?)?;
    let file = call.text("outputFile")?;
    Err(no_files(file))
}

fn import_file(call: &Call<'_>) -> Result<Value, Fault> {
    let param = call.message.method.params[0].name;
    Err(no_files(call.text(param)?))
}

fn no_files(path: &str) -> Fault {
    let why = format!("Access to the path '{path}' is denied: this server reads and writes no files for its callers.");
    Fault::new(Exception::InsufficientPermission, why)
}

fn item_info(call: &Call<'_>) -> Result<Value, Fault> {
    let entry = call.app.entry(call.guid("itemGuid")?)?;
    let class = entry.class();
    let mut info = Record::new(&ITEM_INFO)
        .with("Guid", entry.guid())
        .with("Name", entry.name())
        .with("Description", entry.description())
        .with("TypeGuid", class.guid())
        .with("TypeName", class.long_name());
    if let Some(folder) = entry.folder() {
        info = info.with("ParentFolderGuid", folder);
    }
    Ok(info.into())
}

/// The page that shows an item as XML (altiris-asdk §1). An item that is not there is an error page.
pub(in crate::server::http::asdk) fn as_xml_page(server: &Server, query: &BTreeMap<String, String>) -> Response {
    let given = query.get("itemguid").map(String::as_str).unwrap_or_default();
    let Ok(guid) = given.trim().parse() else {
        return page::error(StatusCode::INTERNAL_SERVER_ERROR, "The parameter ItemGuid is missing or no GUID.");
    };
    match blocking(|| server.app.export_xml(guid, Form::Whole)) {
        Ok(xml) => ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml).into_response(),
        Err(refused) => page::error(StatusCode::INTERNAL_SERVER_ERROR, &refused.message),
    }
}
