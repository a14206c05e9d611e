//! What sorts of item the older API knows, and what it calls them.
//!
//! The vendor's names and GUIDs of most classes are in no document (altiris-domain §1): those are this server's own, and a
//! client learns them from an item that it knows. Those of tasks of the task server are the vendor's (altiris-asdk §4.14).

use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::kind::Kind;

/// A sort of item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as what it is; the kinds of this server say more")]
pub enum Class {
    AgentSettings,
    ClientJob,
    Collection,
    DeliveryPolicy,
    Folder,
    MaintenanceWindow,
    Package,
    PackageDeliveryTask,
    PatchPlugin,
    PortalSettings,
    Program,
    PublishingItem,
    PurgeSettings,
    QuickDeliveryTask,
    Report,
    ResourceTarget,
    SequentialTask,
    ServerJob,
    SoftwareComponent,
    StepTask,
    Task,
    TaskInstance,
    Role,
}

impl Class {
    /// Every class, by name; roles, which came later, at the end.
    pub const ALL: [Self; 23] = [
        Self::AgentSettings,
        Self::ClientJob,
        Self::Collection,
        Self::DeliveryPolicy,
        Self::Folder,
        Self::MaintenanceWindow,
        Self::Package,
        Self::PackageDeliveryTask,
        Self::PatchPlugin,
        Self::PortalSettings,
        Self::Program,
        Self::PublishingItem,
        Self::PurgeSettings,
        Self::QuickDeliveryTask,
        Self::Report,
        Self::ResourceTarget,
        Self::SequentialTask,
        Self::ServerJob,
        Self::SoftwareComponent,
        Self::StepTask,
        Self::Task,
        Self::TaskInstance,
        Self::Role,
    ];

