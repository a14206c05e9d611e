//! The services as handlers see them, without a wire: arguments by name, results by field.

mod exports;
mod flow;
mod managed;
mod reports;
mod targets;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::folders;
use crate::server::app::role::Principal;
use crate::server::app::role::Role;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Arg;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Table;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;
use crate::server::ids::SeededIds;
use crate::server::limits::Limits;
use crate::server::store::Store;
use crate::sys::clock::SystemClock;

/// Whoever asks.
struct Desk {
    app: App,
    options: AsdkOptions,
    limits: Limits,
    principal: Principal,
}

const PACKAGES: &str = "73032b0a-2047-42db-82bb-34ff24910911";
const DEAD: &str = "00000000-0000-0000-0000-00000000dead";

fn computer(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

impl Desk {
    fn new() -> Self {
        Self::with(AsdkOptions::new())
    }

    fn with(options: AsdkOptions) -> Self {
        let app = App::new(Store::in_memory().unwrap(), Arc::new(SystemClock), Arc::new(SeededIds::new(7))).unwrap();
        app.prepare_asdk().unwrap();
        let principal = Principal { id: "1".to_owned(), name: "editor".to_owned(), role: Role::Applier };
        Self { app, options, limits: Limits::default(), principal }
    }

    fn quirk(mut self, quirk: Quirk) -> Self {
        self.options = self.options.with(quirk);
        self
    }

    /// Computers `PC-1` and so on.
    fn computers(&self, count: u32) {
        let line = |number| {
            let guid = computer(number);
            format!(r#"{{"type":"computer","guid":"{guid}","name":"PC-{number}","domain":"EXAMPLE","zone":"UTC"}}"#)
        };
        let lines: Vec<String> = (1..=count).map(line).collect();
        self.load(&lines.join("\n"));
    }

    fn load(&self, lines: &str) {
        self.app.load_fleet(&mut BufReader::new(format!("{lines}\n").as_bytes()), &self.limits).unwrap();
    }

    /// Calls a method by its message; arguments are texts, bound as their parameters say.
    fn ask(&self, name: &str, args: &[(&str, &str)]) -> Result<Value, Fault> {
        let (service, name) = name.split_once('.').unwrap_or(("", name));
        let message = services::all()
            .filter(|one| service.is_empty() || one.name == service)
            .find_map(|one| one.message(&self.options, name))
            .unwrap_or_else(|| panic!("no method `{name}`"));
        let mut bound = BTreeMap::new();
        for (name, text) in args {
            let param = message.method.params.iter().find(|param| param.name == *name);
            let param = param.unwrap_or_else(|| panic!("no parameter `{name}`"));
            let arg = match message.ty(param) {
                Ty::Bool => Arg::Bool(*text == "true"),
                Ty::Int => Arg::Int(text.parse().unwrap()),
                Ty::Guid => Arg::Guid(text.parse().unwrap()),
                Ty::Guids => {
                    Arg::Guids(text.split(',').filter(|one| !one.is_empty()).map(|one| one.parse().unwrap()).collect())
                }
                _ => Arg::Text((*text).to_owned()),
            };
            bound.insert(param.name, arg);
        }
        let call = Call::new(&self.app, &self.limits, &self.options, &self.principal, message, bound);
        (message.method.handler)(&call)
    }

    #[track_caller]
    fn does(&self, name: &str, args: &[(&str, &str)]) -> Value {
        self.ask(name, args).unwrap_or_else(|fault| panic!("{name}: {fault}"))
    }

    /// A setter that gives `true`.
    #[track_caller]
    fn sets(&self, name: &str, args: &[(&str, &str)]) {
        assert_eq!(said(&self.does(name, args)), "true", "{name}");
    }

    #[track_caller]
    fn faults(&self, name: &str, args: &[(&str, &str)], exception: Exception) {
        match self.ask(name, args) {
            Err(fault) => assert_eq!(fault.exception, exception, "{name}: {fault}"),
            Ok(value) => panic!("{name} gives {value:?}"),
        }
    }

    /// The GUID of what was made: a GUID, or that of a record.
    #[track_caller]
    fn makes(&self, name: &str, args: &[(&str, &str)]) -> String {
        match self.does(name, args) {
            Value::Record(record) => field(&record, "Guid"),
            value => said(&value),
        }
    }

    #[track_caller]
    fn record(&self, name: &str, args: &[(&str, &str)]) -> Record {
        match self.does(name, args) {
            Value::Record(record) => record,
            value => panic!("{name} gives {value:?}"),
        }
    }

    #[track_caller]
    fn list(&self, name: &str, args: &[(&str, &str)]) -> Vec<String> {
        match self.does(name, args) {
            Value::List(values) => values.iter().map(said).collect(),
            value => panic!("{name} gives {value:?}"),
        }
    }

    /// The item, as the native API shows it.
    #[track_caller]
    fn item(&self, guid: &str) -> Json {
        serde_json::from_str(&self.app.item(guid.parse().unwrap()).unwrap().to_json()).unwrap()
    }

    fn package(&self, name: &str) -> String {
        let args = [
            ("sPackageName", name),
            ("sPackageLocation", r"\\files\share"),
            ("sPackageDirectory", ""),
            ("sParentFolderGuid", PACKAGES),
        ];
        self.makes("CreatePackageExBasic", &args)
    }

    /// A program of a package.
    fn program(&self, package: &str, name: &str) -> String {
        let program = self.makes("CreateProgramExBasic", &[("sProgramName", name), ("sCommandLine", "setup.exe")]);
        self.sets("AddProgramToPackage", &[("sPackageGuid", package), ("sProgramGuid", &program)]);
        program
    }

    fn task(&self, name: &str, package: &str, program: &str, targets: &str) -> String {
        let args = [
            ("bEnable", "false"),
            ("sAdvertisementExName", name),
            ("sAdvertisementExDescription", ""),
            ("sFolderGuid", &folders::TASKS.to_string()),
            ("sPackageGuid", package),
            ("sProgramGuid", program),
            ("sResourceTargets", targets),
            ("sPriority", "Normal"),
        ];
        self.makes("CreateAdvertisementEx", &args)
    }

    /// A collection of computers by number.
    fn collection(&self, name: &str, members: &[u32]) -> String {
        let folder = folders::COLLECTIONS.to_string();
        let args = [("name", name), ("description", ""), ("folderGuid", folder.as_str()), ("autoUpdate", "true")];
        let guid = self.makes("CreateResourceCollection", &args);
        let members: Vec<String> = members.iter().map(|number| computer(*number)).collect();
        if !members.is_empty() {
            self.does("AddInclusions", &[("collectionItemGuid", &guid), ("itemGuids", &members.join(","))]);
        }
        guid
    }

    fn report(&self, sql: &str) -> String {
        let name = format!("Report {}", self.app.state().unwrap());
        let folder = folders::REPORTS.to_string();
        let args = [
            ("reportName", name.as_str()),
            ("reportDescription", "of a test"),
            ("dataSourceName", ""),
            ("folderGuid", &folder),
            ("sqlQuery", sql),
        ];
        self.makes("CreateReportUsingRawSqlQuery", &args)
    }

    #[track_caller]
    fn runs(&self, sql: &str) -> Table {
        match self.does("RunReport", &[("reportItemGuid", &self.report(sql))]) {
            Value::Table(table) => table,
            value => panic!("{value:?}"),
        }
    }

    /// The rows of a report as text, cells with commas.
    #[track_caller]
    fn rows(&self, sql: &str) -> Vec<String> {
        let line = |row: &Vec<Option<String>>| {
            row.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(",")
        };
        self.runs(sql).rows.iter().map(line).collect()
    }

    fn export(&self, guid: &str) -> String {
        said(&self.does("ExportItemXmlString", &[("itemGuid", guid)]))
    }
}

/// A value as text.
fn said(value: &Value) -> String {
    match value {
        Value::Void | Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Guid(guid) => guid.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::DateTime(at) => at.to_string(),
        Value::List(values) => values.iter().map(said).collect::<Vec<_>>().join(","),
        Value::Record(record) => field(record, "Guid"),
        Value::Table(table) => format!("{table:?}"),
    }
}

#[track_caller]
fn field(record: &Record, name: &str) -> String {
    let found = record.fields().find(|(field, _)| field.name == name);
    said(found.unwrap_or_else(|| panic!("no field `{name}`")).1)
}

#[track_caller]
fn fields(record: &Record, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(field(record, name), *value, "{name}");
    }
}

fn guid(text: &str) -> Guid {
    text.parse().unwrap()
}
