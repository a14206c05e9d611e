//! Server APIs as the client sees them. An adapter translates; it decides nothing.
//!
//! Reading and writing are two traits and two types of connection: what holds a [`ReadAdapter`] alone cannot write,
//! whatever its code does.

pub mod altiris;
pub mod names;
pub mod native;
pub mod shown;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::agent::happening::Happening;
use crate::model::capabilities::Capabilities;
use crate::model::collection::Query;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::observed::ServerIdentity;
use crate::model::package::SecretRef;
use crate::plan::origin::Origin;
use crate::reach::Known;
use crate::sys::hmac::password_mark;
use crate::sys::http::TransportError;

/// A connection that can only read.
#[async_trait]
pub trait ReadAdapter: Send + Sync {
    /// What this API can hold and do. Known before the first request.
    fn capabilities(&self) -> &Capabilities;

    /// Asks who the server is.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or answers out of its contract.
    async fn identity(&self) -> Result<ServerIdentity, AdapterError>;

    /// Reads what the server holds, and says how much of each kind it got.
    ///
    /// With `known`, the mark of a state that was read before, a server that has not changed since may say so instead.
    ///
    /// # Errors
    /// When nothing at all could be learnt; a read that got somewhere is an [`Observed`] with gaps.
    async fn observe(&self, known: Option<&str>) -> Result<Observation, AdapterError>;

    /// Reads what is known of the computers. Never fails: what could not be read is a gap and says why, for a plan is
    /// worth having without it, and "nobody" is never an answer to a cut connection.
    async fn fleet(&self) -> FleetRead {
        FleetRead::untold("this server's API tells nothing of its computers")
    }

    /// The same as it comes, whole, for a file that can be read again; only where the API has a form for it.
    ///
    /// # Errors
    /// [`AdapterError::Unsupported`] where it has none; else as [`Self::identity`].
    async fn fleet_text(&self) -> Result<Vec<u8>, AdapterError> {
        Err(AdapterError::Unsupported { what: "a file of what it tells of its computers" })
    }

    /// Whom a query finds that no collection has stored, of the computers that were read before. Nothing is stored.
    async fn evaluate(&self, _query: &Query, _read: &FleetRead) -> Known<Computers> {
        Known::Unknown("this server's API evaluates no query without storing it".to_owned())
    }

    /// What the item refers to and what refers to it, as the server keeps it (COL-3).
    ///
    /// # Errors
    /// As [`Self::identity`]; [`AdapterError::NotFound`] where there is no such item.
    async fn references(&self, guid: Guid) -> Result<Vec<Reference>, AdapterError>;

    /// What was done to an item, oldest first, by a GUID that it has or had, or by its name, which others may have as
    /// well; `None` where the server's API tells nothing of that.
    ///
    /// # Errors
    /// As [`Self::identity`].
    async fn history(&self, _about: &str) -> Result<Option<Vec<Done>>, AdapterError> {
        Ok(None)
    }

    /// What computers reported of a job since a moment: who was given it, who ran it, and how it went. What a computer has
    /// not reported yet, and what the server has purged since, is not in it.
    ///
    /// # Errors
    /// As [`Self::identity`].
    async fn runs(&self, _job: Guid, _since: Timestamp) -> Result<Known<Runs>, AdapterError> {
        Ok(Known::Unknown("this server's API tells nothing of single runs".to_owned()))
    }
}

/// Computers that reported something of jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Were given a job, or given it anew.
    pub given: BTreeSet<Guid>,
    /// Ran one, or a part of one.
    pub ran: BTreeSet<Guid>,
    /// Ran one as a whole, last with success.
    pub succeeded: BTreeSet<Guid>,
    /// Ran one as a whole, last without success.
    pub failed: BTreeSet<Guid>,
    /// When each computer ended one as a whole, and whether with success; in the order of time.
    pub ends: BTreeMap<Guid, Vec<(Timestamp, bool)>>,
}

impl Runs {
    /// Those of another job with these. Whoever failed in any has failed.
    pub fn add(&mut self, other: Self) {
        let Self { given, ran, succeeded, failed, ends } = other;
        self.given.extend(given);
        self.ran.extend(ran);
        self.failed.extend(failed);
        self.succeeded.extend(succeeded);
        self.succeeded.retain(|computer| !self.failed.contains(computer));
        for (computer, more) in ends {
            let all = self.ends.entry(computer).or_default();
            all.extend(more);
            all.sort_unstable();
        }
    }
}

/// A connection that can write as well.
#[async_trait]
pub trait WriteAdapter: ReadAdapter {
    /// How many requests that write were sent since the connection was made, where a write is more than one; `None` where
    /// each is one.
    fn calls(&self) -> Option<u64> {
        None
    }

