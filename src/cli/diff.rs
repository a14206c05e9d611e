//! `consign diff`: what two revisions of the manifests differ in. No server is asked.
//!
//! A file that both revisions have, byte for byte and wherever it stands, declares the same in both, and is left out of
//! the comparison. All that has to be known of it is which items it declares, so that one that is declared twice is
//! found; that is remembered from run to run by the file's content. What is told as a difference never comes from there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::cli::args::DiffArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::VERSION;
use crate::cli::context::find_root;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::report;
use crate::cli::report::reported;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::visible;
use crate::diff::policy_changes;
use crate::manifest;
use crate::manifest::Overlays;
use crate::model::kind::Kind;
use crate::model::project::Project;
use crate::plan::revisions;
use crate::plan::revisions::Counts;
use crate::plan::revisions::Revision;
use crate::plan::revisions::RevisionDiff;
use crate::report::view::View;
use crate::rules::manifest::MAN_13;
use crate::sys::cache;
use crate::sys::cache::Lines;
use crate::sys::cache::Memory;
use crate::sys::files;
use crate::sys::files::Limits;
use crate::sys::git;
use crate::sys::git::GitError;
use crate::sys::git::ObjectId;
use crate::sys::git::Repository;
use crate::sys::git::pipeline::Pipeline;
use crate::sys::git::snapshot::Found;
use crate::sys::git::snapshot::Snapshot;

/// The kind of what is remembered, and the version of its form.
const MEMORY: &str = "declared-1";

/// How many files of earlier runs are remembered at most.
const REMEMBERED_MAX: usize = 200_000;

/// Runs it.
pub fn run(context: &Context, args: &DiffArgs) -> Outcome {
    reported(context, "diff", &args.report, compare_and_show(context, args))
}

fn compare_and_show(context: &Context, args: &DiffArgs) -> Outcome {
    let root = find_root(&context.directory)?;
    let repository = git::open(&root)?;
    let (mut from, mut to) = sides(&repository, &root, args)?;
    from.read_project(&root)?;
    to.read_project(&root)?;
    let (Some(before), Some(after)) = (from.project.clone(), to.project.clone()) else {
        show_findings(context, &mut from, &mut to);
        let side = if from.project.is_none() { &from } else { &to };
        return Err(Failure::found(exit::CONFIG, &side.findings, &side.sources));
    };
    let server = server(context, args, &before, &after)?;
    let memory = args.cache_dir.as_ref().map(|given| context.directory.join(given)).or_else(cache::directory);
    let memory = memory.map(|directory| Memory::of(&directory, MEMORY, VERSION, root.as_str()));
    let (before_site, after_site) = load(&root, &mut from, &mut to, server.as_deref(), memory.as_ref())?;
    let changes = revisions::changes(&before_site, &after_site);
    let unread: BTreeSet<_> = before_site.unread.iter().chain(&after_site.unread).cloned().collect();
    let is_whole = !from.findings.has_errors() && !to.findings.has_errors();
    let diff = RevisionDiff {
        format_version: revisions::FORMAT_VERSION.to_owned(),
        consign_version: VERSION.to_owned(),
        from: from.revision.clone(),
        to: to.revision.clone(),
        server,
        complete: is_whole && unread.is_empty(),
        policy_changes: policy_changes(&before, &after),
        summary: Counts::of(&changes),
        changes,
        not_compared: unread.into_iter().collect(),
    };
    show_findings(context, &mut from, &mut to);
    let is_different = !diff.changes.is_empty() || !diff.policy_changes.is_empty();
    let exit = if !diff.complete {
        exit::DATA
    } else if is_different && args.detailed_exitcode {
        exit::CHANGES
    } else {
        exit::OK
    };
    let found = [(&from.findings, &from.sources), (&to.findings, &to.sources)];
    let view = View::of_diff(&diff, &found, &report::about(Some(&root), exit));
    report::write(context, &view, &args.report, args.full)?;
    // What was read lives as long as the command, which ends here; freeing it piece by piece would only take time.
    std::mem::forget((from, to, before_site, after_site, diff));
    Ok(exit)
}

/// One of the two revisions.
struct Side {
    revision: Revision,
    /// What is on disk, where there is none.
    snapshot: Option<Arc<Snapshot>>,
    repository: Arc<dyn Repository>,
    sources: Sources,
    findings: Diagnostics,
    project: Option<Project>,
    project_source: Option<SourceId>,
    /// The texts of what is on disk, by path.
    on_disk: BTreeMap<Utf8PathBuf, SourceId>,
}

