//! What requests are answered with.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use lsp_types::CodeAction;
use lsp_types::CodeActionKind;
use lsp_types::CodeActionOptions;
use lsp_types::CodeActionParams;
use lsp_types::CodeActionProviderCapability;
use lsp_types::CompletionItem;
use lsp_types::CompletionItemKind;
use lsp_types::CompletionOptions;
use lsp_types::CompletionParams;
use lsp_types::CompletionTextEdit;
use lsp_types::DocumentSymbol;
use lsp_types::DocumentSymbolParams;
use lsp_types::Documentation;
use lsp_types::GotoDefinitionParams;
use lsp_types::Hover;
use lsp_types::HoverContents;
use lsp_types::HoverParams;
use lsp_types::HoverProviderCapability;
use lsp_types::InitializeParams;
use lsp_types::InitializeResult;
use lsp_types::Location as At;
use lsp_types::MarkupContent;
use lsp_types::MarkupKind;
use lsp_types::OneOf;
use lsp_types::Position;
use lsp_types::PositionEncodingKind;
use lsp_types::Range;
use lsp_types::ReferenceParams;
use lsp_types::RenameOptions;
use lsp_types::RenameParams;
use lsp_types::ServerCapabilities;
use lsp_types::ServerInfo;
use lsp_types::TextDocumentPositionParams;
use lsp_types::TextDocumentSyncCapability;
use lsp_types::TextDocumentSyncKind;
use lsp_types::TextDocumentSyncOptions;
use lsp_types::TextEdit;
use lsp_types::WorkspaceFoldersServerCapabilities;
use lsp_types::WorkspaceServerCapabilities;
use lsp_types::WorkspaceSymbol;
use lsp_types::WorkspaceSymbolParams;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::cli::context::VERSION;
use crate::cli::lsp::analysis::Analysis;
use crate::cli::lsp::convert::Ranges;
use crate::cli::lsp::convert::place;
use crate::cli::lsp::convert::symbol_kind;
use crate::cli::lsp::convert::touches;
use crate::cli::lsp::documents::path_of;
use crate::cli::lsp::session::METHOD_NOT_FOUND;
use crate::cli::lsp::session::Refusal;
use crate::cli::lsp::session::Session;
use crate::cli::lsp::session::given;
use crate::diag::Diagnostic;
use crate::diag::SourceId;
use crate::diag::visible;
use crate::editor;
use crate::editor::Action;
use crate::editor::Change;
use crate::editor::Encoding;
use crate::editor::Lines;
use crate::editor::Symbol;
use crate::manifest::Named;
use crate::manifest::Role;
use crate::manifest::Sort;
use crate::manifest::Spot;
use crate::model::kind::Kind;

/// So many symbols of a workspace are told at once.
const SYMBOLS_MAX: usize = 1_000;

/// How often a file is mended before it ends, as in `validate --fix`.
const PASSES_MAX: usize = 10;

/// Mends everything in a file that mends itself.
const FIX_ALL: &str = "source.fixAll.consign";

/// The result of a request.
type Answer = Result<Value, Refusal>;

fn to<T: serde::Serialize>(result: T) -> Answer {
    serde_json::to_value(result).map_err(|error| Refusal::failed(error.to_string()))
}

