//! What `cmd` makes of a line: operators, escapes, redirections, and the quotes that `/c` takes away.

use std::ops::Range;

use super::Command;
use super::Fault;
use super::one;

/// Commands of `cmd` that are no programs. Those that could be a file of the package are left out.
const BUILT_IN: [&str; 22] = [
    "assoc", "call", "cd", "chdir", "copy", "del", "dir", "echo", "erase", "ftype", "goto", "if", "md", "mkdir",
    "mklink", "move", "pushd", "rd", "ren", "rmdir", "set", "start",
];

/// Whether `cmd` has this name for itself.
pub(super) fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A line that Windows starts, without any `cmd`: operators that stand by themselves are a fault, and are taken as the
/// author meant them.
pub(super) fn outside(line: &str, faults: &mut Vec<Fault>) -> Vec<Command> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut quoted = false;
    let mut word = 0..0;
    let mut cuts: Vec<Range<usize>> = Vec::new();
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match c {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                if ["&", "&&", "|", "||", ">", ">>", "<"].contains(&&line[word.start..at]) {
                    cuts.push(word.start..at);
                }
                word = at + 1..at + 1;
            }
            _ => {}
        }
    }
    // `cmd` reads its own operators.
    let first = super::quoting::program(line.trim_start()).0;
    if super::program::file_name(&first.text) == "cmd" {
        cuts.clear();
    }
    for cut in cuts {
        let operator = &line[cut.clone()];
        faults.push(Fault::Operator(operator.to_owned()));
        if from <= cut.start {
            out.extend(one(&line[from..cut.start], Some(from), false, 0, faults));
        }
        // What follows a redirection is a file, up to the next operator.
        from = if operator.starts_with(['>', '<']) { line.len() } else { cut.end };
    }
    if from < line.len() {
        out.extend(one(&line[from..], Some(from), false, 0, faults));
    }
    out
}

/// A line that `cmd` runs.
pub(super) fn inside(line: &str, place: Option<usize>, depth: u8, faults: &mut Vec<Fault>) -> Vec<Command> {
    let mut out = Vec::new();
    for part in parts(line) {
        // A piece that lost nothing stands in the line as it is.
        let place = place.filter(|_| part.is_whole).map(|at| at + part.from);
        let text = part.text.trim_start_matches([' ', '\t', '@', '(']);
        let place = place.map(|at| at + part.text.len() - text.len());
        let (text, place) = without_call(text, place);
        out.extend(one(text, place, true, depth, faults));
    }
    out
}

/// `call x.cmd` runs `x.cmd`.
fn without_call(text: &str, place: Option<usize>) -> (&str, Option<usize>) {
    match text.get(..5) {
        Some(word) if word.eq_ignore_ascii_case("call ") => (&text[5..], place.map(|at| at + 5)),
        _ => (text, place),
    }
}

/// One command between operators.
struct Part {
    text: String,
    from: usize,
    /// Whether no escape and no redirection was taken out of it.
    is_whole: bool,
}

/// Splits at `&`, `&&`, `|`, `||` and line ends outside quotes; `^` makes the next character text; redirections go.
fn parts(line: &str) -> Vec<Part> {
    let mut out = Vec::new();
    let mut part = Part { text: String::new(), from: 0, is_whole: true };
    let mut chars = line.char_indices().peekable();
    let mut quoted = false;
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                part.text.push(c);
            }
            '^' if !quoted => {
                part.is_whole = false;
                part.text.extend(chars.next().map(|(_, c)| c));
            }
            '&' | '|' | '\n' | '\r' if !quoted => {
                while chars.next_if(|(_, next)| *next == c).is_some() {}
                let from = chars.peek().map_or(line.len(), |(at, _)| *at);
                out.push(std::mem::replace(&mut part, Part { text: String::new(), from, is_whole: true }));
            }
            '>' | '<' if !quoted => {
                if part.text.ends_with(|c: char| c.is_ascii_digit())
                    && part.text.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with([' ', '\t'])
                {
                    part.text.pop();
                }
                skip_target(&mut chars);
                // A redirection at the end leaves what stands before it as it is.
                let rest = &line[chars.peek().map_or(line.len(), |(at, _)| *at)..];
                part.is_whole &=
                    rest.trim_start().is_empty() || rest.trim_start().starts_with(['&', '|', '>', '1', '2']);
            }
            _ => part.text.push(c),
        }
    }
    out.push(part);
    out
}

