//! The server's database by reports: which there are to be, which there are, and their rows (altiris-asdk §6).
//!
//! Each report is one query, and its name holds a digest of it: another query is another report. Who only reads makes none.
//! Their number of rows is counted by one more report, so that a limit on rows is noticed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sha2::Digest;
use sha2::Sha256;

use crate::adapter::AdapterError;
use crate::adapter::altiris::wire::details::From;
use crate::adapter::altiris::wire::details::ItemDetails;
use crate::adapter::altiris::wire::details::PackageDetails;
use crate::adapter::altiris::wire::details::ProgramDetails;
use crate::adapter::altiris::wire::details::TaskDetails;
use crate::adapter::altiris::wire::session::Session;
use crate::adapter::altiris::wire::session::WriteSession;
use crate::adapter::altiris::wire::table::Table;
use crate::adapter::altiris::wire::value;
use crate::adapter::shown::shown;
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::altiris::Hidden;
use crate::model::guid::Guid;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::methods::again;
use super::methods::partly;

/// The permission to ask for software and get it (altiris-asdk §4.8).
pub const INSTALL: Guid = Guid::of(0xA56F_6866_B362_4EFC_BFFA_A29E_7C9D_2F2F);

/// What is asked of the database.
#[derive(Clone, Debug)]
pub struct Query {
    /// Its name within this program.
    pub name: &'static str,
    columns: Vec<&'static str>,
    from: String,
    order: &'static str,
    /// Tables that it needs, with the columns of each.
    needs: Vec<(&'static str, Vec<&'static str>)>,
}

impl Query {
    fn new(name: &'static str, table: &'static str, columns: &[&'static str], order: &'static str) -> Self {
        let needs = vec![(table, columns.to_vec())];
        Self { name, columns: columns.to_vec(), from: table.to_owned(), order, needs }
    }

    fn only(mut self, condition: impl AsRef<str>) -> Self {
        self.from = format!("{} where {}", self.from, condition.as_ref());
        self
    }

    fn of(mut self, rows: &str) -> Self {
        rows.clone_into(&mut self.from);
        self
    }

    fn needing(mut self, table: &'static str, columns: &[&'static str]) -> Self {
        self.needs.push((table, columns.to_vec()));
        self
    }

    fn sql(&self) -> String {
        format!("select {} from {} order by {}", self.columns.join(", "), self.from, self.order)
    }

    fn count(&self) -> String {
        format!("select '{}' as T, count(*) as N from {}", self.name, self.from)
    }

    /// The tables that it needs, with the columns of each.
    pub fn needs(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        self.needs.clone()
    }

    /// What of the tables is not there; empty where all is.
    fn lacks(&self, columns: &Columns) -> Vec<String> {
        let mut lacks = Vec::new();
        for (table, wanted) in &self.needs {
            match columns.get(&table.to_ascii_lowercase()) {
                None => lacks.push((*table).to_owned()),
                Some(there) => {
                    let missing = wanted.iter().filter(|column| !there.contains(&column.to_ascii_lowercase()));
                    lacks.extend(missing.map(|column| format!("{table}.{column}")));
                }
            }
        }
        lacks
    }
}

/// The columns of tables, both in lower case.
type Columns = BTreeMap<String, BTreeSet<String>>;

