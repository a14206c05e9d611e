//! `SWDSolnProgramManagementService` (altiris-asdk §4.8).

use crate::model::guid::Guid;
use crate::server::app::asdk::details;
use crate::server::app::asdk::program::ProgramEntry;
use crate::server::app::asdk::program::account;
use crate::server::app::asdk::program::has_password;
use crate::server::app::asdk::tables;
use crate::server::app::refused::Refused;
use crate::server::app::spec::package::CanRun;
use crate::server::app::spec::package::Program;
use crate::server::app::spec::package::RunOnceFor;
use crate::server::app::spec::package::RunWith;
use crate::server::app::spec::package::StartingWindow;
use crate::server::app::spec::parts::AfterAction;
use crate::server::app::spec::parts::Right;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::SWD_PROGRAM_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::adds;
use crate::server::http::asdk::services::delivery::done;
use crate::server::http::asdk::services::delivery::number_text;
use crate::server::http::asdk::services::delivery::one_of;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::record;
use crate::server::http::asdk::services::delivery::truth_text;
use crate::server::http::asdk::services::delivery::wrong;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::SoftwareDelivery,
    name: "SWDSolnProgramManagementService",
    methods: &[
        Method::new("CreateProgramExBasic", &[NAME, LINE], DETAILS, create).writes(),
        Method::new("CreateProgramExDetail", DETAIL, DETAILS, create).writes(),
        Method::new("ModifyProgramExBasic", &[GUID, NAME, LINE], Ty::Bool, modify).writes(),
        Method::new("ModifyProgramExDetail", MODIFY_DETAIL, Ty::Bool, modify).writes(),
        Method::new(
            "SetProgramExecutionOptions",
            &[
                GUID,
                text("sStartingWindow"),
                text("sRunWithRights"),
                text("sUserDomain"),
                text("sUserName"),
                text("sUserPassword"),
                text("sUserConfirmPassword"),
                text("sProgramCanRun"),
                text("sUserInputRequired"),
                text("sRunOnceForEachLoggedOnUser"),
            ],
            Ty::Bool,
            execution,
        )
        .writes(),
        Method::new(
            "SetProgramRunOptions",
            &[
                GUID,
                text("sActionAfterRunning"),
                text("sDeferTimeforRestartInMinutes"),
                text("sForceRunningApplicationToCloseOnRestart"),
            ],
            Ty::Bool,
            run,
        )
        .writes(),
        Method::new(
            "SetProgramNetworkOptions",
            &[GUID, text("sProgramRequiresNWConnection"), text("sMinimumSpeedOptions")],
            Ty::Bool,
            network,
        )
        .writes(),
        Method::new("SetProgramPackageMapping", &[guid("sPackageGuid"), GUID, text("sAction")], Ty::Bool, mapping)
            .writes(),
        Method::new("GetProgramExByGuid", &[GUID], DETAILS, by_guid),
        Method::new("GetProgramsFromPackage", &[guid("sPackageGuid")], Ty::Records(&SWD_PROGRAM_DETAILS), of_package),
        Method::new(
            "AssignSoftwarePortalSecurity",
            &[GUID, guid("sPermissionGuid"), text("sUserName"), text("sAction")],
            Ty::Bool,
            portal,
        )
        .writes(),
    ],
};

const DETAILS: Ty = Ty::Record(&SWD_PROGRAM_DETAILS);
const GUID: Param = guid("sProgramGuid");
const NAME: Param = text("sProgramName");
const LINE: Param = text("sCommandLine");
const DETAIL: &[Param] = &[
    NAME,
    LINE,
    text("sProgramDescription"),
    text("sProgramWorkingDirectory"),
    text("sEstimatedDiskSpace"),
    text("sEstimatedRunTime"),
    text("sTerminateAfter"),
    text("sSuccessCodes"),
    text("sFailureCodes"),
];
const MODIFY_DETAIL: &[Param] = &[
    GUID,
    NAME,
    LINE,
    text("sProgramDescription"),
    text("sProgramWorkingDirectory"),
    text("sEstimatedDiskSpace"),
    text("sEstimatedRunTime"),
    text("sTerminateAfter"),
    text("sSuccessCodes"),
    text("sFailureCodes"),
];

/// What stands where a password is, with the quirk that shows that there is one. The password itself is not kept: the
/// store has a digest.
const PASSWORD_MARK: &str = "********";

/// What a call says of a program, beyond its name.
struct Sent {
    line: String,
    detail: Option<Detail>,
}

struct Detail {
    description: String,
    working_directory: String,
    disk_kb: u64,
    run_minutes: u64,
    terminate_minutes: u64,
    success: Vec<i64>,
    failure: Vec<i64>,
}

