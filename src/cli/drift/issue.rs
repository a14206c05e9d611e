//! Keeps one issue a server as things stand, on the host of the repository.

use crate::cli::args::DriftArgs;
use crate::cli::args::HostName;
use crate::cli::context::Context;
use crate::cli::context::block_on;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::failure::chain;
use crate::cli::hosting;
use crate::host::issue::Kept;
use crate::host::issue::Text;
use crate::host::issue::Tracker;
use crate::host::issue::Wanted;
use crate::host::issue::azure::WorkItems;
use crate::host::issue::github::GitHubIssues;
use crate::host::issue::gitlab::GitLabIssues;
use crate::host::issue::keep;
use crate::plan::drift::is_drift;
use crate::plan::drift::memory::Remembered;
use crate::report::alert::Alert;
use crate::report::alert::Facts;
use crate::report::budget;
use crate::report::markdown;
use crate::report::render::page_of_lines;
use crate::report::view::View;
use crate::sys::environment;

/// The tracker of a project, and what it takes.
pub struct Issues {
    host: HostName,
    tracker: Box<dyn Tracker>,
}

impl Issues {
    /// Connects to the tracker that is meant.
    ///
    /// # Errors
    /// When it is not said which, or there is no token for it.
    pub fn of(context: &Context, args: &DriftArgs) -> Result<Self, Failure> {
        let variables: hosting::Variables<'_> = &|name| environment::variable(name).filter(|value| !value.is_empty());
        let host = hosting::host(&args.at, variables)?;
        let api = hosting::api(&args.at, host, variables)?;
        let (name, variable) = match host {
            HostName::Github => (variables("GITHUB_REPOSITORY"), "GITHUB_REPOSITORY"),
            HostName::Gitlab => (variables("CI_PROJECT_ID"), "CI_PROJECT_ID"),
            HostName::Azure => (variables("SYSTEM_TEAMPROJECT"), "SYSTEM_TEAMPROJECT"),
        };
        let name = args.at.repository.clone().or(name);
        let name = name.ok_or_else(|| hosting::missing("repository", "--repository", variable))?;
        let (api, client) = hosting::connect(context, &args.at, host, &api, token_help(host), variables)?;
        let tracker: Box<dyn Tracker> = match host {
            HostName::Github => {
                let usage = |message: String| Failure::new(exit::USAGE, message).help("say it with --repository");
                Box::new(GitHubIssues::new(client, &api, &name).map_err(usage)?)
            }
            HostName::Gitlab => Box::new(GitLabIssues::new(client, &api, &name)),
            // Work items belong to the project, whatever repository of it is meant.
            HostName::Azure => {
                let project = name.split_once('/').map_or(name.as_str(), |(project, _)| project);
                Box::new(WorkItems::new(client, &api, project, &args.work_item_type))
            }
        };
        Ok(Self { host, tracker })
    }

    /// Brings the issue of one server to how things stand, and gives what was done. Where not all could be read and
    /// nothing was seen, it stays as it is.
    ///
    /// # Errors
    /// Why it could not be done.
    pub fn keep(
        &self,
        facts: Facts<'_>,
        view: &View<'_>,
        remembered: &Remembered,
        alert_after: u32,
    ) -> Result<Option<String>, String> {
        let marker = markdown::marker(view);
        let alert = Alert::of_end(facts);
        let is_alerting = !remembered.alerting(alert_after).is_empty();
        let text;
        let word;
        let wanted = match (is_drift(facts.plan, &facts.beside.verdict), is_alerting, facts.plan.complete) {
            (true, _, _) => {
                text = Text { marker, title: title(&alert.server.name), body: self.body(view) };
                if is_alerting { Wanted::Open(&text) } else { Wanted::Kept(&text) }
            }
            (false, _, true) => {
                word = format!("At {} {}.", alert.timestamp, alert.summary);
                text = Text { marker, title: String::new(), body: String::new() };
                Wanted::Closed(&text.marker, &word)
            }
            (false, _, false) => return Ok(None),
        };
        let kept = block_on(async {
            let kept = keep(self.tracker.as_ref(), wanted).await;
            Ok(kept.map_err(|error| chain(&error)))
        });
        let kept = kept.map_err(|failure| failure.message)?;
        let kept = kept.map_err(|why| {
            format!(
                "the issue of `{}` is not up to date: {why}; it needs: {}",
                alert.server.name,
                token_help(self.host)
            )
        })?;
        Ok(match kept {
            Kept::Opened(url) => Some(format!("An issue was opened: {url}")),
            Kept::Updated(url) => Some(format!("The issue was updated: {url}")),
            Kept::Unchanged(url) => Some(format!("The issue says so already: {url}")),
            Kept::Closed(url) => Some(format!("The issue was closed: {url}")),
            Kept::Nothing => None,
        })
    }

    /// The text in what the host takes.
    fn body(&self, view: &View<'_>) -> String {
        match self.host {
            HostName::Github => markdown::text(view, budget::Host::GitHub),
            HostName::Gitlab => markdown::text(view, budget::Host::GitLab),
            HostName::Azure => page_of_lines(view, budget::Host::Azure.limit()),
        }
    }
}

/// The same for every state: the issue is one, and mail of it stays together.
fn title(server: &str) -> String {
    let name: String = crate::diag::visible(server).chars().take(80).collect();
    format!("consign: drift on {name}")
}

/// What a token must be able to do.
const fn token_help(host: HostName) -> &'static str {
    match host {
        HostName::Github => "`permissions: {issues: write}` for the job, and GITHUB_TOKEN for the step",
        HostName::Gitlab => "a project access token with scope `api` in GITLAB_TOKEN; CI_JOB_TOKEN writes no issues",
        HostName::Azure => "SYSTEM_ACCESSTOKEN for the step, and a build service that may edit work items",
    }
}
