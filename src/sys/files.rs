//! Files: finding the project, reading its sources, writing safely.
//!
//! What is read may come from a pull request of a stranger, so nothing in it leads out of the project's root: paths are
//! resolved and compared, and only regular files are read, through a handle that was looked at after it was opened.
//! Assumed: nobody moves directories of the project while they are read.

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use camino::Utf8Component;
use camino::Utf8Path;
use camino::Utf8PathBuf;
use rayon::prelude::*;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::SourceText;
use crate::diag::Sources;
use crate::diag::visible;
use crate::rules::Rule;
use crate::rules::manifest::MAN_1;
use crate::rules::manifest::MAN_7;
use crate::rules::manifest::MAN_8;
use crate::rules::manifest::MAN_13;

/// The name of the project file.
pub const PROJECT_FILE: &str = "consign.yaml";

/// What keeps a file from being found, read or written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// No project file in a directory or above it.
    #[error("no `{PROJECT_FILE}` in `{start}` or any directory above it")]
    NoProject {
        /// Where the search began.
        start: Utf8PathBuf,
    },
    /// A path that is not UTF-8, which no manifest could name.
    #[error("the path `{0}` is not UTF-8")]
    NotUtf8(String),
    /// The system's own error.
    #[error("cannot {what} `{path}`")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: Utf8PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// The most that is read in one run (MAN-7).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest file, in bytes.
    pub file_bytes_max: u64,
    /// All files together, in bytes.
    pub run_bytes_max: u64,
    /// How many files.
    pub files_max: usize,
    /// How many directories one may lie in another, below the root.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes_max: 4 << 20, run_bytes_max: 256 << 20, files_max: 100_000, depth_max: 64 }
    }
}

/// The root of the project that `start` lies in: the nearest directory, upwards, with a project file.
///
/// # Errors
///
/// When there is none, when `start` is not there, or when its path is not UTF-8.
pub fn find_project(start: &Path) -> Result<Utf8PathBuf, FilesError> {
    let utf8 = Utf8PathBuf::from_path_buf(start.to_owned())
        .map_err(|path| FilesError::NotUtf8(visible(&path.to_string_lossy()).into_owned()))?;
    let from =
        utf8.canonicalize_utf8().map_err(|source| FilesError::Io { what: "open", path: utf8.clone(), source })?;
    from.ancestors()
        .find(|directory| directory.join(PROJECT_FILE).is_file())
        .map(Utf8Path::to_owned)
        .ok_or(FilesError::NoProject { start: from.clone() })
}

/// Reads the project file of a root into `sources`. `None` with a finding when it cannot be read as text.
pub fn read_project_file(root: &Utf8Path, limits: &Limits, sources: &mut Sources) -> (Option<SourceId>, Diagnostics) {
    let entry = (PROJECT_FILE.to_owned(), Location::Nowhere);
    let (ids, findings) = read_sources(root, &[entry], limits, sources);
    (ids.first().copied(), findings)
}

/// Reads every `.yaml` and `.yml` file that the entries lead to: files, and directories with all below them. Hidden
/// files and directories (`.git`, `.consign`) are passed over, and so is the project file unless it is named itself.
///
/// `root` is the project's root and `entries` are relative to it, each with the place it was written at. The files are
/// added to `sources` by path, each once; those that could not be read as text are added for findings to point at, and
/// their IDs are not among the result.
pub fn read_sources(
    root: &Utf8Path,
    entries: &[(String, Location)],
    limits: &Limits,
    sources: &mut Sources,
) -> (Vec<SourceId>, Diagnostics) {
    let root = match root.canonicalize_utf8() {
        Ok(root) => root,
        Err(error) => {
            let message = format!("cannot open `{}`: {error}", visible(root.as_str()));
            return (Vec::new(), Diagnostics::from_iter([Diagnostic::error(&MAN_8, Location::Nowhere, message)]));
        }
    };
    let mut walk = Walk {
        root: &root,
        limits,
        sources,
        files: Vec::new(),
        directories: BTreeSet::new(),
        findings: Diagnostics::new(),
    };
    for (entry, from) in entries {
        walk.entry(entry, from);
    }
    let Walk { mut files, mut findings, .. } = walk;
    files.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    files.dedup();
    let ids = read_all(&root, &files, limits, sources, &mut findings);
    (ids, findings)
}

