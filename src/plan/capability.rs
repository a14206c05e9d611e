//! What of a difference the server's API can make true: CAP-1 to CAP-5.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::capabilities::Misfit;
use crate::check::capabilities::misfits;
use crate::check::capabilities::not_taken;
use crate::check::capabilities::spec_of;
use crate::check::capabilities::values;
use crate::diff::FieldChange;
use crate::diff::PASSWORD_PATH;
use crate::model::capabilities::Access;
use crate::model::capabilities::Capabilities;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::model::project::Severity;
use crate::plan::Change;
use crate::plan::Finding;
use crate::plan::Verb;
use crate::plan::hold;
use crate::plan::make::Draft;
use crate::rules::Rule;
use crate::rules::capability::CAP_1;
use crate::rules::capability::CAP_2;
use crate::rules::capability::CAP_3;
use crate::rules::capability::CAP_4;
use crate::rules::capability::CAP_5;

/// Where a password comes from, which no server keeps; whether there is one is compared by other means (PLN-13).
const PASSWORD_REFERENCE: &str = "runWith.passwordFrom";

/// A field as capabilities name it.
pub fn name_of(path: &str) -> &str {
    path.strip_prefix("spec.").unwrap_or(path)
}

/// The differences that can be seen at all: what the API never shows is never unequal (CAP-5). Whether there is a
/// password is seen by other means (PLN-13).
pub fn seen(capabilities: &Capabilities, kind: Kind, fields: Vec<FieldChange>) -> Vec<FieldChange> {
    let is_seen = |field: &FieldChange| {
        let name = name_of(&field.path);
        if field.path == PASSWORD_PATH {
            return true;
        }
        if !capabilities.is_shown(kind, name) {
            return false;
        }
        let mut after = field.after.clone();
        for (below, _) in below(capabilities, kind, name).filter(|(_, access)| is_hidden(*access)) {
            let pointer = format!("/{}", below.replace('.', "/"));
            if let (Some(before), Some(after)) = (field.before.pointer(&pointer), after.pointer_mut(&pointer)) {
                after.clone_from(before);
            }
        }
        after != field.before
    };
    fields.into_iter().filter(is_seen).collect()
}

/// The differences that an apply can make true, which read-only fields are not: nothing was sent for them.
pub fn stored(capabilities: &Capabilities, kind: Kind, fields: Vec<FieldChange>) -> Vec<FieldChange> {
    let mut fields = seen(capabilities, kind, fields);
    fields.retain(|field| capabilities.access(kind, name_of(&field.path)) != Access::ReadOnly);
    fields
}

const fn is_hidden(access: Access) -> bool {
    matches!(access, Access::WriteOnly | Access::Absent)
}

/// The fields named below one, without its own name and the dot.
fn below<'c>(capabilities: &'c Capabilities, kind: Kind, name: &'c str) -> impl Iterator<Item = (&'c str, Access)> {
    capabilities
        .named(kind)
        .filter_map(move |(other, access)| Some((other.strip_prefix(name)?.strip_prefix('.')?, access)))
}

/// Whether an item of a kind is made anew where a field of it is set only while it is made: nothing refers to it by its
/// GUID but what computers remember.
pub const fn is_made_anew(kind: Kind) -> bool {
    matches!(kind, Kind::Task)
}

/// Why one field of a change cannot come true.
struct Refused {
    rule: &'static Rule,
    message: String,
    help: &'static str,
}

/// What is left of the differences of a live item; `None` where it is held for the sake of one that cannot come true.
pub(super) fn allowed(draft: &mut Draft<'_>, item: &Item, fields: Vec<FieldChange>) -> Option<Vec<FieldChange>> {
    let (capabilities, kind) = (draft.input.capabilities, item.key.kind);
    if capabilities.read_only.contains(&kind) {
        let refused = of_kind(capabilities, kind);
        return keep(draft, item, Verb::Update, &refused, &fields).then(Vec::new);
    }
    let mut left = Vec::new();
    let all = fields.clone();
    for field in fields {
        match refused(capabilities, kind, &field) {
            None => left.push(field),
            Some(refused) => {
                if !keep(draft, item, Verb::Update, &refused, &all) {
                    return None;
                }
            }
        }
    }
    Some(left)
}

