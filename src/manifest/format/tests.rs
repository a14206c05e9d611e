use std::path::Path;

use proptest::prelude::*;

use super::format;
use crate::diag::Sources;

/// In its one form, which is that of itself.
#[track_caller]
fn formatted(text: &str) -> String {
    let mut sources = Sources::new();
    let id = sources.add_text("a.yaml", text);
    let once = format(text, id).unwrap_or_else(|findings| panic!("{findings:?}\n{text}"));
    let twice = format(&once, id).unwrap_or_else(|findings| panic!("{findings:?}\n{once}"));
    assert_eq!(once, twice, "a second time it came out differently; it was\n{text}");
    once
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let out = formatted(text);
    assert!(out == expected, "---- is\n{out}---- expected\n{expected}");
}

#[test]
fn keys_stand_in_the_order_of_their_schema() {
    becomes(
        "spec:\n  programs:\n  - commandLine: setup.exe /S\n    name: Install\n  unheardOf: 1\n  version: '1.0'\nkind: Package\nmetadata: {folder: A, name: X}\napiVersion: consign/v1\n",
        "apiVersion: consign/v1\nkind: Package\nmetadata: {name: X, folder: A}\nspec:\n  version: '1.0'\n  programs:\n    - name: Install\n      commandLine: setup.exe /S\n  unheardOf: 1\n",
    );
    // Of a field with several forms, that which knows its keys.
    becomes(
        "apiVersion: consign/v1\nkind: Task\nspec:\n  run: {schedule: {weekly: {time: \"17:00\", days: [mon]}}}\n",
        "apiVersion: consign/v1\nkind: Task\nspec:\n  run: {schedule: {weekly: {days: [mon], time: \"17:00\"}}}\n",
    );
    becomes(
        "kind: Project\nservers:\n  b: {url: x, api: native}\n  a:\n    url: z\n    api: native\nmanifests: [d]\napiVersion: consign/v1\n",
        "apiVersion: consign/v1\nkind: Project\nmanifests: [d]\nservers:\n  b: {api: native, url: x}\n  a:\n    api: native\n    url: z\n",
    );
    // Of what is no manifest nothing is known.
    becomes("b: 1\na: 2\n", "b: 1\na: 2\n");
}

#[test]
fn comments_stay_with_what_they_stand_beside() {
    becomes(
        "# yaml-language-server: $schema=x\n# about the file\n\nkind: Package   # a package\n# the version\napiVersion: consign/v1 # v1\nmetadata:   # who\n  name: X\nspec:\n    # first the programs\n    programs:\n      - commandLine: a.exe   # runs\n        # its name\n        name: Install\n        # end of the program\n      # end of the list\n    # what it is\n    version: '1'\n    # end of spec\n# end of all\n",
        "# yaml-language-server: $schema=x\n# about the file\n\n# the version\napiVersion: consign/v1 # v1\nkind: Package   # a package\nmetadata:   # who\n  name: X\nspec:\n  # what it is\n  version: '1'\n  # first the programs\n  programs:\n    # its name\n    - name: Install\n      commandLine: a.exe   # runs\n      # end of the program\n    # end of the list\n  # end of spec\n# end of all\n",
    );
    becomes("a:\n  # nothing yet\nb: 1\n", "a:\n  # nothing yet\nb: 1\n");
    becomes("a: # one\n  x   # two\n", "# one\na: x  # two\n");
    becomes(
        "a: [ # one\n  1, # two\n  # three\n  2 ] # four\nb: {}\n",
        "# four\n"
            .to_owned()
            .as_str()
            .replace("# four\n", "a: # four\n  # one\n  - 1 # two\n  # three\n  - 2\nb: {}\n")
            .as_str(),
    );
    becomes("a: [\n  # nobody\n]\n", "# nobody\na: []\n");
    becomes("a: | # why\n    text # no comment\nb: 1\n", "a: | # why\n  text # no comment\nb: 1\n");
    becomes("a: 'x # y'   # z\n", "a: 'x # y'   # z\n");
    becomes("- # one\n  a: 1\n- b\n", "# one\n- a: 1\n- b\n");
}

#[test]
fn man_16_a_comment_that_allows_something_stays_at_what_it_allows() {
    let refused = |text: &str| {
        let id = Sources::new().add_text("a.yaml", text);
        let found = format(text, id).unwrap_err();
        let found: Vec<String> = found.into_iter().map(|one| one.message).collect();
        assert_eq!(
            found,
            ["in form, a comment that allows something would no longer stand at what it allows"],
            "{text}"
        );
    };
    refused(
        "kind: Package\nspec:\n  programs:\n    - name: F\n      commandLine: f\n    -\n      # consign: allow PRG-5 because first\n      \
         commandLine: g\n      name: G\n",
    );
    let long = "o".repeat(110);
    refused(&format!(
        "kind: Package\nspec:\n  programs:\n    - {{name: H,\n       description: l{long},\n       commandLine: h}} # consign: allow PRG-5 \
         because last\n"
    ));
    // Keys change places, and take their comments along.
    becomes(
        "kind: Package\nspec:\n  programs:\n    - commandLine: g # consign: allow PRG-5 because it is\n      name: G\n",
        "kind: Package\nspec:\n  programs:\n    - name: G\n      commandLine: g # consign: allow PRG-5 because it is\n",
    );
}

