//! The figures that the project is held to, as ratios in one run: `cargo build --release && cargo bench --bench figures`.
//!
//! Needs `python3` (it writes the project with `examples/estate/scale.py`). `CONSIGN_BENCH_PACKAGES` sets the size; 10,000
//! packages bring 20,000 programs, 10,000 tasks, 500 sequences and 2,000 collections. Nothing here fails on a number.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark measures and prints")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

mod process;

use process::Server;
use process::binary;
use process::peak_kib;
use process::run;

fn main() {
    let n = std::env::var("CONSIGN_BENCH_PACKAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let once = estate(n);
    println!("\n== twice the objects");
    let twice = estate(2 * n);
    println!("no-op plan, {} against {n} packages: {:.2} times (at most 2.2)", 2 * n, ratio(twice, once));
    println!("\n== small things");
    let help = median(21, || run(Command::new(binary()).arg("--help")));
    println!("consign --help: {:.1} ms (under 30)", ms(help));
    let tour = root().join("examples/tour");
    let validate = median(21, || run(Command::new(binary()).args(["validate", "-C"]).arg(&tour)));
    println!("consign validate, {} files: {:.1} ms (under 30)", texts(&tour).len(), ms(validate));
    revisions(n);
    reports(5_000);
    terraform(n, once);
}

/// The difference of two revisions of a project of so many packages that differ in ten files.
fn revisions(packages: usize) {
    println!("\n== two revisions");
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let project = scratch.path().join("project");
    scaled(packages, &project);
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "gc.auto=0",
                "-c",
                "maintenance.auto=false",
            ])
            .args(words)
            .current_dir(&project);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").stdout(Stdio::null());
        assert!(command.status().is_ok_and(|status| status.success()), "git {words:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "one"]);
    let files = paths(&project.join("delivery/packages"));
    for file in files.iter().step_by((files.len() / 10).max(1)).take(10) {
        let text = fs::read_to_string(file).expect("manifests are UTF-8");
        fs::write(file, text.replacen("commandLine: ", "commandLine: x ", 1)).expect("it can be written");
    }
    git(&["commit", "--quiet", "--all", "-m", "two"]);
    git(&["gc", "--quiet"]); // As a clone has it.
    let cache = scratch.path().join("cache");
    let diff = |keep: bool| {
        if !keep {
            drop(fs::remove_dir_all(&cache));
        }
        let words = ["diff", "--from", "HEAD~1", "--to", "HEAD", "--cache-dir"];
        run(Command::new(binary()).args(words).arg(&cache).current_dir(&project))
    };
    let cold = median(5, || diff(false));
    let warm = median(11, || diff(true));
    println!(
        "consign diff, {} files of which 10 differ: {:.0} ms cold, {:.0} ms warm (under 500); ratio {:.2} (at most 0.25)",
        files.len(),
        ms(cold),
        ms(warm),
        ratio(warm, cold)
    );
}

/// The reports of a plan that changes the command lines of so many programs.
fn reports(programs: usize) {
    println!("\n== reports of a plan with {programs} changes");
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let project = scratch.path().join("project");
    scaled(programs / 2, &project);
    let server = Server::start(&scratch.path().join("server"), None);
    let file = project.join("consign.yaml");
    let text = fs::read_to_string(&file).expect("scale.py writes it");
    fs::write(&file, text.replace("http://127.0.0.1:7450", &server.url)).expect("it can be written");
    let consign = |words: &[&str]| {
        let mut command = Command::new(binary());
        command.args(words).current_dir(&project).env("CONSIGN_TOKEN", &server.token);
        command
    };
    run(&mut consign(&["apply", "--auto-approve"]));
    for file in paths(&project.join("delivery/packages")) {
        let text = fs::read_to_string(&file).expect("manifests are UTF-8");
        fs::write(&file, text.replace("commandLine: ", "commandLine: x ")).expect("it can be written");
    }
    run(&mut consign(&["plan", "--out", "plan.json"]));
    let plan = fs::read_to_string(project.join("plan.json")).expect("it was written");
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("it is JSON");
    let n = plan["resource_changes"].as_array().map_or(0, Vec::len);
    let words = ["show", "plan.json", "--html-into", "plan.html", "--markdown-into", "plan.md"];
    let took = median(3, || run(&mut consign(&words)));
    let page = project.join("plan.html");
    let bytes = fs::metadata(&page).expect("it was written").len();
    println!("consign show, {n} changes, as text, HTML and Markdown: {:.0} ms", ms(took));
    println!("HTML: {:.2} MB (under 5)", bytes as f64 / 1e6);
    let comment = fs::read_to_string(project.join("plan.md")).expect("it was written");
    println!("Markdown: {} characters (under 65,536)", comment.encode_utf16().count());
    match usable(scratch.path(), &page, n) {
        Some(took) => println!("HTML in Chromium: usable {:.0} ms after an empty page is (under 2,000)", ms(took)),
        None => println!("HTML in Chromium: there is none here that shows it: not measured"),
    }
}

