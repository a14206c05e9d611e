//! Collections.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&COL_1, &COL_2, &COL_3];

/// Collections are made of computers and other collections, without a cycle.
pub static COL_1: Rule = Rule {
    id: "COL-1",
    title: "collections are made of computers and other collections, without a cycle",
    source: "SWD 6.1 guide, Collection Management",
    acts: &[Act::Validate, Act::Plan, Act::Server],
    explain: "A collection lists computers, or asks inventory, or both; it may include, exclude and be limited to \
              other collections. A collection that leads back to itself that way has no members that could be worked \
              out, and servers loop or give up. The finding names the whole cycle: take one of its links out. \
              Collections that no manifest declares are listed under `externals`. A plan warns of a computer that is newly \
              listed and that the server does not know.",
};

/// A plan says which computers a collection gains and loses.
pub static COL_2: Rule = Rule {
    id: "COL-2",
    title: "a plan says which computers a collection gains and loses",
    source: "SWD 6.1 guide, Collection Management",
    acts: &[Act::Consequence],
    explain: "What a changed collection starts (tasks run on computers that enter) and ends (tasks and packages go \
              from those that leave) is the larger part of many changes. A limit under this ID holds for the computers \
              that enter or leave; past it the plan is blocked until the change is acknowledged or the limit raised. A share is \
              one of those who were reached before, judged where all who were or are reached are at least the floor; a \
              growth from none is over it. What the plan creates has no share: only a count limits whom it reaches. What an \
              apply that was cut short made is there already: the same plan file goes on, a new plan may ask to be \
              acknowledged.",
};

/// Every item can be looked up with all that refers to it.
pub static COL_3: Rule = Rule {
    id: "COL-3",
    title: "every item can be looked up with all that refers to it",
    source: "SWD 6.1 guide, ItemReference",
    acts: &[Act::Server],
    explain: "By name or GUID, with its folder and the kind of each reference: `consign refs`. So what \
              stands in the way of a delete can be found before it is tried (PKG-8).",
};
