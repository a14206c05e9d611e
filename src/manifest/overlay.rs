//! Laying an overlay over a manifest.

use serde_json::Map;
use serde_json::Value;

use super::load::Head;
use super::tree::push_segment;
use crate::diag::Overlaid;
use crate::model::kind::Kind;

/// Fields that are one of several forms, told apart by their key. An overlay that shares no key with what stands there
/// means another form, so it takes its place instead of mixing with it.
const CHOICES: [&str; 10] = [
    "source",
    "query",
    "schedule",
    "run",
    "day",
    "scan",
    "compliance",
    "remediation",
    "packageServers",
    "passwordFrom",
];

/// Lays `over` over `base`: maps merge, lists and scalars take the place of what was there, null takes a key away, and
/// a package's programs are matched by name. Notes in `overlaid` what came from the overlay.
pub(super) fn lay(base: &mut Value, over: &Value, head: &Head, overlaid: &mut Vec<Overlaid>) {
    let mut layer = Layer { head, overlaid };
    if let (Value::Object(base), Value::Object(over)) = (base, over) {
        for key in ["metadata", "spec"] {
            if let Some(value) = over.get(key) {
                layer.key(base, key, value, "", "");
            }
        }
    }
}

struct Layer<'a> {
    head: &'a Head,
    overlaid: &'a mut Vec<Overlaid>,
}

impl Layer<'_> {
    fn note(&mut self, pointer: &str, there: &str) {
        self.overlaid.push(Overlaid {
            pointer: pointer.to_owned(),
            source: self.head.source,
            document: self.head.number,
            there: there.to_owned(),
        });
    }

    fn key(&mut self, base: &mut Map<String, Value>, key: &str, over: &Value, above: &str, there_above: &str) {
        let (mut pointer, mut there) = (above.to_owned(), there_above.to_owned());
        push_segment(&mut pointer, key);
        push_segment(&mut there, key);
        match (base.get_mut(key), over) {
            (_, Value::Null) => {
                base.shift_remove(key);
            }
            (Some(Value::Object(below)), Value::Object(over)) if !is_another_form(key, below, over) => {
                for (key, over) in over {
                    self.key(below, key, over, &pointer, &there);
                }
            }
            (Some(Value::Array(below)), Value::Array(over))
                if self.head.kind == Kind::Package && pointer == "/spec/programs" =>
            {
                self.programs(below, over, &pointer, &there);
            }
            _ => {
                base.insert(key.to_owned(), without_nulls(over));
                self.note(&pointer, &there);
            }
        }
    }

    fn programs(&mut self, base: &mut Vec<Value>, over: &[Value], pointer: &str, there: &str) {
        for (index, program) in over.iter().enumerate() {
            let there = format!("{there}/{index}");
            let name = program.get("name").and_then(Value::as_str);
            let same = base.iter().position(|base| name.is_some() && base.get("name").and_then(Value::as_str) == name);
            match (same, program) {
                (Some(at), Value::Object(program)) => {
                    if let Value::Object(base) = &mut base[at] {
                        for (key, over) in program {
                            self.key(base, key, over, &format!("{pointer}/{at}"), &there);
                        }
                    }
                }
                _ => {
                    self.note(&format!("{pointer}/{}", base.len()), &there);
                    base.push(without_nulls(program));
                }
            }
        }
    }
}

fn is_another_form(key: &str, base: &Map<String, Value>, over: &Map<String, Value>) -> bool {
    CHOICES.contains(&key) && !over.keys().any(|key| base.contains_key(key))
}

/// In what the overlay adds there is nothing for null to take away.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diag::Sources;

    fn laid(base: &Value, over: &Value) -> (Value, Vec<String>) {
        let mut sources = Sources::new();
        let source = sources.add_text("o.yaml", "");
        let head = Head { source, number: 0, text: "".into(), kind: Kind::Package, name: String::new() };
        let (mut base, mut overlaid) = (base.clone(), Vec::new());
        lay(&mut base, over, &head, &mut overlaid);
        (base, overlaid.into_iter().map(|part| format!("{} <- {}", part.pointer, part.there)).collect())
    }

    #[test]
    fn maps_merge_lists_replace_null_takes_away_and_programs_go_by_name() {
        let base = json!({"metadata": {"name": "P", "labels": {"a": "1"}}, "spec": {
            "version": "1", "source": {"unc": "x"}, "publisher": "q",
            "programs": [{"name": "A", "successCodes": [0]}, {"name": "B"}],
        }});
        let over = json!({"metadata": {"name": "P", "labels": {"b": "2"}}, "spec": {
            "version": "2", "source": {"local": "D:\\x"}, "publisher": null,
            "programs": [{"name": "B", "canRun": "always"}, {"name": "C", "portal": null}, {"name": "A", "successCodes": [1, 2]}],
        }});
        let (merged, from) = laid(&base, &over);
        assert_eq!(
            merged,
            json!({"metadata": {"name": "P", "labels": {"a": "1", "b": "2"}}, "spec": {
                "version": "2", "source": {"local": "D:\\x"},
                "programs": [{"name": "A", "successCodes": [1, 2]}, {"name": "B", "canRun": "always"}, {"name": "C"}],
            }})
        );
        for part in [
            "/spec/source <- /spec/source",
            "/spec/programs/1/canRun <- /spec/programs/0/canRun",
            "/spec/programs/2 <- /spec/programs/1",
            "/spec/programs/0/successCodes <- /spec/programs/2/successCodes",
        ] {
            assert!(from.iter().any(|note| note == part), "{part} in {from:?}");
        }
    }

    #[test]
    fn the_same_form_of_a_choice_merges() {
        let base = json!({"spec": {"source": {"url": "http://a", "directory": "\\\\s\\a"}}});
        let (merged, _) = laid(&base, &json!({"spec": {"source": {"directory": "\\\\s\\b"}}}));
        assert_eq!(merged, json!({"spec": {"source": {"url": "http://a", "directory": "\\\\s\\b"}}}));
    }
}
