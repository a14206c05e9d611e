//! Validates a site against the rules: a function a rule, a file a family. Every check finds all it can in one pass and
//! says how to mend it; none stops at the first finding, opens a file, or asks a server.

pub mod capabilities;
mod collections;
pub mod command;
mod commands;
mod context;
mod folders;
mod lint;
mod names;
mod packages;
mod portal;
mod programs;
mod references;
mod schedules;
mod sequences;
mod tasks;
mod windows;

use context::Context;
pub use names::refused_name;
pub use packages::is_unc;
use rayon::prelude::*;
pub use tasks::is_reserved;

use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::model::project::Project;

/// The checks but for those of `lint`, a file a family.
const FAMILIES: [fn(&mut Context<'_>); 12] = [
    names::check,
    packages::check,
    programs::check,
    commands::check,
    tasks::check,
    sequences::check,
    schedules::check,
    windows::check,
    portal::check,
    collections::check,
    references::check,
    references::check_secrets,
];

/// Everything that the rules of the domain find wrong with a site, taken as the project's `policy.severities` say.
///
/// The result depends on the site and the project alone; the families look at it beside each other, and their findings
/// come in their order. Places are pointers until `manifest::locate` looks them up.
pub fn validate(loaded: &Loaded, project: &Project) -> Diagnostics {
    let family = |check: &fn(&mut Context<'_>)| {
        let mut context = Context::new(loaded, project);
        check(&mut context);
        context.found
    };
    let all: Vec<Diagnostics> = FAMILIES.par_iter().chain(&lint::FAMILIES).map(family).collect();
    let mut found = Diagnostics::new();
    all.into_iter().for_each(|more| found.extend(more));
    found.apply_severities(&project.policy.severities);
    found
}
