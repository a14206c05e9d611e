//! Enrolment for patching.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::schedule::Schedule;
use crate::model::yes;

/// A software update plug-in policy: the computers it targets take a patch licence each (LIC-1, LIC-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchPlugin {
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// Whether it is in force.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Who is enrolled. Order does not matter.
    pub collections: Vec<String>,
    /// When the system assessment scan runs. Absent: as the server's default says.
    #[serde(default)]
    pub scan: Option<Schedule>,
    /// Whether the plug-in is installed on computers that lack it.
    #[serde(default = "yes")]
    pub install_plugin: bool,
}
