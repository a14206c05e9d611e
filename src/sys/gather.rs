//! Files that are asked for by name, by directory or by a pattern. The only place that names `glob`.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;

use camino::Utf8Path;
use camino::Utf8PathBuf;

/// How many files one run may ask for.
const FILES_MAX: usize = 100_000;
/// How deep directories may lie in one another below one that was asked for.
const DEPTH_MAX: usize = 64;

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Its path: as it was asked for, from the working directory.
    pub path: Utf8PathBuf,
    /// The directories that it lies in below what was asked for; of a pattern, below its first wildcard.
    pub below: Vec<String>,
    /// Whether it was asked for by its own name.
    pub is_named: bool,
}

/// What keeps files from being found.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// Neither a file, a directory, nor a pattern that matches one.
    #[error("nothing is called `{0}`")]
    Nothing(Utf8PathBuf),
    /// A pattern that is none.
    #[error("`{pattern}` is no pattern")]
    Pattern {
        /// What was asked for.
        pattern: Utf8PathBuf,
        /// Why it is none.
        #[source]
        source: glob::PatternError,
    },
    /// A path that cannot be told.
    #[error("the path `{0}` is not UTF-8")]
    NotUtf8(String),
    /// More files than anybody means.
    #[error("more than {FILES_MAX} files, or directories more than {DEPTH_MAX} deep, in `{0}`")]
    TooMuch(Utf8PathBuf),
    /// The system's own error.
    #[error("cannot list `{path}`")]
    Io {
        /// Which directory.
        path: Utf8PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// It has so many bytes, more than were wanted.
    TooLong(u64),
    /// The system's own error.
    Io(io::Error),
}

/// The files that names lead to, each once, in order of their paths: a file, a directory with all that is `wanted` below
/// it, or a pattern (`*`, `?`, `[…]`, `**` for any directories), which shells of Windows leave to programs. What is
/// hidden is passed over, and links are not followed into directories.
///
/// # Errors
/// When a name leads to nothing, or a directory cannot be listed.
pub fn gather(
    directory: &Utf8Path,
    names: &[Utf8PathBuf],
    wanted: impl Fn(&Utf8Path) -> bool,
) -> Result<Vec<Found>, GatherError> {
    let mut out = Vec::new();
    for name in names {
        let path = directory.join(name);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(directory, &path, &mut Vec::new(), &wanted, &mut out)?,
            Ok(_) => out.push(Found { path: name.clone(), below: Vec::new(), is_named: true }),
            Err(_) if name.as_str().contains(['*', '?', '[']) => matching(directory, name, &wanted, &mut out)?,
            Err(_) => return Err(GatherError::Nothing(name.clone())),
        }
    }
    out.sort();
    out.dedup_by(|a, b| a.path == b.path);
    if out.len() > FILES_MAX {
        return Err(GatherError::TooMuch(names.first().cloned().unwrap_or_default()));
    }
    Ok(out)
}

fn told(directory: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    path.strip_prefix(directory).unwrap_or(path).to_owned()
}

fn walk(
    directory: &Utf8Path,
    path: &Utf8Path,
    below: &mut Vec<String>,
    wanted: &impl Fn(&Utf8Path) -> bool,
    out: &mut Vec<Found>,
) -> Result<(), GatherError> {
    if below.len() > DEPTH_MAX || out.len() > FILES_MAX {
        return Err(GatherError::TooMuch(told(directory, path)));
    }
    let fail = |source| GatherError::Io { path: told(directory, path), source };
    let listed = fs::read_dir(path).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    for entry in listed {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let name = name.to_string_lossy();
            if wanted(Utf8Path::new(&*name)) {
                return Err(GatherError::NotUtf8(name.into_owned()));
            }
            continue;
        };
        let kind = entry.file_type().map_err(fail)?;
        if name.starts_with('.') {
            continue;
        }
        let inner = path.join(name);
        if kind.is_dir() {
            below.push(name.to_owned());
            walk(directory, &inner, below, wanted, out)?;
            below.pop();
        } else if wanted(&inner) && inner.is_file() {
            out.push(Found { path: told(directory, &inner), below: below.clone(), is_named: false });
        }
    }
    Ok(())
}