/// Gathers files by their real path below the root.
struct Walk<'a> {
    root: &'a Utf8Path,
    limits: &'a Limits,
    sources: &'a mut Sources,
    /// Perhaps some of them twice.
    files: Vec<Utf8PathBuf>,
    directories: BTreeSet<Utf8PathBuf>,
    findings: Diagnostics,
}

impl Walk<'_> {
    fn entry(&mut self, entry: &str, from: &Location) {
        let mut refuse = |rule: &'static Rule, message: String, help: &str| {
            self.findings.push(Diagnostic::error(rule, from.clone(), message).help(help));
        };
        let shown = visible(entry).into_owned();
        let path = Utf8Path::new(entry);
        let inside = "name a file or directory of the project, relative to `consign.yaml`";
        if entry.is_empty() || entry.contains('\\') || path.components().any(|part| !is_plain_part(&part)) {
            return refuse(&MAN_8, format!("the path `{shown}` leads out of the project"), inside);
        }
        let real = match self.root.join(path).canonicalize_utf8() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let help = "is it spelled right, and was everything checked out?";
                return refuse(&MAN_13, format!("there is no file or directory `{shown}`"), help);
            }
            Err(error) => return refuse(&MAN_8, format!("cannot open `{shown}`: {error}"), inside),
        };
        if !real.starts_with(self.root) {
            return refuse(
                &MAN_8,
                format!("the path `{shown}` leads out of the project through a symbolic link"),
                inside,
            );
        }
        if real.is_dir() {
            let before = self.files.len();
            self.directory(&real, 0);
            let is_new = self.files.len() > before;
            if !is_new && !self.files.iter().any(|file| file.starts_with(&real)) && self.findings.is_empty() {
                let message = format!("the directory `{shown}` holds no `.yaml` or `.yml` file");
                let help = "is it the right directory, and was everything checked out?";
                self.findings.push(Diagnostic::error(&MAN_13, from.clone(), message).help(help));
            }
        } else if !real.is_file() {
            refuse(&MAN_8, format!("`{shown}` is {NOT_REGULAR}"), NOT_REGULAR_HELP);
        } else if !is_yaml(&real) {
            refuse(&MAN_8, format!("`{shown}` is not a `.yaml` or `.yml` file"), "manifests have one of these endings");
        } else {
            self.file(real);
        }
    }

    /// Everything in a directory and below it, in order of names.
    fn directory(&mut self, real: &Utf8Path, depth: usize) {
        if !self.directories.insert(real.to_owned()) {
            return; // Through a link, or named twice.
        }
        if depth > self.limits.depth_max {
            let message = format!("directories lie more than {} deep in one another", self.limits.depth_max);
            return self.refuse(&MAN_7, real, message, "move the manifests up");
        }
        let listed = fs::read_dir(real).and_then(|list| list.collect::<Result<Vec<_>, _>>());
        let mut entries = match listed {
            Ok(entries) => entries,
            Err(error) => {
                return self.refuse(&MAN_8, real, format!("cannot list the directory: {error}"), "is it readable?");
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if self.files.len() > self.limits.files_max {
                return;
            }
            let os_name = entry.file_name();
            let Some(name) = os_name.to_str() else {
                let lossy = os_name.to_string_lossy();
                if lossy.to_lowercase().ends_with(".yaml") || lossy.to_lowercase().ends_with(".yml") {
                    let message = format!("the name of the file `{}` is not UTF-8", visible(&lossy));
                    self.refuse(&MAN_8, real, message, "rename it");
                }
                continue;
            };
            if !name.starts_with('.') {
                self.listed(&entry, &real.join(name), depth);
            }
        }
    }

    fn listed(&mut self, entry: &fs::DirEntry, path: &Utf8Path, depth: usize) {
        let Ok(file_type) = entry.file_type() else { return };
        if file_type.is_dir() {
            self.directory(path, depth + 1);
        } else if file_type.is_symlink() {
            self.link(path, depth);
        } else if is_yaml(path)
            && (depth > 0 || path.file_name() != Some(PROJECT_FILE) || path.parent() != Some(self.root))
        {
            if file_type.is_file() {
                self.file(path.to_owned());
            } else {
                self.refuse(&MAN_8, path, NOT_REGULAR.to_owned(), NOT_REGULAR_HELP);
            }
        }
    }

    /// A symbolic link is followed inside the root, once.
    fn link(&mut self, path: &Utf8Path, depth: usize) {
        let help = "put the file itself here, or remove the link";
        match path.canonicalize_utf8() {
            Ok(real) if !real.starts_with(self.root) => {
                self.refuse(&MAN_8, path, "a symbolic link that leads out of the project".to_owned(), help);
            }
            Ok(real) if real.is_dir() => self.directory(&real, depth + 1),
            Ok(real) if is_yaml(&real) && real.is_file() => self.file(real),
            Ok(real) if is_yaml(&real) => self.refuse(&MAN_8, path, NOT_REGULAR.to_owned(), NOT_REGULAR_HELP),
            Ok(_) if is_yaml(path) => {
                let message = "a symbolic link to a file that is not `.yaml` or `.yml`".to_owned();
                self.refuse(&MAN_8, path, message, help);
            }
            Ok(_) => {}
            Err(_) if is_yaml(path) => {
                self.refuse(&MAN_8, path, "a symbolic link that leads nowhere".to_owned(), help);
            }
            Err(_) => {}
        }
    }

    fn file(&mut self, real: Utf8PathBuf) {
        if self.files.len() == self.limits.files_max {
            let message = format!("more than {} files", self.limits.files_max);
            self.refuse(&MAN_7, &real, message, "point `manifests` at the directories that are meant");
        }
        self.files.push(real);
    }

    fn refuse(&mut self, rule: &'static Rule, path: &Utf8Path, message: String, help: &str) {
        let id = self.sources.add(SourceText { path: relative(self.root, path), text: "".into() });
        self.findings.push(Diagnostic::error(rule, Location::File(id), message).help(help));
    }
}