/// The two revisions that were asked for. Without any: what is on disk against HEAD, or in a pull request against where
/// it left its target.
fn sides(repository: &Arc<dyn Repository>, root: &Utf8Path, args: &DiffArgs) -> Result<(Side, Side), Failure> {
    let target = Pipeline::of_environment().target;
    let (from, parted) = match (&args.from, target) {
        (Some(from), _) => (from.clone(), args.merge_base),
        (None, Some(target)) => (target, true),
        (None, None) => ("HEAD".to_owned(), args.merge_base),
    };
    let mut from_commit = repository.commit(&from)?;
    let to_commit = match &args.to {
        Some(to) => Some(repository.commit(to)?),
        None => None,
    };
    if parted {
        let end = match &to_commit {
            Some(commit) => commit.clone(),
            None => repository.commit("HEAD")?,
        };
        from_commit = repository.merge_base(&from_commit, &end)?;
    }
    let head = || repository.head().ok().flatten().map(|head| head.commit);
    let to_snapshot = match &to_commit {
        Some(commit) => Some(Arc::new(Snapshot::of(repository, commit, root)?)),
        None => None,
    };
    let shown = to_commit.or_else(head);
    let from_snapshot = Some(Arc::new(Snapshot::of(repository, &from_commit, root)?));
    let from_revision = Revision { revision: Some(from), commit: Some(from_commit.to_string()) };
    let to_revision = Revision { revision: args.to.clone(), commit: shown.map(|commit| commit.to_string()) };
    Ok((
        Side::new(from_revision, from_snapshot, Arc::clone(repository)),
        Side::new(to_revision, to_snapshot, Arc::clone(repository)),
    ))
}

/// The server whose variables and overlays hold: the one that was asked for, or the only one.
fn server(context: &Context, args: &DiffArgs, before: &Project, after: &Project) -> Result<Option<String>, Failure> {
    let names: BTreeSet<&String> = before.servers.keys().chain(after.servers.keys()).collect();
    if let Some(asked) = &args.server.server {
        if names.contains(asked) {
            return Ok(Some(asked.clone()));
        }
        let message = format!("neither revision has a server `{}`", visible(asked));
        return Err(Failure::new(exit::CONFIG, message).help("servers are listed under `servers` in `consign.yaml`"));
    }
    if names.len() == 1 {
        return Ok(names.into_iter().next().cloned());
    }
    let overlays = before.servers.values().chain(after.servers.values()).any(|server| !server.overlays.is_empty());
    if overlays {
        context.talk("note: what overlays change is left out; say with --server whose are to be laid over\n");
    }
    Ok(None)
}

impl Side {
    fn new(revision: Revision, snapshot: Option<Arc<Snapshot>>, repository: Arc<dyn Repository>) -> Self {
        Self {
            revision,
            snapshot,
            repository,
            sources: Sources::new(),
            findings: Diagnostics::new(),
            project: None,
            project_source: None,
            on_disk: BTreeMap::new(),
        }
    }

    fn read_project(&mut self, root: &Utf8Path) -> Result<(), GitError> {
        let limits = Limits::default();
        let (source, findings) = match &self.snapshot {
            Some(snapshot) => snapshot.read_project_file(&limits, &mut self.sources)?,
            None => files::read_project_file(root, &limits, &mut self.sources),
        };
        self.findings.extend(findings);
        self.project_source = source;
        if let Some(source) = source {
            let (project, findings) = manifest::read_project(&self.sources, source);
            self.findings.extend(findings);
            self.project = project;
        }
        Ok(())
    }

    /// The files that entries lead to, with the names of their contents.
    fn find(&mut self, root: &Utf8Path, entries: &[(String, Location)]) -> Result<Vec<Found>, GitError> {
        let limits = Limits::default();
        if let Some(snapshot) = &self.snapshot {
            let (found, findings) = snapshot.find(entries, &limits, &mut self.sources)?;
            self.findings.extend(findings);
            return Ok(found);
        }
        let (ids, findings) = files::read_sources(root, entries, &limits, &mut self.sources);
        self.findings.extend(findings);
        let name = |id: &SourceId| {
            let source = self.sources.get(*id);
            // Line ends as Git keeps them, so that a checkout that changes them changes nothing.
            let blob = match source.text.contains("\r\n") {
                true => self.repository.blob_id(source.text.replace("\r\n", "\n").as_bytes()),
                false => self.repository.blob_id(source.text.as_bytes()),
            };
            (source.path.clone(), blob)
        };
        let found: Vec<Found> = ids.iter().map(name).collect();
        self.on_disk.extend(found.iter().map(|(path, _)| path.clone()).zip(ids));
        Ok(found)
    }

    /// Reads files that were found.
    fn read(&mut self, found: &[Found]) -> Result<Vec<SourceId>, GitError> {
        match &self.snapshot {
            Some(snapshot) => snapshot.read(found, &Limits::default(), &mut self.sources, &mut self.findings),
            None => Ok(found.iter().filter_map(|(path, _)| self.on_disk.get(path).copied()).collect()),
        }
    }

