//! The built-in reader. libgit2 runs no program, and fetches nothing.

use std::ffi::OsStr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use git2::ErrorClass;
use git2::ErrorCode;
use git2::ObjectType;
use git2::Odb;
use git2::Oid;
use git2::RepositoryOpenFlags;

use super::Apart;
use super::Blob;
use super::Entry;
use super::GitError;
use super::Head;
use super::Mode;
use super::ObjectId;
use super::Repository;

/// How deep directories of a tree may lie in one another; manifests are limited to less (MAN-7).
const DEPTH_MAX: usize = 256;

/// A repository, open. Behind a lock, for libgit2's handles are not to be used by two threads at once.
pub(super) struct Libgit {
    repository: Mutex<git2::Repository>,
    work_tree: Utf8PathBuf,
}

/// Why a repository was not opened.
pub(super) enum Refused {
    /// It has a form that libgit2 does not know.
    UnknownForm(String),
    /// Anything else.
    Error(GitError),
}

impl Libgit {
    /// Opens the repository that a directory lies in.
    pub fn open(directory: &Utf8Path) -> Result<Self, Refused> {
        let none: [&OsStr; 0] = [];
        // Across file systems, for containers mount parts of a checkout; without the environment, which is not ours.
        let repository = git2::Repository::open_ext(directory, RepositoryOpenFlags::CROSS_FS, none)
            .map_err(|error| refused(directory, &error))?;
        let Some(work_tree) = repository.workdir() else {
            return Err(Refused::Error(GitError::Bare(directory.to_owned())));
        };
        let work_tree =
            Utf8PathBuf::from_path_buf(work_tree.to_owned()).ok().and_then(|path| path.canonicalize_utf8().ok());
        let Some(work_tree) = work_tree else {
            let because = "the path of its working tree is not UTF-8".to_owned();
            return Err(Refused::Error(GitError::Other { what: "open", because }));
        };
        Ok(Self { repository: Mutex::new(repository), work_tree })
    }

    fn lock(&self) -> MutexGuard<'_, git2::Repository> {
        // What is behind it is only read: a thread that panicked has left nothing half done.
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(directory: &Utf8Path, error: &git2::Error) -> Refused {
    let text = error.message();
    if error.code() == ErrorCode::Owner {
        return Refused::Error(GitError::Owner(directory.to_owned()));
    }
    if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Repository {
        return Refused::Error(GitError::NoRepository(directory.to_owned()));
    }
    let unknown = ["unsupported extension", "unknown object format", "unsupported repository version"];
    if unknown.iter().any(|part| text.contains(part)) {
        return Refused::UnknownForm(text.to_owned());
    }
    Refused::Error(GitError::Other { what: "open", because: text.to_owned() })
}

fn name_of(oid: Oid) -> ObjectId {
    ObjectId(oid.to_string())
}

fn oid(id: &ObjectId) -> Result<Oid, GitError> {
    Oid::from_str(id.as_str()).map_err(|_| GitError::Missing(id.to_string()))
}

fn other(what: &'static str) -> impl Fn(git2::Error) -> GitError {
    move |error| GitError::Other { what, because: error.message().to_owned() }
}

/// An object that is not there, or anything else.
fn missing(id: Oid) -> impl Fn(git2::Error) -> GitError {
    move |error| match error.code() {
        ErrorCode::NotFound => GitError::Missing(id.to_string()),
        _ => GitError::Other { what: "read", because: error.message().to_owned() },
    }
}

impl Repository for Libgit {
    fn work_tree(&self) -> &Utf8Path {
        &self.work_tree
    }

    fn commit(&self, revision: &str) -> Result<ObjectId, GitError> {
        let repository = self.lock();
        let shallow = repository.is_shallow();
        let found = repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
        match found {
            Ok(commit) => Ok(name_of(commit.id())),
            Err(_) => Err(GitError::NoRevision { revision: revision.to_owned(), shallow }),
        }
    }

    fn head(&self) -> Result<Option<Head>, GitError> {
        let repository = self.lock();
        let head = match repository.head() {
            Ok(head) => head,
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => return Ok(None),
            Err(error) => return Err(other("read")(error)),
        };
        let commit = head.peel_to_commit().map_err(other("read"))?.id();
        let branch = head.is_branch().then(|| String::from_utf8_lossy(head.shorthand_bytes()).into_owned());
        Ok(Some(Head { commit: name_of(commit), branch }))
    }

