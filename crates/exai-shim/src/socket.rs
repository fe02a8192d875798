//! One connection: frames in, frames out, bytes counted.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Sink, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::counted::Counted;

/// Bytes that may wait for a daemon that does not read: all that a session may hold (64 MiB), and their envelopes.
const WAITING_BYTES_MAX: usize = 80 << 20;

/// Frames that may wait: each open call makes a few.
const WAITING_FRAMES_MAX: usize = 16 << 10;

/// What a connection has to tell.
#[derive(Debug)]
pub(crate) enum News {
    /// Bytes came, no whole message yet or one without text.
    Bytes,
    /// A text message came.
    Frame(Utf8Bytes),
    /// It is over.
    Closed(String),
}

/// A connection after its upgrade.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<Counted<Stream>>,
    /// Bytes that have been told of.
    told: u64,
    waiting: VecDeque<String>,
    waiting_bytes: usize,
    flush: Flush,
}

/// Whether something was handed to the library that is not on its way yet.
#[derive(Debug, PartialEq, Eq)]
enum Flush {
    Needed,
    Done,
}

impl Socket {
    /// Takes over an upgraded stream.
    pub(crate) fn new(stream: WebSocketStream<Counted<Stream>>) -> Self {
        Self { stream, told: 0, waiting: VecDeque::new(), waiting_bytes: 0, flush: Flush::Done }
    }

    /// Queues a frame; [`Self::poll_write`] sends it.
    pub(crate) fn push(&mut self, text: String) {
        self.waiting_bytes += text.len();
        self.waiting.push_back(text);
    }

    /// The next news.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        let message = Pin::new(&mut self.stream).poll_next(cx);
        let read = self.stream.get_ref().bytes_read();
        let told = std::mem::replace(&mut self.told, read);
        match message {
            Poll::Ready(Some(Ok(Message::Text(text)))) => Poll::Ready(News::Frame(text)),
            Poll::Ready(Some(Ok(Message::Close(why)))) => {
                let why = why.map_or_else(String::new, |frame| format!(" ({} {})", frame.code, frame.reason));
                Poll::Ready(News::Closed(format!("closed by the daemon{why}")))
            }
            // A ping is answered by the library with the next flush. It is news of its own, since a daemon could send
            // nothing else without end.
            Poll::Ready(Some(Ok(_))) => {
                self.flush = Flush::Needed;
                Poll::Ready(News::Bytes)
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(News::Closed(sentence(&error))),
            Poll::Ready(None) => Poll::Ready(News::Closed("connection closed".to_owned())),
            Poll::Pending if read > told => Poll::Ready(News::Bytes),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Hands over what waits and flushes once. Ready only with an end; pending also when all is written.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        match self.write(cx) {
            Err(error) => Poll::Ready(News::Closed(sentence(&error))),
            Ok(()) if self.waiting_bytes > WAITING_BYTES_MAX || self.waiting.len() > WAITING_FRAMES_MAX => {
                Poll::Ready(News::Closed("the daemon does not read".to_owned()))
            }
            Ok(()) => Poll::Pending,
        }
    }

    /// Whether all frames are on their way.
    pub(crate) fn is_flushed(&self) -> bool {
        self.waiting.is_empty() && self.flush == Flush::Done
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        while !self.waiting.is_empty() {
            match Pin::new(&mut self.stream).poll_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(()),
            }
            let Some(text) = self.waiting.pop_front() else { break };
            self.waiting_bytes = self.waiting_bytes.saturating_sub(text.len());
            self.flush = Flush::Needed;
            Pin::new(&mut self.stream).start_send(Message::text(text))?;
        }
        if self.flush == Flush::Needed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(done) => done?,
                Poll::Pending => return Ok(()),
            }
            self.flush = Flush::Done;
        }
        Ok(())
    }
}

fn sentence(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        Error::ConnectionClosed | Error::AlreadyClosed => "connection closed".to_owned(),
        other => other.to_string(),
    }
}

/// TCP, with TLS or without.
#[derive(Debug)]
pub(crate) enum Stream {
    /// `ws://`
    Plain(TcpStream),
    /// `wss://`
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
