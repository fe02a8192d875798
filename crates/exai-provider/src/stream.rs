//! From the bytes of a body to an answer: events of a stream, or one JSON text, whichever comes.

use crate::answer::{Answer, Progress, TooLarge};
use crate::chunk::{Chunk, NotAChunk, Parsed};
use crate::error_body::ErrorBody;
use crate::page;
use crate::sample::sample;
use crate::sse::{BOM, DONE, Decoder, Kind, TooLong};
use crate::surrogates;

/// Most bytes of a body that is one JSON text.
const WHOLE_BYTES_MAX: usize = 16 << 20;

/// Chunks that may be unreadable before a stream is given up.
const UNREADABLE_MAX: u32 = 1;

/// Why a body can't be read on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The provider reports an error.
    Error(ErrorBody),
    /// It is a page; [`Stream::page`] tells of it.
    Page,
    /// Not what was agreed on.
    Malformed(String),
    /// More than is taken.
    TooLarge(String),
}

/// A body as it is read.
#[derive(Default)]
pub(crate) struct Stream {
    /// What has come of the answer.
    pub(crate) answer: Answer,
    /// Unreadable chunks that were passed over.
    pub(crate) unreadable: u32,
    /// What the first piece that could not be read looked like, passed over or not.
    pub(crate) sample: Option<String>,
    form: Form,
}

enum Form {
    /// Nothing but blanks so far, or part of a byte order mark.
    Unknown(Head),
    /// Server-sent events.
    Events(Decoder),
    /// JSON, kept whole.
    Whole(Vec<u8>),
    /// A page, of which the beginning is kept.
    Page(Vec<u8>),
}

impl Stream {
    /// Takes a piece of the body.
    ///
    /// # Errors
    /// [`Broken`]; the answer so far stays.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Progress, Broken> {
        let bytes = self.tell(bytes);
        match &mut self.form {
            Form::Unknown(head) => match head.take(bytes) {
                Ok(()) => Ok(Progress::default()),
                Err(error) => Err(too_long(error, &head.decoder, &mut self.sample)),
            },
            Form::Page(kept) => {
                kept.extend_from_slice(bytes);
                if kept.len() < page::READ_BYTES_MAX { Ok(Progress::default()) } else { Err(Broken::Page) }
            }
            Form::Whole(kept) => {
                if kept.len() + bytes.len() > WHOLE_BYTES_MAX {
                    return Err(Broken::TooLarge("the body is larger than 16 MiB".to_owned()));
                }
                kept.extend_from_slice(bytes);
                Ok(Progress::default())
            }
            Form::Events(decoder) => {
                let mut sink = Sink {
                    answer: &mut self.answer,
                    unreadable: &mut self.unreadable,
                    sample: &mut self.sample,
                };
                let mut rest = bytes;
                let mut progress = Progress::default();
                while !sink.answer.done {
                    let more = match decoder.next(&mut rest) {
                        Ok(Some(event)) => sink.event(event.kind, event.data)?,
                        Ok(None) => break,
                        Err(error) => return Err(too_long(error, decoder, sink.sample)),
                    };
                    progress.chars += more.chars;
                    progress.content_chars += more.content_chars;
                }
                Ok(progress)
            }
        }
    }

    /// The body is over.
    ///
    /// # Errors
    /// [`Broken`], for bodies that are no stream.
    pub(crate) fn finish(&mut self) -> Result<(), Broken> {
        match &mut self.form {
            Form::Page(_) => Err(Broken::Page),
            Form::Unknown(_) => {
                // An empty body is an empty answer.
                self.answer.done = true;
                Ok(())
            }
            Form::Events(decoder) => {
                self.answer.done |= decoder.finish().is_some_and(|event| event.data == DONE);
                Ok(())
            }
            Form::Whole(body) => {
                let body = std::mem::take(body);
                self.finish_whole(&body)
            }
        }
    }

    /// Tells the form, once it can be told; gives the bytes that are left to take.
    fn tell<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Form::Unknown(head) = &mut self.form else { return bytes };
        let Some((at, form)) = head.form(bytes) else { return bytes };
        self.form = form;
        bytes.get(at..).unwrap_or_default()
    }

    /// What to tell of the body, if it is a page, whether it has ended or not.
    pub(crate) fn page(&self) -> Option<String> {
        if let Form::Page(kept) = &self.form { Some(page::told(kept)) } else { None }
    }

    fn finish_whole(&mut self, body: &[u8]) -> Result<(), Broken> {
        parsed(body, |parsed| match parsed {
            Ok(Parsed::Piece(chunk)) => {
                self.answer.absorb(&chunk).map_err(too_large)?;
                self.answer.done = true;
                Ok(())
            }
            Ok(Parsed::Error(error)) => Err(Broken::Error(error)),
            Err(_) => {
                let text = String::from_utf8_lossy(body.get(..body.len().min(800)).unwrap_or_default());
                let message = format!("instead of an answer came: {text}");
                Err(Broken::Error(ErrorBody { message, ..ErrorBody::default() }))
            }
        })
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::Unknown(Head::default())
    }
}

