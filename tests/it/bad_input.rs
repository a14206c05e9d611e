//! Bad input from servers, plan files, disks and people: one clear message, the right exit code, and nothing written
//! half. What is wrong with manifests is tried in `validate_input`.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::net::TcpListener;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::world::Fake;
use crate::world::LIMIT;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;
use crate::world::clean;
use crate::world::consign;
use crate::world::http;
use crate::world::run;
use crate::world::until;

const PILOT: &str = "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: Pilot, folder: Software Delivery}\nspec: {members: [A]}\n";

/// Every command that asks a server, as it is given.
const ASKING: [&[&str]; 5] = [
    &["plan", "--detailed-exitcode"],
    &["apply", "--auto-approve"],
    &["drift"],
    &["import", "--out", "imported"],
    &["refs", "collection/Pilot", "--server", "lab"],
];

/// A project for whatever is at an address.
fn towards(url: &str) -> Project {
    Project::at(url, "consign_0123456789", "", &[("pilot.yaml", PILOT)])
}

/// Every command fails alike, and leaves nothing behind.
#[track_caller]
fn all_fail(project: &Project, code: i32, says: &str) {
    for words in ASKING {
        let mut command = project.command(words);
        command.env("CONSIGN_HTTP_TIMEOUT", "1s");
        let begun = Instant::now();
        let ran = run(command).exits(code).one_message().says(says).says("help: ");
        assert!(begun.elapsed() < Duration::from_secs(30), "{words:?} took {:?}", begun.elapsed());
        assert_plain(&ran);
        assert!(!project.path("imported").exists(), "{words:?}");
        assert!(project.journals().is_empty(), "{words:?}");
    }
}

#[test]
fn a_server_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    all_fail(&towards(&url), 1, "connection refused");
}

#[test]
fn a_server_that_never_answers() {
    let fake = Fake::start(|_| None);
    all_fail(&towards(&fake.url), 1, "no answer in time");
}

#[test]
fn a_server_that_closes_every_connection() {
    let fake = Fake::start(|_| Some(Vec::new()));
    all_fail(&towards(&fake.url), 1, "the connection was cut");
}

#[test]
fn a_server_of_another_version() {
    let body = json!({ "instance": "3f0f6f0e-7a77-4c6e-9a53-0c8c3f9f3d11", "name": "next", "apiVersion": "2",
        "version": "9.0.0", "time": "2026-12-01T08:00:00Z", "state": "1" });
    let fake = Fake::start(move |_| Some(http("200 OK", "application/json", &body.to_string())));
    all_fail(&towards(&fake.url), 1, "speaks version 2 of the API; this program speaks 1");
}

#[test]
fn a_login_page_in_place_of_a_server() {
    let page = "<html><form>\u{1b}[2JUser name</form></html>";
    let fake = Fake::start(move |_| Some(http("200 OK", "text/html; charset=utf-8", page)));
    all_fail(&towards(&fake.url), 1, "does not follow its API");
}

#[test]
fn a_redirect_to_a_login_page_is_not_followed_with_the_token() {
    let elsewhere = Fake::start(|_| Some(http("200 OK", "text/html", "<html>")));
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {}/login\r\nContent-Length: 0\r\n\r\n", elsewhere.url);
    let fake = Fake::start(move |_| Some(answer.clone().into_bytes()));
    all_fail(&towards(&fake.url), 1, "error: ");
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
}

#[test]
fn what_a_server_says_of_itself_is_not_sent_raw_to_a_terminal() {
    let body = json!({ "instance": "3f0f6f0e-7a77-4c6e-9a53-0c8c3f9f3d11", "name": "n", "apiVersion": "\u{1b}[2J\u{202e}2",
        "version": "9", "time": "2026-12-01T08:00:00Z", "state": "1" });
    let fake = Fake::start(move |_| Some(http("200 OK", "application/json", &body.to_string())));
    all_fail(&towards(&fake.url), 1, "this program speaks 1");
    let error = json!({ "error": { "code": "forbidden\u{7}", "message": "\u{1b}]0;title\u{7}\u{9b}31m\u{2066}no" } });
    let fake = Fake::start(move |_| Some(http("403 Forbidden", "application/json", &error.to_string())));
    all_fail(&towards(&fake.url), 1, "does not allow it");
}

