//! The forecast held against computers that live: over random estates, a plan is made, what the computers would do after
//! it is predicted, the plan is applied to the reference server, the computers ask that server and live, and every
//! happening of every computer, and what the server then knows of them, is compared with what was predicted.
//!
//! Between prediction and life lie the plan's estate against the server's items, sets against the server's answers to each
//! computer, kinds of computers against one by one, names against GUIDs, and the wire. The engine is on both sides: that
//! it is right is what the naive model in `tests/it` shows.

mod made;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::json;

use crate::adapter::FleetRead;
use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::adapter::Secrets;
use crate::adapter::native::client::NativeWriter;
use crate::agent::happening::Happening;
use crate::agent::policy::Rules;
use crate::agent::scenario::Scenario;
use crate::agents;
use crate::agents::Life;
use crate::apply::Applier;
use crate::apply::Options;
use crate::apply::event::Silent;
use crate::forecast;
use crate::forecast::classes::classes;
use crate::forecast::compare;
use crate::forecast::compare::Comparison;
use crate::forecast::compile::compile;
use crate::forecast::run::Outcomes;
use crate::forecast::run::Question;
use crate::forecast::run::outcomes;
use crate::model::fleet::Fleet;
use crate::model::guid::Guid;
use crate::model::observed::Observed;
use crate::model::project::Api;
use crate::model::project::Policy;
use crate::model::project::ServerConfig;
use crate::model::project::Severity;
use crate::plan::Plan;
use crate::plan::consequences::Computers;
use crate::plan::estate::Done;
use crate::plan::estate::Laid;
use crate::plan::make;
use crate::reach::Estate;
use crate::reach::Evaluated;
use crate::reach::Reach;
use crate::reach::query_key;
use crate::server::App;
use crate::server::Limits;
use crate::server::SeededIds;
use crate::server::Store;
use crate::server::app::role::Role;
use crate::server::router;
use crate::simulation::Disk;
use crate::simulation::SimClock;
use crate::simulation::question;
use crate::simulation::server_config;
use crate::simulation::week::made::Dice;
use crate::simulation::week::made::Specs;
use crate::simulation::week::made::item;
use crate::simulation::week::made::keys;
use crate::simulation::week::made::scenario;
use crate::simulation::week::made::site;
use crate::simulation::wire::Wire;
use crate::sys::clock::Clock;
use crate::sys::retry::Rng;

/// Beginnings: near changes of the clocks, and far from them.
const BEGINNINGS: [&str; 4] =
    ["2026-03-27T09:30:00Z", "2026-10-24T05:00:00Z", "2026-12-01T12:00:00Z", "2026-11-06T22:15:00Z"];
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe", "Nowhere/Land"];

/// The world of one seed.
struct World {
    wire: Arc<Wire>,
    clock: Arc<SimClock>,
    config: ServerConfig,
    rng: Rng,
}

impl World {
    fn new(dice: &mut Dice, seed: u64) -> Self {
        let clock = SimClock::from(dice.one_of(&BEGINNINGS));
        let app = App::new(Store::in_memory().unwrap(), clock.clone(), Arc::new(SeededIds::new(seed))).unwrap();
        let admin = app.create_token("console", Role::Administrator).unwrap();
        let wire = Wire::new(router(app.clone(), Limits::default()), admin.clone(), admin, Disk::default(), seed);
        let config = server_config(true);
        app.set_zone(dice.one_of(&["Europe/Zurich", "UTC", "America/Chicago"])).unwrap();
        Self { wire: Arc::new(wire), clock, config, rng: Rng::seeded(seed ^ 1) }
    }

