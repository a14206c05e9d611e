//! Fleets that are made up and could be real, to rehearse and to measure with: the same seed gives the same fleet, byte for
//! byte, and each computer depends on the seed and its place alone.
//!
//! Sites have sizes by a power law and lie in cities; who belongs to a site shares its zone and domain. When computers were
//! last seen has a long tail, some are retired, some are servers with roles. [`lines`] gives what `POST /v1/fleet` and
//! `consign serve --seed` load. Nothing here is said of any real company, product version or machine.

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::model::guid::Guid;

mod catalogue;
mod chance;

use crate::sample::catalogue::CITIES;
use crate::sample::catalogue::CLIENT_MODELS;
use crate::sample::catalogue::CLIENT_SYSTEMS;
use crate::sample::catalogue::City;
use crate::sample::catalogue::PRODUCTS;
use crate::sample::catalogue::SERVER_MODELS;
use crate::sample::catalogue::SERVER_ROLES;
use crate::sample::catalogue::SERVER_SYSTEMS;
use crate::sample::chance::Chance;

/// What to make up.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    /// How many computers.
    pub computers: u32,
    /// What everything follows from.
    pub seed: u64,
    /// The moment that everything lies before.
    pub now: Timestamp,
    /// Tasks that some of them ran in the last ninety days.
    pub history: Vec<Guid>,
    /// Of a hundred computers, to how many each task got.
    pub reached_percent: u32,
    /// How many patch licences there are; `None`: for nine of ten computers.
    pub licences: Option<u64>,
}

impl Fleet {
    /// So many computers of a seed, without history.
    pub const fn new(computers: u32, seed: u64, now: Timestamp) -> Self {
        Self { computers, seed, now, history: Vec::new(), reached_percent: 85, licences: None }
    }
}

/// A computer that is made up.
#[derive(Clone, Debug, PartialEq)]
struct Computer {
    guid: Guid,
    name: String,
    city: &'static City,
    last_seen: Option<Timestamp>,
    retired: bool,
    roles: Vec<&'static str>,
    is_server: bool,
}

/// What a draw is for: each has its own chances, so that one more of this changes nothing of that.
#[derive(Clone, Copy)]
enum For {
    Computer = 1,
    System,
    Hardware,
    Software,
    Plugin,
    Site,
    History = 100,
}

/// Gives the lines of a fleet to `each`, with their line ends: computers first, then inventory, licences and history.
///
/// # Errors
/// What `each` returns, which ends it.
pub fn lines<E>(fleet: &Fleet, mut each: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let mut put = |line: Value| each(&format!("{line}\n"));
    let sites = sites(fleet);
    let computers: Vec<Computer> = (0..fleet.computers).map(|n| computer(fleet, &sites, n)).collect();
    computers.iter().try_for_each(|computer| put(computer_line(computer)))?;
    for (computer, n) in computers.iter().zip(0..) {
        inventory(fleet, computer, n).into_iter().try_for_each(&mut put)?;
    }
    let pool = fleet.licences.unwrap_or_else(|| u64::from(fleet.computers) * 9 / 10);
    let (expires, maintenance) = (after(fleet.now, 400), after(fleet.now, 200));
    put(json!({ "type": "licences", "pool": pool, "expires": expires, "maintenanceExpires": maintenance }))?;
    enrolled(fleet, &computers, pool).into_iter().try_for_each(&mut put)?;
    for task in 0..fleet.history.len() {
        for (computer, n) in computers.iter().zip(0..) {
            execution(fleet, computer, n, task).map_or(Ok(()), &mut put)?;
        }
    }
    Ok(())
}

fn chance(fleet: &Fleet, what: For, n: u64) -> Chance {
    Chance::of(fleet.seed, what as u64, n)
}

/// The sites: the city of each, and the share of computers that it and those before it have.
fn sites(fleet: &Fleet) -> Vec<(&'static City, f64)> {
    let count = (f64::from(fleet.computers).sqrt() / 2.0).ceil().clamp(1.0, 300.0);
    let mut chance = chance(fleet, For::Site, 0);
    let cities: Vec<(&City, u32)> = CITIES.iter().map(|(city, weight)| (city, *weight)).collect();
    let mut sites = Vec::new();
    let (mut total, mut rank) = (0.0, 1.0);
    while rank <= count {
        total += 1.0 / rank; // A power law: the second is half as large as the first, the tenth a tenth.
        sites.push((chance.weighted(&cities), total));
        rank += 1.0;
    }
    for (_, share) in &mut sites {
        *share /= total;
    }
    sites
}

