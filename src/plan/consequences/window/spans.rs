//! The windows of an estate, and the computers by what windows they have (MW-6).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::agent::policy::Window;
use crate::agent::schedule::later;
use crate::agent::schedule::zone;
use crate::agent::windows;
use crate::agent::windows::HORIZON;
use crate::agent::windows::Place;
use crate::model::fleet::Computers as Set;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::schedule::Schedule;
use crate::model::units::Duration;
use crate::model::window::MaintenanceWindow;
use crate::model::window::WindowKind;
use crate::plan::consequences::World;
use crate::reach::Known;

/// A window that never closes.
pub(super) const ENDLESS: u64 = u64::MAX;

/// The lengths of the joined windows of one kind of job, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) longest: u64,
    pub(super) shortest: u64,
}

/// Computers with the same windows in the same zone.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) computers: Set,
    pub(super) zone: String,
    /// Their windows, as places in [`Windows::list`].
    pub(super) of: Vec<u32>,
    /// What holds tasks and policies back; `None`: nothing does.
    tasks: Option<Span>,
    /// What holds sequential tasks back.
    sequences: Option<Span>,
}

/// The windows of an estate, and the computers by what windows they have.
#[derive(Clone, Debug)]
pub struct Windows<'w> {
    pub(super) list: Vec<(&'w ItemKey, &'w MaintenanceWindow)>,
    pub(super) groups: Vec<Group>,
    now: Timestamp,
    never: RefCell<HashMap<(u64, bool), Set>>,
}

impl<'w> Windows<'w> {
    /// Reads them off a world.
    pub(in crate::plan::consequences) fn find(world: &World<'w>, before: bool) -> Known<Self> {
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
    pub(super) fn spans(&self, group: &Group, lengths: &BTreeMap<u32, u64>) -> (Option<Span>, Option<Span>) {
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
    pub(super) fn held(&self, is_sequence: bool) -> Set {
        let mut out = Set::new();
        for group in self.groups.iter().filter(|group| group.span(is_sequence).is_some()) {
            out |= &group.computers;
        }
        out
    }

    /// Whose windows are all shorter than this.
    pub(super) fn shorter(&self, need: u64, is_sequence: bool) -> Set {
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
    pub(super) fn sometimes_shorter(&self, need: u64, is_sequence: bool) -> Set {
        let mut out = Set::new();
        for group in &self.groups {
            if group.span(is_sequence).is_some_and(|span| span.shortest < need && need <= span.longest) {
                out |= &group.computers;
            }
        }
        out
    }

    /// The longest window of each of these computers' groups; the shortest of them.
    pub(super) fn least_longest(&self, whom: &Set, is_sequence: bool) -> Option<u64> {
        let groups = self.groups.iter().filter(|group| !group.computers.is_disjoint(whom));
        groups.filter_map(|group| group.span(is_sequence)).map(|span| span.longest).min()
    }

    /// By longest window, the computers that have it.
    pub(super) fn by_longest(&self, is_sequence: bool) -> BTreeMap<u64, Set> {
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
