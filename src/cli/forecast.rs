//! `consign forecast`: what the computers will do. Reads only.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use camino::Utf8Path;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::json;

use crate::adapter::FleetRead;
use crate::adapter::ReadAdapter;
use crate::agent::policy::Rules;
use crate::agent::scenario::Scenario;
use crate::cli::args::ForecastArgs;
use crate::cli::args::Format;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::knowledge::evaluate_all;
use crate::cli::knowledge::fleet_of_file;
use crate::cli::knowledge::keep_fleet;
use crate::cli::knowledge::read_fleet;
use crate::cli::plan::observe;
use crate::cli::plan::read_plan;
use crate::cli::report::about;
use crate::diag::nearest;
use crate::diag::visible;
use crate::forecast::FORMAT_VERSION;
use crate::forecast::Forecast;
use crate::forecast::agent;
use crate::forecast::classes::classes;
use crate::forecast::classes::time_zone;
use crate::forecast::compare;
use crate::forecast::compare::Ends;
use crate::forecast::compile::Compiled;
use crate::forecast::compile::compile;
use crate::forecast::compile::openings;
use crate::forecast::difference::difference;
use crate::forecast::run::Question;
use crate::forecast::run::forecast;
use crate::forecast::run::outcomes;
use crate::model::fleet::Computer;
use crate::model::fleet::Fleet;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::plan::Plan;
use crate::plan::estate::Done;
use crate::plan::estate::Laid;
use crate::reach::Estate;
use crate::reach::Evaluated;
use crate::reach::Known;
use crate::reach::Reach;
use crate::report;
use crate::report::plan::consequences::grouped;
use crate::report::view::About;
use crate::report::view::Open;
use crate::report::view::View;
use crate::report::wrap::folded;
use crate::sys::disk;

/// From so many computers on, a look ahead takes long enough to be told of.
const LONG_FROM: usize = 10_000;

/// How many jobs the server is asked about at a time.
const JOBS_AT_ONCE: usize = 8;

/// Runs it.
pub fn run(context: &Context, args: &ForecastArgs) -> Outcome {
    let scenario = Arc::new(read_scenario(context, args.scenario.as_deref())?);
    let plan = args.plan.as_ref().map(|path| read_plan(context, path)).transpose()?;
    let kept = args.fleet_into.as_deref();
    let read = read(context, args.server.server.as_deref(), args.fleet.as_deref(), kept, plan.as_ref())?;
    is_about_programs(&scenario, &read.observed, plan.as_ref())?;
    let exit = if read.incomplete.is_some() { exit::INCOMPLETE } else { exit::OK };
    if let Some(why) = &read.incomplete {
        context.talk(&format!("warning: {why}: what is said below is said of the rest\n"));
    }
    if args.compare {
        return comparison(context, args, &read, &scenario, exit);
    }
    let n = read.fleet.fleet.computers.len();
    if n >= LONG_FROM {
        context.progress(&format!("Looking {} days ahead on {} computers …\n", args.days, grouped(n as u64)));
    }
    let asked = Asked { args, scenario: &scenario, rules: read.rules };
    let live = Estate::of(&read.observed);
    let before = asked.forecast(&live, &live, &read.fleet.fleet, &Evaluated::new());
    let Some(plan) = &plan else {
        let json = serde_json::to_value(&before).expect("a forecast prints as JSON: its maps have text keys");
        return show(context, args, &json, exit, &mut |out| {
            report::forecast::text(&before, &read.title, context.paint, out)
        });
    };
    let laid = Laid::new(plan, read.observed.clone(), &Done::new());
    let planned = laid.planned();
    let after = asked.forecast(&planned, &live, &read.fleet.fleet, &read.evaluated);
    if let Some(path) = &args.html_into {
        let zone = time_zone(&after.server_zone);
        let open = openings(&planned, &zone, after.from, after.to).into_iter();
        let open = open.map(|(name, open)| Open { name, from: open.open, to: open.close.min(after.to) }).collect();
        let about = About { plan_file: args.plan.as_ref().map(ToString::to_string), ..about(None, exit) };
        context.write_file(path, &report::html::page(&View::of_plan(plan, &about).with_forecast(&after, open)))?;
    }
    let difference = difference(&before, &after);
    let json = json!({ "format_version": FORMAT_VERSION, "plan": plan.hash, "before": before, "after": after,
        "difference": difference });
    show(context, args, &json, exit, &mut |out| {
        let title = format!("{} after the plan", read.title);
        report::forecast::text(&after, &title, context.paint, out)?;
        report::forecast::difference(&difference, &time_zone(&after.server_zone), context.paint, out)
    })
}

