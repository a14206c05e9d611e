//! The hidden step tasks of sequential tasks (SEQ-1, SEQ-4, SEQ-7).

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
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::refs;
use crate::server::store::refs::From;

/// What the console calls the hidden task of a step (SEQ-4; SWD 6.1 guide, Execution Details).
pub fn step_name(program: &str) -> String {
    format!("Software Delivery Task for program : {program}")
}

impl Writer<'_> {
    /// Makes the hidden step tasks of a sequential task that is itself in the store, and writes their GUIDs into it.
    pub(super) fn make_steps(&self, owner: Guid, spec: &mut SequentialTask, revision: Revision) -> Result<(), Refused> {
        let now = self.now.to_string();
        for step in &mut spec.steps {
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
        }
        Ok(())
    }

    /// Leaves the step tasks of a sequential task behind without a sequence (SEQ-7). Its references to them go with it,
    /// or with the next [`Self::sync_references`].
    pub(super) fn abandon_steps(&self, spec: &SequentialTask, revision: Revision) -> Result<(), Refused> {
        for task in spec.steps.iter().filter_map(|step| step.task) {
            self.rewrite(task, revision, |item| {
                if let Spec::StepTask(step) = &mut item.spec {
                    step.sequence = None;
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
        let mut item = Item::stored(&json)?;
        change(&mut item);
        item.revision = revision;
        item.modified_at = self.now;
        Ok(items::update(self.sql, &item.row(&item.to_json()))?)
    }
}
