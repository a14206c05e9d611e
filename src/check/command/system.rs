//! Programs that are known by their name: those of Windows, and what runs other programs.

use super::Action;
use super::Certainty;
use super::Command;
use super::Fault;
use super::Kind;
use super::Quiet;
use super::Restart;
use super::one;
use super::powershell;
use super::program;

use super::shell;

/// Reads `command` if its name tells what it is.
pub(super) fn read(command: &mut Command, in_shell: bool, depth: u8, faults: &mut Vec<Fault>) -> bool {
    if program::ends(&command.program, ".msu") {
        update(command);
        return true;
    }
    if [".cmd", ".bat"].iter().any(|ending| program::ends(&command.program, ending)) {
        command.known(Kind::Batch, Certainty::Program);
        return true;
    }
    match command.file_name().as_str() {
        "rd" | "rmdir" | "del" | "erase" if in_shell && removes_all(command) => {
            command.known(Kind::Shell, Certainty::Program);
            command.quiet = Quiet::No;
        }
        "cmd" | "%comspec%" => cmd(command, depth, faults),
        "start" => start(command, depth, faults),
        "forfiles" => forfiles(command, depth),
        "powershell" | "pwsh" => powershell::read(command, depth),
        "wscript" | "cscript" => script_host(command),
        "wusa" => update(command),
        "dism" => dism(command),
        "shutdown" | "psshutdown" => shutdown(command),
        "wmic" => wmic(command),
        "regedit" => asks_unless(command, Kind::Registry, &["s", "e"]),
        "reg" => reg(command),
        "regsvr32" => asks_unless(command, Kind::Regsvr32, &["s"]),
        "runas" => run_as(command),
        "pause" if in_shell => {
            command.known(Kind::Shell, Certainty::Program);
            command.quiet = Quiet::No;
        }
        "deploy-application" | "invoke-appdeploytoolkit" => toolkit(command),
        _ => return false,
    }
    true
}

/// `cmd /c` runs a line and ends; without it, or with `/k`, it stays open.
fn cmd(command: &mut Command, depth: u8, faults: &mut Vec<Fault>) {
    command.known(Kind::Shell, Certainty::Program);
    let rest = &command.text[command.name.end..];
    let place = command.place.map(|at| at + command.name.end);
    let line = match shell::asked(rest, place, faults) {
        shell::Asked::Run(text, place) => Some((text, place)),
        shell::Asked::Stay(line) => {
            command.quiet = Quiet::No;
            line
        }
    };
    // What `cmd` takes for quotes is looked at in the line that it runs.
    faults.retain(|fault| *fault != Fault::Unclosed);
    if let Some((text, place)) = line {
        if text.matches('"').count() % 2 == 1 {
            faults.push(Fault::Unclosed);
        }
        let mut inner = Vec::new();
        command.runs = shell::inside(&text, place, depth + 1, &mut inner);
        faults.extend(inner.into_iter().filter(|fault| *fault != Fault::Unclosed));
    }
}

/// `rd /s` asks, and so does `del` of all files, both without `/q`. Their switches may follow each other without a blank.
fn removes_all(command: &Command) -> bool {
    let has = |letter: &str| {
        let is_it = |word: &super::Word| {
            word.text.starts_with('/') && word.text.split('/').any(|one| one.eq_ignore_ascii_case(letter))
        };
        command.arguments.iter().any(is_it)
    };
    let is_all = |word: &super::Word| ["*", "*.*"].contains(&word.text.rsplit('\\').next().unwrap_or_default());
    let removes = match command.file_name().as_str() {
        "rd" | "rmdir" => has("s"),
        _ => command.arguments.iter().any(is_all),
    };
    removes && !has("q")
}

/// `start "title" /wait /d FOLDER program arguments`.
fn start(command: &mut Command, depth: u8, faults: &mut Vec<Fault>) {
    command.known(Kind::Launcher, Certainty::Program);
    let is_quoted = |word: &super::Word| command.text[word.range.clone()].starts_with('"');
    let mut words = command.arguments.iter().peekable();
    let mut titled = false;
    // The first thing in quotes is a title, before the switches or behind them.
    while let Some(word) = words.next_if(|word| word.text.starts_with('/') || (is_quoted(word) && !titled)) {
        titled |= is_quoted(word);
        if word.is_switch("d") || word.is_switch("affinity") || word.is_switch("node") {
            words.next();
        }
    }
    if let Some(word) = words.next() {
        let from = word.range.start;
        let place = command.place.map(|at| at + from);
        let text = command.text[from..].to_owned();
        command.runs.extend(one(&text, place, true, depth + 1, faults));
    }
}

/// `forfiles /p FOLDER /m MASK /c "cmd /c @path /S"`.
fn forfiles(command: &mut Command, depth: u8) {
    command.known(Kind::Launcher, Certainty::Program);
    let mut words = command.arguments.iter();
    let text = words.find(|word| word.is_switch("c")).and_then(|_| words.next());
    if let Some(text) = text.map(|word| word.text.clone()) {
        // Its own escapes were taken out: where a fault is, it does not stand in the line.
        command.runs.extend(one(&text, None, true, depth + 1, &mut Vec::new()));
    }
}

