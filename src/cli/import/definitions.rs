//! `consign import FILE… --out DIR`: what other tools defined, as manifests.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use rayon::prelude::*;

use super::free_path;
use crate::check;
use crate::cli::args::ImportArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::new::schema;
use crate::definition;
use crate::definition::Content;
use crate::definition::Draft;
use crate::definition::Given;
use crate::definition::Imported;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::visible;
use crate::manifest;
use crate::manifest::Overlays;
use crate::model::kind::Kind;
use crate::model::project::Project;
use crate::model::project::Severity;
use crate::rules::import::IMP_9;
use crate::rules::manifest::MAN_8;
use crate::sys::disk;
use crate::sys::environment;
use crate::sys::files;
use crate::sys::gather;
use crate::sys::gather::Found;
use crate::sys::gather::Unread;

/// The most that is read in one run, as of manifests (MAN-7).
const RUN_BYTES_MAX: u64 = 256 << 20;
/// Of how many files is said why they are no definitions, where none is one.
const OTHERS_TOLD_MAX: usize = 50;

/// Runs it.
pub(super) fn run(context: &Context, args: &ImportArgs) -> Outcome {
    // A pipeline may have the variable set for all its commands; who writes the flag means it.
    if args.server.server.is_some() && args.server.server != environment::variable("CONSIGN_SERVER") {
        return Err(Failure::new(exit::USAGE, "files and `--server` exclude each other")
            .help("import the files first, and what the server holds into another directory"));
    }
    let given = given(context, args)?;
    let mut imported = definition::read(given, args.encoding.as_deref());
    if !imported.findings.is_empty() {
        context.show_findings(&imported.findings, &imported.sources);
    }
    if imported.n_read == 0 {
        for line in others(&imported) {
            context.talk(&line);
        }
        let message = match imported.others.len() {
            1 => "the only file is no definition".to_owned(),
            n => format!("none of {n} files is a definition"),
        };
        return Err(Failure::new(exit::DATA, message)
            .help("package definition files, winget manifests and client policy documents are imported"));
    }
    let out = context.directory.join(&args.out);
    let ground = Ground::of(&out);
    let texts = ground.sound(context, &mut imported, &out)?;
    stays_inside(context, ground.root.as_deref(), &out, &texts)?;
    let fresh = fresh(context, &texts, &out)?;
    disk::write_new(&out, &fresh).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    context.talk(&summary(args, &imported, &texts, fresh.len()));
    Ok(if imported.n_refused > 0 || imported.findings.has_errors() { exit::DATA } else { exit::OK })
}

