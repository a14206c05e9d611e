//! Changes of a command line, each read again before it is offered: it runs the same programs with the same arguments but
//! for what was to change, nothing is wrong with it that was not, and what was to be mended is.

use std::ops::Range;

use super::Command;
use super::CommandLine;
use super::Fault;
use super::Kind;
use super::Word;
use super::in_one_line;
use super::msi;
use super::program;
use super::quoting;

/// The whole `line` with a piece of `command`, one that it was read into, replaced. `None` where that piece does not stand
/// there as it is, where the line would come to mean something else besides, or where the command is not `cured` by it.
pub(in crate::check) fn replaced(
    line: &str,
    command: &Command,
    range: &Range<usize>,
    by: &str,
    cured: impl Fn(&Command) -> bool,
) -> Option<String> {
    let place = command.place?;
    let (from, to) = (place + range.start, place + range.end);
    let (before, after) = (line.get(..from)?, line.get(to..)?);
    // Nothing in the place of a word takes the blank before it along.
    let before = if by.is_empty() { before.trim_end_matches([' ', '\t']) } else { before };
    let mended = format!("{before}{by}{after}");

    let (old, new) = (CommandLine::read(line), CommandLine::read(&mended));
    let same = |one: &&Command| one.place == command.place && one.name == command.name && one.text == command.text;
    let at = old.each().iter().position(same)?;
    let mut expected = told(&old);
    expected[at] = edited(command, range, by)?;
    let is_cured = new.each().get(at).is_some_and(|command| cured(command));
    (mended != line && is_cured && told(&new) == expected && no_worse(&old, &new)).then_some(mended)
}

/// The whole `line` without `fault`, one that was found in it; `None` where no change of it is certain.
pub(in crate::check) fn without(line: &str, fault: &Fault) -> Option<String> {
    let old = CommandLine::read(line);
    let mut expected = told(&old);
    let candidates = match fault {
        Fault::LineBreak => {
            // Nothing was read of it.
            let mended = in_one_line(line);
            return (CommandLine::read(&mended).faults.len() <= 1 && mended != line).then_some(mended);
        }
        Fault::UnquotedPath(range) | Fault::UnquotedVariable(range, _) => {
            let (before, path, after) = (&line[..range.start], line.get(range.clone())?, &line[range.end..]);
            let alone = format!("{before}\"{path}\"{after}");
            // `cmd` takes the first and the last quote behind `/c` away, unless there are two more around it all.
            let around = end_of_shell(&old, range.start).and_then(|end| {
                let (rest, behind) = (line.get(range.end..end)?, line.get(end..)?);
                Some(format!("{before}\"\"{path}\"{rest}\"{behind}"))
            });
            around.into_iter().chain([alone]).collect()
        }
        Fault::StrippedQuotes(range, _) => {
            let (before, inner, after) = (&line[..range.start], line.get(range.clone())?, &line[range.end..]);
            vec![format!("{before}\"{inner}\"{after}")]
        }
        Fault::BuiltIn(_) => {
            expected.insert(0, ("cmd.exe".to_owned(), None));
            vec![format!("cmd.exe /c {line}")]
        }
        Fault::Misspelt(name, known) => {
            let at = expected.iter().position(|(program, _)| program == name)?;
            let from = line.find(name.as_str())?;
            expected[at].0 = format!("{known}.exe");
            vec![format!("{}{known}.exe{}", &line[..from], &line[from + name.len()..])]
        }
        _ => Vec::new(),
    };
    let count = |line: &CommandLine| line.faults.iter().filter(|one| is_alike(one, fault)).count();
    candidates.into_iter().find(|mended: &String| {
        let new = CommandLine::read(mended);
        told(&new) == expected && count(&new) < count(&old) && no_worse(&old, &new)
    })
}

/// Program and arguments. What a shell runs is told of what it runs, and not of its arguments.
type Told = (String, Option<Vec<String>>);

fn told(line: &CommandLine) -> Vec<Told> {
    let one = |command: &&Command| {
        let is_shell = matches!(command.kind, Kind::Shell | Kind::Launcher) && !command.runs.is_empty();
        let arguments = words(command).into_iter().map(|word| word.text).collect();
        (command.program.clone(), (!is_shell).then_some(arguments))
    };
    line.each().iter().map(one).collect()
}

/// The arguments as the program itself splits them.
fn words(command: &Command) -> Vec<Word> {
    match command.file_name().as_str() {
        "msiexec" => msi::arguments(&command.text, command.name.end),
        _ => command.arguments.clone(),
    }
}

/// What `command` is to be with a piece replaced, if all other words stay.
fn edited(command: &Command, range: &Range<usize>, by: &str) -> Option<Told> {
    let (before, after) = (command.text.get(..range.start)?, command.text.get(range.end..)?);
    let before = if by.is_empty() { before.trim_end_matches([' ', '\t']) } else { before };
    let text = format!("{before}{by}{after}");
    let name = program::start(&text, None, true, &mut Vec::new());
    let is_msi = program::file_name(&name.text) == "msiexec";
    let split = |text: &str, from| {
        let words = if is_msi { msi::arguments(text, from) } else { quoting::arguments(text, from).words };
        words.into_iter().map(|word| (word.text, word.range)).collect::<Vec<_>>()
    };
    let old = split(&command.text, command.name.end);
    let new: Vec<String> = split(&text, name.range.end).into_iter().map(|(word, _)| word).collect();
    let head = old.iter().take_while(|(_, word)| word.end <= range.start).map(|(word, _)| word);
    let tail = old.iter().rev().take_while(|(_, word)| word.start >= range.end).map(|(word, _)| word);
    let (ahead, behind) = (head.clone().count(), tail.clone().count());
    let stays = new.len() >= ahead + behind && head.eq(&new[..ahead]) && tail.eq(new.iter().rev().take(behind));
    stays.then_some((name.text, Some(new)))
}

/// Where the text ends of the innermost `cmd` whose line begins at `start` of the whole line.
fn end_of_shell(line: &CommandLine, start: usize) -> Option<usize> {
    let begins = |command: &&&Command| {
        let place = command.place.filter(|_| command.kind == Kind::Shell);
        let before = place.and_then(|place| command.text.get(command.name.end..start.checked_sub(place)?));
        // Behind `/c`, and with no quotes around it.
        before.is_some_and(|text| {
            let text = text.trim_end().to_ascii_lowercase();
            (text.ends_with("/c") || text.ends_with("/k") || text.ends_with("/r")) && !text.contains('"')
        })
    };
    let each = line.each();
    let shell = each.iter().rev().find(begins)?;
    shell.place.map(|place| place + shell.text.len())
}

fn is_alike(one: &Fault, other: &Fault) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// Whether no fault came that was not there.
fn no_worse(old: &CommandLine, new: &CommandLine) -> bool {
    let count = |line: &CommandLine, fault: &Fault| line.faults.iter().filter(|one| is_alike(one, fault)).count();
    new.faults.iter().all(|fault| count(new, fault) <= count(old, fault))
}
