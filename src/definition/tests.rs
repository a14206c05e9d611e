use std::collections::BTreeSet;
use std::path::Path;

use super::Content;
use super::Given;
use super::Imported;
use super::read;
use crate::check;
use crate::manifest;
use crate::manifest::Overlays;
use crate::model::project::Project;
use crate::model::project::Severity;

fn given(path: &str, bytes: &[u8]) -> Given {
    Given { path: path.into(), bytes: Content::Bytes(bytes.to_vec()), is_named: true, unc: None }
}

fn import(path: &str, bytes: impl AsRef<[u8]>) -> Imported {
    read(vec![given(path, bytes.as_ref())], None)
}

/// Findings as `IMP-2 error 3:1 message`, in their order.
fn said(imported: &Imported) -> Vec<String> {
    let one = |finding: &crate::diag::Diagnostic| {
        let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
        let place = finding.at.source().map(|id| imported.sources.position(id, finding.at.start()));
        let place = place.map_or(String::new(), |place| format!("{}:{} ", place.line, place.column));
        format!("{} {severity} {place}{}", finding.rule.id, finding.message)
    };
    imported.findings.iter().map(one).collect()
}

#[track_caller]
fn says(imported: &Imported, expected: &[&str]) {
    assert_eq!(said(imported), expected);
}

/// The manifests, which must be sound together and say what was drafted.
#[track_caller]
fn texts(imported: &Imported) -> Vec<String> {
    let project: Project = serde_json::from_value(
        serde_json::json!({ "apiVersion": "consign/v1", "kind": "Project", "manifests": ["."] }),
    )
    .unwrap();
    let mut sources = crate::diag::Sources::new();
    let texts: Vec<String> = imported.drafts.iter().map(super::Draft::text).collect();
    if texts.is_empty() {
        return texts;
    }
    let ids: Vec<_> =
        texts.iter().enumerate().map(|(at, text)| sources.add_text(format!("{at:04}.yaml"), text.as_str())).collect();
    for (text, id) in texts.iter().zip(&ids) {
        assert_eq!(manifest::format(text, *id).as_ref(), Ok(text), "in form, as it is printed");
    }
    let (parsed, mut findings) = manifest::parse(&sources, &ids);
    let (loaded, more) = parsed.into_site(&project, None, &Overlays::default());
    findings.extend(more);
    findings.extend(check::validate(&loaded, &project));
    let errors: Vec<_> =
        findings.iter().filter(|one| one.severity == Severity::Error).map(|one| &one.message).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", texts.join("---\n"));
    for draft in &imported.drafts {
        for item in std::iter::once(&draft.item).chain(&draft.programs) {
            let read = loaded.site.items.get(&item.key).unwrap_or_else(|| panic!("{:?} is lost", item.key));
            let (mut a, mut b) = (item.clone(), read.clone());
            crate::diff::normalise(&mut a);
            crate::diff::normalise(&mut b);
            assert_eq!(a.spec, b.spec);
        }
    }
    texts
}

#[track_caller]
fn text(imported: &Imported) -> String {
    let all = texts(imported);
    assert_eq!(all.len(), 1, "{:?} {:?}", said(imported), all);
    all.into_iter().next().unwrap()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    // Comments go on below where they are long.
    let joined = unwrapped(text);
    for part in parts {
        assert!(joined.contains(part), "no\n{part}\nin\n{text}");
    }
}

/// The text with each comment on one line.
fn unwrapped(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        match line.trim_start().strip_prefix("#   ") {
            Some(more) => out = format!("{} {more}\n", out.trim_end()),
            None => out.push_str(&format!("{line}\n")),
        }
    }
    out
}

const HEAD: &str =
    "[PDF]\nVersion=2.0\n[Package Definition]\nName=App\nVersion=3.1\nPublisher=We\nLanguage=EN\nPrograms=A\n";

/// A definition file whose one program has these lines.
fn program(lines: &str) -> Imported {
    import("app.sms", format!("{HEAD}[A]\nName=Install\nCommandLine=setup.exe /s\nEstimatedRunTime=30\n{lines}"))
}

