//! The software catalogue (altiris-asdk §4.10), as far as delivery policies and quick delivery need it: releases, their
//! packages, and their command lines, which are packages and programs of this server.
//!
//! Getters give an empty record where nothing is found; setters give `false` with the reason in the log.

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::details;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::object::Component;
use crate::server::app::item::Item;
use crate::server::app::spec::Spec;
use crate::server::app::spec::package::Assign;
use crate::server::app::spec::package::Package;
use crate::server::app::spec::package::Program;
use crate::server::app::spec::package::Source;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::SOFTWARE_COMMAND_LINE_DETAILS;
use crate::server::http::asdk::classes::SOFTWARE_COMPONENT_DETAILS;
use crate::server::http::asdk::classes::SOFTWARE_PACKAGE_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::some_text;
use crate::server::http::asdk::services::delivery::wrong;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::guids;
use crate::server::http::asdk::table::number;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// Releases.
pub static COMPONENT: Service = Service {
    area: Area::Smf,
    name: "SoftwareComponentManagementService",
    methods: &[
        Method::new(
            "CreateSoftwareRelease",
            &[text("Name"), text("Description"), text("Version"), text("Company"), text("Product")],
            Ty::Guid,
            create_release,
        )
        .writes(),
        Method::new("GetSoftwareComponent", &[RELEASE], Ty::Record(&SOFTWARE_COMPONENT_DETAILS), get_component)
            .typed_alone(),
        Method::new(
            "SetSoftwareComponentProperty",
            &[RELEASE, text("PropertyName"), text("Value")],
            Ty::Bool,
            set_component,
        )
        .typed_alone()
        .writes(),
        Method::new("AddPackageToSoftwareComponent", &[RELEASE, PACKAGE_GUID], Ty::Bool, add_package)
            .or_typed("AddPackageToSoftwareComponentX")
            .writes(),
        Method::new("RemovePackageFromSoftwareComponent", &[RELEASE, PACKAGE_GUID], Ty::Bool, remove_package)
            .typed_alone()
            .writes(),
        Method::new("AddCommandLineToSoftwareComponent", &[RELEASE, LINE_GUID], Ty::Bool, add_line)
            .typed_alone()
            .writes(),
        Method::new("RemoveCommandLineFromSoftwareComponent", &[RELEASE, LINE_GUID], Ty::Bool, remove_line)
            .typed_alone()
            .writes(),
    ],
};

/// Packages.
pub static PACKAGE: Service = Service {
    area: Area::Smf,
    name: "SoftwarePackageManagementService",
    methods: &[
        Method::new(
            "CreatePackage",
            &[
                text("Name"),
                text("Description"),
                guid("SoftwareResourceGuid"),
                number("PackageSourceType"),
                text("PackageLocation"),
                text("PackageFolder"),
                text("InstallationFile"),
                truth("AutoGenerateCommandLines"),
            ],
            Ty::Guid,
            create_package,
        )
        .typed_alone()
        .writes(),
        Method::new("GetPackage", &[PACKAGE_GUID], Ty::Record(&SOFTWARE_PACKAGE_DETAILS), get_package).typed_alone(),
        Method::new(
            "SetPackageProperty",
            &[PACKAGE_GUID, text("PropertyName"), text("Value"), truth("IgnoreAttributes")],
            Ty::Bool,
            set_package,
        )
        .typed_alone()
        .writes(),
        Method::new(
            "SetPackageSource",
            &[
                PACKAGE_GUID,
                number("PackageSourceType"),
                text("PackageLocation"),
                text("PackageFolder"),
                truth("IgnoreAttributes"),
            ],
            Ty::Bool,
            set_source,
        )
        .typed_alone()
        .writes(),
        Method::new(
            "SetPackageServerSettings",
            &[
                PACKAGE_GUID,
                number("AssignmentType"),
                text("AutomaticSiteAssignment"),
                guids("PackageServers"),
                text("PackageServerLocation"),
            ],
            Ty::Bool,
            set_servers,
        )
        .typed_alone()
        .writes(),
        Method::new("UpdateDistributionPoints", &[PACKAGE_GUID], Ty::Bool, update_points)
            .or_typed("UpdateDistributionPointsX")
            .writes(),
        Method::new("DeletePackage", &[PACKAGE_GUID], Ty::Bool, delete_package).typed_alone().writes(),
    ],
};

