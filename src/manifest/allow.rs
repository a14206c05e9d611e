//! `# consign: allow RULE because …`: a comment that silences one lint in one place, and says why.
//!
//! It stands at the end of the line that the finding points at, or on lines of its own right before that line. Only lints
//! are silenced: an error stays one, whether a rule or the project's policy makes it so. MAN-16 is what is wrong with such
//! a comment, MAN-17 that it silences nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;

use super::syntax;
use super::tree::Data;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::nearest;
use crate::diag::visible;
use crate::model::project::Severity;
use crate::rules;
use crate::rules::Act;
use crate::rules::Rule;
use crate::rules::manifest::MAN_16;
use crate::rules::manifest::MAN_17;

/// What follows the `#`.
const MARK: &str = "consign:";

/// How such a comment is written.
const FORM: &str = "write `# consign: allow RULE because …`, with the reason";

/// One comment that allows something.
struct Allow {
    source: SourceId,
    rule: &'static Rule,
    /// The comment, from its `#`.
    comment: Range<usize>,
    /// What goes with it: its whole line, or the blanks before it.
    removal: Range<usize>,
    /// The lines it speaks of, by their first byte: one, or two where a block of text begins below.
    lines: Vec<usize>,
    is_used: bool,
}

/// Takes the lints away that comments allow, and adds what is wrong with such comments. Places must have been looked up.
///
/// Returns a finding for each comment that allowed nothing. It may be needed for another server, so it is for who has
/// looked at the project as all of them.
pub(super) fn apply(findings: &mut Diagnostics, sources: &Sources) -> Diagnostics {
    let files: Vec<(SourceId, &str)> =
        sources.iter().map(|(id, file)| (id, &*file.text)).filter(|(_, text)| text.contains('#')).collect();
    let read: Vec<(Vec<Allow>, Diagnostics)> =
        files.par_iter().filter(|(_, text)| text.contains(MARK)).map(|(id, text)| read(text, *id)).collect();
    let (mut allows, mut wrong) = (Vec::new(), Diagnostics::new());
    for (more, findings) in read {
        allows.extend(more);
        wrong.extend(findings);
    }
    if !allows.is_empty() {
        let mut firm = BTreeSet::new();
        findings.retain(|finding| !is_allowed(finding, sources, &mut allows, &mut firm));
        for at in firm {
            wrong.push(of_an_error(&allows[at]));
        }
    }
    findings.extend(wrong);
    allows.iter().filter(|allow| !allow.is_used).map(stale).collect()
}

/// Whether a comment allows a finding. Where it is an error nothing does, and the comment's place is noted.
fn is_allowed(finding: &Diagnostic, sources: &Sources, allows: &mut [Allow], firm: &mut BTreeSet<usize>) -> bool {
    let Location::Span { source, start, .. } = finding.at else { return false };
    let mut line = None;
    let mut is_allowed = false;
    for (at, allow) in allows.iter_mut().enumerate() {
        if allow.source != source || allow.rule != finding.rule {
            continue;
        }
        let line = *line.get_or_insert_with(|| line_start(sources.text(source), start));
        if !allow.lines.contains(&line) {
            continue;
        }
        allow.is_used = true;
        if finding.severity == Severity::Error {
            firm.insert(at);
        } else {
            is_allowed = true;
        }
    }
    is_allowed
}

fn of_an_error(allow: &Allow) -> Diagnostic {
    let id = allow.rule.id;
    let message = format!("{id} is an error here, and an error cannot be allowed");
    Diagnostic::error(&MAN_16, place(allow), message)
        .help(format!("mend it; where the project's `policy.severities` makes it one, that is where {id} is softened"))
}

fn stale(allow: &Allow) -> Diagnostic {
    let message = format!("nothing here has {} to allow", allow.rule.id);
    let at = Location::Span { source: allow.source, start: allow.removal.start, end: allow.removal.end };
    Diagnostic::warning(&MAN_17, place(allow), message)
        .help("remove the comment; it belongs at the end of the line that is meant, or right above it")
        .fix("remove the comment", at, "")
}

