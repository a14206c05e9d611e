//! Items to what a computer is told: names are resolved, collections become sets, defaults are filled in.
//!
//! A job is compiled once, for however many computers. The same functions serve a computer that asks a server for its
//! policy ([`policy_of`]): it is told the same, in the same order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::policy::After;
use crate::agent::policy::Job;
use crate::agent::policy::JobKind;
use crate::agent::policy::Policy;
use crate::agent::policy::Program;
use crate::agent::policy::Rules;
use crate::agent::policy::Settings;
use crate::agent::policy::Step;
use crate::agent::policy::Window;
use crate::agent::windows::Joined;
use crate::agent::windows::Place;
use crate::agent::windows::Windows;
use crate::forecast::Unassessed;
use crate::model::agent_settings::AgentSettings;
use crate::model::delivery_policy::DeliveryPolicy;
use crate::model::delivery_policy::OnFailure;
use crate::model::delivery_policy::Remediation;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::guid::Guid;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::CanRun;
use crate::model::package::Package;
use crate::model::package::Program as Declared;
use crate::model::package::RunWith;
use crate::model::package::RunWithBuilt;
use crate::model::package::Source;
use crate::model::patch::PatchPlugin;
use crate::model::schedule::Schedule;
use crate::model::sequence::SequentialTask;
use crate::model::task::Availability;
use crate::model::task::Download;
use crate::model::task::DownloadMode;
use crate::model::task::DownloadOwn;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::model::task::Task;
use crate::model::units::Duration;
use crate::model::window::MaintenanceWindow;
use crate::reach::Estate;
use crate::reach::Known;
use crate::reach::Placed;
use crate::reach::Reach;

/// Kinds of which a computer is told something.
const TOLD: [Kind; 6] = [
    Kind::Task,
    Kind::SequentialTask,
    Kind::DeliveryPolicy,
    Kind::MaintenanceWindow,
    Kind::AgentSettings,
    Kind::PatchPlugin,
];

/// Everything that computers are told, each piece with whom it reaches; by key.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Tasks, sequential tasks and delivery policies.
    pub jobs: Vec<Reached<Arc<Job>>>,
    /// Maintenance windows.
    pub windows: Vec<Reached<Window>>,
    /// Agent settings.
    pub settings: Vec<Reached<Settings>>,
    /// Enrolments; whoever lacks the plug-in and is not given it is not among the reached (LIC-1).
    pub enrolments: Vec<Reached<Option<Schedule>>>,
    /// How long each package stays unused (PKG-3).
    pub packages: BTreeMap<Guid, Duration>,
    /// What is left out, and why.
    pub unassessed: Vec<Unassessed>,
    /// What is in, and rests on more than is known.
    pub unsure: Vec<Unassessed>,
    /// The server's zone.
    pub server_zone: String,
    /// How the server reads what the documents read in two ways.
    pub rules: Rules,
}

/// A piece, and whom it reaches. Retired computers are not among them.
#[derive(Clone, Debug)]
pub struct Reached<T> {
    /// The item.
    pub key: ItemKey,
    /// What it says.
    pub what: T,
    /// Whom it reaches; pieces with the same targets share it.
    pub computers: Arc<Computers>,
}

/// Why an item says nothing to a computer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCompiled {
    /// A package is not there.
    #[error("package `{0}` is not there")]
    NoPackage(String),
    /// A program is not there.
    #[error("program `{program}` of package `{package}` is not there")]
    NoProgram {
        /// Its package.
        package: String,
        /// Its name.
        program: String,
    },
    /// A step depends on a step that does not come before it (SEQ-3).
    #[error("step {step} depends on step {needs}, which does not come before it (SEQ-3)")]
    Dependency {
        /// The step, 1 the first.
        step: usize,
        /// What it depends on.
        needs: u32,
    },
    /// It is of a kind that no computer is told.
    #[error("no computer is told of a {0}")]
    Kind(Kind),
}

/// What one item says to a computer.
enum Told {
    Job(Arc<Job>),
    Window(Window),
    Settings(Settings),
    Enrolment { scan: Option<Schedule>, installs: bool },
}

