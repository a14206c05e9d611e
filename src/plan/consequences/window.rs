//! Maintenance windows: what fits (MW-1 … MW-4, MW-7), and what a last window that goes lets loose (MW-8).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::agent::policy::FitRule;
use crate::agent::policy::NeverFits;
use crate::agent::policy::Window;
use crate::agent::schedule::later;
use crate::agent::schedule::zone;
use crate::agent::windows;
use crate::agent::windows::HORIZON;
use crate::agent::windows::Place;
use crate::agent::windows::needed;
use crate::model::delivery_policy::Remediation;
use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::MaxRunTime;
use crate::model::schedule::Schedule;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::model::window::MaintenanceWindow;
use crate::model::window::WindowKind;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Fix;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::fix;
use crate::plan::consequences::run;
use crate::plan::consequences::world::both;
use crate::plan::consequences::world::either;
use crate::plan::consequences::world::item_of;
use crate::plan::consequences::world::len;
use crate::plan::consequences::world::minus;
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
use crate::rules::window::MW_8;

/// The longest that a window may last (MW-9).
const WINDOW_MAX: u64 = 24 * 3600;
/// A window that never closes.
const ENDLESS: u64 = u64::MAX;

/// The lengths of the joined windows of one kind of job, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    longest: u64,
    shortest: u64,
}

/// Computers with the same windows in the same zone.
#[derive(Clone, Debug)]
struct Group {
    computers: Set,
    zone: String,
    /// Their windows, as places in [`Windows::list`].
    of: Vec<u32>,
    /// What holds tasks and policies back; `None`: nothing does.
    tasks: Option<Span>,
    /// What holds sequential tasks back.
    sequences: Option<Span>,
}

/// The windows of an estate, and the computers by what windows they have.
#[derive(Clone, Debug)]
pub struct Windows<'w> {
    list: Vec<(&'w ItemKey, &'w MaintenanceWindow)>,
    groups: Vec<Group>,
    now: Timestamp,
    never: RefCell<HashMap<(u64, bool), Set>>,
}

impl<'w> Windows<'w> {
    /// Reads them off a world.
    pub(super) fn find(world: &World<'w>, before: bool) -> Known<Self> {
        let mut list = Vec::new();
        let mut of: Vec<Vec<u32>> = vec![Vec::new(); world.fleet.computers.len()];
        for actor in world.of_kind(Kind::MaintenanceWindow) {
            let (placed, reached) = if before { (actor.before, &actor.was) } else { (actor.after, &actor.is) };
            let Some(Spec::MaintenanceWindow(window)) = placed.map(|placed| &placed.item.spec) else { continue };
            let set = match reached {
                Known::Is(set) => set,
                Known::Unknown(why) => return Known::Unknown(why.clone()),
            };
            let at = u32::try_from(list.len()).expect("a server has fewer than 2^32 windows");
            list.push((actor.key, window));
            for n in set {
                if let Some(of) = of.get_mut(n as usize) {
                    of.push(at);
                }
            }
        }
        let mut groups: BTreeMap<(&str, Vec<u32>), Set> = BTreeMap::new();
        for (n, (computer, of)) in world.fleet.computers.iter().zip(of).enumerate() {
            if !of.is_empty() {
                let n = u32::try_from(n).expect("a fleet has fewer than 2^32 computers");
                groups.entry((&computer.zone, of)).or_default().insert(n);
            }
        }
        let groups = groups.into_iter().map(|((zone, of), computers)| Group {
            computers,
            zone: zone.to_owned(),
            of,
            tasks: None,
            sequences: None,
        });
        let mut found = Self { list, groups: groups.collect(), now: world.now, never: RefCell::default() };
        let spans: Vec<_> = found.groups.iter().map(|group| found.spans(group, &BTreeMap::new())).collect();
        for (group, (tasks, sequences)) in found.groups.iter_mut().zip(spans) {
            (group.tasks, group.sequences) = (tasks, sequences);
        }
        Known::Is(found)
    }

