//! Passwords of accounts: sent where the server has none, never seen, and never another account's.

use serde_json::Value;
use serde_json::json;

use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::run;

const CANARY: &str = "canary-5d1f";
const KEY: &str = "canary-key-8ac2-0123456789abcdef0123";

fn manifest(run_with: &str) -> String {
    format!(
        "apiVersion: consign/v1\nkind: Package\nmetadata: {{name: p, folder: Software Delivery}}\nspec:\n  source: \
         {{unc: '\\\\files\\p'}}\n  programs:\n    - name: Install\n      commandLine: setup.exe /S\n      runWith: \
         {run_with}\n"
    )
}

/// Runs with the password in the environment.
fn with_secret(project: &Project, arguments: &[&str]) -> Ran {
    let mut command = project.command(arguments);
    command.env("SVC_PW", CANARY);
    run(command)
}

fn account_of(server: &Server) -> Value {
    server.item("Program", "Install")["spec"]["runWith"].clone()
}

#[test]
fn pln_13_a_password_that_the_server_lacks_is_a_difference_and_is_sent() {
    let server = Server::start();
    let with = r"{account: 'CORP\svc', passwordFrom: {env: SVC_PW}}";
    let project = Project::of(&server, "", &[("p.yaml", &manifest(r"{account: 'CORP\svc'}"))]);
    // Made without one: the plan says so, with the place.
    project.run(&["plan"]).exits(0).says("PLN-13").says("delivery/p.yaml:9:26").says("passwordFrom: {env: NAME}");
    project.apply();
    assert_eq!(account_of(&server), json!({"type": "account", "account": "CORP\\svc", "passwordSet": false}));
    project.is_settled();

    project.write("delivery/p.yaml", &manifest(with));
    let text = with_secret(&project, &["plan", "--detailed-exitcode", "--out", "a.plan"]).exits(2);
    let text = text.says(r#"spec.runWith.password: no password -> from env "SVC_PW""#);
    assert!(!text.out.contains("PLN-13"), "{}", text.out);
    let drift = with_secret(&project, &["drift"]).exits(2).says(r#"from env "SVC_PW" -> no password"#);
    assert!(!drift.out.contains(CANARY));
    let stored = project.read("a.plan");
    assert!(stored.contains("spec.runWith.password") && !stored.contains(CANARY), "{stored}");
    with_secret(&project, &["apply", "a.plan"]).exits(0);
    assert_eq!(account_of(&server)["passwordSet"], true);
    with_secret(&project, &["plan", "--detailed-exitcode"]).exits(0);
    with_secret(&project, &["drift"]).exits(0);
    for journal in project.journals() {
        assert!(!std::fs::read_to_string(journal).unwrap().contains(CANARY));
    }
}

#[test]
fn pln_13_another_account_gets_its_own_password_or_none() {
    let server = Server::start();
    let of = |account: &str, from: &str| manifest(&format!(r"{{account: 'CORP\{account}'{from}}}"));
    let from = ", passwordFrom: {env: SVC_PW}";
    let project = Project::of(&server, "", &[("p.yaml", &of("one", from))]);
    with_secret(&project, &["apply", "--auto-approve"]).exits(0);
    assert_eq!(account_of(&server)["passwordSet"], true);

    project.write("delivery/p.yaml", &of("two", ""));
    let text = project.run(&["plan", "--detailed-exitcode"]).exits(2).says("PLN-13").says("program/p/Install");
    assert!(text.out.contains(r"does not keep the password of `CORP\one`"), "{}", text.out);
    project.apply();
    assert_eq!(account_of(&server), json!({"type": "account", "account": "CORP\\two", "passwordSet": false}));
    project.is_settled();

    project.write("delivery/p.yaml", &of("three", from));
    let text = with_secret(&project, &["plan", "--detailed-exitcode"]).exits(2);
    assert!(!text.out.contains("PLN-13"), "{}", text.out);
    with_secret(&project, &["apply", "--auto-approve"]).exits(0);
    assert_eq!(account_of(&server), json!({"type": "account", "account": "CORP\\three", "passwordSet": true}));
    with_secret(&project, &["plan", "--detailed-exitcode"]).exits(0);
}

/// A project whose server marks passwords, and what it says with these.
fn keyed(server: &Server, run_with: &str, more: &str) -> Project {
    let with = format!("    passwordKeyFrom: {{env: KEY}}\n{more}");
    Project::of(server, &with, &[("p.yaml", &manifest(run_with))])
}

#[track_caller]
fn with(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = project.command(arguments);
    command.envs(variables.iter().copied());
    let ran = run(command);
    let said = String::from_utf8_lossy(&ran.raw).into_owned();
    for secret in [CANARY, KEY, "canary-new", "canary-cmd"] {
        assert!(!said.contains(secret), "`{secret}` is shown:\n{said}");
    }
    ran
}

const BY_ENV: &str = r"{account: 'CORP\svc', passwordFrom: {env: SVC_PW}}";

#[test]
fn pln_13_with_a_key_a_password_that_changed_is_a_difference() {
    let server = Server::start();
    let project = keyed(&server, BY_ENV, "");
    let both = [("SVC_PW", CANARY), ("KEY", KEY)];
    with(&project, &["apply", "--auto-approve"], &both).exits(0);
    let mark = account_of(&server)["passwordMark"].as_str().unwrap().to_owned();
    assert!(mark.starts_with("v1:") && mark.len() == 67, "{mark}");
    with(&project, &["plan", "--detailed-exitcode"], &both).exits(0);
    // Rotated: seen by plan and drift, sent by apply, and then settled.
    let rotated = [("SVC_PW", "canary-new"), ("KEY", KEY)];
    let said = "spec.runWith.password: another password -> from env \"SVC_PW\"";
    with(&project, &["plan", "--detailed-exitcode", "--out", "a.plan"], &rotated).exits(2).says(said);
    with(&project, &["drift"], &rotated).exits(2).says("from env \"SVC_PW\" -> another password");
    let stored = project.read("a.plan");
    assert!(!stored.contains("canary") && !stored.contains(&mark), "the plan has neither secrets nor marks");
    with(&project, &["apply", "a.plan"], &rotated).exits(0);
    assert_ne!(account_of(&server)["passwordMark"], json!(mark));
    with(&project, &["plan", "--detailed-exitcode"], &rotated).exits(0);
    // Set by hand, without a mark.
    let program = server.item("Program", "Install");
    server.change(&program, |body| body["spec"]["runWith"]["password"] = json!("by hand"));
    let kept = account_of(&server);
    assert_eq!((&kept["passwordSet"], kept.get("passwordMark").is_some()), (&json!(true), true), "as it was sent back");
    let program = server.item("Program", "Install");
    server.change(&program, |body| {
        body["spec"]["runWith"] = json!({ "type": "account", "account": "CORP\\svc", "password": "by hand again" });
    });
    assert_eq!(account_of(&server).get("passwordMark"), None, "a new password without a mark has none");
    with(&project, &["drift"], &rotated).exits(2).says("a password without a mark");
    with(&project, &["apply", "--auto-approve"], &rotated).exits(0);
    // A change of something else keeps it, and another account has its own.
    let program = server.item("Program", "Install");
    server.change(&program, |body| body["spec"]["description"] = json!("x"));
    assert!(account_of(&server)["passwordMark"].is_string());
    let before = account_of(&server)["passwordMark"].clone();
    project.write("delivery/p.yaml", &manifest(&BY_ENV.replace("svc", "other")));
    with(&project, &["apply", "--auto-approve"], &rotated).exits(0);
    assert_ne!(account_of(&server)["passwordMark"], before, "two accounts with one password have two marks");
    // Another key is another mark.
    let other = [("SVC_PW", "canary-new"), ("KEY", "canary-key-next-0123456789abcdef0123")];
    with(&project, &["plan", "--detailed-exitcode"], &other).exits(2).says("another password");
    // Without the key in the project it is not seen, as before.
    project.replace("consign.yaml", "    passwordKeyFrom: {env: KEY}\n", "");
    with(&project, &["plan", "--detailed-exitcode"], &both).exits(0);
}

#[test]
fn pln_13_what_cannot_be_compared_is_not_taken_for_equal() {
    let server = Server::start();
    let project = keyed(&server, BY_ENV, "");
    with(&project, &["apply", "--auto-approve"], &[("SVC_PW", CANARY), ("KEY", KEY)]).exits(0);
    for (variables, why) in [
        (&[("KEY", KEY)][..], "environment variable `SVC_PW` is not set"),
        (&[("SVC_PW", CANARY)][..], "the key is not there: environment variable `KEY` is not set"),
    ] {
        // Drift that could not be looked for is not called none.
        for (arguments, code) in [(&["plan"][..], 0), (&["drift"], 7)] {
            let said = with(&project, arguments, variables).exits(code).says("PLN-13").says(why);
            assert!(said.out.contains("is still the same is not known"), "{}", said.out);
        }
    }
    // To send one, both are needed, and nothing is sent without.
    project.replace("delivery/p.yaml", "setup.exe /S", "setup.exe /Q");
    let before = server.items();
    with(&project, &["apply", "--auto-approve"], &[("SVC_PW", CANARY)]).exits(78).says("nothing was sent");
    with(&project, &["apply", "--auto-approve"], &[("KEY", KEY)]).exits(78).says("nothing was sent");
    assert_eq!(server.items(), before);
}

#[cfg(unix)]
#[test]
fn a_command_is_declared_by_the_project_and_never_by_a_manifest() {
    let server = Server::start();
    let by_name = r"{account: 'CORP\svc', passwordFrom: {secret: svc}}";
    let more =
        "secrets:\n  svc: {command: [sh, -c, 'pwd >> ROOT/ran.txt; echo noise canary-cmd >&2; echo canary-cmd']}\n";
    let project = keyed(&server, by_name, more);
    project.replace("consign.yaml", "ROOT", project.root.to_str().unwrap());
    let key = [("KEY", KEY)];
    with(&project, &["validate"], &[]).exits(0);
    assert!(!project.path("ran.txt").exists(), "validate runs nothing");
    with(&project, &["apply", "--auto-approve"], &key).exits(0);
    assert_eq!(account_of(&server)["passwordSet"], true);
    let began_in = project.read("ran.txt");
    assert!(!began_in.is_empty() && !began_in.contains(project.root.to_str().unwrap()), "nothing lies in its way");
    with(&project, &["plan", "--detailed-exitcode"], &key).exits(0);
    // The project's own program, by its path there.
    project.write("tools/secret.sh", "#!/bin/sh\necho canary-cmd\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("tools/secret.sh"), mode).unwrap();
    let (plain, rest) = (project.read("consign.yaml"), "secrets:\n  svc: {command: [tools/secret.sh]}\n");
    project.edit("consign.yaml", |text| format!("{}{rest}", &text[..text.find("secrets:").unwrap()]));
    with(&project, &["plan", "--detailed-exitcode"], &key).exits(0);
    project.write("consign.yaml", &plain);
    // A manifest has no words for a command, and a name must be declared.
    let command = r"{account: 'CORP\svc', passwordFrom: {command: [touch, evil.txt]}}";
    project.write("delivery/p.yaml", &manifest(command));
    with(&project, &["plan"], &key).exits(65);
    project.write("delivery/p.yaml", &manifest(&by_name.replace("secret: svc", "secret: svd")));
    with(&project, &["validate"], &key).exits(65).says("declares no secret `svd`").says("did you mean `svc`?");
    // One that fails, hangs up or says nothing shows nothing of what it said.
    project.write("delivery/p.yaml", &manifest(by_name).replace("/S", "/Q"));
    for (script, says) in [
        ("echo canary-cmd; echo canary-cmd >&2; exit 7", "it ended with exit status: 7"),
        ("true", "is empty"),
        ("printf 'canary-cmd\\377'", "is not UTF-8 text"),
    ] {
        project.edit("consign.yaml", |text| {
            let at = text.find("secrets:\n").unwrap();
            format!("{}secrets:\n  svc: {{command: [sh, -c, \"{}\"]}}\n", &text[..at], script.replace('\\', "\\\\"))
        });
        with(&project, &["apply", "--auto-approve"], &key).exits(78).says(says).one_message();
    }
    assert!(!project.path("evil.txt").exists());
}

#[cfg(unix)]
#[test]
fn pln_15_a_proposal_runs_nothing_and_reads_no_password() {
    let server = Server::start();
    let by_name = r"{account: 'CORP\svc', passwordFrom: {secret: svc}}";
    let project = keyed(&server, by_name, "secrets:\n  svc: {command: [cat, ROOT/vault]}\n");
    project.replace("consign.yaml", "ROOT", project.root.to_str().unwrap());
    project.write("vault", "canary-cmd\n");
    with(&project, &["apply", "--auto-approve"], &[("KEY", KEY)]).exits(0);
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        crate::world::clean(&mut command);
        let who = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
        command.current_dir(&project.root).args(who).args(arguments);
        run(command).exits(0);
    };
    project.write(".gitignore", "token\nvault\n.consign\n");
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "base"]);
    git(&["checkout", "-qb", "proposal"]);
    // Every place that takes a command, and receivers of its own.
    project.edit("consign.yaml", |text| {
        let evil = format!("{{command: [sh, -c, 'touch {}/evil.txt; echo x']}}", project.root.display());
        let text = text.replace("passwordKeyFrom: {env: KEY}", &format!("passwordKeyFrom: {evil}"));
        let text = text.replace("tokenFrom: {file: token}", &format!("tokenFrom: {evil}"));
        let at = text.find("secrets:\n").unwrap();
        format!("{}secrets:\n  svc: {evil}\ndrift:\n  notify:\n    evil: {{slack: {{urlFrom: {evil}}}}}\n", &text[..at])
    });
    git(&["commit", "-qam", "proposal"]);
    for arguments in [&["plan", "--base", "main"][..], &["plan", "--rev", "proposal", "--base", "main"]] {
        let said = with(&project, arguments, &[("KEY", KEY)])
            .exits(0)
            .says("PLN-15")
            .says("no password is read for a proposal");
        assert!(said.out.contains("secrets.svc") && said.out.contains("drift.notify.evil"), "{}", said.out);
    }
    with(&project, &["drift", "--notify"], &[("KEY", KEY), ("CONSIGN_BASE", "main")])
        .exits(7)
        .says("names no receiver");
    assert!(!project.path("evil.txt").exists(), "a proposal ran something");
    // A program of the project, which the base trusts, is the proposal's here.
    git(&["checkout", "-q", "main"]);
    let token = project.read("token");
    project.write("token.sh", &format!("#!/bin/sh\necho {token}\n"));
    project.replace("consign.yaml", "tokenFrom: {file: token}", "tokenFrom: {command: [./token.sh]}");
    git(&["add", "-A"]);
    git(&["commit", "-qm", "a program for the token"]);
    git(&["checkout", "-qb", "another"]);
    project.write("token.sh", &format!("#!/bin/sh\ntouch {}/evil.txt\n", project.root.display()));
    git(&["commit", "-qam", "another program"]);
    let refused = with(&project, &["plan", "--base", "main"], &[("KEY", KEY)]).exits(78).one_message();
    refused.says("a proposal may bring another one of that name");
    // Nor does a revision say by itself where its plan connects to, and with what.
    git(&["checkout", "-q", "main"]);
    with(&project, &["plan", "--rev", "proposal"], &[("KEY", KEY)]).exits(64).one_message().says("--base HEAD");
    assert!(!project.path("evil.txt").exists(), "a proposal ran something");
}

