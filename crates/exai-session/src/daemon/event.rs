//! What the daemon's end of the sessions takes in and gives out.

use std::time::Duration;

use exai_wire::{
    CallId, Class, DaemonState, Epoch, JournalId, Kept, Limits, Outcome, Partial, Record, SessionId, Spent,
    StartId, Turn,
};
use serde_json::value::RawValue;

/// Number of an accepted connection, made by the driver; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerConn(pub u64);

/// Number of a record on its way to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Set once per daemon start.
#[derive(Debug, Clone)]
pub struct DaemonConfig {
    /// The journal's id.
    pub journal: JournalId,
    /// This start.
    pub epoch: Epoch,
    /// A number of its own that no other start has.
    pub start: StartId,
    /// The daemon's release.
    pub version: String,
    /// Hash of the tool definitions.
    pub catalogue_hash: String,
    /// Array of tool objects, for `get_catalogue`.
    pub catalogue: Box<RawValue>,
    /// What one session may have open.
    pub limits: Limits,
    /// Calls of all sessions together that may be open; more are refused as `overloaded`.
    pub calls_max: usize,
    /// Milliseconds of wall time since 1970 at moment zero of this process's clock.
    pub unix_start_ms: u64,
    /// How long and how much is kept.
    pub keeping: Keeping,
    /// Why the journal can't be used; every session is turned away with this sentence then.
    pub unusable: Option<String>,
}

/// How long and how much of ended calls is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// A result that reached its host.
    pub acked: Duration,
    /// A result that nobody has fetched.
    pub unacked: Duration,
    /// The id of a call after that, so that it does not run again.
    pub buried: Duration,
    /// How old an answer may be that is given to the same question; zero: never given.
    pub adopt: Duration,
    /// Bytes of all results and params; beyond them the oldest that nobody waits for go.
    pub bytes: usize,
}

/// A call of an earlier start, with the sealed `accepted`.
#[derive(Debug)]
pub struct RecoveredCall<D> {
    /// What is known of it.
    pub kept: Kept,
    /// The frame for those who join it.
    pub accepted: D,
}

/// An attempt of an earlier start of the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// Its number.
    pub n: u32,
    /// Provider asked; empty where only the number is known, because it was begun under a journal that is lost.
    pub provider: String,
    /// Model asked; empty likewise.
    pub model: String,
    /// What ended it.
    pub fate: AttemptFate,
}

impl Before {
    /// One of which a shim remembers the number only.
    pub(crate) const fn unknown(n: u32) -> Self {
        Self { n, provider: String::new(), model: String::new(), fate: AttemptFate::Lost }
    }
}

/// What ended an attempt of an earlier start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptFate {
    /// The daemon died.
    Lost,
    /// An orderly stop cut it.
    Cut,
    /// It failed, or was broken off, when nobody waited for the call any more.
    Left,
    /// It failed, and another one was begun; why is not kept.
    Failed,
}

/// What the daemon knows of a request before it takes it: the class of the tool it names.
pub trait CallClass {
    /// The class of the call, or a sentence that says why it can't be served (unknown method, malformed params).
    /// An unknown *tool* is a [`Class::Pure`] call: the executor answers it with an error result.
    ///
    /// # Errors
    /// The sentence for the host.
    fn class(&self, method: &str, params: &RawValue) -> Result<Class, String>;

    /// Name of the tool, for people; empty where there is none.
    fn tool(&self, params: &RawValue) -> String;
}

/// What became of a record. `D` is the journal's seal around a `KeptFrame`.
#[derive(Debug)]
pub enum CommitResult<D> {
    /// Durable, with the sealed frame where [`Record::frame`] gives one.
    Durable(Option<D>),
    /// Not written; says why. The call is refused (Accepted), or the answer waits (Done).
    Failed(NotKept),
}

/// Why the journal did not take a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKept {
    /// Whether it was for lack of room.
    pub full: bool,
    /// Another daemon has begun to write on it: whatever this one knows, that one may know better.
    pub usurped: bool,
    /// Sentence for people.
    pub why: String,
}

