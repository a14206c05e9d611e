//! Answers that are not what was asked for, as errors.

use std::time::Duration;

use crate::adapter::AdapterError;
use crate::adapter::BatchError;
use crate::adapter::Write;
use crate::adapter::native::convert;
use crate::adapter::native::wire;
use crate::model::kind::ItemKey;
use crate::sys::http::Answer;

use super::collect;
use super::malformed;

/// The largest error that is read, in bytes.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// What a request was about.
#[derive(Clone, Copy)]
pub enum About<'a> {
    /// Reading, or the whole of a batch.
    Read,
    /// The lease.
    Lease,
    /// One item.
    Item(&'a ItemKey),
}

/// Refuses an answer of another content type, such as a login page that comes with 200.
pub fn expect_type(server: &str, answer: &Answer, expected: &str, what: &'static str) -> Result<(), AdapterError> {
    let found = content_type(answer);
    if found == expected {
        return Ok(());
    }
    let found = if found.is_empty() { "nothing".to_owned() } else { format!("`{}`", convert::shown(&found)) };
    let why = format!("its content type is {found}, not `{expected}`: a login page, a proxy, or another server?");
    Err(malformed(server, what, &why))
}

fn content_type(answer: &Answer) -> String {
    let value = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// The error that an answer stands for.
pub async fn refusal(server: &str, answer: Answer, what: &'static str, about: About<'_>) -> AdapterError {
    let (status, retry_after) = (answer.status, retry_after(&answer));
    let info = read(answer).await;
    explain(server, status, retry_after, info, what, about)
}

/// The error that the answer to a batch stands for, with the write that was refused.
pub async fn batch_refusal(server: &str, answer: Answer, what: &'static str, writes: &[Write<'_>]) -> BatchError {
    let (status, retry_after) = (answer.status, retry_after(&answer));
    let info = read(answer).await;
    let index = info.as_ref().and_then(|info| info.details.index).filter(|index| *index < writes.len());
    let about = index.map_or(About::Read, |index| About::Item(writes[index].key));
    BatchError { index, error: explain(server, status, retry_after, info, what, about) }
}

/// The whole seconds of `Retry-After`; a date there is not looked at, since clocks differ.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let value = answer.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    value.parse().ok().map(Duration::from_secs)
}

/// What an error says of itself, where it follows the contract.
async fn read(answer: Answer) -> Option<wire::ErrorInfo> {
    if content_type(&answer) != "application/json" {
        return None;
    }
    let body = collect(answer, ERROR_BYTES_MAX).await.ok()?;
    let wire::ErrorBody { error } = serde_json::from_slice(&body).ok()?;
    Some(error)
}

fn explain(
    server: &str,
    status: u16,
    retry_after: Option<Duration>,
    info: Option<wire::ErrorInfo>,
    what: &'static str,
    about: About<'_>,
) -> AdapterError {
    let server = server.to_owned();
    match (status, info) {
        (401, _) => AdapterError::Denied { server },
        (403, info) => AdapterError::Forbidden { server, message: forbidden(info) },
        (404, _) => AdapterError::NotFound { server },
        (429 | 500 | 502 | 503 | 504, _) => AdapterError::Busy { server, status, retry_after },
        (409, Some(info)) if info.code == "fenced" => AdapterError::Fenced { server },
        (409, Some(info)) if info.code == "lease_held" => {
            let text = |text: Option<String>| text.map_or_else(|| "unknown".to_owned(), |text| convert::shown(&text));
            let wire::Details { holder, since, expires_at, .. } = info.details;
            AdapterError::LeaseHeld { server, holder: text(holder), since: text(since), expires: text(expires_at) }
        }
        (412, _) => match about {
            About::Item(item) => AdapterError::Stale { server, item: item.clone() },
            About::Read | About::Lease => malformed(&server, what, "it speaks of a condition, and there was none"),
        },
        (400 | 405 | 409 | 413 | 415 | 422 | 428 | 431, Some(info)) => AdapterError::Refused {
            server,
            item: match about {
                About::Read => what.to_owned(),
                About::Lease => "lease".to_owned(),
                About::Item(item) => item.to_string(),
            },
            code: convert::shown(&info.code),
            message: convert::shown(&info.message),
        },
        (300..=399, _) => malformed(&server, what, &format!("HTTP {status} leads elsewhere, which is never followed")),
        (status, _) => malformed(&server, what, &format!("HTTP {status} is no answer to this")),
    }
}

fn forbidden(info: Option<wire::ErrorInfo>) -> String {
    let Some(info) = info else { return "it gives no reason".to_owned() };
    match info.details.needs {
        Some(role) => format!("{} (needs the role `{}`)", convert::shown(&info.message), convert::shown(&role)),
        None => convert::shown(&info.message),
    }
}