fn place(allow: &Allow) -> Location {
    Location::Span { source: allow.source, start: allow.comment.start, end: allow.comment.end }
}

/// The comments of a file that allow something, and what is wrong with others that look so.
fn read(text: &str, source: SourceId) -> (Vec<Allow>, Diagnostics) {
    let (documents, broken) = syntax::read(text, source);
    let nodes = documents.iter().flat_map(|document| &document.tree.nodes);
    let texts = nodes.filter(|node| matches!(node.data, Data::Text(_)));
    // They stand one behind the other.
    let texts: Vec<Range<usize>> = texts.map(|node| node.start as usize..node.end as usize).collect();
    let is_in_text = |at: usize| {
        let n_before = texts.partition_point(|one| one.start <= at);
        n_before > 0 && texts[n_before - 1].contains(&at)
    };
    let (mut allows, mut wrong) = (Vec::new(), Diagnostics::new());
    for comment in marked(text).filter(|comment| !is_in_text(comment.start)) {
        let at = Location::Span { source, start: comment.start, end: comment.end };
        match rule_of(&text[comment.clone()]) {
            Ok(rule) => allows.push(allow(text, source, rule, comment)),
            Err((message, help)) => wrong.push(Diagnostic::error(&MAN_16, at, message).help(help)),
        }
    }
    // In a document that cannot be read, a comment and a text cannot be told apart.
    if broken.is_empty() { (allows, wrong) } else { (allows, Diagnostics::new()) }
}

/// Every `# consign:` with the rest of its line, whether or not it is a comment.
fn marked(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.match_indices(MARK).filter_map(|(mark, _)| {
        let line = line_start(text, mark);
        let before = text[line..mark].trim_end_matches([' ', '\t']);
        let start = line + before.strip_suffix('#')?.len();
        let is_comment = start == line || text[..start].ends_with([' ', '\t', '\u{feff}']);
        let end = text[mark..].find('\n').map_or(text.len(), |at| mark + at);
        let end = start + text[start..end].trim_end().len();
        is_comment.then_some(start..end)
    })
}

/// The rule that a comment allows, or what is wrong with the comment and how it is mended.
fn rule_of(comment: &str) -> Result<&'static Rule, (String, String)> {
    let said = comment.trim_start_matches('#').trim_start().strip_prefix(MARK).unwrap_or_default().trim();
    let form = || FORM.to_owned();
    let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    if word != "allow" {
        return Err((format!("`# consign:` is followed by `allow`, and not by `{}`", visible(word)), form()));
    }
    let (id, reason) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim_start(), ""));
    let id = id.trim_end_matches([':', ',']);
    let Some(rule) = rules::find(id) else {
        let lints = rules::all().filter(|rule| rule.acts.contains(&Act::Lint)).map(|rule| rule.id);
        let help = match nearest(&id.to_ascii_uppercase(), lints) {
            Some(near) if !id.is_empty() => format!("did you mean {near}? `consign explain --list` names them all"),
            _ => form(),
        };
        let message = if id.is_empty() {
            "an `allow` names the rule that it allows".to_owned()
        } else {
            format!("there is no rule `{}`", visible(id))
        };
        return Err((message, help));
    };
    if !rule.acts.contains(&Act::Lint) {
        return Err(not_a_lint(rule));
    }
    match reason.trim().strip_prefix("because").map(str::trim) {
        Some(reason) if reason.chars().any(char::is_alphanumeric) => Ok(rule),
        _ => Err((format!("an `allow` of {id} says why"), format!("write `# consign: allow {id} because …`"))),
    }
}

fn not_a_lint(rule: &Rule) -> (String, String) {
    let id = rule.id;
    if rule.acts.iter().any(|act| matches!(act, Act::Validate | Act::Manifest)) {
        let help = "mend what it finds, and remove the comment; only lints can be allowed".to_owned();
        return (format!("{id} is an error, and an error cannot be allowed"), help);
    }
    if rule.acts.contains(&Act::Consequence) {
        let help = format!("what a plan leads to is acknowledged: `metadata.acknowledge: [{{rule: {id}, …}}]`");
        return (format!("{id} is told by a plan, not by a line of a manifest"), help);
    }
    (format!("{id} finds nothing in manifests"), "remove the comment; only lints can be allowed".to_owned())
}

