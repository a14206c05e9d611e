//! A gate before new connections. NTLM logs on a connection, so between its legs, and as long as a request is meant for
//! a connection that is logged on, no other one may be opened in its place.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tower::Layer;
use tower::Service;

/// How long a shut gate waits before it refuses: meanwhile the connection that is meant comes back from its last answer.
const WAIT: Duration = Duration::from_millis(500);

/// Why no connection was opened; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("the connection that was logged on is gone")]
pub(super) struct Shut;

/// Whether connections may be opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<AtomicBool>);

impl Gate {
    pub(super) fn open(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    pub(super) fn shut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_shut(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

/// What opens connections, behind a gate.
#[derive(Clone, Debug)]
pub(super) struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: R) -> Self::Future {
        if self.gate.is_shut() {
            return Box::pin(async {
                tokio::time::sleep(WAIT).await;
                Err(Shut.into())
            });
        }
        Box::pin(self.inner.call(to))
    }
}
