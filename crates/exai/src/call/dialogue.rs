//! What `exai call` says to its shim and hears from it: the part of a host, for one call. No I/O here.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// The revision that is spoken; the newest with a handshake.
const REVISION: &str = "2025-11-25";

const INITIALIZE: u64 = 1;
const CALL: u64 = 2;
const PING: u64 = 3;

/// One call of one tool.
pub(crate) struct Dialogue {
    tool: String,
    arguments: Map<String, Value>,
}

/// What a line of the shim means.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// Send these lines.
    Say(Vec<Value>),
    /// The call goes on; `text` tells what is going on.
    Progress { text: String, since: Duration },
    /// The tool's result.
    Result(Value),
    /// The call was refused as a whole: an unknown tool, arguments of the wrong form.
    Refused(String),
    /// Everything sent before has been read.
    Pong,
    /// Nothing of interest.
    Other,
}

impl Dialogue {
    pub(crate) fn new(tool: String, arguments: Map<String, Value>) -> Self {
        Self { tool, arguments }
    }

    /// The first line.
    pub(crate) fn open(&self) -> Value {
        json!({"jsonrpc": "2.0", "id": INITIALIZE, "method": "initialize", "params": {
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "exai-call", "version": env!("CARGO_PKG_VERSION")},
        }})
    }

    /// The lines that take the call back. The answer to the `ping` among them shows that the shim has read them.
    pub(crate) fn cancel(&self) -> Vec<Value> {
        vec![
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                "params": {"requestId": CALL, "reason": "interrupted at the terminal"}}),
            json!({"jsonrpc": "2.0", "id": PING, "method": "ping"}),
        ]
    }

    /// Takes a line from the shim.
    pub(crate) fn hear(&self, line: &str) -> Heard {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return Heard::Other };
        if message.get("method").and_then(Value::as_str) == Some("notifications/progress") {
            return progress(message.get("params"));
        }
        match message.get("id").and_then(Value::as_u64) {
            Some(INITIALIZE) => Heard::Say(self.call()),
            Some(CALL) => answer(&message),
            Some(PING) => Heard::Pong,
            _ => Heard::Other,
        }
    }

    fn call(&self) -> Vec<Value> {
        vec![
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": CALL, "method": "tools/call", "params": {
                "name": self.tool,
                "arguments": self.arguments,
                "_meta": {"progressToken": CALL},
            }}),
        ]
    }
}

fn progress(params: Option<&Value>) -> Heard {
    let field = |name| params.and_then(|params| params.get(name));
    let seconds = field("progress").and_then(Value::as_f64).unwrap_or_default();
    Heard::Progress {
        text: field("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
        since: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
    }
}

fn answer(message: &Value) -> Heard {
    if let Some(result) = message.get("result") {
        return Heard::Result(result.clone());
    }
    let text = message.pointer("/error/message").and_then(Value::as_str);
    Heard::Refused(text.unwrap_or("an error without a message").to_owned())
}

/// Whether a tool's result tells of a failure.
pub(crate) fn is_failure(result: &Value) -> bool {
    result.get("isError").and_then(Value::as_bool) == Some(true)
}

/// Why the shim answered in the daemon's place; `None`: the daemon did.
pub(crate) fn cause(result: &Value) -> Option<&str> {
    result.get("_meta")?.get("exai/cause")?.as_str()
}

/// The text of a tool's result; parts that are no text stand as JSON, one a line.
pub(crate) fn text_of(result: &Value) -> String {
    let mut text = String::new();
    for part in result.get("content").and_then(Value::as_array).into_iter().flatten() {
        match part.get("text").and_then(Value::as_str) {
            Some(part) => text.push_str(part),
            None => text.push_str(&part.to_string()),
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}
