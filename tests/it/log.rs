//! What is set by the environment, what is logged, and what is said of journals that cannot be read.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;
use crate::world::consign;
use crate::world::run;

/// What a server whose store breaks says on standard error.
fn log_of_a_broken_store(environment: &[(&str, &str)]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut command = consign();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).envs(environment.iter().copied());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let token = fs::read_to_string(data.join("admin.token")).unwrap();
    let store = rusqlite::Connection::open(data.join("consign.db")).unwrap();
    store.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE leases;").unwrap();
    let project = Project::at(&url, token.trim(), "", &[]);
    project.write(
        "delivery/a.yaml",
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: A, folder: Software Delivery}\nspec: {}\n---\n\
         apiVersion: consign/v1\nkind: Folder\nmetadata: {name: Software Delivery}\nspec: {}\n",
    );
    let ran = project.run(&["apply", "--auto-approve"]);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

#[test]
fn a_fault_of_the_store_is_logged_with_its_cause() {
    let log = log_of_a_broken_store(&[]);
    assert!(log.contains("ERROR") && log.contains("the store failed") && log.contains("leases"), "{log}");
    let log = log_of_a_broken_store(&[("CONSIGN_LOG_FORMAT", "json")]);
    let event = log.lines().find_map(|line| serde_json::from_str::<Value>(line).ok()).expect("a line of JSON");
    assert_eq!(event["level"], "ERROR", "{log}");
    let log = log_of_a_broken_store(&[("CONSIGN_LOG", "off")]);
    assert!(!log.contains("the store failed"), "{log}");
}

/// Runs a command with one variable set.
fn with(project: &Project, name: &str, value: &str, arguments: &[&str]) -> Ran {
    let mut command = project.command(arguments);
    command.env(name, value);
    let ran = run(command);
    assert_plain(&ran);
    ran
}

#[test]
fn settings_of_the_environment_that_cannot_be_read_are_refused() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    for bad in ["120", "0s", "1.5m", "", "soon\u{1b}[2J"] {
        let ran = with(&project, "CONSIGN_HTTP_TIMEOUT", bad, &["plan"]).exits(78).one_message();
        ran.says("CONSIGN_HTTP_TIMEOUT").says("such as `90s`");
    }
    with(&project, "CONSIGN_HTTP_TIMEOUT", "120s", &["plan"]).exits(0);
    with(&project, "CONSIGN_LOG", "consign=loud", &["plan"]).exits(78).one_message().says("CONSIGN_LOG");
    with(&project, "CONSIGN_LOG_FORMAT", "xml", &["plan"]).exits(78).one_message().says("`text` or `json`");
    with(&project, "CONSIGN_LOG", "", &["plan"]).exits(0);
}

#[test]
fn a_journal_of_unknown_form_is_told() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let end = "{\"type\":\"end\",\"whole\":false}\n";
    project.write(".consign/journal/torn.ndjson", &format!("{end}{{\"type\":\"en"));
    project.write(".consign/journal/later.ndjson", &format!("{end}{{\"type\":\"later\"}}\n{end}"));
    let ran = project.apply().says("line 2 of the journal").says("later.ndjson");
    assert!(!ran.err.contains("torn.ndjson"), "{}", ran.err);
    project.is_settled();
}

#[test]
fn a_manifest_is_read_whatever_the_case_of_its_ending() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    project.replace("consign.yaml", "prune: false", "prune: true");
    for (from, to) in [("packages/firefox.yaml", "packages/firefox.YAML"), ("windows.yaml", "windows.Yml")] {
        let path = |name| project.path("delivery").join(name);
        fs::rename(path(from), path(to)).unwrap();
    }
    project.is_settled();
}
