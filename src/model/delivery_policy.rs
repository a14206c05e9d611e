//! Managed delivery policies.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::package::AfterRunningAction;
use crate::model::schedule::Schedule;
use crate::model::units::Duration;
use crate::model::yes;

/// A managed delivery policy: several software resources, one after the other (RST-1; altiris-domain §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryPolicy {
    /// For people only.
    #[serde(default)]
    pub description: String,
    /// Whether computers get it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whom it is for; empty: nobody. Order does not matter.
    #[serde(default)]
    pub collections: Vec<String>,
    /// What it installs, in this order; at least one.
    #[schemars(length(min = 1))]
    pub resources: Vec<PolicyResource>,
    /// When a computer checks whether it complies.
    #[serde(default)]
    pub compliance: Option<Schedule>,
    /// When what is missing is installed.
    #[serde(default)]
    pub remediation: Remediation,
    /// Whether a user may start it earlier.
    #[serde(default)]
    pub user_can_run: bool,
    /// Whether only a user starts it; it is then never automatic.
    #[serde(default)]
    pub user_must_run: bool,
    /// Whether the user is asked first; needs the agent's pop-ups.
    #[serde(default)]
    pub prompt_user: bool,
    /// How long a user may put a start off, at most 55 days (altiris-domain §11). Whole minutes.
    #[serde(default)]
    pub defer_up_to: Duration,
    /// Wakes computers for it.
    #[serde(default)]
    pub wake_on_lan: bool,
}

/// One software resource of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyResource {
    /// The package, by name.
    pub package: String,
    /// The program of that package, by name.
    pub program: String,
    /// What follows a success (PRG-6: in policies only then).
    #[serde(default)]
    pub on_success: ResultAction,
    /// What follows a failure.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// What follows a success: a results-based action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ResultAction {
    /// `none`, `restart` or `logOff`.
    pub action: AfterRunningAction,
    /// How long a user may put it off, at most 55 days; while it is pending the later resources wait (RST-1). Whole
    /// minutes.
    pub defer_up_to: Duration,
    /// The countdown shown before it; with several policies the lowest holds (RST-4). Absent: the agent's.
    pub countdown: Option<Duration>,
    /// Whether open applications are closed by force.
    pub force_close: bool,
}

/// What follows a failure of one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnFailure {
    /// The policy ends.
    #[default]
    Abort,
    /// The next resource is tried.
    Continue,
    /// The policy starts again, up to three times.
    Restart,
}

/// When what is missing is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Remediation {
    /// Right after the check.
    #[default]
    Immediately,
    /// In the next maintenance window.
    MaintenanceWindow,
    /// At its own times.
    Schedule(Schedule),
}
