//! A project as one commit has it: its files are read from the repository, under the limits that hold for files on disk
//! (MAN-7, MAN-8). Links and other repositories are not followed: what they lead to is not part of the tree.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use rayon::prelude::*;

use super::Blob;
use super::GitError;
use super::Mode;
use super::ObjectId;
use super::Repository;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::SourceText;
use crate::diag::Sources;
use crate::diag::visible;
use crate::rules::Rule;
use crate::rules::git::GIT_5;
use crate::rules::manifest::MAN_7;
use crate::rules::manifest::MAN_8;
use crate::rules::manifest::MAN_13;
use crate::sys::files;
use crate::sys::files::Limits;
use crate::sys::files::PROJECT_FILE;

/// How many blobs are read before their sizes are added up.
const AT_ONCE: usize = 512;

/// The longest text of a link that is looked at, in bytes.
const LINK_BYTES_MAX: u64 = 4096;

/// A project at a commit.
pub struct Snapshot {
    repository: Arc<dyn Repository>,
    commit: ObjectId,
    /// What the tree has below the project's root, by path from there.
    files: BTreeMap<String, File>,
}

struct File {
    is_utf8: bool,
    mode: Mode,
    id: ObjectId,
}

/// A file of a commit: its path below the project's root, and its blob.
pub type Found = (Utf8PathBuf, ObjectId);

