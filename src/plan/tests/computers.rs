//! What the computers would do, rule by rule, over small fleets.

use std::ops::Range;

use serde_json::Value;
use serde_json::json;

use super::Case;
use crate::agent::policy::FitRule;
use crate::model::fleet::Computer;
use crate::model::fleet::Computers as Set;
use crate::model::fleet::Fleet;
use crate::model::fleet::History;
use crate::model::fleet::Licences;
use crate::model::fleet::Membership;
use crate::model::fleet::PackageKnowledge;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::plan::Basis;
use crate::plan::Consequence;
use crate::plan::Plan;
use crate::reach::Known;

/// A server with computers, and what the manifests want of it.
pub(super) struct Lab {
    pub case: Case,
    pub fleet: Fleet,
}

impl Lab {
    /// So many computers `PC-0`, `PC-1` … in Berlin, a package `p` with a program `Install`.
    pub fn new(n: u32) -> Self {
        let computers = (0..n).map(|at| Computer {
            guid: Guid::of(u128::from(at) + 10_000),
            name: format!("PC-{at}"),
            domain: String::new(),
            zone: "Europe/Berlin".to_owned(),
            last_seen: Some("2026-12-01T11:00:00Z".parse().unwrap()),
            retired: false,
            roles: Vec::new(),
        });
        let fleet = Fleet {
            read_at: "2026-12-01T11:55:00Z".parse().unwrap(),
            server_zone: "Europe/Berlin".to_owned(),
            computers: computers.collect(),
            ..Fleet::default()
        };
        let mut lab = Self { case: Case::new(), fleet };
        lab.both(package("p"));
        lab.both(program("p", "Install", json!({})));
        lab
    }

    /// Something that the server has; its GUID.
    pub fn live(&mut self, item: Item) -> Guid {
        self.case.has(item);
        self.case.live.last().expect("it was just put there").guid
    }

    pub fn wants(&mut self, item: Item) {
        self.case.wants(item);
    }

    /// Something that is as it should be.
    pub fn both(&mut self, item: Item) -> Guid {
        self.wants(item.clone());
        self.live(item)
    }

    /// A collection of computers by number, which stays as it is.
    pub fn collection(&mut self, name: &str, range: Range<u32>) -> Guid {
        let guid = self.both(listed(name, range.clone()));
        self.holds(guid, range);
        guid
    }

    pub fn holds(&mut self, collection: Guid, range: Range<u32>) {
        let membership = Membership { effective: range.collect(), query: None };
        self.fleet.members.insert(collection, membership);
    }

    pub fn ran(&mut self, task: Guid, succeeded: Range<u32>, failed: Range<u32>, unknown: Range<u32>) {
        let history = History {
            succeeded: succeeded.collect(),
            failed: failed.collect(),
            unknown: unknown.collect(),
            newest: None,
        };
        self.fleet.history.insert(task, history);
    }

    pub fn plan(&mut self) -> Plan {
        self.case.fleet = Some(self.fleet.clone());
        self.case.plan()
    }
}

pub(super) fn item(kind: Kind, name: &str, spec: Value) -> Item {
    let spec = match kind {
        Kind::Package => Spec::Package(serde_json::from_value(spec).unwrap()),
        Kind::Task => Spec::Task(serde_json::from_value(spec).unwrap()),
        Kind::SequentialTask => Spec::SequentialTask(serde_json::from_value(spec).unwrap()),
        Kind::Collection => Spec::Collection(serde_json::from_value(spec).unwrap()),
        Kind::MaintenanceWindow => Spec::MaintenanceWindow(serde_json::from_value(spec).unwrap()),
        Kind::PortalDefaults => Spec::PortalDefaults(serde_json::from_value(spec).unwrap()),
        Kind::DeliveryPolicy => Spec::DeliveryPolicy(serde_json::from_value(spec).unwrap()),
        Kind::AgentSettings => Spec::AgentSettings(serde_json::from_value(spec).unwrap()),
        Kind::PatchPlugin => Spec::PatchPlugin(serde_json::from_value(spec).unwrap()),
        Kind::Folder => Spec::Folder(serde_json::from_value(spec).unwrap()),
        other => unreachable!("no test makes a {other} this way"),
    };
    let mut item = Item::new(ItemKey::new(kind, name), spec);
    item.folder = (!kind.is_singleton()).then(|| "Own".to_owned());
    item
}

pub(super) fn package(name: &str) -> Item {
    item(Kind::Package, name, json!({"source": {"unc": format!(r"\\files\{name}")}}))
}

/// A program with some fields of its own.
pub(super) fn program(package: &str, name: &str, more: Value) -> Item {
    let mut spec = json!({"name": name, "commandLine": "setup.exe /S", "maxRunTime": "30m"});
    merge(&mut spec, more);
    Item::new(ItemKey::program(package, name), Spec::Program(serde_json::from_value(spec).unwrap()))
}

fn merge(spec: &mut Value, more: Value) {
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
}

/// A task that runs `Install` of `p`.
pub(super) fn task(name: &str, collections: &[&str], more: Value) -> Item {
    let mut spec = json!({"package": "p", "program": "Install", "collections": collections});
    merge(&mut spec, more);
    item(Kind::Task, name, spec)
}

