//! Reports of others over tables that are made for them: in a database in memory that holds nothing else, so that there is
//! nothing to find in it but what is meant to be read. Bounded in time, rows and the size of values.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use rusqlite::Batch;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::Statement;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::AuthAction;
use rusqlite::hooks::AuthContext;
use rusqlite::hooks::Authorization;
use rusqlite::limits::Limit;
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use rusqlite::types::ValueRef;

use crate::server::store::StoreError;
use crate::server::store::query::FUNCTIONS;
use crate::server::store::query::QueryLimits;
use crate::server::store::query::Unanswered;
use crate::sys::clock::Stopwatch;

/// The type of a column, as T-SQL calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `uniqueidentifier`.
    Guid,
    /// `nvarchar`.
    Text,
    /// `int`; truth values too, 0 and 1.
    Int,
    /// `datetime`.
    Time,
}

impl ColumnType {
    /// Its name in T-SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guid => "uniqueidentifier",
            Self::Text => "nvarchar",
            Self::Int => "int",
            Self::Time => "datetime",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Guid, Self::Text, Self::Int, Self::Time].into_iter().find(|one| one.name() == name)
    }
}

/// A column: its name and its type.
pub type Column = (&'static str, ColumnType);

/// A cell on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A text; GUIDs and times too.
    Text(String),
}

/// What a report gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Its columns; the type where it is that of a table's column, or that of every value in it.
    pub columns: Vec<(String, Kind)>,
    /// Its rows: texts as they are shown, or nothing.
    pub rows: Vec<Vec<Option<String>>>,
}

/// What a column of an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of a table.
    Of(ColumnType),
    /// Numbers with a part behind the point.
    Double,
    /// Whole numbers of any size.
    Long,
}

/// Tables that a report is run over.
#[derive(Debug)]
pub struct Sheets {
    sql: Connection,
}

/// The schema of every table.
const OWNER: &str = "dbo";

impl Sheets {
    /// No tables.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn new() -> Result<Self, StoreError> {
        let sql = Connection::open_in_memory()?;
        sql.execute_batch("ATTACH ':memory:' AS dbo; ATTACH ':memory:' AS INFORMATION_SCHEMA;")?;
        Ok(Self { sql })
    }

    /// Adds a table with the rows that `fill` gives; each is as long as there are columns.
    ///
    /// # Errors
    /// What `fill` returns, and when SQLite refuses.
    pub fn add<E: From<StoreError>>(
        &self,
        schema: Option<&str>,
        name: &str,
        columns: &[Column],
        fill: impl FnOnce(&mut dyn FnMut(Vec<Cell>) -> Result<(), StoreError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let table = format!("{}.{name}", schema.unwrap_or(OWNER));
        // T-SQL compares texts without case unless a server is told otherwise.
        let declared = columns.iter().map(|(name, ty)| format!("\"{name}\" {} COLLATE NOCASE", ty.name()));
        let text = format!("CREATE TABLE {table} ({})", declared.collect::<Vec<_>>().join(", "));
        self.sql.execute_batch(&text).map_err(StoreError::Sql)?;
        let places = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT INTO {table} VALUES ({places})");
        self.sql.execute_batch("BEGIN").map_err(StoreError::Sql)?;
        let mut statement = self.sql.prepare(&insert).map_err(StoreError::Sql)?;
        fill(&mut |row| {
            let values = row.into_iter().map(|cell| match cell {
                Cell::Null => Value::Null,
                Cell::Int(number) => Value::Integer(number),
                Cell::Text(text) => Value::Text(text),
            });
            statement.execute(params_from_iter(values)).map_err(StoreError::Sql)?;
            Ok(())
        })?;
        drop(statement);
        self.sql.execute_batch("COMMIT").map_err(StoreError::Sql)?;
        Ok(())
    }

    /// Runs one SELECT. With `cut_after` rows are left out after that many, without a word.
    ///
    /// # Errors
    /// `Ok(Err(…))` when the text is no SELECT over the tables, or cannot be answered within the bounds; `Err` when SQLite
    /// fails.
    pub fn run(
        mut self,
        text: &str,
        limits: &QueryLimits,
        cut_after: Option<u64>,
    ) -> Result<Result<Answer, Unanswered>, StoreError> {
        if text.len() > limits.text_bytes {
            return Ok(Err(Unanswered::Refused(format!("the query is longer than {} bytes", limits.text_bytes))));
        }
        let value_bytes_max = 16 * 1024 * 1024;
        self.sql.set_limit(Limit::SQLITE_LIMIT_LENGTH, value_bytes_max)?;
        let refused = Arc::new(Mutex::new(None));
        let watched = refused.clone();
        self.sql.authorizer(Some(move |context: AuthContext<'_>| judge(&watched, &context)))?;
        let (since, most) = (Stopwatch::start(), limits.time);
        self.sql.progress_handler(2_000, Some(move || since.elapsed() > most))?;
        let answered = answer(&self.sql, text, limits, cut_after);
        let why = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(answered.map_err(|failed| match (failed, why) {
            (Failed::Sql(error), _) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Unanswered::Slow(limits.time)
            }
            (_, Some(why)) | (Failed::Why(why), None) => Unanswered::Refused(why),
            (Failed::Sql(rusqlite::Error::SqliteFailure(_, Some(why))), None) => {
                Unanswered::Refused(format!("the query failed: {why}"))
            }
            (Failed::Sql(rusqlite::Error::SqlInputError { msg, .. }), None) => {
                Unanswered::Refused(format!("the query failed: {msg}"))
            }
            (Failed::Sql(error), None) => Unanswered::Refused(format!("the query failed: {error}")),
        }))
    }
}

fn judge(refused: &Mutex<Option<String>>, context: &AuthContext<'_>) -> Authorization {
    let why = match context.action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Read { .. } => return Authorization::Allow,
        AuthAction::Function { function_name } if FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str()) => {
            return Authorization::Allow;
        }
        AuthAction::Function { function_name } => format!("the function `{function_name}` is not known"),
        _ => "a report reads, and does nothing else".to_owned(),
    };
    refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    Authorization::Deny
}

