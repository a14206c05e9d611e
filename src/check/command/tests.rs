//! Tables of command lines, a kind a table.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// The last command of a line, which is what wrappers run.
fn inner(line: &str) -> Command {
    let parsed = CommandLine::read(line);
    (*parsed.each().last().unwrap_or_else(|| panic!("no command in `{line}`"))).clone()
}

fn words(line: &str) -> Vec<String> {
    split(line).words.into_iter().map(|word| word.text).collect()
}

/// Kind, certainty, quiet and restart of each line.
#[track_caller]
fn table(rows: &[(&str, Kind, Certainty, Quiet, Restart)]) {
    for (line, kind, certainty, quiet, restart) in rows {
        let command = inner(line);
        let told = (command.kind, command.certainty, command.quiet, command.restart);
        assert_eq!(told, (*kind, *certainty, *quiet, *restart), "{line}\n{command:?}");
    }
}

#[test]
fn prg_14_arguments_are_split_as_the_c_runtime_does() {
    for (line, expected) in [
        ("a.exe b c", vec!["a.exe", "b", "c"]),
        ("a.exe \"b c\" d", vec!["a.exe", "b c", "d"]),
        ("a.exe \"ab\\\"c\" \"\\\\\" d", vec!["a.exe", "ab\"c", "\\", "d"]),
        ("a.exe a\\\\\\b d\"e f\"g h", vec!["a.exe", "a\\\\\\b", "de fg", "h"]),
        ("a.exe a\\\\\\\"b c d", vec!["a.exe", "a\\\"b", "c", "d"]),
        ("a.exe a\\\\\\\\\"b c\" d e", vec!["a.exe", "a\\\\b c", "d", "e"]),
        ("a.exe a\"b\"\" c d", vec!["a.exe", "ab\" c d"]),
        ("a.exe \"\" x", vec!["a.exe", "", "x"]),
        ("a.exe \"a\"\"b\" c", vec!["a.exe", "a\"b", "c"]),
        ("\"C:\\a b\\c.exe\"\tx", vec!["C:\\a b\\c.exe", "x"]),
        // In the program's name a backslash is a backslash.
        ("\"C:\\a b\\\" x", vec!["C:\\a b\\", "x"]),
        ("a.exe  \u{a0}ä  ", vec!["a.exe", "\u{a0}ä"]),
        ("", vec![]),
    ] {
        assert_eq!(words(line), expected, "{line}");
    }
    assert_eq!(split("a.exe \"b").unclosed, Some(6));
    assert_eq!(split("\"a.exe b").unclosed, Some(0));
    assert_eq!(split("a.exe \"b\\\" c").unclosed, Some(6));
    assert_eq!(split("a.exe \\\"b").unclosed, None);
}

#[test]
fn prg_14_what_no_command_line_can_say_is_not_joined() {
    assert_eq!(join("a\"b", []), None);
    assert_eq!(join("a", ["b\0"]), None);
    assert_eq!(join("", [""]).as_deref(), Some("\"\" \"\""));
}

proptest! {
    #[test]
    fn prg_14_split_then_join_gives_the_same_arguments(
        program in "[^\"\0]{0,12}",
        arguments in prop::collection::vec("([^\0]|[\"\\\\ ]){0,12}", 0..6),
    ) {
        let line = join(&program, arguments.iter().map(String::as_str)).expect("it can be said");
        let split = split(&line);
        prop_assert_eq!(split.unclosed, None);
        let words: Vec<String> = split.words.into_iter().map(|word| word.text).collect();
        let expected: Vec<String> = std::iter::once(program).chain(arguments).collect();
        prop_assert_eq!(words, expected);
    }

    #[test]
    fn prg_14_any_text_is_read_and_stands_where_it_says(line in "([^\0]|[\"\\\\ &|^%/]|msiexec|cmd /c|powershell -c|/qn|%ProgramFiles%|[(]|if |for | in | do |x.exe){0,40}") {
        let parsed = CommandLine::read(&line);
        for command in parsed.each() {
            if let Some(place) = command.place {
                prop_assert_eq!(line.get(place..place + command.text.len()), Some(command.text.as_str()));
                prop_assert!(command.text.get(command.name.clone()).is_some());
            }
        }
        for fault in &parsed.faults {
            if let Fault::UnquotedPath(range) | Fault::UnquotedVariable(range, _) = fault {
                prop_assert!(line.get(range.clone()).is_some());
            }
            // Whatever is wrong, a mend is a change or none.
            if let Some(mended) = mend::without(&line, fault) {
                prop_assert!(mended != line);
            }
        }
    }
}

