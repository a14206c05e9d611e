//! Patch licences.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&LIC_1, &LIC_2, &LIC_3, &LIC_4, &LIC_5];

/// A computer takes a licence with its first assessment.
pub static LIC_1: Rule = Rule {
    id: "LIC-1",
    title: "a computer takes a licence with its first assessment",
    source: "Patch licence consumption",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "The plug-in is installed, the default plug-in policy or a clone of it targets the computer, the \
              scan package is downloaded and has run, and its result comes back. A plan says which computers \
              that will be, and which are targeted and lack the plug-in.",
};

/// With an empty pool new computers get no licence.
pub static LIC_2: Rule = Rule {
    id: "LIC-2",
    title: "with an empty pool new computers get no licence",
    source: "Patch licence consumption",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Computers that hold one go on; new ones get none, return nothing and are not patched. A plan \
              that takes more licences than are free says how many computers go without.",
};

/// An expired licence or maintenance stops patching.
pub static LIC_3: Rule = Rule {
    id: "LIC-3",
    title: "an expired licence or maintenance stops patching",
    source: "Patch licence consumption",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "After the licence expired nothing is scanned or patched. After its maintenance expired \
              bulletins that are there go on and new ones do not come; on 8.5 RU2 to RU4 update tasks cannot \
              be scheduled. A plan that enrols computers says so.",
};

/// A licence returns when the computer is retired or deleted.
pub static LIC_4: Rule = Rule {
    id: "LIC-4",
    title: "a licence returns when the computer is retired or deleted",
    source: "Patch licence consumption",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "And only after the refresh has run. Taking a computer out of the plug-in policy gives nothing \
              back: a plan says how many licences stay with computers that leave.",
};

/// Targeting more computers with the plug-in is a purchase.
pub static LIC_5: Rule = Rule {
    id: "LIC-5",
    title: "targeting more computers with the plug-in is a purchase",
    source: "Patch licence consumption",
    acts: &[Act::Consequence],
    explain: "Each newly enrolled computer takes a licence of the pool. A plan says how many it takes and how \
              many are left, and a limit under this ID holds for that number.",
};
