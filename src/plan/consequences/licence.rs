//! Patch licences: who takes one (LIC-1), who gets none (LIC-2), an expiry (LIC-3), who keeps one (LIC-4), and how many
//! are left (LIC-5).

use crate::model::fleet::Computers as Set;
use crate::model::fleet::Licences;
use crate::model::fleet::Part;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::plan::Basis;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::either;
use crate::plan::consequences::sets::minus;
use crate::reach::Known;
use crate::rules::licence::LIC_1;
use crate::rules::licence::LIC_2;
use crate::rules::licence::LIC_3;
use crate::rules::licence::LIC_4;
use crate::rules::licence::LIC_5;

/// What the consequences for the whole pool are about.
const POOL: &str = "patch-licences";

/// Licences that nobody holds.
pub(super) fn headroom(licences: &Licences) -> u64 {
    licences.pool.saturating_sub(licences.holders.len())
}

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    let mut taken = Known::Is(Set::new());
    let mut because = Vec::new();
    for actor in world.of_kind(Kind::PatchPlugin) {
        let causes = world.causes(actor);
        if causes.is_empty() {
            continue;
        }
        let takers = takers(world, actor);
        taken = either(taken, &takers);
        because.extend(causes.iter().cloned());
        out.extend(takes(world, actor, takers, &causes));
        out.extend(takes_none(world, actor, &causes));
        out.extend(expired(world, actor, &causes));
        out.extend(keeps(world, actor, &causes));
    }
    because.sort();
    because.dedup();
    if !because.is_empty() {
        purchase(world, taken, &because, out);
    }
}

fn licences<'w>(world: &World<'w>) -> Known<&'w Licences> {
    match (&world.fleet.licences, world.fleet.gaps.get(&Part::Licences)) {
        (_, Some(why)) => Known::Unknown(why.clone()),
        (Some(licences), None) => Known::Is(licences),
        (None, None) => Known::Unknown("the server told nothing of licences".to_owned()),
    }
}

fn holders(world: &World<'_>) -> Known<Set> {
    licences(world).map(|licences| licences.holders.clone())
}

/// Who is newly enrolled, has or gets the plug-in, and holds no licence yet.
fn takers(world: &World<'_>, actor: &Actor<'_>) -> Known<Set> {
    let Some(Spec::PatchPlugin(spec)) = actor.spec() else { return Known::Is(Set::new()) };
    let installed_anew = match actor.old_spec() {
        Some(Spec::PatchPlugin(old)) => !old.install_plugin && spec.install_plugin,
        _ => false,
    };
    let whom = if installed_anew { actor.is.clone() } else { actor.newly() };
    let whom = minus(&whom, &holders(world));
    if spec.install_plugin { whom } else { both(&whom, &licences(world).map(|licences| licences.plugin.clone())) }
}

/// Each takes a licence with its first assessment (LIC-1).
fn takes(world: &World<'_>, actor: &Actor<'_>, takers: Known<Set>, because: &[String]) -> Option<Told> {
    let newly = actor.newly();
    if newly.value().is_some_and(Set::is_empty) && takers.value().is_some_and(Set::is_empty) {
        return None;
    }
    let mechanism = "each takes a licence when its first assessment comes back: the plug-in is there, the policy \
                     targets it, and the scan has run";
    let told = Told::computers_of(&LIC_1, actor.key.to_string(), "takes_a_licence", takers, mechanism.to_owned());
    Some(told.basis(world.basis(actor)).because(because.to_vec()))
}

/// Newly enrolled, and without the plug-in it takes no licence and is not patched (LIC-1).
fn takes_none(world: &World<'_>, actor: &Actor<'_>, because: &[String]) -> Option<Told> {
    let Some(Spec::PatchPlugin(spec)) = actor.spec() else { return None };
    if spec.install_plugin {
        return None;
    }
    let without = minus(&actor.newly(), &licences(world).map(|licences| licences.plugin.clone()));
    let mechanism =
        "they lack the plug-in, and the policy does not install it: they take no licence and are not patched";
    let told = Told::computers_of(&LIC_1, actor.key.to_string(), "lacks_the_plugin", without, mechanism.to_owned());
    Some(told.because(because.to_vec()))
}

/// With the licence or its maintenance expired (LIC-3).
fn expired(world: &World<'_>, actor: &Actor<'_>, because: &[String]) -> Option<Told> {
    actor.spec()?;
    let licences = licences(world).value().copied()?;
    let passed = |at: Option<jiff::Timestamp>| at.is_some_and(|at| at <= world.now);
    let (kind, mechanism) = if passed(licences.expires) {
        ("licence_expired", "the licence expired: nothing is scanned and nothing is patched there")
    } else if passed(licences.maintenance_expires) {
        (
            "maintenance_expired",
            "the licence's maintenance expired: bulletins that are there go on, new ones do not come",
        )
    } else {
        return None;
    };
    let told = Told::computers_of(&LIC_3, actor.key.to_string(), kind, actor.is.clone(), mechanism.to_owned());
    Some(told.because(because.to_vec()))
}

/// Whoever leaves keeps its licence until it is retired or deleted (LIC-4).
fn keeps(world: &World<'_>, actor: &Actor<'_>, because: &[String]) -> Option<Told> {
    let leaves = actor.no_longer();
    if leaves.value().is_some_and(Set::is_empty) {
        return None;
    }
    let keeps = both(&leaves, &holders(world));
    let mechanism = "they are no longer targeted and keep their licence: it comes back only when they are retired or \
                     deleted and the refresh has run";
    let told = Told::computers_of(&LIC_4, actor.key.to_string(), "licence_not_returned", keeps, mechanism.to_owned());
    Some(told.because(because.to_vec()))
}

/// How many the plan takes of those that are left (LIC-5), and who gets none (LIC-2).
fn purchase(world: &World<'_>, taken: Known<Set>, because: &[String], out: &mut Vec<Told>) {
    let licences = licences(world);
    let free = licences.value().map(|licences| headroom(licences));
    let n = taken.value().map(Set::len);
    let mechanism = match (n, free) {
        (Some(n), Some(free)) if n <= free => {
            format!("targeting them with the plug-in takes {n} of {free} free licences; {} are left", free - n)
        }
        (Some(n), Some(free)) => {
            format!(
                "targeting them with the plug-in takes {n} licences, and {free} are free: {} are to be bought",
                n - free
            )
        }
        _ => "targeting them with the plug-in takes a licence each".to_owned(),
    };
    let held = licences.value().map(|licences| licences.holders.len());
    let left = free.zip(n).map(|(free, n)| free.saturating_sub(n));
    let told = Told::computers_of(&LIC_5, POOL.to_owned(), "licences_taken", taken, mechanism)
        .parts_of(&[("free_before", free), ("free_after", left), ("held", held)])
        .parts_of(&[("pool", licences.value().map(|licences| licences.pool))])
        .of(free)
        .because(because.to_vec());
    out.push(told);
    if let (Some(n), Some(free)) = (n, free)
        && n > free
    {
        let mechanism = format!(
            "the pool is empty after {free}: the rest get none and are not patched, and who holds one goes on; which \
             ones that is depends on whose assessment comes first"
        );
        let told = Told::counted(&LIC_2, POOL.to_owned(), "without_a_licence", Some(n - free), "computers", mechanism);
        out.push(told.of(Some(n)).basis(Basis::Derived).because(because.to_vec()));
    }
}
