//! Definitions that other tools wrote, to manifests: package definition files, winget manifests, policy documents.
//!
//! A definition becomes drafts: items, and what is to be said beside them. Nothing is dropped without a word: what has no
//! place becomes a comment (IMP-4), what was assumed is said where it stands. Opens no files.

mod ini;
mod names;
mod pdf;
mod pdf1;
mod policy;
mod reading;
#[cfg(test)]
mod tests;
mod text;
mod winget;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use rayon::prelude::*;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::manifest;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Nothing;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::package::Source;
use crate::model::package::SourceNone;
use crate::model::package::SourceUnc;
use crate::rules::import::IMP_1;
use crate::rules::import::IMP_2;
use crate::rules::import::IMP_7;
use crate::rules::import::IMP_8;

pub use text::is_encoding;

/// The longest definition file or winget manifest, in bytes. Real ones have a few thousand.
pub const TEXT_BYTES_MAX: u64 = 4 << 20;
/// The longest policy document, in bytes (IMP-7). Those of real agents have up to a few million.
pub const XML_BYTES_MAX: u64 = 16 << 20;

/// A file to be read.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its path, as it is told.
    pub path: Utf8PathBuf,
    /// What it holds.
    pub bytes: Content,
    /// Whether it was asked for by its name. Of a whole directory only what is a definition is meant.
    pub is_named: bool,
    /// The share that its directory is, for those who know: the files of the package lie beside their definition.
    pub unc: Option<String>,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes, which nobody read.
    TooLong(u64),
    /// Something that could not be read, and why.
    Unreadable(String),
}

/// What became of many files.
#[derive(Debug)]
pub struct Imported {
    /// The items, by the file that they come from.
    pub drafts: Vec<Draft>,
    /// The texts that findings point into.
    pub sources: Sources,
    /// What was found.
    pub findings: Diagnostics,
    /// How many files were taken for definitions.
    pub n_read: usize,
    /// How many of them could not be imported.
    pub n_refused: usize,
    /// The files of directories that are none, and why.
    pub others: Vec<(SourceId, &'static str)>,
}

/// One item with its programs, and what is to be said beside them.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The file that it comes from.
    pub source: SourceId,
    /// The item.
    pub item: Item,
    /// Of a package, its programs.
    pub programs: Vec<Item>,
    /// Remarks: a JSON pointer into the manifest, and the text.
    pub notes: Vec<(String, String)>,
}

impl Draft {
    /// The draft of a package.
    fn package(source: SourceId, name: &str, package: Package, programs: Vec<Program>) -> Self {
        let programs = programs.into_iter().map(|program| {
            let key = ItemKey { package: Some(name.to_owned()), ..ItemKey::new(Kind::Program, program.name.as_str()) };
            Item::new(key, Spec::Program(program))
        });
        let item = Item::new(ItemKey::new(Kind::Package, name), Spec::Package(package));
        Self { source, item, programs: programs.collect(), notes: Vec::new() }
    }

    /// The manifest, with its remarks as comments.
    pub fn text(&self) -> String {
        let programs: Vec<&Item> = self.programs.iter().collect();
        manifest::remarked(&manifest::print_item(&self.item, &programs), &self.notes)
    }
}

/// Which of the formats a file has, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// `.pdf`, `.sms`
    Definition,
    /// `.yaml`, `.yml`
    Winget,
    /// `.xml`
    Policy,
}

impl Format {
    fn of(path: &camino::Utf8Path) -> Option<Self> {
        let ending = path.extension()?.to_ascii_lowercase();
        match ending.as_str() {
            "pdf" | "sms" => Some(Self::Definition),
            "yaml" | "yml" => Some(Self::Winget),
            "xml" => Some(Self::Policy),
            _ => None,
        }
    }
}

/// Whether a file of this name may be a definition.
pub fn is_definition(path: &camino::Utf8Path) -> bool {
    Format::of(path).is_some()
}

/// How many bytes of a file of this name are read.
pub fn bytes_max(path: &camino::Utf8Path) -> u64 {
    if Format::of(path) == Some(Format::Policy) { XML_BYTES_MAX } else { TEXT_BYTES_MAX }
}

/// A file whose text was read.
struct Document {
    id: SourceId,
    format: Format,
    text: Arc<str>,
    is_named: bool,
    unc: Option<String>,
}

/// What one file gave.
#[derive(Default)]
struct Parsed {
    drafts: Vec<Draft>,
    policies: Vec<policy::Policy>,
    winget: Option<winget::File>,
    findings: Diagnostics,
    /// It is no definition at all, and why.
    other: Option<&'static str>,
}

