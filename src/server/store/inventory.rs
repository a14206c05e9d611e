//! Inventory: tables of the computers' own, each seen by queries as a view of its name with a column `Guid`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;
use rusqlite::params_from_iter;
/// A value of inventory.
pub use rusqlite::types::Value as Cell;

use crate::server::store::StoreError;

/// The view that is always there.
pub const COMPUTERS_VIEW: &str = "vComputer";

/// The column that every view has beside its own.
pub const GUID_COLUMN: &str = "Guid";

/// A table of inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    id: i64,
    name: String,
    /// By name in lower case: the number of the column.
    columns: BTreeMap<String, usize>,
    /// The same, as they were first written, in the order of their numbers.
    names: Vec<String>,
}

impl Table {
    /// Its number.
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// How many columns it has.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// The number of a column; upper and lower case are the same.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.get(&name.to_ascii_lowercase()).copied()
    }
}

/// Whether a table, in lower case, is one that views are made over. None of them holds anything secret.
pub(super) fn is_below_views(table: &str) -> bool {
    let number = table.strip_prefix("inventory_");
    table == "computers" || number.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The names of all views, in lower case.
///
/// # Errors
/// When SQLite refuses.
pub fn views(sql: &Connection) -> Result<BTreeSet<String>, StoreError> {
    let mut query = sql.prepare_cached("SELECT lower(name) FROM inventory_tables")?;
    let mut found: BTreeSet<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    found.insert(COMPUTERS_VIEW.to_ascii_lowercase());
    Ok(found)
}

/// Everything that has a name in the database, in lower case.
///
/// # Errors
/// When SQLite refuses.
pub(super) fn names(sql: &Connection) -> Result<BTreeSet<String>, StoreError> {
    let mut query = sql.prepare_cached("SELECT lower(name) FROM sqlite_schema")?;
    let found = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Every table, by its name in lower case.
///
/// # Errors
/// When SQLite refuses.
pub fn tables(sql: &Connection) -> Result<BTreeMap<String, Table>, StoreError> {
    let mut query = sql.prepare_cached(
        "SELECT t.id, t.name, c.name FROM inventory_tables t LEFT JOIN inventory_columns c ON c.inventory = t.id
         ORDER BY t.id, c.position",
    )?;
    let mut rows = query.query([])?;
    let mut found: BTreeMap<String, Table> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let table = found.entry(name.to_ascii_lowercase()).or_insert_with(|| Table { id, name, ..Table::default() });
        if let Some(column) = row.get::<_, Option<String>>(2)? {
            table.note(column);
        }
    }
    Ok(found)
}

impl Table {
    fn note(&mut self, column: String) {
        self.columns.insert(column.to_ascii_lowercase(), self.names.len());
        self.names.push(column);
    }
}

/// Whether a name belongs to the database itself.
///
/// # Errors
/// When SQLite refuses.
pub fn is_taken(sql: &Connection, name: &str) -> Result<bool, StoreError> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("sqlite_") || is_below_views(&lower) {
        return Ok(true);
    }
    let found: Option<i64> = sql
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// Makes a table. The name is one of letters, digits and `_`, and is not taken.
///
/// # Errors
/// When SQLite refuses.
pub fn make(sql: &Connection, name: &str) -> Result<Table, StoreError> {
    sql.prepare_cached("INSERT INTO inventory_tables (name) VALUES (?1)")?.execute([name])?;
    let table = Table { id: sql.last_insert_rowid(), name: name.to_owned(), ..Table::default() };
    let id = table.id;
    sql.execute_batch(&format!(
        "CREATE TABLE inventory_{id} (id INTEGER PRIMARY KEY, computer INTEGER NOT NULL) STRICT"
    ))?;
    Ok(table)
}

/// Adds columns to a table; their names are of letters, digits and `_`.
///
/// # Errors
/// When SQLite refuses.
pub fn widen(sql: &Connection, table: &mut Table, columns: Vec<String>) -> Result<(), StoreError> {
    for column in columns {
        let (id, position) = (table.id, table.width());
        sql.prepare_cached("INSERT INTO inventory_columns (inventory, position, name) VALUES (?1, ?2, ?3)")?
            .execute(params![id, i64::try_from(position).unwrap_or(i64::MAX), column])?;
        sql.execute_batch(&format!("ALTER TABLE inventory_{id} ADD COLUMN c{position} ANY"))?;
        table.note(column);
    }
    Ok(())
}

/// Brings the view of a table, and its indexes, to the columns that it has. Done once a load, after the rows, because an
/// index over rows that are there is made several times faster than one that follows them.
///
/// # Errors
/// When SQLite refuses.
pub fn finish(sql: &Connection, table: &Table) -> Result<(), StoreError> {
    use std::fmt::Write as _;
    let (id, name) = (table.id, &table.name);
    let (mut columns, mut indexes) = (String::new(), String::new());
    for (position, column) in table.names.iter().enumerate() {
        write!(columns, ", i.c{position} AS \"{column}\"").expect("a string takes every write");
        write!(
            indexes,
            "CREATE INDEX IF NOT EXISTS inventory_{id}_{position} ON inventory_{id} (c{position}, computer);"
        )
        .expect("a string takes every write");
    }
    Ok(sql.execute_batch(&format!(
        "DROP VIEW IF EXISTS \"{name}\";
         CREATE VIEW \"{name}\" AS SELECT c.guid AS {GUID_COLUMN}{columns}
             FROM inventory_{id} i JOIN computers c ON c.id = i.computer;
         CREATE INDEX IF NOT EXISTS inventory_{id}_computer ON inventory_{id} (computer);
         {indexes}
         ANALYZE inventory_{id}; ANALYZE computers;"
    ))?)
}

/// Forgets the rows of a computer.
///
/// # Errors
/// When SQLite refuses.
pub fn forget(sql: &Connection, table: &Table, computer: i64) -> Result<(), StoreError> {
    sql.prepare_cached(&format!("DELETE FROM inventory_{} WHERE computer = ?1", table.id))?.execute([computer])?;
    Ok(())
}

/// Adds a row: numbers of columns and their values.
///
/// # Errors
/// When SQLite refuses.
pub fn insert(sql: &Connection, table: &Table, computer: i64, cells: &[(usize, Cell)]) -> Result<(), StoreError> {
    use std::fmt::Write as _;
    let (mut columns, mut marks) = (String::new(), String::new());
    for (position, _) in cells {
        write!(columns, ", c{position}").expect("a string takes every write");
        marks.push_str(", ?");
    }
    let text = format!("INSERT INTO inventory_{} (computer{columns}) VALUES (?{marks})", table.id);
    let computer = Cell::Integer(computer);
    let values = std::iter::once(&computer).chain(cells.iter().map(|(_, cell)| cell));
    sql.prepare_cached(&text)?.execute(params_from_iter(values))?;
    Ok(())
}

/// A column of a table, as a text by the GUID of the computer, of several rows the last; nothing where there is no such
/// column.
///
/// # Errors
/// When SQLite refuses.
pub fn column(sql: &Connection, table: &str, column: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let tables = tables(sql)?;
    let Some(table) = tables.get(&table.to_ascii_lowercase()) else { return Ok(BTreeMap::new()) };
    let Some(position) = table.column(column) else { return Ok(BTreeMap::new()) };
    let text = format!(
        "SELECT c.guid, CAST(i.c{position} AS TEXT) FROM inventory_{} i JOIN computers c ON c.id = i.computer
         WHERE i.c{position} IS NOT NULL ORDER BY i.id",
        table.id
    );
    let mut query = sql.prepare(&text)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
