//! Calibration: what was predicted against what the computers reported.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::forecast::FORMAT_VERSION;
use crate::forecast::compile::Compiled;
use crate::forecast::run::Outcome;
use crate::forecast::run::Outcomes;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;
use crate::model::fleet::History;
use crate::model::guid::Guid;
use crate::model::kind::ItemKey;
use crate::reach::Known;

/// How many computers are named, a difference.
const SAMPLE: usize = 5;

/// What was predicted against what was observed, computer by computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// When the prediction begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// Whether what was known of the computers at `from` was kept; else it is taken from what they said since, and
    /// restarts and licences cannot be compared.
    pub is_from_kept: bool,
    /// By key; only what has a history, or should have one.
    pub tasks: Vec<Compared>,
    /// Tasks left out because they did not report since `from`: what they did, they did before.
    pub older: u64,
    /// Restarts; `None` where they are not known.
    pub restarts: Option<Counted>,
    /// Patch licences taken; `None` where they are not known.
    pub licences: Option<Counted>,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The item.
    pub key: ItemKey,
    /// Who was to have ended it last with success.
    pub predicted_succeeded: u64,
    /// Who has.
    pub observed_succeeded: u64,
    /// Who was to have ended it last without.
    pub predicted_failed: u64,
    /// Who has.
    pub observed_failed: u64,
    /// Who did exactly as predicted, of those of whom either says something.
    pub agree: u64,
    /// Who did something else.
    pub disagree: u64,
    /// Some of these, by name.
    pub sample: Vec<String>,
    /// Runs in that time: a computer did as predicted where it ended as many, with the same results in the same order.
    /// `None` where the single runs are not known.
    pub runs: Option<Counted>,
    /// Why they are not.
    pub runs_unknown: Option<String>,
}

/// The runs of a job that ended in that time, by the number of the computer: when, and whether with success, in the order
/// of time.
pub type Ends = BTreeMap<u32, Vec<(Timestamp, bool)>>;

/// Something that is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many in all.
    pub predicted: u64,
    /// How many in all.
    pub observed: u64,
    /// Computers that did exactly as predicted, of those of whom either says something.
    pub agree: u64,
    /// Computers that did something else.
    pub disagree: u64,
    /// Some of these, by name.
    pub sample: Vec<String>,
}

impl Comparison {
    /// Whether every computer did as predicted.
    pub fn is_exact(&self) -> bool {
        let agrees = |task: &Compared| task.disagree == 0 && task.runs.as_ref().is_none_or(|runs| runs.disagree == 0);
        self.tasks.iter().all(agrees)
            && [&self.restarts, &self.licences].into_iter().flatten().all(|one| one.disagree == 0)
    }
}

/// The fleet as it was at `since`, as far as the history tells: a task that reported later is taken to have run nowhere
/// before it. The server keeps the last result of each computer, not when it was before.
pub fn as_of(fleet: &Fleet, since: Timestamp) -> Fleet {
    let mut before = fleet.clone();
    before.history.retain(|_, history| history.newest.is_some_and(|newest| newest < since));
    before
}

/// What was known when the prediction begins.
#[derive(Clone, Copy, Debug)]
pub struct Then<'a> {
    /// The computers, with the same numbers as now.
    pub fleet: &'a Fleet,
    /// Whether that was kept ([`Comparison::is_from_kept`]).
    pub is_kept: bool,
}

