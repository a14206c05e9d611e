//! Windows that open at other times: another schedule (MW-1), or another clock to read it on (MW-9).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::schedule::Clock;
use crate::agent::schedule::later;
use crate::agent::schedule::next_after;
use crate::agent::schedule::next_on;
use crate::agent::windows::HORIZON;
use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::schedule::WindowClock;
use crate::model::window::MaintenanceWindow;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::run;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::task::by_zone;
use crate::plan::consequences::window::fit::need;
use crate::reach::Known;
use crate::rules::window::MW_1;
use crate::rules::window::MW_9;

/// So many openings are compared; a window that opens daily has fewer before [`HORIZON`].
const OPENINGS_MAX: usize = 400;

/// For whom a window opens at other times than before.
pub(super) fn opens_otherwise(world: &World<'_>, out: &mut Vec<Told>) {
    for actor in world.of_kind(Kind::MaintenanceWindow) {
        let (Some(Spec::MaintenanceWindow(old)), Some(Spec::MaintenanceWindow(new))) = (actor.old_spec(), actor.spec())
        else {
            continue;
        };
        if !(old.enabled && new.enabled) || (&old.schedule, old.clock) == (&new.schedule, new.clock) {
            continue;
        }
        let stay = both(&actor.was, &actor.is);
        let moved = stay.clone().map(|stay| {
            let zones = by_zone(world, &stay).into_iter();
            let moved = zones.filter(|(zone, _)| moves(old, new, zone, world.now)).map(|(_, there)| there);
            moved.fold(Set::new(), |all, there| all | there)
        });
        let (rule, mechanism) = match (old.clock, new.clock) {
            (WindowClock::Computer, WindowClock::Utc) => (
                &MW_9,
                "its times are read in UTC, and no longer on each computer's own clock: it opens at other hours \
                 there, which move by an hour when daylight saving changes",
            ),
            (WindowClock::Utc, WindowClock::Computer) => (
                &MW_9,
                "its times are read on each computer's own clock, and no longer in UTC: it opens at other hours \
                 there, the same all year",
            ),
            _ => (&MW_1, "its schedule is another one: what waits for it starts at other times"),
        };
        let with_work = moved.value().and_then(|moved| with_work(world, moved));
        let told = Told::computers_of(rule, actor.key.to_string(), "opens_at_other_times", moved, mechanism.to_owned());
        let told = told.parts_of(&[("with_work_for_it", with_work)]).of(len(&stay));
        out.push(told.basis(world.basis(actor)).because(world.causes(actor)));
    }
}

/// Whether it opens at other moments on computers of a zone, now or within a year.
fn moves(old: &MaintenanceWindow, new: &MaintenanceWindow, zone: &str, now: Timestamp) -> bool {
    let clock = |window: &MaintenanceWindow| match window.clock {
        WindowClock::Computer => Clock::named(zone),
        WindowClock::Utc => Clock::new(TimeZone::UTC),
    };
    let (was, is, last) = (clock(old), clock(new), later(now, HORIZON));
    let within = |at: Option<Timestamp>| at.filter(|at| *at <= last);
    let mut openings = (next_on(&old.schedule, &was, now), next_on(&new.schedule, &is, now));
    for _ in 0..OPENINGS_MAX {
        match (within(openings.0), within(openings.1)) {
            (None, None) => return false,
            (Some(a), Some(b)) if a == b => {
                openings = (next_after(&old.schedule, &was, a), next_after(&new.schedule, &is, b));
            }
            _ => return true,
        }
    }
    false
}

/// How many of these have something to run that windows hold back.
fn with_work(world: &World<'_>, whom: &Set) -> Option<u64> {
    let mut out = Set::new();
    for job in world.jobs() {
        if need(world, world.planned, job.spec()).is_some() {
            match both(&job.is, &Known::Is(whom.clone())) {
                Known::Is(here) => out |= run::to_run(world, job, &here).value()?,
                Known::Unknown(_) => return None,
            }
        }
    }
    Some(out.len())
}
