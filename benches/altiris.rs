//! What it takes to observe a large estate over the Altiris ASDK: `cargo build --release && cargo bench --bench altiris`.
//!
//! Needs `curl` and `python3` (the latter writes the project with `examples/estate/scale.py`). `CONSIGN_BENCH_PACKAGES` sets the size; 10,000
//! packages bring 20,000 programs, 10,000 tasks and 2,000 collections. Nothing here fails on a number.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark measures and prints")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

mod process;

use process::Server;
use process::peak_kib;
use process::run;

/// The folder of reports that every server of the vendor has.
const REPORTS: &str = "4d4d03c6-cb51-4502-886f-13f756198b1b";

fn main() {
    let n: usize = std::env::var("CONSIGN_BENCH_PACKAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let log = scratch.path().join("server.log");
    let server = Server::logging(&scratch.path().join("server"), &["--api", "native,asdk"], &log);
    fill(n, scratch.path(), &server);
    println!("== {n} packages, {} programs, {n} tasks, {} collections", 2 * n, n / 5);

    let project = scratch.path().join("reports");
    write(&project, &server, &format!("altiris: {{reports: {REPORTS}}}"));
    run(&mut server.consign(&project, &["probe", "--with-reports"]));
    let with = observed(&server, &project, &log, "with reports");
    println!("requests with reports: {} (at most 60)", with.requests);

    let project = scratch.path().join("methods");
    write(&project, &server, &format!("altiris: {{known: {}}}", known(&server)));
    let without = observed(&server, &project, &log, "without reports");
    println!(
        "requests without: {}; a request for each package and task, and 60, are {} ({:.2} times)",
        without.requests,
        2 * n + 60,
        without.requests as f64 / (2 * n + 60) as f64
    );
}

/// What an observation took.
struct Observed {
    requests: usize,
}

/// Imports what the server holds, plans it, and tells what both took.
fn observed(server: &Server, project: &Path, log: &Path, how: &str) -> Observed {
    let (before, writes) = (answered(log), audited(server));
    let import = run(&mut server.consign(project, &["import", "--server", "ns", "--out", "delivery"]));
    let requests = answered(log) - before;
    let plan = ["plan", "--detailed-exitcode"];
    let took = (0..3).map(|_| run(&mut server.consign(project, &plan))).min().expect("three runs");
    let peak = peak_kib(&mut server.consign(project, &plan)).unwrap_or_default();
    println!(
        "{how}: import {:.1} s, no-op plan {:.1} s with {:.0} MB at most (500); {} writes (0)",
        seconds(import),
        seconds(took),
        peak as f64 * 1024.0 / 1e6,
        audited(server) - writes
    );
    Observed { requests }
}

fn seconds(took: Duration) -> f64 {
    took.as_secs_f64()
}

/// How many requests the server has answered, by its log.
fn answered(log: &Path) -> usize {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().filter(|line| line.contains("answered") && line.contains("/Altiris/")).count()
}

/// How many writes the server has made: the number of the last row of its audit.
fn audited(server: &Server) -> u64 {
    let (mut after, mut rows) = (0, 0);
    loop {
        let page = get(server, &format!("/v1/audit?after={after}&limit=1000"));
        rows += page["entries"].as_array().map_or(0, Vec::len) as u64;
        match page["next"].as_u64().or_else(|| page["next"].as_str()?.parse().ok()) {
            Some(next) => after = next,
            None => return rows,
        }
    }
}

/// What the server answers by its own API.
fn get(server: &Server, path: &str) -> serde_json::Value {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--header"])
        .arg(format!("Authorization: Bearer {}", server.token))
        .arg(format!("{}{path}", server.url))
        .output()
        .expect("it needs curl");
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it answers with JSON")
}

/// Gives the server an estate, by its own API. Its tasks start by hand, at once or daily: no other schedule is documented.
fn fill(packages: usize, scratch: &Path, server: &Server) {
    let project = scratch.join("estate");
    let made = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/estate/scale.py"))
        .args(["--packages", &packages.to_string(), "--out"])
        .arg(&project)
        .stdout(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "scale.py needs python3");
    for entry in fs::read_dir(project.join("delivery")).expect("it was written") {
        let path = entry.expect("it was written").path();
        if path.to_string_lossy().contains("sequence") {
            fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)).expect("it is ours");
        }
    }
    daily(&project.join("delivery/packages"));
    let file = project.join("consign.yaml");
    let text = fs::read_to_string(&file).expect("scale.py writes it");
    fs::write(&file, text.replace("http://127.0.0.1:7450", &server.url)).expect("it can be written");
    run(&mut server.consign(&project, &["apply", "--auto-approve"]));
}

/// Puts a daily schedule in the place of weekly and monthly ones.
fn daily(directory: &Path) {
    for entry in fs::read_dir(directory).expect("it was written") {
        let path = entry.expect("it was written").path();
        if path.is_dir() {
            daily(&path);
            continue;
        }
        let text = fs::read_to_string(&path).expect("manifests are UTF-8");
        let line =
            |line: &str| match line.starts_with("  run: ") && (line.contains("weekly") || line.contains("monthly")) {
                true => "  run: {schedule: {daily: \"17:00\"}}\n".to_owned(),
                false => format!("{line}\n"),
            };
        fs::write(&path, text.lines().map(line).collect::<String>()).expect("it can be written");
    }
}

/// A project of the same server, by the ASDK.
fn write(project: &Path, server: &Server, altiris: &str) {
    fs::create_dir_all(project.join("delivery")).expect("it can be made");
    let text = format!(
        "apiVersion: consign/v1\nkind: Project\nmanifests: [delivery]\nservers:\n  ns:\n    api: altiris\n    \
         url: {}/Altiris\n    tokenFrom: {{env: CONSIGN_TOKEN}}\n    folders: [Software Delivery]\n    {altiris}\n",
        server.url
    );
    fs::write(project.join("consign.yaml"), text).expect("it can be written");
}

/// One item of each kind, as the server shows it by its own API.
fn known(server: &Server) -> String {
    let one = |kind: &str| {
        let found = get(server, &format!("/v1/items?kind={kind}"));
        let items = found["items"].as_array().expect("it lists items");
        let ours = items.iter().find(|item| item["attributes"].as_array().is_some_and(Vec::is_empty));
        ours.and_then(|item| item["guid"].as_str()).expect("there is one").to_owned()
    };
    format!("{{package: {}, task: {}, collection: {}}}", one("Package"), one("Task"), one("Collection"))
}