#[test]
fn pdf_1_each_program_of_a_definition_file_is_a_program_of_its_package() {
    let text = text(&import(
        "share/app/app.sms",
        "[PDF]\r\nVersion = 2.0\r\n\r\n[Package Definition]\r\nName = Big App\r\nVersion = 1.10\r\nPublisher = We\r\nLanguage = EN\r\nComment = Does it\r\nIcon = app.ico\r\nPrograms = INSTALL, REMOVE\r\n[INSTALL]\r\nName = Install\r\nCommandLine = setup.exe /a=\"x y\" > \"%TEMP%\\a.log\"\r\nStartIn = bin\r\nRun = Hidden\r\nAfterRunning = SMSRestart\r\nEstimatedDiskSpace = 38MB\r\nEstimatedRunTime = 45\r\nCanRunWhen = AnyUserStatus\r\nUserInputRequired = False\r\nAdminRightsRequired = True\r\nSupportedClients = Win NT (x64)\r\nWin NT (x64) MinVersion1 = 6.00.0000.0\r\n[REMOVE]\r\nName = Take away\r\nCommandLine = \"setup.exe /x\"\r\nAssignment = EveryUser\r\n",
    ));
    has(
        &text,
        &[
            "name: Big App\n",
            "version: '1.10'\n",
            "publisher: We\n",
            "description: Does it\n",
            "    - name: Install\n",
            "commandLine: setup.exe /a=\"x y\" > \"%TEMP%\\a.log\"\n",
            "workingDirectory: bin\n",
            "estimatedDiskSpaceKB: 38912\n",
            "estimatedRunTime: 45m\n",
            "maxRunTime: 45m\n",
            "afterRunning:\n        action: restart\n",
            "startingWindow: hidden\n",
            "    - name: Take away\n",
            "commandLine: setup.exe /x\n",
            "runWith: loggedOnUser\n",
            "canRun: userLoggedOn\n",
            "runOnceFor: eachLoggedOnUser\n",
            "maxRunTime: 2h\n",
            "# assumed: EstimatedRunTime is not said; 120 minutes",
            "# no source: the definition does not say where the files are.",
            "# app.sms:10: Icon=app.ico has no place here; icons stay in the console\n",
            "# app.sms:23: SupportedClients=Win NT (x64) has no place here;",
            "# app.sms:24: Win NT (x64) MinVersion1=6.00.0000.0 has no place here;",
        ],
    );
}

#[test]
fn pdf_1_a_variation_without_its_section_is_an_error_and_one_that_no_list_names_is_told() {
    let v1 = "[PDF]\nVersion=1.0\n[Typical Setup]\nCommandName=Typical\nCommandLine=setup.exe\nUserInputRequired=FALSE\nSynchronousSystemExitRequired=FALSE\n[Package Definition]\nProduct=Old\nVersion=1\nComment=x\nSetupVariations=Typical, Custom\n";
    let imported = import("old.pdf", v1);
    says(&imported, &["PDF-1 error 12:1 `SetupVariations` names `Custom`, and there is no section `[Custom Setup]`"]);
    assert_eq!((imported.n_read, imported.n_refused, imported.drafts.len()), (1, 1, 0));
    let imported = import("app.sms", format!("{HEAD}[B]\nName=B\nCommandLine=b.exe\n"));
    says(
        &imported,
        &[
            "PDF-1 error 8:1 `Programs` names `A`, and there is no section `[A]`",
            "PDF-1 warning 9:1 `[B]` looks like a program, and no list names it",
        ],
    );
    assert!(import("app.sms", HEAD.replace("Programs=A\n", "")).findings.has_errors());
}

#[test]
fn pdf_2_a_variation_that_ends_the_system_is_marked() {
    // The example of the article itself.
    let example = "[PDF]\nVersion=1.0\n\n[Package Definition]\nProduct=Example\nVersion=1.0\nComment=PDF Example\nSetupVariations=Typical\n\n[Typical Setup]\nCommandLine=Setup.exe\nCommandName=Typical\nUserInputRequired=FALSE\nSynchronousSystemExitRequired=TRUE\nSupportedPlatforms=Windows95\n";
    let imported = import("Example.pdf", example);
    says(&imported, &["IMP-4 warning 15:1 `SupportedPlatforms` in `[Typical Setup]` has no place in a manifest"]);
    has(
        &text(&imported),
        &[
            "name: Example\n",
            "- name: Typical\n",
            "commandLine: Setup.exe\n",
            "exitsEarly: true\n",
            "# assumed: with the rights of the logged-on user",
        ],
    );
    let imported = program("AfterRunning=ProgramRestart\n");
    says(&imported, &["PDF-2 warning 13:1 the program restarts the computer itself"]);
    has(&text(&imported), &["exitsEarly: true\n", "# assumed: AfterRunning=ProgramRestart"]);
    assert!(!text(&program("AfterRunning=SMSLogoff\n")).contains("exitsEarly"));
}

#[test]
fn imp_2_missing_sections_and_empty_templates_are_errors() {
    says(
        &import("a.sms", "Name=x\n"),
        &["IMP-2 error 1:1 there is no section `[PDF]`", "IMP-3 warning 1:1 `Name` stands before the first section"],
    );
    says(&import("a.sms", "[PDF]\nVersion=2.0\n"), &["IMP-2 error 1:1 there is no section `[Package Definition]`"]);
    let template = include_str!("../../tests/data/package-definitions/sccmtools-empty-template.sms");
    let imported = import("t.sms", template);
    let errors: Vec<_> = said(&imported).into_iter().filter(|one| one.contains(" error ")).collect();
    assert_eq!(
        errors,
        [
            "IMP-2 error 5:1 the package has no name: `Name` says nothing",
            "IMP-2 error 14:1 the program in `[INSTALL]` has no command line",
            "IMP-2 error 25:1 the program in `[UNINSTALL]` has no command line",
        ]
    );
    says(&import("a.txt", "x"), &["IMP-2 error 1:1 not a file that can be imported"]);
    says(
        &import("a.pdf", "%PDF-1.7\n"),
        &["IMP-2 error 1:1 a document in Portable Document Format, not a package definition file"],
    );
}

