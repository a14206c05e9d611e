//! The command line.

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::exit;
use crate::cli::fmt::FmtArgs;
use crate::report::render::Form;

/// Software delivery as code: manifests in Git, planned against a live delivery server, applied, watched for drift.
#[derive(Debug, Parser)]
#[command(name = "consign", version, about, after_help = exit::HELP, disable_help_subcommand = true)]
pub struct Cli {
    /// The common options.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Work as if started in this directory
    #[arg(short = 'C', long, global = true, value_name = "DIR", env = "CONSIGN_DIRECTORY")]
    pub directory: Option<Utf8PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, env = "CONSIGN_COLOR")]
    pub color: Color,
    /// No colour
    #[arg(long, global = true, hide = true, env = "CONSIGN_NO_COLOR", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_color: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR, CLICOLOR=0 or TERM=dumb say otherwise; anywhere with CLICOLOR_FORCE.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The tour: a server, a site, a change, its plan, its apply
    Demo(DemoArgs),
    /// Begin a project: an example, an editor that knows every field, and pipelines
    Init(InitArgs),
    /// Write a manifest of one kind, with every field and what it means
    New(NewArgs),
    /// Check manifests: schema, references, rules; offline, all findings in one pass
    Validate(crate::cli::validate::ValidateArgs),
    /// Bring manifests into their one form: order of keys, quotes, blank lines; comments stay
    Fmt(FmtArgs),
    /// Say what two revisions of the manifests differ in, without a server
    Diff(DiffArgs),
    /// Show what would change on a server
    Plan(PlanArgs),
    /// Show a stored plan
    Show(ShowArgs),
    /// Make it so: a stored plan, or a new one with --auto-approve
    Apply(ApplyArgs),
    /// Put a stored plan's comment on its pull request, in place of the one that is there
    Comment(CommentArgs),
    /// Say where a server differs from the manifests; reads only
    Drift(DriftArgs),
    /// Say what the computers will do: what runs when, what never does and why; reads only
    Forecast(ForecastArgs),
    /// Say what one computer gets, in which order, and what keeps the rest from it; reads only
    Computer(ComputerArgs),
    /// Write manifests of what a server holds, or of what other tools defined
    Import(ImportArgs),
    /// Say who may ask for which software on the portal: all, some, none; inherited or own; reads only
    Portal(crate::cli::portal::PortalArgs),
    /// Say what refers to an item, and what it refers to, as a tree
    Refs(crate::cli::refs::RefsArgs),
    /// Ask a server what its documents leave open; reads only, unless it is given a folder to try things out in
    Probe(crate::cli::probe::ProbeArgs),
    /// Run the reference server
    Serve(ServeArgs),
    /// Make up a fleet of computers, to rehearse with
    Fleet(FleetArgs),
    /// Let simulated computers live against a server, faster than the clock: they ask, download, run and report
    Agents(AgentsArgs),
    /// Write the JSON Schemas of manifests, the project file, and what drift reads and tells
    Schema(SchemaArgs),
    /// Print a script that completes commands and the project's names in a shell
    Completions(crate::cli::complete::CompletionsArgs),
    /// Say what fits at the end of a half-typed line, for the scripts of `completions`
    #[command(hide = true)]
    Complete(crate::cli::complete::CompleteArgs),
    /// Print or write the manual pages
    Man(crate::cli::man::ManArgs),
    /// Write the chapters of the manual that follow from the program: rules, commands, kinds and their fields
    Reference(crate::cli::reference::ReferenceArgs),
    /// Tell a rule, or a manifest's field: what, why, what a change of it leads to
    Explain(ExplainArgs),
    /// Be the process of the Kerberos library, for another of this program
    #[cfg(feature = "negotiate")]
    #[command(hide = true, name = crate::sys::kerberos::COMMAND)]
    KerberosLibrary,
    /// Serve an editor: findings, names, renames, fixes, over the language server protocol
    Lsp(crate::cli::lsp::LspArgs),
}