#[test]
fn a_wrong_token() {
    let server = Server::start();
    let before = server.audit();
    all_fail(&towards(&server.url), 78, "refused the credentials");
    assert_eq!(server.audit(), before);
    let project = towards(&server.url);
    for (from, says) in [("{env: CONSIGN_NO_SUCH}", "`CONSIGN_NO_SUCH` is not set"), ("{file: nowhere}", "nowhere")] {
        project.edit_if("consign.yaml", |text| {
            let head = text.split("    tokenFrom").next().unwrap().to_owned();
            format!("{head}    tokenFrom: {from}\n    folders: [Software Delivery]\n")
        });
        all_fail(&project, 78, says);
    }
    for broken in ["", "two\nlines"] {
        project.write("token", broken);
        project.edit_if("consign.yaml", |text| text.replace("{file: nowhere}", "{file: token}"));
        all_fail(&project, 78, "token");
    }
}

#[test]
fn a_reader_s_token_plans_the_same_and_writes_nothing() {
    let server = Server::start();
    let project = Project::of(&server, "", &[("pilot.yaml", PILOT)]);
    let plan = |project: &Project| project.run(&["plan", "--detailed-exitcode"]).exits(2).out;
    let as_administrator = plan(&project);
    let body = json!({ "name": "pull requests", "role": "reader" });
    let token = server.ask("POST", "/v1/tokens", &[], Some(&body)).is(201).json()["token"].clone();
    project.write("token", token.as_str().unwrap());
    assert_eq!(plan(&project), as_administrator);
    let before = server.audit();
    let ran = project.run(&["apply", "--auto-approve"]).one_message().says("does not allow it");
    assert!(matches!(ran.code, Some(1 | 78)), "{ran:?}");
    assert_eq!(server.audit(), before);
    assert_eq!(project.journals(), Vec::<std::path::PathBuf>::new(), "no run died: it was refused");
}