pub(super) fn sequence(name: &str, collections: &[&str], programs: &[&str]) -> Item {
    let steps: Vec<Value> = programs.iter().map(|program| json!({"package": "p", "program": program})).collect();
    item(Kind::SequentialTask, name, json!({"collections": collections, "steps": steps}))
}

pub(super) fn listed(name: &str, range: Range<u32>) -> Item {
    let members: Vec<String> = range.map(|n| format!("PC-{n}")).collect();
    item(Kind::Collection, name, json!({"members": members}))
}

fn window(name: &str, collections: &[&str], duration: &str) -> Item {
    let spec = json!({"collections": collections, "schedule": {"daily": "22:00"}, "duration": duration});
    item(Kind::MaintenanceWindow, name, spec)
}

/// The only consequence of a rule and kind.
#[track_caller]
pub(super) fn only<'p>(plan: &'p Plan, code: &str, kind: &str) -> &'p Consequence {
    let mut found = plan.consequences.iter().filter(|one| one.code == code && one.kind == kind);
    let first = found.next().unwrap_or_else(|| panic!("no {code} {kind} among {:#?}", plan.consequences));
    assert!(found.next().is_none(), "more than one {code} {kind}");
    first
}

#[track_caller]
pub(super) fn none(plan: &Plan, code: &str) {
    assert!(plan.consequences.iter().all(|one| one.code != code), "{:#?}", plan.consequences);
}

#[track_caller]
pub(super) fn number(plan: &Plan, code: &str, kind: &str, expected: u64) {
    assert_eq!(only(plan, code, kind).magnitude.value, Some(expected), "{:#?}", only(plan, code, kind));
}

/// A sequential task on all of 100 computers: 60 succeeded, 5 failed, 3 said nothing.
fn sequence_lab(steps: &[&str]) -> Lab {
    let mut lab = Lab::new(100);
    for name in ["First", "Second"] {
        lab.both(program("p", name, json!({})));
    }
    lab.collection("All", 0..100);
    let guid = lab.live(sequence("s", &["All"], &["First", "Second"]));
    lab.ran(guid, 0..60, 60..65, 65..68);
    lab.wants(sequence("s", &["All"], steps));
    lab
}

#[test]
fn seq_1_reordering_adding_or_removing_a_step_runs_all_of_it_again() {
    for steps in [&["Second", "First"][..], &["First", "Second", "Install"], &["First"]] {
        let plan = sequence_lab(steps).plan();
        let told = only(&plan, "SEQ-1", "re_run");
        let magnitude = &told.magnitude;
        assert_eq!((magnitude.value, magnitude.low, magnitude.of), (Some(68), Some(65), Some(100)));
        let parts: Vec<(&str, u64)> = told.parts.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(parts, [("failed", 5), ("never_ran", 32), ("succeeded", 60), ("unknown", 3)]);
        assert_eq!((told.basis, plan.endpoints.re_run), (Basis::Confirmed, Some(68)));
        assert_eq!(told.sample, ["PC-0", "PC-1", "PC-2", "PC-3", "PC-4"]);
        assert!(told.sample_truncated && told.observed_at == Some("2026-12-01T11:55:00Z".parse().unwrap()));
        assert_eq!(told.fixes.len(), 1);
        assert_eq!(told.fixes[0].forecast["re_run"], Some(0));
    }
}

#[test]
fn seq_1_an_added_step_can_be_a_task_of_its_own() {
    let mut lab = sequence_lab(&["First", "Second", "Install"]);
    let plan = lab.plan();
    let fix = &only(&plan, "SEQ-1", "re_run").fixes[0];
    assert_eq!(fix.forecast["runs"], Some(100));
    lab.case.site = lab.case.with(fix);
    let plan = lab.plan();
    assert_eq!(plan.endpoints.re_run, Some(0));
    let told = only(&plan, "COL-2", "newly_targeted");
    assert_eq!((&*told.subject, told.parts["run"]), ("task/s: Install", 100));
}

#[test]
fn seq_2_editing_a_program_of_a_step_runs_nothing_again() {
    let mut lab = sequence_lab(&["First", "Second"]);
    lab.wants(program("p", "Second", json!({"commandLine": "other.exe /S"})));
    let plan = lab.plan();
    none(&plan, "SEQ-1");
    number(&plan, "SEQ-2", "keeps_what_it_has", 65);
    assert_eq!(plan.endpoints.re_run, Some(0));
}

#[test]
fn seq_7_a_deleted_sequence_leaves_its_hidden_entries() {
    let mut lab = sequence_lab(&["First", "Second"]);
    lab.case.site.items.remove(&ItemKey::new(Kind::SequentialTask, "s"));
    number(&lab.plan(), "SEQ-7", "hidden_entries_left", 2);
}

