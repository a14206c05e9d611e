//! How large consequences may have become when a plan is applied.

use std::collections::BTreeMap;

use crate::plan::Bound;
use crate::plan::Consequence;
use crate::plan::Plan;

/// A consequence that is no longer what was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The consequence, as [`name`] writes it.
    pub consequence: String,
    /// What was approved; `None`: it is new.
    pub approved: Option<Approved>,
    /// What it is now; `None`: it is not known.
    pub now: Option<u64>,
    /// What it counts.
    pub unit: String,
}

/// What was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approved {
    /// At most so many.
    UpTo(u64),
    /// That the number is not known.
    Unknown,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { consequence, approved, now, unit } = self;
        match (approved, now) {
            (None, Some(now)) => write!(f, "{consequence}: {now} {unit}, and the plan says nothing of it"),
            (None, None) => write!(f, "{consequence}: an unknown number of {unit}, and the plan says nothing of it"),
            (Some(Approved::UpTo(max)), Some(now)) => {
                write!(f, "{consequence}: {now} {unit}, {} more than the {max} approved", now.saturating_sub(*max))
            }
            (Some(Approved::UpTo(max)), None) => {
                write!(f, "{consequence}: {max} {unit} were approved, and now the number is not known")
            }
            (Some(Approved::Unknown), _) => write!(f, "{consequence}: was approved without a number"),
        }
    }
}

/// The name of a consequence: its rule, subject and kind.
pub fn name(consequence: &Consequence) -> String {
    format!("{} {} {}", consequence.code, consequence.subject, consequence.kind)
}

/// The largest number that a consequence may stand for.
fn most(consequence: &Consequence) -> Option<u64> {
    consequence.magnitude.value.map(|value| value.max(consequence.magnitude.high.unwrap_or(0)))
}

/// The bounds of a plan's consequences: what is shown, or what was accepted where that is more.
pub(super) fn of(consequences: &[Consequence]) -> Vec<Bound> {
    consequences
        .iter()
        .map(|one| Bound { consequence: name(one), max: most(one).map(|n| n.max(one.accepted_up_to.unwrap_or(0))) })
        .collect()
}

/// What is no longer within the bounds of an approved plan: larger, no longer known, or new.
///
/// What was approved without a number may be any number. Consequences whose rule the plan's policy switched off are not
/// in the plan; `off` names these rules.
pub fn broken(approved: &Plan, now: &[Consequence], off: &[String]) -> Vec<Broken> {
    let bounds: BTreeMap<&str, Option<u64>> =
        approved.bounds.iter().map(|bound| (bound.consequence.as_str(), bound.max)).collect();
    let judge = |one: &Consequence| {
        let consequence = name(one);
        let now = most(one);
        let approved = match (bounds.get(consequence.as_str()), now) {
            (None, _) => None,
            (Some(None), _) => return None,
            (Some(Some(max)), Some(now)) if now <= *max => return None,
            (Some(Some(max)), _) => Some(Approved::UpTo(*max)),
        };
        Some(Broken { consequence, approved, now, unit: one.magnitude.unit.clone() })
    };
    now.iter().filter(|one| !off.contains(&one.code)).filter_map(judge).collect()
}
