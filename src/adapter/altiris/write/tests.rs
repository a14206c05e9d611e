//! Writing to a made-up server: which calls, in which order, and what becomes of them where they are cut off.

mod cut;
mod estate;

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use crate::adapter::AdapterError;
use crate::adapter::Directory;
use crate::adapter::Effect;
use crate::adapter::Envelope;
use crate::adapter::Lease;
use crate::adapter::Receipt;
use crate::adapter::Secrets;
use crate::adapter::Write;
use crate::adapter::WriteAdapter;
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::altiris::KnownItems;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

use super::AltirisWriter;
use super::target;
use estate::COLLECTION;
use estate::Estate;

const PACKAGE: u128 = 0x20;
const PROGRAM: u128 = 0x21;
const DESKTOPS: u128 = 0x30;
const KIOSKS: u128 = 0x31;

fn settings() -> AltirisSettings {
    let known = KnownItems {
        folder: Some(Guid::of(1)),
        package: Some(Guid::of(PACKAGE)),
        task: Some(Guid::of(0x22)),
        ..KnownItems::default()
    };
    AltirisSettings { known, ..AltirisSettings::default() }
}

/// A server with a package, its program, a task, two collections and some computers.
fn served() -> Arc<Estate> {
    let estate = Estate::new();
    let package = estate.put(PACKAGE, "Package", "Tool", Some(1));
    let program = estate.put(PROGRAM, "Program", "Install", Some(Guid::PROGRAMS_FOLDER.bits()));
    estate.put(0x22, "Task", "Somebody else's", Some(2));
    estate.put(DESKTOPS, COLLECTION, "Desktops", Some(1));
    estate.put(KIOSKS, COLLECTION, "Kiosks", Some(1));
    for (bits, name) in [(0x40, "PC-1"), (0x41, "PC-2")] {
        estate.put(bits, "Computer", name, None);
    }
    let mut held = estate.held.lock().unwrap();
    held.things.get_mut(&program).unwrap().fields.insert("Package", package.to_string());
    held.things.get_mut(&program).unwrap().fields.insert("CommandLine", "setup.exe /S".to_owned());
    let other = held.things.get_mut(&Guid::of(0x22)).unwrap();
    other.fields.insert("PackageGuid", package.to_string());
    other.fields.insert("ProgramGuid", program.to_string());
    drop(held);
    estate
}

fn writer(estate: &Arc<Estate>) -> AltirisWriter {
    AltirisWriter::new(estate.clone(), settings(), Findings::default())
}

fn directory() -> Directory {
    let folder = |name: &str| ItemKey::new(Kind::Folder, name);
    BTreeMap::from([
        (folder("Own"), Guid::of(1)),
        (folder("Other"), Guid::of(2)),
        (ItemKey::new(Kind::Package, "Tool"), Guid::of(PACKAGE)),
        (ItemKey::program("Tool", "Install"), Guid::of(PROGRAM)),
        (ItemKey::new(Kind::Collection, "Desktops"), Guid::of(DESKTOPS)),
        (ItemKey::new(Kind::Collection, "Kiosks"), Guid::of(KIOSKS)),
    ])
}

fn item(kind: Kind, name: &str, spec: Value) -> Item {
    let spec: Spec = serde_json::from_value(json!({ kind.name(): spec })).unwrap();
    let mut item = Item::new(ItemKey::new(kind, name), spec);
    item.folder = Some("Own".to_owned());
    item
}

fn program(name: &str, mut spec: Value) -> Item {
    spec["name"] = name.into();
    let spec: Spec = serde_json::from_value(json!({ "Program": spec })).unwrap();
    Item::new(ItemKey::program("Tool", name), spec)
}

fn task(more: Value) -> Item {
    let mut spec = json!({"package": "Tool", "program": "Install"});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    item(Kind::Task, "Install Tool", spec)
}

