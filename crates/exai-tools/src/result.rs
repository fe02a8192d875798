//! The result object of a call: text first, the same facts for programs under `_meta`.
//!
//! No `structuredContent`: hosts that see it show the model nothing else. No failure of a tool is a JSON-RPC
//! error: hosts hide those from the model, and it is the model that can act. Only a tool that does not exist is one,
//! because the protocol asks for it; the shim answers that before a call gets here.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::conversation::NewTurn;
use crate::spent::Spent;

/// Longest result body in bytes (7 MiB): with its envelope the line to the host stays under 8 MiB, which every
/// surveyed host takes. The wire between shim and daemon has the same bound.
pub const BODY_BYTES_MAX: usize = 7 << 20;

/// Room kept in a body for everything but the main text: JSON around it, the last line, `_meta`.
const ENVELOPE_BYTES: usize = 256 << 10;

/// Longest text of a failure in bytes. Hosts cut those, the strictest surveyed at about 11,000 characters.
const FAILURE_BYTES_MAX: usize = 8 << 10;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With the tool's result.
    Ok,
    /// With a result that tells of a failure.
    Error,
}

/// What a call gives back.
#[derive(Debug, Clone)]
pub struct ToolResult {
    /// How it ended.
    pub outcome: Outcome,
    /// A tool result of MCP, revision 2026-07-28, of at most [`BODY_BYTES_MAX`].
    pub body: Box<RawValue>,
    /// What it adds to a conversation.
    pub turn: Option<NewTurn>,
    /// What it cost, where that is known.
    pub spent: Option<Spent>,
}

/// A text that may be cut, with what must stand whole around it.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// What the reader must know before the text; may be empty.
    pub(crate) first: String,
    /// The text itself.
    pub(crate) main: String,
    /// The last line; may be empty.
    pub(crate) last: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a, F> {
    result_type: &'static str,
    content: [Content<'a>; 1],
    is_error: bool,
    #[serde(rename = "_meta")]
    meta: Meta<F>,
}

/// What a result says for programs; hosts pass `_meta` through unread.
#[derive(Serialize)]
struct Meta<F> {
    #[serde(rename = "dev.exai/route")]
    route: F,
}

#[derive(Serialize)]
struct Content<'a> {
    r#type: &'static str,
    text: &'a str,
}

impl ToolResult {
    /// A text and nothing else, for tools that are not of this crate.
    pub fn text(outcome: Outcome, text: &str) -> Self {
        Self::new(outcome, Text { main: text.to_owned(), ..Text::default() }, ())
    }

    /// A success. `facts` is what the text says, for programs.
    pub(crate) fn success(text: Text, facts: impl Serialize) -> Self {
        Self::new(Outcome::Ok, text, facts)
    }

    /// A failure, told in sentences on which the model can act.
    pub(crate) fn failure(sentences: &str, facts: impl Serialize) -> Self {
        let mut main = sentences.to_owned();
        if main.len() > FAILURE_BYTES_MAX {
            main.truncate(main.floor_char_boundary(FAILURE_BYTES_MAX));
            main.push('…');
        }
        Self::new(Outcome::Error, Text { main, ..Text::default() }, facts)
    }

    fn new(outcome: Outcome, text: Text, facts: impl Serialize) -> Self {
        let text = text.within(BODY_BYTES_MAX - ENVELOPE_BYTES);
        let body = Body {
            result_type: "complete",
            content: [Content { r#type: "text", text: &text }],
            is_error: outcome == Outcome::Error,
            meta: Meta { route: facts },
        };
        // Strings and plain values with string keys always serialise.
        let body = to_raw_value(&body).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { outcome, body, turn: None, spent: None }
    }
}

impl Text {
    /// The whole as one text whose JSON form takes at most so many bytes; the main part is cut and marked.
    fn within(self, most: usize) -> String {
        let Self { first, mut main, last } = self;
        if let Some(cut) = beyond(&main, most) {
            let whole = main.len();
            main.truncate(cut);
            main.push_str(&format!(
                "\n\n[cut: {cut} of {whole} bytes shown; the rest is too long for one result]"
            ));
        }
        let parts = [first, main, last];
        parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n\n")
    }
}

/// Where to cut a text so that its JSON form takes at most so many bytes; `None` if all of it does.
fn beyond(text: &str, most: usize) -> Option<usize> {
    let mut used = 0;
    for (at, char) in text.char_indices() {
        used += match char {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => 6,
            _ => char.len_utf8(),
        };
        if used > most {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests;