/// Whether a new item can be made as it is declared; says so where not.
pub(super) fn may_create(draft: &mut Draft<'_>, item: &Item) -> bool {
    let capabilities = draft.input.capabilities;
    if item.key.kind == Kind::Folder && item.folder.is_none() && !capabilities.folders_at_top {
        let message = format!("the API `{}` makes no folder at the top of the console", capabilities.api.word());
        draft.block(&CAP_2, item.key.to_string(), message.clone(), "make it in the server's console");
        hold::held(draft, &item.key, Verb::Create, &CAP_2, message, Vec::new());
        return false;
    }
    let found = misfits(capabilities, item);
    found.into_iter().all(|misfit| {
        let Misfit { rule, message, help, .. } = misfit;
        // A kind that cannot be written stays unwritten, however that is taken.
        let is_firm = *rule == CAP_1;
        match severity(draft, rule) {
            Severity::Error => {}
            _ if is_firm => {}
            Severity::Warning => {
                warn(draft, rule, item, message, &help);
                return true;
            }
            Severity::Off => return true,
        }
        draft.block(rule, item.key.to_string(), message.clone(), &help);
        hold::held(draft, &item.key, Verb::Create, rule, message, Vec::new());
        false
    })
}

/// Whether an item that no manifest declares can be deleted; says so where not.
pub(super) fn may_delete(draft: &mut Draft<'_>, item: &Item) -> bool {
    let capabilities = draft.input.capabilities;
    let kind = item.key.kind;
    if capabilities.kinds.contains(&kind) && !capabilities.read_only.contains(&kind) {
        return true;
    }
    let message = of_kind(capabilities, kind).message;
    hold::held(draft, &item.key, Verb::Delete, &CAP_1, message, Vec::new());
    false
}

/// Takes a refusal as the policy says; whether the item may go on without the field.
fn keep(draft: &mut Draft<'_>, item: &Item, would: Verb, refused: &Refused, fields: &[FieldChange]) -> bool {
    let Refused { rule, message, help } = refused;
    match severity(draft, rule) {
        Severity::Error => {
            draft.block(rule, item.key.to_string(), message.clone(), help);
            hold::held(draft, &item.key, would, rule, message.clone(), fields.to_vec());
            false
        }
        Severity::Warning => {
            warn(draft, rule, item, message.clone(), help);
            true
        }
        Severity::Off => true,
    }
}

fn severity(draft: &Draft<'_>, rule: &Rule) -> Severity {
    draft.input.policy.severities.get(rule.id).copied().unwrap_or(Severity::Error)
}

fn warn(draft: &mut Draft<'_>, rule: &Rule, item: &Item, message: String, help: &str) {
    let (rule, severity, subject) = (rule.id.to_owned(), Severity::Warning, item.key.to_string());
    draft.findings.push(Finding { rule, severity, subject, message, help: help.to_owned() });
}

/// What is said of a task that is made anew for fields that are set only then.
pub(super) fn made_anew(draft: &mut Draft<'_>, item: &Item, paths: &[String]) {
    let capabilities = draft.input.capabilities;
    for path in paths {
        let name = name_of(path);
        if capabilities.access(item.key.kind, name) != Access::CreateOnly {
            continue;
        }
        let message = format!(
            "`{name}` cannot be changed over the API `{}`{}; the edit needs a new {}, which everyone that it reaches \
             runs again",
            capabilities.api.word(),
            because(capabilities.why(item.key.kind, name)),
            item.key.kind.short()
        );
        let help = "write the value that the server has where nobody is to run it again";
        warn(draft, &CAP_3, item, message, help);
    }
}

