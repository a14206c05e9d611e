//! `if`, `for` and `else` of `cmd`: what stands before the command that they run.

/// Where the command begins that `text` runs: behind `@`, `call`, `else`, and each `if` and `for`. The end of `text` where
/// it may begin there; `None` where what stands there is not complete.
pub(super) fn end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\t', '@']).len();
        let from = at;
        let Some(first) = word(text, &mut at) else { return Some(from) };
        match first.to_ascii_lowercase().as_str() {
            "call" | "else" => {}
            "if" => condition(text, &mut at)?,
            "for" => loop {
                if word(text, &mut at)?.eq_ignore_ascii_case("do") {
                    break;
                }
            },
            _ => return Some(from),
        }
    }
}

/// Whether `text` is a `for` up to its set: `for %i in`.
pub(super) fn is_set(text: &str) -> bool {
    let (mut at, mut last) = (0, "");
    if end(text).is_some() {
        return false;
    }
    while let Some(word) = word(text, &mut at) {
        last = word;
    }
    last.eq_ignore_ascii_case("in")
}

/// The next word from `at` on, which is left behind it. Blanks in quotes part nothing.
fn word<'a>(text: &'a str, at: &mut usize) -> Option<&'a str> {
    let rest = text[*at..].trim_start_matches([' ', '\t']);
    let from = text.len() - rest.len();
    let mut quoted = false;
    let blank = |c: char| {
        quoted ^= c == '"';
        matches!(c, ' ' | '\t') && !quoted
    };
    let length = rest.find(blank).unwrap_or(rest.len());
    *at = from + length;
    (length > 0).then(|| &rest[..length])
}

/// `[/i] [not] exist FILE`, `errorlevel N`, `A==B`, `A equ B`.
fn condition(text: &str, at: &mut usize) -> Option<()> {
    let mut first = word(text, at)?;
    while ["/i", "not"].iter().any(|name| first.eq_ignore_ascii_case(name)) {
        first = word(text, at)?;
    }
    if ["exist", "defined", "errorlevel", "cmdextversion"].iter().any(|name| first.eq_ignore_ascii_case(name)) {
        return word(text, at).map(|_| ());
    }
    if let Some((_, right)) = first.split_once("==") {
        return if right.is_empty() { word(text, at).map(|_| ()) } else { Some(()) };
    }
    let operator = word(text, at)?.to_ascii_lowercase();
    match operator.as_str() {
        "==" | "equ" | "neq" | "lss" | "leq" | "gtr" | "geq" => word(text, at).map(|_| ()),
        other => other.starts_with("==").then_some(()),
    }
}
