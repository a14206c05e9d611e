use std::fs;

use camino::Utf8Path;

use super::*;
use crate::report::paint::Paint;

/// What fits at the end of these words, in the project of an example.
fn fits(example: &str, words: &[&str]) -> Vec<String> {
    let directory = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    fits_in(&directory, words)
}

fn fits_in(directory: &Utf8Path, words: &[&str]) -> Vec<String> {
    let paint = Paint { color: false };
    let directory = directory.to_owned();
    let context = Context { directory, paint, paint_stderr: paint, columns: 0, is_watched: false };
    let (last, before) = words.split_last().unwrap();
    let before = std::iter::once("consign").chain(before.iter().copied()).map(str::to_owned).collect();
    fitting(&context, before, last).into_iter().map(|one| one.value).collect()
}

#[test]
fn commands_flags_and_their_values_are_completed() {
    assert_eq!(fits("tour", &["por"]), ["portal"]);
    let flags = fits("tour", &["plan", "--"]);
    assert!(flags.contains(&"--target".to_owned()) && flags.contains(&"--server".to_owned()), "{flags:?}");
    assert_eq!(fits("tour", &["plan", "--format", "js"]), ["json"]);
    assert_eq!(fits("tour", &["plan", "--format=js"]), ["--format=json"]);
    assert_eq!(fits("tour", &["completions", "f"]), ["fish"]);
    // What no one is to type is not offered.
    assert!(!fits("tour", &["comp"]).contains(&"complete".to_owned()));
}

#[test]
fn names_come_from_the_manifests() {
    assert_eq!(fits("tour", &["refs", "package/7"]), ["package/7-Zip"]);
    assert_eq!(fits("tour", &["plan", "--target", "task/Inst"]), ["task/Install 7-Zip"]);
    assert_eq!(fits("tour", &["plan", "--server", ""]), ["lab"]);
    assert_eq!(fits("tour", &["portal", "--principal", "OFFICE\\St"]), ["OFFICE\\Staff"]);
    assert_eq!(fits("tour", &["portal", "--program", "sequence/"]), ["sequence/New desktop"]);
    assert!(fits("tour", &["portal", "--program", "task/"]).is_empty(), "no portal right hangs on a task");
    assert_eq!(fits("tour", &["portal", "--folder", "Software Delivery/Seq"]), ["Software Delivery/Sequences"]);
    assert_eq!(fits("tour", &["new", "Patch"]), ["PatchPlugin"]);
    assert_eq!(fits("tour", &["explain", "SEQ-1"]), ["SEQ-1"]);
    assert_eq!(fits("tour", &["explain", "Task.warnU"]), ["Task.warnUser", "Task.warnUser.deferUpTo"]);
    // Of the project that the line says.
    assert_eq!(fits("kinds", &["-C", "../tour", "refs", "package/7"]), ["package/7-Zip"]);
    assert_eq!(fits("kinds", &["-C../tour", "refs", "package/7"]), ["package/7-Zip"]);
}

#[test]
fn where_a_file_fits_nothing_stands_in_its_way() {
    assert!(fits("tour", &["show", ""]).is_empty());
    assert!(fits("tour", &["plan", "--out", ""]).is_empty());
    assert!(!fits("tour", &["plan", ""]).is_empty(), "nothing but flags may stand there");
}

#[test]
fn without_a_project_there_are_commands_and_no_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(directory.path()).unwrap();
    assert_eq!(fits_in(path, &["expl"]), ["explain"]);
    assert!(fits_in(path, &["refs", ""]).is_empty());
}

#[test]
fn a_name_that_would_act_on_a_terminal_is_not_offered_and_mistakes_elsewhere_do_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(directory.path()).unwrap();
    fs::write(path.join("consign.yaml"), "apiVersion: consign/v1\nkind: Project\nmanifests: [a.yaml]\n").unwrap();
    let task =
        |name: &str| format!("---\napiVersion: consign/v1\nkind: Folder\nmetadata: {{name: \"{name}\"}}\nspec: {{}}\n");
    let text = [task("a\\u202eb"), task("It's a \\\"folder\\\""), "---\nkind: Nonsense\n".to_owned()].concat();
    fs::write(path.join("a.yaml"), text).unwrap();
    assert_eq!(fits_in(path, &["refs", "folder/"]), ["folder/It's a \"folder\""]);
}
