//! The store: one SQLite file, or memory. SQL stands in this folder and nowhere else; what it means stands in `app`.
//!
//! Guarantees: a write is one `IMMEDIATE` transaction that is on disk (WAL, `synchronous=FULL`) when
//! [`Store::write`] returns `Ok`, and has left no trace when it returns `Err`, a panic included. A read is one
//! snapshot. Reads of a file go over a connection of their own and never wait for a writer.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use camino::Utf8Path;
use camino::Utf8PathBuf;
pub use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::TransactionBehavior;

pub mod asdk;
pub mod asdk_inventory;
pub mod asdk_report;
pub mod audit;
pub mod fleet;
pub mod idempotency;
pub mod inventory;
pub mod items;
pub mod leases;
pub mod meta;
pub mod portal;
pub mod query;
pub mod refs;
pub mod tokens;

use crate::server::store::query::Asker;

/// What brings an empty database to the form that this version reads, one step a version.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
];

/// Marks the file as ours: `CSGN`.
const APPLICATION_ID: i32 = 0x4353_474E;

/// How long a connection waits for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// Statements kept prepared on each connection; there are fewer than this.
const STATEMENTS: usize = 256;

/// What goes wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be opened.
    #[error("cannot open the database `{path}`")]
    Open {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A later version wrote it.
    #[error("the database `{path}` has form {found}, made by a newer consign; this one reads up to form {supported}")]
    Newer {
        /// The file.
        path: Utf8PathBuf,
        /// The form it has.
        found: i64,
        /// The newest form that is known here.
        supported: i64,
    },
    /// It is a database of something else.
    #[error("`{path}` is a database, but not one of consign")]
    Foreign {
        /// The file.
        path: Utf8PathBuf,
    },
    /// SQLite refused.
    #[error("the database refused")]
    Sql(#[from] rusqlite::Error),
    /// A row says what no version of us wrote.
    #[error("the database holds a {what} that cannot be read")]
    Corrupt {
        /// What sort of row.
        what: &'static str,
    },
}

impl StoreError {
    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sql(error) | Self::Open { source: error, .. } => error.sqlite_error_code(),
            _ => None,
        }
    }

    /// Whether another process writes, so that the same may go well a little later.
    pub fn is_busy(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// Whether there is no room left.
    pub fn is_full(&self) -> bool {
        self.code() == Some(ErrorCode::DiskFull)
    }
}

/// The store.
pub struct Store {
    writer: Mutex<Connection>,
    /// `None` in memory, where there is one connection.
    reader: Option<Mutex<Connection>>,
    path: Option<Utf8PathBuf>,
}