#[test]
fn a_self_signed_certificate_is_refused_and_taken_with_ca_file() {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::with(&["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let project = Project::of(&server, "", &[("pilot.yaml", PILOT)]);
    all_fail(&project, 1, "its certificate is not trusted");
    project.write("ca.pem", &made.cert.pem());
    project.edit("consign.yaml", |text| format!("{text}    caFile: ca.pem\n"));
    project.run(&["plan", "--detailed-exitcode"]).exits(2);
    project.apply();
    project.is_settled();
    for (broken, says) in [("no certificate", "holds none"), ("-----BEGIN CERTIFICATE-----\n@\n", "certificate")] {
        project.write("ca.pem", broken);
        project.run(&["plan"]).exits(78).one_message().says(says);
    }
}

#[test]
fn pln_7_a_stored_plan_deletes_nothing_for_a_project_that_does_not_prune_any_more() {
    let server = Server::start();
    let project = Project::of(&server, "    prune: true\n", &[("pilot.yaml", PILOT)]);
    project.apply();
    project.write("delivery/more.yaml", &PILOT.replace("Pilot", "More"));
    project.apply();
    fs::remove_file(project.path("delivery/more.yaml")).unwrap();
    project.run(&["plan", "--out", "a.plan", "--detailed-exitcode"]).exits(2).says("1 to delete");
    let before = server.audit();
    project.replace("consign.yaml", "prune: true", "prune: false");
    project.run(&["apply", "a.plan"]).exits(3).one_message().says("does not prune");
    project.replace("consign.yaml", "prune: false", "prune: true");
    project.replace("consign.yaml", "folders: [Software Delivery]", "folders: [Elsewhere]");
    project.run(&["apply", "a.plan"]).exits(3).one_message().says("lies outside of the folders");
    assert_eq!(server.audit(), before);
    project.replace("consign.yaml", "folders: [Elsewhere]", "folders: [Software Delivery]");
    project.run(&["apply", "a.plan"]).exits(0);
}

/// The state is lied about, cut or short each time: nothing is called absent, and nothing is written.
#[test]
fn an_answer_that_is_not_whole_is_never_taken_for_the_whole() {
    for fault in ["{lie: contentLength}", "{cut: 900}", "{cut: 0}", "{shortPage: 1}"] {
        let server = Server::with_faults(&format!("rules: [{{path: /v1/state, fault: {fault}}}]"));
        let project = Project::of(&server, "    prune: true\n", &[("pilot.yaml", PILOT)]);
        let before = server.audit();
        let plan = project.run(&["plan", "--out", "the.plan"]);
        let drift = project.run(&["drift"]);
        let applied = project.run(&["apply", "--auto-approve"]);
        let imported = project.run(&["import", "--out", "imported"]);
        for ran in [&plan, &drift, &applied, &imported] {
            // Nothing at all is an error; a part is an incomplete observation.
            assert!(matches!(ran.code, Some(1 | 7)), "{fault}: {ran:?}");
            assert!(!ran.out.contains("to delete") || ran.out.contains(" 0 to delete"), "{fault}: {ran:?}");
        }
        if plan.code == Some(7) {
            project.run(&["apply", "the.plan"]).exits(7).one_message();
        }
        assert!(!project.path("imported").exists(), "{fault}");
        assert_eq!(server.audit(), before, "{fault}");
    }
}

#[test]
fn an_answer_that_is_not_whole_once_is_asked_for_again() {
    for fault in ["{lie: contentLength}", "{cut: 900}", "{shortPage: 1}", "{status: 503}", "{drop: response}"] {
        let server = Server::with_faults(&format!("rules: [{{path: /v1/state, times: 1, fault: {fault}}}]"));
        let project = Project::of(&server, "", &[("pilot.yaml", PILOT)]);
        project.run(&["plan", "--detailed-exitcode"]).exits(2);
    }
}

/// A server, a project with a stored plan, and what was written before.
fn planned() -> (Server, Project, usize) {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    let n = server.audit().len();
    (server, project, n)
}

#[test]
fn a_plan_file_that_is_cut_edited_or_something_else_is_refused() {
    let (server, project, n) = planned();
    let whole = project.read("the.plan");
    let cuts = [0, 1, whole.len() / 4, whole.len() / 2, whole.len() - 3].map(|at| whole[..at].to_owned());
    let edits = [
        whole.replacen("/i 7z2408-x64.msi", "/i 7z2408-x65.msi", 1),
        whole.replacen("\"applyable\": true", "\"applyable\": false", 1),
        whole.replacen("\"timestamp\": \"2", "\"timestamp\": \"3", 1),
        whole.replacen("\"hash\": \"", "\"hash\": \"0", 1),
    ];
    let others = [
        "{}".to_owned(),
        "null".to_owned(),
        "[1, 2]".to_owned(),
        project.read("consign.yaml"),
        "\u{1b}[2J\u{0}".to_owned(),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        "{\"format_version\": \"1.0\", \"hash\": \"\"}".to_owned(),
        whole.replacen("\"format_version\": \"1.0\"", "\"format_version\": \"2.0\"", 1),
    ];
    for text in cuts.iter().chain(&edits).chain(&others) {
        assert_ne!(text, &whole, "each of them is another one");
        project.write("bad.plan", text);
        for command in [["apply", "bad.plan"], ["show", "bad.plan"]] {
            let ran = project.run(&command).exits(65).one_message().says("bad.plan");
            assert_plain(&ran);
        }
    }
    project.write("bad.plan", others.last().unwrap());
    project.run(&["apply", "bad.plan"]).exits(65).says("it has format 2.0; this program reads 1.0");
    fs::write(project.path("bad.plan"), [0xff, 0xfe, 0x00]).unwrap();
    project.run(&["apply", "bad.plan"]).exits(65).one_message();
    project.run(&["apply", "nowhere.plan"]).exits(1).one_message().says("nowhere.plan");
    project.run(&["apply", "delivery"]).exits(1).one_message();
    assert_eq!(server.audit().len(), n, "nothing was written, not even a lease");
    project.run(&["show", "the.plan"]).exits(0).says("Plan: 37 to add");
    project.run(&["apply", "the.plan"]).exits(0);
    project.is_settled();
}

#[test]
fn a_plan_for_another_server_is_refused() {
    let (server, project, n) = planned();
    let other = Server::start();
    let m = other.audit().len();
    // Another address under the same name.
    let project_of_other = Project::copy(&project.root);
    project_of_other.edit("consign.yaml", |text| text.replace(&server.url, &other.url));
    project_of_other.run(&["apply", "the.plan"]).exits(78).one_message().says(&other.url);
    // Another name.
    project.run(&["apply", "the.plan", "--server", "other"]).exits(78).one_message();
    assert_eq!([server.audit().len(), other.audit().len()], [n, m]);
    // Another server at the same address.
    let new = Server::in_place_of(server);
    let m = new.audit().len();
    project.write("token", &new.token);
    project.run(&["apply", "the.plan"]).exits(78).one_message().says("the plan is for server");
    assert_eq!(new.audit().len(), m);
}

#[test]
fn a_stale_plan_is_refused_and_names_what_moved() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    project.replace("delivery/packages/7-zip.yaml", "/i 7z2408-x64.msi", "/i 7z2409-x64.msi");
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    let programs = server.items().into_iter().filter(|item| item["kind"] == "Program");
    let mut touched = programs.filter(|item| item["spec"]["commandLine"].as_str().unwrap().contains("/i 7z2408"));
    server.change(&touched.next().unwrap(), |body| body["spec"]["description"] = json!("by hand"));
    let before = server.writes();
    let ran = project.run(&["apply", "the.plan"]).exits(4).one_message().says("program/7-Zip/Install");
    assert_plain(&ran);
    assert_eq!(server.writes(), before);
    assert!(server.get("/v1/leases")["lease"].is_null(), "the lease was given back");
    project.apply();
    project.is_settled();
}

#[test]
fn an_item_that_came_to_be_since_the_plan_makes_it_stale() {
    let server = Server::start();
    let project = Project::of(&server, "", &[("pilot.yaml", PILOT)]);
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    let folder = server.folder("Software Delivery");
    server.create(&json!({ "kind": "Collection", "name": "Pilot", "folder": folder, "spec": {} }));
    let before = server.writes();
    project.run(&["apply", "the.plan"]).exits(4).one_message();
    assert_eq!(server.writes(), before);
}

#[test]
fn a_plan_that_waited_too_long_is_refused() {
    let (server, project, n) = planned();
    let mut plan = consign::plan::file::read(project.read("the.plan").as_bytes()).unwrap();
    plan.expires = "2020-01-01T00:00:00Z".parse().unwrap();
    plan.hash = consign::plan::file::hash(&plan);
    project.write("old.plan", &consign::plan::file::write(&plan));
    project.run(&["apply", "old.plan"]).exits(4).one_message().says("2020-01-01");
    assert_eq!(server.audit().len(), n);
}

#[test]
fn expect_plan_hash_takes_that_plan_and_no_other() {
    let (server, project, n) = planned();
    let hash = project.run(&["show", "the.plan", "--format", "json"]).exits(0).json()["hash"].clone();
    let hash = hash.as_str().unwrap();
    let other = "0".repeat(64);
    let ran = project.run(&["apply", "the.plan", "--expect-plan-hash", &other]).exits(4).one_message().says(hash);
    assert_plain(&ran);
    assert_eq!(server.audit().len(), n);
    project.run(&["apply", "the.plan", "--expect-plan-hash", hash]).exits(0);
}

#[test]
fn somebody_else_s_lease_locks_the_server() {
    let server = Server::start();
    let project = Project::of(&server, "", &[("pilot.yaml", PILOT)]);
    let body = json!({ "holder": "\u{1b}[2Jann\u{202e}a", "ttlSeconds": 600 });
    let answer = server.ask("POST", "/v1/leases", &[], Some(&body));
    let lease = if answer.status == 201 { answer.json() } else { server.take_lease(600) };
    let before = server.audit();
    let ran = project.run(&["apply", "--auto-approve"]).exits(6).one_message().says("another apply is under way");
    assert_plain(&ran);
    assert_eq!(server.audit(), before);
    assert!(project.journals().is_empty());

    let mut child = start(&project, &["apply", "--auto-approve", "--lock-timeout", "50s"]);
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Waiting for another apply") {
        line.clear();
        assert!(talk.read_line(&mut line).unwrap() > 0, "it ended without waiting");
    }
    server.ask("DELETE", &format!("/v1/leases/{}", lease["lease"].as_str().unwrap()), &[], None).is(204);
    end(child, 0);
    project.is_settled();
}