    fn overlays(&mut self, root: &Utf8Path, server: Option<&str>) -> Result<Overlays, GitError> {
        let (Some(project), Some(source), Some(server)) = (&self.project, self.project_source, server) else {
            return Ok(Overlays::default());
        };
        let entries = manifest::overlay_entries(project, source, server);
        if entries.is_empty() {
            return Ok(Overlays::default());
        }
        let found = self.find(root, &entries)?;
        let ids = self.read(&found)?;
        let (overlays, findings) = manifest::parse_overlays(&self.sources, &ids);
        self.findings.extend(findings);
        Ok(overlays)
    }

    fn manifests(&mut self, root: &Utf8Path) -> Result<Vec<Found>, GitError> {
        let entries = match (&self.project, self.project_source) {
            (Some(project), Some(source)) => manifest::manifest_entries(project, source),
            _ => Vec::new(),
        };
        self.find(root, &entries)
    }

    /// What some files declare, for a server that may be one that this revision does not have.
    fn site(
        &mut self,
        found: &[Found],
        server: Option<&str>,
        overlays: &Overlays,
        is_whole: bool,
    ) -> Result<(Loaded, Declared), GitError> {
        let mut declared = Declared::new();
        let Some(project) = self.project.clone().filter(|_| !found.is_empty()) else {
            return Ok((Loaded::default(), declared));
        };
        let server = server.filter(|name| project.servers.contains_key(*name));
        let ids = self.read(found)?;
        let (manifests, mut findings) = manifest::parse(&self.sources, &ids);
        if !is_whole {
            // That some of the files hold nothing says nothing of the others.
            let is_empty = |finding: &Diagnostic| finding.rule == &MAN_13 && finding.at == Location::Nowhere;
            findings = findings.iter().filter(|finding| !is_empty(finding)).cloned().collect();
        }
        let blobs: BTreeMap<&Utf8Path, &ObjectId> = found.iter().map(|(path, id)| (path.as_path(), id)).collect();
        let blob_of = |source: SourceId| blobs.get(self.sources.path(source)).copied();
        for blob in ids.iter().filter_map(|id| blob_of(*id)) {
            declared.insert(blob.clone(), Names { names: Vec::new(), is_sound: true });
        }
        for (source, kind, name, is_ready) in manifests.declared() {
            if let Some(known) = blob_of(source).and_then(|blob| declared.get_mut(blob)) {
                known.names.push((kind, name.to_owned()));
                // With variables, what it says depends on more than its content.
                known.is_sound &= is_ready;
            }
        }
        let (loaded, more) = manifests.into_site(&project, server, overlays);
        findings.extend(more);
        for blob in findings.iter().filter_map(|finding| finding.at.source().and_then(blob_of)) {
            if let Some(known) = declared.get_mut(blob) {
                known.is_sound = false;
            }
        }
        self.findings.extend(findings);
        Ok((loaded, declared))
    }
}

/// What files declare, by content.
type Declared = BTreeMap<ObjectId, Names>;

/// What one file declares.
#[derive(Clone, Debug, Default)]
struct Names {
    names: Vec<(Kind, String)>,
    /// Whether that follows from its content alone, with nothing wrong in it, and so may be remembered.
    is_sound: bool,
}

/// What the files that one revision has and the other has not declare, with those that overlays change; all files where
/// that could mislead.
fn load(
    root: &Utf8Path,
    from: &mut Side,
    to: &mut Side,
    server: Option<&str>,
    memory: Option<&Memory>,
) -> Result<(Loaded, Loaded), Failure> {
    let (before, after) = (from.manifests(root)?, to.manifests(root)?);
    let (over_before, over_after) = (from.overlays(root, server)?, to.overlays(root, server)?);
    let lines = memory.map(Memory::load).unwrap_or_default();
    let (kept_from, kept_to) = (from.findings.clone(), to.findings.clone());
    let mut known = Declared::new();
    let overlays = (&over_before, &over_after);
    let part = if is_same_view(from, to, server) {
        load_part((from, &before), (to, &after), server, overlays, &lines, &mut known)?
    } else {
        None
    };
    let loaded = match part {
        Some(loaded) => loaded,
        None => {
            (from.findings, to.findings) = (kept_from, kept_to);
            let (loaded_before, declared) = from.site(&before, server, &over_before, true)?;
            known.extend(declared);
            let (loaded_after, declared) = to.site(&after, server, &over_after, true)?;
            known.extend(declared);
            (loaded_before, loaded_after)
        }
    };
    remember(memory, lines, &known);
    Ok(loaded)
}

