//! With reports.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::adapter::altiris::read::AltirisReader;
use crate::adapter::altiris::read::reports::catalogue;
use crate::adapter::altiris::read::reports::create_missing_reports;
use crate::adapter::altiris::wire::session::WriteSession;
use crate::adapter::altiris::wire::tests::fake::Fake;
use crate::adapter::altiris::wire::tests::fake::Reply;
use crate::adapter::altiris::wire::tests::fake::result;
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::altiris::Hidden;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::Observed;
use crate::model::package::PackageServers;
use crate::model::portal::Right;
use crate::sys::http::asdk::Service;

use super::estate;
use super::estate::ALL;
use super::estate::APPS;
use super::estate::EDIT;
use super::estate::ODD_TARGET;
use super::estate::PC;
use super::estate::PILOT;
use super::estate::ROOT;
use super::estate::RUN_EDIT;
use super::estate::RUN_ZIP;
use super::estate::SECRET;
use super::estate::TARGET;
use super::estate::TASK_EDIT;
use super::estate::TASK_ZIP;
use super::estate::ZIP;
use super::estate::guid;
use super::estate::observe;
use super::estate::settings;

const REPORTS: u128 = 0x99;
const INSTALL: u128 = 0xA56F_6866_B362_4EFC_BFFA_A29E_7C9D_2F2F;

/// What the database of the made-up server is like.
#[derive(Clone, Copy, Default)]
struct Quirks {
    /// Tables of which the database shows nothing.
    without: &'static [&'static str],
    /// Reports are cut off after so many rows.
    limit: Option<usize>,
    /// Answers come without a schema.
    no_schema: bool,
    /// What collections include stands under another word.
    other_word: bool,
    /// Packages are for a package server that the report of computers shows, and one that nothing shows.
    servers: bool,
    /// The table of references says nothing of the computers that collections list.
    listed_elsewhere: bool,
}

