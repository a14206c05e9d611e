//! How a scalar is written: as it stands where every reader reads it so, else in quotes.

use super::super::print::is_printed;
use super::super::print::push_line;
use super::super::scalar::needs_quotes;
use super::super::tree::Data;
use super::super::tree::Node;

/// A scalar as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// What stands behind the key.
    pub(super) first: String,
    /// The lines below it, each to be indented; not those that are empty.
    pub(super) rest: Vec<String>,
    /// Whether the line ends behind the last of them belong to the text, so that a blank line would.
    pub(super) keeps_line_ends: bool,
}

impl Written {
    fn line(first: impl Into<String>) -> Self {
        Self { first: first.into(), rest: Vec::new(), keeps_line_ends: false }
    }
}

/// A scalar on one line, as in flow style and for keys. `header` is where its `|` or `>` stands, if it has one.
pub(super) fn one_line(text: &str, node: &Node<'_>, header: Option<usize>) -> String {
    let slice = &text[node.start as usize..node.end as usize];
    match &node.data {
        Data::Text(value) if slice.contains('\n') || header.is_some() => in_quotes(value),
        Data::Text(value) if slice.starts_with('\'') || slice.starts_with('"') => requoted(slice, value),
        Data::Text(value) if is_misread(value) => in_quotes(value),
        Data::Bool(value) => value.to_string(),
        Data::Null => "null".to_owned(),
        _ => slice.to_owned(),
    }
}

/// A scalar as it stands behind a key, or a dash, in block style.
pub(super) fn written(text: &str, node: &Node<'_>, header: Option<usize>) -> Written {
    let slice = &text[node.start as usize..node.end as usize];
    match (&node.data, header) {
        // Nothing at all stays nothing.
        (Data::Null, _) if slice.is_empty() => Written::line(""),
        (Data::Text(value), Some(header)) => {
            let slice = &text[header..node.end as usize];
            if slice.starts_with('|') { literal(value) } else { folded(slice, value) }
        }
        (Data::Text(_), _) if slice.contains('\n') && !(slice.starts_with('"') && slice.contains('\\')) => {
            let mut lines = slice.lines().map(str::trim);
            let first = lines.next().unwrap_or_default().to_owned();
            Written { first, rest: lines.map(str::to_owned).collect(), keeps_line_ends: false }
        }
        _ => Written::line(one_line(text, node, header)),
    }
}

/// Whether some reader takes a plain text for something else, or people see something else. Dates are read alike, and
/// what only might be a number in some notation, such as `14d`, is none.
fn is_misread(value: &str) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '_' | ':' | '.' | '+' | '-' | 'e' | 'E' | 'o' | 'x');
    let is_hex = value.trim_start_matches(['+', '-']).starts_with("0x");
    let is_word = value.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '=' | '<' | '~'));
    let is_taken = is_word || is_hex || value.chars().all(is_number);
    (needs_quotes(value) && is_taken && !is_date(value)) || !value.chars().all(is_printed)
}

/// `2026-12-01`, or with a time `2026-12-01T08:00`.
fn is_date(value: &str) -> bool {
    let shape: String = value.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    matches!(shape.as_str(), "9999-99-99" | "9999-99-99T99:99" | "9999-99-99T99:99:99")
}

fn in_quotes(value: &str) -> String {
    let mut out = String::new();
    push_line(&mut out, value);
    out
}

/// Quotes stay as they are, needed or not, unless what is in them reads better in others.
fn requoted(slice: &str, value: &str) -> String {
    let is_readable = value.chars().all(is_printed) && (slice.starts_with('\'') || !slice.contains('\\'));
    if is_readable { slice.to_owned() } else { in_quotes(value) }
}

fn literal(value: &str) -> Written {
    let body = value.trim_end_matches('\n');
    if body.is_empty() || !value.chars().all(|c| matches!(c, '\n' | '\t') || is_printed(c)) {
        return Written::line(in_quotes(value));
    }
    let mut first = "|".to_owned();
    // Spaces before the first text would be taken for its indentation.
    if value.trim_start_matches('\n').starts_with([' ', '\t']) {
        first.push('2');
    }
    first.push_str(match value.len() - body.len() {
        0 => "-",
        1 => "",
        _ => "+",
    });
    let rest = value.strip_suffix('\n').unwrap_or(value).split('\n').map(str::to_owned).collect();
    Written { keeps_line_ends: first.ends_with('+'), first, rest }
}

fn folded(slice: &str, value: &str) -> Written {
    let mut lines = slice.lines();
    let header = lines.next().unwrap_or_default();
    let header = header.split('#').next().unwrap_or(header).trim_end();
    let mut rest: Vec<&str> = lines.collect();
    while rest.last().is_some_and(|line| line.trim().is_empty()) {
        rest.pop();
    }
    let first_text = rest.iter().find(|line| !line.trim().is_empty());
    let is_plainly_indented = !header.contains(|c: char| c.is_ascii_digit() || c == '+');
    let Some(first_text) =
        first_text.filter(|_| is_plainly_indented && value.chars().all(|c| c == '\n' || is_printed(c)))
    else {
        return literal(value);
    };
    let indent = first_text.len() - first_text.trim_start_matches(' ').len();
    let rest = rest.iter().map(|line| line.get(indent..).unwrap_or_default().to_owned()).collect();
    Written { first: header.to_owned(), rest, keeps_line_ends: false }
}
