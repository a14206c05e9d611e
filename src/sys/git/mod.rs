//! Git, read only: commits, their trees and files.
//!
//! Nothing that a repository names is run: no hook, no filter, no monitor, no fetch. The built-in reader (libgit2) has no
//! way to do so; the `git` program, which stands in for repositories that it cannot open, is given a fixed environment
//! and commands that only read. Both answer through [`Repository`].

mod libgit;
pub mod pipeline;
mod program;
pub mod snapshot;

use std::fmt;
use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::rules::Rule;
use crate::rules::git::GIT_1;
use crate::rules::git::GIT_2;
use crate::rules::git::GIT_3;
use crate::rules::git::GIT_4;
use crate::rules::git::GIT_5;

/// The name of an object: lower-case hexadecimal, 40 digits (SHA-1) or 64 (SHA-256).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(String);

impl ObjectId {
    /// The name that these digits are; `None` when they are none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name =
            matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        is_name.then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The commit.
    pub commit: ObjectId,
    /// The branch; `None` where a commit is checked out by itself.
    pub branch: Option<String>,
}

/// How far two commits are from where they parted, in commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// How many the first has that the second lacks.
    pub ahead: u64,
    /// How many the second has that the first lacks.
    pub behind: u64,
}

/// What a tree has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A file.
    File,
    /// A symbolic link; its blob is where it leads.
    Link,
    /// Another repository.
    Submodule,
}

/// One entry of a tree that is no directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where, from the top of the tree, with `/`; bytes that are not UTF-8 are replaced.
    pub path: Utf8PathBuf,
    /// Whether the path is that to the byte.
    pub is_utf8: bool,
    /// What it is.
    pub mode: Mode,
    /// Its blob; of a submodule, the other repository's commit.
    pub id: ObjectId,
}

/// A file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob {
    /// All of it.
    Bytes(Vec<u8>),
    /// It has so many bytes, which is more than was asked for.
    TooLong(u64),
}

/// A repository that is only read.
pub trait Repository: Send + Sync {
    /// The top of the working tree.
    fn work_tree(&self) -> &Utf8Path;

    /// The commit that a revision names.
    ///
    /// # Errors
    /// [`GitError::NoRevision`], and what keeps it from being read.
    fn commit(&self, revision: &str) -> Result<ObjectId, GitError>;

    /// What is checked out; `None` before the first commit.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn head(&self) -> Result<Option<Head>, GitError>;

    /// The entries of a commit's tree in and below a directory (empty: all), in no particular order.
    ///
    /// # Errors
    /// [`GitError::Missing`], and what keeps it from being read.
    fn entries(&self, commit: &ObjectId, under: &Utf8Path) -> Result<Vec<Entry>, GitError>;

    /// The contents of blobs, in the order that was asked for, each of at most so many bytes.
    ///
    /// # Errors
    /// [`GitError::Missing`], and what keeps it from being read.
    fn blobs(&self, ids: &[ObjectId], bytes_max: u64) -> Result<Vec<Blob>, GitError>;

    /// Where two commits parted.
    ///
    /// # Errors
    /// [`GitError::NoMergeBase`], and what keeps it from being read.
    fn merge_base(&self, one: &ObjectId, other: &ObjectId) -> Result<ObjectId, GitError>;

    /// How far two commits are apart.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn apart(&self, one: &ObjectId, other: &ObjectId) -> Result<Apart, GitError>;

    /// Where it was cloned from: the address of the remote `origin`. It may hold a password, and is not to be shown.
    fn origin(&self) -> Option<String>;

    /// The branch that others are merged into: what `origin` begins with, else what is checked out, where it has one of
    /// the names that such branches are given.
    fn main_branch(&self) -> Option<String>;

    /// The name that a file of this content has here.
    fn blob_id(&self, content: &[u8]) -> ObjectId;
}

/// The names that the branch which others are merged into is given.
const MAIN_BRANCHES: [&str; 3] = ["main", "master", "trunk"];

/// The main branch by what two references point to: `refs/remotes/origin/HEAD`, and `HEAD`.
fn main_branch(at_origin: Option<String>, here: Option<String>) -> Option<String> {
    let at_origin = at_origin.and_then(|name| name.strip_prefix("refs/remotes/origin/").map(str::to_owned));
    let here = here.and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned));
    at_origin.or_else(|| here.filter(|name| MAIN_BRANCHES.contains(&name.as_str())))
}

