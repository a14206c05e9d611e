//! Every name of a project, and where it stands.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::diag::SourceId;
use crate::diag::Sources;
use crate::manifest;
use crate::manifest::Named;
use crate::manifest::Role;
use crate::manifest::Sort;
use crate::manifest::Spot;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::project::Project;

/// The names of a project by file, and the places of each.
#[derive(Clone, Debug, Default)]
pub struct Names {
    files: BTreeMap<SourceId, File>,
    places: BTreeMap<Named, Vec<(SourceId, usize)>>,
    /// The packages of tasks whose overlays name a program alone.
    packages: BTreeMap<ItemKey, String>,
    /// Programs that stand beside a package which overlays change.
    shared: BTreeSet<(SourceId, usize)>,
}

#[derive(Clone, Debug)]
struct File {
    sort: Sort,
    text: Arc<str>,
    /// As the file by itself names them.
    own: Arc<Vec<Spot>>,
    /// As the project knows them.
    spots: Arc<Vec<Spot>>,
}

/// What a file declares, for an outline of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it is called.
    pub key: ItemKey,
    /// Where its name stands.
    pub at: Range<usize>,
    /// All of it.
    pub whole: Range<usize>,
    /// What it holds.
    pub below: Vec<Self>,
}

impl Names {
    /// Those of some texts. What was found before in a text of the same path that has not changed is not looked for again.
    pub fn of(sources: &Sources, files: &[(SourceId, Sort)], project: Option<&Project>, before: &Self) -> Self {
        let mut files: BTreeMap<SourceId, File> = files
            .par_iter()
            .map(|(id, sort)| {
                let text = Arc::clone(&sources.get(*id).text);
                let known = before.files.get(id).filter(|known| known.sort == *sort && known.text == text);
                let own = match known {
                    Some(known) => Arc::clone(&known.own),
                    None => Arc::new(manifest::outline(&text, *id, *sort)),
                };
                let spots = Arc::clone(&own);
                (*id, File { sort: *sort, text, own, spots })
            })
            .collect();
        let layers = Layers::of(&files);
        layers.settle(&mut files);
        let mut places: BTreeMap<Named, Vec<(SourceId, usize)>> = BTreeMap::new();
        for (id, file) in &files {
            for (at, spot) in file.spots.iter().enumerate() {
                for named in read(spot, project) {
                    places.entry(named).or_default().push((*id, at));
                }
            }
        }
        let shared = layers.shared.iter().map(|(place, _)| *place).collect();
        for (place, named) in layers.shared {
            places.entry(named).or_default().push(place);
        }
        Self { files, places, packages: layers.packages, shared }
    }

    /// The packages of tasks whose overlays name a program alone.
    pub const fn packages(&self) -> &BTreeMap<ItemKey, String> {
        &self.packages
    }

    /// The package of a task that an overlay may name no package of.
    pub fn package_of(&self, task: &ItemKey) -> Option<&str> {
        let known = self.packages.get(task).map(String::as_str);
        known.or_else(|| {
            let files = self.files.values().filter(|file| file.sort == Sort::Manifest);
            files.flat_map(|file| file.spots.iter()).find_map(|spot| package_beside(spot, task))
        })
    }

    /// A file in which one word names this and something else.
    pub fn shared(&self, named: &Named) -> Option<SourceId> {
        let places = self.places.get(named).map(Vec::as_slice).unwrap_or_default();
        places.iter().find(|place| self.shared.contains(place)).map(|(source, _)| *source)
    }

    /// What a file is for; `None` for one that is no part of the project.
    pub fn sort(&self, source: SourceId) -> Option<Sort> {
        self.files.get(&source).map(|file| file.sort)
    }

    /// The names in a file, in order.
    pub fn spots(&self, source: SourceId) -> &[Spot] {
        self.files.get(&source).map_or(&[], |file| &file.spots)
    }

