//! What a schema finds wrong, in our words: what is wrong, what is right, the nearest right key or word, the rule.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use super::schema;
use super::schema::Subject;
use super::schema::error::ErrorKind;
use super::schema::error::SchemaError;
use super::tree::Tree;
use super::tree::dotted;
use super::tree::push_segment;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Part;
use crate::diag::did_you_mean;
use crate::diag::nearest;
use crate::diag::visible;
use crate::model::kind::Kind;
use crate::model::package::MaxRunTime;
use crate::model::units;
use crate::rules::Rule;
use crate::rules::manifest::MAN_2;
use crate::rules::manifest::MAN_3;
use crate::rules::manifest::MAN_4;
use crate::rules::package::PKG_1;
use crate::rules::package::PKG_2;
use crate::rules::portal::PTL_1;
use crate::rules::portal::PTL_6;
use crate::rules::sequence::SEQ_3;
use crate::rules::task::TSK_2;
use crate::rules::task::TSK_3;

/// The place of a part of a document, wherever that part was written.
pub(super) type Place<'a> = &'a (dyn Fn(String, Part) -> Location + Sync);

/// Everything that the schema of `subject` finds in a document. `text` is the file it was read from, if it was not made.
pub(super) fn judge(subject: Subject, tree: &Tree<'_>, text: Option<&str>, place: Place<'_>) -> Diagnostics {
    let judge = schema::judge(subject);
    let value = tree.value(0);
    let mut translator = Translator {
        subject,
        schema: &judge.schema,
        tree,
        text,
        place,
        seen: BTreeSet::new(),
        out: Vec::new(),
        meant: BTreeSet::new(),
    };
    for error in judge.validator.iter_errors(&value) {
        translator.translate(&error);
    }
    translator.finish()
}

struct Translator<'a> {
    subject: Subject,
    schema: &'a Value,
    tree: &'a Tree<'a>,
    text: Option<&'a str>,
    place: Place<'a>,
    /// What was said of which place, so that branches of a choice do not repeat it.
    seen: BTreeSet<(String, String)>,
    /// The findings; of a missing key with the map and the key.
    out: Vec<(Diagnostic, Option<(String, String)>)>,
    /// Keys that were most likely meant by unknown ones, with their map.
    meant: BTreeSet<(String, String)>,
}

