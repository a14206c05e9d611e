//! Collections: who enters and leaves, through nested ones too, and what that starts and ends (COL-2).

use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::task::Run;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::world::run_of;
use crate::reach::Known;
use crate::rules::collection::COL_2;

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    members(world, out);
    for actor in &world.actors {
        out.extend(starts(world, actor));
        out.extend(ends(world, actor));
    }
}

/// Who enters and who leaves each collection that is there before and after.
fn members(world: &World<'_>, out: &mut Vec<Told>) {
    if !world.changes.iter().any(|change| change.key.kind == Kind::Collection) {
        return;
    }
    for placed in world.planned.of_kind(Kind::Collection) {
        let key = &placed.item.key;
        if world.live.get(key).is_none() {
            continue; // A new one begins to matter when something targets it, and that says so.
        }
        let because: Vec<String> = world.changed_below(std::slice::from_ref(&key.name)).into_iter().collect();
        if because.is_empty() || !may_move(world, &because) {
            continue;
        }
        // Who is retired does nothing, wherever it belongs (LIC-4).
        let active = |members: Known<Set>| members.map(|members| members - world.was.retired());
        let (was, is) = (active(world.was.members(&key.name)), active(world.is.members(&key.name)));
        let nested = if because.contains(&key.to_string()) { "it" } else { "a collection that it is made of" };
        for (kind, verb, set) in [("enter", "enter", minus(&is, &was)), ("leave", "leave", minus(&was, &is))] {
            let mechanism = format!("{nested} is changed, and these {verb}");
            let told = Told::computers_of(&COL_2, key.to_string(), kind, set, mechanism);
            out.push(told.of(len(&was)).because(because.clone()));
        }
    }
}

/// Whether one of these changes is about who belongs to a collection, and not about its folder or text.
fn may_move(world: &World<'_>, because: &[String]) -> bool {
    const ABOUT_MEMBERS: [&str; 5] = ["spec.query", "spec.limitedTo", "spec.include", "spec.exclude", "spec.members"];
    let moves = |path: &str| ABOUT_MEMBERS.iter().any(|field| path.starts_with(field));
    because.iter().filter_map(|address| world.change(&ItemKey::parse(address)?)).any(|change| {
        change.before.is_none() || change.after.is_none() || change.fields.iter().any(|field| moves(&field.path))
    })
}

/// Whether anything may have moved whom an item reaches.
fn is_touched(world: &World<'_>, actor: &Actor<'_>) -> bool {
    let change = actor.change.map(|at| &world.changes[at]);
    let own = change.is_some_and(|change| {
        change.before.is_none()
            || change.after.is_none()
            || change.fields.iter().any(|field| field.path == "spec.collections" || field.path == "spec.enabled")
    });
    let targets: Vec<String> =
        [actor.old_spec(), actor.spec()].into_iter().flatten().filter_map(Spec::targets).flatten().cloned().collect();
    let below: Vec<String> = world.changed_below(&targets).into_iter().collect();
    own || may_move(world, &below)
}

/// Whom an item newly reaches, and who of them runs it.
fn starts(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let newly = actor.newly();
    if newly.value().is_some_and(Set::is_empty) || !is_touched(world, actor) {
        return None;
    }
    let spec = actor.spec()?;
    let (kind, mechanism) = match actor.key.kind {
        Kind::MaintenanceWindow => ("comes_under", "its window begins to hold for them"),
        Kind::AgentSettings => ("comes_under", "its settings begin to hold for them"),
        Kind::PortalSettings => ("comes_under", "the portal shows itself on them this way"),
        Kind::PatchPlugin => ("enrolled", "they are enrolled for patching (LIC-1)"),
        _ => ("newly_targeted", starts_how(spec)),
    };
    let ran = minus(&newly, &minus(&newly, &world.ran(actor)));
    let runs = both(&newly, &world.runs(actor));
    let mut told = Told::computers_of(&COL_2, actor.key.to_string(), kind, newly, mechanism.to_owned())
        .of(len(&actor.was))
        .basis(world.basis(actor))
        .because(world.causes(actor));
    if actor.is_job() {
        told = told.parts_of(&[("run", len(&runs))]);
        if actor.keeps_identity() {
            told = told.parts_of(&[("already_ran", len(&ran))]);
        }
    }
    Some(told)
}

fn starts_how(spec: &Spec) -> &'static str {
    match run_of(spec) {
        Some(Run::AsSoonAsPossible) => "they get it, and who did not run it before runs it as soon as possible (TSK-4)",
        Some(Run::Schedule(_)) => "they get it, and run it at its times, by their own clocks (TSK-5)",
        Some(Run::Manual) => "they get it, and their users may start it",
        None => "they get it, and comply with it at its times",
    }
}

/// Whom an item no longer reaches.
fn ends(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let no_longer = actor.no_longer();
    if no_longer.value().is_some_and(Set::is_empty) || !is_touched(world, actor) {
        return None;
    }
    let mechanism = match actor.key.kind {
        Kind::MaintenanceWindow => "its window no longer holds for them",
        Kind::AgentSettings => "its settings no longer hold for them",
        Kind::PortalSettings => "it no longer shapes the portal on them",
        Kind::PatchPlugin => "they are no longer enrolled for patching; licences stay where they are (LIC-4)",
        _ => "it is taken off them, whether it ran or waits",
    };
    let waiting = match actor.before {
        Some(_) if actor.is_job() => len(&minus(&no_longer, &world.ran(actor))),
        _ => None,
    };
    let kind = if actor.is_job() { "no_longer_targeted" } else { "no_longer_under" };
    let told = Told::computers_of(&COL_2, actor.key.to_string(), kind, no_longer, mechanism.to_owned())
        .parts_of(&[("did_not_run_it", waiting)])
        .of(len(&actor.was))
        .basis(world.basis(actor))
        .because(world.causes(actor));
    Some(told)
}

/// Computers of a set by name, and whether there are more.
pub(in crate::plan) fn names(world: &World<'_>, set: &Set, most: usize) -> String {
    let found = set.iter().take(most).filter_map(|n| world.fleet.computers.get(n as usize));
    let mut text = found.map(|one| format!("`{}`", one.name)).collect::<Vec<_>>().join(", ");
    if set.len() > most as u64 {
        text.push_str(&format!(" and {} more", set.len() - most as u64));
    }
    text
}

/// Whom any item newly reaches that makes computers do something; a window holds work back and starts nothing.
pub(in crate::plan) fn newly_reached<'s, 'w>(
    world: &'s World<'w>,
) -> impl Iterator<Item = (&'s Actor<'w>, Known<Set>)> {
    world
        .actors
        .iter()
        .filter(|actor| actor.key.kind != Kind::MaintenanceWindow)
        .map(|actor| (actor, actor.newly()))
        .filter(|(actor, newly)| match newly {
            Known::Is(set) => !set.is_empty(),
            Known::Unknown(_) => is_touched(world, actor),
        })
}
