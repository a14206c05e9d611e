//! Purging.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PUR_1, &PUR_2, &PUR_3];

/// Old rows go first, then what is beyond the most rows.
pub static PUR_1: Rule = Rule {
    id: "PUR-1",
    title: "old rows go first, then what is beyond the most rows",
    source: "SWD 6.1 guide, Purging Event Data",
    acts: &[Act::Server],
    explain: "Of 20 rows that are 2 days old, 7 days and 10 rows leave 10; 2 days and 20 rows leave none.",
};

/// Four classes of events are purged, once a day.
pub static PUR_2: Rule = Rule {
    id: "PUR-2",
    title: "four classes of events are purged, once a day",
    source: "SWD 6.1 guide, How Purging Executes",
    acts: &[Act::Server],
    explain: "Executions, package events, status events and sequence status, by default at 02:00 server time. \
              New Job rows stay: licences are counted by them.",
};

/// What nobody uses any more is purged.
pub static PUR_3: Rule = Rule {
    id: "PUR-3",
    title: "what nobody uses any more is purged",
    source: "SWD 6.1 guide, Purging unused Collections and Items",
    acts: &[Act::Server],
    explain: "Entries of deleted sequential tasks (SEQ-7), and portal requests that are rejected, succeeded, \
              failed or not processable, with their tasks and collections of one computer.",
};