fn computer(fleet: &Fleet, sites: &[(&'static City, f64)], n: u32) -> Computer {
    let mut chance = chance(fleet, For::Computer, u64::from(n));
    let guid = Guid::of(chance.bits128());
    let place = chance.share();
    let at = sites.partition_point(|(_, upto)| *upto < place).min(sites.len() - 1);
    let city = sites[at].0;
    // The first is the delivery server itself: the one that must not run what was meant for others.
    let is_server = n == 0 || chance.percent(6);
    let roles = match n {
        0 => vec!["delivery server", "site server"],
        _ if is_server => {
            SERVER_ROLES.iter().filter(|(_, percent)| chance.percent(*percent)).map(|(role, _)| *role).collect()
        }
        _ => Vec::new(),
    };
    let retired = n != 0 && chance.percent(3);
    let kind = if is_server {
        "SV"
    } else if chance.percent(62) {
        "NB"
    } else {
        "PC"
    };
    let last_seen = if n == 0 { Some(ago(fleet.now, 0.01)) } else { seen(fleet, &mut chance, retired) };
    Computer { guid, name: format!("{}-{kind}{n:07}", city.code), city, last_seen, retired, roles, is_server }
}

/// Most were here within the hour or the day, and a few have not been for a year.
fn seen(fleet: &Fleet, chance: &mut Chance, retired: bool) -> Option<Timestamp> {
    let days = match (retired, chance.below(1000)) {
        (true, _) => 40.0 + chance.share() * 700.0,
        (false, 0..3) => return None,
        (false, 3..700) => chance.share() / 24.0,
        (false, 700..870) => chance.share(),
        (false, 870..960) => 1.0 + chance.share() * 6.0,
        // What is left: a Pareto tail from a week on.
        (false, _) => (7.0 / (1.0 - chance.share()).powf(0.8)).min(500.0),
    };
    Some(ago(fleet.now, days))
}

/// So many days before a moment, to the second.
fn ago(now: Timestamp, days: f64) -> Timestamp {
    let before = SignedDuration::from_secs_f64((days * 86_400.0).round());
    let at = now.checked_sub(before).unwrap_or(Timestamp::UNIX_EPOCH);
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn after(now: Timestamp, days: i64) -> String {
    now.checked_add(SignedDuration::from_hours(days * 24)).unwrap_or(Timestamp::MAX).to_string()
}

fn computer_line(computer: &Computer) -> Value {
    let Computer { guid, name, city, last_seen, retired, roles, is_server: _ } = computer;
    json!({ "type": "computer", "guid": guid, "name": name, "domain": city.domain, "zone": city.zone,
        "lastSeen": last_seen, "retired": retired, "roles": roles })
}

/// System, hardware and software of a computer; of one that was never seen, none.
fn inventory(fleet: &Fleet, computer: &Computer, n: u64) -> Vec<Value> {
    if computer.last_seen.is_none() {
        return Vec::new();
    }
    let row =
        |table: &str, row: Value| json!({ "type": "inventory", "table": table, "computer": computer.guid, "row": row });
    let (systems, models) =
        if computer.is_server { (SERVER_SYSTEMS, SERVER_MODELS) } else { (CLIENT_SYSTEMS, CLIENT_MODELS) };
    let (caption, version) = chance(fleet, For::System, n).weighted(systems);
    let mut lines = vec![row("vOperatingSystem", json!({ "Caption": caption, "Version": version }))];
    let mut hardware = chance(fleet, For::Hardware, n);
    let (model, memory) = hardware.weighted(models);
    let disk_free = 2_000 + hardware.below(400_000);
    lines.push(row("vHardware", json!({ "Model": model, "MemoryMB": memory, "DiskFreeMB": disk_free })));
    let mut software = chance(fleet, For::Software, n);
    for product in PRODUCTS {
        let percent = if computer.is_server { product.servers_percent } else { product.clients_percent };
        if software.percent(percent) {
            // The newest is on about half, each one before on half of the rest.
            let steps = usize::try_from(software.bits().trailing_zeros()).unwrap_or(0);
            let version = product.versions[steps.min(product.versions.len() - 1)];
            lines.push(row("vSoftware", json!({ "Name": product.name, "Version": version })));
        }
    }
    lines
}

/// The plug-in is on most clients, and licences went to the first of them until none was left.
fn enrolled(fleet: &Fleet, computers: &[Computer], pool: u64) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut left = pool;
    for (computer, n) in computers.iter().zip(0..) {
        if computer.is_server || computer.last_seen.is_none() || !chance(fleet, For::Plugin, n).percent(70) {
            continue;
        }
        lines.push(json!({ "type": "plugin", "computer": computer.guid }));
        if left > 0 && !computer.retired {
            left -= 1;
            lines.push(json!({ "type": "licence", "computer": computer.guid }));
        }
    }
    lines
}

/// What a computer ran of a task, if it got to it: mostly with success; a few fail as installers do; of a few nothing was
/// heard again.
fn execution(fleet: &Fleet, computer: &Computer, n: u64, task: usize) -> Option<Value> {
    let mut chance = chance(fleet, For::History, n.wrapping_mul(1 << 20) + task as u64);
    let seen = computer.last_seen?;
    if !chance.percent(fleet.reached_percent) {
        return None;
    }
    let days = chance.share() * 90.0;
    let at = ago(fleet.now, days).min(seen);
    let (code, success) = match chance.below(1000) {
        0..945 => (Some(0), Some(true)),
        945..960 => (Some(3010), Some(true)),
        960..975 => (Some(1603), Some(false)),
        975..983 => (Some(1618), Some(false)),
        983..988 => (Some(1619), Some(false)),
        988..992 => (None, Some(false)),
        _ => (None, None),
    };
    Some(json!({ "type": "execution", "computer": computer.guid, "task": fleet.history[task], "at": at, "step": null,
        "code": code, "success": success }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T08:00:00Z".parse().unwrap()
    }

    fn of(fleet: &Fleet) -> Vec<Value> {
        let mut all = Vec::new();
        let Ok(()) = lines(fleet, |line| {
            all.push(serde_json::from_str(line).unwrap());
            Ok::<_, Infallible>(())
        });
        all
    }

    fn kind<'a>(all: &'a [Value], kind: &str) -> Vec<&'a Value> {
        all.iter().filter(|line| line["type"] == kind).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_fleet_and_another_one_another() {
        let fleet = Fleet { history: vec![Guid::of(1)], ..Fleet::new(200, 7, now()) };
        assert_eq!(of(&fleet), of(&fleet));
        assert_ne!(of(&fleet), of(&Fleet { seed: 8, ..fleet.clone() }));
        let without = of(&Fleet { history: Vec::new(), ..fleet.clone() });
        assert_eq!(of(&fleet)[..without.len()], without[..], "history is added, and changes nothing else");
    }

    #[test]
    fn computers_are_each_their_own_in_zones_that_there_are() {
        let all = of(&Fleet::new(3000, 1, now()));
        let computers = kind(&all, "computer");
        for key in ["guid", "name"] {
            let different: BTreeSet<_> = computers.iter().map(|one| one[key].to_string()).collect();
            assert_eq!(different.len(), 3000, "{key}");
        }
        assert!(computers.iter().all(|one| one["name"].as_str().unwrap().len() <= 15), "names are NetBIOS names");
        for (city, _) in CITIES {
            assert!(jiff::tz::db().get(city.zone).is_ok(), "{}", city.zone);
        }
        assert_eq!(computers[0]["roles"][0], "delivery server");
        let none = of(&Fleet::new(0, 1, now()));
        assert_eq!(kind(&none, "computer").len(), 0);
    }

    #[test]
    fn shares_are_what_a_fleet_of_that_kind_has() {
        let fleet = Fleet { history: vec![Guid::of(9)], ..Fleet::new(20_000, 3, now()) };
        let all = of(&fleet);
        let computers = kind(&all, "computer");
        let share = |n: usize| n as f64 / 20_000.0;
        let count = |is: &dyn Fn(&Value) -> bool| share(computers.iter().filter(|one| is(one)).count());
        assert!((0.02..0.04).contains(&count(&|one| one["retired"] == true)));
        assert!((0.05..0.07).contains(&count(&|one| one["name"].as_str().unwrap().contains("-SV"))));
        let days = |one: &Value| {
            let seen: Timestamp = one["lastSeen"].as_str()?.parse().ok()?;
            Some(now().duration_since(seen).as_hours() / 24)
        };
        assert!((0.7..0.9).contains(&count(&|one| days(one) == Some(0))), "most were here today");
        assert!(
            (0.001..0.03).contains(&count(&|one| one["retired"] == false && days(one) > Some(60))),
            "the long tail"
        );
        let mut zones: BTreeMap<String, usize> = BTreeMap::new();
        computers.iter().for_each(|one| *zones.entry(one["zone"].to_string()).or_default() += 1);
        assert!(zones.len() >= 10, "{zones:?}");
        let largest = zones.values().max().copied().unwrap();
        assert!(largest > 20 * zones.values().min().copied().unwrap(), "sites have sizes by a power law: {zones:?}");
        let ran = kind(&all, "execution");
        assert!((0.82..0.88).contains(&share(ran.len())));
        let good = ran.iter().filter(|one| one["success"] == true).count() as f64 / ran.len() as f64;
        assert!((0.94..0.975).contains(&good), "{good}");
        assert!(ran.iter().any(|one| one["success"].is_null()) && ran.iter().any(|one| one["success"] == false));
        assert!(ran.iter().all(|one| one["at"].as_str().unwrap().parse::<Timestamp>().unwrap() <= now()));
    }

    #[test]
    fn licences_end_where_the_pool_does() {
        let all = of(&Fleet { licences: Some(12), ..Fleet::new(340, 1, now()) });
        assert_eq!(kind(&all, "licence").len(), 12);
        assert!(kind(&all, "plugin").len() > 150);
        assert_eq!(kind(&all, "licences")[0]["pool"], 12);
    }
}
