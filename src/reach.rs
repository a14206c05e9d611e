//! Who is reached: an estate of items, and the computers in its collections, as they are or as they would be.
//!
//! "Nobody" and "nobody knows" are different answers: [`Known`].

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use crate::model::collection::Collection;
use crate::model::collection::Query;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;

/// Something about the computers that is known, or the reason why it is not.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// It is.
    Is(T),
    /// It could not be told, and why.
    Unknown(String),
}

impl<T> Known<T> {
    /// The value, where it is known.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Something that follows from it.
    pub fn map<U>(self, then: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Is(value) => Known::Is(then(value)),
            Self::Unknown(why) => Known::Unknown(why),
        }
    }
}

/// Items with their identities: what a server holds, or would hold after a plan.
#[derive(Clone, Debug, Default)]
pub struct Estate<'a> {
    items: BTreeMap<ItemKey, Placed<'a>>,
}

/// An item and its identity.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Its identity; for one that is yet to be made, [`planned_guid`].
    pub guid: Guid,
    /// What it says.
    pub item: &'a Item,
}

/// What becomes of an item.
#[derive(Clone, Copy, Debug)]
pub enum Fate<'a> {
    /// It is gone.
    Gone,
    /// It keeps its GUID and says this.
    Says(Guid, &'a Item),
    /// It has a GUID that nobody knows yet, and says this: a new one, or a new step list (SEQ-1).
    New(&'a Item),
}

/// The stand-in for a GUID that only the server will give: the same for the same item, and of no live one.
pub fn planned_guid(key: &ItemKey) -> Guid {
    Guid::of(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("planned {key}").as_bytes()).as_u128())
}

impl<'a> Estate<'a> {
    /// What a server holds.
    pub fn of(observed: &'a Observed) -> Self {
        let placed = |live: &'a crate::model::observed::ObservedItem| {
            (live.item.key.clone(), Placed { guid: live.guid, item: &live.item })
        };
        Self { items: observed.items.iter().map(placed).collect() }
    }

    /// The items of a list, each by its own key.
    pub fn of_items(items: impl IntoIterator<Item = (Guid, &'a Item)>) -> Self {
        Self { items: items.into_iter().map(|(guid, item)| (item.key.clone(), Placed { guid, item })).collect() }
    }

    /// The same after changes; each names the item as it is called now and as it would be called.
    #[must_use]
    pub fn after(&self, changes: impl IntoIterator<Item = (ItemKey, Fate<'a>)>) -> Self {
        let mut items = self.items.clone();
        for (before, fate) in changes {
            items.remove(&before);
            match fate {
                Fate::Gone => {}
                Fate::Says(guid, item) => {
                    items.insert(item.key.clone(), Placed { guid, item });
                }
                Fate::New(item) => {
                    items.insert(item.key.clone(), Placed { guid: planned_guid(&item.key), item });
                }
            }
        }
        Self { items }
    }

    /// One item.
    pub fn get(&self, key: &ItemKey) -> Option<Placed<'a>> {
        self.items.get(key).copied()
    }

    /// The items, by key.
    pub fn items(&self) -> impl Iterator<Item = Placed<'a>> + '_ {
        self.items.values().copied()
    }

    /// The items of a kind, by key.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = Placed<'a>> + '_ {
        let first = ItemKey { kind, package: None, name: String::new() };
        self.items.range(first..).map(|(_, placed)| *placed).take_while(move |placed| placed.item.key.kind == kind)
    }
}

/// What queries that no collection has stored would find, by query: asked of the server, or why it could not tell.
pub type Evaluated = BTreeMap<(String, String), Known<Computers>>;

/// The key of a query in [`Evaluated`].
pub fn query_key(query: &Query) -> (String, String) {
    (query.language().to_owned(), query.text().to_owned())
}

/// Who is in which collection of an estate (COL-1). Answers are remembered.
pub struct Reach<'e, 'a> {
    estate: &'e Estate<'a>,
    /// What the server holds, where that differs: its stored queries are answered by the fleet.
    live: &'e Estate<'a>,
    fleet: &'e Fleet,
    evaluated: &'e Evaluated,
    /// Who has a name that a collection of this estate lists, in lower case; made when the first of these is asked for.
    /// Several computers may have one name; what lists it lists them all.
    by_name: OnceCell<HashMap<String, Vec<u32>>>,
    live_queries: HashMap<Guid, &'a Collection>,
    retired: Computers,
    found: RefCell<HashMap<String, Known<Computers>>>,
    reached: RefCell<HashMap<Vec<String>, Known<Arc<Computers>>>>,
    untouched: RefCell<HashMap<Guid, bool>>,
}

