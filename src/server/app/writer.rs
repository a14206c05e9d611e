//! What every write shares: who does it, when, the sequence number, the fence, the audit row.

use jiff::Timestamp;

use crate::server::app::audit::Head;
use crate::server::app::audit::Origin;
use crate::server::app::item::Revision;
use crate::server::app::leases;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Principal;
use crate::server::app::role::Role;
use crate::server::ids::Ids;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::meta;

/// Who writes, and under what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// The fence of the lease it holds, as it says.
    pub fence: Option<u64>,
    /// Its idempotency key.
    pub key: Option<String>,
    /// The hash of the plan it carries out.
    pub plan: Option<String>,
    /// The revision that the plan is of.
    pub origin: Option<Origin>,
}

impl Caller {
    /// Someone without fence, key and plan.
    pub const fn plain(principal: Principal) -> Self {
        Self { principal, fence: None, key: None, plan: None, origin: None }
    }

    /// The server itself: at its start, and where it purges by itself.
    pub fn server() -> Self {
        let name = "the server".to_owned();
        Self::plain(Principal { id: String::new(), name, role: Role::Administrator })
    }
}

/// Whether a write needs a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Of an applier, yes; of an administrator, who may be a person at the console, no. One that is sent must hold.
    Needed,
    /// It is about leases themselves.
    Free,
}

/// A write under way, within one transaction.
pub struct Writer<'a> {
    pub(super) sql: &'a Connection,
    pub(super) caller: &'a Caller,
    pub(super) now: Timestamp,
    pub(super) ids: &'a dyn Ids,
    pub(super) head: Head,
    /// Whether a sequential task with another list of steps keeps its GUID: only where an import was told to (SEQ-1).
    pub(super) keeps_sequence_guid: bool,
    started: Head,
    sequence: u64,
    sequence_started: u64,
    /// How many numbers are passed over before the next one; see [`SKIP`].
    skip: u64,
}

/// Under this key stands how many sequence numbers the first write after a start passes over, drawn at each start. A
/// database that was put back does not go on with the numbers that the one it replaces has given out since: what was
/// read of that one is never taken for what this one holds.
const SKIP: &str = "skip";
/// How many numbers are passed over at the most: so many that two histories meet with no likelihood, so few that
/// millions of starts find room in 63 bits.
const SKIP_MAX: u64 = 1 << 40;

/// Draws the numbers that this start passes over.
pub(super) fn draw_skip(sql: &Connection, ids: &dyn Ids) -> Result<(), StoreError> {
    let secret = ids.secret();
    let drawn = u64::from_le_bytes(*secret.first_chunk().expect("32 bytes hold 8")) % SKIP_MAX;
    meta::set(sql, SKIP, &drawn.to_string())
}

impl<'a> Writer<'a> {
    pub(super) fn begin(
        sql: &'a Connection,
        caller: &'a Caller,
        now: Timestamp,
        ids: &'a dyn Ids,
    ) -> Result<Self, Refused> {
        let sequence = meta::number(sql, "sequence")?;
        let head = Head::read(sql)?;
        let started = head.clone();
        let skip = meta::number(sql, SKIP)?;
        Ok(Self {
            sql,
            caller,
            now,
            ids,
            head,
            keeps_sequence_guid: false,
            started,
            sequence,
            sequence_started: sequence,
            skip,
        })
    }

    /// The next sequence number, which is never given again.
    pub(super) const fn next(&mut self) -> Revision {
        self.sequence += 1 + std::mem::replace(&mut self.skip, 0);
        Revision(self.sequence)
    }

    /// Holds the caller to the current lease.
    pub(super) fn check_fence(&self, fence: Fence) -> Result<(), Refused> {
        if fence == Fence::Free {
            return Ok(());
        }
        let Some(sent) = self.caller.fence else {
            if self.caller.principal.role == Role::Administrator {
                return Ok(());
            }
            return Err(Refused::new(Code::FenceRequired, "an applier writes under a lease: send `Consign-Fence`"));
        };
        let current = leases::current(self.sql, self.now)?.map(|lease| lease.fence);
        if current == Some(sent) {
            return Ok(());
        }
        Err(Refused::new(Code::Fenced, "the fence is not that of the current lease").with("fence", current))
    }

    /// Writes down how far the numbers got.
    pub(super) fn finish(self) -> Result<(), Refused> {
        if self.sequence != self.sequence_started {
            meta::set(self.sql, "sequence", &self.sequence.to_string())?;
            if meta::number(self.sql, SKIP)? != self.skip {
                meta::set(self.sql, SKIP, &self.skip.to_string())?;
            }
        }
        if self.head != self.started {
            self.head.write(self.sql)?;
        }
        Ok(())
    }
}
