//! Sequential tasks.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::portal::PortalRights;
use crate::model::task::Availability;
use crate::model::task::Download;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::model::task::WarnUser;
use crate::model::yes;

/// A sequential task: programs in a row (SWD 6.1 guide, Sequential Software Delivery Tasks).
///
/// A changed step list gives it a new GUID, and every computer runs all of it again (SEQ-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SequentialTask {
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// Whether computers get it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The collections it is for; empty: nobody. Order does not matter.
    #[serde(default)]
    pub collections: Vec<String>,
    /// Its place in an agent's queue (TSK-2).
    #[serde(default)]
    pub priority: Priority,
    /// When it runs; nobody can start it by hand (SEQ-4).
    #[serde(default)]
    pub run: Run,
    /// Whether a start that was missed is made up for later.
    #[serde(default)]
    pub run_missed_schedule: bool,
    /// Wakes computers for it; needs an agent awake in their subnet (TSK-6).
    #[serde(default)]
    pub wake_on_lan: bool,
    /// Tells every computer at once; for fewer than 200 of them (TSK-7).
    #[serde(default)]
    pub notify_immediately: bool,
    /// Tells the user that it is there; never delays it (TSK-8).
    #[serde(default)]
    pub notify_user: bool,
    /// Warns the user before it runs, who may put it off (TSK-8). Absent: no warning.
    #[serde(default)]
    pub warn_user: Option<WarnUser>,
    /// When it may be downloaded and run at all (TSK-11).
    #[serde(default)]
    pub availability: Availability,
    /// Takes it off a computer that ran it with success (TSK-10).
    #[serde(default)]
    pub remove_after_success: bool,
    /// The name the agent shows; empty means the task's own.
    #[serde(default)]
    pub agent_display_name: String,
    /// The description the agent shows.
    #[serde(default)]
    pub agent_display_description: String,
    /// Whether agents report its status events.
    #[serde(default = "yes")]
    pub verbose_status_events: bool,
    /// How its packages come to a computer.
    #[serde(default)]
    pub download: Download,
    /// What runs, in this order; at least one. Changing the list gives the task a new GUID (SEQ-1).
    #[schemars(length(min = 1))]
    pub steps: Vec<SequenceStep>,
    /// Who may ask for the whole on the software portal (SEQ-6). Absent: not managed here.
    #[serde(default)]
    pub portal: Option<PortalRights>,
}

/// One step: a program of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SequenceStep {
    /// The package, by name.
    pub package: String,
    /// The program of that package, by name.
    pub program: String,
    /// Earlier steps that it needs; a failed one stops only those that depend on it (SEQ-3).
    #[serde(default)]
    pub depends_on: Vec<Dependency>,
}

/// An earlier step that another needs (SEQ-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Dependency {
    /// A step by its number, 1 the first, that must have succeeded.
    Step(u32),
    /// A step and the return codes it must have ended with.
    Codes(DependencyOnCodes),
}

/// A step and the return codes it must have ended with (SEQ-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DependencyOnCodes {
    /// Its number, 1 the first.
    pub step: u32,
    /// Any of these will do; empty: any success code. Order does not matter.
    #[serde(default)]
    pub return_codes: Vec<i64>,
}

impl Dependency {
    /// The number of the step that is needed, 1 the first.
    pub const fn step(&self) -> u32 {
        match self {
            Self::Step(step) => *step,
            Self::Codes(codes) => codes.step,
        }
    }

    /// The return codes that will do; empty: any success code.
    pub fn return_codes(&self) -> &[i64] {
        match self {
            Self::Step(_) => &[],
            Self::Codes(codes) => &codes.return_codes,
        }
    }
}
