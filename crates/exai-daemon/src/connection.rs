//! One WebSocket: a task that moves frames both ways, and the bounded queue of what it has to write.
//!
//! Invariants: reading never waits for writing (a peer that is slow to read still shows that it lives); frames that
//! are queued at a time leave in one flush; what is queued is bounded in frames and bytes, for each and for all.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use exai_session::PeerConn;
use futures_util::{Sink as _, Stream as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use crate::event::Event;
use crate::listen::Meter;

/// Frames that may wait to be written to one peer: four for each of a thousand open calls.
const FRAMES_MAX: usize = 4096;

/// Bytes that may wait to be written to one peer. Nine results of full length; a session that asked for more gets
/// the rest after it has come back, because answered calls are no longer open then.
const BYTES_MAX: usize = 64 << 20;

/// Bytes that may wait to be written to all peers together, but for [`SPARE`]: a few results of full length for peers that
/// are slow at the same time. Whoever does not read is gone after [`STALL`], and makes room.
const ALL_BYTES_MAX: usize = 256 << 20;

/// Bytes that every peer may have waiting even then, so that one that reads does not pay for those that don't. With
/// all connections together 256 MiB.
const SPARE: usize = 64 << 10;

/// Above this share of either bound notes are left out: they are news, and old news is worth nothing.
const NOTES_SHARE: usize = 4;

/// A peer that takes no byte for so long while something waits for it is gone. The daemon's patience with silence.
const STALL: Duration = Duration::from_secs(20);

/// Time for the peer to answer a close before its socket is dropped. A slow one gets [`STALL`]: as much as the operating
/// system has buffered may still be on its way, and dropping the socket could lose it.
const CLOSE: Duration = Duration::from_millis(200);

/// A flush that takes as long as this makes a peer a slow one. On one machine seven megabytes take a few milliseconds.
const JAM: Duration = Duration::from_millis(20);

/// Bytes of pongs that may wait for a peer to read them. Five hundred of the longest; ours never pings, and what
/// does without reading wants the memory.
pub(crate) const PONGS_MAX: usize = 64 << 10;

/// A pong's header.
const PONG_HEAD: usize = 2;

/// At most one report of bare bytes in this time: a fifth of the shortest clock that hangs on them.
const BYTES_EVERY: Duration = Duration::from_millis(500);

/// What is to be written.
#[derive(Debug)]
enum Outgoing {
    Frame(Utf8Bytes),
    Close(CloseFrame),
}

/// What became of a frame that was to be queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queued {
    /// It will be written.
    Yes,
    /// It was a note, and there is a jam.
    NoteDropped,
    /// There is no room: the connection has to be closed after what is queued.
    Overflow,
}

/// The hub's end of a connection's queue. Dropping it closes the connection without a word.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::Sender<Outgoing>,
    load: Arc<Load>,
}

/// Bytes that wait to be written to all peers.
pub(crate) type AllBytes = Arc<AtomicUsize>;

/// Bytes that wait to be written to one peer, counted among those of all for as long as its queue is there.
#[derive(Debug)]
struct Load {
    own: AtomicUsize,
    all: AllBytes,
}

impl Load {
    fn add(&self, bytes: usize) {
        self.own.fetch_add(bytes, Ordering::Relaxed);
        self.all.fetch_add(bytes, Ordering::Relaxed);
    }

    fn sub(&self, bytes: usize) {
        self.own.fetch_sub(bytes, Ordering::Relaxed);
        self.all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.all.fetch_sub(*self.own.get_mut(), Ordering::Relaxed);
    }
}

