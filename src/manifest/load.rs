//! Texts to documents: everything that does not depend on a server.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::allow::opens_block;
use super::document;
use super::document::API_VERSION;
use super::document::Refused;
use super::document::kinds;
use super::document::manifest_kind;
use super::scalar;
use super::schema::Subject;
use super::syntax;
use super::translate;
use super::translate::Place;
use super::translate::shortened;
use super::translate::shortened_message;
use super::tree::Data;
use super::tree::Tree;
use super::tree::dotted;
use super::variables;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Part;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::did_you_mean;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::rules::manifest::MAN_3;
use crate::rules::manifest::MAN_4;
use crate::rules::manifest::MAN_13;
use crate::rules::manifest::MAN_18;

/// The manifests of a project, read as far as no server is needed. See [`Manifests::site`].
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// By path and place in the file.
    pub(super) documents: Vec<Declared>,
}

/// One document that declares an item.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) head: Head,
    pub(super) state: State,
}

/// How far a document is read.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Whole.
    Ready(Box<Item>),
    /// Its variables are not filled in yet.
    Deferred,
    /// Not, for it has a finding; only its kind and name are known.
    Unread,
}

/// Where a document is and what it is about.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) source: SourceId,
    pub(super) number: u32,
    pub(super) text: Arc<str>,
    pub(super) kind: Kind,
    /// `metadata.name`.
    pub(super) name: String,
}

/// The overlays of one server.
#[derive(Clone, Debug, Default)]
pub struct Overlays {
    pub(super) documents: Vec<Head>,
}

impl Manifests {
    /// How many items are declared, programs not counted.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// What each document declares, by path and place in the file: its file, kind and name, and whether it was read whole,
    /// with no variable left to fill in.
    pub fn declared(&self) -> impl Iterator<Item = (SourceId, Kind, &str, bool)> {
        self.documents.iter().map(|declared| {
            let is_ready = matches!(declared.state, State::Ready(_));
            (declared.head.source, declared.head.kind, declared.head.name.as_str(), is_ready)
        })
    }
}

impl Overlays {
    /// The kind and name of each item that an overlay changes, by path and place in the file.
    pub fn items(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.documents.iter().map(|head| (head.kind, head.name.as_str()))
    }
}

/// Reads manifests, many texts at once; the result does not depend on the order of `ids`.
///
/// What a finding concerns is left out, so that with an error among them the manifests are not whole: they may be
/// checked further, but nothing may be planned from them.
pub fn parse(sources: &Sources, ids: &[SourceId]) -> (Manifests, Diagnostics) {
    let (documents, mut findings) = each_file(sources, ids, declared);
    if documents.is_empty() && findings.is_empty() {
        let n_files = ids.len();
        let message = match n_files {
            0 => "there is no file with manifests".to_owned(),
            1 => "the file holds no manifest".to_owned(),
            _ => format!("none of {n_files} files holds a manifest"),
        };
        findings.push(
            Diagnostic::error(&MAN_13, Location::Nowhere, message)
                .help("is `manifests` in `consign.yaml` right, and was everything checked out?"),
        );
    }
    (Manifests { documents }, findings)
}

/// Reads the overlays of one server, in the same way.
pub fn parse_overlays(sources: &Sources, ids: &[SourceId]) -> (Overlays, Diagnostics) {
    let (documents, findings) = each_file(sources, ids, |head, document, findings| {
        if let Some(finding) = overlay_envelope(&head, document) {
            findings.push(finding);
            return None;
        }
        Some(head)
    });
    (Overlays { documents }, findings)
}

