//! `validate` as people run it: what it mends in files, which comments allow what, and how strict it is.

use std::fs;
use std::path::Path;

use crate::world::Ran;
use crate::world::consign;
use crate::world::run;

const PROJECT: &str = "\
apiVersion: consign/v1
kind: Project
manifests: [delivery]
servers:
  lab: {url: 'http://127.0.0.1:7450', folders: [Software Delivery], variables: {line: a.exe}}
  prod: {url: 'https://ns.example.com', folders: [Software Delivery], variables: {line: b.exe}}
";

/// A package whose program has these fields, indented by six.
fn package(fields: &str) -> String {
    let fields: String = fields.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "# The tool.\napiVersion: consign/v1\nkind: Package\nmetadata: {{name: Tool}}\nspec:\n  \
         source: {{unc: '\\\\files\\tool'}}\n  programs:\n    - name: Install\n{fields}"
    )
}

/// A project with one manifest.
fn project(manifest: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("consign.yaml"), PROJECT).unwrap();
    fs::create_dir(directory.path().join("delivery")).unwrap();
    fs::write(directory.path().join("delivery/a.yaml"), manifest).unwrap();
    directory
}

fn validate(directory: &Path, words: &[&str]) -> Ran {
    let mut command = consign();
    command.arg("validate").args(words).current_dir(directory);
    run(command)
}

fn read(directory: &Path) -> String {
    fs::read_to_string(directory.join("delivery/a.yaml")).unwrap()
}

