//! Revisions, as commands speak of them: what is planned, what it is judged by, and where it was checked out.

use std::sync::Arc;

use camino::Utf8Path;

use crate::cli::context::Context;
use crate::cli::context::Ground;
use crate::cli::context::Opened;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::Sources;
use crate::diag::visible;
use crate::diff::governed;
use crate::manifest;
use crate::model::project::Project;
use crate::model::project::SecretSource;
use crate::model::project::ServerConfig;
use crate::plan::origin;
use crate::plan::origin::Origin;
use crate::sys::disk;
use crate::sys::environment;
use crate::sys::files::Limits;
use crate::sys::files::PROJECT_FILE;
use crate::sys::git;
use crate::sys::git::GitError;
use crate::sys::git::Head;
use crate::sys::git::ObjectId;
use crate::sys::git::Repository;
use crate::sys::git::pipeline::Pipeline;
use crate::sys::git::snapshot::Snapshot;

/// The largest certificate file that is compared with its base.
const CA_BYTES_MAX: u64 = 1 << 20;

/// Which revisions a command was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Plan this one; absent: what is on disk.
    pub revision: Option<String>,
    /// Judge it by the policy of this one.
    pub base: Option<String>,
    /// Whether the environment may name the base: `CONSIGN_BASE`, or a pipeline's own variables.
    pub follow_pipeline: bool,
}

/// The revisions that a command works with.
pub struct Revisions {
    /// Where manifests are read.
    pub ground: Ground,
    /// The commit that they are of: the one that was asked for, or the one that is checked out.
    commit: Option<Arc<Snapshot>>,
    branch: Option<String>,
    /// What the plan is judged by.
    pub base: Option<Judge>,
}

/// The project file that a proposal is judged by.
pub struct Judge {
    /// What it was asked for by, its commit, and how far the proposal is behind it.
    pub origin: origin::Base,
    /// What it says.
    pub project: Project,
    snapshot: Snapshot,
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let exit = if matches!(error, GitError::NoRevision { .. }) { exit::USAGE } else { exit::CONFIG };
        let help = error.help();
        Self::from_error(exit, &error).help(help)
    }
}

/// The base that the environment names: `CONSIGN_BASE`, or the target of a pipeline's pull request.
fn named_base(pipeline: &Pipeline) -> Option<String> {
    environment::variable("CONSIGN_BASE").filter(|base| !base.is_empty()).or_else(|| pipeline.target.clone())
}

/// Brings a project on disk under the policy and the servers of the base, where the environment names one: no command
/// connects to where a proposal points, nor trusts whom it trusts.
pub fn govern(context: &Context, opened: &mut Opened) -> Result<(), Failure> {
    if named_base(&Pipeline::of_environment()).is_none() {
        return Ok(());
    }
    let asked = Asked { follow_pipeline: true, ..Asked::default() };
    let revisions = find(context, &opened.root, &asked)?;
    let (Some(base), Some(proposed)) = (&revisions.base, &opened.project) else { return Ok(()) };
    let project = governed(&base.project, proposed);
    for config in project.servers.values() {
        base.trusts(&opened.root, config, revisions.snapshot())?;
    }
    opened.project = Some(project);
    Ok(())
}

/// Finds the revisions that were asked for. Without any, a project outside of Git is as good as one inside, and a
/// repository that cannot be read is worth a note.
pub fn find(context: &Context, root: &Utf8Path, asked: &Asked) -> Result<Revisions, Failure> {
    let pipeline = Pipeline::of_environment();
    let base = asked.base.clone().or_else(|| if asked.follow_pipeline { named_base(&pipeline) } else { None });
    let is_needed = asked.revision.is_some() || base.is_some();
    let nothing = || Revisions { ground: Ground::Disk, commit: None, branch: None, base: None };
    let repository = match git::open(root) {
        Ok(repository) => repository,
        Err(error) if is_needed => return Err(error.into()),
        Err(error) => {
            if !matches!(error, GitError::NoRepository(_) | GitError::Bare(_)) {
                let help = error.help();
                let message = visible(&error.to_string()).into_owned();
                context.talk(&format!("note: the plan names no commit: {message}\n  help: {}\n", visible(&help)));
            }
            return Ok(nothing());
        }
    };
    let head = match repository.head() {
        Ok(head) => head,
        Err(error) if is_needed => return Err(error.into()),
        Err(_) => None,
    };
    let (commit, branch) = planned(&*repository, asked, head, &pipeline)?;
    let Some(commit) = commit else {
        return if is_needed { Err(no_commit().into()) } else { Ok(nothing()) };
    };
    let snapshot = match Snapshot::of(&repository, &commit, root) {
        Ok(snapshot) => Arc::new(snapshot),
        Err(error) if is_needed => return Err(error.into()),
        // Trees that are not there keep nobody from planning what is on disk.
        Err(_) => return Ok(nothing()),
    };
    let ground = match &asked.revision {
        Some(_) => Ground::Commit(Arc::clone(&snapshot)),
        None => Ground::Disk,
    };
    let base = base.map(|base| judge(context, &repository, root, base, &commit)).transpose()?;
    if base.is_none() && asked.revision.is_some() {
        is_governed(&snapshot, root, asked.revision.as_deref().unwrap_or_default())?;
    }
    Ok(Revisions { ground, commit: Some(snapshot), branch, base })
}