/// Compares what a prediction from `then` on says with what is known `now`, of these computers. `ended`: the runs that
/// they reported, by job, as far as these are known.
pub fn compare(
    compiled: &Compiled,
    outcomes: &Outcomes,
    then: Then<'_>,
    now: &Fleet,
    ended: &BTreeMap<Guid, Known<Ends>>,
    about: &Computers,
    (from, to): (Timestamp, Timestamp),
) -> Comparison {
    let (mut tasks, mut older) = (Vec::new(), 0);
    let (no_outcome, no_history) = (Outcome::default(), History::default());
    let keys: BTreeMap<Guid, &ItemKey> = compiled.jobs.iter().map(|job| (job.what.id, &job.key)).collect();
    for (id, key) in keys {
        let history = now.history.get(&id);
        if !then.is_kept && history.and_then(|history| history.newest).is_some_and(|newest| newest < from) {
            older += 1;
            continue;
        }
        let before = then.fleet.history.get(&id).unwrap_or(&no_history);
        let outcome = outcomes.jobs.get(&id).unwrap_or(&no_outcome);
        // What ended again is remembered as it ended last.
        let predicted = [
            &((&before.succeeded - &outcome.failed) | &outcome.succeeded) & about,
            &((&before.failed - &outcome.succeeded) | &outcome.failed) & about,
        ];
        let history = history.unwrap_or(&no_history);
        let observed = [&history.succeeded & about, &history.failed & about];
        let said = (&predicted[0] | &predicted[1]) | (&observed[0] | &observed[1]);
        if said.is_empty() {
            continue;
        }
        let wrong = (&predicted[0] ^ &observed[0]) | (&predicted[1] ^ &observed[1]);
        let (runs, runs_unknown) = match ended.get(&id) {
            Some(Known::Is(ended)) => (Some(runs(outcome, ended, now, about)), None),
            Some(Known::Unknown(why)) => (None, Some(why.clone())),
            None => (None, None),
        };
        tasks.push(Compared {
            key: key.clone(),
            predicted_succeeded: predicted[0].len(),
            observed_succeeded: observed[0].len(),
            predicted_failed: predicted[1].len(),
            observed_failed: observed[1].len(),
            agree: said.len() - wrong.len(),
            disagree: wrong.len(),
            sample: names(now, &wrong),
            runs,
            runs_unknown,
        });
    }
    tasks.sort_by(|a, b| a.key.cmp(&b.key));
    Comparison {
        format_version: FORMAT_VERSION.to_owned(),
        from,
        to,
        is_from_kept: then.is_kept,
        tasks,
        older,
        restarts: if then.is_kept { restarts(outcomes, then.fleet, now, about) } else { None },
        licences: if then.is_kept { licences(outcomes, then.fleet, now, about) } else { None },
    }
}

fn names(fleet: &Fleet, some: &Computers) -> Vec<String> {
    let name = |number: u32| fleet.computers.get(number as usize).map(|computer| computer.name.clone());
    some.iter().take(SAMPLE).filter_map(name).collect()
}

/// Runs are the same where there are as many with the same results, one after the other. Not at the same minute: how
/// long programs run is taken for granted.
fn runs(outcome: &Outcome, ended: &Ends, now: &Fleet, about: &Computers) -> Counted {
    let results = |ends: &[(Timestamp, bool)]| -> Vec<bool> { ends.iter().map(|(_, success)| *success).collect() };
    let mut counted = Counted { predicted: 0, observed: 0, agree: 0, disagree: 0, sample: Vec::new() };
    let (mut said, mut right) = (Computers::new(), Computers::new());
    for (ends, who) in &outcome.ends {
        let (who, expected) = (who & about, results(ends));
        counted.predicted += who.len() * ends.len() as u64;
        right.extend(who.iter().filter(|one| ended.get(one).is_some_and(|ends| results(ends) == expected)));
        said |= who;
    }
    for (computer, ends) in ended.iter().filter(|(computer, ends)| about.contains(**computer) && !ends.is_empty()) {
        counted.observed += ends.len() as u64;
        said.insert(*computer);
    }
    counted.agree = right.len();
    counted.disagree = said.len() - right.len();
    counted.sample = names(now, &(said - right));
    counted
}

fn restarts(outcomes: &Outcomes, then: &Fleet, now: &Fleet, about: &Computers) -> Option<Counted> {
    let by_computer = |counts: &BTreeMap<u64, Computers>| -> BTreeMap<u32, u64> {
        counts.iter().flat_map(|(times, who)| (who & about).into_iter().map(|one| (one, *times))).collect()
    };
    let mut observed = by_computer(now.restarts.as_ref()?);
    for (computer, times) in by_computer(then.restarts.as_ref()?) {
        let left = observed.entry(computer).or_default();
        *left = left.saturating_sub(times);
    }
    let predicted = by_computer(&outcomes.restarts);
    let times = |of: &BTreeMap<u32, u64>, one: u32| of.get(&one).copied().unwrap_or_default();
    let said: Computers = predicted.iter().chain(&observed).filter(|(_, n)| **n > 0).map(|(one, _)| *one).collect();
    let wrong: Computers = said.iter().filter(|one| times(&predicted, *one) != times(&observed, *one)).collect();
    Some(Counted {
        predicted: predicted.values().sum(),
        observed: observed.values().sum(),
        agree: said.len() - wrong.len(),
        disagree: wrong.len(),
        sample: names(now, &wrong),
    })
}

fn licences(outcomes: &Outcomes, then: &Fleet, now: &Fleet, about: &Computers) -> Option<Counted> {
    let observed = &(&now.licences.as_ref()?.holders - &then.licences.as_ref()?.holders) & about;
    let predicted = &outcomes.licensed & about;
    let wrong = &predicted ^ &observed;
    Some(Counted {
        predicted: predicted.len(),
        observed: observed.len(),
        agree: predicted.intersection_len(&observed),
        disagree: wrong.len(),
        sample: names(now, &wrong),
    })
}
