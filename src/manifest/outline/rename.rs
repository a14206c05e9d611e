//! Another name for an item: what to replace in one file.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::Named;
use super::Role;
use super::Sort;
use super::Spot;
use super::outline;
use super::settle;
use crate::diag::SourceId;
use crate::manifest::print::flow;
use crate::manifest::syntax;
use crate::manifest::tree::Data;
use crate::manifest::tree::Tree;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::site::is_within;

/// What to replace in a file so that it calls an item by another name, wherever it is declared, overlaid or used; where
/// it is declared the name of today becomes the newest alias, so that the item keeps its GUID. Places do not overlap.
/// `packages` are those of the tasks whose programs overlays name alone.
///
/// `to` is the last part of a folder's path, and the whole name of any other item. `None`: there is no edit that leaves
/// all else as it is, which was tried.
pub fn renamed(
    text: &str,
    source: SourceId,
    sort: Sort,
    packages: &BTreeMap<ItemKey, String>,
    from: &ItemKey,
    to: &str,
) -> Option<Vec<(Range<usize>, String)>> {
    let new = with_name(from, to);
    let mut spots = outline(text, source, sort);
    settle(&mut spots, packages);
    let (documents, _) = syntax::read(text, source);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for spot in spots.iter().filter(|spot| !spot.is_computed) {
        let Named::Item(key) = &spot.named else { continue };
        match spot.role {
            Role::Declared | Role::Overlaid if key == from => {
                edits.push((spot.at.clone(), scalar(to)));
                let page = documents.iter().find_map(|document| Page::of(text, &document.tree, spot))?;
                edits.extend(page.alias(from, to, spot.role)?);
            }
            Role::Used => {
                if let Some(name) = renamed_use(key, from, &new) {
                    edits.push((spot.at.clone(), scalar(&name)));
                }
            }
            _ => {}
        }
    }
    edits.sort_by_key(|(at, _)| (at.start, at.end));
    is_as_asked(text, source, sort, &spots, packages, &edits, (from, &new)).then_some(edits)
}

/// The key of an item under another name.
fn with_name(from: &ItemKey, to: &str) -> ItemKey {
    let name = match from.name.rsplit_once('/') {
        Some((above, _)) if from.kind == Kind::Folder => format!("{above}/{to}"),
        _ => to.to_owned(),
    };
    ItemKey { name, ..from.clone() }
}

/// The name that is written where an item is used, if it changes there. A path leads through its folders.
fn renamed_use(key: &ItemKey, from: &ItemKey, new: &ItemKey) -> Option<String> {
    if from.kind == Kind::Folder && key.kind == Kind::Folder && is_within(&key.name, &from.name) {
        return Some(format!("{}{}", new.name, &key.name[from.name.len()..]));
    }
    (key == from).then(|| new.name.clone())
}

fn scalar(name: &str) -> String {
    flow(&Value::String(name.to_owned()))
}

/// The map in which an item is named: `metadata`, or a program's own.
struct Page<'p, 't> {
    text: &'p str,
    tree: &'p Tree<'t>,
    map: usize,
    name: usize,
}

impl<'p, 't> Page<'p, 't> {
    fn of(text: &'p str, tree: &'p Tree<'t>, spot: &Spot) -> Option<Self> {
        let is_name = |at: &usize| tree.nodes[*at].start as usize == spot.at.start && tree.text(*at).is_some();
        let name = (0..tree.nodes.len()).find(is_name)?;
        let map = (0..name).rev().find(|map| tree.get(*map, "name") == Some(name))?;
        Some(Self { text, tree, map, name })
    }

    fn end(&self, at: usize) -> usize {
        let start = self.tree.nodes[at].start as usize;
        start + self.text[start..self.tree.nodes[at].end as usize].trim_end().len()
    }

    fn is_flow(&self) -> bool {
        self.text[self.tree.nodes[self.map].start as usize..].starts_with('{')
    }

