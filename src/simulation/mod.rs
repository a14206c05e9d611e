//! Simulated applies: the real planner, applier and adapter against the reference server's real router and store, in
//! one thread, under paused time, over a wire that loses, delays, repeats and cuts, with a client that crashes at any
//! await and is run again. A seed decides everything; the same seed leaves the same trace.
//!
//! What happened is judged by [`oracle`] from the server's own audit, and [`crate::planted`] shows that the judge sees:
//! each planted bug must be caught.

mod estate;
mod oracle;
mod troubles;
mod week;
mod wire;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use sha2::Digest;
use sha2::Sha256;

use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::adapter::Secrets;
use crate::adapter::native::client::NativeWriter;
use crate::agent::policy::Rules;
use crate::apply::Applier;
use crate::apply::Options;
use crate::apply::Refusal;
use crate::apply::Report;
use crate::apply::event::Silent;
use crate::apply::journal::Entry;
use crate::apply::journal::Journal;
use crate::apply::journal::JournalError;
use crate::apply::journal::earlier;
use crate::diff::Marks;
use crate::model::capabilities::Capabilities;
use crate::model::observed::Observed;
use crate::model::project::Api;
use crate::model::project::Policy;
use crate::model::project::ServerConfig;
use crate::model::site::Site;
use crate::plan::Plan;
use crate::plan::consequences::Computers;
use crate::plan::make;
use crate::planted::Bug;
use crate::planted::plant;
use crate::reach::Evaluated;
use crate::server::App;
use crate::server::Limits;
use crate::server::SeededIds;
use crate::server::Store;
use crate::server::app::role::Role;
use crate::server::router;
use crate::simulation::estate::Estate;
use crate::simulation::oracle::Judge;
use crate::simulation::oracle::Violation;
use crate::simulation::wire::Faults;
use crate::simulation::wire::Wire;
use crate::sys::clock::Clock;
use crate::sys::retry::Rng;

/// What `consign.yaml` says of the server of a simulated world.
fn server_config(prune: bool) -> ServerConfig {
    ServerConfig {
        api: Api::Native,
        url: "http://127.0.0.1:1".to_owned(),
        token_from: None,
        auth: None,
        password_key_from: None,
        ca_file: None,
        legacy_tls: false,
        proxy: Default::default(),
        altiris: None,
        folders: vec!["Owned".to_owned()],
        prune,
        variables: BTreeMap::new(),
        overlays: Vec::new(),
    }
}

/// No password is looked at in a simulated world.
static NO_MARKS: LazyLock<Marks> = LazyLock::new(Marks::default);

/// What the planner is asked in a simulated world.
fn question<'a>(
    observed: Observed,
    site: Site,
    (config, policy, capabilities): (&'a ServerConfig, &'a Policy, &'a Capabilities),
    now: Timestamp,
) -> make::Input<'a> {
    make::Input {
        observed,
        site,
        server: "sim",
        config,
        policy,
        capabilities,
        targets: &[],
        excludes: &[],
        written: None,
        marks: &NO_MARKS,
        now,
        version: "0",
    }
}

/// The clock of a simulated world: a fixed start, and then tokio's paused time.
struct SimClock {
    base: Timestamp,
    start: tokio::time::Instant,
}

impl SimClock {
    fn from(base: &str) -> Arc<Self> {
        let base = base.parse().expect("a fixed date");
        Arc::new(Self { base, start: tokio::time::Instant::now() })
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let elapsed = jiff::SignedDuration::try_from(self.start.elapsed()).expect("a simulation is short");
        self.base.saturating_add(elapsed).expect("a simulation is short")
    }
}

/// A journal on a disk that survives the client.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Vec<Vec<Entry>>>>);

impl Disk {
    fn begin(&self) -> OpenJournal {
        self.0.lock().unwrap().push(Vec::new());
        OpenJournal { disk: self.clone(), at: self.0.lock().unwrap().len() - 1 }
    }

    fn texts(&self) -> Vec<String> {
        let print = |entry: &Entry| serde_json::to_string(entry).unwrap();
        self.0.lock().unwrap().iter().map(|run| run.iter().map(print).collect::<Vec<_>>().join("\n")).collect()
    }

    fn knows(&self, key: &str) -> bool {
        let is_it = |entry: &Entry| matches!(entry, Entry::Intent { key: known, .. } if known == key);
        self.0.lock().unwrap().iter().flatten().any(is_it)
    }
}

struct OpenJournal {
    disk: Disk,
    at: usize,
}

impl Journal for OpenJournal {
    fn append(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        self.disk.0.lock().unwrap()[self.at].extend_from_slice(entries);
        Ok(())
    }
}