/// How much later than an empty page Chromium has a page whose script says that all entries are shown.
fn usable(scratch: &Path, page: &Path, entries: usize) -> Option<Duration> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        let asked = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    })?;
    let empty = scratch.join("empty.html");
    fs::write(&empty, "<!doctype html><title>empty</title>").expect("it can be written");
    let open = |page: &Path| {
        let mut command = Command::new(browser);
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        command.arg(format!("--user-data-dir={}", scratch.join("profile").display()));
        command.arg("--dump-dom").arg(format!("file://{}", page.display())).stderr(Stdio::null());
        let begun = Instant::now();
        let output = command.output().ok()?;
        Some((begun.elapsed(), String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    open(&empty)?; // Its profile is made.
    let (_, shown) = open(page)?;
    let said = shown.split("<output ").nth(1)?.split_once('>')?.1.split_once('<')?.0.replace(',', "");
    let number = |word: Option<&str>| word?.parse::<usize>().ok();
    let mut words = said.split(' ');
    let (first, of) = (number(words.next()), number(words.nth(1)));
    if first.is_none() || first != of || first < Some(entries) {
        return None;
    }
    let took = |page: &Path| median(5, || open(page).map_or(Duration::ZERO, |(took, _)| took));
    Some(took(page).saturating_sub(took(&empty)))
}

/// Writes a project of so many packages.
fn scaled(packages: usize, project: &Path) {
    let made = Command::new("python3")
        .arg(root().join("examples/estate/scale.py"))
        .args(["--packages", &packages.to_string(), "--out"])
        .arg(project)
        .stdout(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "scale.py needs python3");
}

/// Measures a project of so many packages; returns the time of its no-op plan.
fn estate(packages: usize) -> Duration {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let project = scratch.path().join("project");
    scaled(packages, &project);
    let server = Server::start(&scratch.path().join("server"), None);
    let file = project.join("consign.yaml");
    let text = fs::read_to_string(&file).expect("scale.py writes it");
    fs::write(&file, text.replace("http://127.0.0.1:7450", &server.url)).expect("it can be written");
    let consign = |words: &[&str]| server.consign(&project, words);
    println!("== {packages} packages, and what belongs to them");
    let report = scratch.path().join("report.json");
    let report = report.to_str().expect("a path of ours");
    let apply = ["apply", "--auto-approve", "--format", "json", "--json-into", report];
    let first = run(&mut consign(&apply));
    println!(
        "apply to an empty server: {:.1} s, {} writes sent (10,000 packages: at most 30 s)",
        first.as_secs_f64(),
        writes(report)
    );
    run(&mut consign(&apply));
    println!("second apply: {} writes sent (0)", writes(report));
    let plan = (0..5).map(|_| run(&mut consign(&["plan"]))).min().expect("five runs");
    let texts = texts(&project.join("delivery"));
    let bytes: usize = texts.iter().map(String::len).sum();
    let parse = (0..5).map(|_| parse(&texts)).min().expect("five runs");
    println!(
        "no-op plan: {:.0} ms; serde_yaml on one thread, {} files, {:.1} MB: {:.0} ms; ratio {:.2} (at most 2)",
        ms(plan),
        texts.len(),
        bytes as f64 / 1e6,
        ms(parse),
        ratio(plan, parse)
    );
    match peak_kib(&mut consign(&["plan"])) {
        Some(kib) => println!("no-op plan: {:.0} MB at its peak (at most 400)", kib as f64 / 1024.0),
        None => println!("no-op plan: its memory could not be read here"),
    }
    plan
}

/// As many `terraform_data` resources, where there is a `terraform`: its no-op plan, scaled from a smaller number.
fn terraform(packages: usize, plan: Duration) {
    if Command::new("terraform").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("\nno `terraform` on the PATH: not compared");
        return;
    }
    println!("\n== terraform");
    let n = 500;
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let text: String =
        (0..n).map(|i| format!("resource \"terraform_data\" \"r{i}\" {{\n  input = \"value {i}\"\n}}\n")).collect();
    fs::write(scratch.path().join("main.tf"), text).expect("it can be written");
    let terraform = |words: &[&str]| {
        let mut command = Command::new("terraform");
        command.args(words).current_dir(scratch.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !terraform(&["init"]) || !terraform(&["apply", "-auto-approve"]) {
        println!("it did not run here: not compared");
        return;
    }
    let begun = Instant::now();
    terraform(&["plan"]);
    let theirs = begun.elapsed();
    let objects = packages * 4 + packages / 4;
    let scaled = theirs.as_secs_f64() * objects as f64 / f64::from(n);
    println!(
        "no-op plan of {n} resources: {:.2} s; scaled by number to {objects}: {scaled:.1} s; ours is 1/{:.0} of that (at most 1/30)",
        theirs.as_secs_f64(),
        scaled / plan.as_secs_f64()
    );
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn texts(directory: &Path) -> Vec<String> {
    paths(directory).iter().map(|path| fs::read_to_string(path).expect("manifests are UTF-8")).collect()
}

/// The manifests below a directory.
fn paths(directory: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory of the project") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            out.extend(paths(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            out.push(path);
        }
    }
    out.sort();
    out
}

fn parse(texts: &[String]) -> Duration {
    let begun = Instant::now();
    for text in texts {
        for document in serde_yaml::Deserializer::from_str(text) {
            let value: serde_yaml::Value = serde::Deserialize::deserialize(document).expect("it is YAML");
            std::hint::black_box(value);
        }
    }
    begun.elapsed()
}

fn writes(report: &str) -> String {
    let text = fs::read_to_string(report).expect("apply writes it");
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    value["writes_sent"].to_string()
}

fn median(n: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..n).map(|_| measure()).collect();
    all.sort();
    all[n / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
