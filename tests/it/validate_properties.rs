//! What holds for any manifests: order does not matter, and what is printed reads back.

use std::sync::OnceLock;

use consign::diag::Sources;
use consign::manifest;
use consign::manifest::Overlays;
use consign::model::item::Item;
use consign::model::kind::Kind;
use consign::model::project::Project;
use consign::model::site::Site;
use proptest::prelude::*;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::validate::run;

const PROJECT: &str = "apiVersion: consign/v1\nkind: Project\nmanifests: [d]\n";

/// A small generator of its own, so that a seed is enough to see a case again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }
}

/// Texts that are easily taken for something else.
const TEXTS: [&str; 40] = [
    "no",
    "on",
    "~",
    "null",
    "true",
    "1.10",
    "017",
    "0x1f",
    "1_000",
    "12:30",
    "2026-12-01",
    "-",
    "- x",
    "? x",
    ": x",
    "a: b",
    "a #b",
    "#x",
    "'x'",
    "\"x\"",
    "it's",
    "\\\\files\\x",
    "a\nb",
    "a\n\nb\n",
    "\n",
    " x",
    "x ",
    "a\n  b\n\n",
    "\tx",
    "a\r\nb",
    "x: y\nz: w\n",
    "[x]",
    "{x}",
    "x, y",
    "*x",
    "&x",
    "!x",
    "%x",
    "@x",
    "`x`",
];
const MORE_TEXTS: [&str; 16] = [
    "|",
    ">",
    "Grüße 日本 👍",
    "\u{1b}[2J",
    "\u{202e}x",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\0",
    "${{ x }}",
    "$${{ x",
    "---",
    "...",
    "<<",
    "=",
    "plain words, of course",
];

/// A value that a schema takes.
fn value(schema: &Value, root: &Value, random: &mut Random, depth: usize) -> Value {
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        return value(root.pointer(&path[1..]).unwrap(), root, random, depth);
    }
    if let Some(word) = schema.get("const") {
        return word.clone();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(branches) = schema.get(key).and_then(Value::as_array) {
            return value(&branches[random.below(branches.len())], root, random, depth);
        }
    }
    let mut types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if depth > 6 {
        types.retain(|name| *name == "null" || types_len(schema) == 1);
    }
    match types[random.below(types.len())] {
        "null" => Value::Null,
        "boolean" => json!(random.below(2) == 0),
        "integer" => {
            let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
            let most = schema["maximum"].as_u64().unwrap_or(u64::MAX);
            match random.below(4) {
                0 => schema["minimum"].clone(),
                1 => schema["maximum"].clone(),
                _ if least < 0 => json!(-(random.below(4000) as i64)),
                _ => json!((least as u64 + random.below(4000) as u64).min(most)),
            }
        }
        "string" => Value::String(text(schema, random)),
        "array" => {
            let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
            let n = least + random.below(4);
            let mut list: Vec<Value> = (0..n).map(|_| value(&schema["items"], root, random, depth + 1)).collect();
            if schema.get("uniqueItems").is_some() {
                list.sort_by_key(Value::to_string);
                list.dedup();
            }
            Value::Array(list)
        }
        _ => object(schema, root, random, depth),
    }
}

fn types_len(schema: &Value) -> usize {
    schema["type"].as_array().map_or(1, Vec::len)
}

fn object(schema: &Value, root: &Value, random: &mut Random, depth: usize) -> Value {
    let mut map = Map::new();
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if required.contains(&key.as_str()) || random.below(2) == 0 {
            map.insert(key.clone(), value(property, root, random, depth + 1));
        }
    }
    if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
        for _ in 0..random.below(3) {
            map.insert(text(&json!({}), random), value(values, root, random, depth + 1));
        }
    }
    Value::Object(map)
}

fn text(schema: &Value, random: &mut Random) -> String {
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        let n = random.below(60);
        return match pattern {
            _ if pattern.contains("unknown") => ["unknown", "30m", "0m", "5h"][random.below(4)].to_owned(),
            _ if pattern.contains("smhd") => format!("{n}{}", ["s", "m", "h", "d"][random.below(4)]),
            _ if pattern.contains('T') => format!("2026-12-{:02}T08:{n:02}", 1 + random.below(31)),
            _ if pattern.contains("[01][0-9]") => format!("{:02}:{n:02}", random.below(24)),
            _ if pattern.contains("A-F") => format!("1fc86e41-b94f-4769-9457-1cf90a47{n:04}"),
            _ if pattern.contains('%') => format!("{n}%"),
            _ => format!("2026-12-{:02}", 1 + random.below(31)),
        };
    }
    let at = random.below(TEXTS.len() + MORE_TEXTS.len());
    TEXTS.get(at).or_else(|| MORE_TEXTS.get(at - TEXTS.len())).map_or(String::new(), |text| (*text).to_owned())
}

/// A manifest that the kind's schema takes. Its names are plain: others are refused where names are judged.
fn any_manifest(kind: Kind, random: &mut Random) -> Value {
    static SCHEMAS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(manifest::schemas);
    let text = &schemas.iter().find(|(name, _)| *name == format!("{kind}.json")).unwrap().1;
    let schema: Value = serde_json::from_str(text).unwrap();
    let mut document = value(&schema, &schema, random, 0);
    let metadata = document["metadata"].as_object_mut().unwrap();
    metadata.insert("name".to_owned(), json!("It is"));
    metadata.insert("aliases".to_owned(), json!(["no", "1.10"]));
    metadata.shift_remove("folder");
    if !kind.is_singleton() && random.below(2) == 0 {
        metadata.insert("folder".to_owned(), json!("A/B c/no"));
    }
    if let Some(programs) = document.pointer_mut("/spec/programs").and_then(Value::as_array_mut) {
        for (at, program) in programs.iter_mut().enumerate() {
            program["name"] = json!(format!("{at}"));
        }
    }
    without_variables(&mut document);
    document
}

