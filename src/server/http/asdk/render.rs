//! Values as XML, for every binding.

use std::fmt::Write as _;

use jiff::civil::DateTime;

use crate::model::guid::Guid;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::value::ColumnType;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Table;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;
use crate::server::http::asdk::xml;

/// What every document begins with.
pub(super) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// The instance and schema namespaces, as attributes.
pub(super) const NAMESPACES: &str =
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";

/// How .NET names the type of a GUID in the schema of a table.
const NET_GUID: &str = "System.Guid, mscorlib, Version=2.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089";

/// Beyond what is a value of this type, the mistake of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a handler gave another type than its method has")]
pub(super) struct OfAnotherType;

/// The name of the root element of a result over HTTP POST and GET: that of the .NET type (altiris-asdk §3).
pub(super) fn root_name(ty: Ty) -> String {
    match ty {
        Ty::Void => String::new(),
        Ty::Text | Ty::GuidParam | Ty::GuidsParam => "string".to_owned(),
        Ty::Guid => "guid".to_owned(),
        Ty::Bool => "boolean".to_owned(),
        Ty::Int => "int".to_owned(),
        Ty::DateTime => "dateTime".to_owned(),
        Ty::Guids => "ArrayOfGuid".to_owned(),
        Ty::Texts => "ArrayOfString".to_owned(),
        Ty::Record(class) => class.name.to_owned(),
        Ty::Records(class) => format!("ArrayOf{}", class.name),
        Ty::Table => "DataTable".to_owned(),
    }
}

/// A result over HTTP POST and GET, the whole document. Nothing for a method without result.
pub(super) fn document(ty: Ty, value: &Value, namespace: &str, options: &AsdkOptions) -> Result<String, OfAnotherType> {
    let mut out = DECLARATION.to_owned();
    if let (Ty::Table, Value::Table(table)) = (ty, value) {
        write_table(&mut out, table, options);
        return Ok(out);
    }
    if matches!(ty, Ty::Void) {
        return Ok(String::new());
    }
    let (name, namespace) = (root_name(ty), xml::attribute(namespace));
    if matches!(value, Value::Null) && ty.is_nullable() {
        write!(out, "<{name} {NAMESPACES} xsi:nil=\"true\" xmlns=\"{namespace}\" />").expect(INTO_STRING);
        return Ok(out);
    }
    write!(out, "<{name} {NAMESPACES} xmlns=\"{namespace}\">").expect(INTO_STRING);
    write_content(&mut out, ty, value, options)?;
    write!(out, "</{name}>").expect(INTO_STRING);
    Ok(out)
}

/// A value within an element of this name; null leaves the element out.
pub(super) fn write_element(
    out: &mut String,
    name: &str,
    ty: Ty,
    value: &Value,
    options: &AsdkOptions,
) -> Result<(), OfAnotherType> {
    if matches!(value, Value::Null) && ty.is_nullable() {
        return Ok(());
    }
    write!(out, "<{name}>").expect(INTO_STRING);
    write_content(out, ty, value, options)?;
    write!(out, "</{name}>").expect(INTO_STRING);
    Ok(())
}

const INTO_STRING: &str = "a string takes every write";

fn write_content(out: &mut String, ty: Ty, value: &Value, options: &AsdkOptions) -> Result<(), OfAnotherType> {
    match (ty, value) {
        (Ty::Text, Value::Text(text)) => out.push_str(&xml::text(text)),
        // A GUID that the API gives as a text.
        (Ty::Text, Value::Guid(guid)) | (Ty::Guid, Value::Guid(guid)) => out.push_str(&guid.to_string()),
        (Ty::Guid, Value::Null) => out.push_str(&Guid::of(0).to_string()),
        (Ty::Bool, Value::Bool(truth)) => out.push_str(if *truth { "true" } else { "false" }),
        (Ty::Bool, Value::Null) => out.push_str("false"),
        (Ty::Int, Value::Int(number)) => out.push_str(&number.to_string()),
        (Ty::Int, Value::Null) => out.push('0'),
        (Ty::DateTime, Value::DateTime(at)) => out.push_str(&date_time(*at)),
        (Ty::DateTime, Value::Null) => out.push_str("0001-01-01T00:00:00"),
        (Ty::Guids, Value::List(values)) => write_list(out, "guid", Ty::Guid, values, options)?,
        (Ty::Texts, Value::List(values)) => write_list(out, "string", Ty::Text, values, options)?,
        (Ty::Records(class), Value::List(values)) => {
            write_list(out, class.name, Ty::Record(class), values, options)?;
        }
        (Ty::Record(class), Value::Record(record)) if std::ptr::eq(class, record.class) => {
            write_record(out, record, options)?;
        }
        (Ty::Table, Value::Table(table)) => write_table(out, table, options),
        _ => return Err(OfAnotherType),
    }
    Ok(())
}

