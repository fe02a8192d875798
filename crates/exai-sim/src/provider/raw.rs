//! A response byte for byte: any head, any body, any cuts between writes, any end.

use std::sync::Arc;
use std::time::Duration;

use super::connection::{Connection, Gone};
use super::log::Log;
use super::reply::Last;
use super::{Cut, Request};

/// What is sent, and how.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Status line and header lines but the one on framing, each with CR LF.
    pub head: String,
    /// The body.
    pub bytes: Arc<[u8]>,
    /// Where one write of the body ends and the next begins.
    pub cuts: Cuts,
    /// Silence between two writes.
    pub gap: Duration,
    /// How the head says where the body ends.
    pub framing: RawFraming,
    /// What follows the last byte.
    pub end: RawEnd,
}

impl Raw {
    /// A healthy response in one write, with a length.
    pub fn new(head: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            head: head.into(),
            bytes: bytes.into(),
            cuts: Cuts::None,
            gap: Duration::ZERO,
            framing: RawFraming::Length,
            end: RawEnd::Clean,
        }
    }
}

/// Where a body is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// Nowhere.
    None,
    /// After so many bytes each; 0 counts as 1, which splits every UTF-8 sequence and line end.
    Every(usize),
    /// Before these bytes, counted from 0; those beyond the body cut nothing.
    At(Vec<usize>),
}

impl Cuts {
    /// The pieces in order, none of them empty.
    fn pieces<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match self {
            Self::None => bytes.chunks(bytes.len().max(1)).collect(),
            Self::Every(most) => bytes.chunks((*most).max(1)).collect(),
            Self::At(places) => {
                let mut places = places.clone();
                places.sort_unstable();
                let (mut pieces, mut rest, mut from) = (Vec::new(), bytes, 0);
                for place in places {
                    let Some((piece, tail)) = rest.split_at_checked(place - from) else { break };
                    pieces.push(piece);
                    (rest, from) = (tail, place);
                }
                pieces.push(rest);
                pieces.retain(|piece| !piece.is_empty());
                pieces
            }
        }
    }
}

/// How the head says where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawFraming {
    /// `content-length`; one byte more than there is, where the end is not clean.
    Length,
    /// `transfer-encoding: chunked`, a chunk for each write.
    Chunked,
    /// Not at all: by the end of the connection, so that a cut looks like an end.
    Close,
}

/// What follows the last byte of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawEnd {
    /// The end that the framing promises.
    Clean,
    /// The end of the connection.
    Cut(Cut),
    /// Silence for ever.
    Stall,
}

/// Sends it.
pub(crate) fn play(
    connection: &mut Connection,
    log: &Log,
    request: &Request,
    raw: &Raw,
) -> Result<Last, Gone> {
    let framing = match (raw.framing, raw.end) {
        (RawFraming::Length, RawEnd::Clean) => format!("content-length: {}", raw.bytes.len()),
        (RawFraming::Length, _) => format!("content-length: {}", raw.bytes.len() + 1),
        (RawFraming::Chunked, _) => "transfer-encoding: chunked".to_owned(),
        (RawFraming::Close, _) => "connection: close".to_owned(),
    };
    connection.write(format!("{}{framing}\r\n\r\n", raw.head).as_bytes())?;
    for (at, piece) in raw.cuts.pieces(&raw.bytes).into_iter().enumerate() {
        if at > 0 && !raw.gap.is_zero() {
            connection.pause(raw.gap)?;
        }
        match raw.framing {
            RawFraming::Chunked => connection.write(&chunk(piece))?,
            RawFraming::Length | RawFraming::Close => connection.write(piece)?,
        }
        log.sent(request.number, 0, piece.len() as u64);
    }
    match (raw.end, raw.framing) {
        (RawEnd::Stall, _) => Err(connection.pause_for_ever()),
        (RawEnd::Cut(cut), _) => Ok(Last::Cut(cut)),
        (RawEnd::Clean, RawFraming::Chunked) => {
            connection.write(b"0\r\n\r\n")?;
            Ok(Last::Sent)
        }
        (RawEnd::Clean, RawFraming::Length) => Ok(Last::Sent),
        (RawEnd::Clean, RawFraming::Close) => Ok(Last::SentAndClose),
    }
}

/// A piece as a chunk of HTTP/1.1.
pub(crate) fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

#[cfg(test)]
mod tests;
