//! What the portal offers (altiris-asdk §4.12), and its settings.
//!
//! Software that is offered to somebody is a right of the portal on the program that installs it. A policy can be offered,
//! and is kept and shown; users of this server ask for programs and sequential tasks alone.

use std::collections::BTreeMap;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::delivery;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::folders;
use crate::server::app::asdk::no_such;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::PublishedTo;
use crate::server::app::asdk::object::Publishing;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::wrong_type;
use crate::server::app::refused::Refused;
use crate::server::app::spec::parts::Right;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::portal;

/// The settings, and what each is where nobody said: the sort of its value is that of this.
const SETTINGS: &[(&str, &str)] = &[
    ("MaxUserRequests", "5"),
    ("CompanyLogo", ""),
    ("CompanyName", ""),
    ("PublishAcrossDomains", "False"),
    ("EndTaskAfter", "30"),
    ("NotificationEmail", ""),
    ("UseNotificationEmail", "False"),
];

/// A request, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its number.
    pub id: u64,
    /// What is asked for.
    pub item: Guid,
    /// Who asks.
    pub user: String,
    /// How far it is.
    pub status: String,
    /// When it was made, in milliseconds since 1970.
    pub asked_ms: i64,
}

fn find(sql: &Connection, guid: Guid) -> Result<Publishing, Refused> {
    match entry::find(sql, guid)? {
        Entry::Object(Object { says: Says::Publishing(publishing), .. }) => Ok(publishing),
        _ => Err(wrong_type(guid, Class::PublishingItem)),
    }
}

fn setting(name: &str) -> Result<(&'static str, &'static str), Refused> {
    let found = SETTINGS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name.trim()));
    found.copied().ok_or_else(|| no_such(format!("there is no setting `{name}`")))
}

fn settings(sql: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    match asdk::extras(sql, folders::PUBLISHED)? {
        Some(json) => serde_json::from_str(&json).map_err(|_| StoreError::Corrupt { what: "portal setting" }),
        None => Ok(BTreeMap::new()),
    }
}

impl App {
    /// Something that the portal offers.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is none.
    pub fn publishing(&self, guid: Guid) -> Result<Publishing, Refused> {
        self.store().read(|sql| find(sql, guid))
    }

    /// A setting of the portal.
    ///
    /// # Errors
    /// `not_found` for a setting that is none.
    pub fn portal_setting(&self, name: &str) -> Result<String, Refused> {
        let (name, start) = setting(name)?;
        let there = self.store().read(settings)?;
        Ok(there.get(name).cloned().unwrap_or_else(|| start.to_owned()))
    }

    /// Every request of the portal, by number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn portal_requests_shown(&self) -> Result<Vec<Asked>, Refused> {
        let filter = portal::Filter { limit: i64::MAX.unsigned_abs(), ..portal::Filter::default() };
        let rows = self.store().read(|sql| portal::list(sql, filter))?;
        let shown = |row: portal::RequestRow| Asked {
            id: row.id,
            item: row.item,
            user: row.user,
            status: row.status,
            asked_ms: row.created_ms,
        };
        Ok(rows.into_iter().map(shown).collect())
    }
}

