//! One write, or one batch, sent until its fate is known or patience ends.

use std::time::Duration;

use sha2::Digest;
use sha2::Sha256;

use crate::adapter::AdapterError;
use crate::adapter::BatchError;
use crate::adapter::Directory;
use crate::adapter::Envelope;
use crate::adapter::Fate;
use crate::adapter::Lease;
use crate::adapter::Receipt;
use crate::adapter::Secrets;
use crate::adapter::Write;
use crate::adapter::WriteAdapter;
use crate::apply::event::Event;
use crate::apply::event::Listen;
use crate::plan::origin::Origin;
use crate::planted::Bug;
use crate::planted::planted;
use crate::sys::retry::Retry;
use crate::sys::retry::Rng;

/// What every request of a run shares.
pub(super) struct Sender<'a> {
    pub adapter: &'a dyn WriteAdapter,
    pub lease: &'a Lease,
    pub plan: &'a str,
    pub origin: Option<&'a Origin>,
    pub secrets: &'a Secrets,
    pub listen: &'a dyn Listen,
}

/// The key of a request: the same for the same steps of the same plan, in every attempt and in every run.
pub(super) fn key(plan: &str, steps: &[u32]) -> String {
    let mut digest = Sha256::new();
    digest.update(plan.as_bytes());
    for step in steps {
        digest.update(step.to_be_bytes());
    }
    let hex: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}-{}", steps.first().copied().unwrap_or_default())
}

/// How a request ended that had no success.
pub(super) struct Lost {
    /// The place of the write that was refused, where the server named one.
    pub index: Option<usize>,
    /// The last answer.
    pub error: AdapterError,
    /// Whether some attempt may have had its effect.
    pub fate: Fate,
    /// How many attempts were made.
    pub attempts: u64,
}

impl Sender<'_> {
    /// Sends writes as one request, again and again while that may help. `in_doubt`: an earlier run may have made them.
    pub(super) async fn send(
        &self,
        (steps, in_doubt): (&[u32], bool),
        writes: &[Write<'_>],
        directory: &Directory,
        retry: &mut Retry,
        rng: &mut Rng,
    ) -> Result<(Vec<Receipt>, u64), Lost> {
        let mut fate = Fate::NotMade;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut key = key(self.plan, steps);
            if planted(Bug::NewKeyPerRetry) {
                key = format!("{key}-{attempt}-{}", rng.next_u64());
            }
            let envelope = Envelope {
                lease: self.lease,
                idempotency_key: &key,
                in_doubt: in_doubt || fate == Fate::Unknown,
                plan: self.plan,
                origin: self.origin,
                directory,
                secrets: self.secrets,
            };
            let answer = match writes {
                [one] => match self.adapter.write(&envelope, one).await {
                    Ok(receipt) => Ok(vec![receipt]),
                    Err(error) => Err(BatchError { index: Some(0), error }),
                },
                many => self.adapter.write_batch(&envelope, many).await,
            };
            let BatchError { index, error } = match answer {
                Ok(receipts) => {
                    retry.succeeded();
                    return Ok((receipts, u64::from(attempt)));
                }
                Err(failure) => failure,
            };
            // An earlier attempt that may have been made stays in doubt, whatever a later one is told.
            if error.fate() == Fate::Unknown {
                fate = Fate::Unknown;
            }
            let delay = if error.is_passing() { retry.delay(attempt, retry_after(&error), rng) } else { None };
            let Some(delay) = delay else {
                if planted(Bug::LostMeansNotMade) {
                    fate = Fate::NotMade;
                }
                return Err(Lost { index, error, fate, attempts: u64::from(attempt) });
            };
            self.listen.hear(&Event::Retry {
                step: steps.first().copied().unwrap_or_default(),
                attempt,
                because: error.to_string(),
            });
            tokio::time::sleep(delay).await;
        }
    }
}

const fn retry_after(error: &AdapterError) -> Option<Duration> {
    match error {
        AdapterError::Busy { retry_after, .. } => *retry_after,
        _ => None,
    }
}
