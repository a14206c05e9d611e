//! Forecasts over small worlds.

mod classing;
mod compiling;
mod running;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::agent::policy::FitRule;
use crate::agent::policy::NeverFits;
use crate::agent::policy::Rules;
use crate::agent::policy::StopRule;
use crate::agent::scenario::Scenario;
use crate::forecast::Forecast;
use crate::forecast::TaskForecast;
use crate::forecast::agent;
use crate::forecast::classes::Classes;
use crate::forecast::classes::classes;
use crate::forecast::compile::Compiled;
use crate::forecast::compile::compile;
use crate::forecast::run::Question;
use crate::forecast::run::forecast;
use crate::model::fleet::Computer;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::History;
use crate::model::fleet::Licences;
use crate::model::fleet::Membership;
use crate::model::fleet::PackageKnowledge;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::observed::ServerIdentity;
use crate::model::project::Api;
use crate::reach::Estate;
use crate::reach::Evaluated;
use crate::reach::Reach;
use crate::reach::planned_guid;

pub const RULES: Rules =
    Rules { fit: FitRule::Remaining, never_fits: NeverFits::Alert, stop: StopRule::AdministrativeAndUnattended };

/// Sunday, 2026-11-22, 12:00 in Berlin.
pub const START: &str = "2026-11-22T11:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn id(kind: Kind, name: &str) -> Guid {
    planned_guid(&ItemKey::new(kind, name))
}

/// Items and computers that are put together piece by piece.
#[derive(Clone, Debug)]
pub struct World {
    pub observed: Observed,
    pub fleet: Fleet,
}

impl World {
    /// So many computers, `pc-0` and so on, in Berlin, seen just now; all of them in the collection `All`.
    pub fn of(computers: u32) -> Self {
        let start = at(START);
        let computer = |number: u32| Computer {
            guid: Guid::of(u128::from(number) + 1),
            name: format!("pc-{number}"),
            domain: String::new(),
            zone: "Europe/Berlin".to_owned(),
            last_seen: Some(start),
            retired: false,
            roles: Vec::new(),
        };
        let server =
            ServerIdentity { instance: Guid::of(7), name: "test".into(), api: Api::Native, version: "1".into() };
        let observed = Observed { server, state: None, time: start, coverage: Default::default(), items: Vec::new() };
        let fleet = Fleet {
            read_at: start,
            server_zone: "Europe/Berlin".to_owned(),
            computers: (0..computers).map(computer).collect(),
            ..Fleet::default()
        };
        Self { observed, fleet }.collection("All", 0..computers)
    }

    pub fn item(mut self, key: ItemKey, spec: Spec) -> Self {
        let guid = planned_guid(&key);
        self.observed.items.retain(|one| one.item.key != key);
        self.observed.items.push(ObservedItem {
            guid,
            revision: "1".into(),
            password_set: None,
            password_mark: None,
            item: Item::new(key, spec),
        });
        self
    }

    pub fn collection(mut self, name: &str, members: impl IntoIterator<Item = u32>) -> Self {
        let membership = Membership { effective: members.into_iter().collect(), query: None };
        self.fleet.members.insert(id(Kind::Collection, name), membership);
        self.item(ItemKey::new(Kind::Collection, name), Spec::Collection(Default::default()))
    }

    /// A package of that name with the program `Install`; `more` is laid over the program.
    pub fn program(self, package: &str, more: Value) -> Self {
        let mut spec = json!({ "name": "Install", "commandLine": "install.cmd" });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let source = json!({ "source": { "unc": format!("\\\\files\\{package}") } });
        self.item(ItemKey::new(Kind::Package, package), Spec::Package(serde_json::from_value(source).unwrap()))
            .item(ItemKey::program(package, "Install"), Spec::Program(serde_json::from_value(spec).unwrap()))
    }

    /// A task of that name that runs `Install` of the package of that name, for `All`; `more` is laid over it.
    pub fn task(self, name: &str, more: Value) -> Self {
        let mut spec = json!({ "package": name, "program": "Install", "collections": ["All"] });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.item(ItemKey::new(Kind::Task, name), Spec::Task(serde_json::from_value(spec).unwrap()))
    }

    /// A window of kind *all* for `All`.
    pub fn window(self, name: &str, spec: Value) -> Self {
        let mut whole = json!({ "collections": ["All"] });
        whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let spec = Spec::MaintenanceWindow(serde_json::from_value(whole).unwrap());
        self.item(ItemKey::new(Kind::MaintenanceWindow, name), spec)
    }

    pub fn settings(self, name: &str, spec: Value) -> Self {
        let spec = Spec::AgentSettings(serde_json::from_value(spec).unwrap());
        self.item(ItemKey::new(Kind::AgentSettings, name), spec)
    }

    pub fn plugin(self, name: &str, spec: Value) -> Self {
        let spec = Spec::PatchPlugin(serde_json::from_value(spec).unwrap());
        self.item(ItemKey::new(Kind::PatchPlugin, name), spec)
    }

    pub fn history(mut self, task: &str, succeeded: &[u32], failed: &[u32]) -> Self {
        let history = History {
            succeeded: succeeded.iter().copied().collect(),
            failed: failed.iter().copied().collect(),
            unknown: Computers::new(),
            newest: Some(at(START)),
        };
        self.fleet.history.insert(id(Kind::Task, task), history);
        self
    }

    pub fn size(mut self, package: &str, bytes: Option<u64>, cached: &[u32]) -> Self {
        let known = PackageKnowledge { cached: cached.iter().copied().collect(), bytes };
        self.fleet.packages.insert(id(Kind::Package, package), known);
        self
    }

    pub fn licences(mut self, pool: u64, holders: &[u32]) -> Self {
        let holders = holders.iter().copied().collect();
        self.fleet.licences = Some(Licences { pool, holders, ..Licences::default() });
        self
    }

    pub fn compiled(&self) -> Compiled {
        let estate = Estate::of(&self.observed);
        let evaluated = Evaluated::new();
        let reach = Reach::new(&estate, &estate, &self.fleet, &evaluated);
        compile(&estate, &reach, &self.fleet, RULES)
    }

    pub fn classes(&self) -> Classes {
        classes(&self.compiled(), &self.fleet, 30)
    }

    pub fn forecast(&self, days: i64) -> Forecast {
        self.forecast_with(days, &Scenario::default())
    }

    pub fn forecast_with(&self, days: i64, scenario: &Scenario) -> Forecast {
        let scenario = Arc::new(scenario.clone());
        let compiled = self.compiled();
        let classes = classes(&compiled, &self.fleet, 30);
        let from = at(START);
        let to = from + jiff::SignedDuration::from_hours(24 * days);
        forecast(
            &Question { compiled: &compiled, classes: &classes, fleet: &self.fleet, scenario: &scenario, from, to },
            &agent,
        )
    }
}

pub fn task<'a>(forecast: &'a Forecast, name: &str) -> &'a TaskForecast {
    forecast.tasks.iter().find(|task| task.key == ItemKey::new(Kind::Task, name)).unwrap()
}
