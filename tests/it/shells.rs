//! Completion in real shells, and manual pages under real readers of them. What is not installed is said.

use std::process::Command;

use crate::world::Project;
use crate::world::Ran;
use crate::world::clean;
use crate::world::example;
use crate::world::run;

/// Whether a program is there; says so where it is not.
fn is_installed(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|path| path.join(program).is_file());
    if !found {
        println!("skipped: there is no `{program}`, so what it makes of this was not seen");
    }
    found
}

/// The tour, with a task whose name has everything that a shell acts on.
fn project() -> Project {
    let project = Project::copy(&example("tour"));
    project.write(
        "delivery/nasty.yaml",
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: \"Nasty: it's $HOME \\\"quoted\\\" & `x` (1)\"}\nspec: {members: []}\n",
    );
    project
}

/// What that collection's address is.
const NASTY: &str = "collection/Nasty: it's $HOME \"quoted\" & `x` (1)";

/// Runs a script with a shell, with `consign` where the shell finds it.
fn in_shell(project: &Project, shell: &str, options: &[&str], script: &str) -> Ran {
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_consign"), programs.path().join("consign")).unwrap();
    project.write("script", script);
    let mut command = Command::new(shell);
    clean(&mut command);
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    command.args(options).arg("script").current_dir(&project.root).env("PATH", path).env("HOME", programs.path());
    run(command)
}

