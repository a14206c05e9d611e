//! Lines that end where the terminal does, counted as a terminal shows them: wide characters are two columns, combining
//! ones none, colours nothing.

use unicode_width::UnicodeWidthStr;

/// Fewer columns than that are left to a text in no terminal.
const ROOM_MIN: usize = 20;

/// How many columns a text takes, which may hold colours.
fn width(text: &str) -> usize {
    let mut out = 0;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out += before.width();
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest.width()
}

/// A text in lines that break between words, the first from column `first` on and the others from `rest` on; 0 columns:
/// one line.
pub fn broken(text: &str, first: usize, rest: usize, columns: usize) -> Vec<String> {
    let room = |from: usize| if columns == 0 { usize::MAX } else { columns.saturating_sub(from).max(ROOM_MIN) };
    let mut lines = Vec::new();
    let mut line = String::new();
    let (mut used, mut from) = (0, first);
    for word in text.split(' ') {
        let more = width(word);
        // Nothing that a build server would take for a command at a line's begin is brought there.
        let may_begin = !word.starts_with("::") && !word.starts_with("##");
        if !line.is_empty() && may_begin && used + 1 + more > room(from) {
            lines.push(std::mem::take(&mut line));
            (used, from) = (0, rest);
        }
        if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += more;
    }
    lines.push(line);
    lines
}

/// A whole text with its long lines broken; what comes of a line stands two columns further in than it began.
pub fn folded(text: &str, columns: usize) -> String {
    if columns == 0 {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if width(bare) <= columns {
            out.push_str(line);
            continue;
        }
        let own = bare.len() - bare.trim_start_matches(' ').len();
        for (at, part) in broken(&bare[own..], own, own + 2, columns).iter().enumerate() {
            let indent = if at == 0 { own } else { own + 2 };
            let end = if at == 0 { "" } else { "\n" };
            out.push_str(&format!("{end}{:indent$}{part}", ""));
        }
        out.push_str(&line[bare.len()..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_a_terminal_shows_them() {
        for (text, lines) in [
            ("aaaa bbbb cccc dddd eeee", &["aaaa bbbb cccc dddd", "eeee"][..]),
            // Each of these takes two columns …
            ("漢漢 漢漢 漢漢 漢漢 漢漢", &["漢漢 漢漢 漢漢 漢漢", "漢漢"]),
            // … and each of those after it none of its own.
            ("e\u{301}e\u{301} bbb ccc ddd eeee ffff", &["e\u{301}e\u{301} bbb ccc ddd eeee", "ffff"]),
            ("\u{1b}[1maaaa\u{1b}[0m bbbb cccc dddd eeee", &["\u{1b}[1maaaa\u{1b}[0m bbbb cccc dddd", "eeee"]),
            ("aaaa bbbb cccc dddd ::error eeee", &["aaaa bbbb cccc dddd ::error", "eeee"]),
            ("a-word-that-is-longer-than-all-of-it", &["a-word-that-is-longer-than-all-of-it"]),
        ] {
            assert_eq!(broken(text, 2, 2, 22), lines, "{text}");
            assert_eq!(broken(text, 2, 2, 0).len(), 1);
        }
    }

    #[test]
    fn a_text_is_folded_line_by_line_and_loses_nothing() {
        let text = "short\n  a line that is longer than it may be here\n\nend";
        let expected = "short\n  a line that is longer\n    than it may be here\n\nend";
        assert_eq!(folded(text, 24), expected);
        assert_eq!(folded(text, 0), text);
        assert_eq!(folded("", 24), "");
    }
}