impl Session {
    /// The first request: what the client can, and what we can.
    pub(super) fn initialize(&mut self, params: InitializeParams) -> Value {
        let capabilities = params.capabilities;
        let encodings = capabilities.general.and_then(|general| general.position_encodings).unwrap_or_default();
        let encoding = if encodings.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 };
        self.abilities.encoding = encoding;
        if let Some(workspace) = capabilities.workspace {
            let edit = workspace.workspace_edit.and_then(|edit| edit.document_changes);
            let watched = workspace.did_change_watched_files.and_then(|files| files.dynamic_registration);
            self.abilities.takes_versions = edit.unwrap_or(false);
            self.abilities.watches = watched.unwrap_or(false);
        }
        let folders = params.workspace_folders.unwrap_or_default();
        let mut folders: Vec<Utf8PathBuf> = folders.iter().filter_map(|folder| path_of(folder.uri.as_str())).collect();
        #[expect(deprecated, reason = "older clients know no other way to say it")]
        if folders.is_empty() {
            folders.extend(params.root_uri.as_ref().and_then(|uri| path_of(uri.as_str())));
        }
        self.begin(folders);
        let result = InitializeResult {
            capabilities: can(encoding),
            server_info: Some(ServerInfo { name: "consign".to_owned(), version: Some(VERSION.to_owned()) }),
        };
        serde_json::to_value(result).unwrap_or_default()
    }

    /// Any other request.
    pub(super) fn asked(&mut self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/definition" => self.definition(&given(params)?),
            "textDocument/references" => self.references(&given(params)?),
            "textDocument/hover" => self.hover(&given(params)?),
            "textDocument/completion" => self.completion(&given(params)?),
            "textDocument/documentSymbol" => self.symbols(&given(params)?),
            "workspace/symbol" => self.workspace_symbols(&given(params)?),
            "textDocument/prepareRename" => self.prepare_rename(&given(params)?),
            "textDocument/rename" => self.rename(&given(params)?),
            "textDocument/codeAction" => self.actions(&given(params)?),
            _ => Err(Refusal { code: METHOD_NOT_FOUND, message: format!("no method `{}`", visible(method)) }),
        }
    }

    /// The name at a position.
    fn spot(&mut self, at: &TextDocumentPositionParams) -> Option<(&Analysis, SourceId, Spot)> {
        let encoding = self.abilities.encoding;
        let (analysis, source) = self.known(at.text_document.uri.as_str())?;
        let offset = Ranges::new(&analysis.sources, encoding).offset(source, at.position);
        let spot = analysis.names.at(source, offset)?.clone();
        Some((analysis, source, spot))
    }

    fn definition(&mut self, params: &GotoDefinitionParams) -> Answer {
        let at = &params.text_document_position_params;
        let uri = at.text_document.uri.as_str();
        let encoding = self.abilities.encoding;
        let Some((analysis, _, spot)) = self.spot(at) else { return Ok(Value::Null) };
        if let Named::Rule(id) = &spot.named {
            let page = self.manual_page(id).map(|(uri, line)| {
                let start = Position { line, character: 0 };
                At { uri, range: Range { start, end: start } }
            });
            return to(page);
        }
        let places: Vec<(SourceId, std::ops::Range<usize>)> =
            analysis.names.definitions(&spot.named).into_iter().map(|(id, spot)| (id, spot.at.clone())).collect();
        to(self.locations(uri, encoding, &places))
    }

    fn references(&mut self, params: &ReferenceParams) -> Answer {
        let at = &params.text_document_position;
        let uri = at.text_document.uri.as_str();
        let encoding = self.abilities.encoding;
        let Some((analysis, _, spot)) = self.spot(at) else { return Ok(Value::Null) };
        let with_declaration = params.context.include_declaration;
        let places: Vec<(SourceId, std::ops::Range<usize>)> = analysis
            .names
            .references(&spot.named, with_declaration)
            .into_iter()
            .map(|(id, spot)| (id, spot.at.clone()))
            .collect();
        to(self.locations(uri, encoding, &places))
    }

    fn locations(&mut self, uri: &str, encoding: Encoding, places: &[(SourceId, std::ops::Range<usize>)]) -> Vec<At> {
        let ranges: Vec<(SourceId, Range)> = match self.known(uri) {
            Some((analysis, _)) => {
                let mut ranges = Ranges::new(&analysis.sources, encoding);
                places.iter().map(|(source, at)| (*source, ranges.range(*source, at))).collect()
            }
            None => Vec::new(),
        };
        ranges.into_iter().filter_map(|(source, range)| Some(At { uri: self.address(uri, source)?, range })).collect()
    }

    /// The address of a text that belongs to the same project as another one.
    fn address(&self, uri: &str, source: SourceId) -> Option<lsp_types::Uri> {
        let (analysis, _) = self.known_now(uri)?;
        self.address_of(uri, analysis, source)
    }

    fn hover(&mut self, params: &HoverParams) -> Answer {
        let at = &params.text_document_position_params;
        let encoding = self.abilities.encoding;
        let Some((analysis, source)) = self.known(at.text_document.uri.as_str()) else { return Ok(Value::Null) };
        let mut ranges = Ranges::new(&analysis.sources, encoding);
        let offset = ranges.offset(source, at.position);
        let told = editor::hover(&analysis.sources, &analysis.names, source, offset).map(|(bytes, value)| Hover {
            contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
            range: Some(ranges.range(source, &bytes)),
        });
        to(told)
    }

    fn completion(&mut self, params: &CompletionParams) -> Answer {
        let at = &params.text_document_position;
        let uri = at.text_document.uri.as_str();
        let encoding = self.abilities.encoding;
        let Some(text) = self.documents.get(uri).map(|document| std::sync::Arc::clone(&document.text)) else {
            return Ok(Value::Null);
        };
        let Some((analysis, source)) = self.known_lately(uri) else { return Ok(Value::Null) };
        let lines = Lines::of(&text);
        let offset = lines.offset(&text, place(at.position), encoding);
        let sort = analysis.names.sort(source).unwrap_or(Sort::Manifest);
        let position = |offset| {
            let place = lines.place(&text, offset, encoding);
            Position { line: place.line, character: place.column }
        };
        let offers = editor::offers(&text, source, sort, offset, &analysis.names);
        let items: Vec<CompletionItem> = offers
            .into_iter()
            .map(|offer| {
                let range = Range { start: position(offer.change.at.start), end: position(offer.change.at.end) };
                // Editors compare what is written already, a quote perhaps, with the begin of this.
                let quote = text[offer.change.at.start..].chars().next().filter(|c| matches!(c, '"' | '\''));
                let filter = quote.map(|quote| format!("{quote}{}", offer.label));
                let documentation = (!offer.text.is_empty()).then_some(Documentation::String(offer.text));
                CompletionItem {
                    label: offer.label,
                    kind: Some(CompletionItemKind::REFERENCE),
                    detail: Some(offer.detail),
                    documentation,
                    filter_text: filter,
                    text_edit: Some(CompletionTextEdit::Edit(TextEdit { range, new_text: offer.change.new_text })),
                    ..CompletionItem::default()
                }
            })
            .collect();
        to(items)
    }

    fn symbols(&mut self, params: &DocumentSymbolParams) -> Answer {
        let encoding = self.abilities.encoding;
        let Some((analysis, source)) = self.known(params.text_document.uri.as_str()) else { return Ok(Value::Null) };
        let mut ranges = Ranges::new(&analysis.sources, encoding);
        let symbols: Vec<DocumentSymbol> =
            analysis.names.symbols(source).iter().map(|symbol| document_symbol(source, symbol, &mut ranges)).collect();
        to(symbols)
    }

    fn workspace_symbols(&mut self, params: &WorkspaceSymbolParams) -> Answer {
        let encoding = self.abilities.encoding;
        let query = params.query.to_lowercase();
        self.catch_up();
        let this: &Self = self;
        let mut found = Vec::new();
        for analysis in this.analyses() {
            let mut ranges = Ranges::new(&analysis.sources, encoding);
            for (source, key, spot) in analysis.names.all_symbols() {
                if found.len() == SYMBOLS_MAX {
                    break;
                }
                if !is_meant(&key.name.to_lowercase(), &query) && !is_meant(&key.to_string().to_lowercase(), &query) {
                    continue;
                }
                let Some(uri) = this.address_of("", analysis, source) else { continue };
                found.push(WorkspaceSymbol {
                    name: key.name.clone(),
                    kind: symbol_kind(key.kind),
                    tags: None,
                    container_name: Some(key.package.clone().unwrap_or_else(|| key.kind.name().to_owned())),
                    location: OneOf::Left(At { uri, range: ranges.range(source, &spot.at) }),
                    data: None,
                });
            }
        }
        to(found)
    }

    fn prepare_rename(&mut self, params: &TextDocumentPositionParams) -> Answer {
        let encoding = self.abilities.encoding;
        let Some((analysis, source, spot)) = self.spot(params) else { return Ok(Value::Null) };
        let Named::Item(key) = &spot.named else { return Ok(Value::Null) };
        let is_declared = analysis.names.definitions(&spot.named).iter().any(|(_, spot)| spot.role == Role::Declared);
        if spot.role == Role::Earlier {
            return Err(Refusal::failed("this is an earlier name; rename the item where its name of today stands"));
        }
        if !is_declared || spot.is_computed {
            return Err(Refusal::failed(editor::not_declared(&analysis.names, key).to_string()));
        }
        let range = Ranges::new(&analysis.sources, encoding).range(source, &spot.at);
        Ok(json!({"range": range, "placeholder": own_name(key)}))
    }

    fn rename(&mut self, params: &RenameParams) -> Answer {
        let at = &params.text_document_position;
        let uri = at.text_document.uri.as_str();
        let Some((analysis, _, spot)) = self.spot(at) else {
            return Err(Refusal::failed("there is no name here"));
        };
        let Named::Item(key) = &spot.named else {
            return Err(Refusal::failed("only items are renamed"));
        };
        let changes = editor::rename(&analysis.sources, &analysis.names, key, &params.new_name)
            .map_err(|error| Refusal::failed(error.to_string()))?;
        Ok(self.workspace_edit(uri, &changes))
    }

    fn actions(&mut self, params: &CodeActionParams) -> Answer {
        let uri = params.text_document.uri.as_str();
        let encoding = self.abilities.encoding;
        let wants = |kind: &str| {
            let only = params.context.only.as_ref();
            only.is_none_or(|only| {
                only.iter().any(|one| kind == one.as_str() || kind.starts_with(&format!("{}.", one.as_str())))
            })
        };
        let Some((analysis, source)) = self.known(uri) else { return Ok(Value::Null) };
        let mut ranges = Ranges::new(&analysis.sources, encoding);
        let here: Vec<(&Diagnostic, Range)> = analysis
            .findings
            .iter()
            .filter(|finding| finding.at.source() == Some(source))
            .map(|finding| (finding, ranges.of(&finding.at)))
            .collect();
        let mut found: Vec<(Action, Option<Value>, CodeActionKind)> = Vec::new();
        if wants("quickfix") {
            for (finding, range) in here.iter().filter(|(_, range)| touches(range, &params.range)) {
                let known = params.context.diagnostics.iter().find(|told| {
                    told.range == *range
                        && told
                            .code
                            .as_ref()
                            .is_some_and(|code| *code == lsp_types::NumberOrString::String(finding.rule.id.to_owned()))
                });
                let known = known.and_then(|told| serde_json::to_value(told).ok());
                for action in editor::actions(&analysis.sources, &analysis.names, finding) {
                    found.push((action, known.clone(), CodeActionKind::QUICKFIX));
                }
            }
        }
        // It takes a look at the project for each pass, so it is made only for who asks for it.
        if params.context.only.is_some() && wants(FIX_ALL) {
            found.extend(self.mend_all(uri).map(|action| (action, None, CodeActionKind::from(FIX_ALL))));
        }
        let mut actions = Vec::new();
        for (action, known, kind) in found {
            let mut told = Map::new();
            told.insert("title".to_owned(), action.title.clone().into());
            told.insert("kind".to_owned(), kind.as_str().into());
            told.insert("edit".to_owned(), self.workspace_edit(uri, &action.changes));
            if action.is_certain && kind == CodeActionKind::QUICKFIX {
                told.insert("isPreferred".to_owned(), true.into());
            }
            if let Some(known) = known {
                told.insert("diagnostics".to_owned(), json!([known]));
            }
            let told = Value::Object(told);
            debug_assert!(serde_json::from_value::<CodeAction>(told.clone()).is_ok(), "{told}");
            actions.push(told);
        }
        Ok(actions.into())
    }

    /// Everything in a file that mends itself, pass by pass, as `validate --fix` does.
    fn mend_all(&self, uri: &str) -> Option<Action> {
        let (known, source) = self.known_now(uri)?;
        let old = known.sources.text(source);
        let mut text = editor::mended(&known.sources, source, &known.findings)?;
        let path = known.sources.path(source).to_owned();
        for _ in 1..PASSES_MAX {
            let again = if known.root.as_str().is_empty() {
                Analysis::of_text(path.as_str(), text.as_str().into())
            } else {
                let mut buffers = self.buffers(&known.root);
                buffers.insert(path.clone(), text.as_str().into());
                Analysis::of_project(&known.root, buffers, &known.names)
            };
            let here = again.source(&again.root.join(&path))?;
            match editor::mended(&again.sources, here, &again.findings) {
                Some(more) => text = more,
                None => break,
            }
        }
        let changes = vec![editor::difference(source, old, &text)];
        Some(Action { title: "mend all that mends itself".to_owned(), changes, is_certain: true })
    }

    /// Changes of the project that a text belongs to, file by file.
    fn workspace_edit(&self, uri: &str, changes: &[Change]) -> Value {
        let encoding = self.abilities.encoding;
        let takes_versions = self.abilities.takes_versions;
        let Some((analysis, _)) = self.known_now(uri) else { return json!({}) };
        let mut ranges = Ranges::new(&analysis.sources, encoding);
        let mut files: BTreeMap<SourceId, Vec<Value>> = BTreeMap::new();
        for change in changes {
            let range = ranges.range(change.source, &change.at);
            files.entry(change.source).or_default().push(json!({"range": range, "newText": change.new_text}));
        }
        let mut versioned = Vec::new();
        let mut plain = Map::new();
        for (source, edits) in files {
            let Some(address) = self.address_of(uri, analysis, source) else { continue };
            let version = self.documents.get(address.as_str()).map(|document| document.version);
            versioned
                .push(json!({"textDocument": {"uri": address.as_str(), "version": version}, "edits": edits.clone()}));
            plain.insert(address.as_str().to_owned(), edits.into());
        }
        if takes_versions { json!({"documentChanges": versioned}) } else { json!({"changes": plain}) }
    }
}

