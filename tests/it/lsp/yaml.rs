//! The schemas in the real `yaml-language-server`, driven over its protocol: what an editor shows of a manifest, offers
//! and finds wrong. Where `.ci/run` installed it, a server that is not found is a failure; elsewhere each test says that it was skipped.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use consign::diag::Diagnostic;
use consign::diag::Diagnostics;
use consign::diag::Location;
use consign::diag::Sources;
use consign::manifest;
use consign::model::kind::Kind;
use serde::Deserialize as _;
use serde_json::Value;
use serde_json::json;
use serde_yaml::Deserializer;

use super::client::Client;
use super::client::cursor;
use super::client::uri;
use crate::world::clean;
use crate::world::consign;
use crate::world::example;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where `.ci/run` installs it, else wherever programs are found.
fn program() -> Option<PathBuf> {
    let own = std::env::var_os("CONSIGN_LINTERS").map(PathBuf::from);
    let root = own.unwrap_or_else(|| repository().join("target/linters"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::iter::once(root.join("node_modules/.bin")).chain(std::env::split_paths(&path));
    let found = places.find_map(|place| Some(place.join("yaml-language-server")).filter(|path| path.is_file()));
    if found.is_none() {
        let is_needed = std::env::var_os("CONSIGN_NEEDS_YAML_SERVER").is_some_and(|value| !value.is_empty());
        assert!(!is_needed, "yaml-language-server is installed (.ci/run says so), and was not found");
        println!("SKIPPED: yaml-language-server is not installed (.ci/run installs it); the schemas were not tried");
    }
    found
}

/// The server, for a workspace with these settings; `None` where it is not installed.
fn server(workspace: &Path, schemas: Value) -> Option<Client> {
    let mut command = Command::new(program()?);
    clean(&mut command);
    let mut client = Client::start(command.arg("--stdio"));
    client.settings = json!({"yaml": {
        "schemas": schemas, "validate": true, "hover": true, "completion": true, "schemaStore": {"enable": false},
    }});
    let folder = uri(workspace);
    let capabilities = json!({
        "workspace": {"configuration": true, "workspaceFolders": true},
        "textDocument": {
            "hover": {"contentFormat": ["markdown"]},
            "completion": {"completionItem": {"snippetSupport": true, "documentationFormat": ["markdown"]}},
        },
    });
    client.request(
        "initialize",
        json!({"processId": null, "rootUri": folder, "capabilities": capabilities,
            "workspaceFolders": [{"uri": folder, "name": "project"}]}),
    );
    client.notify("initialized", json!({}));
    client.notify("workspace/didChangeConfiguration", json!({"settings": null}));
    Some(client)
}

fn yaml_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Which schema is for which files of this repository. The line at the head of a file is for its first document alone.
fn schemas() -> Value {
    json!({
        "./schema/project.json": ["examples/*/consign.yaml", "examples/kinds/*/consign.yaml"],
        "./schema/manifest.json": [
            "examples/tour/delivery/**/*.yaml", "examples/kinds/*/delivery/**/*.yaml", "examples/kinds/*/more/**/*.yaml",
        ],
        "./schema/overlay.json": "examples/kinds/*/overlays/**/*.yaml",
    })
}

/// What stands in a file, document by document.
fn documents(text: &str) -> Vec<Value> {
    Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

/// A value of a manifest: where it stands, and which field that is.
struct Spot {
    document: usize,
    pointer: String,
    field: String,
}

fn spots(document: usize, value: &Value, pointer: &str, field: &str, out: &mut Vec<Spot>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let field = if field.is_empty() { key.clone() } else { format!("{field}.{key}") };
                out.push(Spot { document, pointer: pointer.clone(), field: field.clone() });
                spots(document, value, &pointer, &field, out);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                spots(document, value, &format!("{pointer}/{at}"), field, out);
            }
        }
        _ => {}
    }
}

