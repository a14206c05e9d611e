//! What a computer did, and when.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;

/// Something that a computer did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What a computer did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum What {
    /// A download began.
    DownloadStarted {
        /// The package.
        package: Guid,
    },
    /// A download ended.
    DownloadEnded {
        /// The package.
        package: Guid,
    },
    /// A program started.
    Started {
        /// The job.
        job: Guid,
        /// The step, 0 the first.
        step: usize,
    },
    /// A program ended.
    Ended {
        /// The job.
        job: Guid,
        /// The step, 0 the first.
        step: usize,
        /// What it returned; `None`: it was killed, or never lived to report.
        code: Option<i64>,
        /// Whether that is a success (PRG-2).
        success: bool,
        /// Whether it was killed at its limit (PRG-3, MW-5).
        killed: bool,
    },
    /// A step was passed over for what it depends on (SEQ-3).
    Skipped {
        /// The job.
        job: Guid,
        /// The step, 0 the first.
        step: usize,
    },
    /// A job came to its end: this is what the memory keeps (TSK-4).
    Finished {
        /// The job.
        job: Guid,
        /// Whether with success.
        success: bool,
    },
    /// No window will ever take it (MW-4).
    NeverFits {
        /// The job.
        job: Guid,
    },
    /// A job was taken off the computer after its success (TSK-10).
    Removed {
        /// The job.
        job: Guid,
    },
    /// A user put a start off (TSK-8).
    Deferred {
        /// The job.
        job: Guid,
        /// Until when.
        until: Timestamp,
    },
    /// The computer restarted.
    Restarted,
    /// The user was logged off.
    LoggedOff,
    /// A package was deleted from the cache (PKG-3).
    PackageDeleted {
        /// The package.
        package: Guid,
    },
    /// The first assessment came back: a licence is asked for (LIC-1).
    Assessed,
}
