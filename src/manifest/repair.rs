//! Makes the fixes of findings in the texts they are about: what `validate --fix` writes.
//!
//! Only what is certain is made, one fix after the other. After each the text is read again, and what it says must differ
//! in nothing but what the fix is for; otherwise the fix is left out. Everything else of a text stays as it is, byte for
//! byte: comments, layout, line ends, a byte order mark.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::load;
use super::syntax;
use super::tree::push_segment;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Fix;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::rules::Rule;

/// A text with fixes made in it.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// Which.
    pub source: SourceId,
    /// As it is to be; the same as it was where nothing could be made.
    pub text: String,
    /// What was made, in the order of the text.
    pub made: Vec<Made>,
    /// What was not, because the text would have said something else as well.
    pub refused: Vec<Made>,
}

/// One fix.
#[derive(Clone, Debug)]
pub struct Made {
    /// The rule that asked for it.
    pub rule: &'static Rule,
    /// What it does, as an order.
    pub message: String,
    /// The first byte of its finding, in the text as it was.
    pub start: usize,
}

/// Makes the certain fixes of findings, by file. Places must have been looked up. What overlaps with a fix before it is
/// left for another pass over what comes of this one.
pub fn repair(findings: &Diagnostics, sources: &Sources) -> Vec<Repaired> {
    let mut by_file: BTreeMap<SourceId, Vec<Asked<'_>>> = BTreeMap::new();
    for finding in findings {
        if let Some((source, asked)) = Asked::of(finding) {
            by_file.entry(source).or_default().push(asked);
        }
    }
    by_file.into_iter().map(|(source, asked)| file(source, sources.text(source), asked)).collect()
}

/// A fix that is certain, with its edits in order, all in one file.
struct Asked<'a> {
    finding: &'a Diagnostic,
    fix: &'a Fix,
    edits: Vec<(Range<usize>, &'a str)>,
}

impl<'a> Asked<'a> {
    fn of(finding: &'a Diagnostic) -> Option<(SourceId, Self)> {
        let fix = finding.fix.as_ref().filter(|fix| !fix.is_guess && fix.values.is_empty() && !fix.edits.is_empty())?;
        let mut edits = Vec::new();
        let mut file = None;
        for edit in &fix.edits {
            let Location::Span { source, start, end } = edit.location else { return None };
            if *file.get_or_insert(source) != source {
                return None;
            }
            edits.push((start..end, edit.new_text.as_str()));
        }
        edits.sort_by_key(|(range, _)| range.start);
        let is_apart = edits.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start);
        is_apart.then_some((file?, Self { finding, fix, edits }))
    }

    fn made(&self) -> Made {
        Made { rule: self.finding.rule, message: self.fix.message.clone(), start: self.finding.at.start() }
    }
}

fn file(source: SourceId, text: &str, mut asked: Vec<Asked<'_>>) -> Repaired {
    asked.sort_by_key(|one| one.edits[0].0.start);
    let mut chosen: Vec<Asked<'_>> = Vec::new();
    for one in asked {
        let taken = || chosen.iter().flat_map(|before| &before.edits);
        let touches =
            |range: &Range<usize>| taken().any(|(other, _)| range.start <= other.end && other.start <= range.end);
        if !one.edits.iter().any(|(range, _)| touches(range)) {
            chosen.push(one);
        }
    }
    // Together, which is fast; where something is wrong, one by one, which finds out what.
    let mut all: Vec<(Range<usize>, &str)> = chosen.iter().flat_map(|one| one.edits.iter().cloned()).collect();
    all.sort_by_key(|(range, _)| range.start);
    let mut out = match meant(text, &all) {
        Some(_) => {
            let made = chosen.iter().map(Asked::made).collect();
            Repaired { source, text: edited(text, &all), made, refused: Vec::new() }
        }
        None => one_by_one(source, text, &chosen),
    };
    if !out.made.is_empty() && errors(text) < errors(&out.text) {
        // Each was sound, and together they are not: nothing is written.
        text.clone_into(&mut out.text);
        out.refused.append(&mut out.made);
    }
    out
}

