//! Tests of the whole, a module a subject.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests set up files and say what they saw")]

mod altiris;
mod altiris_apply;
mod asdk;
#[cfg(unix)]
mod auth;
#[cfg(unix)]
mod bad_input;
#[cfg(unix)]
mod browser;
mod command_lines;
mod comment;
mod computers;
mod conformance;
mod definitions;
#[cfg(unix)]
mod docs;
mod done_when;
mod drift;
mod fmt;
mod forecast;
mod git;
mod history;
mod import;
mod init;
mod issues;
#[cfg(unix)]
mod kill;
mod log;
mod lsp;
mod naive;
#[cfg(unix)]
mod page;
mod passwords;
#[cfg(unix)]
mod pipelines;
mod poison;
mod portal;
mod replan;
mod reports;
mod secrets;
mod server;
#[cfg(unix)]
mod shells;
#[cfg(unix)]
mod story;
#[cfg(target_os = "linux")]
mod terminal;
mod told;
mod validate;
mod validate_capabilities;
mod validate_commands;
mod validate_fix;
mod world;
