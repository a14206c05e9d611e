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

/// What a probe found out about one server. The default is a server of which nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Findings {
    /// Kinds whose export, edited and imported again, changed the same item and nothing else of it (altiris-asdk §7).
    pub importable: BTreeSet<Kind>,
    /// Whether a task takes the GUID of a collection where the documents say that of a resource target (altiris-asdk §9,
    /// point 2).
    pub collections_as_targets: bool,
    /// Forms of schedule that were stored and read back alike, beside `at` and `daily`, which are documented
    /// (altiris-asdk §5.3).
    pub schedules: BTreeSet<ScheduleForm>,
    /// The GUID of the permission *Install On Approval*, which no document names (altiris-asdk §4.8).
    pub approval_permission: Option<Guid>,
}

/// A form of schedule that the documents only hint at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ScheduleForm {
    /// Days of a week.
    Weekly,
    /// A day of a month.
    Monthly,
}

impl ScheduleForm {
    /// The key of the form in a manifest's schedule.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}