#[test]
fn prg_14_variables_are_found() {
    assert_eq!(variables("%ProgramFiles(x86)%\\a %1 %~dp0 50%%TEMP%"), ["ProgramFiles(x86)", "TEMP"]);
    assert!(variables("100% of % all").is_empty());
}

#[test]
fn prg_1_and_prg_5_windows_installer() {
    use Certainty::Program;
    use Kind::WindowsInstaller as Msi;
    use Quiet::No;
    use Quiet::Yes;
    use Restart::Forced;
    use Restart::Left;
    use Restart::Suppressed;
    table(&[
        ("msiexec.exe /i a.msi /qn /norestart", Msi, Program, Yes, Suppressed),
        ("MSIEXEC -I a.msi -QN -NoRestart", Msi, Program, Yes, Suppressed),
        ("C:\\Windows\\System32\\msiexec.exe /package a.msi /quiet", Msi, Program, Yes, Left),
        ("msiexec /i a.msi", Msi, Program, No, Left),
        ("msiexec /i a.msi /passive /promptrestart", Msi, Program, Yes, Left),
        ("msiexec /i a.msi /qb! REBOOT=ReallySuppress", Msi, Program, Yes, Suppressed),
        ("msiexec /i a.msi /qb-! reboot=R", Msi, Program, Yes, Suppressed),
        ("msiexec /i a.msi /qr REBOOT=Suppress", Msi, Program, Yes, Suppressed),
        ("msiexec /i a.msi /qn+", Msi, Program, No, Left),
        ("msiexec /i a.msi /qb+! /norestart", Msi, Program, No, Suppressed),
        ("msiexec /i a.msi /qf /norestart", Msi, Program, No, Suppressed),
        ("msiexec /i a.msi /qf /qn /norestart", Msi, Program, Yes, Suppressed),
        ("msiexec /i a.msi /q /forcerestart", Msi, Program, Yes, Forced),
        ("msiexec /i a.msi /q REBOOT=\"Force\"", Msi, Program, Yes, Forced),
        ("msiexec /i a.msi /qn REBOOT=F /norestart", Msi, Program, Yes, Forced),
        ("msiexec /x{6F320B93-EE3C-4826-85E0-ADF79F8D4C61} /qn /norestart", Msi, Program, Yes, Suppressed),
        ("MsiExec.exe /X{6F320B93-EE3C-4826-85E0-ADF79F8D4C61}/qn/norestart", Msi, Program, Yes, Suppressed),
        ("msiexec /qn/norestart /i a.msi", Msi, Program, Yes, Suppressed),
        ("msiexec /i\"C:\\a b\\c.msi\" /qn", Msi, Program, Yes, Left),
        ("msiexec /p a.msp REINSTALLMODE=omus REINSTALL=ALL /qn /norestart", Msi, Program, Yes, Suppressed),
        ("msiexec /fomus a.msi", Msi, Program, Quiet::Unknown, Left),
        ("msiexec /a a.msi /qn TARGETDIR=C:\\x", Msi, Program, Yes, Restart::Unknown),
        ("msiexec /?", Msi, Program, No, Restart::Unknown),
        ("a.msi", Msi, Program, No, Left),
        ("\"a b.msi\" /qn /norestart", Msi, Program, Yes, Suppressed),
        ("a.msp /quiet /norestart", Msi, Program, Yes, Suppressed),
    ]);
}

#[test]
fn msiexec_hands_on_what_it_is_given() {
    let command = inner(
        "msiexec /i \"C:\\a b\\c.msi\" /l*v \"%TEMP%\\l.log\" allusers=1 NAME=\"a \"\"b\"\" c\" X= TRANSFORMS=:a.mst /qn",
    );
    assert_eq!((command.action, command.target.as_deref()), (Action::Install, Some("C:\\a b\\c.msi")));
    let told: Vec<(&str, &str)> =
        command.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(told, [("ALLUSERS", "1"), ("NAME", "a \"b\" c"), ("TRANSFORMS", ":a.mst"), ("X", "")]);
    assert!(command.refused.is_empty(), "{command:?}");
    // A backslash before a quote is a backslash: for the C runtime this quote would stay open.
    let command = inner("msiexec /i a.msi INSTALLDIR=\"C:\\x\\\" /qn");
    assert_eq!((command.properties["INSTALLDIR"].as_str(), command.quiet), ("C:\\x\\", Quiet::Yes));
    let patch = inner("msiexec /i {6F320B93-EE3C-4826-85E0-ADF79F8D4C61} /p a.msp /qn");
    assert_eq!(patch.action, Action::Patch);
}