fn allow(text: &str, source: SourceId, rule: &'static Rule, comment: Range<usize>) -> Allow {
    let line = line_start(text, comment.start);
    let is_alone = text[line..comment.start].trim_start_matches('\u{feff}').trim().is_empty();
    let mut next = next_line(text, comment.end);
    let (target, removal) = if is_alone {
        let removal = line + text[line..comment.start].len()
            - text[line..comment.start].trim_start_matches('\u{feff}').len()..next;
        // Comments may stand one above the other.
        while next < text.len() && line_of(text, next).trim_start().starts_with('#') {
            next = next_line(text, next);
        }
        (next, removal)
    } else {
        let code = text[line..comment.start].trim_end();
        (line, line + code.len()..comment.end)
    };
    let mut lines = vec![target];
    if opens_block(line_of(text, target)) {
        lines.push(next_line(text, target));
    }
    Allow { source, rule, comment, removal, lines, is_used: false }
}

/// What a comment allows, and of what: the rule, and the places whose text begins on the lines that it speaks of.
pub(super) type Subject = (&'static str, BTreeSet<(u32, String)>);

/// What the comments of a text allow, in their order.
pub(super) fn subjects(text: &str, source: SourceId) -> Vec<Subject> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    let (documents, _) = syntax::read(text, source);
    let mut by_line: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (place, document) in documents.iter().enumerate() {
        // What holds others begins with the first of them.
        let nodes = document.tree.nodes.iter().enumerate();
        for (at, node) in nodes.filter(|(_, node)| !matches!(node.data, Data::Map { .. } | Data::List { .. })) {
            by_line.entry(line_start(text, node.start as usize)).or_default().push((place, at));
        }
    }
    let of = |allow: &Allow| {
        let here = allow.lines.iter().filter_map(|line| by_line.get(line)).flatten();
        let places = here.map(|(place, at)| (documents[*place].number, documents[*place].tree.pointer_of(*at)));
        (allow.rule.id, places.collect())
    };
    read(text, source).0.iter().map(of).collect()
}

