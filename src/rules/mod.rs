//! The catalogue of rules: one static [`Rule`] an ID, a file a family. What `validate`, `plan`, `explain`, SARIF and
//! the manual say of a rule comes from here. Nothing here looks at a site.

pub mod capability;
pub mod collection;
pub mod definition;
pub mod delivery;
pub mod drift;
pub mod example;
pub mod git;
pub mod import;
pub mod licence;
pub mod manifest;
pub mod package;
pub mod plan;
pub mod portal;
pub mod program;
pub mod purge;
pub mod restart;
pub mod sequence;
pub mod task;
pub mod window;

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

impl Rule {
    /// Where the manual tells of it, below the repository's root: a file and the heading of the rule there.
    pub fn page(&self) -> String {
        format!("{MANUAL}#{}", self.id.to_ascii_lowercase())
    }
}

/// The chapter of the manual that tells of the rules.
pub const MANUAL: &str = "docs/rules.md";

/// The chapter as it stands at [`MANUAL`]: a heading a rule, which is its ID and nothing else, so that links to it last.
pub fn manual() -> String {
    let mut out = "# Rules\n\nWhat `consign explain ID` says of each rule, by family. A plan's `doc_url` leads here.\n"
        .to_owned();
    for rule in all() {
        let acts: Vec<&str> = rule.acts.iter().map(|act| act.word()).collect();
        out.push_str(&format!("\n## {}\n\n**{}**\n\n{}\n\n", rule.id, rule.title, rule.explain));
        if let Some(example) = example::of(rule.id) {
            out.push_str(&format!("{}\n", example.markdown()));
        }
        out.push_str(&format!("Acts in: {}. Source: {}.\n", acts.join(", "), rule.source.trim_end_matches('.')));
    }
    out
}

impl Act {
    /// Where it acts, in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Validate => "validate",
            Self::Lint => "lint",
            Self::Plan => "plan",
            Self::Consequence => "consequence",
            Self::Forecast => "forecast",
            Self::Server => "server",
            Self::Import => "import",
        }
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// The families, in the order of the manual.
static FAMILIES: &[&[&Rule]] = &[
    manifest::ALL,
    package::ALL,
    program::ALL,
    task::ALL,
    sequence::ALL,
    portal::ALL,
    collection::ALL,
    window::ALL,
    delivery::ALL,
    purge::ALL,
    restart::ALL,
    licence::ALL,
    definition::ALL,
    import::ALL,
    plan::ALL,
    capability::ALL,
    git::ALL,
    drift::ALL,
];

/// Every rule, by family and number.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter().copied())
}

/// The rule with this ID, exactly as written.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

/// Whether a project's `policy.severities` may make this rule milder than an error.
///
/// Never for the families `MAN` and `GIT`, but for their lints: after one of their findings what was read is not what was
/// written, or not whole.
pub fn can_be_softened(rule: &Rule) -> bool {
    !is_of_reading(rule)
}

/// Whether what was read is not what was written, or not whole, after a finding of this rule.
pub fn is_of_reading(rule: &Rule) -> bool {
    (rule.id.starts_with("MAN-") || rule.id.starts_with("GIT-")) && !rule.acts.contains(&Act::Lint)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;
    use super::find;

    #[test]
    fn each_id_is_there_once_and_found() {
        let ids: BTreeSet<&str> = all().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), all().count());
        for rule in all() {
            assert_eq!(find(rule.id), Some(rule));
        }
        assert_eq!(find("SEQ-99"), None);
    }

    #[test]
    fn the_manual_tells_of_every_rule_where_plans_point_to() {
        let manual = super::manual();
        for rule in all() {
            assert!(manual.contains(&format!("\n## {}\n", rule.id)), "{}", rule.id);
        }
        assert_eq!(find("SEQ-1").map(super::Rule::page).as_deref(), Some("docs/rules.md#seq-1"));
        let stored = include_str!("../../docs/rules.md");
        assert!(stored == manual, "`consign explain --all > docs/rules.md` writes it anew");
    }

    #[test]
    fn each_rule_says_what_why_and_where() {
        for rule in all() {
            assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{}", rule.id);
            assert!(rule.title.len() <= 90, "{}: a title is a few words", rule.id);
            assert!(!rule.source.is_empty() && !rule.acts.is_empty(), "{}", rule.id);
            assert!(rule.explain.len() > 80 && rule.explain.ends_with('.'), "{}: explain it in sentences", rule.id);
        }
    }
}