/// Compiles an estate.
pub fn compile(estate: &Estate<'_>, reach: &Reach<'_, '_>, fleet: &Fleet, rules: Rules) -> Compiled {
    let library = Library::of(estate.of_kind(Kind::Package).chain(estate.of_kind(Kind::Program)));
    let mut compiled = Compiled {
        jobs: Vec::new(),
        windows: Vec::new(),
        settings: Vec::new(),
        enrolments: Vec::new(),
        packages: library.ages(),
        unassessed: Vec::new(),
        unsure: Vec::new(),
        server_zone: fleet.server_zone.clone(),
        rules,
    };
    for placed in estate.items().filter(|placed| TOLD.contains(&placed.item.key.kind)) {
        let key = &placed.item.key;
        let left_out = |why| Unassessed { key: key.clone(), why };
        let computers = match reach.of_item(placed.item) {
            Known::Is(computers) => computers,
            Known::Unknown(why) => {
                compiled.unassessed.push(left_out(why));
                continue;
            }
        };
        if computers.is_empty() {
            continue;
        }
        compiled.unsure.extend(other_list(placed, reach.live(), fleet, &computers).map(left_out));
        match told(placed, &library) {
            Ok(what) => compiled.put(key.clone(), what, computers, fleet),
            Err(why) => compiled.unassessed.push(left_out(why.to_string())),
        }
    }
    compiled
}

impl Compiled {
    fn put(&mut self, key: ItemKey, what: Told, computers: Arc<Computers>, fleet: &Fleet) {
        match what {
            Told::Job(what) => self.jobs.push(Reached { key, what, computers }),
            Told::Window(what) => self.windows.push(Reached { key, what, computers }),
            Told::Settings(what) => self.settings.push(Reached { key, what, computers }),
            Told::Enrolment { scan, installs } => {
                let with_plugin = fleet.licences.as_ref().map(|licences| &licences.plugin);
                let computers = match with_plugin {
                    _ if installs => computers,
                    Some(plugin) => Arc::new(&*computers & plugin),
                    None => {
                        let why = "nobody knows who has the plug-in, and it installs none".to_owned();
                        self.unassessed.push(Unassessed { key, why });
                        return;
                    }
                };
                self.enrolments.push(Reached { key, what: scan, computers });
            }
        }
    }

    /// What one computer is told, by its number.
    pub fn policy(&self, computer: u32) -> Policy {
        let here = |computers: &Computers| computers.contains(computer);
        Policy {
            jobs: self.jobs.iter().filter(|job| here(&job.computers)).map(|job| job.what.clone()).collect(),
            windows: self.windows.iter().filter(|one| here(&one.computers)).map(|one| one.what.clone()).collect(),
            settings: joined(self.settings.iter().filter(|one| here(&one.computers)).map(|one| &one.what)),
            enrolled: self.enrolments.iter().find(|one| here(&one.computers)).map(|one| one.what.clone()),
            server_zone: self.server_zone.clone(),
            rules: self.rules,
        }
    }
}

/// What a computer is told that these items are assigned to, in whatever order they come; an item that says nothing to
/// it is left out, and named. `has_plugin`: whether the patch plug-in is on it.
pub fn policy_of(
    assigned: &[Placed<'_>],
    library: &Library<'_>,
    has_plugin: bool,
    server_zone: &str,
    rules: Rules,
) -> (Policy, Vec<Unassessed>) {
    let mut assigned: Vec<&Placed<'_>> = assigned.iter().filter(|one| one.item.spec.enabled() != Some(false)).collect();
    assigned.sort_by(|a, b| a.item.key.cmp(&b.item.key));
    let (mut jobs, mut windows, mut settings, mut enrolled) = (Vec::new(), Vec::new(), Vec::new(), None);
    let mut left_out = Vec::new();
    for placed in assigned {
        match told(*placed, library) {
            Ok(Told::Job(job)) => jobs.push(job),
            Ok(Told::Window(window)) => windows.push(window),
            Ok(Told::Settings(one)) => settings.push(one),
            Ok(Told::Enrolment { scan, installs }) if installs || has_plugin => enrolled = enrolled.or(Some(scan)),
            Ok(Told::Enrolment { .. }) => {}
            Err(why) => left_out.push(Unassessed { key: placed.item.key.clone(), why: why.to_string() }),
        }
    }
    let server_zone = server_zone.to_owned();
    (Policy { jobs, windows, settings: joined(settings.iter()), enrolled, server_zone, rules }, left_out)
}

/// Several settings on one computer. The documents speak of the restart's values alone: the lowest countdown holds
/// (RST-4). The agent value is one value of one computer (RST-2): on, when anything switches it on. That every blockout
/// holds is our reading.
fn joined<'s>(settings: impl Iterator<Item = &'s Settings>) -> Settings {
    settings
        .fold(None, |sum: Option<Settings>, one| Some(sum.map_or_else(|| one.clone(), |sum| lower(sum, one))))
        .unwrap_or_default()
}