impl Translator<'_> {
    /// A key that is only misspelt is not missing as well.
    fn finish(self) -> Diagnostics {
        let Self { out, meant, .. } = self;
        let is_meant = |missing: &Option<(String, String)>| missing.as_ref().is_some_and(|key| meant.contains(key));
        out.into_iter().filter(|(_, missing)| !is_meant(missing)).map(|(finding, _)| finding).collect()
    }

    fn translate(&mut self, error: &SchemaError<'_>) {
        let pointer = error.instance_path().as_str().to_owned();
        match error.kind() {
            ErrorKind::AdditionalProperties { unexpected } => {
                let object = self.parent_schema(error);
                let legal = keys(self.schema, object);
                for key in unexpected {
                    self.unknown_key(&pointer, key, &legal);
                }
            }
            ErrorKind::PropertyNames { error: inner } => {
                let legal = words(self.schema, self.schema_at(error));
                if let Some(key) = inner.instance().as_str() {
                    self.unknown_key(&pointer, key, &legal);
                }
            }
            ErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let object = self.parent_schema(error);
                let description = object.pointer(&format!("/properties/{key}/description")).and_then(Value::as_str);
                self.missing_key(&pointer, key, description);
            }
            ErrorKind::Type { .. } => {
                let schema = self.parent_schema(error);
                let pattern = schema.get("pattern").and_then(Value::as_str);
                // Quotes alone would not make a duration of `30`.
                match (pattern, error.instance().as_ref(), self.raw(&pointer)) {
                    (Some(pattern), Value::Number(_) | Value::Bool(_), Some(raw))
                        if form_error(pattern, &raw).is_some() =>
                    {
                        self.wrong_form(&pointer, &Value::String(raw), pattern);
                    }
                    _ => self.wrong_type(&pointer, error.instance(), &alternatives(self.schema, schema)),
                }
            }
            ErrorKind::Enum { .. } | ErrorKind::Constant { .. } => {
                let legal = words(self.schema, self.parent_schema(error));
                let expected = alternatives(self.schema, self.parent_schema(error));
                self.wrong_word(&pointer, error.instance(), &legal, &expected);
            }
            ErrorKind::AnyOf { context } | ErrorKind::OneOfNotValid { context } => {
                self.no_branch(&pointer, error, context);
            }
            ErrorKind::Pattern { pattern } => self.wrong_form(&pointer, error.instance(), pattern),
            other => self.out_of_bounds(&pointer, error.instance(), other),
        }
    }

    fn schema_at(&self, error: &SchemaError<'_>) -> &'static Value {
        let judge = schema::judge(self.subject);
        judge.schema.pointer(error.schema_path().as_str()).unwrap_or(&Value::Null)
    }

    /// The schema that holds the keyword which failed.
    fn parent_schema(&self, error: &SchemaError<'_>) -> &'static Value {
        let path = error.schema_path().as_str();
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        schema::judge(self.subject).schema.pointer(parent).unwrap_or(&Value::Null)
    }

    fn say(
        &mut self,
        rule: &'static Rule,
        pointer: &str,
        part: Part,
        message: String,
        change: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        if self.seen.insert((pointer.to_owned(), message.clone())) {
            let at = (self.place)(pointer.to_owned(), part);
            self.out.push((change(Diagnostic::error(rule, at, message)).firm(), None));
        }
    }

    fn unknown_key(&mut self, pointer: &str, key: &str, legal: &[String]) {
        let mut below = pointer.to_owned();
        push_segment(&mut below, key);
        let message = format!("{} has no key `{}`", self.whole(pointer), visible(key));
        let near = nearest(key, legal.iter().map(String::as_str)).map(str::to_owned);
        if let Some(near) = &near {
            self.meant.insert((pointer.to_owned(), near.clone()));
        }
        let rule = self.rule(&below, &MAN_2);
        let edit = (self.place)(below.clone(), Part::Key);
        self.say(rule, &below, Part::Key, message, |finding| match near {
            Some(near) => finding
                .help(format!("did you mean `{near}`?"))
                .fix(format!("rename it to `{near}`"), edit, near)
                .guessed(),
            None if legal.is_empty() => finding.help("remove it"),
            None => finding.help(format!("its keys are {}", list(legal))),
        });
    }

    fn missing_key(&mut self, pointer: &str, key: &str, description: Option<&str>) {
        let message = format!("{} has no key `{key}`", self.whole(pointer));
        let help = match description {
            Some(description) => format!("add `{key}`: {}", first_sentence(description)),
            None => format!("add `{key}`"),
        };
        let mut below = pointer.to_owned();
        push_segment(&mut below, key);
        let rule = self.rule(&below, &MAN_4);
        let n_before = self.out.len();
        self.say(rule, pointer, Part::Key, message, |finding| finding.label(format!("`{key}` is missing")).help(help));
        if let Some((_, missing)) = self.out.get_mut(n_before) {
            *missing = Some((pointer.to_owned(), key.to_owned()));
        }
    }

    fn wrong_type(&mut self, pointer: &str, found: &Value, expected: &[String]) {
        let rule = self.rule(pointer, &MAN_3);
        let takes_truth = expected.iter().any(|form| form.starts_with("`true`"));
        let takes_text = expected.iter().any(|form| form == "text");
        let expected = either(expected);
        let raw = self.raw(pointer);
        let message = format!("{} takes {expected}, and is {}", self.whole(pointer), kind_of(found, raw.as_deref()));
        let edit = (self.place)(pointer.to_owned(), Part::Value);
        self.say(rule, pointer, Part::Value, message, |finding| match (found, raw) {
            (Value::Number(_) | Value::Bool(_), Some(raw)) if takes_text => {
                let quoted = format!("\"{raw}\"");
                finding.help(format!("put it in quotes: `{quoted}`")).fix("put it in quotes", edit, quoted)
            }
            (Value::String(word), _) if takes_truth => match word.to_lowercase().as_str() {
                "yes" | "y" | "on" => finding.help("write `true`").fix("write `true`", edit, "true"),
                "no" | "n" | "off" => finding.help("write `false`").fix("write `false`", edit, "false"),
                _ => finding,
            },
            (Value::Null, _) => finding.help("write a value, or leave the key out for its default"),
            _ => finding,
        });
    }

    fn wrong_word(&mut self, pointer: &str, found: &Value, legal: &[String], expected: &[String]) {
        let Some(word) = found.as_str() else { return self.wrong_type(pointer, found, expected) };
        let rule = self.rule(pointer, &MAN_3);
        let message = format!("{} cannot be `{}`", self.whole(pointer), shortened(word));
        let near = nearest(word, legal.iter().map(String::as_str)).map(str::to_owned);
        let hint =
            did_you_mean(word, legal.iter().map(String::as_str)).map_or(String::new(), |hint| format!("{hint} "));
        let expected = either(expected);
        let edit = (self.place)(pointer.to_owned(), Part::Value);
        self.say(rule, pointer, Part::Value, message, |finding| {
            let finding = finding.help(format!("{hint}it takes {expected}"));
            match near {
                Some(near) => finding.fix(format!("write `{near}`"), edit, near).guessed(),
                None => finding,
            }
        });
    }

    /// None of several forms fits: picks the one that was most likely meant, and says what keeps it from fitting.
    fn no_branch(&mut self, pointer: &str, error: &SchemaError<'_>, context: &[Vec<SchemaError<'static>>]) {
        let Value::Array(branches) = self.schema_at(error) else { return };
        let is_null = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some("null");
        let real: Vec<usize> = (0..branches.len()).filter(|at| !is_null(&branches[*at])).collect();
        if let ([only], false) = (real.as_slice(), error.instance().is_null()) {
            // An optional value: the other form is its absence.
            return context.get(*only).into_iter().flatten().for_each(|error| self.translate(error));
        }
        let expected: Vec<String> = real.iter().flat_map(|at| alternatives(self.schema, &branches[*at])).collect();
        let legal: Vec<String> = real.iter().flat_map(|at| words(self.schema, &branches[*at])).collect();
        match error.instance().as_ref() {
            Value::Object(object) => {
                let known = |at: usize| keys(self.schema, &branches[at]);
                let matched = |at: usize| known(at).iter().filter(|key| object.contains_key(*key)).count();
                let n_errors = |at: usize| context.get(at).map_or(usize::MAX, Vec::len);
                let best = real.iter().copied().max_by_key(|at| (matched(*at), std::cmp::Reverse(n_errors(*at))));
                let other_forms = |best: usize| -> Vec<&String> {
                    let own = known(best);
                    let others: Vec<String> = real.iter().flat_map(|at| known(*at)).collect();
                    object.keys().filter(|key| !own.contains(key) && others.contains(key)).collect()
                };
                match best.filter(|at| matched(*at) > 0) {
                    Some(best) if !other_forms(best).is_empty() => {
                        let of_others = other_forms(best);
                        self.mixed_forms(pointer, object, &known(best), &of_others, &expected);
                    }
                    Some(best) => context.get(best).into_iter().flatten().for_each(|error| self.translate(error)),
                    None => {
                        let mut every: Vec<String> = real.iter().flat_map(|at| known(*at)).collect();
                        every.dedup();
                        match object.keys().next() {
                            Some(word) if legal.contains(word) => {
                                let message = format!("`{word}` of {} is no key", self.whole(pointer));
                                let rule = self.rule(pointer, &MAN_3);
                                let help = format!("write the word by itself: `{word}`");
                                let edit = (self.place)(pointer.to_owned(), Part::Value);
                                self.say(rule, pointer, Part::Value, message, |finding| {
                                    finding.help(help).fix("write the word by itself", edit, word.clone()).guessed()
                                });
                            }
                            Some(key) => self.unknown_key(pointer, key, &every),
                            None => self.wrong_type(pointer, error.instance(), &expected),
                        }
                    }
                }
            }
            Value::String(_) if !legal.is_empty() => self.wrong_word(pointer, error.instance(), &legal, &expected),
            found => self.wrong_type(pointer, found, &expected),
        }
    }

    /// A map with the keys of several forms, of which it can have one.
    fn mixed_forms(
        &mut self,
        pointer: &str,
        object: &Map<String, Value>,
        own: &[String],
        others: &[&String],
        expected: &[String],
    ) {
        let first = object.keys().find(|key| own.contains(key)).map_or("", String::as_str);
        let mut below = pointer.to_owned();
        push_segment(&mut below, others[0]);
        let rule = self.rule(pointer, &MAN_3);
        let message = format!("{} has one form, and mixes `{first}` with `{}`", self.whole(pointer), others[0]);
        let help = format!("keep one of them; it takes {}", either(expected));
        self.say(rule, &below, Part::Key, message, |finding| finding.help(help));
    }

    /// A text that is not a duration, a date and so on. What the type says of it is better than a pattern.
    fn wrong_form(&mut self, pointer: &str, found: &Value, pattern: &str) {
        let rule = self.rule(pointer, &MAN_3);
        let text = found.as_str().unwrap_or_default();
        let message = match form_error(pattern, text) {
            Some(message) => format!("{}: {}", self.whole(pointer), shortened_message(&message)),
            None => format!("{} cannot be `{}`", self.whole(pointer), shortened(text)),
        };
        self.say(rule, pointer, Part::Value, message, |finding| finding);
    }

    fn out_of_bounds(&mut self, pointer: &str, found: &Value, kind: &ErrorKind) {
        let rule = self.rule(pointer, &MAN_3);
        let what = match kind {
            ErrorKind::MinLength { .. } => "must not be empty".to_owned(),
            ErrorKind::MaxLength { limit } => format!("has more than {limit} characters"),
            ErrorKind::MinItems { .. } | ErrorKind::MinProperties { .. } => "needs at least one entry".to_owned(),
            ErrorKind::Minimum { limit } => format!("is {found}; the least is {limit}"),
            ErrorKind::Maximum { limit } => format!("is {found}; the most is {limit}"),
            ErrorKind::UniqueItems => "names something twice".to_owned(),
            _ => "does not have the form of its field".to_owned(),
        };
        let message = format!("{} {what}", self.whole(pointer));
        self.say(rule, pointer, Part::Value, message, |finding| finding);
    }

    /// A part of the document as a subject of a sentence.
    fn whole(&self, pointer: &str) -> String {
        if pointer.is_empty() { format!("a {}", self.subject.name()) } else { format!("`{}`", dotted(pointer)) }
    }

    /// How a scalar stands in the file.
    fn raw(&self, pointer: &str) -> Option<String> {
        let (_, at) = self.tree.find(pointer);
        let node = &self.tree.nodes[at];
        let raw = self.text?.get(node.start as usize..node.end as usize)?;
        (!raw.is_empty() && raw.len() <= 100 && !raw.contains('\n')).then(|| raw.to_owned())
    }

    /// The domain's rule for a place that has one.
    fn rule(&self, pointer: &str, otherwise: &'static Rule) -> &'static Rule {
        let Subject::Manifest(kind) = self.subject else { return otherwise };
        let below_spec = pointer.strip_prefix("/spec/").unwrap_or_default();
        let is_task = matches!(kind, Kind::Task | Kind::SequentialTask);
        match below_spec {
            "version" if kind == Kind::Package => &PKG_1,
            "priority" if is_task => &TSK_2,
            "package" | "program" if kind == Kind::Task => &TSK_3,
            "maxPerRequest" if kind == Kind::PortalSettings => &PTL_6,
            _ if kind == Kind::Package && (below_spec == "source" || below_spec.starts_with("source/")) => &PKG_2,
            _ if kind == Kind::SequentialTask && below_spec.contains("/dependsOn/") => &SEQ_3,
            _ if below_spec.contains("grants/") && below_spec.ends_with("/right") => &PTL_1,
            _ => otherwise,
        }
    }
}

/// What the type with this pattern says of a text it does not take.
fn form_error(pattern: &str, text: &str) -> Option<String> {
    type Form = (schemars::Schema, fn(&str) -> Option<String>);
    fn form<T>() -> Form
    where
        T: schemars::JsonSchema + std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let schema = T::json_schema(&mut schemars::SchemaGenerator::default());
        (schema, |text| text.parse::<T>().err().map(|error| error.to_string()))
    }
    let forms = [
        form::<units::Duration>(),
        form::<MaxRunTime>(),
        form::<units::TimeOfDay>(),
        form::<units::LocalDateTime>(),
        form::<units::Percent>(),
        form::<units::Date>(),
        form::<crate::model::guid::Guid>(),
    ];
    let same = |schema: &schemars::Schema| schema.get("pattern").and_then(Value::as_str) == Some(pattern);
    forms.iter().find(|(schema, _)| same(schema)).and_then(|(_, error)| error(text))
}

