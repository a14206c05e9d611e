use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use crate::agent::memory::Memory;
use crate::forecast::classes::Classes;
use crate::model::fleet::Computers;

use super::World;
use super::at;

fn parts(classes: &Classes) -> Vec<Vec<u32>> {
    classes.classes.iter().map(|class| class.members.iter().collect()).collect()
}

#[test]
fn computers_that_cannot_be_told_apart_are_one_kind() {
    let world = World::of(6)
        .collection("Some", [1, 2])
        .program("a", json!({}))
        .task("a", json!({}))
        .program("b", json!({}))
        .task("b", json!({ "collections": ["Some"] }))
        .history("a", &[3], &[4])
        // Nobody who gets `b` has run it: this tells nobody apart.
        .history("b", &[5], &[0]);
    assert_eq!(parts(&world.classes()), vec![vec![0, 5], vec![1, 2], vec![3], vec![4]]);
}

#[test]
fn windows_settings_zones_caches_and_licences_tell_apart() {
    let base = World::of(4).collection("One", [1]).program("a", json!({})).task("a", json!({}));
    let apart = vec![vec![0, 2, 3], vec![1]];
    let window = json!({ "collections": ["One"], "schedule": { "daily": "17:00" }, "duration": "1h" });
    assert_eq!(parts(&base.clone().window("w", window).classes()), apart);
    let settings = json!({ "collections": ["One"], "notifyInAdvance": "2m" });
    assert_eq!(parts(&base.clone().settings("s", settings).classes()), apart);
    assert_eq!(parts(&base.clone().size("a", None, &[1]).classes()), apart);
    let mut zone = base.clone();
    zone.fleet.computers[1].zone = "America/New_York".to_owned();
    assert_eq!(parts(&zone.classes()), apart);
    let plugin = json!({ "collections": ["All"] });
    assert_eq!(parts(&base.clone().licences(9, &[1]).plugin("p", plugin).classes()), apart);
    // A licence of those who are not enrolled tells nobody apart.
    assert_eq!(parts(&base.licences(9, &[1]).classes()), vec![vec![0, 1, 2, 3]]);
}

#[test]
fn lic_4_the_retired_and_those_out_of_sight_are_counted_apart() {
    let mut world = World::of(5).program("a", json!({})).task("a", json!({}));
    world.fleet.computers[0].retired = true;
    world.fleet.computers[1].last_seen = None;
    world.fleet.computers[2].last_seen = Some(at("2026-10-01T00:00:00Z"));
    let classes = world.classes();
    assert_eq!(parts(&classes), vec![vec![3, 4]]);
    let population = &classes.population;
    assert_eq!((population.known, population.simulated, population.retired), (5, 2, 1));
    assert_eq!((population.not_seen, population.never_seen, population.not_seen_days), (2, 1, 30));
}

#[test]
fn a_zone_that_the_database_does_not_know_is_utc_and_told() {
    let mut world = World::of(3);
    world.fleet.computers[1].zone = "Mars/Olympus".to_owned();
    world.fleet.computers[2].zone = "UTC".to_owned();
    let classes = world.classes();
    assert_eq!(parts(&classes), vec![vec![0], vec![1, 2]]);
    assert_eq!(classes.classes[1].zone, "UTC");
    assert_eq!(classes.population.unknown_zones.get("Mars/Olympus"), Some(&1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Two computers are of one kind exactly when they are told the same, are in the same zone and remember the same.
    #[test]
    fn kinds_are_what_cannot_be_told_apart(
        reach in prop::collection::vec(prop::collection::btree_set(0_u32..12, 0..12), 3),
        ran in prop::collection::vec(prop::collection::btree_set(0_u32..12, 0..6), 3),
        window in prop::collection::btree_set(0_u32..12, 0..12),
        away in prop::collection::btree_set(0_u32..12, 0..4),
    ) {
        let mut world = World::of(12).collection("W", window);
        for (n, (reach, ran)) in reach.iter().zip(&ran).enumerate() {
            let (name, collection) = (format!("t{n}"), format!("c{n}"));
            let ran: Vec<u32> = ran.iter().copied().collect();
            world = world
                .collection(&collection, reach.iter().copied())
                .program(&name, json!({}))
                .task(&name, json!({ "collections": [collection] }))
                .history(&name, &ran, &[])
                .size(&name, None, &ran);
        }
        let window = json!({ "collections": ["W"], "schedule": { "daily": "17:00" }, "duration": "1h" });
        world = world.window("w", window);
        for computer in &away {
            world.fleet.computers[*computer as usize].zone = "Asia/Kolkata".to_owned();
        }
        let compiled = world.compiled();
        let classes = world.classes();
        let mut all = Computers::new();
        for class in &classes.classes {
            prop_assert!(class.members.is_disjoint(&all));
            all |= &class.members;
        }
        prop_assert_eq!(all.len(), 12);
        let memory = |computer: u32| -> Memory {
            crate::forecast::classes::memory(&compiled.policy(computer), &compiled, &world.fleet, computer)
        };
        let same = |a: u32, b: u32| {
            let zone = |one: u32| &world.fleet.computers[one as usize].zone;
            compiled.policy(a) == compiled.policy(b) && zone(a) == zone(b) && memory(a) == memory(b)
        };
        let kind = |one: u32| classes.classes.iter().position(|class| class.members.contains(one));
        for a in 0..12 {
            for b in 0..a {
                prop_assert_eq!(kind(a) == kind(b), same(a, b), "{} and {}", a, b);
            }
        }
        let firsts: Vec<_> = classes.classes.iter().map(|class| class.members.min()).collect();
        let ordered: BTreeSet<_> = firsts.iter().copied().collect();
        prop_assert_eq!(firsts, ordered.into_iter().collect::<Vec<_>>());
    }

    /// What a kind remembers is what the whole memory of any of its computers says of its jobs and packages.
    #[test]
    fn a_memory_of_ones_own_jobs_is_part_of_the_whole(ran in prop::collection::vec(0_u32..4, 0..4)) {
        let world = World::of(4)
            .program("a", json!({}))
            .task("a", json!({}))
            .history("a", &ran, &[])
            .size("a", None, &ran)
            .history("elsewhere", &[0, 1, 2, 3], &[]);
        let compiled = world.compiled();
        for computer in 0..4 {
            let own = crate::forecast::classes::memory(&compiled.policy(computer), &compiled, &world.fleet, computer);
            let mut whole = Memory::of(&world.fleet, computer, |package| compiled.packages.get(&package).copied());
            whole.ran.remove(&super::id(crate::model::kind::Kind::Task, "elsewhere"));
            prop_assert_eq!(own, whole);
        }
    }
}
