//! Restarts that are put off.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&RST_1, &RST_2, &RST_3, &RST_4];

/// A restart that is put off holds back the later resources of its policy.
pub static RST_1: Rule = Rule {
    id: "RST-1",
    title: "a restart that is put off holds back the later resources of its policy",
    source: "Restart deferral, article 184976",
    acts: &[Act::Forecast],
    explain: "A managed delivery policy installs several resources; while the restart that one of them asks for \
              is pending, the later ones wait.",
};

/// A pending restart holds back everything else on the computer.
pub static RST_2: Rule = Rule {
    id: "RST-2",
    title: "a pending restart holds back everything else on the computer",
    source: "Restart deferral, article 184976",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Other policies, quick deliveries, patch scans included, unless the agent value \
              `DisregardPostRunAction` is 1 (8.1 RU2 and later; `disregardPostRunAction` in agent settings).",
};

/// What needs the restart first can fail when it is disregarded.
pub static RST_3: Rule = Rule {
    id: "RST-3",
    title: "what needs the restart first can fail when it is disregarded",
    source: "Restart deferral, article 184976",
    acts: &[Act::Lint, Act::Forecast],
    explain: "And what failed is not tried again unless its policy repeats. Give such policies a schedule that \
              repeats. The lint speaks of delivery policies without one, for computers whose agent settings have \
              `disregardPostRunAction` and which a policy restarts.",
};

/// Of several restart settings the lowest holds.
pub static RST_4: Rule = Rule {
    id: "RST-4",
    title: "of several restart settings the lowest holds",
    source: "Restart deferral, article 184976",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Several policies with restart settings on one computer: the lowest value is used for the countdown \
              and for the deferral. A policy that is added or lowered shortens the prompt of all others there.",
};
