//! Programs, whether they belong to a package or not yet (altiris-asdk §4.8): the older API makes them without one.

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Item;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::items::stretched;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::Password;
use crate::server::app::spec::package::Program;
use crate::server::app::spec::package::RunWith;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::items;

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramEntry {
    /// Its GUID.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// Its package, once it has one.
    pub package: Option<Guid>,
    /// The rest of it; never with a password.
    pub spec: Program,
}

impl ProgramEntry {
    /// The program that an entry is.
    pub fn of(entry: Entry) -> Option<Self> {
        match entry {
            Entry::Item(Item { guid, name, package, spec: Spec::Program(spec), .. }) => {
                Some(Self { guid, name, package, spec: *spec })
            }
            Entry::Object(Object { guid, name, says: Says::Program(spec), .. }) => {
                Some(Self { guid, name, package: None, spec: *spec })
            }
            _ => None,
        }
    }
}

/// The program with this GUID.
///
/// # Errors
/// `not_found`; a wrong type for another class.
pub fn find(sql: &Connection, guid: Guid) -> Result<ProgramEntry, Refused> {
    ProgramEntry::of(entry::find(sql, guid)?).ok_or_else(|| wrong_type(guid, Class::Program))
}

impl App {
    /// The program with this GUID.
    ///
    /// # Errors
    /// As [`find`].
    pub fn program_entry(&self, guid: Guid) -> Result<ProgramEntry, Refused> {
        self.store().read(|sql| find(sql, guid))
    }

    /// The programs of a package, by name.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no package.
    pub fn programs_in(&self, package: Guid) -> Result<Vec<ProgramEntry>, Refused> {
        self.store().read(|sql| {
            entry::find_item(sql, package, Class::Package)?;
            let mut found = Vec::new();
            for json in asdk::programs_of(sql, package)? {
                found.extend(ProgramEntry::of(Entry::Item(Item::stored(&json)?)));
            }
            Ok(found)
        })
    }
}

