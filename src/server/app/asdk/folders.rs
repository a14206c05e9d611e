//! The folders that every server of the older API has (altiris-domain §1). They are made where that API is served, and are
//! folders like any other.

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::digest_of;
use crate::server::app::item::Attribute;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;
use crate::server::app::writer::Writer;
use crate::server::store::items;

/// Packages for Windows (altiris-domain §1).
pub const PACKAGES: Guid = Guid::of(0x7303_2b0a_2047_42db_82bb_34ff_2491_0911);
/// "My collections" (altiris-domain §1).
pub const COLLECTIONS: Guid = Guid::of(0x7070_fb1c_cf5c_49f9_8764_5931_24e7_8c1d);
/// Reports (altiris-domain §1).
pub const REPORTS: Guid = Guid::of(0x4d4d_03c6_cb51_4502_886f_13f7_5619_8b1b);
/// Jobs and tasks (altiris-domain §1).
pub const TASKS: Guid = Guid::of(0x455a_e0db_ec74_455b_b262_8942_1c96_908d);
/// Delivery policies: `Policies\Software\Managed Software Delivery`, whose GUID is in no document. This one is ours.
pub const DELIVERY: Guid = Guid::of(0xc051_671e_0000_4f01_9000_0000_0000_0001);
/// Resource targets; ours.
pub const TARGETS: Guid = Guid::of(0xc051_671e_0000_4f01_9000_0000_0000_0002);
/// Software of the catalogue; ours.
pub const SOFTWARE: Guid = Guid::of(0xc051_671e_0000_4f01_9000_0000_0000_0003);
/// What the portal offers; ours.
pub const PUBLISHED: Guid = Guid::of(0xc051_671e_0000_4f01_9000_0000_0000_0004);

/// Folders and their names.
const ALL: [(Guid, &str); 8] = [
    (PACKAGES, "Software Packages"),
    (COLLECTIONS, "My Collections"),
    (REPORTS, "Reports"),
    (TASKS, "Task Management"),
    (DELIVERY, "Managed Software Delivery"),
    (TARGETS, "Resource Targets"),
    (SOFTWARE, "Software Catalog"),
    (PUBLISHED, "Software Portal"),
];

impl App {
    /// Makes the folders that the older API names by GUID, as far as they are not there. After any seed: a seed wants an
    /// empty database.
    ///
    /// # Errors
    /// When the store fails.
    pub fn prepare_asdk(&self) -> Result<(), Refused> {
        let missing = self.store().read(|sql| {
            let mut missing = Vec::new();
            for (guid, name) in ALL {
                if items::named(sql, guid)?.is_none() {
                    missing.push((guid, name));
                }
            }
            Ok::<_, Refused>(missing)
        })?;
        if missing.is_empty() {
            return Ok(());
        }
        let request = digest_of(&[b"folders of the asdk"]);
        self.write(&Caller::server(), &request, Fence::Free, |writer| {
            for (guid, name) in missing {
                writer.make_folder(guid, name)?;
            }
            Ok(Kept::nothing())
        })?;
        Ok(())
    }
}

impl Writer<'_> {
    /// Makes a folder at the top that cannot be deleted; under another name where the name is taken.
    fn make_folder(&mut self, guid: Guid, name: &str) -> Result<(), Refused> {
        let mut free = name.to_owned();
        let mut number = 1;
        while items::at_place(self.sql, Kind::Folder.name(), None, &free)?.is_some() {
            number += 1;
            free = format!("{name} ({number})");
        }
        let attributes = Some(BTreeSet::from([Attribute::NoDelete]));
        let body = Body { name: free, folder: None, attributes, spec: json!({}) };
        self.create_as(Draft { kind: Kind::Folder, body, package: None }, Some(guid))?;
        Ok(())
    }
}
