//! `SWDSolnPackageManagementService` (altiris-asdk §4.7).

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::details;
use crate::server::app::refused::Refused;
use crate::server::app::spec::package::Package;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::classes::SWD_PACKAGE_DETAILS;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::services::delivery::count;
use crate::server::http::asdk::services::delivery::done;
use crate::server::http::asdk::services::delivery::optional;
use crate::server::http::asdk::services::delivery::record;
use crate::server::http::asdk::table::Area;
use crate::server::http::asdk::table::Method;
use crate::server::http::asdk::table::Param;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::table::guid;
use crate::server::http::asdk::table::guids;
use crate::server::http::asdk::table::number;
use crate::server::http::asdk::table::text;
use crate::server::http::asdk::table::truth;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The service.
pub static SERVICE: Service = Service {
    area: Area::SoftwareDelivery,
    name: "SWDSolnPackageManagementService",
    methods: &[
        Method::new("CreatePackageExBasic", BASIC, DETAILS, create).writes(),
        Method::new("CreatePackageExDetail", DETAIL, DETAILS, create).writes(),
        Method::new("ModifyPackageExBasic", MODIFY_BASIC, Ty::Bool, modify).writes(),
        Method::new("ModifyPackageExDetail", MODIFY_DETAIL, Ty::Bool, modify).writes(),
        Method::new(
            "SetPackageExAdvancedOptions",
            &[
                guid("sPackageGuid"),
                text("sAgentDisplayName"),
                text("sAgentDisplayDescription"),
                truth("bEnableVerboseEvents"),
                text("sAlternateDownloadDestinationLocation"),
            ],
            Ty::Bool,
            advanced,
        )
        .writes(),
        Method::new(
            "SetPackageExPackageServerOptions",
            &[
                guid("sPackageGuid"),
                truth("bAllOrSpecificPackageServers"),
                guids("sPackageServerGuids"),
                text("sLocationOnPackageServer"),
            ],
            Ty::Bool,
            servers,
        )
        .writes(),
        Method::new("GetPackageExByGuid", &[guid("sPackageGuid")], DETAILS, by_guid),
        Method::new("AddProgramToPackage", &[guid("sPackageGuid"), guid("sProgramGuid")], Ty::Bool, add_program)
            .writes(),
        Method::new("UpdateDistributionPoints", &[guid("sPackageGuid")], Ty::Bool, update_points).writes(),
    ],
};

const DETAILS: Ty = Ty::Record(&SWD_PACKAGE_DETAILS);
const NAME: Param = text("sPackageName");
const LOCATION: Param = text("sPackageLocation");
const DIRECTORY: Param = text("sPackageDirectory");
const FOLDER: Param = guid("sParentFolderGuid");
const BASIC: &[Param] = &[NAME, LOCATION, DIRECTORY, FOLDER];
const DETAIL: &[Param] = &[
    NAME,
    LOCATION,
    DIRECTORY,
    text("sPackageDescription"),
    text("sPackagePublisher"),
    text("sPackageVersion"),
    text("sPackageLanguage"),
    number("PurgeAfterDurationInMinutes"),
    FOLDER,
];
const MODIFY_BASIC: &[Param] = &[guid("sPackageGuid"), NAME, LOCATION, DIRECTORY, FOLDER];
const MODIFY_DETAIL: &[Param] = &[
    guid("sPackageGuid"),
    NAME,
    LOCATION,
    DIRECTORY,
    text("sPackageDescription"),
    text("sPackagePublisher"),
    text("sPackageVersion"),
    text("sPackageLanguage"),
    number("PurgeAfterDurationInMinutes"),
    FOLDER,
];

/// What a call says of a package, beyond its name and folder.
struct Sent {
    location: String,
    directory: String,
    detail: Option<Detail>,
}

struct Detail {
    description: String,
    publisher: String,
    version: String,
    language: String,
    purge_minutes: u64,
}