impl Snapshot {
    /// The project whose root is this directory, as a commit has it.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn of(repository: &Arc<dyn Repository>, commit: &ObjectId, root: &Utf8Path) -> Result<Self, GitError> {
        let real = root.canonicalize_utf8();
        let below = real.ok().and_then(|root| root.strip_prefix(repository.work_tree()).map(Utf8Path::to_owned).ok());
        let Some(under) = below else { return Err(GitError::NoRepository(root.to_owned())) };
        let under = if cfg!(windows) { Utf8PathBuf::from(under.as_str().replace('\\', "/")) } else { under };
        let mut files = BTreeMap::new();
        for entry in repository.entries(commit, &under)? {
            let path = entry.path.as_str().strip_prefix(under.as_str()).unwrap_or(entry.path.as_str());
            let file = File { is_utf8: entry.is_utf8, mode: entry.mode, id: entry.id };
            files.insert(path.trim_start_matches('/').to_owned(), file);
        }
        Ok(Self { repository: Arc::clone(repository), commit: commit.clone(), files })
    }

    /// The commit.
    pub const fn commit(&self) -> &ObjectId {
        &self.commit
    }

    /// The blob of a file, by its path below the project's root.
    pub fn blob(&self, path: &str) -> Option<&ObjectId> {
        self.files.get(path).filter(|file| file.mode == Mode::File).map(|file| &file.id)
    }

    /// The name that a file of this content has in the repository.
    pub fn blob_id(&self, content: &[u8]) -> ObjectId {
        self.repository.blob_id(content)
    }

    /// Whether these texts, read from disk by these entries, are those of the commit: all of them, and no others. Line
    /// ends count for nothing, for a checkout may change them.
    pub fn is_same(&self, sources: &Sources, entries: &[(String, Location)]) -> bool {
        let mut aside = Sources::new();
        let Ok((found, findings)) = self.find(entries, &Limits::default(), &mut aside) else { return false };
        let here: BTreeMap<&str, &SourceText> =
            sources.iter().map(|(_, source)| (source.path.as_str(), source)).collect();
        if findings.has_errors() || found.len() != here.len() {
            return false;
        }
        found.par_iter().all(|(path, id)| {
            here.get(path.as_str()).is_some_and(|source| {
                let text = &source.text;
                self.blob_id(text.as_bytes()) == *id
                    || (text.contains("\r\n") && self.blob_id(text.replace("\r\n", "\n").as_bytes()) == *id)
            })
        })
    }

    /// Reads the project file into `sources`. `None` with a finding when it is not there, or is no text.
    ///
    /// # Errors
    /// When a blob cannot be read.
    pub fn read_project_file(
        &self,
        limits: &Limits,
        sources: &mut Sources,
    ) -> Result<(Option<SourceId>, Diagnostics), GitError> {
        if !self.files.contains_key(PROJECT_FILE) {
            let message = format!("there is no `{PROJECT_FILE}` at commit {:.12}", self.commit.as_str());
            let help = "was the project made later, or moved? Give a revision that has it where it is now";
            let finding = Diagnostic::error(&GIT_5, Location::Nowhere, message).help(help);
            return Ok((None, Diagnostics::from_iter([finding])));
        }
        let entry = (PROJECT_FILE.to_owned(), Location::Nowhere);
        let (ids, findings) = self.read_sources(&[entry], limits, sources)?;
        Ok((ids.first().copied(), findings))
    }

    /// Reads what the entries lead to, as [`files::read_sources`] does on disk.
    ///
    /// # Errors
    /// When a blob cannot be read.
    pub fn read_sources(
        &self,
        entries: &[(String, Location)],
        limits: &Limits,
        sources: &mut Sources,
    ) -> Result<(Vec<SourceId>, Diagnostics), GitError> {
        let (found, mut findings) = self.find(entries, limits, sources)?;
        let ids = self.read(&found, limits, sources, &mut findings)?;
        Ok((ids, findings))
    }

    /// Reads these files into `sources`; those that are no text are findings.
    ///
    /// # Errors
    /// When a blob cannot be read.
    pub fn read(
        &self,
        found: &[Found],
        limits: &Limits,
        sources: &mut Sources,
        findings: &mut Diagnostics,
    ) -> Result<Vec<SourceId>, GitError> {
        let mut texts = Vec::with_capacity(found.len());
        let mut bytes_read = 0;
        for part in found.chunks(AT_ONCE) {
            let ids: Vec<ObjectId> = part.iter().map(|(_, id)| id.clone()).collect();
            let blobs = self.repository.blobs(&ids, limits.file_bytes_max)?;
            for ((path, _), blob) in part.iter().zip(blobs) {
                let text = match blob {
                    Blob::TooLong(bytes) => Err(files::too_long(bytes, limits)),
                    Blob::Bytes(bytes) => {
                        bytes_read += bytes.len() as u64;
                        files::text_of(bytes).map(Arc::from)
                    }
                };
                texts.push((path.clone(), text));
            }
            if bytes_read > limits.run_bytes_max {
                findings.push(files::too_much(limits));
                return Ok(Vec::new());
            }
        }
        Ok(files::add_texts(texts, sources, findings))
    }

    /// The files that the entries lead to, by path, each once; what is refused is added to `sources` for findings to
    /// point at.
    ///
    /// # Errors
    /// When a link cannot be read.
    pub fn find(
        &self,
        entries: &[(String, Location)],
        limits: &Limits,
        sources: &mut Sources,
    ) -> Result<(Vec<Found>, Diagnostics), GitError> {
        let mut search = Search { of: self, limits, sources, found: BTreeSet::new(), findings: Diagnostics::new() };
        for (entry, from) in entries {
            search.entry(entry, from)?;
        }
        let Search { found, mut findings, .. } = search;
        if found.len() > limits.files_max {
            let message = format!("more than {} files", limits.files_max);
            let help = "point `manifests` at the directories that are meant";
            findings.push(Diagnostic::error(&MAN_7, Location::Nowhere, message).help(help));
        }
        let files = found.into_iter().take(limits.files_max);
        Ok((files.filter_map(|path| Some((path.into(), self.files.get(path)?.id.clone()))).collect(), findings))
    }
}

struct Search<'a> {
    of: &'a Snapshot,
    limits: &'a Limits,
    sources: &'a mut Sources,
    found: BTreeSet<&'a str>,
    findings: Diagnostics,
}

