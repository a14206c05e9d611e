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
pub struct Pairing<'a> {
    /// Desired item to its place in `Observed::items`, in the order of the site.
    pub pairs: BTreeMap<&'a ItemKey, usize>,
    /// Places of live items inside the owned folders that no manifest declares, in the order of their keys.
    pub unmanaged: Vec<usize>,
    /// What keeps an item from being paired at all.
    pub problems: Vec<Problem>,
    /// Whether references of live items were given their desired names.
    pub renamed: bool,
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
    /// The pin names a live item outside of the owned folders, or a program of another package.
    PinElsewhere {
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
    if !name.ends_with('}') {
        return name; // Almost every name: none of them is worth a text of its own.
    }
    name.strip_suffix(&format!(" {{{}}}", item.guid)).unwrap_or(name)
}

/// Pairs what manifests declare with what a server holds: by pin, else by kind and name inside the owned folders, else
/// by an earlier name (`aliases`). Afterwards `observed` calls everything that is paired by its desired name, in keys,
/// folders and references, so that a rename shows once and not in all that refers to it.
///
/// Invariant: a live item is paired at most once, and `unmanaged` holds none that is paired.
pub fn pair<'a>(observed: &mut Observed, desired: &'a Site, owned: &[String]) -> Pairing<'a> {
    let mut work = Work::new(observed, desired, owned);
    // Folders come first (their path is part of what lies in them), then packages (a program's key names its own).
    work.folders();
    let moved = work.moved_folders();
    work.kinds(&[Kind::Package]);
    let rest: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Folder | Kind::Package)).collect();
    work.kinds(&rest);
    let mut result = work.result();
    result.renamed = rename(observed, &result, &moved);
    result
}

/// The folder of each live package, by name.
fn package_folders(observed: &Observed) -> HashMap<&str, Option<&String>> {
    let packages = observed.items.iter().filter(|item| item.item.key.kind == Kind::Package);
    packages.map(|item| (item.item.key.name.as_str(), item.item.folder.as_ref())).collect()
}

/// Whether a live item lies inside the owned folders; a program does when its package does. An owned folder itself is
/// the project's ground, not its content.
fn is_owned(item: &Item, packages: &HashMap<&str, Option<&String>>, owned: &[String]) -> bool {
    if item.key.kind == Kind::Folder && owned.contains(&item.key.name) {
        return false;
    }
    let folder = match (&item.folder, &item.key.package) {
        (Some(folder), _) => Some(folder),
        (None, Some(package)) => packages.get(package.as_str()).copied().flatten(),
        (None, None) => None,
    };
    folder.is_some_and(|folder| owned.iter().any(|root| is_within(folder, root)))
}

/// A kind, a package and a name: what items are found by.
type Called<'a> = (Kind, Option<&'a str>, &'a str);

/// The state of a pairing under way. Desired items go by their place in the site's order, live ones by theirs.
struct Work<'o, 'a> {
    observed: &'o Observed,
    desired: Vec<&'a Item>,
    owned: &'o [String],
    /// Live items by GUID; empty where nothing is pinned.
    by_guid: HashMap<Guid, usize>,
    /// The first live item by kind, package and base name.
    by_name: HashMap<Called<'o>, usize>,
    /// The next live item that is called as this one.
    namesake: Vec<Option<usize>>,
    /// The live item of each desired one.
    live: Vec<Option<usize>>,
    /// The desired item of each live one.
    claimed: Vec<Option<&'a ItemKey>>,
    problems: Vec<Problem>,
}

impl<'o, 'a> Work<'o, 'a> {
    fn new(observed: &'o Observed, site: &'a Site, owned: &'o [String]) -> Self {
        let desired: Vec<&Item> = site.items.values().collect();
        let by_guid = if desired.iter().any(|item| item.pin.is_some()) {
            observed.items.iter().enumerate().map(|(at, item)| (item.guid, at)).collect()
        } else {
            HashMap::new()
        };
        let mut by_name: HashMap<Called<'_>, usize> = HashMap::with_capacity(observed.items.len());
        let mut namesake = vec![None; observed.items.len()];
        // From the back, so that namesakes follow each other in their order.
        for (at, item) in observed.items.iter().enumerate().rev() {
            let key = &item.item.key;
            namesake[at] = by_name.insert((key.kind, key.package.as_deref(), base_name(item)), at);
        }
        Self {
            live: vec![None; desired.len()],
            claimed: vec![None; observed.items.len()],
            observed,
            desired,
            owned,
            by_guid,
            by_name,
            namesake,
            problems: Vec::new(),
        }
    }

