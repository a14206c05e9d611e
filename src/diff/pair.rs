//! Who is who: which live item is the one that a manifest declares.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::site::Site;
use crate::model::site::is_within;

/// Desired items and the live ones they are, in the manifests' words.
#[derive(Debug, Default)]
pub struct Pairing {
    /// Desired item to its place in `Observed::items`.
    pub pairs: BTreeMap<ItemKey, usize>,
    /// Places of live items inside the owned folders that no manifest declares, in the order of their keys.
    pub unmanaged: Vec<usize>,
    /// What keeps an item from being paired at all.
    pub problems: Vec<Problem>,
}

/// What keeps an item from being paired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Several live items inside the owned folders have the name: a pin has to say which.
    Ambiguous {
        /// The desired item.
        key: ItemKey,
        /// The live ones.
        guids: Vec<Guid>,
    },
    /// The pin names a live item of another kind.
    PinOfOtherKind {
        /// The desired item.
        key: ItemKey,
        /// The pin.
        guid: Guid,
        /// What it names.
        found: Kind,
    },
    /// The pin names nothing on this server.
    PinOfNothing {
        /// The desired item.
        key: ItemKey,
        /// The pin.
        guid: Guid,
    },
    /// Two desired items claim the same live one.
    ClaimedTwice {
        /// The second.
        key: ItemKey,
        /// The first.
        first: ItemKey,
        /// The live one.
        guid: Guid,
    },
}

/// The name of a live item without the GUID that tells it from others of the same name.
pub fn base_name(item: &ObservedItem) -> &str {
    let name = item.item.key.name.as_str();
    name.strip_suffix(&format!(" {{{}}}", item.guid)).unwrap_or(name)
}

/// Pairs what manifests declare with what a server holds: by pin, else by kind and name inside the owned folders, else
/// by an earlier name (`aliases`). Afterwards `observed` calls everything that is paired by its desired name, in keys,
/// folders and references, so that a rename shows once and not in all that refers to it.
///
/// Invariant: a live item is paired at most once, and `unmanaged` holds none that is paired.
pub fn pair(observed: &mut Observed, desired: &Site, owned: &[String]) -> Pairing {
    let packages = package_folders(observed);
    let mut work = Work::new(observed, desired, owned);
    // Folders come first (their path is part of what lies in them), then packages (a program's key names its own).
    work.folders();
    let moved = work.moved_folders();
    work.kinds(&[Kind::Package]);
    work.package_names = work.package_names();
    let rest: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Folder | Kind::Package)).collect();
    work.kinds(&rest);
    let Work { mut result, claimed, .. } = work;
    result.unmanaged = (0..observed.items.len())
        .filter(|at| !claimed.contains_key(at) && is_owned(&observed.items[*at].item, &packages, owned))
        .filter(|at| !observed.items[*at].item.key.kind.is_singleton())
        .collect();
    result.unmanaged.sort_by(|a, b| observed.items[*a].item.key.cmp(&observed.items[*b].item.key));
    rename(observed, &result, &moved);
    result
}

/// The folder of each live package, by name.
fn package_folders(observed: &Observed) -> HashMap<String, Option<String>> {
    let packages = observed.items.iter().filter(|item| item.item.key.kind == Kind::Package);
    packages.map(|item| (item.item.key.name.clone(), item.item.folder.clone())).collect()
}

/// Whether a live item lies inside the owned folders; a program does when its package does. An owned folder itself is
/// the project's ground, not its content.
fn is_owned(item: &Item, packages: &HashMap<String, Option<String>>, owned: &[String]) -> bool {
    if item.key.kind == Kind::Folder && owned.contains(&item.key.name) {
        return false;
    }
    let folder = match (&item.folder, &item.key.package) {
        (Some(folder), _) => Some(folder),
        (None, Some(package)) => packages.get(package).and_then(Option::as_ref),
        (None, None) => None,
    };
    folder.is_some_and(|folder| owned.iter().any(|root| is_within(folder, root)))
}

