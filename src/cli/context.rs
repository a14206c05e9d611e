//! What commands share: the project, the connection, the terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use secrecy::SecretString;

use crate::adapter::ReadAdapter;
use crate::adapter::WriteAdapter;
use crate::adapter::altiris::read::AltirisReader;
use crate::adapter::altiris::write::AltirisWriter;
use crate::adapter::native::client::NativeReader;
use crate::adapter::native::client::NativeWriter;
use crate::check;
use crate::cli::args::Color;
use crate::cli::args::Common;
use crate::cli::capabilities;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::visible_json;
use crate::manifest;
use crate::manifest::Manifests;
use crate::manifest::Overlays;
use crate::model::auth::Auth;
use crate::model::auth::ProxySetting;
use crate::model::project::Api;
use crate::model::project::Project;
use crate::model::project::SecretSource;
use crate::model::project::ServerConfig;
use crate::report::paint::Paint;
use crate::rules::manifest::MAN_8;
use crate::sys::disk;
use crate::sys::edited;
use crate::sys::edited::Buffers;
use crate::sys::environment;
use crate::sys::files;
use crate::sys::git::GitError;
use crate::sys::git::snapshot::Snapshot;
use crate::sys::http::Credentials;
use crate::sys::http::HttpOptions;
use crate::sys::http::HttpReadTransport;
use crate::sys::http::HttpTransport;
use crate::sys::http::Proxy;
use crate::sys::http::TransportError;
use crate::sys::secrets;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where a command runs and how it prints.
pub struct Context {
    /// The directory it works in.
    pub directory: Utf8PathBuf,
    /// Colour on standard output.
    pub paint: Paint,
    /// Colour on standard error.
    pub paint_stderr: Paint,
    /// How many columns the terminal has; 0 where standard output is none.
    pub columns: usize,
    /// Whether somebody may look at standard error while the command runs: a terminal, and no pipeline's (`CI`).
    pub is_watched: bool,
}

impl Context {
    /// From the common options.
    pub fn new(common: &Common) -> Result<Self, Failure> {
        let directory = match &common.directory {
            Some(directory) => directory.clone(),
            None => environment::current_directory().map_err(|error| Failure::new(exit::ERROR, error))?,
        };
        let wish = Wish::of(common, environment::variable);
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let given = environment::variable("COLUMNS").and_then(|text| text.parse().ok());
        Ok(Self {
            directory,
            paint: Paint { color: wish.color(out) },
            paint_stderr: Paint { color: wish.color(err) },
            columns: if out { given.or_else(environment::columns).unwrap_or(0) } else { 0 },
            is_watched: err && !environment::variable("CI").is_some_and(|value| !value.is_empty() && value != "false"),
        })
    }

    /// Says on standard error how far something has come, where somebody may be looking: not in a pipeline's log.
    pub fn progress(&self, text: &str) {
        if self.is_watched {
            self.talk(text);
        }
    }

    /// Writes data.
    pub fn out(&self, text: &str) -> Result<(), Failure> {
        match std::io::stdout().lock().write_all(text.as_bytes()) {
            // A reader that has seen enough, such as `head`, is no failure.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => {
                other.map_err(|error| Failure::new(exit::ERROR, format!("cannot write to standard output: {error}")))
            }
        }
    }

    /// Writes JSON; what would act on a terminal is escaped in its strings.
    pub fn out_json(&self, json: &str) -> Result<(), Failure> {
        self.out(&visible_json(json))
    }

    /// Writes talk.
    pub fn talk(&self, text: &str) {
        // Talk that nobody can hear is not worth failing for.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Writes a file whole or not at all; `-` is standard output.
    pub fn write_file(&self, path: &Utf8Path, text: &str) -> Result<(), Failure> {
        if path == "-" {
            return self.out_json(text);
        }
        let path = self.directory.join(path);
        files::write_atomic(&path, text.as_bytes(), None).map_err(|error| Failure::from_error(exit::ERROR, &error))
    }

    /// Shows findings on standard error.
    pub fn show_findings(&self, findings: &Diagnostics, sources: &Sources) {
        let mut text = Vec::new();
        if crate::report::diagnostics::text(findings, sources, self.paint_stderr.color, &mut text).is_ok() {
            self.talk(&String::from_utf8_lossy(&text));
        }
    }

    /// Opens the project that the directory lies in; in a pull request under the policy of its base.
    pub fn open(&self) -> Result<Opened, Failure> {
        let mut opened = open(&self.directory)?;
        crate::cli::revision::govern(self, &mut opened)?;
        Ok(opened)
    }
}

