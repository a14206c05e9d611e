//! Texts in, values out.

use bytes::Bytes;
use proptest::prelude::*;

use crate::adapter::altiris::wire::details::From;
use crate::adapter::altiris::wire::details::PackageDetails;
use crate::adapter::altiris::wire::details::ProgramDetails;
use crate::adapter::altiris::wire::fault::Class;
use crate::adapter::altiris::wire::fault::Fault;
use crate::adapter::altiris::wire::table::TableReader;
use crate::adapter::altiris::wire::value;
use crate::adapter::altiris::wire::wsdl;
use crate::adapter::altiris::wire::xml;
use crate::adapter::altiris::wire::xml::Answered;
use crate::adapter::altiris::wire::xml::DEPTH_MAX;
use crate::adapter::altiris::wire::xml::Node;
use crate::adapter::altiris::wire::xml::Pieces;
use crate::sys::http::asdk;
use crate::sys::http::asdk::Value;

use super::fake;

fn pieces(text: &str) -> Pieces {
    Pieces::new(text.as_bytes().chunks(3).map(Bytes::copy_from_slice).collect())
}

fn answered(body: &str, message: &str) -> Result<(Answered, Vec<Node>), String> {
    let mut records = Vec::new();
    let mut sink = |record| {
        records.push(record);
        Ok(())
    };
    let answered = xml::answer(pieces(body), message, &mut sink)?;
    Ok((answered, records))
}

proptest! {
    #[test]
    fn what_an_envelope_holds_a_parser_gives_back(text in "[\t\n\r -\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]{0,60}") {
        let call = asdk::call("urn:x", "M", &[("sText", Value::from(text.as_str())), ("n", Value::from(7_i64))]).unwrap();
        let root = xml::document(Pieces::new(vec![call.body])).unwrap();
        let message = &root.child("Body").unwrap().within[0];
        prop_assert_eq!(&message.child("sText").unwrap().text, &text);
        prop_assert_eq!(&message.child("n").unwrap().text, "7");
    }

    #[test]
    fn r1_no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _either_will_do = xml::document(pieces(&text));
        let _either_will_do = answered(&text, "M");
    }
}

#[test]
fn r1_declared_types_and_entities_are_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
    assert!(xml::document(pieces(bomb)).unwrap_err().contains("document type"));
    assert!(xml::document(pieces("<a>&b;</a>")).unwrap_err().contains("entity `b`"));
    assert!(xml::document(pieces("<a b=\"&c;\"/>")).unwrap_err().contains("entity"));
    assert_eq!(xml::document(pieces("<a>&lt;&#65;&#x42;</a>")).unwrap().text, "<AB");
}

#[test]
fn r1_depth_and_attributes_are_bounded() {
    let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    assert!(xml::document(pieces(&deep(DEPTH_MAX))).is_ok());
    assert!(xml::document(pieces(&deep(DEPTH_MAX + 1))).unwrap_err().contains("deeper"));
    let wide: String = (0..100).map(|n| format!(" a{n}=\"\"")).collect();
    assert!(xml::document(pieces(&format!("<a{wide}/>"))).unwrap_err().contains("attributes"));
}

#[test]
fn what_is_no_xml_is_said_in_words() {
    for (text, why) in [
        ("", "empty"),
        ("<a>", "breaks off"),
        ("<a></b>", "well-formed"),
        ("<a/><b/>", "more than one root"),
        ("words", "outside of its root"),
        ("<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>", "encoding"),
        ("<a>&#0;</a>", "reference"),
    ] {
        let error = xml::document(pieces(text)).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn records_come_one_by_one_and_wrappers_are_passed_over() {
    let body = fake::result("M", "<A><x>1</x></A><A><x>2</x></A>").body;
    let (_, records) = answered(&body, "M").unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].child("x").unwrap().text, "2");
    for table in [
        "<xs:schema xmlns:xs=\"s\"/><d:diffgram xmlns:d=\"d\"><NewDataSet xmlns=\"\"><Table1><x>1</x></Table1>\
         <Table1/></NewDataSet></d:diffgram>",
        "<NewDataSet xmlns=\"\"><xs:schema xmlns:xs=\"s\"/><Table><x>1</x></Table><Table/></NewDataSet>",
    ] {
        let (_, records) = answered(&fake::result("M", table).body, "M").unwrap();
        let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
        assert_eq!(names[0], "schema");
        assert_eq!(names.len(), 3, "{names:?}");
    }
}

