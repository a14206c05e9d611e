//! The view of what two revisions of the manifests differ in.

use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::plan::revisions::RevisionDiff;
use crate::report::diff;
use crate::report::plan::consequences::grouped;
use crate::report::plan::headline::removers;
use crate::report::view::About;
use crate::report::view::Origin;
use crate::report::view::Revision;
use crate::report::view::View;
use crate::report::view::findings;
use crate::report::view::plan;

impl<'a> View<'a> {
    /// The view of a comparison of revisions, with what was found in the manifests of each; places must have been
    /// looked up. No server was asked, so it is not said whether computers act.
    pub fn of_diff(diff: &'a RevisionDiff, found: &[(&Diagnostics, &Sources)], about: &About) -> Self {
        let mut view = View::new("diff", about, Origin::Diff(diff));
        view.server.clone_from(&diff.server);
        // What is on disk is no commit.
        view.revision = match (&diff.to.revision, &diff.to.commit) {
            (Some(_), Some(commit)) => Some(Revision { commit: commit.clone(), branch: None, dirty: false }),
            _ => None,
        };
        view.policy_changes.clone_from(&diff.policy_changes);
        let removers = removers(&diff.changes);
        view.changes = diff.changes.iter().map(|one| plan::change(one, false, &removers, about)).collect();
        view.changes.iter_mut().for_each(|change| change.reason = None);
        view.findings = found.iter().flat_map(|(found, sources)| findings::list(found, sources, about)).collect();
        let uncompared = diff.not_compared.iter();
        view.not_assessed = uncompared.map(|key| format!("{key} could not be read in both revisions")).collect();
        view.notes = vec![format!("From {} to {}.", diff::name(&diff.from), diff::name(&diff.to))];
        view.summary = vec![diff::summary(diff)];
        let of = |n: usize| n as u64;
        view.counts = [
            ("add", of(diff.summary.add)),
            ("change", of(diff.summary.change)),
            ("replace", of(diff.summary.replace)),
            ("delete", of(diff.summary.delete)),
        ]
        .into();
        view.headline = headline(diff);
        view.group();
        view
    }
}

fn headline(diff: &RevisionDiff) -> String {
    let items = match diff.changes.len() {
        0 if diff.complete => "both declare the same items".to_owned(),
        0 => "not all could be read, so there may be differences".to_owned(),
        1 => "1 item differs".to_owned(),
        n => format!("{} items differ", grouped(n as u64)),
    };
    let policy = match diff.policy_changes.iter().filter(|change| change.loosens).count() {
        0 if diff.policy_changes.is_empty() => "",
        0 => "; the policy changes",
        _ => "; the policy allows more",
    };
    format!("{items}{policy}")
}