pub(super) fn is_plain_part(part: &Utf8Component<'_>) -> bool {
    matches!(part, Utf8Component::Normal(_) | Utf8Component::CurDir)
}

pub(super) fn is_yaml(path: &Utf8Path) -> bool {
    // In any case: a file that is passed over because of its name would look like items that nobody declares.
    path.extension().is_some_and(|ending| ["yaml", "yml"].iter().any(|yaml| ending.eq_ignore_ascii_case(yaml)))
}

/// A path below the root, with `/` between its parts.
fn relative(root: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let below = path.as_str().strip_prefix(root.as_str()).unwrap_or(path.as_str());
    let below = below.trim_start_matches(std::path::is_separator);
    if cfg!(windows) { below.replace('\\', "/").into() } else { below.into() }
}

const NOT_REGULAR: &str = "not a regular file";
const NOT_REGULAR_HELP: &str = "remove it; manifests are plain files, not devices or pipes";

/// Why a file is not taken, and what is shown of it.
pub(super) struct Refusal {
    pub(super) rule: &'static Rule,
    pub(super) message: String,
    pub(super) help: &'static str,
    /// The text as far as it can be shown, with the byte the finding is about.
    pub(super) shown: Option<(String, usize)>,
}

fn read_all(
    root: &Utf8Path,
    files: &[Utf8PathBuf],
    limits: &Limits,
    sources: &mut Sources,
    findings: &mut Diagnostics,
) -> Vec<SourceId> {
    let files = &files[..files.len().min(limits.files_max)];
    let bytes = AtomicU64::new(0);
    let texts: Vec<(Utf8PathBuf, Result<Arc<str>, Refusal>)> =
        files.par_iter().map(|path| (relative(root, path), read_text(path, limits, &bytes).map(Arc::from))).collect();
    if bytes.into_inner() > limits.run_bytes_max {
        findings.push(too_much(limits));
        return Vec::new();
    }
    add_texts(texts, sources, findings)
}

