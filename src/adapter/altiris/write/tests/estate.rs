//! A made-up server that keeps what it is told: the contract's methods over a map, a request at a time, and cut off where
//! a test wants it. Written from the contract; it knows nothing of the writer.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;

use crate::adapter::altiris::wire::tests::fake::Reply;
use crate::adapter::altiris::wire::tests::fake::fault;
use crate::adapter::altiris::wire::tests::fake::result;
use crate::adapter::altiris::wire::tests::fake::wsdl;
use crate::adapter::altiris::wire::xml;
use crate::model::guid::Guid;
use crate::sys::http::Answer;
use crate::sys::http::Ask;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;

/// The fields of a class with what a new one has (where the contract says nothing: what is least like a manifest's own).
pub type Fields = BTreeMap<&'static str, String>;

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    pub of: &'static str,
    pub name: String,
    pub folder: Option<Guid>,
    pub fields: Fields,
    pub includes: BTreeSet<Guid>,
    pub excludes: BTreeSet<Guid>,
}

/// What the server holds, and what was asked of it.
#[derive(Default)]
pub struct Held {
    pub things: BTreeMap<Guid, Thing>,
    /// Calls by name, those that write with their parameters.
    pub calls: Vec<String>,
    /// How many requests came in.
    pub n: usize,
    /// Each task at the time it was switched on.
    pub switched_on: Vec<(Guid, Thing)>,
    next: u128,
}

/// Where answers end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Never,
    /// This request is lost before it has an effect.
    Before(usize),
    /// This request has its effect, and its answer is lost.
    After(usize),
    /// As `After`, and nothing gets through any more.
    Dead(usize),
}

impl Cut {
    /// The same after so many requests more.
    pub fn later(self, by: usize) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::Before(at) => Self::Before(at + by),
            Self::After(at) => Self::After(at + by),
            Self::Dead(at) => Self::Dead(at + by),
        }
    }
}

pub struct Estate {
    pub held: Mutex<Held>,
    pub cut: Mutex<Cut>,
    /// Messages that answer `false`.
    pub refuses: Mutex<BTreeSet<&'static str>>,
}

const PACKAGE: &[(&str, &str)] = &[
    ("Description", ""),
    ("Publisher", ""),
    ("Version", "1.0"),
    ("Language", ""),
    ("Location", ""),
    ("PackageDirectory", ""),
    ("PackageSourceType", "Empty"),
    ("PackageType", ""),
    ("PurgeAfterDurationInMinutes", "60"),
    ("EnableVerboseEvents", "false"),
    ("AgentDisplayName", ""),
    ("AgentDisplayDescription", ""),
    ("AlternateDownloadDestinationLocation", ""),
    ("SelectedPackageServers", ""),
    ("ServerFolder", ""),
];

const PROGRAM: &[(&str, &str)] = &[
    ("Description", ""),
    ("CommandLine", ""),
    ("WorkingDirectory", ""),
    ("EstimatedDiskSpace", "0"),
    ("EstimatedRunTime", "0"),
    ("TerminateAfter", "0"),
    ("SuccessCodes", "0"),
    ("FailureCodes", ""),
    ("AfterRunningActionType", "1"),
    ("DeferTimeforRestartInMinutes", "0"),
    ("ForceRunningApplicationToCloseOnRestart", "false"),
    ("StartingWindowOptionType", "2"),
    ("RunWithRightsOptionType", "2"),
    ("UserDomain", ""),
    ("UserName", ""),
    ("UserPassword", ""),
    ("CanRunOptionType", "2"),
    ("UserInputRequired", "false"),
    ("RunOnceForEachLoggedOnUser", "false"),
    ("RunForSpecifiedUsers", "false"),
    ("UsersToRunList", ""),
    ("RequiresNWConnection", "false"),
    ("MinimumSpeedOptions", "0"),
    ("Package", ""),
    ("Rights", ""),
];

const TASK: &[(&str, &str)] = &[
    ("Description", ""),
    ("Enable", "false"),
    ("PackageGuid", ""),
    ("ProgramGuid", ""),
    ("ResourceTargets", ""),
    ("Priority", "Normal"),
    ("RunASAP", "true"),
    ("ScheduleXML", ""),
    ("ScheduleRetry", "false"),
    ("AvailableFrom", ""),
    ("AvaliableTo", ""),
    ("UsesServersTime", "false"),
    ("RemoveAfterSuccessfulRun", "false"),
    ("NotifyUserWhenTaskAvailable", "false"),
    ("WarnUserBeforeRunning", "false"),
    ("DeferTime", "0"),
    ("UseDefaultAgentSettings", "true"),
    ("RunFromServer", "false"),
    ("DownloadAndRunLocally", "true"),
    ("DownloadPackageASAP", "false"),
    ("MinimumBandwidth", "0"),
    ("MinimumConnectionSpeed", "0"),
    ("MulticastPackage", "false"),
    ("EnableVerboseReporting", "false"),
    ("Independent", "false"),
];