/// Command lines.
pub static COMMAND_LINE: Service = Service {
    area: Area::Smf,
    name: "SoftwareCommandLineManagementService",
    methods: &[
        Method::new(
            "CreateCommandLine",
            &[
                text("Name"),
                text("Description"),
                guid("SoftwarePackageGuid"),
                guid("SoftwareComponentGuid"),
                text("InstallationFileType"),
                text("CommandType"),
                truth("Default"),
                text("CommandLine"),
                text("SuccessCodes"),
                text("ErrorCodes"),
            ],
            Ty::Guid,
            create_line,
        )
        .typed_alone()
        .writes(),
        Method::new("GetCommandLine", &[LINE_GUID], Ty::Record(&SOFTWARE_COMMAND_LINE_DETAILS), get_line).typed_alone(),
        Method::new("SetCommandLineProperty", &[LINE_GUID, text("PropertyName"), text("Value")], Ty::Bool, set_line)
            .typed_alone()
            .writes(),
        Method::new("DeleteCommandLine", &[LINE_GUID], Ty::Bool, delete_line).typed_alone().writes(),
    ],
};

const RELEASE: Param = guid("SoftwareComponentGuid");
const PACKAGE_GUID: Param = guid("PackageGuid");
const LINE_GUID: Param = guid("CommandLineGuid");

/// What a setter of the catalogue gives: `false` with the reason in the log, whatever went wrong (altiris-asdk §4.10).
fn told(call: &Call<'_>, result: Result<(), Fault>) -> Result<Value, Fault> {
    if let Err(fault) = &result {
        tracing::warn!(message = call.message.name, why = %fault.message, "not done");
    }
    Ok(Value::Bool(result.is_ok()))
}

fn create_release(call: &Call<'_>) -> Result<Value, Fault> {
    let own = |name: &str| optional(call, name).to_owned();
    let component = Component {
        component_description: own("Description"),
        version: own("Version"),
        company: own("Company"),
        product: own("Product"),
        ..Component::default()
    };
    let name = some_text(call, "Name")?;
    Ok(call.write(|writer| writer.create_component(name, component))?.into())
}

fn get_component(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("SoftwareComponentGuid")?;
    let empty = Record::new(&SOFTWARE_COMPONENT_DETAILS);
    let Some((name, component)) = call.app.software(guid)? else { return Ok(empty.into()) };
    let record = empty
        .with("Guid", guid)
        .with("Name", name)
        .with("Description", component.component_description)
        .with("ItemAttributes", "Normal")
        .with("Version", component.version)
        .with("SoftwareComponentType", "SoftwareRelease")
        .with("Packages", Value::guids(component.packages))
        .with("CommandLines", Value::guids(component.command_lines));
    Ok(record.into())
}

fn change_component(call: &Call<'_>, change: impl FnOnce(&mut String, &mut Component)) -> Result<(), Fault> {
    let guid = call.guid("SoftwareComponentGuid")?;
    call.write(|writer| {
        writer.change_component(guid, |name, component| {
            change(name, component);
            Ok(())
        })
    })
}

fn set_component(call: &Call<'_>) -> Result<Value, Fault> {
    let value = optional(call, "Value").to_owned();
    let set = |call: &Call<'_>| match call.text("PropertyName")? {
        "Name" => change_component(call, |name, _| *name = value),
        "Description" => change_component(call, |_, component| component.component_description = value),
        "Version" => change_component(call, |_, component| component.version = value),
        "Company" => change_component(call, |_, component| component.company = value),
        "Product" => change_component(call, |_, component| component.product = value),
        other => Err(wrong("PropertyName", other, "one of Name, Description, Version, Company, Product")),
    };
    told(call, set(call))
}

fn add_package(call: &Call<'_>) -> Result<Value, Fault> {
    let package = call.guid("PackageGuid")?;
    let add = |call: &Call<'_>| {
        call.app.package_fields(package)?;
        change_component(call, |_, component| {
            if !component.packages.contains(&package) {
                component.packages.push(package);
            }
        })
    };
    told(call, add(call))
}

fn remove_package(call: &Call<'_>) -> Result<Value, Fault> {
    let package = call.guid("PackageGuid")?;
    told(call, change_component(call, |_, component| component.packages.retain(|own| *own != package)))
}

fn add_line(call: &Call<'_>) -> Result<Value, Fault> {
    let line = call.guid("CommandLineGuid")?;
    let add = |call: &Call<'_>| {
        call.app.program_entry(line)?;
        change_component(call, |_, component| {
            if !component.command_lines.contains(&line) {
                component.command_lines.push(line);
            }
        })
    };
    told(call, add(call))
}

fn remove_line(call: &Call<'_>) -> Result<Value, Fault> {
    let line = call.guid("CommandLineGuid")?;
    told(
        call,
        change_component(call, |_, component| {
            component.command_lines.retain(|own| *own != line);
            component.default_command_line = component.default_command_line.filter(|own| *own != line);
        }),
    )
}

