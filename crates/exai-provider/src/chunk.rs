//! One chunk of a stream, or a whole answer that came as JSON: borrowed from its bytes and tolerant of every
//! difference between providers that does not matter.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error_body::{self, ErrorBody};
use crate::reply::Usage;
use crate::tolerant::{Count, First, Text, Upto};

/// Most pieces of tool calls in one chunk, sixteen times what an answer may have of calls: each takes a hundred times the
/// memory of the shortest text it can be written in.
const CALL_PIECES_MAX: usize = 4096;

/// What a chunk is.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives for one delta, on the stack; a box would be an allocation each"
)]
pub(crate) enum Parsed<'a> {
    /// A piece of an answer, possibly an empty one.
    Piece(Chunk<'a>),
    /// An error, whatever the HTTP status said.
    Error(ErrorBody),
}

/// Not JSON of a known shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAChunk;

/// A piece of an answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(crate) model: Text<'a>,
    #[serde(borrow, default)]
    choices: Option<First<Choice<'a>>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    /// In answers that are not streamed.
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
    #[serde(borrow, default)]
    pub(crate) finish_reason: Text<'a>,
    /// Kimi tells the usage here.
    #[serde(default)]
    usage: Option<WireUsage>,
}

/// New text.
#[derive(Debug, Deserialize)]
pub(crate) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(crate) content: Text<'a>,
    #[serde(borrow, default)]
    reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    reasoning: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
    /// What OpenAI says instead of content where its rules forbid an answer.
    #[serde(borrow, default)]
    pub(crate) refusal: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<Upto<CALL_PIECES_MAX, ToolDelta<'a>>>,
}

/// New text of a tool call.
#[derive(Debug, Deserialize)]
pub(crate) struct ToolDelta<'a> {
    #[serde(default)]
    pub(crate) index: Option<Count>,
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) function: Option<FunctionDelta<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FunctionDelta<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) arguments: Text<'a>,
}

#[derive(Debug, Clone, Copy, Deserialize, Default)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    cached_tokens: Count,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Count,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Count,
}

impl<'a> Chunk<'a> {
    /// Parses the data of one event, or the body of an answer that is not streamed.
    ///
    /// # Errors
    /// [`NotAChunk`] for text that is neither a chunk nor an error.
    pub(crate) fn parse(data: &'a [u8]) -> Result<Parsed<'a>, NotAChunk> {
        // An error may be an array or a string, and an array would pass for the fields of a struct.
        if data.trim_ascii_start().first() != Some(&b'{') {
            return parse_error(data).ok_or(NotAChunk);
        }
        let chunk: Self = serde_json::from_slice(data).map_err(|_| NotAChunk)?;
        if let Some(error) = chunk.error {
            return Ok(Parsed::Error(ErrorBody::parse(error.get().as_bytes())));
        }
        if chunk.choices.is_none()
            && chunk.usage.is_none()
            && let Some(error) = parse_error(data)
        {
            return Ok(error);
        }
        Ok(Parsed::Piece(chunk))
    }

    /// The first choice: no caller asks for more than one.
    pub(crate) fn choice(&self) -> Option<&Choice<'a>> {
        self.choices.as_ref().and_then(|choices| choices.0.as_ref())
    }

    /// The usage, wherever it stands; none where its numbers can't be true.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let wire = self.usage.or_else(|| self.choice().and_then(|choice| choice.usage))?;
        let cached = wire.prompt_tokens_details.and_then(|details| details.cached_tokens.0);
        let reasoning = wire.completion_tokens_details.and_then(|details| details.reasoning_tokens.0);
        Some(Usage {
            prompt_tokens: wire.prompt_tokens.0?,
            completion_tokens: wire.completion_tokens.0?,
            cached_tokens: cached.max(wire.cached_tokens.0).unwrap_or(0),
            reasoning_tokens: reasoning.unwrap_or(0),
        })
    }
}

impl FunctionDelta<'_> {
    /// Whether there is anything in it.
    pub(crate) fn says_anything(&self) -> bool {
        !self.name.0.is_empty() || !self.arguments.0.is_empty()
    }
}

impl<'a> Choice<'a> {
    /// New text, streamed or not.
    pub(crate) fn delta(&self) -> Option<&Delta<'a>> {
        self.delta.as_ref().or(self.message.as_ref())
    }
}

impl<'a> Delta<'a> {
    /// Reasoning, by whichever name.
    pub(crate) fn reasoning(&self) -> &str {
        [&self.reasoning_content, &self.reasoning, &self.thinking]
            .into_iter()
            .map(|text| text.0.as_ref())
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// Tool calls.
    pub(crate) fn tool_calls(&self) -> &[ToolDelta<'a>] {
        self.tool_calls.as_ref().map(|calls| calls.0.as_slice()).unwrap_or_default()
    }
}

fn parse_error<'a>(data: &[u8]) -> Option<Parsed<'a>> {
    if data.len() > error_body::READ_BYTES_MAX {
        return None;
    }
    let value: Value = serde_json::from_slice(data).ok()?;
    ErrorBody::from_value(&value).map(Parsed::Error)
}

#[cfg(test)]
mod tests;