/// Skips the file of a redirection, or `&1`.
fn skip_target(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    while chars.next_if(|(_, c)| matches!(c, '>' | '<' | ' ' | '\t')).is_some() {}
    if chars.next_if(|(_, c)| *c == '&').is_some() {
        let _ = chars.next_if(|(_, c)| c.is_ascii_digit());
        return;
    }
    let mut quoted = false;
    while let Some((_, c)) = chars.next_if(|(_, c)| quoted || !matches!(c, ' ' | '\t' | '&' | '|' | '>' | '<' | ')')) {
        quoted ^= c == '"';
    }
}

/// What `cmd` was asked to do.
pub(super) enum Asked {
    /// To run a line and end: the line, and where it begins, if it stands there as it is.
    Run(String, Option<usize>),
    /// To stay open, or to be there for somebody.
    Stay(Option<(String, Option<usize>)>),
}

/// Reads the arguments of `cmd`: `rest` is all behind its name, at `place` of the whole line.
pub(super) fn asked(rest: &str, place: Option<usize>) -> Asked {
    let mut at = 0;
    let mut keeps_quotes_apart = false;
    loop {
        at += rest[at..].len() - rest[at..].trim_start().len();
        let mut chars = rest[at..].chars();
        if chars.next() != Some('/') {
            return Asked::Stay(None);
        }
        let Some(letter) = chars.next() else { return Asked::Stay(None) };
        match letter.to_ascii_lowercase() {
            'c' | 'r' | 'k' => {
                let line = &rest[at + 2..];
                let (text, shift) = unquoted(line, keeps_quotes_apart);
                let place = place.and_then(|place| shift.map(|shift| place + at + 2 + shift));
                return if letter.eq_ignore_ascii_case(&'k') {
                    Asked::Stay(Some((text, place)))
                } else {
                    Asked::Run(text, place)
                };
            }
            's' => keeps_quotes_apart = true,
            _ => {}
        }
        // `/q`, `/d`, `/v:on`: on to the next blank or slash.
        at += 1 + letter.len_utf8();
        at += rest[at..].find([' ', '\t', '/']).unwrap_or(rest.len() - at);
    }
}

/// The line behind `/c` without the quotes that `cmd` takes away: the first character if it is a quote, and the last
/// quote. They stay where there are just two, without `/s`, around the name of a program with blanks and nothing special
/// in it. With it, how far the text was moved, where it is still in one piece.
fn unquoted(line: &str, strips_always: bool) -> (String, Option<usize>) {
    let trimmed = line.trim_start();
    let shift = line.len() - trimmed.len();
    let Some(inner) = trimmed.strip_prefix('"') else { return (trimmed.to_owned(), Some(shift)) };
    let Some(last) = inner.rfind('"') else { return (inner.to_owned(), Some(shift + 1)) };
    let between = &inner[..last];
    let stays = !strips_always
        && !between.contains(['"', '&', '<', '>', '(', ')', '@', '^', '|'])
        && between.contains([' ', '\t'])
        && [".exe", ".cmd", ".bat", ".com"].iter().any(|ending| super::program::ends(between, ending));
    if stays {
        return (trimmed.to_owned(), Some(shift));
    }
    let behind = &inner[last + 1..];
    let whole = behind.trim().is_empty();
    (format!("{between}{behind}"), whole.then_some(shift + 1))
}