#[test]
fn imp_1_encodings_are_known_or_refused() {
    let file = |name: &str| {
        format!(
            "[PDF]\r\nVersion=2.0\r\n[Package Definition]\r\nName={name}\r\nVersion=1\r\nPublisher=We\r\nLanguage=DE\r\nContainsNoFiles=True\r\nPrograms=A\r\n[A]\r\nName=A\r\nCommandLine=a.exe\r\nEstimatedRunTime=5\r\n"
        )
    };
    let umlaut = file("Büro Ω");
    let utf_16 = |swap: bool| {
        let unit = |unit: u16| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() };
        std::iter::once(0xfeff).chain(umlaut.encode_utf16()).flat_map(unit).collect::<Vec<u8>>()
    };
    for bytes in [umlaut.clone().into_bytes(), format!("\u{feff}{umlaut}").into_bytes(), utf_16(false), utf_16(true)] {
        let imported = import("a.sms", bytes);
        says(&imported, &[]);
        assert!(text(&imported).contains("name: Büro Ω\n"));
    }
    // Windows-1252 is assumed, and told; another one has to be said.
    let ansi: Vec<u8> =
        file("B?ro").into_bytes().into_iter().map(|byte| if byte == b'?' { 0xfc } else { byte }).collect();
    let imported = import("a.sms", &ansi);
    says(&imported, &["IMP-1 warning 4:7 not UTF-8; it was read as windows-1252: `Name=Büro`"]);
    assert!(text(&imported).contains("name: Büro\n"));
    let imported = read(vec![given("a.sms", &ansi)], Some("windows-1251"));
    says(&imported, &[]);
    assert!(text(&imported).contains("name: Bьro\n"));
    // A DOS code page has letters where windows-1252 has none.
    let dos: Vec<u8> = ansi.iter().map(|byte| if *byte == 0xfc { 0x81 } else { *byte }).collect();
    says(&import("a.sms", &dos), &["IMP-1 error 1:1 line 4 holds `U+0081`, which no text in windows-1252 has"]);
    says(
        &read(vec![given("a.sms", b"\xff\xff\xfe")], Some("shift_jis")),
        &["IMP-1 error 1:1 the file holds bytes that are no Shift_JIS"],
    );
    says(&import("a.sms", b"\xff\xfe["), &["IMP-1 error 1:1 the file holds bytes that are no UTF-16LE"]);
    says(
        &import("a.sms", &utf_16(false)[2..]),
        &["IMP-1 error 1:1 the file looks like UTF-16, and has no byte order mark"],
    );
    says(
        &import("a.sms", b"[PDF]\nVersion=2.0\x01\n"),
        &["IMP-1 error 1:1 line 2 holds `U+0001`, which no text in UTF-8 has"],
    );
    says(&import("a.yaml", b"a: \xfc\n"), &["IMP-1 error 1:1 byte 4 is `0xfc`, which is not UTF-8"]);
    says(
        &import("a.xml", b"<?xml version='1.0' encoding='klingon'?><a/>"),
        &["IMP-1 error 1:1 the file says that it is in `klingon`, which is not known"],
    );
    says(
        &import("a.xml", b"<?xml version='1.0' encoding='utf-8'?><a b='\xfc'/>"),
        &["IMP-1 error 1:1 the file holds bytes that are no UTF-8"],
    );
    let long = Given { bytes: Content::TooLong(9 << 20), ..given("a.sms", b"") };
    says(&read(vec![long], None), &["IMP-1 error 1:1 the file has 9437184 bytes; the most is 4 MiB"]);
    let gone = Given { bytes: Content::Unreadable("permission denied".to_owned()), ..given("a.sms", b"") };
    says(&read(vec![gone], None), &["IMP-1 error 1:1 the file cannot be read: permission denied"]);
}