impl Writer<'_> {
    /// Offers software by one of its command lines, to nobody yet.
    ///
    /// # Errors
    /// `not_found`; a wrong type; `invalid` for a command line of something else.
    pub fn publish_software(
        &mut self,
        software: Guid,
        line: Guid,
        name: &str,
        description: &str,
    ) -> Result<Guid, Refused> {
        let (_, component) = delivery::software(self.sql, software)?;
        if self.entry(line)?.class() != Class::Program {
            return Err(wrong_type(line, Class::Program));
        }
        if !component.command_lines.contains(&line) {
            let why = "the command line is not one of the software";
            return Err(Refused::invalid("commandLineGuid", why).with("guid", line.to_string()));
        }
        self.publish(line, name, description)
    }

    /// Offers a policy, to nobody yet.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no delivery policy.
    pub fn publish_policy(&mut self, policy: Guid, name: &str, description: &str) -> Result<Guid, Refused> {
        entry::find_item(self.sql, policy, Class::DeliveryPolicy)?;
        self.publish(policy, name, description)
    }

    fn publish(&mut self, offers: Guid, name: &str, description: &str) -> Result<Guid, Refused> {
        let says = Publishing { description: description.to_owned(), offers, published_to: Vec::new() };
        Ok(self.create_object(name, Some(folders::PUBLISHED), Says::Publishing(says), None)?.guid)
    }

    /// Offers something to a user or group, in the place of how it was offered before.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is not offered.
    pub fn publish_to(&mut self, guid: Guid, to: PublishedTo) -> Result<(), Refused> {
        self.withdraw_right(guid, &to.name)?;
        let offers = find(self.sql, guid)?.offers;
        let right = if to.pre_approved { Right::Install } else { Right::InstallOnApproval };
        if self.entry(offers)?.class() == Class::Program {
            self.set_portal_right(offers, &to.name, right, true)?;
        }
        self.change_publishing(guid, |publishing| {
            publishing.published_to.retain(|other| !other.name.eq_ignore_ascii_case(&to.name));
            publishing.published_to.push(to);
        })
    }

    /// Offers something to a user or group no longer.
    ///
    /// # Errors
    /// `not_found`, also for somebody to whom it was not offered; a wrong type for what is not offered.
    pub fn withdraw_from(&mut self, guid: Guid, name: &str) -> Result<(), Refused> {
        if !self.withdraw_right(guid, name)? {
            return Err(no_such("it is not offered to this user or group").with("principal", name));
        }
        self.change_publishing(guid, |publishing| {
            publishing.published_to.retain(|other| !other.name.eq_ignore_ascii_case(name));
        })
    }

    /// Takes the right away that offering gave; whether it was offered.
    fn withdraw_right(&mut self, guid: Guid, name: &str) -> Result<bool, Refused> {
        let publishing = find(self.sql, guid)?;
        let to = publishing.published_to.iter().find(|other| other.name.eq_ignore_ascii_case(name));
        let Some(to) = to else { return Ok(false) };
        let right = if to.pre_approved { Right::Install } else { Right::InstallOnApproval };
        if matches!(self.entry(publishing.offers), Ok(entry) if entry.class() == Class::Program) {
            // Somebody may have taken it away at the program: then there is nothing left to do.
            match self.set_portal_right(publishing.offers, name, right, false) {
                Err(refused) if refused.source.is_some() => return Err(refused),
                _ => {}
            }
        }
        Ok(true)
    }

    fn change_publishing(&mut self, guid: Guid, change: impl FnOnce(&mut Publishing)) -> Result<(), Refused> {
        self.edit_object(guid, |object| match &mut object.says {
            Says::Publishing(publishing) => {
                change(publishing);
                Ok(())
            }
            _ => Err(wrong_type(guid, Class::PublishingItem)),
        })?;
        Ok(())
    }

    /// Offers something no longer to anybody.
    pub(super) fn delete_publishing(&mut self, object: &Object) -> Result<(), Refused> {
        for to in find(self.sql, object.guid)?.published_to {
            self.withdraw_right(object.guid, &to.name)?;
        }
        self.drop_object(object)
    }

    /// Changes a setting of the portal.
    ///
    /// # Errors
    /// `not_found` for a setting that is none; `invalid` for a value of another sort.
    pub fn set_portal_setting(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let (name, start) = setting(name)?;
        let wrong = |wanted: &str| Refused::invalid("value", format!("the setting {name} is {wanted}"));
        let value = match start {
            "False" if value.eq_ignore_ascii_case("true") => "True".to_owned(),
            "False" if value.eq_ignore_ascii_case("false") => "False".to_owned(),
            "False" => return Err(wrong("`true` or `false`")),
            "" => value.to_owned(),
            _ => value.trim().parse::<u32>().map_err(|_| wrong("a whole number"))?.to_string(),
        };
        let mut all = settings(self.sql)?;
        all.insert(name.to_owned(), value);
        let json = serde_json::to_string(&all).expect("settings are texts");
        Ok(asdk::set_extras(self.sql, folders::PUBLISHED, Some(&json))?)
    }
}