    /// Computers, what is on them, and a pool of licences.
    async fn load(&self, dice: &mut Dice, names: &[String]) {
        let seen = |days: i64| (self.clock.now() - SignedDuration::from_hours(24 * days)).to_string();
        let mut lines = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let guid = Guid::of(1000 + n as u128);
            lines.push(json!({ "type": "computer", "guid": guid, "name": name, "domain": "CORP",
                "zone": dice.one_of(&ZONES), "lastSeen": seen(dice.one_of(&[1, 1, 1, 1, 60])),
                "retired": dice.one_in(10), "roles": [] }));
            lines.push(json!({ "type": "inventory", "table": "vSoftware", "computer": guid,
                "row": { "Version": dice.below(4) } }));
            if dice.one_in(3) {
                lines.push(json!({ "type": "plugin", "computer": guid }));
            }
        }
        lines.push(json!({ "type": "licences", "pool": dice.below(names.len() as u64 + 1), "expires": null,
            "maintenanceExpires": null }));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.wire.load(text).await;
    }

    async fn observe(&self) -> Observed {
        let writer = NativeWriter::new(self.wire.clone());
        match writer.observe(None).await.unwrap() {
            Observation::Fresh(observed) => observed,
            Observation::Unchanged => unreachable!("nothing was known"),
        }
    }

    async fn fleet(&self) -> FleetRead {
        let read = NativeWriter::new(self.wire.clone()).fleet().await;
        assert!(read.fleet.gaps.is_empty(), "{:?}", read.fleet.gaps);
        read
    }

    fn plan(&self, observed: Observed, specs: &Specs, read: &FleetRead, evaluated: &Evaluated) -> Plan {
        let writer = NativeWriter::new(self.wire.clone());
        let policy = Policy::default();
        let capabilities = writer.capabilities();
        let mut input = question(observed, site(specs), (&self.config, &policy, capabilities), self.clock.now());
        let computers = Computers { fleet: Some(&read.fleet), evaluated, rules: Rules::of(Api::Native) };
        let mut plan = make::make(&mut input, computers);
        // Whether anybody may do this is not the question here.
        plan.findings.clear();
        plan.consequences.iter_mut().for_each(|one| one.severity = Severity::Warning);
        plan.applyable = !plan.is_empty();
        plan
    }

    async fn apply(&mut self, plan: &Plan) {
        if plan.is_empty() {
            return;
        }
        let writer = NativeWriter::new(self.wire.clone());
        let interrupt = AtomicBool::new(false);
        let applier = Applier {
            adapter: &writer,
            plan,
            secrets: &Secrets::new(),
            marks: &crate::diff::Marks::default(),
            clock: self.clock.as_ref(),
            listen: &Silent,
            interrupt: &interrupt,
            options: Options {
                holder: "simulation".to_owned(),
                parallelism: 2,
                batch_max: 200,
                lock_timeout: Duration::from_secs(400),
                run: format!("run-{}", self.rng.next_u64()),
                attempts: 4,
            },
            earlier: crate::apply::journal::earlier(&plan.hash, &[]),
        };
        let report = applier.run(&mut Disk::default().begin(), &mut self.rng).await.unwrap();
        assert!(report.is_whole(), "{report:?}");
    }

    async fn live(&self, fleet: &Fleet, life: &Life) -> agents::Lives {
        let writer = NativeWriter::new(self.wire.clone());
        let lives = agents::live(&writer, fleet, life, &mut |_| {}).await.unwrap();
        assert!(lives.left_out.is_empty() && lives.gone.is_empty(), "{:?} {:?}", lives.left_out, lives.gone);
        lives
    }
}

/// What one computer did, in words that do not hang on GUIDs, in the order of time.
type Story = Vec<(Timestamp, String)>;

fn story(happenings: &[Happening], names: &BTreeMap<Guid, String>) -> Story {
    let told = |happening: &Happening| {
        let mut value = serde_json::to_value(&happening.what).unwrap();
        for field in ["job", "package"] {
            if let Some(guid) = value[field].as_str() {
                let guid: Guid = guid.parse().unwrap();
                value[field] = json!(names.get(&guid).cloned().unwrap_or_else(|| guid.to_string()));
            }
        }
        (happening.at, value.to_string())
    };
    let mut story: Story = happenings.iter().map(told).collect();
    // Downloads and deletions of one instant go by GUID, which is not the same before and after an apply.
    story.sort();
    story
}

/// What was seen of one seed.
#[derive(Default)]
struct Seen {
    happenings: u64,
    kinds: BTreeMap<String, u64>,
    computers: u64,
    classes: u64,
    changes: u64,
}

/// Plays a seed; what does not agree.
fn play(seed: u64) -> (Vec<String>, Seen) {
    play_with(seed, &|_| {})
}

fn play_with(seed: u64, lie: &dyn Fn(&mut Scenario)) -> (Vec<String>, Seen) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(week(seed, lie))
}