#[test]
fn imp_3_values_that_are_not_understood_are_told_and_their_defaults_taken() {
    let imported = program(
        "Run=Sideways\nAfterRunning=Explode\nCanRunWhen=Never\nUserInputRequired=Perhaps\nAssignment=EvryUser\nEstimatedDiskSpace=much\nDependentProgram=Nobody\nSupportedClients=\nno key here\n",
    );
    says(
        &imported,
        &[
            "IMP-3 warning 13:1 `Run=Sideways` is not understood",
            "IMP-3 warning 14:1 `AfterRunning=Explode` is not understood",
            "IMP-3 warning 15:1 `CanRunWhen=Never` is not understood",
            "IMP-3 warning 16:1 `UserInputRequired=Perhaps` is not understood",
            "IMP-3 warning 17:1 `Assignment=EvryUser` is misspelled",
            "IMP-3 warning 18:1 `EstimatedDiskSpace=much` is not understood",
            "IMP-3 warning 19:1 `DependentProgram=Nobody` is not understood",
            "IMP-3 warning 21:1 the line `no key here` is neither a section nor a key with a value",
        ],
    );
    has(
        &text(&imported),
        &[
            "# app.sms:13: `Run=Sideways` is not understood; the default, normal\n",
            "runOnceFor: eachLoggedOnUser\n",
            "userInputRequired: true\n",
        ],
    );
    // Where nobody has to be logged on, the format says what gives way.
    let imported =
        program("CanRunWhen=NoUserLoggedOn\nUserInputRequired=True\nAdminRightsRequired=False\nAssignment=EveryUser\n");
    says(
        &imported,
        &[
            "IMP-3 warning 14:1 `UserInputRequired=True` cannot be where no user has to be logged on",
            "IMP-3 warning 15:1 `AdminRightsRequired=False` cannot be where no user has to be logged on",
            "IMP-3 warning 16:1 `Assignment=EveryUser` cannot be where no user has to be logged on",
        ],
    );
    has(&text(&imported), &["canRun: noUserLoggedOn\n"]);
    for (value, expected) in [("EstimatedRunTime=0", "IMP-3"), ("EstimatedRunTime=Unknown", ""), ("", "")] {
        let head = format!("{HEAD}[A]\nName=Install\nCommandLine=setup.exe /s\n{value}\n");
        let imported = import("app.sms", head);
        assert_eq!(said(&imported).len(), usize::from(!expected.is_empty()), "{value}");
        text(&imported);
    }
    let circle = format!(
        "{}[A]\nName=A\nCommandLine=a.exe\nDependentProgram=B\n[B]\nName=B\nCommandLine=b.exe\nDependentProgram=A\n",
        HEAD.replace("Programs=A", "Programs=A,B")
    );
    let imported = import("app.sms", circle);
    says(&imported, &["IMP-3 error 12:1 `A` depends on itself", "IMP-3 error 16:1 `B` depends on itself"]);
    let chain = format!(
        "{}[A]\nName=A\nCommandLine=a.exe\nDependentProgram=B\n[B]\nName=B\nCommandLine=b.exe\n",
        HEAD.replace("Programs=A", "Programs=A,B")
    );
    says(&import("app.sms", chain), &["IMP-4 warning 12:1 `A` runs another program first"]);
}

#[test]
fn imp_4_every_key_is_placed_or_told() {
    let keys = [
        "Icon=a.ico",
        "SupportedClients=Win NT (x64)",
        "Win NT (x64) MaxVersion1=10.0",
        "AdditionalProgramRequirements=2 GB",
        "DriveLetterConnection=True",
        "SpecifyDrive=Q",
        "ReconnectDriveAtLogon=True",
        "Disabled=True",
        "UninstallKey=App",
        "EnableRunTimeMonitoring=True",
        "UnheardOf=1",
    ];
    for key in keys {
        let imported = program(&format!("{key}\n"));
        let name = key.split('=').next().unwrap();
        says(&imported, &[&format!("IMP-4 warning 13:1 `{name}` in `[A]` has no place in a manifest")]);
        has(&text(&imported), &[&format!("# app.sms:13: {key} has no place here;")]);
    }
    for key in ["DriveLetterConnection=False", "Disabled=false", "UseInstallAccount=True", "Icon="] {
        says(&program(&format!("{key}\n")), &[]);
    }
    let both = program("RemoveProgram=True\n");
    says(
        &both,
        &[
            "IMP-3 warning 13:1 `RemoveProgram` without `UninstallKey`",
            "IMP-4 warning 13:1 `RemoveProgram` in `[A]` has no place in a manifest",
        ],
    );
}

#[test]
fn imp_5_of_two_equal_keys_or_sections_the_first_counts() {
    let imported = program("run=Hidden\nRUN=Minimized\n[a]\nName=Other\n");
    says(
        &imported,
        &[
            "IMP-5 warning 14:1 `RUN` stands twice in `[A]`, and the first counts",
            "IMP-5 warning 15:1 the section `[a]` stands twice, and the first counts",
        ],
    );
    has(&text(&imported), &["- name: Install\n", "startingWindow: hidden\n"]);
}

#[test]
fn imp_5_of_two_installer_manifests_of_one_version_the_first_counts() {
    let installer = include_str!("../../tests/data/winget/e/Example/Packer/24.08/Example.Packer.installer.yaml");
    let files = vec![given("x/a.yaml", installer.as_bytes()), given("x/b.yaml", installer.as_bytes())];
    let imported = read(files, None);
    assert_eq!(imported.drafts.len(), 1);
    assert!(
        said(&imported).contains(&"IMP-5 warning 1:1 `Example.Packer` 24.08 has two manifests of this type".to_owned())
    );
}