/// What comes before the first byte that tells the form.
#[derive(Default)]
struct Head {
    /// Bytes of a byte order mark that have come; all of them, too, where it can't come any more.
    mark: usize,
    /// Should a stream follow, its first lines have begun already.
    decoder: Decoder,
}

impl Head {
    /// By the first byte that is no blank, and where it stands: no line of a stream begins like JSON or HTML. The
    /// `content-type` is no better witness: errors come as `text/event-stream`, and streams as `application/json`.
    fn form(&mut self, bytes: &[u8]) -> Option<(usize, Form)> {
        for (at, byte) in bytes.iter().enumerate() {
            match BOM.get(self.mark) {
                Some(next) if next == byte => self.mark += 1,
                // The mark was none.
                Some(_) if self.mark > 0 => return Some((0, self.stream())),
                _ => {
                    self.mark = BOM.len();
                    match byte {
                        b'<' => return Some((at, Form::Page(Vec::new()))),
                        b'{' | b'[' | b'"' => return Some((at, Form::Whole(Vec::new()))),
                        _ if byte.is_ascii_whitespace() => {}
                        _ => return Some((0, self.stream())),
                    }
                }
            }
        }
        None
    }

    fn stream(&mut self) -> Form {
        Form::Events(std::mem::take(&mut self.decoder))
    }

    /// Takes bytes that tell nothing; in a stream they end no event.
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), TooLong> {
        self.decoder.next(&mut bytes).map(drop)
    }
}

struct Sink<'a> {
    answer: &'a mut Answer,
    unreadable: &'a mut u32,
    sample: &'a mut Option<String>,
}

impl Sink<'_> {
    fn event(&mut self, kind: Kind, data: &[u8]) -> Result<Progress, Broken> {
        if kind == Kind::Error {
            return Err(Broken::Error(ErrorBody::parse(data)));
        }
        let data = data.trim_ascii();
        if data.is_empty() {
            return Ok(Progress::default());
        }
        if data == DONE {
            self.answer.done = true;
            return Ok(Progress::default());
        }
        parsed(data, |parsed| match parsed {
            Ok(Parsed::Piece(chunk)) => self.answer.absorb(&chunk).map_err(too_large),
            Ok(Parsed::Error(error)) => Err(Broken::Error(error)),
            Err(_) => {
                self.sample.get_or_insert_with(|| sample(data));
                if *self.unreadable >= UNREADABLE_MAX {
                    return Err(Broken::Malformed("chunks of the stream are no JSON".to_owned()));
                }
                *self.unreadable += 1;
                Ok(Progress::default())
            }
        })
    }
}

/// Hands on what a text is; one with half a character in it is read without.
fn parsed<T>(text: &[u8], then: impl FnOnce(Result<Parsed<'_>, NotAChunk>) -> T) -> T {
    match Chunk::parse(text) {
        Err(NotAChunk) => match surrogates::mended(text) {
            Some(mended) => then(Chunk::parse(&mended)),
            None => then(Err(NotAChunk)),
        },
        parsed => then(parsed),
    }
}

fn too_large(error: TooLarge) -> Broken {
    Broken::TooLarge(error.to_string())
}

/// Not [`Broken::TooLarge`]: no answer has such a line, so what sends it is broken, and another may do better.
fn too_long(error: TooLong, decoder: &Decoder, told: &mut Option<String>) -> Broken {
    told.get_or_insert_with(|| sample(decoder.pending()));
    Broken::Malformed(error.to_string())
}

#[cfg(test)]
mod tests;
