//! `ScopingManagementService` (altiris-asdk §4.3).
//!
//! Of organizational views and groups this server has one each, which hold every computer; it makes no others.

use std::collections::BTreeSet;

use crate::model::guid::Guid;
use crate::server::app::asdk::targets::TargetConfig;
use crate::server::asdk::Profile;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
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

/// The folder of the views; ours.
const VIEWS_FOLDER: Guid = Guid::of(0xc051_671e_0000_4f02_9000_0000_0000_0001);
/// The one view; ours.
const VIEW: Guid = Guid::of(0xc051_671e_0000_4f02_9000_0000_0000_0002);
/// Its one group, "All Discovered Resources"; the GUID is ours.
const GROUP: Guid = Guid::of(0xc051_671e_0000_4f02_9000_0000_0000_0003);

const OF_GROUP: &[Param] = &[guid("organizationalGroupGuid")];
const IN_GROUP: &[Param] = &[guid("organizationalGroupGuid"), guid("resourceGuid")];
const RESOURCES: &[Param] = &[guid("organizationalGroupGuid"), guids("resourceGuids")];

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Ns,
    name: "ScopingManagementService",
    methods: &[
        Method::new("CreateResourceTarget", &[text("configXml")], Ty::Guid, create_target).writes(),
        Method::new("GetResourceTargets", &[guid("policyItemGuid")], Ty::Guids, targets)
            .or_typed("GetResourceTargetsX"),
        Method::new(
            "AssignResourceTargetsToPolicy",
            &[guid("policyItemGuid"), guids("resourceTargetsGuids")],
            Ty::Void,
            assign_targets,
        )
        .or_typed("AssignResourceTargetsToPolicyX")
        .writes(),
        Method::new("GetResourceTargetMembership", &[guid("resourceTargetGuid")], Ty::Guids, target_membership)
            .or_typed("GetResourceTargetMembershipX"),
        Method::new("GetResourcesTargetedByPolicy", &[guid("policyItemGuid")], Ty::Guids, targeted)
            .or_typed("GetResourcesTargetedByPolicyX"),
        Method::new(
            "InvalidateTargetMembership",
            &[guid("targetGuid"), truth("invalidateDependencies")],
            Ty::Void,
            invalidate,
        )
        .or_typed("InvalidateTargetMembershipX")
        .since(Profile::V8_1)
        .writes(),
        Method::new("GetOrganizationalViews", &[], Ty::Guids, |_| Ok(Value::guids([VIEW]))),
        Method::new("GetOrganizationalViewsFolderGuid", &[], Ty::Guid, |_| Ok(VIEWS_FOLDER.into())),
        Method::new(
            "GetOrganizationalGroupsFromOrganizationalView",
            &[guid("organizationalViewGuid")],
            Ty::Guids,
            groups,
        )
        .or_typed("GetOrganizationalGroupsFromOrganizationalViewX"),
        Method::new("GetOrganizationalGroupMembership", OF_GROUP, Ty::Guids, group_membership)
            .or_typed("GetOrganizationalGroupMembershipX"),
        Method::new("GetOrganizationalGroupDirectMembership", OF_GROUP, Ty::Guids, group_membership)
            .or_typed("GetOrganizationalGroupDirectMembershipX"),
        Method::new("IsInOrganizationalGroup", IN_GROUP, Ty::Bool, is_in_group).or_typed("IsInOrganizationalGroupX"),
        Method::new("IsInOrganizationalGroupDirectMembership", IN_GROUP, Ty::Bool, is_in_group)
            .or_typed("IsInOrganizationalGroupDirectMembershipX"),
        Method::new("CreateOrganizationalView", &[text("name"), text("description")], Ty::Guid, no_scopes).writes(),
        Method::new("DeleteOrganizationalView", &[guid("organizationalViewGuid")], Ty::Void, no_scopes)
            .or_typed("DeleteOrganizationalViewX")
            .writes(),
        Method::new(
            "CreateOrganizationalGroup",
            &[text("name"), text("description"), guid("parentGuid")],
            Ty::Guid,
            no_scopes,
        )
        .or_typed("CreateOrganizationalGroupX")
        .writes(),
        Method::new("DeleteOrganizationalGroup", OF_GROUP, Ty::Void, no_scopes)
            .or_typed("DeleteOrganizationalGroupX")
            .writes(),
        Method::new(
            "MoveOrganizationalGroupWithinOrganizationalView",
            &[guid("organizationalGroupGuid"), guid("destinationGuid")],
            Ty::Void,
            no_scopes,
        )
        .or_typed("MoveOrganizationalGroupWithinOrganizationalViewX")
        .writes(),
        Method::new("AssignResourcesToOrganizationalGroup", RESOURCES, Ty::Void, no_scopes)
            .or_typed("AssignResourcesToOrganizationalGroupX")
            .writes(),
        Method::new("RemoveResourcesFromOrganizationalGroup", RESOURCES, Ty::Void, no_scopes)
            .or_typed("RemoveResourcesFromOrganizationalGroupX")
            .writes(),
        Method::new(
            "AssignRoleToOrganizationalGroup",
            &[guid("roleGuid"), guid("organizationalGroupGuid")],
            Ty::Bool,
            no_scopes,
        )
        .or_typed("AssignRoleToOrganizationalGroupX")
        .since(Profile::V8_0)
        .writes(),
    ],
};