fn matching(
    directory: &Utf8Path,
    name: &Utf8Path,
    wanted: &impl Fn(&Utf8Path) -> bool,
    out: &mut Vec<Found>,
) -> Result<(), GatherError> {
    let escaped = if name.is_absolute() { String::new() } else { glob::Pattern::escape(directory.as_str()) };
    let pattern = Utf8Path::new(&escaped).join(name);
    let options = glob::MatchOptions {
        case_sensitive: !cfg!(windows),
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let paths = glob::glob_with(pattern.as_str(), options)
        .map_err(|source| GatherError::Pattern { pattern: name.to_owned(), source })?;
    // Directories before the first wildcard are where the share begins.
    let fixed: Utf8PathBuf = name.components().take_while(|part| !part.as_str().contains(['*', '?', '['])).collect();
    let base = directory.join(&fixed);
    let before = out.len();
    for path in paths {
        let path = path.map_err(|error| GatherError::Io { path: name.to_owned(), source: error.into() })?;
        let path = Utf8PathBuf::from_path_buf(path)
            .map_err(|path| GatherError::NotUtf8(path.to_string_lossy().into_owned()))?;
        if wanted(&path) && path.is_file() {
            let inner = path.strip_prefix(&base).ok().and_then(Utf8Path::parent);
            let below = inner.into_iter().flat_map(Utf8Path::components).map(|part| part.as_str().to_owned());
            out.push(Found { path: told(directory, &path), below: below.collect(), is_named: false });
        }
        if out.len() > FILES_MAX {
            return Err(GatherError::TooMuch(name.to_owned()));
        }
    }
    if out.len() == before { Err(GatherError::Nothing(name.to_owned())) } else { Ok(()) }
}

/// The bytes of a file of at most so many. A longer one is not read at all.
///
/// # Errors
/// When it is longer, or cannot be read.
pub fn read(path: &Utf8Path, bytes_max: u64) -> Result<Vec<u8>, Unread> {
    let not_regular = || Unread::Io(io::Error::other("it is not a regular file"));
    // To open a pipe would wait for somebody who writes into it.
    if !fs::metadata(path).map_err(Unread::Io)?.is_file() {
        return Err(not_regular());
    }
    let file = File::open(path).map_err(Unread::Io)?;
    let metadata = file.metadata().map_err(Unread::Io)?;
    if !metadata.is_file() {
        return Err(not_regular());
    }
    if metadata.len() > bytes_max {
        return Err(Unread::TooLong(metadata.len()));
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(Unread::Io)?;
    if bytes.len() as u64 > bytes_max { Err(Unread::TooLong(bytes.len() as u64)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_directories_and_patterns_lead_to_files() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        for path in ["a.sms", "b/c.sms", "b/d/e.SMS", "b/.hidden/f.sms", "b/readme.txt", "x[1].sms"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "x").unwrap();
        }
        let wanted = |path: &Utf8Path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sms"));
        let paths = |names: &[&str]| -> Vec<(String, String, bool)> {
            let names: Vec<Utf8PathBuf> = names.iter().map(Utf8PathBuf::from).collect();
            let found = gather(&root, &names, wanted).unwrap();
            found.into_iter().map(|one| (one.path.into_string(), one.below.join("/"), one.is_named)).collect()
        };
        let row = |path: &str, below: &str, is_named: bool| (path.to_owned(), below.to_owned(), is_named);
        assert_eq!(paths(&["a.sms", "x[1].sms"]), [row("a.sms", "", true), row("x[1].sms", "", true)]);
        assert_eq!(paths(&["b"]), [row("b/c.sms", "", false), row("b/d/e.SMS", "d", false)]);
        assert_eq!(paths(&["b/**/*"]), [row("b/c.sms", "", false), row("b/d/e.SMS", "d", false)]);
        assert_eq!(paths(&["*.sms", "a.sms"]).len(), 2, "each once");
        for nothing in ["z.sms", "z*.sms", "b/*.xml"] {
            assert!(matches!(gather(&root, &[nothing.into()], wanted), Err(GatherError::Nothing(_))), "{nothing}");
        }
        assert!(matches!(gather(&root, &["a***".into()], wanted), Err(GatherError::Pattern { .. })));
        assert!(matches!(read(&root.join("a.sms"), 0), Err(Unread::TooLong(1))));
    }
}