/// Whether colour is wanted, as far as anybody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Whatever the streams are.
    Always,
    Never,
    /// Where the stream is a terminal.
    OnTerminal,
}

impl Wish {
    /// What the flags say, else the environment: `NO_COLOR`, then `CLICOLOR_FORCE`, then `CLICOLOR` and `TERM`.
    fn of(common: &Common, variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let is_on = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
        match common.color {
            _ if common.no_color => Self::Never,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
            Color::Auto if is_set("NO_COLOR") => Self::Never,
            Color::Auto if is_on("CLICOLOR_FORCE") => Self::Always,
            Color::Auto if variable("CLICOLOR").as_deref() == Some("0") => Self::Never,
            Color::Auto if variable("TERM").as_deref() == Some("dumb") => Self::Never,
            Color::Auto => Self::OnTerminal,
        }
    }

    const fn color(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::OnTerminal => is_terminal,
        }
    }
}

/// A project whose file was read.
pub struct Opened {
    /// Its root.
    pub root: Utf8PathBuf,
    /// The project file.
    pub project: Option<Project>,
    /// Everything that was read.
    pub sources: Sources,
    /// What was found so far.
    pub findings: Diagnostics,
    ground: Ground,
    manifests: Manifests,
    project_source: Option<SourceId>,
    /// What was asked for in the way of files.
    entries: Vec<(String, Location)>,
}

/// Where a project's files are read.
#[derive(Clone)]
pub enum Ground {
    /// On disk.
    Disk,
    /// In a commit, whatever is checked out.
    Commit(Arc<Snapshot>),
    /// On disk, but for what an editor has not written yet.
    Edited(Arc<Buffers>),
}

impl Ground {
    /// Reads what the entries lead to. What a repository lacks is a finding like a file that cannot be read.
    pub fn read(
        &self,
        root: &Utf8Path,
        entries: &[(String, Location)],
        sources: &mut Sources,
    ) -> (Vec<SourceId>, Diagnostics) {
        let limits = files::Limits::default();
        match self {
            Self::Disk => files::read_sources(root, entries, &limits, sources),
            Self::Commit(snapshot) => snapshot
                .read_sources(entries, &limits, sources)
                .unwrap_or_else(|error| (Vec::new(), unreadable(&error))),
            Self::Edited(buffers) => edited::read_sources(root, entries, &limits, buffers, sources),
        }
    }

    /// Reads the project file; `None` when it is not there, or is no text.
    pub fn read_project_file(&self, root: &Utf8Path, sources: &mut Sources) -> (Option<SourceId>, Diagnostics) {
        let limits = files::Limits::default();
        match self {
            Self::Disk => files::read_project_file(root, &limits, sources),
            Self::Commit(snapshot) => {
                snapshot.read_project_file(&limits, sources).unwrap_or_else(|error| (None, unreadable(&error)))
            }
            Self::Edited(buffers) => {
                let entry = (files::PROJECT_FILE.to_owned(), Location::Nowhere);
                let (ids, findings) = edited::read_sources(root, &[entry], &limits, buffers, sources);
                (ids.first().copied(), findings)
            }
        }
    }
}

fn unreadable(error: &GitError) -> Diagnostics {
    let rule = error.rule().unwrap_or(&MAN_8);
    Diagnostics::from_iter([Diagnostic::error(rule, Location::Nowhere, error.to_string()).help(error.help())])
}

/// The root of the project that a directory lies in.
pub fn find_root(directory: &Utf8Path) -> Result<Utf8PathBuf, Failure> {
    files::find_project(directory.as_std_path()).map_err(|error| {
        let exit = if matches!(error, files::FilesError::NoProject { .. }) { exit::CONFIG } else { exit::ERROR };
        Failure::from_error(exit, &error)
            .help("a project is a directory with a `consign.yaml`; `consign init` makes one")
    })
}

/// Reads the project of a directory with all its manifests.
pub fn open(directory: &Utf8Path) -> Result<Opened, Failure> {
    Ok(open_on(find_root(directory)?, Ground::Disk))
}

