//! Programs.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PRG_3, &PRG_6, &PRG_8, &PRG_9, &PRG_13];

/// Terminate-after is whole minutes; empty or 0 means 360.
pub static PRG_3: Rule = Rule {
    id: "PRG-3",
    title: "terminate-after is whole minutes; empty or 0 means 360",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Validate],
    explain: "At this time the agent ends the program and everything it started. Servers keep whole minutes, and both \
              an empty field and 0 mean 360 minutes, so `0m` is not *no limit*. Write whole minutes or hours, such as \
              `30m`; `unknown` only where the server knows that.",
};

/// Run-once-for needs the rights of the logged-on user.
pub static PRG_8: Rule = Rule {
    id: "PRG-8",
    title: "run-once-for needs the rights of the logged-on user",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Validate],
    explain: "A program runs as the system, as the user who is logged on, or as a named account. *Once for each \
              logged-on user*, or for named users, means something only when it runs as that user. Set `runWith: \
              loggedOnUser`, or leave `runOnceFor` at `computer`. A named account is written `DOMAIN\\NAME`.",
};

/// Who is logged on must fit whose rights are used.
pub static PRG_9: Rule = Rule {
    id: "PRG-9",
    title: "who is logged on must fit whose rights are used",
    source: "SWD 6.1 guide, Programs Tab; altiris-domain §3",
    acts: &[Act::Validate],
    explain: "A program with the rights of the logged-on user runs only when a user is logged on: `runWith: \
              loggedOnUser` needs `canRun: userLoggedOn`. A program that runs with nobody logged on is never visible, \
              so `canRun: noUserLoggedOn` goes neither with `userInputRequired` nor with once-per-user.",
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

/// A restart after running follows any return code.
pub static PRG_6: Rule = Rule {
    id: "PRG-6",
    title: "a restart after running follows any return code",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "`afterRunning` restarts the computer or logs the user off whatever the program returned, a \
              failure too; in managed delivery policies only after a success. Users may put it off only where \
              the task warns them (`warnUser`). A plan says how many computers restart; the stricter reading \
              of the guide, more restarts, is the one that is counted.",
};