#[test]
fn prg_14_msiexec_refuses_what_it_does_not_know() {
    for (line, word) in [
        ("msiexec /i a.msi /qn /noreboot", "/noreboot"),
        ("msiexec /i a.msi /silent", "/silent"),
        ("msiexec /i a.msi /features X /qn", "/features"),
        ("msiexec /i C:\\Program Files\\a.msi /qn", "Files\\a.msi"),
        ("msiexec /qx /i a.msi", "/qx"),
        ("msiexec /i /qn", "/i"),
        ("msiexec /l*v", "/l*v"),
        ("msiexec /qn", "msiexec"),
        ("msiexec a.msi /qn", "a.msi"),
        ("msiexec /install a.msi", "/install"),
    ] {
        let refused: Vec<String> = inner(line).refused.into_iter().map(|refused| refused.word).collect();
        assert!(refused.contains(&word.to_owned()), "{line}: {refused:?}");
    }
    for line in [
        "msiexec /i a.msi /L*VX! log.txt /qn",
        "msiexec /jm a.msi /t x.mst /g 1033",
        "msiexec /fa{6F320B93-EE3C-4826-85E0-ADF79F8D4C61} /qn",
        "msiexec /i a.msi MSINEWINSTANCE=1 /n {6F320B93-EE3C-4826-85E0-ADF79F8D4C61} /qn",
        "msiexec /update a.msp;b.msp /quiet /log x.log",
        "msiexec /uninstall a.msp /package b.msi /passive",
        "msiexec /i http://files.example.com/a.msi /qn",
        "msiexec /i a.msi \"ALLUSERS=1\" /qn",
        "msiexec /?",
    ] {
        assert!(inner(line).refused.is_empty(), "{line}: {:?}", inner(line).refused);
    }
}

#[test]
fn prg_1_and_prg_5_installers_by_their_switches() {
    use Certainty::*;
    use Kind::*;
    use Quiet::No;
    use Quiet::Yes;
    use Restart::Forced;
    use Restart::Left;
    use Restart::Suppressed;
    let (q, r) = (Quiet::Unknown, Restart::Unknown);
    table(&[
        ("setup.exe /VERYSILENT /NORESTART /SP-", InnoSetup, Switches, Yes, Suppressed),
        ("setup.exe /verysilent", InnoSetup, Switches, Yes, Left),
        ("setup.exe /SILENT", InnoSetup, Guess, Yes, Left),
        ("setup.exe /quiet /VERYSILENT", InnoSetup, Guess, Yes, Left),
        ("setup.exe /SP- /SUPPRESSMSGBOXES /NORESTART", InnoSetup, Switches, No, Suppressed),
        ("\"C:\\Program Files\\x\\unins000.exe\"", InnoSetup, Program, No, Left),
        ("C:\\x\\unins001.exe /SILENT /NORESTART", InnoSetup, Program, Yes, Suppressed),
        ("setup.exe -VERYSILENT", Unknown, Guess, q, r),
        ("unins.exe", Unknown, Guess, q, r),
        ("setup.exe /S", Nsis, Guess, Yes, r),
        ("setup.exe /S /D=C:\\Program Files\\x", Nsis, Guess, Yes, r),
        ("setup.exe /allusers /S", Nsis, Switches, Yes, r),
        ("setup.exe /NCRC /S", Nsis, Switches, Yes, r),
        ("setup.exe /NCRC /s", Nsis, Switches, No, r),
        ("uninst.exe _?=C:\\x", Nsis, Switches, No, r),
        ("setup.exe /s", Unknown, Guess, Yes, r),
        ("setup.exe /s /v\"/qn /norestart\"", InstallShield, Switches, Yes, Suppressed),
        ("setup.exe /S /V\"/qn REBOOT=ReallySuppress\"", InstallShield, Switches, Yes, Suppressed),
        ("setup.exe /s /v/qn", InstallShield, Switches, Yes, Left),
        ("setup.exe /s /v\"/qb+\"", InstallShield, Switches, No, Left),
        (
            "setup.exe /s /v\"/l*v \\\"%TEMP%\\a b.log\\\" /qn\" /v\"/forcerestart\"",
            InstallShield,
            Switches,
            Yes,
            Forced,
        ),
        ("setup.exe /v\"/qn\"", InstallShield, Switches, q, Left),
        ("setup.exe -s -f1\"C:\\a\\setup.iss\"", InstallShield, Switches, Yes, r),
        ("setup.exe -f1\"C:\\a\\setup.iss\"", InstallShield, Switches, No, r),
        ("setup.exe /s /sms", InstallShield, Switches, q, r),
        ("VC_redist.x64.exe /install /quiet /norestart", Burn, Program, Yes, Suppressed),
        ("vc_redist.x64.exe /install", Burn, Program, No, Left),
        ("setup.exe -install -quiet -norestart", Burn, Switches, Yes, Suppressed),
        ("setup.exe /install /quiet", Burn, Guess, Yes, Left),
        ("setup.exe /quiet /norestart", Burn, Guess, Yes, Suppressed),
        ("setup.exe /install /quiet /norestart /forcerestart", Burn, Switches, Yes, Forced),
        (
            "\"%ProgramData%\\Package Cache\\{6F320B93-EE3C-4826-85E0-ADF79F8D4C61}\\a.exe\" /uninstall",
            Burn,
            Program,
            No,
            Left,
        ),
        ("%LocalAppData%\\x\\Update.exe --uninstall -s", Squirrel, Program, Yes, r),
        ("%LocalAppData%\\x\\Update.exe --uninstall", Squirrel, Program, q, r),
        ("Setup.exe --silent", Unknown, Guess, Yes, r),
        ("a.exe --mode unattended --unattendedmodeui none", InstallBuilder, Switches, Yes, r),
        ("a.exe --mode unattended --unattendedmodeui minimalWithDialogs", InstallBuilder, Switches, No, r),
        ("a.exe --mode win32", InstallBuilder, Switches, No, r),
        ("a.exe --mode fast", Unknown, Guess, q, r),
        ("a.exe /exenoui /qn /norestart", AdvancedInstaller, Switches, Yes, Suppressed),
        ("a.exe /exebasicui /qf", AdvancedInstaller, Switches, No, Left),
        ("setup.exe /configure install.xml", Office, Switches, q, r),
        ("vs_buildtools.exe --quiet --wait --norestart", VisualStudio, Program, Yes, Suppressed),
        ("a.exe --wait --add Microsoft.VisualStudio.Workload.VCTools", VisualStudio, Switches, No, Left),
        ("a.exe /q:a /r:n", IExpress, Switches, Yes, Suppressed),
        ("a.exe /q /c:\"setup /q\" /r:a", IExpress, Switches, Yes, Forced),
        (
            "Deploy-Application.exe -DeploymentType \"Install\" -DeployMode \"Silent\"",
            AppDeployToolkit,
            Program,
            Yes,
            r,
        ),
        ("Deploy-Application.exe -DeployMode Interactive", AppDeployToolkit, Program, No, r),
        ("Deploy-Application.exe", AppDeployToolkit, Program, q, r),
        ("a.exe", Unknown, Guess, q, r),
        ("a.exe -ms", Unknown, Guess, Yes, r),
        ("a.exe /s REBOOT=Suppress SPONSORS=0", Unknown, Guess, Yes, Suppressed),
        ("a.exe /s REBOOT=Force", Unknown, Guess, Yes, Forced),
        ("a.exe /quiet /forcerestart", Unknown, Guess, Yes, Forced),
        ("a.exe /q /norestart", Unknown, Guess, Yes, Suppressed),
    ]);
}