/// Reads the project of a root with all its manifests.
pub fn open_on(root: Utf8PathBuf, ground: Ground) -> Opened {
    let mut sources = Sources::new();
    let (project_source, mut findings) = ground.read_project_file(&root, &mut sources);
    let project = match project_source {
        Some(source) => {
            let (project, more) = manifest::read_project(&sources, source);
            findings.extend(more);
            project
        }
        None => None,
    };
    let entries = vec![(files::PROJECT_FILE.to_owned(), Location::Nowhere)];
    let manifests = Manifests::default();
    let mut opened = Opened { root, project, sources, findings, ground, manifests, project_source, entries };
    if let Some(project) = &opened.project {
        let entries = project_source.map(|source| manifest::manifest_entries(project, source)).unwrap_or_default();
        let (ids, more) = opened.ground.read(&opened.root, &entries, &mut opened.sources);
        opened.entries.extend(entries);
        let unreadable = more.has_errors();
        opened.findings.extend(more);
        let (manifests, more) = manifest::parse(&opened.sources, &ids);
        // Where files could not be read, their being empty is no news.
        if !(unreadable && manifests.is_empty()) {
            opened.findings.extend(more);
        }
        opened.manifests = manifests;
    }
    opened
}

impl Opened {
    /// The site as one server is to have it, with all findings; `None` stands for no server in particular.
    pub fn site(&mut self, server: Option<&str>) -> Option<Loaded> {
        let project = self.project.clone()?;
        let overlays = self.overlays(&project, server);
        let (loaded, more) = self.manifests.site(&project, server, &overlays);
        self.checked(&project, server, loaded, more)
    }

    /// The same, for the only server that is looked at: the manifests are used up.
    pub fn only_site(&mut self, server: &str) -> Option<Loaded> {
        let project = self.project.clone()?;
        let overlays = self.overlays(&project, Some(server));
        let (loaded, more) = std::mem::take(&mut self.manifests).into_site(&project, Some(server), &overlays);
        self.checked(&project, Some(server), loaded, more)
    }

    fn checked(
        &mut self,
        project: &Project,
        server: Option<&str>,
        loaded: Loaded,
        more: Diagnostics,
    ) -> Option<Loaded> {
        self.findings.extend(more);
        self.findings.extend(check::validate(&loaded, project));
        let config = server.and_then(|name| project.servers.get(name));
        if let Some(held) = config.and_then(|config| capabilities::of(&self.root, config)) {
            self.findings.extend(check::capabilities::against(&loaded, project, &held));
        }
        Some(loaded)
    }

    fn overlays(&mut self, project: &Project, server: Option<&str>) -> Overlays {
        match server.and_then(|name| project.servers.get(name)) {
            Some(config) if !config.overlays.is_empty() => {
                let server = server.unwrap_or_default();
                let entries = self
                    .project_source
                    .map(|source| manifest::overlay_entries(project, source, server))
                    .unwrap_or_default();
                let (ids, more) = self.ground.read(&self.root, &entries, &mut self.sources);
                self.entries.extend(entries);
                self.findings.extend(more);
                let (overlays, more) = manifest::parse_overlays(&self.sources, &ids);
                self.findings.extend(more);
                overlays
            }
            _ => Overlays::default(),
        }
    }

    /// Whether what was read so far is what a commit has there.
    pub fn is_same_as(&self, snapshot: &Snapshot) -> bool {
        snapshot.is_same(&self.sources, &self.entries)
    }

    /// Brings the findings into their order, with places in the texts and as severe as the project takes them, without
    /// what comments allow; each is there once. Returns what may be said of comments that allow nothing: see
    /// [`manifest::locate`].
    pub fn settle(&mut self) -> Diagnostics {
        let no_policy = BTreeMap::new();
        let severities = self.project.as_ref().map_or(&no_policy, |project| &project.policy.severities);
        self.findings.apply_severities(severities);
        let mut stale = manifest::locate(&mut self.findings, &self.sources);
        stale.apply_severities(severities);
        stale
    }

    /// The server that is meant, with what the project says of it.
    pub fn server(&self, asked: Option<&str>) -> Result<(String, ServerConfig), Failure> {
        let project = self.project.as_ref().ok_or_else(|| Failure::silent(exit::DATA))?;
        let names = || project.servers.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let name = match (asked, project.servers.len()) {
            (Some(name), _) => name.to_owned(),
            (None, 1) => project.servers.keys().next().cloned().unwrap_or_default(),
            (None, 0) => {
                return Err(
                    Failure::new(exit::CONFIG, "`consign.yaml` names no server").help("add one under `servers`")
                );
            }
            (None, _) => {
                return Err(Failure::new(exit::USAGE, format!("which server? the project has {}", names()))
                    .help("say it with --server, or with CONSIGN_SERVER"));
            }
        };
        let Some(config) = project.servers.get(&name) else {
            let failure = Failure::new(exit::CONFIG, format!("`consign.yaml` has no server `{name}`"));
            let near = crate::diag::nearest(&name, project.servers.keys().map(String::as_str));
            return Err(match near {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help(format!("it has {}", names())),
            });
        };
        Ok((name, config.clone()))
    }
}

