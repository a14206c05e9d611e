//! Files as an editor has them: what is on disk, but for texts that nobody has written yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::sys::files;
use crate::sys::files::Limits;

/// Texts that take the place of files, by path below the project's root, with `/` between the parts.
pub type Buffers = BTreeMap<Utf8PathBuf, Arc<str>>;

/// As [`files::read_sources`]; a file that is open in an editor says what it says there, whether it is on disk or not.
pub fn read_sources(
    root: &Utf8Path,
    entries: &[(String, Location)],
    limits: &Limits,
    buffers: &Buffers,
    sources: &mut Sources,
) -> (Vec<SourceId>, Diagnostics) {
    let before = sources.len();
    let (mut ids, mut findings) = files::read_sources(root, entries, limits, sources);
    let read: Vec<(SourceId, Utf8PathBuf)> =
        sources.iter().skip(before).map(|(id, source)| (id, source.path.clone())).collect();
    for (id, path) in &read {
        let Some(text) = buffers.get(path) else { continue };
        sources.set_text(*id, Arc::clone(text));
        // Whatever kept it from being read, here it is.
        findings = findings.into_iter().filter(|finding| finding.at.source() != Some(*id)).collect();
        if !ids.contains(id) {
            ids.push(*id);
        }
    }
    let is_asked = |path: &Utf8Path| {
        entries.iter().any(|(entry, _)| {
            let entry = entry.trim_end_matches('/').trim_start_matches("./");
            let is_hidden = path.components().any(|part| part.as_str().starts_with('.'));
            path == entry || (files::is_yaml(path) && !is_hidden && (entry == "." || path.starts_with(entry)))
        })
    };
    for (path, text) in buffers {
        let is_project = path == files::PROJECT_FILE && !entries.iter().any(|(entry, _)| entry == files::PROJECT_FILE);
        if !is_project && is_asked(path) && !read.iter().any(|(_, known)| known == path) {
            ids.push(sources.add_text(path.clone(), Arc::clone(text)));
        }
    }
    (ids, findings)
}
