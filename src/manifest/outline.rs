//! What the documents of a file name, and where: for editors. A document is looked at as it is written, whatever is wrong
//! with it otherwise, so that names are found while somebody types.

mod cursor;
mod rename;

use std::collections::BTreeMap;
use std::ops::Range;

use super::document::manifest_kind;
use super::syntax;
use super::tree::Tree;
use crate::diag::SourceId;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

pub use cursor::Here;
pub use cursor::Slot;
pub use cursor::here;
pub use cursor::slot;
pub use rename::renamed;

/// What opens a variable.
const OPEN: &str = "${{";

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// It declares items.
    Manifest,
    /// It says what is different of items on a server.
    Overlay,
    /// `consign.yaml`.
    Project,
}

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// An item.
    Item(ItemKey),
    /// Somebody who may have rights on the portal.
    Principal(String),
    /// A value of a server, as `${{ name }}`.
    Variable(String),
    /// A secret of the project.
    Secret(String),
    /// A rule of the catalogue, by its ID.
    Rule(String),
}

/// What a name is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It is declared here.
    Declared,
    /// An overlay changes it here.
    Overlaid,
    /// The project says here that others look after it.
    External,
    /// It was called so before.
    Earlier,
    /// It is used here.
    Used,
}

/// A name in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// What is named. With [`Self::is_computed`], the text as it is written stands in the place of the name.
    pub named: Named,
    /// What for.
    pub role: Role,
    /// The bytes of the name, quotes included.
    pub at: Range<usize>,
    /// The bytes of what is declared, or of the name again.
    pub whole: Range<usize>,
    /// The item whose document it stands in.
    pub owner: Option<ItemKey>,
    /// Whether variables are part of it.
    pub is_computed: bool,
}

/// Every name in a file, in the order in which they stand. A document that cannot be read names nothing.
///
/// A program that an overlay names without its package is one of no package: see [`settle`].
pub fn outline(text: &str, source: SourceId, sort: Sort) -> Vec<Spot> {
    let (documents, _) = syntax::read(text, source);
    let mut spots: Vec<Spot> =
        documents.iter().flat_map(|document| of_document(text, &document.tree, document.variables, sort)).collect();
    spots.sort_by_key(|spot| (spot.at.start, spot.role));
    spots
}

/// Gives the programs that overlays name alone the package that the overlaid task has, by task. What no manifest gives a
/// package is no name.
pub fn settle(spots: &mut Vec<Spot>, packages: &BTreeMap<ItemKey, String>) {
    spots.retain_mut(|spot| {
        let Named::Item(key) = &mut spot.named else { return true };
        if !is_lone(key) {
            return true;
        }
        key.package = spot.owner.as_ref().and_then(|owner| packages.get(owner)).cloned();
        key.package.is_some()
    });
}

/// Whether it is a program whose package stands elsewhere.
pub fn is_lone(key: &ItemKey) -> bool {
    key.kind == Kind::Program && key.package.is_none()
}

fn of_document(text: &str, tree: &Tree<'_>, has_variables: bool, sort: Sort) -> Vec<Spot> {
    let mut reader = Reader { text, tree, owner: None, spots: Vec::new() };
    if sort == Sort::Project {
        reader.project();
    } else {
        reader.manifest(if sort == Sort::Manifest { Role::Declared } else { Role::Overlaid });
    }
    if has_variables && sort != Sort::Project {
        reader.variables();
    }
    reader.spots
}

struct Reader<'r, 't> {
    text: &'r str,
    tree: &'r Tree<'t>,
    owner: Option<ItemKey>,
    spots: Vec<Spot>,
}

impl Reader<'_, '_> {
    fn range(&self, at: usize) -> Range<usize> {
        let start = self.tree.nodes[at].start as usize;
        let end = self.tree.nodes[at].end as usize;
        let end = end.clamp(start, self.text.len());
        start..start + self.text.get(start..end).map_or(0, |slice| slice.trim_end().len())
    }

    fn get(&self, at: Option<usize>, key: &str) -> Option<usize> {
        self.tree.get(at?, key)
    }

    fn name(&self, at: Option<usize>) -> Option<String> {
        self.tree.text(at?).map(str::to_owned)
    }

    fn note(&mut self, at: Option<usize>, role: Role, named: impl FnOnce(String) -> Named) {
        let Some(at) = at else { return };
        let whole = self.range(at);
        self.declare(at, role, whole, named);
    }