/// Whether a revision that is planned without a base says of servers and secrets what is checked out: where it does not,
/// nobody knows yet which of the two governs.
fn is_governed(snapshot: &Snapshot, root: &Utf8Path, revision: &str) -> Result<(), Failure> {
    let here = disk::read_bounded(&root.join(PROJECT_FILE), CA_BYTES_MAX);
    let here = here.map_err(|error| Failure::from_error(exit::CONFIG, &error))?;
    if snapshot.blob(PROJECT_FILE).is_none_or(|there| *there == snapshot.blob_id(&here)) {
        return Ok(());
    }
    let revision = visible(revision);
    let message = format!(
        "`{PROJECT_FILE}` of `{revision}` is not the one that is checked out, and it names servers and secrets"
    );
    let help = format!(
        "say which one governs: `--base HEAD`, or `--base {revision}` where you trust it; nothing was connected to"
    );
    Err(Failure::new(exit::USAGE, message).help(help))
}

fn no_commit() -> GitError {
    GitError::NoRevision { revision: "HEAD".to_owned(), shallow: false }
}

/// The commit that is planned, or that what is on disk was checked out from, and its branch.
fn planned(
    repository: &dyn Repository,
    asked: &Asked,
    head: Option<Head>,
    pipeline: &Pipeline,
) -> Result<(Option<ObjectId>, Option<String>), Failure> {
    if let Some(revision) = &asked.revision {
        let commit = repository.commit(revision)?;
        let head = head.filter(|head| head.commit == commit && revision == "HEAD");
        let is_branch = repository.commit(&format!("refs/heads/{revision}")).is_ok_and(|found| found == commit);
        let branch = if is_branch { Some(revision.clone()) } else { head.and_then(|head| head.branch) };
        return Ok((Some(commit), branch));
    }
    Ok(match head {
        Some(Head { commit, branch }) => (Some(commit), branch.or_else(|| pipeline.branch.clone())),
        None => (None, None),
    })
}

/// The project file at the base, and how far a commit is behind it.
fn judge(
    context: &Context,
    repository: &Arc<dyn Repository>,
    root: &Utf8Path,
    revision: String,
    planned: &ObjectId,
) -> Result<Judge, Failure> {
    let commit = repository.commit(&revision)?;
    repository.merge_base(planned, &commit)?;
    let behind = repository.apart(planned, &commit)?.behind;
    let snapshot = Snapshot::of(repository, &commit, root)?;
    let mut sources = Sources::new();
    let (source, mut findings) = snapshot.read_project_file(&Limits::default(), &mut sources)?;
    let mut project = None;
    if let Some(source) = source {
        let (read, more) = manifest::read_project(&sources, source);
        findings.extend(more);
        project = read;
    }
    match project.filter(|_| !findings.has_errors()) {
        Some(project) => {
            let origin = origin::Base { revision, commit: commit.to_string(), behind };
            Ok(Judge { origin, project, snapshot })
        }
        None => {
            manifest::locate(&mut findings, &sources);
            findings.sort(&sources);
            context.show_findings(&findings, &sources);
            let message = format!("the policy of the base `{}` cannot be read", visible(&revision));
            Err(Failure::new(exit::CONFIG, message).help("mend it there first; a proposal is never its own judge"))
        }
    }
}

impl Judge {
    /// Holds a server's certificate file to the base: it says whom to trust, and so it is policy as well.
    ///
    /// # Errors
    /// When the proposal brings another one; or when the base has a program of the project itself run for a secret, which
    /// here would be the proposal's.
    pub fn trusts(&self, root: &Utf8Path, config: &ServerConfig, proposed: Option<&Snapshot>) -> Result<(), Failure> {
        is_not_run(config.program_of_project())?;
        let Some(path) = &config.ca_file else { return Ok(()) };
        let at_base = self.snapshot.blob(path);
        let is_proposed = proposed.is_some_and(|snapshot| snapshot.blob(path).is_some());
        if at_base.is_none() && !is_proposed {
            return Ok(()); // No part of the repository: the pipeline puts it there.
        }
        let here = disk::read_bounded(&root.join(path), CA_BYTES_MAX);
        let here = here.map_err(|error| Failure::from_error(exit::CONFIG, &error))?;
        if at_base == Some(&self.snapshot.blob_id(&here)) {
            return Ok(());
        }
        let message = format!("`{}` is not what it is at the base, and it says which servers to trust", visible(path));
        Err(Failure::new(exit::CONFIG, message).help("change it in a proposal of its own; nothing was connected to"))
    }
}

/// Holds secrets to programs that no proposal brings.
///
/// # Errors
/// When one is the project's own.
pub fn runs_nothing_of_the_project<'s>(mut sources: impl Iterator<Item = &'s SecretSource>) -> Result<(), Failure> {
    is_not_run(sources.find_map(SecretSource::program_of_project))
}

fn is_not_run(program: Option<&str>) -> Result<(), Failure> {
    let Some(program) = program else { return Ok(()) };
    let message =
        format!("`{}` is run for a secret, and a proposal may bring another one of that name", visible(program));
    let help = "name a program that is installed, or give the secret by `env`; nothing was run";
    Err(Failure::new(exit::CONFIG, message).help(help))
}

impl Revisions {
    /// The commit that is planned or checked out.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.commit.as_deref()
    }

    /// Where the manifests come from, as a plan tells it. `is_same` says whether what was read is what the commit has.
    pub fn origin(&self, is_same: impl FnOnce(&Snapshot) -> bool) -> Option<Origin> {
        let snapshot = self.commit.as_ref()?;
        let clean = matches!(self.ground, Ground::Commit(_)) || is_same(snapshot);
        let base = self.base.as_ref().map(|base| base.origin.clone());
        Some(Origin { commit: snapshot.commit().to_string(), branch: self.branch.clone(), clean, base })
    }
}