    fn result(self) -> Pairing<'a> {
        let Self { observed, desired, owned, live, claimed, problems, .. } = self;
        let packages = package_folders(observed);
        let mut unmanaged: Vec<usize> = (0..observed.items.len())
            .filter(|at| claimed[*at].is_none() && is_owned(&observed.items[*at].item, &packages, owned))
            .filter(|at| !observed.items[*at].item.key.kind.is_singleton())
            .collect();
        unmanaged.sort_by(|a, b| observed.items[*a].item.key.cmp(&observed.items[*b].item.key));
        let pairs = desired.iter().zip(live).filter_map(|(item, live)| Some((&item.key, live?))).collect();
        Pairing { pairs, unmanaged, problems, renamed: false }
    }

    /// The places of the desired items of a kind: one run, since their order is by kind first.
    fn of_kind(&self, kind: Kind) -> std::ops::Range<usize> {
        let begin = self.desired.partition_point(|item| item.key.kind < kind);
        begin..self.desired.partition_point(|item| item.key.kind <= kind)
    }

    fn kinds(&mut self, kinds: &[Kind]) {
        // Pins first, then names, then earlier names: an alias never takes what somebody is called today.
        for stage in [Self::by_pin, Self::by_own_name, Self::by_alias] {
            for kind in kinds {
                for want in self.of_kind(*kind) {
                    if self.live[want].is_none() {
                        stage(self, want);
                    }
                }
            }
        }
    }

    fn claim(&mut self, want: usize, at: usize) {
        let key = &self.desired[want].key;
        if let Some(first) = self.claimed[at] {
            let guid = self.observed.items[at].guid;
            self.problems.push(Problem::ClaimedTwice { key: key.clone(), first: first.clone(), guid });
            return;
        }
        self.claimed[at] = Some(key);
        self.live[want] = Some(at);
    }

    /// Pairs folders from the top down: a folder inside one that is called otherwise today is found by that name.
    fn folders(&mut self) {
        let range = self.of_kind(Kind::Folder);
        let places: HashMap<&str, usize> =
            range.clone().map(|want| (self.desired[want].key.name.as_str(), want)).collect();
        for want in range {
            let item = self.desired[want];
            self.by_pin(want);
            if item.pin.is_some() {
                continue;
            }
            let last = item.key.name.rsplit('/').next().unwrap_or(&item.key.name);
            let live_parent = item.folder.as_ref().map(|parent| {
                let live = places.get(parent.as_str()).and_then(|parent| self.live[*parent]);
                live.map_or(parent.clone(), |at| self.observed.items[at].item.key.name.clone())
            });
            let path = |name: &str| live_parent.as_ref().map_or(name.to_owned(), |parent| format!("{parent}/{name}"));
            let names = std::iter::once(path(last)).chain(item.aliases.iter().flat_map(|a| [path(a), a.clone()]));
            for name in names {
                self.by_name(want, &name);
                if self.live[want].is_some() {
                    break;
                }
            }
        }
    }

    fn by_pin(&mut self, want: usize) {
        let item = self.desired[want];
        let Some(guid) = item.pin else { return };
        match self.by_guid.get(&guid) {
            Some(at) if self.observed.items[*at].item.key.kind == item.key.kind => {
                if self.is_elsewhere(want, *at) {
                    self.problems.push(Problem::PinElsewhere { key: item.key.clone(), guid });
                } else {
                    self.claim(want, *at);
                }
            }
            Some(at) => {
                let (key, found) = (item.key.clone(), self.observed.items[*at].item.key.kind);
                self.problems.push(Problem::PinOfOtherKind { key, guid, found });
            }
            // Only a complete read can say that it is not there; the plan asks for that proof.
            None => self.problems.push(Problem::PinOfNothing { key: item.key.clone(), guid }),
        }
    }

    /// Whether a live item lies where the project has no business: outside of its folders, or, for a program, in
    /// another package than the one that declares it.
    fn is_elsewhere(&self, want: usize, at: usize) -> bool {
        let live = &self.observed.items[at].item;
        match (&self.desired[want].key.package, &live.key.package) {
            (Some(package), Some(found)) => self.live_package(package) != Some(found.as_str()),
            _ if live.key.kind.is_singleton() => false,
            _ => !(self.is_ground(at) || is_owned_item(self.observed, at, self.owned)),
        }
    }

    fn by_own_name(&mut self, want: usize) {
        let item = self.desired[want];
        if item.pin.is_some() {
            return;
        }
        if item.key.kind.is_singleton() {
            let only = self.observed.items.iter().position(|other| other.item.key.kind == item.key.kind);
            if let Some(at) = only {
                self.claim(want, at);
            }
            return;
        }
        self.by_name(want, &item.key.name);
    }

    fn by_alias(&mut self, want: usize) {
        let item = self.desired[want];
        if item.pin.is_some() || item.key.kind.is_singleton() {
            return;
        }
        for alias in &item.aliases {
            self.by_name(want, alias);
            if self.live[want].is_some() {
                return;
            }
        }
    }

    fn by_name(&mut self, want: usize, name: &str) {
        let key = &self.desired[want].key;
        // A program is looked for in the live package that its own one is, and nowhere else: another package of that
        // name is somebody else's.
        let package = match &key.package {
            None => None,
            Some(package) => match self.live_package(package) {
                Some(live) => Some(live),
                None => return,
            },
        };
        let first = self.by_name.get(&(key.kind, package, name)).copied();
        let all = std::iter::successors(first, |at| self.namesake[*at]);
        let free: Vec<usize> = all
            .filter(|at| self.claimed[*at].is_none())
            .filter(|at| self.is_ground(*at) || is_owned_item(self.observed, *at, self.owned))
            .collect();
        match free[..] {
            [] => {}
            [at] => self.claim(want, at),
            _ => {
                let guids = free.iter().map(|at| self.observed.items[*at].guid).collect();
                self.problems.push(Problem::Ambiguous { key: key.clone(), guids });
            }
        }
    }

    /// What the live package is called that a declared one is paired with.
    fn live_package(&self, name: &str) -> Option<&'o str> {
        let range = self.of_kind(Kind::Package);
        let at = self.desired[range.clone()].binary_search_by(|item| item.key.name.as_str().cmp(name)).ok()?;
        let live = self.live[range.start + at]?;
        Some(&self.observed.items[live].item.key.name)
    }

    /// Whether a live item is one of the owned folders themselves.
    fn is_ground(&self, at: usize) -> bool {
        let key = &self.observed.items[at].item.key;
        key.kind == Kind::Folder && self.owned.contains(&key.name)
    }

    /// The pairs of one kind so far: the desired key, and the live item.
    fn pairs(&self, kind: Kind) -> impl Iterator<Item = (&'a ItemKey, &'o ObservedItem)> {
        self.of_kind(kind).filter_map(|want| Some((&self.desired[want].key, &self.observed.items[self.live[want]?])))
    }

    /// Live paths of folders that are paired under another path, and that path.
    fn moved_folders(&self) -> HashMap<String, String> {
        self.pairs(Kind::Folder)
            .filter(|(key, live)| live.item.key.name != key.name)
            .map(|(key, live)| (live.item.key.name.clone(), key.name.clone()))
            .collect()
    }
}

