//! What one computer was told: everything named is resolved, collections are gone.

use std::sync::Arc;

use crate::model::agent_settings::Blockout;
use crate::model::delivery_policy::OnFailure;
use crate::model::guid::Guid;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::project::Api;
use crate::model::schedule::Schedule;
use crate::model::schedule::WindowClock;
use crate::model::task::Availability;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::model::window::WindowKind;

/// All that one computer was told. Two computers with equal policies, zones, memories and habits do the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What it is to run, in the order of their arrival.
    pub jobs: Vec<Arc<Job>>,
    /// When it may start programs; empty: always (MW-8).
    pub windows: Vec<Window>,
    /// How its agent behaves.
    pub settings: Settings,
    /// The plug-in policy it is enrolled by, if any: the times of its scans (`None`: none are named).
    pub enrolled: Option<Option<Schedule>>,
    /// The zone of the server, for availability on the server's clock (TSK-11).
    pub server_zone: String,
    /// How the kind of server reads what the documents read in two ways.
    pub rules: Rules,
}

/// How the kind of server reads what the documents read in two ways. A property of the server (MW-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Whether a program fits a window.
    pub fit: FitRule,
    /// What becomes of one that fits none.
    pub never_fits: NeverFits,
    /// When a program is killed at its limit.
    pub stop: StopRule,
}

impl Rules {
    /// Those of a kind of server (MW-5, MW-7).
    pub const fn of(api: Api) -> Self {
        match api {
            Api::Altiris => Self { fit: FitRule::Remaining, never_fits: NeverFits::Fails, stop: StopRule::Always },
            Api::Native => Self {
                fit: FitRule::Remaining,
                never_fits: NeverFits::Alert,
                stop: StopRule::AdministrativeAndUnattended,
            },
            Api::Configmgr => {
                Self { fit: FitRule::Whole, never_fits: NeverFits::Alert, stop: StopRule::AdministrativeAndUnattended }
            }
        }
    }
}

/// Whether a program fits a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FitRule {
    /// What remains of it, less the countdown (MW-1).
    Remaining,
    /// Its whole length (MW-7).
    Whole,
}

/// What becomes of a program that fits no window at all (MW-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NeverFits {
    /// It fails at once.
    Fails,
    /// An alert is raised, and it is tried again.
    Alert,
}

/// When a program is killed at its maximum run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopRule {
    /// Always, with its children (PRG-3).
    Always,
    /// Only with administrative rights and without interaction with users (MW-5).
    AdministrativeAndUnattended,
}

/// A task, a sequential task or a delivery policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The item's GUID: what the memory hangs on (TSK-4, SEQ-1).
    pub id: Guid,
    /// Its name, for people.
    pub name: String,
    /// Which of the three.
    pub kind: JobKind,
    /// Its place in the queue (TSK-2).
    pub priority: Priority,
    /// When it is due.
    pub run: Run,
    /// Whether a single start that was missed is made up for.
    pub run_missed_schedule: bool,
    /// When it may be downloaded and started (TSK-11).
    pub availability: Availability,
    /// How long a user may put its start off; `None`: no warning (TSK-8).
    pub warn: Option<Duration>,
    /// Whether it leaves the computer after success (TSK-10).
    pub remove_after_success: bool,
    /// Whether it needs a window at all; a delivery policy that runs immediately does not.
    pub ignores_windows: bool,
    /// For a delivery policy whose remediation has times of its own.
    pub remediation: Option<Schedule>,
    /// What it runs: one step for a task.
    pub steps: Vec<Step>,
}

/// What sort of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// One program (TSK-3).
    Task,
    /// Programs in a row (SEQ-1).
    Sequence,
    /// Resources with results-based actions (RST-1).
    DeliveryPolicy,
}

/// One program of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it runs.
    pub program: Arc<Program>,
    /// Earlier steps it needs, 0 the first, with the codes that will do (empty: any success code) (SEQ-3).
    pub depends_on: Vec<(usize, Vec<i64>)>,
    /// What follows its end: the program's own *after running*, in a delivery policy the resource's action.
    pub after: After,
    /// What follows its failure, in a delivery policy.
    pub on_failure: OnFailure,
}

/// What follows the end of a program (PRG-6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// What.
    pub action: AfterRunningAction,
    /// How long a user may put it off.
    pub defer_up_to: Duration,
    /// The countdown of a delivery policy's own; `None`: the agent's (TSK-9).
    pub countdown: Option<Duration>,
}

/// A program of a package, as far as an agent minds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its package's GUID.
    pub package: Guid,
    /// Its package's name: with `name`, what a [`Scenario`](super::scenario::Scenario) knows it by.
    pub package_name: String,
    /// Its name.
    pub name: String,
    /// Whether its package has files to download (PKG-2).
    pub has_files: bool,
    /// How long its package stays unused (PKG-3).
    pub delete_unused_after: Duration,
    /// The codes that mean success (PRG-2).
    pub success_codes: Vec<i64>,
    /// Its limit; `None`: unknown (MW-2). Never 0 (PRG-3).
    pub max_run_time: Option<Duration>,
    /// Whether somebody must be logged on (PRG-9).
    pub can_run: CanRun,
    /// Whether it runs with administrative rights (system, or a named account) (MW-5).
    pub administrative: bool,
    /// Whether users interact with it (PRG-7, MW-5).
    pub interactive: bool,
    /// Whether it is marked as shutting the computer down itself (PDF-2).
    pub exits_early: bool,
    /// The slowest network that will do, in KB/s; 0: any. `None`: it needs none (PRG-12).
    pub network_kbps_min: Option<u32>,
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its item's name, for people.
    pub name: String,
    /// When it opens.
    pub schedule: Schedule,
    /// How long it stays open.
    pub duration: Duration,
    /// What it is for (MW-7).
    pub kind: WindowKind,
    /// Whose clock (MW-9).
    pub clock: WindowClock,
}

/// How an agent behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The countdown before a warned run and before a restart (TSK-9).
    pub countdown: Duration,
    /// Whether a pending restart blocks nothing else (RST-2).
    pub disregard_post_run_action: bool,
    /// Times without downloads.
    pub blockouts: Vec<Blockout>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { countdown: Duration::seconds(60), disregard_post_run_action: false, blockouts: Vec::new() } // TSK-9
    }
}
