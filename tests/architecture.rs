//! Layers, purity and the rule catalogue, kept by a test because the compiler does not keep them inside one crate.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests set up files and say what they saw")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use consign::rules::Act;

/// Lowest first: a module may use modules of earlier rows only, and none of its own row.
const LAYERS: &[&[&str]] = &[
    &["model"],
    &["planted"],
    &["rules", "sample"],
    &["diag"],
    &["manifest", "check", "diff", "agent", "reach", "refs"],
    &["plan", "forecast", "editor", "definition"],
    &["sys"],
    &["adapter", "host", "server"],
    &["apply", "agents"],
    &["report"],
    &["cli"],
];

/// Modules that decide over values and touch nothing.
const PURE: &[&str] = &[
    "model",
    "rules",
    "sample",
    "diag",
    "manifest",
    "check",
    "diff",
    "agent",
    "reach",
    "refs",
    "plan",
    "forecast",
    "editor",
    "definition",
    "report",
];

/// What a pure module does not say.
const IMPURE: &[&str] = &[
    "async fn",
    ".await",
    "std::fs",
    "std::env",
    "std::net",
    "std::thread",
    "std::process",
    "tokio::",
    "reqwest::",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "println!",
];

/// Crates that one file alone names, so that they can be exchanged there.
const BEHIND_ONE_FILE: &[(&str, &[&str])] = &[
    ("granit_parser", &["src/manifest/syntax.rs"]),
    ("jsonschema::", &["src/manifest/schema.rs", "src/manifest/translate.rs"]),
    ("reqwest::", &["src/sys/http/client.rs", "src/sys/http/client/"]),
    (
        "roxmltree",
        &[
            "src/adapter/altiris/probe/",
            "src/definition/policy/xml.rs",
            "src/server/app/asdk/",
            "src/server/http/asdk/xml.rs",
        ],
    ),
    ("encoding_rs", &["src/definition/text.rs"]),
    ("glob::", &["src/sys/gather.rs"]),
    ("quick_xml", &["src/adapter/altiris/wire/xml.rs", "src/server/app/fleet/xml.rs"]),
    ("rusqlite", &["src/server/"]),
    ("libgssapi", &["src/sys/kerberos/gss.rs"]),
    ("cross_krb5", &["src/sys/kerberos/sspi.rs"]),
];

/// What the reference server must not share with the client: a bug there would hide on both sides.
const SERVER_MUST_NOT: &[&str] = &["adapter", "host", "diff", "plan", "forecast", "editor", "manifest", "check"];

/// Every rule of the catalogue that `validate` enforces as an error.
const V_RULES: &[&str] = &[
    "PKG-1", "PKG-2", "PKG-8", "PRG-3", "PRG-8", "PRG-9", "TSK-1", "TSK-2", "TSK-3", "TSK-8", "TSK-9", "SEQ-3",
    "PTL-1", "PTL-2", "PTL-6", "COL-1", "MW-9",
];

/// Every rule of the catalogue that `validate` tells as a warning with a way out.
const L_RULES: &[&str] = &[
    "PKG-3", "PKG-4", "PKG-5", "PRG-1", "PRG-2", "PRG-5", "PRG-7", "PRG-9", "PRG-10", "PRG-11", "PRG-14", "TSK-6",
    "TSK-12", "SEQ-5", "SEQ-9", "PTL-6", "RST-3", "MW-2", "MW-9", "PDF-2", "MAN-17", "MAN-18",
];

/// Every rule of the catalogue that a plan tells as a consequence.
const C_RULES: &[&str] = &[
    "PKG-3", "PKG-5", "PKG-6", "PKG-7", "PKG-8", "PRG-6", "PRG-13", "TSK-4", "TSK-5", "TSK-7", "TSK-9", "TSK-11",
    "SEQ-1", "SEQ-2", "SEQ-7", "PTL-2", "PTL-3", "COL-2", "RST-2", "RST-4", "LIC-1", "LIC-2", "LIC-3", "LIC-4",
    "LIC-5", "MW-1", "MW-2", "MW-3", "MW-4", "MW-7", "MW-8", "MW-9", "PLN-12",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(below: &str) -> BTreeMap<String, String> {
    fn walk(directory: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory of the crate") {
            let path = entry.expect("a directory can be listed").path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                out.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(below), &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).expect("it is below").to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&path).expect("sources are UTF-8"))
        })
        .collect()
}

/// The code without comments, and without what is compiled for tests only (which by custom ends a file).
fn code(text: &str) -> String {
    let upto = text.find("#[cfg(test)]\nmod ").map_or(text, |at| {
        // A test module in a file of its own is one line: the code goes on behind it.
        let line_end = text[at..].match_indices('\n').nth(1).map_or(text.len(), |(n, _)| at + n);
        if text[at..line_end].trim_end().ends_with(';') { text } else { &text[..at] }
    });
    upto.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Files that are compiled for tests only.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.contains("/simulation/")
        || path.contains("/tests/")
        || ["tests.rs", "samples.rs", "agreement.rs"].contains(&name)
}

fn module(path: &str) -> &str {
    path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default()
}

