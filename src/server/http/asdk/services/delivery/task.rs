//! `TaskManagementService` (altiris-asdk §4.14).

use jiff::tz::TimeZone;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::run::Inputs;
use crate::server::app::asdk::run::Status;
use crate::server::app::asdk::schedule;
use crate::server::app::spec::parts::Run;
use crate::server::asdk::Profile;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::TASK_DETAILS;
use crate::server::http::asdk::classes::TASK_PARAMETER_DETAILS;
use crate::server::http::asdk::classes::TASK_RESOURCE_STATUS_DETAILS;
use crate::server::http::asdk::classes::TASK_STATUS_DETAILS;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::some_text;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Task,
    name: "TaskManagementService",
    methods: &[
        Method::new("GetTasks", &[guid("parentFolderGuid")], Ty::Guids, tasks).or_typed("GetTasks2"),
        Method::new("GetTasksByType", &[guid("parentFolderGuid"), guid("taskTypeGuid")], Ty::Guids, tasks_by_type)
            .or_typed("GetTasksByType2"),
        Method::new("GetTask", &[TASK], Ty::Record(&TASK_DETAILS), task).or_typed("GetTask2"),
        Method::new("ExecuteTask", &[TASK, text("executionName"), INPUTS], Ty::Guid, execute)
            .or_typed("ExecuteTask2")
            .writes(),
        Method::new(
            "ScheduleTaskShared",
            &[TASK, text("scheduleName"), text("description"), guid("sharedScheduleGuid"), INPUTS],
            Ty::Guid,
            schedule_shared,
        )
        .or_typed("ScheduleTaskShared2")
        .writes(),
        Method::new(
            "ScheduleTaskCustom",
            &[TASK, text("scheduleName"), text("description"), text("customScheduleXml"), INPUTS],
            Ty::Guid,
            schedule_custom,
        )
        .or_typed("ScheduleTaskCustom2")
        .writes(),
        Method::new("GetExecutedTaskInstances", &[TASK], Ty::Guids, instances).or_typed("GetExecutedTaskInstances2"),
        Method::new("GetTaskStatus", &[TASK], Ty::Records(&TASK_STATUS_DETAILS), status).or_typed("GetTaskStatus2"),
        Method::new(
            "GetTaskResourceStatus",
            &[guid("taskInstanceGuid"), guid("resourceGuid")],
            Ty::Record(&TASK_RESOURCE_STATUS_DETAILS),
            resource_status,
        )
        .or_typed("GetTaskResourceStatus2"),
        job("CreateClientJob", CREATE, Ty::Guid, create_client_job),
        job("CreateServerJob", CREATE, Ty::Guid, create_server_job),
        job("AddTaskFirstToJob", ADD, Ty::Guid, add_first),
        job("AddTaskLastToJob", ADD, Ty::Guid, add_last),
        job("CreateJobCondition", &[JOB, guid("taskNodeGuid"), RULES], Ty::Guid, create_condition),
        job("AddJobConditionRules", &[JOB, CONDITION, RULES], Ty::Void, add_rules),
        job("AddTaskToJobConditionThenGroup", &[JOB, CONDITION, TASK, FAILS], Ty::Guid, add_then),
        job("AddTaskToJobConditionElseGroup", &[JOB, CONDITION, TASK, FAILS], Ty::Guid, add_else),
        job("RemoveJobCondition", &[JOB, CONDITION], Ty::Void, remove_condition),
        job("RemoveNodeFromJob", &[JOB, guid("nodeGuid")], Ty::Void, remove_node),
        job("RemoveAllNodesFromJob", &[JOB], Ty::Void, remove_all),
        job("ConfirmJobChanges", &[JOB], Ty::Void, confirm),
    ],
};

const TASK: Param = guid("taskGuid");
const JOB: Param = guid("jobGuid");
const CONDITION: Param = guid("conditionGuid");
const RULES: Param = text("conditionRules");
const FAILS: Param = truth("failJobIfTaskFails");
const INPUTS: Param = text("inputParameters");
const CREATE: &[Param] = &[text("name"), text("description"), guid("folderGuid"), truth("failIfAnyTaskFails")];
const ADD: &[Param] = &[JOB, TASK, FAILS];

/// A method of building jobs: over SOAP alone, and there since 8.5 RU3.
const fn job(
    name: &'static str,
    params: &'static [Param],
    result: Ty,
    handler: crate::server::http::asdk::table::Handler,
) -> Method {
    Method::new(name, params, result, handler).typed_alone().since(Profile::V8_5Ru3).writes()
}

fn tasks(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::guids(call.app.server_tasks_in(call.guid("parentFolderGuid")?, None)?))
}

