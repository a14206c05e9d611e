//! Validates a site against the rules: a function a rule, a file a family. Every check finds all it can in one pass and
//! says how to mend it; none stops at the first finding, opens a file, or asks a server.

mod collections;
mod context;
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

use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::model::project::Project;

/// Everything that the rules of the domain find wrong with a site, taken as the project's `policy.severities` say.
///
/// The result depends on the site and the project alone. Places are pointers until `manifest::locate` looks them up.
pub fn validate(loaded: &Loaded, project: &Project) -> Diagnostics {
    let mut context = Context::new(loaded, project);
    names::check(&mut context);
    packages::check(&mut context);
    programs::check(&mut context);
    tasks::check(&mut context);
    sequences::check(&mut context);
    schedules::check(&mut context);
    windows::check(&mut context);
    portal::check(&mut context);
    collections::check(&mut context);
    references::check(&mut context);
    let mut found = context.found;
    found.apply_severities(&project.policy.severities);
    found
}
