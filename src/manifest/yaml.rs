//! YAML that is no manifest, read as strictly; and remarks put into manifests that were printed.

use std::collections::BTreeMap;

use super::syntax;
use super::tree::Data;
use super::tree::Tree;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;

/// Where comments are broken.
const COLUMNS: usize = 110;

/// A value of a document, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Yaml {
    /// What it is.
    pub value: YamlValue,
    /// Where it stands; of a value in a map, without its key.
    pub at: Location,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum YamlValue {
    /// Nothing at all, or `null`.
    Null,
    /// Any scalar as it is written, less its quotes: `1.10` is `1.10` here, whatever a number would make of it.
    Scalar(String),
    /// A list.
    List(Vec<Yaml>),
    /// A map: keys with their places, in the order in which they stand.
    Map(Vec<(String, Location, Yaml)>),
}

impl Yaml {
    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _, _)| name == key).map(|(_, _, value)| value)
    }

    /// The entries of a map; of anything else none.
    pub fn entries(&self) -> &[(String, Location, Self)] {
        match &self.value {
            YamlValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; of anything else none.
    pub fn elements(&self) -> &[Self] {
        match &self.value {
            YamlValue::List(list) => list,
            _ => &[],
        }
    }

    /// What a scalar says.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Scalar(text) => Some(text),
            _ => None,
        }
    }
}

/// Every document of a text, the empty ones left out. Anchors, tags, double keys and whatever else readers take
/// differently is refused, as in manifests.
pub fn read_yaml(text: &str, source: SourceId) -> (Vec<Yaml>, Diagnostics) {
    let (documents, findings) = syntax::read(text, source);
    (documents.iter().map(|document| owned(&document.tree, 0, text, source)).collect(), findings)
}

fn owned(tree: &Tree<'_>, at: usize, text: &str, source: SourceId) -> Yaml {
    let node = &tree.nodes[at];
    let span =
        |at: usize| Location::Span { source, start: tree.nodes[at].start as usize, end: tree.nodes[at].end as usize };
    let value = match &node.data {
        Data::Null => YamlValue::Null,
        Data::Text(text) => YamlValue::Scalar(text.clone().into_owned()),
        Data::Bool(_) | Data::Int(_) | Data::Float(_) => {
            YamlValue::Scalar(text[node.start as usize..node.end as usize].to_owned())
        }
        Data::List { .. } => YamlValue::List(tree.elements(at).map(|at| owned(tree, at, text, source)).collect()),
        Data::Map { .. } => YamlValue::Map(
            tree.pairs(at)
                .map(|(key, value)| {
                    let name = tree.text(key).unwrap_or_default().to_owned();
                    (name, span(key), owned(tree, value, text, source))
                })
                .collect(),
        ),
    };
    Yaml { value, at: span(at) }
}

/// The text of one document with remarks in it: each a JSON pointer and what is said of the value there, as a comment
/// above it. Where a pointer leads nowhere, it stands above the nearest value that is there.
pub fn remarked(text: &str, remarks: &[(String, String)]) -> String {
    let mut sources = Sources::new();
    let id = sources.add_text("printed", text);
    let (documents, _) = syntax::read(text, id);
    let Some(document) = documents.first() else { return text.to_owned() };
    let tree = &document.tree;
    let mut by_line: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (pointer, remark) in remarks {
        let (key, value) = tree.find(pointer);
        let is_there = tree.pointer_of(value) == *pointer;
        let node = key.filter(|_| is_there || pointer.is_empty()).unwrap_or(value);
        let start = tree.nodes[node].start as usize;
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        by_line.entry(line).or_default().push(remark);
    }
    let mut out = String::with_capacity(text.len() + 256);
    let mut from = 0;
    for (line, remarks) in by_line {
        out.push_str(&text[from..line]);
        from = line;
        let indent = text[line..].len() - text[line..].trim_start_matches(' ').len();
        for remark in remarks {
            push_comment(&mut out, indent, remark);
        }
    }
    out.push_str(&text[from..]);
    out
}

fn push_comment(out: &mut String, indent: usize, remark: &str) {
    let mut line = format!("{:indent$}#", "");
    let least = line.len();
    for word in crate::diag::visible(remark).split_whitespace() {
        if line.len() > least + 2 && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            out.push_str(&line);
            out.push('\n');
            line = format!("{:indent$}#  ", "");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_what_is_written() {
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", "a: 1.10\nb: 'no'\nc: [x, ~]\n");
        let (documents, findings) = read_yaml(sources.text(id), id);
        assert!(findings.is_empty());
        let root = &documents[0];
        assert_eq!(root.get("a").and_then(Yaml::text), Some("1.10"));
        assert_eq!(root.get("b").and_then(Yaml::text), Some("no"));
        assert_eq!(root.get("c").map(|list| list.elements().len()), Some(2));
    }

    #[test]
    fn remarks_stand_above_what_they_are_about() {
        let text = "a: 1\nb:\n  - c: 1\n    d: 2\n";
        let remarks = [("", "all"), ("/b/0", "one"), ("/b/0/d", "two\nlines \u{1b}"), ("/b/0/x", "gone"), ("/a", "a")];
        let remarks: Vec<_> = remarks.iter().map(|(at, text)| ((*at).to_owned(), (*text).to_owned())).collect();
        assert_eq!(
            remarked(text, &remarks),
            "# all\n# a\na: 1\nb:\n  # one\n  # gone\n  - c: 1\n    # two\\u{a}lines \\u{1b}\n    d: 2\n"
        );
    }
}