#[test]
fn imp_6_newer_versions_of_formats_are_not_guessed_at() {
    let definition = |version: &str| {
        let head = HEAD.replace("Version=2.0", &format!("Version={version}"));
        import("a.sms", format!("{head}SetupVariations=A\nProduct=App\n[A]\nName=A\nCommandLine=a.exe\n"))
    };
    for version in ["2.0", "2", "1.0"] {
        assert!(!said(&definition(version)).iter().any(|one| one.starts_with("IMP-6")), "{version}");
    }
    for (version, read) in [("2.1", "2.0"), ("1.5", "1.0")] {
        let imported = definition(version);
        let expected = format!("IMP-6 warning 2:1 a definition of version {version}, which is newer than {read}");
        assert!(said(&imported).contains(&expected), "{:?}", said(&imported));
        assert_eq!(imported.drafts.len(), 1);
    }
    for version in ["3.0", "0.9"] {
        let imported = definition(version);
        let expected =
            format!("IMP-6 error 2:1 a definition of version {version}, and this program knows versions 1.0 and 2.0");
        says(&imported, &[&expected]);
        assert!(imported.drafts.is_empty());
    }
    says(&definition("abc"), &["IMP-6 error 2:1 `abc` is no version of the format"]);
    says(&definition(""), &["IMP-2 error 2:1 `Version` in `[PDF]` says nothing"]);
    let winget = |version: &str| {
        import(
            "a.yaml",
            include_str!("../../tests/data/winget/e/Example/Runtime/14.40/Example.Runtime.yaml")
                .replace("ManifestVersion: 1.10.0", &format!("ManifestVersion: {version}")),
        )
    };
    says(&winget("1.12.0"), &[]);
    says(&winget("1.99.0"), &["IMP-6 warning 21:18 a manifest of version 1.99.0, which is newer than 1.12"]);
    assert_eq!(winget("1.99.0").drafts.len(), 1);
    says(&winget("2.0.0"), &["IMP-6 error 21:18 a manifest of version 2.0.0, and this program knows version 1"]);
    says(&winget("new"), &["IMP-6 error 21:18 `new` is no version of the format"]);
}

/// Every file below a directory of `tests/data`.
fn data(below: &str) -> Vec<Given> {
    fn walk(directory: &Path, out: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, out) } else { out.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths = Vec::new();
    walk(&root.join(below), &mut paths);
    let one = |path: std::path::PathBuf| Given {
        path: path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/").into(),
        bytes: Content::Bytes(std::fs::read(&path).unwrap()),
        is_named: false,
        unc: None,
    };
    paths.into_iter().map(one).collect()
}

#[test]
fn imp_8_real_definition_files_become_sound_manifests_with_names_of_their_own() {
    let imported = read(data("package-definitions"), None);
    assert_eq!((imported.n_read, imported.n_refused, imported.others.len()), (8, 1, 2));
    let names: BTreeSet<&str> = imported.drafts.iter().map(|draft| draft.item.key.name.as_str()).collect();
    let all = [
        "My Product 1.0.15318.1",
        "My Product 1.0.15318.1 (2)",
        "Test Application Service 1",
        "Test Application Service 2",
        "Test Application with dependency 1.0.16239.2",
        "Test Application with dependency 1.0.16239.2 (2)",
        "_S_ProductName_S_",
    ];
    assert_eq!(names, BTreeSet::from(all));
    let texts = texts(&imported);
    has(
        &texts.concat(),
        &[
            "MsiProductCode={E1C62E82-D565-4C5D-9665-2D9D27A95086} has no place here",
            "Dependency1=\"Test Application Service 1\";\"1.0.16239.2\" has no place here",
        ],
    );
    assert!(said(&imported).iter().any(|one| one.contains("IMP-8 warning")));
    // Copies that say the same become one.
    let one = format!("{HEAD}[A]\nName=A\nCommandLine=a.exe\nIcon=a.ico\n");
    let imported = read(vec![given("x/a.sms", one.as_bytes()), given("y/a.sms", one.as_bytes())], None);
    assert_eq!(imported.drafts.len(), 1);
    assert!(said(&imported).contains(&"IMP-8 warning 1:1 says the same as `x/a.sms`".to_owned()));
    let twice = format!(
        "{}[A]\nName=A\nCommandLine=a.exe\n[B]\nName=a\nCommandLine=b.exe\n",
        HEAD.replace("Programs=A", "Programs=A,B")
    );
    let imported = import("a.sms", twice);
    says(&imported, &["IMP-8 warning 12:1 two programs are called `a`"]);
    has(&text(&imported), &["- name: A\n", "- name: a (2)\n"]);
}

