//! What the server does, apart from how it is asked: operations over the store, pure of HTTP.
//!
//! Every write goes through [`App::write`]: one transaction that holds the effect, its audit row and the answer that
//! a repeated request gets. Nothing here reads a clock or makes a random number but through what [`App::new`] is given.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::Digest;
use sha2::Sha256;

use crate::model::guid::Guid;
use crate::server::ids::Ids;
use crate::server::store::Store;
use crate::server::store::StoreError;
use crate::server::store::idempotency;
use crate::server::store::meta;
use crate::server::store::tokens;
use crate::sys::clock::Clock;

pub mod asdk;
pub mod audit;
pub mod built_in;
pub mod fleet;
pub mod item;
pub mod items;
pub mod kind;
pub mod leases;
pub mod portal;
pub mod read;
pub mod refused;
pub mod rights;
pub mod role;
pub mod seed;
pub mod sequence;
pub mod spec;
pub mod state;
pub mod token;
pub mod usage;
pub mod writer;

use crate::server::app::audit::Action;
use crate::server::app::item::Item;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Principal;
use crate::server::app::role::Role;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;
use crate::server::app::writer::Writer;

/// How long an answer is kept for a request that comes again: eight days, one more than is promised.
const KEPT_MS: i64 = 8 * 24 * 3600 * 1000;

/// The server's operations. Cheap to clone; all clones are one server.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    instance: Guid,
    cache: fleet::Cache,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

/// An answer as it is kept for a request that comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The status, 2xx.
    pub status: u16,
    /// The entity tag.
    pub etag: Option<String>,
    /// The body, JSON; empty for none.
    pub body: String,
}

impl Kept {
    /// An item, with its entity tag.
    pub fn item(status: u16, item: &Item) -> Self {
        Self { status, etag: Some(item.etag()), body: item.to_json() }
    }

    /// Nothing but success.
    pub const fn nothing() -> Self {
        Self { status: 204, etag: None, body: String::new() }
    }

    /// A value that is no item.
    pub fn value(status: u16, value: &impl serde::Serialize) -> Self {
        let body = serde_json::to_string(value).expect("an answer has text keys and whole numbers only");
        Self { status, etag: None, body }
    }
}

