//! Which computers cannot be told apart: the same jobs, windows, settings, enrolment, zone and memory, as far as these
//! jobs and packages go. One of a kind lives for all of them.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::agent::memory::Cached;
use crate::agent::memory::Memory;
use crate::agent::memory::Remembered;
use crate::agent::policy::Job;
use crate::agent::policy::Policy;
use crate::forecast::Population;
use crate::forecast::compile::Compiled;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::guid::Guid;

/// A kind of computers.
#[derive(Clone, Debug)]
pub struct Class {
    /// Who they are; never empty.
    pub members: Computers,
    /// Their zone; UTC where theirs is not in the database.
    pub zone: String,
    /// The same, to count with.
    pub clock: TimeZone,
    /// What they are told.
    pub policy: Arc<Policy>,
    /// What their policy is made of: places in [`Compiled::jobs`], in its order.
    pub jobs: Vec<usize>,
    /// And in [`Compiled::windows`].
    pub windows: Vec<usize>,
    /// What they remember, of these jobs and their packages.
    pub memory: Memory,
}

impl Class {
    /// How many they are.
    pub fn len(&self) -> u64 {
        self.members.len()
    }

    /// Never: a kind has members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// The kinds, by their first member.
#[derive(Clone, Debug)]
pub struct Classes {
    /// The kinds.
    pub classes: Vec<Class>,
    /// Whom they are made of, and who is left out.
    pub population: Population,
}

/// Tells the computers of a fleet apart. Who was not seen for so many days before the fleet was read is left out, and
/// counted.
pub fn classes(compiled: &Compiled, fleet: &Fleet, not_seen_days: u32) -> Classes {
    let mut population = Population { known: fleet.computers.len() as u64, not_seen_days, ..Population::default() };
    let alive = counted(fleet, not_seen_days, &mut population);
    population.simulated = alive.len();
    let zones = zones(fleet, &alive, &mut population);
    let mut partition = Partition::of(fleet.computers.len(), &alive);
    for (_, computers) in &zones {
        partition.split(computers);
    }
    for computers in traits(compiled, fleet) {
        partition.split(&computers);
    }
    let zone_of: Vec<(&str, &Computers)> = zones.iter().map(|(zone, who)| (zone.as_str(), who)).collect();
    let classes: Vec<Class> =
        partition.into_classes().into_iter().map(|members| class(members, compiled, fleet, &zone_of)).collect();
    population.kinds = classes.len() as u64;
    Classes { classes, population }
}

/// One computer as a kind of its own, whether it is in sight or not.
pub fn one(compiled: &Compiled, fleet: &Fleet, computer: u32) -> Classes {
    let zone = fleet.computers.get(computer as usize).map_or("UTC", |one| one.zone.as_str());
    let members = Computers::from_iter([computer]);
    let zone = if is_zone(zone) { zone } else { "UTC" };
    let classes = vec![class(members.clone(), compiled, fleet, &[(zone, &members)])];
    Classes { classes, population: Population { known: 1, simulated: 1, kinds: 1, ..Population::default() } }
}

/// Who lives: neither retired nor out of sight for so many days before the fleet was read.
pub fn alive(fleet: &Fleet, not_seen_days: u32) -> Computers {
    counted(fleet, not_seen_days, &mut Population::default())
}

/// The same, with those who are left out counted.
fn counted(fleet: &Fleet, not_seen_days: u32, population: &mut Population) -> Computers {
    let span = SignedDuration::from_hours(24 * i64::from(not_seen_days));
    let since = fleet.read_at.saturating_sub(span).unwrap_or(jiff::Timestamp::MIN);
    let mut alive = Vec::with_capacity(fleet.computers.len());
    for (number, computer) in (0_u32..).zip(&fleet.computers) {
        match computer.last_seen {
            _ if computer.retired => population.retired += 1, // LIC-4
            Some(at) if at >= since => alive.push(number),
            seen => {
                population.not_seen += 1;
                population.never_seen += u64::from(seen.is_none());
            }
        }
    }
    Computers::from_sorted_iter(alive).expect("numbers were counted up")
}

/// The living by zone; an unknown zone is UTC, and told.
fn zones(fleet: &Fleet, alive: &Computers, population: &mut Population) -> Vec<(String, Computers)> {
    let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
    for number in alive {
        by_name.entry(fleet.computers[number as usize].zone.as_str()).or_default().push(number);
    }
    let mut zones: BTreeMap<String, Computers> = BTreeMap::new();
    for (name, numbers) in by_name {
        let is_known = is_zone(name);
        if !is_known {
            population.unknown_zones.insert(name.to_owned(), numbers.len() as u64);
        }
        let zone = if is_known { name } else { "UTC" };
        *zones.entry(zone.to_owned()).or_default() |=
            Computers::from_sorted_iter(numbers).expect("a set is read in order");
    }
    zones.into_iter().collect()
}

/// Whether the database knows a zone.
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// The zone of this name; UTC where the database does not know it, which the forecast tells.
pub fn time_zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// Every set that tells computers apart; equal ones once.
fn traits(compiled: &Compiled, fleet: &Fleet) -> Vec<Computers> {
    let mut sets = Distinct::default();
    let mut users: BTreeMap<Guid, Computers> = BTreeMap::new();
    for job in &compiled.jobs {
        sets.add(job.computers.clone());
        if let Some(history) = fleet.history.get(&job.what.id) {
            sets.add(&job.computers & &history.succeeded);
            sets.add(&job.computers & &history.failed);
        }
        for step in job.what.steps.iter().filter(|step| step.program.has_files) {
            *users.entry(step.program.package).or_default() |= &job.computers;
        }
    }
    for (package, computers) in &users {
        if let Some(known) = fleet.packages.get(package) {
            sets.add(computers & &known.cached);
        }
    }
    for computers in compiled.windows.iter().map(|one| &one.computers) {
        sets.add(computers.clone());
    }
    for computers in compiled.settings.iter().map(|one| &one.computers) {
        sets.add(computers.clone());
    }
    for computers in compiled.enrolments.iter().map(|one| &one.computers) {
        sets.add(computers.clone());
        if let Some(licences) = &fleet.licences {
            sets.add(computers & &licences.holders);
        }
    }
    sets.sets
}

/// Sets, each once, in the order they came.
#[derive(Default)]
struct Distinct {
    sets: Vec<Computers>,
    by_hash: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

impl Distinct {
    fn add(&mut self, set: Computers) {
        if set.is_empty() {
            return;
        }
        // A few members tell most sets apart; the rest is compared.
        let sign = (set.len(), set.min(), set.max(), set.select(u32::try_from(set.len() / 2).unwrap_or(0)));
        let found = self.by_hash.entry(self.hasher.hash_one(sign)).or_default();
        if !found.iter().any(|at| self.sets[*at] == set) {
            found.push(self.sets.len());
            self.sets.push(set);
        }
    }
}

/// A partition that is made finer, set by set: a set costs its members, however many parts there are.
struct Partition {
    /// By computer: its part.
    part: Vec<u32>,
    /// By part: how many are in it; parts that became empty are used again.
    size: Vec<u32>,
    free: Vec<u32>,
    /// By part, in the round `round`: where its members that are in the set go.
    split_to: Vec<(u32, u32)>,
    round: u32,
    all: u64,
}

/// The part of those who are left out.
const NONE: u32 = u32::MAX;

impl Partition {
    fn of(computers: usize, alive: &Computers) -> Self {
        let mut part = vec![NONE; computers];
        for number in alive {
            part[number as usize] = 0;
        }
        let size = vec![u32::try_from(alive.len()).expect("a fleet has fewer than 2^32 computers")];
        Self { part, size, free: Vec::new(), split_to: vec![(0, NONE)], round: 0, all: alive.len() }
    }

