//! `SecurityManagementService` (altiris-asdk §4.5). Lists of names are done as far as they are known; `false` says that at
//! least one was not, and the log says which.

use crate::server::app::asdk::role::Inherited;
use crate::server::app::asdk::role::List;
use crate::server::app::asdk::role::PRIVILEGES;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::number;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

const MEMBERS: &[Param] = &[guid("roleGuid"), text("memberNames")];
const RIGHTS: &[Param] = &[guid("roleGuid"), text("privilegeNames")];

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Ns,
    name: "SecurityManagementService",
    methods: &[
        Method::new("FindRoleByName", &[text("roleName")], Ty::Text, find_role),
        Method::new("CreateNewRole", &[text("roleName"), text("roleDescription")], Ty::Text, create_role).administers(),
        // Shown with `guid` alone (altiris-asdk §4.5).
        Method::new("DeleteRole", &[guid("roleGuid")], Ty::Void, delete_role).typed_alone().administers(),
        Method::new("AddRoleMembers", MEMBERS, Ty::Bool, add_members).administers(),
        Method::new("RemoveRoleMembers", MEMBERS, Ty::Bool, remove_members).administers(),
        Method::new("AddRolePrivileges", RIGHTS, Ty::Bool, add_privileges).administers(),
        Method::new("RemoveRolePrivileges", RIGHTS, Ty::Bool, remove_privileges).administers(),
        Method::new("AssignItemOwnership", &[guid("itemGuid"), text("userName")], Ty::Bool, assign_owner).administers(),
        Method::new("EnablePermissionInheritance", &[guid("itemGuid")], Ty::Bool, inherit).writes(),
        Method::new(
            "DisablePermissionInheritance",
            &[guid("itemGuid"), number("actionFlag")],
            Ty::Bool,
            end_inheritance,
        )
        .writes(),
    ],
};

fn find_role(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.role_named(call.text("roleName")?)?.map(|role| role.guid.to_string()).into())
}

fn create_role(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, description) = (call.text("roleName")?, call.text_or_null("roleDescription").unwrap_or_default());
    Ok(call.write(|writer| writer.create_role(name, description))?.guid.to_string().into())
}

fn delete_role(call: &Call<'_>) -> Result<Value, Fault> {
    let role = call.guid("roleGuid")?;
    call.write(|writer| writer.delete_role(role))?;
    Ok(Value::Void)
}

fn add_members(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, List::Members, true)
}

fn remove_members(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, List::Members, false)
}

fn add_privileges(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, List::Privileges, true)
}

fn remove_privileges(call: &Call<'_>) -> Result<Value, Fault> {
    change(call, List::Privileges, false)
}

fn change(call: &Call<'_>, list: List, add: bool) -> Result<Value, Fault> {
    let role = call.guid("roleGuid")?;
    let param = if list == List::Members { "memberNames" } else { "privilegeNames" };
    let mut known = Vec::new();
    let mut all = true;
    for name in call.text(param)?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match as_known(call, list, name)? {
            Some(name) => known.push(name),
            None => {
                tracing::warn!(name, "a role's list was not changed: nobody knows this name");
                all = false;
            }
        }
    }
    call.write(|writer| writer.change_role(role, list, &known, add))?;
    Ok(all.into())
}

/// A name as it is kept, where it is known.
fn as_known(call: &Call<'_>, list: List, name: &str) -> Result<Option<String>, Fault> {
    Ok(match list {
        List::Members => call.app.knows_user(name)?.then(|| name.to_owned()),
        List::Privileges => PRIVILEGES.into_iter().find(|known| known.eq_ignore_ascii_case(name)).map(str::to_owned),
    })
}

/// Items of this server have no owners: an item that is there and a user that is known is all that can be said.
fn assign_owner(call: &Call<'_>) -> Result<Value, Fault> {
    call.app.entry(call.guid("itemGuid")?)?;
    let name = call.text("userName")?;
    if !call.app.knows_user(name)? || name.contains('\\') {
        tracing::warn!(name, "an owner was not assigned: there is no such user");
        return Ok(false.into());
    }
    Err(Fault::new(Exception::NotImplemented, "Items of this server have no owners."))
}

fn inherit(call: &Call<'_>) -> Result<Value, Fault> {
    let item = call.guid("itemGuid")?;
    call.write(|writer| said(writer.inherit_rights(item)))
}

fn end_inheritance(call: &Call<'_>) -> Result<Value, Fault> {
    let item = call.guid("itemGuid")?;
    let inherited = match call.number("actionFlag") {
        1 => Inherited::Removed,
        2 => Inherited::Copied,
        other => return Err(Fault::invalid_parameter(format!("The action flag is 1 or 2, not {other}."))),
    };
    call.write(|writer| said(writer.end_inheritance(item, inherited)))
}

/// `false`, and the reason in the log, for what cannot be changed.
fn said(done: Result<(), Refused>) -> Result<Value, Refused> {
    match done {
        Ok(()) => Ok(true.into()),
        Err(refused) if refused.code == Code::Protected => {
            tracing::warn!(why = refused.message, "the inheritance of rights was not changed");
            Ok(false.into())
        }
        Err(refused) => Err(refused),
    }
}
