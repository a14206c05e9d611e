//! Everything that is known of the computers, as lines: a header, computers, sets of their numbers, gaps, and an end that
//! counts and digests, as in the stream of the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use roaring::RoaringBitmap;
use sha2::Digest;
use sha2::Sha256;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::fleet::Numbers;
use crate::server::app::fleet::Revisions;
use crate::server::app::fleet::Subjects;
use crate::server::app::fleet::line::Computer;
use crate::server::app::fleet::line::Header;
use crate::server::app::fleet::line::Line;
use crate::server::app::fleet::line::Part;
use crate::server::app::fleet::line::Restarts;
use crate::server::app::fleet::line::base64_of;
use crate::server::app::fleet::locked;
use crate::server::app::fleet::members::Members;
use crate::server::app::fleet::shown;
use crate::server::app::hex;
use crate::server::app::item::Item;
use crate::server::app::kind::Kind;
use crate::server::app::spec::Spec;
use crate::server::app::state::End;
use crate::server::app::state::FORMAT;
use crate::server::app::state::line;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::fleet;
use crate::server::store::fleet::Known;
use crate::server::store::items;

/// How large a piece of the stream is, about.
const CHUNK_BYTES: usize = 256 * 1024;

/// Everything between header and end.
#[derive(Debug)]
pub(in crate::server::app) struct Body {
    mark: String,
    chunks: Vec<Bytes>,
    count: u64,
    digest: String,
    members: Arc<Members>,
}

impl App {
    /// Everything that is known of the computers now, in pieces. Kept until something moves.
    ///
    /// # Errors
    /// When the store fails.
    pub fn fleet_chunks(&self, limits: &Limits) -> Result<Vec<Bytes>, StoreError> {
        let body = self.fleet_body(limits)?;
        let header = Header {
            format: FORMAT,
            instance: self.instance(),
            mark: body.mark.clone(),
            time: self.now().to_string(),
            server_zone: self.zone()?,
        };
        let end = End { line: "end".to_owned(), count: body.count, digest: body.digest.clone() };
        let mut chunks = vec![Bytes::from(line(&header))];
        chunks.extend(body.chunks.iter().cloned());
        chunks.push(Bytes::from(line(&end)));
        Ok(chunks)
    }

    fn fleet_body(&self, limits: &Limits) -> Result<Arc<Body>, StoreError> {
        let mut kept = locked(&self.cache().body);
        let now = self.revisions()?;
        if let Some((made, body)) = &*kept
            && *made == now
            && !body.members.is_to_be_tried_again()
        {
            return Ok(body.clone());
        }
        let mut members = locked(&self.cache().members);
        self.store().ask(|asker| {
            let at = Revisions::read(asker.sql)?;
            let members = self.members_within(asker, at, &mut members, limits)?;
            let body = Arc::new(body(asker.sql, &members)?);
            *kept = Some((at, body.clone()));
            Ok(body)
        })
    }
}

/// Lines on their way out.
struct Out {
    chunks: Vec<Bytes>,
    open: Vec<u8>,
    count: u64,
    hash: Sha256,
}

impl Out {
    fn put(&mut self, value: &Line) {
        serde_json::to_writer(&mut self.open, value).expect("a line has text keys and whole numbers only");
        self.open.push(b'\n');
        self.count += 1;
        if self.open.len() >= CHUNK_BYTES {
            self.close();
        }
    }

    fn close(&mut self) {
        let chunk = std::mem::take(&mut self.open);
        self.hash.update(&chunk);
        self.chunks.push(Bytes::from(chunk));
    }
}

fn body(sql: &Connection, members: &Arc<Members>) -> Result<Body, StoreError> {
    let mut out = Out { chunks: Vec::new(), open: Vec::new(), count: 0, hash: Sha256::new() };
    let numbers = &members.numbers;
    if numbers.is_empty() {
        for part in [Part::Computers, Part::Members, Part::History, Part::Packages, Part::Licences] {
            out.put(&Line::Gap { part, why: "no computer has been loaded".to_owned() });
        }
    } else {
        put_computers(sql, &mut out)?;
        put_members(members, &mut out);
        let subjects = Subjects::read(sql)?;
        put_history(sql, numbers, &subjects, &mut out)?;
        put_packages(sql, numbers, &subjects, &mut out)?;
        put_licences(sql, numbers, &mut out)?;
        put_restarts(sql, numbers, &mut out)?;
    }
    out.close();
    let digest = format!("sha256:{}", hex(&out.hash.finalize()));
    Ok(Body { mark: numbers.mark.clone(), chunks: out.chunks, count: out.count, digest, members: members.clone() })
}

fn put_computers(sql: &Connection, out: &mut Out) -> Result<(), StoreError> {
    let mut wrong = None;
    fleet::each_computer(sql, |row| match Computer::of(row) {
        Ok(computer) => out.put(&Line::Computer(computer)),
        Err(error) => wrong = Some(error),
    })?;
    wrong.map_or(Ok(()), Err)
}

fn put_members(members: &Members, out: &mut Out) {
    for (&collection, member) in &members.of {
        out.put(&match member {
            Ok(member) => Line::Members {
                collection,
                effective: base64_of(&member.effective),
                query: member.query.as_deref().map(base64_of),
            },
            Err(why) => Line::UnknownMembers { collection, why: why.clone() },
        });
    }
}