/// Every manifest of the examples of kinds: its file, text, documents.
fn examples() -> Vec<(PathBuf, String, Vec<Value>)> {
    let files = yaml_files(&example("kinds")).into_iter();
    let files = files.filter(|path| !path.ends_with("consign.yaml") && !path.to_string_lossy().contains("overlays"));
    files
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let documents = documents(&text);
            (path, text, documents)
        })
        .collect()
}

fn kind_of(document: &Value) -> Kind {
    document["kind"].as_str().unwrap().parse().unwrap()
}

/// The line and character of the key at a pointer.
fn key_place(text: &str, document: usize, pointer: &str) -> (usize, usize) {
    let mut sources = Sources::new();
    let source = sources.add_text("x.yaml", text);
    let at = Location::key(source, document.try_into().unwrap(), pointer);
    let rule = consign::rules::all().next().unwrap();
    let mut found = Diagnostics::from_iter([Diagnostic::error(rule, at, "here")]);
    manifest::locate(&mut found, &sources);
    let place = sources.position(source, found.iter().next().unwrap().at.start());
    (place.line - 1, place.column - 1)
}

/// What a person reads of Markdown.
fn plain(text: &str) -> String {
    text.replace('\\', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn no_example_has_a_false_finding() {
    let Some(mut server) = server(repository(), schemas()) else { return };
    let files: Vec<PathBuf> = yaml_files(&example("kinds")).into_iter().chain(yaml_files(&example("tour"))).collect();
    assert!(files.len() > 30, "{files:?}");
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema="), "{}", path.display());
        server.open(&uri(&path), &text);
        let found = server.findings_of(&uri(&path));
        assert!(found.is_empty(), "{}: {found:?}", path.display());
        server.close(&uri(&path));
    }
}

#[test]
fn every_field_of_every_kind_shows_its_text() {
    let Some(mut server) = server(repository(), schemas()) else { return };
    let mut missing: BTreeMap<Kind, BTreeMap<String, manifest::Field>> = Kind::ALL
        .into_iter()
        .filter(|kind| *kind != Kind::Program)
        .map(|kind| (kind, manifest::all_fields(kind).into_iter().map(|field| (field.path.clone(), field)).collect()))
        .collect();
    let mut wrong = Vec::new();
    let mut first: BTreeMap<Kind, Value> = BTreeMap::new();
    for (path, text, documents) in examples() {
        server.open(&uri(&path), &text);
        for (number, document) in documents.iter().enumerate() {
            first.entry(kind_of(document)).or_insert_with(|| document.clone());
            let mut found = Vec::new();
            spots(number, document, "", "", &mut found);
            for spot in found {
                let Some(field) = missing.get_mut(&kind_of(document)).unwrap().remove(&spot.field) else { continue };
                wrong.extend(told(&mut server, &path, &text, &spot, document.pointer(&spot.pointer), &field));
            }
        }
        server.close(&uri(&path));
    }
    // What the examples do not say is said here, by the schema of the kind.
    let mut n = 0;
    for (kind, fields) in missing {
        let schema = fs::read_to_string(repository().join(format!("schema/{kind}.json"))).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        for (name, field) in fields {
            n += 1;
            let mut document = first[&kind].clone();
            let names: Vec<&str> = name.split('.').collect();
            let pointer = grow(&mut document, &schema, &schema, &names, String::new());
            let text = serde_yaml::to_string(&document).unwrap();
            let text = format!("# yaml-language-server: $schema=schema/manifest.json\n{text}");
            let path = repository().join(format!("grown{n}.yaml"));
            server.open(&uri(&path), &text);
            let spot = Spot { document: 0, pointer, field: name };
            wrong.extend(told(&mut server, &path, &text, &spot, document.pointer(&spot.pointer), &field));
            server.close(&uri(&path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with what is shown of a field.
fn told(
    server: &mut Client,
    path: &Path,
    text: &str,
    spot: &Spot,
    value: Option<&Value>,
    field: &manifest::Field,
) -> Option<String> {
    let hover = server.at("textDocument/hover", &uri(path), key_place(text, spot.document, &spot.pointer));
    let shown = plain(hover["contents"]["value"].as_str().unwrap_or_default());
    if !shown.contains(&plain(&field.about)) {
        return Some(format!("{}: {}: {shown}\n  instead of {}", path.display(), spot.field, field.about));
    }
    // Of several forms an editor tells the words of the one that stands there.
    if !field.choices.iter().any(|(word, _)| value == Some(&json!(word))) {
        return None;
    }
    let untold =
        |(word, about): &&(String, String)| !shown.contains(&format!("`{word}`")) || !shown.contains(&plain(about));
    let (word, _) = field.choices.iter().find(untold)?;
    Some(format!("{}: {}: no `{word}` in {shown}", path.display(), spot.field))
}

/// Puts a field into a document, with what must stand around it; the pointer to it.
fn grow(value: &mut Value, root: &Value, schema: &Value, names: &[&str], pointer: String) -> String {
    let schema = resolved(root, schema);
    let Some((name, rest)) = names.split_first() else { return pointer };
    if let Some(items) = schema.get("items") {
        if value.get(0).is_none() {
            *value = json!([sample(root, items)]);
        }
        return grow(&mut value[0], root, items, names, format!("{pointer}/0"));
    }
    if schema.get("properties").is_none_or(|properties| properties.get(*name).is_none()) {
        let forms = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array()).unwrap();
        let form = forms.iter().find(|form| holds(root, form, name)).unwrap_or_else(|| panic!("{name} in {schema}"));
        if !value.is_object() || value.get(*name).is_none() {
            *value = sample(root, form);
        }
        return grow(value, root, form, names, pointer);
    }
    let below = &schema["properties"][*name];
    if value.get(*name).is_none() || rest.is_empty() {
        value[*name] = sample(root, below);
    }
    grow(&mut value[*name], root, below, rest, format!("{pointer}/{name}"))
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(path) => resolved(root, root.pointer(path.strip_prefix('#').unwrap()).unwrap()),
        None => schema,
    }
}

fn holds(root: &Value, schema: &Value, name: &str) -> bool {
    let schema = resolved(root, schema);
    let forms = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    schema["properties"].get(name).is_some()
        || forms.into_iter().any(|form| holds(root, form, name))
        || schema.get("items").is_some_and(|items| holds(root, items, name))
}

/// A value that a schema takes.
fn sample(root: &Value, schema: &Value) -> Value {
    let schema = resolved(root, schema);
    if let Some(only) = schema.get("const") {
        return only.clone();
    }
    if let Some(Value::Array(words)) = schema.get("enum") {
        return words[0].clone();
    }
    if let Some(Value::Array(forms)) = schema.get("anyOf").or(schema.get("oneOf")) {
        return sample(root, &forms[0]);
    }
    let is =
        |name: &str| schema["type"] == name || schema["type"].as_array().is_some_and(|all| all.contains(&json!(name)));
    if is("object") {
        let required = schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
        return required.map(|name| (name.to_owned(), sample(root, &schema["properties"][name]))).collect();
    }
    if is("array") {
        return json!([sample(root, &schema["items"])]);
    }
    if is("integer") {
        return json!(1);
    }
    if is("boolean") {
        return json!(true);
    }
    match schema["pattern"].as_str() {
        None => json!("x"),
        Some(pattern) if pattern.contains("smhd") => json!("30m"),
        Some(pattern) if pattern.starts_with("^[0-9]{4}-[0-9]{2}-[0-9]{2}T") => json!("2026-12-01T08:00"),
        Some(pattern) if pattern.starts_with("^[0-9]{4}-") => json!("2026-12-31"),
        Some(pattern) if pattern.contains("2[0-3]") => json!("17:00"),
        Some(_) => json!("00000000-0000-0000-0000-000000000007"),
    }
}

/// What is offered where a marked text stands, by label with what is inserted.
fn offered(server: &mut Client, name: &str, text: &str) -> BTreeMap<String, String> {
    let (text, place) = cursor(text);
    let file = uri(&repository().join(name));
    let text = format!("# yaml-language-server: $schema=schema/manifest.json\n{text}");
    server.open(&file, &text);
    let answer = server.at("textDocument/completion", &file, (place.0 + 1, place.1));
    server.close(&file);
    let items = answer["items"].as_array().unwrap_or_else(|| answer.as_array().unwrap());
    let insert =
        |item: &Value| item["insertText"].as_str().or(item["textEdit"]["newText"].as_str()).unwrap().to_owned();
    items.iter().map(|item| (item["label"].as_str().unwrap().to_owned(), insert(item))).collect()
}

/// A document in block style, with another value at a pointer.
fn with(document: &Value, pointer: &str, value: Value) -> String {
    let mut document = document.clone();
    *document.pointer_mut(pointer).unwrap() = value;
    serde_yaml::to_string(&document).unwrap()
}

#[test]
fn every_key_and_every_word_is_offered() {
    let Some(mut server) = server(repository(), schemas()) else { return };
    let mut n = 0;
    let mut n_words = 0;
    let mut wrong = Vec::new();
    let mut seen: BTreeSet<(Kind, String)> = BTreeSet::new();
    for (_, _, documents) in examples() {
        for document in &documents {
            let kind = kind_of(document);
            let fields = manifest::all_fields(kind);
            let mut found = Vec::new();
            spots(0, document, "", "", &mut found);
            for spot in found.iter().filter(|spot| seen.insert((kind, spot.field.clone()))) {
                let Some(field) = fields.iter().find(|field| field.path == spot.field) else { continue };
                n += 1;
                let value = document.pointer(&spot.pointer).unwrap();
                let words: BTreeSet<&str> = field.choices.iter().map(|(word, _)| word.as_str()).collect();
                if !words.is_empty() {
                    n_words += 1;
                    let (mark, place) = match value {
                        Value::Array(_) => (json!(["CURSOR"]), "CURSOR"),
                        _ => (json!("CURSOR"), "CURSOR"),
                    };
                    let text = with(document, &spot.pointer, mark).replacen(place, "‸", 1);
                    let offered = offered(&mut server, &format!("words{n}.yaml"), &text);
                    if !words.iter().all(|word| offered.contains_key(*word)) {
                        wrong.push(format!("{kind}.{}: {words:?}, and offered are {offered:?}", spot.field));
                    }
                }
                let below: BTreeSet<&str> = fields
                    .iter()
                    .filter_map(|field| field.path.strip_prefix(&spot.field)?.strip_prefix('.'))
                    .filter(|name| !name.contains('.'))
                    .collect();
                if !below.is_empty() {
                    let empty = json!({"CURSOR": null});
                    let empty = if value.is_array() { json!([empty]) } else { empty };
                    let text = with(document, &spot.pointer, empty).replacen("CURSOR: null", "‸", 1);
                    let offered = offered(&mut server, &format!("keys{n}.yaml"), &text);
                    if !below.iter().all(|name| offered.contains_key(*name)) {
                        wrong.push(format!("{kind}.{}: {below:?}, and offered are {offered:?}", spot.field));
                    }
                    for (label, text) in &offered {
                        if text.contains("null") || !text.contains(':') {
                            wrong.push(format!("{kind}.{}: `{label}` would write {text:?}", spot.field));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n > 150 && n_words > 20, "{n} fields, {n_words} with words");
    let kinds = offered(&mut server, "kind.yaml", "apiVersion: consign/v1\nkind: ‸\n");
    let names = Kind::ALL.iter().map(|kind| kind.name()).filter(|name| *name != "Program");
    assert_eq!(kinds.keys().map(String::as_str).collect::<BTreeSet<_>>(), names.collect::<BTreeSet<_>>());
}

#[test]
fn a_planted_mistake_is_found_where_it_stands() {
    let Some(mut server) = server(repository(), schemas()) else { return };
    let path = example("tour").join("delivery/tasks/planted.yaml");
    let head = "# yaml-language-server: $schema=../../../../schema/manifest.json\napiVersion: consign/v1\nkind: Task\n\
                metadata: {name: Planted}\nspec:\n  package: 7-Zip\n";
    for (at, (line, word)) in [
        ("  program: Install\n  prioriti: high\n", "prioriti"),
        ("  program: Install\n  priority: highest\n", "veryHigh"),
        ("  program: Install\n  enabled: perhaps\n", "boolean"),
        ("  program: Install\n  run: {schedule: {daily: 5 pm}}\n", "pattern"),
        ("  collections: []\n", "program"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = uri(&path.with_file_name(format!("planted{at}.yaml")));
        server.open(&file, &format!("{head}{line}"));
        let found = server.findings_of(&file);
        let is_there = found.iter().any(|finding| {
            let is_line = finding["range"]["start"]["line"].as_u64().is_some_and(|line| line >= 4);
            is_line && finding["message"].as_str().unwrap().contains(word)
        });
        assert!(is_there, "{line}: {found:?}");
    }
}

#[test]
fn an_overlay_may_leave_out_and_take_away() {
    let Some(mut server) = server(repository(), schemas()) else { return };
    let head = "# yaml-language-server: $schema=../../../../../schema/overlay.json\napiVersion: consign/v1\n";
    let directory = example("kinds").join("project/overlays/lab");
    for (at, (text, is_sound)) in [
        ("kind: Task\nmetadata: {name: X, folder: Elsewhere}\nspec: {enabled: false, warnUser: null}\n", true),
        (
            "kind: Task\nmetadata: {name: X}\nspec: {run: {schedule: {weekly: {time: \"10:00\"}}}, priority: null}\n",
            true,
        ),
        ("kind: Package\nmetadata: {name: X}\nspec: {programs: [{name: A, maxRunTime: 2h, portal: null}]}\n", true),
        ("kind: Package\nmetadata: {name: X}\nspec: {source: {unc: '\\\\a\\b'}, publisher: null}\n", true),
        ("kind: Package\nmetadata: {name: X}\nspec: {programs: [{maxRunTime: 2h}]}\n", false),
        ("kind: Task\nmetadata: {name: X}\nspec: {enabledd: false}\n", false),
        ("kind: Task\nspec: {enabled: false}\n", false),
    ]
    .into_iter()
    .enumerate()
    {
        let file = uri(&directory.join(format!("planted{at}.yaml")));
        server.open(&file, &format!("{head}{text}"));
        let found = server.findings_of(&file);
        assert_eq!(found.is_empty(), is_sound, "{text}: {found:?}");
    }
}

/// What `consign init` writes: the files name their schemas, and where one does not, the settings for VS Code do.
#[test]
fn a_new_project_is_known_to_the_editor() {
    // Patterns of settings do not reach below a directory whose name begins with a dot.
    let directory = tempfile::Builder::new().prefix("project").tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let ran = consign().arg("init").current_dir(&root).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let settings: Value =
        serde_json::from_str(&fs::read_to_string(root.join(".vscode/settings.json")).unwrap()).unwrap();
    for is_named in [true, false] {
        let Some(mut server) = server(&root, settings["yaml.schemas"].clone()) else { return };
        for path in yaml_files(&root) {
            let text = fs::read_to_string(&path).unwrap();
            let text = if is_named { text.as_str() } else { text.split_once('\n').unwrap().1 };
            server.open(&uri(&path), text);
            assert_eq!(server.findings_of(&uri(&path)), Vec::<Value>::new(), "{} {is_named}", path.display());
            server.change(&uri(&path), 2, &text.replacen("apiVersion: consign/v1", "apiVersion: consign/v2", 1));
            server.findings_until(&uri(&path), |found| !found.is_empty());
        }
    }
    let Some(mut server) = server(&root, settings["yaml.schemas"].clone()) else { return };
    let overlay = root.join("overlays/lab/task.yaml");
    server.open(&uri(&overlay), "apiVersion: consign/v1\nkind: Task\nmetadata: {name: X}\nspec: {prioriti: high}\n");
    let found = server.findings_of(&uri(&overlay));
    assert!(found.len() == 1 && found[0]["message"].as_str().unwrap().contains("prioriti"), "{found:?}");
}
