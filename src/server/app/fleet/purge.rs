//! Forgetting: events (PUR-1, PUR-2), and items that nobody uses any more (PUR-3).
//!
//! An administrator's purge is one write, which answers what it did. The daily one goes by pieces, a write each, and others
//! write in between: [`App::begin_daily_purge`], [`App::purge_piece`] until nothing is left, [`App::end_daily_purge`]. One
//! that ends early is due again, and begins anew.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::model::units::TimeOfDay;
use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::audit_of;
use crate::server::app::built_in::PURGE_SETTINGS;
use crate::server::app::fleet::policy::NEW_JOB;
use crate::server::app::item::Item;
use crate::server::app::items::find;
use crate::server::app::kind::Kind;
use crate::server::app::portal::Status;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::estate::PurgeSettings;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::Class;
use crate::server::store::fleet::Old;
use crate::server::store::items;
use crate::server::store::meta;
use crate::server::store::portal;
use crate::server::store::refs;
use crate::server::store::refs::From;

/// Under this key stands when the server purges next by itself, in milliseconds since 1970.
const NEXT: &str = "purge_next_ms";

/// How many rows of each class of events went (PUR-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forgotten {
    /// Executions.
    pub executions: u64,
    /// Package events.
    pub package_events: u64,
    /// Status events; *New Job* stays, because licences are counted by it (PUR-2).
    pub status_events: u64,
    /// Progress of sequential tasks.
    pub sequence_status: u64,
}

/// How many items went that nobody used any more (PUR-3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unused {
    /// Step entries without a sequence (SEQ-7).
    #[serde(rename = "removed")]
    pub step_entries: u64,
    /// Portal requests that had come to an end.
    pub portal_requests: u64,
    /// Their tasks.
    pub portal_tasks: u64,
    /// Their collections of one computer, where no other task is for them.
    pub portal_collections: u64,
}

/// What a purge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Purged {
    /// How many items.
    #[serde(flatten)]
    pub unused: Unused,
    /// How many rows of events.
    #[serde(flatten)]
    pub events: Forgotten,
}

impl Purged {
    /// How many items and portal requests went.
    pub const fn items(&self) -> u64 {
        let Unused { step_entries, portal_requests, portal_tasks, portal_collections } = self.unused;
        step_entries + portal_requests + portal_tasks + portal_collections
    }

    /// How many rows of events went.
    pub const fn rows(&self) -> u64 {
        let Forgotten { executions, package_events, status_events, sequence_status } = self.events;
        executions + package_events + status_events + sequence_status
    }
}

/// A purge under way.
#[derive(Debug)]
pub struct Purge {
    settings: PurgeSettings,
    /// Whether items are still to be looked at.
    items: bool,
    /// The rows of each class of events, with where they are counted.
    rows: Vec<(Count, Old)>,
    /// What it did until now.
    done: Purged,
}

/// Where the rows of a class are counted.
type Count = fn(&mut Forgotten) -> &mut u64;

impl Purge {
    /// What the settings let go at this moment; `None` where they are switched off.
    fn begin(sql: &Connection, now: Timestamp) -> Result<Option<Self>, Refused> {
        let settings = settings(sql)?;
        if !settings.enabled {
            return Ok(None);
        }
        let classes: [(Count, Class, _); 4] = [
            (|done| &mut done.executions, Class::Executions, settings.executions.clone()),
            (|done| &mut done.package_events, Class::Packages, settings.package_events.clone()),
            (|done| &mut done.status_events, Class::Status { but: NEW_JOB }, settings.status_events.clone()),
            (|done| &mut done.sequence_status, Class::Sequences, settings.sequence_status.clone()),
        ];
        let mut rows = Vec::new();
        for (count, class, kept) in classes {
            let upto = kept.older_than_seconds.map(|seconds| before(now, seconds));
            rows.extend(fleet::old(sql, class, upto, kept.maximum_rows)?.map(|old| (count, old)));
        }
        Ok(Some(Self { settings, items: true, rows, done: Purged::default() }))
    }

    /// Whether nothing is left to be looked at.
    const fn is_done(&self) -> bool {
        !self.items && self.rows.is_empty()
    }
}

fn settings(sql: &Connection) -> Result<PurgeSettings, Refused> {
    match find(sql, PURGE_SETTINGS)?.spec {
        Spec::PurgeSettings(settings) => Ok(settings),
        _ => Err(StoreError::Corrupt { what: "item" }.into()),
    }
}