async fn week(seed: u64, lie: &dyn Fn(&mut Scenario)) -> (Vec<String>, Seen) {
    let mut dice = Dice(Rng::seeded(seed));
    let mut world = World::new(&mut dice, seed);
    let names: Vec<String> = (0..3 + dice.below(5)).map(|n| format!("PC-{n}")).collect();
    world.load(&mut dice, &names).await;
    let begin = world.clock.now();
    let keys = keys();
    let mut before = Specs::new();
    for key in &keys {
        before.extend(item(&mut dice, key, begin, &names).map(|spec| (key.clone(), spec)));
    }
    let read = world.fleet().await;
    let plan = world.plan(world.observe().await, &before, &read, &Evaluated::new());
    world.apply(&plan).await;
    let whole = SignedDuration::from_hours(24 * (2 + i64::try_from(dice.below(4)).unwrap()));
    let mut life = Life {
        scenario: Arc::new(scenario(&mut dice)),
        rules: Rules::of(Api::Native),
        from: world.clock.now(),
        to: world.clock.now() + SignedDuration::from_hours(36),
        refresh: SignedDuration::from_hours(48),
        not_seen_days: 30,
        run: "first".to_owned(),
        parallelism: 3,
        attempts: 3,
    };
    world.live(&world.fleet().await.fleet, &life).await;
    tokio::time::sleep(Duration::from_secs(36 * 3600)).await;

    // What is wanted now, what the computers would do after it, and what they do.
    let mut after = Specs::new();
    for key in &keys {
        let kept = before.get(key).filter(|_| !dice.one_in(3)).cloned();
        let spec = if kept.is_some() { kept } else { item(&mut dice, key, world.clock.now(), &names) };
        after.extend(spec.map(|spec| (key.clone(), spec)));
    }
    let observed = world.observe().await;
    let read = world.fleet().await;
    let evaluated = world.evaluated(&observed, &after, &read).await;
    let plan = world.plan(observed.clone(), &after, &read, &evaluated);
    life.scenario = Arc::new(scenario(&mut dice));
    life.run = "second".to_owned();
    (life.from, life.to) = (read.fleet.read_at, read.fleet.read_at + whole);
    life.refresh = if dice.one_in(2) { whole } else { SignedDuration::from_hours(24) };
    let mut believed = Scenario::clone(&life.scenario);
    lie(&mut believed);
    let predicted = Predicted::of(&observed, &plan, &read.fleet, &evaluated, &Arc::new(believed), (life.from, life.to));
    world.apply(&plan).await;
    // What computers remember does not hang on what an apply makes the server forget.
    let lives = world.live(&read.fleet, &life).await;
    let seen = Seen {
        happenings: lives.computers.iter().map(|one| one.happenings.len() as u64).sum(),
        computers: lives.computers.len() as u64,
        classes: predicted.kinds,
        changes: plan.resource_changes.len() as u64,
        kinds: lives.computers.iter().flat_map(|one| &one.happenings).fold(BTreeMap::new(), |mut kinds, happening| {
            let value = serde_json::to_value(&happening.what).unwrap();
            *kinds.entry(value["type"].as_str().unwrap().to_owned()).or_default() += 1;
            kinds
        }),
    };
    let observed = world.observe().await;
    let names: BTreeMap<Guid, String> = observed.items.iter().map(|one| (one.guid, one.item.key.to_string())).collect();
    let mut wrong = Vec::new();
    for one in &lives.computers {
        let (lived, told) = (story(&one.happenings, &names), predicted.stories.get(&one.number));
        if Some(&lived) != told {
            let empty = Story::new();
            let told = told.unwrap_or(&empty);
            let first = lived.iter().zip(told).position(|(a, b)| a != b).unwrap_or(lived.len().min(told.len()));
            wrong.push(format!(
                "computer {}: happening {first}: predicted {:?}, lived {:?}",
                one.number,
                told.get(first),
                lived.get(first)
            ));
        }
    }
    if predicted.stories.len() != lives.computers.len() {
        wrong.push(format!("{} computers were predicted, {} lived", predicted.stories.len(), lives.computers.len()));
    }
    let last = world.fleet().await;
    wrong.extend(predicted.against(&observed, &read.fleet, &last.fleet, &names));
    (wrong, seen)
}

impl World {
    /// Whom the queries find that the server has not stored.
    async fn evaluated(&self, observed: &Observed, specs: &Specs, read: &FleetRead) -> Evaluated {
        let writer = NativeWriter::new(self.wire.clone());
        let policy = Policy::default();
        let capabilities = writer.capabilities();
        let known = (&self.config, &policy, capabilities);
        let queries =
            make::draft(&mut question(observed.clone(), site(specs), known, self.clock.now())).questions(&read.fleet);
        let mut evaluated = Evaluated::new();
        for query in queries {
            evaluated.insert(query_key(&query), writer.evaluate(&query, read).await);
        }
        evaluated
    }
}

/// What was predicted.
struct Predicted {
    stories: BTreeMap<u32, Story>,
    outcomes: Outcomes,
    kinds: u64,
    span: (Timestamp, Timestamp),
    scenario: Arc<Scenario>,
    /// By the GUID that a job was predicted under: its key.
    names: BTreeMap<Guid, String>,
}

