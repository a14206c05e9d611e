//! The server's files: its directory, the token of its first administrator, certificate and key. The only part of the
//! server beside the store that opens any.

#![allow(clippy::disallowed_methods, reason = "the server's own files: token, certificate, seed")]

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;

use camino::Utf8Path;

/// The longest token file, in bytes.
const TOKEN_MAX: u64 = 4096;

/// Makes a directory that only its owner enters, and those above it; one that is there stays as it is.
pub(super) fn make_private_directory(path: &Utf8Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a file that only its owner reads, unless it is there. SQLite gives the files beside a database the same mode.
pub(super) fn make_private_file(path: &Utf8Path) -> io::Result<()> {
    match create_private(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a file that only its owner reads, and that was not there, to the disk.
pub(super) fn write_private_file(path: &Utf8Path, text: &str) -> io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn create_private(path: &Utf8Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reads a token that was written before, and says whether others may read it too.
pub(super) fn read_token(path: &Utf8Path) -> io::Result<(String, bool)> {
    let file = File::open(path)?;
    let open_to_others = is_open_to_others(&file)?;
    let mut text = String::new();
    file.take(TOKEN_MAX).read_to_string(&mut text)?;
    Ok((text.trim().to_owned(), open_to_others))
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Opens a file to be read line by line.
pub(super) fn open_lines(path: &Utf8Path) -> io::Result<io::BufReader<File>> {
    Ok(io::BufReader::new(File::open(path)?))
}

/// Reads a small text.
pub(super) fn read_text(path: &Utf8Path) -> io::Result<String> {
    fs::read_to_string(path)
}
