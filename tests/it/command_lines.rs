//! Command lines of real packages: what `check::command` makes of them, which rules they set off, and whether rightly.
//!
//! `docs/command-lines.md` is made here and compared. `tests/data/command-lines.tsv` judges every alarm; one that it does
//! not know fails, and so does a judgement that nothing sets off any more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use consign::check;
use consign::check::command::Certainty;
use consign::check::command::Command;
use consign::check::command::CommandLine;
use consign::check::command::Kind as Installer;
use consign::check::command::Quiet;
use consign::check::command::Restart;
use consign::diag::Loaded;
use consign::model::item::Item;
use consign::model::item::Spec;
use consign::model::kind::ItemKey;
use consign::model::kind::Kind;
use consign::model::package::AfterRunningAction;
use consign::model::package::Package;
use consign::model::package::Program;
use consign::model::package::Source;
use consign::model::package::SourceUnc;
use consign::model::project::Project;
use serde_json::Value;

const ROWS: &str = include_str!("../../examples/estate/data/packages.jsonl");
const JUDGED: &str = include_str!("../data/command-lines.tsv");
const TABLE: &str = include_str!("../../docs/command-lines.md");

/// The rules of command lines.
const RULES: [&str; 5] = ["PRG-1", "PRG-5", "PRG-10", "PRG-11", "PRG-14"];

/// What a line was written for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Install,
    Uninstall,
    /// What a wrapper runs, told beside it. It has placeholders, and sets off no rule here.
    Inner,
}

/// One distinct line of one purpose, with the first row that has it.
struct Line {
    text: String,
    purpose: Purpose,
    rows: usize,
    row: Value,
}

fn rows() -> Vec<Value> {
    ROWS.lines().map(|row| serde_json::from_str(row).expect("the data is JSON")).collect()
}

fn text<'a>(row: &'a Value, pointer: &str) -> &'a str {
    row.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn lines() -> Vec<Line> {
    let mut out: BTreeMap<(Purpose, String), Line> = BTreeMap::new();
    for row in rows() {
        for (purpose, pointer) in [
            (Purpose::Install, "/install_command"),
            (Purpose::Uninstall, "/uninstall_command"),
            (Purpose::Inner, "/extra/inner_command"),
        ] {
            let line = text(&row, pointer);
            if !line.is_empty() {
                out.entry((purpose, line.to_owned()))
                    .or_insert_with(|| Line { text: line.to_owned(), purpose, rows: 0, row: row.clone() })
                    .rows += 1;
            }
        }
    }
    out.into_values().collect()
}

/// What the line is about: the installer behind `cmd`, `start` and PowerShell, where it is in the line.
fn subject(line: &CommandLine) -> Option<&Command> {
    let mut command = line.commands.first()?;
    while let Some(inner) = command.runs.first() {
        command = inner;
    }
    Some(command)
}

/// A program as `examples/estate` writes the row's.
fn program(line: &Line) -> Program {
    let codes = |pointer: &str| line.row.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let own = if line.purpose == Purpose::Uninstall { codes("/extra/uninstall_success_codes") } else { Vec::new() };
    let codes: Vec<i64> =
        if own.is_empty() { codes("/success_codes") } else { own }.iter().filter_map(Value::as_i64).collect();
    let mut program: Program =
        serde_json::from_value(serde_json::json!({"name": "Run", "commandLine": line.text})).expect("a program");
    if !codes.is_empty() {
        program.success_codes = codes;
    }
    let reboot = &line.row["reboot_declared"];
    if line.row.get("reboot_codes").is_some() || *reboot == true || *reboot == "basedOnReturnCode" {
        program.after_running.action = AfterRunningAction::Restart;
    }
    program
}

/// Rule and message of everything that `validate` says of a line.
fn alarms(line: &Line) -> Vec<(&'static str, String)> {
    let mut loaded = Loaded::default();
    let source = Source::Unc(SourceUnc { unc: "\\\\files\\packages".to_owned() });
    let package = Package { source, ..Package::default() };
    loaded.site.insert(Item::new(ItemKey::new(Kind::Package, "P"), Spec::Package(package)));
    loaded.site.insert(Item::new(ItemKey::program("P", "Run"), Spec::Program(program(line))));
    let project: Project =
        serde_json::from_value(serde_json::json!({"apiVersion": "consign/v1", "kind": "Project", "manifests": ["x"]}))
            .expect("a project");
    check::validate(&loaded, &project)
        .iter()
        .filter(|finding| RULES.contains(&finding.rule.id))
        .map(|finding| (finding.rule.id, finding.message.clone()))
        .collect()
}

