//! Pointers to spans, looked up only for documents that have findings.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::allow;
use super::edit::edit_of;
use super::syntax;
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Edit;
use crate::diag::Location;
use crate::diag::Part;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::rules::manifest::MAN_18;

/// Turns every pointer of the findings into a span, takes the lints away that comments allow (MAN-16), and orders the rest.
/// Reads only the files that have findings or such comments again, so that a clean run pays nothing for places.
///
/// Returns what may be said of comments that allowed nothing (MAN-17): it holds where the project was looked at as each
/// of its servers sees it, and nothing was left unread.
pub fn locate(findings: &mut Diagnostics, sources: &Sources) -> Diagnostics {
    write_fixes(findings, sources);
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
    one_of_a_place(findings);
    let mut stale = allow::apply(findings, sources);
    findings.sort(sources);
    stale.sort(sources);
    stale
}

/// Where a value is wrong by itself, how others would read it is no news (MAN-18).
fn one_of_a_place(findings: &mut Diagnostics) {
    if !findings.iter().any(|finding| finding.rule == &MAN_18) {
        return;
    }
    let place = |finding: &Diagnostic| match finding.at {
        Location::Span { source, start, end } => Some((source, start, end)),
        _ => None,
    };
    let others: BTreeSet<(SourceId, usize, usize)> =
        findings.iter().filter(|finding| finding.rule != &MAN_18).filter_map(place).collect();
    findings.retain(|finding| finding.rule != &MAN_18 || place(finding).is_none_or(|at| !others.contains(&at)));
}

/// How many bytes are read again, in one run, to try edits; what would take more has no fix until others are made.
const TRIED_BYTES_MAX: usize = 16 << 20;

