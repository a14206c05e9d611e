//! What was read from a server, and how much of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::model::project::Api;
use crate::model::site::is_within;

/// Which server it is. A plan is bound to it and refused elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerIdentity {
    /// Fixed for the life of the server's database.
    pub instance: Guid,
    /// What the server calls itself; for people.
    pub name: String,
    /// The API it was read by.
    pub api: Api,
    /// The server's own version; for people.
    pub version: String,
}

/// What a server held when it was read.
///
/// Names of references are those of the items they point at. Where two live items of one kind share a name, each is
/// called `NAME {GUID}` here, in its key and wherever it is referred to, until a pin tells them apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Which server.
    pub server: ServerIdentity,
    /// The server's own mark of its whole state, where it has one: the same mark, the same state.
    pub state: Option<String>,
    /// The server's clock when it answered.
    pub time: Timestamp,
    /// How much of each kind was read. A kind that is not named was not asked for.
    pub coverage: BTreeMap<Kind, Coverage>,
    /// The items, in no particular order.
    pub items: Vec<ObservedItem>,
}

/// One item as the server holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedItem {
    /// Its identity there.
    pub guid: Guid,
    /// Changes whenever the item does; opaque. Where a server has none, a digest of what was read.
    pub revision: String,
    /// Of a program that runs as an account: whether the server has a password for it, which is all that can be read
    /// of one. `None` for everything else, and where the server does not say.
    pub password_set: Option<bool>,
    /// The mark that whoever set that password put beside it; it tells whether it is still the same one, and nothing
    /// else.
    pub password_mark: Option<String>,
    /// What it says, in the manifests' words.
    pub item: Item,
}

/// How much of a kind was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "coverage", rename_all = "snake_case")]
pub enum Coverage {
    /// All of it.
    Observed,
    /// Not all of it.
    Partial {
        /// What went wrong.
        why: String,
        /// The folders that could not be read; empty: nobody knows which.
        folders: Vec<String>,
    },
    /// The server's API has no such kind: nothing of it can be there, and nothing is missing.
    NotHeld {
        /// Why not; may be empty.
        why: String,
    },
    /// None of it.
    Unreadable {
        /// What went wrong.
        why: String,
    },
}

/// The proof that a kind was read in full in some folder. Only [`Observed::complete`] makes one, and without one
/// nothing can be called absent: no create, no delete, no "no drift" (reliability: a failed read is never an absence).
#[derive(Clone, Copy, Debug)]
pub struct Complete(());

impl Observed {
    /// The proof that everything of `kind` in and below `folder` was read; for `None`, everything of that kind.
    pub fn complete(&self, kind: Kind, folder: Option<&str>) -> Option<Complete> {
        match self.coverage.get(&kind)? {
            Coverage::Observed | Coverage::NotHeld { .. } => Some(Complete(())),
            Coverage::Partial { folders, .. } => {
                let folder = folder?;
                let touched = folders.iter().any(|gap| is_within(folder, gap) || is_within(gap, folder));
                (!folders.is_empty() && !touched).then_some(Complete(()))
            }
            Coverage::Unreadable { .. } => None,
        }
    }

    /// Why `kind` was not read in full, if it was not.
    pub fn gap(&self, kind: Kind) -> Option<&str> {
        match self.coverage.get(&kind) {
            Some(Coverage::Observed | Coverage::NotHeld { .. }) => None,
            Some(Coverage::Partial { why, .. } | Coverage::Unreadable { why }) => Some(why),
            None => Some("it was not asked for"),
        }
    }
}