#[test]
fn winget_manifests_become_sound_packages() {
    let imported = read(data("winget"), None);
    assert_eq!((imported.n_read, imported.n_refused, imported.others.len()), (12, 0, 1), "{:?}", said(&imported));
    let all = texts(&imported).join("---\n");
    has(
        &all,
        &[
            "name: Packer 24.08\n",
            "name: Packer 24.09\n",
            "version: '24.08'\n",
            "# from Example.Packer.installer.yaml: Example.Packer 24.08\n",
            "- name: Install x64 wix\n",
            "commandLine: msiexec /i \"packer2408-x64.msi\" /quiet /norestart ALLUSERS=1\n",
            "successCodes: [0, 3010]\n",
            "- name: Uninstall x64 wix\n",
            "commandLine: 'msiexec /x {23170F69-40C1-2702-2408-000001000000} /quiet /norestart'\n",
            "- name: Install x86 nullsoft\n",
            "commandLine: packer2408.exe /S\n",
            "# assumed: /S, which winget passes to installers of the type nullsoft\n",
            "- name: Install user\n",
            "runWith: loggedOnUser\n",
            "commandLine: EditorUserSetup-x64-8.6.9.exe /SP- /VERYSILENT /SUPPRESSMSGBOXES /NORESTART /MERGETASKS=!runcode\n",
            "commandLine: '\"Editor Setup x64.exe\" /SP-",
            "successCodes: [0, 8]\n",
            "failures that winget knows: 2 cancelledByUser",
            "description: 'Edits text, and nothing else'\n",
            "publisher: 'Example: Editors'\n",
            "commandLine: VC_redist.x64.exe /install /quiet /norestart\n",
            "successCodes: [0, 1638, 3010]\n",
            "commandLine: tools\\setup.exe --quiet\n",
            "# assumed: the archive is unpacked where the package's files are\n",
            "commandLine: Example.Tools_2.0_x86.exe\n",
            "no silent switch is known",
            "Add-AppxProvisionedPackage",
            "Dependencies: {PackageDependencies: [{PackageIdentifier: Example.Runtime, MinimumVersion: 14.0.0}]} has no place here",
        ],
    );
    let said = said(&imported);
    for part in [
        "IMP-4 warning 13:1 `Dependencies` has no place in a manifest",
        "IMP-3 warning 19:3 no silent switch is known for `Example.Tools_2.0_x86.exe`",
        "IMP-4 warning 27:18 an installer of the type `portable` is nothing that an agent runs",
    ] {
        assert!(said.iter().any(|one| one == part), "{part}\n{said:#?}");
    }
}

#[test]
fn imp_2_winget_manifests_that_lack_something_are_told() {
    let whole = include_str!("../../tests/data/winget/e/Example/Runtime/14.40/Example.Runtime.yaml");
    says(&import("a.yaml", "a: 1\n"), &["IMP-2 error 1:1 this is no winget manifest: it has no `PackageIdentifier`"]);
    says(
        &import("a.yaml", whole.replace("ManifestType: singleton\n", "")),
        &["IMP-2 error 1:1 `ManifestType` says nothing"],
    );
    says(
        &import("a.yaml", whole.replace("singleton", "novel")),
        &["IMP-2 error 20:15 `novel` is no type of winget manifest"],
    );
    says(
        &import(
            "a.yaml",
            whole.split("Installers:").next().unwrap().to_owned()
                + "ManifestType: singleton\nManifestVersion: 1.10.0\n",
        ),
        &["IMP-2 error 1:1 `Installers` lists none"],
    );
    says(
        &import("a.yaml", whole.replace("singleton", "version")),
        &["IMP-2 error 1:1 `Example.Runtime` 14.40 has no installer manifest"],
    );
    says(
        &import("a.yaml", whole.replace("singleton", "installer")),
        &["IMP-2 warning 1:1 no default locale says what the package is called"],
    );
    says(&import("a.yaml", "a: [1\n"), &["MAN-1 error 1:4 a `[` without its `]`"]);
    says(&import("a.yaml", whole.replace("3010", "restart")), &["IMP-3 warning 18:5 `restart` is no return code"]);
    says(
        &import("a.yaml", whole.replace("Scope: machine", "Scope: planet")),
        &["IMP-3 warning 11:10 `planet` is no scope"],
    );
    says(
        &import("a.yaml", format!("{whole}Teleport: true\n")),
        &["IMP-4 warning 22:1 `Teleport` has no place in a manifest"],
    );
}

/// The guide's own example, closed where the guide cuts it.
const POLICY: &str = include_str!("../../tests/data/client-policy.xml");