/// One write, with the item as it is to be before.
async fn write(
    writer: &AltirisWriter,
    effect: Effect<'_>,
    key: &ItemKey,
    before: Option<&Item>,
    in_doubt: bool,
) -> Result<Receipt, AdapterError> {
    let mut secrets = Secrets::new();
    secrets.insert("env:TOOL".to_owned(), SecretString::from("tr0ub4dor"));
    let (directory, lease) = (directory(), Lease { id: String::new(), fence: 0 });
    let envelope = Envelope {
        lease: &lease,
        idempotency_key: "k",
        in_doubt,
        plan: "p",
        origin: None,
        directory: &directory,
        secrets: &secrets,
    };
    writer.write(&envelope, &Write { key, effect, before }).await
}

async fn create(writer: &AltirisWriter, item: &Item) -> Result<Receipt, AdapterError> {
    write(writer, Effect::Create { state: item }, &item.key, None, false).await
}

async fn update(writer: &AltirisWriter, from: &Receipt, was: &Item, is: &Item) -> Result<Receipt, AdapterError> {
    let effect = Effect::Update { guid: from.guid, revision: &from.revision, state: is };
    write(writer, effect, &is.key, Some(was), false).await
}

#[tokio::test]
async fn a_package_is_made_by_one_call_and_told_the_rest() {
    let estate = served();
    let writer = writer(&estate);
    let spec = json!({"source": {"unc": "\\\\files\\a&b"}, "publisher": "P", "agentDisplayName": "Shown",
        "packageServers": {"servers": ["PC-2"]}, "packageServerFolder": "D:\\x"});
    let package = item(Kind::Package, "New", spec.clone());
    let made = create(&writer, &package).await.unwrap();
    assert_eq!(
        estate.wrote(),
        ["CreatePackageExDetail", "SetPackageExAdvancedOptions", "SetPackageExPackageServerOptions"]
    );
    let thing = estate.thing(made.guid);
    assert_eq!((thing.name.as_str(), thing.folder), ("New", Some(Guid::of(1))));
    assert_eq!(thing.get("Location"), "\\\\files\\a&b");
    assert_eq!(thing.get("PurgeAfterDurationInMinutes"), "10080");
    assert_eq!(
        (thing.get("SelectedPackageServers"), thing.get("ServerFolder")),
        (&*Guid::of(0x41).to_string(), "D:\\x")
    );
    // Only what differs is sent again; what is never shown goes with it.
    let mut changed = spec;
    changed["version"] = "2.0".into();
    let mut changed = item(Kind::Package, "New name", changed);
    changed.folder = Some("Other".to_owned());
    let moved = update(&writer, &made, &package, &changed).await.unwrap();
    assert_eq!(estate.wrote(), ["ModifyPackageExDetail", "SetPackageExPackageServerOptions"]);
    assert_eq!(estate.thing(moved.guid).folder, Some(Guid::of(2)));
    assert_ne!(moved.revision, made.revision);
    // What a report counts are calls, five by now.
    assert_eq!(writer.calls(), Some(5));
}

#[tokio::test]
async fn a_program_has_its_name_only_once_it_is_whole() {
    let estate = served();
    let writer = writer(&estate);
    let spec = json!({"commandLine": "a.exe", "successCodes": [0, 3010], "runWith": {"account": "D\\svc", "passwordFrom":
        {"env": "TOOL"}}, "afterRunning": {"action": "restart", "deferUpTo": "1h"}, "network": {"required": true,
        "minimumSpeedKBps": 50}, "portal": {"grants": [{"principal": "D\\Staff", "right": "install"}]}});
    let made = create(&writer, &program("Repair", spec.clone())).await.unwrap();
    assert_eq!(
        estate.wrote(),
        [
            "CreateProgramExDetail",
            "SetProgramExecutionOptions",
            "SetProgramRunOptions",
            "SetProgramNetworkOptions",
            "AddProgramToPackage",
            "ModifyProgramExDetail",
            "AssignSoftwarePortalSecurity"
        ]
    );
    let thing = estate.thing(made.guid);
    assert_eq!(thing.name, "Repair");
    assert_eq!((thing.get("UserDomain"), thing.get("UserName"), thing.get("UserPassword")), ("D", "svc", "tr0ub4dor"));
    assert_eq!((thing.get("AfterRunningActionType"), thing.get("DeferTimeforRestartInMinutes")), ("2", "60"));
    assert_eq!((thing.get("TerminateAfter"), thing.get("SuccessCodes")), ("360", "0,3010"));
    assert!(thing.get("Rights").starts_with("D\\Staff=a56f6866"), "{}", thing.get("Rights"));
    // The password goes with every change (PLN-13), and rights are taken away as they were given.
    let was = program("Repair", spec.clone());
    let mut is = spec;
    is["portal"] = json!({"grants": []});
    update(&writer, &made, &was, &program("Repair", is)).await.unwrap();
    assert_eq!(estate.wrote(), ["SetProgramExecutionOptions", "AssignSoftwarePortalSecurity"]);
    assert_eq!(estate.thing(made.guid).get("Rights"), "");
}

