use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::adapter::AdapterError;
use crate::adapter::Directory;
use crate::adapter::Effect;
use crate::adapter::Lease;
use crate::adapter::Write;
use crate::adapter::native::lower;
use crate::adapter::native::samples;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::sys::http::Send;

fn directory() -> Directory {
    samples::directory(&samples::site(1))
}

/// An item from what a manifest would say.
fn item(key: ItemKey, folder: Option<&str>, spec: Value) -> Item {
    let mut item = Item::new(key.clone(), serde_json::from_value::<Spec>(json!({ key.kind.name(): spec })).unwrap());
    item.folder = folder.map(str::to_owned);
    item
}

fn lowered(key: &ItemKey, effect: Effect<'_>) -> Send {
    samples::with_envelope(&directory(), |envelope| lower::write("s", envelope, &Write { key, effect, before: None }))
        .unwrap()
}

fn text(send: &Send) -> String {
    let headers: Vec<String> = send.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = String::from_utf8(send.body.to_vec()).unwrap();
    format!("{} {}\n{}\n\n{body}", send.method, send.path, headers.join("\n"))
}

const PROGRAM: &str = r#"{"description":"","commandLine":"setup.exe /S","workingDirectory":"","successCodes":[0,3010],"failureCodes":[],"estimatedDiskSpaceKB":0,"estimatedRunTimeSeconds":90,"maxRunTimeMinutes":30,"afterRunning":{"action":"logOff","deferMinutes":5,"forceClose":false},"startingWindow":"normal","runWith":{"type":"account","account":"CORP\\svc","password":"hunter2"},"canRun":"noUserLoggedOn","userInputRequired":false,"exitsEarly":false,"runOnceFor":{"type":"eachLoggedOnUser"},"network":{"required":true,"minimumSpeedKBps":10},"portal":{"inherit":true,"grants":[]}}"#;

fn program() -> Item {
    item(
        ItemKey::program("P1", "Repair"),
        None,
        json!({"name": "Repair", "commandLine": "setup.exe /S", "successCodes": [0, 3010], "estimatedRunTime": "90s",
            "maxRunTime": "30m", "afterRunning": {"action": "logOff", "deferUpTo": "5m"},
            "runWith": {"account": "CORP\\svc", "passwordFrom": {"env": "SVC"}}, "canRun": "noUserLoggedOn",
            "runOnceFor": "eachLoggedOnUser", "network": {"required": true, "minimumSpeedKBps": 10}}),
    )
}

#[test]
fn a_create_is_a_post_that_must_find_nothing() {
    let item = program();
    let send = lowered(&item.key, Effect::Create { state: &item });
    let expected = format!(
        "POST /v1/items\nidempotency-key: key-1\nconsign-fence: 7\nconsign-plan: plan-1\nif-none-match: *\n\
         content-type: application/json\n\n{{\"kind\":\"Program\",\"name\":\"Repair\",\"folder\":\"{}\",\
         \"package\":\"{}\",\"attributes\":[],\"spec\":{PROGRAM}}}",
        Guid::PROGRAMS_FOLDER,
        samples::guid(5),
    );
    assert_eq!(text(&send), expected);
    assert!(!format!("{send:?}").contains("hunter2"));
}

#[test]
fn an_update_is_a_put_of_the_whole_state_under_its_revision() {
    let item = program();
    let effect = Effect::Update { guid: samples::guid(8), revision: "12", state: &item };
    let expected = format!(
        "PUT /v1/items/{}\nidempotency-key: key-1\nconsign-fence: 7\nconsign-plan: plan-1\nif-match: \"12\"\n\
         content-type: application/json\n\n{{\"name\":\"Repair\",\"folder\":\"{}\",\"attributes\":[],\
         \"spec\":{PROGRAM}}}",
        samples::guid(8),
        Guid::PROGRAMS_FOLDER,
    );
    assert_eq!(text(&lowered(&item.key, effect)), expected);
}

#[test]
fn a_delete_is_a_delete_under_its_revision() {
    let key = ItemKey::new(Kind::Task, "T");
    let effect = Effect::Delete { guid: samples::guid(9), revision: "12" };
    let expected = format!(
        "DELETE /v1/items/{}\nidempotency-key: key-1\nconsign-fence: 7\nconsign-plan: plan-1\nif-match: \"12\"\n\n",
        samples::guid(9)
    );
    assert_eq!(text(&lowered(&key, effect)), expected);
}