fn write_list(
    out: &mut String,
    name: &str,
    ty: Ty,
    values: &[Value],
    options: &AsdkOptions,
) -> Result<(), OfAnotherType> {
    for value in values {
        if matches!(value, Value::Null) && ty.is_nullable() {
            write!(out, "<{name} xsi:nil=\"true\" />").expect(INTO_STRING);
        } else {
            write_element(out, name, ty, value, options)?;
        }
    }
    Ok(())
}

fn write_record(out: &mut String, record: &Record, options: &AsdkOptions) -> Result<(), OfAnotherType> {
    let braced = options.has(Quirk::GuidsBraced) && record.class.name.starts_with("SWDSoln");
    let mut fields: Vec<_> = record.fields().collect();
    if options.has(Quirk::FieldsReversed) {
        fields.reverse();
    }
    for (field, value) in fields {
        let of_text = braced && matches!(field.ty, Ty::Text) && field.name.ends_with("Guid");
        match (of_text.then(|| guid_in(value)).flatten(), value) {
            (Some(guid), _) => {
                let braced = Value::Text(format!("{{{}}}", guid.to_string().to_uppercase()));
                write_element(out, field.name, field.ty, &braced, options)?;
            }
            (None, value) => write_element(out, field.name, field.ty, value, options)?,
        }
    }
    Ok(())
}