impl Predicted {
    fn of(
        observed: &Observed,
        plan: &Plan,
        fleet: &Fleet,
        evaluated: &Evaluated,
        scenario: &Arc<Scenario>,
        (from, to): (Timestamp, Timestamp),
    ) -> Self {
        let live = Estate::of(observed);
        let laid = Laid::new(plan, observed.clone(), &Done::new());
        let planned = laid.planned();
        let reach = Reach::new(&planned, &live, fleet, evaluated);
        let compiled = compile(&planned, &reach, fleet, Rules::of(Api::Native));
        assert!(compiled.unassessed.is_empty(), "{:?}", compiled.unassessed);
        let classes = classes(&compiled, fleet, 30);
        let names: BTreeMap<Guid, String> = planned.items().map(|one| (one.guid, one.item.key.to_string())).collect();
        let mut stories = BTreeMap::new();
        for class in &classes.classes {
            let (policy, memory, zone) = (&class.policy, &class.memory, &class.clock);
            let life = forecast::Life { policy, zone, memory, scenario, from, to };
            let told = story(&forecast::run::live(&forecast::agent, &life), &names);
            stories.extend(class.members.iter().map(|number| (number, told.clone())));
        }
        let question = Question { compiled: &compiled, classes: &classes, fleet, scenario, from, to };
        let outcomes = outcomes(&question, &forecast::agent);
        let kinds = classes.classes.len() as u64;
        Self { stories, outcomes, kinds, span: (from, to), scenario: scenario.clone(), names }
    }

    /// Holds what the server knows afterwards against it: results, restarts, licences.
    fn against(&self, observed: &Observed, then: &Fleet, now: &Fleet, names: &BTreeMap<Guid, String>) -> Vec<String> {
        // What was predicted under stand-ins is looked for under the GUIDs that the server gave.
        let given: BTreeMap<&String, Guid> = names.iter().map(|(guid, name)| (name, *guid)).collect();
        let real = |guid: &Guid| self.names.get(guid).and_then(|name| given.get(name)).copied().unwrap_or(*guid);
        let jobs = self.outcomes.jobs.iter().map(|(guid, outcome)| (real(guid), outcome.clone())).collect();
        let outcomes = Outcomes { jobs, ..self.outcomes.clone() };
        let live = Estate::of(observed);
        let evaluated = Evaluated::new();
        let reach = Reach::new(&live, &live, now, &evaluated);
        let compiled = compile(&live, &reach, now, Rules::of(Api::Native));
        let about = self.stories.keys().copied().collect();
        let kept = compare::Then { fleet: then, is_kept: true };
        let comparison: Comparison =
            compare::compare(&compiled, &outcomes, kept, now, &BTreeMap::new(), &about, self.span);
        let mut wrong = Vec::new();
        if !comparison.is_exact() {
            let odd: Vec<_> = comparison.tasks.iter().filter(|task| task.disagree > 0).collect();
            wrong.push(format!(
                "the server knows otherwise ({:?}): {odd:?} {:?} {:?}",
                self.scenario.users, comparison.restarts, comparison.licences
            ));
        }
        assert!(comparison.restarts.is_some() && comparison.licences.is_some());
        wrong
    }
}

/// Plays seeds; every one must agree, and the estates must be worth it.
fn agree(seeds: std::ops::Range<u64>) {
    let mut all = Seen::default();
    let n = seeds.end - seeds.start;
    for seed in seeds {
        let (wrong, seen) = play(seed);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        all.happenings += seen.happenings;
        all.computers += seen.computers;
        all.classes += seen.classes;
        all.changes += seen.changes;
        for (kind, count) in seen.kinds {
            *all.kinds.entry(kind).or_default() += count;
        }
    }
    eprintln!(
        "{n} estates: {} computers of {} kinds, {} changes, {} happenings: {:?}",
        all.computers, all.classes, all.changes, all.happenings, all.kinds
    );
    assert!(all.happenings > 10 * n && all.classes < all.computers && all.changes > n, "the estates have gone tame");
    assert_eq!(all.kinds.len(), 13, "some kind of happening never comes: {:?}", all.kinds.keys());
}

#[test]
fn what_is_predicted_is_what_computers_do_a() {
    agree(0..250);
}

#[test]
fn what_is_predicted_is_what_computers_do_b() {
    agree(250..500);
}

#[test]
fn what_is_predicted_is_what_computers_do_c() {
    agree(500..750);
}

#[test]
fn what_is_predicted_is_what_computers_do_d() {
    agree(750..1_000);
}

/// The judge sees: who believes in other run times predicts other lives.
#[test]
fn a_wrong_belief_is_seen() {
    let lie = |scenario: &mut Scenario| {
        for ending in scenario.programs.values_mut() {
            ending.run_time = crate::model::units::Duration::minutes(97);
        }
    };
    let caught = (0..20).filter(|seed| !play_with(*seed, &lie).0.is_empty()).count();
    assert!(caught >= 15, "{caught} of 20");
}
