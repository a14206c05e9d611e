//! `consign comment`: a plan's comment on its pull request.

use camino::Utf8Path;

use crate::cli::args::CommentArgs;
use crate::cli::args::HostName;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::failure::chain;
use crate::cli::hosting;
use crate::cli::hosting::Variables;
use crate::cli::plan::exit_of;
use crate::cli::plan::read_plan;
use crate::cli::report;
use crate::diag::visible;
use crate::host::Comment;
use crate::host::Deed;
use crate::host::Host;
use crate::host::HostError;
use crate::host::Mode;
use crate::host::Posted;
use crate::host::azure::Azure;
use crate::host::github::GitHub;
use crate::host::gitlab::GitLab;
use crate::host::post;
use crate::report::budget;
use crate::report::budget::Limit;
use crate::report::markdown;
use crate::report::view::About;
use crate::report::view::View;
use crate::sys::disk;
use crate::sys::environment;
use crate::sys::files;
use crate::sys::http::TransportError;

/// The largest description of an event that is read.
const EVENT_BYTES_MAX: u64 = 32 << 20;

/// Runs `consign comment`.
pub fn run(context: &Context, args: &CommentArgs) -> Outcome {
    let plan = read_plan(context, &args.plan)?;
    let variables: Variables<'_> = &|name| environment::variable(name).filter(|value| !value.is_empty());
    let place = Place::of(args, variables)?;
    let host = connect(context, args, &place, variables)?;
    let root = files::find_project(context.directory.as_std_path()).ok();
    let about = About {
        plan_file: Some(args.plan.to_string()),
        ..report::about(root.as_deref(), exit_of(&plan, false, false))
    };
    let view = View::of_plan(&plan, &about);
    let limit = place.host.limit();
    let comment = Comment {
        marker: &markdown::marker(&view),
        write: &|max| markdown::within(&view, limit.with_max(max)),
        max: limit.max(),
        is_pending: !plan.is_empty() || plan.is_blocked() || !plan.complete,
        only_over_old: args.skip_no_diff && plan.is_empty() && !plan.is_blocked() && plan.complete,
    };
    let mode = match (args.hide_old, args.replace) {
        (true, _) => Mode::HideOld,
        (_, true) => Mode::Replace,
        _ => Mode::Update,
    };
    let posted = block_on(async { Ok(post(host.as_ref(), &comment, mode).await) })?;
    match posted {
        Ok(posted) => {
            let exit = tell(context, mode, &posted)?;
            let limit = limit.with_max(posted.cut_to.unwrap_or(limit.max()));
            is_all_named(markdown::unnamed(&view, limit), posted.deed, exit)
        }
        Err(error) => Err(failure(&place, &error)),
    }
}

/// Says what was done. Where earlier comments were to go and could not, the command has failed, with all it could do done.
fn tell(context: &Context, mode: Mode, posted: &Posted) -> Outcome {
    let deed = match posted.deed {
        Deed::Created => "The comment was written",
        Deed::Updated => "The comment was updated",
        Deed::Unchanged => "The comment says so already",
        Deed::Skipped => "No comment was written: the plan has no changes, and no earlier comment says otherwise",
    };
    let mut text = visible(deed).into_owned();
    if !posted.url.is_empty() {
        text.push_str(&format!(": {}", visible(&posted.url)));
    }
    for (n, what) in [(posted.hidden, "hidden"), (posted.deleted, "deleted")] {
        if n > 0 {
            text.push_str(&format!("; {n} earlier {what}"));
        }
    }
    context.out(&format!("{text}\n"))?;
    if let Some(size) = posted.cut_to {
        context.talk(&format!("warning: the host took less than it should: the comment was cut to {size}\n"));
    }
    let Some(first) = posted.left.first() else { return Ok(exit::OK) };
    let list: Vec<&str> = posted.left.iter().map(|left| left.url.as_str()).collect();
    let done = if mode == Mode::Replace { "deleted" } else { "hidden" };
    let message = format!("earlier comments could not be {done} ({}): {}", list.join(", "), chain(&first.why));
    if mode == Mode::Update {
        // What matters is said in one place; the others are named for whoever may hide them.
        context.talk(&format!("warning: {}\n", visible(&message)));
        return Ok(exit::OK);
    }
    Err(Failure::new(exit::ERROR, message).help("the new comment stands; hide or delete these by hand"))
}

/// Fails where the comment could not name everything that is lost: nobody has read that, so nobody can approve it.
fn is_all_named(unnamed: usize, deed: Deed, exit: Exit) -> Outcome {
    if unnamed == 0 || deed == Deed::Skipped {
        return Ok(exit);
    }
    let message = format!("the comment has no room to name {unnamed} items that are deleted, uninstalled or replaced");
    Err(Failure::new(exit::BLOCKED, message).help("it stands, and says so; make the change in smaller parts"))
}

