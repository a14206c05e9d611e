//! What the server knows of computers: who there is, who belongs to which collection, who ran what, who holds a licence.
//!
//! What is asked often is kept in memory beside the revision that it was made from, and made again when that has moved:
//! numbers of computers, answers of queries, members of collections, the stream of `GET /v1/fleet`.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use roaring::RoaringBitmap;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::refused::Refused;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::meta;
use crate::server::store::query::QueryLimits;

pub mod assign;
pub mod document;
pub mod evaluate;
pub mod licences;
pub mod line;
pub mod load;
pub mod logs;
pub mod members;
pub mod policy;
pub mod purge;
pub mod report;
pub mod stream;
mod xml;

use crate::server::app::fleet::assign::Assignments;
use crate::server::app::fleet::members::Answers;
use crate::server::app::fleet::members::Members;
use crate::server::app::fleet::stream::Body;

/// How far everything is that this part of the server is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Revisions {
    /// Of items.
    items: u64,
    /// Of anything that is known of computers.
    fleet: u64,
    /// Of computers and inventory.
    inventory: u64,
    /// Of when computers were last seen.
    seen: u64,
}

impl Revisions {
    fn read(sql: &Connection) -> Result<Self, StoreError> {
        Ok(Self {
            items: meta::number(sql, "sequence")?,
            fleet: meta::number(sql, fleet::REVISION)?,
            inventory: meta::number(sql, fleet::INVENTORY)?,
            seen: meta::number(sql, fleet::SEEN)?,
        })
    }
}

/// What is kept in memory. The locks of members, assignments and body are taken in the order body, members, and before
/// any of the store, never while one is held; those of numbers and answers after it.
#[derive(Debug, Default)]
pub(in crate::server::app) struct Cache {
    numbers: Mutex<Option<(u64, Arc<Numbers>)>>,
    answers: Mutex<Answers>,
    members: Mutex<Option<Arc<Members>>>,
    assignments: Mutex<Option<(u64, Arc<Assignments>)>>,
    body: Mutex<Option<(Revisions, Arc<Body>)>>,
}

/// What a panic left behind was put there whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The computers by their numbers in a stream: places in the order of their GUIDs.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Changes when any computer is added or removed.
    pub mark: String,
    /// Their GUIDs, in order.
    guids: Vec<Guid>,
    /// By the store's number.
    of_id: HashMap<i64, u32>,
    /// By name in lower case: names of Windows computers know no case.
    of_name: HashMap<String, Vec<u32>>,
    retired: RoaringBitmap,
}

impl Numbers {
    fn read(sql: &Connection) -> Result<Self, StoreError> {
        let mut numbers = Self { mark: meta::number(sql, fleet::MARK)?.to_string(), ..Self::default() };
        fleet::each_computer(sql, |row| {
            let place = u32::try_from(numbers.guids.len()).unwrap_or(u32::MAX);
            numbers.guids.push(row.guid);
            numbers.of_id.insert(row.id, place);
            numbers.of_name.entry(row.name.to_lowercase()).or_default().push(place);
            if row.retired {
                numbers.retired.insert(place);
            }
        })?;
        Ok(numbers)
    }

    /// How many computers there are.
    pub fn len(&self) -> usize {
        self.guids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.guids.is_empty()
    }

    /// The number of a computer.
    pub fn of_guid(&self, guid: Guid) -> Option<u32> {
        self.guids.binary_search(&guid).ok().and_then(|place| u32::try_from(place).ok())
    }

    /// The computer of a number.
    pub fn guid(&self, place: u32) -> Option<Guid> {
        self.guids.get(usize::try_from(place).ok()?).copied()
    }

    fn of_id(&self, id: i64) -> Option<u32> {
        self.of_id.get(&id).copied()
    }

    fn all(&self) -> RoaringBitmap {
        let count = u32::try_from(self.guids.len()).unwrap_or(u32::MAX);
        let mut all = RoaringBitmap::new();
        all.insert_range(0..count);
        all
    }

    fn named(&self, name: &str) -> &[u32] {
        self.of_name.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }
}

impl Limits {
    /// How far the query of a collection may go.
    pub const fn query(&self) -> QueryLimits {
        QueryLimits { text_bytes: self.query_text_bytes, time: self.query_time, rows: self.query_rows }
    }

    /// How far a report of the ASDK may go.
    pub const fn report(&self) -> QueryLimits {
        QueryLimits { text_bytes: self.query_text_bytes, time: self.report_time, rows: self.query_rows }
    }
}

impl App {
    pub(super) fn revisions(&self) -> Result<Revisions, StoreError> {
        self.store().read(Revisions::read)
    }

    /// The numbers of computers at a moment of the store.
    fn numbers_at(&self, sql: &Connection, at: Revisions) -> Result<Arc<Numbers>, StoreError> {
        let mut kept = locked(&self.cache().numbers);
        if let Some((revision, numbers)) = &*kept
            && *revision == at.inventory
        {
            return Ok(numbers.clone());
        }
        let numbers = Arc::new(Numbers::read(sql)?);
        *kept = Some((at.inventory, numbers.clone()));
        Ok(numbers)
    }

    /// The zone of the server, an IANA name; UTC unless it was set.
    ///
    /// # Errors
    /// When the store fails.
    pub fn zone(&self) -> Result<String, StoreError> {
        Ok(self.store().read(|sql| meta::get(sql, fleet::ZONE))?.unwrap_or_else(|| "UTC".to_owned()))
    }

    /// The zone of the server, with its rules.
    fn time_zone(&self) -> Result<TimeZone, StoreError> {
        TimeZone::get(&self.zone()?).map_err(|_| StoreError::Corrupt { what: "zone" })
    }

    /// Whether the zone of the server was ever set.
    ///
    /// # Errors
    /// When the store fails.
    pub fn has_zone(&self) -> Result<bool, StoreError> {
        Ok(self.store().read(|sql| meta::get(sql, fleet::ZONE))?.is_some())
    }

    /// Sets the zone of the server, which governs availability on the server's clock (TSK-11).
    ///
    /// # Errors
    /// `invalid` when the database of zones has none of this name.
    pub fn set_zone(&self, zone: &str) -> Result<(), Refused> {
        if jiff::tz::db().get(zone).is_err() {
            return Err(Refused::invalid("zone", "there is no time zone of this name"));
        }
        Ok(self.store().write(|sql| {
            fleet::bump(sql, fleet::REVISION)?;
            meta::set(sql, fleet::ZONE, zone)
        })?)
    }
}

/// A moment in milliseconds, as it is shown.
pub(super) fn shown(ms: i64) -> Result<String, StoreError> {
    Ok(Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt { what: "time" })?.to_string())
}

/// The numbers of tasks and packages in the store, by GUID and by number.
#[derive(Debug, Default)]
struct Subjects {
    guid_of: BTreeMap<i64, Guid>,
}

impl Subjects {
    fn read(sql: &Connection) -> Result<Self, StoreError> {
        let pairs = fleet::subject_ids(sql)?;
        Ok(Self { guid_of: pairs.into_iter().map(|(guid, id)| (id, guid)).collect() })
    }

    fn guid(&self, id: i64) -> Result<Guid, StoreError> {
        self.guid_of.get(&id).copied().ok_or(StoreError::Corrupt { what: "history" })
    }
}
