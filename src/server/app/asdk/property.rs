//! Properties of items by name, as the patch workflow service reads and sets them (altiris-asdk §4.15). Their names are in no
//! document: here they are those of the fields of an item, each with a capital letter.

use serde_json::Value;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::delivery;
use crate::server::app::asdk::details::Names;
use crate::server::app::asdk::details::PRIORITIES;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::no_such;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::targets;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Item;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::Package;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;

/// The list of targets, which is a property of GUIDs.
pub const TARGETS: &str = "AppliedToResourceTargets";

/// Which items have properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Patch policies alone.
    Patch,
    /// All.
    Any,
}

fn item(sql: &Connection, guid: Guid, reach: Reach) -> Result<Item, Refused> {
    match entry::find(sql, guid)? {
        Entry::Item(item) if reach == Reach::Any || Class::of(item.kind) == Class::PatchPlugin => Ok(item),
        _ => Err(wrong_type(guid, Class::PatchPlugin)),
    }
}

/// The field of a property: its name with a small letter.
fn field_of(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn unknown(name: &str) -> Refused {
    no_such(format!("the item has no property `{name}`"))
}

fn fields(spec: &Spec) -> Result<Value, StoreError> {
    serde_json::to_value(spec).map_err(|_| StoreError::Corrupt { what: "item" })
}

impl App {
    /// A property of an item.
    ///
    /// # Errors
    /// `not_found`, also for a property; a wrong type for what is out of reach.
    pub fn property(&self, guid: Guid, name: &str, reach: Reach) -> Result<String, Refused> {
        self.store().read(|sql| {
            let item = item(sql, guid, reach)?;
            if name == "Name" {
                return Ok(item.name);
            }
            if name == TARGETS {
                let targets = targets::of_policy(sql, &item)?;
                return Ok(targets.iter().map(Guid::to_string).collect::<Vec<_>>().join(","));
            }
            match fields(&item.spec)?.get(field_of(name)) {
                Some(Value::String(text)) => Ok(text.clone()),
                Some(Value::Bool(truth)) => Ok(if *truth { "True" } else { "False" }.to_owned()),
                Some(Value::Number(number)) => Ok(number.to_string()),
                Some(Value::Null) => Ok(String::new()),
                Some(Value::Array(_) | Value::Object(_)) | None => Err(unknown(name)),
            }
        })
    }

    /// The software release that a package is of.
    ///
    /// # Errors
    /// When the store fails.
    pub fn software_of_package(&self, package: Guid) -> Result<Guid, StoreError> {
        self.store().read(|sql| {
            let all = object::of_class(sql, Class::SoftwareComponent)?;
            let found = all.into_iter().find(
                |object| matches!(&object.says, Says::Component(component) if component.packages.contains(&package)),
            );
            Ok(found.map_or_else(|| delivery::of_package(package), |object| object.guid))
        })
    }

    /// The package servers of a package that are computers.
    ///
    /// # Errors
    /// When the store fails.
    pub fn package_servers(&self, package: &Package) -> Result<Vec<Guid>, StoreError> {
        self.store().read(|sql| {
            let mut names = Names::default();
            let mut found = Vec::new();
            for name in &package.package_servers.names {
                found.extend(names.guid(sql, name)?);
            }
            Ok(found)
        })
    }
}

impl Writer<'_> {
    /// Sets a property of an item.
    ///
    /// # Errors
    /// `not_found`, also for a property; a wrong type for what is out of reach; `invalid` for a value of another sort.
    pub fn set_property(&mut self, guid: Guid, name: &str, value: &str, reach: Reach) -> Result<(), Refused> {
        item(self.sql, guid, reach)?;
        if name == "Name" {
            return self.rename_entry(guid, value);
        }
        let wrong = |wanted: &str| Refused::invalid(name, format!("`{value}` is not {wanted}"));
        self.edit(guid, |item| {
            let mut spec = fields(&item.spec)?;
            let field = spec.get_mut(field_of(name)).ok_or_else(|| unknown(name))?;
            *field = match field {
                Value::String(_) => Value::String(value.to_owned()),
                Value::Bool(_) => match value.to_ascii_lowercase().as_str() {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    _ => return Err(wrong("`true` or `false`")),
                },
                Value::Number(_) => {
                    let word = PRIORITIES.iter().position(|word| *word == value).filter(|_| name == "Priority");
                    let number = word.map_or_else(|| value.trim().parse::<i64>().ok(), |at| i64::try_from(at + 1).ok());
                    Value::Number(number.ok_or_else(|| wrong("a whole number"))?.into())
                }
                Value::Null | Value::Array(_) | Value::Object(_) => return Err(unknown(name)),
            };
            item.spec = Spec::parse(item.kind, &spec)?;
            Ok(())
        })?;
        Ok(())
    }

    /// Sets a property of GUIDs, or with `add` adds to it.
    ///
    /// # Errors
    /// As [`Self::set_property`].
    pub fn set_guids(
        &mut self,
        guid: Guid,
        name: &str,
        guids: &[Guid],
        add: bool,
        reach: Reach,
        collections_too: bool,
    ) -> Result<(), Refused> {
        let item = item(self.sql, guid, reach)?;
        if name != TARGETS {
            return Err(unknown(name));
        }
        let mut given = if add { targets::of_policy(self.sql, &item)? } else { Vec::new() };
        for target in guids {
            let target = self.target_or_collection(*target, collections_too)?;
            if !given.contains(&target) {
                given.push(target);
            }
        }
        self.assign_targets(guid, &given, false)
    }
}