/// Starts a command whose talk is read as it comes.
fn start(project: &Project, words: &[&str]) -> Child {
    project.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end of a command, and gives what it printed.
#[track_caller]
fn end(mut child: Child, code: i32) -> String {
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text)
    });
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(2)); // Between two looks; its end decides.
    };
    let text = reader.join().unwrap().unwrap();
    assert_eq!(status.code(), Some(code), "{text}");
    text
}

#[test]
fn two_applies_of_one_project_at_once() {
    let server = Server::with_faults("rules: [{path: /v1/items, times: 1, fault: {latencyMs: 3000}}]");
    let project = Project::of_example("tour", &server);
    let first = start(&project, &["apply", "--auto-approve", "--batch", "1"]);
    until("the first is under way", || project.n_entries(&[], "intent") > 0);
    project.run(&["apply", "--auto-approve"]).exits(6).one_message().says("another apply of this project");
    end(first, 0);
    project.is_settled();
}

#[test]
fn two_applies_of_two_projects_at_once_make_nothing_twice() {
    let server = Server::with_faults("rules: [{path: /v1/items, times: 5, fault: {latencyMs: 200}}]");
    let projects = [Project::of_example("tour", &server), Project::of_example("tour", &server)];
    let words = ["apply", "--auto-approve", "--batch", "1", "--parallelism", "1"];
    let first = start(&projects[0], &words);
    until("the first is under way", || projects[0].n_entries(&[], "intent") > 0);
    let ran = projects[1].run(&words).exits(6).one_message();
    assert_plain(&ran);
    end(first, 0);
    for project in &projects {
        project.is_settled();
    }
    assert_eq!([server.n("Task", "Install 7-Zip"), server.n("Package", "7-Zip")], [1, 1]);
}

