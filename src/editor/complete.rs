//! What could be written at a place: names of the project, where its schema knows no more than that a text goes there.

use serde_json::Value;

use super::Change;
use super::Names;
use crate::diag::SourceId;
use crate::manifest;
use crate::manifest::Named;
use crate::manifest::Role;
use crate::manifest::Sort;
use crate::model::kind::Kind;
use crate::rules;
use crate::rules::Act;
use crate::rules::Rule;

/// Something that could be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// As people know it.
    pub label: String,
    /// What it is, in a few words.
    pub detail: String,
    /// More of it; may be empty.
    pub text: String,
    /// What it writes.
    pub change: Change,
}

/// What could be written at a byte of a text, which may be newer than the names that are known.
pub fn offers(text: &str, source: SourceId, sort: Sort, offset: usize, names: &Names) -> Vec<Offer> {
    let Some(slot) = manifest::slot(text, source, sort, offset) else { return Vec::new() };
    let found: Vec<(String, String, String)> = match &slot.named {
        Named::Item(key) => names
            .known(key.kind, key.package.as_deref().or_else(|| names.package_of(slot.owner.as_ref()?)))
            .into_iter()
            .map(|known| {
                let is_external =
                    names.definitions(&Named::Item(known.clone())).iter().all(|(_, spot)| spot.role == Role::External);
                let whose = if is_external { ", looked after by others" } else { "" };
                (known.name.clone(), format!("{}{whose}", called_shortly(known.kind)), String::new())
            })
            .chain(folders(key.kind, names))
            .collect(),
        Named::Principal(_) => plain(names, "principal", |named| match named {
            Named::Principal(name) => Some(name),
            _ => None,
        }),
        Named::Variable(_) => plain(names, "variable", |named| match named {
            Named::Variable(name) => Some(name),
            _ => None,
        }),
        Named::Secret(_) => plain(names, "secret", |named| match named {
            Named::Secret(name) => Some(name),
            _ => None,
        }),
        // A comment allows lints alone (MAN-16).
        Named::Rule(_) => {
            let is_one = |rule: &&'static Rule| slot.is_value || rule.acts.contains(&Act::Lint);
            let all = rules::all().filter(is_one);
            all.map(|rule| (rule.id.to_owned(), rule.title.to_owned(), rule.explain.to_owned())).collect()
        }
    };
    let written = |name: &str| match slot.is_value {
        true => manifest::flow(&Value::from(name)),
        false => name.to_owned(),
    };
    found
        .into_iter()
        .map(|(label, detail, text)| {
            let change = Change { source, at: slot.replace.clone(), new_text: written(&label) };
            Offer { label, detail, text, change }
        })
        .collect()
}

fn called_shortly(kind: Kind) -> &'static str {
    crate::diag::kind_in_words(kind)
}

/// Folders that items lie in without being declared.
fn folders(kind: Kind, names: &Names) -> Vec<(String, String, String)> {
    if kind != Kind::Folder {
        return Vec::new();
    }
    let used = names.all(|named| match named {
        Named::Item(key) if key.kind == Kind::Folder => Some(&key.name),
        _ => None,
    });
    let known = names.known(Kind::Folder, None);
    let is_new = |name: &&str| known.iter().all(|key| key.name != **name);
    used.into_iter().filter(is_new).map(|name| (name.to_owned(), "folder".to_owned(), String::new())).collect()
}

fn plain<'n>(
    names: &'n Names,
    what: &str,
    pick: impl Fn(&'n Named) -> Option<&'n String>,
) -> Vec<(String, String, String)> {
    let all = names.all(|named| pick(named).map(String::as_str));
    all.into_iter().map(|name| (name.to_owned(), what.to_owned(), String::new())).collect()
}
