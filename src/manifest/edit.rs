//! Changes of manifests as their owners wrote them: a place and its new text, everything around it kept.
//!
//! What is given was tried: the document is read again with its edits, and says what it said, but for what was asked.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::locate::span;
use super::print::emit_key;
use super::print::emit_list;
use super::print::print_item;
use super::print::push_flow;
use super::print::push_line;
use super::print::spec_of;
use super::print::strip;
use super::print::stripped_spec_of;
use super::schema;
use super::schema::Subject;
use super::syntax;
use super::tree::Data;
use super::tree::Tree;
use super::tree::push_segment;
use super::tree::unescape;
use crate::diag::Edit;
use crate::diag::Location;
use crate::diag::Origins;
use crate::diag::Part;
use crate::diag::Position;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// The manifests of a project as they are written. Reads a file when it is first asked for, and once.
pub struct Written<'a> {
    sources: &'a Sources,
    origins: &'a Origins,
    read: RefCell<HashMap<SourceId, File<'a>>>,
}

/// One file: its documents, and where its lines begin.
struct File<'a> {
    documents: Vec<syntax::Document<'a>>,
    lines: Vec<usize>,
}

impl<'a> Written<'a> {
    /// Those of these texts.
    pub fn new(sources: &'a Sources, origins: &'a Origins) -> Self {
        Self { sources, origins, read: RefCell::default() }
    }

    /// Where a value of a declared item stands, as `FILE:LINE:COLUMN`; `pointer` is below its `spec`, without a leading `/`.
    pub fn place(&self, key: &ItemKey, pointer: &str) -> Option<String> {
        let Location::Pointer { source, document, pointer, part } = self.origins.value(key, pointer) else {
            return None;
        };
        let place = self.in_tree(source, document, |tree| Some(span(tree, source, &pointer, part)))?;
        let Location::Span { start, .. } = place else { return None };
        let Position { line, column } = self.position(source, start);
        Some(format!("{}:{line}:{column}", self.sources.path(source)))
    }

    /// As [`Sources::position`], for many places of a large file.
    pub fn position(&self, source: SourceId, offset: usize) -> Position {
        let text = self.sources.text(source);
        self.in_file(source, |file| {
            let line = file.lines.partition_point(|start| *start <= offset);
            let before = &text[file.lines[line - 1]..offset];
            let before = before.strip_prefix('\u{feff}').filter(|_| line == 1).unwrap_or(before);
            Position { line, column: before.chars().count() + 1 }
        })
    }

