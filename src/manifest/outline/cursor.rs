//! What stands at a place of a text that somebody is writing.

use std::ops::Range;

use super::Named;
use super::OPEN;
use super::Sort;
use super::of_document;
use crate::diag::SourceId;
use crate::manifest::document::manifest_kind;
use crate::manifest::syntax;
use crate::manifest::tree::Data;
use crate::manifest::tree::Tree;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// A key or a value at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// The kind of the document, where it is a manifest's.
    pub kind: Option<Kind>,
    /// The field, with dots and without places in lists: `spec.run.schedule`.
    pub field: String,
    /// Whether it is the key.
    pub is_key: bool,
    /// Its bytes.
    pub at: Range<usize>,
}

/// A place where a name is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What is to be named; its own name is empty.
    pub named: Named,
    /// The item whose document it is.
    pub owner: Option<ItemKey>,
    /// What a name takes the place of, quotes included.
    pub replace: Range<usize>,
    /// Whether it takes the place of a whole value, so that it may need quotes.
    pub is_value: bool,
}

/// The innermost key or single value at a byte of a file.
pub fn here(text: &str, source: SourceId, offset: usize) -> Option<Here> {
    let (documents, _) = syntax::read(text, source);
    documents.iter().find_map(|document| {
        let tree = &document.tree;
        let at = (0..tree.nodes.len()).find(|at| {
            let node = &tree.nodes[*at];
            let is_one = !matches!(node.data, Data::List { .. } | Data::Map { .. });
            is_one && (node.start as usize..=node.end as usize).contains(&offset)
        })?;
        let kind = tree.get(0, "kind").and_then(|at| tree.text(at)).and_then(manifest_kind);
        let node = &tree.nodes[at];
        let at_bytes = node.start as usize..node.end as usize;
        Some(Here { kind, field: field(&tree.pointer_of(at)), is_key: tree.is_key(at), at: at_bytes })
    })
}

/// A pointer with dots, less the places in lists.
fn field(pointer: &str) -> String {
    let parts = pointer.split('/').skip(1).filter(|part| part.parse::<u32>().is_err());
    parts.collect::<Vec<_>>().join(".")
}

/// Stands for the name that is to be written, so that the rest can be read.
const MARK: &str = "ConsignNameGoesHere";

/// The name that could be written at a byte of a file; `None` where none goes, or where the rest cannot be read.
pub fn slot(text: &str, source: SourceId, sort: Sort, offset: usize) -> Option<Slot> {
    let line_start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[offset..].find(['\n', '\r']).map_or(text.len(), |at| offset + at);
    let before = &text[line_start..offset];
    if let Some(slot) = rule(before, offset).or_else(|| variable(before, &text[offset..line_end], offset)) {
        return Some(slot);
    }
    let value = Value::around(before, &text[offset..line_end])?;
    let replace = line_start + value.start..offset + value.end;
    let rest = &text[replace.end..];
    let closed = format!("{}{}", value.closers, &text[line_end..]);
    // As it stands; and where a bracket is still open, with what is missing in the place of the rest of the line.
    [rest, closed.as_str()].into_iter().find_map(|rest| {
        let marked = format!("{}{MARK}{rest}", &text[..replace.start]);
        let (documents, _) = syntax::read(&marked, source);
        let (named, owner) =
            documents.iter().find_map(|document| at_mark(&marked, &document.tree, sort, replace.start))?;
        Some(Slot { named, owner, replace: replace.clone(), is_value: true })
    })
}

fn at_mark(text: &str, tree: &Tree<'_>, sort: Sort, start: usize) -> Option<(Named, Option<ItemKey>)> {
    tree.nodes.iter().find(|node| node.start as usize == start && node.data == Data::Text(MARK.into()))?;
    let spot = of_document(text, tree, false, sort).into_iter().find(|spot| spot.at.start == start)?;
    let named = match spot.named {
        Named::Item(mut key) => {
            key.name.clear();
            Named::Item(key)
        }
        Named::Principal(_) => Named::Principal(String::new()),
        Named::Variable(_) => Named::Variable(String::new()),
        Named::Secret(_) => Named::Secret(String::new()),
        Named::Rule(_) => Named::Rule(String::new()),
    };
    Some((named, spot.owner))
}

/// A rule in a comment that allows it.
fn rule(before: &str, offset: usize) -> Option<Slot> {
    let (_, after) = before.split_once('#')?.1.split_once("consign: allow ")?;
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let word = after.rsplit([',', ' ']).next().unwrap_or(after);
    (!after.contains(" because") && word.chars().all(is_id)).then(|| Slot {
        named: Named::Rule(String::new()),
        owner: None,
        replace: offset - word.len()..offset,
        is_value: false,
    })
}

/// A variable whose braces are open.
fn variable(before: &str, after: &str, offset: usize) -> Option<Slot> {
    let from = before.rfind(OPEN)? + OPEN.len();
    let typed = &before[from..];
    if typed.contains("}}") || before[..from - OPEN.len()].ends_with('$') {
        return None;
    }
    let start = offset - typed.trim_start().len();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let end = offset + after.find(|c| !is_name(c)).unwrap_or(after.len());
    Some(Slot { named: Named::Variable(String::new()), owner: None, replace: start..end, is_value: false })
}

/// Where in a line a value begins and ends, and which brackets are open before it.
struct Value {
    /// Counted from the line's begin.
    start: usize,
    /// Counted from the cursor.
    end: usize,
    /// What closes the brackets.
    closers: String,
}

impl Value {
    fn around(before: &str, after: &str) -> Option<Self> {
        let (mut start, mut closers, mut quote) = (None, Vec::new(), None);
        let mut last = ' ';
        for (at, c) in before.char_indices() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '#') if last.is_whitespace() => return None,
                (None, '[' | '{') => {
                    closers.push(if c == '[' { ']' } else { '}' });
                    start = Some(at + 1);
                }
                (None, ']' | '}') => {
                    closers.pop();
                    start = None;
                }
                (None, ',') if !closers.is_empty() => start = Some(at + 1),
                (None, ' ') if last == ':' || (last == '-' && before[..at - 1].trim().is_empty()) => start = Some(at),
                (None, '\'' | '"') if start.is_some_and(|start: usize| before[start..at].trim().is_empty()) => {
                    quote = Some(c);
                }
                _ => {}
            }
            last = c;
        }
        let start = start.unwrap_or(0);
        let start = start + (before[start..].len() - before[start..].trim_start().len());
        let end = match quote {
            Some(open) => after.find(open).map_or(after.trim_end().len(), |at| at + 1),
            None => {
                let stop = after.find([',', ']', '}']).filter(|_| !closers.is_empty());
                let comment = after.find(" #");
                let stop = stop.into_iter().chain(comment).min().unwrap_or(after.len());
                after[..stop].trim_end().len()
            }
        };
        Some(Self { start, end, closers: closers.into_iter().rev().collect() })
    }
}
