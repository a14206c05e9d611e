//! The nouns: what a delivery server holds, and what a manifest says it should hold.
//!
//! Everything here holds, orders and prints itself, and nothing more: no files, no clock, no network, no judgement.
//! The types of a kind (`Package`, `Task`, …) are exactly the `spec` of its manifest, so that the JSON Schemas in
//! `schema/` come from the code that reads them. References are names here; an adapter turns them into what its
//! server wants (GUIDs, numbers) and back.

pub mod agent_settings;
pub mod altiris;
pub mod auth;
pub mod capabilities;
pub mod collection;
pub mod delivery_policy;
pub mod drift;
pub mod fleet;
pub mod folder;
pub mod guid;
pub mod item;
pub mod kind;
pub mod observed;
pub mod package;
pub mod patch;
pub mod portal;
pub mod project;
pub mod purge;
pub mod schedule;
pub mod sequence;
pub mod site;
pub mod task;
pub mod units;
pub mod window;

/// `true`, as the default of a field.
pub(crate) const fn yes() -> bool {
    true
}
