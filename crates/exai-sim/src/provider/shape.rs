//! How the two vendors write the same thing: chunks, the place of the usage, error bodies.

use serde_json::{Value, json};

/// Whose JSON is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// GLM: a role in every delta, usage beside `choices`, error codes as strings of four digits.
    Glm,
    /// Kimi: a role delta of its own first, usage inside `choices[0]`, error types as words.
    Kimi,
}

/// Tokens as a provider would count them; simulated from pieces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) prompt: u64,
    pub(crate) completion: u64,
    pub(crate) reasoning: u64,
}

impl Shape {
    /// The shape of the provider of this name.
    pub fn of(name: &str) -> Self {
        if name.starts_with("kimi") { Self::Kimi } else { Self::Glm }
    }

    /// Writes the chunks of one answer.
    pub(crate) fn writer(self, id: &str, model: &str) -> ChunkWriter {
        let model = Value::from(model);
        ChunkWriter {
            shape: self,
            head: format!(
                r#"data: {{"id":"{id}","object":"chat.completion.chunk","created":1763798400,"model":{model},"choices":["#
            ),
        }
    }

    /// The one JSON object of an answer that is not streamed.
    pub(crate) fn whole(self, id: &str, model: &str, text: &str, usage: Usage) -> String {
        json!({
            "id": id, "object": "chat.completion", "created": 1_763_798_400, "model": model,
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": usage.json(self),
        })
        .to_string()
    }
}

impl Usage {
    fn json(self, shape: Shape) -> Value {
        let total = self.prompt + self.completion;
        match shape {
            Shape::Glm => json!({
                "prompt_tokens": self.prompt, "completion_tokens": self.completion, "total_tokens": total,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": self.reasoning},
            }),
            Shape::Kimi => json!({
                "prompt_tokens": self.prompt, "completion_tokens": self.completion, "total_tokens": total,
                "cached_tokens": 0,
            }),
        }
    }
}

/// Appends whole SSE events to a buffer.
#[derive(Debug)]
pub(crate) struct ChunkWriter {
    shape: Shape,
    head: String,
}

impl ChunkWriter {
    /// A delta with a role and no text: a sign of life, but no progress.
    pub(crate) fn role(&self, out: &mut Vec<u8>) {
        self.choice(out, r#"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}"#, "");
    }

    pub(crate) fn content(&self, out: &mut Vec<u8>, text: &str) {
        self.delta(out, "content", text);
    }

    pub(crate) fn reasoning(&self, out: &mut Vec<u8>, text: &str) {
        self.delta(out, "reasoning_content", text);
    }

    /// A delta that says nothing at all.
    pub(crate) fn nothing(&self, out: &mut Vec<u8>) {
        self.choice(out, r#"{"index":0,"delta":{}}"#, "");
    }

    pub(crate) fn finish(&self, out: &mut Vec<u8>, reason: Option<&str>, usage: Usage) {
        let reason = reason.map_or(Value::Null, Value::from);
        let usage = usage.json(self.shape);
        match self.shape {
            Shape::Glm => self.choice(
                out,
                &format!(
                    r#"{{"index":0,"finish_reason":{reason},"delta":{{"role":"assistant","content":""}}}}"#
                ),
                &format!(r#","usage":{usage}"#),
            ),
            Shape::Kimi => self.choice(
                out,
                &format!(r#"{{"index":0,"delta":{{}},"finish_reason":{reason},"usage":{usage}}}"#),
                "",
            ),
        }
    }

    fn delta(&self, out: &mut Vec<u8>, field: &str, text: &str) {
        let text = Value::from(text);
        let role = match self.shape {
            Shape::Glm => r#""role":"assistant","#,
            Shape::Kimi => "",
        };
        self.choice(out, &format!(r#"{{"index":0,"delta":{{{role}"{field}":{text}}}}}"#), "");
    }

    fn choice(&self, out: &mut Vec<u8>, choice: &str, after: &str) {
        for part in [&self.head, choice, "]", after, "}\n\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}
