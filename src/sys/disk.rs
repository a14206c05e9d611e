//! Files that are no manifests: read with a bound, written whole, in directories of their own.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::sys::files::FilesError;
use crate::sys::files::write_atomic;

fn fail(what: &'static str, path: &Utf8Path, source: io::Error) -> FilesError {
    FilesError::Io { what, path: path.to_owned(), source }
}

/// Reads a file of at most so many bytes.
///
/// # Errors
/// When it cannot be read or is longer.
pub fn read_bounded(path: &Utf8Path, bytes_max: u64) -> Result<Vec<u8>, FilesError> {
    let regular = |about: io::Result<fs::Metadata>| match about {
        Ok(about) if about.is_file() => Ok(()),
        Ok(_) => Err(fail("read", path, io::Error::other("it is not a regular file"))),
        Err(error) => Err(fail("open", path, error)),
    };
    regular(fs::metadata(path))?; // To open a pipe would wait for somebody who writes into it.
    let file = File::open(path).map_err(|error| fail("open", path, error))?;
    regular(file.metadata())?;
    bounded(file, path, bytes_max)
}

/// Reads standard input, of at most so many bytes.
///
/// # Errors
/// When it cannot be read or is longer.
pub fn read_stdin_bounded(bytes_max: u64) -> Result<Vec<u8>, FilesError> {
    bounded(io::stdin().lock(), Utf8Path::new("-"), bytes_max)
}

fn bounded(from: impl Read, path: &Utf8Path, bytes_max: u64) -> Result<Vec<u8>, FilesError> {
    let mut bytes = Vec::new();
    from.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| fail("read", path, error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(fail("read", path, io::Error::other(format!("it is larger than {bytes_max} bytes"))));
    }
    Ok(bytes)
}

/// What became of a file that was to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It has its new text.
    Written,
    /// It was no longer what it was taken for, and is as it was.
    Changed,
    /// It is not to be written, and is as it was.
    ReadOnly,
}

/// Writes a text in the place of another, whole or not at all, where the file still holds that other and is a regular one.
/// Its permissions stay. A program that writes it in the same moment is not noticed.
///
/// # Errors
/// When it cannot be looked at or written.
pub fn replace_text(path: &Utf8Path, before: &str, after: &str) -> Result<Replaced, FilesError> {
    let about = fs::symlink_metadata(path).map_err(|error| fail("open", path, error))?;
    if !about.is_file() || about.len() != before.len() as u64 {
        return Ok(Replaced::Changed);
    }
    if fs::read(path).map_err(|error| fail("read", path, error))? != before.as_bytes() {
        return Ok(Replaced::Changed);
    }
    if about.permissions().readonly() {
        return Ok(Replaced::ReadOnly);
    }
    write_atomic(path, after.as_bytes(), None)?;
    fs::set_permissions(path, about.permissions()).map_err(|error| fail("write", path, error))?;
    Ok(Replaced::Written)
}

/// Adds bytes to the end of a file, which is made where there is none.
///
/// # Errors
/// When they cannot be written.
pub fn append(path: &Utf8Path, bytes: &[u8]) -> Result<(), FilesError> {
    let file = fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| io::Write::write_all(&mut file, bytes)).map_err(|error| fail("add to", path, error))
}

/// Whether a directory is empty, or not there yet.
///
/// # Errors
/// When it cannot be told, as for a file of that name.
pub fn is_empty_directory(path: &Utf8Path) -> Result<bool, FilesError> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(fail("list", path, error)),
    }
}

/// Makes a directory and those above it.
///
/// # Errors
/// When it cannot be made.
pub fn make_directory(path: &Utf8Path) -> Result<(), FilesError> {
    fs::create_dir_all(path).map_err(|error| fail("make", path, error))
}

/// Writes files below a directory that is empty or not there, all of them or none: beside it first, and then in its
/// place in one move.
///
/// # Errors
/// When any of it fails; the directory is then as it was.
pub fn write_tree(directory: &Utf8Path, files: &[(Utf8PathBuf, String)]) -> Result<(), FilesError> {
    let parent = match directory.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    };
    make_directory(parent)?;
    let beside = tempfile::Builder::new()
        .prefix(".consign-")
        .tempdir_in(parent)
        .map_err(|error| fail("write beside", directory, error))?;
    let beside_path = Utf8Path::from_path(beside.path())
        .ok_or_else(|| fail("write beside", directory, io::Error::other("the path is not UTF-8")))?;
    let tree = beside_path.join("tree");
    make_directory(&tree)?;
    for (path, text) in files {
        let path = tree.join(path);
        if let Some(parent) = path.parent() {
            make_directory(parent)?;
        }
        write_atomic(&path, text.as_bytes(), None)?;
    }
    if directory.as_std_path().is_dir() {
        fs::remove_dir(directory).map_err(|error| fail("replace", directory, error))?;
    }
    fs::rename(&tree, directory).map_err(|error| fail("write", directory, error))
}

/// Writes files that are not there yet, below a directory that is made as needed: each whole or not at all, in their
/// order, and all of them or none. A file that came to be in the meantime stays, and is an error.
///
/// # Errors
/// When any of it fails; what was written until then is gone again.
pub fn write_new(directory: &Utf8Path, files: &[(Utf8PathBuf, String)]) -> Result<(), FilesError> {
    let mut made = Made::default();
    let written = made.write(directory, files);
    if written.is_err() {
        made.undo();
    }
    written
}

