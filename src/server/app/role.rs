//! Who may do what.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// What a token lets its holder do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Reads everything.
    Reader,
    /// Writes items, under a lease.
    Applier,
    /// Writes without a lease too, purges, and hands out tokens.
    Administrator,
}

impl Role {
    /// Every role, least first.
    pub const ALL: [Self; 3] = [Self::Reader, Self::Applier, Self::Administrator];

    /// The name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Applier => "applier",
            Self::Administrator => "administrator",
        }
    }

    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The ID of the token.
    pub id: String,
    /// The name of the token.
    pub name: String,
    /// Its role.
    pub role: Role,
}