/// What the executor reports at the end of a call.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// MCP result object, at most `RESULT_BYTES_MAX` bytes.
    pub body: Box<RawValue>,
    /// What it adds to a conversation.
    pub turn: Option<Turn>,
    /// What it cost, where that was told.
    pub spent: Option<Spent>,
}

/// Why an attempt may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptDenied {
    /// The call is over (cancelled, deadline).
    Over,
    /// Three attempts that may have been billed were made.
    Exhausted,
    /// The daemon is about to stop.
    Draining,
}

/// Why work on a call has to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortReason {
    /// The host cancelled; already durable. Close the provider's socket; report nothing.
    Cancelled,
    /// Its deadline passed. Close the provider's socket; report what there is, as partial.
    Deadline,
    /// The daemon stops: close the provider's socket; report nothing but text that is not told yet. It runs on after the
    /// restart.
    Drain,
    /// Its session is gone: give up its place; report nothing, it runs when somebody comes for it.
    Orphaned,
}

/// The daemon's condition, as beats and `welcome` tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vitals {
    /// The work runtime or the journal makes no progress.
    pub stalled: bool,
    /// Lag of the work runtime.
    pub lag_ms: u64,
}

/// The times of a drain, counted from its begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainPlan {
    /// Until then calls in flight may finish.
    pub finish: Duration,
    /// Until then effects may finish.
    pub effects: Duration,
    /// By then connections are closed.
    pub close: Duration,
    /// Earliest sensible dial after the close.
    pub retry_after: Duration,
    /// Spread of the dials after that.
    pub spread: Duration,
}

/// What the driver has to do.
#[derive(Debug)]
pub enum DaemonEvent {
    /// Make this durable, then report with `committed` under the same ticket. In order of tickets.
    Commit {
        /// Number to report with.
        ticket: Ticket,
        /// What.
        record: Record,
    },
    /// Read the kept end of a call from the journal; report with `fetched`.
    Fetch {
        /// Which.
        call_id: CallId,
    },
    /// Execute a call: report `attempt`, `note`, `finished`.
    Run {
        /// Key.
        call_id: CallId,
        /// On whose account it is queued (fairness).
        session: SessionId,
        /// Class of the tool.
        class: Class,
        /// MCP method.
        method: String,
        /// Params.
        params: Box<RawValue>,
        /// Attempts made before, under other starts or journals.
        before: Vec<Before>,
        /// Text that one of them had brought.
        kept: Option<Partial>,
        /// Moment at which it must have ended.
        deadline: Duration,
    },
    /// The attempt that was asked for may begin.
    Go {
        /// Which call.
        call_id: CallId,
        /// Number of the attempt over the call's whole life.
        attempt: u32,
    },
    /// The attempt that was asked for may not begin; finish with what there is.
    Deny {
        /// Which call.
        call_id: CallId,
        /// Why.
        why: AttemptDenied,
    },
    /// Stop working on a call.
    Abort {
        /// Which.
        call_id: CallId,
        /// Why.
        why: AbortReason,
    },
    /// Close this connection with this WebSocket close code.
    Close {
        /// Which.
        conn: PeerConn,
        /// Close code.
        code: u16,
        /// Reason, for people.
        reason: String,
    },
    /// A session came (first connection) or came back; for logs.
    Joined {
        /// Which.
        session: SessionId,
        /// Its shim's release and host, for logs.
        about: String,
    },
    /// A session is gone (bye, or 20 s without a connection); for logs.
    Left {
        /// Which.
        session: SessionId,
    },
    /// The drain is over: every connection is closed; exit.
    Drained,
}

/// The state that health tells: derived, never set from outside.
pub(crate) fn state(draining: bool, vitals: Vitals, in_flight: usize) -> DaemonState {
    match (draining, vitals.stalled, in_flight) {
        (true, _, _) => DaemonState::Draining,
        (false, true, _) => DaemonState::Stalled,
        (false, false, 0) => DaemonState::Ready,
        (false, false, _) => DaemonState::Busy,
    }
}