#[test]
fn fix_mends_what_is_certain_and_leaves_the_rest_of_the_file_as_it_is() {
    let manifest = format!(
        "\u{feff}{}",
        package("commandLine: msiexec.exe /i a.msi # quiet\nsuccessCodes: [0, 3010]\nfailureCodes: [1603]\nmaxRunTime: 30m\t# long")
            .replace('\n', "\r\n")
    );
    let project = project(&manifest);
    let ran = validate(project.path(), &["--fix"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("mended: delivery/a.yaml:9:20 PRG-1: add `/qn`\n"), "{}", ran.err);
    assert!(ran.err.contains("mended: delivery/a.yaml:11:21 PRG-2: remove `failureCodes`\n"), "{}", ran.err);
    assert!(ran.err.ends_with("Mended 3 findings in 1 file.\n"), "{}", ran.err);
    let fixed = read(project.path());
    let expected = format!(
        "\u{feff}{}",
        package(
            "commandLine: msiexec.exe /i a.msi /qn /norestart # quiet\nsuccessCodes: [0, 3010]\nmaxRunTime: 30m\t# long"
        )
        .replace('\n', "\r\n")
    );
    let same_words = |text: &str| {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    // Which of two switches comes first is the business of their rules.
    assert_eq!(same_words(&fixed), same_words(&expected), "{fixed:?}");
    let again = validate(project.path(), &["--fix"]);
    assert_eq!((again.code, again.err.as_str()), (Some(0), "Nothing was mended.\n"));
    assert_eq!(read(project.path()), fixed);
}

#[test]
fn fix_writes_no_file_in_which_nothing_is_certain_and_none_that_is_not_to_be_written() {
    let wrong = package("comandLine: a.exe");
    let project = project(&wrong);
    let ran = validate(project.path(), &["--fix", "--format", "json"]);
    assert_eq!(ran.code, Some(65), "{}", ran.err);
    serde_json::from_str::<serde_json::Value>(&ran.out).unwrap();
    assert_eq!((read(project.path()), ran.err.as_str()), (wrong, "Nothing was mended.\n"));

    let mendable = package("commandLine: a.exe\nfailureCodes: [1]");
    let path = project.path().join("delivery/a.yaml");
    fs::write(&path, &mendable).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let ran = validate(project.path(), &["--fix"]);
    assert_eq!(ran.err, "left alone: delivery/a.yaml is read-only\nNothing was mended.\n");
    assert_eq!(read(project.path()), mendable);
}

#[test]
fn fix_mends_only_the_files_that_are_asked_for() {
    let project = project(&package("commandLine: a.exe\nfailureCodes: [1]"));
    let other = "apiVersion: consign/v1\nkind: MaintenanceWindow\nmetadata: {name: Night}\nspec:\n  collections: []\n  \
                 schedule: {daily: 22:00}\n  duration: 4h\n";
    fs::write(project.path().join("delivery/b.yaml"), other).unwrap();
    let ran = validate(project.path(), &["--fix", "delivery/b.yaml"]);
    assert!(ran.err.contains("MAN-18: put it in quotes"), "{}", ran.err);
    assert!(read(project.path()).contains("failureCodes"));
    let mended = fs::read_to_string(project.path().join("delivery/b.yaml")).unwrap();
    assert_eq!(mended, other.replace("22:00", "'22:00'"));
}

#[test]
fn man_16_and_man_17_an_allow_silences_its_lint_and_is_told_when_it_silences_nothing() {
    let allow = "# consign: allow PRG-2 because a report of ours reads them";
    let project = project(&package(&format!("commandLine: a.exe\nfailureCodes: [1] {allow}")));
    assert_eq!(validate(project.path(), &[]).code, Some(0));
    assert!(!validate(project.path(), &[]).out.contains("PRG-2"));
    // What is allowed stays allowed where warnings are errors.
    assert_eq!(validate(project.path(), &["-E", "PRG-2"]).code, Some(0));
    fs::write(project.path().join("delivery/a.yaml"), package(&format!("commandLine: a.exe {allow}"))).unwrap();
    let ran = validate(project.path(), &["-E", "MAN-17"]);
    assert!(ran.code == Some(65) && ran.out.contains("error[MAN-17]: nothing here has PRG-2 to allow"), "{}", ran.out);
    // One server's need is not every server's.
    assert_eq!(validate(project.path(), &["-E", "MAN-17", "--server", "lab"]).code, Some(0));
    let ran = validate(project.path(), &["--fix"]);
    assert!(ran.err.contains("MAN-17: remove the comment"), "{}", ran.err);
    assert_eq!(read(project.path()), package("commandLine: a.exe"));
}

#[test]
fn warnings_are_errors_and_errors_warnings_by_rule() {
    let project = project(&package("commandLine: a.exe\nfailureCodes: [1]\nmaxRunTime: 90s"));
    assert_eq!(validate(project.path(), &[]).code, Some(65));
    let ran = validate(project.path(), &["-W", "PRG-3"]);
    assert!(ran.code == Some(0) && ran.out.contains("warning[PRG-3]"), "{}", ran.out);
    let ran = validate(project.path(), &["-W", "PRG-3", "--warnings-as-errors", "prg-2,PRG-1"]);
    assert!(ran.code == Some(65) && ran.out.contains("error[PRG-2]"), "{}", ran.out);
    for (words, told) in [
        (["-E", "PRG-99"], "there is no rule `PRG-99`"),
        (["-W", "MAN-2"], "MAN-2 is always an error"),
        (["-EPRG-2", "-WPRG-2"], "PRG-2 cannot be both an error and a warning"),
    ] {
        let ran = validate(project.path(), &words);
        assert!(ran.code == Some(64) && ran.err.contains(told), "{words:?}: {:?} {}", ran.code, ran.err);
    }
}

#[test]
fn man_16_what_the_policy_makes_an_error_no_comment_allows() {
    let allow = "# consign: allow PRG-2 because a report of ours reads them";
    let project = project(&package(&format!("commandLine: a.exe\nfailureCodes: [1] {allow}")));
    let strict = format!("{PROJECT}policy:\n  severities: {{PRG-2: error}}\n");
    fs::write(project.path().join("consign.yaml"), strict).unwrap();
    let ran = validate(project.path(), &[]);
    assert!(ran.code == Some(65) && ran.out.contains("error[PRG-2]"), "{}", ran.out);
    assert!(ran.out.contains("PRG-2 is an error here, and an error cannot be allowed"), "{}", ran.out);
}