#[test]
fn documents_keep_their_marks_and_what_stands_around_them() {
    becomes(
        "# head\n---\n\n# of one\na: 1\n# end of one\n\n---   # two\nb: 2\n...\n# between\n---\n# nothing here\n---\n{c: 3}\n",
        "# head\n---\n# of one\na: 1\n# end of one\n---   # two\nb: 2\n# between\n---\n# nothing here\n---\n{c: 3}\n"
            .replace("---   # two", "--- # two")
            .as_str(),
    );
    becomes("--- {a: 1}\n", "---\n{a: 1}\n");
    becomes("", "");
    becomes("\n\n# only this\n\n\n", "# only this\n");
    becomes("--- text\n", "--- text\n");
}

#[test]
fn blank_lines_are_kept_one_at_a_time_and_not_at_the_begin_of_anything() {
    becomes("\n\na:\n\n  b: 1\n\n\n\n  c: 2\n\n\nd: 3\n\n\n", "a:\n  b: 1\n\n  c: 2\n\nd: 3\n");
    becomes("a:\n  - 1\n\n  # two\n\n  - 2\n", "a:\n  - 1\n\n  # two\n\n  - 2\n");
}

#[test]
fn quotes_stand_where_a_reader_needs_them() {
    for (text, expected) in [
        ("'Install'", "'Install'"),
        ("\"C:\\\\x\"", "C:\\x"),
        ("\"24.08\"", "\"24.08\""),
        ("'24.08'", "'24.08'"),
        ("\"\\\\\\\\files\\\\x\"", "'\\\\files\\x'"),
        ("no", "'no'"),
        ("14d", "14d"),
        ("1_000", "'1_000'"),
        ("17:00", "'17:00'"),
        ("2026-12-31", "2026-12-31"),
        ("2026-12-01T08:00", "2026-12-01T08:00"),
        ("True", "true"),
        ("~", "null"),
        ("0x1F", "0x1F"),
        ("1.50", "1.50"),
        ("\"\"", "\"\""),
        ("\"a\\tb\"", "\"a\\tb\""),
        ("\"it's\"", "\"it's\""),
        ("'it''s: x'", "'it''s: x'"),
        ("select x where y = 'z'", "select x where y = 'z'"),
        ("\"b\\u202ed\"", "\"b\\u202ed\""),
    ] {
        becomes(&format!("k: {text}\n"), &format!("k: {expected}\n"));
    }
    becomes("\"a\": 1\n'2026': 2\n", "\"a\": 1\n'2026': 2\n");
}

#[test]
fn blocks_and_texts_of_several_lines_stay_so() {
    becomes("a:\n      |\n      x\n       y\n\n      z\nb: 1\n", "a: |\n  x\n   y\n\n  z\nb: 1\n");
    becomes("a: >-\n   x\n   y\n\n   z\n\nb: 1\n", "a: >-\n  x\n  y\n\n  z\n\nb: 1\n");
    becomes("a: |+\n   x\n\n\nb: 1\n", "a: |+\n  x\n\n\nb: 1\n");
    becomes("a: |2\n    x\n   y\n", "a: |2\n    x\n   y\n");
    becomes("a: x\n      y\n\n      z\n", "a: x\n  y\n\n  z\n");
    becomes("a: \"x\n      y\"   # c\n", "a: \"x\n  y\" # c\n");
    becomes("- |\n   x\n- - |-\n     y\n", "- |\n  x\n- - |-\n    y\n");
    becomes("a: |\n", "a: ''\n");
    becomes("a: |\n  \tif\n", "a: |2\n  \tif\n");
}

#[test]
fn what_was_written_on_one_line_stays_there_and_what_fits_is_put_there() {
    becomes("a: { b : 1,c: [ 1,2 ] }\n", "a: {b: 1, c: [1, 2]}\n");
    becomes("a: {\n  b: 1,\n  c: [1,\n   2]\n}\n", "a: {b: 1, c: [1, 2]}\n");
    let long = "x".repeat(70);
    becomes(&format!("a: [{long}, {long}]\n"), &format!("a: [{long}, {long}]\n"));
    becomes(&format!("a: [{long},\n {long}]\n"), &format!("a:\n  - {long}\n  - {long}\n"));
    becomes("a: [x, {z}, b: c]\n", "a: [x, {z: null}, {b: c}]\n");
}

#[test]
fn a_byte_order_mark_goes_and_line_ends_become_lf() {
    becomes("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n", "a: 1\nb: |\n  x\n  y\n");
}

#[test]
fn odd_forms_of_entries_are_written_as_others_are() {
    becomes("? a\n: 1\n? b # why\n: - 1\n", "a: 1\nb: # why\n  - 1\n");
    becomes("a:\n- 1\n-\n- - 2\n  - 3\n-   b: 1\n    c: 2\n", "a:\n  - 1\n  -\n  - - 2\n    - 3\n  - b: 1\n    c: 2\n");
    becomes("a:\nb: ~\n", "a:\nb: null\n");
}

