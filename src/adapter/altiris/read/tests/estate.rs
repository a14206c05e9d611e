//! A small server by hand: two folders, two packages with a program each, a task for each, and some collections.

use std::sync::Arc;

use crate::adapter::AdapterError;
use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::adapter::altiris::read::AltirisReader;
use crate::adapter::altiris::wire::tests::fake::Fake;
use crate::adapter::altiris::wire::tests::fake::Reply;
use crate::adapter::altiris::wire::tests::fake::fault;
use crate::adapter::altiris::wire::tests::fake::result;
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::altiris::KnownItems;
use crate::model::guid::Guid;
use crate::model::observed::Observed;
use crate::sys::http::asdk::Service;

pub const ROOT: u128 = 0x10;
pub const APPS: u128 = 0x11;
pub const SECRET: u128 = 0x12;
pub const ZIP: u128 = 0x20;
pub const EDIT: u128 = 0x21;
pub const RUN_ZIP: u128 = 0x30;
pub const RUN_EDIT: u128 = 0x31;
pub const TASK_ZIP: u128 = 0x40;
pub const TASK_EDIT: u128 = 0x41;
pub const ALL: u128 = Guid::ALL_COMPUTERS.bits();
pub const PILOT: u128 = 0x51;
pub const TARGET: u128 = 0x60;
pub const ODD_TARGET: u128 = 0x61;
pub const PC: u128 = 0x70;

pub fn guid(bits: u128) -> Guid {
    Guid::of(bits)
}

fn braced(bits: u128) -> String {
    format!("{{{}}}", guid(bits).to_string().to_ascii_uppercase())
}

/// Name, type and folder of every item.
pub fn item(bits: u128) -> Option<(&'static str, &'static str, u128)> {
    Some(match bits {
        ROOT => ("Software", "PresentationFolder", 0),
        APPS => ("Apps", "PresentationFolder", ROOT),
        SECRET => ("Secret", "PresentationFolder", ROOT),
        ZIP => ("7-Zip", "SWDPackage", APPS),
        EDIT => ("Editor", "SWDPackage", SECRET),
        TASK_ZIP => ("Install 7-Zip", "SWDAdvertisement", APPS),
        TASK_EDIT => ("Install Editor", "SWDAdvertisement", SECRET),
        ALL => ("All Computers", "Collection", ROOT),
        PILOT => ("Pilot", "Collection", APPS),
        TARGET => ("Pilot target", "ResourceTarget", ROOT),
        ODD_TARGET => ("Odd target", "ResourceTarget", ROOT),
        PC => ("PC-1", "Computer", 0),
        _ => return None,
    })
}

pub fn item_xml(bits: u128) -> Option<String> {
    let (name, of, folder) = item(bits)?;
    let long = format!("Altiris.SWD.{of}");
    Some(format!(
        "<Guid>{}</Guid><Name>{name}</Name><TypeName>{of}</TypeName><LongTypeName>{long}</LongTypeName>\
         <ParentFolderGuid>{}</ParentFolderGuid><Attributes>Normal</Attributes><Enabled>true</Enabled>\
         <IsSchedulableItem>false</IsSchedulableItem><ScheduleEnabled>false</ScheduleEnabled>\
         <AppliedToResourceTargets>{}</AppliedToResourceTargets>",
        guid(bits),
        guid(folder),
        targets(bits)
    ))
}

fn targets(bits: u128) -> String {
    match bits {
        TASK_ZIP => format!("{}, {}", braced(TARGET), braced(ALL)),
        TASK_EDIT => braced(ODD_TARGET),
        _ => String::new(),
    }
}

pub fn package_xml(bits: u128) -> Option<String> {
    let (name, location, of) = match bits {
        ZIP => ("7-Zip", "\\\\files\\7zip", "Unc"),
        EDIT => ("Editor", "", "Empty"),
        _ => return None,
    };
    Some(format!(
        "<Guid>{}</Guid><Name>{name}</Name><Version>1.0</Version><Location>{location}</Location>\
         <PackageSourceType>{of}</PackageSourceType><ParentFolderGuid>{}</ParentFolderGuid><Attributes>Normal</Attributes>\
         <PurgeAfterDurationInMinutes>10080</PurgeAfterDurationInMinutes><EnableVerboseEvents>1</EnableVerboseEvents>",
        braced(bits),
        braced(item(bits)?.2)
    ))
}

