//! What a change on a server did to computers since it was made, from what they reported to that server.
//!
//! A changed item acts by the jobs that use it, which the server's own references name. Where any of it could not be
//! learnt, it is not known, and that is said: what is half known is not told as a number.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::adapter::Done;
use crate::adapter::ReadAdapter;
use crate::adapter::Runs;
use crate::cli::failure::chain;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::plan::drift::Entry;
use crate::plan::drift::State;
use crate::reach::Known;
use crate::report::drift::Did;

/// How many jobs of one item are asked about.
const JOBS_MAX: usize = 50;
/// How many items are looked at on the way to them.
const ITEMS_MAX: usize = 500;

/// What a change did, as far as the server tells. `now` is when it was asked.
pub async fn did(reader: &dyn ReadAdapter, entry: &Entry<'_>, done: Option<&Done>, now: Timestamp) -> Known<Did> {
    let unknown = |why: &str| Known::Unknown(why.to_owned());
    let Some(done) = done else { return unknown("the server does not tell when it was changed") };
    let Ok(since) = done.time.parse::<Timestamp>() else {
        return unknown("the server's time of the change is no time");
    };
    let Some(guid) = entry.guid.filter(|_| entry.state != State::Missing) else {
        return unknown("the server tells runs of jobs that are there, and this item is not");
    };
    if !acts_by_jobs(entry.key.kind) {
        let kind = entry.key.kind.name();
        return Known::Unknown(format!(
            "a {kind} acts on every job that it applies to, and no server keeps account of that"
        ));
    }
    let jobs = match jobs(reader, guid, entry.key.kind).await {
        Ok(jobs) => jobs,
        Err(why) => return Known::Unknown(why),
    };
    let mut all = Runs::default();
    for job in &jobs {
        match reader.runs(*job, since).await {
            Ok(Known::Is(runs)) => all.add(runs),
            Ok(Known::Unknown(why)) => return Known::Unknown(why),
            Err(error) => return Known::Unknown(chain(&error)),
        }
    }
    let n = |computers: &BTreeSet<Guid>| computers.len() as u64;
    Known::Is(Did {
        since,
        asked_at: now,
        jobs: jobs.len() as u64,
        given: n(&all.given),
        ran: n(&all.ran),
        succeeded: n(&all.succeeded),
        failed: n(&all.failed),
    })
}

/// Whether an item does what it does by jobs.
const fn acts_by_jobs(kind: Kind) -> bool {
    is_job(kind) || matches!(kind, Kind::Package | Kind::Program | Kind::Collection)
}

const fn is_job(kind: Kind) -> bool {
    matches!(kind, Kind::Task | Kind::SequentialTask | Kind::DeliveryPolicy)
}

/// The jobs that use an item, itself or by others.
async fn jobs(reader: &dyn ReadAdapter, guid: Guid, kind: Kind) -> Result<BTreeSet<Guid>, String> {
    if is_job(kind) {
        return Ok(BTreeSet::from([guid]));
    }
    let (mut jobs, mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([guid]), vec![guid]);
    while let Some(one) = open.pop() {
        let references = reader.references(one).await.map_err(|error| chain(&error))?;
        for reference in references.into_iter().filter(|reference| !reference.outgoing) {
            if !seen.insert(reference.guid) {
                continue;
            }
            match reference.kind.as_str() {
                "Task" | "SequentialTask" | "DeliveryPolicy" => {
                    jobs.insert(reference.guid);
                }
                // On the way to a job: a step's hidden task, a collection that includes this one.
                "StepTask" | "Program" | "Collection" => open.push(reference.guid),
                _ => {}
            }
        }
        if jobs.len() > JOBS_MAX || seen.len() > ITEMS_MAX {
            return Err(format!("more than {JOBS_MAX} jobs use it"));
        }
    }
    Ok(jobs)
}
