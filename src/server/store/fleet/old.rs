//! Rows of history that are to go (PUR-1): found once, removed a span of their numbers at a time, so that no write of
//! somebody else waits for all of them.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::server::store::StoreError;

/// A class of rows that is purged by itself (PUR-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Executions.
    Executions,
    /// Progress of sequential tasks.
    Sequences,
    /// Package events.
    Packages,
    /// Status events; what is named stays.
    Status {
        /// The kind of event that stays.
        but: &'static str,
    },
}

impl Class {
    /// Its table, its number there, and the kind of event that stays.
    const fn place(self) -> (&'static str, i64, &'static str) {
        match self {
            Self::Executions => ("executions", 0, ""),
            Self::Sequences => ("executions", 1, ""),
            Self::Packages => ("events", 2, ""),
            Self::Status { but } => ("events", 3, but),
        }
    }

    /// Which rows of the table are of it: `?1` is its number, `?2` the kind that stays.
    const fn these(self) -> &'static str {
        match self {
            Self::Status { .. } => "class = ?1 AND kind <> ?2",
            Self::Executions | Self::Sequences | Self::Packages => "class = ?1 AND ?2 IS NOT NULL",
        }
    }
}

/// The rows of a class that are to go, and how far their removal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Old {
    class: Class,
    /// Time and number of the newest of them: it and whatever is older goes.
    newest: (i64, i64),
    /// The numbers that are still to be looked at: this one and up to `last`.
    next: i64,
    last: i64,
}

/// The rows of a class that are not younger than a moment; and, of the rest, all but the newest `most` (PUR-1). Rows that
/// come later are not among them.
///
/// # Errors
/// When SQLite refuses.
pub fn old(sql: &Connection, class: Class, upto_ms: Option<i64>, most: Option<u64>) -> Result<Option<Old>, StoreError> {
    let ((table, number, but), these) = (class.place(), class.these());
    // What is older than the moment is older than the rest too: so of the two bounds the later one holds alone.
    let mut newest = upto_ms.map(|upto| (upto, i64::MAX));
    if let Some(most) = most {
        let text =
            format!("SELECT at_ms, id FROM {table} WHERE {these} ORDER BY at_ms DESC, id DESC LIMIT 1 OFFSET ?3");
        let beyond = sql
            .prepare_cached(&text)?
            .query_row(params![number, but, i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        newest = newest.max(beyond);
    }
    let Some(newest) = newest else { return Ok(None) };
    let numbers: (Option<i64>, Option<i64>) = sql
        .prepare_cached(&format!("SELECT min(id), max(id) FROM {table}"))?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(next), Some(last)) = numbers else { return Ok(None) };
    Ok(Some(Old { class, newest, next, last }))
}

impl Old {
    /// Whether every row was looked at.
    pub const fn is_done(&self) -> bool {
        self.next > self.last
    }

    /// Removes those among the next so many numbers; gives how many rows went.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn remove(&mut self, sql: &Connection, span: u32) -> Result<u64, StoreError> {
        let ((table, number, but), these) = (self.class.place(), self.class.these());
        let upto = self.next.saturating_add(i64::from(span)).min(self.last.saturating_add(1));
        let text = format!("DELETE FROM {table} WHERE id >= ?3 AND id < ?4 AND {these} AND (at_ms, id) <= (?5, ?6)");
        let (at_ms, id) = self.newest;
        let removed = sql.prepare_cached(&text)?.execute(params![number, but, self.next, upto, at_ms, id])?;
        self.next = upto;
        Ok(removed as u64)
    }
}
