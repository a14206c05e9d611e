//! The manual and README are true: every command in them is run, what they show is what it says, and every link leads
//! somewhere.
//!
//! Commands stand in fences of the language `console`, behind `$ ` and with `> ` before further lines; what follows is what they
//! print, with `…` for any lines, or any part of one, that is left out; without anything, only the exit code is looked at: 0, or the number that a
//! comment at the end of the command begins with. A comment before a fence says where a new shell begins:
//! `<!-- run: examples/tour, applied -->` is a copy of that directory, with a server that is empty (`server`) or has what the
//! manifests say and some computers (`applied`), or speaks the Altiris ASDK as well and has the folder (`altiris`); `<!-- run: nothing -->` is an empty directory, and `<!-- run: by FILE -->` leaves it to another test. `CONSIGN_WRITE_DOCS=1` writes what is
//! shown anew where it differs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use pulldown_cmark::Event;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;

use crate::world::Project;
use crate::world::Server;
use crate::world::clean;
use crate::world::run;

/// What only makes sense from outside of a test: the tests themselves, and the installation.
const NOT_RUN: &[&str] = &["cargo test --locked", "cargo install --locked --path ."];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every Markdown file of the manual, and those beside it that it leads to.
fn pages() -> Vec<PathBuf> {
    fn walk(directory: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                out.push(path);
            }
        }
    }
    let mut pages = vec![repository().join("README.md")];
    walk(&repository().join("docs"), &mut pages);
    pages.sort();
    pages
}

/// A shell that a page begins, and the commands in it.
#[derive(Debug, Default)]
struct Shell {
    /// What the comment says.
    begin: String,
    commands: Vec<Shown>,
}

/// A command, and what the page shows of its output.
#[derive(Debug)]
struct Shown {
    command: String,
    /// The lines of the page that show what it prints.
    lines: std::ops::Range<usize>,
    code: i32,
}

fn shells(page: &Path, text: &str) -> Vec<Shell> {
    let lines: Vec<&str> = text.lines().collect();
    let mut shells: Vec<Shell> = Vec::new();
    let mut fence: Option<(&str, bool)> = None;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        match fence {
            None => {
                if let Some(begin) = line.strip_prefix("<!-- run: ").and_then(|rest| rest.strip_suffix(" -->")) {
                    shells.push(Shell { begin: begin.to_owned(), commands: Vec::new() });
                }
                let ticks = line.len() - line.trim_start_matches('`').len();
                if ticks >= 3 {
                    fence = Some((&line[..ticks], &line[ticks..] == "console"));
                }
            }
            Some((ticks, _)) if line == ticks => fence = None,
            Some((_, true)) => {
                let Some(first) = line.strip_prefix("$ ") else { continue };
                let mut command = first.to_owned();
                while let Some(more) = lines.get(at).and_then(|line| line.strip_prefix("> ")) {
                    command = format!("{command}\n{more}");
                    at += 1;
                }
                let from = at;
                while lines.get(at).is_some_and(|line| !line.starts_with("$ ") && !line.starts_with("```")) {
                    at += 1;
                }
                let shell = shells.last_mut();
                let shell = shell.unwrap_or_else(|| panic!("{}: nothing says where `{command}` runs", page.display()));
                let code = code(&command);
                // A blank line before the next command is room, and no output.
                let to = (from..at).rev().find(|at| !lines[*at].trim().is_empty()).map_or(from, |last| last + 1);
                shell.commands.push(Shown { command, lines: from..to, code });
            }
            Some((_, false)) => {
                let is_command = line.starts_with("$ ");
                assert!(!is_command, "{}: `{line}` stands in no fence of the language console", page.display());
            }
        }
    }
    shells.retain(|shell| !shell.commands.is_empty() && !shell.begin.starts_with("by "));
    shells
}

