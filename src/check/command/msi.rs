//! `msiexec`, which reads its command line in its own way: backslashes are never escapes, two quotes within quotes are
//! one, options come after `/` or `-` in any case and may carry their value, and what it does not know makes it show its
//! help and return 1639.

use std::ops::Range;

use super::Action;
use super::Certainty;
use super::Command;
use super::Kind;
use super::Quiet;
use super::Refused;
use super::Restart;
use super::Word;
use super::program;

/// Reads `command` if it is `msiexec`, or an `.msi` or `.msp` by itself, which Windows opens with it.
pub(super) fn read(command: &mut Command) -> bool {
    let by_itself = ["msi", "msp"].into_iter().find(|ending| program::ends(&command.program, &format!(".{ending}")));
    if by_itself.is_none() && command.file_name() != "msiexec" {
        return false;
    }
    let mut options = Options::default();
    match by_itself {
        Some("msp") => options.take_action(Action::Patch, &command.program.clone()),
        Some(_) => options.take_action(Action::Install, &command.program.clone()),
        None => {}
    }
    options.read(&command.text, command.name.end);
    options.apply(command);
    command.known(Kind::WindowsInstaller, Certainty::Program);
    true
}

/// Options of Windows Installer that something else hands on, as InstallShield's `/v"/qn"` does.
pub(super) fn handed_on(text: &str) -> Options {
    let mut options = Options { is_handed_on: true, ..Options::default() };
    options.read(text, 0);
    options
}

/// How much it shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Level {
    #[default]
    Default,
    /// Nothing, or progress.
    Quiet,
    /// Its dialogs, or one at the end.
    Asks,
}

/// What the options of `msiexec` come to.
#[derive(Debug, Default)]
pub(super) struct Options {
    action: Option<Action>,
    target: Option<String>,
    level: Level,
    loud: Option<Range<usize>>,
    forcing: Option<Range<usize>>,
    suppressed: bool,
    prompts: bool,
    properties: std::collections::BTreeMap<String, String>,
    refused: Vec<Refused>,
    is_handed_on: bool,
    to_user: bool,
}

/// One word, and whether a quote stood before its first character.
struct Raw {
    text: String,
    range: Range<usize>,
    opens_quoted: bool,
}

/// Splits as `msiexec` does.
fn words(line: &str, from: usize) -> Vec<Raw> {
    let mut out: Vec<Raw> = Vec::new();
    let mut quoted = false;
    let mut current: Option<Raw> = None;
    let mut chars = line[from..].char_indices().map(|(at, c)| (from + at, c)).peekable();
    while let Some((at, c)) = chars.next() {
        if matches!(c, ' ' | '\t') && !quoted {
            out.extend(current.take().map(|word| Raw { range: word.range.start..at, ..word }));
            continue;
        }
        let word =
            current.get_or_insert_with(|| Raw { text: String::new(), range: at..line.len(), opens_quoted: c == '"' });
        if c != '"' {
            word.text.push(c);
        } else if quoted && chars.next_if(|(_, next)| *next == '"').is_some() {
            word.text.push('"');
        } else {
            quoted = !quoted;
        }
    }
    out.extend(current);
    out
}

/// Its arguments, as it splits them.
pub(super) fn arguments(line: &str, from: usize) -> Vec<Word> {
    words(line, from).into_iter().map(|word| Word { text: word.text, range: word.range }).collect()
}

/// Which value an option takes.
enum Takes {
    Nothing,
    /// A package or product code to act on.
    Target(Action),
    /// Something else: a log, a transform.
    Value,
    /// An option that does not exist.
    Refused,
}

impl Options {
    fn take_action(&mut self, action: Action, target: &str) {
        // `/p PATCH /i PACKAGE` and `/i PACKAGE /p PATCH` are both a patch; of others the last holds.
        if self.action != Some(Action::Patch) {
            self.action = Some(action);
        }
        self.target = Some(target.to_owned());
    }

