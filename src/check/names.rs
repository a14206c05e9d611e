//! Names, aliases, pins and acknowledgements: MAN-9, MAN-10, MAN-14.

use std::collections::BTreeMap;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use super::context::Context;
use super::tasks::is_reserved;
use crate::diag::Diagnostic;
use crate::diag::Location;
use crate::diag::called;
use crate::diag::did_you_mean;
use crate::diag::is_hidden;
use crate::diag::kind_in_words;
use crate::diag::visible;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::rules;
use crate::rules::Rule;
use crate::rules::manifest::MAN_9;
use crate::rules::manifest::MAN_10;
use crate::rules::manifest::MAN_14;
use crate::rules::task::TSK_1;

pub(super) fn check(context: &mut Context<'_>) {
    let mut pins: BTreeMap<Guid, &ItemKey> = BTreeMap::new();
    let mut aliases: BTreeMap<(Kind, Option<&str>, &str), (&ItemKey, usize)> = BTreeMap::new();
    for item in context.site.items.values() {
        fitness(context, item);
        let key = &item.key;
        if let Some(pin) = item.pin
            && let Some(first) = pins.insert(pin, key)
        {
            let message = format!("{} and {} are pinned to the same GUID", called(first), called(key));
            let (here, there) = (context.origins.metadata(key, "guid"), context.origins.metadata(first, "guid"));
            two(context, here, there, message, "a GUID is one item; remove it from one of them");
        }
        for (at, alias) in item.aliases.iter().enumerate() {
            let here = context.origins.metadata(key, &format!("aliases/{at}"));
            let live = ItemKey { name: alias.clone(), ..key.clone() };
            if let Some(other) = context.site.get(&live) {
                let whose = if other.key == *key {
                    "its own name".to_owned()
                } else {
                    format!("the name of another {}", kind_in_words(key.kind))
                };
                let message = format!("alias `{}` is {whose} today", visible(alias));
                let help = "an alias is what an item was called before; remove it";
                two(context, here, context.origins.name(&live), message, help);
            } else if let Some((first, first_at)) = aliases.insert((key.kind, key.package.as_deref(), alias), (key, at))
            {
                let message = format!("two items claim to have been called `{}`", visible(alias));
                let there = context.origins.metadata(first, &format!("aliases/{first_at}"));
                two(context, here, there, message, "only one of them can keep its GUID; remove the other alias");
            }
        }
        acknowledgements(context, item);
    }
    case(context);
}

/// No two names of a kind differ only in case (MAN-9).
fn case(context: &mut Context<'_>) {
    // By what they are in lower case: a hash first, so that tens of thousands of names need no copies.
    let mut hashed: Vec<(u64, &ItemKey)> = context.site.items.keys().map(|key| (folded(key), key)).collect();
    hashed.sort_unstable();
    let lower = |key: &ItemKey| (key.kind, key.package.clone(), key.name.to_lowercase());
    for pair in hashed.windows(2).filter(|pair| pair[0].0 == pair[1].0 && lower(pair[0].1) == lower(pair[1].1)) {
        let (first, second) = (pair[0].1, pair[1].1);
        let message = format!("{} and `{}` differ only in case", called(first), visible(&second.name));
        let help = "servers take them for one name; rename one of them";
        two(context, context.origins.name(second), context.origins.name(first), message, help);
    }
}

fn folded(key: &ItemKey) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    (key.kind, &key.package).hash(&mut hasher);
    if key.name.is_ascii() {
        let mut name = [0; 64];
        for chunk in key.name.as_bytes().chunks(name.len()) {
            let lower = &mut name[..chunk.len()];
            lower.copy_from_slice(chunk);
            lower.make_ascii_lowercase();
            hasher.write(lower);
        }
    } else {
        // The same bytes as above where the lower case is ASCII, as that of the Kelvin sign is; pieces do not matter.
        hasher.write(key.name.to_lowercase().as_bytes());
    }
    hasher.finish()
}

