//! Windows quoting: a command line to arguments, and back.
//!
//! Windows hands a program one text; what its arguments are is the business of the program. Most leave it to the C
//! runtime, whose rules are here. `msiexec` and `cmd` have rules of their own, in `msi` and `shell`.

use std::ops::Range;

/// One argument, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What the program gets: quotes and escapes are gone.
    pub text: String,
    /// The bytes that it was made from, within the text that was split.
    pub range: Range<usize>,
}

impl Word {
    /// Whether it is a switch of this name: after `/` or `-`, in any case.
    pub fn is_switch(&self, name: &str) -> bool {
        self.switch().is_some_and(|switch| switch.eq_ignore_ascii_case(name))
    }

    /// What follows `/`, `-` or `--`, where it begins with one of them.
    pub fn switch(&self) -> Option<&str> {
        let text = &self.text;
        text.strip_prefix('/').or_else(|| text.strip_prefix("--")).or_else(|| text.strip_prefix('-'))
    }
}

/// What a command line comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The program, then its arguments.
    pub words: Vec<Word>,
    /// The byte of a quote that is never closed.
    pub unclosed: Option<usize>,
}

/// Splits as the C runtime does, the program's name first.
///
/// In the name a quote only opens and closes, and a backslash is a backslash. In arguments, backslashes before a quote
/// count in pairs: an even number of them leaves half and the quote opens or closes; an odd one leaves half and the quote
/// is text. Within quotes, two quotes are one that is text. Space and tab separate, and nothing else does.
pub fn split(line: &str) -> Split {
    if line.is_empty() {
        return Split::default();
    }
    let (name, mut unclosed) = program(line);
    let arguments = arguments(line, name.range.end);
    unclosed = unclosed.or(arguments.unclosed);
    let mut words = vec![name];
    words.extend(arguments.words);
    Split { words, unclosed }
}

/// The program's name at the beginning of a line, and the quote in it that is never closed.
pub(super) fn program(line: &str) -> (Word, Option<usize>) {
    let (mut text, mut open) = (String::new(), None);
    for (at, c) in line.char_indices() {
        match c {
            '"' => open = if open.is_some() { None } else { Some(at) },
            ' ' | '\t' if open.is_none() => return (Word { text, range: 0..at }, None),
            c => text.push(c),
        }
    }
    (Word { text, range: 0..line.len() }, open)
}

/// The arguments in `line` from byte `from` on.
pub(super) fn arguments(line: &str, from: usize) -> Split {
    let bytes = line.as_bytes();
    let is_blank = |at: usize| matches!(bytes.get(at), Some(b' ' | b'\t'));
    let mut out = Split::default();
    let mut at = from;
    loop {
        while is_blank(at) {
            at += 1;
        }
        if at >= bytes.len() {
            return out;
        }
        let start = at;
        let mut text = String::new();
        let mut open = None;
        while at < bytes.len() && (open.is_some() || !is_blank(at)) {
            let slashes = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
            let quote = at + slashes;
            if bytes.get(quote) != Some(&b'"') {
                text.extend(std::iter::repeat_n('\\', slashes));
                at = quote;
                if slashes == 0 {
                    let c = line[at..].chars().next().expect("`at` is on a character's first byte, before the end");
                    text.push(c);
                    at += c.len_utf8();
                }
                continue;
            }
            text.extend(std::iter::repeat_n('\\', slashes / 2));
            at = quote + 1;
            if slashes % 2 == 1 {
                text.push('"');
            } else if open.is_some() && bytes.get(at) == Some(&b'"') {
                text.push('"');
                at += 1;
            } else {
                open = if open.is_some() { None } else { Some(quote) };
            }
        }
        out.unclosed = out.unclosed.or(open);
        out.words.push(Word { text, range: start..at });
    }
}

/// The command line that [`split`] takes apart into these; `None` where the program's name holds a quote, which no
/// command line can say, or one of them holds NUL, which ends it.
pub fn join<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if program.contains(['"', '\0']) {
        return None;
    }
    let bare = !program.is_empty() && !program.contains([' ', '\t']);
    let mut line = if bare { program.to_owned() } else { format!("\"{program}\"") };
    for argument in arguments {
        if argument.contains('\0') {
            return None;
        }
        line.push(' ');
        push_quoted(&mut line, argument);
    }
    Some(line)
}

fn push_quoted(line: &mut String, argument: &str) {
    if !argument.is_empty() && !argument.contains([' ', '\t', '"']) {
        line.push_str(argument);
        return;
    }
    line.push('"');
    let mut slashes = 0;
    for c in argument.chars() {
        match c {
            '\\' => slashes += 1,
            '"' => {
                // Those before a quote count in pairs; one more makes the quote text.
                line.extend(std::iter::repeat_n('\\', slashes + 1));
                slashes = 0;
            }
            _ => slashes = 0,
        }
        line.push(c);
    }
    line.extend(std::iter::repeat_n('\\', slashes));
    line.push('"');
}

/// The names between percent signs, as `%ProgramFiles%` has one; `%1` and `%~dp0` have none.
pub fn variables(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(from) = rest.find('%') {
        let after = &rest[from + 1..];
        let Some(to) = after.find('%') else { break };
        let name = &after[..to];
        let is_name = !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || "_().-".contains(c))
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if is_name {
            out.push(name);
        }
        // What is no name may begin one: `50%%TEMP%`.
        rest = if is_name { &after[to + 1..] } else { &after[to..] };
    }
    out
}