#[tokio::test]
async fn pln_13_an_account_without_a_password_is_refused_before_anything_is_made() {
    let estate = served();
    let spec = json!({"commandLine": "a.exe", "runWith": {"account": "D\\svc"}});
    let error = create(&writer(&estate), &program("Repair", spec)).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Refused { code, .. } if code == "password"), "{error}");
    let spec = json!({"commandLine": "a.exe", "runWith": {"account": "D\\svc", "passwordFrom": {"env": "NONE"}}});
    let error = create(&writer(&estate), &program("Repair", spec)).await.unwrap_err();
    assert!(matches!(error, AdapterError::NoSecret { .. }));
    assert!(estate.wrote().is_empty());
}

/// A task with a value of its own in every field that is written.
fn whole() -> Value {
    json!({"description": "d", "collections": ["Desktops", "Kiosks"], "priority": "high", "run": {"schedule": {"daily": "17:30"}},
        "runMissedSchedule": true, "independentExecution": false, "notifyUser": true, "warnUser": {"deferUpTo": "30m"},
        "availability": {"from": "2026-12-01T08:00", "to": "2027-01-01T00:00", "clock": "server"}, "removeAfterSuccess": true,
        "verboseStatusEvents": true, "download": {"mode": "runFromServer", "minimumSpeedKBps": 1024, "multicast": true}})
}

/// As the first step of a plan makes it: off, and for nobody.
fn staged(item: &Item) -> Item {
    let mut item = item.clone();
    item.spec.set_enabled(false);
    item.spec.targets_mut().unwrap().clear();
    item
}

#[tokio::test]
async fn a_task_is_made_off_told_everything_and_switched_on_last() {
    let estate = served();
    let writer = writer(&estate);
    let whole = task(whole());
    let made = create(&writer, &staged(&whole)).await.unwrap();
    assert_eq!(
        estate.wrote(),
        [
            "CreateAdvertisementEx",
            "SetAdvertisementExScheduleRunASAP",
            "SetAdvertisementExScheduleScheduleXML",
            "SetAdvertisementExRunOptions",
            "SetAdvertisementExAgentSettings",
            "SetAvailabilityRemovalOptions"
        ]
    );
    let thing = estate.thing(made.guid);
    assert_eq!((thing.get("Enable"), thing.get("ResourceTargets")), ("false", ""));
    update(&writer, &made, &staged(&whole), &whole).await.unwrap();
    assert_eq!(
        estate.wrote(),
        [
            "CreateResourceTarget",
            "CreateResourceTarget",
            "ModifyResourceTargets",
            "ModifyResourceTargets",
            "EnablePolicyItem"
        ]
    );
    let thing = estate.thing(made.guid);
    for (field, value) in [
        ("Enable", "true"),
        ("Priority", "High"),
        ("RunASAP", "false"),
        ("Independent", "false"),
        ("DeferTime", "30"),
        ("AvailableFrom", "2026-12-01 08:00:00"),
        ("AvaliableTo", "2027-01-01 00:00:00"),
        ("UsesServersTime", "true"),
        ("RunFromServer", "true"),
        ("DownloadAndRunLocally", "false"),
        ("MinimumConnectionSpeed", "1024"),
    ] {
        assert_eq!(thing.get(field), value, "{field}");
    }
    assert!(thing.get("ScheduleXML").contains("2006-01-01 17:30:00"));
    // Two collections, a target each, made once.
    let targets: Vec<String> = estate.all("ResourceTarget").into_iter().map(|(_, thing)| thing.name).collect();
    assert_eq!(targets, [target::name(Guid::of(DESKTOPS)), target::name(Guid::of(KIOSKS))]);
}

