//! The daemon's condition at a moment: the one source of the health file, `/status`, `/health/ready` and `/metrics`.

use exai_provider::ProviderHealth;
use exai_wire::{DaemonState, Epoch, JournalId};
use serde::Serialize;

/// Number of the shape below; raised when a reader of the old shape would be misled.
pub(crate) const SCHEMA: u32 = 1;

/// What the daemon says of itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Snapshot {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    /// `starting`, `ready`, `busy`, `stalled`, `draining` or `stopped`.
    pub(crate) state: &'static str,
    /// Why it takes no new calls, and what to do; a sentence.
    pub(crate) why: Option<String>,
    /// The daemon's release.
    pub(crate) version: String,
    /// Its process; within its container, if it runs in one.
    pub(crate) pid: u32,
    /// Where it listens, as a `ws://` URL; `None` while starting.
    pub(crate) address: Option<String>,
    /// The journal and this start; together they name one daemon.
    pub(crate) journal: JournalId,
    /// Where it is kept.
    pub(crate) journal_store: JournalStore,
    /// This start.
    pub(crate) epoch: Epoch,
    /// Wall time of this snapshot, milliseconds since 1970. By it a reader tells how old the snapshot is.
    pub(crate) written_at: u64,
    /// Time since the daemon's start, in milliseconds; it can't jump as wall time can.
    pub(crate) monotonic_ms: u64,
    /// Calls that are accepted or run.
    pub(crate) in_flight: usize,
    /// Age of the oldest of them, in milliseconds.
    pub(crate) oldest_in_flight_ms: Option<u64>,
    /// Calls among them that wait for a place.
    pub(crate) waiting: usize,
    /// When a call last began to run, milliseconds since 1970.
    pub(crate) last_started_at: Option<u64>,
    /// When a call last ended.
    pub(crate) last_finished_at: Option<u64>,
    /// Lag of the work runtime, in milliseconds.
    pub(crate) lag_ms: u64,
    /// Threads on which calls run that have been in one piece of code for more than 5 s.
    pub(crate) workers_stuck: usize,
    /// Sessions that are connected or were within the last 20 s.
    pub(crate) sessions: usize,
    /// Their connections.
    pub(crate) connections: usize,
    /// Each provider's condition.
    pub(crate) providers: Vec<ProviderHealth>,
    /// What is wrong with the names of models in the settings, a sentence each; told only to those who ask.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) slips: Vec<String>,
    /// What has been counted since the start.
    pub(crate) counts: Counts,
}

/// Where calls, answers and conversations are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum JournalStore {
    /// On a disk.
    Disk {
        /// The file.
        path: String,
    },
    /// In memory: what is kept ends with the daemon.
    Memory,
    /// There should be one on a disk, and it can't be used: no call is taken.
    Unusable {
        /// The file or directory.
        path: String,
        /// Why, and what to do; a sentence.
        why: String,
    },
}

impl JournalStore {
    /// Why it can't be used.
    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Self::Unusable { why, .. } => Some(why),
            Self::Disk { .. } | Self::Memory => None,
        }
    }
}

/// What has been counted since the daemon's start.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Counts {
    /// Calls that began to run.
    pub(crate) calls_started: u64,
    /// Calls that ended with their tool's result.
    pub(crate) calls_ok: u64,
    /// Calls that ended with a failure.
    pub(crate) calls_failed: u64,
    /// Calls that were broken off: cancelled, or cut by the drain.
    pub(crate) calls_aborted: u64,
    /// Attempts that were let through. Fewer than requests: one that is refused and made again is no further attempt. How
    /// requests ended stands with each provider.
    pub(crate) attempts: u64,
    /// WebSocket connections that were opened.
    pub(crate) connections: u64,
    /// Connections closed because their peer did not read.
    pub(crate) overflows: u64,
    /// Notes left out because their reader was slow.
    pub(crate) notes_dropped: u64,
    /// Log lines left out because the log's file was slow.
    pub(crate) log_lines_dropped: u64,
}

impl Snapshot {
    /// Whether a connection and its `hello` succeed now.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, "ready" | "busy")
    }

    /// As one line of JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The word for a state.
pub(crate) const fn word(state: DaemonState) -> &'static str {
    match state {
        DaemonState::Starting => "starting",
        DaemonState::Ready => "ready",
        DaemonState::Busy => "busy",
        DaemonState::Stalled => "stalled",
        DaemonState::Draining => "draining",
    }
}

/// The word of a daemon that has ended in order.
pub(crate) const STOPPED: &str = "stopped";
