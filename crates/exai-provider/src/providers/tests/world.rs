//! A scripted provider, a gate that counts, and a clock that jumps.

mod gate;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use self::gate::CountingGate;
use crate::*;

pub(super) const S: Duration = Duration::from_secs(1);

pub(super) const MODELS: &str = r#"
[[model]]
id = "glm-fast"
provider = "glm"
context = 1000
output_cap = 100_000
idle = "fast"
[[model]]
id = "glm-deep"
provider = "glm"
context = 1000
idle = "thinking"
[[model]]
id = "glm-local"
provider = "glm"
idle = "local"
[[model]]
id = "glm-slow"
provider = "glm"
idle = "fast"
first_event_floor_s = 600
idle_floor_s = 600
[[model]]
id = "kimi-fast"
provider = "kimi"
context = 2000
output_cap = 100_000
idle = "fast"
"#;

/// One step of a scripted answer.
#[derive(Clone, Debug)]
pub(super) enum Do {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Sends the bytes every so often, forever.
    Repeat(Vec<u8>, Duration),
    /// Ends the body.
    End,
    /// Breaks the connection.
    Break,
    /// Never anything again.
    Hang,
    /// A defect of this program.
    Panic,
}

/// One scripted answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// No connection.
    Refused,
    /// No request: the address is none.
    Unusable,
    /// No connection, which is noticed only after this long.
    Blackhole(Duration),
    /// Takes the request, and never sends a head.
    Mute,
    /// A head and a body.
    Head(u16, Vec<(&'static str, &'static str)>, Vec<Do>),
}

pub(super) fn stream(steps: Vec<Do>) -> Answer {
    Answer::Head(200, vec![("content-type", "text/event-stream")], steps)
}

pub(super) fn status(status: u16, body: &str) -> Answer {
    Answer::Head(status, Vec::new(), vec![Do::Send(body.as_bytes().to_vec()), Do::End])
}

pub(super) fn event(json: &str) -> Do {
    Do::Send(format!("data: {json}\n\n").into_bytes())
}

pub(super) fn content(text: &str) -> Do {
    event(&json!({"choices": [{"delta": {"content": text}}]}).to_string())
}