pub fn program_xml(bits: u128) -> Option<String> {
    let (name, rights) = match bits {
        RUN_ZIP => ("Run", "<RunWithRightsOptionType>1</RunWithRightsOptionType>"),
        RUN_EDIT => (
            "Run",
            "<RunWithRightsOptionType>3</RunWithRightsOptionType><UserDomain>CORP</UserDomain><UserName>svc</UserName>",
        ),
        _ => return None,
    };
    Some(format!(
        "<Guid>{}</Guid><Name>{name}</Name><CommandLine>setup.exe /S</CommandLine><EstimatedDiskSpace>5</EstimatedDiskSpace>\
         <EstimatedRunTime>3</EstimatedRunTime><TerminateAfter>30</TerminateAfter><SuccessCodes>0, 3010</SuccessCodes>\
         <AfterRunningActionType>2</AfterRunningActionType><DeferTimeforRestartInMinutes>15</DeferTimeforRestartInMinutes>\
         <ForceRunningApplicationToCloseOnRestart>0</ForceRunningApplicationToCloseOnRestart>\
         <StartingWindowOptionType>2</StartingWindowOptionType>{rights}<CanRunOptionType>1</CanRunOptionType>\
         <UserInputRequired>0</UserInputRequired><RunOnceForEachLoggedOnUser>0</RunOnceForEachLoggedOnUser>\
         <RunForSpecifiedUsers>0</RunForSpecifiedUsers><RequiresNWConnection>1</RequiresNWConnection>\
         <MinimumSpeedOptions>10</MinimumSpeedOptions>",
        guid(bits)
    ))
}

pub fn task_xml(bits: u128, is_row: bool) -> Option<String> {
    let (package, program) = match bits {
        TASK_ZIP => (ZIP, RUN_ZIP),
        TASK_EDIT => (EDIT, RUN_EDIT),
        _ => return None,
    };
    let (name, _, folder) = item(bits)?;
    let targets = if is_row { String::new() } else { format!("<ResourceTargets>{}</ResourceTargets>", targets(bits)) };
    Some(format!(
        "<Guid>{}</Guid><Name>{name}</Name><Enable>true</Enable><FolderGuid>{}</FolderGuid><Attributes>Normal</Attributes>\
         <PackageGuid>{}</PackageGuid><ProgramGuid>{}</ProgramGuid>{targets}<Priority>VeryHigh</Priority>\
         <RunASAP>false</RunASAP><ScheduleXML>&lt;Schedule&gt;&lt;Trigger Type=\"1\"&gt;&lt;BeginDate&gt;2026-01-02 \
         03:04:00&lt;/BeginDate&gt;&lt;DaysInterval&gt;1&lt;/DaysInterval&gt;&lt;/Trigger&gt;&lt;/Schedule&gt;</ScheduleXML>\
         <ScheduleRetry>true</ScheduleRetry><AvailableFrom>2026-01-01T00:00:00</AvailableFrom>\
         <AvaliableTo>0001-01-01T00:00:00</AvaliableTo><UsesServersTime>false</UsesServersTime>\
         <RemoveAfterSuccessfulRun>false</RemoveAfterSuccessfulRun>\
         <NotifyUserWhenTaskAvailable>false</NotifyUserWhenTaskAvailable>\
         <WarnUserBeforeRunning>true</WarnUserBeforeRunning><DeferTime>15</DeferTime>\
         <UseDefaultAgentSettings>true</UseDefaultAgentSettings><RunFromServer>false</RunFromServer>\
         <DownloadAndRunLocally>true</DownloadAndRunLocally><DownloadPackageASAP>false</DownloadPackageASAP>\
         <MinimumBandwidth>1</MinimumBandwidth><MinimumConnectionSpeed>1</MinimumConnectionSpeed>\
         <MulticastPackage>false</MulticastPackage><EnableVerboseReporting>true</EnableVerboseReporting>",
        braced(bits),
        guid(folder),
        guid(package),
        guid(program),
    ))
}

/// The text of a parameter of a call.
pub fn param<'b>(body: &'b str, name: &str) -> &'b str {
    let (from, to) = (format!("<{name}>"), format!("</{name}>"));
    body.split_once(&from).and_then(|(_, rest)| rest.split_once(&to)).map_or("", |(text, _)| text)
}

pub fn bits(body: &str, name: &str) -> u128 {
    param(body, name).parse::<Guid>().map_or(0, Guid::bits)
}

fn found(message: &str, within: Option<String>) -> Reply {
    within.map_or_else(|| fault("ASDKDoesNotExistException"), |within| result(message, &within))
}

/// Whether nobody may read this item.
pub type Closed = fn(u128) -> bool;

