//! Tasks, sequential tasks, their hidden step tasks, and delivery policies.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::spec::Wrong;
use crate::server::app::spec::parts::AfterAction;
use crate::server::app::spec::parts::Availability;
use crate::server::app::spec::parts::Download;
use crate::server::app::spec::parts::Portal;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::parts::Schedule;
use crate::server::app::spec::parts::WarnUser;
use crate::server::app::spec::yes;

/// A task: one program of one package (TSK-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Task {
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether computers get it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The package.
    pub package: Guid,
    /// The program, one of that package (TSK-3).
    pub program: Guid,
    /// Whom it is for.
    #[serde(default)]
    pub collections: Vec<Guid>,
    /// 1 low, 2 normal, 3 high, 4 very high (TSK-2).
    #[serde(default = "normal")]
    #[schemars(range(min = 1, max = 4))]
    pub priority: i64,
    /// When it runs.
    #[serde(default)]
    pub run: Run,
    /// Whether a missed start is made up for.
    #[serde(default = "yes")]
    pub run_missed_schedule: bool,
    /// The vendor's flag of this name.
    #[serde(default = "yes")]
    pub independent_execution: bool,
    /// Whether the user may start it.
    #[serde(default)]
    pub user_can_run: bool,
    /// The vendor's flag of this name.
    #[serde(default)]
    pub user_optional: bool,
    /// Whether it wakes computers (TSK-6).
    #[serde(default)]
    pub wake_on_lan: bool,
    /// Whether computers are told at once (TSK-7).
    #[serde(default)]
    pub notify_immediately: bool,
    /// Whether the user is told (TSK-8).
    #[serde(default)]
    pub notify_user: bool,
    /// Whether the user is warned (TSK-8).
    #[serde(default)]
    pub warn_user: Option<WarnUser>,
    /// When it may run (TSK-11).
    #[serde(default)]
    pub availability: Availability,
    /// Whether it goes after success (TSK-10).
    #[serde(default)]
    pub remove_after_success: bool,
    /// What the agent calls it.
    #[serde(default)]
    pub agent_display_name: String,
    /// How the agent describes it.
    #[serde(default)]
    pub agent_display_description: String,
    /// Whether agents report its status.
    #[serde(default = "yes")]
    pub verbose_status_events: bool,
    /// How its package comes; null: as the agent's settings say.
    #[serde(default)]
    pub download: Option<Download>,
}

const fn normal() -> i64 {
    2 // TSK-2
}

/// TSK-2: priorities are 1 to 4.
pub(super) fn check_priority(priority: i64) -> Result<(), Wrong> {
    if (1..=4).contains(&priority) {
        Ok(())
    } else {
        Err(Wrong::rule("priority", "TSK-2", "a priority is 1 (low) to 4 (very high)"))
    }
}

/// A sequential task (SEQ-1 … SEQ-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SequentialTask {
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether computers get it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whom it is for.
    #[serde(default)]
    pub collections: Vec<Guid>,
    /// 1 low, 2 normal, 3 high, 4 very high (TSK-2).
    #[serde(default = "normal")]
    #[schemars(range(min = 1, max = 4))]
    pub priority: i64,
    /// When it runs.
    #[serde(default)]
    pub run: Run,
    /// Whether a missed start is made up for.
    #[serde(default)]
    pub run_missed_schedule: bool,
    /// Whether it wakes computers (TSK-6).
    #[serde(default)]
    pub wake_on_lan: bool,
    /// Whether computers are told at once (TSK-7).
    #[serde(default)]
    pub notify_immediately: bool,
    /// Whether the user is told (TSK-8).
    #[serde(default)]
    pub notify_user: bool,
    /// Whether the user is warned (TSK-8).
    #[serde(default)]
    pub warn_user: Option<WarnUser>,
    /// When it may run (TSK-11).
    #[serde(default)]
    pub availability: Availability,
    /// Whether it goes after success (TSK-10).
    #[serde(default)]
    pub remove_after_success: bool,
    /// What the agent calls it.
    #[serde(default)]
    pub agent_display_name: String,
    /// How the agent describes it.
    #[serde(default)]
    pub agent_display_description: String,
    /// Whether agents report its status.
    #[serde(default = "yes")]
    pub verbose_status_events: bool,
    /// How its packages come; null: as the agent's settings say.
    #[serde(default)]
    pub download: Option<Download>,
    /// What runs, in this order. Another list gives the task a new GUID (SEQ-1).
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Who may ask for the whole (SEQ-6).
    #[serde(default)]
    pub portal: Portal,
}

