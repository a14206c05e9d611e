//! What is known of the computers at all.

use std::collections::BTreeSet;
use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::model::fleet::Part;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::plan::ComputersCoverage;
use crate::plan::consequences::World;

/// From how many days without a sign of life on a computer is said to be unseen.
const UNSEEN_DAYS: i64 = 30;

impl<'w> World<'w> {
    /// The collections that a change is about or reaches computers by, with all that they are made of and all that are
    /// made of changed ones.
    fn collections_that_matter(&self) -> BTreeSet<&'w str> {
        let mut parts: HashMap<&str, Vec<&'w str>> = HashMap::new();
        for placed in self.live.of_kind(Kind::Collection).chain(self.planned.of_kind(Kind::Collection)) {
            let Spec::Collection(spec) = &placed.item.spec else { continue };
            let name = placed.item.key.name.as_str();
            for part in spec.include.iter().chain(&spec.exclude).chain(&spec.limited_to) {
                parts.entry(name).or_default().push(part);
            }
        }
        let states = self.changes.iter().flat_map(|change| [&change.before, &change.after]).flatten();
        let targets = states.flat_map(|item| item.spec.targets().into_iter().flatten()).map(String::as_str);
        closure(self.above_changed.iter().copied().chain(targets), &parts)
    }

    /// What is known of the computers at all.
    pub fn coverage(&self) -> ComputersCoverage {
        let active = self.active();
        let mut zones: HashMap<&str, bool> = HashMap::new();
        let (mut not_seen, mut unknown_zone) = (0, 0);
        for computer in self.fleet.computers.iter().filter(|computer| !computer.retired) {
            let age = computer.last_seen.map(|seen| self.fleet.read_at.as_second() - seen.as_second());
            not_seen += u64::from(age.is_none_or(|age| age >= UNSEEN_DAYS * 86_400));
            let known = zones.entry(&computer.zone).or_insert_with(|| TimeZone::get(&computer.zone).is_ok());
            unknown_zone += u64::from(!*known);
        }
        let mut gaps: Vec<String> =
            self.fleet.gaps.iter().map(|(part, why)| format!("{}: {why}", words(*part))).collect();
        let matters =
            if self.fleet.unknown_members.is_empty() { BTreeSet::new() } else { self.collections_that_matter() };
        for placed in self.live.of_kind(Kind::Collection).filter(|one| matters.contains(one.item.key.name.as_str())) {
            if let Some(why) = self.fleet.unknown_members.get(&placed.guid) {
                gaps.push(format!("{}: {why}", placed.item.key));
            }
        }
        let read_at = self.fleet.read_at;
        let ahead = self.fleet.history.values().filter(|one| one.newest.is_some_and(|newest| newest > read_at)).count();
        if ahead > 0 {
            gaps.push(format!(
                "who ran what: {ahead} tasks have results from after the server's clock; they are taken as they stand"
            ));
        }
        let early = self.fleet.computers.iter().filter(|one| one.last_seen.is_some_and(|seen| seen > read_at)).count();
        if early > 0 {
            gaps.push(format!(
                "when computers were seen: {early} were seen after the server's clock; they count as seen"
            ));
        }
        if let Some(why) = self.fleet.gaps.get(&Part::Computers) {
            gaps = vec![format!("the computers: {why}")]; // And so nothing else of them.
        }
        let read_at = self.has_fleet.then_some(self.fleet.read_at);
        ComputersCoverage { read_at, active: active.map(|set| set.len()), not_seen, unknown_zone, gaps }
    }
}

/// All that can be come to.
fn closure<'a>(from: impl Iterator<Item = &'a str>, next: &HashMap<&str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> = from.collect();
    let mut seen = BTreeSet::new();
    while let Some(one) = open.pop() {
        if seen.insert(one) {
            open.extend(next.get(one).into_iter().flatten());
        }
    }
    seen
}

const fn words(part: Part) -> &'static str {
    match part {
        Part::Computers => "which computers there are",
        Part::Members => "who belongs to which collection",
        Part::History => "who ran what",
        Part::Packages => "who has which package",
        Part::Licences => "patch licences",
    }
}