fn tasks_by_type(call: &Call<'_>) -> Result<Value, Fault> {
    let (folder, kind) = (call.guid("parentFolderGuid")?, call.guid("taskTypeGuid")?);
    let class = Class::from_guid(kind).filter(|class| class.is_server_task());
    // A type that the server has no tasks of: scripts, power control, SQL.
    let found = match class {
        Some(class) => call.app.server_tasks_in(folder, Some(class))?,
        None => {
            call.app.server_tasks_in(folder, None)?;
            Vec::new()
        }
    };
    Ok(Value::guids(found))
}

fn task(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("taskGuid")?;
    let (name, task) = call.app.server_task(guid)?;
    let input = |name: &str, shown: &str, required: bool| {
        Record::new(&TASK_PARAMETER_DETAILS)
            .with("InternalName", name)
            .with("DisplayName", shown)
            .with("Type", "String")
            .with("Required", required)
    };
    let inputs = [
        input("@AssignedResources", "Assigned resources", true),
        input("@CompRequirements", "Completion requirements", true),
        input("@OverrideMaintenanceWindows", "Override maintenance windows", false),
    ];
    let record = Record::new(&TASK_DETAILS)
        .with("Guid", guid)
        .with("Name", name)
        .with("Description", task.description)
        .with("Type", type_of(task.task_class))
        .with("InputParameters", Value::records(inputs))
        .with("OutputProperties", Value::List(Vec::new()));
    Ok(record.into())
}

/// Server or client, job or task (altiris-asdk §5.2).
const fn type_of(class: Class) -> &'static str {
    match class {
        Class::ClientJob => "Client Job",
        Class::ServerJob => "Server Job",
        _ => "Client Task",
    }
}

fn run(call: &Call<'_>, name: &str, run: &Run) -> Result<Value, Fault> {
    let (task, inputs) = (call.guid("taskGuid")?, Inputs::read(optional(call, "inputParameters"))?);
    Ok(call.write(|writer| writer.run_server_task(task, name, &inputs, run))?.into())
}

fn execute(call: &Call<'_>) -> Result<Value, Fault> {
    run(call, optional(call, "executionName"), &Run::AsSoonAsPossible {})
}

fn schedule_custom(call: &Call<'_>) -> Result<Value, Fault> {
    let said = schedule::read(optional(call, "customScheduleXml"), call.app.today()?)?;
    let at = said.run.ok_or_else(|| Fault::invalid_parameter("The custom schedule has no trigger."))?;
    run(call, optional(call, "scheduleName"), &at)
}

fn schedule_shared(call: &Call<'_>) -> Result<Value, Fault> {
    call.app.server_task(call.guid("taskGuid")?)?;
    let shared = call.guid("sharedScheduleGuid")?;
    let why = format!("The shared schedule {shared} is not kept on this server: pass a custom schedule.");
    Err(Fault::new(Exception::NotImplemented, why))
}

fn instances(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::guids(call.app.task_instances(call.guid("taskGuid")?)?))
}

fn status(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("taskGuid")?;
    let is_instance = matches!(call.app.entry(guid)?, Entry::Object(object) if object.class() == Class::TaskInstance);
    let instances = if is_instance { vec![guid] } else { call.app.task_instances(guid)? };
    let mut found = Vec::new();
    for instance in instances {
        found.push(shown(&call.app.instance_status(instance, call.limits)?));
    }
    Ok(Value::records(found))
}

fn count(number: usize) -> Value {
    Value::Int(i32::try_from(number).unwrap_or(i32::MAX))
}

fn shown(status: &Status) -> Record {
    let of = |success: Option<bool>| status.computers.iter().filter(|one| one.success == success).count();
    let (succeeded, failed, waiting) = (of(Some(true)), of(Some(false)), of(None));
    let word = match (waiting, failed) {
        (0, 0) => "Completed",
        (0, _) => "Failed",
        (all, _) if all == status.computers.len() => "Not started",
        _ => "Started",
    };
    let code = status.computers.iter().filter_map(|one| one.code).find(|code| *code != 0).unwrap_or_default();
    let at = |at: jiff::Timestamp| at.to_zoned(TimeZone::UTC).datetime();
    Record::new(&TASK_STATUS_DETAILS)
        .with("InstanceGuid", status.instance)
        .with("RunName", status.name.as_str())
        .with("Type", type_of(status.class))
        .with("Status", word)
        .with("Summary", format!("{succeeded} of {} computers succeeded", status.computers.len()))
        .with("StartedBy", status.started_by.as_str())
        .with("StartTime", at(status.started))
        .with("EndTime", status.ended.map(at))
        .with("ReturnCode", Value::Int(i32::try_from(code).unwrap_or(i32::MAX)))
        .with("TotalComputers", count(status.computers.len()))
        .with("NotStarted", count(waiting))
        .with("Started", count(0))
        .with("Succeeded", count(succeeded))
        .with("Failed", count(failed))
        .with("TotalFinished", count(succeeded + failed))
        .with("ResourceGuids", Value::guids(status.computers.iter().map(|one| one.guid)))
        .with("SubTaskGuids", Value::List(Vec::new()))
}

