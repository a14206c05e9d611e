//! What differs between two forecasts, such as those of a server as it is and after a plan.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::forecast::FORMAT_VERSION;
use crate::forecast::Forecast;
use crate::forecast::Hour;
use crate::forecast::Never;
use crate::forecast::TaskForecast;
use crate::forecast::Why;
use crate::model::kind::ItemKey;

/// What differs between two forecasts. What is the same in both is not told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// Tasks, sequential tasks and delivery policies that differ, by key.
    pub tasks: Vec<TaskDifference>,
    /// Hours with other numbers of restarts.
    pub restarts_by_hour: Vec<HourDifference>,
    /// Restarts in all.
    pub restarts: Pair,
    /// Licences taken; `None` where nothing is known of them.
    pub licences_taken: Option<Pair>,
    /// Computers that get no licence (LIC-2); `None` where nothing is known of them.
    pub licences_refused: Option<Pair>,
    /// Downloads.
    pub downloads: Pair,
    /// The most downloads at one moment.
    pub downloads_peak: Pair,
    /// The bytes of all downloads, as far as they are known.
    pub bytes: Pair,
}

/// A number in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// In the first.
    pub before: u64,
    /// In the second.
    pub after: u64,
}

impl Pair {
    const fn of(before: u64, after: u64) -> Self {
        Self { before, after }
    }

    /// Whether the two differ.
    pub const fn differs(self) -> bool {
        self.before != self.after
    }
}

/// An hour with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourDifference {
    /// When it begins.
    pub at: Timestamp,
    /// The numbers.
    pub count: Pair,
}

/// What differs in one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDifference {
    /// Its key in the second forecast, or in the first where it is only there.
    pub key: ItemKey,
    /// What it was called in the first, where that is something else.
    pub called_before: Option<ItemKey>,
    /// Whether its GUID is another, so that everyone runs it again (SEQ-1).
    pub is_replaced: bool,
    /// Whom it reaches.
    pub reached: Pair,
    /// Who starts it.
    pub started: Pair,
    /// How often it ends without success.
    pub failed: Pair,
    /// Who ran it before and does not run it again.
    pub done_before: Pair,
    /// The earliest start in the first.
    pub first_before: Option<Timestamp>,
    /// The earliest start in the second.
    pub first_after: Option<Timestamp>,
    /// Reasons never to start it, with other numbers of computers.
    pub never: Vec<(Why, Pair)>,
}

/// Compares two forecasts.
pub fn difference(before: &Forecast, after: &Forecast) -> Difference {
    let licences = |of: fn(&crate::forecast::LicenceForecast) -> u64| match (&before.licences, &after.licences) {
        (Some(before), Some(after)) => Some(Pair::of(of(before), of(after))),
        _ => None,
    };
    let restarts = |hours: &[Hour]| hours.iter().map(|hour| hour.count).sum();
    Difference {
        format_version: FORMAT_VERSION.to_owned(),
        tasks: tasks(before, after),
        restarts_by_hour: hours(&before.restarts, &after.restarts),
        restarts: Pair::of(restarts(&before.restarts), restarts(&after.restarts)),
        licences_taken: licences(|one| one.taken),
        licences_refused: licences(|one| one.refused),
        downloads: Pair::of(before.downloads.count, after.downloads.count),
        downloads_peak: Pair::of(before.downloads.peak, after.downloads.peak),
        bytes: Pair::of(before.downloads.bytes, after.downloads.bytes),
    }
}

impl Difference {
    /// Whether the two tell the same.
    pub fn is_empty(&self) -> bool {
        let pairs = [Some(self.restarts), self.licences_taken, self.licences_refused, Some(self.downloads)];
        let more = [Some(self.downloads_peak), Some(self.bytes)];
        self.tasks.is_empty()
            && self.restarts_by_hour.is_empty()
            && !pairs.into_iter().chain(more).flatten().any(Pair::differs)
    }
}

fn tasks(before: &Forecast, after: &Forecast) -> Vec<TaskDifference> {
    // The same item by its GUID; a replaced one, which has a new one, by its key.
    let mut left: BTreeMap<&ItemKey, &TaskForecast> = before.tasks.iter().map(|task| (&task.key, task)).collect();
    let mut pairs: Vec<(Option<&TaskForecast>, Option<&TaskForecast>)> = Vec::new();
    let ids: BTreeMap<_, _> = before.tasks.iter().map(|task| (task.id, task)).collect();
    let mut unpaired = Vec::new();
    for task in &after.tasks {
        match ids.get(&task.id) {
            Some(same) => {
                left.remove(&same.key);
                pairs.push((Some(same), Some(task)));
            }
            None => unpaired.push(task),
        }
    }
    for task in unpaired {
        pairs.push((left.remove(&task.key), Some(task)));
    }
    pairs.extend(left.into_values().map(|task| (Some(task), None)));
    let mut out: Vec<TaskDifference> = pairs.into_iter().filter_map(|(a, b)| task_difference(a, b)).collect();
    out.sort_by(|a, b| a.key.cmp(&b.key));
    out
}

fn task_difference(before: Option<&TaskForecast>, after: Option<&TaskForecast>) -> Option<TaskDifference> {
    let key = &after.or(before)?.key;
    let number = |of: fn(&TaskForecast) -> u64| Pair::of(before.map_or(0, of), after.map_or(0, of));
    let first =
        |task: Option<&TaskForecast>| task.and_then(|task| task.users.iter().filter_map(|users| users.first).min());
    let reasons = |task: Option<&TaskForecast>| -> BTreeMap<Why, u64> {
        let never: &[Never] = task.map_or(&[], |task| &task.never);
        never.iter().map(|never| (never.why, never.computers)).collect()
    };
    let (reasons_before, reasons_after) = (reasons(before), reasons(after));
    let all: BTreeSet<Why> = reasons_before.keys().chain(reasons_after.keys()).copied().collect();
    let of = |reasons: &BTreeMap<Why, u64>, why| reasons.get(&why).copied().unwrap_or(0);
    let never = all.into_iter().map(|why| (why, Pair::of(of(&reasons_before, why), of(&reasons_after, why))));
    let out = TaskDifference {
        key: key.clone(),
        called_before: before.map(|task| &task.key).filter(|before| *before != key).cloned(),
        is_replaced: matches!((before, after), (Some(a), Some(b)) if a.id != b.id),
        reached: number(|task| task.reached),
        started: number(|task| task.started),
        failed: number(|task| task.failed),
        done_before: number(|task| task.done_before),
        first_before: first(before),
        first_after: first(after),
        never: never.filter(|(_, pair)| pair.differs()).collect(),
    };
    let same_timeline = before.map(|task| &task.timeline) == after.map(|task| &task.timeline);
    let differs = [out.reached, out.started, out.failed, out.done_before].into_iter().any(Pair::differs)
        || out.is_replaced
        || out.called_before.is_some()
        || out.first_before != out.first_after
        || !out.never.is_empty()
        || !same_timeline;
    differs.then_some(out)
}

fn hours(before: &[Hour], after: &[Hour]) -> Vec<HourDifference> {
    let mut hours: BTreeMap<Timestamp, Pair> = BTreeMap::new();
    for hour in before {
        hours.entry(hour.at).or_default().before = hour.count;
    }
    for hour in after {
        hours.entry(hour.at).or_default().after = hour.count;
    }
    hours.into_iter().filter(|(_, pair)| pair.differs()).map(|(at, count)| HourDifference { at, count }).collect()
}
