//! In which order a plan does what, and why each prefix of it is safe.

use super::*;
use crate::model::folder::Folder;
use crate::plan::Change;
use crate::plan::checker::Unsound;
use crate::plan::order;

/// The steps as `action address`.
fn told(plan: &Plan) -> Vec<String> {
    let step = |step: &crate::plan::step::Step| {
        format!("{} {}", step.action.word(), plan.resource_changes[step.change].address)
    };
    plan.steps.iter().map(step).collect()
}

fn at(plan: &Plan, step: &str) -> usize {
    let told = told(plan);
    told.iter().position(|one| one == step).unwrap_or_else(|| panic!("no `{step}` in {told:#?}"))
}

fn version(mut item: Item) -> Item {
    if let Spec::Package(spec) = &mut item.spec {
        spec.version = "2.0".to_owned();
    }
    item
}

fn command(mut item: Item) -> Item {
    if let Spec::Program(spec) = &mut item.spec {
        spec.command_line = "b.exe /S".to_owned();
    }
    item
}

/// A window for a collection, of so many minutes.
fn window(minutes: u32, collection: &str) -> Item {
    let spec = serde_json::json!({
        "collections": [collection], "schedule": {"daily": "22:00"}, "duration": format!("{minutes}m"),
    });
    item(Kind::MaintenanceWindow, "w", Spec::MaintenanceWindow(serde_json::from_value(spec).unwrap()), Some("Own"))
}

#[test]
fn col_2_a_widened_collection_waits_for_the_programs_that_it_brings() {
    let mut case = Case::new();
    for live in [package("p"), program("Install"), collection("c", &[]), window(60, "c"), task("t", &["c"])] {
        case.has(live);
    }
    case.wants(version(package("p"))).wants(command(program("Install"))).wants(window(120, "c"));
    // It includes one that is made, and the task gets another target.
    case.wants(collection("new", &[])).wants(collection("c", &["new"])).wants(task("t", &["c", "new"]));
    let plan = case.plan();
    let collection = at(&plan, "update collection/c");
    for before in ["create collection/new", "update window/w", "update package/p", "update program/p/Install"] {
        assert!(at(&plan, before) < collection, "{before} comes late: {:#?}", told(&plan));
    }
    assert!(at(&plan, "create collection/new") < at(&plan, "update window/w"));
    assert!(collection < at(&plan, "update task/t"), "{:#?}", told(&plan));

    // The checker, which was written apart, sees it when it is otherwise.
    let mut wrong = plan.clone();
    let (first, last) = (at(&plan, "update program/p/Install"), collection);
    let (a, b) = (wrong.steps[first].change, wrong.steps[last].change);
    wrong.steps[first].change = b;
    wrong.steps[last].change = a;
    assert!(matches!(checker::check(&wrong), Err(Unsound::ReachesEarly { .. })), "{:?}", checker::check(&wrong));
}

#[test]
fn col_1_collections_change_in_the_order_of_their_needs_even_through_one_that_stays() {
    // b includes a now and a is to include b, by way of one that stays as it is: only b before a has no cycle between.
    let mut case = Case::new();
    case.has(collection("a", &[])).has(collection("middle", &["b"])).has(collection("b", &["a"]));
    case.wants(collection("a", &["middle"])).wants(collection("middle", &["b"])).wants(collection("b", &[]));
    let plan = case.plan();
    assert_eq!(told(&plan), ["update collection/b", "update collection/a"]);
    assert!(plan.steps[0].stage < plan.steps[1].stage);
}

#[test]
fn col_1_what_is_made_comes_first_and_in_the_order_of_its_needs() {
    let mut case = Case::new();
    case.has(collection("old", &[]));
    // `a` and `z` are made, `a` over `z` and over the old one, which is to include `y`.
    case.wants(collection("a", &["z", "old"])).wants(collection("z", &[])).wants(collection("y", &[]));
    case.wants(collection("old", &["y"]));
    let plan = case.plan();
    assert!(at(&plan, "create collection/z") < at(&plan, "create collection/a"));
    assert!(at(&plan, "create collection/a") < at(&plan, "update collection/old"));
    assert!(at(&plan, "create collection/y") < at(&plan, "update collection/old"));
}

#[test]
fn a_deep_chain_is_ordered_in_time() {
    // Each includes the one before: as many levels as collections, in time that does not grow with the square.
    const N: usize = 50_000;
    let mut case = Case::new();
    case.wants(collection("c", &[]));
    let like = case.plan().resource_changes.remove(0);
    let change = |n: usize| {
        let below = n.checked_sub(1).map(|below| format!("c{below:05}"));
        let after = collection(&format!("c{n:05}"), &below.iter().map(String::as_str).collect::<Vec<_>>());
        Change { key: after.key.clone(), after: Some(after), ..like.clone() }
    };
    // From the top, so that the way down is as long as the chain.
    let changes: Vec<Change> = (0..N).rev().map(change).collect();
    let steps = order::steps(&changes, std::iter::empty());
    assert!(steps.iter().enumerate().all(|(at, step)| step.stage as usize == at + 1 && step.change == N - 1 - at));
}

#[test]
fn a_collection_that_moves_finds_its_folder() {
    let mut case = Case::new();
    case.has(collection("c", &[]));
    let mut moved = collection("c", &[]);
    moved.folder = Some("Own/New".to_owned());
    case.wants(moved).wants(item(Kind::Folder, "Own/New", Spec::Folder(Folder::default()), Some("Own")));
    assert_eq!(told(&case.plan()), ["create folder/Own/New", "update collection/c"]);
}

#[test]
fn pln_6_a_long_chain_without_an_end_is_held_whole_and_in_time() {
    const N: usize = 4_000;
    let name = |n: usize| format!("c{n:04}");
    let mut case = Case::new();
    case.wants(collection(&name(0), &["nowhere"]));
    for n in 1..N {
        case.wants(collection(&name(n), &[&name(n - 1)]));
    }
    let plan = case.is_blocked_by("PLN-6");
    assert_eq!((plan.summary.add, plan.summary.held), (0, N));
    let because: Vec<&str> = plan.held.iter().map(|held| held.because.as_str()).collect();
    assert!(
        because[0].contains("`collection/nowhere`")
            && because[N - 1].contains(&format!("`collection/{}`", name(N - 2)))
    );
}

#[test]
fn pln_6_what_a_held_delete_needs_is_held_too_down_a_long_chain() {
    const N: usize = 4_000;
    let name = |n: usize| format!("c{n:04}");
    let mut case = Case::new();
    case.has(collection(&name(0), &[]));
    for n in 1..N {
        case.has(collection(&name(n), &[&name(n - 1)]));
    }
    // What stays uses the last; and one that nobody uses goes.
    let stays = collection("stays", &[&name(N - 1)]);
    case.has(stays.clone()).wants(stays).has(collection("unused", &[&name(5)]));
    let plan = case.is_blocked_by("PLN-6");
    assert_eq!((plan.summary.delete, plan.summary.held), (1, N));
    assert_eq!(plan.resource_changes[0].key.name, "unused");
    let last = plan.held.iter().find(|held| held.key.name == name(N - 1)).unwrap();
    assert_eq!(last.because, "still used by `collection/stays`");
}