fn guid_in(value: &Value) -> Option<Guid> {
    match value {
        Value::Guid(guid) => Some(*guid),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// A point in time without a zone, as .NET writes it.
pub(super) fn date_time(at: DateTime) -> String {
    let whole = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    match at.millisecond() {
        0 => whole,
        more => format!("{whole}.{more:03}").trim_end_matches('0').to_owned(),
    }
}

/// A table: its schema, then a row an element; a cell that is null is left out (altiris-asdk §5.1).
fn write_table(out: &mut String, table: &Table, options: &AsdkOptions) {
    let row_name = if options.has(Quirk::Table1) { "Table1" } else { "Table" };
    let names: Vec<String> = table.columns.iter().map(|column| xml::encoded_name(&column.name)).collect();
    write!(
        out,
        "<NewDataSet xmlns=\"\"><xs:schema id=\"NewDataSet\" xmlns=\"\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:msdata=\"urn:schemas-microsoft-com:xml-msdata\"><xs:element name=\"NewDataSet\" msdata:IsDataSet=\"true\" \
         msdata:UseCurrentLocale=\"true\"><xs:complexType><xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">\
         <xs:element name=\"{row_name}\"><xs:complexType><xs:sequence>"
    )
    .expect(INTO_STRING);
    for (column, name) in table.columns.iter().zip(&names) {
        let (net, ty) = match column.ty {
            ColumnType::Text => (String::new(), "xs:string"),
            ColumnType::Int => (String::new(), "xs:int"),
            ColumnType::Long => (String::new(), "xs:long"),
            ColumnType::Double => (String::new(), "xs:double"),
            ColumnType::Bool => (String::new(), "xs:boolean"),
            ColumnType::DateTime => (String::new(), "xs:dateTime"),
            ColumnType::Guid => (format!(" msdata:DataType=\"{NET_GUID}\""), "xs:string"),
        };
        write!(out, "<xs:element name=\"{name}\"{net} type=\"{ty}\" minOccurs=\"0\" />").expect(INTO_STRING);
    }
    out.push_str("</xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>");
    for row in &table.rows {
        write!(out, "<{row_name}>").expect(INTO_STRING);
        for (cell, name) in row.iter().zip(&names) {
            if let Some(cell) = cell {
                write!(out, "<{name}>{}</{name}>", xml::text(cell)).expect(INTO_STRING);
            }
        }
        write!(out, "</{row_name}>").expect(INTO_STRING);
    }
    out.push_str("</NewDataSet>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::http::asdk::classes::ITEM_DETAILS;
    use crate::server::http::asdk::classes::SWD_PACKAGE_DETAILS;
    use crate::server::http::asdk::value::Column;

    const NS: &str = "http://Altiris.ASDK.NS.com";

    fn rendered(ty: Ty, value: Value) -> String {
        let document = document(ty, &value, NS, &AsdkOptions::new()).unwrap();
        document.replace(DECLARATION, "").replace(NAMESPACES, "…").replace(NS, "NS")
    }

    #[test]
    fn roots_are_named_after_the_type() {
        assert_eq!(rendered(Ty::Text, "a<b".into()), "<string … xmlns=\"NS\">a&lt;b</string>");
        assert_eq!(rendered(Ty::Bool, true.into()), "<boolean … xmlns=\"NS\">true</boolean>");
        assert_eq!(rendered(Ty::Text, Value::Null), "<string … xsi:nil=\"true\" xmlns=\"NS\" />");
        assert_eq!(rendered(Ty::Guids, Value::Null), "<ArrayOfGuid … xsi:nil=\"true\" xmlns=\"NS\" />");
        assert_eq!(rendered(Ty::Void, Value::Void), "");
        let zero = "00000000-0000-0000-0000-000000000000";
        let list = rendered(Ty::Guids, Value::guids([Guid::of(0)]));
        assert_eq!(list, format!("<ArrayOfGuid … xmlns=\"NS\"><guid>{zero}</guid></ArrayOfGuid>"));
    }

    #[test]
    fn a_record_has_its_value_types_and_lacks_its_null_texts() {
        let item = Record::new(&ITEM_DETAILS).with("Name", "7-Zip");
        let text = rendered(Ty::Record(&ITEM_DETAILS), item.clone().into());
        assert!(text.starts_with("<ItemDetails … xmlns=\"NS\"><Guid>00000000-"), "{text}");
        assert!(text.contains("<Enabled>false</Enabled>") && !text.contains("TypeName"), "{text}");
        let list = rendered(Ty::Records(&ITEM_DETAILS), Value::records([item]));
        assert!(list.starts_with("<ArrayOfItemDetails … xmlns=\"NS\"><ItemDetails><Guid>"), "{list}");
        let options = AsdkOptions::new().with(Quirk::FieldsReversed).with(Quirk::GuidsBraced);
        let package = Record::new(&SWD_PACKAGE_DETAILS).with("Guid", Guid::ALL_COMPUTERS).with("Name", "x");
        let text = document(Ty::Record(&SWD_PACKAGE_DETAILS), &package.into(), NS, &options).unwrap();
        let end = "<Name>x</Name><Guid>{EB3A1A12-E1C7-4431-B060-F0333E4E488C}</Guid></SWDSolnPackageDetails>";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn another_type_than_the_method_has_is_found() {
        let options = AsdkOptions::new();
        assert_eq!(document(Ty::Bool, &"true".into(), NS, &options), Err(OfAnotherType));
        let package = Record::new(&SWD_PACKAGE_DETAILS);
        assert_eq!(document(Ty::Record(&ITEM_DETAILS), &package.into(), NS, &options), Err(OfAnotherType));
    }

    #[test]
    fn a_table_has_a_schema_encoded_names_and_no_elements_for_null() {
        let columns = vec![Column::new("Guid", ColumnType::Guid), Column::new("Count of Computers", ColumnType::Int)];
        let rows = vec![vec![Some("a".to_owned()), None], vec![None, Some("2".to_owned())]];
        let table = Table { columns, rows };
        let text = document(Ty::Table, &table.into(), NS, &AsdkOptions::new()).unwrap();
        let root = xml::parse(&text).unwrap();
        assert_eq!((root.name.as_str(), root.namespace.as_str()), ("NewDataSet", ""));
        let names: Vec<_> = root.children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!(names, ["schema", "Table", "Table"]);
        assert_eq!(root.children[1].children.len(), 1);
        assert_eq!(root.children[2].children[0].name, "Count_x0020_of_x0020_Computers");
        assert!(text.contains("msdata:DataType=\"System.Guid, "), "{text}");
    }

    #[test]
    fn times_are_written_as_net_does() {
        let at = jiff::civil::date(2006, 1, 1).at(10, 10, 10, 120_000_000);
        assert_eq!(date_time(at), "2006-01-01T10:10:10.12");
        assert_eq!(date_time(jiff::civil::date(1, 1, 1).at(0, 0, 0, 0)), "0001-01-01T00:00:00");
    }
}
