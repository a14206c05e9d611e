//! Command lines understood: which program, what kind of installer, whether it asks a person, whether it restarts the
//! computer, what it hands on.
//!
//! Nothing is guessed at where a finding would follow from it: each answer says how it is known, and *unknown* is an
//! answer. What runs other programs (`cmd /c`, `start`, `powershell`, `forfiles`) is looked through.

mod condition;
mod installers;
pub(super) mod mend;
mod msi;
mod powershell;
mod program;
mod quoting;
mod shell;
mod system;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

pub use quoting::Split;
pub use quoting::Word;
pub use quoting::join;
pub use quoting::split;
pub use quoting::variables;

/// The most that Windows starts a program with, in UTF-16 units, without the NUL at its end.
pub const LENGTH_MAX: usize = 32_766;

/// Wrappers are looked through this deep; what lies deeper is unknown.
const DEPTH_MAX: u8 = 6;

/// What a program is, as far as its command line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `msiexec`, or an `.msi` by itself.
    WindowsInstaller,
    /// Inno Setup, and its uninstaller `unins000.exe`.
    InnoSetup,
    /// NSIS.
    Nsis,
    /// InstallShield, of an MSI or of a script.
    InstallShield,
    /// A WiX bundle.
    Burn,
    /// Squirrel's `Update.exe`.
    Squirrel,
    /// InstallBuilder.
    InstallBuilder,
    /// Advanced Installer.
    AdvancedInstaller,
    /// The Office deployment tool.
    Office,
    /// The bootstrapper of Visual Studio.
    VisualStudio,
    /// IExpress.
    IExpress,
    /// The PowerShell App Deployment Toolkit.
    AppDeployToolkit,
    /// `wusa`, or an `.msu` by itself.
    UpdateInstaller,
    /// `dism`.
    Dism,
    /// `powershell` or `pwsh`.
    PowerShell,
    /// `wscript` or `cscript`.
    ScriptHost,
    /// `cmd`, or a command of its own.
    Shell,
    /// `start` or `forfiles`, which run another program.
    Launcher,
    /// A `.cmd` or `.bat`.
    Batch,
    /// `reg` or `regedit`.
    Registry,
    /// `regsvr32`.
    Regsvr32,
    /// `runas`.
    RunAs,
    /// What restarts or shuts down the computer: `shutdown`, `Restart-Computer`.
    Shutdown,
    /// Something else.
    Unknown,
}

impl Kind {
    /// What people call it.
    pub const fn called(self) -> &'static str {
        match self {
            Self::WindowsInstaller => "Windows Installer",
            Self::InnoSetup => "Inno Setup",
            Self::Nsis => "NSIS",
            Self::InstallShield => "InstallShield",
            Self::Burn => "WiX bundle",
            Self::Squirrel => "Squirrel",
            Self::InstallBuilder => "InstallBuilder",
            Self::AdvancedInstaller => "Advanced Installer",
            Self::Office => "Office deployment tool",
            Self::VisualStudio => "Visual Studio installer",
            Self::IExpress => "IExpress",
            Self::AppDeployToolkit => "App Deployment Toolkit",
            Self::UpdateInstaller => "wusa",
            Self::Dism => "dism",
            Self::PowerShell => "PowerShell",
            Self::ScriptHost => "script host",
            Self::Shell => "cmd",
            Self::Launcher => "launcher",
            Self::Batch => "batch file",
            Self::Registry => "registry tool",
            Self::Regsvr32 => "regsvr32",
            Self::RunAs => "runas",
            Self::Shutdown => "shutdown",
            Self::Unknown => "unknown",
        }
    }
}

/// How a [`Kind`] is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// By its name or path, which nothing else has.
    Program,
    /// By switches that no other kind has.
    Switches,
    /// By switches that others have too. No finding may rest on it.
    Guess,
}

/// What an installer is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Install.
    Install,
    /// Uninstall.
    Uninstall,
    /// Repair.
    Repair,
    /// Apply a patch.
    Patch,
    /// Offer to install (`msiexec /j`), or lay files out (`/a`, `/layout`).
    Prepare,
    /// Nothing of these, or not known.
    Other,
}

/// Whether a program runs without a person (PRG-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// It asks nobody.
    Yes,
    /// It waits for somebody.
    No,
    /// Its command line does not tell.
    Unknown,
}

/// Whether a program restarts the computer (PRG-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// It does not, even where one is needed.
    Suppressed,
    /// It does, whenever it has run.
    Forced,
    /// It does where it needs one, or asks a person.
    Left,
    /// Its command line does not tell.
    Unknown,
}