#[test]
fn prg_1_and_prg_5_programs_of_windows() {
    use Certainty::Program;
    use Kind::*;
    use Quiet::No;
    use Quiet::Yes;
    use Restart::Forced;
    use Restart::Left;
    use Restart::Suppressed;
    let (q, r) = (Quiet::Unknown, Restart::Unknown);
    table(&[
        ("wusa.exe a.msu /quiet /norestart", UpdateInstaller, Program, Yes, Suppressed),
        ("wusa a.msu", UpdateInstaller, Program, No, Left),
        ("wusa a.msu /quiet /warnrestart:60", UpdateInstaller, Program, Yes, Forced),
        ("a.msu /quiet /forcerestart", UpdateInstaller, Program, Yes, Forced),
        ("dism /Online /Enable-Feature /FeatureName:NetFx3 /Quiet /NoRestart", Dism, Program, Yes, Suppressed),
        ("dism /Online /Enable-Feature /FeatureName:NetFx3 /Quiet", Dism, Program, Yes, Left),
        ("dism /online /add-package /packagepath:a.cab", Dism, Program, No, Left),
        ("dism /Online /Get-Features", Dism, Program, q, r),
        ("dism /Image:C:\\m /Add-Package /PackagePath:a.cab", Dism, Program, q, r),
        ("shutdown /r /t 0", Shutdown, Program, Yes, Forced),
        ("shutdown.exe -s", Shutdown, Program, Yes, Forced),
        ("shutdown /a", Shutdown, Program, Yes, Suppressed),
        ("wmic os where primary=true call reboot", Shutdown, Program, q, Forced),
        ("regedit /s a.reg", Registry, Program, Yes, r),
        ("regedit a.reg", Registry, Program, No, r),
        ("reg.exe import a.reg", Registry, Program, Yes, r),
        ("reg add HKLM\\x /v y /d z /f", Registry, Program, Yes, r),
        ("reg delete HKLM\\x", Registry, Program, No, r),
        ("regsvr32 /s a.dll", Regsvr32, Program, Yes, r),
        ("regsvr32 a.dll", Regsvr32, Program, No, r),
        ("runas /user:CORP\\a b.exe", RunAs, Program, No, r),
        ("cscript.exe //B //Nologo a.vbs", ScriptHost, Program, Yes, r),
        ("wscript a.vbs", ScriptHost, Program, q, r),
        ("install.cmd 1.0", Batch, Program, q, r),
        ("cmd", Shell, Program, No, r),
        ("cmd /k echo", Unknown, Certainty::Guess, q, r),
    ]);
}

