//! The matrix of the software portal: which principal has which right on which program and sequential task, as the
//! vendor's utility shows it (all, some, none), with inherited rights resolved; and who gains and who loses by a plan
//! (PTL-1, PTL-2, PTL-3).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::portal::Right;
use crate::plan::is_match;
use crate::plan::rights;
use crate::plan::rights::Above;
use crate::reach::Estate;

/// The version of the matrix as JSON.
pub const FORMAT_VERSION: &str = "1.0";

/// Both rights, in the order in which they are shown (PTL-1).
pub const RIGHTS: [Right; 2] = [Right::Install, Right::InstallOnApproval];

/// Which part of the matrix was asked for; what is empty leaves nothing out. `*` stands for any run of characters.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Filter {
    /// Names of principals, compared without case.
    pub principals: Vec<String>,
    /// Programs and sequential tasks: an address, `PACKAGE/PROGRAM`, or the name of a package or sequential task.
    pub programs: Vec<String>,
    /// Console folders, each with all that lies below it. A program lies where its package does.
    pub folders: Vec<String>,
    /// One of the two rights.
    pub right: Option<Right>,
}

/// Who has which right on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// Everyone who has a right on one of the items, or was asked for by name; by name.
    pub principals: Vec<Principal>,
    /// The programs and sequential tasks, by address.
    pub items: Vec<Row>,
    /// The one right that was asked for. Of the other nothing is told: it was not looked at.
    #[serde(skip)]
    pub only: Option<Right>,
}

/// What a principal has on all the items together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// Its name, as it is first written.
    pub principal: String,
    /// Its part of the right to ask and get; `None`: that right was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<Share>,
    /// Its part of the right to ask for approval; `None`: that right was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_on_approval: Option<Share>,
}

impl Principal {
    /// The share of one right; `None`: it was not asked for.
    pub const fn share(&self, right: Right) -> Option<Share> {
        match right {
            Right::Install => self.install,
            Right::InstallOnApproval => self.install_on_approval,
        }
    }
}

/// On how many items a right is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The answer in a word.
    pub is: Extent,
    /// On so many it is held.
    pub has: usize,
    /// Of so many.
    pub of: usize,
    /// On so many nobody knows.
    pub unknown: usize,
}

impl Share {
    fn new(has: usize, of: usize, unknown: usize) -> Self {
        let is = match (has, unknown) {
            (0, 0) => Extent::None,
            (0, _) => Extent::Unknown,
            _ if has == of => Extent::All,
            _ => Extent::Some,
        };
        Self { is, has, of, unknown }
    }
}

/// How far a right goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// It is held on all items.
    All,
    /// On some, not on all; the vendor's utility shows it greyed.
    Some,
    /// On none.
    None,
    /// Nobody knows: what is inherited is not known.
    Unknown,
}

impl Extent {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Some => "some",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// One program or sequential task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// It, in one line.
    pub address: String,
    /// It.
    #[serde(skip)]
    pub key: ItemKey,
    /// The console folder that it lies in; of a program, that its package lies in.
    pub folder: Option<String>,
    /// Whether it has the rights of its parent as well: of the folder object of programs (PTL-2), or of its console
    /// folder (SEQ-6).
    pub inherits: bool,
    /// Whether it says anything of its rights.
    pub managed: bool,
    /// Whether all that hold are known. If not, some of the parent's are missing.
    pub known: bool,
    /// The rights that hold, by principal.
    pub rights: Vec<Held>,
}

/// A right that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Whose it is.
    pub principal: String,
    /// Which.
    pub right: Right,
    /// Whether the item says so itself.
    pub own: bool,
    /// Whether it is inherited. Both may be.
    pub inherited: bool,
}

/// What one principal's right on one item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// It holds.
    Held(&'a Held),
    /// It does not.
    No,
    /// Nobody knows.
    Unknown,
}

