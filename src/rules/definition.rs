//! Package definition files and early exits.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PDF_1, &PDF_2];

/// Definition files are imported as packages, one program per setup variation.
pub static PDF_1: Rule = Rule {
    id: "PDF-1",
    title: "a definition file becomes a package, each of its setup variations a program",
    source: "SMS Q175652; package definition file format",
    acts: &[Act::Import],
    explain: "`consign import` reads `.pdf` and `.sms` files of version 1.0 and 2.0. `SetupVariations` (1.0) and `Programs` \
              (2.0) name sections; each section becomes a program of one package, called by its own name. A section that \
              is named and not there is an error, for a package that lacks a program is not what somebody defined. \
              Mend the list or the section, and import the file again.",
};

/// A program that shuts the system down at once never lives to report.
pub static PDF_2: Rule = Rule {
    id: "PDF-2",
    title: "a program that shuts the system down at once never lives to report",
    source: "SMS Q175652",
    acts: &[Act::Lint, Act::Forecast, Act::Server, Act::Import],
    explain: "With the mark (`exitsEarly`, `SynchronousSystemExitRequired=TRUE` in a definition file) its status \
              is set to executed once it has started. Without, it stays pending and may run again. The lint speaks of \
              command lines that are there to restart the computer and lack the mark (an installer that does it besides \
              is told not to, PRG-5), and of programs that have the mark and something that is to follow their end.",
};
