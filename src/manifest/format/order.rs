//! In which order keys stand: that of their schema, which is that of the types.

use serde_json::Map;
use serde_json::Value;

use super::super::document::manifest_kind;
use super::super::schema;
use super::super::schema::Subject;
use super::super::tree::Tree;

/// What a value may be.
#[derive(Clone, Copy)]
pub(super) struct Form<'s> {
    root: &'s Value,
    schema: &'s Value,
}

impl Form<'static> {
    /// That of a document, by its `kind`; of one without, nothing is known and no key moves.
    pub(super) fn of(tree: &Tree<'_>) -> Self {
        let kind = tree.get(0, "kind").and_then(|at| tree.text(at));
        let subject = match kind {
            Some("Project") => Some(Subject::Project),
            Some(name) => manifest_kind(name).map(Subject::Manifest),
            None => None,
        };
        let schema = subject.map_or(&Value::Null, |subject| &schema::judge(subject).schema);
        Self { root: schema, schema }
    }
}

impl<'s> Form<'s> {
    /// That of a map with these keys: of the forms that its field can have, the one that knows most of them.
    pub(super) fn of_map(self, keys: &[&str]) -> Self {
        let mut best = (0, Self { schema: &Value::Null, ..self });
        self.forms(&mut |form| {
            let known = form.properties().map_or(0, |all| keys.iter().filter(|key| all.contains_key(**key)).count());
            let open = usize::from(form.properties().is_none() && form.schema.get("additionalProperties").is_some());
            // Of two that know as many the first; one that takes any key is better than none.
            if 2 * known + open > best.0 {
                best = (2 * known + open, form);
            }
        });
        best.1
    }

    fn forms(self, take: &mut impl FnMut(Self)) {
        let schema = schema::resolve(self.root, self.schema);
        take(Self { schema, ..self });
        for key in ["oneOf", "anyOf", "allOf"] {
            for branch in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                Self { schema: branch, ..self }.forms(take);
            }
        }
    }

    fn properties(self) -> Option<&'s Map<String, Value>> {
        self.schema.get("properties").and_then(Value::as_object)
    }

    /// Where a key stands among the others; those that are not known come last, as they are written.
    pub(super) fn rank(self, key: &str) -> usize {
        let place = self.properties().and_then(|all| all.keys().position(|name| name == key));
        place.unwrap_or(usize::MAX)
    }

    /// That of the value under a key of a map.
    pub(super) fn value(self, key: &str) -> Self {
        let property = self.properties().and_then(|all| all.get(key));
        let schema = property.or_else(|| self.schema.get("additionalProperties")).unwrap_or(&Value::Null);
        Self { schema, ..self }
    }

    /// That of a list's elements.
    pub(super) fn element(self) -> Self {
        let mut items = &Value::Null;
        self.forms(&mut |form| {
            if items.is_null() {
                items = form.schema.get("items").unwrap_or(&Value::Null);
            }
        });
        Self { schema: items, ..self }
    }
}
