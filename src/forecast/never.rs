//! Why a job never starts: what holds it back is taken away piece by piece, on a computer that has nothing else to do,
//! until it starts. The engine itself answers, so that the reason is the engine's.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rayon::prelude::*;

use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::memory::Memory;
use crate::agent::policy::Job;
use crate::agent::policy::Policy;
use crate::agent::policy::Program;
use crate::agent::policy::Settings;
use crate::forecast::Engine;
use crate::forecast::Life;
use crate::forecast::Never;
use crate::forecast::Why;
use crate::forecast::classes::Class;
use crate::forecast::run::Question;
use crate::forecast::run::live;
use crate::forecast::totals::Totals;
use crate::model::guid::Guid;
use crate::model::package::CanRun;
use crate::model::task::Availability;

/// How many computers are named, a reason.
const SAMPLE: usize = 5;

/// What the answer hangs on, besides the other jobs: kinds that share it are asked about once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Case<'a> {
    job: usize,
    zone: &'a str,
    windows: &'a [usize],
    settings: usize,
    memory: Memory,
}

/// By job: who never starts it, and why.
pub(crate) fn explain(question: &Question<'_>, engine: Engine<'_>, totals: &mut Totals) -> Vec<Vec<Never>> {
    let classes = &question.classes.classes;
    let mut open: BTreeMap<Case<'_>, Vec<usize>> = BTreeMap::new();
    let settings = distinct(classes);
    for (job, task) in totals.tasks.iter_mut().enumerate() {
        task.never.sort_unstable();
        for (at, _) in task.never.iter().filter(|(_, why)| why.is_none()) {
            open.entry(case(question, job, *at, &settings)).or_default().push(*at);
        }
    }
    let cases: Vec<(Case<'_>, Vec<usize>)> = open.into_iter().collect();
    let answers: Vec<Option<Why>> =
        cases.par_iter().map(|(case, kinds)| alone(question, engine, case, &classes[kinds[0]])).collect();
    let mut found: BTreeMap<(usize, usize), Why> = BTreeMap::new();
    let mut in_company: BTreeSet<usize> = BTreeSet::new();
    for ((case, kinds), answer) in cases.iter().zip(&answers) {
        match answer {
            Some(why) => found.extend(kinds.iter().map(|kind| ((case.job, *kind), *why))),
            None => in_company.extend(kinds),
        }
    }
    let unblocked: BTreeMap<usize, BTreeSet<Guid>> = in_company
        .into_par_iter()
        .map(|kind| (kind, disregarding(question, engine, &classes[kind])))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    let name = |job: usize, kind: usize| match (found.get(&(job, kind)), unblocked.get(&kind)) {
        (Some(why), _) => *why,
        (None, Some(starts)) if starts.contains(&question.compiled.jobs[job].what.id) => Why::PendingRestart,
        _ => Why::Queue,
    };
    let by_job = totals.tasks.iter().enumerate().map(|(job, task)| {
        let mut kinds: BTreeMap<Why, Vec<usize>> = BTreeMap::new();
        for (kind, why) in &task.never {
            kinds.entry(why.unwrap_or_else(|| name(job, *kind))).or_default().push(*kind);
        }
        kinds.into_iter().map(|(why, kinds)| never(question, why, &kinds)).collect()
    });
    by_job.collect()
}

/// Why one computer never starts a job that its own life does not explain.
pub(crate) fn explain_one(question: &Question<'_>, engine: Engine<'_>, job: usize, class: usize) -> Why {
    let classes = &question.classes.classes;
    let settings = distinct(classes);
    let found = alone(question, engine, &case(question, job, class, &settings), &classes[class]);
    found.unwrap_or_else(|| {
        let starts = disregarding(question, engine, &classes[class]);
        if starts.contains(&question.compiled.jobs[job].what.id) { Why::PendingRestart } else { Why::Queue }
    })
}

fn distinct(classes: &[Class]) -> Vec<&Settings> {
    let mut settings: Vec<&Settings> = Vec::new();
    for class in classes {
        if !settings.contains(&&class.policy.settings) {
            settings.push(&class.policy.settings);
        }
    }
    settings
}

fn case<'a>(question: &Question<'a>, job: usize, kind: usize, settings: &[&Settings]) -> Case<'a> {
    let class = &question.classes.classes[kind];
    let what = &question.compiled.jobs[job].what;
    let mut memory = class.memory.clone();
    memory.ran.retain(|id, _| *id == what.id);
    memory.cached.retain(|package, _| what.steps.iter().any(|step| step.program.package == *package));
    let settings = settings.iter().position(|one| **one == class.policy.settings).unwrap_or_default();
    Case { job, zone: &class.zone, windows: &class.windows, settings, memory }
}

