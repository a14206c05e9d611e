//! Without reports: by methods alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::adapter::AdapterError;
use crate::adapter::ReadAdapter;
use crate::adapter::Reference;
use crate::adapter::altiris::read::AltirisReader;
use crate::adapter::altiris::read::methods::Methods;
use crate::adapter::altiris::wire::session::Session;
use crate::adapter::altiris::wire::tests::fake::Fake;
use crate::adapter::altiris::wire::tests::fake::Reply;
use crate::adapter::altiris::wire::tests::fake::fault;
use crate::adapter::altiris::wire::tests::fake::result;
use crate::model::altiris::AltirisSettings;
use crate::model::altiris::Findings;
use crate::model::altiris::KnownItems;
use crate::model::fleet::Part;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::Observed;
use crate::model::package::AfterRunningAction;
use crate::model::package::RunWith;
use crate::model::package::Source;
use crate::model::package::StartingWindow;
use crate::model::schedule::Schedule;
use crate::model::task::Priority;
use crate::model::task::Run;

use super::estate;
use super::estate::ALL;
use super::estate::APPS;
use super::estate::EDIT;
use super::estate::PILOT;
use super::estate::RUN_ZIP;
use super::estate::SECRET;
use super::estate::TASK_EDIT;
use super::estate::TASK_ZIP;
use super::estate::ZIP;
use super::estate::guid;
use super::estate::observe;
use super::estate::settings;

fn find<'o>(observed: &'o Observed, key: &str) -> &'o Item {
    let key = ItemKey::parse(key).unwrap();
    let keys: Vec<String> = observed.items.iter().map(|item| item.item.key.to_string()).collect();
    let found = observed.items.iter().find(|item| item.item.key == key);
    &found.unwrap_or_else(|| panic!("{key} is not among {keys:?}")).item
}

fn partial(observed: &Observed, kind: Kind) -> (&str, &[String]) {
    match &observed.coverage[&kind] {
        Coverage::Partial { why, folders } => (why, folders),
        other => panic!("{kind}: {other:?}"),
    }
}

#[tokio::test]
async fn everything_that_a_method_shows_is_read() {
    let fake = Arc::new(estate::server(|_| false));
    let observed = observe(&fake, settings()).await.unwrap();
    for kind in [Kind::Folder, Kind::Package, Kind::Program, Kind::Task, Kind::Collection] {
        assert_eq!(observed.coverage[&kind], Coverage::Observed, "{kind}");
    }
    assert_eq!(find(&observed, "folder/Software/Apps").folder.as_deref(), Some("Software"));
    let package = find(&observed, "package/7-Zip");
    assert_eq!(package.folder.as_deref(), Some("Software/Apps"));
    let Spec::Package(package) = &package.spec else { panic!() };
    assert!(matches!(&package.source, Source::Unc(unc) if unc.unc == "\\\\files\\7zip"));
    let Spec::Program(program) = &find(&observed, "program/7-Zip/Run").spec else { panic!() };
    assert_eq!(program.success_codes, [0, 3010]);
    assert_eq!(program.after_running.action, AfterRunningAction::Restart);
    assert_eq!(program.starting_window, StartingWindow::Hidden);
    assert_eq!(program.max_run_time.to_string(), "30m");
    assert!(program.portal.is_none());
    let Spec::Program(program) = &find(&observed, "program/Editor/Run").spec else { panic!() };
    assert!(matches!(&program.run_with, RunWith::Account(account) if account.account == "CORP\\svc"));
    let Spec::Task(task) = &find(&observed, "task/Install 7-Zip").spec else { panic!() };
    assert_eq!(task.collections, ["All Computers", "Pilot"]);
    assert_eq!(task.priority, Priority::VeryHigh);
    assert_eq!(task.run, Run::Schedule(Schedule::Daily("03:04".parse().unwrap())));
    assert_eq!((task.package.as_str(), task.program.as_str()), ("7-Zip", "Run"));
    assert_eq!(task.warn_user.as_ref().unwrap().defer_up_to.to_string(), "15m");
    assert_eq!(task.availability.from.unwrap().to_string(), "2026-01-01T00:00");
    assert_eq!(task.availability.to, None);
    let Spec::Collection(collection) = &find(&observed, "collection/Pilot").spec else { panic!() };
    assert_eq!(collection.include, ["All Computers"]);
    assert_eq!(collection.members.as_deref(), Some(["PC-1".to_owned()].as_slice()));
    assert_eq!(observed.time.to_string(), "2026-01-02T03:04:05Z");
}