    /// Something of a file, read when it is first asked for.
    fn in_file<T>(&self, source: SourceId, of: impl FnOnce(&File<'a>) -> T) -> T {
        let mut read = self.read.borrow_mut();
        of(read.entry(source).or_insert_with(|| {
            let text = self.sources.text(source);
            let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
            File { documents: syntax::read(text, source).0, lines }
        }))
    }

    /// Something of a document.
    fn in_tree<T>(&self, source: SourceId, document: u32, of: impl FnOnce(&Tree<'a>) -> Option<T>) -> Option<T> {
        self.in_file(source, |file| {
            let place = file.documents.binary_search_by_key(&document, |one| one.number).ok()?;
            of(&file.documents[place].tree)
        })
    }

    /// The texts that edits point into.
    pub const fn sources(&self) -> &'a Sources {
        self.sources
    }

    /// What to replace so that an item's manifest says what the item would say: fields of its `spec`, in overlays where
    /// these wrote them. Places are those of the texts as they are; no two overlap. `None`: no manifest declares it, or
    /// there is no edit that leaves all else as it is.
    pub fn edits(&self, says: &Item, would: &Item) -> Option<Vec<Edit>> {
        let origin = self.origins.get(&says.key)?;
        let base = origin.base();
        let (whole, stripped) = (spec_of(would), stripped_spec_of(would));
        let mut pointers: Vec<String> = Vec::new();
        differing(&spec_of(says), &whole, &mut String::new(), &mut |pointer| pointers.push(pointer.to_owned()));
        // What a manifest does not say at all it is to say whole.
        for pointer in &mut pointers {
            let place = origin.locate(format!("{base}{pointer}"), Part::Value);
            let Location::Pointer { source, document, pointer: there, .. } = place else { return None };
            let found = self.in_tree(source, document, |tree| Some(tree.pointer_of(tree.find(&there).1).len()))?;
            let rest =
                there.get(found + 1..).and_then(|missing| missing.find('/')).map(|at| there.len() - found - 1 - at);
            pointer.truncate(pointer.len() - rest.unwrap_or(0));
        }
        pointers.dedup();
        let mut out = Vec::new();
        for pointer in pointers {
            let place = origin.locate(format!("{base}{pointer}"), Part::Value);
            let Location::Pointer { source, document, pointer: there, .. } = place else { return None };
            // What is its default is written out: a manifest that says otherwise is to say this.
            let value = stripped.pointer(&pointer).or_else(|| whole.pointer(&pointer))?.clone();
            let field = pointer.split('/').nth(1).unwrap_or_default();
            let list = (pointer.matches('/').count() == 1).then(|| field_schema(says.key.kind, field)).flatten();
            out.push(self.edit(source, document, &there, &value, list)?);
        }
        out.sort_by_key(|edit: &Edit| (edit.location.source(), edit.location.start()));
        Some(out)
    }

    /// A new document at the end of the file in which another item is declared.
    pub fn appended(&self, beside: &ItemKey, new: &[Item]) -> Option<Edit> {
        let source = self.origins.get(beside)?.source;
        let text = self.sources.text(source);
        let mut new_text = String::new();
        for item in new {
            if !(text.is_empty() || text.ends_with('\n')) && new_text.is_empty() {
                new_text.push('\n');
            }
            new_text.push_str("---\n");
            new_text.push_str(&print_item(item, &[]));
        }
        Some(Edit { location: Location::Span { source, start: text.len(), end: text.len() }, new_text })
    }

    fn edit(
        &self,
        source: SourceId,
        document: u32,
        pointer: &str,
        value: &Value,
        list: Option<(&Value, &Value)>,
    ) -> Option<Edit> {
        self.in_tree(source, document, |tree| {
            Page { text: self.sources.text(source), tree }.edit(source, pointer, value, list)
        })
    }
}

/// The edit of a document after which it has a value at a pointer, and says all else as before. `None` too where a
/// variable is written, of which a check saw the value.
///
/// All but the plainest edits are tried by reading the text again; `budget` is how many bytes may be read so, and where
/// they do not do there is no edit.
pub(super) fn edit_of(
    text: &str,
    tree: &Tree<'_>,
    source: SourceId,
    pointer: &str,
    value: &Value,
    is_default: bool,
    budget: &mut usize,
) -> Option<Edit> {
    let at = tree.find(pointer).1;
    let node = &tree.nodes[at];
    let is_there = tree.pointer_of(at) == pointer;
    if is_there && text[node.start as usize..node.end as usize].contains("${{") {
        return None;
    }
    let page = Page { text, tree };
    if is_there
        && !is_default
        && let Some((span, new_text)) = page.scalar(at, value)
    {
        return Some(Edit { location: Location::Span { source, start: span.start, end: span.end }, new_text });
    }
    *budget = budget.checked_sub(text.len())?;
    let removed = if is_default && is_there { page.without(source, pointer) } else { None };
    // Where comments keep it from going, its default takes its place; a list in lines has comments that would go, or none
    // to stand behind.
    let is_in_lines = |at: usize, key: usize| text[tree.nodes[key].start as usize..page.end(at)].contains('\n');
    if removed.is_none() && is_default && is_there && tree.find(pointer).0.is_some_and(|key| is_in_lines(at, key)) {
        return None;
    }
    removed.or_else(|| page.edit(source, pointer, value, None))
}

/// The fields in which two items differ, by pointer below their `spec`. Maps of the same keys are gone into.
fn differing(a: &Value, b: &Value, pointer: &mut String, found: &mut dyn FnMut(&str)) {
    match (a, b) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() && a.keys().all(|key| b.contains_key(key)) => {
            for (key, below) in a {
                let length = pointer.len();
                push_segment(pointer, key);
                differing(below, &b[key], pointer, found);
                pointer.truncate(length);
            }
        }
        _ => found(pointer),
    }
}