/// One program that a command line runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name or path as written, without quotes.
    pub program: String,
    /// What comes behind the name.
    pub arguments: Vec<Word>,
    /// What it is.
    pub kind: Kind,
    /// How that is known; [`Certainty::Guess`] where it is unknown.
    pub certainty: Certainty,
    /// What it is to do.
    pub action: Action,
    /// Whether it runs without a person.
    pub quiet: Quiet,
    /// Whether it restarts the computer.
    pub restart: Restart,
    /// What it works on: a path or product code of `msiexec`, the script of a script host.
    pub target: Option<String>,
    /// Properties of Windows Installer, names in upper case; those that a bootstrapper hands on too.
    pub properties: BTreeMap<String, String>,
    /// The switch or property that asks for an installation for the user who runs it alone (PRG-11).
    pub per_user: Option<String>,
    /// Words that it does not know, where it is one that refuses such.
    pub refused: Vec<Refused>,
    /// The word that makes it ask, and the one that makes it restart, within its text.
    pub(super) loud: Option<Range<usize>>,
    pub(super) forcing: Option<Range<usize>>,
    /// What it runs in turn.
    pub runs: Vec<Command>,
    /// Its program's bytes within its text.
    pub(super) name: Range<usize>,
    /// Its text, without blanks around it.
    pub(super) text: String,
    /// Where its text begins in the whole line; `None` where it does not stand there as it is.
    pub(super) place: Option<usize>,
}

impl Command {
    fn new(text: &str, place: Option<usize>, name: Word, arguments: Vec<Word>) -> Self {
        Self {
            program: name.text,
            arguments,
            kind: Kind::Unknown,
            certainty: Certainty::Guess,
            action: Action::Other,
            quiet: Quiet::Unknown,
            restart: Restart::Unknown,
            target: None,
            properties: BTreeMap::new(),
            per_user: None,
            refused: Vec::new(),
            loud: None,
            forcing: None,
            runs: Vec::new(),
            name: name.range,
            text: text.to_owned(),
            place,
        }
    }

    /// Whether a finding may rest on what it is.
    pub fn is_known(&self) -> bool {
        self.kind != Kind::Unknown && self.certainty != Certainty::Guess
    }

    /// The program's file name in lower case, without folder and `.exe`.
    pub fn file_name(&self) -> String {
        program::file_name(&self.program)
    }

    fn known(&mut self, kind: Kind, certainty: Certainty) {
        (self.kind, self.certainty) = (kind, certainty);
    }

    /// Whether it has a switch of this name, in any case.
    pub fn has(&self, switch: &str) -> bool {
        self.arguments.iter().any(|word| word.is_switch(switch))
    }

    fn has_any(&self, switches: &[&str]) -> bool {
        switches.iter().any(|switch| self.has(switch))
    }

    fn find(&self, switches: &[&str]) -> Option<&Word> {
        self.arguments.iter().find(|word| switches.iter().any(|switch| word.is_switch(switch)))
    }

    /// The code with which it says that a restart is needed, where its command line sets one:
    /// `/RESTARTEXITCODE=3010` of Inno Setup.
    pub(super) fn restart_code(&self) -> Option<i64> {
        if self.kind != Kind::InnoSetup {
            return None;
        }
        installers::value_of(self, "restartexitcode")?.parse().ok().filter(|code| *code != 0)
    }

    /// Whether it is a command of `cmd` with switches of its own that asks: `rd /s`, `del *.*`.
    pub(super) fn is_built_in(&self) -> bool {
        ["rd", "rmdir", "del", "erase"].contains(&self.file_name().as_str())
    }

    /// Whether a switch more keeps its meaning. A program that is none of its kind's own takes none.
    pub(super) fn is_switchable(&self) -> bool {
        self.kind != Kind::WindowsInstaller || self.file_name() == "msiexec"
    }

    fn push_into<'a>(&'a self, out: &mut Vec<&'a Self>) {
        out.push(self);
        self.runs.iter().for_each(|inner| inner.push_into(out));
    }
}

/// A word that a program refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The word as written.
    pub word: String,
    /// Why, as the end of a sentence.
    pub why: &'static str,
}