    fn origin(&self) -> Option<String> {
        let repository = self.lock();
        let remote = repository.find_remote("origin").ok()?;
        String::from_utf8(remote.url_bytes().to_vec()).ok()
    }

    fn main_branch(&self) -> Option<String> {
        let repository = self.lock();
        let target = |name: &str| {
            let reference = repository.find_reference(name).ok()?;
            String::from_utf8(reference.symbolic_target_bytes()?.to_vec()).ok()
        };
        super::main_branch(target("refs/remotes/origin/HEAD"), target("HEAD"))
    }

    fn entries(&self, commit: &ObjectId, under: &Utf8Path) -> Result<Vec<Entry>, GitError> {
        let repository = self.lock();
        let id = oid(commit)?;
        let mut tree = repository.find_commit(id).map_err(missing(id))?.tree_id();
        for part in under.components() {
            let above = repository.find_tree(tree).map_err(missing(tree))?;
            match above.get_name(part.as_str()) {
                Some(entry) if entry.kind() == Some(ObjectType::Tree) => tree = entry.id(),
                _ => return Ok(Vec::new()),
            }
        }
        let mut out = Vec::new();
        walk(&repository, tree, under.as_str().as_bytes(), true, 0, &mut out)?;
        Ok(out)
    }

    fn blobs(&self, ids: &[ObjectId], bytes_max: u64) -> Result<Vec<Blob>, GitError> {
        let repository = self.lock();
        let odb = repository.odb().map_err(other("read"))?;
        ids.iter().map(|id| blob(&odb, oid(id)?, bytes_max)).collect()
    }

    fn merge_base(&self, one: &ObjectId, two: &ObjectId) -> Result<ObjectId, GitError> {
        let repository = self.lock();
        let shallow = repository.is_shallow();
        repository.merge_base(oid(one)?, oid(two)?).map(name_of).map_err(|error| match error.code() {
            ErrorCode::NotFound => GitError::NoMergeBase { one: one.to_string(), other: two.to_string(), shallow },
            _ => GitError::Other { what: "read", because: error.message().to_owned() },
        })
    }

    fn apart(&self, one: &ObjectId, two: &ObjectId) -> Result<Apart, GitError> {
        let (ahead, behind) = self.lock().graph_ahead_behind(oid(one)?, oid(two)?).map_err(other("read"))?;
        Ok(Apart { ahead: ahead as u64, behind: behind as u64 })
    }

    fn blob_id(&self, content: &[u8]) -> ObjectId {
        // It fails for no content at all; were it to, the name would be that of nothing.
        Oid::hash_object(ObjectType::Blob, content).map_or_else(|_| ObjectId(String::new()), name_of)
    }
}

fn blob(odb: &Odb<'_>, id: Oid, bytes_max: u64) -> Result<Blob, GitError> {
    let (size, _) = odb.read_header(id).map_err(missing(id))?;
    if size as u64 > bytes_max {
        return Ok(Blob::TooLong(size as u64));
    }
    let object = odb.read(id).map_err(missing(id))?;
    Ok(Blob::Bytes(object.data().to_vec()))
}

fn walk(
    repository: &git2::Repository,
    tree: Oid,
    above: &[u8],
    is_utf8: bool,
    depth: usize,
    out: &mut Vec<Entry>,
) -> Result<(), GitError> {
    if depth > DEPTH_MAX {
        let because = format!("directories lie more than {DEPTH_MAX} deep in one another");
        return Err(GitError::Other { what: "read", because });
    }
    let listed = repository.find_tree(tree).map_err(missing(tree))?;
    for entry in listed.iter() {
        let mut path = above.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(entry.name_bytes());
        let mode = match entry.filemode() {
            0o040_000 => {
                let is_utf8 = is_utf8 && std::str::from_utf8(entry.name_bytes()).is_ok();
                walk(repository, entry.id(), &path, is_utf8, depth + 1, out)?;
                continue;
            }
            0o120_000 => Mode::Link,
            0o160_000 => Mode::Submodule,
            _ => Mode::File,
        };
        let is_utf8 = is_utf8 && std::str::from_utf8(entry.name_bytes()).is_ok();
        let path = Utf8PathBuf::from(String::from_utf8_lossy(&path).into_owned());
        out.push(Entry { path, is_utf8, mode, id: name_of(entry.id()) });
    }
    Ok(())
}
