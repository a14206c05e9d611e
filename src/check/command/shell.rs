//! What `cmd` makes of a line: operators, escapes, redirections, and the quotes that `/c` takes away.

use std::ops::Range;

use super::Command;
use super::Fault;
use super::Kind;
use super::Quiet;
use super::condition;
use super::one;
use super::program;
use super::quoting;

/// Commands of `cmd` that are no programs. Those that could be a file of the package are left out.
const BUILT_IN: [&str; 24] = [
    "assoc", "call", "cd", "chdir", "copy", "del", "dir", "echo", "erase", "for", "ftype", "goto", "if", "md", "mkdir",
    "mklink", "move", "pause", "pushd", "rd", "ren", "rmdir", "set", "start",
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
    let first = quoting::program(line.trim_start()).0;
    if ["cmd", "%comspec%"].contains(&program::file_name(&first.text).as_str()) {
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
        let Some(skipped) = condition::end(&part.text) else { continue };
        // A piece that lost nothing stands in the line as it is.
        let place = place.filter(|_| part.is_whole).map(|at| at + part.from + skipped);
        let mut command = one(&part.text[skipped..], place, true, depth, faults);
        if let Some(command) = command.as_mut().filter(|_| part.is_fed)
            && matches!(command.kind, Kind::Registry | Kind::Shell)
            && command.quiet == Quiet::No
        {
            // Something answers for it; whether rightly, the line does not tell.
            command.quiet = Quiet::Unknown;
        }
        out.extend(command);
    }
    out
}

/// One command between operators.
#[derive(Default)]
struct Part {
    text: String,
    from: usize,
    /// Whether no escape and no redirection was taken out of it.
    is_whole: bool,
    /// Whether its input is not the keyboard.
    is_fed: bool,
}

impl Part {
    fn at(from: usize, is_fed: bool) -> Self {
        Self { from, is_whole: true, is_fed, ..Self::default() }
    }
}

/// Splits at `&`, `&&`, `|`, `||`, line ends, and the parentheses around commands, all outside quotes; `^` makes the next
/// character text; redirections go.
fn parts(line: &str) -> Vec<Part> {
    let mut out = Vec::new();
    let mut part = Part::at(0, false);
    let mut chars = line.char_indices().peekable();
    let mut quoted = false;
    let (mut open, mut in_set) = (0_usize, false);
    while let Some((at, c)) = chars.next() {
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
                let mut times = 1;
                while chars.next_if(|(_, next)| *next == c).is_some() {
                    times += 1;
                }
                let from = chars.peek().map_or(line.len(), |(at, _)| *at);
                out.push(std::mem::replace(&mut part, Part::at(from, c == '|' && times == 1)));
            }
            '(' if !quoted && condition::is_set(&part.text) => {
                in_set = true;
                part.text.push(c);
            }
            ')' if !quoted && in_set => {
                in_set = false;
                part.text.push(c);
            }
            // Where a command may begin, it is the first of several.
            '(' if !quoted && condition::end(&part.text).is_some_and(|at| at == part.text.len()) => {
                open += 1;
                let is_fed = part.is_fed;
                out.push(std::mem::replace(&mut part, Part::at(at + 1, is_fed)));
            }
            ')' if !quoted && open > 0 => {
                open -= 1;
                out.push(std::mem::replace(&mut part, Part::at(at + 1, false)));
            }
            '>' | '<' if !quoted => {
                if part.text.ends_with(|c: char| c.is_ascii_digit())
                    && part.text.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with([' ', '\t'])
                {
                    part.text.pop();
                }
                part.is_fed |= c == '<';
                skip_target(&mut chars);
                // A redirection at the end leaves what stands before it as it is.
                let rest = line[chars.peek().map_or(line.len(), |(at, _)| *at)..].trim_start();
                part.is_whole &= rest.is_empty()
                    || rest.starts_with(['&', '|', '>', '1', '2'])
                    || (open > 0 && rest.starts_with(')'));
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
pub(super) fn asked(rest: &str, place: Option<usize>, faults: &mut Vec<Fault>) -> Asked {
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
                let (text, shift) = match torn(line, keeps_quotes_apart) {
                    Some(program) => {
                        // What was meant is read on.
                        let from = line.len() - line.trim_start().len();
                        let start = place.map(|place| place + at + 2 + from);
                        let range = start.map(|start| start..start + line.trim().len());
                        faults.extend(range.map(|range| Fault::StrippedQuotes(range, program.to_owned())));
                        (line.trim().to_owned(), Some(from))
                    }
                    None => unquoted(line, keeps_quotes_apart),
                };
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
    let stays = !strips_always && stays(between);
    if stays {
        return (trimmed.to_owned(), Some(shift));
    }
    let behind = &inner[last + 1..];
    let whole = behind.trim().is_empty();
    (format!("{between}{behind}"), whole.then_some(shift + 1))
}

/// Whether `cmd` leaves the only two quotes of a line alone, with this between them.
fn stays(between: &str) -> bool {
    !between.contains(['"', '&', '<', '>', '(', ')', '@', '^', '|'])
        && between.contains([' ', '\t'])
        && [".exe", ".cmd", ".bat", ".com"].iter().any(|ending| program::ends(between, ending))
}

/// The program in quotes at the beginning of the line behind `/c`, where `cmd` takes its quotes away, or the first of them
/// and one that belongs to something else, and where it is not found without.
fn torn(line: &str, strips_always: bool) -> Option<&str> {
    let line = line.trim();
    let (name, behind) = line.strip_prefix('"')?.split_once('"')?;
    let mut parts = name.split([' ', '\t']);
    let is_program = program::is_run(name)
        && !name.contains(" /")
        && !name.contains(" -")
        && (!name.contains([' ', '\t']) || parts.next().is_some_and(|first| first.contains('\\')));
    if !is_program || !(behind.is_empty() || behind.starts_with([' ', '\t', '&', '|', '>', '<'])) {
        return None;
    }
    match behind.matches('"').count() {
        0 => {
            let has_blank =
                name.contains([' ', '\t']) || quoting::variables(name).into_iter().any(program::is_with_blank);
            (has_blank && (strips_always || !stays(name))).then_some(name)
        }
        more => (more % 2 == 0).then_some(name),
    }
}
