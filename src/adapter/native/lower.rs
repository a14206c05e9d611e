//! Writes to requests, pure: paths, headers, bodies.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::adapter::AdapterError;
use crate::adapter::Effect;
use crate::adapter::Envelope;
use crate::adapter::Lease;
use crate::adapter::Write;
use crate::plan::origin::Origin;
use crate::planted::Bug;
use crate::planted::planted;
use crate::sys::http::Send;

use super::convert;
use super::convert::Context;
use super::wire;

/// Names a request for good.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The number of the lease that a write is made under.
pub const FENCE: &str = "consign-fence";
/// The plan's hash, for the audit.
pub const PLAN: &str = "consign-plan";

/// The revision that a plan is of, for the audit.
pub const ORIGIN: &str = "consign-origin";

/// How much of a branch's name is told, in characters.
const BRANCH_MAX: usize = 200;

/// A revision as a header takes it: `commit=…&clean=…&branch=…`, each value percent-encoded.
fn origin_text(origin: &Origin) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.append_pair("commit", &origin.commit);
    text.append_pair("clean", if origin.clean { "true" } else { "false" });
    if let Some(branch) = &origin.branch {
        text.append_pair("branch", &branch.chars().take(BRANCH_MAX).collect::<String>());
    }
    text.finish()
}

/// The request of one write.
///
/// # Errors
/// [`AdapterError::Unresolved`] and [`AdapterError::NoSecret`]: nothing is sent.
pub fn write(server: &str, envelope: &Envelope<'_>, write: &Write<'_>) -> Result<Send, AdapterError> {
    let context = Context::new(server, write.key, envelope);
    let mut headers = common(envelope);
    Ok(match write.effect {
        Effect::Create { state } => {
            headers.push(("if-none-match", "*".to_owned()));
            send(Method::POST, "/v1/items".to_owned(), headers, &convert::body(state, None, &context)?)
        }
        Effect::Update { guid, revision, state } => {
            headers.push(("if-match", quoted(revision)));
            send(Method::PUT, format!("/v1/items/{guid}"), headers, &convert::body(state, Some(guid), &context)?)
        }
        Effect::Delete { guid, revision } => {
            headers.push(("if-match", quoted(revision)));
            Send { method: Method::DELETE, path: format!("/v1/items/{guid}"), headers, body: Bytes::new() }
        }
    })
}

/// The request of several writes.
///
/// # Errors
/// As [`write()`], with the place of the write that has one.
pub fn batch(server: &str, envelope: &Envelope<'_>, writes: &[Write<'_>]) -> Result<Send, (usize, AdapterError)> {
    let mut operations = Vec::with_capacity(writes.len());
    for (index, write) in writes.iter().enumerate() {
        operations.push(operation(server, envelope, write).map_err(|error| (index, error))?);
    }
    let headers = common(envelope);
    Ok(send(Method::POST, "/v1/batch".to_owned(), headers, &wire::Batch { operations }))
}

/// What every write carries.
fn common(envelope: &Envelope<'_>) -> Vec<(&'static str, String)> {
    let mut headers = vec![(IDEMPOTENCY_KEY, envelope.idempotency_key.to_owned())];
    if !planted(Bug::NoFence) {
        headers.push((FENCE, envelope.lease.fence.to_string()));
    }
    headers.push((PLAN, envelope.plan.to_owned()));
    if let Some(origin) = envelope.origin {
        headers.push((ORIGIN, origin_text(origin)));
    }
    headers
}

fn operation<'a>(
    server: &str,
    envelope: &Envelope<'_>,
    write: &Write<'a>,
) -> Result<wire::Operation<'a>, AdapterError> {
    let context = Context::new(server, write.key, envelope);
    Ok(match write.effect {
        Effect::Create { state } => wire::Operation::Create { body: convert::body(state, None, &context)? },
        Effect::Update { guid, revision, state } => {
            wire::Operation::Update { guid, if_match: revision, body: convert::body(state, Some(guid), &context)? }
        }
        Effect::Delete { guid, revision } => wire::Operation::Delete { guid, if_match: revision },
    })
}

/// The request for a lease.
pub fn acquire(holder: &str, ttl: Duration, key: &str) -> Send {
    let body = json!({ "holder": holder, "ttlSeconds": ttl.as_secs() });
    send(Method::POST, "/v1/leases".to_owned(), vec![(IDEMPOTENCY_KEY, key.to_owned())], &body)
}

/// The request to hold a lease for longer.
pub fn renew(lease: &Lease, ttl: Duration) -> Send {
    send(Method::PUT, format!("/v1/leases/{}", lease.id), Vec::new(), &json!({ "ttlSeconds": ttl.as_secs() }))
}

/// The request to give a lease back.
pub fn release(lease: &Lease) -> Send {
    let path = format!("/v1/leases/{}", lease.id);
    Send { method: Method::DELETE, path, headers: Vec::new(), body: Bytes::new() }
}

/// A revision as an entity tag.
pub fn quoted(revision: &str) -> String {
    format!("\"{revision}\"")
}

fn send(method: Method, path: String, mut headers: Vec<(&'static str, String)>, body: &impl serde::Serialize) -> Send {
    headers.push(("content-type", "application/json".to_owned()));
    let body = serde_json::to_vec(body).expect("the bodies hold nothing that JSON cannot");
    Send { method, path, headers, body: body.into() }
}
