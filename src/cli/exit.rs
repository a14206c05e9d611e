//! Exit codes: what a pipeline branches on. They are documented in `--help` and in the README, and never change their
//! meaning.

/// An exit code and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The number.
    pub code: u8,
    /// Its name in JSON.
    pub name: &'static str,
}

/// Success; with `--detailed-exitcode`, no changes.
pub const OK: Exit = Exit { code: 0, name: "ok" };
/// Something failed.
pub const ERROR: Exit = Exit { code: 1, name: "error" };
/// Success, with changes (`--detailed-exitcode`), or drift (`drift`).
pub const CHANGES: Exit = Exit { code: 2, name: "changes" };
/// Blocked by policy, protection or a missing acknowledgement.
pub const BLOCKED: Exit = Exit { code: 3, name: "blocked" };
/// The plan is stale.
pub const STALE: Exit = Exit { code: 4, name: "stale" };
/// Applied in part.
pub const PARTIAL: Exit = Exit { code: 5, name: "partial" };
/// Another apply holds the lock.
pub const LOCKED: Exit = Exit { code: 6, name: "locked" };
/// Not everything that was needed could be read.
pub const INCOMPLETE: Exit = Exit { code: 7, name: "incomplete" };
/// The command line is wrong.
pub const USAGE: Exit = Exit { code: 64, name: "usage" };
/// A manifest or a plan file is wrong.
pub const DATA: Exit = Exit { code: 65, name: "bad_data" };
/// The configuration is wrong.
pub const CONFIG: Exit = Exit { code: 78, name: "bad_configuration" };

/// The table at the end of `--help`.
pub const HELP: &str = "\
Exit codes:
   0  success; with --detailed-exitcode: no changes
   1  error
   2  changes (with --detailed-exitcode); drift
   3  blocked by policy, protection or a missing acknowledgement (the plan is still written)
   4  plan stale, or more would be done than was approved; plan again
   5  applied in part; the journal tells what
   6  locked by another apply
   7  not everything needed could be read
  64  usage   65  bad manifest or plan file   78  bad configuration";
