//! A manifest to begin with: every field of a kind with what it means and takes, the schema's words. What must be there
//! is filled in, all else is commented out at its default.

use serde_json::Value;

use super::document::API_VERSION;
use super::fields::Field;
use super::fields::fields;
use super::print::flow;
use crate::model::kind::Kind;

/// Where comments are broken.
const COLUMNS: usize = 100;

/// What a project has that a new manifest can refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// A package, and one of its programs.
    pub program: Option<(String, String)>,
    /// A collection.
    pub collection: Option<String>,
}

/// A commented manifest of a kind. `schema` is the way to the schema for editors, as the file sees it.
///
/// A field of the manifest begins with `#` and its name where it is left out: without the `#` it says what holds
/// anyway. Prose begins with `# `.
pub fn starter(kind: Kind, name: &str, schema: Option<&str>, known: &Known) -> String {
    let mut out = String::new();
    if let Some(schema) = schema {
        out.push_str(&format!("# yaml-language-server: $schema={schema}\n"));
    }
    prose(
        &mut out,
        "",
        &format!(
            "A field after a `#` without a space is left out, and shown as what then holds. `consign explain {kind}.FIELD` \
             tells more of one."
        ),
    );
    out.push_str(&format!("apiVersion: {API_VERSION}\nkind: {kind}\n"));
    let mut part = "";
    for field in fields(kind) {
        let (within, key) = field.path.split_once('.').unwrap_or(("", &field.path));
        if within != part {
            part = if within == "metadata" { "metadata" } else { "spec" };
            out.push_str(&format!("{part}:\n"));
        }
        if within == "metadata" && key == "name" {
            out.push_str(&format!("  name: {}\n", scalar(name)));
        } else if kind == Kind::Package && key == "programs" {
            programs(&mut out, &field);
        } else {
            one(&mut out, "  ", &field, given(kind, key, name, known).as_deref());
        }
    }
    out
}

/// The programs of a package are items with fields of their own, written inside it (PRG-13).
fn programs(out: &mut String, list: &Field) {
    out.push('\n');
    prose(out, "  ", &list.about);
    out.push_str("  programs:\n    - name: Install\n");
    for field in fields(Kind::Program) {
        let key = field.path.trim_start_matches("spec.");
        if key != "name" {
            one(out, "      ", &field, given(Kind::Program, key, "", &Known::default()).as_deref());
        }
    }
}

/// A field with what it means: filled in, or commented out at its default.
fn one(out: &mut String, indent: &str, field: &Field, given: Option<&str>) {
    let key = field.path.rsplit('.').next().unwrap_or(&field.path);
    if !out.ends_with(":\n") {
        out.push('\n');
    }
    prose(out, indent, &field.about);
    prose(out, indent, &format!("Takes {}.", field.takes));
    match (given, &field.default) {
        (Some(given), _) => out.push_str(&format!("{indent}{key}: {given}\n")),
        (None, Some(default)) => out.push_str(&format!("{indent}#{key}: {}\n", flow(default))),
        // One of several forms, or none at all: there is no default to show.
        (None, None) => out.push_str(&format!("{indent}# {key}:\n")),
    }
}

