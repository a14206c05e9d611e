//! What methods give: values by type, records of Details classes, tables.

use jiff::civil::DateTime;

use crate::model::guid::Guid;

/// A type of the wire. A service's description and its answers are both made from these.
#[derive(Clone, Copy, Debug)]
pub enum Ty {
    /// No result.
    Void,
    /// A text, nullable.
    Text,
    /// A GUID as `guid`.
    Guid,
    /// Of a parameter: a GUID, which is a text in the message of texts and a `guid` in the other (altiris-asdk §2).
    GuidParam,
    /// Of a parameter: GUIDs, one comma-separated text in the message of texts and `ArrayOfGuid` in the other.
    GuidsParam,
    /// A truth value.
    Bool,
    /// A whole number of 32 bits.
    Int,
    /// A point in time without a zone.
    DateTime,
    /// `ArrayOfGuid`, nullable.
    Guids,
    /// `ArrayOfString`, nullable.
    Texts,
    /// A record, nullable.
    Record(&'static Class),
    /// `ArrayOf…` of records, nullable.
    Records(&'static Class),
    /// A `DataTable` (altiris-asdk §5.1).
    Table,
}

impl Ty {
    /// Whether null can stand for it: not of .NET's value types.
    pub const fn is_nullable(self) -> bool {
        !matches!(self, Self::Guid | Self::Bool | Self::Int | Self::DateTime)
    }
}

/// A class of the wire.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// Its fields, in the order of their declaration.
    pub fields: &'static [Field],
}

/// A field of a class.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
}

impl Field {
    /// A field.
    pub const fn new(name: &'static str, ty: Ty) -> Self {
        Self { name, ty }
    }
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Of a method without result.
    Void,
    /// Null.
    Null,
    /// A text.
    Text(String),
    /// A GUID.
    Guid(Guid),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i32),
    /// A point in time without a zone.
    DateTime(DateTime),
    /// Several values of one type.
    List(Vec<Value>),
    /// A record.
    Record(Record),
    /// A table.
    Table(Table),
}

impl Value {
    /// GUIDs.
    pub fn guids(guids: impl IntoIterator<Item = Guid>) -> Self {
        Self::List(guids.into_iter().map(Self::Guid).collect())
    }

    /// Records.
    pub fn records(records: impl IntoIterator<Item = Record>) -> Self {
        Self::List(records.into_iter().map(Self::Record).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Guid> for Value {
    fn from(guid: Guid) -> Self {
        Self::Guid(guid)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

impl From<DateTime> for Value {
    fn from(at: DateTime) -> Self {
        Self::DateTime(at)
    }
}

impl From<Record> for Value {
    fn from(record: Record) -> Self {
        Self::Record(record)
    }
}

impl From<Table> for Value {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A record of a class. A field that was not set is null, or what .NET starts its type with: `false`, 0, the empty GUID,
/// the first second of the year 1.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its class.
    pub class: &'static Class,
    values: Vec<Value>,
}

impl Record {
    /// A record, every field as it starts.
    pub fn new(class: &'static Class) -> Self {
        Self { class, values: vec![Value::Null; class.fields.len()] }
    }

    /// The same with a field set.
    ///
    /// # Panics
    /// When the class has no such field, which is a mistake of the handler that every call of it shows.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        let at = self.class.fields.iter().position(|one| one.name == field);
        self.values[at.expect("a handler sets fields of its class")] = value.into();
        self
    }

    /// Its fields with their values, in the order of their declaration.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = (&'static Field, &Value)> {
        self.class.fields.iter().zip(&self.values)
    }
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `xs:string`.
    Text,
    /// `xs:int`.
    Int,
    /// `xs:long`.
    Long,
    /// `xs:double`.
    Double,
    /// `xs:boolean`.
    Bool,
    /// `xs:dateTime`.
    DateTime,
    /// `xs:string` with `msdata:DataType="System.Guid, …"`.
    Guid,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, as the query says it; the wire encodes it.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
}

impl Column {
    /// A column.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        Self { name: name.into(), ty }
    }
}

/// A table. A cell is its text as the wire has it, or null, which the wire leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each as long as there are columns.
    pub rows: Vec<Vec<Option<String>>>,
}