impl<'a> Search<'a> {
    fn entry(&mut self, entry: &str, from: &Location) -> Result<(), GitError> {
        let shown = visible(entry).into_owned();
        let inside = "name a file or directory of the project, relative to `consign.yaml`";
        let mut refuse = |rule: &'static Rule, message: String, help: &str| {
            self.findings.push(Diagnostic::error(rule, from.clone(), message).help(help));
            Ok(())
        };
        let path = Utf8Path::new(entry);
        if entry.is_empty() || entry.contains('\\') || path.components().any(|part| !files::is_plain_part(&part)) {
            return refuse(&MAN_8, format!("the path `{shown}` leads out of the project"), inside);
        }
        let plain: Vec<&str> = path.components().map(|part| part.as_str()).filter(|part| *part != ".").collect();
        let plain = plain.join("/");
        match self.of.files.get_key_value(plain.as_str()) {
            Some((key, File { mode: Mode::File, .. })) => {
                if !files::is_yaml(Utf8Path::new(key)) {
                    let help = "manifests have one of these endings";
                    return refuse(&MAN_8, format!("`{shown}` is not a `.yaml` or `.yml` file"), help);
                }
                self.found.insert(key.as_str());
                Ok(())
            }
            Some((_, file)) => {
                let what = if file.mode == Mode::Link { "a symbolic link" } else { "a submodule" };
                refuse(&MAN_8, format!("`{shown}` is {what}, {NOT_FOLLOWED}"), NOT_FOLLOWED_HELP)
            }
            None => self.directory(&plain, &shown, from),
        }
    }

    /// Everything in a directory and below it; hidden files and directories are passed over.
    fn directory(&mut self, directory: &str, shown: &str, from: &Location) -> Result<(), GitError> {
        let above = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let of = self.of;
        let range = of.files.range::<str, _>((Bound::Included(above.as_str()), Bound::Unbounded));
        let inside: Vec<(&'a String, &'a File)> = range.take_while(|(path, _)| path.starts_with(&above)).collect();
        if inside.is_empty() {
            let help = "is it spelled right, and is it in that commit?";
            let message = format!("there is no file or directory `{shown}`");
            self.findings.push(Diagnostic::error(&MAN_13, from.clone(), message).help(help));
            return Ok(());
        }
        let mut n_taken = 0;
        for (path, file) in inside {
            let below = &path[above.len()..];
            if below.split('/').any(|part| part.starts_with('.')) || path == PROJECT_FILE {
                continue;
            }
            if below.matches('/').count() > self.limits.depth_max {
                let message = format!("directories lie more than {} deep in one another", self.limits.depth_max);
                self.refuse(&MAN_7, path, message, "move the manifests up");
                continue;
            }
            n_taken += usize::from(self.file(path, file)?);
        }
        if n_taken == 0 && self.findings.is_empty() {
            let message = format!("the directory `{shown}` holds no `.yaml` or `.yml` file");
            let help = "is it the right directory, and is it in that commit?";
            self.findings.push(Diagnostic::error(&MAN_13, from.clone(), message).help(help));
        }
        Ok(())
    }

    /// Takes a file, refuses it or passes it over; says whether it was taken.
    fn file(&mut self, path: &'a str, file: &File) -> Result<bool, GitError> {
        let is_yaml = files::is_yaml(Utf8Path::new(path));
        match file.mode {
            Mode::File if is_yaml && !file.is_utf8 => {
                self.refuse(&MAN_8, path, "the name of the file is not UTF-8".to_owned(), "rename it");
            }
            Mode::File if is_yaml => {
                self.found.insert(path);
                return Ok(true);
            }
            Mode::File => {}
            // What on disk may be a directory of manifests must not look like an empty one.
            Mode::Submodule => self.refuse(&MAN_8, path, format!("a submodule, {NOT_FOLLOWED}"), NOT_FOLLOWED_HELP),
            Mode::Link if is_yaml || !self.leads_to_other_file(path, file)? => {
                self.refuse(&MAN_8, path, format!("a symbolic link, {NOT_FOLLOWED}"), NOT_FOLLOWED_HELP);
            }
            Mode::Link => {}
        }
        Ok(false)
    }

    /// Whether a link leads to a file of the project that is no manifest: then it is none either.
    fn leads_to_other_file(&self, path: &str, file: &File) -> Result<bool, GitError> {
        let blobs = self.of.repository.blobs(std::slice::from_ref(&file.id), LINK_BYTES_MAX)?;
        let Some(Blob::Bytes(bytes)) = blobs.first() else { return Ok(false) };
        let Ok(target) = std::str::from_utf8(bytes) else { return Ok(false) };
        if target.starts_with('/') || target.contains('\\') {
            return Ok(false);
        }
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return Ok(false),
                ".." => {}
                part => parts.push(part),
            }
        }
        let target = parts.join("/");
        let is_file = self.of.files.get(target.as_str()).is_some_and(|file| file.mode == Mode::File);
        Ok(is_file && !files::is_yaml(Utf8Path::new(&target)))
    }

    fn refuse(&mut self, rule: &'static Rule, path: &str, message: String, help: &str) {
        let id = self.sources.add(SourceText { path: path.into(), text: "".into() });
        self.findings.push(Diagnostic::error(rule, Location::File(id), message).help(help));
    }
}

const NOT_FOLLOWED: &str = "which is not followed inside of a commit";
const NOT_FOLLOWED_HELP: &str = "put the files themselves there, or take it out of `manifests`";
