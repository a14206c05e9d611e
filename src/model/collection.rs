//! Collections of computers.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::yes;

/// A collection: listed computers, or a query over inventory, or both; with others included and excluded (COL-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Collection {
    /// For people only.
    pub description: String,
    /// The question over inventory, in the server's language. Absent: none.
    pub query: Option<Query>,
    /// Only computers of this collection can be in it. Absent: any computer.
    pub limited_to: Option<String>,
    /// Collections whose computers belong to it. Order does not matter.
    pub include: Vec<String>,
    /// Collections whose computers do not belong to it. Order does not matter.
    pub exclude: Vec<String>,
    /// Computers listed by name. Absent: not managed here; `[]`: none. Order does not matter.
    pub members: Option<Vec<String>>,
    /// Whether the server evaluates it again when inventory changes.
    pub auto_update: bool,
}

impl Default for Collection {
    fn default() -> Self {
        Self {
            description: String::new(),
            query: None,
            limited_to: None,
            include: Vec::new(),
            exclude: Vec::new(),
            members: None,
            auto_update: yes(),
        }
    }
}

/// A question over inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Query {
    /// In SQL.
    Sql(String),
    /// In WQL.
    Wql(String),
}

impl Query {
    /// The language, as a manifest writes it.
    pub const fn language(&self) -> &'static str {
        match self {
            Self::Sql(_) => "sql",
            Self::Wql(_) => "wql",
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Self::Sql(text) | Self::Wql(text) => text,
        }
    }
}
