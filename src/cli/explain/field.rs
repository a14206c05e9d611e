//! `consign explain KIND` and `consign explain KIND.FIELD`

use crate::cli::capabilities;
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
    let mut text = String::new();
    wrap(&mut text, "", 0, &manifest::about(kind));
    wrap(&mut text, "servers:", INDENT, &of_kind(kind));
    let manifest = match kind {
        Kind::Program => "inside the manifest of its package, under `spec.programs`".to_owned(),
        Kind::PortalDefaults | Kind::PurgeSettings => format!("one a server; `consign new {kind} NAME` writes one"),
        _ => format!("`consign new {kind} NAME` writes one"),
    };
    wrap(&mut text, "manifest:", INDENT, &manifest);
    text.push_str(&format!("\n{kind}: its fields, and what a change of each leads to\n\n"));
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

/// What every manifest has beside its `spec`, and what the project file has: the fields, or one of them. `None`: neither is
/// asked for.
pub(super) fn of_every_kind(asked: &str) -> Option<Result<String, Failure>> {
    let (name, path) = asked.split_once('.').unwrap_or((asked, ""));
    let is = |names: &[&str]| names.iter().any(|one| name.eq_ignore_ascii_case(one));
    if is(&["metadata"]) {
        // A kind with everything that any kind has there.
        let fields = manifest::all_fields(Kind::Task).into_iter().filter(|field| field.path.starts_with("metadata."));
        let about = "What an item is called and where it lives. The same for every kind, but for programs, which are \
                     written inside their package's manifest.";
        return Some(among("metadata", about, path, &fields.collect::<Vec<_>>()));
    }
    if is(&["project", "consign"]) {
        // The project file by its name, with what may follow it.
        let path = if name.eq_ignore_ascii_case("consign") { path.strip_prefix("yaml")? } else { path };
        let about = "What a project is: which manifests it has, which servers they are for, what no change may do unasked, \
                     and who hears of drift. It is the file `consign.yaml`.";
        return Some(among("Project", about, path.trim_start_matches('.'), &manifest::project_fields()));
    }
    None
}

/// One of these fields, or all of them in a line each. Those of metadata have their effects.
fn among(of: &str, about: &str, path: &str, fields: &[Field]) -> Result<String, Failure> {
    let is_metadata = of == "metadata";
    let name = |field: &Field| field.path.strip_prefix("metadata.").unwrap_or(&field.path).to_owned();
    let mut text = String::new();
    if path.is_empty() {
        let width = fields.iter().map(|field| name(field).len()).max().unwrap_or_default();
        wrap(&mut text, "", 0, about);
        text.push_str(&format!("\n{of}: its fields\n\n"));
        for field in fields {
            let (first, _) = field.about.split_once("\n\n").unwrap_or((&field.about, ""));
            wrap(&mut text, &format!("  {:<width$}", name(field)), width + 4, first);
        }
        text.push_str(&format!("\n`consign explain {of}.{}` says more of one.\n", name(&fields[fields.len() - 1])));
        return Ok(text);
    }
    if let Some(field) = fields.iter().find(|field| name(field).eq_ignore_ascii_case(path)) {
        text.push_str(&format!("{of}.{}\n\n", name(field)));
        facts(&mut text, field);
        if is_metadata {
            ends(&mut text, Kind::Task, field);
        }
        return Ok(text);
    }
    let failure = Failure::new(exit::USAGE, format!("{of} has no field `{}`", visible(path)));
    let names: Vec<(String, String)> = fields.iter().map(name).map(|name| (name.to_ascii_lowercase(), name)).collect();
    let near = nearest(&path.to_ascii_lowercase(), names.iter().map(|(lower, _)| lower.as_str()));
    Err(match near.and_then(|near| names.iter().find(|(lower, _)| lower == near)) {
        Some((_, near)) => failure.help(format!("did you mean {of}.{near}? `consign explain {of}` names them all")),
        None => failure.help(format!("`consign explain {of}` names its fields")),
    })
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
    facts(&mut text, field);
    ends(&mut text, kind, field);
    text
}

/// What a field is, what it takes, and what holds where it is left out.
fn facts(text: &mut String, field: &Field) {
    wrap(text, "", 0, &field.about);
    text.push('\n');
    wrap(text, "takes:", INDENT, &field.takes);
    let width = field.choices.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    for (word, about) in &field.choices {
        wrap(text, &format!("{:INDENT$}{word:<width$}", ""), INDENT + width + 2, about);
    }
    wrap(text, "default:", INDENT, &default(field));
}

/// What a change of it leads to, and which servers hold it.
fn ends(text: &mut String, kind: Kind, field: &Field) {
    effects_text(text, kind, &field.path);
    wrap(text, "servers:", INDENT, &servers(&capabilities::known(), kind, &field.path));
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

/// Which kinds of server hold a kind at all.
fn of_kind(kind: Kind) -> String {
    let known = capabilities::known();
    let held = known.iter().filter(|(_, server)| server.kinds.contains(&kind)).map(|(name, server)| {
        let how = if server.read_only.contains(&kind) { " (shown, never written)" } else { "" };
        format!("{name}{how}")
    });
    let held: Vec<String> = held.collect();
    if held.is_empty() { "none".to_owned() } else { held.join(", ") }
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
        let field = path.strip_prefix("spec.").unwrap_or(path);
        format!("{name}{how}{}", some_values(server, kind, field))
    });
    held.collect::<Vec<_>>().join(", ")
}

/// Which values of a field a server takes, where it does not take all.
fn some_values(server: &Capabilities, kind: Kind, field: &str) -> String {
    let Some(forms) = server.forms.get(&(kind, field.to_owned())) else { return String::new() };
    let words: Vec<String> = forms.words.iter().cloned().chain(forms.numbers.iter().map(u64::to_string)).collect();
    let but: Vec<&str> = forms.but.iter().map(String::as_str).collect();
    if but.is_empty() { format!(" (only {})", words.join(", ")) } else { format!(" (not {})", but.join(", ")) }
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