/// Like [`is_owned`], for programs of a package that is paired already: where that lies, they do.
fn is_owned_item(observed: &Observed, at: usize, owned: &[String]) -> bool {
    let item = &observed.items[at].item;
    match &item.folder {
        Some(folder) => owned.iter().any(|root| is_within(folder, root)),
        None => item.key.kind == Kind::Program || item.key.kind == Kind::Folder,
    }
}

/// Calls everything by its desired name; returns whether anything refers to something by another name now.
fn rename(observed: &mut Observed, pairing: &Pairing<'_>, moved: &HashMap<String, String>) -> bool {
    let mut names: HashMap<ItemKey, ItemKey> = HashMap::new();
    for (desired, at) in &pairing.pairs {
        let live = &mut observed.items[*at];
        if live.item.key != **desired && !desired.kind.is_singleton() {
            names.insert(live.item.key.clone(), (*desired).clone());
        }
        // Now that it is told apart, what told it from others of its name is no part of its name.
        let base = base_name(live);
        if base.len() < live.item.key.name.len() {
            live.item.key.name = base.to_owned();
        }
    }
    if names.is_empty() && moved.is_empty() {
        return false;
    }
    // The keys stay as they are: a rename is a difference like any other. Only what refers to them follows.
    for item in &mut observed.items {
        rename_references(&mut item.item, &names);
        if let Some(folder) = &mut item.item.folder
            && let Some((live, desired)) = nearest_moved(folder, moved)
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
    true
}

/// The deepest of the moved folders that a path is, or lies in; and the path that it has now.
fn nearest_moved<'m>(path: &str, moved: &'m HashMap<String, String>) -> Option<(&'m String, &'m String)> {
    let mut above = Some(path);
    while let Some(at) = above {
        if let Some(found) = moved.get_key_value(at) {
            return Some(found);
        }
        above = at.rfind('/').map(|end| &at[..end]);
    }
    None
}

/// Calls what an item refers to by other names.
pub fn rename_references(item: &mut Item, names: &HashMap<ItemKey, ItemKey>) {
    item.spec.visit_references(&mut |slot| {
        let key =
            ItemKey { kind: slot.kind, package: slot.package.map(str::to_owned), name: std::mem::take(slot.name) };
        *slot.name = names.get(&key).map_or(key.name, |desired| desired.name.clone());
    });
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::nearest_moved;

    #[test]
    fn the_deepest_moved_folder_wins_and_parts_are_whole() {
        let moved: HashMap<String, String> =
            [("A", "X"), ("A/B", "Y/B"), ("C", "Z")].map(|(live, now)| (live.to_owned(), now.to_owned())).into();
        for (path, expected) in [
            ("A", Some("A")),
            ("A/B", Some("A/B")),
            ("A/B/C", Some("A/B")),
            ("A/BC", Some("A")),
            ("AB", None),
            ("D/A", None),
        ] {
            assert_eq!(nearest_moved(path, &moved).map(|(live, _)| live.as_str()), expected, "{path}");
        }
    }
}
