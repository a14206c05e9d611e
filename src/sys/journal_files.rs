//! Append-only files that are on disk when they say so, and the lock that keeps two processes of one project apart.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;

use camino::Utf8Path;
use camino::Utf8PathBuf;

/// A file to which lines are added; each call is on disk when it returns.
#[derive(Debug)]
pub struct AppendFile {
    path: Utf8PathBuf,
    file: File,
}

impl AppendFile {
    /// Makes a new file, and its directory.
    ///
    /// # Errors
    /// When it cannot be made, or is there already.
    #[expect(clippy::disallowed_methods, reason = "sys is where files are made")]
    pub fn create(path: &Utf8Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        file.sync_all()?;
        if let Some(parent) = path.parent() {
            File::open(parent)?.sync_all()?; // The name is on disk as well.
        }
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds bytes, and returns when they are on disk.
    ///
    /// # Errors
    /// When they are not, as on a full disk.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }

    /// Where it is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }
}

/// Takes the lock file of a project. It is given back when the value is dropped or the process ends, however it ends.
///
/// # Errors
/// `WouldBlock` while another process has it; else what the system says.
#[expect(clippy::disallowed_methods, reason = "sys is where files are made")]
pub fn lock(path: &Utf8Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// The texts of the files of a directory with this ending, oldest name first, with their paths; none where there is no
/// directory. What is no UTF-8 is passed over.
///
/// # Errors
/// When one that is there cannot be read.
#[expect(clippy::disallowed_methods, reason = "sys is where files are read")]
pub fn read_all(directory: &Utf8Path, ending: &str) -> io::Result<Vec<(Utf8PathBuf, String)>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut out = Vec::new();
    for entry in entries {
        let Ok(path) = Utf8PathBuf::from_path_buf(entry?.path()) else { continue };
        if path.as_str().ends_with(ending) {
            let bytes = std::fs::read(&path)?;
            out.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    out.sort();
    Ok(out)
}

/// Removes a file that is not needed any more; one that is gone already is fine.
#[expect(clippy::disallowed_methods, reason = "sys is where files are removed")]
pub fn remove(path: &Utf8Path) {
    // A journal left over does no harm.
    let _ = std::fs::remove_file(path);
}
