//! Findings for people, as rustc shows them, and as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use annotate_snippets::Annotation;
use annotate_snippets::AnnotationKind;
use annotate_snippets::Level;
use annotate_snippets::Origin;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;
use serde_json::Value;
use serde_json::json;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Position;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::is_hidden;
use crate::diag::visible;
use crate::model::project::Severity;

/// The version of the JSON form. Minor: something was added; major: something means something else.
pub const FORMAT_VERSION: &str = "1.0";

/// Writes findings as text, each with its source line, and a summary at the end. Places must have been looked up.
///
/// # Errors
///
/// Those of `out`.
pub fn text(findings: &Diagnostics, sources: &Sources, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut lines = Lines::new(sources);
    for finding in findings {
        writeln!(out, "{}\n", render(finding, &mut lines, &renderer))?;
    }
    writeln!(out, "{}", summary(findings, sources.len()))
}

/// Of a longer source line only the part around the finding is shown.
const LINE_MAX: usize = 160;
/// How much of such a line stands before the finding.
const LEAD: usize = 40;
/// The renderer cuts nothing itself: lines are cut here, so that the columns stay right.
const WIDTH: usize = 10 * LINE_MAX;

/// `3 errors, 1 warning in 20 files`, or `no findings in 20 files`.
pub fn summary(findings: &Diagnostics, n_files: usize) -> String {
    let count = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{n} {word}s")),
    };
    let parts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning")]
        .into_iter()
        .filter_map(|(severity, word)| count(findings.count(severity), word))
        .collect();
    let what = if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") };
    format!("{what} in {}", count(n_files, "file").unwrap_or_else(|| "no file".to_owned()))
}