#[test]
fn seq_1_without_a_fleet_no_number_is_zero() {
    let mut lab = sequence_lab(&["Second", "First"]);
    lab.case.fleet = None;
    let plan = lab.case.plan();
    let told = only(&plan, "SEQ-1", "re_run");
    assert_eq!((told.magnitude.value, told.magnitude.high, told.basis), (None, None, Basis::Unknown));
    assert_eq!(plan.endpoints, crate::plan::Endpoints::default());
    assert_eq!(plan.coverage.computers.gaps, ["the computers: no fleet data was read"]);
}

#[test]
fn seq_1_half_a_fleet_tells_what_it_can() {
    // Who ran what was not read: who is reached is known, how many run again is not.
    let mut lab = sequence_lab(&["Second", "First"]);
    lab.fleet.gaps.insert(Part::History, "the server took too long".to_owned());
    let plan = lab.plan();
    let told = only(&plan, "SEQ-1", "re_run");
    assert_eq!((told.magnitude.value, told.magnitude.of), (None, Some(100)));
    assert!(told.mechanism.contains("the server took too long"), "{}", told.mechanism);
    assert_eq!((plan.endpoints.re_run, plan.endpoints.newly_targeted), (None, Some(0)));
    // A collection whose query failed: who ran it bounds the number from above.
    let mut lab = sequence_lab(&["Second", "First"]);
    let all = lab.case.live.iter().find(|live| live.item.key.name == "All").unwrap().guid;
    lab.fleet.unknown_members.insert(all, "its query ran for 30 s and was ended".to_owned());
    let plan = lab.plan();
    let told = only(&plan, "SEQ-1", "re_run");
    assert_eq!((told.magnitude.value, told.magnitude.high), (None, Some(68)));
    assert!(plan.coverage.computers.gaps[0].contains("its query ran for 30 s"), "{:?}", plan.coverage.computers.gaps);
}

#[test]
fn a_history_from_after_the_server_s_clock_is_told() {
    let mut lab = sequence_lab(&["Second", "First"]);
    let late = lab.fleet.read_at + jiff::SignedDuration::from_hours(24 * 365);
    lab.fleet.history.values_mut().for_each(|one| one.newest = Some(late));
    lab.fleet.computers[3].last_seen = Some(late);
    let gaps = lab.plan().coverage.computers.gaps;
    assert!(gaps.iter().any(|gap| gap.contains("results from after the server's clock")), "{gaps:?}");
    assert!(gaps.iter().any(|gap| gap.contains("1 were seen after the server's clock")), "{gaps:?}");
}

#[test]
fn tsk_4_a_changed_program_reaches_nobody_who_ran_the_task() {
    let mut lab = Lab::new(100);
    lab.collection("All", 0..100);
    let guid = lab.both(task("t", &["All"], json!({})));
    lab.ran(guid, 0..40, 40..50, 0..0);
    lab.wants(program("p", "Install", json!({"commandLine": "setup.exe /S /NEW"})));
    let plan = lab.plan();
    let told = only(&plan, "TSK-4", "not_reached");
    assert_eq!((told.magnitude.value, told.parts["get_it"]), (Some(50), 50));
    assert_eq!((&*told.subject, &told.because), ("task/t", &vec!["program/p/Install".to_owned()]));
    let [new, schedule] = &told.fixes[..] else { panic!("{:#?}", told.fixes) };
    // Each is what it promises: everyone runs the new task, and the schedule runs it where it ran before.
    for (fix, code, kind, subject, runs) in
        [(new, "COL-2", "newly_targeted", "task/t (2)", 100), (schedule, "TSK-4", "re_run", "task/t", 50)]
    {
        assert_eq!((fix.forecast["runs"], fix.forecast["not_reached"]), (Some(100), Some(0)));
        let with = lab.case.with(fix);
        let site = std::mem::replace(&mut lab.case.site, with);
        let after = lab.plan();
        assert_eq!(
            (&*only(&after, code, kind).subject, only(&after, code, kind).magnitude.value),
            (subject, Some(runs))
        );
        assert!(after.consequences.iter().all(|one| one.kind != "not_reached" || one.subject != subject), "{after:#?}");
        lab.case.site = site;
    }
}

#[test]
fn tsk_4_leaving_and_rejoining_is_no_second_run() {
    let mut lab = Lab::new(100);
    lab.collection("Some", 0..10);
    lab.collection("All", 0..100);
    let guid = lab.live(task("t", &["Some"], json!({})));
    lab.ran(guid, 0..30, 0..0, 0..0); // 10 … 29 were in the collection once.
    lab.wants(task("t", &["All"], json!({})));
    let plan = lab.plan();
    let told = only(&plan, "COL-2", "newly_targeted");
    assert_eq!((told.magnitude.value, told.parts["already_ran"], told.parts["run"]), (Some(90), 20, 70));
}

#[test]
fn tsk_7_two_hundred_computers_are_too_many_to_notify_at_once() {
    for (n, expected) in [(199, None), (200, Some(200))] {
        let mut lab = Lab::new(n);
        lab.collection("All", 0..n);
        lab.wants(task("t", &["All"], json!({"notifyImmediately": true})));
        let plan = lab.plan();
        let told = plan.consequences.iter().find(|one| one.code == "TSK-7");
        assert_eq!(told.and_then(|one| one.magnitude.value), expected);
        assert_eq!(told.map(|one| one.fixes[0].forecast["notified_at_once"]), expected.map(|_| Some(0)));
    }
}