#[tokio::test]
async fn a_target_that_is_no_single_collection_is_not_mistaken_for_one() {
    let fake = Arc::new(estate::server(|_| false));
    let observed = observe(&fake, settings()).await.unwrap();
    let Spec::Task(task) = &find(&observed, "task/Install Editor").spec else { panic!() };
    assert_eq!(task.collections, [format!("target Odd target {{{}}}", guid(estate::ODD_TARGET))]);
}

#[tokio::test]
async fn r12_a_stored_password_is_in_nothing_that_was_read() {
    let fake = Arc::new(estate::server(|_| false));
    let observed = observe(&fake, settings()).await.unwrap();
    assert!(!format!("{observed:?}").contains("hunter2"));
    let program = observed.items.iter().find(|item| item.item.key == ItemKey::program("Editor", "Run")).unwrap();
    assert_eq!(program.password_set, Some(true));
}

#[tokio::test]
async fn p5_a_folder_that_is_closed_leaves_its_kinds_partial_and_nothing_absent() {
    let fake = Arc::new(estate::server(|bits| bits == SECRET));
    let observed = observe(&fake, settings()).await.unwrap();
    // The list of its type shows the folder, so its path is known; what is in it may be closed as well.
    assert!(observed.items.iter().any(|item| item.item.key == ItemKey::new(Kind::Folder, "Software/Secret")));
    let fake = Arc::new(estate::server(|bits| matches!(bits, EDIT | TASK_EDIT)));
    let observed = observe(&fake, settings()).await.unwrap();
    for kind in [Kind::Package, Kind::Program, Kind::Task] {
        let (why, folders) = partial(&observed, kind);
        assert_eq!(folders, ["Software/Secret"], "{kind}: {why}");
        assert!(observed.complete(kind, Some("Software/Secret")).is_none());
        assert!(observed.complete(kind, Some("Software/Apps")).is_some());
        assert!(observed.complete(kind, None).is_none());
    }
    assert_eq!(observed.coverage[&Kind::Collection], Coverage::Observed);
    find(&observed, "task/Install 7-Zip");
}

#[tokio::test]
async fn p5_a_folder_whose_place_is_unknown_may_be_anywhere() {
    let fake = estate::server(|bits| matches!(bits, SECRET | APPS)).by("GetItemsByType", |body, _| {
        let of = estate::param(body, "typeName");
        let list: String = [ZIP, EDIT, TASK_ZIP, TASK_EDIT, ALL, PILOT]
            .iter()
            .filter(|bits| estate::item(**bits).unwrap().1 == of)
            .map(|bits| format!("<ItemDetails>{}</ItemDetails>", estate::item_xml(*bits).unwrap()))
            .collect();
        result("GetItemsByType", &list)
    });
    let observed = observe(&Arc::new(fake), settings()).await.unwrap();
    for kind in [Kind::Folder, Kind::Package, Kind::Task, Kind::Collection] {
        assert!(partial(&observed, kind).1.is_empty(), "{kind}");
        assert!(observed.complete(kind, Some("Software")).is_none());
    }
}

