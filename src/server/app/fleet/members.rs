//! Who belongs to which collection (COL-1): listed by name, found by a query, included, limited, excluded.
//!
//! `((members ∪ query ∪ included) ∩ limitedTo) ∖ excluded`. What cannot be known is never shown as empty, and makes
//! everything unknown that is made of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use roaring::RoaringBitmap;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::fleet::Numbers;
use crate::server::app::fleet::Revisions;
use crate::server::app::fleet::locked;
use crate::server::app::item::Item;
use crate::server::app::kind::Kind;
use crate::server::app::spec::Spec;
use crate::server::app::spec::estate::Collection;
use crate::server::app::spec::estate::Language;
use crate::server::app::spec::estate::Query;
use crate::server::limits::Limits;
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::query::Asker;
use crate::server::store::query::Unanswered;
use crate::sys::clock::Stopwatch;

/// What the built-in collection of Windows computers asks.
const WINDOWS: &str = "SELECT Guid FROM vOperatingSystem WHERE Caption LIKE '%Windows%'";

/// How long a query that took too long is left alone.
const SLOW_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Who belongs to a collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Everyone in it.
    pub effective: Arc<RoaringBitmap>,
    /// What its own query finds; `None` where it has none.
    pub query: Option<Arc<RoaringBitmap>>,
}

/// Who belongs to which collection, at one moment.
#[derive(Debug)]
pub struct Members {
    /// The numbers that the sets speak in.
    pub numbers: Arc<Numbers>,
    /// By collection; or why it is not known.
    pub of: BTreeMap<Guid, Result<Member, String>>,
    /// Whether some query looks at when computers were last seen.
    seen_matters: bool,
    /// When a query took too long; of several, the one that was asked first.
    slow_since: Option<Stopwatch>,
    made: Revisions,
}

impl Members {
    /// The computers of a set, by GUID.
    pub fn guids(&self, set: &RoaringBitmap) -> Vec<Guid> {
        set.iter().filter_map(|place| self.numbers.guid(place)).collect()
    }

    /// Whether a computer is known to belong to one of these collections.
    pub fn any_holds(&self, collections: &[Guid], computer: u32) -> bool {
        let holds =
            |collection| matches!(self.of.get(collection), Some(Ok(member)) if member.effective.contains(computer));
        collections.iter().any(holds)
    }

    /// Whether it is still right at another moment.
    fn holds_at(&self, now: Revisions) -> bool {
        self.made.items == now.items
            && self.made.inventory == now.inventory
            && (self.made.seen == now.seen || !self.seen_matters)
            && !self.is_to_be_tried_again()
    }

    /// Whether some query took too long, and long enough ago to be asked once more.
    pub(super) fn is_to_be_tried_again(&self) -> bool {
        self.slow_since.is_some_and(|since| since.elapsed() > SLOW_AGAIN_AFTER)
    }
}

/// Answers of queries, by their text.
#[derive(Debug, Default)]
pub(in crate::server::app) struct Answers(HashMap<String, Answer>);

#[derive(Clone, Debug)]
struct Answer {
    inventory: u64,
    /// `None`: it does not look at when computers were last seen.
    seen: Option<u64>,
    found: Result<Arc<RoaringBitmap>, String>,
    slow_since: Option<Stopwatch>,
}

impl Answer {
    fn holds_at(&self, now: Revisions) -> bool {
        self.inventory == now.inventory
            && self.seen.is_none_or(|seen| seen == now.seen)
            && self.slow_since.is_none_or(|since| since.elapsed() <= SLOW_AGAIN_AFTER)
    }
}

/// Whether a query may look at when computers were last seen. When in doubt it does.
fn looks_at_seen(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["lastseen", "last_seen", "*", "natural", "using"].iter().any(|word| text.contains(word))
}

