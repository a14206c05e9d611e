//! When something runs by itself: who runs it because that changed, who again (TSK-4), and who no longer does (TSK-5).

use std::collections::BTreeSet;

use crate::agent::schedule::Clock as Zoned;
use crate::agent::schedule::next_on;
use crate::model::delivery_policy::DeliveryPolicy;
use crate::model::delivery_policy::Remediation;
use crate::model::fleet::Computers as Set;
use crate::model::fleet::History;
use crate::model::item::Spec;
use crate::model::task::Run;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::either;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::task::by_zone;
use crate::plan::consequences::task::starts_of;
use crate::plan::consequences::world::run_of;
use crate::plan::consequences::world::uses;
use crate::reach::Known;
use crate::rules::task::TSK_4;
use crate::rules::task::TSK_5;

/// Who starts something by itself from now on, from nobody to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Starts {
    /// Nobody: only a user does, or no time comes.
    Never,
    /// Who never ran it, with whatever result (TSK-4).
    Once,
    /// Who did not succeed with it yet.
    UntilSuccess,
    /// Everyone, whatever ran before (TSK-5).
    Ever,
}

impl Starts {
    /// Who of a history does not start it any more.
    fn done(self, history: &History) -> Set {
        match self {
            Self::Never | Self::Ever => Set::new(),
            Self::Once => &history.succeeded | &history.failed,
            Self::UntilSuccess => history.succeeded.clone(),
        }
    }
}

fn of_policy(world: &World<'_>, spec: &DeliveryPolicy, zone: &Zoned) -> Starts {
    let comes = |schedule| next_on(schedule, zone, world.now).is_some();
    if spec.user_must_run || matches!(&spec.remediation, Remediation::Schedule(times) if !comes(times)) {
        return Starts::Never;
    }
    match &spec.compliance {
        None => Starts::Once,
        Some(times) if comes(times) => Starts::UntilSuccess,
        Some(_) => Starts::Never,
    }
}

/// Who in a zone starts it by itself.
fn starts(world: &World<'_>, spec: &Spec, zone: &str) -> Starts {
    let (zone, server) = (Zoned::named(zone), Zoned::named(&world.fleet.server_zone));
    match spec {
        Spec::DeliveryPolicy(spec) => of_policy(world, spec, &zone),
        _ => starts_of(spec, &zone, &server, world.now),
    }
}

/// Whether a policy installs something else than before: who complied with the old list need not with the new one.
fn installs_otherwise(actor: &Actor<'_>) -> bool {
    match (actor.old_spec(), actor.spec()) {
        (Some(old @ Spec::DeliveryPolicy(_)), Some(new @ Spec::DeliveryPolicy(_))) => uses(old) != uses(new),
        _ => false,
    }
}

/// What a change of its times does to those whom it reached and reaches.
struct Moved {
    begin: Known<Set>,
    end: Known<Set>,
}

/// Who starts it by itself of those who did not, and the other way round. Of whom nobody knows how it went counts as one
/// who ran it.
fn moved(world: &World<'_>, actor: &Actor<'_>) -> Option<Moved> {
    actor.change.filter(|_| actor.keeps_identity() && actor.is_job())?;
    let (old, new) = (actor.old_spec()?, actor.spec()?);
    let anew = installs_otherwise(actor);
    let in_zone = |zone: &str| {
        let (was, is) = (starts(world, old, zone), starts(world, new, zone));
        (was, if anew && is > Starts::Never { Starts::Ever } else { is })
    };
    let history = world.history(actor.before?.guid);
    let step = |from: Starts, to: Starts, there: &Set| match &history {
        _ if from >= to => Known::Is(Set::new()),
        _ if (from, to) == (Starts::Never, Starts::Ever) => Known::Is(there.clone()),
        Known::Unknown(why) => Known::Unknown(why.clone()),
        Known::Is(history) => {
            let silent = if from == Starts::Never { Set::new() } else { history.unknown.clone() };
            let could = if from == Starts::Never { there.clone() } else { there & &(from.done(history) | silent) };
            Known::Is(could - to.done(history))
        }
    };
    let stay = match both(&actor.was, &actor.is) {
        Known::Is(stay) => stay,
        Known::Unknown(why) => {
            let zones: BTreeSet<&str> = world.fleet.computers.iter().map(|one| one.zone.as_str()).collect();
            let zones = zones.into_iter().chain([world.fleet.server_zone.as_str()]);
            let pairs: Vec<_> = zones.map(in_zone).collect();
            let unknown = |is_so: bool| if is_so { Known::Unknown(why.clone()) } else { Known::Is(Set::new()) };
            return Some(Moved {
                begin: unknown(pairs.iter().any(|(was, is)| was < is)),
                end: unknown(pairs.iter().any(|(was, is)| was > is)),
            });
        }
    };
    let mut out = Moved { begin: Known::Is(Set::new()), end: Known::Is(Set::new()) };
    for (zone, there) in by_zone(world, &stay) {
        let (was, is) = in_zone(zone);
        out.begin = either(out.begin, &step(was, is, &there));
        out.end = either(out.end, &step(is, was, &there));
    }
    Some(out)
}

/// Whom a change of its times makes run it.
pub(super) fn begin(world: &World<'_>, actor: &Actor<'_>) -> Known<Set> {
    moved(world, actor).map_or_else(|| Known::Is(Set::new()), |moved| moved.begin)
}

