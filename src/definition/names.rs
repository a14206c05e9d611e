//! Names that no two items share (IMP-8).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Draft;
use super::Format;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Sources;
use crate::diag::called;
use crate::diag::visible;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// Gives each item a name of its own, case apart. Copies that say the same, remarks included, become one.
///
/// Of several of one name the first, by its file, keeps it only where the others are copies: else all of them get their
/// versions behind it, and those that share that too a number.
pub(super) fn settle(drafts: &mut Vec<Draft>, sources: &Sources, findings: &mut Diagnostics) {
    drafts.sort_by(|a, b| (sources.path(a.source), &a.item.key).cmp(&(sources.path(b.source), &b.item.key)));
    let mut groups: BTreeMap<(Kind, String), Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        groups.entry((draft.item.key.kind, draft.item.key.name.to_lowercase())).or_default().push(at);
    }
    let mut taken: BTreeSet<(Kind, String)> = groups.keys().cloned().collect();
    let mut copies = BTreeSet::new();
    for ((kind, _), group) in groups {
        let mut different: Vec<usize> = Vec::new();
        for at in group {
            match different.iter().find(|first| is_copy(&drafts[**first], &drafts[at])) {
                Some(first) => {
                    let message =
                        format!("says the same as `{}`", visible(sources.path(drafts[*first].source).as_str()));
                    let at_file = Location::File(drafts[at].source);
                    findings.push(
                        Diagnostic::warning(&crate::rules::import::IMP_8, at_file, message)
                            .help("one manifest was made of the two"),
                    );
                    copies.insert(at);
                }
                None => different.push(at),
            }
        }
        if different.len() < 2 {
            continue;
        }
        for at in different {
            let draft = &mut drafts[at];
            let before = draft.item.key.name.clone();
            // Tasks come of policies alone, and so do the packages that they name.
            let is_named = kind == Kind::Package && Format::of(sources.path(draft.source)) == Some(Format::Policy);
            let name = free(draft, kind, &mut taken);
            rename(draft, name.clone(), sources, findings);
            if is_named {
                follow(drafts, &before, &name);
            }
        }
    }
    let mut at = 0;
    drafts.retain(|_| {
        at += 1;
        !copies.contains(&(at - 1))
    });
}

/// Lets the tasks name a package as it is called now.
fn follow(drafts: &mut [Draft], before: &str, name: &str) {
    for draft in drafts {
        match &mut draft.item.spec {
            Spec::Task(task) if task.package == before => name.clone_into(&mut task.package),
            Spec::SequentialTask(task) => {
                let steps = task.steps.iter_mut().filter(|step| step.package == before);
                steps.for_each(|step| name.clone_into(&mut step.package));
            }
            _ => {}
        }
    }
}

fn is_copy(a: &Draft, b: &Draft) -> bool {
    // Remarks name their file, which is what may differ.
    let remarks = |draft: &Draft| -> Vec<(String, String)> {
        let text = |text: &str| text.split_once(": ").map_or(text, |(_, rest)| rest).to_owned();
        draft.notes.iter().map(|(at, note)| (at.clone(), text(note))).collect()
    };
    a.item == b.item && a.programs == b.programs && remarks(a) == remarks(b)
}

fn free(draft: &Draft, kind: Kind, taken: &mut BTreeSet<(Kind, String)>) -> String {
    let name = &draft.item.key.name;
    let version = match &draft.item.spec {
        Spec::Package(package) => package.version.trim(),
        _ => "",
    };
    let base = match super::named(version) {
        Some(version) if !name.contains(&version) => {
            let room = 240 - version.chars().count().min(200);
            format!("{} {version}", name.chars().take(room).collect::<String>())
        }
        _ => name.clone(),
    };
    let mut number = 1;
    loop {
        let name = if number == 1 { base.clone() } else { format!("{base} ({number})") };
        if taken.insert((kind, name.to_lowercase())) {
            return name;
        }
        number += 1;
    }
}

fn rename(draft: &mut Draft, name: String, sources: &Sources, findings: &mut Diagnostics) {
    let before = called(&draft.item.key);
    let message = format!("several definitions make a {before}");
    let help = format!("this one became `{}`", visible(&name));
    findings.push(Diagnostic::warning(&crate::rules::import::IMP_8, Location::File(draft.source), message).help(help));
    let file = sources.path(draft.source).file_name().unwrap_or_default().to_owned();
    let note = format!("called `{}` in {file}; another definition has that name too", draft.item.key.name);
    draft.notes.push(("/metadata".to_owned(), note));
    for program in &mut draft.programs {
        program.key = ItemKey { package: Some(name.clone()), ..program.key.clone() };
    }
    draft.item.key.name = name;
}