#[test]
fn a_place_for_the_journal_that_is_none_stops_an_apply_before_its_first_request_to_write() {
    let server = Server::start();
    let project = Project::of(&server, "", &[("pilot.yaml", PILOT)]);
    let before = server.audit();
    project.write(".consign", "a file where the directory should be");
    project.run(&["apply", "--auto-approve"]).exits(1).one_message().says(".consign").says("nothing was sent");
    fs::remove_file(project.path(".consign")).unwrap();
    project.write(".consign/journal", "a file where the directory should be");
    project.run(&["apply", "--auto-approve"]).exits(1).one_message().says(".consign");
    assert_eq!(server.audit(), before);
    fs::remove_file(project.path(".consign/journal")).unwrap();
    project.apply();
}

/// Runs an apply whose files may not grow beyond so many blocks, as on a disk that is full.
fn with_room(project: &Project, blocks: u32) -> Ran {
    let mut command = Command::new("sh");
    clean(&mut command);
    // The signal is ignored, so that the write fails with an error as it does on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" apply --auto-approve --batch 1");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_consign")]).current_dir(&project.root);
    run(command)
}

#[test]
fn a_full_disk_stops_an_apply_before_it_writes() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let before = server.audit();
    let ran = with_room(&project, 0).exits(1).one_message().says("journal").says("nothing was sent");
    assert_plain(&ran);
    assert_eq!(server.audit(), before);
    project.apply();
    project.is_settled();
}

#[test]
fn a_disk_that_fills_up_in_the_middle_stops_an_apply_and_again_goes_on() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let ran = with_room(&project, 4).exits(5).says("not attempted").says("journal");
    assert!(!server.writes().is_empty(), "some of it was made: {ran:?}");
    assert!(server.get("/v1/leases")["lease"].is_null(), "the lease was given back");
    project.apply();
    project.is_settled();
    assert_eq!([server.n("Package", "7-Zip"), server.n("Task", "Install 7-Zip")], [1, 1]);
}

#[test]
fn ctrl_c_ends_an_apply_after_the_step_in_flight_and_again_goes_on() {
    let server = Server::with_faults("rules: [{path: /v1/items, after: 4, times: 1, fault: {latencyMs: 1500}}]");
    let project = Project::of_example("tour", &server);
    let words = ["apply", "--auto-approve", "--batch", "1", "--parallelism", "1", "--json-into", "report.json"];
    let child = start(&project, &words);
    until("the fifth step is under way", || project.n_entries(&[], "intent") == 5);
    let mut kill = Command::new("kill");
    clean(&mut kill);
    kill.args(["-INT", &child.id().to_string()]);
    run(kill).exits(0);
    let text = end(child, 5);
    assert!(text.contains("Stopped: it was asked to stop"), "{text}");
    assert!(text.contains("  not attempted: "), "{text}");
    let report: serde_json::Value = serde_json::from_str(&project.read("report.json")).unwrap();
    assert_eq!(report["applied"].as_array().unwrap().len(), 5, "the step in flight was made and is told");
    assert_eq!((report["failed"].clone(), report["stopped"]["stop"].clone()), (json!([]), json!("interrupted")));
    assert_eq!(report["not_attempted"].as_array().unwrap().len(), 40);
    assert_eq!(server.writes().len(), 5);
    assert!(server.get("/v1/leases")["lease"].is_null(), "the lease was given back");
    project.apply();
    project.is_settled();
}