    /// Takes the server's lease, so that no other apply runs. `key` makes a repeated request the same one.
    ///
    /// # Errors
    /// [`AdapterError::LeaseHeld`] while somebody else has it.
    async fn acquire(&self, holder: &str, ttl: Duration, key: &str) -> Result<Lease, AdapterError>;

    /// Holds the lease for another `ttl`.
    ///
    /// # Errors
    /// [`AdapterError::Fenced`] when it is not ours any more.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<(), AdapterError>;

    /// Gives the lease back; one that is gone already is no error.
    ///
    /// # Errors
    /// When the server could not be told.
    async fn release(&self, lease: &Lease) -> Result<(), AdapterError>;

    /// Makes one write true: one attempt, no retry. A write that was made under this key before has no second effect;
    /// an API without keys reads first where the envelope says that the write is in doubt, and sends what is missing.
    ///
    /// # Errors
    /// See [`AdapterError::fate`] for what a failure says about the write.
    async fn write(&self, envelope: &Envelope<'_>, write: &Write<'_>) -> Result<Receipt, AdapterError>;

    /// Makes several writes true in one transaction, or none; at most `Capabilities::batch_max`.
    ///
    /// # Errors
    /// As [`Self::write`], with the place of the write that was refused, where one was.
    async fn write_batch(&self, envelope: &Envelope<'_>, writes: &[Write<'_>]) -> Result<Vec<Receipt>, BatchError>;
}

/// A connection for simulated computers: they ask for their policy, look for files, and say what they did.
#[async_trait]
pub trait AgentAdapter: Send + Sync {
    /// A computer asks for its policy, at a time on its own clock.
    ///
    /// # Errors
    /// [`AdapterError::NotFound`] where the server does not know it.
    async fn policy(&self, computer: Guid, at: Timestamp, key: &str) -> Result<Told, AdapterError>;

    /// A computer asks where the files of a package are (DLV-1).
    ///
    /// # Errors
    /// [`AdapterError::NotFound`] where there is no such package.
    async fn find_files(&self, computer: Guid, package: Guid) -> Result<(), AdapterError>;

    /// A computer says what it did, in the order in which it did it; says whether it holds a patch licence then. The
    /// same report under the same key counts once.
    ///
    /// # Errors
    /// As [`Self::policy`].
    async fn report(&self, computer: Guid, happenings: &[Happening], key: &str) -> Result<bool, AdapterError>;
}

/// What a computer is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// What is assigned to it, with the packages and programs of that.
    pub items: Vec<(Guid, Item)>,
    /// The zone of the server, an IANA name.
    pub server_zone: String,
    /// Whether it has the patch plug-in, as far as the server knows.
    pub has_plugin: bool,
}

/// What was read of the computers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FleetRead {
    /// What is known, and what is not.
    pub fleet: Fleet,
    /// The server's mark of which computers there are: with another one, numbers mean others. `None`: nothing was read.
    pub mark: Option<String>,
}

impl FleetRead {
    /// Nothing is known, for one reason.
    pub fn untold(why: &str) -> Self {
        const PARTS: [Part; 5] = [Part::Computers, Part::Members, Part::History, Part::Packages, Part::Licences];
        let gaps = PARTS.into_iter().map(|part| (part, why.to_owned())).collect();
        Self { fleet: Fleet { gaps, ..Fleet::default() }, mark: None }
    }
}

/// The answer to [`ReadAdapter::observe`].
#[derive(Clone, Debug)]
pub enum Observation {
    /// Nothing has changed since the state that was known.
    Unchanged,
    /// What there is.
    Fresh(Observed),
}

/// Something that was done to an item, as the server's audit tells it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Done {
    /// When, by the server's clock.
    pub time: String,
    /// Who: the name of the token.
    pub by: String,
    /// The token's role.
    pub role: String,
    /// What: `create`, `update`, `replace`, `delete`, or another word of the server's.
    pub action: String,
    /// The kind of the item, as the server calls it.
    pub kind: Option<String>,
    /// The item's name then.
    pub name: Option<String>,
    /// The hash of the plan that did it; `None`: it was done by hand, or by something else.
    pub plan: Option<String>,
    /// The commit that the plan was of.
    pub commit: Option<String>,
}

/// A row of the server's own references (COL-3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Reference {
    /// Whether the item asked about is the one that refers (`true`) or the one referred to.
    pub outgoing: bool,
    /// The server's word for the relation, such as `policyappliestocollection`.
    pub hint: String,
    /// The other item.
    pub guid: Guid,
    /// Its kind, as the server calls it.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A server's promise that nobody else applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The lease's own name; empty where the server has none.
    pub id: String,
    /// The fencing number that each write carries.
    pub fence: u64,
}

