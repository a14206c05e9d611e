//! The catalogue of rules: one static [`Rule`] an ID, a file a family. What `validate`, `plan`, `explain`, SARIF and
//! the manual say of a rule comes from here. Nothing here looks at a site.

/// One rule of the catalogue.
#[derive(Debug)]
pub struct Rule {
    /// Its ID, such as `SEQ-1`; the same everywhere.
    pub id: &'static str,
    /// What it says, in a few words, lower case, no full stop.
    pub title: &'static str,
    /// The document and section it comes from.
    pub source: &'static str,
    /// Where it acts.
    pub acts: &'static [Act],
    /// Why it is so and what to do about it, in sentences.
    pub explain: &'static str,
}

/// Where a rule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Reading a manifest, or the project file.
    Manifest,
    /// `validate`, as an error.
    Validate,
    /// `validate`, as a warning with a way out.
    Lint,
    /// A plan: what it guards, holds back or refuses.
    Plan,
    /// A consequence in a plan.
    Consequence,
    /// The forecast.
    Forecast,
    /// The reference server.
    Server,
    /// Import of definition files.
    Import,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}
