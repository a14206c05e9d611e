//! Tasks: what reaches nobody who already ran (TSK-4), notification storms (TSK-7), availability that no computer of a
//! zone can meet (TSK-11), starts that have passed (PLN-12).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::schedule::Clock as Zoned;
use crate::agent::schedule::next_on;
use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::schedule::Clock;
use crate::model::schedule::Schedule;
use crate::model::task::Availability;
use crate::model::task::Run;
use crate::plan::Action;
use crate::plan::Fix;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::fix;
use crate::plan::consequences::run::Starts;
use crate::plan::consequences::run::begin;
use crate::plan::consequences::run::to_run;
use crate::plan::consequences::run::to_run_of;
use crate::plan::consequences::sequence::run_again;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::world::free_name;
use crate::plan::consequences::world::item_of;
use crate::plan::consequences::world::run_of;
use crate::reach::Known;
use crate::rules::plan::PLN_12;
use crate::rules::task::TSK_4;
use crate::rules::task::TSK_7;
use crate::rules::task::TSK_11;

/// From how many computers on *notify immediately* is too much, and how many a server serves at once (TSK-7).
const STORM: u64 = 200;

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    for actor in world.jobs() {
        if actor.key.kind != Kind::SequentialTask && action(world, actor) == Some(Action::Replace) {
            let mechanism = "it is made anew with a new GUID, which no computer has run yet";
            out.push(run_again(world, actor, &TSK_4, mechanism));
        }
        if actor.key.kind == Kind::Task {
            out.extend(reaches_nobody_who_ran(world, actor));
        }
        out.extend(storm(world, actor));
        out.extend(unavailable(world, actor));
        out.extend(available_otherwise(world, actor));
        out.extend(start_passed(world, actor));
    }
}

fn action(world: &World<'_>, actor: &Actor<'_>) -> Option<Action> {
    actor.change.map(|at| world.changes[at].action())
}

/// A changed program, package or choice of program reaches no computer that ran the task (TSK-4).
fn reaches_nobody_who_ran(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let (Some(Spec::Task(old)), Some(Spec::Task(new))) = (actor.old_spec(), actor.spec()) else { return None };
    if !actor.keeps_identity() || new.run != Run::AsSoonAsPossible {
        return None;
    }
    let mut because = world.content_changes(actor.spec()?);
    if (&old.package, &old.program) != (&new.package, &new.program) {
        because.extend(actor.change.map(|at| world.changes[at].address.clone()));
    }
    if because.is_empty() {
        return None;
    }
    let ran = world.ran(actor);
    let missed = both(&actor.is, &ran);
    let mechanism =
        "it runs as soon as possible, once, ever, on a computer: who already ran it does not get what changed";
    let to_come = minus(&actor.is, &ran);
    let told = Told::computers_of(&TSK_4, actor.key.to_string(), "not_reached", missed, mechanism.to_owned())
        .parts_of(&[("get_it", len(&to_come))])
        .of(len(&actor.is))
        .basis(world.basis(actor))
        .because(because);
    Some(told.fix(a_new_task(world, actor)).fix(a_schedule(world, actor)))
}

/// The same under another name, which is another identity: everyone runs it.
fn a_new_task(world: &World<'_>, actor: &Actor<'_>) -> Option<Fix> {
    let says = item_of(actor.after)?;
    let mut off = says.clone();
    off.spec.set_enabled(false);
    let mut new = says.clone();
    new.key.name = free_name(world, Kind::Task, &format!("{} (2)", says.key.name));
    (new.pin, new.aliases) = (None, Vec::new());
    let reached = len(&actor.is);
    let edit = fix::edit(
        world,
        "write a new task for it, and switch this one off: everyone it reaches runs what is new, and a limit of COL-2 \
         looks at them all"
            .to_owned(),
        &says,
        &off,
        &[("runs", reached), ("not_reached", Some(0))],
    );
    Some(fix::with_new(world, edit, &says, &[new]))
}

