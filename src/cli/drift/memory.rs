//! The file in which runs of `consign drift` remember.

use camino::Utf8Path;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::failure::chain;
use crate::diag::visible;
use crate::plan::drift::memory::Memory;
use crate::sys::disk;
use crate::sys::files::FilesError;

/// The largest memory that is read, in bytes.
const BYTES_MAX: u64 = 64 << 20;

/// Reads a memory. One that is lost, or cannot be used, is said and begun anew: a night's run is worth having without it.
pub fn read(context: &Context, path: &Utf8Path) -> Memory {
    let anew = |why: &str| {
        let (path, why) = (visible(path.as_str()), visible(why));
        context.talk(&format!(
            "note: the memory `{path}` {why}; runs are counted anew, and what differs now may be told once more\n"
        ));
        Memory::default()
    };
    let bytes = match disk::read_bounded(&context.directory.join(path), BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(FilesError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return anew("is not there: it was lost, or this is the first run");
        }
        Err(error) => return anew(&format!("cannot be read ({})", chain(&error))),
    };
    match Memory::read(&bytes) {
        Ok(memory) => memory,
        Err(why) => anew(&format!("is not used: {why}")),
    }
}

/// Writes a memory, whole or not at all.
///
/// # Errors
/// When it cannot be written: what was there is as it was.
pub fn write(context: &Context, path: &Utf8Path, memory: &Memory) -> Result<(), Failure> {
    context.write_file(path, &memory.text())
}