/// Which server.
#[derive(Clone, Debug, Args)]
pub struct ServerArg {
    /// The server, by its name in consign.yaml; not needed where there is one
    #[arg(long, value_name = "NAME", env = "CONSIGN_SERVER")]
    pub server: Option<String>,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Text => ("text", "For people"),
            Self::Json => ("json", "For programs"),
            Self::Markdown => ("markdown", "For a comment on a pull request"),
            Self::Html => ("html", "A page of its own"),
            Self::Sarif => ("sarif", "For code scanning"),
            Self::Junit => ("junit", "For test reports"),
            Self::Github => (
                "github",
                "Annotations for GitHub's runner; with its variables set, the step's summary and outputs too",
            ),
            Self::Gitlab => ("gitlab", "Code Quality for GitLab"),
            Self::Azure => ("azure", "Commands for the agent of Azure DevOps"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// Where reports go, and how. They are written when the command fails too, and never change its exit code.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// How to print
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,
    /// Write a report to this file as well: as text
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub text_into: Option<Utf8PathBuf>,
    /// As JSON
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub json_into: Option<Utf8PathBuf>,
    /// As Markdown, for a comment
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub markdown_into: Option<Utf8PathBuf>,
    /// As one HTML page
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub html_into: Option<Utf8PathBuf>,
    /// As SARIF 2.1.0
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub sarif_into: Option<Utf8PathBuf>,
    /// As JUnit XML
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub junit_into: Option<Utf8PathBuf>,
    /// As lines for the log of GitHub's runner
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub github_into: Option<Utf8PathBuf>,
    /// As GitLab's Code Quality
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub gitlab_into: Option<Utf8PathBuf>,
    /// As the numbers of GitLab's plan widget (`artifacts:reports:terraform`)
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub gitlab_plan_into: Option<Utf8PathBuf>,
    /// As lines for the log of Azure DevOps
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub azure_into: Option<Utf8PathBuf>,
}

/// `consign demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Keep the project and the server's data in this new directory
    #[arg(long, value_name = "DIR")]
    pub keep: Option<Utf8PathBuf>,
}

/// For which host pipelines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Pipelines {
    /// GitHub Actions: `.github/workflows/consign.yml`.
    Github,
    /// GitLab CI: `.gitlab-ci.yml`.
    Gitlab,
    /// Azure Pipelines: `azure-pipelines.yml`.
    Azure,
    /// For none.
    None,
}

/// `consign init`
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is asked, and no file that is there is touched: those are named, and can be moved away first. The pipelines
validate and plan pull requests with a token that only reads, apply what was approved once it is merged, and look for
drift every night. They lie where the host looks for them, at the top of the repository.")]
pub struct InitArgs {
    /// Where the project begins; made where it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    pub place: Utf8PathBuf,
    /// Write pipelines for these, such as github,gitlab; without it, for the host that the repository was cloned from
    #[arg(long, value_enum, value_name = "HOST", value_delimiter = ',')]
    pub ci: Vec<Pipelines>,
}

/// `consign new`
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The kind, such as Package or Task
    #[arg(value_name = "KIND")]
    pub kind: String,
    /// What the item is called
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The file, which must not be there yet; `-` is standard output. Without it, one among the project's manifests
    #[arg(long, value_name = "FILE")]
    pub to: Option<Utf8PathBuf>,
}

/// Which part of a plan.
#[derive(Clone, Debug, Default, Args)]
pub struct SelectArgs {
    /// Only these items and what they need, by address such as task/NAME; `*` stands for any run of characters
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Not these items
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<String>,
    /// Addresses for --target, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub target_file: Option<Utf8PathBuf>,
    /// Addresses for --exclude, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub exclude_file: Option<Utf8PathBuf>,
}

/// `consign plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which server
    #[command(flatten)]
    pub server: ServerArg,
    /// Store the plan in this file, for `consign apply`
    #[arg(long, value_name = "FILE")]
    pub out: Option<Utf8PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Fail when there are changes
    #[arg(long)]
    pub expect_no_changes: bool,
    /// Name every item
    #[arg(long)]
    pub full: bool,
    /// The computers, from a file of what the server answers to GET /v1/fleet
    #[arg(long, value_name = "FILE")]
    pub fleet: Option<Utf8PathBuf>,
    /// Plan this revision, whatever is checked out
    #[arg(long, value_name = "REV")]
    pub rev: Option<String>,
    /// Judge by the policy and the servers of this revision, and refuse a branch that is behind it; without it, in the
    /// pull requests of known pipelines, the target
    #[arg(long, value_name = "REV", env = "CONSIGN_BASE")]
    pub base: Option<String>,
    /// Show the plan of a branch that is behind its target; it is never applied
    #[arg(long)]
    pub allow_behind: bool,
    /// How to report
    #[command(flatten)]
    pub report: ReportArgs,
    /// Which part
    #[command(flatten)]
    pub select: SelectArgs,
}

