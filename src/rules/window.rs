//! Maintenance windows.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&MW_1, &MW_2, &MW_3, &MW_4, &MW_7, &MW_8, &MW_9];

/// A maintenance window lasts 5 minutes to 24 hours.
pub static MW_9: Rule = Rule {
    id: "MW-9",
    title: "a maintenance window lasts 5 minutes to 24 hours",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Validate],
    explain: "Servers refuse shorter and longer ones, and keep whole minutes. For more than a day write several \
              windows; overlapping ones are taken together. A window in UTC moves by an hour against local time when \
              daylight saving changes.",
};

/// A program starts while its maximum run time and countdown fit the rest of the window.
pub static MW_1: Rule = Rule {
    id: "MW-1",
    title: "a program starts while its maximum run time and countdown fit the rest of the window",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "What is left of the window, less the countdown of a job that warns, must be at least the \
              maximum run time. A longer run time, a longer countdown or a shorter window leaves less room: \
              the program still runs, but must start earlier in the window. A plan says on how many \
              computers.",
};

/// An unknown maximum run time fits any window and may overrun it.
pub static MW_2: Rule = Rule {
    id: "MW-2",
    title: "an unknown maximum run time fits any window and may overrun it",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Where the rest of a window is what counts, `maxRunTime: unknown` counts as 0: the program \
              starts with a minute left and runs past the end. Where the whole window counts it is read as \
              720 minutes. Write how long it may run.",
};

/// A program that does not fit a window waits for a later one.
pub static MW_3: Rule = Rule {
    id: "MW-3",
    title: "a program that does not fit a window waits for a later one",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "It is skipped, and the next one in order is tried. A plan says on how many computers a job fits \
              only some of the windows, so that it runs later than one would think.",
};

/// A program that fits no window at all never runs.
pub static MW_4: Rule = Rule {
    id: "MW-4",
    title: "a program that fits no window at all never runs",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Where its maximum run time, with the countdown, is longer than every window of a computer, the \
              program fails at once or waits for ever, by the kind of server. A plan says on how many \
              computers that begins. Lengthen a window, or shorten `maxRunTime` if the program is done \
              sooner.",
};

/// Current servers compare the maximum run time with the whole window.
pub static MW_7: Rule = Rule {
    id: "MW-7",
    title: "current servers compare the maximum run time with the whole window",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Consequence, Act::Forecast, Act::Server],
    explain: "They no longer speak of the countdown, and a program that starts late runs past the end of the \
              window. Windows of kind `taskSequences` hold for sequential tasks where there are any, those of \
              kind `updates` hold nothing else back. Which rule holds is a property of the server.",
};

/// A computer without any window is never held back.
pub static MW_8: Rule = Rule {
    id: "MW-8",
    title: "a computer without any window is never held back",
    source: "ConfigMgr, Maintenance Windows",
    acts: &[Act::Consequence, Act::Forecast],
    explain: "Taking away its last window, or taking it out of the collection that gives it, lets waiting \
              required work and restarts start at once. A plan names these computers and says how much waits \
              there. Runs that a user starts ignore windows anyway.",
};