#[test]
fn man_1_what_is_no_yaml_is_refused_with_its_findings() {
    for text in ["a: [1\n", "a: 1\na: 2\n", "a: &x 1\n"] {
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", text);
        assert!(format(text, id).is_err_and(|findings| findings.has_errors()), "{text}");
    }
}

/// Every YAML file below a directory.
fn files(directory: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            out.push(path);
        }
    }
}

#[test]
fn every_example_says_the_same_in_its_one_form() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for below in ["examples", "tests/data", "src/cli/init/templates"] {
        files(&root.join(below), &mut all);
    }
    assert!(all.len() > 800, "{}", all.len());
    let mut n_documents = 0;
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let out = formatted(&text);
        let read = |text: &str| -> Vec<serde_json::Value> {
            use serde::Deserialize as _;
            serde_yaml::Deserializer::from_str(text).map(|one| serde_json::Value::deserialize(one).unwrap()).collect()
        };
        // A second reader says so too; the first was asked when it was formatted.
        let (before, after) = (read(&text), read(&out));
        assert_eq!(before, after, "{}", path.display());
        n_documents += before.len();
        let remarks = |text: &str| text.matches('#').count();
        assert_eq!(remarks(&text), remarks(&out), "{}", path.display());
    }
    assert!(n_documents > 2000, "{n_documents}");
}

/// The same value with the keys of every map the other way round.
fn reversed(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => {
            map.into_iter().rev().map(|(key, value)| (key, reversed(value))).collect::<serde_json::Map<_, _>>().into()
        }
        serde_json::Value::Array(list) => list.into_iter().map(reversed).collect::<Vec<_>>().into(),
        other => other,
    }
}

#[test]
fn whatever_the_order_of_keys_was_it_comes_out_the_same() {
    use serde::Deserialize as _;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for below in ["examples/kinds", "examples/tour", "tests/data"] {
        files(&root.join(below), &mut all);
    }
    let mut n = 0;
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        for one in serde_yaml::Deserializer::from_str(&text) {
            let value = serde_json::Value::deserialize(one).unwrap();
            let forward = serde_yaml::to_string(&value).unwrap();
            let backward = serde_yaml::to_string(&reversed(value.clone())).unwrap();
            let labels = ["labels", "variables", "servers", "limits", "severities", "secrets", "externals", "notify"];
            // Names of people's own have no order but that in which they stand.
            if value["apiVersion"] == "consign/v1" && !labels.iter().any(|name| forward.contains(&format!("{name}:"))) {
                assert_eq!(formatted(&backward), formatted(&forward), "{}", path.display());
                n += 1;
            }
        }
    }
    assert!(n > 40, "{n}");
}

#[test]
fn what_this_program_prints_is_in_form_already() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    files(&root.join("src/cli/init/templates"), &mut all);
    files(&root.join("examples/tour"), &mut all);
    for path in &all {
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(formatted(&text), text, "{}", path.display());
    }
    let mut sources = Sources::new();
    let id = sources.add_text("every.yaml", include_str!("../../../tests/data/every-field.yaml"));
    let (manifests, _) = crate::manifest::parse(&sources, &[id]);
    let mut n = 0;
    for declared in &manifests.documents {
        if let crate::manifest::load::State::Ready(item) = &declared.state {
            let text = crate::manifest::print_item(item, &[]);
            becomes(&text, &text);
            n += 1;
        }
    }
    assert!(n > 10, "{n}");
    for kind in crate::manifest::document::kinds() {
        let text = crate::manifest::starter(kind, "X", Some("s.json"), &crate::manifest::Known::default());
        becomes(&text, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn what_can_be_read_says_the_same_and_keeps_its_comments(
        text in "([abc]: |- |  |\\[|\\]|\\{|\\}|, |\n|\n|\n  |\n    |'x'|\"y\\\\n\"|x y|1|1\\.50|~|true|no|\\|\n   t\n|>\n   u\n|\\|\\+\n  v\n| #c[1-9]\n|\n#d[1-9]\n|  #e[1-9]\n|\n---\n){0,24}",
    ) {
        let mut sources = Sources::new();
        let text = format!("{text}\n");
        let id = sources.add_text("a.yaml", text.as_str());
        let (_, findings) = crate::manifest::syntax::read(&text, id);
        if findings.is_empty() {
            let once = format(&text, id);
            prop_assert!(once.is_ok(), "{:?}", once);
            let once = once.unwrap();
            for comment in ["#c", "#d", "#e"] {
                prop_assert_eq!(text.matches(comment).count(), once.matches(comment).count(), "{}", once);
            }
            prop_assert_eq!(&format(&once, id).unwrap(), &once);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a:\\-\\[\\]{}&*!|>'\"%#,?~ \t\n\r\u{feff}é<0]{0,60}") {
        let mut sources = Sources::new();
        let id = sources.add_text("a.yaml", text.as_str());
        let _ = format(&text, id);
    }
}