/// A message with its parameters.
type Message = (&'static str, &'static [&'static str]);

/// Every message of every service.
const MESSAGES: &[(&str, &[Message])] = &[
    (
        "ItemManagementService",
        &[
            ("GetItemByGuid", &["itemGuid"]),
            ("GetItemsByName", &["itemName"]),
            ("GetItemsByType", &["typeName"]),
            ("RenameItem", &["itemGuid", "newName"]),
            ("MoveItem", &["itemGuid", "destinationFolderGuid"]),
            ("DeleteItem", &["itemGuid"]),
            ("EnablePolicyItem", &["policyItemGuid"]),
            ("DisablePolicyItem", &["policyItemGuid"]),
            ("CreateFolder", &["folderName", "parentFolderGuid"]),
            ("ExportItemXmlString", &["itemGuid"]),
        ],
    ),
    (
        "CollectionManagementService",
        &[
            ("CreateResourceCollection", &["name", "description", "folderGuid", "autoUpdate:boolean"]),
            ("SetCollectionDataSourceToRawSqlQuery", &["collectionItemGuid", "sqlQuery"]),
            ("AddInclusions", &["collectionItemGuid", "itemGuids"]),
            ("RemoveInclusions", &["collectionItemGuid", "itemGuids"]),
            ("AddExclusions", &["collectionItemGuid", "itemGuids"]),
            ("RemoveExclusions", &["collectionItemGuid", "itemGuids"]),
            ("GetInclusions", &["collectionItemGuid", "type"]),
            ("GetExclusions", &["collectionItemGuid", "type"]),
        ],
    ),
    ("ScopingManagementService", &[("CreateResourceTarget", &["configXml"])]),
    ("ResourceManagementService", &[("GetResourceByName", &["name", "resourceType"])]),
    (
        "SWDSolnPackageManagementService",
        &[
            (
                "CreatePackageExDetail",
                &[
                    "sPackageName",
                    "sPackageLocation",
                    "sPackageDirectory",
                    "sPackageDescription",
                    "sPackagePublisher",
                    "sPackageVersion",
                    "sPackageLanguage",
                    "PurgeAfterDurationInMinutes:int",
                    "sParentFolderGuid",
                ],
            ),
            (
                "ModifyPackageExDetail",
                &[
                    "sPackageGuid",
                    "sPackageName",
                    "sPackageLocation",
                    "sPackageDirectory",
                    "sPackageDescription",
                    "sPackagePublisher",
                    "sPackageVersion",
                    "sPackageLanguage",
                    "PurgeAfterDurationInMinutes:int",
                    "sParentFolderGuid",
                ],
            ),
            (
                "SetPackageExAdvancedOptions",
                &[
                    "sPackageGuid",
                    "sAgentDisplayName",
                    "sAgentDisplayDescription",
                    "bEnableVerboseEvents:boolean",
                    "sAlternateDownloadDestinationLocation",
                ],
            ),
            (
                "SetPackageExPackageServerOptions",
                &[
                    "sPackageGuid",
                    "bAllOrSpecificPackageServers:boolean",
                    "sPackageServerGuids",
                    "sLocationOnPackageServer",
                ],
            ),
            ("GetPackageExByGuid", &["sPackageGuid"]),
            ("AddProgramToPackage", &["sPackageGuid", "sProgramGuid"]),
        ],
    ),
    (
        "SWDSolnProgramManagementService",
        &[
            (
                "CreateProgramExDetail",
                &[
                    "sProgramName",
                    "sCommandLine",
                    "sProgramDescription",
                    "sProgramWorkingDirectory",
                    "sEstimatedDiskSpace",
                    "sEstimatedRunTime",
                    "sTerminateAfter",
                    "sSuccessCodes",
                    "sFailureCodes",
                ],
            ),
            (
                "ModifyProgramExDetail",
                &[
                    "sProgramGuid",
                    "sProgramName",
                    "sCommandLine",
                    "sProgramDescription",
                    "sProgramWorkingDirectory",
                    "sEstimatedDiskSpace",
                    "sEstimatedRunTime",
                    "sTerminateAfter",
                    "sSuccessCodes",
                    "sFailureCodes",
                ],
            ),
            (
                "SetProgramExecutionOptions",
                &[
                    "sProgramGuid",
                    "sStartingWindow",
                    "sRunWithRights",
                    "sUserDomain",
                    "sUserName",
                    "sUserPassword",
                    "sUserConfirmPassword",
                    "sProgramCanRun",
                    "sUserInputRequired",
                    "sRunOnceForEachLoggedOnUser",
                ],
            ),
            (
                "SetProgramRunOptions",
                &[
                    "sProgramGuid",
                    "sActionAfterRunning",
                    "sDeferTimeforRestartInMinutes",
                    "sForceRunningApplicationToCloseOnRestart",
                ],
            ),
            ("SetProgramNetworkOptions", &["sProgramGuid", "sProgramRequiresNWConnection", "sMinimumSpeedOptions"]),
            ("GetProgramExByGuid", &["sProgramGuid"]),
            ("GetProgramsFromPackage", &["sPackageGuid"]),
            ("AssignSoftwarePortalSecurity", &["sProgramGuid", "sPermissionGuid", "sUserName", "sAction"]),
        ],
    ),
    (
        "SWDSolnAdvertisementManagementService",
        &[
            (
                "CreateAdvertisementEx",
                &[
                    "bEnable:boolean",
                    "sAdvertisementExName",
                    "sAdvertisementExDescription",
                    "sFolderGuid",
                    "sPackageGuid",
                    "sProgramGuid",
                    "sResourceTargets",
                    "sPriority",
                ],
            ),
            ("ModifyAdvertisementExBasic", &["sAdvertisementExGuid", "sPackageGuid", "sProgramGuid"]),
            (
                "ModifyAdvertisementExDetail",
                &[
                    "sAdvertisementExGuid",
                    "bEnable:boolean",
                    "name",
                    "description",
                    "sPackageGuid",
                    "sProgramGuid",
                    "sResourceTargets",
                ],
            ),
            ("ModifyResourceTargets", &["sAdvertisementExGuid", "sResourceTarget", "sAction"]),
            ("SetAdvertisementExScheduleRunASAP", &["guid", "bRunASAP:boolean"]),
            ("SetAdvertisementExScheduleRunAt", &["guid", "sRunAt"]),
            ("SetAdvertisementExScheduleScheduleXML", &["guid", "sScheduleXML"]),
            (
                "SetAdvertisementExRunOptions",
                &[
                    "guid",
                    "bIndependentExecution:boolean",
                    "bScheduleRetry:boolean",
                    "bNotifyUserWhenTaskAvailable:boolean",
                    "bWarnUserBeforeRunning:boolean",
                    "DeferTime:int",
                ],
            ),
            (
                "SetAdvertisementExAgentSettings",
                &[
                    "guid",
                    "bEnableVerboseReporting:boolean",
                    "bUseDefaultAgentSettings:boolean",
                    "bRunFromServer:boolean",
                    "bDownloadAndRunLocally:boolean",
                    "sDownloadLocallyBandwidth",
                    "sDownloadLocallySpeed",
                    "bDownloadPackageASAP:boolean",
                    "bMulticastPackage:boolean",
                ],
            ),
            (
                "SetAvailabilityRemovalOptions",
                &[
                    "guid",
                    "bRemoveAfterSuccessfulRun:boolean",
                    "sAvailableFrom",
                    "bExpires:boolean",
                    "sAvaliableTo",
                    "bUseServersTime:boolean",
                ],
            ),
            ("GetAdvertisementExByGuid", &["guid"]),
        ],
    ),
];

pub const COLLECTION: &str = "Altiris.NS.StandardItems.Collection.NSCollection";

impl Estate {
    pub fn new() -> Arc<Self> {
        let held = Held { next: 0x1000, ..Held::default() };
        let (held, cut, refuses) = (Mutex::new(held), Mutex::new(Cut::Never), Mutex::default());
        let estate = Arc::new(Self { held, cut, refuses });
        estate.put(1, "Folder", "Own", None);
        estate.put(2, "Folder", "Other", None);
        estate.put(Guid::ALL_COMPUTERS.bits(), COLLECTION, "All Computers", Some(2));
        estate
    }

    /// Puts something there.
    pub fn put(&self, bits: u128, of: &'static str, name: &str, folder: Option<u128>) -> Guid {
        let thing = Thing::new(of, name, folder.map(Guid::of));
        self.held.lock().unwrap().things.insert(Guid::of(bits), thing);
        Guid::of(bits)
    }

    pub fn thing(&self, guid: Guid) -> Thing {
        self.held.lock().unwrap().things[&guid].clone()
    }

    /// The things of a class by name.
    pub fn all(&self, of: &str) -> Vec<(Guid, Thing)> {
        let held = self.held.lock().unwrap();
        held.things.iter().filter(|(_, thing)| thing.of == of).map(|(guid, thing)| (*guid, thing.clone())).collect()
    }

    /// The calls that wrote since the last look, by name.
    pub fn wrote(&self) -> Vec<String> {
        let calls = std::mem::take(&mut self.held.lock().unwrap().calls);
        let name = |call: &String| call.split_once('(').map_or(call.clone(), |(name, _)| name.to_owned());
        calls.iter().map(name).filter(|name| !name.starts_with("Get") && !name.starts_with("Export")).collect()
    }

    pub fn requests(&self) -> usize {
        self.held.lock().unwrap().n
    }

    fn take(&self, body: &[u8]) -> Result<Answer, TransportError> {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let root = xml::text(&text).unwrap();
        let call = root.child("Body").unwrap().within[0].clone();
        let params: BTreeMap<String, String> =
            call.within.iter().map(|node| (node.name.clone(), raw(&text, &node.name, &node.text))).collect();
        let mut held = self.held.lock().unwrap();
        held.n += 1;
        let (n, cut) = (held.n, *self.cut.lock().unwrap());
        let lost = || Err(TransportError::Cut("reset".to_owned()));
        match cut {
            Cut::Before(at) if n == at => return lost(),
            Cut::Dead(at) if n > at => return lost(),
            _ => {}
        }
        let mut shown = params.clone();
        shown.retain(|name, _| !name.contains("Password"));
        held.calls.push(format!("{}{shown:?}", call.name).replacen('{', "(", 1));
        let reply = if self.refuses.lock().unwrap().iter().any(|message| *message == call.name) {
            result(&call.name, "false")
        } else {
            held.answer(&call.name, &Params(params))
        };
        match cut {
            Cut::After(at) | Cut::Dead(at) if n == at => lost(),
            _ => Ok(answer(&reply)),
        }
    }
}

/// What a parser never takes is taken here: this is the server.
fn raw(text: &str, name: &str, parsed: &str) -> String {
    let found = || Some(text.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0.to_owned());
    if name.contains("Password") { found().unwrap_or_default() } else { parsed.to_owned() }
}

fn answer(reply: &Reply) -> Answer {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", reply.kind.parse().unwrap());
    let pieces = vec![Ok(Bytes::from(reply.body.clone()))];
    Answer { status: reply.status, headers, body: futures_util::stream::iter(pieces).boxed() }
}

struct Params(BTreeMap<String, String>);

impl Params {
    fn text(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }

    fn guid(&self, name: &str) -> Option<Guid> {
        self.text(name).parse().ok()
    }

    fn guids(&self, name: &str) -> BTreeSet<Guid> {
        self.text(name).split(',').filter_map(|part| part.trim().parse().ok()).collect()
    }
}

impl Thing {
    pub fn new(of: &'static str, name: &str, folder: Option<Guid>) -> Self {
        let fields = match of {
            "Package" => PACKAGE,
            "Program" => PROGRAM,
            "Task" => TASK,
            _ => &[],
        };
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (includes, excludes) = (BTreeSet::new(), BTreeSet::new());
        Self { of, name: name.to_owned(), folder, fields, includes, excludes }
    }

    pub fn get(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }

    fn set(&mut self, field: &'static str, value: impl Into<String>) {
        self.fields.insert(field, value.into());
    }

    fn targets(&self) -> BTreeSet<Guid> {
        self.get("ResourceTargets").split(',').filter_map(|part| part.trim().parse().ok()).collect()
    }

    /// As an object of its class.
    fn object(&self, guid: Guid) -> String {
        let folder = self.folder.map(|folder| folder.to_string()).unwrap_or_default();
        let mut out = format!("<Guid>{guid}</Guid><Name>{}</Name>", escaped(&self.name));
        out.push_str(&format!("<ParentFolderGuid>{folder}</ParentFolderGuid><FolderGuid>{folder}</FolderGuid>"));
        for (name, value) in &self.fields {
            out.push_str(&format!("<{name}>{}</{name}>", escaped(value)));
        }
        out
    }

    /// As any item.
    fn item(&self, guid: Guid) -> String {
        let folder = self.folder.map(|folder| folder.to_string()).unwrap_or_default();
        format!(
            "<Guid>{guid}</Guid><Name>{}</Name><TypeName>{}</TypeName><ParentFolderGuid>{folder}</ParentFolderGuid>",
            escaped(&self.name),
            self.of
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn join(guids: &BTreeSet<Guid>) -> String {
    guids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

const MISSING: &str = "Altiris.ASDK.NS.Exceptions.ASDKDoesNotExistException";
const WRONG_TYPE: &str = "Altiris.ASDK.NS.Exceptions.ASDKInvalidTypeException";
const INVALID: &str = "Altiris.ASDK.NS.Exceptions.ASDKInvalidParameterException";
const TROUBLE: &str = "Altiris.ASDK.NS.Exceptions.ASDKException";

impl Held {
    fn make(&mut self, thing: Thing) -> Guid {
        self.next += 1;
        let guid = Guid::of(self.next);
        self.things.insert(guid, thing);
        guid
    }

    fn answer(&mut self, message: &str, params: &Params) -> Reply {
        match self.act(message, params) {
            Ok(within) => result(message, &within),
            Err(exception) => fault(exception),
        }
    }

    fn one(&mut self, guid: Option<Guid>, of: Option<&str>) -> Result<&mut Thing, &'static str> {
        let thing = guid.and_then(|guid| self.things.get_mut(&guid)).ok_or(MISSING)?;
        if of.is_some_and(|of| thing.of != of) { Err(WRONG_TYPE) } else { Ok(thing) }
    }

    fn act(&mut self, message: &str, params: &Params) -> Result<String, &'static str> {
        let own = ["itemGuid", "policyItemGuid", "collectionItemGuid", "guid", "sAdvertisementExGuid"];
        let guid = own.iter().find_map(|name| params.guid(name));
        let task = |held: &mut Self, change: &mut dyn FnMut(&mut Thing) -> Result<(), &'static str>| {
            change(held.one(guid, Some("Task"))?)?;
            Ok("true".to_owned())
        };
        match message {
            "GetItemByGuid" => Ok(self.one(guid, None)?.item(guid.unwrap())),
            "GetItemsByName" => {
                let name = params.text("itemName");
                let found = self.things.iter().filter(|(_, thing)| thing.name == name);
                Ok(found.map(|(guid, thing)| format!("<ItemDetails>{}</ItemDetails>", thing.item(*guid))).collect())
            }
            "GetItemsByType" => {
                let of = params.text("typeName");
                let found = self.things.iter().filter(|(_, thing)| thing.of == of);
                Ok(found.map(|(guid, thing)| format!("<ItemDetails>{}</ItemDetails>", thing.item(*guid))).collect())
            }
            "RenameItem" => {
                self.one(guid, None)?.name = params.text("newName");
                Ok(String::new())
            }
            "MoveItem" => {
                self.one(guid, None)?.folder = params.guid("destinationFolderGuid");
                Ok(String::new())
            }
            "DeleteItem" => {
                let guid = guid.ok_or(MISSING)?;
                if self.is_used(guid) {
                    return Err(TROUBLE);
                }
                self.things.remove(&guid).map(|_| String::new()).ok_or(MISSING)
            }
            "EnablePolicyItem" => {
                let thing = self.one(guid, Some("Task"))?;
                thing.set("Enable", "true");
                let thing = thing.clone();
                self.switched_on.push((guid.unwrap(), thing));
                Ok(String::new())
            }
            "DisablePolicyItem" => {
                self.one(guid, Some("Task"))?.set("Enable", "false");
                Ok(String::new())
            }
            "CreateFolder" => {
                let parent = params.guid("parentFolderGuid");
                self.one(parent, Some("Folder"))?;
                let thing = Thing::new("Folder", &params.text("folderName"), parent);
                let guid = self.make(thing);
                Ok(self.things[&guid].item(guid))
            }
            "ExportItemXmlString" => {
                let thing = self.one(guid, None)?;
                let export = format!(
                    "<item guid=\"{{{}}}\"><targetFilters><targetFilter><operation>Intersect</operation>\
                     <resourceCollectionGuid>{}</resourceCollectionGuid></targetFilter></targetFilters></item>",
                    guid.unwrap(),
                    thing.get("Collection")
                );
                Ok(escaped(&export))
            }
            "GetResourceByName" => {
                let name = params.text("name");
                let found = self.things.iter().find(|(_, thing)| thing.of == "Computer" && thing.name == name);
                Ok(found.map_or(Guid::of(0), |(guid, _)| *guid).to_string())
            }
            "CreateResourceTarget" => {
                let config = xml::text(&params.text("configXml")).map_err(|_| INVALID)?;
                let text = |name: &str| {
                    config
                        .all()
                        .into_iter()
                        .find(|node| node.name == name)
                        .map(|node| node.text.clone())
                        .unwrap_or_default()
                };
                assert_eq!((text("type").as_str(), text("operation").as_str()), ("Resource Collection", "Intersect"));
                let mut thing = Thing::new("ResourceTarget", &text("name"), Some(Guid::of(2)));
                thing.set("Collection", text("resourceCollectionGuid"));
                Ok(self.make(thing).to_string())
            }
            "CreateResourceCollection" => {
                let mut thing = Thing::new(COLLECTION, &params.text("name"), params.guid("folderGuid"));
                thing.set("Description", params.text("description"));
                thing.set("AutoUpdate", params.text("autoUpdate"));
                let guid = self.make(thing);
                Ok(self.things[&guid].item(guid))
            }
            "SetCollectionDataSourceToRawSqlQuery" => {
                self.one(guid, Some(COLLECTION))?.set("Query", params.text("sqlQuery"));
                Ok(String::new())
            }
            "AddInclusions" | "RemoveInclusions" | "AddExclusions" | "RemoveExclusions" => {
                let guids = params.guids("itemGuids");
                let thing = self.one(guid, Some(COLLECTION))?;
                let set = if message.ends_with("Inclusions") { &mut thing.includes } else { &mut thing.excludes };
                if message.starts_with("Add") {
                    set.extend(guids)
                } else {
                    set.retain(|guid| !guids.contains(guid))
                }
                Ok(String::new())
            }
            "GetInclusions" | "GetExclusions" => {
                let thing = self.one(guid, Some(COLLECTION))?;
                let set = if message == "GetInclusions" { &thing.includes } else { &thing.excludes }.clone();
                let item =
                    |guid: &Guid| Some(format!("<ItemDetails>{}</ItemDetails>", self.things.get(guid)?.item(*guid)));
                Ok(set.iter().filter_map(item).collect())
            }
            _ if message.contains("Package") && !message.contains("Programs") || message == "AddProgramToPackage" => {
                self.package(message, params)
            }
            _ if message.contains("Program") || message == "AssignSoftwarePortalSecurity" => {
                self.program(message, params)
            }
            "CreateAdvertisementEx" => {
                let priority = params.text("sPriority");
                if !["Low", "Normal", "High", "VeryHigh"].contains(&priority.as_str()) {
                    return Err(INVALID);
                }
                let mut thing = Thing::new("Task", &params.text("sAdvertisementExName"), params.guid("sFolderGuid"));
                thing.set("Enable", params.text("bEnable"));
                thing.set("Description", params.text("sAdvertisementExDescription"));
                thing.set("PackageGuid", params.text("sPackageGuid"));
                thing.set("ProgramGuid", params.text("sProgramGuid"));
                thing.set("ResourceTargets", params.text("sResourceTargets"));
                thing.set("Priority", priority);
                let guid = self.make(thing);
                Ok(self.things[&guid].object(guid))
            }
            "GetAdvertisementExByGuid" => Ok(self.one(guid, Some("Task"))?.object(guid.unwrap())),
            "ModifyAdvertisementExBasic" | "ModifyAdvertisementExDetail" => task(self, &mut |thing| {
                thing.set("PackageGuid", params.text("sPackageGuid"));
                thing.set("ProgramGuid", params.text("sProgramGuid"));
                if message.ends_with("Detail") {
                    thing.name = params.text("name");
                    thing.set("Description", params.text("description"));
                    thing.set("Enable", params.text("bEnable"));
                    thing.set("ResourceTargets", params.text("sResourceTargets"));
                }
                Ok(())
            }),
            "ModifyResourceTargets" => {
                let target = params.guid("sResourceTarget").ok_or(INVALID)?;
                self.one(Some(target), Some("ResourceTarget"))?;
                task(self, &mut |thing| {
                    let mut targets = thing.targets();
                    match params.text("sAction").as_str() {
                        "ADD" => drop(targets.insert(target)),
                        "REMOVE" => drop(targets.remove(&target)),
                        _ => return Err(INVALID),
                    }
                    thing.set("ResourceTargets", join(&targets));
                    Ok(())
                })
            }
            "SetAdvertisementExScheduleRunASAP" => task(self, &mut |thing| {
                thing.set("RunASAP", params.text("bRunASAP"));
                Ok(())
            }),
            "SetAdvertisementExScheduleRunAt" => task(self, &mut |thing| {
                let at = params.text("sRunAt");
                let once = format!("<schedule><Trigger Type='0'><BeginDate>{at}</BeginDate></Trigger></schedule>");
                thing.set("ScheduleXML", if at == "0" { String::new() } else { once });
                Ok(())
            }),
            "SetAdvertisementExScheduleScheduleXML" => task(self, &mut |thing| {
                thing.set("ScheduleXML", params.text("sScheduleXML"));
                Ok(())
            }),
            "SetAdvertisementExRunOptions" => task(self, &mut |thing| {
                thing.set("Independent", params.text("bIndependentExecution"));
                thing.set("ScheduleRetry", params.text("bScheduleRetry"));
                thing.set("NotifyUserWhenTaskAvailable", params.text("bNotifyUserWhenTaskAvailable"));
                thing.set("WarnUserBeforeRunning", params.text("bWarnUserBeforeRunning"));
                thing.set("DeferTime", params.text("DeferTime"));
                Ok(())
            }),
            "SetAdvertisementExAgentSettings" => task(self, &mut |thing| {
                let speed = |name: &str| match params.text(name).split_once(' ') {
                    Some((number, "KBytes/second")) => Ok(number.to_owned()),
                    Some(("1", "MBytes/second")) => Ok("1024".to_owned()),
                    _ => Err(INVALID),
                };
                if params.text("bRunFromServer") == "false" && params.text("bDownloadAndRunLocally") == "false" {
                    return Err(INVALID);
                }
                thing.set("MinimumBandwidth", speed("sDownloadLocallyBandwidth")?);
                thing.set("MinimumConnectionSpeed", speed("sDownloadLocallySpeed")?);
                thing.set("EnableVerboseReporting", params.text("bEnableVerboseReporting"));
                thing.set("UseDefaultAgentSettings", params.text("bUseDefaultAgentSettings"));
                thing.set("RunFromServer", params.text("bRunFromServer"));
                thing.set("DownloadAndRunLocally", params.text("bDownloadAndRunLocally"));
                thing.set("DownloadPackageASAP", params.text("bDownloadPackageASAP"));
                thing.set("MulticastPackage", params.text("bMulticastPackage"));
                Ok(())
            }),
            "SetAvailabilityRemovalOptions" => task(self, &mut |thing| {
                let expires = params.text("bExpires") == "true";
                thing.set("RemoveAfterSuccessfulRun", params.text("bRemoveAfterSuccessfulRun"));
                thing.set("AvailableFrom", params.text("sAvailableFrom"));
                thing.set("AvaliableTo", if expires { params.text("sAvaliableTo") } else { String::new() });
                thing.set("UsesServersTime", params.text("bUseServersTime"));
                Ok(())
            }),
            _ => panic!("`{message}` is not in the contract"),
        }
    }

    /// Whether something refers to it.
    fn is_used(&self, guid: Guid) -> bool {
        let text = guid.to_string();
        self.things.values().any(|thing| {
            let named =
                ["PackageGuid", "ProgramGuid", "Package", "Collection"].iter().any(|field| thing.get(field) == text);
            named || thing.targets().contains(&guid) || thing.includes.contains(&guid) || thing.excludes.contains(&guid)
        })
    }

    fn package(&mut self, message: &str, params: &Params) -> Result<String, &'static str> {
        let guid = params.guid("sPackageGuid");
        let detail = |thing: &mut Thing| {
            thing.name = params.text("sPackageName");
            thing.folder = params.guid("sParentFolderGuid");
            let location = params.text("sPackageLocation");
            let of = match location.as_str() {
                "" => "Empty",
                text if text.starts_with("\\\\") => "Unc",
                text if text.contains("://") => "Url",
                _ => "Local",
            };
            thing.set("PackageSourceType", of);
            thing.set("Location", location);
            thing.set("PackageDirectory", params.text("sPackageDirectory"));
            thing.set("Description", params.text("sPackageDescription"));
            thing.set("Publisher", params.text("sPackagePublisher"));
            thing.set("Version", params.text("sPackageVersion"));
            thing.set("Language", params.text("sPackageLanguage"));
            thing.set("PurgeAfterDurationInMinutes", params.text("PurgeAfterDurationInMinutes"));
        };
        match message {
            "CreatePackageExDetail" => {
                let mut thing = Thing::new("Package", "", None);
                detail(&mut thing);
                let guid = self.make(thing);
                Ok(self.things[&guid].object(guid))
            }
            "GetPackageExByGuid" => Ok(self.one(guid, Some("Package"))?.object(guid.unwrap())),
            "AddProgramToPackage" => {
                self.one(guid, Some("Package"))?;
                self.one(params.guid("sProgramGuid"), Some("Program"))?.set("Package", params.text("sPackageGuid"));
                Ok("true".to_owned())
            }
            _ => {
                let thing = self.one(guid, Some("Package"))?;
                match message {
                    "ModifyPackageExDetail" => detail(thing),
                    "SetPackageExAdvancedOptions" => {
                        thing.set("AgentDisplayName", params.text("sAgentDisplayName"));
                        thing.set("AgentDisplayDescription", params.text("sAgentDisplayDescription"));
                        thing.set("EnableVerboseEvents", params.text("bEnableVerboseEvents"));
                        thing.set(
                            "AlternateDownloadDestinationLocation",
                            params.text("sAlternateDownloadDestinationLocation"),
                        );
                    }
                    "SetPackageExPackageServerOptions" => {
                        let all = params.text("bAllOrSpecificPackageServers") == "true";
                        thing.set(
                            "SelectedPackageServers",
                            if all { String::new() } else { params.text("sPackageServerGuids") },
                        );
                        thing.set("ServerFolder", params.text("sLocationOnPackageServer"));
                    }
                    _ => panic!("`{message}` is not in the contract"),
                }
                Ok("true".to_owned())
            }
        }
    }

    fn program(&mut self, message: &str, params: &Params) -> Result<String, &'static str> {
        let guid = params.guid("sProgramGuid");
        let detail = |thing: &mut Thing| {
            thing.name = params.text("sProgramName");
            for (field, name) in [
                ("CommandLine", "sCommandLine"),
                ("Description", "sProgramDescription"),
                ("WorkingDirectory", "sProgramWorkingDirectory"),
                ("EstimatedDiskSpace", "sEstimatedDiskSpace"),
                ("EstimatedRunTime", "sEstimatedRunTime"),
                ("TerminateAfter", "sTerminateAfter"),
                ("SuccessCodes", "sSuccessCodes"),
                ("FailureCodes", "sFailureCodes"),
            ] {
                thing.set(field, params.text(name));
            }
        };
        match message {
            "CreateProgramExDetail" => {
                let mut thing = Thing::new("Program", "", Some(Guid::PROGRAMS_FOLDER));
                detail(&mut thing);
                let guid = self.make(thing);
                Ok(self.things[&guid].object(guid))
            }
            "GetProgramExByGuid" => Ok(self.one(guid, Some("Program"))?.object(guid.unwrap())),
            "GetProgramsFromPackage" => {
                let package = params.text("sPackageGuid");
                let of =
                    self.things.iter().filter(|(_, thing)| thing.of == "Program" && thing.get("Package") == package);
                Ok(of
                    .map(|(guid, thing)| {
                        format!("<SWDSolnProgramDetails>{}</SWDSolnProgramDetails>", thing.object(*guid))
                    })
                    .collect())
            }
            _ => {
                let thing = self.one(guid, Some("Program"))?;
                let number = |name: &str, of: &str, words: &[&str]| {
                    let text = params.text(name);
                    let word = text.strip_prefix(of).and_then(|word| word.strip_prefix('.')).ok_or(INVALID)?;
                    let at = words.iter().position(|known| *known == word).ok_or(INVALID)?;
                    Ok::<String, &'static str>((at + 1).to_string())
                };
                match message {
                    "ModifyProgramExDetail" => detail(thing),
                    "SetProgramExecutionOptions" => {
                        let rights = number(
                            "sRunWithRights",
                            "RunWithRights",
                            &["SystemAccount", "LoggedInUser", "SpecifiedUser"],
                        )?;
                        let can_run = number(
                            "sProgramCanRun",
                            "ProgramCanRunOption",
                            &["WhetherOrNotAUserIsLoggedOn", "OnlyWhenAUserIsLoggedOn", "OnlyWhenNoUserIsLoggedOn"],
                        )?;
                        if rights == "2" && can_run != "2"
                            || params.text("sUserPassword") != params.text("sUserConfirmPassword")
                        {
                            return Err(INVALID);
                        }
                        thing.set(
                            "StartingWindowOptionType",
                            number(
                                "sStartingWindow",
                                "StartingWindow",
                                &["Normal", "Hidden", "Minimized", "Maximized"],
                            )?,
                        );
                        thing.set("RunWithRightsOptionType", rights);
                        thing.set("CanRunOptionType", can_run);
                        thing.set("UserDomain", params.text("sUserDomain"));
                        thing.set("UserName", params.text("sUserName"));
                        thing.set("UserPassword", params.text("sUserPassword"));
                        thing.set("UserInputRequired", params.text("sUserInputRequired"));
                        thing.set("RunOnceForEachLoggedOnUser", params.text("sRunOnceForEachLoggedOnUser"));
                    }
                    "SetProgramRunOptions" => {
                        thing.set(
                            "AfterRunningActionType",
                            number(
                                "sActionAfterRunning",
                                "ActionAfterRunning",
                                &["NoActionRequired", "RestartComputer", "LogOffUser"],
                            )?,
                        );
                        thing.set("DeferTimeforRestartInMinutes", params.text("sDeferTimeforRestartInMinutes"));
                        thing.set(
                            "ForceRunningApplicationToCloseOnRestart",
                            params.text("sForceRunningApplicationToCloseOnRestart"),
                        );
                    }
                    "SetProgramNetworkOptions" => {
                        thing.set("RequiresNWConnection", params.text("sProgramRequiresNWConnection"));
                        thing.set("MinimumSpeedOptions", params.text("sMinimumSpeedOptions"));
                    }
                    "AssignSoftwarePortalSecurity" => {
                        let mut rights: BTreeSet<String> = thing
                            .get("Rights")
                            .split(';')
                            .filter(|right| !right.is_empty())
                            .map(str::to_owned)
                            .collect();
                        let right = format!("{}={}", params.text("sUserName"), params.text("sPermissionGuid"));
                        match params.text("sAction").as_str() {
                            "add" => drop(rights.insert(right)),
                            "remove" => drop(rights.remove(&right)),
                            _ => return Err(INVALID),
                        }
                        thing.set("Rights", rights.into_iter().collect::<Vec<_>>().join(";"));
                    }
                    _ => panic!("`{message}` is not in the contract"),
                }
                Ok("true".to_owned())
            }
        }
    }
}

#[async_trait]
impl ReadTransport for Estate {
    fn server(&self) -> &str {
        "https://ns.example/Altiris"
    }

    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        let name = request.path.rsplit_once('/').map_or("", |(_, name)| name);
        let service = name.strip_suffix(".asmx?WSDL").unwrap_or(name);
        let (_, messages) = MESSAGES.iter().find(|(known, _)| *known == service).expect("a service of the contract");
        Ok(answer(&wsdl(messages)))
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        self.take(&ask.body())
    }
}

#[async_trait]
impl Transport for Estate {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        self.take(&request.body)
    }
}