#[test]
fn tsk_11_availability_on_the_server_s_clock_misses_some_zones() {
    let mut lab = Lab::new(30);
    for computer in &mut lab.fleet.computers[20..] {
        computer.zone = "Asia/Tokyo".to_owned();
    }
    lab.collection("All", 0..30);
    // 20:00 in Berlin lies within; 20:00 in Tokyo is noon in Berlin, before it begins.
    let spec = json!({"run": {"schedule": {"at": "2026-12-05T20:00"}}, "runMissedSchedule": false,
        "availability": {"from": "2026-12-05T18:00", "to": "2026-12-05T23:00", "clock": "server"}});
    lab.wants(task("t", &["All"], spec));
    let plan = lab.plan();
    let told = only(&plan, "TSK-11", "never_available");
    assert_eq!((told.magnitude.value, told.magnitude.of), (Some(10), Some(30)));
    assert!(told.mechanism.contains("Asia/Tokyo 10") && told.sample[0] == "PC-20", "{told:#?}");
}

#[test]
fn pln_12_a_start_that_has_passed_by_the_server_s_clock_is_said() {
    let mut lab = Lab::new(10);
    lab.collection("All", 0..10);
    lab.wants(task("t", &["All"], json!({"run": {"schedule": {"at": "2026-12-01T14:00"}}})));
    none(&lab.plan(), "PLN-12"); // 13:00 in Berlin.
    lab.case.server_now = Some("2026-12-01T13:00:00Z".parse().unwrap());
    number(&lab.plan(), "PLN-12", "start_passed", 10);
}

#[test]
fn col_2_a_changed_collection_moves_all_that_is_built_on_it() {
    let mut lab = Lab::new(100);
    let inner = lab.live(listed("Inner", 0..20));
    lab.holds(inner, 0..20);
    lab.wants(listed("Inner", 10..50));
    let outer = lab.both(item(Kind::Collection, "Outer", json!({"include": ["Inner"], "members": ["PC-99"]})));
    let effective = (0..20).chain(99..100).collect();
    lab.fleet.members.insert(outer, Membership { effective, query: None });
    lab.both(task("t", &["Outer"], json!({})));
    lab.both(window("w", &["Outer"], "4h"));
    let plan = lab.plan();
    let numbers = |subject: &str, kind: &str| {
        let found =
            plan.consequences.iter().find(|one| one.code == "COL-2" && one.subject == subject && one.kind == kind);
        let found = found.unwrap_or_else(|| panic!("no {kind} of {subject}"));
        assert_eq!(found.because, ["collection/Inner"], "{found:#?}");
        (found.magnitude.value, found.magnitude.of)
    };
    assert_eq!(numbers("collection/Inner", "enter"), (Some(30), Some(20)));
    assert_eq!(numbers("collection/Inner", "leave"), (Some(10), Some(20)));
    assert_eq!(numbers("collection/Outer", "enter"), (Some(30), Some(21)));
    assert_eq!(numbers("task/t", "newly_targeted"), (Some(30), Some(21)));
    assert_eq!(numbers("task/t", "no_longer_targeted"), (Some(10), Some(21)));
    assert_eq!(numbers("window/w", "comes_under"), (Some(30), Some(21)));
    assert_eq!(numbers("window/w", "no_longer_under"), (Some(10), Some(21)));
    assert_eq!(plan.endpoints.newly_targeted, Some(30));
}

#[test]
fn col_2_a_new_query_is_counted_by_what_the_server_says_of_it() {
    let lab = |answer| {
        let mut lab = Lab::new(40);
        let guid = lab.live(item(Kind::Collection, "Q", json!({"query": {"sql": "old"}})));
        lab.fleet.members.insert(guid, Membership { effective: (0..5).collect(), query: Some((0..5).collect()) });
        lab.wants(item(Kind::Collection, "Q", json!({"query": {"sql": "new"}})));
        lab.both(task("t", &["Q"], json!({})));
        lab.case.evaluated = [(("sql".to_owned(), "new".to_owned()), answer)].into();
        lab.plan()
    };
    number(&lab(Known::Is((0..40).collect::<Set>())), "COL-2", "newly_targeted", 35);
    let failed = lab(Known::Unknown("no such table: AeX_AC".to_owned()));
    let told = only(&failed, "COL-2", "newly_targeted");
    assert_eq!((told.magnitude.value, told.basis), (None, Basis::Unknown));
    assert!(told.mechanism.contains("no such table"), "{}", told.mechanism);
    assert_eq!(failed.endpoints.newly_targeted, None);
}

#[test]
fn col_2_a_folder_or_a_text_moves_nobody() {
    let mut lab = Lab::new(10);
    lab.collection("All", 0..10);
    lab.both(task("t", &["All"], json!({})));
    let mut wanted = listed("All", 0..10);
    let Spec::Collection(spec) = &mut wanted.spec else { unreachable!() };
    spec.description = "everyone".to_owned();
    lab.wants(wanted);
    assert!(lab.plan().consequences.is_empty());
}

