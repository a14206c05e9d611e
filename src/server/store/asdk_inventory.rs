//! What the inventory holds of one computer, for who asks by resource rather than by query.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::model::guid::Guid;
use crate::server::store::StoreError;

/// The rows of one table of inventory that are a computer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The table.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The cells, as texts.
    pub rows: Vec<Vec<Option<String>>>,
}

/// The tables of inventory, by name.
///
/// # Errors
/// When SQLite refuses.
pub fn names(sql: &Connection) -> Result<Vec<String>, StoreError> {
    let mut query = sql.prepare_cached("SELECT name FROM inventory_tables ORDER BY name")?;
    Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// What every table holds of a computer; tables without a row of it are there too.
///
/// # Errors
/// When SQLite refuses.
pub fn of_computer(sql: &Connection, computer: Guid) -> Result<Vec<Rows>, StoreError> {
    let mut found = Vec::new();
    for name in names(sql)? {
        // Names of tables are letters, digits and `_`, see `inventory::make`; the view has the GUID first.
        let mut query = sql.prepare(&format!("SELECT * FROM \"{name}\" WHERE Guid = ?1"))?;
        let columns: Vec<String> = query.column_names().skip(1).map(str::to_owned).collect();
        let mut rows = query.query([computer.to_string()])?;
        let mut table = Rows { name, columns, rows: Vec::new() };
        while let Some(row) = rows.next()? {
            let cell = |at: usize| Ok::<_, StoreError>(shown(row.get_ref(at + 1)?));
            table.rows.push((0..table.columns.len()).map(cell).collect::<Result<_, _>>()?);
        }
        found.push(table);
    }
    Ok(found)
}

fn shown(cell: ValueRef<'_>) -> Option<String> {
    match cell {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(crate::server::app::hex(bytes)),
    }
}