/// A judgement: rule and line, and whether the alarm is right, with the reason.
fn judged() -> BTreeMap<(&'static str, &'static str), (&'static str, &'static str)> {
    let mut out = BTreeMap::new();
    for row in JUDGED.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [rule, verdict, why, line] = fields[..] else { panic!("four fields: {row}") };
        assert!(["right", "false", "open"].contains(&verdict), "{row}");
        assert!(!why.is_empty(), "{row}");
        assert!(out.insert((rule, line), (verdict, why)).is_none(), "twice: {row}");
    }
    out
}

#[test]
fn every_alarm_on_real_command_lines_is_judged() {
    let judged = judged();
    let mut fired: BTreeSet<(&str, String)> = BTreeSet::new();
    let mut unjudged = String::new();
    for line in lines().iter().filter(|line| line.purpose != Purpose::Inner) {
        for (rule, message) in alarms(line) {
            if fired.insert((rule, line.text.clone())) && !judged.contains_key(&(rule, line.text.as_str())) {
                writeln!(unjudged, "{rule}\t?\t{message}\t{}", line.text).expect("a string takes all");
            }
        }
    }
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/unjudged.tsv"), &unjudged).expect("it can be written");
    assert!(unjudged.is_empty(), "not in tests/data/command-lines.tsv:\n{unjudged}");
    for (rule, line) in judged.keys() {
        assert!(fired.contains(&(rule, (*line).to_owned())), "judged, and set off no more: {rule} {line}");
    }
}

#[test]
fn what_the_data_says_of_itself_is_what_is_found() {
    // Three MSI command lines have no quiet switch (SOURCES.md). Those behind a script are not in the line.
    let msi: Vec<(Value, CommandLine)> = rows()
        .into_iter()
        .filter(|row| ["msi", "msp"].contains(&text(row, "/installer_type")))
        .map(|row| (row.clone(), CommandLine::read(text(&row, "/install_command"))))
        .collect();
    let of = |test: &dyn Fn(&Command) -> bool| {
        msi.iter().filter(|(_, line)| subject(line).is_some_and(test)).map(|(row, _)| row).collect::<Vec<_>>()
    };
    let loud = of(&|command| command.kind == Installer::WindowsInstaller && command.quiet == Quiet::No);
    let names: Vec<&str> = loud.iter().map(|row| text(row, "/installer_file")).collect();
    assert_eq!(names, ["curl-7.40.0-win64.msi", "tortoisehg-5.7.1-x64.msi", "tortoisehg-5.7.1-x86.msi"]);
    // 44 have neither `/norestart` nor `REBOOT=`: 33 of msiexec, and 11 that a script runs.
    let left = of(&|command| command.kind == Installer::WindowsInstaller && command.restart == Restart::Left);
    let wrapped = of(&|command| command.kind == Installer::PowerShell);
    assert_eq!((left.len(), wrapped.len()), (33, 11));
}

#[test]
fn the_table_in_the_manual_is_the_measurement() {
    let table = table();
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/command-lines.md");
    std::fs::write(path, &table).expect("it can be written");
    assert!(table == TABLE, "docs/command-lines.md is not what was measured; the new one is {path}");
}

/// One answer's lines and rows.
#[derive(Clone, Copy, Default)]
struct Count {
    lines: usize,
    rows: usize,
}

impl Count {
    fn add(&mut self, line: &Line) {
        self.lines += 1;
        self.rows += line.rows;
    }
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}

fn table() -> String {
    let lines = lines();
    let read: Vec<(&Line, CommandLine)> = lines.iter().map(|line| (line, CommandLine::read(&line.text))).collect();
    let mut out = HEAD.to_owned();
    kinds(&mut out, &read);
    declared(&mut out, &read);
    evidence(&mut out, &read);
    fired(&mut out, &read);
    out
}