pub(super) fn reasoning(text: &str) -> Do {
    event(&format!(r#"{{"choices":[{{"delta":{{"reasoning_content":"{text}"}}}}]}}"#))
}

pub(super) fn finish(reason: &str) -> Do {
    event(&format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#))
}

pub(super) fn done() -> Do {
    event("[DONE]")
}

pub(super) fn says(text: &str) -> Answer {
    stream(vec![content(text), finish("stop"), done(), Do::End])
}

/// Everything around a call.
pub(super) struct World {
    pub(super) providers: Providers,
    pub(super) net: Arc<Net>,
    pub(super) clock: Clock,
    /// Attempts of each call before this daemon started.
    pub(super) made_before: AtomicU32,
    /// So many of them, the first ones, were cut by orderly restarts.
    pub(super) cut_before: AtomicU32,
    /// Model and text of the last of them; the provider is the part of the model's name before its dash.
    pub(super) kept: Option<(&'static str, String)>,
    /// What was kept of each attempt granted to any call: its number, and `provider/model`.
    pub(super) granted: Mutex<Vec<(u32, String)>>,
    pub(super) notes: Notes,
}

impl World {
    /// GLM, then Kimi, each answering its requests by its script.
    pub(super) fn new(glm: Vec<Answer>, kimi: Vec<Answer>) -> Self {
        Self::with(glm, kimi, |_| {})
    }

    pub(super) fn with(
        glm: Vec<Answer>,
        kimi: Vec<Answer>,
        change: impl FnOnce(&mut ProvidersConfig),
    ) -> Self {
        Self::of_models(MODELS, Arc::new(Forgetful), glm, kimi, change)
    }

    /// With these models.
    pub(super) fn knowing(
        models: &str,
        glm: Vec<Answer>,
        kimi: Vec<Answer>,
        change: impl FnOnce(&mut ProvidersConfig),
    ) -> Self {
        Self::of_models(models, Arc::new(Forgetful), glm, kimi, change)
    }

    /// The same with a memory, too.
    pub(super) fn of_models(
        models: &str,
        memory: Arc<dyn Memory>,
        glm: Vec<Answer>,
        kimi: Vec<Answer>,
        change: impl FnOnce(&mut ProvidersConfig),
    ) -> Self {
        let provider = |name: &str| ProviderConfig {
            key: Key::new(&format!("{name}-secret-key")).ok(),
            ..ProviderConfig::new(name, "http://h")
        };
        let mut config = ProvidersConfig {
            providers: vec![provider("glm"), provider("kimi")],
            ..ProvidersConfig::default()
        };
        change(&mut config);
        let clock = Clock { start: tokio::time::Instant::now(), moved: Arc::default() };
        let net = Arc::new(Net {
            glm: Mutex::new(glm.into()),
            kimi: Mutex::new(kimi.into()),
            lists: Mutex::default(),
            lists_asked: Mutex::default(),
            clock: clock.clone(),
            requests: Mutex::default(),
            open: Arc::default(),
        });
        let catalogue = Catalogue::default().merge("models", models).unwrap();
        let providers =
            Providers::new(config, catalogue, Arc::clone(&net) as _, Arc::new(clock.clone()), memory);
        Self {
            providers,
            net,
            clock,
            made_before: AtomicU32::new(0),
            cut_before: AtomicU32::new(0),
            kept: None,
            granted: Mutex::default(),
            notes: Notes::default(),
        }
    }

    pub(super) async fn ask(&self, model: Option<&str>, seconds: u32) -> Result<Reply, Failure> {
        let chat = Chat {
            model: model.map(str::to_owned),
            messages: vec![Message::new(Role::User, "hi")],
            ..Chat::default()
        };
        self.chat(chat, seconds).await
    }

    pub(super) async fn chat(&self, chat: Chat, seconds: u32) -> Result<Reply, Failure> {
        self.chat_as(1, chat, seconds).await
    }

    /// As another session than the first.
    pub(super) async fn ask_as(
        &self,
        sharer: u128,
        model: Option<&str>,
        seconds: u32,
    ) -> Result<Reply, Failure> {
        let messages = vec![Message::new(Role::User, "hi")];
        let chat = Chat { model: model.map(str::to_owned), messages, ..Chat::default() };
        self.chat_as(sharer, chat, seconds).await
    }

    async fn chat_as(&self, sharer: u128, chat: Chat, seconds: u32) -> Result<Reply, Failure> {
        let deadline = self.clock.now() + S * seconds;
        let made = self.made_before.load(Ordering::SeqCst);
        let (provider, model) =
            self.kept.as_ref().map_or(("", ""), |(model, _)| (model.split('-').next().unwrap(), *model));
        let cuts = self.cut_before.load(Ordering::SeqCst);
        let before = |n| Before {
            n,
            provider: provider.to_owned(),
            model: model.to_owned(),
            fate: if n <= cuts { Fate::Cut } else { Fate::Lost },
        };
        let before: Vec<Before> = (1..=made).map(before).collect();
        let kept =
            self.kept.as_ref().map(|(_, text)| Kept { attempt: made, provider, model, text, seams: &[] });
        let (made, unused) = (AtomicU32::new(made), Mutex::default());
        let gate = CountingGate { made, unused, most: 3 + cuts.min(3), granted: &self.granted };
        let context = CallContext {
            call_id: "call",
            sharer,
            before: &before,
            kept,
            deadline,
            gate: &gate,
            observer: &self.notes,
        };
        self.providers.chat(chat, context).await
    }

    /// An earlier start of the daemon made `attempts` and kept a text of the last.
    pub(super) fn keep(&mut self, attempts: u32, model: &'static str, text: &str) {
        self.made_before.store(attempts, Ordering::SeqCst);
        self.kept = Some((model, text.to_owned()));
        text.clone_into(&mut self.notes.text.lock().unwrap());
    }

    /// Provider and second of each request that went out.
    pub(super) fn requests(&self) -> Vec<(String, u64)> {
        self.net.requests.lock().unwrap().iter().map(|(name, at, _)| (name.clone(), at.as_secs())).collect()
    }

    /// Seconds of the requests that went to this provider.
    pub(super) fn requests_at(&self, provider: &str) -> Vec<u64> {
        let requests = self.requests().into_iter();
        requests.filter(|(name, _)| name == provider).map(|(_, at)| at).collect()
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        self.net.requests.lock().unwrap().iter().map(|(_, _, body)| body.clone()).collect()
    }

    /// What was kept of each attempt, in order: number and `provider/model`.
    pub(super) fn granted(&self) -> Vec<String> {
        self.granted.lock().unwrap().iter().map(|(n, whom)| format!("{n} {whom}")).collect()
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> u32 {
        self.net.open.load(Ordering::SeqCst)
    }
}

/// `cause` of each attempt.
pub(super) fn causes(attempts: &[AttemptReport]) -> Vec<String> {
    attempts.iter().map(|one| format!("{}:{}", one.provider, one.cause)).collect()
}

/// Everybody at once.
pub(super) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, outcome) in &mut running {
            if outcome.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *outcome = Some(ready);
            }
        }
        let is_ready = running.iter().all(|(_, outcome)| outcome.is_some());
        if is_ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

/// What the wall shows when a test begins: 2026-07-01, 12:00 UTC.
const WALL: Duration = Duration::from_secs(1_782_907_200);

/// Tokio's paused clock, and a wall clock that can be moved.
#[derive(Clone)]
pub(super) struct Clock {
    start: tokio::time::Instant,
    /// Seconds by which the wall clock was moved.
    moved: Arc<AtomicI64>,
}

impl Clock {
    /// Moves the wall clock, as a machine's sleep or a correction of its clock does.
    pub(super) fn move_wall(&self, seconds: i64) {
        self.moved.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Timer for Clock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> Duration {
        let moved = self.moved.load(Ordering::SeqCst);
        let by = Duration::from_secs(moved.unsigned_abs());
        let wall = WALL + self.start.elapsed();
        if moved < 0 { wall.saturating_sub(by) } else { wall + by }
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.start + at))
    }
}

#[derive(Default)]
pub(super) struct Notes {
    pub(super) notes: Mutex<Vec<String>>,
    pub(super) text: Mutex<String>,
}

impl Observer for Notes {
    fn note(&self, text: String) {
        self.notes.lock().unwrap().push(text);
    }

    fn partial(&self, _: u32, offset: usize, text: &str) {
        let mut all = self.text.lock().unwrap();
        assert!(offset <= all.len(), "a gap at {offset}");
        all.truncate(offset);
        all.push_str(text);
    }
}

pub(super) struct Net {
    pub(super) glm: Mutex<VecDeque<Answer>>,
    pub(super) kimi: Mutex<VecDeque<Answer>>,
    /// Answers to the questions which models there are, whichever provider is asked.
    pub(super) lists: Mutex<VecDeque<Answer>>,
    /// Provider, second and `authorization` of each such question.
    pub(super) lists_asked: Mutex<Vec<(String, u64, Option<String>)>>,
    clock: Clock,
    requests: Mutex<Vec<(String, Duration, Value)>>,
    open: Arc<AtomicU32>,
}

impl Transport for Net {
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let is_list = request.method == Method::Get;
        let script = match request.provider.as_str() {
            _ if is_list => &self.lists,
            "glm" => &self.glm,
            _ => &self.kimi,
        };
        let answer = script.lock().unwrap().pop_front().expect("a request that the script does not know");
        if is_list {
            assert!(request.body.is_empty() && request.url.ends_with("/models"), "{}", request.url);
            let key = request.headers.iter().find(|(name, _)| *name == "authorization");
            let asked = (request.provider, self.clock.now().as_secs(), key.map(|(_, key)| key.clone()));
            self.lists_asked.lock().unwrap().push(asked);
        } else {
            let body = serde_json::from_slice(&request.body).unwrap();
            self.requests.lock().unwrap().push((request.provider, self.clock.now(), body));
        }
        let connection = Connection::new(&self.open);
        Box::pin(async move {
            match answer {
                Answer::Refused => Err(no_connection("refused")),
                Answer::Unusable => {
                    Err(TransportError { kind: TransportErrorKind::Unusable, message: "no URL".to_owned() })
                }
                Answer::Blackhole(wait) => {
                    tokio::time::sleep(wait).await;
                    Err(no_connection("timed out"))
                }
                Answer::Mute => {
                    let _connection = connection;
                    std::future::pending().await
                }
                Answer::Head(status, headers, steps) => {
                    let headers =
                        headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
                    let body = Script { steps: steps.into(), _connection: connection };
                    Ok(Response { status, headers, body: Box::new(body) })
                }
            }
        })
    }
}

fn no_connection(message: &str) -> TransportError {
    TransportError { kind: TransportErrorKind::Connect, message: message.to_owned() }
}

struct Connection(Arc<AtomicU32>);

impl Connection {
    fn new(open: &Arc<AtomicU32>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(open))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Script {
    steps: VecDeque<Do>,
    _connection: Connection,
}

impl Body for Script {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async move {
            loop {
                match self.steps.front().cloned() {
                    Some(Do::Send(bytes)) => {
                        self.steps.pop_front();
                        return Ok(Some(bytes.into()));
                    }
                    Some(Do::Wait(time)) => {
                        // The wait goes on where a dropped future left off, as a socket's would.
                        let until = tokio::time::Instant::now() + time;
                        if let Some(step) = self.steps.front_mut() {
                            *step = Do::Wait(Duration::ZERO);
                        }
                        tokio::time::sleep_until(until).await;
                        self.steps.pop_front();
                    }
                    Some(Do::Repeat(bytes, every)) => {
                        tokio::time::sleep(every).await;
                        return Ok(Some(bytes.into()));
                    }
                    Some(Do::Break) => {
                        let message = "connection reset".to_owned();
                        return Err(TransportError { kind: TransportErrorKind::Broken, message });
                    }
                    Some(Do::Hang) => std::future::pending().await,
                    Some(Do::Panic) => panic!("as the script wants it"),
                    Some(Do::End) | None => return Ok(None),
                }
            }
        })
    }
}
