//! Lets one of each kind live, multiplies, and adds up.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;

use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::memory::Memory;
use crate::agent::policy::Job;
use crate::agent::policy::JobKind;
use crate::agent::policy::Policy;
use crate::agent::scenario::Scenario;
use crate::forecast::Bucket;
use crate::forecast::ByUsers;
use crate::forecast::Downloads;
use crate::forecast::Engine;
use crate::forecast::FORMAT_VERSION;
use crate::forecast::Forecast;
use crate::forecast::Hour;
use crate::forecast::LicenceDay;
use crate::forecast::LicenceForecast;
use crate::forecast::Life;
use crate::forecast::TaskForecast;
use crate::forecast::Why;
use crate::forecast::classes::Classes;
use crate::forecast::classes::time_zone;
use crate::forecast::compile::Compiled;
use crate::forecast::never;
use crate::forecast::totals::Frame;
use crate::forecast::totals::Hours;
use crate::forecast::totals::Seen;
use crate::forecast::totals::Totals;
use crate::forecast::totals::USERS;
use crate::forecast::totals::seen;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::Licences;
use crate::model::guid::Guid;
use crate::model::package::AfterRunningAction;
use crate::model::package::CanRun;
use crate::model::task::Run;

/// What a forecast is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// What computers are told.
    pub compiled: &'a Compiled,
    /// The kinds of computers that are told it.
    pub classes: &'a Classes,
    /// The computers.
    pub fleet: &'a Fleet,
    /// What is taken for granted.
    pub scenario: &'a Arc<Scenario>,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
}

/// Makes the forecast.
pub fn forecast(question: &Question<'_>, engine: Engine<'_>) -> Forecast {
    let Question { compiled, classes, fleet, scenario, from, to } = *question;
    let zone = time_zone(&fleet.server_zone);
    let places: HashMap<Guid, usize> = compiled.jobs.iter().enumerate().map(|(at, job)| (job.what.id, at)).collect();
    let bytes: HashMap<Guid, u64> =
        fleet.packages.iter().filter_map(|(package, known)| Some((*package, known.bytes?))).collect();
    let frame = Frame { hours: Hours::new(from, &zone), places: &places, bytes: &bytes };
    let empty = || Totals::new(compiled.jobs.len());
    let mut totals = (0..classes.classes.len())
        .into_par_iter()
        .fold(empty, |mut totals, at| {
            one_kind(question, at, engine, &frame, &mut totals);
            totals
        })
        .reduce(empty, Totals::merge);
    let explained = never::explain(question, engine, &mut totals);
    let sums = std::mem::take(&mut totals.tasks);
    let reached = reached(classes, compiled.jobs.len());
    let tasks = compiled.jobs.iter().zip(sums).zip(explained).zip(reached);
    let tasks = tasks.map(|(((job, sums), never), reached)| {
        let timeline = sums.timeline.iter().map(|(hour, [started, succeeded, failed])| {
            let at = frame.hours.begin(*hour);
            Bucket { at, started: *started, succeeded: *succeeded, failed: *failed }
        });
        let users = USERS.iter().zip(sums.users).map(|(users, starts)| ByUsers {
            users: *users,
            started: starts.started,
            first: starts.first,
            last: starts.last,
        });
        TaskForecast {
            id: job.what.id,
            key: job.key.clone(),
            reached,
            started: sums.started,
            runs: sums.runs,
            succeeded: sums.succeeded,
            failed: sums.failed,
            killed: sums.killed,
            done_before: sums.done_before,
            timeline: timeline.collect(),
            users: users.collect(),
            never,
        }
    });
    let mut tasks: Vec<TaskForecast> = tasks.collect();
    tasks.retain(|task| task.reached > 0);
    let mut unassessed = compiled.unassessed.clone();
    unassessed.sort();
    Forecast {
        format_version: FORMAT_VERSION.to_owned(),
        from,
        to,
        server_zone: fleet.server_zone.clone(),
        scenario: Scenario::clone(scenario),
        computers: classes.population.clone(),
        tasks,
        restarts: totals.restarts.iter().map(|(h, n)| Hour { at: frame.hours.begin(*h), count: *n }).collect(),
        restarts_by_local_hour: totals.restarts_by_local_hour.to_vec(),
        log_offs: totals.log_offs,
        licences: fleet.licences.as_ref().map(|licences| licence_forecast(licences, &totals.assessed, &zone)),
        downloads: downloads(&totals),
        unassessed,
        unsure: compiled.unsure.clone(),
        gaps: fleet.gaps.clone(),
    }
}

