//! How consequences are judged: limits, acknowledgements, protected computers, bounds.

use serde_json::json;

use super::computers::Lab;
use super::computers::item;
use super::computers::listed;
use super::computers::none;
use super::computers::only;
use super::computers::program;
use super::computers::sequence;
use super::computers::task;
use crate::model::guid::Guid;
use crate::model::item::Acknowledgement;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::project::Limit;
use crate::model::project::Severity;
use crate::model::project::ShareLimit;
use crate::model::units::Percent;
use crate::plan::Plan;
use crate::plan::again;
use crate::plan::bounds;
use crate::plan::consequences::Computers;
use crate::plan::estate::Done;
use crate::plan::estate::Laid;
use crate::plan::step::Step;
use crate::plan::step::StepAction;
use crate::report::paint::Paint;
use crate::report::plan::Options;
use crate::report::plan::text;

/// Ninety of a hundred computers ran a sequence whose steps change places.
fn lab(limit: Option<Limit>, acknowledged: Option<(Option<u64>, &str)>) -> Lab {
    let mut lab = Lab::new(100);
    lab.both(program("p", "First", json!({})));
    lab.collection("All", 0..100);
    let guid = lab.live(sequence("s", &["All"], &["First", "Install"]));
    lab.ran(guid, 0..90, 0..0, 0..0);
    let mut wanted = sequence("s", &["All"], &["Install", "First"]);
    acknowledge(&mut wanted, "SEQ-1", acknowledged);
    lab.wants(wanted);
    lab.case.policy.limits.extend(limit.map(|limit| ("SEQ-1".to_owned(), limit)));
    lab
}

fn acknowledge(item: &mut Item, rule: &str, given: Option<(Option<u64>, &str)>) {
    item.acknowledge.extend(given.map(|(up_to, expires)| Acknowledgement {
        rule: rule.to_owned(),
        up_to,
        expires: serde_json::from_value(json!(expires)).unwrap(),
        reason: "agreed".to_owned(),
    }));
}

