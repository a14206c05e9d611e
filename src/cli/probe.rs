//! `consign probe`: what a real server can do, beyond what its documents say. Reads only, unless a folder is given in which
//! things may be tried out.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use clap::Args;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::adapter::altiris::probe;
use crate::adapter::altiris::probe::Probed;
use crate::adapter::altiris::probe::SCRATCH_NAME;
use crate::adapter::altiris::probe::Scratch;
use crate::adapter::altiris::probe::Start;
use crate::adapter::altiris::probe::Told;
use crate::adapter::altiris::probe::transcript::Exchange;
use crate::adapter::altiris::probe::transcript::Log;
use crate::adapter::altiris::probe::transcript::Recorder;
use crate::adapter::altiris::probe::transcript::Replay;
use crate::adapter::altiris::read::reports::create_missing_reports;
use crate::adapter::altiris::wire::session::Session;
use crate::adapter::altiris::wire::session::WriteSession;
use crate::cli::args::Format;
use crate::cli::args::ServerArg;
use crate::cli::capabilities;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::VERSION;
use crate::cli::context::block_on;
use crate::cli::context::transport_to_read;
use crate::cli::context::transport_to_write;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::visible;
use crate::model::altiris::Findings;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::model::project::Api;
use crate::model::project::ServerConfig;
use crate::report::wrap::folded;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::disk;
use crate::sys::environment;
use crate::sys::files;

/// The largest transcript that is read, in bytes.
const TRANSCRIPT_BYTES_MAX: u64 = 64 << 20;

/// `consign probe`
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Which server; it speaks `altiris`
    #[command(flatten)]
    pub server: ServerArg,
    /// Try out as well what reading cannot tell, in a folder made for it below this one and removed again: a folder's GUID
    #[arg(long, value_name = "GUID", conflicts_with = "replay")]
    pub with_scratch_folder: Option<Guid>,
    /// Make the reports that the server's database is read by, in the folder that `altiris.reports` names
    #[arg(long, conflicts_with = "replay")]
    pub with_reports: bool,
    /// Where what was sent and answered goes, without names; else probe-SERVER.ndjson
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub transcript: Option<Utf8PathBuf>,
    /// Where what was found goes, for `altiris.probe` of the server to name; else into the file that it names
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub findings: Option<Utf8PathBuf>,
    /// Ask a transcript in place of a server
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub replay: Option<Utf8PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// A line of a transcript.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Line {
    /// The first.
    Header {
        /// The version of the form.
        transcript: u32,
        /// The version of the program that wrote it.
        consign: String,
        /// What the probe started from, without names.
        start: Start,
    },
    /// A request, and what came of it.
    Exchange(Box<Exchange>),
    /// The last.
    End {
        /// How many exchanges there are.
        exchanges: usize,
    },
}

/// Runs it.
pub fn run(context: &Context, args: &ProbeArgs) -> Outcome {
    if let Some(path) = &args.replay {
        let probed = replay(context, path)?;
        show(context, args.format, &probed)?;
        return Ok(exit::OK);
    }
    let opened = context.open()?;
    let (name, config) = opened.server(args.server.server.as_deref())?;
    if config.api != Api::Altiris {
        return Err(Failure::new(exit::CONFIG, format!("server `{name}` speaks no API with open points"))
            .help("`probe` is for servers with `api: altiris`; the reference server says all in /v1/openapi.json"));
    }
    let start = start(args, &config)?;
    let log = Log::new(environment::unique());
    let root = &opened.root;
    let outcome = block_on(async { Ok(ask((context, args), root, &config, &start, &log).await) })?;
    // Whatever came of it, what was heard is worth keeping.
    let path = args.transcript.clone().unwrap_or_else(|| format!("probe-{name}.ndjson").into());
    write_transcript(context, &path, &start, &log)?;
    let probed = outcome?;
    show(context, args.format, &probed)?;
    context.talk(&format!("\nThe transcript is in `{path}`, without names; read it before you give it away.\n"));
    let findings = args.findings.clone().map(|path| context.directory.join(path));
    let named = config.altiris.as_ref().and_then(|settings| settings.probe.as_ref()).map(|path| root.join(path));
    match findings.or(named) {
        Some(path) => write_findings(context, &path, &probed.over(capabilities::findings_so_far(root, &config)?))?,
        None => context.talk("Nothing keeps what was found: name a file with --findings, and in `altiris.probe`.\n"),
    }
    if probed.left_behind.is_empty() {
        return Ok(exit::OK);
    }
    let list = probed.left_behind.iter().map(|one| visible(one).into_owned()).collect::<Vec<_>>().join("\n  ");
    Err(Failure::new(exit::ERROR, format!("not everything that was made could be removed:\n  {list}"))
        .help("remove it at the console"))
}

fn start(args: &ProbeArgs, config: &ServerConfig) -> Result<Start, Failure> {
    let settings = config.altiris.clone().unwrap_or_default();
    let known: BTreeMap<Kind, Guid> =
        Kind::ALL.into_iter().filter_map(|kind| Some((kind, settings.known.of(kind)?))).collect();
    if args.with_reports && settings.reports.is_none() {
        return Err(Failure::new(exit::CONFIG, "no folder for reports is named")
            .help("make a console folder for them, and give its GUID under `servers.NAME.altiris.reports`"));
    }
    let scratch = args.with_scratch_folder.map(|parent| {
        let name = format!("{SCRATCH_NAME} {}", SystemClock.now().strftime("%Y-%m-%d %H-%M-%S"));
        Scratch { name, parent }
    });
    Ok(Start { known, reports: settings.reports, scratch })
}