/// What is said of fields that are never shown, and that a change of an item sets again: nobody can tell whether they
/// were another way (CAP-5).
pub(super) fn also_set(draft: &mut Draft<'_>, change: &Change) {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return };
    // What is only switched off is told nothing else.
    if after.spec.enabled() == Some(false) && change.fields.iter().all(|field| field.path == "spec.enabled") {
        return;
    }
    let (capabilities, kind) = (draft.input.capabilities, after.key.kind);
    let (before, spec) = (spec_of(&before.spec), spec_of(&after.spec));
    for ((_, name), with) in capabilities.carried.iter().filter(|((of, _), _)| *of == kind) {
        let value = at(&spec, name);
        if at(&before, name) == value && !change.fields.iter().any(|field| carries(with, field)) {
            continue;
        }
        let printed = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| format!("`{text}`"));
        let value = match value.as_slice() {
            [Value::String(text)] if text.is_empty() => "nothing".to_owned(),
            [value] => printed(value),
            _ => "nothing".to_owned(),
        };
        let message = format!("the change also sets `{name}` to {value}, which the server does not show");
        let help = "see that the manifest says what the server is to have: what is there now is overwritten unseen";
        warn(draft, &CAP_5, after, message, help);
    }
}

/// Whether a difference is in one of these fields, or gives one of them one of these forms.
fn carries(with: &BTreeSet<String>, field: &FieldChange) -> bool {
    let name = name_of(&field.path);
    with.iter().any(|carrier| {
        let below = |whole: &str, part: &str| whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
        carrier == name
            || below(name, carrier)
            || (below(carrier, name) && !at(&field.after, &carrier[name.len() + 1..]).is_empty())
    })
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

fn of_kind(capabilities: &Capabilities, kind: Kind) -> Refused {
    let api = capabilities.api.word();
    let message = format!("the API `{api}` cannot write a `{}`{}", kind.name(), because(capabilities.why_kind(kind)));
    Refused { rule: &CAP_1, message, help: "declare it as it is on the server, or change it in the server's console" }
}

/// Why a difference cannot come true, if so.
fn refused(capabilities: &Capabilities, kind: Kind, field: &FieldChange) -> Option<Refused> {
    let name = name_of(&field.path);
    let api = capabilities.api.word();
    let read_only = |name: &str| Refused {
        rule: &CAP_2,
        message: format!("`{name}` cannot be changed over the API `{api}`{}", because(capabilities.why(kind, name))),
        help: "write the value that the server has, or change it in the server's console",
    };
    match capabilities.access(kind, name) {
        Access::ReadOnly => return Some(read_only(name)),
        Access::CreateOnly if !is_made_anew(kind) => {
            let why = because(capabilities.why(kind, name));
            let message = format!(
                "`{name}` cannot be changed over the API `{api}`, and a {} is not made anew for it{why}",
                kind.short()
            );
            let help = "write the value that the server has, or give the item another name";
            return Some(Refused { rule: &CAP_3, message, help });
        }
        _ => {}
    }
    for (below, access) in below(capabilities, kind, name) {
        if access == Access::ReadOnly && at(&field.before, below) != at(&field.after, below) {
            return Some(read_only(&format!("{name}.{below}")));
        }
    }
    let forms = capabilities.forms.iter().filter(|((of, _), _)| *of == kind);
    for ((_, of), forms) in forms {
        let values = match of.strip_prefix(name) {
            Some("") => vec![&field.after],
            Some(below) if below.starts_with('.') => at(&field.after, &below[1..]),
            _ => continue,
        };
        if let Some(word) = values.into_iter().find_map(|value| not_taken(forms, value)) {
            let why = because(capabilities.why(kind, of));
            let message = format!("`{of}` cannot be `{word}` over the API `{api}`{why}");
            return Some(Refused { rule: &CAP_4, message, help: "write a value that the API takes" });
        }
    }
    None
}

fn at<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    values(value, name).into_iter().map(|(_, value)| value).collect()
}

/// By kind among the declared items: the fields that are not compared, because the API does not show them (CAP-5).
pub(super) fn unseen(capabilities: &Capabilities, kinds: &BTreeSet<Kind>) -> BTreeMap<Kind, Vec<String>> {
    let of = |kind: &Kind| {
        let hidden =
            capabilities.named(*kind).filter(|(name, access)| is_hidden(*access) && *name != PASSWORD_REFERENCE);
        let names: Vec<String> = hidden.map(|(name, _)| name.to_owned()).collect();
        (!names.is_empty()).then_some((*kind, names))
    };
    kinds.iter().filter(|kind| capabilities.kinds.contains(kind)).filter_map(of).collect()
}