/// All files together are too large (MAN-7).
pub(super) fn too_much(limits: &Limits) -> Diagnostic {
    let message = format!("the manifests are more than {} MiB together", limits.run_bytes_max >> 20);
    let help = "point `manifests` at the directories that are meant; nothing was read";
    Diagnostic::error(&MAN_7, Location::Nowhere, message).help(help)
}

/// Adds the texts that could be read, and findings for the rest; returns the former.
pub(super) fn add_texts(
    texts: Vec<(Utf8PathBuf, Result<Arc<str>, Refusal>)>,
    sources: &mut Sources,
    findings: &mut Diagnostics,
) -> Vec<SourceId> {
    let mut ids = Vec::with_capacity(texts.len());
    for (path, text) in texts {
        match text {
            Ok(text) => ids.push(sources.add(SourceText { path, text })),
            Err(refusal) => {
                let (text, offset) = refusal.shown.map_or((String::new(), None), |(text, at)| (text, Some(at)));
                let id = sources.add(SourceText { path, text: text.into() });
                let at = offset.map_or(Location::File(id), |at| Location::Span { source: id, start: at, end: at + 1 });
                findings.push(Diagnostic::error(refusal.rule, at, refusal.message).help(refusal.help));
            }
        }
    }
    ids
}

/// The flags that keep an open from following a link at the end of a path, and from waiting for the other end of a pipe.
#[cfg(all(target_os = "linux", any(target_arch = "aarch64", target_arch = "arm", target_arch = "powerpc64")))]
const OPEN_FLAGS: i32 = 0o100_000 | 0o4_000; // O_NOFOLLOW | O_NONBLOCK
#[cfg(all(target_os = "linux", not(any(target_arch = "aarch64", target_arch = "arm", target_arch = "powerpc64"))))]
const OPEN_FLAGS: i32 = 0o400_000 | 0o4_000; // O_NOFOLLOW | O_NONBLOCK
#[cfg(target_os = "macos")]
const OPEN_FLAGS: i32 = 0x100 | 0x4; // O_NOFOLLOW | O_NONBLOCK

fn open(path: &Utf8Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, OPEN_FLAGS);
    options.open(path)
}

/// Reads one file, which was a regular one when it was found. `bytes_read` counts those of all files; once they are too
/// many, nothing more is read.
fn read_text(path: &Utf8Path, limits: &Limits, bytes_read: &AtomicU64) -> Result<String, Refusal> {
    let refuse = |rule, message, help| Refusal { rule, message, help, shown: None };
    let cannot =
        |error: io::Error| refuse(&MAN_8, format!("cannot read the file: {error}"), "is it there, and readable?");
    let file = open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err(refuse(&MAN_8, NOT_REGULAR.to_owned(), NOT_REGULAR_HELP));
    }
    let too_long = |bytes: u64| too_long(bytes, limits);
    let size = metadata.len();
    if size > limits.file_bytes_max {
        return Err(too_long(size));
    }
    if bytes_read.fetch_add(size, Ordering::Relaxed) + size > limits.run_bytes_max {
        return Ok(String::new()); // All of it is refused by the caller.
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // A file that grows meanwhile is read as it was; one that says 0 may be a file of the system's, and says more.
    let most = if size == 0 { limits.file_bytes_max + 1 } else { size };
    file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > limits.file_bytes_max {
        return Err(too_long(bytes.len() as u64));
    }
    text_of(bytes)
}

