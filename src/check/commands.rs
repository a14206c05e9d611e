//! Command lines: PRG-1, PRG-5, PRG-10, PRG-11, PRG-14.

use std::ops::Range;

use super::command::Action;
use super::command::Command;
use super::command::CommandLine;
use super::command::Fault;
use super::command::Kind as Installer;
use super::command::LENGTH_MAX;
use super::command::Quiet;
use super::command::Restart;
use super::command::mend;
use super::context::Context;
use crate::diag::Diagnostic;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::AfterRunningAction;
use crate::model::package::Program;
use crate::model::package::RunWith;
use crate::model::package::RunWithBuilt;
use crate::model::package::StartingWindow;
use crate::rules::Rule;
use crate::rules::program::PRG_1;
use crate::rules::program::PRG_5;
use crate::rules::program::PRG_11;
use crate::rules::program::PRG_14;

/// Succeeded; a restart is needed and was not made.
const RESTART_NEEDED: i64 = 3010;

/// Succeeded; a restart was begun.
const RESTART_BEGUN: i64 = 1641;

pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.of_kind(Kind::Program) {
        if let Spec::Program(program) = &item.spec {
            let line = CommandLine::read(&program.command_line);
            let mut about = About { context, item, program };
            line.faults.iter().for_each(|fault| about.fault(fault));
            // What cannot be run needs nobody and restarts nothing.
            if line.faults.iter().any(is_fatal) {
                continue;
            }
            for command in line.each() {
                about.refused(command);
                about.needs_a_person(command);
                about.restarts(command);
                about.for_one_user(command);
            }
            about.codes(&line);
            super::folders::check(context, item, program, &line);
        }
    }
}

/// Whether nothing more can be said of a line.
fn is_fatal(fault: &Fault) -> bool {
    matches!(fault, Fault::DoubledQuotes | Fault::SwitchesInQuotes(_) | Fault::NotAProgram(..))
}

/// A program, and where its findings go.
struct About<'a, 'b> {
    context: &'a mut Context<'b>,
    item: &'a Item,
    program: &'a Program,
}

/// A command line that mends a finding, and what was done to it.
struct Mended {
    what: String,
    line: String,
}

impl About<'_, '_> {
    fn warn(&mut self, rule: &'static Rule, message: String, help: &str, mended: Option<Mended>) {
        let at = self.context.origins.value(&self.item.key, "commandLine");
        let mut finding = Diagnostic::warning(rule, at.clone(), message).help(help);
        if let Some(mended) = mended {
            finding = finding.fix_value(mended.what, at, mended.line);
        }
        self.context.found.push(finding);
    }

    /// The whole line with a piece of `command` replaced, if it is `cured` by that and all else stays.
    fn replaced(
        &self,
        command: &Command,
        range: &Range<usize>,
        by: &str,
        what: String,
        cured: impl Fn(&Command) -> bool,
    ) -> Option<Mended> {
        let line = mend::replaced(&self.program.command_line, command, range, by, cured)?;
        Some(Mended { what, line })
    }

    /// The whole line with a switch at the end of `command`, or right behind its name.
    fn added(&self, command: &Command, switch: &str, first: bool, cured: impl Fn(&Command) -> bool) -> Option<Mended> {
        if CommandLine::read(&self.program.command_line).faults.contains(&Fault::Unclosed) {
            return None;
        }
        let at = if first { command.name.end } else { command.text.len() };
        self.replaced(command, &(at..at), &format!(" {switch}"), format!("add `{switch}`"), cured)
    }