/// The source of a type: 1 a share, 2 a directory of the server, 4 a web address, 5 the library, which is not here.
fn source(call: &Call<'_>) -> Result<Source, Fault> {
    let (location, folder) = (optional(call, "PackageLocation"), optional(call, "PackageFolder"));
    let kind = call.number("PackageSourceType");
    let source = details::source_of(location, folder)?;
    match (kind, &source) {
        (1, Source::Unc { .. }) | (2, Source::Local { .. }) | (4, Source::Url { .. }) => Ok(source),
        (1 | 2 | 4, _) => Err(wrong("PackageLocation", location, "a location of this type of source")),
        (5, _) => Err(Fault::invalid_parameter("This server has no software library.")),
        (other, _) => Err(wrong("PackageSourceType", &other.to_string(), "1, 2, 4 or 5")),
    }
}

fn create_package(call: &Call<'_>) -> Result<Value, Fault> {
    if call.truth("AutoGenerateCommandLines") {
        return Err(Fault::invalid_parameter(
            "This server does not look into installation files: make the command lines.",
        ));
    }
    let (name, software) = (some_text(call, "Name")?, call.guid_or_none("SoftwareResourceGuid")?);
    let description = optional(call, "Description").to_owned();
    let package = Package { description, source: source(call)?, ..Package::default() };
    let guid = call.write(|writer| {
        let folder = crate::server::app::asdk::folders::PACKAGES;
        let guid = writer.create_item_of(Class::Package, name, folder, &json!(package))?;
        if let Some(software) = software {
            writer.change_component(software, |_, component| {
                component.packages.push(guid);
                Ok(())
            })?;
        }
        Ok(guid)
    })?;
    Ok(guid.into())
}

fn get_package(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("PackageGuid")?;
    let empty = Record::new(&SOFTWARE_PACKAGE_DETAILS);
    let Ok(Entry::Item(Item { name, attributes, spec: Spec::Package(spec), .. })) = call.app.entry(guid) else {
        return Ok(empty.into());
    };
    let (location, directory) = details::paths_of(&spec.source);
    let (source_type, assigned) = (
        match spec.source {
            Source::None {} => "Empty",
            Source::Local { .. } => "Local",
            Source::Unc { .. } => "Unc",
            Source::Url { .. } => "Url",
        },
        match spec.package_servers.assign {
            Assign::All | Assign::Automatic => "ALL",
            Assign::Servers => "INDIVIDUALLY",
            Assign::Sites => "SITE",
        },
    );
    let lines: Vec<Guid> = call.app.programs_in(guid)?.into_iter().map(|program| program.guid).collect();
    let record = empty
        .with("Guid", guid)
        .with("Name", name)
        .with("Description", spec.description.as_str())
        .with("ItemAttributes", details::attributes(&attributes))
        .with("SoftwareComponent", call.app.software_of_package(guid)?)
        .with("SourceType", source_type)
        .with("PackageLocation", location)
        .with("PackageDirectory", directory)
        .with("CommandLines", Value::guids(lines))
        .with("PackageServerAssigments", assigned) // The vendor's spelling.
        .with("PackageServerAutoAssign", spec.package_servers.assign == Assign::Automatic)
        .with("PackageServers", Value::guids(call.app.package_servers(&spec)?))
        .with("PackageServerLocation", spec.package_server_folder.as_str());
    Ok(record.into())
}

fn set_package(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, value) = (call.guid("PackageGuid")?, optional(call, "Value"));
    let set = |call: &Call<'_>| match call.text("PropertyName")? {
        "Name" => call.write(|writer| writer.rename_entry(guid, value)),
        "Description" => call.write(|writer| {
            writer.change_package(guid, |_, _, package| {
                value.clone_into(&mut package.description);
                Ok(())
            })
        }),
        other => Err(wrong("PropertyName", other, "one of Name, Description")),
    };
    told(call, set(call))
}

fn set_source(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("PackageGuid")?;
    let set = |call: &Call<'_>| {
        let source = source(call)?;
        call.write(|writer| {
            writer.change_package(guid, |_, _, package| {
                package.source = source;
                Ok(())
            })
        })
    };
    told(call, set(call))
}

fn set_servers(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("PackageGuid")?;
    let set = |call: &Call<'_>| {
        let servers = call.guids_or_null("PackageServers")?.unwrap_or_default();
        let place = optional(call, "PackageServerLocation");
        let given = match call.number("AssignmentType") {
            0 if servers.is_empty() => None,
            1 => Some(&servers[..]),
            2 => return Err(Fault::invalid_parameter("Sites are named by GUID, and this server knows them by name.")),
            other => return Err(wrong("AssignmentType", &other.to_string(), "0 without servers, or 1 with them")),
        };
        call.write(|writer| writer.set_package_servers(guid, given, Some(place)))
    };
    told(call, set(call))
}

