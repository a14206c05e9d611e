//! The rules of command lines (PRG-1, PRG-5, PRG-10, PRG-11, PRG-14): what they find, what they leave alone, and what
//! they mend.

use consign::model::project::Severity;

use crate::validate::Run;
use crate::validate::manifest_of;
use crate::validate::run_case;

const UNC: &str = "source: {unc: '\\\\files\\tool'}";

/// A package with one program.
fn program(source: &str, line: &str, fields: &str) -> Run {
    let line = line.replace('\'', "''");
    let fields: String = fields.lines().map(|field| format!("\n    {field}")).collect();
    run_case(&manifest_of("Package", &format!("{source}\nprograms:\n  - name: Run\n    commandLine: '{line}'{fields}")))
}

/// The rules of command lines; what others say beside them is their own tests' business.
const RULES: [&str; 5] = ["PRG-1", "PRG-5", "PRG-10", "PRG-11", "PRG-14"];

/// One finding a line: rule, message, and what its fix writes.
fn told(run: &Run) -> String {
    assert!(!run.loaded.site.is_empty() && run.loaded.unread.is_empty(), "{:?}", run.found);
    let lines = run.found.iter().filter(|finding| RULES.contains(&finding.rule.id)).map(|finding| {
        assert_eq!(finding.severity, Severity::Warning, "{finding:?}");
        assert!(finding.help.is_some(), "{finding:?}");
        let fix: Vec<&str> =
            finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.new_text.trim().trim_matches('\'')).collect();
        let fix = if fix.is_empty() { String::new() } else { format!(" => {}", fix.join(" ")) };
        format!("{} {}{fix}", finding.rule.id, finding.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(line: &str, fields: &str, expected: &str) {
    assert_eq!(told(&program(UNC, line, fields)), expected, "{line}\n{fields}");
}

#[test]
fn prg_1_an_installer_that_asks_is_told_and_mended() {
    check(
        "msiexec /i a.msi /norestart",
        "",
        "PRG-1 `msiexec` (Windows Installer) waits for a person: it has no quiet switch => msiexec /i a.msi /norestart /qn",
    );
    check(
        "cmd /c msiexec /i \"a b.msi\" /norestart && a.exe",
        "",
        "PRG-1 `msiexec` (Windows Installer) waits for a person: it has no quiet switch => cmd /c msiexec /i \"a b.msi\" /norestart /qn && a.exe",
    );
    check(
        "msiexec /i a.msi /qb+ /norestart",
        "",
        "PRG-1 `msiexec` waits for a person with `/qb+` => msiexec /i a.msi /qn /norestart",
    );
    check(
        "\"a b.msi\" /norestart",
        "",
        "PRG-1 `a b.msi` (Windows Installer) waits for a person: it has no quiet switch => msiexec.exe /i \"a b.msi\" /qn /norestart",
    );
    check(
        "a.exe /SP- /NORESTART",
        "",
        "PRG-1 `a.exe` (Inno Setup) waits for a person: it has no quiet switch => a.exe /SP- /NORESTART /VERYSILENT /SUPPRESSMSGBOXES",
    );
    check("a.exe /NCRC /s", "", "PRG-1 `a.exe` waits for a person with `/s` => a.exe /NCRC /S");
    check(
        "a.exe /NCRC /D=C:\\a b",
        "",
        "PRG-1 `a.exe` (NSIS) waits for a person: it has no quiet switch => a.exe /S /NCRC /D=C:\\a b",
    );
    check("regsvr32 a.dll", "", "PRG-1 `regsvr32` asks a person: `/s` is missing => regsvr32 /s a.dll");
    check("reg delete HKLM\\x", "", "PRG-1 `reg` asks a person: `/f` is missing => reg delete HKLM\\x /f");
    check("cmd /k a.exe", "", "PRG-1 `cmd` stays open");
    check(
        "powershell -NoExit -File a.ps1",
        "",
        "PRG-1 `powershell` waits for a person with `-NoExit` => powershell -File a.ps1",
    );
    check("a.exe /s /v\"/norestart\"", "", "PRG-1 `a.exe` shows its dialogs");
    // What PowerShell starts does not stand in the line as it is, so nothing is mended there.
    check(
        "powershell -c \"Start-Process msiexec '/i a.msi /norestart'\"",
        "",
        "PRG-1 `msiexec` (Windows Installer) waits for a person: it has no quiet switch",
    );
}

#[test]
fn prg_1_does_not_fire_for_what_is_quiet_unknown_or_seen() {
    for line in [
        "msiexec /i a.msi /qn /norestart",
        "msiexec /i a.msi /passive /norestart",
        "a.exe",
        "setup.exe /s",
        "setup.exe --mode fast",
        "install.cmd",
        "powershell -File a.ps1",
        "wscript a.vbs",
        "setup.exe /configure a.xml",
        "setup.exe /D=C:\\x",
        "notepad.exe",
    ] {
        check(line, "", "");
    }
    check("msiexec /i a.msi /norestart", "userInputRequired: true", "");
    // Who does not see it cannot answer.
    check(
        "msiexec /i a.msi /norestart",
        "userInputRequired: true\nstartingWindow: hidden",
        "PRG-1 `msiexec` (Windows Installer) waits for a person: it has no quiet switch => msiexec /i a.msi /norestart /qn",
    );
}

#[test]
fn prg_5_an_installer_that_restarts_is_told_and_mended() {
    check(
        "msiexec /i a.msi /qn",
        "",
        "PRG-5 `msiexec` (Windows Installer) restarts the computer itself where it needs to => msiexec /i a.msi /qn /norestart",
    );
    check(
        "msiexec /i a.msi /qn",
        "successCodes: [0, 1641, 3010]",
        "PRG-5 `msiexec` (Windows Installer) restarts the computer itself where it needs to, and with 1641 a success it may => msiexec /i a.msi /qn /norestart",
    );
    check(
        "msiexec /i a.msi /qn /forcerestart",
        "",
        "PRG-5 `msiexec` restarts the computer itself => msiexec /i a.msi /qn /norestart",
    );
    check(
        "msiexec /i a.msi REBOOT=Force /qn",
        "",
        "PRG-5 `msiexec` restarts the computer itself => msiexec /i a.msi REBOOT=ReallySuppress /qn",
    );
    check(
        "a.exe /VERYSILENT /SP-",
        "",
        "PRG-5 `a.exe` (Inno Setup) restarts the computer itself where it needs to => a.exe /VERYSILENT /SP- /NORESTART",
    );
    check(
        "C:\\x\\unins000.exe /SILENT",
        "",
        "PRG-5 `C:\\x\\unins000.exe` (Inno Setup) asks whether to restart, unseen, where it needs to => C:\\x\\unins000.exe /SILENT /NORESTART",
    );
    check(
        "wusa a.msu /quiet",
        "",
        "PRG-5 `wusa` (wusa) restarts the computer itself where it needs to => wusa a.msu /quiet /norestart",
    );
    check("cmd /c a.exe /S & shutdown /r", "", "PRG-5 `shutdown` restarts the computer itself");
    check("powershell -c Restart-Computer", "", "PRG-5 `Restart-Computer` restarts the computer itself");
    check("a.exe /q /forcerestart", "", "PRG-5 `a.exe` restarts the computer itself");
}

#[test]
fn prg_5_a_restart_that_is_left_to_the_agent_is_a_success() {
    check(
        "msiexec /i a.msi /qn /norestart",
        "afterRunning: {action: restart}",
        "PRG-5 `msiexec` returns 3010 where a restart is needed, which counts as a failure here => successCodes: [0, 3010]",
    );
    check(
        "a.exe /VERYSILENT /NORESTART /RESTARTEXITCODE=5",
        "successCodes: [0, 3010]",
        "PRG-5 `a.exe` returns 5 where a restart is needed, which counts as a failure here => [0, 3010, 5]",
    );
    check(
        "msiexec /i a.msi /qn /norestart",
        "successCodes: [0, 1641, 2010]",
        "PRG-5 2010 stands beside 1641, where 3010 is likely meant",
    );
    check("msiexec /i a.msi /qn /norestart", "afterRunning: {action: restart}\nsuccessCodes: [0, 3010]", "");
    check("msiexec /i a.msi /qn /norestart", "afterRunning: {action: logOff}", "");
    check("a.exe /q /norestart", "afterRunning: {action: restart}", "");
    check("a.exe /VERYSILENT /NORESTART /RESTARTEXITCODE=0", "", "");
}

#[test]
fn prg_5_does_not_fire_where_none_restarts_none_is_known_or_one_is_meant() {
    for line in [
        "msiexec /i a.msi /qn REBOOT=ReallySuppress",
        "msiexec /a a.msi /qn",
        "a.exe /S",
        "a.exe /SILENT",
        "a.exe /quiet",
        "a.exe /install /quiet",
        "shutdown /a",
        "powershell -c \"Write-Host 'Restart-Computer'\"",
        "cmd /c echo shutdown",
    ] {
        check(line, "", "");
    }
    check("shutdown /r /t 0", "exitsEarly: true", "");
    check("msiexec /i a.msi", "userInputRequired: true", "");
}

#[test]
fn prg_10_a_program_runs_where_its_files_are() {
    check("x64\\setup.exe /S", "", "PRG-10 `x64\\setup.exe` is in a sub-folder and runs in the package's root");
    check("cmd /c .\\a\\b\\run.cmd", "", "PRG-10 `.\\a\\b\\run.cmd` is in a sub-folder and runs in the package's root");
    for (line, fields) in [
        ("setup.exe /S", "workingDirectory: x64"),
        ("x64\\setup.exe /S", "workingDirectory: x64"),
        (".\\setup.exe /S", ""),
        ("\"%ProgramFiles%\\x\\y.exe\" /S", ""),
        ("C:\\x\\y.exe", ""),
        ("\\\\files\\x\\y.exe", ""),
        ("..\\y.exe", ""),
        ("msiexec /i x64\\a.msi /qn /norestart", ""),
    ] {
        check(line, fields, "");
    }
}

#[test]
fn prg_10_a_package_without_files_names_a_folder_on_the_client() {
    let none = |line: &str, fields: &str| told(&program("source: {none: {}}", line, fields));
    for (line, expected) in [
        ("setup.exe /VERYSILENT /NORESTART", "setup.exe"),
        ("install.cmd", "install.cmd"),
        (".\\x.exe", ".\\x.exe"),
        ("msiexec /i a.msi /qn /norestart", "a.msi"),
    ] {
        let expected = format!("PRG-10 the package has no files, and `{expected}` names no folder on the client");
        assert_eq!(none(line, ""), expected, "{line}");
    }
    assert_eq!(
        none("setup.exe", "workingDirectory: x64"),
        "PRG-10 `x64` is no folder on the client, and the package has no files"
    );
    for (line, fields) in [
        ("setup.exe /S", "workingDirectory: 'C:\\Setup'"),
        ("setup.exe /S", "workingDirectory: '%SystemDrive%\\Setup'"),
        ("ipconfig.exe /flushdns", ""),
        ("gpupdate /force", ""),
        ("msiexec /x {6F320B93-EE3C-4826-85E0-ADF79F8D4C61} /qn /norestart", ""),
        ("msiexec /i \\\\files\\x\\a.msi /qn /norestart", ""),
        ("C:\\x\\unins000.exe /VERYSILENT /NORESTART", ""),
    ] {
        assert_eq!(none(line, fields), "", "{line}");
    }
}

#[test]
fn prg_11_the_system_installs_for_everyone() {
    for (line, what) in [
        ("msiexec /i a.msi /qn /norestart ALLUSERS=\"\"", "ALLUSERS=\"\""),
        ("msiexec /i a.msi /qn /norestart ALLUSERS=2 MSIINSTALLPERUSER=1", "MSIINSTALLPERUSER=1"),
        ("msiexec /ju a.msi /qn /norestart", "/ju"),
        ("a.exe /VERYSILENT /NORESTART /CURRENTUSER /SP-", "/CURRENTUSER"),
        ("a.exe /S /currentuser", "/currentuser"),
    ] {
        let expected = format!("PRG-11 `{what}` installs for one user, and the program runs as the system");
        check(line, "", &expected);
        check(line, "userInputRequired: true", "");
        check(line, "runWith: loggedOnUser\ncanRun: userLoggedOn", "");
    }
    check(
        "%AppData%\\x\\y.exe /S",
        "",
        "PRG-11 `%AppData%` is the profile of the system account here, and not that of a user",
    );
    for line in [
        "msiexec /i a.msi /qn /norestart",
        "msiexec /i a.msi /qn /norestart ALLUSERS=1 MSIINSTALLPERUSER=1",
        "msiexec /i a.msi /qn /norestart ALLUSERS=2",
        "msiexec /x a.msi /qn /norestart ALLUSERS=\"\"",
        "a.exe /log=%AppData%\\x.log",
    ] {
        check(line, "", "");
    }
}

#[test]
fn prg_14_a_line_that_is_read_otherwise_is_told_and_mended() {
    check(
        "C:\\Program Files\\x\\y.exe /S",
        "",
        "PRG-14 `C:\\Program Files\\x\\y.exe` has blanks and no quotes => \"C:\\Program Files\\x\\y.exe\" /S",
    );
    check(
        "%ProgramFiles(x86)%\\x\\y.exe /S",
        "",
        "PRG-14 `%ProgramFiles(x86)%` stands for a path with a blank, and is not in quotes => \"%ProgramFiles(x86)%\\x\\y.exe\" /S",
    );
    check("a.exe \"b", "", "PRG-14 a quote is opened and never closed: the rest of the line is one argument");
    check("a.exe & b.exe", "", "PRG-14 `&` is an argument here: cmd alone takes it for more");
    check(
        "start /wait a.exe",
        "",
        "PRG-14 `start` is a command of cmd, and no program => cmd.exe /c start /wait a.exe",
    );
    check(
        "misexec /x {6F320B93-EE3C-4826-85E0-ADF79F8D4C61} /qn",
        "",
        "PRG-14 there is hardly a program `misexec` => msiexec.exe /x {6F320B93-EE3C-4826-85E0-ADF79F8D4C61} /qn",
    );
    check("a.zip /S", "", "PRG-14 Windows does not run `a.zip` by itself");
    check("\"msiexec /x a.msi\" /qn", "", "PRG-14 the quotes make one program name of `msiexec /x a.msi`");
    check("\"\"C:\\a b\\c.exe\"\" /S", "", "PRG-14 the line begins with two quotes, which name an empty program");
    check(
        "msiexec /i a.msi /qn /noreboot /norestart",
        "",
        "PRG-14 msiexec shows its help and returns 1639: `/noreboot` is no option of it",
    );
    check(" ", "", "PRG-14 the command line is empty");
    let block =
        format!("{UNC}\nprograms:\n  - name: Run\n    commandLine: |\n      msiexec /i a.msi /qn\n        /norestart");
    let run = run_case(&manifest_of("Package", &block));
    assert_eq!(
        told(&run),
        "PRG-14 the command line has a line break, which no program takes for a blank => msiexec /i a.msi /qn /norestart"
    );
    // An unclosed quote would swallow what a fix adds.
    check(
        "msiexec /i a.msi /norestart X=\"",
        "",
        "PRG-1 `msiexec` (Windows Installer) waits for a person: it has no quiet switch\n\
         PRG-14 a quote is opened and never closed: the rest of the line is one argument",
    );
}

#[test]
fn prg_14_does_not_fire_for_lines_that_are_read_as_meant() {
    for line in [
        "\"C:\\Program Files\\x\\y.exe\" /S",
        "cmd /c \"a.exe & b.exe\"",
        "cmd /c start /wait a.exe",
        "a.exe /DIR=\"C:\\Program Files\\x\"",
        "a.exe \"b & c\"",
        "msiexec /i \"a b.msi\" /qn /norestart INSTALLDIR=\"C:\\x\\\"",
    ] {
        check(line, "", "");
    }
}

#[test]
fn prg_14_a_fix_behind_cmd_keeps_programs_and_arguments() {
    check(
        "cmd.exe /c %ProgramFiles%\\Foo\\x.exe /S /LOG=\"C:\\a b.log\"",
        "",
        "PRG-14 `%ProgramFiles%` stands for a path with a blank, and is not in quotes => cmd.exe /c \"\"%ProgramFiles%\\Foo\\x.exe\" /S /LOG=\"C:\\a b.log\"\"",
    );
    check(
        "cmd /c \"C:\\Program Files (x86)\\Foo\\x.exe\" /S",
        "",
        "PRG-14 `cmd` takes the first and the last quote away, and does not find `C:\\Program Files (x86)\\Foo\\x.exe` then => cmd /c \"\"C:\\Program Files (x86)\\Foo\\x.exe\" /S\"",
    );
}

#[test]
fn prg_1_and_prg_5_switches_stay_within_parentheses() {
    check(
        "cmd /c (msiexec /i a.msi /norestart)",
        "",
        "PRG-1 `msiexec` (Windows Installer) waits for a person: it has no quiet switch => cmd /c (msiexec /i a.msi /norestart /qn)",
    );
    check("cmd /c rd /s C:\\Foo", "", "PRG-1 `rd` asks a person: `/q` is missing => cmd /c rd /s C:\\Foo /q");
    check("cmd /c \"echo y | reg delete HKLM\\Software\\Foo\"", "", "");
}

#[test]
fn prg_5_a_switch_that_is_there_is_not_written_twice() {
    check(
        "msiexec /i a.msi /qn /norestart /forcerestart",
        "",
        "PRG-5 `msiexec` restarts the computer itself => msiexec /i a.msi /qn /norestart",
    );
}