impl App {
    /// Who belongs to which collection now.
    ///
    /// # Errors
    /// When the store fails. A query that fails is no error: its collection is unknown.
    pub fn members(&self, limits: &Limits) -> Result<Arc<Members>, StoreError> {
        let mut kept = locked(&self.cache().members);
        let now = self.revisions()?;
        if let Some(members) = kept.as_ref().filter(|members| members.holds_at(now)) {
            return Ok(members.clone());
        }
        self.store().ask(|asker| self.members_within(asker, Revisions::read(asker.sql)?, &mut kept, limits))
    }

    /// The same at one moment of the store; `kept` is what is remembered of them.
    pub(super) fn members_within(
        &self,
        asker: &Asker<'_>,
        at: Revisions,
        kept: &mut Option<Arc<Members>>,
        limits: &Limits,
    ) -> Result<Arc<Members>, StoreError> {
        if let Some(members) = kept.as_ref().filter(|members| members.holds_at(at)) {
            return Ok(members.clone());
        }
        let members = Arc::new(self.members_at(asker, at, limits)?);
        *kept = Some(members.clone());
        Ok(members)
    }

    fn members_at(&self, asker: &Asker<'_>, at: Revisions, limits: &Limits) -> Result<Members, StoreError> {
        let numbers = self.numbers_at(asker.sql, at)?;
        let collections = collections(asker)?;
        let mut answers = locked(&self.cache().answers);
        let mut used = HashMap::new();
        let mut work = Work { found: BTreeMap::new(), collections: &collections, numbers: &numbers };
        let mut queries = BTreeMap::new();
        for (guid, collection) in &collections {
            let Some(text) = question(*guid, collection) else { continue };
            let found = match text {
                Err(why) => Err(why),
                Ok(text) => {
                    let answer = match answers.0.get(text).filter(|answer| answer.holds_at(at)) {
                        Some(answer) => answer.clone(),
                        None => ask(asker, text, at, &numbers, limits)?,
                    };
                    let found = answer.found.clone();
                    answers.0.insert(text.to_owned(), answer.clone());
                    used.insert(text.to_owned(), answer);
                    found
                }
            };
            queries.insert(*guid, found);
        }
        for guid in collections.keys() {
            work.resolve(*guid, &queries);
        }
        let of = work.found;
        let seen_matters = used.values().any(|answer| answer.seen.is_some());
        let slow_since = used.values().filter_map(|answer| answer.slow_since).max_by_key(Stopwatch::elapsed);
        answers.0 = used;
        Ok(Members { numbers, of, seen_matters, slow_since, made: at })
    }
}

fn collections(asker: &Asker<'_>) -> Result<BTreeMap<Guid, Collection>, StoreError> {
    let mut found = BTreeMap::new();
    for json in items::find(asker.sql, Some(Kind::Collection.name()), None)? {
        let item = Item::stored(&json)?;
        if let Spec::Collection(collection) = item.spec {
            found.insert(item.guid, collection);
        }
    }
    Ok(found)
}

/// What a collection asks, if it asks anything; or why that cannot be asked here.
fn question(guid: Guid, collection: &Collection) -> Option<Result<&str, String>> {
    match &collection.query {
        None if guid == Guid::ALL_WINDOWS_COMPUTERS => Some(Ok(WINDOWS)),
        None => None,
        Some(query) => Some(readable(query)),
    }
}

/// The text of a query that this server can answer; or why it cannot.
pub(super) fn readable(query: &Query) -> Result<&str, String> {
    match query.language {
        Language::Sql => Ok(&query.text),
        Language::Wql => Err("the query is in WQL, which this server does not speak".to_owned()),
    }
}

fn ask(asker: &Asker<'_>, text: &str, at: Revisions, numbers: &Numbers, limits: &Limits) -> Result<Answer, StoreError> {
    let asked = set_of(asker, text, numbers, limits)?;
    let slow_since = matches!(asked, Err(Unanswered::Slow(_))).then(Stopwatch::start);
    let seen = looks_at_seen(text).then_some(at.seen);
    let found = asked.map(Arc::new).map_err(|why| why.to_string());
    Ok(Answer { inventory: at.inventory, seen, found, slow_since })
}