impl Row {
    /// One principal's right; accounts are compared without case.
    pub fn cell(&self, principal: &str, right: Right) -> Cell<'_> {
        let folded = principal.to_lowercase();
        match self.rights.iter().find(|held| held.right == right && held.principal.to_lowercase() == folded) {
            Some(held) => Cell::Held(held),
            None if self.known => Cell::No,
            None => Cell::Unknown,
        }
    }

    /// What it is grouped with: the package of a program, a sequential task by itself.
    pub fn group(&self) -> ItemKey {
        match &self.key.package {
            Some(package) => ItemKey::new(Kind::Package, package.as_str()),
            None => self.key.clone(),
        }
    }
}

/// The programs of one package, or one sequential task, with what each principal has on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The package or sequential task, in one line.
    pub address: String,
    /// How many programs there are; 1 for a sequential task.
    pub items: usize,
    /// What each principal has on them, in the order of the matrix.
    pub principals: Vec<Principal>,
}

impl Matrix {
    /// The rows by item.
    pub fn by_key(&self) -> BTreeMap<&ItemKey, &Row> {
        self.items.iter().map(|row| (&row.key, row)).collect()
    }

    /// The matrix of an estate, or of the part that is asked for.
    pub fn of(estate: &Estate<'_>, above: Above, filter: &Filter) -> Self {
        Self::of_these(estate, above, filter, &asked(estate, filter))
    }

    fn of_these(estate: &Estate<'_>, above: Above, filter: &Filter, keys: &BTreeSet<ItemKey>) -> Self {
        let items = keys.iter().filter_map(|key| row(estate, estate.get(key)?.item, above, filter)).collect();
        Self::with(items, filter)
    }

    /// The matrix of these rows.
    fn with(items: Vec<Row>, filter: &Filter) -> Self {
        let mut names: BTreeMap<String, &str> = BTreeMap::new();
        let held = items.iter().flat_map(|row| &row.rights).map(|held| held.principal.as_str());
        // Who is asked for by name and has nothing is an answer, too.
        let asked = filter.principals.iter().map(String::as_str).filter(|name| !name.contains('*'));
        for name in held.chain(asked) {
            names.entry(name.to_lowercase()).or_insert(name);
        }
        let names: Vec<String> = names.into_values().map(str::to_owned).collect();
        Self { principals: Vec::new(), items, only: filter.right }.about(&names)
    }

    /// The rights that are told of, in the order in which they are shown: both, or the one that was asked for.
    pub fn rights(&self) -> Vec<Right> {
        RIGHTS.into_iter().filter(|right| self.only.is_none_or(|only| only == *right)).collect()
    }

    /// The same rows, about these principals.
    fn about(self, names: &[String]) -> Self {
        Self { principals: shares(names, &self.items.iter().collect::<Vec<_>>(), self.only), ..self }
    }

    /// Whether all rights that hold on the items are known.
    pub fn is_known(&self) -> bool {
        self.items.iter().all(|row| row.known)
    }

    /// How many items there are of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.items.iter().filter(|row| row.key.kind == kind).count()
    }

    /// The same by package: what the vendor's utility shows of several programs at once.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<ItemKey, Vec<&Row>> = BTreeMap::new();
        for row in &self.items {
            groups.entry(row.group()).or_default().push(row);
        }
        let names: Vec<String> = self.principals.iter().map(|one| one.principal.clone()).collect();
        let one = |(key, rows): (ItemKey, Vec<&Row>)| Group {
            address: key.to_string(),
            items: rows.len(),
            principals: shares(&names, &rows, self.only),
        };
        groups.into_iter().map(one).collect()
    }
}

