//! One finding, and many.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diag::SourceId;
use crate::diag::Sources;
use crate::model::project::Severity;
use crate::rules;
use crate::rules::Rule;

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In no file.
    Nowhere,
    /// In a file as a whole.
    File(SourceId),
    /// A node of a document, not yet looked up; `manifest::locate` turns it into a span.
    Pointer {
        /// The file.
        source: SourceId,
        /// The document in it, 0 the first.
        document: u32,
        /// A JSON pointer. Where it leads nowhere, the nearest node above it is meant.
        pointer: String,
        /// Its key, or its value.
        part: Part,
    },
    /// Some bytes of a file.
    Span {
        /// The file.
        source: SourceId,
        /// The first byte.
        start: usize,
        /// The byte after the last.
        end: usize,
    },
}

/// Which part of a map's entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl Location {
    /// The value at a pointer.
    pub fn value(source: SourceId, document: u32, pointer: impl Into<String>) -> Self {
        Self::Pointer { source, document, pointer: pointer.into(), part: Part::Value }
    }

    /// The key at a pointer.
    pub fn key(source: SourceId, document: u32, pointer: impl Into<String>) -> Self {
        Self::Pointer { source, document, pointer: pointer.into(), part: Part::Key }
    }

    /// The file it is in.
    pub const fn source(&self) -> Option<SourceId> {
        match self {
            Self::Nowhere => None,
            Self::File(source) | Self::Pointer { source, .. } | Self::Span { source, .. } => Some(*source),
        }
    }

    /// The first byte, once it is looked up; 0 for a whole file.
    pub const fn start(&self) -> usize {
        match self {
            Self::Span { start, .. } => *start,
            _ => 0,
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// The rule it comes from.
    pub rule: &'static Rule,
    /// How it is taken.
    pub severity: Severity,
    /// What is wrong; a lower-case sentence without a full stop, names in backticks.
    pub message: String,
    /// Where.
    pub at: Location,
    /// What the place shows, in a few words; may be empty.
    pub label: String,
    /// Other places that belong to it.
    pub labels: Vec<(Location, String)>,
    /// How to mend it.
    pub help: Option<String>,
    /// A change that mends it.
    pub fix: Option<Fix>,
    /// Whether something written was not read because of it, so that no policy may make it milder.
    pub firm: bool,
}

/// A change of files that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: `put it in quotes`.
    pub message: String,
    /// What to replace.
    pub edits: Vec<Edit>,
    /// What is to be said where; `manifest::locate` makes edits of it, or drops the fix where that cannot be done with
    /// everything else kept.
    pub values: Vec<Wanted>,
    /// Whether something else may have been meant; a person is offered it, and `validate --fix` leaves it alone.
    pub is_guess: bool,
}

/// A value that a place is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The value at a pointer; where there is none yet, its key is added to the map above it.
    pub at: Location,
    /// What it is to be.
    pub value: Value,
    /// Whether that is what the key says when it is left out, so that it is best removed, where nothing but it goes.
    pub is_default: bool,
}

/// A place and its new text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub location: Location,
    /// By what.
    pub new_text: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(rule: &'static Rule, at: Location, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            message: message.into(),
            at,
            label: String::new(),
            labels: Vec::new(),
            help: None,
            fix: None,
            firm: !rules::can_be_softened(rule),
        }
    }

    /// A warning.
    pub fn warning(rule: &'static Rule, at: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(rule, at, message) }
    }

    /// Says in a few words what the place shows.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Shows another place.
    #[must_use]
    pub fn also(mut self, at: Location, text: impl Into<String>) -> Self {
        self.labels.push((at, text.into()));
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Offers a change of one place.
    #[must_use]
    pub fn fix(mut self, message: impl Into<String>, at: Location, new_text: impl Into<String>) -> Self {
        let edits = vec![Edit { location: at, new_text: new_text.into() }];
        self.fix = Some(Fix { message: message.into(), edits, values: Vec::new(), is_guess: false });
        self
    }

    /// Offers to write a value: a text, a number, a truth value or a whole list, in the place of the one at a pointer, or
    /// as a new key where there is none. It is quoted as YAML needs it.
    ///
    /// Offered again, the fix does all of it, under the first message. Where a variable is written the fix is dropped:
    /// what a check sees is the variable's value.
    #[must_use]
    pub fn fix_value(self, message: impl Into<String>, at: Location, value: impl Into<Value>) -> Self {
        self.wanting(message.into(), Wanted { at, value: value.into(), is_default: false })
    }

    /// Offers to remove a key that says no more than nothing; its default is written where more than it would go, such as
    /// a comment.
    #[must_use]
    pub fn fix_default(self, message: impl Into<String>, at: Location, default: impl Into<Value>) -> Self {
        self.wanting(message.into(), Wanted { at, value: default.into(), is_default: true })
    }

    fn wanting(mut self, message: String, wanted: Wanted) -> Self {
        let new = || Fix { message, edits: Vec::new(), values: Vec::new(), is_guess: false };
        self.fix.get_or_insert_with(new).values.push(wanted);
        self
    }

    /// Marks that its fix is what was most likely meant, and no more.
    #[must_use]
    pub fn guessed(mut self) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.is_guess = true;
        }
        self
    }

    /// Marks that something written was not read because of it.
    #[must_use]
    pub const fn firm(mut self) -> Self {
        self.firm = true;
        self
    }

    /// Every place it names, to be looked up.
    pub fn locations_mut(&mut self) -> impl Iterator<Item = &mut Location> {
        std::iter::once(&mut self.at)
            .chain(self.labels.iter_mut().map(|(at, _)| at))
            .chain(self.fix.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.location))
    }
}