fn show(plan: &Plan) -> String {
    let mut out = Vec::new();
    text(plan, Options { paint: Paint { color: false }, full: false, columns: 0 }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_limit_holds_for_the_number_and_says_by_how_much_it_is_passed() {
    let plan = lab(Some(Limit::Count(90)), None).plan();
    assert!(!plan.is_blocked());
    let plan = lab(Some(Limit::Count(89)), None).plan();
    assert!(plan.is_blocked());
    assert_eq!(only(&plan, "SEQ-1", "re_run").over.as_deref(), Some("90 is over 89"));
    let share = |share, floor| Some(Limit::Share(ShareLimit { share: Percent(share), floor }));
    assert!(!lab(share(90, 10), None).plan().is_blocked());
    let plan = lab(share(45, 10), None).plan();
    assert_eq!(only(&plan, "SEQ-1", "re_run").over.as_deref(), Some("90.0% is over 45.0% (90/100)"));
    assert!(!lab(share(45, 101), None).plan().is_blocked(), "the whole is below the floor");
}

#[test]
fn an_acknowledgement_covers_its_number_until_its_day() {
    let judged = |given| {
        let plan = lab(Some(Limit::Count(0)), Some(given)).plan();
        (plan.is_blocked(), only(&plan, "SEQ-1", "re_run").lapsed.clone())
    };
    assert_eq!(judged((Some(90), "2026-12-01")), (false, None));
    let (blocked, why) = judged((Some(80), "2026-12-31"));
    assert!(blocked && why.as_deref() == Some("up to 80 is acknowledged, and 90 is 10 more"), "{why:?}");
    let (blocked, why) = judged((Some(90), "2026-11-30"));
    assert!(blocked && why.as_deref() == Some("the acknowledgement expired on 2026-11-30"), "{why:?}");
    let (blocked, why) = judged((None, "2026-12-31"));
    assert!(blocked && why.is_some(), "what accepts an unknown number accepts no known one");
}

#[test]
fn an_unknown_number_is_within_no_limit() {
    for (given, blocked) in [(None, true), (Some((None, "2026-12-31")), false), (Some((Some(500), "2026-12-31")), true)]
    {
        let mut lab = lab(Some(Limit::Count(1000)), given);
        lab.case.fleet = None;
        assert_eq!(lab.case.plan().is_blocked(), blocked, "{given:?}");
    }
}

#[test]
fn severities_are_the_project_s() {
    let with = |severity| {
        let mut lab = lab(None, None);
        lab.case.policy.severities.insert("SEQ-1".to_owned(), severity);
        lab.plan()
    };
    assert!(with(Severity::Error).is_blocked());
    assert!(!with(Severity::Warning).is_blocked());
    none(&with(Severity::Off), "SEQ-1");
}

#[test]
fn a_blocked_plan_shows_what_to_paste_and_the_numbers_last() {
    let plan = lab(Some(Limit::Count(10)), None).plan();
    let text = show(&plan);
    let paste = "To accept:\n  in the manifest of sequence/s:\n    metadata:\n      acknowledge:\n        - {rule: SEQ-1, \
                 upTo: 90, expires: 2026-12-31, reason: say why}\n";
    assert!(text.contains(paste), "{text}");
    assert!(text.contains("! SEQ-1 sequence/s: 90 re-run (10 never ran, 90 succeeded)"), "{text}");
    assert!(text.contains("[confirmed, 5 min old]"), "{text}");
    assert!(
        text.contains("90 computers will re-run `s` ⬆; blocked\n\n1 item will be replaced: sequence/s\n"),
        "{text}"
    );
    assert!(text.contains("\nBlocked by SEQ-1: `consign apply` refuses this plan.\nPlan: "), "{text}");
    let last = text.lines().last().unwrap();
    assert_eq!(last, "Endpoints: 90 re-run, 0 newly targeted, 0 never fit, 0 licences (headroom unknown).");
    // What is pasted is accepted.
    assert!(!lab(Some(Limit::Count(10)), Some((Some(90), "2026-12-31"))).plan().is_blocked());
}

#[test]
fn what_nobody_knows_is_printed_as_unknown_and_a_week_is_said() {
    let mut week = lab(None, None);
    week.fleet.read_at = "2026-11-24T12:00:00Z".parse().unwrap();
    let text = show(&week.plan());
    assert!(text.contains("[confirmed, 7 days old]") && text.contains("what is known of them is 7 days old"), "{text}");
    let mut lab = lab(None, None);
    lab.case.fleet = None;
    let text = show(&lab.case.plan());
    let last =
        "Endpoints: unknown re-run, unknown newly targeted, unknown never fit, unknown licences (headroom unknown).";
    assert_eq!(text.lines().last(), Some(last), "{text}");
    assert!(text.contains("Not assessed: the computers: no fleet data was read"), "{text}");
}

#[test]
fn pln_10_emory_a_target_edit_from_fifty_to_all_with_the_server_among_them() {
    let emory = |roles: Option<&[&str]>| {
        let mut lab = Lab::new(4000);
        lab.fleet.computers[3999].name = "DELIVERY-01".to_owned();
        lab.fleet.computers[3999].roles = vec!["site server".to_owned()];
        lab.collection("Pilot", 0..50);
        lab.collection("All computers", 0..4000);
        lab.live(task("New image", &["Pilot"], json!({})));
        lab.wants(task("New image", &["All computers"], json!({})));
        lab.case.policy.protected_roles = roles.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect());
        lab.plan()
    };
    let plan = emory(Some(&["site server"]));
    assert!(plan.is_blocked());
    let finding = plan.findings.iter().find(|finding| finding.rule == "PLN-10").expect("it is blocked by PLN-10");
    assert_eq!(finding.subject, "task/New image");
    assert!(finding.message.contains("`DELIVERY-01` (site server)"), "{}", finding.message);
    assert_eq!(only(&plan, "COL-2", "newly_targeted").magnitude.value, Some(3950));
    // Without a list it is named all the same, and an empty list is silent.
    let plan = emory(None);
    assert!(!plan.is_blocked() && plan.findings[0].message.contains("DELIVERY-01"), "{:#?}", plan.findings);
    assert!(emory(Some(&[])).findings.is_empty());
}

#[test]
fn pln_10_protected_computers_are_found_by_whatever_path() {
    let mut lab = Lab::new(20);
    lab.collection("Protected", 15..20);
    let guid = lab.live(listed("Target", 0..10));
    lab.holds(guid, 0..10);
    lab.both(task("t", &["Target"], json!({})));
    lab.case.policy.protected.push("Protected".to_owned());
    lab.wants(listed("Target", 0..16)); // By name, and not by the collection.
    let plan = lab.plan();
    let finding = plan.findings.iter().find(|finding| finding.rule == "PLN-10").expect("it is blocked");
    assert!(finding.message.contains("`PC-15` of the protected collection"), "{}", finding.message);
    lab.wants(listed("Target", 0..15));
    assert!(!lab.plan().is_blocked());
}

/// A stored plan against what is there later.
fn later(lab: &Lab, plan: &Plan, at: &str) -> Vec<String> {
    left(lab, plan, &Done::new(), at)
}

/// What is left of a stored plan against what is there later.
fn left(lab: &Lab, plan: &Plan, done: &Done, at: &str) -> Vec<String> {
    let observed = Observed {
        server: plan.server.identity.clone(),
        state: None,
        time: at.parse().unwrap(),
        coverage: plan.coverage.kinds.clone(),
        items: lab.case.live.clone(),
    };
    let computers = Computers { fleet: Some(&lab.fleet), evaluated: &lab.case.evaluated, rules: lab.case.rules };
    let laid = Laid::new(plan, observed, done);
    let (now, protected) = again::judged(&laid, computers, at.parse().unwrap(), &lab.case.policy);
    let broken = bounds::broken(plan, &now, &[]).into_iter().map(|one| one.to_string());
    broken.chain(protected.into_iter().map(|one| format!("{} {}", one.rule, one.subject))).collect()
}

#[test]
fn what_is_left_of_a_plan_is_held_to_what_was_approved() {
    const LATER: &str = "2026-12-01T12:30:00Z";
    // A sequence is replaced, a task is made, and neither is meant for the last ten.
    let mut lab = lab(None, None);
    lab.collection("Protected", 90..100);
    lab.collection("Some", 0..50);
    lab.case.policy.protected.push("Protected".to_owned());
    lab.case.site.items.values_mut().for_each(|item| {
        if let Spec::SequentialTask(spec) = &mut item.spec {
            spec.collections = vec!["Some".to_owned()];
        }
    });
    lab.wants(task("t", &["Some"], json!({})));
    let plan = lab.plan();
    let step = |address: &str, action| {
        let of = |step: &&Step| plan.resource_changes[step.change].address == address && step.action == action;
        plan.steps.iter().find(of).expect("there is such a step").id
    };
    let live = |lab: &mut Lab, item: Item, guid: u128| {
        let revision = "later".to_owned();
        lab.case.live.push(ObservedItem {
            guid: Guid::of(guid),
            revision,
            password_set: None,
            password_mark: None,
            item,
        });
    };
    assert_eq!(left(&lab, &plan, &Done::new(), LATER), [""; 0]);
    // The task is there, switched off and for nobody; the rest of it is still to come.
    let mut staged = task("t", &[], json!({}));
    staged.spec.set_enabled(false);
    live(&mut lab, staged, 501);
    assert_eq!(left(&lab, &plan, &Done::new(), LATER), [""; 0], "the answer that says so may have been lost");
    let mut done: Done = [step("task/t", StepAction::Create)].into();
    assert_eq!(left(&lab, &plan, &done, LATER), [""; 0]);
    let some = lab.case.live.iter().find(|one| one.item.key.name == "Some").unwrap().guid;
    lab.holds(some, 0..60);
    let broken = left(&lab, &plan, &done, LATER);
    assert!(
        broken.contains(&"COL-2 task/t newly_targeted: 60 computers, 10 more than the 50 approved".to_owned()),
        "{broken:?}"
    );
    lab.holds(some, 40..91);
    assert!(left(&lab, &plan, &done, LATER).contains(&"PLN-10 task/t".to_owned()), "PC-90 is protected");
    // The sequence was replaced, and those whom it reaches ran it under its new GUID since: that is no new run.
    lab.holds(some, 0..50);
    lab.case.live.retain(|one| one.item.key.kind != Kind::SequentialTask);
    let replaced = lab.case.site.items[&ItemKey::new(Kind::SequentialTask, "s")].clone();
    live(&mut lab, replaced, 502);
    done.insert(step("sequence/s", StepAction::Replace));
    lab.ran(Guid::of(502), 0..100, 0..0, 0..0);
    assert_eq!(left(&lab, &plan, &done, LATER), [""; 0]);
    // With every step made nothing is left, whoever is there now.
    lab.case.live.retain(|one| one.guid != Guid::of(501));
    live(&mut lab, task("t", &["Some"], json!({})), 501);
    done.insert(step("task/t", StepAction::Enable));
    lab.holds(some, 0..100);
    assert_eq!(left(&lab, &plan, &done, LATER), [""; 0]);
}

#[test]
fn a_bound_is_broken_by_more_computers_than_were_approved() {
    let mut lab = lab(None, None);
    let plan = lab.plan();
    assert_eq!(later(&lab, &plan, "2026-12-01T12:30:00Z"), [""; 0]);
    let s = lab.case.live.last().unwrap().guid;
    lab.ran(s, 0..95, 0..0, 0..0);
    let broken = later(&lab, &plan, "2026-12-01T12:30:00Z");
    assert_eq!(broken, ["SEQ-1 sequence/s re_run: 95 computers, 5 more than the 90 approved"]);
    lab.ran(s, 0..80, 0..0, 0..0);
    assert_eq!(later(&lab, &plan, "2026-12-01T12:30:00Z"), [""; 0]);
    lab.fleet.gaps.insert(crate::model::fleet::Part::History, "gone".to_owned());
    let broken = later(&lab, &plan, "2026-12-01T12:30:00Z");
    assert_eq!(broken, ["SEQ-1 sequence/s re_run: 90 computers were approved, and now the number is not known"]);
}

#[test]
fn a_bound_is_as_wide_as_what_was_acknowledged() {
    let mut lab = lab(Some(Limit::Count(10)), Some((Some(97), "2026-12-31")));
    let plan = lab.plan();
    let s = lab.case.live.last().unwrap().guid;
    lab.ran(s, 0..97, 0..0, 0..0);
    assert_eq!(later(&lab, &plan, "2026-12-01T12:30:00Z"), [""; 0]);
    lab.ran(s, 0..98, 0..0, 0..0);
    assert_eq!(later(&lab, &plan, "2026-12-01T12:30:00Z").len(), 1);
}

#[test]
fn pln_12_a_start_that_passed_since_the_plan_was_made_is_new() {
    let mut lab = Lab::new(10);
    lab.collection("All", 0..10);
    lab.wants(task("t", &["All"], json!({"run": {"schedule": {"at": "2026-12-01T14:00"}}})));
    let plan = lab.plan();
    assert_eq!(later(&lab, &plan, "2026-12-01T12:59:00Z"), [""; 0]);
    let broken = later(&lab, &plan, "2026-12-01T13:00:00Z");
    assert_eq!(broken, ["PLN-12 task/t start_passed: 10 computers, and the plan says nothing of it"]);
    // A plan that said so already is not broken by it.
    lab.case.server_now = Some("2026-12-01T13:00:00Z".parse().unwrap());
    let plan = lab.plan();
    assert_eq!(later(&lab, &plan, "2026-12-01T13:30:00Z"), [""; 0]);
}

#[test]
fn a_collection_that_fills_up_after_the_plan_breaks_it() {
    let mut lab = Lab::new(10);
    let guid = lab.both(item(Kind::Collection, "Empty", json!({"query": {"sql": "select"}})));
    lab.holds(guid, 0..0);
    lab.wants(task("t", &["Empty"], json!({})));
    let plan = lab.plan();
    assert!(plan.bounds.is_empty(), "{:#?}", plan.bounds);
    lab.holds(guid, 0..7);
    let broken = later(&lab, &plan, "2026-12-01T12:30:00Z");
    assert!(broken.iter().any(|one| one.starts_with("COL-2 task/t newly_targeted: 7 computers")), "{broken:?}");
}

#[test]
fn col_1_a_listed_name_lists_every_computer_of_that_name() {
    let mut lab = Lab::new(20);
    lab.fleet.computers[7].name = "pc-3".to_owned();
    let guid = lab.live(listed("Target", 0..1));
    lab.holds(guid, 0..1);
    lab.both(task("t", &["Target"], json!({})));
    lab.wants(listed("Target", 0..4));
    assert_eq!(lab.plan().endpoints.newly_targeted, Some(4), "PC-1, PC-2 and two that are called PC-3");
}

#[test]
fn pln_10_a_lost_limit_lets_in_the_protected_where_a_query_is_not_known() {
    let mut lab = Lab::new(20);
    lab.collection("Protected", 15..20);
    let spec = |more: serde_json::Value| {
        let mut spec = json!({"query": {"sql": "select Guid from vComputer"}});
        for (key, value) in more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        item(Kind::Collection, "Target", spec)
    };
    for before in [json!({"exclude": ["Protected"]}), json!({"limitedTo": "Protected"})] {
        let guid = lab.live(spec(before));
        lab.fleet.unknown_members.insert(guid, "it took too long".to_owned());
        lab.both(task("t", &["Target"], json!({})));
        lab.wants(spec(json!({})));
        lab.case.policy.protected = vec!["Protected".to_owned()];
        let plan = lab.plan();
        let found = plan.findings.iter().find(|finding| finding.rule == "PLN-10").expect("it is blocked");
        assert!(plan.is_blocked() && found.subject == "task/t", "{found:?}");
        lab.case.live.truncate(lab.case.live.len() - 2);
    }
}

#[test]
fn col_1_a_newly_listed_member_that_no_computer_is_called_is_said() {
    let mut lab = Lab::new(20);
    let member = |names: &[&str]| item(Kind::Collection, "Target", json!({ "members": names }));
    lab.live(member(&["GONE"]));
    lab.wants(member(&["GONE", "PX-7", "pc-3"]));
    let plan = lab.plan();
    let found: Vec<_> = plan.findings.iter().filter(|finding| finding.rule == "COL-1").collect();
    assert_eq!(found.len(), 1, "what was listed before and what is there is not spoken of: {found:?}");
    assert_eq!(found[0].message, "no computer is called `PX-7`");
    assert!(found[0].help.contains("PC-7") && !plan.is_blocked(), "{}", found[0].help);
    lab.case.fleet = None;
    assert!(lab.case.plan().findings.is_empty(), "nobody knows");
}

#[test]
fn tsk_11_one_computer_has_what_several_have() {
    let until = |to: &str| json!({"run": {"schedule": {"daily": "12:00"}}, "availability": {"to": to}});
    let mut lab = Lab::new(1);
    lab.collection("All", 0..1);
    lab.live(task("t", &["All"], until("2026-12-20T00:00")));
    lab.wants(task("t", &["All"], until("2026-12-21T00:00")));
    let plan = lab.plan();
    assert!(show(&plan).contains("1 has it available otherwise"), "{}", show(&plan));
    assert_eq!(crate::report::plan::headline::headline(&plan), "1 computer will have `t` available otherwise ⬆");
}