    /// The name at a byte of a file.
    pub fn at(&self, source: SourceId, offset: usize) -> Option<&Spot> {
        let is_there = |spot: &&Spot| (spot.at.start..=spot.at.end).contains(&offset);
        // A variable stands inside of a value that may be a name.
        self.spots(source).iter().filter(is_there).min_by_key(|spot| spot.at.len())
    }

    /// Where something is named, for what.
    pub fn places(&self, named: &Named) -> impl Iterator<Item = (SourceId, &Spot)> {
        let places = self.places.get(named).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|(id, at)| (*id, &self.files[id].spots[*at]))
    }

    /// Where something is declared; else where the project says that others look after it.
    pub fn definitions(&self, named: &Named) -> Vec<(SourceId, &Spot)> {
        let with = |role| self.places(named).filter(|(_, spot)| spot.role == role).collect::<Vec<_>>();
        let declared = with(Role::Declared);
        if declared.is_empty() { with(Role::External) } else { declared }
    }

    /// Where something is used, changed by an overlay, or, if that is wanted, declared.
    pub fn references(&self, named: &Named, with_declaration: bool) -> Vec<(SourceId, &Spot)> {
        self.places(named)
            .filter(|(_, spot)| match spot.role {
                Role::Used | Role::Overlaid => true,
                Role::Declared | Role::External => with_declaration,
                Role::Earlier => false,
            })
            .collect()
    }

    /// The items of a kind that can be referred to; programs of one package.
    pub fn known(&self, kind: Kind, package: Option<&str>) -> BTreeSet<&ItemKey> {
        let is_wanted = |key: &&ItemKey| key.kind == kind && key.package.as_deref() == package && !key.name.is_empty();
        self.declared().filter(is_wanted).collect()
    }

    /// Everything of a sort that is named anywhere, such as principals, by what `pick` takes of it.
    pub fn all<'n>(&'n self, pick: impl Fn(&'n Named) -> Option<&'n str>) -> BTreeSet<&'n str> {
        self.places.keys().filter_map(pick).filter(|name| !name.is_empty()).collect()
    }

    /// Every item that is declared, or that others look after.
    pub fn declared(&self) -> impl Iterator<Item = &ItemKey> {
        let is_there =
            |(id, at): &(SourceId, usize)| matches!(self.files[id].spots[*at].role, Role::Declared | Role::External);
        self.places.iter().filter_map(move |(named, places)| match named {
            Named::Item(key) if places.iter().any(is_there) => Some(key),
            _ => None,
        })
    }

    /// The files in which an item, or something whose name leads through it, is named.
    pub fn files_with(&self, key: &ItemKey) -> Vec<(SourceId, Sort)> {
        let is_concerned = |spot: &Spot| match &spot.named {
            Named::Item(other) => {
                other == key
                    || (key.kind == Kind::Folder
                        && other.kind == Kind::Folder
                        && crate::model::site::is_within(&other.name, &key.name))
            }
            _ => false,
        };
        let concerned = self.files.iter().filter(|(_, file)| file.spots.iter().any(is_concerned));
        concerned.map(|(id, file)| (*id, file.sort)).collect()
    }

    /// What a file declares.
    pub fn symbols(&self, source: SourceId) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> = Vec::new();
        for spot in self.spots(source) {
            let (Named::Item(key), Role::Declared | Role::Overlaid) = (&spot.named, spot.role) else { continue };
            let symbol = Symbol { key: key.clone(), at: spot.at.clone(), whole: spot.whole.clone(), below: Vec::new() };
            match symbols.last_mut() {
                Some(above) if key.kind == Kind::Program && above.whole.end >= symbol.whole.end => {
                    above.below.push(symbol);
                }
                _ => symbols.push(symbol),
            }
        }
        symbols
    }

    /// Everything that is declared, file by file.
    pub fn all_symbols(&self) -> impl Iterator<Item = (SourceId, &ItemKey, &Spot)> {
        self.files.iter().flat_map(|(id, file)| {
            file.spots.iter().filter_map(move |spot| match (&spot.named, spot.role) {
                (Named::Item(key), Role::Declared) => Some((*id, key, spot)),
                _ => None,
            })
        })
    }
}

