//! `PatchWorkflowSvc` (altiris-asdk §4.15): plug-in policies, and properties of items by name.
//!
//! Bulletins, updates and what stages them are no part of this server: those methods are not implemented.

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::property::Reach;
use crate::server::app::refused::Refused;
use crate::server::app::role::Role;
use crate::server::app::writer::Writer;
use crate::server::asdk::Profile;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::some_text;
use crate::server::http::asdk::services::delivery::wrong;
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

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Patch,
    name: "PatchWorkflowSvc",
    methods: &[
        Method::new(
            "CreateAgentPluginPolicy",
            &[text("strName"), guid("productGuid"), guid("parentFolderGuid"), guids("targetGuids")],
            Ty::Text,
            create_plugin,
        )
        .writes(),
        Method::new(
            "SetPluginPolicySchedules",
            &[POLICIES, text("clientSoftwareUpdateSchedule"), text("notifySchedule"), text("rebootSchedule")],
            Ty::Bool,
            schedules,
        )
        .writes(),
        Method::new(
            "SetPluginPolicyMessages",
            &[
                POLICIES,
                truth("turnOnNonEmpty"),
                text("msgUpdatePending"),
                text("msgUpdateProgress"),
                text("msgRebootPending"),
                text("msgRebootReminder"),
                text("msgRebootNotification"),
            ],
            Ty::Bool,
            no_patches,
        )
        .writes(),
        Method::new(
            "CreateUpdatePolicy",
            &[text("name"), guids("bulletinGuids"), guids("targetGuids"), truth("enabled")],
            Ty::Text,
            no_patches,
        )
        .writes(),
        Method::new(
            "CreateUpdatePolicyViaUpdates",
            &[text("name"), guids("updateGuids"), guids("targetGuids"), truth("enabled")],
            Ty::Text,
            no_patches,
        )
        .since(Profile::V8_5)
        .writes(),
        Method::new("ResolveToPolicies", &[guids("bulletinGuids")], Ty::Text, no_patches),
        Method::new("ResolveToUpdates", &[guids("bulletinGuids")], Ty::Text, no_patches),
        Method::new("IsStaged", &[guids("bulletinGuids")], Ty::Bool, no_patches),
        Method::new("EnsureStaged", &[guids("bulletinGuids")], Ty::Bool, no_patches).writes(),
        Method::new("GetAllStagedUpdates", &[], Ty::Text, no_patches),
        Method::new("GetProperty", &[ITEM, NAME], Ty::Text, get_property),
        Method::new("SetProperty", &[ITEMS, NAME, text("value")], Ty::Bool, set_property).writes(),
        Method::new("SetProperties", &[ITEM, text("nameValueList")], Ty::Bool, set_properties).writes(),
        Method::new("SetGuidCollectionProperty", &[ITEMS, NAME, guids("valueGuids")], Ty::Bool, set_guids)
            .since(Profile::V8_5Ru2)
            .writes(),
        Method::new("AddGuids", &[ITEM, NAME, guids("guidList"), truth("setback")], Ty::Bool, add_guids).writes(),
        Method::new("SetAdvertisementCustomCmdLine", &[guid("AdvertGuid"), text("cmdLine")], Ty::Bool, no_patches)
            .since(Profile::V8_5Ru3)
            .writes(),
        Method::new("MyPrivileges", &[], Ty::Text, privileges),
    ],
};

const POLICIES: Param = guids("policyGuids");
const ITEM: Param = guid("guidItem");
const ITEMS: Param = guids("itemGuids");
const NAME: Param = text("name");

/// Whether properties are those of any item is in no document (altiris-asdk §4.15).
fn reach(call: &Call<'_>) -> Reach {
    if call.has(Quirk::PatchSetsAnyItem) { Reach::Any } else { Reach::Patch }
}

