//! What has come of an answer so far, and what it is worth once the stream is over.

use serde::de::IgnoredAny;

use crate::cause::Cause;
use crate::chunk::{Chunk, Delta, FunctionDelta, ToolDelta};
use crate::reply::{Ending, ToolCall, Usage};

/// Most text of one answer, in bytes, reasoning and tool calls included: four times the longest output that any known
/// model gives (1 M tokens of reasoning and answer are about 4 MiB).
pub(crate) const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Most tool calls of one answer; models are told of at most 128 tools.
const TOOL_CALLS_MAX: usize = 256;

/// Finish reasons of an answer that is whole, in any case. One that nobody knows is none of them: it may say anything.
const SUCCESS: &[&str] = &[
    "stop",
    "tool_calls",
    "function_call",
    "tool_use",
    "end_turn",
    "stop_sequence",
    "eos",
    "eos_token",
    "complete",
];

/// What a chunk brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    /// Characters of content, reasoning and tool calls. Deltas of blanks alone count nothing.
    pub(crate) chars: usize,
    /// Those of them that are content.
    pub(crate) content_chars: usize,
}

/// The answer is larger than [`ANSWER_BYTES_MAX`] or has too many tool calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is larger than {ANSWER_BYTES_MAX} bytes or has more than {TOOL_CALLS_MAX} tool calls")]
pub(crate) struct TooLarge;

/// An answer as it grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    /// Why the model will not answer, in its own words.
    pub(crate) refusal: String,
    pub(crate) tool_calls: Vec<ToolCall>,
    /// Index on the wire of each tool call.
    tool_indexes: Vec<Option<u64>>,
    tool_bytes: usize,
    pub(crate) usage: Option<Usage>,
    pub(crate) finish: Option<String>,
    pub(crate) model: Option<String>,
    /// The end mark has come.
    pub(crate) done: bool,
    /// Bytes of the text that this one goes on from; they count.
    pub(crate) before: usize,
}

impl Answer {
    /// One of which nothing but the text is known.
    pub(crate) fn of_text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Adds a chunk.
    ///
    /// # Errors
    /// [`TooLarge`]; what came before is kept.
    pub(crate) fn absorb(&mut self, chunk: &Chunk<'_>) -> Result<Progress, TooLarge> {
        if self.model.is_none() && !chunk.model.0.is_empty() {
            self.model = Some(chunk.model.0.clone().into_owned());
        }
        if let Some(usage) = chunk.usage() {
            self.usage = Some(usage);
        }
        let Some(choice) = chunk.choice() else { return Ok(Progress::default()) };
        if !choice.finish_reason.0.is_empty() {
            self.finish = Some(choice.finish_reason.0.clone().into_owned());
        }
        match choice.delta() {
            Some(delta) => self.absorb_delta(delta),
            None => Ok(Progress::default()),
        }
    }

    fn absorb_delta(&mut self, delta: &Delta<'_>) -> Result<Progress, TooLarge> {
        let (content, reasoning) = (delta.content.0.as_ref(), delta.reasoning());
        let (refusal, content_chars) = (delta.refusal.0.as_ref(), chars(content));
        let mut progress =
            Progress { chars: content_chars + chars(reasoning) + chars(refusal), content_chars };
        self.refusal.push_str(refusal);
        self.text.push_str(content);
        self.reasoning.push_str(reasoning);
        for call in delta.tool_calls() {
            progress.chars += self.absorb_tool(call)?;
        }
        if self.before + self.bytes() > ANSWER_BYTES_MAX {
            return Err(TooLarge);
        }
        Ok(progress)
    }

    /// Merges by index where it fits, else by id, else into the last call. An index that comes with another id is a new
    /// call: Gemini numbers them all 0. A piece with nothing in it begins none.
    fn absorb_tool(&mut self, delta: &ToolDelta<'_>) -> Result<usize, TooLarge> {
        let id = delta.id.0.as_ref();
        if id.is_empty() && !delta.function.as_ref().is_some_and(FunctionDelta::says_anything) {
            return Ok(0);
        }
        let index = delta.index.and_then(|count| count.0);
        let found = match index {
            Some(_) => self.tool_indexes.iter().rposition(|known| *known == index),
            None if !id.is_empty() => self.tool_calls.iter().rposition(|call| call.id == id),
            None => self.tool_calls.len().checked_sub(1),
        };
        let same_id = |call: &ToolCall| id.is_empty() || call.id.is_empty() || call.id == id;
        let found = found.filter(|at| self.tool_calls.get(*at).is_some_and(same_id));
        if found.is_none() {
            if self.tool_calls.len() >= TOOL_CALLS_MAX {
                return Err(TooLarge);
            }
            self.tool_calls.push(ToolCall::default());
            self.tool_indexes.push(index);
        }
        let at = found.unwrap_or(self.tool_calls.len().saturating_sub(1));
        let Some(call) = self.tool_calls.get_mut(at) else { return Ok(0) };
        if call.id.is_empty() {
            call.id.push_str(id);
            self.tool_bytes += id.len();
        }
        let Some(function) = &delta.function else { return Ok(0) };
        let mut fresh = 0;
        // Some providers repeat the name in each chunk.
        if call.name.is_empty() {
            call.name.push_str(&function.name.0);
            self.tool_bytes += function.name.0.len();
            fresh += chars(&function.name.0);
        }
        call.arguments.push_str(&function.arguments.0);
        self.tool_bytes += function.arguments.0.len();
        Ok(fresh + chars(&function.arguments.0))
    }

