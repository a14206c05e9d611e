//! Escaping for what reports are written in. Every function takes a text from anywhere and gives one that does nothing:
//! first [`visible`], then what the format itself would act on.

use std::borrow::Cow;

use crate::diag::visible;

/// The most characters of one text that is shown where space is short.
const SHORT: usize = 200;
/// The most characters of a sentence in Markdown.
const PROSE: usize = 1_000;
/// The most characters of one text anywhere; a longer one is cut, with its length.
pub const LONG: usize = 4_000;

/// A text of at most so many characters; what is cut is counted.
pub fn capped(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some((at, _)) => Cow::Owned(format!("{}… ({} characters more)", &text[..at], text[at..].chars().count())),
    }
}

/// A text as Markdown code: nothing in it is markup, a mention or a link. For a table's cell as well: `|` is escaped,
/// which readers of tables take back.
pub fn code(text: &str) -> String {
    span(&visible(&capped(text, SHORT)), true)
}

fn span(text: &str, in_table: bool) -> String {
    if text.is_empty() {
        return "` `".to_owned();
    }
    let longest = runs(text, '`');
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    // Behind a backslash, one more would escape that one: such a `|` is written out.
    let text = if in_table { text.replace("\\|", "\\\\u{7c}").replace('|', "\\|") } else { text.to_owned() };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The longest run of a character.
fn runs(text: &str, of: char) -> usize {
    let (mut longest, mut now) = (0, 0);
    for c in text.chars() {
        now = if c == of { now + 1 } else { 0 };
        longest = longest.max(now);
    }
    longest
}

/// A sentence as Markdown. What stands in backticks becomes code, and so does every word that could be markup, a
/// mention, a reference or a link: words of letters, digits and plain punctuation stay as they are.
pub fn prose(text: &str) -> String {
    let text = capped(text, PROSE);
    let text = visible(&text);
    let parts: Vec<&str> = text.split('`').collect();
    // A name may hold a backtick: where they do not pair, no word is taken for one of ours.
    if parts.len().is_multiple_of(2) {
        return words(&text);
    }
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        match (at % 2, part.is_empty()) {
            (_, true) => {}
            (0, _) => out.push_str(&words(part)),
            _ => out.push_str(&span(part, true)),
        }
    }
    out
}

fn words(text: &str) -> String {
    let mut out = String::new();
    let mut pending = String::new();
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let spaces = &word[bare.len()..];
        if is_plain(bare) {
            flush(&mut pending, &mut out);
            out.push_str(word);
        } else {
            pending.push_str(bare);
            pending.push_str(spaces);
        }
    }
    flush(&mut pending, &mut out);
    out
}

fn flush(pending: &mut String, out: &mut String) {
    if pending.is_empty() {
        return;
    }
    let text = pending.trim_end_matches(' ');
    // Two code spans that touch would be read as one.
    if out.ends_with('`') {
        out.push(' ');
    }
    out.push_str(&span(text, true));
    out.push_str(&pending[text.len()..]);
    pending.clear();
}

/// Whether a word is no markup, mention, reference or link, wherever it stands in a line after its first character.
fn is_plain(word: &str) -> bool {
    let end = word.trim_end_matches([',', '.', ';', ':', '!', '?', ')', '%']);
    let middle = end.trim_start_matches('(');
    let is_link =
        middle.starts_with("www.") || middle.starts_with("GH-") || middle.contains(":/") || middle.contains("::");
    !is_link && middle.chars().all(|c| c.is_alphanumeric() || "-.,:;/'\"+()…⬆".contains(c))
}

/// A text in HTML, between tags or in a quoted attribute.
pub fn html(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len());
    // A page that is printed into a log is no command for the runner either.
    let begin = text.len() - text.trim_start().len();
    let command = text[begin..].starts_with("::").then_some(begin);
    for (at, c) in text.char_indices() {
        match c {
            ':' if Some(at) == command => out.push_str("&#58;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A sentence in HTML: what stands in backticks becomes code.
pub fn html_prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html(text);
    }
    let tag = |(at, part): (usize, &&str)| match (at % 2, part.is_empty()) {
        (_, true) => String::new(),
        (0, _) => html(part),
        _ => format!("<code>{}</code>", html(part)),
    };
    parts.iter().enumerate().map(tag).collect()
}

/// A text in XML, between tags or in a quoted attribute. Characters that XML cannot hold are gone already: `visible`
/// writes them out; what is left of them (U+FFFE, U+FFFF) is written out here.
pub fn xml(text: &str) -> String {
    html(text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

/// Lines as the message of a command of GitHub's runner.
pub fn github_data(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| visible(&capped(line, LONG)).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A property of a command of GitHub's runner.
pub fn github_property(text: &str) -> String {
    github_data(&[text.to_owned()]).replace(':', "%3A").replace(',', "%2C")
}

/// A text as the message of a command of Azure DevOps; its agent reads `%25` back as `%`.
pub fn azure_data(text: &str) -> String {
    visible(&capped(text, LONG)).replace('%', "%AZP25")
}

/// A property of a command of Azure DevOps.
pub fn azure_property(text: &str) -> String {
    azure_data(text).replace(';', "%3B").replace(']', "%5D")
}

/// A fence for lines of Markdown that is longer than every run of its own character in them.
pub fn fence(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| runs(line, '`')).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn code_holds_whatever_it_is_given() {
        for (text, shown) in [
            ("7-Zip", "`7-Zip`"),
            ("a`b", "``a`b``"),
            ("`a``b", "``` `a``b ```"),
            ("a|b", "`a\\|b`"),
            ("a\\|b|", "`a\\\\u{7c}b\\|`"),
            ("", "` `"),
            ("@team <!-- x", "`@team <!-- x`"),
        ] {
            assert_eq!(code(text), shown);
        }
    }

    #[test]
    fn prose_keeps_plain_words_and_nothing_else() {
        for (text, shown) in [
            ("task `A` has no program", "task `A` has no program"),
            ("ask @team now", "ask `@team` now"),
            ("see [x](javascript:y) and <b>z</b>", "see `[x](javascript:y)` and `<b>z</b>`"),
            ("see https://a.b/c, fixes #12", "see `https://a.b/c,` fixes `#12`"),
            ("45.0% is over 30.0% (9/20)", "45.0% is over 30.0% (9/20)"),
            ("odd ` tick and @x", "odd `` ` `` tick and `@x`"),
        ] {
            assert_eq!(prose(text), shown);
        }
    }

    #[test]
    fn commands_of_build_servers_are_data() {
        assert_eq!(github_data(&["50 %\r\n".into(), "b".into()]), "50 %25\\u{d}\\u{a}%0Ab");
        assert_eq!(github_property("a,b:c"), "a%2Cb%3Ac");
        assert_eq!(azure_property("a;b]c%"), "a%3Bb%5Dc%AZP25");
        assert!(!azure_data("x ##vso[task.complete]").contains("##vso["));
    }

    proptest! {
        #[test]
        fn html_has_no_tag_and_no_quote(text in any::<String>()) {
            prop_assert!(!html(&text).contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn a_span_ends_only_at_its_end(text in "[`a ]{0,12}") {
            let shown = code(&text);
            let fence = shown.len() - shown.trim_start_matches('`').len();
            let inner = &shown[fence..shown.len() - fence];
            prop_assert!(runs(inner, '`') < fence || inner.trim().is_empty());
        }
    }
}
