//! Values as XML elements and back: an object is an element with elements, a list one with `entry`s, and `type` says what
//! else a text is than a text.

use roxmltree::Node;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use crate::server::app::refused::Refused;

/// XML on its way out, an element a line.
#[derive(Debug, Default)]
pub(super) struct Out {
    text: String,
    depth: usize,
}

impl Out {
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push(' ');
        }
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
    }

    /// An element with the elements that `within` writes.
    pub(super) fn element(&mut self, name: &str, attributes: &[(&str, &str)], within: impl FnOnce(&mut Self)) {
        self.indent();
        self.tag(name, attributes);
        self.text.push_str(">\n");
        self.depth += 1;
        within(self);
        self.depth -= 1;
        self.indent();
        self.text.push_str(&format!("</{name}>\n"));
    }

    /// An element with a text; empty for an empty one.
    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.indent();
        self.tag(name, attributes);
        if text.is_empty() {
            self.text.push_str("/>\n");
        } else {
            self.text.push_str(&format!(">{}</{name}>\n", escaped(text)));
        }
    }

    /// XML as it stands.
    pub(super) fn raw(&mut self, xml: &str) {
        self.indent();
        self.text.push_str(xml);
        self.text.push('\n');
    }

    /// A value.
    pub(super) fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => self.leaf(name, &[("type", "null")], ""),
            Value::Bool(truth) => self.leaf(name, &[("type", "boolean")], if *truth { "true" } else { "false" }),
            Value::Number(number) => self.leaf(name, &[("type", "integer")], &number.to_string()),
            Value::String(text) => self.leaf(name, &[], text),
            Value::Array(list) => self.element(name, &[("type", "list")], |out| {
                for entry in list {
                    out.value("entry", entry);
                }
            }),
            Value::Object(fields) => self.element(name, &[("type", "object")], |out| {
                for (name, value) in fields {
                    out.value(name, value);
                }
            }),
        }
    }
}

/// A text as it stands in XML; a character that no XML can hold becomes the one that stands for such.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A reader would make something else of them: a line end, or a space of an attribute.
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn wrong(node: Node<'_, '_>, why: &str) -> Refused {
    Refused::invalid("xml", format!("the element `{}` {why}", node.tag_name().name()))
}

/// The elements of an element, which has nothing else but spaces.
pub(super) fn elements<'a, 'input>(node: Node<'a, 'input>) -> Result<Vec<Node<'a, 'input>>, Refused> {
    let is_text = |child: &Node<'_, '_>| child.is_text() && !child.text().unwrap_or_default().trim().is_empty();
    if node.children().any(|child| is_text(&child)) {
        return Err(wrong(node, "has a text between its elements"));
    }
    Ok(node.children().filter(Node::is_element).collect())
}

/// The text of an element, which has nothing else.
pub(super) fn text_of(node: Node<'_, '_>) -> Result<String, Refused> {
    if node.children().any(|child| !child.is_text()) {
        return Err(wrong(node, "has more than a text"));
    }
    Ok(node.children().filter_map(|child| child.text()).collect())
}

/// How deep values may lie within each other.
const DEPTH_MAX: usize = 32;

/// A value, as [`Out::value`] writes it.
pub(super) fn read(node: Node<'_, '_>) -> Result<Value, Refused> {
    read_at(node, 0)
}

fn read_at(node: Node<'_, '_>, depth: usize) -> Result<Value, Refused> {
    if depth > DEPTH_MAX {
        return Err(wrong(node, "lies too deep"));
    }
    if let Some(other) = node.attributes().find(|attribute| attribute.name() != "type") {
        return Err(wrong(node, &format!("has an attribute `{}` that is not known", other.name())));
    }
    match node.attribute("type") {
        None => {
            if node.children().any(|child| child.is_element()) {
                return Err(wrong(node, "is not known here: it is not kept, and was not left out silently"));
            }
            Ok(Value::String(text_of(node)?))
        }
        Some("null") => Ok(Value::Null),
        Some("boolean") => match text_of(node)?.trim() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(wrong(node, "is neither `true` nor `false`")),
        },
        Some("integer") => {
            let number = text_of(node)?.trim().parse::<i64>();
            number.map(|number| Value::Number(Number::from(number))).map_err(|_| wrong(node, "is no whole number"))
        }
        Some("list") => {
            let mut list = Vec::new();
            for entry in elements(node)? {
                if entry.tag_name().name() != "entry" {
                    return Err(wrong(entry, "is no `entry` of the list"));
                }
                list.push(read_at(entry, depth + 1)?);
            }
            Ok(Value::Array(list))
        }
        Some("object") => {
            let mut fields = Map::new();
            for field in elements(node)? {
                let name = field.tag_name().name().to_owned();
                if fields.insert(name, read_at(field, depth + 1)?).is_some() {
                    return Err(wrong(field, "stands twice"));
                }
            }
            Ok(Value::Object(fields))
        }
        Some(other) => Err(wrong(node, &format!("has a type `{other}` that is not known"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn there_and_back(value: &Value) -> Value {
        let mut out = Out::default();
        out.value("value", value);
        let text = out.finish();
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        read(document.root_element()).unwrap()
    }

    #[test]
    fn values_read_back_as_they_were_written() {
        let value = json!({
            "text": "a < b && \"c\" 'd' ]]> \r\n\t ä", "blank": "  ", "empty": "", "number": -5, "yes": true, "none": null,
            "list": [1, "1", [], {}, null], "object": {"list": [], "object": {}},
        });
        assert_eq!(there_and_back(&value), value);
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{0,20}") {
            let value = Value::String(text);
            prop_assert_eq!(there_and_back(&value), value);
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for xml in [
            "<v type='integer'>x</v>",
            "<v type='integer'>1.5</v>",
            "<v type='boolean'>maybe</v>",
            "<v type='date'>x</v>",
            "<v type='list'><item/></v>",
            "<v type='list'>text</v>",
            "<v type='object'><a/><a/></v>",
            "<v><a/></v>",
            "<v other='1'>x</v>",
        ] {
            let document = roxmltree::Document::parse(xml).unwrap();
            assert!(read(document.root_element()).is_err(), "{xml}");
        }
    }
}