/// Everything that is asked.
pub fn catalogue(findings: &Findings) -> Vec<Query> {
    let with = |columns: &[&'static str], more: &'static str| {
        let mut columns = columns.to_vec();
        columns.push(more);
        columns
    };
    let permissions: Vec<String> = std::iter::once(INSTALL)
        .chain(findings.approval_permission)
        .flat_map(|guid| [guid.to_string(), guid.to_string().to_ascii_uppercase()])
        .map(|guid| format!("'{guid}'"))
        .collect();
    vec![
        Query::new("packages", "SWDPackage", &PackageDetails::COLUMNS, "Guid"),
        Query::new("programs", "SWDProgram", &with(&ProgramDetails::COLUMNS, "PackageGuid"), "Guid"),
        Query::new("tasks", "SWDAdvertisement", &TaskDetails::COLUMNS, "Guid"),
        Query::new("folders", "vItem", &["Guid", "Name", "Description", "ParentFolderGuid", "Attributes"], "Guid")
            .needing("vItem", &["TypeName"])
            .only(
                "TypeName in (select TypeName from vItem where Guid in (select ParentFolderGuid from vItem where \
                 ParentFolderGuid is not null))",
            ),
        Query::new("collections", "vCollection", &["Guid", "Name", "Description", "SqlQuery", "AutoUpdate"], "Guid"),
        Query::new("collection-folders", "vItem", &["Guid", "ParentFolderGuid", "Attributes"], "Guid")
            .needing("vCollection", &["Guid"])
            .only("Guid in (select Guid from vCollection)"),
        Query::new("collection-links", "ItemReference", &["ParentItemGuid", "ChildItemGuid", "Hint"], ORDER_OF_LINKS)
            .needing("vCollection", &["Guid"])
            .only("ParentItemGuid in (select Guid from vCollection)"),
        Query::new(
            "sequence-steps",
            "ItemReference",
            &["ParentItemGuid", "ChildItemGuid"],
            "ParentItemGuid, ChildItemGuid",
        )
        .needing("ItemReference", &["Hint"])
        .only("Hint = 'sequentialswditem uses active synchronization item'"),
        Query::new(
            "target-filters",
            "TargetFilter",
            &["Guid", "ResourceTargetGuid", "FilterType", "Operation"],
            "Guid",
        ),
        Query::new(
            "target-collections",
            "TargetFilterCollection",
            &["TargetFilterGuid", "CollectionGuid"],
            "TargetFilterGuid, CollectionGuid",
        ),
        Query::new("target-names", "vItem", &["Guid", "Name"], "Guid")
            .needing("TargetFilter", &["ResourceTargetGuid"])
            .only("Guid in (select ResourceTargetGuid from TargetFilter)"),
        Query::new("listed-computers", "vComputer", &["Guid", "Name"], "Guid")
            .needing("ItemReference", &["ChildItemGuid", "Hint"])
            .only("Guid in (select ChildItemGuid from ItemReference where Hint = 'collectionincludesresource')"),
        Query::new(
            "permissions",
            "vItemPermission",
            &["ItemGuid", "TrusteeName", "PermissionGuid", "Inherited"],
            "ItemGuid, TrusteeName, PermissionGuid, Inherited",
        )
        .only(format!("PermissionGuid in ({})", permissions.join(", "))),
        // Which permissions programs have at all: a probe looks for the one that no document names.
        Query::new("permission-kinds", "vItemPermission", &["PermissionGuid"], "PermissionGuid")
            .needing("vItemPermission", &["ItemGuid"])
            .needing("SWDProgram", &["Guid"])
            .of("(select distinct PermissionGuid from vItemPermission where ItemGuid in (select Guid from SWDProgram)) p"),
        Query::new("computers", "vComputer", &["Guid", "Name", "Domain"], "Guid"),
        Query::new(
            "members",
            "CollectionMembership",
            &["CollectionGuid", "ResourceGuid"],
            "CollectionGuid, ResourceGuid",
        ),
        Query::new("computer-clocks", "vComputer", &["Guid", "TimeZone", "LastSeen", "Retired"], "Guid"),
        // Which computer a row is of stands in a column that servers call one way or the other.
        Query::new(
            "executions",
            "Evt_AeX_SWD_Execution",
            &["_ResourceGuid", "AdvertisementId", "Start", "ReturnCode"],
            "Start",
        ),
        Query::new(
            "executions-by-resource",
            "Evt_AeX_SWD_Execution",
            &["ResourceGuid", "AdvertisementId", "Start", "ReturnCode"],
            "Start",
        ),
    ]
}

const ORDER_OF_LINKS: &str = "ParentItemGuid, ChildItemGuid, Hint";

fn discovery(queries: &[Query]) -> String {
    let tables: BTreeSet<&str> = queries.iter().flat_map(|query| &query.needs).map(|(table, _)| *table).collect();
    let tables: Vec<String> = tables.iter().map(|table| format!("'{table}'")).collect();
    format!(
        "select TABLE_NAME, COLUMN_NAME from INFORMATION_SCHEMA.COLUMNS where TABLE_NAME in ({}) order by TABLE_NAME, \
         COLUMN_NAME",
        tables.join(", ")
    )
}

/// One query that counts the rows of these.
fn counting<'q>(queries: impl Iterator<Item = &'q Query>) -> String {
    queries.map(Query::count).collect::<Vec<_>>().join(" union all ")
}

/// The name of the report of a query.
fn title(name: &str, sql: &str) -> String {
    let digest: String = Sha256::digest(sql.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("consign {name} {digest}")
}

/// The reports that there are.
pub struct Reports<'a> {
    session: &'a Session,
    /// By name: the report, or why there is none.
    there: BTreeMap<&'static str, Result<Guid, String>>,
    columns: BTreeMap<&'static str, Vec<&'static str>>,
    counter: Guid,
    counts: BTreeMap<String, usize>,
}

