//! Package definition files and early exits.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PDF_2];

/// A program that shuts the system down at once never lives to report.
pub static PDF_2: Rule = Rule {
    id: "PDF-2",
    title: "a program that shuts the system down at once never lives to report",
    source: "SMS Q175652",
    acts: &[Act::Lint, Act::Forecast, Act::Server],
    explain: "With the mark (`exitsEarly`, `SynchronousSystemExitRequired=TRUE` in a definition file) its status \
              is set to executed once it has started. Without, it stays pending and may run again. The lint speaks of \
              command lines that restart the computer and lack the mark, and of programs that have the mark and \
              something that is to follow their end.",
};
