//! Plays a script on a connection.

use std::time::Duration;

use serde_json::json;

use super::answer;
use super::connection::{Connection, Gone};
use super::contents::{Contents, OtherBeginning};
use super::log::Log;
use super::raw;
use super::shape::{ChunkWriter, Usage};
use super::{Cut, Done, End, ErrorReply, FaultKind, Framing, Reply, Request, Script, Shape, Stream, Writes};

/// Events without a gap are written together up to this size, as a fast provider's arrive.
const BATCH_BYTES: usize = 32 * 1024;
/// Faults that repeat for ever without a gap would only heat the machine.
const MIN_GAP: Duration = Duration::from_millis(1);

/// What becomes of the connection.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is kept for another request.
    Request,
    /// It is closed, like this where the script says so.
    Close(Option<Cut>),
}

/// Sends the response of `script` to `request`.
pub(crate) fn send(connection: &mut Connection, log: &Log, request: &Request, script: Script) -> (End, Next) {
    if connection.pause(script.delay).is_err() {
        return (End::ClientClosed, Next::Close(None));
    }
    let result = match script.reply {
        Reply::Stream(stream) => match Contents::of(request, &stream) {
            Ok(contents) => Player::new(connection, log, request, stream).play(&contents),
            // A beginning that was put together wrongly must not look like a healthy one.
            Err(OtherBeginning) => {
                let reply = ErrorReply::glm(400, "1210", "the answer does not begin with this text");
                send_whole(connection, log, request, &reply)
            }
        },
        Reply::Json => {
            let usage = Usage { prompt: 8, completion: 3, reasoning: 0 };
            let text = answer::answer_to(&request.prompt, 3);
            let body = Shape::of(&request.provider).whole(&id_of(request), &request.model, &text, usage);
            let reply = ErrorReply { status: 200, body, ..ErrorReply::glm(200, "", "") };
            send_whole(connection, log, request, &reply)
        }
        Reply::Error(reply) => send_whole(connection, log, request, &reply),
        Reply::Raw(bytes) => raw::play(connection, log, request, &bytes),
        Reply::Hang => Err(connection.pause_for_ever()),
        Reply::Close(cut) => Ok(Last::Cut(cut)),
    };
    match result {
        Ok(Last::Sent) => (End::Completed, Next::Request),
        Ok(Last::SentAndClose) => (End::Completed, Next::Close(Some(Cut::Fin))),
        Ok(Last::Cut(cut)) => (End::Cut, Next::Close(Some(cut))),
        Err(Gone) => (End::ClientClosed, Next::Close(None)),
    }
}

/// A response with a length.
pub(crate) fn whole_response(reply: &ErrorReply) -> Vec<u8> {
    let mut out = format!(
        "HTTP/1.1 {} simulated\r\ncontent-type: {}\r\ncontent-length: {}\r\n",
        reply.status,
        reply.content_type,
        reply.body.len()
    );
    for (key, value) in &reply.headers {
        out.push_str(&format!("{key}: {value}\r\n"));
    }
    out.push_str("\r\n");
    out.push_str(&reply.body);
    out.into_bytes()
}

fn send_whole(
    connection: &mut Connection,
    log: &Log,
    request: &Request,
    reply: &ErrorReply,
) -> Result<Last, Gone> {
    let bytes = whole_response(reply);
    connection.write(&bytes)?;
    log.sent(request.number, 0, bytes.len() as u64);
    Ok(Last::Sent)
}

fn id_of(request: &Request) -> String {
    format!("sim-{}", request.number)
}

/// How the script ended.
#[derive(Debug)]
pub(crate) enum Last {
    /// Whole; the connection is kept.
    Sent,
    /// Whole; the end of the connection belongs to it.
    SentAndClose,
    /// By an end of the connection that belongs to nothing.
    Cut(Cut),
}

/// One streamed answer being played.
struct Player<'a> {
    connection: &'a mut Connection,
    log: &'a Log,
    request: &'a Request,
    stream: Stream,
    shape: Shape,
    chunks: ChunkWriter,
    /// Whole events that are not written yet, and how many deltas they hold.
    pending: Vec<u8>,
    pending_events: u64,
}

impl<'a> Player<'a> {
    fn new(connection: &'a mut Connection, log: &'a Log, request: &'a Request, stream: Stream) -> Self {
        let shape = stream.shape.unwrap_or_else(|| Shape::of(&request.provider));
        let model = stream.model.as_deref().unwrap_or(&request.model);
        let chunks = shape.writer(&id_of(request), model);
        Self { connection, log, request, stream, shape, chunks, pending: Vec::new(), pending_events: 0 }
    }

    fn play(mut self, contents: &Contents) -> Result<Last, Gone> {
        self.write_head();
        let fault = self.stream.fault.take();
        let total = self.stream.reasoning + contents.len();
        let fault_at = fault.as_ref().map(|fault| fault.after.min(total));
        if self.shape == Shape::Kimi && fault_at != Some(0) {
            self.chunks.role(&mut self.pending);
        }
        for event in 0..=total {
            if let Some(fault) = fault.as_ref().filter(|_| fault_at == Some(event))
                && let Some(last) = self.fail(&fault.kind)?
            {
                return Ok(last);
            }
            if event == total {
                break;
            }
            if event > 0 && !self.stream.gap.is_zero() {
                self.flush()?;
                self.connection.pause(self.stream.gap)?;
            }
            match event.checked_sub(self.stream.reasoning) {
                None => self.chunks.reasoning(&mut self.pending, &format!("thought {event} ")),
                Some(n) => self.chunks.content(&mut self.pending, &contents.get(n)),
            }
            self.pending_events += 1;
            if self.pending.len() >= BATCH_BYTES || self.stream.writes == Writes::EachEvent {
                self.flush()?;
            }
        }
        self.write_end(total)
    }

