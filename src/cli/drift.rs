//! `consign drift`: reads only. The connections it makes to servers cannot write.

mod did;
mod issue;
mod memory;
mod tell;

use std::collections::BTreeMap;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::adapter::Done;
use crate::adapter::ReadAdapter;
use crate::cli::args::DriftArgs;
use crate::cli::context::Context;
use crate::cli::context::Ground;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::context::find_root;
use crate::cli::drift::issue::Issues;
use crate::cli::drift::tell::Receivers;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::plan::Computers;
use crate::cli::plan::Made;
use crate::cli::plan::Select;
use crate::cli::plan::make_plan;
use crate::cli::report;
use crate::cli::report::reported;
use crate::cli::revision;
use crate::cli::revision::Asked;
use crate::diag::Sources;
use crate::diag::visible;
use crate::manifest;
use crate::model::drift::DriftSettings;
use crate::model::project::Project;
use crate::plan::drift::Baseline;
use crate::plan::drift::Entry;
use crate::plan::drift::State;
use crate::plan::drift::entries;
use crate::plan::drift::is_drift;
use crate::plan::drift::judge;
use crate::reach::Known;
use crate::report::alert::Facts;
use crate::report::drift::Beside;
use crate::report::drift::Did;
use crate::report::prometheus;
use crate::report::view::View;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::disk;
use crate::sys::files::FilesError;

/// The largest baseline that is read, in bytes.
const BASELINE_BYTES_MAX: u64 = 16 << 20;

/// How many servers are asked at once.
const SERVERS_AT_ONCE: usize = 4;

/// For how many items of one server it is asked who changed them, and what came of it.
const HISTORIES_MAX: usize = 50;

/// Runs it.
pub fn run(context: &Context, args: &DriftArgs) -> Outcome {
    reported(context, "drift", &args.report, compare_and_show(context, args))
}

/// One server that was compared.
struct Compared {
    made: Made,
    beside: Beside,
    exit: Exit,
}

/// A server by the name that it was asked for by, and what came of it.
type One = (Option<String>, Result<Compared, Failure>);

fn compare_and_show(context: &Context, args: &DriftArgs) -> Outcome {
    if args.alert_after > 1 && args.memory.is_none() {
        let failure = Failure::new(exit::USAGE, "--alert-after counts runs, and nothing remembers them");
        return Err(failure.help("say with --memory where they are remembered"));
    }
    let baseline = read_baseline(context, args.baseline.as_deref())?;
    let names = names(context, args)?;
    let mut found: Vec<One> = Vec::new();
    for part in names.chunks(SERVERS_AT_ONCE) {
        let compared: Vec<Result<Compared, Failure>> = std::thread::scope(|scope| {
            let one = |name: &Option<String>| {
                let (name, baseline) = (name.clone(), &baseline);
                scope.spawn(move || compare(context, name.as_deref(), baseline))
            };
            let running: Vec<_> = part.iter().map(one).collect();
            let failed = || Err(Failure::new(exit::ERROR, "the comparison ended unexpectedly"));
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| failed())).collect()
        });
        found.extend(part.iter().cloned().zip(compared));
    }
    let untold = remember_and_tell(context, args, &mut found);
    if let Some(path) = &args.prometheus_into {
        context.write_file(path, &figures(&found))?;
    }
    show(context, args, found, !untold.is_empty())
}

