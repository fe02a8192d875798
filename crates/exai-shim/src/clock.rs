//! Time since the shim began, the only time that the state machines know; and the time of the world, for what outlives
//! the process.

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

    /// The time of the world, in milliseconds since 1970. May jump.
    pub(crate) fn wall_ms() -> u64 {
        std::time::UNIX_EPOCH.elapsed().map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
    }

    /// A moment as the runtime's timers want it.
    pub(crate) fn instant(&self, at: Duration) -> Instant {
        self.zero + at
    }
}