/// One file is too long (MAN-7).
pub(super) fn too_long(bytes: u64, limits: &Limits) -> Refusal {
    let most = limits.file_bytes_max >> 20;
    let message = format!("the file has {bytes} bytes; the most is {most} MiB");
    let help = "split it into several files, or take it out of `manifests`";
    Refusal { rule: &MAN_7, message, help, shown: None }
}

/// The text that a file's bytes are, or why they are none.
pub(super) fn text_of(bytes: Vec<u8>) -> Result<String, Refusal> {
    let refuse = |rule, message, help| Refusal { rule, message, help, shown: None };
    if bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
        let message = "the file is a pointer of Git LFS, and what it points at was not fetched".to_owned();
        return Err(refuse(&MAN_13, message, "run `git lfs pull`; in CI, check out with LFS"));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(refuse(&MAN_1, "the file is UTF-16".to_owned(), "save it as UTF-8"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        // Only what surrounds it is kept: the file may be no text at all.
        let start = error.as_bytes()[..at].len();
        let shown = String::from_utf8_lossy(&error.as_bytes()[..(start + 80).min(error.as_bytes().len())]).into_owned();
        Refusal {
            rule: &MAN_1,
            message: format!("byte `0x{byte:02x}` is not UTF-8"),
            help: "save the file as UTF-8",
            shown: Some((shown, at)),
        }
    })
}

/// A project's directory as its repository calls it: relative to the root of the repository that it lies in, with `/`
/// between the parts, empty where it is that root; `None` outside of every repository.
pub fn below_repository(root: &Utf8Path) -> Option<String> {
    let root = root.canonicalize_utf8().ok()?;
    let repository = root.ancestors().find(|above| above.join(".git").exists())?;
    let below = root.strip_prefix(repository).ok()?;
    Some(below.components().map(|part| part.as_str()).collect::<Vec<&str>>().join("/"))
}

