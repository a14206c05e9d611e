//! What fits (MW-1 … MW-4, MW-7).

use std::collections::BTreeMap;

use crate::agent::policy::FitRule;
use crate::agent::policy::NeverFits;
use crate::agent::windows::needed;
use crate::model::delivery_policy::Remediation;
use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::package::MaxRunTime;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::model::window::WindowKind;
use crate::plan::Fix;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::fix;
use crate::plan::consequences::run;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::settings::COUNTDOWN;
use crate::plan::consequences::window::spans::ENDLESS;
use crate::plan::consequences::window::spans::Windows;
use crate::plan::consequences::world::item_of;
use crate::plan::consequences::world::run_of;
use crate::plan::consequences::world::uses;
use crate::plan::consequences::world::warning_of;
use crate::reach::Estate;
use crate::reach::Known;
use crate::rules::window::MW_1;
use crate::rules::window::MW_2;
use crate::rules::window::MW_3;
use crate::rules::window::MW_4;
use crate::rules::window::MW_7;

/// The longest that a window may last (MW-9).
const WINDOW_MAX: u64 = 24 * 3600;

/// What a job asks of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// The longest of its programs' maximum run times, in seconds.
    run: u64,
    /// Whether one of them is not known.
    unknown: bool,
    /// Whether its countdown counts (MW-1).
    counts_down: bool,
    pub(super) is_sequence: bool,
}

/// What a job asks of a window; `None`: it needs none.
pub(super) fn need(world: &World<'_>, estate: &Estate<'_>, spec: Option<&Spec>) -> Option<Need> {
    let spec = spec.filter(|spec| spec.enabled() == Some(true))?;
    let ignores = match spec {
        Spec::DeliveryPolicy(spec) => spec.user_must_run || spec.remediation == Remediation::Immediately,
        // MW-8: runs started by a user ignore windows.
        _ => run_of(spec) == Some(&Run::Manual),
    };
    if ignores {
        return None;
    }
    let is_remaining = world.rules.fit == FitRule::Remaining;
    let limits: Vec<Option<Duration>> =
        World::programs(estate, spec).iter().map(|program| program.max_run_time.limit()).collect();
    let unknown = limits.contains(&None);
    let seconds = |limit: &Option<Duration>| needed(world.rules.fit, Duration::ZERO, *limit).as_seconds();
    let run = limits.iter().map(seconds).max()?;
    let counts_down = is_remaining && warning_of(spec).is_some();
    Some(Need { run, unknown, counts_down, is_sequence: matches!(spec, Spec::SequentialTask(_)) })
}

/// Computers by what a job needs there, in seconds: countdowns are the agents' own (TSK-9).
fn needs_by_countdown(need: Need, reached: &Set, countdowns: &Known<BTreeMap<u64, Set>>) -> Known<Vec<(u64, Set)>> {
    if !need.counts_down {
        return Known::Is(vec![(need.run, reached.clone())]);
    }
    match countdowns {
        Known::Unknown(why) => Known::Unknown(why.clone()),
        Known::Is(by_value) => {
            let mut rest = reached.clone();
            let mut out = Vec::new();
            for (countdown, set) in by_value {
                out.push((need.run + countdown, &rest & set));
                rest -= set;
            }
            out.push((need.run + COUNTDOWN, rest)); // TSK-9
            Known::Is(out)
        }
    }
}

/// A job against the windows of one estate.
struct Judged<'a, 'w> {
    need: Need,
    windows: &'a Windows<'w>,
    by_need: Vec<(u64, Set)>,
}

impl Judged<'_, '_> {
    fn never(&self) -> Set {
        let mut out = Set::new();
        for (need, set) in &self.by_need {
            out |= set & self.windows.shorter(*need, self.need.is_sequence);
        }
        out
    }

    fn waits(&self) -> Set {
        let mut out = Set::new();
        for (need, set) in &self.by_need {
            out |= set & self.windows.sometimes_shorter(*need, self.need.is_sequence);
        }
        out
    }

