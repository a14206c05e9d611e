//! YAML text to trees. The only place that names `granit_parser`.
//!
//! One pass over a text gives a tree for each document. What two readers may take differently, or what can grow without
//! bound, is refused here with a place: anchors, aliases, merge keys, tags, directives, duplicate and non-text keys,
//! depth, sizes. After a finding reading goes on where it can, at worst with the next document.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::ErrorKind;
use granit_parser::Event;
use granit_parser::Parser;
use granit_parser::ScalarStyle;
use granit_parser::ScanError;
use granit_parser::Span;
use granit_parser::StrInput;
use granit_parser::StructureStyle;

use super::scalar;
use super::tree::Data;
use super::tree::Node;
use super::tree::Tree;
use super::tree::narrow;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::visible;
use crate::rules::Rule;
use crate::rules::manifest::MAN_1;
use crate::rules::manifest::MAN_3;
use crate::rules::manifest::MAN_5;
use crate::rules::manifest::MAN_6;
use crate::rules::manifest::MAN_7;

/// How deep values may be nested (MAN-7).
pub(super) const DEPTH_MAX: usize = 32;
/// How many keys and values a file may have (MAN-7).
pub(super) const NODES_MAX: usize = 200_000;
/// How many documents a file may have (MAN-7).
pub(super) const DOCUMENTS_MAX: u32 = 10_000;
/// How long a file may be, in bytes (MAN-7); `sys::files` reads no longer ones.
pub(super) const BYTES_MAX: usize = 4 << 20;
/// After so many findings of syntax the rest of a file is left alone.
const FINDINGS_MAX: usize = 100;

/// One document without a finding of syntax.
pub(super) struct Document<'t> {
    /// Its number in the file, 0 the first; empty ones count.
    pub(super) number: u32,
    /// What it says.
    pub(super) tree: Tree<'t>,
    /// Whether `${{` stands anywhere in it.
    pub(super) variables: bool,
}

/// Reads every document of a text. A document with a finding of syntax, and an empty one, is left out.
pub(super) fn read(text: &str, source: SourceId) -> (Vec<Document<'_>>, Diagnostics) {
    let mut reader = Reader::new(text, source);
    if reader.is_readable() {
        reader.read();
    }
    if !reader.findings.is_empty()
        && let Some(conflict) = merge_conflict(text, source)
    {
        // Whatever else was found follows from it.
        return (Vec::new(), Diagnostics::from_iter([conflict]));
    }
    (reader.documents, reader.findings)
}

struct Reader<'t> {
    text: &'t str,
    source: SourceId,
    /// The length of the byte order mark, which the parser does not see.
    shift: usize,
    has_variables: bool,
    documents: Vec<Document<'t>>,
    findings: Diagnostics,
    /// Keys and values in this file so far.
    n_nodes: usize,
    tree: Tree<'t>,
    open: Vec<Open>,
    /// The keys of the open maps, by place in the tree; each map knows where its own begin.
    keys: Vec<u32>,
    /// Whether the document has a finding, so that it is left out.
    broken: bool,
    document_start: usize,
    /// Where the last value ended.
    last_end: u32,
}

/// A container whose end has not been read.
struct Open {
    at: usize,
    flow: bool,
    len: u32,
    map: Option<OpenMap>,
}

struct OpenMap {
    keys_from: usize,
    key_is_next: bool,
    /// The keys by name, once there are too many to compare one by one.
    names: HashMap<String, u32>,
    /// Where a key that is itself a container began; it is refused and dropped.
    bad_key: Option<usize>,
}

/// Maps with more keys than this look them up by name.
const KEYS_COMPARED: usize = 24;

impl<'t> Reader<'t> {
    fn new(text: &'t str, source: SourceId) -> Self {
        Self {
            text,
            source,
            shift: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
            has_variables: text.contains("${{"),
            documents: Vec::new(),
            findings: Diagnostics::new(),
            n_nodes: 0,
            tree: Tree::default(),
            open: Vec::new(),
            keys: Vec::new(),
            broken: false,
            document_start: 0,
            last_end: 0,
        }
    }