impl Outbox {
    /// Queues a frame; never waits.
    pub(crate) fn send(&self, frame: String) -> Queued {
        let bytes = self.load.own.load(Ordering::Relaxed);
        let free = self.queue.capacity();
        // The wire writes the type first.
        let note = frame.starts_with(r#"{"t":"note""#);
        if note && (bytes > BYTES_MAX / NOTES_SHARE || free < FRAMES_MAX - FRAMES_MAX / NOTES_SHARE) {
            return Queued::NoteDropped;
        }
        // One place stays free for the close. A single frame is taken however long, if others leave room.
        if free <= 1 || (bytes > 0 && bytes + frame.len() > BYTES_MAX) {
            return Queued::Overflow;
        }
        let all = self.load.all.load(Ordering::Relaxed);
        if bytes + frame.len() > SPARE && all + frame.len() > ALL_BYTES_MAX {
            return Queued::Overflow;
        }
        self.load.add(frame.len());
        // It fails only when the connection's task has ended, which the hub is told in its turn.
        let _ = self.queue.try_send(Outgoing::Frame(frame.into()));
        Queued::Yes
    }

    /// Closes the connection after what is queued.
    pub(crate) fn close(self, code: u16, reason: &str) {
        // A close frame has room for 123 bytes of reason.
        let reason: String = reason.chars().take(40).collect();
        let _ = self.queue.try_send(Outgoing::Close(CloseFrame { code, reason: reason.into() }));
    }
}

/// The connection's end of its queue.
#[derive(Debug)]
pub(crate) struct Drain {
    queue: mpsc::Receiver<Outgoing>,
    load: Arc<Load>,
}

/// A queue for one connection; what waits in it counts among `all`.
pub(crate) fn queue(all: &AllBytes) -> (Outbox, Drain) {
    let (sender, receiver) = mpsc::channel(FRAMES_MAX);
    let load = Arc::new(Load { own: AtomicUsize::new(0), all: Arc::clone(all) });
    (Outbox { queue: sender, load: Arc::clone(&load) }, Drain { queue: receiver, load })
}

/// Moves frames until either end closes.
pub(crate) async fn run(
    conn: PeerConn,
    socket: WebSocket,
    meter: Meter,
    drain: Drain,
    events: &mpsc::Sender<Event>,
) {
    let mut pump = Pump::new(socket, meter, drain);
    loop {
        let event = match poll_fn(|cx| pump.poll(cx)).await {
            Step::Text(text) => Event::Frame(conn, text),
            Step::Bytes => Event::Bytes(conn),
            Step::End => return,
        };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

/// What a connection has to tell.
enum Step {
    Text(Utf8Bytes),
    Bytes,
    End,
}

/// How far the daemon's end has got with closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
}

struct Pump {
    socket: WebSocket,
    meter: Meter,
    drain: Drain,
    phase: Phase,
    /// Something was written since the last complete flush.
    unflushed: bool,
    /// When that began, since the last complete flush.
    unflushed_since: Option<Instant>,
    /// When the peer was last slower than [`JAM`].
    jammed_at: Option<Instant>,
    /// Bytes of pongs among that.
    pongs: usize,
    /// Ends a jam or a close that the peer does not answer.
    patience: Pin<Box<Sleep>>,
    /// `sent` of the meter when `patience` was last renewed; `None` while nothing is stuck.
    stuck_at: Option<u64>,
    /// `received` of the meter when the hub was last told.
    told: u64,
    told_at: Instant,
}

impl Pump {
    fn new(socket: WebSocket, meter: Meter, drain: Drain) -> Self {
        let now = Instant::now();
        Self {
            socket,
            told: meter.received(),
            meter,
            drain,
            phase: Phase::Open,
            unflushed: false,
            unflushed_since: None,
            jammed_at: None,
            pongs: 0,
            patience: Box::pin(tokio::time::sleep_until(now)),
            stuck_at: None,
            told_at: now,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if self.poll_write(cx).is_err() || self.poll_patience(cx).is_ready() {
            return Poll::Ready(Step::End);
        }
        let step = self.poll_read(cx);
        // What was read may have an answer, and that may be stuck.
        if step.is_pending() && self.poll_patience(cx).is_ready() {
            return Poll::Ready(Step::End);
        }
        step
    }

    /// Writes as much as the socket takes. `Err`: the connection is over.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<(), axum::Error> {
        // What is stuck leaves first: the library's buffer has room for one frame and pongs.
        self.poll_flush(cx)?;
        if self.unflushed {
            return Ok(());
        }
        while self.phase == Phase::Open && Pin::new(&mut self.socket).poll_ready(cx)?.is_ready() {
            let message = match self.drain.queue.poll_recv(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Outgoing::Frame(text))) => {
                    self.drain.load.sub(text.len());
                    Message::Text(text)
                }
                Poll::Ready(Some(Outgoing::Close(frame))) => {
                    self.phase = Phase::Closing;
                    Message::Close(Some(frame))
                }
                Poll::Ready(None) => {
                    self.phase = Phase::Closing;
                    Message::Close(None)
                }
            };
            Pin::new(&mut self.socket).start_send(message)?;
            self.unflushed = true;
        }
        self.poll_flush(cx)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Result<(), axum::Error> {
        if !self.unflushed {
            return Ok(());
        }
        self.unflushed = Pin::new(&mut self.socket).poll_flush(cx)?.is_pending();
        let now = Instant::now();
        let since = self.unflushed_since.get_or_insert(now);
        if now.duration_since(*since) >= JAM {
            self.jammed_at = Some(now);
        }
        if !self.unflushed {
            self.unflushed_since = None;
            self.pongs = 0;
        }
        Ok(())
    }

    /// The library has written a pong for a ping of this length, which leaves with the next flush. `Err`: the
    /// connection is over, because the peer does not read its pongs.
    fn pong(&mut self, bytes: usize, cx: &mut Context<'_>) -> Result<(), axum::Error> {
        self.unflushed = true;
        self.pongs += bytes + PONG_HEAD;
        self.poll_flush(cx)?;
        if self.pongs > PONGS_MAX {
            Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)))
        } else {
            Ok(())
        }
    }

    /// Ready when a jam or a close has lasted too long.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sent = self.meter.sent();
        let wait = match (self.phase, self.unflushed) {
            (Phase::Open, false) => {
                self.stuck_at = None;
                return Poll::Pending;
            }
            (Phase::Open, true) => STALL,
            (Phase::Closing, _) if self.jammed_at.is_some_and(|at| at.elapsed() < STALL) => STALL,
            (Phase::Closing, _) => CLOSE,
        };
        if self.stuck_at != Some(sent) {
            self.stuck_at = Some(sent);
            self.patience.as_mut().reset(Instant::now() + wait);
        }
        self.patience.as_mut().poll(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    self.told = self.meter.received();
                    return Poll::Ready(Step::Text(text));
                }
                Poll::Ready(Some(Ok(Message::Ping(bytes)))) => {
                    if self.pong(bytes.len(), cx).is_err() {
                        return Poll::Ready(Step::End);
                    }
                }
                // Our frames are text, so binary ones are not for us.
                Poll::Ready(Some(Ok(Message::Pong(_) | Message::Binary(_)))) => {}
                Poll::Ready(Some(Ok(Message::Close(_)))) => self.phase = Phase::Closing,
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Step::End),
                Poll::Pending => break,
            }
        }
        self.poll_bytes()
    }

    /// A long frame that is still coming in is a sign of life too.
    fn poll_bytes(&mut self) -> Poll<Step> {
        let received = self.meter.received();
        if received == self.told || self.told_at.elapsed() < BYTES_EVERY {
            return Poll::Pending;
        }
        self.told = received;
        self.told_at = Instant::now();
        Poll::Ready(Step::Bytes)
    }
}

#[cfg(test)]
mod tests;