/// Runs a future and drops it before it would be polled for the n-th time: a crash at an await.
struct CrashAt<F> {
    inner: Pin<Box<F>>,
    polls_left: u64,
}

impl<F: Future> Future for CrashAt<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left == 0 {
            return Poll::Ready(None);
        }
        self.polls_left -= 1;
        self.inner.as_mut().poll(context).map(Some)
    }
}

/// What one seed led to.
struct Played {
    violations: Vec<Violation>,
    trace: String,
    n_crashes: usize,
    n_faults: usize,
    n_writes: usize,
}

/// A world: server, wire, disk.
struct World {
    app: App,
    wire: Arc<Wire>,
    disk: Disk,
    clock: Arc<SimClock>,
    config: ServerConfig,
    judge: Rc<RefCell<Judge>>,
    rng: Rng,
    n_crashes: usize,
    /// Whether somebody may edit at the console.
    disturbed: bool,
}

/// Plays a seed.
fn play(seed: u64) -> Played {
    in_a_world(seed, async |mut world, estate| {
        world.story(estate).await;
        let violations = world.judge.borrow_mut().verdict(&world.app, &world.disk, &world.wire);
        let mut digest = Sha256::new();
        digest.update(world.wire.trace());
        for row in world.app.audit(0, 1_000_000).unwrap() {
            digest.update(format!("{row:?}"));
        }
        Played {
            violations,
            trace: digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            n_crashes: world.n_crashes,
            n_faults: world.wire.n_faults(),
            n_writes: world.wire.n_writes(),
        }
    })
}

/// A fresh world under paused time, and what a seed makes of its estate.
fn in_a_world<T>(seed: u64, story: impl AsyncFnOnce(World, Estate) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut rng = Rng::seeded(seed);
        let estate = Estate::new(&mut rng);
        let clock = SimClock::from("2026-12-01T12:00:00Z");
        let ids = Arc::new(SeededIds::new(seed));
        let app = App::new(Store::in_memory().unwrap(), clock.clone(), ids).unwrap();
        let token = app.create_token("simulation", Role::Applier).unwrap();
        let admin = app.create_token("console", Role::Administrator).unwrap();
        let disk = Disk::default();
        let wire =
            Arc::new(Wire::new(router(app.clone(), Limits::default()), token, admin, disk.clone(), rng.next_u64()));
        let config = server_config(estate.prune);
        let judge = Rc::new(RefCell::new(Judge::default()));
        let world = World { app, wire, disk, clock, config, judge, rng, n_crashes: 0, disturbed: false };
        story(world, estate).await
    })
}

impl World {
    async fn story(&mut self, estate: Estate) {
        // What is there before: made by an apply of its own over a sound wire, and something that is nobody's business.
        self.wire.set(Faults::NONE);
        self.wire.foreign().await;
        self.run(&estate.before, None).await;
        self.judge.borrow_mut().foreign_is(&self.app);
        let faults = Faults::random(&mut self.rng);
        let quiet = faults.is_none();
        self.disturbed = true;
        let rounds = 2 + self.rng.below(3);
        for _ in 0..rounds {
            self.wire.set(faults);
            let crash = (self.rng.below(2) == 0).then(|| 1 + self.rng.below(60));
            self.run(&estate.after, crash).await;
            if quiet && crash.is_none() {
                let lease = self.app.lease().unwrap();
                self.judge.borrow_mut().quiet_run_left_lease(lease.is_some());
            }
            // Whatever is still on its way arrives some day; a lease of who crashed ends.
            tokio::time::sleep(Duration::from_secs(300)).await;
        }
        self.disturbed = false;
        // Over a sound wire, and left alone, one run is enough.
        self.wire.set(Faults::NONE);
        self.run(&estate.after, None).await;
        let plan = self.plan(&estate.after).await;
        self.judge.borrow_mut().last_plan(plan.as_ref(), self.app.lease().unwrap().is_some());
    }

    /// One process: plans, and applies what it planned, or an older plan again.
    async fn run(&mut self, site: &Site, crash: Option<u64>) {
        let Some(plan) = self.plan(site).await else { return };
        self.judge.borrow_mut().planned(&plan);
        if plan.is_empty() || !plan.applyable {
            return;
        }
        // Somebody at the console, between the plan and its apply or in the middle of it.
        match self.rng.below(6) {
            0 if self.disturbed => self.wire.edit_now(&mut self.rng).await,
            1 if self.disturbed => self.wire.edit_later(1 + self.rng.below(12)),
            _ => {}
        }
        let report = self.apply(&plan, crash).await;
        self.judged(&plan, report);
        // The same plan once more, as a pipeline does that runs its job again.
        if self.rng.below(4) == 0 {
            let again = self.apply(&plan, None).await;
            self.judged(&plan, again);
        }
    }

