//! Reports (altiris-asdk §4.6), and the tables that they are run over.

use super::*;
use crate::server::http::asdk::value::ColumnType;

#[test]
fn a_report_reads_the_tables_that_the_schema_names() {
    let desk = Desk::new();
    desk.computers(2);
    let package = desk.package("7-Zip");
    let program = desk.program(&package, "Install");
    let loose = desk.makes("CreateProgramExBasic", &[("sProgramName", "Loose"), ("sCommandLine", "l.exe")]);
    let hall = desk.collection("Hall", &[2]);
    let both = desk.collection("Both", &[]);
    desk.does("AddExclusions", &[("collectionItemGuid", &both), ("itemGuids", &hall)]);
    let columns =
        desk.rows("select TABLE_NAME, COLUMN_NAME, DATA_TYPE from INFORMATION_SCHEMA.COLUMNS order by TABLE_NAME");
    for column in [
        "SWDPackage,PackageDirectory,nvarchar",
        "SWDProgram,PackageGuid,uniqueidentifier",
        "SWDAdvertisement,AvaliableTo,nvarchar",
        "ItemReference,Hint,nvarchar",
        "vItem,CreatedDate,datetime",
        "vItemPermission,Inherited,int",
        "CollectionMembership,ResourceGuid,uniqueidentifier",
    ] {
        assert!(columns.contains(&column.to_owned()), "{column}: {columns:?}");
    }
    assert!(!columns.iter().any(|column| column.contains("Password")));
    // Every column that the schema names can be read.
    for line in columns {
        let (table, rest) = line.split_once(',').unwrap();
        let column = rest.split(',').next().unwrap();
        desk.runs(&format!("select {column} from {table}"));
    }
    assert_eq!(
        desk.rows("select Name, PackageGuid from SWDProgram order by Name"),
        [format!("Install,{package}"), "Loose,-".to_owned()]
    );
    let dbo = format!(
        "select p.Name from dbo.SWDProgram p join dbo.SWDPackage k on k.Guid = p.PackageGuid where p.Guid = '{}'",
        program.to_uppercase()
    );
    assert_eq!(desk.rows(&dbo), ["Install"], "texts are compared without case");
    assert_eq!(
        desk.rows("select ChildItemGuid from ItemReference where Hint = 'packagecontainsprogram' and ReferenceType = 'DependentChild'"),
        std::slice::from_ref(&program)
    );
    let references =
        desk.rows("select Hint, ChildItemGuid from ItemReference where Hint like 'collection%' order by Hint");
    assert_eq!(
        references,
        [format!("collectionexcludescollection,{hall}"), format!("collectionincludesresource,{}", computer(2))]
    );
    assert_eq!(
        desk.rows(&format!("select ResourceGuid from CollectionMembership where CollectionGuid = '{hall}'")),
        [computer(2)]
    );
    assert_eq!(desk.rows("select Name, Domain from vComputer order by Name"), ["PC-1,EXAMPLE", "PC-2,EXAMPLE"]);
    let unions = "select Name from SWDPackage union all select Name from SWDProgram where Name = 'Loose'";
    assert_eq!(desk.rows(unions), ["7-Zip", "Loose"]);
    assert_eq!(desk.rows(&format!("select TypeName, Enabled from vItem where Guid = '{loose}'")), ["SWDProgram,1"]);
}

#[test]
fn the_columns_of_a_report_have_the_types_of_what_they_hold_and_empty_cells_nothing() {
    let desk = Desk::new();
    desk.package("7-Zip");
    let table = desk.runs(
        "select Guid, Name, PurgeAfterDurationInMinutes as [Purge after], count(*) over () as n, 1.5 as half, \
         5000000000 as many, null as empty from SWDPackage",
    );
    let types: Vec<ColumnType> = table.columns.iter().map(|column| column.ty).collect();
    use ColumnType::Double;
    use ColumnType::Guid;
    use ColumnType::Int;
    use ColumnType::Long;
    use ColumnType::Text;
    assert_eq!(types, [Guid, Text, Int, Int, Double, Long, Text]);
    assert_eq!(table.columns[2].name, "Purge after");
    assert_eq!(table.rows[0].last(), Some(&None));
    let none = desk.runs("select Guid, CreatedDate from vItem where Name = 'nobody'");
    assert_eq!(none.columns.iter().map(|column| column.ty).collect::<Vec<_>>(), [Guid, ColumnType::DateTime]);
    assert!(none.rows.is_empty());
}

#[test]
fn a_report_only_reads() {
    let desk = Desk::new();
    for bad in [
        "delete from SWDPackage",
        "update vItem set Name = 'x'",
        "select 1; select 2",
        "attach '/tmp/x' as y",
        "pragma table_list",
        "select load_extension('x')",
        "select random()",
        "select * from items",
        "select * from secrets",
        "select ?1",
        "vacuum",
        "explain select 1",
        "not sql",
        "-- nothing",
        "select * from pragma_database_list",
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    ] {
        let mut desk = Desk { limits: desk.limits.clone(), ..Desk::new() };
        desk.limits.report_time = std::time::Duration::from_millis(200);
        let fault = desk.ask("RunReport", &[("reportItemGuid", &desk.report(bad))]).unwrap_err();
        let slow = bad.starts_with("with recursive");
        let wanted = if slow { Exception::Asdk } else { Exception::InvalidParameter };
        assert_eq!(fault.exception, wanted, "{bad}: {fault}");
    }
}

