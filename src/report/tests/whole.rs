//! Nothing is dropped: what a view says reaches every format.

use crate::plan::Action;
use crate::report::render::Form;
use crate::report::tests::samples;
use crate::report::view::Sort;
use crate::report::view::View;

/// Texts that are found again wherever they stand: letters and digits only.
fn marks() -> impl FnMut(&str) -> String {
    let mut n = 0;
    move |what| {
        n += 1;
        format!("{}Mark{n}End", what.replace(' ', ""))
    }
}

/// The marks in a text.
fn found(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.contains("Mark") && word.ends_with("End")).map(str::to_owned).collect()
}

#[track_caller]
fn reaches(view: &View<'_>, form: Form) -> usize {
    let text = samples::whole(view, form);
    let mut n = 0;
    for entry in view.entries() {
        let mut wanted = found(entry.subject);
        // A change is its item; what else is said of it stands where there is room.
        if entry.sort != Sort::Change {
            wanted.extend(found(&entry.message));
        }
        for mark in wanted {
            assert!(text.contains(&mark), "{:?} {form:?} drops `{mark}` of {entry:#?}\n{text}", view.command);
            n += 1;
        }
    }
    n
}

#[test]
fn every_finding_and_every_change_reaches_every_format() {
    let mut t = marks();
    let mut n = 0;
    samples::each_view(&mut t, &mut |view| {
        for form in Form::ALL {
            n += reaches(view, form);
        }
    });
    assert!(n > 300, "{n} texts were looked for");
}

#[test]
fn a_plan_s_parts_are_all_entries() {
    let mut t = marks();
    let plan = samples::full_plan(&mut t);
    let about = samples::about(&mut t, &plan);
    let view = View::of_plan(&plan, &about);
    let count = |sort| view.entries().iter().filter(|entry| entry.sort == sort).count();
    assert_eq!(count(Sort::Change), plan.resource_changes.len());
    assert_eq!(count(Sort::Consequence), plan.consequences.len());
    assert_eq!(count(Sort::Finding), plan.findings.len() + plan.held.len());
    assert_eq!(count(Sort::NotAssessed), 4);
    assert_eq!(view.groups.iter().map(|group| group.members.len()).sum::<usize>(), plan.resource_changes.len());
    assert!(serde_json::to_value(&view).unwrap()["format_version"] == "1.0");
}

#[test]
fn what_changes_in_the_policy_reaches_every_format_and_stands_before_what_follows_from_it() {
    let mut t = marks();
    let plan = samples::full_plan(&mut t);
    let about = samples::about(&mut t, &plan);
    let view = View::of_plan(&plan, &about);
    let looser = plan.policy_changes.iter().find(|change| change.loosens).unwrap();
    for form in Form::ALL {
        let text = samples::whole(&view, form);
        for change in &plan.policy_changes {
            for mark in [&change.path, change.before.as_str().unwrap(), change.after.as_str().unwrap()] {
                assert!(text.contains(&found(mark)[0]), "{form:?} drops {mark}\n{text}");
            }
        }
        if matches!(form, Form::Text | Form::Markdown | Form::Html) {
            let at = |mark: &str| text.find(&found(mark)[0]).unwrap();
            let deleted = plan.resource_changes.iter().find(|change| change.action() == Action::Delete).unwrap();
            assert!(at(&looser.path) < at(&deleted.address), "{form:?}\n{text}");
        }
    }
}

#[test]
fn what_is_known_of_a_drift_and_who_did_it_reach_every_format() {
    let mut t = marks();
    let plan = samples::full_plan(&mut t);
    let about = samples::about(&mut t, &plan);
    let beside = samples::beside(&mut t, &plan);
    let one = View::of_drift(&plan, &beside, &about);
    let servers = [(plan.server.name.clone(), one.clone()), ("zoo".to_owned(), one.clone())];
    let several = View::of_servers(&servers, &about);
    for view in [&one, &several] {
        for form in Form::ALL {
            let text = samples::whole(view, form);
            for what in ["accepted", "by", "role", "expired"] {
                let is_there = |word: &String| word.starts_with(&format!("{what}Mark"));
                assert!(found(&text).iter().any(is_there), "{form:?} drops `{what}`\n{text}");
            }
            assert!(text.contains("2099-12-31") && text.contains("2026-11-21"), "{form:?}\n{text}");
        }
    }
    assert_eq!(several.counts["known"], 2);
    assert_eq!(several.changes.len(), 2 * one.changes.len());
}

#[test]
fn a_plan_says_which_commit_it_is_of_and_whose_policy_judged_it() {
    let mut t = marks();
    let plan = samples::full_plan(&mut t);
    let view = View::of_plan(&plan, &crate::report::view::About::default());
    let origin = plan.origin.as_ref().unwrap();
    let revision = view.revision.as_ref().unwrap();
    assert_eq!((&revision.commit, &revision.branch, revision.dirty), (&origin.commit, &origin.branch, true));
    let base = &origin.base.as_ref().unwrap().revision;
    for form in Form::ALL {
        assert!(samples::whole(&view, form).contains(base), "{form:?} does not name the base");
    }
}

#[test]
fn what_a_change_says_of_its_fields_reaches_the_formats_for_people() {
    let mut t = marks();
    let plan = samples::full_plan(&mut t);
    let about = samples::about(&mut t, &plan);
    let view = View::of_plan(&plan, &about);
    for form in [Form::Text, Form::Json, Form::Markdown, Form::Html, Form::Sarif, Form::Junit, Form::Gitlab] {
        let text = samples::whole(&view, form);
        for mark in view.entries().iter().flat_map(|entry| entry.details.iter()).flat_map(|line| found(line)) {
            // A comment has the table, not every sample and every way out of each row.
            let is_more = ["sample", "because", "fix", "file", "text", "lapsed", "acknowledged", "before", "after"];
            if form == Form::Markdown && is_more.iter().any(|what| mark.starts_with(what)) {
                continue;
            }
            // A held item's fields are in the drift.
            if form == Form::Text && (mark.starts_with("before") || mark.starts_with("after")) {
                continue;
            }
            assert!(text.contains(&mark), "{form:?} drops `{mark}`\n{text}");
        }
    }
}