/// The state of a pairing under way.
struct Work<'a> {
    observed: &'a Observed,
    desired: &'a Site,
    owned: &'a [String],
    by_guid: HashMap<Guid, usize>,
    /// Live items by kind, package and base name.
    by_name: HashMap<(Kind, Option<&'a str>, &'a str), Vec<usize>>,
    /// Desired package name to the live one's, where they differ.
    package_names: HashMap<String, String>,
    claimed: HashMap<usize, ItemKey>,
    result: Pairing,
}

impl<'a> Work<'a> {
    fn new(observed: &'a Observed, desired: &'a Site, owned: &'a [String]) -> Self {
        let by_guid = observed.items.iter().enumerate().map(|(at, item)| (item.guid, at)).collect();
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::with_capacity(observed.items.len());
        for (at, item) in observed.items.iter().enumerate() {
            let key = &item.item.key;
            by_name.entry((key.kind, key.package.as_deref(), base_name(item))).or_default().push(at);
        }
        Self {
            observed,
            desired,
            owned,
            by_guid,
            by_name,
            package_names: HashMap::new(),
            claimed: HashMap::new(),
            result: Pairing::default(),
        }
    }

    fn kinds(&mut self, kinds: &[Kind]) {
        // Pins first, then names, then earlier names: an alias never takes what somebody is called today.
        for stage in [Self::by_pin, Self::by_own_name, Self::by_alias] {
            for kind in kinds {
                for item in self.desired.of_kind(*kind) {
                    if !self.result.pairs.contains_key(&item.key) {
                        stage(self, item);
                    }
                }
            }
        }
    }

    fn claim(&mut self, key: &ItemKey, at: usize) {
        if let Some(first) = self.claimed.get(&at) {
            let guid = self.observed.items[at].guid;
            let (key, first) = (key.clone(), first.clone());
            self.result.problems.push(Problem::ClaimedTwice { key, first, guid });
            return;
        }
        self.claimed.insert(at, key.clone());
        self.result.pairs.insert(key.clone(), at);
    }

    /// Pairs folders from the top down: a folder inside one that is called otherwise today is found by that name.
    fn folders(&mut self) {
        for item in self.desired.of_kind(Kind::Folder) {
            self.by_pin(item);
            if item.pin.is_some() {
                continue;
            }
            let last = item.key.name.rsplit('/').next().unwrap_or(&item.key.name);
            let live_parent = item.folder.as_ref().map(|parent| {
                let pair = self.result.pairs.get(&ItemKey::new(Kind::Folder, parent.as_str()));
                pair.map_or(parent.clone(), |at| self.observed.items[*at].item.key.name.clone())
            });
            let path = |name: &str| live_parent.as_ref().map_or(name.to_owned(), |parent| format!("{parent}/{name}"));
            let names = std::iter::once(path(last)).chain(item.aliases.iter().flat_map(|a| [path(a), a.clone()]));
            for name in names {
                self.by_name(item, &name);
                if self.result.pairs.contains_key(&item.key) {
                    break;
                }
            }
        }
    }

    fn by_pin(&mut self, item: &Item) {
        let Some(guid) = item.pin else { return };
        let key = item.key.clone();
        match self.by_guid.get(&guid) {
            Some(at) if self.observed.items[*at].item.key.kind == key.kind => self.claim(&key, *at),
            Some(at) => {
                let found = self.observed.items[*at].item.key.kind;
                self.result.problems.push(Problem::PinOfOtherKind { key, guid, found });
            }
            // Only a complete read can say that it is not there; the plan asks for that proof.
            None => self.result.problems.push(Problem::PinOfNothing { key, guid }),
        }
    }

    fn by_own_name(&mut self, item: &Item) {
        if item.pin.is_some() {
            return;
        }
        if item.key.kind.is_singleton() {
            let only = self.observed.items.iter().position(|other| other.item.key.kind == item.key.kind);
            if let Some(at) = only {
                self.claim(&item.key, at);
            }
            return;
        }
        self.by_name(item, &item.key.name);
    }

    fn by_alias(&mut self, item: &Item) {
        if item.pin.is_some() || item.key.kind.is_singleton() {
            return;
        }
        for alias in &item.aliases {
            self.by_name(item, alias);
            if self.result.pairs.contains_key(&item.key) {
                return;
            }
        }
    }

