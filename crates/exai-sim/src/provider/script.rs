//! What the provider does with one request. Plain data; directives in a prompt are read into it.

use std::time::Duration;

use serde_json::json;

use super::{Raw, Shape};

/// The behaviour for one request.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Silence between the end of the request and the first byte of the response.
    pub delay: Duration,
    /// What comes then.
    pub reply: Reply,
}

/// The response as a whole.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Server-sent events.
    Stream(Stream),
    /// One JSON object instead of the stream that was asked for.
    Json,
    /// A response that is no answer: a status with a body.
    Error(ErrorReply),
    /// Bytes as they are, for example a fixture's.
    Raw(Raw),
    /// No byte, for ever.
    Hang,
    /// The connection ends without a response.
    Close(Cut),
}

impl Default for Reply {
    fn default() -> Self {
        Self::Stream(Stream::default())
    }
}

/// A status and a body, byte for byte.
#[derive(Clone, Debug)]
pub struct ErrorReply {
    /// The HTTP status.
    pub status: u16,
    /// Header lines beside length and type, for example `("retry-after", "5")`.
    pub headers: Vec<(String, String)>,
    /// The media type of the body.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl ErrorReply {
    /// An error as GLM writes it; `code` is a business code such as `1302`.
    pub fn glm(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"error": {"code": code, "message": message}, "request_id": "sim-request"}))
    }

    /// An error as Kimi writes it; `kind` is a type such as `engine_overloaded_error`.
    pub fn kimi(status: u16, kind: &str, message: &str) -> Self {
        Self::json(status, &json!({"error": {"type": kind, "message": message}}))
    }

    /// The page of a proxy whose backend is away.
    pub fn html() -> Self {
        Self {
            status: 502,
            headers: Vec::new(),
            content_type: "text/html".into(),
            body: "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>".into(),
        }
    }

    /// Success with nothing in it.
    pub fn empty() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            content_type: "text/event-stream".into(),
            body: String::new(),
        }
    }

    fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, headers: Vec::new(), content_type: "application/json".into(), body: body.to_string() }
    }
}

/// A streamed answer. *Events* are the deltas of reasoning and content, in this order, counted from 1.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Deltas of content.
    pub chunks: u64,
    /// Fewest bytes of a delta of content, where `text` is `None` ([`super::wide_answer_to`]); 0: as short as it comes.
    pub width: usize,
    /// What a client gets that has the beginning of the answer already.
    pub going_on: GoingOn,
    /// Deltas of reasoning before the content.
    pub reasoning: u64,
    /// Silence before every event but the first.
    pub gap: Duration,
    /// The answer; `None`: [`super::answer_to`] the prompt.
    pub text: Option<String>,
    /// The model that the chunks name; `None`: the one asked for.
    pub model: Option<String>,
    /// Whose JSON; `None`: by the first segment of the path.
    pub shape: Option<Shape>,
    /// What `finish_reason` says; `None`: no such chunk is sent.
    pub finish: Option<String>,
    /// How `[DONE]` is sent.
    pub done: Done,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// How the end of the body is marked.
    pub framing: Framing,
    /// How events without a gap are put into writes.
    pub writes: Writes,
    /// Most bytes a write; `None`: no such limit. 1 splits every UTF-8 sequence and line end.
    pub piece: Option<usize>,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            chunks: 3,
            width: 0,
            going_on: GoingOn::Rest,
            reasoning: 0,
            gap: Duration::ZERO,
            text: None,
            model: None,
            shape: None,
            finish: Some("stop".into()),
            done: Done::Sent,
            fault: None,
            framing: Framing::Chunked,
            writes: Writes::Batched,
            piece: None,
        }
    }
}

/// What a client gets that asks to go on from the beginning of an answer. Deltas are counted from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoingOn {
    /// What comes after the beginning; a beginning of another answer is refused (400).
    Rest,
    /// The same, but the last so many characters of the beginning come once more.
    Overlap(usize),
    /// The whole answer, behind this greeting.
    Anew(String),
}

/// The last line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// `data: [DONE]` and a blank line.
    Sent,
    /// `data: [DONE]` and one line end.
    Bare,
    /// None.
    Omitted,
}

/// How the end of the body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// By closing the connection.
    CloseDelimited,
}

/// How events without a gap are put into writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Many together, as they come from a provider that was faster than the network.
    Batched,
    /// Each by itself, as most providers write them.
    EachEvent,
}

/// Something that goes wrong after so many events.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Events sent before it; 0: right after the headers.
    pub after: u64,
    /// What happens.
    pub kind: FaultKind,
}

/// What goes wrong. The first five never end by themselves.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// Silence for ever.
    Stall,
    /// A delta with a role only, then silence for ever.
    RoleOnly,
    /// SSE comments for ever, one a gap (at least 1 ms).
    Comments,
    /// Blank lines for ever, one a gap (at least 1 ms).
    BlankLines,
    /// Deltas of one character for ever, one a gap (at least 1 ms).
    Trickle,
    /// Silence of this length; then the stream goes on.
    Pause(Duration),
    /// The connection ends.
    Cut(Cut),
    /// So many chunks that are no JSON; then the stream goes on.
    Malformed(u64),
    /// A chunk that is an error with this GLM code or Kimi type, then the stream ends.
    ErrorChunk(String),
    /// One event of so many bytes; then the stream goes on.
    Huge(usize),
    /// So many deltas without content; then the stream goes on.
    Nothing(u64),
}

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// An orderly end of the socket; under chunked framing the last chunk is missing.
    Fin,
    /// A reset.
    Rst,
}
