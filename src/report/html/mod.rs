//! The view as one HTML page: no network, nothing from elsewhere, readable without scripts, and on paper.
//!
//! The page allows exactly the one style and the one script that are written here, by their digests, and nothing else: a
//! text that got through unescaped could still not run. Texts stand between tags or in quoted attributes, escaped.

mod changes;
mod graph;
mod timeline;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;
use sha2::Sha256;

use crate::diff::PolicyChange;
use crate::report::budget::Budget;
use crate::report::budget::Limit;
use crate::report::escape::LONG;
use crate::report::escape::capped;
use crate::report::escape::html;
use crate::report::escape::html_prose;
use crate::report::plan::consequences::grouped;
use crate::report::plan::headline::Danger;
use crate::report::plan::one_line;
use crate::report::view::Level;
use crate::report::view::Place;
use crate::report::view::View;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// About how many bytes a page takes at the most, as long as names alone do not take more.
const PAGE_MAX: usize = 4_700_000;

/// The most bytes of the table's remarks.
const REMARKS_MAX: usize = 1_500_000;

/// How many names of what is lost stand at the top.
const LOST_NAMED: usize = 50;

/// The page.
pub fn page(view: &View<'_>) -> String {
    let allowed = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    let title = html(&view.title());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{allowed}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"consign {}, view {}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<a class=\"skip\" href=\"#changes\">To the changes</a>\n",
        html(&view.consign_version),
        view.format_version
    );
    out.push_str(&head(view, &title));
    out.push_str("<main>\n");
    out.push_str(&policy(view));
    out.push_str(&lost(view));
    out.push_str(&accept(view));
    out.push_str(&not_assessed(view));
    out.push_str(FILTER);
    out.push_str(&verdict(view));
    let more = timeline::section(view) + &graph::section(view);
    let left = PAGE_MAX.saturating_sub(out.len() + more.len() + SCRIPT.len());
    out.push_str(&changes::section(view, &rules_by_address(view), left));
    out.push_str(&more);
    out.push_str("</main>\n");
    out.push_str(&foot(view));
    out.push_str(&format!("<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    out
}

/// A text's digest as a content security policy writes it.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// The filter; a script shows and fills it.
const FILTER: &str = "<form id=\"f\" hidden role=\"search\" aria-label=\"Filter\">\
<label>Search<input name=\"search\" type=\"search\" placeholder=\"words; / comes here\" autocomplete=\"off\"></label>\
<label>Kind<select name=\"kind\"><option value=\"\">all</option></select></label>\
<label>Rule<select name=\"rule\"><option value=\"\">all</option></select></label>\
<label>Severity<select name=\"level\"><option value=\"\">all</option></select></label>\
<button type=\"reset\">Clear</button><button type=\"button\" id=\"open\">Open all</button>\
<button type=\"button\" id=\"shut\">Close all</button><output id=\"said\" aria-live=\"polite\"></output></form>\n";

fn head(view: &View<'_>, title: &str) -> String {
    let level = view.level().unwrap_or(Level::Note);
    let word = match (view.exit.name, level) {
        ("ok" | "changes", Level::Error) if view.command == "plan" => "blocked",
        ("ok" | "changes", Level::Error | Level::Warning) => "look at it",
        ("ok" | "changes", Level::Note) => "ok",
        (name, _) => name,
    };
    let mut facts = Vec::new();
    facts.extend(view.url.as_ref().map(|url| format!("Server <code>{}</code>", html(url))));
    facts.extend(view.made_at.map(|at| format!("Made {}", at.strftime("%Y-%m-%d %H:%M UTC"))));
    facts.extend(view.expires.map(|at| format!("Expires {}", at.strftime("%Y-%m-%d %H:%M UTC"))));
    if let Some(revision) = &view.revision {
        let branch =
            revision.branch.as_ref().map(|name| format!(" on <code>{}</code>", html(name))).unwrap_or_default();
        let dirty = if revision.dirty { ", with changes that are not committed" } else { "" };
        facts.push(format!("Commit <code>{}</code>{branch}{dirty}", html(&revision.commit)));
    }
    facts.extend(view.hash.as_ref().map(|hash| format!("Plan <code>{}</code>", html(hash.get(..12).unwrap_or(hash)))));
    let facts: String = facts.iter().map(|fact| format!("<li>{fact}</li>")).collect();
    let summary = view.summary.iter().filter(|line| **line != view.headline);
    let summary: String = summary.map(|line| format!("<li>{}</li>", html_prose(line))).collect();
    format!(
        "<header>\n<h1>{title} {}</h1>\n<p class=\"lead\">{}</p>\n<ul class=\"facts\">{summary}</ul>\n\
         <ul class=\"facts\">{facts}</ul>\n</header>\n",
        badge(level, &word.replace('_', " ")),
        html_prose(&capped(&view.headline, LONG))
    )
}

/// A word in a box, whose colour says nothing that the word does not.
fn badge(level: Level, word: &str) -> String {
    let sign = match level {
        Level::Error => "✖",
        Level::Warning => "▲",
        Level::Note => "✔",
    };
    format!("<span class=\"b {}\">{sign} {}</span>", level.word(), html(word))
}

/// What changes in the policy, before all else; what allows more first.
fn policy(view: &View<'_>) -> String {
    if view.policy_changes.is_empty() {
        return String::new();
    }
    let mut all: Vec<&PolicyChange> = view.policy_changes.iter().collect();
    all.sort_by_key(|change| !change.loosens);
    let side = |value| html(&capped(&one_line(value), LONG));
    let lines: String = all
        .iter()
        .map(|change| {
            let more = if change.loosens { " <strong>▲ allows more</strong>" } else { "" };
            let (path, before, after) = (html(&capped(&change.path, LONG)), side(&change.before), side(&change.after));
            format!("<li><code>{path}</code>: <code>{before}</code> → <code>{after}</code>{more}</li>")
        })
        .collect();
    let class = if all[0].loosens { "warning" } else { "note" };
    format!("<div class=\"box {class}\"><strong>The policy changes:</strong><ul>{lines}</ul></div>\n")
}

fn lost(view: &View<'_>) -> String {
    let mut out = String::new();
    for danger in Danger::ALL {
        let of: Vec<&str> =
            view.changes.iter().filter(|one| one.danger == Some(danger)).map(|one| one.address.as_str()).collect();
        if of.is_empty() {
            continue;
        }
        let names: String = of
            .iter()
            .take(LOST_NAMED)
            .map(|name| format!("<li class=\"m\">{}</li>", html(&capped(name, LONG))))
            .collect();
        let rest = match of.len().saturating_sub(LOST_NAMED) {
            0 => String::new(),
            rest => format!("<li>and {} more, below</li>", grouped(rest as u64)),
        };
        out.push_str(&format!(
            "<div class=\"box error\"><strong>✖ {}:</strong><ul>{names}{rest}</ul></div>\n",
            danger.of_many(of.len())
        ));
    }
    out
}

fn accept(view: &View<'_>) -> String {
    if view.to_accept.is_empty() {
        return String::new();
    }
    let mut out = "<section>\n<h2>To accept</h2>\n".to_owned();
    for one in &view.to_accept {
        let place = match &one.item {
            Some(item) => format!("In the manifest of <code>{}</code>", html(item)),
            None => "In <code>consign.yaml</code>".to_owned(),
        };
        out.push_str(&format!("<p>{place} ({}):</p>\n<pre tabindex=\"0\">", html(&one.rules.join(", "))));
        out.extend(one.yaml.lines().map(|line| format!("{}\n", html(line))));
        out.push_str("</pre>\n");
    }
    out + "</section>\n"
}

fn not_assessed(view: &View<'_>) -> String {
    let list =
        |lines: &[String]| -> String { lines.iter().map(|line| format!("<li>{}</li>", html_prose(line))).collect() };
    let mut out = String::new();
    if !view.not_assessed.is_empty() {
        let list = list(&view.not_assessed);
        out.push_str(&format!("<div class=\"box warning\"><strong>▲ Not assessed:</strong><ul>{list}</ul></div>\n"));
    }
    if !view.notes.is_empty() {
        out.push_str(&format!("<div class=\"box note\"><ul>{}</ul></div>\n", list(&view.notes)));
    }
    out
}

/// The table of findings and consequences.
fn verdict(view: &View<'_>) -> String {
    if view.findings.is_empty() && view.consequences.is_empty() {
        return String::new();
    }
    let mut rows: Vec<(Level, String)> = Vec::new();
    let mut budget = Budget::new(Limit::Bytes(REMARKS_MAX));
    let mut why = |lines: &[String]| {
        let all = why(lines);
        let fits = budget.take(&all);
        // How it comes about stays; what else is said of it is in the JSON.
        if fits { all } else { self::why(lines.get(..1).unwrap_or_default()) }
    };
    for one in &view.findings {
        let mut lines: Vec<String> = one.help.iter().map(|help| format!("help: {help}")).collect();
        lines.extend(one.related.iter().map(|(place, text)| match place {
            Some(at) => format!("{}: {text}", self::place(at)),
            None => text.clone(),
        }));
        let at = one.place.as_ref().map(|at| format!(" <code>{}</code>", html(&place(at)))).unwrap_or_default();
        let what = format!("{}{at}{}", html_prose(&capped(&one.message, LONG)), why(&lines));
        let policy = if one.level == Level::Error { "blocks" } else { "" };
        rows.push((one.level, row(one.level, &one.rule, &one.subject, &what, ["", "", policy])));
    }
    for one in &view.consequences {
        let number = html_prose(&one.number);
        let what = why(&one.details);
        let level = if one.level < Level::Error && one.policy == "ok" { Level::Note } else { one.level };
        rows.push((
            level,
            row(level, &one.rule, &one.subject, &what, [&number, &html(&one.basis), &html(&one.policy)]),
        ));
    }
    rows.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    let rows: String = rows.into_iter().map(|(_, row)| row).collect();
    format!(
        "<section>\n<h2>Consequences and findings</h2>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table of consequences and findings\"><table class=\"t\">\n<thead><tr><th scope=\"col\">\
         Severity</th><th scope=\"col\">Rule</th><th scope=\"col\">What</th><th scope=\"col\">Number</th>\
         <th scope=\"col\">Basis</th><th scope=\"col\">Policy</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n\
         </section>\n"
    )
}

fn row(level: Level, rule: &str, subject: &str, what: &str, [number, basis, policy]: [&str; 3]) -> String {
    let word = level.word();
    let kind = html(subject.split_once('/').map_or("", |(kind, _)| kind));
    let subject = if subject.is_empty() {
        String::new()
    } else {
        format!("<b class=\"m\">{}</b> ", html(&capped(subject, LONG)))
    };
    let rule = html(rule);
    format!(
        "<tr data-i data-kind=\"{kind}\" data-level=\"{word}\" data-rules=\"{rule}\"><td class=\"w\">{}</td>\
         <td class=\"m w\">{rule}</td><td>{subject}{what}</td><td class=\"n\">{number}</td>\
         <td data-l=\"Basis\">{basis}</td><td data-l=\"Policy\">{policy}</td></tr>\n",
        badge(level, word)
    )
}

fn why(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("<li>{}</li>", html_prose(&capped(line, LONG)))).collect();
    format!("<ul class=\"why\">{lines}</ul>")
}

fn place(at: &Place) -> String {
    match at.line {
        Some(line) => format!("{}:{line}", at.file),
        None => at.file.clone(),
    }
}

/// The rules that say something of an item.
fn rules_by_address<'v>(view: &'v View<'_>) -> BTreeMap<&'v str, BTreeSet<&'v str>> {
    let mut out: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in &view.consequences {
        for address in std::iter::once(&one.subject).chain(&one.because) {
            out.entry(address).or_default().insert(&one.rule);
        }
    }
    for one in &view.findings {
        out.entry(&one.subject).or_default().insert(&one.rule);
    }
    out
}

fn foot(view: &View<'_>) -> String {
    let mut out = "<footer>\n".to_owned();
    if let Some(command) = &view.apply {
        out.push_str(&format!("<p>To apply it:</p><pre tabindex=\"0\">{}</pre>\n", html(command)));
    }
    let hash = view.hash.as_ref().map(|hash| format!(" · plan <code>{}</code>", html(hash))).unwrap_or_default();
    out.push_str(&format!(
        "<p>consign {} · exit code {} ({}){hash}</p>\n</footer>\n",
        html(&view.consign_version),
        view.exit.code,
        html(view.exit.name)
    ));
    out
}