#[test]
fn pln_13_a_password_that_changed_since_the_review_goes_out_with_what_was_approved() {
    let server = Server::start();
    let project = keyed(&server, BY_ENV, "");
    with(&project, &["apply", "--auto-approve"], &[("SVC_PW", CANARY), ("KEY", KEY)]).exits(0);
    let mark = account_of(&server)["passwordMark"].clone();
    project.replace("delivery/p.yaml", "setup.exe /S", "setup.exe /Q");
    // A review sees no password.
    with(&project, &["plan", "--out", "approved.plan"], &[("KEY", KEY)]).exits(0).says("PLN-13");
    let rotated = [("SVC_PW", "canary-new"), ("KEY", KEY)];
    with(&project, &["apply", "approved.plan", "--replan"], &rotated).exits(0);
    assert_ne!(account_of(&server)["passwordMark"], mark);
    with(&project, &["plan", "--detailed-exitcode"], &rotated).exits(0);
    // Where it was compared, another one is more than was approved.
    project.replace("delivery/p.yaml", "setup.exe /Q", "setup.exe /R");
    with(&project, &["plan", "--out", "approved.plan"], &rotated).exits(0);
    let other = [("SVC_PW", CANARY), ("KEY", KEY)];
    with(&project, &["apply", "approved.plan", "--replan"], &other).exits(4).says("spec.runWith.password");
}

#[test]
fn pln_13_a_key_that_could_be_tried_out_is_none() {
    let server = Server::start();
    let project = keyed(&server, BY_ENV, "");
    let short = [("SVC_PW", CANARY), ("KEY", "canary-cmd")];
    with(&project, &["apply", "--auto-approve"], &short).exits(78).says("shorter than 32 bytes");
    assert_eq!(server.n("Program", "Install"), 0);
}
