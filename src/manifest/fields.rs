//! What the schemas say of single fields, for `consign explain KIND.FIELD`. Pure reading of [`super::schema`].

use serde_json::Map;
use serde_json::Value;

use super::schema::Subject;
use super::schema::schema;
use crate::model::kind::Kind;

/// A field of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it stands, with dots: `spec.run.schedule`. Entries of a list are passed over: `spec.steps.package`.
    pub path: String,
    /// What it is, in the words of its type.
    pub about: String,
    /// What it takes, in words.
    pub takes: String,
    /// What it may be, and what each means, where that is a choice.
    pub choices: Vec<(String, String)>,
    /// What holds when it is absent. `None` for a field that must be there, or one of several forms.
    pub default: Option<Value>,
    /// Whether it must be there.
    pub is_required: bool,
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchField {
    /// How far it led: a path, or empty at the top.
    pub within: String,
    /// The part that is not there.
    pub asked: String,
    /// What is there.
    pub known: Vec<String>,
}

/// The fields of a kind, those of `metadata` first, nested ones not gone into. A program stands inside its package's
/// manifest and has no `metadata`.
pub fn fields(kind: Kind) -> Vec<Field> {
    let root = schema(Subject::Manifest(kind));
    parts(kind)
        .iter()
        .flat_map(|part| {
            let node = &root["properties"][*part];
            children(&root, node).into_iter().map(|child| child.field(&root, part)).collect::<Vec<_>>()
        })
        .collect()
}

/// What a kind's type says of itself.
pub fn about(kind: Kind) -> String {
    let root = schema(Subject::Manifest(kind));
    root["description"].as_str().unwrap_or_default().replace('\n', " ")
}

/// Every field of the project file, nested ones included; entries of lists and maps are passed over.
pub fn project_fields() -> Vec<Field> {
    let root = schema(Subject::Project);
    let mut out = Vec::new();
    walk(&root, &root, "", &mut out);
    out
}

fn walk(root: &Value, node: &Value, within: &str, out: &mut Vec<Field>) {
    for child in children(root, node) {
        let field = child.field(root, within);
        let path = field.path.clone();
        out.push(field);
        walk(root, child.node, &path, out);
    }
}

/// Every field of a kind, nested ones included, each once, in the order of the schema.
pub fn all_fields(kind: Kind) -> Vec<Field> {
    let root = schema(Subject::Manifest(kind));
    let mut out = Vec::new();
    for part in parts(kind) {
        walk(&root, &root["properties"][*part], part, &mut out);
    }
    out
}

/// The field at a path, whatever the case of its letters; `spec` and `metadata` may be left out.
///
/// # Errors
/// With what is there, when it is not.
pub fn field(kind: Kind, path: &str) -> Result<Field, NoSuchField> {
    let root = schema(Subject::Manifest(kind));
    let names: Vec<&str> = path.split('.').collect();
    let stated = parts(kind).iter().copied().find(|part| names.len() > 1 && part.eq_ignore_ascii_case(names[0]));
    let (parts, names) = match stated {
        Some(part) => (vec![part], &names[1..]),
        None => (parts(kind).iter().rev().copied().collect(), &names[..]),
    };
    let mut first = None;
    for part in parts {
        match find(&root, part, names) {
            Ok(field) => return Ok(field),
            // What was found nowhere is told of the part in which it led furthest, `spec` before `metadata`.
            Err(other) => first = Some(first.map_or(other.clone(), |one| further(one, other))),
        }
    }
    Err(first.expect("every kind has a part"))
}

/// The parts of a manifest that hold fields.
const fn parts(kind: Kind) -> &'static [&'static str] {
    if matches!(kind, Kind::Program) { &["spec"] } else { &["metadata", "spec"] }
}

fn further(mut one: NoSuchField, other: NoSuchField) -> NoSuchField {
    let depth = |of: &NoSuchField| of.within.split('.').count();
    if depth(&other) > depth(&one) {
        return other;
    }
    if depth(&other) == depth(&one) {
        one.known.extend(other.known);
    }
    one
}

fn find(root: &Value, part: &str, names: &[&str]) -> Result<Field, NoSuchField> {
    let mut node = &root["properties"][part];
    let mut within = part.to_owned();
    let mut found = None;
    for name in names {
        let mut known = children(root, node);
        let Some(at) = known.iter().position(|child| child.name.eq_ignore_ascii_case(name)) else {
            let known = known.iter().map(|child| child.name.to_owned()).collect();
            return Err(NoSuchField { within, asked: (*name).to_owned(), known });
        };
        let child = known.swap_remove(at);
        let field = child.field(root, &within);
        within.clone_from(&field.path);
        node = child.node;
        found = Some(field);
    }
    found.ok_or_else(|| NoSuchField { within, asked: String::new(), known: Vec::new() })
}

