//! Why an operation was not done.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::server::store::StoreError;

/// What sort of refusal it is; a caller can branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The request cannot be read.
    Malformed,
    /// No token, or none that is known.
    Unauthenticated,
    /// The token's role does not reach.
    Forbidden,
    /// There is no such item, lease, token or address.
    NotFound,
    /// The address does not take this method.
    MethodNotAllowed,
    /// The body took too long to come.
    Timeout,
    /// Something still refers to it.
    InUse,
    /// It would refer to itself, directly or not.
    Cycle,
    /// It refers to what is not there.
    UnknownReference,
    /// The fence is not that of the current lease.
    Fenced,
    /// Someone else holds the lease.
    LeaseHeld,
    /// An attribute forbids it.
    Protected,
    /// It changed since it was read.
    RevisionMoved,
    /// Too many bytes or operations.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// It can be read, and breaks a rule.
    Invalid,
    /// The idempotency key belongs to another request.
    KeyReused,
    /// It needs a precondition.
    PreconditionRequired,
    /// It needs a fence.
    FenceRequired,
    /// A fault of ours.
    Internal,
    /// Not now.
    Unavailable,
    /// It takes longer than is given to it.
    TooSlow,
}

impl Code {
    /// The code, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Timeout => "timeout",
            Self::InUse => "in_use",
            Self::Cycle => "cycle",
            Self::UnknownReference => "unknown_reference",
            Self::Fenced => "fenced",
            Self::LeaseHeld => "lease_held",
            Self::Protected => "protected",
            Self::RevisionMoved => "revision_moved",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Invalid => "invalid",
            Self::KeyReused => "key_reused",
            Self::PreconditionRequired => "precondition_required",
            Self::FenceRequired => "fence_required",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::TooSlow => "too_slow",
        }
    }
}

/// An operation that was not done. What is said here is shown to whoever asked: it holds no secret and nothing of how
/// the server works inside.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// What sort.
    pub code: Code,
    /// Why, for people.
    pub message: String,
    /// Facts, for programs.
    pub details: BTreeMap<String, Value>,
    /// What the store said, for the log alone.
    #[source]
    pub source: Option<Box<StoreError>>,
}

impl Refused {
    /// A refusal without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: BTreeMap::new(), source: None }
    }

    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// A field that breaks a rule.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message).with("field", field)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let mut refused = if error.is_busy() {
            Self::new(Code::Unavailable, "the database is busy")
        } else if error.is_full() {
            Self::new(Code::Unavailable, "the server's disk is full")
        } else {
            Self::new(Code::Internal, "the server failed; its log says why")
        };
        refused.source = Some(Box::new(error));
        refused
    }
}
