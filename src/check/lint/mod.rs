//! The lints: what is legal and seldom wise. A function a rule, a file a family; each is a warning with a way out.
//!
//! A lint speaks only where the manifests themselves show the trouble. What depends on computers is told by a plan.

mod audience;
mod packages;
mod policies;
mod programs;
mod sequences;
mod settings;
mod tasks;
mod uses;

use super::context::Context;
use crate::diag::Diagnostic;
use crate::model::kind::ItemKey;
use crate::rules::Rule;

/// Every lint but those of command lines.
pub(super) const FAMILIES: [fn(&mut Context<'_>); 6] =
    [packages::check, programs::check, tasks::check, sequences::check, settings::check, policies::check];

impl Context<'_> {
    /// A warning on a value, with its way out; `pointer` is below the item's `spec`, without a leading `/`.
    fn lint(
        &self,
        rule: &'static Rule,
        key: &ItemKey,
        pointer: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::warning(rule, self.origins.value(key, pointer), message).help(help)
    }
}

#[cfg(test)]
mod tests;