/// A server on which `closed` items are refused.
pub fn server(closed: Closed) -> Fake {
    const ITEMS: [u128; 11] = [ROOT, APPS, SECRET, ZIP, EDIT, TASK_ZIP, TASK_EDIT, ALL, PILOT, TARGET, ODD_TARGET];
    let refuse = || fault("Altiris.ASDK.ASDKInsufficientPermissionException");
    let by = move |message: &'static str, name: &'static str, made: fn(u128) -> Option<String>| {
        move |body: &str, _: usize| {
            let bits = bits(body, name);
            if closed(bits) { refuse() } else { found(message, made(bits)) }
        }
    };
    Fake::default()
        .describes(
            Service::Item,
            &[
                ("GetItemByGuid", &["itemGuid"]),
                ("GetItemsByType", &["typeName"]),
                ("GetItemsInFolder", &["folderGuid"]),
                ("ExportItemXmlString", &["itemGuid"]),
            ],
        )
        .describes(Service::Package, &[("GetPackageExByGuid", &["sPackageGuid"])])
        .describes(
            Service::Program,
            &[("GetProgramsFromPackage", &["sPackageGuid"]), ("GetProgramExByGuid", &["sProgramGuid"])],
        )
        .describes(Service::Advertisement, &[("GetAdvertisementExByGuid", &["sAdvertisementExGuid"])])
        .describes(
            Service::Collection,
            &[("GetInclusions", &["collectionItemGuid", "type"]), ("GetExclusions", &["collectionItemGuid", "type"])],
        )
        .by("GetItemByGuid", by("GetItemByGuid", "itemGuid", item_xml))
        .by("GetItemsByType", |body, _| {
            // This one takes the short name alone.
            let of = param(body, "typeName");
            let list = ITEMS.iter().filter(|bits| item(**bits).is_some_and(|(_, name, _)| name == of));
            let list: String =
                list.filter_map(|bits| Some(format!("<ItemDetails>{}</ItemDetails>", item_xml(*bits)?))).collect();
            result("GetItemsByType", &list)
        })
        .by("GetPackageExByGuid", by("GetPackageExByGuid", "sPackageGuid", package_xml))
        .by("GetProgramsFromPackage", |body, _| {
            let program = if bits(body, "sPackageGuid") == ZIP { RUN_ZIP } else { RUN_EDIT };
            let program =
                program_xml(program).unwrap().replace("<CanRun", "<UserPassword>hunter2</UserPassword><CanRun");
            result("GetProgramsFromPackage", &format!("<SWDSolnProgramDetails>{program}</SWDSolnProgramDetails>"))
        })
        .by("GetProgramExByGuid", by("GetProgramExByGuid", "sProgramGuid", program_xml))
        .by(
            "GetAdvertisementExByGuid",
            by("GetAdvertisementExByGuid", "sAdvertisementExGuid", |bits| task_xml(bits, false)),
        )
        .by("GetInclusions", |body, _| {
            let list = if bits(body, "collectionItemGuid") == PILOT { vec![ALL, PC] } else { vec![] };
            let list: String =
                list.iter().map(|bits| format!("<ItemDetails>{}</ItemDetails>", item_xml(*bits).unwrap())).collect();
            result("GetInclusions", &list)
        })
        .on("GetExclusions", result("GetExclusions", ""))
        .by("ExportItemXmlString", |body, _| {
            let filter = |operation: &str, of: u128| {
                format!(
                    "<targetFilter guid='{}'><operation>{operation}</operation><resourceCollectionGuid>{}\
                     </resourceCollectionGuid></targetFilter>",
                    braced(1),
                    braced(of)
                )
            };
            let filters = match bits(body, "itemGuid") {
                TARGET => filter("Intersect", PILOT),
                _ => filter("Intersect", PILOT) + &filter("Except", ALL),
            };
            let export = format!(
                "<?xml version=\"1.0\" encoding=\"utf-16\"?><item><targetFilters>{filters}</targetFilters></item>"
            );
            result("ExportItemXmlString", &export.replace('&', "&amp;").replace('<', "&lt;"))
        })
}

pub fn settings() -> AltirisSettings {
    let known = KnownItems {
        folder: Some(guid(APPS)),
        package: Some(guid(ZIP)),
        task: Some(guid(TASK_ZIP)),
        ..KnownItems::default()
    };
    AltirisSettings { known, ..AltirisSettings::default() }
}

pub async fn observe(fake: &Arc<Fake>, settings: AltirisSettings) -> Result<Observed, AdapterError> {
    let reader = AltirisReader::new(fake.clone(), settings, Findings::default());
    match reader.observe(None).await? {
        Observation::Fresh(observed) => Ok(observed),
        Observation::Unchanged => panic!("nothing was known before"),
    }
}
