//! Whatever has a GUID in the older API: an item of this server, or an object beside them.

use std::collections::BTreeSet;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::targets;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::items;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::RunWith;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::items as rows;

/// An item or an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An item of this server.
    Item(Item),
    /// What only the older API knows.
    Object(Object),
}

impl Entry {
    /// Its GUID.
    pub const fn guid(&self) -> Guid {
        match self {
            Self::Item(item) => item.guid,
            Self::Object(object) => object.guid,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Item(item) => &item.name,
            Self::Object(object) => &object.name,
        }
    }

    /// Its folder.
    pub const fn folder(&self) -> Option<Guid> {
        match self {
            Self::Item(item) => item.folder,
            Self::Object(object) => object.folder,
        }
    }

    /// Its class.
    pub const fn class(&self) -> Class {
        match self {
            Self::Item(item) => Class::of(item.kind),
            Self::Object(object) => object.class(),
        }
    }

    /// Its attributes; an object has none.
    pub fn attributes(&self) -> BTreeSet<Attribute> {
        match self {
            Self::Item(item) => item.attributes.clone(),
            Self::Object(_) => BTreeSet::new(),
        }
    }

    /// What it says to people.
    pub fn description(&self) -> &str {
        match self {
            Self::Object(object) => object.description(),
            Self::Item(item) => match &item.spec {
                Spec::AgentSettings(spec) => &spec.description,
                Spec::Collection(spec) => &spec.description,
                Spec::DeliveryPolicy(spec) => &spec.description,
                Spec::Folder(spec) => &spec.description,
                Spec::MaintenanceWindow(spec) => &spec.description,
                Spec::Package(spec) => &spec.description,
                Spec::PatchPlugin(spec) => &spec.description,
                Spec::PortalSettings(spec) => &spec.description,
                Spec::Program(spec) => &spec.description,
                Spec::SequentialTask(spec) => &spec.description,
                Spec::Task(spec) => &spec.description,
                Spec::PortalDefaults(_) | Spec::PurgeSettings(_) | Spec::StepTask(_) => "",
            },
        }
    }

    /// Whether it is in force: what is no policy always is.
    pub const fn is_enabled(&self) -> bool {
        match self {
            Self::Item(item) => item.spec.is_enabled(),
            Self::Object(_) => true,
        }
    }

    /// When it was made, and when it last changed.
    pub const fn dates(&self) -> (jiff::Timestamp, jiff::Timestamp) {
        match self {
            Self::Item(item) => (item.created_at, item.modified_at),
            Self::Object(object) => (object.created_at, object.modified_at),
        }
    }
}

/// What has this GUID.
///
/// # Errors
/// `not_found`.
pub fn find(sql: &Connection, guid: Guid) -> Result<Entry, Refused> {
    if let Some(json) = rows::json(sql, guid)? {
        return Ok(Entry::Item(Item::stored(&json)?));
    }
    if let Some(object) = object::find(sql, guid)? {
        return Ok(Entry::Object(object));
    }
    match targets::of_collection_behind(sql, guid)? {
        Some(target) => Ok(Entry::Object(target)),
        None => Err(items::missing(sql, guid)?),
    }
}

/// The item with this GUID, of this class.
///
/// # Errors
/// `not_found`; a wrong type for another class.
pub fn find_item(sql: &Connection, guid: Guid, class: Class) -> Result<Item, Refused> {
    match find(sql, guid)? {
        Entry::Item(item) if Class::of(item.kind) == class => Ok(item),
        _ => Err(wrong_type(guid, class)),
    }
}

fn stored(json: Vec<String>) -> Result<Vec<Entry>, StoreError> {
    json.iter().map(|json| Item::stored(json).map(Entry::Item)).collect()
}

fn objects(sql: &Connection, filter: asdk::Filter<'_>) -> Result<impl Iterator<Item = Entry>, StoreError> {
    Ok(object::list(sql, filter)?.into_iter().map(Entry::Object))
}