/// `consign diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The revision to begin at; without it HEAD, or in a pull request where it left its target
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
    /// The revision to end at; without it, what is on disk
    #[arg(long, value_name = "REV")]
    pub to: Option<String>,
    /// Begin where the two revisions parted
    #[arg(long)]
    pub merge_base: bool,
    /// With the variables and overlays of this server
    #[command(flatten)]
    pub server: ServerArg,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Name every item
    #[arg(long)]
    pub full: bool,
    /// How to report
    #[command(flatten)]
    pub report: ReportArgs,
    /// Where it is remembered which files were read before; without it, in the user's cache. Safe to delete
    #[arg(long, value_name = "DIR", env = "CONSIGN_CACHE_DIR")]
    pub cache_dir: Option<Utf8PathBuf>,
}

/// `consign show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The plan file
    #[arg(value_name = "PLAN")]
    pub plan: Utf8PathBuf,
    /// Name every item
    #[arg(long)]
    pub full: bool,
    /// How to report
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `consign apply`
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The plan file; without it, a new plan is made and --auto-approve is needed
    #[arg(value_name = "PLAN", env = "CONSIGN_PLAN")]
    pub plan: Option<Utf8PathBuf>,
    /// Which server
    #[command(flatten)]
    pub server: ServerArg,
    /// Apply a new plan without a question
    #[arg(long, visible_alias = "yes")]
    pub auto_approve: bool,
    /// Plan again first. Where the result is the same, the plan file is applied; where it is less, what is left of it;
    /// where it is anything else, nothing (exit 4). For pipelines that apply what was merged
    #[arg(long, requires = "plan")]
    pub replan: bool,
    /// Refuse any plan file but the one with this hash
    #[arg(long, value_name = "HASH")]
    pub expect_plan_hash: Option<String>,
    /// Requests under way at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub parallelism: u32,
    /// Steps in one request at the most; 1 sends each by itself
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub batch: u32,
    /// How long to wait for another apply to end, such as 5m
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: crate::model::units::Duration,
    /// The computers, from a file of what the server answers to GET /v1/fleet
    #[arg(long, value_name = "FILE")]
    pub fleet: Option<Utf8PathBuf>,
    /// How to report
    #[command(flatten)]
    pub report: ReportArgs,
    /// Which part
    #[command(flatten)]
    pub select: SelectArgs,
}

/// What hosts pull requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HostName {
    /// GitHub, or GitHub Enterprise Server.
    Github,
    /// GitLab.
    Gitlab,
    /// Azure DevOps.
    Azure,
}

/// Where a repository is hosted.
#[derive(Clone, Debug, Default, Args)]
pub struct HostArgs {
    /// What hosts the repository; without it, whatever runs the pipeline
    #[arg(long, value_enum, help_heading = "Host")]
    pub host: Option<HostName>,
    /// GitHub: OWNER/NAME. GitLab: the project's path or number. Azure DevOps: PROJECT/REPOSITORY
    #[arg(long, value_name = "NAME", help_heading = "Host")]
    pub repository: Option<String>,
    /// The address of the API; on Azure DevOps, of the collection
    #[arg(long, value_name = "URL", help_heading = "Host")]
    pub api: Option<String>,
    /// The host's token, from this file
    #[arg(long, value_name = "FILE", help_heading = "Host")]
    pub token_file: Option<Utf8PathBuf>,
}

