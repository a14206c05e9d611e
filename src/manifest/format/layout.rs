//! A document as entries with what stands beside them: comments before, behind, below and at the end.

use super::super::tree::Data;
use super::super::tree::Tree;
use super::COLUMNS;
use super::comments::Comment;
use super::comments::Line;
use super::comments::comment_lines;
use super::comments::headers;
use super::comments::is_after_blank;
use super::comments::line_start;
use super::order::Form;
use super::scalars;
use super::scalars::Written;

/// A document that is a map or a list.
pub(super) struct Document {
    /// What stands before its first key stays there, whichever key is the first.
    pub(super) head: Vec<Line>,
    pub(super) body: Body,
}

/// A map or a list in block style.
pub(super) struct Block {
    /// In the order in which they are to stand.
    pub(super) entries: Vec<Entry>,
    /// Comments behind the last one.
    pub(super) tail: Vec<Line>,
}

/// A key with its value, or an element of a list.
pub(super) struct Entry {
    pub(super) before: Vec<Line>,
    /// `None` for an element.
    pub(super) key: Option<String>,
    pub(super) body: Body,
    /// The comment at the end of its line.
    pub(super) remark: Option<Remark>,
    /// Comments below a key that has no value.
    pub(super) below: Vec<Line>,
}

/// A value.
pub(super) enum Body {
    Scalar(Written),
    /// In flow style, on one line.
    Flow(String),
    Block(Block),
}

/// A comment at the end of a line.
pub(super) struct Remark {
    pub(super) text: String,
    /// How far it stood behind the begin of its entry, in characters.
    pub(super) distance: usize,
}

/// Goes through a document once, taking the comments as they come.
pub(super) struct Layout<'t> {
    text: &'t str,
    tree: &'t Tree<'t>,
    comments: Vec<Comment>,
    /// Where the `|` or `>` of each block of text stands, by node.
    headers: Vec<Option<usize>>,
    /// The first comment that was not taken.
    next: usize,
}

/// An entry whose value is looked at.
struct Place {
    /// The byte where it begins; of an element, where its value does.
    start: usize,
    /// The byte behind its key, if it has one.
    key_end: Option<usize>,
    /// The column of the entry.
    column: usize,
    /// How deep it will be indented.
    indent: usize,
    /// How many characters its key takes.
    width: usize,
}

impl<'t> Layout<'t> {
    pub(super) fn new(text: &'t str, tree: &'t Tree<'t>, comments: Vec<Comment>) -> Self {
        Self { text, tree, comments, headers: headers(text, tree), next: 0 }
    }

    pub(super) fn document(&mut self, form: Form<'_>) -> Document {
        let start = self.start(0);
        let mut head = self.before(start);
        if head.first() == Some(&Line::Blank) {
            head.remove(0);
        }
        let place = Place { start, key_end: None, column: 0, indent: 0, width: 0 };
        let mut more = Vec::new();
        let body = self.body(0, form, false, &place, None, &mut more);
        head.extend(more);
        // What is left stands behind the end of a flow style.
        let rest = self.take_while(|_| true);
        let mut document = Document { head, body };
        match &mut document.body {
            Body::Block(block) => block.tail.extend(comment_lines(self.text, &rest)),
            _ => document.head.extend(comment_lines(self.text, &rest)),
        }
        document
    }

    /// The first byte of a node; of one that is not there, the end.
    fn start(&self, at: usize) -> usize {
        let header = self.headers.get(at).copied().flatten();
        header.or_else(|| self.tree.nodes.get(at).map(|node| node.start as usize)).unwrap_or(self.text.len())
    }

    fn one_line(&self, at: usize) -> String {
        scalars::one_line(self.text, &self.tree.nodes[at], self.headers[at])
    }

    fn column(&self, at: usize) -> usize {
        self.text[line_start(self.text, at)..at].chars().count()
    }

    fn take_while(&mut self, holds: impl Fn(&Comment) -> bool) -> Vec<Comment> {
        let from = self.next;
        while self.comments.get(self.next).is_some_and(&holds) {
            self.next += 1;
        }
        self.comments[from..self.next].to_vec()
    }

    /// The lines that stand before what begins at a byte.
    fn before(&mut self, start: usize) -> Vec<Line> {
        let taken = self.take_while(|comment| comment.start < start);
        let mut lines = comment_lines(self.text, &taken);
        if is_after_blank(self.text, start) {
            lines.push(Line::Blank);
        }
        lines
    }

