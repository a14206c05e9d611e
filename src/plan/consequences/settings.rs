//! Agent settings: whether a pending restart holds everything else up (RST-2), and whose countdown is shorter (TSK-9).

use std::collections::BTreeMap;

use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::run::to_run_of;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::either;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::world::warning_of;
use crate::reach::Known;
use crate::rules::restart::RST_2;
use crate::rules::task::TSK_9;

/// Whose agents go on while a restart is pending: any settings that reach them say so.
pub(super) fn disregards(world: &World<'_>, before: bool) -> Known<Set> {
    let mut out = Set::new();
    for actor in world.of_kind(Kind::AgentSettings) {
        let (spec, reached) = if before { (actor.old_spec(), &actor.was) } else { (actor.spec(), &actor.is) };
        if let Some(Spec::AgentSettings(settings)) = spec
            && settings.disregard_post_run_action
        {
            match reached {
                Known::Is(set) => out |= set,
                Known::Unknown(why) => return Known::Unknown(why.clone()),
            }
        }
    }
    Known::Is(out)
}

/// A countdown that no settings name, in seconds (TSK-9).
pub(super) const COUNTDOWN: u64 = 60;

/// Whose countdown is shorter than before (TSK-9).
fn shorter(world: &World<'_>) -> Known<Set> {
    let [was, is] = world.countdowns();
    let (was, is) = match (was, is) {
        (Known::Is(was), Known::Is(is)) => (was, is),
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => return Known::Unknown(why.clone()),
    };
    let all = |by_value: &BTreeMap<u64, Set>| by_value.values().fold(Set::new(), |all, set| all | set);
    let longer_before = |value: u64| was.range(value + 1..).fold(Set::new(), |all, (_, set)| all | set);
    let mut out = longer_before(COUNTDOWN) - all(is);
    for (value, set) in is {
        out |= set & longer_before(*value);
        if *value < COUNTDOWN {
            out |= set - all(was);
        }
    }
    Known::Is(out)
}

/// Who runs anything yet that counts down first (TSK-8).
fn warned(world: &World<'_>) -> Known<Set> {
    let warns = |spec: &Spec| spec.enabled() == Some(true) && warning_of(spec).is_some();
    let jobs = world.jobs().filter(|actor| actor.spec().is_some_and(warns));
    jobs.fold(Known::Is(Set::new()), |all, actor| either(all, &to_run_of(world, actor, &actor.is)))
}

/// Whom changed settings leave less time before what counts down (TSK-9).
fn shorter_countdowns(world: &World<'_>, out: &mut Vec<Told>) {
    let mut whom = None;
    for actor in world.of_kind(Kind::AgentSettings) {
        let because = world.causes(actor);
        if because.is_empty() {
            continue;
        }
        let whom = whom.get_or_insert_with(|| both(&shorter(world), &warned(world)));
        let reached = either(actor.was.clone(), &actor.is);
        let mechanism = "the countdown before what they are warned of is shorter than before: less time to save one's \
                         work, or to put it off";
        let set = both(whom, &reached);
        let told = Told::computers_of(&TSK_9, actor.key.to_string(), "shorter_countdown", set, mechanism.to_owned());
        out.push(told.of(len(&reached)).basis(world.basis(actor)).because(because));
    }
}

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    shorter_countdowns(world, out);
    let says = |spec: Option<&Spec>| matches!(spec, Some(Spec::AgentSettings(s)) if s.disregard_post_run_action);
    let (mut was, mut is) = (None, None);
    for actor in world.of_kind(Kind::AgentSettings) {
        let because = world.causes(actor);
        if because.is_empty() || !(says(actor.old_spec()) || says(actor.spec())) {
            continue;
        }
        let was = was.get_or_insert_with(|| disregards(world, true));
        let is = is.get_or_insert_with(|| disregards(world, false));
        let waits = both(&minus(was, is), &actor.was);
        let goes_on = both(&minus(is, was), &actor.is);
        let mechanism = "their agents no longer disregard a pending restart: everything else waits for it there";
        let told = Told::computers_of(&RST_2, actor.key.to_string(), "restart_blocks", waits, mechanism.to_owned());
        out.push(told.basis(world.basis(actor)).because(because.clone()));
        let mechanism = "their agents disregard a pending restart: other work goes on, and an install that needs the \
                         restart first can fail (RST-3)";
        let told =
            Told::computers_of(&RST_2, actor.key.to_string(), "restart_blocks_no_more", goes_on, mechanism.to_owned());
        out.push(told.basis(world.basis(actor)).because(because));
    }
}
