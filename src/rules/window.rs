//! Maintenance windows.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&MW_1, &MW_2, &MW_3, &MW_4, &MW_5, &MW_6, &MW_7, &MW_8, &MW_9];

/// A program starts when what remains of the window, less the countdown, is its maximum run time.
pub static MW_1: Rule = Rule {
    id: "MW-1",
    title: "a program starts when the rest of the window, less the countdown, is long enough",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Remaining window − countdown ≥ maximum run time. Estimate the maximum run time with care: too long \
              and it never fits, too short and it is stopped or overruns.",
};

/// An unknown maximum run time counts as 0 against a window.
pub static MW_2: Rule = Rule {
    id: "MW-2",
    title: "an unknown maximum run time counts as 0 against a window",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Lint, Act::Consequence, Act::Forecast],
    explain: "So it starts in any window with a minute left and may run on long after its end; elsewhere unknown \
              means 720 minutes. Write a `maxRunTime`. The lint speaks in projects that have a window, of programs that \
              something runs.",
};

/// A program that does not fit is skipped and the next is tried.
pub static MW_3: Rule = Rule {
    id: "MW-3",
    title: "a program that does not fit is skipped and the next is tried",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "It waits for a later window that takes it, so programs do not always run in their order. A plan says on how \
              many computers a job fits only some of the windows.",
};

/// A program that fits no window never runs.
pub static MW_4: Rule = Rule {
    id: "MW-4",
    title: "a program that fits no window never runs",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "On the server of 2007 it fails at once; current ones raise an alert and try again at each window. \
              Make the window longer, or the maximum run time shorter.",
};

/// At its limit a program is stopped only when it is administrative and unattended.
pub static MW_5: Rule = Rule {
    id: "MW-5",
    title: "at its limit a program is stopped only when it is administrative and unattended",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Forecast],
    explain: "That is, when it runs with administrative rights and users may not interact with it; unknown means \
              12 hours here. Every other one runs on beyond the window.",
};

/// The windows of a computer are joined.
pub static MW_6: Rule = Rule {
    id: "MW-6",
    title: "the windows of a computer are joined",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Forecast],
    explain: "Overlapping and touching ones make one long window. Otherwise programs go by their start and \
              assignment time as downloaded.",
};

/// Current servers compare with the whole window.
pub static MW_7: Rule = Rule {
    id: "MW-7",
    title: "current servers compare with the whole window",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "They compare the maximum run time with the length of the whole window, and no longer speak of the \
              countdown. Windows are general, for updates or for task sequences, and updates and task sequences \
              use their own kind where there is one. Which rule holds is a property of the server.",
};

/// A computer without any window is never held back.
pub static MW_8: Rule = Rule {
    id: "MW-8",
    title: "a computer without any window is never held back",
    source: "Configuration Manager, maintenance windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Taking its last window away, or taking it out of the collection that gives it, lets waiting work \
              and restarts start at once, in the middle of the day. Runs that a user starts ignore windows.",
};

/// A maintenance window lasts 5 minutes to 24 hours.
pub static MW_9: Rule = Rule {
    id: "MW-9",
    title: "a maintenance window lasts 5 minutes to 24 hours",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Validate, Act::Lint, Act::Consequence, Act::Forecast],
    explain: "Servers refuse shorter and longer ones, and keep whole minutes. For more than a day write several \
              windows; overlapping ones are taken together. A window in UTC moves by an hour against local time when \
              daylight saving changes: a lint, unless it opens once or is always open. Leave `clock` out for each \
              computer's own.",
};
