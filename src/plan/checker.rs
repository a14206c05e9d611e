//! Checks a finished plan from outside: that its steps are those of its changes, in an order in which everything that
//! a step needs is there, and that nothing acts before it may. Written apart from `order`, so that the two disagree
//! where one is wrong.

mod tied;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::plan::hold;
use crate::plan::step::StepAction;
use crate::plan::step::is_made_anew;
use crate::plan::step::state_after;

pub use tied::within;

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A step belongs to no change.
    #[error("step {0} belongs to no change")]
    NoChange(u32),
    /// A change lacks the state that its action writes.
    #[error("`{0}` lacks the state that it is to have")]
    NoState(String),
    /// The steps of a change are not those of its action.
    #[error("the steps of `{0}` do not do what its action says")]
    Steps(String),
    /// Steps are not in the order of their numbers and stages.
    #[error("step {0} is out of order")]
    Order(u32),
    /// A step needs what is not there yet, or not any more.
    #[error("step {step} needs `{need}`, which is not there at that time")]
    Need {
        /// The step.
        step: u32,
        /// What it needs.
        need: String,
    },
    /// A delete would leave something dangling.
    #[error("step {step} deletes `{item}` while `{user}` still refers to it")]
    InUse {
        /// The step.
        step: u32,
        /// What it deletes.
        item: String,
        /// What refers to it.
        user: String,
    },
    /// An item is on, or has targets, before its last step.
    #[error("step {0} makes an item that acts before it is enabled")]
    ActsEarly(u32),
    /// A collection that tasks use changes before what it brings to computers is as it is to be.
    #[error("step {step} changes `{collection}` before `{other}` is as it is to be")]
    ReachesEarly {
        /// The step.
        step: u32,
        /// The collection.
        collection: String,
        /// What comes too late.
        other: String,
    },
    /// Two changes, names or preconditions are about one item.
    #[error("it speaks of `{0}` twice")]
    Twice(String),
    /// A change, or what it needs, lacks the precondition that says what was seen of it.
    #[error("nothing says what `{0}` must be like when it is applied")]
    Untied(String),
    /// A precondition is about nothing that the changes are about.
    #[error("it asks for `{0}`, which is none of its changes and needed by none")]
    Stray(String),
    /// A change of what is protected, or a delete of what may not be deleted.
    #[error("`{0}` must not be changed so")]
    Protected(String),
    /// It says that all was read, and it was not.
    #[error("it says that all was read, and names what was not")]
    Complete,
    /// It deletes for a project that does not.
    #[error("`{0}` would be deleted, and `consign.yaml` does not prune there")]
    NoPrune(String),
    /// It changes what the project does not own.
    #[error("`{0}` lies outside of the folders that the project owns")]
    Elsewhere(String),
    /// A plan that is blocked or incomplete says that it can be applied.
    #[error("it says that it can be applied, and it is blocked")]
    Applyable,
    /// A delete stands in a plan that did not read all.
    #[error("`{0}` would be deleted although not all could be read")]
    DeleteOnPartialRead(String),
}

/// Checks a plan.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(plan: &Plan) -> Result<(), Unsound> {
    if plan.applyable && plan.is_blocked() {
        return Err(Unsound::Applyable);
    }
    for change in &plan.resource_changes {
        states(change)?;
        if change.action() == Action::Delete && !plan.complete {
            return Err(Unsound::DeleteOnPartialRead(change.address.clone()));
        }
    }
    tied::check(plan)?;
    each_change_has_its_steps(plan)?;
    collections_wait(plan)?;
    walk(plan)
}

