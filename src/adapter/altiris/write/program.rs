//! Programs (altiris-asdk §4.8). One is made outside of any package and attached to it; until it is whole it has a name
//! that says so, by which the next run finds it.

use std::collections::BTreeSet;

use secrecy::SecretString;
use sha2::Digest;
use sha2::Sha256;

use crate::adapter::AdapterError;
use crate::adapter::Receipt;
use crate::adapter::secret_name;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::package::MaxRunTime;
use crate::model::package::Program;
use crate::model::package::RunOnceFor;
use crate::model::package::RunOnceForBy;
use crate::model::package::RunWith;
use crate::model::package::RunWithBuilt;
use crate::model::package::StartingWindow;
use crate::model::portal::Grant;
use crate::model::portal::Right;
use crate::sys::http::asdk::Param;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::super::half_made;
use super::super::read::raw::digest;
use super::super::read::reports::INSTALL;
use super::super::wire::details::From;
use super::super::wire::details::ProgramDetails;
use super::package::minutes;
use super::work::Work;
use super::work::of_kind;
use super::work::receipt;

/// What of a program is written, a call a part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    detail: Detail,
    execution: Execution,
    after: After,
    network: (bool, i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Detail {
    name: String,
    description: String,
    command_line: String,
    working_directory: String,
    disk_kb: i64,
    run_minutes: i64,
    terminate_minutes: i64,
    success: Codes,
    failure: Codes,
}

/// Return codes, in whatever order a text has them.
type Codes = BTreeSet<String>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Execution {
    window: i64,
    rights: i64,
    account: Option<(String, String)>,
    can_run: i64,
    user_input: bool,
    each_user: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct After {
    action: i64,
    defer_minutes: i64,
    force: bool,
}

/// What empty and 0 stand for (PRG-3).
fn limit(minutes: i64) -> i64 {
    if minutes == 0 { crate::adapter::altiris::write::package::minutes(MaxRunTime::DEFAULT) } else { minutes }
}

fn codes(text: &str) -> Codes {
    text.split([',', ';', ' ']).map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect()
}

impl Wanted {
    fn of(work: &Work<'_>, item: &Item) -> Result<Self, AdapterError> {
        let spec = program(work, item)?;
        let Some(max_run_time) = spec.max_run_time.limit() else {
            return Err(work.refused("max_run_time", "its longest run time cannot be unknown there (CAP-4)"));
        };
        let each_user = match &spec.run_once_for {
            RunOnceFor::By(RunOnceForBy::Computer) => false,
            RunOnceFor::By(RunOnceForBy::EachLoggedOnUser) => true,
            RunOnceFor::Users(_) => {
                return Err(work.refused("run_once_for", "no method sets the users that it runs once for (CAP-4)"));
            }
        };
        let (rights, account) = match &spec.run_with {
            RunWith::Built(RunWithBuilt::System) => (1, None),
            RunWith::Built(RunWithBuilt::LoggedOnUser) => (2, None),
            RunWith::Account(account) => {
                let (domain, name) = account.account.split_once('\\').unwrap_or(("", &account.account));
                (3, Some((domain.to_owned(), name.to_owned())))
            }
        };
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let codes = |codes: &[i64]| codes.iter().map(i64::to_string).collect::<Codes>();
        Ok(Self {
            detail: Detail {
                name: item.key.name.clone(),
                description: spec.description.clone(),
                command_line: spec.command_line.clone(),
                working_directory: spec.working_directory.clone(),
                disk_kb: number(spec.estimated_disk_space_kb),
                run_minutes: minutes(spec.estimated_run_time),
                terminate_minutes: limit(minutes(max_run_time)),
                success: codes(&spec.success_codes),
                failure: codes(&spec.failure_codes),
            },
            execution: Execution {
                window: match spec.starting_window {
                    StartingWindow::Normal => 1,
                    StartingWindow::Hidden => 2,
                    StartingWindow::Minimized => 3,
                    StartingWindow::Maximized => 4,
                },
                rights,
                account,
                can_run: match spec.can_run {
                    CanRun::Always => 1,
                    CanRun::UserLoggedOn => 2,
                    CanRun::NoUserLoggedOn => 3,
                },
                user_input: spec.user_input_required,
                each_user,
            },
            after: After {
                action: match spec.after_running.action {
                    AfterRunningAction::None => 1,
                    AfterRunningAction::Restart => 2,
                    AfterRunningAction::LogOff => 3,
                },
                defer_minutes: minutes(spec.after_running.defer_up_to),
                force: spec.after_running.force_close,
            },
            network: (spec.network.required, i64::from(spec.network.minimum_speed_kbps)),
        })
    }

    fn seen(live: &ProgramDetails) -> Self {
        let account = (live.user_domain.trim().to_owned(), live.user_name.trim().to_owned());
        Self {
            detail: Detail {
                name: live.name.clone(),
                description: live.description.clone(),
                command_line: live.command_line.clone(),
                working_directory: live.working_directory.clone(),
                disk_kb: live.disk_kb,
                run_minutes: live.run_minutes,
                terminate_minutes: limit(live.terminate_minutes),
                success: codes(&live.success_codes),
                failure: codes(&live.failure_codes),
            },
            execution: Execution {
                window: live.window,
                rights: live.rights,
                account: (live.rights == 3).then_some(account),
                can_run: live.can_run,
                user_input: live.user_input,
                each_user: live.each_user,
            },
            after: After { action: live.after, defer_minutes: live.defer_minutes, force: live.force },
            network: (live.network, live.speed.max(0)),
        }
    }

    /// Every state that a change from `was` to this one passes through.
    fn is_on_the_way(&self, was: &Self, seen: &Self) -> bool {
        [&was.detail, &self.detail].contains(&&seen.detail)
            && [&was.execution, &self.execution].contains(&&seen.execution)
            && [&was.after, &self.after].contains(&&seen.after)
            && [was.network, self.network].contains(&seen.network)
    }
}

fn program<'i>(work: &Work<'_>, item: &'i Item) -> Result<&'i Program, AdapterError> {
    match &item.spec {
        Spec::Program(program) => Ok(program),
        _ => Err(work.refused("kind", "it is no program")),
    }
}

/// The name of a program that is not whole yet; no other package's program has it.
fn name_while_made(package: Guid, name: &str) -> String {
    const SHOWN: usize = 120;
    let short: String = name.chars().take(SHOWN).collect();
    let digest: String = Sha256::digest(name.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    half_made::name(&format!("{short} {digest}"), package)
}

fn detail(detail: &Detail, name: &str) -> Vec<Param> {
    let text = |text: &str| Value::from(text);
    let number = |number: i64| Value::from(number.to_string());
    let codes = |codes: &Codes| Value::from(codes.iter().map(String::as_str).collect::<Vec<_>>().join(","));
    vec![
        ("sProgramName", text(name)),
        ("sCommandLine", text(&detail.command_line)),
        ("sProgramDescription", text(&detail.description)),
        ("sProgramWorkingDirectory", text(&detail.working_directory)),
        ("sEstimatedDiskSpace", number(detail.disk_kb)),
        ("sEstimatedRunTime", number(detail.run_minutes)),
        ("sTerminateAfter", number(detail.terminate_minutes)),
        ("sSuccessCodes", codes(&detail.success)),
        ("sFailureCodes", codes(&detail.failure)),
    ]
}

pub async fn create(work: &Work<'_>, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item)?;
    let package = work.guid(&ItemKey::new(Kind::Package, item.key.package.as_deref().unwrap_or_default()))?;
    // What a manifest asks for and cannot be had is found before anything is made.
    let password = password(work, item)?;
    if want.execution.account.is_some() && password.is_none() {
        return Err(
            work.refused("password", "it runs as an account, and its manifest gives no `passwordFrom` (PLN-13)")
        );
    }
    let attached = work.methods.programs(package).await?;
    let own = name_while_made(package, &want.detail.name);
    if let Some(whole) = attached.iter().find(|program| program.name == want.detail.name) {
        // The name is given last, so such a program is whole, and ours if all of it is as we send it.
        if work.in_doubt() && Wanted::seen(whole) == want {
            grant(work, whole.guid, None, item).await?;
            return Ok(receipt(whole.guid, whole));
        }
        return Err(work.there_already(whole.guid));
    }
    let mut half = attached.into_iter().find(|program| program.name == own);
    let is_attached = half.is_some();
    if half.is_none() {
        for found in work.named(&own, None).await? {
            half = of_kind(work.methods.program(found.guid).await)?;
        }
    }
    let live = match half {
        Some(half) => half,
        None => {
            let reply = work.send(Service::Program, "CreateProgramExDetail", &detail(&want.detail, &own)).await?;
            reply.object(|node| ProgramDetails::read(node, From::Object))?
        }
    };
    let guid = live.guid;
    options(work, &live, &want, password.as_ref(), true).await?;
    if !is_attached {
        let params = [("sPackageGuid", package.into()), ("sProgramGuid", guid.into())];
        work.done(Service::Package, "AddProgramToPackage", &params).await?;
    }
    named(work, &live, &want).await?;
    grant(work, guid, None, item).await?;
    Ok(receipt(guid, &work.methods.program(guid).await?))
}

pub async fn update(work: &Work<'_>, guid: Guid, revision: &str, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item)?;
    let live = work.methods.program(guid).await?;
    if digest(&live) != revision {
        let was = work.before.map(|before| Wanted::of(work, before)).transpose()?;
        let between = was.is_some_and(|was| want.is_on_the_way(&was, &Wanted::seen(&live)));
        if !(work.in_doubt() && between) {
            return Err(work.stale());
        }
    }
    let password = password(work, item)?;
    // A password is sent with every change: no server shows which one it has (PLN-13).
    options(work, &live, &want, password.as_ref(), password.is_some()).await?;
    named(work, &live, &want).await?;
    grant(work, guid, work.before, item).await?;
    Ok(receipt(guid, &work.methods.program(guid).await?))
}

/// The password that a program's account is sent with; `None` where its manifest names none.
fn password(work: &Work<'_>, item: &Item) -> Result<Option<SecretString>, AdapterError> {
    let RunWith::Account(account) = &program(work, item)?.run_with else { return Ok(None) };
    let Some(reference) = &account.password_from else { return Ok(None) };
    let name = secret_name(reference);
    match work.envelope.secrets.get(&name) {
        Some(secret) => Ok(Some(secret.clone())),
        None => Err(AdapterError::NoSecret { item: work.key.clone(), secret: name }),
    }
}

/// How it runs, what follows, and what network it needs.
async fn options(
    work: &Work<'_>,
    live: &ProgramDetails,
    want: &Wanted,
    password: Option<&SecretString>,
    with_password: bool,
) -> Result<(), AdapterError> {
    const WINDOWS: [&str; 4] = ["Normal", "Hidden", "Minimized", "Maximized"];
    const RIGHTS: [&str; 3] = ["SystemAccount", "LoggedInUser", "SpecifiedUser"];
    const CAN_RUN: [&str; 3] = ["WhetherOrNotAUserIsLoggedOn", "OnlyWhenAUserIsLoggedOn", "OnlyWhenNoUserIsLoggedOn"];
    const ACTIONS: [&str; 3] = ["NoActionRequired", "RestartComputer", "LogOffUser"];
    let one = |of: &str, words: &[&str], number: i64| {
        let place = usize::try_from(number - 1).unwrap_or_default();
        Value::from(format!("{of}.{}", words.get(place).copied().unwrap_or(words[0])))
    };
    let truth = |is: bool| Value::from(if is { "true" } else { "false" });
    let seen = Wanted::seen(live);
    let program = || ("sProgramGuid", Value::from(live.guid));
    let execution = &want.execution;
    if seen.execution != *execution || (with_password && execution.account.is_some()) {
        let (domain, name) = execution.account.clone().unwrap_or_default();
        let secret = || password.map_or_else(|| Value::from(""), |password| Value::Secret(password.clone()));
        if execution.account.is_some() && password.is_none() {
            let message = "how it runs is set with its account's password, and its manifest gives no `passwordFrom` \
                           (PLN-13)";
            return Err(work.refused("password", message));
        }
        let params = [
            program(),
            ("sStartingWindow", one("StartingWindow", &WINDOWS, execution.window)),
            ("sRunWithRights", one("RunWithRights", &RIGHTS, execution.rights)),
            ("sUserDomain", Value::from(domain)),
            ("sUserName", Value::from(name)),
            ("sUserPassword", secret()),
            ("sUserConfirmPassword", secret()),
            ("sProgramCanRun", one("ProgramCanRunOption", &CAN_RUN, execution.can_run)),
            ("sUserInputRequired", truth(execution.user_input)),
            ("sRunOnceForEachLoggedOnUser", truth(execution.each_user)),
        ];
        work.done(Service::Program, "SetProgramExecutionOptions", &params).await?;
    }
    if seen.after != want.after {
        let params = [
            program(),
            ("sActionAfterRunning", one("ActionAfterRunning", &ACTIONS, want.after.action)),
            ("sDeferTimeforRestartInMinutes", Value::from(want.after.defer_minutes.to_string())),
            ("sForceRunningApplicationToCloseOnRestart", truth(want.after.force)),
        ];
        work.done(Service::Program, "SetProgramRunOptions", &params).await?;
    }
    if seen.network != want.network {
        let params = [
            program(),
            ("sProgramRequiresNWConnection", truth(want.network.0)),
            ("sMinimumSpeedOptions", Value::from(want.network.1.to_string())),
        ];
        work.done(Service::Program, "SetProgramNetworkOptions", &params).await?;
    }
    Ok(())
}

/// What it runs, and its name, which comes last.
async fn named(work: &Work<'_>, live: &ProgramDetails, want: &Wanted) -> Result<(), AdapterError> {
    if Wanted::seen(live).detail == want.detail {
        return Ok(());
    }
    let params = [vec![("sProgramGuid", Value::from(live.guid))], detail(&want.detail, &want.detail.name)].concat();
    work.done(Service::Program, "ModifyProgramExDetail", &params).await
}

/// Gives and takes rights on the portal, by what its manifest says and what it was.
async fn grant(work: &Work<'_>, guid: Guid, before: Option<&Item>, item: &Item) -> Result<(), AdapterError> {
    let grants = |item: &Item| -> BTreeSet<Grant> {
        match &item.spec {
            Spec::Program(program) => program.portal.iter().flat_map(|portal| portal.grants.iter().cloned()).collect(),
            _ => BTreeSet::new(),
        }
    };
    let (was, is) = (before.map(grants).unwrap_or_default(), grants(item));
    let gone = was.difference(&is).map(|grant| (grant, "remove"));
    for (grant, action) in gone.chain(is.difference(&was).map(|grant| (grant, "add"))) {
        let permission = match grant.right {
            Right::Install => INSTALL,
            Right::InstallOnApproval => work.findings.approval_permission.ok_or_else(|| {
                work.refused("approval", "no probe has found the permission to install on approval (CAP-4)")
            })?,
        };
        let params = [
            ("sProgramGuid", Value::from(guid)),
            ("sPermissionGuid", permission.into()),
            ("sUserName", Value::from(grant.principal.as_str())),
            ("sAction", Value::from(action)),
        ];
        work.done(Service::Program, "AssignSoftwarePortalSecurity", &params).await?;
    }
    Ok(())
}
