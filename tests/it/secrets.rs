//! Secrets are read where they are said to be, sent, and shown nowhere: canaries in every place, and every place where
//! something is written searched for them.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use base64::Engine;
use serde_json::json;

use crate::world::Fake;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::http;
use crate::world::run;

/// Passwords by environment and by file; the second has what JSON and shells escape.
const BY_ENV: &str = "canary-env-4b1f";
const BY_FILE: &str = "canary \"file\" \\zqjx-wkv";
/// The key that passwords are marked with; it is sent nowhere.
const KEY: &str = "canary-mark-key-61fe-0123456789abcdef";
/// A part of each that no other text has.
const MARKS: [&str; 3] = ["canary-env", "zqjx-wkv", "canary-mark"];

const PACKAGE: &str = "apiVersion: consign/v1
kind: Package
metadata: {name: Agent, folder: Software Delivery}
spec:
  version: '1'
  source: {unc: '\\\\files\\agent'}
  programs:
    - name: Install
      commandLine: setup.exe /q
      runWith: {account: 'CORP\\svc', passwordFrom: {env: SVC_PW}}
    - name: Remove
      commandLine: setup.exe /x
      runWith: {account: 'CORP\\svc', passwordFrom: {file: secrets/svc}}
---
apiVersion: consign/v1
kind: Folder
metadata: {name: Software Delivery}
spec: {}
";

/// Every report there is, into files.
const REPORTS: &[&str] = &[
    "--text-into=r.txt",
    "--json-into=r.json",
    "--markdown-into=r.md",
    "--html-into=r.html",
    "--sarif-into=r.sarif",
    "--junit-into=r.xml",
    "--github-into=r.github",
    "--gitlab-into=r.gitlab",
    "--gitlab-plan-into=r.plan",
    "--azure-into=r.azure",
];

fn project(url: &str, token: &str) -> Project {
    let more = "    passwordKeyFrom: {env: MARK_KEY}\n";
    let project = Project::at(url, token, more, &[("agent.yaml", PACKAGE)]);
    project.write("secrets/svc", &format!("{BY_FILE}\n"));
    project
}

/// Every file below a directory.
fn files(below: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[track_caller]
fn assert_absent(what: &str, text: &[u8], secrets: &[&str]) {
    let text = String::from_utf8_lossy(text);
    for secret in secrets {
        assert!(!text.contains(secret), "{what} shows `{secret}`:\n{text}");
    }
}

/// Runs a command that logs all it can, and searches what it says and every file that it wrote.
#[track_caller]
fn searched(project: &Project, arguments: &[&str], variables: &[(&str, &str)], token: &str) -> Ran {
    let mut command = project.command(arguments);
    command.env("SVC_PW", BY_ENV).env("MARK_KEY", KEY).env("CONSIGN_LOG", "trace").env("CONSIGN_HTTP_TIMEOUT", "5s");
    command.env("GITHUB_STEP_SUMMARY", project.path("summary.md")).env("GITHUB_OUTPUT", project.path("outputs"));
    let ran = run({
        command.envs(variables.iter().copied());
        command
    });
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!(":{token}"));
    let secrets = [MARKS[0], MARKS[1], MARKS[2], token, encoded.as_str()];
    assert_absent(&format!("{arguments:?}"), &ran.raw, &secrets);
    let mut all = Vec::new();
    files(&project.root, &mut all);
    for (path, bytes) in all.iter().filter(|(path, _)| !path.ends_with("/token") && !path.ends_with("secrets/svc")) {
        assert_absent(path, bytes, &secrets);
    }
    ran
}

