//! Questions of others over inventory: read only, over the inventory's views alone, bounded in time, rows and memory.
//!
//! While a question is looked at and answered, an authorizer refuses everything but reading the views, what the views
//! themselves read, and functions that give the same answer at any time. Beside it the connection of a file is
//! read-only. What is refused says why.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use rusqlite::Batch;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::Statement;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::AuthAction;
use rusqlite::hooks::AuthContext;
use rusqlite::hooks::Authorization;
use rusqlite::limits::Limit;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::inventory;
use crate::sys::clock::Stopwatch;

/// Functions that a question may use: those whose answer is that of their arguments alone.
pub(super) const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_object",
    "json_quote",
    "json_type",
    "json_valid",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "median",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "percentile",
    "pow",
    "power",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unlikely",
    "upper",
];

/// The largest text or row that a question may make, in bytes.
const VALUE_BYTES_MAX: i32 = 1_000_000;

/// How many steps of SQLite's machine lie between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// How far a question may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// The longest text, in bytes.
    pub text_bytes: usize,
    /// The longest time.
    pub time: Duration,
    /// The most rows.
    pub rows: u64,
}

/// Why a question has no answer. "Nobody" is an answer; this is none.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unanswered {
    /// It is not what may be asked, or cannot be answered.
    #[error("{0}")]
    Refused(String),
    /// It took too long.
    #[error("the query took longer than {} ms", .0.as_millis())]
    Slow(Duration),
}

impl Unanswered {
    fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

/// What the hooks of a connection look at; inactive, they let everything pass.
#[derive(Debug, Default)]
struct Guard {
    active: bool,
    views: BTreeSet<String>,
    /// Everything that has a name in the database.
    names: BTreeSet<String>,
    refused: Option<String>,
    deadline: Option<(Stopwatch, Duration)>,
}

/// One moment of the store on a connection that can be asked questions.
#[derive(Debug)]
pub struct Asker<'a> {
    /// The connection, for what the server itself reads.
    pub sql: &'a Connection,
    guard: Arc<Mutex<Guard>>,
}

/// Runs `act` over one snapshot of a connection with the hooks in place, and takes them off again.
pub(super) fn with_hooks<T, E: From<StoreError>>(
    connection: &mut Connection,
    act: impl FnOnce(&Asker<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let guard = Arc::new(Mutex::new(Guard::default()));
    let (asked, watched) = (guard.clone(), guard.clone());
    connection.authorizer(Some(move |context: AuthContext<'_>| judge(&mut locked(&asked), &context))).map_err(sql)?;
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || is_late(&locked(&watched)))).map_err(sql)?;
    let done = match connection.transaction().map_err(sql) {
        Ok(snapshot) => act(&Asker { sql: &snapshot, guard }),
        Err(error) => Err(error.into()),
    };
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>).map_err(sql)?;
    connection.progress_handler(0, None::<fn() -> bool>).map_err(sql)?;
    done
}

const fn sql(error: rusqlite::Error) -> StoreError {
    StoreError::Sql(error)
}

fn locked(guard: &Mutex<Guard>) -> MutexGuard<'_, Guard> {
    guard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_late(guard: &Guard) -> bool {
    guard.active && guard.deadline.is_some_and(|(since, most)| since.elapsed() > most)
}

fn judge(guard: &mut Guard, context: &AuthContext<'_>) -> Authorization {
    if !guard.active {
        return Authorization::Allow;
    }
    let through_view = context.accessor.is_some_and(|name| guard.views.contains(&name.to_ascii_lowercase()));
    let why = match context.action {
        AuthAction::Select | AuthAction::Recursive => None,
        AuthAction::Read { table_name, column_name } => {
            let table = table_name.to_ascii_lowercase();
            // Whoever names a table of a `WITH` as a view looks like that view: so even then only what views read.
            let may = guard.views.contains(&table)
                || through_view && inventory::is_below_views(&table)
                || column_name.is_empty() && is_of_the_query(guard, &table);
            (!may).then(|| format!("the query reads `{table_name}`, which is no view of the inventory"))
        }
        AuthAction::Function { function_name } => {
            let known = FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str());
            (!known).then(|| format!("the function `{function_name}` is not one that queries may use"))
        }
        AuthAction::Pragma { .. } => Some("the query sets or reads a PRAGMA".to_owned()),
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Some("the query attaches a database".to_owned()),
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
            Some("the query controls transactions".to_owned())
        }
        _ => Some("the query tries to write".to_owned()),
    };
    match why {
        None => Authorization::Allow,
        Some(why) => {
            guard.refused.get_or_insert(why);
            Authorization::Deny
        }
    }
}

