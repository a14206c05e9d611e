//! What the older API, the Altiris ASDK, needs beyond items as this server's own API shows them (altiris-asdk, altiris-domain).
//!
//! Items are the same items: every write goes through the same operations, under the same rules. What the vendor's server
//! knows and the items of this one are not is kept as objects beside them ([`object`]): programs that belong to no package
//! yet, resource targets, reports, software of the catalogue, jobs and their runs, what the portal offers. [`entry`] is
//! either, found by one GUID. Quirks are decided by who asks: nothing here knows how it is asked.

pub mod class;
pub mod delivery;
pub mod details;
pub mod entry;
pub mod export;
pub mod folders;
pub mod import;
pub mod inclusions;
pub mod jobs;
pub mod object;
pub mod package;
pub mod portal;
pub mod program;
pub mod property;
pub mod report;
pub mod resources;
pub mod role;
pub mod run;
pub mod schedule;
pub mod start;
pub mod tables;
pub mod targets;
pub mod timing;
mod tree;

use serde_json::Value;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;

/// What the older API calls a refusal, where the code alone does not tell.
const FAULT: &str = "fault";
const WRONG_TYPE: &str = "wrong type";
const NOT_IMPLEMENTED: &str = "not implemented";

/// A refusal: the item is there, and of another class.
pub fn wrong_type(guid: Guid, wanted: Class) -> Refused {
    let why = format!("the item is no {}", wanted.name());
    Refused::new(Code::Invalid, why).with("guid", guid.to_string()).with(FAULT, WRONG_TYPE)
}

/// A refusal: this is known, and this server does not do it.
pub fn not_implemented(what: impl Into<String>) -> Refused {
    Refused::new(Code::Invalid, what).with(FAULT, NOT_IMPLEMENTED)
}

/// A refusal: there is no such thing.
pub fn no_such(what: impl Into<String>) -> Refused {
    Refused::new(Code::NotFound, what)
}

/// Whether a refusal is one of [`wrong_type`].
pub fn is_wrong_type(refused: &Refused) -> bool {
    refused.details.get(FAULT).and_then(Value::as_str) == Some(WRONG_TYPE)
}

/// Whether a refusal is one of [`not_implemented`].
pub fn is_not_implemented(refused: &Refused) -> bool {
    refused.details.get(FAULT).and_then(Value::as_str) == Some(NOT_IMPLEMENTED)
}
