//! Which revision of the manifests a plan is of, and whose policy it was judged by.

use serde::Deserialize;
use serde::Serialize;

use crate::diff::PolicyChange;
use crate::model::project::Severity;
use crate::plan::Finding;
use crate::plan::Plan;
use crate::plan::file;
use crate::rules::Rule;
use crate::rules::plan::PLN_14;
use crate::rules::plan::PLN_15;

/// The revision of the manifests that a plan is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The commit.
    pub commit: String,
    /// The branch, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether the manifests are those of the commit: nothing changed, added or left out on disk.
    pub clean: bool,
    /// The revision that the policy comes from, in a proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
}

/// The revision that a policy comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// What it was asked for by.
    pub revision: String,
    /// Its commit.
    pub commit: String,
    /// How many commits it has that the plan's revision lacks.
    pub behind: u64,
}

impl Plan {
    /// Whether it is of a branch that lacks commits of its target: applied, it would revert them (PLN-14).
    pub fn is_behind(&self) -> bool {
        self.origin.as_ref().and_then(|origin| origin.base.as_ref()).is_some_and(|base| base.behind > 0)
    }
}

/// Says in a plan where its manifests come from, and what that leads to: a branch behind its target is not applied, and
/// with `look_only` not blocked either (PLN-14); what the proposal changes in the policy is told (PLN-15). No severity of
/// the policy has a say in these two.
pub fn bind(plan: &mut Plan, origin: Option<Origin>, policy_changes: Vec<PolicyChange>, look_only: bool) {
    plan.origin = origin;
    plan.policy_changes = policy_changes;
    let base = plan.origin.as_ref().and_then(|origin| origin.base.clone());
    if let Some(base) = base.as_ref().filter(|base| base.behind > 0) {
        let message = format!(
            "the branch lacks {} commits of `{}`, and applied it would revert what they did",
            base.behind, base.revision
        );
        let severity = if look_only { Severity::Warning } else { Severity::Error };
        let help = "merge or rebase onto it and plan again; `--allow-behind` lets you look, and never apply";
        plan.findings.push(finding(&PLN_14, severity, "revision", message, help));
    }
    let n_looser = plan.policy_changes.iter().filter(|change| change.loosens).count();
    if n_looser > 0 {
        let message =
            format!("{n_looser} changes of the policy allow more than before; this plan is judged by what was before");
        let help = "they hold for plans that are made after the merge";
        plan.findings.push(finding(&PLN_15, Severity::Warning, "policy", message, help));
    }
    plan.applyable = !plan.is_blocked() && !plan.is_empty() && !plan.is_behind();
    plan.hash = file::hash(plan);
}

fn finding(rule: &Rule, severity: Severity, subject: &str, message: String, help: &str) -> Finding {
    Finding { rule: rule.id.to_owned(), severity, subject: subject.to_owned(), message, help: help.to_owned() }
}
