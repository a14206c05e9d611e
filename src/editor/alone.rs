//! A file that lies in no project.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::check;
use crate::diag::Diagnostics;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::manifest;
use crate::manifest::Named;
use crate::manifest::Overlays;
use crate::manifest::Role;
use crate::manifest::Sort;
use crate::model::kind::Kind;
use crate::model::project::Project;

/// What is wrong with one file by itself. What it refers to may lie anywhere, so nothing is said of that; and a file that
/// does not begin as ours do is none of our business.
pub fn alone(sources: &Sources, source: SourceId) -> Diagnostics {
    let text = sources.text(source);
    let is_ours = text.lines().any(|line| line.starts_with("apiVersion:") && line.contains("consign/"));
    if !is_ours {
        return Diagnostics::new();
    }
    if text.lines().any(|line| line.trim_end() == "kind: Project") {
        let mut findings = manifest::read_project(sources, source).1;
        manifest::locate(&mut findings, sources);
        return findings;
    }
    let mut project = Project {
        api_version: Default::default(),
        kind: Default::default(),
        manifests: vec![".".to_owned()],
        servers: BTreeMap::new(),
        externals: BTreeMap::new(),
        policy: Default::default(),
        drift: Default::default(),
        secrets: BTreeMap::new(),
    };
    let mut externals: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for spot in manifest::outline(text, source, Sort::Manifest) {
        match (spot.named, spot.role) {
            (Named::Item(key), Role::Used) => {
                let name = key.package.map_or_else(|| key.name.clone(), |package| format!("{package}/{}", key.name));
                externals.entry(key.kind).or_default().insert(name);
            }
            (Named::Secret(name), _) => {
                let nowhere = crate::model::project::SecretSource::Env(String::new());
                project.secrets.insert(name, nowhere);
            }
            _ => {}
        }
    }
    project.externals = externals.into_iter().map(|(kind, names)| (kind, names.into_iter().collect())).collect();
    let (manifests, mut findings) = manifest::parse(sources, &[source]);
    let (loaded, more) = manifests.into_site(&project, None, &Overlays::default());
    findings.extend(more.into_iter().filter(|finding| finding.rule != &crate::rules::manifest::MAN_11).collect());
    findings.extend(check::validate(&loaded, &project));
    manifest::locate(&mut findings, sources);
    findings
}