fn reached(classes: &Classes, jobs: usize) -> Vec<u64> {
    let mut reached = vec![0; jobs];
    for class in &classes.classes {
        for job in &class.jobs {
            reached[*job] += class.len();
        }
    }
    reached
}

/// One life, without what comes at the end or after it.
pub(crate) fn live(engine: Engine<'_>, life: &Life<'_>) -> Vec<Happening> {
    let mut happenings = engine(life);
    happenings.retain(|one| one.at < life.to);
    happenings
}

fn one_kind(question: &Question<'_>, at: usize, engine: Engine<'_>, frame: &Frame<'_>, totals: &mut Totals) {
    let class = &question.classes.classes[at];
    let (policy, memory, zone) = (&class.policy, &class.memory, &class.clock);
    let Question { scenario, from, to, .. } = *question;
    let happenings = live(engine, &Life { policy, zone, memory, scenario, from, to });
    totals.live(&happenings, class.len(), zone, frame);
    let main = seen(&happenings);
    for (users, place) in USERS.into_iter().zip(0..) {
        let other = (users != scenario.users && depends_on_users(policy)).then(|| {
            let scenario = Arc::new(Scenario { users, ..Scenario::clone(scenario) });
            seen(&live(engine, &Life { policy, zone, memory, scenario: &scenario, from, to }))
        });
        let first = &other.as_ref().unwrap_or(&main).first;
        for (job, at) in class.jobs.iter().zip(&policy.jobs) {
            if let Some(start) = first.get(&at.id) {
                totals.tasks[*job].users[place].add(*start, class.len());
            }
        }
    }
    for (place, job) in class.jobs.iter().zip(&policy.jobs) {
        let task = &mut totals.tasks[*place];
        match told(job, memory, &main) {
            Told::Starts => task.started += class.len(),
            Told::DoneBefore => task.done_before += class.len(),
            Told::Never(why) => task.never.push((at, why)),
        }
    }
}

/// What a life tells of a job.
enum Told {
    Starts,
    DoneBefore,
    Never(Option<Why>),
}

fn told(job: &Job, memory: &Memory, seen: &Seen) -> Told {
    if seen.first.contains_key(&job.id) {
        Told::Starts
    } else if is_done(job, memory) {
        Told::DoneBefore
    } else if seen.never_fits.contains(&job.id) {
        Told::Never(Some(Why::NeverFits))
    } else if job.run == Run::Manual {
        Told::Never(Some(Why::Manual))
    } else {
        Told::Never(None)
    }
}

/// Whether what a computer remembers of a job keeps it from running again: as soon as possible is once, ever, with
/// whatever result (TSK-4); a delivery policy that succeeded complies.
pub(crate) fn is_done(job: &Job, memory: &Memory) -> bool {
    match job.kind {
        JobKind::DeliveryPolicy => memory.succeeded(job.id),
        JobKind::Task | JobKind::Sequence => job.run == Run::AsSoonAsPossible && memory.ran.contains_key(&job.id),
    }
}

/// Whether what users do can make a difference to what a computer does. Where it cannot, one life stands for all.
pub(crate) fn depends_on_users(policy: &Policy) -> bool {
    policy.jobs.iter().any(|job| {
        let steps = || job.steps.iter();
        job.warn.is_some()
            || steps().any(|step| step.program.can_run != CanRun::Always)
            || steps().any(|step| step.after.action == AfterRunningAction::LogOff)
            // The restart of a delivery policy is put off by a time of its own.
            || (job.kind == JobKind::DeliveryPolicy
                && steps().any(|step| step.after.action == AfterRunningAction::Restart))
    })
}

fn downloads(totals: &Totals) -> Downloads {
    let mut out = Downloads {
        count: totals.downloads,
        bytes: totals.bytes,
        unsized_count: totals.unsized_count,
        ..Downloads::default()
    };
    let (mut now, mut bytes) = (0_i64, 0_i64);
    // What ends at an instant ends before anything begins at it.
    for (at, (change, change_bytes)) in &totals.under_way {
        now += change;
        bytes = bytes.saturating_add(*change_bytes);
        if let Ok(count) = u64::try_from(now)
            && count > out.peak
        {
            out.peak = count;
            out.peak_at = Some(*at);
        }
        out.peak_bytes = out.peak_bytes.max(u64::try_from(bytes).unwrap_or(0));
    }
    out
}