#[test]
fn dlv_2_a_policy_document_becomes_package_program_and_task() {
    let imported = import("NS01.xml", POLICY);
    let all = texts(&imported);
    assert_eq!(all.len(), 6, "{:?}", said(&imported));
    let all = all.join("---\n");
    has(
        &all,
        &[
            "# from NS01.xml: package {8661d7f2-039b-4418-9a0a-70a9c7445f9c}\n",
            "name: Sample Package\n",
            "description: Sample Software Delivery Package\n",
            "# assumed: called as its task is; a policy does not name the program\n    - name: Hello World - Sample\n",
            "commandLine: HelloWorld.exe\n",
            "runWith: loggedOnUser\n",
            "canRun: userLoggedOn\n",
            "userInputRequired: true\n",
            "kind: Task\n",
            "# {f8664b82-eb28-4201-b773-82bbdb9e4ab8} on the server that wrote the policy;",
            "userCanRun: true\n",
            "from: '2006-10-13T00:00'\n",
            "kind: SequentialTask\n",
            "name: Sequential Task\n",
            "program: 'Sequential Task Program #2'\n",
            "returnCodes: [0]\n",
            "daily: '17:30'\n",
            "account: CORP\\installer\n",
            "action: restart\n",
            "deferUpTo: 30m\n",
        ],
    );
    assert!(!all.contains("S3cret"), "{all}");
    let shown: String = imported.sources.iter().map(|(_, source)| source.text.to_string()).collect();
    assert!(!shown.contains("S3cret") && shown.contains("LogonPassword=\"******\""), "{shown}");
    for (text, masked) in [
        ("LogonPassword = 'ä\"b' x", "LogonPassword = '****' x"),
        ("logonpassword=\"open", "logonpassword=\"****"),
        ("PASSWORD=\"x\"", "PASSWORD=\"x\""),
    ] {
        assert_eq!(super::policy::masked(text), masked);
    }
    let said = said(&imported);
    for part in [
        "IMP-4 warning 50:8 the policy holds a password",
        "IMP-4 warning 69:11 `after=\"2026-01-01 08:00:00\"` is a time in UTC",
        "IMP-4 warning 82:21 the schedule `At 06:00 on Mon of every week` is not told in full",
        "TSK-1 warning 86:5 `Software Request : Sample` was made by the portal for a request",
        "IMP-4 warning 94:5 the policy `Inventory` is for the agent `altiris.aexnsinvcollector`",
    ] {
        assert!(said.iter().any(|one| one.starts_with(part)), "{part}\n{said:#?}");
    }
}

#[test]
fn imp_7_xml_that_could_do_harm_or_is_broken_is_refused() {
    let bomb =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE p [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<Policies>&b;</Policies>";
    says(&import("a.xml", bomb), &["IMP-7 error 2:1 the document declares a document type"]);
    says(
        &import("a.xml", "<!DOCTYPE p SYSTEM \"file:///etc/passwd\"><p/>"),
        &["IMP-7 error 1:1 the document declares a document type"],
    );
    says(&import("a.xml", "<a>&boom;</a>"), &["IMP-7 error 1:4 `&boom;` is an entity of its own"]);
    says(&import("a.xml", &POLICY[..POLICY.len() / 2]), &[&said(&import("a.xml", &POLICY[..POLICY.len() / 2]))[0]]);
    assert!(said(&import("a.xml", &POLICY[..POLICY.len() / 2]))[0].starts_with("IMP-7 error"));
    says(&import("a.xml", "<a><b></a>"), &["IMP-7 error 1:7 not well-formed XML: expected 'b' tag, not 'a' at 1:7"]);
    says(&import("a.xml", ""), &["IMP-7 error 1:1 there is no element at all"]);
    says(&import("a.xml", "<a/>"), &["IMP-2 error 1:1 the document `<a>` holds no `<Policy>`"]);
    let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    assert!(said(&import("a.xml", deep))[0].contains("deep in one another"));
    let long = Given { bytes: Content::TooLong(100 << 20), ..given("a.xml", b"") };
    says(&read(vec![long], None), &["IMP-7 error 1:1 the file has 104857600 bytes; the most is 16 MiB"]);
    let without = POLICY.replace("HelloWorld.exe", "");
    assert!(
        said(&import("a.xml", without))
            .iter()
            .any(|one| one.contains("IMP-2 error") && one.contains("has no `<CommandLine>`"))
    );
}

#[test]
fn a_directory_may_hold_other_files_and_order_does_not_matter() {
    let others = [
        ("a.pdf", &b"%PDF-1.7"[..]),
        ("b.xml", b"<html/>"),
        ("c.yaml", b"on: push\n"),
        ("d.txt", b"x"),
        ("e.xml", b"<!DOCTYPE html><p>"),
        ("f.pdf", b"just text"),
    ];
    let mut files: Vec<Given> =
        others.iter().map(|(path, bytes)| Given { is_named: false, ..given(path, bytes) }).collect();
    let imported = read(files.clone(), None);
    assert_eq!((imported.n_read, imported.others.len(), imported.findings.len()), (0, 6, 0), "{:?}", said(&imported));
    files.extend(data("winget"));
    files.extend(data("package-definitions"));
    let forward = read(files.clone(), None);
    files.reverse();
    let backward = read(files, None);
    assert_eq!(said(&forward), said(&backward));
    assert_eq!(texts(&forward), texts(&backward));
}

proptest::proptest! {
    #[test]
    fn no_definition_makes_it_panic(text in "(\\[PDF\\]|\\[A\\]|\\[Package Definition\\]|Version|Name|Programs|CommandLine|=|2\\.0|1\\.0|A|,|\n|;|\"| |é|\\[|\\]){0,40}") {
        let imported = import("a.sms", text.as_bytes());
        texts(&imported);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), at in 0..3usize) {
        let _ = import(["a.sms", "a.yaml", "a.xml"][at], bytes);
    }
}

/// What a directory holds, each with its name.
fn directory(files: &[(&str, &str)]) -> Imported {
    let given = |(path, text): &(&str, &str)| Given { is_named: false, ..given(path, text.as_bytes()) };
    read(files.iter().map(given).collect(), None)
}