    /// Refuses what the parser should not see.
    fn is_readable(&mut self) -> bool {
        if self.text.len() > BYTES_MAX {
            let message = format!("file has {} bytes; the most is {BYTES_MAX}", self.text.len());
            self.findings.push(
                Diagnostic::error(&MAN_7, Location::File(self.source), message)
                    .help("split it into several files, or take it out of `manifests`"),
            );
            return false;
        }
        // The parser takes NUL for the end of the text, and would drop the rest without a word.
        let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7f;
        let bytes = self.text.as_bytes();
        // A whole chunk at a time, without leaving early, is several times faster.
        let chunk = bytes.chunks(64).position(|chunk| chunk.iter().fold(false, |any, byte| any | control(*byte)));
        if let Some(from) = chunk.map(|chunk| chunk * 64)
            && let Some(at) = bytes[from..].iter().position(|byte| control(*byte)).map(|at| from + at)
        {
            let message = format!("control character `{}`", visible(&self.text[at..=at]));
            self.report(&MAN_1, at..at + 1, message, "remove it; inside double quotes it can be written as an escape");
            return false;
        }
        true
    }

    fn report(&mut self, rule: &'static Rule, at: std::ops::Range<usize>, message: impl Into<String>, help: &str) {
        self.broken = true;
        let location = Location::Span { source: self.source, start: at.start, end: at.end };
        self.findings.push(Diagnostic::error(rule, location, message).help(help));
    }

    fn read(&mut self) {
        let text = self.text;
        let options = granit_parser::options! {
            disallow_directives: true,
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            emit_comments: false,
            flow_nesting_limit: 2 * DEPTH_MAX,
            block_nesting_limit: 2 * DEPTH_MAX,
        };
        let mut parser = Parser::new_from_str_with_options(&text[self.shift..], options);
        let mut number: u32 = 0;
        loop {
            let go_on = match parser.next_event() {
                None => return,
                Some(Ok((Event::StreamEnd, _))) => return,
                Some(Ok((Event::DocumentStart(..), span))) => {
                    number += 1;
                    self.begin(self.range(&span).start);
                    number <= DOCUMENTS_MAX || {
                        let at = self.range(&span);
                        let message = format!("more than {DOCUMENTS_MAX} documents in one file");
                        self.report(&MAN_7, at, message, "split the file");
                        return;
                    }
                }
                Some(Ok((Event::DocumentEnd, span))) => {
                    let end = self.range(&span).end;
                    self.finish(number - 1, end);
                    true
                }
                Some(Ok((event, span))) => self.take(event, &span),
                Some(Err(error)) => {
                    self.refuse(&error);
                    false
                }
            };
            if self.findings.len() >= FINDINGS_MAX {
                let message = format!("{FINDINGS_MAX} errors of syntax; the rest of this file was not read");
                self.report(&MAN_7, text.len()..text.len(), message, "mend these first");
                return;
            }
            if !go_on && !self.skip(&mut parser) {
                return;
            }
        }
    }

    /// Goes to the next document; `false` when there is none.
    fn skip(&mut self, parser: &mut Parser<'t, StrInput<'t>>) -> bool {
        self.begin(self.text.len());
        // The values of a file are limited together, so past that limit nothing more is read.
        self.n_nodes < NODES_MAX && parser.proceed_next_document().unwrap_or(false)
    }

    fn begin(&mut self, at: usize) {
        self.tree = Tree { nodes: Vec::with_capacity(64) };
        self.open.clear();
        self.keys.clear();
        self.broken = false;
        self.document_start = at;
    }

    fn finish(&mut self, number: u32, end: usize) {
        let tree = std::mem::take(&mut self.tree);
        let empty = matches!(tree.nodes.first(), None | Some(Node { data: Data::Null, .. }));
        if self.broken || empty {
            return;
        }
        let variables = self.has_variables && self.text[self.document_start..end].contains("${{");
        self.documents.push(Document { number, tree, variables });
    }

