//! The lines of a definition file: sections and keys, as Windows reads them.

use std::cell::Cell;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::visible;
use crate::rules::import::IMP_3;
use crate::rules::import::IMP_5;

/// A file as sections, in the order in which they stand.
pub(super) struct Ini {
    pub(super) sections: Vec<Section>,
}

/// A section, told apart without case.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) at: Location,
    pub(super) entries: Vec<Entry>,
    /// Whether somebody asked for it.
    pub(super) is_used: Cell<bool>,
}

/// A key and its value.
pub(super) struct Entry {
    pub(super) key: String,
    /// Blanks around it and a pair of quotes around the whole taken away; everything else as it stands.
    pub(super) value: String,
    /// The whole line.
    pub(super) at: Location,
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) is_used: Cell<bool>,
}

impl Ini {
    /// Reads all lines. Of two equal keys or sections the first counts (IMP-5).
    pub(super) fn read(text: &str, source: SourceId, findings: &mut Diagnostics) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        // Behind a section that was there already its keys go nowhere.
        let mut is_ignored = false;
        let mut start = 0;
        for (number, raw) in text.split_inclusive('\n').enumerate() {
            let line = raw.trim();
            let begin = start + (raw.len() - raw.trim_start().len());
            let at = Location::Span { source, start: begin, end: begin + line.len() };
            start += raw.len();
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                let name = name.split(']').next().unwrap_or(name).trim().to_owned();
                let first = sections.iter().find(|section| section.name.eq_ignore_ascii_case(&name));
                is_ignored = first.is_some();
                if let Some(first) = first {
                    let message = format!("the section `[{}]` stands twice, and the first counts", visible(&name));
                    findings.push(
                        Diagnostic::warning(&IMP_5, at, message)
                            .also(first.at.clone(), "first here")
                            .help("Windows never sees what stands in the second; remove one of them"),
                    );
                } else {
                    sections.push(Section { name, at, entries: Vec::new(), is_used: Cell::new(false) });
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                let message = format!("the line `{}` is neither a section nor a key with a value", visible(line));
                findings.push(
                    Diagnostic::warning(&IMP_3, at, message)
                        .help("it was passed over; these files have no lines that continue others"),
                );
                continue;
            };
            let (key, value) = (key.trim().to_owned(), unquoted(value.trim()).to_owned());
            let Some(section) = sections.last_mut() else {
                let message = format!("`{}` stands before the first section", visible(&key));
                findings.push(Diagnostic::warning(&IMP_3, at, message).help("it was passed over"));
                continue;
            };
            if is_ignored {
                continue;
            }
            if let Some(first) = section.entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(&key)) {
                let message = format!("`{}` stands twice in `[{}]`, and the first counts", visible(&key), section.name);
                findings.push(
                    Diagnostic::warning(&IMP_5, at, message)
                        .also(first.at.clone(), "first here")
                        .help("Windows never sees the second; remove one of them"),
                );
                continue;
            }
            section.entries.push(Entry { key, value, at, line: number + 1, is_used: Cell::new(false) });
        }
        Self { sections }
    }

    /// The section of this name, marked as used.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        let section = self.sections.iter().find(|section| section.name.eq_ignore_ascii_case(name.trim()))?;
        section.is_used.set(true);
        Some(section)
    }
}

impl Section {
    /// The entry of this key, marked as used.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        let entry = self.entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(key))?;
        entry.is_used.set(true);
        Some(entry)
    }

    /// The same, if it says anything.
    pub(super) fn said(&self, key: &str) -> Option<&Entry> {
        self.entry(key).filter(|entry| !entry.value.is_empty())
    }

    /// What a key says; nothing where it is not there.
    pub(super) fn text(&self, key: &str) -> String {
        self.entry(key).map(|entry| entry.value.clone()).unwrap_or_default()
    }
}

/// A list: its parts between commas, the empty ones left out.
pub(super) fn list(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// One pair of quotes around the whole goes, as Windows takes it away; any other quotes are part of the value.
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(value)
}
