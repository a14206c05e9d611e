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
}

#[derive(Clone, Debug)]
struct File {
    sort: Sort,
    text: Arc<str>,
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
        let files: BTreeMap<SourceId, File> = files
            .par_iter()
            .map(|(id, sort)| {
                let text = Arc::clone(&sources.get(*id).text);
                let known = before.files.get(id).filter(|known| known.sort == *sort && known.text == text);
                let spots = match known {
                    Some(known) => Arc::clone(&known.spots),
                    None => Arc::new(manifest::outline(&text, *id, *sort)),
                };
                (*id, File { sort: *sort, text, spots })
            })
            .collect();
        let mut places: BTreeMap<Named, Vec<(SourceId, usize)>> = BTreeMap::new();
        for (id, file) in &files {
            for (at, spot) in file.spots.iter().enumerate() {
                for named in read(spot, project) {
                    places.entry(named).or_default().push((*id, at));
                }
            }
        }
        Self { files, places }
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

/// What a spot names: of a name that variables are part of, what it is on each server.
fn read(spot: &Spot, project: Option<&Project>) -> Vec<Named> {
    let (true, Named::Item(key)) = (spot.is_computed, &spot.named) else { return vec![spot.named.clone()] };
    let Some(project) = project else { return Vec::new() };
    let names = manifest::readings(project, &key.name);
    names.into_iter().map(|name| Named::Item(ItemKey { name, ..key.clone() })).collect()
}
