//! Steps: a plan's changes in the order they are done, such that every prefix is safe.

use std::borrow::Cow;

use serde::Deserialize;
use serde::Serialize;

use crate::model::item::Item;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::capability;
use crate::planted::Bug;
use crate::planted::planted;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1, in the order they are done.
    pub id: u32,
    /// Steps of one stage need nothing of each other; a stage begins when the one before is done.
    pub stage: u32,
    /// The change it belongs to: its place in `Plan::resource_changes`.
    pub change: usize,
    /// What it does.
    pub action: StepAction,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAction {
    /// Switches an item off before it is deleted, or because it is to be off.
    Disable,
    /// Makes an item, switched off and for nobody where computers would act on it.
    Create,
    /// Changes an item; what is to be switched on stays off.
    Update,
    /// Changes an item whose GUID the server then gives anew.
    Replace,
    /// Gives an item its targets and switches it on.
    Enable,
    /// Deletes an item.
    Delete,
}

impl StepAction {
    /// The step in a word, for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Enable => "enable",
            Self::Delete => "delete",
        }
    }
}

/// The item as it is to be after a step; `None` after a delete.
///
/// # Panics
/// When the change has no such state; [`checker`](super::checker) refuses such a plan.
pub fn state_after(change: &Change, action: StepAction) -> Option<Cow<'_, Item>> {
    let after = || change.after.as_ref().expect("the checker has seen that a change that writes has its `after`");
    match action {
        StepAction::Delete => None,
        StepAction::Disable => {
            let mut state = change.before.clone().expect("the checker has seen that what is disabled has its `before`");
            state.spec.set_enabled(false);
            Some(Cow::Owned(state))
        }
        StepAction::Create if needs_enabling(change) => Some(Cow::Owned(staged(after()))),
        StepAction::Replace if is_made_anew(change) && needs_enabling(change) => Some(Cow::Owned(staged(after()))),
        StepAction::Update if needs_enabling(change) => {
            let mut state = after().clone();
            state.spec.set_enabled(false);
            Some(Cow::Owned(state))
        }
        StepAction::Create | StepAction::Update | StepAction::Replace | StepAction::Enable => {
            Some(Cow::Borrowed(after()))
        }
    }
}

/// The item switched off and for nobody.
fn staged(item: &Item) -> Item {
    let mut state = item.clone();
    state.spec.set_enabled(planted(Bug::EnableBeforeTarget) && item.spec.enabled() == Some(true));
    if let Some(targets) = state.spec.targets_mut() {
        targets.clear();
    }
    state
}

/// Whether a replace is a delete and a create by two requests: the new item is made as any new one is, switched off and
/// for nobody. A sequential task whose step list changes is given its new GUID by the server, in one request (SEQ-1).
pub fn is_made_anew(change: &Change) -> bool {
    change.action() == Action::Replace && capability::is_made_anew(change.key.kind)
}

/// Whether a change ends with a step that enables: computers would act on the item, and it is not enabled yet.
pub fn needs_enabling(change: &Change) -> bool {
    let Some(after) = &change.after else { return false };
    if !change.key.kind.is_active() {
        return false;
    }
    let is_on = after.spec.enabled() == Some(true);
    match change.before.as_ref().filter(|_| !is_made_anew(change)) {
        // A new item that is for nobody and off is made as it is.
        None => is_on || after.spec.targets().is_some_and(|targets| !targets.is_empty()),
        Some(before) => is_on && before.spec.enabled() == Some(false) && change.replace_paths.is_empty(),
    }
}