    fn overruns(&self, reached: &Set) -> Set {
        if self.need.unknown { reached & self.windows.held(self.need.is_sequence) } else { Set::new() }
    }

    /// By the room that is left in the longest window, in seconds: who has it.
    fn room(&self) -> BTreeMap<u64, Set> {
        let mut out: BTreeMap<u64, Set> = BTreeMap::new();
        for (longest, held) in self.windows.by_longest(self.need.is_sequence) {
            for (need, set) in &self.by_need {
                if longest >= *need && longest != ENDLESS {
                    *out.entry(longest - need).or_default() |= set & &held;
                }
            }
        }
        out
    }
}

/// A job against its windows, as it is or as it would be: `None` where it needs none.
fn judge<'a, 'w>(world: &'a World<'w>, actor: &Actor<'_>, before: bool) -> Option<Known<Judged<'a, 'w>>> {
    let (estate, spec, reached, at) = if before {
        (world.live, actor.old_spec(), &actor.was, 0)
    } else {
        (world.planned, actor.spec(), &actor.is, 1)
    };
    let need = need(world, estate, spec)?;
    let unknown = |why: &String| Some(Known::Unknown(why.clone()));
    let (reached, windows) = match (reached, &world.windows()[at]) {
        (Known::Is(reached), Known::Is(windows)) => (reached, windows),
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => return unknown(why),
    };
    match needs_by_countdown(need, reached, &world.countdowns()[at]) {
        Known::Is(by_need) => Some(Known::Is(Judged { need, windows, by_need })),
        Known::Unknown(why) => unknown(&why),
    }
}

pub(super) fn fits(world: &World<'_>, actor: &Actor<'_>, because: &[String], out: &mut Vec<Told>) {
    let Some(after) = judge(world, actor, false) else { return };
    fits_now(world, actor, &after, because, out);
    let subject = actor.key.to_string();
    let after = match after {
        Known::Is(after) => after,
        Known::Unknown(why) => {
            if !fits_anywhere(world, actor) {
                let set = Known::Unknown(why);
                let told = Told::computers_of(&MW_4, subject, "never_fit", set, never_runs(world, None));
                out.push(told.because(because.to_vec()));
            }
            return;
        }
    };
    let before = judge(world, actor, true);
    let known = |was: fn(&Judged<'_, '_>, &Set) -> Set| match &before {
        Some(Known::Is(before)) => Some(was(before, actor.was.value()?)),
        Some(Known::Unknown(_)) => None,
        None => Some(Set::new()),
    };
    let since = |is: &Set, was: Option<Set>| match was {
        Some(was) => Known::Is(is - was),
        None if is.is_empty() => Known::Is(Set::new()),
        None => Known::Unknown("how it fits now is not known".to_owned()),
    };
    let reached = actor.is.value().cloned().unwrap_or_default();
    let told = |rule, kind: &str, set, mechanism: String| {
        Told::computers_of(rule, subject.clone(), kind, set, mechanism)
            .of(Some(reached.len()))
            .basis(world.basis(actor))
            .because(because.to_vec())
    };
    // Who is done with it needs no window any more (TSK-4, TSK-10).
    let yet_to_run = |set: &Known<Set>| run::to_run_of(world, actor, set);
    let never = since(&after.never(), known(|was, _| was.never()));
    let at_most = len(&never);
    let never = yet_to_run(&never);
    if never.value().is_none_or(|set| !set.is_empty()) {
        let whom = never.value().cloned().unwrap_or_default();
        let high = if never.value().is_none() { at_most } else { None };
        let mut one = told(&MW_4, "never_fit", never, never_runs(world, Some((&after, &whom)))).between(None, high);
        one = one.fix(shorter_run(world, actor, &after, &whom)).fix(longer_window(world, &after, &whom));
        out.push(one);
    }
    let overruns = since(&after.overruns(&reached), known(|was, reached| was.overruns(reached)));
    let overruns = yet_to_run(&overruns);
    if world.rules.fit == FitRule::Remaining {
        let mechanism = "its maximum run time is unknown, which counts as 0 here: it starts in any window with a \
                         minute left, and may overrun it";
        out.push(told(&MW_2, "may_overrun", overruns, mechanism.to_owned()));
    }
    let waits = yet_to_run(&since(&after.waits(), known(|was, _| was.waits())));
    let mechanism = "it does not fit some of their windows, is skipped there, and waits for a longer one";
    out.push(told(&MW_3, "waits_for_a_longer_window", waits, mechanism.to_owned()));
    if let Some(Known::Is(before)) = &before {
        let less = yet_to_run(&Known::Is(less_room(before, &after)));
        let (rule, mechanism) = match world.rules.fit {
            FitRule::Remaining => (
                &MW_1,
                "it still fits, with less room: it must start earlier in the window, which has to have its maximum \
                 run time and countdown left",
            ),
            FitRule::Whole => (
                &MW_7,
                "it still fits, with less room: this server compares its maximum run time with the whole window, so a \
                 late start runs past its end",
            ),
        };
        out.push(told(rule, "less_room", less, mechanism.to_owned()));
    }
}

