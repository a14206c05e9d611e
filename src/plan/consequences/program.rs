//! Restarts: who restarts (PRG-6), what waits for it (RST-2), whose prompt gets shorter (RST-4).

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::AfterRunningAction;
use crate::model::task::WarnUser;
use crate::model::units::Duration;
use crate::plan::Fix;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::fix;
use crate::plan::consequences::run;
use crate::plan::consequences::sets::either;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::sets::lowest_wins;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::settings;
use crate::plan::consequences::world::item_of;
use crate::plan::consequences::world::uses;
use crate::plan::consequences::world::warning_of;
use crate::reach::Estate;
use crate::reach::Known;
use crate::rules::program::PRG_6;
use crate::rules::restart::RST_2;
use crate::rules::restart::RST_4;

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    let now = OnceCell::new();
    for actor in world.jobs() {
        let because = causes(world, actor);
        if !because.is_empty() {
            restarts(world, actor, &because, &now, out);
        }
    }
    shorter_prompts(world, out);
}

fn causes(world: &World<'_>, actor: &Actor<'_>) -> Vec<String> {
    let mut out = world.causes(actor);
    for (package, program) in actor.spec().map(uses).unwrap_or_default() {
        out.extend(world.change(&ItemKey::program(package, program)).map(|change| change.address.clone()));
    }
    out.sort();
    out.dedup();
    out
}

/// What a job does to a computer afterwards: the hardest of its programs' actions, and how long it can be put off.
fn after(estate: &Estate<'_>, spec: &Spec) -> Option<(AfterRunningAction, Duration)> {
    let hard = |action| match action {
        AfterRunningAction::None => 0,
        AfterRunningAction::LogOff => 1,
        AfterRunningAction::Restart => 2,
    };
    let found = match spec {
        Spec::DeliveryPolicy(spec) => {
            spec.resources.iter().map(|one| (one.on_success.action, one.on_success.defer_up_to)).collect::<Vec<_>>()
        }
        _ => World::programs(estate, spec)
            .iter()
            .map(|one| (one.after_running.action, one.after_running.defer_up_to))
            .collect(),
    };
    let hardest = found.into_iter().max_by_key(|(action, defer)| (hard(*action), std::cmp::Reverse(*defer)))?;
    (hardest.0 != AfterRunningAction::None).then_some(hardest)
}

/// Who restarts, or is logged off, because of what it runs (PRG-6).
fn restarts(
    world: &World<'_>,
    actor: &Actor<'_>,
    because: &[String],
    now: &OnceCell<Known<Prompts>>,
    out: &mut Vec<Told>,
) {
    let Some(spec) = actor.spec().filter(|spec| spec.enabled() == Some(true)) else { return };
    let Some((action, defer)) = after(world.planned, spec) else { return };
    let before = actor.old_spec().filter(|_| actor.keeps_identity()).and_then(|old| after(world.live, old));
    let mut whom = either(world.runs(actor), &run::begin(world, actor));
    let is_policy = actor.key.kind == Kind::DeliveryPolicy;
    let warns = |spec: Option<&Spec>| spec.and_then(warning_of).is_some();
    let choice_moved = !is_policy && warns(actor.old_spec()) != warns(Some(spec));
    if before != Some((action, defer)) || choice_moved {
        // The same runs, with another end: everyone who is yet to run it, and who runs it again at its times (TSK-5).
        let again = run::to_run_of(world, actor, &actor.is);
        whom = either(either(whom, &minus(&actor.is, &world.ran(actor))), &again);
    }
    let (kind, verb) = match action {
        AfterRunningAction::Restart => ("restart", "restart"),
        _ => ("log_off", "are logged off"),
    };
    let can_defer = (is_policy || warns(Some(spec))) && defer > Duration::ZERO;
    let when = if is_policy { "after a success" } else { "after a run with any return code, a failing one too" };
    let less = match now.get_or_init(|| prompts(world, false)) {
        Known::Is(now) if is_policy => earlier(now, defer, &whom),
        _ => 0,
    };
    let choice = if can_defer && less > 0 {
        format!("users may put it off for up to {defer}, on {less} for less, as another policy says (RST-4)")
    } else if can_defer {
        format!("users may put it off for up to {defer}")
    } else {
        "users cannot put it off".to_owned()
    };
    let mechanism = format!("they {verb} {when}; {choice}");
    let told = Told::computers_of(&PRG_6, actor.key.to_string(), kind, whom.clone(), mechanism)
        .of(len(&actor.is))
        .basis(world.basis(actor))
        .because(because.to_vec());
    let warn = if can_defer || is_policy { None } else { warned(world, actor, defer, len(&whom)) };
    out.push(told.fix(warn));
    if action == AfterRunningAction::Restart && can_defer {
        out.push(waits(world, actor, whom, defer, because));
    }
}