    /// Bytes that have come.
    pub(crate) const fn bytes(&self) -> usize {
        self.text.len() + self.reasoning.len() + self.refusal.len() + self.tool_bytes
    }

    /// Whether there is nothing in it that a caller could use.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.tool_calls.is_empty()
    }

    /// The first tool call that nobody could execute: it has no name, or its arguments are neither JSON nor empty, as many send
    /// them for a tool that takes none.
    pub(crate) fn unreadable_call(&self) -> Option<&ToolCall> {
        let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        self.tool_calls.iter().find(|call| {
            call.name.trim().is_empty() || !call.arguments.trim().is_empty() && !is_json(&call.arguments)
        })
    }

    /// The stream is over: what the answer is worth. Complete is what has the end mark, a finish reason of success, and
    /// content. What lacks the mark or the reason, or ends for a reason that nobody knows, is accepted and marked.
    ///
    /// # Errors
    /// The cause, and a sentence on it.
    pub(crate) fn judge(&self) -> Result<Ending, (Cause, String)> {
        let finish = self.finish.as_deref().map(str::to_ascii_lowercase);
        let finish = finish.as_deref();
        if let Some(failed) = self.failed(finish) {
            return Err(failed);
        }
        let is_truncated = matches!(finish, Some("length" | "max_tokens"));
        if !is_truncated && let Some(call) = self.unreadable_call() {
            let told = match call.arguments.len() {
                _ if call.name.trim().is_empty() => "a tool call has no name".to_owned(),
                bytes => format!("the arguments of a tool call are no JSON ({bytes} bytes)"),
            };
            return Err((Cause::Malformed, told));
        }
        Ok(match finish {
            _ if is_truncated => Ending::Truncated,
            Some(reason) if self.done && SUCCESS.contains(&reason) => Ending::Whole,
            _ => Ending::Unterminated,
        })
    }

    /// Why it is no answer at all, if it is none; `finish` in lower case.
    fn failed(&self, finish: Option<&str>) -> Option<(Cause, String)> {
        let failed = |cause, told: &str| Some((cause, told.to_owned()));
        match finish {
            // `abort` of vLLM and SGLang; the last is DeepSeek's.
            Some("network_error" | "error" | "abort" | "insufficient_system_resource") => {
                return failed(Cause::Server, "the provider ended the answer with an error of its own");
            }
            Some("sensitive" | "content_filter" | "refusal") => {
                return failed(Cause::Policy, "the provider's content rules stopped the answer");
            }
            Some("model_context_window_exceeded") => {
                return failed(Cause::ContextOverflow, "question and answer exceed the model's context");
            }
            None if !self.done => return failed(Cause::Cut, "the stream ended without its end mark"),
            _ => {}
        }
        match (self.is_blank(), self.refusal.trim()) {
            (false, _) => None,
            (true, "") => {
                let thought = if self.reasoning.trim().is_empty() { "" } else { " after its reasoning" };
                let reason = self.finish.as_deref().unwrap_or("none");
                Some((
                    Cause::EmptyAnswer,
                    format!("the model said nothing{thought} (finish reason: {reason})"),
                ))
            }
            (true, refusal) => Some((Cause::Policy, format!("the model refuses: {refusal}"))),
        }
    }

    /// As [`Answer::judge`], for a model that was given the beginning as its own: where it ends at once, the beginning was
    /// whole but for its end mark.
    ///
    /// # Errors
    /// The cause, and a sentence on it.
    pub(crate) fn judge_rest(&self) -> Result<Ending, (Cause, String)> {
        match self.judge() {
            Err((Cause::EmptyAnswer, _)) if self.finish.as_deref() == Some("stop") => {
                Ok(if self.done { Ending::Whole } else { Ending::Unterminated })
            }
            judged => judged,
        }
    }
}

/// Characters, unless all are blanks: a stream of blanks is no progress.
fn chars(text: &str) -> usize {
    if text.trim().is_empty() { 0 } else { text.chars().count() }
}

#[cfg(test)]
mod tests;