/// Whether a job fits every window that there is, so that it fits whomever it reaches.
fn fits_anywhere(world: &World<'_>, actor: &Actor<'_>) -> bool {
    match (need(world, world.planned, actor.spec()), &world.windows()[1]) {
        (Some(need), Known::Is(windows)) => !need.counts_down && windows.shorter(need.run, need.is_sequence).is_empty(),
        _ => false,
    }
}

/// Who never ran it for want of a window and can now: work that begins (MW-4).
fn fits_now(
    world: &World<'_>,
    actor: &Actor<'_>,
    after: &Known<Judged<'_, '_>>,
    because: &[String],
    out: &mut Vec<Told>,
) {
    let Some(before) = judge(world, actor, true).filter(|_| actor.keeps_identity()) else { return };
    let (Known::Is(before), Known::Is(after), Known::Is(reached)) = (&before, after, &actor.is) else {
        return; // That it is not known how it fits is said where it would no longer fit.
    };
    let now = (before.never() & reached) - after.never();
    let run = run::to_run(world, actor, &now);
    let mechanism = match actor.spec().and_then(run_of) {
        Some(Run::Schedule(_)) => "it fitted none of their windows; now it can start, at its next times",
        _ => "it fitted none of their windows; now it can start, in the next window or at once where none is left",
    };
    let told = Told::computers_of(&MW_4, actor.key.to_string(), "fits_now", Known::Is(now), mechanism.to_owned())
        .parts_of(&[("then_run_it", len(&run))])
        .of(Some(reached.len()))
        .basis(world.basis(actor))
        .because(because.to_vec());
    out.push(told);
}

/// Who has less room for a job than before, and still some.
fn less_room(before: &Judged<'_, '_>, after: &Judged<'_, '_>) -> Set {
    let (was, is) = (before.room(), after.room());
    let mut out = Set::new();
    for (room, set) in &is {
        for (_, had) in was.range(room + 1..) {
            out |= set & had;
        }
    }
    out
}

fn never_runs(world: &World<'_>, at: Option<(&Judged<'_, '_>, &Set)>) -> String {
    let then = match world.rules.never_fits {
        NeverFits::Fails => "it fails there at once",
        NeverFits::Alert => "it never runs there, and an alert is raised at each window",
    };
    let Some((judged, whom)) = at else { return format!("where it fits no window {then}") };
    let most = judged.by_need.iter().filter(|(_, set)| !set.is_disjoint(whom)).map(|(need, _)| *need).max();
    let longest = judged.windows.least_longest(whom, judged.need.is_sequence);
    match (most, longest) {
        (Some(need), Some(0)) => format!("it needs {}, and their windows do not open again: {then}", length(need)),
        (Some(need), Some(longest)) => {
            let countdown = if judged.need.counts_down { " with its countdown" } else { "" };
            format!("it needs {}{countdown}, and their longest window is {}: {then}", length(need), length(longest))
        }
        _ => then.to_owned(),
    }
}

fn length(seconds: u64) -> String {
    if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}

