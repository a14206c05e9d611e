//! `consign explain KIND` and `consign explain KIND.FIELD`

use crate::adapter::native;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::nearest;
use crate::diag::visible;
use crate::diff::effects;
use crate::diff::effects::Case;
use crate::diff::effects::Effect;
use crate::manifest;
use crate::manifest::Field;
use crate::manifest::NoSuchField;
use crate::model::capabilities::Access;
use crate::model::capabilities::Capabilities;
use crate::model::kind::Kind;
use crate::rules;

/// Where lines are broken.
const COLUMNS: usize = 100;

/// Where what is said of a field begins.
const INDENT: usize = 10;

/// The fields of a kind with their effects, those that depend on the values each in a line of its own.
pub(super) fn list(kind: Kind) -> String {
    let rows: Vec<(String, &[Case])> = manifest::fields(kind)
        .into_iter()
        .map(|field| {
            let name = field.path.strip_prefix("spec.").unwrap_or(&field.path).to_owned();
            (name, cases(kind, &field.path))
        })
        .collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let effect_width = Effect::ALL.iter().map(|effect| effect.name().len()).max().unwrap_or_default();
    let mut text = format!("{kind}: its fields, and what a change of each leads to\n\n");
    for (name, cases) in &rows {
        for (at, case) in cases.iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            let label = format!("  {name:<width$}  {:<effect_width$}", case.effect.name());
            wrap(&mut text, &label, width + effect_width + 6, &case.remark());
        }
    }
    // The field of which there is most to say.
    if let Some((name, _)) = rows.iter().rev().max_by_key(|(_, cases)| cases.len()) {
        text.push_str(&format!("\n`consign explain {kind}.{name}` says more of one.\n"));
    }
    text
}

/// The effects of a field, the leading one first.
fn cases(kind: Kind, path: &str) -> &'static [Case] {
    effects::of(kind, path).expect("a test finds an effect for every field").effects.cases
}

/// What is known of a field.
pub(super) fn text(kind: Kind, path: &str) -> Result<String, Failure> {
    // A program is written inside its package's manifest, and is an item of its own (PRG-13).
    if kind == Kind::Package {
        let path =
            path.split_once('.').filter(|(part, _)| part.eq_ignore_ascii_case("spec")).map_or(path, |(_, rest)| rest);
        if let Some((list, rest)) = path.split_once('.')
            && list.eq_ignore_ascii_case("programs")
        {
            return text(Kind::Program, rest);
        }
    }
    match manifest::field(kind, path) {
        Ok(field) => Ok(one(kind, &field)),
        Err(nothing) => Err(unknown(kind, &nothing)),
    }
}

fn unknown(kind: Kind, nothing: &NoSuchField) -> Failure {
    let within = match nothing.within.split_once('.') {
        Some((_, field)) => format!("{kind}.{field}"),
        None => kind.to_string(),
    };
    let message = format!("{within} has no field `{}`", visible(&nothing.asked));
    let failure = Failure::new(exit::USAGE, message);
    let lower = nothing.asked.to_ascii_lowercase();
    let names: Vec<(String, &str)> =
        nothing.known.iter().map(|name| (name.to_ascii_lowercase(), name.as_str())).collect();
    let near = nearest(&lower, names.iter().map(|(lower, _)| lower.as_str()));
    match near.and_then(|near| names.iter().find(|(lower, _)| lower == near)) {
        Some((_, near)) => {
            failure.help(format!("did you mean {within}.{near}? `consign explain {kind}` names them all"))
        }
        None if nothing.known.is_empty() => failure.help(format!("{within} holds no fields")),
        None => failure.help(format!("its fields are {}", nothing.known.join(", "))),
    }
}

fn one(kind: Kind, field: &Field) -> String {
    let name = field.path.strip_prefix("spec.").unwrap_or(&field.path);
    let mut text = format!("{kind}.{name}\n\n");
    wrap(&mut text, "", 0, &field.about);
    text.push('\n');
    wrap(&mut text, "takes:", INDENT, &field.takes);
    let width = field.choices.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    for (word, about) in &field.choices {
        wrap(&mut text, &format!("{:INDENT$}{word:<width$}", ""), INDENT + width + 2, about);
    }
    wrap(&mut text, "default:", INDENT, &default(field));
    effects_text(&mut text, kind, &field.path);
    wrap(&mut text, "servers:", INDENT, &servers(&[("native", native::client::capabilities())], kind, &field.path));
    text
}

fn default(field: &Field) -> String {
    match &field.default {
        Some(serde_json::Value::Null) => "none; it may be left out".to_owned(),
        Some(value) => format!("`{value}`"),
        None if field.is_required => "none; it must be there".to_owned(),
        None => "none".to_owned(),
    }
}

fn effects_text(text: &mut String, kind: Kind, path: &str) {
    for (at, case) in cases(kind, path).iter().enumerate() {
        let label = if at == 0 { "effect:" } else { "or:" };
        wrap(text, label, INDENT, &format!("{}: {}", case.effect.name(), case.effect.meaning()));
        wrap(text, "", INDENT, &format!("why: {}", case.note));
        for id in case.rules {
            match rules::find(id) {
                Some(rule) => wrap(text, "", INDENT, &format!("{id}: {}", rule.title)),
                None => wrap(text, "", INDENT, id),
            }
        }
        wrap(text, "", INDENT, &format!("source: {}", case.source));
    }
}

/// Which kinds of server hold a field, and how.
pub(in crate::cli) fn servers(known: &[(&str, Capabilities)], kind: Kind, path: &str) -> String {
    // What the project alone reads is on no server.
    if ["metadata.labels", "metadata.acknowledge", "metadata.aliases"].iter().any(|own| path.starts_with(own))
        || (kind == Kind::Program && path == "spec.aliases")
    {
        return "none; it is the project's own".to_owned();
    }
    let held = known.iter().filter(|(_, server)| server.kinds.contains(&kind)).map(|(name, server)| {
        let how = match server.access(kind, path.strip_prefix("spec.").unwrap_or(path)) {
            Access::Settable => "",
            Access::CreateOnly => " (only while the item is made)",
            Access::ReadOnly => " (never set)",
            Access::WriteOnly => " (set, never read back: at most whether there is one is seen)",
            Access::Absent => " (not there)",
        };
        format!("{name}{how}")
    });
    held.collect::<Vec<_>>().join(", ")
}

/// Adds a text with a label before it, broken between words.
fn wrap(out: &mut String, label: &str, indent: usize, text: &str) {
    let mut line = format!("{label:<indent$}");
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            out.push_str(&line);
            out.push('\n');
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
