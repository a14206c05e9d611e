//! Tests of the whole, a module a subject.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests set up files and say what they saw")]

#[cfg(unix)]
mod bad_input;
#[cfg(unix)]
mod browser;
mod comment;
mod computers;
mod done_when;
mod drift;
mod forecast;
mod git;
mod import;
mod issues;
#[cfg(unix)]
mod kill;
mod log;
mod naive;
#[cfg(unix)]
mod page;
mod passwords;
mod poison;
mod reports;
mod secrets;
mod server;
mod told;
mod validate;
mod world;