    /// PRG-14: what is wrong whatever it runs.
    fn fault(&mut self, fault: &Fault) {
        let line = &self.program.command_line;
        let mended = |what: &str| mend::without(line, fault).map(|line| Mended { what: what.to_owned(), line });
        let (message, help, mended) = match fault {
            Fault::Empty => ("the command line is empty".to_owned(), "write what is to run".to_owned(), None),
            Fault::Nul => {
                let message = "the command line holds NUL, where Windows takes it to end".to_owned();
                (message, "remove the character".to_owned(), None)
            }
            Fault::TooLong(units) => (
                format!("the command line has {units} characters; Windows starts none longer than {LENGTH_MAX}"),
                "put it in a script of the package, and run that".to_owned(),
                None,
            ),
            Fault::LineBreak => (
                "the command line has a line break, which no program takes for a blank".to_owned(),
                "write it in one line, or fold it with `>-`".to_owned(),
                mended("write it in one line"),
            ),
            Fault::Unclosed => {
                let message = "a quote is opened and never closed: the rest of the line is one argument".to_owned();
                (message, "close it, or remove it".to_owned(), None)
            }
            Fault::UnquotedPath(range) => (
                format!("`{}` has blanks and no quotes", visible(&line[range.clone()])),
                "put the program in quotes: Windows tries each beginning of the path first".to_owned(),
                mended("put the program in quotes"),
            ),
            Fault::UnquotedVariable(_, variable) => (
                format!("`%{variable}%` stands for a path with a blank, and is not in quotes"),
                "put the program in quotes: Windows tries each beginning of the path first".to_owned(),
                mended("put the program in quotes"),
            ),
            Fault::StrippedQuotes(_, program) => (
                format!("`cmd` takes the first and the last quote away, and does not find `{}` then", visible(program)),
                "write quotes around all that follows `/c` too".to_owned(),
                mended("write quotes around all that follows `/c` too"),
            ),
            Fault::DoubledQuotes => {
                let message = "the line begins with two quotes, which name an empty program".to_owned();
                (message, "write one quote before the program and one behind it".to_owned(), None)
            }
            Fault::SwitchesInQuotes(program) => {
                let message = format!("the quotes make one program name of `{}`", visible(program));
                (message, "put quotes around the program alone, or none".to_owned(), None)
            }
            Fault::Operator(operator) => {
                let message = format!("`{operator}` is an argument here: cmd alone takes it for more");
                (message, "write `cmd.exe /c \"…\"` around the line, or put it in a batch file".to_owned(), None)
            }
            Fault::BuiltIn(name) => (
                format!("`{}` is a command of cmd, and no program", visible(name)),
                "write `cmd.exe /c` before it".to_owned(),
                mended("write `cmd.exe /c` before it"),
            ),
            Fault::Misspelt(name, known) => (
                format!("there is hardly a program `{}`", visible(name)),
                format!("did you mean `{known}`?"),
                mended(&format!("write `{known}`")),
            ),
            Fault::NotAProgram(name, instead) => {
                (format!("Windows does not run `{}` by itself", visible(name)), (*instead).to_owned(), None)
            }
        };
        self.warn(&PRG_14, message, &help, mended);
    }

    /// PRG-14: `msiexec` shows its help for what it does not know.
    fn refused(&mut self, command: &Command) {
        for refused in &command.refused {
            let message =
                format!("msiexec shows its help and returns 1639: `{}` {}", visible(&refused.word), refused.why);
            let help = match refused.word.to_ascii_lowercase().trim_start_matches(['/', '-']) {
                "noreboot" => "write `/norestart`",
                "silent" | "s" | "verysilent" => "write `/qn`",
                _ => "remove it, mend it, or put it in quotes with what it belongs to",
            };
            self.warn(&PRG_14, message, help, None);
        }
    }

    /// Whether a person sees the program and can answer.
    fn is_seen(&self) -> bool {
        self.program.user_input_required && self.program.starting_window != StartingWindow::Hidden
    }

    /// PRG-1: what is known to ask, asks nobody.
    fn needs_a_person(&mut self, command: &Command) {
        if command.quiet != Quiet::No || !command.is_known() || self.is_seen() {
            return;
        }
        let program = visible(&command.program);
        let called = command.kind.called();
        let waits = "where people are to answer, set `userInputRequired: true` with a visible `startingWindow`";
        if let Some(range) = command.loud.clone() {
            let word = command.text.get(range.clone()).unwrap_or_default();
            let (by, help) = match command.kind {
                Installer::WindowsInstaller => ("/qn", "write `/qn`"),
                Installer::Nsis => ("/S", "write `/S`: NSIS tells upper case from lower"),
                _ => ("", "remove it"),
            };
            let message = format!("`{program}` waits for a person with `{}`", visible(word));
            let what = if by.is_empty() { format!("remove `{word}`") } else { format!("write `{by}`") };
            let mended = self.replaced(command, &range, by, what, asks_nobody);
            return self.warn(&PRG_1, message, &format!("{help}; {waits}"), mended);
        }
        let (switch, first) = match command.kind {
            Installer::WindowsInstaller => ("/qn", false),
            Installer::InnoSetup => ("/VERYSILENT /SUPPRESSMSGBOXES", false),
            Installer::Nsis => ("/S", true),
            Installer::Burn | Installer::UpdateInstaller => ("/quiet", false),
            Installer::VisualStudio => ("--quiet", false),
            Installer::Dism => ("/NoRestart", false),
            Installer::Registry if command.file_name() == "reg" => ("/f", false),
            Installer::Registry | Installer::Regsvr32 => ("/s", true),
            Installer::Shell if command.is_built_in() => ("/q", false),
            _ => ("", false),
        };
        if switch.is_empty() {
            let (message, help) = open_ended(command.kind, &program);
            return self.warn(&PRG_1, message, &format!("{help}; {waits}"), None);
        }
        let message = match command.kind {
            Installer::Registry | Installer::Regsvr32 | Installer::Dism | Installer::Shell => {
                format!("`{program}` asks a person: `{switch}` is missing")
            }
            _ => format!("`{program}` ({called}) waits for a person: it has no quiet switch"),
        };
        let mut mended = self.added(command, switch, first, asks_nobody);
        if command.kind == Installer::WindowsInstaller && command.file_name() != "msiexec" {
            // An `.msi` by itself is opened by `msiexec`, for which its name is an argument.
            let name = command.name.clone();
            let quoted = format!("msiexec.exe /i \"{}\" /qn", command.program);
            let is_msi = command.action == Action::Install;
            let what = "run it with `msiexec.exe /i`".to_owned();
            mended = self.replaced(command, &name, &quoted, what, asks_nobody).filter(|_| is_msi);
        }
        self.warn(&PRG_1, message, &format!("add `{switch}`; {waits}"), mended);
    }

