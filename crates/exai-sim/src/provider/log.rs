//! What was asked of the provider, and how each request ended.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::digest;
use super::http::HttpRequest;
use crate::sync::Watched;

/// Requests kept: bounds the log of a provider that runs for days; far more than any test sends.
const KEPT: usize = 65_536;

/// One chat request, as far as it has come. Times count from the start of the provider.
#[derive(Clone, Debug)]
pub struct Request {
    /// Counts from 1.
    pub number: u64,
    /// When its last byte had been read.
    pub at: Duration,
    /// The path, query included.
    pub path: String,
    /// The first segment of the path: which provider was meant.
    pub provider: String,
    /// The token of `Authorization: Bearer`.
    pub key: Option<String>,
    /// The model asked for.
    pub model: String,
    /// What the body or the header `x-request-id` gives as the request's id.
    pub request_id: Option<String>,
    /// The text of the last user message.
    pub prompt: Arc<str>,
    /// [`digest`] of the prompt.
    pub digest: String,
    /// The beginning of the answer that it is to go on from.
    pub begun: Option<Arc<str>>,
    /// Which request with this prompt it is, from 1.
    pub nth: u64,
    /// The whole body.
    pub body: Arc<Value>,
    /// Deltas of reasoning and content sent.
    pub events: u64,
    /// Bytes of the response sent.
    pub bytes: u64,
    /// How it ended; `None`: it has not.
    pub ended: Option<Ended>,
}

/// When and how a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Since the start of the provider.
    pub at: Duration,
    /// Why.
    pub how: End,
}

/// Why a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The response was sent to its last byte.
    Completed,
    /// The client closed or reset the socket.
    ClientClosed,
    /// The script cut it.
    Cut,
    /// The provider itself was stopped.
    Stopped,
}

impl Request {
    /// Whether its response is still being sent.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// How many bytes of the answer it is to go on from; 0: it asks for all of it.
    pub fn continues(&self) -> u64 {
        self.begun.as_ref().map_or(0, |begun| begun.len() as u64)
    }

    fn summary(&self) -> Value {
        json!({
            "number": self.number, "at_ms": ms(self.at), "provider": self.provider, "path": self.path,
            "authorized": self.key.is_some(), "model": self.model, "request_id": self.request_id,
            "digest": self.digest, "nth": self.nth, "continues": self.continues(), "events": self.events, "bytes": self.bytes,
            "ended": self.ended.map(|e| json!({"at_ms": ms(e.at), "how": format!("{:?}", e.how)})),
        })
    }
}

/// The log of a provider.
#[derive(Debug)]
pub(crate) struct Log {
    start: Instant,
    requests: Watched<Requests>,
}

#[derive(Debug, Default)]
struct Requests {
    total: u64,
    kept: VecDeque<Request>,
    /// [`Request::nth`] of the newest one of each prompt that is kept.
    newest: HashMap<String, u64>,
}

impl Requests {
    /// Numbers a request and keeps it. The work does not grow with the log: it would be in every figure that is measured
    /// with this provider.
    fn push(&mut self, entry: &mut Request) {
        self.total += 1;
        entry.number = self.total;
        let nth = self.newest.entry(entry.digest.clone()).or_default();
        *nth += 1;
        entry.nth = *nth;
        self.kept.push_back(entry.clone());
        if self.kept.len() > KEPT {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.kept.pop_front() else { return };
        if self.newest.get(&oldest.digest) == Some(&oldest.nth) {
            self.newest.remove(&oldest.digest);
        }
    }
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), requests: Watched::default() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.read(|log| log.kept.iter().cloned().collect())
    }

    pub(crate) fn wait_for(
        &self,
        timeout: Duration,
        enough: impl Fn(&[Request]) -> bool,
    ) -> anyhow::Result<Vec<Request>> {
        self.requests
            .wait(timeout, |log| {
                let all: Vec<Request> = log.kept.iter().cloned().collect();
                enough(&all).then_some(all)
            })
            .with_context(|| {
                format!("the provider's log is not as awaited after {timeout:?}: {}", self.json())
            })
    }

    /// The log as JSON, without prompts and keys.
    pub(crate) fn json(&self) -> Value {
        self.requests.read(|log| log.kept.iter().map(Request::summary).collect())
    }

    /// Writes down a new request.
    pub(crate) fn open(&self, request: &HttpRequest, body: Value) -> Request {
        let turns = Turns::read(&body);
        let prompt: Arc<str> = turns.prompt.into();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut entry = Request {
            number: 0,
            at: self.now(),
            provider: request.path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned(),
            path: request.path.clone(),
            key: request.header("authorization").and_then(|v| v.strip_prefix("Bearer ")).map(str::to_owned),
            model: body.get("model").and_then(text).unwrap_or_default(),
            request_id: body
                .get("request_id")
                .and_then(text)
                .or_else(|| request.header("x-request-id").map(str::to_owned)),
            digest: digest(&prompt),
            begun: turns.begun.map(Into::into),
            prompt,
            nth: 0,
            body: Arc::new(body),
            events: 0,
            bytes: 0,
            ended: None,
        };
        self.requests.change(|log| log.push(&mut entry));
        entry
    }

    /// Adds to what the request `number` has been sent.
    pub(crate) fn sent(&self, number: u64, events: u64, bytes: u64) {
        self.update(number, |request| {
            request.events += events;
            request.bytes += bytes;
        });
    }

    pub(crate) fn ended(&self, number: u64, how: End) {
        let at = self.now();
        self.update(number, |request| request.ended = Some(Ended { at, how }));
    }

    fn update(&self, number: u64, update: impl FnOnce(&mut Request)) {
        self.requests.change(|log| {
            // Newest first: the open ones are at the end.
            if let Some(request) = log.kept.iter_mut().rev().find(|r| r.number == number) {
                update(request);
            }
        });
    }
}

/// How the turn begins by which exai asks for the rest of a message.
const GO_ON: &str = "Your last message broke off. ";

/// What the turns of a request ask for.
struct Turns {
    prompt: String,
    begun: Option<String>,
}

impl Turns {
    fn read(body: &Value) -> Self {
        let turns = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let (before, begun) = match turns {
            [before @ .., last] if is_from(last, "assistant") => (before, Some(text_of(last))),
            [before @ .., beginning, last]
                if is_from(beginning, "assistant") && text_of(last).starts_with(GO_ON) =>
            {
                (before, Some(text_of(beginning)))
            }
            all => (all, None),
        };
        let prompt = before.iter().rev().find(|turn| is_from(turn, "user")).map(text_of).unwrap_or_default();
        Self { prompt, begun }
    }
}

fn is_from(turn: &Value, role: &str) -> bool {
    turn.get("role").and_then(Value::as_str) == Some(role)
}

fn text_of(turn: &Value) -> String {
    match turn.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
        }
        _ => String::new(),
    }
}

fn ms(at: Duration) -> f64 {
    at.as_secs_f64() * 1000.0
}