fn lower(mut sum: Settings, one: &Settings) -> Settings {
    sum.countdown = sum.countdown.min(one.countdown); // RST-4
    sum.disregard_post_run_action |= one.disregard_post_run_action; // RST-2
    sum.blockouts.extend(one.blockouts.iter().cloned());
    sum
}

fn told(placed: Placed<'_>, library: &Library<'_>) -> Result<Told, NotCompiled> {
    let (id, name) = (placed.guid, placed.item.key.name.as_str());
    Ok(match &placed.item.spec {
        Spec::Task(spec) => Told::Job(Arc::new(task(id, name, spec, library)?)),
        Spec::SequentialTask(spec) => Told::Job(Arc::new(sequence(id, name, spec, library)?)),
        Spec::DeliveryPolicy(spec) => Told::Job(Arc::new(delivery_policy(id, name, spec, library)?)),
        Spec::MaintenanceWindow(spec) => Told::Window(window(name, spec)),
        Spec::AgentSettings(spec) => Told::Settings(settings(spec)),
        Spec::PatchPlugin(PatchPlugin { scan, install_plugin, .. }) => {
            Told::Enrolment { scan: scan.clone(), installs: *install_plugin }
        }
        other => return Err(NotCompiled::Kind(other.kind())),
    })
}

fn task(id: Guid, name: &str, spec: &Task, library: &Library<'_>) -> Result<Job, NotCompiled> {
    let (program, after) = library.program(&spec.package, &spec.program, downloads(&spec.download))?;
    Ok(Job {
        id,
        name: name.to_owned(),
        kind: JobKind::Task,
        priority: spec.priority,
        run: spec.run.clone(),
        run_missed_schedule: spec.run_missed_schedule,
        availability: spec.availability.clone(),
        warn: spec.warn_user.as_ref().map(|warn| warn.defer_up_to), // TSK-8
        remove_after_success: spec.remove_after_success,            // TSK-10
        ignores_windows: false,
        remediation: None,
        steps: vec![Step { program, depends_on: Vec::new(), after, on_failure: OnFailure::default() }],
    })
}

fn sequence(id: Guid, name: &str, spec: &SequentialTask, library: &Library<'_>) -> Result<Job, NotCompiled> {
    let mut steps = Vec::with_capacity(spec.steps.len());
    for (at, step) in spec.steps.iter().enumerate() {
        let (program, after) = library.program(&step.package, &step.program, downloads(&spec.download))?;
        let mut depends_on = Vec::with_capacity(step.depends_on.len());
        for dependency in &step.depends_on {
            // Numbers in manifests begin with 1 (SEQ-3).
            let wrong = || NotCompiled::Dependency { step: at + 1, needs: dependency.step() };
            let needs = usize::try_from(dependency.step()).ok().and_then(|n| n.checked_sub(1)).ok_or_else(wrong)?;
            if needs >= at {
                return Err(wrong());
            }
            depends_on.push((needs, dependency.return_codes().to_vec()));
        }
        steps.push(Step { program, depends_on, after, on_failure: OnFailure::default() });
    }
    Ok(Job {
        id,
        name: name.to_owned(),
        kind: JobKind::Sequence,
        priority: spec.priority,
        run: spec.run.clone(),
        run_missed_schedule: spec.run_missed_schedule,
        availability: spec.availability.clone(),
        warn: spec.warn_user.as_ref().map(|warn| warn.defer_up_to),
        remove_after_success: spec.remove_after_success,
        ignores_windows: false,
        remediation: None,
        steps,
    })
}

