//! Time as this layer sees it.

use std::time::Duration;

use crate::transport::BoxFuture;

/// The process's monotonic clock.
pub trait Timer: Send + Sync {
    /// Time since a fixed moment of this process; never goes back.
    fn now(&self) -> Duration;
    /// Ends once `now() >= at`; at once for a moment that has passed.
    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()>;
}
