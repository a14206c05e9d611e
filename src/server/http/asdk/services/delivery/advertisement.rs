//! `SWDSolnAdvertisementManagementService` (altiris-asdk §4.9): tasks.

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::details::PRIORITIES;
use crate::server::app::asdk::schedule;
use crate::server::app::asdk::schedule::Said;
use crate::server::app::spec::parts::Download;
use crate::server::app::spec::parts::DownloadMode;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::parts::Schedule;
use crate::server::app::spec::parts::TaskClock;
use crate::server::app::spec::parts::WarnUser;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::SWD_ADVERTISEMENT_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::adds;
use crate::server::http::asdk::services::delivery::count;
use crate::server::http::asdk::services::delivery::done;
use crate::server::http::asdk::services::delivery::one_of;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::record;
use crate::server::http::asdk::services::delivery::wrong;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::guids;
use crate::server::http::asdk::table::number;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::SoftwareDelivery,
    name: "SWDSolnAdvertisementManagementService",
    methods: &[
        Method::new(
            "CreateAdvertisementEx",
            &[
                truth("bEnable"),
                text("sAdvertisementExName"),
                text("sAdvertisementExDescription"),
                guid("sFolderGuid"),
                PACKAGE,
                PROGRAM,
                TARGETS,
                text("sPriority"),
            ],
            DETAILS,
            create,
        )
        .writes(),
        Method::new("ModifyAdvertisementExBasic", &[GUID, PACKAGE, PROGRAM], Ty::Bool, modify_basic).writes(),
        Method::new(
            "ModifyAdvertisementExDetail",
            &[
                GUID,
                truth("bEnable"),
                text("sAdvertisementExName"),
                text("sAdvertisementExDescription"),
                PACKAGE,
                PROGRAM,
                TARGETS,
            ],
            Ty::Bool,
            modify_detail,
        )
        .writes(),
        Method::new("ModifyResourceTargets", &[GUID, guid("sResourceTarget"), text("sAction")], Ty::Bool, targets)
            .writes(),
        Method::new("SetAdvertisementExScheduleRunASAP", &[GUID, truth("bRunASAP")], Ty::Bool, run_asap).writes(),
        Method::new("SetAdvertisementExScheduleRunAt", &[GUID, text("sRunAt")], Ty::Bool, run_at).writes(),
        Method::new("SetAdvertisementExScheduleScheduleXML", &[GUID, text("sScheduleXML")], Ty::Bool, schedule_xml)
            .writes(),
        Method::new(
            "SetAdvertisementExRunOptions",
            &[
                GUID,
                truth("bIndependentExecution"),
                truth("bScheduleRetry"),
                truth("bNotifyUserWhenTaskAvailable"),
                truth("bWarnUserBeforeRunning"),
                number("DeferTime"),
            ],
            Ty::Bool,
            run_options,
        )
        .writes(),
        Method::new(
            "SetAdvertisementExAgentSettings",
            &[
                GUID,
                truth("bEnableVerboseReporting"),
                truth("bUseDefaultAgentSettings"),
                truth("bRunFromServer"),
                truth("bDownloadAndRunLocally"),
                text("sDownloadLocallyBandwidth"),
                text("sDownloadLocallySpeed"),
                truth("bDownloadPackageASAP"),
                truth("bMulticastPackage"),
            ],
            Ty::Bool,
            agent_settings,
        )
        .writes(),
        Method::new(
            "SetAvailabilityRemovalOptions",
            &[
                GUID,
                truth("bRemoveAfterSuccessfulRun"),
                text("sAvailableFrom"),
                truth("bExpires"),
                text("sAvaliableTo"), // The vendor's spelling.
                truth("bUseServersTime"),
            ],
            Ty::Bool,
            availability,
        )
        .writes(),
        Method::new("GetAdvertisementExByGuid", &[GUID], DETAILS, by_guid),
        Method::new("GetAdvertisementExStatusByResourceGuid", &[GUID, guid("sResourceGuid")], Ty::Text, status_by_guid),
        Method::new("GetAdvertisementExStatusByResourceName", &[GUID, text("sResourceName")], Ty::Text, status_by_name),
        Method::new(
            "GetAdvertisementExStatusByResourceTargetGuid",
            &[GUID, guids("sResourceTargetGuid")],
            Ty::Text,
            status_by_target,
        ),
        // The vendor's spelling of both.
        Method::new("GetAdvertismentExRunTimeByResourceGuid", &[GUID, guid("sResourceGuid")], Ty::Text, time_by_guid),
        Method::new("GetAdvertismentExRunTimeByResourceName", &[GUID, text("sResourceName")], Ty::Text, time_by_name),
    ],
};

