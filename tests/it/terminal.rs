//! On a terminal: `script` makes one. Where it is not installed the tests that want it say so and end.

use std::process::Command;
use std::process::Stdio;

use crate::world::Project;
use crate::world::Server;
use crate::world::run;

/// Runs a line of a shell on a terminal; gives what the terminal shows. `None`, and a line that says so, where there is
/// no `script`.
fn on_terminal(project: &Project, line: &str, variables: &[(&str, &str)]) -> Option<String> {
    let asked = Command::new("script").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !asked.is_ok_and(|status| status.success()) {
        println!("skipped: there is no `script`, so nothing was shown on a terminal");
        return None;
    }
    let mut command = Command::new("script");
    crate::world::clean(&mut command);
    command.current_dir(&project.root).args(["--quiet", "--return", "--command", line, "/dev/null"]);
    command.stdin(Stdio::null()).env("TERM", "xterm").envs(variables.iter().copied());
    command.env("consign", env!("CARGO_BIN_EXE_consign"));
    let ran = run(command);
    Some(ran.out)
}

fn is_colored(text: &str) -> bool {
    text.contains("\u{1b}[")
}

/// A text without colours.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn colour_is_for_terminals_and_obeys_the_environment() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let shown = |variables: &[(&str, &str)]| on_terminal(&project, "\"$consign\" plan", variables);
    let Some(plain) = shown(&[("NO_COLOR", "1")]) else { return };
    assert!(!is_colored(&plain), "{plain}");
    for (variables, colored) in [
        (&[][..], true),
        (&[("CI", "true")], true),
        (&[("NO_COLOR", "")], true),
        (&[("CONSIGN_NO_COLOR", "1")], false),
        (&[("CONSIGN_COLOR", "never")], false),
        (&[("CLICOLOR", "0")], false),
        (&[("TERM", "dumb")], false),
        (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
    ] {
        let text = shown(variables).unwrap();
        assert_eq!(is_colored(&text), colored, "{variables:?}\n{text}");
        // Colour says nothing that the text does not say: without it, it is the same text.
        assert_eq!(bare(&text), plain, "{variables:?}");
    }
    // A pipe is no terminal.
    let piped = on_terminal(&project, "\"$consign\" plan | cat", &[]).unwrap();
    assert!(!is_colored(&piped), "{piped}");
}

#[test]
fn progress_is_told_on_standard_error_where_it_is_a_terminal_and_no_pipeline_s() {
    // What a terminal shows of an apply of its own; one of the streams goes to a file.
    let tell = |streams: &str, variables: &[(&str, &str)]| {
        let server = Server::start();
        let project = Project::of_example("tour", &server);
        let line = format!("\"$consign\" apply --auto-approve {streams}");
        let shown = on_terminal(&project, &line, variables)?;
        Some((shown, project.read("file")))
    };
    let Some((shown, file)) = tell("> file", &[]) else { return };
    assert!(shown.contains("Applying 45 steps.") && shown.contains("create package/7-Zip"), "{shown}");
    assert!(file.contains("Applied: 45 steps made") && !file.contains("Applying"), "{file}");
    for (streams, variables) in [("2> file", &[][..]), ("> file", &[("CI", "true")])] {
        let (shown, file) = tell(streams, variables).unwrap();
        assert!(!format!("{shown}{file}").contains("Applying"), "{streams} {variables:?}\n{shown}\n{file}");
    }
    let (shown, _) = tell("> file", &[("CI", "false")]).unwrap();
    assert!(shown.contains("Applying"), "{shown}");
}

#[test]
fn lines_break_where_the_terminal_ends() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    let longest = |columns: &str| {
        let text = on_terminal(&project, "\"$consign\" plan", &[("COLUMNS", columns), ("NO_COLOR", "1")])?;
        let lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| line.contains("their own clocks") || line.contains("because of"));
        let lines: Vec<usize> = lines.map(|line| line.chars().count()).collect();
        assert!(lines.len() > 5, "{text}");
        lines.into_iter().max()
    };
    let Some(narrow) = longest("60") else { return };
    assert!(narrow <= 60, "{narrow}");
    assert!((61..=100).contains(&longest("100").unwrap()));
}
