//! `SoftwareTasksManagementService` (altiris-asdk §4.13). Deliveries are kept and run; repairs, source paths and layers of
//! virtualisation are nothing that computers of this server know.

use crate::server::app::asdk::class::Class;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::one_of;
use crate::server::http::asdk::services::delivery::some_guid;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::Swm,
    name: "SoftwareTasksManagementService",
    methods: &[
        Method::new(
            "CreateQuickDeliveryTask",
            &[guid("softwareResourceGuid"), guid("commandLineGuid"), guid("packageGuid")],
            Ty::Guid,
            quick_delivery,
        )
        .typed_alone()
        .writes(),
        Method::new(
            "CreatePackageDeliveryTask",
            &[guid("packageGuid"), guid("commandLineGuid")],
            Ty::Guid,
            package_delivery,
        )
        .typed_alone()
        .writes(),
        Method::new("CreateWindowsInstallerRepairTask", &[guid("softwareResourceGuid")], Ty::Guid, not_kept)
            .typed_alone()
            .writes(),
        Method::new("CreateSourcePathUpdateTask", &[guid("softwareResourceGuid")], Ty::Guid, not_kept)
            .typed_alone()
            .writes(),
        Method::new(
            "CreateVirtualizationTask",
            &[text("action"), text("layer"), text("path"), truth("force")],
            Ty::Guid,
            virtualization,
        )
        .writes(),
        Method::new(
            "CreateAssignPackagesToSoftwareResourceTask",
            &[text("packages"), truth("overwrite")],
            Ty::Guid,
            not_kept,
        )
        .writes(),
        // The samples and the help's page spell it differently (altiris-asdk §9.7): both are there.
        Method::new(
            "RunAssignPackagesToSoftwareResourceTask",
            &[text("packages"), truth("overwrite")],
            Ty::Void,
            not_kept,
        )
        .writes(),
        Method::new(
            "RunAssingPackagesToSoftwareResourceTask",
            &[text("packages"), truth("overwrite")],
            Ty::Void,
            not_kept,
        )
        .writes(),
    ],
};

fn quick_delivery(call: &Call<'_>) -> Result<Value, Fault> {
    let (software, line) = (some_guid(call, "softwareResourceGuid")?, some_guid(call, "commandLineGuid")?);
    let package = some_guid(call, "packageGuid")?;
    let missing = || Fault::does_not_exist(format!("There is no software {software}."));
    let (_, component) = call.app.software(software)?.ok_or_else(missing)?;
    if !component.command_lines.contains(&line) || !component.packages.contains(&package) {
        let why = "The command line and the package are not both of the software.";
        return Err(Fault::invalid_parameter(why));
    }
    Ok(call.write(|writer| writer.create_delivery_task(Class::QuickDeliveryTask, package, line))?.into())
}

fn package_delivery(call: &Call<'_>) -> Result<Value, Fault> {
    let (package, line) = (some_guid(call, "packageGuid")?, some_guid(call, "commandLineGuid")?);
    Ok(call.write(|writer| writer.create_delivery_task(Class::PackageDeliveryTask, package, line))?.into())
}

fn virtualization(call: &Call<'_>) -> Result<Value, Fault> {
    one_of(call, "action", &["Activate", "Deactivate", "DeactivateDelete", "Delete", "Import", "Reset"])?;
    not_kept(call)
}

fn not_kept(call: &Call<'_>) -> Result<Value, Fault> {
    let why = format!("{} is not implemented: computers of this server know no such task.", call.message.name);
    Err(Fault::new(Exception::NotImplemented, why))
}
