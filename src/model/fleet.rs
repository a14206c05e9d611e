//! The computers, as far as a plan or a forecast needs them: who there is, who is where, who ran what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;

/// Numbers of computers: places in [`Fleet::computers`].
pub type Computers = RoaringBitmap;

/// Everything that is known of the computers. What could not be known has no entry, and says so in [`Fleet::gaps`]:
/// "nobody" and "nobody knows" never look alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    /// The server it was read from; `None` for a file that names none.
    pub instance: Option<Guid>,
    /// The server's clock when it was read.
    pub read_at: Timestamp,
    /// The zone of the server, an IANA name (TSK-11).
    pub server_zone: String,
    /// The computers; their place here is their number in every set.
    pub computers: Vec<Computer>,
    /// By collection, as the server has it stored now.
    pub members: BTreeMap<Guid, Membership>,
    /// By task, sequential task or delivery policy: who did what with it.
    pub history: BTreeMap<Guid, History>,
    /// By package.
    pub packages: BTreeMap<Guid, PackageKnowledge>,
    /// Patch licences; `None` where the server told nothing of them.
    pub licences: Option<Licences>,
    /// By how often they said that they restarted: who; whoever is in no set never did. `None` where the server does not
    /// keep that.
    pub restarts: Option<BTreeMap<u64, Computers>>,
    /// What could not be known, and why.
    pub gaps: BTreeMap<Part, String>,
    /// Collections whose members could not be known, and why (a query that failed or ran too long).
    pub unknown_members: BTreeMap<Guid, String>,
}

/// A part of what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Which computers there are.
    Computers,
    /// Who belongs to which collection.
    Members,
    /// Who ran what.
    History,
    /// Who has which package.
    Packages,
    /// Patch licences.
    Licences,
}

/// A computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Computer {
    /// Its identity.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// Its domain; empty: none.
    #[serde(default)]
    pub domain: String,
    /// Its time zone, an IANA name; one that the database does not know is read as UTC, and said.
    pub zone: String,
    /// When it last asked for its configuration.
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
    /// Whether it is retired: it does nothing and holds no licence (LIC-4).
    #[serde(default)]
    pub retired: bool,
    /// What it serves as, such as `site server` or `domain controller`.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// Who belongs to a collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Membership {
    /// Everyone in it, with all that is included, excluded and limited.
    pub effective: Computers,
    /// What its own query finds; `None` where it has none.
    pub query: Option<Computers>,
}

/// Who did what with a task. The sets do not overlap; the rest never ran it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Ran it, last with success.
    pub succeeded: Computers,
    /// Ran it, last without success.
    pub failed: Computers,
    /// Have it now and did not say how it went: pending, running, or never heard of again.
    pub unknown: Computers,
    /// The newest report in it.
    pub newest: Option<Timestamp>,
}

/// What is known of a package on the computers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackageKnowledge {
    /// Who has it in the cache.
    pub cached: Computers,
    /// The size of its snapshot, in bytes; `None`: no snapshot was taken.
    pub bytes: Option<u64>,
}

/// Patch licences (LIC-1 … LIC-4).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Licences {
    /// How many there are in all.
    pub pool: u64,
    /// Who holds one.
    pub holders: Computers,
    /// Who has the plug-in.
    pub plugin: Computers,
    /// When the licence itself expires (LIC-3).
    pub expires: Option<Timestamp>,
    /// When its maintenance expires (LIC-3).
    pub maintenance_expires: Option<Timestamp>,
}