fn summary(args: &ImportArgs, imported: &Imported, texts: &Texts, n_fresh: usize) -> String {
    let of = |kind: Kind| imported.drafts.iter().filter(|draft| draft.item.key.kind == kind).count();
    let n_programs = imported.drafts.iter().map(|draft| draft.programs.len()).sum();
    let mut out = format!("{} with {}", counted(of(Kind::Package), "package"), counted(n_programs, "program"));
    for (kind, what) in [(Kind::Task, "task"), (Kind::SequentialTask, "sequential task")] {
        if of(kind) > 0 {
            out.push_str(&format!(", {}", counted(of(kind), what)));
        }
    }
    out.push_str(&format!(" from {}\n", counted(imported.n_read - imported.n_refused, "file")));
    out.push_str(&format!("{} written to `{}`", counted(n_fresh, "manifest"), visible(args.out.as_str())));
    let n_there = texts.len() - n_fresh;
    if n_there > 0 {
        out.push_str(&format!(", {n_there} there already"));
    }
    out.push('\n');
    if imported.n_refused > 0 {
        out.push_str(&format!("{} not imported; what stands above says why\n", counted(imported.n_refused, "file")));
    }
    if !imported.others.is_empty() {
        out.push_str(&format!("{} passed over, being no definition\n", counted(imported.others.len(), "file")));
    }
    out
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Why files are none, each on a line.
fn others(imported: &Imported) -> Vec<String> {
    let told = imported.others.iter().take(OTHERS_TOLD_MAX);
    let mut out: Vec<String> = told
        .map(|(id, why)| format!("{} is passed over: {why}\n", visible(imported.sources.path(*id).as_str())))
        .collect();
    let n_more = imported.others.len() - out.len();
    if n_more > 0 {
        out.push(format!("{} more\n", counted(n_more, "file")));
    }
    out
}

/// Manifests by their path below the directory.
type Texts = BTreeMap<Utf8PathBuf, String>;

fn given(context: &Context, args: &ImportArgs) -> Result<Vec<Given>, Failure> {
    if let Some(label) = &args.encoding
        && !definition::is_encoding(label)
    {
        return Err(Failure::new(exit::USAGE, format!("`{}` is no encoding", visible(label)))
            .help("such as windows-1252, windows-1250, shift_jis, gbk, utf-16le"));
    }
    if let Some(unc) = &args.source
        && !check::is_unc(unc)
    {
        return Err(Failure::new(exit::USAGE, format!("`{}` is no share", visible(unc)))
            .help("write it as `'\\\\server\\share'`, in single quotes, without `.`, `..` or empty parts (PKG-2)"));
    }
    let found = gather::gather(&context.directory, &args.files, definition::is_definition).map_err(|error| {
        let usage = matches!(error, gather::GatherError::Nothing(_) | gather::GatherError::Pattern { .. });
        Failure::from_error(if usage { exit::USAGE } else { exit::ERROR }, &error).help("nothing was written")
    })?;
    let bytes = AtomicU64::new(0);
    let given: Vec<Given> = found.into_par_iter().map(|found| read(context, args, found, &bytes)).collect();
    if bytes.into_inner() > RUN_BYTES_MAX {
        let message = format!("the definitions are more than {} MiB together", RUN_BYTES_MAX >> 20);
        return Err(Failure::new(exit::USAGE, message).help("import them in several runs; nothing was written"));
    }
    Ok(given)
}

fn read(context: &Context, args: &ImportArgs, found: Found, bytes: &AtomicU64) -> Given {
    let unc = args.source.as_ref().map(|share| {
        let parts = std::iter::once(share.trim_end_matches('\\')).chain(found.below.iter().map(String::as_str));
        parts.collect::<Vec<_>>().join("\\")
    });
    let most = definition::bytes_max(&found.path);
    let content = if bytes.load(Ordering::Relaxed) > RUN_BYTES_MAX {
        Content::TooLong(0) // The caller refuses all of it.
    } else {
        match gather::read(&context.directory.join(&found.path), most) {
            Ok(read) => {
                bytes.fetch_add(read.len() as u64, Ordering::Relaxed);
                Content::Bytes(read)
            }
            Err(Unread::TooLong(length)) => Content::TooLong(length),
            Err(Unread::Io(error)) => Content::Unreadable(error.to_string()),
        }
    };
    let path = found.path.as_str().replace('\\', "/").into();
    Given { path, bytes: content, is_named: found.is_named, unc }
}

/// Manifests by their path below the directory, each with the file that it comes from.
type Drafted = BTreeMap<Utf8PathBuf, (String, SourceId)>;

/// Each item in a file of its own, called after it.
fn texts(drafts: &[Draft], out: &Utf8Path, root: Option<&Utf8Path>) -> Drafted {
    let mut drafts: Vec<&Draft> = drafts.iter().collect();
    drafts.sort_by(|a, b| a.item.key.cmp(&b.item.key));
    let (mut texts, mut numbers) = (Drafted::new(), HashMap::new());
    for draft in drafts {
        let path = free_path(&texts, &mut numbers, &draft.item);
        let schema = root.and_then(|root| schema(root, &real(out).join(&path)));
        let modeline = schema.map(|schema| format!("# yaml-language-server: $schema={schema}\n"));
        texts.insert(path, (modeline.unwrap_or_default() + &draft.text(), draft.source));
    }
    texts
}

/// Nothing is written through a link that leads out of the project, or out of the directory where there is none (MAN-8).
fn stays_inside(context: &Context, root: Option<&Utf8Path>, out: &Utf8Path, texts: &Texts) -> Result<(), Failure> {
    let directory = context.directory.canonicalize_utf8().unwrap_or_else(|_| context.directory.clone());
    // Of the way to `out` only what lies in the project of the working directory is the project's own.
    let home = files::find_project(directory.as_std_path()).ok();
    let mut links = BTreeSet::new();
    if let Some(home) = &home
        && let Ok(below) = directory.join(out.strip_prefix(&context.directory).unwrap_or(out)).strip_prefix(home)
        && !below.components().any(|part| part == camino::Utf8Component::ParentDir)
    {
        links.extend(disk::way_out(home, home, below));
    }
    let bound = root.map_or_else(|| real(out), Utf8Path::to_owned);
    links.extend(texts.keys().filter_map(|path| disk::way_out(&bound, out, path)));
    if links.is_empty() {
        return Ok(());
    }
    let (mut findings, mut sources) = (Diagnostics::new(), Sources::new());
    for link in links {
        let id = sources.add_text(link.strip_prefix(&context.directory).unwrap_or(&link), "");
        let whose = if root.is_some() || home.is_some() { "the project" } else { "the directory of `--out`" };
        let message = format!("a symbolic link that leads out of {whose}");
        findings.push(
            Diagnostic::error(&MAN_8, Location::File(id), message)
                .help("nothing is written through it; remove the link, or import into another directory"),
        );
    }
    context.show_findings(&findings, &sources);
    Err(Failure::new(exit::ERROR, "manifests would be written to another place").help("nothing was written"))
}

/// A path that need not be there, by its nearest directory that is.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    for above in path.ancestors() {
        if let Ok(real) = above.canonicalize_utf8() {
            return path.strip_prefix(above).map_or_else(|_| path.to_owned(), |rest| real.join(rest));
        }
    }
    path.to_owned()
}