#[test]
fn prg_1_and_prg_5_what_runs_others_is_looked_through() {
    use Certainty::*;
    use Kind::*;
    use Quiet::No;
    use Quiet::Yes;
    use Restart::Forced;
    use Restart::Left;
    use Restart::Suppressed;
    let r = Restart::Unknown;
    table(&[
        ("cmd /c msiexec /i a.msi /qn /norestart", WindowsInstaller, Program, Yes, Suppressed),
        ("cmd.exe /c \"msiexec /i \"a b.msi\" /qn\"", WindowsInstaller, Program, Yes, Left),
        ("cmd /d /s /c \"\"C:\\a b\\unins000.exe\" /SILENT\"", InnoSetup, Program, Yes, Left),
        ("%ComSpec% /c msiexec /i a.msi & b.exe", Unknown, Guess, Quiet::Unknown, r),
        ("cmd /c \"C:\\a b\\unins000.exe\"", InnoSetup, Program, No, Left),
        ("cmd /c start /wait \"\" a.exe /VERYSILENT /NORESTART", InnoSetup, Switches, Yes, Suppressed),
        ("cmd /c start \"Title\" /d C:\\x /wait msiexec /x a.msi /qn", WindowsInstaller, Program, Yes, Left),
        ("cmd /c copy a b & msiexec /i a.msi /qn ^& /norestart", WindowsInstaller, Program, Yes, Suppressed),
        ("cmd /c a.exe /S && shutdown /r", Shutdown, Program, Yes, Forced),
        ("cmd /c call msiexec /i a.msi >nul 2>&1", WindowsInstaller, Program, No, Left),
        ("cmd /c (msiexec /i a.msi /qn) & pause", Shell, Program, No, r),
        ("cmd /c cmd /c cmd /c msiexec /i a.msi /qn", WindowsInstaller, Program, Yes, Left),
        (
            "forfiles /p \"C:\\x\" /m unins*.exe /c \"cmd /c @path /VERYSILENT /NORESTART\"",
            InnoSetup,
            Switches,
            Yes,
            Suppressed,
        ),
        (
            "powershell -Command \"Start-Process msiexec.exe -ArgumentList '/i a.msi /qn' -Wait\"",
            WindowsInstaller,
            Program,
            Yes,
            Left,
        ),
        (
            "powershell -c Start-Process -FilePath a.exe -ArgumentList '/VERYSILENT','/NORESTART' -Wait",
            InnoSetup,
            Switches,
            Yes,
            Suppressed,
        ),
        ("powershell.exe -NoP -NonI -C \"& 'C:\\a b\\unins000.exe' /SILENT\"", InnoSetup, Program, Yes, Left),
        ("powershell \"if (1) { Restart-Computer -Force }\"", Shutdown, Program, Yes, Forced),
        ("powershell -ep bypass -c msiexec /x a.msi; exit", WindowsInstaller, Program, No, Left),
        ("powershell -NonInteractive -ExecutionPolicy Bypass -File a.ps1", PowerShell, Program, Yes, r),
        ("powershell -File a.ps1", PowerShell, Program, Quiet::Unknown, r),
        ("powershell -NoExit -File a.ps1", PowerShell, Program, No, r),
        ("powershell", PowerShell, Program, No, r),
        ("pwsh -c \"Read-Host 'go on?'\"", PowerShell, Program, No, r),
        ("powershell -Command \"Write-Host 'Restart-Computer'\"", PowerShell, Program, Quiet::Unknown, r),
    ]);
}