/// Asks the server. Without a folder to try things out in, and without reports to make, over a connection that can only read.
async fn ask(
    (context, args): (&Context, &ProbeArgs),
    root: &Utf8Path,
    config: &ServerConfig,
    start: &Start,
    log: &Log,
) -> Result<Probed, Failure> {
    if args.with_reports {
        // What makes reports is no question, and would stand in the way of a replay.
        let session = WriteSession::new(Arc::new(transport_to_write(root, config)?));
        let settings = config.altiris.clone().unwrap_or_default();
        let made = create_missing_reports(&session, &settings, &capabilities::findings_so_far(root, config)?).await?;
        for name in made {
            context.talk(&format!("made the report `{}`\n", visible(&name)));
        }
    }
    if start.scratch.is_none() {
        let session = Session::new(Arc::new(Recorder::new(transport_to_read(root, config)?, log.clone())));
        return Ok(probe::probe(&session, log, start).await?);
    }
    let session = WriteSession::new(Arc::new(Recorder::new(transport_to_write(root, config)?, log.clone())));
    whole(&session, log, start).await
}

async fn whole(session: &WriteSession, log: &Log, start: &Start) -> Result<Probed, Failure> {
    let mut probed = probe::probe(session.reading(), log, start).await?;
    if let Some(scratch) = &start.scratch {
        probe::try_out(session, start, scratch, &mut probed).await;
    }
    Ok(probed)
}

fn write_transcript(context: &Context, path: &Utf8Path, start: &Start, log: &Log) -> Result<(), Failure> {
    let exchanges = log.exchanges();
    let known = start.known.iter().map(|(kind, guid)| (*kind, log.guid(*guid))).collect();
    let scratch = start.scratch.clone().map(|scratch| Scratch { parent: log.guid(scratch.parent), ..scratch });
    let start = Start { known, reports: start.reports.map(|guid| log.guid(guid)), scratch };
    let mut lines = vec![Line::Header { transcript: 1, consign: VERSION.to_owned(), start }];
    let n = exchanges.len();
    lines.extend(exchanges.into_iter().map(|one| Line::Exchange(Box::new(one))));
    lines.push(Line::End { exchanges: n });
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(&line).expect("a line has text keys"));
        text.push('\n');
    }
    let path = context.directory.join(path);
    files::write_atomic(&path, text.as_bytes(), None).map_err(|error| Failure::from_error(exit::ERROR, &error))
}

fn write_findings(context: &Context, path: &Utf8Path, findings: &Findings) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(findings).expect("findings are words, GUIDs and truth values");
    let text = format!("{text}\n");
    files::write_atomic(path, text.as_bytes(), None).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    context.talk(&format!("What was found is in `{path}`.\n"));
    Ok(())
}

/// Runs the probe again over what a server answered then.
fn replay(context: &Context, path: &Utf8Path) -> Result<Probed, Failure> {
    let wrong =
        |why: String| Failure::new(exit::DATA, format!("`{path}` is no transcript that can be replayed: {why}"));
    let bytes = disk::read_bounded(&context.directory.join(path), TRANSCRIPT_BYTES_MAX)
        .map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8".to_owned()))?;
    let (mut first, mut exchanges, mut end) = (None, Vec::new(), None);
    for (n, line) in text.lines().enumerate() {
        let line = serde_json::from_str(line).map_err(|error| wrong(format!("line {}: {error}", n + 1)))?;
        match line {
            Line::Header { transcript: 1, start, .. } if first.is_none() => first = Some(start),
            Line::Header { transcript, .. } => {
                return Err(wrong(format!("line {}: form {transcript}; this program reads form 1, once", n + 1)));
            }
            Line::Exchange(one) => exchanges.push(*one),
            Line::End { exchanges } => end = Some(exchanges),
        }
    }
    let start = first.ok_or_else(|| wrong("it has no header".to_owned()))?;
    if end != Some(exchanges.len()) {
        return Err(wrong("it was cut off".to_owned()));
    }
    let log = Log::new(0);
    let session = WriteSession::new(Arc::new(Recorder::new(Replay::new(exchanges), log.clone())));
    block_on(async { whole(&session, &log, &start).await })
}

fn show(context: &Context, format: Format, probed: &Probed) -> Result<(), Failure> {
    if format == Format::Json {
        let json = json!({ "format_version": "1.0", "points": probed.points, "findings": probed.findings,
            "left_behind": probed.left_behind });
        return context.out_json(&format!("{json:#}\n"));
    }
    let mut text = String::new();
    let mark = |answer: &Told| match answer {
        Told::Found(_) => "✓",
        Told::NotAsked(_) => "-",
        Told::Open(_) => "?",
    };
    for point in &probed.points {
        text.push_str(&format!("{} {}: {}? ({})\n", mark(&point.answer), point.id, point.question, point.source));
        let facts = match &point.answer {
            Told::Found(facts) => facts.clone(),
            Told::NotAsked(why) => vec![format!("not asked: {why}")],
            Told::Open(why) => vec![format!("open: {why}")],
        };
        for fact in facts {
            text.push_str(&format!("    {}\n", visible(&fact)));
        }
    }
    let n = |is: fn(&Told) -> bool| probed.points.iter().filter(|point| is(&point.answer)).count();
    text.push_str(&format!(
        "\n{} points answered, {} open, {} not asked.\n",
        n(|answer| matches!(answer, Told::Found(_))),
        n(|answer| matches!(answer, Told::Open(_))),
        n(|answer| matches!(answer, Told::NotAsked(_)))
    ));
    context.out(&folded(&text, context.columns))
}
