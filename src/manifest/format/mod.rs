//! A file of YAML in its one form: keys in the order of their schema, quotes where a reader needs them, two spaces a
//! level, at most one blank line, LF at line ends. Every comment stays, beside what it stands beside.
//!
//! What comes out was read again: it says what went in, and has the same comments. Where it would not, nothing comes
//! out. What is one text on several lines stays so, and so do blocks: a person broke those lines.

mod comments;
mod layout;
mod order;
mod print;
mod scalars;
#[cfg(test)]
mod tests;

use super::allow;
use super::syntax;
use super::tree::Data;
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::rules::manifest::MAN_1;
use comments::Comment;
use comments::comment_lines;
use comments::comments;
use layout::Layout;
use order::Form;

/// How long a line may become that several lines are put together into.
const COLUMNS: usize = 120;

/// A file in its one form. A byte order mark goes, and line ends become LF.
///
/// # Errors
///
/// The findings of syntax, when it is no YAML that this program reads. Findings that the schema would have are none
/// here: keys that are not known stand behind those that are.
pub fn format(text: &str, source: SourceId) -> Result<String, Diagnostics> {
    let (_, findings) = syntax::read(text, source);
    if !findings.is_empty() {
        return Err(findings);
    }
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let out = formatted(&plain, source).ok_or_else(|| refused(source))?;
    if !says_the_same(text, &out, source) || comment_texts(&plain, source) != comment_texts(&out, source) {
        return Err(refused(source));
    }
    if !allows_as_much(&plain, &out, source) {
        let message = "in form, a comment that allows something would no longer stand at what it allows";
        let help =
            "the file was left as it is; write the comment at the end of the line that it is about, or right above it";
        return Err(Diagnostics::from_iter([Diagnostic::error(&MAN_1, Location::File(source), message).help(help)]));
    }
    Ok(out)
}

/// Whether each comment that allows something still speaks of all that it spoke of.
fn allows_as_much(before: &str, after: &str, source: SourceId) -> bool {
    let after = allow::subjects(after, source);
    let mut before = allow::subjects(before, source).into_iter();
    before.all(|(rule, of)| after.iter().any(|(other, now)| *other == rule && now.is_superset(&of)))
}

fn refused(source: SourceId) -> Diagnostics {
    let message = "this file cannot be brought into form without changing what it says";
    let help = "it was left as it is; texts with unusual spaces or line ends are the likeliest cause: put them in double quotes";
    Diagnostics::from_iter([Diagnostic::error(&MAN_1, Location::File(source), message).help(help)])
}

/// What begins a document, and the text up to the next one.
struct Part<'t> {
    mark: Mark,
    text: &'t str,
}

/// What stands before a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The begin of the file.
    None,
    /// `---`
    Dashes,
    /// `...`
    Dots,
}

/// The documents of a text. A line that begins with `---` or `...` is a mark wherever it stands: inside a text it would
/// end the document.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut marks = vec![(0, 0, Mark::None)];
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let is_mark = |mark: &str| {
            line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']))
        };
        if is_mark("---") {
            marks.push((start, start + 3, Mark::Dashes));
        } else if is_mark("...") {
            marks.push((start, start + 3, Mark::Dots));
        }
        start += line.len();
    }
    let ends = marks.iter().skip(1).map(|(start, ..)| *start).chain([text.len()]);
    marks.iter().zip(ends).map(|((_, from, mark), to)| Part { mark: *mark, text: &text[*from..to] }).collect()
}

fn formatted(text: &str, source: SourceId) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 64);
    for part in parts(text) {
        let (documents, findings) = syntax::read(part.text, source);
        if !findings.is_empty() || documents.len() > 1 {
            return None;
        }
        let Some(document) = documents.into_iter().next() else {
            let is_marked = part.mark == Mark::Dashes;
            begin(&mut out, is_marked, part.text);
            // Comments alone, or nothing.
            let all = comments(part.text, &Tree::default());
            print::comments(&mut out, &comment_lines(part.text, &after_mark(part.text, is_marked, all)));
            continue;
        };
        let is_marked = part.mark != Mark::None;
        match document.tree.nodes[0].data {
            Data::Map { .. } | Data::List { .. } => {
                begin(&mut out, is_marked, part.text);
                let form = Form::of(&document.tree);
                let all = comments(part.text, &document.tree);
                let all = after_mark(part.text, is_marked, all);
                let mut layout = Layout::new(part.text, &document.tree, all);
                print::document(&mut out, &layout.document(form));
            }
            // No manifest, and perhaps a text whose every space counts.
            _ => {
                out.push_str(if is_marked { "---" } else { "" });
                out.push_str(part.text);
            }
        }
    }
    Some(out)
}

/// The mark of a document, with the comment that stands on its line.
fn begin(out: &mut String, is_marked: bool, text: &str) {
    if !is_marked {
        return;
    }
    out.push_str("---");
    let line = text.lines().next().unwrap_or_default().trim();
    if line.starts_with('#') {
        out.push(' ');
        out.push_str(line);
    }
    out.push('\n');
}

/// The comments but for that on the line of the mark, which stays there.
fn after_mark(text: &str, is_marked: bool, mut all: Vec<Comment>) -> Vec<Comment> {
    let is_on_mark = |comment: &Comment| text[..comment.start].chars().all(|c| matches!(c, ' ' | '\t'));
    if is_marked && all.first().is_some_and(is_on_mark) {
        all.remove(0);
    }
    all
}

/// Whether two texts hold the same documents, the order of keys apart.
fn says_the_same(before: &str, after: &str, source: SourceId) -> bool {
    let ((before, _), (after, findings)) = (syntax::read(before, source), syntax::read(after, source));
    let same = |(a, b): (&syntax::Document<'_>, &syntax::Document<'_>)| is_same(&a.tree, 0, &b.tree, 0);
    findings.is_empty() && before.len() == after.len() && before.iter().zip(&after).all(same)
}

fn is_same(a: &Tree<'_>, at_a: usize, b: &Tree<'_>, at_b: usize) -> bool {
    match (&a.nodes[at_a].data, &b.nodes[at_b].data) {
        (Data::Map { len, .. }, Data::Map { len: other, .. }) => {
            len == other
                && a.pairs(at_a).all(|(key, value)| {
                    a.text(key).and_then(|key| b.get(at_b, key)).is_some_and(|there| is_same(a, value, b, there))
                })
        }
        (Data::List { len, .. }, Data::List { len: other, .. }) => {
            len == other && a.elements(at_a).zip(b.elements(at_b)).all(|(here, there)| is_same(a, here, b, there))
        }
        (Data::Float(a), Data::Float(b)) => a.to_bits() == b.to_bits() || a == b,
        (a, b) => a == b,
    }
}

/// Every comment of a text, sorted.
fn comment_texts(text: &str, source: SourceId) -> Vec<String> {
    let mut all = Vec::new();
    for part in parts(text) {
        let (documents, _) = syntax::read(part.text, source);
        let empty = Tree::default();
        let tree = documents.first().map_or(&empty, |document| &document.tree);
        all.extend(comments(part.text, tree).iter().map(|comment| comment.text(part.text).to_owned()));
    }
    all.sort();
    all
}
