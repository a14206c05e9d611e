//! Random sites and scenarios: what is asked of the dice.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::agent::scenario::Outcome as Ending;
use crate::agent::scenario::Scenario;
use crate::agent::scenario::Users;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::site::Site;
use crate::sys::retry::Rng;

const COLLECTIONS: u64 = 4;
const PACKAGES: u64 = 3;

/// What is asked of the dice.
pub(super) struct Dice(pub(super) Rng);

impl Dice {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(super) fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    pub(super) fn minutes(&mut self, from: u64, to: u64) -> String {
        format!("{}m", from + self.below(to - from + 1))
    }

    pub(super) fn some(&mut self, of: &[String], one_in: u64) -> Vec<String> {
        of.iter().filter(|_| self.below(one_in) == 0).cloned().collect()
    }
}

fn collection_names() -> Vec<String> {
    (0..COLLECTIONS).map(|n| format!("group {n}")).collect()
}

fn time_of_day(dice: &mut Dice) -> String {
    format!("{:02}:{:02}", dice.below(24), dice.one_of(&[0, 0, 15, 30, 45]))
}

fn day(dice: &mut Dice, begin: Timestamp) -> String {
    let at = begin + SignedDuration::from_mins(i64::try_from(dice.below(6 * 24 * 4)).unwrap() * 15);
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}

fn schedule(dice: &mut Dice, begin: Timestamp) -> Value {
    match dice.below(5) {
        0 => json!({ "at": day(dice, begin) }),
        1 | 2 => json!({ "daily": time_of_day(dice) }),
        3 => {
            let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            let days: BTreeSet<&str> = (0..1 + dice.below(3)).map(|_| dice.one_of(&days)).collect();
            json!({ "weekly": { "days": days, "time": time_of_day(dice) } })
        }
        _ => json!({ "every": { "interval": format!("{}h", 5 + dice.below(40)), "from": day(dice, begin) } }),
    }
}

fn program(dice: &mut Dice, n: u64) -> Value {
    let can_run = dice.one_of(&["always", "always", "always", "userLoggedOn", "noUserLoggedOn"]);
    let mut spec = json!({
        "name": format!("run {n}"),
        "commandLine": format!("setup.exe /S {n}"),
        "successCodes": dice.one_of(&[json!([0]), json!([0, 3010]), json!([0, 1])]),
        "maxRunTime": dice.one_of(&["20m", "30m", "45m", "60m", "2h", "unknown"]),
        "canRun": can_run,
        "exitsEarly": dice.one_in(8),
    });
    if can_run == "userLoggedOn" && dice.one_in(2) {
        spec["runWith"] = json!("loggedOnUser");
    }
    if dice.one_in(3) {
        let action = dice.one_of(&["restart", "restart", "logOff"]);
        spec["afterRunning"] = json!({ "action": action, "deferUpTo": dice.one_of(&["0m", "30m", "3h", "1d"]) });
    }
    spec
}

fn package(dice: &mut Dice) -> Value {
    json!({
        "source": dice.one_of(&[json!({"none": {}}), json!({"unc": "\\\\files\\share"}), json!({"unc": "\\\\files\\other"})]),
        "deleteUnusedAfter": dice.one_of(&["1d", "2d", "7d"]),
        "verboseStatusEvents": !dice.one_in(5),
    })
}

fn pair(dice: &mut Dice) -> Value {
    json!({ "package": format!("pack {}", dice.below(PACKAGES)), "program": format!("run {}", dice.below(2)) })
}

fn common(dice: &mut Dice, begin: Timestamp, spec: &mut Value) {
    let mut put = |field: &str, value: Value| spec[field] = value;
    put("enabled", json!(!dice.one_in(8)));
    put("collections", json!(dice.some(&collection_names(), 2)));
    put("priority", json!(dice.one_of(&["low", "normal", "normal", "high", "veryHigh"])));
    put(
        "run",
        match dice.below(3) {
            0 => json!("asSoonAsPossible"),
            _ => json!({ "schedule": schedule(dice, begin) }),
        },
    );
    put("runMissedSchedule", json!(dice.one_in(2)));
    if dice.one_in(3) {
        put("warnUser", json!({ "deferUpTo": dice.one_of(&["0m", "15m", "3h", "5h"]) }));
    }
    if dice.one_in(4) {
        let mut availability = json!({ "clock": dice.one_of(&["computer", "server"]) });
        if dice.one_in(2) {
            availability["from"] = json!(day(dice, begin));
        } else {
            availability["to"] = json!(day(dice, begin));
        }
        put("availability", availability);
    }
    put("removeAfterSuccess", json!(dice.one_in(5)));
}

