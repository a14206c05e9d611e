//! The view of a command that came to nothing: a report is written all the same.

use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::report::view::About;
use crate::report::view::FindingView;
use crate::report::view::Level;
use crate::report::view::Origin;
use crate::report::view::View;
use crate::report::view::findings;

impl<'a> View<'a> {
    /// The view of a failure of a command, with the findings that are why, where it was for their sake.
    pub fn of_failure(
        command: &str,
        message: &'a str,
        help: Option<&'a str>,
        found: Option<(&Diagnostics, &Sources)>,
        about: &About,
    ) -> Self {
        let mut view = View::new(command, about, Origin::Failed(message, help));
        view.findings.push(FindingView {
            rule: String::new(),
            level: Level::Error,
            subject: String::new(),
            message: message.to_owned(),
            help: help.map(str::to_owned),
            place: None,
            related: Vec::new(),
        });
        if let Some((found, sources)) = found {
            view.findings.extend(findings::list(found, sources, about));
        }
        view.headline = format!("failed ({})", view.exit.name);
        view.summary = vec![format!("consign {command} failed: exit code {} ({})", view.exit.code, view.exit.name)];
        view
    }

    /// Adds what a plan says that is why: what blocks it, what it would do, and how to accept that.
    pub fn because_of(&mut self, plan: View<'_>) {
        self.findings.extend(plan.findings);
        self.server = plan.server;
        self.url = plan.url;
        self.hash = plan.hash;
        self.made_at = plan.made_at;
        self.changes = plan.changes;
        self.groups = plan.groups;
        self.consequences = plan.consequences;
        self.to_accept = plan.to_accept;
        self.not_assessed = plan.not_assessed;
    }
}