    /// PRG-5: the agent restarts, not the installer.
    fn restarts(&mut self, command: &Command) {
        if self.program.exits_early {
            return; // It says that it takes the computer down (PDF-2).
        }
        let program = visible(&command.program);
        match command.restart {
            Restart::Forced => {
                let message = format!("`{program}` restarts the computer itself");
                let help = "leave it to the agent: `afterRunning: {action: restart}`; or write `exitsEarly: true` where \
                            the restart is what it is for";
                let mended = command.forcing.clone().and_then(|range| self.without_force(command, &range));
                self.warn(&PRG_5, message, help, mended);
            }
            Restart::Left if command.is_known() => {
                // A person who is asked may say no.
                if self.is_seen() && command.quiet == Quiet::No {
                    return;
                }
                let Some(switch) = no_restart(command.kind) else { return };
                // Without message boxes, the answer to that question is yes.
                let asks = command.kind == Installer::InnoSetup
                    && !command.has("verysilent")
                    && !command.has("suppressmsgboxes");
                let does = if asks { "asks whether to restart, unseen," } else { "restarts the computer itself" };
                let mut message = format!("`{program}` ({}) {does} where it needs to", command.kind.called());
                if self.program.success_codes.contains(&RESTART_BEGUN) {
                    message.push_str(", and with 1641 a success it may");
                }
                let mended = self.added(command, switch, false, keeps_running).filter(|_| command.is_switchable());
                self.warn(&PRG_5, message, &format!("add `{switch}`, and leave restarts to `afterRunning`"), mended);
            }
            _ => {}
        }
    }

    /// The line without what makes Windows Installer, a bundle or wusa restart. A command that does nothing else stays.
    fn without_force(&self, command: &Command, range: &Range<usize>) -> Option<Mended> {
        let word = command.text.get(range.clone())?.to_owned();
        // Where something else keeps the restart back, nothing is needed in its place.
        let removed = self.replaced(command, range, "", format!("remove `{word}`"), keeps_running);
        let by = match command.kind {
            Installer::WindowsInstaller | Installer::Unknown if word.contains('=') => "REBOOT=ReallySuppress",
            Installer::WindowsInstaller | Installer::Burn | Installer::UpdateInstaller => "/norestart",
            Installer::IExpress => "/r:n",
            _ => return None,
        };
        removed.or_else(|| self.replaced(command, range, by, format!("write `{by}` for `{word}`"), keeps_running))
    }

    /// PRG-5: the code for *restart needed* is a success where the agent restarts.
    fn codes(&mut self, line: &CommandLine) {
        let codes = &self.program.success_codes;
        if codes.contains(&2010) && codes.contains(&RESTART_BEGUN) && !codes.contains(&RESTART_NEEDED) {
            let message = "2010 stands beside 1641, where 3010 is likely meant";
            let help = "3010 says that a restart is needed; write `3010` for `2010`";
            self.warn_codes(message.to_owned(), help);
        }
        let agent_restarts = self.program.after_running.action == AfterRunningAction::Restart;
        let wanted: Vec<(String, i64)> = line
            .each()
            .into_iter()
            .filter(|command| command.is_known() && command.restart == Restart::Suppressed)
            .filter_map(|command| {
                let own = command.restart_code();
                let code = own.or_else(|| (agent_restarts && returns_3010(command.kind)).then_some(RESTART_NEEDED))?;
                Some((command.program.clone(), code))
            })
            .collect();
        for (program, code) in wanted {
            if !self.program.success_codes.contains(&code) {
                let message = format!(
                    "`{}` returns {code} where a restart is needed, which counts as a failure here",
                    visible(&program)
                );
                self.warn_codes_with(message, &format!("add {code} to `successCodes`"), code);
            }
        }
    }

