//! The daemon's end: all sessions, all calls.

mod event;

pub use event::{
    AbortReason, AttemptDenied, CallClass, CommitResult, DaemonConfig, DaemonEvent, DrainPlan, Finished,
    PeerConn, Promise, Ticket, Vitals,
};

use std::marker::PhantomData;
use std::time::Duration;

use exai_wire::{CallId, DaemonState, KeptFrame};

/// All sessions and calls of one daemon start. `D` is a journal's seal around a [`KeptFrame`].
#[derive(Debug)]
pub struct DaemonEnd<D, C> {
    config: DaemonConfig,
    _class: C,
    sealed: PhantomData<D>,
}

impl<D: AsRef<KeptFrame>, C: CallClass> DaemonEnd<D, C> {
    /// A daemon that knows of nothing yet.
    pub fn new(config: DaemonConfig, class: C) -> Self {
        Self { config, _class: class, sealed: PhantomData }
    }

    /// A WebSocket was accepted (its token is right); it has 3 s for its `hello`.
    pub fn opened(&mut self, _now: Duration, _conn: PeerConn) {}

    /// Bytes arrived, counted below the WebSocket layer.
    pub fn bytes_received(&mut self, _now: Duration, _conn: PeerConn) {}

    /// A text message arrived.
    pub fn frame(&mut self, _now: Duration, _conn: PeerConn, _text: &str) {}

    /// The connection ended.
    pub fn closed(&mut self, _now: Duration, _conn: PeerConn) {}

    /// The journal reports on a promise.
    pub fn committed(&mut self, _now: Duration, _ticket: Ticket, _result: CommitResult<D>) {}

    /// The executor wants to begin an attempt; answered by `Go` or `Deny`.
    pub fn attempt(&mut self, _now: Duration, _call_id: CallId, _provider: &str, _model: &str) {}

    /// How a call is getting on.
    pub fn note(&mut self, _now: Duration, _call_id: CallId, _text: String) {}

    /// The executor is through with a call.
    pub fn finished(&mut self, _now: Duration, _call_id: CallId, _finished: Finished) {}

    /// The daemon's condition has been measured.
    pub fn set_vitals(&mut self, _now: Duration, _vitals: Vitals) {}

    /// Begins the drain.
    pub fn drain(&mut self, _now: Duration, _plan: DrainPlan, _reason: &str) {}

    /// A moment given by `poll_timeout` has come.
    pub fn handle_timeout(&mut self, _now: Duration) {}

    /// When to call `handle_timeout` next.
    pub fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self) -> Option<(PeerConn, String)> {
        None
    }

    /// The next thing to do.
    pub fn poll_event(&mut self) -> Option<DaemonEvent> {
        None
    }

    /// State to be told: ready, busy, stalled or draining.
    pub fn state(&self) -> DaemonState {
        event::state(false, Vitals { stalled: false, lag_ms: 0 }, 0)
    }

    /// Calls that are accepted or run, of all sessions.
    pub fn in_flight(&self) -> usize {
        let _ = &self.config;
        0
    }

    /// Age of the oldest of them.
    pub fn oldest(&self, _now: Duration) -> Option<Duration> {
        None
    }

    /// Sessions that are connected or were within the last 20 s.
    pub fn sessions(&self) -> usize {
        0
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        0
    }
}