/// Gives the pool out in the order of time.
fn licence_forecast(licences: &Licences, assessed: &BTreeMap<Timestamp, u64>, zone: &TimeZone) -> LicenceForecast {
    let held = licences.holders.len();
    let mut left = licences.pool.saturating_sub(held);
    let mut out = LicenceForecast { pool: licences.pool, held, days: Vec::new(), taken: 0, refused: 0, expired: 0 };
    for (at, count) in assessed {
        if licences.expires.is_some_and(|expires| *at >= expires) {
            out.expired += count; // LIC-3: no scans.
            continue;
        }
        let taken = left.min(*count); // LIC-1
        let refused = count - taken; // LIC-2
        left -= taken;
        out.taken += taken;
        out.refused += refused;
        let day = begin_of_day(*at, zone);
        match out.days.last_mut().filter(|last| last.at == day) {
            Some(last) => {
                last.taken += taken;
                last.refused += refused;
                last.left = left;
            }
            None => out.days.push(LicenceDay { at: day, taken, refused, left }),
        }
    }
    out
}

/// When the day of an instant begins on a clock.
pub fn begin_of_day(at: Timestamp, zone: &TimeZone) -> Timestamp {
    at.to_zoned(zone.clone()).start_of_day().map_or(at, |day| day.timestamp())
}

/// What becomes of every single computer: what a forecast adds up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// By job.
    pub jobs: BTreeMap<Guid, Outcome>,
    /// How often each computer restarts; none is left out.
    pub restarts: BTreeMap<u64, Computers>,
    /// Who takes a licence (LIC-1).
    pub licensed: Computers,
    /// Who asks for one and gets none (LIC-2).
    pub refused: Computers,
}

/// Who does what with a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Who starts it.
    pub started: Computers,
    /// Who ends it, last with success.
    pub succeeded: Computers,
    /// Who ends it, last without.
    pub failed: Computers,
    /// When they end it, and whether with success, in the order of time, with who does so.
    pub ends: BTreeMap<Vec<(Timestamp, bool)>, Computers>,
}

/// Tells computer by computer what a forecast counts.
pub fn outcomes(question: &Question<'_>, engine: Engine<'_>) -> Outcomes {
    let Question { classes, scenario, from, to, .. } = *question;
    let lives: Vec<Vec<Happening>> = classes
        .classes
        .par_iter()
        .map(|class| {
            let (policy, memory, zone) = (&class.policy, &class.memory, &class.clock);
            live(engine, &Life { policy, zone, memory, scenario, from, to })
        })
        .collect();
    let mut out = Outcomes::default();
    let mut assessed: BTreeMap<Timestamp, Computers> = BTreeMap::new();
    for (class, life) in classes.classes.iter().zip(lives) {
        let mut ended: BTreeMap<Guid, Vec<(Timestamp, bool)>> = BTreeMap::new();
        let mut restarts = 0;
        for Happening { at, what } in life {
            match what {
                What::Started { job, .. } => out.jobs.entry(job).or_default().started |= &class.members,
                What::Finished { job, success } => ended.entry(job).or_default().push((at, success)),
                What::Restarted => restarts += 1,
                What::Assessed => *assessed.entry(at).or_default() |= &class.members,
                _ => {}
            }
        }
        for (job, ends) in ended {
            let outcome = out.jobs.entry(job).or_default();
            let last_is_success = ends.last().is_some_and(|(_, success)| *success);
            *if last_is_success { &mut outcome.succeeded } else { &mut outcome.failed } |= &class.members;
            *outcome.ends.entry(ends).or_default() |= &class.members;
        }
        *out.restarts.entry(restarts).or_default() |= &class.members;
    }
    if let Some(licences) = &question.fleet.licences {
        let in_time = |at: Timestamp| licences.expires.is_none_or(|expires| at < expires); // LIC-3
        let mut left = licences.pool.saturating_sub(licences.holders.len());
        // At one instant the lower number comes first.
        for computer in assessed.iter().filter(|(at, _)| in_time(**at)).flat_map(|(_, computers)| computers) {
            if left > 0 {
                left -= 1;
                out.licensed.insert(computer);
            } else {
                out.refused.insert(computer);
            }
        }
    }
    out
}
