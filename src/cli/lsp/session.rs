//! What is open, what is known of it, and what the client has been told.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use lsp_types::DidChangeTextDocumentParams;
use lsp_types::DidChangeWorkspaceFoldersParams;
use lsp_types::DidCloseTextDocumentParams;
use lsp_types::DidOpenTextDocumentParams;
use lsp_types::PublishDiagnosticsParams;
use lsp_types::Uri;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use crate::cli::context::VERSION;
use crate::cli::lsp::analysis::Analysis;
use crate::cli::lsp::convert;
use crate::cli::lsp::convert::Ranges;
use crate::cli::lsp::convert::address;
use crate::cli::lsp::documents;
use crate::cli::lsp::documents::Document;
use crate::cli::lsp::documents::path_of;
use crate::cli::lsp::documents::uri_of;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::visible;
use crate::editor::Encoding;
use crate::rules;
use crate::rules::Rule;
use crate::sys::cache;
use crate::sys::clock::Stopwatch;
use crate::sys::disk;
use crate::sys::edited::Buffers;
use crate::sys::files;
use crate::sys::files::PROJECT_FILE;

/// An error that a request is answered with.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: i32,
    pub(super) message: String,
}

impl Refusal {
    /// What it asks for cannot be done.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self { code: REQUEST_FAILED, message: message.into() }
    }
}

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
const NOT_INITIALIZED: i32 = -32002;
const REQUEST_CANCELLED: i32 = -32800;
const REQUEST_FAILED: i32 = -32803;

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    ShutDown,
}

/// What the client can do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Abilities {
    /// It counts columns so.
    pub(super) encoding: Encoding,
    /// It takes changes of several texts with their versions.
    pub(super) takes_versions: bool,
    /// It tells of files that change on disk, if it is asked to.
    pub(super) watches: bool,
}

/// A project, and whether something changed since it was looked at.
#[derive(Default)]
struct Kept {
    analysis: Option<Analysis>,
    is_behind: bool,
    /// What the client was told, by address.
    told: BTreeMap<String, Value>,
}

/// One conversation.
pub(super) struct Session {
    phase: Phase,
    pub(super) abilities: Abilities,
    pub(super) documents: BTreeMap<String, Document>,
    folders: BTreeSet<Utf8PathBuf>,
    projects: BTreeMap<Utf8PathBuf, Kept>,
    /// Files that lie in no project, by address.
    alone: BTreeMap<String, Kept>,
    manual: Option<Manual>,
    outgoing: Vec<Value>,
    n_asked: i64,
}

/// The chapter of the manual that tells of the rules, where an editor can open it.
struct Manual {
    uri: String,
    /// The line of a rule's heading, from 1, by ID.
    lines: BTreeMap<&'static str, usize>,
}

impl Manual {
    /// Puts it into the user's directory for such things. Where that cannot be, findings lead nowhere.
    fn write() -> Option<Self> {
        let text = rules::manual();
        let directory = cache::directory()?;
        let path = directory.join(format!("rules-{VERSION}.md"));
        let is_there = disk::read_bounded(&path, 4 << 20).is_ok_and(|known| known == text.as_bytes());
        if !is_there {
            disk::make_directory(&directory).ok()?;
            files::write_atomic(&path, text.as_bytes(), None).ok()?;
        }
        let heads: BTreeMap<&str, usize> =
            text.lines().enumerate().filter_map(|(at, line)| Some((line.strip_prefix("## ")?, at + 1))).collect();
        let lines = rules::all().filter_map(|rule| Some((rule.id, *heads.get(rule.id)?))).collect();
        Some(Self { uri: uri_of(&path)?, lines })
    }

    fn page(&self, rule: &Rule) -> Option<Uri> {
        address(&format!("{}#L{}", self.uri, self.lines.get(rule.id)?))
    }
}

impl Session {
    pub(super) const fn new() -> Self {
        Self {
            phase: Phase::New,
            abilities: Abilities { encoding: Encoding::Utf16, takes_versions: false, watches: false },
            documents: BTreeMap::new(),
            folders: BTreeSet::new(),
            projects: BTreeMap::new(),
            alone: BTreeMap::new(),
            manual: None,
            outgoing: Vec::new(),
            n_asked: 0,
        }
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.phase == Phase::ShutDown
    }

