//! The JSON Schemas, from the types; and what they find, in our words. The only place that names `jsonschema`.
//!
//! A clean document never comes here. One that the types refuse is judged by its kind's schema, which finds everything
//! in one pass; each finding is translated from what the engine found, never from its text.

mod editor;

use std::sync::OnceLock;

use jsonschema::Validator;
use schemars::JsonSchema;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::document::API_VERSION;
use super::document::Metadata;
use super::document::kinds;
use crate::model::kind::Kind;
use crate::model::project::Project;

/// The engine's findings, for `translate`.
pub(super) mod error {
    pub(in super::super) use jsonschema::ValidationError as SchemaError;
    pub(in super::super) use jsonschema::error::ValidationErrorKind as ErrorKind;
}

/// What a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A manifest of this kind.
    Manifest(Kind),
    /// `consign.yaml`.
    Project,
}

impl Subject {
    /// The kind as it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Manifest(kind) => kind.name(),
            Self::Project => "Project",
        }
    }
}

/// A schema, and the engine's form of it.
pub(super) struct Judge {
    pub(super) schema: Value,
    pub(super) validator: Validator,
}

/// The judge of a subject; made at first use.
pub(super) fn judge(subject: Subject) -> &'static Judge {
    static JUDGES: [OnceLock<Judge>; Kind::ALL.len() + 1] = [const { OnceLock::new() }; Kind::ALL.len() + 1];
    let place = match subject {
        Subject::Manifest(kind) => kind as usize,
        Subject::Project => Kind::ALL.len(),
    };
    JUDGES[place].get_or_init(|| {
        let schema = schema(subject);
        let validator = jsonschema::draft202012::new(&schema).expect("a test compiles every schema");
        Judge { schema, validator }
    })
}

/// The schema of a subject, draft 2020-12.
pub(super) fn schema(subject: Subject) -> Value {
    match subject {
        Subject::Manifest(kind) => of_kind(kind),
        Subject::Project => of_project(),
    }
}

/// Every schema that stands in `schema/`, by file name: `manifest.json` for all kinds together, `overlay.json` for their
/// overlays, and `project.json`, these three draft-07 for editors; and one for each kind, draft 2020-12.
pub fn schemas() -> Vec<(String, String)> {
    let all = of_all_kinds();
    let mut files = vec![
        ("manifest.json".to_owned(), all.clone()),
        ("overlay.json".to_owned(), editor::for_overlays(all)),
        ("project.json".to_owned(), project_for_editors()),
    ];
    files.extend(kinds().map(|kind| (format!("{kind}.json"), of_kind(kind))));
    files.into_iter().map(|(name, schema)| (name, text_of(&schema))).collect()
}

fn text_of(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a JSON value can be written");
    text.push('\n');
    text
}

/// The schema of a file that is no manifest, as it stands in `schema/`.
pub fn schema_of<T: JsonSchema>(file: File) -> String {
    let settings = match file {
        File::Edited => SchemaSettings::draft07(),
        File::Read => SchemaSettings::draft2020_12(),
        File::Written => SchemaSettings::draft2020_12().for_serialize(),
    };
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    text_of(&schema)
}

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// People write it, in editors.
    Edited,
    /// The program reads it.
    Read,
    /// The program writes it, and never leaves anything out.
    Written,
}

fn of_kind(kind: Kind) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let metadata = generator.subschema_for::<Metadata>();
    let spec = spec_schema(kind, &mut generator);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name(),
        "description": described(&generator, kind),
        "type": "object",
        "properties": {
            "apiVersion": {"description": "The version of the manifest format.", "type": "string", "const": API_VERSION},
            "kind": {"description": "What sort of item it is.", "type": "string", "const": kind.name()},
            "metadata": {"description": "What the item is called, and where it lives.", "$ref": metadata.get("$ref")},
            "spec": {"description": "What the item says.", "$ref": spec.get("$ref")},
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "$defs": generator.take_definitions(true),
    });
    tidy(&mut schema);
    schema
}

/// One schema for all kinds, chosen by `kind`, in the draft that editors know best.
fn of_all_kinds() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let metadata = generator.subschema_for::<Metadata>();
    let mut chosen = Vec::new();
    let mut names = Vec::new();
    for kind in kinds() {
        let spec = spec_schema(kind, &mut generator);
        let description = described(&generator, kind);
        names.push(json!({"const": kind.name(), "description": description}));
        chosen.push(json!({
            "if": {"properties": {"kind": {"const": kind.name()}}, "required": ["kind"]},
            "then": {"properties": {"spec": {"description": description, "title": kind.name(), "allOf": [spec]}}},
        }));
    }
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "consign manifest",
        "description": "One item of a software delivery server.",
        "type": "object",
        "properties": {
            "apiVersion": {"description": "The version of the manifest format.", "type": "string", "const": API_VERSION},
            "kind": {"description": "What sort of item it is.", "type": "string", "oneOf": names},
            "metadata": {"description": "What the item is called, and where it lives.", "allOf": [metadata]},
            "spec": {"description": "What the item says; its keys follow from `kind`.", "type": "object"},
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "allOf": chosen,
        "definitions": generator.take_definitions(true),
    });
    tidy(&mut schema);
    allow_variables(&mut schema);
    editor::for_editors(schema)
}

