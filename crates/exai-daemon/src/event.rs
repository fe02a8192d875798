//! Everything that can happen to the daemon's io loop.

use axum::extract::ws::{Utf8Bytes, WebSocket};
use exai_session::{CallList, CallState, PeerConn};
use exai_wire::CallId;
use tokio::sync::oneshot;

use crate::kept::Found;
use crate::listen::Meter;
use crate::snapshot::Snapshot;
use crate::witness::Piece;
use crate::work::Report;

/// Room between connections and the hub. The hub never waits for anyone, so a sender waits no longer than it takes
/// to handle what is in front of it.
pub(crate) const EVENTS_MAX: usize = 1024;

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A WebSocket was opened, its token is right.
    Opened(Box<WebSocket>, Meter),
    /// A text frame arrived.
    Frame(PeerConn, Utf8Bytes),
    /// Bytes of a frame that is not complete yet arrived.
    Bytes(PeerConn),
    /// A connection has ended; nothing more comes from it.
    Closed(PeerConn),
    /// Somebody asks how the daemon is.
    Asked(oneshot::Sender<Snapshot>),
    /// Somebody with the token asks for the calls in these states.
    CallsAsked(Vec<CallState>, oneshot::Sender<CallList>),
    /// Somebody with the token asks for the call whose id begins with these digits; two of them are enough.
    CallAsked(String, oneshot::Sender<Vec<Found>>),
    /// Somebody with the token asks the daemon to end.
    StopAsked,
    /// Another daemon has the state directory.
    Usurped,
    /// The operating system asks the daemon to end.
    Signal(Signal),
    /// The work runtime reports.
    Report(Report),
    /// The work runtime tells how a call is getting on.
    Note(CallId, String),
    /// Text of an answer on its way, to be kept.
    Piece(Piece),
    /// The journal has decided on something, or read something.
    Journal,
    /// A journal that could not be used can be now.
    JournalUsable,
    /// A provider is asked no more, or again; the health file is to say so.
    Provider,
    /// A moment that the sessions asked for has come.
    Alarm,
    /// The hub's own beat.
    Tick,
}

/// A wish of the operating system, or of whoever uses it; all mean the same the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM; also what Windows sends at a shutdown.
    Terminate,
    /// SIGINT, Ctrl-C.
    Interrupt,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

impl Signal {
    /// Its name, for logs and for shims.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
            Self::HangUp => "SIGHUP",
        }
    }

    /// The exit code of a process that this signal ended: 128 and its number.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Terminate => 143,
            Self::Interrupt => 130,
            Self::HangUp => 129,
        }
    }
}
