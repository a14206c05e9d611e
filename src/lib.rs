//! Software delivery as code: what people who run endpoint delivery servers keep in a console, kept as YAML manifests
//! in Git, compared with a live server, and made so.
//!
//! The modules, lowest first. A module uses earlier rows only, and modules of one row do not use each other;
//! `tests/architecture.rs` holds them to it.
//!
//! | row | module | is |
//! | --- | --- | --- |
//! | 0 | [`model`] | the nouns |
//! | 1 | [`rules`], [`sample`] | the catalogue of rules, as texts; fleets that are made up |
//! | 2 | [`diag`] | findings, and texts made safe to show |
//! | 3 | [`manifest`], [`check`], [`diff`], [`agent`], [`reach`], [`refs`] | text to site; a site against the rules; observed against desired; what one computer does; who is reached; what refers to what |
//! | 4 | [`plan`], [`forecast`], [`editor`] | changes to ordered steps, guards, what is held back, drift; many computers over simulated time; what editors ask |
//! | 5 | [`sys`] | files, clock, environment, HTTP: the only place that names them |
//! | 6 | [`adapter`], [`host`], [`server`] | server APIs as the client sees them; hosts of pull requests; the reference server |
//! | 7 | [`apply`] | runs a plan through an adapter |
//! | 8 | [`report`] | a view, and its formats |
//! | 9 | [`cli`] | arguments, settings, commands, exit codes |
//!
//! Rows 0 to 4 and 8 are pure: no `async`, files, environment, clock, network, threads or unseeded randomness; they
//! write only to a `Write` they are given. (`manifest` reads many texts at once with rayon, whose result does not
//! depend on the order.)

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests set up files and say what they saw")
)]

pub mod model;

mod planted;

#[cfg(test)]
mod simulation;

pub mod rules;
pub mod sample;

pub mod diag;

pub mod agent;
pub mod check;
pub mod diff;
pub mod manifest;
pub mod reach;
pub mod refs;

pub mod editor;
pub mod forecast;
pub mod plan;

pub mod sys;

pub mod adapter;
pub mod host;
pub mod server;

pub mod agents;
pub mod apply;

pub mod report;

pub mod cli;