impl<'a> Reports<'a> {
    /// Looks for the reports in their folder, and for the tables and columns that they need.
    ///
    /// # Errors
    /// When it makes no sense to read on. Inside: why there are none to be used.
    pub async fn open(
        session: &'a Session,
        folder: Guid,
        findings: &Findings,
    ) -> Result<Result<Self, String>, AdapterError> {
        let titles = match partly(titles(session, folder).await)? {
            Ok(titles) => titles,
            Err(why) => return Ok(Err(format!("the folder of reports could not be read: {why}"))),
        };
        let queries = catalogue(findings);
        let report = |name: &str, sql: &str| {
            let title = title(name, sql);
            titles.get(&title).copied().ok_or_else(|| format!("there is no report `{title}` in the folder of reports"))
        };
        let discovery = match report("columns", &discovery(&queries)) {
            Ok(report) => report,
            Err(why) => return Ok(Err(why)),
        };
        let columns = match columns(session, discovery).await? {
            Ok(columns) => columns,
            Err(why) => return Ok(Err(why)),
        };
        let usable = queries.iter().filter(|query| query.lacks(&columns).is_empty());
        let counter = match report("counts", &counting(usable)) {
            Ok(report) => report,
            Err(why) => return Ok(Err(why)),
        };
        let mut there = BTreeMap::new();
        for query in &queries {
            let lacks = query.lacks(&columns);
            let found = if lacks.is_empty() {
                report(query.name, &query.sql())
            } else {
                Err(format!("the database shows no {}", shown(&lacks.join(", "))))
            };
            there.insert(query.name, found);
        }
        let columns = queries.iter().map(|query| (query.name, query.columns.clone())).collect();
        let mut reports = Self { session, there, columns, counter, counts: BTreeMap::new() };
        Ok(reports.count().await?.map(|()| reports))
    }

    async fn count(&mut self) -> Result<Result<(), String>, AdapterError> {
        let table = match run(self.session, self.counter, &["T", "N"]).await? {
            Ok(table) => table,
            Err(why) => return Ok(Err(format!("the rows could not be counted: {why}"))),
        };
        self.counts.clear();
        for row in table.rows {
            let text = |name: &str| row.child(name).map(|cell| cell.text.trim().to_owned()).unwrap_or_default();
            match text("N").parse() {
                Ok(count) => drop(self.counts.insert(text("T"), count)),
                Err(_) => return Ok(Err("the rows could not be counted: a count is no number".to_owned())),
            }
        }
        Ok(Ok(()))
    }

    /// The rows of a report: all of them, or why not. What does not agree with the count is read once more.
    ///
    /// # Errors
    /// When it makes no sense to read on.
    pub async fn rows(&mut self, name: &'static str) -> Result<Result<Table, String>, AdapterError> {
        let report = match self.there.get(name) {
            Some(Ok(report)) => *report,
            Some(Err(why)) => return Ok(Err(why.clone())),
            None => return Ok(Err("there is no such report".to_owned())),
        };
        let wanted = self.columns.get(name).cloned().unwrap_or_default();
        let mut why = String::new();
        for attempt in 0..2 {
            if attempt > 0
                && let Err(why) = self.count().await?
            {
                return Ok(Err(why));
            }
            let table = match run(self.session, report, &wanted).await? {
                Ok(table) => table,
                Err(why) => return Ok(Err(why)),
            };
            match self.counts.get(name) {
                Some(count) if *count == table.rows.len() => return Ok(Ok(table)),
                Some(count) => {
                    why = format!(
                        "report `{name}` has {} of {count} rows: something cuts it off, or it does not stand still",
                        table.rows.len()
                    );
                }
                None => return Ok(Err(format!("the rows of report `{name}` were not counted"))),
            }
        }
        Ok(Err(why))
    }
}

/// The reports of a folder by name.
async fn titles(session: &Session, folder: Guid) -> Result<BTreeMap<String, Guid>, AdapterError> {
    let params = [("folderGuid", folder.into())];
    let reply = again(session, || async { session.ask(Reading::GetItemsInFolder, &params).await }).await?;
    let mut titles = BTreeMap::new();
    for node in reply.within() {
        let wrong = |why| AdapterError::Malformed { server: session.server().to_owned(), what: "list of reports", why };
        if let Some(item) = ItemDetails::read(node, From::Object).map_err(wrong)? {
            titles.entry(item.name).or_insert(item.guid);
        }
    }
    Ok(titles)
}