    fn declare(&mut self, at: usize, role: Role, whole: Range<usize>, named: impl FnOnce(String) -> Named) {
        let Some(name) = self.name(Some(at)) else { return };
        let range = self.range(at);
        // A name in several lines has no one place; nobody writes one.
        if range.is_empty() || self.text[range.clone()].contains('\n') {
            return;
        }
        let is_computed = name.contains(OPEN);
        let (named, owner) = (named(name), self.owner.clone());
        self.spots.push(Spot { named, role, at: range, whole, owner, is_computed });
    }

    fn item(&mut self, at: Option<usize>, kind: Kind) {
        self.note(at, Role::Used, |name| Named::Item(ItemKey::new(kind, name)));
    }

    fn items(&mut self, list: Option<usize>, kind: Kind) {
        for at in list.map(|list| self.tree.elements(list).collect::<Vec<_>>()).unwrap_or_default() {
            self.item(Some(at), kind);
        }
    }

    /// A package and a program of it, beside each other in a map.
    fn pair(&mut self, map: Option<usize>) {
        let package = self.get(map, "package");
        self.item(package, Kind::Package);
        if let Some(package) = self.name(package) {
            self.note(self.get(map, "program"), Role::Used, |name| Named::Item(ItemKey::program(package, name)));
        }
    }

    fn manifest(&mut self, role: Role) {
        let Some(kind) = self.name(self.tree.get(0, "kind")).as_deref().and_then(manifest_kind) else { return };
        let metadata = self.tree.get(0, "metadata");
        let (name, folder) = (self.get(metadata, "name"), self.get(metadata, "folder"));
        let own = self.name(name).unwrap_or_default();
        let key = match (kind, self.name(folder)) {
            (Kind::Folder, Some(folder)) => ItemKey::new(kind, format!("{folder}/{own}")),
            _ => ItemKey::new(kind, own),
        };
        self.owner = Some(key.clone());
        if let Some(name) = name {
            self.declare(name, role, self.range(0), |_| Named::Item(key.clone()));
        }
        self.item(folder, Kind::Folder);
        let alias = |earlier: String| match key.name.rsplit_once('/') {
            Some((above, _)) if kind == Kind::Folder && !earlier.contains('/') => format!("{above}/{earlier}"),
            _ => earlier,
        };
        for at in self.list(self.get(metadata, "aliases")) {
            self.note(Some(at), Role::Earlier, |name| Named::Item(ItemKey::new(kind, alias(name))));
        }
        for at in self.list(self.get(metadata, "acknowledge")) {
            self.note(self.tree.get(at, "rule"), Role::Used, Named::Rule);
        }
        let spec = self.tree.get(0, "spec");
        if spec.is_some() {
            self.spec(kind, &key, spec, role);
        }
    }

    fn list(&self, at: Option<usize>) -> Vec<usize> {
        at.map(|at| self.tree.elements(at).collect()).unwrap_or_default()
    }

    fn spec(&mut self, kind: Kind, key: &ItemKey, spec: Option<usize>, role: Role) {
        match kind {
            Kind::Package => {
                for at in self.list(self.get(spec, "programs")) {
                    self.program(&key.name, at, role);
                }
                self.owner = Some(key.clone());
            }
            Kind::Task => {
                self.pair(spec);
                if role == Role::Overlaid && self.get(spec, "package").is_none() {
                    let lone = |name| ItemKey { kind: Kind::Program, package: None, name };
                    self.note(self.get(spec, "program"), Role::Used, |name| Named::Item(lone(name)));
                }
            }
            Kind::SequentialTask => {
                for at in self.list(self.get(spec, "steps")) {
                    self.pair(Some(at));
                }
                self.grants(self.get(spec, "portal"));
            }
            Kind::DeliveryPolicy => {
                for at in self.list(self.get(spec, "resources")) {
                    self.pair(Some(at));
                }
            }
            Kind::Collection => {
                self.item(self.get(spec, "limitedTo"), Kind::Collection);
                self.items(self.get(spec, "include"), Kind::Collection);
                self.items(self.get(spec, "exclude"), Kind::Collection);
            }
            Kind::Folder => self.grants(self.get(spec, "portal")),
            Kind::PortalDefaults => self.grants(spec),
            Kind::Program
            | Kind::MaintenanceWindow
            | Kind::PortalSettings
            | Kind::AgentSettings
            | Kind::PatchPlugin
            | Kind::PurgeSettings => {}
        }
        if kind != Kind::Collection {
            self.items(self.get(spec, "collections"), Kind::Collection);
        }
    }

