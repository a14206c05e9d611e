//! XML as a tree. The only place that names `roxmltree`.

use roxmltree::Document;
use roxmltree::Error;
use roxmltree::Node;
use roxmltree::ParsingOptions;

/// How many elements, attributes and texts a document may have (IMP-7).
const NODES_MAX: u32 = 1_000_000;
/// How deep elements may lie in one another (IMP-7).
const DEPTH_MAX: usize = 64;

/// An element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The texts directly in it, trimmed.
    pub(super) text: String,
    pub(super) children: Vec<Self>,
    /// The first byte of its start tag, and the one after its name.
    pub(super) span: (usize, usize),
}

/// Why a text is no document that is read.
pub(super) struct Refused {
    /// The byte where.
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) help: &'static str,
}

impl Element {
    /// What an attribute says, trimmed; nothing where it is not there. Case does not matter: the vendor's varies.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// Every element of this name, itself and whatever lies in it; nothing within one of them.
    pub(super) fn all<'e>(&'e self, name: &str, out: &mut Vec<&'e Self>) {
        if self.name.eq_ignore_ascii_case(name) {
            out.push(self);
        } else {
            self.children.iter().for_each(|child| child.all(name, out));
        }
    }
}

/// The root of a document. Document types and entities are refused before anything is made of them (IMP-7).
pub(super) fn parse(text: &str) -> Result<Element, Refused> {
    let types = "policy documents have none; a declaration like that can read files, or fill the memory";
    let head = &text[..text.find("<![CDATA[").unwrap_or(text.len())];
    for (mark, what) in [("<!DOCTYPE", "a document type"), ("<!ENTITY", "an entity")] {
        if let Some(at) = head.find(mark) {
            return Err(Refused { at, message: format!("the document declares {what}"), help: types });
        }
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| refused(text, &error))?;
    element(document.root_element(), 0)
}

fn element(node: Node<'_, '_>, depth: usize) -> Result<Element, Refused> {
    let range = node.range();
    let name = node.tag_name().name().to_owned();
    let span = (range.start, range.start + 1 + name.len());
    if depth > DEPTH_MAX {
        let message = format!("elements lie more than {DEPTH_MAX} deep in one another");
        return Err(Refused { at: span.0, message, help: "no policy document needs that" });
    }
    let texts = node.children().filter(Node::is_text).filter_map(|child| child.text());
    let text = texts.collect::<String>().trim().to_owned();
    let attributes = node.attributes().map(|one| (one.name().to_owned(), one.value().to_owned())).collect();
    let children = node.children().filter(Node::is_element).map(|child| element(child, depth + 1));
    Ok(Element { name, attributes, text, children: children.collect::<Result<_, _>>()?, span })
}

fn refused(text: &str, error: &Error) -> Refused {
    let at = error.pos();
    let line_start = text.split_inclusive('\n').take(at.row.saturating_sub(1) as usize).map(str::len).sum::<usize>();
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column: usize = line.chars().take(at.col.saturating_sub(1) as usize).map(char::len_utf8).sum();
    let (message, help) = match error {
        Error::DtdDetected => {
            ("the document declares a document type".to_owned(), "policy documents have none; remove it")
        }
        Error::UnknownEntityReference(name, _) => (
            format!("`&{};` is an entity of its own", crate::diag::visible(name)),
            "policy documents have none; write the character, or its number as `&#38;`",
        ),
        Error::NodesLimitReached => {
            (format!("more than {NODES_MAX} elements, attributes and texts"), "no policy document has as many")
        }
        Error::UnclosedRootNode => {
            ("the document ends before its last element does".to_owned(), "was it copied whole?")
        }
        Error::NoRootNode => ("there is no element at all".to_owned(), "is it the right file?"),
        other => (format!("not well-formed XML: {}", crate::diag::visible(&other.to_string())), "was it copied whole?"),
    };
    Refused { at: (line_start + column).min(text.len()), message, help }
}
