//! Plans that somebody changed by hand, with a hash that fits: the checker refuses them, whatever the hash says.

use super::*;
use crate::plan::Precondition;
use crate::plan::Verb;
use crate::plan::checker::Unsound;
use crate::plan::checker::within;

/// A plan with a change of each sort: `gone` goes, `p` changes, `q` is made, `c` is made over one that stays.
fn plan() -> Plan {
    let mut case = Case::new();
    let mut changed = package("p");
    case.has(changed.clone()).has(package("gone")).has(collection("stays", &[])).has(collection("over", &["stays"]));
    if let Spec::Package(spec) = &mut changed.spec {
        spec.version = "2.0".to_owned();
    }
    case.wants(changed).wants(package("q")).wants(collection("stays", &[])).wants(collection("over", &["stays"]));
    case.wants(collection("c", &["over"]));
    let plan = case.plan();
    assert_eq!((plan.summary.add, plan.summary.change, plan.summary.delete), (2, 1, 1));
    plan
}

/// Changes the plan, gives it the hash that fits, and reads it as a file.
#[track_caller]
fn refused(tamper: impl FnOnce(&mut Plan)) -> Unsound {
    let mut plan = plan();
    let before = plan.clone();
    tamper(&mut plan);
    assert_ne!(plan, before, "nothing was changed");
    plan.hash = file::hash(&plan);
    match file::read(file::write(&plan).as_bytes()) {
        Err(file::PlanFileError::Unsound(unsound)) => unsound,
        other => panic!("it was not refused for what it says: {other:?}"),
    }
}

fn of<'a>(plan: &'a mut Plan, name: &str) -> &'a mut Precondition {
    plan.preconditions.iter_mut().find(|one| one.key.name == name).unwrap()
}

fn change<'a>(plan: &'a mut Plan, name: &str) -> &'a mut crate::plan::Change {
    plan.resource_changes.iter_mut().find(|one| one.key.name == name).unwrap()
}

fn config(folder: &str, prune: bool) -> ServerConfig {
    ServerConfig {
        api: Api::Native,
        url: "http://127.0.0.1:1".to_owned(),
        token_from: None,
        auth: None,
        password_key_from: None,
        ca_file: None,
        legacy_tls: false,
        proxy: Default::default(),
        altiris: None,
        folders: vec![folder.to_owned()],
        prune,
        variables: BTreeMap::new(),
        overlays: Vec::new(),
    }
}

#[test]
fn a_change_without_its_precondition_is_refused() {
    for name in ["p", "gone", "q"] {
        let unsound = refused(|plan| plan.preconditions.retain(|one| one.key.name != name));
        assert_eq!(unsound, Unsound::Untied(format!("package/{name}")));
    }
    for name in ["p", "gone"] {
        let untied = Unsound::Untied(format!("package/{name}"));
        assert_eq!(refused(|plan| of(plan, name).revision = None), untied);
        assert_eq!(refused(|plan| of(plan, name).revision = Some(String::new())), untied);
        assert_eq!(refused(|plan| of(plan, name).guid = Some(Guid::of(77))), untied);
        assert_eq!(refused(|plan| of(plan, name).guid = None), untied);
    }
    // What is made must not be there.
    assert_eq!(refused(|plan| of(plan, "q").guid = Some(Guid::of(77))), Unsound::Untied("package/q".to_owned()));
}

#[test]
fn what_a_change_refers_to_is_held_to_its_guid() {
    let untied = Unsound::Untied("collection/over".to_owned());
    assert_eq!(refused(|plan| plan.preconditions.retain(|one| one.key.name != "over")), untied);
    let other = refused(|plan| plan.directory.iter_mut().for_each(|named| named.guid = Guid::of(77)));
    assert!(matches!(other, Unsound::Untied(_)), "{other:?}");
}

#[test]
fn a_precondition_for_what_is_no_change_and_not_there_is_refused() {
    let unsound = refused(|plan| {
        let key = ItemKey::new(Kind::Package, "nothing");
        plan.preconditions.push(Precondition { key, guid: None, revision: None });
    });
    assert_eq!(unsound, Unsound::Stray("package/nothing".to_owned()));
    // A part of a collection is held by its revision, or not at all.
    let unsound = refused(|plan| of(plan, "stays").revision = None);
    assert_eq!(unsound, Unsound::Stray("collection/stays".to_owned()));
}