/// A maximum run time that fits everywhere.
fn shorter_run(world: &World<'_>, actor: &Actor<'_>, judged: &Judged<'_, '_>, whom: &Set) -> Option<Fix> {
    let longest = judged.windows.least_longest(whom, judged.need.is_sequence)?;
    let most = judged.by_need.iter().map(|(need, _)| need - judged.need.run).max()?;
    let minutes = longest.checked_sub(most)? / 60;
    if minutes == 0 {
        return None;
    }
    // The program that asks for the most.
    let longest_program = uses(actor.spec()?).into_iter().max_by_key(|(package, program)| {
        World::program(world.planned, package, program).and_then(|one| one.max_run_time.limit())
    })?;
    let says = item_of(world.planned.get(&ItemKey::program(longest_program.0, longest_program.1)))?;
    let mut would = says.clone();
    let Spec::Program(program) = &mut would.spec else { return None };
    program.max_run_time = MaxRunTime::Limit(Duration::minutes(minutes));
    let others = uses(actor.spec()?).into_iter().filter(|one| *one != longest_program);
    let run = others
        .filter_map(|(package, program)| World::program(world.planned, package, program))
        .map(|one| needed(world.rules.fit, Duration::ZERO, one.max_run_time.limit()).as_seconds())
        .fold(minutes * 60, u64::max);
    let shortened = judged.by_need.iter().map(|(need, set)| (need - judged.need.run + run, set.clone())).collect();
    let left = Judged { need: judged.need, windows: judged.windows, by_need: shortened }.never();
    let left = helped(&left, whom)?;
    let message =
        format!("let it run for {minutes} minutes at most, if that is enough: at its limit it is ended (PRG-3)");
    Some(fix::edit(world, message, &says, &would, &[("never_fit", Some(left))]))
}

/// The window that most of them have, as long as it has to be.
fn longer_window(world: &World<'_>, judged: &Judged<'_, '_>, whom: &Set) -> Option<Fix> {
    let need = judged.by_need.iter().filter(|(_, set)| !set.is_disjoint(whom)).map(|(need, _)| *need).max()?;
    let need = need.div_ceil(60) * 60;
    if need > WINDOW_MAX {
        return None;
    }
    let wanted = |at: u32| {
        let kind = judged.windows.list[at as usize].1.applies_to;
        kind == WindowKind::All || (kind == WindowKind::TaskSequences && judged.need.is_sequence)
    };
    let mut users: BTreeMap<u32, u64> = BTreeMap::new();
    for group in &judged.windows.groups {
        let n = group.computers.intersection_len(whom);
        for at in group.of.iter().filter(|at| n > 0 && wanted(**at)) {
            *users.entry(*at).or_default() += n;
        }
    }
    let (at, _) = users.into_iter().max_by_key(|(at, n)| (*n, std::cmp::Reverse(*at)))?;
    let key = judged.windows.list[at as usize].0;
    let says = item_of(world.planned.get(key))?;
    let mut would = says.clone();
    let Spec::MaintenanceWindow(window) = &mut would.spec else { return None };
    window.duration = Duration::seconds(need);
    let lengths: BTreeMap<u32, u64> = [(at, need)].into();
    let mut left = Set::new();
    for group in judged.windows.groups.iter().filter(|group| !group.computers.is_disjoint(whom)) {
        let (tasks, sequences) = judged.windows.spans(group, &lengths);
        let span = if judged.need.is_sequence { sequences } else { tasks };
        for (need, set) in &judged.by_need {
            if span.is_some_and(|span| span.longest < *need) {
                left |= set & &group.computers;
            }
        }
    }
    let message = format!("leave {key} open for {}", window.duration);
    let left = helped(&left, whom)?;
    Some(fix::edit(world, message, &says, &would, &[("never_fit", Some(left))]))
}

/// How many of them an edit leaves as they are; `None` where it helps none.
fn helped(left: &Set, whom: &Set) -> Option<u64> {
    let left = left.intersection_len(whom);
    (left < whom.len()).then_some(left)
}
