//! JUnit XML, as Jenkins' schema has it: a test case a finding, a consequence, a change.

use crate::report::escape::LONG;
use crate::report::escape::capped;
use crate::report::escape::xml;
use crate::report::view::Entry;
use crate::report::view::Level;
use crate::report::view::Sort;
use crate::report::view::View;

/// The view as JUnit. What stops a plan is a failure, and so is each item that drifted; what was not begun, or not
/// assessed, is skipped; all else passes, with what there is to say of it as its output.
pub fn xml_text(view: &View<'_>) -> String {
    let entries = view.entries();
    let failures = entries.iter().filter(|entry| outcome(view, entry) == Outcome::Fails).count();
    let skipped = entries.iter().filter(|entry| outcome(view, entry) == Outcome::Skipped).count();
    let cases: String = match entries.len() {
        0 => format!("    <testcase name=\"{}\" classname=\"consign.{}\"/>\n", xml(&view.headline), xml(&view.command)),
        _ => entries.iter().map(|entry| case(view, entry)).collect(),
    };
    let tests = entries.len().max(1);
    let time =
        view.made_at.map(|at| format!(" timestamp=\"{}\"", at.strftime("%Y-%m-%dT%H:%M:%S"))).unwrap_or_default();
    let commit = view.revision.as_ref().map(|revision| &revision.commit);
    let properties: String =
        [("consign", Some(&view.consign_version)), ("plan", view.hash.as_ref()), ("commit", commit)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .chain([("exit", &view.exit.name.to_owned())])
            .map(|(name, value)| format!("      <property name=\"{name}\" value=\"{}\"/>\n", xml(value)))
            .collect();
    let (title, headline) = (xml(&view.title()), xml(&view.headline));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"{title}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n  \
         <testsuite name=\"{title}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"{time}>\n    \
         <properties>\n{properties}    </properties>\n{cases}    <system-out>{headline}\n{}</system-out>\n  \
         </testsuite>\n</testsuites>\n",
        view.summary.iter().map(|line| format!("{}\n", xml(line))).collect::<String>()
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passes,
    Fails,
    Skipped,
}

fn outcome(view: &View<'_>, entry: &Entry<'_>) -> Outcome {
    match (entry.sort, entry.level) {
        (Sort::NotAssessed, _) => Outcome::Skipped,
        (Sort::Change, _) if entry.rule == "change/not_attempted" => Outcome::Skipped,
        (Sort::Change, Level::Warning) if view.command == "drift" => Outcome::Fails,
        (_, Level::Error) => Outcome::Fails,
        _ => Outcome::Passes,
    }
}

fn case(view: &View<'_>, entry: &Entry<'_>) -> String {
    let place = entry.place.map(|place| match place.line {
        Some(line) => format!("{}:{line}", place.file),
        None => place.file.clone(),
    });
    let mut name = String::new();
    for part in [entry.rule.as_str(), entry.subject, if entry.subject.is_empty() { &entry.message } else { "" }] {
        if !part.is_empty() {
            name.push_str(if name.is_empty() { "" } else { " " });
            name.push_str(&capped(part, 500));
        }
    }
    let sort = match entry.sort {
        Sort::Policy => "policy",
        Sort::Finding => "finding",
        Sort::Consequence => "consequence",
        Sort::Change => "change",
        Sort::NotAssessed => "not-assessed",
        Sort::Note => "note",
    };
    let lines: String = place
        .iter()
        .chain([&entry.message])
        .chain(&entry.details)
        .map(|line| format!("{}\n", xml(&capped(line, LONG))))
        .collect();
    let kind = if entry.rule.is_empty() { "failure" } else { &entry.rule };
    let (kind, message) = (xml(kind), xml(&capped(&entry.message, LONG)));
    let inner = match outcome(view, entry) {
        Outcome::Fails => format!("<failure type=\"{kind}\" message=\"{message}\">{lines}</failure>"),
        Outcome::Skipped => format!("<skipped type=\"{kind}\" message=\"{message}\"/>"),
        Outcome::Passes => format!("<system-out>{lines}</system-out>"),
    };
    let class = xml(&format!("consign.{}.{sort}", view.command));
    format!("    <testcase name=\"{}\" classname=\"{class}\">{inner}</testcase>\n", xml(&name))
}
