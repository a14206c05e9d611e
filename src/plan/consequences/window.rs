//! Maintenance windows: what fits (MW-1 … MW-4, MW-7), what a last window that goes lets loose (MW-8), and those that
//! open at other times (MW-1, MW-9).

mod fit;
mod loose;
mod spans;
mod times;

pub use spans::Windows;

use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::window::fit::fits;
use crate::plan::consequences::window::loose::lets_loose;
use crate::plan::consequences::window::times::opens_otherwise;
use crate::plan::consequences::world::uses;
use crate::reach::Estate;

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    let any = |estate: &Estate<'_>| estate.of_kind(Kind::MaintenanceWindow).next().is_some();
    if !any(world.live) && !any(world.planned) {
        return;
    }
    let moved = windows_moved(world);
    for actor in world.jobs() {
        let because = causes(world, actor, &moved);
        if !because.is_empty() {
            fits(world, actor, &because, out);
        }
    }
    lets_loose(world, out);
    opens_otherwise(world, out);
}

/// Whether a change can make something fit otherwise.
fn matters(change: &Change) -> bool {
    const FIELDS: [&str; 17] = [
        "enabled",
        "collections",
        "schedule",
        "duration",
        "appliesTo",
        "clock",
        "notifyInAdvance",
        "maxRunTime",
        "run",
        "warnUser",
        "package",
        "program",
        "steps",
        "resources",
        "remediation",
        "userMustRun",
        "promptUser",
    ];
    let is_of_it = |path: &str| {
        let field = path.strip_prefix("spec.").and_then(|rest| rest.split(['.', '[']).next());
        field.is_some_and(|field| FIELDS.contains(&field))
    };
    change.action() != Action::Update || change.fields.iter().any(|field| is_of_it(&field.path))
}

/// The addresses of the changes that make other windows of them, or move whom they hold for.
fn windows_moved(world: &World<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for actor in world.of_kind(Kind::MaintenanceWindow).chain(world.of_kind(Kind::AgentSettings)) {
        let moved = actor.newly().value().is_none_or(|set| !set.is_empty())
            || actor.no_longer().value().is_none_or(|set| !set.is_empty());
        if actor.change.is_some_and(|at| matters(&world.changes[at])) || moved {
            out.extend(world.causes(actor));
        }
    }
    out.sort();
    out.dedup();
    out
}

/// Why a job may fit otherwise than before: its own change, its programs', its computers', the windows'.
fn causes(world: &World<'_>, actor: &Actor<'_>, windows: &[String]) -> Vec<String> {
    let unmoved = actor.change.map(|at| &world.changes[at]).filter(|change| !matters(change));
    let mut out = world.causes(actor);
    out.retain(|address| unmoved.is_none_or(|change| change.address != *address));
    for (package, program) in actor.spec().map(uses).unwrap_or_default() {
        let change = world.change(&ItemKey::program(package, program)).filter(|change| matters(change));
        out.extend(change.map(|change| change.address.clone()));
    }
    out.extend(windows.iter().cloned());
    out.sort();
    out.dedup();
    out
}
