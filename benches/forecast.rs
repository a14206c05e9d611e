//! What a forecast costs: `cargo bench --bench forecast`.
//!
//! 100,000 computers, 14 days, 200 tasks (at most 10 s on 2 cores), and 1,000,000 of the same kinds (at most 1.5 times
//! that). Prints both, and the number of kinds. Nothing here fails on a number.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark measures and prints")]

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use consign::agent::policy::Rules;
use consign::agent::scenario::Scenario;
use consign::forecast::agent;
use consign::forecast::classes::classes;
use consign::forecast::compile::compile;
use consign::forecast::run::Question;
use consign::forecast::run::forecast;
use consign::model::fleet::Computer;
use consign::model::fleet::Fleet;
use consign::model::fleet::History;
use consign::model::fleet::Licences;
use consign::model::fleet::Membership;
use consign::model::fleet::PackageKnowledge;
use consign::model::guid::Guid;
use consign::model::item::Item;
use consign::model::item::Spec;
use consign::model::kind::ItemKey;
use consign::model::kind::Kind;
use consign::model::project::Api;
use consign::reach::Estate;
use consign::reach::Evaluated;
use consign::reach::Reach;
use consign::reach::planned_guid;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::json;

const TASKS: u32 = 200;
/// How often both are measured.
const ROUNDS: usize = 5;
const DAYS: i64 = 14;
/// Groups that tasks and windows go to; a computer is in a few of them, by its kind.
const GROUPS: u32 = 40;
/// Mixes of groups, zones and histories: what computers are dealt from.
const MIXES: u32 = 1_000;
const ZONES: [&str; 5] = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Sydney"];

fn main() {
    let items = items();
    let fleets = [fleet(100_000), fleet(1_000_000)];
    // In turn, and the best of each: what else runs on the machine only ever makes a time longer.
    let rounds: Vec<[Duration; 2]> =
        (0..ROUNDS).map(|_| fleets.each_ref().map(|fleet| measure(&items, fleet))).collect();
    let best = |at: usize| rounds.iter().map(|round| round[at]).min().expect("there are rounds").as_secs_f64();
    let [small, large] = [best(0), best(1)];
    println!(
        "best of {ROUNDS}: {small:.2} s and {large:.2} s; 1,000,000 against 100,000: {:.2} times (at most 1.5)",
        large / small
    );
}

fn measure(items: &[Item], fleet: &Fleet) -> Duration {
    let computers = fleet.computers.len();
    let begin = Instant::now();
    let estate_items: Vec<(Guid, &Item)> = items.iter().map(|item| (planned_guid(&item.key), item)).collect();
    let none = consign::model::observed::Observed {
        server: consign::model::observed::ServerIdentity {
            instance: Guid::of(1),
            name: "bench".to_owned(),
            api: Api::Native,
            version: String::new(),
        },
        state: None,
        time: fleet.read_at,
        coverage: Default::default(),
        items: estate_items
            .into_iter()
            .map(|(guid, item)| consign::model::observed::ObservedItem {
                guid,
                revision: String::new(),
                password_set: None,
                password_mark: None,
                item: item.clone(),
            })
            .collect(),
    };
    let estate = Estate::of(&none);
    let evaluated = Evaluated::new();
    let reach = Reach::new(&estate, &estate, fleet, &evaluated);
    let compiled = compile(&estate, &reach, fleet, Rules::of(Api::Native));
    let compile_time = begin.elapsed();
    let classes = classes(&compiled, fleet, 30);
    let classes_time = begin.elapsed();
    let scenario = Arc::new(Scenario::default());
    let (from, to) = (fleet.read_at, fleet.read_at + SignedDuration::from_hours(24 * DAYS));
    let question = Question { compiled: &compiled, classes: &classes, fleet, scenario: &scenario, from, to };
    let told = forecast(&question, &agent);
    let all = begin.elapsed();
    let runs: u64 = told.tasks.iter().map(|task| task.runs).sum();
    let never: u64 = told.tasks.iter().flat_map(|task| &task.never).map(|never| never.computers).sum();
    println!(
        "{computers} computers, {DAYS} days, {TASKS} tasks: {:.2} s (100,000: at most 10 s); {} kinds; {runs} runs, \
         {never} that never start; whom {:.2} s, kinds {:.2} s, lives {:.2} s",
        all.as_secs_f64(),
        told.computers.kinds,
        compile_time.as_secs_f64(),
        (classes_time - compile_time).as_secs_f64(),
        (all - classes_time).as_secs_f64()
    );
    all
}

