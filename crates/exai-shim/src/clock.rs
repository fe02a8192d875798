//! Time since the shim began, the only time that the state machines know.

use std::time::Duration;

use tokio::time::Instant;

/// The zero of all moments in this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    zero: Instant,
}

impl Clock {
    /// A clock that begins now.
    pub(crate) fn start() -> Self {
        Self { zero: Instant::now() }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// A moment as the runtime's timers want it.
    pub(crate) fn instant(&self, at: Duration) -> Instant {
        self.zero + at
    }
}