#[tokio::test]
async fn cap_4_a_speed_that_has_no_word_is_refused_and_no_other_is_sent() {
    let estate = served();
    for kbps in [0, 7] {
        let item = task(json!({"download": {"minimumSpeedKBps": kbps}}));
        let error = create(&writer(&estate), &item).await.unwrap_err();
        assert!(matches!(&error, AdapterError::Refused { code, .. } if code == "speed"), "{error}");
    }
    let was = task(json!({"download": {"minimumSpeedKBps": 50}}));
    let made = create(&writer(&estate), &was).await.unwrap();
    let is = task(json!({"download": {"minimumSpeedKBps": 0}}));
    let error = update(&writer(&estate), &made, &was, &is).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Refused { code, .. } if code == "speed"), "{error}");
}

#[tokio::test]
async fn targets_are_found_again_by_another_run() {
    let estate = served();
    let on = |name: &str| {
        let mut item = task(json!({"collections": ["Desktops"]}));
        item.key.name = name.to_owned();
        item
    };
    for name in ["One", "Two"] {
        let writer = writer(&estate);
        let made = create(&writer, &staged(&on(name))).await.unwrap();
        update(&writer, &made, &staged(&on(name)), &on(name)).await.unwrap();
    }
    assert_eq!(estate.all("ResourceTarget").len(), 1);
}

#[tokio::test]
async fn collections_are_targets_only_where_a_probe_has_shown_it() {
    let estate = served();
    let findings = Findings { collections_as_targets: true, ..Findings::default() };
    let writer = AltirisWriter::new(estate.clone(), settings(), findings);
    let whole = task(json!({"collections": ["Desktops"]}));
    let made = create(&writer, &staged(&whole)).await.unwrap();
    // This server takes no collection for a target, so the finding is wrong: it says so, and the task stays off.
    let error = update(&writer, &made, &staged(&whole), &whole).await.unwrap_err();
    assert!(error.to_string().contains("Install Tool") || matches!(error, AdapterError::WrongKind { .. }), "{error}");
    assert!(estate.all("ResourceTarget").is_empty() && estate.held.lock().unwrap().switched_on.is_empty());
}

async fn made_on(writer: &AltirisWriter, estate: &Estate, spec: Value) -> (Item, Receipt) {
    let whole = task(spec);
    let made = create(writer, &staged(&whole)).await.unwrap();
    let made = update(writer, &made, &staged(&whole), &whole).await.unwrap();
    estate.wrote();
    (whole, made)
}

#[tokio::test]
async fn a_change_of_several_calls_is_made_while_the_task_is_off_and_one_of_one_call_is_not() {
    let estate = served();
    let writer = writer(&estate);
    let (was, made) = made_on(&writer, &estate, json!({"collections": ["Desktops"]})).await;
    let one = task(json!({"collections": ["Desktops"], "removeAfterSuccess": true}));
    let made = update(&writer, &made, &was, &one).await.unwrap();
    assert_eq!(estate.wrote(), ["SetAvailabilityRemovalOptions"]);
    let several =
        task(json!({"collections": ["Kiosks"], "notifyUser": true, "run": {"schedule": {"at": "2026-12-01T08:00"}}}));
    let made = update(&writer, &made, &one, &several).await.unwrap();
    assert_eq!(
        estate.wrote(),
        [
            "CreateResourceTarget",
            "DisablePolicyItem",
            "SetAdvertisementExScheduleRunASAP",
            "SetAdvertisementExScheduleRunAt",
            "SetAdvertisementExRunOptions",
            "SetAvailabilityRemovalOptions",
            "ModifyResourceTargets",
            "ModifyResourceTargets",
            "EnablePolicyItem"
        ]
    );
    // Back to as soon as possible: what a method gave, that method takes away.
    update(&writer, &made, &several, &was).await.unwrap();
    let wrote = estate.wrote();
    assert_eq!(
        wrote[..3],
        ["DisablePolicyItem", "SetAdvertisementExScheduleRunAt", "SetAdvertisementExScheduleRunASAP"]
    );
    assert_eq!(wrote.last().map(String::as_str), Some("EnablePolicyItem"));
}

