//! `consign validate`

mod fix;

use std::collections::BTreeMap;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::args::ReportArgs;
use crate::cli::args::ServerArg;
use crate::cli::context::Context;
use crate::cli::context::Opened;
use crate::cli::context::Outcome;
use crate::cli::context::open;
use crate::cli::exit;
use crate::cli::explain::no_such_rule;
use crate::cli::failure::Failure;
use crate::cli::report;
use crate::cli::report::reported;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::model::project::Project;
use crate::model::project::Severity;
use crate::report::view::View;
use crate::rules;

/// `consign validate`
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// A project directory, or files and directories of the project to report on; the whole project is always read
    #[arg(value_name = "PATH")]
    pub paths: Vec<Utf8PathBuf>,
    /// Only as this server would see it
    #[command(flatten)]
    pub server: ServerArg,
    /// Mend what can be mended with certainty, in the files themselves; comments and layout stay
    #[arg(long)]
    pub fix: bool,
    /// Take warnings of these rules for errors, such as PRG-1,TSK-6; what a comment allows stays allowed
    #[arg(short = 'E', long, value_name = "CODES", value_delimiter = ',')]
    pub warnings_as_errors: Vec<String>,
    /// Take errors of these rules for warnings; never what keeps a manifest from being read
    #[arg(short = 'W', long, value_name = "CODES", value_delimiter = ',')]
    pub errors_as_warnings: Vec<String>,
    /// How to report
    #[command(flatten)]
    pub report: ReportArgs,
}

/// How often files are mended before it ends: each pass makes what had to wait for the one before.
const PASSES_MAX: usize = 100;

/// Runs it.
pub fn run(context: &Context, args: &ValidateArgs) -> Outcome {
    reported(context, "validate", &args.report, validate(context, args))
}

fn validate(context: &Context, args: &ValidateArgs) -> Outcome {
    let severities = severities(args)?;
    let (mut opened, mut found) = look(context, args, &severities)?;
    if args.fix {
        let mut mended = fix::Mended::default();
        for _ in 0..PASSES_MAX {
            if !fix::write(context, &opened, &found, &mut mended)? {
                break;
            }
            (opened, found) = look(context, args, &severities)?;
        }
        context.talk(&mended.summary());
    }
    let exit = if found.has_errors() { exit::DATA } else { exit::OK };
    let about = report::about(Some(&opened.root), exit);
    report::write(context, &View::of_findings(&found, &opened.sources, &about), &args.report, false)?;
    Ok(exit)
}

/// Reads the project and everything that is found in the files that were asked for.
fn look(
    context: &Context,
    args: &ValidateArgs,
    severities: &BTreeMap<String, Severity>,
) -> Result<(Opened, Diagnostics), Failure> {
    let start = match args.paths.first() {
        Some(path) => context.directory.join(path),
        None => context.directory.clone(),
    };
    let mut opened = match open(&start) {
        // A file, or a directory that holds manifests only, lies in a project further up.
        Err(_) if !args.paths.is_empty() && !start.as_std_path().is_dir() && start.as_std_path().exists() => {
            open(start.parent().unwrap_or(&context.directory))?
        }
        other => other?,
    };
    for server in servers(&opened, args)? {
        opened.site(server.as_deref());
    }
    settle(&mut opened, args.server.server.is_none());
    opened.findings.apply_severities(severities);
    let found = only(&opened, context, args);
    Ok((opened, found))
}

/// Brings the findings into their order, with those on comments that allow nothing.
pub(super) fn settle(opened: &mut Opened, is_every_server: bool) {
    let stale = opened.settle();
    // What one server has no need of another may have, and so may what was not read.
    if is_every_server && !opened.findings.has_errors() {
        opened.findings.extend(stale);
        opened.findings.sort(&opened.sources);
    }
}

/// How severe the rules of `-E` and `-W` are taken.
fn severities(args: &ValidateArgs) -> Result<BTreeMap<String, Severity>, Failure> {
    let mut out = BTreeMap::new();
    let lists = [(&args.warnings_as_errors, Severity::Error), (&args.errors_as_warnings, Severity::Warning)];
    for (codes, severity) in lists {
        for code in codes.iter().map(|code| code.trim().to_ascii_uppercase()).filter(|code| !code.is_empty()) {
            let usage = |message: String| Failure::new(exit::USAGE, message);
            let Some(rule) = rules::find(&code) else { return Err(no_such_rule(&code)) };
            if severity == Severity::Warning && !rules::can_be_softened(rule) {
                let help = "after such a finding what was read is not what was written; mend it";
                return Err(usage(format!("{code} is always an error")).help(help));
            }
            if out.insert(code.clone(), severity).is_some_and(|other| other != severity) {
                return Err(usage(format!("{code} cannot be both an error and a warning"))
                    .help("name it in one of --warnings-as-errors and --errors-as-warnings"));
            }
        }
    }
    Ok(out)
}

/// As which servers the project is looked at: the one that was asked for, else each, else none in particular.
fn servers(opened: &Opened, args: &ValidateArgs) -> Result<Vec<Option<String>>, Failure> {
    let Some(project) = &opened.project else { return Ok(Vec::new()) };
    if args.server.server.is_some() {
        return Ok(vec![Some(opened.server(args.server.server.as_deref())?.0)]);
    }
    Ok(views(project))
}

/// As which servers a project is looked at: each, or none in particular.
pub(super) fn views(project: &Project) -> Vec<Option<String>> {
    if project.servers.is_empty() {
        return vec![None];
    }
    // Servers that are told apart by nothing that manifests see are looked at once.
    let mut seen = Vec::new();
    let mut out = Vec::new();
    for (name, config) in &project.servers {
        let view = (config.api, config.folders.clone(), config.variables.clone(), config.overlays.clone());
        if !seen.contains(&view) {
            seen.push(view);
            out.push(Some(name.clone()));
        }
    }
    out
}

/// The findings in the files that were asked for; all when none was, or when it was the project's own directory.
fn only(opened: &Opened, context: &Context, args: &ValidateArgs) -> Diagnostics {
    let roots: Vec<_> = args
        .paths
        .iter()
        .filter_map(|path| context.directory.join(path).canonicalize_utf8().ok())
        .filter_map(|path| path.strip_prefix(&opened.root).ok().map(Utf8Path::to_owned))
        .collect();
    if roots.len() != args.paths.len() || roots.is_empty() || roots.iter().any(|root| root.as_str().is_empty()) {
        return opened.findings.clone();
    }
    opened
        .findings
        .iter()
        .filter(|finding| match &finding.at {
            Location::Nowhere => true,
            Location::File(source) | Location::Pointer { source, .. } | Location::Span { source, .. } => {
                roots.iter().any(|root| opened.sources.path(*source).starts_with(root))
            }
        })
        .cloned()
        .collect()
}
