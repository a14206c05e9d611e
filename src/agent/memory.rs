//! What a computer remembers of what it did.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::fleet::Fleet;
use crate::model::guid::Guid;
use crate::model::units::Duration;

/// What a computer remembers. It outlives the policy: a job that left and comes back is still known (TSK-4).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memory {
    /// By job: how it ended last.
    pub ran: BTreeMap<Guid, Remembered>,
    /// The packages in the cache.
    pub cached: BTreeMap<Guid, Cached>,
    /// Whether its first assessment came back: it asked for its licence already (LIC-1).
    pub assessed: bool,
}

/// How a job ended last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remembered {
    /// With success.
    Succeeded,
    /// Without.
    Failed,
}

impl Remembered {
    /// The one that says whether it was a success.
    pub const fn of(success: bool) -> Self {
        if success { Self::Succeeded } else { Self::Failed }
    }
}

/// A package in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cached {
    /// When it was downloaded, or a program of it last ran.
    pub last_used: Timestamp,
    /// After how long without use it goes (PKG-3). `None`: the computer was never told, and keeps it.
    pub delete_unused_after: Option<Duration>,
}

impl Memory {
    /// What a computer, by its number in the fleet, remembers as far as the server knows.
    ///
    /// Who has a job and did not say how it went is taken to have it still before them. Packages in the cache count as
    /// used when the fleet was read; `delete_unused_after` says how long a package stays (PKG-3), `None`: unknown.
    pub fn of(fleet: &Fleet, computer: u32, delete_unused_after: impl Fn(Guid) -> Option<Duration>) -> Self {
        let ran = fleet.history.iter().filter_map(|(job, history)| {
            let remembered = if history.succeeded.contains(computer) {
                Remembered::Succeeded
            } else if history.failed.contains(computer) {
                Remembered::Failed
            } else {
                return None;
            };
            Some((*job, remembered))
        });
        let cached = fleet.packages.iter().filter(|(_, known)| known.cached.contains(computer)).map(|(package, _)| {
            let delete_unused_after = delete_unused_after(*package);
            (*package, Cached { last_used: fleet.read_at, delete_unused_after })
        });
        let assessed = fleet.licences.as_ref().is_some_and(|licences| licences.holders.contains(computer));
        Self { ran: ran.collect(), cached: cached.collect(), assessed }
    }

    /// Whether a job is remembered as a success.
    pub fn succeeded(&self, job: Guid) -> bool {
        self.ran.get(&job) == Some(&Remembered::Succeeded)
    }
}