/// The computers that a query finds. GUIDs of what is no computer here are passed over.
pub(super) fn set_of(
    asker: &Asker<'_>,
    text: &str,
    numbers: &Numbers,
    limits: &Limits,
) -> Result<Result<RoaringBitmap, Unanswered>, StoreError> {
    let mut set = RoaringBitmap::new();
    let asked = asker.ask(text, &limits.query(), |guid| {
        set.extend(numbers.of_guid(guid));
    })?;
    set.optimize();
    Ok(asked.map(|()| set))
}

struct Work<'a> {
    collections: &'a BTreeMap<Guid, Collection>,
    numbers: &'a Numbers,
    found: BTreeMap<Guid, Result<Member, String>>,
}

/// The collections that are looked at, each for the one before it, with what it still needs.
#[derive(Default)]
struct Path {
    open: Vec<(Guid, std::vec::IntoIter<Guid>)>,
    among: BTreeSet<Guid>,
}

type Queries = BTreeMap<Guid, Result<Arc<RoaringBitmap>, String>>;

impl Work<'_> {
    /// Finds the members of a collection, those that it needs first. Not by recursion: collections nest as deep as
    /// somebody likes.
    fn resolve(&mut self, start: Guid, queries: &Queries) {
        let mut path = Path::default();
        self.enter(start, &mut path);
        while let Some((guid, needs)) = path.open.last_mut() {
            let guid = *guid;
            let member = match needs.next() {
                Some(need) if self.found.contains_key(&need) => continue,
                // The server refuses cycles (COL-1); should one stand in a database, nobody knows its members.
                Some(need) if path.among.contains(&need) => Err("the collection depends on itself".to_owned()),
                Some(need) => {
                    self.enter(need, &mut path);
                    continue;
                }
                None => self.member(guid, &self.collections[&guid], queries),
            };
            path.open.pop();
            path.among.remove(&guid);
            self.found.insert(guid, member);
        }
    }

    fn enter(&mut self, guid: Guid, path: &mut Path) {
        if self.found.contains_key(&guid) {
            return;
        }
        if let Some(collection) = self.collections.get(&guid) {
            path.among.insert(guid);
            path.open.push((guid, needs(collection).into_iter()));
        } else {
            self.found.insert(guid, Err("there is no such collection".to_owned()));
        }
    }

    /// The members of a collection, all of whose needs are found.
    fn member(&self, guid: Guid, collection: &Collection, queries: &Queries) -> Result<Member, String> {
        let query = queries.get(&guid).cloned().transpose()?;
        if guid == Guid::ALL_COMPUTERS {
            return Ok(Member { effective: Arc::new(self.numbers.all()), query });
        }
        let mut set: RoaringBitmap = query.as_deref().cloned().unwrap_or_default();
        for name in &collection.members {
            set.extend(self.numbers.named(name));
        }
        for other in &collection.include {
            set |= &*self.of(*other, "includes")?;
        }
        if let Some(other) = collection.limited_to {
            set &= &*self.of(other, "is limited to")?;
        }
        for other in &collection.exclude {
            set -= &*self.of(*other, "excludes")?;
        }
        set.optimize();
        Ok(Member { effective: Arc::new(set), query })
    }

    fn of(&self, other: Guid, how: &str) -> Result<Arc<RoaringBitmap>, String> {
        match self.found.get(&other) {
            Some(Ok(member)) => Ok(member.effective.clone()),
            Some(Err(why)) => Err(format!("it {how} {other}, of which is not known who is in it: {why}")),
            None => Err(format!("it {how} {other}, which is not there")),
        }
    }
}

fn needs(collection: &Collection) -> Vec<Guid> {
    collection.include.iter().chain(&collection.exclude).chain(&collection.limited_to).copied().collect()
}
