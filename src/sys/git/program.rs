//! The `git` program, for repositories that the built-in reader cannot open.
//!
//! Its arguments are fixed, revisions are resolved to commits before anything else names them, and its environment is
//! ours: no system configuration, no hooks, no file system monitor, no prompts, no fetching of what a partial clone
//! lacks. None of the commands reads the working tree, so that no filter has a say.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use git2::ObjectFormat;
use git2::ObjectType;
use sha2::Digest as _;
use sha2::Sha256;

use super::Apart;
use super::Blob;
use super::Entry;
use super::GitError;
use super::Head;
use super::Mode;
use super::ObjectId;
use super::Repository;

/// What was tried when there is no such program.
pub(super) const START: &str = "start the `git` program for";

/// Variables that are passed on: where programs and the user's configuration are.
const KEPT: &[&str] =
    &["PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "SYSTEMROOT", "GIT_CONFIG_GLOBAL", "SUDO_UID"];

/// A repository, by the directory that its working tree begins in.
pub(super) struct Program {
    work_tree: Utf8PathBuf,
    is_shallow: bool,
    is_sha256: bool,
}

impl Program {
    /// Opens the repository that a directory lies in.
    pub fn open(directory: &Utf8Path) -> Result<Self, GitError> {
        let output =
            run(directory, &["rev-parse", "--show-toplevel", "--is-shallow-repository", "--show-object-format"])?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(match () {
                () if said.contains("dubious ownership") => GitError::Owner(directory.to_owned()),
                () if said.contains("not a git repository") => GitError::NoRepository(directory.to_owned()),
                () if said.contains("must be run in a work tree") => GitError::Bare(directory.to_owned()),
                () if said.contains("unknown repository extension") || said.contains("Expected git repo version") => {
                    GitError::Format { directory: directory.to_owned(), what: said }
                }
                () => GitError::Other { what: "open", because: said },
            });
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = said.lines();
        let top = Utf8PathBuf::from(lines.next().unwrap_or_default());
        let work_tree = top
            .canonicalize_utf8()
            .map_err(|error| GitError::Other { what: "open", because: format!("`{top}`: {error}") })?;
        let is_shallow = lines.next() == Some("true");
        Ok(Self { work_tree, is_shallow, is_sha256: lines.next() == Some("sha256") })
    }

    /// Runs a command that must go well, and gives what it wrote.
    fn read(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = run(&self.work_tree, arguments)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(failed(&String::from_utf8_lossy(&output.stderr)))
    }
}

/// What the program says when it fails: an object that is missing, or anything else.
fn failed(said: &str) -> GitError {
    let digits =
        |word: &str| ObjectId::parse(word.trim_matches(|c: char| !c.is_ascii_hexdigit())).map(|id| id.to_string());
    let is_missing =
        ["missing", "bad object", "unable to read", "could not read", "not a tree object", "could not get"]
            .iter()
            .any(|part| said.contains(part));
    match said.split_whitespace().find_map(digits) {
        Some(id) if is_missing => GitError::Missing(id),
        _ => GitError::Other { what: "read", because: said.trim().to_owned() },
    }
}

fn command(directory: &Utf8Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    for name in KEPT {
        if let Some(value) = crate::sys::environment::variable(name) {
            command.env(name, value);
        }
    }
    command
        .envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
            // Versions that know no GIT_NO_LAZY_FETCH are left without a way to fetch.
            ("GIT_ALLOW_PROTOCOL", ""),
            ("LC_ALL", "C"),
        ])
        .args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", directory.as_str()])
        .args(arguments)
        .stdin(Stdio::null());
    command
}

fn run(directory: &Utf8Path, arguments: &[&str]) -> Result<Output, GitError> {
    command(directory, arguments).output().map_err(|error| GitError::Other { what: START, because: error.to_string() })
}

fn parse_id(bytes: &[u8]) -> Result<ObjectId, GitError> {
    let text = String::from_utf8_lossy(bytes);
    ObjectId::parse(text.trim())
        .ok_or_else(|| GitError::Other { what: "read", because: format!("`{}` is no object name", text.trim()) })
}

impl Program {
    /// What a command that may come to nothing answers in one line.
    fn line(&self, arguments: &[&str]) -> Option<String> {
        let output = run(&self.work_tree, arguments).ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|line| !line.is_empty())
    }
}

impl Repository for Program {
    fn work_tree(&self) -> &Utf8Path {
        &self.work_tree
    }

    fn commit(&self, revision: &str) -> Result<ObjectId, GitError> {
        let none = || GitError::NoRevision { revision: revision.to_owned(), shallow: self.is_shallow };
        let of_commit = format!("{revision}^{{commit}}");
        let output = run(&self.work_tree, &["rev-parse", "--quiet", "--verify", "--end-of-options", &of_commit])?;
        if output.status.success() { parse_id(&output.stdout) } else { Err(none()) }
    }