/// What goes with every write of an apply.
pub struct Envelope<'a> {
    /// The lease it is made under.
    pub lease: &'a Lease,
    /// Names the write for good: the same in every attempt and in every run of the same plan.
    pub idempotency_key: &'a str,
    /// Whether an earlier attempt, or an earlier run of the same plan, may have made the write, or a part of it. An API
    /// without idempotency keys settles that by reading before anything is sent.
    pub in_doubt: bool,
    /// The hash of the plan, for the server's audit.
    pub plan: &'a str,
    /// The revision that the plan is of, for the server's audit.
    pub origin: Option<&'a Origin>,
    /// What names stand for on this server.
    pub directory: &'a Directory,
    /// Passwords by the reference that a manifest names, resolved before the first write.
    pub secrets: &'a Secrets,
}

/// What names stand for on a server: items that were observed, and those made since.
pub type Directory = BTreeMap<ItemKey, Guid>;

/// Secrets by the printed form of their reference (`env:NAME`, `file:PATH`), and the key that passwords are marked with.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    by_name: BTreeMap<String, SecretString>,
    key: Option<SecretString>,
}

impl Secrets {
    /// None.
    pub const fn new() -> Self {
        Self { by_name: BTreeMap::new(), key: None }
    }

    /// None yet; passwords are marked with this key where there is one.
    pub const fn keyed(key: Option<SecretString>) -> Self {
        Self { by_name: BTreeMap::new(), key }
    }

    /// Takes one in.
    pub fn insert(&mut self, name: String, secret: SecretString) {
        self.by_name.insert(name, secret);
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.by_name.get(name)
    }

    /// The mark of an account's password, where there is a key and the password was resolved.
    pub fn mark(&self, account: &str, reference: &SecretRef) -> Option<String> {
        let (key, password) = (self.key.as_ref()?, self.get(&secret_name(reference))?);
        Some(password_mark(key.expose_secret(), account, password.expose_secret()))
    }
}

/// The name of a secret's reference in [`Secrets`].
pub fn secret_name(reference: &SecretRef) -> String {
    match reference {
        SecretRef::Env(name) => format!("env:{name}"),
        SecretRef::File(path) => format!("file:{path}"),
        SecretRef::Secret(name) => format!("secret:{name}"),
    }
}

/// One write.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// The item it is about, as the manifests call it.
    pub key: &'a ItemKey,
    /// What it does.
    pub effect: Effect<'a>,
    /// The item as it is to be right before, by the plan; `None` for what is made. Where a change is several requests, it
    /// tells one that broke off in between from a change of somebody else's.
    pub before: Option<&'a Item>,
}

/// What a write does. `state` is the whole item as it is to be.
#[derive(Clone, Copy, Debug)]
pub enum Effect<'a> {
    /// Makes it; refused when it is there.
    Create {
        /// The item.
        state: &'a Item,
    },
    /// Changes it; refused when its revision is another.
    Update {
        /// Which one.
        guid: Guid,
        /// The revision it must still have.
        revision: &'a str,
        /// The item.
        state: &'a Item,
    },
    /// Deletes it; refused when its revision is another.
    Delete {
        /// Which one.
        guid: Guid,
        /// The revision it must still have.
        revision: &'a str,
    },
}

/// What a server answered to a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The item's identity afterwards; another one than before where the server gave it a new one (SEQ-1).
    pub guid: Guid,
    /// Its revision afterwards; empty after a delete.
    pub revision: String,
    /// Whether the server had already made this write under this key.
    pub replayed: bool,
}

/// Why a batch was not made.
#[derive(Debug, thiserror::Error)]
#[error("a batch was not made")]
pub struct BatchError {
    /// The place of the write that was refused, where the server named one.
    pub index: Option<usize>,
    /// Why.
    #[source]
    pub error: AdapterError,
}