/// The schema of a field of a kind's `spec`, and the whole that it refers to.
fn field_schema(kind: Kind, field: &str) -> Option<(&'static Value, &'static Value)> {
    let (of, definition) = match kind {
        Kind::Program => (Kind::Package, "/$defs/Program"),
        kind => (kind, "/properties/spec"),
    };
    let root = &schema::judge(Subject::Manifest(of)).schema;
    let spec = schema::resolve(root, root.pointer(definition)?);
    Some((spec.get("properties")?.get(field)?, root))
}

/// A document in its text.
struct Page<'t, 'a> {
    text: &'a str,
    tree: &'t Tree<'a>,
}

impl Page<'_, '_> {
    /// An edit, tried: `None` where it would say anything else than what is asked.
    fn edit(&self, source: SourceId, pointer: &str, value: &Value, list: Option<(&Value, &Value)>) -> Option<Edit> {
        let (span, mut new_text) = self.change(pointer, value, list)?;
        // Lines that are added end as the file's others do.
        if new_text.contains('\n') && !new_text.contains("\r\n") && self.text.contains("\r\n") {
            new_text = new_text.replace('\n', "\r\n");
        }
        let is_as_asked = self.is_as_asked(&span, &new_text, pointer, Some(value), list);
        let location = Location::Span { source, start: span.start, end: span.end };
        is_as_asked.then_some(Edit { location, new_text })
    }

    /// A scalar of one line in the place of another: what is written needs no trying.
    fn scalar(&self, at: usize, value: &Value) -> Option<(Range<usize>, String)> {
        let node = &self.tree.nodes[at];
        let is_scalar = !matches!(node.data, Data::List { .. } | Data::Map { .. } | Data::Null);
        let is_plain =
            is_scalar && !matches!(value, Value::Array(_) | Value::Object(_)) && self.block_mark(at).is_none();
        let (start, end) = (self.start(at), node.end as usize);
        if !is_plain || self.text[start..end].contains(['\n', '\r']) || self.text[start..end].trim_end().is_empty() {
            return None;
        }
        let mut text = String::new();
        push_flow(&mut text, value);
        Some((start..end, text))
    }

    /// An edit that takes a key away, tried; `None` where more than it and its value would go.
    fn without(&self, source: SourceId, pointer: &str) -> Option<Edit> {
        let span = self.entry(pointer)?;
        let is_as_asked = self.is_as_asked(&span, "", pointer, None, None);
        let location = Location::Span { source, start: span.start, end: span.end };
        is_as_asked.then_some(Edit { location, new_text: String::new() })
    }

