//! One provider that sends what it is told, a clock that jumps, one attempt.

use std::collections::VecDeque;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use exai_provider::{
    Body, BoxFuture, CallContext, Catalogue, Chat, Denied, Failure, FallbackPolicy, Forgetful, Gate, Message,
    Observer, ProviderConfig, Providers, ProvidersConfig, Reply, Request, Response, Role, Timer, Transport,
    TransportError, TransportErrorKind,
};

const MODELS: &str = "[[model]]\nid = \"m\"\nprovider = \"p\"\ncontext = 1000\nidle = \"fast\"\n";

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::default().merge("models", MODELS).expect("one model"));

/// What the provider sends.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) status: u16,
    /// The connection breaks after the last piece; else the body ends.
    pub(crate) breaks: bool,
    pub(crate) pieces: Vec<Vec<u8>>,
}

/// The outcome of a question that gets this answer.
pub(crate) fn ask(given: &Given) -> Result<Reply, Failure> {
    let config = ProvidersConfig {
        providers: vec![ProviderConfig::new("p", "http://h")],
        fallback: FallbackPolicy::Off,
        ..ProvidersConfig::default()
    };
    let net = Arc::new(Net(given.clone()));
    let providers =
        Providers::new(config, CATALOGUE.clone(), net, Arc::new(Clock::default()), Arc::new(Forgetful));
    let chat = Chat { messages: vec![Message::new(Role::User, "hi")], ..Chat::default() };
    let told = Told::default();
    let context = CallContext {
        call_id: "call",
        sharer: 1,
        before: &[],
        kept: None,
        deadline: Duration::from_secs(3600),
        gate: &Once::default(),
        observer: &told,
    };
    let outcome = at_once(providers.chat(chat, context));
    if let Ok(reply) = &outcome {
        assert_eq!(*told.0.lock().expect("one thread"), reply.text, "what was told piece by piece");
    }
    outcome
}

/// Nothing here waits for anything but the clock, which never makes one wait.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it waits for something that never comes"),
    }
}

/// A clock on which whoever sleeps wakes at once.
#[derive(Default)]
struct Clock(Arc<Mutex<Duration>>);

impl Timer for Clock {
    fn now(&self) -> Duration {
        *self.0.lock().expect("one thread")
    }

    fn wall(&self) -> Duration {
        self.now()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let clock = Arc::clone(&self.0);
        Box::pin(async move {
            let mut now = clock.lock().expect("one thread");
            *now = at.max(*now);
        })
    }
}

/// Grants one attempt. One that cost nothing begins again under its number.
#[derive(Default)]
struct Once(AtomicBool);

impl Gate for Once {
    fn begin<'a>(
        &'a self,
        unused: Option<u32>,
        _: &'a str,
        _: &'a str,
        _: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        let granted = self.0.swap(true, Ordering::Relaxed) && unused.is_none();
        Box::pin(ready(if granted { Err(Denied::Exhausted) } else { Ok(1) }))
    }
}

/// The text as it is told on the way.
#[derive(Default)]
struct Told(Mutex<String>);

impl Observer for Told {
    fn note(&self, _: String) {}

    fn partial(&self, _: u32, offset: usize, text: &str) {
        let mut all = self.0.lock().expect("one thread");
        assert!(offset == all.len() || offset == 0, "a gap or a repetition at {offset}");
        all.truncate(offset);
        all.push_str(text);
    }
}

struct Net(Given);

impl Transport for Net {
    fn open(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let pieces = self.0.pieces.iter().cloned().map(Bytes::from).collect();
        let body = Box::new(Pieces { pieces, breaks: self.0.breaks });
        Box::pin(ready(Ok(Response { status: self.0.status, headers: Vec::new(), body })))
    }
}

struct Pieces {
    pieces: VecDeque<Bytes>,
    breaks: bool,
}

impl Body for Pieces {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        let broken =
            || TransportError { kind: TransportErrorKind::Broken, message: "connection reset".to_owned() };
        Box::pin(ready(match self.pieces.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None if self.breaks => Err(broken()),
            None => Ok(None),
        }))
    }
}