#[test]
fn a_batch_is_one_post() {
    let folder = item(ItemKey::new(Kind::Folder, "Top/New"), Some("Top"), json!({"description": "d"}));
    let key = ItemKey::new(Kind::Task, "T");
    let writes = [
        Write { key: &folder.key, effect: Effect::Create { state: &folder }, before: None },
        Write {
            key: &folder.key,
            effect: Effect::Update { guid: samples::guid(2), revision: "3", state: &folder },
            before: None,
        },
        Write { key: &key, effect: Effect::Delete { guid: samples::guid(9), revision: "4" }, before: None },
    ];
    let send = samples::with_envelope(&directory(), |envelope| lower::batch("s", envelope, &writes)).unwrap();
    let body = format!(
        r#""name":"New","folder":"{}","attributes":[],"spec":{{"description":"d","portal":{{"inherit":true,"grants":[]}}}}"#,
        samples::guid(1)
    );
    let expected = format!(
        "POST /v1/batch\nidempotency-key: key-1\nconsign-fence: 7\nconsign-plan: plan-1\n\
         content-type: application/json\n\n{{\"operations\":[{{\"op\":\"create\",\"body\":{{\"kind\":\"Folder\",{body}}}}},\
         {{\"op\":\"update\",\"guid\":\"{}\",\"ifMatch\":\"3\",\"body\":{{{body}}}}},\
         {{\"op\":\"delete\",\"guid\":\"{}\",\"ifMatch\":\"4\"}}]}}",
        samples::guid(2),
        samples::guid(9),
    );
    assert_eq!(text(&send), expected);
}

#[test]
fn a_batch_names_the_write_that_cannot_be_sent() {
    let good = item(ItemKey::new(Kind::Folder, "New"), None, json!({}));
    let bad = item(ItemKey::new(Kind::Folder, "No/New"), Some("No"), json!({}));
    let writes =
        [&good, &bad].map(|item| Write { key: &item.key, effect: Effect::Create { state: item }, before: None });
    let error = samples::with_envelope(&directory(), |envelope| lower::batch("s", envelope, &writes)).unwrap_err();
    assert!(matches!(error, (1, AdapterError::Unresolved { target, .. }) if target.name == "No"));
}

#[test]
fn a_secret_that_was_not_resolved_stops_the_write() {
    let mut item = program();
    let Spec::Program(spec) = &mut item.spec else { panic!() };
    spec.run_with = serde_json::from_value(json!({"account": "a", "passwordFrom": {"file": "pw.txt"}})).unwrap();
    let write = Write { key: &item.key, effect: Effect::Create { state: &item }, before: None };
    let error = samples::with_envelope(&directory(), |envelope| lower::write("s", envelope, &write)).unwrap_err();
    assert!(matches!(error, AdapterError::NoSecret { secret, .. } if secret == "file:pw.txt"));
}