#[test]
fn reports_are_items_that_are_found_and_go() {
    let desk = Desk::new();
    let report = desk.report("select 1 as one");
    let shown = desk.record("GetItemByGuid", &[("itemGuid", &report)]);
    fields(&shown, &[("TypeName", "ReportManagementItem"), ("ParentFolderGuid", &folders::REPORTS.to_string())]);
    let name = field(&shown, "Name");
    assert_eq!(desk.list("GetItemsByName", &[("itemName", &name)]), std::slice::from_ref(&report));
    assert_eq!(
        desk.list("GetItemsInFolder", &[("folderGuid", &folders::REPORTS.to_string())]),
        std::slice::from_ref(&report)
    );
    desk.faults("DeleteItem", &[("itemGuid", &folders::REPORTS.to_string())], Exception::Asdk);
    desk.does("DeleteItem", &[("itemGuid", &report)]);
    desk.faults("RunReport", &[("reportItemGuid", &report)], Exception::DoesNotExist);
    desk.faults("RunReport", &[("reportItemGuid", PACKAGES)], Exception::InvalidType);
}

#[test]
fn parameters_come_with_an_import_and_are_filled_in_as_texts() {
    let desk = Desk::new();
    desk.package("O'Reilly");
    desk.package("Other");
    let report = desk.report("select Name from SWDPackage where Name like '%Like%' || '%' order by Name");
    let with =
        |pairs: &str| desk.ask("RunReportWithParameters", &[("reportItemGuid", &report), ("nameValuePairs", pairs)]);
    assert_eq!(with("Like=O").unwrap_err().exception, Exception::InvalidParameter, "it has no parameters");
    let xml = desk.export(&report);
    let entry = r#"<entry type="object"><name>Like</name><required type="boolean">true</required></entry>"#;
    let list = r#"<parameters type="list">"#;
    assert!(xml.contains(list), "{xml}");
    desk.does("ImportItemXmlString", &[("xml", &xml.replace(list, &format!("{list}{entry}")))]);
    let names = |value: Value| match value {
        Value::Table(table) => table.rows.concat().into_iter().flatten().collect::<Vec<_>>(),
        value => panic!("{value:?}"),
    };
    assert_eq!(names(with("Like=O'").unwrap()), ["O'Reilly"]);
    assert_eq!(names(with("Like=O").unwrap()), ["O'Reilly", "Other"]);
    for bad in ["", "Like", "Like=1, Like=2", "Unlike=1"] {
        assert_eq!(with(bad).unwrap_err().exception, Exception::InvalidParameter, "{bad}");
    }
    let Value::Table(parameters) = desk.does("GetReportParameters", &[("reportItemGuid", &report)]) else { panic!() };
    assert_eq!(parameters.rows[0][0].as_deref(), Some("Like"));
}

#[test]
fn what_a_server_may_hide_of_reports_is_a_quirk_each() {
    let desk = Desk::new();
    let package = desk.package("P");
    desk.program(&package, "One");
    let few = Desk::new().quirk(Quirk::FewReportColumns);
    few.package("P");
    assert_eq!(few.rows("select Guid, Name from SWDPackage").len(), 1);
    few.faults(
        "RunReport",
        &[("reportItemGuid", &few.report("select Version from SWDPackage"))],
        Exception::InvalidParameter,
    );
    let blind = Desk::new().quirk(Quirk::NoInformationSchema);
    let all = blind.report("select * from INFORMATION_SCHEMA.COLUMNS");
    blind.faults("RunReport", &[("reportItemGuid", &all)], Exception::InvalidParameter);
    let denied = Desk::new().quirk(Quirk::NoCreateReports);
    let args = [
        ("reportName", "R"),
        ("reportDescription", ""),
        ("dataSourceName", ""),
        ("folderGuid", PACKAGES),
        ("sqlQuery", "select 1"),
    ];
    denied.faults("CreateReportUsingRawSqlQuery", &args, Exception::InsufficientPermission);
    let mut reader = Desk::new();
    reader.principal.role = Role::Reader;
    reader.faults("CreateReportUsingRawSqlQuery", &args, Exception::InsufficientPermission);
    let cut = Desk::new().quirk(Quirk::ReportsCut);
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500) select i from n";
    assert_eq!(cut.rows(many).len(), 1000);
    assert_eq!(desk.rows(many).len(), 1500);
}

#[test]
fn two_thousand_programs_are_one_report() {
    let desk = Desk::new();
    let package = desk.package("P");
    let caller = crate::server::app::writer::Caller::server();
    desk.app
        .write(&caller, &[], crate::server::app::writer::Fence::Free, |writer| {
            for number in 0..2_000 {
                writer.create(crate::server::app::items::Draft {
                    kind: crate::server::app::kind::Kind::Program,
                    body: crate::server::app::items::Body {
                        name: format!("Program {number}"),
                        folder: None,
                        attributes: None,
                        spec: serde_json::json!({"commandLine": "setup.exe"}),
                    },
                    package: Some(guid(&package)),
                })?;
            }
            Ok(crate::server::app::Kept::nothing())
        })
        .unwrap();
    let before = std::time::Instant::now();
    let table = desk.runs("select * from SWDProgram order by Name");
    assert_eq!((table.rows.len(), table.columns.len()), (2_000, 25));
    assert!(before.elapsed().as_secs() < 20, "{:?}", before.elapsed());
}
