//! Tasks.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] =
    &[&TSK_1, &TSK_2, &TSK_3, &TSK_4, &TSK_5, &TSK_6, &TSK_7, &TSK_8, &TSK_9, &TSK_10, &TSK_11, &TSK_12];

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
    acts: &[Act::Validate, Act::Forecast, Act::Server],
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

/// As soon as possible runs once, ever, on a computer.
pub static TSK_4: Rule = Rule {
    id: "TSK-4",
    title: "as soon as possible runs once, ever, on a computer",
    source: "SWD 6.1 guide, Software Delivery Tasks, General Tab",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "Updating the task, or leaving and rejoining its collection, does not run it again; a schedule or a \
              person does. So a changed program reaches no computer that already ran it. Give the task a \
              schedule, or make a new task for the new version.",
};

/// A schedule runs by the clock and zone of the computer.
pub static TSK_5: Rule = Rule {
    id: "TSK-5",
    title: "a schedule runs by the clock and zone of the computer",
    source: "SWD 6.1 guide, Software Delivery Tasks, General Tab",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "At 17:00 means at 17:00 everywhere, a wave around the globe. Where daylight saving changes, a time \
              that is skipped comes an hour later and one that comes twice is taken the first time.",
};

/// A computer is woken by an agent that is awake in its subnet.
pub static TSK_6: Rule = Rule {
    id: "TSK-6",
    title: "a computer is woken by an agent that is awake in its subnet",
    source: "SWD 6.1 guide, Software Delivery Tasks, General Tab",
    acts: &[Act::Lint],
    explain: "A server wakes no computer by itself: an agent in the same subnet must be awake to do it. No manifest says \
              where computers stand, so the lint speaks where it is least likely that one is: a start between 18:00 and \
              07:00, or at weekends only. Keep one computer of each subnet on and say so in an `allow`, or start by \
              day. It speaks too where only a user can start the task, at a computer that is awake.",
};

/// Notify immediately is for fewer than 200 computers.
pub static TSK_7: Rule = Rule {
    id: "TSK-7",
    title: "notify immediately is for fewer than 200 computers",
    source: "SWD 6.1 guide, Software Delivery Tasks, Advanced Tab",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "It tells every computer at once to ask for its configuration, and the server answers 100 such \
              requests at a time. With 200 or more the others wait or are turned away. Leave it off: computers \
              ask by themselves.",
};

/// A deferral is at least 5 minutes, in whole minutes.
pub static TSK_8: Rule = Rule {
    id: "TSK-8",
    title: "a deferral is at least 5 minutes, in whole minutes",
    source: "SWD 6.1 guide, Software Delivery Tasks",
    acts: &[Act::Validate, Act::Forecast],
    explain: "A warned user may put a run off by a step from a fixed list, from 5 minutes to 12 hours, none longer \
              than what remains of the maximum. A maximum below 5 minutes has no step that fits; servers keep whole \
              minutes. Write `0m` for *warn, but no deferral*, or at least `5m`.",
};

/// The countdown before a run is at most 60 minutes.
pub static TSK_9: Rule = Rule {
    id: "TSK-9",
    title: "the countdown before a run is at most 60 minutes",
    source: "SWD 6.1 guide, Software Delivery Tasks; altiris-domain §11",
    acts: &[Act::Validate, Act::Consequence, Act::Forecast],
    explain: "The agent's *notify in advance* is the countdown before a warned run and before a restart, 60 seconds \
              unless it is set. Agents take no more than 60 minutes. Shorten `notifyInAdvance`; to give people more \
              time use `warnUser.deferUpTo` of the task.",
};

/// A task may leave the computer after its success.
pub static TSK_10: Rule = Rule {
    id: "TSK-10",
    title: "a task may leave the computer after its success",
    source: "SWD 6.1 guide, Software Delivery Tasks, Advanced Tab",
    acts: &[Act::Forecast, Act::Server],
    explain: "With `removeAfterSuccess` the task is taken off the computer and marked as completed; its package \
              ages from then on (PKG-3).",
};

/// Outside its availability a task is neither downloaded nor run.
pub static TSK_11: Rule = Rule {
    id: "TSK-11",
    title: "outside its availability a task is neither downloaded nor run",
    source: "SWD 6.1 guide, Software Delivery Tasks, General Tab",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "What was downloaded and not started by the end does not run. The clock `server` governs the \
              availability only, never the schedule, which is on the clock of the computer (TSK-5): in some \
              zones the two miss each other, and no computer there ever runs it.",
};

/// A standing upgrade of an agent repeats, for a collection that empties itself.
pub static TSK_12: Rule = Rule {
    id: "TSK-12",
    title: "a standing upgrade of an agent repeats, for a collection that empties itself",
    source: "SWD 6.1 guide, Task Synchronization Agent",
    acts: &[Act::Lint],
    explain: "A task that runs once never runs again, so one that upgraded an agent to a version never brings the next \
              (TSK-4). Give it a schedule that repeats, and a collection of the computers that lack the version: each \
              leaves it with its success, so nothing is run twice. Such a task is known by its name or by that of its \
              program, which speak of an agent or plug-in and of an upgrade or update.",
};
