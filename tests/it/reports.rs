//! Reports for pipelines when a command fails: whoever reads them finds what happened, and never an old report.

use serde_json::Value;

use crate::world::Project;
use crate::world::Server;

/// Runs a command twice over: with its report into a file, and on standard output.
#[track_caller]
fn fails(project: &Project, arguments: &[&str], code: i32, name: &str) -> Value {
    project.write("report.json", "an old one");
    let into = [arguments, &["--json-into", "report.json"]].concat();
    let ran = project.run(&into).exits(code);
    let stored: Value = serde_json::from_str(&project.read("report.json"))
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", project.read("report.json"), ran.err));
    let shown = project.run(&[arguments, &["--format", "json"]].concat()).exits(code).json();
    for report in [&stored, &shown] {
        assert_eq!(report["errored"], true, "{report}");
        assert_eq!(report["exit"]["code"], code, "{report}");
        assert_eq!(report["exit"]["name"], name, "{report}");
        assert!(report["format_version"].is_string() && !report["message"].as_str().unwrap().is_empty(), "{report}");
    }
    stored
}

#[test]
fn a_server_that_is_down_is_reported() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    drop(server);
    for command in [&["plan"][..], &["drift"], &["apply", "--auto-approve"]] {
        let report = fails(&project, command, 1, "error");
        assert!(report["message"].as_str().unwrap().contains("gave no answer"), "{report}");
        assert!(report["help"].as_str().unwrap().contains("is it running"), "{report}");
    }
    project.write("delivery/broken.yaml", "kind: [");
    for command in [&["plan"][..], &["drift"], &["apply", "--auto-approve"]] {
        fails(&project, command, 65, "bad_data");
    }
}

#[test]
fn a_stale_a_locked_and_a_blocked_apply_are_reported() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    server.folder("Software Delivery");
    fails(&project, &["apply", "the.plan"], 4, "stale");
    fails(&project, &["apply", "the.plan", "--expect-plan-hash", "other"], 4, "stale");
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    server.take_lease(60);
    let locked = fails(&project, &["apply", "the.plan"], 6, "locked");
    assert!(locked["message"].as_str().unwrap().contains("another apply"), "{locked}");

    let mut plan = consign::plan::file::read(project.read("the.plan").as_bytes()).unwrap();
    plan.applyable = false;
    plan.complete = false;
    plan.hash = consign::plan::file::hash(&plan);
    project.write("part.plan", &consign::plan::file::write(&plan));
    fails(&project, &["apply", "part.plan"], 7, "incomplete");
    plan.complete = true;
    plan.findings.push(consign::plan::Finding {
        rule: "PLN-4".to_owned(),
        severity: consign::model::project::Severity::Error,
        subject: "task/A".to_owned(),
        message: "two are called so".to_owned(),
        help: "say which".to_owned(),
    });
    plan.hash = consign::plan::file::hash(&plan);
    project.write("blocked.plan", &consign::plan::file::write(&plan));
    let blocked = fails(&project, &["apply", "blocked.plan"], 3, "blocked");
    assert_eq!(blocked["findings"][0]["message"], "two are called so", "it says what blocks it: {blocked}");
}

/// The flags that write a report of each format, with the file each writes.
const INTO: &[(&str, &str)] = &[
    ("--text-into", "r.txt"),
    ("--json-into", "r.json"),
    ("--markdown-into", "r.md"),
    ("--html-into", "r.html"),
    ("--sarif-into", "r.sarif"),
    ("--junit-into", "r.xml"),
    ("--github-into", "r.github"),
    ("--gitlab-into", "r.gitlab.json"),
    ("--gitlab-plan-into", "r.plan.json"),
    ("--azure-into", "r.azure"),
];

fn with_all<'a>(command: &[&'a str]) -> Vec<&'a str> {
    command.iter().copied().chain(INTO.iter().flat_map(|(flag, file)| [*flag, *file])).collect()
}