    /// The bytes of a key of a map and its value: whole lines in a block, up to a neighbour in brackets.
    fn entry(&self, pointer: &str) -> Option<Range<usize>> {
        let (key, at) = self.tree.find(pointer);
        let (key, map) = (key?, self.tree.find(pointer.rsplit_once('/')?.0).1);
        let pairs: Vec<(usize, usize)> = self.tree.pairs(map).collect();
        let place = pairs.iter().position(|(one, _)| *one == key)?;
        let end = self.end(at).max(self.tree.nodes[key].end as usize);
        let span = if self.opens_flow(map) || self.is_in_flow(map) {
            match (pairs.get(place + 1), place.checked_sub(1)) {
                (Some((next, _)), _) => self.start(key)..self.start(*next),
                (None, Some(before)) => self.end(pairs[before].1)..end,
                (None, None) => self.start(key)..end,
            }
        } else {
            let line = self.start(key) - self.column(self.start(key));
            let is_alone = pairs.len() > 1 && self.text[line..self.start(key)].trim().is_empty();
            let line_end = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at + 1);
            (is_alone && self.text[end..line_end].trim().is_empty()).then_some(line..line_end)?
        };
        (!self.text[span.clone()].contains('#')).then_some(span)
    }

    /// The place of a value and its new text.
    fn change(&self, pointer: &str, value: &Value, list: Option<(&Value, &Value)>) -> Option<(Range<usize>, String)> {
        let (key, at) = self.tree.find(pointer);
        let found = self.tree.pointer_of(at);
        if found == pointer {
            let is_flow = self.is_in_flow(at);
            if let (Data::List { len, .. }, Value::Array(wanted)) = (&self.tree.nodes[at].data, value)
                && *len > 0
                && !wanted.is_empty()
                && !is_flow
                && !self.opens_flow(at)
                && let Some(change) = self.block_list(at, wanted, list)
            {
                return Some(change);
            }
            return Some(self.replace(key, at, value));
        }
        let (above, name) = pointer.rsplit_once('/')?;
        let is_map = above == found && matches!(self.tree.nodes[at].data, Data::Map { .. });
        if is_map { self.insert(at, &unescape(name), value.clone()) } else { None }
    }

    fn start(&self, at: usize) -> usize {
        self.tree.nodes[at].start as usize
    }

    /// Where a value ends as people see it.
    fn end(&self, at: usize) -> usize {
        let start = self.start(at);
        start + self.text[start..self.tree.nodes[at].end as usize].trim_end().len()
    }

    fn opens_flow(&self, at: usize) -> bool {
        let is_container = matches!(self.tree.nodes[at].data, Data::List { .. } | Data::Map { .. });
        is_container && self.text[self.start(at)..].starts_with(['[', '{'])
    }

    /// Whether a node stands in brackets.
    fn is_in_flow(&self, at: usize) -> bool {
        (0..at).any(|above| self.tree.next(above) > at && self.opens_flow(above))
    }

    /// Where the mark of a text of several lines stands, if it is one: its place is that of its first line.
    fn block_mark(&self, at: usize) -> Option<usize> {
        let before = at.checked_sub(1)?;
        let from = match self.tree.nodes[before].data {
            Data::List { .. } | Data::Map { .. } => self.start(before),
            _ => self.tree.nodes[before].end as usize,
        };
        let between = self.text.get(from..self.start(at))?;
        let mark = from + between.len() - between.trim_start_matches([':', '-', ' ']).len();
        self.text[mark..self.start(at)].starts_with(['|', '>']).then_some(mark)
    }

    fn line_end(&self, from: usize) -> usize {
        let end = self.text[from..].find('\n').map_or(self.text.len(), |at| from + at);
        if self.text[from..end].ends_with('\r') { end - 1 } else { end }
    }

    fn column(&self, at: usize) -> usize {
        at - self.text[..at].rfind('\n').map_or(0, |line| line + 1)
    }

    /// Another value in the place of one, on one line.
    fn replace(&self, key: Option<usize>, at: usize, value: &Value) -> (Range<usize>, String) {
        let (mut start, end) = (self.start(at), self.end(at));
        let mut text = String::new();
        // A block begins on a line of its own; what takes its place goes on after the key.
        if let Some(mark) = self.block_mark(at) {
            start = mark;
        } else if let Some(after) = key.map(|key| self.tree.nodes[key].end as usize)
            && let Some(colon) = self.text[after..start].find(':')
            && self.text[after + colon + 1..start].trim().is_empty()
        {
            start = after + colon + 1;
            text.push(' ');
        }
        push_flow(&mut text, value);
        // What is written behind the mark of a text of several lines stays at the end of the one line.
        let header = &self.text[start..self.line_end(start)];
        if self.block_mark(at).is_some()
            && let Some(comment) = header.find(" #")
        {
            text.push_str(&header[comment..]);
        }
        (start..end.max(start), text)
    }

    /// A new key of a map: after its last, or where that ends in a text whose end cannot be told from it, before one.
    fn insert(&self, map: usize, name: &str, value: Value) -> Option<(Range<usize>, String)> {
        let pairs: Vec<(usize, usize)> = self.tree.pairs(map).collect();
        if self.opens_flow(map) || self.is_in_flow(map) {
            let mut text = String::new();
            push_line(&mut text, name);
            text.push_str(": ");
            push_flow(&mut text, &value);
            if !pairs.is_empty() {
                text.push_str(", ");
            }
            let start = self.start(map) + 1;
            return Some((start..start, text));
        }
        let column = self.column(self.start(pairs.first()?.0));
        let mut text = String::new();
        emit_key(&mut text, name, value, column);
        match pairs.iter().rev().find(|(_, value)| self.block_mark(self.tree.next(*value) - 1).is_none()) {
            Some((key, value)) => {
                let at = self.line_end(self.end(*value).max(self.tree.nodes[*key].end as usize));
                Some((at..at, format!("\n{}", text.trim_end_matches('\n'))))
            }
            None => {
                let at = self.start(pairs.first()?.0);
                Some((at..at, format!("{}{}", text.trim_start_matches(' '), " ".repeat(column))))
            }
        }
    }

    /// Another list in the place of a block list: elements that stay keep their text, and the comments above them.
    fn block_list(
        &self,
        at: usize,
        wanted: &[Value],
        list: Option<(&Value, &Value)>,
    ) -> Option<(Range<usize>, String)> {
        let mut chunks: Vec<(Value, &str, bool)> = Vec::new();
        let elements: Vec<usize> = self.tree.elements(at).collect();
        let first = self.dash(*elements.first()?)?;
        let indent = self.column(first);
        let mut from = first;
        for element in &elements {
            let dash = self.dash(*element)?;
            let is_own_line = self.text[..dash].ends_with(&" ".repeat(indent)) && self.column(dash) == indent;
            if !is_own_line && indent > 0 {
                return None;
            }
            let end = self.line_end(self.end(*element).max(dash));
            chunks.push((self.element(*element, list), self.text[from..end].trim_matches('\n'), false));
            from = (end + 1).min(self.text.len());
        }
        let last = self.line_end(self.end(*elements.last()?));
        let mut lines = Vec::new();
        for value in wanted {
            let kept = chunks.iter_mut().find(|(is, _, used)| !used && is == value);
            lines.push(match kept {
                Some((_, text, used)) => {
                    *used = true;
                    text.trim_start_matches(' ').to_owned()
                }
                None => {
                    let mut text = String::new();
                    emit_list(&mut text, std::slice::from_ref(value), indent);
                    text.trim_start_matches(' ').trim_end_matches('\n').to_owned()
                }
            });
        }
        Some(trimmed(self.text, first..last, &lines.join(&format!("\n{}", " ".repeat(indent)))))
    }

    /// The dash of an element of a block list; `None` where something stands between.
    fn dash(&self, element: usize) -> Option<usize> {
        let before = self.text[..self.start(element)].trim_end();
        before.ends_with('-').then(|| before.len() - 1)
    }

    /// What an element says, without what says no more than its default.
    fn element(&self, at: usize, list: Option<(&Value, &Value)>) -> Value {
        let mut one = Value::Array(vec![self.tree.value(at)]);
        if let Some((field, root)) = list {
            strip(&mut one, field, root);
        }
        one[0].take()
    }

    /// Whether the document with an edit says what is asked, and else what it said. `None` asks for nothing there.
    fn is_as_asked(
        &self,
        span: &Range<usize>,
        new: &str,
        pointer: &str,
        value: Option<&Value>,
        list: Option<(&Value, &Value)>,
    ) -> bool {
        let start = self.start(0);
        let (from, to) = (start - self.column(start), self.line_end(self.end(0)));
        // Whole lines end behind the line end of the last.
        let span_end = span.end.min(to.max(span.start));
        if !(from..=to).contains(&span.start) || !self.text[span_end..span.end].trim().is_empty() {
            return false;
        }
        let edited = format!("{}{new}{}\n", &self.text[from..span.start], &self.text[span_end..to]);
        let mut sources = Sources::new();
        let source = sources.add_text("", edited.as_str());
        let (documents, findings) = syntax::read(&edited, source);
        let [document] = &documents[..] else { return false };
        let (mut was, mut is) = (self.tree.value(0), document.tree.value(0));
        let mut there = is.pointer(pointer).cloned();
        if let (Some(there), Some((field, root))) = (&mut there, list) {
            strip(there, field, root);
        }
        take_out(&mut was, pointer);
        take_out(&mut is, pointer);
        findings.is_empty() && there.as_ref() == value && was == is
    }
}

/// Takes a field out of its map, if it is there.
fn take_out(value: &mut Value, pointer: &str) {
    if let Some((above, name)) = pointer.rsplit_once('/')
        && let Some(Value::Object(map)) = value.pointer_mut(above)
    {
        map.shift_remove(&*unescape(name));
    }
}

/// A change without the lines at its ends that stay as they are.
fn trimmed(text: &str, span: Range<usize>, new: &str) -> (Range<usize>, String) {
    let old = &text[span.clone()];
    let head = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let head = old[..floor(old, head)].rfind('\n').map_or(0, |line| line + 1);
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.bytes().rev().zip(new.bytes().rev()).take_while(|(a, b)| a == b).count();
    let tail = ceil(old, old.len() - tail);
    let tail = old[tail..].find('\n').map_or(0, |line| old.len() - tail - line);
    (span.start + head..span.end - tail, new[..new.len() - tail].to_owned())
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
