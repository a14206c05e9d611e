//! Specs, wire ↔ model: pure, field by field. No `..`: a new field does not compile until someone decides what it is on
//! the wire.

use crate::adapter::names::ToNames;
use crate::model::agent_settings;
use crate::model::collection;
use crate::model::delivery_policy;
use crate::model::folder;
use crate::model::guid::Guid;
use crate::model::item::Spec;
use crate::model::package;
use crate::model::patch;
use crate::model::portal;
use crate::model::purge;
use crate::model::schedule;
use crate::model::sequence;
use crate::model::task;
use crate::model::units::Duration;
use crate::model::window;

use super::wire;

/// What the names in a spec stand for.
pub trait ToGuids {
    /// Why a name or a secret stands for nothing.
    type Error;
    /// A collection's GUID.
    fn collection(&self, name: &str) -> Result<Guid, Self::Error>;
    /// A package's GUID.
    fn package(&self, name: &str) -> Result<Guid, Self::Error>;
    /// The GUID of a program of a package.
    fn program(&self, package: &str, name: &str) -> Result<Guid, Self::Error>;
    /// The password that a reference stands for.
    fn password(&self, reference: &package::SecretRef) -> Result<wire::Password, Self::Error>;
    /// The mark that goes with it, where there is a key.
    fn mark(&self, account: &str, reference: &package::SecretRef) -> Option<String>;
}

/// Whole minutes, rounded up: `check` has refused what is not whole.
fn minutes(duration: Duration) -> u32 {
    u32::try_from(duration.as_seconds().div_ceil(60)).unwrap_or(u32::MAX)
}

fn of_minutes(minutes: u32) -> Duration {
    Duration::minutes(u64::from(minutes))
}

mod read;
mod write;

pub use read::read;
pub use write::write;
