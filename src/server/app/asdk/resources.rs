//! Computers as the older API has them: resources, with data classes for what the inventory knows of them (altiris-asdk §4.4).

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::no_such;
use crate::server::app::digest_of;
use crate::server::app::refused::Refused;
use crate::server::store::asdk_inventory;
use crate::server::store::fleet;

/// The type of every computer (altiris-domain §1).
pub const COMPUTER_TYPE: Guid = Guid::of(0x4934_35f7_3b17_4c4c_b07f_c23e_7ab7_781f);
/// The short name of that type.
pub const COMPUTER: &str = "Computer";
/// Its full name; the contract has none, this one is ours.
pub const COMPUTER_LONG: &str = "Altiris.NS.StandardItems.Resource.ComputerResource";

/// A computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computer {
    /// Its GUID.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
}

/// What one data class knows of a computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataClass {
    /// Its GUID, which follows from its name: the inventory of this server knows names alone.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The rows of the computer; a cell that is null is none.
    pub rows: Vec<Vec<Option<String>>>,
}

/// The GUID of the data class of this name.
pub fn data_class_guid(name: &str) -> Guid {
    let digest = digest_of(&[b"data class", name.to_ascii_lowercase().as_bytes()]);
    let bits = digest.first_chunk().expect("a digest of 32 bytes holds 16");
    Guid::of(u128::from_be_bytes(*bits))
}

impl App {
    /// The computer with this GUID.
    ///
    /// # Errors
    /// When the store fails.
    pub fn computer(&self, guid: Guid) -> Result<Option<Computer>, Refused> {
        let row = self.store().read(|sql| fleet::computer(sql, guid))?;
        Ok(row.map(|row| Computer { guid: row.guid, name: row.name, domain: row.domain }))
    }

    /// Every computer, by GUID.
    ///
    /// # Errors
    /// When the store fails.
    pub fn computers(&self) -> Result<Vec<Computer>, Refused> {
        let mut found = Vec::new();
        self.store().read(|sql| {
            fleet::each_computer(sql, |row| {
                found.push(Computer { guid: row.guid, name: row.name, domain: row.domain });
            })
        })?;
        Ok(found)
    }

    /// The data classes of the inventory, by name: GUIDs and names.
    ///
    /// # Errors
    /// When the store fails.
    pub fn data_classes(&self) -> Result<Vec<(Guid, String)>, Refused> {
        let names = self.store().read(asdk_inventory::names)?;
        Ok(names.into_iter().map(|name| (data_class_guid(&name), name)).collect())
    }

    /// What the inventory knows of a computer, a data class each.
    ///
    /// # Errors
    /// `not_found` for what is no computer.
    pub fn inventory_of(&self, computer: Guid) -> Result<Vec<DataClass>, Refused> {
        if self.computer(computer)?.is_none() {
            return Err(no_such(format!("there is no resource with the GUID {computer}")));
        }
        let tables = self.store().read(|sql| asdk_inventory::of_computer(sql, computer))?;
        let shown = |table: asdk_inventory::Rows| DataClass {
            guid: data_class_guid(&table.name),
            name: table.name,
            columns: table.columns,
            rows: table.rows,
        };
        Ok(tables.into_iter().map(shown).collect())
    }
}
