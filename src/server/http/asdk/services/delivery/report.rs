//! `ReportManagementService` (altiris-asdk §4.6).

use std::collections::BTreeMap;

use crate::model::guid::Guid;
use crate::server::app::asdk::object::Report;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::report::Running;
use crate::server::app::asdk::report::pairs;
use crate::server::app::asdk::tables::Hidden;
use crate::server::app::role::Role;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::ITEM_DETAILS;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::details;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::value::Column;
use crate::server::http::asdk::value::ColumnType;
use crate::server::http::asdk::value::Table;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;
use crate::server::store::asdk_report::Answer;
use crate::server::store::asdk_report::ColumnType as Stored;
use crate::server::store::asdk_report::Kind;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Ns,
    name: "ReportManagementService",
    methods: &[
        Method::new(
            "CreateReportUsingRawSqlQuery",
            &[
                text("reportName"),
                text("reportDescription"),
                text("dataSourceName"),
                guid("folderGuid"),
                text("sqlQuery"),
            ],
            Ty::Record(&ITEM_DETAILS),
            create,
        )
        .or_typed("CreateReportUsingRawSqlQueryX"),
        Method::new("GetReportParameters", &[guid("reportItemGuid")], Ty::Table, parameters)
            .or_typed("GetReportParametersX"),
        Method::new("RunReport", &[guid("reportItemGuid")], Ty::Table, run).or_typed("RunReportX"),
        Method::new(
            "RunReportWithParameters",
            &[guid("reportItemGuid"), text("nameValuePairs")],
            Ty::Table,
            run_with_parameters,
        )
        .or_typed("RunReportWithParametersX"),
    ],
};

/// After how many rows a report is cut with the quirk that cuts.
const CUT_ROWS: u64 = 1_000;

/// The privilege *Create Reports* (altiris-asdk §3) is that of whoever may write here.
fn check_may_create(call: &Call<'_>) -> Result<(), Fault> {
    if call.principal.role >= Role::Applier && !call.has(Quirk::NoCreateReports) {
        return Ok(());
    }
    let why = "The current user does not have the required privilege 'Create Reports'.";
    Err(Fault::new(Exception::InsufficientPermission, why))
}

fn create(call: &Call<'_>) -> Result<Value, Fault> {
    check_may_create(call)?;
    let report = Report {
        description: optional(call, "reportDescription").to_owned(),
        data_source: optional(call, "dataSourceName").to_owned(),
        sql: call.text("sqlQuery")?.to_owned(),
        parameters: Vec::new(),
    };
    if report.sql.trim().is_empty() {
        return Err(Fault::invalid_parameter("The query of the report is empty."));
    }
    let (name, folder) = (call.text("reportName")?, call.guid("folderGuid")?);
    let guid = call.write(|writer| Ok(writer.create_object(name, Some(folder), Says::Report(report), None)?.guid))?;
    Ok(details::of_guid(call, guid)?.into())
}

/// The vendor's type of a text parameter is in no document; this one is ours.
const TEXT_PARAMETER: Guid = Guid::of(0xc051_671e_0000_4b01_9000_0000_0000_0001);

fn parameters(call: &Call<'_>) -> Result<Value, Fault> {
    let report = call.app.report_entry(call.guid("reportItemGuid")?)?;
    let columns = vec![
        Column::new("Name", ColumnType::Text),
        Column::new("Description", ColumnType::Text),
        Column::new("Required", ColumnType::Bool),
        Column::new("Nullable", ColumnType::Bool),
        Column::new("ParameterTypeGuid", ColumnType::Guid),
        Column::new("ParameterTypeAlias", ColumnType::Text),
        Column::new("DefaultValue", ColumnType::Text),
    ];
    let row = |parameter: crate::server::app::asdk::object::ReportParameter| {
        vec![
            Some(parameter.name),
            Some(parameter.description),
            Some(parameter.required.to_string()),
            Some((!parameter.required).to_string()),
            Some(TEXT_PARAMETER.to_string()),
            Some("String".to_owned()),
            parameter.default,
        ]
    };
    Ok(Table { columns, rows: report.parameters.into_iter().map(row).collect() }.into())
}

fn run(call: &Call<'_>) -> Result<Value, Fault> {
    answer(call, &BTreeMap::new())
}

fn run_with_parameters(call: &Call<'_>) -> Result<Value, Fault> {
    answer(call, &pairs(optional(call, "nameValuePairs"))?)
}

fn answer(call: &Call<'_>, values: &BTreeMap<String, String>) -> Result<Value, Fault> {
    let running = Running {
        cut_after: call.has(Quirk::ReportsCut).then_some(CUT_ROWS),
        hidden: Hidden { schema: call.has(Quirk::NoInformationSchema), columns: call.has(Quirk::FewReportColumns) },
    };
    let answer = call.app.run_report(call.guid("reportItemGuid")?, values, running, call.limits)?;
    Ok(table(answer).into())
}

fn table(answer: Answer) -> Table {
    let ty = |kind| match kind {
        Kind::Of(Stored::Guid) => ColumnType::Guid,
        Kind::Of(Stored::Text) => ColumnType::Text,
        Kind::Of(Stored::Int) => ColumnType::Int,
        Kind::Of(Stored::Time) => ColumnType::DateTime,
        Kind::Double => ColumnType::Double,
        Kind::Long => ColumnType::Long,
    };
    let columns = answer.columns.into_iter().map(|(name, kind)| Column::new(name, ty(kind))).collect();
    Table { columns, rows: answer.rows }
}