    /// The stored names of the classes whose objects hold the items that they name: those do not go before them.
    pub(in crate::server::app) const USERS: &'static [&'static str] =
        &[Self::QuickDeliveryTask.name(), Self::PackageDeliveryTask.name(), Self::PublishingItem.name()];

    /// The class of the items of a kind. What programs inherit from is a folder to this API (altiris-domain §1).
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::AgentSettings => Self::AgentSettings,
            Kind::Collection => Self::Collection,
            Kind::DeliveryPolicy => Self::DeliveryPolicy,
            Kind::Folder | Kind::PortalDefaults => Self::Folder,
            Kind::MaintenanceWindow => Self::MaintenanceWindow,
            Kind::Package => Self::Package,
            Kind::PatchPlugin => Self::PatchPlugin,
            Kind::PortalSettings => Self::PortalSettings,
            Kind::Program => Self::Program,
            Kind::PurgeSettings => Self::PurgeSettings,
            Kind::SequentialTask => Self::SequentialTask,
            Kind::StepTask => Self::StepTask,
            Kind::Task => Self::Task,
        }
    }

    /// The kinds of item that are of this class.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| Self::of(*kind) == self)
    }

    /// Its GUID (`TypeGuid`).
    pub const fn guid(self) -> Guid {
        match self {
            // altiris-asdk §4.14.
            Self::ClientJob => Guid::of(0x12EE_457F_F97C_4864_B9F8_FCDB_4E64_47DB),
            Self::ServerJob => Guid::of(0x99DA_A059_1D72_45B6_AC2E_1D24_C29D_66F5),
            other => Guid::of(0xc051_671e_0000_4c1a_9000_0000_0000_0000 + 1 + other as u128),
        }
    }

    /// Its short name (`TypeName`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgentSettings => "AgentSettingsPolicy",
            Self::ClientJob => "ClientJob",
            Self::Collection => "Collection", // altiris-asdk §4.1
            Self::DeliveryPolicy => "ManagedDeliveryPolicy",
            Self::Folder => "Folder",
            Self::MaintenanceWindow => "MaintenanceWindowPolicy",
            Self::Package => "SWDPackage",
            Self::PackageDeliveryTask => "PackageDeliveryTask",
            Self::PatchPlugin => "PatchAgentPolicy",
            Self::PortalSettings => "SoftwarePortalPolicy",
            Self::Program => "SWDProgram",
            Self::PublishingItem => "PublishingItem",
            Self::PurgeSettings => "SWDConfigItem",
            Self::QuickDeliveryTask => "QuickDeliveryTask",
            Self::Report => "ReportManagementItem",
            Self::ResourceTarget => "ResourceTarget",
            Self::SequentialTask => "SequentialSWDItem",
            Self::ServerJob => "ServerJob",
            Self::SoftwareComponent => "SoftwareRelease",
            Self::StepTask => "ActiveSynchronizationItem",
            Self::Task => "SWDAdvertisement",
            Self::TaskInstance => "TaskInstance",
            Self::Role => "SecurityRole",
        }
    }

    /// Its full name (`LongTypeName`).
    pub const fn long_name(self) -> &'static str {
        match self {
            Self::AgentSettings => "Altiris.NS.StandardItems.Policies.AgentSettingsPolicy",
            Self::ClientJob => "Altiris.TaskManagement.Jobs.ClientJob",
            Self::Collection => "Altiris.NS.StandardItems.Collection.Collection",
            Self::DeliveryPolicy => "Altiris.SoftwareManagement.ManagedDelivery.ManagedDeliveryPolicy",
            Self::Folder => "Altiris.NS.StandardItems.Folders.Folder",
            Self::MaintenanceWindow => "Altiris.NS.StandardItems.Policies.MaintenanceWindowPolicy",
            Self::Package => "Altiris.SWD.SWDPackage",
            Self::PackageDeliveryTask => "Altiris.SoftwareManagement.Tasks.PackageDeliveryTask",
            Self::PatchPlugin => "Altiris.PatchManagementCore.Policies.PatchAgentPolicy", // altiris-asdk §4.1
            Self::PortalSettings => "Altiris.SoftwarePortal.SoftwarePortalPolicy",
            Self::Program => "Altiris.SWD.SWDProgram",
            Self::PublishingItem => "Altiris.SoftwarePortal.PublishingItem",
            Self::PurgeSettings => "Altiris.SWD.SWDConfigItem",
            Self::QuickDeliveryTask => "Altiris.SoftwareManagement.Tasks.QuickDeliveryTask",
            Self::Report => "Alitiris.Reporting.ReportManagementItem", // The help's spelling (altiris-asdk §4.6).
            Self::ResourceTarget => "Altiris.NS.ResourceTargeting.ResourceTarget",
            Self::SequentialTask => "Altiris.SWD.Sequential.SequentialSWDItem",
            Self::ServerJob => "Altiris.TaskManagement.Jobs.ServerJob",
            Self::SoftwareComponent => "Altiris.SoftwareManagement.SoftwareRelease",
            Self::StepTask => "Altiris.SWD.Sequential.ActiveSynchronizationItem",
            Self::Task => "Altiris.SWD.SWDAdvertisement",
            Self::TaskInstance => "Altiris.TaskManagement.TaskInstance",
            Self::Role => "Altiris.NS.Security.SecurityRole",
        }
    }

    /// The class of this short or full name; upper and lower case are told apart.
    pub fn from_type_name(name: &str, short: bool, long: bool) -> Option<Self> {
        let is = |class: &Self| short && class.name() == name || long && class.long_name() == name;
        Self::ALL.into_iter().find(is)
    }

    /// The class with this GUID.
    pub fn from_guid(guid: Guid) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.guid() == guid)
    }

    /// The name that rows of objects have.
    pub(in crate::server::app) fn stored(self) -> &'static str {
        self.name()
    }

    /// Whether it is a policy: something that can be switched on, and has targets.
    pub const fn is_policy(self) -> bool {
        matches!(
            self,
            Self::Task
                | Self::SequentialTask
                | Self::DeliveryPolicy
                | Self::MaintenanceWindow
                | Self::PortalSettings
                | Self::AgentSettings
                | Self::PatchPlugin
        )
    }

    /// Whether it is a job or task of the task server.
    pub const fn is_server_task(self) -> bool {
        matches!(self, Self::ClientJob | Self::ServerJob | Self::QuickDeliveryTask | Self::PackageDeliveryTask)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_classes_share_a_guid_or_a_name() {
        let guids: BTreeSet<Guid> = Class::ALL.into_iter().map(Class::guid).collect();
        let names: BTreeSet<&str> =
            Class::ALL.into_iter().flat_map(|class| [class.name(), class.long_name()]).collect();
        assert_eq!((guids.len(), names.len()), (Class::ALL.len(), 2 * Class::ALL.len()));
        assert!(Class::ALL.into_iter().all(|class| Class::from_guid(class.guid()) == Some(class)));
        assert!(Kind::ALL.into_iter().all(|kind| Class::of(kind).kinds().any(|other| other == kind)));
    }

    #[test]
    fn a_type_is_known_by_the_names_that_are_allowed() {
        let (short, long) = (Class::Collection.name(), Class::Collection.long_name());
        assert_eq!(Class::from_type_name(short, true, false), Some(Class::Collection));
        assert_eq!(Class::from_type_name(long, true, false), None);
        assert_eq!(Class::from_type_name(long, true, true), Some(Class::Collection));
        assert_eq!(Class::from_type_name("collection", true, true), None);
    }
}