#[test]
fn bash_completes_names_as_it_reads_them() {
    if !is_installed("bash") {
        return;
    }
    let project = project();
    // As Bash calls it: with the line and the place of the cursor. What it puts there is read by Bash itself.
    let script = r#"
source <(consign completions bash)
complete -p consign
try() {
    COMP_LINE="$1" COMP_POINT=${#1} COMPREPLY=()
    _consign consign
    printf '%s\n' "$1 => ${#COMPREPLY[@]}"
    for one in "${COMPREPLY[@]}"; do eval "printf '<%s>\n' $2$one$3"; done
}
try 'consign refs task/Inst'
try "consign refs 'task/Inst" "'" "'"
try 'consign refs "task/Off' '"' '"'
try 'consign refs collection/Nas'
try "consign refs 'collection/Nas" "'" "'"
try 'consign refs "collection/Nas' '"' '"'
try 'consign plan --target=task/Inst'
try 'consign show '
try 'consign -C . portal --principal OFFICE\\St'
try 'consign portal --principal "OFFICE\St' '"' '"'
"#;
    let ran = in_shell(&project, "bash", &["--norc", "--noprofile"], script).exits(0);
    let expected = format!(
        "consign refs task/Inst => 1\n<task/Install 7-Zip>\n\
         consign refs 'task/Inst => 1\n<task/Install 7-Zip>\n\
         consign refs \"task/Off => 1\n<task/Offer LibreOffice>\n\
         consign refs collection/Nas => 1\n<{NASTY}>\n\
         consign refs 'collection/Nas => 1\n<{NASTY}>\n\
         consign refs \"collection/Nas => 1\n<{NASTY}>\n\
         consign plan --target=task/Inst => 1\n<task/Install 7-Zip>\n\
         consign show  => 0\n\
         consign -C . portal --principal OFFICE\\\\St => 1\n<OFFICE\\Staff>\n\
         consign portal --principal \"OFFICE\\St => 1\n<OFFICE\\Staff>\n"
    );
    let (registered, rest) = ran.out.split_once('\n').unwrap();
    assert!(registered.ends_with("-F _consign consign") && registered.contains("default"), "{registered}");
    assert_eq!(rest, expected);
    assert_eq!(ran.err, "");
}

#[test]
fn zsh_completes_names() {
    if !is_installed("zsh") {
        return;
    }
    // Zsh itself would call `_consign` with these, and write what `compadd` is given.
    let script = r#"
compdef() { print -r -- "compdef $*" }
compadd() { print -rl -- "${values[@]}" "${shown[@]}" }
_files() { print -r -- files }
source <(consign completions zsh)
try() { words=("$@"); CURRENT=$#; PREFIX="${@[-1]}"; _consign }
try consign refs task/Inst
try consign refs \'task/Off
try consign plan --target collection/Nas
try consign show ''
"#;
    let ran = in_shell(&project(), "zsh", &["-f"], script).exits(0);
    assert_eq!(
        ran.out,
        format!(
            "compdef _consign consign\ntask/Install 7-Zip\ntask/Install 7-Zip  -- in Software Delivery/Tasks\n\
             task/Offer LibreOffice\ntask/Offer LibreOffice  -- in Software Delivery/Tasks\n\
             {NASTY}\n{NASTY}  -- in Software Delivery\nfiles\n"
        )
    );
    assert_eq!(ran.err, "");
}

#[test]
fn fish_completes_names() {
    if !is_installed("fish") {
        return;
    }
    let script = "consign completions fish | source\n\
        complete -C 'consign refs task/Inst'\ncomplete -C \"consign refs 'task/Off\"\ncomplete -C 'consign por'\n\
        complete -C 'consign refs collection/Nas'\ncomplete -C 'consign show cons'\n";
    let ran = in_shell(&project(), "fish", &["--no-config"], script).exits(0);
    let values: Vec<&str> = ran.out.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(values, ["task/Install 7-Zip", "task/Offer LibreOffice", "portal", NASTY, "consign.yaml"]);
    assert_eq!(ran.err, "");
}

#[test]
fn powershell_completes_names() {
    if !is_installed("pwsh") {
        return;
    }
    let script = "consign completions powershell | Out-String | Invoke-Expression\n\
        foreach ($line in 'consign refs task/Inst', 'consign refs collection/Nas', 'consign por') {\n\
        [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches |\n\
        ForEach-Object { $_.CompletionText } }\n";
    let project = project();
    project.write("script.ps1", script);
    let ran = in_shell(&project, "pwsh", &["-NoProfile", "-File", "script.ps1"], "").exits(0);
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        ["'task/Install 7-Zip'", &format!("'{}'", NASTY.replace('\'', "''")), "portal"]
    );
}

#[test]
fn completion_says_nothing_and_asks_no_server_whatever_is_wrong() {
    let project = Project::copy(&example("tour"));
    project.write("consign.yaml", "]: not a project\n");
    for words in [&["refs"][..], &["plan", "--server"], &["nonsense", "--what"], &[]] {
        let mut arguments = vec!["complete", "zsh", "--current", "", "--", "consign"];
        arguments.extend(words);
        let ran = project.run(&arguments).exits(0);
        assert_eq!(ran.err, "", "{words:?}");
    }
    let ran =
        project.run(&["complete", "bash", "--current", "consign refs 'unfinished \\", "--breaks", " '\""]).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
}

#[test]
fn manual_pages_have_no_fault() {
    let project = Project::copy(&example("tour"));
    let mut command = project.command(&["man", "--out", "pages"]);
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    run(command).exits(0).says("pages in pages");
    let pages: Vec<_> = std::fs::read_dir(project.path("pages")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(pages.len() > 20 && project.read("pages/consign.1").contains("2023-11-14"));
    project.run(&["man", "plan"]).exits(0).says("consign\\-plan");
    project.run(&["man", "plam"]).exits(64).one_message().says("did you mean plan?");
    let mut command = project.command(&["man"]);
    command.env("SOURCE_DATE_EPOCH", "yesterday");
    run(command).exits(78).one_message().says("SOURCE_DATE_EPOCH");
    for (reader, options) in
        [("mandoc", &["-T", "lint", "-W", "warning"][..]), ("man", &["--warnings", "-l", "-E", "UTF-8"])]
    {
        if !is_installed(reader) {
            continue;
        }
        for page in &pages {
            let mut command = Command::new(reader);
            clean(&mut command);
            let ran = run({
                command.args(options).arg(page);
                command
            })
            .exits(0);
            let said = if reader == "mandoc" { format!("{}{}", ran.out, ran.err) } else { ran.err };
            assert_eq!(said, "", "{reader} {}", page.display());
        }
    }
}