/// A schedule, which runs whatever ran before; not where its availability or a success keeps it from that somewhere.
fn a_schedule(world: &World<'_>, actor: &Actor<'_>) -> Option<Fix> {
    let says = item_of(actor.after)?;
    let mut would = says.clone();
    let Spec::Task(task) = &mut would.spec else { return None };
    let date = TimeZone::UTC.to_datetime(world.now).date().checked_add(SignedDuration::from_hours(48)).ok()?;
    let at = date.at(20, 0, 0, 0);
    task.run = Run::Schedule(Schedule::At(at.into()));
    let server = Zoned::named(&world.fleet.server_zone);
    let runs_in = |zone: &str| starts_of(&would.spec, &Zoned::named(zone), &server, world.now) == Starts::Ever;
    let runs_everywhere = match &actor.is {
        Known::Is(reached) => by_zone(world, reached).into_keys().all(runs_in),
        Known::Unknown(_) => runs_in(&world.fleet.server_zone),
    };
    if !runs_everywhere {
        return None;
    }
    let forecast = [("runs", len(&actor.is)), ("not_reached", Some(0))];
    Some(fix::edit(
        world,
        "give it a schedule, which runs on computers that ran it before".to_owned(),
        &says,
        &would,
        &forecast,
    ))
}

const fn notifies(spec: &Spec) -> bool {
    match spec {
        Spec::Task(spec) => spec.notify_immediately,
        Spec::SequentialTask(spec) => spec.notify_immediately,
        _ => false,
    }
}

/// *Notify immediately* has every computer ask at once (TSK-7).
fn storm(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let spec = actor.spec().filter(|spec| notifies(spec) && spec.enabled() == Some(true))?;
    let newly = actor.newly();
    let touched = actor.change.is_some() || newly.value().is_none_or(|newly| !newly.is_empty());
    if !touched || spec.targets().is_none_or(Vec::is_empty) || len(&actor.is).is_some_and(|n| n < STORM) {
        return None;
    }
    let mechanism = "it notifies immediately, and all of them ask for their policy at once; a server serves 100 such \
                     requests at a time, and the option is for fewer than 200 computers";
    let told =
        Told::computers_of(&TSK_7, actor.key.to_string(), "notified_at_once", actor.is.clone(), mechanism.to_owned());
    let quiet = item_of(actor.after).map(|says| {
        let mut would = says.clone();
        match &mut would.spec {
            Spec::Task(spec) => spec.notify_immediately = false,
            Spec::SequentialTask(spec) => spec.notify_immediately = false,
            _ => {}
        }
        let message = "leave the notification out: each computer learns of it when it asks next".to_owned();
        fix::edit(world, message, &says, &would, &[("notified_at_once", Some(0))])
    });
    Some(told.basis(world.basis(actor)).because(world.causes(actor)).fix(quiet))
}

const fn availability_of(spec: &Spec) -> Option<&Availability> {
    match spec {
        Spec::Task(spec) => Some(&spec.availability),
        Spec::SequentialTask(spec) => Some(&spec.availability),
        _ => None,
    }
}

const fn makes_up(spec: &Spec) -> bool {
    match spec {
        Spec::Task(spec) => spec.run_missed_schedule,
        Spec::SequentialTask(spec) => spec.run_missed_schedule,
        _ => false,
    }
}

/// Whether it is taken off who ran it with success, and off who comes to have it after one (TSK-10).
pub(super) const fn removes(spec: &Spec) -> bool {
    match spec {
        Spec::Task(spec) => spec.remove_after_success,
        Spec::SequentialTask(spec) => spec.remove_after_success,
        _ => false,
    }
}

