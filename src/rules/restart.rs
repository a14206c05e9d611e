//! Restart deferral.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&RST_2, &RST_4];

/// While a restart is pending everything else on the computer waits.
pub static RST_2: Rule = Rule {
    id: "RST-2",
    title: "while a restart is pending everything else on the computer waits",
    source: "SMF restart deferral",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Other policies, quick deliveries and patch scans wait too, unless the agent value \
              `DisregardPostRunAction` is 1 (`disregardPostRunAction` in `AgentSettings`). A plan says where \
              a restart that users may put off holds everything up, and where settings begin or cease to \
              disregard it.",
};

/// Of several policies with restarts the lowest countdown and deferral hold.
pub static RST_4: Rule = Rule {
    id: "RST-4",
    title: "of several policies with restarts the lowest countdown and deferral hold",
    source: "SMF restart deferral",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "On a computer that several delivery policies restart, the lowest value of each is used. A \
              policy that is added or lowered makes the prompt of the others shorter. A plan says on how many \
              computers.",
};
