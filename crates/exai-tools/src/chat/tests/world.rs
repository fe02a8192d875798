//! A provider that answers by script, and everything else that a call needs.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use exai_provider::{
    Before, Body, BoxFuture, CallContext, Catalogue, Denied, Forgetful, Gate, Kept, Key, Observer,
    ProviderConfig, Providers, ProvidersConfig, Request, Response, Timer, Transport, TransportError,
};
use serde_json::{Value, json};

use crate::{
    ConversationId, Conversations, ConversationsUnreadable, DaemonFacts, DaemonView, Exchange, ToolContext,
};

/// What the provider says to one request.
pub(super) enum Answered {
    /// A stream that ends well.
    Stream(String),
    /// A refusal.
    Status(u16),
}

impl Answered {
    pub(super) fn text(text: &str) -> Self {
        let chunk =
            json!({ "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }] });
        let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        Self::Stream(format!("data: {chunk}\n\ndata: {end}\n\ndata: [DONE]\n\n"))
    }
}

/// A result as the host sees it.
pub(super) struct Shown {
    pub(super) is_error: bool,
    pub(super) text: String,
    pub(super) facts: Value,
}

impl Shown {
    pub(super) fn conversation(&self) -> String {
        self.facts["conversation"].as_str().unwrap().to_owned()
    }
}

pub(super) struct World {
    script: Arc<Script>,
    providers: Providers,
    conversations: KeptTurns,
    /// Attempts of each call that earlier starts of the daemon made, and the text of the last.
    pub(super) before: Vec<Before>,
    pub(super) kept: Option<String>,
    calls: AtomicU8,
}

struct Script {
    answers: Mutex<VecDeque<Answered>>,
    sent: Mutex<Vec<Value>>,
}

impl World {
    /// One provider `test` with a key, whose model is the default, and `glm` without.
    pub(super) fn new<const N: usize>(answers: [Answered; N]) -> Self {
        Self::with_chain(&[], answers)
    }

    /// The same, with models that may answer for others.
    pub(super) fn with_chain<const N: usize>(chain: &[&str], answers: [Answered; N]) -> Self {
        let script = Arc::new(Script { answers: Mutex::new(answers.into()), sent: Mutex::default() });
        let mut test = ProviderConfig::new("test", "http://test.invalid/v1");
        test.key = Some(Key::new("secret").unwrap());
        let glm = ProviderConfig::new("glm", "http://glm.invalid/v4");
        let config = ProvidersConfig {
            providers: vec![test, glm],
            default_model: Some("test/one".to_owned()),
            chain: chain.iter().map(|&name| name.to_owned()).collect(),
            ..ProvidersConfig::default()
        };
        Self {
            providers: Providers::new(
                config,
                Catalogue::builtin(),
                script.clone(),
                Arc::new(Stopped),
                Arc::new(Forgetful),
            ),
            script,
            conversations: KeptTurns::default(),
            calls: AtomicU8::new(0),
            before: Vec::new(),
            kept: None,
        }
    }

    /// From now on no conversation can be read.
    pub(super) fn hide_conversations(&mut self, why: &'static str) {
        self.conversations.1 = Some(why);
    }

    pub(super) fn chat(&self, arguments: &Value) -> Shown {
        self.run("chat", arguments)
    }

    pub(super) fn run(&self, tool: &str, arguments: &Value) -> Shown {
        let n = self.calls.fetch_add(1, Ordering::Relaxed);
        let context = ToolContext {
            providers: &self.providers,
            conversations: &self.conversations,
            daemon: &Ready,
            call: CallContext {
                call_id: "call",
                sharer: 1,
                before: &self.before,
                kept: self.kept.as_deref().zip(self.before.last()).map(kept),
                deadline: Duration::from_secs(60),
                gate: &Open(self.before.last().map_or(0, |last| last.n)),
                observer: &Deaf,
            },
            new_conversation: ConversationId::from_random([n; 16]),
        };
        let arguments = serde_json::value::to_raw_value(arguments).unwrap();
        let result = at_once(crate::run(tool, &arguments, &context));
        if let Some(turn) = result.turn {
            self.conversations
                .0
                .lock()
                .unwrap()
                .push((turn.conversation, Exchange::read(&turn.exchange).unwrap()));
        }
        let body: Value = serde_json::from_str(result.body.get()).unwrap();
        Shown {
            is_error: body["isError"].as_bool().unwrap(),
            text: body["content"][0]["text"].as_str().unwrap().to_owned(),
            facts: body["_meta"]["dev.exai/route"].clone(),
        }
    }

    pub(super) fn sent(&self) -> Vec<Value> {
        self.script.sent.lock().unwrap().clone()
    }
}

impl Transport for Script {
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.sent.lock().unwrap().push(serde_json::from_slice(&request.body).unwrap());
        let answer = self.answers.lock().unwrap().pop_front().expect("no request beyond the script");
        let (status, text) = match answer {
            Answered::Stream(text) => (200, text),
            Answered::Status(status) => (status, String::new()),
        };
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        let response = Response { status, headers, body: Box::new(Whole(Some(text))) };
        Box::pin(async move { Ok(response) })
    }
}

struct Whole(Option<String>);

impl Body for Whole {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<bytes::Bytes>, TransportError>> {
        let chunk = self.0.take().map(bytes::Bytes::from);
        Box::pin(async move { Ok(chunk) })
    }
}

/// A clock that stands still: nothing in these tests takes time.
struct Stopped;

impl Timer for Stopped {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }
}

/// Grants three attempts to a call, less those made before.
struct Open(u32);

impl Gate for Open {
    fn begin<'a>(
        &'a self,
        _: Option<u32>,
        _: &'a str,
        _: &'a str,
        _: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        let made = self.0;
        Box::pin(async move { if made < 3 { Ok(made + 1) } else { Err(Denied::Exhausted) } })
    }
}

/// The turns that results brought, as a journal keeps them.
#[derive(Default)]
struct KeptTurns(Mutex<Vec<(ConversationId, Exchange)>>, Option<&'static str>);

impl Conversations for KeptTurns {
    fn load(&self, id: ConversationId) -> BoxFuture<'_, Result<Vec<Exchange>, ConversationsUnreadable>> {
        if let Some(why) = self.1 {
            return Box::pin(async move { Err(ConversationsUnreadable(why.to_owned())) });
        }
        let kept = self.0.lock().unwrap();
        let turns = kept.iter().filter(|(of, _)| *of == id).map(|(_, exchange)| exchange.clone()).collect();
        Box::pin(async move { Ok(turns) })
    }
}

fn kept<'a>((text, of): (&'a str, &'a Before)) -> Kept<'a> {
    Kept { attempt: of.n, provider: &of.provider, model: &of.model, text, seams: &[] }
}

struct Deaf;

impl Observer for Deaf {
    fn note(&self, _text: String) {}
}

struct Ready;

impl DaemonView for Ready {
    fn facts(&self) -> DaemonFacts {
        DaemonFacts {
            version: "1.2.3".to_owned(),
            state: "ready",
            why: None,
            epoch: 7,
            pid: 99,
            uptime: Duration::from_secs(60),
            sessions: 1,
            in_flight: 0,
            waiting: 0,
            oldest: None,
            lag: Duration::ZERO,
            env_file: Some("/h/exai/.env".to_owned()),
        }
    }
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("waits, although everything that it could wait for is there"),
    }
}
