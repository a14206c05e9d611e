//! `consign demo`: the tour in one command, against a server inside this process.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use clap::Parser;
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::cli::args::Cli;
use crate::cli::args::DemoArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::sample;
use crate::server;
use crate::server::ServeOptions;
use crate::sys::clock::Clock;
use crate::sys::clock::Stopwatch;
use crate::sys::clock::SystemClock;
use crate::sys::disk;
use crate::sys::files;

/// The tour's files, as they stand in `examples/tour`.
const TOUR: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/tour.rs"));

/// The file that the tour changes, and the two steps that change places in it.
const SEQUENCE: &str = "delivery/sequences/new-desktop.yaml";

/// Runs it.
pub fn run(context: &Context, args: &DemoArgs) -> Outcome {
    let scratch = disk::TemporaryDirectory::new("consign-demo").map_err(|e| Failure::from_error(exit::ERROR, &e))?;
    let place = match &args.keep {
        Some(directory) => context.directory.join(directory),
        None => scratch.path().to_owned(),
    };
    if args.keep.is_some() && !disk::is_empty_directory(&place).map_err(|e| Failure::from_error(exit::ERROR, &e))? {
        return Err(Failure::new(exit::ERROR, format!("`{place}` is not empty")).help("nothing was written"));
    }
    let clock = Arc::new(DemoClock::new());
    let seed = seed_fleet(&place)?;
    let server = Server::start(&place.join("server"), seed, clock.clone())?;
    let project = place.join("project");
    write_project(&project, &server.url)?;
    let result = tour(context, &project, &clock);
    server.stop();
    if args.keep.is_some() {
        context.talk(&format!("Kept in `{place}`: `project`, and `server` for `consign serve --data`.\n"));
    }
    result
}

/// How many computers the demo has, and what they follow from.
const COMPUTERS: u32 = 250;
const SEED: u64 = 7;
/// When it plays: a Monday, so that its numbers are the same each time.
const BEGIN: &str = "2026-12-07T08:00:00Z";
const ZONE: &str = "Europe/Zurich";

/// The clock of the demo's server: it goes on from [`BEGIN`], and leaps when computers lived ahead of it.
struct DemoClock {
    begin: Timestamp,
    started: Stopwatch,
    ahead_hours: AtomicI64,
}

impl DemoClock {
    fn new() -> Self {
        let begin = BEGIN.parse().expect("a fixed date");
        Self { begin, started: Stopwatch::start(), ahead_hours: AtomicI64::new(0) }
    }

    fn a_week_goes_by(&self) {
        self.ahead_hours.fetch_add(7 * 24, Ordering::SeqCst);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_hours(self.ahead_hours.load(Ordering::SeqCst));
        let elapsed = SignedDuration::try_from(self.started.elapsed()).unwrap_or_default();
        self.begin.saturating_add(ahead + elapsed).unwrap_or(self.begin)
    }
}

/// Writes the computers that the server starts with.
fn seed_fleet(place: &Utf8Path) -> Result<Utf8PathBuf, Failure> {
    let path = place.join("computers.ndjson");
    let fleet = sample::Fleet::new(COMPUTERS, SEED, BEGIN.parse().expect("a fixed date"));
    let mut text = String::new();
    let written: Result<(), Infallible> = sample::lines(&fleet, |line| {
        text.push_str(line);
        Ok(())
    });
    let Ok(()) = written;
    disk::write_tree(place, &[(Utf8PathBuf::from("computers.ndjson"), text)])
        .map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    Ok(path)
}

/// The tour's commands, each printed before it runs.
fn tour(context: &Context, project: &Utf8Path, clock: &DemoClock) -> Outcome {
    say(
        context,
        "A delivery server runs inside this process, without any item. It knows 250 made-up computers, and its clock \
         stands at Monday, 7 December 2026. The project is `examples/tour`.",
    );
    step(context, project, &["validate"], exit::OK)?;
    say(context, "What would change on the server, and what would the computers do?");
    step(context, project, &["plan", "--detailed-exitcode"], exit::CHANGES)?;
    say(context, "Make it so. New tasks are made switched off and for nobody, and enabled last.");
    step(context, project, &["apply", "--auto-approve"], exit::OK)?;
    say(context, "The same plan again: nothing to do, and nothing is sent.");
    step(context, project, &["plan", "--detailed-exitcode"], exit::OK)?;
    say(context, "The computers live for a week, in seconds: they ask for their policy, download, run and report.");
    step(context, project, &["agents", "--days", "7", "--every", "7d"], exit::OK)?;
    clock.a_week_goes_by();
    say(context, "A change: two steps of a sequential task change places.");
    reorder(project)?;
    step(context, project, &["plan", "--detailed-exitcode"], exit::BLOCKED)?;
    say(
        context,
        "Blocked: a reordered sequence gets a new GUID, and everyone who ran it runs all of it again (SEQ-1): more \
         computers than `policy.limits` lets pass unseen. Its owners accept that in the manifest, up to a number and \
         a day, where it is reviewed.",
    );
    acknowledge(project)?;
    step(context, project, &["plan", "--out", "change.plan"], exit::OK)?;
    say(context, "What will the computers do in the week after it? What is known of them now is kept.");
    let words = ["forecast", "--plan", "change.plan", "--days", "7", "--fleet-into", "before.ndjson"];
    step(context, project, &words, exit::OK)?;
    step(context, project, &["apply", "change.plan"], exit::OK)?;
    say(context, "And an empty plan after it.");
    step(context, project, &["plan", "--detailed-exitcode"], exit::OK)?;
    say(context, "The week goes by, and what the computers did is held against what was predicted.");
    step(context, project, &["agents", "--days", "7", "--every", "7d", "--fleet", "before.ndjson"], exit::OK)?;
    clock.a_week_goes_by();
    let words = ["forecast", "--compare", "--since", "before.ndjson", "--days", "7"];
    step(context, project, &words, exit::OK)?;
    step(context, project, &["drift"], exit::OK)
}

