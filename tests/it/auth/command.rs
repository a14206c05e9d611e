//! A credential command: what it prints is sent, and nothing of it is told.

use std::process::Command;

use super::MANIFEST;
use crate::world::Project;
use crate::world::Server;
use crate::world::clean;
use crate::world::run;

fn project(server: &Server, words: &str) -> Project {
    let project = Project::of(server, "", &[MANIFEST]);
    project.replace("consign.yaml", "tokenFrom: {file: token}", &format!("auth: {{command: {words}}}"));
    project
}

#[test]
fn what_a_program_prints_is_the_header_for_a_plan_and_an_apply() {
    let server = Server::start();
    let token = &server.token;
    let line = project(&server, &format!("[printf, '%s\\n', 'Bearer {token}']"));
    line.run(&["plan", "--detailed-exitcode"]).exits(2);
    let json = format!(r#"{{"authorization": "Bearer {token}", "expires": "2999-01-01T00:00:00Z"}}"#);
    let json = project(&server, &format!("[printf, '%s', '{json}']"));
    let mut command = json.command(&["apply", "--auto-approve"]);
    command.env("CONSIGN_LOG", "trace");
    let ran = run(command).exits(0);
    assert!(!format!("{}{}", ran.out, ran.err).contains(token.as_str()), "{}", ran.err);
    json.is_settled();
    // The project's own program, where nobody proposes anything.
    let own = project(&server, "[./get-token]");
    own.write("get-token", &format!("#!/bin/sh\necho Bearer {token}\n"));
    let mut chmod = Command::new("chmod");
    clean(&mut chmod);
    chmod.args(["+x"]).arg(own.path("get-token"));
    run(chmod).exits(0);
    own.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_program_of_no_use_is_said_without_what_it_printed() {
    let server = Server::start();
    for (words, why) in [
        ("[sh, -c, 'echo canary-x; exit 3']", "exit status: 3"),
        ("['true']", "is empty"),
        ("[sh, -c, 'echo Bearer canary-x; echo Bearer canary-y']", "more than one line"),
        ("[sh, -c, 'echo canary-x']", "no scheme"),
        ("[no-such-program-here]", "no-such-program-here"),
        ("[sh, -c, 'yes canary-x']", "more than 65536 bytes"),
    ] {
        let ran = project(&server, words).run(&["plan"]).exits(78).one_message().says(why).says("auth.command");
        assert!(!format!("{}{}", ran.out, ran.err).contains("canary"), "{}", ran.err);
    }
}

#[test]
fn a_header_that_is_refused_is_asked_for_once_more_and_no_oftener() {
    let server = Server::start();
    let project = project(&server, "[sh, -c, 'echo x >> \"$COUNT\"; echo Bearer canary-stale']");
    let count = project.path("count");
    let mut command = project.command(&["plan"]);
    command.env("COUNT", &count);
    let ran = run(command).exits(78).one_message().says("the server refuses what the credential command `sh` prints");
    assert!(!format!("{}{}", ran.out, ran.err).contains("canary"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 2);

    // The second one is right: nobody notices.
    let script = format!(
        "echo x >> \"$COUNT\"; if test $(wc -l < \"$COUNT\") = 3; then echo Bearer stale; else echo Bearer {}; fi",
        server.token
    );
    project.edit("consign.yaml", |text| {
        let start = text.find("    auth:").unwrap();
        let end = start + text[start..].find('\n').unwrap();
        format!("{}    auth: {{command: [sh, -c, '{script}']}}{}", &text[..start], &text[end..])
    });
    let mut command = project.command(&["plan", "--detailed-exitcode"]);
    command.env("COUNT", &count);
    run(command).exits(2);
    assert!(std::fs::read_to_string(&count).unwrap().lines().count() >= 4);
}

#[test]
fn a_program_that_hangs_is_ended_after_thirty_seconds() {
    let server = Server::start();
    let project = project(&server, "[sh, -c, 'sleep 120']");
    let begun = std::time::Instant::now();
    project.run(&["plan"]).exits(78).one_message().says("within 30 seconds");
    assert!((25..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[test]
fn a_proposal_runs_no_program_of_its_own() {
    let server = Server::start();
    for auth in [
        "auth: {command: [./get-token]}",
        "auth: {ntlm: {account: x, passwordFrom: {command: [./get-token]}}}",
        "proxy: {url: 'http://p:1', account: x, passwordFrom: {command: [./get-token]}}",
    ] {
        let project = Project::of(&server, "", &[MANIFEST]);
        project.replace("consign.yaml", "tokenFrom: {file: token}", auth);
        project.write("get-token", "#!/bin/sh\ntouch ran\n");
        for arguments in [
            &["init", "-q", "-b", "main"][..],
            &["-c", "user.name=x", "-c", "user.email=x@x", "add", "."],
            &["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "x"],
        ] {
            let mut git = Command::new("git");
            clean(&mut git);
            run({
                git.current_dir(&project.root).args(arguments);
                git
            })
            .exits(0);
        }
        let mut command = project.command(&["plan"]);
        command.env("CONSIGN_BASE", "main");
        run(command).exits(78).says("`./get-token` is run for a secret").says("nothing was run");
    }
}