    /// Takes one event of a document; `false` when the rest of the document cannot be read.
    fn take(&mut self, event: Event<'t>, span: &Span) -> bool {
        match event {
            Event::Scalar(text, style, _, tag) => {
                if tag.is_some() {
                    self.refuse_tag(span);
                }
                self.scalar(text, style, self.range(span))
            }
            Event::SequenceStart(style, _, tag) => {
                if tag.is_some() {
                    self.refuse_tag(span);
                }
                self.enter(style, span, false)
            }
            Event::MappingStart(style, _, tag) => {
                if tag.is_some() {
                    self.refuse_tag(span);
                }
                self.enter(style, span, true)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.leave(self.range(span).end);
                true
            }
            Event::Anchor(..) => {
                let message = format!("anchor `{}`", visible(&self.text[self.range(span)]));
                self.report(&MAN_5, self.range(span), message, "remove it, and write its value out where it is used");
                true
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let range = self.range(span);
                let message = format!("alias `{}`", visible(&self.text[range.clone()]));
                self.report(
                    &MAN_5,
                    range.clone(),
                    message,
                    "write the value out; what differs between servers is for `variables` and `overlays`",
                );
                self.value(Data::Null, range)
            }
            _ => true,
        }
    }

    fn refuse_tag(&mut self, span: &Span) {
        let range = span.tag_span().map_or_else(|| self.range(span), |tag| self.range(&tag));
        let message = format!("tag `{}`", visible(&self.text[range.clone()]));
        self.report(&MAN_5, range, message, "remove it; the type of a value follows from its field");
    }

    fn scalar(&mut self, text: Cow<'t, str>, style: ScalarStyle, range: std::ops::Range<usize>) -> bool {
        let plain = style == ScalarStyle::Plain;
        if self.key_is_next() {
            return self.key(text, plain, range);
        }
        let data = if plain { scalar::resolve(text) } else { Data::Text(text) };
        self.value(data, range)
    }

    fn key_is_next(&self) -> bool {
        self.open.last().is_some_and(|open| open.map.as_ref().is_some_and(|map| map.key_is_next))
    }

    fn key(&mut self, text: Cow<'t, str>, plain: bool, range: std::ops::Range<usize>) -> bool {
        if plain && text == "<<" {
            self.report(&MAN_5, range.clone(), "merge key `<<`", "write the merged keys out");
        } else if plain && !matches!(scalar::resolve(Cow::Borrowed(&text)), Data::Text(_)) {
            let help = "put it in quotes";
            self.report(&MAN_3, range.clone(), format!("key `{}` is not text", visible(&text)), help);
        } else if let Some(first) = self.same_key(&text) {
            let node = &self.tree.nodes[first as usize];
            let first = Location::Span { source: self.source, start: node.start as usize, end: node.end as usize };
            self.broken = true;
            let here = Location::Span { source: self.source, start: range.start, end: range.end };
            self.findings.push(
                Diagnostic::error(&MAN_6, here, format!("key `{}` stands twice", visible(&text)))
                    .label("again here")
                    .also(first, "first here")
                    .help("remove one of them; most readers would silently take the last"),
            );
        }
        let at = narrow(self.tree.nodes.len());
        self.keys.push(at);
        if let Some(Open { map: Some(map), .. }) = self.open.last_mut() {
            map.key_is_next = false;
            if !map.names.is_empty() {
                map.names.entry(text.clone().into_owned()).or_insert(at);
            }
        }
        self.push(Data::Text(text), range)
    }

    fn same_key(&mut self, text: &str) -> Option<u32> {
        let map = self.open.last_mut()?.map.as_mut()?;
        let (nodes, keys) = (&self.tree.nodes, &self.keys[map.keys_from..]);
        let name = |at: u32| match &nodes[at as usize].data {
            Data::Text(text) => text.as_ref(),
            _ => "",
        };
        if keys.len() < KEYS_COMPARED {
            return keys.iter().copied().find(|key| name(*key) == text);
        }
        if map.names.is_empty() {
            map.names = keys.iter().rev().map(|key| (name(*key).to_owned(), *key)).collect();
        }
        map.names.get(text).copied()
    }

    fn value(&mut self, data: Data<'t>, range: std::ops::Range<usize>) -> bool {
        if self.key_is_next() {
            // Only an alias comes here: a key that is one was reported as such.
            return self.key(Cow::Borrowed(""), false, range);
        }
        self.count();
        self.push(data, range)
    }

