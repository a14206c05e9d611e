//! HTTP as the adapters see it: one request, one answer, nothing of the domain.
//!
//! Everything that goes over a network goes through these traits, so that a simulation can stand in for it.

pub mod asdk;
mod auth;
mod client;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use asdk::Reading;
pub use auth::Credentials;
pub use client::HttpOptions;
pub use client::HttpReadTransport;
pub use client::HttpTransport;
pub use client::Proxy;
pub use client::TokenScheme;
pub use client::install_crypto;

/// A request that only reads.
#[derive(Clone, Debug)]
pub struct Get {
    /// Path and query, from `/`.
    pub path: String,
    /// Headers, besides the credentials.
    pub headers: Vec<(&'static str, String)>,
}

/// A question that no path can hold: a `POST` that asks and changes nothing. What can be asked is a closed set, so that
/// what can only read has no other way to `POST`.
#[derive(Clone)]
pub struct Ask {
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Ask {
    /// Whom a query finds; nothing is stored. The body is JSON.
    pub fn evaluate(body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { path: "/v1/evaluate", headers, body: body.into() }
    }

    /// A reading call of the Altiris ASDK, in the namespace that the service's WSDL told.
    ///
    /// # Errors
    /// [`asdk::Unsayable`] when a value holds what XML cannot.
    pub fn asdk(reading: Reading, namespace: &str, params: &[asdk::Param]) -> Result<Self, asdk::Unsayable> {
        let asdk::Call { headers, body } = asdk::call(namespace, reading.message(), params)?;
        Ok(Self { path: reading.service().path(), headers, body })
    }

    /// Its path.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Its headers, besides the credentials.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Its body.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }
}

/// A request that may write. Its body may hold a password, so `Debug` shows its length only.
#[derive(Clone)]
pub struct Send {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: http::Method,
    /// Path and query, from `/`.
    pub path: String,
    /// Headers, besides the credentials.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty where there is none.
    pub body: Bytes,
}

impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &self.headers)
            .field("body", &format_args!("… ({} bytes)", self.body.len()))
            .finish()
    }
}

/// An answer. The body is still to be read, and may yet fail.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body, after any content encoding is undone.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

/// A way to a server on which nothing can be written: it has no other method than `GET`, and questions.
#[async_trait]
pub trait ReadTransport: std::marker::Send + Sync {
    /// The server's address, for messages; without credentials.
    fn server(&self) -> &str;

    /// Sends one request; no retry, no redirect.
    ///
    /// # Errors
    /// When no answer came.
    async fn get(&self, request: Get) -> Result<Answer, TransportError>;

    /// Asks one question; no retry, no redirect.
    ///
    /// # Errors
    /// When no answer came, or this way asks no questions.
    async fn ask(&self, _ask: Ask) -> Result<Answer, TransportError> {
        Err(TransportError::Unsendable("this connection asks no questions".to_owned()))
    }
}

/// A way to a server on which can be written.
#[async_trait]
pub trait Transport: ReadTransport {
    /// Sends one request; no retry, no redirect.
    ///
    /// # Errors
    /// When no answer came; the request may have had its effect all the same.
    async fn send(&self, request: Send) -> Result<Answer, TransportError>;
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The server cannot be reached.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// Its certificate cannot be trusted.
    #[error("its certificate is not trusted: {0}")]
    Certificate(String),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The connection was cut.
    #[error("the connection was cut: {0}")]
    Cut(String),
    /// It sent more than is taken.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// Who we are is not taken, on one side or the other.
    #[error("{why}")]
    Denied {
        /// What is wrong.
        why: String,
        /// What cures it.
        help: String,
    },
    /// The address or a header cannot be sent.
    #[error("{0}")]
    Unsendable(String),
}
