//! `consign schema`

use crate::cli::args::SchemaArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::manifest;
use crate::manifest::File;
use crate::manifest::schema_of;
use crate::plan::drift::Baseline;
use crate::plan::drift::memory::Memory;
use crate::report::alert::Alert;
use crate::sys::disk;

/// Runs it.
pub fn run(context: &Context, args: &SchemaArgs) -> Outcome {
    let directory = context.directory.join(&args.out);
    disk::make_directory(&directory).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    let schemas = all();
    for (name, text) in &schemas {
        context.write_file(&args.out.join(name), text)?;
    }
    context.talk(&format!("{} schemas in `{}`\n", schemas.len(), args.out));
    Ok(exit::OK)
}

/// Every schema that stands in `schema/`, by file name: those of manifests and the project file, and those of what else
/// people write and programs read.
pub fn all() -> Vec<(String, String)> {
    let mut all = manifest::schemas();
    let more = [
        ("DriftBaseline.json", schema_of::<Baseline>(File::Edited)),
        ("DriftMemory.json", schema_of::<Memory>(File::Read)),
        ("DriftAlert.json", schema_of::<Alert>(File::Written)),
    ];
    all.extend(more.map(|(name, text)| (name.to_owned(), text)));
    all
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    #[test]
    fn schema_is_current() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        if std::env::var_os("CONSIGN_REGENERATE").is_some() {
            fs::create_dir_all(&directory).unwrap();
            for (name, text) in all() {
                fs::write(directory.join(name), text).unwrap();
            }
        }
        for (name, text) in all() {
            let stored = fs::read_to_string(directory.join(&name)).unwrap_or_default();
            assert!(
                stored == text,
                "schema/{name} is not what the types say; write it anew with\n    \
                 CONSIGN_REGENERATE=1 cargo test --lib schema_is_current"
            );
        }
        let n_stored = fs::read_dir(&directory).unwrap().count();
        assert_eq!(n_stored, all().len(), "schema/ holds a file that no type stands behind");
    }

    #[test]
    fn every_property_is_described_and_every_optional_one_has_its_default() {
        fn walk(name: &str, schema: &Value, pointer: &str) {
            if let Some(Value::Object(properties)) = schema.get("properties")
                && schema.get("additionalProperties") == Some(&Value::Bool(false))
            {
                let required = schema.get("required").and_then(Value::as_array);
                for (key, property) in properties {
                    let at = format!("{name}{pointer}: {key}");
                    assert!(property.get("description").is_some(), "{at} has no description");
                    let is_required = required.is_some_and(|list| list.iter().any(|entry| entry == key));
                    // Editors would write a default such as null; theirs stands in the text.
                    let is_for_editors = ["manifest.json", "overlay.json", "project.json"].contains(&name);
                    assert!(is_required || is_for_editors || property.get("default").is_some(), "{at} has no default");
                }
            }
            match schema {
                Value::Object(map) => {
                    for (key, value) in map {
                        walk(name, value, &format!("{pointer}/{key}"));
                    }
                }
                Value::Array(list) => {
                    for (at, value) in list.iter().enumerate() {
                        walk(name, value, &format!("{pointer}/{at}"));
                    }
                }
                _ => {}
            }
        }
        for (name, text) in all() {
            walk(&name, &serde_json::from_str(&text).unwrap(), "");
        }
    }
}