    /// Counts a value to the container it is in.
    fn count(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.len += 1;
            if let Some(map) = &mut open.map {
                map.key_is_next = true;
            }
        }
    }

    fn push(&mut self, data: Data<'t>, range: std::ops::Range<usize>) -> bool {
        self.n_nodes += 1;
        if self.n_nodes >= NODES_MAX {
            let message = format!("more than {NODES_MAX} keys and values in one file");
            self.report(&MAN_7, range, message, "split the file");
            return false;
        }
        self.last_end = narrow(range.end);
        self.tree.nodes.push(Node { data, start: narrow(range.start), end: self.last_end });
        true
    }

    fn enter(&mut self, style: StructureStyle, span: &Span, is_map: bool) -> bool {
        let range = self.range(span);
        if self.open.len() >= DEPTH_MAX {
            let message = format!("values nested more than {DEPTH_MAX} deep");
            self.report(&MAN_7, range, message, "no manifest needs that; the rest of this document was not read");
            return false;
        }
        if self.key_is_next() {
            self.report(
                &MAN_3,
                range.clone(),
                "a list or map as a key",
                "a key is text; is a `:` or a line end missing?",
            );
            if let Some(Open { map: Some(map), .. }) = self.open.last_mut() {
                map.bad_key = Some(self.tree.nodes.len());
            }
        } else {
            self.count();
        }
        let at = self.tree.nodes.len();
        let map = is_map.then(|| OpenMap {
            keys_from: self.keys.len(),
            key_is_next: true,
            names: HashMap::new(),
            bad_key: None,
        });
        self.open.push(Open { at, flow: style == StructureStyle::Flow, len: 0, map });
        self.push(Data::Null, range)
    }

    fn leave(&mut self, end: usize) {
        let open = self.open.pop().expect("the parser ends only what it began");
        let next = narrow(self.tree.nodes.len());
        // The end of a block is where the next thing begins; its last value ends where people see it end.
        if open.flow {
            self.last_end = narrow(end);
        }
        let node = &mut self.tree.nodes[open.at];
        node.end = self.last_end.max(node.start);
        node.data = match open.map {
            Some(map) => {
                self.keys.truncate(map.keys_from);
                Data::Map { len: open.len, next }
            }
            None => Data::List { len: open.len, next },
        };
        // A container that stood as a key gives way to an empty name, so that its value finds a key before it.
        if let Some(Open { map: Some(above), .. }) = self.open.last_mut()
            && above.bad_key == Some(open.at)
        {
            above.bad_key = None;
            above.key_is_next = false;
            self.tree.nodes.truncate(open.at + 1);
            self.tree.nodes[open.at].data = Data::Text(Cow::Borrowed(""));
        }
    }

    fn range(&self, span: &Span) -> std::ops::Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        let start = (range.start + self.shift).min(self.text.len());
        start..(range.end + self.shift).clamp(start, self.text.len())
    }

    fn refuse(&mut self, error: &ScanError) {
        let (rule, message, help) = describe(error.kind());
        let at = error.marker().byte_offset().unwrap_or(0) + self.shift;
        let at = at.min(self.text.len());
        let line_start = self.text[..at].rfind('\n').map_or(0, |at| at + 1);
        // A tab that indents is the likeliest cause of whatever the parser made of it.
        let indent = self.text[line_start..].len() - self.text[line_start..].trim_start_matches([' ', '\t']).len();
        if let Some(tab) = self.text[line_start..line_start + indent].find('\t')
            && rule == &MAN_1
        {
            let tab = line_start + tab;
            let indents = |line: &&str| line[..line.len() - line.trim_start_matches([' ', '\t']).len()].contains('\t');
            let more = self.text[at..].lines().skip(1).filter(indents).count();
            let message = match more {
                0 => "a tab in the indentation".to_owned(),
                1 => "a tab in the indentation, and in that of one line more".to_owned(),
                _ => format!("a tab in the indentation, and in that of {more} lines more"),
            };
            return self.report(
                &MAN_1,
                tab..tab + 1,
                message,
                "indent with spaces; no reader of YAML takes tabs there",
            );
        }
        let end = self.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        self.report(rule, at..end, message, help);
    }
}