#[test]
fn null_and_nothing_are_no_result() {
    for body in ["<MResponse/>", "<MResponse><MResult xsi:nil=\"true\" /></MResponse>"] {
        let (result, records) = answered(&fake::envelope(body), "M").unwrap();
        assert!(matches!(result, Answered::Result(None)), "{result:?}");
        assert!(records.is_empty());
    }
    assert!(answered(&fake::envelope("<NResponse/>"), "M").unwrap_err().contains("MResponse"));
    assert!(answered("<html><body>log in</body></html>", "M").unwrap_err().contains("not a SOAP envelope"));
}

#[test]
fn r12_a_stored_password_never_leaves_the_parser() {
    let program = |password: &str| {
        format!(
            "<Guid>{{11111111-2222-3333-4444-555555555555}}</Guid><Name>Run</Name><EstimatedDiskSpace>0</EstimatedDiskSpace>\
             <EstimatedRunTime>0</EstimatedRunTime><TerminateAfter>60</TerminateAfter>\
             <AfterRunningActionType>1</AfterRunningActionType><DeferTimeforRestartInMinutes>0</DeferTimeforRestartInMinutes>\
             <ForceRunningApplicationToCloseOnRestart>false</ForceRunningApplicationToCloseOnRestart>\
             <StartingWindowOptionType>1</StartingWindowOptionType><RunWithRightsOptionType>3</RunWithRightsOptionType>\
             <UserPassword>{password}</UserPassword><CanRunOptionType>1</CanRunOptionType>\
             <UserInputRequired>false</UserInputRequired><RunOnceForEachLoggedOnUser>false</RunOnceForEachLoggedOnUser>\
             <RunForSpecifiedUsers>false</RunForSpecifiedUsers><RequiresNWConnection>false</RequiresNWConnection>\
             <MinimumSpeedOptions>0</MinimumSpeedOptions>"
        )
    };
    let read = |password: &str| {
        let root = xml::document(pieces(&format!("<P>{}</P>", program(password)))).unwrap();
        let shown = format!("{root:?}");
        (ProgramDetails::read(&root, From::Object).unwrap().unwrap(), shown)
    };
    let (details, shown) = read("hunter<b>2</b>");
    assert!(details.password_seen);
    assert!(!shown.contains("hunter") && !format!("{details:?}").contains("hunter"), "{shown}");
    assert!(!read("").0.password_seen);
    assert_eq!(serde_json::to_value(read("").0).unwrap(), serde_json::to_value(details).unwrap());
}

#[test]
fn an_object_names_the_field_that_is_wrong_or_missing() {
    let read = |within: &str| {
        let root = xml::document(pieces(&format!("<P>{within}</P>"))).unwrap();
        PackageDetails::read(&root, From::Object)
    };
    assert_eq!(read("").unwrap(), None);
    assert_eq!(read("<Guid>00000000-0000-0000-0000-000000000000</Guid><Name/>").unwrap(), None);
    let guid = "<Guid>11111111-2222-3333-4444-555555555555</Guid><Name>7-Zip</Name>";
    assert_eq!(read(guid).unwrap_err(), "package `7-Zip`, field `PurgeAfterDurationInMinutes`: it is missing");
    let wrong = format!("{guid}<PurgeAfterDurationInMinutes>soon</PurgeAfterDurationInMinutes>");
    assert!(read(&wrong).unwrap_err().contains("`soon` is not a whole number"));
}

#[test]
fn a_table_without_a_schema_is_refused_and_columns_are_decoded() {
    let row =
        xml::document(pieces("<Table1><Count_x0020_of_x0020_Computers>3</Count_x0020_of_x0020_Computers></Table1>"));
    let mut reader = TableReader::default();
    reader.take(row.clone().unwrap());
    assert!(reader.finish().unwrap_err().contains("schema"));
    let schema = xml::document(pieces(
        "<xs:schema id=\"NewDataSet\"><xs:element name=\"NewDataSet\" IsDataSet=\"true\"><xs:complexType><xs:choice>\
         <xs:element name=\"Table1\"><xs:complexType><xs:sequence><xs:element name=\"Count_x0020_of_x0020_Computers\" \
         type=\"xs:int\" minOccurs=\"0\"/><xs:element name=\"Guid\"><xs:simpleType><xs:restriction/></xs:simpleType>\
         </xs:element></xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>",
    ));
    let mut reader = TableReader::default();
    reader.take(schema.unwrap());
    reader.take(row.unwrap());
    let table = reader.finish().unwrap();
    assert_eq!(table.columns.iter().collect::<Vec<_>>(), ["Count of Computers", "Guid"]);
    assert_eq!(table.rows[0].child("Count of Computers").unwrap().text, "3");
    assert_eq!(table.lacks(&["Guid", "Name"]), ["Name"]);
}