/// Makes edits of the values that fixes are to write. A fix that cannot be made whole is dropped.
fn write_fixes(findings: &mut Diagnostics, sources: &Sources) {
    let mut read: BTreeMap<SourceId, Vec<syntax::Document<'_>>> = BTreeMap::new();
    let mut budget = TRIED_BYTES_MAX;
    for finding in findings.iter_mut() {
        let Some(fix) = finding.fix.as_mut().filter(|fix| !fix.values.is_empty()) else { continue };
        let edits = std::mem::take(&mut fix.values).into_iter().map(|wanted| {
            let Location::Pointer { source, document, pointer, .. } = wanted.at else { return None };
            let text = sources.text(source);
            let documents = read.entry(source).or_insert_with(|| syntax::read(text, source).0);
            let place = documents.binary_search_by_key(&document, |one| one.number).ok()?;
            let tree = &documents[place].tree;
            edit_of(text, tree, source, &pointer, &wanted.value, wanted.is_default, &mut budget)
        });
        match edits.collect::<Option<Vec<Edit>>>() {
            Some(edits) => fix.edits.extend(edits),
            None => finding.fix = None,
        }
    }
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

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::rules::package::PKG_2;

    /// The text with the fix that writes a value, and what that value is then.
    fn fixed(text: &str, pointer: &str, value: Value) -> Option<String> {
        let mut sources = Sources::new();
        let source = sources.add_text("a.yaml", text);
        let at = Location::value(source, 0, pointer);
        let finding = Diagnostic::warning(&PKG_2, at.clone(), "x");
        let finding = match value {
            Value::Null => finding.fix_default("remove it", at, "none"),
            value => finding.fix_value("write it", at, value),
        };
        let mut findings = Diagnostics::from_iter([finding]);
        locate(&mut findings, &sources);
        let fix = findings.into_iter().next()?.fix?;
        let mut out = text.to_owned();
        for edit in fix.edits.iter().rev() {
            let Location::Span { start, end, .. } = edit.location else { return None };
            out.replace_range(start..end, &edit.new_text);
        }
        Some(out)
    }

    #[track_caller]
    fn check(text: &str, pointer: &str, value: impl Into<Value>, expected: &str) {
        assert_eq!(fixed(text, pointer, value.into()).as_deref(), Some(expected));
    }

    #[test]
    fn a_fix_writes_a_value_as_yaml_needs_it() {
        check("a: x # why\nb: 1\n", "/a", "setup /S", "a: setup /S # why\nb: 1\n");
        check("a: x\r\nb: 1\r\n", "/a", "no", "a: 'no'\r\nb: 1\r\n");
        check("a: \"x\"\n", "/a", "it's: so", "a: 'it''s: so'\n");
        check("a: {b: x, c: 'y'}\n", "/a/b", "1, 2", "a: {b: '1, 2', c: 'y'}\n");
        check("a: |\n  x\nb: 1\n", "/a", "yes it is", "a: yes it is\nb: 1\n");
        check("a: >- # why\n  x\n  y\nb: 1\n", "/a", "x y z", "a: x y z # why\nb: 1\n");
        check("a: [0]\n", "/a", json!([0, 3010]), "a: [0, 3010]\n");
        check("a:\n  - {b: x}\n", "/a/0/b", true, "a:\n  - {b: true}\n");
    }

    #[test]
    fn a_fix_adds_a_key_that_is_not_there() {
        check("a:\n  b: 1 # one\nc: 2\n", "/a/d", json!([0, 3010]), "a:\n  b: 1 # one\n  d: [0, 3010]\nc: 2\n");
        check("a: {b: 1}\n", "/a/d", "x", "a: {d: x, b: 1}\n");
        check("a:\r\n  b: 1\r\nc: 2\r\n", "/a/d", "x", "a:\r\n  b: 1\r\n  d: x\r\nc: 2\r\n");
    }

    #[test]
    fn a_fix_takes_a_key_away_where_nothing_else_goes() {
        let gone = Value::Null;
        check("a: 1\nb:\n  c: 2\n  d: [3, 4]\ne: 5\n", "/b/d", gone.clone(), "a: 1\nb:\n  c: 2\ne: 5\n");
        check("a: 1\r\nb: 2\r\n# c\r\nc: 3\r\n", "/b", gone.clone(), "a: 1\r\n# c\r\nc: 3\r\n");
        check("a: {b: 1, c: 2}\n", "/a/b", gone.clone(), "a: {c: 2}\n");
        check("a: {b: 1, c: 2} # x\n", "/a/c", gone.clone(), "a: {b: 1} # x\n");
        check("a: {b: 1}\n", "/a/b", gone.clone(), "a: {}\n");
        check("a: 1\nb: 2\n", "/b", gone.clone(), "a: 1\n");
        check("- a: 1\n  b: 2\n", "/0/b", gone.clone(), "- a: 1\n");
        // A comment goes with nothing, and what a dash stands before stays.
        check("a: 1 # why\nb: 2\n", "/a", gone.clone(), "a: none # why\nb: 2\n");
        check("- a: 1\n  b: 2\n", "/0/a", gone.clone(), "- a: none\n  b: 2\n");
        check("a: |\n  x\n  y\nb: 2\n", "/a", gone.clone(), "b: 2\n");
        check("a:\n  b: 1\n", "/a/b", gone, "a:\n  b: none\n");
    }

    #[test]
    fn a_fix_that_would_leave_a_list_in_lines_half_is_dropped() {
        for text in ["a: # why\n  - 1\nb: 2\n", "a:\n  - 1 # why\n  - 2\nb: 2\n", "a: [1, # why\n  2]\nb: 2\n"] {
            assert_eq!(fixed(text, "/a", Value::Null), None, "{text}");
        }
        check("a: [1] # why\nb: 2\n", "/a", Value::Null, "a: none # why\nb: 2\n");
        check("a:\n  - 1\nb: 2\n", "/a", Value::Null, "b: 2\n");
    }

    #[test]
    fn a_fix_of_what_a_variable_says_is_dropped() {
        assert_eq!(fixed("a: setup ${{ share }}\n", "/a", "setup /S".into()), None);
        assert_eq!(fixed("a: 1\n", "/b/c", "x".into()), None);
    }
}
