//! Everything fits: large plans within what hosts take, with what matters first.

use serde_json::json;

use crate::model::item::Spec;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Plan;
use crate::report::budget::Host;
use crate::report::budget::Limit;
use crate::report::html;
use crate::report::markdown;
use crate::report::render::Form;
use crate::report::render::Options;
use crate::report::render::render;
use crate::report::tests::samples;
use crate::report::view::About;
use crate::report::view::View;

/// 5,000 changes, each another, with a delete as the last.
fn large() -> Plan {
    let changes = (0..5_000).map(|n| {
        let item = samples::task(&format!("Install product {n} for everybody in building {}", n % 7), "P");
        match n {
            4_999 => samples::change(samples::task("Remove Office", "P"), Action::Delete, Vec::new()),
            n if n % 5 == 0 => samples::change(item, Action::Create, Vec::new()),
            n => {
                let line =
                    |v: u32| json!(format!("msiexec.exe /i product-{n}-{v}.msi /qn /norestart REBOOT=ReallySuppress"));
                samples::change(item, Action::Update, vec![samples::field("spec.commandLine", line(1), line(2))])
            }
        }
    });
    let mut plan = samples::plan_of(changes.collect());
    for n in 0..3_000 {
        let subject = format!("task/Install product {n} for everybody in building {}", n % 7);
        let severity = if n < 40 { Severity::Error } else { Severity::Warning };
        plan.consequences
            .push(samples::consequence("TSK-4", severity, subject, &mut |what| format!("the {what} of {n}")));
    }
    plan
}

fn view(plan: &Plan) -> View<'_> {
    View::of_plan(plan, &About { exit: (3, "blocked"), ..About::default() })
}

