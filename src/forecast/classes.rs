//! Which computers cannot be told apart: the same jobs, windows, settings, enrolment, zone and memory, as far as these
//! jobs and packages go. One of a kind lives for all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rayon::prelude::*;
use roaring::MultiOps;

use crate::agent::memory::Cached;
use crate::agent::memory::Memory;
use crate::agent::memory::Remembered;
use crate::agent::policy::Job;
use crate::agent::policy::Policy;
use crate::forecast::Population;
use crate::forecast::compile::Compiled;
use crate::forecast::partition::Parts;
use crate::forecast::partition::partition;
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
    let Parts { parts, population } = partition(fleet, not_seen_days, &traits(compiled, fleet));
    let classes = parts.into_par_iter().map(|members| class(members, compiled, fleet)).collect();
    Classes { classes, population }
}

/// One computer as a kind of its own, whether it is in sight or not.
pub fn one(compiled: &Compiled, fleet: &Fleet, computer: u32) -> Classes {
    let classes = vec![class(Computers::from_iter([computer]), compiled, fleet)];
    Classes { classes, population: Population { known: 1, simulated: 1, kinds: 1, ..Population::default() } }
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
fn traits<'a>(compiled: &'a Compiled, fleet: &'a Fleet) -> Vec<Cow<'a, Computers>> {
    let mut users: BTreeMap<Guid, Vec<&Computers>> = BTreeMap::new();
    for job in &compiled.jobs {
        for step in job.what.steps.iter().filter(|step| step.program.has_files) {
            users.entry(step.program.package).or_default().push(&job.computers);
        }
    }
    let of_jobs = compiled.jobs.par_iter().flat_map_iter(|job| {
        let history = fleet.history.get(&job.what.id);
        let results = history.into_iter().flat_map(|history| [&history.succeeded, &history.failed]);
        let here = &*job.computers;
        std::iter::once(Cow::Borrowed(here)).chain(results.map(move |result| Cow::Owned(here & result)))
    });
    let of_packages = users.par_iter().filter_map(|(package, users)| {
        let cached = &fleet.packages.get(package)?.cached;
        Some(Cow::Owned(users.iter().map(|computers| *computers & cached).union()))
    });
    let mut found: Vec<Cow<'a, Computers>> = of_jobs.chain(of_packages).collect();
    found.extend(compiled.windows.iter().map(|one| Cow::Borrowed(&*one.computers)));
    found.extend(compiled.settings.iter().map(|one| Cow::Borrowed(&*one.computers)));
    for computers in compiled.enrolments.iter().map(|one| &*one.computers) {
        found.push(Cow::Borrowed(computers));
        found.extend(fleet.licences.as_ref().map(|licences| Cow::Owned(computers & &licences.holders)));
    }
    distinct(found)
}

/// Sets that are not empty, each once.
fn distinct(sets: Vec<Cow<'_, Computers>>) -> Vec<Cow<'_, Computers>> {
    // A few members tell most sets apart; the rest is compared.
    let mut alike: HashMap<_, Vec<Cow<'_, Computers>>> = HashMap::new();
    for set in sets.into_iter().filter(|set| !set.is_empty()) {
        let middle = set.select(u32::try_from(set.len() / 2).unwrap_or(0));
        alike.entry((set.len(), set.min(), set.max(), middle)).or_default().push(set);
    }
    alike
        .into_par_iter()
        .flat_map_iter(|(_, sets)| {
            let mut once: Vec<Cow<'_, Computers>> = Vec::with_capacity(1);
            for set in sets {
                // Pieces with the same targets share their set.
                if !once.iter().any(|one| std::ptr::eq(&**one, &*set) || *one == set) {
                    once.push(set);
                }
            }
            once
        })
        .collect()
}

fn class(members: Computers, compiled: &Compiled, fleet: &Fleet) -> Class {
    let first = members.min().expect("a part has members");
    let places = |sets: &mut dyn Iterator<Item = &Computers>| -> Vec<usize> {
        sets.enumerate().filter(|(_, set)| set.contains(first)).map(|(at, _)| at).collect()
    };
    let jobs = places(&mut compiled.jobs.iter().map(|one| &*one.computers));
    let windows = places(&mut compiled.windows.iter().map(|one| &*one.computers));
    let zone = fleet.computers.get(first as usize).map_or("UTC", |one| one.zone.as_str());
    let zone = if is_zone(zone) { zone } else { "UTC" };
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
