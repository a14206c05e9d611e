//! Places as clients count them, and fixes.

use proptest::prelude::*;

use super::Encoding;
use super::Lines;
use super::Names;
use super::Place;
use super::actions;
use crate::diag::Diagnostic;
use crate::diag::Location;
use crate::diag::Sources;
use crate::manifest::Sort;
use crate::rules;
use crate::rules::Act;
use crate::rules::Rule;

#[test]
fn a_place_is_counted_in_units_of_utf_16_or_in_bytes() {
    let text = "ä🖥x\r\nb\rc\n\nd";
    let lines = Lines::of(text);
    for (offset, utf16, utf8) in [
        (0, (0, 0), (0, 0)),
        (2, (0, 1), (0, 2)),
        (6, (0, 3), (0, 6)),
        (7, (0, 4), (0, 7)),
        (9, (1, 0), (1, 0)),
        (11, (2, 0), (2, 0)),
        (13, (3, 0), (3, 0)),
        (15, (4, 1), (4, 1)),
    ] {
        for (encoding, (line, column)) in [(Encoding::Utf16, utf16), (Encoding::Utf8, utf8)] {
            assert_eq!(lines.place(text, offset, encoding), Place { line, column }, "{offset} {encoding:?}");
            assert_eq!(lines.offset(text, Place { line, column }, encoding), offset, "{offset} {encoding:?}");
        }
    }
    let at = |line, column| lines.offset(text, Place { line, column }, Encoding::Utf16);
    assert_eq!((at(0, 2), at(0, 99), at(9, 0)), (2, 7, text.len()), "inside a pair, behind a line, behind the text");
}

proptest! {
    #[test]
    fn a_place_leads_back_to_its_byte(text in "[a-zä🖥\r\n]{0,40}", cut in any::<prop::sample::Index>()) {
        let mut offset = cut.index(text.len() + 1);
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let lines = Lines::of(&text);
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let place = lines.place(&text, offset, encoding);
            let back = lines.offset(&text, place, encoding);
            // Between the two bytes of a line's end no place can be said: it is before them.
            let is_between = text[..offset].ends_with('\r') && text[offset..].starts_with('\n');
            prop_assert_eq!(back, if is_between { offset - 1 } else { offset });
        }
    }
}

static LINT: Rule = Rule { id: "PRG-4", title: "a lint", source: "a test", acts: &[Act::Lint], explain: "It is one." };

/// The comment that allows a lint, at the word `HERE`.
#[track_caller]
fn check_allowed(text: &str, expected: &str) {
    let mut sources = Sources::new();
    let source = sources.add_text("x.yaml", text);
    let start = text.find("HERE").unwrap();
    let at = Location::Span { source, start, end: start + 4 };
    let finding = Diagnostic::warning(&LINT, at, "here");
    let names = Names::of(&sources, &[(source, Sort::Manifest)], None, &Names::default());
    let action = actions(&sources, &names, &finding).pop().expect("a lint can be allowed");
    let mut made = text.to_owned();
    for change in action.changes.into_iter().rev() {
        made.replace_range(change.at, &change.new_text);
    }
    assert_eq!(made, expected.replace("ID", LINT.id), "{text}");
}

#[test]
fn a_lint_is_allowed_at_the_end_of_its_line_or_above() {
    check_allowed("a: HERE\nb: 1\n", "a: HERE # consign: allow ID because SAY WHY\nb: 1\n");
    check_allowed("a: HERE  \r\nb: 1\r\n", "a: HERE # consign: allow ID because SAY WHY  \r\nb: 1\r\n");
    check_allowed("a: {b: HERE}", "a: {b: HERE} # consign: allow ID because SAY WHY");
    check_allowed("b:\n  a: HERE # x\n", "b:\n  # consign: allow ID because SAY WHY\n  a: HERE # x\n");
    check_allowed("\u{feff}a: 'HERE'\r\n", "\u{feff}# consign: allow ID because SAY WHY\r\na: 'HERE'\r\n");
    check_allowed("a: |\n  HERE\n", "# consign: allow ID because SAY WHY\na: |\n  HERE\n");
    check_allowed(
        "b:\n  a: >-  # x\n    HERE\n",
        "b:\n  # consign: allow ID because SAY WHY\n  a: >-  # x\n    HERE\n",
    );
    let whole = Location::Nowhere;
    let rule = rules::all().next().unwrap();
    let sources = Sources::new();
    assert!(actions(&sources, &Names::default(), &Diagnostic::error(rule, whole, "x")).is_empty());
}

proptest! {
    #[test]
    fn a_difference_makes_the_one_text_of_the_other(old in "[aä🖥\n]{0,12}", new in "[aä🖥\n]{0,12}") {
        let mut sources = Sources::new();
        let source = sources.add_text("x.yaml", old.as_str());
        let change = super::difference(source, &old, &new);
        let mut made = old.clone();
        made.replace_range(change.at, &change.new_text);
        prop_assert_eq!(made, new);
    }
}
