//! Every format of a view.

use std::io;

use serde_json::Value;
use serde_json::json;

use crate::diag::visible;
use crate::plan::file;
use crate::report::apply;
use crate::report::azure;
use crate::report::budget::Budget;
use crate::report::budget::Host;
use crate::report::budget::Limit;
use crate::report::diagnostics;
use crate::report::diff;
use crate::report::drift;
use crate::report::escape;
use crate::report::github;
use crate::report::gitlab;
use crate::report::html;
use crate::report::junit;
use crate::report::markdown;
use crate::report::paint::Paint;
use crate::report::paint::Tone;
use crate::report::plan;
use crate::report::sarif;
use crate::report::view;
use crate::report::view::Origin;
use crate::report::view::View;

/// A format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// For people, in a terminal.
    Text,
    /// For programs: the plan itself, or what it was made of.
    Json,
    /// For a comment on a pull request; fits every host but Bitbucket Server.
    Markdown,
    /// For people, in a browser; one file.
    Html,
    /// For code scanning.
    Sarif,
    /// For test reports.
    Junit,
    /// For the log of GitHub's runner.
    Github,
    /// For GitLab's code quality.
    Gitlab,
    /// For the log of Azure DevOps' agent.
    Azure,
}

/// How text is shown, and what else a format needs to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Whether text is in colour.
    pub color: bool,
    /// Whether text names every item.
    pub full: bool,
    /// Where text breaks: how many columns there are; 0 for the usual number.
    pub columns: usize,
    /// A file with the summary as Markdown, by its whole path: Azure DevOps shows it.
    pub summary: Option<&'a str>,
}

impl Form {
    /// Every format.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Json,
        Self::Markdown,
        Self::Html,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
        Self::Azure,
    ];

    /// Whether it is JSON.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Sarif | Self::Gitlab)
    }
}

/// A view in a format, ending in a line end.
pub fn render(view: &View<'_>, form: Form, options: Options<'_>) -> String {
    match form {
        Form::Text => text(view, options),
        Form::Json => json(view),
        Form::Markdown => markdown::text(view, Host::GitHub),
        Form::Html => html::page(view),
        Form::Sarif => format!("{:#}\n", sarif::json(view)),
        Form::Junit => junit::xml_text(view),
        Form::Github => github::log(view),
        Form::Gitlab => format!("{:#}\n", gitlab::code_quality(view)),
        Form::Azure => azure::log(view, options.summary),
    }
}

/// A view as a piece of HTML for hosts that keep little of it: its text, line by line, within a limit. What does not fit is
/// counted.
pub fn page_of_lines(view: &View<'_>, limit: Limit) -> String {
    const END: &str = "</pre>\n";
    let text = text(view, Options::default());
    let lines: Vec<&str> = text.lines().collect();
    let more = |n: usize| format!("and {n} lines more\n");
    let mut out = format!("<p><b>{}</b></p>\n<pre>", escape::html(&escape::capped(&view.headline, 1_000)));
    let mut budget = Budget::new(limit);
    budget.take(&format!("{out}{END}{}", more(lines.len())));
    for (at, line) in lines.iter().enumerate() {
        let line = format!("{}\n", escape::html(&escape::capped(line, escape::LONG)));
        if !budget.take(&line) {
            out.push_str(&more(lines.len() - at));
            break;
        }
        out.push_str(&line);
    }
    out + END
}

fn text(view: &View<'_>, options: Options<'_>) -> String {
    let paint = Paint { color: options.color };
    let mut out = Vec::new();
    write_text(view, options, paint, &mut out).expect("writing to a vector cannot fail");
    String::from_utf8_lossy(&out).into_owned()
}

fn write_text(view: &View<'_>, options: Options<'_>, paint: Paint, out: &mut dyn io::Write) -> io::Result<()> {
    let shown = plan::Options { paint, full: options.full, columns: options.columns };
    match view.origin {
        Origin::Plan(of) => plan::text(of, shown, out),
        Origin::Drift(of, beside) => drift::text(of, beside, shown, out),
        Origin::Servers(all) => {
            for (at, (name, one)) in all.iter().enumerate() {
                if at > 0 {
                    writeln!(out)?;
                }
                if matches!(one.origin, Origin::Failed(..)) {
                    let title = format!("consign {}: {} could not be compared", view.command, visible(name));
                    writeln!(out, "{}\n", paint.on(Tone::Strong, title))?;
                }
                write_text(one, options, paint, out)?;
            }
            Ok(())
        }
        Origin::Diff(of) => diff::text(of, shown, out),
        Origin::Findings(found, sources) => diagnostics::text(found, sources, options.color, out),
        Origin::Applied(report, _) => apply::text(report, paint, options.full, out),
        Origin::Failed(message, help) => {
            if !message.is_empty() {
                writeln!(out, "error: {}", visible(message))?;
            }
            if let Some(help) = help {
                writeln!(out, "  help: {}", visible(help))?;
            }
            // The first finding is the failure itself; all else is why.
            let itself = view.findings.first().map(|first| view::finding(first).message);
            let mut rest = view.entries();
            rest.retain(|entry| !(entry.rule.is_empty() && Some(&entry.message) == itself.as_ref()));
            rest.iter().try_for_each(|entry| write!(out, "{}", github::plain(entry)))
        }
    }
}

fn json(view: &View<'_>) -> String {
    match view.origin {
        Origin::Plan(of) => file::write(of),
        _ => format!("{:#}\n", value(view)),
    }
}

fn value(view: &View<'_>) -> Value {
    let (code, name) = (view.exit.code, view.exit.name);
    match view.origin {
        Origin::Plan(of) => json!(of),
        Origin::Drift(of, beside) => drift::json(of, beside, code, name),
        Origin::Servers(all) => {
            let servers = all.iter().map(|(name, one)| {
                let mut value = value(one);
                if matches!(one.origin, Origin::Failed(..)) {
                    value["server"] = json!({ "name": name });
                }
                value
            });
            ended(view, json!({ "format_version": "1.0", "servers": servers.collect::<Vec<Value>>() }))
        }
        Origin::Diff(of) => diff::json(of, code, name),
        Origin::Findings(found, sources) => ended(view, diagnostics::json(found, sources)),
        Origin::Applied(report, _) => apply::json(report, code, name),
        Origin::Failed(message, help) => {
            let value = json!({ "format_version": "1.0", "errored": true, "message": message, "help": help,
                "findings": view.findings.get(1..).unwrap_or_default(),
                "policy_changes": view.policy_changes, "consequences": view.consequences, "changes": view.changes, "not_assessed": view.not_assessed });
            ended(view, value)
        }
    }
}

fn ended(view: &View<'_>, mut value: Value) -> Value {
    value["consign_version"] = json!(view.consign_version);
    value["exit"] = json!({ "code": view.exit.code, "name": view.exit.name });
    value
}