/// What a forecast hangs on, besides what was read.
struct Asked<'a> {
    args: &'a ForecastArgs,
    scenario: &'a Arc<Scenario>,
    rules: Rules,
}

impl Asked<'_> {
    fn forecast(&self, estate: &Estate<'_>, live: &Estate<'_>, fleet: &Fleet, evaluated: &Evaluated) -> Forecast {
        let reach = Reach::new(estate, live, fleet, evaluated);
        let compiled = compile(estate, &reach, fleet, self.rules);
        let classes = classes(&compiled, fleet, self.args.not_seen);
        let (from, to) = (fleet.read_at, days_after(fleet.read_at, i64::from(self.args.days)));
        let scenario = self.scenario;
        forecast(&Question { compiled: &compiled, classes: &classes, fleet, scenario, from, to }, &agent)
    }
}

/// So many days of 24 hours later, or earlier.
pub fn days_after(at: Timestamp, days: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(at)
}

fn comparison(
    context: &Context,
    args: &ForecastArgs,
    read: &Knowledge,
    scenario: &Arc<Scenario>,
    exit: Exit,
) -> Outcome {
    let now = &read.fleet.fleet;
    if let Some(why) = now.gaps.get(&Part::History) {
        return Err(Failure::new(exit::INCOMPLETE, format!("nobody knows who ran what: {why}")));
    }
    let kept = args.since.as_ref().map(|path| kept_fleet(context, path, now)).transpose()?;
    let from = match (&kept, args.from) {
        (Some(kept), asked) => asked.unwrap_or(kept.read_at),
        (None, Some(from)) => from,
        (None, None) => days_after(now.read_at, -i64::from(args.days)),
    };
    // Computers that live ahead of the clock (`consign agents`) have reported what is still to come for it.
    let reported = now.history.values().filter_map(|history| history.newest).max();
    let ahead = reported.filter(|newest| *newest > now.read_at);
    let last = ahead.unwrap_or(now.read_at);
    if from >= last {
        return Err(Failure::new(
            exit::USAGE,
            format!("nothing was reported since {from}: there is nothing to compare"),
        )
        .help("let the prediction begin earlier, or wait"));
    }
    let to = days_after(from, i64::from(args.days));
    if to > last && ahead.is_none() {
        context.talk(&format!(
            "warning: the prediction goes on until {to}, and the last that is known is of {last}: what was to come since then \
             counts as not done\n"
        ));
    }
    let is_kept = kept.is_some();
    let then = Fleet { read_at: from, ..kept.unwrap_or_else(|| compare::as_of(now, from)) };
    let live = Estate::of(&read.observed);
    let evaluated = Evaluated::new();
    let reach = Reach::new(&live, &live, &then, &evaluated);
    let compiled = compile(&live, &reach, &then, read.rules);
    let classes = classes(&compiled, &then, args.not_seen);
    let question = Question { compiled: &compiled, classes: &classes, fleet: &then, scenario, from, to };
    let outcomes = outcomes(&question, &agent);
    let about = classes.classes.iter().fold(Default::default(), |all, class| all | &class.members);
    let then = compare::Then { fleet: &then, is_kept };
    let ended = ended(context, args, read, &compiled, (from, to))?;
    let comparison = compare::compare(&compiled, &outcomes, then, now, &ended, &about, (from, to));
    let fleet = now;
    let json = serde_json::to_value(&comparison).expect("a comparison prints as JSON: it has no maps");
    show(context, args, &json, exit, &mut |out| {
        report::forecast::comparison(&comparison, &time_zone(&fleet.server_zone), context.paint, out)
    })
}