fn shares(names: &[String], rows: &[&Row], only: Option<Right>) -> Vec<Principal> {
    let mut held: BTreeMap<(String, Right), usize> = BTreeMap::new();
    let mut unsure: BTreeMap<(String, Right), usize> = BTreeMap::new();
    let unknown = rows.iter().filter(|row| !row.known).count();
    for (row, one) in rows.iter().flat_map(|row| row.rights.iter().map(move |one| (row, one))) {
        let key = (one.principal.to_lowercase(), one.right);
        *unsure.entry(key.clone()).or_default() += usize::from(!row.known);
        *held.entry(key).or_default() += 1;
    }
    let share = |folded: &str, right: Right| {
        let key = (folded.to_owned(), right);
        let of = |map: &BTreeMap<(String, Right), usize>| map.get(&key).copied().unwrap_or_default();
        // Where it is held for certain, it does not matter what else is inherited.
        let is_told = only.is_none_or(|only| only == right);
        is_told.then(|| Share::new(of(&held), rows.len(), unknown - of(&unsure)))
    };
    let principal = |name: &String| {
        let folded = name.to_lowercase();
        Principal {
            principal: name.clone(),
            install: share(&folded, Right::Install),
            install_on_approval: share(&folded, Right::InstallOnApproval),
        }
    };
    names.iter().map(principal).collect()
}

/// Everyone whom a right names, of a program, of a sequential task, or of what they inherit from, by name.
pub fn named(estate: &Estate<'_>) -> BTreeSet<String> {
    let granted = estate.items().flat_map(|placed| rights::grants(placed.item));
    granted.map(|grant| grant.principal.clone()).collect()
}

/// The programs and sequential tasks that a filter lets through.
fn asked(estate: &Estate<'_>, filter: &Filter) -> BTreeSet<ItemKey> {
    let kinds = [Kind::Program, Kind::SequentialTask];
    let items = kinds.into_iter().flat_map(|kind| estate.of_kind(kind)).map(|placed| placed.item);
    items.filter(|item| is_asked(&item.key, folder(estate, item), filter)).map(|item| item.key.clone()).collect()
}

/// The folder that an item lies in; a program lies where its package does.
fn folder<'a>(estate: &Estate<'a>, item: &'a Item) -> Option<&'a str> {
    let package = item.key.package.as_ref().map(|package| ItemKey::new(Kind::Package, package.as_str()));
    let home = package.and_then(|key| estate.get(&key)).map_or(item, |placed| placed.item);
    home.folder.as_deref()
}

/// The row of an item; `None`: it is of a kind that has no portal rights.
fn row(estate: &Estate<'_>, item: &Item, above: Above, filter: &Filter) -> Option<Row> {
    let resolved = rights::of_item(estate, item, above)?;
    let mut held: BTreeMap<(String, Right), Held> = BTreeMap::new();
    let own = resolved.own_grants().iter().map(|grant| (grant, true));
    for (grant, is_own) in own.chain(resolved.inherited.rights.iter().map(|grant| (grant, false))) {
        let key = (grant.principal.to_lowercase(), grant.right);
        let is_wanted = is_principal(&grant.principal, filter) && filter.right.is_none_or(|right| right == grant.right);
        if is_wanted {
            let principal = grant.principal.clone();
            let new = Held { principal, right: grant.right, own: false, inherited: false };
            let held = held.entry(key).or_insert(new);
            held.own |= is_own;
            held.inherited |= !is_own;
        }
    }
    Some(Row {
        address: item.key.to_string(),
        key: item.key.clone(),
        folder: folder(estate, item).map(str::to_owned),
        inherits: resolved.inherits(),
        managed: resolved.own.is_some(),
        known: resolved.inherited.is_whole,
        rights: held.into_values().collect(),
    })
}

fn is_principal(name: &str, filter: &Filter) -> bool {
    let name = name.to_lowercase();
    filter.principals.is_empty() || filter.principals.iter().any(|glob| is_match(&glob.to_lowercase(), &name))
}

