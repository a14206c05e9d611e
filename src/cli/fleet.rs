//! `consign fleet`

use crate::cli::args::FleetArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::sample;
use crate::sample::Fleet;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::disk;

/// Runs it.
pub fn run(context: &Context, args: FleetArgs) -> Outcome {
    let FleetArgs { computers, seed, history, licences, at, out } = args;
    let now = at.unwrap_or_else(|| SystemClock.now());
    let fleet = Fleet { history, licences, ..Fleet::new(computers, seed, now) };
    if out == "-" {
        sample::lines(&fleet, |line| context.out(line))?;
        return Ok(exit::OK);
    }
    let path = context.directory.join(&out);
    let written = disk::write_large(&path, |file| sample::lines(&fleet, |line| file.write_all(line.as_bytes())));
    written.map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    context.talk(&format!("{computers} computers in `{out}`; `consign serve --seed {out}` starts with them\n"));
    Ok(exit::OK)
}