/// The entries in a folder, those below it too if asked, parents first.
///
/// # Errors
/// `not_found`; a wrong type for what is no folder.
pub fn in_folder(sql: &Connection, folder: Guid, recursive: bool) -> Result<Vec<Entry>, Refused> {
    find_item(sql, folder, Class::Folder)?;
    let (mut found, mut ahead) = (Vec::new(), vec![folder]);
    while let Some(at) = ahead.pop() {
        let mut here = stored(asdk::items_in(sql, at)?)?;
        here.extend(objects(sql, asdk::Filter { folder: Some(at), ..asdk::Filter::default() })?);
        if recursive {
            ahead.extend(here.iter().filter(|entry| entry.class() == Class::Folder).map(Entry::guid));
        }
        found.extend(here);
    }
    Ok(found)
}

/// The entries of a name.
///
/// # Errors
/// When the store fails.
pub fn named(sql: &Connection, name: &str) -> Result<Vec<Entry>, StoreError> {
    let mut found = stored(rows::find(sql, None, Some(name))?)?;
    found.extend(objects(sql, asdk::Filter { name: Some(name), ..asdk::Filter::default() })?);
    Ok(found)
}

/// The entries of a class. Of resource targets, those that stand for a collection of their own right are not among them.
///
/// # Errors
/// When the store fails.
pub fn of_class(sql: &Connection, class: Class) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    for kind in class.kinds() {
        found.extend(stored(rows::find(sql, Some(kind.name()), None)?)?);
    }
    found.extend(objects(sql, asdk::Filter { class: Some(class.stored()), ..asdk::Filter::default() })?);
    Ok(found)
}

impl App {
    /// What has this GUID.
    ///
    /// # Errors
    /// `not_found`.
    pub fn entry(&self, guid: Guid) -> Result<Entry, Refused> {
        self.store().read(|sql| find(sql, guid))
    }

    /// The entries in a folder; those below it too if asked.
    ///
    /// # Errors
    /// As [`in_folder`].
    pub fn entries_in(&self, folder: Guid, recursive: bool) -> Result<Vec<Entry>, Refused> {
        self.store().read(|sql| in_folder(sql, folder, recursive))
    }

    /// The entries of a name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn entries_named(&self, name: &str) -> Result<Vec<Entry>, StoreError> {
        self.store().read(|sql| named(sql, name))
    }

    /// The entries of a class.
    ///
    /// # Errors
    /// When the store fails.
    pub fn entries_of_class(&self, class: Class) -> Result<Vec<Entry>, StoreError> {
        self.store().read(|sql| of_class(sql, class))
    }
}