const DETAILS: Ty = Ty::Record(&SWD_ADVERTISEMENT_DETAILS);
const GUID: Param = guid("sAdvertisementExGuid");
const PACKAGE: Param = guid("sPackageGuid");
const PROGRAM: Param = guid("sProgramGuid");
const TARGETS: Param = guids("sResourceTargets");

fn shown(call: &Call<'_>, guid: Guid) -> Result<Value, Fault> {
    Ok(record(&SWD_ADVERTISEMENT_DETAILS, call.app.task_fields(guid)?).into())
}

fn create(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, folder) = (call.text("sAdvertisementExName")?, call.guid("sFolderGuid")?);
    let (package, program) = (call.guid("sPackageGuid")?, call.guid("sProgramGuid")?);
    let targets = call.guids_or_null("sResourceTargets")?.unwrap_or_default();
    let priority = one_of(call, "sPriority", &PRIORITIES)? + 1;
    let enabled = call.truth("bEnable");
    let spec = json!({
        "description": optional(call, "sAdvertisementExDescription"), "enabled": false, "package": package,
        "program": program, "priority": priority,
        // Everything else as the server has it: the start is as soon as possible (altiris-asdk §4.9).
        "run": { "type": "asSoonAsPossible" },
    });
    let collections_too = call.has(Quirk::CollectionAsTarget);
    let guid = call.write(|writer| {
        let guid = writer.create_item_of(Class::Task, name, folder, &spec)?;
        writer.assign_targets(guid, &targets, collections_too)?;
        if enabled {
            writer.enable_entry(guid, true)?;
        }
        Ok(guid)
    })?;
    shown(call, guid)
}

fn modify_basic(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, package, program) =
        (call.guid("sAdvertisementExGuid")?, call.guid("sPackageGuid")?, call.guid("sProgramGuid")?);
    done(
        call,
        call.write(|writer| {
            writer.change_task(guid, |task| {
                (task.package, task.program) = (package, program);
                Ok(())
            })
        }),
    )
}

fn modify_detail(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, package, program) =
        (call.guid("sAdvertisementExGuid")?, call.guid("sPackageGuid")?, call.guid("sProgramGuid")?);
    let name = call.text("sAdvertisementExName")?;
    let targets = call.guids_or_null("sResourceTargets")?.unwrap_or_default();
    let (enabled, collections_too) = (call.truth("bEnable"), call.has(Quirk::CollectionAsTarget));
    done(
        call,
        call.write(|writer| {
            writer.change_task(guid, |task| {
                (task.package, task.program) = (package, program);
                optional(call, "sAdvertisementExDescription").clone_into(&mut task.description);
                Ok(())
            })?;
            writer.rename_entry(guid, name)?;
            writer.assign_targets(guid, &targets, collections_too)?;
            writer.enable_entry(guid, enabled)
        }),
    )
}

fn targets(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, target, add) =
        (call.guid("sAdvertisementExGuid")?, call.guid("sResourceTarget")?, adds(call, "sAction")?);
    let collections_too = call.has(Quirk::CollectionAsTarget);
    done(call, call.write(|writer| writer.change_target(guid, target, add, collections_too)))
}

fn run_asap(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, asap) = (call.guid("sAdvertisementExGuid")?, call.truth("bRunASAP"));
    done(call, call.write(|writer| writer.set_asap(guid, asap)))
}

fn run_at(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, text) = (call.guid("sAdvertisementExGuid")?, call.text("sRunAt")?.trim());
    let run = if text == "0" {
        None
    } else {
        Some(Run::Schedule { schedule: Schedule::At { at: schedule::read_time(text)? } })
    };
    done(call, call.write(|writer| writer.set_task_schedule(guid, Said { run, independent: None })))
}

fn schedule_xml(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, xml) = (call.guid("sAdvertisementExGuid")?, optional(call, "sScheduleXML"));
    done(
        call,
        call.write(|writer| {
            let said = schedule::read(xml, writer.day()?)?;
            writer.set_task_schedule(guid, said)
        }),
    )
}

fn run_options(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, defer_minutes) = (call.guid("sAdvertisementExGuid")?, count(call, "DeferTime")?);
    let warns = call.truth("bWarnUserBeforeRunning");
    if !warns && defer_minutes != 0 {
        return Err(wrong("DeferTime", &defer_minutes.to_string(), "0, and nobody is warned who could defer"));
    }
    done(
        call,
        call.write(|writer| {
            writer.change_task(guid, |task| {
                task.independent_execution = call.truth("bIndependentExecution");
                task.run_missed_schedule = call.truth("bScheduleRetry");
                task.notify_user = call.truth("bNotifyUserWhenTaskAvailable");
                task.warn_user = warns.then_some(WarnUser { defer_minutes });
                Ok(())
            })
        }),
    )
}