/// The keys that a schema's maps may have, in its order.
fn keys(root: &Value, schema: &Value) -> Vec<String> {
    let schema = schema::resolve(root, schema);
    let mut found: Vec<String> =
        schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone()).collect();
    for branch in branches(schema) {
        found.extend(keys(root, branch));
    }
    found
}

/// The words that a schema takes, in its order.
fn words(root: &Value, schema: &Value) -> Vec<String> {
    let schema = schema::resolve(root, schema);
    let options = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
    let mut found: Vec<String> = options.filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(names) = schema.as_array() {
        found.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    for branch in branches(schema) {
        found.extend(words(root, branch));
    }
    found
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key).and_then(Value::as_array)).flatten()
}

/// The forms that a schema takes, each as a few words.
fn alternatives(root: &Value, schema: &Value) -> Vec<String> {
    let schema = schema::resolve(root, schema);
    let legal = words(root, schema);
    let mut found: Vec<String> = legal.iter().map(|word| format!("`{word}`")).collect();
    for branch in branches(schema) {
        let branch = schema::resolve(root, branch);
        if words(root, branch).is_empty() || branches(branch).next().is_some() {
            found.extend(alternatives(root, branch).into_iter().filter(|form| !form.starts_with('`')));
        }
    }
    if legal.is_empty() {
        match schema.get("type") {
            Some(Value::String(name)) => found.extend(type_form(name, schema)),
            Some(Value::Array(names)) => {
                found.extend(names.iter().filter_map(Value::as_str).filter_map(|name| type_form(name, schema)));
            }
            _ => {}
        }
    }
    found
}