/// Of these, who starts it by itself from now on.
pub(super) fn to_run(world: &World<'_>, actor: &Actor<'_>, whom: &Set) -> Known<Set> {
    let Some(spec) = actor.spec() else { return Known::Is(Set::new()) };
    let history = match actor.before.filter(|_| actor.keeps_identity()) {
        Some(before) => world.history(before.guid),
        None => Known::Is(History::default()),
    };
    let mut out = Set::new();
    for (zone, there) in by_zone(world, whom) {
        match (starts(world, spec, zone), &history) {
            (Starts::Never, _) => {}
            (Starts::Ever, _) => out |= there,
            (starts, Known::Is(history)) => out |= there - starts.done(history),
            (_, Known::Unknown(why)) => return Known::Unknown(why.clone()),
        }
    }
    Known::Is(out)
}

/// The same, of those whom somebody may not know.
pub(super) fn to_run_of(world: &World<'_>, actor: &Actor<'_>, whom: &Known<Set>) -> Known<Set> {
    match whom {
        Known::Is(whom) => to_run(world, actor, whom),
        Known::Unknown(why) => Known::Unknown(why.clone()),
    }
}

/// Who runs what changed in a package or program, because its times, or its checks, come by themselves (TSK-5).
fn runs_what_changed(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let (old, spec) = (actor.old_spec()?, actor.spec().filter(|_| actor.keeps_identity() && actor.is_job())?);
    // What runs once reaches nobody who ran it: that is told there (TSK-4, SEQ-2). Another list has its own re-runs.
    if run_of(spec) == Some(&Run::AsSoonAsPossible) || installs_otherwise(actor) {
        return None;
    }
    let mut because = world.content_changes(spec);
    if uses(old) != uses(spec) {
        because.extend(actor.change.map(|at| world.changes[at].address.clone()));
    }
    if because.is_empty() {
        return None;
    }
    let stay = both(&actor.was, &actor.is);
    let whom = to_run_of(world, actor, &stay);
    let ran_before = len(&both(&whom, &world.ran(actor)));
    let mechanism = match spec {
        Spec::DeliveryPolicy(_) => "they are yet to comply with it, and what they install is what it says from now on",
        _ => "it runs again at its times, whoever ran it before: from the next one on it runs what changed",
    };
    let told = Told::computers_of(&TSK_5, actor.key.to_string(), "run_what_changed", whom, mechanism.to_owned())
        .parts_of(&[("ran_it_before", ran_before)])
        .of(len(&stay));
    Some(told.basis(world.basis(actor)).because(because))
}

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    for actor in world.jobs() {
        out.extend(runs_what_changed(world, actor));
        let Some(Moved { begin, end }) = moved(world, actor) else { continue };
        let Some(guid) = actor.before.map(|before| before.guid) else { continue };
        let history = world.history(guid);
        let ran = history.clone().map(|it| &it.succeeded | &it.failed | &it.unknown);
        let again = both(&begin, &ran);
        let part = |of: fn(&History) -> &Set| match (&begin, &history) {
            (Known::Is(begin), Known::Is(history)) => Some(begin.intersection_len(of(history))),
            _ => None,
        };
        let (succeeded, failed, silent) = (part(|h| &h.succeeded), part(|h| &h.failed), part(|h| &h.unknown));
        let anew = installs_otherwise(actor);
        let low = if anew { Some(0) } else { succeeded.zip(failed).map(|(a, b)| a + b) };
        let rule = if run_of_is_once(actor) { &TSK_4 } else { &TSK_5 };
        let stay = len(&both(&actor.was, &actor.is));
        let told = |kind: &str, set, mechanism: &str| {
            Told::computers_of(rule, actor.key.to_string(), kind, set, mechanism.to_owned())
                .of(stay)
                .basis(world.basis(actor))
                .because(world.causes(actor))
        };
        let mechanism = if anew {
            "it installs other programs: each checks again, and installs what it lacks"
        } else {
            "what starts it changed: they already ran it, and run it again by themselves (TSK-4, TSK-5)"
        };
        let high = if again.value().is_none() { len(&begin).or_else(|| len(&ran)) } else { len(&again) };
        let re_run = told("re_run", again, mechanism).between(low.filter(|_| anew || silent > Some(0)), high);
        let never = len(&minus(&begin, &ran));
        out.push(re_run.parts_of(&[
            ("succeeded", succeeded),
            ("failed", failed),
            ("unknown", silent),
            ("never_ran", never),
        ]));
        let mechanism = "what starts it changed: they never ran it, nothing would have started it, and now they run it";
        out.push(told("begin_to_run", minus(&begin, &ran), mechanism));
        let mechanism = "what starts it changed: it would have run there by itself, and now it does not";
        out.push(told("run_no_longer", end, mechanism));
        if let (Some(Run::Schedule(old)), Some(Run::Schedule(new))) =
            (actor.old_spec().and_then(run_of), actor.spec().and_then(run_of))
            && old != new
        {
            // Who is done with it has no other times (TSK-10).
            let stays = minus(&to_run_of(world, actor, &both(&actor.was, &actor.is)), &begin);
            out.push(told("other_times", stays, "its schedule is another one, by each computer's own clock"));
        }
    }
}

/// Whether it ran, or would run, once, ever.
fn run_of_is_once(actor: &Actor<'_>) -> bool {
    let once = |spec: Option<&Spec>| spec.and_then(run_of) == Some(&Run::AsSoonAsPossible);
    once(actor.old_spec()) || once(actor.spec())
}
