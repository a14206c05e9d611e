//! `ItemManagementService` (altiris-asdk §4.1).

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;

use crate::server::app::role::Principal;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Profile;
use crate::server::http::Server;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::ITEM_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::page;
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

/// The page that shows an item as XML (altiris-asdk §1).
pub(in crate::server::http::asdk) fn as_xml_page(
    server: &Server,
    _options: &AsdkOptions,
    _principal: &Principal,
    query: &BTreeMap<String, String>,
) -> Response {
    let _ = (server, query);
    page::error(StatusCode::NOT_FOUND, "x")
}

fn item_exists(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.item(call.guid("itemGuid")?).is_ok().into())
}