#[test]
fn names_of_columns_are_decoded_whatever_is_in_them() {
    for (name, shown) in [
        ("a_x0020_b", "a b"),
        ("_x0031_st", "1st"),
        ("a_x002_b", "a_x002_b"),
        ("_x", "_x"),
        ("_xD800_", "_xD800_"),
        ("a_x005F_x0020_", "a_x0020_"),
        ("ä_x00e4_", "ää"),
    ] {
        assert_eq!(value::column(name), shown);
    }
}

#[test]
fn values_are_read_in_every_spelling() {
    let guid = value::guid("{1FC86E41-B94F-4769-9457-1CF90A47BC6A}").unwrap();
    assert_eq!(guid, value::guid(" 1fc86e41-b94f-4769-9457-1cf90a47bc6a ").unwrap());
    assert_eq!(value::guid("00000000-0000-0000-0000-000000000000").unwrap(), None);
    assert!(value::guid("none").is_err());
    assert_eq!(
        value::guids("{1FC86E41-B94F-4769-9457-1CF90A47BC6A}, 1fc86e41-b94f-4769-9457-1cf90a47bc6a,").unwrap().len(),
        1
    );
    for (text, is) in [("true", true), ("False", false), ("1", true), ("0", false), ("TRUE", true)] {
        assert_eq!(value::boolean(text).unwrap(), is);
    }
    assert!(value::boolean("yes").is_err() && value::boolean("").is_err());
    for text in ["2006-01-01 10:10:10", "2006-01-01T10:10:10", "2006-01-01T10:10:10Z", "2006-01-01T10:10:10.000+01:00"]
    {
        assert_eq!(value::moment(text).unwrap().unwrap().to_string(), "2006-01-01T10:10:10", "{text}");
    }
    assert_eq!(value::moment("2006-01-01").unwrap().unwrap().to_string(), "2006-01-01T00:00:00");
    assert_eq!(value::moment("0001-01-01T00:00:00").unwrap(), None);
    assert!(value::moment("soon").is_err() && value::moment("2006-13-01").is_err() && value::moment("ääääää").is_err());
}

#[test]
fn faults_are_told_apart_at_any_depth_and_whatever_the_names_above() {
    let read = |detail: &str| {
        let root = xml::document(pieces(&format!(
            "<SOAP:Fault><FaultCode>SOAP:Server</FaultCode><faultstring>no</faultstring>{detail}</SOAP:Fault>"
        )));
        Fault::read(&root.unwrap())
    };
    let of =
        |name: &str| read(&format!("<detail><a><b><X:ExceptionType>{name}</X:ExceptionType></b></a></detail>")).class();
    assert_eq!(of("Altiris.ASDK.NS.ASDKDoesNotExistException"), Class::NotFound);
    assert_eq!(of("ASDKInsufficientPermissionException"), Class::Forbidden);
    assert_eq!(of("ASDKNoProductExistsException"), Class::NotInstalled);
    assert_eq!(of("ASDKInvalidLicenseException"), Class::Unlicensed);
    assert_eq!(of("ASDKInvalidTypeException"), Class::WrongKind);
    assert_eq!(of("ASDKInvalidParameterException"), Class::Invalid);
    assert_eq!(of("System.NotImplementedException"), Class::Invalid);
    assert_eq!(of("ASDKInternalException"), Class::Unknown);
    let wrapped = read(
        "<detail><exceptionType>ASDKException</exceptionType><innerException><exceptionType>ASDKDoesNotExistException\
         </exceptionType></innerException></detail>",
    );
    assert_eq!(wrapped.class(), Class::NotFound);
    assert_eq!(wrapped.code, "Server");
    // A name in a message is somebody's text, and never read as a type: "not there" would be a claim of the server's.
    assert_eq!(read("<detail><message>ASDKDoesNotExistException</message></detail>").class(), Class::Unknown);
}

#[test]
fn a_wsdl_tells_namespace_messages_and_bindings() {
    let reply = fake::wsdl(&[("GetItemByGuid", &["itemGuid"]), ("GetItemByGuidX", &["itemGuid:guid"])]);
    let description = wsdl::read(&xml::document(pieces(&reply.body)).unwrap()).unwrap();
    assert_eq!(description.namespace, fake::NAMESPACE);
    assert!(description.form_post && !description.form_get);
    assert!(description.has("GetItemByGuid") && !description.has("getitembyguid"));
    assert_eq!(description.messages["GetItemByGuidX"][0].of, "guid");
    for bad in ["<definitions/>", "<a/>", "<definitions targetNamespace=\"urn:x\"/>"] {
        assert!(wsdl::read(&xml::document(pieces(bad)).unwrap()).is_err(), "{bad}");
    }
}