    fn by_name(&mut self, item: &Item, name: &str) {
        let package =
            item.key.package.as_deref().map(|package| self.package_names.get(package).map_or(package, String::as_str));
        let Some(all) = self.by_name.get(&(item.key.kind, package, name)) else { return };
        let free: Vec<usize> = all
            .iter()
            .copied()
            .filter(|at| !self.claimed.contains_key(at))
            .filter(|at| self.is_ground(*at) || is_owned_item(self.observed, *at, self.owned))
            .collect();
        match free[..] {
            [] => {}
            [at] => self.claim(&item.key, at),
            _ => {
                let guids = free.iter().map(|at| self.observed.items[*at].guid).collect();
                self.result.problems.push(Problem::Ambiguous { key: item.key.clone(), guids });
            }
        }
    }

    /// Whether a live item is one of the owned folders themselves.
    fn is_ground(&self, at: usize) -> bool {
        let key = &self.observed.items[at].item.key;
        key.kind == Kind::Folder && self.owned.contains(&key.name)
    }

    /// Live paths of folders that are paired under another path, and that path.
    fn moved_folders(&self) -> Vec<(String, String)> {
        let mut moved: Vec<(String, String)> = self
            .result
            .pairs
            .iter()
            .filter(|(key, _)| key.kind == Kind::Folder)
            .map(|(key, at)| (self.observed.items[*at].item.key.name.clone(), key.name.clone()))
            .filter(|(live, desired)| live != desired)
            .collect();
        moved.sort_by_key(|(live, _)| std::cmp::Reverse(live.len())); // The deepest match wins.
        moved
    }

    fn package_names(&self) -> HashMap<String, String> {
        self.result
            .pairs
            .iter()
            .filter(|(key, _)| key.kind == Kind::Package)
            .map(|(key, at)| (key.name.clone(), self.observed.items[*at].item.key.name.clone()))
            .filter(|(desired, live)| desired != live)
            .collect()
    }
}

/// Like [`is_owned`], for programs by their package's name: those of a package are asked for by that name already.
fn is_owned_item(observed: &Observed, at: usize, owned: &[String]) -> bool {
    let item = &observed.items[at].item;
    match &item.folder {
        Some(folder) => owned.iter().any(|root| is_within(folder, root)),
        None => item.key.kind == Kind::Program || item.key.kind == Kind::Folder,
    }
}

/// Calls everything by its desired name.
fn rename(observed: &mut Observed, pairing: &Pairing, moved: &[(String, String)]) {
    let mut names: HashMap<ItemKey, ItemKey> = HashMap::new();
    for (desired, at) in &pairing.pairs {
        // Now that it is told apart, what told it from others of its name is no part of its name.
        let base = base_name(&observed.items[*at]).to_owned();
        let live = observed.items[*at].item.key.clone();
        if base != live.name {
            observed.items[*at].item.key.name = base;
        }
        let live = &live;
        if live != desired && !desired.kind.is_singleton() {
            names.insert(live.clone(), desired.clone());
        }
    }
    if names.is_empty() && moved.is_empty() {
        return;
    }
    // The keys stay as they are: a rename is a difference like any other. Only what refers to them follows.
    for item in &mut observed.items {
        rename_references(&mut item.item, &names);
        if let Some(folder) = &mut item.item.folder
            && let Some((live, desired)) = moved.iter().find(|(live, _)| is_within(folder, live))
        {
            *folder = format!("{desired}{}", &folder[live.len()..]);
        }
        if item.item.key.kind == Kind::Program
            && let Some(package) = &mut item.item.key.package
            && let Some(desired) = names.get(&ItemKey::new(Kind::Package, package.as_str()))
        {
            package.clone_from(&desired.name);
        }
    }
}

/// Calls what an item refers to by other names.
pub fn rename_references(item: &mut Item, names: &HashMap<ItemKey, ItemKey>) {
    item.spec.visit_references(&mut |slot| {
        let key =
            ItemKey { kind: slot.kind, package: slot.package.map(str::to_owned), name: std::mem::take(slot.name) };
        *slot.name = names.get(&key).map_or(key.name, |desired| desired.name.clone());
    });
}
