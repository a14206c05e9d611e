//! `ItemManagementService` (altiris-asdk §4.1).

use crate::server::asdk::Profile;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::ITEM_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Ns,
    name: "ItemManagementService",
    methods: &[
        Method::new("GetItemByGuid", &[guid("itemGuid")], Ty::Record(&ITEM_DETAILS), item_by_guid)
            .or_typed("GetItemByGuidX"),
        Method::new("ItemExists", &[guid("itemGuid")], Ty::Bool, item_exists)
            .or_typed("ItemExistsX")
            .since(Profile::V8_0),
    ],
};

fn item_by_guid(call: &Call<'_>) -> Result<Value, Fault> {
    let item = call.app.item(call.guid("itemGuid")?)?;
    Ok(Record::new(&ITEM_DETAILS).with("Guid", item.guid).with("Name", item.name).into())
}

fn item_exists(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.item(call.guid("itemGuid")?).is_ok().into())
}
