//! Agent settings: whether a pending restart holds everything else up (RST-2).

use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::minus;
use crate::reach::Known;
use crate::rules::restart::RST_2;

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

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
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