impl HostName {
    const fn limit(self) -> Limit {
        match self {
            Self::Github => budget::Host::GitHub.limit(),
            Self::Gitlab => budget::Host::GitLab.limit(),
            Self::Azure => budget::Host::Azure.limit(),
        }
    }
}

/// Which pull request, where.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: HostName,
    api: String,
    repository: String,
    number: u64,
}

impl Place {
    /// From the arguments, else from what the pipeline says.
    fn of(args: &CommentArgs, variables: Variables<'_>) -> Result<Self, Failure> {
        let host = hosting::host(&args.at, variables)?;
        let api = hosting::api(&args.at, host, variables)?;
        let missing = hosting::missing;
        let (repository, variable) = match host {
            HostName::Github => (variables("GITHUB_REPOSITORY"), "GITHUB_REPOSITORY"),
            // For a merge request from a fork, this is the project that it goes to.
            HostName::Gitlab => {
                (variables("CI_MERGE_REQUEST_PROJECT_ID").or_else(|| variables("CI_PROJECT_ID")), "CI_PROJECT_ID")
            }
            HostName::Azure => {
                let (project, repository) = (variables("SYSTEM_TEAMPROJECT"), variables("BUILD_REPOSITORY_ID"));
                let both = project.zip(repository).map(|(project, repository)| format!("{project}/{repository}"));
                (both, "SYSTEM_TEAMPROJECT with BUILD_REPOSITORY_ID")
            }
        };
        let repository =
            args.at.repository.clone().or(repository).ok_or_else(|| missing("repository", "--repository", variable))?;
        let (number, variable) = match host {
            HostName::Github => (github_number(variables), "GITHUB_REF"),
            HostName::Gitlab => (parsed(variables("CI_MERGE_REQUEST_IID")), "CI_MERGE_REQUEST_IID"),
            HostName::Azure => {
                (parsed(variables("SYSTEM_PULLREQUEST_PULLREQUESTID")), "SYSTEM_PULLREQUEST_PULLREQUESTID")
            }
        };
        let number = args.pull_request.or(number).ok_or_else(|| missing("pull request", "--pull-request", variable))?;
        Ok(Self { host, api, repository, number })
    }
}

fn parsed(text: Option<String>) -> Option<u64> {
    text?.trim().parse().ok()
}

/// The number in `refs/pull/7/merge`, else that of the event: a pipeline on the base has no such reference.
fn github_number(variables: Variables<'_>) -> Option<u64> {
    let reference = variables("GITHUB_REF").unwrap_or_default();
    let number = reference.strip_prefix("refs/pull/").and_then(|rest| rest.split('/').next()?.parse().ok());
    number.or_else(|| {
        let bytes = disk::read_bounded(Utf8Path::new(&variables("GITHUB_EVENT_PATH")?), EVENT_BYTES_MAX).ok()?;
        let event: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        // An issue is a pull request only where it says so.
        let issue = event["issue"].get("pull_request").and(event["issue"]["number"].as_u64());
        event["pull_request"]["number"].as_u64().or(issue)
    })
}

/// What a token must be able to do.
const fn token_help(host: HostName) -> &'static str {
    match host {
        HostName::Github => {
            "give the job `permissions: {pull-requests: write}` and the step `env: {GITHUB_TOKEN: …}`; a pull request from \
             a fork has a token that only reads"
        }
        HostName::Gitlab => {
            "set GITLAB_TOKEN to a project access token with scope `api`; CI_JOB_TOKEN may not write comments"
        }
        HostName::Azure => {
            "give the step `env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}` and the build service `Contribute to pull \
             requests` on the repository"
        }
    }
}

fn connect(
    context: &Context,
    args: &CommentArgs,
    place: &Place,
    variables: Variables<'_>,
) -> Result<Box<dyn Host>, Failure> {
    let (api, client) = hosting::connect(context, &args.at, place.host, &place.api, token_help(place.host), variables)?;
    let usage = |message: String| Failure::new(exit::USAGE, message).help("say it with --repository");
    Ok(match place.host {
        HostName::Github => Box::new(GitHub::new(client, &api, &place.repository, place.number).map_err(usage)?),
        HostName::Gitlab => Box::new(GitLab::new(client, &api, &place.repository, place.number)),
        HostName::Azure => Box::new(Azure::new(client, &api, &place.repository, place.number).map_err(usage)?),
    })
}