/// So many seconds before a moment, in milliseconds since 1970.
fn before(now: Timestamp, seconds: u64) -> i64 {
    let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    now.as_millisecond().saturating_sub(ms)
}

/// The first moment after `now` at which a clock in this zone shows the time of day. One that a change of the clocks
/// leaves out is as much later as they go forward.
fn next(daily: TimeOfDay, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let time = Time::new(i8::try_from(daily.hour).ok()?, i8::try_from(daily.minute).ok()?, 0, 0).ok()?;
    let mut date = now.to_zoned(zone.clone()).date();
    loop {
        let at = date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
        if at > now {
            return Some(at);
        }
        date = date.tomorrow().ok()?;
    }
}

impl App {
    /// Begins the purge of the day if its time has come: that of the settings, on the server's clock and in its zone
    /// (PUR-2). A time that passed while nobody looked is made up for, once. The first look ever only says when the first
    /// purge is; so does one that finds the settings changed, purging switched off, or the clock set back.
    ///
    /// # Errors
    /// When the store fails.
    pub fn begin_daily_purge(&self) -> Result<Option<Purge>, Refused> {
        let (now, zone) = (self.now(), self.time_zone()?);
        let (settings, planned_ms) = self.store().read(|sql| Ok::<_, Refused>((settings(sql)?, planned(sql)?)))?;
        let now_ms = now.as_millisecond();
        if settings.enabled && planned_ms.is_some_and(|planned| planned <= now_ms) {
            // On a connection of its own: to find what is old takes long where there is much.
            return match self.store().snapshot()? {
                Some(sql) => Purge::begin(&sql, now),
                None => self.store().read(|sql| Purge::begin(sql, now)),
            };
        }
        let next_ms = next(settings.daily, &zone, now).map(Timestamp::as_millisecond);
        if let Some(next_ms) = next_ms.filter(|next| Some(*next) != planned_ms) {
            self.store().write(|sql| meta::set(sql, NEXT, &next_ms.to_string()))?;
        }
        Ok(None)
    }

    /// Goes on with a purge, for at most so many items or numbers of rows; gives whether something is left.
    ///
    /// # Errors
    /// When the store fails; then it is not to be gone on with.
    pub fn purge_piece(&self, purge: &mut Purge, span: u32) -> Result<bool, Refused> {
        self.write(&Caller::server(), &[], Fence::Free, |writer| {
            writer.purge_piece(purge, span)?;
            Ok(Kept::nothing())
        })?;
        Ok(!purge.is_done())
    }

    /// Notes in the log that the purge of the day is done, and when the next one is.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_daily_purge(&self, purge: &Purge) -> Result<Purged, Refused> {
        let (done, zone) = (purge.done, self.time_zone()?);
        self.write(&Caller::server(), &[], Fence::Free, |writer| {
            let name = format!("daily purge: {} items and requests, {} rows of events", done.items(), done.rows());
            writer.audit(Did { name: Some(name), ..Did::of(Action::Purge) })?;
            if let Some(next) = next(settings(writer.sql)?.daily, &zone, writer.now) {
                meta::set(writer.sql, NEXT, &next.as_millisecond().to_string())?;
            }
            Ok(Kept::nothing())
        })?;
        Ok(done)
    }
}

/// When the next purge of the day is, if that was said already.
fn planned(sql: &Connection) -> Result<Option<i64>, StoreError> {
    let number = |text: String| text.parse().map_err(|_| StoreError::Corrupt { what: "number" });
    meta::get(sql, NEXT)?.map(number).transpose()
}

