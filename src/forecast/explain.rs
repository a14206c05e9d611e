//! One computer: what it gets, in which order, in which window and why, and what keeps the rest from it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Serialize;

use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::policy::Job;
use crate::agent::policy::Window;
use crate::agent::windows::Place;
use crate::agent::windows::Windows;
use crate::agent::windows::kind_for;
use crate::forecast::Engine;
use crate::forecast::FORMAT_VERSION;
use crate::forecast::Life;
use crate::forecast::Unassessed;
use crate::forecast::Why;
use crate::forecast::classes;
use crate::forecast::classes::Class;
use crate::forecast::compile::Compiled;
use crate::forecast::never;
use crate::forecast::run::Question;
use crate::forecast::run::is_done;
use crate::forecast::run::live;
use crate::model::collection::Collection;
use crate::model::fleet::Fleet;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::model::window::WindowKind;
use crate::reach::Estate;
use crate::reach::Known;
use crate::reach::Reach;

/// What is asked about one computer.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The items.
    pub estate: &'a Estate<'a>,
    /// Whom they reach.
    pub reach: &'a Reach<'a, 'a>,
    /// What computers are told.
    pub compiled: &'a Compiled,
    /// The computers.
    pub fleet: &'a Fleet,
    /// What is taken for granted.
    pub scenario: &'a std::sync::Arc<crate::agent::scenario::Scenario>,
    /// Which computer, by its number.
    pub computer: u32,
    /// When the look ahead begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
}

/// One computer's days to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComputerForecast {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// When the look ahead begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// Its name.
    pub name: String,
    /// Its GUID.
    pub guid: Guid,
    /// Its zone, as the server has it.
    pub zone: String,
    /// Whether the database knows that zone; else it is read as UTC.
    pub zone_is_known: bool,
    /// Whether it is retired: it does nothing (LIC-4).
    pub retired: bool,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// The collections it is in, by name.
    pub collections: Vec<String>,
    /// Its maintenance windows.
    pub windows: Vec<WindowAhead>,
    /// The countdown before a warned run and before a restart (TSK-9, RST-4).
    pub countdown: Duration,
    /// Whether a pending restart blocks nothing (RST-2).
    pub disregards_pending_restart: bool,
    /// Whether it holds a patch licence; `None` where nobody knows.
    pub holds_licence: Option<bool>,
    /// What it gets: first what starts, in that order; then the rest, by key.
    pub gets: Vec<Gets>,
    /// What it does not get, by key.
    pub excluded: Vec<Excluded>,
    /// Everything that happens, in the order of time.
    pub happenings: Vec<Named>,
    /// Items of which nobody can tell whether it gets them.
    pub unassessed: Vec<Unassessed>,
    /// What is not known of the computers, and why.
    pub gaps: BTreeMap<Part, String>,
}

/// A maintenance window of the computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowAhead {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub applies_to: WindowKind,
    /// How long it is open.
    pub duration: Duration,
    /// When it opens next, or opened where it is open; `None`: never again.
    pub opens: Option<Timestamp>,
}

/// Something that the computer gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gets {
    /// The item.
    pub key: ItemKey,
    /// Its place in the queue (TSK-2).
    pub priority: Priority,
    /// When it is due.
    pub run: Run,
    /// Its runs, in the order of time.
    pub runs: Vec<RunAhead>,
    /// Whether the computer ran it before and therefore does not again (TSK-4).
    pub done_before: bool,
    /// Why it never starts, if it does not.
    pub never: Option<Why>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAhead {
    /// When it starts.
    pub from: Timestamp,
    /// When it ends; `None`: later than was looked.
    pub to: Option<Timestamp>,
    /// Whether with success; `None`: it does not end.
    pub success: Option<bool>,
    /// What lets it start then.
    pub within: Within,
}

/// What lets a program start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "names")]
pub enum Within {
    /// Windows that are open.
    Windows(Vec<String>),
    /// The computer has none that hold it back (MW-8).
    NoWindow,
    /// It ignores windows.
    Ignores,
}

/// Something that the computer does not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The item.
    pub key: ItemKey,
    /// Why not.
    pub because: String,
    /// The rule it follows from, if one.
    pub rule: Option<String>,
}

/// Something that happens, with the name of what it happens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The happening.
    #[serde(flatten)]
    pub happening: Happening,
    /// The job or package, if it is of one.
    pub name: Option<String>,
}