/// What a parser's error is in our words, and what to look for.
fn describe(kind: &ErrorKind) -> (&'static Rule, String, &'static str) {
    use ErrorKind as K;
    let (message, help) = match kind {
        K::RecursionLimitExceeded => {
            let message = format!("values nested more than {DEPTH_MAX} deep");
            return (&MAN_7, message, "no manifest needs that; the rest of this document was not read");
        }
        K::DirectiveDisallowed => {
            return (&MAN_5, "a directive (`%…`)".to_owned(), "remove the line; manifests need none");
        }
        K::UndeclaredTagHandle
        | K::ExpectedTagBang
        | K::InvalidTagTerminator
        | K::MissingTagUri
        | K::UnclosedVerbatimTag
        | K::InvalidTagEscape
        | K::InvalidGlobalTagCharacter => {
            let help = "put a text that starts with `!` in quotes; tags are not for manifests";
            return (&MAN_5, "a tag (`!…`)".to_owned(), help);
        }
        K::UnexpectedEofFlowSequence
        | K::UnexpectedEofFlowMapping
        | K::UnexpectedEofImplicitFlowMapping
        | K::UnexpectedEofBlockSequence
        | K::UnexpectedEofBlockMapping
        | K::UnexpectedEof => ("the file ends in the middle of a value", "was it cut off? restore the rest of it"),
        K::UnclosedFlowCollection { open: '[' } => ("a `[` without its `]`", "close the list"),
        K::UnclosedFlowCollection { .. } => ("a `{` without its `}`", "close the map"),
        K::MisplacedFlowCollectionEnd | K::MismatchedFlowCollectionEnd { .. } => {
            ("a closing bracket that nothing opened", "remove it, or open it")
        }
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => {
            ("a quote that is never closed", "close it; a `'` within single quotes is written twice")
        }
        K::InvalidQuotedScalarIndent => (
            "a quoted text that goes on at the start of a line",
            "close the quote on the line before; a `'` within single quotes is written twice",
        ),
        K::UnknownQuotedScalarEscape
        | K::InvalidQuotedScalarHexEscape
        | K::InvalidUnicodeEscape
        | K::UnpairedLowSurrogate
        | K::MissingLowSurrogate
        | K::InvalidLowSurrogate
        | K::InvalidLowSurrogateHexEscape => (
            "an unknown escape in double quotes",
            "write `\\\\` for a backslash, or use single quotes: paths need no escapes there",
        ),
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => {
            ("text after a closing quote", "put all of it in quotes; a `'` within single quotes is written twice")
        }
        K::TabNotAllowed
        | K::TabInBlockIndentation
        | K::TabInIndentation
        | K::TabAtBlockScalarStart
        | K::TabInPlainScalar => ("a tab where only spaces may stand", "use spaces"),
        K::InvalidIndentation
        | K::ExpectedBlockMappingKey
        | K::ExpectedBlockSequenceEntry
        | K::InvalidFlowScalarIndent
        | K::InvalidBlockScalarIndent
        | K::BlockSequenceEntryNotAllowed => (
            "a line that fits no list or map above it",
            "check how far it is indented, and whether the line before lacks a `:` or a quote",
        ),
        K::SimpleKeyExpected
        | K::InvalidSimpleKey
        | K::MappingKeyNotAllowed
        | K::MappingValueNotAllowed
        | K::InvalidColonPlacement
        | K::InvalidMappingValueWhitespace => (
            "a `:` where no key can stand",
            "put a text that holds `: ` in quotes; a key and its value stand on one line",
        ),
        K::ExpectedFlowMappingSeparator | K::ExpectedFlowSequenceSeparator => (
            "a list or map in brackets that does not go on with `,` or its end",
            "a `,` or a closing bracket is missing",
        ),
        K::UnexpectedCharacter { .. } | K::UnexpectedEndOfPlainScalar => {
            ("a character that cannot start a value", "put the text in quotes")
        }
        K::InvalidBlockScalarHeader | K::ZeroBlockScalarIndent => {
            ("text after `|` or `>`", "the text of a block begins on the next line")
        }
        K::MissingAnchorOrAliasName => ("a `&` or `*` without a name", "put the text in quotes"),
        K::BomInsideDocument => ("a byte order mark in the middle of the file", "remove it"),
        K::CommentNotSeparated | K::CommentInterceptedScalar => {
            ("a `#` that interrupts a value", "put a space before the comment, or the text in quotes")
        }
        K::InvalidDocumentEnd | K::ExpectedDocumentStart => {
            ("text where a new document should begin", "put `---` on a line of its own before it")
        }
        _ => ("text that is not YAML", "check the quotes, brackets and indentation here and on the line before"),
    };
    (&MAN_1, message.to_owned(), help)
}