/// What the files declare that are not in both revisions; `None` where these alone could mislead: something is wrong in a
/// file that both have, or an item is declared twice.
fn load_part(
    (from, before): (&mut Side, &[Found]),
    (to, after): (&mut Side, &[Found]),
    server: Option<&str>,
    (over_before, over_after): (&Overlays, &Overlays),
    lines: &Lines,
    known: &mut Declared,
) -> Result<Option<(Loaded, Loaded)>, Failure> {
    let ids = |found: &[Found]| found.iter().map(|(_, id)| id.clone()).collect::<BTreeSet<ObjectId>>();
    let (ids_before, ids_after) = (ids(before), ids(after));
    for id in ids_before.intersection(&ids_after) {
        if let Some(names) = lines.get(id.as_str()).and_then(|line| serde_json::from_str(line).ok()) {
            known.insert(id.clone(), Names { names, is_sound: true });
        }
    }
    // What both have and nobody remembers is read once, to be remembered.
    let n_findings = to.findings.iter().count();
    let unknown = |(_, id): &&Found| ids_before.contains(id) && !known.contains_key(id);
    let unknown: Vec<Found> = after.iter().filter(unknown).cloned().collect();
    let (loaded, declared) = to.site(&unknown, server, &Overlays::default(), false)?;
    if !loaded.unread.is_empty() || to.findings.iter().count() != n_findings {
        return Ok(None);
    }
    known.extend(declared);
    let overlaid: BTreeSet<(Kind, &str)> = over_before.items().chain(over_after.items()).collect();
    let is_overlaid = |id: &ObjectId| {
        let names = known.get(id).map(|known| known.names.as_slice()).unwrap_or_default();
        names.iter().any(|(kind, name)| overlaid.contains(&(*kind, name.as_str())))
    };
    let pick = |found: &[Found], other: &BTreeSet<ObjectId>| -> Vec<Found> {
        found.iter().filter(|(_, id)| !other.contains(id) || is_overlaid(id)).cloned().collect()
    };
    let (part_before, part_after) = (pick(before, &ids_after), pick(after, &ids_before));
    let (loaded_before, declared_before) = from.site(&part_before, server, over_before, false)?;
    let (loaded_after, declared_after) = to.site(&part_after, server, over_after, false)?;
    known.extend(declared_before);
    known.extend(declared_after);
    let declares = |found: &[Found]| found.iter().any(|(_, id)| known.get(id).is_some_and(|one| !one.names.is_empty()));
    let is_sound = |found: &[Found]| declares(found) && is_each_once(found, known);
    let is_sound = is_sound(before) && is_sound(after);
    Ok(is_sound.then_some((loaded_before, loaded_after)))
}

/// Whether the same file says the same in both: the same variables, and the same folder where none is written.
fn is_same_view(from: &Side, to: &Side, server: Option<&str>) -> bool {
    let view = |side: &Side| {
        let servers = side.project.as_ref().map(|project| &project.servers).into_iter().flatten();
        let servers = servers.filter(|(name, _)| server.is_none_or(|server| server == name.as_str()));
        let view =
            servers.map(|(name, config)| (name.clone(), config.variables.clone(), config.folders.first().cloned()));
        view.collect::<Vec<_>>()
    };
    view(from) == view(to)
}

/// Whether no two files of a revision declare an item of one name, nor a second one of a kind of which there is one.
fn is_each_once(found: &[Found], known: &Declared) -> bool {
    let mut seen: BTreeSet<(Kind, &str)> = BTreeSet::new();
    let all = found.iter().filter_map(|(_, id)| known.get(id)).flat_map(|known| &known.names);
    all.into_iter().all(|(kind, name)| seen.insert((*kind, if kind.is_singleton() { "" } else { name.as_str() })))
}

/// Remembers what sound files declare, those of this run first.
fn remember(memory: Option<&Memory>, mut lines: Lines, known: &Declared) {
    let Some(memory) = memory else { return };
    let n_before = lines.len();
    let mut is_new = false;
    if n_before > REMEMBERED_MAX {
        lines.clear();
        is_new = true;
    }
    for (id, known) in known.iter().filter(|(_, known)| known.is_sound) {
        if let Ok(line) = serde_json::to_string(&known.names)
            && lines.get(id.as_str()) != Some(&line)
        {
            lines.insert(id.to_string(), line);
            is_new = true;
        }
    }
    if is_new {
        memory.save(&lines);
    }
}

fn show_findings(context: &Context, from: &mut Side, to: &mut Side) {
    for side in [from, to] {
        if side.findings.is_empty() {
            continue;
        }
        let name = side
            .revision
            .revision
            .as_deref()
            .map_or("what is on disk".to_owned(), |name| format!("`{}`", visible(name)));
        context.talk(&format!("In {name}:\n"));
        manifest::locate(&mut side.findings, &side.sources);
        side.findings.sort(&side.sources);
        context.show_findings(&side.findings, &side.sources);
    }
}
