//! Delivery to the agent.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&DLV_1, &DLV_2, &DLV_3];

/// An agent asks for its policy, then for codebases, then for the snapshot.
pub static DLV_1: Rule = Rule {
    id: "DLV-1",
    title: "an agent asks for its policy, then for codebases, then for the snapshot",
    source: "SWD 6.1 guide, Package Delivery",
    acts: &[Act::Server],
    explain: "It compares the hash of the snapshot, downloads what differs, schedules, runs and reports.",
};

/// The policy of an agent names all that it is to do.
pub static DLV_2: Rule = Rule {
    id: "DLV-2",
    title: "the policy of an agent names all that it is to do",
    source: "SWD 6.1 guide, Client Policy XML",
    acts: &[Act::Server],
    explain: "The GUID of a policy is that of its task, and the package is named by its GUID; attributes for \
              run, window, download and what follows come with it.",
};

/// Agents report status events and executions.
pub static DLV_3: Rule = Rule {
    id: "DLV-3",
    title: "agents report status events and executions",
    source: "SWD 6.1 guide, Package Delivery",
    acts: &[Act::Server],
    explain: "New Job, Job Updated, Download Complete, Job Activated, Job Removed, New Package, Package Removed, \
              Package To Be Removed, Package Updated, Unable to check package; and executions with their return \
              codes.",
};
