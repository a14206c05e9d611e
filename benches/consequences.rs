//! What consequences cost a plan: `cargo build --release && cargo bench --bench consequences`.
//!
//! A plan over 100,000 computers, 2,000 collections, 2,000 tasks and 5 million rows of history: at most 5 s more than the
//! same plan without computers, and at most 1 GB. `CONSIGN_BENCH_COMPUTERS` sets the size; rows of history are fifty times
//! as many. Nothing here fails on a number.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark measures and prints")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

mod process;

use process::Server;
use process::peak_kib;
use process::run;

const COLLECTIONS: usize = 2_000;
const TASKS: usize = 2_000;
const SEQUENCES: usize = 50;
const WINDOWS: usize = 20;
/// A collection has one computer of so many.
const SHARE: usize = 50;

fn main() {
    let computers = std::env::var("CONSIGN_BENCH_COMPUTERS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let (project, data) = (scratch.path().join("project"), scratch.path().join("server"));
    let server = Server::start(&data, None);
    write(&project, &server.url, computers, 0);
    run(&mut server.consign(&project, &["apply", "--auto-approve"]));
    let nobody = scratch.path().join("nobody.ndjson");
    let asked = server.consign(&project, &["forecast", "--fleet-into"]).arg(&nobody).output();
    assert!(asked.is_ok() && nobody.exists(), "the server says that it knows nobody");
    let tasks = guids(&server, &project);
    drop(server);

    let fleet = scratch.path().join("fleet.ndjson");
    let rows = write_fleet(&fleet, computers, &tasks);
    let begun = Instant::now();
    let server = Server::start(&data, Some(&fleet));
    println!("{computers} computers and {rows} rows of history loaded in {:.0} s", begun.elapsed().as_secs_f64());
    write(&project, &server.url, computers, 1);
    let plan = |more: &[&str]| {
        let mut command = server.consign(&project, &["plan", "--out", "bench.plan"]);
        command.args(more);
        command
    };
    let cold = run(&mut plan(&[]));
    let with = (0..3).map(|_| run(&mut plan(&[]))).min().expect("three runs");
    let without = ["--fleet", nobody.to_str().expect("a path of ours")];
    let less = (0..3).map(|_| run(&mut plan(&without))).min().expect("three runs");
    let told = fs::read_to_string(project.join("bench.plan")).expect("plan writes it");
    let told: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    run(&mut plan(&[]));
    let full = fs::read_to_string(project.join("bench.plan")).expect("plan writes it");
    let full: serde_json::Value = serde_json::from_str(&full).expect("it is JSON");
    println!(
        "{COLLECTIONS} collections, {TASKS} tasks, {SEQUENCES} sequences; {} changes, {} consequences ({} without computers)",
        count(&full["resource_changes"]),
        count(&full["consequences"]),
        count(&told["consequences"]),
    );
    println!("endpoints: {}", full["endpoints"]);
    println!(
        "plan with computers: {:.2} s; without: {:.2} s; {:.2} s more (at most 5); the first, whose queries no server had run: {:.1} s",
        with.as_secs_f64(),
        less.as_secs_f64(),
        (with.as_secs_f64() - less.as_secs_f64()),
        cold.as_secs_f64()
    );
    match peak_kib(&mut plan(&[])) {
        Some(kib) => println!("plan with computers: {:.0} MB at its peak (at most 1,000)", kib as f64 / 1024.0),
        None => println!("plan with computers: its memory could not be read here"),
    }
}

fn count(list: &serde_json::Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// The project; `round` 1 is the one with changes.
fn write(project: &Path, url: &str, computers: usize, round: usize) {
    let delivery = project.join("delivery");
    fs::create_dir_all(&delivery).expect("a temporary directory");
    let put = |path: PathBuf, text: &str| fs::write(path, text).expect("it can be written");
    let servers = format!(
        "servers:\n  bench:\n    api: native\n    url: {url}\n    tokenFrom: {{env: CONSIGN_TOKEN}}\n    folders: [Bench]\n"
    );
    put(
        project.join("consign.yaml"),
        &format!("apiVersion: consign/v1\nkind: Project\nmanifests: [delivery]\n{servers}"),
    );
    let mut text = String::new();
    let mut item = |kind: &str, name: &str, spec: &str| {
        let _ = write!(
            text,
            "---\napiVersion: consign/v1\nkind: {kind}\nmetadata: {{name: {name}, folder: Bench}}\nspec: {spec}\n"
        );
    };
    for n in 0..10 {
        let version = if round == 1 && n == 0 { 2 } else { 1 };
        item(
            "Package",
            &format!("Package {n}"),
            &format!(
                "{{version: '{version}', source: {{unc: '\\\\files.example.com\\p{n}'}}, programs: [{{name: Install, \
                 commandLine: setup.exe /S /v{version}, maxRunTime: 30m, afterRunning: {{action: restart}}}}]}}"
            ),
        );
    }
    for n in 0..COLLECTIONS {
        // One in fifty takes in twice as many.
        let wide = if round == 1 && n % 50 == 7 { 2 } else { 1 };
        let size = computers / SHARE * wide;
        let from = n * computers / COLLECTIONS;
        item(
            "Collection",
            &format!("Group {n}"),
            &format!("{{query: {{sql: 'select Guid from vNumber where N >= {from} and N < {}'}}}}", from + size),
        );
    }
    for n in 0..TASKS {
        let run = if round == 1 && n % 100 == 3 { "{schedule: {daily: \"20:00\"}}" } else { "asSoonAsPossible" };
        item(
            "Task",
            &format!("Task {n}"),
            &format!("{{package: Package {}, program: Install, collections: [Group {n}], run: {run}}}", n % 10),
        );
    }
    for n in 0..SEQUENCES {
        let (a, b) = if round == 1 && n % 5 == 0 { (1, 0) } else { (0, 1) };
        item(
            "SequentialTask",
            &format!("Sequence {n}"),
            &format!(
                "{{collections: [Group {}], steps: [{{package: Package {a}, program: Install}}, {{package: Package {b}, program: Install}}]}}",
                n * 40
            ),
        );
    }
    for n in 0..WINDOWS {
        let hours = if round == 1 && n == 0 { 1 } else { 4 };
        item(
            "MaintenanceWindow",
            &format!("Window {n}"),
            &format!("{{collections: [Group {}], schedule: {{daily: \"22:00\"}}, duration: {hours}h}}", n * 100),
        );
    }
    put(delivery.join("all.yaml"), text.trim_start_matches("---\n"));
    put(delivery.join("folders.yaml"), "apiVersion: consign/v1\nkind: Folder\nmetadata: {name: Bench}\nspec: {}\n");
}

fn guids(server: &Server, project: &Path) -> BTreeMap<String, String> {
    run(&mut server.consign(project, &["plan"]));
    // The server's own stream, as `curl` would have it.
    let host = server.url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).expect("it listens");
    write!(stream, "GET /v1/state HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\r\n", server.token)
        .expect("it reads");
    let mut found = BTreeMap::new();
    for line in BufReader::new(stream).lines() {
        let line = line.expect("it answers");
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        if matches!(value["kind"].as_str(), Some("Task" | "SequentialTask"))
            && let (Some(name), Some(guid)) = (value["name"].as_str(), value["guid"].as_str())
        {
            found.insert(name.to_owned(), guid.to_owned());
        }
    }
    assert!(found.len() >= TASKS + SEQUENCES, "{} tasks", found.len());
    found
}

/// Computers, a number on each, and who ran what; how many rows of that.
fn write_fleet(path: &Path, computers: usize, tasks: &BTreeMap<String, String>) -> usize {
    let mut out = std::io::BufWriter::new(fs::File::create(path).expect("it can be written"));
    let zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"];
    let guid = |n: usize| format!("00000000-0000-0000-0000-{n:012x}");
    let seen = "2026-11-20T08:00:00Z";
    for n in 0..computers {
        writeln!(
            out,
            r#"{{"type":"computer","guid":"{}","name":"PC-{n:07}","domain":"CORP","zone":"{}","lastSeen":"{seen}","retired":false,"roles":[]}}"#,
            guid(n),
            zones[n % zones.len()]
        )
        .expect("it can be written");
        writeln!(out, r#"{{"type":"inventory","table":"vNumber","computer":"{}","row":{{"N":{n}}}}}"#, guid(n))
            .expect("it can be written");
    }
    let each = computers * SHARE / tasks.len();
    let mut rows = 0;
    for (place, task) in tasks.values().enumerate() {
        for k in 0..each {
            let computer = (place * 37 + k * 7) % computers;
            let success = !(place + k).is_multiple_of(20);
            writeln!(
                out,
                r#"{{"type":"execution","computer":"{}","task":"{task}","at":"2026-11-01T10:00:00Z","step":null,"code":{},"success":{success}}}"#,
                guid(computer),
                i32::from(!success)
            )
            .expect("it can be written");
            rows += 1;
        }
    }
    out.flush().expect("it can be written");
    rows
}