impl Sent {
    fn read(call: &Call<'_>) -> Result<Self, Fault> {
        let line = call.text("sCommandLine")?.to_owned();
        if !call.message.name.ends_with("Detail") {
            return Ok(Self { line, detail: None });
        }
        let detail = Detail {
            description: optional(call, "sProgramDescription").to_owned(),
            working_directory: optional(call, "sProgramWorkingDirectory").to_owned(),
            disk_kb: number_text(call, "sEstimatedDiskSpace")?,
            run_minutes: number_text(call, "sEstimatedRunTime")?,
            terminate_minutes: number_text(call, "sTerminateAfter")?,
            success: codes(call, "sSuccessCodes")?,
            failure: codes(call, "sFailureCodes")?,
        };
        Ok(Self { line, detail: Some(detail) })
    }

    fn put(self, program: &mut Program) {
        program.command_line = self.line;
        if let Some(detail) = self.detail {
            program.description = detail.description;
            program.working_directory = detail.working_directory;
            program.estimated_disk_space_kb = detail.disk_kb;
            // A note in minutes is not made exact where it says the same as the seconds that are there (PRG-4).
            if program.estimated_run_time_seconds.div_ceil(60) != detail.run_minutes {
                program.estimated_run_time_seconds = detail.run_minutes.saturating_mul(60);
            }
            program.max_run_time_minutes = Some(i64::try_from(detail.terminate_minutes).unwrap_or(i64::MAX));
            program.success_codes = detail.success;
            program.failure_codes = detail.failure;
        }
    }
}

/// Codes with commas; the separator is in no document, of the catalogue it is the comma (altiris-domain §3).
fn codes(call: &Call<'_>, name: &str) -> Result<Vec<i64>, Fault> {
    let text = optional(call, name);
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|_| wrong(name, text, "a list of codes with commas"))).collect()
}

fn shown(call: &Call<'_>, program: &ProgramEntry) -> Record {
    let record = record(&SWD_PROGRAM_DETAILS, details::program(program));
    if call.has(Quirk::ReturnsPasswords) && has_password(&program.spec) {
        return record.with("UserPassword", PASSWORD_MARK);
    }
    record
}

fn create(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, sent) = (call.text("sProgramName")?, Sent::read(call)?);
    let mut program = Program::default();
    sent.put(&mut program);
    let made = call.write(|writer| writer.create_loose_program(name, program))?;
    Ok(shown(call, &made).into())
}

fn modify(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, name, sent) = (call.guid("sProgramGuid")?, call.text("sProgramName")?, Sent::read(call)?);
    done(
        call,
        call.write(|writer| {
            writer.change_program(guid, |own, program| {
                name.clone_into(own);
                sent.put(program);
                Ok(())
            })
        }),
    )
}

fn execution(call: &Call<'_>) -> Result<Value, Fault> {
    const WINDOWS: [(&str, StartingWindow); 4] = [
        ("StartingWindow.Normal", StartingWindow::Normal),
        ("StartingWindow.Hidden", StartingWindow::Hidden),
        ("StartingWindow.Minimized", StartingWindow::Minimized),
        ("StartingWindow.Maximized", StartingWindow::Maximized),
    ];
    const RIGHTS: [&str; 3] =
        ["RunWithRights.SystemAccount", "RunWithRights.LoggedInUser", "RunWithRights.SpecifiedUser"];
    const CAN_RUN: [(&str, CanRun); 3] = [
        ("ProgramCanRunOption.WhetherOrNotAUserIsLoggedOn", CanRun::Always),
        ("ProgramCanRunOption.OnlyWhenAUserIsLoggedOn", CanRun::UserLoggedOn),
        ("ProgramCanRunOption.OnlyWhenNoUserIsLoggedOn", CanRun::NoUserLoggedOn),
    ];
    let guid = call.guid("sProgramGuid")?;
    let window = WINDOWS[one_of(call, "sStartingWindow", &WINDOWS.map(|(name, _)| name))?].1;
    let rights = one_of(call, "sRunWithRights", &RIGHTS)?;
    let can_run = CAN_RUN[one_of(call, "sProgramCanRun", &CAN_RUN.map(|(name, _)| name))?].1;
    let (mut input, mut once) =
        (truth_text(call, "sUserInputRequired")?, truth_text(call, "sRunOnceForEachLoggedOnUser")?);
    let named = |name: &str| optional(call, name);
    let fields = ["sUserDomain", "sUserName", "sUserPassword", "sUserConfirmPassword"];
    if rights != 2 && fields.iter().any(|field| !named(field).is_empty()) {
        return Err(Fault::invalid_parameter("User, domain and password are blank unless a specified user runs it."));
    }
    if rights == 2 && named("sUserName").trim().is_empty() {
        return Err(Fault::invalid_parameter("A specified user needs a name."));
    }
    if named("sUserPassword") != named("sUserConfirmPassword") {
        return Err(Fault::invalid_parameter("The password and its confirmation are not the same."));
    }
    if rights == 1 && can_run != CanRun::UserLoggedOn {
        return Err(Fault::invalid_parameter(
            "A program with the rights of the logged-on user runs only when a user is logged on.",
        ));
    }
    if can_run == CanRun::NoUserLoggedOn {
        (input, once) = (false, false); // Forced off (altiris-asdk §4.8).
    }
    let run_with = |before: &RunWith| match rights {
        0 => Ok(RunWith::System {}),
        1 => Ok(RunWith::LoggedOnUser {}),
        _ => account(before, named("sUserDomain").trim(), named("sUserName").trim(), named("sUserPassword")),
    };
    done(
        call,
        call.write(|writer| {
            writer.change_program(guid, |_, program| {
                program.starting_window = window;
                program.run_with = run_with(&program.run_with)?;
                program.can_run = can_run;
                program.user_input_required = input;
                program.run_once_for = once_for(&program.run_once_for, once)?;
                Ok(())
            })
        }),
    )
}