/// Availability and start never meet in some zones: no computer there ever runs it (TSK-11).
fn unavailable(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let spec = actor.spec().filter(|spec| spec.enabled() == Some(true))?;
    let newly = actor.newly();
    let touched = actor.change.is_some() || newly.value().is_some_and(|newly| !newly.is_empty());
    let (run, availability) = (run_of(spec)?, availability_of(spec)?);
    if !touched
        || (availability.from.is_none() && availability.to.is_none() && !matches!(run, Run::Schedule(Schedule::At(_))))
    {
        return None;
    }
    let server = Zoned::named(&world.fleet.server_zone);
    let mut missed: BTreeMap<String, u64> = BTreeMap::new();
    let never = match &actor.is {
        Known::Unknown(why) => Known::Unknown(why.clone()),
        Known::Is(reached) => {
            let mut never = Set::new();
            for (zone, there) in by_zone(world, reached) {
                if !can_meet(run, availability, makes_up(spec), &Zoned::named(zone), &server, world.now) {
                    missed.insert(zone.to_owned(), there.len());
                    never |= there;
                }
            }
            Known::Is(never)
        }
    };
    let clock = if availability.clock == Clock::Server { "on the server's clock" } else { "on each computer's clock" };
    let mut mechanism = format!(
        "no start lies within its availability ({clock}; the schedule runs on each computer's own): computers there \
         never run it"
    );
    if !missed.is_empty() {
        let zones: Vec<String> = missed.iter().map(|(zone, n)| format!("{zone} {n}")).collect();
        mechanism.push_str(&format!("; by zone: {}", zones.join(", ")));
    }
    let told = Told::computers_of(&TSK_11, actor.key.to_string(), "never_available", never, mechanism);
    Some(told.of(len(&actor.is)).basis(world.basis(actor)).because(world.causes(actor)))
}

/// Its availability begins or ends at another moment there: its hours, or the clock that they are read on (TSK-11).
fn available_otherwise(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let (old, spec) = (actor.old_spec()?, actor.spec().filter(|_| actor.keeps_identity())?);
    let (was, is) = (availability_of(old)?, availability_of(spec)?);
    if was == is || old.enabled() != Some(true) || spec.enabled() != Some(true) {
        return None;
    }
    let server = Zoned::named(&world.fleet.server_zone);
    let span = |availability: &Availability, zone: &Zoned| {
        let clock = if availability.clock == Clock::Server { &server } else { zone };
        let opens = availability.from.map_or(world.now, |from| clock.instant(from).max(world.now));
        (opens, availability.to.map(|to| clock.instant(to).max(world.now)))
    };
    let stay = both(&actor.was, &actor.is);
    let whom = match &stay {
        Known::Is(stay) => {
            let zones = by_zone(world, stay).into_iter();
            let moved = zones.filter(|(zone, _)| {
                let zone = Zoned::named(zone);
                span(was, &zone) != span(is, &zone)
            });
            let moved = moved.fold(Set::new(), |all, (_, there)| all | there);
            // Who begins to run it for that reason is told so.
            minus(&to_run(world, actor, &moved), &begin(world, actor))
        }
        Known::Unknown(why) => Known::Unknown(why.clone()),
    };
    let mechanism = if was.clock == is.clock {
        "it is available from or until another moment there, and is downloaded and run in between only"
    } else {
        "its availability is read on another clock, and so begins or ends at another moment there; its schedule stays on \
         each computer's own"
    };
    let told = Told::computers_of(&TSK_11, actor.key.to_string(), "available_otherwise", whom, mechanism.to_owned());
    Some(told.of(len(&stay)).basis(world.basis(actor)).because(world.causes(actor)))
}

/// A set by the zone of its computers, once for each zone.
pub(super) fn by_zone<'w>(world: &World<'w>, set: &Set) -> BTreeMap<&'w str, Set> {
    let mut out: BTreeMap<&str, Set> = BTreeMap::new();
    for n in set {
        if let Some(computer) = world.fleet.computers.get(n as usize) {
            out.entry(&computer.zone).or_default().insert(n);
        }
    }
    out
}

/// Whether a computer in a zone can start it at all from now on.
fn can_meet(
    run: &Run,
    availability: &Availability,
    makes_up: bool,
    zone: &Zoned,
    server: &Zoned,
    now: Timestamp,
) -> bool {
    *run == Run::Manual && is_open(availability, zone, server, now)
        || starts_in(run, availability, makes_up, zone, server, now) != Starts::Never
}

