//! What the shim's end of a session takes in and gives out.

use std::time::Duration;

use exai_wire::{
    AdoptKey, CallId, Fingerprint, JournalId, Outcome, RefusedCode, RejectCode, SessionId, ShimPeer,
};
use serde_json::value::RawValue;

/// Number of a connection attempt, from 1; the same number goes out as `dial_no`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnNo(pub u64);

/// Set once per shim process.
#[derive(Debug, Clone)]
pub struct ShimConfig {
    /// Random id of this process.
    pub session: SessionId,
    /// How it introduces itself.
    pub shim: ShimPeer,
    /// The daemon is on this machine: shorter connect limit, shorter backoff while calls are held.
    pub loopback: bool,
    /// Seed of the jitter.
    pub seed: u64,
}

/// A request of the host that only the daemon can answer.
#[derive(Debug)]
pub struct NewCall {
    /// Random, made at first receipt of the line.
    pub call_id: CallId,
    /// MCP method.
    pub method: String,
    /// Params to send.
    pub params: Box<RawValue>,
    /// Hash of method and params.
    pub fingerprint: Fingerprint,
    /// Key for finding its answer again, where the tool allows it.
    pub adopt_key: Option<AdoptKey>,
    /// W3C trace context.
    pub trace: Option<Box<RawValue>>,
    /// Moment at which the call is answered whatever its state ([`EndWhy::Deadline`]).
    pub deadline: Duration,
    /// How long the call is held while the daemon is out of reach, counted from the loss or, where it came later,
    /// from its own coming ([`EndWhy::OutOfReach`]); `None`: to its deadline.
    pub hold: Option<Duration>,
    /// What became of it before, where it was left to the daemon and is asked for again.
    pub past: Past,
}

/// What is known of a call that was, or was not, with a daemon. Outlives the shim in handles that hosts carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Past {
    /// The journal it was sent to; `None` while it provably has not run.
    pub under: Option<JournalId>,
    /// Whether that daemon has said that its journal has it.
    pub accepted_seen: bool,
    /// Attempts that were heard of, or have to be taken for made.
    pub attempts_seen: u32,
    /// The journal of the daemon that it was sent to last, and `attempts_seen` at that moment.
    pub exposed: Option<(JournalId, u32)>,
}

impl Past {
    /// Whether it may have run.
    pub fn fate(self) -> Fate {
        match (self.under, self.accepted_seen) {
            (_, true) => Fate::Accepted,
            (Some(_), false) => Fate::Sent,
            (None, false) => Fate::NotSent,
        }
    }
}

/// More than a session may hold: 1,000 open calls or 64 MiB of params.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{calls} calls with {bytes} bytes are open, the limits are 1000 calls and 64 MiB")]
pub struct TooMuch {
    /// Open calls.
    pub calls: usize,
    /// Bytes of their params.
    pub bytes: usize,
}

/// Why a dial failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// Nobody listens, the name does not resolve, or it took too long. The text says which.
    Unreachable(String),
    /// The connection was taken, and then nothing came in time; the text says so.
    Silent(String),
    /// The token was refused (HTTP 401 on the upgrade), with the daemon's sentence.
    Auth(String),
    /// Something listens that is no exai daemon, with what it said.
    NotExai(String),
}

/// A frame to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// On which connection.
    pub conn: ConnNo,
    /// One text message.
    pub text: String,
}

/// What is known about whether a call ran, when it has to be answered without its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Never written to a daemon, or refused: provably not run.
    NotSent,
    /// Written, acceptance never seen: may have run.
    Sent,
    /// The daemon's journal has it; it may still run there.
    Accepted,
}

/// Why a call is answered without its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndWhy {
    /// Its deadline passed.
    Deadline,
    /// The daemon is out of reach, and the call is not held any longer. Carries the last error.
    OutOfReach(String),
    /// The daemon turned the session away (version, token, unusable journal), with its sentence.
    Rejected(RejectCode, String),
    /// The daemon turned this call away for good, with its sentence.
    Refused(RefusedCode, String),
}

/// How long the parts of a dial may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialLimits {
    /// The connection itself: nobody there, or the network drops everything.
    pub connect: Duration,
    /// TLS and upgrade, from the connection on: an accepted connection proves nothing.
    pub upgrade: Duration,
}

/// What the driver has to do or to tell.
#[derive(Debug)]
pub enum ShimEvent {
    /// Open a connection; report `connected` or `connect_failed` within the limits (or drop it).
    Dial {
        /// Number to report with.
        conn: ConnNo,
        /// How long it may take.
        limits: DialLimits,
    },
    /// Close this connection (and report nothing more about it).
    Close {
        /// Which.
        conn: ConnNo,
    },
    /// The journal has the call.
    Accepted {
        /// Which.
        call_id: CallId,
    },
    /// An attempt begins.
    Started {
        /// Of which call.
        call_id: CallId,
        /// Number of the attempt.
        attempt: u32,
        /// Provider asked.
        provider: String,
        /// Model asked.
        model: String,
    },
    /// How a call is getting on.
    Note {
        /// Which.
        call_id: CallId,
        /// A sentence for people.
        text: String,
    },
    /// The call's end; comes once. Answer the host, then report `delivered`.
    Result {
        /// Which.
        call_id: CallId,
        /// How it ended; `Cancelled` by somebody else who had joined it, for nothing comes out after an own cancel.
        outcome: Outcome,
        /// MCP result object.
        body: Box<RawValue>,
        /// Attempts made.
        attempts: u32,
        /// A recorded result delivered again.
        replayed: bool,
    },
    /// The call is to be answered without its result; nothing more comes for it.
    End {
        /// Which.
        call_id: CallId,
        /// Why.
        why: EndWhy,
        /// Whether it may have run, and where.
        past: Past,
    },
    /// The connection that carried the session is gone.
    Lost {
        /// What ended it.
        reason: String,
        /// Calls held meanwhile.
        calls_held: usize,
    },
    /// A welcome came: the first, or after a loss.
    Resumed {
        /// Time since the loss; zero for the first.
        outage: Duration,
        /// Open calls at this moment.
        calls_held: usize,
        /// Calls that were sent again because the daemon did not know them.
        resent: usize,
        /// Calls that the daemon knew: they go on there, or their recorded result follows.
        known: usize,
        /// The daemon's release.
        version: String,
        /// The tool definitions differ from `catalogue_hash` seen before; ask with `get_catalogue`.
        catalogue_hash: String,
    },
    /// The daemon turned the session away; dialling goes on every 15 s.
    Rejected {
        /// Why.
        code: RejectCode,
        /// The daemon's sentence.
        message: String,
    },
    /// A beat told of other tool definitions; ask with `get_catalogue`.
    CatalogueChanged {
        /// Their hash.
        hash: String,
    },
    /// The tool definitions, in answer to `get_catalogue`.
    Catalogue {
        /// Their hash.
        hash: String,
        /// Array of tool objects.
        tools: Box<RawValue>,
    },
}

/// State of the link, for `status`, for texts and for choosing what to do with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody has needed the daemon yet.
    Idle,
    /// Dialling or waiting for the next dial.
    Down {
        /// Since when.
        since: Duration,
        /// Why the last dial failed or the connection ended; empty before the first dial has ended.
        last_error: String,
        /// Dials since the loss.
        dials: u64,
        /// The last dial met somebody who takes connections and says nothing.
        silent: bool,
    },
    /// Welcomed.
    Up {
        /// The daemon's release.
        version: String,
    },
    /// Turned away.
    Rejected {
        /// Why.
        code: RejectCode,
        /// The daemon's sentence.
        message: String,
    },
}
