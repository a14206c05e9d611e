//! Patch licences.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&LIC_1, &LIC_2, &LIC_3, &LIC_4, &LIC_5];

/// A computer takes a licence with its first assessment.
pub static LIC_1: Rule = Rule {
    id: "LIC-1",
    title: "a computer takes a licence with its first assessment",
    source: "Patch licence consumption, article 180699",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "When the plug-in is installed, a plug-in policy targets the computer, and the scan package was \
              downloaded and run: the result that comes back takes one licence.",
};

/// An empty pool gives nothing, and takes nothing back.
pub static LIC_2: Rule = Rule {
    id: "LIC-2",
    title: "an empty pool gives nothing, and takes nothing back",
    source: "Patch licence consumption, article 180699",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Computers that hold a licence go on. New ones get none, and return no inventory until one is free.",
};

/// An expired licence stops patching; expired maintenance stops new bulletins.
pub static LIC_3: Rule = Rule {
    id: "LIC-3",
    title: "an expired licence stops patching; expired maintenance stops new bulletins",
    source: "Patch licence consumption, article 180699",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "With an expired licence nothing is patched and no scan runs. With expired maintenance existing \
              bulletins go on and no new ones come; on 8.5 RU2 to RU4 update tasks cannot be scheduled.",
};

/// A licence comes back when the computer is retired.
pub static LIC_4: Rule = Rule {
    id: "LIC-4",
    title: "a licence comes back when the computer is retired",
    source: "Patch licence consumption, article 180699",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "Or deleted, and once the refresh of licences has run. Taking a computer out of the plug-in policy \
              returns nothing.",
};

/// Targeting more computers with the plug-in is a purchase.
pub static LIC_5: Rule = Rule {
    id: "LIC-5",
    title: "targeting more computers with the plug-in is a purchase",
    source: "Patch licence consumption, article 180699",
    acts: &[Act::Consequence],
    explain: "The plan says how many licences it takes and how many are left; with none left the new \
              computers are enrolled and return nothing (LIC-2).",
};