fn each_file<T: Send>(
    sources: &Sources,
    ids: &[SourceId],
    take: impl Fn(Head, &syntax::Document<'_>, &mut Diagnostics) -> Option<T> + Sync,
) -> (Vec<T>, Diagnostics) {
    let mut ids: Vec<SourceId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    ids.sort_by(|a, b| sources.path(*a).as_str().cmp(sources.path(*b).as_str()));
    let files: Vec<(Vec<T>, Diagnostics)> = ids
        .par_iter()
        .map(|id| {
            let text = &sources.get(*id).text;
            let (documents, mut findings) = syntax::read(text, *id);
            let taken = documents
                .iter()
                .filter_map(|document| {
                    findings.extend(ambiguous(*id, text, &document.tree));
                    let head = head(*id, text, document, &mut findings)?;
                    take(head, document, &mut findings)
                })
                .collect();
            (taken, findings)
        })
        .collect();
    let mut all = (Vec::new(), Diagnostics::new());
    for (taken, findings) in files {
        all.0.extend(taken);
        all.1.extend(findings);
    }
    all
}

/// Texts without quotes that a reader of YAML 1.1 takes for something else (MAN-18).
pub(super) fn ambiguous(source: SourceId, text: &str, tree: &Tree<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    for node in &tree.nodes {
        let Data::Text(said) = &node.data else { continue };
        let (start, end) = (node.start as usize, node.end as usize);
        let Some(other) = scalar::otherwise(said).filter(|_| text.get(start..end) == Some(&**said)) else { continue };
        // The text of a block stands below its mark, and is never taken for anything else.
        let line = text[..start].rfind('\n').unwrap_or(0);
        let above = text[..line].trim_end().rsplit('\n').next().unwrap_or_default();
        if text[line..start].trim().is_empty() && opens_block(above) {
            continue;
        }
        let at = Location::Span { source, start, end };
        let message = format!("without quotes `{said}` is {other} to readers of YAML 1.1");
        let quoted = format!("'{said}'");
        found.push(
            Diagnostic::warning(&MAN_18, at.clone(), message).help(format!("put it in quotes: `{quoted}`")).fix(
                "put it in quotes",
                at,
                quoted,
            ),
        );
    }
    found
}

/// What a document is about, or a finding on its envelope.
fn head(
    source: SourceId,
    text: &Arc<str>,
    document: &syntax::Document<'_>,
    findings: &mut Diagnostics,
) -> Option<Head> {
    let tree = &document.tree;
    let name = tree.get(0, "metadata").and_then(|metadata| tree.get(metadata, "name")).and_then(|at| tree.text(at));
    match envelope_kind(tree) {
        Ok(kind) => {
            let name = name.unwrap_or_default().to_owned();
            Some(Head { source, number: document.number, text: Arc::clone(text), kind, name })
        }
        Err(finding) => {
            let EnvelopeFinding { at: (pointer, part), diagnostic } = *finding;
            let at = Location::Pointer { source, document: document.number, pointer, part };
            findings.push(Diagnostic { at, ..diagnostic });
            None
        }
    }
}

struct EnvelopeFinding {
    at: (String, Part),
    diagnostic: Diagnostic,
}

/// The kind of a document, or why it is no manifest.
fn envelope_kind(tree: &Tree<'_>) -> Result<Kind, Box<EnvelopeFinding>> {
    let fail = |rule, at: &str, part, message: String, help: String| {
        let diagnostic = Diagnostic::error(rule, Location::Nowhere, message).help(help);
        Err(Box::new(EnvelopeFinding { at: (at.to_owned(), part), diagnostic }))
    };
    let Data::Map { .. } = tree.nodes[0].data else {
        let message = "a manifest is a map with `apiVersion`, `kind`, `metadata` and `spec`".to_owned();
        return fail(&MAN_3, "", Part::Value, message, "is this file meant to be a manifest?".to_owned());
    };
    let Some(at) = tree.get(0, "kind") else {
        let message = if tree.get(0, "apiVersion").is_none() {
            "this is no manifest: it has neither `apiVersion` nor `kind`".to_owned()
        } else {
            "a manifest needs the key `kind`".to_owned()
        };
        let help = format!("begin it with `apiVersion: {API_VERSION}` and `kind`, or move the file out of `manifests`");
        return fail(&MAN_4, "", Part::Value, message, help);
    };
    let names: Vec<&str> = kinds().map(Kind::name).collect();
    let all =
        || format!("the kinds are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
    let Some(name) = tree.text(at) else {
        return fail(&MAN_3, "/kind", Part::Value, "`kind` is not a word".to_owned(), all());
    };
    match manifest_kind(name) {
        Some(kind) => Ok(kind),
        None if name == "Project" => {
            let help =
                "keep it in `consign.yaml` at the root, outside the directories that `manifests` names".to_owned();
            fail(&MAN_3, "/kind", Part::Value, "a `Project` is no manifest".to_owned(), help)
        }
        None if name == "Program" => {
            let help = "write the program into its package's manifest, under `spec.programs`".to_owned();
            fail(&MAN_3, "/kind", Part::Value, "a program has no manifest of its own".to_owned(), help)
        }
        None => {
            let help = did_you_mean(name, names.iter().copied()).unwrap_or_else(all);
            fail(&MAN_3, "/kind", Part::Value, format!("`{}` is not a kind", shortened(name)), help)
        }
    }
}

fn declared(head: Head, document: &syntax::Document<'_>, findings: &mut Diagnostics) -> Option<Declared> {
    if document.variables {
        // Its texts mean something only with a server's values; that is for `site`.
        let misplaced = variables::misplaced(&head, &document.tree);
        let state = if misplaced.is_empty() { State::Deferred } else { State::Unread };
        findings.extend(misplaced);
        return Some(Declared { head, state });
    }
    let place = |pointer, part| Location::Pointer { source: head.source, document: head.number, pointer, part };
    match item(head.kind, &document.tree, Some(&head.text), &place) {
        Ok(item) => Some(Declared { state: State::Ready(Box::new(item)), head }),
        Err(found) => {
            findings.extend(found);
            Some(Declared { state: State::Unread, head })
        }
    }
}

/// The item of a document, or everything that is wrong with it.
pub(super) fn item(kind: Kind, tree: &Tree<'_>, text: Option<&str>, place: Place<'_>) -> Result<Item, Diagnostics> {
    let first = match document::item(tree) {
        Ok(item) => return Ok(item),
        Err(refused) => refused,
    };
    let found = translate::judge(Subject::Manifest(kind), tree, text, place);
    if !found.is_empty() {
        return Err(found);
    }
    let refused = match first {
        Refused::AskSchema => match document::item_taken(tree) {
            Ok(item) => return Ok(item),
            Err(refused) => refused,
        },
        refused @ Refused::Type { .. } => refused,
    };
    Err(Diagnostics::from_iter([type_finding(refused, tree, place)]))
}

/// What a type says of a value whose form is right, such as a day that its month does not have.
pub(super) fn type_finding(refused: Refused, tree: &Tree<'_>, place: Place<'_>) -> Diagnostic {
    let (at, message) = match refused {
        Refused::Type { at, message } => (at, message),
        Refused::AskSchema => (0, "a value that no manifest can have".to_owned()),
    };
    let pointer = tree.pointer_of(at);
    let message = format!("`{}`: {}", dotted(&pointer), shortened_message(&message));
    Diagnostic::error(&MAN_3, place(pointer, Part::Value), message)
}

/// What keeps a document from being an overlay; the rest is judged once it is merged.
fn overlay_envelope(head: &Head, document: &syntax::Document<'_>) -> Option<Diagnostic> {
    let tree = &document.tree;
    let at = |pointer: &str| Location::value(head.source, head.number, pointer);
    let version = tree.get(0, "apiVersion").and_then(|at| tree.text(at));
    if version != Some(API_VERSION) {
        let rule = if version.is_none() { &MAN_4 } else { &MAN_3 };
        let message = format!("an overlay begins with `apiVersion: {API_VERSION}`");
        return Some(Diagnostic::error(rule, at("/apiVersion"), message));
    }
    if head.name.is_empty() {
        let message = "an overlay names its item under `metadata.name`";
        return Some(Diagnostic::error(&MAN_4, at("/metadata/name"), message));
    }
    let stray = tree
        .pairs(0)
        .filter_map(|(key, _)| tree.text(key))
        .find(|key| !matches!(*key, "apiVersion" | "kind" | "metadata" | "spec"))?;
    let message = format!("an overlay has no key `{}`", shortened(stray));
    let mut pointer = String::new();
    super::tree::push_segment(&mut pointer, stray);
    let key = Location::key(head.source, head.number, pointer);
    let help = did_you_mean(stray, ["apiVersion", "kind", "metadata", "spec"]);
    let finding = Diagnostic::error(&crate::rules::manifest::MAN_2, key, message);
    Some(match help {
        Some(help) => finding.help(help),
        None => finding.help("its keys are `apiVersion`, `kind`, `metadata` and `spec`"),
    })
}