/// The documents give a delivery policy no place in the queue, no availability and no removal: it has the defaults of a
/// task. A check that was missed is not made up for: they say nothing of that.
fn delivery_policy(id: Guid, name: &str, spec: &DeliveryPolicy, library: &Library<'_>) -> Result<Job, NotCompiled> {
    let mut steps = Vec::with_capacity(spec.resources.len());
    for resource in &spec.resources {
        let (program, _) = library.program(&resource.package, &resource.program, true)?;
        let action = &resource.on_success;
        // Results-based actions stand for the program's own *after running* (PRG-6, RST-1).
        let after = After { action: action.action, defer_up_to: action.defer_up_to, countdown: action.countdown };
        steps.push(Step { program, depends_on: Vec::new(), after, on_failure: resource.on_failure });
    }
    let run = match &spec.compliance {
        _ if spec.user_must_run => Run::Manual,
        Some(schedule) => Run::Schedule(schedule.clone()),
        None => Run::AsSoonAsPossible,
    };
    Ok(Job {
        id,
        name: name.to_owned(),
        kind: JobKind::DeliveryPolicy,
        priority: Priority::default(),
        run,
        run_missed_schedule: false,
        availability: Availability::default(),
        warn: spec.prompt_user.then_some(spec.defer_up_to),
        remove_after_success: false,
        ignores_windows: spec.remediation == Remediation::Immediately,
        remediation: match &spec.remediation {
            Remediation::Schedule(schedule) => Some(schedule.clone()),
            Remediation::Immediately | Remediation::MaintenanceWindow => None,
        },
        steps,
    })
}

/// The most openings of one window that are told.
const OPENINGS: usize = 400;

/// When the windows that are on are open between two instants, as on the clock of one zone: by name, and by time.
pub fn openings(estate: &Estate<'_>, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<(String, Joined)> {
    let mut out = Vec::new();
    for placed in estate.items() {
        let Spec::MaintenanceWindow(spec) = &placed.item.spec else { continue };
        let one = window(&placed.item.key.name, spec);
        let kind = one.kind;
        let Some(mut windows) = Windows::new(&[one], kind, zone, from).filter(|_| spec.enabled) else { continue };
        let mut next = match windows.at(from) {
            Place::Inside(open) => Some(open),
            Place::Outside(_) => windows.first_of(from, Duration::default()),
        };
        for _ in 0..OPENINGS {
            let Some(open) = next.filter(|open| open.open < to) else { break };
            out.push((placed.item.key.name.clone(), open));
            next = if open.close < to { windows.first_of(open.close, Duration::default()) } else { None };
        }
    }
    out
}

fn window(name: &str, spec: &MaintenanceWindow) -> Window {
    Window {
        name: name.to_owned(),
        schedule: spec.schedule.clone(),
        duration: spec.duration,
        kind: spec.applies_to,
        clock: spec.clock,
    }
}

fn settings(spec: &AgentSettings) -> Settings {
    Settings {
        countdown: spec.notify_in_advance, // TSK-9
        disregard_post_run_action: spec.disregard_post_run_action,
        blockouts: spec.blockouts.clone(),
    }
}

/// Whether files come to the computer at all: a task that runs from the server downloads nothing.
const fn downloads(download: &Download) -> bool {
    !matches!(download, Download::Own(DownloadOwn { mode: DownloadMode::RunFromServer, .. }))
}

type Ready = (Arc<Program>, After);

/// Packages and programs by name. A program is compiled once.
pub struct Library<'a> {
    packages: HashMap<&'a str, (Guid, &'a Package)>,
    programs: HashMap<(&'a str, &'a str), &'a crate::model::package::Program>,
    /// By package, program and whether files are downloaded.
    ready: RefCell<HashMap<(String, String, bool), Ready>>,
}

