//! Pointers to spans, looked up only for documents that have findings.

use std::collections::BTreeMap;

use super::syntax;
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Part;
use crate::diag::SourceId;
use crate::diag::Sources;

/// Turns every pointer of the findings into a span and orders them. Reads only the files that have findings again, so
/// that a clean run pays nothing for places.
pub fn locate(findings: &mut Diagnostics, sources: &Sources) {
    let mut wanted: BTreeMap<SourceId, Vec<&mut Location>> = BTreeMap::new();
    for at in findings.iter_mut().flat_map(Diagnostic::locations_mut) {
        if let Location::Pointer { source, .. } = at {
            wanted.entry(*source).or_default().push(at);
        }
    }
    for (source, places) in wanted {
        let (documents, _) = syntax::read(sources.text(source), source);
        let trees: BTreeMap<u32, &Tree<'_>> =
            documents.iter().map(|document| (document.number, &document.tree)).collect();
        for place in places {
            if let Location::Pointer { document, pointer, part, .. } = &*place {
                *place = match trees.get(document) {
                    Some(tree) => span(tree, source, pointer, *part),
                    None => Location::File(source),
                };
            }
        }
    }
    findings.sort(sources);
}

/// Where a pointer of a document leads.
pub(super) fn span(tree: &Tree<'_>, source: SourceId, pointer: &str, part: Part) -> Location {
    let (key, value) = tree.find(pointer);
    // Where the pointer leads nowhere, the value found is a container above; its key is the shorter thing to show.
    let is_there = tree.pointer_of(value) == pointer;
    let node = match key {
        Some(key) if part == Part::Key || !is_there => &tree.nodes[key],
        _ => &tree.nodes[value],
    };
    Location::Span { source, start: node.start as usize, end: node.end as usize }
}
