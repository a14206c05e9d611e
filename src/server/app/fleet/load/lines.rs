//! The lines that a load takes, one type a kind of line. A field that is not known is refused.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;

use crate::model::guid::Guid;
use crate::server::store::inventory::Cell;

#[derive(Deserialize)]
pub(super) struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ComputerLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) guid: Guid,
    pub(super) name: String,
    #[serde(default)]
    pub(super) domain: String,
    pub(super) zone: String,
    #[serde(default)]
    pub(super) last_seen: Option<Timestamp>,
    #[serde(default)]
    pub(super) retired: bool,
    #[serde(default)]
    pub(super) roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InventoryLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) table: String,
    pub(super) computer: Guid,
    pub(super) row: Cells,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExecutionLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) computer: Guid,
    pub(super) task: Guid,
    pub(super) at: Timestamp,
    #[serde(default)]
    pub(super) step: Option<u32>,
    #[serde(default)]
    pub(super) code: Option<i64>,
    #[serde(default)]
    pub(super) success: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) computer: Guid,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) task: Option<Guid>,
    #[serde(default)]
    pub(super) package: Option<Guid>,
    pub(super) at: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CachedLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) computer: Guid,
    pub(super) package: Guid,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) package: Guid,
    pub(super) bytes: u64,
    pub(super) hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HolderLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) computer: Guid,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PoolLine {
    #[serde(rename = "type")]
    pub(super) _line: IgnoredAny,
    pub(super) pool: u64,
    #[serde(default)]
    pub(super) expires: Option<Timestamp>,
    #[serde(default)]
    pub(super) maintenance_expires: Option<Timestamp>,
}

/// The cells of a row; no column twice, whatever the case.
pub(super) struct Cells(pub(super) Vec<(String, Cell)>);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Cells;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a row: columns and their values")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Cells, A::Error> {
                let (mut cells, mut seen) = (Vec::new(), BTreeSet::new());
                while let Some(column) = entries.next_key::<String>()? {
                    let value = cell(entries.next_value()?).map_err(A::Error::custom)?;
                    if !seen.insert(column.to_ascii_lowercase()) {
                        return Err(A::Error::custom(format_args!("the column `{column}` stands twice")));
                    }
                    cells.push((column, value));
                }
                Ok(Cells(cells))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

fn cell(value: serde_json::Value) -> Result<Cell, &'static str> {
    use serde_json::Value;
    Ok(match value {
        Value::Null => Cell::Null,
        Value::Bool(is) => Cell::Integer(i64::from(is)),
        Value::String(text) => Cell::Text(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cell::Integer(whole),
            (None, Some(real)) if !number.is_u64() => Cell::Real(real),
            _ => return Err("a number is too large"),
        },
        Value::Array(_) | Value::Object(_) => return Err("a value is text, a number, true, false or null"),
    })
}