/// The words of each kind's spec against the contract: what is sent for a manifest that uses them all.
#[test]
fn the_words_of_the_contract_are_sent() {
    let guid = samples::guid;
    let run = json!({"schedule": {"weekly": {"days": ["mon", "sun"], "time": "17:00"}}});
    let monthly = json!({"monthly": {"day": {"week": "second", "weekday": "tue"}, "offsetDays": 3, "time": "22:00"}});
    for (key, spec, fields) in [
        (
            ItemKey::new(Kind::Task, "T"),
            json!({"package": "P1", "program": "Install", "collections": ["C1"], "priority": "veryHigh", "run": run,
                "warnUser": {"deferUpTo": "2h"}, "availability": {"from": "2026-12-01T08:00", "clock": "server"},
                "download": {"mode": "runFromServer", "minimumSpeedKBps": 5, "asSoonAsPossible": true}}),
            json!({"package": guid(5), "program": guid(7), "collections": [guid(11)], "priority": 4,
                "run": {"type": "schedule", "schedule":
                    {"type": "weekly", "days": ["mon", "sun"], "time": "17:00", "every": 1, "from": null}},
                "warnUser": {"deferMinutes": 120},
                "availability": {"from": "2026-12-01T08:00", "to": null, "clock": "server"},
                "download": {"mode": "runFromServer", "minimumSpeedKBps": 5, "asSoonAsPossible": true,
                    "multicast": false}}),
        ),
        (
            ItemKey::new(Kind::SequentialTask, "S"),
            json!({"run": {"schedule": {"every": {"interval": "4h", "from": "2026-12-01T08:00"}}}, "steps": [
                {"package": "P1", "program": "Remove"},
                {"package": "P1", "program": "Install", "dependsOn": [1, {"step": 1, "returnCodes": [0, 3010]}]}]}),
            json!({"warnUser": null, "download": null, "priority": 2,
                "run": {"type": "schedule", "schedule":
                    {"type": "every", "intervalSeconds": 14400, "from": "2026-12-01T08:00"}},
                "steps": [{"package": guid(5), "program": guid(8), "dependsOn": []},
                    {"package": guid(5), "program": guid(7), "dependsOn":
                        [{"step": 1, "returnCodes": []}, {"step": 1, "returnCodes": [0, 3010]}]}]}),
        ),
        (
            ItemKey::new(Kind::Package, "N"),
            json!({"source": {"url": "https://x.example/y", "directory": "\\\\s\\y"}, "deleteUnusedAfter": "7d",
                "packageServers": {"sites": ["Köln"]}}),
            json!({"source": {"type": "url", "url": "https://x.example/y", "directory": "\\\\s\\y"},
                "deleteUnusedAfterMinutes": 10080, "packageServers": {"assign": "sites", "names": ["Köln"]}}),
        ),
        (
            ItemKey::new(Kind::Collection, "N"),
            json!({"query": {"wql": "select *"}, "limitedTo": "All Computers", "include": ["C1"], "members": ["PC1"]}),
            json!({"query": {"language": "wql", "text": "select *"}, "limitedTo": guid(10), "include": [guid(11)],
                "exclude": [], "members": ["PC1"], "autoUpdate": true}),
        ),
        (
            ItemKey::new(Kind::MaintenanceWindow, "N"),
            json!({"collections": ["C1"], "schedule": monthly, "duration": "4h", "appliesTo": "taskSequences",
                "clock": "utc"}),
            json!({"schedule": {"type": "monthly", "on": {"type": "weekday", "week": "second", "weekday": "tue"},
                "offsetDays": 3, "time": "22:00", "every": 1, "from": null}, "durationMinutes": 240,
                "appliesTo": "taskSequences", "clock": "utc"}),
        ),
        (
            ItemKey::new(Kind::DeliveryPolicy, "N"),
            json!({"resources": [{"package": "P1", "program": "Install",
                    "onSuccess": {"action": "restart", "deferUpTo": "1h", "countdown": "90s"}, "onFailure": "continue"}],
                "compliance": {"daily": "06:00"}, "remediation": "maintenanceWindow", "deferUpTo": "2d"}),
            json!({"resources": [{"package": guid(5), "program": guid(7), "onSuccess": {"action": "restart",
                    "deferMinutes": 60, "countdownSeconds": 90, "forceClose": false}, "onFailure": "continue"}],
                "compliance": {"type": "daily", "time": "06:00"}, "remediation": {"type": "maintenanceWindow"},
                "deferMinutes": 2880}),
        ),
        (
            ItemKey::new(Kind::AgentSettings, "N"),
            json!({"collections": [], "blockouts": [{"from": "08:00", "duration": "9h", "blocks": "downloads"}]}),
            json!({"configurationIntervalSeconds": 3600, "notifyInAdvanceSeconds": 60, "minimumSpeedKBps": 0,
                "blockouts": [{"from": "08:00", "durationSeconds": 32400, "blocks": "downloads", "spreadSeconds": 0}]}),
        ),
        (
            ItemKey::new(Kind::PatchPlugin, "N"),
            json!({"collections": [], "scan": {"at": "2026-12-01T08:00"}}),
            json!({"scan": {"type": "at", "at": "2026-12-01T08:00"}, "installPlugin": true}),
        ),
        (
            ItemKey::new(Kind::PortalDefaults, "SWD Programs"),
            json!({"grants": [{"principal": "CORP\\IT", "right": "installOnApproval"}]}),
            json!({"grants": [{"principal": "CORP\\IT", "right": "installOnApproval"}]}),
        ),
        (
            ItemKey::new(Kind::PurgeSettings, "Purge settings"),
            json!({"executions": {"olderThan": "90d", "maximumRows": 1000}, "unusedSequenceEntries": "30d"}),
            json!({"daily": "02:00", "executions": {"olderThanSeconds": 7_776_000, "maximumRows": 1000},
                "statusEvents": {"olderThanSeconds": null, "maximumRows": null},
                "unusedSequenceEntriesSeconds": 2_592_000, "unusedPortalRequestsSeconds": null}),
        ),
        (
            ItemKey::new(Kind::PortalSettings, "N"),
            json!({"collections": ["C1"]}),
            json!({"collections": [guid(11)], "startMenuLink": true, "agentMenuLink": true, "maxPerRequest": 5}),
        ),
    ] {
        let item = item(key, None, spec);
        let send = lowered(&item.key, Effect::Create { state: &item });
        let sent: Value = serde_json::from_slice(&send.body).unwrap();
        assert_eq!(sent["kind"], item.key.kind.name());
        for (field, value) in fields.as_object().unwrap() {
            assert_eq!(&sent["spec"][field], value, "{} {field}", item.key);
        }
    }
}

#[test]
fn leases_are_asked_for_held_and_given_back() {
    let lease = Lease { id: "abc".to_owned(), fence: 7 };
    let minute = Duration::from_secs(60);
    let json = "content-type: application/json";
    assert_eq!(
        text(&lower::acquire("me", minute, "k")),
        format!("POST /v1/leases\nidempotency-key: k\n{json}\n\n{{\"holder\":\"me\",\"ttlSeconds\":60}}")
    );
    assert_eq!(text(&lower::renew(&lease, minute)), format!("PUT /v1/leases/abc\n{json}\n\n{{\"ttlSeconds\":60}}"));
    assert_eq!(text(&lower::release(&lease)), "DELETE /v1/leases/abc\n\n\n");
}
