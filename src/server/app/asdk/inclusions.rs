//! Who is put into a collection by name, and who is kept out (altiris-asdk §4.2): collections, and computers as resources.

use std::collections::BTreeSet;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::item::Item;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::estate::Collection;
use crate::server::app::spec::estate::Language;
use crate::server::app::spec::estate::Query;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::fleet;
use crate::server::store::items;

/// The two lists of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who belongs to it.
    Included,
    /// Who does not. Here only collections can be kept out, no single computers.
    Excluded,
}

/// What stands in one of the lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The collections.
    pub collections: Vec<Guid>,
    /// The computers. A name that no computer has is not among them.
    pub resources: Vec<Guid>,
}

/// The collection with this GUID.
fn collection(sql: &Connection, guid: Guid) -> Result<(Item, Collection), Refused> {
    let item = entry::find_item(sql, guid, Class::Collection)?;
    match item.spec.clone() {
        Spec::Collection(spec) => Ok((item, spec)),
        _ => Err(super::wrong_type(guid, Class::Collection)),
    }
}

impl App {
    /// What stands in one of a collection's lists.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no collection.
    pub fn listed(&self, guid: Guid, side: Side) -> Result<Listed, Refused> {
        self.store().read(|sql| {
            let (_, spec) = collection(sql, guid)?;
            if side == Side::Excluded {
                return Ok(Listed { collections: spec.exclude, resources: Vec::new() });
            }
            let names: BTreeSet<String> = spec.members.iter().map(|name| name.to_lowercase()).collect();
            let mut resources = Vec::new();
            fleet::each_computer(sql, |row| {
                if names.contains(&row.name.to_lowercase()) {
                    resources.push(row.guid);
                }
            })?;
            Ok(Listed { collections: spec.include, resources })
        })
    }
}

impl Writer<'_> {
    /// Puts collections and computers into one of a collection's lists, or takes them out. What is so already stays so.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no collection, and for what is neither collection nor computer; `cycle`;
    /// `protected` for a built-in collection, and for a computer that would be kept out.
    pub fn list_members(&mut self, guid: Guid, side: Side, given: &[Guid], add: bool) -> Result<(), Refused> {
        collection(self.sql, guid)?;
        let mut collections = Vec::new();
        let mut computers = Vec::new();
        for one in given {
            match items::named(self.sql, *one)? {
                Some(named) if named.kind == Kind::Collection.name() => collections.push(*one),
                Some(_) => return Err(super::wrong_type(*one, Class::Collection)),
                None => computers.push(*one),
            }
        }
        if side == Side::Excluded && !computers.is_empty() && add {
            self.names_of(&computers)?;
            let why = "this server keeps whole collections out of a collection, no single computers";
            return Err(Refused::new(Code::Protected, why).with("guid", computers[0].to_string()));
        }
        let names = self.names_of(&computers)?;
        self.edit(guid, |item| {
            if let Spec::Collection(spec) = &mut item.spec {
                let list = if side == Side::Included { &mut spec.include } else { &mut spec.exclude };
                change(list, &collections, add, |one, other| one == other);
                if side == Side::Included {
                    change(&mut spec.members, &names, add, |one, other| one.eq_ignore_ascii_case(other));
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Gives a collection another query, or none.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no collection; `protected` for a built-in one.
    pub fn set_query(&mut self, guid: Guid, text: Option<&str>) -> Result<(), Refused> {
        collection(self.sql, guid)?;
        self.edit(guid, |item| {
            if let Spec::Collection(spec) = &mut item.spec {
                spec.query = text.map(|text| Query { language: Language::Sql, text: text.to_owned() });
            }
            Ok(())
        })?;
        Ok(())
    }
}

fn change<T: Clone>(list: &mut Vec<T>, given: &[T], add: bool, same: impl Fn(&T, &T) -> bool) {
    if !add {
        list.retain(|there| !given.iter().any(|one| same(one, there)));
        return;
    }
    for one in given {
        if !list.iter().any(|there| same(there, one)) {
            list.push(one.clone());
        }
    }
}