/// A speed as the service writes it (altiris-asdk §4.9); 0 for an empty text: any.
fn speed(call: &Call<'_>, name: &str) -> Result<u64, Fault> {
    const SPEEDS: [u64; 8] = [1, 2, 5, 10, 50, 100, 256, 512];
    let text = optional(call, name);
    if text.is_empty() {
        return Ok(0);
    }
    if text == "1 MBytes/second" {
        return Ok(1024);
    }
    let number = text.strip_suffix(" KBytes/second").and_then(|number| number.parse().ok());
    number
        .filter(|speed| SPEEDS.contains(speed))
        .ok_or_else(|| wrong(name, text, "a speed such as `50 KBytes/second` or `1 MBytes/second`"))
}

fn agent_settings(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("sAdvertisementExGuid")?;
    let (from_server, locally) = (call.truth("bRunFromServer"), call.truth("bDownloadAndRunLocally"));
    // Which of the two becomes which field is in no document; by their names, this (altiris-asdk §9).
    let (local_speed, server_speed) =
        (speed(call, "sDownloadLocallyBandwidth")?, speed(call, "sDownloadLocallySpeed")?);
    let own = if call.truth("bUseDefaultAgentSettings") {
        None
    } else {
        let (mode, minimum_speed_kbps) = match (from_server, locally) {
            (true, false) => (DownloadMode::RunFromServer, server_speed),
            (false, true) => (DownloadMode::DownloadAndRun, local_speed),
            (false, false) => {
                let why = "Run from server and download and run locally may not both be off.";
                return Err(Fault::invalid_parameter(why));
            }
            (true, true) => {
                let why = "This server holds one of run from server and download and run locally, not both.";
                return Err(Fault::invalid_parameter(why));
            }
        };
        let as_soon_as_possible = call.truth("bDownloadPackageASAP");
        Some(Download { mode, minimum_speed_kbps, as_soon_as_possible, multicast: call.truth("bMulticastPackage") })
    };
    done(
        call,
        call.write(|writer| {
            writer.change_task(guid, |task| {
                task.verbose_status_events = call.truth("bEnableVerboseReporting");
                task.download = own;
                Ok(())
            })
        }),
    )
}

fn availability(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, expires) = (call.guid("sAdvertisementExGuid")?, call.truth("bExpires"));
    let time = |name: &str| match optional(call, name).trim() {
        "" => Ok(None),
        text => schedule::read_time(text).map(Some).map_err(Fault::from),
    };
    let (from, to) = (time("sAvailableFrom")?, time("sAvaliableTo")?);
    if expires && to.is_none() {
        return Err(wrong("sAvaliableTo", "", "a time, and the task expires"));
    }
    done(
        call,
        call.write(|writer| {
            writer.change_task(guid, |task| {
                task.remove_after_success = call.truth("bRemoveAfterSuccessfulRun");
                task.availability.from = from;
                // An end that does not hold is not kept.
                task.availability.to = to.filter(|_| expires);
                let server = call.truth("bUseServersTime");
                task.availability.clock = if server { TaskClock::Server } else { TaskClock::Computer };
                Ok(())
            })
        }),
    )
}

fn by_guid(call: &Call<'_>) -> Result<Value, Fault> {
    shown(call, call.guid("sAdvertisementExGuid")?)
}

/// The computer of a `domain\name`.
fn named(call: &Call<'_>) -> Result<Guid, Fault> {
    let text = call.text("sResourceName")?;
    let (domain, name) = text.split_once('\\').ok_or_else(|| wrong("sResourceName", text, "`domain\\name`"))?;
    let found = call.app.computer_named(domain, name)?;
    found.ok_or_else(|| Fault::does_not_exist(format!("There is no computer '{text}'.")))
}

fn status_by_guid(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.task_status(call.guid("sAdvertisementExGuid")?, call.guid("sResourceGuid")?)?.into())
}

fn status_by_name(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.task_status(call.guid("sAdvertisementExGuid")?, named(call)?)?.into())
}

fn status_by_target(call: &Call<'_>) -> Result<Value, Fault> {
    let (task, targets) = (call.guid("sAdvertisementExGuid")?, call.guids("sResourceTargetGuid")?);
    let mut lines = Vec::new();
    for target in targets {
        let collection = call.app.collection_of_target(target)?;
        for computer in call.app.computers_in(collection, call.limits)? {
            let name = call.app.computer_name(computer)?;
            let line = format!("{name} - {}", call.app.task_status(task, computer)?);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    Ok(lines.join(",").into())
}

fn time_by_guid(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.task_run_time(call.guid("sAdvertisementExGuid")?, call.guid("sResourceGuid")?)?.into())
}

fn time_by_name(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.app.task_run_time(call.guid("sAdvertisementExGuid")?, named(call)?)?.into())
}