/// Whether a program or sequential task, and the folder that it lies in, are among those asked for.
fn is_asked(key: &ItemKey, folder: Option<&str>, filter: &Filter) -> bool {
    let address = key.to_string();
    let (short, package) = match &key.package {
        Some(package) => (format!("{package}/{}", key.name), package.as_str()),
        None => (key.name.clone(), key.name.as_str()),
    };
    let is_item = |glob: &String| [address.as_str(), short.as_str(), package].iter().any(|name| is_match(glob, name));
    let is_within = |glob: &String| {
        let above = std::iter::successors(folder, |path| path.rsplit_once('/').map(|(parent, _)| parent));
        above.into_iter().any(|path| is_match(glob, path))
    };
    (filter.programs.is_empty() || filter.programs.iter().any(is_item))
        && (filter.folders.is_empty() || filter.folders.iter().any(is_within))
}

/// What becomes of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Somebody has it afterwards, and did not before.
    Gained,
    /// The other way round.
    Lost,
}

/// A right that somebody gains or loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The program or sequential task.
    pub address: String,
    /// Who.
    pub principal: String,
    /// Which.
    pub right: Right,
    /// What becomes of it.
    pub change: Turn,
    /// Whether it is, or was, inherited and not the item's own.
    pub inherited: bool,
    /// What becomes of the item itself.
    pub item: Becomes,
}

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    /// It is there before and after.
    Stays,
    /// It is made.
    Created,
    /// It goes.
    Deleted,
}

/// The matrix before a plan and after it (PTL-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Before.
    pub before: Matrix,
    /// After.
    pub after: Matrix,
    /// Who gains and who loses which right, by item, then principal.
    pub moves: Vec<Move>,
    /// The items of which that is not known, by address.
    pub unknown: Vec<String>,
}

impl Difference {
    /// Compares what there is with what there would be.
    pub fn of(live: &Estate<'_>, planned: &Estate<'_>, above: Above, filter: &Filter) -> Self {
        // An item that moves out of a folder that was asked for, or into it, is looked at on both sides.
        let keys: BTreeSet<ItemKey> = asked(live, filter).into_iter().chain(asked(planned, filter)).collect();
        let of = |estate| Matrix::of_these(estate, above, filter, &keys);
        let (before, after) = (of(live), of(planned));
        let (was, is) = (before.by_key(), after.by_key());
        let mut moves = Vec::new();
        let mut unknown = Vec::new();
        for key in was.keys().chain(is.keys()).copied().collect::<BTreeSet<_>>() {
            let (was, is) = (was.get(key).copied(), is.get(key).copied());
            let item = match (was, is) {
                (None, _) => Becomes::Created,
                (_, None) => Becomes::Deleted,
                _ => Becomes::Stays,
            };
            if [was, is].iter().flatten().all(|row| row.known) {
                moves.extend(moved(key, was, is, item));
            } else if was != is {
                unknown.push(key.to_string());
            }
        }
        // Both sides show the same people, so that they can be laid side by side.
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for one in before.principals.iter().chain(&after.principals) {
            names.entry(one.principal.to_lowercase()).or_insert_with(|| one.principal.clone());
        }
        let names: Vec<String> = names.into_values().collect();
        let (before, after) = (before.about(&names), after.about(&names));
        Self { before, after, moves, unknown }
    }
}

fn moved(key: &ItemKey, was: Option<&Row>, is: Option<&Row>, item: Becomes) -> Vec<Move> {
    let lacks = |row: Option<&Row>, held: &Held| {
        row.is_none_or(|row| !matches!(row.cell(&held.principal, held.right), Cell::Held(_)))
    };
    let one = |held: &Held, change| Move {
        address: key.to_string(),
        principal: held.principal.clone(),
        right: held.right,
        change,
        inherited: !held.own,
        item,
    };
    let lost = was.into_iter().flat_map(|row| &row.rights).filter(|held| lacks(is, held));
    let gained = is.into_iter().flat_map(|row| &row.rights).filter(|held| lacks(was, held));
    let mut moves: Vec<Move> =
        lost.map(|held| one(held, Turn::Lost)).chain(gained.map(|held| one(held, Turn::Gained))).collect();
    moves.sort_by_key(|one| (one.principal.to_lowercase(), one.change, one.right));
    moves
}

#[cfg(test)]
mod tests;