    fn read(&mut self, line: &str, from: usize) {
        let mut words = words(line, from).into_iter().peekable();
        while let Some(word) = words.next() {
            let option = word.text.strip_prefix(['/', '-']).filter(|_| !word.opens_quoted);
            let Some(option) = option else {
                self.property(&word);
                continue;
            };
            for (option, range) in unbundled(option, &word.range) {
                let (takes, attached) = self.option(option, &range);
                let mut value = || {
                    if !attached.is_empty() {
                        return Some(attached.to_owned());
                    }
                    let is_value = |next: &Raw| next.opens_quoted || !next.text.starts_with(['/', '-']);
                    words.next_if(is_value).map(|next| next.text)
                };
                match takes {
                    Takes::Nothing => {}
                    Takes::Target(action) => match value() {
                        Some(target) => self.take_action(action, &target),
                        None => self.refuse(&word.text, "names no package"),
                    },
                    Takes::Value => {
                        if value().is_none() {
                            self.refuse(&word.text, "has no value");
                        }
                    }
                    Takes::Refused => self.refuse(&word.text, "is no option of it"),
                }
            }
        }
        if self.action.is_none() && !self.is_handed_on && self.refused.is_empty() && self.loud.is_none() {
            self.refuse("msiexec", "is not told what to install");
        }
    }

    fn refuse(&mut self, word: &str, why: &'static str) {
        self.refused.push(Refused { word: word.to_owned(), why });
    }

