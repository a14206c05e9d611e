//! The software portal: who may ask for what.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::yes;

/// The portal rights on one item (PTL-1, PTL-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortalRights {
    /// Whether the rights of the parent hold here too: for a program those of `PortalDefaults`, for a sequential
    /// task those of its folder.
    #[serde(default = "yes")]
    pub inherit: bool,
    /// The item's own rights; empty: none but the inherited ones. Order does not matter.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// One right of one principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// A user or group, `DOMAIN\NAME`, or the name of a server role.
    #[schemars(length(min = 1))]
    pub principal: String,
    /// What it may do.
    pub right: Right,
}

/// A right on the portal (PTL-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Right {
    /// Ask and get it: already approved.
    Install,
    /// Ask, and get it when someone approves.
    InstallOnApproval,
}

/// The rights that every program inherits (PTL-2). A server has exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PortalDefaults {
    /// The rights on the programs folder. Absent: not managed here. Order does not matter.
    pub grants: Option<Vec<Grant>>,
}

/// How the software portal shows itself on computers (PTL-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortalSettings {
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// Whether it is in force.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whom it is for; they must have the software delivery agent (PTL-6). Order does not matter.
    pub collections: Vec<String>,
    /// A link in the start menu.
    #[serde(default = "yes")]
    pub start_menu_link: bool,
    /// A link in the agent's menu.
    #[serde(default = "yes")]
    pub agent_menu_link: bool,
    /// How many programs one request may hold; at least 1.
    #[serde(default = "five")]
    pub max_per_request: u32,
}

const fn five() -> u32 {
    5
}