impl Writer<'_> {
    /// What has this GUID.
    ///
    /// # Errors
    /// `not_found`.
    pub fn entry(&self, guid: Guid) -> Result<Entry, Refused> {
        find(self.sql, guid)
    }

    /// Gives an entry another name.
    ///
    /// # Errors
    /// `not_found`, and as of a change of the item.
    pub fn rename_entry(&mut self, guid: Guid, name: &str) -> Result<(), Refused> {
        match self.entry(guid)? {
            Entry::Item(_) => {
                self.edit(guid, |item| {
                    item.name = name.to_owned();
                    Ok(())
                })?;
            }
            Entry::Object(_) => {
                self.keep_derived(guid)?;
                self.edit_object(guid, |object| {
                    object.name = name.to_owned();
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Lays an entry into another folder.
    ///
    /// # Errors
    /// `not_found`, and as of a change of the item.
    pub fn move_entry(&mut self, guid: Guid, folder: Guid) -> Result<(), Refused> {
        match self.entry(guid)? {
            Entry::Item(_) => {
                self.edit(guid, |item| {
                    item.folder = Some(folder);
                    Ok(())
                })?;
            }
            Entry::Object(object) if object.class() == Class::Program => {
                let why = "a program lives in the hidden programs folder";
                return Err(Refused::invalid("folder", why).with("rule", "PRG-13"));
            }
            Entry::Object(_) => {
                self.keep_derived(guid)?;
                self.edit_object(guid, |object| {
                    object.folder = Some(folder);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// `not_found`, `protected`, and `in_use` while something refers to it.
    pub fn delete_entry(&mut self, guid: Guid) -> Result<(), Refused> {
        match self.entry(guid)? {
            Entry::Item(item) => self.delete(guid, item.revision),
            Entry::Object(object) => match &object.says {
                Says::Target(_) => self.delete_target(&object),
                Says::Task(_) => self.delete_server_task(&object),
                Says::Publishing(_) => self.delete_publishing(&object),
                _ => self.drop_object(&object),
            },
        }
    }

    /// Copies an entry under another name, into the same folder: switched off where it can be, so that nobody gets it
    /// before it was looked at. A program's password is not copied.
    ///
    /// # Errors
    /// `not_found`, and as of a new item.
    pub fn clone_entry(&mut self, guid: Guid, name: &str) -> Result<Entry, Refused> {
        match self.entry(guid)? {
            Entry::Item(mut item) => {
                switch(&mut item.spec, false);
                if let Spec::Program(program) = &mut item.spec
                    && let RunWith::Account { password_mark, .. } = &mut program.run_with
                {
                    *password_mark = None;
                }
                let spec = serde_json::to_value(&item.spec).map_err(|_| StoreError::Corrupt { what: "item" })?;
                let body = Body { name: name.to_owned(), folder: item.folder, attributes: None, spec };
                Ok(Entry::Item(self.create(Draft { kind: item.kind, body, package: item.package })?))
            }
            Entry::Object(object) => match object.says {
                Says::Target(_) | Says::Instance(_) => {
                    Err(Refused::new(Code::Protected, "an item of this class cannot be copied"))
                }
                says => Ok(Entry::Object(self.create_object(name, object.folder, says, None)?)),
            },
        }
    }

    /// Switches a policy on or off.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no policy.
    pub fn enable_entry(&mut self, guid: Guid, enabled: bool) -> Result<(), Refused> {
        match self.entry(guid)? {
            Entry::Item(item) if Class::of(item.kind).is_policy() => {
                if enabled {
                    self.check_one_start(guid)?;
                }
                self.edit(guid, |item| {
                    switch(&mut item.spec, enabled);
                    Ok(())
                })?;
                Ok(())
            }
            _ => Err(wrong_type(guid, Class::Task)),
        }
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// As of a new item.
    pub fn create_folder_entry(&mut self, name: &str, parent: Option<Guid>) -> Result<Entry, Refused> {
        let body = Body { name: name.to_owned(), folder: parent, attributes: None, spec: serde_json::json!({}) };
        Ok(Entry::Item(self.create(Draft { kind: Kind::Folder, body, package: None })?))
    }
}

/// Switches a policy on or off; what is none stays.
pub(super) const fn switch(spec: &mut Spec, enabled: bool) {
    match spec {
        Spec::Task(spec) => spec.enabled = enabled,
        Spec::SequentialTask(spec) => spec.enabled = enabled,
        Spec::MaintenanceWindow(spec) => spec.enabled = enabled,
        Spec::PortalSettings(spec) => spec.enabled = enabled,
        Spec::DeliveryPolicy(spec) => spec.enabled = enabled,
        Spec::AgentSettings(spec) => spec.enabled = enabled,
        Spec::PatchPlugin(spec) => spec.enabled = enabled,
        _ => {}
    }
}

/// Gives a policy other collections; `false`: it has none.
pub(super) fn set_collections(spec: &mut Spec, collections: Vec<Guid>) -> bool {
    match spec {
        Spec::Task(spec) => spec.collections = collections,
        Spec::SequentialTask(spec) => spec.collections = collections,
        Spec::MaintenanceWindow(spec) => spec.collections = collections,
        Spec::PortalSettings(spec) => spec.collections = collections,
        Spec::DeliveryPolicy(spec) => spec.collections = collections,
        Spec::AgentSettings(spec) => spec.collections = collections,
        Spec::PatchPlugin(spec) => spec.collections = collections,
        _ => return false,
    }
    true
}
