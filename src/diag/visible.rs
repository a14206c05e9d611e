//! Making text from files and servers safe to show (reliability 3.6): the one place that escapes for people.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with everything that could act on a terminal or fool the eye written visibly as `\u{..}`: all control
/// characters, line ends included, so that a field never starts a line; bidi marks; invisible characters. So is what
/// build servers take for a command wherever it stands in a line: `##vso[…]`, `##[…]`.
pub fn visible(text: &str) -> Cow<'_, str> {
    let acts = |(at, c): (usize, char)| (is_hidden(c) || (c == '#' && is_command(&text[at..]))).then_some(at);
    let Some(first) = text.char_indices().find_map(acts) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for (at, c) in text[first..].char_indices() {
        if is_hidden(c) || (c == '#' && is_command(&text[first + at..])) {
            write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing to a String cannot fail");
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same for a text that a line begins with, after spaces perhaps: what build servers would take for a command
/// only there (`::error …`) is escaped as well.
pub fn visible_at_start(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    let begin = shown.len() - shown.trim_start().len();
    match shown[begin..].as_bytes() {
        [first @ (b':' | b'#'), second, ..] if first == second => {
            Cow::Owned(format!("{}\\u{{{first:x}}}{}", &shown[..begin], &shown[begin + 1..]))
        }
        _ => shown,
    }
}

/// The same for a text that is JSON, by JSON's own escapes: it reads as the same value. Line ends between values stay.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && c != '\n';
    let acts = |(at, c): (usize, char)| (hidden(c) || (c == '#' && is_command(&json[at..]))).then_some(at);
    let Some(first) = json.char_indices().find_map(acts) else { return Cow::Borrowed(json) };
    let mut out = String::with_capacity(json.len() + 16);
    out.push_str(&json[..first]);
    for (at, c) in json[first..].char_indices() {
        if hidden(c) || (c == '#' && is_command(&json[first + at..])) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("writing to a String cannot fail");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether a text begins with what a build server takes for a command wherever it stands: `##[` (the older commands of
/// GitHub's runner), `##vso[` (the agent of Azure DevOps looks for it in the whole line, in upper case too).
fn is_command(text: &str) -> bool {
    text.strip_prefix("##")
        .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('['))
}

/// Whether a character acts on a terminal, changes the direction of text, or is not seen at all.
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' // C0, DEL, C1
        | '\u{ad}' // soft hyphen
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // bidi
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}' // zero width
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // fillers that show nothing
        | '\u{2028}' | '\u{2029}' // line and paragraph separators
        | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' // deprecated format and interlinear marks
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' // variation selectors can carry hidden text
        | '\u{e0000}'..='\u{e007f}' // tags
    )
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_made_visible_is_the_same_value() {
        let value = serde_json::json!({ "a\u{202e}": ["\u{9b}\u{7f}\u{1b}", "\u{e0001}\n", "é"] });
        let text = serde_json::to_string_pretty(&value).expect("a value prints");
        let shown = visible_json(&text);
        assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("it is JSON"), value);
        assert!(matches!(visible_json("{}"), Cow::Borrowed("{}")));
    }

    #[test]
    fn what_acts_or_hides_is_shown() {
        for (text, shown) in [
            ("\x1b[2Jx", "\\u{1b}[2Jx"),
            ("a\r\nb", "a\\u{d}\\u{a}b"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}gpj", "abc\\u{202e}gpj"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{2028}", "\\u{2028}"),
            ("\u{e0041}", "\\u{e0041}"),
            ("\x7f\x08\0", "\\u{7f}\\u{8}\\u{0}"),
            ("Grüße, 日本, 👍", "Grüße, 日本, 👍"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert!(matches!(visible("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_begins_a_line_commands_no_build_server() {
        for (text, shown) in [
            ("::set-env name=x::y", "\\u{3a}:set-env name=x::y"),
            ("  ##vso[task.setvariable]x", "  \\u{23}#vso[task.setvariable]x"),
            ("a\n::b", "a\\u{a}::b"),
            (": a :: b", ": a :: b"),
            ("", ""),
        ] {
            assert_eq!(visible_at_start(text), shown);
        }
    }

    #[test]
    fn a_command_in_the_middle_of_a_line_is_shown_as_well() {
        for (text, shown) in [
            ("a ##vso[task.complete]b", "a \\u{23}#vso[task.complete]b"),
            ("a ##VSO[x]", "a \\u{23}#VSO[x]"),
            ("a ###[set-output name=x]y", "a #\\u{23}#[set-output name=x]y"),
            ("## heading [1]", "## heading [1]"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(visible_json(&format!("\"{text}\"")), format!("\"{}\"", shown.replace("\\u{23}", "\\u0023")));
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(is_hidden));
            prop_assert!(!visible(&text).contains("##["));
            prop_assert!(!visible_at_start(&text).trim_start().starts_with("::"));
        }
    }
}
