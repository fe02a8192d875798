//! What the daemon tells of itself to `status`, `version` and to the sentence that asks for a key.

use std::time::Duration;

use serde::Serialize;

/// The daemon at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonFacts {
    /// Release, as in `Cargo.toml`.
    pub version: String,
    /// State in the words of the wire: `starting`, `ready`, `busy`, `stalled`, `draining`.
    pub state: &'static str,
    /// Why it takes no new calls, and what to do; a sentence.
    pub why: Option<String>,
    /// Counter of daemon starts.
    pub epoch: u64,
    /// Process id.
    pub pid: u32,
    /// Time since the start.
    pub uptime: Duration,
    /// Sessions that are connected.
    pub sessions: u32,
    /// Calls that run, this one included.
    pub in_flight: u32,
    /// Calls that wait for a place.
    pub waiting: u32,
    /// Age of the oldest call that runs.
    pub oldest: Option<Duration>,
    /// By how much the runtime that does the work is late.
    pub lag: Duration,
    /// Path of the settings file that the daemon reads, for people who have to put a key into it; `None` if it
    /// reads none.
    pub env_file: Option<String>,
}

/// Whoever knows the daemon.
pub trait DaemonView: Send + Sync {
    /// The state now. Short, and never blocks.
    fn facts(&self) -> DaemonFacts;
}

/// [`DaemonFacts`] for programs: durations in whole milliseconds, no path.
#[derive(Debug, Serialize)]
pub(crate) struct DaemonMeta<'a> {
    version: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    epoch: u64,
    pid: u32,
    uptime_ms: u64,
    sessions: u32,
    in_flight: u32,
    waiting: u32,
    oldest_ms: Option<u64>,
    lag_ms: u64,
}

impl DaemonFacts {
    /// The same as the call that asks sees it: it does not count itself.
    pub fn without_asker(mut self) -> Self {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.oldest = None;
            self.state = if self.state == "busy" { "ready" } else { self.state };
        }
        self
    }

    pub(crate) fn meta(&self) -> DaemonMeta<'_> {
        DaemonMeta {
            version: &self.version,
            state: self.state,
            why: self.why.as_deref(),
            epoch: self.epoch,
            pid: self.pid,
            uptime_ms: millis(self.uptime),
            sessions: self.sessions,
            in_flight: self.in_flight,
            waiting: self.waiting,
            oldest_ms: self.oldest.map(millis),
            lag_ms: millis(self.lag),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