impl Store {
    /// A store that ends with its value.
    ///
    /// # Errors
    /// When SQLite cannot make one.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut writer = Connection::open_in_memory()?;
        prepare(&mut writer, Utf8Path::new(":memory:"))?;
        Ok(Self { writer: Mutex::new(writer), reader: None, path: None })
    }

    /// The store in this file, which is made when it is not there, and brought to the present form.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database of ours, or has a newer form.
    pub fn open(path: &Utf8Path) -> Result<Self, StoreError> {
        let opened = |source| StoreError::Open { path: path.to_owned(), source };
        let mut writer = Connection::open(path).map_err(opened)?;
        // The first statement is the one that finds out whether this is a database at all.
        writer.pragma_update(None, "journal_mode", "WAL").map_err(opened)?;
        writer.pragma_update(None, "synchronous", "FULL").map_err(opened)?;
        prepare(&mut writer, path)?;
        let reader = open_reader(path)?;
        Ok(Self { writer: Mutex::new(writer), reader: Some(Mutex::new(reader)), path: Some(path.to_owned()) })
    }

    /// Runs `act` in one transaction: all of it is kept, or, on `Err`, nothing.
    ///
    /// # Errors
    /// What `act` returns, and what SQLite says to the commit.
    pub fn write<T, E: From<StoreError>>(&self, act: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let mut writer = locked(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        let done = act(&transaction)?;
        transaction.commit().map_err(sql)?;
        Ok(done)
    }

    /// Runs `act` over one snapshot.
    ///
    /// # Errors
    /// What `act` returns.
    pub fn read<T, E: From<StoreError>>(&self, act: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let mut connection = locked(self.reader.as_ref().unwrap_or(&self.writer));
        let snapshot = connection.transaction().map_err(sql)?;
        act(&snapshot)
    }

    /// Runs `act` over one snapshot that can be asked questions of others; of a file, on a connection of its own, so that
    /// nobody waits.
    ///
    /// # Errors
    /// What `act` returns.
    pub fn ask<T, E: From<StoreError>>(&self, act: impl FnOnce(&Asker<'_>) -> Result<T, E>) -> Result<T, E> {
        match &self.path {
            Some(path) => query::with_hooks(&mut open_reader(path)?, act),
            None => query::with_hooks(&mut locked(&self.writer), act),
        }
    }

    /// A connection of its own, for a read that takes long; `None` in memory, where there is only one.
    ///
    /// # Errors
    /// When the file cannot be opened once more.
    pub fn snapshot(&self) -> Result<Option<Connection>, StoreError> {
        let Some(path) = &self.path else { return Ok(None) };
        let connection = open_reader(path)?;
        connection.execute_batch("BEGIN DEFERRED")?;
        Ok(Some(connection))
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A panic while the lock was held rolled its transaction back, so the connection behind a poisoned lock is sound.
fn locked(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn sql(error: rusqlite::Error) -> StoreError {
    StoreError::Sql(error)
}

fn open_reader(path: &Utf8Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn prepare(connection: &mut Connection, path: &Utf8Path) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(connection, path)
}

fn migrate(connection: &mut Connection, path: &Utf8Path) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if owner != APPLICATION_ID && (owner != 0 || tables != 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let supported = i64::try_from(MIGRATIONS.len()).expect("there are few migrations");
    if found > supported {
        return Err(StoreError::Newer { path: path.to_owned(), found, supported });
    }
    let done = usize::try_from(found).map_err(|_| StoreError::Foreign { path: path.to_owned() })?;
    for step in &MIGRATIONS[done..] {
        transaction.execute_batch(step)?;
    }
    if found < supported {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", supported)?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Utf8PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(dir.path().join("consign.db")).unwrap();
        (dir, path)
    }

    #[test]
    fn a_newer_database_is_refused_by_name() {
        let (_dir, path) = place();
        drop(Store::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, supported: 4, .. }), "{error}");
        assert!(error.to_string().contains("consign.db"));
    }

    #[test]
    fn a_foreign_database_and_a_text_file_are_refused_and_left_alone() {
        let (_dir, path) = place();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
        assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Foreign { .. }));
        let (_dir, path) = place();
        std::fs::write(&path, "not a database, but long enough to be looked at as one ".repeat(40)).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Open { .. }));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_write_that_fails_or_panics_leaves_nothing() {
        let store = Store::in_memory().unwrap();
        let refused: Result<(), StoreError> = store.write(|sql| {
            meta::set(sql, "x", "1")?;
            Err(StoreError::Corrupt { what: "test" })
        });
        assert!(refused.is_err());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _: Result<(), StoreError> = store.write(|sql| {
                meta::set(sql, "x", "2")?;
                panic!("in the middle");
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(store.read(|sql| meta::get(sql, "x")).unwrap(), None);
    }

    #[test]
    fn a_file_is_synced_fully_and_checks_foreign_keys() {
        let (_dir, path) = place();
        let store = Store::open(&path).unwrap();
        let (mode, sync, keys) = store
            .write(|sql| {
                Ok::<_, StoreError>((
                    sql.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?,
                    sql.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?,
                    sql.pragma_query_value(None, "foreign_keys", |row| row.get::<_, i64>(0))?,
                ))
            })
            .unwrap();
        assert_eq!((mode.as_str(), sync, keys), ("wal", 2, 1));
    }

    #[test]
    fn a_reader_does_not_wait_for_a_writer() {
        let (_dir, path) = place();
        let store = Store::open(&path).unwrap();
        store.write(|sql| meta::set(sql, "x", "before")).unwrap();
        store
            .write(|sql| {
                meta::set(sql, "x", "after")?;
                assert_eq!(store.read(|sql| meta::get(sql, "x"))?.as_deref(), Some("before"));
                Ok::<_, StoreError>(())
            })
            .unwrap();
        assert_eq!(store.read(|sql| meta::get(sql, "x")).unwrap().as_deref(), Some("after"));
    }
}