#[tokio::test]
async fn a_solution_that_is_not_installed_leaves_its_kinds_unreadable() {
    let fake = estate::server(|_| false).on("WSDL SWDSolnAdvertisementManagementService", fault("x")).on(
        "WSDL SWDSolnPackageManagementService",
        Reply { status: 404, kind: "text/html", body: String::new(), cut: false },
    );
    let observed = observe(&Arc::new(fake), settings()).await.unwrap();
    for kind in [Kind::Task, Kind::Package, Kind::Program] {
        assert!(observed.gap(kind).unwrap().contains("no service"), "{kind}");
        assert!(observed.complete(kind, Some("Software/Apps")).is_none());
    }
    assert_eq!(observed.coverage[&Kind::Collection], Coverage::Observed);
    let fake = Arc::new(estate::server(|_| false));
    let observed = observe(&fake, AltirisSettings::default()).await.unwrap();
    for kind in [Kind::Package, Kind::Program, Kind::Task, Kind::SequentialTask, Kind::PurgeSettings] {
        assert!(matches!(&observed.coverage[&kind], Coverage::Unreadable { .. }), "{kind}");
    }
}

/// A server whose first task is gone when it is read, and that lists it so many times.
fn vanishing(lists: usize) -> Arc<Fake> {
    let told = std::sync::atomic::AtomicUsize::new(0);
    let fake = estate::server(|_| false)
        .by("GetAdvertisementExByGuid", |body, _| match estate::bits(body, "sAdvertisementExGuid") {
            TASK_ZIP => fault("ASDKDoesNotExistException"),
            bits => result("GetAdvertisementExByGuid", &estate::task_xml(bits, false).unwrap()),
        })
        .by("GetItemsByType", move |body, _| {
            let of = estate::param(body, "typeName");
            let is_later = of == "SWDAdvertisement" && told.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= lists;
            let list: String = [ZIP, EDIT, TASK_ZIP, TASK_EDIT, ALL, PILOT, APPS, SECRET]
                .iter()
                .filter(|bits| estate::item(**bits).unwrap().1 == of)
                .filter(|bits| **bits != TASK_ZIP || !is_later)
                .map(|bits| format!("<ItemDetails>{}</ItemDetails>", estate::item_xml(*bits).unwrap()))
                .collect();
            result("GetItemsByType", &list)
        });
    Arc::new(fake)
}

#[tokio::test]
async fn what_is_listed_and_gone_is_looked_for_again() {
    // The known one stays: it is another.
    let known = KnownItems { task: Some(guid(TASK_EDIT)), ..settings().known };
    let settings = || AltirisSettings { known: known.clone(), ..AltirisSettings::default() };
    // Deleted between the list and the read: the second list lacks it as well.
    let observed = observe(&vanishing(1), settings()).await.unwrap();
    assert_eq!(observed.coverage[&Kind::Task], Coverage::Observed);
    assert_eq!(observed.items.iter().filter(|item| item.item.key.kind == Kind::Task).count(), 1);
    let observed = observe(&vanishing(9), settings()).await.unwrap();
    let (why, folders) = partial(&observed, Kind::Task);
    assert!(why.contains("was not there twice"), "{why}");
    assert_eq!(folders, ["Software/Apps"]);
}