fn no_patches(call: &Call<'_>) -> Result<Value, Fault> {
    let why = format!("{} is not implemented: this server has no bulletins and no updates.", call.message.name);
    Err(Fault::new(Exception::NotImplemented, why))
}

/// `true`, or `false` with the reason in the log; nothing of it is done then.
fn told(call: &Call<'_>, act: impl FnOnce(&mut Writer<'_>) -> Result<(), Refused>) -> Result<Value, Fault> {
    let result = call.write(act);
    if let Err(fault) = &result {
        tracing::warn!(message = call.message.name, why = %fault.message, "not done");
    }
    Ok(Value::Bool(result.is_ok()))
}

fn create_plugin(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, folder) = (some_text(call, "strName")?, call.guid("parentFolderGuid")?);
    call.guid_or_none("productGuid")?;
    let targets = call.guids_or_null("targetGuids")?.unwrap_or_default();
    let collections_too = call.has(Quirk::CollectionAsTarget);
    let guid: Guid = call.write(|writer| {
        let guid = writer.create_item_of(Class::PatchPlugin, name, folder, &json!({ "enabled": false }))?;
        writer.assign_targets(guid, &targets, collections_too)?;
        Ok(guid)
    })?;
    Ok(guid.to_string().into())
}

fn schedules(call: &Call<'_>) -> Result<Value, Fault> {
    let (policies, scan) = (call.guids("policyGuids")?, optional(call, "clientSoftwareUpdateSchedule"));
    for other in ["notifySchedule", "rebootSchedule"] {
        if !optional(call, other).is_empty() {
            return Err(wrong(
                other,
                optional(call, other),
                "empty, and this server holds the schedule of scans alone",
            ));
        }
    }
    let today = call.app.today()?;
    told(call, |writer| {
        for policy in policies {
            writer.set_schedule(policy, Some(scan), today)?;
        }
        Ok(())
    })
}

fn get_property(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.property(call.guid("guidItem")?, some_text(call, "name")?, reach(call))?.into())
}

fn set_property(call: &Call<'_>) -> Result<Value, Fault> {
    let (items, name, value) = (call.guids("itemGuids")?, some_text(call, "name")?, optional(call, "value"));
    told(call, |writer| {
        for item in items {
            writer.set_property(item, name, value, reach(call))?;
        }
        Ok(())
    })
}

/// The list's form is in no document: here `name=value`, with semicolons between.
fn set_properties(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, list) = (call.guid("guidItem")?, call.text("nameValueList")?);
    let pairs = list.split(';').filter(|pair| !pair.trim().is_empty());
    let pairs =
        pairs.map(|pair| pair.split_once('=').ok_or_else(|| wrong("nameValueList", list, "a list of name=value")));
    let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
    told(call, |writer| {
        for (name, value) in pairs {
            writer.set_property(item, name.trim(), value, reach(call))?;
        }
        Ok(())
    })
}

fn set_guids(call: &Call<'_>) -> Result<Value, Fault> {
    let (items, name, guids) = (call.guids("itemGuids")?, some_text(call, "name")?, call.guids("valueGuids")?);
    let collections_too = call.has(Quirk::CollectionAsTarget);
    told(call, |writer| {
        for item in items {
            writer.set_guids(item, name, &guids, false, reach(call), collections_too)?;
        }
        Ok(())
    })
}

/// What `setback` does is in no document; it is taken, and nothing is made of it.
fn add_guids(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, name, guids) = (call.guid("guidItem")?, some_text(call, "name")?, call.guids("guidList")?);
    let collections_too = call.has(Quirk::CollectionAsTarget);
    told(call, |writer| writer.set_guids(item, name, &guids, true, reach(call), collections_too))
}

fn privileges(call: &Call<'_>) -> Result<Value, Fault> {
    let mut held = Vec::new();
    if call.principal.role >= Role::Applier {
        held.push("Import XML");
        if !call.has(Quirk::NoCreateReports) {
            held.push("Create Reports");
        }
    }
    Ok(held.join(",").into())
}