impl<'e, 'a> Reach<'e, 'a> {
    /// Over an estate; `live` is the one that the fleet was read beside.
    pub fn new(estate: &'e Estate<'a>, live: &'e Estate<'a>, fleet: &'e Fleet, evaluated: &'e Evaluated) -> Self {
        let number = |at: usize| u32::try_from(at).expect("a fleet has fewer than 2^32 computers");
        let retired = fleet.computers.iter().enumerate().filter(|(_, one)| one.retired).map(|(at, _)| number(at));
        let live_queries = live
            .of_kind(Kind::Collection)
            .filter_map(|placed| match &placed.item.spec {
                Spec::Collection(collection) => Some((placed.guid, collection)),
                _ => None,
            })
            .collect();
        let retired = retired.collect();
        Self {
            estate,
            live,
            fleet,
            evaluated,
            by_name: OnceCell::new(),
            live_queries,
            retired,
            found: RefCell::default(),
            reached: RefCell::default(),
            untouched: RefCell::default(),
        }
    }

    /// The names that collections of this estate list, with who has them.
    fn by_name(&self) -> &HashMap<String, Vec<u32>> {
        self.by_name.get_or_init(|| {
            let collections = self.estate.of_kind(Kind::Collection).filter_map(|placed| match &placed.item.spec {
                Spec::Collection(collection) => collection.members.as_ref(),
                _ => None,
            });
            let mut listed: HashMap<String, Vec<u32>> =
                collections.flatten().map(|name| (name.to_lowercase(), Vec::new())).collect();
            for (at, one) in (0_u32..).zip(&self.fleet.computers) {
                if let Some(numbers) = listed.get_mut(&one.name.to_lowercase()) {
                    numbers.push(at);
                }
            }
            listed
        })
    }

    /// Who is in a collection, retired computers among them.
    pub fn members(&self, name: &str) -> Known<Computers> {
        self.resolve(name, &mut BTreeSet::new())
    }

    /// The computers that are retired: they do nothing and hold no licence (LIC-4).
    pub const fn retired(&self) -> &Computers {
        &self.retired
    }

    /// Who is in any of these collections and is not retired (LIC-4): whom an item with these targets reaches. Items with
    /// the same targets share the set.
    pub fn targets(&self, names: &[String]) -> Known<Arc<Computers>> {
        if let Some(reached) = self.reached.borrow().get(names) {
            return reached.clone();
        }
        let reached = self.any_of(names).map(Arc::new);
        self.reached.borrow_mut().insert(names.to_vec(), reached.clone());
        reached
    }

    fn any_of(&self, names: &[String]) -> Known<Computers> {
        let mut all = Computers::new();
        for name in names {
            match self.members(name) {
                Known::Is(some) => all |= some,
                Known::Unknown(why) => return Known::Unknown(why),
            }
        }
        Known::Is(all - &self.retired)
    }

    /// Whom an item reaches: nobody while it is switched off.
    pub fn of_item(&self, item: &Item) -> Known<Arc<Computers>> {
        match (item.spec.enabled(), item.spec.targets()) {
            (Some(false), _) | (_, None) => Known::Is(Arc::default()),
            (_, Some(names)) => self.targets(names),
        }
    }

    fn resolve(&self, name: &str, above: &mut BTreeSet<String>) -> Known<Computers> {
        if let Some(found) = self.found.borrow().get(name) {
            return found.clone();
        }
        let key = ItemKey::new(Kind::Collection, name);
        let Some(placed) = self.estate.get(&key) else {
            return Known::Unknown(format!("collection `{name}` is not there"));
        };
        if let Some(why) = self.fleet.gaps.get(&Part::Computers).or_else(|| self.fleet.gaps.get(&Part::Members)) {
            return Known::Unknown(why.clone());
        }
        if !above.insert(name.to_owned()) {
            return Known::Unknown(format!("collection `{name}` includes or excludes itself (COL-1)"));
        }
        let found = self.evaluate(placed, above);
        above.remove(name);
        self.found.borrow_mut().insert(name.to_owned(), found.clone());
        found
    }