#[test]
fn pkg_3_a_package_ages_out_where_no_task_holds_it_any_more() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.collection("Some", 0..10);
    let p = lab.case.live.iter().find(|live| live.item.key.kind == Kind::Package).unwrap().guid;
    lab.fleet.packages.insert(p, PackageKnowledge { cached: (0..25).collect(), bytes: Some(1000) });
    lab.live(task("t", &["All"], json!({})));
    lab.wants(task("t", &["Some"], json!({})));
    number(&lab.plan(), "PKG-3", "ages_out", 15);
}

#[test]
fn pkg_6_who_lacks_the_files_downloads_them_and_the_bytes_are_told() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    let p = lab.case.live.iter().find(|live| live.item.key.kind == Kind::Package).unwrap().guid;
    lab.fleet.packages.insert(p, PackageKnowledge { cached: (0..10).collect(), bytes: Some(1000) });
    lab.wants(task("t", &["All"], json!({})));
    let plan = lab.plan();
    let told = only(&plan, "PKG-6", "download");
    assert_eq!((told.magnitude.value, told.parts["bytes"]), (Some(20), 20_000));
}

#[test]
fn pkg_6_pkg_7_a_moved_source_is_downloaded_by_everyone_after_the_update() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.both(task("t", &["All"], json!({})));
    lab.wants(item(Kind::Package, "p", json!({"source": {"unc": r"\\elsewhere\p"}})));
    let plan = lab.plan();
    number(&plan, "PKG-6", "download", 30);
    assert!(!only(&plan, "PKG-6", "download").parts.contains_key("bytes"), "without a snapshot no bytes are known");
    pkg_7_tells(&plan);
}

fn pkg_7_tells(plan: &Plan) {
    let told = only(plan, "PKG-7", "old_codebases");
    assert_eq!((told.magnitude.value, &told.because), (Some(30), &vec!["package/p".to_owned()]));
}

#[test]
fn pkg_8_a_deleted_package_stays_on_computers() {
    let mut lab = Lab::new(30);
    let q = lab.live(package("q"));
    lab.fleet.packages.insert(q, PackageKnowledge { cached: (0..7).collect(), bytes: None });
    number(&lab.plan(), "PKG-8", "left_behind", 7);
    lab.fleet.gaps.insert(Part::Packages, "agents report no downloads (PKG-5)".to_owned());
    assert_eq!(only(&lab.plan(), "PKG-8", "left_behind").magnitude.value, None);
}

#[test]
fn prg_6_a_restart_follows_every_run_and_users_have_no_choice_without_a_warning() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.both(program("p", "Restarting", json!({"afterRunning": {"action": "restart", "deferUpTo": "4h"}})));
    lab.wants(task("t", &["All"], json!({"program": "Restarting"})));
    let plan = lab.plan();
    let told = only(&plan, "PRG-6", "restart");
    assert_eq!(told.magnitude.value, Some(30));
    assert!(told.mechanism.contains("a failing one too; users cannot put it off"), "{}", told.mechanism);
    assert_eq!(told.fixes[0].forecast["restart_without_choice"], Some(0));
    none(&plan, "RST-2");
}

#[test]
fn prg_6_a_program_that_begins_to_restart_does_so_for_those_who_are_yet_to_run_it() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    let guid = lab.both(task("t", &["All"], json!({})));
    lab.ran(guid, 0..20, 20..22, 0..0);
    lab.wants(program("p", "Install", json!({"afterRunning": {"action": "restart"}})));
    number(&lab.plan(), "PRG-6", "restart", 8);
}

#[test]
fn prg_13_rights_go_with_their_program() {
    let mut lab = Lab::new(1);
    let grants = json!({"inherit": false, "grants": [{"principal": "LAB\\one", "right": "install"}]});
    lab.live(program("p", "Old", json!({"portal": grants})));
    let plan = lab.plan();
    let told = only(&plan, "PRG-13", "rights_go");
    assert_eq!((told.magnitude.value, &*told.sample[0]), (Some(1), "- LAB\\one: install"));
}

#[test]
fn ptl_2_changed_defaults_reach_every_program_that_inherits() {
    let mut lab = Lab::new(1);
    lab.both(program("p", "Own", json!({"portal": {"inherit": false}})));
    let name = "Programs";
    let defaults = |principals: &[&str]| {
        let grants: Vec<Value> = principals.iter().map(|one| json!({"principal": one, "right": "install"})).collect();
        item(Kind::PortalDefaults, name, json!({"grants": grants}))
    };
    lab.live(defaults(&["LAB\\one", "LAB\\two"]));
    lab.wants(defaults(&["LAB\\two", "LAB\\three"]));
    let plan = lab.plan();
    let told = only(&plan, "PTL-2", "inherited_rights");
    assert_eq!((told.magnitude.value, &*told.magnitude.unit), (Some(1), "programs"));
    assert_eq!(told.sample, ["- LAB\\one: install", "+ LAB\\three: install"]);
}