    /// One option without its slash: what it takes, and what of it is attached.
    fn option<'a>(&mut self, option: &'a str, range: &Range<usize>) -> (Takes, &'a str) {
        let lower = option.to_ascii_lowercase();
        match lower.as_str() {
            "quiet" | "passive" => (self.level, self.loud) = (Level::Quiet, None),
            "norestart" => self.suppressed = true,
            "promptrestart" => self.prompts = true,
            "forcerestart" => self.forcing = Some(range.clone()),
            "help" | "?" | "h" => (self.level, self.loud) = (Level::Asks, Some(range.clone())),
            "package" => return (Takes::Target(Action::Install), ""),
            "uninstall" => return (Takes::Target(Action::Uninstall), ""),
            "update" => return (Takes::Target(Action::Patch), ""),
            "log" | "t" | "g" | "n" | "y" | "z" => return (Takes::Value, ""),
            "c" => {}
            _ => return self.lettered(option, &lower, range),
        }
        (Takes::Nothing, "")
    }

    /// An option of one letter, with flags or a value behind it.
    fn lettered<'a>(&mut self, option: &'a str, lower: &str, range: &Range<usize>) -> (Takes, &'a str) {
        let mut chars = lower.chars();
        let letter = chars.next();
        let rest = chars.as_str();
        let attached = option.get(letter.map_or(0, char::len_utf8)..).unwrap_or_default();
        // `/i` with a word behind it carries a file or a product code, or it is no option.
        let is_target = rest.is_empty() || rest.contains(['.', '{', '\\', ':']);
        let flags = |allowed: &str| rest.chars().take_while(|c| allowed.contains(*c)).count();
        match letter {
            Some('q') => return (self.user_interface(rest, range), ""),
            Some('i') if is_target => return (Takes::Target(Action::Install), attached),
            Some('x') if is_target => return (Takes::Target(Action::Uninstall), attached),
            Some('p') if is_target => return (Takes::Target(Action::Patch), attached),
            Some('a') if is_target => return (Takes::Target(Action::Prepare), attached),
            Some('f') => {
                let flags = flags("poedcaumsv");
                if flags == rest.len() || rest[flags..].starts_with('{') {
                    return (Takes::Target(Action::Repair), &attached[flags..]);
                }
            }
            Some('j') => {
                let flags = flags("um");
                if flags == rest.len() || rest[flags..].starts_with('{') {
                    self.to_user |= rest.starts_with('u');
                    return (Takes::Target(Action::Prepare), &attached[flags..]);
                }
            }
            Some('l') if flags("iwearucmopvx+!*") == rest.len() => return (Takes::Value, ""),
            _ => {}
        }
        (Takes::Refused, "")
    }

    /// `/q` with `n`, `b`, `r` or `f`, and `+`, `-` or `!` behind it.
    fn user_interface(&mut self, rest: &str, range: &Range<usize>) -> Takes {
        let level = rest.chars().next().filter(|c| "nbrf".contains(*c));
        let modifiers = &rest[level.map_or(0, char::len_utf8)..];
        if modifiers.len() > 2 || !modifiers.chars().all(|c| "+-!".contains(c)) {
            return Takes::Refused;
        }
        // With `+` a box at the end waits for somebody; `f` shows all there is.
        let asks = level == Some('f') || modifiers.contains('+');
        (self.level, self.loud) = if asks { (Level::Asks, Some(range.clone())) } else { (Level::Quiet, None) };
        Takes::Nothing
    }

    /// `NAME=value`, or a word that has no business there.
    fn property(&mut self, word: &Raw) {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
        };
        let Some((name, value)) = word.text.split_once('=').filter(|(name, _)| is_name(name)) else {
            return self.refuse(&word.text, "is neither an option nor a property");
        };
        let name = name.to_ascii_uppercase();
        if name == "REBOOT" {
            // Its first letter alone counts: Force, Suppress, ReallySuppress.
            match value.chars().next().map(|c| c.to_ascii_lowercase()) {
                Some('f') => self.forcing = Some(word.range.clone()),
                // With Suppress, only a package that forces a restart half-way still does.
                Some('r' | 's') => self.suppressed = true,
                _ => {}
            }
        }
        self.properties.insert(name, value.to_owned());
    }

    pub(super) fn quiet(&self) -> Quiet {
        match (self.level, self.action) {
            (Level::Quiet, _) => Quiet::Yes,
            (Level::Asks, _) => Quiet::No,
            // A repair or an offer shows its progress, and perhaps no more.
            (Level::Default, Some(Action::Repair | Action::Prepare) | None) => Quiet::Unknown,
            (Level::Default, _) => Quiet::No,
        }
    }

    pub(super) fn restart(&self) -> Restart {
        if self.forcing.is_some() {
            Restart::Forced
        } else if self.suppressed {
            Restart::Suppressed
        } else if self.prompts {
            Restart::Left
        } else {
            match self.action {
                Some(Action::Prepare) | None if !self.is_handed_on => Restart::Unknown,
                _ => Restart::Left,
            }
        }
    }

    /// What asks for an installation for the user who runs it alone (PRG-11). `MSIINSTALLPERUSER` counts where
    /// `ALLUSERS` leaves a choice.
    fn per_user(&self) -> Option<String> {
        let all = self.properties.get("ALLUSERS").map(String::as_str);
        let alone = self.properties.get("MSIINSTALLPERUSER").map(String::as_str);
        if self.action == Some(Action::Uninstall) {
            None
        } else if all == Some("") {
            Some("ALLUSERS=\"\"".to_owned())
        } else if alone == Some("1") && all != Some("1") {
            Some("MSIINSTALLPERUSER=1".to_owned())
        } else {
            self.to_user.then(|| "/ju".to_owned())
        }
    }

    pub(super) fn hand_on(self, command: &mut Command) {
        command.per_user = self.per_user();
        command.properties.extend(self.properties);
    }

    fn apply(self, command: &mut Command) {
        command.quiet = self.quiet();
        command.restart = self.restart();
        command.action = self.action.unwrap_or(Action::Other);
        command.per_user = self.per_user();
        (command.target, command.properties, command.refused) = (self.target, self.properties, self.refused);
        (command.loud, command.forcing) = (self.loud, self.forcing);
    }
}

/// `/qn/norestart` is two options, and so is `/x{…}/qn`. A path's slashes are its own.
fn unbundled<'a>(option: &'a str, range: &Range<usize>) -> Vec<(&'a str, Range<usize>)> {
    let is_path = option.contains(['.', '\\', ':']);
    if is_path || !option.contains('/') || range.len() != option.len() + 1 {
        return vec![(option, range.clone())];
    }
    let mut at = range.start;
    let mut out = Vec::new();
    for part in option.split('/') {
        out.push((part, at..at + 1 + part.len()));
        at += 1 + part.len();
    }
    out
}