    /// The comment that stands on the line which ends at a byte, if nothing but a comma is between.
    fn remark(&mut self, end: usize, place: &Place) -> Option<Remark> {
        let comment = self.comments.get(self.next)?;
        let between = self.text.get(end..comment.start)?;
        if !between.chars().all(|c| matches!(c, ' ' | '\t' | ',' | ':')) {
            return None;
        }
        self.next += 1;
        let distance = comment.column.saturating_sub(place.column);
        Some(Remark { text: comment.text(self.text).to_owned(), distance })
    }

    fn is_flow(&self, at: usize, in_flow: bool) -> bool {
        in_flow || self.text[self.start(at)..].starts_with(['{', '['])
    }

    /// A container in block style; `above` is the column of the entries that it lies in.
    fn block(&mut self, at: usize, form: Form<'_>, in_flow: bool, above: Option<usize>, indent: usize) -> Block {
        let mut entries = Vec::new();
        let is_flow = self.is_flow(at, in_flow);
        if matches!(self.tree.nodes[at].data, Data::Map { .. }) {
            let keys: Vec<&str> = self.tree.pairs(at).filter_map(|(key, _)| self.tree.text(key)).collect();
            let form = form.of_map(&keys);
            let pairs: Vec<(usize, usize)> = self.tree.pairs(at).collect();
            for (key, value) in pairs {
                let name = self.tree.text(key).unwrap_or_default();
                let written = self.one_line(key);
                let start = self.start(key);
                let place = Place {
                    start,
                    key_end: Some(self.tree.nodes[key].end as usize),
                    column: if is_flow { usize::MAX } else { self.column(start) },
                    indent,
                    width: written.chars().count() + 2,
                };
                let entry = self.entry(Some(written), value, form.value(name), is_flow, place, entries.is_empty());
                entries.push((form.rank(name), entry));
            }
            entries.sort_by_key(|(rank, _)| *rank);
        } else {
            let elements: Vec<usize> = self.tree.elements(at).collect();
            let form = form.element();
            for value in elements {
                let start = self.start(value);
                // The dash stands two columns before what it leads to, or somewhere before it.
                let column = if is_flow { usize::MAX } else { self.dash_column(start) };
                let place = Place { start, key_end: None, column, indent, width: 2 };
                let entry = self.entry(None, value, form, is_flow, place, entries.is_empty());
                entries.push((0, entry));
            }
        }
        let entries = entries.into_iter().map(|(_, entry)| entry).collect();
        let end = self.tree.nodes[at].end as usize;
        let limit = self.start(self.tree.next(at));
        let tail = if is_flow {
            self.take_while(|comment| comment.start < end)
        } else {
            let is_deeper = |column: usize| above.is_none_or(|above| column > above);
            self.take_while(|comment| comment.start < limit && comment.is_alone && is_deeper(comment.column))
        };
        Block { entries, tail: comment_lines(self.text, &tail) }
    }

    fn dash_column(&self, start: usize) -> usize {
        let mut end = start;
        while let Some(dash) = self.text[..end].rfind('-') {
            // A dash in a comment between leads to nothing.
            match self.comments.iter().find(|comment| (comment.start..comment.end).contains(&dash)) {
                Some(comment) => end = comment.start,
                None => return self.column(dash),
            }
        }
        0
    }

    fn entry(
        &mut self,
        key: Option<String>,
        value: usize,
        form: Form<'_>,
        in_flow: bool,
        place: Place,
        is_first: bool,
    ) -> Entry {
        let mut before = self.before(place.start);
        if is_first && before.first() == Some(&Line::Blank) {
            before.remove(0);
        }
        // Behind a key whose value begins on the next line; the value may have one of its own.
        let mut remark = place.key_end.and_then(|end| self.remark(end, &place));
        let above = Some(place.column).filter(|column| *column != usize::MAX);
        let mut body = self.body(value, form, in_flow, &place, above, &mut before);
        let behind = self.behind(value, in_flow, &place);
        if let Some(behind) = behind
            && let Some(first) = remark.replace(behind)
        {
            before.push(Line::Comment(first.text));
        }
        // A dash and the first key behind it share a line, so that nothing can stand between.
        if let (None, Body::Block(block)) = (&key, &mut body) {
            before.extend(remark.take().map(|remark| Line::Comment(remark.text)));
            if let Some(first) = block.entries.first_mut() {
                before.extend(std::mem::take(&mut first.before).into_iter().filter(|line| *line != Line::Blank));
            }
        }
        let below = self.below(value, &place);
        Entry { before, key, body, remark, below }
    }

