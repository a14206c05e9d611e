//! What runs of `consign drift` remember: for how many runs in a row an item has differed, and who was told of it.
//!
//! A memory may be lost: then runs are counted anew, and what is there is told once more. Nothing else rests on it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::model::guid::Guid;
use crate::plan::Plan;
use crate::plan::drift::Verdict;
use crate::plan::drift::entries;
use crate::plan::drift::open;

/// The version of the file. Minor versions add, and readers ignore what they do not know; another major version is not
/// read.
pub const FORMAT_VERSION: &str = "1.0";

/// What earlier runs of `consign drift --memory` saw and told. The program writes it; it is safe to delete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// `1.0`.
    pub format_version: String,
    /// By the name of the server in `consign.yaml`.
    #[serde(default)]
    pub servers: BTreeMap<String, Remembered>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { format_version: FORMAT_VERSION.to_owned(), servers: BTreeMap::new() }
    }
}

/// What is remembered of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remembered {
    /// Which server it was; another one under the same name starts anew.
    pub instance: Guid,
    /// When it was compared last.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub compared_at: Timestamp,
    /// The items that differ and are not known, by address.
    #[serde(default)]
    pub items: BTreeMap<String, Streak>,
    /// By the name of a receiver: what it was told of, by address, with the mark of what was told.
    #[serde(default)]
    pub told: BTreeMap<String, BTreeMap<String, String>>,
}

/// For how long an item has differed without a break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Streak {
    /// In how many runs in a row, this one among them.
    pub runs: u32,
    /// When it was first seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// The mark of how it differs; with another live value it is another one.
    pub mark: String,
}

impl Memory {
    /// Reads a memory.
    ///
    /// # Errors
    /// Why it is not one that can be used.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            format_version: String,
        }
        let wrong = |error: serde_json::Error| format!("it cannot be read: {error}");
        let Versioned { format_version } = serde_json::from_slice(bytes).map_err(wrong)?;
        if format_version.split('.').next() != FORMAT_VERSION.split('.').next() {
            return Err(format!("it has version {format_version}; this program reads {FORMAT_VERSION}"));
        }
        serde_json::from_slice(bytes).map_err(wrong)
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a memory has text keys and whole numbers only");
        text.push('\n');
        text
    }

    /// Takes down what a comparison found, and gives what is remembered of that server now.
    pub fn note(&mut self, plan: &Plan, verdict: &Verdict, now: Timestamp) -> &mut Remembered {
        let before = self.servers.remove(&plan.server.name);
        let now = Remembered::after(before, plan, verdict, now);
        self.servers.entry(plan.server.name.clone()).or_insert(now)
    }
}

impl Remembered {
    fn after(before: Option<Self>, plan: &Plan, verdict: &Verdict, now: Timestamp) -> Self {
        let instance = plan.server.identity.instance;
        let (mut earlier, told) = match before {
            Some(before) if before.instance == instance => (before.items, before.told),
            _ => Default::default(),
        };
        let mut items = BTreeMap::new();
        for (address, mark) in sightings(plan, verdict) {
            let (runs, since) = earlier.remove(&address).map_or((0, now), |streak| (streak.runs, streak.since));
            items.insert(address, Streak { runs: runs.saturating_add(1), since, mark });
        }
        if !plan.complete {
            // What was not read is not gone: it is as it was, neither counted nor forgotten. What is known by now is out.
            items.extend(earlier.into_iter().filter(|(address, _)| !verdict.known.contains_key(address)));
        }
        Self { instance, compared_at: now, items, told }
    }

    /// What has differed in so many runs in a row at least, with the mark of how.
    pub fn alerting(&self, alert_after: u32) -> BTreeMap<String, String> {
        let items = self.items.iter().filter(|(_, streak)| streak.runs >= alert_after);
        items.map(|(address, streak)| (address.clone(), streak.mark.clone())).collect()
    }

    /// What there is to tell a receiver.
    pub fn news(&self, receiver: &str, alert_after: u32) -> News {
        let told = self.told.get(receiver);
        let alerting = self.alerting(alert_after);
        let is_new = |(address, mark): &(&String, &String)| told.and_then(|told| told.get(*address)) != Some(*mark);
        let fresh: BTreeSet<String> = alerting.iter().filter(is_new).map(|(address, _)| address.clone()).collect();
        match (fresh.is_empty(), alerting.is_empty() && told.is_some_and(|told| !told.is_empty())) {
            (false, _) => News::Drift(fresh),
            // What still differs, if for fewer runs than are told, has come back since: that is no end.
            (true, true) if self.items.is_empty() => News::Ended,
            (true, _) => News::Nothing,
        }
    }

    /// Takes down that a receiver knows how things stand.
    pub fn is_told(&mut self, receiver: &str, alert_after: u32) {
        let alerting = self.alerting(alert_after);
        if alerting.is_empty() {
            self.told.remove(receiver);
        } else {
            self.told.insert(receiver.to_owned(), alerting);
        }
    }