    fn warn_codes(&mut self, message: String, help: &str) {
        let at = self.context.origins.value(&self.item.key, "successCodes");
        self.context.found.push(Diagnostic::warning(&PRG_5, at, message).help(help));
    }

    fn warn_codes_with(&mut self, message: String, help: &str, code: i64) {
        let at = self.context.origins.value(&self.item.key, "successCodes");
        let codes: Vec<i64> = self.program.success_codes.iter().copied().chain([code]).collect();
        let finding = Diagnostic::warning(&PRG_5, at.clone(), message).help(help);
        self.context.found.push(finding.fix_value(format!("add {code}"), at, codes));
    }

    /// PRG-11: what is for one user is not for the system.
    fn for_one_user(&mut self, command: &Command) {
        if self.program.run_with != RunWith::Built(RunWithBuilt::System) || self.program.user_input_required {
            return;
        }
        if let Some(what) = command.per_user.as_deref().filter(|_| command.is_known()) {
            let message = format!("`{what}` installs for one user, and the program runs as the system");
            let help = match command.kind {
                Installer::InnoSetup => "write `/ALLUSERS`, or set `runWith: loggedOnUser` and `canRun: userLoggedOn`",
                Installer::Nsis => "write `/allusers`, or set `runWith: loggedOnUser` and `canRun: userLoggedOn`",
                _ => "write `ALLUSERS=1`, or set `userInputRequired: true`",
            };
            self.warn(&PRG_11, message, help, None);
        }
        let begins = |name: &str| command.program.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        if let Some(of_user) = ["%AppData%", "%LocalAppData%", "%UserProfile%"].into_iter().find(|name| begins(name)) {
            let message = format!("`{of_user}` is the profile of the system account here, and not that of a user");
            let help = "set `runWith: loggedOnUser` and `canRun: userLoggedOn`, or name a folder for everyone";
            self.warn(&PRG_11, message, help, None);
        }
    }
}

/// Whether PRG-1 has nothing to say of a command.
fn asks_nobody(command: &Command) -> bool {
    command.quiet != Quiet::No
}

/// Whether a command leaves the computer running (PRG-5).
fn keeps_running(command: &Command) -> bool {
    command.restart == Restart::Suppressed
}

/// Why a program waits whose kind has no quiet switch to add for certain.
fn open_ended(kind: Installer, program: &str) -> (String, &'static str) {
    let (why, help) = match kind {
        Installer::Shell if super::command::is_pause(program) => ("waits for a key", "remove it"),
        Installer::Shell => ("stays open", "run one command with `/c`"),
        Installer::PowerShell => ("waits for a person", "name a script with `-File`, without what asks"),
        Installer::RunAs => ("asks for a password", "set `runWith: {account: …}` instead"),
        Installer::InstallShield => {
            ("shows its dialogs", "write `/s /v\"/qn /norestart\"` for an MSI, `/s /f1\"…\"` else")
        }
        Installer::InstallBuilder => ("shows its dialogs", "write `--mode unattended --unattendedmodeui none`"),
        Installer::AdvancedInstaller => ("shows its dialogs", "write `/exenoui /qn`"),
        Installer::AppDeployToolkit => ("shows its dialogs", "write `-DeployMode Silent`"),
        Installer::Shutdown => ("shows a dialog", "remove `/i`"),
        _ => ("waits for a person", "add its quiet switch"),
    };
    (format!("`{program}` {why}"), help)
}

/// The switch that keeps an installer from restarting.
fn no_restart(kind: Installer) -> Option<&'static str> {
    match kind {
        Installer::WindowsInstaller | Installer::Burn | Installer::UpdateInstaller => Some("/norestart"),
        Installer::InnoSetup => Some("/NORESTART"),
        Installer::Dism => Some("/NoRestart"),
        Installer::VisualStudio => Some("--norestart"),
        Installer::AdvancedInstaller => Some("/norestart"),
        Installer::InstallShield => Some("/v\"REBOOT=ReallySuppress\""),
        _ => None,
    }
}

/// What returns 3010 where a restart is needed and was kept back.
fn returns_3010(kind: Installer) -> bool {
    matches!(
        kind,
        Installer::WindowsInstaller
            | Installer::Burn
            | Installer::UpdateInstaller
            | Installer::Dism
            | Installer::VisualStudio
            | Installer::AdvancedInstaller
    )
}
