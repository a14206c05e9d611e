//! `SoftwareDeliveryPolicyManagementService` (altiris-asdk §4.11).

use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::DELIVERY_ITEM_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::some_guid;
use crate::server::http::asdk::services::delivery::some_text;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Swm,
    name: "SoftwareDeliveryPolicyManagementService",
    methods: &[
        Method::new("CreatePolicy", &[text("name"), text("description")], Ty::Guid, create).writes(),
        Method::new("AddDeliveryItem", &[POLICY, guid("softwareOrTaskGuid")], ITEM, add).typed_alone().writes(),
        Method::new("GetDeliveryItems", &[POLICY], Ty::Records(&DELIVERY_ITEM_DETAILS), items).typed_alone(),
        Method::new("RemoveDeliveryItem", &[POLICY, DELIVERY_ITEM], Ty::Void, remove).typed_alone().writes(),
        Method::new("GetPolicySetting", &[POLICY, NAME], Ty::Text, get_policy).typed_alone(),
        Method::new("SetPolicySetting", &[POLICY, NAME, VALUE], Ty::Void, set_policy).typed_alone().writes(),
        Method::new("GetDeliveryItemSetting", &[POLICY, DELIVERY_ITEM, NAME], Ty::Text, get_item).typed_alone(),
        Method::new("SetDeliveryItemSetting", &[POLICY, DELIVERY_ITEM, NAME, VALUE], Ty::Void, set_item)
            .typed_alone()
            .writes(),
        Method::new("GetDefaultPolicySetting", &[NAME], Ty::Text, get_default),
        Method::new("SetDefaultPolicySetting", &[NAME, VALUE], Ty::Void, set_default).writes(),
    ],
};

const ITEM: Ty = Ty::Record(&DELIVERY_ITEM_DETAILS);
const POLICY: Param = guid("policyGuid");
const DELIVERY_ITEM: Param = guid("deliveryItemGuid");
const NAME: Param = text("settingName");
const VALUE: Param = text("value");

/// A software delivery item; a task would be 1.
const SOFTWARE: i32 = 0;

fn create(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, description) = (some_text(call, "name")?, optional(call, "description"));
    Ok(call.write(|writer| writer.create_delivery_policy(name, description))?.into())
}

fn shown(item: &crate::server::app::asdk::delivery::DeliveryItem) -> Record {
    Record::new(&DELIVERY_ITEM_DETAILS).with("Guid", item.guid).with("Type", SOFTWARE)
}

fn add(call: &Call<'_>) -> Result<Value, Fault> {
    let (policy, software) = (some_guid(call, "policyGuid")?, some_guid(call, "softwareOrTaskGuid")?);
    let item = call.write(|writer| writer.add_delivery_item(policy, software))?;
    Ok(shown(&item).into())
}

fn items(call: &Call<'_>) -> Result<Value, Fault> {
    let items = call.app.delivery_items(some_guid(call, "policyGuid")?)?;
    Ok(Value::records(items.iter().map(shown)))
}

fn remove(call: &Call<'_>) -> Result<Value, Fault> {
    let (policy, item) = (some_guid(call, "policyGuid")?, some_guid(call, "deliveryItemGuid")?);
    call.write(|writer| writer.remove_delivery_item(policy, item))?;
    Ok(Value::Void)
}

fn get_policy(call: &Call<'_>) -> Result<Value, Fault> {
    let (policy, name) = (some_guid(call, "policyGuid")?, some_text(call, "settingName")?);
    Ok(call.app.policy_setting(policy, name)?.into())
}

fn set_policy(call: &Call<'_>) -> Result<Value, Fault> {
    let (policy, name) = (some_guid(call, "policyGuid")?, some_text(call, "settingName")?);
    let value = optional(call, "value");
    call.write(|writer| writer.set_policy_setting(policy, name, value))?;
    Ok(Value::Void)
}

fn get_item(call: &Call<'_>) -> Result<Value, Fault> {
    let (policy, item) = (some_guid(call, "policyGuid")?, some_guid(call, "deliveryItemGuid")?);
    Ok(call.app.item_setting(policy, item, some_text(call, "settingName")?)?.into())
}

fn set_item(call: &Call<'_>) -> Result<Value, Fault> {
    let (policy, item) = (some_guid(call, "policyGuid")?, some_guid(call, "deliveryItemGuid")?);
    let (name, value) = (some_text(call, "settingName")?, optional(call, "value"));
    call.write(|writer| writer.set_item_setting(policy, item, name, value))?;
    Ok(Value::Void)
}

fn get_default(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.default_setting(some_text(call, "settingName")?)?.into())
}

fn set_default(call: &Call<'_>) -> Result<Value, Fault> {
    call.app.set_default_setting(some_text(call, "settingName")?, optional(call, "value"))?;
    Ok(Value::Void)
}
