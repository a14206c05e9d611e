//! What a last window that goes lets loose (MW-8).

use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::task::Run;
use crate::model::window::WindowKind;
use crate::plan::Fix;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::fix;
use crate::plan::consequences::run;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::either;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::window::fit::need;
use crate::plan::consequences::window::spans::Windows;
use crate::plan::consequences::world::run_of;
use crate::reach::Known;
use crate::rules::window::MW_8;

/// What a window was for, and what it is for, by kind of job: `[tasks, sequences]`. A window for updates holds no job
/// back, one for task sequences only these.
fn held_kinds(spec: Option<&Spec>) -> [bool; 2] {
    match spec {
        Some(Spec::MaintenanceWindow(window)) => {
            [window.applies_to == WindowKind::All, window.applies_to != WindowKind::Updates]
        }
        _ => [false; 2],
    }
}

/// Whom a window no longer holds a kind of job back for.
fn gives_up(actor: &Actor<'_>, is_sequence: bool) -> Known<Set> {
    let at = usize::from(is_sequence);
    match (held_kinds(actor.old_spec())[at], held_kinds(actor.spec())[at]) {
        (false, _) => Known::Is(Set::new()),
        (true, true) => actor.no_longer(),
        (true, false) => actor.was.clone(),
    }
}

/// Who was held back for a kind of job and is not any longer.
fn freed(world: &World<'_>, is_sequence: bool) -> Known<Set> {
    let [before, after] = world.windows();
    let held = |windows: &Known<Windows<'_>>| match windows {
        Known::Is(windows) => Known::Is(windows.held(is_sequence)),
        Known::Unknown(why) => Known::Unknown(why.clone()),
    };
    minus(&held(before), &held(after))
}

/// Who loses its last window: what waits there starts at once, restarts too (MW-8). A computer that loses several at
/// once counts for the first of them, by name, so that the numbers add up.
pub(super) fn lets_loose(world: &World<'_>, out: &mut Vec<Told>) {
    let freed = [freed(world, false), freed(world, true)];
    let mut told: Vec<(&Actor<'_>, [Known<Set>; 2])> = Vec::new();
    for actor in world.of_kind(Kind::MaintenanceWindow) {
        let own = [0, 1].map(|at| both(&gives_up(actor, at == 1), &freed[at]));
        let is_nothing = own.iter().all(|set| set.value().is_some_and(Set::is_empty));
        if !is_nothing && !world.causes(actor).is_empty() {
            told.push((actor, own));
        }
    }
    let mut claimed = [Set::new(), Set::new()];
    for (actor, all) in &told {
        let own = [0, 1].map(|at| minus(&all[at], &Known::Is(claimed[at].clone())));
        let shares = |other: &[Known<Set>; 2]| {
            (0..2).any(|at| both(&other[at], &own[at]).value().is_none_or(|shared| !shared.is_empty()))
        };
        let mut because: Vec<String> =
            told.iter().filter(|(_, other)| shares(other)).flat_map(|(one, _)| world.causes(one)).collect();
        because.sort();
        because.dedup();
        for (claimed, all) in claimed.iter_mut().zip(all) {
            *claimed |= all.value().cloned().unwrap_or_default();
        }
        out.push(held_no_more(world, actor, &own, because));
    }
}

fn held_no_more(world: &World<'_>, actor: &Actor<'_>, own: &[Known<Set>; 2], because: Vec<String>) -> Told {
    let only_sequences = own[0].value().is_some_and(Set::is_empty);
    let mut mechanism = if only_sequences {
        "it was their last window for task sequences, and nothing holds these back any more: required ones that wait \
         there start at once"
    } else {
        "it was their last window, and a computer without any is never held back: required work and restarts that \
         wait there start at once"
    }
    .to_owned();
    let waiting = waiting(world, own);
    if waiting.as_ref().is_some_and(|waiting| waiting.scheduled > 0) {
        mechanism.push_str("; scheduled work starts there at its next time, whatever the hour");
    }
    let free = either(own[0].clone(), &own[1]);
    let told = Told::computers_of(&MW_8, actor.key.to_string(), "held_back_no_more", free, mechanism)
        .of(len(&actor.was))
        .basis(world.basis(actor))
        .because(because);
    let told = match waiting {
        Some(waiting) => told
            .part("computers_with_waiting_work", waiting.computers)
            .part("waiting_runs", waiting.runs)
            .part("with_scheduled_work", waiting.scheduled),
        None => told,
    };
    told.fix(keep_window(world, actor))
}

/// What there is to run where nothing holds it back any more.
struct Waiting {
    /// Who has work that would have run as soon as possible, and did not.
    computers: u64,
    /// How many runs that is.
    runs: u64,
    /// Who has work with times: whether one of these waits just now nobody knows.
    scheduled: u64,
}

fn waiting(world: &World<'_>, free: &[Known<Set>; 2]) -> Option<Waiting> {
    let (mut computers, mut runs, mut scheduled) = (Set::new(), 0, Set::new());
    for job in world.jobs() {
        let Some(need) = need(world, world.planned, job.spec()) else { continue };
        let here = both(&job.is, &free[usize::from(need.is_sequence)]);
        let has_times = match job.spec()? {
            Spec::DeliveryPolicy(spec) => spec.compliance.is_some(),
            spec => matches!(run_of(spec), Some(Run::Schedule(_))),
        };
        if has_times {
            scheduled |= run::to_run(world, job, here.value()?).value()?;
        } else {
            let waits = minus(&here, &world.ran(job));
            runs += waits.value()?.len();
            computers |= waits.value()?;
        }
    }
    Some(Waiting { computers: computers.len(), runs, scheduled: scheduled.len() })
}

/// The window as it was.
fn keep_window(world: &World<'_>, actor: &Actor<'_>) -> Option<Fix> {
    let change = &world.changes[actor.change?];
    let (was, is) = (change.before.as_ref()?, change.after.as_ref()?);
    let mut would = is.clone();
    if let (Spec::MaintenanceWindow(would), Spec::MaintenanceWindow(was)) = (&mut would.spec, &was.spec) {
        would.enabled = was.enabled;
        would.applies_to = was.applies_to;
        would.collections.clone_from(&was.collections);
    }
    let message = "keep the window for them".to_owned();
    Some(fix::edit(world, message, is, &would, &[("held_back_no_more", Some(0))]))
}
