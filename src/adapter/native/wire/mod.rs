//! The JSON of `/v1`: what the server's contract says, and nothing else.
//!
//! Every field of an answer must be there, `null` or not; fields of a newer minor version are passed over. Words of
//! small closed sets (weekdays, clocks, rights …) are those of the manifests, and the golden tests of `lower` hold
//! them to the contract.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde_json::value::RawValue;

use crate::model::guid::Guid;
use crate::model::item::Attribute;
use crate::model::kind::Kind;

/// The version of the API that this program speaks.
pub const API_VERSION: &str = "1";

/// The format of `/v1/state` that this program reads.
pub const STATE_FORMAT: u64 = 1;

/// Reads a field that may be `null` but must be there.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Reads a field that must be there and may be left out of a request.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Structs that are read and written with the names of the contract.
macro_rules! wire {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            #[expect(missing_docs, reason = "the fields are those of the contract, and `model` says what they mean")]
            pub struct $name { $($(#[$field_meta])* pub $field: $ty,)* }
        )*
    };
}

/// Enums that are told apart by `type`.
macro_rules! tagged {
    ($($(#[$meta:meta])* $name:ident { $($variants:tt)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Serialize, Deserialize)]
            #[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
            #[expect(missing_docs, reason = "the variants are those of the contract, and `model` says what they mean")]
            pub enum $name { $($variants)* }
        )*
    };
}

mod specs;

pub use crate::adapter::native::wire::specs::*;

/// `GET /v1/server`, as much of it as every version has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// The version of the API.
    pub api_version: String,
}

wire! {
    /// `GET /v1/server`.
    Server { instance: Guid, name: String, version: String, time: String, }

    /// The first line of `/v1/state`.
    Header { format: u64, instance: Guid, state: String, time: String, }

    /// The last line of `/v1/state`.
    End { count: u64, digest: String, }

    /// `GET /v1/items/{guid}/references`.
    References { refers_to: Vec<Reference>, referred_to_by: Vec<Reference>, }

    /// One of them.
    Reference { hint: String, guid: Guid, kind: String, name: String, }

    /// `GET /v1/audit`, as much of it as tells who did what.
    Audit { entries: Vec<AuditRow>, next: Option<u64>, }

    /// A row of it.
    AuditRow {
        time: String,
        principal: String,
        role: String,
        action: String,
        kind: Option<String>,
        name: Option<String>,
        plan_hash: Option<String>,
        #[serde(default)]
        origin: Option<AuditOrigin>,
    }

    /// The revision that a plan was of.
    AuditOrigin { commit: String, }

    /// The answer to a request for a lease.
    Lease { lease: Guid, fence: u64, }

    /// What is told of an item after a write.
    Written { guid: Guid, revision: String, }

    /// The answer to a batch.
    Results { results: Vec<BatchResult>, }

    /// One write of it.
    BatchResult { status: u16, #[serde(default)] item: Option<Written>, }

    /// An error's body.
    ErrorBody { error: ErrorInfo, }

    /// What is in it.
    ErrorInfo { code: String, message: String, #[serde(default)] details: Details, }
}

/// The details of an error, as far as this program reads them. One that is not of its type counts as absent: an error
/// is still an error.
#[derive(Debug, Default)]
pub struct Details {
    /// The place in a batch.
    pub index: Option<usize>,
    /// Who holds the lease.
    pub holder: Option<String>,
    /// Since when.
    pub since: Option<String>,
    /// Until when.
    pub expires_at: Option<String>,
    /// The role that would do.
    pub needs: Option<String>,
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = |name: &str| value.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        Ok(Self {
            index: value.get("index").and_then(serde_json::Value::as_u64).and_then(|n| usize::try_from(n).ok()),
            holder: text("holder"),
            since: text("since"),
            expires_at: text("expiresAt"),
            needs: text("needs"),
        })
    }
}

/// An item line of `/v1/state`; its `spec` is read afterwards, by kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemLine<'a> {
    /// Its identity.
    pub guid: Guid,
    /// Its kind, known here or not.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// Its name.
    pub name: String,
    /// The folder it is in.
    #[serde(deserialize_with = "nullable")]
    pub folder: Option<Guid>,
    /// The package of a program.
    #[serde(default)]
    pub package: Option<Guid>,
    /// Its attributes.
    pub attributes: BTreeSet<Attribute>,
    /// Its revision.
    pub revision: String,
    /// What it says.
    #[serde(borrow)]
    pub spec: &'a RawValue,
}

/// The body of a create or an update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemBody<'a> {
    /// Only for a create.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Its name; of a folder, the last part of the path.
    pub name: &'a str,
    /// The folder it is in.
    pub folder: Option<Guid>,
    /// Only for the create of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<Guid>,
    /// Its attributes.
    pub attributes: &'a BTreeSet<Attribute>,
    /// What it says.
    pub spec: Spec,
}

/// One operation of a batch.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Operation<'a> {
    /// Makes an item.
    Create {
        /// As for `POST /v1/items`.
        body: ItemBody<'a>,
    },
    /// Changes one.
    Update {
        /// Which.
        guid: Guid,
        /// The revision it must have.
        if_match: &'a str,
        /// As for `PUT /v1/items/{guid}`.
        body: ItemBody<'a>,
    },
    /// Deletes one.
    Delete {
        /// Which.
        guid: Guid,
        /// The revision it must have.
        if_match: &'a str,
    },
}

/// The body of a batch.
#[derive(Debug, Serialize)]
pub struct Batch<'a> {
    /// In order.
    pub operations: Vec<Operation<'a>>,
}