/// Every fence and every fold that is opened is closed.
#[track_caller]
fn is_closed(text: &str) {
    let mut open: Option<String> = None;
    for line in text.lines().filter(|line| line.starts_with("```")) {
        let fence: String = line.chars().take_while(|c| *c == '`').collect();
        match &open {
            Some(one) if *one == line => open = None,
            Some(_) => {}
            None => open = Some(fence),
        }
    }
    assert_eq!(open, None);
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn the_one_delete_among_5_000_changes_stands_in_the_first_2_000_characters() {
    let plan = large();
    let text = render(&view(&plan), Form::Markdown, Options::default());
    let begin: String = text.chars().take(2_000).collect();
    assert!(begin.contains("**Deletes 1:** `task/Remove Office`"), "{begin}");
    assert!(text.encode_utf16().count() < 65_536 && text.encode_utf16().count() > 40_000, "{}", text.len());
    is_closed(&text);
}

#[test]
fn what_is_lost_and_has_no_room_is_counted_first_of_all() {
    let losses = |n: usize| {
        let one = |n| samples::task(&format!("Loss number {n}, whose name is as long as names are in practice"), "P");
        let changes = (0..n).map(|n| samples::change(one(n), Action::Delete, Vec::new()));
        let others = large().resource_changes.into_iter().take(4_000);
        samples::plan_of(others.chain(changes).collect())
    };
    // As many as there is room for push out all else, and are all named.
    let plan = losses(500);
    let text = markdown::text(&view(&plan), Host::GitHub);
    assert!((0..500).all(|n| text.contains(&format!("Loss number {n},"))), "{text:.3000}");
    assert_eq!(markdown::unnamed(&view(&plan), Host::GitHub.limit()), 0);
    assert!(!text.contains("have no room here"));
    // Of more, the comment says how many it does not name.
    let plan = losses(3_000);
    let text = markdown::text(&view(&plan), Host::GitHub);
    let named = (0..3_000).filter(|n| text.contains(&format!("Loss number {n},"))).count();
    let unnamed = markdown::unnamed(&view(&plan), Host::GitHub.limit());
    assert_eq!(named + unnamed, 3_000);
    assert!(named > 500, "{named}");
    let said = format!(
        "**❗ {} of what is lost have no room here",
        crate::report::plan::consequences::grouped(unnamed as u64)
    );
    assert!(text.lines().nth(3).unwrap().starts_with(&said), "{text:.900}");
    is_closed(&text);
    assert_eq!(markdown::unnamed(&view(&plan), Host::GitLab.limit()), 0, "another host has the room");
}

#[test]
fn a_program_that_uninstalls_stands_there_as_well() {
    let mut plan = large();
    plan.resource_changes[4_999] =
        samples::change(samples::program("Office", "Tidy up", "msiexec /x {AB} /qn"), Action::Update, Vec::new());
    let text = render(&view(&plan), Form::Markdown, Options::default());
    let begin: String = text.chars().take(2_000).collect();
    assert!(begin.contains("**Uninstalls 1:** `program/Office/Tidy up`"), "{begin}");
}

#[test]
fn a_new_program_uninstalls_only_where_something_that_is_switched_on_runs_it() {
    let told = |task: Option<bool>| {
        let program = samples::program("Office", "Tidy up", "msiexec /x {AB} /qn");
        let mut changes = vec![samples::change(program, Action::Create, Vec::new())];
        changes.extend(task.map(|is_on| {
            let mut item = samples::task("Clean", "Office");
            let Spec::Task(spec) = &mut item.spec else { unreachable!("a task has the spec of one") };
            (spec.program, spec.enabled) = ("Tidy up".into(), is_on);
            samples::change(item, Action::Create, Vec::new())
        }));
        let plan = samples::plan_of(changes);
        let lost = crate::report::plan::headline::lost(&plan);
        lost.into_values().flatten().map(str::to_owned).collect::<Vec<String>>()
    };
    assert!(told(None).is_empty(), "nothing runs it");
    assert!(told(Some(false)).is_empty(), "what would run it is switched off");
    assert_eq!(told(Some(true)), ["program/Office/Tidy up", "task/Clean"]);
}

#[test]
fn cutting_keeps_the_headline_the_losses_the_facts_and_every_fence_closed() {
    let mut plan = large();
    for n in 0..20 {
        let item = samples::task(&format!("Loss number {n}"), "P");
        plan.resource_changes.push(samples::change(item, Action::Delete, Vec::new()));
    }
    let view = view(&plan);
    for max in [6_000, 10_000, 32_768, 65_536, 200_000, 1_000_000] {
        for limit in [Limit::Characters(max), Limit::Bytes(max)] {
            let text = markdown::within(&view, limit);
            assert!(limit.of(&text) <= max, "{} of {max}", limit.of(&text));
            is_closed(&text);
            assert!(
                text.lines().nth(1).unwrap().starts_with("### consign plan: `prod` — 4,812 computers"),
                "{text:.300}"
            );
            assert!(text.contains("**Deletes 21:**") && text.contains(&plan.hash), "{text:.900}");
            for n in 0..20 {
                assert!(text.contains(&format!("Loss number {n}")), "{n} at {max}\n{text}");
            }
            assert!(text.contains("\n#### To accept\n"), "{max}");
        }
    }
    for host in Host::ALL {
        let text = markdown::text(&view, host);
        assert!(host.limit().of(&text) <= host.limit().max(), "{host:?}");
    }
}

#[test]
fn the_smallest_of_budgets_is_kept_whatever_the_texts_are() {
    for text in ["A".repeat(1_000_000), "`".repeat(3_000), "@x ".repeat(2_000), "👍".repeat(5_000)] {
        samples::each_view(&mut |_| text.clone(), &mut |view| {
            for host in Host::ALL {
                let text = markdown::text(view, host);
                assert!(host.limit().of(&text) <= host.limit().max(), "{host:?}: {}", host.limit().of(&text));
                is_closed(&text);
            }
        });
    }
}

#[test]
fn a_page_of_5_000_changes_is_below_5_mb() {
    let plan = large();
    let page = html::page(&view(&plan));
    assert!(page.len() < 5_000_000 && page.len() > 1_000_000, "{}", page.len());
    assert_eq!(page.matches("<details class=\"c\" data-i").count(), view(&plan).groups.len());
}

#[test]
fn a_thousand_equal_changes_are_one_line_with_a_count() {
    let changes = (0..1_000).map(|n| {
        let fields = vec![samples::field("spec.priority", json!("low"), json!("high"))];
        samples::change(samples::task(&format!("Task {n}"), "P"), Action::Update, fields)
    });
    let plan = samples::plan_of(changes.collect());
    let view = view(&plan);
    assert_eq!(view.groups.len(), 1);
    let short = render(&view, Form::Text, Options::default());
    assert!(short.contains("1,000 of kind task, all the same: task/Task 0, task/Task 1, task/Task 2"), "{short}");
    assert!(short.lines().count() < 20, "{short}");
    let full = render(&view, Form::Text, Options { full: true, ..Options::default() });
    assert!((0..1_000).all(|n| full.contains(&format!("task/Task {n}\n"))));
    let comment = render(&view, Form::Markdown, Options::default());
    assert_eq!(comment.matches("<details>").count(), 1);
    assert_eq!(comment.matches("spec.priority").count(), 1);
}

#[test]
fn lines_respect_the_width() {
    let mut t =
        |what: &str| format!("{what} and many more words that make this a line that is long enough to be wrapped");
    let plan = samples::full_plan(&mut t);
    for columns in [60, 80, 120] {
        let options = Options { columns, ..Options::default() };
        let text = render(&view(&plan), Form::Text, options);
        let long: Vec<&str> =
            text.lines().filter(|line| line.chars().count() > columns && line.starts_with("      ")).collect();
        // A name, a path or a value is never broken.
        let broken = long.iter().filter(|line| line.trim_start().split(' ').next() == Some("mechanism")).count();
        assert_eq!(broken, 0, "{columns}\n{}", long.join("\n"));
    }
}