impl Writer<'_> {
    /// Makes a program that belongs to no package yet.
    ///
    /// # Errors
    /// `invalid` for a name or a value that is none.
    pub fn create_loose_program(&mut self, name: &str, spec: Program) -> Result<ProgramEntry, Refused> {
        let spec = checked(spec)?;
        let says = Says::Program(Box::new(spec));
        let object = self.create_object(name, Some(Guid::PROGRAMS_FOLDER), says, None)?;
        ProgramEntry::of(Entry::Object(object)).ok_or_else(|| StoreError::Corrupt { what: "program" }.into())
    }

    /// Makes a program what `change` makes of its name and the rest of it. A password in it goes in and never comes out.
    ///
    /// # Errors
    /// `not_found`, what `change` returns, and as of a change of the item.
    pub fn change_program(
        &mut self,
        guid: Guid,
        change: impl FnOnce(&mut String, &mut Program) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        if find(self.sql, guid)?.package.is_some() {
            self.edit(guid, |item| match &mut item.spec {
                Spec::Program(spec) => change(&mut item.name, spec),
                _ => Err(wrong_type(guid, Class::Program)),
            })?;
            return Ok(());
        }
        let there = asdk::secret(self.sql, guid)?;
        let mut kept = None;
        self.edit_object(guid, |object| {
            let Says::Program(program) = &mut object.says else { return Err(wrong_type(guid, Class::Program)) };
            let before = account_of(program).map(str::to_lowercase);
            change(&mut object.name, program)?;
            let after = account_of(program).map(str::to_lowercase);
            let mut spec = checked((**program).clone())?;
            // As of an item: a password is that of an account, another one never gets it.
            let stays = there.is_some() && before.is_some() && before == after;
            if let RunWith::Account { password, password_set, .. } = &mut spec.run_with {
                kept = password.take();
                *password_set = kept.is_some() || stays;
            }
            **program = spec;
            Ok(())
        })?;
        let stays = ProgramEntry::of(self.entry(guid)?).is_some_and(|program| has_password(&program.spec));
        match kept {
            Some(password) => {
                let salt = self.ids.secret();
                let digest = stretched(&salt, password.expose());
                asdk::set_secret(self.sql, guid, Some((&salt, &digest)))?;
            }
            None if !stays => asdk::set_secret(self.sql, guid, None)?,
            None => {}
        }
        Ok(())
    }

    /// Gives a program that belongs to no package one. Its GUID stays, and so does its password.
    ///
    /// # Errors
    /// `not_found`; `in_use` when it belongs to another package; `revision_moved` when the package has one of its name.
    pub fn attach_program(&mut self, package: Guid, guid: Guid) -> Result<(), Refused> {
        entry::find_item(self.sql, package, Class::Package)?;
        let program = find(self.sql, guid)?;
        if let Some(other) = program.package {
            if other == package {
                return Ok(());
            }
            return Err(Refused::new(Code::InUse, "the program belongs to another package")
                .with("guid", other.to_string())
                .with("rule", "PRG-13"));
        }
        let Entry::Object(object) = self.entry(guid)? else { return Err(wrong_type(guid, Class::Program)) };
        let (secret, opaque) = (asdk::secret(self.sql, guid)?, asdk::opaque(self.sql, guid)?);
        self.drop_object(&object)?;
        let spec = serde_json::to_value(&program.spec).map_err(|_| StoreError::Corrupt { what: "program" })?;
        let body = Body { name: program.name, folder: None, attributes: None, spec };
        let mut item = self.create_as(Draft { kind: Kind::Program, body, package: Some(package) }, Some(guid))?;
        asdk::set_opaque(self.sql, guid, &opaque)?;
        if let Some(secret) = secret {
            if let Spec::Program(spec) = &mut item.spec
                && let RunWith::Account { password_set, .. } = &mut spec.run_with
            {
                *password_set = true;
            }
            items::update(self.sql, &item.row(&item.to_json()))?;
            items::set_secret(self.sql, guid, Some((&secret.salt, &secret.digest)))?;
        }
        Ok(())
    }

    /// Takes a program out of its package; then it belongs to none.
    ///
    /// # Errors
    /// `not_found`, also when it belongs to another package; `in_use` while something refers to it.
    pub fn detach_program(&mut self, package: Guid, guid: Guid) -> Result<(), Refused> {
        entry::find_item(self.sql, package, Class::Package)?;
        let program = find(self.sql, guid)?;
        if program.package != Some(package) {
            return Err(Refused::new(Code::NotFound, "the package has no such program").with("guid", guid.to_string()));
        }
        let item = entry::find_item(self.sql, guid, Class::Program)?;
        let (secret, opaque) = (items::secret(self.sql, guid)?, asdk::opaque(self.sql, guid)?);
        self.delete_alone(guid, item.revision)?;
        let says = Says::Program(Box::new(program.spec));
        self.create_object(&program.name, Some(Guid::PROGRAMS_FOLDER), says, Some(guid))?;
        asdk::set_opaque(self.sql, guid, &opaque)?;
        if let Some(secret) = secret {
            asdk::set_secret(self.sql, guid, Some((&secret.salt, &secret.digest)))?;
        }
        Ok(())
    }
}

fn checked(spec: Program) -> Result<Program, Refused> {
    match Spec::Program(Box::new(spec)).checked()? {
        Spec::Program(spec) => Ok(*spec),
        _ => Err(Refused::invalid("spec", json!("a program").to_string())),
    }
}

fn account_of(program: &Program) -> Option<&str> {
    match &program.run_with {
        RunWith::Account { account, .. } => Some(account),
        RunWith::System {} | RunWith::LoggedOnUser {} => None,
    }
}

/// The rights of an account; a blank password is that which is known of the same account.
///
/// # Errors
/// `invalid` for a blank password where none is known.
pub fn account(before: &RunWith, domain: &str, user: &str, password: &str) -> Result<RunWith, Refused> {
    let account = if domain.is_empty() { user.to_owned() } else { format!("{domain}\\{user}") };
    let knows = matches!(before, RunWith::Account { account: own, password_set: true, .. }
        if own.eq_ignore_ascii_case(&account));
    if password.is_empty() && !knows {
        let why = "a specified user needs a password";
        return Err(Refused::invalid("sUserPassword", why).with("rule", "PRG-8"));
    }
    let password = (!password.is_empty()).then(|| Password::of(password.to_owned()));
    Ok(RunWith::Account { account, password, password_set: knows, password_mark: None })
}

/// Whether a program runs as an account whose password is known.
pub const fn has_password(program: &Program) -> bool {
    matches!(&program.run_with, RunWith::Account { password_set: true, .. })
}
