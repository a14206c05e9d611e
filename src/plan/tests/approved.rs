//! A plan that is made again, against the one that was approved.

use super::computers::Lab;
use super::*;
use crate::plan::Action;
use crate::plan::approved::Beyond;
use crate::plan::approved::beyond;
use crate::plan::approved::is_still;

/// A server that has `p` in one version, `gone` and `over`; the manifests want `p` in another version, and `q`.
fn case() -> Case {
    let mut case = Case::new();
    case.has(versioned("1.0")).has(package("gone"));
    case.wants(versioned("2.0")).wants(package("q"));
    case
}

fn versioned(version: &str) -> Item {
    let spec = Package { version: version.to_owned(), ..Package::default() };
    item(Kind::Package, "p", Spec::Package(spec), Some("Own"))
}

fn described(name: &str, description: &str) -> Item {
    let spec = Package { description: description.to_owned(), ..Package::default() };
    item(Kind::Package, name, Spec::Package(spec), Some("Own"))
}

#[track_caller]
fn check(now: &Case, expected: &[&str]) {
    let told: Vec<String> = beyond(&case().plan(), &now.plan()).iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_same_again_is_still_the_approved_plan() {
    let approved = case().plan();
    let mut later = case();
    later.now = "2026-12-02T12:00:00Z".parse().unwrap();
    let now = later.plan();
    assert_ne!(approved.hash, now.hash);
    assert_eq!(beyond(&approved, &now), []);
    assert!(is_still(&approved, &now));
}

#[test]
fn what_is_left_of_an_approved_plan_lies_within_it() {
    let mut now = case();
    now.live.retain(|live| live.item.key.name != "gone");
    now.has(package("q"));
    check(&now, &[]);
    assert!(!is_still(&case().plan(), &now.plan()));
    now.site.items.retain(|key, _| key.name != "p");
    now.live.retain(|live| live.item.key.name != "p");
    assert!(now.plan().is_empty());
    check(&now, &[]);
}

#[test]
fn an_item_that_moved_and_came_back_is_planned_again() {
    let mut now = case();
    now.live[1].revision = "moved".to_owned();
    check(&now, &[]);
    assert!(!is_still(&case().plan(), &now.plan()), "its precondition is another one");
}

#[test]
fn another_change_is_more() {
    let mut now = case();
    now.wants(package("r"));
    check(&now, &["package/r: to create it was not approved"]);
    let mut now = case();
    now.has(package("other"));
    check(&now, &["package/other: to delete it was not approved"]);
}

#[test]
fn another_content_is_more() {
    let mut now = case();
    now.wants(versioned("3.0"));
    check(&now, &["package/p: `spec.version` is not what was approved"]);
    // What is overwritten is part of what was looked at.
    let mut now = case();
    now.live[1].item = versioned("1.5");
    check(&now, &["package/p: `spec.version` is not what was approved"]);
    let mut now = case();
    now.wants(described("q", "another one"));
    check(&now, &["package/q: what it holds is not what was approved"]);
    let mut now = case();
    now.live[2].item = described("gone", "somebody looks after it now");
    check(&now, &["package/gone: what it holds is not what was approved"]);
}

#[test]
fn something_else_with_the_same_item_is_more() {
    let mut now = case();
    now.live.retain(|live| live.item.key.name != "p");
    check(&now, &["package/p: to change it was approved, not to create it"]);
    let mut now = case();
    now.live[1].guid = Guid::of(99);
    check(&now, &["package/p: it is another item of that name now"]);
}

#[test]
fn another_server_is_another_matter() {
    let approved = case().plan();
    let mut now = case().plan();
    now.server.identity.instance = Guid::of(8);
    assert_eq!(beyond(&approved, &now), [Beyond::OtherServer]);
    assert!(!is_still(&approved, &now));
    let mut now = case().plan();
    now.server.url = "http://127.0.0.1:2".to_owned();
    assert_eq!(beyond(&approved, &now), [Beyond::OtherServer]);
}

#[test]
fn pln_12_more_computers_than_were_approved_are_more() {
    let of = |n: u32| {
        let mut lab = Lab::new(20);
        lab.collection("c", 0..n);
        lab.wants(task("t", &["c"]));
        lab.plan()
    };
    let (ten, twelve) = (of(10), of(12));
    assert_eq!(ten.resource_changes, twelve.resource_changes, "byte for byte the same, but for the computers");
    assert_eq!(beyond(&twelve, &ten), []);
    let told = beyond(&ten, &twelve);
    assert!(matches!(&told[..], [Beyond::Consequence(_), ..]), "{told:?}");
    assert!(told.iter().any(|one| one.to_string().contains("2 more than the 10 approved")), "{told:?}");
    assert_eq!(ten.resource_changes[0].action(), Action::Create);
}
