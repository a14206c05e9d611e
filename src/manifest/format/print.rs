//! Entries to text.

use super::comments::Line;
use super::layout::Block;
use super::layout::Body;
use super::layout::Document;
use super::layout::Entry;
use super::layout::Remark;

/// Where a text is printed to.
struct Printer<'o> {
    out: &'o mut String,
    /// Whether a blank line here would belong to the text above.
    is_held: bool,
}

pub(super) fn document(out: &mut String, document: &Document) {
    let mut printer = Printer { out, is_held: false };
    printer.lines(&document.head, 0);
    match &document.body {
        Body::Block(block) => printer.block(block, 0, false),
        Body::Flow(line) => {
            printer.out.push_str(line);
            printer.out.push('\n');
        }
        // A document that is one scalar is no manifest, and is left as it is.
        Body::Scalar(_) => {}
    }
}

/// Comments alone.
pub(super) fn comments(out: &mut String, lines: &[Line]) {
    Printer { out, is_held: false }.lines(without_blanks(lines), 0);
}

impl Printer<'_> {
    fn lines(&mut self, lines: &[Line], indent: usize) {
        for line in lines {
            match line {
                Line::Blank => {
                    if !self.is_held && !self.out.is_empty() && !self.out.ends_with("\n\n") {
                        self.out.push('\n');
                    }
                }
                Line::Comment(text) => {
                    self.indent(indent);
                    self.out.push_str(text);
                    self.out.push('\n');
                    self.is_held = false;
                }
            }
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// The entries of a block; the first one's line has begun where it `is_inline`.
    fn block(&mut self, block: &Block, indent: usize, is_inline: bool) {
        for (at, entry) in block.entries.iter().enumerate() {
            if at > 0 {
                self.lines(&entry.before, indent);
            } else if !is_inline {
                self.lines(without_blanks(&entry.before), indent);
            }
            if at > 0 || !is_inline {
                self.indent(indent);
            }
            self.entry(entry, indent);
        }
        self.lines(&block.tail, indent);
    }

    fn entry(&mut self, entry: &Entry, indent: usize) {
        let line_start = self.out.rfind('\n').map_or(0, |at| at + 1);
        match &entry.key {
            Some(key) => {
                self.out.push_str(key);
                self.out.push(':');
            }
            None => self.out.push('-'),
        }
        match &entry.body {
            Body::Flow(line) => {
                self.out.push(' ');
                self.out.push_str(line);
                self.end_line(entry.remark.as_ref(), line_start, indent);
            }
            Body::Scalar(written) => {
                if !written.first.is_empty() {
                    self.out.push(' ');
                    self.out.push_str(&written.first);
                }
                // A comment cannot stand within a text of several lines, unless it is a block.
                let is_block = written.first.starts_with(['|', '>']);
                let ends_first = written.rest.is_empty() || is_block;
                self.end_line(entry.remark.as_ref().filter(|_| ends_first), line_start, indent);
                for line in &written.rest {
                    if !line.is_empty() {
                        self.indent(indent + 2);
                    }
                    self.out.push_str(line);
                    self.out.push('\n');
                }
                if !ends_first && let Some(remark) = &entry.remark {
                    self.out.pop();
                    self.out.push(' ');
                    self.out.push_str(&remark.text);
                    self.out.push('\n');
                }
                self.is_held = written.keeps_line_ends;
            }
            Body::Block(block) if entry.key.is_some() => {
                self.end_line(entry.remark.as_ref(), line_start, indent);
                self.block(block, indent + 2, false);
            }
            Body::Block(block) => {
                self.out.push(' ');
                self.block(block, indent + 2, true);
            }
        }
        self.lines(without_blanks(&entry.below), indent + 2);
    }

    fn end_line(&mut self, remark: Option<&Remark>, line_start: usize, indent: usize) {
        if let Some(remark) = remark {
            let width = self.out[line_start..].chars().count();
            let gap = (indent + remark.distance).saturating_sub(width).max(1);
            self.indent(gap);
            self.out.push_str(&remark.text);
        }
        self.out.push('\n');
        self.is_held = false;
    }
}

fn without_blanks(lines: &[Line]) -> &[Line] {
    let blanks = lines.iter().take_while(|line| **line == Line::Blank).count();
    &lines[blanks..]
}