#[test]
fn prg_5_a_script_in_base64_is_read() {
    let encoded = |script: &str| {
        let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
        STANDARD.encode(bytes)
    };
    for switch in ["-EncodedCommand", "-enc", "-e", "-ec"] {
        assert!(restarts_itself(&format!("powershell {switch} {}", encoded("Restart-Computer"))), "{switch}");
    }
    assert!(!restarts_itself(&format!("powershell -enc {}", encoded("Get-Process"))));
    // What cannot be decoded is unknown, and no more.
    for broken in ["!!!", "AAA", "2AA=", "ANg="] {
        let command = inner(&format!("powershell -enc {broken}"));
        assert_eq!((command.quiet, command.runs.len()), (Quiet::Unknown, 0), "{broken}");
    }
}

#[test]
fn seq_5_what_restarts_is_told_from_what_may() {
    for line in [
        "shutdown /r",
        "cmd /c \"a.exe & shutdown -r -t 5\"",
        "msiexec /i a.msi /qn /forcerestart",
        "a.exe REBOOT=Force",
    ] {
        assert!(restarts_itself(line), "{line}");
    }
    for line in ["shutdown /a", "msiexec /i a.msi /qn", "a.exe /norestart", "echo shutdown", "a.exe \"REBOOT=Force\0\""]
    {
        assert!(!restarts_itself(line), "{line}");
    }
    assert!(may_restart_itself("msiexec /i a.msi /qn"));
    assert!(!may_restart_itself("msiexec /i a.msi /qn /norestart"));
    assert!(!may_restart_itself("setup.exe /quiet"));
    assert!(!may_restart_itself("setup.exe /install /quiet"));
}

#[test]
fn prg_14_faults_of_the_line() {
    use Fault::*;
    let text = |text: &str| text.to_owned();
    for (line, expected) in [
        ("", vec![Empty]),
        (" \t", vec![Empty]),
        ("a\0b", vec![Nul]),
        ("a.exe /S\n", vec![LineBreak]),
        ("a.exe\r\n  /S", vec![LineBreak]),
        ("a.exe \"b", vec![Unclosed]),
        ("\"a.exe /S", vec![Unclosed]),
        ("cmd /c a.exe \"b", vec![Unclosed]),
        ("C:\\Program Files\\x\\y.exe /S", vec![UnquotedPath(0..24)]),
        (" C:\\a b\\c d\\e.exe", vec![UnquotedPath(1..17)]),
        ("%ProgramFiles%\\x\\y.exe /S", vec![UnquotedVariable(0..22, text("ProgramFiles"))]),
        ("cmd /c %ProgramFiles(x86)%\\y.exe", vec![UnquotedVariable(7..32, text("ProgramFiles(x86)"))]),
        ("\"\"C:\\a b\\c.exe\"\" /S", vec![DoubledQuotes]),
        ("\"msiexec /x a.msi\" /qn", vec![SwitchesInQuotes(text("msiexec /x a.msi"))]),
        ("a.exe /S & b.exe", vec![Operator(text("&"))]),
        ("a.exe > log.txt", vec![Operator(text(">"))]),
        ("start /wait a.exe", vec![BuiltIn(text("start"))]),
        ("copy a b", vec![BuiltIn(text("copy"))]),
        ("misexec /x a.msi /qn", vec![Misspelt(text("misexec"), "msiexec")]),
        ("msiexe.exe /x a.msi", vec![Misspelt(text("msiexe.exe"), "msiexec")]),
    ] {
        assert_eq!(CommandLine::read(line).faults, expected, "{line}");
    }
    for (line, name) in [("a.zip /S", "a.zip"), (".\\b.ps1", ".\\b.ps1"), ("\"c d.msix\"", "c d.msix")] {
        let faults = CommandLine::read(line).faults;
        assert!(matches!(&faults[..], [NotAProgram(told, _)] if told == name), "{line}: {faults:?}");
    }
    let long = format!("a.exe {}", "x".repeat(LENGTH_MAX));
    assert_eq!(CommandLine::read(&long).faults, [TooLong(LENGTH_MAX + 6)]);
    assert!(CommandLine::read(&long[..LENGTH_MAX]).faults.is_empty());
}

#[test]
fn prg_14_lines_without_fault() {
    for line in [
        "\"C:\\Program Files\\x\\y.exe\" /S",
        "\"%ProgramFiles%\\x\\y.exe\" /S",
        "%SystemRoot%\\System32\\cmd.exe",
        "setup.exe /S /D=C:\\Program Files\\x",
        "setup.exe /DIR=\"%ProgramFiles%\\x\"",
        "setup.exe /LOG=%ProgramFiles%\\x.log",
        "cmd /c \"a.exe & b.exe > log.txt 2>&1\"",
        "cmd /c start /wait a.exe",
        "cmd /c a.exe \"x\" & b.exe \"y\"",
        "a.exe \"b & c\" /t=1&2",
        "a.exe C:\\x y\\z.exe",
        "C:\\tools\\run a.exe",
        "msiexec /i \"a b.msi\" /qn",
        "mysqlexec /x",
        "powershell -c \"Get-Date\nGet-Process\"",
        "wscript a.vbs",
        "msiexec /i \"a b.msi\" X=\"C:\\x\\\" /qn",
        "msiexec64 /x",
        "powershell -c \"& 'C:\\Program Files\\a.exe'\"",
    ] {
        assert_eq!(CommandLine::read(line).faults, [], "{line}");
    }
}

