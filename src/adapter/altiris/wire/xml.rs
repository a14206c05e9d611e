//! XML as trees, read from the pieces that an answer came in.

use std::io::BufRead;
use std::io::Read;

use bytes::Buf;
use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::BytesRef;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

use crate::adapter::shown::shown;

/// Elements within elements that are followed. The ASDK's own answers have about ten.
pub const DEPTH_MAX: usize = 64;

/// Elements whose text is never taken: what is not in a value cannot be logged, compared or kept (R12).
const NEVER_READ: [&str; 3] = ["UserPassword", "UserConfirmPassword", "LogonPassword"];

/// What stands for a text that was there and was not read.
pub const NOT_READ: &str = "(not read)";

/// Names that only wrap the records of an answer (altiris-asdk §5.1).
const WRAPPERS: [&str; 3] = ["NewDataSet", "DocumentElement", "diffgram"];

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name without a prefix.
    pub name: String,
    /// Its attributes, without prefixes.
    pub attributes: Vec<(String, String)>,
    /// Its own text; empty where it has elements.
    pub text: String,
    /// The elements in it.
    pub within: Vec<Node>,
    /// Whether it says that it is null.
    pub nil: bool,
}

impl Node {
    /// The first element of that name in it. Names are the vendor's own and case counts.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.within.iter().find(|node| node.name == name)
    }

    /// An attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// It and every element in it, from the top, in order.
    pub fn all(&self) -> Vec<&Self> {
        let mut found = vec![self];
        let mut at = 0;
        while let Some(node) = found.get(at).copied() {
            found.extend(&node.within);
            at += 1;
        }
        found
    }
}

/// A text in the pieces that it came in, without a copy.
pub struct Pieces {
    pieces: std::vec::IntoIter<Bytes>,
    at: Bytes,
}

impl Pieces {
    /// Of these.
    pub fn new(pieces: Vec<Bytes>) -> Self {
        Self { pieces: pieces.into_iter(), at: Bytes::new() }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let from = self.fill_buf()?;
        let n = from.len().min(into.len());
        into[..n].copy_from_slice(&from[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.at.is_empty() {
            match self.pieces.next() {
                Some(piece) => self.at = piece,
                None => break,
            }
        }
        Ok(&self.at)
    }

    fn consume(&mut self, n: usize) {
        self.at.advance(n);
    }
}

/// Reads a whole document.
///
/// # Errors
/// What is wrong with it.
pub fn document(source: impl BufRead) -> Result<Node, String> {
    let mut nothing = |_: Node| -> Result<(), String> { Ok(()) };
    Parser::new(source).run(&mut nothing, None)
}

/// Reads a document that came as a text within another: what it says of its encoding is of no account any more.
///
/// # Errors
/// What is wrong with it.
pub fn text(text: &str) -> Result<Node, String> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let body = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, body)| body),
        None => text,
    };
    document(body.as_bytes())
}

/// Reads an answer: the response element of `message`, whose result's records go to `sink` one by one as they come, so
/// that no more than one of them is held. Returns the result without its records, or the fault; `None` where there is no
/// result, which is null or nothing.
///
/// # Errors
/// What is wrong with it, also in the words of `sink`.
pub fn answer(
    source: impl BufRead,
    message: &str,
    sink: &mut dyn FnMut(Node) -> Result<(), String>,
) -> Result<Answered, String> {
    let root = Parser::new(source).run(sink, Some(message))?;
    if root.name != "Envelope" {
        return Err(format!("its root is `{}`, not a SOAP envelope", shown(&root.name)));
    }
    let body = root.child("Body").ok_or("its envelope has no body")?;
    let first = body.within.first().ok_or("its body is empty")?;
    if first.name == "Fault" {
        return Ok(Answered::Fault(first.clone()));
    }
    let (expected, result) = (format!("{message}Response"), format!("{message}Result"));
    if first.name != expected {
        return Err(format!("it is a `{}`, not a `{expected}`", shown(&first.name)));
    }
    Ok(Answered::Result(first.child(&result).filter(|node| !node.nil).cloned()))
}

/// What an envelope holds.
#[derive(Debug)]
pub enum Answered {
    /// A result, without the records that went to the sink.
    Result(Option<Node>),
    /// A fault.
    Fault(Node),
}

/// How deep a result lies: envelope, body, response, result.
const RESULT_DEPTH: usize = 4;

/// Attributes of one element that are taken; the ASDK's own elements have a handful.
const ATTRIBUTES_MAX: usize = 64;

struct Parser<R> {
    reader: Reader<R>,
    open: Vec<Node>,
    /// How deep the element is whose own elements are records; none outside of the result.
    records_below: Option<usize>,
}

