//! The engine with its clock, and what is true of all that it says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_mcp::{
    Answer, CallKey, Engine, EngineConfig, Event, IncomingCall, LINE_OUT_BYTES_MAX, Output, ServerInfo, Task,
    TaskId, TaskState, Token,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::host::{Host, Id};

const TOOLS: &str = r#"[{"name":"chat","title":"Chat","inputSchema":{"type":"object"},"outputSchema":{"type":"object"},
    "annotations":{"readOnlyHint":false},"icons":[],"_meta":{"dev.exai/class":"metered"},"x-unknown":1}]"#;

/// Longest time that one step lets pass.
const PASS_MAX: u64 = 60;

pub(crate) struct Driver {
    engine: Engine,
    now: Duration,
    host: Host,
    /// Calls and questions about tasks that wait for an answer, oldest first, with the progress token they gave.
    open: BTreeMap<CallKey, Option<String>>,
    /// Answers that the engine has taken and not reported as written.
    owed: BTreeSet<CallKey>,
    /// Last value told under a token.
    progress: BTreeMap<String, u64>,
}

/// One message of the engine.
#[derive(Deserialize)]
struct Said<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<&'a str>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress<'a> {
    #[serde(borrow)]
    progress_token: &'a RawValue,
    progress: u64,
}

impl Driver {
    pub(crate) fn new() -> Self {
        let server = ServerInfo { name: "exai".into(), version: "0.1.0".into() };
        let config = EngineConfig { server, instructions: "Ask \"it\".".into(), tools: raw(TOOLS) };
        Self {
            engine: Engine::new(config),
            now: Duration::from_secs(100),
            host: Host::default(),
            open: BTreeMap::new(),
            owed: BTreeSet::new(),
            progress: BTreeMap::new(),
        }
    }

    /// A line of the host.
    pub(crate) fn line(&mut self, line: &[u8]) {
        let expected = self.host.says(line);
        for token in &expected.tokens {
            // Another call may begin anew under a token that is free.
            if !self.open.values().flatten().any(|held| held == token) {
                self.progress.remove(token);
            }
        }
        self.engine.handle_line(self.now, line);
        let said = self.drain();
        if let Some(at_once) = expected.lines {
            assert_eq!(said, at_once, "lines at once for {}", String::from_utf8_lossy(line));
        }
    }

    /// What the driver does: `!answer <JSON>`, `!error <text>`, `!again <text>` (another round), `!task <state>`, `!done`
    /// answer the oldest open call; `!last <deed>` the newest; the others are about the engine as a whole.
    pub(crate) fn deed(&mut self, deed: &[u8]) {
        let Ok(deed) = std::str::from_utf8(deed) else { return };
        let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        match verb {
            "pass" => self.pass(rest.parse().unwrap_or(5).min(PASS_MAX)),
            "tools" => self.engine.set_tools(raw(rest)),
            "overlong" => {
                let expected = self.host.says_overlong(rest.as_bytes());
                self.engine.handle_overlong(self.now, rest.as_bytes(), 17 << 20);
                assert_eq!(self.drain(), expected);
            }
            "note" => self.open.keys().for_each(|key| self.engine.note(self.now, *key, rest)),
            "news" => {
                let task = task(rest);
                let watched = self.engine.is_watched(task.id);
                let key = self.engine.notify_task(&task);
                assert_eq!(key.is_some(), watched);
                self.owed.extend(key);
            }
            "last" => {
                let key = self.open.keys().next_back().copied();
                self.answer(key, rest);
            }
            _ => {
                let key = self.open.keys().next().copied();
                self.answer(key, deed);
            }
        }
        self.drain();
    }