    pub(super) fn take_outgoing(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.outgoing)
    }

    /// Something came that is no message.
    pub(super) fn broken(&mut self, problem: &str) {
        tracing::warn!("{}", visible(problem));
        self.answer(&Value::Null, Err(Refusal { code: PARSE_ERROR, message: problem.to_owned() }));
    }

    /// A request was taken back before its turn came.
    pub(super) fn cancelled(&mut self, id: &Value) {
        self.answer(id, Err(Refusal { code: REQUEST_CANCELLED, message: "the request was cancelled".to_owned() }));
    }

    fn answer(&mut self, id: &Value, result: Result<Value, Refusal>) {
        self.outgoing.push(match result {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(Refusal { code, message }) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
            }
        });
    }

    pub(super) fn notify(&mut self, method: &str, params: impl serde::Serialize) {
        match serde_json::to_value(params) {
            Ok(params) => self.outgoing.push(json!({"jsonrpc": "2.0", "method": method, "params": params})),
            Err(error) => tracing::warn!("cannot say `{method}`: {error}"),
        }
    }

    /// Takes a message. Whatever goes wrong with it, the conversation goes on.
    pub(super) fn take(&mut self, message: Value) {
        let (method, id) = (message["method"].as_str().map(str::to_owned), message.get("id").cloned());
        let params = message.get("params").cloned().unwrap_or(Value::Null);
        match (method, id) {
            (Some(method), Some(id)) => {
                let result = catch_unwind(AssertUnwindSafe(|| self.request(&method, params)));
                let result = result.unwrap_or_else(|_| {
                    self.start_anew();
                    Err(Refusal { code: INTERNAL_ERROR, message: format!("`{}` failed", visible(&method)) })
                });
                self.answer(&id, result);
            }
            (Some(method), None) => {
                if catch_unwind(AssertUnwindSafe(|| self.notice(&method, params))).is_err() {
                    tracing::error!("`{}` failed", visible(&method));
                    self.start_anew();
                }
            }
            // An answer to something that we asked.
            (None, Some(_)) if message.get("result").is_some() || message.get("error").is_some() => {}
            (None, id) => {
                let refusal = Refusal { code: INVALID_REQUEST, message: "this is no message".to_owned() };
                self.answer(&id.unwrap_or(Value::Null), Err(refusal));
            }
        }
    }

    /// After a failure nothing that was found before is relied upon.
    fn start_anew(&mut self) {
        for kept in self.projects.values_mut().chain(self.alone.values_mut()) {
            kept.analysis = None;
            kept.is_behind = true;
        }
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value, Refusal> {
        match (self.phase, method) {
            (Phase::New, "initialize") => {
                let result = self.initialize(given(params)?);
                self.phase = Phase::Running;
                Ok(result)
            }
            (Phase::New, _) => Err(Refusal { code: NOT_INITIALIZED, message: "`initialize` comes first".to_owned() }),
            (Phase::Running, "initialize") => {
                Err(Refusal { code: INVALID_REQUEST, message: "`initialize` comes once".to_owned() })
            }
            (Phase::Running, "shutdown") => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            (Phase::Running, _) => self.asked(method, params),
            (Phase::ShutDown, _) => {
                Err(Refusal { code: INVALID_REQUEST, message: "the server was shut down".to_owned() })
            }
        }
    }

    fn notice(&mut self, method: &str, params: Value) {
        if self.phase != Phase::Running {
            return;
        }
        let result = match method {
            "initialized" => {
                self.watch();
                Ok(())
            }
            "textDocument/didOpen" => given(params).map(|params| self.opened(params)),
            "textDocument/didChange" => given(params).map(|params| self.changed(&params)),
            "textDocument/didClose" => given(params).map(|params| self.closed(&params)),
            "workspace/didChangeWatchedFiles" | "textDocument/didSave" => {
                self.moved();
                Ok(())
            }
            "workspace/didChangeWorkspaceFolders" => given(params).map(|params| self.regrouped(&params)),
            _ => {
                tracing::debug!("`{}` is passed over", visible(method));
                Ok(())
            }
        };
        if let Err(Refusal { message, .. }) = result {
            tracing::warn!("`{}`: {}", visible(method), visible(&message));
        }
    }

    /// Begins with the folders that are open in the editor.
    pub(super) fn begin(&mut self, folders: Vec<Utf8PathBuf>) {
        self.manual = Manual::write();
        self.folders.extend(folders);
        self.look_for_projects();
    }

    /// Asks to be told of files that change on disk.
    fn watch(&mut self) {
        if !self.abilities.watches {
            return;
        }
        self.n_asked += 1;
        let watchers = json!([{"globPattern": "**/*.yaml"}, {"globPattern": "**/*.yml"}]);
        let method = "workspace/didChangeWatchedFiles";
        let registration = json!({"id": "files", "method": method, "registerOptions": {"watchers": watchers}});
        self.outgoing.push(json!({
            "jsonrpc": "2.0", "id": format!("consign-{}", self.n_asked), "method": "client/registerCapability",
            "params": {"registrations": [registration]},
        }));
    }

    fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let given = params.text_document;
        let uri = given.uri.as_str().to_owned();
        let document = Document::new(&uri, &given.text, given.version);
        self.touch(&uri, &document, true);
        let is_project_file = document.path.as_deref().and_then(Utf8Path::file_name) == Some(PROJECT_FILE);
        self.documents.insert(uri, document);
        if is_project_file {
            self.moved();
        }
    }

    fn changed(&mut self, params: &DidChangeTextDocumentParams) {
        let uri = params.text_document.uri.as_str().to_owned();
        let encoding = self.abilities.encoding;
        let Some(mut document) = self.documents.remove(&uri) else {
            tracing::warn!("`{}` changed, and is not open", visible(&uri));
            return;
        };
        document.change(&params.content_changes, encoding);
        document.version = params.text_document.version;
        self.touch(&uri, &document, false);
        self.documents.insert(uri, document);
    }

    fn closed(&mut self, params: &DidCloseTextDocumentParams) {
        let uri = params.text_document.uri.as_str();
        let Some(document) = self.documents.remove(uri) else { return };
        match &document.root {
            Some(_) => self.touch(uri, &document, false),
            None => self.forget_alone(uri),
        }
    }

    fn forget_alone(&mut self, uri: &str) {
        if self.alone.remove(uri).is_some_and(|kept| kept.told.values().any(|told| told != &json!([])))
            && let Some(uri) = address(uri)
        {
            self.notify("textDocument/publishDiagnostics", PublishDiagnosticsParams::new(uri, Vec::new(), None));
        }
    }

    /// Marks what a text belongs to. One that was just opened is told of again, whatever was told before.
    fn touch(&mut self, uri: &str, document: &Document, is_new: bool) {
        let kept = match &document.root {
            Some(root) => self.projects.entry(root.clone()).or_default(),
            None => self.alone.entry(uri.to_owned()).or_default(),
        };
        kept.is_behind = true;
        if is_new {
            kept.told.remove(uri);
        }
    }

    /// Something changed on disk: any project may have begun, ended or changed.
    fn moved(&mut self) {
        self.look_for_projects();
        let uris: Vec<String> = self.documents.keys().cloned().collect();
        for uri in uris {
            let Some(document) = self.documents.get_mut(&uri) else { continue };
            let root = document.path.as_deref().and_then(documents::root_of);
            let is_other = root != document.root;
            document.root = root;
            let document = document.clone();
            if is_other && document.root.is_some() {
                self.forget_alone(&uri);
            }
            self.touch(&uri, &document, is_other);
        }
        for kept in self.projects.values_mut() {
            kept.is_behind = true;
        }
    }

    fn regrouped(&mut self, params: &DidChangeWorkspaceFoldersParams) {
        for folder in &params.event.removed {
            if let Some(path) = path_of(folder.uri.as_str()) {
                self.folders.remove(&path);
                self.leave(&path);
            }
        }
        self.folders.extend(params.event.added.iter().filter_map(|folder| path_of(folder.uri.as_str())));
        self.look_for_projects();
    }

    /// Forgets the projects of a folder that was closed, but for those of which a file is open.
    fn leave(&mut self, folder: &Utf8Path) {
        let is_open = |root: &Utf8PathBuf, documents: &BTreeMap<String, Document>| {
            documents.values().any(|document| document.root.as_ref() == Some(root))
        };
        let gone: Vec<Utf8PathBuf> = self
            .projects
            .keys()
            .filter(|root| root.starts_with(folder) && !is_open(root, &self.documents))
            .cloned()
            .collect();
        for root in gone {
            if let Some(mut kept) = self.projects.remove(&root) {
                kept.analysis = Some(Analysis::default());
                self.tell(&mut kept, |_| None);
            }
        }
    }

    /// Every project in the folders, and above them.
    fn look_for_projects(&mut self) {
        let roots: BTreeSet<Utf8PathBuf> =
            self.folders.iter().flat_map(|folder| documents::projects_of(folder)).collect();
        for root in roots {
            self.projects.entry(root).or_insert_with(|| Kept { is_behind: true, ..Kept::default() });
        }
    }

    /// Whether something changed that was not looked at again.
    pub(super) fn is_behind(&self) -> bool {
        self.projects.values().chain(self.alone.values()).any(|kept| kept.is_behind)
    }

    /// Looks again at what changed, and tells what is new about it.
    pub(super) fn catch_up(&mut self) {
        let roots: Vec<Utf8PathBuf> =
            self.projects.iter().filter(|(_, kept)| kept.is_behind).map(|(root, _)| root.clone()).collect();
        for root in roots {
            self.look_at_project(&root);
        }
        let alone: Vec<String> =
            self.alone.iter().filter(|(_, kept)| kept.is_behind).map(|(uri, _)| uri.clone()).collect();
        for uri in alone {
            self.look_at_alone(&uri);
        }
    }

    /// What is open of a project.
    pub(super) fn buffers(&self, root: &Utf8Path) -> Buffers {
        let mut buffers = Buffers::new();
        for document in self.documents.values() {
            if let Some(path) = document.path.as_deref().and_then(|path| path.strip_prefix(root).ok()) {
                buffers.insert(path.as_str().replace('\\', "/").into(), Arc::clone(&document.text));
            }
        }
        buffers
    }

    fn look_at_project(&mut self, root: &Utf8Path) {
        let buffers = self.buffers(root);
        let Some(mut kept) = self.projects.remove(root) else { return };
        if !disk::is_there(&root.join(PROJECT_FILE)) && !buffers.contains_key(Utf8Path::new(PROJECT_FILE)) {
            kept.analysis = Some(Analysis::default());
            self.tell(&mut kept, |_| None);
            return; // It is no project any more.
        }
        let watch = Stopwatch::start();
        let before = kept.analysis.take();
        let names = before.as_ref().map(|before| &before.names);
        let found = catch_unwind(AssertUnwindSafe(|| {
            Analysis::of_project(root, buffers, names.unwrap_or(&crate::editor::Names::default()))
        }));
        kept.is_behind = false;
        match found {
            Ok(analysis) => {
                let n_texts = analysis.sources.len();
                tracing::debug!("looked at {n_texts} texts in {:?}", watch.elapsed());
                kept.analysis = Some(analysis);
                let open: BTreeMap<Utf8PathBuf, String> = self
                    .documents
                    .iter()
                    .filter_map(|(uri, document)| Some((document.path.clone()?, uri.clone())))
                    .collect();
                self.tell(&mut kept, |path| open.get(path).cloned().or_else(|| uri_of(path)));
            }
            Err(_) => tracing::error!("looking at `{}` failed", visible(root.as_str())),
        }
        self.projects.insert(root.to_owned(), kept);
    }

    fn look_at_alone(&mut self, uri: &str) {
        let Some(mut kept) = self.alone.remove(uri) else { return };
        kept.is_behind = false;
        if let Some(document) = self.documents.get(uri) {
            let name = document.path.as_deref().and_then(Utf8Path::file_name).unwrap_or("text").to_owned();
            let text = Arc::clone(&document.text);
            match catch_unwind(AssertUnwindSafe(|| Analysis::of_text(&name, text))) {
                Ok(analysis) => {
                    kept.analysis = Some(analysis);
                    self.tell(&mut kept, |_| Some(uri.to_owned()));
                }
                Err(_) => tracing::error!("looking at `{}` failed", visible(uri)),
            }
            self.alone.insert(uri.to_owned(), kept);
        }
    }

    /// Tells the findings of each file in which they are others than before; of an open one also that there are none.
    fn tell(&mut self, kept: &mut Kept, uri_of_path: impl Fn(&Utf8Path) -> Option<String>) {
        let Some(analysis) = &kept.analysis else { return };
        let uri = |source: SourceId| uri_of_path(&analysis.path(source));
        let page = |rule: &Rule| self.manual.as_ref().and_then(|manual| manual.page(rule));
        let mut ranges = Ranges::new(&analysis.sources, self.abilities.encoding);
        let mut found: BTreeMap<String, Vec<lsp_types::Diagnostic>> = BTreeMap::new();
        if analysis.root.as_str().is_empty() {
            found.extend(uri_of_path(Utf8Path::new("")).map(|uri| (uri, Vec::new())));
        } else {
            let is_here =
                |document: &Document| document.path.as_deref().is_some_and(|path| analysis.source(path).is_some());
            let open = self.documents.iter().filter(|(_, document)| is_here(document));
            found.extend(open.map(|(uri, _)| (uri.clone(), Vec::new())));
        }
        for finding in &analysis.findings {
            let place = match &finding.at {
                Location::Nowhere => uri_of_path(&analysis.root.join(PROJECT_FILE)),
                at => at.source().and_then(uri),
            };
            if let Some(place) = place {
                let told = convert::told(finding, &mut ranges, &|source| address(&uri(source)?), &page);
                found.entry(place).or_default().push(told);
            }
        }
        for gone in kept.told.keys() {
            found.entry(gone.clone()).or_default();
        }
        let mut told = BTreeMap::new();
        for (uri, findings) in found {
            let Ok(value) = serde_json::to_value(&findings) else { continue };
            if kept.told.get(&uri) != Some(&value)
                && let Some(uri) = address(&uri)
            {
                let version = self.documents.get(uri.as_str()).map(|document| document.version);
                let params = PublishDiagnosticsParams { uri, diagnostics: findings, version };
                self.notify("textDocument/publishDiagnostics", params);
            }
            let is_open = self.documents.contains_key(&uri);
            if is_open || value != json!([]) {
                told.insert(uri, value);
            }
        }
        kept.told = told;
    }

    /// What is known of the project or file that a text belongs to, as it is now, and the text's place in it.
    pub(super) fn known(&mut self, uri: &str) -> Option<(&Analysis, SourceId)> {
        let (path, root) = self.whereabouts(uri);
        match root {
            Some(root) => {
                if self.projects.get(&root).is_none_or(|kept| kept.is_behind || kept.analysis.is_none()) {
                    self.projects.entry(root.clone()).or_default().is_behind = true;
                    self.look_at_project(&root);
                }
            }
            None => {
                if self.alone.get(uri).is_some_and(|kept| kept.is_behind || kept.analysis.is_none()) {
                    self.look_at_alone(uri);
                }
            }
        }
        self.known_before(uri, path.as_deref())
    }

    /// The same without looking again, as long as something is known at all.
    pub(super) fn known_lately(&mut self, uri: &str) -> Option<(&Analysis, SourceId)> {
        if self.known_now(uri).is_none() {
            return self.known(uri);
        }
        self.known_now(uri)
    }

    fn whereabouts(&self, uri: &str) -> (Option<Utf8PathBuf>, Option<Utf8PathBuf>) {
        match self.documents.get(uri) {
            Some(document) => (document.path.clone(), document.root.clone()),
            None => {
                let path = path_of(uri);
                let root = path.as_deref().and_then(documents::root_of);
                (path, root)
            }
        }
    }

    fn known_before(&self, uri: &str, path: Option<&Utf8Path>) -> Option<(&Analysis, SourceId)> {
        if let Some(kept) = self.alone.get(uri) {
            let analysis = kept.analysis.as_ref()?;
            return Some((analysis, analysis.sources.iter().next()?.0));
        }
        let path = path?;
        // The innermost project is the one that a file belongs to.
        let (_, kept) = self.projects.iter().rev().find(|(root, _)| path.starts_with(root))?;
        let analysis = kept.analysis.as_ref()?;
        Some((analysis, analysis.source(path)?))
    }

    /// What is known of the project or file that a text belongs to, as it was looked at last.
    pub(super) fn known_now(&self, uri: &str) -> Option<(&Analysis, SourceId)> {
        let (path, _) = self.whereabouts(uri);
        self.known_before(uri, path.as_deref())
    }

    /// Every project, as it was looked at last.
    pub(super) fn analyses(&self) -> impl Iterator<Item = &Analysis> {
        self.projects.values().filter_map(|kept| kept.analysis.as_ref())
    }

    /// The address of a text, as the client says it where it is open there.
    pub(super) fn address_of(&self, uri: &str, analysis: &Analysis, source: SourceId) -> Option<Uri> {
        if analysis.root.as_str().is_empty() {
            return address(uri);
        }
        let path = analysis.path(source);
        let open = self.documents.iter().find(|(_, document)| document.path.as_ref() == Some(&path));
        address(&open.map(|(uri, _)| uri.clone()).or_else(|| uri_of(&path))?)
    }

    /// Where the manual tells of a rule.
    pub(super) fn manual_page(&self, id: &str) -> Option<(Uri, u32)> {
        let manual = self.manual.as_ref()?;
        let line = manual.lines.get(id)?;
        Some((address(&manual.uri)?, u32::try_from(line.saturating_sub(1)).ok()?))
    }
}

/// Parameters as their method wants them.
pub(super) fn given<T: DeserializeOwned>(params: Value) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal { code: INVALID_PARAMS, message: error.to_string() })
}