impl<R: BufRead> Parser<R> {
    fn new(source: R) -> Self {
        let mut reader = Reader::from_reader(source);
        let config = reader.config_mut();
        config.check_end_names = true;
        config.expand_empty_elements = true;
        Self { reader, open: Vec::new(), records_below: None }
    }

    fn run(mut self, sink: &mut dyn FnMut(Node) -> Result<(), String>, message: Option<&str>) -> Result<Node, String> {
        let result = message.map(|message| format!("{message}Result"));
        let mut root = None;
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let event = self.reader.read_event_into(&mut buffer).map_err(|error| unreadable(&error))?;
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    if root.is_some() {
                        return Err("it has more than one root".to_owned());
                    }
                    if self.open.len() >= DEPTH_MAX {
                        return Err(format!("it is deeper than {DEPTH_MAX} elements"));
                    }
                    let node = element(&start)?;
                    self.open.push(node);
                    self.note_records(result.as_deref());
                }
                Event::End(_) => {
                    let held = self.records_below == Some(self.open.len());
                    let done = self.close();
                    if self.open.is_empty() {
                        root = Some(done);
                    } else if held && self.open.len() > RESULT_DEPTH - 1 {
                        // It only wrapped records, which are gone already.
                    } else if self.records_below == Some(self.open.len()) {
                        sink(done)?;
                    } else if let Some(above) = self.open.last_mut() {
                        above.within.push(done);
                    }
                }
                Event::Text(text) => add(&mut self.open, &text.xml10_content())?,
                Event::CData(text) => add(&mut self.open, &text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let text = character(&reference)?;
                    add(&mut self.open, &text)?;
                }
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding();
                    if let Some(Ok(encoding)) = encoding
                        && !encoding.eq_ignore_ascii_case("utf-8")
                    {
                        return Err(format!("its encoding is `{}`, not UTF-8", shown(&encoding)));
                    }
                }
                Event::DocType(_) => return Err("it declares a document type, which is never read (R1)".to_owned()),
                Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        match root {
            Some(root) => Ok(root),
            None if self.open.is_empty() => Err("it is empty".to_owned()),
            None => Err("it breaks off in the middle".to_owned()),
        }
    }

    /// The records of a result are the elements in it, or in what only wraps them.
    fn note_records(&mut self, result: Option<&str>) {
        let Some(result) = result else { return };
        let depth = self.open.len();
        let Some(node) = self.open.last() else { return };
        let opens = match self.records_below {
            None => depth == RESULT_DEPTH && node.name == result,
            Some(above) => depth == above + 1 && WRAPPERS.contains(&node.name.as_str()),
        };
        if opens {
            self.records_below = Some(depth);
        }
    }

    fn close(&mut self) -> Node {
        // The reader has matched the end to a start.
        let mut done = self.open.pop().unwrap_or_default();
        if self.records_below.is_some_and(|depth| depth > self.open.len()) {
            // What only wraps records ends where its own records do; a sibling may follow.
            self.records_below = Some(self.open.len()).filter(|depth| *depth >= RESULT_DEPTH);
        }
        if !done.within.is_empty() {
            done.text = String::new();
        }
        if NEVER_READ.iter().any(|name| done.name.eq_ignore_ascii_case(name)) {
            let had = !done.text.is_empty() || !done.within.is_empty();
            done.within = Vec::new();
            done.text = if had { NOT_READ.to_owned() } else { String::new() };
        }
        done
    }
}

fn add(open: &mut [Node], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(node) => {
            // White space between elements says nothing.
            if node.within.is_empty() || !text.trim().is_empty() {
                node.text.push_str(text);
            }
            Ok(())
        }
        None if text.trim().trim_start_matches('\u{feff}').is_empty() => Ok(()),
        None => Err("it has text outside of its root".to_owned()),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Node, String> {
    let mut node = Node { name: local(start.name().as_ref()).to_owned(), ..Node::default() };
    for (at, attribute) in start.attributes().enumerate() {
        if at == ATTRIBUTES_MAX {
            return Err(format!("an element has more than {ATTRIBUTES_MAX} attributes"));
        }
        let attribute = attribute.map_err(|_| "an attribute cannot be read".to_owned())?;
        let key = attribute.key.as_ref();
        if key == "xmlns" || key.starts_with("xmlns:") {
            continue;
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|_| "an attribute holds an entity, which is never read (R1)".to_owned())?
            .into_owned();
        if local(key) == "nil" && matches!(value.trim(), "true" | "1") {
            node.nil = true;
        }
        node.attributes.push((local(key).to_owned(), value));
    }
    Ok(node)
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn character(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| "a character reference is none".to_owned())? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    match resolve_predefined_entity(&name) {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("it uses the entity `{}`, which is never read (R1)", shown(&name))),
    }
}

fn unreadable(error: &quick_xml::Error) -> String {
    format!("it is not well-formed XML: {}", shown(&error.to_string()))
}