/// What came to be on the way.
#[derive(Default)]
struct Made {
    files: Vec<Utf8PathBuf>,
    /// Those above others first.
    directories: Vec<Utf8PathBuf>,
}

impl Made {
    fn write(&mut self, directory: &Utf8Path, files: &[(Utf8PathBuf, String)]) -> Result<(), FilesError> {
        let mut staged = Vec::new();
        for (path, text) in files {
            let path = directory.join(path);
            let parent = path.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
            self.directory(parent)?;
            let mut builder = tempfile::Builder::new();
            builder.prefix(".consign-").suffix(".tmp");
            #[cfg(unix)]
            {
                let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
                builder.permissions(permissions);
            }
            let mut file = builder.tempfile_in(parent).map_err(|error| fail("write beside", &path, error))?;
            io::Write::write_all(&mut file, text.as_bytes()).map_err(|error| fail("write", &path, error))?;
            file.as_file().sync_all().map_err(|error| fail("write", &path, error))?;
            staged.push((file, path));
        }
        for (file, path) in staged {
            file.persist_noclobber(&path).map_err(|error| fail("write", &path, error.error))?;
            self.files.push(path);
        }
        Ok(())
    }

    fn directory(&mut self, path: &Utf8Path) -> Result<(), FilesError> {
        let missing: Vec<&Utf8Path> =
            path.ancestors().take_while(|above| !above.as_str().is_empty() && !is_there(above)).collect();
        make_directory(path)?;
        self.directories.extend(missing.into_iter().rev().map(Utf8Path::to_owned));
        Ok(())
    }

    /// What cannot be removed is whole, and told by the next run as being there.
    fn undo(&self) {
        for path in &self.files {
            remove(path);
        }
        for path in self.directories.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "files are removed in `sys`")]
fn remove(path: &Utf8Path) {
    let _ = fs::remove_file(path);
}

/// The names of what lies in a directory, sorted; empty where there is none.
///
/// # Errors
/// When it cannot be told, as for a file of that name.
pub fn names_in(path: &Utf8Path) -> Result<Vec<String>, FilesError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail("list", path, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fail("list", path, error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Whether something of this name is there, be it a link to nowhere.
pub fn is_there(path: &Utf8Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// The first part of a path below a directory that is a symbolic link to what does not lie below `root`, or to nothing.
pub fn way_out(root: &Utf8Path, directory: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut place = directory.to_owned();
    path.components().find_map(|part| {
        place.push(part);
        let is_link = fs::symlink_metadata(&place).is_ok_and(|about| about.is_symlink());
        let leads_out = is_link && !place.canonicalize_utf8().is_ok_and(|real| real.starts_with(root));
        leads_out.then(|| place.clone())
    })
}

/// Writes a file that is too large to be held, whole or not at all: beside it first, and then in its place in one move.
///
/// # Errors
/// When any of it fails; what was there is then as it was.
pub fn write_large(
    path: &Utf8Path,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), FilesError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    };
    let beside = tempfile::NamedTempFile::new_in(parent).map_err(|error| fail("write beside", path, error))?;
    let mut file = io::BufWriter::with_capacity(1 << 20, beside);
    write(&mut file).map_err(|error| fail("write", path, error))?;
    let beside = file.into_inner().map_err(|error| fail("write", path, error.into_error()))?;
    beside.as_file().sync_all().map_err(|error| fail("write", path, error))?;
    beside.persist(path).map_err(|error| fail("replace", path, error.error))?;
    Ok(())
}

/// A directory that goes when the value does.
#[derive(Debug)]
pub struct TemporaryDirectory {
    _keep: tempfile::TempDir,
    path: Utf8PathBuf,
}

impl TemporaryDirectory {
    /// Makes one whose name begins so.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(prefix: &str) -> Result<Self, FilesError> {
        let at = Utf8Path::new("the temporary directory");
        let keep = tempfile::Builder::new().prefix(prefix).tempdir().map_err(|error| fail("make", at, error))?;
        let path = Utf8PathBuf::from_path_buf(keep.path().to_owned())
            .map_err(|_| fail("make", at, io::Error::other("its path is not UTF-8")))?;
        Ok(Self { _keep: keep, path })
    }

    /// Where it is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_place_of_the_one_it_was_made_of_alone() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let path = root.join("a.yaml");
        fs::write(&path, "one").unwrap();
        assert_eq!(replace_text(&path, "two", "three").unwrap(), Replaced::Changed);
        assert_eq!(replace_text(&path, "one", "two").unwrap(), Replaced::Written);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(names_in(root).unwrap(), ["a.yaml"]);
        assert!(replace_text(&root.join("b.yaml"), "", "x").is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
            assert_eq!(replace_text(&path, "two", "one").unwrap(), Replaced::Written);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
            assert_eq!(replace_text(&path, "one", "two").unwrap(), Replaced::ReadOnly);
            let link = root.join("link.yaml");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            assert_eq!(replace_text(&link, "one", "two").unwrap(), Replaced::Changed);
        }
    }
}