/// Looks ahead for one computer; `None`: there is none of that number.
pub fn explain(asked: &Asked<'_>, engine: Engine<'_>) -> Option<ComputerForecast> {
    let Asked { compiled, fleet, scenario, computer, from, to, .. } = *asked;
    let it = fleet.computers.get(computer as usize)?;
    let classes = classes::one(compiled, fleet, computer);
    let class = classes.classes.first()?;
    let question = Question { compiled, classes: &classes, fleet, scenario, from, to };
    let (policy, memory, zone) = (&class.policy, &class.memory, &class.clock);
    // A retired computer is in no reach, so its policy is empty and nothing happens (LIC-4).
    let happenings = live(engine, &Life { policy, zone, memory, scenario, from, to });
    Some(ComputerForecast {
        format_version: FORMAT_VERSION.to_owned(),
        from,
        to,
        name: it.name.clone(),
        guid: it.guid,
        zone: it.zone.clone(),
        zone_is_known: classes::is_zone(&it.zone),
        retired: it.retired,
        last_seen: it.last_seen,
        collections: collections(asked),
        windows: policy.windows.iter().map(|window| ahead(window, zone, from)).collect(),
        countdown: policy.settings.countdown,
        disregards_pending_restart: policy.settings.disregard_post_run_action,
        holds_licence: fleet.licences.as_ref().map(|licences| licences.holders.contains(computer)),
        gets: gets(&question, class, &happenings, engine),
        excluded: excluded(asked),
        happenings: named(class, happenings),
        unassessed: compiled.unassessed.clone(),
        gaps: fleet.gaps.clone(),
    })
}

fn collections(asked: &Asked<'_>) -> Vec<String> {
    let names = asked.estate.of_kind(Kind::Collection).map(|placed| placed.item.key.name.as_str());
    names.filter(|name| is_member(asked, name)).map(str::to_owned).collect()
}

fn is_member(asked: &Asked<'_>, collection: &str) -> bool {
    asked.reach.members(collection).value().is_some_and(|members| members.contains(asked.computer))
}

/// A window at an instant: alone, since together they are joined.
fn place(window: &Window, zone: &TimeZone, at: Timestamp) -> Place {
    let alone = Windows::new(std::slice::from_ref(window), window.kind, zone, at);
    alone.map_or(Place::Outside(None), |mut alone| alone.at(at))
}

fn ahead(window: &Window, zone: &TimeZone, from: Timestamp) -> WindowAhead {
    let opens = match place(window, zone, from) {
        Place::Inside(joined) => Some(joined.open),
        Place::Outside(next) => next,
    };
    WindowAhead { name: window.name.clone(), applies_to: window.kind, duration: window.duration, opens }
}

fn gets(question: &Question<'_>, class: &Class, happenings: &[Happening], engine: Engine<'_>) -> Vec<Gets> {
    let never_fits = |job: Guid| happenings.iter().any(|one| one.what == What::NeverFits { job });
    let mut gets: Vec<Gets> = class
        .jobs
        .iter()
        .map(|at| {
            let reached = &question.compiled.jobs[*at];
            let job = &reached.what;
            let runs = runs(job, class, happenings);
            let done_before = runs.is_empty() && is_done(job, &class.memory);
            let never = (runs.is_empty() && !done_before).then(|| match &job.run {
                _ if never_fits(job.id) => Why::NeverFits,
                Run::Manual => Why::Manual,
                _ => never::explain_one(question, engine, *at, 0),
            });
            let (key, priority, run) = (reached.key.clone(), job.priority, job.run.clone());
            Gets { key, priority, run, runs, done_before, never }
        })
        .collect();
    gets.sort_by_key(|one| {
        let first = one.runs.first().map(|run| run.from);
        (first.is_none(), first, one.key.clone())
    });
    gets
}

/// The runs of a job: from its first program to its end.
fn runs(job: &Job, class: &Class, happenings: &[Happening]) -> Vec<RunAhead> {
    let mut runs: Vec<RunAhead> = Vec::new();
    for Happening { at, what } in happenings {
        let is_open = runs.last().is_some_and(|run| run.to.is_none());
        match what {
            What::Started { job: id, .. } if *id == job.id && !is_open => {
                runs.push(RunAhead { from: *at, to: None, success: None, within: within(job, class, *at) });
            }
            What::Finished { job: id, success } if *id == job.id => {
                if let Some(run) = runs.last_mut().filter(|run| run.to.is_none()) {
                    run.to = Some(*at);
                    run.success = Some(*success);
                }
            }
            _ => {}
        }
    }
    runs
}