/// The single runs that computers reported to the server in that time, by job. Nothing is known of them where the
/// computers come from a file, or where the server has forgotten some of them since (PUR-1).
fn ended(
    context: &Context,
    args: &ForecastArgs,
    read: &Knowledge,
    compiled: &Compiled,
    (from, to): (Timestamp, Timestamp),
) -> Result<BTreeMap<Guid, Known<Ends>>, Failure> {
    if args.fleet.is_some() {
        return Ok(BTreeMap::new());
    }
    let jobs: BTreeSet<Guid> = compiled.jobs.iter().map(|job| job.what.id).collect();
    if let Some(why) = forgets(&read.observed, from) {
        return Ok(jobs.into_iter().map(|job| (job, Known::Unknown(why.clone()))).collect());
    }
    let opened = context.open()?;
    let (_, config) = opened.server(args.server.server.as_deref())?;
    let reader = connect_to_read(&opened.root, &config)?;
    let numbers: HashMap<Guid, u32> = (0..).zip(&read.fleet.fleet.computers).map(|(at, one)| (one.guid, at)).collect();
    block_on(async {
        let (reader, numbers) = (&*reader, &numbers);
        let asked = jobs.into_iter().map(|job| async move {
            let known = reader.runs(job, from).await?.map(|runs| {
                let ends = runs.ends.into_iter().filter_map(|(computer, mut ends)| {
                    ends.retain(|(at, _)| *at < to);
                    Some((*numbers.get(&computer)?, ends))
                });
                ends.collect()
            });
            Ok((job, known))
        });
        stream::iter(asked).buffered(JOBS_AT_ONCE).try_collect().await
    })
}

/// Why the server's log of runs may not reach back to a moment (PUR-1).
fn forgets(observed: &Observed, from: Timestamp) -> Option<String> {
    let settings = observed.items.iter().find_map(|live| match &live.item.spec {
        Spec::PurgeSettings(settings) if settings.enabled => Some(settings),
        _ => None,
    })?;
    let executions = &settings.executions;
    if executions.maximum_rows.is_some() {
        return Some("the server keeps a limited number of them (PUR-1)".to_owned());
    }
    let keeps = executions.older_than?;
    let age = observed.time.duration_since(from).as_secs();
    (u64::try_from(age).is_ok_and(|age| age > keeps.as_seconds()))
        .then(|| format!("the server keeps them for {keeps} (PUR-1)"))
}

/// The computers as they were kept in a file: the same ones as now, so that their numbers mean the same.
fn kept_fleet(context: &Context, path: &Utf8Path, now: &Fleet) -> Result<Fleet, Failure> {
    let kept = fleet_of_file(context, path)?.fleet;
    let same = |(a, b): (&Computer, &Computer)| a.guid == b.guid;
    if kept.instance != now.instance
        || kept.computers.len() != now.computers.len()
        || !kept.computers.iter().zip(&now.computers).all(same)
    {
        return Err(Failure::new(exit::DATA, format!("`{path}` tells of other computers than the server now"))
            .help("computers that came or went since then cannot be compared; leave --since out, or keep them again"));
    }
    Ok(kept)
}