    fn write_head(&mut self) {
        let framing = match self.stream.framing {
            Framing::Chunked => "transfer-encoding: chunked",
            Framing::CloseDelimited => "connection: close",
        };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n{framing}\r\n\r\n");
        self.connection.write_with_next(head.as_bytes());
    }

    fn write_end(mut self, total: u64) -> Result<Last, Gone> {
        if let Some(reason) = self.stream.finish.clone() {
            let usage = Usage { prompt: 8, completion: total, reasoning: self.stream.reasoning };
            self.chunks.finish(&mut self.pending, Some(&reason), usage);
        }
        match self.stream.done {
            Done::Sent => self.pending.extend_from_slice(b"data: [DONE]\n\n"),
            Done::Bare => self.pending.extend_from_slice(b"data: [DONE]\n"),
            Done::Omitted => {}
        }
        self.end_body()
    }

    fn end_body(&mut self) -> Result<Last, Gone> {
        let (end, last): (&[u8], _) = match self.stream.framing {
            Framing::Chunked => (b"0\r\n\r\n", Last::Sent),
            Framing::CloseDelimited => (b"", Last::SentAndClose),
        };
        self.flush_with(end)?;
        Ok(last)
    }

    /// Lets the fault happen; `None`: the stream goes on after it.
    fn fail(&mut self, kind: &FaultKind) -> Result<Option<Last>, Gone> {
        match kind {
            FaultKind::Stall => {
                self.flush()?;
                return Err(self.connection.pause_for_ever());
            }
            FaultKind::RoleOnly => {
                self.chunks.role(&mut self.pending);
                self.flush()?;
                return Err(self.connection.pause_for_ever());
            }
            FaultKind::Comments => {
                return Err(self.repeat(|player| player.pending.extend(b": keep-alive\n\n")));
            }
            FaultKind::BlankLines => return Err(self.repeat(|player| player.pending.extend(b"\n"))),
            FaultKind::Trickle => {
                return Err(self.repeat(|player| {
                    player.chunks.content(&mut player.pending, "x");
                    player.pending_events += 1;
                }));
            }
            FaultKind::Pause(length) => {
                self.flush()?;
                self.connection.pause(*length)?;
            }
            FaultKind::Cut(cut) => {
                self.flush()?;
                return Ok(Some(Last::Cut(*cut)));
            }
            FaultKind::Malformed(count) => {
                for _ in 0..*count {
                    self.pending.extend_from_slice(b"data: {\"choices\":[{\"delta\":{\"content\":\n\n");
                }
            }
            FaultKind::ErrorChunk(code) => return self.error_chunk(code).map(Some),
            FaultKind::Huge(bytes) => {
                self.chunks.content(&mut self.pending, &"h".repeat(*bytes));
            }
            FaultKind::Nothing(count) => {
                for _ in 0..*count {
                    self.chunks.nothing(&mut self.pending);
                    if self.pending.len() >= BATCH_BYTES {
                        self.flush()?;
                    }
                }
            }
        }
        Ok(None)
    }

    fn error_chunk(&mut self, code: &str) -> Result<Last, Gone> {
        let error = match self.shape {
            Shape::Glm => json!({"error": {"code": code, "message": "simulated error"}}),
            Shape::Kimi => json!({"error": {"type": code, "message": "simulated error"}}),
        };
        self.pending.extend_from_slice(format!("data: {error}\n\n").as_bytes());
        self.end_body()
    }

    fn repeat(&mut self, mut add: impl FnMut(&mut Self)) -> Gone {
        loop {
            add(self);
            if self.flush().is_err() || self.connection.pause(self.stream.gap.max(MIN_GAP)).is_err() {
                return Gone;
            }
        }
    }

    /// Writes what is pending, in pieces of the size asked for, and counts it.
    fn flush(&mut self) -> Result<(), Gone> {
        self.flush_with(b"")
    }

    /// The same, with this behind it, outside of any chunk.
    fn flush_with(&mut self, end: &[u8]) -> Result<(), Gone> {
        let bytes = std::mem::take(&mut self.pending);
        let mut pieces = bytes.chunks(self.stream.piece.unwrap_or(bytes.len()).max(1)).peekable();
        while let Some(piece) = pieces.next() {
            let chunk = match self.stream.framing {
                Framing::Chunked => &raw::chunk(piece),
                Framing::CloseDelimited => piece,
            };
            if pieces.peek().is_some() {
                self.connection.write(chunk)?;
            } else {
                self.connection.write_with_next(chunk);
            }
        }
        self.connection.write(end)?;
        if !bytes.is_empty() {
            let events = std::mem::take(&mut self.pending_events);
            self.log.sent(self.request.number, events, bytes.len() as u64);
        }
        Ok(())
    }
}
