//! Maintenance windows.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&MW_9];

/// A maintenance window lasts 5 minutes to 24 hours.
pub static MW_9: Rule = Rule {
    id: "MW-9",
    title: "a maintenance window lasts 5 minutes to 24 hours",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Validate],
    explain: "Servers refuse shorter and longer ones, and keep whole minutes. For more than a day write several \
              windows; overlapping ones are taken together. A window in UTC moves by an hour against local time when \
              daylight saving changes.",
};