#[derive(Default)]
struct Sets {
    succeeded: RoaringBitmap,
    failed: RoaringBitmap,
    unknown: RoaringBitmap,
    newest_ms: Option<i64>,
}

/// A line for every task, sequential task and delivery policy, also where nobody ran it: that is knowledge too. And for
/// what is no item any more and was run.
fn put_history(sql: &Connection, numbers: &Numbers, subjects: &Subjects, out: &mut Out) -> Result<(), StoreError> {
    let mut of: BTreeMap<i64, Sets> = BTreeMap::new();
    fleet::each_known(sql, |Known { task, computer, at_ms, success }| {
        let Some(place) = numbers.of_id(computer) else { return };
        let sets = of.entry(task).or_default();
        sets.newest_ms = sets.newest_ms.max(at_ms);
        match success {
            Some(true) => sets.succeeded.insert(place),
            Some(false) => sets.failed.insert(place),
            None => sets.unknown.insert(place),
        };
    })?;
    let mut by_guid: BTreeMap<Guid, Sets> = BTreeMap::new();
    for (task, sets) in of {
        by_guid.insert(subjects.guid(task)?, sets);
    }
    for kind in [Kind::Task, Kind::SequentialTask, Kind::DeliveryPolicy] {
        for guid in items_of(sql, kind)? {
            by_guid.entry(guid).or_default();
        }
    }
    for (task, mut sets) in by_guid {
        sets.unknown -= &sets.succeeded;
        sets.unknown -= &sets.failed;
        let encoded = |mut set: RoaringBitmap| {
            set.optimize();
            base64_of(&set)
        };
        let newest = sets.newest_ms.map(shown).transpose()?;
        let Sets { succeeded, failed, unknown, .. } = sets;
        let (succeeded, failed, unknown) = (encoded(succeeded), encoded(failed), encoded(unknown));
        out.put(&Line::History { task, succeeded, failed, unknown, newest });
    }
    Ok(())
}

fn items_of(sql: &Connection, kind: Kind) -> Result<Vec<Guid>, StoreError> {
    let found = items::find(sql, Some(kind.name()), None)?;
    found.iter().map(|json| Ok(Item::stored(json)?.guid)).collect()
}

/// A line for every package that reports its downloads; of the others nobody knows who has them (PKG-5).
fn put_packages(sql: &Connection, numbers: &Numbers, subjects: &Subjects, out: &mut Out) -> Result<(), StoreError> {
    let mut of: BTreeMap<Guid, (RoaringBitmap, Option<u64>)> = BTreeMap::new();
    let mut silent = Vec::new();
    for json in items::find(sql, Some(Kind::Package.name()), None)? {
        let item = Item::stored(&json)?;
        match item.spec {
            Spec::Package(package) if !package.verbose_status_events => silent.push(item.guid),
            _ => {
                of.insert(item.guid, (RoaringBitmap::new(), None));
            }
        }
    }
    for (package, bytes) in fleet::snapshot_bytes(sql)? {
        of.entry(subjects.guid(package)?).or_default().1 = Some(bytes);
    }
    let mut sets: BTreeMap<i64, RoaringBitmap> = BTreeMap::new();
    fleet::each_cached(sql, |package, computer| {
        sets.entry(package).or_default().extend(numbers.of_id(computer));
    })?;
    for (package, mut set) in sets {
        set.optimize();
        of.entry(subjects.guid(package)?).or_default().0 = set;
    }
    for guid in silent {
        of.remove(&guid);
    }
    for (package, (cached, bytes)) in of {
        out.put(&Line::Package { package, cached: base64_of(&cached), bytes });
    }
    Ok(())
}

fn put_licences(sql: &Connection, numbers: &Numbers, out: &mut Out) -> Result<(), StoreError> {
    let gap = |why: String| Line::Gap { part: Part::Licences, why };
    let Some(pool) = fleet::pool(sql)? else {
        out.put(&gap("no licence pool has been loaded".to_owned()));
        return Ok(());
    };
    let held = fleet::licence_holders(sql)?;
    let set = |ids: &[i64]| ids.iter().filter_map(|id| numbers.of_id(*id)).collect::<RoaringBitmap>();
    let holders = set(&held);
    let gone = held.len() as u64 - holders.len();
    if gone > 0 {
        // LIC-4: they have no number any more, so no set can show them.
        out.put(&gap(format!("{gone} licences are held by computers that were deleted, until licences are refreshed")));
    }
    out.put(&Line::Licences {
        pool: pool.pool,
        holders: base64_of(&holders),
        plugin: base64_of(&set(&fleet::plugin_holders(sql)?)),
        expires: pool.expires_ms.map(shown).transpose()?,
        maintenance_expires: pool.maintenance_expires_ms.map(shown).transpose()?,
    });
    Ok(())
}

/// One line: how often computers said that they restarted; who is in none of its sets never did.
fn put_restarts(sql: &Connection, numbers: &Numbers, out: &mut Out) -> Result<(), StoreError> {
    let mut of: BTreeMap<u64, RoaringBitmap> = BTreeMap::new();
    for (computer, times) in fleet::restarts(sql)? {
        of.entry(times).or_default().extend(numbers.of_id(computer));
    }
    let counts = of.into_iter().map(|(times, set)| Restarts { times, computers: base64_of(&set) }).collect();
    out.put(&Line::Restarts { counts });
    Ok(())
}