fn failure(place: &Place, error: &HostError) -> Failure {
    let exit = match error {
        HostError::Denied { .. } => exit::CONFIG,
        HostError::NoAnswer { source: TransportError::Unsendable(_), .. } => exit::CONFIG,
        _ => exit::ERROR,
    };
    let help = match error {
        HostError::Denied { .. } | HostError::Forbidden { .. } => token_help(place.host),
        HostError::NotFound { .. } => "look at --repository and --pull-request, and at what the token may see",
        HostError::Malformed { .. } => "is the API's address right, and is nothing between here and the host?",
        HostError::TooLong { .. } => {
            "the host takes less than a comment needs; link an artifact with the report instead"
        }
        HostError::NoAnswer { .. } => "is the API's address right? else try again",
        HostError::Busy { .. } | HostError::Short { .. } => "nothing was lost; run it again later",
        HostError::Refused { .. } => "is the conversation open for comments?",
    };
    Failure::new(exit, format!("the comment was not posted: {}", chain(error))).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::HostArgs;

    fn args() -> CommentArgs {
        CommentArgs {
            plan: "change.plan".into(),
            at: HostArgs::default(),
            pull_request: None,
            update: false,
            hide_old: false,
            replace: false,
            skip_no_diff: false,
        }
    }

    fn place(args: &CommentArgs, environment: &[(&str, &str)]) -> Result<(HostName, String), String> {
        let variables =
            |name: &str| environment.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        Place::of(args, &variables)
            .map(|place| (place.host, format!("{} {} {}", place.api, place.repository, place.number)))
            .map_err(|failure| failure.message)
    }

    const GITHUB: &[(&str, &str)] =
        &[("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "a/b"), ("GITHUB_REF", "refs/pull/7/merge")];
    const GITLAB: &[(&str, &str)] = &[
        ("GITLAB_CI", "true"),
        ("CI_API_V4_URL", "https://git.test/api/v4"),
        ("CI_PROJECT_ID", "12"),
        ("CI_MERGE_REQUEST_IID", "8"),
    ];
    const AZURE: &[(&str, &str)] = &[
        ("TF_BUILD", "True"),
        ("SYSTEM_COLLECTIONURI", "https://dev.test/org/"),
        ("SYSTEM_TEAMPROJECT", "Client Estate"),
        ("BUILD_REPOSITORY_ID", "guid"),
        ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
        ("SYSTEM_PULLREQUEST_PULLREQUESTID", "9"),
    ];

    #[test]
    fn pipelines_say_where_the_comment_goes() {
        let told = |text: &str| text.to_owned();
        assert_eq!(place(&args(), GITHUB), Ok((HostName::Github, told("https://api.github.com a/b 7"))));
        assert_eq!(place(&args(), GITLAB), Ok((HostName::Gitlab, told("https://git.test/api/v4 12 8"))));
        let fork = [GITLAB, &[("CI_MERGE_REQUEST_PROJECT_ID", "11")]].concat();
        assert_eq!(place(&args(), &fork), Ok((HostName::Gitlab, told("https://git.test/api/v4 11 8"))));
        let azure = told("https://dev.test/org/ Client Estate/guid 9");
        assert_eq!(place(&args(), AZURE), Ok((HostName::Azure, azure)));
    }

    #[test]
    fn flags_are_stronger_than_variables() {
        let args = CommentArgs {
            at: HostArgs {
                host: Some(HostName::Gitlab),
                repository: Some("x/y/z".to_owned()),
                api: Some("https://other.test/api/v4".to_owned()),
                token_file: None,
            },
            pull_request: Some(1),
            ..args()
        };
        for environment in [GITHUB, GITLAB, AZURE, &[]] {
            let expected = "https://other.test/api/v4 x/y/z 1".to_owned();
            assert_eq!(place(&args, environment), Ok((HostName::Gitlab, expected)));
        }
    }

    #[test]
    fn what_no_variable_says_is_asked_for() {
        for (environment, expected) in [
            (&[][..], "which host? no pipeline"),
            (&[GITHUB, GITLAB].concat(), "which host? the variables of several"),
            (&GITHUB[..2], "which pull request? GITHUB_REF"),
            (&[GITHUB[0], GITHUB[1], ("GITHUB_REF", "refs/heads/main")], "which pull request?"),
            (&GITLAB[..2], "which repository? CI_PROJECT_ID"),
            (&AZURE[..1], "which collection?"),
            (&[AZURE[0], ("BUILD_REPOSITORY_PROVIDER", "GitHub")], "which host? the pipeline runs on Azure"),
        ] {
            let message = place(&args(), environment).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn a_pipeline_on_the_base_takes_the_number_from_its_event() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("event.json");
        let path = path.to_str().unwrap();
        for (event, number) in [
            (r#"{"pull_request":{"number":41}}"#, Some(41)),
            (r#"{"issue":{"number":42,"pull_request":{}}}"#, Some(42)),
            (r#"{"issue":{"number":42}}"#, None),
            ("{", None),
        ] {
            std::fs::write(path, event).unwrap();
            let variables = |name: &str| match name {
                "GITHUB_REF" => Some("refs/heads/main".to_owned()),
                "GITHUB_EVENT_PATH" => Some(path.to_owned()),
                _ => None,
            };
            assert_eq!(github_number(&variables), number, "{event}");
        }
    }
}
