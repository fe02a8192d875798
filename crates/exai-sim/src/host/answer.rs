//! The answer to one request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::Pending;
use super::transcript::Line;

/// A response as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When it came, since the start of the host.
    pub at: Duration,
    /// From the request to the response.
    pub after: Duration,
    /// The response (where it came in a batch: its element).
    pub message: Value,
    /// The whole line.
    pub line: Arc<str>,
}

impl Answer {
    pub(super) fn from_line(line: &Line, pending: &Pending) -> Option<Self> {
        let message = line.messages().find(|m| m.get("id") == Some(&pending.id))?.clone();
        Some(Self {
            at: line.at,
            after: line.at.saturating_sub(pending.at),
            message,
            line: Arc::clone(&line.text),
        })
    }

    /// The result.
    ///
    /// # Errors
    /// It is a JSON-RPC error.
    pub fn result(&self) -> anyhow::Result<&Value> {
        match self.message.get("result") {
            Some(result) => Ok(result),
            None => bail!("an error, not a result: {}", self.line),
        }
    }

    /// The code of a JSON-RPC error.
    pub fn error_code(&self) -> Option<i64> {
        self.message.pointer("/error/code")?.as_i64()
    }

    /// Whether a tool says that it failed.
    pub fn is_tool_error(&self) -> bool {
        self.message.pointer("/result/isError") == Some(&Value::Bool(true))
    }

    /// How a model's answer came about.
    pub fn route(&self) -> Option<&Value> {
        self.message.pointer("/result/_meta/dev.exai~1route")
    }

    /// Requests that a model's answer states: those that it reports, and those that were lost with a daemon.
    pub fn stated_attempts(&self) -> u64 {
        let attempts = self.route().and_then(|route| route.get("attempts")?.as_array());
        let numbers = attempts.into_iter().flatten().filter_map(|attempt| attempt.get("n")?.as_u64());
        numbers.max().unwrap_or_default()
    }

    /// All text blocks of a tool's result, one below the other.
    ///
    /// # Errors
    /// It is no result of a tool.
    pub fn text(&self) -> anyhow::Result<String> {
        let content =
            self.result()?.get("content").and_then(Value::as_array).context("a result without content")?;
        let texts: Vec<&str> =
            content.iter().filter_map(|block| block.get("text").and_then(Value::as_str)).collect();
        Ok(texts.join("\n"))
    }
}