fn say(context: &Context, text: &str) {
    // The tour is data: it is what this command prints.
    let _ = context.out(&format!("\n{}\n", wrapped(text)));
}

/// A text as remarks of at most 100 characters a line.
fn wrapped(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is a first line");
        if last.len() + 1 + word.len() > 100 {
            lines.push(format!("# {word}"));
        } else {
            last.push(' ');
            last.push_str(word);
        }
    }
    lines.join("\n")
}

fn step(context: &Context, project: &Utf8Path, words: &[&str], expected: Exit) -> Outcome {
    context.out(&format!("$ consign {}\n", words.join(" ")))?;
    let directory = project.as_str();
    let color = if context.paint.color { "always" } else { "never" };
    let common = ["consign", "--directory", directory, "--color", color];
    let all = common.iter().chain(words);
    let cli = Cli::try_parse_from(all).map_err(|error| Failure::new(exit::ERROR, error.to_string()))?;
    let got = crate::cli::run(cli);
    if got == expected {
        return Ok(exit::OK);
    }
    Err(Failure::new(exit::ERROR, format!("that ended with {} ({}), not {}", got.code, got.name, expected.code))
        .help("this is a fault of consign; please report it"))
}

fn write_project(project: &Utf8Path, url: &str) -> Result<(), Failure> {
    let texts: Vec<(Utf8PathBuf, String)> = TOUR
        .iter()
        .map(|(path, text)| {
            let mut text = (*text).to_owned();
            if *path == "consign.yaml" {
                // The demo's server takes a free port and writes its token beside the project.
                text = text
                    .replace("http://127.0.0.1:7450", url)
                    .replace("tokenFrom: {env: CONSIGN_TOKEN}", "tokenFrom: {file: ../server/admin.token}");
            }
            (Utf8PathBuf::from(*path), text)
        })
        .collect();
    disk::write_tree(project, &texts).map_err(|error| Failure::from_error(exit::ERROR, &error))
}

/// Accepts, in the manifest, that up to so many computers run the sequential task again.
fn acknowledge(project: &Utf8Path) -> Result<(), Failure> {
    let expires = SystemClock
        .now()
        .saturating_add(SignedDuration::from_hours(24 * 30))
        .map_err(|error| Failure::new(exit::ERROR, format!("this machine's clock is out of range: {error}")))?;
    let expires = expires.strftime("%Y-%m-%d");
    let text = read(project)?;
    let head = "metadata: {name: New desktop, folder: Software Delivery/Sequences}";
    let more = format!(
        "metadata:\n  name: New desktop\n  folder: Software Delivery/Sequences\n  acknowledge:\n    \
         - {{rule: SEQ-1, upTo: 60, expires: {expires}, reason: the new order is worth it}}"
    );
    write(project, &text.replace(head, &more))
}

fn read(project: &Utf8Path) -> Result<String, Failure> {
    let bytes = disk::read_bounded(&project.join(SEQUENCE), 1 << 20)
        .map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    String::from_utf8(bytes).map_err(|_| Failure::new(exit::ERROR, "the tour is not UTF-8"))
}

fn write(project: &Utf8Path, text: &str) -> Result<(), Failure> {
    files::write_atomic(&project.join(SEQUENCE), text.as_bytes(), None)
        .map_err(|error| Failure::from_error(exit::ERROR, &error))
}

/// Swaps the second and third step of the tour's sequential task.
fn reorder(project: &Utf8Path) -> Result<(), Failure> {
    let text = read(project)?;
    let steps: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.trim_start().starts_with("- {package:"))
        .map(|(n, _)| n)
        .collect();
    let (Some(second), Some(third)) = (steps.get(1), steps.get(2)) else {
        return Err(Failure::new(exit::ERROR, "the tour's sequential task has fewer than three steps"));
    };
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(*second, *third);
    write(project, &format!("{}\n", lines.join("\n")))
}

/// The server of the demo, in a thread of its own.
struct Server {
    url: String,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Server {
    fn start(data: &Utf8Path, seed: Utf8PathBuf, clock: Arc<DemoClock>) -> Result<Self, Failure> {
        let (ready, started) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let options = ServeOptions {
            seeds: vec![seed],
            zone: Some(ZONE.to_owned()),
            ..ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), data.to_owned())
        };
        let thread = std::thread::spawn(move || {
            let served = crate::cli::context::block_on(async {
                let bound = server::bind_with_clock(options, clock)
                    .await
                    .map_err(|error| Failure::from_error(exit::ERROR, &error))?;
                // The other end waits for it.
                let _ = ready.send(Ok(bound.url()));
                let stopped = async {
                    // A sender that is gone means the same.
                    let _ = stopped.await;
                };
                bound.serve(stopped).await.map_err(|error| Failure::from_error(exit::ERROR, &error))
            });
            if let Err(failure) = served {
                let _ = ready.send(Err(failure));
            }
        });
        let url = started.recv().map_err(|_| Failure::new(exit::ERROR, "the demo's server did not start"))??;
        Ok(Self { url, stop, thread })
    }

    fn stop(self) {
        // A server that is gone already needs no telling.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}