    /// What holds tasks back, and what sequential tasks; some windows may be given other lengths.
    fn spans(&self, group: &Group, lengths: &BTreeMap<u32, u64>) -> (Option<Span>, Option<Span>) {
        let windows: Vec<Window> = group
            .of
            .iter()
            .map(|at| {
                let window = self.list[*at as usize].1;
                Window {
                    name: String::new(),
                    schedule: window.schedule.clone(),
                    duration: lengths.get(at).map_or(window.duration, |length| Duration::seconds(*length)),
                    kind: window.applies_to,
                    clock: window.clock,
                }
            })
            .collect();
        let of = |kind: WindowKind| span(&windows, kind, &group.zone, self.now);
        let tasks = of(WindowKind::All);
        (tasks, of(WindowKind::TaskSequences).or(tasks)) // MW-7
    }

    /// Who has windows for a kind of job.
    fn held(&self, is_sequence: bool) -> Set {
        let mut out = Set::new();
        for group in self.groups.iter().filter(|group| group.span(is_sequence).is_some()) {
            out |= &group.computers;
        }
        out
    }

    /// Whose windows are all shorter than this.
    fn shorter(&self, need: u64, is_sequence: bool) -> Set {
        let mut memo = self.never.borrow_mut();
        let found = memo.entry((need, is_sequence)).or_insert_with(|| {
            let mut out = Set::new();
            for group in &self.groups {
                if group.span(is_sequence).is_some_and(|span| span.longest < need) {
                    out |= &group.computers;
                }
            }
            out
        });
        found.clone()
    }

    /// Whose windows differ, and only some are shorter than this (MW-3).
    fn sometimes_shorter(&self, need: u64, is_sequence: bool) -> Set {
        let mut out = Set::new();
        for group in &self.groups {
            if group.span(is_sequence).is_some_and(|span| span.shortest < need && need <= span.longest) {
                out |= &group.computers;
            }
        }
        out
    }

    /// The longest window of each of these computers' groups; the shortest of them.
    fn least_longest(&self, whom: &Set, is_sequence: bool) -> Option<u64> {
        let groups = self.groups.iter().filter(|group| !group.computers.is_disjoint(whom));
        groups.filter_map(|group| group.span(is_sequence)).map(|span| span.longest).min()
    }

    /// By longest window, the computers that have it.
    fn by_longest(&self, is_sequence: bool) -> BTreeMap<u64, Set> {
        let mut out: BTreeMap<u64, Set> = BTreeMap::new();
        for group in &self.groups {
            if let Some(span) = group.span(is_sequence) {
                *out.entry(span.longest).or_default() |= &group.computers;
            }
        }
        out
    }
}

impl Group {
    const fn span(&self, is_sequence: bool) -> Option<Span> {
        if is_sequence { self.sequences } else { self.tasks }
    }
}

/// The longest and the shortest of the windows of a kind that are met in the 366 days from now, after overlapping ones
/// are joined (MW-6). `None`: there are none.
fn span(all: &[Window], kind: WindowKind, zone_name: &str, now: Timestamp) -> Option<Span> {
    let mut of_kind = all.iter().filter(|window| window.kind == kind);
    let (first, second) = (of_kind.next()?, of_kind.next());
    // The shortest day has 23 hours: a shorter window that opens once a day at most never touches itself.
    let returns = matches!(first.schedule, Schedule::Daily(_) | Schedule::Weekly(_));
    let length = first.duration.as_seconds();
    if second.is_none() && returns && length < 23 * 3600 {
        return Some(Span { longest: length, shortest: length });
    }
    let mut joined = windows::Windows::new(all, kind, &zone(zone_name), now)?;
    let last = later(now, HORIZON);
    let (mut longest, mut shortest) = (0, ENDLESS);
    let mut at = now;
    while at <= last {
        at = match joined.at(at) {
            Place::Inside(window) => {
                let length = if window.close == Timestamp::MAX { ENDLESS } else { window.length().as_seconds() };
                (longest, shortest) = (longest.max(length), shortest.min(length));
                window.close
            }
            Place::Outside(Some(next)) => next,
            Place::Outside(None) => break,
        };
    }
    // Windows that never open again hold everything back: nothing fits them.
    Some(Span { longest, shortest: shortest.min(longest) })
}