/// Whom an existing collection newly takes in gets what tasks deliver there: packages, programs and windows must be as
/// they are to be by then, or an apply that ends in between brings the old ones to more computers (COL-2).
fn collections_wait(plan: &Plan) -> Result<(), Unsound> {
    let mut first: Option<(u32, &Change)> = None;
    for step in &plan.steps {
        let change = &plan.resource_changes[step.change];
        match (change.key.kind, step.action) {
            (Kind::Collection, StepAction::Update) => first = first.or(Some((step.id, change))),
            (
                Kind::Package | Kind::Program | Kind::MaintenanceWindow,
                StepAction::Create | StepAction::Update | StepAction::Replace,
            ) => {
                if let Some((step, collection)) = first {
                    let (collection, other) = (collection.address.clone(), change.address.clone());
                    return Err(Unsound::ReachesEarly { step, collection, other });
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn states(change: &Change) -> Result<(), Unsound> {
    let (before, after) = match change.action() {
        Action::Create => (false, true),
        Action::Update | Action::Replace => (true, true),
        Action::Delete => (true, false),
    };
    let sound = change.before.is_some() == before
        && change.after.is_some() == after
        && change.guid.is_some() == before
        && change.after.as_ref().is_none_or(|after| after.key == change.key && after.spec.kind() == change.key.kind);
    if sound { Ok(()) } else { Err(Unsound::NoState(change.address.clone())) }
}

fn each_change_has_its_steps(plan: &Plan) -> Result<(), Unsound> {
    let mut steps: Vec<Vec<StepAction>> = vec![Vec::new(); plan.resource_changes.len()];
    for step in &plan.steps {
        steps.get_mut(step.change).ok_or(Unsound::NoChange(step.id))?.push(step.action);
    }
    for (change, steps) in plan.resource_changes.iter().zip(steps) {
        use StepAction as S;
        let right = match change.action() {
            Action::Create => matches!(steps[..], [S::Create] | [S::Create, S::Enable]),
            Action::Update => matches!(
                steps[..],
                [S::Update] | [S::Disable] | [S::Disable, S::Update] | [S::Update, S::Enable] | [S::Enable]
            ),
            Action::Replace if is_made_anew(change) => matches!(
                steps[..],
                [S::Replace] | [S::Replace, S::Enable] | [S::Disable, S::Replace] | [S::Disable, S::Replace, S::Enable]
            ),
            Action::Replace => matches!(steps[..], [S::Replace]),
            Action::Delete => matches!(steps[..], [S::Delete] | [S::Disable, S::Delete]),
        };
        if !right {
            return Err(Unsound::Steps(change.address.clone()));
        }
    }
    Ok(())
}

/// Walks through the steps and keeps in mind what is there.
fn walk(plan: &Plan) -> Result<(), Unsound> {
    let mut there: BTreeSet<ItemKey> = plan.directory.iter().map(|named| named.key.clone()).collect();
    there.extend(plan.resource_changes.iter().filter(|c| c.before.is_some()).map(|c| c.key.clone()));
    let (mut id, mut stage) = (0, 0);
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    let mut users: BTreeMap<ItemKey, Vec<usize>> = BTreeMap::new();
    for (at, change) in plan.resource_changes.iter().enumerate().filter(|(_, c)| c.action() == Action::Delete) {
        for need in change.before.as_ref().map(hold::needs).unwrap_or_default() {
            users.entry(need).or_default().push(at);
        }
    }
    let last: Vec<Option<u32>> = {
        let mut last = vec![None; plan.resource_changes.len()];
        for step in &plan.steps {
            last[step.change] = Some(step.id);
        }
        last
    };
    let mut made_in_stage: BTreeSet<ItemKey> = BTreeSet::new();
    for step in &plan.steps {
        if step.id != id + 1 || step.stage < stage || step.stage > stage + 1 {
            return Err(Unsound::Order(step.id));
        }
        if step.stage > stage {
            there.append(&mut made_in_stage);
        }
        (id, stage) = (step.id, step.stage);
        let change = &plan.resource_changes[step.change];
        let Some(state) = state_after(change, step.action) else {
            let of_this = users.get(&change.key).into_iter().flatten();
            if let Some(user) = of_this.copied().find(|at| !gone.contains(at) && *at != step.change) {
                let user = &plan.resource_changes[user];
                let (item, user) = (change.address.clone(), user.address.clone());
                return Err(Unsound::InUse { step: step.id, item, user });
            }
            there.remove(&change.key);
            gone.insert(step.change);
            continue;
        };
        if let Some(need) = hold::needs(&state).into_iter().find(|need| !there.contains(need)) {
            return Err(Unsound::Need { step: step.id, need: need.to_string() });
        }
        let acts = state.spec.enabled() == Some(true) || state.spec.targets().is_some_and(|t| !t.is_empty());
        let may_act = step.action != StepAction::Create || last[step.change] == Some(step.id);
        let is_new_and_active = change.key.kind.is_active() && change.before.is_none();
        // What is made anew is new as well, from its replace on.
        if acts && step.action == StepAction::Replace && is_made_anew(change) {
            return Err(Unsound::ActsEarly(step.id));
        }
        if acts && is_new_and_active && (!may_act || step.action == StepAction::Create) {
            return Err(Unsound::ActsEarly(step.id));
        }
        made_in_stage.insert(change.key.clone());
    }
    Ok(())
}