impl Writer<'_> {
    /// Removes what the settings of purging say: what nobody uses any more (PUR-3) and old events (PUR-1), and gives the
    /// numbers.
    ///
    /// # Errors
    /// When the store fails.
    pub fn purge(&mut self) -> Result<Kept, Refused> {
        let Some(mut purge) = Purge::begin(self.sql, self.now)? else {
            return Ok(Kept::value(200, &Purged::default()));
        };
        while !purge.is_done() {
            self.purge_piece(&mut purge, u32::MAX)?;
        }
        let rows = purge.done.rows();
        if rows > 0 {
            self.audit(Did { name: Some(format!("{rows} rows of events")), ..Did::of(Action::Purge) })?;
        }
        Ok(Kept::value(200, &purge.done))
    }

    /// Nothing that is streamed of computers is made of rows of events: how the last run of each task went stays known.
    /// So no revision moves with them.
    fn purge_piece(&mut self, purge: &mut Purge, span: u32) -> Result<(), Refused> {
        if purge.items {
            purge.items = self.purge_unused(&purge.settings, u64::from(span), &mut purge.done.unused)?;
            return Ok(());
        }
        if let Some((count, old)) = purge.rows.first_mut() {
            *count(&mut purge.done.events) += old.remove(self.sql, span)?;
        }
        purge.rows.retain(|(_, old)| !old.is_done());
        Ok(())
    }

    /// PUR-3. What the settings give no time for stays. Removes about `most`, and gives whether there may be more.
    fn purge_unused(&mut self, settings: &PurgeSettings, most: u64, unused: &mut Unused) -> Result<bool, Refused> {
        let (mut entries, mut requests) = (0, 0);
        let before_items = *unused;
        if let Some(seconds) = settings.unused_sequence_entries_seconds {
            entries = self.purge_step_entries(before(self.now, seconds), most)?;
            unused.step_entries += entries;
        }
        if let Some(seconds) = settings.unused_portal_requests_seconds {
            requests = self.purge_requests(before(self.now, seconds), most, unused)?;
        }
        let only_requests = Unused { portal_requests: unused.portal_requests, ..before_items };
        if *unused != only_requests {
            self.next(); // The state is another one now.
        }
        Ok(entries >= most || requests >= most)
    }

    /// Step tasks that have belonged to no sequence since a moment at least (SEQ-7).
    fn purge_step_entries(&mut self, upto_ms: i64, most: u64) -> Result<u64, Refused> {
        let mut removed = 0;
        for json in items::find(self.sql, Some(Kind::StepTask.name()), None)? {
            let item = Item::stored(&json)?;
            let is_unused = matches!(&item.spec, Spec::StepTask(step) if step.sequence.is_none());
            if is_unused && item.modified_at.as_millisecond() <= upto_ms {
                self.purge_item(&item)?;
                removed += 1;
            }
            if removed >= most {
                break;
            }
        }
        Ok(removed)
    }

    /// Portal requests that came to their end before a moment, with what was made for them and serves nobody else.
    fn purge_requests(&mut self, upto_ms: i64, most: u64, unused: &mut Unused) -> Result<u64, Refused> {
        let ends = Status::ENDS.map(Status::name);
        let rows = portal::since(self.sql, &ends, upto_ms, most)?;
        let removed = rows.len() as u64;
        for row in rows {
            portal::remove(self.sql, &row)?;
            let did = Did { name: Some(format!("portal request {}", row.id)), ..Did::of(Action::Purge) };
            self.audit(did)?;
            unused.portal_requests += 1;
            let Some(made) = row.made else { continue };
            unused.portal_tasks += u64::from(self.purge_if_unused(made.task)?);
            unused.portal_collections += u64::from(self.purge_if_unused(made.collection)?);
            self.purge_if_unused(made.folder)?;
        }
        Ok(removed)
    }

    /// Removes an item if it is there, holds nothing, and nothing is for it. Says whether it did.
    fn purge_if_unused(&mut self, guid: Guid) -> Result<bool, Refused> {
        let Some(json) = items::json(self.sql, guid)? else { return Ok(false) };
        let all = i64::MAX.unsigned_abs();
        let users = refs::ends(self.sql, guid, From::Child, all)?;
        let held = refs::ends(self.sql, guid, From::Parent, all)?;
        if users.iter().any(|end| end.hint != refs::FOLDER) || held.iter().any(|end| end.hint == refs::FOLDER) {
            return Ok(false);
        }
        self.purge_item(&Item::stored(&json)?)?;
        Ok(true)
    }

    fn purge_item(&mut self, item: &Item) -> Result<(), Refused> {
        if let Spec::SequentialTask(spec) = &item.spec {
            let revision = self.next();
            self.abandon_steps(item.guid, spec, revision)?; // They have a time of their own.
        }
        refs::remove_to(self.sql, item.guid)?;
        items::delete(self.sql, item.guid)?;
        let mut did = audit_of(Action::Purge, item);
        did.revision_before = Some(item.revision);
        Ok(self.audit(did)?)
    }
}