/// The time, in whole seconds: no reader wants more of it.
fn now() -> Timestamp {
    let now = SystemClock.now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Takes down what was found, and tells of it whoever is to be told. Gives what could not be done, which was said.
fn remember_and_tell(context: &Context, args: &DriftArgs, found: &mut [One]) -> Vec<String> {
    let mut failures = Vec::new();
    let mut memory = args.memory.as_deref().map(|path| memory::read(context, path)).unwrap_or_default();
    let receivers = if args.notify { receivers(context, &mut failures) } else { None };
    let issues =
        if args.issue { Issues::of(context, args).map_err(|failure| failures.push(said(failure))).ok() } else { None };
    let run_url = tell::run_url();
    for compared in found.iter_mut().filter_map(|(_, compared)| compared.as_mut().ok()) {
        let now = now();
        let Compared { made, beside, exit } = compared;
        let remembered = memory.note(&made.plan, &beside.verdict, now);
        if args.memory.is_some() {
            beside.streaks = Some(remembered.items.clone());
        }
        let facts = Facts { plan: &made.plan, beside, now, run_url: run_url.as_deref() };
        if let Some(receivers) = &receivers {
            failures.extend(receivers.tell(facts, remembered, args.alert_after, args.memory.is_some()));
        }
        if let Some(issues) = &issues {
            let view = View::of_drift(&made.plan, beside, &made.about(*exit, true, None));
            match issues.keep(facts, &view, remembered, args.alert_after) {
                Ok(done) => done.iter().for_each(|done| context.talk(&format!("{}\n", visible(done)))),
                Err(why) => failures.push(why),
            }
        }
    }
    if let Some(path) = &args.memory
        && let Err(failure) = memory::write(context, path, &memory)
    {
        failures.push(format!("what was seen is not remembered: {}", failure.message));
    }
    for failure in &failures {
        context.talk(&format!("error: {}\n", visible(failure)));
    }
    failures
}

/// Who is told, as the project says; in a pull request as that of its base does.
fn receivers(context: &Context, failures: &mut Vec<String>) -> Option<Receivers> {
    let settled = settings(context).and_then(|(root, settings)| {
        if settings.notify.is_empty() {
            let message = "--notify tells nobody: `consign.yaml` names no receiver under `drift.notify`";
            return Err(Failure::new(exit::CONFIG, message));
        }
        Ok(Receivers::of(&settings.notify, &root))
    });
    settled.map_err(|failure| failures.push(said(failure))).ok()
}

/// A failure in a line, with what helps.
fn said(failure: Failure) -> String {
    match failure.help {
        Some(help) => format!("{}; {help}", failure.message),
        None => failure.message,
    }
}

/// What the project says of its drift.
fn settings(context: &Context) -> Result<(Utf8PathBuf, DriftSettings), Failure> {
    let root = find_root(&context.directory)?;
    let asked = Asked { follow_pipeline: true, ..Asked::default() };
    let revisions = revision::find(context, &root, &asked)?;
    let settings = match revisions.base {
        Some(base) => {
            let receivers = base.project.drift.notify.values();
            revision::runs_nothing_of_the_project(
                receivers.flat_map(|one| std::iter::once(one.url_from()).chain(one.sign_with())),
            )?;
            base.project.drift
        }
        None => project_on_disk(&root).map(|project| project.drift).unwrap_or_default(),
    };
    Ok((root, settings))
}

/// The project file on disk, as far as it can be read.
fn project_on_disk(root: &Utf8Path) -> Option<Project> {
    let mut sources = Sources::new();
    let (source, _) = Ground::Disk.read_project_file(root, &mut sources);
    source.and_then(|source| manifest::read_project(&sources, source).0)
}

/// What a server is called in reports.
fn called((name, compared): &One) -> String {
    match compared {
        Ok(compared) => compared.made.plan.server.name.clone(),
        Err(_) => name.clone().unwrap_or_default(),
    }
}

fn figures(found: &[One]) -> String {
    let names: Vec<String> = found.iter().map(called).collect();
    let judged = found.iter().map(|(_, compared)| compared.as_ref().ok());
    let judged = judged.map(|found| found.map(|one| (&one.made.plan, &one.beside)));
    let servers: Vec<_> = names.iter().zip(judged).map(|(name, found)| prometheus::Server { name, found }).collect();
    prometheus::drift(&servers, SystemClock.now().as_second())
}

/// Shows what was found. `untold` says that somebody could not be told, which is an error where nothing worse is.
fn show(context: &Context, args: &DriftArgs, mut found: Vec<One>, untold: bool) -> Outcome {
    for compared in found.iter_mut().filter_map(|(_, compared)| compared.as_mut().ok()) {
        if untold && compared.exit == exit::OK {
            compared.exit = exit::ERROR;
        }
    }
    let is_one = found.len() == 1;
    if is_one && let Some((_, Err(failure))) = found.pop_if(|(_, compared)| compared.is_err()) {
        return Err(failure);
    }
    let places = args.report.needs_places();
    let views: Vec<(String, View<'_>)> = found.iter().map(|one| (called(one), view(&one.1, places))).collect();
    let exit = exit_of(&found);
    if let ([(_, only)], true) = (&views[..], is_one) {
        report::write(context, only, &args.report, false)?;
        return Ok(exit);
    }
    let root = found.iter().find_map(|(_, compared)| Some(compared.as_ref().ok()?.made.root.as_path()));
    let view = View::of_servers(&views, &report::about(root, exit));
    report::write(context, &view, &args.report, false)?;
    for (name, compared) in &found {
        if let Err(failure) = compared {
            let name = visible(name.as_deref().unwrap_or_default()).into_owned();
            context.talk(&format!("server `{name}` could not be compared\n{}", failure.lines()));
        }
    }
    Ok(exit)
}

fn view(compared: &Result<Compared, Failure>, with_places: bool) -> View<'_> {
    match compared {
        Ok(Compared { made, beside, exit }) => {
            View::of_drift(&made.plan, beside, &made.about(*exit, with_places, None))
        }
        Err(failure) => report::of_failure("drift", failure),
    }
}

/// How all of it ends: what failed first, then what could not be read in full, then what is new, then what was not told.
fn exit_of(found: &[One]) -> Exit {
    let exits = || found.iter().filter_map(|(_, compared)| compared.as_ref().ok()).map(|compared| compared.exit);
    if let Some(failure) = found.iter().find_map(|(_, compared)| compared.as_ref().err()) {
        failure.exit
    } else if exits().any(|exit| exit == exit::INCOMPLETE) {
        exit::INCOMPLETE
    } else if exits().any(|exit| exit == exit::CHANGES) {
        exit::CHANGES
    } else if exits().any(|exit| exit == exit::ERROR) {
        exit::ERROR
    } else {
        exit::OK
    }
}

/// The servers that are meant: those that were asked for, else all of the project. `None` stands for the only one, or for
/// a project that cannot be read, which is told when it is.
fn names(context: &Context, args: &DriftArgs) -> Result<Vec<Option<String>>, Failure> {
    if !args.servers.is_empty() {
        let mut names: Vec<Option<String>> = Vec::new();
        for name in args.servers.iter().map(|name| Some(name.clone())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        return Ok(names);
    }
    let project = project_on_disk(&find_root(&context.directory)?);
    let names: Vec<Option<String>> =
        project.into_iter().flat_map(|project| project.servers.into_keys()).map(Some).collect();
    Ok(if names.len() > 1 { names } else { vec![None] })
}

fn compare(context: &Context, server: Option<&str>, baseline: &Baseline) -> Result<Compared, Failure> {
    let asked = Asked { follow_pipeline: true, ..Asked::default() };
    let mut made = make_plan(context, server, &Select::default(), Computers::LeftOut, &asked, true)?;
    // What could not be compared is no absence of drift (PLN-13).
    made.plan.complete &= !made.is_unseen;
    let plan = &made.plan;
    let today = SystemClock.now().to_zoned(TimeZone::UTC).date();
    let verdict = judge(plan, baseline, today);
    let exit = if !plan.complete {
        exit::INCOMPLETE
    } else if is_drift(plan, &verdict) {
        exit::CHANGES
    } else {
        exit::OK
    };
    let drift = entries(plan);
    let mut beside = Beside { verdict, ..Beside::default() };
    if !drift.is_empty() {
        let reader = connect_to_read(&made.root, &made.config)?;
        block_on(async {
            beside.history = histories(&*reader, &drift).await;
            beside.did = deeds(&*reader, &drift, &beside.history).await;
            Ok(())
        })?;
    }
    Ok(Compared { beside, exit, made })
}

/// Who changed what differs, as far as the server tells: a drift is worth telling without it.
async fn histories(reader: &dyn ReadAdapter, drift: &[Entry<'_>]) -> BTreeMap<String, Done> {
    let mut out = BTreeMap::new();
    for entry in drift.iter().take(HISTORIES_MAX) {
        let about = match entry.guid {
            Some(guid) => guid.to_string(),
            None => entry.key.name.clone(),
        };
        let done = match reader.history(&about).await {
            Ok(Some(done)) => done,
            Ok(None) => continue,
            // The next one would fail alike, after as many attempts.
            Err(_) => break,
        };
        let kind = entry.key.kind.name();
        let is_it = |done: &&Done| match entry.state {
            // Of what is gone only its name is known: the last of that name and kind that went.
            State::Missing => {
                matches!(done.action.as_str(), "delete" | "replace" | "update")
                    && done.kind.as_deref() == Some(kind)
                    && done.name.as_deref() == Some(&entry.key.name)
            }
            _ if entry.guid.is_none() => false,
            _ => matches!(done.action.as_str(), "create" | "update" | "replace"),
        };
        if let Some(last) = done.iter().rfind(is_it) {
            out.insert(entry.address.clone(), last.clone());
        }
    }
    out
}

/// What the changes did to computers since.
async fn deeds(
    reader: &dyn ReadAdapter,
    drift: &[Entry<'_>],
    history: &BTreeMap<String, Done>,
) -> BTreeMap<String, Known<Did>> {
    let mut out = BTreeMap::new();
    for entry in drift.iter().take(HISTORIES_MAX) {
        let done = history.get(&entry.address);
        out.insert(entry.address.clone(), did::did(reader, entry, done, now()).await);
    }
    for entry in drift.iter().skip(HISTORIES_MAX) {
        let why = format!("it is asked of the first {HISTORIES_MAX} items only");
        out.insert(entry.address.clone(), Known::Unknown(why));
    }
    out
}

fn read_baseline(context: &Context, path: Option<&Utf8Path>) -> Result<Baseline, Failure> {
    let Some(path) = path else { return Ok(Baseline::default()) };
    let whole: Utf8PathBuf = context.directory.join(path);
    let bytes = disk::read_bounded(&whole, BASELINE_BYTES_MAX)
        .map_err(|error: FilesError| Failure::from_error(exit::USAGE, &error))?;
    let wrong = |why: String| {
        Failure::new(exit::DATA, format!("`{path}` is no baseline: {why}")).help(
            "it has `apiVersion: consign/v1`, `kind: DriftBaseline` and `known`, a list of `item`, `reason`, `expires`, and \
             perhaps `server` and `fields`",
        )
    };
    let baseline: Baseline = serde_yaml::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if let Some(known) = baseline.known.iter().find(|known| known.reason.trim().is_empty()) {
        return Err(wrong(format!("the entry of `{}` gives no reason", known.item)));
    }
    Ok(baseline)
}
