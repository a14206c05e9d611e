//! Console folders.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::portal::PortalRights;

/// A console folder. Its portal rights are what the sequential tasks in it inherit (SEQ-6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Folder {
    /// For people only.
    pub description: String,
    /// The rights it hands down, and whether it hands down those of the folder above. Absent: not managed here.
    pub portal: Option<PortalRights>,
}