fn one_by_one(source: SourceId, text: &str, asked: &[Asked<'_>]) -> Repaired {
    let mut out = Repaired { source, text: text.to_owned(), made: Vec::new(), refused: Vec::new() };
    // What was replaced so far, in the text as it was, and by how many bytes.
    let mut done: Vec<(Range<usize>, usize)> = Vec::new();
    for one in asked {
        let moved: Vec<(Range<usize>, &str)> =
            one.edits.iter().map(|(range, new)| (shifted(range, &done), *new)).collect();
        let next = edited(&out.text, &moved);
        match meant(text, &one.edits) {
            Some(meant) if changes(&out.text, &next).is_some_and(|changes| changes == meant) => {
                out.text = next;
                done.extend(one.edits.iter().map(|(range, new)| (range.clone(), new.len())));
                out.made.push(one.made());
            }
            _ => out.refused.push(one.made()),
        }
    }
    out
}

/// Where a range of the text as it was lies after what was done.
fn shifted(range: &Range<usize>, done: &[(Range<usize>, usize)]) -> Range<usize> {
    let before = done.iter().filter(|(other, _)| other.end <= range.start);
    let (gone, come) = before.fold((0, 0), |(gone, come), (other, new)| (gone + other.len(), come + new));
    range.start - gone + come..range.end - gone + come
}

fn edited(text: &str, edits: &[(Range<usize>, &str)]) -> String {
    let mut out = text.to_owned();
    for (range, new) in edits.iter().rev() {
        out.replace_range(range.clone(), new);
    }
    out
}

/// Something that two texts say differently: the document, the place in it, and what each says there.
type Change = (u32, String, Option<Value>, Option<Value>);

/// Takes a place, and what each of two texts says there.
type Found<'f> = dyn FnMut(&str, Option<&Value>, Option<&Value>) + 'f;

/// What a fix by itself makes a text say differently, if that is what it is for: no more places than it edits, and in the
/// place of a value what its new text says.
fn meant(text: &str, edits: &[(Range<usize>, &str)]) -> Option<Vec<Change>> {
    let changes = changes(text, &edited(text, edits))?;
    let said: BTreeMap<(u32, &str), Option<&Value>> =
        changes.iter().map(|(number, at, _, after)| ((*number, at.as_str()), after.as_ref())).collect();
    let (documents, _) = syntax::read(text, nowhere());
    // The innermost node of each place: it comes last.
    let nodes: HashMap<(usize, usize), (usize, usize)> = documents
        .iter()
        .enumerate()
        .flat_map(|(document, one)| one.tree.nodes.iter().enumerate().map(move |(at, node)| (document, at, node)))
        .map(|(document, at, node)| ((node.start as usize, node.end as usize), (document, at)))
        .collect();
    let mut n_places = 0;
    for (range, new) in edits {
        let Some((document, at)) = nodes.get(&(range.start, range.end)) else {
            n_places += 1; // A key that comes or goes, or a comment.
            continue;
        };
        let tree = &documents[*document].tree;
        // A key that is renamed goes in one place and comes in another.
        n_places += 1 + usize::from(tree.is_key(*at));
        if !tree.is_key(*at) {
            let wanted = value_of(new)?;
            let pointer = tree.pointer_of(*at);
            let is_said = match said.get(&(documents[*document].number, pointer.as_str())) {
                Some(after) => *after == Some(&wanted),
                None => tree.value(*at) == wanted,
            };
            if !is_said {
                return None;
            }
        }
    }
    (changes.len() <= n_places).then_some(changes)
}

/// What a text alone says, as a value of a manifest.
fn value_of(text: &str) -> Option<Value> {
    let (documents, found) = syntax::read(text, nowhere());
    let [document] = documents.as_slice() else { return None };
    found.is_empty().then(|| document.tree.value(0))
}

/// What two texts say differently; `None` where the second cannot be read as far as the first.
fn changes(before: &str, after: &str) -> Option<Vec<Change>> {
    let (old, old_found) = syntax::read(before, nowhere());
    let (new, new_found) = syntax::read(after, nowhere());
    let is_as_whole = old.len() == new.len()
        && old.iter().zip(&new).all(|(old, new)| old.number == new.number)
        && new_found.len() <= old_found.len();
    if !is_as_whole {
        return None;
    }
    let mut out = Vec::new();
    for (old, new) in old.iter().zip(&new) {
        differ(Some(&old.tree.value(0)), Some(&new.tree.value(0)), &mut String::new(), &mut |at, a, b| {
            out.push((old.number, at.to_owned(), a.cloned(), b.cloned()));
        });
    }
    Some(out)
}

fn differ(a: Option<&Value>, b: Option<&Value>, pointer: &mut String, found: &mut Found<'_>) {
    match (a, b) {
        (a, b) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let length = pointer.len();
                push_segment(pointer, key);
                differ(a.get(key), b.get(key), pointer, found);
                pointer.truncate(length);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                let length = pointer.len();
                push_segment(pointer, &at.to_string());
                differ(Some(a), Some(b), pointer, found);
                pointer.truncate(length);
            }
        }
        (a, b) => found(pointer, a, b),
    }
}

/// The file of a text that is in none.
fn nowhere() -> SourceId {
    Sources::new().add_text("", "")
}