/// Reads definitions, many at once. `encoding` is the code page of those that say nothing of it.
///
/// A file with an error gives nothing; the others are read all the same. The result does not depend on the order in
/// which the files are given.
pub fn read(mut files: Vec<Given>, encoding: Option<&str>) -> Imported {
    files.sort_by(|a, b| a.path.as_str().cmp(b.path.as_str()));
    files.dedup_by(|a, b| a.path == b.path);
    let decoded: Vec<_> = files.par_iter().map(|file| decode(file, encoding)).collect();
    let mut sources = Sources::new();
    let mut findings = Diagnostics::new();
    let (mut documents, mut others, mut n_refused) = (Vec::new(), Vec::new(), 0);
    for (file, decoded) in files.into_iter().zip(decoded) {
        match decoded {
            Err(Problem::Other(why)) => others.push((sources.add_text(file.path, ""), why)),
            Err(Problem::Refused(refused)) => {
                let id = sources.add_text(file.path, "");
                let (rule, message, help) = *refused;
                findings.push(Diagnostic::error(rule, Location::File(id), message).help(help));
                n_refused += 1;
            }
            Ok((format, text)) => {
                let id = sources.add_text(file.path, text.text);
                if let Some((at, warning)) = text.assumed {
                    let at = Location::Span { source: id, start: at, end: at };
                    findings.push(
                        Diagnostic::warning(&IMP_1, at, warning)
                            .help("are the letters right? If not, say the code page with `--encoding`"),
                    );
                }
                let text = Arc::clone(&sources.get(id).text);
                documents.push(Document { id, format, text, is_named: file.is_named, unc: file.unc });
            }
        }
    }
    let parsed: Vec<Parsed> = documents.par_iter().map(|document| parse(document, &sources)).collect();
    let (mut drafts, mut policies, mut winget) = (Vec::new(), Vec::new(), Vec::new());
    let mut n_read = n_refused;
    for (one, document) in parsed.into_iter().zip(&documents) {
        if let Some(why) = one.other {
            others.push((document.id, why));
            continue;
        }
        n_read += 1;
        n_refused += usize::from(one.findings.has_errors());
        findings.extend(one.findings);
        drafts.extend(one.drafts);
        policies.extend(one.policies);
        winget.extend(one.winget);
    }
    let uncs: BTreeMap<SourceId, Option<String>> = documents.into_iter().map(|one| (one.id, one.unc)).collect();
    n_refused += winget::assemble(winget, &uncs, &sources, &mut drafts, &mut findings);
    n_refused += policy::assemble(policies, &sources, &mut drafts, &mut findings);
    names::settle(&mut drafts, &sources, &mut findings);
    findings.sort(&sources);
    Imported { drafts, sources, findings, n_read, n_refused, others }
}

enum Problem {
    /// Of a directory, and none of ours, and why.
    Other(&'static str),
    Refused(Box<(&'static crate::rules::Rule, String, String)>),
}

fn decode(file: &Given, encoding: Option<&str>) -> Result<(Format, text::Decoded), Problem> {
    let refuse = |rule, message: String, help: &str| Err(Problem::Refused(Box::new((rule, message, help.to_owned()))));
    let Some(format) = Format::of(&file.path) else {
        return if file.is_named {
            let message = "not a file that can be imported".to_owned();
            refuse(&IMP_2, message, "definitions end in `.pdf`, `.sms`, `.yaml`, `.yml` or `.xml`")
        } else {
            Err(Problem::Other("its name has no ending of a definition"))
        };
    };
    let bytes = match &file.bytes {
        Content::Bytes(bytes) => bytes,
        Content::Unreadable(why) => {
            return refuse(&IMP_1, format!("the file cannot be read: {why}"), "is it there, and readable?");
        }
        Content::TooLong(bytes) => {
            let rule = if format == Format::Policy { &IMP_7 } else { &IMP_1 };
            let message = format!("the file has {bytes} bytes; the most is {} MiB", bytes_max(&file.path) >> 20);
            return refuse(rule, message, "no definition is that long; is it the right file?");
        }
    };
    if format == Format::Definition && bytes.starts_with(b"%PDF-") {
        return if file.is_named {
            let message = "a document in Portable Document Format, not a package definition file".to_owned();
            refuse(&IMP_2, message, "the two share the ending `.pdf`; name the definition file")
        } else {
            Err(Problem::Other("it is a document in Portable Document Format"))
        };
    }
    match text::decode(bytes, format, encoding) {
        // Findings show lines as they stand; a password is not to stand in any.
        Ok(text) if format == Format::Policy => {
            Ok((format, text::Decoded { text: policy::masked(&text.text), ..text }))
        }
        Ok(text) => Ok((format, text)),
        Err(text::Undecodable { message, help }) => refuse(&IMP_1, message, &help),
    }
}

fn parse(document: &Document, sources: &Sources) -> Parsed {
    match document.format {
        Format::Definition => pdf::read(document, sources),
        Format::Winget => winget::read(document),
        Format::Policy => policy::read(document),
    }
}

/// Where the files of a package are. A definition never says it: they lie beside it, or there are none.
fn source(unc: Option<&str>, has_files: bool, notes: &mut Vec<(String, String)>) -> Source {
    let none = || Source::None(SourceNone { none: Nothing {} });
    if !has_files {
        return none();
    }
    match unc {
        Some(unc) => Source::Unc(SourceUnc { unc: unc.to_owned() }),
        None => {
            let note = "no source: the definition does not say where the files are. Write `source: {unc: …}`, or import \
                        again with `--source` and the share that the definitions lie on";
            notes.push(("/spec/source".to_owned(), note.to_owned()));
            none()
        }
    }
}

/// A program with everything at its default.
fn program(name: String, command_line: String) -> Program {
    let minimal = serde_json::json!({ "name": name, "commandLine": command_line });
    serde_json::from_value(minimal).expect("a program needs no more than a name and a command line")
}

/// A text as a name of an item (MAN-14), if anything of it is left.
fn named(text: &str) -> Option<String> {
    let shown = text.chars().map(|c| if crate::diag::is_hidden(c) { ' ' } else { c }).collect::<String>();
    let name: String = shown.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(255).collect();
    let name = name.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// What is to be said where a text could not become a name as it is (IMP-8): a finding, and a remark.
fn changed(text: &str, name: &str, at: &Location) -> Option<(Diagnostic, String)> {
    if text.trim() == name {
        return None;
    }
    let why = if text.chars().any(crate::diag::is_hidden) {
        "holds characters that nobody sees"
    } else if text.chars().count() > 255 {
        "has more than 255 characters"
    } else {
        "holds several spaces in a row"
    };
    let before = crate::diag::visible(text);
    let message = format!("the name `{before}` {why}");
    let finding = Diagnostic::warning(&IMP_8, at.clone(), message).help(format!("it became `{name}` (MAN-14)"));
    Some((finding, format!("called `{before}` there, which {why}")))
}
