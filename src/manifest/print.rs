//! Items back to text: canonical YAML that reads to the same item.

use serde_json::Map;
use serde_json::Value;

use super::document::API_VERSION;
use super::document::Metadata;
use super::scalar;
use super::schema;
use super::schema::Subject;
use crate::diag::is_hidden;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::Program;

/// An item as the one document of a manifest, without `---`: keys in the schema's order, those that say no more than
/// their default left out, texts of several lines as blocks, and everything quoted that some reader of YAML would take
/// for something else.
///
/// `programs` are the programs of a package, in the order in which they are to stand; they are ignored for any other
/// kind. An item of kind Program has no manifest of its own, and is written as its package would hold it.
pub fn print_item(item: &Item, programs: &[&Item]) -> String {
    let kind = item.key.kind;
    let mut out = String::new();
    if let Spec::Program(_) = &item.spec {
        emit_list(&mut out, &[stripped_spec_of(item)], 0);
        return out;
    }
    let root = &schema::judge(Subject::Manifest(kind)).schema;
    let mut metadata = to_value(&Metadata::of(item));
    let mut spec = spec_value(&item.spec, programs);
    escape_variables(&mut spec);
    if let Some(folder) = metadata.get_mut("folder") {
        escape_variables(folder);
    }
    strip(&mut metadata, &root["properties"]["metadata"], root);
    strip(&mut spec, &root["properties"]["spec"], root);
    let mut document = Map::new();
    document.insert("apiVersion".to_owned(), API_VERSION.into());
    document.insert("kind".to_owned(), kind.name().into());
    document.insert("metadata".to_owned(), metadata);
    document.insert("spec".to_owned(), spec);
    emit_map(&mut out, &document, 0);
    out
}

/// What an item's `spec` says as its manifest would write it, defaults written out; of a program, as its package's holds
/// it.
pub(super) fn spec_of(item: &Item) -> Value {
    let mut spec = match &item.spec {
        Spec::Program(_) => to_value(&whole_program(item)),
        spec => spec_value(spec, &[]),
    };
    escape_variables(&mut spec);
    spec
}

/// The same without what says no more than its default.
pub(super) fn stripped_spec_of(item: &Item) -> Value {
    let mut spec = spec_of(item);
    let (kind, at) = match item.key.kind {
        Kind::Program => (Kind::Package, "/$defs/Program"),
        kind => (kind, "/properties/spec"),
    };
    let root = &schema::judge(Subject::Manifest(kind)).schema;
    strip(&mut spec, root.pointer(at).unwrap_or(&Value::Null), root);
    spec
}

/// A value in one line, as a manifest could write it: `{unc: '\\files\7zip'}`.
pub fn flow(value: &Value) -> String {
    let mut out = String::new();
    push_flow(&mut out, value);
    out
}

/// The same, behind what is there.
pub(super) fn push_flow(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_line(out, text),
        Value::Array(list) => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                push_flow(out, value);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                push_line(out, key);
                out.push_str(": ");
                push_flow(out, value);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn spec_value(spec: &Spec, programs: &[&Item]) -> Value {
    match spec {
        Spec::Folder(spec) => to_value(spec),
        Spec::Package(spec) => {
            let mut spec = spec.clone();
            spec.programs.extend(programs.iter().filter_map(|item| whole_program(item)));
            to_value(&spec)
        }
        Spec::Program(spec) => to_value(spec),
        Spec::Task(spec) => to_value(spec),
        Spec::SequentialTask(spec) => to_value(spec),
        Spec::Collection(spec) => to_value(spec),
        Spec::MaintenanceWindow(spec) => to_value(spec),
        Spec::PortalDefaults(spec) => to_value(spec),
        Spec::PortalSettings(spec) => to_value(spec),
        Spec::DeliveryPolicy(spec) => to_value(spec),
        Spec::AgentSettings(spec) => to_value(spec),
        Spec::PatchPlugin(spec) => to_value(spec),
        Spec::PurgeSettings(spec) => to_value(spec),
    }
}

/// A program as its package's manifest holds it: with the GUID and the earlier names of its item (PRG-13).
fn whole_program(item: &Item) -> Option<Program> {
    let Spec::Program(program) = &item.spec else { return None };
    Some(Program { name: item.key.name.clone(), guid: item.pin, aliases: item.aliases.clone(), ..program.clone() })
}

fn to_value<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("the model's types hold only what JSON can")
}

/// An item's texts are what they are; `${{` in them is no variable.
fn escape_variables(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("${{") => *text = text.replace("${{", "$${{"),
        Value::Array(list) => list.iter_mut().for_each(escape_variables),
        Value::Object(map) => map.values_mut().for_each(escape_variables),
        _ => {}
    }
}

/// Takes away what says no more than its default. The defaults are those of the schema, which are those of the types.
pub(super) fn strip(value: &mut Value, schema: &Value, root: &Value) {
    let schema = schema::resolve(root, schema);
    match value {
        Value::Object(map) => {
            let Some(form) = form_of(map, schema, root) else { return };
            let Some(properties) = form.get("properties").and_then(Value::as_object) else { return };
            let required = form.get("required").and_then(Value::as_array);
            let is_required = |key: &str| required.is_some_and(|list| list.iter().any(|entry| entry == key));
            map.retain(|key, value| {
                let default = properties.get(key).and_then(|property| property.get("default"));
                // No grants at all is worth saying; see `Absent` in the manual.
                is_required(key) || key == "grants" || default != Some(value)
            });
            for (key, value) in map {
                if let Some(property) = properties.get(key) {
                    strip(value, property, root);
                }
            }
        }
        Value::Array(list) => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            list.iter_mut().for_each(|value| strip(value, items, root));
        }
        _ => {}
    }
}

