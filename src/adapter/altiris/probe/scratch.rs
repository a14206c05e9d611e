//! The questions that only writing answers, in a folder that is made for them and removed again.
//!
//! Nothing here can reach a computer: tasks are made switched off and stay so, and the only collection that they are given
//! has nobody in it.

use crate::adapter::AdapterError;
use crate::adapter::altiris::edit::replace_one;
use crate::adapter::altiris::wire::session::Reply;
use crate::adapter::altiris::wire::session::WriteSession;
use crate::adapter::altiris::wire::value;
use crate::adapter::altiris::wire::xml;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::sys::http::asdk::Param;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::Probed;
use super::Scratch;
use super::Start;
use super::Told;

/// Schedules as the documents hint at them (altiris-asdk §5.3).
const SCHEDULES: [(&str, &str, &str); 2] = [
    ("weekly", "2", "<WeeksInterval>1</WeeksInterval><DaysOfTheWeek>4</DaysOfTheWeek>"),
    ("monthly", "3", "<Days>8</Days><Months>4095</Months>"),
];

/// A predicate and a whole query; both find nobody.
const QUERIES: [(&str, &str); 2] = [
    ("a predicate", "Guid in (select Guid from vComputer where 1 = 0)"),
    ("a query", "select Guid from vComputer where 1 = 0"),
];

/// Tries out what cannot be read, and removes what it made, whatever happens in between. What could not be removed is in
/// [`Probed::left_behind`].
pub async fn try_out(session: &WriteSession, start: &Start, scratch: &Scratch, probed: &mut Probed) {
    let mut tries = Tries { session, scratch, probed, made: Vec::new() };
    if let Err(error) = tries.all(start).await {
        let about = ("scratch", "can the probe make what it needs to try things out", "asdk §4");
        tries.probed.note(about, told(&error));
    }
    tries.clean().await;
}

struct Tries<'a> {
    session: &'a WriteSession,
    scratch: &'a Scratch,
    probed: &'a mut Probed,
    /// What was made, in that order: what it is, its name, its GUID.
    made: Vec<(&'static str, String, Guid)>,
}

fn told(error: &AdapterError) -> Told {
    Told::Open(words(error))
}

