//! What comes back: an answer or a failure, each with every attempt that was made.

use std::time::Duration;

use serde::Serialize;

use crate::before::Before;
use crate::broke::Broke;
use crate::cause::{Cause, words};
use crate::continued::Continued;
use crate::dialect::Dialect;
use crate::kept::Kept;
use crate::reset_time::told;
use crate::span::wait;

/// Tokens as the provider counts them, summed over the attempts that told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Tokens of the question.
    pub prompt_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub completion_tokens: u64,
    /// Part of `prompt_tokens` that came from the provider's cache.
    pub cached_tokens: u64,
    /// Part of `completion_tokens` that was reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// With so many tokens of each kind at most.
    pub(crate) fn at_most(self, most: u64) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens.min(most),
            completion_tokens: self.completion_tokens.min(most),
            cached_tokens: self.cached_tokens.min(most),
            reasoning_tokens: self.reasoning_tokens.min(most),
        }
    }

    /// Adds the tokens of another attempt.
    pub(crate) fn add(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cached_tokens += other.cached_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
    }
}

/// One request, or one that did not come about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptReport {
    /// Number of the attempt over the call's life; requests that cost nothing share the number of the next one. 0 where
    /// none was granted.
    pub n: u32,
    /// Name of the provider.
    pub provider: String,
    /// Model that was asked.
    pub model: String,
    /// `ok`, or [`Cause::code`].
    pub cause: &'static str,
    /// What the provider or the clock said, without secrets, and what there is to remark on it; at most 400 characters, empty
    /// for `ok`.
    pub detail: String,
    /// Milliseconds since 1970 before which asking again is vain, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// How long until then when the attempt ended, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u64>,
    /// From the wait for a place to the end of the request, in milliseconds.
    pub ms: u64,
    /// Whether it may be billed.
    pub billed: bool,
    /// What it cost, in billionths of a dollar; `None` where that is nothing, or not all of it has a price.
    pub nano_usd: Option<u64>,
    /// Whether that is an estimate, because the provider did not tell what it counted.
    pub estimated: bool,
}

impl AttemptReport {
    /// What people read of its end: the cause, and until when, on the clock that the provider's messages go by, and, for those
    /// who live by another, in how long.
    pub fn words(&self) -> String {
        let cause = words(self.cause);
        // How long a pause still takes stands in its detail; it may be a matter of seconds.
        let until_ms = self.until_ms.filter(|_| self.cause != Cause::Open.code());
        let Some(until_ms) = until_ms else { return cause.to_owned() };
        // The day that a limit is for is UTC's.
        let hours_east = match Dialect::named(&self.provider).hours_east {
            Some(hours) if self.cause != Cause::Budget.code() => hours,
            _ => 0,
        };
        let until = told(Duration::from_millis(until_ms), hours_east);
        let left = self.left_ms.map(|left| format!("for another {}, ", wait(Duration::from_millis(left))));
        format!("{cause} {}until {until}", left.unwrap_or_default())
    }
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the provider's end mark.
    Whole,
    /// With a finish reason of success or the end mark, but not both: all of it, most likely.
    Unterminated,
    /// At the output limit.
    Truncated,
    /// Not at all: this is what came before it broke off.
    Partial(Broke),
}

/// A tool call that the model makes; its arguments are JSON text, possibly incomplete where the answer is partial.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ToolCall {
    /// The provider's id; may be empty.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// JSON text.
    pub arguments: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer's text.
    pub text: String,
    /// The reasoning before it, as far as the provider shows it.
    pub reasoning: String,
    /// Tool calls.
    pub tool_calls: Vec<ToolCall>,
    /// Model that the caller named; `None` where it named none.
    pub requested_model: Option<String>,
    /// Name of the provider that answered.
    pub provider: String,
    /// Model that was asked for this answer.
    pub asked_model: String,
    /// Model that answered by the provider's own word (at most 100 characters, without secrets), else the one that was asked.
    pub model: String,
    /// Every attempt, the last one brought this answer (or the longest part of it).
    pub attempts: Vec<AttemptReport>,
    /// Tokens, where the provider told.
    pub usage: Option<Usage>,
    /// The provider's finish reason, at most 100 characters, without secrets.
    pub finish: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// Its seams, in the order of the text.
    pub continued: Vec<Continued>,
    /// Sentences on what was left out of the request or done otherwise than asked.
    pub notes: Vec<String>,
}

impl Reply {
    /// The text that an earlier start of the daemon left, where the question can't even be asked again; `why` says what
    /// stands against it. `None` where the text says nothing.
    pub fn of_kept(kept: Kept<'_>, before: &[Before], requested: Option<&str>, why: String) -> Option<Self> {
        (!kept.text.trim().is_empty()).then(|| Self {
            text: kept.text.to_owned(),
            reasoning: String::new(),
            tool_calls: Vec::new(),
            requested_model: requested.map(str::to_owned),
            provider: kept.provider.to_owned(),
            asked_model: kept.model.to_owned(),
            model: kept.model.to_owned(),
            attempts: Vec::new(),
            usage: None,
            finish: None,
            ending: Ending::Partial(kept.broke(before)),
            continued: kept.continued(before),
            notes: vec![why],
        })
    }
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Cause of the last attempt, or why there was none.
    pub cause: Cause,
    /// A sentence that a model or a person can act on; without secrets.
    pub message: String,
    /// Every attempt.
    pub attempts: Vec<AttemptReport>,
}

impl Failure {
    /// Stable word.
    pub const fn code(&self) -> &'static str {
        self.cause.code()
    }

    /// Whether asking the same again later may well succeed without anybody changing anything.
    pub const fn is_retryable(&self) -> bool {
        self.cause.is_retryable()
    }
}
