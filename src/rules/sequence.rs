//! Sequential tasks.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&SEQ_1, &SEQ_2, &SEQ_3, &SEQ_4, &SEQ_5, &SEQ_6, &SEQ_7, &SEQ_8, &SEQ_9];

/// A changed step list gives the sequential task a new GUID.
pub static SEQ_1: Rule = Rule {
    id: "SEQ-1",
    title: "a changed step list gives the sequential task a new GUID",
    source: "SWD 6.1 guide, Sequential Software Delivery Tasks",
    acts: &[Act::Plan, Act::Consequence, Act::Forecast, Act::Server],
    explain: "Adding, removing or reordering steps makes a new task of it as far as computers can tell: every computer \
              that already ran the sequence runs all of it again. A plan shows it as a replacement and says how many \
              computers that is. If that is not meant, leave the list alone and edit packages or programs (SEQ-2), or \
              write a new sequential task for a new collection.",
};

/// Editing a package or program of a step changes no GUID.
pub static SEQ_2: Rule = Rule {
    id: "SEQ-2",
    title: "editing a package or program of a step changes no GUID",
    source: "SWD 6.1 guide, Sequential Software Delivery Tasks",
    acts: &[Act::Consequence, Act::Server],
    explain: "The sequence refers to packages and programs; their content may change without anything running again. \
              Computers that run the sequence from then on get the new content, the others keep what they have.",
};

/// A step depends on earlier steps only.
pub static SEQ_3: Rule = Rule {
    id: "SEQ-3",
    title: "a step depends on earlier steps only",
    source: "SWD 6.1 guide, Sequential Software Delivery Tasks",
    acts: &[Act::Validate, Act::Forecast],
    explain: "Steps run in the order of the list and are counted from 1. `dependsOn` names steps that come before, \
              each once; a failed step stops only those that depend on it. Reorder the steps or correct the number, \
              and mind that another order is a new task (SEQ-1).",
};

/// Each step is a hidden task of its own.
pub static SEQ_4: Rule = Rule {
    id: "SEQ-4",
    title: "each step is a hidden task of its own",
    source: "SWD 6.1 guide, Execution Details",
    acts: &[Act::Forecast, Act::Server],
    explain: "The server makes a hidden task `Software Delivery Task for program : NAME` for each step, and the \
              agent's task synchronization runs the whole. So nobody can start a sequential task by hand; give it a \
              schedule, or `run: asSoonAsPossible`.",
};

/// Progress is saved at the end of each step.
pub static SEQ_5: Rule = Rule {
    id: "SEQ-5",
    title: "progress is saved at the end of each step",
    source: "SWD 6.1 guide, Sequential Task Execution Details",
    acts: &[Act::Lint, Act::Forecast],
    explain: "A restart in the middle must be that of *after running*. One by the installer itself loses what \
              came since the last save, and those steps run again. The lint speaks of steps whose command line \
              restarts the computer (PRG-5), or that are marked `exitsEarly`. Leave the restart to `afterRunning`.",
};

/// On the portal a sequential task is one bundle.
pub static SEQ_6: Rule = Rule {
    id: "SEQ-6",
    title: "on the portal a sequential task is one bundle",
    source: "SWD 6.1 guide, Portal Configuration: Sequential Tasks",
    acts: &[Act::Server],
    explain: "It is asked for as a whole, and its permission inherits from the console folder that it lies in.",
};

/// Deleting a sequential task leaves its hidden entries.
pub static SEQ_7: Rule = Rule {
    id: "SEQ-7",
    title: "deleting a sequential task leaves its hidden entries",
    source: "SWD 6.1 guide, Data Purging",
    acts: &[Act::Consequence, Act::Server],
    explain: "The hidden tasks of its steps stay on the server until the purge of unused items takes them (PUR-3). \
              They reach no computer any more. `PurgeSettings` says when: `unusedSequenceEntries`.",
};

/// A step that another sequential task has already is shared.
pub static SEQ_8: Rule = Rule {
    id: "SEQ-8",
    title: "a step that another sequential task has already is shared",
    source: "SWD 6.1 guide, Appendix III: ItemReference",
    acts: &[Act::Server],
    explain: "The hidden task of a step (SEQ-4) belongs to every sequential task that runs its program: they refer to it \
              by `sequentialswditem uses active synchronization item`, and it stays until the last of them is gone \
              (SEQ-7). Each of them runs for itself: that one ran says nothing of another.",
};

/// The task synchronization agent has the version of its server.
pub static SEQ_9: Rule = Rule {
    id: "SEQ-9",
    title: "the task synchronization agent has the version of its server",
    source: "SWD 6.1 guide, Task Synchronization Agent",
    acts: &[Act::Lint],
    explain: "Each version of the server needs its own version of the agent that runs sequential tasks: 6.1.1018, \
              6.1.1022 and 6.1.1025 belong to 6.1.1034 with SP1 and its hotfixes 1 and 2, 6.1.1028 to 6.1.1048 (SP2). \
              No manifest says which version a server or its computers have. What manifests can show is that tasks \
              which are switched on bring two versions of that agent, and one server matches one of them; that is when \
              the lint speaks. That the right version comes to every computer is the work of a standing upgrade \
              (TSK-12).",
};