#[tokio::test]
async fn a_task_that_goes_off_goes_off_by_one_call() {
    let estate = served();
    let writer = writer(&estate);
    let (was, made) = made_on(&writer, &estate, json!({"collections": ["Desktops"]})).await;
    let mut off = was.clone();
    off.spec.set_enabled(false);
    update(&writer, &made, &was, &off).await.unwrap();
    assert_eq!(estate.wrote(), ["DisablePolicyItem"]);
}

#[tokio::test]
async fn tasks_are_renamed_moved_and_given_another_program() {
    let estate = served();
    let writer = writer(&estate);
    let (was, made) = made_on(&writer, &estate, json!({"collections": ["Desktops"]})).await;
    let mut renamed = was.clone();
    renamed.key.name = "Install the tool".to_owned();
    let made = update(&writer, &made, &was, &renamed).await.unwrap();
    assert_eq!(estate.wrote(), ["RenameItem"]);
    let mut moved = renamed.clone();
    moved.folder = Some("Other".to_owned());
    let made = update(&writer, &made, &renamed, &moved).await.unwrap();
    assert_eq!(estate.wrote(), ["MoveItem"]);
    let mut described = moved.clone();
    let Spec::Task(spec) = &mut described.spec else { unreachable!() };
    spec.description = "d".to_owned();
    update(&writer, &made, &moved, &described).await.unwrap();
    assert_eq!(estate.wrote(), ["ModifyAdvertisementExDetail"]);
    let thing = estate.thing(made.guid);
    assert_eq!(
        (thing.name.as_str(), thing.folder, thing.get("Enable")),
        ("Install the tool", Some(Guid::of(2)), "true")
    );
    assert_eq!(thing.get("Description"), "d");
}

#[tokio::test]
async fn cap_3_another_priority_is_another_task_and_the_old_one_is_off_before_it_goes() {
    let estate = served();
    let writer = writer(&estate);
    let (was, made) = made_on(&writer, &estate, json!({"collections": ["Desktops"]})).await;
    let high = task(json!({"collections": ["Desktops"], "priority": "veryHigh"}));
    let mut off = was.clone();
    off.spec.set_enabled(false);
    let made = update(&writer, &made, &was, &off).await.unwrap();
    let anew = update(&writer, &made, &off, &staged(&high)).await.unwrap();
    assert_ne!(anew.guid, made.guid);
    update(&writer, &anew, &staged(&high), &high).await.unwrap();
    let wrote = estate.wrote();
    assert_eq!(wrote[..3], ["DisablePolicyItem", "DeleteItem", "CreateAdvertisementEx"]);
    assert_eq!(wrote.last().map(String::as_str), Some("EnablePolicyItem"));
    assert_eq!(estate.thing(anew.guid).get("Priority"), "VeryHigh");
    assert_eq!(estate.all("Task").len(), 2);
}

