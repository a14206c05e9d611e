//! The rows of a report (altiris-asdk §5.1).

use std::collections::BTreeSet;

use super::value;
use super::xml::Node;

/// What a report answered: its columns are those of the schema, for an empty cell has no element in its row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub columns: BTreeSet<String>,
    /// The rows; the elements in each are its cells, under the columns' decoded names.
    pub rows: Vec<Node>,
}

/// Takes the records of an answer in, one by one.
#[derive(Default)]
pub struct TableReader {
    columns: Option<BTreeSet<String>>,
    rows: Vec<Node>,
}

impl TableReader {
    /// Takes one in: the schema, or a row.
    pub fn take(&mut self, mut record: Node) {
        if record.name == "schema" {
            let mut columns = BTreeSet::new();
            leaves(&record, &mut columns);
            self.columns = Some(columns);
            return;
        }
        for cell in &mut record.within {
            if cell.name.contains("_x") {
                cell.name = value::column(&cell.name);
            }
        }
        self.rows.push(record);
    }

    /// The table.
    ///
    /// # Errors
    /// Without a schema: then a column that is not there and one whose cells are all empty look the same.
    pub fn finish(self) -> Result<Table, String> {
        let Self { columns, rows } = self;
        match columns {
            Some(columns) => Ok(Table { columns, rows }),
            None => Err("it has no schema, so nobody can tell a missing column from an empty one".to_owned()),
        }
    }
}

/// Columns are the elements of a schema that have none within.
fn leaves(node: &Node, into: &mut BTreeSet<String>) {
    for element in node.within.iter() {
        if element.name != "element" {
            leaves(element, into);
            continue;
        }
        if element.all().iter().skip(1).any(|within| within.name == "element") {
            leaves(element, into);
        } else if let Some(name) = element.attribute("name") {
            into.insert(value::column(name));
        }
    }
}

impl Table {
    /// The columns of these that it does not have.
    pub fn lacks(&self, wanted: &[&str]) -> Vec<String> {
        wanted.iter().filter(|name| !self.columns.contains(**name)).map(|name| (*name).to_owned()).collect()
    }
}
