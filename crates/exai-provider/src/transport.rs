//! What the layer needs from an HTTP client: one request, its head, its body in chunks.
//!
//! Implementations set no timer but the one for connecting: every other clock belongs to this crate, because
//! a client's read timeout is reset by any byte. They follow no redirect and send nothing twice.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

/// A boxed future, as traits that are used through `dyn` need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// For what is there; sent without a body.
    Get,
    /// With a body.
    Post,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    /// How it asks.
    pub method: Method,
    /// Name of the configured provider; chooses the connection pool.
    pub provider: String,
    /// Absolute URL.
    pub url: String,
    /// Header names (lower case) and values. Values of `authorization` are secret.
    pub headers: Vec<(&'static str, String)>,
    /// JSON text; empty for [`Method::Get`].
    pub body: Bytes,
}

/// Head of an answer and the way to its body. Dropping it closes the connection (HTTP/2: resets the stream).
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names (lower case) and values, undecodable ones left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Box<dyn Body>,
}

impl Response {
    /// First value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A body that arrives in chunks.
pub trait Body: Send {
    /// Next chunk; `None` at a clean end, which for a close-delimited body says nothing about completeness.
    /// Cancel safe: a chunk is returned by a finished future or by a later one.
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>>;
}

/// Where a request broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: refused, unreachable, or not within the connect timeout. Nothing was sent.
    Connect,
    /// The name could not be resolved. Nothing was sent.
    Dns,
    /// TLS failed. Nothing was sent.
    Tls,
    /// The connection broke after the request may have been sent.
    Broken,
    /// The request could not be built (bad URL or header). Nothing was sent.
    Unusable,
}

/// A request that broke.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// Where it broke.
    pub kind: TransportErrorKind,
    /// What the client says, without secrets.
    pub message: String,
}

/// Opens requests.
pub trait Transport: Send + Sync {
    /// Sends the request and waits for the head of the answer. Dropping the future closes the connection.
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}