impl Sent {
    fn read(call: &Call<'_>) -> Result<Self, Fault> {
        let has_detail = call.message.name.ends_with("Detail");
        let own = |name: &str| optional(call, name).to_owned();
        let detail = if has_detail {
            Some(Detail {
                description: own("sPackageDescription"),
                publisher: own("sPackagePublisher"),
                version: own("sPackageVersion"),
                language: own("sPackageLanguage"),
                purge_minutes: count(call, "PurgeAfterDurationInMinutes")?,
            })
        } else {
            None
        };
        Ok(Self { location: own("sPackageLocation"), directory: own("sPackageDirectory"), detail })
    }

    fn put(self, package: &mut Package) -> Result<(), Refused> {
        package.source = details::source_of(&self.location, &self.directory)?;
        if let Some(detail) = self.detail {
            package.description = detail.description;
            package.publisher = detail.publisher;
            package.version = detail.version;
            package.language = detail.language;
            package.delete_unused_after_minutes = detail.purge_minutes;
        }
        Ok(())
    }
}

fn shown(call: &Call<'_>, guid: Guid) -> Result<Value, Fault> {
    Ok(record(&SWD_PACKAGE_DETAILS, call.app.package_fields(guid)?).into())
}

fn create(call: &Call<'_>) -> Result<Value, Fault> {
    let (name, folder, sent) = (call.text("sPackageName")?, call.guid("sParentFolderGuid")?, Sent::read(call)?);
    let mut package = Package::default();
    sent.put(&mut package)?;
    let guid = call.write(|writer| writer.create_item_of(Class::Package, name, folder, &json!(package)))?;
    shown(call, guid)
}

fn modify(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("sPackageGuid")?;
    let (name, folder, sent) = (call.text("sPackageName")?, call.guid("sParentFolderGuid")?, Sent::read(call)?);
    done(
        call,
        call.write(|writer| {
            writer.change_package(guid, |item_name, item_folder, package| {
                name.clone_into(item_name);
                *item_folder = Some(folder);
                sent.put(package)
            })
        }),
    )
}

fn advanced(call: &Call<'_>) -> Result<Value, Fault> {
    let guid = call.guid("sPackageGuid")?;
    done(
        call,
        call.write(|writer| {
            writer.change_package(guid, |_, _, package| {
                optional(call, "sAgentDisplayName").clone_into(&mut package.agent_display_name);
                optional(call, "sAgentDisplayDescription").clone_into(&mut package.agent_display_description);
                package.verbose_status_events = call.truth("bEnableVerboseEvents");
                let folder = optional(call, "sAlternateDownloadDestinationLocation").trim();
                folder.clone_into(&mut package.alternate_download_folder);
                Ok(())
            })
        }),
    )
}

fn servers(call: &Call<'_>) -> Result<Value, Fault> {
    let (guid, all) = (call.guid("sPackageGuid")?, call.truth("bAllOrSpecificPackageServers"));
    let given = call.guids_or_null("sPackageServerGuids")?.unwrap_or_default();
    if all && !given.is_empty() {
        return Err(Fault::invalid_parameter("All package servers are chosen, and some are named as well."));
    }
    let place = optional(call, "sLocationOnPackageServer").trim();
    let done_so = call.write(|writer| writer.set_package_servers(guid, (!all).then_some(&given[..]), Some(place)));
    done(call, done_so)
}

fn by_guid(call: &Call<'_>) -> Result<Value, Fault> {
    shown(call, call.guid("sPackageGuid")?)
}

fn add_program(call: &Call<'_>) -> Result<Value, Fault> {
    let (package, program) = (call.guid("sPackageGuid")?, call.guid("sProgramGuid")?);
    done(call, call.write(|writer| writer.attach_program(package, program)))
}

fn update_points(call: &Call<'_>) -> Result<Value, Fault> {
    let package = call.guid("sPackageGuid")?;
    done(call, call.write(|writer| writer.update_distribution_point(package)))
}
