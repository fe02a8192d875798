//! Every line between host and server, with its time.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Pending;

/// Characters of a line that an error shows.
const SHOWN_CHARS: usize = 240;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The host.
    Sent,
    /// The server.
    Received,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Who said it.
    pub direction: Direction,
    /// When, since the start of the server.
    pub at: Duration,
    /// The line without its end; what is no UTF-8 is replaced.
    pub text: Arc<str>,
    /// The line as JSON; `None`: it is none.
    pub json: Option<Arc<Value>>,
}

impl Line {
    /// The messages in it: one, or those of a batch.
    pub fn messages(&self) -> impl Iterator<Item = &Value> {
        let json = self.json.as_deref();
        let batch = json.and_then(Value::as_array).map(Vec::as_slice);
        let single = if batch.is_some() { None } else { json };
        batch.unwrap_or_default().iter().chain(single)
    }

    /// The ids that it answers.
    pub fn answered(&self) -> impl Iterator<Item = &Value> {
        self.messages().filter(|m| m.get("method").is_none()).filter_map(|m| m.get("id"))
    }

    /// Token and value, if it is a progress notification.
    pub fn progress(&self) -> Option<(&Value, f64)> {
        let message = self.json.as_deref()?;
        if message.get("method")? != "notifications/progress" {
            return None;
        }
        Some((message.pointer("/params/progressToken")?, message.pointer("/params/progress")?.as_f64()?))
    }

    /// The sentence of a progress notification.
    pub fn progress_message(&self) -> Option<&str> {
        self.json.as_deref()?.pointer("/params/message")?.as_str()
    }
}

/// All lines, oldest first. A snapshot shares the lines with the original.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    lines: Vec<Line>,
}

impl Transcript {
    /// Adds a line; gives its place, and itself.
    pub fn push(&mut self, direction: Direction, at: Duration, line: &[u8]) -> (usize, Line) {
        let json = serde_json::from_slice(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)).ok();
        let json = json.map(Arc::new);
        let line = Line { direction, at, text: String::from_utf8_lossy(line).into(), json };
        self.lines.push(line.clone());
        (self.lines.len() - 1, line)
    }

    /// All lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What the server said.
    pub fn received(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.direction == Direction::Received)
    }

    /// What the host said.
    pub fn sent(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.direction == Direction::Sent)
    }

    /// The progress notifications for a request.
    pub fn progress_of(&self, pending: &Pending) -> Vec<Line> {
        let wanted = pending.token.as_ref();
        let is_its = |line: &&Line| line.progress().is_some_and(|(token, _)| Some(token) == wanted);
        self.received().filter(is_its).cloned().collect()
    }

    /// Notifications of this method.
    pub fn notifications(&self, method: &str) -> Vec<Line> {
        let is_it = |line: &&Line| {
            line.messages().any(|m| m.get("id").is_none() && m.get("method").is_some_and(|it| it == method))
        };
        self.received().filter(is_it).cloned().collect()
    }

    /// The newest lines, cut for reading.
    pub fn tail(&self, count: usize) -> String {
        let first = self.lines.len().saturating_sub(count);
        let mut out = String::new();
        for line in self.lines.get(first..).unwrap_or_default() {
            let arrow = if line.direction == Direction::Sent { "→" } else { "←" };
            let text: String = line.text.chars().take(SHOWN_CHARS).collect();
            // Writing to a string can't fail.
            let _ = writeln!(out, "{:>9.3} s {arrow} {text}", line.at.as_secs_f64());
        }
        out
    }
}