/// The schema of the form that a map has, of those that its field can have.
fn form_of<'a>(map: &Map<String, Value>, schema: &'a Value, root: &'a Value) -> Option<&'a Value> {
    let schema = schema::resolve(root, schema);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required = schema.get("required").and_then(Value::as_array);
        let fits = map.keys().all(|key| properties.contains_key(key))
            && required.into_iter().flatten().filter_map(Value::as_str).all(|key| map.contains_key(key));
        return fits.then_some(schema);
    }
    let branches = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key).and_then(Value::as_array));
    branches.flatten().find_map(|branch| form_of(map, branch, root))
}

/// One key with its value, indented.
pub(super) fn emit_key(out: &mut String, key: &str, value: Value, indent: usize) {
    emit_map(out, &Map::from_iter([(key.to_owned(), value)]), indent);
}

fn emit_map(out: &mut String, map: &Map<String, Value>, indent: usize) {
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 || !out.ends_with("- ") {
            push_indent(out, indent);
        }
        push_line(out, key);
        out.push(':');
        emit_below(out, value, indent);
    }
}

/// The value of a key, or a list's element, whose line has begun.
fn emit_below(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            emit_map(out, map, indent + 2);
        }
        Value::Array(list) if !list.is_empty() => {
            if let Some(line) = one_line(list) {
                out.push(' ');
                out.push_str(&line);
                out.push('\n');
            } else {
                out.push('\n');
                emit_list(out, list, indent + 2);
            }
        }
        value => {
            out.push(' ');
            emit_scalar(out, value, indent);
        }
    }
}

pub(super) fn emit_list(out: &mut String, list: &[Value], indent: usize) {
    for value in list {
        push_indent(out, indent);
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push_str("- ");
                emit_map(out, map, indent + 2);
            }
            value => {
                out.push('-');
                emit_below(out, value, indent);
            }
        }
    }
}

/// A list of short scalars, on one line.
fn one_line(list: &[Value]) -> Option<String> {
    const WIDTH: usize = 100;
    let mut line = String::from("[");
    for (at, value) in list.iter().enumerate() {
        if matches!(value, Value::Array(_) | Value::Object(_)) || value.as_str().is_some_and(is_block) {
            return None;
        }
        if at > 0 {
            line.push_str(", ");
        }
        match value {
            Value::String(text) => push_line(&mut line, text),
            value => line.push_str(&value.to_string()),
        }
        if line.len() > WIDTH {
            return None;
        }
    }
    line.push(']');
    Some(line)
}

fn emit_scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(text) if is_block(text) => push_block(out, text, indent + 2),
        Value::String(text) => push_line(out, text),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        value => out.push_str(&value.to_string()),
    }
    if !out.ends_with('\n') || matches!(value, Value::String(text) if !is_block(text)) {
        out.push('\n');
    }
}

fn push_indent(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether a text is written as a block: several lines that are seen as they are.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && text.chars().all(|c| c == '\n' || is_printed(c))
        // A line of spaces alone is read differently by some; and nobody sees it.
        && text.split('\n').all(|line| line.is_empty() || !line.trim().is_empty())
}

fn push_block(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    // The last line end of the text is that of its last line here.
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            push_indent(out, indent);
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// A text on one line: plain where no reader could take it for anything else, else in quotes.
pub(super) fn push_line(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else if text.chars().all(is_printed) {
        push_quoted(out, text);
    } else {
        push_escaped(out, text);
    }
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('\'');
    out.push_str(&text.replace('\'', "''"));
    out.push('\'');
}

fn push_escaped(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printed(c) => out.push(c),
            c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
}

/// Whether a character stands for itself, and is seen.
pub(super) fn is_printed(c: char) -> bool {
    !is_hidden(c) && !matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
}

fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let safe_start = first.is_alphanumeric() || matches!(first, '/' | '_' | '(' | '$' | '.' | '+' | '^' | '~');
    safe_start
        && !text.starts_with("...")
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        // Within brackets some readers take the colon for the end of a key.
        && !text.contains(":?")
        && text.chars().all(|c| is_printed(c) && !matches!(c, '[' | ']' | '{' | '}' | ','))
        && !scalar::needs_quotes(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_in_a_line_reads_as_one_would_write_it() {
        for (value, line) in [
            (json!({"unc": "\\\\files\\7zip"}), "{unc: '\\\\files\\7zip'}".to_owned()),
            (json!({"schedule": {"daily": "17:00"}}), "{schedule: {daily: '17:00'}}".to_owned()),
            (
                json!([{"package": "7-Zip", "dependsOn": [1, 2]}, null, true, "no", ""]),
                "[{package: 7-Zip, dependsOn: [1, 2]}, null, true, 'no', '']".to_owned(),
            ),
            (json!(["a:?", "a:b"]), "['a:?', a:b]".to_owned()),
            (json!("two\nlines\u{1b}"), "\"two\\nlines\\x1b\"".to_owned()),
        ] {
            assert_eq!(flow(&value), line);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[-a-z0-9:#{}\\[\\], '\"|>&*!%@~?]{0,8}".prop_map(Value::from),
        ];
        scalar.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::from(map.into_iter().collect::<Map<String, Value>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_in_a_line_is_read_back_as_itself(value in value()) {
            let line = flow(&value);
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(serde_yaml::from_str::<Value>(&line).unwrap(), value);
        }
    }
}