/// What keeps a repository, or a part of it, from being read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is none.
    #[error("`{0}` is in no Git repository")]
    NoRepository(Utf8PathBuf),
    /// It has no working tree.
    #[error("the repository of `{0}` has no working tree")]
    Bare(Utf8PathBuf),
    /// It is another user's (GIT-3).
    #[error("the Git repository of `{0}` belongs to another user (GIT-3)")]
    Owner(Utf8PathBuf),
    /// The built-in reader cannot open it, and there is no `git` program (GIT-4).
    #[error("the Git repository of `{directory}` has a form that needs the `git` program (GIT-4): {what}")]
    Format {
        /// Where it is.
        directory: Utf8PathBuf,
        /// What is not known.
        what: String,
    },
    /// A revision names nothing (GIT-5).
    #[error("`{revision}` names no commit here (GIT-5)")]
    NoRevision {
        /// What was given.
        revision: String,
        /// Whether the history was cut when it was cloned.
        shallow: bool,
    },
    /// Two commits have no commit in common, as far as can be seen (GIT-1).
    #[error("{one:.12} and {other:.12} have no commit in common here (GIT-1)")]
    NoMergeBase {
        /// One of them.
        one: String,
        /// The other.
        other: String,
        /// Whether the history was cut when it was cloned.
        shallow: bool,
    },
    /// An object is not there (GIT-2).
    #[error("the object {0:.12} of the Git repository is missing (GIT-2)")]
    Missing(String),
    /// Anything else.
    #[error("cannot {what} the Git repository: {because}")]
    Other {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        because: String,
    },
}

impl GitError {
    /// The rule it comes from, where it has one.
    pub const fn rule(&self) -> Option<&'static Rule> {
        match self {
            Self::NoMergeBase { .. } => Some(&GIT_1),
            Self::Missing(_) => Some(&GIT_2),
            Self::Owner(_) => Some(&GIT_3),
            Self::Format { .. } => Some(&GIT_4),
            Self::NoRevision { .. } => Some(&GIT_5),
            Self::NoRepository(_) | Self::Bare(_) | Self::Other { .. } => None,
        }
    }

    /// How to mend it.
    pub fn help(&self) -> String {
        const DEEPEN: &str = "the clone is shallow: `git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`, in GitLab \
                              `GIT_DEPTH: 0`, in Azure DevOps `fetchDepth: 0`; a branch that was not fetched comes with \
                              `git fetch origin NAME:refs/remotes/origin/NAME`";
        match self {
            Self::NoRepository(_) => "run it in a clone of the project, or leave the revision out".to_owned(),
            Self::Bare(_) => "run it in a clone with a working tree: `git clone`, not `git clone --bare`".to_owned(),
            Self::Owner(directory) => {
                format!("where you trust it: `git config --global --add safe.directory {directory}`")
            }
            Self::Format { .. } => {
                "install `git` 2.45 or newer, or clone into the usual form: `git clone --ref-format=files`".to_owned()
            }
            Self::NoRevision { shallow: true, .. } | Self::NoMergeBase { shallow: true, .. } => DEEPEN.to_owned(),
            Self::NoRevision { .. } => {
                "give a branch, a tag or a commit; a remote's branch is `origin/NAME`, once it was fetched: `git fetch origin \
                 NAME:refs/remotes/origin/NAME`"
                    .to_owned()
            }
            Self::NoMergeBase { .. } => "they are histories of their own: was the right revision given?".to_owned(),
            Self::Missing(_) => {
                "the clone is partial: `git fetch --refetch --no-filter`, or clone without `--filter`".to_owned()
            }
            Self::Other { .. } => "`git fsck` tells whether the repository is whole".to_owned(),
        }
    }
}

/// Opens the repository that a directory lies in.
///
/// # Errors
/// [`GitError::NoRepository`], [`GitError::Owner`], [`GitError::Format`], and what else keeps it from being read.
pub fn open(directory: &Utf8Path) -> Result<Arc<dyn Repository>, GitError> {
    match libgit::Libgit::open(directory) {
        Ok(repository) => Ok(Arc::new(repository)),
        Err(libgit::Refused::UnknownForm(what)) => match program::Program::open(directory) {
            Ok(repository) => Ok(Arc::new(repository)),
            Err(GitError::Other { what: program::START, .. }) => {
                Err(GitError::Format { directory: directory.to_owned(), what })
            }
            Err(error) => Err(error),
        },
        Err(libgit::Refused::Error(error)) => Err(error),
    }
}
