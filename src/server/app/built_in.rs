//! What every server has from its first start.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::guid::Guid;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::item::Revision;
use crate::server::app::kind::Kind;
use crate::server::app::spec::Spec;
use crate::server::app::spec::estate::Collection;
use crate::server::app::spec::estate::PortalDefaults;
use crate::server::app::spec::estate::PurgeSettings;
use crate::server::app::spec::parts::Grant;
use crate::server::app::spec::parts::Right;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::meta;

/// The vendor's item that keeps the settings of purging (altiris-domain §1).
pub const PURGE_SETTINGS: Guid = Guid::of(0x6ad3_cfe0_fe55_4951_95be_897c_f7a7_7b53);

/// How many there are.
pub(super) const COUNT: usize = 4;

/// Whether an item is one of them.
pub fn is(guid: Guid) -> bool {
    [Guid::ALL_COMPUTERS, Guid::ALL_WINDOWS_COMPUTERS, Guid::PROGRAMS_FOLDER, PURGE_SETTINGS].contains(&guid)
}

/// Makes those that are not there.
pub(super) fn make(sql: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let mut sequence = meta::number(sql, "sequence")?;
    for mut item in all(now) {
        if items::json(sql, item.guid)?.is_none() {
            sequence += 1;
            item.revision = Revision(sequence);
            items::insert(sql, &item.row(&item.to_json()))?;
        }
    }
    meta::set(sql, "sequence", &sequence.to_string())
}

fn all(now: Timestamp) -> [Item; COUNT] {
    use Attribute::NoDelete;
    use Attribute::ReadOnly;
    let item = |guid, kind, name: &str, attributes: &[Attribute], spec| Item {
        guid,
        kind,
        name: name.to_owned(),
        folder: None,
        package: None,
        attributes: attributes.iter().copied().collect::<BTreeSet<_>>(),
        revision: Revision(0),
        created_at: now,
        modified_at: now,
        spec,
    };
    let computers =
        |guid, name| item(guid, Kind::Collection, name, &[NoDelete, ReadOnly], Spec::Collection(Collection::default()));
    // PTL-2: these three hold *install software* unless someone changes it.
    let principals = ["Altiris Administrators", "NS Application Identity", "Creator"];
    let grants = principals.map(|name| Grant { principal: name.to_owned(), right: Right::Install }).to_vec();
    let defaults = Spec::PortalDefaults(PortalDefaults { grants });
    let purge = Spec::PurgeSettings(PurgeSettings::default());
    [
        computers(Guid::ALL_COMPUTERS, "All Computers"),
        computers(Guid::ALL_WINDOWS_COMPUTERS, "All Windows Computers"),
        item(Guid::PROGRAMS_FOLDER, Kind::PortalDefaults, "SWD Programs", &[NoDelete], defaults),
        item(PURGE_SETTINGS, Kind::PurgeSettings, "Purge settings", &[NoDelete], purge),
    ]
}
