//! How Bash sees a half-typed line: its words, the one that is being typed, and how a name is written there so that Bash
//! reads that name.

/// What a backslash acts on in double quotes.
const ACTS: &str = "\"\\$`";

/// A half-typed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The words before the last one, without their quotes.
    pub before: Vec<String>,
    /// The last one, without its quotes.
    pub current: String,
    /// The last one as it is typed: each character with whether it is quoted, and what it stands for.
    typed: Vec<Typed>,
    /// The quote that is open at the end.
    open: Option<char>,
    /// What is typed behind that quote, as it is.
    raw: String,
}

/// A character of the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Typed {
    c: char,
    is_quoted: bool,
    /// Whether it is what follows the quote that is still open.
    is_open: bool,
}

/// Takes a line apart as Bash does: by blanks, quotes and backslashes.
pub(super) fn split(line: &str) -> Line {
    let mut before = Vec::new();
    let mut typed: Vec<Typed> = Vec::new();
    let mut is_word = false;
    let mut open: Option<char> = None;
    let mut raw_start = line.len();
    let mut chars = line.char_indices().peekable();
    let close = |typed: &mut Vec<Typed>| typed.iter_mut().for_each(|one| one.is_open = false);
    while let Some((at, c)) = chars.next() {
        let mut push = |c, is_quoted, is_open| typed.push(Typed { c, is_quoted, is_open });
        match (open, c) {
            (Some('\''), '\'') | (Some('"'), '"') => {
                open = None;
                close(&mut typed);
            }
            (Some('"'), '\\') if chars.peek().is_some_and(|(_, next)| ACTS.contains(*next)) => {
                push(chars.next().expect("it was looked at").1, true, true);
            }
            (Some(_), c) => push(c, true, true),
            (None, '\'' | '"') => {
                open = Some(c);
                raw_start = at + 1;
                is_word = true;
            }
            (None, '\\') => {
                is_word = true;
                if let Some((_, next)) = chars.next() {
                    push(next, true, false);
                }
            }
            (None, ' ' | '\t' | '\n') => {
                if is_word {
                    before.push(typed.iter().map(|one| one.c).collect());
                    typed.clear();
                }
                is_word = false;
            }
            (None, c) => {
                is_word = true;
                push(c, false, false);
            }
        }
    }
    let raw = open.map_or("", |_| &line[raw_start..]).to_owned();
    Line { before, current: typed.iter().map(|one| one.c).collect(), typed, open, raw }
}

impl Line {
    /// What Bash is to put in place of the part of the word that it takes for the word: that behind the last of its breaks,
    /// or behind the quote that is open. `None`: the name does not begin with what is typed.
    pub(super) fn inserted(&self, name: &str, breaks: &str) -> Option<String> {
        let is_break = |one: &Typed| !one.is_quoted && breaks.contains(one.c);
        let kept = match self.open {
            Some(_) => self.typed.iter().take_while(|one| !one.is_open).count(),
            None => self.typed.iter().rposition(is_break).map_or(0, |at| at + 1),
        };
        let before: String = self.typed[..kept].iter().map(|one| one.c).collect();
        let rest = name.strip_prefix(&before)?;
        Some(match self.open {
            Some('\'') => rest.replace('\'', "'\\''"),
            Some(_) => {
                // In double quotes a name can be written in more than one way, and Bash goes on from the one that is typed.
                let open: String = self.typed[kept..].iter().map(|one| one.c).collect();
                let more = rest.strip_prefix(&open)?;
                // A backslash at the end is one only where nothing that it would act on follows, such as the closing quote.
                let is_bare = (self.raw.len() - self.raw.trim_end_matches('\\').len()) % 2 == 1;
                if is_bare && more.chars().next().is_none_or(|c| ACTS.contains(c)) {
                    return None;
                }
                format!("{}{}", self.raw, escaped(more, |c| ACTS.contains(c)))
            }
            None => escaped(rest, |c| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_./,+@%".contains(c)),
        })
    }
}

fn escaped(text: &str, is_special: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if is_special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_line_is_taken_apart_as_bash_does() {
        for (line, before, current) in [
            ("consign ", &["consign"][..], ""),
            ("consign re", &["consign"], "re"),
            ("consign refs 'package/A B", &["consign", "refs"], "package/A B"),
            ("consign refs \"a\\\"b\" x", &["consign", "refs", "a\"b"], "x"),
            ("consign refs package/A\\ B\\ ", &["consign", "refs"], "package/A B "),
            ("consign '' ", &["consign", ""], ""),
            ("consign  a'b c'd", &["consign"], "ab cd"),
            ("consign \\", &["consign"], ""),
        ] {
            let split = split(line);
            assert_eq!(
                (split.before.as_slice(), split.current.as_str()),
                (&before.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..], current),
                "{line}"
            );
        }
    }

    #[test]
    fn a_name_is_written_so_that_bash_reads_that_name() {
        const BREAKS: &str = " \t\n\"'><=;|&(:";
        for (line, name, expected) in [
            ("c refs task/I", "task/It's $5: a \"b\"", Some("task/It\\'s\\ \\$5\\:\\ a\\ \\\"b\\\"")),
            ("c refs 'task/I", "task/It's $5", Some("task/It'\\''s $5")),
            ("c refs \"task/I", "task/It's \"$5\"", Some("task/It's \\\"\\$5\\\"")),
            ("c portal \"OFFICE\\St", "OFFICE\\Staff", Some("OFFICE\\Staff")),
            ("c portal \"OFFICE\\\\St", "OFFICE\\Staff", Some("OFFICE\\\\Staff")),
            ("c portal \"OFFICE\\", "OFFICE\\Staff", Some("OFFICE\\Staff")),
            ("c portal \"OFFICE\\\\", "OFFICE\\Staff", Some("OFFICE\\\\Staff")),
            ("c portal \"OFFICE\\", "OFFICE\\$1", None),
            ("c portal \"OFFICE\\", "OFFICE\\", None),
            ("c portal \"OFF", "OFFICE\\St $1", Some("OFFICE\\\\St \\$1")),
            ("c portal \"x\"'y'\"OFF", "xyOFFICE\\St", Some("OFFICE\\\\St")),
            ("c --target=ta", "--target=task/A B", Some("task/A\\ B")),
            ("c --target='ta", "--target=task/A B", Some("task/A B")),
            ("c refs task/A:B", "task/A:B C", Some("B\\ C")),
            ("c refs task/A\\:B", "task/A:B C", Some("task/A\\:B\\ C")),
            ("c refs ", "task/Ünïcode", Some("task/Ünïcode")),
            ("c refs xy:", "task/A", None),
        ] {
            assert_eq!(split(line).inserted(name, BREAKS).as_deref(), expected, "{line}");
        }
    }
}
