//! What goes over the wire beside the items themselves.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde_json::Value;

use crate::model::guid::Guid;
use crate::server::app::audit;
pub use crate::server::app::fleet::line::Computer;
use crate::server::app::fleet::logs::Event;
use crate::server::app::fleet::logs::Execution;
use crate::server::app::fleet::report::Happening;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::item::Revision;
use crate::server::app::items;
use crate::server::app::kind::Kind;
use crate::server::app::leases::Held;
use crate::server::app::portal::Request;
use crate::server::app::portal::incidents::Incident;
use crate::server::app::read::ReferenceRow;
use crate::server::app::refused::Refused;
use crate::server::app::role::Role;
use crate::server::app::spec::Spec;
use crate::server::app::spec::estate::Query;
use crate::server::app::token::Token;
use crate::server::http::call;

/// Whether the server answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
}

/// What server this is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerFacts {
    /// The GUID of its database.
    pub instance: Guid,
    /// Its name.
    pub name: String,
    /// The version of this API.
    pub api_version: &'static str,
    /// The version of the program.
    pub version: &'static str,
    /// Its time.
    pub time: String,
    /// The number of the last change.
    pub state: String,
}

/// Several items.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Items {
    /// The items.
    pub items: Vec<Item>,
}

/// An item to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateBody {
    kind: Kind,
    name: String,
    #[serde(default)]
    folder: Option<Guid>,
    #[serde(default)]
    package: Option<Guid>,
    #[serde(default)]
    attributes: Option<BTreeSet<Attribute>>,
    #[schemars(with = "Spec")]
    spec: Value,
}

impl CreateBody {
    /// What the operation takes.
    pub fn draft(self) -> items::Draft {
        let Self { kind, name, folder, package, attributes, spec } = self;
        items::Draft { kind, package, body: items::Body { name, folder, attributes, spec } }
    }
}

/// What an item is to be, whole.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateBody {
    name: String,
    #[serde(default)]
    folder: Option<Guid>,
    #[serde(default)]
    attributes: Option<BTreeSet<Attribute>>,
    #[schemars(with = "Spec")]
    spec: Value,
}

impl UpdateBody {
    /// What the operation takes.
    pub fn body(self) -> items::Body {
        let Self { name, folder, attributes, spec } = self;
        items::Body { name, folder, attributes, spec }
    }
}

/// Several operations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Batch {
    /// In this order.
    #[schemars(with = "Vec<Operation>")]
    pub operations: Vec<Value>,
}

/// One operation of a batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Operation {
    /// Makes an item that is not there.
    Create {
        /// The item.
        body: CreateBody,
    },
    /// Makes an item what the body says.
    Update {
        /// Which item.
        guid: Guid,
        /// The revision that the change is meant for.
        #[serde(default)]
        if_match: Option<Tag>,
        /// What it is to be.
        body: UpdateBody,
    },
    /// Removes an item.
    Delete {
        /// Which item.
        guid: Guid,
        /// The revision that the change is meant for.
        #[serde(default)]
        if_match: Option<Tag>,
    },
}

/// A revision, with or without the quotes that it has in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub Revision);

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let quoted = if text.starts_with('"') { text } else { format!("\"{text}\"") };
        call::revision(&quoted).map(Self).ok_or_else(|| serde::de::Error::custom("`ifMatch` is a revision, as text"))
    }
}

impl JsonSchema for Tag {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Tag".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(\"[0-9]+\"|[0-9]+)$" })
    }
}

/// What became of a batch.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BatchResults {
    /// One for each operation, in their order.
    pub results: Vec<BatchResult>,
}

/// What became of one operation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BatchResult {
    /// The status that it would have had alone.
    pub status: u16,
    /// The item now; absent after a delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
}

/// Rows of references.
#[derive(Debug, Serialize, JsonSchema)]
pub struct References {
    /// The rows.
    pub references: Vec<ReferenceRow>,
    /// What to send as `after` for the rows that follow; null at the end.
    pub next: Option<u64>,
}

/// Requests of the portal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PortalRequests {
    /// By number.
    pub requests: Vec<Request>,
    /// What to send as `after` for the rows that follow; null at the end.
    pub next: Option<u64>,
}

/// Incidents of the portal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PortalIncidents {
    /// By number.
    pub incidents: Vec<Incident>,
    /// What to send as `after` for the rows that follow; null at the end.
    pub next: Option<u64>,
}

/// Rows of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Audit {
    /// The rows.
    pub entries: Vec<audit::Row>,
    /// What to send as `after` for the rows that follow; null at the end.
    pub next: Option<u64>,
}

/// The lease that holds now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Leases {
    /// Null where there is none.
    pub lease: Option<Held>,
}

/// A lease to be taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeLease {
    /// Who takes it, for those who find it held.
    pub holder: String,
    /// How long it lasts unless renewed, 5 to 600 seconds.
    #[schemars(range(min = 5, max = 600))]
    pub ttl_seconds: u64,
}

/// A lease to be kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenewLease {
    /// How long from now, 5 to 600 seconds.
    #[schemars(range(min = 5, max = 600))]
    pub ttl_seconds: u64,
}

/// The tokens.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tokens {
    /// By name.
    pub tokens: Vec<Token>,
}

/// A token to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// What it is called.
    pub name: String,
    /// What it lets its holder do.
    pub role: Role,
}

/// A token that was made: the only time that it is shown.
#[derive(Serialize, JsonSchema)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct MadeToken {
    /// Its ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// The token.
    pub token: String,
}

/// A query to be answered and not stored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// The query.
    pub query: Query,
}

/// A computer asks for its policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskPolicy {
    /// When, on its own clock.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

/// What a computer says that it did.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// In the order in which it did it.
    pub happenings: Vec<Happening>,
}

/// What a computer is told.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The computer.
    pub computer: Computer,
    /// The zone of the server (TSK-11).
    pub server_zone: String,
    /// What is assigned to it, in the order in which it was made.
    pub assigned: Vec<Told>,
    /// The packages of that.
    pub packages: Vec<ToldPart>,
    /// The programs of that.
    pub programs: Vec<ToldPart>,
    /// Whether it has the patch plug-in, as far as the server knows.
    pub plugin: bool,
}

/// An item that a computer gets.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Told {
    /// Its GUID.
    pub guid: Guid,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What it says.
    pub spec: Spec,
}

/// A package, or a program of one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ToldPart {
    /// Its GUID.
    pub guid: Guid,
    /// Of a program, its package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<Guid>,
    /// Its name.
    pub name: String,
    /// What it says.
    pub spec: Spec,
}

/// Rows of the log of executions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Executions {
    /// The rows.
    pub executions: Vec<Execution>,
    /// What to send as `after` for the rows that follow; null at the end.
    pub next: Option<u64>,
}

/// Rows of the log of status events.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Events {
    /// The rows.
    pub events: Vec<Event>,
    /// What to send as `after` for the rows that follow; null at the end.
    pub next: Option<u64>,
}

/// A refusal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorBody {
    /// What and why.
    pub error: ErrorFacts,
}

/// What was refused, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorFacts {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// Facts that go with the code.
    pub details: Option<serde_json::Map<String, Value>>,
}

/// Names the operation of a batch that was refused.
pub fn at_index(refused: Refused, index: usize) -> Refused {
    refused.with("index", index)
}
