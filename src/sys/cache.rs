//! A small memory of what was found out before: safe to delete, never more than a hint.
//!
//! What stands in it is named by the content that it was found out of and by the version of the program. A memory that is
//! damaged, of another version or not readable is an empty one; one that cannot be written is left out.

use std::collections::BTreeMap;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use sha2::Digest as _;
use sha2::Sha256;

use crate::sys::disk;
use crate::sys::environment::variable;
use crate::sys::files::write_atomic;

/// The largest memory that is read, in bytes.
const BYTES_MAX: u64 = 256 << 20;

/// The user's directory for such things; `None` where the environment names none.
pub fn directory() -> Option<Utf8PathBuf> {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty()).map(Utf8PathBuf::from);
    let base = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        named("HOME").map(|home| home.join("Library/Caches"))
    } else {
        named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")))
    };
    base.filter(|base| base.is_absolute()).map(|base| base.join("consign"))
}

/// Lines by the content that they are about.
pub type Lines = BTreeMap<String, String>;

/// One memory: a file of lines, each the name of a content and what was found out.
pub struct Memory {
    path: Utf8PathBuf,
    head: String,
}

impl Memory {
    /// The memory of a subject, such as one project, in a directory; `kind` and `version` say what is remembered by
    /// whom, and a memory of others is none.
    pub fn of(directory: &Utf8Path, kind: &str, version: &str, subject: &str) -> Self {
        let digest = hex(&Sha256::digest(subject.as_bytes()));
        Self { path: directory.join(format!("{kind}-{}", &digest[..16])), head: format!("consign {kind} {version}") }
    }

    /// What is remembered; empty when it is not there, not whole, or another version's.
    pub fn load(&self) -> Lines {
        let Ok(bytes) = disk::read_bounded(&self.path, BYTES_MAX) else { return Lines::new() };
        let Ok(text) = String::from_utf8(bytes) else { return Lines::new() };
        self.read(&text).unwrap_or_default()
    }

    fn read(&self, text: &str) -> Option<Lines> {
        let (head, rest) = text.split_once('\n')?;
        let (digest, body) = rest.split_once('\n')?;
        if head != self.head || digest != hex(&Sha256::digest(body.as_bytes())) {
            return None;
        }
        body.lines().map(|line| line.split_once(' ').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
    }

    /// Remembers these lines and nothing else. That it could not is nobody's concern: it is found out again.
    pub fn save(&self, lines: &Lines) {
        let body: String = lines.iter().map(|(key, value)| format!("{key} {value}\n")).collect();
        let text = format!("{}\n{}\n{body}", self.head, hex(&Sha256::digest(body.as_bytes())));
        if let Some(parent) = self.path.parent()
            && disk::make_directory(parent).is_ok()
        {
            let _ = write_atomic(&self.path, text.as_bytes(), Some(0o600));
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use super::Memory;

    #[test]
    fn a_memory_that_is_damaged_or_of_another_version_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let directory = camino::Utf8Path::from_path(directory.path()).unwrap().join("new");
        let memory = |version: &str| Memory::of(&directory, "parsed", version, "a project");
        let lines = Lines::from([("1".to_owned(), "[one]".to_owned()), ("2".to_owned(), "[two words]".to_owned())]);
        assert_eq!(memory("1").load(), Lines::new());
        memory("1").save(&lines);
        assert_eq!(memory("1").load(), lines);
        assert_eq!(memory("2").load(), Lines::new());
        assert_eq!(Memory::of(&directory, "parsed", "1", "another").load(), Lines::new());
        let path = memory("1").path;
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            assert_eq!(memory("1").load(), Lines::new(), "byte {at}");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(memory("1").load(), Lines::new(), "cut at {at}");
        }
    }
}