fn kinds(out: &mut String, read: &[(&Line, CommandLine)]) {
    #[derive(Default)]
    struct Row {
        all: Count,
        certain: usize,
        quiet: [usize; 3],
        restart: [usize; 4],
    }
    let mut by: BTreeMap<Installer, Row> = BTreeMap::new();
    let mut total = Row::default();
    for (line, parsed) in read {
        let Some(command) = subject(parsed) else { continue };
        for row in [by.entry(command.kind).or_default(), &mut total] {
            row.all.add(line);
            row.certain += usize::from(command.is_known());
            row.quiet[command.quiet as usize] += 1;
            row.restart[command.restart as usize] += 1;
        }
    }
    out.push_str(KINDS);
    let mut write = |name: &str, row: &Row| {
        let [yes, no, unknown] = row.quiet;
        let [suppressed, forced, left, open] = row.restart;
        let Count { lines, rows } = row.all;
        let certain = share(row.certain, lines);
        writeln!(
            out,
            "| {name} | {lines} | {rows} | {certain} | {yes} | {no} | {unknown} | {suppressed} | {forced} | {left} | {open} |"
        )
        .expect("a string takes all");
    };
    by.iter().for_each(|(kind, row)| write(kind.called(), row));
    write("**all**", &total);
    let unknown = by.get(&Installer::Unknown).map_or(0, |row| row.all.lines);
    let lines = total.all.lines;
    let recognised = share(lines - unknown, lines);
    let certain = share(total.certain, lines);
    writeln!(out, "\nOf {lines} lines the kind is told of {recognised}, and for certain of {certain}.")
        .expect("a string takes all");
    out.push_str(UNKNOWN);
    for (line, parsed) in read.iter().filter(|(_, parsed)| parsed.faults.is_empty()) {
        if subject(parsed).is_some_and(|command| command.kind == Installer::Unknown && command.quiet == Quiet::Unknown)
        {
            writeln!(out, "- `{}`", line.text).expect("a string takes all");
        }
    }
}

fn declared(out: &mut String, read: &[(&Line, CommandLine)]) {
    let mut by: BTreeMap<&str, (Count, BTreeMap<(&str, &str), usize>)> = BTreeMap::new();
    for (line, parsed) in read.iter().filter(|(line, _)| line.purpose == Purpose::Install) {
        let Some(command) = subject(parsed) else { continue };
        let (count, kinds) = by.entry(text(&line.row, "/installer_type")).or_default();
        count.add(line);
        *kinds.entry((command.kind.called(), how(command))).or_default() += 1;
    }
    out.push_str(DECLARED);
    for (declared, (count, kinds)) in by {
        for ((kind, how), n) in kinds {
            writeln!(out, "| {declared} | {kind} | {how} | {n} | {} |", share(n, count.lines))
                .expect("a string takes all");
        }
    }
}

fn how(command: &Command) -> &'static str {
    match (command.kind, command.certainty) {
        (Installer::Unknown, _) => "not at all",
        (_, Certainty::Program) => "name",
        (_, Certainty::Switches) => "switches",
        (_, Certainty::Guess) => "guess",
    }
}

/// What somebody other than the command line says of the installer: the name of its uninstaller, or of the log that the
/// package's author chose.
fn witness(row: &Value) -> Option<(Installer, &'static str)> {
    let uninstall = text(row, "/uninstall_command").to_lowercase();
    let install = text(row, "/install_command");
    let has_number = |at: usize| uninstall[at..].get(5..8).is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()));
    if uninstall.match_indices("unins").any(|(at, _)| has_number(at)) {
        Some((Installer::InnoSetup, "uninstalled by `unins000.exe`"))
    } else if install.contains("InnoInstall.log") {
        Some((Installer::InnoSetup, "its author's log is `….InnoInstall.log`"))
    } else if install.contains("MsiInstall.log") {
        Some((Installer::WindowsInstaller, "its author's log is `….MsiInstall.log`"))
    } else if uninstall.contains("\\package cache\\{") {
        Some((Installer::Burn, "uninstalled from `Package Cache`"))
    } else if uninstall.starts_with("msiexec") && uninstall.contains("/x {") && text(row, "/installer_type") == "exe" {
        Some((Installer::WindowsInstaller, "an `exe` that is uninstalled by its product code"))
    } else {
        None
    }
}

fn evidence(out: &mut String, read: &[(&Line, CommandLine)]) {
    let mut by: BTreeMap<(&str, &str, &str, &str), usize> = BTreeMap::new();
    let mut unwitnessed = 0;
    for (line, parsed) in read.iter().filter(|(line, _)| line.purpose == Purpose::Install) {
        let Some(command) = subject(parsed) else { continue };
        match witness(&line.row) {
            Some((kind, why)) => {
                *by.entry((why, kind.called(), command.kind.called(), how(command))).or_default() += 1;
            }
            None => unwitnessed += 1,
        }
    }
    out.push_str(EVIDENCE);
    for ((why, kind, answer, how), n) in by {
        writeln!(out, "| {why} | {kind} | {answer} | {how} | {n} |").expect("a string takes all");
    }
    writeln!(out, "\nOf the other {unwitnessed} lines that install, nothing but the line itself tells what they run.")
        .expect("a string takes all");
}

