//! The two judges of a manifest agree: the types, which clean documents pass, and the schemas, which explain the rest.

use serde_json::Value;
use serde_json::json;

use super::document;
use super::document::Refused;
use super::schema;
use super::schema::Subject;
use super::syntax;
use super::tree::Tree;
use crate::diag::Sources;

const EVERY_FIELD: &str = include_str!("../../tests/data/every-field.yaml");

fn documents() -> Vec<Value> {
    let mut sources = Sources::new();
    let id = sources.add_text("every-field.yaml", EVERY_FIELD);
    let (documents, findings) = syntax::read(EVERY_FIELD, id);
    assert!(findings.is_empty(), "{findings:?}");
    documents.iter().map(|document| document.tree.value(0)).collect()
}

/// Every pointer of a value, the root first.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            pointers(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), all);
        }),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), all));
        }
        _ => {}
    }
}

/// What can become of a value.
fn replacements(value: &Value) -> Vec<Value> {
    let mut all = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(33),
        json!(256),
        json!(5_000_000_000_u64),
        json!(u64::MAX),
        json!(1.5),
        json!(1e30),
        json!(""),
        json!("x"),
        json!("5m"),
        json!("none"),
        json!("last"),
        json!([]),
        json!([value]),
        json!([null]),
        json!([value, value]),
        json!({}),
        json!({"x": value}),
        json!({"users": []}),
        json!({"none": []}),
        json!({"none": {}}),
        json!("x".repeat(256)),
    ];
    if let Value::String(word) = value {
        all.extend([json!({word: null}), json!({word: {}}), json!([word])]);
    }
    if let Value::Object(map) = value {
        all.extend(map.keys().map(|key| json!(key)));
        all.push(Value::Array(map.values().cloned().collect())); // A struct by position.
    }
    all
}

/// Holds the two judges to one document.
fn agree(document: &Value) {
    let Some(kind) = document["kind"].as_str().and_then(document::manifest_kind) else { return };
    let tree = Tree::of_value(document);
    let valid = schema::judge(Subject::Manifest(kind)).validator.is_valid(document);
    match document::item(&tree) {
        Ok(_) => assert!(valid, "the types take what the schema does not: {document}"),
        Err(Refused::AskSchema) => {
            let taken = document::item_taken(&tree).is_ok();
            assert!(!valid || taken, "the schema takes what the types do not: {document}");
        }
        Err(Refused::Type { message, .. }) => {
            // Texts of the right form that mean nothing are for the types alone.
            let is_form = ["is not a duration", "is not a date"].iter().any(|form| message.contains(form));
            assert!(!valid || is_form, "the schema takes what the types refuse ({message}): {document}");
        }
    }
}

#[test]
fn documents_with_every_field_are_taken_the_fast_way() {
    for document in documents() {
        let tree = Tree::of_value(&document);
        // An empty list below a choice is judged by the schema as well; nothing in this file has one.
        if let Err(refused) = document::item(&tree) {
            panic!("{refused:?}: {document}");
        }
        agree(&document);
    }
}

#[test]
fn every_field_of_every_kind_is_in_the_file() {
    for kind in document::kinds() {
        let of_kind: Vec<Value> = documents().into_iter().filter(|document| document["kind"] == kind.name()).collect();
        let schema = schema::schema(Subject::Manifest(kind));
        let spec = schema::resolve(&schema, &schema["properties"]["spec"]);
        for (key, property) in spec["properties"].as_object().unwrap() {
            let set = of_kind.iter().filter_map(|document| document["spec"].get(key));
            assert!(
                set.into_iter().any(|value| property.get("default") != Some(value)),
                "{kind}.{key} has no value beside its default in tests/data/every-field.yaml"
            );
        }
    }
}

#[test]
fn the_types_take_exactly_what_the_schemas_take() {
    let mut n_mutations = 0;
    for document in documents() {
        let mut all = Vec::new();
        pointers(&document, "", &mut all);
        for pointer in &all {
            let value = document.pointer(pointer).unwrap().clone();
            for replacement in replacements(&value) {
                let mut mutated = document.clone();
                *mutated.pointer_mut(pointer).unwrap() = replacement;
                agree(&mutated);
                n_mutations += 1;
            }
            if let Value::Object(map) = &value {
                for key in map.keys().map(String::as_str).chain(["unknown"]) {
                    let mut mutated = document.clone();
                    let map = mutated.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
                    if map.shift_remove(key).is_none() {
                        map.insert(key.to_owned(), json!(1));
                    }
                    agree(&mutated);
                    n_mutations += 1;
                }
            }
        }
    }
    assert!(n_mutations > 10_000, "{n_mutations}");
}