#[test]
fn secrets_are_in_no_report_plan_journal_log_or_error() {
    let server = Server::start();
    let token = server.token.clone();
    let project = project(&server.url, &token);
    let look = |project: &Project, arguments: &[&str]| searched(project, &[arguments, REPORTS].concat(), &[], &token);
    look(&project, &["validate"]).exits(0);
    look(&project, &["plan", "--out", "change.plan"]).exits(0);
    assert!(project.read("change.plan").contains("SVC_PW"), "the plan says where the password is");
    for format in ["text", "json", "markdown", "html", "sarif", "junit", "github", "gitlab", "azure"] {
        look(&project, &["show", "change.plan", "--full", "--format", format]).exits(0);
    }

    // An apply that ends in the middle leaves its journal.
    let server = server.restart_with_faults("rules: [{method: post, path: /v1/items, after: 1, fault: {status: 503}}]");
    project.point_or(&server);
    let broken = look(&project, &["apply", "--auto-approve", "--batch", "1"]);
    assert_ne!(broken.code, Some(0), "{}", broken.err);
    assert!(!project.journals().is_empty(), "{}", broken.err);
    let server = server.restart();
    project.point_or(&server);
    look(&project, &["apply", "--auto-approve"]).exits(0);
    let program = server.item("Program", "Install");
    assert_eq!(program["spec"]["runWith"]["passwordSet"], true, "the password came: {program}");
    assert!(program["spec"]["runWith"]["passwordMark"].is_string(), "and its mark: {program}");
    // Another key than the one that they were marked with: all that is compared is told, and nothing of what with.
    searched(
        &project,
        &[&["plan"], REPORTS].concat(),
        &[("MARK_KEY", "canary-mark-other-key-0123456789abcdef")],
        &token,
    )
    .exits(0);

    look(&project, &["drift"]).exits(0);
    project.replace("delivery/agent.yaml", "setup.exe /q", "setup.exe /quiet");
    look(&project, &["drift"]).exits(2);
    look(&project, &["plan", "--out", "change.plan"]).exits(0);
    searched(&project, &["refs", "package/Agent", "--server", "lab"], &[], &token).exits(0);
    searched(&project, &["forecast", "--json-into", "forecast.json"], &[], &token);
    searched(&project, &["import", "--out", "imported"], &[], &token);

    // What the server keeps and tells.
    let data = server.directory.path().join("data");
    let mut all = Vec::new();
    files(&data, &mut all);
    for (path, bytes) in all.iter().filter(|(path, _)| !path.ends_with("admin.token")) {
        assert_absent(path, bytes, &[MARKS[0], MARKS[1], MARKS[2], &token]);
    }
    let told = format!("{:?}{:?}", server.items(), server.audit());
    assert_absent("the server", told.as_bytes(), &[MARKS[0], MARKS[1], MARKS[2], &token]);
}

trait PointOr {
    fn point_or(&self, server: &Server);
}

impl PointOr for Project {
    /// The server is at another port.
    fn point_or(&self, server: &Server) {
        let text = self.read("consign.yaml");
        let old = text.lines().find(|line| line.trim_start().starts_with("url:")).unwrap().to_owned();
        self.write("consign.yaml", &text.replace(&old, &format!("    url: {}", server.url)));
    }
}

