//! Passwords of accounts: sent where the server has none, never seen, and never another account's.

use serde_json::Value;
use serde_json::json;

use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::run;

const CANARY: &str = "canary-5d1f";

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