impl SequentialTask {
    /// Whether both run the same programs in the same order; anything else gives a new GUID (SEQ-1). What steps
    /// depend on is not part of the list.
    pub fn same_list(&self, other: &Self) -> bool {
        let list = |task: &Self| task.steps.iter().map(|step| (step.package, step.program)).collect::<Vec<_>>();
        list(self) == list(other)
    }

    /// SEQ-3: a step depends on earlier ones only.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        check_priority(self.priority)?;
        for (at, step) in self.steps.iter().enumerate() {
            let earlier = |on: &Dependency| usize::try_from(on.step).is_ok_and(|step| (1..=at).contains(&step));
            if !step.depends_on.iter().all(earlier) {
                return Err(Wrong::rule(format!("steps/{at}/dependsOn"), "SEQ-3", "a step depends on earlier ones"));
            }
        }
        Ok(())
    }
}

/// A step of a sequential task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// The package.
    pub package: Guid,
    /// The program, one of that package.
    pub program: Guid,
    /// Earlier steps it needs (SEQ-3).
    #[serde(default)]
    pub depends_on: Vec<Dependency>,
    /// Read only: the hidden task of this step (SEQ-4).
    #[serde(default)]
    #[schemars(extend("readOnly" = true))]
    pub task: Option<Guid>,
}

/// An earlier step that another needs (SEQ-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dependency {
    /// Its number, 1 the first.
    pub step: u64,
    /// Codes that will do; empty: any success code.
    #[serde(default)]
    pub return_codes: Vec<i64>,
}

/// The hidden task of one step (SEQ-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepTask {
    /// The package.
    pub package: Guid,
    /// The program.
    pub program: Guid,
    /// Its sequential task, one of them where several share it (SEQ-8); null once none has it any more (SEQ-7).
    pub sequence: Option<Guid>,
}

/// A managed delivery policy (RST-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DeliveryPolicy {
    /// For people.
    pub description: String,
    /// Whether computers get it.
    pub enabled: bool,
    /// Whom it is for.
    pub collections: Vec<Guid>,
    /// What it installs, in this order.
    pub resources: Vec<Resource>,
    /// When computers check whether they comply.
    pub compliance: Option<Schedule>,
    /// When what is missing is installed.
    pub remediation: Remediation,
    /// Whether the user may start it.
    pub user_can_run: bool,
    /// Whether only the user starts it.
    pub user_must_run: bool,
    /// Whether the user is asked.
    pub prompt_user: bool,
    /// How long the user may put it off, in minutes.
    pub defer_minutes: u64,
    /// Whether it wakes computers.
    pub wake_on_lan: bool,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            description: String::new(),
            enabled: true,
            collections: Vec::new(),
            resources: Vec::new(),
            compliance: None,
            remediation: Remediation::default(),
            user_can_run: false,
            user_must_run: false,
            prompt_user: false,
            defer_minutes: 0,
            wake_on_lan: false,
        }
    }
}

/// One software resource of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// The package.
    pub package: Guid,
    /// The program, one of that package.
    pub program: Guid,
    /// What follows a success.
    #[serde(default)]
    pub on_success: OnSuccess,
    /// What follows a failure.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// What follows a success (PRG-6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OnSuccess {
    /// What.
    pub action: AfterAction,
    /// How long the user may put it off, in minutes.
    pub defer_minutes: u64,
    /// The countdown before it, in seconds; null: the agent's.
    pub countdown_seconds: Option<u64>,
    /// Whether applications are closed by force.
    pub force_close: bool,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnFailure {
    /// The policy ends.
    #[default]
    Abort,
    /// The next resource is tried.
    Continue,
    /// The policy starts again.
    Restart,
}

/// When what is missing is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Remediation {
    /// Right after the check.
    Immediately {},
    /// In the next window.
    MaintenanceWindow {},
    /// At its own times.
    Schedule {
        /// Which.
        schedule: Schedule,
    },
}

impl Default for Remediation {
    fn default() -> Self {
        Self::Immediately {}
    }
}
