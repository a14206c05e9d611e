//! Writes XML into memory.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::BytesCData;
use quick_xml::events::BytesDecl;
use quick_xml::events::BytesEnd;
use quick_xml::events::BytesStart;
use quick_xml::events::BytesText;
use quick_xml::events::Event;

/// Attributes, in the order in which they are written.
pub(super) type Attributes<'a> = &'a [(&'a str, &'a str)];

/// A document on its way out.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    pub(super) fn new() -> Self {
        let mut xml = Self { writer: Writer::new_with_indent(Vec::new(), b' ', 1) };
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
        xml
    }

    pub(super) fn finish(self) -> String {
        String::from_utf8(self.writer.into_inner()).expect("what was written is text")
    }

    fn put(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("memory takes every write");
    }

    fn start<'a>(name: &'a str, attributes: Attributes<'_>) -> BytesStart<'a> {
        let mut start = BytesStart::new(name);
        for (name, value) in attributes {
            start.push_attribute((*name, &*sayable(value)));
        }
        start
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.put(Event::Empty(Self::start(name, attributes)));
    }

    /// An element with the elements that `within` writes.
    pub(super) fn element(&mut self, name: &str, attributes: Attributes<'_>, within: impl FnOnce(&mut Self)) {
        self.put(Event::Start(Self::start(name, attributes)));
        within(self);
        self.put(Event::End(BytesEnd::new(name)));
    }

    /// An element with a text.
    pub(super) fn text(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |xml| xml.put(Event::Text(BytesText::new(&sayable(text)))));
    }

    /// An element with a text as it stands.
    pub(super) fn cdata(&mut self, name: &str, text: &str) {
        self.element(name, &[], |xml| {
            for part in BytesCData::escaped(&sayable(text)) {
                xml.put(Event::CData(part));
            }
        });
    }
}

/// A text without the characters that no XML can hold, escaped or not.
fn sayable(text: &str) -> Cow<'_, str> {
    let cannot = |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(cannot) { Cow::Owned(text.replace(cannot, "\u{fffd}")) } else { Cow::Borrowed(text) }
}
