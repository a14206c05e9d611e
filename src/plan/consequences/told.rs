//! A consequence while it is put together.

use std::collections::BTreeMap;

use crate::model::fleet::Computers as Set;
use crate::model::project::Severity;
use crate::plan::Basis;
use crate::plan::Consequence;
use crate::plan::Fix;
use crate::plan::Magnitude;
use crate::plan::consequences::World;
use crate::reach::Known;
use crate::rules::Rule;

/// How many are named.
const SAMPLE: usize = 5;

/// A consequence, with the computers themselves.
#[derive(Clone, Debug)]
pub struct Told {
    consequence: Consequence,
    computers: Option<Known<Set>>,
}

impl Told {
    /// One that counts computers.
    pub(super) fn computers_of(rule: &Rule, subject: String, kind: &str, set: Known<Set>, mechanism: String) -> Self {
        let mut told = Self::counted(rule, subject, kind, None, "computers", mechanism);
        match &set {
            Known::Is(set) => told.consequence.magnitude.value = Some(set.len()),
            Known::Unknown(why) => {
                told.consequence.mechanism.push_str("; how many is not known: ");
                told.consequence.mechanism.push_str(why);
            }
        }
        told.computers = Some(set);
        told
    }

    /// One that counts something else.
    pub(super) fn counted(
        rule: &Rule,
        subject: String,
        kind: &str,
        value: Option<u64>,
        unit: &str,
        mechanism: String,
    ) -> Self {
        let magnitude = Magnitude { value, unit: unit.to_owned(), low: None, high: None, of: None };
        let consequence = Consequence {
            code: rule.id.to_owned(),
            doc_url: rule.page(),
            severity: Severity::Warning,
            subject,
            kind: kind.to_owned(),
            magnitude,
            parts: BTreeMap::new(),
            basis: Basis::Derived,
            observed_at: None,
            mechanism,
            sample: Vec::new(),
            sample_truncated: false,
            because: Vec::new(),
            fixes: Vec::new(),
            acknowledged: None,
            accepted_up_to: None,
            over: None,
            lapsed: None,
        };
        Self { consequence, computers: None }
    }

    pub(super) fn because(mut self, because: Vec<String>) -> Self {
        self.consequence.because = because;
        self
    }

    pub(super) const fn of(mut self, of: Option<u64>) -> Self {
        self.consequence.magnitude.of = of;
        self
    }

    pub(super) const fn between(mut self, low: Option<u64>, high: Option<u64>) -> Self {
        self.consequence.magnitude.low = low;
        self.consequence.magnitude.high = high;
        self
    }

    pub(super) fn part(mut self, name: &str, n: u64) -> Self {
        self.consequence.parts.insert(name.to_owned(), n);
        self
    }

    pub(super) fn parts_of(mut self, parts: &[(&str, Option<u64>)]) -> Self {
        for (name, n) in parts {
            if let Some(n) = n {
                self.consequence.parts.insert((*name).to_owned(), *n);
            }
        }
        self
    }

    pub(super) const fn basis(mut self, basis: Basis) -> Self {
        self.consequence.basis = basis;
        self
    }

    pub(super) fn sample(mut self, names: Vec<String>) -> Self {
        self.consequence.sample_truncated = names.len() > SAMPLE;
        self.consequence.sample = names.into_iter().take(SAMPLE).collect();
        self
    }

    pub(super) fn fix(mut self, fix: Option<Fix>) -> Self {
        self.consequence.fixes.extend(fix);
        self
    }

    /// What sort it is.
    pub fn kind(&self) -> &str {
        &self.consequence.kind
    }

    /// Whom it counts; `None` where it counts something else.
    pub const fn computers(&self) -> Option<&Known<Set>> {
        self.computers.as_ref()
    }

    /// Whether it is known to happen to nobody.
    pub(super) fn is_nothing(&self) -> bool {
        let magnitude = &self.consequence.magnitude;
        magnitude.value == Some(0) && magnitude.high.unwrap_or(0) == 0
    }

    /// With names and age.
    pub(super) fn finish(self, world: &World<'_>) -> Consequence {
        let Self { mut consequence, computers } = self;
        if let Some(Known::Is(set)) = &computers {
            let names = set.iter().take(SAMPLE).filter_map(|n| world.fleet.computers.get(n as usize));
            consequence.sample = names.map(|one| one.name.clone()).collect();
            consequence.sample_truncated = set.len() > SAMPLE as u64;
        }
        if consequence.magnitude.value.is_none() {
            consequence.basis = Basis::Unknown;
            consequence.fixes.iter_mut().for_each(|fix| fix.forecast.retain(|_, n| n.is_none() || *n == Some(0)));
        }
        let needs_fleet = computers.is_some() || consequence.magnitude.unit == "bytes";
        consequence.observed_at = (needs_fleet && world.has_fleet).then_some(world.fleet.read_at);
        consequence
    }
}
