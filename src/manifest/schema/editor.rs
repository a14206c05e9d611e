//! Schemas as editors want them. They say the same as those that `validate` judges by; only their form differs.
//!
//! A language server shows the text of the first schema that fits a value, and completes from the forms that it meets on
//! the way. So every field holds its own text here, nothing is a reference, the words of a choice stand in one list with
//! their texts beside them, and a form says nothing that would hide what its field says.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// A schema in the form for editors: whole, without definitions.
pub(super) fn for_editors(mut schema: Value) -> Value {
    let definitions = schema.as_object_mut().and_then(|map| map.shift_remove("definitions")).unwrap_or_default();
    inline(&mut schema, &definitions);
    shape(&mut schema);
    schema
}

/// The schema of overlays, from that of manifests: nothing but the name must be there, and null takes a value away.
pub(super) fn for_overlays(mut schema: Value) -> Value {
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".to_owned(), "consign overlay".into());
        map.insert("description".to_owned(), "What is different of an item on one server.".into());
        map.insert("required".to_owned(), json!(["apiVersion", "kind", "metadata"]));
        map.shift_remove("defaultSnippets");
        for branch in map.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(spec) = branch.pointer_mut("/then/properties/spec") {
                loosen(spec);
            }
        }
        if let Some(metadata) = map.get_mut("properties").and_then(|all| all.get_mut("metadata")) {
            loosen(metadata);
            metadata["required"] = json!(["name"]);
        }
    }
    schema
}

/// Puts every definition in the place of its references; what stands beside a reference goes before it.
fn inline(node: &mut Value, definitions: &Value) {
    match node {
        Value::Array(list) => list.iter_mut().for_each(|node| inline(node, definitions)),
        Value::Object(map) => {
            // `allOf` with one entry is a reference that has something beside it.
            if let Some([Value::Object(only)]) = map.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
                && let Some(path) = only.get("$ref").cloned()
            {
                map.shift_remove("allOf");
                map.insert("$ref".to_owned(), path);
            }
            // Definitions refer to definitions, never in a circle.
            while let Some(Value::String(path)) = map.shift_remove("$ref") {
                let name = path.strip_prefix("#/definitions/").unwrap_or(&path);
                for (key, value) in definitions[name].as_object().into_iter().flatten() {
                    map.entry(key.clone()).or_insert_with(|| value.clone());
                }
                if map.contains_key("properties") {
                    map.entry("title").or_insert_with(|| name.into());
                }
            }
            map.values_mut().for_each(|node| inline(node, definitions));
        }
        _ => {}
    }
}

/// Gives every node its form; from the inside out.
fn shape(node: &mut Value) {
    match node {
        Value::Array(list) => list.iter_mut().for_each(shape),
        Value::Object(map) => {
            map.values_mut().for_each(shape);
            one_key(map);
            choice(map);
            texts(map);
        }
        _ => {}
    }
}

/// A form with one key says that it must be there by its size, or an editor would offer it twice.
fn one_key(map: &mut Map<String, Value>) {
    let is_one = map.get("properties").and_then(Value::as_object).is_some_and(|properties| properties.len() == 1);
    let must_be = map.get("required").and_then(Value::as_array).is_some_and(|required| required.len() == 1);
    if is_one && must_be && map.get("additionalProperties") == Some(&Value::Bool(false)) {
        map.shift_remove("required");
        map.insert("minProperties".to_owned(), 1.into());
        if let Some(name) = map["properties"].as_object().and_then(|properties| properties.keys().next()).cloned() {
            map.entry("title").or_insert(name.into());
        }
    }
}

