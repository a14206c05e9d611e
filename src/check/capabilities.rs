//! What a server's API can hold of a site: CAP-1, CAP-2, CAP-4. Known before anything is read.

use rayon::prelude::*;
use serde_json::Value;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::diag::visible;
use crate::model::capabilities::Access;
use crate::model::capabilities::Capabilities;
use crate::model::capabilities::Forms;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::project::Project;
use crate::model::project::Severity;
use crate::rules::Rule;
use crate::rules::capability::CAP_1;
use crate::rules::capability::CAP_2;
use crate::rules::capability::CAP_4;

/// Something of an item that the API cannot hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    /// The rule.
    pub rule: &'static Rule,
    /// How the API holds the field; `None` of a kind, or of a value of a field that is settable.
    pub access: Option<Access>,
    /// The field, without `spec.`; empty: the item as a whole.
    pub field: String,
    /// Where it stands below `spec` (or, for a field of metadata, below that), as a JSON pointer without its first `/`.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl Misfit {
    /// How it is taken before the server was read. What is only shown may be what the manifest says, and so may a value
    /// that cannot be sent; a plan that would make it so is refused.
    pub fn severity(&self) -> Severity {
        match self.access {
            Some(Access::ReadOnly) => Severity::Warning,
            None if *self.rule == CAP_4 => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// Everything of a site that the API cannot hold, taken as the project's `policy.severities` say.
pub fn against(loaded: &Loaded, project: &Project, capabilities: &Capabilities) -> Diagnostics {
    let items: Vec<&Item> = loaded.site.items.values().collect();
    let misfits: Vec<Vec<Misfit>> = items.par_iter().map(|item| misfits(capabilities, item)).collect();
    let mut found = Diagnostics::new();
    for (item, misfits) in items.into_iter().zip(misfits) {
        for misfit in misfits {
            let at = match misfit.field.strip_prefix("metadata.") {
                Some(field) => loaded.origins.metadata(&item.key, field),
                None if misfit.field.is_empty() => loaded.origins.name(&item.key),
                None => loaded.origins.value(&item.key, &misfit.pointer),
            };
            let mut finding = match misfit.severity() {
                Severity::Error => Diagnostic::error(misfit.rule, at, misfit.message),
                _ => Diagnostic::warning(misfit.rule, at, misfit.message),
            };
            finding = finding.help(misfit.help);
            found.push(finding);
        }
    }
    found.apply_severities(&project.policy.severities);
    found
}

/// What of an item the API cannot hold.
pub fn misfits(capabilities: &Capabilities, item: &Item) -> Vec<Misfit> {
    let (kind, api) = (item.key.kind, capabilities.api.word());
    let because = |why: &str| if why.is_empty() { String::new() } else { format!(": {why}") };
    let whole = |access, message: String, help: &str| Misfit {
        rule: &CAP_1,
        access,
        field: String::new(),
        pointer: String::new(),
        message,
        help: help.to_owned(),
    };
    if !capabilities.kinds.contains(&kind) {
        let why = because(capabilities.why_kind(kind));
        let message = format!("the API `{api}` has no kind `{}`{why}", kind.name());
        let help = "leave it out of what this server gets, or look after it in the server's console";
        return vec![whole(None, message, help)];
    }
    if capabilities.read_only.contains(&kind) {
        let why = because(capabilities.why_kind(kind));
        let message = format!("the API `{api}` shows a `{}` and cannot write one{why}", kind.name());
        let help = "declare it as it is on the server; a plan that would write it is refused";
        return vec![whole(Some(Access::ReadOnly), message, help)];
    }
    let mut out = Vec::new();
    if !item.attributes.is_empty() && is_closed(capabilities.access(kind, "metadata.attributes")) {
        let access = capabilities.access(kind, "metadata.attributes");
        out.push(unset(capabilities, kind, "metadata.attributes", "attributes", access, None));
    }
    let restricted: Vec<(&str, Access)> = capabilities
        .named(kind)
        .filter(|(name, access)| is_closed(*access) && !name.starts_with("metadata.") && *name != "guid")
        .collect();
    let forms = || capabilities.forms.iter().filter(|((of, _), _)| *of == kind);
    if restricted.is_empty() && forms().next().is_none() {
        return out;
    }
    let spec = spec_of(&item.spec);
    if let Some(default) = defaults(&item.spec, &restricted) {
        for (name, access) in restricted {
            for (pointer, value) in values(&spec, name) {
                if default.pointer(&format!("/{pointer}")) != Some(value) {
                    out.push(unset(capabilities, kind, name, &pointer, access, Some(value)));
                }
            }
        }
    }
    for ((_, name), forms) in forms() {
        for (pointer, value) in values(&spec, name) {
            if let Some(word) = not_taken(forms, value) {
                out.push(Misfit {
                    rule: &CAP_4,
                    access: None,
                    field: name.clone(),
                    pointer,
                    message: format!(
                        "`{name}` cannot be `{}` over the API `{api}`{}",
                        visible(&word),
                        because(capabilities.why(kind, name))
                    ),
                    help: takes(forms),
                });
            }
        }
    }
    out
}

/// Whether a value of the manifest never gets to the server.
const fn is_closed(access: Access) -> bool {
    matches!(access, Access::ReadOnly | Access::Absent)
}

fn unset(
    capabilities: &Capabilities,
    kind: Kind,
    name: &str,
    pointer: &str,
    access: Access,
    value: Option<&Value>,
) -> Misfit {
    let api = capabilities.api.word();
    let why = match capabilities.why(kind, name) {
        "" => String::new(),
        why => format!(": {why}"),
    };
    let shown = match value {
        Some(Value::String(text)) => format!(" to `{}`", visible(text)),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => format!(" to `{value}`"),
        _ => String::new(),
    };
    let (message, help) = if access == Access::Absent {
        let message = format!("`{name}` cannot be set{shown} over the API `{api}`, which has no such field{why}");
        (message, "leave it out for this server, in an overlay, or set it in the console and let CAP-2 be a warning")
    } else {
        let message = format!("`{name}` cannot be set{shown} over the API `{api}`, which only shows it{why}");
        (message, "say what the server has, or leave it out for this server; a plan that would change it is refused")
    };
    let (field, pointer) = (name.to_owned(), pointer.to_owned());
    Misfit { rule: &CAP_2, access: Some(access), field, pointer, message, help: help.to_owned() }
}

/// What an item says, as its manifest would.
pub fn spec_of(spec: &Spec) -> Value {
    match serde_json::to_value(spec).expect("the model prints as JSON: its maps have text keys") {
        Value::Object(tagged) => tagged.into_iter().next().map(|(_, spec)| spec).unwrap_or_default(),
        other => other,
    }
}

/// What an item would say with these fields left out; `None` where one of them must be there.
fn defaults(spec: &Spec, without: &[(&str, Access)]) -> Option<Value> {
    let mut tagged = serde_json::to_value(spec).expect("the model prints as JSON: its maps have text keys");
    let (_, inner) = tagged.as_object_mut()?.iter_mut().next()?;
    for (name, _) in without {
        remove(inner, name);
    }
    let spec: Spec = serde_json::from_value(tagged).ok()?;
    Some(spec_of(&spec))
}

fn remove(value: &mut Value, name: &str) {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    match (value, rest) {
        (Value::Array(entries), _) => entries.iter_mut().for_each(|entry| remove(entry, name)),
        (Value::Object(map), None) => {
            map.remove(first);
        }
        (Value::Object(map), Some(rest)) => {
            if let Some(inner) = map.get_mut(first) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

/// The values of a field, each with its pointer; entries of lists one by one where the name leads through a list.
pub fn values<'v>(value: &'v Value, name: &str) -> Vec<(String, &'v Value)> {
    let mut found = vec![(String::new(), value)];
    for part in name.split('.') {
        let mut next = Vec::new();
        for (pointer, value) in found {
            let below = |step: &str| if pointer.is_empty() { step.to_owned() } else { format!("{pointer}/{step}") };
            match value {
                Value::Array(entries) => next.extend(
                    entries
                        .iter()
                        .enumerate()
                        .filter_map(|(at, entry)| Some((below(&format!("{at}/{part}")), entry.get(part)?))),
                ),
                Value::Object(map) => next.extend(map.get(part).map(|value| (below(part), value))),
                _ => {}
            }
        }
        found = next;
    }
    found
}

/// What of a value is not taken.
pub fn not_taken(forms: &Forms, value: &Value) -> Option<String> {
    let is_refused = |word: &str| forms.but.contains(word) || !(forms.words.is_empty() || forms.words.contains(word));
    match value {
        Value::String(word) if is_refused(word) => Some(word.clone()),
        Value::Object(map) => map.keys().find(|key| is_refused(key)).cloned(),
        Value::Number(number) => {
            let is_taken = forms.numbers.is_empty() || number.as_u64().is_some_and(|n| forms.numbers.contains(&n));
            (!is_taken).then(|| number.to_string())
        }
        _ => None,
    }
}

fn takes(forms: &Forms) -> String {
    let words = forms.words.iter().cloned().chain(forms.numbers.iter().map(u64::to_string));
    let list = words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    if list.is_empty() { "write another value".to_owned() } else { format!("it takes {list}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::model::capabilities::Concurrency;
    use crate::model::kind::ItemKey;
    use crate::model::project::Api;

    fn api() -> Capabilities {
        let field = |kind, name: &str, access| ((kind, name.to_owned()), access);
        Capabilities {
            api: Api::Altiris,
            kinds: BTreeSet::from([Kind::Task, Kind::Program, Kind::Package, Kind::SequentialTask]),
            read_only: BTreeSet::from([Kind::SequentialTask]),
            fields: BTreeMap::from([
                field(Kind::Task, "userCanRun", Access::Absent),
                field(Kind::Task, "description", Access::ReadOnly),
                field(Kind::Task, "priority", Access::CreateOnly),
                field(Kind::Program, "portal.inherit", Access::ReadOnly),
                field(Kind::Package, "metadata.attributes", Access::ReadOnly),
            ]),
            forms: BTreeMap::from([
                ((Kind::Task, "download.minimumSpeedKBps".to_owned()), Forms::numbers([1, 50])),
                ((Kind::Task, "run.schedule".to_owned()), Forms::words(["daily"])),
                ((Kind::Program, "portal.grants.right".to_owned()), Forms::words(["install"])),
                ((Kind::Program, "maxRunTime".to_owned()), Forms::all_but("unknown")),
            ]),
            reasons: BTreeMap::from([((Kind::Task, "userCanRun".to_owned()), "no method has it".to_owned())]),
            carried: BTreeMap::new(),
            folders_at_top: true,
            concurrency: Concurrency::ReadAgain,
            batch_max: None,
            leases: false,
            idempotency_keys: false,
            atomic_update: false,
        }
    }

    fn of(kind: Kind, spec: Value) -> Vec<(&'static str, String, String)> {
        let tagged = json!({ kind.name(): spec });
        let item = Item::new(ItemKey::new(kind, "x"), serde_json::from_value(tagged).unwrap());
        misfits(&api(), &item).into_iter().map(|one| (one.rule.id, one.pointer, one.message)).collect()
    }

    fn task(more: Value) -> Vec<(&'static str, String, String)> {
        let mut spec = json!({"package": "p", "program": "q"});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of(Kind::Task, spec)
    }

    #[test]
    fn cap_1_a_kind_that_is_not_there_is_refused_and_one_that_is_only_shown_is_told() {
        let window =
            of(Kind::MaintenanceWindow, json!({"collections": [], "schedule": {"daily": "01:00"}, "duration": "1h"}));
        assert_eq!(window.len(), 1);
        assert_eq!(window[0].0, "CAP-1");
        let sequence = json!({"SequentialTask": {"steps": [{"package": "p", "program": "q"}]}});
        let item = Item::new(ItemKey::new(Kind::SequentialTask, "x"), serde_json::from_value(sequence).unwrap());
        let found = misfits(&api(), &item);
        assert_eq!((found[0].rule.id, found[0].severity()), ("CAP-1", Severity::Warning));
    }

    #[test]
    fn cap_2_what_cannot_be_set_is_refused_unless_it_is_what_holds_anyway() {
        assert_eq!(task(json!({"userCanRun": false, "priority": "high"})), []);
        let found = task(json!({"userCanRun": true, "description": "d"}));
        let found: Vec<_> =
            found.iter().map(|(id, pointer, message)| (*id, pointer.as_str(), message.as_str())).collect();
        assert_eq!(
            found,
            [
                (
                    "CAP-2",
                    "description",
                    "`description` cannot be set to `d` over the API `altiris`, which only shows it"
                ),
                (
                    "CAP-2",
                    "userCanRun",
                    "`userCanRun` cannot be set to `true` over the API `altiris`, which has no such field: no method has it"
                ),
            ]
        );
        let program = |portal: Value| of(Kind::Program, json!({"name": "n", "commandLine": "c", "portal": portal}));
        assert_eq!(program(json!({"grants": []})), []);
        assert_eq!(program(json!({"inherit": false}))[0].1, "portal/inherit");
        let mut package =
            Item::new(ItemKey::new(Kind::Package, "x"), Spec::Package(crate::model::package::Package::default()));
        assert_eq!(misfits(&api(), &package), []);
        package.attributes.insert(crate::model::item::Attribute::Hidden);
        assert_eq!(misfits(&api(), &package)[0].field, "metadata.attributes");
    }

    #[test]
    fn cap_4_a_value_that_the_server_may_have_already_is_a_warning() {
        let spec = json!({"Program": {"name": "n", "commandLine": "c", "maxRunTime": "unknown"}});
        let item = Item::new(ItemKey::new(Kind::Program, "x"), serde_json::from_value(spec).unwrap());
        let found = misfits(&api(), &item);
        assert_eq!((found[0].rule.id, found[0].severity()), ("CAP-4", Severity::Warning));
    }

    #[test]
    fn cap_4_a_value_is_one_that_the_api_has() {
        assert_eq!(task(json!({"run": {"schedule": {"daily": "17:00"}}, "download": "agentDefaults"})), []);
        assert_eq!(task(json!({"download": {"minimumSpeedKBps": 50}})), []);
        assert_eq!(task(json!({"download": {"minimumSpeedKBps": 51}}))[0].1, "download/minimumSpeedKBps");
        let weekly = json!({"run": {"schedule": {"weekly": {"days": ["mon"], "time": "17:00"}}}});
        assert_eq!(task(weekly)[0].2, "`run.schedule` cannot be `weekly` over the API `altiris`");
        let program = |more: Value| {
            let mut spec = json!({"name": "n", "commandLine": "c"});
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of(Kind::Program, spec)
        };
        assert_eq!(program(json!({"maxRunTime": "30m"})), []);
        assert_eq!(program(json!({"maxRunTime": "unknown"}))[0].1, "maxRunTime");
        let grant = |right| json!({"portal": {"grants": [{"principal": "A", "right": right}]}});
        assert_eq!(program(grant("install")), []);
        assert_eq!(program(grant("installOnApproval"))[0].1, "portal/grants/0/right");
    }
}