/// What the server can.
fn can(encoding: Encoding) -> ServerCapabilities {
    let words = |all: &[&str]| Some(all.iter().map(|one| (*one).to_owned()).collect());
    ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(true.into()),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: words(&[" ", "[", "{", ",", "'", "\""]),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: Default::default(),
        })),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::from(FIX_ALL)]),
            ..CodeActionOptions::default()
        })),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

/// An item's name as its manifest writes it: of a folder the last part of its path.
fn own_name(key: &crate::model::kind::ItemKey) -> &str {
    match key.kind {
        Kind::Folder => key.name.rsplit('/').next().unwrap_or(&key.name),
        _ => &key.name,
    }
}

/// Whether a name has the letters of a query in their order; both in lower case.
fn is_meant(name: &str, query: &str) -> bool {
    let mut letters = name.chars();
    query.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

#[expect(deprecated, reason = "the type has a field that nobody uses any more")]
fn document_symbol(source: SourceId, symbol: &Symbol, ranges: &mut Ranges<'_>) -> DocumentSymbol {
    let below: Vec<DocumentSymbol> =
        symbol.below.iter().map(|symbol| document_symbol(source, symbol, ranges)).collect();
    let name = if symbol.key.name.is_empty() { "(no name)".to_owned() } else { symbol.key.name.clone() };
    let range = ranges.range(source, &(symbol.whole.start.min(symbol.at.start)..symbol.whole.end.max(symbol.at.end)));
    DocumentSymbol {
        name,
        detail: Some(symbol.key.kind.name().to_owned()),
        kind: symbol_kind(symbol.key.kind),
        tags: None,
        deprecated: None,
        range,
        selection_range: ranges.range(source, &symbol.at),
        children: (!below.is_empty()).then_some(below),
    }
}