impl<'a> Library<'a> {
    /// Of these items; what is no package and no program is passed over.
    pub fn of(items: impl Iterator<Item = Placed<'a>>) -> Self {
        let mut library = Self { packages: HashMap::new(), programs: HashMap::new(), ready: RefCell::default() };
        for placed in items {
            let key = &placed.item.key;
            match (&placed.item.spec, &key.package) {
                (Spec::Package(package), _) => {
                    library.packages.insert(&key.name, (placed.guid, package));
                }
                (Spec::Program(program), Some(package)) => {
                    library.programs.insert((package, &key.name), program);
                }
                _ => {}
            }
        }
        library
    }

    /// How long each package stays unused (PKG-3).
    pub fn ages(&self) -> BTreeMap<Guid, Duration> {
        self.packages.values().map(|(guid, package)| (*guid, package.delete_unused_after)).collect()
    }

    fn program(&self, package: &str, name: &str, downloads: bool) -> Result<Ready, NotCompiled> {
        let key = (package.to_owned(), name.to_owned(), downloads);
        if let Some(ready) = self.ready.borrow().get(&key) {
            return Ok(ready.clone());
        }
        let (guid, of) = self.packages.get(package).ok_or_else(|| NotCompiled::NoPackage(package.to_owned()))?;
        let program = self
            .programs
            .get(&(package, name))
            .ok_or_else(|| NotCompiled::NoProgram { package: package.to_owned(), program: name.to_owned() })?;
        let ready: Ready = (
            Arc::new(Program {
                package: *guid,
                package_name: package.to_owned(),
                name: name.to_owned(),
                has_files: downloads && !matches!(of.source, Source::None(_)), // PKG-2
                delete_unused_after: of.delete_unused_after,
                success_codes: program.success_codes.clone(),
                max_run_time: program.max_run_time.limit(), // PRG-3
                can_run: presence(program),                 // PRG-8
                administrative: !matches!(program.run_with, RunWith::Built(RunWithBuilt::LoggedOnUser)),
                interactive: program.user_input_required,
                exits_early: program.exits_early, // PDF-2
                network_kbps_min: program.network.required.then_some(program.network.minimum_speed_kbps), // PRG-12
            }),
            After {
                action: program.after_running.action,
                defer_up_to: program.after_running.defer_up_to,
                countdown: None,
            },
        );
        self.ready.borrow_mut().insert(key, ready.clone());
        Ok(ready)
    }
}

/// A delivery policy that computers comply with as it is, and that would install something else: what they remember is of
/// the old list, and whether they comply with the new one only their own check tells.
fn other_list(placed: Placed<'_>, live: &Estate<'_>, fleet: &Fleet, computers: &Computers) -> Option<String> {
    let Spec::DeliveryPolicy(is) = &placed.item.spec else { return None };
    let complied = fleet.history.get(&placed.guid).map_or(0, |history| history.succeeded.intersection_len(computers));
    if complied == 0 {
        return None;
    }
    let was = live.of_kind(Kind::DeliveryPolicy).find(|one| one.guid == placed.guid)?;
    let Spec::DeliveryPolicy(was) = &was.item.spec else { return None };
    let list = |spec: &DeliveryPolicy| -> Vec<(String, String)> {
        spec.resources.iter().map(|one| (one.package.clone(), one.program.clone())).collect()
    };
    (list(was) != list(is)).then(|| {
        format!(
            "it installs something else than before; {complied} computers that comply with the old list are taken to \
             comply with the new one, and install what they lack where they do not"
        )
    })
}

/// Who has to be logged on. The rights of the logged-on user are to be had only with one, whatever a server that was not
/// written from manifests holds beside them (PRG-8, PRG-9).
fn presence(program: &Declared) -> CanRun {
    let as_user = program.run_with == RunWith::Built(RunWithBuilt::LoggedOnUser);
    if as_user && program.can_run == CanRun::Always { CanRun::UserLoggedOn } else { program.can_run }
}
