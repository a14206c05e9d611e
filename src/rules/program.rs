//! Programs.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[
    &PRG_1, &PRG_2, &PRG_3, &PRG_4, &PRG_5, &PRG_6, &PRG_7, &PRG_8, &PRG_9, &PRG_10, &PRG_11, &PRG_12, &PRG_13, &PRG_14,
];

/// A command line runs without a person.
pub static PRG_1: Rule = Rule {
    id: "PRG-1",
    title: "a command line runs without a person",
    source: "SWD 6.1 guide, Programs Tab, Best Practices",
    acts: &[Act::Lint],
    explain: "A program that waits for an answer waits until it is ended (PRG-3), where nobody sees it. Installers \
              carry their quiet switch: `/qn` for msiexec, `/VERYSILENT` for Inno Setup, `/S` in upper case for NSIS, \
              `/s` with `/v\"/qn\"` for InstallShield, `/quiet` for WiX bundles and wusa. A finding needs an installer \
              whose kind is certain, by its name or by switches that no other has; of what is unknown nothing is said. \
              `cmd /k`, a PowerShell that stays open, `reg delete` without `/f` and `runas` wait as well. Where people \
              are to answer, set `userInputRequired: true` and leave the window visible: such a program is exempt.",
};

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
    acts: &[Act::Validate, Act::Forecast, Act::Server],
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

/// An installer never restarts the computer itself.
pub static PRG_5: Rule = Rule {
    id: "PRG-5",
    title: "an installer never restarts the computer itself",
    source: "SWD 6.1 guide, Programs Tab, Best Practices",
    acts: &[Act::Lint],
    explain: "A restart belongs to the agent, as `afterRunning: {action: restart}`: it can warn, wait and report. One that \
              the installer does comes at once, and what had not been reported is lost. So no `/forcerestart`, \
              `REBOOT=Force`, `shutdown` or `Restart-Computer`; and what would restart where it needs to is told not to: \
              `/norestart` for msiexec, WiX bundles and wusa, `/NORESTART` for Inno Setup and dism. Told so, it returns 3010 where a \
              restart is needed: where the agent restarts afterwards, 3010 belongs among `successCodes` (PRG-2). 1641 \
              there says that the installer has begun to restart. A program that declares `exitsEarly` (PDF-2) restarts \
              on purpose, and is exempt.",
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

/// A program runs in the folder that its executable is in.
pub static PRG_10: Rule = Rule {
    id: "PRG-10",
    title: "a program runs in the folder that its executable is in",
    source: "SWD 6.1 guide, Programs Tab",
    acts: &[Act::Lint],
    explain: "Programs run in the root of their package. One whose executable is in a sub-folder looks for its files in the \
              wrong place unless `workingDirectory` names that folder; the command line then names the file alone. A \
              package without files has no such root: there `workingDirectory` is a folder on the client, with its \
              drive or a variable, and a file that the command line names without one is looked for nowhere certain.",
};

/// What is installed for one user needs that user.
pub static PRG_11: Rule = Rule {
    id: "PRG-11",
    title: "what is installed for one user is not installed by the system",
    source: "SWD 6.1 guide, Programs Tab, User input required",
    acts: &[Act::Lint],
    explain: "The system account has a profile of its own, and loads little of it. Parts of an MSI that belong to a user fail \
              there, or are installed for nobody: install for everyone with `ALLUSERS=1`, or set `userInputRequired: true` \
              for the fuller profile. What an MSI holds is not in its command line, so a missing `ALLUSERS=1` alone is no \
              finding. One comes where the command line itself asks for one user while the program runs as the system: \
              `ALLUSERS=\"\"`, `MSIINSTALLPERUSER=1`, `msiexec /ju`, `/CURRENTUSER` of Inno Setup and NSIS, or a program \
              below `%AppData%`, `%LocalAppData%` or `%UserProfile%`, which are then those of the system account.",
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

/// A command line says what is meant.
pub static PRG_14: Rule = Rule {
    id: "PRG-14",
    title: "a command line is read as it was meant",
    source: "Windows: CreateProcess, the C runtime's arguments, cmd, msiexec",
    acts: &[Act::Lint],
    explain: "Windows takes the first word for the program and leaves the rest to it. A path with blanks needs quotes, and so \
              does `%ProgramFiles%`, which stands for one: without them `C:\\Program.exe` is tried first. Each quote is closed. \
              `&`, `|`, `>` and commands such as `start` or `copy` are known to cmd alone: write `cmd.exe /c` before them. \
              msiexec shows its help and returns 1639 for an option that it does not know. Archives and scripts are not \
              programs. And a name one letter away from `msiexec` is most likely it.",
};