/// What a new manifest says of a field: what must be there, and what keeps it from reaching anybody by mistake.
fn given(kind: Kind, key: &str, name: &str, known: &Known) -> Option<String> {
    let (package, program) = match &known.program {
        Some((package, program)) => (package.as_str(), program.as_str()),
        None => ("NAME OF A PACKAGE", "NAME OF ITS PROGRAM"),
    };
    let remark = "   # replace it by a package of yours, and its program";
    let what = match (kind, key) {
        (Kind::Folder | Kind::Package | Kind::Collection, "description") => scalar(&format!("What {name} is for")),
        (Kind::Package, "source") => format!("{{unc: '\\\\files.example.com\\packages\\{}'}}", plain(name)),
        (Kind::Program, "commandLine") => {
            "setup.exe /S   # replace it by what installs it without a question".to_owned()
        }
        (Kind::Program, "maxRunTime") => "30m   # left out, it is six hours".to_owned(),
        (Kind::Collection, "members") => {
            "[]   # nobody yet; take the line out where others or a query decide".to_owned()
        }
        (Kind::Task, "package") => format!("{}{remark}", scalar(package)),
        (Kind::Task, "program") => scalar(program),
        (Kind::SequentialTask, "steps") => {
            format!("{remark}\n    - {{package: {}, program: {}}}", scalar(package), scalar(program))
        }
        (Kind::DeliveryPolicy, "resources") => {
            format!("{remark}\n    - {{package: {}, program: {}}}", scalar(package), scalar(program))
        }
        // For nobody it would be an error (PTL-6), so it is switched off.
        (Kind::PortalSettings, "enabled") => {
            "false   # take the line out once `collections` says who sees it".to_owned()
        }
        (Kind::PortalSettings, "collections") => {
            let collection = known.collection.as_deref().unwrap_or("NAME OF A COLLECTION");
            format!("[{}]   # replace it by collections of yours", scalar(collection))
        }
        (_, "collections") => "[]   # nobody yet; name those that it is for".to_owned(),
        (Kind::MaintenanceWindow, "schedule") => "{daily: \"20:00\"}".to_owned(),
        (Kind::MaintenanceWindow, "duration") => "2h".to_owned(),
        (Kind::PortalDefaults, "grants") => "[]   # nobody inherits a right; name who does".to_owned(),
        (Kind::PurgeSettings, "enabled") => "true".to_owned(),
        _ => return None,
    };
    Some(what)
}

/// A name as a part of a path.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "-._".contains(c) { c } else { '-' }).collect()
}

/// A text as a YAML scalar of one line, quoted where it must be.
fn scalar(text: &str) -> String {
    flow(&Value::from(text))
}

/// Adds a comment, broken between words.
fn prose(out: &mut String, indent: &str, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + 3 + line.chars().count() + word.chars().count() > COLUMNS {
            out.push_str(&format!("{indent}# {line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        out.push_str(&format!("{indent}# {line}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::manifest::parse;

    fn kinds() -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|kind| *kind != Kind::Program)
    }

    #[track_caller]
    fn is_read(text: &str) {
        let mut sources = Sources::new();
        let id = sources.add_text("new.yaml", text);
        let (manifests, findings) = parse(&sources, &[id]);
        let found: Vec<String> = findings.iter().map(|finding| finding.message.clone()).collect();
        assert!(found.is_empty() && manifests.len() == 1, "{found:?} in\n{text}");
    }

    #[test]
    fn a_new_manifest_of_every_kind_is_read() {
        for kind in kinds() {
            is_read(&starter(kind, "Some: thing # of \"mine\"", Some("../schema/manifest.json"), &Known::default()));
            let known =
                Known { program: Some(("1.0".to_owned(), "- x".to_owned())), collection: Some("[a, b]".to_owned()) };
            is_read(&starter(kind, "no", None, &known));
        }
    }

    #[test]
    fn what_is_commented_out_is_what_holds_anyway() {
        for kind in kinds() {
            let text = starter(kind, "Mine", None, &Known::default());
            let shown: String = text
                .lines()
                .map(|line| {
                    let bare = line.trim_start();
                    let is_field = bare.strip_prefix('#').is_some_and(|rest| !rest.starts_with(' '));
                    if is_field { format!("{}\n", line.replacen('#', "", 1)) } else { format!("{line}\n") }
                })
                .collect();
            assert_ne!(shown, text, "{kind}");
            is_read(&shown);
            let value = |text: &str| -> serde_json::Value { serde_yaml::from_str(text).unwrap() };
            let (with, without) = (value(&shown), value(&text));
            let n = |of: &serde_json::Value| {
                of["spec"].as_object().unwrap().len() + of["metadata"].as_object().unwrap().len()
            };
            assert!(n(&with) > n(&without), "{kind}");
        }
    }

    #[test]
    fn every_field_is_told() {
        for kind in kinds() {
            let text = starter(kind, "Mine", None, &Known::default());
            let named = |key: &str| {
                text.lines()
                    .any(|line| line.trim_start().trim_start_matches(['#', '-', ' ']).starts_with(&format!("{key}:")))
            };
            let nested = if kind == Kind::Package { fields(Kind::Program) } else { Vec::new() };
            for field in fields(kind).into_iter().chain(nested) {
                let key = field.path.rsplit('.').next().unwrap();
                assert!(named(key), "{kind}: {key} in\n{text}");
            }
            assert!(text.lines().all(|line| line.chars().count() <= COLUMNS || !line.contains("# ")), "{text}");
        }
    }
}