fn task(dice: &mut Dice, begin: Timestamp) -> Value {
    let mut spec = pair(dice);
    common(dice, begin, &mut spec);
    if dice.one_in(6) {
        spec["run"] = json!("manual");
    }
    if dice.one_in(5) {
        spec["download"] = json!({ "mode": dice.one_of(&["runFromServer", "downloadAndRun"]) });
    }
    spec
}

fn sequence(dice: &mut Dice, begin: Timestamp) -> Value {
    let steps: Vec<Value> = (0..1 + dice.below(4))
        .map(|at| {
            let mut step = pair(dice);
            if at > 0 && dice.one_in(3) {
                let on = 1 + dice.below(at);
                step["dependsOn"] = dice.one_of(&[
                    json!([on]),
                    json!([{ "step": on, "returnCodes": [0] }]),
                    json!([{ "step": on, "returnCodes": [1, 3010] }]),
                ]);
            }
            step
        })
        .collect();
    let mut spec = json!({ "steps": steps });
    common(dice, begin, &mut spec);
    spec
}

fn delivery_policy(dice: &mut Dice, begin: Timestamp) -> Value {
    let resources: Vec<Value> = (0..1 + dice.below(3))
        .map(|_| {
            let mut resource = pair(dice);
            resource["onFailure"] = json!(dice.one_of(&["abort", "continue", "restart"]));
            if dice.one_in(3) {
                let mut action = json!({ "action": dice.one_of(&["restart", "logOff"]), "deferUpTo": dice.one_of(&["0m", "30m", "1d"]) });
                if dice.one_in(2) {
                    action["countdown"] = json!(dice.minutes(0, 30));
                }
                resource["onSuccess"] = action;
            }
            resource
        })
        .collect();
    let mut spec = json!({
        "collections": dice.some(&collection_names(), 2),
        "resources": resources,
        "remediation": dice.one_of(&[json!("immediately"), json!("maintenanceWindow"), json!({ "schedule": { "daily": "18:00" } })]),
        "promptUser": dice.one_in(2),
        "deferUpTo": dice.one_of(&["0m", "2h"]),
    });
    if dice.one_in(2) {
        spec["compliance"] = schedule(dice, begin);
    }
    spec
}

fn window(dice: &mut Dice, begin: Timestamp) -> Value {
    let schedule = match dice.below(3) {
        0 => schedule(dice, begin),
        _ => json!({ "daily": time_of_day(dice) }),
    };
    json!({
        "enabled": !dice.one_in(6),
        "collections": dice.some(&collection_names(), 2),
        "schedule": schedule,
        "duration": dice.one_of(&["30m", "1h", "4h", "10h"]),
        "appliesTo": dice.one_of(&["all", "all", "all", "taskSequences", "updates"]),
        "clock": dice.one_of(&["computer", "computer", "utc"]),
    })
}

fn settings(dice: &mut Dice) -> Value {
    let mut spec = json!({
        "collections": dice.some(&collection_names(), 2),
        "notifyInAdvance": dice.one_of(&["0m", "60s", "5m", "15m"]),
        "disregardPostRunAction": dice.one_in(2),
    });
    if dice.one_in(2) {
        spec["blockouts"] = json!([{ "from": time_of_day(dice), "duration": dice.minutes(30, 240), "blocks": dice.one_of(&["total", "downloads"]) }]);
    }
    spec
}

fn collection(dice: &mut Dice, n: u64, names: &[String]) -> Value {
    let earlier: Vec<String> = collection_names().into_iter().take(usize::try_from(n).unwrap()).collect();
    let mut spec = json!({ "members": dice.some(names, 2) });
    if dice.one_in(3) {
        spec["query"] = json!({ "sql": format!("SELECT Guid FROM vSoftware WHERE Version > {}", dice.below(4)) });
    }
    spec["include"] = json!(dice.some(&earlier, 4));
    spec["exclude"] = json!(dice.some(&earlier, 6));
    if dice.one_in(6) && !earlier.is_empty() {
        spec["limitedTo"] = json!(dice.one_of(&earlier));
    }
    spec
}

