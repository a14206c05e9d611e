//! The project file, `consign.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::altiris::AltirisSettings;
use crate::model::auth::Auth;
use crate::model::auth::ProxySetting;
use crate::model::drift::DriftSettings;
use crate::model::kind::Kind;
use crate::model::package::SecretRef;
use crate::model::units::Percent;

/// What a project is: its manifests, its servers, its policy. The whole of `consign.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Project {
    /// `consign/v1`.
    pub api_version: ApiVersion,
    /// `Project`.
    pub kind: ProjectKind,
    /// Directories and files with manifests, below the project file. All `.yaml` and `.yml` files in them are read.
    #[schemars(length(min = 1))]
    pub manifests: Vec<String>,
    /// The delivery servers, by the name that `--server` takes.
    #[serde(default)]
    pub servers: BTreeMap<String, ServerConfig>,
    /// Names that manifests may refer to although no manifest declares them: items that the servers hold and others
    /// look after. A plan still asks the server for them.
    #[serde(default)]
    pub externals: BTreeMap<Kind, Vec<String>>,
    /// Limits and protections.
    #[serde(default)]
    pub policy: Policy,
    /// Who is told of drift.
    #[serde(default)]
    pub drift: DriftSettings,
    /// Secrets by the name that `passwordFrom: {secret: NAME}` takes.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
}

impl SecretRef {
    /// Where the secret comes from, by what the project declares; `None` where it declares none of that name.
    pub fn source(&self, declared: &BTreeMap<String, SecretSource>) -> Option<SecretSource> {
        match self {
            Self::Env(name) => Some(SecretSource::Env(name.clone())),
            Self::File(path) => Some(SecretSource::File(path.clone())),
            Self::Secret(name) => declared.get(name).cloned(),
        }
    }
}

/// Where a secret comes from, as the project file says. In a pull request that is the base's: a proposal runs nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretSource {
    /// An environment variable, by name.
    Env(String),
    /// A file whose whole content, less a final line end, is the secret.
    File(String),
    /// A program and its arguments, run without a shell in an empty directory; what it prints, less a final line end, is
    /// the secret. It has 30 seconds. A path without a leading slash is the project's own program, which is not run in a
    /// pull request.
    Command(#[schemars(length(min = 1))] Vec<String>),
}

impl SecretSource {
    /// The program of the project itself that is run for it: one that a proposal could bring.
    pub fn program_of_project(&self) -> Option<&str> {
        let Self::Command(words) = self else { return None };
        program_of_project(words)
    }
}

/// The program of a command, where it is the project's own: one that a proposal could bring.
fn program_of_project(words: &[String]) -> Option<&str> {
    let program = words.first()?.as_str();
    (program.contains(['/', '\\']) && !camino::Utf8Path::new(program).is_absolute()).then_some(program)
}

impl ServerConfig {
    /// The program of the project itself that is run to reach this server: one that a proposal could bring.
    pub fn program_of_project(&self) -> Option<&str> {
        let asked = match &self.auth {
            Some(Auth::Command(words)) => program_of_project(words),
            Some(Auth::Ntlm(ntlm)) => ntlm.password_from.program_of_project(),
            Some(Auth::Negotiate(_)) | None => None,
        };
        let proxy = match &self.proxy {
            ProxySetting::Account(account) => account.password_from.program_of_project(),
            ProxySetting::Address(_) => None,
        };
        let sources = [&self.token_from, &self.password_key_from];
        sources.into_iter().flatten().find_map(SecretSource::program_of_project).or(asked).or(proxy)
    }
}

/// The version of the manifest format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The only one there is.
    #[default]
    #[serde(rename = "consign/v1")]
    V1,
}

/// `Project`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProjectKind {
    /// The only one there is.
    #[default]
    Project,
}

/// One delivery server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerConfig {
    /// Which API it speaks.
    #[serde(default)]
    pub api: Api,
    /// Its address.
    pub url: String,
    /// Where the bearer token comes from.
    #[serde(default)]
    pub token_from: Option<SecretSource>,
    /// How the program proves who it is, where the server takes no token; not beside `tokenFrom`.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// Where the key comes from that passwords are marked with on the server, so that a plan sees when one changed: the
    /// server keeps an HMAC-SHA256 of each password under this key, and never the key. Absent: it is not seen.
    #[serde(default)]
    pub password_key_from: Option<SecretSource>,
    /// A file with one more certificate authority to trust, PEM, relative to the project file.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Has the system's own TLS library speak to it, which may still know the old cipher suites that a server has; in builds
    /// with the feature `native-tls`. Certificates are verified all the same.
    #[serde(default)]
    pub legacy_tls: bool,
    /// The proxy on the way there: `none`, `system` (what the system or `HTTPS_PROXY` and `NO_PROXY` say), an address such
    /// as `http://proxy.corp.example:8080`, or an address with an account.
    #[serde(default)]
    pub proxy: ProxySetting,
    /// What an Altiris server needs besides. Only with `api: altiris`.
    #[serde(default)]
    pub altiris: Option<AltirisSettings>,
    /// The console folders this project owns there, by path; everything in and below them. The first one is where
    /// an item without a folder goes.
    #[serde(default)]
    pub folders: Vec<String>,
    /// Whether what no manifest declares is deleted, inside the owned folders.
    #[serde(default)]
    pub prune: bool,
    /// Values for `${{ name }}` in manifests.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Directories and files with overlays for this server, below the project file.
    #[serde(default)]
    pub overlays: Vec<String>,
}

/// The API a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// The reference server's own.
    #[default]
    Native,
    /// Altiris Notification Server, by its web services (the ASDK).
    Altiris,
    /// Microsoft Configuration Manager, by its AdminService; not spoken yet.
    Configmgr,
}

impl Api {
    /// Its word in `servers.NAME.api`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Altiris => "altiris",
            Self::Configmgr => "configmgr",
        }
    }
}

/// Limits over what a plan does, and what no change may touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// By rule ID: the most of it that goes without an acknowledgement. What computers do counts for each item by
    /// itself: seven new tasks of 29 computers each are within a COL-2 limit of 30.
    pub limits: BTreeMap<String, Limit>,
    /// By rule ID: how a finding is taken.
    pub severities: BTreeMap<String, Severity>,
    /// Collections whose computers no change may newly reach, by whatever path.
    pub protected: Vec<String>,
    /// Roles, such as `site server` or `domain controller`, whose computers no change may newly reach. Absent: a plan
    /// that newly reaches a computer with a role warns; `[]`: it says nothing.
    pub protected_roles: Option<Vec<String>>,
}

/// A limit: a number, or a share that holds from a floor up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Limit {
    /// At most so many.
    Count(u64),
    /// At most this share of the whole, where the whole is at least the floor.
    Share(ShareLimit),
}

/// At most this share of the whole, where the whole is at least the floor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShareLimit {
    /// `30%`.
    pub share: Percent,
    /// Wholes smaller than this are not judged by share.
    #[serde(default)]
    pub floor: u64,
}

/// How a finding is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not reported.
    Off,
    /// Reported.
    Warning,
    /// Reported, and the command fails.
    Error,
}
