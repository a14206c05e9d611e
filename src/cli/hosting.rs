//! Hosts of repositories, as commands speak to them: which one, at what address, with which token.

use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Url;

use crate::cli::args::HostArgs;
use crate::cli::args::HostName;
use crate::cli::context::Context;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::host::client::Client;
use crate::host::github;
use crate::model::project::SecretSource;
use crate::sys::clock::SystemClock;
use crate::sys::environment;
use crate::sys::http::HttpOptions;
use crate::sys::http::HttpTransport;
use crate::sys::http::Proxy;
use crate::sys::http::TokenScheme;
use crate::sys::secrets;

/// What the environment says by a name.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The host that is meant: what was said, else whatever runs the pipeline.
///
/// # Errors
/// When neither says.
pub fn host(args: &HostArgs, variables: Variables<'_>) -> Result<HostName, Failure> {
    args.host.map_or_else(|| running(variables), Ok)
}

/// The address of its API.
///
/// # Errors
/// When nothing says.
pub fn api(args: &HostArgs, host: HostName, variables: Variables<'_>) -> Result<String, Failure> {
    let api = args.api.clone().or_else(|| match host {
        HostName::Github => variables("GITHUB_API_URL").or_else(|| Some("https://api.github.com".to_owned())),
        HostName::Gitlab => variables("CI_API_V4_URL").or_else(|| Some("https://gitlab.com/api/v4".to_owned())),
        HostName::Azure => variables("SYSTEM_COLLECTIONURI"),
    });
    api.ok_or_else(|| missing("collection", "--api", "SYSTEM_COLLECTIONURI"))
}

/// That something was not said.
pub fn missing(what: &str, flag: &str, variable: &str) -> Failure {
    Failure::new(exit::USAGE, format!("which {what}? {variable} does not say")).help(format!("say it with {flag}"))
}

/// What runs the pipeline.
pub fn running(variables: Variables<'_>) -> Result<HostName, Failure> {
    let found: Vec<HostName> =
        [("GITHUB_ACTIONS", HostName::Github), ("GITLAB_CI", HostName::Gitlab), ("TF_BUILD", HostName::Azure)]
            .into_iter()
            .filter(|(name, _)| variables(name).is_some())
            .map(|(_, host)| host)
            .collect();
    let failure = |why: &str| Failure::new(exit::USAGE, why).help("say it with --host github, gitlab or azure");
    match found[..] {
        // Azure Pipelines build repositories of others too.
        [HostName::Azure] if variables("BUILD_REPOSITORY_PROVIDER").is_some_and(|name| name != "TfsGit") => {
            Err(failure("which host? the pipeline runs on Azure DevOps, its repository is elsewhere"))
        }
        [host] => Ok(host),
        [] => Err(failure("which host? no pipeline says so: GITHUB_ACTIONS, GITLAB_CI and TF_BUILD are not set")),
        _ => Err(failure("which host? the variables of several pipelines are set")),
    }
}

/// The token, and where it comes from.
fn token(
    context: &Context,
    args: &HostArgs,
    host: HostName,
    help: &'static str,
    variables: Variables<'_>,
) -> Result<(SecretString, TokenScheme), Failure> {
    let names: &[&str] = match host {
        HostName::Github => &["CONSIGN_COMMENT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"],
        HostName::Gitlab => &["CONSIGN_COMMENT_TOKEN", "GITLAB_TOKEN"],
        HostName::Azure => &["CONSIGN_COMMENT_TOKEN", "SYSTEM_ACCESSTOKEN", "AZURE_DEVOPS_EXT_PAT"],
    };
    let reference = match &args.token_file {
        Some(path) => SecretSource::File(path.to_string()),
        None => match names.iter().find(|name| variables(name).is_some()) {
            Some(name) => SecretSource::Env((*name).to_owned()),
            None => {
                let failure =
                    Failure::new(exit::CONFIG, format!("there is no token: {} are not set", names.join(", ")));
                return Err(failure.help(help));
            }
        },
    };
    let token =
        secrets::resolve(&reference, &context.directory).map_err(|error| Failure::from_error(exit::CONFIG, &error))?;
    // People's tokens for Azure DevOps are passwords; those of pipelines and applications are signed and have dots.
    let is_signed = token.expose_secret().split('.').filter(|part| !part.is_empty()).count() == 3;
    let scheme = if host == HostName::Azure && !is_signed { TokenScheme::Password } else { TokenScheme::Bearer };
    Ok((token, scheme))
}

/// The address of the API, and a client that speaks to its origin. `help` says what a token must be able to do.
///
/// # Errors
/// When there is no token, or the address is none.
pub fn connect(
    context: &Context,
    args: &HostArgs,
    host: HostName,
    api: &str,
    help: &'static str,
    variables: Variables<'_>,
) -> Result<(Url, Client), Failure> {
    const HELP: &str = "look at --api and at the token, or at the variables they come from";
    let (token, scheme) = token(context, args, host, help, variables)?;
    // The connection is to the origin, since the API of GitHub is in two places below it.
    let api = Url::parse(api)
        .ok()
        .filter(|url| url.username().is_empty() && url.password().is_none() && url.query().is_none())
        .filter(|url| url.fragment().is_none() && url.host().is_some())
        .ok_or_else(|| {
            Failure::new(exit::CONFIG, "the API's address is no URL, or holds what it must not").help(HELP)
        })?;
    let mut options = HttpOptions::new(api.origin().ascii_serialization());
    options.token = Some(token);
    options.scheme = scheme;
    // Hosts are on the internet more often than delivery servers, and there the way is a proxy's.
    options.proxy = Proxy::System;
    options.timeout = crate::cli::context::request_timeout()?;
    options.idle_timeout = options.idle_timeout.min(options.timeout);
    let transport =
        HttpTransport::new(&options).map_err(|error| Failure::from_error(exit::CONFIG, &error).help(HELP))?;
    let headers = match host {
        HostName::Github => github::headers(),
        HostName::Gitlab | HostName::Azure => vec![("accept", "application/json".to_owned())],
    };
    let seed = environment::unique() as u64;
    let client = Client::new(Box::new(transport), headers, Box::new(SystemClock), seed);
    Ok((api, client))
}