    fn head(&self) -> Result<Option<Head>, GitError> {
        let Ok(commit) = self.commit("HEAD") else { return Ok(None) };
        let output = run(&self.work_tree, &["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        let branch = output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        Ok(Some(Head { commit, branch }))
    }

    fn origin(&self) -> Option<String> {
        self.line(&["config", "--get", "remote.origin.url"])
    }

    fn main_branch(&self) -> Option<String> {
        let target = |name: &str| self.line(&["symbolic-ref", "--quiet", name]);
        super::main_branch(target("refs/remotes/origin/HEAD"), target("HEAD"))
    }

    fn entries(&self, commit: &ObjectId, under: &Utf8Path) -> Result<Vec<Entry>, GitError> {
        let mut arguments = vec!["--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit.as_str(), "--"];
        let below = format!("{under}/");
        if !under.as_str().is_empty() {
            arguments.push(&below);
        }
        let listed = self.read(&arguments)?;
        listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()).map(entry).collect()
    }

    fn blobs(&self, ids: &[ObjectId], bytes_max: u64) -> Result<Vec<Blob>, GitError> {
        let cannot = |error: std::io::Error| GitError::Other { what: "read", because: error.to_string() };
        let mut child = command(&self.work_tree, &["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| GitError::Other { what: START, because: error.to_string() })?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(GitError::Other { what: "read", because: "the `git` program has no streams".to_owned() });
        };
        let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let read = std::thread::scope(|scope| {
            // Written beside the reading: either pipe alone would fill.
            scope.spawn(move || drop(stdin.write_all(asked.as_bytes())));
            let mut answers = BufReader::new(stdout);
            ids.iter().map(|id| answer(&mut answers, id, bytes_max).map_err(cannot)).collect::<Result<Vec<_>, _>>()
        });
        drop(child.wait());
        read?.into_iter().zip(ids).map(|(blob, id)| blob.ok_or_else(|| GitError::Missing(id.to_string()))).collect()
    }

    fn merge_base(&self, one: &ObjectId, two: &ObjectId) -> Result<ObjectId, GitError> {
        let output = run(&self.work_tree, &["merge-base", one.as_str(), two.as_str()])?;
        if output.status.success() {
            return parse_id(&output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if said.trim().is_empty() {
            let (one, other) = (one.to_string(), two.to_string());
            return Err(GitError::NoMergeBase { one, other, shallow: self.is_shallow });
        }
        Err(failed(&said))
    }

    fn apart(&self, one: &ObjectId, two: &ObjectId) -> Result<Apart, GitError> {
        let range = format!("{one}...{two}");
        let said = self.read(&["rev-list", "--left-right", "--count", &range, "--"])?;
        let said = String::from_utf8_lossy(&said);
        let mut numbers = said.split_whitespace().map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(ahead)), Some(Ok(behind))) => Ok(Apart { ahead, behind }),
            _ => Err(GitError::Other { what: "read", because: format!("`{}` are no numbers", said.trim()) }),
        }
    }

    fn blob_id(&self, content: &[u8]) -> ObjectId {
        if self.is_sha256 {
            let mut hash = Sha256::new();
            hash.update(format!("blob {}\0", content.len()).as_bytes());
            hash.update(content);
            return ObjectId(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        let id = git2::Oid::hash_object_ext(ObjectType::Blob, content, ObjectFormat::Sha1);
        ObjectId(id.map(|id| id.to_string()).unwrap_or_default())
    }
}

/// One line of a listing: `MODE TYPE ID<tab>PATH`.
fn entry(line: &[u8]) -> Result<Entry, GitError> {
    let malformed = || GitError::Other { what: "read", because: "a tree was listed in an unknown form".to_owned() };
    let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(malformed)?;
    let head = std::str::from_utf8(&line[..tab]).map_err(|_| malformed())?;
    let mut words = head.split(' ');
    let mode = match words.next() {
        Some("120000") => Mode::Link,
        Some("160000") => Mode::Submodule,
        Some(_) => Mode::File,
        None => return Err(malformed()),
    };
    let id = words.nth(1).and_then(ObjectId::parse).ok_or_else(malformed)?;
    let path = &line[tab + 1..];
    let is_utf8 = std::str::from_utf8(path).is_ok();
    Ok(Entry { path: String::from_utf8_lossy(path).into_owned().into(), is_utf8, mode, id })
}

/// One answer of `cat-file --batch`: `ID blob SIZE`, the content, a line end; or `ID missing`.
fn answer(from: &mut impl std::io::BufRead, id: &ObjectId, bytes_max: u64) -> std::io::Result<Option<Blob>> {
    let mut head = String::new();
    from.take(1024).read_line(&mut head)?;
    let Some(size) = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok()) else {
        return Ok(None); // `missing`, or the program ended over it.
    };
    if !head.starts_with(id.as_str()) {
        return Err(std::io::Error::other("the answer is for another object"));
    }
    if size > bytes_max {
        std::io::copy(&mut from.take(size + 1), &mut std::io::sink())?;
        return Ok(Some(Blob::TooLong(size)));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    from.read_exact(&mut bytes)?;
    from.read_exact(&mut [0])?;
    Ok(Some(Blob::Bytes(bytes)))
}