#[test]
fn every_command_writes_every_report_and_keeps_its_exit_code() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    for (command, code) in [
        (&["validate"][..], 0),
        (&["plan", "--detailed-exitcode"], 2),
        (&["show", "the.plan"], 0),
        (&["drift"], 2),
        (&["apply", "the.plan"], 0),
        (&["plan", "--detailed-exitcode"], 0),
    ] {
        INTO.iter().for_each(|(_, file)| project.write(file, "an old one"));
        project.run(&with_all(command)).exits(code);
        for (flag, file) in INTO {
            let text = project.read(file);
            assert!(text != "an old one" && text.ends_with('\n'), "{command:?} {flag}: {text:.200}");
        }
        let widget: Value = serde_json::from_str(&project.read("r.plan.json")).unwrap();
        assert!(["create", "update", "delete"].iter().all(|name| widget[name].is_u64()), "{widget}");
    }
}

#[test]
fn findings_reach_every_report_of_a_plan_that_came_to_nothing() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.write(
        "delivery/bad.yaml",
        "apiVersion: consign/v1\nkind: Task\nmetadata: {name: UnfitTask}\nspec: {wrong: 1}\n",
    );
    std::fs::create_dir(project.path(".git")).unwrap();
    for command in [&["plan"][..], &["drift"], &["validate"], &["apply", "--auto-approve"]] {
        INTO.iter().for_each(|(_, file)| project.write(file, "an old one"));
        project.run(&with_all(command)).exits(65);
        for (flag, file) in INTO.iter().filter(|(flag, _)| *flag != "--gitlab-plan-into") {
            let text = project.read(file);
            assert!(text.contains("delivery/bad.yaml") && text.contains("wrong"), "{command:?} {flag}\n{text}");
        }
    }
    let lines = project.read("r.github");
    assert!(lines.contains("::error file=delivery/bad.yaml,line=4,"), "{lines}");
    assert!(
        project.read("r.azure").contains("##vso[task.logissue type=error;sourcepath=delivery/bad.yaml;linenumber=4;")
    );
}

/// What `xmllint` says against a report by the schema of JUnit; `None`, and a line that says so, where there is none.
fn xmllint(project: &Project, name: &str) -> Option<String> {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/schemas/junit-10.xsd");
    let mut command = std::process::Command::new("xmllint");
    command.args(["--noout", "--nonet", "--schema", schema]).arg(project.path(name));
    match command.output() {
        Ok(output) if output.status.success() => Some(String::new()),
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(_) => {
            println!("skipped: no xmllint is installed, so JUnit was held to its schema by our own reader alone");
            None
        }
    }
}

#[test]
fn junit_follows_its_schema_by_libxml_as_well() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.write("wrong.xml", "<testsuites><testsuite name='a'/></testsuites>");
    let Some(wrong) = xmllint(&project, "wrong.xml") else { return };
    assert!(wrong.contains("required but missing"), "the validator finds what is wrong: {wrong}");
    project.run(&["plan", "--out", "the.plan"]).exits(0);
    let ask = |command: &[&str], code: i32| {
        project.write("r.xml", "");
        project.run(&[command, &["--junit-into", "r.xml"]].concat()).exits(code);
        assert_eq!(xmllint(&project, "r.xml").unwrap(), "", "{command:?}\n{}", project.read("r.xml"));
    };
    for command in [&["validate"][..], &["plan"], &["show", "the.plan"], &["apply", "the.plan"], &["plan"]] {
        ask(command, 0);
    }
    project.edit("delivery/tasks/tools.yaml", |text| text.replace("17:00", "18:00"));
    ask(&["drift"], 2);
    project.write("delivery/broken.yaml", "kind: [");
    for command in [&["plan"][..], &["validate"], &["drift"]] {
        ask(command, 65);
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_changes_no_exit_code() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let ran = project.run(&["plan", "--detailed-exitcode", "--sarif-into", "no/such/directory/r.sarif"]);
    ran.exits(2).says("warning: a report was not written: ");
}