/// Those that are not there yet; a file that says something else stays, and ends the import (IMP-9).
fn fresh(context: &Context, texts: &Texts, out: &Utf8Path) -> Result<Vec<(Utf8PathBuf, String)>, Failure> {
    let (mut fresh, mut findings, mut sources) = (Vec::new(), Diagnostics::new(), Sources::new());
    for (path, text) in texts {
        let place = out.join(path);
        if !disk::is_there(&place) {
            fresh.push((path.clone(), text.clone()));
        } else if disk::read_bounded(&place, text.len() as u64).ok().as_deref() != Some(text.as_bytes()) {
            let shown = place.strip_prefix(&context.directory).unwrap_or(&place);
            let id = sources.add_text(shown, "");
            let message = "the file is there already, and says something else";
            findings.push(
                Diagnostic::error(&IMP_9, Location::File(id), message)
                    .help("import into another directory and compare, or delete it"),
            );
        }
    }
    if findings.is_empty() {
        return Ok(fresh);
    }
    context.show_findings(&findings, &sources);
    Err(Failure::new(exit::ERROR, "files that are there would have to be replaced").help("nothing was written"))
}

/// The project that the manifests go into, if there is one.
struct Ground {
    root: Option<Utf8PathBuf>,
    project: Project,
    sources: Sources,
    ids: Vec<SourceId>,
}

impl Ground {
    fn of(out: &Utf8Path) -> Self {
        let mut sources = Sources::new();
        let start = out.ancestors().find(|above| above.as_std_path().is_dir()).unwrap_or(out);
        let root = files::find_project(start.as_std_path()).ok();
        let read = root.as_ref().and_then(|root| {
            let (id, _) = files::read_project_file(root, &files::Limits::default(), &mut sources);
            let id = id?;
            let project = manifest::read_project(&sources, id).0?;
            let entries = manifest::manifest_entries(&project, id);
            let (ids, _) = files::read_sources(root, &entries, &files::Limits::default(), &mut sources);
            Some((project, ids))
        });
        let (project, ids) = read.unwrap_or_else(|| {
            let minimal = serde_json::json!({ "apiVersion": "consign/v1", "kind": "Project", "manifests": ["."] });
            (serde_json::from_value(minimal).expect("a project needs no more than manifests"), Vec::new())
        });
        Self { root, project, sources, ids }
    }

