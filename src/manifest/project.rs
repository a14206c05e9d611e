//! Reading `consign.yaml`.

mod auth;

use super::document;
use super::document::Refused;
use super::load::ambiguous;
use super::load::type_finding;
use super::schema::Subject;
use super::syntax;
use super::translate;
use super::tree::Tree;
use super::tree::push_segment;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Part;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::did_you_mean;
use crate::diag::visible;
use crate::model::project::Project;
use crate::model::project::Severity;
use crate::rules;
use crate::rules::Act;
use crate::rules::manifest::MAN_3;
use crate::rules::manifest::MAN_10;
use crate::rules::manifest::MAN_13;
use crate::rules::manifest::MAN_14;
use crate::rules::plan::PLN_2;
use crate::rules::plan::PLN_3;

/// Reads a project file. `None` when it is not one; with findings beside `Some`, what the findings name must be mended
/// before anything is planned.
pub fn read_project(sources: &Sources, source: SourceId) -> (Option<Project>, Diagnostics) {
    let text = sources.text(source);
    let (documents, mut findings) = syntax::read(text, source);
    if !findings.is_empty() {
        return (None, findings);
    }
    let Some(document) = documents.first() else {
        let message = "the project file is empty";
        let help =
            "it begins with `apiVersion: consign/v1`, `kind: Project` and `manifests`; `consign init` writes one";
        findings.push(Diagnostic::error(&MAN_13, Location::File(source), message).help(help));
        return (None, findings);
    };
    if let Some(second) = documents.get(1) {
        let message = "a project file holds one document";
        let at = Location::value(source, second.number, "");
        findings.push(
            Diagnostic::error(&MAN_3, at, message).help("move manifests into the directories that `manifests` names"),
        );
    }
    let place = |pointer, part| Location::Pointer { source, document: document.number, pointer, part };
    findings.extend(ambiguous(source, text, &document.tree));
    match project(&document.tree, text, &place) {
        Ok(project) => {
            check_policy(&project, &place, &mut findings);
            check_limits(&project, &place, &mut findings);
            check_folders(&project, &place, &mut findings);
            auth::check(&project, &place, &mut findings);
            (Some(project), findings)
        }
        Err(found) => {
            findings.extend(found);
            (None, findings)
        }
    }
}

/// Where a project's manifests are, each with the place that says so; for `sys::files::read_sources`.
pub fn manifest_entries(project: &Project, source: SourceId) -> Vec<(String, Location)> {
    entries(&project.manifests, source, "/manifests")
}

/// Where the overlays of a server are, in the same form; none for a server that the project does not have.
pub fn overlay_entries(project: &Project, source: SourceId, server: &str) -> Vec<(String, Location)> {
    let mut above = "/servers".to_owned();
    push_segment(&mut above, server);
    let overlays = project.servers.get(server).map_or(&[][..], |config| &config.overlays);
    entries(overlays, source, &format!("{above}/overlays"))
}

fn entries(list: &[String], source: SourceId, above: &str) -> Vec<(String, Location)> {
    let place = |at| Location::value(source, 0, format!("{above}/{at}"));
    list.iter().enumerate().map(|(at, entry)| (entry.clone(), place(at))).collect()
}

fn project(tree: &Tree<'_>, text: &str, place: translate::Place<'_>) -> Result<Project, Diagnostics> {
    let mut lax = false;
    let read: Result<Project, Refused> = document::node(tree, 0, &mut lax);
    if let Ok(project) = &read
        && !lax
        && !project.manifests.is_empty()
    {
        return Ok(project.clone());
    }
    let found = translate::judge(Subject::Project, tree, Some(text), place);
    if !found.is_empty() {
        return Err(found);
    }
    read.map_err(|refused| Diagnostics::from_iter([type_finding(refused, tree, place)]))
}

/// A limit or a severity for a rule that does not exist would hold nothing.
fn check_policy(project: &Project, place: translate::Place<'_>, findings: &mut Diagnostics) {
    let keys = project.policy.limits.keys().map(|id| ("/policy/limits", id));
    for (above, id) in keys.chain(project.policy.severities.keys().map(|id| ("/policy/severities", id))) {
        if rules::find(id).is_none() {
            let mut pointer = above.to_owned();
            push_segment(&mut pointer, id);
            let message = format!("there is no rule `{}`", visible(id));
            let help = did_you_mean(id, rules::all().map(|rule| rule.id));
            findings.push(
                Diagnostic::error(&MAN_10, place(pointer, Part::Key), message)
                    .help(help.unwrap_or_else(|| "`consign explain` lists the rules".to_owned())),
            );
        }
    }
}

/// Limits that can hold nothing: no plan counts anything under their rule, or the rule is switched off.
fn check_limits(project: &Project, place: translate::Place<'_>, findings: &mut Diagnostics) {
    for id in project.policy.limits.keys() {
        let Some(rule) = rules::find(id) else { continue };
        let is_counted = rule.acts.contains(&Act::Consequence) || [&PLN_2, &PLN_3].contains(&rule);
        let is_off = project.policy.severities.get(id) == Some(&Severity::Off);
        let (message, help) = match (is_counted, is_off) {
            (false, _) => {
                let message = format!("no plan counts anything under `{id}`, so a limit holds nothing");
                (message, "limit a rule that acts as a consequence; `consign explain` tells where each one acts")
            }
            (true, true) => {
                let message = format!("`{id}` has a limit here and is switched off under `severities`");
                (message, "take one of the two out")
            }
            (true, false) => continue,
        };
        let mut pointer = "/policy/limits".to_owned();
        push_segment(&mut pointer, id);
        findings.push(Diagnostic::error(&MAN_10, place(pointer, Part::Key), message).help(help));
    }
}

fn check_folders(project: &Project, place: translate::Place<'_>, findings: &mut Diagnostics) {
    for (name, server) in &project.servers {
        for (at, folder) in server.folders.iter().enumerate() {
            if folder.split('/').any(str::is_empty) {
                let mut pointer = "/servers".to_owned();
                push_segment(&mut pointer, name);
                pointer.push_str(&format!("/folders/{at}"));
                let message = format!("the folder path `{}` has an empty part", visible(folder));
                let help = "write the parts with one `/` between them, and none at the ends";
                findings.push(Diagnostic::error(&MAN_14, place(pointer, Part::Value), message).help(help));
            }
        }
    }
}
