//! What the manifests say of who is in a collection, and for how long.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::context::Context;
use crate::model::collection::Collection;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// How many collections are looked at for one.
const STEPS_MAX: u32 = 1000;

/// Words in a question that may ask for what is installed. One that has none of them has the same answer before and
/// after a program has run.
const SOFTWARE: &[&str] = &[
    "software",
    "program",
    "product",
    "install",
    "package",
    "application",
    "file",
    "version",
    "hotfix",
    "patch",
    "update",
    "service",
    "registry",
    "aex_swd",
    "agent",
    "delivery",
    "execution",
];

/// Words in a question that take computers out of its answer.
const NEGATIONS: &[&str] = &[" not ", "(not", "not(", "<>", "!=", "is null", "except", "having"];

/// Columns of every server whose names hold one of the words above and say nothing of software.
const INNOCENT: &[&str] = &["operatingsystemnameandversion", "operatingsystemversion"];

/// The collection of this name, where a manifest declares it.
fn collection<'a>(context: &Context<'a>, name: &str) -> Option<&'a Collection> {
    match &context.site.get(&ItemKey::new(Kind::Collection, name))?.spec {
        Spec::Collection(collection) => Some(collection),
        _ => None,
    }
}

/// What was found of collections so far.
#[derive(Default)]
pub(super) struct Audience<'a> {
    kept: BTreeMap<&'a str, bool>,
}

impl<'a> Audience<'a> {
    /// Whether a computer stays in this collection whatever is installed on it, as far as the manifests show. `false`
    /// where they do not show it.
    pub(super) fn keeps(&mut self, context: &Context<'a>, name: &'a str) -> bool {
        *self.kept.entry(name).or_insert_with(|| keeps_below(context, name, &mut Vec::new(), &mut { STEPS_MAX }))
    }
}

/// As [`Audience::keeps`]; `way` are the collections that led here, `steps` how many more may be looked at.
fn keeps_below<'n>(context: &Context<'n>, name: &'n str, way: &mut Vec<&'n str>, steps: &mut u32) -> bool {
    // A circle is an error of its own (COL-1); what takes too long to find out is not known.
    if way.contains(&name) || *steps == 0 {
        return false;
    }
    *steps -= 1;
    let Some(collection) = collection(context, name).filter(|one| one.exclude.is_empty()) else { return false };
    way.push(name);
    let is_limited = collection.limited_to.as_ref().is_none_or(|limit| keeps_below(context, limit, way, steps));
    let has_members = collection.members.as_ref().is_some_and(|members| !members.is_empty());
    let asks = || collection.query.as_ref().is_some_and(|query| asks_for_no_software(query.text()));
    let keeps = is_limited
        && (has_members || asks() || collection.include.iter().any(|part| keeps_below(context, part, way, steps)));
    way.pop();
    keeps
}

fn asks_for_no_software(query: &str) -> bool {
    let mut text = format!(" {} ", query.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "));
    for name in INNOCENT {
        text = text.replace(name, "");
    }
    !SOFTWARE.iter().chain(NEGATIONS).any(|word| text.contains(word))
}

/// Whether every computer of one collection is in another, by what both are limited to and include. `false` where the
/// manifests do not show it.
pub(super) fn is_part_of(context: &Context<'_>, part: &str, whole: &str) -> bool {
    let mut above = vec![part];
    let mut seen = BTreeSet::new();
    while let Some(name) = above.pop() {
        if name == whole || holds(context, whole, name) {
            return true;
        }
        if seen.insert(name)
            && let Some(limit) = collection(context, name).and_then(|collection| collection.limited_to.as_deref())
        {
            above.push(limit);
        }
    }
    false
}

/// Whether a collection includes another, directly or through others, and takes nothing out on the way.
fn holds(context: &Context<'_>, whole: &str, part: &str) -> bool {
    let (mut below, mut seen) = (vec![whole], BTreeSet::new());
    while let Some(name) = below.pop() {
        if !seen.insert(name) {
            continue;
        }
        let Some(collection) = collection(context, name).filter(|one| one.exclude.is_empty()) else { continue };
        if collection.limited_to.is_some() {
            continue;
        }
        if collection.include.iter().any(|one| one == part) {
            return true;
        }
        below.extend(collection.include.iter().map(String::as_str));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::asks_for_no_software;

    #[test]
    fn a_question_about_hardware_keeps_its_computers_and_one_about_software_may_not() {
        for keeps in [
            "select Guid from vHardware where Model like 'Desktop Mini %'",
            "select * from SMS_R_System where OperatingSystemNameAndVersion like '%Workstation 10%'",
            "select Guid\nfrom vComputer\nwhere Site = 'Berlin'",
        ] {
            assert!(asks_for_no_software(keeps), "{keeps}");
        }
        for may_leave in [
            "select Guid from vComputer where Guid not in (select Guid from vSoftware where Name = '7-Zip')",
            "select Guid from vSoftware where Name = '7-Zip'",
            "select Guid from vComputer c where\n  NOT exists (select 1 from vHardware h where h.Guid = c.Guid)",
            "select Guid from vHardware where Model <> 'x'",
        ] {
            assert!(!asks_for_no_software(may_leave), "{may_leave}");
        }
    }
}