#[test]
fn prg_14_depth_is_bounded() {
    let deep = format!("{}msiexec /i a.msi", "cmd /c ".repeat(2000));
    let parsed = CommandLine::read(&deep);
    assert!(parsed.each().len() <= usize::from(DEPTH_MAX) + 2);
    assert_eq!(parsed.quiet(), Quiet::Unknown);
}

/// What `fault` of a line is mended to.
fn without(line: &str) -> Vec<Option<String>> {
    CommandLine::read(line).faults.iter().map(|fault| mend::without(line, fault)).collect()
}

/// The line with `by` at the end of its last command.
fn added(line: &str, by: &str) -> Option<String> {
    let command = inner(line);
    let end = command.text.len();
    mend::replaced(line, &command, &(end..end), by, |_| true)
}

#[test]
fn prg_14_behind_cmd_a_program_gets_quotes_that_cmd_leaves() {
    for (line, mended) in [
        (
            "cmd.exe /c %ProgramFiles%\\Foo\\x.exe /S /LOG=\"C:\\a b.log\"",
            "cmd.exe /c \"\"%ProgramFiles%\\Foo\\x.exe\" /S /LOG=\"C:\\a b.log\"\"",
        ),
        (
            "cmd.exe /c \"%ProgramFiles%\\Foo\\x.exe\" /S /LOG=\"C:\\a b.log\"",
            "cmd.exe /c \"\"%ProgramFiles%\\Foo\\x.exe\" /S /LOG=\"C:\\a b.log\"\"",
        ),
        ("cmd.exe /c %ProgramFiles%\\x.exe /S", "cmd.exe /c \"\"%ProgramFiles%\\x.exe\" /S\""),
        ("cmd.exe /c \"%ProgramFiles%\\x.exe\" /S", "cmd.exe /c \"\"%ProgramFiles%\\x.exe\" /S\""),
        ("cmd /c C:\\Program Files (x86)\\Foo\\x.exe /S", "cmd /c \"\"C:\\Program Files (x86)\\Foo\\x.exe\" /S\""),
        (
            "cmd.exe /c \"C:\\Program Files (x86)\\Foo\\x.exe\" /S",
            "cmd.exe /c \"\"C:\\Program Files (x86)\\Foo\\x.exe\" /S\"",
        ),
        (
            "cmd.exe /c \"C:\\Program Files\\Foo\\x.exe\" /S \"/D=C:\\a b\"",
            "cmd.exe /c \"\"C:\\Program Files\\Foo\\x.exe\" /S \"/D=C:\\a b\"\"",
        ),
        ("cmd /s /c \"C:\\a b\\x.exe\" /S & exit 0", "cmd /s /c \"\"C:\\a b\\x.exe\" /S & exit 0\""),
        ("cmd /c \"C:\\a b\\x.exe /S\"", "cmd /c \"\"C:\\a b\\x.exe\" /S\""),
        ("cmd /c a.exe & C:\\a b\\x.exe /S", "cmd /c a.exe & \"C:\\a b\\x.exe\" /S"),
        ("C:\\a b\\x.exe /S", "\"C:\\a b\\x.exe\" /S"),
    ] {
        assert_eq!(without(line), [Some(mended.to_owned())], "{line}");
        assert_eq!(CommandLine::read(mended).faults, [], "{mended}");
    }
    // Two quotes alone stay where nothing special is between them.
    for line in [
        "cmd /c \"C:\\Program Files\\Foo\\x.exe\" /S",
        "cmd /c \"C:\\Program Files\\Foo\\x.exe\" /S & exit 0",
        "cmd /c \"C:\\Foo\\x.exe\" /S",
        "cmd /c \"\"C:\\a (b)\\x.exe\" /S \"/D=c d\"\"",
        "cmd /c \"msiexec /i \"a b.msi\" /qn\"",
        "cmd /c \"copy \"a\" \"b\"\"",
    ] {
        assert_eq!(CommandLine::read(line).faults, [], "{line}");
    }
}

