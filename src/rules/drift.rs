//! DRF: drift that is known. The family is the project's own.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&DRF_1, &DRF_2];

/// What is known as drift is known until a day.
pub static DRF_1: Rule = Rule {
    id: "DRF-1",
    title: "what is known as drift is known until a day",
    source: "consign, drift",
    acts: &[Act::Plan],
    explain: "A baseline names drift that its owners know of, with the reason and the last day it holds. After that day the \
              drift counts as new again, so that an exception does not become the rule unseen. Mend the server or the \
              manifest, or give the entry another day in a change that is reviewed.",
};

/// A baseline names drift that is there.
pub static DRF_2: Rule = Rule {
    id: "DRF-2",
    title: "a baseline names drift that is there",
    source: "consign, drift",
    acts: &[Act::Plan],
    explain: "An entry of the baseline that fits no drift of its server accepts something that nobody sees, should it come \
              again: the drift is gone, or the item is called otherwise, or the live value is another one than was \
              accepted. Take the entry out, or correct it.",
};
