//! Programs.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PRG_2, &PRG_3, &PRG_4, &PRG_6, &PRG_7, &PRG_8, &PRG_9, &PRG_12, &PRG_13];

/// Only success codes decide.
pub static PRG_2: Rule = Rule {
    id: "PRG-2",
    title: "only success codes decide",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Lint, Act::Forecast],
    explain: "A return code among `successCodes` is a success and every other one a failure, whatever \
              `failureCodes` says, so that list is needless: remove it. Write 3010 among the success codes where a \
              restart is left to the agent.",
};

/// Terminate-after is whole minutes; empty or 0 means 360.
pub static PRG_3: Rule = Rule {
    id: "PRG-3",
    title: "terminate-after is whole minutes; empty or 0 means 360",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Validate, Act::Forecast],
    explain: "At this time the agent ends the program and everything it started. Servers keep whole minutes, and both \
              an empty field and 0 mean 360 minutes, so `0m` is not *no limit*. Write whole minutes or hours, such as \
              `30m`; `unknown` only where the server knows that.",
};

/// Estimated disk space and run time change nothing.
pub static PRG_4: Rule = Rule {
    id: "PRG-4",
    title: "estimated disk space and run time change nothing",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Server],
    explain: "Both are notes for people, and a difference in them never runs anything again. What ends a \
              program is `maxRunTime` (PRG-3).",
};

/// After running acts on any return code.
pub static PRG_6: Rule = Rule {
    id: "PRG-6",
    title: "after running acts on any return code",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "The guide says in its heading that restart and log-off follow a success, and in its note that they \
              follow a failure too; the stricter reading, with more restarts, is the one that is forecast. In \
              managed delivery policies they follow a success only. The deferral that is offered is tied to the \
              warning of the task: without `warnUser` the computer restarts at once.",
};

/// The starting window counts only when user input is required.
pub static PRG_7: Rule = Rule {
    id: "PRG-7",
    title: "the starting window counts only when user input is required",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Lint],
    explain: "Without `userInputRequired` a program is never seen, however its window is to open. With it the program \
              comes to the user's desktop and has a fuller user profile, which a complex installer may need: require \
              it and hide the window then (`startingWindow: hidden`). Otherwise remove `startingWindow`.",
};

/// Run-once-for needs the rights of the logged-on user.
pub static PRG_8: Rule = Rule {
    id: "PRG-8",
    title: "run-once-for needs the rights of the logged-on user",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Validate, Act::Forecast],
    explain: "A program runs as the system, as the user who is logged on, or as a named account. *Once for each \
              logged-on user*, or for named users, means something only when it runs as that user. Set `runWith: \
              loggedOnUser`, or leave `runOnceFor` at `computer`. A named account is written `DOMAIN\\NAME`.",
};

/// Who is logged on must fit whose rights are used.
pub static PRG_9: Rule = Rule {
    id: "PRG-9",
    title: "who is logged on must fit whose rights are used",
    source: "SWD 6.1 guide, Programs Tab; altiris-domain §3",
    acts: &[Act::Validate, Act::Lint, Act::Forecast],
    explain: "A program with the rights of the logged-on user runs only when a user is logged on: `runWith: \
              loggedOnUser` needs `canRun: userLoggedOn`. A program that runs with nobody logged on is never visible, \
              so `canRun: noUserLoggedOn` goes neither with `userInputRequired` nor with once-per-user: these are \
              errors. Three more are lints. A program that waits for input in a window, and may start with nobody \
              logged on, waits until it is ended. A task that warns the user, or waits for one to start it, is at odds \
              with a program that runs only when there is none.",
};

/// A program may wait for a network of some speed.
pub static PRG_12: Rule = Rule {
    id: "PRG-12",
    title: "a program may wait for a network of some speed",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Forecast, Act::Server],
    explain: "With `network.required` it is not run while the network is away or slower than `minimumSpeedKBps`. \
              A forecast takes the network for granted, unless its scenario says how fast it is (`networkKBps`).",
};

/// A program is an item of its own, linked to its package.
pub static PRG_13: Rule = Rule {
    id: "PRG-13",
    title: "a program is an item of its own, linked to its package",
    source: "SWD 6.1 guide, Portal permissions; ItemReference",
    acts: &[Act::Consequence, Act::Server],
    explain: "The server keeps a program as its own item, a dependent child of its package (`packagecontainsprogram`). \
              Portal rights belong to the program, not to the package. Manifests write programs inside their package; \
              a program keeps its GUID when its package changes, and `aliases` keep it through a rename.",
};
