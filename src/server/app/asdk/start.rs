//! When a task starts, as software delivery says it (altiris-asdk §4.9): as soon as possible, by a schedule, or both.
//!
//! A task of this server has one start. While it is switched off it is held to have both, so that a caller may set them in
//! any order; to switch it on, one must go.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::details::ASAP_TOO;
use crate::server::app::asdk::details::runs_asap_too;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::schedule::Said;
use crate::server::app::asdk::wrong_type;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::task::Task;
use crate::server::app::writer::Writer;
use crate::server::store::asdk;
use crate::server::store::fleet;
use crate::server::store::meta;

impl Writer<'_> {
    /// The day that it is on the server's clock.
    ///
    /// # Errors
    /// When the store fails.
    pub fn day(&self) -> Result<Date, Refused> {
        let zone = meta::get(self.sql, fleet::ZONE)?.and_then(|zone| TimeZone::get(&zone).ok());
        Ok(self.now.to_zoned(zone.unwrap_or(TimeZone::UTC)).date())
    }

    /// Makes a task what `change` makes of it.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no task; what `change` returns, and as of a change of the item.
    pub fn change_task(
        &mut self,
        guid: Guid,
        change: impl FnOnce(&mut Task) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        entry::find_item(self.sql, guid, Class::Task)?;
        self.edit(guid, |item| match &mut item.spec {
            Spec::Task(spec) => change(spec),
            _ => Err(wrong_type(guid, Class::Task)),
        })?;
        Ok(())
    }

    /// Lets a task run as soon as possible, or not.
    ///
    /// # Errors
    /// As [`Self::change_task`]; `invalid` for one that is switched on and has a schedule.
    pub fn set_asap(&mut self, guid: Guid, asap: bool) -> Result<(), Refused> {
        let mut too = false;
        self.change_task(guid, |task| {
            match (&task.run, asap) {
                (Run::Manual {}, true) => task.run = Run::AsSoonAsPossible {},
                (Run::AsSoonAsPossible {}, false) => task.run = Run::Manual {},
                (Run::Schedule { .. }, true) if task.enabled => return Err(both()),
                (Run::Schedule { .. }, true) => too = true,
                _ => {}
            }
            Ok(())
        })?;
        Ok(asdk::set_extras(self.sql, guid, too.then_some(ASAP_TOO))?)
    }

    /// Gives a task this schedule, or none; that it runs as soon as possible stays.
    ///
    /// # Errors
    /// As [`Self::change_task`]; `invalid` for one that is switched on and runs as soon as possible.
    pub fn set_task_schedule(&mut self, guid: Guid, said: Said) -> Result<(), Refused> {
        let mut too = runs_asap_too(self.sql, guid)?;
        self.change_task(guid, |task| {
            if let Some(independent) = said.independent {
                task.independent_execution = independent;
            }
            let asap = too || matches!(task.run, Run::AsSoonAsPossible {});
            match said.run {
                Some(Run::Schedule { .. }) if asap && task.enabled => return Err(both()),
                Some(run @ Run::Schedule { .. }) => {
                    task.run = run;
                    too = asap;
                }
                Some(run) => {
                    task.run = run;
                    too = false;
                }
                None => {
                    task.run = if asap { Run::AsSoonAsPossible {} } else { Run::Manual {} };
                    too = false;
                }
            }
            Ok(())
        })?;
        Ok(asdk::set_extras(self.sql, guid, too.then_some(ASAP_TOO))?)
    }

    /// That a task has one start, before it is switched on.
    pub(super) fn check_one_start(&self, guid: Guid) -> Result<(), Refused> {
        if runs_asap_too(self.sql, guid)? { Err(both()) } else { Ok(()) }
    }
}

fn both() -> Refused {
    let why = "the task would run as soon as possible and by a schedule; this server holds one start of a task that is \
               switched on: set `RunASAP` to false first";
    Refused::invalid("schedule", why)
}