/// A property, and whether it must be there.
struct Child<'a> {
    name: &'a str,
    node: &'a Value,
    is_required: bool,
}

impl Child<'_> {
    fn field(&self, root: &Value, within: &str) -> Field {
        Field {
            path: format!("{within}.{}", self.name).trim_start_matches('.').to_owned(),
            about: self.node["description"].as_str().unwrap_or_default().replace('\n', " "),
            takes: takes(root, self.node),
            choices: choices(root, self.node),
            default: self.node.get("default").cloned(),
            is_required: self.is_required,
        }
    }
}

/// The properties of a node, through references, forms and lists; each name once.
fn children<'a>(root: &'a Value, node: &'a Value) -> Vec<Child<'a>> {
    let mut found: Vec<Child<'a>> = Vec::new();
    let mut add = |children: Vec<Child<'a>>| {
        for child in children {
            if found.iter().all(|known| known.name != child.name) {
                found.push(child);
            }
        }
    };
    if let Some(target) = referred(root, node) {
        add(children(root, target));
    }
    for form in forms(node) {
        // In one of several forms no property must be there.
        add(children(root, form).into_iter().map(|child| Child { is_required: false, ..child }).collect());
    }
    if let Some(entry) = node.get("items") {
        add(children(root, entry));
    }
    if let Some(properties) = node.get("properties").and_then(Value::as_object) {
        let required = node["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_required = |name: &str| required.iter().any(|entry| entry == name);
        add(properties.iter().map(|(name, node)| Child { name, node, is_required: is_required(name) }).collect());
    }
    found
}

fn referred<'a>(root: &'a Value, node: &Value) -> Option<&'a Value> {
    root.pointer(node.get("$ref")?.as_str()?.strip_prefix('#')?)
}

fn forms(node: &Value) -> &[Value] {
    ["anyOf", "oneOf"].iter().find_map(|key| node.get(key)?.as_array()).map(Vec::as_slice).unwrap_or_default()
}

/// What a node takes, in words.
fn takes(root: &Value, node: &Value) -> String {
    if let Some(target) = referred(root, node) {
        return takes(root, target);
    }
    if let Some(Value::String(only)) = node.get("const") {
        return format!("`{only}`");
    }
    let forms: Vec<String> =
        forms(node).iter().filter(|form| form["type"] != "null").map(|form| takes(root, form)).collect();
    if !forms.is_empty() {
        return forms.join(", or ");
    }
    let is = |name: &str| node["type"] == name || node["type"].as_array().is_some_and(|all| all.contains(&name.into()));
    if is("boolean") {
        "`true` or `false`".to_owned()
    } else if is("integer") {
        format!("a whole number{}", bounds(node))
    } else if is("string") {
        text(node)
    } else if is("array") {
        let least = if node["minItems"] == 1 { ", at least one" } else { "" };
        format!("a list of {}{least}", plural(&takes(root, &node["items"])))
    } else {
        map(node.as_object())
    }
}

fn plural(one: &str) -> String {
    match one.strip_prefix("a ").and_then(|rest| rest.strip_prefix("text")) {
        Some(rest) => format!("texts{rest}"),
        None => format!("entries, each {one}"),
    }
}

fn bounds(node: &Value) -> String {
    // The bounds of the integer types themselves say nothing to a person.
    let least = node["minimum"].as_i64().filter(|least| *least != i64::MIN);
    let most = node["maximum"].as_u64().filter(|most| ![u64::from(u32::MAX), u64::MAX, i64::MAX as u64].contains(most));
    match (least, most) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

fn text(node: &Value) -> String {
    if let Some(values) = node["enum"].as_array() {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap_or("null"))).collect();
        return values.join(" or ");
    }
    // The forms that `model::units` and its like define; a test meets each of them.
    match node["pattern"].as_str() {
        None if node["minLength"].as_u64() > Some(0) => "a text, not empty".to_owned(),
        None => "a text".to_owned(),
        Some("^[0-9]+[smhd]$") => "a duration: a whole number and its unit, such as `30m`, `4h`, `7d`".to_owned(),
        Some("^([0-9]+[smhd]|unknown)$") => "a duration such as `30m`, `4h`, or `unknown`".to_owned(),
        Some("^([01][0-9]|2[0-3]):[0-5][0-9]$") => "a time of day, such as `\"17:00\"`".to_owned(),
        Some(pattern) if pattern.starts_with("^[0-9]{4}-[0-9]{2}-[0-9]{2}T") => {
            "a date and time without a zone, such as `2026-12-01T08:00`".to_owned()
        }
        Some(pattern) if pattern.starts_with("^[0-9]{4}-") => "a date, such as `2026-12-31`".to_owned(),
        Some(pattern) if pattern.contains("{8}-") => "a GUID".to_owned(),
        Some(pattern) => format!("a text that matches `{pattern}`"),
    }
}