#[test]
fn a_change_is_told_where_its_manifest_stands() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    std::fs::create_dir(project.root.parent().unwrap().join(".git")).unwrap();
    let ran = project.run(&["plan", "--format", "gitlab"]).exits(0);
    let report = ran.json();
    // Each in the file that declares it, however these are sorted.
    for (name, file) in [
        ("sequence/New desktop: ", "project/delivery/sequences/new-desktop.yaml"),
        ("task/Install 7-Zip: ", "project/delivery/tasks/tools.yaml"),
        ("collection/Pilot: ", "project/delivery/collections/computers.yaml"),
        ("program/ClamAV/Install: ", "project/delivery/packages/antivirus.yaml"),
        ("window/Evening: ", "project/delivery/windows.yaml"),
    ] {
        let is_it = |one: &&Value| {
            let text = one["description"].as_str().unwrap();
            text.starts_with(name) && one["check_name"] == "change/create"
        };
        let change = report.as_array().unwrap().iter().find(is_it).unwrap();
        let path = change["location"]["path"].as_str().unwrap();
        assert_eq!(path, file);
        let line = usize::try_from(change["location"]["lines"]["begin"].as_u64().unwrap()).unwrap();
        let text = project.read(path.strip_prefix("project/").unwrap());
        let (_, last) = name.trim_end_matches(": ").rsplit_once('/').unwrap();
        assert!(text.lines().nth(line - 1).unwrap().contains(last), "{path}:{line} is not `{name}`");
    }
    // A folder is made as needed, and stands in no manifest.
    for change in report.as_array().unwrap().iter().filter(|one| one["check_name"] == "change/create") {
        let path = change["location"]["path"].as_str().unwrap();
        let is_anywhere =
            path.starts_with("project/delivery/") && change["location"]["lines"]["begin"].as_u64() > Some(1);
        assert!(is_anywhere || path == "project/consign.yaml", "the repository's own name of the file: {change}");
    }
    let names: Vec<&str> = report.as_array().unwrap().iter().filter_map(|one| one["fingerprint"].as_str()).collect();
    let distinct: std::collections::BTreeSet<&&str> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn github_s_step_gets_its_summary_and_its_outputs() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.write("summary.md", "before\n");
    let mut command = project.command(&["plan", "--format", "github"]);
    command.env("GITHUB_STEP_SUMMARY", project.path("summary.md")).env("GITHUB_OUTPUT", project.path("outputs"));
    let ran = crate::world::run(command).exits(0);
    assert!(ran.out.contains("::group::The rest\n") && ran.out.contains("Plan: "), "{}", ran.out);
    let summary = project.read("summary.md");
    assert!(summary.starts_with("before\n<!-- consign:plan server="), "{summary:.200}");
    let outputs = project.read("outputs");
    assert!(outputs.contains("exit-code<<consign_") && outputs.contains("\n0\n"), "{outputs}");
}

#[test]
fn azure_gets_a_summary_by_its_whole_path() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let mut command = project.command(&["plan", "--format", "azure"]);
    command.env("AGENT_TEMPDIRECTORY", &project.root);
    let ran = crate::world::run(command).exits(0);
    let line = ran.out.lines().find_map(|line| line.strip_prefix("##vso[task.uploadsummary]")).expect("a summary");
    let path = line.replace("%AZP25", "%");
    assert!(std::path::Path::new(&path).is_absolute() && path.ends_with(".md"), "{path}");
    assert!(std::fs::read_to_string(&path).unwrap().contains("### consign plan: "));
    assert!(ran.out.contains("##vso[task.setvariable variable=consign_add;isOutput=true]"), "{}", ran.out);
}

#[test]
fn a_pipeline_s_log_has_no_progress_and_no_colour() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let ran = project.run(&["apply", "--auto-approve"]).exits(0);
    assert!(!ran.err.contains("Applying") && !ran.raw.contains(&0x1b), "{}", ran.err);
    let mut command = project.command(&["plan"]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(crate::world::run(command).exits(0).raw.contains(&0x1b));
}
