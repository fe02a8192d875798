//! One HTTP client per endpoint, on a lane of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use exai_provider::{
    Body, BoxFuture, Method, ProviderConfig, Request, Response, Transport, TransportError, TransportErrorKind,
};
use reqwest::{Certificate, Client, ClientBuilder, Url};
use tokio::runtime::Handle;

use crate::fault;
use crate::lane::Lane;
use crate::names::Names;

/// A peer that is gone is noticed on an HTTP/2 connection after both together; HTTP/1 has TCP's own probes.
const HTTP2_PING_EVERY: Duration = Duration::from_secs(15);
const HTTP2_PING_ANSWER: Duration = Duration::from_secs(10);

/// One HTTP client per endpoint, on a lane of its own, so that a stuck one shares neither connection nor thread with the others.
/// Each is made at its first use: reading the system's certificates is most of what it costs.
///
/// Requests can be made from any runtime; from [`HttpTransport::lane`] they cost no hop between threads.
pub struct HttpTransport {
    endpoints: BTreeMap<String, Arc<Endpoint>>,
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints.keys()).finish()
    }
}

struct Endpoint {
    name: String,
    connect_timeout: Duration,
    reach: Reach,
    client: OnceLock<Result<Client, TransportError>>,
    /// Where its first question went, as text and read: the others mostly go there, too.
    address: OnceLock<(String, Option<Url>)>,
    lane: OnceLock<Option<Arc<Lane>>>,
}

/// Whether a proxy may stand between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// None: it does not reach a server on this machine, and what goes to any other without TLS, the key among it, it would
    /// read along.
    Direct,
    /// One of the process environment, if there is any: it is asked for a tunnel, and sees no more than the host's name.
    Proxied,
}

impl HttpTransport {
    /// Knows the endpoints; nothing is opened. Proxies are taken from the process environment, except for loopback addresses
    /// and those without TLS.
    pub fn new(providers: &[ProviderConfig]) -> Self {
        // Fails where a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = |provider: &ProviderConfig| Endpoint {
            name: provider.name.clone(),
            connect_timeout: provider.connect_timeout,
            reach: Reach::of(&provider.base_url),
            client: OnceLock::new(),
            address: OnceLock::new(),
            lane: OnceLock::new(),
        };
        Self {
            endpoints: providers
                .iter()
                .map(|provider| (provider.name.clone(), Arc::new(endpoint(provider))))
                .collect(),
        }
    }

    /// The runtime of this provider's lane, begun if it is not there; it has one thread. `None`: there is no such
    /// provider, or the operating system gives no thread, and requests are made where they are asked for.
    pub fn lane(&self, provider: &str) -> Option<Handle> {
        Some(self.endpoints.get(provider)?.lane()?.handle().clone())
    }

    /// Those that have begun.
    pub fn lanes(&self) -> impl Iterator<Item = &Handle> {
        self.endpoints.values().filter_map(|endpoint| Some(endpoint.lane.get()?.as_ref()?.handle()))
    }

    /// Ends them; what runs there is dropped, soon after this returns. They end by themselves when this and all that came from it are
    /// dropped.
    pub fn stop(&self) {
        self.endpoints
            .values()
            .filter_map(|endpoint| endpoint.lane.get()?.as_ref())
            .for_each(|lane| lane.stop());
    }
}

impl Endpoint {
    fn lane(self: &Arc<Self>) -> Option<&Arc<Lane>> {
        let start = || {
            let lane = Lane::start(&self.name).ok()?;
            let endpoint = Arc::clone(self);
            // The first thing there: whoever comes after it finds the client, and has promised nobody anything meanwhile.
            lane.handle().spawn(async move { drop(endpoint.client()) });
            Some(Arc::new(lane))
        };
        self.lane.get_or_init(start).as_ref()
    }

    fn client(&self) -> Result<Client, TransportError> {
        self.client.get_or_init(|| self.build()).clone()
    }

    /// Where a question goes.
    fn url(&self, text: &str) -> Result<Url, TransportError> {
        let (known, url) = self.address.get_or_init(|| (text.to_owned(), Url::parse(text).ok()));
        let url = if known == text { url.clone() } else { Url::parse(text).ok() };
        // The address itself is left out: it may carry credentials.
        url.ok_or_else(|| fault::unusable("its address can't be read".to_owned()))
    }

    fn build(&self) -> Result<Client, TransportError> {
        self.builder().build().map_err(|error| TransportError {
            kind: TransportErrorKind::Tls,
            message: fault::chain(&error.without_url()),
        })
    }

    fn builder(&self) -> ClientBuilder {
        let mut builder = Client::builder()
            .user_agent(concat!("exai/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http2_keep_alive_interval(HTTP2_PING_EVERY)
            .http2_keep_alive_timeout(HTTP2_PING_ANSWER)
            .http2_keep_alive_while_idle(true)
            .dns_resolver(Names::new())
            .tls_certs_merge(roots());
        if self.reach == Reach::Direct {
            builder = builder.no_proxy();
        }
        builder
    }
}

impl Reach {
    fn of(base_url: &str) -> Self {
        let Ok(url) = Url::parse(base_url) else { return Self::Proxied };
        match url.host_str() {
            _ if url.scheme() == "http" => Self::Direct,
            Some("localhost" | "[::1]") => Self::Direct,
            Some(host) if host.starts_with("127.") => Self::Direct,
            _ => Self::Proxied,
        }
    }
}

/// Mozilla's roots, beside the system's: images without certificates work too.
fn roots() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok())
}

impl Transport for HttpTransport {
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let Some(endpoint) = self.endpoints.get(&request.provider) else {
                return Err(fault::unusable(format!("no endpoint is configured for {}", request.provider)));
            };
            let sent = send(Arc::clone(endpoint), request);
            match endpoint.lane() {
                Some(lane) if !lane.is_here() => Arc::clone(lane).open(sent).await,
                _ => sent.await,
            }
        })
    }
}

async fn send(endpoint: Arc<Endpoint>, request: Request) -> Result<Response, TransportError> {
    let client = endpoint.client()?;
    let mut sent = match request.method {
        Method::Get => client.get(&request.url),
        Method::Post => client.post(endpoint.url(&request.url)?).body(request.body),
    };
    for (name, value) in &request.headers {
        sent = sent.header(*name, value);
    }
    let response = sent.send().await.map_err(fault::of)?;
    let headers = response.headers().iter();
    let headers = headers
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    Ok(Response { status: response.status().as_u16(), headers, body: Box::new(Pieces(response)) })
}

/// The rest of an answer.
struct Pieces(reqwest::Response);

impl Body for Pieces {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async { self.0.chunk().await.map_err(fault::of) })
    }
}

#[cfg(test)]
mod tests;