#[tokio::test]
async fn what_is_deleted_is_off_first_and_what_is_in_use_is_said() {
    let estate = served();
    let writer = writer(&estate);
    let (was, made) = made_on(&writer, &estate, json!({"collections": ["Desktops"]})).await;
    let effect = Effect::Delete { guid: made.guid, revision: &made.revision };
    write(&writer, effect, &was.key, Some(&was), false).await.unwrap();
    assert_eq!(estate.wrote(), ["DisablePolicyItem", "DeleteItem"]);
    // The program is used by somebody else's task.
    let revision = writer.reader.revision(Kind::Program, Guid::of(PROGRAM)).await.unwrap().unwrap();
    let effect = Effect::Delete { guid: Guid::of(PROGRAM), revision: &revision };
    let key = ItemKey::program("Tool", "Install");
    write(&writer, effect, &key, None, false).await.unwrap_err();
    assert_eq!(estate.thing(Guid::of(PROGRAM)).name, "Install");
    // A collection takes its target with it.
    let revision = writer.reader.revision(Kind::Collection, Guid::of(DESKTOPS)).await.unwrap().unwrap();
    let effect = Effect::Delete { guid: Guid::of(DESKTOPS), revision: &revision };
    write(&writer, effect, &ItemKey::new(Kind::Collection, "Desktops"), None, false).await.unwrap();
    assert!(estate.all("ResourceTarget").is_empty());
    // What is gone is gone, where an earlier attempt may have done it.
    let effect = Effect::Delete { guid: made.guid, revision: &made.revision };
    let again = write(&writer, effect, &was.key, Some(&was), false).await;
    assert!(matches!(again, Err(AdapterError::NotFound { .. })));
    write(&writer, effect, &was.key, Some(&was), true).await.unwrap();
}

#[tokio::test]
async fn a_collection_is_narrowed_first_and_widened_last() {
    let estate = served();
    let writer = writer(&estate);
    let pilot = item(
        Kind::Collection,
        "Pilot",
        json!({"description": "d", "query": {"sql": "select 1"}, "include": ["Desktops"], "members": ["PC-1"],
            "autoUpdate": false}),
    );
    let made = create(&writer, &pilot).await.unwrap();
    assert_eq!(estate.wrote(), ["CreateResourceCollection", "SetCollectionDataSourceToRawSqlQuery", "AddInclusions"]);
    let thing = estate.thing(made.guid);
    assert_eq!((thing.get("Description"), thing.get("AutoUpdate"), thing.get("Query")), ("d", "false", "select 1"));
    assert_eq!(thing.includes, [Guid::of(DESKTOPS), Guid::of(0x40)].into());
    let other = item(
        Kind::Collection,
        "Pilots",
        json!({"query": {"sql": "select 2"}, "exclude": ["Kiosks"], "members": ["PC-2"]}),
    );
    update(&writer, &made, &pilot, &other).await.unwrap();
    assert_eq!(
        estate.wrote(),
        ["AddExclusions", "RemoveInclusions", "SetCollectionDataSourceToRawSqlQuery", "RenameItem", "AddInclusions"]
    );
    let thing = estate.thing(made.guid);
    assert_eq!((thing.includes, thing.excludes), ([Guid::of(0x41)].into(), [Guid::of(KIOSKS)].into()));
    // Members that no manifest manages stay.
    let unmanaged = item(Kind::Collection, "Pilots", json!({"query": {"sql": "select 2"}}));
    let receipt = Receipt {
        guid: made.guid,
        revision: writer.reader.revision(Kind::Collection, made.guid).await.unwrap().unwrap(),
        replayed: false,
    };
    update(&writer, &receipt, &other, &unmanaged).await.unwrap();
    assert_eq!(estate.thing(made.guid).includes, [Guid::of(0x41)].into());
}

#[tokio::test]
async fn folders_are_made_renamed_and_moved() {
    let estate = served();
    let writer = writer(&estate);
    let folder = |name: &str, parent: &str| {
        let mut item =
            Item::new(ItemKey::new(Kind::Folder, format!("{parent}/{name}")), Spec::Folder(Default::default()));
        item.folder = Some(parent.to_owned());
        item
    };
    let made = create(&writer, &folder("Tools", "Own")).await.unwrap();
    update(&writer, &made, &folder("Tools", "Own"), &folder("Things", "Other")).await.unwrap();
    assert_eq!(estate.wrote(), ["CreateFolder", "RenameItem", "MoveItem"]);
    let thing = estate.thing(made.guid);
    assert_eq!((thing.name.as_str(), thing.folder), ("Things", Some(Guid::of(2))));
    let top = Item::new(ItemKey::new(Kind::Folder, "Top"), Spec::Folder(Default::default()));
    let error = create(&writer, &top).await.unwrap_err();
    assert!(matches!(error, AdapterError::Refused { code, .. } if code == "no_folder"));
}