fn show(
    context: &Context,
    args: &ForecastArgs,
    json: &serde_json::Value,
    exit: Exit,
    text: &mut dyn FnMut(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Outcome {
    let json = format!("{json:#}\n");
    if let Some(path) = &args.json_into {
        context.write_file(path, &json)?;
    }
    match args.format {
        Format::Json => context.out_json(&json)?,
        Format::Text => {
            let mut out = Vec::new();
            text(&mut out).map_err(|error| Failure::new(exit::ERROR, error.to_string()))?;
            context.out(&folded(&String::from_utf8_lossy(&out), context.columns))?;
        }
    }
    Ok(exit)
}

/// What was read for a look ahead.
pub struct Knowledge {
    /// The items.
    pub observed: Observed,
    /// The computers; which ones there are is known.
    pub fleet: FleetRead,
    /// What the new queries of the plan find.
    pub evaluated: Evaluated,
    /// How the server reads what the documents leave open.
    pub rules: Rules,
    /// The server, for people.
    pub title: String,
    /// What could not be read of the items.
    pub incomplete: Option<String>,
}

/// Reads the items and the computers. `kept`: where what the server tells of the computers is kept as it came.
///
/// # Errors
/// Where the server cannot be read, nothing is known of its computers, or the plan is for another one.
pub fn read(
    context: &Context,
    server: Option<&str>,
    fleet: Option<&Utf8Path>,
    kept: Option<&Utf8Path>,
    plan: Option<&Plan>,
) -> Result<Knowledge, Failure> {
    let opened = context.open()?;
    let (name, config) = opened.server(server)?;
    let reader = connect_to_read(&opened.root, &config)?;
    let (observed, fleet, evaluated) = block_on(async {
        let observed = observe(&*reader).await?;
        if let Some(plan) = plan
            && plan.server.identity.instance != observed.server.instance
        {
            let message = format!("the plan is for server `{}`, which is another one", plan.server.name);
            return Err(Failure::new(exit::CONFIG, message));
        }
        let instance = observed.server.instance;
        let fleet = match kept {
            Some(path) => keep_fleet(context, &*reader, path).await?,
            None => read_fleet(context, &*reader, fleet, instance).await?,
        };
        let evaluated = match plan {
            Some(plan) => evaluate(&*reader, &observed, &fleet, plan).await,
            None => Evaluated::new(),
        };
        Ok((observed, fleet, evaluated))
    })?;
    if let Some(why) = fleet.fleet.gaps.get(&Part::Computers) {
        return Err(Failure::new(exit::INCOMPLETE, format!("nothing is known of the computers: {why}"))
            .help("load them into the server, or give them with --fleet"));
    }
    let age = observed.time.duration_since(fleet.fleet.read_at).as_hours();
    if age >= 24 {
        context.talk(&format!("warning: the computers were read {} days ago\n", age / 24));
    }
    let gap = Kind::ALL.into_iter().find_map(|kind| Some(format!("{}: {}", kind.name(), observed.gap(kind)?)));
    let incomplete = gap.map(|gap| format!("not all items could be read ({gap})"));
    if let Some(plan) = plan.filter(|plan| plan.prior_state.state != observed.state) {
        context.talk(&format!(
            "warning: the server changed since plan {} was made; its changes are laid over what is there now\n",
            plan.hash.get(..12).unwrap_or_default()
        ));
    }
    let title = format!("{name} ({})", config.url);
    Ok(Knowledge { observed, fleet, evaluated, rules: Rules::of(config.api), title, incomplete })
}

async fn evaluate(reader: &dyn ReadAdapter, observed: &Observed, fleet: &FleetRead, plan: &Plan) -> Evaluated {
    let queries = {
        let (live, none) = (Estate::of(observed), Evaluated::new());
        let laid = Laid::new(plan, observed.clone(), &Done::new());
        Reach::new(&laid.planned(), &live, &fleet.fleet, &none).unanswered()
    };
    evaluate_all(reader, &queries, fleet).await
}

/// Refuses a scenario that speaks of programs or packages that are neither there nor planned: what it says would not be
/// heard.
///
/// # Errors
/// With the first such name, and the nearest right one.
pub fn is_about_programs(scenario: &Scenario, observed: &Observed, plan: Option<&Plan>) -> Result<(), Failure> {
    let planned = plan.into_iter().flat_map(|plan| &plan.resource_changes).map(|change| &change.key);
    let keys = observed.items.iter().map(|one| &one.item.key).chain(planned);
    let (mut programs, mut packages) = (BTreeSet::new(), BTreeSet::new());
    for key in keys {
        match &key.package {
            Some(package) => drop(programs.insert(format!("{package}/{}", key.name))),
            None if key.kind == Kind::Package => drop(packages.insert(key.name.clone())),
            None => {}
        }
    }
    for (named, known, what) in [
        (scenario.programs.keys().collect::<Vec<_>>(), &programs, "program"),
        (scenario.downloads.keys().collect(), &packages, "package"),
    ] {
        if let Some(odd) = named.into_iter().find(|name| !known.contains(*name)) {
            let message = format!("the scenario names the {what} `{}`, which there is not", visible(odd));
            let failure = Failure::new(exit::DATA, message);
            return Err(match nearest(odd, known.iter().map(String::as_str)) {
                Some(near) => failure.help(format!("did you mean `{}`?", visible(near))),
                None => failure.help("a program is written PACKAGE/PROGRAM"),
            });
        }
    }
    Ok(())
}

/// The largest scenario that is read, in bytes.
const SCENARIO_BYTES_MAX: u64 = 1 << 20;

/// Reads what is to be taken for granted; without a file, the default.
///
/// # Errors
/// When it cannot be read, or asks for what is no whole number of minutes.
pub fn read_scenario(context: &Context, path: Option<&Utf8Path>) -> Result<Scenario, Failure> {
    let Some(path) = path else { return Ok(Scenario::default()) };
    let bytes = disk::read_bounded(&context.directory.join(path), SCENARIO_BYTES_MAX)
        .map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    let wrong = |why: String| Failure::new(exit::DATA, format!("`{path}` is no scenario: {why}"));
    let scenario: Scenario = serde_yaml::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let runs = scenario.programs.values().map(|program| program.run_time);
    if runs.clone().any(|run| run.as_seconds() == 0) {
        return Err(wrong("a program runs for at least a minute".to_owned()));
    }
    let durations = runs.chain(scenario.downloads.values().copied()).chain([scenario.download, scenario.restart]);
    match durations.into_iter().find(|one| one.whole_minutes().is_none()) {
        Some(odd) => Err(wrong(format!("`{odd}` is no whole number of minutes"))),
        None => Ok(scenario),
    }
}
