//! Our places, findings and changes as the protocol has them.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use lsp_types::CodeDescription;
use lsp_types::Diagnostic as Told;
use lsp_types::DiagnosticRelatedInformation;
use lsp_types::DiagnosticSeverity;
use lsp_types::Location as At;
use lsp_types::NumberOrString;
use lsp_types::Position;
use lsp_types::Range;
use lsp_types::SymbolKind;
use lsp_types::Uri;

use crate::diag::Diagnostic;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::editor::Encoding;
use crate::editor::Lines;
use crate::editor::Place;
use crate::model::kind::Kind;
use crate::model::project::Severity;
use crate::rules::Rule;

/// A position as a place.
pub(super) const fn place(position: Position) -> Place {
    Place { line: position.line, column: position.character }
}

/// An address that was read or made before, so that it is one.
pub(super) fn address(uri: &str) -> Option<Uri> {
    Uri::from_str(uri).ok()
}

/// Ranges of texts whose lines are counted once.
pub(super) struct Ranges<'a> {
    sources: &'a Sources,
    encoding: Encoding,
    lines: BTreeMap<SourceId, Lines>,
}

impl<'a> Ranges<'a> {
    /// Those of some texts.
    pub(super) const fn new(sources: &'a Sources, encoding: Encoding) -> Self {
        Self { sources, encoding, lines: BTreeMap::new() }
    }

    /// Where some bytes of a text stand.
    pub(super) fn range(&mut self, source: SourceId, bytes: &std::ops::Range<usize>) -> Range {
        let text = self.sources.text(source);
        let lines = self.lines.entry(source).or_insert_with(|| Lines::of(text));
        let position = |offset| {
            let place = lines.place(text, offset, self.encoding);
            Position { line: place.line, character: place.column }
        };
        Range { start: position(bytes.start), end: position(bytes.end) }
    }

    /// The byte at a position of a text.
    pub(super) fn offset(&mut self, source: SourceId, position: Position) -> usize {
        let text = self.sources.text(source);
        let lines = self.lines.entry(source).or_insert_with(|| Lines::of(text));
        lines.offset(text, place(position), self.encoding)
    }

    /// Where a finding stands in its file; a whole file is its begin.
    pub(super) fn of(&mut self, at: &Location) -> Range {
        match at {
            Location::Span { source, start, end } => self.range(*source, &(*start..*end)),
            _ => Range::default(),
        }
    }
}

/// A finding.
pub(super) fn told(
    finding: &Diagnostic,
    ranges: &mut Ranges<'_>,
    uri: &dyn Fn(SourceId) -> Option<Uri>,
    page: &dyn Fn(&Rule) -> Option<Uri>,
) -> Told {
    let mut message = finding.message.clone();
    if !finding.label.is_empty() {
        message.push_str(&format!(" ({})", finding.label));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let related = finding.labels.iter().filter_map(|(at, text)| {
        let location = At { uri: uri(at.source()?)?, range: ranges.of(at) };
        Some(DiagnosticRelatedInformation { location, message: text.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    Told {
        range: ranges.of(&finding.at),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning | Severity::Off => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(finding.rule.id.to_owned())),
        code_description: page(finding.rule).map(|href| CodeDescription { href }),
        source: Some("consign".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..Told::default()
    }
}

/// What an editor draws beside an item.
pub(super) const fn symbol_kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Folder => SymbolKind::NAMESPACE,
        Kind::Package => SymbolKind::PACKAGE,
        Kind::Program => SymbolKind::METHOD,
        Kind::Task | Kind::SequentialTask => SymbolKind::EVENT,
        Kind::Collection => SymbolKind::ARRAY,
        Kind::MaintenanceWindow => SymbolKind::INTERFACE,
        Kind::DeliveryPolicy | Kind::PatchPlugin => SymbolKind::CLASS,
        Kind::PortalDefaults | Kind::PortalSettings | Kind::AgentSettings | Kind::PurgeSettings => SymbolKind::OBJECT,
    }
}

/// Whether two ranges have a place in common, their ends included.
pub(super) fn touches(a: &Range, b: &Range) -> bool {
    a.start <= b.end && b.start <= a.end
}
