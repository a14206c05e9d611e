//! What an item refers to, and what refers to it.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::item::Item;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::sequence::owners;
use crate::server::app::spec::Spec;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::items;
use crate::server::store::refs;
use crate::server::store::refs::From;

/// The most users an `in_use` answer lists; `details.total` counts them all.
const USERS_SHOWN: usize = 1000;

impl Writer<'_> {
    /// Every item that a spec refers to is there and of the right kind, and a program belongs to the package it is
    /// named with (TSK-3).
    pub(super) fn check_references(&self, spec: &Spec) -> Result<(), Refused> {
        for reference in spec.references() {
            let there = items::named(self.sql, reference.child)?;
            if there.is_none_or(|item| item.kind != reference.kind.name()) {
                return Err(unknown_reference(
                    &format!("spec/{}", reference.field),
                    reference.child,
                    reference.kind.name(),
                ));
            }
        }
        for (at, package, program) in spec.pairs() {
            let home = items::named(self.sql, program)?.and_then(|program| program.package);
            if home != Some(package) {
                let field = format!("spec/{at}program");
                return Err(Refused::invalid(&field, "the program is one of another package").with("rule", "TSK-3"));
            }
        }
        Ok(())
    }

    /// COL-1: a collection does not include, exclude or limit itself, directly or not.
    pub(super) fn check_no_cycle(&self, guid: Guid, spec: &Spec) -> Result<(), Refused> {
        if !matches!(spec, Spec::Collection(_)) {
            return Ok(());
        }
        for start in spec.references() {
            let mut seen = BTreeSet::from([start.child]);
            let mut ahead = vec![start.child];
            while let Some(at) = ahead.pop() {
                if at == guid {
                    return Err(Refused::new(Code::Cycle, "the collection would depend on itself")
                        .with("field", format!("spec/{}", start.field))
                        .with("guid", start.child.to_string())
                        .with("rule", "COL-1"));
                }
                for (hint, child) in refs::children(self.sql, at)? {
                    if [refs::INCLUDES, refs::EXCLUDES, refs::LIMITED].contains(&hint.as_str()) && seen.insert(child) {
                        ahead.push(child);
                    }
                }
            }
        }
        Ok(())
    }

    /// Brings the rows of an item's references to what it says now; rows that stay keep their dates. A sequential
    /// task's references to programs are those of its step tasks.
    pub(super) fn sync_references(&self, item: &Item) -> Result<(), StoreError> {
        let now = self.now.to_string();
        let mut wanted: BTreeSet<(String, Guid)> = match &item.spec {
            Spec::SequentialTask(spec) => {
                let steps = spec.steps.iter().filter_map(|step| step.task);
                steps.map(|task| (refs::USES_STEP.to_owned(), task)).collect()
            }
            _ => BTreeSet::new(),
        };
        let is_step = |hint: &str| [refs::USES_PACKAGE, refs::USES_PROGRAM].contains(&hint);
        for reference in item.spec.references() {
            if item.kind != Kind::SequentialTask || !is_step(reference.hint) {
                wanted.insert((reference.hint.to_owned(), reference.child));
            }
        }
        // What a folder or package holds is said by what it holds.
        let held = [refs::FOLDER, refs::PROGRAM];
        let there: BTreeSet<(String, Guid)> = refs::children(self.sql, item.guid)?
            .into_iter()
            .filter(|(hint, _)| !held.contains(&hint.as_str()))
            .collect();
        for (hint, child) in there.difference(&wanted) {
            refs::remove(self.sql, item.guid, *child, hint)?;
        }
        for (hint, child) in wanted.difference(&there) {
            refs::add(self.sql, item.guid, *child, hint, &now)?;
        }
        Ok(())
    }

    /// Refuses while something refers to the item (PKG-8).
    pub(super) fn check_unused(&self, item: &Item) -> Result<(), Refused> {
        let users = users(self.sql, item)?;
        if users.is_empty() {
            return Ok(());
        }
        let total = users.len();
        let shown: Vec<Value> = users.into_iter().take(USERS_SHOWN).collect();
        let refused = Refused::new(Code::InUse, format!("the {} is in use", item.kind.name()))
            .with("users", shown)
            .with("total", total);
        Err(if item.kind == Kind::Package { refused.with("rule", "PKG-8") } else { refused })
    }
}

/// A refusal that names what is not there.
pub(super) fn unknown_reference(field: &str, guid: Guid, kind: &str) -> Refused {
    Refused::new(Code::UnknownReference, format!("there is no {kind} with this GUID"))
        .with("field", field)
        .with("guid", guid.to_string())
}

/// Who uses an item, each once a hint. A hidden step task stands for its sequential tasks (SEQ-8); one without a sequence
/// uses nothing any more (SEQ-7).
fn users(sql: &Connection, item: &Item) -> Result<Vec<Value>, Refused> {
    let mut found = BTreeSet::new();
    let mut add = |guid: Guid, kind: &str, name: &str, hint: &str| {
        found.insert((hint.to_owned(), kind.to_owned(), name.to_owned(), guid));
    };
    for end in refs::ends(sql, item.guid, From::Child, i64::MAX.unsigned_abs())? {
        if [refs::FOLDER, refs::PROGRAM].contains(&end.hint.as_str()) {
            continue; // Its own folder and package hold it; they do not use it.
        }
        if end.item.kind != Kind::StepTask.name() {
            add(end.item.guid, &end.item.kind, &end.item.name, &end.hint);
        } else {
            for owner in owners(sql, end.item.guid)? {
                add(owner.guid, &owner.kind, &owner.name, &end.hint);
            }
        }
    }
    let holds = match item.kind {
        Kind::Folder => Some(refs::FOLDER),
        Kind::Package => Some(refs::PROGRAM),
        _ => None,
    };
    if let Some(hint) = holds {
        for end in refs::ends(sql, item.guid, From::Parent, i64::MAX.unsigned_abs())? {
            if end.hint == hint {
                add(end.item.guid, &end.item.kind, &end.item.name, &end.hint);
            }
        }
    }
    if item.kind == Kind::Folder {
        for row in asdk::objects(sql, asdk::Filter { folder: Some(item.guid), ..asdk::Filter::default() })? {
            add(row.guid, &row.class, &row.name, refs::FOLDER);
        }
    }
    // What a delivery task runs, and what the portal offers.
    for row in asdk::naming(sql, item.guid, Class::USERS)? {
        add(row.guid, &row.class, &row.name, "uses");
    }
    let shown = |(hint, kind, name, guid): (String, String, String, Guid)| json!({ "guid": guid.to_string(), "kind": kind, "name": name, "hint": hint });
    Ok(found.into_iter().map(shown).collect())
}
