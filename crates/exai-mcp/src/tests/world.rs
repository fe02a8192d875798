//! An engine, its clock, and a listener that holds every line against the schemas where they are at hand.

use std::time::Duration;

use exai_sim::schema::{Conversation, Schemas};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{Answer, CallKey, Engine, EngineConfig, Event, IncomingCall, Output, ServerInfo};

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: Duration,
    pub(crate) conversation: Option<Conversation<'static>>,
}

pub(crate) fn raw(json: &Value) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).unwrap()
}

/// One tool with every field that ever was.
pub(crate) fn tools() -> Value {
    json!([{
        "name": "chat", "title": "Chat", "description": "Asks a model.",
        "inputSchema": {"type": "object", "properties": {"prompt": {"type": "string"}}},
        "outputSchema": {"type": "object"},
        "annotations": {"readOnlyHint": false},
        "icons": [{"src": "data:image/png;base64,AA=="}],
        "_meta": {"dev.exai/class": "metered"},
        "x-unknown": 1
    }])
}

impl World {
    pub(crate) fn new() -> Self {
        let tools = raw(&tools());
        let server = ServerInfo { name: "exai".into(), version: "0.1.0".into() };
        let engine = Engine::new(EngineConfig { server, instructions: "Ask \"it\".".into(), tools });
        let conversation = Schemas::at_hand().unwrap().map(Conversation::new);
        Self { engine, now: Duration::from_secs(100), conversation }
    }

    /// Without the listener, for what no schema allows (ids that are fractions) or what takes too long with it.
    pub(crate) fn unchecked() -> Self {
        Self { conversation: None, ..Self::new() }
    }

    /// After the handshake of that revision.
    pub(crate) fn opened(revision: &str) -> Self {
        let mut world = Self::new();
        world.ask(&initialize(revision));
        world.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        while world.engine.poll_event().is_some() {}
        world
    }

    pub(crate) fn line(&mut self, line: &[u8]) {
        if let Some(conversation) = &mut self.conversation {
            conversation.host_line(line);
        }
        self.engine.handle_line(self.now, line);
    }

    pub(crate) fn say(&mut self, message: &Value) {
        self.line(message.to_string().as_bytes());
    }

    /// Says it and takes the one line that it is answered with.
    pub(crate) fn ask(&mut self, message: &Value) -> Value {
        self.say(message);
        self.only()
    }

    pub(crate) fn outputs(&mut self) -> Vec<Output> {
        let outputs: Vec<Output> = std::iter::from_fn(|| self.engine.poll_output()).collect();
        for output in &outputs {
            assert!(output.line.len() < crate::LINE_OUT_BYTES_MAX && !output.line.contains(&b'\n'));
            if let Some(conversation) = &mut self.conversation {
                conversation.server_line(&output.line).unwrap();
            }
        }
        outputs
    }

    pub(crate) fn texts(&mut self) -> Vec<String> {
        self.outputs().into_iter().map(|output| String::from_utf8(output.line).unwrap()).collect()
    }

    pub(crate) fn lines(&mut self) -> Vec<Value> {
        self.texts().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn only(&mut self) -> Value {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }

    pub(crate) fn calls(&mut self) -> Vec<IncomingCall> {
        let only_calls = |event| match event {
            Event::Call(call) => Some(call),
            _ => None,
        };
        self.events().into_iter().filter_map(only_calls).collect()
    }

    /// Says it and takes the call that it makes.
    pub(crate) fn call(&mut self, message: &Value) -> IncomingCall {
        self.say(message);
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1);
        calls.remove(0)
    }

    pub(crate) fn answer(&mut self, key: CallKey, result: &Value) {
        self.engine.answer(self.now, key, Answer::Result(raw(result)));
    }

    pub(crate) fn answer_text(&mut self, key: CallKey, text: &str) {
        self.answer(key, &json!({"content": [{"type": "text", "text": text}]}));
    }

    /// Lets time pass, waking the engine when it asks for it.
    pub(crate) fn pass(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.engine.handle_timeout(due);
        }
        self.now = end;
    }
}

pub(crate) fn initialize(revision: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "h", "version": "1"}}})
}

pub(crate) fn request(id: &Value, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

pub(crate) fn tool_call(id: &Value) -> Value {
    request(id, "tools/call", &json!({"name": "chat", "arguments": {"prompt": "hi"}}))
}

pub(crate) fn cancelled(id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id, "reason": "user"}})
}

/// The same message with modern `_meta` added.
pub(crate) fn modern(mut message: Value) -> Value {
    let meta = &mut message["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "m", "version": "2"});
    message
}
