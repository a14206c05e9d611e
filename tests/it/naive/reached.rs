//! Random estates reach every rule often enough for an agreement on them to mean something.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use consign::agent::happening::Happening;
use consign::agent::happening::What;
use consign::agent::policy::JobKind;
use consign::agent::scenario::Users;

use super::estates::Estate;

/// What happened in an estate, and which rules decided something there.
pub fn reached(estate: &Estate, happenings: &[Happening], marks: BTreeSet<&'static str>) -> BTreeSet<String> {
    let users = estate.scenario.users;
    let kind = |id| estate.job(id).kind;
    let mut reached: BTreeSet<String> = marks.into_iter().map(str::to_owned).collect();
    for happening in happenings {
        reached.insert(match &happening.what {
            What::Started { job, step } => format!("{:?} {users:?} started, a later step: {}", kind(*job), *step > 0),
            What::Ended { killed: true, job, .. } => format!("{:?} killed", kind(*job)),
            What::Ended { code: None, job, .. } => format!("{:?} took the computer down", kind(*job)),
            What::Ended { success, job, .. } => format!("{:?} ended {success}", kind(*job)),
            What::Finished { job, success } => format!("{:?} finished {success}", kind(*job)),
            What::Deferred { job, .. } => format!("{:?} deferred", kind(*job)),
            What::Restarted => format!("restarted, {users:?}"),
            other => format!("{other:?}").split(' ').next().expect("a name").to_owned(),
        });
    }
    reached
}

/// All that happens to a computer, and every rule that an agent follows.
fn expected() -> BTreeSet<String> {
    let mut expected: BTreeSet<String> = EXPECTED.into_iter().map(str::to_owned).collect();
    let all_users = [Users::AcceptAtOnce, Users::DeferToTheEnd, Users::Absent];
    for kind in [JobKind::Task, JobKind::Sequence, JobKind::DeliveryPolicy] {
        for what in [
            "killed",
            "took the computer down",
            "ended true",
            "ended false",
            "finished true",
            "finished false",
            "deferred",
        ] {
            expected.insert(format!("{kind:?} {what}"));
        }
        for users in all_users {
            expected.insert(format!("{kind:?} {users:?} started, a later step: false"));
            if kind != JobKind::Task {
                expected.insert(format!("{kind:?} {users:?} started, a later step: true"));
            }
        }
    }
    expected.extend(all_users.map(|users| format!("restarted, {users:?}")));
    expected
}

/// In how many estates each was reached.
pub fn counts(all: impl IntoIterator<Item = BTreeSet<String>>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for what in all.into_iter().flatten() {
        *counts.entry(what).or_insert(0) += 1;
    }
    counts
}

/// Each is reached by one estate in a hundred at least, and nothing else is.
pub fn assert_often(mut counts: BTreeMap<String, usize>, estates: usize) {
    for what in expected() {
        let count = counts.remove(&what).unwrap_or(0);
        assert!(count * 100 >= estates, "`{what}` in {count} of {estates} estates");
    }
    assert!(counts.is_empty(), "what else is there: {counts:?}");
}

/// What the naive model marks, and what happens without regard to who is logged on.
const EXPECTED: [&str; 79] = [
    "A-1 another form while under way",
    "A-1 comes back while its program runs",
    "A-1 leaves between two steps",
    "A-1 leaves while its program runs",
    "A-1 leaves while put off",
    "A-1 other times while pending",
    "A-1 other times while under way",
    "A-1 the same policy again",
    "A-14 neither taken up nor kept",
    "A-16 a failure goes on",
    "A-16 a failure starts the whole again",
    "A-16 a failure that started again too often",
    "A-16 a policy complies",
    "A-16 a policy ignores windows",
    "A-16 remediation has times of its own",
    "A-18 a blockout holds downloads",
    "A-20 a local time that comes twice",
    "A-20 a local time that is skipped",
    "A-5 a missed start is made up for",
    "A-5 a time that adds nothing",
    "A-7 an endless window",
    "LIC-1 enrolled, and assessed already",
    "MW-1 the countdown counts",
    "MW-1 what is left is too short",
    "MW-2 unknown minds the countdown",
    "MW-2 unknown starts",
    "MW-3 one is skipped, the next is tried",
    "MW-4 a later window is a hope",
    "MW-4 never fits, alerts",
    "MW-4 never fits, fails",
    "MW-5 over its limit, and not killed",
    "MW-6 windows are joined",
    "MW-7 a sequence in a window of its own kind",
    "MW-7 the whole window counts",
    "MW-7 unknown is 720 minutes",
    "MW-7 windows of other kinds hold nothing back",
    "MW-8 a restart waits for a window",
    "MW-8 held back outside of windows",
    "MW-8 the last window is taken away",
    "MW-8 without any window nothing is held back",
    "MW-9 a window in UTC",
    "PDF-2 a marked program counts as a success",
    "PDF-2 an unmarked one failed at last",
    "PDF-2 an unmarked one runs again",
    "PKG-2 nothing to download",
    "PKG-3 an active job keeps an old package",
    "PKG-6 a package on its way changes",
    "PKG-6 a package that is there changes",
    "PRG-2 a code that is no success",
    "PRG-3 killed",
    "PRG-6 a failure too is followed",
    "PRG-6 nothing follows a failure in a policy",
    "PRG-9 held for who is logged on",
    "RST-1 later resources wait",
    "RST-2 a pending restart blocks",
    "RST-2 a pending restart is disregarded",
    "RST-3 a policy that failed is due again",
    "RST-4 of several the earliest",
    "RST-4 the lowest countdown",
    "RST-4 the lowest deferral",
    "SEQ-3 codes decide other than success",
    "SEQ-4 another job between two steps",
    "SEQ-5 a restart in the middle",
    "SEQ-5 an installer restarts in the middle",
    "TSK-11 a time outside availability",
    "TSK-11 pending outside availability",
    "TSK-2 by priority, not by due time",
    "TSK-4 a schedule runs it again",
    "TSK-4 as soon as possible, once, ever",
    "TSK-8 put off again",
    "TSK-9 a countdown",
    "DownloadStarted",
    "DownloadEnded",
    "Skipped",
    "NeverFits",
    "Removed",
    "LoggedOff",
    "PackageDeleted",
    "Assessed",
];