/// How long a connection may take to come about, and a request to be answered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The largest answer that is taken.
const ANSWER_BYTES_MAX: u64 = 512 << 20;

fn http_options(root: &Utf8Path, config: &ServerConfig) -> Result<HttpOptions, Failure> {
    let token: Option<SecretString> = match (&config.token_from, &config.auth) {
        (Some(reference), _) => Some(secret(reference, root, "tokenFrom")?),
        (None, Some(_)) => None,
        (None, None) => environment::variable("CONSIGN_TOKEN").map(SecretString::from).inspect(secrets::remember),
    };
    let ca_pem = match &config.ca_file {
        Some(path) => {
            let path = root.join(path);
            Some(disk::read_bounded(&path, 1 << 20).map_err(|error| Failure::from_error(exit::CONFIG, &error))?)
        }
        None => None,
    };
    let mut options = HttpOptions::new(&config.url);
    options.token = token;
    options.credentials = config.auth.as_ref().map(|auth| credentials(auth, root)).transpose()?;
    options.proxy = proxy(&config.proxy, root)?;
    options.ca_pem = ca_pem;
    options.legacy_tls = config.legacy_tls;
    options.connect_timeout = CONNECT_TIMEOUT;
    options.timeout = request_timeout()?;
    options.idle_timeout = options.idle_timeout.min(options.timeout);
    options.max_answer_bytes = ANSWER_BYTES_MAX;
    options.user_agent = format!("consign/{VERSION}");
    Ok(options)
}

fn secret(reference: &SecretSource, root: &Utf8Path, setting: &str) -> Result<SecretString, Failure> {
    secrets::resolve(reference, root).map_err(|error| {
        Failure::from_error(exit::CONFIG, &error).help(format!("`{setting}` in `consign.yaml` names it"))
    })
}

/// The credentials of a server. What this build cannot do, and a keytab that is not there, is said before anything is asked.
fn credentials(auth: &Auth, root: &Utf8Path) -> Result<Credentials, Failure> {
    let credentials = match auth {
        Auth::Negotiate(negotiate) => {
            let keytab = negotiate.keytab.as_ref().map(|path| root.join(path));
            if cfg!(windows) && keytab.is_some() {
                let message = "`auth.negotiate.keytab` is set, and Windows knows no keytabs";
                let help = "run this as the account that is meant, and take `keytab` out";
                return Err(Failure::new(exit::CONFIG, message).help(help));
            }
            if let Some(keytab) = keytab.as_ref().filter(|keytab| !keytab.is_file()) {
                let help = "`auth.negotiate.keytab` names the file, relative to the project file";
                return Err(Failure::new(exit::CONFIG, format!("there is no keytab `{keytab}`")).help(help));
            }
            let (principal, service) = (negotiate.principal.clone(), negotiate.service.clone());
            Credentials::Negotiate { keytab, principal, service }
        }
        Auth::Ntlm(ntlm) => {
            let password = secret(&ntlm.password_from, root, "auth.ntlm.passwordFrom")?;
            Credentials::Ntlm { account: ntlm.account.clone(), password }
        }
        Auth::Command(words) => Credentials::Command { words: words.clone(), root: root.to_owned() },
    };
    credentials.is_built_in().map_err(|error| match error {
        TransportError::Denied { why, help } => Failure::new(exit::CONFIG, why).help(help),
        other => unusable(&other),
    })?;
    Ok(credentials)
}

fn proxy(setting: &ProxySetting, root: &Utf8Path) -> Result<Proxy, Failure> {
    Ok(match setting {
        ProxySetting::Address(word) if word == "none" => Proxy::None,
        ProxySetting::Address(word) if word == "system" => Proxy::System,
        ProxySetting::Address(url) => Proxy::At { url: url.clone(), account: None },
        ProxySetting::Account(given) => {
            let password = secret(&given.password_from, root, "proxy.passwordFrom")?;
            Proxy::At { url: given.url.clone(), account: Some((given.account.clone(), password)) }
        }
    })
}

/// How long a request may take: what `CONSIGN_HTTP_TIMEOUT` says, where it is set.
pub fn request_timeout() -> Result<Duration, Failure> {
    let Some(text) = environment::variable("CONSIGN_HTTP_TIMEOUT") else { return Ok(REQUEST_TIMEOUT) };
    match text.parse::<crate::model::units::Duration>() {
        Ok(given) if given.as_seconds() > 0 => Ok(Duration::from_secs(given.as_seconds())),
        _ => Err(Failure::new(exit::CONFIG, format!("`CONSIGN_HTTP_TIMEOUT` is `{text}`, which is no duration"))
            .help("write a whole number above 0 and a unit, such as `90s` or `2m`")),
    }
}