/// Whether a table of which no column is read is one that the query itself makes with `WITH`: what the database has is
/// refused, and so is what SQLite makes up by name.
fn is_of_the_query(guard: &Guard, table: &str) -> bool {
    let made_up = ["sqlite_", "pragma_", "json_", "jsonb_", "fts", "dbstat", "bytecode", "tables_used"];
    !guard.names.contains(table) && !made_up.iter().any(|start| table.starts_with(start))
}

/// Ends the watch over a question, whatever became of it.
struct Watch<'a> {
    asker: &'a Asker<'a>,
    length: i32,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        *locked(&self.asker.guard) = Guard::default();
        // It was set before, so it can be set back.
        let _ = self.asker.sql.set_limit(Limit::SQLITE_LIMIT_LENGTH, self.length);
    }
}

impl Asker<'_> {
    /// Asks, and calls `each` with the computer of every row: its column `Guid`, or else `ResourceGuid`.
    ///
    /// # Errors
    /// `Ok(Err(…))` when the question is none, or cannot be answered within the bounds; `Err` when the store fails.
    pub fn ask(
        &self,
        text: &str,
        limits: &QueryLimits,
        each: impl FnMut(Guid),
    ) -> Result<Result<(), Unanswered>, StoreError> {
        if text.len() > limits.text_bytes {
            let why = format!("the query is longer than {} bytes", limits.text_bytes);
            return Ok(Err(Unanswered::refused(why)));
        }
        let (views, names) = (inventory::views(self.sql)?, inventory::names(self.sql)?);
        let length = self.sql.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
        let _watch = Watch { asker: self, length };
        let deadline = Some((Stopwatch::start(), limits.time));
        *locked(&self.guard) = Guard { active: true, views, names, refused: None, deadline };
        let answered = self.prepared(text).and_then(|mut statement| rows(&mut statement, limits, each));
        Ok(answered.map_err(|failed| self.why(failed, limits)))
    }

    /// The one statement of a text.
    fn prepared(&self, text: &str) -> Result<Statement<'_>, Failed> {
        let mut statements = Batch::new(self.sql, text);
        let Some(statement) = statements.next()? else { return Err(Failed::Why("the query is empty".to_owned())) };
        if statements.next()?.is_some() {
            return Err(Failed::Why("the query is more than one statement".to_owned()));
        }
        if !statement.readonly() || statement.is_explain() != 0 || statement.column_count() == 0 {
            return Err(Failed::Why("the query is no SELECT".to_owned()));
        }
        Ok(statement)
    }

    fn why(&self, failed: Failed, limits: &QueryLimits) -> Unanswered {
        let refused = locked(&self.guard).refused.take();
        match (failed, refused) {
            (Failed::Sql(error), _) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Unanswered::Slow(limits.time)
            }
            (_, Some(why)) | (Failed::Why(why), None) => Unanswered::Refused(why),
            (Failed::Sql(rusqlite::Error::SqliteFailure(_, Some(why))), None) => {
                Unanswered::refused(format!("the query failed: {why}"))
            }
            (Failed::Sql(rusqlite::Error::SqlInputError { msg, .. }), None) => {
                Unanswered::refused(format!("the query failed: {msg}"))
            }
            (Failed::Sql(error), None) => Unanswered::refused(format!("the query failed: {error}")),
        }
    }
}

/// Why a question ended.
enum Failed {
    Sql(rusqlite::Error),
    Why(String),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn rows(statement: &mut Statement<'_>, limits: &QueryLimits, mut each: impl FnMut(Guid)) -> Result<(), Failed> {
    let column = guid_column(statement).ok_or_else(|| Failed::Why("the query returns no column `Guid`".to_owned()))?;
    if statement.parameter_count() > 0 {
        return Err(Failed::Why("the query has parameters, and nothing fills them".to_owned()));
    }
    let mut found = statement.query([])?;
    let mut count = 0_u64;
    while let Some(row) = found.next()? {
        count += 1;
        if count > limits.rows {
            return Err(Failed::Why(format!("the query returns more than {} rows", limits.rows)));
        }
        let value = row.get_ref(column)?;
        if value == rusqlite::types::ValueRef::Null {
            continue; // An outer join that found nobody.
        }
        let guid = value.as_str().ok().and_then(|text| text.parse().ok());
        each(guid.ok_or_else(|| Failed::Why("a row of the query has a `Guid` that is none".to_owned()))?);
    }
    Ok(())
}

fn guid_column(statement: &Statement<'_>) -> Option<usize> {
    let place = |name: &str| statement.column_names().position(|column| column.eq_ignore_ascii_case(name));
    place("Guid").or_else(|| place("ResourceGuid"))
}
