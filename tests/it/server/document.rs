//! The client policy document (DLV-2), read back and held against the guide's example.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use serde_json::Value;
use serde_json::json;

use super::Answer;
use super::World;
use super::ask;
use super::fleet::computer;
use super::fleet::guid;
use super::text;

/// An element as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    within: Vec<Element>,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        Self { name: start.name().as_ref().to_owned(), attributes: attributes.collect(), ..Self::default() }
    }

    #[track_caller]
    fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no `{name}`: {self:?}"))
    }

    /// The elements of a name anywhere below, in order.
    fn all<'a>(&'a self, name: &str) -> Vec<&'a Self> {
        let mut found = Vec::new();
        for child in &self.within {
            found.extend((child.name == name).then_some(child));
            found.extend(child.all(name));
        }
        found
    }

    #[track_caller]
    fn one<'a>(&'a self, name: &str) -> &'a Self {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name}: {self:?}");
        all[0]
    }
}

/// Reads a whole document; fails on what is not well-formed.
fn read(document: &str) -> Element {
    let mut reader = Reader::from_str(document);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Decl(_) => {}
            Event::Start(start) => open.push(Element::of(&start)),
            Event::Empty(start) => open.last_mut().unwrap().within.push(Element::of(&start)),
            Event::End(_) => {
                let mut done = open.pop().unwrap();
                if !done.within.is_empty() {
                    assert!(done.text.trim().is_empty(), "{done:?}");
                    done.text.clear();
                }
                open.last_mut().unwrap().within.push(done);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref().unwrap() {
                    Some(c) => c.to_string(),
                    None => {
                        quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).unwrap().to_owned()
                    }
                };
                open.last_mut().unwrap().text.push_str(&c);
            }
            Event::CData(text) => open.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(open.len(), 1);
    let mut roots = open.pop().unwrap().within;
    assert_eq!(roots.len(), 1);
    roots.remove(0)
}

