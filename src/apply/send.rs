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
use crate::sys::http::TransportError;
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
    /// Whether it may have its effect only later, after what is read back.
    pub late: bool,
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
            let may_repeat = self.adapter.capabilities().idempotency_keys || !may_come_late(&error);
            let delay =
                if error.is_passing() && may_repeat { retry.delay(attempt, retry_after(&error), rng) } else { None };
            let Some(delay) = delay else {
                if planted(Bug::LostMeansNotMade) {
                    fate = Fate::NotMade;
                }
                let late = !may_repeat;
                return Err(Lost { index, error, fate, late, attempts: u64::from(attempt) });
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

/// Whether a request may have its effect after its failure was seen. Without keys no server can tell it from one that
/// is sent again, and a look that finds nothing may only have come too early: such a request is settled by what is read
/// back, and the next run goes on from there.
const fn may_come_late(error: &AdapterError) -> bool {
    match error {
        AdapterError::NoAnswer { source, .. } => !matches!(
            source,
            TransportError::Connect(_)
                | TransportError::Certificate(_)
                | TransportError::Denied { .. }
                | TransportError::Unsendable(_)
        ),
        // A gateway gives up while the work goes on; any other answer is given when it is over, or was never begun.
        AdapterError::Busy { status: 502 | 504, .. } => true,
        _ => false,
    }
}

const fn retry_after(error: &AdapterError) -> Option<Duration> {
    match error {
        AdapterError::Busy { retry_after, .. } => *retry_after,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::adapter::Effect;
    use crate::adapter::Observation;
    use crate::adapter::ReadAdapter;
    use crate::adapter::Reference;
    use crate::adapter::native::client::capabilities;
    use crate::apply::event::Silent;
    use crate::model::capabilities::Capabilities;
    use crate::model::guid::Guid;
    use crate::model::kind::ItemKey;
    use crate::model::kind::Kind;
    use crate::model::observed::ServerIdentity;

    /// A server whose first answer is a failure.
    struct FailsOnce {
        capabilities: Capabilities,
        failure: Mutex<Option<AdapterError>>,
    }

    const NONE: AdapterError = AdapterError::Unsupported { what: "reading" };

    #[async_trait]
    impl ReadAdapter for FailsOnce {
        fn capabilities(&self) -> &Capabilities {
            &self.capabilities
        }
        async fn identity(&self) -> Result<ServerIdentity, AdapterError> {
            Err(NONE)
        }
        async fn observe(&self, _known: Option<&str>) -> Result<Observation, AdapterError> {
            Err(NONE)
        }
        async fn references(&self, _guid: Guid) -> Result<Vec<Reference>, AdapterError> {
            Err(NONE)
        }
    }

    #[async_trait]
    impl WriteAdapter for FailsOnce {
        async fn acquire(&self, _holder: &str, _ttl: Duration, _key: &str) -> Result<Lease, AdapterError> {
            Err(NONE)
        }
        async fn renew(&self, _lease: &Lease, _ttl: Duration) -> Result<(), AdapterError> {
            Ok(())
        }
        async fn release(&self, _lease: &Lease) -> Result<(), AdapterError> {
            Ok(())
        }
        async fn write(&self, _envelope: &Envelope<'_>, _write: &Write<'_>) -> Result<Receipt, AdapterError> {
            match self.failure.lock().unwrap().take() {
                Some(failure) => Err(failure),
                None => Ok(Receipt { guid: Guid::of(1), revision: String::new(), replayed: false }),
            }
        }
        async fn write_batch(&self, _: &Envelope<'_>, _: &[Write<'_>]) -> Result<Vec<Receipt>, BatchError> {
            Err(BatchError { index: None, error: NONE })
        }
    }

    /// How many attempts were made, and what is known where they had no success.
    async fn sent(idempotency_keys: bool, failure: AdapterError) -> (u64, Option<(Fate, bool)>) {
        let capabilities = Capabilities { idempotency_keys, ..capabilities() };
        let adapter = FailsOnce { capabilities, failure: Mutex::new(Some(failure)) };
        let (lease, secrets) = (Lease { id: String::new(), fence: 0 }, Secrets::new());
        let sender =
            Sender { adapter: &adapter, lease: &lease, plan: "p", origin: None, secrets: &secrets, listen: &Silent };
        let key = ItemKey::new(Kind::Package, "p");
        let effect = Effect::Delete { guid: Guid::of(1), revision: "1" };
        let writes = [Write { key: &key, effect, before: None }];
        let (mut retry, mut rng) = (Retry::new(5), Rng::seeded(1));
        match sender.send((&[1], false), &writes, &BTreeMap::new(), &mut retry, &mut rng).await {
            Ok((_, attempts)) => (attempts, None),
            Err(lost) => (lost.attempts, Some((lost.fate, lost.late))),
        }
    }

    fn no_answer(source: TransportError) -> AdapterError {
        AdapterError::NoAnswer { server: "s".to_owned(), source }
    }

    fn busy(status: u16) -> AdapterError {
        AdapterError::Busy { server: "s".to_owned(), status, retry_after: None }
    }

    #[tokio::test(start_paused = true)]
    async fn without_keys_a_write_whose_answer_is_late_or_cut_is_not_sent_a_second_time() {
        let late = [
            no_answer(TransportError::TimedOut),
            no_answer(TransportError::Cut("reset".to_owned())),
            busy(502),
            busy(504),
        ];
        for failure in late {
            assert_eq!(sent(false, failure).await, (1, Some((Fate::Unknown, true))));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_have_an_effect_later_is_sent_again_and_with_keys_everything_is() {
        for failure in [no_answer(TransportError::Connect("refused".to_owned())), busy(429), busy(503)] {
            assert_eq!(sent(false, failure).await, (2, None));
        }
        for failure in [no_answer(TransportError::TimedOut), busy(504)] {
            assert_eq!(sent(true, failure).await, (2, None));
        }
    }
}