/// Writes a file whole or not at all: beside it, to disk, then in its place, and the directory to disk. `mode` is for
/// systems that have one; absent: what the system gives a new file.
///
/// # Errors
///
/// When any part of it fails; the file is then what it was.
pub fn write_atomic(path: &Utf8Path, bytes: &[u8], mode: Option<u32>) -> Result<(), FilesError> {
    let fail = |what| move |source| FilesError::Io { what, path: path.to_owned(), source };
    let directory = match path.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".consign-").suffix(".tmp");
    #[cfg(unix)]
    {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode.unwrap_or(0o666));
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(directory).map_err(fail("write beside"))?;
    file.write_all(bytes).map_err(fail("write"))?;
    file.as_file().sync_all().map_err(fail("write"))?;
    file.persist(path).map_err(|error| fail("replace")(error.error))?;
    // A directory that cannot be synced (some network shares) still holds the file.
    #[cfg(unix)]
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(fail("sync the directory of"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Project {
        directory: tempfile::TempDir,
    }

    impl Project {
        fn new(files: &[(&str, &[u8])]) -> Self {
            let directory = tempfile::tempdir().unwrap();
            for (path, bytes) in files {
                let path = directory.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            Self { directory }
        }

        fn root(&self) -> &Utf8Path {
            Utf8Path::from_path(self.directory.path()).unwrap()
        }

        /// The paths read, and the findings as `RULE path:line: message`.
        fn read(&self, entries: &[&str]) -> (Vec<String>, Vec<String>) {
            let mut sources = Sources::new();
            let entries: Vec<_> = entries.iter().map(|entry| ((*entry).to_owned(), Location::Nowhere)).collect();
            let (ids, findings) = read_sources(self.root(), &entries, &Limits::default(), &mut sources);
            let paths = ids.iter().map(|id| sources.path(*id).to_string()).collect();
            let findings = findings
                .iter()
                .map(|finding| {
                    let place = match finding.at.source() {
                        Some(id) => format!("{}:{}", sources.path(id), sources.position(id, finding.at.start()).line),
                        None => String::new(),
                    };
                    format!("{} {place} {}", finding.rule.id, finding.message)
                })
                .collect();
            (paths, findings)
        }
    }

    #[test]
    fn directories_are_read_whole_in_order_and_hidden_ones_not() {
        let project = Project::new(&[
            ("consign.yaml", b"x"),
            ("d/b.yaml", b"b"),
            ("d/a/c.yml", b"c"),
            ("d/e.YAML", b"e"),
            ("d/f.Yml", b"f"),
            ("d/a.yaml", b"a"),
            ("d/readme.md", b"r"),
            ("d/.git/x.yaml", b"x"),
            ("d/.hidden.yaml", b"x"),
        ]);
        assert_eq!(project.read(&["d"]).0, ["d/a.yaml", "d/a/c.yml", "d/b.yaml", "d/e.YAML", "d/f.Yml"]);
        assert_eq!(
            project.read(&["d/b.yaml", "d", "."]).0,
            ["d/a.yaml", "d/a/c.yml", "d/b.yaml", "d/e.YAML", "d/f.Yml"]
        );
        assert_eq!(project.read(&["."]).1, Vec::<String>::new());
        assert_eq!(project.read(&["consign.yaml"]).0, ["consign.yaml"]);
    }

    #[test]
    fn nothing_leads_out_of_the_project() {
        let project = Project::new(&[("d/a.yaml", b"a")]);
        for entry in ["../x", "/etc/passwd", "d/../../x", "", "..", "C:\\x", "d\\..\\x"] {
            let (paths, findings) = project.read(&[entry]);
            assert!(paths.is_empty(), "{entry}");
            assert!(findings[0].starts_with("MAN-8 ") && findings[0].contains("leads out"), "{entry}: {findings:?}");
        }
        assert_eq!(project.read(&["nothing"]).1, ["MAN-13  there is no file or directory `nothing`"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_once_and_refused_outside() {
        use std::os::unix::fs::symlink;
        let outside = Project::new(&[("secret.yaml", b"s"), ("dir/x.yaml", b"x")]);
        let project = Project::new(&[("d/a.yaml", b"a"), ("e/b.yaml", b"b")]);
        let at = |path: &str| project.root().join(path);
        symlink(outside.root().join("secret.yaml"), at("d/out.yaml")).unwrap();
        symlink(outside.root().join("dir"), at("d/outdir")).unwrap();
        symlink("../e", at("d/in")).unwrap();
        symlink("a.yaml", at("d/again.yaml")).unwrap();
        symlink("..", at("d/up")).unwrap();
        symlink("nowhere", at("d/gone.yaml")).unwrap();
        let (paths, findings) = project.read(&["d", "e"]);
        assert_eq!(paths, ["d/a.yaml", "e/b.yaml"]);
        assert_eq!(
            findings,
            [
                "MAN-8 d/gone.yaml:1 a symbolic link that leads nowhere",
                "MAN-8 d/out.yaml:1 a symbolic link that leads out of the project",
                "MAN-8 d/outdir:1 a symbolic link that leads out of the project",
            ]
        );
        symlink(outside.root(), at("linked")).unwrap();
        assert!(project.read(&["linked"]).1[0].contains("leads out of the project through a symbolic link"));
    }

    #[cfg(unix)]
    #[test]
    fn pipes_sockets_and_devices_are_refused_without_waiting() {
        let project = Project::new(&[("d/a.yaml", b"a")]);
        let pipe = project.root().join("d/pipe.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _listener = std::os::unix::net::UnixListener::bind(project.root().join("d/socket.yaml")).unwrap();
        let (paths, findings) = project.read(&["d"]);
        assert_eq!(paths, ["d/a.yaml"]);
        assert_eq!(findings, ["MAN-8 d/pipe.yaml:1 not a regular file", "MAN-8 d/socket.yaml:1 not a regular file"]);
    }

    #[test]
    fn large_files_are_refused_by_their_size_alone() {
        let project = Project::new(&[("d/a.yaml", b"a")]);
        let sparse = File::create(project.root().join("d/big.yaml")).unwrap();
        sparse.set_len(300 << 20).unwrap();
        let (paths, findings) = project.read(&["d"]);
        assert_eq!(paths, ["d/a.yaml"]);
        assert_eq!(findings, ["MAN-7 d/big.yaml:1 the file has 314572800 bytes; the most is 4 MiB"]);
    }

    #[test]
    fn a_run_is_limited_in_files_bytes_and_depth() {
        let deep = format!("d/{}x.yaml", "n/".repeat(70));
        let project = Project::new(&[("d/a.yaml", b"aaaa"), ("d/b.yaml", b"bbbb"), (&deep, b"x")]);
        let read = |limits: &Limits| {
            let mut sources = Sources::new();
            let entry = ("d".to_owned(), Location::Nowhere);
            let (ids, findings) = read_sources(project.root(), &[entry], limits, &mut sources);
            (ids.len(), findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>())
        };
        assert_eq!(read(&Limits::default()), (2, vec!["MAN-7"])); // The depth.
        assert_eq!(read(&Limits { depth_max: 100, ..Limits::default() }), (3, vec![]));
        assert_eq!(read(&Limits { depth_max: 100, files_max: 2, ..Limits::default() }), (2, vec!["MAN-7"]));
        assert_eq!(read(&Limits { depth_max: 100, run_bytes_max: 8, ..Limits::default() }), (0, vec!["MAN-7"]));
    }

    #[test]
    fn what_is_not_utf_8_is_told_with_its_line() {
        let project = Project::new(&[
            ("d/a.yaml", b"a: 1\nb: \xe4\n"),
            ("d/b.yaml", b"\xff\xfea\0"),
            ("d/c.yaml", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
        ]);
        assert_eq!(
            project.read(&["d"]).1,
            [
                "MAN-1 d/a.yaml:2 byte `0xe4` is not UTF-8",
                "MAN-1 d/b.yaml:1 the file is UTF-16",
                "MAN-13 d/c.yaml:1 the file is a pointer of Git LFS, and what it points at was not fetched",
            ]
        );
    }

    #[test]
    fn an_empty_directory_is_said_to_be_one() {
        let project = Project::new(&[("d/readme.md", b"x")]);
        assert_eq!(project.read(&["d"]).1, ["MAN-13  the directory `d` holds no `.yaml` or `.yml` file"]);
    }

    #[test]
    fn the_project_is_found_upwards() {
        let project = Project::new(&[("consign.yaml", b"x"), ("a/b/c.yaml", b"x")]);
        let found = find_project(project.root().join("a/b").as_std_path()).unwrap();
        assert_eq!(found, project.root().canonicalize_utf8().unwrap());
        let other = Project::new(&[]);
        assert!(matches!(find_project(other.root().as_std_path()), Err(FilesError::NoProject { .. })));
        assert!(matches!(find_project(other.root().join("x").as_std_path()), Err(FilesError::Io { .. })));
    }

    #[test]
    fn a_write_is_whole_and_leaves_nothing_beside() {
        let project = Project::new(&[("a.json", b"before")]);
        let path = project.root().join("a.json");
        write_atomic(&path, b"after", Some(0o600)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let nowhere = project.root().join("no/where.json");
        assert!(write_atomic(&nowhere, b"x", None).is_err());
        assert_eq!(fs::read_dir(project.root()).unwrap().count(), 1);
    }
}
