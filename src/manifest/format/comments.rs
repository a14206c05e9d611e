//! Where the comments of a document stand.

use super::super::tree::Data;
use super::super::tree::Tree;

/// One comment.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    /// The byte of its `#`.
    pub(super) start: usize,
    /// The byte after its last.
    pub(super) end: usize,
    /// Whether nothing else stands on its line.
    pub(super) is_alone: bool,
    /// How many characters stand before it on its line.
    pub(super) column: usize,
}

impl Comment {
    /// What it says, with its `#`.
    pub(super) fn text<'t>(&self, text: &'t str) -> &'t str {
        text[self.start..self.end].trim_end()
    }
}

/// A line between entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    Comment(String),
}

/// The comments of a document in their order.
///
/// Outside of texts a `#` begins nothing else, so that they are what lies between the tree's scalars.
pub(super) fn comments(text: &str, tree: &Tree<'_>) -> Vec<Comment> {
    let mut out = Vec::new();
    let mut from = 0;
    let scalars = tree.nodes.iter().filter(|node| !matches!(node.data, Data::Map { .. } | Data::List { .. }));
    let spans = scalars.filter(|node| node.end > node.start).map(|node| (node.start as usize, node.end as usize));
    for (start, end) in spans.chain([(text.len(), text.len())]) {
        let mut at = from;
        while let Some(found) = text.get(at..start).and_then(|gap| gap.find('#')) {
            let start = at + found;
            let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
            let line = line_start(text, start);
            let is_alone = text[line..start].trim().is_empty();
            out.push(Comment { start, end, is_alone, column: text[line..start].chars().count() });
            at = end;
        }
        from = end.max(from);
    }
    out
}

/// Where the `|` or `>` of each block of text stands, by node; the span of such a text begins below it.
pub(super) fn headers(text: &str, tree: &Tree<'_>) -> Vec<Option<usize>> {
    let mut from = 0;
    let mut out = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        if matches!(node.data, Data::Map { .. } | Data::List { .. }) {
            out.push(None);
            continue;
        }
        let (start, end) = (node.start as usize, node.end as usize);
        // Between two scalars these characters stand in comments, or begin a block.
        let begins = |line: &str| line[..line.find('#').unwrap_or(line.len())].find(['|', '>']);
        let mut at = from;
        // One without any text is where it stands.
        let mut found = text.get(start..end).filter(|slice| slice.starts_with(['|', '>'])).map(|_| start);
        for line in text.get(from..start).unwrap_or_default().split_inclusive('\n') {
            found = found.or_else(|| begins(line).map(|place| at + place));
            at += line.len();
        }
        out.push(found);
        from = end.max(from);
    }
    out
}

/// Comments on lines of their own, with the blank lines between them.
pub(super) fn comment_lines(text: &str, comments: &[Comment]) -> Vec<Line> {
    let mut out = Vec::new();
    for comment in comments {
        if is_after_blank(text, comment.start) {
            out.push(Line::Blank);
        }
        out.push(Line::Comment(comment.text(text).to_owned()));
    }
    out
}

/// The first byte of the line that a byte is in.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Whether the line above that of a byte is blank.
pub(super) fn is_after_blank(text: &str, at: usize) -> bool {
    let start = line_start(text, at);
    start > 0 && text[line_start(text, start - 1)..start].trim().is_empty()
}