fn row(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

#[test]
fn modules_use_earlier_rows_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").iter().filter(|(path, _)| !is_test_file(path)) {
        let from = module(path);
        let Some(from_row) = row(from) else {
            assert!(["lib", "main"].contains(&from), "`{path}` belongs to no layer: add its module to LAYERS");
            continue;
        };
        for (_, rest) in
            code(text).match_indices("crate::").map(|(at, found)| ((), code(text)[at + found.len()..].to_owned()))
        {
            let to: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let allowed = match row(&to) {
                Some(to_row) => to == from || to_row < from_row,
                None => false,
            };
            if !allowed {
                wrong.push(format!("{path}: `{from}` uses `{to}`"));
            }
            if from == "server" && SERVER_MUST_NOT.contains(&to.as_str()) {
                wrong.push(format!("{path}: the reference server shares `{to}` with the client"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_touch_nothing() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").iter().filter(|(path, _)| PURE.contains(&module(path)) && !is_test_file(path)) {
        let code = code(text);
        for word in IMPURE.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{path}: {word}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_crates_are_named_in_one_place() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").iter().filter(|(path, _)| !is_test_file(path)) {
        let code = code(text);
        for (name, places) in BEHIND_ONE_FILE {
            if code.contains(name) && !places.iter().any(|place| path.starts_with(place)) {
                wrong.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_acts_in_code_and_is_named_by_a_test() {
    let src = sources("src");
    let tests = sources("tests");
    let ids: BTreeSet<&str> = consign::rules::all().map(|rule| rule.id).collect();
    let mut wrong = Vec::new();
    for id in &ids {
        let constant = id.replace('-', "_");
        let lower = format!("{}_", constant.to_lowercase());
        let in_code = src.iter().any(|(path, text)| {
            !path.starts_with("src/rules/")
                && !is_test_file(path)
                && (code(text).contains(&constant) || text.contains(id))
        });
        let in_test =
            tests.iter().filter(|(path, _)| !path.ends_with("architecture.rs")).chain(&src).any(|(path, text)| {
                !path.starts_with("src/rules/")
                    && (text.contains(&format!("fn {lower}")) || (path.starts_with("tests/") && text.contains(id)))
            });
        if !in_code {
            wrong.push(format!("{id}: no code outside of the catalogue names it"));
        }
        if !in_test {
            wrong.push(format!("{id}: no test names it"));
        }
    }
    for id in V_RULES.iter().filter(|id| !ids.contains(*id)) {
        wrong.push(format!("{id}: not in the catalogue"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_that_acts_as_a_consequence_is_told_by_a_plan() {
    let plan = sources("src/plan");
    for rule in consign::rules::all().filter(|rule| rule.acts.contains(&Act::Consequence)) {
        let constant = rule.id.replace('-', "_");
        let is_told = plan.iter().any(|(path, text)| !is_test_file(path) && code(text).contains(&constant));
        assert!(is_told, "{}: nothing under src/plan tells it", rule.id);
    }
    for id in C_RULES {
        let acts = consign::rules::find(id).is_some_and(|rule| rule.acts.contains(&Act::Consequence));
        assert!(acts, "{id}: does not act as a consequence");
    }
}

#[test]
fn every_lint_is_checked_and_has_tests_that_name_it() {
    let catalogue: BTreeSet<&str> =
        consign::rules::all().filter(|rule| rule.acts.contains(&Act::Lint)).map(|rule| rule.id).collect();
    assert_eq!(catalogue, L_RULES.iter().copied().collect(), "the lints of the catalogue, and L_RULES");
    let (src, tests) = (sources("src"), sources("tests"));
    let mut wrong = Vec::new();
    for id in L_RULES {
        let constant = format!("&{}", id.replace('-', "_"));
        let checks =
            src.iter().filter(|(path, _)| ["check", "manifest"].contains(&module(path)) && !is_test_file(path));
        if !checks.into_iter().any(|(_, text)| code(text).contains(&constant)) {
            wrong.push(format!("{id}: nothing under src/check or src/manifest finds it"));
        }
        // That it speaks, and that it is quiet.
        let name = format!("fn {}_", id.replace('-', "_").to_lowercase());
        let n_tests: usize = src.values().chain(tests.values()).map(|text| text.matches(&name).count()).sum();
        if n_tests < 2 {
            wrong.push(format!(
                "{id}: {n_tests} tests are named for it, and a lint has one that it speaks and one that it is quiet"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_project_speaks_of_itself_alone() {
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Cargo.toml", ".ci/run"] {
        let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for word in ["/work/", "/tmp/wt", "crates.io"] {
            assert!(!text.contains(word), "{name} says `{word}`");
        }
    }
}

/// What compares for drift holds no connection that could write: not by a check, but because it names none.
#[test]
fn drift_names_no_connection_that_writes() {
    let mut files = sources("src/cli/drift");
    files.extend(sources("src/cli").into_iter().filter(|(name, _)| name == "src/cli/drift.rs"));
    assert!(files.len() > 2, "{:?}", files.keys());
    for (name, text) in files {
        for writes in ["connect_to_write", "WriteAdapter", "NativeWriter", "HttpTransport", "apply::"] {
            assert!(!text.contains(writes), "{name} names `{writes}`");
        }
    }
}
