//! Tasks.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&TSK_1, &TSK_2, &TSK_3, &TSK_4, &TSK_7, &TSK_8, &TSK_9, &TSK_11];

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

/// As soon as possible runs once, ever, on a computer.
pub static TSK_4: Rule = Rule {
    id: "TSK-4",
    title: "as soon as possible runs once, ever, on a computer",
    source: "SWD 6.1 guide, Software Delivery Tasks",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "Updating the task, or leaving its collection and coming back, does not run it again; a schedule \
              or a person does. So a changed program or package reaches no computer that already ran the \
              task. A plan says how many that are; give the task a schedule, or write a new task, where they \
              are meant to get it.",
};

/// Notify immediately is for fewer than 200 computers.
pub static TSK_7: Rule = Rule {
    id: "TSK-7",
    title: "notify immediately is for fewer than 200 computers",
    source: "SWD 6.1 guide, Software Delivery Tasks",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "It has every computer of the task ask for its policy at the same time, and a server serves 100 \
              such requests at once. A plan says where that is asked of 200 computers or more. Leave \
              `notifyImmediately` out: agents learn of the task when they ask next.",
};

/// Outside of its availability a task neither downloads nor runs.
pub static TSK_11: Rule = Rule {
    id: "TSK-11",
    title: "outside of its availability a task neither downloads nor runs",
    source: "SWD 6.1 guide, Software Delivery Tasks",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "A schedule runs by the computer's own clock, and availability may be on the server's. In some \
              time zones no start then lies within it, and no computer there ever runs the task. A plan works \
              that out once for each zone and says how many computers never run it. Put both on the \
              computer's clock, or leave a day of room.",
};