    fn program(&mut self, package: &str, at: usize, role: Role) {
        let name = self.tree.get(at, "name");
        let key = ItemKey::program(package, self.name(name).unwrap_or_default());
        self.owner = Some(key.clone());
        if let Some(name) = name {
            self.declare(name, role, self.range(at), |_| Named::Item(key));
        }
        for alias in self.list(self.tree.get(at, "aliases")) {
            self.note(Some(alias), Role::Earlier, |name| Named::Item(ItemKey::program(package, name)));
        }
        let password = self.get(self.tree.get(at, "runWith"), "passwordFrom");
        self.note(self.get(password, "secret"), Role::Used, Named::Secret);
        self.grants(self.tree.get(at, "portal"));
    }

    fn grants(&mut self, above: Option<usize>) {
        for at in self.list(self.get(above, "grants")) {
            self.note(self.tree.get(at, "principal"), Role::Used, Named::Principal);
        }
    }

    /// Keys of a map whose keys are names.
    fn keys(&mut self, map: Option<usize>, role: Role, named: impl Fn(String) -> Named) {
        for (key, value) in map.map(|map| self.tree.pairs(map).collect::<Vec<_>>()).unwrap_or_default() {
            let whole = self.range(key).start..self.range(value).end.max(self.range(key).end);
            self.declare(key, role, whole, &named);
        }
    }

    fn project(&mut self) {
        let externals = self.tree.get(0, "externals");
        for (kind, names) in externals.map(|map| self.tree.pairs(map).collect::<Vec<_>>()).unwrap_or_default() {
            let Some(kind) = self.name(Some(kind)).and_then(|name| name.parse::<Kind>().ok()) else { continue };
            for at in self.list(Some(names)) {
                self.note(Some(at), Role::External, |name| match name.rsplit_once('/') {
                    Some((package, program)) if kind == Kind::Program => {
                        Named::Item(ItemKey::program(package, program))
                    }
                    _ => Named::Item(ItemKey::new(kind, name)),
                });
            }
        }
        self.keys(self.tree.get(0, "secrets"), Role::Declared, Named::Secret);
        let servers = self.tree.get(0, "servers");
        for (_, server) in servers.map(|map| self.tree.pairs(map).collect::<Vec<_>>()).unwrap_or_default() {
            self.keys(self.tree.get(server, "variables"), Role::Declared, Named::Variable);
            self.items(self.tree.get(server, "folders"), Kind::Folder);
        }
        let policy = self.tree.get(0, "policy");
        self.items(self.get(policy, "protected"), Kind::Collection);
        for map in ["limits", "severities"] {
            self.keys(self.get(policy, map), Role::Used, Named::Rule);
        }
    }

    /// Every `${{ name }}` in the texts that may hold one.
    fn variables(&mut self) {
        let folder = self.get(self.tree.get(0, "metadata"), "folder");
        let spec = self.tree.get(0, "spec");
        for at in 0..self.tree.nodes.len() {
            let is_below = spec.is_some_and(|spec| (spec..self.tree.next(spec)).contains(&at));
            let has_some = self.tree.text(at).is_some_and(|text| text.contains(OPEN));
            if !has_some || !(is_below || folder == Some(at)) {
                continue;
            }
            let whole = self.tree.nodes[at].start as usize..self.tree.nodes[at].end as usize;
            let Some(raw) = self.text.get(whole.clone()) else { continue };
            for (from, _) in raw.match_indices(OPEN).filter(|(from, _)| !raw[..*from].ends_with('$')) {
                let after = &raw[from + OPEN.len()..];
                let Some(inner) = after.find("}}").map(|end| &after[..end]) else { continue };
                let start = whole.start + from + OPEN.len() + (inner.len() - inner.trim_start().len());
                let at = start..start + inner.trim().len();
                let named = Named::Variable(inner.trim().to_owned());
                let owner = self.owner.clone();
                self.spots.push(Spot { named, role: Role::Used, whole: at.clone(), at, owner, is_computed: false });
            }
        }
    }
}

#[cfg(test)]
mod tests;