/// What to look at when a connection cannot even be prepared.
const UNUSABLE: &str = "look at `url`, `tokenFrom`, `auth`, `proxy` and `caFile` of the server in `consign.yaml`";

/// A way to a server on which nothing can be written.
pub fn transport_to_read(root: &Utf8Path, config: &ServerConfig) -> Result<HttpReadTransport, Failure> {
    HttpReadTransport::new(&http_options(root, config)?).map_err(|error| unusable(&error))
}

/// A way to a server on which can be written.
pub fn transport_to_write(root: &Utf8Path, config: &ServerConfig) -> Result<HttpTransport, Failure> {
    HttpTransport::new(&http_options(root, config)?).map_err(|error| unusable(&error))
}

/// A connection that can only read, by the API that the server speaks.
pub fn connect_to_read(root: &Utf8Path, config: &ServerConfig) -> Result<Box<dyn ReadAdapter>, Failure> {
    match config.api {
        Api::Native => Ok(Box::new(NativeReader::new(Arc::new(transport_to_read(root, config)?)))),
        Api::Altiris => {
            let (settings, found) = (config.altiris.clone().unwrap_or_default(), capabilities::findings(root, config)?);
            Ok(Box::new(AltirisReader::new(Arc::new(transport_to_read(root, config)?), settings, found)))
        }
        Api::Configmgr => Err(unspoken(config.api)),
    }
}

/// A connection that can write, by the API that the server speaks.
pub fn connect_to_write(root: &Utf8Path, config: &ServerConfig) -> Result<Box<dyn WriteAdapter>, Failure> {
    match config.api {
        Api::Native => Ok(Box::new(connect_natively(root, config)?)),
        Api::Altiris => {
            let (settings, found) = (config.altiris.clone().unwrap_or_default(), capabilities::findings(root, config)?);
            let transport = HttpTransport::new(&http_options(root, config)?).map_err(|error| unusable(&error))?;
            Ok(Box::new(AltirisWriter::new(Arc::new(transport), settings, found)))
        }
        Api::Configmgr => Err(unspoken(config.api)),
    }
}

/// A connection to a reference server, on which simulated computers can live as well.
pub fn connect_natively(root: &Utf8Path, config: &ServerConfig) -> Result<NativeWriter, Failure> {
    if config.api != Api::Native {
        return Err(Failure::new(exit::CONFIG, "simulated computers live against the reference server's own API")
            .help("name a server with `api: native`"));
    }
    Ok(NativeWriter::new(Arc::new(transport_to_write(root, config)?)))
}

fn unusable(error: &TransportError) -> Failure {
    if let TransportError::Denied { help, .. } = error {
        return Failure::from_error(exit::CONFIG, error).help(help.clone());
    }
    Failure::from_error(exit::CONFIG, error).help(UNUSABLE)
}

fn unspoken(api: Api) -> Failure {
    Failure::new(
        exit::CONFIG,
        format!("the API `{api:?}` is not spoken yet; `native` and `altiris` are").to_lowercase(),
    )
}

/// Runs what needs the network.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::ERROR, format!("cannot start the runtime: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// An exit code, or a failure.
pub type Outcome = Result<Exit, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(color: Color, no_color: bool, environment: &[(&str, &str)], expected: Wish) {
        let common = Common { directory: None, color, no_color };
        let variable =
            |name: &str| environment.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(Wish::of(&common, variable), expected, "{color:?} {no_color} {environment:?}");
    }

    #[test]
    fn colour_obeys_flags_first_and_then_the_environment() {
        use Wish::Always;
        use Wish::Never;
        use Wish::OnTerminal;
        check(Color::Auto, false, &[], OnTerminal);
        check(Color::Auto, false, &[("NO_COLOR", "1")], Never);
        check(Color::Auto, false, &[("NO_COLOR", "")], OnTerminal);
        check(Color::Auto, false, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], Never);
        check(Color::Auto, false, &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], Always);
        check(Color::Auto, false, &[("CLICOLOR_FORCE", "0")], OnTerminal);
        check(Color::Auto, false, &[("CLICOLOR", "0")], Never);
        check(Color::Auto, false, &[("TERM", "dumb")], Never);
        check(Color::Always, false, &[("NO_COLOR", "1"), ("TERM", "dumb")], Always);
        check(Color::Always, true, &[("CLICOLOR_FORCE", "1")], Never);
        check(Color::Never, false, &[("CLICOLOR_FORCE", "1")], Never);
    }
}