#[test]
fn ptl_3_broken_inheritance_takes_inherited_rights_away() {
    let mut lab = Lab::new(1);
    lab.both(item(
        Kind::PortalDefaults,
        "Programs",
        json!({"grants": [{"principal": "LAB\\all", "right": "install"}]}),
    ));
    let rights = |inherit: bool, principal: &str| {
        let grants = json!([{"principal": principal, "right": "installOnApproval"}]);
        program("p", "Asked", json!({"portal": {"inherit": inherit, "grants": grants}}))
    };
    lab.live(rights(true, "LAB\\some"));
    lab.wants(rights(false, "LAB\\some"));
    let plan = lab.plan();
    let told = only(&plan, "PTL-3", "changed");
    assert_eq!((told.parts["gained"], told.parts["lost"]), (0, 1));
    assert_eq!(told.sample, ["- LAB\\all: install"]);
}

fn policy(name: &str, collections: &[&str], countdown: &str, defer: &str) -> Item {
    let on_success = json!({"action": "restart", "deferUpTo": defer, "countdown": countdown});
    let resources = json!([{"package": "p", "program": "Install", "onSuccess": on_success}]);
    item(Kind::DeliveryPolicy, name, json!({"collections": collections, "resources": resources}))
}

#[test]
fn rst_2_a_restart_that_can_be_put_off_holds_everything_else_up() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.collection("Some", 0..10);
    let settings =
        |on: bool| item(Kind::AgentSettings, "a", json!({"collections": ["Some"], "disregardPostRunAction": on}));
    lab.both(settings(true));
    lab.wants(policy("d", &["All"], "5m", "8h"));
    // The agents of ten disregard it.
    number(&lab.plan(), "RST-2", "all_else_waits", 20);
    lab.wants(settings(false));
    let plan = lab.plan();
    number(&plan, "RST-2", "restart_blocks", 10);
    number(&plan, "RST-2", "all_else_waits", 30);
}

#[test]
fn rst_4_of_two_policies_with_restarts_the_lower_value_holds() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.collection("Some", 20..40);
    lab.both(policy("long", &["All"], "30m", "8h"));
    lab.wants(policy("short", &["Some"], "5m", "12h"));
    let plan = lab.plan();
    let told = only(&plan, "RST-4", "shorter_prompt");
    // Ten have both; its longer deferral changes nothing there.
    assert_eq!((&*told.subject, told.magnitude.value), ("policy/short", Some(10)));
    assert_eq!((told.parts["shorter_countdown"], told.parts["shorter_deferral"]), (10, 0));
}

fn plugin(collections: &[&str], install: bool) -> Item {
    item(Kind::PatchPlugin, "plug-in", json!({"collections": collections, "installPlugin": install}))
}

/// 400 computers, of which 48 hold the licences that are taken of 60.
fn licence_lab() -> Lab {
    let mut lab = Lab::new(400);
    lab.collection("Some", 0..48);
    lab.collection("More", 0..388);
    lab.fleet.licences =
        Some(Licences { pool: 60, holders: (0..48).collect(), plugin: (0..100).collect(), ..Licences::default() });
    lab
}

#[test]
fn lic_5_lic_2_an_enrolment_of_340_with_12_licences_left() {
    let mut lab = licence_lab();
    lab.live(plugin(&["Some"], true));
    lab.wants(plugin(&["More"], true));
    let plan = lab.plan();
    let told = only(&plan, "LIC-5", "licences_taken");
    assert_eq!((told.magnitude.value, told.magnitude.of), (Some(340), Some(12)));
    assert_eq!((told.parts["free_before"], told.parts["free_after"], told.parts["pool"]), (12, 0, 60));
    assert!(told.mechanism.contains("328 are to be bought"), "{}", told.mechanism);
    let line = crate::plan::Endpoints { licences: Some(340), headroom: Some(12), ..plan.endpoints.clone() };
    assert_eq!(plan.endpoints, line);
    lic_2_tells(&plan);
}

fn lic_2_tells(plan: &Plan) {
    number(plan, "LIC-2", "without_a_licence", 328);
}

#[test]
fn lic_1_without_the_plug_in_no_licence_is_taken() {
    let mut lab = licence_lab();
    lab.live(plugin(&["Some"], false));
    lab.wants(plugin(&["More"], false));
    let plan = lab.plan();
    number(&plan, "LIC-1", "takes_a_licence", 52); // 48 … 99 have the plug-in.
    number(&plan, "LIC-1", "lacks_the_plugin", 288);
}

#[test]
fn lic_3_an_expired_licence_patches_nobody() {
    let mut lab = licence_lab();
    lab.wants(plugin(&["Some"], true));
    none(&lab.plan(), "LIC-3");
    let licences = lab.fleet.licences.as_mut().unwrap();
    licences.maintenance_expires = Some("2026-11-01T00:00:00Z".parse().unwrap());
    number(&lab.plan(), "LIC-3", "maintenance_expired", 48);
    lab.fleet.licences.as_mut().unwrap().expires = Some("2026-11-30T00:00:00Z".parse().unwrap());
    number(&lab.plan(), "LIC-3", "licence_expired", 48);
}