fn of_project() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Project>();
    finish_project(schema.to_value())
}

fn project_for_editors() -> Value {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<Project>();
    editor::for_editors(finish_project(schema.to_value()))
}

fn finish_project(mut schema: Value) -> Value {
    if let Some(externals) = schema.pointer_mut("/properties/externals").and_then(Value::as_object_mut) {
        let names: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
        externals.insert("propertyNames".to_owned(), json!({"enum": names}));
    }
    tidy(&mut schema);
    schema
}

fn spec_schema(kind: Kind, generator: &mut SchemaGenerator) -> schemars::Schema {
    use crate::model;
    match kind {
        Kind::Folder => generator.subschema_for::<model::folder::Folder>(),
        Kind::Package => generator.subschema_for::<model::package::Package>(),
        Kind::Program => generator.subschema_for::<model::package::Program>(),
        Kind::Task => generator.subschema_for::<model::task::Task>(),
        Kind::SequentialTask => generator.subschema_for::<model::sequence::SequentialTask>(),
        Kind::Collection => generator.subschema_for::<model::collection::Collection>(),
        Kind::MaintenanceWindow => generator.subschema_for::<model::window::MaintenanceWindow>(),
        Kind::PortalDefaults => generator.subschema_for::<model::portal::PortalDefaults>(),
        Kind::PortalSettings => generator.subschema_for::<model::portal::PortalSettings>(),
        Kind::DeliveryPolicy => generator.subschema_for::<model::delivery_policy::DeliveryPolicy>(),
        Kind::AgentSettings => generator.subschema_for::<model::agent_settings::AgentSettings>(),
        Kind::PatchPlugin => generator.subschema_for::<model::patch::PatchPlugin>(),
        Kind::PurgeSettings => generator.subschema_for::<model::purge::PurgeSettings>(),
    }
}

/// What the type of a kind says of itself.
fn described(generator: &SchemaGenerator, kind: Kind) -> Value {
    let definition = generator.definitions().get(kind.name());
    definition.and_then(|schema| schema.get("description")).cloned().unwrap_or(Value::Null)
}

/// Makes the generated schemas say exactly what the types take, and say it on every property.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(tidy),
        Value::Object(map) => {
            bound_integers(map);
            describe_variant(map);
            map.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// Integer formats are names that no validator knows; the bounds they stand for are what counts.
fn bound_integers(map: &mut Map<String, Value>) {
    let Some(Value::String(format)) = map.get("format") else { return };
    let (least, most): (Value, Value) = match format.as_str() {
        "uint8" => (0.into(), u8::MAX.into()),
        "uint32" => (0.into(), u32::MAX.into()),
        "uint64" => (0.into(), u64::MAX.into()),
        "int64" => (i64::MIN.into(), i64::MAX.into()),
        _ => return,
    };
    map.shift_remove("format");
    map.entry("minimum").or_insert(least);
    map.entry("maximum").or_insert(most);
}

/// A variant that is a map of one key carries its description on the map; editors show that of the key.
fn describe_variant(map: &mut Map<String, Value>) {
    let Some(description) = map.get("description").cloned() else { return };
    if let Some(Value::Object(properties)) = map.get_mut("properties")
        && properties.len() == 1
        && let Some(Value::Object(property)) = properties.values_mut().next()
        && !property.contains_key("description")
    {
        property.insert("description".to_owned(), description);
    }
}

/// An editor sees manifests before their variables are filled in.
fn allow_variables(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(allow_variables),
        Value::Object(map) => {
            if let Some(Value::String(pattern)) = map.get_mut("pattern") {
                *pattern = format!("{pattern}|\\$\\{{\\{{.*\\}}\\}}");
            }
            map.values_mut().for_each(allow_variables);
        }
        _ => {}
    }
}

/// The schema that a `$ref` stands for; any other as it is.
pub(super) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    // Definitions refer to definitions, never in a circle of references alone.
    while let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        match path.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_compiles() {
        for subject in kinds().map(Subject::Manifest).chain([Subject::Project]) {
            let _ = judge(subject);
        }
        for (name, text) in schemas() {
            let schema: Value = serde_json::from_str(&text).unwrap();
            assert!(jsonschema::validator_for(&schema).is_ok(), "{name}");
        }
    }
}
