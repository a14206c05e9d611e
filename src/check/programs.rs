//! Programs: PRG-3, PRG-8, PRG-9.

use super::context::Context;
use crate::diag::Diagnostic;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::package::MaxRunTime;
use crate::model::package::Program;
use crate::model::package::RunOnceFor;
use crate::model::package::RunOnceForBy;
use crate::model::package::RunWith;
use crate::model::package::RunWithBuilt;
use crate::rules::manifest::MAN_3;
use crate::rules::manifest::MAN_15;
use crate::rules::program::PRG_3;
use crate::rules::program::PRG_8;
use crate::rules::program::PRG_9;

pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.of_kind(Kind::Program) {
        if let Spec::Program(program) = &item.spec {
            terminate_after(context, item, program);
            run_once_for(context, item, program);
            account(context, item, program);
            logged_on(context, item, program);
            notes(context, item, program);
        }
    }
}

/// Whole minutes; 0 is 360 (PRG-3), so a limit between is a mistake.
fn terminate_after(context: &mut Context<'_>, item: &Item, program: &Program) {
    if let MaxRunTime::Limit(limit) = program.max_run_time {
        context.whole_minutes(&PRG_3, item, "maxRunTime", limit);
    }
}

/// Once for each user, or for named users, only with the rights of the logged-on user (PRG-8).
fn run_once_for(context: &mut Context<'_>, item: &Item, program: &Program) {
    let for_users = match &program.run_once_for {
        RunOnceFor::By(RunOnceForBy::Computer) => false,
        RunOnceFor::By(RunOnceForBy::EachLoggedOnUser) => true,
        RunOnceFor::Users(list) => {
            for (at, user) in list.users.iter().enumerate() {
                if !is_account(user) {
                    let message = format!("`{}` is not written `DOMAIN\\NAME`", visible(user));
                    let help = "write domain and name, such as `'CORP\\Maria'`";
                    context.value(&PRG_8, &item.key, &format!("runOnceFor/users/{at}"), message, help);
                }
            }
            true
        }
    };
    if for_users && program.run_with != RunWith::Built(RunWithBuilt::LoggedOnUser) {
        let message = "a program runs once for users only with the rights of the logged-on user";
        let help = "set `runWith: loggedOnUser` and `canRun: userLoggedOn`, or remove `runOnceFor`";
        context.value(&PRG_8, &item.key, "runOnceFor", message, help);
    }
}

/// A named account is `DOMAIN\NAME` (PRG-8).
fn account(context: &mut Context<'_>, item: &Item, program: &Program) {
    if let RunWith::Account(with) = &program.run_with
        && !is_account(&with.account)
    {
        let message = format!("`{}` is not written `DOMAIN\\NAME`", visible(&with.account));
        let help =
            "write domain and name, such as `'CORP\\svc-install'`; for the system account write `runWith: system`";
        context.value(&PRG_8, &item.key, "runWith/account", message, help);
    }
}

/// `DOMAIN\NAME`, both there, nothing else.
pub(super) fn is_account(text: &str) -> bool {
    match text.split_once('\\') {
        Some((domain, name)) => {
            let is_part = |part: &str| !part.is_empty() && part.trim() == part && !part.contains(['/', '\\', '@']);
            is_part(domain) && is_part(name)
        }
        None => false,
    }
}

/// Whose rights and who is logged on must go together (PRG-9).
fn logged_on(context: &mut Context<'_>, item: &Item, program: &Program) {
    let as_user = program.run_with == RunWith::Built(RunWithBuilt::LoggedOnUser);
    if as_user && program.can_run != CanRun::UserLoggedOn {
        let message = "with the rights of the logged-on user it runs only when a user is logged on";
        // Where `canRun` is left out, the rights are what stands there to be shown.
        let at = if program.can_run == CanRun::Always { "runWith" } else { "canRun" };
        let here = context.origins.value(&item.key, at);
        let mut finding = Diagnostic::error(&PRG_9, here, message).help("set `canRun: userLoggedOn`");
        if program.can_run == CanRun::Always {
            let field = context.origins.value(&item.key, "canRun");
            finding = finding.fix_value("set `canRun: userLoggedOn`", field, "userLoggedOn");
        }
        context.found.push(finding);
    }
    if program.can_run == CanRun::NoUserLoggedOn {
        if program.user_input_required {
            let message = "a program that runs with nobody logged on is never visible, so no user can give input";
            let help = "set `userInputRequired: false`, or `canRun: userLoggedOn`";
            context.value(&PRG_9, &item.key, "userInputRequired", message, help);
        }
        if program.run_once_for != RunOnceFor::By(RunOnceForBy::Computer) {
            let message = "a program that runs with nobody logged on cannot run once for users";
            let help = "remove `runOnceFor`, or set `canRun: userLoggedOn`";
            context.value(&PRG_9, &item.key, "runOnceFor", message, help);
        }
    }
}

fn notes(context: &mut Context<'_>, item: &Item, program: &Program) {
    context.whole_minutes(&MAN_3, item, "estimatedRunTime", program.estimated_run_time);
    context.whole_minutes(&MAN_3, item, "afterRunning/deferUpTo", program.after_running.defer_up_to);
    let defers = program.after_running.defer_up_to.as_seconds() > 0;
    if program.after_running.action == AfterRunningAction::None && (defers || program.after_running.force_close) {
        let message = "nothing happens after running, so there is nothing to put off or to close";
        let help = "set `action: restart` or `action: logOff`, or remove `afterRunning`";
        context.value(&MAN_15, &item.key, "afterRunning", message, help);
    }
    if program.success_codes.is_empty() {
        let message = "without a success code every run fails";
        context.value(
            &MAN_15,
            &item.key,
            "successCodes",
            message,
            "list the codes that mean success, or leave it out for `[0]`",
        );
    }
    for (at, code) in program.failure_codes.iter().enumerate() {
        if program.success_codes.contains(code) {
            let message = format!("return code {code} is both a success and a failure");
            let help = "remove it from one of the two; what is no success code is a failure";
            context.value(&MAN_15, &item.key, &format!("failureCodes/{at}"), message, help);
        }
    }
}
