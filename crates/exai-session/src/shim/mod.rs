//! The shim's end: keeps calls alive over connections.

mod event;

pub use event::{
    ConnNo, ConnectError, EndWhy, Fate, Link, NewCall, ShimConfig, ShimEvent, TooMuch, Transmit,
};

use std::time::Duration;

use exai_wire::{CallId, Peer};

/// One session, for the life of the shim process.
#[derive(Debug)]
pub struct ShimEnd {
    config: ShimConfig,
}

impl ShimEnd {
    /// A session that has not dialled yet.
    pub fn new(config: ShimConfig) -> Self {
        Self { config }
    }

    /// The host has introduced itself; goes out with the next `hello`.
    pub fn set_host(&mut self, _host: Peer) {}

    /// Dials now if it has not (2 s after a completed handshake, an autostarted daemon that listens, ...), and
    /// cuts a backoff pause short.
    pub fn wake(&mut self, _now: Duration) {}

    /// Takes a call from the host; dials at once where there is no connection.
    ///
    /// # Errors
    /// [`TooMuch`] where the session holds 1,000 calls or 64 MiB; the call is not taken.
    pub fn call(&mut self, _now: Duration, _call: NewCall) -> Result<(), TooMuch> {
        Ok(())
    }

    /// Joins a call made earlier, perhaps by another session; ends like a call.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn attach(
        &mut self,
        _now: Duration,
        _call_id: CallId,
        _deadline: Duration,
        _patience: Option<Duration>,
        _hold: Option<Duration>,
    ) -> Result<(), TooMuch> {
        Ok(())
    }

    /// The host has cancelled: nothing more comes out for this call; the daemon is told until it has confirmed.
    pub fn cancel(&mut self, _now: Duration, _call_id: CallId, _reason: &str) {}

    /// The host has been answered or has given up, the call goes on in the daemon: nothing more comes out for it.
    pub fn detach(&mut self, _now: Duration, _call_id: CallId) {}

    /// The whole line of this call's answer has been written to the host.
    pub fn delivered(&mut self, _now: Duration, _call_id: CallId) {}

    /// Asks for the tool definitions on the present connection.
    pub fn get_catalogue(&mut self, _now: Duration) {}

    /// The shim ends; a `bye` goes out on the present connection.
    pub fn bye(&mut self, _now: Duration, _reason: &str) {}

    /// Connect and upgrade succeeded.
    pub fn connected(&mut self, _now: Duration, _conn: ConnNo) {}

    /// Connect or upgrade failed.
    pub fn connect_failed(&mut self, _now: Duration, _conn: ConnNo, _error: ConnectError) {}

    /// Bytes arrived, counted below the WebSocket layer: a sign of life, whole message or not.
    pub fn bytes_received(&mut self, _now: Duration, _conn: ConnNo) {}

    /// A text message arrived.
    pub fn frame(&mut self, _now: Duration, _conn: ConnNo, _text: &str) {}

    /// The connection ended: close, reset, error.
    pub fn closed(&mut self, _now: Duration, _conn: ConnNo, _reason: &str) {}

    /// A moment given by `poll_timeout` has come.
    pub fn handle_timeout(&mut self, _now: Duration) {}

    /// When to call `handle_timeout` next.
    pub fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        None
    }

    /// The next thing to do or to tell.
    pub fn poll_event(&mut self) -> Option<ShimEvent> {
        None
    }

    /// State of the link.
    pub fn link(&self) -> Link {
        let _ = &self.config;
        Link::Idle
    }

    /// Calls that wait for an end.
    pub fn open_calls(&self) -> usize {
        0
    }
}
