//! Server-sent events out of a byte stream, in bounded memory and linear time.
//!
//! Differs from the standard where model APIs do: a pending `[DONE]` counts at the end of the stream without its
//! last newlines, and a line `error: …` is an event named `error`. Data stays bytes: whether they are UTF-8 is
//! for the JSON parser to say, so that one bad event does not end a stream.

use memchr::memchr2;

/// Longest line, and most data of one event, in bytes. Tool calls that arrive in one piece are the longest seen, well
/// below 1 MiB.
pub(crate) const LINE_BYTES_MAX: usize = 4 << 20;

/// Buffers are given back above this size, so that one long line does not cost memory for the rest of a stream.
const KEPT_BYTES: usize = 16 << 10;

/// The data that ends a stream.
pub(crate) const DONE: &[u8] = b"[DONE]";

/// A byte order mark, which may stand at the very beginning.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// Whether the event is named `error`.
    pub(crate) kind: Kind,
    /// All data lines, joined by LF.
    pub(crate) data: &'a [u8],
}

/// What the event's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// No name, or one that does not matter.
    #[default]
    Message,
    /// `error`.
    Error,
}

/// A line or an event is longer than [`LINE_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line or event of the stream is longer than {LINE_BYTES_MAX} bytes")]
pub(crate) struct TooLong;

/// The decoder's state between chunks.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Head of a line whose end has not come.
    line: Vec<u8>,
    /// Data lines of the event, each with its LF.
    data: Vec<u8>,
    kind: Kind,
    /// The last event was handed out; its data go at the next call.
    handed_out: bool,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    /// The first line is over, so that a byte order mark can't come any more.
    begun: bool,
}

impl Decoder {
    /// Takes bytes off the front of `input` up to the end of the next event; `None` once all are taken.
    ///
    /// # Errors
    /// [`TooLong`]; the stream can't be read on.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Event<'_>>, TooLong> {
        self.drop_handed_out();
        loop {
            if self.after_cr
                && let Some((&first, rest)) = input.split_first()
            {
                self.after_cr = false;
                if first == b'\n' {
                    *input = rest;
                }
            }
            let Some(end) = memchr2(b'\n', b'\r', input) else {
                keep(&mut self.line, input)?;
                *input = &[];
                return Ok(None);
            };
            let (head, tail) = input.split_at(end);
            self.after_cr = tail.first() == Some(&b'\r');
            *input = tail.get(1..).unwrap_or_default();
            if self.end_line(head)? {
                return Ok(Some(self.hand_out()));
            }
        }
    }

    /// The stream is over: a `[DONE]` that waits for its newlines counts, anything else is incomplete.
    pub(crate) fn finish(&mut self) -> Option<Event<'_>> {
        self.drop_handed_out();
        if !self.line.is_empty() {
            // A tail too long to keep is no end mark.
            self.end_line(&[]).ok()?;
        }
        (self.data.strip_suffix(b"\n") == Some(DONE)).then(|| self.hand_out())
    }

    /// Ends the line that `tail` completes; whether it ended an event.
    fn end_line(&mut self, tail: &[u8]) -> Result<bool, TooLong> {
        if self.line.is_empty() {
            return self.take_line(tail);
        }
        keep(&mut self.line, tail)?;
        let mut line = std::mem::take(&mut self.line);
        let ended = self.take_line(&line);
        line.clear();
        line.shrink_to(KEPT_BYTES);
        self.line = line;
        ended
    }

    fn take_line(&mut self, line: &[u8]) -> Result<bool, TooLong> {
        let line = if self.begun { line } else { line.strip_prefix(BOM).unwrap_or(line) };
        self.begun = true;
        if line.is_empty() {
            if self.data.is_empty() {
                self.kind = Kind::Message;
            }
            return Ok(!self.data.is_empty());
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let (field, value) = line.split_at(colon);
                let value = value.get(1..).unwrap_or_default();
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &[][..]),
        };
        match field {
            b"data" => self.take_data(value)?,
            b"event" => self.kind = if value == b"error" { Kind::Error } else { Kind::Message },
            b"error" => {
                self.kind = Kind::Error;
                self.take_data(value)?;
            }
            // Comments, ids, retry times, and whatever comes later.
            _ => {}
        }
        Ok(false)
    }

    fn take_data(&mut self, value: &[u8]) -> Result<(), TooLong> {
        keep(&mut self.data, value)?;
        self.data.push(b'\n');
        Ok(())
    }

    fn hand_out(&mut self) -> Event<'_> {
        self.handed_out = true;
        let data = self.data.strip_suffix(b"\n").unwrap_or(&self.data);
        Event { kind: std::mem::take(&mut self.kind), data }
    }

    fn drop_handed_out(&mut self) {
        if std::mem::take(&mut self.handed_out) {
            self.data.clear();
            self.data.shrink_to(KEPT_BYTES);
        }
    }

    /// What there is of an event that is not over: its data, else its first line.
    pub(crate) fn pending(&self) -> &[u8] {
        if self.data.is_empty() { &self.line } else { &self.data }
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.line.capacity() + self.data.capacity()
    }
}

/// Adds to a buffer that never has room for more than the bound and an LF, which may follow.
fn keep(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TooLong> {
    let len = buffer.len() + bytes.len();
    if len > LINE_BYTES_MAX {
        return Err(TooLong);
    }
    if len >= buffer.capacity() {
        // By doubling, as a vector does by itself: in linear time.
        let room = (2 * buffer.capacity()).clamp(len + 1, LINE_BYTES_MAX + 1);
        buffer.reserve_exact(room - buffer.len());
    }
    buffer.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests;