fn update_points(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("PackageGuid")?;
    told(call, call.write(|writer| writer.update_distribution_point(guid)))
}

fn delete_package(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("PackageGuid")?;
    call.app.package_fields(guid)?;
    told(call, call.write(|writer| writer.delete_entry(guid)))
}

/// Codes with commas.
fn codes(name: &str, text: &str) -> Result<Vec<i64>, Fault> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|_| wrong(name, text, "a list of codes with commas"))).collect()
}

fn create_line(call: &Call<'_>) -> Result<Value, Fault> {
    let (package, software) = (call.guid_or_none("SoftwarePackageGuid")?, call.guid_or_none("SoftwareComponentGuid")?);
    let (name, is_default) = (some_text(call, "Name")?, call.truth("Default"));
    let kinds = ["Install", "Uninstall", "Repair", "Upgrade", "Custom"];
    let kind = call.text("CommandType")?;
    if !kinds.contains(&kind) {
        return Err(wrong("CommandType", kind, "one of Install, Uninstall, Repair, Upgrade, Custom"));
    }
    let program = Program {
        description: optional(call, "Description").to_owned(),
        command_line: call.text("CommandLine")?.to_owned(),
        success_codes: codes("SuccessCodes", optional(call, "SuccessCodes"))?,
        failure_codes: codes("ErrorCodes", optional(call, "ErrorCodes"))?,
        ..Program::default()
    };
    let guid = call.write(|writer| {
        let guid = writer.create_loose_program(name, program)?.guid;
        if let Some(package) = package {
            writer.attach_program(package, guid)?;
        }
        if let Some(software) = software {
            writer.change_component(software, |_, component| {
                component.command_lines.push(guid);
                if is_default {
                    component.default_command_line = Some(guid);
                }
                Ok(())
            })?;
        }
        Ok(guid)
    })?;
    Ok(guid.into())
}

fn get_line(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("CommandLineGuid")?;
    let empty = Record::new(&SOFTWARE_COMMAND_LINE_DETAILS);
    let Ok(program) = call.app.program_entry(guid) else { return Ok(empty.into()) };
    let software = match program.package {
        Some(package) => Some(call.app.software_of_package(package)?),
        None => None,
    };
    let is_default = match software {
        Some(software) => call.app.software(software)?.is_some_and(|(_, own)| own.default_command_line == Some(guid)),
        None => false,
    };
    let record = empty
        .with("Guid", guid)
        .with("Name", program.name)
        .with("Description", program.spec.description)
        .with("ItemAttributes", "Normal")
        .with("CommandLine", program.spec.command_line)
        .with("CommandLineType", "Install")
        .with("IsDefault", is_default)
        .with("SuccessCodes", details::codes(&program.spec.success_codes))
        .with("FailureCodes", details::codes(&program.spec.failure_codes))
        .with("SoftwarePackageGuid", program.package)
        .with("SoftwareComponentResource", software);
    Ok(record.into())
}

fn set_line(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, value) = (call.guid("CommandLineGuid")?, optional(call, "Value"));
    let set = |call: &Call<'_>| {
        let property = call.text("PropertyName")?;
        let own = ["Name", "Description", "CommandLine", "SuccessCodes", "FailureCodes"];
        if property == "PackageGuid" {
            let package = value.parse().map_err(|_| wrong("Value", value, "the GUID of a package"))?;
            return call.write(|writer| writer.attach_program(package, guid));
        }
        if !own.contains(&property) {
            return Err(wrong(
                "PropertyName",
                property,
                "one of Name, Description, CommandLine, SuccessCodes, FailureCodes, PackageGuid",
            ));
        }
        let list = if property.ends_with("Codes") { codes("Value", value)? } else { Vec::new() };
        call.write(|writer| {
            writer.change_program(guid, |name, program| {
                match property {
                    "Name" => value.clone_into(name),
                    "Description" => value.clone_into(&mut program.description),
                    "CommandLine" => value.clone_into(&mut program.command_line),
                    "SuccessCodes" => program.success_codes = list,
                    _ => program.failure_codes = list,
                }
                Ok(())
            })
        })
    };
    told(call, set(call))
}

fn delete_line(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("CommandLineGuid")?;
    call.app.program_entry(guid)?;
    told(call, call.write(|writer| writer.delete_entry(guid)))
}