/// `consign comment`
#[derive(Debug, Args)]
#[command(after_help = "\
The token is never an argument. It comes from --token-file, else from CONSIGN_COMMENT_TOKEN, else from what the host's
pipelines set: GITHUB_TOKEN; GITLAB_TOKEN (a job's own CI_JOB_TOKEN may not comment); SYSTEM_ACCESSTOKEN, which Azure
Pipelines give to a step only where `env` names it. Everything else defaults to the variables of the pipeline.")]
pub struct CommentArgs {
    /// The plan file
    #[arg(value_name = "PLAN", env = "CONSIGN_PLAN")]
    pub plan: Utf8PathBuf,
    /// Where it is
    #[command(flatten)]
    pub at: HostArgs,
    /// The number of the pull request, or merge request
    #[arg(long, value_name = "N", visible_alias = "merge-request")]
    pub pull_request: Option<u64>,
    /// Give the newest earlier comment the new text, and hide older ones; this is the default
    #[arg(long, group = "mode")]
    pub update: bool,
    /// Write a new comment, and hide the earlier ones
    #[arg(long, group = "mode")]
    pub hide_old: bool,
    /// Write a new comment, and delete the earlier ones
    #[arg(long, group = "mode")]
    pub replace: bool,
    /// Write no comment for a plan without changes, unless there is an earlier one that says otherwise
    #[arg(long)]
    pub skip_no_diff: bool,
}

/// `consign drift`
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// A server, by its name in consign.yaml; may be given several times. Without it, every server of the project. A report
    /// of several is one report, in which each item stands behind the name of its server
    #[arg(long = "server", value_name = "NAME", env = "CONSIGN_SERVER")]
    pub servers: Vec<String>,
    /// Drift that is known, with reasons and the days that they hold until; new is what is not among it
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<Utf8PathBuf>,
    /// Write figures for Prometheus to this file as well, as its text file collectors read them
    #[arg(long, value_name = "FILE")]
    pub prometheus_into: Option<Utf8PathBuf>,
    /// Tell the receivers that consign.yaml names under `drift.notify` of what is new; with --memory, once of each change
    #[arg(long)]
    pub notify: bool,
    /// Keep one issue a server up to date on the repository's host: opened when something new differs, closed when nothing
    /// does any more. On Azure DevOps it is a work item
    #[arg(long)]
    pub issue: bool,
    /// With --issue: where
    #[command(flatten)]
    pub at: HostArgs,
    /// With --issue on Azure DevOps: the type of a new work item
    #[arg(long, value_name = "TYPE", default_value = "Task", help_heading = "Host")]
    pub work_item_type: String,
    /// Remember in this file what was seen and told, so that runs in a row are counted and nothing is told twice. Safe to
    /// lose; keep it between runs, as in a pipeline's cache
    #[arg(long, value_name = "FILE")]
    pub memory: Option<Utf8PathBuf>,
    /// Tell of an item once it has differed in so many runs in a row; more than one needs --memory
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub alert_after: u32,
    /// Taken for other tools' sake: drift exits with 2 wherever the server differs, and with 0 where it is as declared,
    /// without it as well
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// How to report
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `consign forecast`
#[derive(Debug, Args)]
pub struct ForecastArgs {
    /// Which server
    #[command(flatten)]
    pub server: ServerArg,
    /// After this plan as well, with the difference
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<Utf8PathBuf>,
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// The computers, from a file of what the server answers to GET /v1/fleet
    #[arg(long, value_name = "FILE")]
    pub fleet: Option<Utf8PathBuf>,
    /// What to take for granted: what users do, how long programs run and what they return; YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<Utf8PathBuf>,
    /// Leave out computers that were not seen for so many days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub not_seen: u32,
    /// The last N days instead of the next: what would have been predicted against what the computers reported
    #[arg(long, conflicts_with = "plan")]
    pub compare: bool,
    /// With --compare: the computers as they were kept by --fleet-into when the prediction began
    #[arg(long, value_name = "FILE", requires = "compare")]
    pub since: Option<Utf8PathBuf>,
    /// With --compare: when the prediction began; else when --since was read, or N days ago
    #[arg(long, value_name = "TIME", requires = "compare")]
    pub from: Option<jiff::Timestamp>,
    /// Keep what the server tells of its computers in this file, for --fleet and --since
    #[arg(long, value_name = "FILE", conflicts_with = "fleet")]
    pub fleet_into: Option<Utf8PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the forecast as JSON to this file as well
    #[arg(long, value_name = "FILE")]
    pub json_into: Option<Utf8PathBuf>,
    /// Write the plan's report as one HTML page to this file, with what computers will do over time
    #[arg(long, value_name = "FILE", requires = "plan")]
    pub html_into: Option<Utf8PathBuf>,
}

/// `consign agents`
#[derive(Debug, Args)]
pub struct AgentsArgs {
    /// Which server; it is to be one to rehearse on
    #[command(flatten)]
    pub server: ServerArg,
    /// When they begin, on their own clock; else now, on the server's
    #[arg(long, value_name = "TIME")]
    pub from: Option<jiff::Timestamp>,
    /// How many days they live
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// How often they ask for their policy and report, such as 1h
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    pub every: crate::model::units::Duration,
    /// What the computers remember when they begin, kept by `forecast --fleet-into`; else what the server knows of it now
    #[arg(long, value_name = "FILE")]
    pub fleet: Option<Utf8PathBuf>,
    /// What to take for granted: what users do, how long programs run and what they return; YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<Utf8PathBuf>,
    /// Leave out computers that were not seen for so many days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub not_seen: u32,
    /// How many requests are under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallelism: u16,
    /// Write everything that they did to this file, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub happenings_into: Option<Utf8PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `consign computer`
#[derive(Debug, Args)]
pub struct ComputerArgs {
    /// The computer: its name or its GUID
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Which server
    #[command(flatten)]
    pub server: ServerArg,
    /// From this time on, such as 2026-12-01T08:00:00Z; else from when the computers were read
    #[arg(long, value_name = "TIME")]
    pub at: Option<jiff::Timestamp>,
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// The computers, from a file of what the server answers to GET /v1/fleet
    #[arg(long, value_name = "FILE")]
    pub fleet: Option<Utf8PathBuf>,
    /// What to take for granted; YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<Utf8PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `consign import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Definitions of other tools: package definition files (.pdf, .sms), winget manifests (.yaml), client policy documents
    /// (.xml); directories of them, or patterns in quotes. Without any, what the server holds is imported
    #[arg(value_name = "FILE")]
    pub files: Vec<Utf8PathBuf>,
    /// Which server
    #[command(flatten)]
    pub server: ServerArg,
    /// Where the manifests go. Of a server: a directory below the project that is empty or not there yet
    #[arg(long, value_name = "DIR")]
    pub out: Utf8PathBuf,
    /// The share on which the definitions lie beside their files, as a UNC path; directories below what was named are added
    #[arg(long, value_name = "UNC", requires = "files")]
    pub source: Option<String>,
    /// The code page of definition files that are not UTF-8; without it windows-1252
    #[arg(long, value_name = "NAME", requires = "files")]
    pub encoding: Option<String>,
}

/// `consign serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7450", env = "CONSIGN_LISTEN")]
    pub listen: SocketAddr,
    /// The directory of the database
    #[arg(long, value_name = "DIR", env = "CONSIGN_DATA")]
    pub data: Utf8PathBuf,
    /// Where the first administrator's token is written
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<Utf8PathBuf>,
    /// Certificate chain, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<Utf8PathBuf>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<Utf8PathBuf>,
    /// Speak plain HTTP to other machines
    #[arg(long)]
    pub insecure: bool,
    /// Start from an exported state, into an empty database only; or from lines of computers, as `POST /v1/fleet` takes
    /// them and `consign fleet` writes them, where no computer is known; give it twice for both
    #[arg(long = "seed", value_name = "FILE")]
    pub seeds: Vec<Utf8PathBuf>,
    /// The server's time zone, an IANA name; without it, the one that it had, at first the machine's
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Do not purge by itself. Without this, the server removes every day what `PurgeSettings` does not keep, at the time
    /// that it names: 02:00 by the server's clock and time zone, where it names none. A time that the server missed is made
    /// up for at its next start; others write in between; the audit log says what went. `POST /v1/purge` purges at once
    #[arg(long)]
    pub no_daily_purge: bool,
    /// Inject faults
    #[arg(long, value_name = "FILE")]
    pub faults: Option<Utf8PathBuf>,
    /// Which APIs to speak, and how.
    #[command(flatten)]
    pub apis: crate::cli::serve::ApiArgs,
    /// Take Kerberos tickets as well as tokens, by the keys of this keytab; in builds with the feature `negotiate`
    #[arg(long, value_name = "FILE")]
    pub kerberos_keytab: Option<Utf8PathBuf>,
    /// An account that may come with a ticket, and its role: reader, applier or administrator; may be given several times
    #[arg(long = "kerberos-map", value_name = "PRINCIPAL=ROLE", value_parser = crate::cli::serve::kerberos_role)]
    pub kerberos_roles: Vec<(String, crate::server::app::role::Role)>,
}

/// `consign fleet`
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// How many computers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    pub computers: u32,
    /// The same seed at the same time makes the same fleet
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// A task that most of them ran in the last ninety days, by its GUID; may be given several times
    #[arg(long, value_name = "GUID")]
    pub history: Vec<crate::model::guid::Guid>,
    /// How many patch licences there are; without it, for nine of ten computers
    #[arg(long, value_name = "N")]
    pub licences: Option<u64>,
    /// The moment that everything lies before, such as 2026-11-21T08:00:00Z; without it, now
    #[arg(long, value_name = "TIME")]
    pub at: Option<jiff::Timestamp>,
    /// Where the lines go; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: Utf8PathBuf,
}

/// `consign schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Where they go
    #[arg(long, value_name = "DIR", default_value = "schema")]
    pub out: Utf8PathBuf,
}

/// `consign explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A rule such as SEQ-1, a kind such as Task, or a field such as Task.run
    #[arg(value_name = "ID|KIND|KIND.FIELD", required_unless_present_any = ["list", "all"])]
    pub id: Option<String>,
    /// Every rule in a line
    #[arg(long)]
    pub list: bool,
    /// Every rule whole, as the manual's chapter in Markdown
    #[arg(long, conflicts_with = "list")]
    pub all: bool,
}
