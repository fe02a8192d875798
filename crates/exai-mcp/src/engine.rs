//! The engine: one host, one stream of lines.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::config::EngineConfig;
use crate::event::{Answer, CallKey, Event, Output};

/// The server side of MCP towards one host. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Engine {
    _config: EngineConfig,
}

impl Engine {
    /// An engine that has heard nothing yet.
    pub fn new(config: EngineConfig) -> Self {
        Self { _config: config }
    }

    /// Takes one line of the host, without its line feed; byte order mark, CR and blanks around it are tolerated.
    pub fn handle_line(&mut self, _now: Duration, _line: &[u8]) {}

    /// Takes the head of a line that was longer than [`crate::LINE_IN_BYTES_MAX`]; `bytes` is its whole length.
    /// It is answered with an error that bears its id, if `head` has it.
    pub fn handle_overlong(&mut self, _now: Duration, _head: &[u8], _bytes: u64) {}

    /// Answers a call in the shape of its revision. Does nothing if the call is unknown, answered or cancelled.
    pub fn answer(&mut self, _now: Duration, _key: CallKey, _answer: Answer) {}

    /// Sets the text of the call's next progress notification; only its first 120 characters are kept.
    pub fn note(&mut self, _now: Duration, _key: CallKey, _text: &str) {}

    /// Replaces the tool list. The host is told only if the definitions really differ.
    pub fn set_tools(&mut self, _tools: Box<RawValue>) {}

    /// Ends what is held open: subscriptions get their completion results. Calls are the driver's to answer,
    /// before this.
    pub fn close(&mut self) {}

    /// Next line to write.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// Next thing to know or do.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// Moment at which [`Self::handle_timeout`] wants to be called: the next progress notification.
    pub fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    /// Emits the progress notifications that are due.
    pub fn handle_timeout(&mut self, _now: Duration) {}
}
