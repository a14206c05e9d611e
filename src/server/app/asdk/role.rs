//! Roles (altiris-asdk §4.5). They are kept and shown; what a caller of this server may do is said by its token alone.

use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Item;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::rights;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::Grant;
use crate::server::app::spec::parts::Portal;
use crate::server::app::writer::Writer;
use crate::server::store::tokens;

/// The privileges whose names are known (altiris-asdk §3); upper and lower case are the same.
pub const PRIVILEGES: [&str; 2] = ["Create Reports", "Import XML"];

/// What a role says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// For people.
    pub description: String,
    /// Who has it.
    pub members: Vec<String>,
    /// What it allows.
    pub privileges: Vec<String>,
}

/// What becomes of rights that were inherited, when they are no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inherited {
    /// They go.
    Removed,
    /// They become the item's own.
    Copied,
}

/// Which list of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Its members: a user of this server by the name of its token, or a Windows account as `DOMAIN\user`.
    Members,
    /// Its privileges.
    Privileges,
}

impl App {
    /// The role of this name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn role_named(&self, name: &str) -> Result<Option<Object>, Refused> {
        self.store().read(|sql| {
            let roles = object::of_class(sql, Class::Role)?;
            Ok(roles.into_iter().find(|role| role.name.eq_ignore_ascii_case(name)))
        })
    }

    /// Whether somebody of this name can be a member or an owner.
    ///
    /// # Errors
    /// When the store fails.
    pub fn knows_user(&self, name: &str) -> Result<bool, Refused> {
        let name = name.trim();
        if let Some((domain, user)) = name.split_once('\\') {
            return Ok(!domain.is_empty() && !user.is_empty() && !user.contains('\\'));
        }
        let users = self.store().read(tokens::list)?;
        Ok(users.iter().any(|token| token.name.eq_ignore_ascii_case(name)))
    }
}

impl Writer<'_> {
    /// Makes a role.
    ///
    /// # Errors
    /// `invalid` for a name that is none or taken.
    pub fn create_role(&mut self, name: &str, description: &str) -> Result<Object, Refused> {
        let taken = object::of_class(self.sql, Class::Role)?;
        if taken.iter().any(|role| role.name.eq_ignore_ascii_case(name)) {
            return Err(Refused::invalid("roleName", "a role of this name is there"));
        }
        let role = Role { description: description.to_owned(), ..Role::default() };
        self.create_object(name, None, Says::Role(role), None)
    }

    /// Removes a role.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no role.
    pub fn delete_role(&mut self, guid: Guid) -> Result<(), Refused> {
        let role = self.role(guid)?;
        self.drop_object(&role)
    }

    /// Adds names to a list of a role, or takes them away. Those that are known and were not so before are done; upper and
    /// lower case are the same.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no role.
    pub fn change_role(&mut self, guid: Guid, list: List, names: &[String], add: bool) -> Result<(), Refused> {
        self.role(guid)?;
        self.edit_object(guid, |object| {
            if let Says::Role(role) = &mut object.says {
                let there = match list {
                    List::Members => &mut role.members,
                    List::Privileges => &mut role.privileges,
                };
                there.retain(|one| !names.iter().any(|name| name.eq_ignore_ascii_case(one)));
                if add {
                    there.extend(names.iter().cloned());
                    there.sort();
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    fn role(&self, guid: Guid) -> Result<Object, Refused> {
        match object::find(self.sql, guid)? {
            Some(role) if role.class() == Class::Role => Ok(role),
            Some(_) => Err(wrong_type(guid, Class::Role)),
            None => {
                self.entry(guid)?;
                Err(wrong_type(guid, Class::Role))
            }
        }
    }

    /// Lets an item inherit the rights of what is above it again.
    ///
    /// # Errors
    /// `not_found`; `protected` for what has no rights of its own.
    pub fn inherit_rights(&mut self, guid: Guid) -> Result<(), Refused> {
        self.entry(guid)?;
        self.edit(guid, |item| {
            portal_of(item)?.inherit = true;
            Ok(())
        })?;
        Ok(())
    }

    /// Ends that an item inherits rights.
    ///
    /// # Errors
    /// As [`Self::inherit_rights`].
    pub fn end_inheritance(&mut self, guid: Guid, inherited: Inherited) -> Result<(), Refused> {
        let mut own = Vec::new();
        if let super::entry::Entry::Item(item) = self.entry(guid)?
            && inherited == Inherited::Copied
            && has_rights(&item)
        {
            own = rights::of(self.sql, &item)?.rights;
        }
        self.edit(guid, |item| {
            let portal = portal_of(item)?;
            portal.inherit = false;
            for held in own {
                let grant = Grant { principal: held.principal, right: held.right };
                if !portal.grants.contains(&grant) {
                    portal.grants.push(grant);
                }
            }
            Ok(())
        })?;
        Ok(())
    }
}

const fn has_rights(item: &Item) -> bool {
    matches!(item.spec, Spec::Program(_) | Spec::SequentialTask(_) | Spec::Folder(_))
}

fn portal_of(item: &mut Item) -> Result<&mut Portal, Refused> {
    match &mut item.spec {
        Spec::Program(spec) => Ok(&mut spec.portal),
        Spec::SequentialTask(spec) => Ok(&mut spec.portal),
        Spec::Folder(spec) => Ok(&mut spec.portal),
        _ => Err(Refused::new(Code::Protected, "items of this class have no rights of their own here")),
    }
}