/// Whether a line ends in the mark of a text of several lines, which a finding points at where it begins.
pub(super) fn opens_block(line: &str) -> bool {
    let code = line.split(" #").next().unwrap_or_default().trim_end();
    code.rsplit([' ', ':']).next().is_some_and(|mark| {
        mark.starts_with(['|', '>']) && mark[1..].chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-'))
    })
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

fn line_of(text: &str, start: usize) -> &str {
    text[start..].split('\n').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::program::PRG_7;

    /// What is left of a lint at `HERE`, and of what the comments of the text are told.
    fn outcome(text: &str, severity: Severity) -> Vec<String> {
        let mut sources = Sources::new();
        let source = sources.add_text("a.yaml", text.replace("HERE", "here"));
        let start = text.find("HERE").unwrap();
        let at = Location::Span { source, start, end: start + 4 };
        let mut findings = Diagnostics::from_iter([Diagnostic { severity, ..Diagnostic::warning(&PRG_7, at, "lint") }]);
        let stale = apply(&mut findings, &sources);
        let mut told: Vec<String> = findings
            .iter()
            .chain(&stale)
            .map(|one| {
                let line = sources.position(source, one.at.start()).line;
                format!("{} {line} {}", one.rule.id, one.message)
            })
            .collect();
        told.sort();
        told
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(outcome(text, Severity::Warning), expected, "{text}");
    }

    #[test]
    fn man_16_an_allow_with_a_reason_silences_its_line() {
        for text in [
            "a: HERE # consign: allow PRG-7 because it is so\n",
            "a: HERE  #consign: allow PRG-7 because it is so\r\nb: 1\r\n",
            "# consign: allow PRG-7 because it is so\na: HERE\n",
            "\u{feff}# consign: allow PRG-7 because it is so\n# another\na: HERE\n",
            "b:\n  - x: 1\n    # consign: allow PRG-7 because it is so\n    a: HERE\n",
            "a: |  # consign: allow PRG-7 because it is so\n  HERE\n",
            "# consign: allow PRG-7 because it is so\na: >-\n  HERE\n",
            "a: {b: 1, c: HERE} # consign: allow PRG-7 because it is so\n",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn man_16_an_allow_without_a_reason_or_of_no_lint_silences_nothing() {
        let lint = "PRG-7 1 lint";
        for (comment, told) in [
            ("allow PRG-7", "MAN-16 1 an `allow` of PRG-7 says why"),
            ("allow PRG-7 because", "MAN-16 1 an `allow` of PRG-7 says why"),
            ("allow PRG-7 because …", "MAN-16 1 an `allow` of PRG-7 says why"),
            ("allow PRG-7 it is so", "MAN-16 1 an `allow` of PRG-7 says why"),
            ("allow PRG-77 because so", "MAN-16 1 there is no rule `PRG-77`"),
            ("allow prg-7 because so", "MAN-16 1 there is no rule `prg-7`"),
            ("allow", "MAN-16 1 an `allow` names the rule that it allows"),
            ("allowed PRG-7 because so", "MAN-16 1 `# consign:` is followed by `allow`, and not by `allowed`"),
            ("", "MAN-16 1 `# consign:` is followed by `allow`, and not by ``"),
            ("allow PKG-2 because so", "MAN-16 1 PKG-2 is an error, and an error cannot be allowed"),
            ("allow SEQ-1 because so", "MAN-16 1 SEQ-1 is told by a plan, not by a line of a manifest"),
            ("allow PRG-4 because so", "MAN-16 1 PRG-4 finds nothing in manifests"),
        ] {
            check(&format!("a: HERE # consign: {comment}\n"), &[told, lint]);
        }
    }

    #[test]
    fn man_16_an_error_cannot_be_allowed() {
        let told = outcome("a: HERE # consign: allow PRG-7 because so\n", Severity::Error);
        assert_eq!(told, ["MAN-16 1 PRG-7 is an error here, and an error cannot be allowed", "PRG-7 1 lint"]);
    }

    #[test]
    fn man_17_an_allow_that_silences_nothing_is_told() {
        let stale = "MAN-17 1 nothing here has PRG-7 to allow";
        check("b: 1 # consign: allow PRG-7 because so\na: HERE\n", &[stale, "PRG-7 2 lint"]);
        check("# consign: allow PRG-7 because so\n\na: HERE\n", &[stale, "PRG-7 3 lint"]);
        check(
            "# consign: allow PRG-9 because so\na: HERE\n",
            &["MAN-17 1 nothing here has PRG-9 to allow", "PRG-7 2 lint"],
        );
    }

    #[test]
    fn man_17_a_text_is_no_comment() {
        for text in [
            "b: '# consign: allow PRG-9 because'\na: HERE\n",
            "b: |\n  # consign: allow PRG-9 because\n  x\na: HERE\n",
            "b: x#consign: y\na: HERE\n",
            "# see consign: it is so\na: HERE\n",
        ] {
            assert_eq!(outcome(text, Severity::Warning).len(), 1, "{text}");
        }
    }

    #[test]
    fn man_17_its_fix_removes_the_comment_alone() {
        for (text, expected) in [
            ("a: 1 # consign: allow PRG-7 because so\r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"),
            ("a: 1\n# consign: allow PRG-7 because so\nb: 2\n", "a: 1\nb: 2\n"),
            ("\u{feff}# consign: allow PRG-7 because so\nb: 2\n", "\u{feff}b: 2\n"),
            ("a: 1\n  # consign: allow PRG-7 because so", "a: 1\n"),
        ] {
            let mut sources = Sources::new();
            sources.add_text("a.yaml", text);
            let stale = apply(&mut Diagnostics::new(), &sources);
            let edit = &stale.iter().next().unwrap().fix.as_ref().unwrap().edits[0];
            let Location::Span { start, end, .. } = edit.location else { panic!("{text}") };
            let mut fixed = text.to_owned();
            fixed.replace_range(start..end, &edit.new_text);
            assert_eq!(fixed, expected);
        }
    }
}