fn within(job: &Job, class: &Class, at: Timestamp) -> Within {
    let windows = &class.policy.windows;
    match kind_for(windows, job.kind) {
        _ if job.ignores_windows => Within::Ignores,
        None => Within::NoWindow,
        Some(kind) => {
            let open = windows
                .iter()
                .filter(|window| window.kind == kind)
                .filter(|window| matches!(place(window, &class.clock, at), Place::Inside(_)));
            Within::Windows(open.map(|window| window.name.clone()).collect())
        }
    }
}

fn named(class: &Class, happenings: Vec<Happening>) -> Vec<Named> {
    let jobs: BTreeMap<Guid, &str> = class.policy.jobs.iter().map(|job| (job.id, job.name.as_str())).collect();
    let programs = class.policy.jobs.iter().flat_map(|job| &job.steps).map(|step| &step.program);
    let packages: BTreeMap<Guid, &str> = programs.map(|one| (one.package, one.package_name.as_str())).collect();
    let name = |what: &What| match what {
        What::Started { job, .. }
        | What::Ended { job, .. }
        | What::Skipped { job, .. }
        | What::Finished { job, .. }
        | What::NeverFits { job }
        | What::Removed { job }
        | What::Deferred { job, .. } => jobs.get(job),
        What::DownloadStarted { package } | What::DownloadEnded { package } | What::PackageDeleted { package } => {
            packages.get(package)
        }
        What::Restarted | What::LoggedOff | What::Assessed => None,
    };
    let named = happenings.into_iter().map(|happening| {
        let name = name(&happening.what).map(|name| (*name).to_owned());
        Named { happening, name }
    });
    named.collect()
}

fn excluded(asked: &Asked<'_>) -> Vec<Excluded> {
    const JOBS: [Kind; 4] = [Kind::Task, Kind::SequentialTask, Kind::DeliveryPolicy, Kind::PatchPlugin];
    let gets = |key: &ItemKey| {
        let here = |computers: &crate::model::fleet::Computers| computers.contains(asked.computer);
        asked.compiled.jobs.iter().any(|one| one.key == *key && here(&one.computers))
            || asked.compiled.enrolments.iter().any(|one| one.key == *key && here(&one.computers))
    };
    let is_unassessed = |key: &ItemKey| asked.compiled.unassessed.iter().any(|one| one.key == *key);
    asked
        .estate
        .items()
        .map(|placed| placed.item)
        .filter(|item| JOBS.contains(&item.key.kind) && !gets(&item.key) && !is_unassessed(&item.key))
        .map(|item| {
            let (because, rule) = why_not(asked, item);
            Excluded { key: item.key.clone(), because, rule: rule.map(str::to_owned) }
        })
        .collect()
}

fn why_not(asked: &Asked<'_>, item: &Item) -> (String, Option<&'static str>) {
    let retired = asked.fleet.computers.get(asked.computer as usize).is_some_and(|one| one.retired);
    let targets = item.spec.targets().map_or(&[][..], |targets| targets);
    if retired {
        return ("the computer is retired".to_owned(), Some("LIC-4"));
    }
    if item.spec.enabled() == Some(false) {
        return ("it is switched off".to_owned(), None);
    }
    if targets.is_empty() {
        return ("it names no collection, and so is for nobody".to_owned(), None);
    }
    if targets.iter().any(|name| is_member(asked, name)) {
        // All that is left: an enrolment that installs no plug-in.
        return ("the computer lacks the plug-in, and the policy does not install it".to_owned(), Some("LIC-1"));
    }
    let reasons: Vec<String> = targets.iter().map(|name| not_in(asked, name)).collect();
    (reasons.join("; "), Some("COL-1"))
}

/// Why the computer is not in a collection.
fn not_in(asked: &Asked<'_>, name: &str) -> String {
    let key = ItemKey::new(Kind::Collection, name);
    let spec = asked.estate.get(&key).map(|placed| &placed.item.spec);
    let Some(Spec::Collection(Collection { limited_to, exclude, .. })) = spec else {
        return format!("collection `{name}` is not there");
    };
    if let Known::Unknown(why) = asked.reach.members(name) {
        return format!("nobody knows who is in `{name}`: {why}");
    }
    if let Some(excluding) = exclude.iter().find(|one| is_member(asked, one)) {
        return format!("it is in `{excluding}`, which `{name}` excludes");
    }
    match limited_to {
        Some(limit) if !is_member(asked, limit) => format!("it is not in `{limit}`, to which `{name}` is limited"),
        _ => format!("it is not in `{name}`"),
    }
}