    /// The comment behind a value on its last line.
    fn behind(&mut self, value: usize, in_flow: bool, place: &Place) -> Option<Remark> {
        let node = &self.tree.nodes[value];
        let is_container = matches!(node.data, Data::Map { .. } | Data::List { .. });
        // The last value in a block has taken it.
        if is_container && !self.is_flow(value, in_flow) {
            return None;
        }
        if let Some(header) = self.headers[value] {
            // The one comment that a block of text can have stands behind its `|`.
            let length = self.text[header..].find(['#', '\n']).unwrap_or(0);
            let indicator = self.text[header..header + length].trim_end().len();
            return self.remark(header + indicator, place);
        }
        let is_nothing = node.start == node.end;
        let remark = self.remark(place.key_end.filter(|_| is_nothing).unwrap_or(node.end as usize), place)?;
        // Behind the last of several lines it was aligned with nothing.
        let is_far = self.text[node.start as usize..node.end as usize].contains('\n');
        Some(Remark { distance: if is_far { 0 } else { remark.distance }, ..remark })
    }

    /// Comments below a key that has no value, as deep as its value would be.
    fn below(&mut self, value: usize, place: &Place) -> Vec<Line> {
        let node = &self.tree.nodes[value];
        let is_nothing = node.data == Data::Null && node.start == node.end && place.column != usize::MAX;
        if !is_nothing {
            return Vec::new();
        }
        let limit = self.start(value + 1);
        let taken =
            self.take_while(|comment| comment.start < limit && comment.is_alone && comment.column > place.column);
        comment_lines(self.text, &taken)
    }

    /// A value. Comments that stood where none can stay go to `more`, to stand before the entry.
    fn body(
        &mut self,
        at: usize,
        form: Form<'_>,
        in_flow: bool,
        place: &Place,
        above: Option<usize>,
        more: &mut Vec<Line>,
    ) -> Body {
        let node = &self.tree.nodes[at];
        let (start, end) = (self.start(at), node.end as usize);
        let len = match node.data {
            Data::Map { len, .. } | Data::List { len, .. } => len,
            _ => {
                if end > start {
                    let taken = self.take_while(|comment| comment.start < start);
                    more.extend(comment_lines(self.text, &taken));
                }
                return Body::Scalar(scalars::written(self.text, node, self.headers[at]));
            }
        };
        let indent = if above.is_none() && place.key_end.is_none() && place.width == 0 { 0 } else { place.indent + 2 };
        if !self.is_flow(at, in_flow) {
            return Body::Block(self.block(at, form, false, above, indent));
        }
        let has_comments = self.comments.get(self.next).is_some_and(|comment| comment.start < end);
        let is_one_line = !self.text[start..end].contains('\n');
        if len == 0 || !has_comments {
            let taken = self.take_while(|comment| comment.start < end);
            more.extend(comment_lines(self.text, &taken));
            let line = self.flow(at, form);
            if len == 0 || is_one_line || place.indent + place.width + line.chars().count() <= COLUMNS {
                return Body::Flow(line);
            }
        }
        Body::Block(self.block(at, form, true, above, indent))
    }

    /// A value in flow style, on one line.
    fn flow(&self, at: usize, form: Form<'_>) -> String {
        let node = &self.tree.nodes[at];
        match node.data {
            Data::Map { .. } => {
                let keys: Vec<&str> = self.tree.pairs(at).filter_map(|(key, _)| self.tree.text(key)).collect();
                let form = form.of_map(&keys);
                let pair = |(key, value): (usize, usize)| {
                    let name = self.tree.text(key).unwrap_or_default();
                    let written = self.one_line(key);
                    (form.rank(name), format!("{written}: {}", self.flow(value, form.value(name))))
                };
                let mut pairs: Vec<(usize, String)> = self.tree.pairs(at).map(pair).collect();
                pairs.sort_by_key(|(rank, _)| *rank);
                let pairs: Vec<String> = pairs.into_iter().map(|(_, pair)| pair).collect();
                format!("{{{}}}", pairs.join(", "))
            }
            Data::List { .. } => {
                let form = form.element();
                let elements: Vec<String> = self.tree.elements(at).map(|at| self.flow(at, form)).collect();
                format!("[{}]", elements.join(", "))
            }
            _ => self.one_line(at),
        }
    }
}