/// The words among the forms of a choice become one list with their texts; the other forms lose the text that would be
/// shown instead of the field's.
fn choice(map: &mut Map<String, Value>) {
    let Some(keyword) = ["oneOf", "anyOf"].into_iter().find(|keyword| map.contains_key(*keyword)) else { return };
    let Some(Value::Array(forms)) = map.get(keyword).cloned() else { return };
    let (mut words, mut texts, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for mut form in forms {
        let text = form.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(word) = form.get("const").filter(|word| word.is_string()) {
            words.push(word.clone());
            texts.push(text);
        } else if let (Some(Value::Array(more)), Some(Value::Array(about))) =
            (form.get("enum"), form.get("markdownEnumDescriptions"))
        {
            words.extend(more.iter().cloned());
            texts.extend(about.iter().map(|text| text.as_str().unwrap_or_default().to_owned()));
        } else {
            if let Some(form) = form.as_object_mut() {
                form.shift_remove("description");
                form.shift_remove("markdownDescription");
            }
            others.push(form);
        }
    }
    if words.is_empty() {
        // Without it an editor would not know that a map follows.
        if others.iter().all(|form| form["type"] == "object") {
            map.insert("type".to_owned(), "object".into());
        }
        map.insert(keyword.to_owned(), others.into());
        return;
    }
    let list = json!({"type": "string", "enum": words, "markdownEnumDescriptions": texts});
    map.shift_remove(keyword);
    if others.is_empty() {
        for (key, value) in list.as_object().into_iter().flatten() {
            map.insert(key.clone(), value.clone());
        }
    } else {
        let forms: Vec<Value> = std::iter::once(list).chain(others).collect();
        map.insert(keyword.to_owned(), forms.into());
    }
}

/// The text of a field with its default, which editors do not show by themselves; and no default that an editor would
/// write for nothing, such as null or an empty list.
fn texts(map: &mut Map<String, Value>) {
    let Some(about) = map.get("description").and_then(Value::as_str).map(flowing) else { return };
    let default = map.get("default").cloned();
    if let Some(default) = &default
        && (default.is_null() || default.is_object() || default == &json!([]) || default == "")
    {
        map.shift_remove("default");
    }
    let shown = match &default {
        Some(Value::Bool(_) | Value::Number(_)) => default.as_ref().map(Value::to_string),
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Array(list)) if !list.is_empty() => default.as_ref().map(Value::to_string),
        _ => None,
    };
    let whole = shown.map_or_else(|| about.clone(), |default| format!("{about}\n\nDefault: `{default}`."));
    // Editors that know no Markdown here show the one, the others the other; plain words are the same in both.
    if whole != about || about.contains(|c: char| "`*_[]<>#\\".contains(c)) {
        map.insert("markdownDescription".to_owned(), whole.into());
    }
    map.insert("description".to_owned(), about.into());
}

/// A text without the line ends that only break its lines.
fn flowing(text: &str) -> String {
    text.split("\n\n").map(|part| part.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// In an overlay everything below may be left out, and null takes it away. A program still says which one it is.
fn loosen(node: &mut Value) {
    let Value::Object(map) = node else { return };
    for keyword in ["required", "minItems", "minProperties", "defaultSnippets", "default"] {
        map.shift_remove(keyword);
    }
    // Forms that need nothing are no longer told apart.
    if let Some(forms) = map.shift_remove("oneOf") {
        map.insert("anyOf".to_owned(), forms);
    }
    for (name, list) in map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        loosen(list);
        if name == "programs" {
            list["items"]["required"] = json!(["name"]);
        }
        let Value::Object(property) = list else { continue };
        if let Some(Value::Array(forms)) = property.get_mut("anyOf") {
            if !forms.iter().any(|form| form["type"] == "null") {
                forms.push(json!({"type": "null"}));
            }
        } else if let Some(Value::String(one)) = property.get("type").cloned()
            && name != "name"
        {
            property.insert("type".to_owned(), json!([one, "null"]));
            if let Some(Value::Array(words)) = property.get_mut("enum") {
                words.push(Value::Null);
            }
        }
    }
    if let Some(forms) = map.get_mut("anyOf").and_then(Value::as_array_mut) {
        forms.iter_mut().for_each(loosen);
    }
    if let Some(items) = map.get_mut("items") {
        loosen(items);
    }
}
