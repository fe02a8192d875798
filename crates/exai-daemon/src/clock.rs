//! The one clock of the process. The state machines below are handed time as a [`Duration`] since its start.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time since the daemon's start; copies agree with each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts counting.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Time since the start.
    pub(crate) fn now(self) -> Duration {
        self.start.elapsed()
    }

    /// The same in whole milliseconds, which fit an atomic.
    pub(crate) fn now_ms(self) -> u64 {
        millis(self.now())
    }

    /// The moment `at` for tokio's timers.
    pub(crate) fn instant(self, at: Duration) -> tokio::time::Instant {
        (self.start + at).into()
    }
}

/// Whole milliseconds; saturates after 584 million years.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Wall time in milliseconds since 1970, for people and for readers of the health file; nothing is decided by it.
pub(crate) fn wall_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