fn spec<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("a spec of ours")
}

/// Packages, programs, tasks and windows, such as an estate has them: schedules by day, week and once, windows at night.
fn items() -> Vec<Item> {
    let mut items = Vec::new();
    for group in 0..GROUPS {
        let key = ItemKey::new(Kind::Collection, format!("group {group}"));
        items.push(Item::new(key, Spec::Collection(Default::default())));
    }
    for window in 0..8 {
        let collections: Vec<String> = (0..3).map(|n| format!("group {}", (window * 5 + n) % GROUPS)).collect();
        let value = json!({ "collections": collections, "duration": format!("{}h", 1 + window % 4),
            "schedule": { "daily": format!("{:02}:00", 18 + window % 6) } });
        let key = ItemKey::new(Kind::MaintenanceWindow, format!("window {window}"));
        items.push(Item::new(key, Spec::MaintenanceWindow(spec(value))));
    }
    for n in 0..TASKS {
        let name = format!("software {n}");
        let source = json!({ "source": { "unc": format!("\\\\files\\software{n}") } });
        items.push(Item::new(ItemKey::new(Kind::Package, &name), Spec::Package(spec(source))));
        let restart = if n % 10 == 0 { "restart" } else { "none" };
        let minutes = [10, 20, 45, 90, 300][n as usize % 5];
        let program = json!({ "name": "Install", "commandLine": "install.cmd", "maxRunTime": format!("{minutes}m"),
            "afterRunning": { "action": restart } });
        items.push(Item::new(ItemKey::program(&name, "Install"), Spec::Program(spec(program))));
        let run = match n % 5 {
            0 | 1 => json!("asSoonAsPossible"),
            2 => json!({ "schedule": { "daily": format!("{:02}:30", n % 24) } }),
            3 => json!({ "schedule": { "weekly": { "days": ["tue", "fri"], "time": "20:00" } } }),
            _ => json!({ "schedule": { "at": format!("2026-11-{:02}T19:00", 22 + n % 8) } }),
        };
        let warn = if n % 25 == 0 { json!({ "deferUpTo": "4h" }) } else { json!(null) };
        let task = json!({ "package": name, "program": "Install", "collections": [format!("group {}", n % GROUPS)],
            "run": run, "warnUser": warn });
        items.push(Item::new(ItemKey::new(Kind::Task, &name), Spec::Task(spec(task))));
    }
    items
}

/// A number that looks like chance and is the same every time.
fn mixed(a: u32, b: u32) -> u32 {
    let mut x = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 33) as u32
}

/// Computers, each of one of the same mixes.
fn fleet(computers: u32) -> Fleet {
    let read_at: Timestamp = "2026-11-22T11:00:00Z".parse().expect("a time");
    let mix = |computer: u32| mixed(computer, 1) % MIXES;
    let chosen = |one: &dyn Fn(u32) -> bool| (0..computers).filter(|computer| one(mix(*computer))).collect();
    let computer = |n: u32| Computer {
        guid: Guid::of(u128::from(n) + 1),
        name: format!("pc-{n}"),
        domain: String::new(),
        zone: ZONES[(mixed(mix(n), 2) % 5) as usize].to_owned(),
        last_seen: Some(read_at),
        retired: false,
        roles: Vec::new(),
    };
    let mut fleet = Fleet {
        read_at,
        server_zone: "Europe/Berlin".to_owned(),
        computers: (0..computers).map(computer).collect(),
        licences: Some(Licences::default()),
        ..Fleet::default()
    };
    for group in 0..GROUPS {
        let effective = chosen(&|mix| mixed(mix, 100 + group).is_multiple_of(4));
        let key = ItemKey::new(Kind::Collection, format!("group {group}"));
        fleet.members.insert(planned_guid(&key), Membership { effective, query: None });
    }
    for n in 0..TASKS {
        let name = format!("software {n}");
        let history = History {
            succeeded: chosen(&|mix| mixed(mix, 1000 + n).is_multiple_of(8)),
            failed: chosen(&|mix| mixed(mix, 1000 + n) % 8 == 1 && mix.is_multiple_of(3)),
            newest: Some(read_at),
            ..History::default()
        };
        let cached = history.succeeded.clone();
        fleet.history.insert(planned_guid(&ItemKey::new(Kind::Task, &name)), history);
        let known = PackageKnowledge { cached, bytes: Some(u64::from(n) * 1_000_000) };
        fleet.packages.insert(planned_guid(&ItemKey::new(Kind::Package, &name)), known);
    }
    fleet
}
