//! The view of findings in manifests.

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Sources;
use crate::model::project::Severity;
use crate::report::diagnostics;
use crate::report::view::About;
use crate::report::view::FindingView;
use crate::report::view::Level;
use crate::report::view::Origin;
use crate::report::view::Place;
use crate::report::view::View;

impl<'a> View<'a> {
    /// The view of findings whose places were looked up.
    pub fn of_findings(found: &'a Diagnostics, sources: &'a Sources, about: &About) -> Self {
        let mut view = View::new("validate", about, Origin::Findings(found, sources));
        view.findings = list(found, sources, about);
        view.summary = vec![diagnostics::summary(found, sources.len())];
        view.headline.clone_from(&view.summary[0]);
        let count = |severity| found.count(severity) as u64;
        view.counts = [
            ("errors", count(Severity::Error)),
            ("warnings", count(Severity::Warning)),
            ("files", sources.len() as u64),
        ]
        .into();
        view
    }
}

/// Findings as a view has them.
pub(super) fn list(found: &Diagnostics, sources: &Sources, about: &About) -> Vec<FindingView> {
    found.iter().map(|one| finding(one, sources, about)).collect()
}

/// A path of the project as its repository calls it.
pub fn in_repository(path: &str, directory: Option<&str>) -> String {
    match directory.filter(|directory| !directory.is_empty()) {
        Some(directory) => format!("{directory}/{path}"),
        None => path.to_owned(),
    }
}

/// Where something is in a file of the project, as its repository calls the file.
pub fn place(at: &Location, sources: &Sources, directory: Option<&str>) -> Option<Place> {
    let path = sources.path(at.source()?);
    let file = in_repository(path.as_str(), directory);
    let Location::Span { source, start, end } = at else {
        return Some(Place { file, line: None, column: None, end_line: None, end_column: None });
    };
    let (from, to) = (sources.position(*source, *start), sources.position(*source, *end));
    Some(Place {
        file,
        line: Some(from.line),
        column: Some(from.column),
        end_line: Some(to.line),
        end_column: Some(to.column),
    })
}

fn finding(one: &Diagnostic, sources: &Sources, about: &About) -> FindingView {
    let at = |location| place(location, sources, about.directory.as_deref());
    let mut related: Vec<(Option<Place>, String)> = Vec::new();
    if !one.label.is_empty() {
        related.push((None, one.label.clone()));
    }
    related.extend(one.labels.iter().map(|(location, text)| (at(location), text.clone())));
    if let Some(fix) = &one.fix {
        related.push((None, format!("fix: {}", fix.message)));
        related.extend(fix.edits.iter().map(|edit| (at(&edit.location), written(&edit.new_text))));
    }
    FindingView {
        rule: one.rule.id.to_owned(),
        level: match one.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Off => Level::Note,
        },
        subject: String::new(),
        message: one.message.clone(),
        help: one.help.clone(),
        place: at(&one.at),
        related,
    }
}

fn written(new_text: &str) -> String {
    if new_text.is_empty() { "remove it".to_owned() } else { format!("write `{new_text}`") }
}