fn type_form(name: &str, schema: &Value) -> Option<String> {
    Some(match name {
        "null" => return None,
        "string" => "text".to_owned(),
        "integer" | "number" => "a whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => "a list".to_owned(),
        _ => {
            let required: Vec<String> = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(|key| format!("`{key}`"))
                .collect();
            if required.is_empty() { "a map".to_owned() } else { format!("a map with {}", required.join(" and ")) }
        }
    })
}

fn either(forms: &[String]) -> String {
    let (maps, mut all): (Vec<&str>, Vec<String>) = forms.iter().fold((Vec::new(), Vec::new()), |mut sorted, form| {
        match form.strip_prefix("a map with ") {
            Some(keys) => sorted.0.push(keys),
            None => sorted.1.push(form.clone()),
        }
        sorted
    });
    if !maps.is_empty() {
        all.push(format!("a map with {}", joined(&maps)));
    }
    match all.as_slice() {
        [] => "another form".to_owned(),
        forms => joined(forms),
    }
}

fn joined<T: AsRef<str>>(parts: &[T]) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match parts.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        other => other.concat(),
    }
}

fn list(keys: &[String]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// What a value is, in a few words.
fn kind_of(value: &Value, raw: Option<&str>) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(value) => format!("the truth value `{}`", raw.map_or_else(|| value.to_string(), str::to_owned)),
        Value::Number(number) => format!("the number `{}`", raw.map_or_else(|| number.to_string(), str::to_owned)),
        Value::String(text) => format!("the text `{}`", shortened(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(map) if map.is_empty() => "an empty map".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

/// A value's text, made safe and not too long for a message.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", visible(&text[..end])),
        None => visible(text).into_owned(),
    }
}

/// A type's message quotes the whole text; a long one is cut in its middle, so that the advice at its end stays.
pub(super) fn shortened_message(message: &str) -> String {
    const MOST: usize = 240;
    let shown = visible(message);
    if shown.chars().count() <= MOST {
        return shown.into_owned();
    }
    let chars: Vec<char> = shown.chars().collect();
    let (head, tail) = (&chars[..MOST / 4], &chars[chars.len() - MOST / 2..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}

fn first_sentence(text: &str) -> String {
    let line = text.split_inclusive(". ").next().unwrap_or(text).trim_end().trim_end_matches('.');
    line.replace('\n', " ")
}
