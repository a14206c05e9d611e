//! The texts that findings point into.

use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;

/// One text: a file of the project.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// Where it is, relative to the project's root, with `/` between the parts.
    pub path: Utf8PathBuf,
    /// What it says; empty where it could not be read.
    pub text: Arc<str>,
}

/// A text of some [`Sources`], by its place in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// All texts of a run. Grows only, so that an ID stays good.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceText>,
}

/// A place in a text as people count: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Sources {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn add(&mut self, source: SourceText) -> SourceId {
        let id = u32::try_from(self.files.len()).expect("files are limited to 100,000 (MAN-7)");
        self.files.push(source);
        SourceId(id)
    }

    /// Adds a text by its path.
    pub fn add_text(&mut self, path: impl Into<Utf8PathBuf>, text: impl Into<Arc<str>>) -> SourceId {
        self.add(SourceText { path: path.into(), text: text.into() })
    }

    /// Takes another text for one, such as what an editor has not written yet.
    ///
    /// # Panics
    ///
    /// When the ID comes from other sources.
    pub fn set_text(&mut self, id: SourceId, text: impl Into<Arc<str>>) {
        self.files[id.0 as usize].text = text.into();
    }

    /// The text with this ID.
    ///
    /// # Panics
    ///
    /// When the ID comes from other sources.
    pub fn get(&self, id: SourceId) -> &SourceText {
        &self.files[id.0 as usize]
    }

    /// Its path.
    pub fn path(&self, id: SourceId) -> &Utf8Path {
        &self.get(id).path
    }

    /// What it says.
    pub fn text(&self, id: SourceId) -> &str {
        &self.get(id).text
    }

    /// All of them, in the order they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SourceId, &SourceText)> {
        self.files
            .iter()
            .enumerate()
            .map(|(at, source)| (SourceId(u32::try_from(at).expect("`add` gave it an ID of 32 bits")), source))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The line and column of a byte of a text; one beyond its end counts as its end.
    pub fn position(&self, id: SourceId, offset: usize) -> Position {
        let text = self.text(id);
        let offset = floor(text, offset);
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let in_line = before[line_start..].strip_prefix('\u{feff}').filter(|_| line_start == 0);
        Position { line, column: in_line.unwrap_or(&before[line_start..]).chars().count() + 1 }
    }
}

/// The last character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::Position;
    use super::Sources;

    #[test]
    fn positions_count_characters_from_one() {
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", "ä: 1\nb: 日本 x\n");
        for (offset, line, column) in [(0, 1, 1), (2, 1, 2), (1, 1, 1), (6, 2, 1), (15, 2, 6), (99, 3, 1)] {
            assert_eq!(sources.position(id, offset), Position { line, column }, "{offset}");
        }
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", "\u{feff}a: 1\n");
        assert_eq!(sources.position(id, 3), Position { line: 1, column: 1 });
        assert_eq!(sources.position(id, 0), Position { line: 1, column: 1 });
    }
}
