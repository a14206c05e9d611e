//! `SoftwarePortalManagementService` (altiris-asdk §4.12): the portal of 7 and later.
//!
//! What is offered to a user or group is a right of the portal on the program that it installs: with approval unless it is
//! approved beforehand. The server's requests are shown; what an administrator does about one is done to it.

use std::collections::BTreeMap;

use crate::model::guid::Guid;
use crate::server::app::asdk::object::PublishedTo;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::PUBLISHING_USER_DETAILS;
use crate::server::http::asdk::classes::SOFTWARE_REQUEST_DETAILS;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::some_guid;
use crate::server::http::asdk::services::delivery::some_text;
use crate::server::http::asdk::services::delivery::wrong;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Swm,
    name: "SoftwarePortalManagementService",
    methods: &[
        Method::new(
            "PublishSoftwareResource",
            &[guid("softwareResourceGuid"), guid("commandLineGuid"), text("name"), text("description")],
            Ty::Guid,
            publish_software,
        )
        .typed_alone()
        .writes(),
        Method::new(
            "PublishPolicy",
            &[guid("policyGuid"), text("name"), text("description")],
            Ty::Guid,
            publish_policy,
        )
        .typed_alone()
        .writes(),
        Method::new(
            "AddUserOrGroupToPublishingItem",
            &[ITEM, USER, truth("preApproved"), truth("recommended")],
            Ty::Void,
            add_user,
        )
        .typed_alone()
        .writes(),
        Method::new("RemoveUserOrGroupFromPublishingItem", &[ITEM, USER], Ty::Void, remove_user).typed_alone().writes(),
        Method::new("GetUsersForPublishingItem", &[ITEM], Ty::Records(&PUBLISHING_USER_DETAILS), users).typed_alone(),
        Method::new("GetSoftwarePortalSetting", &[text("settingName")], Ty::Text, get_setting),
        Method::new("SetSoftwarePortalSetting", &[text("settingName"), text("value")], Ty::Void, set_setting)
            .administers(),
        Method::new("GetSoftwareRequestsForAdmin", &[], Ty::Records(&SOFTWARE_REQUEST_DETAILS), requests),
        Method::new(
            "GetSoftwareRequestsForManager",
            &[text("managerLogin")],
            Ty::Records(&SOFTWARE_REQUEST_DETAILS),
            requests_for_manager,
        ),
        Method::new(
            "SoftwareRequestAction",
            &[guid("softwareRequestGuid"), text("action"), text("comment")],
            Ty::Void,
            act,
        )
        .typed_alone()
        .writes(),
    ],
};

const ITEM: Param = guid("publishingItemGuid");
const USER: Param = text("userOrGroup");

fn publish_software(call: &Call<'_>) -> Result<Value, Fault> {
    let (software, line) = (some_guid(call, "softwareResourceGuid")?, some_guid(call, "commandLineGuid")?);
    let (name, description) = (some_text(call, "name")?, optional(call, "description"));
    Ok(call.write(|writer| writer.publish_software(software, line, name, description))?.into())
}

fn publish_policy(call: &Call<'_>) -> Result<Value, Fault> {
    let policy = some_guid(call, "policyGuid")?;
    let (name, description) = (some_text(call, "name")?, optional(call, "description"));
    Ok(call.write(|writer| writer.publish_policy(policy, name, description))?.into())
}

fn add_user(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, name) = (some_guid(call, "publishingItemGuid")?, some_text(call, "userOrGroup")?.to_owned());
    let (pre_approved, recommended) = (call.truth("preApproved"), call.truth("recommended"));
    call.write(|writer| writer.publish_to(item, PublishedTo { name, pre_approved, recommended }))?;
    Ok(Value::Void)
}

fn remove_user(call: &Call<'_>) -> Result<Value, Fault> {
    let (item, name) = (some_guid(call, "publishingItemGuid")?, some_text(call, "userOrGroup")?);
    call.write(|writer| writer.withdraw_from(item, name))?;
    Ok(Value::Void)
}

fn users(call: &Call<'_>) -> Result<Value, Fault> {
    let publishing = call.app.publishing(some_guid(call, "publishingItemGuid")?)?;
    let one = |user: &PublishedTo| {
        Record::new(&PUBLISHING_USER_DETAILS)
            .with("Name", user.name.as_str())
            // The field means the same as the parameter here; the help describes it the other way round (altiris-asdk §4.12).
            .with("PreApproved", user.pre_approved)
            .with("Recommended", user.recommended)
    };
    Ok(Value::records(publishing.published_to.iter().map(one)))
}

fn get_setting(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.portal_setting(some_text(call, "settingName")?)?.into())
}

fn set_setting(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, value) = (some_text(call, "settingName")?, optional(call, "value"));
    call.write(|writer| writer.set_portal_setting(name, value))?;
    Ok(Value::Void)
}

/// The GUID of a request follows from its number, which the server goes by.
const REQUESTS: u128 = 0xc051_671e_0000_4c01_9000_0000_0000_0000;

fn requests(call: &Call<'_>) -> Result<Value, Fault> {
    let mut names: BTreeMap<Guid, String> = BTreeMap::new();
    let mut found = Vec::new();
    for request in call.app.portal_requests_shown()? {
        let name = names
            .entry(request.item)
            .or_insert_with(|| call.app.entry(request.item).map(|entry| entry.name().to_owned()).unwrap_or_default());
        let asked = jiff::Timestamp::from_millisecond(request.asked_ms).unwrap_or_default();
        found.push(
            Record::new(&SOFTWARE_REQUEST_DETAILS)
                .with("ID", i32::try_from(request.id).unwrap_or(i32::MAX))
                .with("SoftwareRequestGuid", Guid::of(REQUESTS | u128::from(request.id)))
                .with("SoftwareName", name.as_str())
                .with("UserName", request.user.as_str())
                .with("RequestType", "Install")
                .with("Status", request.status.as_str())
                .with("DateRequested", asked.to_zoned(jiff::tz::TimeZone::UTC).datetime()),
        );
    }
    Ok(Value::records(found))
}

/// Who manages whom is known to no one here: a manager sees no requests.
fn requests_for_manager(call: &Call<'_>) -> Result<Value, Fault> {
    some_text(call, "managerLogin")?;
    Ok(Value::List(Vec::new()))
}

fn act(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = some_guid(call, "softwareRequestGuid")?;
    let id = guid.bits() ^ REQUESTS;
    let id = u64::try_from(id).ok().filter(|id| *id <= i64::MAX.unsigned_abs());
    let id = id.ok_or_else(|| Fault::does_not_exist(format!("There is no software request {guid}.")))?;
    match call.text("action")? {
        "Approve" => call.write(|writer| writer.approve_request(id).map(drop))?,
        "Deny" => call.write(|writer| writer.reject_request(id).map(drop))?,
        action @ ("OnHold" | "AddComment") => {
            call.app.portal_request(id)?;
            let why = format!("The action {action} is not implemented: requests have no comments here.");
            return Err(Fault::new(Exception::NotImplemented, why));
        }
        other => return Err(wrong("action", other, "one of Approve, OnHold, Deny, AddComment")),
    }
    Ok(Value::Void)
}
