//! `consign demo`: the tour in one command, against a server inside this process.

use std::net::SocketAddr;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use clap::Parser;

use crate::cli::args::Cli;
use crate::cli::args::DemoArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::server;
use crate::server::ServeOptions;
use crate::sys::clock::Clock;
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
    let server = Server::start(&place.join("server"))?;
    let project = place.join("project");
    write_project(&project, &server.url)?;
    let result = tour(context, &project);
    server.stop();
    if args.keep.is_some() {
        context.talk(&format!("Kept in `{place}`: `project`, and `server` for `consign serve --data`.\n"));
    }
    result
}

/// The tour's commands, each printed before it runs.
fn tour(context: &Context, project: &Utf8Path) -> Outcome {
    say(context, "A delivery server runs inside this process, empty. The project is `examples/tour`.");
    step(context, project, &["validate"], exit::OK)?;
    say(context, "What would change on the server?");
    step(context, project, &["plan", "--detailed-exitcode"], exit::CHANGES)?;
    say(context, "Make it so. New tasks are made switched off and for nobody, and enabled last.");
    step(context, project, &["apply", "--auto-approve"], exit::OK)?;
    say(context, "The same plan again: nothing to do, and nothing is sent.");
    step(context, project, &["plan", "--detailed-exitcode"], exit::OK)?;
    say(context, "A change: two steps of a sequential task change places.");
    reorder(project)?;
    step(context, project, &["plan", "--detailed-exitcode"], exit::BLOCKED)?;
    say(
        context,
        "Blocked: a reordered sequence gets a new GUID and everyone who ran it runs all of it again (SEQ-1). How many \
         that is nobody has told this server, and a number that is not known is within no limit. Its owners accept \
         that in the manifest, where it is reviewed.",
    );
    acknowledge(project)?;
    step(context, project, &["plan", "--out", "change.plan"], exit::OK)?;
    step(context, project, &["apply", "change.plan"], exit::OK)?;
    say(context, "And an empty plan after it.");
    step(context, project, &["plan", "--detailed-exitcode"], exit::OK)?;
    step(context, project, &["drift"], exit::OK)
}

fn say(context: &Context, text: &str) {
    // The tour is data: it is what this command prints.
    let _ = context.out(&format!("\n# {text}\n"));
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

/// Accepts, in the manifest, that nobody knows how many computers run the sequential task again.
fn acknowledge(project: &Utf8Path) -> Result<(), Failure> {
    let expires = SystemClock
        .now()
        .saturating_add(jiff::SignedDuration::from_hours(24 * 30))
        .map_err(|error| Failure::new(exit::ERROR, format!("this machine's clock is out of range: {error}")))?;
    let expires = expires.strftime("%Y-%m-%d");
    let text = read(project)?;
    let head = "metadata: {name: New desktop, folder: Software Delivery/Sequences}";
    let more = format!(
        "metadata:\n  name: New desktop\n  folder: Software Delivery/Sequences\n  acknowledge:\n    \
         - {{rule: SEQ-1, expires: {expires}, reason: a demo has no computers}}"
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
    fn start(data: &Utf8Path) -> Result<Self, Failure> {
        let (ready, started) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let options = ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), data.to_owned());
        let thread = std::thread::spawn(move || {
            let served = crate::cli::context::block_on(async {
                let bound = server::bind(options).await.map_err(|error| Failure::from_error(exit::ERROR, &error))?;
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
