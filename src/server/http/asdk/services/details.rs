//! What several services share: an entry as `ItemDetails`, names that match a mask, names of types.

use std::collections::BTreeMap;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::details::attributes;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::resources::COMPUTER;
use crate::server::app::asdk::resources::COMPUTER_LONG;
use crate::server::app::asdk::resources::COMPUTER_TYPE;
use crate::server::app::asdk::resources::Computer;
use crate::server::app::asdk::schedule;
use crate::server::app::asdk::schedule::Wrapper;
use crate::server::app::refused::Code;
use crate::server::app::spec::parts::Run;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::ITEM_DETAILS;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::value::Record;

/// Turns entries into details. Names of folders are looked up once each.
pub(super) struct Details<'a> {
    app: &'a App,
    folders: BTreeMap<Guid, String>,
}

impl<'a> Details<'a> {
    pub(super) const fn new(app: &'a App) -> Self {
        Self { app, folders: BTreeMap::new() }
    }

    /// An entry.
    pub(super) fn of(&mut self, entry: &Entry) -> Result<Record, Fault> {
        let class = entry.class();
        let mut record = Record::new(&ITEM_DETAILS)
            .with("Guid", entry.guid())
            .with("Name", entry.name())
            .with("TypeGuid", class.guid())
            .with("TypeName", class.name())
            .with("LongTypeName", class.long_name())
            .with("Attributes", attributes(&entry.attributes()))
            .with("Enabled", entry.is_enabled());
        if let Some(folder) = entry.folder() {
            record = record.with("ParentFolderGuid", folder).with("ParentFolderName", self.folder(folder));
        }
        if let Some(run) = entry.run() {
            record = record
                .with("IsSchedulableItem", true)
                .with("ScheduleEnabled", run != Run::Manual {})
                .with("ScheduleXml", schedule::show(&run, Wrapper::Item));
        }
        if class.is_policy() {
            let targets: Vec<String> = self.app.targets_of(entry.guid())?.iter().map(Guid::to_string).collect();
            record = record.with("AppliedToResourceTargets", targets.join(","));
        }
        Ok(record)
    }

    /// Entries.
    pub(super) fn all(&mut self, entries: &[Entry]) -> Result<Vec<Record>, Fault> {
        entries.iter().map(|entry| self.of(entry)).collect()
    }

    fn folder(&mut self, guid: Guid) -> String {
        let app = self.app;
        let name = || app.entry(guid).map(|entry| entry.name().to_owned()).unwrap_or_default();
        self.folders.entry(guid).or_insert_with(name).clone()
    }
}

/// A computer as an item.
pub(super) fn of_computer(computer: &Computer) -> Record {
    Record::new(&ITEM_DETAILS)
        .with("Guid", computer.guid)
        .with("Name", computer.name.as_str())
        .with("TypeGuid", COMPUTER_TYPE)
        .with("TypeName", COMPUTER)
        .with("LongTypeName", COMPUTER_LONG)
        .with("Attributes", "Normal")
        .with("Enabled", true)
}

/// The details of whatever has a GUID: an entry, or a computer, which is an item to this API too (altiris-domain §1).
pub(super) fn of_guid(call: &Call<'_>, guid: Guid) -> Result<Record, Fault> {
    match call.app.entry(guid) {
        Ok(entry) => Details::new(call.app).of(&entry),
        Err(refused) if refused.code == Code::NotFound => match call.app.computer(guid)? {
            Some(computer) => Ok(of_computer(&computer)),
            None if call.has(Quirk::UnknownItemBaseException) => {
                Err(Fault::new(Exception::Asdk, format!("Unable to load item {guid}.")))
            }
            None => Err(refused.into()),
        },
        Err(refused) => Err(refused.into()),
    }
}

/// The class of this type name: short, unless a quirk says otherwise (altiris-asdk §9.1).
pub(super) fn class_of(call: &Call<'_>, name: &str) -> Option<Class> {
    let long = call.has(Quirk::TypeNameLong) || call.has(Quirk::TypeNameBoth);
    Class::from_type_name(name, !call.has(Quirk::TypeNameLong), long)
}

/// Whether a type name is that of computers, by the same rule.
pub(super) fn is_computers(call: &Call<'_>, name: &str) -> bool {
    let long = call.has(Quirk::TypeNameLong) || call.has(Quirk::TypeNameBoth);
    (name == COMPUTER && !call.has(Quirk::TypeNameLong)) || (name == COMPUTER_LONG && long)
}

/// Whether a text is like a pattern of SQL, upper and lower case the same: `%` any text, `_` any character.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let (mut at, mut in_pattern) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                back = Some((at, in_pattern));
                in_pattern += 1;
            }
            Some(one) if *one == '_' || *one == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match back {
                Some((from, percent)) => {
                    at = from + 1;
                    back = Some((at, percent));
                    in_pattern = percent + 1;
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|one| *one == '%')
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn patterns_are_those_of_sql() {
        for (text, pattern, like) in [
            ("7-Zip", "7-zip", true),
            ("7-Zip", "%zip", true),
            ("7-Zip", "7%", true),
            ("7-Zip", "%-%", true),
            ("7-Zip", "_-Zip", true),
            ("7-Zip", "Zip", false),
            ("", "%", true),
            ("", "_", false),
            ("aab", "%ab", true),
            ("abab", "%ab%b", true),
        ] {
            assert_eq!(is_like(text, pattern), like, "{text} like {pattern}");
        }
    }
}