    fn evaluate(&self, placed: Placed<'a>, above: &mut BTreeSet<String>) -> Known<Computers> {
        let Spec::Collection(collection) = &placed.item.spec else { return Known::Is(Computers::new()) };
        if self.is_untouched(placed) {
            // The server's own answer, which knows what built-in collections hold.
            return match (self.fleet.members.get(&placed.guid), self.fleet.unknown_members.get(&placed.guid)) {
                (_, Some(why)) => Known::Unknown(why.clone()),
                (Some(members), None) => Known::Is(members.effective.clone()),
                (None, None) => Known::Unknown("the server told nothing of its members".to_owned()),
            };
        }
        let mut members = match self.query(placed.guid, collection) {
            Known::Is(found) => found,
            unknown @ Known::Unknown(_) => return unknown,
        };
        let listed = collection.members.iter().flatten();
        members.extend(listed.filter_map(|name| self.by_name().get(&name.to_lowercase())).flatten());
        for name in &collection.include {
            match self.resolve(name, above) {
                Known::Is(some) => members |= some,
                unknown @ Known::Unknown(_) => return unknown,
            }
        }
        if let Some(name) = &collection.limited_to {
            match self.resolve(name, above) {
                Known::Is(some) => members &= some,
                unknown @ Known::Unknown(_) => return unknown,
            }
        }
        for name in &collection.exclude {
            match self.resolve(name, above) {
                Known::Is(some) => members -= some,
                unknown @ Known::Unknown(_) => return unknown,
            }
        }
        Known::Is(members)
    }

    /// Whether a collection and all that it is made of are as the server holds them.
    fn is_untouched(&self, placed: Placed<'a>) -> bool {
        let Spec::Collection(collection) = &placed.item.spec else { return false };
        if let Some(known) = self.untouched.borrow().get(&placed.guid) {
            return *known;
        }
        // Within itself it counts as touched: a circle is told elsewhere.
        self.untouched.borrow_mut().insert(placed.guid, false);
        let mut parts = collection.include.iter().chain(&collection.exclude).chain(&collection.limited_to);
        let untouched = self.live_queries.get(&placed.guid).is_some_and(|live| *live == collection)
            && parts.all(|name| {
                let key = ItemKey::new(Kind::Collection, name.as_str());
                self.estate.get(&key).is_some_and(|part| self.is_untouched(part))
            });
        self.untouched.borrow_mut().insert(placed.guid, untouched);
        untouched
    }

    /// What a collection's own query finds.
    fn query(&self, guid: Guid, collection: &Collection) -> Known<Computers> {
        let Some(query) = &collection.query else { return Known::Is(Computers::new()) };
        let stored = self.live_queries.get(&guid).is_some_and(|live| live.query.as_ref() == Some(query));
        let known = self.fleet.members.get(&guid).and_then(|members| members.query.as_ref());
        match (stored, known, self.evaluated.get(&query_key(query))) {
            (true, Some(found), _) => Known::Is(found.clone()),
            (_, _, Some(found)) => found.clone(),
            (true, None, None) => {
                let why = self.fleet.unknown_members.get(&guid);
                Known::Unknown(why.cloned().unwrap_or_else(|| "the server told nothing of its query".to_owned()))
            }
            (false, _, None) => Known::Unknown("its query is new, and nobody evaluated it".to_owned()),
        }
    }

    /// The queries of this estate that the server has not stored, so that only asking it can tell whom they find.
    pub fn unanswered(&self) -> Vec<Query> {
        let mut queries: Vec<Query> = Vec::new();
        for placed in self.estate.of_kind(Kind::Collection) {
            let Spec::Collection(Collection { query: Some(query), .. }) = &placed.item.spec else { continue };
            let stored = self.live_queries.get(&placed.guid).is_some_and(|live| live.query.as_ref() == Some(query));
            if !stored && !queries.contains(query) {
                queries.push(query.clone());
            }
        }
        queries
    }

    /// The estate that the fleet was read beside.
    pub const fn live(&self) -> &'e Estate<'a> {
        self.live
    }
}