    /// Forgets what a receiver was told of items that do not differ any more: should they again, that is new. That all
    /// has ended is still to be told.
    pub fn settle(&mut self, receiver: &str, alert_after: u32) {
        let alerting = self.alerting(alert_after);
        if !alerting.is_empty()
            && let Some(told) = self.told.get_mut(receiver)
        {
            told.retain(|address, _| alerting.contains_key(address));
        }
    }
}

/// What there is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing that was not told.
    Nothing,
    /// These differ and were not told, or not so.
    Drift(BTreeSet<String>),
    /// All that was told of has ended.
    Ended,
}

/// What differs and is not known, by address, with a mark of how: the same while the live values are the same.
pub fn sightings(plan: &Plan, verdict: &Verdict) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for finding in open(plan, verdict) {
        out.insert(finding.subject.clone(), mark(&[&finding.rule, &finding.message]));
    }
    for entry in entries(plan).iter().filter(|entry| !verdict.known.contains_key(&entry.address)) {
        let live: Vec<_> = entry.fields.iter().map(|field| (&field.path, &field.before)).collect();
        let live = serde_json::to_string(&live).expect("paths and values print as JSON");
        let state = serde_json::to_string(&entry.state).expect("a state prints as JSON");
        out.insert(entry.address.clone(), mark(&[&state, &live]));
    }
    out
}

fn mark(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn with(items: &[(&str, u32, &str)], told: &[(&str, &str)]) -> Remembered {
        let streak = |runs, mark: &str| Streak { runs, since: at(0), mark: mark.to_owned() };
        let told: BTreeMap<String, String> =
            told.iter().map(|(address, mark)| ((*address).to_owned(), (*mark).to_owned())).collect();
        Remembered {
            instance: Guid::of(1),
            compared_at: at(0),
            items: items.iter().map(|(address, runs, mark)| ((*address).to_owned(), streak(*runs, mark))).collect(),
            told: if told.is_empty() { BTreeMap::new() } else { BTreeMap::from([("ops".to_owned(), told)]) },
        }
    }

    fn drift(addresses: &[&str]) -> News {
        News::Drift(addresses.iter().map(|one| (*one).to_owned()).collect())
    }

    #[test]
    fn a_receiver_is_told_once_of_each_state() {
        for (items, told, after, expected) in [
            (&[("a", 1, "x")][..], &[][..], 1, drift(&["a"])),
            (&[("a", 1, "x")], &[], 2, News::Nothing),
            (&[("a", 2, "x")], &[], 2, drift(&["a"])),
            (&[("a", 3, "x")], &[("a", "x")], 2, News::Nothing),
            (&[("a", 3, "y")], &[("a", "x")], 2, drift(&["a"])),
            (&[("a", 3, "x"), ("b", 2, "x")], &[("a", "x")], 2, drift(&["b"])),
            (&[("a", 3, "x"), ("b", 1, "x")], &[("a", "x")], 2, News::Nothing),
            (&[], &[("a", "x")], 2, News::Ended),
            (&[("b", 1, "x")], &[("a", "x")], 2, News::Nothing),
            (&[], &[], 1, News::Nothing),
        ] {
            assert_eq!(with(items, told).news("ops", after), expected, "{items:?} {told:?} {after}");
        }
    }

    #[test]
    fn what_was_told_and_went_is_new_when_it_comes_back() {
        let mut one = with(&[("a", 5, "x")], &[("a", "x"), ("b", "x")]);
        one.settle("ops", 2);
        assert_eq!(one.told["ops"].keys().collect::<Vec<_>>(), ["a"]);
        // While nothing alerts, that it has ended is still to be told.
        let mut none = with(&[], &[("a", "x")]);
        none.settle("ops", 2);
        assert_eq!(none.news("ops", 2), News::Ended);
        none.is_told("ops", 2);
        assert_eq!(none.news("ops", 2), News::Nothing);
    }

    #[test]
    fn a_memory_of_another_version_or_broken_is_not_used() {
        let memory =
            Memory { servers: BTreeMap::from([("lab".to_owned(), with(&[("a", 1, "x")], &[]))]), ..Memory::default() };
        assert_eq!(Memory::read(memory.text().as_bytes()).as_ref(), Ok(&memory));
        let later = memory.text().replace("\"1.0\"", "\"1.7\"").replacen('{', "{\"more\": 1,", 1);
        assert!(Memory::read(later.as_bytes()).is_ok(), "a minor version only adds");
        for bad in ["", "{}", "null", &memory.text().replace("\"1.0\"", "\"2.0\""), &memory.text()[..50]] {
            assert!(Memory::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn marks_do_not_run_into_each_other() {
        assert_ne!(mark(&["ab", "c"]), mark(&["a", "bc"]));
    }
}
