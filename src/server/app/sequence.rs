//! The hidden step tasks of sequential tasks (SEQ-1, SEQ-4, SEQ-7). Sequential tasks that run the same program share its
//! step task (SEQ-8): whose it is, the rows of references say.

use std::collections::BTreeSet;

use crate::model::guid::Guid;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::item::Revision;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::task::SequentialTask;
use crate::server::app::spec::task::StepTask;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::items::Named;
use crate::server::store::refs;
use crate::server::store::refs::From;

/// What the console calls the hidden task of a step (SEQ-4; SWD 6.1 guide, Execution Details).
pub fn step_name(program: &str) -> String {
    format!("Software Delivery Task for program : {program}")
}

/// The sequential tasks that have a step task, by name.
pub(super) fn owners(sql: &Connection, step: Guid) -> Result<Vec<Named>, StoreError> {
    let ends = refs::ends(sql, step, From::Child, i64::MAX.unsigned_abs())?;
    Ok(ends.into_iter().filter(|end| end.hint == refs::USES_STEP).map(|end| end.item).collect())
}

impl Writer<'_> {
    /// Gives the steps of a sequential task that is itself in the store their hidden tasks, and writes the GUIDs into it:
    /// one that another sequential task has for the program (SEQ-8), or else a new one. A program that runs twice in one
    /// sequence has two.
    pub(super) fn make_steps(&self, owner: Guid, spec: &mut SequentialTask, revision: Revision) -> Result<(), Refused> {
        let now = self.now.to_string();
        let mut taken = BTreeSet::new();
        for step in &mut spec.steps {
            if let Some(shared) = self.step_of_others(owner, step.program, &taken)? {
                taken.insert(shared);
                step.task = Some(shared);
                continue;
            }
            let program = items::named(self.sql, step.program)?.ok_or(StoreError::Corrupt { what: "reference" })?;
            let item = Item {
                guid: self.ids.guid(),
                kind: Kind::StepTask,
                name: step_name(&program.name),
                folder: None,
                package: None,
                attributes: BTreeSet::from([Attribute::Hidden]),
                revision,
                created_at: self.now,
                modified_at: self.now,
                spec: Spec::StepTask(StepTask { package: step.package, program: step.program, sequence: Some(owner) }),
            };
            items::insert(self.sql, &item.row(&item.to_json()))?;
            refs::add(self.sql, item.guid, step.package, refs::USES_PACKAGE, &now)?;
            refs::add(self.sql, item.guid, step.program, refs::USES_PROGRAM, &now)?;
            step.task = Some(item.guid);
            taken.insert(item.guid);
        }
        Ok(())
    }

    /// A step task for a program that another sequential task has, and this one not yet (SEQ-8).
    fn step_of_others(&self, owner: Guid, program: Guid, taken: &BTreeSet<Guid>) -> Result<Option<Guid>, StoreError> {
        for end in refs::ends(self.sql, program, From::Child, i64::MAX.unsigned_abs())? {
            let is_free = end.item.kind == Kind::StepTask.name() && !taken.contains(&end.item.guid);
            if is_free && owners(self.sql, end.item.guid)?.iter().any(|sequence| sequence.guid != owner) {
                return Ok(Some(end.item.guid));
            }
        }
        Ok(None)
    }

    /// Leaves the step tasks of a sequential task behind: with another one that shares them (SEQ-8), or without any
    /// (SEQ-7). Its references to them go with it, or with the next [`Self::sync_references`].
    pub(super) fn abandon_steps(&self, owner: Guid, spec: &SequentialTask, revision: Revision) -> Result<(), Refused> {
        for task in spec.steps.iter().filter_map(|step| step.task) {
            let heir = owners(self.sql, task)?.into_iter().map(|sequence| sequence.guid).find(|guid| *guid != owner);
            self.rewrite(task, revision, |item| {
                if let Spec::StepTask(step) = &mut item.spec
                    && (heir.is_none() || step.sequence == Some(owner))
                {
                    step.sequence = heir;
                }
            })?;
        }
        Ok(())
    }

    /// Calls the step tasks of a program by the name that it has now. Their GUIDs stay (SEQ-2).
    pub(super) fn rename_steps(&self, program: &Item) -> Result<(), Refused> {
        for end in refs::ends(self.sql, program.guid, From::Child, i64::MAX.unsigned_abs())? {
            if end.item.kind == Kind::StepTask.name() {
                self.rewrite(end.item.guid, program.revision, |item| item.name = step_name(&program.name))?;
            }
        }
        Ok(())
    }

    fn rewrite(&self, guid: Guid, revision: Revision, change: impl FnOnce(&mut Item)) -> Result<(), Refused> {
        let json = items::json(self.sql, guid)?.ok_or(StoreError::Corrupt { what: "reference" })?;
        let before = Item::stored(&json)?;
        let mut item = before.clone();
        change(&mut item);
        if item == before {
            return Ok(());
        }
        item.revision = revision;
        item.modified_at = self.now;
        Ok(items::update(self.sql, &item.row(&item.to_json()))?)
    }
}