/// How many errors a file has by itself.
fn errors(text: &str) -> usize {
    let mut sources = Sources::new();
    let id = sources.add_text("", text);
    load::parse(&sources, &[id]).1.count(crate::model::project::Severity::Error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::locate;
    use super::*;
    use crate::rules::package::PKG_4;

    /// The text after the certain fixes of everything that is found in it by itself, and how many were made and refused.
    fn repaired(text: &str) -> (String, usize, usize) {
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", text);
        let (_, mut findings) = load::parse(&sources, &[id]);
        locate(&mut findings, &sources);
        let mut all = repair(&findings, &sources);
        all.pop().map_or((text.to_owned(), 0, 0), |one| (one.text, one.made.len(), one.refused.len()))
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (fixed, _, refused) = repaired(text);
        assert_eq!(fixed, expected);
        assert_eq!(refused, 0);
        // There is nothing left to do.
        assert_eq!(repaired(&fixed), (fixed.clone(), 0, 0));
    }

    const HEAD: &str = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: It}\nspec:\n";

    #[test]
    fn what_is_around_a_fix_stays_as_it_is() {
        check(
            &format!("# why\n{HEAD}  version: 24.10   # a number\n\n  # then\n  language: no\t# a truth value\n"),
            &format!("# why\n{HEAD}  version: \"24.10\"   # a number\n\n  # then\n  language: 'no'\t# a truth value\n"),
        );
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_stay() {
        let crlf = |text: &str| format!("\u{feff}{}", format!("{HEAD}{text}").replace('\n', "\r\n"));
        check(&crlf("  version: 7\n  language: on\n"), &crlf("  version: \"7\"\n  language: 'on'\n"));
    }

    #[test]
    fn two_fixes_of_one_line_are_made_in_flow_and_in_block() {
        let flow = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: It}\n";
        check(
            &format!("{flow}spec: {{version: 7, language: no, publisher: 'x'}}\n"),
            &format!("{flow}spec: {{version: \"7\", language: 'no', publisher: 'x'}}\n"),
        );
        check(
            &format!("{HEAD}  version: 1.10\n  packageServers: {{servers: [no, 017, A]}}\n"),
            &format!("{HEAD}  version: \"1.10\"\n  packageServers: {{servers: ['no', '017', A]}}\n"),
        );
    }

    #[test]
    fn what_is_only_likely_is_left_alone() {
        let text = format!("{HEAD}  publsher: x\n");
        assert_eq!(repaired(&text), (text.clone(), 0, 0));
    }

    /// A fix that is made up, of a text as it stands.
    fn made_up(text: &str, edits: &[(Range<usize>, &str)]) -> Repaired {
        let mut sources = Sources::new();
        let source = sources.add_text("a.yaml", text);
        let mut finding = Diagnostic::warning(&PKG_4, Location::Span { source, start: 0, end: 1 }, "x");
        for (range, new) in edits {
            let at = Location::Span { source, start: range.start, end: range.end };
            let more = finding.clone().fix("mend it", at, *new).fix.unwrap();
            match &mut finding.fix {
                Some(fix) => fix.edits.extend(more.edits),
                None => finding.fix = Some(more),
            }
        }
        repair(&Diagnostics::from_iter([finding]), &sources).pop().unwrap()
    }

    #[test]
    fn an_edit_that_says_more_than_it_is_for_is_refused() {
        let text = "a: one\nb: two\n";
        for (range, new) in [(3..6, "1\nc: 3"), (3..6, "[1"), (3..6, "x # y\nb: 3"), (0..14, "a: 1\n"), (3..6, "'x")] {
            let out = made_up(text, &[(range.clone(), new)]);
            assert_eq!((out.text.as_str(), out.refused.len()), (text, 1), "{range:?} {new}");
        }
        assert_eq!(made_up(text, &[(3..6, "1")]).text, "a: 1\nb: two\n");
        assert_eq!(made_up(text, &[(3..6, "1"), (10..13, "2")]).text, "a: 1\nb: 2\n");
        assert_eq!(made_up(text, &[(0..7, "")]).text, "b: two\n");
    }

    #[test]
    fn what_overlaps_waits_for_another_pass() {
        let text = "a: one\nb: two\n";
        let mut sources = Sources::new();
        let source = sources.add_text("a.yaml", text);
        let fix = |start, end, new: &str| {
            let at = Location::Span { source, start, end };
            Diagnostic::warning(&PKG_4, at.clone(), "x").fix("mend it", at, new)
        };
        let findings = Diagnostics::from_iter([fix(3, 6, "1"), fix(3, 6, "2"), fix(10, 13, "3")]);
        let out = repair(&findings, &sources).pop().unwrap();
        assert_eq!((out.text.as_str(), out.made.len(), out.refused.len()), ("a: 1\nb: 3\n", 2, 0));
    }

    proptest! {
        /// Whatever an edit of a value writes: the text then says that value and else what it said, or stays as it was.
        #[test]
        fn an_edit_changes_its_value_or_nothing(new in "[-a-z0-9:#{}\\[\\], '\"|>&*!%@\n]{0,12}") {
            let text = "a: {b: one, c: [two]}\nd: three # why\n";
            for (range, pointer) in [(7..10, "/a/b"), (16..19, "/a/c/0"), (25..30, "/d")] {
                let out = made_up(text, &[(range, new.as_str())]);
                let mut was = value_of(text).unwrap();
                let is = value_of(&out.text).unwrap();
                if out.made.is_empty() {
                    prop_assert_eq!(out.text.as_str(), text);
                } else {
                    *was.pointer_mut(pointer).unwrap() = value_of(&new).unwrap();
                    prop_assert_eq!(was, is);
                    prop_assert!(out.text.contains("# why"));
                }
            }
        }
    }
}
