//! The lease of an apply, kept for as long as there is work under it.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::adapter::Lease;
use crate::adapter::WriteAdapter;
use crate::apply::run::because;

/// How long a lease holds without being renewed.
pub const LEASE_TTL: Duration = Duration::from_secs(120);
/// How old a lease may become before it is renewed, while requests are under way or between them.
const RENEW_AFTER: Duration = Duration::from_secs(30);
/// How long after a renewal without an answer the next one is tried.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Keeps a lease.
///
/// Guarantees: what is done with [`Self::during`] has the lease renewed beside it, in the same task, so that the order
/// of events depends on nothing but time. Every write is checked against the lease by the server as well: a lease that
/// is lost unnoticed stops the work, too, only later.
pub(super) struct Keeper<'a> {
    adapter: &'a dyn WriteAdapter,
    lease: &'a Lease,
    /// Whether there is one at all: an API without leases has nothing to renew or to lose.
    is_held: bool,
    /// Since when it holds, at the earliest: when the request for it, or for its renewal, went out.
    since: Instant,
    /// When it is to be renewed.
    due: Instant,
    /// Why the last renewal had no success.
    last: Option<String>,
    /// Why it is lost for good.
    lost: Option<String>,
}

impl<'a> Keeper<'a> {
    /// Of a lease that was asked for at this time.
    pub(super) fn new(adapter: &'a dyn WriteAdapter, lease: &'a Lease, since: Instant) -> Self {
        let is_held = adapter.capabilities().leases;
        Self { adapter, lease, is_held, since, due: since + RENEW_AFTER, last: None, lost: None }
    }

    /// Why no more may be begun under the lease, if so: the server took it away or refuses to renew it, or it has run
    /// out without having been renewed.
    pub(super) fn lost(&self) -> Option<String> {
        let ran_out = || {
            let last = self.last.as_deref().unwrap_or("nothing was heard of it");
            (self.is_held && self.since.elapsed() >= LEASE_TTL)
                .then(|| format!("it could not be renewed for {} seconds ({last})", LEASE_TTL.as_secs()))
        };
        self.lost.clone().or_else(ran_out)
    }

    /// Does some work to its end, and renews the lease beside it whenever that is due. The work goes on when the lease
    /// is lost: what is in flight is to have its answer.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        while self.is_held && self.lost.is_none() {
            let renewing = async {
                tokio::time::sleep_until(self.due).await;
                self.renew().await;
            };
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = renewing => {}
            }
        }
        work.await
    }

    /// Renews the lease where that is due.
    pub(super) async fn renew_if_due(&mut self) {
        if self.is_held && self.lost.is_none() && Instant::now() >= self.due.min(self.since + RENEW_AFTER) {
            self.renew().await;
        }
    }

    async fn renew(&mut self) {
        let asked = Instant::now();
        match self.adapter.renew(self.lease, LEASE_TTL).await {
            Ok(()) => {
                (self.since, self.due, self.last) = (asked, asked + RENEW_AFTER, None);
            }
            // It may hold for a while yet, and the next attempt may get through.
            Err(error) if error.is_passing() => {
                self.due = Instant::now() + TRY_AGAIN_AFTER;
                self.last = Some(because(&error));
            }
            Err(error) => self.lost = Some(because(&error)),
        }
    }
}
