//! What is known of one Altiris server beyond its documented API.
//!
//! The documents leave points open that only a server can settle (altiris-asdk §9). What a probe of that server found is
//! data here; nothing is guessed, and what was not found out counts as not there.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::model::kind::Kind;

/// What is needed of an Altiris server besides its address. All of it may be absent; what then cannot be read is told as
/// not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AltirisSettings {
    /// One item of each kind, by GUID: no document names the types of items, so they are learnt from these
    /// (altiris-domain §1). Not needed where reports are.
    pub known: KnownItems,
    /// The console folder of the reports that the server's database is read by, by GUID. They are made once, by whoever may
    /// make reports. Absent: items are read one by one, and what only a report shows is not seen (altiris-asdk §6).
    pub reports: Option<Guid>,
    /// The data source that such reports are made with. Absent: the server's own.
    pub report_data_source: Option<String>,
    /// A file with what a probe of this server found, relative to the project file. Absent: nothing is known beyond the
    /// documents.
    pub probe: Option<String>,
}

/// One item of each kind, by GUID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KnownItems {
    /// A console folder. Absent: the folder of packages that every server has.
    pub folder: Option<Guid>,
    /// A package.
    pub package: Option<Guid>,
    /// A task.
    pub task: Option<Guid>,
    /// A sequential task.
    pub sequential_task: Option<Guid>,
    /// A collection. Absent: the collection of all computers.
    pub collection: Option<Guid>,
}

impl KnownItems {
    /// The folder of packages (altiris-domain §1).
    pub const PACKAGES_FOLDER: Guid = Guid::of(0x7303_2b0a_2047_42db_82bb_34ff_2491_0911);

    /// Whether the settings name the one of a kind, and not the documents.
    pub fn is_named(&self, kind: Kind) -> bool {
        match kind {
            Kind::Folder => self.folder.is_some(),
            Kind::Collection => self.collection.is_some(),
            kind => self.of(kind).is_some(),
        }
    }

    /// The one of a kind that is known; `None` for kinds of which none is.
    pub fn of(&self, kind: Kind) -> Option<Guid> {
        match kind {
            Kind::Folder => Some(self.folder.unwrap_or(Self::PACKAGES_FOLDER)),
            Kind::Package => self.package,
            Kind::Task => self.task,
            Kind::SequentialTask => self.sequential_task,
            Kind::Collection => Some(self.collection.unwrap_or(Guid::ALL_COMPUTERS)),
            _ => None,
        }
    }
}

/// What a probe found out about one server. The default is a server of which nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Findings {
    /// Kinds whose export, edited and imported again, changed the same item and nothing else of it (altiris-asdk §7).
    pub importable: BTreeSet<Kind>,
    /// Whether a task takes the GUID of a collection where the documents say that of a resource target (altiris-asdk §9,
    /// point 2).
    pub collections_as_targets: bool,
    /// The GUID of the permission *Install On Approval*, which no document names (altiris-asdk §4.8).
    pub approval_permission: Option<Guid>,
    /// What no report of this server can show, because its database has other tables than are asked for.
    pub hidden: BTreeSet<Hidden>,
}

/// Something that reports show where the server's database has the tables for it (altiris-asdk §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Hidden {
    /// The descriptions of folders.
    Folders,
    /// Queries and descriptions of collections.
    Collections,
    /// Rights on items.
    Rights,
}