fn two(context: &mut Context<'_>, here: Location, there: Location, message: String, help: &str) {
    context.found.push(Diagnostic::error(&MAN_9, here, message).also(there, "the other is here").help(help));
}

/// Names that people can compare by eye and reports can show (MAN-14).
fn fitness(context: &mut Context<'_>, item: &Item) {
    let origins = context.origins;
    let mut judge = |text: &str, what: &str, at: &dyn Fn() -> Location| {
        if let Some((problem, help)) = unfit(text) {
            let message = format!("{what} `{}` {problem}", shown(text));
            context.found.push(Diagnostic::error(&MAN_14, at(), message).help(help));
        }
    };
    judge(last_part(&item.key), "the name", &|| origins.name(&item.key));
    for (at, alias) in item.aliases.iter().enumerate() {
        judge(alias, "the alias", &|| origins.metadata(&item.key, &format!("aliases/{at}")));
    }
    for label in item.labels.keys() {
        judge(label, "the label", &|| origins.metadata(&item.key, "labels"));
    }
    if let Some(folder) = &item.folder {
        for part in folder.split('/').filter(|part| !part.is_empty()) {
            judge(part, "the folder", &|| origins.metadata(&item.key, "folder"));
        }
    }
}

fn last_part(key: &ItemKey) -> &str {
    match key.kind {
        Kind::Folder => key.name.rsplit('/').next().unwrap_or_default(),
        _ => &key.name,
    }
}

fn shown(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    visible(&start).into_owned()
}

/// Why an item cannot be called so, whatever else there is: the rule, what is wrong with the name, and what to do
/// (MAN-14, TSK-1). Of a folder the name is the last part of its path.
pub fn refused_name(kind: Kind, name: &str) -> Option<(&'static Rule, &'static str, &'static str)> {
    if let Some((problem, help)) = unfit(name) {
        return Some((&MAN_14, problem, help));
    }
    if kind == Kind::Folder && name.contains('/') {
        let help = "write the path to the folder into `metadata.folder`, and its last part here";
        return Some((&MAN_14, "has a `/`, and a folder's own has none", help));
    }
    let is_task = matches!(kind, Kind::Task | Kind::SequentialTask);
    let help = "choose one without `Software Request`";
    (is_task && is_reserved(name)).then_some((&TSK_1, "is one that the portal keeps for its own tasks", help))
}

/// What is wrong with a name, and what to do.
fn unfit(name: &str) -> Option<(&'static str, &'static str)> {
    let bytes = name.as_bytes();
    if let ([b'!'..=b'~', ..], [.., b'!'..=b'~']) = (bytes, bytes)
        && bytes.len() <= 255
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
    {
        return None; // As nearly all are.
    }
    if name.trim().is_empty() {
        return Some(("is empty", "give it a name that people can read"));
    }
    if name.trim() != name {
        return Some(("has a space at an end", "remove the space; nobody sees it"));
    }
    if name.chars().any(is_hidden) {
        let help = "remove it; people compare names by eye, and reports show them on one line";
        return Some(("holds a control character or an invisible one", help));
    }
    (name.chars().count() > 255).then_some(("has more than 255 characters", "shorten it"))
}

/// An acknowledgement of a rule that does not exist would accept nothing (MAN-10).
fn acknowledgements(context: &mut Context<'_>, item: &Item) {
    for (at, accepted) in item.acknowledge.iter().enumerate() {
        if rules::find(&accepted.rule).is_none() {
            let place = context.origins.metadata(&item.key, &format!("acknowledge/{at}/rule"));
            let message = format!("there is no rule `{}`", visible(&accepted.rule));
            let help = did_you_mean(&accepted.rule, rules::all().map(|rule| rule.id));
            let finding = Diagnostic::error(&MAN_10, place, message);
            context.found.push(match help {
                Some(help) => finding.help(help),
                None => finding.help("`consign explain` lists the rules"),
            });
        }
    }
}
