//! `consign computer NAME`: what one computer gets, in which order, and what keeps the rest from it. Reads only.

use std::sync::Arc;

use crate::cli::args::ComputerArgs;
use crate::cli::args::Format;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::forecast::days_after;
use crate::cli::forecast::is_about_programs;
use crate::cli::forecast::read;
use crate::cli::forecast::read_scenario;
use crate::diag::visible;
use crate::forecast::agent;
use crate::forecast::compile::compile;
use crate::forecast::explain::Asked;
use crate::forecast::explain::explain;
use crate::model::fleet::Fleet;
use crate::model::guid::Guid;
use crate::reach::Estate;
use crate::reach::Evaluated;
use crate::reach::Reach;
use crate::report;
use crate::report::wrap::folded;

/// Runs it.
pub fn run(context: &Context, args: &ComputerArgs) -> Outcome {
    let scenario = Arc::new(read_scenario(context, args.scenario.as_deref())?);
    let read = read(context, args.server.server.as_deref(), args.fleet.as_deref(), None, None)?;
    is_about_programs(&scenario, &read.observed, None)?;
    let fleet = &read.fleet.fleet;
    let computer = find(fleet, &args.name)?;
    let since = args.at.unwrap_or(fleet.read_at);
    let (from, last) = (fleet.read_at, days_after(fleet.read_at, 366));
    if since < from || since > last {
        return Err(Failure::new(exit::USAGE, format!("--at {since} is not between {from} and {last}"))
            .help("a look ahead begins when the computers were read, and goes a year at the most"));
    }
    let live = Estate::of(&read.observed);
    let evaluated = Evaluated::new();
    let reach = Reach::new(&live, &live, fleet, &evaluated);
    let compiled = compile(&live, &reach, fleet, read.rules);
    let to = days_after(since, i64::from(args.days));
    let (estate, reach, compiled, scenario) = (&live, &reach, &compiled, &scenario);
    let ahead = explain(&Asked { estate, reach, compiled, fleet, scenario, computer, from, to }, &agent)
        .ok_or_else(|| Failure::new(exit::ERROR, format!("there is no computer `{}`", visible(&args.name))))?;
    match args.format {
        Format::Json => {
            let json = serde_json::to_value(&ahead).expect("a look ahead prints as JSON: its maps have text keys");
            context.out_json(&format!("{json:#}\n"))?;
        }
        Format::Text => {
            let mut out = Vec::new();
            report::computer::text(&ahead, since, context.paint, &mut out)
                .map_err(|error| Failure::new(exit::ERROR, error.to_string()))?;
            context.out(&folded(&String::from_utf8_lossy(&out), context.columns))?;
        }
    }
    Ok(if read.incomplete.is_some() { exit::INCOMPLETE } else { exit::OK })
}

/// The computer that a name or a GUID means.
fn find(fleet: &Fleet, text: &str) -> Result<u32, Failure> {
    let guid = text.parse::<Guid>().ok();
    let is_it = |one: &crate::model::fleet::Computer| match guid {
        Some(guid) => one.guid == guid,
        None => one.name.eq_ignore_ascii_case(text),
    };
    let found: Vec<u32> = (0..).zip(&fleet.computers).filter(|(_, one)| is_it(one)).map(|(n, _)| n).collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let failure = Failure::new(exit::ERROR, format!("the server knows no computer `{}`", visible(text)));
            let names = fleet.computers.iter().map(|one| one.name.as_str());
            Err(match crate::diag::nearest(text, names) {
                Some(near) => failure.help(format!("did you mean `{}`?", visible(near))),
                None => failure,
            })
        }
        _ => {
            let list: Vec<String> =
                found.iter().take(5).map(|n| fleet.computers[*n as usize].guid.to_string()).collect();
            let message = format!("{} computers are called `{}`: {}", found.len(), visible(text), list.join(", "));
            Err(Failure::new(exit::ERROR, message).help("give the GUID"))
        }
    }
}