fn create_target(call: &Call<'_>) -> Result<Value, Fault> {
    let config = TargetConfig::read(call.text("configXml")?)?;
    // The folder can be given from 8.5 on (altiris-asdk §4.3).
    if config.folder.is_some() && call.options.profile < Profile::V8_5 {
        return Err(Fault::invalid_parameter("The element parentFolderGuid is not known."));
    }
    Ok(call.write(|writer| writer.create_target(&config, None))?.guid.into())
}

fn targets(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::guids(call.app.targets_of(call.guid("policyItemGuid")?)?))
}

fn assign_targets(call: &Call<'_>) -> Result<Value, Fault> {
    let (policy, targets) = (call.guid("policyItemGuid")?, call.guids("resourceTargetsGuids")?);
    let collections_too = call.has(Quirk::CollectionAsTarget);
    call.write(|writer| writer.assign_targets(policy, &targets, collections_too))?;
    Ok(Value::Void)
}

fn target_membership(call: &Call<'_>) -> Result<Value, Fault> {
    let collection = call.app.collection_of_target(call.guid("resourceTargetGuid")?)?;
    Ok(Value::guids(call.app.computers_in(collection, call.limits)?))
}

fn targeted(call: &Call<'_>) -> Result<Value, Fault> {
    let mut found = BTreeSet::new();
    for target in call.app.targets_of(call.guid("policyItemGuid")?)? {
        let collection = call.app.collection_of_target(target)?;
        found.extend(call.app.computers_in(collection, call.limits)?);
    }
    Ok(Value::guids(found))
}

/// Who belongs to a target is always as of now here.
fn invalidate(call: &Call<'_>) -> Result<Value, Fault> {
    call.app.collection_of_target(call.guid("targetGuid")?)?;
    Ok(Value::Void)
}

fn groups(call: &Call<'_>) -> Result<Value, Fault> {
    match call.guid("organizationalViewGuid")? {
        VIEW => Ok(Value::guids([GROUP])),
        other => Err(Fault::does_not_exist(format!("There is no organizational view {other}."))),
    }
}

fn everybody(call: &Call<'_>) -> Result<Vec<Guid>, Fault> {
    match call.guid("organizationalGroupGuid")? {
        GROUP => Ok(call.app.computers()?.into_iter().map(|computer| computer.guid).collect()),
        other => Err(Fault::does_not_exist(format!("There is no organizational group {other}."))),
    }
}

fn group_membership(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::guids(everybody(call)?))
}

fn is_in_group(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(everybody(call)?.contains(&call.guid("resourceGuid")?).into())
}

fn no_scopes(_: &Call<'_>) -> Result<Value, Fault> {
    let why = "This server holds one organizational group with every computer, and no others.";
    Err(Fault::new(Exception::NotImplemented, why))
}