/// In what is generated `${{` stands for itself, as a manifest writes that; in keys and names it cannot stand.
fn without_variables(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace("${{", "$ {{"),
        Value::Array(list) => list.iter_mut().for_each(without_variables),
        Value::Object(map) => {
            let all = std::mem::take(map);
            for (key, mut value) in all {
                without_variables(&mut value);
                map.insert(key.replace("${{", "$ {{"), value);
            }
        }
        _ => {}
    }
}

fn site_of(text: &str) -> Result<Site, String> {
    let mut sources = Sources::new();
    let project: Project = serde_yaml::from_str(PROJECT).unwrap();
    let id = sources.add_text("a.yaml", text);
    let (manifests, mut found) = manifest::parse(&sources, &[id]);
    let (loaded, more) = manifests.site(&project, None, &Overlays::default());
    found.extend(more);
    match found.iter().next() {
        Some(finding) => Err(format!("{finding:?}")),
        None => Ok(loaded.site),
    }
}

/// The manifests of a site, one after the other.
fn printed(site: &Site) -> String {
    let programs = |package: &Item| -> Vec<&Item> {
        site.of_kind(Kind::Program).filter(|item| item.key.package.as_ref() == Some(&package.key.name)).collect()
    };
    let own = site.items.values().filter(|item| item.key.kind != Kind::Program);
    own.map(|item| manifest::print_item(item, &programs(item))).collect::<Vec<_>>().join("---\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_printed_reads_back(seed in any::<u64>()) {
        let mut random = Random(seed);
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Program).collect();
        let document = any_manifest(kinds[random.below(kinds.len())], &mut random);
        // JSON is YAML, and another printer than ours; only control characters need their escapes.
        let site = match site_of(&serde_json::to_string(&document).unwrap().replace('\u{7f}', "\\u007f")) {
            Ok(site) => site,
            Err(problem) => return Err(TestCaseError::fail(problem)),
        };
        let text = printed(&site);
        let again = site_of(&text).map_err(|problem| TestCaseError::fail(format!("{problem}\n{text}")))?;
        prop_assert_eq!(&again, &site, "{}", text);
        prop_assert_eq!(&printed(&again), &text);
        // Another reader sees the same.
        let theirs: Value = serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(theirs["kind"].as_str(), document["kind"].as_str());
    }
}

#[test]
fn a_text_with_a_dollar_and_braces_is_no_variable_when_printed() {
    let site = site_of(
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: x}\nspec: {description: 'a $${{ b }} $$${{ c'}\n",
    )
    .unwrap();
    let text = printed(&site);
    assert!(text.contains("a $${{ b }} $$${{ c"), "{text}");
    assert_eq!(site_of(&text), Ok(site));
}

#[test]
fn the_file_with_every_field_prints_and_reads_back() {
    let site = site_of(include_str!("../data/every-field.yaml")).unwrap();
    assert_eq!(site_of(&printed(&site)), Ok(site));
}

#[test]
fn a_printed_manifest_is_what_a_person_would_write() {
    let text = "\
apiVersion: consign/v1
kind: Package
metadata:
  name: 7-Zip
  folder: Software Delivery/Windows
  labels:
    team: desktop
spec:
  description: |
    Two
    lines.
  publisher: Igor Pavlov
  version: '24.08'
  source:
    unc: '\\\\files\\packages\\7zip'
  programs:
    - name: Install
      commandLine: msiexec /i 7z2408-x64.msi /qn /norestart
      successCodes: [0, 3010]
      maxRunTime: 30m
      afterRunning:
        action: restart
        deferUpTo: 4h
      portal:
        grants: []
";
    assert_eq!(printed(&site_of(text).unwrap()), text);
}

#[test]
fn the_order_of_files_and_documents_does_not_matter() {
    let whole = include_str!("../data/every-field.yaml");
    let documents: Vec<&str> = whole.split("\n---\n").collect();
    let paths: Vec<String> = (0..documents.len()).map(|at| format!("{at:02}.yaml")).collect();
    let forward: Vec<(&str, &str)> = paths.iter().map(String::as_str).zip(documents.iter().copied()).collect();
    let backward: Vec<(&str, &str)> = forward.iter().rev().copied().collect();
    let (a, b) = (run(PROJECT, &forward, None), run(PROJECT, &backward, None));
    assert_eq!(a.loaded.site, b.loaded.site);
    assert_eq!(a.told(), b.told());
    // With errors as well: the same item twice, a circle, a missing name.
    let wrong =
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: Kiosks}\nspec: {include: [Nothing, Kiosks]}\n";
    let with = |files: &[(&'static str, &'static str)]| run(PROJECT, files, None).told();
    let other = "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: Kiosks}\nspec: {include: [Kiosks]}\n";
    let told = with(&[("a.yaml", wrong), ("b.yaml", other)]);
    assert_eq!(told, with(&[("b.yaml", other), ("a.yaml", wrong)]));
    assert!(told.lines().count() == 3, "{told}");
    let split: Vec<String> = documents.iter().map(|text| format!("{text}\n")).collect();
    let joined = split.join("---\n");
    assert_eq!(run(PROJECT, &[("x.yaml", &joined)], None).loaded.site, a.loaded.site);
}
