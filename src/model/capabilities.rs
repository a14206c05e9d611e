//! What a server's API can hold and do, as data.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::model::kind::Kind;

/// What a server's API can hold and do. Asked before anything is read, so that what cannot be is refused early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The kinds it can hold.
    pub kinds: BTreeSet<Kind>,
    /// Fields that it cannot set like any other; a field that is not named is settable.
    pub fields: BTreeMap<(Kind, String), Access>,
    /// How a write is kept from overwriting what moved.
    pub concurrency: Concurrency,
    /// The most steps that go into one transaction; `None` where there is none.
    pub batch_max: Option<usize>,
    /// Whether the server hands out leases with a fencing number.
    pub leases: bool,
    /// Whether a request that is sent again with its key has no second effect.
    pub idempotency_keys: bool,
    /// Whether one write changes all fields of an item at once. Without it a change is several requests, and an item
    /// is disabled around it.
    pub atomic_update: bool,
}

impl Capabilities {
    /// How a field can be set; settable unless said otherwise.
    pub fn access(&self, kind: Kind, field: &str) -> Access {
        self.fields.get(&(kind, field.to_owned())).copied().unwrap_or(Access::Settable)
    }
}

/// How a field can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// At any time.
    Settable,
    /// Only while the item is made: another value needs another item.
    CreateOnly,
    /// Seen, never set.
    ReadOnly,
    /// Set, never seen: a difference in it cannot be found.
    WriteOnly,
    /// Not there at all.
    Absent,
}

/// How a write is kept from overwriting what moved since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// The server compares a revision within the write.
    Revision,
    /// The client reads again right before the write; a window remains.
    ReadAgain,
}