/// Whether its availability does not end before it begins, or before now.
fn is_open(availability: &Availability, zone: &Zoned, server: &Zoned, now: Timestamp) -> bool {
    let clock = if availability.clock == Clock::Server { server } else { zone };
    let opens = availability.from.map_or(now, |from| clock.instant(from).max(now));
    opens < availability.to.map_or(Timestamp::MAX, |to| clock.instant(to))
}

/// Who in a zone starts a task by itself from now on.
pub(super) fn starts_of(spec: &Spec, zone: &Zoned, server: &Zoned, now: Timestamp) -> Starts {
    match (run_of(spec), availability_of(spec)) {
        (Some(run), Some(availability)) => {
            let starts = starts_in(run, availability, makes_up(spec), zone, server, now);
            if removes(spec) { starts.min(Starts::UntilSuccess) } else { starts }
        }
        _ => Starts::Never,
    }
}

fn starts_in(
    run: &Run,
    availability: &Availability,
    makes_up: bool,
    zone: &Zoned,
    server: &Zoned,
    now: Timestamp,
) -> Starts {
    let clock = if availability.clock == Clock::Server { server } else { zone };
    let opens = availability.from.map(|from| clock.instant(from));
    let closes = availability.to.map_or(Timestamp::MAX, |to| clock.instant(to));
    if !is_open(availability, zone, server, now) {
        return Starts::Never;
    }
    let schedule = match run {
        Run::Manual => return Starts::Never,
        Run::AsSoonAsPossible => return Starts::Once,
        Run::Schedule(schedule) => schedule,
    };
    if next_on(schedule, zone, opens.unwrap_or(now).max(now)).is_some_and(|at| at < closes) {
        return Starts::Ever;
    }
    // A single start that was missed is made up for by who never ran it, unless it fell outside of the availability.
    match schedule {
        Schedule::At(at) if makes_up => {
            let at = zone.instant(*at);
            let is_made_up = at < now && opens.is_none_or(|opens| at >= opens) && at < closes;
            if is_made_up { Starts::Once } else { Starts::Never }
        }
        _ => Starts::Never,
    }
}

/// A start that has passed by the server's clock: what it was meant for begins at once, or never (PLN-12).
fn start_passed(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let spec = actor.spec().filter(|spec| spec.enabled() == Some(true))?;
    let change = &world.changes[actor.change?];
    let is_meant = |path: &str| {
        ["spec.run", "spec.availability", "spec.enabled", "spec.collections"].iter().any(|p| path.starts_with(p))
    };
    if change.action() == Action::Update && !change.fields.iter().any(|field| is_meant(&field.path)) {
        return None;
    }
    let server = Zoned::named(&world.fleet.server_zone);
    let start = match run_of(spec)? {
        Run::Schedule(Schedule::At(at)) => Some(("run", *at)),
        _ => None,
    };
    let opening = availability_of(spec)?.from.map(|from| ("availability", from));
    let passed = |at| server.instant(at) <= world.now;
    let (what, at) = start.into_iter().chain(opening).find(|(_, at)| passed(*at))?;
    let is_made_up = what == "run" && makes_up(spec);
    let mechanism = match (what, is_made_up) {
        (_, true) => format!(
            "its start, {at}, has passed by the server's clock: who never ran it makes up for it on arrival, and who \
             ran it does not"
        ),
        ("run", false) => {
            format!("its start, {at}, has passed by the server's clock; computers that it passed for never run it")
        }
        _ => format!("its availability began at {at}, which has passed by the server's clock: it begins on arrival"),
    };
    let told = Told::computers_of(&PLN_12, actor.key.to_string(), "start_passed", actor.is.clone(), mechanism);
    let made_up = if is_made_up { len(&to_run_of(world, actor, &actor.is)) } else { None };
    let told = told.parts_of(&[("made_up_for", made_up)]);
    Some(told.basis(world.basis(actor)).because(vec![change.address.clone()]))
}