/// What is wrong with a command line whatever it runs (PRG-14). Ranges are bytes of the whole line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing in it.
    Empty,
    /// It holds NUL, where Windows takes it to end.
    Nul,
    /// It is longer than [`LENGTH_MAX`]; how many UTF-16 units it has.
    TooLong(usize),
    /// A line ends in it, outside quotes: to programs that is a letter and no blank.
    LineBreak,
    /// A quote is opened and never closed.
    Unclosed,
    /// A path with blanks, without quotes.
    UnquotedPath(Range<usize>),
    /// A path without quotes whose variable stands for a path with blanks: bytes and the variable's name.
    UnquotedVariable(Range<usize>, String),
    /// Quotes around a program that `cmd` takes away: the bytes of all that follows `/c`, and the program.
    StrippedQuotes(Range<usize>, String),
    /// The line begins with two quotes, which name an empty program.
    DoubledQuotes,
    /// Quotes are around the program and its switches.
    SwitchesInQuotes(String),
    /// An operator of `cmd` where no `cmd` runs it.
    Operator(String),
    /// A command of `cmd` where no `cmd` runs it.
    BuiltIn(String),
    /// A program's name, and the one that was meant.
    Misspelt(String, &'static str),
    /// A file that Windows does not run, and what runs it.
    NotAProgram(String, &'static str),
}

/// A whole command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// What it runs, in order; each with what it runs in turn.
    pub commands: Vec<Command>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

impl CommandLine {
    /// Reads a command line. Total: what cannot be read is a fault.
    pub fn read(line: &str) -> Self {
        let mut faults = Vec::new();
        let units = line.encode_utf16().count();
        if line.trim().is_empty() {
            faults.push(Fault::Empty);
        } else if line.contains('\0') {
            faults.push(Fault::Nul);
        } else if units > LENGTH_MAX {
            faults.push(Fault::TooLong(units));
        } else if in_one_line(line) != line {
            faults.push(Fault::LineBreak);
        }
        if !faults.is_empty() {
            return Self { commands: Vec::new(), faults };
        }
        let commands = shell::outside(line, &mut faults);
        Self { commands, faults }
    }

    /// Every command, those that others run behind them.
    pub fn each(&self) -> Vec<&Command> {
        let mut out = Vec::new();
        self.commands.iter().for_each(|command| command.push_into(&mut out));
        out
    }

    /// Whether all of it runs without a person. What only runs others does not count.
    pub fn quiet(&self) -> Quiet {
        let each = self.each();
        let mut own = each.iter().filter(|command| command.runs.is_empty());
        if each.iter().any(|command| command.quiet == Quiet::No) {
            Quiet::No
        } else if !each.is_empty() && own.all(|command| command.quiet == Quiet::Yes) {
            Quiet::Yes
        } else {
            Quiet::Unknown
        }
    }
}

/// The same command line with a blank where a line ends outside quotes, and without one at its end.
fn in_one_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quoted = false;
    let mut broken = false;
    for c in line.chars() {
        quoted ^= c == '"';
        let breaks = matches!(c, '\n' | '\r') && !quoted;
        if breaks || (broken && matches!(c, ' ' | '\t')) {
            if breaks {
                out.truncate(out.trim_end_matches([' ', '\t']).len());
                broken = true;
            }
            continue;
        }
        if std::mem::take(&mut broken) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// Whether a command line restarts the computer whenever it has run (PRG-5, SEQ-5).
pub fn restarts_itself(line: &str) -> bool {
    CommandLine::read(line).each().iter().any(|command| command.restart == Restart::Forced)
}

/// Whether a command line restarts the computer where what it installs needs that (PRG-5, SEQ-5). Only where the kind of
/// its installer is known.
pub fn may_restart_itself(line: &str) -> bool {
    CommandLine::read(line).each().iter().any(|command| command.is_known() && command.restart == Restart::Left)
}

/// Whether a program is `pause`, which waits for a key.
pub(super) fn is_pause(program: &str) -> bool {
    program.eq_ignore_ascii_case("pause")
}

/// One command of its own: `text` without operators, at `place` of the whole line.
fn one(text: &str, place: Option<usize>, in_shell: bool, depth: u8, faults: &mut Vec<Fault>) -> Option<Command> {
    let trimmed = text.trim_start();
    let place = place.map(|at| at + text.len() - trimmed.len());
    let text = trimmed.trim_end();
    if text.is_empty() {
        return None;
    }
    let name = program::start(text, place, in_shell, faults);
    let rest = quoting::arguments(text, name.range.end);
    let mut command = Command::new(text, place, name, rest.words);
    // For `msiexec` a backslash before a quote is a backslash, so that each quote counts.
    let is_open = match command.file_name().as_str() {
        "msiexec" => text[command.name.end..].matches('"').count() % 2 == 1,
        _ => rest.unclosed.is_some(),
    };
    if is_open && !faults.contains(&Fault::Unclosed) {
        faults.push(Fault::Unclosed);
    }
    if depth < DEPTH_MAX && !msi::read(&mut command) && !system::read(&mut command, in_shell, depth, faults) {
        installers::read(&mut command);
    }
    Some(command)
}
