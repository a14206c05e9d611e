//! One write while it is made: what it may use, and what is known of what was sent.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use crate::adapter::AdapterError;
use crate::adapter::Envelope;
use crate::adapter::Fate;
use crate::adapter::Receipt;
use crate::model::altiris::Findings;
use crate::model::altiris::KnownItems;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::http::asdk::Param;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::super::read::methods::Methods;
use super::super::read::raw::digest;
use super::super::wire::details::From;
use super::super::wire::details::ItemDetails;
use super::super::wire::session::Reply;
use super::super::wire::session::WriteSession;
use super::target::Targets;

/// One write.
pub struct Work<'a> {
    pub session: &'a WriteSession,
    pub methods: Methods<'a>,
    pub known: &'a KnownItems,
    pub findings: &'a Findings,
    pub targets: &'a Targets,
    pub envelope: &'a Envelope<'a>,
    pub key: &'a ItemKey,
    /// The item as it is to be right before, by the plan.
    pub before: Option<&'a Item>,
    /// How many calls of it were answered.
    pub sent: AtomicU32,
    /// How many calls that write the connection has sent, answered or not.
    pub calls: &'a AtomicU64,
}

impl Work<'_> {
    /// The item, for messages.
    pub fn about(&self) -> String {
        self.key.to_string()
    }

    /// The server's clock, where it told; else this computer's.
    pub fn now(&self) -> Timestamp {
        self.session.reading().clock().unwrap_or_else(|| SystemClock.now())
    }

    /// Whether an earlier attempt may have made a part of it.
    pub const fn in_doubt(&self) -> bool {
        self.envelope.in_doubt
    }

    /// Calls a message that writes.
    pub async fn send(&self, service: Service, message: &'static str, params: &[Param]) -> Result<Reply, AdapterError> {
        let params = self.fitted(service, message, params).await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let reply = self.session.call(service, message, &params, &self.about()).await?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(reply)
    }

    /// Calls a message that says whether it did what was asked.
    pub async fn done(&self, service: Service, message: &'static str, params: &[Param]) -> Result<(), AdapterError> {
        self.send(service, message, params).await?.done(&self.about())
    }

    /// What a name stands for on the server.
    pub fn guid(&self, key: &ItemKey) -> Result<Guid, AdapterError> {
        self.envelope.directory.get(key).copied().ok_or_else(|| AdapterError::Unresolved {
            server: self.session.reading().server().to_owned(),
            item: self.key.clone(),
            target: Box::new(key.clone()),
        })
    }

    /// The GUID of the folder of an item.
    pub fn folder(&self, item: &Item) -> Result<Guid, AdapterError> {
        match &item.folder {
            Some(folder) => self.guid(&ItemKey::new(Kind::Folder, folder.as_str())),
            None => {
                Err(self.refused("no_folder", "it lies in no folder, and the web services make nothing at the top"))
            }
        }
    }

    /// The GUID of a computer or package server, by its name.
    pub async fn computer(&self, name: &str) -> Result<Guid, AdapterError> {
        let params = [("resourceName", Value::from(name)), ("resourceType", Value::from("computer"))];
        let reading = Reading::GetResourceByName;
        let params = self.fitted(reading.service(), reading.message(), &params).await?;
        match self.session.reading().ask(reading, &params).await?.guid() {
            Err(AdapterError::NotFound { .. }) => {
                let message = format!("there is no computer `{name}`, or more than one");
                Err(self.refused("no_computer", &message))
            }
            other => other,
        }
    }

    /// The parameters by the names that their service declares: the contract calls some by a short name.
    async fn fitted(&self, service: Service, message: &str, params: &[Param]) -> Result<Vec<Param>, AdapterError> {
        const OTHER: [(&str, &str); 4] = [
            ("resourceName", "name"),
            ("sAdvertisementExGuid", "guid"),
            ("sAdvertisementExName", "name"),
            ("sAdvertisementExDescription", "description"),
        ];
        let description = self.session.reading().describe(service).await?;
        let declared = description.messages.get(message).map(Vec::as_slice).unwrap_or_default();
        let has = |name: &str| declared.iter().any(|known| known.name == name);
        let named = |(name, value): &Param| match OTHER.iter().find(|(first, _)| first == name) {
            Some((_, other)) if !has(name) && has(other) => (*other, value.clone()),
            _ => (*name, value.clone()),
        };
        Ok(params.iter().map(named).collect())
    }

    /// The items of a name in a folder; of none where the folder is not asked about.
    pub async fn named(&self, name: &str, folder: Option<Guid>) -> Result<Vec<ItemDetails>, AdapterError> {
        let params = [("itemName", Value::from(name))];
        let reply = self.session.reading().ask(Reading::GetItemsByName, &params).await?;
        let mut found = Vec::new();
        for node in reply.within() {
            let item = ItemDetails::read(node, From::Object).map_err(|why| self.malformed(why))?;
            found.extend(
                item.filter(|item| item.name == name && folder.is_none_or(|folder| item.folder == Some(folder))),
            );
        }
        Ok(found)
    }

    /// The server refused it for good.
    pub fn refused(&self, code: &str, message: &str) -> AdapterError {
        AdapterError::Refused {
            server: self.session.reading().server().to_owned(),
            item: self.about(),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// There is something of that name, and it is not what an earlier attempt left behind.
    pub fn there_already(&self, guid: Guid) -> AdapterError {
        self.refused("exists", &format!("it is there already, as {guid}, and was not when the plan was made"))
    }

    /// The item is not as it was planned against.
    pub fn stale(&self) -> AdapterError {
        AdapterError::Stale { server: self.session.reading().server().to_owned(), item: self.key.clone() }
    }

    fn malformed(&self, why: String) -> AdapterError {
        AdapterError::Malformed { server: self.session.reading().server().to_owned(), what: "list of items", why }
    }

    /// What a write that broke off stands for: once a call was answered, a part of it is made, whatever the last one says.
    pub fn broke_off(&self, error: AdapterError) -> AdapterError {
        if error.fate() == Fate::Unknown || self.sent.load(Ordering::Relaxed) == 0 {
            return error;
        }
        let message = format!("{error}; a part of the change is made, and the next run goes on from there");
        AdapterError::Failed { server: self.session.reading().server().to_owned(), what: self.about(), message }
    }
}

/// What became of an item: the digest of what was read back.
pub fn receipt(guid: Guid, read: &impl serde::Serialize) -> Receipt {
    Receipt { guid, revision: digest(read), replayed: false }
}

/// What a getter of a kind says of an item: `None` where it is of another kind.
pub fn of_kind<T>(read: Result<T, AdapterError>) -> Result<Option<T>, AdapterError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(AdapterError::WrongKind { .. } | AdapterError::NotFound { .. } | AdapterError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