    fn answer(&mut self, key: Option<CallKey>, deed: &str) {
        let Some(key) = key else { return };
        let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        let answer = match verb {
            "answer" => Answer::Result(raw(rest)),
            "error" => Answer::Error { code: -32000, message: rest.to_owned(), data: Some(raw(rest)) },
            "again" => Answer::InputRequired { request_state: rest.to_owned() },
            "task" => Answer::Task(Box::new(task(rest))),
            "done" => Answer::Acknowledged,
            _ => return,
        };
        self.open.remove(&key);
        self.owed.insert(key);
        self.engine.answer(self.now, key, answer);
    }

    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            assert!(due >= self.now, "a moment that is over");
            self.now = due;
            self.engine.handle_timeout(due);
            assert!(self.engine.poll_timeout().is_none_or(|next| next > due), "it stands still");
            self.drain();
        }
        self.now = end;
    }

    /// All is answered, and the host has had its due.
    pub(crate) fn end(mut self) {
        self.drain();
        while let Some(key) = self.open.keys().next().copied() {
            self.answer(Some(key), "answer {\"content\":[]}");
            self.drain();
        }
        self.engine.close();
        self.drain();
        self.pass(PASS_MAX);
        assert!(self.owed.is_empty(), "never reported as written: {:?}", self.owed);
        self.host.settled();
    }

    /// Takes what there is to take; the number of lines.
    fn drain(&mut self) -> usize {
        while let Some(event) = self.engine.poll_event() {
            self.event(event);
        }
        let mut lines = 0;
        while let Some(output) = self.engine.poll_output() {
            lines += 1;
            self.output(&output);
        }
        lines
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Call(call) => {
                let token = (call.token == Token::Given).then(|| token_of(&call));
                self.open.insert(call.key, token);
            }
            Event::Task { key, .. } => {
                self.open.insert(key, None);
            }
            Event::Cancelled { key, .. } => {
                assert!(self.open.remove(&key).is_some(), "a call that is not open");
            }
            Event::Watched(tasks) => assert!(!tasks.is_empty()),
            Event::HandshakeDone | Event::HostKnown(_) => {}
        }
    }

    fn output(&mut self, output: &Output) {
        let line = std::str::from_utf8(&output.line).expect("text");
        assert!(line.len() < LINE_OUT_BYTES_MAX && !line.contains(['\n', '\r']), "{line}");
        serde_json::from_str::<IgnoredAny>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in &output.answers {
            assert!(self.owed.remove(key), "{key:?} was not answered, or reported before: {line}");
        }
        if line.starts_with('[') {
            let messages: Vec<&RawValue> = serde_json::from_str(line).expect("an array");
            assert!(!messages.is_empty());
            messages.iter().for_each(|message| self.message(message.get()));
        } else {
            self.message(line);
        }
    }

    fn message(&mut self, text: &str) {
        let said: Said<'_> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(said.jsonrpc, "2.0");
        match said.method {
            None => {
                assert!(said.result.is_some() != said.error.is_some(), "{text}");
                assert!(said.id.is_some() || said.error.is_some(), "{text}");
                let id = said.id.filter(|id| id.get() != "null");
                self.host.hears(id.map(|id| Id::of(id.get())), text);
            }
            Some("notifications/progress") => self.progressed(said.params.expect("params"), text),
            Some(_) => assert!(said.id.is_none() && said.result.is_none() && said.error.is_none(), "{text}"),
        }
    }

    fn progressed(&mut self, params: &RawValue, text: &str) {
        let Progress { progress_token, progress } = serde_json::from_str(params.get()).expect("progress");
        let token = progress_token.get();
        assert!(self.open.values().flatten().any(|held| held == token), "nobody waits for it: {text}");
        let last = self.progress.insert(token.to_owned(), progress);
        assert!(last.is_none_or(|last| last < progress), "it does not rise: {text}");
    }
}

/// The token as it stands in the params.
fn token_of(call: &IncomingCall) -> String {
    crate::host::field(&call.params, "_meta")
        .and_then(|meta| crate::host::field(meta, "progressToken"))
        .map(|token| token.get().to_owned())
        .expect("a token that was given")
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A task in the state that the first word names; the rest is its result or message.
fn task(text: &str) -> Task {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let state = match word {
        "completed" => TaskState::Completed(raw(rest)),
        "failed" => TaskState::Failed { code: -32000, message: rest.to_owned() },
        "cancelled" => TaskState::Cancelled,
        _ => TaskState::Working,
    };
    let id = TaskId { call: [0xab; 16], created_ms: 1_785_240_000_000 };
    Task { id, state, message: rest.to_owned(), updated_ms: 1_785_240_001_500, ttl_ms: 3_600_000 }
}