/// The package that a spot gives a task.
fn package_beside<'s>(spot: &'s Spot, task: &ItemKey) -> Option<&'s str> {
    match &spot.named {
        Named::Item(key) if key.kind == Kind::Package && spot.owner.as_ref() == Some(task) => Some(&key.name),
        _ => None,
    }
}

/// What overlays leave to the tasks that they change: of a package and its program each may stand in another file.
#[derive(Default)]
struct Layers {
    /// The packages of tasks whose overlays name a program alone.
    packages: BTreeMap<ItemKey, String>,
    /// Programs that tasks name, and what they are too where an overlay sets another package.
    shared: Vec<((SourceId, usize), Named)>,
}

impl Layers {
    fn of(files: &BTreeMap<SourceId, File>) -> Self {
        // An overlay is the only one of its task on a server (MAN-9), so each is laid over the manifest itself.
        let mut lone: BTreeSet<&ItemKey> = BTreeSet::new();
        let mut others: BTreeMap<&ItemKey, BTreeSet<&str>> = BTreeMap::new();
        for file in files.values().filter(|file| file.sort == Sort::Overlay) {
            let with_program: BTreeSet<&ItemKey> = file.own.iter().filter_map(|spot| program(spot)?.1).collect();
            for spot in file.own.iter() {
                let Some(task) = spot.owner.as_ref().filter(|owner| owner.kind == Kind::Task) else { continue };
                if program(spot).is_some_and(|(key, _)| manifest::is_lone(key)) {
                    lone.insert(task);
                } else if let Some(package) = package_beside(spot, task).filter(|_| !with_program.contains(task)) {
                    others.entry(task).or_default().insert(package);
                }
            }
        }
        let mut layers = Self::default();
        if lone.is_empty() && others.is_empty() {
            return layers;
        }
        for (id, file) in files.iter().filter(|(_, file)| file.sort == Sort::Manifest) {
            for (at, spot) in file.own.iter().enumerate() {
                let Some(task) = spot.owner.as_ref() else { continue };
                if let Some(package) = package_beside(spot, task).filter(|_| lone.contains(task)) {
                    layers.packages.entry(task.clone()).or_insert_with(|| package.to_owned());
                }
                let (Some((key, _)), Some(packages)) = (program(spot), others.get(task)) else { continue };
                for package in packages.iter().filter(|package| key.package.as_deref() != Some(**package)) {
                    let named = Named::Item(ItemKey::program(*package, key.name.as_str()));
                    layers.shared.push(((*id, at), named));
                }
            }
        }
        layers
    }

    fn settle(&self, files: &mut BTreeMap<SourceId, File>) {
        for file in files.values_mut().filter(|file| file.sort == Sort::Overlay) {
            if file.own.iter().any(|spot| program(spot).is_some_and(|(key, _)| manifest::is_lone(key))) {
                let mut spots = file.own.to_vec();
                manifest::settle(&mut spots, &self.packages);
                file.spots = Arc::new(spots);
            }
        }
    }
}

/// The program that a spot uses, and the task that uses it.
fn program(spot: &Spot) -> Option<(&ItemKey, Option<&ItemKey>)> {
    match &spot.named {
        Named::Item(key) if key.kind == Kind::Program && spot.role == Role::Used => Some((key, spot.owner.as_ref())),
        _ => None,
    }
}

/// What a spot names: of a name that variables are part of, what it is on each server.
fn read(spot: &Spot, project: Option<&Project>) -> Vec<Named> {
    let (true, Named::Item(key)) = (spot.is_computed, &spot.named) else { return vec![spot.named.clone()] };
    let Some(project) = project else { return Vec::new() };
    let names = manifest::readings(project, &key.name);
    names.into_iter().map(|name| Named::Item(ItemKey { name, ..key.clone() })).collect()
}