fn words(error: &AdapterError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

impl Tries<'_> {
    async fn all(&mut self, start: &Start) -> Result<(), AdapterError> {
        let params =
            [("folderName", self.scratch.name.as_str().into()), ("parentFolderGuid", text(self.scratch.parent))];
        let folder = self.make("folder", (Service::Item, "CreateFolder"), &params).await?;
        let collection = self.collection(folder).await?;
        let package = self.packages(folder).await?;
        let program = self.program(package).await?;
        let task = self.task(folder, package, program).await?;
        self.target(task, collection).await;
        self.schedules(task).await;
        let mut exports = vec![(Kind::Collection, collection), (Kind::Package, package), (Kind::Task, task)];
        if let Some(known) = start.known.get(&Kind::SequentialTask) {
            exports.extend(self.clone_of(*known).await.map(|guid| (Kind::SequentialTask, guid)));
        }
        for (kind, guid) in exports {
            self.round(kind, guid).await;
        }
        Ok(())
    }

    /// Calls what answers with something new, and keeps in mind to remove it.
    async fn make(
        &mut self,
        what: &'static str,
        (service, message): (Service, &'static str),
        params: &[Param],
    ) -> Result<Guid, AdapterError> {
        let name = format!("{} {what}", self.scratch.name);
        let reply = self.session.call(service, message, params, &name).await?;
        let guid = own(&reply)?;
        self.made.push((what, name, guid));
        Ok(guid)
    }

    async fn call(&self, service: Service, message: &'static str, params: &[Param]) -> Result<Reply, AdapterError> {
        self.session.call(service, message, params, &self.scratch.name).await
    }

    /// The text of an item's export.
    async fn export(&self, guid: Guid) -> Result<String, AdapterError> {
        let reply = self.session.reading().ask(Reading::ExportItemXmlString, &[("itemGuid", text(guid))]).await?;
        Ok(reply.text().unwrap_or_default().to_owned())
    }

    async fn collection(&mut self, folder: Guid) -> Result<Guid, AdapterError> {
        let params = [
            ("name", format!("{} collection", self.scratch.name).into()),
            ("description", format!("{} description", self.scratch.name).into()),
            ("folderGuid", text(folder)),
            ("autoUpdate", Value::Bool(false)),
        ];
        let collection = self.make("collection", (Service::Collection, "CreateResourceCollection"), &params).await?;
        let about = ("query", "is a collection's SQL a predicate or a whole query", "asdk §9, point 5");
        let mut facts = Vec::new();
        for (which, sql) in QUERIES {
            let params = [("collectionItemGuid", text(collection)), ("sqlQuery", sql.into())];
            let call = self.call(Service::Collection, "SetCollectionDataSourceToRawSqlQuery", &params).await;
            facts.push(match call {
                Ok(_) => match self.export(collection).await {
                    Ok(export) if holds(&export, sql) => format!("{which} is taken, and stands in the export as it is"),
                    Ok(_) => format!("{which} is taken, and does not stand in the export as it is"),
                    Err(error) => format!("{which} is taken; the export: {}", words(&error)),
                },
                Err(error) => format!("{which} is refused: {}", words(&error)),
            });
        }
        self.probed.note(about, Told::Found(facts));
        Ok(collection)
    }

    /// A package of each sort of source; gives the one without files.
    async fn packages(&mut self, folder: Guid) -> Result<Guid, AdapterError> {
        let about = ("sources", "what becomes of a package's paths", "asdk §4.7");
        let mut facts = Vec::new();
        let mut first = None;
        for (which, location, directory) in [
            ("without a path", "", ""),
            ("with a local path", r"C:\consign probe", ""),
            ("with a share", r"\\localhost\consign probe", ""),
            ("with an address and a share", "http://localhost/consign-probe", r"\\localhost\consign probe"),
        ] {
            let params = [
                ("sPackageName", format!("{} package {which}", self.scratch.name).into()),
                ("sPackageLocation", location.into()),
                ("sPackageDirectory", directory.into()),
                ("sParentFolderGuid", text(folder)),
            ];
            let made = self.make("package", (Service::Package, "CreatePackageExBasic"), &params).await;
            let guid = match made {
                Ok(guid) => guid,
                Err(error) => {
                    facts.push(format!("{which}: {}", words(&error)));
                    continue;
                }
            };
            first.get_or_insert(guid);
            let read = self.session.reading().ask(Reading::GetPackageExByGuid, &[("sPackageGuid", text(guid))]).await;
            facts.push(match read {
                Ok(reply) => format!("{which}: source type `{}`", field(&reply, "PackageSourceType")),
                Err(error) => format!("{which}: {}", words(&error)),
            });
        }
        self.probed.note(about, Told::Found(facts));
        first.ok_or_else(|| self.nothing("no package could be made"))
    }

    fn nothing(&self, why: &str) -> AdapterError {
        let server = self.session.reading().server().to_owned();
        AdapterError::Failed { server, what: self.scratch.name.clone(), message: why.to_owned() }
    }

    async fn program(&mut self, package: Guid) -> Result<Guid, AdapterError> {
        let params = [
            ("sProgramName", format!("{} program", self.scratch.name).into()),
            ("sCommandLine", "cmd.exe /c exit 0".into()),
        ];
        let program = self.make("program", (Service::Program, "CreateProgramExBasic"), &params).await?;
        let params = [("sPackageGuid", text(package)), ("sProgramGuid", text(program))];
        self.call(Service::Package, "AddProgramToPackage", &params).await?.done("AddProgramToPackage")?;
        let about = ("program-defaults", "what does a new program say where nothing was said", "domain §3");
        let read = self.session.reading().ask(Reading::GetProgramExByGuid, &[("sProgramGuid", text(program))]).await;
        let answer = match read {
            Ok(reply) => Told::Found(all_fields(&reply)),
            Err(error) => told(&error),
        };
        self.probed.note(about, answer);
        Ok(program)
    }

    async fn task(&mut self, folder: Guid, package: Guid, program: Guid) -> Result<Guid, AdapterError> {
        let params = [
            ("bEnable", Value::Bool(false)),
            ("sAdvertisementExName", format!("{} task", self.scratch.name).into()),
            ("sAdvertisementExDescription", format!("{} description", self.scratch.name).into()),
            ("sFolderGuid", text(folder)),
            ("sPackageGuid", text(package)),
            ("sProgramGuid", text(program)),
            ("sResourceTargets", "".into()),
            ("sPriority", "Normal".into()),
        ];
        let task = self.make("task", (Service::Advertisement, "CreateAdvertisementEx"), &params).await?;
        let about = ("task-defaults", "what does a new task say where nothing was said", "domain §4");
        let answer = match self.read_task(task).await {
            Ok(reply) => Told::Found(all_fields(&reply)),
            Err(error) => told(&error),
        };
        self.probed.note(about, answer);
        Ok(task)
    }

    async fn read_task(&self, task: Guid) -> Result<Reply, AdapterError> {
        let params = [("sAdvertisementExGuid", text(task))];
        self.session.reading().ask(Reading::GetAdvertisementExByGuid, &params).await
    }

    async fn target(&mut self, task: Guid, collection: Guid) {
        let about = ("collection-as-target", "does a task take a collection for a resource target", "asdk §9, point 2");
        let params =
            [("sAdvertisementExGuid", text(task)), ("sResourceTarget", text(collection)), ("sAction", "ADD".into())];
        let call = self.call(Service::Advertisement, "ModifyResourceTargets", &params).await;
        self.probed.asked.collections_as_targets = true;
        let answer = match call.and_then(|reply| reply.done("ModifyResourceTargets")) {
            Ok(()) => match self.read_task(task).await {
                Ok(reply) => {
                    let found = field(&reply, "ResourceTargets");
                    let stands =
                        found.split(',').any(|part| part.trim().parse::<Guid>().is_ok_and(|one| one == collection));
                    self.probed.findings.collections_as_targets = stands;
                    let said = if stands {
                        "it is taken and stands there"
                    } else {
                        "it is taken, and something else stands there"
                    };
                    Told::Found(vec![said.to_owned()])
                }
                Err(error) => told(&error),
            },
            Err(error) => {
                self.probed.findings.collections_as_targets = false;
                Told::Found(vec![format!("it is refused: {}", words(&error))])
            }
        };
        self.probed.note(about, answer);
    }

    async fn schedules(&mut self, task: Guid) {
        let about = ("schedules", "which schedules are kept as they are given", "asdk §5.3");
        let mut facts = Vec::new();
        for (form, number, within) in SCHEDULES {
            let given = format!(
                "<Schedule IndependentExecution='true'><Trigger Type=\"{number}\">\
                 <BeginDate>2040-01-02 03:04:00</BeginDate>{within}</Trigger></Schedule>"
            );
            let params = [("sAdvertisementExGuid", text(task)), ("sScheduleXML", given.as_str().into())];
            let call = self.call(Service::Advertisement, "SetAdvertisementExScheduleScheduleXML", &params).await;
            facts.push(match call.and_then(|reply| reply.done("SetAdvertisementExScheduleScheduleXML")) {
                Ok(()) => match self.read_task(task).await {
                    Ok(reply) if is_same_trigger(&given, &field(&reply, "ScheduleXML")) => {
                        format!("{form}: kept")
                    }
                    Ok(_) => format!("{form}: taken, and not kept as it was"),
                    Err(error) => format!("{form}: {}", words(&error)),
                },
                Err(error) => format!("{form}: refused: {}", words(&error)),
            });
        }
        self.probed.note(about, Told::Found(facts));
    }

    /// A copy of a known item: the item itself is never changed.
    async fn clone_of(&mut self, known: Guid) -> Option<Guid> {
        let params =
            [("itemGuid", text(known)), ("newItemName", format!("{} sequential task", self.scratch.name).into())];
        match self.make("sequential task", (Service::Item, "CloneItem"), &params).await {
            Ok(guid) => {
                // A copy of one that is on would be on.
                let _ = self.call(Service::Item, "DisablePolicyItem", &[("policyItemGuid", text(guid))]).await;
                Some(guid)
            }
            Err(error) => {
                let about = ("sequence-copy", "can a sequential task be copied", "asdk §4.1");
                self.probed.note(about, told(&error));
                None
            }
        }
    }

    /// Exports an item, changes its name where it stands, imports it, and looks at what became of it.
    async fn round(&mut self, kind: Kind, guid: Guid) {
        let (id, question) = match kind {
            Kind::Collection => {
                ("import-collection", "does an edited export of a collection change it and nothing else")
            }
            Kind::Package => ("import-package", "does an edited export of a package change it and nothing else"),
            Kind::Task => ("import-task", "does an edited export of a task change it and nothing else"),
            _ => ("import-sequence", "does an edited export of a sequential task change it and nothing else"),
        };
        let answer = match self.rounded(guid).await {
            Ok(said) => {
                self.probed.asked.importable.insert(kind);
                match said {
                    Ok(said) => {
                        self.probed.findings.importable.insert(kind);
                        Told::Found(vec![said])
                    }
                    Err(why) => Told::Found(vec![why]),
                }
            }
            Err(error) => told(&error),
        };
        self.probed.note((id, question, "asdk §7"), answer);
    }

    async fn rounded(&self, guid: Guid) -> Result<Result<String, String>, AdapterError> {
        let Some((_, _, _)) = self.made.iter().find(|(_, _, made)| *made == guid) else {
            return Ok(Err("it is not ours".to_owned()));
        };
        let before = self.export(guid).await?;
        let item = self.session.reading().ask(Reading::GetItemByGuid, &[("itemGuid", text(guid))]).await?;
        let name = field(&item, "Name");
        let changed = format!("{name} imported");
        let Some(edited) = replace_one(&before, &name, &changed) else {
            return Ok(Err("its name does not stand in its export exactly once".to_owned()));
        };
        self.call(Service::Item, "ImportItemXmlString", &[("xml", edited.as_str().into())]).await?;
        let after = self.export(guid).await?;
        if after == edited {
            return Ok(Ok("it does, byte for byte".to_owned()));
        }
        match (xml::document(after.as_bytes()), xml::document(edited.as_bytes())) {
            (Ok(after), Ok(edited)) if after == edited => Ok(Ok("it does, node for node".to_owned())),
            (Ok(_), Ok(_)) if after == before => Ok(Err("nothing became of it".to_owned())),
            (Ok(_), Ok(_)) => Ok(Err("more became of it than was edited".to_owned())),
            _ => Ok(Err("its export is no XML".to_owned())),
        }
    }

    /// Removes what was made, the last first.
    async fn clean(&mut self) {
        for (what, name, guid) in std::mem::take(&mut self.made).into_iter().rev() {
            let removed = self.call(Service::Item, "DeleteItem", &[("itemGuid", text(guid))]).await;
            let there = self.session.reading().ask(Reading::GetItemByGuid, &[("itemGuid", text(guid))]).await;
            let is_gone = match &there {
                Err(AdapterError::NotFound { .. }) => true,
                Ok(reply) => reply.node().is_none_or(|node| node.within.is_empty()),
                Err(_) => false,
            };
            if !is_gone {
                let why = removed.err().map(|error| format!(": {}", words(&error))).unwrap_or_default();
                self.probed.left_behind.push(format!("the {what} `{name}` {guid}{why}"));
            }
        }
    }
}

fn text(guid: Guid) -> Value {
    Value::Text(guid.to_string())
}

/// The GUID of what a call made: the answer itself, or its `Guid`.
fn own(reply: &Reply) -> Result<Guid, AdapterError> {
    match reply.within().iter().find(|node| node.name == "Guid") {
        Some(node) => reply.object(|_| value::guid(&node.text)),
        None => reply.guid(),
    }
}

fn field(reply: &Reply, name: &str) -> String {
    reply.node().and_then(|node| node.child(name)).map(|node| node.text.clone()).unwrap_or_default()
}

/// Every field with its value; of what names a thing only that it is there.
fn all_fields(reply: &Reply) -> Vec<String> {
    let named = |text: &str| text.parse::<Guid>().is_ok() || text.contains(super::SCRATCH_NAME);
    let fields = reply.within().iter().filter(|node| node.name != "UserPassword" && !named(node.text.trim()));
    fields.map(|node| format!("{}: `{}`", node.name, node.text.trim())).collect()
}

/// Whether a text of an XML document, or an attribute, is this one.
fn holds(document: &str, wanted: &str) -> bool {
    let Ok(root) = xml::document(document.as_bytes()) else { return false };
    let attributes = |node: &xml::Node| node.attributes.iter().any(|(_, value)| value.trim() == wanted);
    root.all().iter().any(|node| node.text.trim() == wanted || attributes(node))
}

/// Whether two schedules have the same trigger: its type and what stands in it, in any order.
fn is_same_trigger(given: &str, found: &str) -> bool {
    let trigger = |text: &str| {
        let root = xml::document(text.as_bytes()).ok()?;
        let trigger = root.all().into_iter().find(|node| node.name == "Trigger")?.clone();
        let within: std::collections::BTreeMap<String, String> =
            trigger.within.iter().map(|node| (node.name.clone(), node.text.trim().to_owned())).collect();
        Some((trigger.attribute("Type").map(str::to_owned), within))
    };
    match (trigger(given), trigger(found)) {
        (Some((given_type, given)), Some((found_type, found))) => {
            given_type == found_type && given.iter().all(|(name, value)| found.get(name) == Some(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn one_value_is_changed_and_every_other_byte_stays() {
        let before = "<item a='x'>\n <!-- keep --><name>A &amp; B</name><other>A</other></item>";
        let after = replace_one(before, "A & B", "C < D").unwrap();
        assert_eq!(after, "<item a='x'>\n <!-- keep --><name>C &lt; D</name><other>A</other></item>");
        assert_eq!(replace_one("<i><a>x</a><b>x</b></i>", "x", "y"), None, "twice is not once");
        assert_eq!(replace_one("<i n=\"x\"/>", "x", "y").unwrap(), "<i n=\"y\"/>");
        assert_eq!(replace_one("<i/>", "x", "y"), None);
    }

    #[test]
    fn triggers_are_compared_by_what_was_given() {
        let given = "<Schedule><Trigger Type=\"2\"><BeginDate>a</BeginDate></Trigger></Schedule>";
        assert!(is_same_trigger(
            given,
            "<x><Trigger Type='2' Duration='0'><More>1</More><BeginDate>a</BeginDate></Trigger></x>"
        ));
        assert!(!is_same_trigger(given, "<Trigger Type='1'><BeginDate>a</BeginDate></Trigger>"));
        assert!(!is_same_trigger(given, ""));
    }
}