fn resource_status(call: &Call<'_>) -> Result<Value, Fault> {
    let (instance, computer) = (call.guid("taskInstanceGuid")?, call.guid("resourceGuid")?);
    let status = call.app.instance_status(instance, call.limits)?;
    let one = status.computers.iter().find(|one| one.guid == computer);
    let one = one.ok_or_else(|| Fault::does_not_exist(format!("The run is not for the resource {computer}.")))?;
    let word = match one.success {
        None => -1,
        Some(false) => 0,
        Some(true) => 1,
    };
    let record = Record::new(&TASK_RESOURCE_STATUS_DETAILS)
        .with("TaskInstanceGuid", instance)
        .with("TaskInstanceName", status.name.as_str())
        .with("ResourceGuid", computer)
        .with("ResourceName", call.app.computer_name(computer)?)
        .with("Status", Value::Int(word))
        .with("ReturnCode", Value::Int(one.code.and_then(|code| i32::try_from(code).ok()).unwrap_or_default()))
        .with("OutputProperties", Value::List(Vec::new()));
    Ok(record.into())
}

fn create_job(call: &Call<'_>, class: Class) -> Result<Value, Fault> {
    let (name, folder, fails) = (some_text(call, "name")?, call.guid("folderGuid")?, call.truth("failIfAnyTaskFails"));
    let description = optional(call, "description");
    Ok(call.write(|writer| writer.create_job(class, name, description, folder, fails))?.into())
}

fn create_client_job(call: &Call<'_>) -> Result<Value, Fault> {
    create_job(call, Class::ClientJob)
}

fn create_server_job(call: &Call<'_>) -> Result<Value, Fault> {
    create_job(call, Class::ServerJob)
}

fn add(call: &Call<'_>, first: bool) -> Result<Value, Fault> {
    let (job, task) = (call.guid("jobGuid")?, call.guid("taskGuid")?);
    let fails = call.truth("failJobIfTaskFails");
    Ok(call.write(|writer| writer.add_to_job(job, task, fails, first))?.into())
}

fn add_first(call: &Call<'_>) -> Result<Value, Fault> {
    add(call, true)
}

fn add_last(call: &Call<'_>) -> Result<Value, Fault> {
    add(call, false)
}

fn create_condition(call: &Call<'_>) -> Result<Value, Fault> {
    let (job, of, rules) = (call.guid("jobGuid")?, call.guid("taskNodeGuid")?, call.text("conditionRules")?);
    Ok(call.write(|writer| writer.add_condition(job, of, rules))?.into())
}

fn add_rules(call: &Call<'_>) -> Result<Value, Fault> {
    let (job, of, rules) = (call.guid("jobGuid")?, call.guid("conditionGuid")?, call.text("conditionRules")?);
    call.write(|writer| writer.add_condition_rules(job, of, rules))?;
    Ok(Value::Void)
}

fn add_to_branch(call: &Call<'_>, holds: bool) -> Result<Value, Fault> {
    let (job, condition, task) = (call.guid("jobGuid")?, call.guid("conditionGuid")?, call.guid("taskGuid")?);
    let fails = call.truth("failJobIfTaskFails");
    Ok(call.write(|writer| writer.add_to_condition(job, condition, task, fails, holds))?.into())
}

fn add_then(call: &Call<'_>) -> Result<Value, Fault> {
    add_to_branch(call, true)
}

fn add_else(call: &Call<'_>) -> Result<Value, Fault> {
    add_to_branch(call, false)
}

fn remove(call: &Call<'_>, node: Option<Guid>) -> Result<Value, Fault> {
    let job = call.guid("jobGuid")?;
    call.write(|writer| writer.remove_from_job(job, node))?;
    Ok(Value::Void)
}

fn remove_condition(call: &Call<'_>) -> Result<Value, Fault> {
    remove(call, Some(call.guid("conditionGuid")?))
}

fn remove_node(call: &Call<'_>) -> Result<Value, Fault> {
    remove(call, Some(call.guid("nodeGuid")?))
}

fn remove_all(call: &Call<'_>) -> Result<Value, Fault> {
    remove(call, None)
}

fn confirm(call: &Call<'_>) -> Result<Value, Fault> {
    let job = call.guid("jobGuid")?;
    call.write(|writer| writer.confirm_job(job))?;
    Ok(Value::Void)
}