impl App {
    /// The server over this store. On first start it gets its instance GUID and the built-in items.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, StoreError> {
        let now = whole_ms(clock.now());
        let instance = store.write(|sql| {
            if let Some(text) = meta::get(sql, "instance")? {
                return text.parse().map_err(|_| StoreError::Corrupt { what: "GUID" });
            }
            let instance = ids.guid();
            meta::set(sql, "instance", &instance.to_string())?;
            meta::set(sql, "name", "consign")?;
            built_in::make(sql, now)?;
            Ok(instance)
        })?;
        let before = now.as_millisecond().saturating_sub(KEPT_MS);
        store.write(|sql| idempotency::forget(sql, before))?;
        store.write(|sql| writer::draw_skip(sql, ids.as_ref()))?;
        Ok(Self { inner: Arc::new(Inner { store, clock, ids, instance, cache: fleet::Cache::default() }) })
    }

    /// The GUID of this database, made once.
    pub fn instance(&self) -> Guid {
        self.inner.instance
    }

    /// The server's time, to the millisecond.
    pub fn now(&self) -> Timestamp {
        whole_ms(self.inner.clock.now())
    }

    pub(in crate::server) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(in crate::server::app) fn cache(&self) -> &fleet::Cache {
        &self.inner.cache
    }

    /// Who holds this token.
    ///
    /// # Errors
    /// `unauthenticated` when nobody does.
    pub fn authenticate(&self, token: &str) -> Result<Principal, Refused> {
        let unknown = || Refused::new(Code::Unauthenticated, "the token is not known here");
        if !token::is_well_formed(token) {
            return Err(unknown());
        }
        let row = self.store().read(|sql| tokens::by_digest(sql, &token::digest(token)))?.ok_or_else(unknown)?;
        let role = Role::from_name(&row.role).ok_or(StoreError::Corrupt { what: "role" })?;
        Ok(Principal { id: row.id, name: row.name, role })
    }

    /// Does `act` once: in one transaction with its audit rows and, under the caller's idempotency key, its answer. The
    /// same request again gets that answer, `true`, and has no second effect, even where its fence has passed.
    ///
    /// `request` is the digest of what makes the request that request.
    ///
    /// # Errors
    /// `key_reused` for another request under that key, `fence_required` and `fenced`, and what `act` returns.
    pub fn write(
        &self,
        caller: &Caller,
        request: &[u8],
        fence: Fence,
        act: impl FnOnce(&mut Writer<'_>) -> Result<Kept, Refused>,
    ) -> Result<(Kept, bool), Refused> {
        let now = self.now();
        self.store().write(|sql| {
            if let Some(key) = &caller.key
                && let Some(row) = idempotency::find(sql, &caller.principal.id, key)?
            {
                if row.request != request {
                    return Err(Refused::new(Code::KeyReused, "the idempotency key belongs to another request")
                        .with("field", "Idempotency-Key"));
                }
                return Ok((Kept { status: row.status, etag: row.etag, body: row.body }, true));
            }
            let mut writer = Writer::begin(sql, caller, now, self.inner.ids.as_ref())?;
            writer.check_fence(fence)?;
            let kept = act(&mut writer)?;
            writer.finish()?;
            if let Some(key) = &caller.key {
                let row = idempotency::KeptRow {
                    request: request.to_vec(),
                    status: kept.status,
                    etag: kept.etag.clone(),
                    body: kept.body.clone(),
                };
                idempotency::keep(sql, &caller.principal.id, key, &row, now.as_millisecond())?;
            }
            Ok((kept, false))
        })
    }

    /// Makes a token and gives it: the only time that it is seen.
    ///
    /// # Errors
    /// `invalid` when there is one of that name, or the name is none.
    pub fn create_token(&self, name: &str, role: Role) -> Result<String, Refused> {
        let token = token::of(self.inner.ids.secret());
        self.adopt_token(name, role, &token)?;
        Ok(token)
    }

    /// Lets in a token that was made elsewhere.
    ///
    /// # Errors
    /// As [`Self::create_token`]; and `invalid` when it has not the form of one.
    pub fn adopt_token(&self, name: &str, role: Role, token: &str) -> Result<(), Refused> {
        let caller = Caller::server();
        let now = self.now();
        self.store().write(|sql| {
            let mut writer = Writer::begin(sql, &caller, now, self.inner.ids.as_ref())?;
            writer.add_token(name, role, token)?;
            writer.finish()
        })
    }

    /// Whether anybody has a token.
    ///
    /// # Errors
    /// When the store fails.
    pub fn has_tokens(&self) -> Result<bool, StoreError> {
        Ok(!self.store().read(tokens::list)?.is_empty())
    }

    /// Forgets answers that are older than is promised. Called when a lease is taken: once an apply.
    pub(in crate::server) fn forget_old_answers(&self) -> Result<(), StoreError> {
        let before = self.now().as_millisecond().saturating_sub(KEPT_MS);
        self.store().write(|sql| idempotency::forget(sql, before))
    }
}

/// Times are kept to the millisecond, so that they read back as they were written.
fn whole_ms(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).expect("a timestamp without its last digits is one")
}

/// The digest of some bytes, as `sha256:HEX` has it after the colon.
pub(in crate::server) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every write");
        text
    })
}

/// The digest of a few pieces, each with its length, so that no two lists of pieces are digested alike.
pub fn digest_of(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update((piece.len() as u64).to_le_bytes());
        hash.update(piece);
    }
    hash.finalize().into()
}

/// What an action did to an item, for its audit row.
pub(in crate::server::app) fn audit_of(action: Action, item: &Item) -> audit::Did {
    audit::Did {
        guid: Some(item.guid.to_string()),
        kind: Some(item.kind),
        name: Some(item.name.clone()),
        ..audit::Did::of(action)
    }
}
