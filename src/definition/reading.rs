//! What readers of definition files share: how findings and remarks name a place.

use super::changed;
use super::ini::Entry;
use super::ini::Section;
use super::named;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::visible;
use crate::rules::Rule;
use crate::rules::import::IMP_3;
use crate::rules::import::IMP_4;

/// One file that is read.
pub(super) struct Reading {
    pub(super) source: SourceId,
    /// Its name, without the directories.
    pub(super) file: String,
    pub(super) findings: Diagnostics,
    pub(super) notes: Vec<(String, String)>,
}

impl Reading {
    pub(super) fn new(source: SourceId, sources: &Sources) -> Self {
        let path = sources.path(source);
        let file = path.file_name().unwrap_or(path.as_str()).to_owned();
        Self { source, file, findings: Diagnostics::new(), notes: Vec::new() }
    }

    pub(super) fn note(&mut self, pointer: impl Into<String>, text: impl Into<String>) {
        self.notes.push((pointer.into(), text.into()));
    }

    pub(super) fn error(&mut self, rule: &'static Rule, at: &crate::diag::Location, message: String, help: &str) {
        self.findings.push(Diagnostic::error(rule, at.clone(), message).help(help));
    }

    pub(super) fn warn(&mut self, rule: &'static Rule, at: &crate::diag::Location, message: String, help: &str) {
        self.findings.push(Diagnostic::warning(rule, at.clone(), message).help(help));
    }

    /// What a key says, as a name of an item; where it cannot stay as it is, that is told (IMP-8).
    pub(super) fn name(&mut self, section: &Section, key: &str, pointer: &str) -> Option<String> {
        let entry = section.said(key)?;
        let name = named(&entry.value)?;
        if let Some((finding, note)) = changed(&entry.value, &name, &entry.at) {
            self.findings.push(finding);
            self.note(pointer, format!("{}:{}: {note}", self.file, entry.line));
        }
        Some(name)
    }

    /// A value that is not understood (IMP-3).
    pub(super) fn bad_value(&mut self, entry: &Entry, pointer: &str, instead: &str) {
        let shown = format!("`{}={}`", visible(&entry.key), visible(&entry.value));
        self.warn(&IMP_3, &entry.at, format!("{shown} is not understood"), &format!("the manifest has {instead}"));
        self.note(pointer, format!("{}:{}: {shown} is not understood; {instead}", self.file, entry.line));
    }

    /// A key without a place (IMP-4): a comment, and a warning.
    pub(super) fn misplaced(&mut self, section: &Section, entry: &Entry, pointer: &str, why: &str) {
        entry.is_used.set(true);
        let (key, value) = (visible(&entry.key), visible(&entry.value));
        let message = format!("`{key}` in `[{}]` has no place in a manifest", visible(&section.name));
        self.warn(&IMP_4, &entry.at, message, &format!("it stands there as a comment; {why}"));
        self.note(pointer, format!("{}:{}: {key}={value} has no place here; {why}", self.file, entry.line));
    }

    /// `True` or `False`, in any case; what is neither is told, and is nothing.
    pub(super) fn flag(&mut self, section: &Section, key: &str, pointer: &str, instead: &str) -> Option<bool> {
        let entry = section.said(key)?;
        match entry.value.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.bad_value(entry, pointer, instead);
                None
            }
        }
    }
}
