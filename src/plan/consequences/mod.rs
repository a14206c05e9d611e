//! What the computers would do because of a plan: a function a rule, a file a family.
//!
//! Everything is worked out over sets of computers: who is reached as it is ([`Actor::was`]) and as it would be
//! ([`Actor::is`]), once for each item. What could not be known makes a number unknown, never 0.

mod collection;
mod coverage;
mod fix;
mod licence;
mod package;
mod portal;
mod program;
mod run;
mod sequence;
mod sets;
mod settings;
mod task;
mod told;
mod window;
mod world;

pub(in crate::plan) use collection::names;
pub(in crate::plan) use collection::newly_reached;
pub use told::Told;
pub use world::Actor;
pub use world::Computers;
pub use world::World;
pub use world::fates;
pub(in crate::plan) use world::no_fleet;

use crate::model::fleet::Computers as Set;
use crate::plan::Consequence;
use crate::plan::Endpoints;
use crate::reach::Known;

/// What follows from the changes of a plan, not yet judged by any policy, and how many computers that is.
pub fn of(world: &World<'_>) -> (Vec<Consequence>, Endpoints) {
    let mut told = Vec::new();
    sequence::tell(world, &mut told);
    task::tell(world, &mut told);
    run::tell(world, &mut told);
    collection::tell(world, &mut told);
    window::tell(world, &mut told);
    program::tell(world, &mut told);
    package::tell(world, &mut told);
    settings::tell(world, &mut told);
    licence::tell(world, &mut told);
    portal::tell(world, &mut told);
    told.retain(|one| !one.is_nothing());
    let endpoints = endpoints(world, &told);
    let mut out: Vec<Consequence> = told.into_iter().map(|one| one.finish(world)).collect();
    out.sort_by(|a, b| (&a.code, &a.subject, &a.kind).cmp(&(&b.code, &b.subject, &b.kind)));
    (out, endpoints)
}

/// How many computers do what, each counted once.
fn endpoints(world: &World<'_>, told: &[Told]) -> Endpoints {
    if !world.has_fleet {
        return Endpoints::default();
    }
    let count = |kind: &str| {
        let mut all = Set::new();
        for one in told.iter().filter(|one| one.kind() == kind) {
            match one.computers()? {
                Known::Is(some) => all |= some,
                Known::Unknown(_) => return None,
            }
        }
        Some(all.len())
    };
    Endpoints {
        re_run: count("re_run"),
        newly_targeted: count("newly_targeted"),
        never_fit: count("never_fit"),
        licences: count("licences_taken"),
        headroom: world.fleet.licences.as_ref().map(licence::headroom),
    }
}