fn map(node: Option<&Map<String, Value>>) -> String {
    let Some(properties) = node.and_then(|node| node.get("properties")).and_then(Value::as_object) else {
        let is_closed = node.is_some_and(|node| node.get("additionalProperties") == Some(&Value::Bool(false)));
        return if is_closed { "`{}`".to_owned() } else { "a map of texts".to_owned() };
    };
    let names: Vec<String> = properties.keys().map(|name| format!("`{name}`")).collect();
    format!("a map of {}", names.join(", "))
}

/// The words that a node takes, and what each means.
fn choices(root: &Value, node: &Value) -> Vec<(String, String)> {
    if let Some(target) = referred(root, node) {
        return choices(root, target);
    }
    let one = |form: &Value| {
        let about = form["description"].as_str().unwrap_or_default().replace('\n', " ");
        form.get("const").and_then(Value::as_str).map(|word| (word.to_owned(), about))
    };
    let nested = |form: &Value| if form.get("$ref").is_some() { choices(root, form) } else { Vec::new() };
    forms(node).iter().flat_map(|form| one(form).map_or_else(|| nested(form), |choice| vec![choice])).collect()
}

#[cfg(test)]
mod tests {
    use super::all_fields;
    use super::field;
    use crate::model::kind::Kind;

    #[test]
    fn a_path_is_found_in_any_case_with_or_without_its_part() {
        for path in ["spec.commandLine", "commandline", "SPEC.CommandLine"] {
            assert_eq!(field(Kind::Program, path).unwrap().path, "spec.commandLine");
        }
        assert_eq!(field(Kind::Task, "run.schedule.weekly.days").unwrap().path, "spec.run.schedule.weekly.days");
        assert_eq!(field(Kind::Task, "folder").unwrap().path, "metadata.folder");
        assert_eq!(field(Kind::Collection, "name").unwrap().path, "metadata.name");
        assert_eq!(field(Kind::SequentialTask, "steps.dependsOn.step").unwrap().path, "spec.steps.dependsOn.step");
    }

    #[test]
    fn a_path_that_leads_nowhere_says_what_is_there() {
        let nothing = field(Kind::Task, "warnUser.defer").unwrap_err();
        assert_eq!((nothing.within.as_str(), nothing.known), ("spec.warnUser", vec!["deferUpTo".to_owned()]));
        let nothing = field(Kind::Collection, "nam").unwrap_err();
        assert!(nothing.known.contains(&"name".to_owned()) && nothing.known.contains(&"query".to_owned()));
        assert!(field(Kind::Task, "").is_err());
        assert!(field(Kind::Task, "spec.").is_err());
    }

    #[test]
    fn what_a_field_takes_is_told_in_words() {
        for (kind, path, takes) in [
            (Kind::Program, "commandLine", "a text, not empty"),
            (Kind::Program, "maxRunTime", "a duration such as `30m`, `4h`, or `unknown`"),
            (Kind::Program, "successCodes", "a list of entries, each a whole number"),
            (Kind::Program, "exitsEarly", "`true` or `false`"),
            (Kind::Program, "afterRunning.action", "`none`, or `restart`, or `logOff`"),
            (Kind::Task, "collections", "a list of texts"),
            (Kind::Task, "warnUser", "a map of `deferUpTo`"),
            (Kind::Task, "run.schedule.monthly.offsetDays", "a whole number, 0 to 27"),
            (Kind::Task, "guid", "a GUID"),
        ] {
            assert_eq!(field(kind, path).unwrap().takes, takes, "{path}");
        }
    }

    #[test]
    fn nothing_is_told_as_a_pattern() {
        for kind in Kind::ALL {
            for field in all_fields(kind) {
                assert!(!field.takes.contains("matches") && !field.takes.is_empty(), "{}: {}", field.path, field.takes);
                assert!(!field.about.is_empty(), "{kind}: {}", field.path);
            }
        }
    }
}
