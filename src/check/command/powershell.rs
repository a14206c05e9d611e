//! PowerShell: its own switches, which may be cut short, and the programs that its script runs, where they stand in the
//! command line itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Certainty;
use super::Command;
use super::Fault;
use super::Kind;
use super::Quiet;
use super::Restart;
use super::Word;
use super::one;
use super::quoting;

/// What follows a switch.
enum Then {
    /// Nothing.
    Next,
    /// A value.
    Value,
    /// A script file, and its arguments.
    File,
    /// A script, to the end of the line.
    Script,
    /// A script in Base64.
    Encoded,
}

/// A switch without its dash, however short it may be cut.
fn meaning(switch: &str) -> Then {
    // Name, and the fewest letters that still mean it.
    const VALUES: [(&str, usize); 9] = [
        ("executionpolicy", 2),
        ("windowstyle", 1),
        ("version", 1),
        ("outputformat", 1),
        ("inputformat", 1),
        ("configurationname", 6),
        ("psconsolefile", 3),
        ("encodedarguments", 8),
        ("workingdirectory", 2),
    ];
    let is = |name: &str, least: usize| switch.len() >= least && name.starts_with(switch);
    if is("command", 1) {
        Then::Script
    } else if is("file", 1) {
        Then::File
    } else if switch == "ec" || (is("encodedcommand", 1) && switch.len() < 8) || is("encodedcommand", 8) {
        Then::Encoded
    } else if ["ep", "ex", "if", "of", "wd"].contains(&switch) || VALUES.iter().any(|(name, least)| is(name, *least)) {
        Then::Value
    } else {
        Then::Next
    }
}

/// Reads `command`, which is `powershell` or `pwsh`.
pub(super) fn read(command: &mut Command, depth: u8) {
    command.known(Kind::PowerShell, Certainty::Program);
    let words = std::mem::take(&mut command.arguments);
    let mut asks_nobody = false;
    let mut script = None;
    let mut runs_something = false;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let Some(switch) = word.switch().map(str::to_ascii_lowercase) else {
            // Without a switch, Windows PowerShell takes the rest for a script, and `pwsh` for a file.
            runs_something = true;
            script = Some(text_of(&words[at..]));
            break;
        };
        asks_nobody |= switch.len() >= 4 && "noninteractive".starts_with(&switch);
        if switch.len() >= 3 && "noexit".starts_with(&switch) {
            (command.quiet, command.loud) = (Quiet::No, Some(word.range.clone()));
        }
        at += 1;
        match meaning(&switch) {
            Then::Next => continue,
            Then::Value => at += 1,
            Then::File => {
                command.target = words.get(at).map(|word| word.text.clone());
                runs_something = true;
                break;
            }
            Then::Script => {
                script = Some(text_of(&words[at..]));
                runs_something = true;
                break;
            }
            Then::Encoded => {
                script = words.get(at).and_then(|word| decoded(&word.text));
                runs_something = true;
                break;
            }
        }
    }
    command.arguments = words;
    if !runs_something && command.quiet == Quiet::Unknown {
        // A prompt, which waits for somebody.
        command.quiet = Quiet::No;
    }
    if let Some(script) = script {
        self::script(command, &script, depth);
    }
    if asks_nobody && command.quiet == Quiet::Unknown {
        command.quiet = Quiet::Yes;
    }
}

fn text_of(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// A script in UTF-16, little end first, in Base64.
fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).ok()?;
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

/// What a script runs: each of its statements that names a program, or restarts the computer.
fn script(command: &mut Command, script: &str, depth: u8) {
    for statement in statements(script) {
        let mut words = statement.iter().map(String::as_str);
        let Some(first) = words.next() else { continue };
        let words: Vec<&str> = words.collect();
        let lower = first.to_ascii_lowercase();
        match lower.as_str() {
            "restart-computer" | "stop-computer" => {
                let word = Word { text: first.to_owned(), range: 0..first.len() };
                let mut inner = Command::new(first, None, word, Vec::new());
                inner.known(Kind::Shutdown, Certainty::Program);
                (inner.quiet, inner.restart) = (Quiet::Yes, Restart::Forced);
                command.runs.push(inner);
            }
            "read-host" | "pause" | "get-credential" => command.quiet = Quiet::No,
            "start-process" | "saps" | "start" => command.runs.extend(started(&words, depth)),
            "&" | "." => {
                if let Some((program, arguments)) = words.split_first() {
                    command.runs.extend(run(program, arguments, depth));
                }
            }
            _ if is_program(&lower) => command.runs.extend(run(first, &words, depth)),
            _ => {}
        }
    }
}