type Row = Vec<(&'static str, String)>;

fn id(bits: u128) -> String {
    guid(bits).to_string()
}

fn row(cells: &[(&'static str, &str)]) -> Row {
    cells.iter().map(|(name, text)| (*name, (*text).to_owned())).collect()
}

/// The rows of a query by its first table, as XML.
fn rows(sql: &str, quirks: Quirks) -> Vec<String> {
    let cells = |row: Row| {
        row.into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| format!("<{name}>{text}</{name}>"))
            .collect::<String>()
    };
    let all = |rows: Vec<Row>| rows.into_iter().map(cells).collect::<Vec<_>>();
    let folder = |bits: u128, name: &str, parent: u128| {
        row(&[
            ("Guid", &id(bits)),
            ("Name", name),
            ("Description", "d"),
            ("ParentFolderGuid", &if parent == 0 { String::new() } else { id(parent) }),
            ("Attributes", "Normal"),
        ])
    };
    let from = sql.split(" from ").nth(1).unwrap();
    let table = from.split(' ').next().unwrap();
    match table {
        "SWDPackage" if quirks.servers => [(ZIP, PC), (EDIT, 0xdead)]
            .iter()
            .filter_map(|(bits, server)| {
                let list = format!("<SelectedPackageServers>{}</SelectedPackageServers>", id(*server));
                Some(estate::package_xml(*bits)? + &list)
            })
            .collect(),
        "SWDPackage" => [ZIP, EDIT].iter().filter_map(|bits| estate::package_xml(*bits)).collect(),
        "SWDProgram" => [(RUN_ZIP, ZIP), (RUN_EDIT, EDIT)]
            .iter()
            .filter_map(|(bits, of)| {
                Some(format!("{}<PackageGuid>{}</PackageGuid>", estate::program_xml(*bits)?, id(*of)))
            })
            .collect(),
        "SWDAdvertisement" => [TASK_ZIP, TASK_EDIT].iter().filter_map(|bits| estate::task_xml(*bits, true)).collect(),
        "(select" => all(vec![row(&[("PermissionGuid", &id(INSTALL))])]),
        "vItem" if sql.contains("TypeName in") => {
            all(vec![folder(ROOT, "Software", 0), folder(APPS, "Apps", ROOT), folder(SECRET, "Secret", ROOT)])
        }
        "vItem" if sql.contains("vCollection") => all(vec![
            row(&[("Guid", &id(ALL)), ("ParentFolderGuid", &id(ROOT))]),
            row(&[("Guid", &id(PILOT)), ("ParentFolderGuid", &id(APPS))]),
        ]),
        "vItem" => all(vec![
            row(&[("Guid", &id(TARGET)), ("Name", "Pilot target")]),
            row(&[("Guid", &id(ODD_TARGET)), ("Name", "Odd target")]),
        ]),
        "vCollection" => all(vec![
            row(&[("Guid", &id(ALL)), ("Name", "All Computers"), ("AutoUpdate", "1")]),
            row(&[
                ("Guid", &id(PILOT)),
                ("Name", "Pilot"),
                ("SqlQuery", "select 1"),
                ("AutoUpdate", "0"),
                ("Description", "p"),
            ]),
        ]),
        "ItemReference" if sql.contains("vCollection") && quirks.listed_elsewhere => all(vec![row(&[
            ("ParentItemGuid", &id(PILOT)),
            ("ChildItemGuid", &id(ALL)),
            ("Hint", "collectionincludescollection"),
        ])]),
        "ItemReference" if sql.contains("vCollection") => all(vec![
            row(&[
                ("ParentItemGuid", &id(PILOT)),
                ("ChildItemGuid", &id(ALL)),
                ("Hint", "collectionincludescollection"),
            ]),
            row(&[("ParentItemGuid", &id(PILOT)), ("ChildItemGuid", &id(PC)), ("Hint", "collectionincludesresource")]),
        ]),
        "ItemReference" => Vec::new(),
        "TargetFilter" => all(vec![
            row(&[("Guid", &id(1)), ("ResourceTargetGuid", &id(TARGET)), ("Operation", "1")]),
            row(&[("Guid", &id(2)), ("ResourceTargetGuid", &id(ODD_TARGET)), ("Operation", "2")]),
        ]),
        "TargetFilterCollection" => all(vec![
            row(&[("TargetFilterGuid", &id(1)), ("CollectionGuid", &id(PILOT))]),
            row(&[("TargetFilterGuid", &id(2)), ("CollectionGuid", &id(PILOT))]),
        ]),
        "vItemPermission" => all(vec![
            row(&[
                ("ItemGuid", &id(RUN_ZIP)),
                ("TrusteeName", "CORP\\IT"),
                ("PermissionGuid", &id(INSTALL)),
                ("Inherited", "0"),
            ]),
            row(&[
                ("ItemGuid", &id(RUN_EDIT)),
                ("TrusteeName", "CORP\\All"),
                ("PermissionGuid", &id(INSTALL)),
                ("Inherited", "1"),
            ]),
            row(&[
                ("ItemGuid", &Guid::PROGRAMS_FOLDER.to_string()),
                ("TrusteeName", "CORP\\All"),
                ("PermissionGuid", &id(INSTALL)),
                ("Inherited", "0"),
            ]),
        ]),
        "vComputer" => all(vec![row(&[
            ("Guid", &id(PC)),
            ("Name", "PC-1"),
            ("Domain", "CORP"),
            ("TimeZone", "Europe/Berlin"),
            ("Retired", "1"),
        ])]),
        "CollectionMembership" => all(vec![row(&[("CollectionGuid", &id(ALL)), ("ResourceGuid", &id(PC))])]),
        "Evt_AeX_SWD_Execution" => {
            let computer = if sql.contains("_ResourceGuid") { "_ResourceGuid" } else { "ResourceGuid" };
            let ran = |at: &str, code: &str| {
                row(&[(computer, &id(PC)), ("AdvertisementId", &id(TASK_ZIP)), ("Start", at), ("ReturnCode", code)])
            };
            all(vec![ran("2026-01-01T00:00:00", "5"), ran("2026-01-02T00:00:00", "3010")])
        }
        other => panic!("{other}"),
    }
}

fn table(columns: &[String], rows: &[String], quirks: Quirks) -> Reply {
    let columns: String = columns
        .iter()
        .map(|name| format!("<xs:element name=\"{name}\" type=\"xs:string\" minOccurs=\"0\"/>"))
        .collect();
    let schema = format!(
        "<xs:schema id=\"NewDataSet\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:element name=\"NewDataSet\">\
         <xs:complexType><xs:choice><xs:element name=\"Table1\"><xs:complexType><xs:sequence>{columns}</xs:sequence>\
         </xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>"
    );
    let schema = if quirks.no_schema { "" } else { &schema };
    let shown = rows.iter().take(quirks.limit.unwrap_or(usize::MAX));
    let rows: String = shown.map(|row| format!("<Table1>{row}</Table1>")).collect();
    result("RunReport", &format!("<NewDataSet xmlns=\"\">{schema}{rows}</NewDataSet>"))
}

fn answer(sql: &str, quirks: Quirks) -> Reply {
    let is_there = |table: &str| !quirks.without.contains(&table);
    if sql.contains("INFORMATION_SCHEMA") {
        let mut there: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, columns) in catalogue(&Findings::default()).iter().flat_map(|query| query.needs()) {
            there.entry(name).or_default().extend(columns.iter().map(|column| column.to_string()));
        }
        let rows: Vec<String> = there
            .iter()
            .filter(|(name, _)| is_there(name))
            .flat_map(|(name, columns)| {
                columns
                    .iter()
                    .map(move |column| format!("<TABLE_NAME>{name}</TABLE_NAME><COLUMN_NAME>{column}</COLUMN_NAME>"))
            })
            .collect();
        return table(&["TABLE_NAME".to_owned(), "COLUMN_NAME".to_owned()], &rows, Quirks { limit: None, ..quirks });
    }
    if sql.contains("count(*)") {
        let rows: Vec<String> = sql
            .split(" union all ")
            .map(|one| {
                let name = one.split('\'').nth(1).unwrap();
                format!("<T>{name}</T><N>{}</N>", rows(one, quirks).len())
            })
            .collect();
        return table(&["T".to_owned(), "N".to_owned()], &rows, Quirks { limit: None, ..quirks });
    }
    let columns = sql.strip_prefix("select ").unwrap().split(" from ").next().unwrap();
    let columns: Vec<String> = columns.split(", ").map(str::to_owned).collect();
    let mut rows = rows(sql, quirks);
    if sql.contains("ItemReference") && !sql.contains("active synchronization") {
        for row in rows.iter_mut().filter(|_| quirks.other_word) {
            *row = row.replace("includescollection", "joinscollection");
        }
    }
    table(&columns, &rows, quirks)
}

/// A server with a folder of reports, filled by whoever may make some.
async fn server(quirks: Quirks) -> (Arc<Fake>, Vec<String>) {
    let made: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let (listed, run, create) = (made.clone(), made.clone(), made.clone());
    let details = |at: usize, title: &str| format!("<Guid>{}</Guid><Name>{title}</Name>", id(0x1000 + at as u128));
    let fake = estate::server(|_| false)
        .describes(
            Service::Report,
            &[
                ("RunReport", &["reportItemGuid"]),
                (
                    "CreateReportUsingRawSqlQuery",
                    &["reportName", "reportDescription", "dataSourceName", "folderGuid", "sqlQuery"],
                ),
            ],
        )
        .by("GetItemsInFolder", move |body, _| {
            assert_eq!(estate::bits(body, "folderGuid"), REPORTS);
            let made = listed.lock().unwrap();
            let list: String = made
                .iter()
                .enumerate()
                .map(|(at, (title, _))| format!("<ItemDetails>{}</ItemDetails>", details(at, title)))
                .collect();
            result("GetItemsInFolder", &list)
        })
        .by("CreateReportUsingRawSqlQuery", move |body, _| {
            let mut made = create.lock().unwrap();
            made.push((estate::param(body, "reportName").to_owned(), estate::param(body, "sqlQuery").to_owned()));
            result("CreateReportUsingRawSqlQuery", &details(made.len() - 1, &made.last().unwrap().0))
        })
        .by("RunReport", move |body, _| {
            let at = usize::try_from(estate::bits(body, "reportItemGuid") - 0x1000).unwrap();
            answer(&run.lock().unwrap()[at].1, quirks)
        });
    let fake = Arc::new(fake);
    let session = WriteSession::new(fake.clone());
    // Reports are made while the database answers as it should.
    let titles = create_missing_reports(&session, &with_reports(), &Findings::default()).await.unwrap_or_default();
    assert!(
        create_missing_reports(&session, &with_reports(), &Findings::default()).await.unwrap_or_default().is_empty()
    );
    (fake, titles)
}

fn with_reports() -> AltirisSettings {
    AltirisSettings { reports: Some(guid(REPORTS)), ..settings() }
}

#[tokio::test]
async fn reports_show_the_same_as_methods_and_more_in_few_requests() {
    let (fake, titles) = server(Quirks::default()).await;
    assert_eq!(titles.len(), catalogue(&Findings::default()).len() + 2);
    let before = fake.requests();
    let observed = observe(&fake, with_reports()).await.unwrap();
    let requests = fake.requests() - before;
    assert!(requests <= 40, "{requests}: {:?}", fake.asked());
    let by_methods = observe(&Arc::new(estate::server(|_| false)), settings()).await.unwrap();
    for kind in [Kind::Folder, Kind::Package, Kind::Program, Kind::Task, Kind::Collection] {
        assert_eq!(observed.coverage[&kind], Coverage::Observed, "{kind}");
    }
    for other in &by_methods.items {
        let item = observed.items.iter().find(|item| item.guid == other.guid).unwrap();
        assert_eq!(item.item.key, other.item.key);
        assert_eq!(item.item.folder, other.item.folder);
        if !matches!(other.item.spec, Spec::Collection(_)) {
            assert_eq!(item.revision, other.revision, "{}", item.item.key);
        }
        match (&item.item.spec, &other.item.spec) {
            (Spec::Package(_) | Spec::Task(_), _) => assert_eq!(item.item.spec, other.item.spec),
            (Spec::Collection(a), Spec::Collection(b)) => {
                assert_eq!((&a.include, &a.exclude, &a.members), (&b.include, &b.exclude, &b.members));
            }
            _ => {}
        }
    }
    assert_eq!(observed.items.len(), by_methods.items.len());
    assert!(!fake.asked().iter().any(|name| name == "GetPackageExByGuid" || name == "GetAdvertisementExByGuid"));
    let spec = |key: &str| {
        let key = ItemKey::parse(key).unwrap();
        observed.items.iter().find(|item| item.item.key == key).unwrap().item.spec.clone()
    };
    let Spec::Collection(pilot) = spec("collection/Pilot") else { panic!() };
    assert_eq!((pilot.query.unwrap().text(), pilot.auto_update, pilot.description.as_str()), ("select 1", false, "p"));
    let Spec::Program(zip) = spec("program/7-Zip/Run") else { panic!() };
    let portal = zip.portal.unwrap();
    assert!(!portal.inherit);
    assert_eq!((portal.grants[0].principal.as_str(), portal.grants[0].right), ("CORP\\IT", Right::Install));
    let Spec::Program(editor) = spec("program/Editor/Run") else { panic!() };
    let portal = editor.portal.unwrap();
    assert!(portal.inherit && portal.grants.is_empty());
    let Spec::Folder(folder) = spec("folder/Software/Apps") else { panic!() };
    assert_eq!(folder.description, "d");
}

#[tokio::test]
async fn one_item_has_the_revision_that_a_report_gave_it() {
    let (fake, _) = server(Quirks::default()).await;
    let observed = observe(&fake, with_reports()).await.unwrap();
    let reader = AltirisReader::new(fake.clone(), with_reports(), Findings::default());
    for item in &observed.items {
        let now = reader.revision(item.item.key.kind, item.guid).await.unwrap();
        assert_eq!(now.as_ref(), Some(&item.revision), "{}", item.item.key);
    }
}

#[tokio::test]
async fn a_report_that_is_cut_off_is_noticed_and_its_kind_is_read_otherwise() {
    let (fake, _) = server(Quirks { limit: Some(1), ..Quirks::default() }).await;
    let observed = observe(&fake, with_reports()).await.unwrap();
    // Nothing but a report shows rights.
    assert!(observed.gap(Kind::Program).unwrap().contains("rights"));
    for kind in [Kind::Package, Kind::Task] {
        assert_eq!(observed.coverage[&kind], Coverage::Observed, "{kind}");
    }
    for kind in [Kind::Package, Kind::Program, Kind::Task] {
        assert_eq!(observed.items.iter().filter(|item| item.item.key.kind == kind).count(), 2, "{kind}");
    }
    // Nothing but a report shows a query, so collections are not known in full.
    assert!(matches!(&observed.coverage[&Kind::Collection], Coverage::Partial { .. }));
    assert!(fake.asked().iter().any(|name| name == "GetPackageExByGuid"));
}

#[tokio::test]
async fn a_relation_that_nobody_described_is_looked_into() {
    let (fake, _) = server(Quirks { other_word: true, ..Quirks::default() }).await;
    let observed = observe(&fake, with_reports()).await.unwrap();
    assert_eq!(observed.coverage[&Kind::Collection], Coverage::Observed);
    let pilot = observed.items.iter().find(|item| item.guid == guid(PILOT)).unwrap();
    let Spec::Collection(pilot) = &pilot.item.spec else { panic!() };
    assert_eq!(pilot.include, ["All Computers"]);
    assert_eq!(pilot.members.as_deref(), Some(["PC-1".to_owned()].as_slice()));
}

#[tokio::test]
async fn a_table_that_is_not_there_sends_its_kind_to_the_methods() {
    let (fake, titles) = server(Quirks { without: &["SWDProgram", "vItemPermission"], ..Quirks::default() }).await;
    assert!(!titles.iter().any(|title| title.contains("programs") || title.contains("permissions")));
    let observed = observe(&fake, with_reports()).await.unwrap();
    // Rights were to be seen and are not: that is no absence of rights.
    assert!(observed.gap(Kind::Program).unwrap().contains("rights"));
    assert!(observed.complete(Kind::Program, Some("Software/Apps")).is_none());
    assert_eq!(fake.asked().iter().filter(|name| *name == "GetProgramsFromPackage").count(), 2);
    assert!(!fake.asked().iter().any(|name| name == "GetAdvertisementExByGuid"));
    // A probe has found that they cannot be seen: then nothing of them is compared, and the rest is whole.
    let findings = Findings { hidden: BTreeSet::from([Hidden::Rights]), ..Findings::default() };
    let reader = AltirisReader::new(fake.clone(), with_reports(), findings);
    let Observation::Fresh(observed) = reader.observe(None).await.unwrap() else { panic!() };
    assert_eq!(observed.coverage[&Kind::Program], Coverage::Observed);
    assert!(!reader.capabilities().is_shown(Kind::Program, "portal"));
    let program = observed.items.iter().find(|item| item.item.key.kind == Kind::Program).unwrap();
    assert!(matches!(&program.item.spec, Spec::Program(program) if program.portal.is_none()));
}

#[tokio::test]
async fn reports_that_were_to_be_there_and_are_not_leave_a_gap() {
    let (fake, _) = server(Quirks::default()).await;
    let elsewhere = AltirisSettings { reports: Some(guid(0x98)), ..settings() };
    let fake = Arc::try_unwrap(fake).unwrap_or_else(|_| panic!("it is nobody else's"));
    let fake = Arc::new(fake.on("GetItemsInFolder", result("GetItemsInFolder", "")));
    let observed = observe(&fake, elsewhere).await.unwrap();
    for kind in [Kind::Collection, Kind::Folder, Kind::Program] {
        assert!(observed.gap(kind).unwrap().contains("consign probe --with-reports"), "{kind}");
    }
    assert_eq!(observed.coverage[&Kind::Task], Coverage::Observed);
}

#[tokio::test]
async fn cap_5_what_a_report_did_not_show_this_time_is_not_compared() {
    let lacking = |observed: &Observed, reader: &AltirisReader, kind, field| {
        assert!(observed.complete(kind, Some("Software/Apps")).is_none(), "{kind}");
        assert!(!reader.capabilities().is_shown(kind, field), "{kind}.{field}");
    };
    let (fake, _) = server(Quirks { without: &["vItemPermission", "vCollection"], ..Quirks::default() }).await;
    let reader = AltirisReader::new(fake, with_reports(), Findings::default());
    for (kind, field) in [(Kind::Program, "portal"), (Kind::Collection, "query")] {
        assert!(reader.capabilities().is_shown(kind, field), "{kind}.{field}: it was to be shown");
    }
    let Observation::Fresh(observed) = reader.observe(None).await.unwrap() else { panic!() };
    lacking(&observed, &reader, Kind::Program, "portal");
    for field in ["query", "description", "autoUpdate"] {
        lacking(&observed, &reader, Kind::Collection, field);
    }
    assert!(reader.capabilities().is_shown(Kind::Folder, "description"), "that report was there");
    // None of the reports: nothing that only they show is compared.
    let (fake, _) = server(Quirks::default()).await;
    let fake = Arc::try_unwrap(fake).unwrap_or_else(|_| panic!("it is nobody else's"));
    let fake = Arc::new(fake.on("GetItemsInFolder", result("GetItemsInFolder", "")));
    let reader = AltirisReader::new(fake, with_reports(), Findings::default());
    let Observation::Fresh(observed) = reader.observe(None).await.unwrap() else { panic!() };
    lacking(&observed, &reader, Kind::Program, "portal");
    lacking(&observed, &reader, Kind::Collection, "query");
    lacking(&observed, &reader, Kind::Folder, "description");
    // With all of them, everything is.
    let (fake, _) = server(Quirks::default()).await;
    let reader = AltirisReader::new(fake, with_reports(), Findings::default());
    reader.observe(None).await.unwrap();
    for (kind, field) in [(Kind::Program, "portal"), (Kind::Collection, "query"), (Kind::Folder, "description")] {
        assert!(reader.capabilities().is_shown(kind, field), "{kind}.{field}");
    }
}

#[tokio::test]
async fn p5_what_stands_under_other_hints_is_no_empty_list() {
    let (fake, _) = server(Quirks { listed_elsewhere: true, ..Quirks::default() }).await;
    let observed = observe(&fake, with_reports()).await.unwrap();
    assert_eq!(observed.coverage[&Kind::Collection], Coverage::Observed);
    let pilot = observed.items.iter().find(|item| item.guid == guid(PILOT)).unwrap();
    let Spec::Collection(pilot) = &pilot.item.spec else { panic!() };
    assert_eq!(pilot.include, ["All Computers"]);
    assert_eq!(pilot.members.as_deref(), Some(["PC-1".to_owned()].as_slice()));
}

#[tokio::test]
async fn package_servers_are_named_by_a_report_and_one_without_a_name_is_a_gap() {
    let (fake, _) = server(Quirks { servers: true, ..Quirks::default() }).await;
    let observed = observe(&fake, with_reports()).await.unwrap();
    let package = |bits: u128| observed.items.iter().find(|item| item.guid == guid(bits));
    let Spec::Package(zip) = &package(ZIP).unwrap().item.spec else { panic!() };
    assert!(matches!(&zip.package_servers, PackageServers::Servers(list) if list.servers == ["PC-1"]));
    assert!(package(EDIT).is_none() && observed.gap(Kind::Package).unwrap().contains("package server"));
    assert!(observed.complete(Kind::Package, Some("Software/Apps")).is_some());
}

#[tokio::test]
async fn answers_without_a_schema_are_not_taken() {
    let (fake, titles) = server(Quirks { no_schema: true, ..Quirks::default() }).await;
    assert!(titles.is_empty());
    let observed = observe(&fake, with_reports()).await.unwrap();
    assert_eq!(observed.coverage[&Kind::Package], Coverage::Observed);
    assert!(fake.asked().iter().any(|name| name == "GetPackageExByGuid"));
}

#[tokio::test]
async fn reports_show_computers_members_and_who_ran_what() {
    let (fake, _) = server(Quirks::default()).await;
    let reader = AltirisReader::new(fake.clone(), with_reports(), Findings::default());
    let read = reader.fleet().await;
    assert_eq!(read.fleet.computers.len(), 1);
    let computer = &read.fleet.computers[0];
    assert_eq!((computer.name.as_str(), computer.zone.as_str(), computer.retired), ("PC-1", "Europe/Berlin", true));
    assert_eq!(read.fleet.members[&guid(ALL)].effective.len(), 1);
    assert_eq!(read.fleet.members[&guid(PILOT)].effective.len(), 0);
    let history = &read.fleet.history[&guid(TASK_ZIP)];
    assert_eq!((history.succeeded.len(), history.failed.len()), (1, 0));
    assert!(read.fleet.gaps.contains_key(&Part::Licences) && !read.fleet.gaps.contains_key(&Part::Members));
    let (fake, _) = server(Quirks { without: &["CollectionMembership"], ..Quirks::default() }).await;
    let reader = AltirisReader::new(fake, with_reports(), Findings::default());
    let read = reader.fleet().await;
    assert!(read.fleet.gaps[&Part::Members].contains("CollectionMembership") && read.fleet.members.is_empty());
}
