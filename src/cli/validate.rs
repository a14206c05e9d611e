//! `consign validate`

use camino::Utf8Path;

use crate::cli::args::ValidateArgs;
use crate::cli::context::Context;
use crate::cli::context::Opened;
use crate::cli::context::Outcome;
use crate::cli::context::open;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::report;
use crate::cli::report::reported;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::model::project::Project;
use crate::report::view::View;

/// Runs it.
pub fn run(context: &Context, args: &ValidateArgs) -> Outcome {
    reported(context, "validate", &args.report, validate(context, args))
}

fn validate(context: &Context, args: &ValidateArgs) -> Outcome {
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
    opened.settle();
    let found = only(&opened, context, args);
    let exit = if found.has_errors() { exit::DATA } else { exit::OK };
    let about = report::about(Some(&opened.root), exit);
    report::write(context, &View::of_findings(&found, &opened.sources, &about), &args.report, false)?;
    Ok(exit)
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
        let view = (config.folders.clone(), config.variables.clone(), config.overlays.clone());
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
