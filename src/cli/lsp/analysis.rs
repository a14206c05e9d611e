//! A project, or a file by itself, looked at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::cli::context::Ground;
use crate::cli::context::open_on;
use crate::cli::validate;
use crate::diag::Diagnostics;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::editor;
use crate::editor::Names;
use crate::manifest::Sort;
use crate::model::project::Project;
use crate::sys::edited::Buffers;
use crate::sys::files::PROJECT_FILE;

/// What was found.
#[derive(Default)]
pub(super) struct Analysis {
    /// The root that paths are below; empty for a file by itself.
    pub(super) root: Utf8PathBuf,
    /// The texts.
    pub(super) sources: Sources,
    /// The findings, as `validate` has them.
    pub(super) findings: Diagnostics,
    /// The names.
    pub(super) names: Names,
    by_path: BTreeMap<Utf8PathBuf, SourceId>,
}

impl Analysis {
    /// Looks at a project as its files are, but for what is open in the editor. The names that were found before help.
    pub(super) fn of_project(root: &Utf8Path, buffers: Buffers, before: &Names) -> Self {
        let mut opened = open_on(root.to_owned(), Ground::Edited(Arc::new(buffers)));
        for server in opened.project.as_ref().map(validate::views).unwrap_or_default() {
            opened.site(server.as_deref());
        }
        validate::settle(&mut opened, true);
        let by_path = by_path(&opened.sources);
        let sorts: Vec<(SourceId, Sort)> =
            by_path.iter().map(|(path, id)| (*id, sort_of(path, opened.project.as_ref()))).collect();
        let names = Names::of(&opened.sources, &sorts, opened.project.as_ref(), before);
        Self { root: root.to_owned(), sources: opened.sources, findings: opened.findings, names, by_path }
    }

    /// Looks at a text that lies in no project.
    pub(super) fn of_text(name: &str, text: Arc<str>) -> Self {
        let mut sources = Sources::new();
        let source = sources.add_text(name, text);
        let findings = editor::alone(&sources, source);
        let names = Names::of(&sources, &[(source, Sort::Manifest)], None, &Names::default());
        let by_path = by_path(&sources);
        Self { root: Utf8PathBuf::new(), sources, findings, names, by_path }
    }

    /// The text of a path below the root; `None` where it is no part of the project.
    pub(super) fn source(&self, path: &Utf8Path) -> Option<SourceId> {
        let below = path.strip_prefix(&self.root).ok()?;
        let below: Utf8PathBuf = below.as_str().replace('\\', "/").into();
        self.by_path.get(&below).copied()
    }

    /// The path of a text.
    pub(super) fn path(&self, source: SourceId) -> Utf8PathBuf {
        self.root.join(self.sources.path(source))
    }
}

fn by_path(sources: &Sources) -> BTreeMap<Utf8PathBuf, SourceId> {
    let mut all = BTreeMap::new();
    for (id, source) in sources.iter() {
        all.entry(source.path.clone()).or_insert(id);
    }
    all
}

/// What a file of a project is for: what only overlays name is one.
fn sort_of(path: &Utf8Path, project: Option<&Project>) -> Sort {
    if path == PROJECT_FILE {
        return Sort::Project;
    }
    let Some(project) = project else { return Sort::Manifest };
    let is_in = |entries: &[String]| {
        entries.iter().any(|entry| {
            let entry = entry.trim_end_matches('/').trim_start_matches("./");
            entry == "." || entry.is_empty() || path.starts_with(entry)
        })
    };
    let is_overlay = project.servers.values().any(|server| is_in(&server.overlays));
    if is_overlay && !is_in(&project.manifests) { Sort::Overlay } else { Sort::Manifest }
}