#[test]
fn a_write_that_the_server_refuses_ends_the_apply_and_says_what_was_not_done() {
    let server = Server::with_faults("rules: [{path: /v1/items, after: 3, fault: {status: 422}}]");
    let project = Project::of_example("tour", &server);
    let ran = project.run(&["apply", "--auto-approve", "--batch", "1", "--parallelism", "1"]);
    let ran = ran.exits(5).says("was not made").says("not attempted").says("Run it again");
    assert_plain(&ran);
    assert_eq!(server.writes().len(), 3);
    let server = server.restart();
    project.write("token", &server.token);
    project.edit_if("consign.yaml", |text| {
        let at = text.find("http://").unwrap();
        let end = at + text[at..].find('\n').unwrap();
        format!("{}{}{}", &text[..at], server.url, &text[end..])
    });
    project.apply();
    project.is_settled();
}

#[test]
fn an_empty_folder_and_a_wrong_path_are_no_projects() {
    let directory = tempfile::tempdir().unwrap();
    let before = fs::read_dir(directory.path()).unwrap().count();
    for words in ASKING {
        let mut command = consign();
        command.args(words).current_dir(directory.path());
        run(command).exits(78).one_message().says("consign.yaml");
        let mut command = consign();
        command.args(["-C", "/no/such/place"]).args(words);
        let ran = run(command).one_message();
        assert!(matches!(ran.code, Some(1 | 78)), "{ran:?}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), before);
}

#[test]
fn what_the_command_line_does_not_have_exits_with_64_and_changes_nothing() {
    let server = Server::start();
    let project = Project::of(&server, "", &[("pilot.yaml", PILOT)]);
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    let before = server.audit();
    let wrong: [&[&str]; 12] = [
        &[],
        &["aply"],
        &["plan", "--no-such-flag"],
        &["apply"],
        &["apply", "--auto-approve", "--parallelism", "0"],
        &["apply", "--auto-approve", "--batch", "501"],
        &["apply", "--auto-approve", "--lock-timeout", "soon"],
        &["apply", "the.plan", "--target", "collection/Pilot"],
        &["plan", "--format", "xml"],
        &["refs"],
        &["refs", "neither address nor guid"],
        &["import"],
    ];
    for words in wrong {
        let ran = project.run(words).exits(64);
        assert!(!ran.err.contains("panicked"), "{words:?}: {}", ran.err);
    }
    project.run(&["plan", "--server", "lap"]).exits(78).one_message().says("did you mean `lab`?");
    assert_eq!(server.audit(), before);
    // A variable without the prefix changes nothing.
    let mut command = project.command(&["plan", "--detailed-exitcode"]);
    command.envs([("SERVER", "other"), ("PLAN", "x"), ("DRY_RUN", "false"), ("TOKEN", "y")]);
    run(command).exits(2);
    project.run(&["--help"]).exits(0).says("64  usage");
}

#[test]
fn drift_plan_refs_and_import_send_nothing_but_get() {
    let server = Server::start();
    Project::of_example("tour", &server).apply();
    let proxy = Fake::before(&server);
    let project = Project::of_example("tour", &server);
    project.edit("consign.yaml", |text| text.replace(&server.url, &proxy.url));
    let before = server.audit();
    project.run(&["drift"]).exits(0);
    project.run(&["plan", "--detailed-exitcode"]).exits(0);
    project.run(&["refs", "package/7-Zip", "--server", "lab"]).exits(0);
    project.run(&["import", "--out", "imported"]).exits(0);
    let seen = proxy.seen();
    assert!(seen.len() >= 8, "{seen:?}");
    assert!(seen.iter().all(|line| line.starts_with("GET /v1/")), "{seen:?}");
    assert_eq!(server.audit(), before);
    // That an apply through the same place is seen as one shows that the place sees.
    project.replace("delivery/packages/7-zip.yaml", "/i 7z2408-x64.msi", "/i 7z2409-x64.msi");
    project.apply();
    assert!(proxy.seen().iter().any(|line| line.starts_with("PUT /v1/items/")), "{:?}", proxy.seen());
}

/// What a terminal would act on: clear the screen, set the title, turn the text round, ring.
const NASTY: [&str; 6] =
    ["a\u{1b}[2Jb", "a\u{1b}]0;owned\u{7}b", "a\u{202e}b", "a\u{9b}31mb", "a\u{2066}b\u{2069}", "a\r\u{8}\u{7f}b"];

#[test]
fn what_a_manifest_says_is_refused_or_shown_visibly() {
    let server = Server::start();
    for nasty in NASTY {
        let quoted = serde_json::to_string(nasty).unwrap();
        for text in [
            PILOT.replace("name: Pilot", &format!("name: {quoted}")),
            PILOT.replace("{members: [A]}", &format!("{{description: {quoted}, members: [{quoted}]}}")),
            PILOT.replace("kind: Collection", &format!("kind: {quoted}")),
            PILOT.replace("{members: [A]}", &format!("{{limitedTo: {quoted}}}")),
            PILOT.replace("{members: [A]}", &format!("{{{quoted}: 1}}")),
            PILOT.replace("name: Pilot", &format!("name: Pi{nasty}lot")),
        ] {
            let project = Project::of(&server, "", &[("pilot.yaml", &text)]);
            for words in
                [&["validate"][..], &["plan"], &["plan", "--full"], &["drift"], &["validate", "--format", "json"]]
            {
                let ran = project.run(words);
                assert_plain(&ran);
                assert!(matches!(ran.code, Some(0 | 2 | 3 | 65)), "{words:?} of {text:?}: {ran:?}");
            }
        }
        // A file's own name.
        let project = Project::of(&server, "", &[]);
        let name = nasty.replace('/', "");
        project.write(&format!("delivery/{name}.yaml"), "apiVersion: consign/v1\nkind: Colection\n");
        let ran = project.run(&["validate"]).exits(65);
        assert_plain(&ran);
    }
}

#[test]
fn what_a_server_holds_is_shown_visibly() {
    let server = Server::start();
    let own = server.folder("Software Delivery");
    let mut taken = 0;
    for (n, nasty) in NASTY.iter().enumerate() {
        let name = format!("{nasty} {n}");
        let bodies = [
            json!({ "kind": "Collection", "name": name, "folder": own, "spec": { "members": [nasty] } }),
            json!({ "kind": "Collection", "name": format!("C{n}"), "folder": own,
                "spec": { "description": nasty, "query": { "language": "sql", "text": format!("select 1 -- {nasty}") } } }),
            json!({ "kind": "Package", "name": format!("P {name}"), "folder": own, "spec": { "publisher": nasty } }),
            json!({ "kind": "Folder", "name": format!("F {name}"), "folder": own, "spec": { "description": nasty } }),
        ];
        for body in bodies {
            let answer = server.ask("POST", "/v1/items", &[("If-None-Match", "*")], Some(&body));
            taken += usize::from(answer.status == 201);
        }
    }
    assert!(taken > 0, "the server takes none of them, and this test tests nothing");
    let declared: String =
        (0..NASTY.len()).map(|n| format!("---\n{}", PILOT.replace("name: Pilot", &format!("name: C{n}")))).collect();
    let project = Project::of(&server, "    prune: true\npolicy: {limits: {PLN-2: 1000}}\n", &[("c.yaml", &declared)]);
    let commands: [&[&str]; 5] = [
        &["plan", "--full"],
        &["plan", "--full", "--format", "json"],
        &["drift"],
        &["drift", "--format", "json"],
        &["refs", "collection/C0", "--server", "lab"],
    ];
    // No manifest can have such names, and nothing is written.
    let ran = project.run(&["import", "--out", "imported"]).exits(1).says("MAN-14");
    assert_plain(&ran);
    assert!(!project.path("imported").exists());
    for words in commands {
        let ran = project.run(words);
        assert!(matches!(ran.code, Some(0 | 2 | 3)), "{words:?}: {ran:?}");
        assert_plain(&ran);
    }
    for item in server.items() {
        let ran = project.run(&["refs", item["guid"].as_str().unwrap(), "--server", "lab"]).exits(0);
        assert_plain(&ran);
    }
    let ran = project.run(&["apply", "--auto-approve"]);
    assert_plain(&ran);
    let ran = project.run(&["refs", "collection/a\u{1b}[2J\u{202e}b", "--server", "lab"]);
    assert_plain(&ran);
    assert!(matches!(ran.code, Some(1 | 64)), "{ran:?}");
}