/// What the guide's example says of its one task (SWD 6.1 guide, Client Policy XML): element, attributes in their order.
/// GUIDs and the stamp of the files are each server's own.
const EXAMPLE: &[(&str, &str)] = &[
    (
        "SoftPkg",
        r#"Name="Sample Package" displayName="" Id="{ID}" Version="1.0" InternalVersion="1160701201" Originator="NS" Destination="" CleanupAfter="10080" Priority="Normal" StatusEventsEnabled="true""#,
    ),
    ("JobID", r#"StatusEventsEnabled="true""#),
    ("ValidPeriod", r#"after="2006-10-13 00:00:00" afterGMT="false""#),
    (
        "ExecutionEnvironment",
        r#"ExecutionContext="User" LogonName="" LogonDomain="" LogonPassword="" Interactive="true" AllowUserExecution="true" CanRunWhen="Only when a user is logged on" StartWindow="Normal" ScheduleRetry="true" MinConnectionSpeed="0" RemoveAfterRun="false" UserOptional="false" NotifyUserArrival="false" SuccessCodes="0" FailureCodes="""#,
    ),
    ("Recovery", r#"snapshot="False""#),
    (
        "Download",
        r#"useClientDefaults="true" Immediate="true" MinDownloadSpeed="-1" MinExecutionSpeed="-1" multicast="Default" Mode="Always""#,
    ),
    (
        "Implementation",
        r#"PackageSize="122880" EstimatedSize="0" EstimatedDuration="0" KillAfter="360" WorkingDirectory="" Language="" NoSourceFiles="false" NotifyBeforeExecution="false" notifyBeforeRunMaxDefer="0" RunOnceForEachLoggedOnUser="false""#,
    ),
    ("AfterExecution", r#"action="No Action" force="false" maxtime="0""#),
    ("Platforms", r#"allowAnyPlatform="true""#),
    ("RunOnceForSpecifiedUsers", r#"enabled="false" runOnlyForTheseUser="""#),
    ("Schedule", r#"IndependentExecution="true""#),
];

impl World {
    async fn document_of(&self, n: u32) -> Answer {
        let path = format!("/v1/agents/{}/policy.xml", guid(n));
        self.send(ask("GET", &path, &self.applier, &[], None)).await
    }

    async fn document(&self, n: u32) -> Element {
        let answer = self.document_of(n).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/xml")), "{answer:?}");
        read(std::str::from_utf8(&answer.body).unwrap())
    }

    async fn sample_package(&self, more: Value) -> Value {
        let mut spec = json!({ "source": { "type": "unc", "path": r"\\files\p" } });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.make(json!({ "kind": "Package", "name": "Sample Package", "spec": spec })).await
    }

    async fn run_of(&self, package: &Value, name: &str, spec: Value) -> Value {
        self.make(json!({ "kind": "Program", "name": name, "package": package["guid"], "spec": spec })).await
    }

    async fn snapshot(&self, package: &Value, hash: &str) {
        let line = json!({ "type": "snapshot", "package": package["guid"], "bytes": 122_880, "hash": hash });
        self.load(&[line]).await;
    }
}

fn braced(guid: &Value) -> String {
    format!("{{{}}}", text(guid)).to_uppercase()
}

/// Two computers, and a collection of the first.
async fn estate() -> (World, Value) {
    let world = World::new();
    world.load(&[computer(1, "ONE"), computer(2, "TWO")]).await;
    let c = world.made("C", json!({ "members": ["ONE"] })).await;
    (world, c)
}

#[tokio::test]
async fn dlv_2_the_document_has_the_elements_and_attributes_of_the_guides_example() {
    let (world, c) = estate().await;
    let p = world.sample_package(json!({ "description": "Sample Software Delivery Package" })).await;
    world.snapshot(&p, "h1").await;
    let program = json!({ "commandLine": "hello.exe", "runWith": { "type": "loggedOnUser" },
        "canRun": "userLoggedOn", "userInputRequired": true });
    let a = world.run_of(&p, "Hello", program).await;
    let says = r#"Launches an application window and shows "Hello World""#;
    let task = json!({ "collections": [c["guid"]], "userCanRun": true, "description": says,
        "availability": { "from": "2006-10-13T00:00" } });
    let t = world.task("Hello World - Sample", &p, &a, task).await;
    let document = world.document(1).await;
    assert_eq!(document.name, "response");
    assert_eq!(document.one("resource").attribute("guid"), braced(&json!(guid(1))));
    let policy = document.one("Policy");
    let shown: Vec<_> = policy.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let of_task = braced(&t["guid"]);
    // The policy's GUID is the task's.
    assert_eq!(shown, [("guid", of_task.as_str()), ("name", "Hello World - Sample"), ("version", "6.0.6074.0")]);
    assert_eq!(policy.one("ClientPolicy").attribute("agentClsid"), "Altiris.SWD");
    let stamp = 1_800_000_000.to_string();
    for (name, attributes) in EXAMPLE {
        let element = policy.one(name);
        let shown: Vec<_> = element.attributes.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        // The SoftPkg's ID is the package's GUID.
        let expected = attributes.replace("{ID}", &braced(&p["guid"])).replace("1160701201", &stamp);
        assert_eq!(shown.join(" "), expected, "{name}");
    }
    for (name, said) in [
        ("PackageDescription", "Sample Software Delivery Package"),
        ("JobID", of_task.as_str()),
        ("Title", "Hello World - Sample"),
        ("Abstract", says),
        ("CommandLine", "hello.exe"),
    ] {
        assert_eq!(policy.one(name).text, said, "{name}");
    }
    let names: Vec<_> = policy.one("SoftPkg").within.iter().map(|element| element.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "PackageDescription",
            "JobID",
            "Title",
            "Abstract",
            "ValidPeriod",
            "ExecutionEnvironment",
            "Recovery",
            "Download",
            "Implementation",
            "AfterExecution",
            "Platforms",
            "RunOnceForSpecifiedUsers",
            "Schedule"
        ]
    );
    assert_eq!(policy.one("Trigger").attribute("Type"), "-1");
    assert!(world.document(2).await.all("Policy").is_empty());
    // Who reads it was told nothing and not seen.
    assert_eq!(world.get("/v1/events").await.ok(200)["events"], json!([]));
    let unknown = format!("/v1/agents/{}/policy.xml", guid(9));
    world.send(ask("GET", &unknown, &world.applier, &[], None)).await.refused(404, "not_found");
    let openapi = world.send(ask("GET", "/v1/openapi.json", "", &[], None)).await.json();
    let described = &openapi["paths"]["/v1/agents/{computer}/policy.xml"]["get"]["responses"]["200"]["content"];
    assert_eq!(described["application/xml"]["schema"]["type"], "string");
}

#[tokio::test]
async fn dlv_2_every_setting_has_its_attribute() {
    let (world, c) = estate().await;
    world.app.set_zone("Europe/Berlin").unwrap();
    let package = json!({ "version": "2 & \"3\"", "agentDisplayName": "Shown", "language": "de", "description": "a ]]> b",
        "deleteUnusedAfterMinutes": 60, "verboseStatusEvents": false, "alternateDownloadFolder": r"C:\Second",
        "source": { "type": "none" } });
    let p = world.sample_package(package).await;
    let program = json!({ "commandLine": "a.exe <b> & \"c\"\u{1}", "workingDirectory": "C:\\W\tX", "successCodes": [0, 3010],
        "failureCodes": [1603, -1], "estimatedDiskSpaceKB": 7, "estimatedRunTimeSeconds": 61, "maxRunTimeMinutes": 30,
        "afterRunning": { "action": "restart", "deferMinutes": 15, "forceClose": true }, "startingWindow": "hidden",
        "runWith": { "type": "account", "account": r"CORP\svc", "password": "hunter2" },
        "runOnceFor": { "type": "users", "users": [r"CORP\a", r"CORP\b"] },
        "network": { "required": true, "minimumSpeedKBps": 50 } });
    let a = world.run_of(&p, "A", program).await;
    let task = json!({ "collections": [c["guid"]], "priority": 4, "runMissedSchedule": false, "independentExecution": false,
        "userOptional": true, "notifyUser": true, "warnUser": { "deferMinutes": 30 }, "removeAfterSuccess": true,
        "agentDisplayName": "Title", "agentDisplayDescription": "Abstract", "verboseStatusEvents": false,
        "availability": { "from": "2027-01-15T09:00", "to": "2027-07-15T09:00", "clock": "server" },
        "download": { "mode": "runFromServer", "minimumSpeedKBps": 10, "multicast": true },
        "run": { "type": "schedule", "schedule": { "type": "weekly", "days": ["mon", "fri"], "time": "17:30", "every": 2 } } });
    world.task("T", &p, &a, task).await;
    let document = world.document(1).await;
    let expect: &[(&str, &[(&str, &str)])] = &[
        (
            "SoftPkg",
            &[
                ("displayName", "Shown"),
                ("Version", "2 & \"3\""),
                ("Destination", r"C:\Second"), // PKG-4
                ("CleanupAfter", "60"),
                ("Priority", "Very High"),
                ("StatusEventsEnabled", "false"),
            ],
        ),
        ("JobID", &[("StatusEventsEnabled", "false")]),
        (
            "ValidPeriod",
            &[
                ("after", "2027-01-15 08:00:00"),
                ("afterGMT", "true"),
                ("before", "2027-07-15 07:00:00"),
                ("beforeGMT", "true"),
            ],
        ),
        (
            "ExecutionEnvironment",
            &[
                ("ExecutionContext", "SpecificUser"),
                ("LogonName", "svc"),
                ("LogonDomain", "CORP"),
                ("LogonPassword", ""),
                ("Interactive", "false"),
                ("AllowUserExecution", "false"),
                ("CanRunWhen", "Whether or not a user is logged on"),
                ("StartWindow", "Hidden"),
                ("ScheduleRetry", "false"),
                ("MinConnectionSpeed", "50"),
                ("RemoveAfterRun", "true"),
                ("UserOptional", "true"),
                ("NotifyUserArrival", "true"),
                ("SuccessCodes", "0,3010"),
                ("FailureCodes", "1603,-1"),
            ],
        ),
        (
            "Download",
            &[
                ("useClientDefaults", "false"),
                ("Immediate", "false"),
                ("MinDownloadSpeed", "-1"),
                ("MinExecutionSpeed", "10"),
                ("multicast", "true"),
                ("Mode", "Never"),
            ],
        ),
        (
            "Implementation",
            &[
                ("PackageSize", "0"),
                ("EstimatedSize", "7"),
                ("EstimatedDuration", "2"),
                ("KillAfter", "30"),
                ("WorkingDirectory", "C:\\W\tX"),
                ("Language", "de"),
                ("NoSourceFiles", "true"),
                ("NotifyBeforeExecution", "true"),
                ("notifyBeforeRunMaxDefer", "30"),
            ],
        ),
        ("AfterExecution", &[("action", "Restart Computer"), ("force", "true"), ("maxtime", "15")]),
        ("RunOnceForSpecifiedUsers", &[("enabled", "true"), ("runOnlyForTheseUser", r"CORP\a,CORP\b")]),
        ("Schedule", &[("IndependentExecution", "false")]),
        ("Trigger", &[("Type", "2"), ("Description", "At 17:30 on Mon, Fri of every 2. week")]),
    ];
    for (name, attributes) in expect {
        for (attribute, value) in *attributes {
            assert_eq!(document.one(name).attribute(attribute), *value, "{name}@{attribute}");
        }
    }
    let says = [("Title", "Title"), ("Abstract", "Abstract"), ("PackageDescription", "a ]]> b")];
    let says = says.into_iter().chain([("CommandLine", "a.exe <b> & \"c\"\u{fffd}")]);
    for (name, said) in says.chain([("BeginDate", "2027-01-15 17:30:00"), ("WeeksInterval", "2")]) {
        assert_eq!(document.one(name).text, said, "{name}");
    }
    let body = world.document_of(1).await.body;
    assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
}

#[tokio::test]
async fn dlv_2_a_sequential_task_has_a_policy_of_its_own_and_one_for_each_step() {
    let (world, c) = estate().await;
    let p = world.sample_package(json!({})).await;
    let a = world.run_of(&p, "A", json!({ "commandLine": "a.exe", "successCodes": [0, 3010] })).await;
    let b = world.run_of(&p, "B", json!({ "commandLine": "b.exe" })).await;
    let step =
        |program: &Value, on: Value| json!({ "package": p["guid"], "program": program["guid"], "dependsOn": on });
    let steps = [
        step(&a, json!([])),
        step(&b, json!([{ "step": 1 }])),
        step(&a, json!([{ "step": 1, "returnCodes": [0] }, { "step": 2, "returnCodes": [5, 6] }])),
    ];
    let spec = json!({ "collections": [c["guid"]], "steps": steps });
    let s = world.make(json!({ "kind": "SequentialTask", "name": "Sequential Task", "spec": spec })).await;
    let document = world.document(1).await;
    let policies = document.all("Policy");
    let names: Vec<_> = policies.iter().map(|policy| policy.attribute("name")).collect();
    let of_step = |name: &str| format!("Software Delivery Task for program : {name}");
    assert_eq!(
        names,
        [
            "Synchronization Task for Sequential Software Delivery Task : Sequential Task",
            &of_step("A"),
            &of_step("B"),
            &of_step("A")
        ]
    );
    assert_eq!(policies[0].attribute("guid"), braced(&s["guid"]));
    assert_eq!(policies[0].one("ClientPolicy").attribute("agentClsid"), "Altiris.Synch");
    let guids: Vec<String> = (0..3).map(|at| braced(&s["spec"]["steps"][at]["task"])).collect();
    assert_eq!(policies[1..].iter().map(|policy| policy.attribute("guid")).collect::<Vec<_>>(), guids);
    let tasks: Vec<_> =
        policies[0].all("Task").into_iter().map(|task| (task.attribute("guid"), task.attribute("priority"))).collect();
    assert_eq!(tasks, [(guids[0].as_str(), "1"), (&guids[1], "2"), (&guids[2], "3")]);
    let on: Vec<_> = policies[0]
        .all("Dependency")
        .into_iter()
        .map(|on| (on.attribute("guid"), on.attribute("returncodes")))
        .collect();
    // SEQ-3: without codes of its own any success code of the earlier step will do.
    assert_eq!(on, [(guids[0].as_str(), "0,3010"), (&guids[0], "0"), (&guids[1], "5,6")]);
    assert_eq!(policies[0].one("TaskCreatedForSWPortal").attribute("ReportFinalStatusToServer"), "False");
    assert_eq!(policies[0].one("Trigger").attribute("Description"), "As soon as possible");
    assert!(policies[1].all("Trigger").is_empty(), "the sequence starts it");
}

#[tokio::test]
async fn seq_8_a_step_that_two_sequences_share_is_one_policy() {
    let (world, c) = estate().await;
    let p = world.sample_package(json!({})).await;
    let a = world.run_of(&p, "A", json!({ "commandLine": "a.exe" })).await;
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    for name in ["One", "Two"] {
        let spec = json!({ "collections": [c["guid"]], "steps": [step] });
        world.make(json!({ "kind": "SequentialTask", "name": name, "spec": spec })).await;
    }
    let document = world.document(1).await;
    let guids: Vec<_> = document.all("Policy").iter().map(|policy| policy.attribute("guid").to_owned()).collect();
    assert_eq!(guids.len(), 3, "two sequences and the step of both");
    let named: Vec<_> = document.all("Task").iter().map(|task| task.attribute("guid").to_owned()).collect();
    assert_eq!(named.len(), 2);
    assert!(named.iter().all(|guid| guids.contains(guid)));
}

#[tokio::test]
async fn dlv_2_the_stamp_of_a_package_moves_when_its_files_do() {
    let (world, c) = estate().await;
    let p = world.sample_package(json!({})).await;
    let a = world.run_of(&p, "A", json!({ "commandLine": "a.exe" })).await;
    world.task("T", &p, &a, json!({ "collections": [c["guid"]] })).await;
    let stamp = async || world.document(1).await.one("SoftPkg").attribute("InternalVersion").to_owned();
    assert_eq!(stamp().await, "1800000000");
    world.clock.advance_seconds(10);
    world.snapshot(&p, "h1").await;
    assert_eq!(stamp().await, "1800000010");
    world.clock.advance_seconds(10);
    world.snapshot(&p, "h1").await;
    assert_eq!(stamp().await, "1800000010", "nothing is another");
    world.snapshot(&p, "h2").await;
    assert_eq!(stamp().await, "1800000020");
}

#[tokio::test]
async fn prg_4_estimates_are_notes_in_the_document_and_nothing_else_in_it_changes() {
    let mut documents = BTreeMap::new();
    for (name, notes) in [
        ("without", json!({})),
        ("with", json!({ "estimatedDiskSpaceKB": 9_999_999, "estimatedRunTimeSeconds": 86_400 })),
    ] {
        let (world, c) = estate().await;
        let p = world.sample_package(json!({})).await;
        let mut spec = json!({ "commandLine": "a.exe" });
        spec.as_object_mut().unwrap().extend(notes.as_object().unwrap().clone());
        let a = world.run_of(&p, "A", spec).await;
        world.task("T", &p, &a, json!({ "collections": [c["guid"]] })).await;
        let body = world.document_of(1).await.body;
        documents.insert(name, String::from_utf8(body.to_vec()).unwrap());
    }
    let (with, without) = (&documents["with"], &documents["without"]);
    assert_ne!(with, without);
    let unsaid = with
        .replace(r#"EstimatedSize="9999999""#, r#"EstimatedSize="0""#)
        .replace(r#"EstimatedDuration="1440""#, r#"EstimatedDuration="0""#);
    assert_eq!(&unsaid, without);
}
