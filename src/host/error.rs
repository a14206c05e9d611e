//! Why something could not be put where it should be. No error holds the token.

use std::time::Duration;

use crate::sys::http::TransportError;

/// What went wrong with a host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Nothing, or not all of it, came back.
    #[error("`{host}` gave no answer")]
    NoAnswer {
        /// Its address.
        host: String,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// It does not know the token.
    #[error("`{host}` refused the token")]
    Denied {
        /// Its address.
        host: String,
    },
    /// The token may not do this.
    #[error("the token may not do this: {message}")]
    Forbidden {
        /// What the host says.
        message: String,
    },
    /// There is no such thing, or the token may not see it.
    #[error("there is no {what}, or the token may not see it")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The text is longer than it takes.
    #[error("the text is longer than the host takes: {message}")]
    TooLong {
        /// The most that it takes, where it says so; in its own unit.
        max: Option<usize>,
        /// What it says.
        message: String,
    },
    /// It refused for a reason of its own.
    #[error("the host refused it (HTTP {status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// Too much was asked of it, or it is down.
    #[error("the host takes no requests now (HTTP {status}{})", waiting(.wait))]
    Busy {
        /// The HTTP status.
        status: u16,
        /// How long it asks to be left alone.
        wait: Option<Duration>,
        /// Whether it says that it did nothing: a limit on requests, and not a failure.
        is_limit: bool,
    },
    /// A list did not come in full.
    #[error("a list did not come in full: {why}")]
    Short {
        /// What is missing.
        why: String,
    },
    /// The answer does not follow its API.
    #[error("the host's answer does not follow its API: {why}")]
    Malformed {
        /// What was seen.
        why: String,
    },
}

fn waiting(wait: &Option<Duration>) -> String {
    wait.map(|wait| format!(", it asks to wait {} s", wait.as_secs())).unwrap_or_default()
}

impl HostError {
    /// Whether another try may go better.
    pub const fn is_passing(&self) -> bool {
        use TransportError as T;
        match self {
            Self::NoAnswer { source, .. } => matches!(source, T::Connect(_) | T::TimedOut | T::Cut(_)),
            Self::Busy { .. } | Self::Short { .. } => true,
            _ => false,
        }
    }

    /// Whether what was to be written may have been written.
    pub const fn is_unclear(&self) -> bool {
        match self {
            Self::NoAnswer { source, .. } => matches!(source, TransportError::TimedOut | TransportError::Cut(_)),
            Self::Busy { is_limit, .. } => !*is_limit,
            _ => false,
        }
    }

    /// How long the host asks to be left alone.
    pub const fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => *wait,
            _ => None,
        }
    }
}
