//! `consign fmt`

use std::collections::BTreeMap;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use clap::Args;
use rayon::prelude::*;
use similar::TextDiff;

use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::find_root;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::new::shown;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Sources;
use crate::diag::visible;
use crate::diag::visible_json;
use crate::manifest;
use crate::sys::disk;
use crate::sys::disk::Replaced;
use crate::sys::files;
use crate::sys::files::PROJECT_FILE;

/// `consign fmt`
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Files, directories and projects; `-` is standard input, formatted to standard output. Without any, the project
    #[arg(value_name = "PATH")]
    pub paths: Vec<Utf8PathBuf>,
    /// Write nothing: show what would change, and exit with 1 where something would
    #[arg(long)]
    pub check: bool,
}

/// Runs it.
pub fn run(context: &Context, args: &FmtArgs) -> Outcome {
    if args.paths.iter().any(|path| path == "-") {
        if args.paths.len() > 1 {
            return Err(Failure::new(exit::USAGE, "`-` is standard input, and stands alone"));
        }
        return stdin(context, args.check);
    }
    let mut all = Found::default();
    if args.paths.is_empty() {
        all.project(context, &find_root(&context.directory)?);
    }
    for path in &args.paths {
        all.path(context, path)?;
    }
    let Found { texts, is_unread } = all;
    let mut sources = Sources::new();
    let files: Vec<_> =
        texts.iter().map(|(path, text)| (path, text, sources.add_text(shown(context, path), text.as_str()))).collect();
    let formatted: Vec<_> = files.par_iter().map(|(_, text, id)| manifest::format(text, *id)).collect();
    let (mut findings, mut changed) = (Diagnostics::new(), Vec::new());
    for ((path, before, id), result) in files.into_iter().zip(formatted) {
        match result {
            Ok(after) if after == *before => {}
            Ok(after) => changed.push((path, before, after, sources.path(id))),
            Err(found) => findings.extend(found),
        }
    }
    for (path, before, after, name) in &changed {
        if args.check {
            context.out(&difference(name, before, after))?;
        } else {
            let name = visible(name.as_str());
            match disk::replace_text(path, before, after).map_err(|error| Failure::from_error(exit::ERROR, &error))? {
                Replaced::Written => context.out(&format!("{name}\n"))?,
                Replaced::Changed => return Err(left_alone(&name, "was changed while it was looked at")),
                Replaced::ReadOnly => return Err(left_alone(&name, "is read-only")),
            }
        }
    }
    let done = if args.check { "would be formatted" } else { "formatted" };
    context.talk(&format!("{} of {} files {done}\n", changed.len(), texts.len()));
    findings.sort(&sources);
    if !findings.is_empty() {
        context.show_findings(&findings, &sources);
    }
    Ok(match () {
        () if findings.has_errors() || is_unread => exit::DATA,
        () if args.check && !changed.is_empty() => exit::ERROR,
        () => exit::OK,
    })
}

fn stdin(context: &Context, check: bool) -> Outcome {
    let bytes = disk::read_stdin_bounded(files::Limits::default().file_bytes_max)
        .map_err(|error| Failure::from_error(exit::DATA, &error))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::new(exit::DATA, "what stands on standard input is not UTF-8"))?;
    let mut sources = Sources::new();
    let id = sources.add_text("standard input", text.as_str());
    match manifest::format(&text, id) {
        Err(findings) => {
            context.show_findings(&findings, &sources);
            Ok(exit::DATA)
        }
        Ok(after) if !check => context.out(&after).map(|()| exit::OK),
        Ok(after) if after == text => Ok(exit::OK),
        Ok(after) => context.out(&difference(Utf8Path::new("standard input"), &text, &after)).map(|()| exit::ERROR),
    }
}

fn left_alone(name: &str, why: &str) -> Failure {
    Failure::new(exit::ERROR, format!("`{name}` {why}, and is as it was")).help("run it again")
}

/// Two texts as a unified diff.
fn difference(name: &Utf8Path, before: &str, after: &str) -> String {
    let name = visible(name.as_str());
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(3).header(&name, &format!("{name} (formatted)")).to_string();
    // Carriage returns are what often differs, and nobody sees them.
    visible_json(&text).into_owned()
}

/// Texts by their real path, each once.
#[derive(Default)]
struct Found {
    texts: BTreeMap<Utf8PathBuf, String>,
    is_unread: bool,
}

impl Found {
    fn path(&mut self, context: &Context, path: &Utf8Path) -> Result<(), Failure> {
        let real =
            context.directory.join(path).canonicalize_utf8().map_err(|error| {
                Failure::new(exit::USAGE, format!("cannot open `{}`: {error}", visible(path.as_str())))
            })?;
        if real.join(PROJECT_FILE).as_std_path().is_file() {
            self.project(context, &real);
        } else if real.as_std_path().is_dir() {
            self.read(context, &real, &[(".".to_owned(), Location::Nowhere)], Sources::new());
        } else {
            let (root, name) = (real.parent().unwrap_or(Utf8Path::new("/")), real.file_name().unwrap_or_default());
            self.read(context, root, &[(name.to_owned(), Location::Nowhere)], Sources::new());
        }
        Ok(())
    }

    /// The project file, and the manifests and overlays that it names.
    fn project(&mut self, context: &Context, root: &Utf8Path) {
        let mut sources = Sources::new();
        let (id, _) = files::read_project_file(root, &files::Limits::default(), &mut sources);
        let project = id.and_then(|id| Some((manifest::read_project(&sources, id).0?, id)));
        let mut entries = vec![(PROJECT_FILE.to_owned(), Location::Nowhere)];
        if let Some((project, id)) = &project {
            entries.extend(manifest::manifest_entries(project, *id));
            for server in project.servers.keys() {
                entries.extend(manifest::overlay_entries(project, *id, server));
            }
        } else {
            self.is_unread = true;
            context.talk(
                "error: `consign.yaml` cannot be read, so what it names is not known; `consign validate` says why\n",
            );
        }
        self.read(context, root, &entries, sources);
    }

    fn read(&mut self, context: &Context, root: &Utf8Path, entries: &[(String, Location)], mut sources: Sources) {
        let (ids, mut findings) = files::read_sources(root, entries, &files::Limits::default(), &mut sources);
        manifest::locate(&mut findings, &sources);
        if !findings.is_empty() {
            context.show_findings(&findings, &sources);
        }
        self.is_unread |= findings.has_errors();
        let root = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
        for id in ids {
            self.texts.insert(root.join(sources.path(id)), sources.text(id).to_owned());
        }
    }
}
