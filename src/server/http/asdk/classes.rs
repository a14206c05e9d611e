//! The classes of the wire (altiris-asdk §5.2): one description each, from which answers and schemas are both made.

use crate::server::http::asdk::value::Class;
use crate::server::http::asdk::value::Field;
use crate::server::http::asdk::value::Ty;

/// Declares classes: the name of the static, the name on the wire, and the fields with their types, in order.
macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident $wire:literal { $($field:ident: $ty:expr),* $(,)? })*) => {
        $($(#[$doc])*
        pub static $name: Class =
            Class { name: $wire, fields: &[$(Field::new(stringify!($field), $ty)),*] };)*
    };
}

use Ty::Bool;
use Ty::Guid;
use Ty::Guids;
use Ty::Int;
use Ty::Text;

classes! {
    /// Any item.
    ITEM_DETAILS "ItemDetails" {
        Guid: Guid, Name: Text, TypeGuid: Guid, TypeName: Text, LongTypeName: Text, ParentFolderGuid: Guid,
        ParentFolderName: Text, Attributes: Text, Enabled: Bool, IsSchedulableItem: Bool, ScheduleEnabled: Bool,
        ScheduleXml: Text, SharedScheduleGuid: Guid, AppliedToResourceTargets: Text,
    }
    /// A package of legacy software delivery.
    SWD_PACKAGE_DETAILS "SWDSolnPackageDetails" {
        Guid: Text, Name: Text, Description: Text, Publisher: Text, Version: Text, Language: Text, Location: Text,
        PackageDirectory: Text, PackageSourceType: Text, PackageType: Text, ParentFolderGuid: Text, Attributes: Text,
        PurgeAfterDurationInMinutes: Int, EnableVerboseEvents: Bool, AgentDisplayName: Text,
        AgentDisplayDescription: Text, AlternateDownloadDestinationLocation: Text, SelectedPackageServers: Text,
    }
    /// A program of legacy software delivery.
    SWD_PROGRAM_DETAILS "SWDSolnProgramDetails" {
        Guid: Text, Name: Text, Description: Text, CommandLine: Text, WorkingDirectory: Text, EstimatedDiskSpace: Int,
        EstimatedRunTime: Int, TerminateAfter: Int, SuccessCodes: Text, FailureCodes: Text,
        AfterRunningActionType: Int, DeferTimeforRestartInMinutes: Int, ForceRunningApplicationToCloseOnRestart: Bool,
        StartingWindowOptionType: Int, RunWithRightsOptionType: Int, UserDomain: Text, UserName: Text,
        UserPassword: Text, CanRunOptionType: Int, UserInputRequired: Bool, RunOnceForEachLoggedOnUser: Bool,
        RunForSpecifiedUsers: Bool, UsersToRunList: Text, RequiresNWConnection: Bool, MinimumSpeedOptions: Int,
    }
    /// A task of legacy software delivery.
    SWD_ADVERTISEMENT_DETAILS "SWDSolnAdvertisementDetails" {
        Guid: Text, Name: Text, Description: Text, Enable: Bool, FolderGuid: Text, Attributes: Text, PackageGuid: Text,
        ProgramGuid: Text, ResourceTargets: Text, Priority: Text, RunASAP: Bool, ScheduleXML: Text,
        ScheduleRetry: Bool, AvailableFrom: Text, AvaliableTo: Text, UsesServersTime: Bool,
        RemoveAfterSuccessfulRun: Bool, NotifyUserWhenTaskAvailable: Bool, WarnUserBeforeRunning: Bool,
        DeferTime: Text, UseDefaultAgentSettings: Bool, RunFromServer: Bool, DownloadAndRunLocally: Bool,
        DownloadPackageASAP: Bool, MinimumBandwidth: Int, MinimumConnectionSpeed: Int, MulticastPackage: Text,
        EnableVerboseReporting: Bool,
    }
    /// A package of the software catalogue.
    SOFTWARE_PACKAGE_DETAILS "SoftwarePackageDetails" {
        Guid: Guid, Name: Text, Description: Text, ItemAttributes: Text, SoftwareComponent: Guid, SourceType: Text,
        PackageLocation: Text, PackageDirectory: Text, CommandLines: Guids, PackageServerAssigments: Text,
        PackageServerAutoAssign: Bool, PackageServers: Guids, PackageServerLocation: Text,
    }
    /// A command line of the software catalogue.
    SOFTWARE_COMMAND_LINE_DETAILS "SoftwareCommandLineDetails" {
        Guid: Guid, Name: Text, Description: Text, ItemAttributes: Text, CommandLine: Text, CommandLineType: Text,
        IsDefault: Bool, SuccessCodes: Text, FailureCodes: Text, SoftwarePackageGuid: Guid,
        SoftwareComponentResource: Guid,
    }
    /// A component of the software catalogue.
    SOFTWARE_COMPONENT_DETAILS "SoftwareComponentDetails" {
        Guid: Guid, Name: Text, Description: Text, ItemAttributes: Text, Version: Text, Company: Guid, Product: Guid,
        SoftwareComponentType: Text, Packages: Guids, CommandLines: Guids, ApplicabilityRule: Guid,
        DetectionRule: Guid, Files: Guids, AppliesToReleases: Guids, ApplicableSoftwareUpdates: Guids,
        ServicePacks: Guids,
    }
    /// A parameter of a task. The class's name is assumed (altiris-asdk §5.2 names none).
    TASK_PARAMETER_DETAILS "TaskParameterDetails" {
        InternalName: Text, DisplayName: Text, Description: Text, Type: Text, Required: Bool, Value: Text,
    }
    /// A job or task.
    TASK_DETAILS "TaskDetails" {
        Guid: Guid, Name: Text, Description: Text, Type: Text, InputParameters: Ty::Records(&TASK_PARAMETER_DETAILS),
        OutputProperties: Ty::Records(&TASK_PARAMETER_DETAILS),
    }
    /// How an execution of a task goes.
    TASK_STATUS_DETAILS "TaskStatusDetails" {
        InstanceGuid: Guid, RunName: Text, Type: Text, Status: Text, Summary: Text, StartedBy: Text,
        StartTime: Ty::DateTime, EndTime: Ty::DateTime, ReturnCode: Int, TotalComputers: Int, NotStarted: Int,
        Started: Int, Succeeded: Int, Failed: Int, TotalFinished: Int, ResourceGuids: Guids, SubTaskGuids: Guids,
    }
    /// How an execution of a task goes on one resource.
    TASK_RESOURCE_STATUS_DETAILS "TaskResourceStatusDetails" {
        TaskInstanceGuid: Guid, TaskInstanceName: Text, ResourceGuid: Guid, ResourceName: Text, Status: Int,
        ReturnCode: Int, OutputProperties: Ty::Records(&TASK_PARAMETER_DETAILS),
    }
    /// What a policy was pushed to (altiris-asdk §4.4). The class's name is assumed.
    PUSH_STATUS "PushPolicyStatus" {
        Agent: Guid, Status: Text,
    }
    /// Who a resource is. The fields are assumed; the contract has none of this class.
    RESOURCE_DATA_INFO "ResourceDataInfo" {
        ResourceGUID: Guid, Name: Text, ResourceTypeGUID: Guid,
    }
    /// A field of a row of a data class.
    DATA_CLASS_FIELD_DATA "DataClassFieldData" {
        FieldName: Text, Value: Text,
    }
    /// A row of a data class.
    DATA_CLASS_ROW_DATA "DataClassRowData" {
        DataElements: Ty::Records(&DATA_CLASS_FIELD_DATA),
    }
    /// A data class of a resource.
    DATA_CLASS_DATA "DataClassData" {
        DataClassGUID: Guid, DataRows: Ty::Records(&DATA_CLASS_ROW_DATA),
    }
    /// A resource with data. The fields beside `DataClasses` are assumed.
    RESOURCE_DATA "ResourceData" {
        ResourceGUID: Guid, Name: Text, ResourceTypeGUID: Guid, DataClasses: Ty::Records(&DATA_CLASS_DATA),
    }
    /// An item, outside of the ASDK. The contract does not know the fields; these are assumed.
    ITEM_INFO "ItemInfo" {
        Guid: Guid, Name: Text, Description: Text, TypeGuid: Guid, TypeName: Text, ParentFolderGuid: Guid,
    }
    /// An entry of a managed delivery policy (altiris-asdk §4.11). The class's name is assumed.
    DELIVERY_ITEM_DETAILS "DeliveryItemDetails" {
        Guid: Guid, Type: Int,
    }
    /// Who may use a publishing item (altiris-asdk §4.12). The class's name is assumed.
    PUBLISHING_USER_DETAILS "PublishingItemUserDetails" {
        Name: Text, PreApproved: Bool, Recommended: Bool,
    }
    /// A request of the software portal (altiris-asdk §4.12). The class's name is assumed.
    SOFTWARE_REQUEST_DETAILS "SoftwareRequestDetails" {
        ID: Int, SoftwareRequestGuid: Guid, SoftwareName: Text, UserName: Text, RequestType: Text, Status: Text,
        DateRequested: Ty::DateTime,
    }
}