/// What a job asks of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    /// The longest of its programs' maximum run times, in seconds.
    run: u64,
    /// Whether one of them is not known.
    unknown: bool,
    /// Whether its countdown counts (MW-1).
    counts_down: bool,
    is_sequence: bool,
}

/// What a job asks of a window; `None`: it needs none.
fn need(world: &World<'_>, estate: &Estate<'_>, spec: Option<&Spec>) -> Option<Need> {
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
            out.push((need.run + 60, rest)); // TSK-9: 60 s unless said otherwise.
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

fn fits(world: &World<'_>, actor: &Actor<'_>, because: &[String], out: &mut Vec<Told>) {
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
    let never = since(&after.never(), known(|was, _| was.never()));
    if never.value().is_none_or(|set| !set.is_empty()) {
        let whom = never.value().cloned().unwrap_or_default();
        let mut one = told(&MW_4, "never_fit", never, never_runs(world, Some((&after, &whom))));
        one = one.fix(shorter_run(world, actor, &after, &whom)).fix(longer_window(world, &after, &whom));
        out.push(one);
    }
    let overruns = since(&after.overruns(&reached), known(|was, reached| was.overruns(reached)));
    if world.rules.fit == FitRule::Remaining {
        let mechanism = "its maximum run time is unknown, which counts as 0 here: it starts in any window with a \
                         minute left, and may overrun it";
        out.push(told(&MW_2, "may_overrun", overruns, mechanism.to_owned()));
    }
    let waits = since(&after.waits(), known(|was, _| was.waits()));
    let mechanism = "it does not fit some of their windows, is skipped there, and waits for a longer one";
    out.push(told(&MW_3, "waits_for_a_longer_window", waits, mechanism.to_owned()));
    if let Some(Known::Is(before)) = &before {
        let less = less_room(before, &after);
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
        out.push(told(rule, "less_room", Known::Is(less), mechanism.to_owned()));
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
    let run = World::programs(world.planned, actor.spec()?)
        .iter()
        .map(|one| one.max_run_time.limit().map_or(0, Duration::as_seconds))
        .filter(|seconds| *seconds != judged.need.run)
        .fold(minutes * 60, u64::max);
    let shortened = judged.by_need.iter().map(|(need, set)| (need - judged.need.run + run, set.clone())).collect();
    let left = Judged { need: judged.need, windows: judged.windows, by_need: shortened }.never().len();
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
    Some(fix::edit(world, message, &says, &would, &[("never_fit", Some((left & whom).len()))]))
}

/// What a window was for, and what it is for, by kind of job: `[tasks, sequences]`. A window for updates holds no job
/// back, one for task sequences only these.
fn held_kinds(spec: Option<&Spec>) -> [bool; 2] {
    match spec {
        Some(Spec::MaintenanceWindow(window)) => {
            [window.applies_to == WindowKind::All, window.applies_to != WindowKind::Updates]
        }
        _ => [false; 2],
    }
}

/// Whom a window no longer holds a kind of job back for.
fn gives_up(actor: &Actor<'_>, is_sequence: bool) -> Known<Set> {
    let at = usize::from(is_sequence);
    match (held_kinds(actor.old_spec())[at], held_kinds(actor.spec())[at]) {
        (false, _) => Known::Is(Set::new()),
        (true, true) => actor.no_longer(),
        (true, false) => actor.was.clone(),
    }
}

/// Who was held back for a kind of job and is not any longer.
fn freed(world: &World<'_>, is_sequence: bool) -> Known<Set> {
    let [before, after] = world.windows();
    let held = |windows: &Known<Windows<'_>>| match windows {
        Known::Is(windows) => Known::Is(windows.held(is_sequence)),
        Known::Unknown(why) => Known::Unknown(why.clone()),
    };
    minus(&held(before), &held(after))
}

/// Who loses its last window: what waits there starts at once, restarts too (MW-8). A computer that loses several at
/// once counts for the first of them, by name, so that the numbers add up.
fn lets_loose(world: &World<'_>, out: &mut Vec<Told>) {
    let freed = [freed(world, false), freed(world, true)];
    let mut told: Vec<(&Actor<'_>, [Known<Set>; 2])> = Vec::new();
    for actor in world.of_kind(Kind::MaintenanceWindow) {
        let own = [0, 1].map(|at| both(&gives_up(actor, at == 1), &freed[at]));
        let is_nothing = own.iter().all(|set| set.value().is_some_and(Set::is_empty));
        if !is_nothing && !world.causes(actor).is_empty() {
            told.push((actor, own));
        }
    }
    let mut claimed = [Set::new(), Set::new()];
    for (actor, all) in &told {
        let own = [0, 1].map(|at| minus(&all[at], &Known::Is(claimed[at].clone())));
        let shares = |other: &[Known<Set>; 2]| {
            (0..2).any(|at| both(&other[at], &own[at]).value().is_none_or(|shared| !shared.is_empty()))
        };
        let mut because: Vec<String> =
            told.iter().filter(|(_, other)| shares(other)).flat_map(|(one, _)| world.causes(one)).collect();
        because.sort();
        because.dedup();
        for (claimed, all) in claimed.iter_mut().zip(all) {
            *claimed |= all.value().cloned().unwrap_or_default();
        }
        out.push(held_no_more(world, actor, &own, because));
    }
}

fn held_no_more(world: &World<'_>, actor: &Actor<'_>, own: &[Known<Set>; 2], because: Vec<String>) -> Told {
    let only_sequences = own[0].value().is_some_and(Set::is_empty);
    let mut mechanism = if only_sequences {
        "it was their last window for task sequences, and nothing holds these back any more: required ones that wait \
         there start at once"
    } else {
        "it was their last window, and a computer without any is never held back: required work and restarts that \
         wait there start at once"
    }
    .to_owned();
    let waiting = waiting(world, own);
    if waiting.as_ref().is_some_and(|waiting| waiting.scheduled > 0) {
        mechanism.push_str("; scheduled work starts there at its next time, whatever the hour");
    }
    let free = either(own[0].clone(), &own[1]);
    let told = Told::computers_of(&MW_8, actor.key.to_string(), "held_back_no_more", free, mechanism)
        .of(len(&actor.was))
        .basis(world.basis(actor))
        .because(because);
    let told = match waiting {
        Some(waiting) => told
            .part("computers_with_waiting_work", waiting.computers)
            .part("waiting_runs", waiting.runs)
            .part("with_scheduled_work", waiting.scheduled),
        None => told,
    };
    told.fix(keep_window(world, actor))
}

/// What there is to run where nothing holds it back any more.
struct Waiting {
    /// Who has work that would have run as soon as possible, and did not.
    computers: u64,
    /// How many runs that is.
    runs: u64,
    /// Who has work with times: whether one of these waits just now nobody knows.
    scheduled: u64,
}

fn waiting(world: &World<'_>, free: &[Known<Set>; 2]) -> Option<Waiting> {
    let (mut computers, mut runs, mut scheduled) = (Set::new(), 0, Set::new());
    for job in world.jobs() {
        let Some(need) = need(world, world.planned, job.spec()) else { continue };
        let here = both(&job.is, &free[usize::from(need.is_sequence)]);
        let has_times = match job.spec()? {
            Spec::DeliveryPolicy(spec) => spec.compliance.is_some(),
            spec => matches!(run_of(spec), Some(Run::Schedule(_))),
        };
        if has_times {
            scheduled |= run::to_run(world, job, here.value()?).value()?;
        } else {
            let waits = minus(&here, &world.ran(job));
            runs += waits.value()?.len();
            computers |= waits.value()?;
        }
    }
    Some(Waiting { computers: computers.len(), runs, scheduled: scheduled.len() })
}

/// The window as it was.
fn keep_window(world: &World<'_>, actor: &Actor<'_>) -> Option<Fix> {
    let change = &world.changes[actor.change?];
    let (was, is) = (change.before.as_ref()?, change.after.as_ref()?);
    let mut would = is.clone();
    if let (Spec::MaintenanceWindow(would), Spec::MaintenanceWindow(was)) = (&mut would.spec, &was.spec) {
        would.enabled = was.enabled;
        would.applies_to = was.applies_to;
        would.collections.clone_from(&was.collections);
    }
    let message = "keep the window for them".to_owned();
    Some(fix::edit(world, message, is, &would, &[("held_back_no_more", Some(0))]))
}
