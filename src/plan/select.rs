//! Which part of a plan was asked for.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::model::kind::ItemKey;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::hold;
use crate::plan::make::Draft;
use crate::plan::make::Input;

/// Leaves out what was not asked for; returns how many changes that were.
pub(super) fn select(draft: &mut Draft<'_>) -> usize {
    if draft.input.targets.is_empty() && draft.input.excludes.is_empty() {
        return 0;
    }
    let (targets, excludes) = (Globs::of(draft.input.targets), Globs::of(draft.input.excludes));
    let asked = |address: &str| (targets.is_empty() || targets.match_one(address)) && !excludes.match_one(address);
    let mut wanted: BTreeSet<ItemKey> =
        draft.changes.iter().filter(|change| asked(&change.address)).map(|change| change.key.clone()).collect();
    // What is asked for brings along what it needs and the server lacks.
    let changes: HashMap<&ItemKey, &Change> = draft.changes.iter().map(|change| (&change.key, change)).collect();
    let mut open: Vec<ItemKey> = wanted.iter().cloned().collect();
    while let Some(key) = open.pop() {
        let Some(after) = changes.get(&key).and_then(|change| change.after.as_ref()) else { continue };
        for need in hold::needs(after) {
            let is_new = changes.get(&need).is_some_and(|change| change.action() == Action::Create);
            if is_new && !excludes.match_one(&need.to_string()) && wanted.insert(need.clone()) {
                open.push(need);
            }
        }
    }
    let before = draft.changes.len();
    // A part of a plan never prunes: what it leaves out may be what still needs an item.
    draft.changes.retain(|change| change.action() != Action::Delete && wanted.contains(&change.key));
    // Neither does what stands in the way of the rest stand in the way of this part; what it needs and lacks is told
    // by `hold::references`.
    let declared = &draft.input.site.items;
    let out: BTreeSet<String> =
        declared.keys().filter(|key| !wanted.contains(key)).map(ItemKey::to_string).filter(|a| !asked(a)).collect();
    draft.held.retain(|held| !out.contains(&held.key.to_string()));
    draft.findings.retain(|finding| !out.contains(&finding.subject));
    before - draft.changes.len()
}

/// The addresses that were asked for, or excluded, and that no item has, declared or live: most likely misspelt.
pub(super) fn unmatched(input: &Input<'_>) -> Vec<String> {
    let live = input.observed.items.iter().map(|live| &live.item.key);
    let addresses: HashSet<String> = input.site.items.keys().chain(live).map(ItemKey::to_string).collect();
    let globs = input.targets.iter().chain(input.excludes);
    let is_of_none = |glob: &&String| {
        if glob.contains('*') {
            !addresses.iter().any(|address| is_match(glob, address))
        } else {
            !addresses.contains(*glob)
        }
    };
    globs.filter(is_of_none).cloned().collect()
}

/// Addresses that were asked for: whole ones, of which a file may hold very many, and patterns.
struct Globs<'a> {
    whole: HashSet<&'a str>,
    patterns: Vec<&'a str>,
}

impl<'a> Globs<'a> {
    fn of(globs: &'a [String]) -> Self {
        let (patterns, whole): (Vec<&str>, Vec<&str>) =
            globs.iter().map(String::as_str).partition(|glob| glob.contains('*'));
        Self { whole: whole.into_iter().collect(), patterns }
    }

    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.patterns.is_empty()
    }

    fn match_one(&self, address: &str) -> bool {
        self.whole.contains(address) || self.patterns.iter().any(|pattern| is_match(pattern, address))
    }
}

/// Whether an address matches a pattern in which `*` stands for any run of characters.
pub fn is_match(pattern: &str, address: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = address.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::Globs;
    use super::is_match;

    #[test]
    fn whole_addresses_and_patterns_are_asked_for_together_and_in_time() {
        let mut globs: Vec<String> = (0..50_000).map(|n| format!("package/p{n}")).collect();
        globs.push("task/*".to_owned());
        let globs = Globs::of(&globs);
        assert!((0..50_000).all(|n| globs.match_one(&format!("package/p{n}"))));
        assert!(globs.match_one("task/x") && !globs.match_one("package/p") && !globs.match_one("package/p1/Install"));
        assert!(Globs::of(&[]).is_empty() && !globs.is_empty());
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, address, expected) in [
            ("task/Install 7-Zip", "task/Install 7-Zip", true),
            ("task/Install", "task/Install 7-Zip", false),
            ("task/*", "task/Install 7-Zip", true),
            ("*7-Zip", "package/7-Zip", true),
            ("*/7*p", "package/7-Zip", true),
            ("*/7*p*", "package/7-Zip", true),
            ("package/*x*", "package/7-Zip", false),
            ("*", "anything", true),
        ] {
            assert_eq!(is_match(pattern, address), expected, "{pattern} {address}");
        }
    }
}