/// The marks that an unfinished merge leaves at the start of lines.
fn merge_conflict(text: &str, source: SourceId) -> Option<Diagnostic> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let line_end = line.trim_end();
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line_end == "<<<<<<<" {
            let at = Location::Span { source, start, end: start + line_end.len() };
            return Some(
                Diagnostic::error(&MAN_1, at, "an unfinished Git merge")
                    .label("conflict mark")
                    .help("resolve the conflict, then remove the lines of `<<<<<<<`, `=======` and `>>>>>>>`"),
            );
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::diag::Sources;

    /// The documents as JSON, or the findings as `RULE line:column message`.
    fn outcome(text: &str) -> Result<Vec<serde_json::Value>, Vec<String>> {
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", text);
        let (documents, findings) = read(text, id);
        if findings.is_empty() {
            return Ok(documents.iter().map(|document| document.tree.value(0)).collect());
        }
        Err(findings
            .iter()
            .map(|finding| {
                let at = sources.position(id, finding.at.start());
                format!("{} {}:{} {}", finding.rule.id, at.line, at.column, finding.message)
            })
            .collect())
    }

    #[track_caller]
    fn refused(text: &str, expected: &[&str]) {
        assert_eq!(outcome(text).expect_err("it should be refused"), expected);
    }

    #[test]
    fn what_readers_take_differently_is_refused_all_at_once() {
        refused(
            "a: &x 1\nb: *x\nc: !!str 2\n<<: {d: 1}\n1: x\ntrue: y\na: again\n",
            &[
                "MAN-5 1:4 anchor `&x`",
                "MAN-5 2:4 alias `*x`",
                "MAN-5 3:4 tag `!!str`",
                "MAN-5 4:1 merge key `<<`",
                "MAN-3 5:1 key `1` is not text",
                "MAN-3 6:1 key `true` is not text",
                "MAN-6 7:1 key `a` stands twice",
            ],
        );
        refused("%YAML 1.2\n---\na: 1\n", &["MAN-5 1:1 a directive (`%…`)"]);
        refused("? [a, b]\n: 1\nc: &y d\n", &["MAN-3 1:3 a list or map as a key", "MAN-5 3:4 anchor `&y`"]);
    }

    #[test]
    fn a_bad_document_does_not_hide_the_next() {
        refused("a: [1\n---\nb: &c 1\n---\nd: 1\n", &["MAN-1 1:4 a `[` without its `]`", "MAN-5 3:4 anchor `&c`"]);
    }

    #[test]
    fn syntax_errors_are_told_in_words() {
        for (text, expected) in [
            ("a: 'x\n", "MAN-1 2:1 a quoted text that goes on at the start of a line"),
            ("a: 'x\n  y", "MAN-1 1:4 a quote that is never closed"),
            ("a: \"\\q\"\n", "MAN-1 1:4 an unknown escape in double quotes"),
            ("a:\n\tb: 1\n", "MAN-1 2:1 a tab in the indentation"),
            ("a: b: c\n", "MAN-1 1:5 a `:` where no key can stand"),
            ("a: 1\n  b: 2\n", "MAN-1 2:4 a `:` where no key can stand"),
            ("a: x\0y\n", "MAN-1 1:5 control character `\\u{0}`"),
            ("a: @x\n", "MAN-1 1:4 a character that cannot start a value"),
            ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", "MAN-1 2:1 an unfinished Git merge"),
        ] {
            refused(text, &[expected]);
        }
    }

    #[test]
    fn depth_sizes_and_bombs_have_a_limit() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(outcome(&deep(DEPTH_MAX)).is_ok());
        let message = format!("MAN-7 1:{} values nested more than 32 deep", DEPTH_MAX + 1);
        refused(&deep(DEPTH_MAX + 1), &[&message]);
        let findings = outcome(&deep(10_000)).unwrap_err();
        assert!(findings.len() == 1 && findings[0].starts_with("MAN-7"), "{findings:?}");
        let block: String = (0..10_000).map(|n| format!("{}a:\n", " ".repeat(n % 400))).collect();
        assert!(!outcome(&block).unwrap_err().is_empty());
        let wide = format!("a: [{}]", "1,".repeat(NODES_MAX));
        assert!(outcome(&wide).unwrap_err()[0].starts_with("MAN-7"));
        let many = "---\n- 1\n".repeat(DOCUMENTS_MAX as usize + 1);
        assert!(outcome(&many).unwrap_err()[0].contains("documents in one file"));
        let laughs = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n";
        assert!(outcome(laughs).unwrap_err().iter().all(|finding| finding.starts_with("MAN-5")));
        assert_eq!(outcome(&"- *x\n".repeat(5_000)).unwrap_err().len(), FINDINGS_MAX + 1);
    }

    #[test]
    fn a_large_map_is_checked_for_duplicates_in_no_time() {
        let mut text: String = (0..90_000).map(|n| format!("k{n}: 1\n")).collect();
        assert!(outcome(&text).is_ok());
        text.push_str("k77: 2\n");
        refused(&text, &["MAN-6 90001:1 key `k77` stands twice"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_content() {
        assert_eq!(outcome("\u{feff}a: 1\n"), Ok(vec![serde_json::json!({"a": 1})]));
        refused("\u{feff}a: &x 1\n", &["MAN-5 1:4 anchor `&x`"]);
    }

    #[test]
    fn spans_cover_keys_and_values() {
        let text = "a:\n  - b: 'x y'\n    c: [1, 2]\n  - |\n    t\n";
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", text);
        let (documents, _) = read(text, id);
        let tree = &documents[0].tree;
        for (pointer, key, value) in [
            ("/a/0/b", "b", "'x y'"),
            ("/a/0/c", "c", "[1, 2]"),
            ("/a/0/c/1", "", "2"),
            ("/a/0", "", "b: 'x y'\n    c: [1, 2]"),
        ] {
            let (at_key, at) = tree.find(pointer);
            let slice = |at: usize| &text[tree.nodes[at].start as usize..tree.nodes[at].end as usize];
            assert_eq!(at_key.map_or("", slice), key);
            assert_eq!(slice(at), value, "{pointer}");
        }
    }

    /// What `serde_yaml` makes of every document, unless it refuses one.
    fn theirs(text: &str) -> Option<Vec<serde_json::Value>> {
        let mut all = Vec::new();
        for document in serde_yaml::Deserializer::from_str(text) {
            let value = serde_yaml::Value::deserialize(document).ok()?;
            if !value.is_null() {
                all.push(serde_json::to_value(value).ok()?);
            }
        }
        Some(all)
    }

    #[test]
    fn a_block_that_ends_in_spaces_without_a_line_end_is_read_differently() {
        // Known: the two readers part here, and only here. The specification leaves room, and no editor writes it.
        let text = "|\n   t\n    ";
        assert_eq!(outcome(text), Ok(vec!["t\n \n".into()]));
        assert_eq!(theirs(text), Some(vec!["t\n ".into()]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn what_is_read_means_what_serde_yaml_makes_of_it(
            text in "([abc]: |- |  |\\[|\\]|\\{|\\}|, |\n|\n  |'x'|\"y\\\\n\"|x y|1|1\\.50|~|true|no|017|\\|\n   t\n|#c\n|---\n){0,24}",
        ) {
            let text = format!("{text}\n"); // See the test below.
            if let (Ok(ours), Some(theirs)) = (outcome(&text), theirs(&text)) {
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = outcome(&text);
        }

        #[test]
        fn no_yaml_like_text_makes_it_panic(text in "[a:\\-\\[\\]{}&*!|>'\"%#,?~ \t\n\r\u{feff}é<0]{0,60}") {
            let _ = outcome(&text);
        }
    }
}
