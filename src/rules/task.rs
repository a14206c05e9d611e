//! Tasks.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&TSK_1, &TSK_2, &TSK_3, &TSK_8, &TSK_9];

/// A task's name does not contain `Software Request`.
pub static TSK_1: Rule = Rule {
    id: "TSK-1",
    title: "a task's name does not contain `Software Request`",
    source: "SWD 6.1 guide, Software Delivery Tasks; altiris-domain §13",
    acts: &[Act::Validate],
    explain: "The software portal names the tasks it makes `Software Request : PROGRAM`, and recognises them by that \
              name: purging and the portal's own reports would take this task for a request. Choose another name; that \
              goes for sequential tasks too.",
};

/// A priority is low, normal, high or veryHigh.
pub static TSK_2: Rule = Rule {
    id: "TSK-2",
    title: "a priority is low, normal, high or veryHigh",
    source: "SWD 6.1 guide, Software Delivery Tasks",
    acts: &[Act::Validate],
    explain: "Servers write priorities in three ways (1 to 4, -50 to 100, and texts); manifests write the words. An \
              agent runs the tasks in its queue by priority and then in order of arrival; left out it is `normal`.",
};

/// A task runs one program of one package.
pub static TSK_3: Rule = Rule {
    id: "TSK-3",
    title: "a task runs one program of one package",
    source: "SWD 6.1 guide, Software Delivery Tasks",
    acts: &[Act::Validate],
    explain: "A task names a package and a program of that same package, for its collections. A program of another \
              package, or one that its package does not have, cannot be delivered. Correct the program's name, or add \
              the program to the package. For several programs in a row there are sequential tasks.",
};

/// A deferral is at least 5 minutes, in whole minutes.
pub static TSK_8: Rule = Rule {
    id: "TSK-8",
    title: "a deferral is at least 5 minutes, in whole minutes",
    source: "SWD 6.1 guide, Software Delivery Tasks",
    acts: &[Act::Validate],
    explain: "A warned user may put a run off by a step from a fixed list, from 5 minutes to 12 hours, none longer \
              than what remains of the maximum. A maximum below 5 minutes has no step that fits; servers keep whole \
              minutes. Write `0m` for *warn, but no deferral*, or at least `5m`.",
};

/// The countdown before a run is at most 60 minutes.
pub static TSK_9: Rule = Rule {
    id: "TSK-9",
    title: "the countdown before a run is at most 60 minutes",
    source: "SWD 6.1 guide, Software Delivery Tasks; altiris-domain §11",
    acts: &[Act::Validate],
    explain: "The agent's *notify in advance* is the countdown before a warned run and before a restart, 60 seconds \
              unless it is set. Agents take no more than 60 minutes. Shorten `notifyInAdvance`; to give people more \
              time use `warnUser.deferUpTo` of the task.",
};
