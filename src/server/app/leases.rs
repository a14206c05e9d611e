//! Leases: who applies now. Each has a fence, a number that only grows, by which every write is checked; so whoever
//! lost the lease without noticing cannot write any more.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::items::check_name;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Role;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::leases as rows;
use crate::server::store::leases::LeaseRow;

/// How long a lease may last before it is renewed, in seconds.
pub const TTL_SECONDS: std::ops::RangeInclusive<u64> = 5..=600;

/// A lease that was taken or renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// Its GUID.
    pub lease: Guid,
    /// The number to send with each write.
    pub fence: u64,
    /// When it runs out, on the server's clock.
    pub expires_at: String,
}

/// The lease that holds now, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Its GUID.
    pub lease: Guid,
    /// Who holds it.
    pub holder: String,
    /// Its number.
    pub fence: u64,
    /// When it was taken.
    pub since: String,
    /// When it runs out.
    pub expires_at: String,
}

/// The lease that holds at a moment.
pub(super) fn current(sql: &Connection, now: Timestamp) -> Result<Option<LeaseRow>, StoreError> {
    Ok(rows::last(sql)?.filter(|lease| !lease.released && lease.expires_ms > now.as_millisecond()))
}

fn shown(ms: i64) -> Result<String, StoreError> {
    Ok(Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt { what: "time" })?.to_string())
}

fn end(now: Timestamp, ttl_seconds: u64) -> Result<i64, Refused> {
    if !TTL_SECONDS.contains(&ttl_seconds) {
        return Err(Refused::invalid("ttlSeconds", "a lease lasts 5 to 600 seconds"));
    }
    Ok(now.as_millisecond() + i64::try_from(ttl_seconds).expect("600 fits") * 1000)
}

impl Writer<'_> {
    /// Takes the lease.
    ///
    /// # Errors
    /// `lease_held` while another is unexpired.
    pub fn take_lease(&mut self, holder: &str, ttl_seconds: u64) -> Result<Kept, Refused> {
        check_name(holder).map_err(|refused| refused.with("field", "holder"))?;
        let expires_ms = end(self.now, ttl_seconds)?;
        if let Some(held) = current(self.sql, self.now)? {
            return Err(Refused::new(Code::LeaseHeld, "another holds the lease")
                .with("holder", held.holder)
                .with("since", held.since)
                .with("expiresAt", shown(held.expires_ms)?));
        }
        let guid = self.ids.guid();
        let token = &self.caller.principal.id;
        let fence = rows::take(self.sql, guid, holder, token, &self.now.to_string(), expires_ms)?;
        self.audit_lease(guid, holder, fence)?;
        Ok(Kept::value(201, &Taken { lease: guid, fence, expires_at: shown(expires_ms)? }))
    }

    /// Moves the end of a lease to so many seconds from now. One that has run out comes back, as long as nobody took
    /// another: its fence is still the highest.
    ///
    /// # Errors
    /// `not_found` when it was given back or taken over.
    pub fn renew_lease(&mut self, guid: Guid, ttl_seconds: u64) -> Result<Kept, Refused> {
        let expires_ms = end(self.now, ttl_seconds)?;
        let lease = self.own_lease(guid, false)?;
        rows::renew(self.sql, guid, expires_ms)?;
        self.audit_lease(guid, &lease.holder, lease.fence)?;
        Ok(Kept::value(200, &Taken { lease: guid, fence: lease.fence, expires_at: shown(expires_ms)? }))
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// `not_found` as for a renewal; `forbidden` for another's, except to an administrator.
    pub fn release_lease(&mut self, guid: Guid) -> Result<Kept, Refused> {
        let lease = self.own_lease(guid, true)?;
        rows::release(self.sql, guid)?;
        self.audit_lease(guid, &lease.holder, lease.fence)?;
        Ok(Kept::nothing())
    }

    fn own_lease(&self, guid: Guid, administrator_may: bool) -> Result<LeaseRow, Refused> {
        let lease = rows::last(self.sql)?
            .filter(|lease| lease.guid == guid && !lease.released)
            .ok_or_else(|| Refused::new(Code::NotFound, "the lease was given back or taken over"))?;
        let who = &self.caller.principal;
        if lease.token == who.id || (administrator_may && who.role == Role::Administrator) {
            return Ok(lease);
        }
        Err(Refused::new(Code::Forbidden, "the lease is another's").with("needs", Role::Administrator.name()))
    }

    fn audit_lease(&mut self, guid: Guid, holder: &str, fence: u64) -> Result<(), StoreError> {
        self.audit(Did {
            guid: Some(guid.to_string()),
            name: Some(holder.to_owned()),
            fence: Some(fence),
            ..Did::of(Action::Lease)
        })
    }
}

impl App {
    /// The lease that holds now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn lease(&self) -> Result<Option<Held>, StoreError> {
        let now = self.now();
        let Some(row) = self.store().read(|sql| current(sql, now))? else { return Ok(None) };
        let expires_at = shown(row.expires_ms)?;
        Ok(Some(Held { lease: row.guid, holder: row.holder, fence: row.fence, since: row.since, expires_at }))
    }
}
