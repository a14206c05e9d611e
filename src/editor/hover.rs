//! What is told of what stands at a place, in Markdown.

use super::Names;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::called;
use crate::diag::visible;
use crate::diff::effects;
use crate::manifest;
use crate::manifest::Field;
use crate::manifest::Here;
use crate::manifest::Named;
use crate::manifest::Role;
use crate::model::kind::Kind;
use crate::rules;
use crate::rules::Rule;

/// So many users of an item are named.
const USERS_MAX: usize = 12;

/// What is told of a byte of a file, and of which bytes; `None` where there is nothing to tell.
pub fn hover(
    sources: &Sources,
    names: &Names,
    source: SourceId,
    offset: usize,
) -> Option<(std::ops::Range<usize>, String)> {
    let text = sources.text(source);
    if let Some((at, rule)) = rule_in_comment(text, offset) {
        return Some((at, about_rule(rule)));
    }
    if let Some(spot) = names.at(source, offset) {
        let told = match &spot.named {
            Named::Rule(id) => rules::find(id).map(about_rule),
            named => Some(about(sources, names, named)),
        };
        return told.map(|told| (spot.at.clone(), told));
    }
    let here = manifest::here(text, source, offset)?;
    let (at, told) = (here.at.clone(), field_of(&here)?);
    Some((at, told))
}

/// The rule whose ID stands at a byte, in a comment that allows it.
fn rule_in_comment(text: &str, offset: usize) -> Option<(std::ops::Range<usize>, &'static Rule)> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    let line = &text[start..end];
    let from = line.find("consign: allow")?;
    line[..from].contains('#').then_some(())?;
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let before = &text[start..offset];
    let begin = start + before.rfind(|c| !is_id(c)).map_or(0, |at| at + 1);
    let stop = offset + text[offset..end].find(|c| !is_id(c)).unwrap_or(end - offset);
    Some((begin..stop, rules::find(&text[begin..stop])?))
}

/// A rule: what, why, where from.
pub(super) fn about_rule(rule: &Rule) -> String {
    format!("**{}**: {}\n\n{}\n\n*{}*", rule.id, rule.title, rule.explain, rule.source)
}

/// A text that means itself.
fn code(text: &str) -> String {
    let text = visible(text);
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn about(sources: &Sources, names: &Names, named: &Named) -> String {
    let title = match named {
        Named::Item(key) => match &key.package {
            Some(package) => format!("**program** {} of package {}", code(&key.name), code(package)),
            None => format!("**{}** {}", crate::diag::kind_in_words(key.kind), code(&key.name)),
        },
        Named::Principal(name) => format!("**principal** {}", code(name)),
        Named::Variable(name) => format!("**variable** {}", code(name)),
        Named::Secret(name) => format!("**secret** {}", code(name)),
        Named::Rule(id) => code(id),
    };
    let mut out = title;
    let place = |source: SourceId, at: usize| {
        format!("{}:{}", visible(sources.path(source).as_str()), sources.position(source, at).line)
    };
    for (source, spot) in names.definitions(named) {
        let what = if spot.role == Role::External { "Looked after by others" } else { "Declared" };
        out.push_str(&format!("\n\n{what}: {}", code(&place(source, spot.at.start))));
    }
    let uses: Vec<String> = names
        .references(named, false)
        .into_iter()
        .map(|(source, spot)| {
            let who = match (&spot.owner, spot.role) {
                (Some(owner), Role::Overlaid) => format!("overlay of {}", called(owner)),
                (Some(owner), _) => called(owner),
                (None, _) => "the project file".to_owned(),
            };
            format!("{who} ({})", code(&place(source, spot.at.start)))
        })
        .collect();
    if uses.is_empty() {
        out.push_str("\n\nUsed by nothing.");
    } else {
        out.push_str(&format!("\n\nUsed {} {}:\n", uses.len(), if uses.len() == 1 { "time" } else { "times" }));
        for one in uses.iter().take(USERS_MAX) {
            out.push_str(&format!("\n- {one}"));
        }
        if uses.len() > USERS_MAX {
            out.push_str(&format!("\n- and {} more", uses.len() - USERS_MAX));
        }
    }
    out
}

/// The field that a key or value is, with what a change of it leads to.
fn field_of(here: &Here) -> Option<String> {
    let kind = here.kind?;
    let (kind, path) = match here.field.strip_prefix("spec.programs.") {
        Some(rest) if kind == Kind::Package => (Kind::Program, format!("spec.{rest}")),
        _ => (kind, here.field.clone()),
    };
    let field = manifest::field(kind, &path).ok()?;
    Some(about_field(kind, &field))
}

fn about_field(kind: Kind, field: &Field) -> String {
    let name = field.path.strip_prefix("spec.").unwrap_or(&field.path);
    let mut out = format!("**{kind}.{name}**\n\n{}\n\nTakes {}.", field.about, field.takes);
    match &field.default {
        Some(value) if !value.is_null() => out.push_str(&format!(" Default: {}.", code(&value.to_string()))),
        None if field.is_required => out.push_str(" It must be there."),
        _ => {}
    }
    for (word, about) in &field.choices {
        out.push_str(&format!("\n\n- {}: {about}", code(word)));
    }
    for case in effects::of(kind, &field.path).map(|entry| entry.effects.cases).unwrap_or_default() {
        out.push_str(&format!("\n\nA change: {} ({}).", case.remark(), case.effect.meaning()));
    }
    out
}