/// Whether a word is a program rather than something of PowerShell.
fn is_program(word: &str) -> bool {
    const BARE: [&str; 12] = [
        "msiexec",
        "shutdown",
        "cmd",
        "wusa",
        "dism",
        "reg",
        "regedit",
        "regsvr32",
        "wscript",
        "cscript",
        "powershell",
        "pwsh",
    ];
    BARE.contains(&word) || [".exe", ".cmd", ".bat", ".msi"].iter().any(|ending| word.ends_with(ending))
}

/// The program that `Start-Process` starts.
fn started(words: &[&str], depth: u8) -> Option<Command> {
    let (mut program, mut arguments) = (None, None);
    let mut at = 0;
    while at < words.len() {
        let word = words[at].to_ascii_lowercase();
        at += 1;
        let Some(name) = word.strip_prefix('-') else {
            let value = list(words, &mut at);
            if program.is_none() {
                program = Some(value)
            } else {
                arguments = arguments.or(Some(value))
            }
            continue;
        };
        if name.len() >= 2 && ("filepath".starts_with(name) || name == "pspath") {
            at += 1;
            program = Some(list(words, &mut at));
        } else if name == "args" || (!name.is_empty() && "argumentlist".starts_with(name)) {
            at += 1;
            arguments = Some(list(words, &mut at));
        } else if ["verb", "workingdirectory", "windowstyle", "credential"].contains(&name) {
            at += 1;
        }
    }
    // What stands in the list is put together with blanks, and nothing is quoted.
    let arguments: Vec<String> = arguments.into_iter().flatten().collect();
    let program = program?.into_iter().next()?;
    line(&program, &arguments.join(" "), depth)
}

/// The value that ends before word `at`, with those that commas join to it. Leaves `at` behind it.
fn list(words: &[&str], at: &mut usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut from = at.saturating_sub(1);
    while let Some(word) = words.get(from) {
        from += 1;
        if *word == "," {
            continue;
        }
        out.push((*word).to_owned());
        if words.get(from) != Some(&",") {
            break;
        }
    }
    *at = from;
    out
}

/// A program that PowerShell runs with these arguments: it quotes those with blanks.
fn run(program: &str, arguments: &[&str], depth: u8) -> Option<Command> {
    let text = quoting::join("x", arguments.iter().copied())?;
    line(program, &text[1..], depth)
}

fn line(program: &str, arguments: &str, depth: u8) -> Option<Command> {
    let program = quoting::join(program, [])?;
    // What is wrong with quotes in there was said in PowerShell's own.
    let mut unused: Vec<Fault> = Vec::new();
    one(&format!("{program} {arguments}"), None, true, depth + 1, &mut unused)
}

/// The statements of a script, each as words. Strings lose their quotes; a block's statements count as statements.
fn statements(script: &str) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        let ends = matches!(c, ';' | '\n' | '\r' | '|' | '{' | '}' | '(' | ')');
        if ends || c.is_whitespace() || c == ',' {
            let last = out.last_mut().expect("there is one from the start");
            last.extend(word.take());
            if ends {
                out.push(Vec::new());
            } else if c == ',' {
                last.push(",".to_owned());
            }
            continue;
        }
        let current = word.get_or_insert_default();
        match c {
            '\'' => {
                while let Some(c) = chars.next() {
                    if c != '\'' {
                        current.push(c);
                    } else if chars.next_if_eq(&'\'').is_some() {
                        current.push('\'');
                    } else {
                        break;
                    }
                }
            }
            '"' => {
                while let Some(c) = chars.next() {
                    match c {
                        '`' => current.extend(chars.next()),
                        '"' if chars.next_if_eq(&'"').is_some() => current.push('"'),
                        '"' => break,
                        c => current.push(c),
                    }
                }
            }
            '`' => current.extend(chars.next()),
            // `&` before a name runs it, also without a blank.
            '&' if current.is_empty() => {
                word = None;
                out.push(vec!["&".to_owned()]);
            }
            c => current.push(c),
        }
    }
    out.last_mut().expect("there is one from the start").extend(word);
    out
}