/// What keeps a job from starting on a computer that has nothing else to do; `None`: nothing does.
fn alone(question: &Question<'_>, engine: Engine<'_>, case: &Case<'_>, class: &Class) -> Option<Why> {
    let job = &question.compiled.jobs[case.job].what;
    let starts = |job: Arc<Job>, in_windows: bool| {
        let windows = if in_windows { class.policy.windows.clone() } else { Vec::new() };
        let settings = if in_windows { class.policy.settings.clone() } else { Settings::default() };
        let policy = Policy { jobs: vec![job.clone()], windows, settings, enrolled: None, ..(*class.policy).clone() };
        started(&one_life(question, engine, policy, &class.clock, &case.memory)).contains(&job.id)
    };
    let mut free = Job::clone(job);
    free.availability = Availability::default();
    for step in &mut free.steps {
        let program = Program::clone(&step.program);
        step.program = Arc::new(Program { can_run: CanRun::Always, network_kbps_min: None, ..program });
    }
    if !starts(Arc::new(free.clone()), false) {
        return Some(Why::NotDue);
    }
    free.availability = job.availability.clone();
    if !starts(Arc::new(free.clone()), false) {
        return Some(Why::Availability);
    }
    for (step, own) in free.steps.iter_mut().zip(&job.steps) {
        let program = Program::clone(&own.program);
        step.program = Arc::new(Program { network_kbps_min: None, ..program });
    }
    if !starts(Arc::new(free), false) {
        return Some(Why::Presence);
    }
    if !starts(job.clone(), false) {
        return Some(Why::Network);
    }
    if !starts(job.clone(), true) {
        return Some(Why::Window);
    }
    None
}

/// What a kind starts when no pending restart blocks anything (RST-2).
fn disregarding(question: &Question<'_>, engine: Engine<'_>, class: &Class) -> BTreeSet<Guid> {
    let mut policy = Policy::clone(&class.policy);
    policy.settings.disregard_post_run_action = true;
    started(&one_life(question, engine, policy, &class.clock, &class.memory))
}

fn one_life(
    question: &Question<'_>,
    engine: Engine<'_>,
    policy: Policy,
    zone: &TimeZone,
    memory: &Memory,
) -> Vec<Happening> {
    let Question { scenario, from, to, .. } = *question;
    live(engine, &Life { policy: &Arc::new(policy), zone, memory, scenario, from, to })
}

fn started(life: &[Happening]) -> BTreeSet<Guid> {
    let started = life.iter().filter_map(|one| match one.what {
        What::Started { job, .. } => Some(job),
        _ => None,
    });
    started.collect()
}

fn never(question: &Question<'_>, why: Why, kinds: &[usize]) -> Never {
    let classes = &question.classes.classes;
    let computers = kinds.iter().map(|kind| classes[*kind].len()).sum();
    let mut first: Vec<u32> = kinds.iter().flat_map(|kind| classes[*kind].members.iter().take(SAMPLE)).collect();
    first.sort_unstable();
    first.truncate(SAMPLE);
    let name = |number: u32| question.fleet.computers.get(number as usize).map(|computer| computer.name.clone());
    Never { why, rule: why.rule().map(str::to_owned), computers, sample: first.into_iter().filter_map(name).collect() }
}
