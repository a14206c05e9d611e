//! Package definition files, version 1.0: setup variations (PDF-1), and programs that end the system (PDF-2).

use super::Draft;
use super::ini::Ini;
use super::ini::Section;
use super::named;
use super::pdf::command_line;
use super::pdf::leftovers;
use super::pdf::package_name;
use super::pdf::unique_names;
use super::pdf::variations;
use super::program;
use super::reading::Reading;
use super::source;
use crate::diag::visible;
use crate::model::package::CanRun;
use crate::model::package::MaxRunTime;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::package::RunWith;
use crate::model::package::RunWithBuilt;
use crate::model::units::Duration;
use crate::rules::import::IMP_2;

pub(super) fn draft(reading: &mut Reading, ini: &Ini, section: &Section, unc: Option<&str>) -> Option<Draft> {
    let name = package_name(reading, section, "Product");
    let mut package = Package {
        description: section.text("Comment"),
        source: source(unc, true, &mut reading.notes),
        ..Package::default()
    };
    match section.said("Version") {
        Some(version) => package.version.clone_from(&version.value),
        None => {
            reading.warn(&IMP_2, &section.at, "`Version` says nothing".to_owned(), "the manifest has the default, 1.0");
        }
    }
    reading.note("/spec", "from a definition file of version 1.0, which knows neither publisher nor language");
    let sections = variations(reading, ini, section, "SetupVariations", " Setup");
    let mut programs: Vec<Program> = sections
        .iter()
        .enumerate()
        .map(|(at, section)| one(reading, section, &format!("/spec/programs/{at}")))
        .collect();
    unique_names(reading, &mut programs, &sections);
    leftovers(reading, ini, &sections);
    Some(Draft::package(reading.source, &name?, package, programs))
}

/// One setup variation as a program (PDF-1). What version 1.0 does not say has the defaults of 2.0.
fn one(reading: &mut Reading, section: &Section, at: &str) -> Program {
    let name = reading.name(section, "CommandName", &format!("{at}/name")).unwrap_or_else(|| {
        let message = format!("the variation in `[{}]` has no `CommandName`", visible(&section.name));
        reading.warn(&IMP_2, &section.at, message, "it is called as its section is");
        named(&section.name).unwrap_or_else(|| "Program".to_owned())
    });
    let mut out = program(name, command_line(reading, section));
    let pointer = format!("{at}/userInputRequired");
    out.user_input_required = reading.flag(section, "UserInputRequired", &pointer, "the default, true").unwrap_or(true);
    // PDF-2: it shuts the system down before it could report, and counts as executed once it has started.
    out.exits_early = reading
        .flag(section, "SynchronousSystemExitRequired", &format!("{at}/exitsEarly"), "the default, false")
        .unwrap_or(false);
    out.run_with = RunWith::Built(RunWithBuilt::LoggedOnUser);
    out.can_run = CanRun::UserLoggedOn;
    out.max_run_time = MaxRunTime::Limit(Duration::hours(2));
    reading.note(
        format!("{at}/runWith"),
        "assumed: with the rights of the logged-on user, the default of version 2.0; version 1.0 does not say",
    );
    reading.note(format!("{at}/maxRunTime"), "assumed: 120 minutes, as the console takes it; version 1.0 does not say");
    out
}
