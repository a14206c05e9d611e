//! An item as the server holds and answers it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::model::guid::Guid;
use crate::server::app::kind::Kind;
use crate::server::app::spec::Spec;
use crate::server::store::StoreError;
use crate::server::store::items::ItemRow;

/// The server's sequence number at an item's last change: never used twice, so an item that was deleted and made
/// again has another one. Text in JSON, because it is compared and never counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number.map(Self).ok_or_else(|| serde::de::Error::custom("a revision is a whole number, as text"))
    }
}

impl JsonSchema for Revision {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Revision".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+$" })
    }
}

/// An attribute of an item (SWD 6.1 guide, Properties Manager).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Attribute {
    /// Cannot be deleted.
    NoDelete,
    /// Cannot be changed.
    ReadOnly,
    /// Not shown in the console.
    Hidden,
}

/// An item.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its GUID.
    pub guid: Guid,
    /// Its kind.
    pub kind: Kind,
    /// Its name; of a folder, the last part of the path.
    pub name: String,
    /// Its folder; of a program, always the hidden programs folder.
    pub folder: Option<Guid>,
    /// The package of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<Guid>,
    /// Its attributes.
    pub attributes: BTreeSet<Attribute>,
    /// Its revision.
    pub revision: Revision,
    /// When it was made.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schemars(with = "String")]
    pub modified_at: Timestamp,
    /// What it says.
    pub spec: Spec,
}

/// The same, before its spec is read by kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw {
    #[serde(rename = "type", default)]
    line: Option<String>,
    guid: Guid,
    kind: Kind,
    name: String,
    folder: Option<Guid>,
    #[serde(default)]
    package: Option<Guid>,
    attributes: BTreeSet<Attribute>,
    revision: Revision,
    created_at: Timestamp,
    modified_at: Timestamp,
    spec: serde_json::Value,
}

impl Item {
    /// Reads an item as [`Self::to_json`] writes it.
    ///
    /// # Errors
    /// When it is not one.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let raw: Raw = serde_json::from_str(text)?;
        if raw.line.as_deref().is_some_and(|line| line != "item") {
            return Err(serde::de::Error::custom("the line is no item"));
        }
        Ok(Self {
            guid: raw.guid,
            kind: raw.kind,
            name: raw.name,
            folder: raw.folder,
            package: raw.package,
            attributes: raw.attributes,
            revision: raw.revision,
            created_at: raw.created_at,
            modified_at: raw.modified_at,
            spec: Spec::read(raw.kind, &raw.spec)?,
        })
    }

    /// The same, of a row that we wrote.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stored(text: &str) -> Result<Self, StoreError> {
        Self::from_json(text).map_err(|_| StoreError::Corrupt { what: "item" })
    }

    /// The item as answers show it; never with a password.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an item has text keys and whole numbers only")
    }

    /// The row that holds it; `json` is what [`Self::to_json`] gave.
    pub fn row<'a>(&'a self, json: &'a str) -> ItemRow<'a> {
        ItemRow {
            guid: self.guid,
            kind: self.kind.name(),
            name: &self.name,
            folder: self.folder,
            package: self.package,
            revision: self.revision.0,
            json,
        }
    }

    /// Where its name must be its own: the package of a program, the folder of everything else.
    pub const fn container(&self) -> Option<Guid> {
        if self.package.is_some() { self.package } else { self.folder }
    }

    /// Its entity tag.
    pub fn etag(&self) -> String {
        etag(self.revision.0)
    }
}

/// The entity tag of a number.
pub fn etag(number: u64) -> String {
    format!("\"{number}\"")
}
