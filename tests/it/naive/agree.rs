//! The agent engine and the naive model agree on random small estates.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use consign::agent::happening::Happening;
use consign::agent::live::live;
use consign::agent::memory::Cached;
use consign::agent::memory::Memory;
use consign::agent::memory::Remembered;
use consign::agent::policy::Policy;
use consign::agent::scenario::Scenario;
use consign::model::guid::Guid;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;

use super::difference::first_difference;
use super::estates;
use super::model;

/// How many estates both live through.
const ESTATES: u64 = 1_000;

/// What the engine says; the only place that knows how it is called.
fn engine(
    policy: &Policy,
    zone: &str,
    remembered: &BTreeMap<Guid, bool>,
    packages: &BTreeSet<Guid>,
    scenario: &Scenario,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Happening> {
    let mut memory = Memory::default();
    memory.ran = remembered.iter().map(|(job, success)| (*job, Remembered::of(*success))).collect();
    let unused_after = |package: &Guid| {
        let programs = policy.jobs.iter().flat_map(|job| &job.steps).map(|step| &step.program);
        programs.filter(|program| program.package == *package).map(|program| program.delete_unused_after).next()
    };
    let cached = |package: &Guid| Cached { last_used: from, delete_unused_after: unused_after(package) };
    memory.cached = packages.iter().map(|package| (*package, cached(package))).collect();
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    live(&Arc::new(policy.clone()), zone, &mut memory, &Arc::new(scenario.clone()), from, to)
}

/// How two lives of the same estate differ, if they do, and the estate.
fn difference_of(seed: u64) -> Option<(String, String)> {
    let estate = estates::random(seed);
    let (policy, zone, scenario) = (&estate.policy, &estate.zone, &estate.scenario);
    let (remembered, cached, from, to) = (&estate.remembered, &estate.cached, estate.from, estate.to());
    let naive = model::live(policy, zone, remembered, cached, scenario, from, to);
    let engine = engine(policy, zone, remembered, cached, scenario, from, to);
    let difference = first_difference(&naive, &engine)?;
    Some((format!("seed {seed}: {difference}"), format!("{estate:#?}\nuntil {to}\nnaive: {naive:#?}")))
}

#[test]
fn naive_and_engine_agree() {
    let differing: Vec<_> = (0..ESTATES).into_par_iter().filter_map(difference_of).collect();
    if let Some((first, estate)) = differing.first() {
        panic!("{} of {ESTATES} estates differ; the first:\n{first}\n{estate}", differing.len());
    }
}

/// One seed at a time, for looking into a difference: `SEED=17 cargo test --test it one_seed -- --ignored`.
#[test]
#[ignore = "for looking into one difference"]
fn one_seed_agrees() {
    let seed = std::env::var("SEED").expect("SEED names the estate").parse().expect("SEED is a number");
    if let Some((difference, estate)) = difference_of(seed) {
        panic!("{difference}\n{estate}");
    }
}

/// Many other seeds: `FROM=1000 TO=20000 cargo test --test it many_seeds -- --ignored`.
#[test]
#[ignore = "for looking at more estates than the test does"]
fn many_seeds_agree() {
    let number = |name: &str, or: u64| std::env::var(name).map_or(or, |text| text.parse().expect("a number"));
    let seeds = number("FROM", 0)..number("TO", ESTATES);
    let differing: Vec<_> = seeds.clone().into_par_iter().filter_map(difference_of).collect();
    for (difference, _) in &differing {
        println!("{difference}");
    }
    assert!(differing.is_empty(), "{} of {seeds:?} differ", differing.len());
}
