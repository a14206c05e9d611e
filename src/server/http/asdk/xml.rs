//! XML as this API reads and writes it. Requests are bounded in depth and in the number of their nodes, and have no
//! document type, so that no entity of theirs is ever looked up or multiplied.

use std::fmt::Write as _;

use roxmltree::Document;
use roxmltree::Error;
use roxmltree::Node;
use roxmltree::ParsingOptions;

/// How many elements, attributes and texts a request may have.
const NODES_MAX: u32 = 100_000;
/// How deep elements may lie in one another.
const DEPTH_MAX: usize = 64;

/// The namespace of the instance attributes.
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// An element of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) namespace: String,
    pub(super) name: String,
    /// `xsi:nil="true"`.
    pub(super) nil: bool,
    /// The values of its attributes, by namespace and name.
    pub(super) attributes: Vec<(String, String, String)>,
    /// The texts directly in it, as they stand.
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

/// Why a text is no document that is read: the line, the column, and what a .NET reader says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) why: String,
}

impl Element {
    /// The first child of this name.
    pub(super) fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name && child.namespace == namespace)
    }

    /// An attribute.
    pub(super) fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(ns, key, _)| ns == namespace && key == name);
        found.map(|(_, _, value)| value.as_str())
    }
}

/// The root of a document.
pub(super) fn parse(text: &str) -> Result<Element, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| unreadable(&error))?;
    element(&document, document.root_element(), 0)
}

fn element(document: &Document<'_>, node: Node<'_, '_>, depth: usize) -> Result<Element, Unreadable> {
    if depth > DEPTH_MAX {
        let at = document.text_pos_at(node.range().start);
        let why = format!("The reader's MaxDepth of {DEPTH_MAX} has been exceeded.");
        return Err(Unreadable { line: at.row, column: at.col, why });
    }
    let namespace = node.tag_name().namespace().unwrap_or_default().to_owned();
    let name = node.tag_name().name().to_owned();
    let attributes = node
        .attributes()
        .map(|one| (one.namespace().unwrap_or_default().to_owned(), one.name().to_owned(), one.value().to_owned()));
    let attributes: Vec<_> = attributes.collect();
    let nil = node.attribute((XSI, "nil")).is_some_and(|nil| ["true", "1"].contains(&nil.trim()));
    let text = node.children().filter(Node::is_text).filter_map(|child| child.text()).collect();
    let children = node.children().filter(Node::is_element).map(|child| element(document, child, depth + 1));
    Ok(Element { namespace, name, nil, attributes, text, children: children.collect::<Result<_, _>>()? })
}

fn unreadable(error: &Error) -> Unreadable {
    let at = error.pos();
    let why = match error {
        Error::DtdDetected => "For security reasons DTD is prohibited in this XML document.".to_owned(),
        Error::NodesLimitReached => format!("The document has more than {NODES_MAX} nodes."),
        Error::UnknownEntityReference(..) => "Reference to undeclared entity.".to_owned(),
        Error::NoRootNode => "Root element is missing.".to_owned(),
        other => other.to_string(),
    };
    Unreadable { line: at.row, column: at.col, why }
}

/// A text between tags. What XML cannot hold is shown as the replacement character.
pub(super) fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for one in raw.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"), // Else a reader makes a line feed of it.
            '\t' | '\n' => out.push(one),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            one if one < ' ' => out.push('\u{fffd}'),
            one => out.push(one),
        }
    }
    out
}

/// The value of an attribute.
pub(super) fn attribute(raw: &str) -> String {
    text(raw).replace('"', "&quot;").replace('\n', "&#xA;").replace('\t', "&#x9;")
}

/// A name of an element for any text, as .NET encodes it: what a name cannot hold becomes `_xHHHH_`.
pub(super) fn encoded_name(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for (at, one) in raw.char_indices() {
        let fits = one == '_' || one.is_alphabetic() || (at > 0 && (one.is_numeric() || matches!(one, '-' | '.')));
        if !fits || (one == '_' && looks_encoded(&raw[at..])) {
            let mut units = [0; 2];
            for unit in one.encode_utf16(&mut units) {
                write!(out, "_x{unit:04X}_").expect("a string takes every write");
            }
        } else {
            out.push(one);
        }
    }
    out
}

/// Whether a text begins with what a reader would decode.
fn looks_encoded(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'_')
        && bytes.next() == Some(b'x')
        && bytes.by_ref().take(4).filter(u8::is_ascii_hexdigit).count() == 4
        && bytes.next() == Some(b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_with_types_depth_or_masses_are_refused() {
        let dtd = parse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").unwrap_err();
        assert!(dtd.why.contains("DTD is prohibited"), "{dtd:?}");
        let deep = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
        assert!(parse(&deep).unwrap_err().why.contains("MaxDepth"));
        let abyss = "<a>".repeat(400_000);
        assert!(parse(&abyss).unwrap_err().why.contains("nodes"));
        assert!(parse("").unwrap_err().why.contains("Root element"));
        assert_eq!(parse("<a>&b;</a>").unwrap_err().why, "Reference to undeclared entity.");
    }

    #[test]
    fn what_is_written_reads_back() {
        for raw in ["a < b & c > \"d\" 'e'", "line\r\nline\ttab", "]]>", " lead and trail "] {
            let read = parse(&format!("<a b=\"{}\">{}</a>", attribute(raw), text(raw))).unwrap();
            assert_eq!((read.text.as_str(), read.attribute("", "b")), (raw, Some(raw)));
        }
        assert_eq!(text("a\u{1}b\u{ffff}"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn names_of_columns_are_encoded_as_net_does() {
        for (raw, encoded) in [
            ("Count of Computers", "Count_x0020_of_x0020_Computers"),
            ("1st", "_x0031_st"),
            ("a_b", "a_b"),
            ("_x0020_", "_x005F_x0020_"),
            ("a:b%", "a_x003A_b_x0025_"),
            ("Größe", "Größe"),
            ("\u{1f600}", "_xD83D__xDE00_"),
        ] {
            assert_eq!(encoded_name(raw), encoded);
        }
    }
}
