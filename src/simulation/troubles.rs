//! One trouble at a time, each with what has to come of it: leases that run out, locks that are waited for, reads that
//! are refused.

use std::sync::atomic::Ordering;

use http::Method;

use super::*;
use crate::adapter::AdapterError;
use crate::apply::Stop;
use crate::simulation::wire::Trouble;
use crate::simulation::wire::What;

/// A seed whose estate has something of every sort to do.
const SEED: u64 = 3;

/// Requests of this sort, all of them.
fn every(method: Method, path: &'static str, what: What) -> Trouble {
    Trouble { method, path, spared: 0, times: u32::MAX, what }
}

/// A write of each kind, slow.
fn slow_writes(wait: Duration) -> Vec<Trouble> {
    let slow = |method, path| every(method, path, What::Slow(wait));
    vec![slow(Method::POST, "/v1/items"), slow(Method::PUT, "/v1/items"), slow(Method::DELETE, "/v1/items")]
}

fn options() -> Options {
    Options {
        holder: "simulation".to_owned(),
        parallelism: 2,
        batch_max: 1,
        lock_timeout: Duration::from_secs(30),
        run: String::new(),
        attempts: 4,
    }
}

/// Plans the first site of the estate over an empty server, and applies it in trouble.
fn applied(troubles: Vec<Trouble>) -> (Result<Report, Refusal>, World, Plan) {
    in_a_world(SEED, async |mut world, estate| {
        let plan = world.plan(&estate.after).await.expect("it is planned");
        assert!(plan.steps.len() > 8, "{}", plan.steps.len());
        world.wire.trouble(troubles);
        let done = world.apply_with(&plan, None, options(), &AtomicBool::new(false)).await.expect("it does not crash");
        (done, world, plan)
    })
}

/// How many writes the server made.
fn n_made(world: &World) -> usize {
    let rows = world.app.audit(0, 1_000_000).unwrap();
    rows.iter().filter(|row| row.entry.plan_hash.is_some() && row.entry.did.revision_after.is_some()).count()
}

#[test]
fn a_lease_is_kept_while_a_single_request_takes_longer_than_it() {
    // Each write is under way for longer than a lease lasts; without renewals beside it the server would refuse it.
    let (done, world, plan) = applied(slow_writes(Duration::from_secs(150)));
    let report = done.expect("it begins");
    assert!(report.is_whole(), "{report:#?}");
    assert_eq!(report.applied.len(), plan.steps.len());
    assert!(world.app.lease().unwrap().is_none(), "the lease was given back");
}

#[test]
fn a_renewal_that_is_lost_is_tried_again_while_the_lease_holds() {
    let mut troubles = slow_writes(Duration::from_secs(150));
    troubles.push(Trouble { times: 3, ..every(Method::PUT, "/v1/leases/", What::Lost) });
    let report = applied(troubles).0.expect("it begins");
    assert!(report.is_whole() && report.notes.is_empty(), "{report:#?}");
}

#[test]
fn a_lease_that_cannot_be_renewed_ends_the_apply_and_says_why() {
    let mut troubles = slow_writes(Duration::from_secs(50));
    troubles.push(every(Method::PUT, "/v1/leases/", What::Lost));
    let (done, world, plan) = applied(troubles);
    let report = done.expect("it begins");
    assert_eq!(report.stopped, Some(Stop::LeaseLost), "{report:#?}");
    assert!(!report.applied.is_empty() && !report.not_attempted.is_empty(), "{report:#?}");
    assert_eq!(report.applied.len() + report.failed.len() + report.not_attempted.len(), plan.steps.len());
    assert!(report.notes.iter().any(|note| note.contains("the lease was lost")), "{report:#?}");
    assert!(n_made(&world) >= report.applied.len());
}

#[test]
fn a_lease_that_was_taken_away_ends_the_apply_with_nothing_begun_under_it() {
    let mut troubles = slow_writes(Duration::from_secs(20));
    troubles.push(every(Method::PUT, "/v1/leases/", What::LeaseTakenAway));
    let (done, ..) = applied(troubles);
    let report = done.expect("it begins");
    assert_eq!(report.stopped, Some(Stop::LeaseLost), "{report:#?}");
    assert!(!report.not_attempted.is_empty(), "{report:#?}");
    assert!(report.failed.iter().all(|failed| failed.outcome == crate::apply::Outcome::NotApplied), "{report:#?}");
    assert!(report.notes.iter().any(|note| note.contains("the lease was lost")), "{report:#?}");
}

#[test]
fn a_lease_that_cannot_be_given_back_is_said_and_ends_by_itself() {
    let (done, world, _) = applied(vec![every(Method::DELETE, "/v1/leases/", What::Lost)]);
    let report = done.expect("it begins");
    assert!(report.is_whole(), "{report:#?}");
    assert!(report.notes.iter().any(|note| note.contains("it ends by itself")), "{report:#?}");
    assert!(world.app.lease().unwrap().is_some(), "it was never told");
}

#[test]
fn a_read_back_that_is_refused_leaves_all_made_and_nothing_verified() {
    for what in [What::Refused(403), What::Lost] {
        // The first read, under the lease, is spared.
        let trouble = Trouble { spared: 1, ..every(Method::GET, "/v1/state", what) };
        let (done, world, plan) = applied(vec![trouble]);
        let report = done.expect("it begins");
        assert!(report.unverified && report.is_made() && !report.is_whole(), "{what:?} {report:#?}");
        assert!(report.notes.iter().any(|note| note.contains("could not be read again")), "{report:#?}");
        assert_eq!(report.applied.len(), plan.steps.len());
        assert!(n_made(&world) >= plan.steps.len());
        let end = world.disk.texts().pop().unwrap();
        assert!(end.ends_with("{\"type\":\"end\",\"whole\":false}"), "{end}");
    }
}

#[test]
fn who_waits_for_a_lock_and_is_interrupted_ends_at_once_and_leaves_nothing() {
    in_a_world(SEED, async |mut world, estate| {
        let plan = world.plan(&estate.after).await.expect("it is planned");
        let other = NativeWriter::new(world.wire.clone());
        let taken =
            crate::adapter::WriteAdapter::acquire(&other, "somebody", Duration::from_secs(500), "their-key").await;
        taken.expect("nobody has it");
        let interrupt = AtomicBool::new(false);
        let begun = tokio::time::Instant::now();
        let later = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            interrupt.store(true, Ordering::SeqCst);
        };
        let options = Options { lock_timeout: Duration::from_secs(300), ..options() };
        let (done, ()) = tokio::join!(world.apply_with(&plan, None, options, &interrupt), later);
        assert!(matches!(done, Some(Err(Refusal::Interrupted))), "{done:?}");
        assert!(begun.elapsed() < Duration::from_secs(13), "{:?}", begun.elapsed());
        assert_eq!(n_made(&world), 0);
        let journal = world.disk.texts().pop().unwrap();
        assert!(journal.ends_with("{\"type\":\"end\",\"whole\":false}"), "it is no run that died: {journal}");
        assert_eq!(world.app.lease().unwrap().expect("theirs").holder, "somebody");
    });
}

#[test]
fn who_may_not_take_the_lease_leaves_no_journal_of_a_run_that_died() {
    let (done, world, _) = applied(vec![every(Method::POST, "/v1/leases", What::Refused(403))]);
    assert!(matches!(done, Err(Refusal::Server(AdapterError::Forbidden { .. }))), "{done:?}");
    let journal = world.disk.texts().pop().unwrap();
    assert!(journal.ends_with("{\"type\":\"end\",\"whole\":false}"), "{journal}");
}