/// What a server answers to a request that is passed on to it.
fn passed(address: &str, request: &[u8]) -> Vec<u8> {
    let end = request.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
    let mut behind = TcpStream::connect(address).unwrap();
    behind.write_all(&request[..end]).unwrap();
    behind.write_all(b"Connection: close\r\n").unwrap();
    behind.write_all(&request[end..]).unwrap();
    let mut answer = Vec::new();
    behind.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn a_server_that_repeats_what_it_was_sent_shows_no_secret() {
    for status in ["400 X", "403 X", "409 X", "422 X", "500 X", "200 OK"] {
        let server = Server::start();
        let token = server.token.clone();
        let address = server.url.split_once("//").unwrap().1.trim_end_matches('/').to_owned();
        // Reads and the lease go well; what carries a password comes back, as a message and as a code.
        let fake = Fake::of_whole(move |request| {
            let text = String::from_utf8_lossy(request).into_owned();
            if !MARKS.iter().any(|mark| text.contains(mark)) {
                return Some(passed(&address, request));
            }
            let body = text.split_once("\r\n\r\n").unwrap().1.to_owned();
            let at = MARKS.iter().find_map(|mark| body.find(mark)).unwrap();
            let near: String = body[..at].chars().rev().take(30).collect::<String>().chars().rev().collect();
            let near = format!("{near}{}", &body[at..]);
            let error = json!({ "error": { "code": near, "message": format!("no: {near} {text}"),
                "details": { "needs": near, "holder": near } } });
            Some(http(status, "application/json", &error.to_string()))
        });
        let project = project(&fake.url, &token);
        let ran = searched(&project, &[&["apply", "--auto-approve"], REPORTS].concat(), &[], &token);
        assert_ne!(ran.code, Some(0), "{status}: {}", ran.err);
        assert!(fake.seen().iter().any(|line| line.starts_with("POST") || line.starts_with("PUT")));
    }
}

#[test]
fn a_server_that_repeats_the_token_does_not_show_it() {
    const TOKEN: &str = "canary-token-77aa";
    for status in ["400 X", "401 X", "403 X", "404 X", "409 X", "422 X", "500 X", "200 OK"] {
        let fake = Fake::of_whole(move |request| {
            let text = String::from_utf8_lossy(request).into_owned();
            let error = json!({ "error": { "code": TOKEN, "message": text, "details": { "needs": TOKEN } },
                "message": text, "apiVersion": TOKEN, "errors": [{ "message": TOKEN }] });
            Some(http(status, "application/json", &error.to_string()))
        });
        let project = project(&fake.url, TOKEN);
        for arguments in [
            &["plan"][..],
            &["drift"],
            &["apply", "--auto-approve"],
            &["forecast"],
            &["refs", "package/Agent", "--server", "lab"],
            &["import", "--out", "imported"],
        ] {
            let ran = searched(&project, arguments, &[], TOKEN);
            assert_ne!(ran.code, Some(0), "{arguments:?}");
            // And from the environment.
            let text = project.read("consign.yaml");
            project.replace("consign.yaml", "    tokenFrom: {file: token}\n", "");
            let ran = searched(&project, arguments, &[("CONSIGN_TOKEN", TOKEN)], TOKEN);
            assert_ne!(ran.code, Some(0), "{arguments:?}");
            project.write("consign.yaml", &text);
        }
        let plan = plan_of_nothing();
        project.write("change.plan", &plan);
        for (host, repository) in [("github", "a/b"), ("gitlab", "a/b"), ("azure", "a/b")] {
            let mut arguments = vec!["comment", "change.plan", "--host", host, "--repository", repository];
            arguments.extend(["--pull-request", "7", "--api", &fake.url]);
            let ran = searched(&project, &arguments, &[("CONSIGN_COMMENT_TOKEN", TOKEN)], TOKEN);
            assert_ne!(ran.code, Some(0), "{arguments:?}");
        }
    }
}

/// A plan file.
fn plan_of_nothing() -> String {
    static PLAN: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PLAN.get_or_init(|| {
        let server = Server::start();
        let project = project(&server.url, &server.token);
        project.run(&["plan", "--out", "change.plan"]).exits(0);
        project.read("change.plan")
    })
    .clone()
}

#[test]
fn a_secret_that_cannot_be_used_is_not_shown() {
    let server = Server::start();
    let project = project(&server.url, &server.token);
    for bad in [&b"canary-env\xff"[..], &b"canary-env ".repeat(8_000)] {
        fs::write(project.path("secrets/svc"), bad).unwrap();
        let ran = searched(&project, &["apply", "--auto-approve"], &[], &server.token).exits(78).one_message();
        assert!(ran.err.contains("nothing was sent"), "{}", ran.err);
    }
    project.write("secrets/svc", BY_FILE);
    for token in ["canary-env\u{7}", "canary-env\nline", "canary-env é\u{0}"] {
        project.write("token", token);
        searched(&project, &["plan"], &[], &server.token).exits(78).one_message();
    }
}
