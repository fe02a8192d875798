//! One chunk of a stream, or a whole answer that came as JSON: borrowed from its bytes and tolerant of every
//! difference between providers that does not matter.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error_body::{self, ErrorBody};
use crate::reply::Usage;
use crate::tolerant::{Count, Text, Upto, last_counts};

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
#[derive(Debug, Default)]
pub(crate) struct Chunk<'a> {
    pub(crate) model: Text<'a>,
    choices: Option<Choices<'a>>,
    /// Read apart, since nothing in it is worth the text beside it.
    usage: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

last_counts!(Chunk { model, choices, usage, error });

/// The choice of a list that was asked for: the first that is numbered 0, or not at all. A provider that gives more than one
/// numbers them, and sends their pieces by turns; those of the others would stand in the middle of the text.
#[derive(Debug)]
struct Choices<'a>(Option<Choice<'a>>);

#[derive(Debug, Default)]
pub(crate) struct Choice<'a> {
    index: Count,
    delta: Option<Delta<'a>>,
    /// In answers that are not streamed.
    message: Option<Delta<'a>>,
    pub(crate) finish_reason: Text<'a>,
    /// Kimi tells the usage here.
    usage: Option<&'a RawValue>,
}

last_counts!(Choice { index, delta, message, finish_reason, usage });

/// New text.
#[derive(Debug, Default)]
pub(crate) struct Delta<'a> {
    pub(crate) content: Text<'a>,
    reasoning_content: Text<'a>,
    reasoning: Text<'a>,
    thinking: Text<'a>,
    /// What OpenAI says instead of content where its rules forbid an answer.
    pub(crate) refusal: Text<'a>,
    tool_calls: Option<Upto<CALL_PIECES_MAX, ToolDelta<'a>>>,
}

last_counts!(Delta { content, reasoning_content, reasoning, thinking, refusal, tool_calls });

/// New text of a tool call.
#[derive(Debug, Default)]
pub(crate) struct ToolDelta<'a> {
    pub(crate) index: Option<Count>,
    pub(crate) id: Text<'a>,
    pub(crate) function: Option<FunctionDelta<'a>>,
}

last_counts!(ToolDelta { index, id, function });

#[derive(Debug, Default)]
pub(crate) struct FunctionDelta<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) arguments: Text<'a>,
}

last_counts!(FunctionDelta { name, arguments });

#[derive(Debug, Default)]
struct WireUsage<'a> {
    prompt_tokens: Count,
    completion_tokens: Count,
    cached_tokens: Count,
    prompt_tokens_details: Option<&'a RawValue>,
    completion_tokens_details: Option<&'a RawValue>,
}

last_counts!(WireUsage {
    prompt_tokens,
    completion_tokens,
    cached_tokens,
    prompt_tokens_details,
    completion_tokens_details
});

/// Of the question, or of the answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UsageDetails {
    cached_tokens: Count,
    reasoning_tokens: Count,
}

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ChoicesVisitor)
    }
}

struct ChoicesVisitor;

impl<'de> Visitor<'de> for ChoicesVisitor {
    type Value = Choices<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Choices<'de>, A::Error> {
        let mut asked = None;
        while let Some(choice) = items.next_element::<Choice<'de>>()? {
            if choice.index.0 == Some(0) {
                asked = Some(choice);
                break;
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Choices(asked))
    }
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
        let has_answer = chunk.choice().is_some();
        if let Some(error) = chunk.error.filter(|error| !has_answer || says_something(error)) {
            return Ok(Parsed::Error(ErrorBody::parse(error.get().as_bytes())));
        }
        if chunk.choices.is_none()
            && object::<WireUsage<'_>>(chunk.usage).is_none()
            && let Some(error) = parse_error(data)
        {
            return Ok(error);
        }
        Ok(Parsed::Piece(chunk))
    }

    /// The one choice that was asked for.
    pub(crate) fn choice(&self) -> Option<&Choice<'a>> {
        self.choices.as_ref().and_then(|choices| choices.0.as_ref())
    }

    /// The usage, wherever it stands; none where it is no object or its numbers can't be true.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let in_choice = || object(self.choice().and_then(|choice| choice.usage));
        let wire: WireUsage<'_> = object(self.usage).or_else(in_choice)?;
        let details = |raw| object::<UsageDetails>(raw).unwrap_or_default();
        let cached = details(wire.prompt_tokens_details).cached_tokens.0;
        let reasoning = details(wire.completion_tokens_details).reasoning_tokens.0;
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

/// What stands beside an answer, where it is an object that can be read.
fn object<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    let text = raw?.get();
    if text.starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// Whether an `error` is more than a way of saying that there is none.
fn says_something(error: &RawValue) -> bool {
    !matches!(error.get(), "false" | "0" | "\"\"" | "{}" | "[]")
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