#[tokio::test]
async fn r13_a_session_that_is_lost_in_the_middle_is_an_error_and_ends_the_reading() {
    let denied = Reply { status: 401, kind: "text/html", body: String::new(), cut: false };
    let again = denied.clone();
    let fake = estate::server(|_| false).by("GetAdvertisementExByGuid", move |_, _| again.clone());
    let error = observe(&Arc::new(fake), settings()).await.unwrap_err();
    assert!(matches!(error, AdapterError::Denied { .. }), "{error}");
    let fake = Arc::new(estate::server(|_| false).by("GetInclusions", move |_, _| denied.clone()));
    assert!(matches!(observe(&fake, settings()).await, Err(AdapterError::Denied { .. })));
    assert!(fake.asked().iter().filter(|name| *name == "GetInclusions").count() <= 2);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_no_answer_is_no_shorter_list() {
    let busy = |n: usize| {
        estate::server(|_| false).by("GetPackageExByGuid", move |body, nth| {
            if nth < n {
                return Reply { status: 503, kind: "text/html", body: String::new(), cut: false };
            }
            result("GetPackageExByGuid", &estate::package_xml(estate::bits(body, "sPackageGuid")).unwrap())
        })
    };
    let observed = observe(&Arc::new(busy(2)), settings()).await.unwrap();
    assert_eq!(observed.coverage[&Kind::Package], Coverage::Observed);
    let error = observe(&Arc::new(busy(100)), settings()).await.unwrap_err();
    assert!(matches!(error, AdapterError::Busy { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_read_twice_and_what_is_busy_three_times_with_waits_between() {
    let asked = |reply: Reply| async move {
        let fake = Arc::new(estate::server(|_| false).on("GetItemByGuid", reply));
        let (session, known) = (Session::new(fake.clone()), KnownItems::default());
        let began = tokio::time::Instant::now();
        Methods::new(&session, &known).item(guid(ZIP)).await.unwrap_err();
        (fake.asked().len(), began.elapsed())
    };
    assert_eq!(asked(fault("Altiris.ASDK.ASDKInternalException")).await.0, 2);
    assert_eq!(asked(fault("ASDKDoesNotExistException")).await.0, 1);
    let busy = Reply { status: 503, kind: "text/html", body: String::new(), cut: false };
    let (n, waited) = asked(busy).await;
    assert!(n == 3 && !waited.is_zero(), "{n} {waited:?}");
}

#[tokio::test]
async fn what_a_manifest_cannot_say_is_a_gap_with_its_name() {
    let fake = estate::server(|_| false)
        .by("GetPackageExByGuid", |body, _| {
            let package = estate::package_xml(estate::bits(body, "sPackageGuid")).unwrap();
            result("GetPackageExByGuid", &package.replace(">Unc<", ">Library<"))
        })
        .by("GetAdvertisementExByGuid", |body, _| {
            let task = estate::task_xml(estate::bits(body, "sAdvertisementExGuid"), false).unwrap();
            result("GetAdvertisementExByGuid", &task.replace("Type=\"1\"", "Type=\"3\""))
        });
    let observed = observe(&Arc::new(fake), settings()).await.unwrap();
    let (why, folders) = partial(&observed, Kind::Package);
    assert!(why.contains("package `7-Zip`") && why.contains("`Library`"), "{why}");
    assert_eq!(folders, ["Software/Apps"]);
    assert!(partial(&observed, Kind::Task).0.contains("type `3`"));
}

#[tokio::test]
async fn one_item_has_the_revision_that_it_had_among_all() {
    let fake = Arc::new(estate::server(|_| false));
    let reader = AltirisReader::new(fake.clone(), settings(), Findings::default());
    let observed = observe(&fake, settings()).await.unwrap();
    for item in &observed.items {
        let kind = item.item.key.kind;
        let now = reader.revision(kind, item.guid).await.unwrap();
        assert_eq!(now.as_ref(), Some(&item.revision), "{}", item.item.key);
    }
    assert_eq!(reader.revision(Kind::Task, guid(0xdead)).await.unwrap(), None);
}

#[tokio::test]
async fn references_are_told_in_both_directions() {
    let fake = Arc::new(estate::server(|_| false));
    let reader = AltirisReader::new(fake, settings(), Findings::default());
    let found = reader.references(guid(ZIP)).await.unwrap();
    let told: Vec<(bool, &str, &str)> =
        found.iter().map(|found| (found.outgoing, found.hint.as_str(), found.name.as_str())).collect();
    assert_eq!(
        told,
        [
            (false, "folderchilditem", "Apps"),
            (false, "swdadvertisement uses swdpackage", "Install 7-Zip"),
            (true, "packagecontainsprogram", "Run"),
        ]
    );
    assert!(matches!(reader.references(guid(0xdead)).await, Err(AdapterError::NotFound { .. })));
    assert_eq!(reader.references(guid(RUN_ZIP)).await.unwrap().len(), 2);
    assert!(!reader.references(guid(APPS)).await.unwrap().is_empty());
    // A task that is for a collection by way of a target is told with the collection, whatever the target makes of it.
    let users = |found: Vec<Reference>| -> BTreeSet<String> {
        found.into_iter().filter(|found| !found.outgoing && found.kind == "Task").map(|found| found.name).collect()
    };
    let both: BTreeSet<String> = ["Install 7-Zip".to_owned(), "Install Editor".to_owned()].into();
    assert_eq!(users(reader.references(guid(PILOT)).await.unwrap()), both);
    assert_eq!(users(reader.references(guid(ALL)).await.unwrap()), both);
}

#[tokio::test]
async fn a_known_item_of_another_kind_stands_for_none() {
    let observe = |known: KnownItems| async move {
        let fake = estate::server(|_| false);
        let fake = fake.by("GetInclusions", |body, _| match estate::bits(body, "collectionItemGuid") {
            // A server may answer with an empty list for what is no collection.
            PILOT | ALL | TASK_ZIP => result("GetInclusions", ""),
            _ => fault("ASDKInvalidTypeException"),
        });
        observe(&Arc::new(fake), AltirisSettings { known, ..AltirisSettings::default() }).await.unwrap()
    };
    let known = settings().known;
    for (wrong, kind, name) in [
        (
            KnownItems { collection: Some(guid(TASK_ZIP)), ..known.clone() },
            Kind::Collection,
            "altiris.known.collection",
        ),
        (KnownItems { collection: Some(guid(APPS)), ..known.clone() }, Kind::Collection, "altiris.known.collection"),
        (KnownItems { task: Some(guid(PILOT)), ..known.clone() }, Kind::Task, "altiris.known.task"),
        (KnownItems { package: Some(guid(TASK_ZIP)), ..known.clone() }, Kind::Package, "altiris.known.package"),
        (KnownItems { folder: Some(guid(TASK_ZIP)), ..known.clone() }, Kind::Folder, "altiris.known.folder"),
        (KnownItems { folder: Some(guid(ALL)), ..known.clone() }, Kind::Folder, "altiris.known.folder"),
    ] {
        let observed = observe(wrong).await;
        let Coverage::Unreadable { why } = &observed.coverage[&kind] else { panic!("{:?}", observed.coverage[&kind]) };
        assert!(why.contains(name) && why.contains(&format!("is no {}", kind.short())), "{why}");
        for other in [Kind::Package, Kind::Collection].into_iter().filter(|other| *other != kind) {
            assert_eq!(observed.coverage[&other], Coverage::Observed, "{other}, with {name}");
        }
        if kind == Kind::Collection {
            // Whom a task is for cannot be told then, and is no difference.
            assert!(partial(&observed, Kind::Task).0.contains("not read"));
        }
    }
}

#[tokio::test]
async fn without_reports_nothing_is_said_of_computers() {
    let fake = Arc::new(estate::server(|_| false));
    let reader = AltirisReader::new(fake.clone(), settings(), Findings::default());
    let read = reader.fleet().await;
    assert!(read.fleet.gaps[&Part::Computers].contains("altiris.reports"));
    assert_eq!(fake.requests(), 0);
    let identity = reader.identity().await.unwrap();
    assert_eq!((identity.name.as_str(), identity.version.as_str()), ("ns.example", "before 8.0"));
}

#[tokio::test]
async fn each_package_costs_two_requests_and_each_task_one() {
    let fake: Arc<Fake> = Arc::new(estate::server(|_| false));
    observe(&fake, settings()).await.unwrap();
    let count = |name: &str| fake.asked().iter().filter(|asked| *asked == name).count();
    // Beside those, the known one of each is looked at once.
    assert_eq!(count("GetPackageExByGuid"), 2 + 1);
    assert_eq!(count("GetProgramsFromPackage"), 2);
    assert_eq!(count("GetAdvertisementExByGuid"), 2 + 1);
    assert_eq!(count("GetInclusions") + count("GetExclusions"), 4);
    assert!(fake.requests() < 40, "{:?}", fake.asked());
}