/// Findings. The order is that in which they were made until they are [sorted](Self::sort).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.list.push(finding);
    }

    /// Adds those of another pass.
    pub fn extend(&mut self, more: Self) {
        self.list.extend(more.list);
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// The findings, to change.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.list.iter_mut()
    }

    /// Keeps those that a test holds for.
    pub fn retain(&mut self, test: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(test);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are taken so.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Orders by file, place and rule, and drops repetitions. Places must have been looked up.
    pub fn sort(&mut self, sources: &Sources) {
        self.list.sort_by(|a, b| {
            let place =
                |finding: &Diagnostic| (finding.at.source().map(|id| sources.path(id).as_str()), finding.at.start());
            place(a)
                .cmp(&place(b))
                .then_with(|| (a.rule.id, a.severity, &a.message).cmp(&(b.rule.id, b.severity, &b.message)))
        });
        self.list.dedup();
    }

    /// Takes findings as a project's `policy.severities` says, and drops those that are off.
    ///
    /// Findings that are [firm](Diagnostic::firm) do not become milder; any may become stricter.
    pub fn apply_severities(&mut self, by_rule: &BTreeMap<String, Severity>) {
        for finding in &mut self.list {
            if let Some(severity) = by_rule.get(finding.rule.id)
                && (*severity > finding.severity || !finding.firm)
            {
                finding.severity = *severity;
            }
        }
        self.list.retain(|finding| finding.severity != Severity::Off);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(iter: T) -> Self {
        Self { list: iter.into_iter().collect() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::manifest::MAN_2;
    use crate::rules::package::PKG_2;

    #[test]
    fn order_is_by_file_place_and_rule_and_repetitions_go() {
        let mut sources = Sources::new();
        let (b, a) = (sources.add_text("b.yaml", "x"), sources.add_text("a.yaml", "x"));
        let span = |source, start| Location::Span { source, start, end: start + 1 };
        let mut all: Diagnostics = [
            Diagnostic::error(&PKG_2, span(b, 0), "one"),
            Diagnostic::error(&PKG_2, span(a, 9), "two"),
            Diagnostic::error(&MAN_2, span(a, 9), "three"),
            Diagnostic::error(&MAN_2, span(a, 9), "three"),
            Diagnostic::error(&PKG_2, Location::Nowhere, "zero"),
        ]
        .into_iter()
        .collect();
        all.sort(&sources);
        let messages: Vec<&str> = all.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["zero", "three", "two", "one"]);
    }

    #[test]
    fn reading_errors_stay_errors_whatever_the_policy_says() {
        let mut all: Diagnostics = [
            Diagnostic::error(&MAN_2, Location::Nowhere, "key"),
            Diagnostic::error(&PKG_2, Location::Nowhere, "source"),
        ]
        .into_iter()
        .collect();
        let off = [("MAN-2".to_owned(), Severity::Off), ("PKG-2".to_owned(), Severity::Warning)];
        all.apply_severities(&off.clone().into());
        assert_eq!((all.count(Severity::Error), all.count(Severity::Warning)), (1, 1));
        all.apply_severities(&[("PKG-2".to_owned(), Severity::Off)].into());
        assert_eq!(all.len(), 1);
        let unread = Diagnostic::error(&PKG_2, Location::Nowhere, "a source that could not be read").firm();
        let mut all = Diagnostics::from_iter([unread]);
        all.apply_severities(&off.into());
        assert!(all.has_errors());
    }
}