#[test]
fn lic_4_who_leaves_keeps_its_licence() {
    let mut lab = licence_lab();
    lab.live(plugin(&["More"], true));
    lab.wants(plugin(&["Some"], true));
    let holders = (0..60).collect();
    lab.fleet.licences.as_mut().unwrap().holders = holders;
    number(&lab.plan(), "LIC-4", "licence_not_returned", 12);
    none(&lab.plan(), "LIC-5");
}

#[test]
fn lic_5_unknown_licences_are_not_none() {
    let mut lab = licence_lab();
    lab.fleet.licences = None;
    lab.wants(plugin(&["More"], true));
    let plan = lab.plan();
    assert_eq!(only(&plan, "LIC-5", "licences_taken").magnitude.value, None);
    assert_eq!((plan.endpoints.licences, plan.endpoints.headroom), (None, None));
}

/// Thirty computers with a nightly window of 2 hours, ten of them with one of 4 hours on Saturdays too.
fn window_lab(length: &str) -> Lab {
    let mut lab = Lab::new(40);
    lab.collection("All", 0..30);
    lab.collection("Some", 0..10);
    lab.both(window("nightly", &["All"], length));
    let saturday =
        json!({"collections": ["Some"], "schedule": {"weekly": {"days": ["sat"], "time": "08:00"}}, "duration": "4h"});
    lab.both(item(Kind::MaintenanceWindow, "saturday", saturday));
    lab.collection("Everyone", 0..40);
    lab
}

#[test]
fn mw_4_what_fits_no_window_never_runs_and_the_safer_edits_have_numbers() {
    let mut lab = window_lab("2h");
    lab.both(task("t", &["Everyone"], json!({})));
    lab.wants(program("p", "Install", json!({"maxRunTime": "150m"})));
    let plan = lab.plan();
    let told = only(&plan, "MW-4", "never_fit");
    // The ten with a Saturday window wait for it, and ten computers have no window at all.
    assert_eq!((told.magnitude.value, told.magnitude.of, plan.endpoints.never_fit), (Some(20), Some(40), Some(20)));
    assert!(told.mechanism.contains("needs 150 min, and their longest window is 120 min"), "{}", told.mechanism);
    let [shorter, longer] = &told.fixes[..] else { panic!("{:#?}", told.fixes) };
    number(&plan, "MW-3", "waits_for_a_longer_window", 10);
    for fix in [shorter, longer] {
        assert_eq!(fix.forecast["never_fit"], Some(0));
        let with = lab.case.with(fix);
        let site = std::mem::replace(&mut lab.case.site, with);
        none(&lab.plan(), "MW-4");
        lab.case.site = site;
    }
}

#[test]
fn mw_3_a_job_that_fits_only_some_windows_waits_for_a_longer_one() {
    let mut lab = window_lab("2h");
    lab.both(program("p", "Long", json!({"maxRunTime": "3h"})));
    lab.wants(task("t", &["Some"], json!({"program": "Long"})));
    let plan = lab.plan();
    number(&plan, "MW-3", "waits_for_a_longer_window", 10);
    none(&plan, "MW-4");
}

#[test]
fn mw_1_the_countdown_of_a_warned_job_counts_against_the_window() {
    let mut lab = window_lab("30m");
    let settings = json!({"collections": ["All"], "notifyInAdvance": "10m"});
    lab.both(item(Kind::AgentSettings, "a", settings));
    lab.live(task("t", &["All"], json!({})));
    lab.wants(task("t", &["All"], json!({"warnUser": {"deferUpTo": "4h"}})));
    // 30 minutes in a window of 30 fit without a warning, and with 10 minutes of countdown no more.
    let plan = lab.plan();
    number(&plan, "MW-4", "never_fit", 20);
    let told = only(&plan, "MW-1", "less_room");
    assert_eq!(told.magnitude.value, Some(10)); // Their Saturday window has less room, and still enough.
    // Where the whole window is what counts there is no countdown.
    lab.case.rules.fit = FitRule::Whole;
    none(&lab.plan(), "MW-4");
    none(&lab.plan(), "MW-1");
}

#[test]
fn mw_2_an_unknown_run_time_may_overrun_any_window() {
    let mut lab = window_lab("2h");
    lab.both(task("t", &["Everyone"], json!({})));
    lab.wants(program("p", "Install", json!({"maxRunTime": "unknown"})));
    let plan = lab.plan();
    number(&plan, "MW-2", "may_overrun", 30);
    none(&plan, "MW-4");
    // Where the whole window counts it is 720 minutes, which fit nowhere.
    lab.case.rules.fit = FitRule::Whole;
    let plan = lab.plan();
    number(&plan, "MW-4", "never_fit", 30);
    none(&plan, "MW-2");
}

#[test]
fn mw_7_a_server_that_compares_whole_windows_says_so() {
    let mut lab = window_lab("2h");
    lab.case.rules.fit = FitRule::Whole;
    lab.both(task("t", &["All"], json!({})));
    lab.wants(program("p", "Install", json!({"maxRunTime": "100m"})));
    let plan = lab.plan();
    let told = only(&plan, "MW-7", "less_room");
    assert_eq!(told.magnitude.value, Some(30));
    assert!(told.mechanism.contains("whole window"), "{}", told.mechanism);
    none(&plan, "MW-1");
}