/// Specs by key, so that a second site can be made from a first.
pub(super) type Specs = BTreeMap<ItemKey, Value>;

/// One item that may be there, with how to make it.
pub(super) fn item(dice: &mut Dice, key: &ItemKey, begin: Timestamp, names: &[String]) -> Option<Value> {
    let n = key.name.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Some(match key.kind {
        Kind::Package => package(dice),
        Kind::Program => program(dice, n),
        Kind::Collection => collection(dice, n, names),
        _ if dice.one_in(3) => return None,
        Kind::Task => task(dice, begin),
        Kind::SequentialTask => sequence(dice, begin),
        Kind::DeliveryPolicy => delivery_policy(dice, begin),
        Kind::MaintenanceWindow => window(dice, begin),
        Kind::AgentSettings => settings(dice),
        Kind::PatchPlugin => json!({ "collections": dice.some(&collection_names(), 2),
            "scan": schedule(dice, begin), "installPlugin": !dice.one_in(3) }),
        other => unreachable!("{other:?}"),
    })
}

pub(super) fn keys() -> Vec<ItemKey> {
    let mut keys = Vec::new();
    for n in 0..PACKAGES {
        keys.push(ItemKey::new(Kind::Package, format!("pack {n}")));
        keys.extend((0..2).map(|program| ItemKey::program(format!("pack {n}"), format!("run {program}"))));
    }
    keys.extend((0..COLLECTIONS).map(|n| ItemKey::new(Kind::Collection, format!("group {n}"))));
    for (kind, count) in [
        (Kind::Task, 4),
        (Kind::SequentialTask, 2),
        (Kind::DeliveryPolicy, 2),
        (Kind::MaintenanceWindow, 2),
        (Kind::AgentSettings, 1),
        (Kind::PatchPlugin, 1),
    ] {
        keys.extend((0..count).map(|n| ItemKey::new(kind, format!("{} {n}", kind.short()))));
    }
    keys
}

pub(super) fn site(specs: &Specs) -> Site {
    let mut site = Site::default();
    let folder = ItemKey::new(Kind::Folder, "Owned");
    site.insert(Item::new(folder, spec(Kind::Folder, json!({}))));
    for (key, value) in specs {
        let mut item = Item::new(key.clone(), spec(key.kind, value.clone()));
        item.folder = (key.kind != Kind::Program).then(|| "Owned".to_owned());
        site.insert(item);
    }
    site
}

pub(super) fn spec(kind: Kind, value: Value) -> Spec {
    pub(super) fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        let text = value.to_string();
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
    match kind {
        Kind::Folder => Spec::Folder(read(value)),
        Kind::Package => Spec::Package(read(value)),
        Kind::Program => Spec::Program(read(value)),
        Kind::Collection => Spec::Collection(read(value)),
        Kind::Task => Spec::Task(read(value)),
        Kind::SequentialTask => Spec::SequentialTask(read(value)),
        Kind::DeliveryPolicy => Spec::DeliveryPolicy(read(value)),
        Kind::MaintenanceWindow => Spec::MaintenanceWindow(read(value)),
        Kind::AgentSettings => Spec::AgentSettings(read(value)),
        Kind::PatchPlugin => Spec::PatchPlugin(read(value)),
        other => unreachable!("{other:?}"),
    }
}

pub(super) fn scenario(dice: &mut Dice) -> Scenario {
    let minutes = |n: u64| crate::model::units::Duration::minutes(u32::try_from(n).unwrap().into());
    let mut scenario = Scenario {
        users: dice.one_of(&[Users::AcceptAtOnce, Users::DeferToTheEnd, Users::Absent]),
        download: minutes(dice.below(40)),
        restart: minutes(dice.below(10)),
        ..Scenario::default()
    };
    for package in 0..PACKAGES {
        for program in 0..2 {
            let ending = Ending {
                run_time: minutes(1 + dice.below(90)),
                code: dice.one_of(&[None, None, Some(0), Some(1), Some(3010)]),
                exits_system: dice.one_in(8),
            };
            scenario.programs.insert(format!("pack {package}/run {program}"), ending);
        }
    }
    scenario
}