#[test]
fn prg_5_what_cmd_would_tear_is_read_as_it_was_meant() {
    let line = "cmd /c \"C:\\a b\\unins000.exe\" /VERYSILENT /LOG=\"C:\\x y.log\"";
    assert!(
        matches!(&CommandLine::read(line).faults[..], [Fault::StrippedQuotes(range, _)] if *range == (7..line.len()))
    );
    assert_eq!((inner(line).kind, inner(line).restart), (Kind::InnoSetup, Restart::Left));
    assert_eq!(added(line, " /NORESTART"), Some(format!("{line} /NORESTART")));
}

#[test]
fn prg_14_a_change_that_changes_more_is_none() {
    // The switch would fall behind a quote that is open for the C runtime, or make `cmd` take other quotes away.
    assert_eq!(added("cmd /c \"C:\\a b\\x.exe\" /S", " /v\"b c\""), None);
    assert_eq!(added("a.exe \"b\\\" c", " /q"), None);
    assert_eq!(added("a.exe b", " & /q"), None);
    assert_eq!(added("cmd /c a.exe b", " & c"), None);
    let line = "msiexec /i a.msi X=\"C:\\x\\\"";
    assert_eq!(added(line, " /qn"), Some(format!("{line} /qn")));
    let command = inner(line);
    assert_eq!(mend::replaced(line, &command, &(8..10), "/x", |command| command.quiet == Quiet::Yes), None);
}

#[test]
fn prg_1_commands_in_parentheses_conditions_and_loops_are_read() {
    for (line, mended) in [
        ("cmd /c (msiexec /i a.msi)", "cmd /c (msiexec /i a.msi /qn)"),
        ("cmd /c (a.exe & msiexec /i a.msi )", "cmd /c (a.exe & msiexec /i a.msi /qn )"),
        ("cmd /c \"if exist x.msi msiexec /i x.msi\"", "cmd /c \"if exist x.msi msiexec /i x.msi /qn\""),
        (
            "cmd /c if not exist x (echo a) else msiexec /i x.msi",
            "cmd /c if not exist x (echo a) else msiexec /i x.msi /qn",
        ),
        ("cmd /c if /i \"%A%\"==\"b c\" msiexec /i x.msi", "cmd /c if /i \"%A%\"==\"b c\" msiexec /i x.msi /qn"),
        ("cmd /c if %A% equ 1 (msiexec /i x.msi)", "cmd /c if %A% equ 1 (msiexec /i x.msi /qn)"),
        ("cmd /c for %i in (*.msi) do msiexec /i %i", "cmd /c for %i in (*.msi) do msiexec /i %i /qn"),
        ("cmd /c (for %i in (*.msi) do (msiexec /i %i))", "cmd /c (for %i in (*.msi) do (msiexec /i %i /qn))"),
    ] {
        let command = inner(line);
        assert_eq!((command.kind, command.quiet), (Kind::WindowsInstaller, Quiet::No), "{line}");
        assert_eq!(added(line, " /qn").as_deref(), Some(mended), "{line}");
        assert_eq!(inner(mended).quiet, Quiet::Yes, "{mended}");
    }
    let both = CommandLine::read("cmd /c \"if exist x.msi (msiexec /i x.msi) else exit 0\"");
    let programs: Vec<&str> = both.each().into_iter().map(|command| command.program.as_str()).collect();
    assert_eq!(programs, ["cmd", "msiexec", "exit"]);
}

#[test]
fn prg_1_what_cmd_asks_before_it_removes() {
    for (line, quiet) in [
        ("cmd /c rd /s C:\\Foo", Quiet::No),
        ("cmd /c rmdir /S/Q C:\\Foo", Quiet::Unknown),
        ("cmd /c rd C:\\Foo", Quiet::Unknown),
        ("cmd /c del *.*", Quiet::No),
        ("cmd /c del /f C:\\Foo\\*", Quiet::No),
        ("cmd /c del /q C:\\Foo\\*.*", Quiet::Yes),
        ("cmd /c del C:\\Foo\\*.log", Quiet::Unknown),
        ("cmd /c \"echo y | rd /s C:\\Foo\"", Quiet::Unknown),
        ("cmd /c \"echo y | reg delete HKLM\\Software\\Foo\"", Quiet::Unknown),
        ("cmd /c \"a.exe || reg delete HKLM\\Software\\Foo\"", Quiet::No),
        ("cmd /c reg delete HKLM\\Software\\Foo <yes.txt", Quiet::Unknown),
    ] {
        assert_eq!(inner(line).quiet, quiet, "{line}");
    }
    for name in ["pause", "for"] {
        assert_eq!(CommandLine::read(name).faults, [Fault::BuiltIn(name.to_owned())]);
    }
}