/// With `//B` it shows neither errors nor boxes. Whether a script shows any without, the command line does not tell.
fn script_host(command: &mut Command) {
    command.known(Kind::ScriptHost, Certainty::Program);
    if command.arguments.iter().any(|word| word.text.eq_ignore_ascii_case("//b")) {
        command.quiet = Quiet::Yes;
    }
    command.target = command.arguments.iter().find(|word| !word.text.starts_with("//")).map(|word| word.text.clone());
}

/// `wusa FILE /quiet /norestart`.
fn update(command: &mut Command) {
    command.known(Kind::UpdateInstaller, Certainty::Program);
    command.action = if command.has("uninstall") { Action::Uninstall } else { Action::Install };
    command.quiet = if command.has("quiet") { Quiet::Yes } else { Quiet::No };
    let warned = command
        .arguments
        .iter()
        .find(|word| word.switch().is_some_and(|switch| switch.to_ascii_lowercase().starts_with("warnrestart")));
    let forcing = command.find(&["forcerestart"]).or(warned).map(|word| word.range.clone());
    command.restart = match &forcing {
        Some(_) => Restart::Forced,
        None if command.has("norestart") => Restart::Suppressed,
        None => Restart::Left,
    };
    command.forcing = forcing;
}

/// `dism /Online …` asks whether to restart where that is needed; with `/Quiet` and without `/NoRestart` it does.
fn dism(command: &mut Command) {
    const CHANGES: [&str; 8] = [
        "enable-feature",
        "disable-feature",
        "add-package",
        "remove-package",
        "add-capability",
        "remove-capability",
        "apply-unattend",
        "set-edition",
    ];
    command.known(Kind::Dism, Certainty::Program);
    let names = |word: &super::Word| {
        let name = word.switch().unwrap_or_default().to_ascii_lowercase();
        CHANGES.iter().any(|change| name.split(':').next() == Some(change))
    };
    if !command.has("online") || !command.arguments.iter().any(names) {
        return;
    }
    let (quiet, stays) = (command.has("quiet"), command.has("norestart"));
    command.quiet = if quiet || stays { Quiet::Yes } else { Quiet::No };
    command.restart = if stays { Restart::Suppressed } else { Restart::Left };
}

/// `shutdown /r`, and what else takes the computer down. `/a` stops one; without any it shows its help.
fn shutdown(command: &mut Command) {
    command.known(Kind::Shutdown, Certainty::Program);
    command.quiet = if command.has("i") { Quiet::No } else { Quiet::Yes };
    let found = command.find(&["r", "s", "g", "sg", "h", "p", "k", "o"]);
    (command.restart, command.forcing) = match found {
        Some(word) => (Restart::Forced, Some(word.range.clone())),
        None => (Restart::Suppressed, None),
    };
}

/// `wmic os where primary=true call reboot`.
fn wmic(command: &mut Command) {
    let called = command
        .arguments
        .iter()
        .any(|word| ["reboot", "shutdown", "win32shutdown"].iter().any(|name| word.text.eq_ignore_ascii_case(name)));
    if called {
        command.known(Kind::Shutdown, Certainty::Program);
        command.restart = Restart::Forced;
    }
}

fn asks_unless(command: &mut Command, kind: Kind, switches: &[&str]) {
    command.known(kind, Certainty::Program);
    command.quiet = if command.has_any(switches) { Quiet::Yes } else { Quiet::No };
}

/// `reg delete` asks without `/f`; `reg add` asks where the value is there already.
fn reg(command: &mut Command) {
    command.known(Kind::Registry, Certainty::Program);
    let verb = command.arguments.first().map(|word| word.text.to_ascii_lowercase()).unwrap_or_default();
    let asks = ["delete", "add"].contains(&verb.as_str()) && !command.has("f");
    command.quiet = if asks { Quiet::No } else { Quiet::Yes };
}

/// It asks for the password, unless one was saved.
fn run_as(command: &mut Command) {
    command.known(Kind::RunAs, Certainty::Program);
    command.quiet = if command.has_any(&["savecred", "?"]) { Quiet::Unknown } else { Quiet::No };
}

/// The toolkit's `-DeployMode`: left out, it depends on the script and on whether somebody is logged on.
fn toolkit(command: &mut Command) {
    command.known(Kind::AppDeployToolkit, Certainty::Program);
    let value = |name: &str| {
        let at = command.arguments.iter().position(|word| word.is_switch(name))?;
        command.arguments.get(at + 1).map(|word| word.text.to_ascii_lowercase())
    };
    command.quiet = match value("deploymode").as_deref() {
        Some("silent" | "noninteractive") => Quiet::Yes,
        Some("interactive") => Quiet::No,
        _ => Quiet::Unknown,
    };
    command.action = match value("deploymenttype").as_deref() {
        Some("uninstall") => Action::Uninstall,
        Some("repair") => Action::Repair,
        _ => Action::Install,
    };
}