    /// The texts of the drafts that are sound together with what is there, as `validate` sees it. The others are errors of
    /// the files that they come from, and are gone from `imported` with all that those files gave.
    fn sound(&self, context: &Context, imported: &mut Imported, out: &Utf8Path) -> Result<Texts, Failure> {
        let mut refused = Diagnostics::new();
        let texts = loop {
            let texts = texts(&imported.drafts, out, self.root.as_deref());
            let found = self.judge(imported, &texts, out)?;
            let bad: BTreeSet<SourceId> = found.iter().filter_map(|one| one.at.source()).collect();
            if bad.is_empty() {
                break texts.into_iter().map(|(path, (text, _))| (path, text)).collect::<Texts>();
            }
            // What is left may have needed what goes.
            imported.drafts.retain(|draft| !bad.contains(&draft.source));
            imported.n_refused += bad.len();
            refused.extend(found);
        };
        if !refused.is_empty() {
            refused.sort(&imported.sources);
            context.show_findings(&refused, &imported.sources);
            if texts.is_empty() {
                let message = "the manifests would not be sound; what stands above says why";
                return Err(Failure::new(exit::DATA, message).help("nothing was written"));
            }
        }
        Ok(texts)
    }

    /// What is wrong with the manifests of drafts, each told at the file that the draft comes from.
    fn judge(&self, imported: &Imported, texts: &Drafted, out: &Utf8Path) -> Result<Diagnostics, Failure> {
        if texts.is_empty() {
            return Ok(Diagnostics::new());
        }
        let mut sources = self.sources.clone();
        let below = self.root.as_ref().and_then(|root| real(out).strip_prefix(root).ok().map(Utf8Path::to_owned));
        let below = below.unwrap_or_else(|| out.to_owned());
        let paths: BTreeMap<Utf8PathBuf, &(String, SourceId)> =
            texts.iter().map(|(path, drafted)| (below.join(path), drafted)).collect();
        let mut ids: Vec<SourceId> =
            self.ids.iter().copied().filter(|id| !paths.contains_key(sources.path(*id))).collect();
        let new: BTreeMap<SourceId, SourceId> =
            paths.into_iter().map(|(path, (text, from))| (sources.add_text(path, text.as_str()), *from)).collect();
        ids.extend(new.keys());
        let server = self.project.servers.keys().next().cloned();
        let (parsed, mut findings) = manifest::parse(&sources, &ids);
        let (loaded, more) = parsed.into_site(&self.project, server.as_deref(), &Overlays::default());
        findings.extend(more);
        findings.extend(check::validate(&loaded, &self.project));
        findings.apply_severities(&self.project.policy.severities);
        // What is wrong elsewhere in the project was so before.
        let is_error = |finding: &Diagnostic| finding.severity == Severity::Error;
        let mut ours: Diagnostics = findings.into_iter().filter(is_error).collect();
        manifest::locate(&mut ours, &sources);
        let told = ours.iter().flat_map(|finding| {
            let places = std::iter::once(&finding.at).chain(finding.labels.iter().map(|(at, _)| at));
            let ours = places.filter_map(|at| Some((at, *new.get(&at.source()?)?)));
            ours.map(|(at, from)| at_home(finding, at, from, &sources, &imported.sources)).collect::<Vec<_>>()
        });
        let told: Diagnostics = told.collect();
        if !told.is_empty() {
            return Ok(told);
        }
        let is_lost = |draft: &&Draft| {
            let keys = std::iter::once(&draft.item).chain(&draft.programs);
            keys.into_iter().any(|item| !loaded.site.items.contains_key(&item.key))
        };
        match imported.drafts.iter().find(is_lost) {
            Some(draft) => {
                let message = format!("{} does not read back as it was written", crate::diag::called(&draft.item.key));
                Err(Failure::new(exit::ERROR, message).help("nothing was written; please report this, with the file"))
            }
            None => Ok(told),
        }
    }
}

/// A finding of a manifest that does not exist, as one of the file that the manifest would be made of: where the same
/// words stand there, else at the file as a whole.
fn at_home(finding: &Diagnostic, at: &Location, from: SourceId, sources: &Sources, files: &Sources) -> Diagnostic {
    let words = match at {
        Location::Span { source, start, end } => sources.text(*source).get(*start..*end).unwrap_or_default(),
        _ => "",
    };
    let words = words.trim_matches(['\'', '"', ' ', '\n']);
    let found = (words.len() > 1 && !words.contains('\n')).then(|| files.text(from).find(words)).flatten();
    let place =
        found.map_or(Location::File(from), |start| Location::Span { source: from, start, end: start + words.len() });
    let message = format!("its manifest would not be sound: {}", finding.message);
    let told = Diagnostic::error(finding.rule, place, message);
    match &finding.help {
        Some(help) => told.help(help.clone()),
        None => told,
    }
}
