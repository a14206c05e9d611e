//! Programs: PRG-2, PRG-7, PRG-9, MW-2, PDF-2.

use super::super::context::Context;
use super::uses::Uses;
use crate::check::command::CommandLine;
use crate::check::command::Kind as Installer;
use crate::check::command::Restart;
use crate::diag::called;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::package::MaxRunTime;
use crate::model::package::Program;
use crate::model::package::StartingWindow;
use crate::rules::definition::PDF_2;
use crate::rules::program::PRG_2;
use crate::rules::program::PRG_7;
use crate::rules::program::PRG_9;
use crate::rules::window::MW_2;

pub(super) fn check(context: &mut Context<'_>) {
    let uses = Uses::of(context.site);
    let windows = context.site.of_kind(Kind::MaintenanceWindow);
    let window = windows.into_iter().find(|item| matches!(&item.spec, Spec::MaintenanceWindow(one) if one.enabled));
    for item in context.site.of_kind(Kind::Program) {
        let Spec::Program(program) = &item.spec else { continue };
        failure_codes(context, item, program);
        window_of_nobody(context, item, program);
        input_of_nobody(context, item, program);
        early_exit(context, item, program);
        if let Some(window) = window {
            unknown_run_time(context, item, program, window, &uses);
        }
    }
}

/// Failure codes decide nothing (PRG-2).
fn failure_codes(context: &mut Context<'_>, item: &Item, program: &Program) {
    if !program.failure_codes.is_empty() {
        let message = "failure codes decide nothing: whatever is no success code is a failure";
        let finding = context.lint(&PRG_2, &item.key, "failureCodes", message, "remove `failureCodes`");
        let at = context.origins.value(&item.key, "failureCodes");
        context.found.push(finding.fix_default("remove `failureCodes`", at, Vec::<i64>::new()));
    }
}

/// A starting window counts only where user input is required (PRG-7).
fn window_of_nobody(context: &mut Context<'_>, item: &Item, program: &Program) {
    if program.starting_window == StartingWindow::Normal || program.user_input_required {
        return;
    }
    let message = "the starting window counts only where user input is required; this program is never seen";
    let help =
        "remove `startingWindow`; for an installer that fails without a user's profile add `userInputRequired: true`";
    let finding = context.lint(&PRG_7, &item.key, "startingWindow", message, help);
    let at = context.origins.value(&item.key, "startingWindow");
    context.found.push(finding.fix_default("remove `startingWindow`", at, "normal"));
}

/// A program that wants input also starts where nobody is there to give it (PRG-9).
fn input_of_nobody(context: &mut Context<'_>, item: &Item, program: &Program) {
    // A hidden window is there for the profile, not for a person (PRG-7).
    let is_seen = program.starting_window != StartingWindow::Hidden;
    if program.user_input_required && is_seen && program.can_run == CanRun::Always {
        let message = "it waits for input, and may start when nobody is logged on to see it";
        let help = "set `canRun: userLoggedOn`; where nobody need answer, `startingWindow: hidden`";
        let finding = context.lint(&PRG_9, &item.key, "userInputRequired", message, help);
        context.found.push(finding);
    }
}

/// What shuts the computer down by itself never reports, unless that is said of it (PDF-2).
fn early_exit(context: &mut Context<'_>, item: &Item, program: &Program) {
    if program.exits_early {
        if program.after_running.action != AfterRunningAction::None {
            let message = "it shuts the computer down before it ends, so nothing follows its end";
            let help = "remove `afterRunning`; or let the agent restart the computer, and remove `exitsEarly`";
            let finding = context.lint(&PDF_2, &item.key, "afterRunning", message, help);
            context.found.push(finding);
        }
    } else if shuts_down(&program.command_line) {
        let message = "it shuts the computer down before it can report: its task stays pending and may run again";
        let help = "let the agent restart the computer (PRG-5); where the program must, say so: `exitsEarly: true`";
        let finding = context.lint(&PDF_2, &item.key, "commandLine", message, help);
        context.found.push(finding);
    }
}

/// Whether a command line is there to restart the computer. An installer that does it besides is better told not to
/// (PRG-5).
fn shuts_down(command_line: &str) -> bool {
    let line = CommandLine::read(command_line);
    line.each().iter().any(|command| command.restart == Restart::Forced && command.kind == Installer::Shutdown)
}

/// An unknown run time starts in any rest of a window (MW-2).
fn unknown_run_time(context: &mut Context<'_>, item: &Item, program: &Program, window: &Item, uses: &Uses<'_>) {
    let package = item.key.package.as_deref().unwrap_or_default();
    let Some(by) = uses.of_program(package, &item.key.name).first() else { return };
    if program.max_run_time == MaxRunTime::Unknown {
        let message = format!(
            "an unknown run time counts as none: {} starts it in the last minute of a window, and it runs on behind its end",
            called(&by.key)
        );
        let help = "write the longest it can take, such as `maxRunTime: 30m`";
        let finding = context.lint(&MW_2, &item.key, "maxRunTime", message, help);
        let there = context.origins.name(&window.key);
        context.found.push(finding.also(there, "a window of this project"));
    }
}