fn render(finding: &Diagnostic, lines: &mut Lines<'_>, renderer: &Renderer) -> String {
    let level = if finding.severity == Severity::Error { Level::ERROR } else { Level::WARNING };
    let mut group =
        level.primary_title(visible(&finding.message)).id(finding.rule.id).elements(Vec::<Origin<'_>>::new());
    let mut moved = Vec::new();
    let places = std::iter::once((&finding.at, finding.label.as_str(), AnnotationKind::Primary))
        .chain(finding.labels.iter().map(|(at, label)| (at, label.as_str(), AnnotationKind::Context)));
    for (at, label, kind) in places {
        match at {
            Location::Nowhere => {}
            Location::File(source) | Location::Pointer { source, .. } => {
                group = group.element(Origin::path(visible(lines.sources.path(*source).as_str()).into_owned()));
            }
            Location::Span { source, start, end } => {
                let position = lines.position(*source, *start);
                let path = visible(lines.sources.path(*source).as_str()).into_owned();
                let shown = lines.shown(*source, *start, *end);
                let column = shown.text[..shown.start].chars().count() + 1;
                if column != position.column {
                    let Position { line, column: real } = position;
                    moved.push((format!("{path}:{line}:{column}"), format!("{path}:{line}:{real}")));
                }
                let span = kind.span(shown.start..shown.end);
                let annotation: Annotation<'_> =
                    if label.is_empty() { span } else { span.label(visible(label).into_owned()) };
                let snippet = Snippet::source(shown.text).line_start(position.line).path(path).fold(false);
                group = group.element(snippet.annotation(annotation));
            }
        }
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    moved.iter().fold(renderer.render(&[group]), |text, (shown, real)| move_column(&text, shown, real))
}

/// The renderer counts columns in what it is shown, which is not the line as it stands where that was cut or escaped.
fn move_column(text: &str, shown: &str, real: &str) -> String {
    let is_place = |line: &str| (line.contains("--> ") || line.contains("::: ")) && line.contains(shown);
    let mut done = false;
    let mut out = String::with_capacity(text.len() + 8);
    // The first line is the message; a place stands below it.
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if at > 0 && !done && is_place(line) {
            done = true;
            out.push_str(&line.replacen(shown, real, 1));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// One source line made safe to show, and where the finding is in it.
struct Shown {
    text: String,
    start: usize,
    end: usize,
}

/// Where the lines of each text begin, found once.
struct Lines<'a> {
    sources: &'a Sources,
    starts: BTreeMap<SourceId, Vec<usize>>,
}

impl<'a> Lines<'a> {
    const fn new(sources: &'a Sources) -> Self {
        Self { sources, starts: BTreeMap::new() }
    }

    /// The number of the line a byte is in, 0 the first, and its first byte.
    fn line(&mut self, source: SourceId, offset: usize) -> (usize, usize) {
        let text = self.sources.text(source);
        let starts = self
            .starts
            .entry(source)
            .or_insert_with(|| std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect());
        let line = starts.partition_point(|start| *start <= offset.min(text.len())) - 1;
        (line, starts[line])
    }

    fn position(&mut self, source: SourceId, offset: usize) -> Position {
        let (line, start) = self.line(source, offset);
        let text = self.sources.text(source);
        let before = text.get(start..offset.min(text.len())).unwrap_or_default();
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        Position { line: line + 1, column: before.chars().count() + 1 }
    }

    /// The line with the first byte of a span; of a span over several lines, its part on that line.
    fn shown(&mut self, source: SourceId, start: usize, end: usize) -> Shown {
        let text = self.sources.text(source);
        let (_, line_start) = self.line(source, start);
        let line = text[line_start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let (line, shift) = match line.strip_prefix('\u{feff}') {
            Some(rest) if line_start == 0 => (rest, '\u{feff}'.len_utf8()),
            _ => (line, 0),
        };
        let from = floor(line, start.saturating_sub(line_start + shift));
        let to = floor(line, end.saturating_sub(line_start + shift)).max(from);
        cut(line, from, to)
    }
}

fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A line with hidden characters written out, and cut around the finding where it is long.
fn cut(line: &str, from: usize, to: usize) -> Shown {
    let n_before = line[..from].chars().count();
    let n_all = n_before + line[from..].chars().take(LINE_MAX + 1).count();
    let skip = if n_all > LINE_MAX { n_before.saturating_sub(LEAD) } else { 0 };
    let mut shown = Shown { text: String::new(), start: 0, end: 0 };
    if skip > 0 {
        shown.text.push('…');
    }
    for (at, (offset, c)) in line.char_indices().enumerate().skip(skip) {
        if offset == from {
            shown.start = shown.text.len();
        }
        if offset == to {
            shown.end = shown.text.len();
        }
        if at >= skip + LINE_MAX {
            shown.text.push('…');
            break;
        }
        match c {
            '\t' => shown.text.push_str("    "),
            c if is_hidden(c) => shown.text.push_str(&visible(c.encode_utf8(&mut [0; 4]))),
            c => shown.text.push(c),
        }
    }
    if from >= line.len() {
        shown.start = shown.text.len();
    }
    if to >= line.len() || shown.end < shown.start {
        shown.end = shown.text.len();
    }
    shown
}

/// Findings as JSON. Lines and columns count from 1, columns in characters; `end_column` is that after the last
/// character. Texts are as they are, for a program to escape where it shows them.
pub fn json(findings: &Diagnostics, sources: &Sources) -> Value {
    let mut lines = Lines::new(sources);
    let list: Vec<Value> = findings.iter().map(|finding| finding_json(finding, &mut lines)).collect();
    json!({
        "format_version": FORMAT_VERSION,
        "findings": list,
        "counts": {
            "errors": findings.count(Severity::Error),
            "warnings": findings.count(Severity::Warning),
            "files": sources.len(),
        },
    })
}

fn finding_json(finding: &Diagnostic, lines: &mut Lines<'_>) -> Value {
    let related: Vec<Value> =
        finding.labels.iter().map(|(at, message)| merged(place_json(at, lines), json!({"message": message}))).collect();
    let fixes: Vec<Value> = finding
        .fix
        .iter()
        .map(|fix| {
            let edits: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| merged(place_json(&edit.location, lines), json!({"new_text": edit.new_text})))
                .collect();
            json!({"message": fix.message, "edits": edits})
        })
        .collect();
    let head = json!({
        "rule": finding.rule.id,
        "severity": finding.severity,
        "message": finding.message,
    });
    let tail = json!({"label": finding.label, "help": finding.help, "related": related, "fixes": fixes});
    merged(merged(head, place_json(&finding.at, lines)), tail)
}

fn place_json(at: &Location, lines: &mut Lines<'_>) -> Value {
    let file = at.source().map(|source| lines.sources.path(source).to_string());
    match at {
        Location::Span { source, start, end } => {
            let (from, to) = (lines.position(*source, *start), lines.position(*source, *end));
            json!({
                "file": file, "line": from.line, "column": from.column, "end_line": to.line, "end_column": to.column,
            })
        }
        _ => json!({"file": file, "line": null, "column": null, "end_line": null, "end_column": null}),
    }
}

fn merged(mut first: Value, second: Value) -> Value {
    if let (Value::Object(first), Value::Object(second)) = (&mut first, second) {
        first.extend(second);
    }
    first
}

/// The findings as one text, without colour.
pub fn to_string(findings: &Diagnostics, sources: &Sources) -> String {
    let mut out = Vec::new();
    text(findings, sources, false, &mut out).expect("writing to a vector cannot fail");
    match String::from_utf8_lossy(&out) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::manifest::MAN_6;
    use crate::rules::package::PKG_2;

    fn sample(text: &str, at: &str) -> (Diagnostics, Sources) {
        let mut sources = Sources::new();
        let source = sources.add_text("delivery/a.yaml", text);
        let start = text.find(at).unwrap();
        let at = Location::Span { source, start, end: start + at.len() };
        let finding = Diagnostic::error(&PKG_2, at, "`x` is not a UNC path").label("here").help("write it so");
        (Diagnostics::from_iter([finding]), sources)
    }

    #[test]
    fn a_finding_reads_as_rustc_writes_it() {
        let (findings, sources) = sample("a: 1\nsource: {unc: 'x'}\n", "'x'");
        assert_eq!(
            to_string(&findings, &sources),
            "\
error[PKG-2]: `x` is not a UNC path
 --> delivery/a.yaml:2:15
  |
2 | source: {unc: 'x'}
  |               ^^^ here
  |
  = help: write it so

1 error in 1 file
"
        );
    }

    #[test]
    fn several_places_are_all_shown() {
        let mut sources = Sources::new();
        let (a, b) = (sources.add_text("a.yaml", "name: x\n"), sources.add_text("b.yaml", "\n\nname: x\n"));
        let at = |source, start| Location::Span { source, start, end: start + 1 };
        let finding = Diagnostic::error(&MAN_6, at(b, 8), "twice").label("again").also(at(a, 6), "first here");
        assert_eq!(
            to_string(&Diagnostics::from_iter([finding]), &sources),
            "\
error[MAN-6]: twice
 --> b.yaml:3:7
  |
3 | name: x
  |       ^ again
  |
 ::: a.yaml:1:7
  |
1 | name: x
  |       - first here

1 error in 2 files
"
        );
    }

    #[test]
    fn nothing_hidden_reaches_the_terminal_and_the_marks_stay_in_place() {
        let (findings, sources) = sample("k: \u{1b}[2J\u{202e}x\tVALUE\u{200b}\r\n", "VALUE");
        let out = to_string(&findings, &sources);
        assert!(!out.chars().any(|c| c != '\n' && is_hidden(c)), "{out:?}");
        assert!(out.contains("k: \\u{1b}[2J\\u{202e}x    VALUE\\u{200b}\n"), "{out}");
        assert!(out.contains(":1:11\n"), "{out}");
        let line = out.lines().find(|line| line.contains("VALUE")).unwrap();
        let marks = out.lines().find(|line| line.contains("^^^^^")).unwrap();
        assert_eq!(line.find("VALUE"), marks.find("^^^^^"));
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_finding() {
        let text = format!("{}VALUE{}", "a".repeat(1_000_000), "b".repeat(1_000_000));
        let (findings, sources) = sample(&text, "VALUE");
        let out = to_string(&findings, &sources);
        assert!(out.len() < 1000 && out.contains("…aaa") && out.contains("bbb…"), "{out}");
        assert!(out.contains(":1:1000001\n") && out.contains("^^^^^ here"), "{out}");
    }

    #[test]
    fn findings_without_a_place_are_shown_as_well() {
        let mut sources = Sources::new();
        let source = sources.add_text("a.yaml", "");
        let findings: Diagnostics = [
            Diagnostic::error(&PKG_2, Location::Nowhere, "nowhere").help("go on"),
            Diagnostic::warning(&PKG_2, Location::File(source), "file"),
            Diagnostic::error(&PKG_2, Location::Span { source, start: 0, end: 0 }, "empty"),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            to_string(&findings, &sources),
            "\
error[PKG-2]: nowhere
 |
 = help: go on

warning[PKG-2]: file
--> a.yaml

error[PKG-2]: empty
 --> a.yaml:1:1
  |
1 |
  | ^

2 errors, 1 warning in 1 file
"
        );
    }

    #[test]
    fn json_counts_characters_from_one_and_holds_everything() {
        let (findings, sources) = sample("ä: 1\nü: {unc: 'x'}\n", "'x'");
        let all = json(&findings, &sources);
        assert_eq!(all["format_version"], FORMAT_VERSION);
        assert_eq!(all["counts"], json!({"errors": 1, "warnings": 0, "files": 1}));
        assert_eq!(
            all["findings"][0],
            json!({
                "rule": "PKG-2", "severity": "error", "message": "`x` is not a UNC path", "file": "delivery/a.yaml",
                "line": 2, "column": 10, "end_line": 2, "end_column": 13, "label": "here", "help": "write it so",
                "related": [], "fixes": [],
            })
        );
    }
}
