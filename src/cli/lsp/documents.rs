//! The texts that are open in the editor, and how its addresses and ours go together.

use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use lsp_types::TextDocumentContentChangeEvent;
use url::Url;

use crate::cli::lsp::convert::place;
use crate::editor::Encoding;
use crate::editor::Lines;
use crate::sys::disk;
use crate::sys::files;

/// An open text.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// Where it is, with links followed; `None` for one that has no file.
    pub(super) path: Option<Utf8PathBuf>,
    /// The root of the project that it lies in.
    pub(super) root: Option<Utf8PathBuf>,
    /// What it says.
    pub(super) text: Arc<str>,
    /// Its version, as the client counts.
    pub(super) version: i32,
}

impl Document {
    /// A text that was opened.
    pub(super) fn new(uri: &str, text: &str, version: i32) -> Self {
        let path = path_of(uri);
        let root = path.as_deref().and_then(root_of);
        Self { path, root, text: text.into(), version }
    }

    /// Takes changes, one after the other.
    pub(super) fn change(&mut self, changes: &[TextDocumentContentChangeEvent], encoding: Encoding) {
        let mut text = self.text.to_string();
        for change in changes {
            match change.range {
                None => text.clone_from(&change.text),
                Some(range) => {
                    let lines = Lines::of(&text);
                    let start = lines.offset(&text, place(range.start), encoding);
                    let end = lines.offset(&text, place(range.end), encoding);
                    text.replace_range(start.min(end)..end.max(start), &change.text);
                }
            }
        }
        self.text = text.into();
    }
}

/// The root of the project that a file lies in, whether the file is there or not.
pub(super) fn root_of(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let above = path.ancestors().skip(1).find(|above| above.is_dir())?;
    files::find_project(above.as_std_path()).ok()
}

/// The path of an address, with links followed as far as it is there.
pub(super) fn path_of(uri: &str) -> Option<Utf8PathBuf> {
    let path = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()?;
    let path = Utf8PathBuf::from_path_buf(path).ok()?;
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize_utf8().ok()?)));
    Some(match there {
        Some((above, real)) => match path.strip_prefix(above) {
            Ok(rest) if rest.as_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => path,
        },
        None => path,
    })
}

/// The address of a path.
pub(super) fn uri_of(path: &Utf8Path) -> Option<String> {
    Url::from_file_path(path.as_std_path()).ok().map(String::from)
}

/// How deep projects are looked for below a folder that is open in the editor, and in how many directories.
const DEPTH_MAX: usize = 5;
const DIRECTORIES_MAX: usize = 5_000;

/// The projects of a folder: the one that it lies in, and those in it. Directories of tools are not gone into.
pub(super) fn projects_of(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found: Vec<Utf8PathBuf> = files::find_project(folder.as_std_path()).into_iter().collect();
    let mut left = vec![(folder.to_owned(), 0)];
    let mut n_looked = 0;
    while let Some((directory, depth)) = left.pop() {
        n_looked += 1;
        if n_looked > DIRECTORIES_MAX {
            tracing::warn!("`{}` has more than {DIRECTORIES_MAX} directories; not all were looked into", folder);
            break;
        }
        if directory.join(files::PROJECT_FILE).is_file() {
            found.push(directory);
            continue; // A project has no other one in it.
        }
        if depth == DEPTH_MAX {
            continue;
        }
        for name in disk::names_in(&directory).unwrap_or_default() {
            let path = directory.join(&name);
            let is_tools = name.starts_with('.') || ["node_modules", "target"].contains(&name.as_str());
            let is_directory = path.as_std_path().symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            if !is_tools && is_directory {
                left.push((path, depth + 1));
            }
        }
    }
    found
}