/// On how many a restart can be put off for less than so long, since another policy says so (RST-4).
fn earlier(now: &Prompts, defer: Duration, whom: &Known<Set>) -> u64 {
    let Known::Is(whom) = whom else { return 0 };
    now.deferral.range(..defer.as_seconds()).map(|(_, set)| set.intersection_len(whom)).sum()
}

/// A warning, with which users may put the restart off.
fn warned(world: &World<'_>, actor: &Actor<'_>, defer: Duration, restarts: Option<u64>) -> Option<Fix> {
    let says = item_of(actor.after).filter(|_| defer > Duration::ZERO)?;
    let mut would = says.clone();
    let warn = Some(WarnUser { defer_up_to: defer });
    match &mut would.spec {
        Spec::Task(spec) => spec.warn_user = warn,
        Spec::SequentialTask(spec) => spec.warn_user = warn,
        _ => return None,
    }
    let message = format!("warn the user: the restart can then be put off for up to {defer}");
    Some(fix::edit(world, message, &says, &would, &[("restart", restarts), ("restart_without_choice", Some(0))]))
}

/// While a restart is put off everything else waits, unless the agent disregards it (RST-2).
fn waits(world: &World<'_>, actor: &Actor<'_>, whom: Known<Set>, defer: Duration, because: &[String]) -> Told {
    let waits = minus(&whom, &settings::disregards(world, false));
    let mechanism =
        format!("while the restart is put off, for up to {defer}, nothing else starts there, patching included");
    Told::computers_of(&RST_2, actor.key.to_string(), "all_else_waits", waits, mechanism)
        .of(len(&whom))
        .because(because.to_vec())
}

/// What restart prompts of policies offer, by countdown and by deferral, in seconds.
#[derive(Default)]
struct Prompts {
    countdown: BTreeMap<u64, Set>,
    deferral: BTreeMap<u64, Set>,
    /// Whom several of them restart.
    shared: Set,
}

/// The lowest countdown and deferral on each computer, of the policies that restart it (RST-4).
fn prompts(world: &World<'_>, before: bool) -> Known<Prompts> {
    let mut all = Prompts::default();
    let mut seen = Set::new();
    for actor in world.of_kind(Kind::DeliveryPolicy) {
        match own_prompts(world, actor, before) {
            Known::Is(own) => {
                let restarted = own.deferral.values().fold(Set::new(), |all, set| all | set);
                all.shared |= &seen & &restarted;
                seen |= restarted;
                for (into, from) in [(&mut all.countdown, own.countdown), (&mut all.deferral, own.deferral)] {
                    for (value, set) in from {
                        *into.entry(value).or_default() |= set;
                    }
                }
            }
            Known::Unknown(why) => return Known::Unknown(why),
        }
    }
    let (countdown, deferral) = (lowest_wins(all.countdown), lowest_wins(all.deferral));
    Known::Is(Prompts { countdown, deferral, shared: all.shared })
}