    /// The old name as the newest alias; the new one is none any more. An overlay only keeps the list that it has.
    fn alias(&self, from: &ItemKey, to: &str, role: Role) -> Option<Vec<(Range<usize>, String)>> {
        let old = match from.kind {
            Kind::Folder => from.name.rsplit('/').next().unwrap_or(&from.name),
            _ => &from.name,
        };
        let Some(list) =
            self.tree.get(self.map, "aliases").filter(|at| !matches!(self.tree.nodes[*at].data, Data::Null))
        else {
            return Some(if role == Role::Declared { vec![self.new_list(old)] } else { Vec::new() });
        };
        let Data::List { .. } = self.tree.nodes[list].data else { return None };
        let earlier: Vec<(usize, String)> =
            self.tree.elements(list).map(|at| (at, self.tree.text(at).unwrap_or_default().to_owned())).collect();
        let kept: Vec<&str> =
            earlier.iter().map(|(_, name)| name.as_str()).filter(|name| *name != to && *name != old).collect();
        let start = self.tree.nodes[list].start as usize;
        if self.text[start..].starts_with('[') {
            let all: Vec<Value> = std::iter::once(old).chain(kept).map(Value::from).collect();
            return Some(vec![(start..self.end(list), flow(&Value::Array(all)))]);
        }
        // A list with a line for each: the new line goes before the first, and one that is none any more goes.
        let (first, _) = earlier.first()?;
        let dash = self.text[..self.tree.nodes[*first].start as usize].rfind('-')?;
        let line = self.text[..dash].rfind('\n').map_or(0, |at| at + 1);
        let indent = &self.text[line..dash];
        if !indent.trim().is_empty() {
            return None;
        }
        if kept.len() == earlier.len() {
            return Some(vec![(dash..dash, format!("- {}{}{indent}", scalar(old), self.line_end()))]);
        }
        let (last, _) = earlier.last()?;
        let lines: Vec<String> = std::iter::once(old).chain(kept).map(|name| format!("- {}", scalar(name))).collect();
        Some(vec![(dash..self.end(*last), lines.join(&format!("{}{indent}", self.line_end())))])
    }

    /// A list of its own, where `fmt` puts it: behind what comes before it of the name, the folder, the labels and the pin.
    fn new_list(&self, old: &str) -> (Range<usize>, String) {
        let name = (self.name, self.name);
        let is_before = |(key, _): &(usize, usize)| {
            let before = ["name", "folder", "labels", "guid"];
            self.tree.text(*key).is_some_and(|key| before.contains(&key))
        };
        let (key, last) = self.tree.pairs(self.map).filter(is_before).last().unwrap_or(name);
        let end = self.end(last).max(self.tree.nodes[key].end as usize);
        let line = format!("aliases: [{}]", scalar(old));
        if self.is_flow() {
            return (end..end, format!(", {line}"));
        }
        let at = self.text[end..].find('\n').map_or(self.text.len(), |found| end + found);
        let at = if self.text[..at].ends_with('\r') { at - 1 } else { at };
        let start = self.tree.nodes[key].start as usize;
        let column = self.text[..start].rfind('\n').map_or(start, |line| start - line - 1);
        (at..at, format!("{}{}{line}", self.line_end(), " ".repeat(column)))
    }

    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

/// Whether the file with the edits names what it named, but for the new name, and reads as well as before.
fn is_as_asked(
    text: &str,
    source: SourceId,
    sort: Sort,
    spots: &[Spot],
    packages: &BTreeMap<ItemKey, String>,
    edits: &[(Range<usize>, String)],
    (from, new): (&ItemKey, &ItemKey),
) -> bool {
    if edits.is_empty() {
        return true;
    }
    let mut edited = String::with_capacity(text.len() + 64);
    let mut last = 0;
    for (at, replacement) in edits {
        let Some(kept) = text.get(last..at.start) else { return false };
        edited.push_str(kept);
        edited.push_str(replacement);
        last = at.end;
    }
    edited.push_str(&text[last..]);
    let is_sound = |text: &str| syntax::read(text, source).1.len();
    if is_sound(&edited) > is_sound(text) {
        return false;
    }
    let moved = |key: &ItemKey| match &key.package {
        _ if from.kind == Kind::Folder && key.kind == Kind::Folder && is_within(&key.name, &from.name) => {
            ItemKey { name: format!("{}{}", new.name, &key.name[from.name.len()..]), ..key.clone() }
        }
        Some(package) if from.kind == Kind::Package && *package == from.name => {
            ItemKey { package: Some(new.name.clone()), ..key.clone() }
        }
        _ if key == from => new.clone(),
        _ => key.clone(),
    };
    let mut wanted: Vec<(Named, Role)> = Vec::new();
    for spot in spots.iter().filter(|spot| spot.role != Role::Earlier) {
        let named = match &spot.named {
            Named::Item(key) if !spot.is_computed => Named::Item(moved(key)),
            other => other.clone(),
        };
        wanted.push((named, spot.role));
    }
    let mut now = outline(&edited, source, sort);
    let package = |name: &String| moved(&ItemKey::new(Kind::Package, name.as_str())).name;
    settle(&mut now, &packages.iter().map(|(owner, name)| (moved(owner), package(name))).collect());
    let mut is: Vec<(Named, Role)> =
        now.into_iter().filter(|spot| spot.role != Role::Earlier).map(|spot| (spot.named, spot.role)).collect();
    wanted.sort();
    is.sort();
    wanted == is
}