fn fired(out: &mut String, read: &[(&Line, CommandLine)]) {
    let judged = judged();
    let mut by: BTreeMap<(Installer, &str), [usize; 3]> = BTreeMap::new();
    let mut totals: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut wrong: BTreeSet<(&str, &str, &str, &str)> = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (line, parsed) in read.iter().filter(|(line, _)| line.purpose != Purpose::Inner) {
        let kind = subject(parsed).map_or(Installer::Unknown, |command| command.kind);
        let rules: BTreeSet<&str> = alarms(line).into_iter().map(|(rule, _)| rule).collect();
        for rule in rules {
            let Some((verdict, why)) = judged.get(&(rule, line.text.as_str())) else { continue };
            if !seen.insert((rule, line.text.as_str())) {
                continue;
            }
            let at = ["right", "false", "open"].iter().position(|known| known == verdict).expect("checked when read");
            by.entry((kind, rule)).or_default()[at] += 1;
            totals.entry(rule).or_default()[at] += 1;
            if *verdict != "right" {
                wrong.insert((rule, verdict, &line.text, why));
            }
        }
    }
    out.push_str(FIRED);
    for ((kind, rule), [right, no, open]) in by {
        writeln!(out, "| {} | {rule} | {right} | {no} | {open} |", kind.called()).expect("a string takes all");
    }
    for (rule, [right, no, open]) in totals {
        writeln!(out, "| **all** | {rule} | {right} | {no} | {open} |").expect("a string takes all");
    }
    out.push_str(WRONG);
    for (rule, verdict, line, why) in wrong {
        let line = line.replace('|', "\\|");
        writeln!(out, "| {rule} | {verdict} | `{line}` | {why} |").expect("a string takes all");
    }
}

const HEAD: &str = "# Command lines, measured

What `consign validate` understands of the command lines of real packages, and how often it is wrong. The data is
`examples/estate/data/packages.jsonl`: 1,391 versions of 722 packages from public repositories; `SOURCES.md` beside it
names them and their licences. A test makes this page and compares. Every alarm is judged in
`tests/data/command-lines.tsv`; an alarm without a judgement fails the test.

A line counts once for each of what it is for: to install, to uninstall, or, told beside a wrapper, what that runs. Lines
that a wrapper holds (`cmd /c …`, `forfiles … /c …`) count as what they run.
";

const KINDS: &str = "
## What is recognised

*Certain* is the share whose kind is known by a name or by switches that no other kind has. The rest of a kind is a guess,
on which no finding rests. For *unknown*, quiet and restart are believed where a common switch says them.

| kind | lines | rows | certain | quiet | asks | not told | restart kept back | forced | left to it | not told |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const UNKNOWN: &str = "
### What is not understood

Lines of an unknown kind without a switch that is known to keep anything quiet. No rule says whether they wait for a person;
a line of which PRG-14 says what is wrong is left out.

";

const DECLARED: &str = "
## Against the declared type

What the sources declare of the file, for lines that install. That an `msi` is run by `msiexec` was joined by whoever
collected the rows, so its share shows only that nothing is lost; the `exe` rows are the test.

| declared | recognised as | by | lines | share |
| --- | --- | --- | ---: | ---: |
";

const EVIDENCE: &str = "
## Against other witnesses

Where something else than the line tells what it installs, for lines that install. The kinds that the collectors of the
data noted are no witness: they were guessed from the same switches. What is uninstalled by a product code holds an MSI,
and may still be a bundle or any other wrapper around it.

| witness | is | recognised as | by | lines |
| --- | --- | --- | --- | ---: |
";

const FIRED: &str = "
## Rules that fire, and whether rightly

*Right* means that what the finding says is so by the installer's own documentation, or by how Windows reads the line; it
does not mean that the installation failed for anyone: nothing was installed. *Open* means that it depends on something that
no command line tells. Alarms are judged by reading them, not by a second program.

| kind | rule | right | false | open |
| --- | --- | ---: | ---: | ---: |
";

const WRONG: &str = "
## Each alarm that is false or open

| rule | verdict | line | why |
| --- | --- | --- | --- |
";
