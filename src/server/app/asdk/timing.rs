//! When an entry starts by itself, as items of the older API have it (altiris-asdk §4.1, `SetItemsSchedule`).

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::schedule;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::Run;
use crate::server::app::writer::Writer;

impl Entry {
    /// When it starts; `None` for what never has a schedule.
    pub fn run(&self) -> Option<Run> {
        let Self::Item(item) = self else { return None };
        match &item.spec {
            Spec::Task(spec) => Some(spec.run.clone()),
            Spec::SequentialTask(spec) => Some(spec.run.clone()),
            Spec::MaintenanceWindow(spec) => Some(Run::Schedule { schedule: spec.schedule.clone() }),
            Spec::PatchPlugin(spec) => {
                Some(spec.scan.clone().map_or(Run::Manual {}, |schedule| Run::Schedule { schedule }))
            }
            _ => None,
        }
    }
}

impl App {
    /// The day that it is on the server's clock.
    ///
    /// # Errors
    /// When the store fails.
    pub fn today(&self) -> Result<jiff::civil::Date, Refused> {
        let zone = jiff::tz::TimeZone::get(&self.zone()?).unwrap_or(jiff::tz::TimeZone::UTC);
        Ok(self.now().to_zoned(zone).date())
    }
}

impl Writer<'_> {
    /// Gives an entry another schedule; `None` and an empty one: it never starts by itself.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what never has a schedule; `invalid` for XML that cannot be read or held.
    pub fn set_schedule(&mut self, guid: Guid, xml: Option<&str>, today: jiff::civil::Date) -> Result<(), Refused> {
        if self.entry(guid)?.run().is_none() {
            return Err(super::wrong_type(guid, Class::Task));
        }
        let said = schedule::read(xml.unwrap_or_default(), today)?;
        self.edit(guid, |item| {
            let needs = |what: &str| {
                let why = format!("a {what} starts at times of its own, or not at all");
                Refused::new(Code::Invalid, why).with("field", "schedule")
            };
            match (&mut item.spec, said.run) {
                (Spec::Task(spec), run) => spec.run = run.unwrap_or(Run::Manual {}),
                (Spec::SequentialTask(spec), run) => spec.run = run.unwrap_or(Run::Manual {}),
                (Spec::MaintenanceWindow(spec), Some(Run::Schedule { schedule })) => spec.schedule = schedule,
                (Spec::MaintenanceWindow(_), _) => return Err(needs("maintenance window")),
                (Spec::PatchPlugin(spec), Some(Run::Schedule { schedule })) => spec.scan = Some(schedule),
                (Spec::PatchPlugin(spec), None | Some(Run::Manual {})) => spec.scan = None,
                (Spec::PatchPlugin(_), Some(Run::AsSoonAsPossible {})) => return Err(needs("scan")),
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }
}
