//! The lines of `GET /v1/fleet` and of what is loaded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use roaring::RoaringBitmap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::store::StoreError;
use crate::server::store::fleet::ComputerRow;

/// A set, as the API writes it.
pub fn base64_of(set: &RoaringBitmap) -> String {
    let mut bytes = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut bytes).expect("a vector takes every write");
    STANDARD.encode(bytes)
}

/// A computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Computer {
    /// Its identity.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// Its domain; empty: none.
    #[serde(default)]
    pub domain: String,
    /// Its time zone, an IANA name.
    pub zone: String,
    /// When it last asked for its configuration.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub last_seen: Option<Timestamp>,
    /// Whether it is retired.
    #[serde(default)]
    pub retired: bool,
    /// What it serves as.
    #[serde(default)]
    pub roles: Vec<String>,
}

impl Computer {
    pub(super) fn of(row: ComputerRow) -> Result<Self, StoreError> {
        let ComputerRow { id: _, guid, name, domain, zone, last_seen, retired, roles } = row;
        let last_seen = last_seen.map(|text| text.parse::<Timestamp>()).transpose();
        Ok(Self {
            guid,
            name,
            domain,
            zone,
            last_seen: last_seen.map_err(|_| StoreError::Corrupt { what: "time" })?,
            retired,
            roles: serde_json::from_str(&roles).map_err(|_| StoreError::Corrupt { what: "computer" })?,
        })
    }

    pub(super) fn row(&self) -> ComputerRow {
        ComputerRow {
            id: 0,
            guid: self.guid,
            name: self.name.clone(),
            domain: self.domain.clone(),
            zone: self.zone.clone(),
            last_seen: self.last_seen.map(|at| at.to_string()),
            retired: self.retired,
            roles: serde_json::to_string(&self.roles).expect("a list of texts is JSON"),
        }
    }
}

/// A line of the stream, but for header and end.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Line {
    Computer(Computer),
    Members {
        collection: Guid,
        effective: String,
        query: Option<String>,
    },
    UnknownMembers {
        collection: Guid,
        why: String,
    },
    History {
        task: Guid,
        succeeded: String,
        failed: String,
        unknown: String,
        newest: Option<String>,
    },
    Package {
        package: Guid,
        cached: String,
        bytes: Option<u64>,
    },
    Licences {
        pool: u64,
        holders: String,
        plugin: String,
        expires: Option<String>,
        maintenance_expires: Option<String>,
    },
    Restarts {
        counts: Vec<Restarts>,
    },
    Gap {
        part: Part,
        why: String,
    },
}

/// Who restarted so many times since they were loaded.
#[derive(Debug, Serialize)]
pub(super) struct Restarts {
    pub times: u64,
    pub computers: String,
}

/// A part of what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Part {
    Computers,
    Members,
    History,
    Packages,
    Licences,
}

/// The first line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "header", rename_all = "camelCase")]
pub(super) struct Header {
    pub format: u64,
    pub instance: Guid,
    pub mark: String,
    pub time: String,
    pub server_zone: String,
}