/// For whom a program runs once. The list of named users is not settable: it stays, or says that it is in the way.
fn once_for(before: &RunOnceFor, each: bool) -> Result<RunOnceFor, Refused> {
    match (before, each) {
        (RunOnceFor::Users { .. }, true) => {
            let why = "the program runs once for named users, and not for each user as well";
            Err(Refused::invalid("sRunOnceForEachLoggedOnUser", why).with("rule", "PRG-8"))
        }
        (users @ RunOnceFor::Users { .. }, false) => Ok(users.clone()),
        (_, true) => Ok(RunOnceFor::EachLoggedOnUser {}),
        (_, false) => Ok(RunOnceFor::Computer {}),
    }
}

fn run(call: &Call<'_>) -> Result<Value, Fault> {
    const ACTIONS: [(&str, AfterAction); 3] = [
        ("ActionAfterRunning.NoActionRequired", AfterAction::None),
        ("ActionAfterRunning.RestartComputer", AfterAction::Restart),
        ("ActionAfterRunning.LogOffUser", AfterAction::LogOff),
    ];
    let guid = call.guid("sProgramGuid")?;
    let action = ACTIONS[one_of(call, "sActionAfterRunning", &ACTIONS.map(|(name, _)| name))?].1;
    let defer_minutes = number_text(call, "sDeferTimeforRestartInMinutes")?;
    let force_close = truth_text(call, "sForceRunningApplicationToCloseOnRestart")?;
    done(
        call,
        call.write(|writer| {
            writer.change_program(guid, |_, program| {
                program.after_running.action = action;
                program.after_running.defer_minutes = defer_minutes;
                program.after_running.force_close = force_close;
                Ok(())
            })
        }),
    )
}

/// Speeds in KB/s that are legal for programs.
const SPEEDS: [u64; 9] = [1, 2, 5, 10, 50, 100, 256, 512, 1024];

fn network(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, required) = (call.guid("sProgramGuid")?, truth_text(call, "sProgramRequiresNWConnection")?);
    let speed = number_text(call, "sMinimumSpeedOptions")?;
    // Without a network there is no speed to speak of.
    if speed != 0 && !SPEEDS.contains(&speed) {
        return Err(wrong("sMinimumSpeedOptions", &speed.to_string(), "one of 1, 2, 5, 10, 50, 100, 256, 512, 1024"));
    }
    done(
        call,
        call.write(|writer| {
            writer.change_program(guid, |_, program| {
                program.network.required = required;
                program.network.minimum_speed_kbps = speed;
                Ok(())
            })
        }),
    )
}

fn mapping(call: &Call<'_>) -> Result<Value, Fault> {
    let (package, program, add) = (call.guid("sPackageGuid")?, call.guid("sProgramGuid")?, adds(call, "sAction")?);
    done(
        call,
        call.write(
            |writer| {
                if add { writer.attach_program(package, program) } else { writer.detach_program(package, program) }
            },
        ),
    )
}

fn by_guid(call: &Call<'_>) -> Result<Value, Fault> {
    let program = call.app.program_entry(call.guid("sProgramGuid")?)?;
    Ok(shown(call, &program).into())
}

fn of_package(call: &Call<'_>) -> Result<Value, Fault> {
    let programs = call.app.programs_in(call.guid("sPackageGuid")?)?;
    Ok(Value::records(programs.iter().map(|program| shown(call, program))))
}

fn portal(call: &Call<'_>) -> Result<Value, Fault> {
    let (program, permission) = (call.guid("sProgramGuid")?, call.guid("sPermissionGuid")?);
    let (user, add) = (call.text("sUserName")?.replace('/', "\\"), adds(call, "sAction")?);
    let right = right_of(permission)?;
    done(call, call.write(|writer| writer.set_portal_right(program, &user, right, add)))
}

/// The right of the portal that a permission is. The others of an item are not kept here.
fn right_of(permission: Guid) -> Result<Right, Fault> {
    let known = [Right::Install, Right::InstallOnApproval];
    known.into_iter().find(|right| tables::permission_of(*right) == permission).ok_or_else(|| {
        Fault::invalid_parameter(format!("The permission {permission} of a program is not one that this server keeps."))
    })
}
