//! The world: files, clock, environment, HTTP client. The only place that names them; it knows nothing of the domain.

#![allow(clippy::disallowed_methods, reason = "this is the place that names files, clock and environment")]

pub mod cache;
pub mod clock;
pub mod disk;
pub mod edited;
pub mod environment;
pub mod files;
pub mod gather;
pub mod git;
pub mod hmac;
pub mod http;
pub mod journal_files;
pub mod kerberos;
pub mod retry;
pub mod secrets;