/// What one policy offers, and to whom.
fn own_prompts(world: &World<'_>, actor: &Actor<'_>, before: bool) -> Known<Prompts> {
    let mut own = Prompts::default();
    let (spec, reached) = if before { (actor.old_spec(), &actor.was) } else { (actor.spec(), &actor.is) };
    let Some(Spec::DeliveryPolicy(spec)) = spec else { return Known::Is(own) };
    let restarting: Vec<_> =
        spec.resources.iter().filter(|one| one.on_success.action == AfterRunningAction::Restart).collect();
    if restarting.is_empty() || !spec.enabled {
        return Known::Is(own);
    }
    let (reached, agents) = match (reached, &world.countdowns()[usize::from(!before)]) {
        (Known::Is(reached), Known::Is(agents)) => (reached, agents),
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => return Known::Unknown(why.clone()),
    };
    for resource in restarting {
        *own.deferral.entry(resource.on_success.defer_up_to.as_seconds()).or_default() |= reached;
        if let Some(countdown) = resource.on_success.countdown {
            *own.countdown.entry(countdown.as_seconds()).or_default() |= reached;
            continue;
        }
        let mut rest = reached.clone();
        for (value, set) in agents {
            *own.countdown.entry(*value).or_default() |= &rest & set;
            rest -= set;
        }
        *own.countdown.entry(60).or_default() |= rest; // TSK-9
    }
    Known::Is(own)
}

/// Who had a larger value before than now.
fn lowered(was: &BTreeMap<u64, Set>, is: &BTreeMap<u64, Set>) -> Set {
    let mut out = Set::new();
    for (value, set) in is {
        for (_, had) in was.range(value + 1..) {
            out |= set & had;
        }
    }
    out
}

/// Whose restart prompt gets shorter, and for which policy's sake (RST-4).
fn shorter_prompts(world: &World<'_>, out: &mut Vec<Told>) {
    let touched = |actor: &&Actor<'_>| !world.causes(actor).is_empty();
    let policies: Vec<_> = world.of_kind(Kind::DeliveryPolicy).filter(touched).collect();
    if policies.is_empty() {
        return;
    }
    let (was, is) = (prompts(world, true), prompts(world, false));
    for actor in policies {
        let own = own_prompts(world, actor, false);
        let restarts = matches!(&own, Known::Is(own) if own.deferral.is_empty());
        if restarts {
            continue;
        }
        let subject = actor.key.to_string();
        let why = |known: &Known<Prompts>| match known {
            Known::Unknown(why) => Some(why.clone()),
            Known::Is(_) => None,
        };
        let (Known::Is(was), Known::Is(is), Known::Is(own)) = (&was, &is, &own) else {
            let why = why(&was).or_else(|| why(&is)).or_else(|| why(&own)).unwrap_or_default();
            let mechanism = "of several policies with restarts on a computer the lowest countdown and deferral hold";
            let told = Told::computers_of(&RST_4, subject, "shorter_prompt", Known::Unknown(why), mechanism.to_owned());
            out.push(told.because(world.causes(actor)));
            continue;
        };
        // It is this policy's doing where the value that now holds is its own.
        let wins = |own: &BTreeMap<u64, Set>, all: &BTreeMap<u64, Set>| {
            let mut set = Set::new();
            for (value, mine) in own {
                set |= all.get(value).map(|all| all & mine).unwrap_or_default();
            }
            set
        };
        let countdown = lowered(&was.countdown, &is.countdown) & wins(&own.countdown, &is.countdown);
        let deferral = lowered(&was.deferral, &is.deferral) & wins(&own.deferral, &is.deferral);
        let (n, m) = (countdown.len(), deferral.len());
        let least =
            |own: &BTreeMap<u64, Set>| own.keys().next().map_or(Duration::ZERO, |value| Duration::seconds(*value));
        let whom = countdown | deferral;
        let why = match whom.is_disjoint(&is.shared) {
            true => "it says less than before",
            false => "where other policies restart them too the lowest value holds",
        };
        let countdown = (n > 0).then(|| format!("countdown of {}", least(&own.countdown)));
        let deferral = (m > 0).then(|| format!("deferral of up to {}", least(&own.deferral)));
        let values: Vec<String> = countdown.into_iter().chain(deferral).collect();
        let mechanism = format!("{why}: this one's {}", values.join(" and "));
        let told = Told::computers_of(&RST_4, subject, "shorter_prompt", Known::Is(whom), mechanism);
        out.push(told.part("shorter_countdown", n).part("shorter_deferral", m).because(world.causes(actor)));
    }
}