    fn split(&mut self, set: &Computers) {
        if set.len() == self.all && self.all == self.part.len() as u64 {
            return; // Everybody.
        }
        self.round += 1;
        for number in set {
            let Some(part) = self.part.get_mut(number as usize).filter(|part| **part != NONE) else { continue };
            let from = *part as usize;
            if self.split_to[from].0 != self.round {
                let to = self.free.pop().unwrap_or_else(|| {
                    self.size.push(0);
                    self.split_to.push((0, NONE));
                    u32::try_from(self.size.len() - 1).expect("there are no more parts than computers")
                });
                self.split_to[from] = (self.round, to);
            }
            let to = self.split_to[from].1;
            *part = to;
            self.size[to as usize] += 1;
            self.size[from] -= 1;
            if self.size[from] == 0 {
                // Nobody of it is left who could ask where to go in this round, so it may be given away at once.
                self.free.push(u32::try_from(from).expect("parts are numbered by u32"));
            }
        }
    }

    /// The parts, by their first members.
    fn into_classes(self) -> Vec<Computers> {
        let mut order: Vec<u32> = vec![NONE; self.size.len()];
        let mut members: Vec<Vec<u32>> = Vec::new();
        for (number, part) in (0_u32..).zip(&self.part).filter(|(_, part)| **part != NONE) {
            let place = &mut order[*part as usize];
            if *place == NONE {
                *place = u32::try_from(members.len()).expect("there are no more parts than computers");
                members.push(Vec::with_capacity(self.size[*part as usize] as usize));
            }
            members[*place as usize].push(number);
        }
        members
            .into_iter()
            .map(|numbers| Computers::from_sorted_iter(numbers).expect("numbers were counted up"))
            .collect()
    }
}

fn class(members: Computers, compiled: &Compiled, fleet: &Fleet, zones: &[(&str, &Computers)]) -> Class {
    let first = members.min().expect("a part has members");
    let places = |sets: &mut dyn Iterator<Item = &Computers>| -> Vec<usize> {
        sets.enumerate().filter(|(_, set)| set.contains(first)).map(|(at, _)| at).collect()
    };
    let jobs = places(&mut compiled.jobs.iter().map(|one| &one.computers));
    let windows = places(&mut compiled.windows.iter().map(|one| &one.computers));
    let zone = zones.iter().find(|(_, who)| who.contains(first)).map_or("UTC", |(zone, _)| *zone);
    let policy = Arc::new(compiled.policy(first));
    let memory = memory(&policy, compiled, fleet, first);
    Class { members, zone: zone.to_owned(), clock: time_zone(zone), policy, jobs, windows, memory }
}

/// What a computer remembers of what it is told: the rest makes no difference to what it does. As [`Memory::of`], at the
/// cost of its own jobs instead of everybody's.
pub fn memory(policy: &Policy, compiled: &Compiled, fleet: &Fleet, computer: u32) -> Memory {
    let mut memory = Memory::default();
    for job in &policy.jobs {
        let Some(history) = fleet.history.get(&job.id) else { continue };
        if history.succeeded.contains(computer) {
            memory.ran.insert(job.id, Remembered::Succeeded);
        } else if history.failed.contains(computer) {
            memory.ran.insert(job.id, Remembered::Failed);
        }
    }
    // What left the computer after its success is not taken up again: it says nothing of packages.
    let is_taken_up = |job: &&Arc<Job>| !(job.remove_after_success && memory.succeeded(job.id));
    let jobs: Vec<&Arc<Job>> = policy.jobs.iter().filter(is_taken_up).collect();
    for step in jobs.into_iter().flat_map(|job| &job.steps).filter(|step| step.program.has_files) {
        let package = step.program.package;
        if fleet.packages.get(&package).is_some_and(|known| known.cached.contains(computer)) {
            let delete_unused_after = compiled.packages.get(&package).copied();
            memory.cached.insert(package, Cached { last_used: fleet.read_at, delete_unused_after });
        }
    }
    let holds = fleet.licences.as_ref().is_some_and(|licences| licences.holders.contains(computer));
    memory.assessed = holds && policy.enrolled.is_some();
    memory
}
