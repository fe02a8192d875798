//! Tokio's clock as the provider layer sees it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exai_provider::{BoxFuture, Timer};
use tokio::time::Instant;

/// Tokio's clock, counted from a fixed moment.
#[derive(Debug, Clone, Copy)]
pub struct TokioTimer {
    start: Instant,
}

impl TokioTimer {
    /// A clock whose zero is `start`.
    pub fn new(start: Instant) -> Self {
        Self { start }
    }
}

impl Timer for TokioTimer {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.start + at))
    }
}