/// Why a request to a server came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// No answer: the server is down, the connection was cut, the answer was late or broken off.
    #[error("{}", no_answer(server, source))]
    NoAnswer {
        /// Its address.
        server: String,
        /// What happened.
        #[source]
        source: TransportError,
    },
    /// It is overloaded or broken for the moment: 429, 500, 502, 503, 504.
    #[error("server `{server}` cannot answer now (HTTP {status})")]
    Busy {
        /// Its address.
        server: String,
        /// The HTTP status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// It does not know the credentials (401).
    #[error("server `{server}` refused the credentials")]
    Denied {
        /// Its address.
        server: String,
    },
    /// It knows them, and they are not enough (403).
    #[error("server `{server}` does not allow it: {message}")]
    Forbidden {
        /// Its address.
        server: String,
        /// What it said.
        message: String,
    },
    /// There is no such item (404).
    #[error("server `{server}` has no such item")]
    NotFound {
        /// Its address.
        server: String,
    },
    /// The item is not as it was read (412).
    #[error("`{item}` changed on server `{server}` since it was read")]
    Stale {
        /// Its address.
        server: String,
        /// The item.
        item: ItemKey,
    },
    /// The lease is not ours any more.
    #[error("server `{server}` took the lease away: another apply has it, or it ran out")]
    Fenced {
        /// Its address.
        server: String,
    },
    /// Somebody else applies.
    #[error("server `{server}` is locked by {holder} since {since}")]
    LeaseHeld {
        /// Its address.
        server: String,
        /// Who.
        holder: String,
        /// Since when, as the server wrote it.
        since: String,
        /// Until when, if it is not renewed, as the server wrote it.
        expires: String,
    },
    /// It refused the write for good, such as a package in use (PKG-8).
    #[error("server `{server}` refused `{item}`: {message}")]
    Refused {
        /// Its address.
        server: String,
        /// The item.
        item: String,
        /// The server's word for it.
        code: String,
        /// What it said.
        message: String,
    },
    /// The server's API has nothing of this kind; nothing was asked.
    #[error("the server's API has no {what}")]
    Unsupported {
        /// What was wanted.
        what: &'static str,
    },
    /// A part of it that this needs is not there: a solution is not installed, or its version has no such method.
    #[error("server `{server}` has no {what}: {why}")]
    NotInstalled {
        /// Its address.
        server: String,
        /// What is not there, such as a service or a method.
        what: String,
        /// How that showed.
        why: String,
    },
    /// Its licence for this is missing or has expired.
    #[error("server `{server}` has no licence for it: {message}")]
    Unlicensed {
        /// Its address.
        server: String,
        /// What it said.
        message: String,
    },
    /// The item is there, and is of another type than was asked for.
    #[error("server `{server}` says that the item is of another type: {message}")]
    WrongKind {
        /// Its address.
        server: String,
        /// What it said.
        message: String,
    },
    /// It tried and failed, and nobody knows how far it came.
    #[error("server `{server}` failed at `{what}`: {message}")]
    Failed {
        /// Its address.
        server: String,
        /// What it was doing.
        what: String,
        /// What it said.
        message: String,
    },
    /// A value cannot be put into a request; nothing was sent.
    #[error("`{item}` cannot be sent to server `{server}`: {why}")]
    Unsayable {
        /// Its address.
        server: String,
        /// What the value belongs to.
        item: String,
        /// Which field, and what is wrong with it.
        why: String,
    },
    /// It speaks another version of the API.
    #[error("server `{server}` speaks version {found} of the API; this program speaks {expected}")]
    OtherVersion {
        /// Its address.
        server: String,
        /// What it speaks.
        found: String,
        /// What we speak.
        expected: &'static str,
    },
    /// It sent something that its contract does not allow.
    #[error("server `{server}` sent a {what} that does not follow its API: {why}")]
    Malformed {
        /// Its address.
        server: String,
        /// What it was to be.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A name in a write stands for nothing on the server.
    #[error("`{item}` refers to `{target}`, which server `{server}` does not have")]
    Unresolved {
        /// Its address.
        server: String,
        /// The item that refers.
        item: ItemKey,
        /// What it refers to; boxed, so that a result without an error stays small.
        target: Box<ItemKey>,
    },
    /// A password that a write needs was not resolved before it.
    #[error("`{item}` needs the secret `{secret}`, which was not resolved")]
    NoSecret {
        /// The item.
        item: ItemKey,
        /// The printed form of its reference.
        secret: String,
    },
}

/// What it was that brought no answer: who is not let in got one, of a kind.
fn no_answer(server: &str, source: &TransportError) -> String {
    match source {
        TransportError::Denied { .. } => format!("server `{server}` cannot be logged on to"),
        _ => format!("server `{server}` gave no answer"),
    }
}

/// What a failure says about a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It had no effect.
    NotMade,
    /// It may have had one.
    Unknown,
}

impl AdapterError {
    /// What this failure says about a write.
    pub const fn fate(&self) -> Fate {
        match self {
            Self::NoAnswer { .. } | Self::Malformed { .. } | Self::Failed { .. } => Fate::Unknown,
            // 429 is answered before anything is done; a 5xx may come after the commit.
            Self::Busy { status: 429, .. } => Fate::NotMade,
            Self::Busy { .. } => Fate::Unknown,
            _ => Fate::NotMade,
        }
    }

    /// Whether the same request may succeed when it is sent again.
    pub const fn is_passing(&self) -> bool {
        match self {
            // The same credentials are refused again, and an account may be locked by it.
            Self::NoAnswer { source: TransportError::Denied { .. }, .. } => false,
            Self::NoAnswer { .. } | Self::Busy { .. } | Self::Malformed { .. } => true,
            _ => false,
        }
    }
}

/// The observed items by key, as a write needs them.
pub fn directory(items: &[ObservedItem]) -> Directory {
    items.iter().map(|observed| (observed.item.key.clone(), observed.guid)).collect()
}