    fn judged(&self, plan: &Plan, report: Option<Result<Report, Refusal>>) {
        if let Some(Ok(report)) = report {
            self.judge.borrow_mut().reported(&self.app, plan, report);
        }
    }

    async fn plan(&mut self, site: &Site) -> Option<Plan> {
        let writer = NativeWriter::new(self.wire.clone());
        let observed: Observed = match writer.observe(None).await {
            Ok(Observation::Fresh(observed)) => observed,
            Ok(Observation::Unchanged) | Err(_) => return None,
        };
        self.judge.borrow_mut().observed(&self.app, &observed);
        let policy = Policy {
            limits: [("PLN-2".to_owned(), crate::model::project::Limit::Count(1000))].into(),
            ..Policy::default()
        };
        let evaluated = Evaluated::new();
        let computers = Computers { fleet: None, evaluated: &evaluated, rules: Rules::of(Api::Native) };
        let capabilities = writer.capabilities();
        let mut input = question(observed, site.clone(), (&self.config, &policy, capabilities), self.clock.now());
        Some(make::make(&mut input, computers))
    }

    async fn apply(&mut self, plan: &Plan, crash: Option<u64>) -> Option<Result<Report, Refusal>> {
        let options = Options {
            holder: "simulation".to_owned(),
            parallelism: 1 + self.rng.below(4) as usize,
            batch_max: [1, 3, 200][self.rng.below(3) as usize],
            // Long enough for the lease of a run that crashed to end by itself.
            lock_timeout: Duration::from_secs(400),
            run: String::new(),
            attempts: 4,
        };
        self.apply_with(plan, crash, options, &AtomicBool::new(false)).await
    }

    /// The same, as it is told.
    async fn apply_with(
        &mut self,
        plan: &Plan,
        crash: Option<u64>,
        options: Options,
        interrupt: &AtomicBool,
    ) -> Option<Result<Report, Refusal>> {
        let writer = NativeWriter::new(self.wire.clone());
        let secrets = Secrets::new();
        let texts = self.disk.texts();
        let mut journal = self.disk.begin();
        let run = format!("run-{}", self.rng.next_u64());
        let applier = Applier {
            adapter: &writer,
            plan,
            secrets: &secrets,
            marks: &crate::diff::Marks::default(),
            clock: self.clock.as_ref(),
            listen: &Silent,
            interrupt,
            options: Options { run, ..options },
            earlier: earlier(&plan.hash, &texts),
        };
        let mut rng = Rng::seeded(self.rng.next_u64());
        let work = applier.run(&mut journal, &mut rng);
        let Some(polls_left) = crash else { return Some(work.await) };
        let done = CrashAt { inner: Box::pin(work), polls_left }.await;
        if done.is_none() {
            self.n_crashes += 1;
        }
        done
    }
}

/// Plays seeds twice each; every one must be sound and leave the same trace.
fn sound(seeds: std::ops::Range<u64>) {
    let (mut crashes, mut faults, mut writes) = (0, 0, 0);
    let n = seeds.end - seeds.start;
    for seed in seeds {
        let played = play(seed);
        assert!(played.violations.is_empty(), "seed {seed}: {:#?}", played.violations);
        let again = play(seed);
        assert_eq!(played.trace, again.trace, "seed {seed} left another trace the second time");
        crashes += played.n_crashes;
        faults += played.n_faults;
        writes += played.n_writes;
    }
    assert!(
        crashes as u64 > n / 4 && faults as u64 > n,
        "the simulation has gone tame: {crashes} crashes, {faults} faults"
    );
    eprintln!("{n} seeds: {writes} writes sent, {faults} faults, {crashes} crashes");
}

#[test]
fn simulated_applies_are_sound_a() {
    sound(0..1_250);
}

#[test]
fn simulated_applies_are_sound_b() {
    sound(1_250..2_500);
}

#[test]
fn simulated_applies_are_sound_c() {
    sound(2_500..3_750);
}

#[test]
fn simulated_applies_are_sound_d() {
    sound(3_750..5_000);
}

#[test]
fn every_planted_bug_is_caught() {
    for bug in Bug::ALL {
        plant(Some(bug));
        let caught = (0..400).find_map(|seed| play(seed).violations.into_iter().next().map(|first| (seed, first)));
        plant(None);
        let (seed, violation) = caught.unwrap_or_else(|| panic!("{bug:?} was not caught in 400 seeds"));
        eprintln!("{bug:?}: caught at seed {seed}: {violation:?}");
    }
}
