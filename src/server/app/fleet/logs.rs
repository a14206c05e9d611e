//! The log of executions and status events, row by row (DLV-3).

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::fleet::shown;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::LogFilter;

/// A run of a task, or of one of its steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Execution {
    /// Its number.
    pub id: u64,
    /// The computer.
    pub computer: Guid,
    /// The task, sequential task or delivery policy.
    pub task: Option<Guid>,
    /// When it ended.
    pub at: String,
    /// The step, 0 the first; null: the whole.
    pub step: Option<i64>,
    /// What it returned.
    pub code: Option<i64>,
    /// Whether that is a success; null: it was never heard.
    pub success: Option<bool>,
}

/// A status event (DLV-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// Its number.
    pub id: u64,
    /// The computer.
    pub computer: Guid,
    /// What happened, such as `New Job`.
    pub kind: String,
    /// To which task.
    pub task: Option<Guid>,
    /// To which package.
    pub package: Option<Guid>,
    /// When.
    pub at: String,
}

impl App {
    /// Executions that pass a filter, by number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn executions(&self, filter: LogFilter) -> Result<Vec<Execution>, StoreError> {
        let rows = self.store().read(|sql| fleet::executions(sql, filter))?;
        let read = |row: fleet::LogRow| {
            let at = shown(row.at_ms)?;
            let fleet::LogRow { id, computer, task, step, code, success, .. } = row;
            Ok(Execution { id, computer, task, at, step, code, success })
        };
        rows.into_iter().map(read).collect()
    }

    /// Status events that pass a filter, by number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn events(&self, filter: LogFilter) -> Result<Vec<Event>, StoreError> {
        let rows = self.store().read(|sql| fleet::events(sql, filter))?;
        let read = |row: fleet::LogRow| {
            let at = shown(row.at_ms)?;
            let fleet::LogRow { id, computer, kind, task, package, .. } = row;
            Ok(Event { id, computer, kind: kind.unwrap_or_default(), task, package, at })
        };
        rows.into_iter().map(read).collect()
    }
}