enum Failed {
    Sql(rusqlite::Error),
    Why(String),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn answer(sql: &Connection, text: &str, limits: &QueryLimits, cut_after: Option<u64>) -> Result<Answer, Failed> {
    let mut statements = Batch::new(sql, text);
    let Some(mut statement) = statements.next()? else { return Err(Failed::Why("the query is empty".to_owned())) };
    if statements.next()?.is_some() {
        return Err(Failed::Why("the query is more than one statement".to_owned()));
    }
    if !statement.readonly() || statement.is_explain() != 0 || statement.column_count() == 0 {
        return Err(Failed::Why("the query is no SELECT".to_owned()));
    }
    if statement.parameter_count() > 0 {
        return Err(Failed::Why("the query has parameters, and nothing fills them".to_owned()));
    }
    rows(&mut statement, limits, cut_after)
}

fn rows(statement: &mut Statement<'_>, limits: &QueryLimits, cut_after: Option<u64>) -> Result<Answer, Failed> {
    let declared: Vec<Option<ColumnType>> =
        statement.columns().map(|column| column.decl_type().and_then(ColumnType::from_name)).collect();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut kinds: Vec<Option<Kind>> = vec![None; names.len()];
    let mut found = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count = found.len() as u64;
        if cut_after.is_some_and(|most| count >= most) {
            break;
        }
        if count >= limits.rows {
            return Err(Failed::Why(format!("the query returns more than {} rows", limits.rows)));
        }
        let mut cells = Vec::with_capacity(names.len());
        for (at, kind) in kinds.iter_mut().enumerate() {
            let (text, is) = match row.get_ref(at)? {
                ValueRef::Null => {
                    cells.push(None);
                    continue;
                }
                ValueRef::Integer(number) if i32::try_from(number).is_ok() => {
                    (number.to_string(), Kind::Of(ColumnType::Int))
                }
                ValueRef::Integer(number) => (number.to_string(), Kind::Long),
                ValueRef::Real(number) => (number.to_string(), Kind::Double),
                ValueRef::Text(text) => (String::from_utf8_lossy(text).into_owned(), Kind::Of(ColumnType::Text)),
                ValueRef::Blob(_) => return Err(Failed::Why("the query returns bytes".to_owned())),
            };
            *kind = Some(kind.map_or(is, |before| widest(before, is)));
            cells.push(Some(text));
        }
        found.push(cells);
    }
    drop(rows);
    let of = |(at, name): (usize, String)| {
        let seen = kinds[at].unwrap_or(Kind::Of(ColumnType::Text));
        (name, declared[at].map_or(seen, Kind::Of))
    };
    Ok(Answer { columns: names.into_iter().enumerate().map(of).collect(), rows: found })
}

/// What holds the values of both.
fn widest(one: Kind, other: Kind) -> Kind {
    match (one, other) {
        (one, other) if one == other => one,
        (Kind::Of(ColumnType::Int), Kind::Long) | (Kind::Long, Kind::Of(ColumnType::Int)) => Kind::Long,
        (Kind::Of(ColumnType::Int) | Kind::Long, Kind::Double)
        | (Kind::Double, Kind::Of(ColumnType::Int) | Kind::Long) => Kind::Double,
        _ => Kind::Of(ColumnType::Text),
    }
}
