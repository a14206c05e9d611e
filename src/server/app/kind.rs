//! The kinds that the server holds: those of the manifests, and the hidden step task.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::server::store::StoreError;

/// The kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// How agents behave.
    AgentSettings,
    /// Computers.
    Collection,
    /// A managed delivery policy.
    DeliveryPolicy,
    /// A console folder.
    Folder,
    /// When programs may start.
    MaintenanceWindow,
    /// Files.
    Package,
    /// Who is enrolled for patching.
    PatchPlugin,
    /// The hidden folder object that every program inherits its rights from (PTL-2); there is one.
    PortalDefaults,
    /// How the portal shows itself.
    PortalSettings,
    /// A command line of a package; an item of its own (PRG-13).
    Program,
    /// What is forgotten, and when; there is one.
    PurgeSettings,
    /// Programs in a row.
    SequentialTask,
    /// The hidden task of one step of a sequential task (SEQ-4). Made and removed by the server alone.
    StepTask,
    /// One program for some collections.
    Task,
}

impl Kind {
    /// Every kind, by name: the order of the state stream.
    pub const ALL: [Self; 14] = [
        Self::AgentSettings,
        Self::Collection,
        Self::DeliveryPolicy,
        Self::Folder,
        Self::MaintenanceWindow,
        Self::Package,
        Self::PatchPlugin,
        Self::PortalDefaults,
        Self::PortalSettings,
        Self::Program,
        Self::PurgeSettings,
        Self::SequentialTask,
        Self::StepTask,
        Self::Task,
    ];

    /// The name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgentSettings => "AgentSettings",
            Self::Collection => "Collection",
            Self::DeliveryPolicy => "DeliveryPolicy",
            Self::Folder => "Folder",
            Self::MaintenanceWindow => "MaintenanceWindow",
            Self::Package => "Package",
            Self::PatchPlugin => "PatchPlugin",
            Self::PortalDefaults => "PortalDefaults",
            Self::PortalSettings => "PortalSettings",
            Self::Program => "Program",
            Self::PurgeSettings => "PurgeSettings",
            Self::SequentialTask => "SequentialTask",
            Self::StepTask => "StepTask",
            Self::Task => "Task",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of this name, in a row that we wrote.
    ///
    /// # Errors
    /// When there is none.
    pub fn stored(name: &str) -> Result<Self, StoreError> {
        Self::from_name(name).ok_or(StoreError::Corrupt { what: "kind" })
    }

    /// Whether there is exactly one, which nobody makes or removes.
    pub const fn is_singleton(self) -> bool {
        matches!(self, Self::PortalDefaults | Self::PurgeSettings)
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_are_in_the_order_of_their_names() {
        assert!(Kind::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        assert!(Kind::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(Kind::ALL.into_iter().all(|kind| Kind::from_name(kind.name()) == Some(kind)));
        assert!(Kind::ALL.into_iter().all(|kind| serde_json::to_value(kind).unwrap() == kind.name()));
    }
}