const WINGET: &str = "PackageIdentifier: M.N\nPackageVersion: '1.10'\nPackageLocale: en-US\nPublisher: Pub\nPackageName: App\nLicense: x\nShortDescription: y\nInstallerType: msi\nScope: machine\nInstallers:\n- Architecture: x64\n  InstallerUrl: https://e.example/a.msi\n  InstallerSha256: AB\nManifestType: singleton\nManifestVersion: 1.6.0\n";

#[test]
fn imp_2_a_winget_manifest_of_a_directory_that_cannot_be_read_is_told() {
    let broken = [
        WINGET.replace("PackageName: App", "PackageName: \"App"),
        WINGET.replace("License: x", "License: x\nLicense: y"),
        WINGET.replace("License: x", "<<<<<<< HEAD\nLicense: x"),
        WINGET.replace("PackageIdentifier: M.N", "PackageIdentifier: &id M.N"),
        WINGET.replace("PackageIdentifier: M.N", "\"PackageIdentifier\" : \"M.N"),
    ];
    for text in broken {
        let imported = directory(&[("a/bad.yaml", &text), ("a/good.yaml", WINGET)]);
        assert!(imported.findings.has_errors(), "{text}");
        let is_bad = |id| imported.sources.path(id) == "a/bad.yaml";
        assert!(imported.findings.iter().all(|one| one.at.source().is_some_and(is_bad)), "{:?}", said(&imported));
        assert_eq!((imported.drafts.len(), imported.n_read, imported.n_refused), (1, 2, 1), "{text}");
        assert!(imported.others.is_empty());
    }
    let imported = directory(&[("a.yaml", "a: \"b\n"), ("b.yaml", "- a\n"), ("c.pdf", "%PDF-1.7"), ("d.sms", "x=1\n")]);
    says(&imported, &[]);
    let others: Vec<_> = imported.others.iter().map(|(id, _)| imported.sources.path(*id).as_str()).collect();
    assert_eq!(others.len(), 4, "{others:?}");
}

#[test]
fn imp_8_a_name_that_cannot_stay_as_it_is_is_told() {
    let long = "x".repeat(300);
    let cases =
        [("a\u{202e}b", "a b", "holds characters that nobody sees"), (&long, &long[..255], "has more than 255")];
    for (name, becomes, why) in cases {
        let imported = import(
            "a.sms",
            format!("{}[A]\nName={name}\nCommandLine=a.exe\nEstimatedRunTime=5\n", HEAD.replace("App", name)),
        );
        assert_eq!(imported.drafts[0].item.key.name, becomes);
        assert_eq!(imported.drafts[0].programs[0].key.name, becomes);
        let told = said(&imported);
        let is_told = |one: &&String| one.starts_with("IMP-8 warning") && one.contains(why);
        assert_eq!(told.iter().filter(is_told).count(), 2, "{told:?}");
        let text = text(&imported);
        has(&text, &["# a.sms:4: called `"]);
        assert!(!text.contains('\u{202e}'));
        let winget = import(
            "a.yaml",
            WINGET.replace("PackageName: App", &format!("PackageName: \"{}\"", name.replace('\u{202e}', "\\u202e"))),
        );
        assert!(
            said(&winget).iter().any(|one| one.starts_with("IMP-8 warning 5:14") && one.contains(why)),
            "{:?}",
            said(&winget)
        );
    }
    assert!(!said(&import("a.yaml", WINGET)).iter().any(|one| one.starts_with("IMP-8")));
}

#[test]
fn winget_says_all_users_once_and_return_codes_have_32_bits() {
    has(&text(&import("a.yaml", WINGET)), &["/quiet /norestart ALLUSERS=1\n"]);
    let own = WINGET.replace(
        "Scope:",
        "InstallerSwitches:\n  Custom: AllUsers=1 X=2\nInstallerSuccessCodes: [99999999999, 4294967295, -1]\nScope:",
    );
    let imported = import("a.yaml", own);
    let text = text(&imported);
    has(&text, &["/quiet /norestart AllUsers=1 X=2\n", "`99999999999` is no return code, and was passed over"]);
    assert!(
        said(&imported).iter().any(|one| one == "IMP-3 warning 11:25 `99999999999` is no return code"),
        "{:?}",
        said(&imported)
    );
    assert!(imported.drafts[0].programs.iter().any(|item| match &item.spec {
        crate::model::item::Spec::Program(program) => program.success_codes == [-1, 0, 3010, 4_294_967_295],
        _ => false,
    }));
}

#[test]
fn imp_8_tasks_follow_a_package_whose_name_another_definition_has() {
    let other = format!("{}[A]\nName=A\nCommandLine=a.exe\n", HEAD.replace("Name=App", "Name=Sample Package"));
    let imported = read(vec![given("a.sms", other.as_bytes()), given("p.xml", POLICY.as_bytes())], None);
    has(&texts(&imported).concat(), &["  package: Sample Package 1.0\n"]);
}
