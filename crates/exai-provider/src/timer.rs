//! Time as this layer sees it.

use std::time::Duration;

use crate::transport::BoxFuture;

/// The process's monotonic clock, and what the wall shows beside it.
pub trait Timer: Send + Sync {
    /// Time since a fixed moment of this process; never goes back.
    fn now(&self) -> Duration;
    /// Time of the wall clock since 1970; may jump. By how much it moved against [`Timer::now`] tells that the machine
    /// slept, and what a provider says of a moment is by it.
    fn wall(&self) -> Duration;
    /// Ends once `now() >= at`; at once for a moment that has passed.
    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()>;
}
