//! The order of steps. One table: what is switched off first, what others need before them, what is switched on last,
//! and deletes the other way round.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::step::Step;
use crate::plan::step::StepAction;
use crate::plan::step::is_made_anew;
use crate::plan::step::needs_enabling;

/// Turns changes into steps. `staying` are the live collections that no change is about, in the manifests' words: what
/// is updated may need other updated ones by way of them.
pub fn steps<'a>(changes: &'a [Change], staying: impl Iterator<Item = &'a Item>) -> Vec<Step> {
    let after: Vec<Option<&Item>> =
        changes.iter().map(|change| change.after.as_ref()).chain(staying.map(Some)).collect();
    let before: Vec<Option<&Item>> = changes.iter().map(|change| change.before.as_ref()).collect();
    let (made, gone) = (levels(&after), levels(&before));
    let mut ranked: BTreeMap<(u32, u32), Vec<(usize, StepAction)>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        for action in actions(change) {
            ranked.entry(rank(change, action, made[at], gone[at])).or_default().push((at, action));
        }
    }
    let mut out = Vec::new();
    for (stage, group) in ranked.into_values().enumerate() {
        for (change, action) in group {
            let id = u32::try_from(out.len() + 1).expect("a plan has fewer than 2^32 steps: items are limited");
            let stage = u32::try_from(stage + 1).expect("there are no more stages than steps");
            out.push(Step { id, stage, change, action });
        }
    }
    out
}

/// The steps of one change, in order.
fn actions(change: &Change) -> Vec<StepAction> {
    let was_on = change.before.as_ref().and_then(|before| before.spec.enabled()) == Some(true);
    let mut out = Vec::new();
    match change.action() {
        Action::Create => out.push(StepAction::Create),
        Action::Update => {
            let goes_off = change.after.as_ref().and_then(|after| after.spec.enabled()) == Some(false);
            let only_enabled = change.fields.iter().all(|field| field.path == "spec.enabled");
            if change.key.kind.is_active() && was_on && goes_off {
                out.push(StepAction::Disable);
            }
            // What only goes on or off needs no step between.
            if !(only_enabled && (out.contains(&StepAction::Disable) || needs_enabling(change))) {
                out.push(StepAction::Update);
            }
        }
        Action::Replace => {
            if is_made_anew(change) && was_on {
                out.push(StepAction::Disable);
            }
            out.push(StepAction::Replace);
        }
        Action::Delete => {
            if change.key.kind.is_active() && was_on {
                out.push(StepAction::Disable);
            }
            out.push(StepAction::Delete);
        }
    }
    if needs_enabling(change) {
        out.push(StepAction::Enable);
    }
    out
}

/// When a step is done: its phase, and its level within it.
fn rank(change: &Change, action: StepAction, made: u32, gone: u32) -> (u32, u32) {
    let kind = change.key.kind;
    match action {
        StepAction::Disable => (0, 0),
        StepAction::Create | StepAction::Update | StepAction::Replace => match kind {
            Kind::Folder => (1, made),
            Kind::PortalDefaults | Kind::PurgeSettings => (2, 0),
            Kind::Collection if change.before.is_none() => (3, made), // Nothing acts on it yet.
            Kind::MaintenanceWindow => (4, 0), // Before anything is enabled that it should hold back (MW-8).
            Kind::Package => (5, 0),
            Kind::Program => (6, 0),
            // Tasks act on it already: whom it newly takes in must find packages, programs and windows as they are to
            // be, should the apply end here (COL-2).
            Kind::Collection => (7, made),
            Kind::Task
            | Kind::SequentialTask
            | Kind::DeliveryPolicy
            | Kind::PortalSettings
            | Kind::AgentSettings
            | Kind::PatchPlugin => (8, 0),
        },
        StepAction::Enable => (9, 0),
        StepAction::Delete => match kind {
            Kind::Task
            | Kind::SequentialTask
            | Kind::DeliveryPolicy
            | Kind::PortalSettings
            | Kind::AgentSettings
            | Kind::PatchPlugin
            | Kind::PortalDefaults
            | Kind::PurgeSettings => (10, 0),
            Kind::MaintenanceWindow => (11, 0),
            Kind::Program => (12, 0),
            Kind::Package => (13, 0),
            Kind::Collection => (14, u32::MAX - gone),
            Kind::Folder => (15, u32::MAX - gone),
        },
    }
}

/// How deep each folder or collection stands above those it needs, by place: 0 needs none.
///
/// What is made goes before what is updated, and each in this order. So no moment holds a cycle of collections that
/// neither the old nor the new state has: nothing that was there refers to what is made, and an updated one finds all
/// that it reaches in its final form.
fn levels(items: &[Option<&Item>]) -> Vec<u32> {
    // From the back: where two are called the same, a change comes before what stays.
    let place: HashMap<&ItemKey, usize> =
        items.iter().enumerate().rev().filter_map(|(at, item)| Some((&item.as_ref()?.key, at))).collect();
    let needs: Vec<Vec<usize>> = items
        .iter()
        .map(|item| item.map(needs).unwrap_or_default().iter().filter_map(|key| place.get(key).copied()).collect())
        .collect();
    let mut level: Vec<Option<u32>> = vec![None; items.len()];
    let mut is_open = vec![false; items.len()];
    for start in 0..items.len() {
        // Depth first without recursion; a cycle (which `check` and the server refuse) ends at level 0.
        let mut stack = vec![(start, 0usize)];
        while let Some((at, next)) = stack.pop() {
            if level[at].is_some() {
                continue;
            }
            is_open[at] = true;
            if let Some(need) = needs[at].get(next) {
                stack.push((at, next + 1));
                if level[*need].is_none() && !is_open[*need] {
                    stack.push((*need, 0));
                }
                continue;
            }
            level[at] = Some(needs[at].iter().filter_map(|need| level[*need]).max().map_or(0, |deepest| deepest + 1));
            is_open[at] = false;
        }
    }
    level.into_iter().map(Option::unwrap_or_default).collect()
}

/// What a folder or collection needs of its own kind.
fn needs(item: &Item) -> Vec<ItemKey> {
    match &item.spec {
        Spec::Folder(_) => item.folder.iter().map(|parent| ItemKey::new(Kind::Folder, parent.as_str())).collect(),
        Spec::Collection(collection) => (collection.include.iter())
            .chain(&collection.exclude)
            .chain(&collection.limited_to)
            .map(|name| ItemKey::new(Kind::Collection, name.as_str()))
            .collect(),
        _ => Vec::new(),
    }
}