#[test]
fn mw_8_taking_the_last_window_away_lets_waiting_work_start() {
    let mut lab = window_lab("2h");
    let guid = lab.both(task("t", &["All"], json!({})));
    lab.ran(guid, 0..25, 0..0, 0..0);
    lab.case.site.items.remove(&ItemKey::new(Kind::MaintenanceWindow, "nightly"));
    let plan = lab.plan();
    let told = only(&plan, "MW-8", "held_back_no_more");
    assert_eq!((&*told.subject, told.magnitude.value), ("window/nightly", Some(20)));
    assert_eq!((told.parts["computers_with_waiting_work"], told.parts["waiting_runs"]), (5, 5));
    none(&plan, "MW-4");
}

#[test]
fn mw_8_leaving_the_collection_that_gives_the_window_is_the_same() {
    let mut lab = Lab::new(30);
    let guid = lab.live(listed("Windowed", 0..30));
    lab.holds(guid, 0..30);
    lab.wants(listed("Windowed", 0..25));
    lab.both(window("nightly", &["Windowed"], "2h"));
    let plan = lab.plan();
    let told = only(&plan, "MW-8", "held_back_no_more");
    assert_eq!((told.magnitude.value, &told.because), (Some(5), &vec!["collection/Windowed".to_owned()]));
}

#[test]
fn seq_7_what_another_sequence_shares_is_not_left_behind() {
    let mut lab = sequence_lab(&["First", "Second"]);
    lab.both(sequence("other", &["All"], &["Second", "Install"]));
    lab.case.site.items.remove(&ItemKey::new(Kind::SequentialTask, "s"));
    number(&lab.plan(), "SEQ-7", "hidden_entries_left", 1);
}

#[test]
fn col_2_of_the_newly_targeted_no_more_run_it_than_there_are() {
    let mut lab = Lab::new(100);
    lab.both(program("p", "First", json!({})));
    lab.collection("All", 0..100);
    lab.collection("Few", 0..20);
    lab.live(sequence("s", &["Few"], &["First", "Install"]));
    lab.wants(sequence("s", &["All"], &["Install", "First"]));
    let plan = lab.plan();
    let told = only(&plan, "COL-2", "newly_targeted");
    assert_eq!((told.magnitude.value, told.parts["run"]), (Some(80), 80));
}

#[test]
fn rst_4_what_users_may_put_off_is_what_the_lowest_says() {
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.collection("Some", 20..30);
    lab.both(policy("short", &["Some"], "30m", "1h"));
    lab.wants(policy("new", &["All"], "30m", "4h"));
    let plan = lab.plan();
    let told = only(&plan, "PRG-6", "restart");
    assert!(told.mechanism.contains("for up to 4h, on 10 for less, as another policy says"), "{}", told.mechanism);
    // Alone it is its own doing, and only what got shorter is named.
    let mut lab = Lab::new(30);
    lab.collection("All", 0..30);
    lab.live(policy("d", &["All"], "30m", "4h"));
    lab.wants(policy("d", &["All"], "30m", "1h"));
    let plan = lab.plan();
    let told = only(&plan, "RST-4", "shorter_prompt");
    assert_eq!(told.mechanism, "it says less than before: this one's deferral of up to 1h");
}

#[test]
fn ptl_3_what_a_folder_hands_down_moves_for_its_sequences() {
    let rights =
        |inherit: bool, right: &str| json!({"inherit": inherit, "grants": [{"principal": "LAB\\one", "right": right}]});
    let changed = |before: Value, after: Value| {
        let mut lab = Lab::new(1);
        lab.both(sequence("s", &[], &["Install"]));
        let mut own = sequence("own", &[], &["Install"]);
        let Spec::SequentialTask(spec) = &mut own.spec else { unreachable!() };
        spec.portal = Some(serde_json::from_value(rights(false, "install")).unwrap());
        lab.both(own);
        let folder = |portal: Value| {
            let spec = serde_json::from_value(json!({"portal": portal})).unwrap();
            Item::new(ItemKey::new(Kind::Folder, "Own"), Spec::Folder(spec))
        };
        let key = ItemKey::new(Kind::Folder, "Own");
        lab.case
            .live
            .iter_mut()
            .filter(|live| live.item.key == key)
            .for_each(|live| live.item = folder(before.clone()));
        lab.wants(folder(after));
        lab.plan()
    };
    let plan = changed(rights(true, "install"), rights(true, "installOnApproval"));
    let told = only(&plan, "PTL-3", "inherited_rights");
    assert_eq!((told.magnitude.value, &*told.magnitude.unit), (Some(1), "sequential tasks"));
    assert_eq!(told.sample, ["- LAB\\one: install", "+ LAB\\one: install on approval"]);
    // What the folder above hands down no manifest says.
    let plan = changed(rights(true, "install"), rights(false, "install"));
    let told = only(&plan, "PTL-3", "inherited_rights");
    assert_eq!((told.magnitude.value, told.magnitude.high), (None, Some(1)));
    none(&changed(rights(true, "install"), rights(true, "install")), "PTL-3");
}
