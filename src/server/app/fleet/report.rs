//! What a computer says that it did (DLV-1, DLV-3), and the licence that its first assessment takes (LIC-1).
//!
//! [`Happening`] has a twin in `agent`, which is what simulated computers write: the server has its own, as of everything on
//! the wire, so that a mistake in one shows as a difference and does not hide on both sides.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::Kept;
use crate::server::app::fleet::policy::DOWNLOAD_COMPLETE;
use crate::server::app::fleet::policy::JOB_ACTIVATED;
use crate::server::app::fleet::policy::JOB_REMOVED;
use crate::server::app::fleet::policy::PACKAGE_REMOVED;
use crate::server::app::fleet::policy::computer;
use crate::server::app::fleet::policy::package;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Writer;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::ComputerRow;
use crate::server::store::fleet::ExecutionRow;
use crate::server::store::items;

/// Something that a computer did.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Happening {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What a computer did.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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
        step: u32,
    },
    /// A program ended.
    Ended {
        /// The job.
        job: Guid,
        /// The step, 0 the first.
        step: u32,
        /// What it returned; null: nothing was heard.
        #[serde(default)]
        code: Option<i64>,
        /// Whether that is a success (PRG-2).
        success: bool,
        /// Whether it was killed at its limit.
        #[serde(default)]
        killed: bool,
    },
    /// A step was passed over for what it depends on (SEQ-3).
    Skipped {
        /// The job.
        job: Guid,
        /// The step, 0 the first.
        step: u32,
    },
    /// A job came to its end.
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
        #[schemars(with = "String")]
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
    /// The first assessment came back (LIC-1).
    Assessed,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reported {
    /// How many happenings were taken.
    pub happenings: usize,
    /// Whether the computer holds a patch licence now.
    pub licence: bool,
}

impl Writer<'_> {
    /// Takes what a computer says that it did.
    ///
    /// # Errors
    /// `not_found`.
    pub fn report(&mut self, guid: Guid, happenings: &[Happening]) -> Result<Kept, Refused> {
        let row = computer(self.sql, guid)?;
        for happening in happenings {
            self.take(&row, happening)?;
        }
        fleet::bump(self.sql, fleet::REVISION)?;
        let (licence, _) = fleet::licences_held(self.sql, row.id)?;
        Ok(Kept::value(200, &Reported { happenings: happenings.len(), licence }))
    }

    fn take(&self, computer: &ComputerRow, happening: &Happening) -> Result<(), StoreError> {
        let (id, at_ms) = (computer.id, happening.at.as_millisecond());
        let event = |kind: &str, task: i64| fleet::add_event(self.sql, id, kind, false, Some(task), None, at_ms);
        match &happening.what {
            What::DownloadEnded { package } => self.downloaded(id, *package, at_ms),
            What::PackageDeleted { package: guid } => {
                let subject = fleet::subject(self.sql, *guid)?;
                fleet::set_cached(self.sql, id, subject, false)?;
                if self.is_verbose(*guid)? {
                    fleet::add_event(self.sql, id, PACKAGE_REMOVED, true, None, Some(subject), at_ms)?;
                }
                Ok(())
            }
            What::Started { job, step } => {
                let task = fleet::subject(self.sql, *job)?;
                if *step == 0 {
                    event(JOB_ACTIVATED, task)?;
                }
                fleet::note_start(self.sql, task, id, at_ms)
            }
            What::Ended { job, step, code, success, killed: _ } => self.ended(id, *job, *step, *code, *success, at_ms),
            What::Finished { job, success } => {
                self.finished(id, *job, *success, at_ms)?;
                self.finish_request(computer.guid, *job, *success)
            }
            What::Removed { job } => {
                let task = fleet::subject(self.sql, *job)?;
                fleet::untell(self.sql, id, task)?;
                event(JOB_REMOVED, task)
            }
            What::Assessed => self.assessed(computer, at_ms),
            What::Restarted => fleet::restarted(self.sql, id),
            // Of these no table of the server holds anything (DLV-3).
            What::DownloadStarted { .. }
            | What::Skipped { .. }
            | What::NeverFits { .. }
            | What::Deferred { .. }
            | What::LoggedOff => Ok(()),
        }
    }

    /// PKG-5: of a package without verbose status nothing of downloads is recorded.
    fn downloaded(&self, computer: i64, guid: Guid, at_ms: i64) -> Result<(), StoreError> {
        if !self.is_verbose(guid)? {
            return Ok(());
        }
        let subject = fleet::subject(self.sql, guid)?;
        fleet::set_cached(self.sql, computer, subject, true)?;
        fleet::add_event(self.sql, computer, DOWNLOAD_COMPLETE, true, None, Some(subject), at_ms)
    }

    fn is_verbose(&self, guid: Guid) -> Result<bool, StoreError> {
        Ok(package(self.sql, guid)?.is_none_or(|package| package.verbose_status_events))
    }

    fn kind_of(&self, job: Guid) -> Result<Option<Kind>, StoreError> {
        items::named(self.sql, job)?.map(|item| Kind::stored(&item.kind)).transpose()
    }

    /// Of a task the end of its one program is the execution; of sequences and policies it is that of a step.
    fn ended(
        &self,
        computer: i64,
        job: Guid,
        step: u32,
        code: Option<i64>,
        success: bool,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let kind = self.kind_of(job)?;
        let task = fleet::subject(self.sql, job)?;
        let is_task = kind == Some(Kind::Task);
        let row = ExecutionRow {
            sequence: kind == Some(Kind::SequentialTask),
            computer,
            task,
            at_ms,
            step: (!is_task).then_some(i64::from(step)),
            code,
            success: Some(success),
        };
        fleet::add_execution(self.sql, &row)?;
        if is_task { fleet::note_end(self.sql, task, computer, at_ms) } else { Ok(()) }
    }

    fn finished(&self, computer: i64, job: Guid, success: bool, at_ms: i64) -> Result<(), StoreError> {
        let task = fleet::subject(self.sql, job)?;
        let is_told = fleet::last_end(self.sql, task, computer)? == Some(at_ms);
        if !is_told {
            let row =
                ExecutionRow { sequence: false, computer, task, at_ms, step: None, code: None, success: Some(success) };
            fleet::add_execution(self.sql, &row)?;
        }
        fleet::note_result(self.sql, task, computer, at_ms, Some(success))
    }

    /// LIC-1: the first assessment takes a licence. LIC-2: from an empty pool nobody gets one, and whoever holds one
    /// keeps it. LIC-3: nor from one that has expired. A retired computer holds none (LIC-4).
    fn assessed(&self, computer: &ComputerRow, at_ms: i64) -> Result<(), StoreError> {
        fleet::hold_plugin(self.sql, computer.id)?;
        let Some(pool) = fleet::pool(self.sql)? else { return Ok(()) };
        let (holds, held) = fleet::licences_held(self.sql, computer.id)?;
        let is_valid = pool.expires_ms.is_none_or(|expires| at_ms < expires);
        if !holds && held < pool.pool && is_valid && !computer.retired {
            fleet::hold_licence(self.sql, computer.id)?;
        }
        Ok(())
    }
}