/// The exit code that the comment at the end of a command begins with.
fn code(command: &str) -> i32 {
    let comment = command.rsplit_once("# ").map_or("", |(_, comment)| comment);
    let digits: String = comment.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// What is done before the first command of a shell. `consign serve` gets a free port, and every project file that names the
/// usual one is pointed there; how a page writes it stays as it is.
const PRELUDE: &str = r#"
consign() {
    if [ "$1" = serve ]; then
        command consign "$@" --listen 127.0.0.1:0 > "$SHELL_STATE/serve" 2>/dev/null & echo $! >> "$SHELL_STATE/pids"
        wait $!
    else
        command consign "$@"
    fi
}
cargo() { while [ "$1" != -- ]; do shift; done; shift; consign "$@"; }
point() {
    local url; url=$(sed -n 's/^listening on //p' "$SHELL_STATE/serve" 2>/dev/null)
    [ -z "$url" ] || find . "$HOME" -name consign.yaml -exec sed -i "s,http://127.0.0.1:7450,${url%/}," {} +
}
started() { for _ in $(seq 600); do grep -q listening "$SHELL_STATE/serve" 2>/dev/null && return; sleep 0.05; done; }
trap 'kill $(cat "$SHELL_STATE/pids" 2>/dev/null) 2>/dev/null' EXIT
"#;

/// Runs the commands of a shell; gives what each printed, and its exit code.
fn ran(shell: &Shell) -> Vec<(String, i32)> {
    let words: Vec<&str> = shell.begin.split(", ").collect();
    let (place, more) = words.split_first().unwrap();
    let server = match more.first() {
        None => None,
        Some(&"altiris") => Some(Server::with(&["--api", "native,asdk"])),
        Some(_) => Some(Server::start()),
    };
    let project = match *place {
        "nothing" => {
            let empty = tempfile::tempdir().unwrap();
            Project::copy(empty.path())
        }
        path => Project::copy(&repository().join(path)),
    };
    let state = tempfile::tempdir().unwrap();
    let home = state.path().join("home");
    fs::create_dir(&home).unwrap();
    let programs = state.path().join("programs");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_consign"), programs.join("consign")).unwrap();
    if let Some(server) = &server {
        project.edit("consign.yaml", |text| text.replace("http://127.0.0.1:7450", server.url.trim_end_matches('/')));
    }
    if let (Some(server), Some(&"applied")) = (&server, more.first()) {
        let mut command = project.command(&["apply", "--auto-approve"]);
        command.env("CONSIGN_TOKEN", &server.token);
        run(command).exits(0);
        let sequence = server.item("SequentialTask", "New desktop");
        let mut made = crate::world::consign();
        let guid = sequence["guid"].as_str().unwrap();
        made.args(["fleet", "--computers", "250", "--seed", "7", "--history", guid]);
        let lines = run(made).exits(0).out;
        server.send("POST", "/v1/fleet", "application/x-ndjson", &lines).is(200);
    }
    if let (Some(server), Some(&"altiris")) = (&server, more.first()) {
        server.folder("Software Delivery");
    }
    let mut script = PRELUDE.to_owned();
    for (at, shown) in shell.commands.iter().enumerate() {
        let name = format!("\"$SHELL_STATE/command.{at}\"");
        fs::write(state.path().join(format!("command.{at}")), &shown.command).unwrap();
        script.push_str(&format!(
            "point; {{ eval \"$(cat {name})\"; }} > \"$SHELL_STATE/out.{at}\" 2>&1 < /dev/null; echo $? > \"$SHELL_STATE/code.{at}\"\n"
        ));
        if shown.command.contains("consign serve") {
            script.push_str("started\n");
        }
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    clean(&mut bash);
    bash.args(["--noprofile", "--norc", "-c", &script]).current_dir(&project.root);
    bash.env("PATH", path).env("HOME", &home).env("SHELL_STATE", state.path()).env("TZ", "UTC");
    for (name, value) in [("GIT_AUTHOR_NAME", "you"), ("GIT_AUTHOR_EMAIL", "you@office.example")] {
        bash.env(name, value).env(name.replace("AUTHOR", "COMMITTER"), value);
    }
    if let Some(server) = &server {
        bash.env("CONSIGN_TOKEN", &server.token);
    }
    bash.stdout(Stdio::null()).stderr(Stdio::null());
    run(bash);
    let read = |name: &str, at: usize| {
        let bytes = fs::read(state.path().join(format!("{name}.{at}"))).unwrap_or_default();
        String::from_utf8(bytes).expect("it prints UTF-8")
    };
    let home = home.display().to_string();
    let out = |at: usize| read("out", at).replace(&home, "~").replace(&project.root.display().to_string(), "~/project");
    (0..shell.commands.len()).map(|at| (out(at), read("code", at).trim().parse().unwrap_or(-1))).collect()
}

/// What is another one each time, so that the rest can be compared: addresses, days, times, GUIDs, digests.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        let is = |test: fn(char) -> bool| word.chars().all(test);
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let is_time = digits >= 3 && word.contains(':') && is(|c| c.is_ascii_digit() || ":.-TZ".contains(c));
        let is_day = word.len() >= 10
            && word.matches('-').count() >= 2
            && digits >= 8
            && is(|c| c.is_ascii_digit() || "-:.TZ".contains(c));
        let is_digest = word.len() >= 12 && digits > 0 && is(|c| c.is_ascii_hexdigit() || "-:.".contains(c));
        out.push_str(if is_time || is_day || is_digest { "~" } else { word.as_str() });
        word.clear();
    };
    for c in line.chars() {
        if c.is_ascii_alphanumeric() || "-:.".contains(c) {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    out.trim_end().to_owned()
}

/// Whether a line of a page shows a line of an output; `…` in it stands for any characters.
fn shows_line(shown: &str, line: &str) -> bool {
    let (shown, line) = (plain(shown), plain(line));
    let mut parts = shown.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether the lines of a page show an output; `…` stands for any lines.
fn shows(shown: &[&str], output: &[&str]) -> bool {
    match shown.split_first() {
        None => output.is_empty(),
        Some((&"…", rest)) => (0..=output.len()).any(|at| shows(rest, &output[at..])),
        Some((first, rest)) => {
            output.split_first().is_some_and(|(line, more)| shows_line(first, line) && shows(rest, more))
        }
    }
}

/// A page as it should be, and what is wrong with it.
fn looked_at(page: &Path) -> (String, Vec<String>) {
    let text = fs::read_to_string(page).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut wrong = Vec::new();
    let mut instead: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    for mut shell in shells(page, &text) {
        shell.commands.retain(|shown| !NOT_RUN.contains(&shown.command.split("  #").next().unwrap_or_default().trim()));
        for (shown, (output, code)) in shell.commands.iter().zip(ran(&shell)) {
            let what = format!("{}: `{}`", page.display(), shown.command);
            if code != shown.code {
                wrong.push(format!("{what} ends with {code}, not {}:\n{output}", shown.code));
            }
            // A terminal shows no blank line at the begin or end of these pages.
            let output = output.trim_matches('\n');
            let found: Vec<&str> = output.lines().collect();
            if !shown.lines.is_empty() && !shows(&lines[shown.lines.clone()], &found) {
                wrong.push(format!("{what} prints otherwise:\n{output}"));
                instead.insert(shown.lines.start, (shown.lines.end, output.to_owned()));
            }
        }
    }
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some((end, output)) = instead.remove(&at) {
            out.push_str(&format!("{}\n", output.trim_end()));
            at = end;
        } else {
            out.push_str(&format!("{}\n", lines[at]));
            at += 1;
        }
    }
    (out, wrong)
}

#[test]
fn every_command_of_the_manual_does_what_it_shows() {
    let all = std::sync::Mutex::new(Vec::new());
    let pages = pages();
    let half = pages.len().div_ceil(2);
    let all_of_them = &all;
    std::thread::scope(|scope| {
        for part in pages.chunks(half) {
            scope.spawn(move || {
                for page in part {
                    let (fresh, wrong) = looked_at(page);
                    if !wrong.is_empty() && std::env::var_os("CONSIGN_WRITE_DOCS").is_some() {
                        fs::write(page, fresh).unwrap();
                    }
                    all_of_them.lock().unwrap().extend(wrong);
                }
            });
        }
    });
    let wrong = all.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}\n\nCONSIGN_WRITE_DOCS=1 writes what they print", wrong.join("\n\n"));
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The links of a page, and the anchors that it has.
fn links_and_anchors(text: &str) -> (Vec<String>, BTreeSet<String>) {
    let (mut links, mut anchors) = (Vec::new(), BTreeSet::new());
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => links.push(dest_url.to_string()),
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let name = anchor(&heading.take().unwrap_or_default());
                let numbered = (1..).map(|n| format!("{name}-{n}"));
                let free = std::iter::once(name.clone()).chain(numbered).find(|one| !anchors.contains(one)).unwrap();
                anchors.insert(free);
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    (links, anchors)
}

#[test]
fn every_link_of_the_manual_leads_somewhere() {
    let read = |path: &Path| links_and_anchors(&fs::read_to_string(path).unwrap());
    let mut broken = Vec::new();
    let mut n = 0;
    for page in pages().into_iter().chain([repository().join("ARCHITECTURE.md")]) {
        for link in read(&page).0 {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            n += 1;
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let is_page = target.extension().is_some_and(|ending| ending == "md");
            let leads = target.exists() && (fragment.is_empty() || (is_page && read(&target).1.contains(fragment)));
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(n > 100, "links are looked at");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let docs = repository().join("docs");
    let (links, _) = links_and_anchors(&fs::read_to_string(docs.join("SUMMARY.md")).unwrap());
    let listed: BTreeSet<PathBuf> = links.iter().map(|link| docs.join(link)).collect();
    let all: BTreeSet<PathBuf> =
        pages().into_iter().filter(|page| page.starts_with(&docs) && !page.ends_with("SUMMARY.md")).collect();
    let missing: Vec<&PathBuf> = all.difference(&listed).collect();
    assert!(missing.is_empty(), "not in docs/SUMMARY.md: {missing:?}");
}