async fn run(session: &Session, report: Guid, wanted: &[&str]) -> Result<Result<Table, String>, AdapterError> {
    let params = [("reportItemGuid", report.into())];
    let table = again(session, || async { session.table(Reading::RunReport, &params).await });
    Ok(match partly(table.await)? {
        Ok(table) => match table.lacks(wanted).as_slice() {
            [] => Ok(table),
            lacks => Err(format!("a report came without its columns {}", lacks.join(", "))),
        },
        Err(why) => Err(why),
    })
}

async fn columns(session: &Session, report: Guid) -> Result<Result<Columns, String>, AdapterError> {
    Ok(match run(session, report, &["TABLE_NAME", "COLUMN_NAME"]).await? {
        Ok(table) => Ok(columns_of(&table)),
        Err(why) => Err(format!("the columns of the database could not be read: {why}")),
    })
}

/// What no report can show of a server whose tables and columns are these.
pub fn hidden(table: &Table) -> BTreeSet<Hidden> {
    const BY: [(&str, Hidden); 4] = [
        ("folders", Hidden::Folders),
        ("collections", Hidden::Collections),
        ("collection-folders", Hidden::Collections),
        ("permissions", Hidden::Rights),
    ];
    let columns = columns_of(table);
    let queries = catalogue(&Findings::default());
    let lacking = queries.iter().filter(|query| !query.lacks(&columns).is_empty());
    lacking.flat_map(|query| BY.iter().filter(|(name, _)| *name == query.name)).map(|(_, hidden)| *hidden).collect()
}

fn columns_of(table: &Table) -> Columns {
    let mut columns = Columns::new();
    for row in &table.rows {
        let text = |name: &str| row.child(name).map(|cell| cell.text.trim().to_ascii_lowercase()).unwrap_or_default();
        columns.entry(text("TABLE_NAME")).or_default().insert(text("COLUMN_NAME"));
    }
    columns
}

/// Makes the reports that are missing, and returns their names. Needs the right to make reports.
///
/// # Errors
/// What the server answered instead.
pub async fn create_missing_reports(
    session: &WriteSession,
    settings: &AltirisSettings,
    findings: &Findings,
) -> Result<Vec<String>, AdapterError> {
    let Some(folder) = settings.reports else { return Ok(Vec::new()) };
    let source = settings.report_data_source.clone().unwrap_or_default();
    let mut made = Vec::new();
    let mut there = titles(session.reading(), folder).await?;
    let queries = catalogue(findings);
    let discovery = discovery(&queries);
    let report = make(session, &mut there, &mut made, (folder, &source), ("columns", &discovery)).await?;
    let columns = match columns(session.reading(), report).await? {
        Ok(columns) => columns,
        Err(why) => {
            let server = session.reading().server().to_owned();
            return Err(AdapterError::Failed { server, what: "report of columns".to_owned(), message: why });
        }
    };
    let usable: Vec<&Query> = queries.iter().filter(|query| query.lacks(&columns).is_empty()).collect();
    let counts = counting(usable.iter().copied());
    if !usable.is_empty() {
        make(session, &mut there, &mut made, (folder, &source), ("counts", &counts)).await?;
    }
    for query in usable {
        make(session, &mut there, &mut made, (folder, &source), (query.name, &query.sql())).await?;
    }
    Ok(made)
}

async fn make(
    session: &WriteSession,
    there: &mut BTreeMap<String, Guid>,
    made: &mut Vec<String>,
    (folder, source): (Guid, &str),
    (name, sql): (&str, &str),
) -> Result<Guid, AdapterError> {
    let title = title(name, sql);
    if let Some(report) = there.get(&title) {
        return Ok(*report);
    }
    let params = [
        ("reportName", Value::from(title.as_str())),
        ("reportDescription", Value::from("Read by consign; its name holds a digest of its query.")),
        ("dataSourceName", Value::from(source)),
        ("folderGuid", folder.into()),
        ("sqlQuery", Value::from(sql)),
    ];
    let reply = session.call(Service::Report, "CreateReportUsingRawSqlQuery", &params, &title).await?;
    let item = reply.object(|node| ItemDetails::read(node, From::Object))?;
    made.push(title.clone());
    there.insert(title, item.guid);
    Ok(item.guid)
}

/// A GUID in a cell; an empty one is none.
///
/// # Errors
/// When it is no GUID.
pub fn guid_in(row: &super::super::wire::xml::Node, column: &str) -> Result<Option<Guid>, String> {
    match row.child(column) {
        Some(cell) => value::guid(&cell.text).map_err(|why| format!("column `{column}`: {why}")),
        None => Ok(None),
    }
}

/// The text of a cell.
pub fn text_in(row: &super::super::wire::xml::Node, column: &str) -> String {
    row.child(column).map(|cell| cell.text.clone()).unwrap_or_default()
}
