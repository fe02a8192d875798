//! The whole way of a call through this crate, from a transport that has all pieces at once.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use exai_provider::{
    Body, BoxFuture, CallContext, Catalogue, Chat, Denied, Forgetful, Gate, Key, Message, Observer,
    ProviderConfig, Providers, ProvidersConfig, Request, Response, Role, Timer, Transport, TransportError,
};

const MODELS: &str = "[[model]]\nid = \"glm-fast\"\nprovider = \"glm\"\nidle = \"fast\"\n";

/// Gives each request the same body.
struct Ready(Mutex<Option<Vec<Bytes>>>);

impl Transport for Ready {
    fn open(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let pieces = self.0.lock().unwrap().take().unwrap_or_default();
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        let body = Box::new(Pieces(pieces.into_iter()));
        Box::pin(ready(Ok(Response { status: 200, headers, body })))
    }
}

struct Pieces(std::vec::IntoIter<Bytes>);

impl Body for Pieces {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(ready(Ok(self.0.next())))
    }
}

struct Clock(tokio::time::Instant);

impl Timer for Clock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.0 + at))
    }
}

struct Open;

impl Gate for Open {
    fn begin<'a>(
        &'a self,
        _: Option<u32>,
        _: &'a str,
        _: &'a str,
        _: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        Box::pin(ready(Ok(1)))
    }
}

impl Observer for Open {
    fn note(&self, _: String) {}
}

/// The length of the answer.
pub(crate) fn decode(pieces: Vec<Bytes>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let provider = ProviderConfig { key: Key::new("a-key").ok(), ..ProviderConfig::new("glm", "http://h") };
    let config = ProvidersConfig { providers: vec![provider], ..ProvidersConfig::default() };
    let catalogue = Catalogue::default().merge("models", MODELS).unwrap();
    runtime.block_on(async {
        let clock = Clock(tokio::time::Instant::now());
        let deadline = clock.now() + Duration::from_secs(600);
        let transport = Arc::new(Ready(Mutex::new(Some(pieces))));
        let providers = Providers::new(config, catalogue, transport, Arc::new(clock), Arc::new(Forgetful));
        let chat = Chat { messages: vec![Message::new(Role::User, "hi")], ..Chat::default() };
        let context = CallContext {
            call_id: "call",
            sharer: 1,
            before: &[],
            kept: None,
            deadline,
            gate: &Open,
            observer: &Open,
        };
        providers.chat(chat, context).await.map_err(|failure| failure.message).unwrap().text.len()
    })
}