#[test]
fn nothing_is_spoken_of_twice() {
    let twice = |plan: &mut Plan| plan.preconditions.push(plan.preconditions[0].clone());
    assert!(matches!(refused(twice), Unsound::Twice(_)));
    let guid = |plan: &mut Plan| {
        let guid = change(plan, "p").guid;
        change(plan, "gone").guid = guid;
        of(plan, "gone").guid = guid;
    };
    assert_eq!(refused(guid), Unsound::Twice("package/p".to_owned()));
}

#[test]
fn pln_5_a_delete_of_what_is_protected_or_of_what_has_another_reason_is_refused() {
    let protected = Unsound::Protected("package/gone".to_owned());
    for attribute in [Attribute::NoDelete, Attribute::ReadOnly] {
        let tamper = |plan: &mut Plan| {
            change(plan, "gone").before.as_mut().unwrap().attributes.insert(attribute);
        };
        assert_eq!(refused(tamper), protected);
    }
    let reason = |plan: &mut Plan| change(plan, "gone").action_reason = crate::plan::Reason::UpdateBecauseRenamed;
    assert_eq!(refused(reason), protected);
    let read_only = |plan: &mut Plan| {
        change(plan, "p").before.as_mut().unwrap().attributes.insert(Attribute::ReadOnly);
    };
    assert_eq!(refused(read_only), Unsound::Protected("package/p".to_owned()));
}

#[test]
fn an_update_that_became_a_delete_is_refused() {
    let tamper = |plan: &mut Plan| {
        let change = change(plan, "p");
        change.actions = vec![Verb::Delete];
        change.after = None;
        change.action_reason = crate::plan::Reason::DeleteBecauseNoManifest;
    };
    // Its step still updates.
    assert_eq!(refused(tamper), Unsound::Steps("package/p".to_owned()));
}

#[test]
fn pln_1_a_plan_that_says_all_was_read_names_nothing_that_was_not() {
    let tamper = |plan: &mut Plan| {
        let gap = Coverage::Partial { why: "cut".to_owned(), folders: Vec::new() };
        plan.coverage.kinds.insert(Kind::Package, gap);
    };
    assert_eq!(refused(tamper), Unsound::Complete);
}

#[test]
fn pln_7_deletes_and_writes_stay_inside_of_what_the_project_owns_today() {
    let plan = plan();
    assert_eq!(within(&plan, &config("Own", true)), Ok(()));
    assert_eq!(within(&plan, &config("Own", false)), Err(Unsound::NoPrune("package/gone".to_owned())));
    assert!(matches!(within(&plan, &config("Elsewhere", true)), Err(Unsound::Elsewhere(_))));
    let mut moved = plan.clone();
    change(&mut moved, "gone").before.as_mut().unwrap().folder = Some("Theirs".to_owned());
    assert_eq!(within(&moved, &config("Own", true)), Err(Unsound::Elsewhere("package/gone".to_owned())));
    change(&mut moved, "gone").before.as_mut().unwrap().folder = None;
    assert_eq!(within(&moved, &config("Own", true)), Err(Unsound::Elsewhere("package/gone".to_owned())));
}

#[test]
fn pln_7_a_program_is_deleted_only_with_a_package_that_is_owned() {
    let mut case = Case::new();
    case.has(package("p")).has(program("Install")).wants(collection("c", &[]));
    let mut plan = case.plan();
    assert_eq!((plan.summary.delete, within(&plan, &config("Own", true))), (2, Ok(())));
    change(&mut plan, "p").before.as_mut().unwrap().folder = Some("Theirs".to_owned());
    assert!(matches!(within(&plan, &config("Own", true)), Err(Unsound::Elsewhere(_))));
}

#[test]
fn pln_4_an_undeclared_item_with_the_name_of_a_declared_one_is_not_deleted() {
    // The manifest's `p` is the live `x`, by its pin; the live `p` is another.
    let mut case = Case::new();
    case.has(package("x"));
    let mut pinned = package("p");
    pinned.pin = Some(case.live.last().unwrap().guid);
    case.has(package("p")).wants(pinned);
    let plan = case.is_blocked_by("PLN-4");
    assert_eq!((plan.summary.delete, plan.summary.change), (0, 1));
}
