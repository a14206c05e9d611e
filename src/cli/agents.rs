//! `consign agents`: simulated computers live against a server. It writes to what the server knows of its computers, and
//! to nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::json;

use crate::adapter::ReadAdapter;
use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::policy::Rules;
use crate::agents;
use crate::agents::Life;
use crate::agents::Lives;
use crate::cli::args::AgentsArgs;
use crate::cli::args::Format;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_natively;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::forecast::days_after;
use crate::cli::forecast::read_scenario;
use crate::cli::knowledge::read_fleet;
use crate::diag::visible;
use crate::model::fleet::Fleet;
use crate::model::fleet::Part;
use crate::report;
use crate::sys::environment;

/// How many requests are sent again at most, each.
const ATTEMPTS: u32 = 5;

/// Runs it.
pub fn run(context: &Context, args: &AgentsArgs) -> Outcome {
    let scenario = Arc::new(read_scenario(context, args.scenario.as_deref())?);
    let opened = context.open()?;
    let (name, config) = opened.server(args.server.server.as_deref())?;
    let writer = connect_natively(&opened.root, &config)?;
    let every = i64::try_from(args.every.as_seconds()).map_or(SignedDuration::MAX, SignedDuration::from_secs);
    let (fleet, life, lives) = block_on(async {
        let identity = writer.identity().await?;
        let fleet = read_fleet(context, &writer, args.fleet.as_deref(), identity.instance).await?.fleet;
        if let Some(why) = fleet.gaps.get(&Part::Computers) {
            return Err(Failure::new(exit::INCOMPLETE, format!("there are no computers that could live: {why}"))
                .help("`consign fleet` makes some up; `consign serve --seed` and POST /v1/fleet load them"));
        }
        let from = args.from.unwrap_or(fleet.read_at);
        let life = Life {
            scenario,
            rules: Rules::of(config.api),
            from,
            to: days_after(from, i64::from(args.days)),
            refresh: every,
            not_seen_days: args.not_seen,
            run: format!("{:032x}", environment::unique()),
            parallelism: usize::from(args.parallelism),
            attempts: ATTEMPTS,
        };
        let mut days = Days { context, from, told: 0 };
        let lives = agents::live(&writer, &fleet, &life, &mut |at| days.hear(at)).await;
        let lives = lives.map_err(|error| Failure::from_error(exit::ERROR, &error).help("what was reported stays"))?;
        Ok((fleet, life, lives))
    })?;
    for left_out in &lives.left_out {
        let (key, why) = (left_out.key.to_string(), visible(&left_out.why));
        context.talk(&format!("warning: `{}` says nothing to a computer: {why}\n", visible(&key)));
    }
    for name in &lives.gone {
        context.talk(&format!("warning: the server does not know computer `{}` any more\n", visible(name)));
    }
    for package in &lives.without_files {
        context.talk(&format!("warning: the server names no files for package {package}\n"));
    }
    if let Some(path) = &args.happenings_into {
        context.write_file(path, &lines(&fleet, &lives))?;
    }
    let summary = summary(&lives);
    match args.format {
        Format::Json => {
            let json = json!({ "server": name, "from": life.from, "to": life.to, "computers": lives.computers.len(),
                "happenings": summary });
            context.out_json(&format!("{json:#}\n"))?;
        }
        Format::Text => {
            let zone = crate::forecast::classes::time_zone(&fleet.server_zone);
            let [from, to] = [life.from, life.to].map(|at| report::forecast::minute(at, &zone));
            context.out(&format!("{} computers lived from {from} to {to}\n", lives.computers.len()))?;
            for (what, count) in &summary {
                context.out(&format!("  {what}: {count}\n"))?;
            }
            let since = match (&args.fleet, args.from) {
                (Some(kept), None) => format!("--since {}", visible(kept.as_str())),
                (Some(kept), Some(from)) => format!("--since {} --from {from}", visible(kept.as_str())),
                (None, _) => format!("--from {}", life.from),
            };
            let days = args.days;
            context
                .talk(&format!("\n`consign forecast --compare {since} --days {days}` holds a forecast against it\n"));
        }
    }
    Ok(if lives.gone.is_empty() { exit::OK } else { exit::INCOMPLETE })
}

/// Tells of the days that go by, each once.
struct Days<'a> {
    context: &'a Context,
    from: Timestamp,
    told: i64,
}

impl Days<'_> {
    fn hear(&mut self, at: Timestamp) {
        let day = at.duration_since(self.from).as_hours() / 24;
        if day > self.told && self.context.is_watched {
            self.told = day;
            self.context.talk(&format!("day {day}\n"));
        }
    }
}

/// What a computer did, by the name that it goes by on the wire, and how often.
fn summary(lives: &Lives) -> BTreeMap<&'static str, u64> {
    let mut out = BTreeMap::new();
    for Happening { what, .. } in lives.computers.iter().flat_map(|one| &one.happenings) {
        let word = match what {
            What::DownloadStarted { .. } => continue,
            What::DownloadEnded { .. } => "downloads",
            What::Started { .. } => "programs started",
            What::Ended { success: true, .. } => "programs ended with success",
            What::Ended { .. } => "programs ended without success",
            What::Skipped { .. } => "steps skipped",
            What::Finished { success: true, .. } => "jobs finished with success",
            What::Finished { .. } => "jobs finished without success",
            What::NeverFits { .. } => "jobs that fit no window",
            What::Removed { .. } => "jobs removed after success",
            What::Deferred { .. } => "put off by users",
            What::Restarted => "restarts",
            What::LoggedOff => "log-offs",
            What::PackageDeleted { .. } => "packages deleted from caches",
            What::Assessed => "first assessments",
        };
        *out.entry(word).or_default() += 1;
    }
    out
}

/// Everything that they did, by time and computer.
fn lines(fleet: &Fleet, lives: &Lives) -> String {
    let mut all: Vec<(&Happening, u32)> =
        lives.computers.iter().flat_map(|one| one.happenings.iter().map(|what| (what, one.number))).collect();
    all.sort_by_key(|(happening, number)| (happening.at, *number)); // Stable: at one instant as they came.
    let mut out = String::new();
    for (Happening { at, what }, number) in all {
        let computer = &fleet.computers[number as usize];
        let mut line = serde_json::to_value(what).expect("a happening prints as JSON");
        line["at"] = json!(at);
        line["computer"] = json!(computer.guid);
        line["name"] = json!(computer.name);
        out.push_str(&line.to_string());
        out.push('\n');
    }
    out
}