#[tokio::test]
async fn what_changed_since_the_plan_is_stale_and_what_appeared_is_told() {
    let estate = served();
    let writer = writer(&estate);
    let (was, made) = made_on(&writer, &estate, json!({"collections": ["Desktops"]})).await;
    estate
        .held
        .lock()
        .unwrap()
        .things
        .get_mut(&made.guid)
        .unwrap()
        .fields
        .insert("NotifyUserWhenTaskAvailable", "true".to_owned());
    let error = update(&writer, &made, &was, &task(json!({}))).await.unwrap_err();
    assert!(matches!(error, AdapterError::Stale { .. }));
    let error = create(&writer, &task(json!({}))).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Refused { code, .. } if code == "exists"), "{error}");
    let error = create(&writer, &item(Kind::Package, "Tool", json!({}))).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Refused { code, .. } if code == "exists"), "{error}");
    assert!(estate.wrote().is_empty());
}

#[tokio::test]
async fn false_is_a_failure_that_says_where_the_reason_is_and_that_a_part_is_made() {
    let estate = served();
    let writer = writer(&estate);
    estate.refuses.lock().unwrap().insert("SetAdvertisementExRunOptions");
    let error = create(&writer, &staged(&task(whole()))).await.unwrap_err();
    assert!(error.to_string().contains("the reason stands in the server's log"), "{error}");
    assert_eq!(error.fate(), crate::adapter::Fate::Unknown);
    let (_, made) = estate.all("Task").into_iter().find(|(_, thing)| thing.name == "Install Tool").unwrap();
    assert_eq!((made.get("Enable"), made.get("ResourceTargets")), ("false", ""));
}

#[tokio::test]
async fn cap_5_a_query_that_is_neither_shown_nor_declared_is_left_alone() {
    let estate = served();
    let writer = writer(&estate);
    let was = item(Kind::Collection, "Desktops", json!({}));
    let guid = Guid::of(DESKTOPS);
    estate.held.lock().unwrap().things.get_mut(&guid).unwrap().fields.insert("Query", "select 1".to_owned());
    let revision = writer.reader.revision(Kind::Collection, guid).await.unwrap().unwrap();
    let live = Receipt { guid, revision, replayed: false };
    estate.wrote();
    let wider = item(Kind::Collection, "Desktops", json!({"include": ["Kiosks"]}));
    let live = update(&writer, &live, &was, &wider).await.unwrap();
    assert_eq!(estate.wrote(), ["AddInclusions"]);
    assert_eq!(estate.thing(guid).get("Query"), "select 1");
    // One that is declared goes with every write.
    let own = item(Kind::Collection, "Desktops", json!({"query": {"sql": "select 2"}}));
    update(&writer, &live, &wider, &own).await.unwrap();
    assert_eq!(estate.thing(guid).get("Query"), "select 2");
}

#[tokio::test]
async fn only_the_item_itself_being_gone_is_a_delete_that_was_made_before() {
    let estate = served();
    let writer = writer(&estate);
    let (was, made) = made_on(&writer, &estate, json!({"collections": ["Desktops"]})).await;
    // Switched off by the attempt before, and its target is gone.
    let target = estate.all("ResourceTarget")[0].0;
    {
        let mut held = estate.held.lock().unwrap();
        held.things.remove(&target);
        held.things.get_mut(&made.guid).unwrap().fields.insert("Enable", "false".to_owned());
    }
    // Another connection: this one knows the target.
    let writer = self::writer(&estate);
    let effect = Effect::Delete { guid: made.guid, revision: &made.revision };
    let again = write(&writer, effect, &was.key, Some(&was), true).await;
    let is_there = estate.held.lock().unwrap().things.contains_key(&made.guid);
    assert!(again.is_err() || !is_there, "{again:?}");
}
